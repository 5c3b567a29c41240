# SPDX-License-Identifier: LGPL-2.1-or-later
# The managed network's IPv6: real packets.
load ../lib/common
load ../lib/net

# Another machine that has IPv6 too: $peer_ip6 there, $here_ip6 here.
make_machine6() {
	make_machine "$1"
	here_ip6=2001:db8:1::1
	peer_ip6=2001:db8:1::2
	ip addr add $here_ip6/64 dev "to-$1" nodad
	ip -n "$1" addr add $peer_ip6/64 dev eth0 nodad
	ip -n "$1" route add default via $here_ip6
}

container_ip6() {
	mgr-info -n "$1" -iH | grep :
}

gateway6() {
	mgr-net status | sed -n 's/^IPv6: *\(.*\)::\/64$/\1::1/p'
}

ping6() {
	busybox ping -6 -c 1 -W 2 "$1"
}

@test "net.20 address and gateway are there when init runs, and permanent; the outside is reached as the host" {
	local ip
	make_machine6 peer
	container web -s init.cmd=/probe
	cat >"$MGR_ROOT/var/lib/mgr/web/rootfs/probe" <<-'EOF'
		#!/bin/busybox sh
		busybox ip -6 addr show dev eth0 >/seen
		busybox ip -6 route >>/seen
		exec /sbin/init
	EOF
	chmod 755 "$MGR_ROOT/var/lib/mgr/web/rootfs/probe"
	boot web
	ip=$(container_ip6 web)
	run in_container web cat /seen
	assert_match "inet6 $ip/64 "
	assert_match "default via $(gateway6) dev eth0"
	run inside web ip -6 addr show dev eth0
	assert_match "$ip/64 scope global nodad"
	refute_contains "$ip/64 scope global tentative"
	container db
	boot db
	inside db busybox ping -6 -c 1 -W 2 "$ip"
	inside db busybox ping -6 -c 1 -W 2 "$(gateway6)"
	later ip netns exec peer socat -t 60 TCP6-LISTEN:7000,fork,reuseaddr 'SYSTEM:read -r line; echo from $SOCAT_PEERADDR'
	wait_until 5 answers tcp $peer_ip6 7000
	assert_equal "$(ask inside web tcp $peer_ip6 7000)" "from [2001:0db8:0001:0000:0000:0000:0000:0001]"
	# it is its own
	mgr-stop -k web
	boot web
	assert_equal "$(container_ip6 web)" "$ip"
}

@test "net.20 DHCPv6 gives a guest that asks exactly the same address" {
	container web
	boot web
	wait_until 5 link_local web
	run inside web "$BATS_TEST_DIRNAME/../lib/dhcp6.py" eth0
	assert_success
	assert_output "$(container_ip6 web)"
}

link_local() {
	inside "$1" ip -6 addr show dev eth0 scope link | grep -v tentative | grep -q fe80
}

@test "net.20 names have AAAA records, and addresses names" {
	local ip
	container web
	container db
	boot web
	boot db
	ip=$(container_ip6 db)
	looks_up web db.mgr "$ip"
	run in_container web nslookup "$ip"
	assert_contains "name = db.mgr"
	inside web busybox ping -6 -c 1 -W 2 "$ip"
}

@test "net.20 forwards work on IPv6: from another machine, the host, another container and itself" {
	make_machine6 peer
	container web --forward tcp:7000:70 --forward udp:7000:70
	container db
	boot web
	boot db
	serve web tcp6 70
	serve web udp6 70
	assert_equal "$(ask on peer tcp $here_ip6 7000)" "from [2001:0db8:0001:0000:0000:0000:0000:0002]"
	assert_equal "$(ask on peer udp $here_ip6 7000)" "from [2001:0db8:0001:0000:0000:0000:0000:0002]"
	answers tcp $here_ip6 7000
	answers udp $here_ip6 7000
	answers inside db tcp $here_ip6 7000
	answers inside db tcp "$(gateway6)" 7000
	answers inside web tcp $here_ip6 7000
	answers inside web udp $here_ip6 7000
	# IPv4 as before
	answers on peer tcp "$here_ip" 7000
	answers on peer udp "$here_ip" 7000
	# and nothing else comes in
	serve web tcp6 71
	answers tcp "$(container_ip6 web)" 71
	no_answer on peer tcp "$(container_ip6 web)" 71
	no_answer on peer tcp "$(container_ip6 web)" 70
}

