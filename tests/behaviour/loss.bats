#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a file system in a file could not keep, as the host's disk was full.
# shellcheck disable=SC2154 # status and output are bats's

load ../lib/common

# lose NAME: it writes until the disk with the store is full, and ends.
lose() {
	mgr-start -P "$disk/store" -n "$1"
	mgr-attach -P "$disk/store" -n "$1" -- sh -c '
		n=0; while dd if=/dev/zero of=/home/big$n bs=1M count=4 2>/dev/null && sync && [ $n -lt 60 ]; do n=$((n+1)); done' || true
	run mgr-stop -P "$disk/store" -k -n "$1"
	assert_status 3
}

@test "loss.1 on a disk that is full the end of a run is kept, says what it was, and is the reason of the next start" {
	local disk=$BATS_TEST_TMPDIR/disk full
	small_disk 32M "$disk"
	mkdir -m 700 "$disk/store"
	mgr-create -P "$disk/store" -n full -t busybox -B loop --size 64M -s net.0.type=empty
	mgr-start -P "$disk/store" -n full
	fill "$disk"
	mgr-attach -P "$disk/store" -n full -- dd if=/dev/zero of=/home/big bs=1M count=40 2>/dev/null || true
	run mgr-stop -P "$disk/store" -k -n full
	assert_status 3
	full="may be lost: [A-Za-z/ -]+ \\(the host's disk is full where '$disk/store/full/rootfs.img' is\\)"
	assert_match "^mgr-stop: full: storage: what was written last $full$"
	run mgr-info -P "$disk/store" -n full
	assert_match "Last run: .*, killed by mgr-stop; storage: what was written last $full"
	run mgr-ls -P "$disk/store" --json
	assert_match "\"last_lost\": \"what was written last $full"
	run mgr-execute -P "$disk/store" -n full -- true
	assert_status 125
	assert_match "which may take [0-9]+K of the host's disk.*: in its last run what was written last $full"
	dd if=/dev/zero of="$disk/store/full/rootfs.img" bs=4K count=1 conv=notrunc status=none
	run mgr-start -P "$disk/store" -n full
	assert_status 1
	assert_match "in its last run what was written last $full"
	run mgr-start -P "$disk/store" -n full
	assert_status 1
	assert_match "in its last run what was written last $full"
	mgr-destroy -P "$disk/store" -n full
	unmount "$disk"
}

@test "loss.1 on a btrfs that is full, too" {
	local disk=$BATS_TEST_TMPDIR/disk
	truncate -s 128M "$disk.img"
	mkfs.btrfs -q "$disk.img"
	mkdir -m 700 "$disk"
	mount -o loop "$disk.img" "$disk"
	mkdir -m 700 "$disk/store"
	mgr-create -P "$disk/store" -n full -t busybox -B loop --size 200M -s net.0.type=empty
	mgr-start -P "$disk/store" -n full
	dd if=/dev/zero of="$disk/fill" bs=1M status=none || true
	sync -f "$disk"
	dd if=/dev/zero of="$disk/rest" bs=4K status=none || true
	sync -f "$disk"
	mgr-attach -P "$disk/store" -n full -- dd if=/dev/zero of=/home/big bs=1M count=40 2>/dev/null || true
	run mgr-stop -P "$disk/store" -k -n full
	assert_status 3
	run mgr-info -P "$disk/store" -n full
	assert_contains "storage: what was written last may be lost"
	mgr-destroy -P "$disk/store" -n full
	unmount "$disk"
}

@test "loss.1 that the disk was full before the first run is in the way of none of it" {
	local disk=$BATS_TEST_TMPDIR/disk
	small_disk 120M "$disk" # of which ext4 keeps some for itself
	mkdir -m 700 "$disk/store"
	mgr-create -P "$disk/store" -n first -t busybox -B loop --size 64M -s net.0.type=empty
	fill "$disk"
	mgr-start -P "$disk/store" -n first
	mgr-attach -P "$disk/store" -n first -- dd if=/dev/zero of=/home/big bs=1M count=40 2>/dev/null || true
	run mgr-stop -P "$disk/store" -k -n first
	assert_status 3
	assert_contains "(the host's disk is full where '$disk/store/first/rootfs.img' is)"
	run mgr-info -P "$disk/store" -n first
	assert_contains "killed by mgr-stop; storage: what was written last may be lost"
	mgr-destroy -P "$disk/store" -n first
	unfill "$disk"
	mgr-create -P "$disk/store" -n first -t busybox -B loop --size 64M -s net.0.type=empty
	fill "$disk"
	run mgr-execute -P "$disk/store" -n first -- dd if=/dev/zero of=/home/big bs=1M count=40
	assert_match "mgr-execute: first: storage: what was written last may be lost: "
	mgr-destroy -P "$disk/store" -n first
	unmount "$disk"
}

