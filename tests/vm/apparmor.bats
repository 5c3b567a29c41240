# SPDX-License-Identifier: LGPL-2.1-or-later
# AppArmor, on a machine where it is on. What holds where it is off: tests/behaviour/security.bats.
load ../lib/common

policy=/sys/kernel/security/apparmor

# label PID: what the kernel calls a process.
label() {
	sed 's/ (.*//' "/proc/$1/attr/apparmor/current"
}

init_of() {
	mgr-info -n "$1" -pH
}

# loaded PROFILE: does the kernel have it?
loaded() {
	grep -q "^$1 (" $policy/profiles
}

# denied PROFILE TEXT...: wait until the kernel's log has a denial of this profile with all these words in it.
denied() {
	wait_until 10 grep_denied "$@"
}

grep_denied() {
	local found word
	found=$(dmesg | grep -F 'apparmor="DENIED"' | grep -F "profile=\"$1\"")
	shift
	for word; do
		found=$(grep -F -e "$word" <<<"$found")
	done
	[ -n "$found" ]
}

# load PROFILE-TEXT: into the host, until the test's end.
load_profile() {
	echo "$1" >"$BATS_TEST_TMPDIR/profile"
	apparmor_parser -qrK "$BATS_TEST_TMPDIR/profile"
}

# What the kernel's log gets from AppArmor is cut to some lines in five seconds otherwise (printk_ratelimit).
setup_file() {
	echo 0 >/proc/sys/kernel/printk_ratelimit
}

teardown() {
	common_teardown
	[ ! -e "$BATS_TEST_TMPDIR/profile" ] || apparmor_parser -qRK "$BATS_TEST_TMPDIR/profile"
}

# Units that want what the manager of a guest can only do with mounts, namespaces and devices of its own, into NAME's root.
add_units() {
	local folder=/var/lib/mgr/$1/rootfs/etc/systemd/system
	mkdir -p "$folder/multi-user.target.wants"
	unit tmp PrivateTmp=yes
	unit strict ProtectSystem=strict ProtectHome=yes
	unit devices PrivateDevices=yes
	unit kernel ProtectKernelTunables=yes ProtectKernelModules=yes ProtectKernelLogs=yes ProtectControlGroups=yes
	unit dynamic DynamicUser=yes StateDirectory=dynamic
	unit all PrivateTmp=yes ProtectSystem=strict PrivateDevices=yes ProtectKernelTunables=yes DynamicUser=yes ProtectHome=tmpfs \
		PrivateNetwork=yes PrivateUsers=yes PrivateIPC=yes ProtectProc=invisible ProcSubset=pid ProtectHostname=yes \
		ProtectClock=yes NoNewPrivileges=yes RestrictNamespaces=yes SystemCallFilter=@system-service \
		TemporaryFileSystem=/opt BindReadOnlyPaths=/etc/hostname InaccessiblePaths=/root
}

# unit NAME SETTING...: for add_units.
unit() {
	local file=$folder/sandbox-$1.service
	shift
	printf '%s\n' '[Service]' Type=oneshot RemainAfterExit=yes 'ExecStart=/bin/ls /' "$@" >"$file"
	ln -s "../${file##*/}" "$folder/multi-user.target.wants"
}

# debian_runs NAME SUITE [OPTION...]
debian_runs() {
	local name=$1 suite=$2
	shift 2
	container "$name" -t debian -s net.0.type=empty "$@" -- --suite "$suite"
	add_units "$name"
	boot "$name"
	run mgr-attach -n "$name" -- systemctl is-system-running --wait
	assert_output running
	run mgr-attach -n "$name" -- systemctl list-units --state=active --plain --no-legend 'sandbox-*'
	assert_equal "${#lines[@]}" 6
	# newer kernels report a bind mount of a folder that is not there, too, and give no name
	run grep_denied "mgr-$name" ' name='
	assert_status 1
	mgr-destroy -f -n "$name"
}

