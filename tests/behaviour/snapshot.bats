#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-snapshot.

load ../lib/common
load ../lib/tree

# How many there are.
count() {
	mgr-snapshot -n web -L --json | jq length
}

# state_of NAME: its files and its configuration, as they would be restored.
state_of() {
	tree_of "$store/$1/rootfs"
	cat "$store/$1/config"
}

@test "snap.1 what was is listed, restored and removed" {
	container web
	rich_tree "$store/web/rootfs/home"
	run mgr-snapshot -n web --comment 'as it came'
	assert_success
	assert_output snap0
	state_of web >"$BATS_TEST_TMPDIR/before"
	local mac
	mac=$(key web net.0.hwaddr)

	echo changed >"$store/web/rootfs/home/file"
	rm "$store/web/rootfs/home/suid"
	mgr-config -n web set limits.memory 64M
	run mgr-snapshot -n web
	assert_output snap1
	mgr-snapshot -n web other --comment $'more\e[31m\n\\x größer'
	run env LC_ALL=C.UTF-8 mgr-snapshot -n web -L
	assert_success
	assert_match $'^NAME +CREATED +SIZE +COMMENT\n'
	assert_match $'\nsnap0 +20.* MiB +as it came\nsnap1 +20.* MiB +-\nother '
	assert_contains 'MiB more\x1b[31m\x0a\x5cx größer'
	run bash -c 'mgr-snapshot -n web -L --json | jq -r ".[] | del(select(.name == \"other\").comment) | [.name, (.size > 1000000), (.created | startswith(\"20\")), .comment] | @csv"'
	assert_output $'"snap0",true,true,"as it came"\n"snap1",true,true,\n"other",true,true,'

	mgr-snapshot -n web -r snap0
	diff "$BATS_TEST_TMPDIR/before" <(state_of web)
	assert_equal "$(ls -A "$store/web/.snap")" $'other\nsnap0\nsnap1'
	mgr-snapshot -n web -r snap1
	assert_equal "$(<"$store/web/rootfs/home/file")" changed
	assert_equal "$(key web limits.memory)" 64M
	assert_equal "$(key web net.0.hwaddr)" "$mac"
	boot web

	run mgr-snapshot -n web -r snap0
	assert_status 1
	assert_output "mgr-snapshot: web: it is not stopped (RUNNING): stop it first"
	run mgr-snapshot -n web
	assert_status 1
	assert_output "mgr-snapshot: web: it is not stopped (RUNNING): stop it first"
	mgr-snapshot -n web -d snap0
	run mgr-snapshot -n web -r snap0
	mgr-snapshot -n web -d ALL
	assert_equal "$(ls -A "$store/web/.snap")" ""
	assert_equal "$(count)" 0
	mgr-stop -k -n web
}

@test "snap.1 one is had as a new container" {
	container web --forward tcp:8080:80
	mgr-snapshot -n web first
	echo changed >"$store/web/rootfs/etc/hostname"
	forget_later two
	run mgr-snapshot -n web -r first -N two
	assert_success
	assert_output "mgr-snapshot: two: forward.port: tcp:8080:80 is left out: only 'web' has it"
	[ "$(key two container.uuid)" != "$(key web container.uuid)" ]
	assert_equal "$(key two rootfs.path)" "dir:$store/two/rootfs"
	assert_equal "$(<"$store/two/rootfs/etc/hostname")" two
	assert_equal "$(<"$store/web/rootfs/etc/hostname")" changed
	[ ! -e "$store/two/.snap" ]
	mgr-destroy -n web
	boot two
	assert_equal "$(in_container two hostname)" two
}

@test "snap.1 a root file system that is the host's stays as it is" {
	mkdir -m 700 "$BATS_TEST_TMPDIR/own"
	container base -s net.0.type=empty
	cp -a "$store/base/rootfs" "$BATS_TEST_TMPDIR/own/tree"
	forget_later web
	forget_later two
	mgr-create -n web --rootfs "$BATS_TEST_TMPDIR/own/tree" -s net.0.type=empty
	mgr-snapshot -n web first
	run mgr-snapshot -n web -r first
	assert_status 1
	assert_output "mgr-snapshot: web: its root file system '$BATS_TEST_TMPDIR/own/tree' is not in its own folder, and stays as it is: have it as a new container, with -N NAME"
	mgr-snapshot -n web -r first -N two
	assert_equal "$(key two rootfs.path)" "dir:$store/two/rootfs"
}

@test "snap.1 interrupted at any point there is no half snapshot" {
	container web
	local point before
	before=$(tree_of "$store/web/rootfs")
	for point in begun copied configured; do
		run env MGR_DEBUG_KILL=snapshot:$point mgr-snapshot -n web one
		assert_status 137
		assert_equal "$(count)" 0
		run mgr-snapshot -n web -r one
		assert_status 1
		assert_output "mgr-snapshot: web: there is no snapshot 'one'"
		assert_equal "$(ls -A "$store/web/.snap")" ""
	done
	run env MGR_DEBUG_KILL=snapshot:renamed mgr-snapshot -n web one
	assert_status 137
	run env MGR_DEBUG_KILL=snapshot:gone mgr-snapshot -n web -d one
	assert_status 137
	assert_equal "$(count)" 0
	mgr-snapshot -n web one
	assert_equal "$(ls -A "$store/web/.snap")" one
	assert_equal "$(tree_of "$store/web/rootfs")" "$before"
	boot web
}

