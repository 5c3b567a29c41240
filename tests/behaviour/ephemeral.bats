#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Containers that are there for one run.

load ../lib/common
load ../lib/tree
load ../lib/stub

# Nothing is left of the container `two`, and of `web` all.
two_is_gone() {
	[ ! -e "$store/two" ] && [ ! -e "$store/.ephemeral" ] && [ ! -e "$store/.new" ] && [ ! -e "$store/.gone" ] &&
		[ ! -e "$MGR_ROOT/run/mgr/two" ] && [ ! -e "$MGR_ROOT/var/log/mgr/two" ] &&
		assert_equal "$(mgr-ls -1)" web && assert_equal "$(entries)" 4
}

# A copy of `web` that is.
ephemeral() {
	forget_later two
	mgr-copy -n web -N two -e
}

@test "copy.3 an ephemeral copy runs, and is gone when it stops" {
	container web
	ephemeral
	assert_equal "$(key two container.ephemeral)" yes
	assert_equal "$(in_container two hostname)" two
	in_container two reboot || true
	wait_until 10 grep -q 'reboot' "$MGR_ROOT/var/log/mgr/two/log"
	mgr-wait -n two -s RUNNING -t $((20 * patience))
	run mgr-stop -k -n two
	assert_success
	two_is_gone
	ephemeral
	in_container two poweroff || true
	mgr-wait -n two -s STOPPED -t $((20 * patience))
	wait_until 10 two_is_gone
	ephemeral
	run mgr-copy -n two -N three
	assert_status 1
	mgr-destroy -f -n two
	two_is_gone
}

@test "copy.3 it is gone after a crash of its supervisor too, with the next command that writes" {
	container web
	ephemeral
	kill -KILL "$(supervisor_pid two)"
	mgr-wait -n two -s STOPPED -t $((20 * patience))
	run mgr-start -n two
	assert_status 1
	assert_output "mgr-start: two: no such container: it was there for one run, which is over"
	two_is_gone
	ephemeral
	kill -KILL "$(supervisor_pid two)"
	mgr-wait -n two -s STOPPED -t $((20 * patience))
	run mgr-snapshot -n two
	assert_status 1
	assert_output "mgr-snapshot: two: no such container"
	two_is_gone
	ephemeral
	kill -KILL "$(supervisor_pid two)"
	mgr-destroy -f -n two
	two_is_gone
	MGR_DEBUG_KILL=ephemeral:over run ephemeral
	mgr-stop -k -n two || true
	mgr-autostart
	two_is_gone
	local command
	for command in "mgr-images prune" "mgr-config -n web set start.order 1"; do
		MGR_DEBUG_KILL=ephemeral:over run ephemeral
		mgr-stop -k -n two || true
		$command
		two_is_gone
	done
}

@test "copy.3 it is gone after the host was started anew" {
	container web
	ephemeral
	local supervisor
	supervisor=$(supervisor_pid two)
	cp -a "$store/two" "$store/.ephemeral" "$BATS_TEST_TMPDIR"
	mgr-stop -k -n two
	wait_gone 10 "$supervisor"
	cp -a "$BATS_TEST_TMPDIR/two" "$BATS_TEST_TMPDIR/.ephemeral" "$store"
	mgr-net down
	rm -rf "$MGR_ROOT/run/mgr"
	assert_equal "$(mgr-ls -1)" $'two\nweb'
	mgr-autostart
	two_is_gone
}

@test "copy.3 interrupted while it is made nothing is left of it" {
	container web
	local point
	for point in copy:copied copy:marked create:renamed; do
		MGR_DEBUG_KILL=$point run ephemeral
		assert_status 137
		mgr-destroy -f -n none 2>/dev/null || true # one that writes
		two_is_gone
	done
	MGR_DEBUG_KILL=boot:up:cgroup run ephemeral
	assert_status 1
	two_is_gone
	mgr-config -n web set net.0.link br-none
	run ephemeral
	assert_status 1
	assert_contains "mgr-copy: web: 'two': network"
	two_is_gone
}

@test "copy.3 container.ephemeral makes the next run the last; one that never ran stays, and a copy of it is none" {
	container web
	container two -s container.ephemeral=yes
	forget_later three
	mgr-copy -n two -N three
	assert_equal "$(key three container.ephemeral)" no
	mgr-destroy -n three
	[ -e "$store/two/config" ]
	run mgr-start -n two -s net.0.link=br-none
	assert_status 1
	[ ! -e "$store/.ephemeral" ]
	mgr-autostart
	boot two
	mgr-stop -k -n two
	two_is_gone
}
