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

# --- start.20 --------------------------------------------------------------------------------------------------------------

terminal() {
	"$BATS_TEST_DIRNAME/../lib/terminal" "$@"
}

@test "start.20 the console is on this terminal from the first line, what is typed reaches it, and a power-off is 0" {
	container web -s net.0.type=empty -s init.cmd=/bin/cat
	run terminal raw 'send:typed\r' 'expect:typed\r\ntyped' 'send:\x04' cooked -- mgr-start -F -n web
	assert_status 0
	state_is web STOPPED
	stub a ""
	run terminal 'expect:stub runs' signal:TERM -- mgr-start -F -n a
	assert_status 0
	assert_contains "stub runs"
	state_is a STOPPED
}

@test "start.20 its status is init's" {
	container q -s net.0.type=empty -s 'init.cmd=/bin/sh -c "exit 7"'
	run mgr-start -F -n q </dev/null
	assert_status 7
	local pid
	stub a ""
	mgr-start -F -n a </dev/null >"$BATS_TEST_TMPDIR/out" &
	pid=$!
	wait_until 5 grep -q "stub runs" "$BATS_TEST_TMPDIR/out"
	kill -USR1 "$(mgr-info -n a -pH)"
	status=0
	wait $pid || status=$?
	assert_status 7
	mgr-start -F -n a </dev/null >"$BATS_TEST_TMPDIR/out" &
	pid=$!
	wait_state a RUNNING
	mgr-stop -k -n a
	status=0
	wait $pid || status=$?
	assert_status 137
}

@test "start.20 it stays over a reboot inside" {
	local pid
	stub a ""
	mgr-start -F -n a </dev/null >"$BATS_TEST_TMPDIR/out" &
	pid=$!
	wait_until 5 grep -q "stub runs" "$BATS_TEST_TMPDIR/out"
	mgr-stop -r -n a
	wait_until 5 said_twice
	kill -0 $pid
	mgr-stop -n a
	wait $pid
}

said_twice() {
	[ "$(grep -c "stub runs" "$BATS_TEST_TMPDIR/out")" = 2 ]
}

@test "start.20 SIGTERM, SIGINT, SIGQUIT and SIGHUP stop it as mgr-stop would, a second one at once" {
	local pid sig
	stub a ""
	for sig in TERM INT QUIT HUP; do
		(trap - INT QUIT; exec mgr-start -F -n a </dev/null >"$BATS_TEST_TMPDIR/out") &
		pid=$!
		wait_until 5 grep -q "stub runs" "$BATS_TEST_TMPDIR/out"
		kill -$sig $pid
		status=0
		wait $pid || status=$?
		assert_status 0
		state_is a STOPPED
	done
	mgr-start -F -n a -s signal.halt=SIGWINCH </dev/null >"$BATS_TEST_TMPDIR/out" &
	pid=$!
	wait_until 5 grep -q "stub runs" "$BATS_TEST_TMPDIR/out"
	kill -TERM $pid
	wait_state a STOPPING
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	assert_status 137
}

@test "start.20 a terminal that hangs up stops it" {
	stub a ""
	run terminal 'expect:stub runs' hangup -- mgr-start -F -n a
	wait_state a STOPPED
}

@test "start.20 our own failures are 125" {
	stub a ""
	run mgr-start -F -n nosuch
	assert_status 125
	run mgr-start -F -n a -s limits.memory=0
	assert_status 125
	assert_contains limits.memory
	run mgr-start -F a b
	assert_status 125
	run mgr-start -F --nonsense a
	assert_status 125
	run mgr-start -F --wait -n a
	assert_status 125
	mgr-start -n a
	run mgr-start -F -n a
	assert_status 125
	assert_output "mgr-start: a: is running already"
}

@test "start.20 a supervisor that is killed is told" {
	local pid
	stub a ""
	mgr-start -F -n a </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 &
	pid=$!
	wait_until 5 grep -q "stub runs" "$BATS_TEST_TMPDIR/out"
	kill -KILL "$(supervisor_pid a)"
	status=0
	wait $pid || status=$?
	assert_status 125
	grep -q "^mgr-start: a: its supervisor has ended" "$BATS_TEST_TMPDIR/out"
}
