#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-rename.

load ../lib/common

setup() {
	common_setup
	store=$MGR_ROOT/var/lib/mgr
}

# Of which container the registries say that it has something.
owners() {
	find "$store"/.ids/by-slot "$store"/.leases/by-slot -type l -printf '%l\n' | awk '{ print $2 }' | sort | uniq -c |
		awk '{ print $2 " " $1 }'
}

# whole NAME OTHER: everything of it is under this name, nothing under the other.
whole() {
	assert_equal "$(owners)" "$1 2" &&
		assert_equal "$(mgr-ls -1)" "$1" &&
		assert_equal "$(mgr-config -n "$1" get rootfs.path)" "dir:$store/$1/rootfs" &&
		assert_equal "$(mgr-config -n "$1" get uts.name)" "$1" &&
		[ -e "$MGR_ROOT/var/log/mgr/$1/log" ] &&
		[ -e "$store/$1/rootfs/kept" ] &&
		[ ! -e "$store/.new" ] &&
		[ ! -e "$store/$2" ] &&
		[ ! -e "$MGR_ROOT/run/mgr/$2" ] &&
		[ ! -e "$MGR_ROOT/var/log/mgr/$2" ]
}

@test "move.1 all that has the name goes with it" {
	container web
	forget_later site
	boot web
	local address
	address=$(container_ip web)
	run mgr-rename -n web -N site
	assert_status 1
	assert_output "mgr-rename: web: it is not stopped (RUNNING): stop it first"
	mgr-stop -k web
	echo '# a comment' >>"$store/web/config"
	echo precious >"$store/web/rootfs/kept"
	printf '127.0.0.1 localhost\n127.0.1.1 web.example.org web\n' >"$store/web/rootfs/etc/hosts"
	mgr-snapshot -n web before
	mgr-rename -n web -N site
	whole site web
	assert_equal "$(<"$store/site/rootfs/etc/hostname")" site
	assert_equal "$(<"$store/site/rootfs/etc/hosts")" $'127.0.0.1 localhost\n127.0.1.1 site.example.org site'
	mgr-snapshot -n site -r before
	assert_equal "$(<"$store/site/rootfs/etc/hostname")" site
	assert_equal "$(<"$store/site/rootfs/etc/hosts")" $'127.0.0.1 localhost\n127.0.1.1 site.example.org site'
	grep -q '# a comment' "$store/site/config"
	mgr-rename -n site -N site
	boot site
	assert_equal "$(container_ip site)" "$address"
	assert_equal "$(mgr-net leases --json | grep -c '"name": *"site"')" 1
}

@test "move.1 what cannot be renamed stays as it is" {
	container web
	container db
	run mgr-rename -n web -N DB
	assert_status 1
	assert_output "mgr-rename: web: 'DB': 'db' exists already: names are compared without case"
	run mgr-rename -n web -N db
	assert_status 1
	assert_output "mgr-rename: web: 'db': exists already"
	run mgr-rename -n web -N localhost
	assert_status 1
	assert_contains "means something else on a network"
	run mgr-rename -n web -N ../web
	assert_status 1
	run mgr-rename -n web
	assert_status 64
	run mgr-rename -n none -N other
	assert_status 1
	assert_output "mgr-rename: none: no such container"
	[ ! -e "$MGR_ROOT/run/mgr/DB" ]
	assert_equal "$(owners)" "db 2
web 2"
	mgr-destroy db
	forget_later Web
	mgr-rename -n web -N Web
	assert_equal "$(owners)" "Web 2"
	assert_equal "$(mgr-ls -1)" Web
}

@test "move.1 interrupted anywhere it has one name or the other, and the next that writes sees to the rest" {
	container web
	forget_later site
	echo precious >"$store/web/rootfs/kept"
	mgr-start web
	mgr-stop -k web
	local point from=web to=site
	for point in recorded claimed named renamed configured unclaimed; do
		run env MGR_DEBUG_KILL="rename:$point" mgr-rename -n "$from" -N "$to"
		assert_status 137
		case $point in renamed | configured | unclaimed) read -r from to <<<"$to $from" ;; esac
		[ -e "$store/$from/config" ] || show "after $point it is not '$from'"
		[ ! -e "$store/$to" ]
		mgr-create -n "$to" -t busybox -s net.0.type=empty -s container.idmap=none || show "after $point"
		mgr-destroy "$to"
		whole "$from" "$to" || show "after $point"
	done
	boot "$from"
}

@test "move.1 whatever is asked of one that an interrupted one has renamed finishes it" {
	container web
	forget_later site
	echo precious >"$store/web/rootfs/kept"
	mgr-snapshot -n web one
	local from=web to=site what
	for what in "mgr-start NAME" "mgr-snapshot -n NAME" "mgr-snapshot -n NAME -r one" "mgr-export -n NAME -o $BATS_TEST_TMPDIR/x.tar"; do
		run env MGR_DEBUG_KILL=rename:renamed mgr-rename -n "$from" -N "$to"
		assert_status 137
		${what/NAME/$to}
		whole "$to" "$from" || show "by $what"
		mgr-stop -k "$to" || true
		read -r from to <<<"$to $from"
	done
}

@test "move.1 a forward that waits starts it under its new name" {
	container web --forward tcp:8080:80,wake
	forget_later site
	boot web
	mgr-stop -k web
	mgr-rename -n web -N site
	run within 20 wget -q -O /dev/null http://127.0.0.1:8080/
	assert_equal "$(mgr-info -n site -sH)" RUNNING
}

@test "move.1 a folder that is not the store's, and a store of -P" {
	own_store "$BATS_TEST_TMPDIR/other"
	mkdir -m 700 "$BATS_TEST_TMPDIR/trees"
	container web
	mv "$store/web/rootfs" "$BATS_TEST_TMPDIR/trees/web"
	mgr-destroy web
	mgr-create -P "$BATS_TEST_TMPDIR/other" -n web --rootfs "$BATS_TEST_TMPDIR/trees/web" -s container.idmap=none
	mgr-rename -P "$BATS_TEST_TMPDIR/other" -n web -N site
	assert_equal "$(mgr-config -P "$BATS_TEST_TMPDIR/other" -n site get rootfs.path)" "dir:$BATS_TEST_TMPDIR/trees/web"
	assert_equal "$(mgr-net leases --json | grep -c '"name": *"site"')" 1
	mgr-destroy -P "$BATS_TEST_TMPDIR/other" site
	[ -d "$BATS_TEST_TMPDIR/trees/web/etc" ]
}
