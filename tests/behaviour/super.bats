#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later

load ../lib/common
load ../lib/stub
load ../lib/cgroup

setup_file() {
	build_stub
	cc -O1 -I "$BATS_TEST_DIRNAME/../../src" -o "$BATS_FILE_TMPDIR/frames" "$BATS_TEST_DIRNAME/../fuzz/frames.c"
}

# --- super.1 ----------------------------------------------------------------------------------------------------------------

# What a client would find changed.
facts() {
	mgr-info -n "$1" --json | jq -c '.[0] | [.state, .pid, .ready, .started, .forwards]'
	fds_of "$(supervisor_pid "$1")" | wc -l
}

# [as=COMMAND] ask PYTHON-CODE: `s` is a function that connects to the control socket of container a, `head(type, length, version)`
# makes a head.
ask() {
	${as-} python3 - "$MGR_ROOT/run/mgr/a" <<EOF
import os, socket, struct, sys
folder = os.open(sys.argv[1], os.O_RDONLY)
def s():
    c = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    c.settimeout(10)
    c.connect("/proc/self/fd/%d/control" % folder)
    return c
def head(type, length=0, version=1, magic=0x3172676d):
    return struct.pack("=IHHIi", magic, version, type, length, 0)
def answer(c):
    try:
        return c.recv(65536)
    except ConnectionResetError:
        return b""
def code(reply):
    return struct.unpack("=IHHIi", reply[:16])[4]
$1
EOF
}

@test "super.1 100,000 random frames leave it and its container as they were" {
	stub a ""
	boot_stub a
	local before after
	before=$(facts a)
	run "$BATS_FILE_TMPDIR/frames" "$MGR_ROOT/run/mgr/a" 100000
	assert_success
	echo "$output"
	same_facts() { after=$(facts a) && [ "$after" = "$before" ]; }
	wait_until 5 same_facts || assert_equal "$after" "$before"
	mgr-stop -n a
}

@test "super.1 only uid 0 is answered" {
	stub a ""
	boot_stub a
	run ask '
os.setresuid(65534, 65534, 65534)
try:
    s()
    print("connected")
except PermissionError:
    print("refused")'
	assert_output "refused"
	# One who may open the socket all the same: the credentials decide.
	as="setpriv --reuid 65534 --inh-caps +dac_override --ambient-caps +dac_override" run ask '
c = s()
try:
    c.send(head(1))
except BrokenPipeError:
    pass
print(answer(c))'
	assert_output "b''"
	run ask 'c = s(); c.send(head(1)); print(len(answer(c)) > 16)'
	assert_output "True"
}

@test "super.1 lengths, types and version are checked" {
	stub a ""
	boot_stub a
	run ask '
c = s()
for what in head(1, 1) + b"x", head(99), head(3, 0), head(1, 0, 2), head(1):
    c.send(what)
    print(os.strerror(code(answer(c))))
c.send(b"x" * 100)
print(answer(c))'
	assert_output "Bad message
Operation not supported
Bad message
Protocol not supported
Success
b''"
}

@test "super.1 a client that stalls holds nobody up" {
	stub a ""
	boot_stub a
	run ask '
stalled = [s() for i in range(20)]
for c in stalled:
    c.setblocking(False)
    try:
        for i in range(5000):
            c.send(head(2))
    except OSError:
        pass
c = s()
c.send(head(1))
print(len(answer(c)) > 16)'
	assert_output "True"
	run within 5 mgr-stop -n a
	assert_success
}

@test "super.1 it is one static program that shares its memory with the others" {
	stub a ""
	boot_stub a
	local pid private
	pid=$(supervisor_pid a)
	[ -n "$pid" ]
	private=$(awk '/^(Pss_Anon|Pss_Shmem):/ { n += $2 } END { print n }' "/proc/$pid/smaps_rollup")
	echo "private: $private kB"
	# Sanitizers bring their own; the bench has the whole figure for many of them.
	grep -q asan "/proc/$pid/maps" || [ "$private" -le 100 ]
	! grep -q ' /.*\.so' "/proc/$pid/maps" || grep -q asan "/proc/$pid/maps"
}

