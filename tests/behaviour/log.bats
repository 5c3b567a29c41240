#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-log, and what stands in a container's log.

load ../lib/common
load ../lib/stub

setup_file() {
	build_stub
}

log_of() {
	echo "$MGR_ROOT/var/log/mgr/$1/log"
}

# add NAME SECONDS-AGO LEVEL TEXT: a line as mgr writes it.
add() {
	mkdir -p "$MGR_ROOT/var/log/mgr/$1"
	echo "$(date -u -d "-$2 seconds" +%Y-%m-%dT%H:%M:%S.%6NZ) $(printf %-6s "$3") $1: $4" >>"$(log_of "$1")"
}

# --- log.1 ------------------------------------------------------------------------------------------------------------------

@test "log.1 the log, or the console's with --console; what was moved aside comes first" {
	stub a ""
	run mgr-log -n a
	assert_success
	assert_output ""
	boot_stub a
	mgr-stop -n a
	run mgr-log -n a
	assert_match "RUNNING.*STOPPING.*init ended: powered off.*STOPPED"
	run mgr-log -n a --console
	assert_output "stub runs"
	mv "$(log_of a)" "$(log_of a).1"
	add a 0 INFO "a new one"
	run mgr-log a
	assert_match "RUNNING.*STOPPED.*a new one"
	run mgr-log -n none
	assert_status 1
	assert_output "mgr-log: none: no such container"
}

@test "log.1 --since T and -l LEVEL; a line without a time goes with the one above" {
	container a
	add a 7200 ERROR "long ago"
	echo "and more of that" >>"$(log_of a)"
	add a 60 DEBUG "a detail"
	add a 50 WARN "just now"
	echo "and more of this" >>"$(log_of a)"
	run mgr-log -n a --since 1h
	refute_contains "long ago"
	refute_contains "more of that"
	assert_match "a detail.*just now.*more of this"
	run mgr-log -n a -l warn
	assert_match "long ago.*more of that.*just now"
	refute_contains "a detail"
	run mgr-log -n a --since "$(date -u -d "-55 seconds" +%Y-%m-%dT%H:%M:%SZ)"
	refute_contains "a detail"
	assert_contains "just now"
	TZ=Asia/Tokyo run mgr-log -n a --since "$(TZ=Asia/Tokyo date -d "-55 seconds" "+%Y-%m-%d %H:%M:%S")"
	refute_contains "a detail"
	assert_contains "just now"
	run mgr-log -n a --since 2020-01-01
	assert_contains "long ago"
	run mgr-log -n a --since yesterday
	assert_status 1
	assert_contains "--since: 'yesterday' is neither a duration such as 10m nor a time such as"
	run mgr-log -n a -l LOUD
	assert_status 1
	assert_contains "--level: 'LOUD' is not one of TRACE DEBUG INFO"
	for option in -lINFO --since=1m; do
		run mgr-log -n a --console "$option"
		assert_status 64
	done
}

@test "log.1 -f goes on with what is added, by event, also when the log is moved aside, until the container is destroyed" {
	container a
	add a 0 INFO one
	mgr-log -n a -f >"$BATS_TEST_TMPDIR/seen" 3>&- &
	local pid=$! i file=$BATS_TEST_TMPDIR/seen
	wait_until 5 grep -q one "$file"
	run awk '{ print $14 + $15 }' "/proc/$pid/stat"
	[ "$output" -lt 10 ]
	for i in two three four; do
		add a 0 INFO "before $i"
		mv "$(log_of a)" "$(log_of a).1"
		add a 0 INFO "$i"
	done
	wait_until 5 grep -q four "$file"
	run sed 's/.* a: //' "$file"
	assert_output $'one\nbefore two\ntwo\nbefore three\nthree\nbefore four\nfour'
	mgr-destroy -n a
	wait_gone 5 "$pid"
	wait "$pid"
}

@test "log.1 -f of a console shows a prompt that has no end of line, and ends when nobody reads it" {
	container a -s net.0.type=empty
	boot a
	mgr-log -n a -f --console 3>&- > >(head -c 10 >"$BATS_TEST_TMPDIR/seen") &
	local pid=$!
	wait_until 5 grep -q "a login: " "$BATS_TEST_TMPDIR/seen"
	wait_gone 5 "$pid"
	mgr-stop -k -n a
}

@test "log.1 nothing in a log acts on a terminal" {
	container a
	printf 'x\033[31mred\tt\342\202\254 \303\251 \302\205 \377 \r\n' >"$BATS_TEST_TMPDIR/line"
	add a 0 INFO "$(cat "$BATS_TEST_TMPDIR/line")"
	cp "$BATS_TEST_TMPDIR/line" "$MGR_ROOT/var/log/mgr/a/console"
	run mgr-log -n a
	assert_contains 'x\x1b[31mred'$'\tt\342\202\254 \303\251 \\xc2\\x85 \\xff '
	run mgr-log -n a --console
	assert_output 'x\x1b[31mred'$'\tt\342\202\254 \303\251 \\xc2\\x85 \\xff '
}

# --- log.2 ------------------------------------------------------------------------------------------------------------------

@test "log.2 each command that fails for a container leaves its reason in its log, a start with its step" {
	stub a ""
	run mgr-start -n a -s net.0.type=veth -s net.0.link=br7
	assert_status 1
	run mgr-attach -n a true
	assert_status 125
	run mgr-console -n a
	run mgr-config -n a set limits.memory much
	run mgr-wait -n a -s RUNNING -t 10ms
	boot_stub a
	run -127 mgr-attach -n a -- /none
	run mgr-destroy -n a
	run mgr-log -n a -l ERROR
	assert_match "Z ERROR +a: network: bridge 'br7' does not exist"
	assert_match "Z ERROR +mgr-start: network: bridge 'br7' does not exist"
	assert_match "Z ERROR +mgr-attach: is not running"
	assert_match "Z ERROR +mgr-console: is not running"
	assert_match "Z ERROR +mgr-config: .*'much' is not a size"
	assert_match "Z ERROR +mgr-wait: timed out"
	assert_match "Z ERROR +mgr-attach: run '/none': No such file or directory"
	assert_match "Z ERROR +mgr-destroy: it is not stopped"
	refute_contains INFO
	run mgr-start -n none
	[ ! -e "$MGR_ROOT/var/log/mgr/none" ]
}

@test "log.2 log.level says how much a run tells, by LXC's names or numbers" {
	stub a "" -s log.level=error
	boot_stub a
	run mgr-config -n a get log.level
	assert_output ERROR
	mgr-stop -n a
	run mgr-log -n a
	assert_output ""
	mgr-start -n a -s log.level=2
	mgr-stop -n a
	run mgr-log -n a
	assert_contains "INFO   a: RUNNING"
	run mgr-config -n a set log.level 9
	assert_status 1
	assert_contains "log.level: '9' is not one of TRACE DEBUG INFO NOTICE WARN ERROR CRIT ALERT FATAL"
}

@test "log.2 failures without end fill no disk" {
	container a
	add a 0 INFO first
	truncate -s 1100000 "$(log_of a)"
	run mgr-attach -n a true
	run mgr-attach -n a true
	[ "$(stat -c %s "$(log_of a)")" -lt 1000 ]
	[ -s "$(log_of a).1" ]
}
