# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
load ../lib/common

# inside NAME COMMAND...: root of the container, by the kernel's means alone.
inside() {
	local name=$1 pid
	shift
	pid=$(mgr-info -n "$name" -pH)
	nsenter -t "$pid" -a --preserve-credentials -S 0 -G 0 "$@" </dev/null
}

# What init was given.
environment() {
	tr '\0' '\n' <"/proc/$(mgr-info -n "$1" -pH)/environ"
}

rootfs() {
	echo "$MGR_ROOT/var/lib/mgr/$1/rootfs"
}

# Nothing of a start is left: cgroup, interface, files in the runtime folder, processes.
nothing_left() {
	local name=$1
	assert_equal "$(find /sys/fs/cgroup -path "*/mgr*$MGR_LAB_ID/$name" 2>/dev/null)" ""
	assert_equal "$(ls "$MGR_ROOT/run/mgr/$name")" lock
	assert_equal "$(ip -o link show type veth)" ""
	state_is "$name" STOPPED
}

# refused NAME TEXT [OPTION...]: mgr-start says TEXT, exits 1 and leaves nothing.
refused() {
	local name=$1 text=$2
	shift 2
	run mgr-start -n "$name" "$@"
	assert_status 1
	assert_output "mgr-start: $name: $text"
	nothing_left "$name"
}

# alone NAME [OPTION...]: a container with a loopback only.
alone() {
	local name=$1
	shift
	container "$name" -s net.0.type=empty "$@"
}

# --- start.1 ---------------------------------------------------------------------------------------------------------------

@test "start.1 every namespace is the container's own, the user namespace too" {
	local pid ns
	alone web
	boot web
	pid=$(mgr-info -n web -pH)
	for ns in mnt pid uts ipc net cgroup user; do
		[ "$(readlink "/proc/$pid/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ] || show "$ns is the host's"
	done
}

@test "start.1 65536 ids of its own, and the user namespace belongs to the first of them" {
	local pid first
	alone web
	boot web
	pid=$(mgr-info -n web -pH)
	read -r _ first _ <"/proc/$pid/uid_map"
	assert_equal "$(tr -s ' ' <"/proc/$pid/uid_map")" " 0 $first 65536"
	assert_equal "$(tr -s ' ' <"/proc/$pid/gid_map")" " 0 $first 65536"
	[ "$first" -ge 1048576 ]
	# NS_GET_OWNER_UID, ioctl_ns(2)
	run python3 -c 'import fcntl, struct, sys
print(struct.unpack("I", fcntl.ioctl(open(sys.argv[1]), 0xb704, bytes(4)))[0])' "/proc/$pid/ns/user"
	assert_output "$first"
}

@test "start.1 what root makes inside belongs to root on the disk" {
	alone web
	boot web
	inside web /bin/busybox sh -c 'echo hello >/made; chown 1000:100 /made'
	assert_equal "$(stat -c %u:%g "$(rootfs web)/made")" 1000:100
}

@test "start.1 the host name is that of [uts]" {
	alone web -s uts.name=other -s init.cmd="/bin/busybox sleep 1000"
	mgr-start -n web
	assert_equal "$(inside web /bin/busybox hostname)" other
}

@test "start.1 idmap = none: a privileged container has no user namespace" {
	local pid
	alone web
	boot web -s container.idmap=none
	pid=$(mgr-info -n web -pH)
	assert_equal "$(readlink "/proc/$pid/ns/user")" "$(readlink /proc/self/ns/user)"
	[ "$(readlink "/proc/$pid/ns/pid")" != "$(readlink /proc/self/ns/pid)" ]
}

# --- start.2 ---------------------------------------------------------------------------------------------------------------

@test "start.2 the steps are one table" {
	local boot
	boot=$(dirname "$(realpath "$(command -v mgr)")")/../libexec/mgr/mgr-boot
	run "$boot" --steps
	assert_success
	assert_equal "$(grep -cvE '^[a-z0-9-]+ (parent|child) (down|-)$' <<<"$output")" 0
	assert_match "^config parent"
	assert_match "cgroup parent down"
	assert_match "exec child -\$"
}

@test "start.2 mgr-start returns once init has been executed" {
	local pid
	alone web
	mgr-start -n web
	pid=$(mgr-info -n web -pH)
	assert_equal "$(basename "$(readlink "/proc/$pid/exe")")" busybox
	state_is web RUNNING
}

