#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The terminals of a container: mgr-console, and the log of what was said there.

load ../lib/common
load ../lib/stub

# on_terminal STEP... -- COMMAND...
on_terminal() {
	"$BATS_TEST_DIRNAME/../lib/terminal" "$@"
}

# write_there NAME SHELL-COMMANDS
write_there() {
	in_container "$1" sh -c "($2) >/dev/console"
}

console_log() {
	echo "$MGR_ROOT/var/log/mgr/$1/console"
}

# Root may log in with this password.
give_password() {
	local hash
	hash=$(perl -e 'print crypt("open sesame", "\$6\$salt\$")')
	sed -i "s|^root:[^:]*:.*|root:$hash:19000:0:99999:7:::|" "$MGR_ROOT/var/lib/mgr/$1/rootfs/etc/shadow"
}

# silent NAME [OPTION...]: a container of which nothing is on the console but what the test writes.
silent() {
	local name=$1
	shift
	container "$name" -s net.0.type=empty "$@"
	sed -i /getty/d "$MGR_ROOT/var/lib/mgr/$name/rootfs/etc/inittab"
	boot "$name"
	wait_until 5 in_container "$name" pidof syslogd >/dev/null # until then init sets the console's settings
}

# watch NAME FILE [OPTION...]: look on in the background, as $watcher; what is seen goes to FILE.
watch() {
	local name=$1 file=$2
	shift 2
	mgr-console -n "$name" --watch "$@" </dev/null >"$file" 2>"$file.err" 3>&- &
	watcher=$!
}

# cpu_of PID: clock ticks
cpu_of() {
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

# window_is NAME SIZE
window_is() {
	[ "$(in_container "$1" stty -F /dev/console size)" = "$2" ]
}

read_by() {
	awk '/^pos/ { print $2 }' "/proc/$1/fdinfo/0"
}

# rests PID BYTES: it has read more than so many of its input, and reads no more.
rests() {
	local before
	before=$(read_by "$1")
	read -r -t 0.2 <> <(:) || true
	[ "$before" -gt "$2" ] && [ "$(read_by "$1")" = "$before" ]
}

# --- console.1 --------------------------------------------------------------------------------------------------------------

@test "console.1 what was said last is shown, then what is said" {
	silent web
	write_there web 'echo long ago'
	watch web "$BATS_TEST_TMPDIR/seen"
	wait_until 5 grep -q "long ago" "$BATS_TEST_TMPDIR/seen"
	write_there web 'echo just now'
	wait_until 5 grep -q "just now" "$BATS_TEST_TMPDIR/seen"
	mgr-stop -k -n web
	wait "$watcher"
	run cat -v "$BATS_TEST_TMPDIR/seen"
	assert_output $'long ago^M\njust now^M'
}

@test "console.1 of a long history the last part is shown, from the beginning of a line" {
	silent web -s console.buffer.size=4K
	write_there web 'seq 10000 19999'
	wait_until 5 grep -q 19999 "$(console_log web)"
	watch web "$BATS_TEST_TMPDIR/seen"
	wait_until 5 grep -q 19999 "$BATS_TEST_TMPDIR/seen"
	run cat "$BATS_TEST_TMPDIR/seen"
	assert_match '^1[0-9]{4}'$'\r'
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/seen")" -le 4096 ]
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/seen")" -gt 4000 ]
	kill "$watcher"
}

@test "console.1 console.buffer.size = 0 shows no history" {
	silent web -s console.buffer.size=0
	write_there web 'echo long ago'
	watch web "$BATS_TEST_TMPDIR/seen"
	seen() {
		write_there web 'echo just now'
		grep -q "just now" "$BATS_TEST_TMPDIR/seen"
	}
	wait_until 5 seen
	run cat "$BATS_TEST_TMPDIR/seen"
	refute_contains "long ago"
	kill "$watcher"
}

