# SPDX-License-Identifier: LGPL-2.1-or-later
# Port forwards, way by way: real packets. The containers web and db, and another machine, are there for all tests.
load ../lib/common
load ../lib/net
load ../lib/forwards

setup_file() {
	forwards_setup_file
	ip addr add 192.0.2.201/32 dev to-peer
	ip addr add 2001:db8:1::9/64 dev to-peer nodad
	container web --forward tcp:7000:70 --forward udp:7000:70 --forward tcp:7010-7012:70-72 --forward udp:7010-7012:70-72 \
		--forward tcp:192.0.2.201:7020:70 --forward 'tcp:[2001:db8:1::9]:7020:70' --forward udp:192.0.2.201:7020:70 \
		--forward 'udp:[2001:db8:1::9]:7020:70' --forward tcp:127.0.0.1:7030:70 --forward 'tcp:[::1]:7030:70' \
		--forward udp:127.0.0.1:7030:70 --forward 'udp:[::1]:7030:70' --forward tcp:8080:80
	container db
	boot web
	boot db
	serve_all
}

teardown_file() {
	forwards_teardown_file
}

# A server of each protocol on port 70, of both families, and one of a range.
serve_all() {
	local proto BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	for proto in tcp udp; do
		serve web ${proto}6 70
		serve web ${proto}6 72
	done
}

# both [COMMAND...] HOST [PORT]: asked by COMMAND, either protocol is answered on that port of HOST, 7000 if none is named.
both() {
	local port=7000
	[[ ${*: -1} != [0-9][0-9][0-9][0-9] ]] || { port=${*: -1} && set -- "${@:1:$#-1}"; }
	answers "${@:1:$#-1}" tcp "${*: -1}" "$port"
	answers "${@:1:$#-1}" udp "${*: -1}" "$port"
}

# neither [COMMAND...] HOST PORT
neither() {
	no_answer "${@:1:$#-2}" tcp "${@: -2}"
	no_answer "${@:1:$#-2}" udp "${@: -2}"
}

# --- who asks -----------------------------------------------------------------------------------------------------------

@test "fwd.3 another machine is answered, and the container sees its address" {
	assert_equal "$(ask on peer tcp "$here_ip" 7000)" "from [0000:0000:0000:0000:0000:ffff:c000:0202]"
	assert_equal "$(ask on peer udp "$here_ip" 7000)" "from [0000:0000:0000:0000:0000:ffff:c000:0202]"
}

@test "fwd.4 the host is answered by its own address" {
	both "$here_ip"
	assert_equal "$(ask tcp "$here_ip" 7000)" "from [0000:0000:0000:0000:0000:ffff:c000:0201]"
}

@test "fwd.5 the host is answered by 127.0.0.1" {
	both 127.0.0.1
	both 127.0.0.53
}

@test "fwd.6 the host is answered by ::1" {
	both ::1
}

@test "fwd.7 another container is answered by the host's address, and by its gateway's" {
	both inside db "$here_ip"
	both inside db "$(gateway)"
	both inside db "$here_ip6"
}

@test "fwd.8 the container is answered by the host's address, whether bridged packets see iptables or not" {
	local call
	bridges_know_iptables || skip "this kernel's bridges know no iptables"
	for call in 0 1; do
		sysctl -qw net.bridge.bridge-nf-call-iptables=$call net.bridge.bridge-nf-call-ip6tables=$call
		both inside web "$here_ip"
		both inside web "$here_ip6"
		both inside db "$here_ip"
		both on peer "$here_ip"
		both 127.0.0.1
	done
}

@test "fwd.9 IPv6 is forwarded as IPv4 is" {
	assert_equal "$(ask on peer tcp "$here_ip6" 7000)" "from [2001:0db8:0001:0000:0000:0000:0000:0002]"
	assert_equal "$(ask on peer udp "$here_ip6" 7000)" "from [2001:0db8:0001:0000:0000:0000:0000:0002]"
	both "$here_ip6"
	both inside db "$(gateway6)"
	both inside web "$here_ip6"
}

