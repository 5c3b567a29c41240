# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs of the user's at points of a container's life.
load ../lib/common

setup_file() {
	mkdir -p /run/hooks /run/seen
	chmod 755 /run/hooks
	export HOOKS=/run/hooks
	hook say 'echo "$@"'
	hook fail 'echo first; echo "cannot reach the registry" >&2; exit 3'
}

teardown() {
	common_teardown
	rm -rf /run/seen
	mkdir /run/seen
}

# hook NAME SCRIPT
hook() {
	printf '#!/bin/sh\n%s\n' "$2" >"/run/hooks/$1"
	chmod 755 "/run/hooks/$1"
}

# plain NAME OPTION...: a container without a network.
plain() {
	local name=$1
	shift
	container "$name" -s net.0.type=empty "$@"
}

log_of() {
	cat "$MGR_ROOT/var/log/mgr/$1/log"
}

@test "hook.1 hooks run in the order of a container's life, those of a kind in the order of the configuration" {
	local type set=()
	for type in pre-start pre-mount mount autodev start-host stop post-stop destroy; do
		set+=(-s "hook.$type=$HOOKS/say one" -s "hook.$type+=$HOOKS/say 'and two'")
	done
	plain web "${set[@]}" -s "hook.start=/bin/busybox echo one" -s "hook.start+=/bin/busybox echo and two"
	boot web
	mgr-stop -k -n web
	run bash -c 'grep -E " (one|and two) web lxc " "$0" | sed "s/.* web: //; s| [a-z]*:/proc/.*||"' "$MGR_ROOT/var/log/mgr/web/log"
	for type in pre-start pre-mount mount autodev start-host start stop post-stop; do
		echo "$type: one web lxc $type"
		echo "$type: and two web lxc $type"
	done >"$BATS_TEST_TMPDIR/wanted"
	assert_output "$(<"$BATS_TEST_TMPDIR/wanted")"
	hook note-destroy 'echo "$@" >/run/seen/destroyed'
	mgr-config -n web set hook.destroy "$HOOKS/note-destroy"
	mgr-destroy -n web
	assert_equal "$(</run/seen/destroyed)" "web lxc destroy"
}

@test "hook.1 a program may be named by links: /bin/sh of a merged /usr, which is a link to dash" {
	ln -sfn say "$HOOKS/link"
	plain web -s "hook.pre-start=/bin/sh -c 'echo shell'" -s "hook.pre-start+=$HOOKS/link linked"
	boot web
	run log_of web
	assert_contains "pre-start: shell"
	assert_contains "pre-start: linked web lxc pre-start"
}

@test "hook.1 host hooks run on the host, the others in the container's namespaces as its root" {
	local host base type set=()
	hook look 'echo "$(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/user) $(id -u)"'
	for type in pre-start start-host stop post-stop pre-mount mount autodev; do
		set+=(-s "hook.$type=$HOOKS/look")
	done
	plain web "${set[@]}" -s "hook.start=/bin/busybox sh -c 'readlink /proc/self/ns/mnt; readlink /proc/self/ns/user; id -u'"
	boot web
	host="$(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/user) 0"
	base="$(in_container web readlink /proc/self/ns/mnt) $(in_container web readlink /proc/self/ns/user) 0"
	mgr-stop -k -n web
	for type in pre-start start-host stop post-stop; do
		run log_of web
		assert_contains " $type: $host"
	done
	for type in pre-mount mount autodev; do
		assert_contains " $type: $base"
	done
	assert_contains " start: ${base%% *}"
}

@test "hook.1 what a mount hook mounts is in the container, read-only where it says so; the host does not see it" {
	mkdir -p /run/data
	echo payload >/run/data/file
	hook bind 'cat "$MGR_ROOTFS_MOUNT/mnt/entry/file"; mkdir -p "$MGR_ROOTFS_MOUNT/srv"; mount --bind /run/data "$MGR_ROOTFS_MOUNT/srv" && mount -o remount,bind,ro "$MGR_ROOTFS_MOUNT/srv"'
	hook dev 'ls "$MGR_ROOTFS_MOUNT/dev/null" && mkdir "$MGR_ROOTFS_MOUNT/dev/mine"'
	hook before 'mount -t tmpfs before /run/data/sub'
	mkdir -p /run/data/sub
	plain web -s "hook.mount=$HOOKS/bind" -s "hook.autodev=$HOOKS/dev" -s "hook.pre-mount=$HOOKS/before" \
		-s "mount.entry=/run/data mnt/entry none bind,ro,create=dir"
	boot web
	run log_of web
	assert_contains "mount: payload"
	run in_container web sh -c 'cat /srv/file; touch /srv/x; ls -d /dev/mine; grep -c hooks /proc/mounts'
	assert_contains payload
	assert_contains "Read-only file system"
	assert_contains /dev/mine
	run grep -E "/run/data|$STAGE/libexec/mgr/rootfs" /proc/self/mounts
	assert_output ""
	rm -rf /run/data
}

