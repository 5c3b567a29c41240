#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later

load ../lib/common
load ../lib/stub

setup_file() {
	build_stub
}

teardown() {
	[ -z "${monitor-}" ] || kill "$monitor" 2>/dev/null || true
	common_teardown
}

said() {
	grep -qxF -- "$1" "$BATS_TEST_TMPDIR/said"
}

# monitor_of CONTAINER [OPTION...]: in the background; it watches once this returns. What it says: $BATS_TEST_TMPDIR/said.
monitor_of() {
	local of=$1
	shift
	mgr-monitor -i "$@" >>"$BATS_TEST_TMPDIR/said" &
	monitor=$!
	begun() { grep -q "$of" "$BATS_TEST_TMPDIR/said"; }
	wait_until 10 begun
	: >"$BATS_TEST_TMPDIR/said"
}

# said_all LINE...: these lines and no other, in this order, within 10 s.
said_all() {
	local wanted
	wanted=$(printf '%s\n' "$@")
	same() { [ "$(cat "$BATS_TEST_TMPDIR/said")" = "$wanted" ]; }
	wait_until 10 same || assert_equal "$(cat "$BATS_TEST_TMPDIR/said")" "$wanted"
}

@test "mon.1 one line a change of state, readiness and exit, of a container that is made later" {
	stub b ""
	monitor_of b
	stub a ""
	boot_stub a
	mgr-freeze -n a
	mgr-unfreeze -n a
	mgr-stop -r -n a
	wait_until 5 has_child "$(mgr-info -n a -pH)"
	mgr-stop -n a
	mgr-destroy -n a
	said_all "'a' changed state to [STARTING]" "'a' changed state to [RUNNING]" "'a' is ready [exec]" \
		"'a' changed state to [FREEZING]" "'a' changed state to [FROZEN]" \
		"'a' changed state to [THAWED]" "'a' changed state to [RUNNING]" \
		"'a' changed state to [STOPPING]" "'a' ended [rebooted]" "'a' changed state to [STARTING]" \
		"'a' changed state to [RUNNING]" "'a' is ready [exec]" \
		"'a' changed state to [STOPPING]" "'a' ended [powered off]" "'a' changed state to [STOPPED]"
}

@test "mon.1 -i begins with what there is, REGEX chooses by the whole name" {
	stub ab ""
	stub abc ""
	boot_stub ab
	boot_stub abc
	mgr-stop -k -n abc
	mgr-monitor -i 'x|a.' >>"$BATS_TEST_TMPDIR/said" &
	monitor=$!
	said_all "'ab' changed state to [RUNNING]" "'ab' is ready [exec]"
	mgr-start -n abc
	kill -USR1 "$(mgr-info -n ab -pH)"
	mgr-wait -n ab -s STOPPED -t $((10 * patience))
	said_all "'ab' changed state to [RUNNING]" "'ab' is ready [exec]" \
		"'ab' exited with status [7]" "'ab' changed state to [STOPPING]" "'ab' changed state to [STOPPED]"
	run mgr-monitor 'a('
	assert_status 1
	assert_match "^mgr-monitor: 'a\\(' is no extended regular expression: "
}

@test "mon.1 --json is one object a line, written at once" {
	stub b ""
	monitor_of b --json
	stub a ""
	boot_stub a
	said_ready() { grep -q ready_how "$BATS_TEST_TMPDIR/said"; }
	wait_until 10 said_ready
	mgr-stop -k -n a
	said_stopped() { grep -q '"STOPPED"' "$BATS_TEST_TMPDIR/said"; }
	wait_until 10 said_stopped
	run jq -c 'del(.time)' "$BATS_TEST_TMPDIR/said"
	assert_success
	assert_output '{"name":"a","event":"state","state":"STARTING"}
{"name":"a","event":"state","state":"RUNNING"}
{"name":"a","event":"ready","ready_how":"exec"}
{"name":"a","event":"state","state":"STOPPING"}
{"name":"a","event":"exit","exit_signal":9}
{"name":"a","event":"state","state":"STOPPED"}'
	run jq -r .time "$BATS_TEST_TMPDIR/said"
	assert_match '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{15}Z'
}

# Its shell outlives what is killed.
eat() {
	mgr-attach -n "$1" -- /bin/busybox sh -c '/bin/busybox tail /dev/zero; true'
}

@test "mon.1 a process killed for want of memory has its line, in the run after a reboot too" {
	stub a "" --memory 12M
	boot_stub a
	monitor_of a
	eat a
	wait_until 10 said "'a' ran out of memory, processes killed [1]"
	mgr-stop -r -n a
	: >"$BATS_TEST_TMPDIR/said"
	eat a
	wait_until 10 said "'a' ran out of memory, processes killed [1]"
	eat a
	wait_until 10 said "'a' ran out of memory, processes killed [2]"
}