# --- where it listens ---------------------------------------------------------------------------------------------------

@test "fwd.10 each port of a range goes to its own" {
	both on peer "$here_ip" 7010
	both on peer "$here_ip" 7012
	both on peer "$here_ip6" 7012
	both 127.0.0.1 7012
	both ::1 7012
	neither on peer "$here_ip" 7011 # nobody listens on 71 inside
	neither on peer "$here_ip" 7013
	neither on peer "$here_ip" 7009
}

@test "fwd.11 an answer to udp comes from the address that was asked, and a flow goes on after silences" {
	local asked
	ip addr add 192.0.2.202/32 dev to-peer
	# a socket that is connected takes answers from that address and port alone
	for asked in "$here_ip" 192.0.2.202 2001:db8:1::9 "$here_ip6"; do
		answers on peer udp "$asked" 7000
	done
	answers udp 192.0.2.202 7000
	ip addr del 192.0.2.202/32 dev to-peer
	# an hour, in which the kernel forgets such flows over and over
	conntrack -D -p udp >/dev/null 2>&1 || true
	sysctl -qw net.netfilter.nf_conntrack_udp_timeout=1 net.netfilter.nf_conntrack_udp_timeout_stream=1
	flow long udp "$here_ip" 7000
	say long hello
	wait_until 5 heard long 1
	wait_until 5 untracked udp
	say long again
	wait_until 5 heard long 2
	say long again
	wait_until 5 heard long 3
	sysctl -qw net.netfilter.nf_conntrack_udp_timeout=30 net.netfilter.nf_conntrack_udp_timeout_stream=120
}

@test "fwd.12 a forward of one address of the host, of its loopback, or of none, which is every address" {
	# 7020: one address of each family
	both on peer 192.0.2.201 7020
	both on peer 2001:db8:1::9 7020
	both 192.0.2.201 7020
	neither on peer "$here_ip" 7020
	neither on peer "$here_ip6" 7020
	neither 127.0.0.1 7020
	neither ::1 7020
	# 7030: loopback
	both 127.0.0.1 7030
	both ::1 7030
	neither on peer "$here_ip" 7030
	neither on peer "$here_ip6" 7030
	neither inside db "$(gateway)" 7030
	# 7000: all, one that comes later too
	ip addr add 192.0.2.203/32 dev to-peer
	both on peer 192.0.2.203
	ip addr del 192.0.2.203/32 dev to-peer
}

@test "fwd.12 0.0.0.0 is every address of IPv4, and [::] of IPv6 may be another container's" {
	mgr-forward -n web add tcp:0.0.0.0:7400:80
	mgr-forward -n db add 'tcp:[::]:7400:80'
	[ -n "$(ss -Hlnt6 'sport = 7400')" ] # db's, for ::1
	[ -z "$(ss -Hlnt4 'sport = 7400')" ]
	mgr-forward -n web del tcp:0.0.0.0:7400:80
	mgr-forward -n db del 'tcp:[::]:7400:80'
}

# --- the container's life -----------------------------------------------------------------------------------------------

