# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
load ../lib/common
load ../lib/stub

setup_file() {
	build_stub
}

@test "start.21 --pidfile holds the supervisor's process id while it runs, reboots inside included" {
	local file=$BATS_TEST_TMPDIR/pid pid
	stub a ""
	mgr-start -n a -p "$file"
	pid=$(<"$file")
	assert_equal "$pid" "$(supervisor_pid a)"
	assert_equal "$(stat -c %a "$file")" 644
	mgr-stop -r -n a
	assert_equal "$(<"$file")" "$pid"
	mgr-stop -k -n a
	[ ! -e "$file" ]
}

@test "start.21 a relative --pidfile lies in the caller's folder" {
	stub a ""
	(cd "$BATS_TEST_TMPDIR" && mgr-start -n a -p here)
	assert_equal "$(<"$BATS_TEST_TMPDIR/here")" "$(supervisor_pid a)"
}

@test "start.21 a pid file that cannot be written, or that comes too late, is a failure" {
	stub a ""
	run mgr-start -n a -p "$BATS_TEST_TMPDIR/no/such/pid"
	assert_status 1
	assert_match "mgr-start: a: --pidfile: create '.*/no/such/pid.*': No such file or directory"
	state_is a STOPPED
	assert_equal "$(ls "$MGR_ROOT/run/mgr/a")" lock
	mgr-start -n a
	run mgr-start -n a -p "$BATS_TEST_TMPDIR/pid"
	assert_status 1
	assert_output "mgr-start: a: runs already: --pidfile has no effect on it"
}

@test "start.21 the pid file of a supervisor that was killed goes with what else it left" {
	local file=$BATS_TEST_TMPDIR/pid
	stub a ""
	mgr-start -n a -p "$file"
	kill -KILL "$(<"$file")"
	wait_state a STOPPED
	mgr-start -n a
	[ ! -e "$file" ]
}