@test "start.2 --wait returns when the guest is ready, and says how it was known" {
	alone web
	run mgr-start -n web --wait=20
	assert_success
	assert_output "web: ready (exec)"
	run mgr-info -n web
	assert_match "Ready: +yes"
}

@test "start.2 --wait gives up with status 1 and leaves it running" {
	alone web -s init.ready=notify
	run mgr-start -n web --wait=0.3
	assert_status 1
	assert_output "mgr-start: web: runs, but is not ready after 0.3 s: its init has not said READY=1 (init.ready = notify)"
	state_is web RUNNING
}

@test "start.2 starting what runs is a success and changes nothing" {
	local pid
	alone web
	boot web
	pid=$(mgr-info -n web -pH)
	run mgr-start -n web
	assert_success
	assert_output ""
	assert_equal "$(mgr-info -n web -pH)" "$pid"
}

@test "start.22 several names are started at once: one that must wait holds none up, and each failure has its line" {
	local starter
	alone web -s signal.halt=SIGWINCH
	alone other
	boot web
	# its init does not take the signal, so that it is stopping until it is killed
	mgr-stop -n web --nowait
	mgr-start web nosuch other >"$BATS_TEST_TMPDIR/said" 2>&1 &
	starter=$!
	wait_state other RUNNING
	state_is web STOPPING
	mgr-stop -k -n web
	status=0
	wait "$starter" || status=$?
	assert_status 1
	assert_equal "$(<"$BATS_TEST_TMPDIR/said")" "mgr-start: nosuch: no such container"
	state_is web RUNNING
}

@test "start.2 -s and --forward on what runs already are refused" {
	alone web
	boot web
	run mgr-start -n web -s environment.RUN=this
	assert_status 1
	assert_output "mgr-start: web: runs already: -s has no effect on it"
	run mgr-start -n web --forward tcp:8080:80
	assert_status 1
	assert_output "mgr-start: web: runs already: --forward has no effect on it"
	run mgr-start -n web --wait=20
	assert_success
}

@test "start.2 on a terminal it says that it waits for a stop" {
	alone web -s signal.halt=SIGWINCH
	boot web
	mgr-stop -W -t 2 -n web
	run script -qec "mgr-start -n web" /dev/null
	assert_success
	assert_contains "mgr-start: web: is stopping: waiting for its end"
	state_is web RUNNING
	run mgr-start -n web
	assert_output ""
}

@test "start.2 ten starts of one container at once start it once" {
	local i pid pids=()
	alone web
	for i in 1 2 3 4 5 6 7 8 9 10; do
		mgr-start -n web &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	pid=$(mgr-info -n web -pH)
	assert_equal "$(wc -l <"$(find /sys/fs/cgroup -path "*/mgr*$MGR_LAB_ID/web/cgroup.events" -print -quit | sed s/events/procs/)")" \
		"$(wc -l <"/proc/$pid/root/sys/fs/cgroup/cgroup.procs")"
	assert_equal "$(grep -c RUNNING "$MGR_ROOT/var/log/mgr/web/log")" 1
}

@test "start.23 -s holds for this run only" {
	alone web
	boot web -s environment.RUN=this
	output=$(environment web)
	assert_contains RUN=this
	mgr-stop -k -n web
	boot web
	output=$(environment web)
	refute_contains RUN=this
}

# --- start.3 ---------------------------------------------------------------------------------------------------------------

@test "start.3 a missing bridge is named" {
	alone web
	refused web "network: bridge 'br7' does not exist" -s net.0.type=veth -s net.0.link=br7 -s net.0.hwaddr=02:00:00:00:00:01 \
		-s net.0.ipv4.address=192.0.2.200/24
}

@test "start.3 a root folder that is gone is named" {
	alone web
	mv "$(rootfs web)" "$(rootfs web).away"
	refused web "storage: open the root folder '$(rootfs web)': No such file or directory"
}

@test "start.3 no /sbin/init" {
	alone web
	rm "$(rootfs web)/sbin/init"
	refused web "init: '/sbin/init' does not exist in the container"
}

@test "start.3 an init that is no program" {
	alone web
	rm "$(rootfs web)/sbin/init"
	echo nonsense >"$(rootfs web)/sbin/init"
	refused web "init: '/sbin/init' in the container is not an executable file"
	chmod 755 "$(rootfs web)/sbin/init"
	refused web "exec: run '/sbin/init': Exec format error"
}

