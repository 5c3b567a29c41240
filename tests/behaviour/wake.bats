# SPDX-License-Identifier: LGPL-2.1-or-later
# Forwards with the option wake: what comes while the container is stopped or frozen.
load ../lib/common
load ../lib/net

export ask_time=$((10 * patience))

# A container that was started once and is stopped: it waits.
stopped() {
	container web "$@"
	boot web
	mgr-stop -k web
}

# serve_later NAME...: as serve, once it runs; somebody else starts it.
serve_later() {
	{ wait_state "$1" RUNNING 20 && serve "$@"; } >/dev/null 2>&1 3>&- &
}

# It is stopped, then asked, and answers.
wakes() {
	mgr-stop -k web 2>/dev/null || true
	serve_later web "${proto:-tcp}" 70
	assert_contains_from "$(ask "$@")"
	state_is web RUNNING
}

assert_contains_from() {
	[[ $1 == from* ]] || show "answer: $1"
}

waiting() {
	[ -e "$MGR_ROOT/run/mgr/.net/.wake/$(mgr-config -n "$1" get container.uuid)" ]
}

# How often something was started for what waits.
wanted() {
	grep -c 'is wanted' "$MGR_ROOT/var/log/mgr/.net/log" || true
}

@test "fwd.2 the first connection starts a stopped container and is answered: from another machine with its address, from the host, a container" {
	make_machine peer
	ip addr add fd77::1/64 dev to-peer nodad
	ip -n peer addr add fd77::2/64 dev eth0 nodad
	stopped --forward tcp:7000:70,wake
	container other
	boot other
	serve_later web tcp 70
	assert_equal "$(ask on peer tcp "$here_ip" 7000)" "from $peer_ip"
	wakes tcp 127.0.0.1 7000
	wakes tcp "$here_ip" 7000
	wakes inside other tcp "$here_ip" 7000
	proto=tcp6
	wakes tcp ::1 7000
	mgr-stop -k web
	serve_later web tcp6 70
	assert_equal "$(ask on peer tcp fd77::1 7000)" "from [fd77:0000:0000:0000:0000:0000:0000:0002]"
}

@test "fwd.2 a datagram wakes too, and is answered" {
	make_machine peer
	stopped --forward udp:7000:70,wake
	serve_later web udp 70
	assert_equal "$(ask on peer udp "$here_ip" 7000)" "from $peer_ip"
	state_is web RUNNING
	proto=udp wakes udp 127.0.0.1 7000
	proto=udp6 wakes udp ::1 7000
}

@test "fwd.2 what another machine sends to a forward of 127.0.0.1 wakes nobody" {
	local before
	make_machine peer
	ip -n peer addr flush dev lo
	ip -n peer route add 127.0.0.1 via "$here_ip" dev eth0
	stopped --forward udp:127.0.0.1:7000:70,wake
	container other --forward tcp:7001:70,wake
	boot other
	mgr-stop -k other
	before=$(wanted)
	on peer bash -c 'echo hello >/dev/udp/127.0.0.1/7000'
	# what comes is looked at in its order
	serve_later other tcp 70
	assert_equal "$(ask on peer tcp "$here_ip" 7001)" "from $peer_ip"
	state_is web STOPPED
	assert_equal "$(wanted)" $((before + 1))
	proto=udp wakes udp 127.0.0.1 7000
}

asked_again() {
	on peer ss -tnoH state syn-sent | grep -q 'timer:(on,[^,]*,[1-9])'
}

@test "fwd.2 of many that come at once each is answered once, also when that takes so long that they ask again" {
	make_machine peer
	stopped --forward tcp:7000-7001:70-71,wake
	local asking=() before
	before=$(wanted)
	for _ in {1..20}; do
		ask on peer tcp "$here_ip" 7000 3>&- &
		asking+=($!)
	done >"$BATS_TEST_TMPDIR/answers"
	wait_until 10 asked_again
	serve web tcp 70
	wait "${asking[@]}"
	assert_equal "$(grep -c "from $peer_ip" "$BATS_TEST_TMPDIR/answers")" 20
	assert_equal "$(wanted)" $((before + 1))
}

@test "fwd.2 a frozen container is thawed, and answers what has waited; a stop while it is frozen leaves it waiting" {
	container web --forward tcp:7000:70,wake --forward udp:7000:70,wake
	boot web
	serve web tcp 70
	serve web udp 70
	mgr-freeze web
	answers tcp 127.0.0.1 7000
	state_is web RUNNING
	mgr-freeze web
	answers udp 127.0.0.1 7000
	state_is web RUNNING
	mgr-freeze web
	mgr-unfreeze web
	answers tcp 127.0.0.1 7000
	mgr-freeze web
	mgr-stop -k web
	wakes tcp 127.0.0.1 7000
}

service() {
	field Service
}

another_service() {
	[ -n "$(service)" ] && [ "$(service)" != "$1" ]
}