@test "console.1 Ctrl-a q leaves, Ctrl-a Ctrl-a types one; -e has another prefix; the terminal is as it was" {
	silent web
	write_there web 'echo here it is'
	in_container web sh -c 'stty -F /dev/console raw -echo; (head -c 3 </dev/console | od -An -tx1 >/tmp/typed) >/dev/null 2>&1 &'
	run on_terminal expect:'here it is' raw 'send:x\x01\x01y' 'send:\x01q' cooked -- mgr-console -n web
	assert_success
	wait_until 5 in_container web grep -q "78 01 79" /tmp/typed
	run on_terminal expect:'here it is' 'send:\x02q' cooked -- mgr-console -n web -e b
	assert_success
	run mgr-console -n web -e 1
	assert_status 1
	assert_contains "mgr-console: --escape: '1' is not a letter"
}

@test "console.1 what a guest asked of its terminal long ago is not asked again; what it asks now is" {
	silent web
	write_there web 'printf "before\033[6nafter\n"'
	run on_terminal 'expect:after' 'send:\x01q' -- mgr-console -n web
	assert_contains beforeafter
	on_terminal 'expect:beforeafter' 'expect:now.[[]6n' 'send:\x01q' -- mgr-console -n web 3>&- &
	local pid=$!
	while kill -0 "$pid" 2>/dev/null; do # it ends, or gives up, by itself
		write_there web 'printf "now\033[6n"'
	done
	wait "$pid"
}

@test "console.1 the size of the window is the guest's, and follows it" {
	silent web
	write_there web 'echo here it is'
	on_terminal -s 30x100 expect:'here it is' resize:41x121 "expect:done" 'send:\x01q' -- mgr-console -n web &
	local pid=$!
	wait_until 5 window_is web "41 121"
	write_there web 'echo done'
	wait "$pid"
}

@test "console.1 a signal ends it with the terminal as it was" {
	silent web
	write_there web 'echo here it is'
	run on_terminal expect:'here it is' raw signal:TERM cooked -- mgr-console -n web
	assert_status 143
	run on_terminal expect:'here it is' raw hangup -- mgr-console -n web
	[ "$status" -ne 99 ]
	state_is web RUNNING
}

@test "console.1 without a terminal what stands in its input is typed, and at the end of that it goes on" {
	silent web
	in_container web sh -c '(head -n 1 </dev/console >/tmp/typed) >/dev/null 2>&1 &'
	echo "a line" | mgr-console -n web >"$BATS_TEST_TMPDIR/seen" 3>&- &
	wait_until 5 in_container web grep -q "a line" /tmp/typed
	write_there web 'echo still there'
	wait_until 5 grep -q "still there" "$BATS_TEST_TMPDIR/seen"
	mgr-stop -k -n web
	wait $!
}

@test "console.1 -t is another terminal; one that is not there is refused" {
	silent web -s tty.max=2
	in_container web sh -c '(read line; echo "read $line"; tty) </dev/tty2 >/dev/tty2 2>&1' >/dev/null 2>&1 &
	run on_terminal 'send:this\r' expect:'read this' expect:/dev/tty2 'send:\x01q' -- mgr-console -n web -t 2
	assert_success
	wait $!
	run in_container web sh -c 'tr "\0" "\n" </proc/1/environ'
	assert_contains "container_ttys=pts/1 pts/2"
	run mgr-console -n web -t 3
	assert_status 1
	assert_output "mgr-console: web: there is no terminal 3: they are 0 to 2, by tty.max"
	mgr-stop -k -n web
	mgr-config -n web unset tty.max
	boot web
	run mgr-console -n web -t 1
	assert_output "mgr-console: web: there is no terminal 1: tty.max is 0"
}

@test "console.1 it goes on over a reboot inside, the history with it" {
	silent web
	write_there web 'echo before'
	watch web "$BATS_TEST_TMPDIR/seen"
	wait_until 5 grep -q before "$BATS_TEST_TMPDIR/seen"
	mgr-stop -r -n web
	write_there web 'echo after'
	wait_until 5 grep -q after "$BATS_TEST_TMPDIR/seen"
	watch web "$BATS_TEST_TMPDIR/again"
	wait_until 5 grep -q after "$BATS_TEST_TMPDIR/again"
	grep -q before "$BATS_TEST_TMPDIR/again"
	[ "$(grep -c before "$BATS_TEST_TMPDIR/seen")" -eq 1 ]
	mgr-stop -k -n web
	wait "$watcher"
}