@test "net.20 a forward of one IPv6 address of the host is for that alone" {
	make_machine6 peer
	ip addr add 2001:db8:1::9/64 dev to-peer nodad
	container web --forward 'tcp:[2001:db8:1::9]:7000:70' --forward 'tcp:[::]:7001:70' --forward 'udp:[2001:db8:1::9]:7000:70'
	boot web
	serve web tcp6 70
	serve web udp6 70
	answers on peer tcp 2001:db8:1::9 7000
	answers on peer udp 2001:db8:1::9 7000
	no_answer on peer tcp $here_ip6 7000
	answers on peer tcp $here_ip6 7001
	run answers on peer tcp "$here_ip" 7001
	assert_status 1
	run mgr-forward -n web add 'tcp:[2001:db8:1::77]:7002:70'
	assert_status 1
	assert_output "mgr-forward: web: 2001:db8:1::77 is not an address of this host"
	# live, and by family
	mgr-forward -n web add 'tcp:[2001:db8:1::1]:7000:70'
	answers on peer tcp $here_ip6 7000
	mgr-forward -n web del 'tcp:[2001:db8:1::9]:7000:70'
	no_answer on peer tcp 2001:db8:1::9 7000
	answers on peer tcp $here_ip6 7000
}

@test "net.20 the host reaches forwards by ::1, large answers whole" {
	local i
	make_machine6 peer
	container web --forward tcp:7000:70 --forward 'tcp:[::1]:7001:71' --forward udp:7000:70 --forward 'udp:[::1]:7001:70'
	boot web
	serve web tcp6 70
	serve web udp6 70
	answers tcp ::1 7000
	for i in 1 2 3; do
		answers udp ::1 7000
	done
	answers udp ::1 7001
	answers udp $here_ip6 7000
	no_answer on peer udp $here_ip6 7001
	no_answer on peer tcp $here_ip6 7001
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/large"
	later nsenter -t "$(pid_of web)" -n socat -u "OPEN:$BATS_TEST_TMPDIR/large" TCP6-LISTEN:71,reuseaddr
	wait_until 5 listens web tcp 71
	socat -u "TCP6:[::1]:7001" - | cmp - "$BATS_TEST_TMPDIR/large"
	# nobody there: the connection ends
	run within 5 socat -u "TCP6:[::1]:7001" -
	[ "$status" -ne 124 ]
	# a connection ends with its forward
	later nsenter -t "$(pid_of web)" -n socat TCP6-LISTEN:71,reuseaddr,fork PIPE
	wait_until 5 listens web tcp 71
	later socat -u "TCP6:[::1]:7001" "OPEN:$BATS_TEST_TMPDIR/got,creat"
	wait_until 5 connected
	mgr-forward -n web del 'tcp:[::1]:7001:71'
	wait_until 2 not_connected
}

# By the forward, or sent on to the container itself.
connected() {
	ss -Htn "dport = 7001 or dport = 71" | grep -q ESTAB
}

not_connected() {
	! connected
}

@test "fwd.6 ::1 is answered by a service of IPv4 alone, and to sockets of every kind" {
	container web --forward tcp:7002:72
	boot web
	serve web tcp 72
	answers tcp ::1 7002
	for options in ipv6only=1 'bind=[::1]' so-bindtodevice=lo; do
		[[ $(echo hello | timeout $((5 * patience)) socat -t $((3 * patience)) - "TCP6:[::1]:7002,$options") == from* ]]
	done
}

@test "fwd.6 a connection by ::1 has nobody in between: it goes on while mgr-netd is killed" {
	local netd line
	container web
	boot web
	later nsenter -t "$(pid_of web)" -n socat TCP-LISTEN:75,reuseaddr,fork PIPE
	wait_until 5 listens web tcp 75
	mgr-forward -n web add tcp:7005:75
	exec 8<>/dev/tcp/::1/7005
	echo before >&8
	read -r -t $((5 * patience)) -u 8 line
	assert_equal "$line" before
	[ -z "$(ss -Htn "dport = 7005")" ] || skip "this kernel has no programs at connect(2) that can do it"
	netd=$(field Service)
	kill -9 "$netd"
	wait_until 10 is_another "$netd"
	echo after >&8
	read -r -t $((5 * patience)) -u 8 line
	assert_equal "$line" after
	# one of the next one's ends with its forward
	exec 7<>/dev/tcp/::1/7005
	mgr-forward -n web del tcp:7005:75
	run within 5 head -n 1 <&7
	[ "$status" -ne 124 ]
	exec 7>&- 8>&-
}

@test "net.20 flows end with the container, and everything is back after a flush" {
	make_machine6 peer
	container web --forward tcp:7000:70 --forward udp:7000:70
	boot web
	serve web tcp6 70
	serve web udp6 70
	ask on peer udp $here_ip6 7000
	conntrack -L -f ipv6 -p udp 2>/dev/null | grep -q dport=7000
	nft flush ruleset
	wait_until 1 nft list map inet "$table" forward6_any
	wait_until 2 answers on peer tcp $here_ip6 7000
	ip addr del "$(gateway6)/64" dev "$bridge"
	wait_until 2 inside web busybox ping -6 -c 1 -W 1 "$(gateway6)"
	later ip netns exec peer socat -u "TCP6:[$here_ip6]:7000" "OPEN:$BATS_TEST_TMPDIR/got,creat"
	wait_until 5 tracked6
	mgr-stop -k web
	wait_until 1 untracked6
}

