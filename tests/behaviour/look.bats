#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later

load ../lib/common
load ../lib/stub

setup_file() {
	build_stub
}

# field NAME FIELD: its values, a line each.
field() {
	mgr-info -n "$1" | sed -n "s/^$2: *//p"
}

@test "look.1 mgr-info shows a container that runs in LXC's layout, and more" {
	stub a ""
	boot_stub a
	run mgr-info -n a
	assert_success
	assert_equal "${lines[0]}" "Name:           a"
	assert_equal "${lines[1]}" "State:          RUNNING"
	assert_match "PID:            [0-9]+"
	assert_match "CPU use:        [0-9.]+ seconds"
	assert_match "Memory use:     [0-9.]+ [KM]iB"
	assert_match "UUID:           [0-9a-f]{8}-[0-9a-f-]{27}"
	assert_contains "Ready:          yes (exec)"
	refute_contains "Last run:"
	assert_equal "$(cat "/proc/$(field a PID)/comm")" stub
}

@test "look.1 mgr-info shows how the last run ended" {
	stub a "" -s signal.halt=SIGUSR1
	boot_stub a
	mgr-stop -n a
	run mgr-info -n a
	assert_match "State:          STOPPED"
	assert_match "Last run:       [0-9-]{10}T[0-9:.]{15}Z, exit status 7"
	refute_contains "PID:"
	refute_contains "Ready:"
}

@test "look.1 -s, -p and -i show one thing, -H without its name" {
	stub a ""
	run mgr-info -n a -s
	assert_output "State:          STOPPED"
	run mgr-info -n a -p
	assert_output ""
	boot_stub a
	run mgr-info -n a -sH
	assert_output "RUNNING"
	run mgr-info -n a -p
	assert_match '^PID:            [0-9]+$'
	run mgr-info -n a -i
	assert_output ""
}

@test "look.1 -iH prints addresses alone, IPv4 first" {
	local pid
	stub a ""
	boot_stub a
	pid=$(mgr-info -n a -pH)
	nsenter -t "$pid" -n ip link add br7 type bridge
	nsenter -t "$pid" -n ip addr add fd00::7/64 dev br7
	nsenter -t "$pid" -n ip link set br7 up
	nsenter -t "$pid" -n ip addr add 192.0.2.7/24 dev br7
	run mgr-info -n a -iH
	assert_output "192.0.2.7
fd00::7"
	run mgr-info -n a -i
	assert_output "IP:             192.0.2.7
IP:             fd00::7"
}

@test "look.1 forwards are shown, configured or in force" {
	container a --forward tcp:8080:80 --forward udp:127.0.0.1:5300:53
	run mgr-info -n a
	assert_contains "Forward:        tcp:8080:80
Forward:        udp:127.0.0.1:5300:53"
	assert_equal "$(mgr-ls --json | jq -r '.[0].forwards | join(" ")')" "tcp:8080:80 udp:127.0.0.1:5300:53"
}

@test "look.1 --json is an array of objects with plain numbers" {
	stub a ""
	boot_stub a
	mgr-info -n a --json >"$BATS_TEST_TMPDIR/json"
	assert_equal "$(jq -r '.[0] | .name, .state, .ready, .ready_how' "$BATS_TEST_TMPDIR/json" | xargs)" \
		"a RUNNING true exec"
	assert_equal "$(jq '.[0] | .pid, .memory, .cpu_ns | type' "$BATS_TEST_TMPDIR/json" | uniq)" '"number"'
	assert_equal "$(jq -r '.[0].pid' "$BATS_TEST_TMPDIR/json")" "$(mgr-info -n a -pH)"
}

@test "look.1 mgr-ls lists names, a table, or JSON" {
	run mgr-ls
	assert_output ""
	run mgr-ls --json
	assert_equal "$(jq length <<<"$output")" 0
	stub web ""
	stub db ""
	boot_stub db
	run mgr-ls
	assert_output "db
web"
	run mgr-ls -1
	assert_output "db
web"
	run mgr-ls -f
	assert_match "^NAME +STATE +READY +PID +MEMORY +IPV4 +IPV6 +FORWARDS"
	assert_match "db +RUNNING +yes +[0-9]+ "
	assert_match "web +STOPPED +- +- "
	run mgr-ls --json
	assert_equal "$(jq -r '.[] | .name + " " + .state' <<<"$output" | xargs)" "db RUNNING web STOPPED"
}

@test "look.1 mgr-ls stands names side by side on a terminal" {
	stub web ""
	stub db ""
	run script -qec "stty cols 40; mgr-ls" /dev/null
	assert_match "^db +web"
}

@test "look.2 mgr-wait sees a container start that does not run yet, and stop" {
	local waiter
	stub a ""
	mgr-wait -n a -s 'RUNNING|FROZEN' -t $((30 * patience)) &
	waiter=$!
	boot_stub a
	wait $waiter
	mgr-wait -n a -s STOPPED -t $((30 * patience)) &
	waiter=$!
	mgr-stop -n a
	wait $waiter
}

@test "look.2 mgr-wait returns at once when it is so already" {
	stub a ""
	run within 5 mgr-wait -n a -s 'RUNNING|STOPPED'
	assert_success
	boot_stub a
	run within 5 mgr-wait -n a -s RUNNING
	assert_success
}

@test "look.2 mgr-wait sees the end of a supervisor that was killed" {
	local waiter
	stub a ""
	boot_stub a
	mgr-wait -n a -s STOPPED -t $((30 * patience)) &
	waiter=$!
	kill -KILL "$(supervisor_pid a)"
	wait $waiter
	assert_equal "$(stubs_alive)" 0
}

