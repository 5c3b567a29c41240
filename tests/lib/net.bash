# SPDX-License-Identifier: LGPL-2.1-or-later
# What tests of the managed network share: $bridge and $table, servers inside, questions from anywhere.
#
#   load ../lib/common
#   load ../lib/net

setup() {
	common_setup
	export bridge=mgrbr-$MGR_LAB_ID table=mgr_$MGR_LAB_ID
}

# What `later` has begun.
end_servers() {
	local pid
	while read -r pid; do
		kill -- "-$pid" 2>/dev/null || true
	done < <(cat "$BATS_TEST_TMPDIR/servers" 2>/dev/null)
}

teardown() {
	local status=0
	end_servers
	common_teardown || status=1
	: >/etc/resolv.conf
	mgr-net down || status=1
	return $status
}

# --- what the tests ask -------------------------------------------------------------------------------------------------

pid_of() {
	mgr-info -n "$1" -pH
}

# inside NAME COMMAND...: a program of the host in the container's network.
inside() {
	local pid
	pid=$(pid_of "$1")
	shift
	nsenter -t "$pid" -n "$@"
}

field() {
	mgr-net status | awk -v label="$1:" '$1 == label { print $NF }'
}

gateway() {
	mgr-net status | sed -n 's/^Subnet: *\([0-9.]*\)\.0\/16$/\1.1/p'
}

# later COMMAND...: in the background, with what it starts, until the test ends.
later() {
	setsid "$@" </dev/null >/dev/null 2>&1 3>&- &
	echo $! >>"$BATS_TEST_TMPDIR/servers"
}

is_another() {
	[ -n "$(field Service)" ] && [ "$(field Service)" != "$1" ] && [ "$(field Containers)" = 1 ]
}

# serve NAME tcp|udp|tcp6|udp6 PORT: in the container, answers each request with the address that it came from.
serve() {
	local listen=${2^^}-LISTEN many=,backlog=128 pid # its own five are too few for who comes all at once
	local last=$((60 * ${patience:?}))                    # who asks ends its side at once: its own 0.5 s for the rest are too few
	[[ $2 == tcp* ]] || listen=${2^^}-RECVFROM many='' last=0.5
	pid=$(pid_of "$1")
	later nsenter -t "$pid" -n socat -t "$last" "$listen:$3,fork,reuseaddr$many" SYSTEM:'read -r line; echo "from $SOCAT_PEERADDR"'
	wait_until 5 listens "$1" "$2" "$3"
}

listens() {
	[ -n "$(inside "$1" ss -Hln "--${2%6}" "sport = $3")" ]
}

# ask [COMMAND...] tcp|udp HOST PORT: what it answers, within $ask_time seconds.
ask() {
	local proto=${*: -3:1} host=${*: -2:1} port=${*: -1} most=${ask_time:-$((3 * patience))}
	if [ "$proto" = udp ]; then
		"${@:1:$#-3}" bash -c 'exec 3<>"/dev/udp/$0/$1" && echo hello >&3 && timeout "$2" head -n 1 <&3' "$host" "$port" "$most"
		return
	fi
	[[ $host != *:* ]] || proto+=6 host=[$host]
	# shellcheck disable=SC2016 # the inner shell's
	"${@:1:$#-3}" sh -c 'echo hello | timeout "$3" socat -t "$3" - "$0:$1:$2"' "${proto^^}" "$host" "$port" "$most"
}

answers() {
	[[ $(ask "$@" 2>/dev/null) == from* ]]
}

no_answer() {
	! ask_time=2 answers "$@"
}

# Nobody but mgr-netd can change its tables, on Linux 6.9 and later.
tables_are_owned() {
	nft list table inet "$table" 2>/dev/null | grep -q 'flags owner'
}

# others_do ARG...: what another program has nft do to a table of ours, and fails at where it is owned.
others_do() {
	nft "$@" 2>/dev/null || tables_are_owned
}

looks_up() {
	in_container "$1" nslookup "$2" 2>/dev/null | grep -q "^Address.*[ :]$3\$"
}

# Is this kind of interface none of the kernel's?
lacks() {
	[[ $(ip link add lacks0 type "$@" 2>&1) == *"nknown device type"* ]] || { ip link del lacks0 2>/dev/null; false; }
}

# Is there bridge-nf-call-iptables? With modules Docker, or whoever wants it, loads it.
bridges_know_iptables() {
	[ -e /proc/sys/net/bridge ] || modprobe -q br_netfilter && [ -e /proc/sys/net/bridge ]
}

# as_root_of NAME COMMAND...: the same, with no more rights than root of the container has.
as_root_of() {
	local pid
	pid=$(pid_of "$1")
	shift
	nsenter -t "$pid" -U -n -S 0 -G 0 "$@"
}

# hold_netns NAME: a process of the container's, in a network namespace of its own: $held.
hold_netns() {
	mgr-attach -n "$1" -- unshare -n sleep 300 3>&- 4>&- &
	wait_until 10 is_held "$(pid_of "$1")"
}

is_held() {
	for held in $(pgrep -x sleep); do
		[ "$(readlink "/proc/$held/ns/user")" = "$(readlink "/proc/$1/ns/user")" ] &&
			[ "$(readlink "/proc/$held/ns/net")" != "$(readlink "/proc/$1/ns/net")" ] && export held && return
	done
	return 1
}
