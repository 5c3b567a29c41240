# SPDX-License-Identifier: LGPL-2.1-or-later
# Types of interfaces and LXC's keys of them, with real packets.
load ../lib/common
load ../lib/net

@test "nic.1 a kind of interface that the kernel lacks is told by mgr-checkconfig, and by the start" {
	local kind state vlan
	make_machine peer
	container web -s net.0.type=empty
	for kind in macvlan ipvlan vlan; do
		state=ok
		! lacks "$kind" || state=warning
		run mgr-checkconfig
		assert_match "$kind +$state"
		[ $state = warning ] || continue
		vlan=()
		[ $kind != vlan ] || vlan=(-s net.1.vlan.id=7)
		run mgr-start web -s net.1.type=$kind -s net.1.link=to-peer "${vlan[@]}"
		assert_status 1
		assert_output "mgr-start: web: network: make $kind 'eth1' on 'to-peer': the kernel has none"
	done
}

# --- on interfaces of the host ------------------------------------------------------------------------------------------

# A bridge lets a port take part when the kernel's linkwatch has come round to it, up to a second later.
reaches() {
	wait_until 10 in_container "$1" ping -c 1 -W 2 "$2" >/dev/null
}

reaches_not() {
	! in_container "$1" ping -c 1 -W 1 "$2" >/dev/null
}

@test "nic.1 a vlan is a container's alone, and free again when it stops or is killed" {
	! lacks vlan || skip "this kernel has no VLANs"
	make_machine peer
	on peer ip link add link eth0 name eth0.7 type vlan id 7
	on peer ip addr add 198.51.100.1/24 dev eth0.7
	on peer ip link set eth0.7 up
	container web -s net.0.type=vlan -s net.0.link=to-peer -s net.0.vlan.id=7 -s net.0.ipv4.address=198.51.100.2/24 \
		-s net.0.ipv4.gateway=198.51.100.1 -s net.0.hwaddr=02:00:00:00:00:07 -s net.0.mtu=1400
	container db -s net.0.type=vlan -s net.0.link=to-peer -s net.0.vlan.id=7 -s net.0.ipv4.address=198.51.100.3/24
	boot web
	reaches web 198.51.100.1
	reaches web "$peer_ip"
	assert_equal "$(in_container web cat /sys/class/net/eth0/address /sys/class/net/eth0/mtu)" "02:00:00:00:00:07
1400"
	run mgr-start db
	assert_status 1
	assert_output "mgr-start: db: network: net.0.vlan.id: container 'web' has VLAN 7 of 'to-peer' now"
	boot db -s net.0.vlan.id=8
	reaches_not db 198.51.100.1
	mgr-stop -k db
	kill -KILL "$(ps -o ppid= -p "$(pid_of web)" | tr -d ' ')"
	wait_until 5 state_is web STOPPED
	mgr-stop -k web || true
	boot db
	reaches db 198.51.100.1
	mgr-stop -k db
	ip link add link to-peer name mine type vlan id 7
	run mgr-start db
	ip link del mine
	assert_status 1
	assert_output "mgr-start: db: network: net.0.vlan.id: 'to-peer' has a VLAN 7 already"
}

@test "nic.1 an ipvlan reaches what its mode and isolation let it" {
	! lacks ipvlan || skip "this kernel has no ipvlan"
	make_machine peer
	on peer ip route add 198.51.100.0/24 via "$here_ip"
	container web -s net.0.type=ipvlan -s net.0.link=to-peer -s net.0.ipv4.address=198.51.100.2/24 -s net.0.ipv4.gateway=dev \
		-s net.0.ipv6.address=2001:db8:7::2/64 -s net.0.ipv6.gateway=dev
	container db -s net.0.type=ipvlan -s net.0.link=to-peer -s net.0.ipv4.address=198.51.100.3/24 -s net.0.ipv4.gateway=dev
	boot web
	boot db
	reaches web "$peer_ip"
	reaches web 198.51.100.3
	on peer busybox ping -c 1 -W 2 198.51.100.3
	assert_equal "$(in_container web cat /sys/class/net/eth0/address)" "$(cat /sys/class/net/to-peer/address)"
	in_container web ip route | grep -q 'default dev eth0'
	in_container web ip -6 route | grep -q 'default dev eth0'
	mgr-stop -k db
	mgr-stop -k web
	# as on a switch, apart from each other
	for args in "web 198.51.100.2" "db 198.51.100.3"; do
		boot "${args% *}" -s net.0.ipvlan.mode=l2 -s net.0.ipvlan.isolation=private -s net.0.ipv4.gateway= -s net.0.ipv6.gateway= \
			-s "net.0.ipv4.address=${args#* }/24"
	done
	on peer ip route del 198.51.100.0/24
	on peer ip addr add 198.51.100.1/24 dev eth0
	reaches web 198.51.100.1
	reaches_not web 198.51.100.3
}

