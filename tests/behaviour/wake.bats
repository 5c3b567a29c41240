# SPDX-License-Identifier: LGPL-2.1-or-later
# Forwards with the option wake: what comes while the container is stopped or frozen.
load ../lib/common
load ../lib/net

export patience=$((10 * slow))

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

@test "fwd.2 of many that come at once each is answered" {
	make_machine peer
	stopped --forward tcp:7000-7001:70-71,wake
	serve_later web tcp 70
	local asking=()
	for _ in {1..20}; do
		ask on peer tcp "$here_ip" 7000 3>&- &
		asking+=($!)
	done >"$BATS_TEST_TMPDIR/answers"
	wait "${asking[@]}"
	assert_equal "$(grep -c "from $peer_ip" "$BATS_TEST_TMPDIR/answers")" 20
	assert_equal "$(grep -c 'is wanted' "$MGR_ROOT/var/log/mgr/.net/log")" 1
}
