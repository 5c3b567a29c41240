#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-copy.

load ../lib/common
load ../lib/tree

# copy FROM NAME [OPTION...]
copy() {
	forget_later "$2"
	mgr-copy -n "$1" -N "$2" "${@:3}"
}

@test "copy.1 a copy is a machine of its own" {
	container web --forward tcp:8080:80 -s environment.COLOUR=blue
	local root=$store/web/rootfs id=0123456789abcdef0123456789abcdef
	echo $id | tee "$root/etc/machine-id" >/dev/null
	printf '127.0.1.1\tweb.example.org web # web\n192.0.2.7 web\n' >>"$root/etc/hosts"
	sed -i 's/^\[environment\]/# what it looks like\n&/' "$store/web/config"
	run copy web two
	assert_success
	assert_output "mgr-copy: two: forward.port: tcp:8080:80 is left out: only 'web' has it"
	local what
	for what in container.uuid container.idmap net.0.hwaddr; do
		[ -n "$(key two $what)" ]
		[ "$(key two $what)" != "$(key web $what)" ]
	done
	assert_equal "$(entries)" 8
	assert_equal "$(key two uts.name)" two
	assert_equal "$(key two environment.COLOUR)" blue
	assert_equal "$(grep -A1 '^# what' "$store/two/config")" "$(printf '# what it looks like\n[environment]')"
	root=$store/two/rootfs
	assert_equal "$(cat "$root/etc/hostname")" two
	assert_equal "$(sed 1,2d "$root/etc/hosts")" \
		"$(printf '127.0.1.1\ttwo\n127.0.1.1\ttwo.example.org two # web\n192.0.2.7 web')"
	run cat "$root/etc/machine-id"
	assert_match '^[0-9a-f]{12}4[0-9a-f]{19}$'
	[ "$output" != $id ]
	assert_equal "$(cat "$store/web/rootfs/etc/machine-id" "$store/web/rootfs/etc/hostname")" "$(printf '%s\nweb' $id)"

	boot web &
	boot two
	wait $!
	assert_equal "$(in_container two hostname)" two
	assert_equal "$(in_container web hostname)" web
	[ "$(container_ip two)" != "$(container_ip web)" ]
	run mgr-copy -n web -N three
	assert_status 1
	assert_output "mgr-copy: web: it is not stopped (RUNNING): stop it first"
}

@test "copy.1 all that a file can be is as it was" {
	container web -s net.0.type=empty
	rich_tree "$store/web/rootfs/home"
	copy web two
	diff <(tree_of "$store/web/rootfs" | grep -v ' ./etc/host') <(tree_of "$store/two/rootfs" | grep -v ' ./etc/host')
	[ "$(du -k "$store/two/rootfs/home/holes" | cut -f1)" -lt 100 ]
	echo more >>"$store/two/rootfs/home/file"
	assert_equal "$(<"$store/web/rootfs/home/file")" precious
}

@test "copy.1 however deep its folders are" {
	container web -s net.0.type=empty
	"$BATS_TEST_DIRNAME/../lib/deep.py" make "$store/web/rootfs/home"
	touch "$store/web/rootfs/.mgr-links-0"
	touch -d '2001-02-03 04:05:06.789' "$store/web/rootfs"
	copy web two
	deep_as_before two/rootfs
	assert_equal "$(cd "$store/two/rootfs" && find . -name '.mgr*')" ./.mgr-links-0
	assert_equal "$(stat -c %y "$store/two/rootfs")" "$(stat -c %y "$store/web/rootfs")"
	mgr-copy -n web -N three -B overlay
	forget_later three
	deep_as_before ".images/$(<"$store/three/delta/base")/upper"
	mgr-snapshot web
	deep_as_before web/.snap/snap0/rootfs
	mgr-snapshot web -r snap0
	deep_as_before web/rootfs
	mgr-destroy web
	[ ! -e "$store/web" ]
}

# deep_as_before FOLDER: of the store; what deep.py has made is in it.
deep_as_before() {
	run "$BATS_TEST_DIRNAME/../lib/deep.py" list "$store/$1/home"
	assert_output "40 ['file', 'symlink'] 0o42751 987654321
0o104751 1000 7 2 123456789 ['user.colour'] file
True"
}

@test "copy.1 -K keeps the host name, -M the hardware address" {
	container web -s uts.name=front
	echo front >"$store/web/rootfs/etc/hostname"
	run copy web two -K -M
	assert_success
	assert_contains "mgr-copy: two: net.0.hwaddr: $(key web net.0.hwaddr) is 'web''s too: only one of them can run at a time"
	assert_equal "$(key two uts.name)" front
	assert_equal "$(cat "$store/two/rootfs/etc/hostname")" front
	assert_equal "$(key two net.0.hwaddr)" "$(key web net.0.hwaddr)"
	[ "$(key two container.uuid)" != "$(key web container.uuid)" ]
}

