#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-destroy.

load ../lib/common

setup() {
	common_setup
	store=$MGR_ROOT/var/lib/mgr
}

entries() {
	find "$store"/.ids/by-* "$store"/.leases/by-* -type l | wc -l
}

@test "destroy.1 a running container is refused without -f" {
	container web
	boot web
	run mgr-destroy -n web
	assert_status 1
	assert_contains "mgr-destroy: web: "
	assert_contains "RUNNING"
	state_is web RUNNING
	run mgr-destroy -f -n web
	assert_success
	[ ! -e "$store/web" ]
	[ ! -e "$MGR_ROOT/run/mgr/web" ]
	[ ! -e "$MGR_ROOT/var/log/mgr/web" ]
}

@test "destroy.1 a stopped one goes with its address and ids" {
	container web
	assert_equal "$(entries)" 4
	mgr-destroy -n web
	[ ! -e "$store/web" ]
	assert_equal "$(entries)" 0
	run mgr-destroy -n web
	assert_status 1
	assert_output "mgr-destroy: web: no such container"
}

@test "destroy.1 a unit that stays enabled is told" {
	run unshare --mount --propagation private bash -c 'unset MGR_ROOT
		for d in /var/lib /var/log /run /etc/systemd/system; do mkdir -p "$d"; mount -t tmpfs -o mode=755 tmpfs "$d" || exit; done
		mkdir /etc/systemd/system/multi-user.target.wants
		ln -s /x "/etc/systemd/system/multi-user.target.wants/mgr@web.service"
		for name in web db; do
			mgr-create -n $name -t busybox -s net.0.type=empty 2>/dev/null && mgr-destroy -n $name || exit
		done'
	assert_success
	assert_output "mgr-destroy: web: mgr@web.service stays enabled, and will fail: systemctl disable mgr@web.service"
}

@test "destroy.1 several names: each is tried" {
	container one
	container two
	run mgr-destroy one none two
	assert_status 1
	assert_output "mgr-destroy: none: no such container"
	[ ! -e "$store/one" ]
	[ ! -e "$store/two" ]
}

@test "destroy.1 a container whose config is broken can be destroyed" {
	container web
	echo 'no such thing' >"$store/web/config"
	mgr-destroy -n web
	[ ! -e "$store/web" ]
	container other
	assert_equal "$(entries)" 4 # what the broken one had is found by the next that writes
}

@test "destroy.2 no symlink is followed out of the container" {
	container web
	mkdir -p "$BATS_TEST_TMPDIR/outside/dir"
	echo precious >"$BATS_TEST_TMPDIR/outside/file"
	ln -s "$BATS_TEST_TMPDIR/outside" "$store/web/rootfs/home/link"
	ln -s "$BATS_TEST_TMPDIR/outside/file" "$store/web/rootfs/home/file"
	rm -r "$store/web/rootfs/usr"
	ln -s "$BATS_TEST_TMPDIR/outside" "$store/web/rootfs/usr"
	mgr-destroy -n web
	[ ! -e "$store/web" ]
	assert_equal "$(<"$BATS_TEST_TMPDIR/outside/file")" precious
	[ -d "$BATS_TEST_TMPDIR/outside/dir" ]
}

@test "destroy.2 a container that is itself a symlink is none" {
	mkdir -p "$BATS_TEST_TMPDIR/outside"
	container web
	cp "$store/web/config" "$BATS_TEST_TMPDIR/outside/config"
	ln -s "$BATS_TEST_TMPDIR/outside" "$store/other"
	run mgr-destroy -n other
	rm "$store/other"
	assert_status 1
	assert_contains "no such container"
	[ -e "$BATS_TEST_TMPDIR/outside/config" ]
}

@test "destroy.2 while something is mounted in it, it is refused and whole" {
	container web
	mkdir -p "$BATS_TEST_TMPDIR/outside" "$store/web/rootfs/mnt/a b"
	echo precious >"$BATS_TEST_TMPDIR/outside/file"
	find "$store/web" | sort >"$BATS_TEST_TMPDIR/before"
	mount --bind "$BATS_TEST_TMPDIR/outside" "$store/web/rootfs/mnt/a b"
	run mgr-destroy -n web
	unmount "$store/web/rootfs/mnt/a b"
	assert_status 1
	assert_contains "something is mounted on '$store/web/rootfs/mnt/a b'"
	diff "$BATS_TEST_TMPDIR/before" <(find "$store/web" | sort)
	assert_equal "$(<"$BATS_TEST_TMPDIR/outside/file")" precious
	mgr-destroy -n web
}

