# SPDX-License-Identifier: LGPL-2.1-or-later
load ../lib/common
load ../lib/cgroup

# Folders of containers of this lab, in any hierarchy.
folders() {
	find /sys/fs/cgroup -maxdepth 2 -name "mgr-$MGR_LAB_ID"
}

@test "start.6 the guest sees the v2 hierarchy alone, and itself at its root" {
	has_v2 || skip "no cgroup v2 here"
	container web -s net.0.type=empty
	boot web
	run mgr-attach -n web -- grep cgroup /proc/mounts
	assert_match '^[a-z0-9]+ /sys/fs/cgroup cgroup2 rw'
	[ "${#lines[@]}" -eq 1 ]
	run mgr-attach -n web -- sh -c 'cut -d: -f3 /proc/1/cgroup | sort -u'
	assert_output /
}

@test "start.6 no container sees another one's name" {
	container web -s net.0.type=empty
	container neighbour -s net.0.type=empty
	boot web
	boot neighbour
	run mgr-attach -n web -- sh -c 'cat /proc/[0-9]*/cgroup /proc/self/mountinfo; find /sys/fs/cgroup'
	assert_success
	refute_contains neighbour
	refute_contains "mgr-$MGR_LAB_ID"
}

@test "start.6 container root has cgroups of its own, and no say over its limits" {
	has_v2 || skip "no cgroup v2 here"
	container web -s net.0.type=empty --pids 100
	boot web
	run mgr-attach -n web -- sh -c 'mkdir -p /sys/fs/cgroup/a/b && echo $$ >/sys/fs/cgroup/a/b/cgroup.procs && grep ^0: /proc/self/cgroup'
	assert_output "0::/a/b"
	run mgr-attach -n web -- find /sys/fs/cgroup -maxdepth 1 -name '*.*' -user 0
	assert_equal "$(sort <<<"$output")" "$(printf '/sys/fs/cgroup/cgroup.%s\n' procs subtree_control threads)"
	run mgr-attach -n web -- sh -c 'echo 1 >/sys/fs/cgroup/cgroup.freeze'
	[ "$status" -ne 0 ]
	mgr-stop -k -n web
	[ -z "$(folders)" ]
}

@test "start.6 mount.cgroup = hybrid and = v1 show the v1 hierarchies" {
	is_hybrid || skip "this machine is not hybrid"
	container web -s net.0.type=empty -s mount.cgroup=hybrid
	boot web
	run mgr-attach -n web -- sh -c 'ls /sys/fs/cgroup; cat /proc/1/cgroup | cut -d: -f3 | sort -u; cat /sys/fs/cgroup/memory/cgroup.procs | head -n 1'
	assert_contains unified
	assert_contains memory
	assert_equal "$(tail -n 2 <<<"$output")" $'/\n1'
	run mgr-attach -n web -- mkdir /sys/fs/cgroup/systemd/own
	assert_success
	run mgr-attach -n web -- mkdir /sys/fs/cgroup/memory/own
	[ "$status" -ne 0 ]
	mgr-stop -k -n web
	mgr-config -n web set mount.cgroup v1
	boot web
	run mgr-attach -n web -- ls /sys/fs/cgroup
	refute_contains unified
	assert_contains memory
	mgr-stop -k -n web
	[ -z "$(folders)" ]
}

@test "start.6 a machine with v1 alone: start, limits, attach, a guest's own cgroups, kill" {
	is_hybrid || skip "this machine has no v1 hierarchies beside v2"
	container web -s net.0.type=empty --pids 50
	run without_v2 bash -c 'mgr-start -n web --wait=30 &&
		mgr-attach -n web -- sh -c "ls /sys/fs/cgroup; mkdir -p /sys/fs/cgroup/systemd/x/y; cat /proc/self/cgroup" &&
		(mgr-attach -n web -- sh -c "trap : TERM HUP INT; echo \$\$ >/sys/fs/cgroup/systemd/x/y/cgroup.procs; sleep 1000" &) &&
		mgr-info -n web -s && mgr-stop -k -n web && mgr-info -n web -s'
	assert_success
	assert_contains pids
	refute_contains unified
	refute_contains "$MGR_LAB_ID"
	assert_match "RUNNING.*STOPPED"
	[ -z "$(folders)" ]
}

@test "start.6 with v1 alone and its record lost, what runs is ended before it is started again" {
	is_hybrid || skip "this machine has no v1 hierarchies beside v2"
	container web -s net.0.type=empty
	run without_v2 bash -c 'mgr-start -n web --wait=30 && pid=$(mgr-info -n web -pH) &&
		kill -STOP "$pid" && kill -KILL "$(awk "/^PPid/ { print \$2 }" "/proc/$pid/status")"
		(exec -a "mgr live" sleep 30) & for f in $(find /sys/fs/cgroup -path "*/mgr*$MGR_LAB_ID/web/tasks"); do echo $! >"$f"; done
		rm -f "$MGR_ROOT/run/mgr/web/undo"
		mgr-start -n web --wait=30; code=$?
		kill -0 $! 2>/dev/null && { wait $!; echo "ended by $?"; } || echo gone
		exit $code'
	assert_success
	assert_match "gone|ended by 137"
}

@test "start.6 v1 hierarchies that are asked for where there are none are an error" {
	is_hybrid || skip "this machine has no v1 hierarchies beside v2"
	container web -s net.0.type=empty -s mount.cgroup=v2
	run without_v2 mgr-start -n web
	assert_status 1
	assert_output "mgr-start: web: cgroup-view: mount.cgroup: this host has no cgroup v2 hierarchy"
	[ -z "$(folders)" ]
}

@test "start.6 attach works where the guest has given controllers to its cgroups" {
	has_v2 || skip "no cgroup v2 here"
	container web -s net.0.type=empty
	boot web
	local controllers
	controllers=$(mgr-attach -n web -- cat /sys/fs/cgroup/cgroup.controllers)
	[ -n "$controllers" ] || skip "no controller in the v2 hierarchy here"
	# shellcheck disable=SC2016
	mgr-attach -n web -- sh -c 'cd /sys/fs/cgroup && mkdir init && for p in $(cat cgroup.procs); do echo $p >init/cgroup.procs; done
		for c in $(cat cgroup.controllers); do echo +$c >cgroup.subtree_control; done'
	run mgr-attach -n web -- grep ^0: /proc/self/cgroup
	assert_success
	assert_output "0::/attach"
}