@test "hook.1 the mount hooks of a privileged container are the host's root, and the host does not see what they mount" {
	mkdir -p /run/data
	hook bind 'id -u; cat /proc/self/uid_map; mkdir -p "$MGR_ROOTFS_MOUNT/srv" && mount -t tmpfs mine "$MGR_ROOTFS_MOUNT/srv" && mount -t tmpfs mine /run/data'
	hook early 'mount -t tmpfs mine /run/data' # where the root is to be there is nothing yet but the host's folder
	plain web -s container.idmap=none -s "hook.pre-mount=$HOOKS/early" -s "hook.mount=$HOOKS/bind"
	boot web
	run log_of web
	assert_match "mount: +0 +0 4294967295"
	run in_container web grep -c mine /proc/mounts
	assert_output 1
	run grep mine /proc/self/mounts
	assert_output ""
	rm -r /run/data
}

@test "hook.1 nothing that a mount hook left running is there when init is" {
	hook linger 'setsid sleep 1000 & echo $! >/dev/null'
	plain web -s "hook.mount=$HOOKS/linger"
	boot web
	run in_container web ps
	refute_contains "sleep"
}

@test "hook.1 at a reboot inside they run again, and know" {
	local type set=()
	hook target 'echo "$3 ${MGR_TARGET-none}" >>/run/seen/targets'
	for type in pre-start start-host stop post-stop; do
		set+=(-s "hook.$type=$HOOKS/target")
	done
	plain web "${set[@]}"
	boot web
	in_container web reboot || true
	wait_until 10 grep -q "post-stop reboot" /run/seen/targets
	mgr-wait -n web -s RUNNING -t $((10 * patience))
	wait_until 10 state_is web RUNNING
	mgr-stop -k -n web
	run cat /run/seen/targets
	assert_output "pre-start none
start-host none
stop reboot
post-stop reboot
pre-start none
start-host none
stop stop
post-stop stop"
}

@test "hook.2 the environment names the container, under our names and under LXC's" {
	local var
	hook environment 'env | sort >"/run/seen/env.$MGR_HOOK_TYPE"'
	plain web -s "hook.start-host=$HOOKS/environment" -s "hook.stop=$HOOKS/environment"
	boot web
	mgr-stop -k -n web
	for var in "NAME=web" "HOOK_TYPE=start-host" "HOOK_SECTION=lxc" "CONFIG_FILE=$MGR_ROOT/var/lib/mgr/web/config" \
		"ROOTFS_PATH=$MGR_ROOT/var/lib/mgr/web/rootfs" "ROOTFS_MOUNT=$STAGE/libexec/mgr/rootfs" \
		"CONSOLE_LOGPATH=$MGR_ROOT/var/log/mgr/web/console"; do
		grep -qx "MGR_$var" /run/seen/env.start-host || show "no MGR_$var"
		grep -qx "LXC_$var" /run/seen/env.start-host || show "no LXC_$var"
	done
	grep -qxE 'MGR_PID=[0-9]+' /run/seen/env.start-host
	grep -qxE 'LXC_CONSOLE=/proc/[0-9]+/root/dev/console' /run/seen/env.start-host
	grep -qx 'LXC_TARGET=stop' /run/seen/env.stop
	for var in USER MNT PID UTS IPC NET CGROUP; do
		grep -qxE "MGR_${var}_NS=/proc/[0-9]+/fd/[0-9]+" /run/seen/env.stop || show "no MGR_${var}_NS"
		grep -qxE "LXC_${var}_NS=/proc/[0-9]+/fd/[0-9]+" /run/seen/env.stop || show "no LXC_${var}_NS"
	done
	# nothing of whoever typed the command
	run grep -vE '^(MGR|LXC)_|^(PATH|HOME|PWD|SHLVL|_|OLDPWD)=' /run/seen/env.start-host
	assert_output ""
}

@test "hook.2 a stop hook can look into the namespaces of a container that has ended" {
	hook into 'nsenter --net="$MGR_NET_NS" ip -o link show; nsenter --mount="${4#*mnt:}" true; echo "$@" | grep -q net:/proc && echo told'
	container web -s "hook.stop=$HOOKS/into"
	boot web
	mgr-stop -k -n web
	run log_of web
	assert_contains "eth0"
	assert_contains "stop: told"
}

