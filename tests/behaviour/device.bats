# SPDX-License-Identifier: LGPL-2.1-or-later
# Network interfaces of a running container: real packets, real crashes.
load ../lib/common
load ../lib/net

# One container serves most tests: each leaves it as it was.
setup_file() {
	ip link add br7 type bridge
	ip addr add 10.0.0.1/24 dev br7
	ip link set br7 up
	mgr-create -n web -t busybox
	mgr-start -n web --wait=$((60 * ${TEST_SLOW:-1}))
}

teardown_file() {
	mgr-destroy -f web
	mgr-net down
	ip link del br7
}

teardown() {
	common_teardown
	mgr-device -n web ls --json | jq -r '.[].device' | while read -r device; do
		[ "$device" = net.0 ] || mgr-device -n web del nic "$device" --save
	done
}

devices() {
	mgr-device -n web ls --json | jq -r '.[] | .device + " " + .inside' | paste -sd,
}

has_interface() {
	inside web ip link show dev "$1" >/dev/null 2>&1
}

leases() {
	find "$MGR_ROOT/var/lib/mgr/.leases/by-slot" -type l -printf '%f\n' | sort
}

@test "nic.3 a veth comes to a running container and goes, with name and address" {
	run mgr-device add -n web nic link=br7,ipv4.address=10.0.0.5/24,10.0.0.6/24,name=lan0,mtu=1400
	assert_success
	assert_output net.1
	busybox ping -c 1 -W 2 10.0.0.5
	busybox ping -c 1 -W 2 10.0.0.6
	in_container web ping -c 1 -W 2 10.0.0.1
	assert_equal "$(in_container web cat /sys/class/net/lan0/mtu)" 1400
	assert_equal "$(devices)" "net.0 eth0,net.1 lan0"
	mgr-device -n web del nic lan0
	run has_interface lan0
	assert_status 1
	assert_equal "$(devices)" "net.0 eth0"
	assert_equal "$(bridge link show | grep -c 'master br7')" 0
	run grep -c "^network 1 " "$MGR_ROOT/run/mgr/web/undo"
	assert_output 0
}
