# SPDX-License-Identifier: LGPL-2.1-or-later
# Interfaces of every kind, and addresses of one's own.
load ../lib/common
load ../lib/net

setup() {
	common_setup
	export bridge=mgrbr-$MGR_LAB_ID table=mgr_$MGR_LAB_ID
}

# The first two numbers of the managed network's addresses.
managed() {
	sed 's/\.0\.0\/16$//' "$MGR_ROOT/var/lib/mgr/.leases/subnet"
}

# --- addresses ----------------------------------------------------------------------------------------------------------

@test "net.22 static addresses on the managed network, several on an interface, are its own alone" {
	local net
	container other
	net=$(managed)
	container web -s "net.0.ipv4.address=$net.7.7/16" -s "net.0.ipv4.address+=$net.7.8/16"
	boot web
	run in_container web ip -4 addr show dev eth0
	assert_contains "inet $net.7.7/16"
	assert_contains "inet $net.7.8/16"
	in_container web ip route | grep -q "default via $net.0.1"
	boot other
	in_container other ping -c 1 -W 2 "$net.7.8"
	looks_up other web.mgr "$net.7.7"
	run mgr-create -n db -t busybox -s "net.0.ipv4.address=$net.7.8/16"
	assert_status 1
	assert_output "mgr-create: db: net.0.ipv4.address: $net.7.8/16: address $net.7.8 belongs to 'web'"
	run mgr-create -n db -t busybox --ip "$net.7.7"
	assert_status 1
	assert_contains "address $net.7.7 belongs to 'web'"
	run mgr-config -n other set net.0.ipv4.address "$net.7.7/16"
	assert_status 1
	assert_contains "belongs to 'web'"
	# what it does not name any more is free, and nothing is while it runs
	mgr-config -n web set net.0.ipv4.address "$net.7.7/16"
	run mgr-config -n other set net.0.ipv4.address "$net.7.8/16"
	assert_status 1
	mgr-stop -k web
	mgr-config -n other set net.0.ipv4.address "$net.7.8/16"
	mgr-config -n other unset net.0.ipv4.address
	run mgr-config -n web set net.0.ipv4.address "$net.7.8/16"
	assert_status 1
	mgr-stop -k other
	run mgr-config -n other set net.0.ipv4.address "$net.7.7/16"
	assert_status 1
	mgr-config -n web set net.0.ipv4.address "$net.7.8/16"
	mgr-config -n web add net.0.ipv6.address "$(sed 's/::.*/:0:ffff:ffff:ffff:fffe/' "$MGR_ROOT/var/lib/mgr/.leases/prefix6" | sed 's/$/\/64/')"
	# with the container its addresses go
	mgr-destroy -f web
	container db -s net.0.ipv4.address+=lease -s "net.0.ipv4.address+=$net.7.8/16"
	boot db
	run in_container db ip -4 addr show dev eth0
	assert_contains "inet $(container_ip db)/16"
	assert_contains "inet $net.7.8/16"
	[ "$(container_ip db)" != "$net.7.8" ]
}

