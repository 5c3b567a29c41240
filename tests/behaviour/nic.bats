# SPDX-License-Identifier: LGPL-2.1-or-later
# What a container asks of the network, and is given or refused.
load ../lib/common

teardown() {
	local status=0
	common_teardown || status=1
	mgr-net down || status=1
	return $status
}

@test "net.2 a NIC without a hardware address has the same one at each start" {
	local mac
	container web
	mgr-config -n web set net.1.link none
	mgr-config -n web set net.1.ipv4.address 192.0.2.7/24
	boot web
	mac=$(in_container web cat /sys/class/net/eth1/address)
	[[ $mac =~ ^.[26ae](:[0-9a-f]{2}){5}$ ]]
	[ "$mac" != "$(in_container web cat /sys/class/net/eth0/address)" ]
	mgr-stop -k web
	boot web
	assert_equal "$(in_container web cat /sys/class/net/eth1/address)" "$mac"
	in_container web ip -4 addr show dev eth1 | grep -q 192.0.2.7/24
}

@test "net.2 a second leased address is refused, at create and by mgr-config" {
	run mgr-create -n web -t busybox -s net.1.type=veth
	assert_status 1
	assert_output "mgr-create: web: net.1.ipv4.address: a container has one leased address a network, which is net.0's:\
 give it another one, 'none', or another network"
	container web
	run mgr-config -n web set net.1.type veth
	assert_status 1
	assert_contains "mgr-config: web: net.1.ipv4.address: a container has one leased address a network"
	mgr-config -n web set net.1.ipv4.address none
	boot web
}

@test "net.5 a container is reached by whatever hardware address it has" {
	local mac
	container two
	boot two
	for mac in fe fa 02 7e; do
		container "web-$mac" -s "net.0.hwaddr=$mac:12:f3:76:4b:90"
		boot "web-$mac"
		in_container two ping -c 1 -W 2 "$(container_ip "web-$mac")"
		mgr-stop -k "web-$mac"
	done
}

@test "net.5 the name of a container of another store is refused while that one runs, naming its store" {
	local other=$BATS_TEST_TMPDIR/other
	own_store "$other"
	container alt
	mgr-create -P "$other" -n Alt -t busybox
	boot alt
	run mgr-start -P "$other" -n Alt
	mgr-stop -k alt
	assert_status 1
	assert_match "^mgr-start: Alt: .*: the name 'Alt' is taken on the network by another container \(store '$MGR_ROOT/var/lib/mgr'\)\$"
	mgr-start -P "$other" -n Alt --wait=30
	mgr-destroy -f -P "$other" -n Alt
}
