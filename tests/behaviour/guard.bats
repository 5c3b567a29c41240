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
	printf '%s\n' own-{arp,arp-probe,by-lldp,dad,dhcp,ipv4,ipv6,link-local,na,options}
	[ "$(sysctl -n net.bridge.bridge-nf-call-iptables)" = 1 ] || printf 'own-fragment%s\n' '' 6
}

bridged_by_iptables() {
	bridges_know_iptables
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
	others_do flush table bridge "$table"
	wait_until 5 guards_again
	others_do delete table bridge "$table"
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

to_groups() {
	printf "$1-to-%d\\n" {0..15}
}

@test "safe.1 the groups that bridges keep for themselves are no way around it: no ARP and no fragment gets to the host" {
	local before port
	two web db
	bridged_by_iptables 0
	inside web busybox ping -c 1 -W 2 "$(gateway)"
	port=$(port_of "$(mac_of web)")
	before=$(nstat -asz IpReasmReqds)
	# shellcheck disable=SC2046 # words
	spoof web:eth0 db $(to_groups arp) $(to_groups fragment)
	assert_equal "$(nstat -asz IpReasmReqds)" "$before"
	assert_equal "$(ip neigh show dev "$port")" ""
}

@test "safe.1 on a bridge of the host's own that takes no advertisements no container is a router of the host's" {
	ip link add br7 type bridge
	sysctl -qw net.ipv6.conf.br7.accept_ra=0
	ip addr add 10.7.0.1/16 dev br7
	ip link set br7 up
	container web -s net.0.link=br7 -s net.0.ipv4.address=10.7.0.2/16
	container db -s net.0.link=br7 -s net.0.ipv4.address=10.7.0.3/16
	boot web
	boot db
	bridge=br7
	# shellcheck disable=SC2046 # words
	spoof web:eth0 db $(to_groups ra)
	assert_equal "$(ip -6 route show proto ra)" ""
	mgr-stop -k web db
	ip link del br7
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

@test "safe.1 an interface that nobody would guard is not put on a managed bridge" {
	local spec
	container web
	boot web
	container other -s net.1.ipv4.address=none -s net.1.ipv6.address=none
	for spec in type=veth type=macvlan; do
		run mgr-start -n other -s "net.1.$spec" -s "net.1.link=$bridge"
		assert_status 1
		assert_contains "net.1.link: '$bridge' is a managed network's bridge: a veth without link is on it"
	done
}

# --- safe.2: isolated ---------------------------------------------------------------------------------------------------

ipv6_of() {
	mgr-info -n "$1" -iH | grep :
}

# pings FROM ADDRESS [INTERFACE]
pings() {
	inside "$1" busybox ping -c 1 -W "$patience" ${3:+-I "$3"} "$2" >/dev/null
}

# Each line of the standard input is a command that is to fail; all at once, for most of them wait.
refused_each() {
	local line jobs=()
	while read -r line; do
		ask_time=2 eval "$line" >/dev/null 2>&1 3>&- &
		jobs+=("$! $line")
	done
	for line in "${jobs[@]}"; do
		! wait "${line%% *}" || show "reaches: ${line#* }"
	done
}

isolated_pair() {
	two web db -s net.0.isolated=yes --forward tcp:7001:70
	mgr-forward -n db add tcp:7000:70
	serve web tcp 70
	serve web tcp6 71
	serve db tcp 70
	serve db tcp6 71
}

@test "safe.2 an isolated container and the others do not reach each other, by whatever way" {
	local on
	make_machine peer
	isolated_pair
	inside web ip route add "$(container_ip db)/32" via "$(gateway)"
	for on in 1 0; do
		bridged_by_iptables $on
		refused_each <<-END
			pings web $(container_ip db)
			pings db $(container_ip web)
			pings web $(ipv6_of db)
			pings db $(ipv6_of web)
			answers inside web tcp $(container_ip db) 70
			answers inside db tcp $(container_ip web) 70
			answers inside web tcp $(ipv6_of db) 71
			answers inside db tcp $(ipv6_of web) 71
			answers inside web tcp $here_ip 7000
			answers inside web tcp $(gateway) 7000
			answers inside db tcp $here_ip 7001
			answers inside db tcp $(gateway) 7001
		END
		assert_equal "$(spoof web:eth0 db own-ipv4 own-arp own-ipv6 own-na)" "$(printf '%s\n' own-arp own-ipv4 own-ipv6 own-na)"
		[ -z "$(heard_by_other web db)$(heard_by_other db web)" ]
	done
}

heard_by_other() {
	"$BATS_TEST_DIRNAME/../lib/spoof.py" "$bridge" "$(pid_of "$1"):eth0" "$(pid_of "$2"):eth0" | grep other || true
}

@test "safe.2 an isolated container reaches what is not a container, and itself" {
	local on
	make_machine peer
	isolated_pair
	for on in 1 0; do
		bridged_by_iptables $on
		pings web "$peer_ip"
		pings web "$(gateway)"
		answers on peer tcp "$here_ip" 7001
		answers tcp "$(container_ip web)" 70
		answers inside web tcp "$here_ip" 7001
		looks_up web db.mgr "$(container_ip db)"
	done
}

@test "safe.2 nor do containers of another network reach an isolated one by its forwards, and their ports are guarded alike" {
	mkdir -p "$MGR_ROOT/etc/mgr"
	printf '[network.blue]\nipv4.subnet = 10.126.0.0/16\n' >"$MGR_ROOT/etc/mgr/mgr.conf"
	ip addr add 198.51.100.1/32 dev lo
	container other -s net.0.network=blue
	two web db -s net.0.isolated=yes --forward tcp:7001:70 \
		-s net.1.type=veth -s net.1.network=blue -s net.1.ipv4.gateway=none -s net.1.ipv6.gateway=none
	boot other
	mgr-forward -n db add tcp:7000:70
	serve web tcp 70
	serve db tcp 70
	pings web "$(container_ip other)"
	answers inside other tcp 198.51.100.1 7000
	answers tcp 198.51.100.1 7001
	no_answer inside other tcp 198.51.100.1 7001
	bridge=$(ip -o addr show to 10.126.0.1 | awk '{ print $2 }')
	assert_equal "$(spoof web:eth1 other)" "$(own_alone | sort)"
	rm "$MGR_ROOT/etc/mgr/mgr.conf"
	ip addr del 198.51.100.1/32 dev lo
}

@test "safe.2 nor do containers in router mode and an isolated one reach each other" {
	container routed -s net.0.veth.mode=router -s net.0.ipv4.address=198.51.100.7/32 -s net.0.ipv4.gateway=169.254.0.1
	two web db -s net.0.isolated=yes --forward tcp:7001:70
	boot routed
	serve web tcp 70
	serve db tcp 70
	serve routed tcp 70
	pings db 198.51.100.7
	refused_each <<-END
		pings web 198.51.100.7
		pings routed $(container_ip web)
		answers inside routed tcp $(gateway) 7001
		answers inside web tcp 198.51.100.7 70
	END
}

# --- safe.3: the host ---------------------------------------------------------------------------------------------------

# On the host, on every address of it: answers.
host_service() {
	later socat -t 60 "TCP6-LISTEN:$1,fork,reuseaddr,ipv6only=0" SYSTEM:'read -r line; echo "from here"'
	later socat "UDP6-RECVFROM:$1,fork,reuseaddr,ipv6only=0" SYSTEM:'read -r line; echo "from here"'
	wait_until 5 tcp_open 127.0.0.1 "$1"
}

@test "safe.3 the host's own services are not reached by a container, its DNS, DHCP and ping are; with host.access all but 127.0.0.1" {
	local gateway6
	make_machine peer
	host_service 9000
	two web trusted
	later socat "UDP-RECVFROM:67,bind=$here_ip,fork,reuseaddr" SYSTEM:'read -r line; echo "from here"'
	gateway6=$(ip -6 -o addr show "$bridge" scope global | sed 's/.*inet6 \([^/]*\).*/\1/')
	ip addr add 2001:db8:9::1/128 dev lo
	refused_each <<-END
		answers inside web tcp $(gateway) 9000
		answers inside web udp $(gateway) 9000
		answers inside web tcp $here_ip 9000
		answers inside web udp $here_ip 9000
		answers inside web udp $here_ip 67
		answers inside web tcp $gateway6 9000
		answers inside web tcp 2001:db8:9::1 9000
	END
	looks_up web trusted.mgr "$(container_ip trusted)"
	pings web "$(gateway)"
	pings web "$gateway6"
	in_container web udhcpc -i eth0 -n -q -t 10 -T 1 -s /bin/true
	mgr-stop -k trusted
	boot trusted -s net.0.host.access=yes
	answers inside trusted tcp "$(gateway)" 9000
	answers inside trusted tcp "$here_ip" 9000
	answers inside trusted udp "$(gateway)" 9000
	answers inside trusted tcp "$gateway6" 9000
	no_answer inside web tcp "$(gateway)" 9000
	inside trusted sysctl -qw net.ipv4.conf.all.route_localnet=1
	inside trusted ip addr del 127.0.0.1/8 dev lo
	inside trusted ip route add 127.0.0.1/32 via "$(gateway)" dev eth0 src "$(container_ip trusted)"
	no_answer inside trusted tcp 127.0.0.1 9000
}

# --- safe.4: egress -----------------------------------------------------------------------------------------------------

@test "safe.4 what egress.deny names is not reached, but for egress.allow, and answers go out all the same" {
	make_machine peer
	make_machine other
	two web db -s 'net.0.egress.deny=192.0.2.0/24, 198.51.100.7' -s "net.0.egress.allow=$other_ip" --forward tcp:7000:70
	serve web tcp 70
	ip -n peer addr add 198.51.100.7/32 dev lo
	ip route add 198.51.100.7/32 via "$peer_ip"
	pings web "$other_ip"
	pings web "$(container_ip db)"
	pings db "$peer_ip"
	refused_each <<-END
		pings web $peer_ip
		answers inside web tcp $peer_ip 9000
		pings web $here_ip
		pings web 198.51.100.7
	END
	answers on peer tcp "$here_ip" 7000
	looks_up web db.mgr "$(container_ip db)"
}

@test "safe.4 link-local, metadata, rfc1918, rfc4193 and all are words for networks" {
	local addr others
	make_machine peer
	two web db
	others=(169.254.169.254 169.254.7.7 10.250.0.1 172.31.0.1 192.168.7.1 198.51.100.1)
	for addr in "${others[@]}"; do
		ip -n peer addr add "$addr/32" dev lo
		ip route add "$addr/32" via "$peer_ip"
	done
	others+=("$(container_ip db)" "$(ipv6_of db)")
	run reached
	assert_output "169.254.169.254 169.254.7.7 10.250.0.1 172.31.0.1 192.168.7.1 198.51.100.1 $(container_ip db) $(ipv6_of db) "
	again metadata
	assert_output "169.254.7.7 10.250.0.1 172.31.0.1 192.168.7.1 198.51.100.1 $(container_ip db) $(ipv6_of db) "
	again link-local
	assert_output "10.250.0.1 172.31.0.1 192.168.7.1 198.51.100.1 $(container_ip db) $(ipv6_of db) "
	again rfc1918
	assert_output "169.254.169.254 169.254.7.7 198.51.100.1 $(ipv6_of db) "
	again rfc4193
	assert_output "169.254.169.254 169.254.7.7 10.250.0.1 172.31.0.1 192.168.7.1 198.51.100.1 $(container_ip db) "
	again all
	assert_output ""
	serve web tcp 70
	answers inside db tcp "$(container_ip web)" 70
	looks_up web db.mgr "$(container_ip db)"
}

# Which of the others web reaches; all at once.
reached() {
	local addr jobs=()
	for addr in "${others[@]}"; do
		pings web "$addr" 3>&- &
		jobs+=("$! $addr")
	done
	for addr in "${jobs[@]}"; do
		! wait "${addr%% *}" || echo -n "${addr#* } "
	done
}

again() {
	mgr-stop -k web
	boot web -s "net.0.egress.deny=$1"
	run reached
}

# --- safe.5: forwards ---------------------------------------------------------------------------------------------------

@test "safe.5 a forward exposes the address, port and protocol that it names, nothing else" {
	local ip
	make_machine peer
	ip addr add 198.51.100.1/32 dev lo
	container web --forward tcp:198.51.100.1:7000:70 --forward udp:7002:72
	boot web
	serve web tcp 70
	serve web udp 70
	serve web tcp 71
	serve web tcp 72
	serve web udp 72
	ip=$(container_ip web)
	answers on peer tcp 198.51.100.1 7000
	answers on peer udp "$here_ip" 7002
	refused_each <<-END
		answers on peer tcp $here_ip 7000
		answers on peer udp 198.51.100.1 7000
		answers on peer tcp 198.51.100.1 7001
		answers on peer tcp 198.51.100.1 70
		answers on peer tcp $here_ip 7002
		answers on peer tcp $ip 70
		answers on peer tcp $ip 71
		answers on peer udp $ip 72
		answers tcp 127.0.0.1 7000
		on peer busybox ping -c 1 -W 1 $ip
	END
}

@test "safe.2 what cannot be guarded so is refused, naming the key" {
	local line
	container web
	while read -r key value message; do
		run mgr-config -n web set "$key" "$value"
		assert_status 1
		assert_contains "$message"
	done <<-END
		net.0.isolated maybe net.0.isolated
		net.0.egress.deny 10.0.0.1/8 '10.0.0.1/8' is not all, link-local
		net.0.egress.deny lan 'lan' is not all, link-local
		net.0.egress.deny 10.0.0.0/33 '10.0.0.0/33' is not
		net.0.egress.allow 10.0.0.0/8 net.0.egress.allow: there is no net.0.egress.deny
	END
	ip link add br7 type bridge
	run mgr-config -n web set net.0.link br7
	assert_success
	for line in isolated=yes host.access=yes egress.deny=all; do
		run mgr-start -n web -s "net.0.$line"
		assert_status 1
		assert_contains "net.0.${line%=*}: the interface is on no managed network"
	done
	ip link del br7
}

# --- safe.6: ports of the host -----------------------------------------------------------------------------------------------

# shadows FROM PORT: it sends to peer's 4001 from the port.
shadows() {
	echo hello | inside "$1" socat -u - "UDP4-SENDTO:$peer_ip:4001,sourceport=$2"
}

# Who answers peer, by its port 4001, on the host's port.
answer_to_4001() {
	echo hello | on peer timeout $((3 * patience)) socat -t $((2 * patience)) - "UDP4:$here_ip:$1,sourceport=4001"
}

@test "safe.6 no container takes what is for another's forward or a service of the host by sending from its port" {
	local port
	make_machine peer
	container web --forward udp:5353:53 --forward udp:61005:53
	container db
	boot web
	boot db
	serve web udp 53
	host_service 4500
	mgr-forward -n web add udp:62000:53
	for port in 5353 61005 62000 4500; do
		shadows db "$port"
		[[ $(answer_to_4001 "$port") == from* ]]
	done
}

@test "safe.6 what goes out leaves by a port that services do not have; of UDP always by the same, the container's own if it may be" {
	make_machine peer
	container web
	boot web
	later ip netns exec peer socat UDP4-RECVFROM:4002,fork SYSTEM:'read -r line; echo $SOCAT_PEERPORT'
	later ip netns exec peer socat UDP4-RECVFROM:4003,fork SYSTEM:'read -r line; echo $SOCAT_PEERPORT'
	later ip netns exec peer socat -t 60 TCP4-LISTEN:4002,fork SYSTEM:'read -r line; echo $SOCAT_PEERPORT'
	wait_until 5 peer_listens
	[ "$(left_by tcp 4002 1000)" -ge 32768 ]
	[ "$(left_by udp 4002 1000)" -ge 61000 ]
	assert_equal "$(left_by udp 4003 1000)" "$(left_by udp 4002 1000)"
	assert_equal "$(left_by udp 4002 62000)" 62000
}

peer_listens() {
	[ "$(ip netns exec peer ss -Hlntu 'sport >= 4002' | wc -l)" = 3 ]
}

# left_by tcp|udp PORT SOURCE
left_by() {
	echo hello | inside web timeout $((3 * patience)) socat -t $((2 * patience)) - "${1^^}4:$peer_ip:$2,sourceport=$3,reuseaddr"
}