@test "super.1 it keeps none of the command's descriptors and reaps what it starts" {
	stub a ""
	mgr-start -n a 7>"$BATS_TEST_TMPDIR/mine" | cat
	mgr-stop -r -n a
	mgr-stop -r -n a
	local pid
	pid=$(supervisor_pid a)
	run fds_of "$pid"
	refute_contains "$BATS_TEST_TMPDIR"
	refute_contains "pipe:"
	assert_equal "$(xargs <"/proc/$pid/task/$pid/children")" "$(mgr-info -n a -pH)"
	assert_equal "$(cut -d' ' -f6 <"/proc/$pid/stat")" "$pid"
}

@test "super.1 SIGTERM stops the container in order" {
	stub a ""
	boot_stub a
	kill -TERM "$(supervisor_pid a)"
	mgr-wait -n a -s STOPPED -t $((10 * patience))
	run mgr-info -n a
	assert_contains ", powered off"
	nothing_left
}

# A hook that says what it is given, and then waits for a line in $BATS_TEST_TMPDIR/go.
slow_hook() {
	mkfifo "$BATS_TEST_TMPDIR/go"
	mkdir -p /run/hooks
	cat >/run/hooks/slow <<-EOF
		#!/bin/sh
		[ -e "$BATS_TEST_TMPDIR/wanted" ] || exit 0
		exec >"$BATS_TEST_TMPDIR/mask"
		grep SigBlk: /proc/self/status
		: >"$BATS_TEST_TMPDIR/here"
		read -r line <"$BATS_TEST_TMPDIR/go"
	EOF
	chmod 755 /run/hooks/slow
}

# Signal the process in its slow hook, and let that end: the container comes up and is stopped, in order.
stopped_in_hook() {
	local pid=$1 signal
	wait_until 10 test -e "$BATS_TEST_TMPDIR/here"
	assert_equal "$(<"$BATS_TEST_TMPDIR/mask")" $'SigBlk:\t0000000000000000'
	for signal in "${@:2}"; do
		kill "-$signal" "$pid"
	done
	echo go >"$BATS_TEST_TMPDIR/go"
	wait_gone 10 "$pid"
	state_is a STOPPED
	run mgr-info -n a
	assert_contains ", powered off"
	nothing_left
}

@test "super.1 a stop that comes while it starts, SIGTERM or a scope's SIGURG, is a clean one as soon as it runs" {
	local signal
	slow_hook
	stub a "" -s hook.pre-start=/run/hooks/slow
	touch "$BATS_TEST_TMPDIR/wanted"
	for signal in TERM URG; do
		rm -f "$BATS_TEST_TMPDIR/here"
		mgr-start -n a &
		wait_until 10 test -e "$BATS_TEST_TMPDIR/here"
		stopped_in_hook "$(pgrep -f 'mgr-boot --up')" $signal
		wait $!
	done
}

@test "super.1 a stop that comes while it reboots inside is a clean one as soon as it runs again" {
	local pid signal
	slow_hook
	stub a "" -s hook.pre-start=/run/hooks/slow
	for signal in TERM URG; do
		rm -f "$BATS_TEST_TMPDIR/here" "$BATS_TEST_TMPDIR/wanted"
		boot_stub a
		pid=$(supervisor_pid a)
		touch "$BATS_TEST_TMPDIR/wanted"
		mgr-stop -r --nowait -n a
		stopped_in_hook "$pid" $signal
	done
}

@test "super.1 init begins with no signal blocked" {
	stub a ""
	mgr-config -n a set init.cmd "/bin/cat /proc/self/status"
	mgr-start -n a
	mgr-wait -n a -s STOPPED -t $((10 * patience))
	run grep -c "^SigBlk:.0*.\?$" "$MGR_ROOT/var/log/mgr/a/console"
	assert_output 1
	run mgr-execute -n a -- grep SigBlk: /proc/self/status
	assert_output $'SigBlk:\t0000000000000000'
}

@test "super.1 the console's log goes on after a reboot inside" {
	stub a ""
	boot_stub a
	mgr-stop -r -n a
	boots() { [ "$(grep -c "stub runs" "$MGR_ROOT/var/log/mgr/a/console")" = "$1" ]; }
	wait_until 5 boots 2
	mgr-stop -r -n a
	wait_until 5 boots 3
}