@test "look.2 mgr-wait --ready waits until the guest is ready" {
	local waiter
	stub a "port=80" -s init.ready=port:80
	mgr-wait -n a --ready -t $((30 * patience)) &
	waiter=$!
	mgr-start -n a
	run mgr-wait -n a --ready -t 0.3
	assert_status 1
	assert_output "mgr-wait: a: timed out"
	kill -USR2 "$(mgr-info -n a -pH)"
	wait $waiter
	assert_equal "$(field a Ready)" "yes (port 80)"
}

@test "look.2 mgr-wait refuses a state that there is not, and waiting for nothing" {
	stub a ""
	run mgr-wait -n a -s DANCING
	assert_status 1
	assert_contains "mgr-wait: --state: 'DANCING' is not one of STOPPED"
	run mgr-wait -n a
	assert_status 64
	run mgr-wait -n nosuch -s STOPPED
	assert_status 1
	assert_output "mgr-wait: nosuch: no such container"
}

@test "look.2 mgr-wait sleeps until something happens" {
	stub a ""
	boot_stub a
	run python3 -c '
import resource, subprocess, sys
status = subprocess.run(["mgr-wait", "-n", "a", "-s", "STOPPED", "-t", "1"], stderr=subprocess.DEVNULL).returncode
switches = resource.getrusage(resource.RUSAGE_CHILDREN).ru_nvcsw
print(switches)
sys.exit(0 if status == 1 and switches < 25 else 1)'
	assert_success
}

# stuck NAME: its supervisor, as something that goes wrong in it might leave it.
stuck() {
	kill -STOP "$(supervisor_pid "$1")"
}

@test "look.3 one supervisor that is stuck: all others are listed, it with what is known" {
	local start
	for name in a b c; do
		stub $name ""
		boot_stub $name
	done
	stuck b
	start=$(date +%s%N)
	run --separate-stderr mgr-ls -f
	[ $(($(date +%s%N) - start)) -lt $((2000000000 * patience)) ]
	assert_success
	assert_equal "$stderr" "mgr-ls: b: its supervisor does not answer: what it alone knows is missing"
	assert_match "a +RUNNING +yes"
	assert_match "b +RUNNING +- +- +[0-9.]+[KM]?"
	assert_match "c +RUNNING +yes"
	run --separate-stderr mgr-ls --json
	assert_success
	assert_equal "$(jq -c '.[] | [.name, .state, .ready]' <<<"$output" | xargs)" \
		"[a,RUNNING,true] [b,RUNNING,null] [c,RUNNING,true]"
	kill -CONT "$(supervisor_pid b)"
	run mgr-ls -f
	assert_match "b +RUNNING +yes"
}

@test "look.3 ones that were asked in vain a hundred times are no slower" {
	stub a ""
	boot_stub a
	stuck a
	python3 -c '
import os, socket, sys
for i in range(200):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.setblocking(False)
    try:
        s.connect(sys.argv[1])
    except BlockingIOError:
        sys.exit(0)
sys.exit(1)' "$MGR_ROOT/run/mgr/a/control"
	run within 4 mgr-ls -f
	assert_success
	run within 10 mgr-attach -n a -- true
	assert_status 125
	kill -CONT "$(supervisor_pid a)"
}

@test "look.3 mgr-info of it says so" {
	stub a ""
	boot_stub a
	stuck a
	run --separate-stderr within 4 mgr-info -n a
	assert_status 1
	assert_equal "$stderr" "mgr-info: a: its supervisor does not answer: what it alone knows is missing"
	assert_match "State: +RUNNING"
	assert_match "Memory use: "
	run mgr-info -n a -sH
	assert_success
	assert_output RUNNING
	kill -CONT "$(supervisor_pid a)"
}

@test "look.3 mgr-attach gives up soon, with 125 and one line" {
	stub a ""
	boot_stub a
	stuck a
	run within 8 mgr-attach -n a -- true
	assert_status 125
	assert_output "mgr-attach: a: its supervisor does not answer"
	kill -CONT "$(supervisor_pid a)"
}

@test "look.13 mgr-info tells what a container stands on, and what is mounted in it" {
	local store=$MGR_ROOT/var/lib/mgr base
	mkdir -m 700 "$BATS_TEST_TMPDIR/data"
	container a -B overlay -s net.0.type=empty -v "$BATS_TEST_TMPDIR/data:/data:ro"
	base=$(cat "$store/a/delta/base")
	forget_later b
	mgr-push -n a /etc/hostname /new
	mgr-copy -s -n a -N b
	run mgr-info -n b
	assert_match $'\nRoot: +overlay, '"$store/b/delta"$'\nImage: +'"$(cat "$store/b/delta/base")"$'\nImage: +'"$base"$'\n'
	assert_match $'\nVolume: +'"$BATS_TEST_TMPDIR"'/data:/data \([a-z,]*ro\)'
	run mgr-info -n b --json
	assert_equal "$(jq -r '.[] | .backend, .rootfs, .images[1], .filesystem' <<<"$output")" \
		"overlay"$'\n'"$store/b/delta"$'\n'"$base"$'\nnull'
	mgr-start -n a -v "$BATS_TEST_TMPDIR/data:/more"
	run mgr-info -n a
	assert_match $'\nVolume: +'"$BATS_TEST_TMPDIR/data:/more"
	container l -B loop --size 64M
	run mgr-info -n l
	assert_match $'\nRoot: +loop, '"$store/l/rootfs.img \\(ext4, 64.00 MiB\\)"
}
