#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Older kernels: what mgr does where a call, or a file, of newer ones is missing.

load ../lib/common
load ../lib/cgroup
load ../lib/stub

setup_file() {
	build_stub
}

# old COMMAND...: as on a kernel that lacks what $lacks names.
old() {
	"$BATS_TEST_DIRNAME/../lib/without" "$lacks" -- "$@"
}

@test "old.1 without cgroup.kill: a whole life, and a supervisor that is killed" {
	lacks=cgroup.kill
	stub a ""
	whole_life old
}

# Its init outlives the supervisor: so nobody but the killer ends what is in there.
@test "old.1 without cgroup.kill: what makes processes for ever, and what is in threaded cgroups, is killed" {
	has_v2 || skip "this machine has no cgroup v2"
	lacks=cgroup.kill
	stub a clear -s limits.pids=300
	old mgr-start -n a
	in_container a sh -c 'mkdir -p /sys/fs/cgroup/deep/er/threads && cd /sys/fs/cgroup/deep/er || exit
		(echo 0 >cgroup.procs; echo threaded >threads/cgroup.type; echo 0 >threads/cgroup.threads; exec sleep 1000) &
		bomb() { bomb & sleep 0.05; bomb; }; bomb >/dev/null 2>&1 &'
	wait_until 10 grep -qs "populated 1" "$(v2_folder a)/deep/er/threads/cgroup.events"
	kill -KILL "$(supervisor_pid a)"
	wait_state a ABORTING
	run within 20 "$BATS_TEST_DIRNAME/../lib/without" cgroup.kill -- mgr-destroy -n a
	assert_success
	run cgroups_of a
	assert_output ""
}

@test "old.2 without CLONE_INTO_CGROUP, or clone3 as a whole: a whole life" {
	for lacks in clone3 clone3:CLONE_INTO_CGROUP; do
		stub a ""
		whole_life old
	done
}

mount_calls=open_tree,move_mount,fsopen,fsconfig,fsmount,fspick,mount_setattr

# shift_ids NAME: its files have, on disk, the ids that the container's have on the host. (Busybox: all are root's.)
shift_ids() {
	local base
	base=$(mgr-config -n "$1" get container.idmap | awk '$1 == "u" { print $3 }')
	chown -hR "$base:$base" "$MGR_ROOT/var/lib/mgr/$1/rootfs"
}

@test "old.3 without the new mount calls, or mount_setattr alone: a whole life of a privileged container" {
	for lacks in $mount_calls mount_setattr; do
		stub a "" -s container.idmap=none
		whole_life old
	done
}

@test "old.3 without the new mount calls: a whole life of an unprivileged container whose files have its ids" {
	lacks=$mount_calls
	stub a ""
	shift_ids a
	whole_life old
}

# What container a has mounted where, but for its root, and for /opt where a hook has been.
mounts_of_a() {
	in_container a cut -d ' ' -f 2-4 /proc/mounts | grep -Ev "^/(opt)? " | sed 's/,idmapped//' | sort
}

@test "old.3 without the new mount calls: it sees what it sees elsewhere, its own entries and hooks' mounts, after a reboot too" {
	local map volume=$BATS_TEST_TMPDIR/volume
	lacks=$mount_calls
	mkdir -p "$volume"
	echo text >"$volume/file"
	printf '#!/bin/sh\nmount --bind %s "$MGR_ROOTFS_MOUNT/opt"\n' "$volume" >/run/mount-hook
	chmod 755 /run/mount-hook
	for map in auto none; do
		container a -s net.0.type=empty -s container.idmap=$map -s mount.entry="$volume mnt none bind,exposed" \
			-s mount.entry+="$volume/file srv/file none bind,exposed,create=file" \
			-s mount.entry+="tmpfs opt tmpfs size=1m,nosuid,create=dir" \
			-s mount.entry+="etc srv/etc none bind,relative,ro,create=dir"
		if [ $map = none ]; then mgr-config -n a set hook.mount /run/mount-hook; else shift_ids a; fi
		boot a
		mounts_of_a >"$BATS_TEST_TMPDIR/new"
		mgr-stop -k -n a
		old mgr-start -n a --wait=60
		mounts_of_a >"$BATS_TEST_TMPDIR/old"
		diff "$BATS_TEST_TMPDIR/new" "$BATS_TEST_TMPDIR/old"
		[ $map = auto ] || in_container a grep -qx text /opt/file
		run in_container a cat /mnt/file /srv/file
		assert_output "text
text"
		run in_container a touch /srv/etc/new
		assert_contains "Read-only file system"
		old mgr-stop -r -n a
		run in_container a cat /mnt/file
		assert_output text
		mgr-destroy -f -n a
	done
	run grep mgr-stage /proc/mounts
	assert_status 1
}