@test "super.1 the log tells the run, the console's log what the guest wrote" {
	stub a ""
	boot_stub a
	mgr-stop -n a
	run cat "$MGR_ROOT/var/log/mgr/a/log"
	assert_match "[0-9T:.-]{26}Z INFO +a: RUNNING"
	assert_match "a: init ended: powered off"
	assert_match "a: STOPPED"
	run cat "$MGR_ROOT/var/log/mgr/a/console"
	assert_contains "stub runs"
}

@test "super.1 a limit on the size of files, where it was started, does not end it" {
	container a -s net.0.type=empty
	(ulimit -f 1000 && mgr-start -n a)
	in_container a sh -c 'head -c 3000000 /dev/zero | tr "\\0" x >/dev/console'
	state_is a RUNNING
}

@test "super.1 a guest that writes and writes fills no disk" {
	stub a ""
	boot_stub a
	local log=$MGR_ROOT/var/log/mgr/a/console pid
	pid=$(mgr-info -n a -pH)
	head -c 12000000 /dev/zero | tr '\\0' x >"/proc/$pid/root/dev/console"
	moved() { [ -e "$log.1" ]; }
	wait_until 10 moved
	mgr-stop -k -n a
	[ "$(stat -c %s "$log")" -lt 4300000 ]
	[ "$(stat -c %s "$log.1")" -lt 4300000 ]
}

@test "super.1 a terminal that the guest hangs up is read on, without spinning" {
	container a -t debian -B auto -s net.0.type=empty
	boot a
	local pid
	pid=$(supervisor_pid a)
	run awk '{ print $14 + $15 }' "/proc/$pid/stat"
	[ "$output" -lt 20 ] || show "clock ticks since boot: $output"
	in_container a sh -c 'echo still here >/dev/console'
	wait_until 5 grep -q "still here" "$MGR_ROOT/var/log/mgr/a/console"
	mgr-stop -k -n a
}

# --- super.2 ----------------------------------------------------------------------------------------------------------------

# Whatever the moment, nobody may say STOPPED while something of it lives: asked first, looked for then.
honest() {
	local state
	state=$(mgr-info -n a -sH) || return
	[ "$state" != STOPPED ] || [ "$(stubs_alive)" = 0 ] || show "STOPPED, with $(stubs_alive) processes"
}

nothing_left() {
	assert_equal "$(stubs_alive)" 0
	assert_equal "$(cgroups_of a)" ""
	assert_equal "$(find "$MGR_ROOT/run/mgr/a" -mindepth 1 ! -name lock -printf '%f ')" ""
	assert_equal "$(ip -o link show type veth)" ""
	# The kernel takes its time over the deletion of a veth, and a process waits for that.
	wait_until 5 none_runs mgr-boot mgr-supervisor
}

none_runs() {
	local name
	for name; do
		! grep -qx "$name" /proc/[0-9]*/comm 2>/dev/null || return
	done
}

# A bridge of the test's own: then "network" has something to undo, without a network service.
victim() {
	ip link add victims type bridge
	stub a "$1" -s net.0.type=veth -s net.0.link=victims -s net.0.ipv4.address=198.51.100.7/24
}

common_teardown_and_bridge() {
	common_teardown
	ip link del victims 2>/dev/null || true
}

teardown() {
	common_teardown_and_bridge
}

steps() {
	"$STAGE/libexec/mgr/mgr-boot" --steps | cut -d ' ' -f 1
}

# Those that have something to undo in this container.
downs() {
	mgr-start -n a
	cut -d ' ' -f 1 "$MGR_ROOT/run/mgr/a/undo" | sort -u
	mgr-stop -k -n a
}

# recovers POINT: the state is honest, the next start succeeds, it stops, nothing is left.
recovers() {
	honest || show "at $1"
	mgr-start -n a || show "at $1: the next start fails"
	state_is a RUNNING || show "at $1: not RUNNING after the next start"
	wait_until 5 has_child "$(mgr-info -n a -pH)" || show "at $1: no child"
	assert_equal "$(stubs_alive)" 2 || show "at $1"
	mgr-stop -k -n a || show "at $1: the next stop fails"
	nothing_left || show "left after $1"
}