@test "console.1 over a reboot inside the one who types still does, and the window has its size" {
	silent web
	write_there web 'echo first'
	on_terminal -s 33x111 expect:first expect:second 'send:typed\r' expect:third 'send:\x01q' -- mgr-console -n web 3>&- &
	local pid=$!
	wait_until 5 window_is web "33 111"
	mgr-stop -r -n web
	wait_until 5 in_container web pidof syslogd
	window_is web "33 111"
	in_container web sh -c '(head -n 1 </dev/console >/tmp/typed) >/dev/null 2>&1 &'
	write_there web 'echo second'
	wait_until 5 in_container web grep -q typed /tmp/typed
	write_there web 'echo third'
	wait "$pid"
}

# --- console.2 --------------------------------------------------------------------------------------------------------------

@test "console.2 a login by getty: busybox" {
	container web -s net.0.type=empty
	give_password web
	boot web
	run on_terminal -s 30x100 expect:login: 'send:root\r' expect:assword: 'send:open sesame\r' 'expect:# ' 'send:tty; stty size\r' \
		expect:/dev/console 'expect:30 100' 'send:exit\r' expect:login: 'send:\x01q' -- mgr-console -n web
	assert_success
}

@test "console.2 a login by getty: systemd on Debian, on its console and on a terminal beside it" {
	container web -t debian -s net.0.type=empty -s tty.max=1
	give_password web
	boot web
	run on_terminal expect:login: 'send:root\r' expect:assword: 'send:open sesame\r' 'expect:# ' 'send:tty\r' \
		expect:/dev/console 'send:exit\r' 'send:\x01q' -- mgr-console -n web
	assert_success
	run on_terminal 'send:\r' expect:login: 'send:root\r' expect:assword: 'send:open sesame\r' 'expect:# ' 'send:tty\r' \
		expect:/dev/pts/1 'send:exit\r' 'send:\x01q' -- mgr-console -n web -t 1
	assert_success
}

# --- console.3, console.4 ---------------------------------------------------------------------------------------------------

@test "console.3 one types, any number look on, and those cannot type" {
	silent web
	mkfifo "$BATS_TEST_TMPDIR/typed"
	mgr-console -n web <"$BATS_TEST_TMPDIR/typed" >"$BATS_TEST_TMPDIR/writer" 3>&- &
	local writer=$! i
	exec 8>"$BATS_TEST_TMPDIR/typed"
	for i in 1 2 3 4 5; do
		watch web "$BATS_TEST_TMPDIR/seen.$i"
	done
	write_there web 'echo for all'
	for i in writer seen.1 seen.5; do
		wait_until 5 grep -q "for all" "$BATS_TEST_TMPDIR/$i"
	done
	run within 5 mgr-console -n web </dev/null
	assert_status 1
	assert_output "mgr-console: web: process $writer has it already: --watch looks on"
	run on_terminal expect:'for all' 'send:not this\r' 'send:\x01q' -- mgr-console -n web -w
	assert_success
	echo "but this" >&8
	wait_until 5 grep -q "but this" "$BATS_TEST_TMPDIR/seen.3"
	run cat "$BATS_TEST_TMPDIR/seen.3"
	refute_contains "not this"
	exec 8>&-
	kill "$writer"
	wait "$writer" || true
	run on_terminal expect:'for all' 'send:\x01q' -- mgr-console -n web
	assert_success
	mgr-stop -k -n web
	wait
}

@test "console.4 a container that does not run, or does not exist, is said to be so" {
	container web -s net.0.type=empty
	run mgr-console -n web
	assert_status 1
	assert_output "mgr-console: web: is not running"
	run mgr-console -n none
	assert_status 1
	assert_output "mgr-console: none: no such container"
}

# --- console.5 --------------------------------------------------------------------------------------------------------------

