# SPDX-License-Identifier: LGPL-2.1-or-later
# Everything that is wild in here is bounded by itself too: in time, in size, in number.
load ../lib/common

# cgroup_file NAME V1CONTROLLER V1FILE V2FILE: the host's file of the container's cgroup.
cgroup_file() {
	local path="mgr-$MGR_LAB_ID/$1" v1
	for v1 in /sys/fs/cgroup/"$2"/"$path"/"$3" /sys/fs/cgroup/*"$2"*/"$path"/"$3"; do
		[ ! -e "$v1" ] || { echo "$v1"; return; }
	done
	echo "/sys/fs/cgroup/$path/$4"
}

log_tells() {
	mgr-log -n web | grep -qE "$1"
}

# Where nothing of the memory is to be had from a swap.
hog=(dd if=/dev/zero of=/dev/null bs=200M count=1)

@test "start.7 a run in the foreground that ends for want of memory says so" {
	container web -s net.0.type=empty --memory 16M -s limits.swap=0 -s "init.cmd=/bin/${hog[*]}"
	run within 60 mgr-start -F -n web </dev/null
	assert_status 137
	assert_output "mgr-start: web: memory ran out (limits.memory): the kernel killed 1"
	run within 60 mgr-execute -n web -- "${hog[@]}"
	assert_status 137
	assert_output "mgr-execute: web: memory ran out (limits.memory): the kernel killed 1"
	run within 60 mgr-execute -n web -- sh -c 'kill -KILL $$'
	assert_status 137
	assert_output ""
	mkdir -m 700 "$BATS_TEST_TMPDIR/closed"
	cp -a "$MGR_ROOT/var/lib/mgr/web/rootfs" "$BATS_TEST_TMPDIR/closed/tree"
	run within 60 mgr-execute --rootfs "$BATS_TEST_TMPDIR/closed/tree" --memory 16M -s limits.swap=0 -- "${hog[@]}"
	assert_status 137
	assert_output "mgr-execute: memory ran out (limits.memory): the kernel killed 1"
}

@test "start.7 a memory hog is killed inside, and the container lives on" {
	container web -s net.0.type=empty --memory 64M -s limits.swap=0
	boot web
	run within 60 mgr-attach -n web -- dd if=/dev/zero of=/dev/null bs=200M count=1
	assert_status 137
	state_is web RUNNING
	run mgr-attach -n web -- dd if=/dev/zero of=/dev/null bs=20M count=1
	assert_success
	wait_until 5 log_tells 'WARN.*memory ran out \(limits\.memory\): processes killed in this run: 1$'
	run mgr-info -n web
	assert_match "OOM kills: +1"
	assert_equal "$(mgr-info -n web --json | jq '.[].oom_kills')" 1
	assert_equal "$(mgr-info -n web --json | jq '.[].memory_max_events != 0')" true # null: v1 does not tell
	assert_equal "$(cat "$(cgroup_file web memory memory.limit_in_bytes memory.max)")" $((64 << 20))
	[ ! -e "$(cgroup_file web memory none memory.max)" ] || assert_equal "$(mgr-attach -n web -- cat /sys/fs/cgroup/memory.max)" $((64 << 20))
}

@test "start.7 swap is swap alone, above the memory" {
	container web -s net.0.type=empty --memory 64M -s limits.swap=16M
	boot web
	local file
	file=$(cgroup_file web memory memory.memsw.limit_in_bytes memory.swap.max)
	case $file in
	*memsw*) assert_equal "$(cat "$file")" $((80 << 20)) ;;
	*) assert_equal "$(cat "$file")" $((16 << 20)) ;;
	esac
}

# limit CONTROLLER V1FILE V2FILE: what the kernel has of web.
limit() {
	cat "$(cgroup_file web "$@")"
}

@test "conf.6 a changed limit holds at once, set, unset or by its whole section, and again without one" {
	container web -s net.0.type=empty --memory 64M -s limits.swap=16M
	boot web
	local top
	top=$(limit cpuset cpuset.cpus cpuset.cpus.effective)
	mgr-config -n web set limits.memory 200M limits.pids 77 limits.cpus 0.5 limits.cpuset 0 limits.cpu-weight 200
	assert_equal "$(limit memory memory.limit_in_bytes memory.max)" $((200 << 20))
	case $(cgroup_file web memory memory.memsw.limit_in_bytes memory.swap.max) in
	*memsw*) assert_equal "$(limit memory memory.memsw.limit_in_bytes memory.swap.max)" $((216 << 20)) ;;
	*) assert_equal "$(limit memory memory.memsw.limit_in_bytes memory.swap.max)" $((16 << 20)) ;;
	esac
	assert_equal "$(limit pids pids.max pids.max)" 77
	run limit cpu cpu.cfs_quota_us cpu.max
	assert_match '^50000'
	assert_equal "$(limit cpuset cpuset.cpus cpuset.cpus)" 0
	run limit cpu cpu.shares cpu.weight
	assert_match '^(200|2048)$'
	mgr-config -n web unset limits.pids
	assert_equal "$(limit pids pids.max pids.max)" max
	mgr-config -n web set limits.memory 32M
	assert_equal "$(limit memory memory.limit_in_bytes memory.max)" $((32 << 20))
	mgr-config -n web unset limits
	run limit memory memory.limit_in_bytes memory.max
	assert_match '^(max|9223372036854771712)$'
	run limit memory memory.memsw.limit_in_bytes memory.swap.max
	assert_match '^(max|9223372036854771712)$'
	run limit cpu cpu.cfs_quota_us cpu.max
	assert_match '^(max|-1)'
	assert_equal "$(limit cpuset cpuset.cpus cpuset.cpus.effective)" "$top"
	run limit cpu cpu.shares cpu.weight
	assert_match '^(100|1024)$'
}