# killed_at POINT COMMAND...: it is; a point that nothing reaches would prove nothing.
killed_at() {
	local point=$1
	shift
	MGR_DEBUG_KILL=$point "$@" >"$BATS_TEST_TMPDIR/out" 2>&1 || true
	echo "$point" >>"$BATS_FILE_TMPDIR/points"
}

@test "super.2 mgr-boot killed at any step of a start" {
	local point
	victim ""
	for point in lock $(steps) handover; do
		killed_at "boot:up:$point" mgr-start -n a
		[ "$point" = handover ] || grep -q "mgr-start: a: " "$BATS_TEST_TMPDIR/out" || show "$point: not reached"
		recovers "boot:up:$point"
	done
}

@test "super.2 mgr-boot killed at any step of a start, with an init that outlives it" {
	local point
	victim "clear"
	for point in $(steps) handover; do
		killed_at "boot:up:$point" mgr-start -n a
		recovers "boot:up:$point"
	done
}

@test "super.2 the supervisor killed at any point of a run's end" {
	local point
	victim ""
	for point in supervisor:init-exited supervisor:before-down supervisor:after-down $(downs | sed s/^/boot:down:/); do
		MGR_DEBUG_KILL=$point mgr-start -n a
		honest
		mgr-stop -k -n a
		run tail -n 1 "$MGR_ROOT/var/log/mgr/a/log"
		refute_contains "a: STOPPED" # or the point was not reached
		nothing_left
		echo "$point" >>"$BATS_FILE_TMPDIR/points"
		recovers "$point"
	done
}

@test "super.2 the supervisor killed at any step of a reboot" {
	local point
	victim ""
	for point in supervisor:before-reboot $(downs | sed s/^/reboot:down:/) $(steps | sed s/^/reboot:up:/) \
		reboot:up:handover; do
		# The control socket stays.
		[ "$point" != reboot:down:control ] || continue
		MGR_DEBUG_KILL=$point mgr-start -n a
		mgr-stop -r -t 10 -n a >/dev/null 2>&1 && show "$point: not reached"
		echo "$point" >>"$BATS_FILE_TMPDIR/points"
		recovers "$point"
	done
}

@test "super.2 on the managed network too: nothing of it stays with mgr-netd" {
	local point
	container a --forward tcp:8080:80
	for point in boot:up:network-service boot:up:network boot:up:forward boot:down:network boot:down:network-service \
		supervisor:before-down reboot:down:network-service reboot:up:network; do
		MGR_DEBUG_KILL=$point mgr-start -n a >/dev/null 2>&1 || true
		mgr-stop "$([[ $point == reboot* ]] && echo -r || echo -k)" -n a >/dev/null 2>&1 || true
		echo "$point" >>"$BATS_FILE_TMPDIR/points"
		mgr-start -n a || show "at $point: the next start fails"
		wait_until 5 tcp_open 127.0.0.1 8080 || show "at $point: the forward does not work"
		mgr-stop -k -n a
		run ! tcp_open 127.0.0.1 8080
		assert_equal "$(ip -o link show type veth)" ""
		assert_equal "$(cgroups_of a)" ""
	done
}

@test "super.2 the supervisor killed while the container runs takes it along" {
	victim ""
	MGR_DEBUG_KILL=supervisor:started mgr-start -n a
	echo supervisor:started >>"$BATS_FILE_TMPDIR/points"
	wait_state a STOPPED
	recovers supervisor:started
	boot_stub a
	kill -KILL "$(supervisor_pid a)"
	wait_state a STOPPED
	run mgr-info -n a # an earlier run is not the last one
	assert_match 'Last run: *failed: its supervisor was killed'
	run mgr-stop -n a
	assert_status 2
	nothing_left
	run mgr-log -n a
	assert_contains 'its supervisor was killed'
	run mgr-info -n a
	assert_contains "failed: its supervisor was killed"
	recovers "SIGKILL while it runs"
}

