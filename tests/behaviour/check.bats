# SPDX-License-Identifier: LGPL-2.1-or-later
# What this host can do.
load ../lib/common

# hidden COMMAND...: in a mount namespace of its own, where it may break things.
hidden() {
	unshare --mount --propagation private bash -c "$@"
}

@test "check.1 a host that has everything is told so, in words and in JSON, and is as it was before" {
	local before=$BATS_TEST_TMPDIR/before after=$BATS_TEST_TMPDIR/after
	look() {
		find /sys/fs/cgroup -type d \( -name 'mgr-check*' -o -name "mgr-$MGR_LAB_ID" \) 2>/dev/null || true
		cat /proc/self/mounts /proc/modules 2>/dev/null || true
		ls /sys/block
		ip -o link show
		find "$MGR_ROOT" 2>/dev/null || true
	}
	mgr-checkconfig >/dev/null # the kernel loads modules when it is asked for what is in them
	look >"$before"
	run mgr-checkconfig
	assert_success
	assert_match "user +ok +can be made, with 65536 ids"
	assert_match "systemd +ok +is not PID 1 here: containers have no units"
	assert_match "idmap of the store +ok +works below"
	assert_match "[0-9]+ ok, [0-9]+ warnings, 0 failed"
	run mgr-checkconfig --json
	assert_success
	look >"$after"
	diff "$before" "$after"
	run jq -r 'map(.group) | unique | join(" ")' <<<"$output"
	assert_output "cgroups devices ids kernel limits mounts namespaces network security"
	run jq -e 'all(.[]; (.status == "ok") == (.advice == null))' < <(mgr-checkconfig --json)
	assert_success
}

@test "check.1 it fails where no container could start, and so does a start" {
	container web -s net.0.type=empty
	run hidden 'for m in $(findmnt -rno TARGET -t cgroup,cgroup2); do mount -o remount,bind,ro "$m"; done
		mgr-checkconfig; echo "status $?"; mgr-start -n web; echo "start $?"'
	assert_contains "status 1"
	assert_match "delegation +failed .*Read-only file system"
	assert_contains "-> mount the hierarchies read-write"
	assert_contains "start 1"
}

@test "check.1 a store on a file system without mapped ids is found out, as its start would be" {
	local dir=$BATS_TEST_TMPDIR
	mkdir "$dir/store"
	mount -t ramfs ramfs "$dir/store" # tmpfs and overlayfs have got id maps meanwhile
	chmod 700 "$dir/store"
	run mgr-checkconfig -P "$dir/store"
	unmount "$dir/store"
	assert_success
	assert_match "idmap of the store +warning +map ids of '.*/store': Invalid argument"
	assert_contains "-> the files of a container get its ids on disk when it is first started"
	assert_contains "put the containers (-P, or a mount on this folder) on a file system that can be mounted with mapped ids"
}

@test "check.1 what is missing for some containers, or for many, is a warning with what to do" {
	run hidden 'mount --bind /dev/fuse /dev/fuse; mount -o remount,bind,nodev /dev/fuse; echo 16 >/run/pty; mount --bind /run/pty /proc/sys/kernel/pty/max
		echo "eve:1048576:65536" >/run/subuid; mount --bind /run/subuid /etc/subuid; mgr-checkconfig; echo "status $?"'
	assert_contains "status 0"
	assert_match "fuse +warning  open '/dev/fuse': Permission denied"
	assert_contains "-> qcow2 images, and fuse inside of containers, cannot be used: modprobe fuse"
	assert_match "terminals +warning  /proc/sys/kernel/pty/max is 16, less than 2048"
	assert_contains "sysctl kernel.pty.max=4096"
	assert_match "subuid +warning  /etc/subuid gives ids of containers to 'eve'"
}

@test "check.1 only root can try" {
	run setpriv --reuid=65534 --regid=65534 --clear-groups mgr-checkconfig
	assert_status 1
	assert_output "mgr-checkconfig: most of it has to be tried: this needs root"
}
