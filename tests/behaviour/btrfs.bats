#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A store on btrfs: the backend of that name, and folders whose files share what they have in common.

load ../lib/common
load ../lib/tree

# disk_of TYPE FOLDER [MIB]: an empty file system there, for root alone.
disk_of() {
	truncate -s "${3:-600}M" "$2.img"
	"mkfs.$1" -q "$2.img"
	mkdir -p "$2"
	mount -o loop "$2.img" "$2"
	chmod 700 "$2"
}

setup_file() {
	disk_of btrfs "$BATS_FILE_TMPDIR/disk"
	mkdir -p "$MGR_ROOT/var/lib/mgr"
	mount --bind "$BATS_FILE_TMPDIR/disk" "$MGR_ROOT/var/lib/mgr"
}

teardown_file() {
	unmount "$MGR_ROOT/var/lib/mgr" "$BATS_FILE_TMPDIR/disk"
}

setup() {
	common_setup
	store=$MGR_ROOT/var/lib/mgr
	backend=btrfs
}

key() {
	mgr-config -n "$1" get "$2"
}

# uuid_of SUBVOLUME, parent_of SUBVOLUME: whose snapshot it is.
uuid_of() {
	btrfs subvolume show "$1" | sed -n 's/^\s*UUID:\s*//p'
}

parent_of() {
	btrfs subvolume show "$1" | sed -n 's/^\s*Parent UUID:\s*//p'
}

# Subvolumes that there are: but for the store itself.
subvolumes() {
	btrfs subvolume list "$store" | sed 's/.* path //' | sort | paste -sd' '
}

# nest FOLDER: subvolumes as guests have them.
nest() {
	mkdir "$1/var/lib"
	btrfs -q subvolume create "$1/var/lib/machines"
	btrfs -q subvolume create "$1/var/lib/machines/inner"
	rich_tree "$1/var/lib/machines/inner"
	btrfs -q subvolume create "$1/srv"
	echo kept >"$1/srv/file"
	btrfs property set -ts "$1/srv" ro true
}

@test "be.3 -B btrfs: the root file system is a subvolume, and goes with the container" {
	container web
	assert_equal "$(key web rootfs.path)" "btrfs:$store/web/rootfs"
	assert_equal "$(subvolumes)" web/rootfs
	boot web
	in_container web sh -c 'echo inside >/root/file; chmod 4711 /root/file'
	assert_equal "$(stat -c '%u:%g %a' "$store/web/rootfs/root/file")" "0:0 4711"
	mgr-stop -k web
	mgr-destroy web
	assert_equal "$(subvolumes)" ""
}

@test "be.3 auto is never btrfs, mgr.conf can say it, and where the store has no subvolumes it is refused" {
	backend=auto container plain -s net.0.type=empty
	[[ $(key plain rootfs.path) != btrfs:* ]]
	mkdir -p "$MGR_ROOT/etc/mgr"
	printf '[storage]\nbackend = btrfs\n' >"$MGR_ROOT/etc/mgr/mgr.conf"
	forget_later web
	mgr-create -n web -t busybox -s net.0.type=empty
	rm "$MGR_ROOT/etc/mgr/mgr.conf"
	assert_equal "$(key web rootfs.path)" "btrfs:$store/web/rootfs"
	local disk=$BATS_TEST_TMPDIR/other
	small_disk 4M "$disk"
	own_store "$disk"
	run mgr-create -P "$disk" -n web -t busybox -B btrfs
	assert_equal "$(ls -A "$disk")" ""
	unmount "$disk"
	assert_status 1
	assert_output "mgr-create: web: the store '$disk' is not on btrfs, and has no subvolumes: use another backend"
}

@test "be.3 a copy, thin or not, and a snapshot are snapshots of the subvolume" {
	container web
	rich_tree "$store/web/rootfs/home"
	forget_later two
	forget_later three
	mgr-copy -n web -N two
	mgr-copy -n web -N three -s
	mgr-snapshot -n web one
	local copy
	for copy in two three web/.snap/one; do
		assert_equal "$(parent_of "$store/$copy/rootfs")" "$(uuid_of "$store/web/rootfs")"
		diff <(tree_of "$store/web/rootfs" | grep -v ' ./etc\| ./etc/host') <(tree_of "$store/$copy/rootfs" | grep -v ' ./etc\| ./etc/host')
	done
	assert_equal "$(key two rootfs.path) $(cat "$store/two/rootfs/etc/hostname")" "btrfs:$store/two/rootfs two"
	boot two
	in_container two sh -c 'echo two >/home/file'
	mgr-stop -k two
	assert_equal "$(<"$store/web/rootfs/home/file")" precious

	echo changed >"$store/web/rootfs/home/file"
	mgr-snapshot -n web -r one
	assert_equal "$(<"$store/web/rootfs/home/file")" precious
	forget_later four
	mgr-snapshot -n web -r one -N four
	mgr-snapshot -n web -d one
	assert_equal "$(subvolumes)" "four/rootfs three/rootfs two/rootfs web/rootfs"
	boot web
	boot four
}

