# SPDX-License-Identifier: LGPL-2.1-or-later
# Types of interfaces and LXC's keys of them, with real packets.
load ../lib/common
load ../lib/net

# Is this kind of interface none of the kernel's?
lacks() {
	local why
	why=$(ip link add lacks0 type "$@" 2>&1) || [[ $why != *"Unknown device type"* ]] || return 0
	! ip link del lacks0 2>/dev/null
}

# --- routed veths -------------------------------------------------------------------------------------------------------

@test "nic.1 a veth in router mode is reached by routes of the host, and finds its gateway there" {
	make_machine peer
	echo 1 >/proc/sys/net/ipv4/ip_forward
	on peer ip -6 addr add 2001:db8:1::2/64 dev eth0 nodad
	ip -6 addr add 2001:db8:1::1/64 dev to-peer nodad
	container web -s net.0.veth.mode=router -s net.0.ipv4.address=192.0.2.70/32 -s net.0.ipv4.gateway=169.254.0.1 \
		-s net.0.ipv6.address=2001:db8:9::7/128 -s net.0.ipv6.gateway=fe80::1 -s net.0.veth.ipv4.route=198.51.100.0/24 \
		-s net.0.veth.ipv6.route=2001:db8:a::/64
	boot web
	in_container web ping -c 1 -W 2 "$here_ip"
	in_container web ping -c 1 -W 2 2001:db8:1::1
	on peer busybox ping -c 1 -W 2 192.0.2.70
	assert_equal "$(ip route get 198.51.100.9 | grep -o 'dev mgr[0-9a-f]*a')" "$(ip route get 192.0.2.70 | grep -o 'dev mgr[0-9a-f]*a')"
	ip -6 route show 2001:db8:a::/64 | grep -q 'dev mgr'
	mgr-stop -k web
	run ip route show proto 118
	assert_output ""
	# a gateway that is a router somewhere is answered for
	boot web -s "net.0.ipv4.gateway=$peer_ip" -s net.0.ipv6.gateway=2001:db8:1::2
	in_container web ping -c 1 -W 2 "$here_ip"
	in_container web ping -c 1 -W 2 2001:db8:1::1
	in_container web ip route | grep -q "default via $peer_ip dev eth0 onlink"
	echo 0 >/proc/sys/net/ipv4/ip_forward
}

@test "nic.1 networks behind a container on a bridge are routed to it, until it stops" {
	ip link add br7 type bridge
	ip addr add 192.0.2.129/25 dev br7
	ip link set br7 up
	container web -s net.0.link=br7 -s net.0.ipv4.address=192.0.2.130/25 -s net.0.veth.ipv4.route=198.51.100.0/24 \
		-s net.0.ipv4.gateway=auto
	boot web
	in_container web ip addr add 198.51.100.1/24 dev lo
	busybox ping -c 1 -W 2 198.51.100.1
	in_container web ip route | grep -q 'default via 192.0.2.129'
	mgr-stop -k web
	run ip route show 198.51.100.0/24
	assert_output ""
	# one that is there already is somebody else's
	ip route add 198.51.100.0/24 dev br7
	run mgr-start web
	assert_status 1
	assert_output "mgr-start: web: network: net.0.veth.ipv4.route: 198.51.100.0/24: the host has a route there already"
	run ip -o route show 198.51.100.0/24
	ip link del br7
	assert_contains "198.51.100.0/24 dev br7"
}
