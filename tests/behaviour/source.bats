#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-create from a folder of the host's or a tar file; what it asks for.

load ../lib/common

setup_file() {
	mkdir -m 700 "$BATS_FILE_TMPDIR/closed"
	mgr-create -n base -t busybox
	cp -a "$MGR_ROOT/var/lib/mgr/base/rootfs" "$BATS_FILE_TMPDIR/closed/tree"
	mgr-destroy -n base
}

setup() {
	common_setup
	store=$MGR_ROOT/var/lib/mgr
	closed=$BATS_FILE_TMPDIR/closed
	open=$TMPDIR/open # what bats makes is closed
	mkdir "$open"
}

teardown() {
	common_teardown
	rm -rf --one-file-system "$open"
}

# made_nothing NAME: no container, no claim, no ids, no address.
made_nothing() {
	[ ! -e "$store/$1" ]
	[ ! -e "$store/.new" ]
	! grep -qs " $1 " <(find "$store/.ids/by-slot" "$store/.leases/by-slot" -type l -printf '%l\n' 2>/dev/null)
}

# refused NAME WORDS ARG...: a create that fails with these words and makes nothing.
refused() {
	local name=$1 words=$2
	shift 2
	run mgr-create -n "$name" "$@"
	assert_status 1
	assert_contains "mgr-create: $name: "
	assert_contains "$words"
	assert_equal "${#lines[@]}" 1
	made_nothing "$name"
}

owners() {
	(cd "$1" && find . -printf '%p %U:%G %m %y\n' | grep -v '^\./\(run\|dev\|proc\|sys\|etc/resolv.conf\|tmp\|var/log\)' | sort)
}

# --- create.20: a folder ------------------------------------------------------------------------------------------------------

@test "create.20 a folder is used where it is, by a path from here too; neither start nor destroy changes or removes it" {
	cp -a "$closed/tree" "$closed/used"
	owners "$closed/used" >"$BATS_TEST_TMPDIR/before"
	cd "$closed"
	forget_later web
	mgr-create -n web --rootfs used -s init.ready=exec
	assert_equal "$(mgr-config -n web get rootfs.path)" "dir:$(realpath used)"
	boot web
	in_container web sh -c 'echo here >/root/note && chown 33:33 /root/note && [ "$(id -u)" = 0 ]'
	assert_equal "$(stat -c %u:%g used/root/note)" 33:33
	rm used/root/note
	mgr-destroy -f -n web
	owners "$closed/used" | diff "$BATS_TEST_TMPDIR/before" -
}

@test "create.20 a folder that others than root can come to is refused, at start too, unless it is said to be exposed" {
	cp -a "$closed/tree" "$open"
	refused web "use --exposed" --rootfs "$open/tree"
	forget_later web
	mgr-create -n web --rootfs "$open/tree" --exposed -s init.ready=exec
	assert_equal "$(mgr-config -n web get rootfs.exposed)" yes
	boot web
	mgr-stop -k -n web
	mgr-config -n web unset rootfs.exposed
	run mgr-start -n web
	assert_status 1
	assert_contains "mgr-start: web: storage: folder '"
	assert_contains "rootfs.exposed = yes"
	mgr-config -n web set rootfs.readonly yes # then nothing can be left in it
	boot web
}

@test "create.20 an exposed folder is not reached over a symlink that another may have put there" {
	local above=$open/above
	mkdir "$above"
	cp -a "$closed/tree" "$above/tree"
	forget_later web
	mgr-create -n web --rootfs "$above/tree" --exposed -s init.ready=exec
	mv "$above" "$above.old"
	ln -s "$closed" "$above"
	run mgr-start -n web
	assert_status 1
	assert_contains "Too many levels of symbolic links"
}

@test "create.20 a folder that is none, is another container's, or mgr's own is refused" {
	forget_later other
	mgr-create -n other --rootfs "$closed/tree"
	refused web "No such file or directory" --rootfs "$closed/none"
	refused web "Not a directory" --rootfs "$closed/tree/bin/busybox"
	refused web "--rootfs: '/' is this machine's own root" --rootfs /
	refused web "is the root file system of 'other'" --rootfs "$closed/tree"
	refused web "lies in the root file system of 'other'" --rootfs "$closed/tree/bin"
	refused web "holds the root file system of 'other'" --rootfs "$closed"
	refused web "holds '" --rootfs "$MGR_ROOT"
	mkdir "$store/x"
	refused web "lies in '" --rootfs "$store/x"
	rmdir "$store/x"
}

@test "create.20 of several at once for one folder exactly one wins" {
	local n won=0 pids=()
	for n in 1 2 3 4; do
		forget_later "c$n"
		mgr-create -n "c$n" --rootfs "$closed/tree" 2>"$BATS_TEST_TMPDIR/$n" &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		! wait "$n" || won=$((won + 1))
	done
	cat "$BATS_TEST_TMPDIR"/[1-4]
	assert_equal "$won" 1
}

@test "create.20 one source is named, and only one" {
	local args
	for args in "" "-t busybox --tar x" "-t busybox --rootfs x" "--tar x --rootfs x" "-t busybox --exposed" "--rootfs x -- y"; do
		# shellcheck disable=SC2086 # words
		run mgr-create -n web $args
		assert_status 64
		assert_contains "try 'mgr-create -h'"
	done
}