@test "apparmor.1 init, a start hook, attached and executed commands have the container's profile, which is gone with it" {
	local expected='mgr-lab//&:lxc-mgr-lab:unconfined'
	container lab -s net.0.type=empty -s hook.start='/bin/sh -c "cat /proc/1/attr/current >/hooked; sleep 1000 &"'
	boot lab
	loaded mgr-lab
	[ -d $policy/policy/namespaces/lxc-mgr-lab ]
	assert_equal "$(label "$(init_of lab)")" "$expected"
	run bash -c "ps -eo label:80,comm | grep mgr-lab | sed 's/ .*//' | sort -u"
	assert_output "$expected"
	mgr-attach -n lab -- sh -c 'sleep 1000 & echo $! >/pid; wait' &
	wait_until 10 pgrep -f '^sleep 1000'
	for pid in $(pgrep -f '^sleep 1000'); do
		assert_equal "$(label "$pid")" "$expected"
	done
	run mgr-info -n lab
	assert_contains "AppArmor:       $expected"
	assert_equal "$(mgr-info -n lab --json | jq -r '.[].apparmor')" "$expected"
	mgr-stop -k -n lab
	wait
	run loaded mgr-lab
	assert_status 1
	[ ! -e $policy/policy/namespaces/lxc-mgr-lab ]
	mgr-config -n lab unset hook.start
	run mgr-execute -n lab -- cat /sys/kernel/security/apparmor/.ns_name
	assert_output lxc-mgr-lab
}

@test "apparmor.1 after a reboot inside it has the profile again, and a killed supervisor's goes with the next start or stop" {
	local before init
	container lab -s net.0.type=empty
	boot lab
	before=$(init_of lab)
	mgr-attach -n lab -- reboot || true # which ends it
	again() { init=$(init_of lab) && [ -n "$init" ] && [ "$init" != "$before" ]; }
	wait_until 30 again
	assert_equal "$(label "$init")" 'mgr-lab//&:lxc-mgr-lab:unconfined'
	kill -9 "$(ps -o ppid= "$init")"
	wait_gone 10 "$init"
	loaded mgr-lab
	run mgr-stop -n lab
	assert_status 2
	run loaded mgr-lab
	assert_status 1
	[ ! -e $policy/policy/namespaces/lxc-mgr-lab ]
}

@test "apparmor.2 what is the host's is denied, and the kernel's log says so" {
	container lab -s net.0.type=empty
	boot lab
	run mgr-attach -n lab -- mount -t debugfs debugfs /mnt
	assert_contains "Permission denied"
	denied mgr-lab 'operation="mount"' 'fstype="debugfs"'
	run mgr-attach -n lab -- ls /sys/kernel/security/apparmor/policy/..
	assert_contains "Permission denied"
	mgr-destroy -f -n lab
	container lab -s net.0.type=empty -s container.idmap=none
	boot lab
	run mgr-attach -n lab -- cat /proc/kcore
	assert_contains "Permission denied"
	denied mgr-lab 'name="/proc/kcore"'
	run mgr-attach -n lab -- sh -c 'mount -o remount,rw /proc/sys && echo x >/proc/sys/kernel/core_pattern'
	assert_contains "Permission denied"
	denied mgr-lab 'name="/proc/sys/kernel/core_pattern"'
	run mgr-attach -n lab -- mount -t proc proc /mnt
	assert_contains "Permission denied"
	run mgr-attach -n lab -- mount --bind /proc /mnt
	assert_contains "Permission denied"
	assert_equal "$(label "$(init_of lab)")" mgr-lab
}

@test "apparmor.3 Debian 12 reaches running with sandboxed units, and nothing is denied" {
	debian_runs twelve bookworm
}

@test "apparmor.3 Debian 13 reaches running with sandboxed units, and nothing is denied" {
	debian_runs thirteen trixie
}

@test "apparmor.3 a privileged Debian reaches running with sandboxed units, and nothing is denied" {
	debian_runs root bookworm -s container.idmap=none
}

