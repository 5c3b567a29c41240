# SPDX-License-Identifier: LGPL-2.1-or-later
load ../lib/common

@test "repo.9 a lab has its own network, without a way out" {
	[ "$(ls /sys/class/net)" = lo ]
	[ -z "$(ip route show table main)" ]
	ping_fails() { ! timeout 5 bash -c 'exec 3<>/dev/tcp/192.0.2.1/80' 2>/dev/null; }
	ping_fails
}

@test "repo.9 a lab has the machine's cgroups, a folder of its own for MGR_ROOT, and its own /run" {
	[ -n "$(find /sys/fs/cgroup -name cgroup.procs -print -quit)" ]
	[[ $MGR_ROOT == "$MGR_LAB"/* ]]
	[ "$(stat -f -c %T /run)" = tmpfs ]
	[ -z "$(ls /run/netns)" ]
}

@test "repo.9 nothing outlives a lab, whatever was left in it" {
	run "$BATS_TEST_DIRNAME/../lab" bash -c 'echo "$MGR_LAB"; mkdir "$MGR_LAB/m"; mount -t tmpfs x "$MGR_LAB/m"
		find /sys/fs/cgroup -maxdepth 2 -name cgroup.procs -execdir mkdir -p "mgr-$MGR_LAB_ID/x" \;
		setsid sleep 1000 <&- >&- 2>&- & exit 7'
	assert_status 7
	[ ! -e "$output" ]
	[ -z "$(find /sys/fs/cgroup -name "mgr-$("$BATS_TEST_DIRNAME/../lib/storeid" "$output/root")")" ]
	run grep -lsz "^MGR_LAB=$output" /proc/[0-9]*/environ
	assert_output ""
}

@test "repo.9 containers that run at the end of a lab go with it, their cgroups too" {
	run "$BATS_TEST_DIRNAME/../lab" bash -c 'echo "$MGR_LAB_ID"; mgr-create -n a -t busybox; mgr-start -n a'
	assert_success
	assert_equal "$(find /sys/fs/cgroup -maxdepth 2 -name "mgr-$output" 2>/dev/null)" ""
}

@test "repo.9 another machine is reached by a cable of its own" {
	make_machine peer
	on peer socat -u TCP-LISTEN:7000,reuseaddr CREATE:"$BATS_TEST_TMPDIR/got" &
	wait_until 5 tcp_open_and_say "$peer_ip" 7000 hello
	wait $!
	assert_equal "$(cat "$BATS_TEST_TMPDIR/got")" hello
}

tcp_open_and_say() {
	echo "$3" | socat -u - "TCP:$1:$2" 2>/dev/null
}
