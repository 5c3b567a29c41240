#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What mgr-create does not make: it would be in the way of others.

load ../lib/common

setup() {
	common_setup
	store=$MGR_ROOT/var/lib/mgr
	template=$BATS_TEST_TMPDIR/template
	says
}

# says [LINE...]: $template is one that leaves these lines as template.conf.
says() {
	{
		cat <<-'END'
			#!/bin/sh
			for arg; do case $arg in --rootfs=*) rootfs=${arg#*=} ;; --path=*) path=${arg#*=} ;; esac; done
			mkdir -p "$rootfs/etc"
		END
		[ $# -eq 0 ] || printf "echo '%s' >>\"\$path/template.conf\"\n" "$@"
	} >"$template"
	chmod 755 "$template"
}

# make NAME [OPTION...]
make() {
	local name=$1
	shift
	forget_later "$name"
	mgr-create -n "$name" -t "$template" "$@"
}

@test "create.1 a name that means something else on a network is refused" {
	local name
	for name in localhost Gateway wpad isatap 1.2.3.4 10.1; do
		run make "$name"
		assert_status 1
		assert_output "mgr-create: $name: name '$name' means something else on a network: choose another"
		[ ! -e "$store/$name" ]
	done
	make localhost2
}

@test "create.1 a container that has such a name already can still be addressed" {
	make web
	mv "$store/web" "$store/wpad"
	run mgr-ls
	assert_output wpad
	run mgr-info -n wpad -sH
	assert_output STOPPED
	mgr-destroy -n wpad
}

@test "create.2 a template does not make a privileged container unless the user says the same" {
	says '[container]' 'idmap = none'
	run make web
	assert_status 1
	assert_output "mgr-create: web: template '$template' asks for a privileged container (container.idmap = none): add -s container.idmap=none if it is to be one"
	[ ! -e "$store/web" ]
	make web -s container.idmap=none
	assert_equal "$(mgr-config -n web get container.idmap)" none
}

@test "create.1 a folder of containers whose id another folder has is refused" {
	local other=$MGR_ROOT/other id
	own_store "$other"
	id=$("$BATS_TEST_DIRNAME/../lib/storeid" "$MGR_LAB_ID:$other")
	mgr-create -P "$other" -n web -t "$template"
	assert_equal "$(readlink "$MGR_ROOT/run/mgr/$id/.store")" "$other"
	mgr-create -P "$other" -n db -t "$template"
	mgr-destroy -P "$other" -n db
	ln -sfn /elsewhere "$MGR_ROOT/run/mgr/$id/.store"
	run mgr-create -P "$other" -n db -t "$template"
	assert_status 1
	assert_output "mgr-create: db: '$other' has the same id ('$id') as '/elsewhere': put one of them elsewhere"
	run mgr-start -P "$other" -n web
	assert_status 1
	assert_contains "has the same id"
	ln -sfn "$other" "$MGR_ROOT/run/mgr/$id/.store"
	mgr-destroy -P "$other" -n web
}

@test "create.1 an id range of the user's that overlaps another container's is refused, at start too" {
	local first
	make web
	first=$(mgr-config -n web get container.idmap | awk '$1 == "u" { print $3 }')
	run make db -s "container.idmap=u 0 $((first + 65535)) 10" -s "container.idmap+=g 0 100000 10"
	assert_status 1
	assert_output "mgr-create: db: container.idmap: ids $((first + 65535))-$((first + 65544)) of the host overlap $first-$((first + 65535)) of 'web'"
	make db -s "container.idmap=u 0 100000 1000" -s "container.idmap+=g 0 100000 1000"
	run make third -s "container.idmap=u 0 100999 1000" -s "container.idmap+=g 0 200000 1000"
	assert_status 1
	assert_contains "overlap 100000-100999 of 'db'"
	run make third -s "container.idmap=u 0 300000 1000" -s "container.idmap+=g 0 100500 10" # a range of groups alone
	assert_status 1
	assert_contains "ids 100500-100509 of the host overlap 100000-100999 of 'db'"
	mgr-config -n db add container.idmap "g 1000 400000 10"
	run make third -s "container.idmap=u 0 300000 1000" -s "container.idmap+=g 0 400009 10"
	assert_status 1
	assert_contains "overlap 400000-400009 of 'db'"
	run mgr-config -n db add container.idmap "u 5000 $first 10"
	assert_status 1
	assert_contains "of 'web'"
	run mgr-config -n db get container.idmap
	refute_contains "$first"
	sed -i "s/ 0 100000 1000/ 0 $first 10/" "$store/db/config"
	run mgr-start db
	assert_status 1
	assert_contains "of 'web'"
	mgr-destroy -n db
	make third -s "container.idmap=u 0 100999 1000" -s "container.idmap+=g 0 200000 1000"
}