@test "conf.6 a limit that cannot be had is refused and the file stays; what -s set for the run stays" {
	container web -s net.0.type=empty --pids 50
	mgr-start -n web -s limits.pids=60 --wait
	mgr-config -n web set limits.pids 70
	assert_equal "$(limit pids pids.max pids.max)" 60
	assert_equal "$(mgr-config -n web get limits.pids)" 70
	run mgr-config -n web set limits.memory 128M limits.cpuset 4000
	assert_status 1
	assert_contains "mgr-config: web: it is running, and cannot be given this: limits.cpuset: '4000': this host's processors are"
	assert_equal "$(mgr-config -n web get limits.cpuset)" ""
	run limit memory memory.limit_in_bytes memory.max
	assert_match '^(max|9223372036854771712)$'
}

@test "start.7 a fork bomb stays inside, and is stopped" {
	container web -s net.0.type=empty --pids 60 --cpus 0.5
	boot web
	timeout 30 mgr-attach -n web -- sh -c 'bomb() { bomb | bomb & }; bomb; sleep 25' >/dev/null 2>&1 &
	local file i
	file=$(cgroup_file web pids pids.current pids.current)
	wait_until 20 grep -q '^max [1-9]' "${file%/*}/pids.events" # the limit was met, and a fork refused
	for i in $(seq 50); do
		[ "$(cat "$file")" -le 61 ] # one may be entering
		true | true
	done
	state_is web RUNNING
	run within 20 mgr-stop -k -n web
	assert_success
	[ ! -e "${file%/*}" ]
}

@test "start.7 cpus bounds the time that processors give" {
	container web -s net.0.type=empty --cpus 0.2
	boot web
	local file
	file=$(cgroup_file web cpu cpu.stat cpu.stat)
	timeout 20 mgr-attach -n web -- timeout 15 sh -c 'while :; do :; done' &
	wait_until 15 grep -Eq 'nr_throttled [1-9]' "$file"
	run within 20 mgr-stop -k -n web
	assert_success
}

@test "start.7 cpuset chooses the processors" {
	container web -s net.0.type=empty -s limits.cpuset=0
	boot web
	run mgr-attach -n web -- grep Cpus_allowed_list: /proc/self/status
	assert_output $'Cpus_allowed_list:\t0'
	run mgr-attach -n web -- grep Cpus_allowed_list: /proc/1/status
	assert_output $'Cpus_allowed_list:\t0'
}

@test "start.7 what the kernel refuses is an error that names the key, and nothing is left" {
	container web -s net.0.type=empty -s limits.cpuset=4000
	run mgr-start -n web
	assert_status 1
	assert_output "mgr-start: web: cgroup: limits.cpuset: '4000': this host's processors are\
 $(cat /sys/devices/system/cpu/online)"
	[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "mgr-$MGR_LAB_ID")" ]
}

@test "start.7 memory that is too little for a start, or for the guest to become ready, is said to be the reason" {
	container web -s net.0.type=empty --memory 8K
	run mgr-start -n web
	assert_status 1
	assert_match "^mgr-start: web: .*: memory ran out: limits.memory is too little for a start, the kernel killed it\$"
	mgr-config -n web set limits.memory 16M
	mgr-config -n web set limits.swap 0
	mgr-config -n web set init.ready notify
	mgr-config -n web set init.cmd "/bin/dd if=/dev/zero of=/dev/null bs=100M count=1"
	run mgr-start -n web --wait=30
	assert_status 1
	assert_output "mgr-start: web: ended before it was ready: memory ran out (limits.memory), the kernel killed 1"
}

@test "start.7 a controller that the host lacks is an error that names it" {
	mountpoint -q /sys/fs/cgroup/pids || skip "pids is no v1 hierarchy here"
	container web -s net.0.type=empty --pids 10
	run unshare -m bash -c 'umount /sys/fs/cgroup/pids && mgr-start -n web'
	assert_status 1
	assert_output "mgr-start: web: cgroup: limits.pids: this host has no cgroup controller 'pids'"
	[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "mgr-$MGR_LAB_ID")" ]
}
