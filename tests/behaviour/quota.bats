#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# How much a container may have, and what it takes.

load ../lib/common
load ../lib/tree

setup() {
	common_setup
	store=$MGR_ROOT/var/lib/mgr
}

teardown() {
	common_teardown
	! mountpoint -q "$store" || unmount "$store"
}

# store_on TYPE [MOUNT-OPTION [MKFS-OPTION...]]
store_on() {
	truncate -s 400M "$BATS_TEST_TMPDIR/$1.img"
	"mkfs.$1" -q "${@:3}" "$BATS_TEST_TMPDIR/$1.img" 2>/dev/null
	mkdir -p "$store"
	chmod 700 "$store"
	mount -o "loop,${2-rw}" "$BATS_TEST_TMPDIR/$1.img" "$store" && chmod 700 "$store"
}

# fill NAME: MiB that a guest can write.
fill() {
	in_container "$1" sh -c 'dd if=/dev/zero of=/home/big bs=64k count=800 conv=fsync 2>&1; du -m /home/big | cut -f1; rm /home/big' | tail -n 1
}

# disk NAME: MiB that it takes, as mgr-ls has it; with its limit.
disk() {
	sync -f "$store"
	mgr-ls -F name,disk,disk_limit --json | jq -r ".[] | select(.name == \"$1\") | \"\(.disk / 1048576 | floor) \(.disk_limit / 1048576)\""
}

# What all that can have a bound have in common: `web` may have 24 MiB, then 40. $most: a copy may have so
# much more, where what it shares does not count.
bounded() {
	container web -s rootfs.size=24M -s net.0.type=empty
	boot web
	run fill web
	[ "$output" -ge 12 ] && [ "$output" -le 24 ]
	in_container web dd if=/dev/urandom of=/home/some bs=1M count=10 conv=fsync
	run disk web
	assert_match '^1[0-4] 24$'
	run mgr-config -n web set rootfs.size 4M
	assert_status 1
	assert_match "rootfs.size: it takes 1[0-9] MiB already"
	mgr-config -n web set rootfs.size 40M
	run fill web
	[ "$output" -ge 18 ] && [ "$output" -le 30 ]
	mgr-stop -k web

	forget_later two
	mgr-copy -n web -N two
	mgr-snapshot -n web one
	mgr-snapshot -n web -r one
	local name
	for name in web two; do
		boot $name
		run fill $name
		[ "$output" -ge 18 ] && [ "$output" -le "${most:-30}" ]
		mgr-stop -k $name
	done
	mgr-destroy web two
}

@test "quota.1 btrfs: a container has no more than rootfs.size, nor a copy, nor what a restore makes" {
	backend=btrfs
	store_on btrfs
	btrfs quota enable "$store"
	btrfs quota rescan -w "$store" >/dev/null
	bounded
}

# Turn on simple quotas, which this btrfs(8) may not know: BTRFS_QUOTA_CTL_ENABLE_SIMPLE_QUOTA.
simple_quotas() {
	python3 - "$1" <<-END
		import fcntl, os, struct, sys
		fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0xC0109428, struct.pack("QQ", 4, 0))
	END
}

@test "quota.1 btrfs: with simple quotas subvolumes that root inside makes count, too" {
	backend=btrfs
	store_on btrfs
	simple_quotas "$store" 2>/dev/null || skip "this kernel has no simple quotas"
	most=40 bounded
	container web -s rootfs.size=24M -s net.0.type=empty
	btrfs -q subvolume create "$store/web/rootfs/home/before"
	boot web
	btrfs -q subvolume create "$store/web/rootfs/home/after"
	local each
	for each in before after; do
		run in_container web dd if=/dev/zero of=/home/$each/file bs=1M count=12 conv=fsync
	done
	[ "$status" -ne 0 ]
	assert_contains "Disk quota exceeded"
}

