#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-create --disk --block: containers that write to a qcow2 disk of the user's, block by block beside it.

load ../lib/common

setup_file() {
	export disks=/run/disks
	if [ ! -x "$STAGE/bin/mgr-qcow2" ] || [ ! -x "$STAGE/libexec/mgr/mgr-disk" ]; then
		return 0
	fi
	mkdir "$disks"
	mgr-create -n model -t busybox -B dir -s net.0.type=empty
	truncate -s 48M "$disks/raw"
	mke2fs -q -t ext4 -d "$MGR_ROOT/var/lib/mgr/model/rootfs" "$disks/raw"
	mgr-destroy -n model
	qemu-img convert -c -O qcow2 "$disks/raw" "$disks/disk"
}

teardown_file() {
	rm -rf "$disks"
}

setup() {
	common_setup
	if [ ! -x "$STAGE/bin/mgr-qcow2" ] || [ ! -x "$STAGE/libexec/mgr/mgr-disk" ]; then
		skip "mgr was built without what qcow2 disks need"
	fi
	cd "$disks" || return
}

# over NAME FILE [OPTION...]
over() {
	forget_later "$1"
	mgr-create -n "$1" --disk "${@:2}" -s net.0.type=empty
}

servers() {
	pgrep -f "^$STAGE/bin/mgr-qcow2 .*$disks" || :
}

@test "q.22 a container writes to a disk block by block, and the disk is what it was" {
	local before
	before=$(sha256sum <disk)
	over c disk --block
	run mgr-config -n c get rootfs.path
	assert_output "block:$disks/disk"
	boot c
	run in_container c grep ' / ' /proc/mounts
	assert_match '^/dev/loop[0-9]+ / ext4 rw'
	in_container c sh -c 'echo new >/etc/new; rm /etc/passwd; chown 5:6 /etc/new; dd if=/dev/urandom of=/data bs=1M count=8; sync'
	run in_container c sha256sum /data
	local data=$output
	run stat -c '%U %a' "$MGR_ROOT/var/lib/mgr/c/delta.block"
	assert_output "root 600"
	mgr-stop -k -n c
	assert_equal "$(servers)" ""
	run ls "$MGR_ROOT/run/mgr/.disk"
	assert_output lock
	[ "$(sha256sum <disk)" = "$before" ] || show "the disk was written to"
	mgr-qcow2 --convert --backing-from "$disks" "$MGR_ROOT/var/lib/mgr/c/delta.block" after
	e2fsck -fn after
	rm after
	boot c
	run in_container c sh -c 'cat /etc/new; stat -c %u:%g /etc/new; ls /etc/passwd; sha256sum /data'
	assert_contains $'new\n5:6\n'
	assert_contains "No such file"
	assert_contains "$data"
	in_container c sh -c 'rm /data; sync'
	mgr-stop -k -n c
	[ "$(du -k "$MGR_ROOT/var/lib/mgr/c/delta.block" | cut -f 1)" -lt 6000 ] || show "what was removed takes room"
	run mgr-log -n c
	refute_contains "storage"
}

@test "q.22 containers that write to one disk share nothing of it, and copies and snapshots keep what each has" {
	over c disk --block
	over d disk --block
	boot c
	boot d
	assert_equal "$(servers | wc -l)" 2
	in_container c sh -c 'echo c >/etc/who'
	in_container d sh -c 'echo d >/etc/who'
	run mgr-copy -n c -N e --live
	assert_status 1
	assert_contains "stop it first"
	mgr-stop -k -n d
	mgr-stop -k -n c
	mgr-snapshot -n c one
	forget_later e
	mgr-copy -n c -N e
	boot c
	in_container c sh -c 'echo changed >/etc/who'
	mgr-stop -k -n c
	boot e
	run in_container e cat /etc/who /etc/hostname
	assert_output $'c\ne'
	mgr-stop -k -n e
	mgr-snapshot -n c -r one
	boot c
	run in_container c cat /etc/who
	assert_output c
	mgr-stop -k -n c
	boot d
	run in_container d cat /etc/who
	assert_output d
}

@test "q.22 a disk that was not unmounted is recovered, beside it" {
	local loop
	cp --sparse=always raw crashed
	mkdir mnt
	loop=$(losetup -f --show crashed)
	mount "$loop" mnt
	echo last >mnt/etc/last
	sync -f mnt
	cp --sparse=always crashed copy
	umount mnt
	losetup -d "$loop"
	qemu-img convert -O qcow2 copy dirty
	over c dirty
	run mgr-config -n c get rootfs.path
	assert_output "block:$disks/dirty"
	boot c
	run in_container c cat /etc/last
	assert_output last
	rm -r mnt crashed copy
}

@test "q.4 a server that is killed loses what was not synced, and the stop says so" {
	over c disk --block
	boot c
	in_container c sh -c 'echo kept >/etc/kept; sync'
	kill -9 "$(servers)"
	wait_until 5 test -z "$(servers)"
	in_container c sh -c 'echo lost >/etc/lost' || :
	mgr-stop -k -n c
	run mgr-log -n c
	assert_contains "what was written last may be lost"
	assert_contains "the server of the disk"
	run mgr-info -n c
	assert_contains "may be lost"
	boot c
	run in_container c cat /etc/kept
	assert_output kept
}

@test "q.22 what does not go with --block is refused" {
	run mgr-create -n c --image raw --block
	assert_status 64
	assert_contains "--block goes with --disk"
	over c disk --block
	run mgr-copy -s -n c -N e
	assert_status 1
	touch disk
	run mgr-start -n c
	assert_status 1
	assert_contains "has been written since"
}
