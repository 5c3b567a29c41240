#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each test goes by v1's controller and by eBPF, where the machine has both.

load ../lib/common
load ../lib/cgroup

rootfs() {
	echo "$MGR_ROOT/var/lib/mgr/$1/rootfs"
}

# node NAME TYPE MAJOR MINOR: one that came with web's root file system.
node() {
	mknod -m 666 "$(rootfs web)/root/$1" "$2" "$3" "$4"
	chown --reference="$(rootfs web)" "$(rootfs web)/root/$1"
}

# Does this node open in web? Not whether there is such a device.
opens() {
	run mgr-attach -n web -- head -c 0 "$1"
	[[ $output != *"Operation not permitted"* ]]
}

barred() {
	run mgr-attach -n web -- head -c 0 "$1"
	assert_status 1
	assert_contains "Operation not permitted"
}

@test "dev.3 rules of [cgroup] and [cgroup2] follow mgr's own on every host, each in its order" {
	local way
	container web -s net.0.type=empty -s 'cgroup.devices.deny=c 1:5 rwm' -s 'cgroup.devices.deny+=c 1:8 w' \
		-s 'cgroup2.devices.allow=c 10:235 rw' -s 'cgroup2.devices.deny+=b 7:* r' -s 'cgroup2.devices.allow+=b 7:* rw'
	node autofs c 10 235
	node loop b 7 0
	node null c 1 3
	for way in $(ways_of_devices); do
		$way mgr-start -n web --wait=60
		barred /dev/zero
		opens /dev/random
		opens /root/autofs
		opens /root/loop
		mgr-attach -n web -- sh -c 'echo x >/root/null; ! echo x >/dev/random' </dev/null
		$way mgr-stop -k -n web
	done
	[ "$way" = without_v1_devices ]
}

@test "dev.3 'a' takes everything back, mgr's own rules too" {
	local way
	container web -s net.0.type=empty -s cgroup2.devices.deny=a -s 'cgroup2.devices.allow=c 1:3 rwm' \
		-s 'cgroup2.devices.allow+=c 5:* rw' -s 'cgroup2.devices.allow+=c 136:* rw'
	for way in $(ways_of_devices); do
		$way mgr-start -n web --wait=60
		run $way mgr-cgroup -n web devices.list
		assert_output "c 1:3 rwm
c 5:* rw
c 136:* rw"
		barred /dev/zero
		opens /dev/null
		$way mgr-stop -k -n web
		$way mgr-start -n web --wait=60 -s cgroup2.devices.allow=a -s 'cgroup2.devices.deny=c 1:5 r'
		assert_equal "$($way mgr-cgroup -n web devices.list)" "a *:* rwm"
		barred /dev/zero
		opens /dev/full
		$way mgr-stop -k -n web
	done
}

@test "dev.4 mgr-cgroup and mgr-config change the rules of a running container" {
	local way
	container web -s net.0.type=empty
	for way in $(ways_of_devices); do
		$way mgr-start -n web --wait=60
		opens /dev/zero
		$way mgr-cgroup -n web devices.deny 'c 1:5 r'
		barred /dev/zero
		$way mgr-cgroup -n web devices.allow 'c 10:232 rwm'
		run $way mgr-cgroup -n web devices.list
		assert_match $'\nc 1:5 w\n'
		assert_match $'\nc 10:232 rwm$'
		$way mgr-config -n web set cgroup2.devices.deny 'c 1:7 rw' cgroup2.devices.allow 'c 1:5 r'
		opens /dev/zero
		barred /dev/full
		$way mgr-config -n web add cgroup2.devices.deny 'c 1:8 rw'
		barred /dev/random
		barred /dev/full
		$way mgr-config -n web add cgroup2.devices.allow 'c 1:8 rw' # has the last word
		opens /dev/random
		barred /dev/full
		$way mgr-config -n web unset cgroup2.devices.deny
		$way mgr-config -n web set cgroup2.devices.allow 'c 1:5 r'
		opens /dev/full
		opens /dev/random
		assert_equal "$(mgr-config -n web --running get cgroup2.devices.allow)" 'c 1:5 r'
		$way mgr-config -n web unset cgroup2.devices.allow
		run $way mgr-cgroup -n web devices.list
		assert_contains 10:232
		$way mgr-stop -k -n web
		$way mgr-start -n web --wait=60 -s 'cgroup2.devices.deny=c 1:5 r'
		$way mgr-config -n web set cgroup2.devices.allow 'c 1:5 r'
		barred /dev/zero
		mgr-config -n web unset cgroup2.devices.allow
		$way mgr-stop -k -n web
	done
}