@test "nic.1 VLANs of a container's port on a bridge that filters them" {
	ip link add br7 type bridge vlan_filtering 1 || skip "this kernel's bridges do not filter VLANs"
	ip link set br7 up
	container web -s net.0.link=br7 -s net.0.veth.vlan.id=7 -s net.0.ipv4.address=198.51.100.2/24
	container db -s net.0.link=br7 -s net.0.veth.vlan.id=8 -s net.0.ipv4.address=198.51.100.3/24
	container trunk -s net.0.link=br7 -s net.0.veth.vlan.id=none -s net.0.veth.vlan.tagged.id=7 \
		-s net.0.veth.vlan.tagged.id+=8 -s net.0.ipv4.address=none
	boot web
	boot db
	boot trunk
	reaches_not web 198.51.100.3
	inside trunk ip link add link eth0 name seven type vlan id 7
	inside trunk ip addr add 198.51.100.4/24 dev seven
	inside trunk ip link set seven up
	reaches web 198.51.100.4
	reaches_not db 198.51.100.4
	mgr-stop -k db
	boot db -s net.0.veth.vlan.id=7
	reaches web 198.51.100.3
	ip link set br7 type bridge vlan_filtering 0
	mgr-stop -k trunk
	run mgr-start trunk
	ip link del br7
	assert_status 1
	assert_output "mgr-start: trunk: network: net.0.veth.vlan.id: bridge 'br7' does not filter VLANs (vlan_filtering)"
}

@test "nic.1 host is the host's network, empty has lo alone" {
	container web -s net.0.type=empty
	boot web
	assert_equal "$(in_container web ls /sys/class/net)" lo
	in_container web ping -c 1 -W 2 127.0.0.1
	mgr-stop -k web
	boot web -s net.0.type=host
	assert_equal "$(readlink "/proc/$(pid_of web)/ns/net")" "$(readlink /proc/self/ns/net)"
}

