# SPDX-License-Identifier: LGPL-2.1-or-later
# One busybox container, web, runs through the file.
load ../lib/common

setup_file() {
	mgr-create -n web -t busybox -s net.0.type=empty
	mgr-start -n web --wait=60
	mgr-attach -n web -- sh -c 'cat >>/etc/passwd; mkdir -p /home/alice; chown 1000:100 /home/alice' <<-EOF
		alice:x:1000:100:Alice:/home/alice:/bin/ash
		lost:x:1001:100:Lost:/nowhere:/bin/sh
		shellless:x:1002:100::/:/bin/nonsuch
	EOF
	mgr-attach -n web -- sh -c 'cat >>/etc/group' <<-EOF
		users:x:100:
		sudo:x:27:bob,alice
		audio:x:29:alice,root
	EOF
}

teardown_file() {
	mgr-destroy -f -n web
}

terminal() {
	"$BATS_TEST_DIRNAME/../lib/terminal" "$@"
}

init_pid() {
	mgr-info -n web -pH
}

# attached NAME: a process of our own inside that waits; sets pid, as the host sees it.
attached() {
	mgr-attach -n web "$@" -- sh -c 'echo here >&2; exec sleep 1000' 2>"$BATS_TEST_TMPDIR/said" &
	attach_pid=$!
	wait_until 10 grep -q here "$BATS_TEST_TMPDIR/said"
	pid=$(pgrep -P $attach_pid)
	wait_until 10 grep -q sleep "/proc/$pid/comm"
}

detach() {
	kill -KILL "$pid"
	wait "$attach_pid" || true
}

status_lines() {
	grep -E '^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' "/proc/$1/status"
}

@test "attach.1 the command is in every namespace of init's" {
	attached
	local n
	for n in mnt pid uts ipc net cgroup user; do
		assert_equal "$n $(readlink "/proc/$pid/ns/$n")" "$n $(readlink "/proc/$(init_pid)/ns/$n")"
	done
	detach
}

@test "attach.1 the command is in every cgroup of the container's" {
	attached
	# A guest may give its own cgroup of v2 controllers, and then no process can join: there it is a leaf.
	assert_equal "$(sed '/^0::/s,/attach$,,' "/proc/$pid/cgroup")" "$(cat "/proc/$(init_pid)/cgroup")"
	detach
}

@test "attach.1 the command has init's id map, capabilities and seccomp filter" {
	attached
	assert_equal "$(cat "/proc/$pid/uid_map")" "$(cat "/proc/$(init_pid)/uid_map")"
	assert_equal "$(status_lines "$pid")" "$(status_lines "$(init_pid)")"
	detach
	run mgr-attach -n web -- sh -c 'grep Seccomp: /proc/self/status; id -u'
	assert_output $'Seccomp:\t2\n0'
}