@test "net.22 an address that cannot be is refused, saying why" {
	local net case
	container web
	net=$(managed)
	while IFS='|' read -r address why; do
		run mgr-config -n web set net.0.ipv4.address "$address"
		assert_status 1
		assert_contains "net.0.ipv4.address: "
		assert_contains "$why"
	done <<-EOF
		192.0.2.7/16|is not in $net.0.0/16, the managed network's subnet
		$net.0.1/16|is the managed network's gateway
		$net.0.0/16|is not lease, none or an address of a host with its prefix
		$net.255.255/16|is not lease, none or an address of a host with its prefix
		$net.3.3/24|the managed network's prefix is /16
		$net.3.3|is not lease, none or an address
		224.0.0.1/8|is not lease, none or an address
		$net.3.3/33|is not lease, none or an address
	EOF
	mgr-config -n web set net.0.ipv4.address "$net.9.9/16"
	run mgr-config -n web add net.0.ipv4.address "$net.9.9/16"
	assert_status 1
	assert_contains "is there twice"
	run mgr-config -n web set net.0.ipv4.gateway 300.1.1.1
	assert_status 1
	assert_contains "net.0.ipv4.gateway: '300.1.1.1' is not none, auto, dev or an IPv4 address"
	run mgr-start -n web -s net.0.ipv4.address=192.0.2.7/16
	assert_status 1
	assert_contains "is not in $net.0.0/16"
	# one default route a family
	run mgr-start -n web -s net.0.ipv4.address=lease -s net.1.link=none -s net.1.ipv4.gateway=192.0.2.1
	assert_status 1
	assert_output "mgr-start: web: config: net.1.ipv4.gateway: net.0 has one too: one of them is to be 'none'"
	run mgr-start -n web -s net.0.ipv4.address=lease -s net.1.link=none -s net.1.ipv6.gateway=2001:db8::1
	assert_status 1
	assert_output "mgr-start: web: config: net.1.ipv6.gateway: net.0 has one too: one of them is to be 'none'"
	# mgr-config says what the start would
	run mgr-config -n web set net.0.ipv4.address lease net.1.link none net.1.ipv4.gateway 192.0.2.1
	assert_status 1
	assert_output "mgr-config: web: net.1.ipv4.gateway: net.0 has one too: one of them is to be 'none'"
	cp "$MGR_ROOT/var/lib/mgr/web/config" "$BATS_TEST_TMPDIR/config"
	printf '[net.1]\nlink = none\nipv4.address = 192.0.2.7/24\nipv4.gateway = 198.51.100.1\n[net.0]\nipv4.gateway = none\n' \
		>>"$MGR_ROOT/var/lib/mgr/web/config"
	run mgr-config -n web check
	assert_status 1
	assert_output "mgr-config: web: net.1.ipv4.gateway: 198.51.100.1 is not in a subnet of the interface's addresses"
	cp "$BATS_TEST_TMPDIR/config" "$MGR_ROOT/var/lib/mgr/web/config"
	mgr-config -n web set net.0.ipv4.gateway none
	sed -i /udhcpc/d "$MGR_ROOT/var/lib/mgr/web/rootfs/etc/init.d/rcS" # who asks is told of one
	boot web
	run in_container web ip route
	refute_contains default
}

# --- several, and of every kind -----------------------------------------------------------------------------------------

@test "net.22 interfaces on the managed bridge, on another, and on none, each with its settings" {
	ip link add br7 type bridge
	ip addr add 192.0.2.129/25 dev br7
	ip link set br7 up
	container web -s net.1.link=br7 -s net.1.ipv4.address=192.0.2.130/25 -s net.1.name=lan0 -s net.1.mtu=1400 \
		-s net.1.hwaddr=02:00:00:00:00:77 -s net.2.link=none -s net.2.veth.pair=tap7 -s net.2.ipv4.address=198.51.100.2/30 \
		-s net.3.type=veth -s net.3.link=br7 -s net.3.flags=down -s net.3.ipv4.address=none
	boot web
	in_container web ping -c 1 -W 2 "$(gateway)"
	busybox ping -c 1 -W 2 192.0.2.130
	assert_equal "$(in_container web cat /sys/class/net/lan0/mtu)" 1400
	assert_equal "$(in_container web cat /sys/class/net/lan0/address)" 02:00:00:00:00:77
	assert_equal "$(cat /proc/sys/net/ipv6/conf/tap7/accept_ra)" 0 # what it says of routes does not hold for the host
	ip addr add 198.51.100.1/30 dev tap7
	ip link set tap7 up
	busybox ping -c 1 -W 2 198.51.100.2
	run in_container web ip addr show dev eth3
	refute_contains inet
	refute_contains UP
	mgr-stop -k web
	[ ! -e /sys/class/net/tap7 ]
	# a name that is another's by now, or was before, is not touched
	boot web
	ip link del tap7
	ip link add tap7 type bridge
	mgr-stop -k web
	ip link show tap7 >/dev/null
	ip link del tap7
	ip link add tap7 type bridge
	run mgr-start web
	ip link show tap7 >/dev/null
	ip link del tap7
	ip link del br7
	assert_status 1
	assert_output "mgr-start: web: network: net.2.veth.pair: the host has an interface 'tap7' already"
}

