#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later

load ../lib/common
load ../lib/stub

setup_file() {
	build_stub
}

last_run() {
	mgr-info -n "$1" | sed -n 's/^Last run: *[^ ]* //p'
}

@test "stop.1 busybox's init is asked by its own signal" {
	container a -s net.0.type=empty
	boot a
	run mgr-stop -n a
	assert_success
	assert_output ""
	state_is a STOPPED
	assert_equal "$(last_run a)" "powered off"
}

@test "stop.1 [signal] halt chooses the signal" {
	stub a "" -s signal.halt=SIGUSR1
	boot_stub a
	mgr-stop -n a
	assert_equal "$(last_run a)" "exit status 7"
}

@test "stop.1 when the time is up the whole tree is killed" {
	stub a "" -s signal.halt=SIGWINCH
	boot_stub a
	assert_equal "$(stubs_alive)" 2
	SECONDS=0
	run mgr-stop -t 1 -n a
	assert_success
	[ "$SECONDS" -ge 1 ]
	assert_equal "$(last_run a)" "killed by mgr-stop"
	assert_equal "$(stubs_alive)" 0
	assert_equal "$(cgroups_of a)" ""
}

@test "stop.1 one that has only just been started hears it too" {
	stub a "late"
	mgr-start -n a
	run within 20 mgr-stop -n a
	assert_success
	assert_equal "$(last_run a)" "powered off"
}

@test "stop.1 --nokill gives up instead" {
	stub a "" -s signal.halt=SIGWINCH
	boot_stub a
	run mgr-stop --nokill -t 0.3 -n a
	assert_status 1
	assert_output "mgr-stop: a: has not stopped in time"
	assert_equal "$(stubs_alive)" 2
}

@test "stop.1 --nowait returns at once" {
	stub a "" -s signal.halt=SIGWINCH
	boot_stub a
	run within 5 mgr-stop --nowait -n a
	assert_success
	state_is a STOPPING
}

@test "stop.2 -k kills at once" {
	stub a "" -s signal.halt=SIGWINCH
	boot_stub a
	run within 5 mgr-stop -k -n a
	assert_success
	assert_equal "$(last_run a)" "killed by mgr-stop"
	assert_equal "$(stubs_alive)" 0
	state_is a STOPPED
}

@test "stop.2 -k ends one that is stopping" {
	stub a "" -s signal.halt=SIGWINCH
	boot_stub a
	mgr-stop --nowait -n a
	run within 5 mgr-stop -k -n a
	assert_success
	state_is a STOPPED
}

@test "stop.2 one that was killed by another is not said to be mgr-stop's" {
	stub a ""
	boot_stub a
	kill -KILL "$(mgr-info -n a -pH)"
	mgr-wait -n a -s STOPPED -t $((10 * patience))
	assert_equal "$(last_run a)" "signal 9 (Killed)"
}

@test "stop.3 what does not run exits 2" {
	stub a ""
	run mgr-stop -n a
	assert_status 2
	assert_output "mgr-stop: a: is not running"
	boot_stub a
	mgr-stop -n a
	run mgr-stop -k -n a
	assert_status 2
}

@test "stop.3 of several names each is stopped, the highest code wins" {
	stub a ""
	stub b ""
	boot_stub a
	run mgr-stop a b
	assert_status 2
	assert_output "mgr-stop: b: is not running"
	state_is a STOPPED
}

@test "stop.2 in a folder of containers that -P names" {
	local folder=$BATS_TEST_TMPDIR/store
	mkdir -m 700 "$folder"
	own_store "$folder"
	mgr-create -P "$folder" -n a -t busybox -s net.0.type=empty
	mgr-start -P "$folder" -n a
	run mgr-info -P "$folder" -n a -sH
	assert_output RUNNING
	run mgr-stop -P "$folder" -k -n a
	assert_success
	run mgr-info -P "$folder" -n a -sH
	assert_output STOPPED
	mgr-destroy -P "$folder" -n a
}

@test "stop.4 -r reboots" {
	local before
	stub a ""
	boot_stub a
	before=$(mgr-info -n a -pH)
	run mgr-stop -r -n a
	assert_success
	state_is a RUNNING
	[ "$(mgr-info -n a -pH)" != "$before" ]
	assert_equal "$(stubs_alive)" 2
}

@test "stop.4 -r of an init that does not reboot says so" {
	stub a "" -s signal.reboot=SIGWINCH
	boot_stub a
	run mgr-stop -r -t 0.3 -n a
	assert_status 1
	assert_output "mgr-stop: a: has stopped instead of rebooting"
	state_is a STOPPED
}

