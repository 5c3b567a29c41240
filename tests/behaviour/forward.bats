# SPDX-License-Identifier: LGPL-2.1-or-later
# Ports of a running container: real packets.
load ../lib/common
load ../lib/net

# A container that has been running without the forward in question.
running() {
	container web "$@"
	boot web
	serve web tcp 70
	serve web udp 70
}

tracked() {
	conntrack -L -p "$1" 2>/dev/null | grep "${2-}" | grep -q dport=7000
}

@test "net.21 a forward comes and goes while its container runs, tcp, udp and ranges" {
	make_machine peer
	running --forward tcp:127.0.0.1:7100:70
	no_answer on peer tcp "$here_ip" 7000
	mgr-forward -n web add tcp:7000:70
	mgr-forward add udp:7000-7002:70-72 -n web
	answers on peer tcp "$here_ip" 7000
	answers on peer udp "$here_ip" 7000
	assert_equal "$(ask on peer tcp "$here_ip" 7000)" "from $peer_ip"
	assert_equal "$(mgr-forward -n web ls)" "$(printf '%s\n' tcp:127.0.0.1:7100:70 tcp:7000:70 udp:7000-7002:70-72)"
	assert_equal "$(field Forwards)" 5
	mgr-forward -n web del tcp:127.0.0.1:7100:70
	no_answer tcp 127.0.0.1 7100
	answers on peer tcp "$here_ip" 7000
	mgr-forward -n web del tcp:7000:70
	no_answer on peer tcp "$here_ip" 7000
	answers on peer udp "$here_ip" 7000
	mgr-forward -n web del udp:7000-7002:70-72
	assert_equal "$(mgr-forward -n web ls)" ""
	assert_equal "$(field Forwards)" 0
	run nft list map inet "$table" forward_any
	refute_contains 7000
	# the port is free again
	later socat TCP-LISTEN:7000,fork,reuseaddr /dev/null
	wait_until 5 tcp_open 127.0.0.1 7000
}

@test "net.21 established flows end with their forward, and others stay" {
	make_machine peer
	running --forward tcp:7000:70 --forward udp:7000:70 --forward tcp:7001:70
	ask on peer udp "$here_ip" 7000
	later ip netns exec peer socat -u "TCP:$here_ip:7000" "OPEN:$BATS_TEST_TMPDIR/got,creat"
	later ip netns exec peer socat -u "TCP:$here_ip:7001" "OPEN:$BATS_TEST_TMPDIR/other,creat"
	wait_until 5 tracked tcp ESTABLISHED
	wait_until 5 stays_tracked 7001
	tracked udp
	mgr-forward -n web del tcp:7000:70
	run tracked tcp ESTABLISHED
	assert_status 1
	stays_tracked 7001
	tracked udp
	mgr-forward -n web del udp:7000:70
	run tracked udp
	assert_status 1
}

stays_tracked() {
	conntrack -L -p tcp 2>/dev/null | grep ESTABLISHED | grep -q "dport=$1"
}

@test "net.21 a clash names who has the port: a process, another container, its own" {
	running --forward tcp:7100:70
	container db
	boot db
	later socat TCP-LISTEN:7000,fork,reuseaddr /dev/null
	wait_until 5 tcp_open 127.0.0.1 7000
	run mgr-forward -n web add tcp:6999-7000:70-71
	assert_status 1
	assert_match "^mgr-forward: web: tcp port 7000 of the host is held by process [0-9]+ \(socat\)$"
	run mgr-forward -n db add tcp:7100:70
	assert_status 1
	assert_output "mgr-forward: db: tcp port 7100 of the host is forwarded to 'web' already"
	run mgr-forward -n web add tcp:127.0.0.1:7100:71
	assert_status 1
	assert_output "mgr-forward: web: the container has 'tcp:7100:70' already, which wants the same port of the host"
	run mgr-forward -n web del tcp:7200:70
	assert_status 1
	assert_output "mgr-forward: web: 'tcp:7200:70' is not forwarded"
	# nothing of what was refused is left, and what was there works
	assert_equal "$(mgr-forward -n web ls)" tcp:7100:70
	mgr-forward -n db add tcp:6999:70
	answers tcp 127.0.0.1 7100
}

@test "net.21 while a live forward stands no process of the host takes its port" {
	running
	mgr-forward -n web add tcp:7000:70
	run timeout 2 socat TCP-LISTEN:7000,reuseaddr /dev/null
	assert_status 1
	assert_contains "Address already in use"
}