@test "net.22 what does not fit together is refused, naming the key" {
	local args why
	container web
	while IFS='|' read -r args why; do
		# shellcheck disable=SC2086 # several options
		run mgr-start web $args
		assert_status 1
		assert_output "mgr-start: web: config: $why"
	done <<-'EOF'
		-s net.1.type=phys|net.1.link: is not set: the interface of the host that a phys is made of
		-s net.1.type=macvlan -s net.1.link=none|net.1.link: is not set: the interface of the host that a macvlan is made of
		-s net.1.type=macvlan -s net.1.link=x0 -s net.1.veth.pair=y0|net.1.veth.pair: only a veth has two ends
		-s net.0.macvlan.mode=bridge|net.0.macvlan.mode: the interface is no macvlan
		-s net.1.type=phys -s net.1.link=eth0|net.1.name: 'eth0' is the name of net.0 too
		-s net.1.type=phys -s net.1.link=x0 -s net.2.type=phys -s net.2.link=x0 -s net.2.name=y0|net.2.link: net.1 has 'x0' already
		-s net.1.type=vlan -s net.1.link=x0|net.1.vlan.id: is not set: the number of the VLAN, from 1 to 4094
		-s net.0.vlan.id=7|net.0.vlan.id: the interface is no vlan
		-s net.0.ipvlan.mode=l2|net.0.ipvlan.mode: the interface is no ipvlan
		-s net.1.type=phys -s net.1.link=x0 -s net.1.rate.egress=1mbit|net.1.rate.egress: only a veth has an end on the host, where root of the container cannot change its rate
		-s net.1.type=ipvlan -s net.1.link=x0 -s net.1.hwaddr=02:00:00:00:00:01|net.1.hwaddr: an ipvlan has that of its link
		-s net.1.veth.mode=router -s net.1.link=br7|net.1.link: 'br7': in mode router a veth is on no bridge
		-s net.0.veth.ipv4.route=192.0.2.0/24|net.0.veth.ipv4.route: on the managed network a container has its own addresses alone
		-s net.0.veth.vlan.id=7|net.0.veth.vlan.id: needs a bridge of the host's own that filters VLANs as link
		-s net.0.ipv4.gateway=dev|net.0.ipv4.gateway: 'dev' is for an ipvlan in mode l3 or l3s
		-s net.1.link=none -s net.1.ipv6.gateway=auto|net.1.ipv6.gateway: 'auto' is the address of a link on the host: it has none
		-s net.1.type=host|net.1.type: a container that shares the host's network has no other interface
	EOF
	run mgr-start web -s net.1.type=macvlan -s net.1.link=nil0
	assert_output "mgr-start: web: network: interface 'nil0' does not exist"
	run mgr-start web -s net.1.type=phys -s net.1.link=nil0
	assert_output "mgr-start: web: network: interface 'nil0' does not exist"
}

