#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copies and snapshots of containers that run.

load ../lib/common
load ../lib/tree

# A container that counts, in two files with a large one between them.
counting_container() {
	container web -s net.0.type=empty
	boot web
	in_container web sh -c 'cd /home && mkdir count && dd if=/dev/urandom of=count/b bs=1M count=8 2>/dev/null
		(i=0; while :; do i=$((i + 1)); echo $i >a; mv a count/a; echo $i >z; mv z count/z; done) >/dev/null 2>&1 &'
	wait_until 10 in_container web test -s /home/count/z
}

# in_step FOLDER: the two were written one after the other.
in_step() {
	local a z
	a=$(<"$1/home/count/a") z=$(<"$1/home/count/z")
	[ "$a" = "$z" ] || [ "$a" = $((z + 1)) ] || show "a is $a, z is $z"
}

# It goes on counting.
goes_on() {
	local was
	was=$(in_container web cat /home/count/z)
	wait_until 10 sh -c "test \"\$(mgr-attach -n web -- cat /home/count/z)\" -gt $was"
}

is_stopped() {
	grep -q '^State:.T' "/proc/$1/status"
}

@test "copy.6 --live copies a running container as it is at one instant, and it runs on" {
	counting_container
	forget_later two
	run mgr-copy -n web -N two
	assert_status 1
	assert_output "mgr-copy: web: it is not stopped (RUNNING): stop it first"
	mgr-copy -n web -N two --live
	in_step "$store/two/rootfs"
	state_is web RUNNING
	goes_on
	assert_equal "$(<"$store/two/rootfs/etc/hostname")" two
	mgr-snapshot -n web --live one
	in_step "$store/web/.snap/one/rootfs"
	state_is web RUNNING
	mgr-freeze -n web
	mgr-copy -n web -N three --live
	forget_later three
	in_step "$store/three/rootfs"
	state_is web FROZEN
	mgr-unfreeze -n web
	mgr-stop -k -n web
	mgr-copy -n web -N four --live
	forget_later four
	boot two
}

@test "copy.6 it is thawed in any case, and one that did not stand still is not copied" {
	counting_container
	local point pid
	for point in live:frozen copy:copied; do
		run env MGR_DEBUG_KILL=$point mgr-copy -n web -N two --live
		assert_status 137
		wait_state web RUNNING
		goes_on
	done
	forget_later two
	mgr-copy -n web -N two --live
	mgr-destroy -n two
	MGR_DEBUG_STOP=live:frozen mgr-copy -n web -N two --live 2>"$BATS_TEST_TMPDIR/told" 3>&- &
	pid=$!
	wait_until 10 is_stopped $pid
	mgr-unfreeze -n web # and what happens then is over when it is looked at
	mgr-freeze -n web
	kill -CONT $pid
	status=0
	wait $pid || status=$?
	assert_status 1
	assert_equal "$(<"$BATS_TEST_TMPDIR/told")" "mgr-copy: web: 'two': 'web' was thawed, or stopped, while its files were read"
	[ ! -e "$store/two" ]
	[ ! -e "$store/.new" ]
	wait_state web RUNNING
	MGR_DEBUG_STOP=live:frozen mgr-snapshot -n web --live one 2>"$BATS_TEST_TMPDIR/told" 3>&- &
	pid=$!
	wait_until 10 is_stopped $pid
	mgr-stop -k -n web
	kill -CONT $pid
	status=0
	wait $pid || status=$?
	assert_status 1
	assert_equal "$(<"$BATS_TEST_TMPDIR/told")" "mgr-snapshot: web: 'web' was thawed, or stopped, while its files were read"
	assert_equal "$(ls -A "$store/web/.snap")" ""
}

@test "copy.6 of an overlay what was changed is copied, since it is written to" {
	backend=overlay
	counting_container
	run mgr-copy -n web -N two --live -s
	assert_status 1
	assert_contains "nothing can stand on what a running container writes to"
	forget_later two
	mgr-copy -n web -N two --live -e
	in_container two test -s /home/count/z
	mgr-stop -k -n two
	mgr-snapshot -n web --live one
	in_step "$store/web/.snap/one/delta/upper"
	mgr-stop -k -n web
	mgr-snapshot -n web -r one
	merged "$store/web/delta" | grep -q ' ./home/count/z '
	mgr-snapshot -n web -r one
	boot web
	in_container web test -s /home/count/z
	mgr-destroy -f -n web
	rm -r "$store/.images"
}
