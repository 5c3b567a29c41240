# SPDX-License-Identifier: LGPL-2.1-or-later
load ../lib/common

rootfs() {
	echo "$MGR_ROOT/var/lib/mgr/$1/rootfs"
}

# What a process must not have in its bounding set.
always_dropped=(sys_module sys_rawio sys_time wake_alarm block_suspend mac_override audit_control audit_read syslog sys_pacct)
[ -e /sys/kernel/security/apparmor/.replace ] || always_dropped+=(mac_admin) # else the guest has a policy of its own

# bounding NAME: the names in the bounding set of the guest's init.
bounding() {
	capsh --decode="$(mgr-attach -n "$1" -- awk '/^CapBnd/ { print $2 }' /proc/1/status)"
}

@test "start.8 capabilities that reach beyond the container are gone from init's bounding set" {
	local cap
	container web -s net.0.type=empty
	boot web
	run bounding web
	assert_success
	for cap in "${always_dropped[@]}"; do
		refute_contains "cap_$cap"
	done
	for cap in sys_admin sys_boot net_admin mknod setuid audit_write; do
		assert_contains "cap_$cap"
	done
	run mgr-attach -n web -- awk '/^Cap(Inh|Amb)/ { print $2 }' /proc/1/status
	assert_output $'0000000000000000\n0000000000000000'
}

@test "start.8 a privileged container has no mknod either" {
	container web -s net.0.type=empty -s container.idmap=none
	boot web
	run bounding web
	refute_contains cap_mknod
	refute_contains cap_sys_module
	assert_contains cap_sys_admin
}

@test "start.8 cap.drop adds, cap.drop = none takes the list away, cap.keep is all there is" {
	container web -s net.0.type=empty -s cap.drop=net_raw
	boot web
	run bounding web
	refute_contains net_raw
	refute_contains sys_module
	mgr-stop -k -n web
	mgr-config -n web set cap.drop "none net_raw"
	boot web
	run bounding web
	refute_contains net_raw
	assert_contains sys_module
	mgr-stop -k -n web
	mgr-config -n web set cap.drop ""
	mgr-config -n web set cap.keep "chown setuid sys_admin"
	boot web
	run bounding web
	assert_match "=cap_chown,cap_setuid,cap_sys_admin$"
	run mgr-attach -n web -- id -u
	assert_output 0
}

@test "start.8 each system call of the list is denied, by every way into the kernel" {
	container web -s net.0.type=empty
	cc -O1 -static -o "$(rootfs web)/bin/denied" "$BATS_TEST_DIRNAME/../lib/denied.c"
	boot web
	run mgr-attach -n web -- denied </dev/null
	assert_success
	local name wanted
	while read -r name wanted; do
		assert_equal "$name $(awk -v n="$name" '$1 == n { print $2 }' <<<"$output")" "$name $wanted"
	done <<-EOF
		init_module EPERM
		finit_module EPERM
		delete_module EPERM
		kexec_load EPERM
		kexec_file_load EPERM
		clock_settime EPERM
		settimeofday EPERM
		open_by_handle_at EPERM
		add_key ENOSYS
		keyctl ENOSYS
		request_key ENOSYS
		TIOCSTI EPERM
		TIOCSTI-high-bits EPERM
		TIOCLINUX EPERM
		syslog EPERM
		swapon EPERM
		swapoff EPERM
		acct EPERM
		bpf EPERM
		perf_event_open EPERM
		userfaultfd EPERM
		umount-force EACCES
		clone-newuser allowed
		umount ENOENT
		name_to_handle_at ENOENT
	EOF
	[ "$(uname -m)" = x86_64 ] || return 0
	while read -r name wanted; do
		assert_equal "$name $(awk -v n="$name" '$1 == n { print $2 }' <<<"$output")" "$name $wanted"
	done <<-EOF
		i386:finit_module EPERM
		i386:keyctl ENOSYS
		i386:stime EPERM
		i386:clock_settime64 EPERM
		i386:open_by_handle_at EPERM
		i386:getpid allowed
		x32:getpid ENOSYS
		iopl EPERM
		ioperm EPERM
	EOF
}

@test "apparmor.6 where AppArmor is off there are no profiles, and the name of one is refused" {
	[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ] || skip "AppArmor is on"
	container web -s net.0.type=empty -s apparmor.profile=unconfined
	boot web
	mgr-stop -k -n web
	mgr-config -n web set apparmor.profile generated
	boot web
	run mgr-info -n web
	refute_contains AppArmor
	run grep apparmor "$MGR_ROOT/run/mgr/web/undo"
	assert_status 1
	mgr-stop -k -n web
	mgr-config -n web check
	mgr-config -n web set apparmor.profile mine
	run mgr-config -n web check
	assert_status 1
	assert_output "mgr-config: web: apparmor.profile: 'mine' cannot be used: AppArmor is not on"
	run mgr-start -n web
	assert_status 1
	assert_output "mgr-start: web: apparmor: apparmor.profile: 'mine' cannot be used: AppArmor is not on"
	run mgr-checkconfig
	assert_match "apparmor +ok +is not on: containers have no profile"
}

@test "start.8 the filter is init's too, and profile = none is without" {
	container web -s net.0.type=empty
	boot web
	run mgr-attach -n web -- grep Seccomp: /proc/1/status
	assert_output $'Seccomp:\t2'
	mgr-stop -k -n web
	mgr-config -n web set seccomp.profile none
	boot web
	run mgr-attach -n web -- grep -h Seccomp: /proc/1/status /proc/self/status
	assert_output $'Seccomp:\t0\nSeccomp:\t0'
}