@test "dev.4 rules by mgr-cgroup hold over a reboot inside and other changes, until the container stops" {
	local way init
	container web -s net.0.type=empty
	for way in $(ways_of_devices); do
		mgr-config -n web unset cgroup2
		$way mgr-start -n web --wait=60
		$way mgr-cgroup -n web devices.deny 'c 1:5 rw'
		$way mgr-cgroup -n web devices.allow 'c 10:232 rwm'
		$way mgr-config -n web set cgroup2.devices.deny 'c 1:7 rw'
		barred /dev/zero
		init=$(mgr-info -n web -pH)
		in_container web reboot || true
		wait_gone 20 "$init"
		mgr-wait -n web --ready -t $((60 * patience))
		barred /dev/zero
		barred /dev/full
		run $way mgr-cgroup -n web devices.list
		assert_contains 'c 10:232 rwm'
		$way mgr-config -n web set cgroup2.devices.allow 'c 1:5 rw' # the last word on this one
		opens /dev/zero
		$way mgr-stop -k -n web
		$way mgr-start -n web --wait=60
		run $way mgr-cgroup -n web devices.list
		refute_contains 10:232
		$way mgr-stop -k -n web
	done
}

@test "dev.5 what is no rule is refused with its key, and nothing is changed" {
	local way
	container web -s net.0.type=empty
	run mgr-config -n web set cgroup2.devices.allow 'c 10:232'
	assert_status 1
	assert_output "mgr-config: web: cgroup2.devices.allow: 'c 10:232' is no rule for devices, such as 'c 10:232 rwm', 'b 8:* r', or 'a' for all"
	run mgr-start -n web -s 'cgroup.devices.deny=x 1:1 r'
	assert_status 1
	assert_match "^mgr-start: web: .*cgroup\.devices\.deny: 'x 1:1 r' is no rule for devices"
	run mgr-config -n web set cgroup.devices.list a
	assert_status 1
	assert_contains "'devices.list' is no setting"
	for way in $(ways_of_devices); do
		$way mgr-start -n web --wait=60
		run $way mgr-cgroup -n web devices.deny 'a 1:5 r'
		assert_status 1
		assert_match "^mgr-cgroup: web: devices\.deny: 'a 1:5 r' is no rule for devices"
		run $way mgr-cgroup -n web devices.allow
		assert_status 1
		assert_output "mgr-cgroup: web: 'devices.allow' cannot be read"
		opens /dev/zero
		$way mgr-stop -k -n web
	done
}

without=$BATS_TEST_DIRNAME/../lib/without

@test "dev.6 without eBPF for cgroups a container with an id map and no rules starts, others say why they do not" {
	has_v2 || skip "no cgroup v2 here"
	container web -s net.0.type=empty
	run without_v1_devices "$without" bpf -- mgr-start -n web -s container.idmap=none
	assert_status 1
	assert_output "mgr-start: web: devices: bar devices by eBPF: this kernel has none for cgroups (CONFIG_CGROUP_BPF)"
	run without_v1_devices "$without" bpf -- mgr-start -n web -s 'cgroup2.devices.deny=c 1:5 r'
	assert_status 1
	assert_output "mgr-start: web: devices: bar devices by eBPF: this kernel has none for cgroups (CONFIG_CGROUP_BPF)"
	without_v1_devices "$without" bpf -- mgr-start -n web --wait=60
	opens /dev/zero
	run without_v1_devices mgr-cgroup -n web devices.list
	assert_status 1
	assert_output "mgr-cgroup: web: no rules for devices are in force"
	mgr-stop -k -n web
}

@test "dev.6 a kernel that cannot put one program in another's place has both for a moment" {
	has_v2 || skip "no cgroup v2 here"
	container web -s net.0.type=empty
	without_v1_devices mgr-start -n web --wait=60
	without_v1_devices "$without" bpf:BPF_F_REPLACE -- mgr-cgroup -n web devices.deny 'c 1:5 r'
	barred /dev/zero
	without_v1_devices "$without" bpf:BPF_F_REPLACE -- mgr-cgroup -n web devices.allow 'c 1:5 r'
	opens /dev/zero
	mgr-stop -k -n web
}