@test "start.3 an init whose interpreter is missing: it says which" {
	alone web
	rm "$(rootfs web)/sbin/init"
	cp /bin/ls "$(rootfs web)/sbin/init"
	run mgr-start -n web
	assert_status 1
	assert_match "^mgr-start: web: init: '/sbin/init' needs the interpreter '/lib[^ ]*/ld-linux[^ ]*', which the container does not have\$"
	printf '#!/usr/bin/nosuch -e\n' >"$(rootfs web)/sbin/init"
	refused web "init: '/sbin/init' needs the interpreter '/usr/bin/nosuch', which the container does not have"
}

@test "start.3 an init whose library is missing: it says which" {
	local loader
	alone web
	loader=$(readelf -l /bin/ls | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
	rm "$(rootfs web)/sbin/init"
	cp /bin/ls "$(rootfs web)/sbin/init"
	install -D "$loader" "$(rootfs web)$loader"
	refused web "init: '/sbin/init' needs the library 'libselinux.so.1', which the container does not have"
}

@test "start.3 a port that is taken: it says by which container" {
	container one --forward tcp:8081:80
	container two --forward tcp:8081:80
	boot one
	run mgr-start -n two
	assert_status 1
	assert_output "mgr-start: two: forward: tcp port 8081 of the host is forwarded to 'one' already"
	state_is two STOPPED
}

@test "start.3 a port that is taken: it says by which process" {
	container one --forward tcp:8082:80
	nc -l -k -p 8082 &
	wait_until 5 tcp_open 127.0.0.1 8082
	run mgr-start -n one
	kill %1
	assert_status 1
	assert_match "^mgr-start: one: forward: .*8082.*nc"
	state_is one STOPPED
}

@test "start.3 a cgroup controller that the host lacks is named" {
	alone web
	# shellcheck disable=SC2016
	run unshare --mount --propagation private bash -c '
		findmnt -rno TARGET -t cgroup | grep -q "^/sys/fs/cgroup/pids$" || exit 77
		while umount -l /sys/fs/cgroup/pids 2>/dev/null; do :; done
		exec mgr-start -n web -s limits.pids=50'
	[ "$status" -ne 77 ] || skip "this host has no v1 pids controller to take away"
	assert_status 1
	assert_match "^mgr-start: web: cgroup: .*pids"
	nothing_left web
}

@test "start.3 a key that does not exist is named" {
	alone web
	run mgr-start -n web -s net.0.bridge=x
	assert_status 1
	assert_match "^mgr-start: web: config: .*bridge"
	nothing_left web
}

@test "start.3 how a start failed is kept" {
	alone web
	rm "$(rootfs web)/sbin/init"
	run mgr-start -n web
	assert_status 1
	run mgr-info -n web
	assert_contains "init: '/sbin/init' does not exist in the container"
}

@test "start.3 a start that failed does not stand in the way of the next" {
	alone web
	run mgr-start -n web -s init.cmd=/nosuch
	assert_status 1
	boot web
	state_is web RUNNING
}

# --- start.4 ---------------------------------------------------------------------------------------------------------------

# reaches_running SUITE
reaches_running() {
	container debian -t debian -s net.0.type=empty -- --suite "$1"
	run mgr-start -n debian --wait=90
	assert_success
	assert_output "debian: ready (notify)"
	run inside debian /bin/systemctl is-system-running --wait
	assert_output running
	run inside debian /bin/systemctl --failed --no-legend --plain
	assert_output ""
}

@test "start.4 Debian 12 reaches running with no failed unit, unprivileged" {
	reaches_running bookworm
}

@test "start.4 Debian 13 reaches running with no failed unit, unprivileged" {
	reaches_running trixie
}

# --- start.5 ---------------------------------------------------------------------------------------------------------------

@test "start.5 systemd's container interface" {
	local pid uuid
	alone web
	boot web
	pid=$(mgr-info -n web -pH)
	uuid=$(sed -n 's/^uuid = //p' "$MGR_ROOT/var/lib/mgr/web/config")
	output=$(environment web)
	assert_contains "container=mgr"
	assert_contains "container_uuid=$uuid"
	assert_contains "NOTIFY_SOCKET=/run/host/notify"
	assert_equal "$(inside web /bin/busybox cat /run/host/container-manager)" mgr
	assert_equal "$(inside web /bin/busybox cat /run/host/container-uuid)" "$uuid"
	assert_equal "$(inside web /bin/busybox cat /run/host/os-release)" "$(cat /etc/os-release)"
	assert_equal "$(inside web /bin/busybox stat -c '%u %g %a %F' /run/host/notify)" "0 0 600 socket"
}

@test "start.5 init has the console and nothing else open" {
	local pid
	alone web -s init.cmd="/bin/busybox sleep 1000"
	mgr-start -n web
	pid=$(mgr-info -n web -pH)
	assert_equal "$(find "/proc/$pid/fd" -type l -printf '%f ' | tr ' ' '\n' | sort | tr '\n' ' ')" "0 1 2 "
	assert_equal "$(readlink "/proc/$pid/fd/"* | sort -u)" /dev/pts/0
}

@test "start.5 /dev has its nodes, and they work" {
	alone web
	boot web
	run inside web /bin/busybox sh -c '
		cd /dev && stat -c "%n %t:%T %a" null zero full random urandom tty
		head -c 3 zero | od -An -tx1
		echo x >null && head -c 8 urandom | wc -c
		echo x >full
		stat -f -c %T .
		stat -c %F console shm mqueue
		for link in ptmx fd stdin; do readlink $link; done | tr "\\n" " "'
	assert_equal "$(tail -n 13 <<<"$output")" "zero 1:5 666
full 1:7 666
random 1:8 666
urandom 1:9 666
tty 5:0 666
 00 00 00
8
sh: write error: No space left on device
tmpfs
character special file
directory
directory
pts/ptmx /proc/self/fd /proc/self/fd/0 "
}

@test "start.5 the container cannot make device nodes" {
	alone web
	boot web
	run inside web /bin/busybox mknod /dev/sda b 8 0
	assert_contains "Operation not permitted"
}

@test "start.5 a container that shares the host's network sees the host's interfaces, and starts" {
	alone web
	boot web -s net.0.type=host
	assert_equal "$(inside web /bin/busybox sh -c 'cd /sys/class/net; echo *')" "$(cd /sys/class/net && echo *)"
	assert_equal "$(inside web /bin/busybox sh -c 'cd /sys/fs/cgroup; echo mgr*')" 'mgr*'
	run inside web /bin/busybox sh -c 'mkdir /sys/x'
	assert_contains "ead-only file system"
}

@test "start.5 init as another user, who dies with its parent all the same" {
	local pid
	alone web -s init.cmd="/bin/busybox sleep 1000" -s init.uid=33 -s init.gid=34
	mgr-start -n web
	pid=$(mgr-info -n web -pH)
	assert_equal "$(inside web /bin/busybox awk '/^[UG]id/ { print $2, $5 }' /proc/1/status | tr '\n' ' ')" "33 33 34 34 "
	kill -KILL "$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")"
	wait_gone 5 "$pid"
}