@test "old.3 without the new mount calls: what would need mapped ids, or flags that hold, is refused, and nothing is left" {
	lacks=$mount_calls
	stub a ""
	mkdir -m 700 "$BATS_TEST_TMPDIR/box"
	cp -a "$MGR_ROOT/var/lib/mgr/a/rootfs" "$BATS_TEST_TMPDIR/box"
	forget_later b
	mgr-create -n b --rootfs "$BATS_TEST_TMPDIR/box/rootfs" -s net.0.type=empty
	run old mgr-start -n b
	assert_status 1
	assert_match "^mgr-start: b: storage: map the ids of the root folder '.*/box/rootfs': Linux 5.12 or later is needed for it; without, a container starts with container.idmap = none, or from files that have its ids on disk\$"
	shift_ids a
	run old mgr-start -n a -s rootfs.readonly=yes
	assert_status 1
	assert_contains "storage: read-only, and whatever else the container must not be able to change, needs Linux 5.12 or later"
	run old mgr-start -n a -s "mount.entry=$BATS_TEST_TMPDIR mnt none bind,idmap,exposed"
	assert_status 1
	assert_contains "mount-entries: mount '$BATS_TEST_TMPDIR': its ids cannot be mapped: Linux 5.12 or later is needed"
	run old mgr-start -n a -s net.0.type=host
	assert_status 1
	assert_contains "storage: net.N.type = host: Linux 5.12 or later is needed for it, or container.idmap = none"
	run cgroups_of a
	assert_output ""
	assert_equal "$(stubs_alive)" 0
}

@test "old.3 without the new mount calls: a tar file is unpacked, and files go in and out at rest" {
	lacks=$mount_calls
	container b -s net.0.type=empty
	tar -C "$MGR_ROOT/var/lib/mgr/b/rootfs" -cf "$BATS_TEST_TMPDIR/b.tar" .
	forget_later a
	local map
	for map in none auto; do
		old mgr-create -n a --tar "$BATS_TEST_TMPDIR/b.tar" -s net.0.type=empty -s container.idmap=$map
		echo text | old mgr-push -n a - /root/file
		run old mgr-pull -n a /root/file -
		assert_output text
		old mgr-start -n a --wait=60
		run in_container a sh -c 'stat -c %u /root/file; cat /root/file'
		assert_output $'0\ntext'
		mgr-destroy -f -n a
	done
}

@test "old.4 on a file system without mapped ids a container runs, and its files have its ids" {
	local store=$BATS_TEST_TMPDIR/store
	mkdir "$store"
	mount -t ramfs ramfs "$store" # tmpfs and overlayfs have got id maps meanwhile
	chmod 700 "$store"
	own_store "$store"
	mgr-create -P "$store" -n a -t busybox -B dir -s net.0.type=empty
	mgr-create -P "$store" -n b -t busybox -B dir -s net.0.type=empty -s container.idmap=none
	mgr-start -P "$store" -n a --wait=60
	mgr-attach -P "$store" -n a -- true
	[ "$(stat -c %u "$store/a/rootfs/etc/passwd")" -ne 0 ]
	mgr-start -P "$store" -n b --wait=60
	mgr-attach -P "$store" -n b -- true
	mgr-destroy -P "$store" -f -n a
	mgr-destroy -P "$store" -f -n b
	unmount "$store"
}

@test "old.5 without close_range: a whole life, and nothing that was open comes in" {
	lacks=close_range
	container b -s net.0.type=empty
	exec 21</dev/null
	old mgr-start -n b --wait=60
	run old mgr-attach -n b -- ls /proc/1/fd /proc/self/fd
	exec 21<&-
	refute_contains 21
	stub a ""
	whole_life old
}

@test "old.5 without openat2 a start says that the kernel is too old" {
	lacks=openat2
	stub a ""
	run old mgr-start -n a
	assert_status 1
	assert_match "^mgr-start: a: storage: open the root folder '.*': the kernel is too old for it, or a filter hides it \(mgr-checkconfig says more\)\$"
}

@test "check.1 calls of newer kernels that are missing are named, with what is done instead or what to do" {
	lacks=mount_setattr,clone3,close_range,cgroup.kill
	run old mgr-checkconfig
	assert_success
	assert_match "mount calls +warning +missing
 +-> containers start by mount\(2\), with container.idmap = none or files that get their ids on disk: for others Linux 5.12"
	assert_match "idmap of overlay +ok +not tried: needs a tmpfs with mapped ids"
	refute_contains "Linux 6.1 or later is needed"
	assert_match "clone3 +ok +missing: instead, clone\(2\) makes processes"
	assert_match "clone into a cgroup +ok +missing: instead, a process waits until it is in its cgroup"
	assert_match "close_range +ok +missing: instead, descriptors are closed one by one"
	assert_match "kill +ok +missing: instead, processes are killed one by one"
	assert_match "idmap of the store +warning +"
	lacks=openat2,setns:pidfd
	run old mgr-checkconfig
	assert_status 1
	assert_match "openat2 +failed +missing"
	assert_match "setns +failed +missing"
	run mgr-checkconfig
	refute_contains missing
	assert_match "mount calls +ok +the kernel has it"
}