@test "net.22 a macvlan reaches what its mode lets it" {
	make_machine peer
	container web -s net.0.type=macvlan -s net.0.link=to-peer -s net.0.macvlan.mode=bridge -s net.0.ipv4.address=192.0.2.10/24 \
		-s net.0.ipv4.gateway=192.0.2.2
	container db -s net.0.type=macvlan -s net.0.link=to-peer -s net.0.macvlan.mode=bridge -s net.0.ipv4.address=192.0.2.11/24
	ip -n peer addr add 192.0.2.9/24 dev eth0
	boot web
	boot db
	in_container web ping -c 1 -W 2 192.0.2.9
	in_container web ping -c 1 -W 2 192.0.2.11
	in_container web ip route | grep -q "default via 192.0.2.2"
	[ "$(in_container web cat /sys/class/net/eth0/address)" != "$(cat /sys/class/net/to-peer/address)" ]
	mgr-stop -k db
	boot db -s net.0.macvlan.mode=private
	run in_container db ping -c 1 -W 1 192.0.2.10
	assert_status 1
	in_container db ping -c 1 -W 2 192.0.2.9
	mgr-stop -k db
	run mgr-start db -s net.0.macvlan.mode=passthru
	assert_status 1
	assert_output "mgr-start: db: network: make macvlan 'eth0' on 'to-peer': 'to-peer' has others already, passthru wants it alone"
	mgr-stop -k web
	boot db -s net.0.macvlan.mode=passthru
	assert_equal "$(in_container db cat /sys/class/net/eth0/address)" "$(cat /sys/class/net/to-peer/address)"
}

# --- physical ones ------------------------------------------------------------------------------------------------------

# What is to be the same afterwards of the interface card0.
card() {
	ip -d -o link show card0 | sed 's/@.*: </: </; s/ state [A-Z]* / /; s/ link-netns[^\\]*//; s/ minmtu.*veth//'
	ip -o addr show card0 | awk '$3 == "inet" || $4 !~ /^fe80/ { print $3, $4, $5, $6 }'
	cat /sys/class/net/card0/address /sys/class/net/card0/mtu
}

# A card: one end of a cable, the other at "far".
make_card() {
	ip link add card0 type veth peer name far0
	ip addr add 192.0.2.1/30 dev far0
	ip link set far0 up
	ip link set card0 mtu 1480
	ip addr add 192.0.2.2/30 brd + dev card0
	ip addr add 192.0.2.65/28 dev card0
	ip addr add 2001:db8:7::2/64 dev card0 nodad
	ip link set card0 "${1-up}"
	card >"$BATS_TEST_TMPDIR/before"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/before")" -ge 5 ]
}

is_back() {
	card 2>/dev/null | diff "$BATS_TEST_TMPDIR/before" - >&2 && [ ! -e "$MGR_ROOT/run/mgr/web/netns" ]
}

with_card() {
	container web -s net.1.type=phys -s net.1.link=card0 -s net.1.ipv4.address=192.0.2.2/30 "$@"
}

@test "net.22 a physical interface is the container's while it runs, over reboots inside, and comes back as it was" {
	local init
	make_card
	with_card -s net.1.name=eth1 -s net.1.mtu=1400 -s net.1.hwaddr=02:00:00:00:00:88
	boot web
	[ ! -e /sys/class/net/card0 ]
	in_container web ping -c 1 -W 2 192.0.2.1
	assert_equal "$(in_container web cat /sys/class/net/eth1/address)" 02:00:00:00:00:88
	assert_equal "$(in_container web cat /sys/class/net/eth1/mtu)" 1400
	run in_container web ip addr show dev eth1
	refute_contains 192.0.2.65
	init=$(pid_of web)
	in_container web reboot || true
	wait_gone 20 "$init"
	wait_until 10 in_container web ping -c 1 -W 2 192.0.2.1
	in_container web ip link set eth1 down
	in_container web ip link set eth1 name mine
	mgr-stop -k web
	is_back
	ip link del card0
}

@test "net.22 a physical interface that was down comes back down" {
	make_card down
	with_card
	boot web
	in_container web ping -c 1 -W 2 192.0.2.1
	mgr-stop -k web
	is_back
	ip link del card0
}

@test "net.22 a physical interface comes back after a crash and when the start fails" {
	make_card
	with_card
	boot web
	# a crash: supervisor and init at once
	kill -KILL "$(ps -o ppid= -p "$(pid_of web)" | tr -d ' ')"
	run wait_until 5 state_is web STOPPED
	mgr-stop -k web || true
	wait_until 5 is_back
	run mgr-start web -s net.2.link=br9
	assert_status 1
	is_back
	run mgr-start web -s init.cmd=/none
	assert_status 1
	is_back
	boot web
	mgr-stop -k web
	is_back
	ip link del card0
}

