#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later

load ../lib/common
load ../lib/cgroup
load ../lib/stub

setup_file() {
	build_stub
}

# Processor time of all processes of a container, by whoever counts it; the file that counts it is $counter.
spent() {
	awk '$1 == "usage_usec" { print $2 } NF == 1' "$counter"
}

spends() {
	[ "$(spent)" -gt "$1" ]
}

# busy NAME: it has a process that never rests.
busy() {
	mgr-attach -n "$1" -- /bin/busybox sh -c 'while :; do :; done' &
	counter=$(v2_folder "$1")/cpu.stat
	[ ! -e "/sys/fs/cgroup/cpuacct/mgr-$MGR_LAB_ID/$1" ] || counter=/sys/fs/cgroup/cpuacct/mgr-$MGR_LAB_ID/$1/cpuacct.usage
	wait_until 10 spends "$(spent)"
}

@test "freeze.1 every process is stopped when mgr-freeze returns, and runs on after mgr-unfreeze" {
	local before
	stub a ""
	boot_stub a
	busy a
	run mgr-freeze -n a
	assert_success
	assert_output ""
	before=$(spent)
	mgr-info -n a >/dev/null
	run mgr-freeze -n a
	assert_success
	assert_equal "$(spent)" "$before"
	! has_v2 || grep -q "frozen 1" "$(v2_folder a)/cgroup.events"
	run mgr-unfreeze -n a
	assert_success
	assert_output ""
	wait_until 10 spends "$before"
	run mgr-unfreeze -n a
	assert_success
	mgr-stop -k -n a
	wait
}

@test "freeze.1 a machine with v1 alone: freeze, run on, stop and kill when frozen, and no supervisor" {
	is_hybrid || skip "this machine has no v1 hierarchies beside v2"
	stub a ""
	run without_v2 bash -ec '
		state() { echo "$(mgr-info -n a -sH) $(cat "/sys/fs/cgroup/freezer/mgr-$MGR_LAB_ID/a/freezer.state")"; }
		mgr-start -n a
		mgr-freeze -n a; state
		mgr-attach -n a -- true || echo "attach $?"
		mgr-unfreeze -n a; state
		mgr-freeze -n a; timeout $((20 * patience)) mgr-stop -n a; mgr-info -n a -sH
		mgr-start -n a; mgr-freeze -n a; timeout $((10 * patience)) mgr-stop -k -n a; mgr-info -n a -sH
		mgr-start -n a; mgr-freeze -n a; kill -KILL "$(awk "/^PPid/ { print \$2 }" "/proc/$(mgr-info -n a -pH)/status")"
		mgr-wait -n a -s ABORTING -t $((10 * patience)); state
		mgr-start -n a; mgr-info -n a -sH; mgr-destroy -f -n a'
	assert_output "FROZEN FROZEN
mgr-attach: a: is frozen: mgr-unfreeze lets it run on
attach 125
RUNNING THAWED
STOPPED
STOPPED
ABORTING FROZEN
RUNNING"
	assert_success
}

# A process in the cgroup of container a that waits where nothing can stop it, for a file system that takes no writes.
stick() {
	local image=$BATS_TEST_TMPDIR/image begun=$BATS_TEST_TMPDIR/begun
	disk=$BATS_TEST_TMPDIR/disk
	truncate -s 8M "$image"
	mkfs.ext4 -q "$image"
	mkdir "$disk"
	mount -o loop "$image" "$disk"
	fsfreeze -f "$disk"
	# shellcheck disable=SC2016
	bash -c 'echo $BASHPID >"$0/cgroup.procs"; echo >"$2"; : >"$1/file"' "$(v2_folder a)" "$disk" "$begun" &
	writer=$!
	wait_until 10 test -s "$begun"
	wait_until 10 grep -q percpu_rwsem_wait "/proc/$writer/wchan"
}

unstick() {
	fsfreeze -u "$disk"
	wait "$writer"
	unmount "$disk"
}

@test "freeze.1 a process that the kernel cannot stop: exit 1 when the time is up, and all run on" {
	local disk writer before
	has_v2 || skip "no cgroup v2 here"
	stub a ""
	boot_stub a
	busy a
	stick
	run mgr-freeze -n a -t 0.3
	before=$(spent)
	mgr-info -n a -sH >"$BATS_TEST_TMPDIR/state"
	if [ "$status" -eq 0 ] && grep -q "^State:.D" "/proc/$writer/status"; then
		mgr-unfreeze -n a
		unstick
		mgr-destroy -f -n a
		skip "a kernel (6.1) that calls a cgroup frozen when those below it are, whatever its own processes do"
	fi
	unstick
	assert_status 1
	assert_output "mgr-freeze: a: not every process could be stopped in time: all run on"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/state")" RUNNING
	wait_until 10 spends "$before"
	mgr-freeze -n a
	mgr-destroy -f -n a
	wait
}

@test "freeze.1 several names: each is tried, each failure has its line" {
	stub a ""
	stub b ""
	stub c ""
	boot_stub a
	boot_stub c
	run mgr-freeze a b c nosuch
	assert_status 1
	assert_output "mgr-freeze: b: is not running
mgr-freeze: nosuch: no such container"
	state_is a FROZEN
	state_is c FROZEN
	run mgr-unfreeze a b c
	assert_status 1
	assert_output "mgr-unfreeze: b: is not running"
	state_is a RUNNING
	state_is c RUNNING
}

