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
	local ip
	make_machine peer
	container web
	boot web
	ip=$(mgr-info -n web -iH | grep :)
	sysctl -qw net.ipv6.conf.all.forwarding=1
	ip addr add 2001:db8:1::1/64 dev to-peer nodad
	ip -n peer addr add 2001:db8:1::2/64 dev eth0 nodad
	ip -n peer route add "$ip/128" via 2001:db8:1::1
	inside web busybox ping -c 1 -W 5 2001:db8:1::2
	run on peer busybox ping -c 1 -W 1 "$ip"
	assert_status 1
}
