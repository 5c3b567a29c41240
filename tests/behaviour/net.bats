# SPDX-License-Identifier: LGPL-2.1-or-later
# The managed network: real packets between containers, this machine and others.
load ../lib/common
load ../lib/net

# --- net.1: its life ----------------------------------------------------------------------------------------------------

@test "net.1 the first start makes the network, and ten seconds after the last stop it is gone" {
	local before netd dnsmasq
	before=$(cat /proc/sys/net/ipv4/ip_forward)
	container web
	[ ! -e "/sys/class/net/$bridge" ]
	boot web
	ip -4 -o addr show "$bridge" | grep -q "inet 10\.[0-9]*\.0\.1/16"
	assert_equal "$(cat /proc/sys/net/ipv4/ip_forward)" 1
	netd=$(field Service)
	dnsmasq=$(field DNS)
	mgr-stop -k web
	[ -d "/proc/$netd" ]
	wait_gone 12 "$netd"
	[ ! -e "/sys/class/net/$bridge" ]
	[ ! -d "/proc/$dnsmasq" ]
	assert_equal "$(nft list tables)" ""
	assert_equal "$(cat /proc/sys/net/ipv4/ip_forward)" "$before"
	run mgr-net status
	assert_output "State:          DOWN"
}

@test "net.1 mgr-net up keeps the network until mgr-net down" {
	run mgr-net up
	assert_success
	run mgr-net status
	assert_contains "State:          UP"
	assert_contains "Bridge:         $bridge"
	[ -e "/sys/class/net/$bridge" ]
	run mgr-net up
	assert_success
	run mgr-net down
	assert_success
	assert_output ""
	[ ! -e "/sys/class/net/$bridge" ]
	assert_equal "$(nft list tables)" ""
	run mgr-net down
	assert_success
}

@test "net.1 containers keep the network that mgr-net down lets go" {
	container web
	boot web
	run mgr-net down
	assert_success
	assert_output "the network stays until the last of the containers on it has stopped, now 1"
	[ -e "/sys/class/net/$bridge" ]
	in_container web ping -c 1 -W 2 "$(gateway)"
}

@test "net.1 many starts at once share one service" {
	local i jobs=()
	for i in 1 2 3 4 5 6; do
		container "c$i"
	done
	for i in 1 2 3 4 5 6; do
		mgr-start "c$i" &
		jobs+=($!)
	done
	for i in "${jobs[@]}"; do
		wait "$i"
	done
	assert_equal "$(field Containers)" 6
	assert_equal "$(pgrep -c mgr-netd)" 1
	assert_equal "$(pgrep -c dnsmasq)" 1
}

@test "net.1 a subnet that overlaps a route of the host is refused, naming the route" {
	make_machine peer
	container web
	ip route add "$(sed 's/\.0\.0\/16$/.5.0\/24/' "$MGR_ROOT/var/lib/mgr/.leases/subnet")" dev to-peer
	run mgr-start web
	assert_status 1
	assert_match "^mgr-start: web: network.*overlaps the host's route 10\.[0-9.]+/24 dev to-peer$"
	[ ! -e "/sys/class/net/$bridge" ]
}

@test "net.1 a bridge that does not exist is named, and a link that is no bridge" {
	container web -s net.0.link=br7
	run mgr-start web
	assert_status 1
	assert_output "mgr-start: web: network: bridge 'br7' does not exist"
	ip link add va type veth peer name vb
	run mgr-start web -s net.0.link=va
	ip link del va
	assert_status 1
	assert_output "mgr-start: web: network: link 'va' is no bridge"
}