@test "hook.3 both outputs are in the log, line by line, control characters escaped, with an end" {
	hook loud 'printf "out\nred\033[31m \302\233x\r\n\nlast"; echo err >&2; head -c 200000 /dev/zero | tr "\0" x'
	plain web -s "hook.pre-start=$HOOKS/loud"
	boot web
	run log_of web
	assert_contains "pre-start: out"
	assert_contains 'pre-start: red\x1b[31m \xc2\x9bx\x0d'
	assert_contains "pre-start: lasterr"
	assert_contains "has printed more than 65536 bytes"
	[ "${#output}" -lt 100000 ]
}

@test "hook.4 a hook that takes longer than its timeout is killed, with what it has started" {
	hook slow 'sleep 1000 & echo $! >/run/seen/slow.pid; echo waiting; wait'
	plain web -s "hook.pre-start=$HOOKS/slow" -s hook.timeout=1500ms
	run mgr-start -n web
	assert_status 1
	assert_output "mgr-start: web: hook-pre-start: '$HOOKS/slow' has not ended within hook.timeout, 1500 ms: killed: waiting"
	wait_gone 5 "$(</run/seen/slow.pid)"
	state_is web STOPPED
	mgr-config -n web unset hook.pre-start
	mgr-config -n web set hook.mount "$HOOKS/slow"
	run mgr-start -n web
	assert_status 1
	assert_contains "hook-mount: '$HOOKS/slow' has not ended within hook.timeout"
}

@test "hook.5 a failing hook before init aborts the start with its status and last line, and everything is undone" {
	local type before=$BATS_TEST_TMPDIR/before
	hook undo 'echo "$3" >>/run/seen/undone'
	container web -s "hook.post-stop=$HOOKS/undo"
	for type in pre-start pre-mount mount autodev start-host start net.0.script.up; do
		rm -f /run/seen/undone
		if [ "$type" = start ]; then
			set -- hook.start "/bin/busybox sh -c 'echo first; echo cannot reach the registry >&2; exit 3'" hook-start
		elif [ "$type" = net.0.script.up ]; then
			set -- "$type" "$HOOKS/fail" hook-net
		else
			set -- "hook.$type" "$HOOKS/fail" "hook-${type/autodev/mount}"
		fi
		run mgr-start -n web -s "$1=$2"
		assert_status 1
		assert_match "^mgr-start: web: $3: .*'/[a-z/]*': exit status 3: cannot reach the registry$"
		state_is web STOPPED
		[ ! -e "$MGR_ROOT/run/mgr/web/undo" ]
		run ip -o link show type veth
		assert_output ""
		run bash -c "find /sys/fs/cgroup -path \"*mgr-$MGR_LAB_ID/web\" 2>/dev/null"
		assert_output ""
		assert_equal "$(cat /run/seen/undone)" post-stop
	done
	mgr-start -n web
}

@test "hook.5 a hook that fails after init is logged, and holds nothing up" {
	plain web -s "hook.stop=$HOOKS/fail" -s "hook.post-stop=$HOOKS/fail"
	boot web
	run mgr-stop -k -n web
	assert_success
	state_is web STOPPED
	run log_of web
	assert_match "ERROR +web: hook stop: '$HOOKS/fail': exit status 3: cannot reach the registry"
	assert_match "ERROR +web: hook post-stop: '$HOOKS/fail': exit status 3: cannot reach the registry"
}

@test "hook.5 the hooks at the end run although the supervisor was killed" {
	hook undo 'echo "$3" >>/run/seen/undone'
	plain web -s "hook.stop=$HOOKS/undo" -s "hook.post-stop=$HOOKS/undo"
	boot web
	kill -KILL "$(pgrep -f mgr-supervisor)"
	boot web
	run cat /run/seen/undone
	assert_output "stop
post-stop"
}

@test "hook.5 a hook dies with a start that is killed, and the next command runs those at the end" {
	hook slow 'echo $$ >/run/seen/slow.pid; exec sleep 1000'
	hook undo 'echo "$3" >>/run/seen/undone'
	plain web -s "hook.pre-start=$HOOKS/slow" -s "hook.post-stop=$HOOKS/undo"
	mgr-start -n web 2>/dev/null &
	wait_until 5 test -s /run/seen/slow.pid
	kill -KILL "$(pgrep -f 'mgr-boot --up')"
	wait_gone 5 "$(</run/seen/slow.pid)"
	[ ! -e /run/seen/undone ]
	run mgr-destroy -n web
	assert_success
	assert_equal "$(</run/seen/undone)" post-stop
}