@test "attach.1 an ordinary user inside has no capabilities" {
	attached -u alice
	run grep -E '^Cap(Inh|Prm|Eff|Amb):' "/proc/$pid/status"
	detach
	assert_equal "$(tr -d '\n\t' <<<"${output//Cap/ }")" " Inh:0000000000000000 Prm:0000000000000000 Eff:0000000000000000 Amb:0000000000000000"
}

@test "attach.1 the host's keys are not the command's" {
	# add_key(2) and keyctl(2), KEYCTL_JOIN_SESSION_KEYRING and KEY_SPEC_SESSION_KEYRING
	with_key() {
		python3 - "$@" <<-'EOF'
			import ctypes, os, sys
			add_key, keyctl = (248, 250) if os.uname().machine == "x86_64" else (217, 219)
			call = ctypes.CDLL(None).syscall
			call(keyctl, 1, None)
			call(add_key, b"user", b"the-hosts-own", b"secret", 6, -3)
			os.execvp(sys.argv[1], sys.argv[1:])
		EOF
	}
	run with_key cat /proc/keys
	assert_contains the-hosts-own
	run with_key mgr-attach -n web -- cat /proc/keys
	assert_success
	refute_contains the-hosts-own
}

@test "attach.1 nothing of the host's is open in the command" {
	exec 7</etc/hostname 8>"$BATS_TEST_TMPDIR/mine"
	run mgr-attach -n web -- sh -c 'ls /proc/self/fd' </dev/null
	assert_output $'0\n1\n2\n3'
}

@test "attach.1 a standard descriptor that is closed is not filled with something of the host's" {
	mgr-attach -n web -- sh -c 'ls -l /proc/self/fd' <&- 2>&- >"$BATS_TEST_TMPDIR/out"
	run sed -n 's/.* \([0-9]* -> .*\)/\1/p' "$BATS_TEST_TMPDIR/out"
	assert_equal "${lines[0]}" "0 -> /dev/null"
	assert_equal "${lines[2]}" "2 -> /dev/null"
	run sh -c 'mgr-attach -n web -- echo lost >&-'
	assert_status 1
}

@test "attach.1 a folder is not handed in: it would be a way out" {
	run --separate-stderr mgr-attach -n web -- true </
	assert_status 125
	assert_equal "$stderr" "mgr-attach: web: standard input is a folder, which is not handed in"
}

@test "attach.1 links that the guest plants lead nowhere on the host" {
	mgr-attach -n web -- sh -c 'ln -s /proc/self/fd/5 /trap; mv /etc/passwd /etc/kept; ln -s /proc/1/root/../../etc/passwd /etc/passwd'
	run mgr-attach -n web -c /trap -- pwd
	mgr-attach -n web -u 0 -- sh -c 'rm /etc/passwd; mv /etc/kept /etc/passwd'
	assert_status 125
	assert_output "mgr-attach: web: change to folder '/trap': Too many levels of symbolic links"
}

@test "attach.1 -c DIR, -u by name and number, -g by name and number" {
	run mgr-attach -n web -c /var/www -u alice -- sh -c 'pwd; id -u; id -g'
	assert_output $'/var/www\n1000\n100'
	run mgr-attach -n web -u 1000 -g audio -- sh -c 'pwd; id -u; id -g'
	assert_output $'/home/alice\n1000\n29'
	run mgr-attach -n web -u 4711 -g 12 -- sh -c 'pwd; id -u; id -g'
	assert_output $'/\n4711\n12'
	run mgr-attach -n web -u lost -- pwd
	assert_output /
}

@test "attach.1 an id outside the map, an unknown user, group or folder are refused by name" {
	run mgr-attach -n web -u 70000 -- true
	assert_status 125
	assert_output "mgr-attach: web: user id 70000 is not in the container's id map"
	run mgr-attach -n web -g 70000 -- true
	assert_status 125
	assert_output "mgr-attach: web: group id 70000 is not in the container's id map"
	run mgr-attach -n web -u nobody9 -- true
	assert_status 125
	assert_output "mgr-attach: web: the container has no user 'nobody9'"
	run mgr-attach -n web -g nogroup9 -- true
	assert_status 125
	assert_output "mgr-attach: web: the container has no group 'nogroup9'"
	run mgr-attach -n web -c /nonsuch -- true
	assert_status 125
	assert_output "mgr-attach: web: change to folder '/nonsuch': No such file or directory"
}

@test "attach.2 without a command it is the user's login shell, in the user's home" {
	run mgr-attach -n web <<<'echo $0 $PWD'
	assert_output "-sh /root"
	run mgr-attach -n web -u alice <<<'echo $0 $PWD'
	assert_output "-ash /home/alice"
	run -127 mgr-attach -n web -u shellless </dev/null
	assert_output "mgr-attach: web: run the login shell '/bin/nonsuch': No such file or directory"
}

@test "attach.3 supplementary groups are the guest's" {
	run mgr-attach -n web -u alice -- id -G
	assert_output "100 27 29"
	run mgr-attach -n web -- id -G
	assert_output "0 29"
}

@test "attach.4 the environment is the guest's" {
	export LEAK=secret HOME=/host USER=hostuser SHELL=/bin/hostsh PATH=$PATH:/host
	run mgr-attach -n web -u alice -- env
	assert_success
	refute_contains secret
	refute_contains host
	assert_contains HOME=/home/alice
	assert_contains USER=alice
	assert_contains SHELL=/bin/ash
	assert_contains PATH=/usr/local/bin:/usr/bin:/bin
	assert_contains TERM=
	assert_contains container=mgr
}

@test "attach.4 --keep-env keeps what is not the guest's own, -v wins" {
	export LEAK=secret HOME=/host
	run mgr-attach -n web --keep-env -v A=1 -v "B=two words" -v USER=me -- env
	assert_contains LEAK=secret
	assert_contains HOME=/root
	assert_contains A=1
	assert_contains "B=two words"
	assert_contains USER=me
	run mgr-attach -n web --keep-env --clear-env -- env
	refute_contains LEAK
	run mgr-attach -n web -v novalue -- env
	assert_status 125
}

@test "attach.5 100 MB pass unchanged each way" {
	head -c 100M /dev/urandom >"$BATS_TEST_TMPDIR/data"
	local sum
	sum=$(md5sum <"$BATS_TEST_TMPDIR/data")
	mgr-attach -n web -- sh -c 'cat >/tmp/data; md5sum </tmp/data' <"$BATS_TEST_TMPDIR/data" >"$BATS_TEST_TMPDIR/in"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/in")" "$sum"
	assert_equal "$(mgr-attach -n web -- cat /tmp/data | md5sum)" "$sum"
	assert_equal "$(mgr-attach -n web -- cat <"$BATS_TEST_TMPDIR/data" | md5sum)" "$sum"
	mgr-attach -n web -- rm /tmp/data
}

@test "attach.5 stderr stays apart from stdout" {
	run --separate-stderr mgr-attach -n web -- sh -c 'echo out; echo err >&2'
	assert_output out
	assert_equal "$stderr" err
}

@test "attach.5 a script's own stdin is left to the script" {
	local lines=() line
	while read -r line; do
		lines+=("$line")
		mgr-attach -n web -- true
	done < <(printf '%s\n' one two three)
	assert_equal "${lines[*]}" "one two three"
}

@test "attach.5 on a terminal the command has one of the container's" {
	run terminal -- mgr-attach -n web -- sh -c 'tty; ls -l /proc/self/fd; stat -c %U /dev/tty $(tty)'
	assert_success
	assert_match ^/dev/pts/[0-9]+
	[ "$(grep -c -- '-> /dev/pts/' <<<"$output")" -eq 3 ]
	run terminal -- mgr-attach -n web -u alice -- sh -c 'stat -c "owner %u" $(tty); echo x >$(tty)'
	assert_success
	assert_contains "owner 1000"
}

@test "attach.5 only what is a terminal is replaced" {
	run terminal -- sh -c 'head -c 1000000 /dev/zero | mgr-attach -n web -- sh -c "wc -c; tty <&2" >'"$BATS_TEST_TMPDIR/out"
	assert_success
	assert_equal "$(head -n 1 "$BATS_TEST_TMPDIR/out")" 1000000
	run tail -n 1 "$BATS_TEST_TMPDIR/out"
	assert_match "^/dev/pts/"
}

@test "attach.5 without a terminal the command cannot reach the caller's" {
	run terminal -- sh -c 'mgr-attach -n web -- sh -c "echo leaked >/dev/tty" </dev/null 2>&1 | cat'
	refute_contains leaked
}

@test "attach.5 what was written last is shown before it ends" {
	local i
	for i in 1 2 3 4 5 6 7 8 9 10; do
		run terminal -- mgr-attach -n web -- sh -c 'seq 1 2000; echo the last line'
		assert_success
		assert_match 'the last line'
	done
}

@test "attach.5 a job that stays behind with the terminal does not hold the command" {
	run terminal -- mgr-attach -n web -- sh -c 'trap "" HUP; sleep 1000 & echo done'
	assert_success
	assert_contains "done"
	mgr-attach -n web -- killall sleep
}

@test "attach.6 the window's size passes, and its changes" {
	run terminal -s 33x101 'expect:33 101' resize:44x77 'expect:44 77' -- \
		mgr-attach -n web -- sh -c 'trap "stty size; exit" WINCH; stty size; while :; do sleep 0.1; done'
	assert_success
}

@test "attach.6 keys pass, ^C interrupts inside, and the terminal is as before" {
	run terminal expect:ready 'send:\x03' -- mgr-attach -n web -- sh -c 'echo ready; sleep 1000'
	assert_status 130
	run terminal 'expect:[#$] ' 'send:echo a$((1+1))b\r' expect:a2b 'send:exit 7\r' -- mgr-attach -n web
	assert_status 7
}

@test "attach.6 while it is stopped the terminal is its user's" {
	run terminal expect:ready raw signal:TSTP cooked signal:CONT raw 'send:x\r' 'expect:got x' -- \
		mgr-attach -n web -- sh -c 'echo ready; read -r line; echo "got $line"'
	assert_success
}

@test "attach.6 signals pass, with a terminal and without" {
	local trap='trap "echo got it; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	run terminal expect:ready signal:TERM 'expect:got it' -- mgr-attach -n web -- sh -c "$trap"
	assert_status 3
	mgr-attach -n web -- sh -c "$trap" >"$BATS_TEST_TMPDIR/out" &
	local pid=$!
	wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/out"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	assert_status 3
}

@test "attach.6 a terminal that goes away hangs the command up" {
	run terminal expect:ready hangup -- mgr-attach -n web -- sh -c 'trap "echo hung up >/tmp/hup; exit" HUP; echo ready; while :; do sleep 0.1; done'
	assert_status 129
	wait_until 10 mgr-attach -n web -- test -s /tmp/hup
}

@test "attach.7 the exit status is the command's, 126, 127, or 128 and the signal" {
	run mgr-attach -n web -- sh -c 'exit 0'
	assert_status 0
	run mgr-attach -n web -- sh -c 'exit 3'
	assert_status 3
	run mgr-attach -n web -- sh -c 'kill -KILL $$'
	assert_status 137
	run mgr-attach -n web -- /etc/passwd
	assert_status 126
	assert_output "mgr-attach: web: run '/etc/passwd': Permission denied"
	run -127 mgr-attach -n web -- nonsuch
	assert_output "mgr-attach: web: run 'nonsuch': No such file or directory"
	run mgr-attach -n web --nonsuch
	assert_status 125
}

@test "attach.8 a stopped container: 125 and one line" {
	container idle -s net.0.type=empty
	run mgr-attach -n idle -- true
	assert_status 125
	assert_output "mgr-attach: idle: is not running"
	run mgr-attach -n absent -- true
	assert_status 125
	[ "${#lines[@]}" -eq 1 ]
}

# The folder that can freeze the container: of v2, else of v1's freezer.
freezer() {
	local events
	for events in "/sys/fs/cgroup/mgr-$MGR_LAB_ID/web" "/sys/fs/cgroup/unified/mgr-$MGR_LAB_ID/web"; do
		[ ! -e "$events/cgroup.freeze" ] || { echo "$events"; return; }
	done
}

@test "attach.8 a frozen container: 125 and one line" {
	local folder
	folder=$(freezer)
	[ -n "$folder" ] || skip "no cgroup v2 here"
	echo 1 >"$folder/cgroup.freeze"
	wait_until 10 grep -q 'frozen 1' "$folder/cgroup.events"
	run mgr-attach -n web -- true
	echo 0 >"$folder/cgroup.freeze"
	assert_status 125
	assert_output "mgr-attach: web: is frozen: mgr-unfreeze lets it run on"
	run mgr-attach -n web -- true
	assert_success
}

@test "attach.8 a guest that has frozen the cgroup of what is attached: 125 and one line" {
	local folder
	folder=$(freezer)
	[ -n "$folder" ] || skip "no cgroup v2 here"
	[ -n "$(cat "$folder/cgroup.controllers")" ] || skip "v2 has no controllers here: nothing needs the leaf"
	# shellcheck disable=SC2016
	mgr-attach -n web -- sh -c 'echo $$ >/sys/fs/cgroup/cgroup.procs; cd /sys/fs/cgroup; rmdir attach; mkdir attach; echo 1 >attach/cgroup.freeze'
	run within 20 mgr-attach -n web -- true
	echo 0 >"$folder/attach/cgroup.freeze"
	assert_status 125
	assert_output "mgr-attach: web: has frozen the cgroup that commands run in"
}

@test "attach.8 a guest that leaves no room in the cgroup of what is attached: then it is beside init" {
	local folder
	folder=$(freezer)
	[ -n "$folder" ] || skip "no cgroup v2 here"
	grep -qw pids "$folder/cgroup.controllers" || skip "v2 has no pids here"
	# shellcheck disable=SC2016
	mgr-attach -n web -- sh -c 'echo $$ >/sys/fs/cgroup/cgroup.procs; cd /sys/fs/cgroup; rmdir attach
		echo +pids >cgroup.subtree_control && mkdir attach && echo 0 >attach/pids.max'
	run mgr-attach -n web -- grep ^0: /proc/self/cgroup
	rmdir "$folder/attach"
	echo -pids >"$folder/cgroup.subtree_control"
	assert_output "0::/"
	echo 1 >"$folder/pids.max"
	run mgr-attach -n web -- true
	echo max >"$folder/pids.max"
	assert_status 125
	assert_output "mgr-attach: web: has no room for one more process: limits.pids, or a limit of its own for what is attached"
}

# CVE-2019-5736: a guest's command whose interpreter is /proc/self/exe is the host's program for a moment.
@test "attach.1 the program that enters a privileged container is a copy, which nothing inside can change" {
	local root=$MGR_ROOT/var/lib/mgr/open/rootfs loader
	[ "$(uname -m)" = x86_64 ] || skip "tests/lib/exe.c is for x86-64"
	container open -s container.idmap=none -s net.0.type=empty
	loader=$(readelf -l "$(command -v mgr)" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
	mkdir -p "$root$(dirname "$loader")"
	cc -static-pie -fpie -nostdlib -ffreestanding -fno-stack-protector -O1 -o "$root$loader" "$BATS_TEST_DIRNAME/../lib/exe.c"
	printf '#!/proc/self/exe\n' >"$root/bin/evil"
	chmod 755 "$root/bin/evil"
	boot open
	run mgr-attach -n open -- /bin/evil
	assert_output '/memfd:mgr-copy (deleted)'
	run mgr-attach -n open -v A=b -- sh -c 'echo "$A"; cat; exit 7' <<<"in"
	assert_status 7
	assert_output $'b\nin'
	run mgr-attach -n open -- nosuch
	assert_status 127
}