@test "net.21 live changes hold over a service that is started anew and a reboot inside, until the container stops" {
	local netd init
	running --forward tcp:7100:70
	mgr-forward -n web add tcp:7000:70
	mgr-forward -n web del tcp:7100:70
	netd=$(field Service)
	kill -KILL "$netd"
	wait_until 2 is_another "$netd"
	answers tcp 127.0.0.1 7000
	no_answer tcp 127.0.0.1 7100
	assert_equal "$(field Forwards)" 1
	init=$(pid_of web)
	in_container web reboot || true
	wait_gone 20 "$init"
	wait_until 10 eval '[ -n "$(pid_of web)" ]'
	mgr-wait -n web --ready -t $((20 * patience))
	serve web tcp 70
	answers tcp 127.0.0.1 7000
	no_answer tcp 127.0.0.1 7100
	assert_equal "$(mgr-forward -n web ls)" tcp:7000:70
	assert_equal "$(mgr-info -n web --json | jq -c '.[0].forwards')" '["tcp:7000:70"]'
	mgr-stop -k web
	assert_equal "$(mgr-forward -n web ls)" tcp:7100:70
	boot web
	serve web tcp 70
	answers tcp 127.0.0.1 7100
	no_answer tcp 127.0.0.1 7000
}

@test "net.21 --save keeps the change in the configuration, running or not" {
	container web
	run mgr-forward -n web add tcp:7000:70
	assert_status 1
	assert_output "mgr-forward: web: is not running: --save puts it into its configuration"
	mgr-forward -n web add tcp:7000:70 --save
	assert_equal "$(mgr-config -n web get forward.port)" tcp:7000:70
	run mgr-forward -n web add tcp:127.0.0.1:7000:71 --save
	assert_status 1
	assert_output "mgr-forward: web: its configuration has 'tcp:7000:70', which wants the same port of the host"
	boot web
	serve web tcp 70
	answers tcp 127.0.0.1 7000
	mgr-forward -n web add tcp:7001:70
	mgr-forward -n web add tcp:7001:70
	mgr-forward -n web add --save tcp:7001:70
	answers tcp 127.0.0.1 7001
	mgr-forward -n web del --save tcp:7000:70
	no_answer tcp 127.0.0.1 7000
	assert_equal "$(mgr-config -n web get forward.port)" tcp:7001:70
}

@test "net.21 several at once are all done" {
	local pids=() i pid
	container web
	boot web
	for i in {1..8}; do
		mgr-forward -n web add "tcp:127.0.0.1:700$i:70" 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	assert_equal "$(mgr-forward -n web ls | wc -l)" 8
}

@test "net.21 what is no forward is refused, and --json lists them as objects" {
	local spec
	container web --forward udp:127.0.0.1:5300-5301:53-54
	for spec in tcp:0:70 tcp:7000 sctp:1:1 tcp:70000:70 tcp:7000-7001:70 tcp:1.2.3:7000:70 ''; do
		run mgr-forward -n web add "$spec" --save
		assert_status 1
		assert_contains "mgr-forward: web: '$spec'"
	done
	run mgr-forward -n web put tcp:1:1
	assert_status 64
	run mgr-forward -n nobody ls
	assert_status 1
	run mgr-forward -n web ls --json
	assert_equal "$(jq -c . <<<"$output")" '[{"name":"web","forward":"udp:127.0.0.1:5300-5301:53-54","protocol":"udp","address":"127.0.0.1","port":5300,"target":53,"ports":2}]'
}

@test "net.21 a container that is not on the managed network has nothing to forward to" {
	container web -s net.0.type=empty
	boot web
	run mgr-forward -n web add tcp:7000:70
	assert_status 1
	assert_output "mgr-forward: web: is not on the managed network: there is no address to forward to"
	# nor has one whose net.0 alone is not
	mgr-stop -k web
	run mgr-start web -s net.0.type=veth -s net.0.link=none -s net.1.type=veth --forward tcp:7000:70
	assert_status 1
	assert_output "mgr-start: web: config: forward.port: net.0 has no IPv4 address on the managed network to forward to"
	boot web -s net.1.type=veth
	run mgr-forward -n web add tcp:7000:70
	assert_status 1
	assert_output "mgr-forward: web: net.0 has no IPv4 address on the managed network to forward to"
}