@test "fwd.2 waiting outlives the service, its ten seconds without a container, and who watches over it" {
	local netd guard
	stopped --forward tcp:7000:70,wake
	netd=$(service)
	kill -KILL "$netd"
	wait_until 5 another_service "$netd"
	wakes tcp 127.0.0.1 7000
	mgr-stop -k web
	netd=$(service)
	guard=$(pgrep -P "$netd" mgr-netd-guard)
	kill -KILL "$guard"
	wait_until 5 pgrep -P "$netd" mgr-netd-guard
	kill -KILL "$netd"
	wait_until 5 another_service "$netd"
	wakes tcp 127.0.0.1 7000
	# frozen: the next one hears of it
	netd=$(service)
	mgr-freeze web
	kill -KILL "$netd"
	wait_until 5 another_service "$netd"
	wait_until 5 eval '[ "$(field Containers)" = 1 ]'
	answers tcp 127.0.0.1 7000
	mgr-stop -k web
	mgr-net down
	assert_equal "$(field State)" UP
	nft flush ruleset
	wait_until 5 has_rules
	wakes tcp 127.0.0.1 7000
}

has_rules() {
	nft list table inet "${table}_wake" 2>/dev/null | grep -q 7000
}

refused() {
	run ask "$@"
	assert_contains "Connection refused"
}

@test "fwd.2 a start that fails refuses what has waited, and what comes soon after; then it is tried again" {
	local before
	before=$(wanted)
	stopped --forward tcp:7000:70,wake
	mgr-config -n web set init.cmd /bin/nothing
	refused tcp 127.0.0.1 7000
	grep -q "mgr-start: web: init: '/bin/nothing' does not exist" "$MGR_ROOT/var/log/mgr/.net/log"
	refused tcp ::1 7000
	assert_equal "$(wanted)" $((before + 1))
	mgr-config -n web unset init.cmd
	boot web
	serve web tcp 70
	answers tcp 127.0.0.1 7000
	wakes tcp 127.0.0.1 7000
}

# Nobody answers, and the container stays as it is. (Where iptables sees bridged packets, isolation drops what it refuses.)
untouched() {
	local before
	before="$(mgr-info -n web -sH) $(wanted)"
	ask_time=$((2 * patience)) run ask "$@"
	[ "$output" = "" ] || assert_contains "Connection refused"
	assert_equal "$(mgr-info -n web -sH) $(wanted)" "$before"
}

@test "fwd.2 what isolation or egress.deny refuses wakes nobody, stopped or frozen" {
	local here6
	make_machine peer
	stopped --forward tcp:7000:70,wake
	container cell -s net.0.isolated=yes
	container bound -s "net.0.egress.deny=192.0.2.0/24"
	container free
	boot cell
	boot bound
	boot free
	here6=$(ip -6 -o addr show "$bridge" scope global | sed 's/.*inet6 \([^/]*\).*/\1/')
	untouched inside cell tcp "$here_ip" 7000
	untouched inside cell tcp "$here6" 7000
	untouched inside bound tcp "$here_ip" 7000
	wakes inside free tcp "$here_ip" 7000
	mgr-freeze web
	untouched inside cell tcp "$here_ip" 7000
	untouched inside bound tcp "$here_ip" 7000
	mgr-unfreeze web
	mgr-stop -k web
	mgr-config -n web set net.0.isolated yes
	untouched inside free tcp "$here_ip" 7000
	wakes on peer tcp "$here_ip" 7000
}

@test "fwd.2 a container that was made anew under the name of one that waits is not started" {
	stopped --forward tcp:7000:70,wake
	sed -i 's/^uuid = .*/uuid = 6b8f3f60-7a7c-4d0e-9d56-2f6d1c8a4d11/' "$MGR_ROOT/var/lib/mgr/web/config"
	refused tcp 127.0.0.1 7000
	state_is web STOPPED
	grep -q 'mgr-start: web: is another container than the one that was meant' "$MGR_ROOT/var/log/mgr/.net/log"
	run mgr-start -n web --uuid 6b8f3f60-7a7c-4d0e-9d56-2f6d1c8a4d12
	assert_status 1
	mgr-start -n web --uuid 6b8f3f60-7a7c-4d0e-9d56-2f6d1c8a4d11
}

@test "fwd.2 the ports of one that waits are held, until it is destroyed or has no such forward any more" {
	stopped --forward tcp:7000-7001:70-71,wake
	waiting web
	run timeout 2 socat TCP-LISTEN:7000,reuseaddr /dev/null
	assert_status 1
	assert_contains "Address already in use"
	container db --forward tcp:7001:70
	run mgr-start -n db
	assert_status 1
	assert_output "mgr-start: db: forward: tcp port 7001 of the host is forwarded to 'web' already"
	mgr-destroy web
	mgr-start -n db
	stopped --forward tcp:7000:70,wake
	mgr-forward -n web del tcp:7000:70,wake --save
	run waiting web
	assert_status 1
	refused tcp 127.0.0.1 7000
	mgr-forward -n web add tcp:7002:70,wake --save
	waiting web
	wakes tcp 127.0.0.1 7002
	# what stops is asked again what it waits with
	mgr-forward -n web add tcp:7003:70,wake
	mgr-stop -k web
	wait_until 5 waits_without 7003
	mgr-start -n web
	mgr-forward -n web del tcp:7002:70,wake --save
	mgr-stop -k web
	wait_until 5 gone_quiet
}

