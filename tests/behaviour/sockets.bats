# SPDX-License-Identifier: LGPL-2.1-or-later
# Forwards of unix sockets. The containers web and db are there for all tests.
load ../lib/common
load ../lib/net
load ../lib/forwards

setup_file() {
	forwards_setup_file
	container web
	container db
	boot web
	boot db
}

teardown_file() {
	forwards_teardown_file
}

@test "fwd.13 a unix socket of the host is forwarded, and is there as long as the forward" {
	local sock=$MGR_LAB/web.sock big=$BATS_TEST_TMPDIR/big netd
	mgr-forward -n web add "unix:$sock:80"
	fetches_by "$sock"
	# who can reach the path may connect
	[ "$(setpriv --reuid 65534 --regid 65534 --clear-groups curl -s -m $((5 * patience)) -o /dev/null -w '%{http_code}' --unix-socket "$sock" http://web/)" = 200 ]
	run mgr-forward -n web ls
	assert_contains "unix:$sock:80"
	assert_equal "$(mgr-forward -n web ls --json | jq -c '.[] | select(.protocol == "unix") | [.address, .port, .target]')" \
		"[\"$sock\",null,80]"
	# large, both ways, whole
	head -c 3000000 /dev/urandom >"$big"
	mgr-forward -n web add "unix:$sock.large:74"
	later nsenter -t "$(pid_of web)" -n socat TCP-LISTEN:74,fork,reuseaddr PIPE
	wait_until 5 listens web tcp 74
	# shellcheck disable=SC2094 # it is read twice
	socat -t 10 - "UNIX:$sock.large" <"$big" | cmp - "$big"
	# a clash of any kind is named
	run mgr-forward -n web add "unix:$sock:81"
	assert_status 1
	assert_output "mgr-forward: web: the container has 'unix:$sock:80' already, which wants the same port of the host"
	run mgr-forward -n db add "unix:$sock:81"
	assert_status 1
	assert_output "mgr-forward: db: unix socket '$sock' of the host is forwarded to 'web' already"
	run mgr-forward -n db add "unix:$big:81"
	assert_output "mgr-forward: db: '$big' of the host exists, and is no socket"
	later socat "UNIX-LISTEN:$sock.taken" /dev/null
	wait_until 5 test -S "$sock.taken"
	run mgr-forward -n db add "unix:$sock.taken:81"
	assert_match "^mgr-forward: db: unix socket '$sock.taken' of the host is held by process [0-9]+ \(socat\)$"
	[ -S "$sock.taken" ] && [ -f "$big" ]
	# one that somebody removes is told of, and made anew
	rm "$sock"
	assert_equal "$(mgr-net status | sed -n 's/^Trouble: *//p')" \
		"unix socket '$sock', forwarded to 'web', was removed: 'mgr-net repair' mends it"
	mgr-net repair
	fetches_by "$sock"
	# a service that was killed comes back with them
	netd=$(field Service)
	kill -KILL "$netd"
	wait_until 5 fetches_by "$sock"
	mgr-forward -n web del "unix:$sock:80"
	[ ! -e "$sock" ]
	[ -S "$sock.large" ]
	mgr-forward -n web del "unix:$sock.large:74"
	[ ! -e "$sock.large" ]
}

fetches_by() {
	[ "$(curl -s -m $((5 * patience)) -o /dev/null -w '%{http_code}' --unix-socket "$1" http://web/)" = 200 ]
}

@test "fwd.13 what a power cut has left of a unix socket is in nobody's way, what is another's is left alone" {
	local sock=$BATS_TEST_TMPDIR/left.sock
	stale "$sock" 0666
	mgr-forward -n web add "unix:$sock:80"
	fetches_by "$sock"
	mgr-forward -n web del "unix:$sock:80"
	for what in 'chmod 0660' 'chown 1'; do
		stale "$sock" 0666
		$what "$sock"
		run mgr-forward -n web add "unix:$sock:80"
		assert_output "mgr-forward: web: unix socket '$sock' of the host exists"
		rm "$sock"
	done
}

# stale PATH MODE: a socket that its process has left behind.
stale() {
	local pid
	socat -u "UNIX-LISTEN:$1,mode=$2,unlink-close=0" /dev/null &
	pid=$!
	wait_until 5 test -S "$1"
	kill -KILL "$pid"
	wait "$pid" || true
}

@test "fwd.13 who has said everything before the container is connected is answered all the same" {
	local sock=$BATS_TEST_TMPDIR/half.sock
	later nsenter -t "$(pid_of web)" -n socat -t 60 TCP-LISTEN:76,fork,reuseaddr SYSTEM:'cat >/dev/null; echo heard'
	wait_until 5 listens web tcp 76
	mgr-forward -n web add "unix:$sock:76"
	nft -f - <<-'END' # a second, until the kernel asks again
		table ip slow {
			chain out {
				type filter hook output priority 0
				tcp dport 76 counter drop
			}
		}
	END
	later sh -c "socat -t 10 - 'UNIX:$sock' </dev/null >'$BATS_TEST_TMPDIR/heard'"
	wait_until 5 sh -c "nft list chain ip slow out | grep -q 'packets [1-9]'"
	nft delete table ip slow
	wait_until 5 grep -q heard "$BATS_TEST_TMPDIR/heard"
	mgr-forward -n web del "unix:$sock:76"
}

@test "fwd.13 a unix socket is forwarded from a start until the container stops, even a killed one" {
	local sock=$BATS_TEST_TMPDIR/web.sock netd
	container other --forward "unix:$sock:80"
	boot other
	wait_until 5 fetches_by "$sock"
	mgr-stop -k other
	[ ! -e "$sock" ]
	boot other
	wait_until 5 fetches_by "$sock"
	# with its supervisor goes its part in the network; the service is not there to see
	netd=$(field Service)
	kill -STOP "$netd"
	kill -KILL "$(ps -o ppid= -p "$(pid_of other)" | tr -d ' ')"
	kill -KILL "$netd"
	wait_until 5 test ! -e "$sock"
}