@test "hook.5 a failing destroy hook keeps the container, unless it is forced" {
	plain web -s "hook.destroy=$HOOKS/fail"
	run mgr-destroy -n web
	assert_status 1
	assert_output "mgr-destroy: web: hook destroy: '$HOOKS/fail': exit status 3: cannot reach the registry"
	boot web
	run mgr-destroy -f -n web
	assert_success
	assert_contains "hook destroy: '$HOOKS/fail': exit status 3"
	[ ! -e "$MGR_ROOT/var/lib/mgr/web" ]
}

@test "hook.6 an interface's scripts get its type and its end on the host, while that is there" {
	hook script 'echo "$@ $MGR_NET_TYPE $LXC_NET_PEER"'
	container web -s "net.0.script.up=$HOOKS/script mine" -s "net.0.script.down=$HOOKS/script mine"
	boot web
	local device
	device=$(ip -o link show type veth | sed 's/^[0-9]*: \([^@]*\)@.*/\1/')
	mgr-stop -k -n web
	run log_of web
	assert_contains "up: mine web net up veth $device veth $device"
	assert_contains "down: mine web net down veth $device veth $device"
	hook script 'echo "$@"; ip -o link show "$5" >/dev/null && echo there'
	mgr-config -n web set net.0.script.up "$HOOKS/script"
	mgr-config -n web set net.0.script.down "$HOOKS/script"
	boot web
	mgr-stop -k -n web
	run log_of web
	assert_contains "up: there"
	assert_contains "down: there"
}

# refused COMMAND REASON
refused() {
	run mgr-start -n web -s "hook.post-stop=$1"
	assert_status 1
	assert_output "mgr-start: web: hooks: hook.post-stop: $2"
}

@test "hook.7 a program that is not absolute, not there, not executable or that others may change is refused before anything runs" {
	local dir=/run/others
	hook mark 'echo >/run/seen/mark'
	plain web -s "hook.pre-start=$HOOKS/mark"
	run mgr-config -n web set hook.stop bin/x
	assert_status 1
	assert_contains "hook.stop: 'bin/x' is not the absolute path of a program"
	refused /run/none "find '/run/none': No such file or directory"
	refused "$HOOKS" "'$HOOKS' is not a file"
	mkdir -p $dir/in
	cp "$HOOKS/say" $dir/in/say
	chmod 644 $dir/in/say
	refused $dir/in/say "'$dir/in/say' is not executable: chmod +x it"
	chmod 757 $dir/in/say
	refused $dir/in/say "'$dir/in/say': it can be written to by others than root (mode 0757)"
	chmod 755 $dir/in/say
	chown 1234 $dir/in/say
	refused $dir/in/say "'$dir/in/say': it belongs to user 1234: it must be root's"
	chown 0:1234 $dir/in/say
	chmod 775 $dir/in/say
	refused $dir/in/say "'$dir/in/say': it can be written to by others than root (mode 0775)"
	chown 0:0 $dir/in/say
	chmod 755 $dir/in/say
	setfacl -m u:1234:rwx $dir/in/say
	refused $dir/in/say "'$dir/in/say': it can be written to by others than root (mode 0775)"
	setfacl -b $dir/in/say
	chmod 777 $dir
	refused $dir/in/say "'$dir/in/say': a folder on the way can be written to by others than root (mode 0777)"
	chmod 755 $dir
	chown 1234 $dir/in
	refused $dir/in/say "'$dir/in/say': a folder on the way belongs to user 1234: it must be root's"
	ln -s say "$dir/in/last"
	refused $dir/in/last "'$dir/in/last': a folder on the way belongs to user 1234: it must be root's"
	ln -s $dir/in /run/hooks/way
	refused /run/hooks/way/say "'/run/hooks/way/say': a folder on the way belongs to user 1234: it must be root's"
	chown 0 $dir/in
	chown -h 1234 /run/hooks/way
	refused /run/hooks/way/say "'/run/hooks/way/say': a link on the way belongs to user 1234: it must be root's"
	[ ! -e /run/seen/mark ]
	chown -h 0 /run/hooks/way
	run mgr-start -n web -s hook.pre-mount=/run/hooks/way/../in/last -s "hook.mount=/bin/sh -c 'exit 0'"
	assert_success
	rm -r $dir /run/hooks/way
}