@test "nic.2 a physical interface comes back as it was from a start that is killed at any point" {
	local point
	make_card
	with_card -s net.0.type=empty -s net.1.mtu=1400 -s net.1.name=wan0
	for point in net:pin phys:written phys:moved boot:up:network boot:up:hook-net boot:up:init boot:up:forward boot:up:control \
		boot:up:confine boot:up:exec; do
		MGR_DEBUG_KILL=$point run mgr-start web
		assert_status 1
		run mgr-stop -k web
		wait_until 5 is_back
	done
	ip link del card0
}

@test "nic.2 a physical interface comes back as it was from a stop that is killed at any point" {
	local point
	make_card
	with_card -s net.0.type=empty -s net.1.mtu=1400 -s net.1.hwaddr=02:00:00:00:00:88
	for point in phys:out phys:set boot:down:network boot:down:cgroup; do
		touch "$BATS_TEST_TMPDIR/once"
		MGR_DEBUG_KILL=$point MGR_DEBUG_ONCE=$BATS_TEST_TMPDIR/once boot web
		mgr-stop -k web || true
		[ ! -e "$BATS_TEST_TMPDIR/once" ]
		run mgr-stop -k web
		wait_until 5 is_back
	done
	# the next start does the same
	touch "$BATS_TEST_TMPDIR/once"
	MGR_DEBUG_KILL=phys:out MGR_DEBUG_ONCE=$BATS_TEST_TMPDIR/once boot web
	mgr-stop -k web || true
	boot web
	mgr-stop -k web
	is_back
	ip link del card0
}

@test "nic.2 a physical interface comes back as it was from a reboot inside that is killed on its way" {
	make_card
	with_card -s net.0.type=empty
	touch "$BATS_TEST_TMPDIR/once"
	MGR_DEBUG_KILL=reboot:up:network MGR_DEBUG_ONCE=$BATS_TEST_TMPDIR/once boot web
	in_container web reboot || true
	wait_until 20 test ! -e "$BATS_TEST_TMPDIR/once"
	run mgr-stop -k web
	wait_until 5 is_back
	ip link del card0
}

@test "nic.2 a physical interface whose name the host has given away comes back when that is free again" {
	make_card
	with_card -s net.0.type=empty
	boot web
	ip link add card0 type bridge
	run mgr-stop -k web
	run mgr-start web
	assert_status 1
	assert_contains "interface 'card0' cannot come back: the host has another of that name: rename that one"
	ip link del card0
	mgr-stop -k web || true
	wait_until 5 is_back
	ip link del card0
}

@test "nic.2 whatever root inside does to a physical interface, it comes back as it was" {
	local group
	make_card
	ip link set card0 group 7 alias "the  uplink" txqueuelen 77 gso_max_size 40000
	ip link property add dev card0 altname card0-on-the-slot altname card0b
	card >"$BATS_TEST_TMPDIR/before"
	with_card -s net.1.name=eth1
	boot web
	# where packets of the managed network's containers are expected
	group=$(ip -o link show master "$bridge" | sed 's/.* group \([0-9]*\) .*/\1/;q')
	[ "$group" -gt 7 ]
	as_root_of web ip link set eth1 group "$group" alias mine txqueuelen 1 promisc on allmulticast on multicast off arp off \
		broadcast 02:00:00:00:00:01 gso_max_size 3000 mode dormant
	as_root_of web ip link property del dev eth1 altname card0b
	as_root_of web ip link property add dev eth1 altname far0 altname mine0
	mgr-stop -k web
	is_back
	! ip -o link show | grep -q mine || return 1
	wait_until 5 busybox ping -c 1 -W 1 -I card0 192.0.2.2
	# and when another of the host's has got one of its names meanwhile
	boot web
	ip link property add dev far0 altname card0b
	mgr-stop -k web
	ip link property del dev far0 altname card0b
	ip link property add dev card0 altname card0b
	is_back
	ip link del card0
}

