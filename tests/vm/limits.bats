#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later

load ../lib/common

# has PARAMETER VALUE: what the kernel says of web.
has() {
	assert_equal "$(mgr-cgroup -n web "$1")" "$2"
}

log_tells() {
	mgr-log -n web | grep -qE "$1"
}

@test "cgroup.4 below systemd limits, rules for devices and kills for want of memory are those of the container's unit" {
	local disk
	disk=$(lsblk -dnro MAJ:MIN,TYPE | awk '$2 == "disk" { print $1; exit }')
	container web -s net.0.type=empty --memory 64M -s limits.swap=0 --pids 50 --cpus 0.5 -s "cgroup2.io.max=$disk wbps=1048576" \
		-s cgroup2.memory.high=60M -s 'cgroup2.devices.deny=c 1:8 rw'
	boot web
	has memory.max $((64 << 20))
	has memory.high $((60 << 20))
	has pids.max 50
	has cpu.max "50000 100000"
	has io.max "$disk rbps=max wbps=1048576 riops=max wiops=max"
	run mgr-attach -n web -- sh -c 'cat /sys/fs/cgroup/pids.max; head -c 0 /dev/zero; head -c 0 /dev/random'
	assert_output $'50\nhead: /dev/random: Operation not permitted'
	mgr-config -n web unset cgroup2
	mgr-attach -n web -- head -c 0 /dev/random
	has memory.high max
	has io.max ""
	run mgr-attach -n web -- dd if=/dev/zero of=/dev/null bs=200M count=1
	assert_status 137
	wait_until 20 log_tells 'memory ran out \(limits\.memory\): processes killed in this run: 1$'
	assert_equal "$(mgr-info -n web --json | jq -c '.[0] | [.oom_kills, .memory_max_events > 0, .memory_pressure_some_avg10 != null]')" '[1,true,true]'
	mgr-stop -k -n web
	assert_equal "$(mgr-info -n web --json | jq '.[0].last_oom_kills')" 1
}