@test "apparmor.4 a guest loads a profile of its own, which holds inside and is seen in its namespace alone" {
	local put='dd if=/blob of=/sys/kernel/security/apparmor/.replace bs=1M'
	container lab -s net.0.type=empty
	container other -s net.0.type=empty
	boot lab
	boot other
	apparmor_parser -qSK >"$BATS_TEST_TMPDIR/blob" <<<'profile own flags=(attach_disconnected) { file, capability, deny /etc/group r, }'
	mgr-push -n lab "$BATS_TEST_TMPDIR/blob" /blob
	mgr-attach -n lab -- sh -c "$put"
	run mgr-attach -n lab -- cat /sys/kernel/security/apparmor/profiles
	assert_output 'own (enforce)'
	run mgr-attach -n lab -- sh -c 'echo changeprofile own >/proc/self/attr/apparmor/current
		head -n 1 /etc/passwd; cat /etc/group; head -c 3 /proc/self/attr/apparmor/current'
	assert_contains "root:"
	assert_contains "'/etc/group': Permission denied"
	assert_contains own
	run loaded own
	assert_status 1
	[ -n "$(find $policy/policy/namespaces/lxc-mgr-lab/profiles -name 'own.*')" ]
	[ -z "$(mgr-attach -n other -- cat /sys/kernel/security/apparmor/profiles)" ]
	mgr-stop -k -n lab
	boot lab
	[ -z "$(mgr-attach -n lab -- cat /sys/kernel/security/apparmor/profiles)" ]
}

@test "apparmor.4 a guest neither leaves its profile nor changes it, another guest's or the host's" {
	local name
	container lab -s net.0.type=empty
	container other -s net.0.type=empty
	boot lab
	boot other
	for name in unconfined :root:unconfined mgr-lab :lxc-mgr-other:unconfined 'mgr-other//&:lxc-mgr-other:unconfined'; do
		mgr-attach -n lab -- sh -c 'echo "changeprofile $0" >/proc/self/attr/apparmor/current; exec sleep 1000' "$name" 2>/dev/null &
		wait_until 10 pgrep -f '^sleep 1000'
		assert_equal "$(label "$(pgrep -f '^sleep 1000')")" 'mgr-lab//&:lxc-mgr-lab:unconfined'
		kill "$(pgrep -f '^sleep 1000')"
		wait $! || true
	done
	for name in mgr-lab mgr-other man_filter; do
		mgr-attach -n lab -- sh -c 'echo -n "$0" >/sys/kernel/security/apparmor/.remove' "$name" 2>/dev/null || true
	done
	loaded mgr-lab
	loaded mgr-other
	run mgr-attach -n lab -- sh -c 'echo x >/sys/kernel/security/apparmor/policy/../lxc-mgr-other/.remove'
	assert_contains "Permission denied"
	run mgr-attach -n lab -- rmdir /sys/kernel/security/apparmor/policy/../lxc-mgr-other
	assert_status 1
	[ -d $policy/policy/namespaces/lxc-mgr-other ]
}

