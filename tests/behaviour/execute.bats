# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
load ../lib/common

setup_file() {
	mgr-create -n web -t busybox -s net.0.type=empty
}

teardown_file() {
	mgr-destroy -f -n web
}

# --- exec.1 ----------------------------------------------------------------------------------------------------------------

@test "exec.1 the command runs instead of init, below PID 1 of mgr's own, and its status is passed on" {
	local code
	run mgr-execute -n web -- ps -o pid,args
	assert_success
	assert_match " 1 mgr-init "
	assert_match " 2 ps -o pid,args$"
	for code in 0 1 7 124 255; do
		run mgr-execute -n web -- sh -c "exit $code"
		assert_status "$code"
		assert_output ""
	done
	state_is web STOPPED
}

@test "exec.1 a command that a signal has killed is 128 and its number" {
	run mgr-execute -n web -- sh -c 'kill -SEGV $$'
	assert_status 139
	run mgr-execute -n web -- sh -c 'kill -KILL $$'
	assert_status 137
}

@test "exec.1 it ends as soon as it begins, many times, and how is known each time" {
	local i
	for i in {1..30}; do
		run mgr-execute -n web -- sh -c "exit $i"
		assert_status "$i"
	done
}

@test "exec.1 what is no terminal is handed in as it is: every byte, and the end of it" {
	local in=$BATS_TEST_TMPDIR/in out=$BATS_TEST_TMPDIR/out
	head -c 1000000 /dev/urandom >"$in"
	mgr-execute -n web -- cat <"$in" >"$out"
	cmp "$in" "$out"
	assert_equal "$(echo x | mgr-execute -n web -- cat | wc -c)" 2
	mgr-execute -n web -- sh -c 'echo out; echo err >&2' >"$in" 2>"$out"
	assert_equal "$(<"$in") $(<"$out")" "out err"
}

@test "exec.1 arguments arrive as they are" {
	run mgr-execute -n web -- printf '[%s]' 'a  b' '' '*' $'line\nbreak' -x --
	assert_success
	assert_output "[a  b][][*][line
break][-x][--]"
}

@test "exec.1 signals reach the command" {
	local pid
	mgr-execute -n web -- sh -c 'trap "echo term; exit 3" TERM; trap "echo usr1" USR1; echo ready; while :; do read -r -t 1; done' \
		>"$BATS_TEST_TMPDIR/out" </dev/null &
	pid=$!
	wait_until 5 grep -q ready "$BATS_TEST_TMPDIR/out"
	kill -USR1 $pid
	wait_until 5 grep -q usr1 "$BATS_TEST_TMPDIR/out"
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	assert_status 3
	assert_equal "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" term
}

@test "exec.1 mgr-stop asks the command, and mgr-stop -k kills it" {
	local pid
	mgr-execute -n web -- sleep 100 </dev/null &
	pid=$!
	wait_state web RUNNING
	run timeout 10 mgr-stop -n web
	assert_success
	status=0
	wait $pid || status=$?
	assert_status 143
	mgr-execute -n web -- sleep 100 </dev/null &
	pid=$!
	wait_state web RUNNING
	mgr-stop -k -n web
	status=0
	wait $pid || status=$?
	assert_status 137
}

@test "exec.1 what the command leaves behind is reaped while it runs, and ends with it" {
	run mgr-execute -n web -- sh -c '(sleep 0.1 & ) ; sleep 0.5; ps -o stat,args | grep -c "^Z"; (sleep 100 &); echo end'
	assert_success
	assert_output "0
end"
	state_is web STOPPED
}

@test "exec.1 a reboot inside is the end of it" {
	run mgr-execute -n web -- sh -c 'reboot -f; sleep 10'
	assert_success
	state_is web STOPPED
}

@test "exec.1 what runs already is not started: mgr-attach is named" {
	boot web
	run mgr-execute -n web -- true
	assert_status 125
	assert_output "mgr-execute: web: is running: 'mgr-attach' runs commands in it"
	mgr-stop -k -n web
}

@test "exec.1 through /proc/1/exe nothing can be changed" {
	run mgr-execute -n web -- sh -c 'echo x >/proc/1/exe'
	[ "$status" -ne 0 ]
	run mgr-execute -n web -s container.idmap=none -- sh -c 'exec 3<>/proc/1/exe'
	[ "$status" -ne 0 ]
	run mgr-execute -n web -- true
	assert_success
}

@test "exec.1 what cannot be run: 126, what is not there: 127, ours: 125" {
	run -127 mgr-execute -n web -- nosuch
	assert_output "mgr-execute: web: run 'nosuch': No such file or directory"
	run mgr-execute -n web -- /etc/passwd
	assert_status 126
	assert_output "mgr-execute: web: run '/etc/passwd': Permission denied"
	run mgr-execute -n web
	assert_status 125
	assert_equal "${lines[0]}" "mgr-execute: no command given"
	run mgr-execute -n web -- ""
	assert_status 125
	assert_equal "${lines[0]}" "mgr-execute: no command given"
	run mgr-execute -n nosuch -- true
	assert_status 125
	assert_output "mgr-execute: nosuch: no such container"
	run mgr-execute -n web -u nobodies -- true
	assert_status 125
	assert_output "mgr-execute: web: exec: the container has no user 'nobodies'"
	state_is web STOPPED
}

@test "exec.1 a user of the container's, with a clean environment and the home as folder" {
	run env LEAK=1 mgr-execute -n web -u nobody -- sh -c 'id -un; env | sort'
	assert_success
	assert_equal "${lines[0]}" nobody
	assert_contains "
USER=nobody
"
	refute_contains LEAK
	run mgr-execute -n web -- pwd
	assert_output /root
}

@test "exec.1 options of a run: host name, limits, any key" {
	run mgr-execute -n web --hostname other --memory 48M --cpus 0.5 -s environment.X=y -- sh -c 'hostname; echo $X'
	assert_output "other
y"
	run mgr-execute -n web --memory 0 -- true
	assert_status 125
	assert_contains limits.memory
	run mgr-execute -n web -- hostname
	assert_output web
}

# --- exec.3 ----------------------------------------------------------------------------------------------------------------

@test "exec.3 a missing interpreter is named, for a script and for a program" {
	local root=$MGR_ROOT/var/lib/mgr/web/rootfs
	printf '#!/usr/bin/python9 -x\n' >"$root/script"
	cp /bin/true "$root/bin/linked"
	chmod 755 "$root/script"
	run -127 mgr-execute -n web -- /script
	assert_output "mgr-execute: web: run '/script': '/script' needs the interpreter '/usr/bin/python9', which the container does not have"
	run -127 mgr-execute -n web -- linked
	assert_match "^mgr-execute: web: run 'linked': '.*/bin/linked' needs the interpreter '/lib.*/ld-.*', which the container does not have$"
	boot web
	run -127 mgr-attach -n web -- /script
	assert_output "mgr-attach: web: run '/script': '/script' needs the interpreter '/usr/bin/python9', which the container does not have"
	mgr-stop -k -n web
	rm "$root/script" "$root/bin/linked"
}