@test "net.1 after SIGKILL of the service, names, addresses and forwards are back within a second" {
	local netd ip
	make_machine peer
	container web --forward tcp:8080:80 --forward udp:5300:53
	boot web
	serve web udp 53
	ip=$(container_ip web)
	netd=$(field Service)
	kill -KILL "$netd"
	# the kernel goes on by itself
	[ "$(on peer curl -s -o /dev/null -m $((2 * patience)) -w '%{http_code}' "http://$here_ip:8080/")" = 200 ]
	wait_until 1 is_another "$netd"
	assert_equal "$(field Containers)" 1
	assert_equal "$(field Forwards)" 2
	answers on peer udp "$here_ip" 5300
	looks_up web web.mgr "$ip"
	assert_equal "$(container_ip web)" "$ip"
}

@test "net.1 what the killed service had and nobody claims is gone after a while" {
	local netd init
	container web --forward tcp:8080:80
	boot web
	netd=$(field Service)
	init=$(pid_of web)
	kill -STOP "$netd"
	kill -KILL "$(mgr-info -n web --json | jq -r '.[0].supervisor_pid // empty' 2>/dev/null)" 2>/dev/null ||
		kill -KILL "$(ps -o ppid= -p "$init" | tr -d ' ')"
	kill -KILL "$netd"
	wait_gone 5 "$init"
	container db
	boot db
	wait_until 3 no_forward 8080
	mgr-stop -k web || true
}

no_forward() {
	! nft list map inet "$table" forward_any | grep -q ". $1 "
}

@test "net.1 after SIGKILL of dnsmasq, names are back within a second" {
	local dnsmasq
	container web
	boot web
	dnsmasq=$(field DNS)
	kill -KILL "$dnsmasq"
	wait_until 1 looks_up web web.mgr "$(container_ip web)"
	[ "$(field DNS)" != "$dnsmasq" ]
}

@test "net.1 a bridge that somebody deletes is back within a second, with its containers" {
	container web
	boot web
	ip link del "$bridge"
	wait_until 1 test -e "/sys/class/net/$bridge"
	wait_until 1 in_container web ping -c 1 -W 1 "$(gateway)"
	wait_until 1 looks_up web web.mgr "$(container_ip web)"
}

# --- net.2: inside, before anything runs --------------------------------------------------------------------------------

@test "net.2 address, gateway and resolver are there when init runs" {
	container web -s init.cmd=/probe
	cat >"$MGR_ROOT/var/lib/mgr/web/rootfs/probe" <<-'EOF'
		#!/bin/busybox sh
		exec >/seen
		busybox ip -4 addr show dev eth0
		busybox ip route
		busybox cat /etc/resolv.conf
		exec >/dev/null
		exec /sbin/init
	EOF
	chmod 755 "$MGR_ROOT/var/lib/mgr/web/rootfs/probe"
	boot web
	wait_until 5 in_container web grep -q nameserver /seen
	run in_container web cat /seen
	assert_match "inet $(container_ip web)/16 "
	assert_contains "default via $(gateway) dev eth0"
	assert_contains "nameserver $(gateway)"
}

@test "net.2 DHCP in the guest gets the same address, whatever it says it is" {
	local ip
	container web
	boot web
	ip=$(container_ip web)
	in_container web sh -c 'printf "#!/bin/sh\n[ \$1 != bound ] || echo \$ip \$router \$dns \$lease\n" >/tmp/say; chmod 755 /tmp/say'
	run in_container web udhcpc -f -q -n -t 10 -T 1 -i eth0 -s /tmp/say
	assert_success
	assert_contains "$ip $(gateway) $(gateway) "
	run in_container web udhcpc -f -q -n -t 10 -T 1 -i eth0 -s /tmp/say -C -x 0x3d:01020304050607
	assert_contains "$ip $(gateway) $(gateway) "
	run in_container web udhcpc -f -q -n -t 10 -T 1 -i eth0 -s /tmp/say -r 10.11.12.13 -x hostname:other
	assert_contains "$ip $(gateway) $(gateway) "
}

@test "net.2 an address that was another's before is given by DHCP to its new holder" {
	local ip
	container a
	boot a
	ip=$(container_ip a)
	in_container a sh -c 'udhcpc -f -q -n -t 10 -T 1 -i eth0 -s /bin/true'
	mgr-stop -k a
	mgr-destroy a
	container b --ip "$ip"
	boot b
	in_container b sh -c 'printf "#!/bin/sh\n[ \$1 != bound ] || echo \$ip\n" >/tmp/say; chmod 755 /tmp/say'
	run in_container b udhcpc -f -q -n -t 10 -T 1 -i eth0 -s /tmp/say
	assert_contains "$ip"
}

@test "net.2 a resolv.conf that is the guest's own is left alone, a link to systemd-resolved's leads to ours" {
	local root=$MGR_ROOT/var/lib/mgr/web/rootfs
	container web
	rm -f "$root/etc/resolv.conf"
	ln -s ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
	boot web
	in_container web grep -q "^nameserver $(gateway)\$" /etc/resolv.conf
	assert_equal "$(readlink "$root/etc/resolv.conf")" ../run/systemd/resolve/stub-resolv.conf
	mgr-stop -k web
	rm "$root/etc/resolv.conf"
	echo "nameserver 192.0.2.53" >"$root/etc/resolv.conf"
	assert_equal "$(mgr-execute -n web -- cat /etc/resolv.conf)" "nameserver 192.0.2.53" # before its DHCP client writes
}

# --- net.3: forwards ----------------------------------------------------------------------------------------------------

# A container with a forward of each protocol from 7000 to 70, and servers.
forwarding() {
	container web --forward tcp:7000:70 --forward udp:7000:70
	boot web
	serve web tcp 70
	serve web udp 70
}

@test "net.3 a frame for 127.0.0.1 from another machine does not reach a loopback forward" {
	make_machine peer
	container web --forward tcp:127.0.0.1:7000:70
	boot web
	serve web tcp 70
	answers tcp 127.0.0.1 7000
	on peer sysctl -qw net.ipv4.conf.eth0.route_localnet=1
	on peer ip addr del 127.0.0.1/8 dev lo
	on peer ip route add 127.0.0.1/32 via "$here_ip" dev eth0 src "$peer_ip"
	run answers on peer tcp 127.0.0.1 7000
	assert_status 1
}

# --- net.4: the table ---------------------------------------------------------------------------------------------------

@test "net.4 everything is in tables of mgr's own, forwards as elements of maps" {
	container web --forward tcp:7000:70 --forward udp:127.0.0.1:7000:70
	boot web
	assert_equal "$(nft list tables | sort)" "$(printf 'table %s\n' "bridge $table" "inet $table")"
	nft list map inet "$table" forward_any | grep -q "tcp . 7000 : $(container_ip web) . 70"
	nft list map inet "$table" forward | grep -q "127.0.0.1 . udp . 7000 : $(container_ip web) . 70"
	mgr-stop -k web
	run nft list table inet "$table"
	refute_contains 7000
}

untracked() {
	! tracked tcp && ! tracked udp
}

# tracked tcp|udp [STATE]
tracked() {
	conntrack -L -p "$1" 2>/dev/null | grep "${2-}" | grep -q dport=7000
}

@test "net.4 established flows end with the container" {
	make_machine peer
	forwarding
	ask on peer udp "$here_ip" 7000
	later ip netns exec peer socat -u "TCP:$here_ip:7000" "OPEN:$BATS_TEST_TMPDIR/got,creat"
	wait_until 5 tracked tcp ESTABLISHED
	tracked udp
	mgr-stop -k web
	wait_until 1 untracked
}

@test "net.4 a UDP flow from before a forward is forwarded from then on" {
	make_machine peer
	container web --forward udp:7000:70
	mgr-net up
	# a flow that the host itself is tracked for: same ports all the time
	on peer sh -c "echo old | socat -t 0 - UDP:$here_ip:7000,sourceport=7777" || true
	tracked udp
	boot web
	serve web udp 70
	run on peer sh -c "echo new | socat -t $((2 * patience)) - UDP:$here_ip:7000,sourceport=7777"
	assert_output "from $peer_ip"
}

@test "net.4 everything is back within a second of nft flush ruleset, and again" {
	make_machine peer
	forwarding
	nft add table inet others
	local i
	for i in 1 2 3; do
		nft flush ruleset
		wait_until 1 nft list map inet "$table" forward_any
		answers on peer tcp "$here_ip" 7000
		answers udp 127.0.0.1 7000
	done
	others_do delete chain inet "$table" outgoing
	wait_until 1 nft list chain inet "$table" outgoing
	others_do delete element inet "$table" forward_any '{ tcp . 7000 }'
	wait_until 1 answers on peer tcp "$here_ip" 7000
}

@test "net.4 ten thousand forwards are back after a flush too, once, and then nothing happens" {
	container many --forward tcp:10000-19999:10000-19999
	container web --forward tcp:7000:70
	boot many
	boot web
	serve web tcp 70
	assert_equal "$(elements)" 10001
	local changes
	changes=$(grep -c 'changed by somebody' "$MGR_ROOT/var/log/mgr/.net/log" || true)
	tables_are_owned || changes=$((changes + 1))
	nft flush ruleset
	wait_until 2 has_elements 10001
	answers tcp 127.0.0.1 7000
	wait_until 3 service_idles
	assert_equal "$(grep -c 'changed by somebody' "$MGR_ROOT/var/log/mgr/.net/log")" "$changes"
	mgr-stop -k many
	assert_equal "$(elements)" 1
}

elements() {
	nft -j list map inet "$table" forward_any 2>/dev/null | jq '[.nftables[].map? | select(. != null) | .elem // [] | length] | add'
}

has_elements() {
	[ "$(elements)" = "$1" ]
}

service_idles() {
	local pid before
	pid=$(field Service)
	before=$(cut -d ' ' -f 14,15 "/proc/$pid/stat")
	read -r -t 0.3 <> <(:) || true
	[ "$before" = "$(cut -d ' ' -f 14,15 "/proc/$pid/stat")" ]
}

@test "net.4 what others have in nftables is left alone" {
	nft add table inet others
	nft add chain inet others mine
	container web --forward tcp:7000:70
	boot web
	others_do delete table inet "$table"
	wait_until 1 nft list table inet "$table"
	nft list chain inet others mine
	nft delete table inet others
}

@test "net.4 a container does not reach what listens on the host's 127.0.0.1" {
	container web
	boot web
	later socat -t 60 TCP-LISTEN:7000,bind=127.0.0.1,fork,reuseaddr 'SYSTEM:read -r line; echo from here'
	wait_until 5 tcp_open 127.0.0.1 7000
	inside web sysctl -qw net.ipv4.conf.eth0.route_localnet=1
	inside web ip route add 127.0.0.1/32 via "$(gateway)" dev eth0 src "$(container_ip web)" table 7
	inside web ip rule add pref 0 to 127.0.0.1 lookup 7
	inside web ip rule del pref 0 lookup local
	inside web ip rule add pref 1 lookup local
	run answers inside web tcp 127.0.0.1 7000
	assert_status 1
}

# --- net.5: names -------------------------------------------------------------------------------------------------------

@test "net.5 two containers reach each other by address and by name" {
	container web
	container Db.one
	boot web
	boot Db.one
	in_container Db.one ping -c 1 -W 2 "$(container_ip web)"
	in_container Db.one ping -c 1 -W 2 web.mgr
	in_container Db.one ping -c 1 -W 2 WEB
	in_container web ping -c 1 -W 2 db.one.mgr
	run in_container web nslookup "$(container_ip Db.one)"
	assert_contains "name = db.one.mgr"
	mgr-stop -k Db.one
	wait_until 2 no_name web db.one.mgr
}

no_name() {
	! in_container "$1" nslookup "$2"
}

@test "net.5 names outside resolve through the host's resolvers" {
	make_machine resolver
	make_machine other
	container web
	boot web
	later ip netns exec resolver dnsmasq -k --conf-file=/dev/null --no-resolv --no-hosts --pid-file= \
		--address=/outside.example/203.0.113.7
	# shellcheck disable=SC2154 # make_machine sets it
	echo "nameserver $resolver_ip" >/etc/resolv.conf
	wait_until 5 looks_up web outside.example 203.0.113.7
	# no name of our own is asked outside
	run in_container web nslookup nobody.mgr
	assert_status 1
}

@test "net.5 a container reaches other machines, which see the host's address" {
	make_machine peer
	container web
	boot web
	later ip netns exec peer socat -t 60 TCP-LISTEN:7000,fork,reuseaddr 'SYSTEM:read -r line; echo from $SOCAT_PEERADDR'
	wait_until 5 tcp_open "$peer_ip" 7000
	assert_equal "$(ask inside web tcp "$peer_ip" 7000)" "from $here_ip"
}
