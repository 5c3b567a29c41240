# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
load ../lib/common

setup_file() {
	mgr-create -n web -t busybox -B dir -s net.0.type=empty
	mkdir -m 700 "$BATS_FILE_TMPDIR/closed"
	cp -a "$MGR_ROOT/var/lib/mgr/web/rootfs" "$BATS_FILE_TMPDIR/closed/tree"
}

setup() {
	common_setup
	tree=$BATS_FILE_TMPDIR/closed/tree
	own_store "$MGR_ROOT/run/mgr/.execute"
}

teardown() {
	[ "$(mgr-info -n web -sH)" = STOPPED ] || mgr-stop -k -n web # a test has failed
	common_teardown
}

# Nothing of a run in a folder is left: store, ids, addresses, logs, cgroups.
nothing_left() {
	local id
	id=$("$BATS_TEST_DIRNAME/../lib/storeid" "$MGR_LAB_ID:$(realpath -m "$MGR_ROOT/run/mgr/.execute")")
	assert_equal "$(find "$MGR_ROOT/run/mgr" -mindepth 1 -maxdepth 1 ! -name web ! -name .net)" ""
	assert_equal "$(find "$MGR_ROOT/var/log/mgr" -mindepth 1 -maxdepth 1 ! -name web ! -name .net)" ""
	assert_equal "$(cat "$MGR_ROOT"/var/lib/mgr/.ids/by-slot/* | grep -c run-)" 0
	assert_equal "$(cat "$MGR_ROOT"/var/lib/mgr/.leases/by-slot/* 2>/dev/null | grep -c run-)" 0
	assert_equal "$(find /sys/fs/cgroup -path "*/mgr-$id*")" ""
}

# The one that runs in a folder is in $passing.
runs_in_folder() {
	passing=$(mgr-ls -1 -P "$MGR_ROOT/run/mgr/.execute") &&
		[ "$(mgr-info -P "$MGR_ROOT/run/mgr/.execute" -n "$passing" -sH 2>/dev/null)" = RUNNING ]
}