@test "console.5 one that does not read holds nobody up, and is told what it missed" {
	silent web
	local supervisor before
	supervisor=$(supervisor_pid web)
	watch web "$BATS_TEST_TMPDIR/still"
	local still=$watcher
	watch web "$BATS_TEST_TMPDIR/seen"
	write_there web 'echo begin'
	wait_until 5 grep -q begin "$BATS_TEST_TMPDIR/still"
	before=$(awk '/^RssAnon/ { print $2 }' "/proc/$supervisor/status")
	kill -STOP "$still"
	within 20 mgr-attach -n web -- sh -c 'seq 1 200000 >/dev/console'
	wait_until 10 grep -q '^200000' "$BATS_TEST_TMPDIR/seen"
	[ "$(awk '/^RssAnon/ { print $2 }' "/proc/$supervisor/status")" -le $((before + 16)) ]
	kill -CONT "$still"
	wait_until 10 grep -q '^200000' "$BATS_TEST_TMPDIR/still"
	run grep -ao '\[[0-9]* bytes left out\]' "$BATS_TEST_TMPDIR/still"
	assert_success
	local missed=0 told=0 line
	while read -r line; do
		missed=$((missed + ${line//[^0-9]/}))
		told=$((told + ${#line} + 4))
	done <<<"$output"
	assert_equal "$(($(stat -c %s "$BATS_TEST_TMPDIR/still") - told + missed))" "$(stat -c %s "$(console_log web)")"
	mgr-stop -k -n web
	wait
}

@test "console.5 one that dies, or leaves with the output stopped, leaves the guest running and the place free" {
	silent web
	write_there web 'echo here it is'
	run on_terminal expect:'here it is' signal:KILL -- mgr-console -n web
	assert_status 98 # nobody could put the terminal's settings back
	run on_terminal expect:'here it is' 'send:\x13' 'send:\x01q' -- mgr-console -n web
	assert_success
	within 10 mgr-attach -n web -- sh -c 'seq 1 20000 >/dev/console'
}

@test "console.5 an end waits for nobody who does not read, and who does later has the last word all the same" {
	silent web
	local i still=()
	for i in soon late; do
		watch web "$BATS_TEST_TMPDIR/$i"
		still+=("$watcher")
	done
	write_there web 'echo begin'
	for i in soon late; do
		wait_until 5 grep -q begin "$BATS_TEST_TMPDIR/$i"
	done
	kill -STOP "${still[@]}"
	write_there web 'seq 1 15000'
	wait_until 5 grep -q '^15000' "$(console_log web)"
	within 1 mgr-stop -k -n web
	state_is web STOPPED
	kill -CONT "${still[0]}"
	wait "${still[0]}"
	cmp "$BATS_TEST_TMPDIR/soon" "$(console_log web)"
	[ -z "$(supervisor_pid web)" ]
	kill -CONT "${still[1]}"
	wait "${still[1]}"
	cmp "$BATS_TEST_TMPDIR/late" "$(console_log web)"
}

@test "console.5 what a guest does not take waits with the one who typed it" {
	silent web
	in_container web stty -F /dev/console raw -echo
	local supervisor before
	supervisor=$(supervisor_pid web)
	head -c 1000000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/much"
	mgr-console -n web <"$BATS_TEST_TMPDIR/much" >/dev/null 3>&- &
	local writer=$!
	wait_until 10 rests "$writer" 0
	[ "$(read_by "$writer")" -lt 1000000 ]
	before=$(cpu_of "$supervisor")
	mgr-info -n web -sH
	in_container web sh -c 'timeout 60 head -c 1000000 </dev/console | wc -c >/tmp/taken'
	run in_container web cat /tmp/taken
	assert_output 1000000
	[ "$(cpu_of "$supervisor")" -lt $((before + 100)) ]
	kill "$writer"
	wait "$writer" || true
}

@test "console.5 a stop gets through beside what waits to be taken" {
	container web -s net.0.type=empty
	sed -i /getty/d "$MGR_ROOT/var/lib/mgr/web/rootfs/etc/inittab"
	head -c 1000000 /dev/zero | tr '\0' '\n' >"$BATS_TEST_TMPDIR/much"
	mgr-start -F -n web <"$BATS_TEST_TMPDIR/much" >/dev/null 3>&- &
	local pid=$!
	wait_state web RUNNING
	wait_until 10 rests "$pid" 8192
	[ "$(read_by "$pid")" -lt 1000000 ]
	kill "$pid"
	wait_gone 10 "$pid"
	wait_state web STOPPED
}

@test "console.5 many at once: some always get through to it" {
	silent web
	local i pids=()
	for i in {1..50}; do
		watch web "$BATS_TEST_TMPDIR/seen.$i"
		pids+=("$watcher")
	done
	refused() { cat "$BATS_TEST_TMPDIR"/seen.*.err | grep -c "look at its terminals already"; }
	enough() { [ "$(refused)" -ge 2 ]; }
	wait_until 10 enough
	assert_equal "$(refused)" 2
	mgr-stop -k -n web
	wait "${pids[@]}" || true
	cat "$BATS_TEST_TMPDIR"/seen.*.err
}

# --- console.6 --------------------------------------------------------------------------------------------------------------

@test "console.6 the log has all that was said; it is moved aside by size, which console.size says" {
	silent web -s console.size=64K
	write_there web 'seq 10001 24000'
	local log
	log=$(console_log web)
	all() { cat "$log.1" "$log" 2>/dev/null | grep -q 24000; }
	wait_until 10 all
	[ "$(stat -c %s "$log.1")" -ge 65536 ]
	[ "$(stat -c %s "$log.1")" -lt 73000 ]
	run sh -c "cat '$log.1' '$log' | tr -d '\r' | md5sum"
	assert_output "$(seq 10001 24000 | md5sum)"
}

@test "console.6 console.logfile keeps it elsewhere, and the usual place leads there" {
	silent web -s console.logfile="$BATS_TEST_TMPDIR/there"
	write_there web 'echo elsewhere'
	wait_until 5 grep -q elsewhere "$BATS_TEST_TMPDIR/there"
	grep -q elsewhere "$(console_log web)"
	run mgr-log -n web --console
	assert_output elsewhere
	mgr-stop -k -n web
	mgr-start -n web -s console.logfile=
	write_there web 'echo at home'
	wait_until 5 grep -q "at home" "$(console_log web)"
	run cat "$BATS_TEST_TMPDIR/there"
	refute_contains "at home"
	mgr-stop -k -n web
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	for file in /dev/null "$BATS_TEST_TMPDIR" /nowhere/at/all; do
		run mgr-start -n web -s console.logfile="$file"
		assert_status 1
		assert_contains "console.logfile: "
		assert_contains "'$file'"
	done
}

@test "console.6 a log that somebody has removed is made again" {
	silent web
	write_there web 'echo one'
	wait_until 5 grep -q one "$(console_log web)"
	rm "$(console_log web)"
	again() {
		write_there web 'echo two'
		grep -q two "$(console_log web)"
	}
	wait_until 5 again
}

# --- console.7 --------------------------------------------------------------------------------------------------------------

@test "console.7 escape sequences of the guest's come through mgr-console alone" {
	silent web
	write_there web 'printf "\033]0;owned\007\033[31mred\302\233m\n"'
	in_container web sh -c 'hostname "$(printf "a\033[31mb")"' || true
	watch web "$BATS_TEST_TMPDIR/seen"
	wait_until 5 grep -q $'\033\[31mred' "$BATS_TEST_TMPDIR/seen"
	for command in "mgr-log --console -n web" "mgr-log -n web" "mgr-ls" "mgr-ls --json" "mgr-info -n web" "mgr-info -n web --json"; do
		run $command
		assert_success
		refute_contains $'\033'
		refute_contains $'\302\233'
	done
	run mgr-log --console -n web
	assert_output '\x1b]0;owned\x07\x1b[31mred\xc2\x9bm'
	kill "$watcher"
}
