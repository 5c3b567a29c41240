#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Older kernels: what mgr does where a call, or a file, of newer ones is missing.

load ../lib/common
load ../lib/cgroup
load ../lib/stub

setup_file() {
	build_stub
}

# old COMMAND...: as on a kernel that lacks what $lacks names.
old() {
	"$BATS_TEST_DIRNAME/../lib/without" "$lacks" -- "$@"
}

is_in_its_cgroups() {
	local line
	while IFS= read -r line; do
		[[ $line == *"/mgr-$MGR_LAB_ID/"* ]] || show "outside: $line" || return 1
	done <"/proc/$1/cgroup"
}

# A whole life of container a; a stub, or one like it.
life() {
	local pid
	old mgr-start -n a
	is_in_its_cgroups "$(mgr-info -n a -pH)"
	run old mgr-attach -n a -- cat /proc/self/cgroup
	assert_success
	refute_contains "/../"
	old mgr-freeze -n a
	state_is a FROZEN
	run old mgr-attach -n a -- true
	assert_status 125
	old mgr-unfreeze -n a
	old mgr-attach -n a -- true
	old mgr-stop -n a
	old mgr-start -n a
	old mgr-freeze -n a
	old mgr-stop -k -n a
	old mgr-start -n a
	pid=$(supervisor_pid a)
	kill -KILL "$pid"
	wait_gone 10 "$pid"
	old mgr-start -n a
	old mgr-attach -n a -- true
	run old mgr-destroy -n a
	assert_status 1
	old mgr-destroy -f -n a
	run cgroups_of a
	assert_output ""
}

@test "old.1 without cgroup.kill: a whole life, and a supervisor that is killed" {
	lacks=cgroup.kill
	stub a ""
	life
}

# Its init outlives the supervisor: so nobody but the killer ends what is in there.
@test "old.1 without cgroup.kill: what makes processes for ever, and what is in threaded cgroups, is killed" {
	has_v2 || skip "this machine has no cgroup v2"
	lacks=cgroup.kill
	stub a clear -s limits.pids=300
	old mgr-start -n a
	in_container a sh -c 'mkdir -p /sys/fs/cgroup/deep/er/threads && cd /sys/fs/cgroup/deep/er || exit
		(echo 0 >cgroup.procs; echo threaded >threads/cgroup.type; echo 0 >threads/cgroup.threads; exec sleep 1000) &
		bomb() { bomb & sleep 0.05; bomb; }; bomb >/dev/null 2>&1 &'
	wait_until 10 grep -qs "populated 1" "$(v2_folder a)/deep/er/threads/cgroup.events"
	kill -KILL "$(supervisor_pid a)"
	wait_state a ABORTING
	run timeout 20 "$BATS_TEST_DIRNAME/../lib/without" cgroup.kill -- mgr-destroy -n a
	assert_success
	run cgroups_of a
	assert_output ""
}

@test "old.2 without CLONE_INTO_CGROUP, or clone3 as a whole: a whole life" {
	for lacks in clone3 clone3:CLONE_INTO_CGROUP; do
		stub a ""
		life
	done
}