@test "snap.2 a restore that is killed leaves the container as it was, or restored" {
	container web -s limits.memory=64M
	mgr-snapshot -n web one
	state_of web >"$BATS_TEST_TMPDIR/then"
	local point
	for point in begun copied configured ready exchanged committed removed; do
		mgr-config -n web set limits.memory 96M
		echo now >"$store/web/rootfs/home/now"
		state_of web >"$BATS_TEST_TMPDIR/now"
		run env MGR_DEBUG_KILL=restore:$point mgr-snapshot -n web -r one
		assert_status 137
		mgr-config -n web set limits.pids 1000 # the next that writes
		mgr-config -n web unset limits.pids
		case $point in
		exchanged | committed | removed) diff "$BATS_TEST_TMPDIR/then" <(state_of web) ;;
		*) diff "$BATS_TEST_TMPDIR/now" <(state_of web) ;;
		esac
		assert_equal "$(ls -A "$store/web/.snap")" one
		assert_equal "$(entries)" 4
	done
}

@test "snap.2 a start finds the container as it was, or restored" {
	container web -s limits.memory=64M
	mgr-snapshot -n web one
	mgr-config -n web set limits.memory 96M
	run env MGR_DEBUG_KILL=restore:ready mgr-snapshot -n web -r one
	boot web
	assert_equal "$(mgr-config -n web --running get limits.memory)" 96M
	mgr-stop -k -n web
	run env MGR_DEBUG_KILL=restore:exchanged mgr-snapshot -n web -r one
	boot web
	assert_equal "$(mgr-config -n web --running get limits.memory)" 64M
	mgr-stop -k -n web
	assert_equal "$(ls -A "$store/web/.snap")" one
}

@test "snap.2 a restore that fails leaves the container as it was" {
	small_disk 5M "$BATS_TEST_TMPDIR/disk"
	own_store "$BATS_TEST_TMPDIR/disk"
	local web=$BATS_TEST_TMPDIR/disk/web
	mgr-create -P "$BATS_TEST_TMPDIR/disk" -n web -t busybox -B dir -s net.0.type=empty
	mgr-snapshot -P "$BATS_TEST_TMPDIR/disk" -n web one
	head -c 400K /dev/urandom >"$web/rootfs/home/file"
	tree_of "$web" >"$BATS_TEST_TMPDIR/now"
	run mgr-snapshot -P "$BATS_TEST_TMPDIR/disk" -n web -r one
	tree_of "$web" >"$BATS_TEST_TMPDIR/then"
	mgr-destroy -P "$BATS_TEST_TMPDIR/disk" -n web
	unmount "$BATS_TEST_TMPDIR/disk"
	assert_status 1
	assert_contains "No space left on device"
	diff <(grep -v ' ./.snap ' "$BATS_TEST_TMPDIR/now") <(grep -v ' ./.snap ' "$BATS_TEST_TMPDIR/then")
}

@test "snap.3 names are compared whole, and none is empty" {
	container web -s net.0.type=empty
	mgr-snapshot -n web one
	mgr-snapshot -n web one.2
	local name
	for name in on One one.; do
		run mgr-snapshot -n web -d "$name"
		assert_status 1
		assert_output "mgr-snapshot: web: there is no snapshot '$name'"
	done
	run mgr-snapshot -n web -d ""
	assert_status 1
	assert_contains "a snapshot's name cannot be empty"
	run mgr-snapshot -n web -r ""
	assert_status 1
	assert_contains "a snapshot's name cannot be empty"
	run mgr-snapshot -n web ""
	assert_status 1
	assert_output "mgr-snapshot: web: a snapshot's name cannot be empty"
	for name in .new ../one one/ .; do
		run mgr-snapshot -n web "$name"
		assert_status 1
		run mgr-snapshot -n web -d "$name"
		assert_status 1
	done
	run mgr-snapshot -n web ALL
	assert_status 1
	assert_output "mgr-snapshot: web: 'ALL' stands for every snapshot: choose another name"
	run mgr-snapshot -n web one
	assert_status 1
	assert_output "mgr-snapshot: web: there is a snapshot 'one' already"
	mgr-snapshot -n web -d one
	assert_equal "$(ls -A "$store/web/.snap")" one.2
	run mgr-snapshot -n web -r one.2 -d one.2
	assert_status 64
	run mgr-snapshot -n web -N two
	assert_status 64
}

@test "snap.4 what was made from a snapshot does not go with it" {
	container web -s net.0.type=empty
	mgr-snapshot -n web one
	forget_later two
	mgr-snapshot -n web -r one -N two
	mgr-snapshot -n web -r one
	mgr-snapshot -n web -d ALL
	boot two
	boot web
	mgr-destroy -f -n web
	in_container two true
}

@test "snap.5 all of a snapshot is on disk before it has its name, and of a restore before it is the container's" {
	container web -s net.0.type=empty
	run sealed mgr-snapshot -n web one
	assert_output $'syncfs\nrenameat2'
	run sealed mgr-snapshot -n web -r one
	assert_output $'syncfs\nrenameat2'
}