@test "loss.3 a file system is not mended while the host's disk has no room for that, and it is when there is" {
	local disk=$BATS_TEST_TMPDIR/disk before
	small_disk 110M "$disk"
	fallocate -l 20M "$disk/other"
	mkdir -m 700 "$disk/store"
	mgr-create -P "$disk/store" -n c -t busybox -B loop --size 200M -s net.0.type=empty
	lose c
	fill "$disk"
	before=$(sha256sum "$disk/store/c/rootfs.img")
	for _ in 1 2; do
		run mgr-start -P "$disk/store" -n c
		assert_status 1
		assert_match "mgr-start: c: storage: the file system in '$disk/store/c/rootfs.img' is to be mended, which may take [0-9]+K of the host's disk, and that has 0K: make room there first \\(nothing has been changed\\): in its last run what was written last may be lost"
	done
	run mgr-config -P "$disk/store" -n c set rootfs.size 100M
	assert_status 1
	assert_contains "make room there first"
	assert_equal "$(sha256sum "$disk/store/c/rootfs.img")" "$before"
	unfill "$disk"
	rm "$disk/other"
	mgr-start -P "$disk/store" -n c
	mgr-attach -P "$disk/store" -n c -- sh -c 'rm /home/big*'
	mgr-stop -P "$disk/store" -k -n c
	run mgr-info -P "$disk/store" -n c
	refute_contains "storage"
	e2fsck -fn "$disk/store/c/rootfs.img"
	mgr-destroy -P "$disk/store" -n c
	unmount "$disk"
}

@test "loss.3 a machine that went down asks for room as well, and an image that has all its room asks for none" {
	local disk=$BATS_TEST_TMPDIR/disk image
	small_disk 90M "$disk"
	mkdir -m 700 "$disk/store"
	mgr-create -P "$disk/store" -n c -t busybox -B loop --size 64M -s net.0.type=empty
	image=$disk/store/c/rootfs.img
	debugfs -w -R 'ssv state 0' "$image" 2>/dev/null # it was not unmounted
	fill "$disk"
	run mgr-start -P "$disk/store" -n c
	assert_status 1
	assert_match "is to be mended, which may take 1[0-9]{3}K of the host's disk, and that has 0K: make room there first \\(nothing has been changed\\)$"
	unfill "$disk"
	fallocate -l 64M "$image"
	fill "$disk"
	mgr-start -P "$disk/store" -n c
	run mgr-log -n c -P "$disk/store"
	assert_contains "e2fsck has mended the file system in '$image'"
	mgr-stop -P "$disk/store" -k -n c
	mgr-destroy -P "$disk/store" -n c
	unmount "$disk"
}

@test "loss.4 that the host's disk is full is told while it runs, and what was lost before a reboot inside, too" {
	local disk=$BATS_TEST_TMPDIR/disk monitor
	small_disk 40M "$disk"
	mkdir -m 700 "$disk/store"
	mgr-create -P "$disk/store" -n c -t busybox -B loop --size 64M -s net.0.type=empty
	mgr-start -P "$disk/store" -n c
	mgr-monitor -P "$disk/store" >"$BATS_TEST_TMPDIR/said" 3>&- &
	monitor=$!
	fill "$disk"
	mgr-attach -P "$disk/store" -n c -- sh -c 'dd if=/dev/zero of=/home/big bs=1M count=40; sync; mkdir /home/more' 2>/dev/null || true
	wait_until 10 grep -qx "'c' may lose what it writes \[its disk is full or broken\]" "$BATS_TEST_TMPDIR/said"
	run mgr-info -P "$disk/store" -n c
	assert_match $'State: +RUNNING\nStorage: +what is written may be lost'
	run mgr-ls -P "$disk/store" -f
	assert_contains "mgr-ls: c: storage: what is written may be lost"
	mgr-info -P "$disk/store" -n c --json 2>/dev/null | jq -e '.[].failing != null'
	run mgr-log -P "$disk/store" -n c
	assert_contains "storage: what is written may be lost: its file system had an error (the host's disk is full where '$disk/store/c/rootfs.img' is)"
	unfill "$disk"
	mgr-attach -P "$disk/store" -n c -- reboot -f || true
	wait_until 20 sh -c "mgr-info -P '$disk/store' -n c --json 2>/dev/null | jq -e '.[] | .state == \"RUNNING\" and .failing == null and (.last_lost // \"\") != \"\"'"
	run mgr-stop -P "$disk/store" -k -n c
	assert_status 3
	assert_contains "mgr-stop: c: storage: what was written last may be lost: "
	run mgr-info -P "$disk/store" -n c
	assert_match "Last run: .*killed by mgr-stop; storage: what was written last may be lost: "
	mgr-start -P "$disk/store" -n c
	mgr-stop -P "$disk/store" -k -n c
	run mgr-info -P "$disk/store" -n c
	refute_contains "storage"
	kill "$monitor"
	mgr-destroy -P "$disk/store" -n c
	unmount "$disk"
}
