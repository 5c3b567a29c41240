# SPDX-License-Identifier: LGPL-2.1-or-later
# The managed network: what does not pass.
load ../lib/common
load ../lib/net

@test "net.3 without a forward another machine that routes through the host reaches nothing, with one just that port" {
	local ip
	make_machine peer
	container web --forward tcp:7000:70
	boot web
	ip=$(container_ip web)
	serve web tcp 70
	serve web tcp 71
	serve web udp 71
	answers tcp "$ip" 71
	run answers on peer tcp "$ip" 70
	assert_status 1
	run answers on peer tcp "$ip" 71
	assert_status 1
	run answers on peer udp "$ip" 71
	assert_status 1
	run on peer busybox ping -c 1 -W 1 "$ip"
	assert_status 1
	answers on peer tcp "$here_ip" 7000
	on peer busybox ping -c 1 -W 2 "$here_ip"
	in_container web ping -c 1 -W 2 "$peer_ip"
}

@test "net.3 another machine does not come in by IPv6 either" {
	make_machine peer
	container web
	boot web
	sysctl -qw net.ipv6.conf.all.forwarding=1
	sysctl -qw "net.ipv6.conf.$bridge.disable_ipv6=0"
	ip addr add 2001:db8:1::1/64 dev to-peer nodad
	ip addr add 2001:db8:2::1/64 dev "$bridge" nodad
	ip -n peer addr add 2001:db8:1::2/64 dev eth0 nodad
	ip -n peer route add 2001:db8:2::/64 via 2001:db8:1::1
	inside web ip addr add 2001:db8:2::2/64 dev eth0 nodad
	inside web ip route add 2001:db8:1::/64 via 2001:db8:2::1
	inside web busybox ping -c 1 -W 5 2001:db8:1::2
	run on peer busybox ping -c 1 -W 1 2001:db8:2::2
	sysctl -qw net.ipv6.conf.all.forwarding=0
	assert_status 1
}
