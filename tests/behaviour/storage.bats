#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later

load ../lib/common

teardown() {
	common_teardown
	rm -f "$MGR_ROOT/etc/mgr/mgr.conf"
}

@test "be.8 -B names the backend, and mgr.conf does without it" {
	mkdir -p "$MGR_ROOT/etc/mgr"
	container web
	assert_equal "$(mgr-config -n web get rootfs.path)" "dir:$MGR_ROOT/var/lib/mgr/web/rootfs"
	run mgr-create -n other -t busybox -B zfs
	assert_status 1
	assert_output "mgr-create: --backend: 'zfs' is no backend: known are auto, dir, overlay, btrfs, loop"
	run mgr-create -n other --rootfs /srv -B dir
	assert_status 64
	assert_contains "-B does not go with --rootfs"
	printf '[storage]\nbackend = zfs\n' >"$MGR_ROOT/etc/mgr/mgr.conf"
	run mgr-create -n other -t busybox
	assert_status 1
	assert_output "mgr-create: other: '$MGR_ROOT/etc/mgr/mgr.conf': storage.backend: 'zfs' is no backend: known are auto, dir, overlay, btrfs, loop"
	container other -B dir
}
