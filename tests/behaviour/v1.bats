#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A machine that has v1's hierarchies alone.

load ../lib/common
load ../lib/cgroup
load ../lib/stub

setup_file() {
	build_stub
}

setup() {
	common_setup
	is_hybrid || skip "this machine has no v1 hierarchies beside v2"
	export v2_hidden=1
}

@test "host.1 a whole life, and a supervisor that is killed" {
	stub a ""
	whole_life without_v2
}

@test "host.1 limits, live changes, files of the cgroup, statistics, a reboot inside" {
	stub a "" --memory 64M --pids 30 -s cgroup.cpu.shares=77
	run without_v2 bash -ec '
		mgr-start -n a
		mgr-cgroup -n a memory.limit_in_bytes; mgr-cgroup -n a pids.max; mgr-cgroup -n a cpu.shares
		mgr-config -n a set limits.pids 40; mgr-cgroup -n a pids.max
		mgr-info -n a -S | grep -c "^Memory use"
		mgr-stop -r -n a; mgr-wait -n a -s RUNNING -t $((10 * patience))
		mgr-cgroup -n a pids.max
		mgr-cgroup -n a memory.max || echo "v2: $?"
		mgr-stop -n a'
	assert_success
	assert_output "67108864
30
77
40
1
40
mgr-cgroup: a: no cgroup of it has 'memory.max'
v2: 1"
}

@test "host.2 Debian 12 reaches running with no failed unit, and its units have cgroups" {
	container a -t debian -s net.0.type=empty -- --suite bookworm
	run without_v2 mgr-start -n a --wait=90
	assert_success
	run in_container a sh -c 'systemctl is-system-running --wait; systemctl --failed --no-legend --plain
		systemd-run -q --pipe -p MemoryMax=50M grep -c "^[0-9]*:name=systemd:/system.slice/run-" /proc/self/cgroup
		find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -name unified'
	assert_output "running
1"
	without_v2 mgr-freeze -n a
	state_is a FROZEN
	without_v2 mgr-stop -n a
	state_is a STOPPED
}

@test "stop.2 however deep the guest has nested its cgroups" {
	container a -t busybox -s net.0.type=empty
	mgr-start -n a
	in_container a sh -c 'mkdir /mnt/c; mount -t cgroup -o none,name=systemd c /mnt/c; cd /mnt/c
		i=0; while [ $i -lt 300 ]; do mkdir d d/e; cd d; i=$((i+1)); done
		sleep 1000 & echo $! >cgroup.procs'
	mgr-stop -k -n a
	state_is a STOPPED
	mgr-start -n a
}
