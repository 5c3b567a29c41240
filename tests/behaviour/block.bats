#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-create --disk --block: containers that write to a qcow2 disk of the user's, block by block beside it.

load ../lib/common
load ../lib/disks

make_disks() {
	model_tree "$disks/tree"
	truncate -s 48M "$disks/raw"
	mke2fs -q -t ext4 -d "$disks/tree" "$disks/raw"
	qemu-img convert -c -O qcow2 "$disks/raw" "$disks/disk"
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
	run stat -c '%U %a' "$MGR_ROOT/var/lib/mgr/c/delta/blocks"
	assert_output "root 600"
	mgr-stop -k -n c
	assert_equal "$(servers)" ""
	run ls "$MGR_ROOT/run/mgr/.disk"
	assert_output lock
	[ "$(sha256sum <disk)" = "$before" ] || show "the disk was written to"
	mgr-qcow2 --convert --backing-from "$disks" "$MGR_ROOT/var/lib/mgr/c/delta/blocks" after
	e2fsck -fn after
	rm after
	boot c
	run in_container c sh -c 'cat /etc/new; stat -c %u:%g /etc/new; ls /etc/passwd; sha256sum /data'
	assert_contains $'new\n5:6\n'
	assert_contains "No such file"
	assert_contains "$data"
	in_container c sh -c 'rm /data; sync'
	mgr-stop -k -n c
	[ "$(du -k "$MGR_ROOT/var/lib/mgr/c/delta/blocks" | cut -f 1)" -lt 6000 ] || show "what was removed takes room"
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
	in_container c sh -c '(i=0; while [ ! -e /end ]; do i=$((i + 1)); echo $i >/n; mv /n /a; echo $i >/n; mv /n /z; done) >/dev/null 2>&1 &'
	wait_until 10 in_container c test -s /z
	forget_later e
	mgr-copy -n c -N e --live
	run env MGR_DEBUG_KILL=live:still mgr-copy -n c -N half --live
	assert_status 137
	mgr-snapshot -n c --live running
	in_container c sh -c 'echo written >/after && sync /after && touch /end'
	run mgr-copy -s -n c -N half --live
	assert_status 1
	assert_contains "stop it first"
	boot e
	run in_container e sh -c 'cat /etc/who; echo $(($(cat /a) - $(cat /z)))'
	assert_match $'^c\n[01]$'
	mgr-destroy -f -n e
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

# layers: the images that were made of changes.
layers() {
	find "$MGR_ROOT/var/lib/mgr/.images" -maxdepth 1 -name 'layer-*' -printf '%f\n'
}

# tells NAME FILE: what is in it, in there.
tells() {
	boot "$1" >/dev/null
	in_container "$1" cat "$2"
	mgr-stop -k -n "$1"
}

@test "copy.8 thin copies stand on the blocks that were changed, and each changes its own" {
	local before
	without_reflinks
	before=$(sha256sum <disk)
	over c disk --block
	boot c
	in_container c sh -c 'echo one >/etc/one; dd if=/dev/urandom of=/data bs=1M count=4'
	mgr-stop -k -n c
	forget_later d
	forget_later e
	mgr-copy -s -n c -N d
	[ "$(du -sk "$MGR_ROOT/var/lib/mgr/c" | cut -f 1)" -lt 200 ] || show "the source has it all"
	[ "$(du -sk "$MGR_ROOT/var/lib/mgr/d" | cut -f 1)" -lt 400 ] || show "the copy has it all"
	assert_equal "$(layers | wc -l)" 1
	run mgr-images rm "$(layers)"
	assert_status 1
	assert_contains "in use"
	boot c
	boot d
	assert_equal "$(in_container c sh -c 'echo c >/etc/one; sync; hostname; cat /etc/hostname')" $'c\nc'
	assert_equal "$(in_container d sh -c 'cat /etc/one /etc/hostname')" $'one\nd'
	in_container d sh -c 'echo d >/etc/two; rm /data'
	mgr-stop -k -n c
	mgr-stop -k -n d
	mgr-copy -s -n d -N e
	assert_equal "$(layers | wc -l)" 2
	mgr-snapshot -n e one
	boot e
	assert_equal "$(in_container e sh -c 'cat /etc/one /etc/two; rm /etc/one; ls /data 2>&1')" $'one\nd\nls: /data: No such file or directory'
	mgr-stop -k -n e
	mgr-destroy -n d
	mgr-destroy -n c
	assert_equal "$(layers | wc -l)" 2
	mgr-snapshot -n e -r one
	assert_equal "$(tells e /etc/one)" one
	[ "$(sha256sum <disk)" = "$before" ] || show "the disk was written to"
	mgr-destroy -n e
	assert_equal "$(layers)" ""
}

@test "copy.8 a thin copy of blocks that is killed leaves the source as it was, whatever comes next" {
	local point
	without_reflinks
	over c disk --block
	forget_later d
	for point in freeze:named freeze:prepared freeze:exchanged copy:configured; do
		boot c
		in_container c sh -c "echo $point >/etc/point"
		mgr-stop -k -n c
		run env MGR_DEBUG_KILL=$point mgr-copy -s -n c -N d
		assert_status 137
		assert_equal "$(tells c /etc/point)" "$point"
		mgr-copy -s -n c -N d
		mgr-destroy -n c
		assert_equal "$(tells d /etc/point)" "$point"
		mgr-rename -n d -N c
	done
	mgr-destroy -n c
	assert_equal "$(layers)" ""
}

# room NAME: MiB of its root file system, which runs.
room() {
	in_container "$1" df -m / | awk 'END { print $2 }'
}

@test "q.23 what is written in blocks grows and shrinks while it is stopped" {
	local size
	over c disk --block
	boot c
	in_container c sh -c 'echo one >/etc/one'
	run mgr-config -n c set rootfs.size 200M
	assert_status 1
	assert_contains "it is mounted: stop the container"
	mgr-stop -k -n c
	mgr-snapshot -n c small
	for size in 200 40960; do
		mgr-config -n c set rootfs.size "${size}M"
		boot c
		[ "$(room c)" -gt $((size * 9 / 10)) ] || show "$(room c)"
		[ "$size" != 200 ] || in_container c sh -c 'dd if=/dev/urandom of=/big bs=1M count=60; md5sum /big >/sum'
		in_container c md5sum -c /sum
		mgr-stop -k -n c
	done
	run mgr-config -n c set rootfs.size 50M
	assert_status 1
	boot c
	assert_equal "$(in_container c sh -c 'md5sum -c /sum; rm /big')" "/big: OK"
	mgr-stop -k -n c
	run env MGR_DEBUG_KILL=resize:fs mgr-config -n c set rootfs.size 100M
	assert_status 137
	boot c
	[ "$(room c)" -gt 30000 ] || show "it is smaller than its configuration says"
	mgr-stop -k -n c
	mgr-config -n c set rootfs.size 100M
	boot c
	[ "$(room c)" -lt 100 ] || show "$(room c)"
	mgr-stop -k -n c
	mgr-snapshot -n c -r small
	boot c
	[ "$(room c)" -lt 50 ] || show "$(room c)"
	assert_equal "$(in_container c cat /etc/one)" one
}

# said NAME: type and size, as mgr-info has it.
said() {
	mgr-info -n "$1" --json | jq -r '.[0] | "\(.filesystem) \(.filesystem_size)"'
}

@test "quota.1 mgr-info tells how large a file system in blocks is, grown, shrunk, copied, and over a file" {
	without_reflinks
	over c disk --block
	assert_equal "$(said c)" "ext4 $((48 << 20))"
	run mgr-info -n c
	assert_match 'Root: +block, /run/disks/disk \(ext4, 48.00 MiB\)'
	mgr-snapshot -n c small
	mgr-config -n c set rootfs.size 200M
	assert_equal "$(said c)" "ext4 $((200 << 20))"
	forget_later d
	mgr-copy -s -n c -N d
	assert_equal "$(said c)" "ext4 $((200 << 20))"
	assert_equal "$(said d)" "ext4 $((200 << 20))"
	mgr-config -n d set rootfs.size 100M
	assert_equal "$(said d)" "ext4 $((100 << 20))"
	boot d
	assert_equal "$(said d)" "ext4 $((100 << 20))"
	mgr-stop -k -n d
	mgr-snapshot -n c -r small
	assert_equal "$(said c)" "ext4 $((48 << 20))"
	container e -B loop -s net.0.type=empty --size 400M -s rootfs.options=type=xfs
	forget_later f
	mgr-copy -s -n e -N f
	assert_equal "$(said e)" "xfs $((400 << 20))"
	assert_equal "$(said f)" "xfs $((400 << 20))"
	mgr-config -n f set rootfs.size 500M
	assert_equal "$(said f)" "xfs $((500 << 20))"
	assert_equal "$(said e)" "xfs $((400 << 20))"
}

@test "q.23 a change of the size whose server is killed has failed, and says so" {
	local at ended=0
	over c disk --block
	MGR_DEBUG_STOP=resize:fs mgr-config -n c set rootfs.size 100M 2>told 3>&- &
	at=$!
	wait_until 30 grep -q '^State:.T' "/proc/$at/status"
	kill -KILL "$(servers)"
	kill -CONT "$at"
	wait "$at" || ended=$?
	assert_equal "$ended" 1
	assert_equal "$(<told)" "mgr-config: c: rootfs.size: what was written last may be lost: the server of its disk was killed"
}

@test "q.23 what has something behind it on its disk does not grow" {
	truncate -s 64M table
	printf 'label: gpt\nstart=2048,size=98304\nsize=16384\n' | sfdisk -q table
	dd if=raw of=table bs=1M seek=1 conv=notrunc,sparse status=none
	qemu-img convert -O qcow2 table parts
	over c parts --partition 1 --block
	run mgr-config -n c set rootfs.size 100M
	assert_status 1
	assert_contains "there is more behind its partition on '$disks/parts'"
	printf 'label: gpt\nstart=2048,size=98304\n' | sfdisk -q --wipe never table
	truncate -s 50M table
	printf 'label: gpt\nstart=2048,size=98304\n' | sfdisk -q --wipe never table
	qemu-img convert -O qcow2 table last
	over d last --block --size 100M
	boot d
	[ "$(room d)" -gt 85 ] || show "$(room d)"
	rm table parts last
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
	unmount mnt
	losetup -d "$loop"
	qemu-img convert -O qcow2 copy dirty
	run over c dirty
	assert_success
	assert_match "^mgr-create: c: the file system \(ext4\) in '$disks/dirty' was not unmounted, .* as with --block"
	run mgr-config -n c get rootfs.path
	assert_output "block:$disks/dirty"
	boot c
	run in_container c cat /etc/last
	assert_output last
	rm -r mnt crashed copy
}

# by_hand NAME PROGRAM...: run PROGRAM... FILE as the message of NAME's start says e2fsck is to be run.
by_hand() {
	local name=$1 shows file
	shift
	shows=$(grep -o 'mgr-qcow2 .* MNT, ' <<<"$output")
	file=$(grep -o 'e2fsck -f [^,]*' <<<"$output")
	mkdir mnt
	read -ra shows <<<"${shows%, }"
	"${shows[@]/#MNT/$PWD/mnt}" &
	wait_until 10 test -e mnt/disk
	"$@" "${file/#e2fsck -f MNT/$PWD/mnt}" || [ $? = 1 ]
	unmount mnt
	wait $!
	rmdir mnt
}

tear() {
	debugfs -w -R "clri /home/a" "$1"
	debugfs -w -R "set_super_value state 2" "$1"
}

# mended NAME COMMAND: NAME's file system is damaged, by COMMAND, which its start then says, and mended by that.
mended() {
	boot "$1"
	in_container "$1" sh -c 'mkdir -p /home/a/b; echo mine >/home/a/b/mine'
	mgr-stop -k -n "$1"
	output=$2 by_hand "$1" tear
	run mgr-start -n "$1"
	assert_status 1
	assert_contains "is damaged, and not mended without a word of yours (mgr-qcow2(1), A DAMAGED FILE SYSTEM): $2, umount MNT"
	by_hand "$1" e2fsck -fy
	boot "$1"
	in_container "$1" sh -c 'grep mine /lost+found/*/mine'
	mgr-stop -k -n "$1"
}

@test "q.22 a file system that is damaged is mended by what the start says" {
	local folder=$MGR_ROOT/var/lib/mgr layer
	over c disk --block
	mended c "mgr-qcow2 --delta $folder/c/delta/blocks $disks/disk MNT, e2fsck -f MNT/disk"
	truncate -s 64M table
	printf 'label: gpt\nstart=2048,size=98304\n' | sfdisk -q table
	dd if=raw of=table bs=1M seek=1 conv=notrunc,sparse status=none
	qemu-img convert -O qcow2 table part
	over d part --block
	mended d "mgr-qcow2 --delta $folder/d/delta/blocks $disks/part MNT, e2fsck -f MNT/disk?offset=1048576"
	rm table part
}

@test "q.22 what stands on images is mended by what the start says, too" {
	local folder=$MGR_ROOT/var/lib/mgr layer
	without_reflinks
	over c disk --block
	boot c
	mgr-stop -k -n c
	forget_later d
	mgr-copy -s -n c -N d
	layer=$(layers)
	mended d "mgr-qcow2 --backing-from $folder/.images --backing-from $disks --delta $folder/d/delta/blocks $folder/.images/$layer/blocks MNT, e2fsck -f MNT/disk"
	mgr-destroy -n d
	mgr-destroy -n c
	backend=loop container e -s net.0.type=empty --size 64M
	forget_later f
	mgr-copy -s -n e -N f
	mended f "mgr-qcow2 --raw --delta $folder/f/delta/blocks $folder/.images/$(layers)/file MNT, e2fsck -f MNT/disk"
	mgr-copy -s -n f -N d
	layer=$(find "$folder/.images" -name blocks)
	mended d "mgr-qcow2 --backing-from $folder/.images --delta $folder/d/delta/blocks $layer MNT, e2fsck -f MNT/disk"
}

@test "q.22 over a disk that is damaged no container is made, and a copy of it can be mended" {
	cp --sparse=always raw torn
	debugfs -w -R "mkdir /home/a" torn
	debugfs -w -R "mkdir /home/a/b" torn
	tear torn
	qemu-img convert -O qcow2 torn disk.torn
	run mgr-create -n c --disk disk.torn --block -s net.0.type=empty
	assert_status 1
	assert_contains "the file system in '$disks/disk.torn' is damaged: mend a copy, and make the container of that: mgr-qcow2 --convert $disks/disk.torn FILE, e2fsck -f FILE, --image FILE"
	mgr-qcow2 --convert "$disks/disk.torn" mend
	e2fsck -fy mend || [ $? = 1 ]
	forget_later c
	mgr-create -n c --image mend -s net.0.type=empty
	boot c
	mgr-destroy -f -n c
	rm torn disk.torn mend
}

@test "q.4 a server that is killed loses what was not synced, and the stop says so" {
	over c disk --block
	boot c
	in_container c sh -c 'echo kept >/etc/kept; sync'
	kill -9 "$(servers)"
	wait_until 5 eval '[ -z "$(servers)" ]'
	in_container c sh -c 'echo lost >/etc/lost' || :
	run mgr-stop -k -n c
	assert_status 3
	assert_contains "what was written last may be lost: the server of its disk was killed"
	run mgr-log -n c
	assert_contains "the server of its disk was killed"
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
	touch disk
	run mgr-start -n c
	assert_status 1
	assert_contains "has been written since"
}

@test "be.10 what was changed block by block, and thin copies of it, stand on the disk as it is now" {
	local name gone=$MGR_ROOT/var/lib/mgr/c/.snap/.gone
	cp disk moving
	over c moving --block
	boot c
	in_container c sh -c 'echo mine >/etc/mine; sync'
	mgr-stop -k -n c
	mgr-snapshot -n c before
	mgr-copy -s -n c -N other
	forget_later other
	touch moving
	for name in c other; do
		run mgr-start -n "$name"
		assert_status 1
		assert_contains "has been written since"
	done
	mkdir "$gone"
	mount -t tmpfs none "$gone" # one that was to be removed, and cannot be
	run mgr-images take moving
	unmount "$gone"
	assert_status 1
	assert_output $'mgr-images: c: remove \'.gone\': something is mounted there\nother'
	run mgr-images take moving
	assert_status 0
	assert_output c
	run find "$MGR_ROOT/var/lib/mgr/.images" -name blocks -printf '%T@ '
	assert_match '^([0-9]+\.0+ )+$' # as archives keep them
	for name in c other; do
		boot "$name"
		in_container "$name" test -e /etc/mine
		mgr-stop -k -n "$name"
	done
	mgr-snapshot -n c -r before
	boot c
	in_container c test -e /etc/mine
}

@test "loss.1 a delta that finds no room on the host's disk is told at the stop, and while it runs (loss.4)" {
	local disk=$BATS_TEST_TMPDIR/disk
	small_disk 32M "$disk"
	fallocate -l 24M "$disk/other"
	mkdir -m 700 "$disk/store"
	mgr-create -P "$disk/store" -n c --disk "$disks/disk" --block -s net.0.type=empty
	mgr-start -P "$disk/store" -n c
	mgr-monitor -P "$disk/store" >"$BATS_TEST_TMPDIR/said" 3>&- &
	local monitor=$!
	mgr-attach -P "$disk/store" -n c -- sh -c 'dd if=/dev/urandom of=/data bs=1M count=12; sync' 2>/dev/null || true
	wait_until 10 grep -qx "'c' may lose what it writes \[its disk is full or broken\]" "$BATS_TEST_TMPDIR/said"
	kill "$monitor"
	run mgr-info -P "$disk/store" -n c
	assert_match $'State: +RUNNING\nStorage: +what is written may be lost'
	run mgr-log -P "$disk/store" -n c
	assert_contains "storage: what is written may be lost: the server of its disk: lost a write: No space left on device"
	run mgr-stop -P "$disk/store" -k -n c
	assert_status 3
	assert_contains "mgr-stop: c: storage: what was written last may be lost: "
	assert_contains "No space left on device"
	run mgr-info -P "$disk/store" -n c
	assert_contains "storage: what was written last may be lost: "
	fill "$disk"
	run mgr-start -P "$disk/store" -n c
	assert_status 1
	assert_match "mgr-start: c: storage: the file system in '$disks/disk' is to be mended, which may take [0-9]+K of the host's disk"
	unfill "$disk"
	rm "$disk/other"
	mgr-start -P "$disk/store" -n c
	mgr-attach -P "$disk/store" -n c -- rm -f /data
	mgr-stop -P "$disk/store" -k -n c
	run mgr-info -P "$disk/store" -n c
	refute_contains "storage"
	mgr-destroy -P "$disk/store" -n c
	unmount "$disk"
}