tracked6() {
	conntrack -L -f ipv6 -p tcp 2>/dev/null | grep ESTABLISHED | grep -q dport=7000
}

untracked6() {
	! tracked6 && ! conntrack -L -f ipv6 -p udp 2>/dev/null | grep -q dport=7000
}

@test "net.20 the host goes on taking router advertisements, and its settings come back" {
	local netd
	make_machine6 peer
	sysctl -qw net.ipv6.conf.to-peer.accept_ra=1
	assert_equal "$(sysctl -n net.ipv6.conf.all.forwarding)" 0
	container web
	boot web
	assert_equal "$(sysctl -n net.ipv6.conf.all.forwarding)" 1
	assert_equal "$(sysctl -n net.ipv6.conf.to-peer.accept_ra)" 2
	ip link add later0 type bridge
	netd=$(field Service)
	mgr-stop -k web
	wait_gone 12 "$netd"
	assert_equal "$(sysctl -n net.ipv6.conf.all.forwarding)" 0
	assert_equal "$(sysctl -n net.ipv6.conf.to-peer.forwarding)" 0
	assert_equal "$(sysctl -n net.ipv6.conf.to-peer.accept_ra)" 1
	assert_equal "$(sysctl -n net.ipv6.conf.later0.accept_ra)" 1
	ip link del later0
}

@test "net.20 a host with IPv6 disabled has IPv4 alone, and says so" {
	sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	make_machine peer
	container web --forward tcp:7000:70
	boot web
	serve web tcp 70
	answers on peer tcp "$here_ip" 7000
	answers tcp 127.0.0.1 7000
	run mgr-net status
	assert_contains "IPv6:           none (the host has IPv6 disabled)"
	assert_equal "$(mgr-info -n web -iH | grep -c :)" 0
	run mgr-forward -n web add 'tcp:[::]:7001:70'
	sysctl -qw net.ipv6.conf.all.disable_ipv6=0
	assert_status 1
	assert_output "mgr-forward: web: an IPv6 address of the host cannot be forwarded: the host has IPv6 disabled"
}

@test "net.20 the prefix is the manager's own, or that of mgr.conf; addresses of one's own and none" {
	local conf=$MGR_ROOT/etc/mgr/mgr.conf prefix
	mgr-net down
	mkdir -p "${conf%/*}"
	printf '[network]\nipv6.prefix = fd12:3456:789a:1::/64\n' >"$conf"
	container web -s net.0.ipv6.address+=lease -s net.0.ipv6.address+=fd12:3456:789a:1:ff::7/64
	container v4 -s net.0.ipv6.address=none
	make_machine6 peer
	ip -6 route add fd12:3456:789a::/48 via $peer_ip6
	run mgr-start web
	ip -6 route del fd12:3456:789a::/48
	assert_status 1
	assert_contains "prefix fd12:3456:789a:1::/64 overlaps the host's route fd12:3456:789a::/48 dev to-peer"
	boot web
	boot v4
	run mgr-info -n web -iH
	assert_contains fd12:3456:789a:1::
	assert_contains fd12:3456:789a:1:ff::7
	inside web busybox ping -6 -c 1 -W 2 fd12:3456:789a:1::1
	assert_equal "$(mgr-info -n v4 -iH | grep -c :)" 0
	run in_container web nslookup v4.mgr
	refute_contains fd12
	run mgr-config -n v4 set net.0.ipv6.address fd12:3456:789a:1:ff::7/64
	assert_status 1
	assert_contains "address fd12:3456:789a:1:ff::7 belongs to 'web'"
	run mgr-config -n v4 set net.0.ipv6.address fd12:3456:789a:1::7/64
	assert_contains "the first 65536 addresses of fd12:3456:789a:1::/64 are leased, or the gateway's"
	run mgr-config -n v4 set net.0.ipv6.address fd99::7/64
	assert_contains "is not in fd12:3456:789a:1::/64, the managed network's prefix"
	run mgr-config -n v4 set net.0.ipv6.address ff02::1/64
	assert_contains "is not lease, none or an address of a host"
	printf '[network]\nipv6.prefix = fd99::/64\n' >"$conf"
	run mgr-create -n more -t busybox
	assert_status 1
	assert_contains "the managed network's IPv6 prefix cannot change: containers have addresses in it"
	printf '[network]\nipv6.prefix = fd99::/63\n' >"$conf"
	run mgr-create -n more -t busybox
	assert_status 1
	assert_contains "network.ipv6.prefix: 'fd99::/63' is neither none nor an IPv6 network of 64 bits"
	rm "$conf"
}

@test "net.20 a Debian guest's networkd agrees, and it ends up running" {
	container deb -t debian -B auto
	mgr-start -n deb --wait=90
	run in_container deb systemctl is-system-running --wait
	assert_output running
	run container_ip6 deb
	assert_match "^fd"
	assert_equal "${#lines[@]}" 1
	in_container deb networkctl status eth0 --no-pager >&2
	inside deb busybox ping -6 -c 1 -W 2 "$(gateway6)"
}
