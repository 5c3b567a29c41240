# SPDX-License-Identifier: LGPL-2.1-or-later
# Safe by default: what root inside can send, by raw frames, and whom a container reaches.
load ../lib/common
load ../lib/net

# two NAME OTHER [OPTION...]: two containers; the options are the first one's.
two() {
	local name=$1 other=$2
	shift 2
	container "$name" "$@"
	container "$other"
	boot "$name"
	boot "$other"
}

# spoof FROM OTHER [KIND...]: what arrives of what FROM sends, with the interface to send by if it is not eth0 (web:eth1).
spoof() {
	local from=$1 other=$2
	shift 2
	"$BATS_TEST_DIRNAME/../lib/spoof.py" "$bridge" "$(pid_of "${from%:*}"):${from#*:}" "$(pid_of "$other"):eth0" "$@" |
		awk '{ print $1 }' | sort
}

# What is not false. (With iptables on bridges a fragment waits for the others.)
own_alone() {
	printf '%s\n' own-{arp,arp-probe,dad,dhcp,ipv4,ipv6,link-local,na,options}
	[ "$(sysctl -n net.bridge.bridge-nf-call-iptables)" = 1 ] || echo own-fragment
}

bridged_by_iptables() {
	sysctl -qw "net.bridge.bridge-nf-call-iptables=$1" "net.bridge.bridge-nf-call-ip6tables=$1"
}

mac_of() {
	inside "$1" ip -o link show "${2-eth0}" | sed 's/.*link.ether \([^ ]*\).*/\1/'
}

port_of() {
	bridge fdb show br "$bridge" | awk -v mac="$1" '$1 == mac { print $3; exit }'
}

@test "safe.1 of what a container sends, its own alone arrives: no false MAC, ARP, ND, IPv4, IPv6, DHCP, RA, VLAN or other kind of frame" {
	two web db
	bridged_by_iptables 1
	assert_equal "$(spoof web:eth0 db)" "$(own_alone | sort)"
	bridged_by_iptables 0
	assert_equal "$(spoof web:eth0 db)" "$(own_alone | sort)"
}

@test "safe.1 it holds while mgr-netd is down, and for who has just come" {
	local netd
	two web db
	netd=$(field Service)
	kill -STOP "$netd"
	assert_equal "$(spoof web:eth0 db)" "$(own_alone | sort)"
	kill -KILL "$netd"
	assert_equal "$(spoof web:eth0 db)" "$(own_alone | sort)"
	wait_until 5 is_another "$netd"
	assert_equal "$(spoof web:eth0 db)" "$(own_alone | sort)"
}

is_another() {
	[ -n "$(field Service)" ] && [ "$(field Service)" != "$1" ] && [ "$(field Containers)" = 2 ]
}

@test "safe.1 somebody else's flush of the bridge's table is undone" {
	two web db
	nft flush table bridge "$table"
	wait_until 5 guards_again
	nft delete table bridge "$table"
	wait_until 5 guards_again
}

guards_again() {
	[ "$(spoof web:eth0 db ipv4-of-other own-ipv4)" = own-ipv4 ]
}

@test "safe.1 what passes by the bridge neither moves another's MAC nor reaches the host" {
	local port
	two web db
	inside db busybox ping -c 1 -W 2 "$(gateway)"
	port=$(port_of "$(mac_of db)")
	[ -n "$port" ]
	later socat -u "UDP-RECV:4000" "OPEN:$BATS_TEST_TMPDIR/got,creat"
	wait_until 5 host_listens
	spoof web:eth0 db mac-lldp own-by-lldp ipv4-by-lldp
	assert_equal "$(port_of "$(mac_of db)")" "$port"
	[ ! -s "$BATS_TEST_TMPDIR/got" ]
}

host_listens() {
	[ -n "$(ss -Hln --udp 'sport = 4000')" ]
}

@test "safe.1 of several interfaces on a network each has its own MAC, and any of the container's addresses" {
	container web -s net.1.type=veth -s net.1.ipv4.address=none -s net.1.ipv4.gateway=none -s net.1.ipv6.gateway=none
	container db
	boot web
	boot db
	inside web ip addr add "$(container_ip web)/32" dev eth1
	run spoof web:eth1 db own-ipv4 own-arp own-link-local own-dhcp ipv4 ipv4-of-other mac
	assert_equal "$output" "$(printf '%s\n' own-arp own-dhcp own-ipv4 own-link-local)"
}

@test "safe.1 a container with addresses of its configuration uses each of them" {
	local net
	mgr-net up
	net=$(gateway)
	mgr-net down
	container web -s net.0.ipv4.address=lease -s "net.0.ipv4.address+=${net%.*.*}.7.7/16"
	container db
	boot web
	boot db
	inside web busybox ping -c 1 -W 2 -I "${net%.*.*}.7.7" "$(container_ip db)"
	inside web ip addr add "${net%.*.*}.7.8/16" dev eth0
	run inside web busybox ping -c 1 -W 1 -I "${net%.*.*}.7.8" "$(container_ip db)"
	assert_status 1
}