# by_project BACKEND: on ext4 and xfs, as far as the kernel has it there.
by_project() {
	backend=$1
	local type tried=
	for type in ext4 xfs; do
		if [ $type = ext4 ]; then
			store_on ext4 prjquota -O quota,project 2>/dev/null || continue
		else
			store_on xfs prjquota 2>/dev/null || continue
		fi
		tried=1
		bounded
		unmount "$store"
	done
	[ -n "$tried" ] || skip "this kernel has no project quota"
}

@test "quota.1 dir: by project quota where ext4 or xfs are mounted so" {
	by_project dir
}

@test "quota.1 overlay: what it changes, by project quota where ext4 or xfs are mounted so" {
	most=40 by_project overlay # a snapshot is below it from then on
}

@test "quota.1 where nothing can bound it rootfs.size is refused, saying what can" {
	run mgr-create -n web -t busybox -B dir -s rootfs.size=24M
	assert_status 1
	assert_output "mgr-create: web: nothing bounds the folder '$store': its file system is not ext4 or xfs, mounted with prjquota, on Linux 5.14 or later; a container made with -B loop has a size anywhere"
	run mgr-create -n web -t busybox -B overlay -s rootfs.size=24M
	assert_status 1
	assert_contains "mgr-create: web: nothing bounds the folder '$store'"
	store_on btrfs
	run mgr-create -n web -t busybox -B btrfs -s rootfs.size=24M
	assert_status 1
	assert_output "mgr-create: web: nothing bounds a subvolume in '$store': its file system counts none, until 'btrfs quota enable $store' has it do so"
	run mgr-create -n web -t busybox -B dir -s rootfs.size=24M
	assert_status 1
	assert_output "mgr-create: web: nothing bounds a folder of btrfs, '$store': a container made with -B btrfs can have a size"
	run mgr-ls -1
	assert_output ""
	[ ! -e "$store/.new" ]
	container web -B btrfs -s net.0.type=empty
	run mgr-config -n web set rootfs.size 24M
	assert_status 1
	assert_contains "rootfs.size: nothing bounds a subvolume in '$store'"
	run mgr-start web -s rootfs.size=24M
	assert_status 1
	assert_contains "nothing bounds a subvolume in '$store'"
	btrfs quota enable "$store"
	mgr-config -n web set rootfs.size 24M
	boot web
	mgr-stop -k web
	run mgr-copy -n web -N two -B overlay
	assert_status 1
	assert_contains "mgr-copy: web: 'two': nothing bounds a folder of btrfs, '$store'"
	forget_later two
	mgr-copy -n web -N two
	assert_equal "$(btrfs qgroup show -r "$store" | grep -c ' 24.00MiB')" 2
	run mgr-info -n web -S
	assert_match $'\nDisk limit: +24.00 MiB(\n|$)'
}

@test "quota.1 mgr-ls and mgr-info show the backend, what is taken and the limit" {
	container web -s net.0.type=empty
	run mgr-ls -F NAME,BACKEND,DISK_LIMIT
	assert_match 'web +dir +-'
	run mgr-ls --json
	assert_success
	assert_equal "$(jq -c '.[] | [.backend, .disk_limit]' <<<"$output")" '["dir",null]'
	mgr-destroy web
	store_on btrfs
	mkdir -m 700 "$store/x"
	own_store "$store/x"
	mgr-create -P "$store/x" -n web -t busybox -B btrfs -s net.0.type=empty
	head -c 9M /dev/urandom >"$store/x/web/rootfs/home/file"
	btrfs -q subvolume create "$store/x/web/rootfs/home/inner"
	head -c 9M /dev/urandom >"$store/x/web/rootfs/home/inner/file"
	sync -f "$store"
	run mgr-ls -P "$store/x" -F name,backend,disk --json
	mgr-destroy -P "$store/x" web
	assert_equal "$(jq -c '.[] | [.backend, (.disk / 1000000 | floor) >= 18]' <<<"$output")" '["btrfs",true]'
}