@test "super.2 with an init that outlives its supervisor it is ABORTING until a command that writes" {
	local how
	victim "clear"
	for how in start stop destroy; do
		boot_stub a
		kill -KILL "$(supervisor_pid a)"
		wait_state a ABORTING
		assert_equal "$(stubs_alive)" 2
		run timeout 1 mgr-wait -n a -s STOPPED
		assert_status 124
		case $how in
		start)
			boot_stub a
			state_is a RUNNING
			assert_equal "$(stubs_alive)" 2
			mgr-stop -k -n a
			;;
		stop)
			run mgr-stop -n a
			assert_success
			state_is a STOPPED
			nothing_left
			;;
		destroy)
			run mgr-destroy -f -n a
			assert_success
			assert_equal "$(stubs_alive)" 0
			assert_equal "$(cgroups_of a)" ""
			assert_equal "$(ip -o link show type veth)" ""
			;;
		esac
	done
}

@test "super.2 what lives in a cgroup that was given, and that nothing but the undo record names any more, is killed" {
	local given pid
	has_v2 || skip "no cgroup v2 here"
	given=mgr-$MGR_LAB_ID/given
	stub a ""
	mkdir -p "$(v2_mount)/$given/payload" "$MGR_ROOT/run/mgr/a"
	sleep 1000 3>&- &
	pid=$!
	echo $pid >"$(v2_mount)/$given/payload/cgroup.procs"
	echo "cgroup $given/payload" >"$MGR_ROOT/run/mgr/a/undo"
	run v2_alone "$STAGE/libexec/mgr/mgr-boot" --down a
	assert_success
	run ! kill -0 $pid
	[ ! -e "$(v2_mount)/$given/payload" ]
	rmdir "$(v2_mount)/$given" "$(v2_mount)/mgr-$MGR_LAB_ID"
	nothing_left
}

@test "super.2 that makes 50 points at least" {
	[ "$(sort -u "$BATS_FILE_TMPDIR/points" | wc -l)" -ge 50 ] || show "$(sort -u "$BATS_FILE_TMPDIR/points" | wc -l) points"
}

@test "super.1 who waits for a port to listen costs next to nothing, and lets go of what it asked with" {
	local pid before
	stub a "port=80" -s init.ready=port:80
	mgr-start -n a
	pid=$(supervisor_pid a)
	before=$(fds_of "$pid" | grep -c socket)
	run mgr-wait -n a --ready -t 3
	assert_status 1
	# ticks of a hundredth of a second, user and system
	[ "$(awk '{ print $14 + $15 }' "/proc/$pid/stat")" -lt 12 ] || show "$(cat "/proc/$pid/stat")"
	kill -USR2 "$(mgr-info -n a -pH)"
	mgr-wait -n a --ready -t $((10 * patience))
	assert_equal "$(fds_of "$pid" | grep -c socket)" $((before - 1))
}

ticks() {
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

# reads_of PID: its calls of read(2) and the like.
reads_of() {
	awk '/^syscr/ { print $2 }' "/proc/$1/io"
}

@test "super.1 an init that reboots at once is given ever longer rests, and can be stopped in them" {
	local how
	stub a again
	for how in "" -k; do
		mgr-start -n a
		run mgr-wait -n a -s STOPPED -t 2
		assert_status 1
		[ "$(grep -c RUNNING "$MGR_ROOT/var/log/mgr/a/log")" -lt 16 ] || show "$(cat "$MGR_ROOT/var/log/mgr/a/log")"
		run within 3 mgr-stop $how -n a
		assert_success
		state_is a STOPPED
		assert_equal "$(cgroups_of a)" ""
	done
}

@test "super.1 a flood on the console is the guest's own time, not the supervisor's" {
	local how pid ticks reads took
	for how in flood drip; do
		stub a $how
		mgr-start -n a
		pid=$(supervisor_pid a)
		ticks=$(ticks "$pid") reads=$(reads_of "$pid") took=${EPOCHREALTIME/[.,]/}
		run mgr-wait -n a -s STOPPED -t 1
		assert_status 1
		reads=$(($(reads_of "$pid") - reads)) ticks=$(($(ticks "$pid") - ticks)) took=$((${EPOCHREALTIME/[.,]/} - took))
		# 16 in 50 ms, then it rests, whatever else the machine does
		[ "$reads" -lt $((400 * took / 1000000 + 50)) ] || show "$how: $reads reads in $took us"
		[ "$ticks" -lt $((15 * patience)) ] || show "$how: $ticks ticks in $took us"
		[ -s "$MGR_ROOT/var/log/mgr/a/console" ]
		within 5 mgr-stop -k -n a
		mgr-destroy -n a
	done
}