# fetches [COMMAND...] HOST: the web server that runs in the container itself answers.
fetches() {
	[ "$("${@:1:$#-1}" curl -s -m $((2 * patience)) -o /dev/null -w '%{http_code}' "http://${*: -1}:8080/")" = 200 ]
}

# refused [COMMAND...] HOST PORT: at once, by TCP and by UDP.
refused() {
	local began=$EPOCHREALTIME
	run "${@:1:$#-2}" timeout $((5 * patience)) bash -c 'exec 3<>"/dev/tcp/$0/$1"' "${@: -2}"
	assert_contains "Connection refused"
	run "${@:1:$#-2}" timeout $((5 * patience)) bash -c 'exec 3<>"/dev/udp/$0/$1" && echo hello >&3 && head -n 1 <&3' "${@: -2}"
	assert_contains "Connection refused"
	((${EPOCHREALTIME/./} - ${began/./} < 1000000 * patience))
}

@test "fwd.14 while the container is frozen connections wait, and are answered when it runs again" {
	fetches on peer "$here_ip"
	mgr-freeze -n web
	later sh -c "ip netns exec peer curl -s -m 60 -o /dev/null -w '%{http_code}' http://$here_ip:8080/ >$BATS_TEST_TMPDIR/peer"
	later sh -c "curl -s -m 60 -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/ >$BATS_TEST_TMPDIR/host"
	later sh -c "curl -s -m 60 -o /dev/null -w '%{http_code}' 'http://[::1]:8080/' >$BATS_TEST_TMPDIR/six"
	wait_until 5 queued 3
	mgr-unfreeze -n web
	for who in peer host six; do
		wait_until 5 grep -q 200 "$BATS_TEST_TMPDIR/$who"
	done
}

# As many connections to port 80 are established inside.
queued() {
	[ "$(inside web ss -Htn state established "sport = 80" | wc -l)" -ge "$1" ]
}

@test "fwd.15 while the container is stopped connections are refused at once" {
	bash -c 'exec 3<>/dev/tcp/::1/7030 && echo hello >&3 && cat <&3' # what lingers on is in nobody's way
	mgr-stop -k web
	refused on peer "$here_ip" 7000
	refused on peer "$here_ip6" 7000
	refused "$here_ip" 7000
	refused 127.0.0.1 7000
	refused ::1 7000
	refused inside db "$here_ip" 7000
	boot web
	serve_all
	both on peer "$here_ip"
}

@test "fwd.16 forwards are there again after a reboot inside and after a restart" {
	local init ip
	init=$(pid_of web)
	ip=$(container_ip web)
	in_container web reboot || true # the attached shell is killed on the way
	wait_gone 20 "$init"
	wait_until 10 fetches on peer "$here_ip"
	[ "$(pid_of web)" != "$init" ]
	mgr-stop -k web
	boot web
	wait_until 5 fetches on peer "$here_ip"
	fetches 127.0.0.1
	fetches '[::1]'
	assert_equal "$(container_ip web)" "$ip"
	serve_all
	both on peer "$here_ip"
	both 127.0.0.1
}

@test "fwd.1 ten thousand forwards are elements of maps, and take no process" {
	local port
	container many --forward tcp:20000-29999:10000-19999
	boot many
	for port in 10000 15000 19999; do
		serve many tcp "$port"
	done
	for port in 20000 25000 29999; do
		answers on peer tcp "$here_ip" "$port"
	done
	assert_equal "$(field Forwards)" "$((10000 + $(mgr-forward -n web ls --json | jq 'map(.ports) | add')))"
	assert_equal "$(pgrep -c mgr-netd) $(pgrep -c dnsmasq)" "1 1"
	nft -j list map inet "$table" forward_any | jq -e '[.nftables[].map? | select(. != null) | .elem | length] | add >= 10000'
	mgr-stop -k many
	no_answer on peer tcp "$here_ip" 25000
}

@test "fwd.1 thousands of single forwards are one container's, with live changes, a new mgr-netd and reboots" {
	local netd init
	container single
	{
		echo '[forward]'
		seq -f 'port = tcp:127.0.0.1:%.0f:70' 20001 22000
	} >>"$MGR_ROOT/var/lib/mgr/single/config"
	boot single
	serve single tcp 70
	answers tcp 127.0.0.1 20001
	answers tcp 127.0.0.1 22000
	mgr-forward -n single add tcp:127.0.0.1:23000:70
	mgr-forward -n single del tcp:127.0.0.1:20001:70
	netd=$(field Service)
	kill -KILL "$netd"
	wait_until 10 is_anew "$netd"
	answers tcp 127.0.0.1 23000
	no_answer tcp 127.0.0.1 20001
	mgr-device -n single add nic link=none,veth.pair=tap9 # its answer has them all
	init=$(pid_of single)
	in_container single reboot || true
	wait_gone 20 "$init"
	mgr-wait -n single --ready -t $((20 * patience))
	serve single tcp 70
	answers tcp 127.0.0.1 22000
	answers tcp 127.0.0.1 23000
	assert_equal "$(mgr-forward -n single ls | wc -l)" 2000
	mgr-stop -k single
	no_answer tcp 127.0.0.1 22000
	# there is an end to it
	seq -f 'port = tcp:%.0f:70' 23000 60999 >>"$MGR_ROOT/var/lib/mgr/single/config"
	run mgr-start single
	assert_status 1
	assert_contains "forward.port: 40000 are more than a container can have: a range of ports is one"
}

is_anew() {
	[ -n "$(field Service)" ] && [ "$(field Service)" != "$1" ] && [ "$(field Containers)" -ge 1 ]
}

# --- other tables ---------------------------------------------------------------------------------------------------------

@test "fwd.17 where another table drops what is forwarded, Docker's is met, and any other is named with what it drops" {
	nft -f - <<-'EOF'
		table ip filter {
			chain DOCKER-USER { }
			chain FORWARD { type filter hook forward priority filter; policy drop; jump DOCKER-USER; }
		}
	EOF
	wait_until 2 both on peer "$here_ip"
	nft delete table ip filter
	nft add table inet wall
	nft add chain inet wall stone '{ type filter hook forward priority filter; policy drop; }'
	run mgr-net status
	assert_match "Trouble: .*'stone' of nftables table 'inet wall'"
	# what comes from the host itself is not forwarded, as nftables has it
	both "$here_ip"
	both 127.0.0.1
	both ::1
	run on peer timeout 1 bash -c "exec 3<>/dev/tcp/$here_ip/7000"
	assert_status 124
	# let through there, it comes
	nft add rule inet wall stone ct status dnat accept
	both on peer "$here_ip"
	both on peer "$here_ip6"
	nft delete table inet wall
}

# --- who else wants the port --------------------------------------------------------------------------------------------

@test "fwd.18 of two containers that want one port the second does not start, naming the first" {
	local forward
	container other
	for forward in tcp:7000:70 tcp:127.0.0.1:7000:70 'udp:[::1]:7000:70' "tcp:$here_ip:6990-7000:70-80" tcp:7012:70 \
		'tcp:[2001:db8:1::9]:7020:70'; do
		run mgr-start other --forward "$forward"
		assert_status 1
		assert_match "^mgr-start: other: .*(tcp|udp) port 70[0-9]+ of the host is forwarded to 'web' already$"
	done
	# not what it does not have
	boot other --forward "tcp:$here_ip:7020:70" --forward udp:7040:70 --forward tcp:7013:70
}

@test "fwd.19 a port that a process of the host holds is refused, naming it, and no process takes one that is forwarded" {
	local kind
	container other
	later socat UDP6-RECVFROM:7100,fork /dev/null
	later socat TCP4-LISTEN:7101,fork,bind=127.0.0.1 /dev/null
	wait_until 5 listens_here 7100 7101
	run mgr-start other --forward udp:7099-7100:70-71
	assert_status 1
	assert_match "^mgr-start: other: .*udp port 7100 of the host is held by process [0-9]+ \(socat\)$"
	run mgr-start other --forward tcp:7101:70
	assert_status 1
	assert_match "^mgr-start: other: .*tcp port 7101 of the host is held by process [0-9]+ \(socat\)$"
	boot other --forward tcp:7100:70 --forward udp:7101:70
	for kind in TCP4-LISTEN TCP6-LISTEN UDP4-RECVFROM UDP6-RECVFROM; do
		run timeout 2 socat "$kind:7000,reuseaddr" /dev/null
		assert_status 1
		assert_contains "Address already in use"
	done
}

listens_here() {
	[ -n "$(ss -Hlnu "sport = $1")" ] && [ -n "$(ss -Hlnt "sport = $2")" ]
}

@test "fwd.20 forwards of a running container come, go and are listed" {
	neither on peer "$here_ip" 7200
	mgr-forward -n web add tcp:7200-7202:70-72
	mgr-forward -n web add udp:7200-7202:70-72
	both on peer "$here_ip" 7202
	both on peer "$here_ip6" 7200
	both ::1 7200
	run mgr-forward -n web ls
	assert_contains tcp:7200-7202:70-72
	assert_equal "$(mgr-forward -n web ls --json | jq -c '.[] | select(.port == 7200) | [.protocol, .target, .ports]')" \
		"$(printf '["%s",70,3]\n' tcp udp)"
	mgr-forward -n web del tcp:7200-7202:70-72
	mgr-forward -n web del udp:7200-7202:70-72
	refused on peer "$here_ip" 7200
	refused ::1 7202
	run mgr-forward -n web ls
	refute_contains 7200
}

# An open TCP connection and a UDP flow, which the next holder of the port is to see nothing of.
@test "fwd.21 a deleted forward's flows end, and reach neither the container nor the port's next holder" {
	mgr-forward -n web add tcp:7300:73
	mgr-forward -n web add udp:7300:70
	later nsenter -t "$(pid_of web)" -n socat TCP6-LISTEN:73,fork,reuseaddr PIPE
	later nsenter -t "$(pid_of db)" -n socat TCP6-LISTEN:73,fork,reuseaddr PIPE
	wait_until 5 listens web tcp 73
	wait_until 5 listens db tcp 73
	flow t tcp "$here_ip" 7300
	flow t6 tcp "$here_ip6" 7300
	flow u udp "$here_ip" 7300
	for one in t t6 u; do
		say "$one" first
		wait_until 5 heard "$one" 1
	done
	mgr-forward -n web del tcp:7300:73
	mgr-forward -n web del udp:7300:70
	count_in web
	count_in db
	mgr-forward -n db add tcp:7300:73
	say t second
	say t6 second
	wait_until 5 ended t
	wait_until 5 ended t6
	assert_equal "$(counted db tcp)" 0
	# whoever holds the port has what is sent to it from now on
	mgr-forward -n db add udp:7300:70
	say u second
	wait_until 5 eval '[ "$(counted db udp)" -gt 0 ]'
	assert_equal "$(counted web tcp) $(counted web udp)" "0 0"
	mgr-forward -n db del tcp:7300:73
	mgr-forward -n db del udp:7300:70
}

# What arrives in the container from now on.
count_in() {
	inside "$1" nft -f - <<-'EOF'
		table inet count
		delete table inet count
		table inet count {
			counter to_tcp { }
			counter to_udp { }
			chain in {
				type filter hook prerouting priority raw
				iif lo return
				tcp dport 73 counter name to_tcp
				udp dport 70 counter name to_udp
			}
		}
	EOF
}

counted() {
	inside "$1" nft -j list counter inet count "to_$2" | jq '.nftables[].counter? | select(. != null) | .packets'
}

@test "fwd.21 no flow but its own ends with a forward or a container, IPv6 included" {
	local one net
	net=$(gateway) && container other -s net.0.ipv4.address=lease
	for one in 1 2 3 4; do mgr-config -n other add net.0.ipv4.address "${net%.*.*}.7.$one/16"; done
	boot other --forward tcp:7400:70 -s "net.0.ipv4.address+=${net%.*.*}.7.5/16"
	echo hello >"/dev/udp/${net%.*.*}.7.5/70"
	conntrack -L -p udp --dst "${net%.*.*}.7.5" 2>/dev/null | grep -q "${net%.*.*}.7.5"
	mgr-forward -n web add tcp:7300:73
	mgr-forward -n db add tcp:7301:73
	later nsenter -t "$(pid_of web)" -n socat TCP6-LISTEN:73,fork,reuseaddr PIPE
	later nsenter -t "$(pid_of db)" -n socat TCP6-LISTEN:73,fork,reuseaddr PIPE
	later socat TCP6-LISTEN:7500,fork,reuseaddr PIPE
	wait_until 5 listens web tcp 73
	wait_until 5 listens db tcp 73
	wait_until 5 tcp_open "$here_ip" 7500
	flow db4 tcp "$here_ip" 7301
	flow db6 tcp "$here_ip6" 7301
	flow host6 tcp "$here_ip6" 7500
	for one in db4 db6 host6; do
		say "$one" first
		wait_until 5 heard "$one" 1
	done
	mgr-forward -n web del tcp:7300:73
	mgr-stop -k other
	mgr-destroy other # by when the service has done with it
	assert_equal "$(tracked ipv4) $(tracked ipv6)" "1 2"
	run conntrack -L -p udp --dst "${net%.*.*}.7.5"
	refute_contains "${net%.*.*}.7.5"
	for one in db4 db6 host6; do
		say "$one" second
		wait_until 5 heard "$one" 2
	done
	mgr-forward -n db del tcp:7301:73
}

tracked() {
	conntrack -L -f "$1" -p tcp 2>/dev/null | grep ESTABLISHED | grep -c ' dport=\(7301\|7500\) '
}

# --- bad input ----------------------------------------------------------------------------------------------------------

@test "badnet.10 what is no forward is refused with its key and value, in a line, and nothing is made" {
	local spec before
	before=$(mgr-config -n web show)
	for spec in tcp:0:80 tcp:8000:0 tcp:65536:80 tcp:8000:65536 tcp:8002-8000:80-82 tcp:8000-8001:80 tcp:8000-8001:80-82 \
		sctp:8000:80 8000:80 tcp:8000 tcp: tcp:8000:80,awake 'tcp:8000:80,' udp:300.1.1.1:8000:80 'tcp:[::g]:8000:80' \
		'tcp:[::1:8000:80' tcp:-1:80 tcp:0x50:80 'tcp: 8000:80' unix:run/x.sock:80 unix:/run/x.sock unix:/run/x.sock:0 \
		tcp:2001:db8::7:8000:80 tcp:localhost:8000:80 'tcp:[fe80::1]:8000:80' tcp:224.0.0.1:8000:80 'tcp:[ff02::1]:8000:80' \
		tcp:255.255.255.255:8000:80 \
		unix:/run/:80 unix:/run/x.sock:80,wake "unix:/$(printf '%0110d' 0):80"; do
		run mgr-config -n web set forward.port "$spec"
		assert_status 1
		assert_contains "forward.port: "
		assert_contains "'$spec'"
		[ "${#lines[@]}" -eq 1 ]
		run mgr-create -n bad -t busybox --forward "$spec"
		assert_status 1
		assert_contains "forward.port: "
		[ "${#lines[@]}" -eq 1 ]
		run mgr-forward -n web add "$spec"
		assert_status 1
		assert_contains "mgr-forward: web: '$spec'"
		[ "${#lines[@]}" -eq 1 ]
	done
	assert_equal "$(mgr-config -n web show)" "$before"
	[ ! -e "$MGR_ROOT/var/lib/mgr/bad" ]
	run mgr-ls -1
	refute_contains bad
	# a clash within one configuration
	run mgr-create -n bad -t busybox --forward tcp:8000-8010:80-90 --forward tcp:127.0.0.1:8005:80
	assert_status 1
	assert_contains "tcp:127.0.0.1:8005:80"
	run mgr-create -n bad -t busybox --forward unix:/run/x.sock:80 --forward unix:/run/x.sock:81
	assert_status 1
	assert_contains "unix:/run/x.sock:81"
	[ ! -e "$MGR_ROOT/var/lib/mgr/bad" ]
}