@test "start.8 a profile of one's own, in LXC's format; what is wrong with it is named" {
	local profile=$BATS_TEST_TMPDIR/profile
	printf '2\nblacklist\n[all]\nmkdir errno 95\nmkdirat errno 95\n' >"$profile"
	container web -s net.0.type=empty -s seccomp.profile="$profile"
	boot web
	run mgr-attach -n web -- mkdir /made
	assert_contains "Operation not supported"
	assert_status 1
	mgr-stop -k -n web
	printf '2\nblacklist\n[all]\nnonsuch errno 95\n' >"$profile"
	run mgr-start -n web
	assert_status 1
	assert_output "mgr-start: web: security: seccomp.profile: $profile: no system call is called 'nonsuch'"
	printf '2\nblacklist\n[all]\nuname errno\n' >"$profile"
	run mgr-start -n web
	assert_status 1
	assert_output "mgr-start: web: security: seccomp.profile: $profile: 4: errno needs a number or a name such as EPERM"
}

@test "start.8 a filter is compiled once, and its file is root's alone" {
	container web -s net.0.type=empty
	boot web
	local folder=${MGR_CACHE:-$MGR_ROOT/var/cache/mgr}/seccomp before
	before=$(find "$folder" -name '*.bpf' -printf '%f %m %u %T@\n')
	[[ $before == *' 600 root '* ]]
	mgr-stop -k -n web
	boot web
	assert_equal "$(find "$folder" -name '*.bpf' -printf '%f %m %u %T@\n')" "$before"
}

@test "start.8 no descriptor of the host's is open in init" {
	container web -s net.0.type=empty -s init.cmd=/sbin/first
	cat >"$(rootfs web)/sbin/first" <<-'EOF'
		#!/bin/sh
		ls -l /proc/self/fd >/fds
		exec /sbin/init
	EOF
	chmod 755 "$(rootfs web)/sbin/first"
	exec 7</etc/hostname 8>"$BATS_TEST_TMPDIR/mine"
	boot web
	wait_until 10 mgr-attach -n web -- test -s /fds
	run mgr-attach -n web -- sh -c "sed -n 's/.* \([0-9]* -> .*\)/\1/p' /fds"
	assert_output $'0 -> /dev/pts/0\n1 -> /fds\n2 -> /dev/pts/0'
}

@test "start.8 a device node of the host's that came with the root file system does not open" {
	local dev how
	container web -s net.0.type=empty
	for dev in mem:c:1:1 autofs:c:10:235 loop0:b:7:0 kmsg:c:1:11 null:c:1:3; do
		IFS=: read -r dev how <<<"$dev"
		mknod -m 666 "$(rootfs web)/root/$dev" "${how%%:*}" "$(cut -d: -f2 <<<"$how")" "${how##*:}"
	done
	chown -R --reference="$(rootfs web)" "$(rootfs web)/root"
	boot web
	for dev in mem autofs loop0 kmsg; do
		run mgr-attach -n web -- dd "if=/root/$dev" of=/dev/null bs=1 count=1
		assert_status 1
		assert_contains "Operation not permitted"
	done
	mgr-attach -n web -- sh -c 'echo x >/root/null; for d in null zero full random urandom; do : </dev/$d; done' </dev/null
}

@test "start.8 a manager that may not open a device node itself starts containers without it" {
	grep -q ':devices:' /proc/self/cgroup || skip "of eBPF programs each is asked by itself: nothing is handed down"
	local ours=/sys/fs/cgroup/devices/mgr-$MGR_LAB_ID
	container web -s net.0.type=empty
	mkdir "$ours"
	echo 'c 10:200 rwm' >"$ours/devices.deny"
	boot web
	run -0 cat "$ours/web/devices.list"
	assert_contains "c 10:229 rw"
	[[ $output != *10:200* ]]
	mgr-stop -k -n web
}

@test "start.8 setuid programs and user namespaces work inside; container.no_new_privs stops the first" {
	container web -s net.0.type=empty
	cc -static -o "$(rootfs web)/bin/suid" -x c - <<-'EOF'
		#include <stdio.h>
		#include <unistd.h>
		int main(void) { return printf("%d %d\n", (int)getuid(), (int)geteuid()) < 0; }
	EOF
	boot web
	mgr-attach -n web -- chmod 4755 /bin/suid
	run mgr-attach -n web -u nobody -- suid
	assert_output "65534 0"
	run mgr-attach -n web -u nobody -- unshare -Ur id -u
	assert_output 0
	mgr-stop -k -n web
	mgr-config -n web set container.no_new_privs true
	boot web
	run mgr-attach -n web -u nobody -- suid
	assert_output "65534 65534"
}

@test "start.3 an init by a link that goes up is the container's own, at the moment when its root changes, too" {
	readelf -l /bin/sh | grep -q interpreter || skip "the host's /bin/sh would do in the container"
	container web -s net.0.type=empty
	ln -sf ../bin/sh "$(rootfs web)/sbin/init"
	# the host's root lies on top of the container's for so long
	strace -f -D -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=pivot_root -e inject=pivot_root:delay_exit=1000000 mgr-start -n web 3>&- ||
		show "$(cat "$BATS_TEST_TMPDIR/trace")"
	grep -q 'pivot_root.*DELAYED' "$BATS_TEST_TMPDIR/trace"
	state_is web RUNNING
	mgr-stop -k -n web
}
