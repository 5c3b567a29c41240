# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Files of tests with disks, below $disks, which is each test's folder: on a file system that keeps nothing, for qemu-img waits
# for the disk whenever it is done. With `load ../lib/common`. A file that defines make_disks has containers over them, which
# takes mgr-disk, too; it is called once.

export disks=/run/disks

has_disks() {
	[ -x "$STAGE/bin/mgr-qcow2" ] || return
	[ "$(type -t make_disks)" != function ] || [ -x "$STAGE/libexec/mgr/mgr-disk" ]
}

setup_file() {
	mkdir "$disks"
	! has_disks || [ "$(type -t make_disks)" != function ] || make_disks
}

teardown_file() {
	rm -rf "$disks"
}

setup() {
	common_setup
	has_disks || skip "mgr was built without what qcow2 disks need"
	cd "$disks" || return
	[ "$(type -t make_disks)" = function ] || rm -rf "${disks:?}"/*
}

# model_tree FOLDER: what a container of busybox has.
model_tree() {
	mgr-create -n model -t busybox -B dir -s net.0.type=empty
	cp -a "$MGR_ROOT/var/lib/mgr/model/rootfs" "$1"
	mgr-destroy -n model
}

# over NAME FILE [OPTION...]: a container.
over() {
	forget_later "$1"
	mgr-create -n "$1" --disk "${@:2}" -s net.0.type=empty
}

# shellcheck disable=SC2154 # who serves sets $server, run sets $output
# takes_memory KB: so much at most, $server's own and its share of what others have, too.
takes_memory() {
	run sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$server/smaps_rollup"
	sanitized || [ "$output" -le "$1" ] || show "it takes $output kB"
}