@test "be.3 subvolumes that a guest has made are copied, kept, restored, packed and removed with its own" {
	container web -s net.0.type=empty
	nest "$store/web/rootfs"
	tree_of "$store/web/rootfs/var" >"$BATS_TEST_TMPDIR/nested"
	forget_later two
	mgr-copy -n web -N two
	mgr-snapshot -n web one
	echo changed >"$store/web/rootfs/var/lib/machines/inner/file"
	btrfs property set -ts "$store/web/rootfs/srv" ro false
	rm "$store/web/rootfs/srv/file"
	mgr-snapshot -n web -r one
	local name
	for name in web two; do
		diff "$BATS_TEST_TMPDIR/nested" <(tree_of "$store/$name/rootfs/var")
		assert_equal "$(cat "$store/$name/rootfs/srv/file") $(btrfs property get -ts "$store/$name/rootfs/srv" ro)" "kept ro=true"
	done
	assert_equal "$(subvolumes | wc -w)" 12
	mgr-export -n web -o "$BATS_TEST_TMPDIR/web.tar"
	forget_later five
	mgr-import "$BATS_TEST_TMPDIR/web.tar" -N five
	diff <(tree_of "$store/web/rootfs/srv") <(tree_of "$store/five/rootfs/srv")
	cmp "$store/web/rootfs/var/lib/machines/inner/file" "$store/five/rootfs/var/lib/machines/inner/file"
	mgr-destroy five
	forget_later three
	backend=dir container three -s net.0.type=empty
	nest "$store/three/rootfs"
	forget_later four
	mgr-copy -n three -N four
	diff <(tree_of "$store/three/rootfs/var") <(tree_of "$store/four/rootfs/var")
	assert_equal "$(<"$store/four/rootfs/srv/file")" kept
	mgr-destroy web two three four
	assert_equal "$(subvolumes)" ""
}

@test "be.3 subvolumes in each other, and folders in them, are removed however deep they are" {
	container web -s net.0.type=empty
	local at=$store/web/rootfs/home name
	name=$(printf '%0250d' 0)
	for _ in {1..25}; do
		btrfs -q subvolume create "$at/deeper"
		at=$at/deeper
	done
	(
		cd "$store/web/rootfs/home"
		for _ in {1..40}; do
			mkdir "$name"
			cd "$name"
		done
		btrfs -q subvolume create far
		btrfs -q subvolume create far/off
		mkdir -p far/off/a/b
	)
	mgr-destroy web
	assert_equal "$(subvolumes)" ""
	assert_equal "$(ls "$store")" ""
}

@test "be.3 snap.2 a restore that is killed leaves the container as it was, or restored" {
	container web -s limits.memory=64M -s net.0.type=empty
	mgr-snapshot -n web one
	local point
	for point in begun copied configured ready exchanged committed removed; do
		mgr-config -n web set limits.memory 96M
		echo now >"$store/web/rootfs/home/now"
		run env MGR_DEBUG_KILL=restore:$point mgr-snapshot -n web -r one
		assert_status 137
		mgr-config -n web set limits.pids 1000 # the next that writes
		case $point in
		exchanged | committed | removed)
			[ ! -e "$store/web/rootfs/home/now" ]
			assert_equal "$(key web limits.memory)" 64M
			;;
		*)
			[ -e "$store/web/rootfs/home/now" ]
			assert_equal "$(key web limits.memory)" 96M
			;;
		esac
		assert_equal "$(ls -A "$store/web/.snap")" one
		assert_equal "$(subvolumes)" "web/.snap/one/rootfs web/rootfs"
	done
}

# used FOLDER: bytes of its file system.
used() {
	sync -f "$1"
	df --output=used -B1 "$1" | tail -n 1
}

# Space that a copy of a folder with 16 MiB takes there, in MiB.
copy_takes() {
	local before
	head -c 16M /dev/urandom >"$1/one/rootfs/home/file"
	before=$(used "$1")
	mgr-copy -P "$1" -n one -N two
	cmp "$1/one/rootfs/home/file" "$1/two/rootfs/home/file"
	echo $((($(used "$1") - before) >> 20))
}

@test "be.2 the files of a copied folder share what they have in common where the file system can: btrfs, xfs" {
	local type
	for type in btrfs xfs; do
		local disk=$BATS_TEST_TMPDIR/$type
		disk_of $type "$disk"
		own_store "$disk"
		mgr-create -P "$disk" -n one -t busybox -B dir -s net.0.type=empty
		run copy_takes "$disk"
		mgr-destroy -P "$disk" one two
		unmount "$disk"
		assert_success
		[ "$output" -lt 8 ] || show "$type: $output MiB"
	done
}

@test "copy.1 of more attributes than the kernel lists, which a guest can make, those that matter are kept" {
	forget_later many
	mgr-create -n many -t busybox -B dir -s net.0.type=empty
	local file=$store/many/rootfs/home/file
	cp /bin/true "$file"
	setcap cap_net_raw+ep "$file"
	python3 -c 'import os, sys
for i in range(270):
    os.setxattr(sys.argv[1], "user.%03d" % i + 240 * "x", b"1")' "$file"
	run ! getfattr "$file"
	forget_later two
	mgr-copy -n many -N two
	assert_equal "$(getcap "$store/two/rootfs/home/file" | sed 's/.* //')" cap_net_raw=ep
	run mgr-export -n many -o "$BATS_TEST_TMPDIR/many.tar"
	assert_success
	assert_output "left out: 1 files' extended attributes, which are more than can be listed, such as './home/file'"
}