@test "mon.1 the end of a supervisor that was killed, and what the next start clears away" {
	local init
	stub a clear
	stub b ""
	boot_stub a
	monitor_of b
	init=$(mgr-info -n a -pH)
	kill -KILL "$(supervisor_pid a)"
	said_all "'a' changed state to [ABORTING]"
	kill -KILL "$init"
	wait_until 10 said "'a' changed state to [STOPPED]"
	mgr-start -n a
	wait_until 10 said "'a' is ready [exec]"
	mgr-stop -k -n a
	wait_until 10 said "'a' ended [signal 9 (Killed)]"
}

@test "mon.1 a run that was over before it was looked at is told afterwards" {
	stub a ""
	stub b ""
	monitor_of b
	kill -STOP "$monitor"
	boot_stub a
	kill -USR1 "$(mgr-info -n a -pH)"
	mgr-wait -n a -s STOPPED -t $((10 * patience))
	kill -CONT "$monitor"
	said_all "'a' changed state to [STARTING]" "'a' changed state to [RUNNING]" "'a' exited with status [7]" \
		"'a' changed state to [STOPPED]"
}

@test "mon.1 a run that is heard of at its end is told in order: ready first, then its exit" {
	local supervisor
	stub a ""
	stub b ""
	monitor_of b
	kill -STOP "$monitor"
	export MGR_DEBUG_STOP=supervisor:before-down
	boot_stub a
	supervisor=$(supervisor_pid a)
	kill -USR1 "$(mgr-info -n a -pH)"
	wait_until 10 grep -q "^State:.T" "/proc/$supervisor/status"
	kill -CONT "$monitor"
	asked() { fds_of "$monitor" | grep -q socket && grep -q "^State:.S" "/proc/$monitor/status"; }
	wait_until 10 asked
	kill -CONT "$supervisor"
	said_all "'a' changed state to [STARTING]" "'a' changed state to [RUNNING]" "'a' is ready [exec]" \
		"'a' exited with status [7]" "'a' changed state to [STOPPING]" "'a' changed state to [STOPPED]"
}

@test "mon.1 a run that is only being cleared away when it is looked at is told in order too" {
	stub a "" -s "hook.post-stop=/bin/sh -c 'cat $BATS_TEST_TMPDIR/pipe'"
	stub b ""
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	monitor_of b
	kill -STOP "$monitor"
	boot_stub a
	kill -USR1 "$(mgr-info -n a -pH)"
	mgr-wait -n a -s STOPPING -t $((10 * patience))
	wait_until 10 test ! -e "$MGR_ROOT/run/mgr/a/control"
	kill -CONT "$monitor"
	wait_until 10 said "'a' changed state to [STOPPING]"
	echo end >"$BATS_TEST_TMPDIR/pipe"
	said_all "'a' changed state to [STARTING]" "'a' changed state to [RUNNING]" \
		"'a' exited with status [7]" "'a' changed state to [STOPPING]" "'a' changed state to [STOPPED]"
}

@test "mon.1 -P: another store, also one that has no container yet" {
	local store=$BATS_TEST_TMPDIR/store
	own_store "$store"
	mgr-monitor -P "$store" >>"$BATS_TEST_TMPDIR/said" &
	monitor=$!
	watches() { [ -n "$(sed -n '/^inotify/p' /proc/$monitor/fdinfo/* 2>/dev/null)" ]; }
	wait_until 10 watches
	mgr-create -P "$store" -n a -t busybox -s net.0.type=empty
	mgr-start -P "$store" -n a
	wait_until 10 said "'a' is ready [exec]"
	mgr-destroy -P "$store" -f -n a
	wait_until 10 said "'a' changed state to [STOPPED]"
	mgr-create -P "$store" -n a -t busybox -s net.0.type=empty
	: >"$BATS_TEST_TMPDIR/said"
	mgr-start -P "$store" -n a
	wait_until 10 said "'a' is ready [exec]"
	mgr-destroy -P "$store" -f -n a
}

@test "mon.1 it sleeps until something happens" {
	stub a ""
	boot_stub a
	run python3 -c '
import resource, subprocess
try:
    subprocess.run(["mgr-monitor", "-i"], stdout=subprocess.DEVNULL, timeout=1.5)
except subprocess.TimeoutExpired:
    pass
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_nvcsw)'
	assert_success
	[ "$output" -lt 25 ] || assert_equal "$output" "less than 25 awakenings"
}
