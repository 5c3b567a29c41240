#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Thin copies of root file systems in a file, which the host's files cannot share, and copies of another size.
# shellcheck disable=SC2154 # status and output are bats's

load ../lib/common

store=${MGR_ROOT-}/var/lib/mgr
backend=loop

# image NAME [OPTION...]: a container without a network.
image() {
	container "$1" -s net.0.type=empty "${@:2}"
}

# How large the guest sees its file system, in MiB.
seen() {
	echo $(($(in_container "$1" df -k / | awk 'NR == 2 { print $2 }') / 1024))
}

# layers: the images that were made of what containers had.
layers() {
	find "$store/.images" -maxdepth 1 -name 'layer-*' -printf '%f\n'
}

# tells NAME FILE: what is in it, in there.
tells() {
	boot "$1" >/dev/null
	in_container "$1" cat "$2"
	mgr-stop -k -n "$1"
}

@test "copy.8 a file system in a file that cannot be shared is what thin copies stand on from then on" {
	local type sum
	without_reflinks
	for type in ext4 xfs btrfs; do
		container one-$type -s net.0.type=empty --size 320M -s "rootfs.options=type=$type"
		boot one-$type
		in_container one-$type sh -c 'echo one >/home/one; dd if=/dev/urandom of=/data bs=1M count=4; md5sum /data >/sum' 2>/dev/null
		run mgr-copy -s --live -n one-$type -N two
		assert_status 1
		assert_contains "here it has none: stop it first"
		mgr-stop -k -n one-$type
		mgr-snapshot -n one-$type old
		forget_later two
		mgr-copy -s -n one-$type -N two
		assert_equal "$(mgr-config -n one-$type get rootfs.path) $(mgr-config -n two get rootfs.path)" \
			"block:$store/one-$type/delta block:$store/two/delta"
		[ "$(du -sk "$store/two" | cut -f 1)" -lt 4096 ] || show "the copy has it all: $(du -sk "$store/two")"
		assert_equal "$(layers | wc -l)" 1
		sum=$(stat -c '%b %y' "$store/.images"/layer-*/file)
		boot two
		assert_equal "$(in_container two sh -c 'hostname; cat /etc/hostname /home/one; md5sum -c /sum')" $'two\ntwo\none\n/data: OK'
		[ "$(seen two)" -gt 250 ] || show "$(seen two)"
		in_container two sh -c 'echo two >/home/one; rm /data'
		mgr-stop -k -n two
		boot one-$type
		in_container one-$type md5sum -c /sum
		in_container one-$type rm /home/one
		mgr-stop -k -n one-$type
		mgr-snapshot -n one-$type -r old
		assert_equal "$(tells one-$type /home/one)" one
		stat -c '%b %y' "$store/.images"/layer-*/file | grep -Fx "$sum"
		mgr-destroy -n one-$type
		assert_equal "$(tells two /home/one)" two
		mgr-destroy -n two
		assert_equal "$(layers)" ""
	done
}

@test "be.5 what thin copies stand on is not written in place, at rest either" {
	local file
	without_reflinks
	image one --size 64M
	forget_later two
	mgr-copy -s -n one -N two
	file=$(echo "$store/.images"/layer-*/file)
	run mgr-create -n three --image "$file" --in-place -s net.0.type=empty
	assert_status 1
	assert_output "mgr-create: three: --image: '$file' is an image's, which containers stand on, as it is: copy the file"
	mgr-destroy -n one
	mgr-destroy -n two
}

@test "copy.8 a thin copy of a file system in a file that is killed leaves the source as it was, whatever comes next" {
	local point
	without_reflinks
	for point in thin:prepared restore:ready restore:exchanged copy:configured; do
		image one --size 64M
		forget_later two
		boot one
		in_container one sh -c "echo $point >/home/point"
		mgr-stop -k -n one
		run env MGR_DEBUG_KILL=$point mgr-copy -s -n one -N two
		assert_status 137
		assert_equal "$(tells one /home/point)" "$point"
		mgr-copy -s -n one -N two
		mgr-destroy -n one
		assert_equal "$(tells two /home/point)" "$point"
		mgr-destroy -n two
		assert_equal "$(layers)" ""
	done
}

@test "copy.9 a copy has another size" {
	local as
	image one --size 64M
	boot one
	in_container one sh -c 'dd if=/dev/urandom of=/data bs=1M count=30; md5sum /data >/sum' 2>/dev/null
	mgr-stop -k -n one
	forget_later two
	for as in "" -s; do # the second of blocks, the first not
		# shellcheck disable=SC2086 # none, or one
		mgr-copy -n one -N two $as --size 128M
		assert_equal "$(mgr-config -n two get rootfs.size)" 128M
		boot two
		[ "$(seen two)" -gt 100 ] || show "$(seen two)"
		mgr-destroy -f -n two
		# shellcheck disable=SC2086
		mgr-copy -n one -N two $as --size 50M
		boot two
		[ "$(seen two)" -lt 50 ] || show "$(seen two)"
		assert_equal "$(in_container two md5sum -c /sum)" "/data: OK"
		mgr-destroy -f -n two
		# shellcheck disable=SC2086
		run mgr-copy -n one -N two $as --size 20M
		assert_status 1
		assert_contains "rootfs.size"
		[ ! -e "$store/two" ]
	done
	run mgr-copy -n one -N two --size much
	assert_status 1
	assert_contains "'much' is no size"
	boot one
	[ "$(seen one)" -gt 50 ] || show "$(seen one)"
}

@test "copy.8 however many thin copies of thin copies there are, more can be made" {
	local i
	[ "$slow" = 1 ] || skip "fifty copies take too long on this machine"
	without_reflinks
	image copy-0 --size 64M
	boot copy-0
	in_container copy-0 sh -c 'dd if=/dev/urandom of=/data bs=1M count=2; md5sum /data >/sum' 2>/dev/null
	mgr-stop -k -n copy-0
	for ((i = 1; i <= 51; i++)); do # each has another host name, so that it has changed something
		forget_later "copy-$i"
		mgr-copy -s -n "copy-$((i - 1))" -N "copy-$i"
		mgr-destroy -n "copy-$((i - 1))"
	done
	assert_equal "$(layers | wc -l)" 3
	boot copy-51
	assert_equal "$(in_container copy-51 sh -c 'md5sum -c /sum; cat /etc/hostname')" $'/data: OK\ncopy-51'
	mgr-destroy -f -n copy-51
	assert_equal "$(layers)" ""
}