@test "start.5 devpts is the container's own" {
	alone web -s init.cmd="/bin/busybox sleep 1000"
	mgr-start -n web
	assert_equal "$(inside web /bin/busybox sh -c 'cd /dev/pts; echo *')" "0 ptmx"
	run inside web /bin/busybox stat -c '%u %g %a' /dev/pts/ptmx /dev/console
	assert_output "0 0 666
0 5 620"
}

@test "start.5 unprivileged: nothing lies over /proc, so that it can be mounted again inside" {
	alone web
	boot web
	run inside web /bin/busybox awk '$2 ~ "^/proc" { print $2 }' /proc/mounts
	assert_output /proc
	run inside web /bin/busybox unshare -Urpf --mount-proc /bin/busybox ls -d /proc/1
	assert_output /proc/1
	run inside web /bin/busybox sh -c 'echo x >/proc/sys/kernel/core_pattern'
	assert_contains "ermission denied"
	run inside web /bin/busybox sh -c 'mkdir /sys/x'
	assert_contains "ead-only file system"
}

@test "start.5 privileged: the host's settings below /proc and /sys cannot be written" {
	alone web
	boot web -s container.idmap=none
	run inside web /bin/busybox sh -c 'cat /proc/sys/kernel/panic >/proc/sys/kernel/panic'
	assert_contains "ead-only file system"
	run inside web /bin/busybox sh -c 'cat /proc/sys/net/ipv4/ip_forward >/proc/sys/net/ipv4/ip_forward && echo written'
	assert_output written
	run inside web /bin/busybox sh -c 'mkdir /sys/x'
	assert_contains "ead-only file system"
}

# --- start.9 ---------------------------------------------------------------------------------------------------------------

# Counts the starts of init that the supervisor has seen.
runs() {
	grep -c RUNNING "$MGR_ROOT/var/log/mgr/$1/log"
}

has_run() {
	[ "$(runs "$1")" = "$2" ] && state_is "$1" RUNNING
}