@test "hook.7 who may change a script's interpreter has a say in the script" {
	local dir=/run/others
	plain web
	mkdir $dir
	cp /bin/sh $dir/shell
	printf '#! %s/shell -e\nexit 0\n' $dir >$dir/middle
	printf '#!%s/middle\n' $dir >$dir/script
	printf '#!shell\n' >$dir/relative
	chmod 755 $dir/*
	run mgr-start -n web -s hook.pre-start=$dir/script
	assert_success
	mgr-stop -k -n web
	chown 1234 $dir/shell
	refused $dir/middle "'$dir/middle': its interpreter: '$dir/shell': it belongs to user 1234: it must be root's"
	refused $dir/script "'$dir/script': its interpreter: '$dir/shell': it belongs to user 1234: it must be root's"
	rm $dir/shell
	refused $dir/middle "'$dir/middle': its interpreter: find '$dir/shell': No such file or directory"
	refused $dir/relative "'$dir/relative': its interpreter 'shell' is no absolute path"
	rm -r $dir
}

@test "hook.7 what a container's root may have put there is no program of the host" {
	local rootfs=$MGR_ROOT/var/lib/mgr/web/rootfs
	plain web
	container other -s net.0.type=empty
	install -m 755 "$HOOKS/say" "$rootfs/evil"
	install -m 755 "$HOOKS/say" "$MGR_ROOT/var/lib/mgr/other/rootfs/evil"
	install -m 755 "$HOOKS/say" "$MGR_ROOT/var/lib/mgr/web/hook"
	refused "$rootfs/evil" "'$rootfs/evil' lies where a container's root may write: put it elsewhere"
	refused "$MGR_ROOT/var/lib/mgr/other/rootfs/evil" "'$MGR_ROOT/var/lib/mgr/other/rootfs/evil' lies where a container's root may write: put it elsewhere"
	mkdir /run/bound
	mount --bind "$rootfs" /run/bound
	refused /run/bound/evil "'/run/bound/evil' lies where a container's root may write: put it elsewhere"
	unmount /run/bound
	rmdir /run/bound
	install -D "$HOOKS/say" /run/volume/in/evil
	chmod 700 /run/volume
	set -- -s "mount.entry=/run/volume mnt/a none bind,idmap,create=dir"
	run mgr-start -n web "$@" -s hook.post-stop=/run/volume/in/evil
	assert_output "mgr-start: web: hooks: hook.post-stop: '/run/volume/in/evil' lies where a container's root may write: put it elsewhere"
	set -- -s "mount.entry=/run/volume/in/evil mnt/b none bind,idmap,create=file"
	run mgr-start -n web "$@" -s hook.post-stop=/run/volume/in/evil
	assert_output "mgr-start: web: hooks: hook.post-stop: '/run/volume/in/evil' lies where a container's root may write: put it elsewhere"
	run mgr-start -n web -s "hook.post-stop=$MGR_ROOT/var/lib/mgr/web/hook"
	assert_success
}

@test "hook.7 a start hook, the guest's own, cannot look into the process that becomes init" {
	plain web -s "hook.start=/bin/busybox sh -c 'ls /proc/1/fd; cat /proc/1/environ /proc/1/maps; readlink /proc/1/cwd; echo tried'"
	boot web
	run log_of web
	assert_match "start: ls: .*/proc/1/fd.*Permission denied"
	assert_match "start: cat: .*/proc/1/maps.*Permission denied"
	assert_contains "start: tried"
	refute_contains "start: socket:"
	run in_container web sh -c 'ls /proc/1/fd'
	assert_success
}

@test "hook.7 no link of the guest's leads a mount out of it while mount hooks see the host" {
	local fd rootfs=$MGR_ROOT/var/lib/mgr/web/rootfs
	plain web -s "hook.mount=$HOOKS/say"
	rmdir "$rootfs/run"
	for fd in {3..40}; do
		ln -sfn "/proc/self/fd/$fd/run" "$rootfs/run"
		run mgr-start -n web
		assert_status 1
		assert_match "^mgr-start: web: rootfs: open (the mount point|folder) '/run': (Too many levels of symbolic links|No such file or directory)$"
	done
}

@test "hook.7 one that others may change by the time of the stop is not run" {
	hook late 'echo ran >/run/seen/late'
	plain web -s "hook.post-stop=$HOOKS/late"
	boot web
	chmod 777 "$HOOKS/late"
	mgr-stop -k -n web
	[ ! -e /run/seen/late ]
	run log_of web
	assert_contains "hook post-stop: '$HOOKS/late': it can be written to by others than root (mode 0777)"
}