@test "destroy.2 a mount that comes while it is being destroyed is not crossed" {
	container web
	mkdir -p "$BATS_TEST_TMPDIR/outside"
	echo precious >"$BATS_TEST_TMPDIR/outside/file"
	run env MGR_DEBUG_KILL=destroy:renamed mgr-destroy -n web
	assert_status 137
	local gone
	gone=$(echo "$store"/.gone/*)
	mount --bind "$BATS_TEST_TMPDIR/outside" "$gone/rootfs/mnt"
	container other # does not fail for it
	unmount "$gone/rootfs/mnt"
	assert_equal "$(<"$BATS_TEST_TMPDIR/outside/file")" precious
	mgr-destroy -n other
	[ ! -e "$store/.gone" ]
	assert_equal "$(entries)" 0
}

@test "destroy.3 interrupted at any point, it is no container, and the next command that writes finishes it" {
	container other
	local point
	for point in renamed removed released; do
		container web
		run env MGR_DEBUG_KILL="destroy:$point" mgr-destroy -n web
		assert_status 137
		[ ! -e "$store/web" ]
		run mgr-config -n web show
		assert_contains "no such container"
		container next
		mgr-destroy -n next
		[ ! -e "$store/.gone" ]
		assert_equal "$(entries)" 4
	done
}

@test "destroy.3 the name is free at once for another" {
	container web
	run env MGR_DEBUG_KILL=destroy:renamed mgr-destroy -n web
	assert_status 137
	container web
	assert_equal "$(entries)" 4
	boot web
}

# husk NAME: a container that has lost its config.
husk() {
	container "$1"
	rm "$store/$1/config"
}

@test "destroy.4 a folder without a config is named, and -f removes it with its address and ids" {
	husk web
	run mgr-create -n web -t busybox
	assert_status 1
	assert_output "mgr-create: web: exists already, without a config: 'mgr-destroy -f web' removes it"
	run mgr-start -n web
	assert_status 1
	assert_output "mgr-start: web: has no config: 'mgr-destroy -f web' removes it"
	run mgr-destroy -n web
	assert_status 1
	assert_output "mgr-destroy: web: has no config: 'mgr-destroy -f web' removes it"
	container other
	assert_equal "$(entries)" 8 # nobody else gets what it has
	run mgr-destroy -f -n web
	assert_success
	[ ! -e "$store/web" ]
	[ ! -e "$MGR_ROOT/var/log/mgr/web" ]
	assert_equal "$(entries)" 4
	container web
}

@test "destroy.4 one that runs is stopped first" {
	container web
	boot web
	rm "$store/web/config"
	run mgr-destroy -f -n web
	assert_success
	[ ! -e "$store/web" ]
	[ ! -e "$MGR_ROOT/run/mgr/web" ]
	assert_equal "$(find /sys/fs/cgroup -type d -path "*/mgr-$MGR_LAB_ID/web")" ""
	assert_equal "$(entries)" 0
}

@test "destroy.4 mgr-ls has a line for it on stderr" {
	container other
	husk web
	run --separate-stderr mgr-ls
	assert_success
	assert_output "other"
	assert_equal "$stderr" "mgr-ls: web: has no config: 'mgr-destroy -f web' removes it"
	mgr-destroy -f -n web
}

@test "destroy.5 one on a full disk goes, and makes room" {
	cd "$BATS_TEST_TMPDIR"
	small_disk 16M "$PWD/full"
	mgr-create -P full -n brim -t busybox -B dir -s net.0.type=empty
	mgr-start -P full -n brim
	mgr-stop -k -P full -n brim
	fill full
	run mkdir full/one
	assert_contains "No space left"
	mgr-destroy -P full -n brim
	assert_equal "$(mgr-ls -P full -1)" ""
	mkdir full/one
	unmount full
}

@test "destroy.4 what a folder that -P named has besides containers is left alone" {
	local folder=$BATS_TEST_TMPDIR/store
	mkdir -m 700 "$folder" "$folder/photos"
	echo precious >"$folder/photos/file"
	run mgr-destroy -P "$folder" -f -n photos
	assert_status 1
	assert_output "mgr-destroy: photos: no such container"
	assert_equal "$(<"$folder/photos/file")" precious
	run mgr-ls -P "$folder"
	assert_output ""
}