@test "copy.1 addresses that the configuration names are not had twice" {
	mkdir -m 700 "$BATS_TEST_TMPDIR/more"
	printf '[net.1]\ntype = veth\nlink = none\nipv4.address = 192.0.2.9/24\n' >"$BATS_TEST_TMPDIR/more/net.conf"
	container web -s net.0.type=veth -s net.0.ipv4.address+=lease -s net.0.ipv4.address+=10.119.0.77/16
	mgr-config -n web set include.path "$BATS_TEST_TMPDIR/more/net.conf"
	run copy web two
	assert_success
	assert_contains "mgr-copy: two: net.0.ipv4.address: 10.119.0.77/16 is left out: only 'web' has it"
	assert_contains "mgr-copy: two: net.1.ipv4.address: is that of 'web' too: change it, or only one of them can run at a time"
	assert_equal "$(key two net.0.ipv4.address)" lease
	assert_equal "$(key two net.1.ipv4.address)" 192.0.2.9/24
}

@test "copy.1 what cannot be had is refused, and nothing is left of it" {
	container web -s net.0.type=empty
	run mgr-copy -n web -N WEB
	assert_status 1
	assert_output "mgr-copy: web: 'WEB': 'web' exists already: names are compared without case"
	run mgr-copy -n none -N two
	assert_status 1
	assert_output "mgr-copy: none: no such container"
	run mgr-copy web
	assert_status 64
	assert_contains "which name is the copy to have? give it with -N NEW"
	small_disk 3M "$BATS_TEST_TMPDIR/disk"
	own_store "$BATS_TEST_TMPDIR/disk"
	mgr-create -P "$BATS_TEST_TMPDIR/disk" -n web -t busybox -B dir -s net.0.type=empty
	head -c 400K /dev/urandom >"$BATS_TEST_TMPDIR/disk/web/rootfs/home/file"
	run mgr-copy -P "$BATS_TEST_TMPDIR/disk" -n web -N two
	local left
	left=$(ls -A "$BATS_TEST_TMPDIR/disk")
	mgr-destroy -P "$BATS_TEST_TMPDIR/disk" -n web
	unmount "$BATS_TEST_TMPDIR/disk"
	assert_status 1
	assert_contains "No space left on device"
	assert_equal "$left" web
	assert_equal "$(mgr-ls -1)" web
	[ ! -e "$store/.new" ]
}

@test "copy.1 a folder of the host's is copied into the store, unless its files have ids of the container's" {
	mkdir -m 700 "$BATS_TEST_TMPDIR/own"
	container base -s net.0.type=empty
	cp -a "$store/base/rootfs" "$BATS_TEST_TMPDIR/own/tree"
	forget_later web
	mgr-create -n web --rootfs "$BATS_TEST_TMPDIR/own/tree" -s net.0.type=empty
	copy web two
	assert_equal "$(key two rootfs.path)" "dir:$store/two/rootfs"
	assert_equal "$(cat "$store/two/rootfs/etc/hostname")" two
	assert_equal "$(cat "$BATS_TEST_TMPDIR/own/tree/etc/hostname")" base
	local first
	first=$(key web container.idmap | sed -n 's/^u 0 \([0-9]*\) .*/\1/p')
	chown "$first:$first" "$BATS_TEST_TMPDIR/own/tree"
	run mgr-copy -n web -N three
	assert_status 1
	assert_contains "the files of '$BATS_TEST_TMPDIR/own/tree' have its ids on disk"
}

@test "copy.2 interrupted at any point there is no half copy, and the next command that writes clears the rest" {
	container web
	local point
	for point in create:claimed copy:reserved copy:copied copy:renewed copy:configured; do
		tree_of "$store/web" >"$BATS_TEST_TMPDIR/before"
		run env MGR_DEBUG_KILL=$point mgr-copy -n web -N two
		assert_status 137
		[ ! -e "$store/two" ]
		copy web two
		mgr-destroy -n two
		[ ! -e "$store/.new" ]
		assert_equal "$(entries)" 4
		diff "$BATS_TEST_TMPDIR/before" <(tree_of "$store/web")
	done
	forget_later two
	run env MGR_DEBUG_KILL=create:renamed mgr-copy -n web -N two
	assert_status 137
	boot two
}

@test "copy.2 a signal ends it, and takes what it had made along" {
	container web
	local at
	for at in tree:file copy:copied; do
		run timeout $((20 * patience)) bash -c "MGR_DEBUG_STOP=$at mgr-copy -n web -N two & pid=\$!
			until grep -q '^State:.T' /proc/\$pid/status; do read -r -t 0.02 <> <(:); done
			kill -TERM \$pid
			kill -CONT \$pid
			wait \$pid"
		assert_status 143
		[ ! -e "$store/two" ]
		[ ! -e "$store/.new" ]
		assert_equal "$(entries)" 4
	done
}

@test "copy.4 all of a copy is on disk before it has its name" {
	container web -s net.0.type=empty
	forget_later two
	run sealed mgr-copy -n web -N two
	assert_output $'syncfs\nrenameat2'
}