@test "freeze.1 who waits for a freeze hears that it was unfrozen meanwhile" {
	local disk writer freezer
	has_v2 || skip "no cgroup v2 here"
	stub a ""
	boot_stub a
	stick
	mgr-freeze -n a -t 60 2>"$BATS_TEST_TMPDIR/said" &
	freezer=$!
	mgr-wait -n a -s FREEZING -t $((10 * patience))
	run mgr-attach -n a -- true
	mgr-unfreeze -n a
	unstick
	assert_status 125
	assert_output "mgr-attach: a: is frozen: mgr-unfreeze lets it run on"
	wait $freezer && return 1
	assert_equal "$(cat "$BATS_TEST_TMPDIR/said")" "mgr-freeze: a: was unfrozen meanwhile"
}

@test "freeze.2 FREEZING, FROZEN and THAWED are reported and can be waited for" {
	local waiters=() state
	stub a ""
	boot_stub a
	for state in FREEZING FROZEN THAWED; do
		mgr-wait -n a -s $state -t $((30 * patience)) &
		waiters+=($!)
	done
	watches() { [ "$(fds_of "$(supervisor_pid a)" | grep -c socket)" -ge 4 ]; }
	wait_until 10 watches
	mgr-freeze -n a
	wait "${waiters[0]}" "${waiters[1]}"
	assert_equal "$(mgr-info -n a | sed -n 's/^State: *//p')" FROZEN
	assert_equal "$(mgr-ls --json | jq -r '.[0].state')" FROZEN
	run mgr-wait -n a --ready -t $((10 * patience))
	assert_success
	mgr-unfreeze -n a
	wait "${waiters[2]}"
	state_is a RUNNING
}

@test "freeze.3 stop -k ends what was frozen past mgr, in a v1 hierarchy" {
	is_hybrid || skip "this machine has no v1 hierarchies beside v2"
	stub a ""
	boot_stub a
	mgr-cgroup -n a freezer.state FROZEN
	run within 10 mgr-stop -k -n a
	mgr-cgroup -n a freezer.state THAWED 2>/dev/null || true # nothing could be killed else
	assert_success
}

@test "freeze.3 what was frozen past mgr, in a v1 hierarchy: attach is refused, unfreeze and stop let it run on" {
	is_hybrid || skip "this machine has no v1 hierarchies beside v2"
	stub a ""
	boot_stub a
	mgr-cgroup -n a freezer.state FROZEN
	run within 5 mgr-attach -n a -- true
	assert_status 125
	assert_output "mgr-attach: a: is frozen: mgr-unfreeze lets it run on"
	run within 5 mgr-freeze -n a
	assert_success
	run within 5 mgr-unfreeze -n a
	assert_success
	assert_equal "$(mgr-cgroup -n a freezer.state)" THAWED
	run within 5 mgr-attach -n a -- /bin/busybox true
	assert_success
	mgr-cgroup -n a freezer.state FROZEN
	run within 20 mgr-stop -n a
	assert_success
	assert_match "^$"
}

@test "freeze.3 one frozen in a v1 hierarchy whose supervisor was killed is cleared away by the next start" {
	is_hybrid || skip "this machine has no v1 hierarchies beside v2"
	stub a clear
	boot_stub a
	mgr-cgroup -n a freezer.state FROZEN
	kill -KILL "$(supervisor_pid a)"
	mgr-wait -n a -s 'ABORTING|STOPPED' -t $((10 * patience))
	run within 30 mgr-start -n a
	assert_success
}

@test "freeze.3 attach, start and destroy of a frozen container are refused" {
	stub a ""
	boot_stub a
	mgr-freeze -n a
	run within 5 mgr-attach -n a -- true
	assert_status 125
	assert_output "mgr-attach: a: is frozen: mgr-unfreeze lets it run on"
	run within 5 mgr-start -n a
	assert_status 1
	assert_output "mgr-start: a: is frozen: mgr-unfreeze lets it run on"
	run within 5 mgr-destroy -n a
	assert_status 1
	assert_output "mgr-destroy: a: it is not stopped (FROZEN): stop it first, or use -f"
	run within 5 mgr-destroy -f -n a
	assert_success
	assert_equal "$(stubs_alive)" 0
}

@test "freeze.3 a stop of a frozen container is a stop, and a reboot a reboot" {
	stub a ""
	boot_stub a
	mgr-freeze -n a
	run within 20 mgr-stop -r -n a
	assert_success
	state_is a RUNNING
	wait_until 5 has_child "$(mgr-info -n a -pH)"
	mgr-freeze -n a
	run within 20 mgr-stop -n a
	assert_success
	assert_match "^$"
	run mgr-info -n a
	assert_match "State: +STOPPED"
	assert_contains "powered off"
}

@test "freeze.3 stop -k of a frozen container works at once, and so does the end of its init" {
	stub a ""
	boot_stub a
	mgr-freeze -n a
	run within 5 mgr-stop -k -n a
	assert_success
	boot_stub a
	mgr-freeze -n a
	kill -KILL "$(mgr-info -n a -pH)"
	mgr-wait -n a -s STOPPED -t $((10 * patience))
	assert_equal "$(stubs_alive)" 0
}

@test "freeze.3 a frozen container whose supervisor was killed is cleared away by the next start" {
	stub a clear
	boot_stub a
	mgr-freeze -n a
	kill -KILL "$(supervisor_pid a)"
	mgr-wait -n a -s 'ABORTING|STOPPED' -t $((10 * patience))
	mgr-start -n a
	state_is a RUNNING
	mgr-stop -k -n a
	assert_equal "$(stubs_alive)" 0
}

@test "freeze.3 the console of a frozen container shows what was said" {
	stub a ""
	boot_stub a
	mgr-freeze -n a
	run "$BATS_TEST_DIRNAME/../lib/terminal" "expect:stub runs" 'send:\x01q' -- mgr-console -n a
	assert_success
	state_is a FROZEN
}