@test "nic.1 a macvlan in mode vepa reaches others on its interface by way of the switch alone" {
	make_machine peer
	on peer ip addr add 198.51.100.1/24 dev eth0
	container web -s net.0.type=macvlan -s net.0.link=to-peer -s net.0.macvlan.mode=vepa -s net.0.ipv4.address=198.51.100.2/24
	container db -s net.0.type=macvlan -s net.0.link=to-peer -s net.0.macvlan.mode=vepa -s net.0.ipv4.address=198.51.100.3/24
	boot web
	boot db
	reaches web 198.51.100.1
	reaches_not web 198.51.100.3
	# a router on the other side, which sends what it gets back by where it came from
	on peer sh -c "echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects; echo 0 >/proc/sys/net/ipv4/conf/eth0/send_redirects"
	on peer sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	inside web ip route add 198.51.100.3 via 198.51.100.1
	inside db ip route add 198.51.100.2 via 198.51.100.1
	reaches web 198.51.100.3
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

heard() {
	grep -q "$1" "$BATS_TEST_TMPDIR/heard"
}

# says FROM WORD: a datagram of web's to the host.
says() {
	echo "$2" | inside web socat -u - "UDP:$here_ip:4500,bind=$1"
}

@test "nic.1 what a veth in router mode sends from an address that is not routed to it goes nowhere" {
	make_machine peer
	container web -s net.0.veth.mode=router -s net.0.ipv4.address=192.0.2.70/32 -s net.0.ipv4.gateway=169.254.0.1
	boot web
	later socat -u UDP-RECV:4500 "CREATE:$BATS_TEST_TMPDIR/heard"
	wait_until 5 eval 'ss -Hlnu sport = 4500 | grep -q .'
	inside web ip addr add 203.0.113.9/32 dev eth0
	says 203.0.113.9 false
	says 192.0.2.70 true
	wait_until 5 heard true
	run heard false
	assert_status 1
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

# --- counts -------------------------------------------------------------------------------------------------------------

# counts COLUMN: of web.
counts() {
	mgr-info -n web --json | jq ".[0].$1"
}

@test "nic.5 bytes and packets by all interfaces are counted, each way" {
	local before
	container web -s net.1.link=none -s net.1.veth.pair=tap7 -s net.1.ipv4.address=198.51.100.2/30 -s net.1.name=lan0
	boot web
	ip addr add 198.51.100.1/30 dev tap7
	before=$(($(counts net_packets_received) + $(counts net_packets_sent)))
	busybox ping -q -c 5 -i 0.01 -s 1000 "$(container_ip web)"
	busybox ping -q -c 5 -i 0.01 -s 1000 198.51.100.2
	[ $(($(counts net_packets_received) + $(counts net_packets_sent) - before)) -ge 20 ]
	[ "$(counts net_received)" -gt 10000 ]
	[ "$(counts net_sent)" -gt 10000 ]
	run mgr-ls -F NAME,RECEIVED,SENT,PACKETS_RECEIVED,PACKETS_SENT
	assert_match "web +1[0-9.]+ KiB +1[0-9.]+ KiB +[1-9][0-9]+ +[1-9][0-9]+"
	run mgr-info -n web -S
	assert_match "Packets in: +[1-9][0-9]+"
	assert_match "Packets out: +[1-9][0-9]+"
}

# --- what cannot be -----------------------------------------------------------------------------------------------------

# Nothing of a start that was refused is left.
nothing_made() {
	[ -z "$(ip -o link show type veth)$(ip -o link show type ifb)" ] && [ ! -e "$MGR_ROOT/run/mgr/web/undo" ]
}

@test "badnet.1 addresses, gateways and MTUs that cannot work are refused, naming key and value, and nothing is made" {
	local net
	ip link add br7 type bridge
	ip addr add 192.0.2.1/24 dev br7
	ip link set br7 up
	container first
	net=$(sed 's/\.0\.0\/16$//' "$MGR_ROOT/var/lib/mgr/.leases/subnet")
	container web --ip "$net.5.5"
	while IFS='|' read -r args why; do
		# shellcheck disable=SC2086 # several options
		run mgr-start web $args
		assert_status 1
		assert_output "mgr-start: web: $why"
		nothing_made
	done <<-EOF
		-s net.0.ipv4.gateway=192.0.2.1|config: net.0.ipv4.gateway: 192.0.2.1 is not in a subnet of the interface's addresses
		-s net.0.ipv6.gateway=2001:db8::1|config: net.0.ipv6.gateway: 2001:db8::1 is not in a subnet of the interface's addresses
		-s net.0.ipv4.gateway=none -s net.1.link=br7 -s net.1.ipv4.address=192.0.2.7/24 -s net.1.ipv4.gateway=192.0.2.7|config: net.1.ipv4.gateway: 192.0.2.7 is the interface's own address
		-s net.1.link=br7 -s net.1.ipv4.address=$net.3.3/24|config: net.1.ipv4.address: $net.3.3/24 overlaps $net.5.5/16 of net.0, which is on another link
		-s net.1.link=br7 -s net.1.ipv4.address=192.0.2.6/24 -s net.2.link=none -s net.2.ipv4.address=192.0.2.6/30|config: net.2.ipv4.address: 192.0.2.6/30: net.1 has the same
		-s net.1.link=br7 -s net.1.ipv4.address=192.0.2.1/24|network: net.1.ipv4.address: 192.0.2.1/24 is the host's own, on 'br7'
		-s net.1.link=br7 -s net.1.ipv4.address=none -s net.1.mtu=1501|network: net.1.mtu: 1501 is more than the 1500 of 'br7'
		-s net.0.mtu=9000|network: net.0.mtu: 9000 is more than the 1500 of '$bridge'
		-s net.1.type=macvlan -s net.1.link=br7 -s net.1.mtu=1501|network: net.1.mtu: 1501 is more than the 1500 of 'br7'
		-s net.1.link=br7 -s net.1.ipv4.address=none -s net.1.ipv4.gateway=auto|config: net.1.ipv4.gateway: net.0 has one too: one of them is to be 'none'
		-s net.1.link=none -s net.1.name=eth0|config: net.1.name: 'eth0' is the name of net.0 too
		-s net.1.link=none -s net.1.name=lo|config: net.1.name: 'lo' is the loopback's name, every container has one
		-s net.1.link=none -s net.1.veth.pair=br7|network: net.1.veth.pair: the host has an interface 'br7' already
		-s net.1.link=none -s net.1.ipv4.address=192.0.2.256/24|config: net.1.ipv4.address: '192.0.2.256/24' is not lease, none or an address of a host with its prefix, such as 10.0.3.7/24
		-s net.1.link=none -s net.1.ipv6.address=fd00::g/64|config: net.1.ipv6.address: 'fd00::g/64' is not lease, none or an address of a host with its prefix, such as fd00:3::7/64
		-s net.1.link=br8|network: bridge 'br8' does not exist
		-s net.1.mtu=67|config: net.1.mtu: '67' is not a whole number from 68 to 65535
		-s net.1.mtu=65536|config: net.1.mtu: '65536' is not a whole number from 68 to 65535
		-s net.1.name=sixteen-letters-|config: net.1.name: 'sixteen-letters-' is not a name of an interface: 1 to 15 visible characters without / and :
		-s net.1.hwaddr=01:00:5e:00:00:01|config: net.1.hwaddr: '01:00:5e:00:00:01' is a multicast address: the first byte must be even
		-s net.1.rate.ingress=0mbit|config: net.1.rate.ingress: '0mbit' is out of range: 8kbit to 1000gbit a second
		-s net.1.rate.egress=0|config: net.1.rate.egress: '0' is not bits a second such as 500kbit, 10mbit or 1gbit
	EOF
	ip link del br7
	run mgr-create -n bad -t busybox -s net.0.mtu=67
	assert_status 1
	assert_output "mgr-create: bad: net.0.mtu: '67' is not a whole number from 68 to 65535"
	[ ! -e "$MGR_ROOT/var/lib/mgr/bad" ]
	run mgr-config -n web set net.0.rate.egress 0kbit
	assert_status 1
	assert_output "mgr-config: web: net.0.rate.egress: '0kbit' is out of range: 8kbit to 1000gbit a second"
	run mgr-config -n web get net.0.rate.egress
	assert_output ""
}

@test "badnet.2 a hardware address that a running container has on the network is refused, naming that one" {
	container web -s net.0.hwaddr=02:00:00:00:00:77
	container db -s net.0.hwaddr=02:00:00:00:00:77
	boot db
	run mgr-start web
	assert_status 1
	assert_match "^mgr-start: web: [a-z]+: net.0.hwaddr: 02:00:00:00:00:77 is 'db''s on the network\$"
	mgr-stop -k db
	boot web
	# on a bridge of the host's own, as soon as it has been heard there
	ip link add br7 type bridge
	ip addr add 198.51.100.1/24 dev br7
	ip link set br7 up
	mgr-stop -k web
	boot db -s net.0.link=br7 -s net.0.ipv4.address=198.51.100.2/24
	in_container db ping -c 1 -W 2 198.51.100.1
	run mgr-start web -s net.0.link=br7 -s net.0.ipv4.address=198.51.100.3/24
	ip link del br7
	assert_status 1
	assert_output "mgr-start: web: network: net.0.hwaddr: 02:00:00:00:00:77 is container 'db''s on 'br7'"
}

@test "badnet.2 a hardware address that another configuration has on the link is told where it is chosen" {
	local told="net.0.hwaddr: 02:00:00:00:00:77 is 'db''s too: only one of them can run at a time"
	container db -s net.0.hwaddr=02:00:00:00:00:77
	run mgr-create -n web -t busybox -s net.0.hwaddr=02:00:00:00:00:77
	forget_later web
	assert_success
	assert_output "mgr-create: web: $told"
	run mgr-config -n web set net.0.link br7
	assert_output ""
	run mgr-config -n web unset net.0.link
	assert_success
	assert_output "mgr-config: web: $told"
	run mgr-config -n web set net.0.hwaddr 02:00:00:00:00:78
	assert_output ""
	run mgr-device -n web add nic hwaddr=02:00:00:00:00:77,ipv4.address=none --save
	assert_success
	assert_contains "mgr-device: web: ${told/0/1}"
}