# owners FOLDER: of all that is in it.
owners() {
	find "$1" -printf '%P %U:%G %m\n' | sort
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
	run within 10 mgr-stop -n web
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

@test "exec.1 when mgr-execute is killed, the command is asked to end" {
	local pid out=$BATS_TEST_TMPDIR/out
	mgr-execute -n web -- sh -c 'trap "echo term; exit" TERM; echo ready; while :; do read -r -t 1; done' >"$out" </dev/null &
	pid=$!
	wait_until 5 grep -q ready "$out"
	kill -KILL $pid
	wait_state web STOPPED
	assert_equal "$(tail -n 1 "$out")" term
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
	run mgr-execute -n web --cpus 0-0 -- grep Cpus_allowed_list /proc/self/status
	assert_match ":[[:space:]]+0$"
	run mgr-execute -n web --memory 0 -- true
	assert_status 125
	assert_contains limits.memory
	run mgr-execute -n web -- hostname
	assert_output web
}

@test "exec.1 a terminal is stood for by one of the container's: its size follows, keys reach the command" {
	run "$BATS_TEST_DIRNAME/../lib/terminal" -s 33x99 expect:'33 99' expect:ready resize:20x80 expect:'20 80' 'send:\x03' expect:INT -- \
		mgr-execute -n web -- sh -c 'stty size; tty; trap "echo INT; exit 5" INT; trap "stty size" WINCH; echo ready; while :; do read -r -t 1 x; done'
	assert_status 5
	assert_contains /dev/
}

@test "exec.1 a terminal beside a pipe: each is what it was" {
	run "$BATS_TEST_DIRNAME/../lib/terminal" -- bash -c 'echo piped | mgr-execute -n web -- sh -c "cat; test -t 0 || test ! -t 1 || echo mixed"'
	assert_contains piped
	assert_contains mixed
}

@test "exec.1 a terminal that hangs up ends it" {
	run "$BATS_TEST_DIRNAME/../lib/terminal" expect:ready hangup -- mgr-execute -n web -- sh -c 'echo ready; sleep 100'
	wait_state web STOPPED
}

# --- exec.2 ----------------------------------------------------------------------------------------------------------------

@test "exec.2 in a folder, without a stored container: owners stay, nothing is left" {
	owners "$tree" >"$BATS_TEST_TMPDIR/before"
	run mgr-execute --rootfs "$tree" -- sh -c 'id -u; cat /proc/self/uid_map; hostname; ip -o link | wc -l; echo "$*"' sh 'a  b' ''
	assert_success
	assert_equal "${lines[0]}" 0
	assert_match " 0 +[0-9]{6,} +65536"
	assert_match $'\nrun-[0-9a-f]{8}\n1\na  b $'
	owners "$tree" | diff "$BATS_TEST_TMPDIR/before" -
	nothing_left
}

@test "exec.2 status, pipes and a clean environment as with a stored container" {
	assert_equal "$(echo x | mgr-execute --rootfs "$tree" -- cat | wc -c)" 2
	run mgr-execute --rootfs "$tree" -- sh -c 'exit 9'
	assert_status 9
	run env LEAK=1 mgr-execute --rootfs "$tree" -u nobody -- env
	refute_contains LEAK
	assert_contains USER=nobody
	run -127 mgr-execute --rootfs "$tree" -- nosuch
	assert_output "mgr-execute: run 'nosuch': No such file or directory"
	run mgr-execute --rootfs "$tree" --
	assert_status 125
	nothing_left
}

@test "exec.2 host name, limits, network" {
	run mgr-execute --rootfs "$tree" --hostname other --memory 40M --cpus 0.5 --net bridge -- sh -c 'hostname; ip -o -4 addr show eth0'
	assert_success
	assert_equal "${lines[0]}" other
	assert_match "inet 10\.1[0-9]+\."
	ip link add seen type bridge
	run mgr-execute --rootfs "$tree" --net host -- ip -o link show seen
	assert_success
	ip link del seen
	run mgr-execute --rootfs "$tree" --net wifi -- true
	assert_status 125
	assert_output "mgr-execute: --net: 'wifi' is not empty, host or bridge"
	mgr-net down
	nothing_left
}

@test "exec.2 -v gives it a folder and a file of the host's" {
	local dir=$BATS_FILE_TMPDIR/closed/given
	mkdir "$dir"
	echo one >"$dir/a file"
	run mgr-execute --rootfs "$tree" -v "$dir:/mnt/x" -v "$dir/a file:/etc/given:ro" -- sh -c 'cat "/mnt/x/a file" /etc/given; echo two >/mnt/x/new; echo x >/etc/given'
	assert_status 1
	assert_contains "one
one"
	assert_equal "$(<"$dir/new")" two
	assert_equal "$(stat -c %u "$dir/new")" 0
	assert_equal "$(<"$dir/a file")" one
	run mgr-execute --rootfs "$tree" -v "/tmp:/mnt/x" -- true
	assert_status 125
	assert_contains exposed
	run mgr-execute --rootfs "$tree" -v "/tmp:/mnt/x:rx" -- true
	assert_output "mgr-execute: --volume: '/tmp:/mnt/x:rx': option 'rx' is not ro, rw, idmap, create, optional, exposed or trusted"
	run mgr-execute --rootfs "$tree" -v "tmp:/x" -- true
	assert_status 125
	nothing_left
}

@test "exec.2 a folder that others can come to is refused, unless --exposed; so is one that is no folder" {
	local open
	open=$TMPDIR/open-execute # what bats makes is closed
	mkdir "$open"
	chmod 755 "$open"
	cp -a "$tree" "$open/tree"
	run mgr-execute --rootfs "$open/tree" -- true
	assert_status 125
	assert_match "^mgr-execute: --rootfs: folder '$open/tree' can be entered by others than root"
	run mgr-execute --rootfs "$open/tree" --exposed -- echo runs
	assert_output runs
	rm -r "$open"
	run mgr-execute --rootfs "$tree/etc/passwd" -- true
	assert_status 125
	run mgr-execute --rootfs "$tree" -n web -- true
	assert_status 125
	run mgr-execute -- true
	assert_status 125
	assert_equal "${lines[0]}" "mgr-execute: no container named, and no --rootfs"
	nothing_left
}

@test "exec.2 with mgr-execute what it runs ends; what a killed one has left, the next one clears" {
	local pid
	mgr-execute --rootfs "$tree" -- sleep 100 </dev/null &
	pid=$!
	wait_until 10 runs_in_folder
	kill -KILL $pid
	mgr-wait -P "$MGR_ROOT/run/mgr/.execute" -n "$passing" -s STOPPED -t $((10 * patience))
	run mgr-execute --rootfs "$tree" -- true
	assert_success
	nothing_left
}

@test "exec.2 any number of runs have one folder at once, beside no stored container that runs in it" {
	local i
	assert_equal "$(echo abc | mgr-execute --rootfs "$tree" -- cat | mgr-execute --rootfs "$tree" -- tr a b | mgr-execute --rootfs "$tree" -- tr c d)" bbd
	for i in 1 2 3 4; do
		mgr-execute --rootfs "$tree" -- sh -c 'echo $0' "$i" >"$BATS_TEST_TMPDIR/out$i" 2>&1 </dev/null &
	done
	wait
	assert_equal "$(cat "$BATS_TEST_TMPDIR"/out?)" "1
2
3
4"
	forget_later stored
	mgr-create -n stored --rootfs "$tree" -s net.0.type=empty -s init.ready=exec
	run mgr-execute --rootfs "$tree" -- echo beside
	assert_output beside
	boot stored
	run mgr-execute --rootfs "$tree" -- true
	assert_status 125
	assert_output "mgr-execute: storage: '$tree' is the root file system of 'stored', which runs"
	mgr-stop -k stored
	mgr-execute --rootfs "$tree" -- sleep 100 </dev/null &
	wait_until 10 runs_in_folder
	run mgr-start -n stored
	assert_status 1
	assert_output "mgr-start: stored: storage: '$tree' is the root file system of '$passing', which mgr-execute runs in it"
	mgr-stop -k -P "$MGR_ROOT/run/mgr/.execute" "$passing"
	wait
	run mgr-start -n stored
	assert_success
	mgr-stop -k stored
	mgr-destroy -n stored
	nothing_left
}

@test "exec.2 killed at any point of its making, nothing stays" {
	local point
	for point in create:reserved create:configured create:renamed execute:made boot:up:clone; do
		MGR_DEBUG_KILL=$point mgr-execute --rootfs "$tree" -- true || true
		mgr-create -n other -t busybox
		mgr-destroy -n other
		nothing_left
	done
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