waits_without() {
	! nft list table inet "${table}_wake" | grep -q "$1"
}

gone_quiet() {
	! waiting web
}

# A TCP connection that is not closed, until `hang_up`.
hold() {
	# shellcheck disable=SC2016 # the inner shell's
	later bash -c 'exec 3<>"/dev/tcp/$0/$1" && cat <&3' "$1" "$2"
	wait_until 5 established "$2"
}

established() {
	conntrack -L -p tcp --dport "$1" 2>/dev/null | grep -q ESTABLISHED
}

has_container() {
	[ "$(field Containers)" = 1 ]
}

hang_up() {
	kill -- "-$(tail -n 1 "$BATS_TEST_TMPDIR/servers")"
}

@test "fwd.2 idle-freeze freezes a container once it has no connection for so long, and the next one thaws it" {
	local netd before path=$BATS_TEST_TMPDIR/web.sock
	container web --forward tcp:7000:70 --forward "unix:$path:70" -s start.idle-freeze="$((2 * patience))s"
	boot web
	serve web tcp 70
	hold 127.0.0.1 7000
	run wait_state web FROZEN 4
	assert_status 1
	hang_up
	wait_state web FROZEN 10
	answers tcp 127.0.0.1 7000
	state_is web RUNNING
	wait_state web FROZEN 10
	answers tcp ::1 7000
	wait_state web FROZEN 10
	[[ $(echo hello | timeout "$patience" socat -t "$patience" - "UNIX-CONNECT:$path") == from* ]]
	wait_state web RUNNING 10
	wait_state web FROZEN 10
	netd=$(service)
	kill -KILL "$netd"
	wait_until 5 another_service "$netd"
	wait_until 5 has_container
	answers tcp 127.0.0.1 7000
	state_is web RUNNING
	# by hand (who answers is none of the container's processes)
	mgr-freeze web
	before=$(wanted)
	answers tcp 127.0.0.1 7000
	state_is web FROZEN
	assert_equal "$(wanted)" "$before"
	mgr-unfreeze web
	mgr-stop -k web
	refused tcp 127.0.0.1 7000
	run mgr-config -n web unset forward.port
	assert_status 1
	assert_contains "start.idle-freeze: there is no forward.port: no connection could thaw it again"
}

@test "fwd.2 mgr-net up and mgr-autostart have stopped containers wait, after a start of the host too; all show it" {
	container web --forward tcp:7000:70,wake
	run waiting web
	assert_status 1
	mgr-net up
	waiting web
	wakes tcp 127.0.0.1 7000
	mgr-stop -k web
	assert_equal "$(field Waiting)" 1
	run mgr-info -n web
	assert_contains "for a connection, which starts it"
	assert_equal "$(mgr-ls --json | jq -c '.[] | select(.name == "web") | [.state, .waits, .forwards]')" \
		'["STOPPED",true,["tcp:7000:70,wake"]]'
	assert_equal "$(mgr-forward -n web ls)" tcp:7000:70,wake
	run mgr-net down
	assert_output "the network stays while stopped containers wait for a connection, now 1"
	# what a start of the host leaves of /run
	kill -KILL "$(pgrep -P "$(service)" mgr-netd-guard)" "$(service)" "$(field DNS)"
	ip link del "$bridge"
	nft flush ruleset
	rm -r "$MGR_ROOT/run/mgr"
	run mgr-info -n web
	refute_contains "for a connection"
	mgr-autostart
	waiting web
	wakes tcp 127.0.0.1 7000
}

@test "fwd.2 a changed configuration of a stopped container holds at once for what comes" {
	stopped --forward tcp:7000:70,wake
	mgr-config -n web set forward.port tcp:7001:70,wake
	refused tcp 127.0.0.1 7000
	wakes tcp 127.0.0.1 7001
	mgr-stop -k web
	later socat TCP-LISTEN:7002,fork,reuseaddr /dev/null
	wait_until 5 tcp_open 127.0.0.1 7002
	run mgr-config -n web add forward.port tcp:7002:70,wake
	assert_status 1
	assert_match "it is kept, but cannot wait for a connection: tcp port 7002 of the host is held by process [0-9]+ \(socat\)"
	mgr-config -n web set forward.port tcp:7000:70
	run waiting web
	assert_status 1
	refused tcp 127.0.0.1 7001
}