# guest_asks NAME ACTION: reboot(2) by init's own hand, without the seconds that busybox gives its processes.
guest_asks() {
	inside "$1" /bin/busybox "$2" -f
}

@test "start.9 reboot inside starts it again, in the same supervisor" {
	local pid supervisor
	alone web
	boot web
	pid=$(mgr-info -n web -pH)
	supervisor=$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")
	guest_asks web reboot || true
	wait_until 20 has_run web 2
	[ "$(mgr-info -n web -pH)" != "$pid" ]
	assert_equal "$(awk '/^PPid/ { print $2 }' "/proc/$(mgr-info -n web -pH)/status")" "$supervisor"
	mgr-stop -k -n web
	nothing_left web
}

@test "start.23 a reboot inside keeps what -s said, and reads the configuration again" {
	alone web
	boot web -s environment.RUN=this
	mgr-config -n web set environment.ANEW yes
	guest_asks web reboot || true
	wait_until 20 has_run web 2
	output=$(environment web)
	assert_contains RUN=this
	assert_contains ANEW=yes
	mgr-stop -k -n web
	boot web
	output=$(environment web)
	refute_contains RUN=this
}

@test "start.9 address and forwards stay over a reboot" {
	local ip
	container web --forward tcp:8083:80
	boot web
	ip=$(container_ip web)
	[ -n "$ip" ]
	guest_asks web reboot || true
	wait_until 20 has_run web 2
	assert_equal "$(container_ip web)" "$ip"
	wait_until 10 tcp_open 127.0.0.1 8083
}

@test "start.9 a reboot into a configuration that cannot start ends it, and says why" {
	alone web
	boot web
	mgr-config -n web set init.cmd /nosuch
	guest_asks web reboot || true
	wait_state web STOPPED 20
	run mgr-info -n web
	assert_contains "init: '/nosuch' does not exist in the container"
	nothing_left web
}

@test "start.9 poweroff inside ends it" {
	alone web
	boot web
	guest_asks web poweroff || true
	wait_state web STOPPED 20
	nothing_left web
}

@test "start.1 a read-only root stays read-only, whatever the guest's root tries" {
	alone web -s rootfs.readonly=yes
	boot web
	run inside web /bin/busybox touch /made
	assert_status 1
	run inside web /bin/busybox mount -o remount,bind,rw /
	[ "$status" -ne 0 ] || show "remounted"
	run inside web /bin/busybox mount -o remount,rw /
	[ "$status" -ne 0 ] || show "remounted"
	run inside web /bin/busybox sh -c 'mkdir /run/root && mount -o bind / /run/root && mount -o remount,bind,rw /run/root'
	[ "$status" -ne 0 ] || show "remounted elsewhere"
	run inside web /bin/busybox touch /made /run/root/made
	[ "$status" -ne 0 ]
	[ ! -e "$(rootfs web)/made" ]
}

@test "start.5 init has limits of its own, not those of who starts it" {
	local pid
	alone web
	(ulimit -Sn 200 && ulimit -Sf 100000 && ulimit -Sc unlimited && ulimit -Ss 4096 && mgr-start -n web)
	pid=$(mgr-info -n web -pH)
	run cat "/proc/$pid/limits"
	assert_match "Max open files +1024 +[0-9]+"
	assert_match "Max file size +unlimited"
	assert_match "Max core file size +0 +unlimited"
	assert_match "Max stack size +8388608 +unlimited"
}

@test "start.3 a resolv.conf that leads nowhere is no reason to fail" {
	local link
	container web
	for link in resolv.conf /proc/1/root/etc/hostname; do
		ln -sfn "$link" "$(rootfs web)/etc/resolv.conf"
		boot web
		assert_equal "$(readlink "$(rootfs web)/etc/resolv.conf")" "$link"
		mgr-stop -k -n web
		grep -q 'WARN.*resolver: .*/etc/resolv.conf' "$MGR_ROOT/var/log/mgr/web/log"
		: >"$MGR_ROOT/var/log/mgr/web/log"
	done
}

@test "start.3 rubbish in the undo record holds nothing up" {
	alone web
	boot web
	printf 'rubbish\nno-such-step at all\n' >>"$MGR_ROOT/run/mgr/web/undo"
	mgr-stop -k -n web
	grep -q "WARN.*$MGR_ROOT/run/mgr/web/undo: 'rubbish' is no line" "$MGR_ROOT/var/log/mgr/web/log"
	nothing_left web
}
