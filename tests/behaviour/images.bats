#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later

load ../lib/common

store=${MGR_ROOT-}/var/lib/mgr
images=$store/.images
backend=overlay

teardown() {
	common_teardown
	rm -rf "$images"
}

# What the busybox template calls its base.
key() {
	local link
	for link in "$images"/key-busybox-*; do
		echo "${link#"$images/key-"}"
	done
}

is_stopped() {
	grep -q "^State:.T" "/proc/$1/status"
}

@test "be.6 a base is called by its content, and listed with its users" {
	run mgr-images ls --json
	assert_output "[
]"
	container web
	container db
	bases=("$images"/base-*)
	assert_equal "${#bases[@]}" 1
	id=${bases[0]##*/}
	touch -a "${bases[0]}/upper/bin/busybox" # who reads it changes nothing
	hash=$(tar -C "${bases[0]}/upper" --sort=name --numeric-owner --acls --xattrs --xattrs-include='*' --format=posix \
		--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime -cf - . | sha256sum)
	assert_equal "$id" "base-${hash:0:16}"
	run mgr-images ls
	assert_match "^ID +SIZE CREATED +USERS CALLED.$id [0-9.]+ MiB [^ ]+ +2 $(key)$"
	run jq -c '.[] | [.id, .base, .in_use, .users, .called, .size > 100000]' <(mgr-images ls --json)
	assert_output "[\"$id\",null,2,[\"db\",\"web\"],[\"$(key)\"],true]"
	run mgr-images info "${id:0:9}"
	assert_match "^ID: +$id.Called: +$(key).Size: .*Created: .*Used by: +db.Used by: +web$"
	run mgr-images info "$(key)" --json
	assert_contains "\"$id\""
}

@test "be.6 what is in use is not removed, and by whom is said" {
	container web
	mkdir -p "$store/web/.snap/was/delta"
	id=$(basename "$images"/base-*)
	ln "$images/$id/id" "$store/web/.snap/was/delta/base" # as a snapshot has it
	container db
	run mgr-images rm "$id"
	assert_status 1
	assert_output "mgr-images: $id: it is in use by db, web, web (snapshot was)"
	run mgr-images prune
	assert_status 0
	assert_output ""
	mgr-destroy -n db
	mgr-destroy -n web
	run mgr-images rm nothing "${id%?}"
	assert_status 1
	assert_output "mgr-images: nothing: there is no image 'nothing'"
	assert_equal "$(ls -A "$images")" $'.new\nlock'
}

@test "be.6 what a backup has brought back without its links is in use all the same" {
	container web
	id=$(basename "$images"/base-*)
	cp -r "$store/web/delta/base" "$store/web/delta/copy"
	mv "$store/web/delta/copy" "$store/web/delta/base"
	run mgr-images prune
	assert_status 0
	assert_output ""
	run mgr-images rm "$id"
	assert_status 1
	assert_output "mgr-images: $id: it is in use by web"
	boot web
	mgr-stop -k -n web
}

@test "be.6 prune removes what nothing stands on, from above, and the next create makes it anew" {
	container web
	id=$(basename "$images"/base-*)
	mgr-destroy -n web
	mkdir -p "$images/layer-1/upper"
	echo -n layer-1 >"$images/layer-1/id"
	ln "$images/$id/id" "$images/layer-1/base"
	run mgr-images rm "$id"
	assert_status 1
	assert_output "mgr-images: $id: it is in use by layer-1"
	run mgr-images prune
	assert_status 0
	assert_output "layer-1
$id"
	assert_equal "$(ls -A "$images")" $'.new\nlock'
	container web
	[ -x "$(echo "$images"/base-*)/upper/bin/busybox" ]
}

@test "be.6 a base that is removed while a create is about to stand on it is made again" {
	container web
	mgr-destroy -n web
	forget_later db
	touch "$BATS_TEST_TMPDIR/once"
	MGR_DEBUG_ONCE=$BATS_TEST_TMPDIR/once MGR_DEBUG_STOP=create:based mgr-create -n db -B overlay -t busybox 3>&- &
	local pid=$!
	wait_until 10 is_stopped $pid
	mgr-images rm "$(key)"
	kill -CONT $pid
	wait $pid
	[ "$store/db/delta/base" -ef "$(echo "$images"/base-*)/id" ]
}

@test "be.6 what interrupted commands left of images goes with the next" {
	MGR_DEBUG_KILL=image:filled run mgr-create -n web -B overlay -t busybox
	[ "$status" -ne 0 ]
	half=("$images"/.new/busybox-*)
	[ -d "${half[0]}/image/upper/bin" ]
	mv "${half[0]}" "$images/.new/debian-other"
	container web
	assert_equal "$(ls -A "$images/.new")" ""
	mgr-destroy -n web
	MGR_DEBUG_KILL=image:gone run mgr-images rm "$(key)"
	[ "$status" -ne 0 ]
	run mgr-images ls --json
	assert_output "[
]"
	mgr-images prune
	assert_equal "$(ls -A "$images/.new")" ""
}

@test "be.6 wrong words are refused" {
	run mgr-images
	assert_status 64
	assert_contains "one of ls, rm, prune, info and take is needed"
	run mgr-images rm
	assert_status 64
	assert_contains "'rm' takes the ID of an image"
	run mgr-images prune --json
	assert_status 64
	run mgr-images info a b
	assert_status 64
	run mgr-images info ../web
	assert_status 1
	assert_output "mgr-images: there is no image '../web'"
}