@test "nic.2 a physical interface that was in another network namespace inside when the container ended comes back" {
	local record=$MGR_ROOT/run/mgr/web/undo hardware
	make_card
	with_card -s net.0.type=empty -s net.1.name=eth1
	boot web
	hold_netns web
	exec 8<"/proc/$held/ns/net"
	as_root_of web ip link set eth1 netns "$held"
	# as if it were hardware, which the kernel gives back once the namespace has ended
	hardware=$(printf '%s\n' /sys/bus/*/devices/* | head -n 1 | sed -E 's|/sys/bus/(.*)/devices/(.*)|bus=\1 dev=\2|')
	sed -i "s|kind=veth|kind= $hardware|" "$record"
	run mgr-stop -k web
	run mgr-start web
	assert_status 1
	assert_contains "interface 'card0' has not come back yet: it was moved to a network namespace inside"
	# it has been taken out of the machine
	cp "$record" "$BATS_TEST_TMPDIR/record"
	sed -i 's| dev=[^ ]*| dev=none|' "$record"
	run mgr-stop -k web
	[ ! -e "$record" ]
	# it is back, named and numbered as it was inside
	sed 's|kind= bus=[^ ]* dev=[^ ]*|kind=veth|' "$BATS_TEST_TMPDIR/record" >"$record"
	nsenter --net=/proc/self/fd/8 ip link set eth1 netns $$
	[ -e /sys/class/net/eth1 ]
	run mgr-stop -k web
	sed -i '1s/^[0-9]*:/1000001:/' "$BATS_TEST_TMPDIR/before" # all but its number is as it was
	is_back
	ip link del card0
}

@test "nic.2 addresses with another end, and of one's own choice, come back with a physical interface" {
	make_card
	ip addr add 198.51.100.1 peer 198.51.100.2/32 dev card0
	card >"$BATS_TEST_TMPDIR/before"
	grep -q 'peer 198.51.100.2/32' "$BATS_TEST_TMPDIR/before"
	with_card -s net.0.type=empty
	boot web
	mgr-stop -k web
	is_back
	ip link del card0
}

@test "net.22 a physical interface that another container has, or that a bridge has, is refused, naming it" {
	local other=$BATS_TEST_TMPDIR/other
	make_card
	with_card -s net.2.link=none -s net.2.veth.pair=tap0
	boot web
	container db -s net.1.type=phys -s net.1.link=card0
	run mgr-start db
	assert_status 1
	assert_output "mgr-start: db: network: interface 'card0' is in container 'web' now"
	run mgr-start db -s net.1.link=tap0
	assert_output "mgr-start: db: network: interface 'tap0' is container 'web''s, its end on the host"
	run mgr-start db -s net.1.type=veth -s net.1.link=none -s net.1.veth.pair=tap0
	assert_output "mgr-start: db: network: net.1.veth.pair: container 'web' has an interface 'tap0' already"
	own_store "$other"
	mgr-create -P "$other" -n third -t busybox -s net.0.type=empty -s net.1.type=phys -s net.1.link=card0
	run mgr-start -P "$other" -n third
	assert_output "mgr-start: third: network: interface 'card0' is in container 'web' now"
	mgr-start -P "$other" -n third -s net.1.type=empty
	mgr-stop -k web
	is_back
	# and the other way about
	mgr-stop -k -P "$other" third
	mgr-start -P "$other" -n third
	run mgr-start web
	assert_output "mgr-start: web: network: interface 'card0' is in container 'third' now"
	mgr-destroy -f -P "$other" -n third
	is_back
	ip link add br7 type bridge
	ip link set card0 master br7
	run mgr-start db
	ip link del br7
	ip link del card0
	assert_status 1
	assert_output "mgr-start: db: network: interface 'card0' belongs to a bridge or bond of the host"
}