@test "apparmor.5 a profile that cannot be compiled or loaded is a start that fails and leaves nothing" {
	local -x MGR_CACHE=$BATS_TEST_TMPDIR/cache
	local rules=$STAGE/share/mgr/generated.apparmor file
	container lab -s net.0.type=empty
	echo 'nonsense,' >"$BATS_TEST_TMPDIR/rules"
	run unshare -m bash -c 'mount --bind "$0" "$1"; exec mgr-start -n lab' "$BATS_TEST_TMPDIR/rules" "$rules"
	assert_status 1
	assert_contains "mgr-start: lab: apparmor: apparmor.profile: "
	assert_contains "syntax error"
	[ "${#lines[@]}" -eq 1 ]
	boot lab
	mgr-stop -k -n lab
	for file in "$MGR_CACHE"/apparmor/*; do
		truncate -s -100 "$file"
	done
	run mgr-start -n lab
	assert_status 1
	assert_match "^mgr-start: lab: apparmor: load the profile 'mgr-lab': "
	run loaded mgr-lab
	assert_status 1
	[ ! -e $policy/policy/namespaces/lxc-mgr-lab ]
}

@test "apparmor.5 it is compiled once, for all names of one length" {
	local -x MGR_CACHE=$BATS_TEST_TMPDIR/cache
	local before
	container one -s net.0.type=empty
	container two -s net.0.type=empty
	boot one
	before=$(find "$MGR_CACHE/apparmor" -type f -printf '%f %m %u %T@\n' | sort)
	boot two
	mgr-stop -k -n one
	boot one
	assert_equal "$(find "$MGR_CACHE/apparmor" -type f -printf '%f %m %u %T@\n' | sort)" "$before"
	loaded mgr-one
	loaded mgr-two
}

@test "apparmor.6 apparmor.profile = unconfined leaves AppArmor alone" {
	container lab -s net.0.type=empty -s apparmor.profile=unconfined
	boot lab
	assert_equal "$(label "$(init_of lab)")" unconfined
	run loaded mgr-lab
	assert_status 1
	run mgr-info -n lab
	refute_contains AppArmor
	[ ! -e "/proc/$(init_of lab)/root/sys/kernel/security/apparmor" ]
}

@test "apparmor.6 apparmor.profile = NAME is one that the host has loaded; an unknown one is refused" {
	load_profile 'profile of-the-host flags=(attach_disconnected,mediate_deleted) {
		file, capability, network, mount, umount, pivot_root, signal, ptrace, unix, dbus, deny /etc/group r, }'
	container lab -s net.0.type=empty -s apparmor.profile=of-the-host
	boot lab
	assert_equal "$(label "$(init_of lab)")" of-the-host
	run mgr-attach -n lab -- sh -c 'cat /proc/self/attr/current; cat /etc/group'
	assert_contains of-the-host
	assert_contains "Permission denied"
	mgr-stop -k -n lab
	loaded of-the-host
	mgr-config -n lab check
	mgr-config -n lab set apparmor.profile nonsuch
	run mgr-config -n lab check
	assert_status 1
	assert_contains "apparmor.profile: 'nonsuch' is not loaded"
	run mgr-start -n lab
	assert_status 1
	assert_output "mgr-start: lab: confine: AppArmor knows no profile 'nonsuch'"
}

@test "apparmor.7 without apparmor_parser a container starts without a profile and says so, a privileged one does not" {
	local parser
	parser=$(readlink -f "$(command -v apparmor_parser)")
	container lab -s net.0.type=empty
	unshare -m bash -c 'mount --bind /dev/null "$0"; exec mgr-start -n lab' "$parser"
	assert_equal "$(label "$(init_of lab)")" unconfined
	run mgr-log -n lab
	assert_contains "apparmor_parser (package apparmor) is not there: the container has no profile"
	mgr-destroy -f -n lab
	container lab -s net.0.type=empty -s container.idmap=none
	run unshare -m bash -c 'mount --bind /dev/null "$0"; exec mgr-start -n lab' "$parser"
	assert_status 1
	assert_contains "mgr-start: lab: apparmor: apparmor.profile: AppArmor is on, but apparmor_parser"
	run unshare -m bash -c 'umount -l /sys/kernel/security; exec mgr-start -n lab'
	assert_status 1
	assert_contains "/sys/kernel/security is not mounted"
}

@test "apparmor.8 an attach that cannot have the container's profile runs nothing" {
	load_profile 'profile no-change flags=(attach_disconnected) {
		file, capability, network, mount, umount, pivot_root, signal, ptrace, unix, dbus, }'
	container lab -s net.0.type=empty
	boot lab
	run aa-exec -p no-change -- mgr-attach -n lab -- touch /ran
	assert_status 125
	assert_contains "mgr-attach: lab: enter the AppArmor profile 'mgr-lab//&:lxc-mgr-lab:unconfined': "
	run mgr-attach -n lab -- test -e /ran
	assert_status 1
}

@test "apparmor.9 mgr-checkconfig says what AppArmor is good for here" {
	run mgr-checkconfig
	assert_match "apparmor +ok +each container has a profile, and its guest can load more"
}
