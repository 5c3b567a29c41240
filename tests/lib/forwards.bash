# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# For files of tests on port forwards whose containers, other machine and servers are there for all tests of the file.
#
#   load ../lib/common
#   load ../lib/net
#   load ../lib/forwards
#
#   setup_file() { forwards_setup_file; container web ...; }         teardown_file() { forwards_teardown_file; }

# $here_ip and $here_ip6, $peer_ip and $peer_ip6: this machine and the one that is called peer.
forwards_setup_file() {
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	setup
	make_machine peer
	export peer_ip here_ip6=2001:db8:1::1 peer_ip6=2001:db8:1::2
	ip addr add $here_ip6/64 dev to-peer nodad
	ip -n peer addr add $peer_ip6/64 dev eth0 nodad
	ip -n peer route add default via $here_ip6
}

forwards_teardown_file() {
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	teardown
}

gateway6() {
	mgr-net status | sed -n 's/^IPv6: *\(.*\)::\/64$/\1::1/p'
}

# flow NAME tcp|udp HOST PORT: one from the other machine that stays open. say NAME TEXT sends on it, heard NAME N is true
# when as many lines have come back.
flow() {
	local to=${2^^}:$3:$4
	[[ $3 != *:* ]] || to=${2^^}6:[$3]:$4
	mkfifo "$BATS_TEST_TMPDIR/$1"
	# shellcheck disable=SC2016 # the inner shell's
	later ip netns exec peer sh -c 'socat - "$0" <>"$1" >"$1.heard"; : >"$1.ended"' "$to" "$BATS_TEST_TMPDIR/$1"
}

say() {
	echo "$2" >"$BATS_TEST_TMPDIR/$1"
}

heard() {
	[ "$(wc -l 2>/dev/null <"$BATS_TEST_TMPDIR/$1.heard")" -ge "$2" ]
}

ended() {
	[ -e "$BATS_TEST_TMPDIR/$1.ended" ]
}

# untracked tcp|udp: the kernel has no flow of that protocol to port 7000 any more.
untracked() {
	! conntrack -L -p "$1" 2>/dev/null | grep -q dport=7000
}