@test "stop.4 -r says why the configuration of by now does not start" {
	stub a ""
	boot_stub a
	echo '[nothing]' >>"$MGR_ROOT/var/lib/mgr/a/config"
	run mgr-stop -r -n a
	assert_status 1
	assert_match "^mgr-stop: a: has stopped instead of rebooting: .*config:[0-9]+:.*nothing"
	state_is a STOPPED
	sed -i '$d' "$MGR_ROOT/var/lib/mgr/a/config"
}

@test "stop.5 Debian stops in under 3 s without a kill" {
	local suite start
	for suite in bookworm trixie; do
		container "$suite" -t debian -B auto -s net.0.type=empty -- --suite "$suite"
		boot "$suite"
		start=$(date +%s%N)
		mgr-stop -n "$suite"
		[ $(($(date +%s%N) - start)) -lt $((3000000000 * patience)) ]
		assert_equal "$(last_run "$suite")" "powered off"
	done
}

# What was running and is not any more: nothing of it, nothing of its supervisor's.
all_gone() {
	assert_equal "$(stubs_alive)" 0
	assert_equal "$(cgroups_of "$1")" ""
	assert_equal "$(supervisor_pid "$1")" ""
	assert_equal "$(find "$MGR_ROOT/run/mgr/$1" -mindepth 1 ! -name lock -printf '%f ')" ""
	state_is "$1" STOPPED
}

@test "stop.6 -k ends one whose supervisor is stuck" {
	stub a ""
	stub b ""
	boot_stub a
	boot_stub b
	mgr-stop -n b
	kill -STOP "$(supervisor_pid a)"
	SECONDS=0
	run within 20 mgr-stop -k -n a
	assert_success
	assert_output ""
	[ "$SECONDS" -le $((5 * patience)) ]
	all_gone a
	assert_equal "$(last_run a)" "failed: its supervisor was killed"
	boot_stub a
	assert_equal "$(stubs_alive)" 2
}

@test "stop.6 -k ends one whose init outlives its supervisor" {
	stub a "clear"
	boot_stub a
	kill -STOP "$(supervisor_pid a)"
	run within 20 mgr-stop -k -n a
	assert_success
	all_gone a
}

@test "stop.6 -k ends one whose control socket is missing" {
	stub a ""
	boot_stub a
	rm "$MGR_ROOT/run/mgr/a/control"
	SECONDS=0
	run within 20 mgr-stop -k -n a
	assert_success
	[ "$SECONDS" -le $((5 * patience)) ]
	all_gone a
}

@test "stop.6 -k ends one that is stuck while it starts" {
	local starter
	stub a ""
	MGR_DEBUG_STOP=boot:up:clone mgr-start -n a 2>/dev/null &
	starter=$!
	wait_state a STARTING
	run within 30 mgr-stop -k -n a
	assert_success
	all_gone a
	run ! wait $starter
}

@test "stop.6 without -k after its time" {
	stub a ""
	boot_stub a
	kill -STOP "$(supervisor_pid a)"
	SECONDS=0
	run within 30 mgr-stop -t 3 -n a
	assert_success
	[ "$SECONDS" -ge 3 ]
	[ "$SECONDS" -le $((8 * patience)) ]
	all_gone a
}

@test "stop.6 --nokill kills no supervisor either" {
	stub a ""
	boot_stub a
	kill -STOP "$(supervisor_pid a)"
	run within 30 mgr-stop --nokill -t 1 -n a
	assert_status 1
	assert_output "mgr-stop: a: its supervisor does not answer"
	state_is a RUNNING
	kill -CONT "$(supervisor_pid a)"
}

@test "stop.6 mgr-destroy -f removes one whose supervisor is stuck" {
	stub a ""
	boot_stub a
	kill -STOP "$(supervisor_pid a)"
	run within 20 mgr-destroy -f -n a
	assert_success
	[ ! -e "$MGR_ROOT/var/lib/mgr/a" ]
	[ ! -e "$MGR_ROOT/run/mgr/a" ]
	assert_equal "$(stubs_alive)" 0
	assert_equal "$(cgroups_of a)" ""
}

@test "stop.1 several names are stopped at once, their lines in order" {
	local name
	for name in a b c; do
		stub $name "" -s signal.halt=SIGWINCH
		boot_stub $name
	done
	stub d ""
	SECONDS=0
	run mgr-stop -t 2 a d b nosuch c
	[ "$SECONDS" -lt $((5 * patience)) ]
	assert_status 2
	assert_output "mgr-stop: d: is not running
mgr-stop: nosuch: no such container"
	assert_equal "$(stubs_alive)" 0
	for name in a b c; do
		state_is $name STOPPED
	done
}
