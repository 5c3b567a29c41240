#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Bad input: one clear line that names the option, key or object, the exit code of the contract, and nothing changed.

load ../lib/common
load ../lib/inject

setup() {
	common_setup
	store=$MGR_ROOT/var/lib/mgr
}

# What mgr keeps and makes; not what goes by itself (the managed network), nor what tells of a failed start (logs, `last`).
state() {
	(
		cd "$MGR_ROOT" && find . -path '*/rootfs/*' -prune -o -path ./run -prune -o -path ./var/log -prune -o -path ./var/cache -prune \
			-o -type d -print -o -name last -prune -o -name next -prune -o -name prefix6 -prune -o -printf '%p %m %U:%G %s %l ' -type f -exec sha256sum {} \; -o -printf '\n' | sort
		ip -o link | awk '!/mgrbr/ { print $2 }'
		find /sys/fs/cgroup/*/ -maxdepth 2 -path "*$MGR_LAB_ID/*"
	) 2>/dev/null || true
}

# refused: a table from stdin, "STATUS | TEXT | COMMAND" a line: each command, run by a shell, exits with STATUS, prints
# nothing on stdout and one line on stderr (64: one more, "try ...") that has TEXT in it; together they change nothing.
# Every line that is not so is reported.
refused() {
	local before line code text command got out lines bad=0
	before=$(state)
	while IFS= read -r line; do
		[[ $line == *" | "* ]] || continue
		code=${line%% | *} text=${line#* | } command=${text#* | }
		code=${code//[$' \t']/} text=${text%% | *}
		got=0
		out=$(within 20 bash -c "$command" 2>"$BATS_TEST_TMPDIR/err" </dev/null) || got=$?
		lines=$(wc -l <"$BATS_TEST_TMPDIR/err")
		if [ "$got" != "$code" ] || [ -n "$out" ] || ! grep -qF -- "$text" "$BATS_TEST_TMPDIR/err" ||
			{ [ "$lines" != 1 ] && ! { [ "$code" = 64 ] && [ "$lines" = 2 ] && grep -q "^try 'mgr" "$BATS_TEST_TMPDIR/err"; }; } ||
			! grep -q '^mgr' "$BATS_TEST_TMPDIR/err"; then
			printf '# %s\n#   wanted %s, %s\n#   got %s, %s%s\n' "$command" "$code" "$text" "$got" "$(cat "$BATS_TEST_TMPDIR/err")" \
				"${out:+, stdout: $out}" >&2
			bad=$((bad + 1))
		fi
	done
	[ "$before" = "$(state)" ] || { diff <(echo "$before") <(state) >&2; bad=$((bad + 1)); }
	[ "$bad" -eq 0 ]
}

# named COMMAND: how it is called about a container, with NAME for the container's name; nothing for one that is about none.
named() {
	case $1 in
	ls | net | monitor | checkconfig | autostart | images | import | create) ;;
	attach) echo 'mgr-attach -n NAME -- true' ;;
	execute) echo 'mgr-execute -n NAME -- true' ;;
	config) echo 'mgr-config -n NAME show' ;;
	wait) echo 'mgr-wait -n NAME -s STOPPED' ;;
	push) echo 'mgr-push -n NAME /etc/hostname /tmp/x' ;;
	pull) echo 'mgr-pull -n NAME /etc/hostname /tmp/x' ;;
	cgroup) echo 'mgr-cgroup -n NAME memory.max' ;;
	forward) echo 'mgr-forward add -n NAME tcp:8080:80' ;;
	*) echo "mgr-$1 -n NAME" ;;
	esac
}

commands() {
	mgr help | awk '/^  [a-z]/ { print $1 }'
}

ours() {
	case $1 in attach | execute) echo 125 ;; *) echo 1 ;; esac
}

@test "input.1 a name that is none is refused by every command" {
	local command call long
	printf -v long 'a%.0s' {1..64}
	{
		for command in $(commands) create; do
			call=$(named "$command")
			[ "$command" != create ] || call='mgr-create -t busybox -n NAME'
			[ -n "$call" ] || continue
			for row in "''|name cannot be empty" "..|'..' must begin" "../x|'../x' must begin" ".x|'.x' must begin" \
				"-- -x|-x" "'a b'|'a b' may hold" "a/b|'a/b' may hold" "\$'a\\nb'|'a b' may hold" "$long|is too long: at most 63" \
				"é|must begin"; do
				case $row in --*) continue ;; esac
				echo "$(ours "$command") | $(cut -d'|' -f2 <<<"$row") | ${call/NAME/${row%%|*}}"
			done
		done
	} >"$BATS_TEST_TMPDIR/table"
	refused <"$BATS_TEST_TMPDIR/table"
}

@test "input.2 a container that is not there is refused by every command" {
	local command call
	for command in $(commands); do
		call=$(named "$command")
		[ -z "$call" ] || echo "$(ours "$command") | nosuch: no such container | ${call/NAME/nosuch}"
	done >"$BATS_TEST_TMPDIR/table"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/table")" -ge 7 ]
	refused <"$BATS_TEST_TMPDIR/table"
}

@test "input.3 a template that is none, and a container that is there already" {
	container web
	mkdir "$BATS_TEST_TMPDIR/folder"
	touch "$BATS_TEST_TMPDIR/plain"
	refused <<-END
		1 | template 'nosuch': there is none of that name | mgr-create -n x -t nosuch
		1 | $BATS_TEST_TMPDIR/nosuch | mgr-create -n x -t $BATS_TEST_TMPDIR/nosuch
		1 | $BATS_TEST_TMPDIR/folder | mgr-create -n x -t $BATS_TEST_TMPDIR/folder
		1 | $BATS_TEST_TMPDIR/plain | mgr-create -n x -t $BATS_TEST_TMPDIR/plain
		1 | template '../busybox' | mgr-create -n x -t ../busybox
		1 | template '' | mgr-create -n x -t ''
		1 | web | mgr-create -n web -t busybox
		1 | web | mgr-create -n Web -t busybox
		64 | mgr-create: | mgr-create -n x
	END
}

# What one key or option may not be: at create, by mgr-config, and for one run.
values() {
	cat <<-'END'
		forward.port | xxx | forward.port
		forward.port | tcp:80 | forward.port
		forward.port | tcp:0:80 | forward.port
		forward.port | tcp:65536:80 | forward.port
		forward.port | tcp:8080:0 | forward.port
		forward.port | tcp:8080:80:90:100 | forward.port
		forward.port | sctp:8080:80 | forward.port
		forward.port | tcp:8000-8003:8000-8002 | forward.port
		forward.port | tcp:8003-8000:8003-8000 | forward.port
		forward.port | tcp:300.1.1.1:80:80 | forward.port
		forward.port | tcp:host:80:80 | forward.port
		forward.port | tcp:8080:80,nosuch | forward.port
		forward.port | tcp:-1:80 | forward.port
		limits.memory | 0 | limits.memory
		limits.memory | -1 | limits.memory
		limits.memory | 10X | limits.memory
		limits.memory | 99999999999999999999 | limits.memory
		limits.memory | 16777216T | limits.memory
		limits.swap | lots | limits.swap
		limits.cpus | 0 | limits.cpus
		limits.cpus | -1 | limits.cpus
		limits.cpus | 1e9 | limits.cpus
		limits.cpus | nan | limits.cpus
		limits.pids | 0 | limits.pids
		limits.pids | 4294967296000 | limits.pids
		limits.pids | ten | limits.pids
		limits.cpuset | 3-1 | limits.cpuset
		limits.cpuset | 0,,1 | limits.cpuset
		limits.cpuset | 99999 | limits.cpuset
		limits.cpu-weight | 0 | limits.cpu-weight
		limits.cpu-weight | 10001 | limits.cpu-weight
		net.0.type | none | net.0.type
		net.0.type | bogus | net.0.type
		net.0.hwaddr | 01:00:5e:00:00:01 | net.0.hwaddr
		net.0.hwaddr | 00:00:00:00:00:00 | net.0.hwaddr
		net.0.hwaddr | 02:00:00:00:00 | net.0.hwaddr
		net.0.hwaddr | 02:00:00:00:00:0g | net.0.hwaddr
		net.0.mtu | 67 | net.0.mtu
		net.0.mtu | 65536 | net.0.mtu
		net.0.link | has/slash | net.0.link
		net.0.link | sixteen-is-too-l | net.0.link
		net.0.ipv4.address | 10.0.0.300/24 | net.0.ipv4.address
		net.0.ipv4.address | nonsense | net.0.ipv4.address
		container.idmap | u 0 0 65536 | container.idmap
		container.idmap | u 0 4294967295 2 | container.idmap
		container.idmap | u 0 100000 0 | container.idmap
		container.idmap | x 0 100000 65536 | container.idmap
		container.idmap | u 4294967295 100000 65536 | container.idmap
		rootfs.path | nosuch:/x | rootfs.path
		rootfs.path | dir:relative | rootfs.path
		rootfs.readonly | maybe | rootfs.readonly
		uts.name | -bad | uts.name
		uts.name | has space | uts.name
		init.ready | sometimes | init.ready
		init.ready | port:0 | init.ready
		init.ready | port:65536 | init.ready
		init.cwd | relative | init.cwd
		init.uid | -1 | init.uid
		signal.halt | SIGNOPE | signal.halt
		signal.halt | 0 | signal.halt
		signal.halt | 65 | signal.halt
		cap.drop | nosuch_cap | cap.drop
		mount.cgroup | v3 | mount.cgroup
		seccomp.profile | relative | seccomp.profile
		net.0.ipv6.address | fd00::1 | net.0.ipv6.address
		net.0.ipv6.address | fd00::/129 | net.0.ipv6.address
		net.0.ipv6.gateway | 10.0.0.1 | net.0.ipv6.gateway
		net.0.macvlan.mode | loose | net.0.macvlan.mode
		net.0.flags | sideways | net.0.flags
		net.0.script.up | relative/script | net.0.script.up
		net.16.link | br0 | net
		mount.entry | /src | mount.entry
		mount.entry | relative data none bind | mount.entry
		hook.pre-start | relative | hook.pre-start
		hook.timeout | soon | hook.timeout
		hook.nosuch | /bin/true | nosuch
		console.size | big | console.size
		console.buffer.size | -1 | console.buffer.size
		console.logfile | relative | console.logfile
		tty.max | 1000000 | tty.max
		log.level | LOUD | log.level
		cgroup2.. | 1 | cgroup2
		cgroup2.../../x | 1 | cgroup2
		nosuch.key | 1 | nosuch
		limits.nosuch | 1 | nosuch
		net.0.nosuch | 1 | nosuch
		net.x.link | br0 | [net.N]
	END
}

@test "input.4 a value that is malformed or out of range is refused at create, by mgr-config, and at start" {
	container web
	values | awk -F ' \\| ' -v OFS=' | ' '{
		print 1, $3, "mgr-create -n x -t busybox -s \"" $1 "=" $2 "\""
		print 1, $3, "mgr-config -n web set -- " $1 " \"" $2 "\""
		print 1, $3, "mgr-start -n web -s \"" $1 "=" $2 "\""
	}' >"$BATS_TEST_TMPDIR/table"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/table")" -gt 150 ]
	refused <"$BATS_TEST_TMPDIR/table"
}

@test "input.5 the options of mgr-create refuse what their keys refuse, and name themselves" {
	container web --ip 10.119.7.7
	ip=10.119.7.7
	refused <<-END
		1 | forward.port | mgr-create -n x -t busybox --forward xxx
		1 | forward.port | mgr-create -n x -t busybox --forward tcp:99999:80
		1 | limits.memory | mgr-create -n x -t busybox --memory -5
		1 | --memory: is empty | mgr-create -n x -t busybox --memory ''
		1 | --forward: is empty | mgr-start -n web --forward ''
		1 | limits.cpus | mgr-create -n x -t busybox --cpus zero
		1 | address 192.0.2.1 is not in | mgr-create -n x -t busybox --ip 192.0.2.1
		1 | --ip | mgr-create -n x -t busybox --ip 1.2.3
		1 | address $ip belongs to 'web' | mgr-create -n x -t busybox --ip $ip
		1 | /nonexistent | mgr-create -n x -t busybox -f /nonexistent
		1 | /etc | mgr-create -n x -t busybox -f /etc
		1 | --path | mgr-create -n x -t busybox -P ''
		64 | --nosuch | mgr-create -n x -t busybox --nosuch
		64 | -n | mgr-create -t busybox -n
		64 | mgr-create | mgr-create
		1 | FROBBED | mgr-wait -n web -s FROBBED
		1 | -t | mgr-wait -n web -s RUNNING -t soon
		1 | -t | mgr-stop -n web -t -1
		1 | --wait | mgr-start -n web --wait=soon
		64 | --nosuch | mgr-start -n web --nosuch
		64 | -Z | mgr-ls -Z
		64 | nosuch | mgr nosuch
		1 | -l | mgr-start -n web -l LOUD
		1 | --logfile | mgr-start -n web -o /nonexistent/log
		125 | not running | mgr-attach -n web -u nosuch -- true
	END
}

# A config that is none; "STATUS | TEXT" of every command that reads it.
@test "input.6 a config that is none is refused with its place, and stays as it is" {
	local web=$store/web kind
	container web
	cp "$web/config" "$BATS_TEST_TMPDIR/good"
	bad_config() {
		case $1 in
		empty) : ;;
		binary) head -c 3000 /bin/true ;;
		truncated) cat "$BATS_TEST_TMPDIR/good" && printf '[net.0]\nhwad' ;;
		line) printf '[limits]\nmemory = %05000d\n' 1 ;;
		section) cat "$BATS_TEST_TMPDIR/good" && printf '[limits\nmemory = 1G\n' ;;
		type) cat "$BATS_TEST_TMPDIR/good" && printf '[limits]\nmemory = yes\n' ;;
		unknown) cat "$BATS_TEST_TMPDIR/good" && printf '[limits]\nmemery = 1G\n' ;;
		loop) cat "$BATS_TEST_TMPDIR/good" && printf '[include]\npath = more.conf\n' ;;
		nul) printf '[limits]\nmemory = 1G\0\n' ;;
		version) printf 'version = 99\n' && cat "$BATS_TEST_TMPDIR/good" ;;
		esac
	}
	printf '[include]\npath = more.conf\n' >"$web/more.conf"
	for kind in empty binary truncated line section type unknown loop nul version; do
		echo "# $kind" >&2
		bad_config $kind >"$web/config"
		refused <<-END
			1 | config | mgr-start -n web
			1 | config | mgr-config -n web set limits.pids 10
		END
		[ $kind = empty ] || refused <<<"1 | config | mgr-create -n x -t busybox -f $web/config"
		run mgr-info -n web -sH
		assert_output STOPPED
		run mgr-ls -1
		assert_contains web
	done
	rm "$web/config"
	mkdir "$web/config"
	refused <<-END
		1 | config | mgr-start -n web
		1 | config | mgr-config -n web show
	END
	rmdir "$web/config"
	cp "$BATS_TEST_TMPDIR/good" "$web/config"
	chmod 600 "$web/config"
	mgr-config -n web show >/dev/null
}

@test "input.7 a root file system that is missing, or a file, is named" {
	local web=$store/web
	container web
	mv "$web/rootfs" "$web/elsewhere"
	refused <<<"1 | $web/rootfs | mgr-start -n web"
	touch "$web/rootfs"
	refused <<<"1 | $web/rootfs | mgr-start -n web"
	rm "$web/rootfs"
	mkdir "$web/rootfs"
	refused <<<"1 | init | mgr-start -n web"
	rm -r "$web/rootfs"
	mv "$web/elsewhere" "$web/rootfs"
	boot web
}

# One line on stderr, nothing on stdout.
one_line() {
	run --separate-stderr "$@"
	if [ -n "$output" ] || [ "${#stderr_lines[@]}" -ne 1 ]; then show "stdout: $output" "stderr: $stderr"; fi
	output=$stderr
}

@test "input.8 a store that is full, read-only or not ours: a line, and nothing of it is left" {
	local disk=$BATS_TEST_TMPDIR/disk command call
	small_disk 16M "$disk"
	own_store "$disk"
	head -c 20M /dev/zero >"$disk/.filler" 2>/dev/null || true
	truncate -s -64K "$disk/.filler"
	run mgr-create -P "$disk" -n web -t busybox
	assert_status 1
	assert_match "No space left on device.*mgr-create: web: template 'busybox': exit status 1\$"
	[ -z "$(find "$disk" -mindepth 1 -not -name '.*')" ]
	rm "$disk/.filler"
	mgr-create -P "$disk" -n web -t busybox -s limits.pids=99
	head -c 20M /dev/zero >"$disk/filler" 2>/dev/null || true
	cp "$disk/web/config" "$BATS_TEST_TMPDIR/config"
	one_line mgr-config -P "$disk" -n web add environment.LONG "$(printf 'x%.0s' {1..4000})"
	assert_status 1
	assert_contains "No space left"
	cmp "$disk/web/config" "$BATS_TEST_TMPDIR/config"
	mgr-start -P "$disk" -n web --wait
	mgr-stop -P "$disk" -k -n web
	rm "$disk/filler"
	mount -o remount,ro "$disk"
	one_line mgr-create -P "$disk" -n other -t busybox
	assert_status 1
	assert_contains "Read-only file system"
	one_line mgr-config -P "$disk" -n web set limits.pids 98
	assert_status 1
	assert_contains "Read-only file system"
	one_line mgr-destroy -P "$disk" -n web
	assert_status 1
	assert_contains "Read-only file system"
	mount -o remount,rw "$disk"
	cmp "$disk/web/config" "$BATS_TEST_TMPDIR/config"
	mgr-destroy -P "$disk" -n web
	unmount "$disk"
}

@test "input.8 every command says to an ordinary user that only root may" {
	local command call
	container web
	for command in $(commands) create; do
		call=$(named "$command")
		[ "$command" != create ] || call='mgr-create -t busybox -n NAME'
		[ -z "$call" ] || echo "$(ours "$command") | root | setpriv --reuid 1234 --regid 1234 --clear-groups ${call/NAME/web}"
	done >"$BATS_TEST_TMPDIR/table"
	refused <"$BATS_TEST_TMPDIR/table"
}

# It stops, when it runs; nothing of it is left then.
stops_clean() {
	local is
	is=$(mgr-info -n web -sH) || return 1
	[ "$is" != RUNNING ] || mgr-stop -k -n web || [ $? = 2 ] || return 1
	if [ "$(mgr-info -n web -sH)" != STOPPED ] || [ -s "$MGR_ROOT/run/mgr/web/undo" ]; then
		echo "not undone: $is" >&2
		return 1
	fi
}

may_leave_something() {
	grep -qa 'killed by SIGSEGV' "$inject_trace" || [ "$(grep -ca INJECTED "$inject_trace")" -gt 1 ]
}

# After a start that an error was put into: it runs, or it is stopped and nothing of it is left. But a supervisor that could not
# even begin, or an undo that failed too (strace may tell of it later): what is left goes with the next command that writes.
start_was_clean() {
	stops_clean || { wait_until 5 may_leave_something && mgr-start -n web && stops_clean; }
}

@test "input.9 whatever call of a start fails for want of descriptors, memory or space, it runs or is undone" {
	local class libexec
	libexec=$(dirname "$(dirname "$(command -v mgr)")")/libexec/mgr
	container web
	boot web
	mgr-stop -k -n web
	for class in descriptors memory disk; do
		INJECT_STAYS=1 inject $class start_was_clean "$libexec/mgr-boot" --up web
	done
	# Without its first two, a static program does not get as far as main.
	INJECT_FIRST=3 INJECT_STAYS=1 inject heap start_was_clean "$libexec/mgr-boot" --up web
	boot web
}

# It succeeded or said why not (what an attach has run may have died of it itself); and the container is as it was.
said_why() {
	[ "$1" -eq 0 ] || [ "$1" -gt 128 ] || grep -qa '^mgr\|error while loading shared libraries\|cannot allocate TLS' "$inject_said" ||
		{ echo "says nothing" >&2; return 1; }
	[ "$1" -le 1 ] || [ "$1" -ge 125 ] || { echo "exit status" >&2; return 1; }
	[ "$(mgr-info -n web -sH)" = "$is" ] || { echo "is not $is" >&2; return 1; }
}

@test "input.9 whatever call of a command fails so, it says why and the container is as it was" {
	local class is=RUNNING command
	container web
	boot web
	for class in descriptors memory heap; do
		for command in 'info -n web' 'ls -f' 'wait -n web -s RUNNING' 'attach -n web -- true' 'config -n web set limits.pids 77' 'config -n web show'; do
			echo "# mgr-$command" >&2
			# shellcheck disable=SC2086 # several words
			INJECT_FIRST=2 inject $class said_why mgr-$command
		done
	done
	mgr-config -n web show >/dev/null
}

@test "input.9 so with what changes a running container: it is as it was, or as it was to be" {
	local class is=RUNNING command
	back() {
		said_why "$1" || return 1
		mgr-forward del -n web tcp:7070:80 2>/dev/null || true
		in_container web sh -c 'ls /tmp/.mgr* 2>/dev/null' | grep . && return 1
		mgr-attach -n web -- rm -f /tmp/pushed
	}
	thawed() {
		mgr-unfreeze -n web && said_why "$1"
	}
	container web
	boot web
	echo text >"$BATS_TEST_TMPDIR/text"
	for class in descriptors memory; do
		for command in "push -n web $BATS_TEST_TMPDIR/text /tmp/pushed" "pull -n web /etc/passwd $BATS_TEST_TMPDIR/pulled" \
			'forward add -n web tcp:7070:80' 'forward ls -n web' 'cgroup -n web cgroup.procs' 'log -n web'; do
			echo "# mgr-$command" >&2
			# shellcheck disable=SC2086 # several words
			INJECT_FIRST=2 inject $class back mgr-$command
		done
		INJECT_FIRST=2 inject $class thawed mgr-freeze -n web
		INJECT_FIRST=2 inject $class thawed mgr-unfreeze -n web
	done
}

@test "input.9 so with a command in a container of its own: nothing of it is left" {
	local class folder=$BATS_TEST_TMPDIR/private
	mkdir -m 700 "$folder"
	mkdir -p "$folder/tree/bin"
	cp /bin/busybox "$folder/tree/bin/"
	none_left() {
		[ "$1" -eq 0 ] || grep -qa . "$inject_said" || { echo "says nothing" >&2; return 1; }
		# What it could not undo itself, the next does.
		mgr-execute --rootfs "$folder/tree" -- /bin/busybox true || return 1
		[ -z "$(mgr-ls -1 -P "$MGR_ROOT/run/mgr/.execute")" ] || { echo "left: $(mgr-ls -1 -P "$MGR_ROOT/run/mgr/.execute")" >&2; return 1; }
		[ -z "$(find "$MGR_ROOT/run/mgr" -name 'run-*')" ] || { find "$MGR_ROOT/run/mgr" >&2; return 1; }
	}
	for class in descriptors memory; do
		INJECT_FIRST=2 INJECT_STEP=3 inject $class none_left mgr-execute --rootfs "$folder/tree" -- /bin/busybox true
	done
}

# A create made all of it or nothing. What it says may be the very call that fails.
all_or_nothing() {
	[ "$1" -eq 0 ] || grep -qa . "$inject_said" || was_injected 'write(2,' || {
		echo "says nothing" >&2
		return 1
	}
	if [ -e "$store/x" ]; then
		[ "$1" -eq 0 ] && mgr-destroy -n x
	else
		[ "$1" -ne 0 ] || return 1
		[ -z "$(find "$store/.new" -mindepth 2 2>/dev/null)" ] || mgr-ls >/dev/null
	fi
}

@test "input.9 a create that fails so is no container, its name and address are free again" {
	local class
	container web
	for class in descriptors memory disk; do
		INJECT_FIRST=2 INJECT_STEP=3 inject $class all_or_nothing mgr-create -n x -t busybox
	done
	mgr-create -n x -t busybox
	mgr-destroy -n x
	[ "$(find "$store/.leases/by-uuid" -mindepth 1 | wc -l)" -eq 1 ]
}

@test "input.9 a stop or destroy that fails so leaves it whole, or the next one finishes it" {
	local class
	ended() {
		[ "$(mgr-info -n web -sH 2>/dev/null)" != RUNNING ] || mgr-stop -k -n web || return 1
		mgr-start -n web || return 1
	}
	gone() {
		if [ -e "$store/web" ]; then
			[ "$1" -ne 0 ] && return
			echo "is there" >&2
			return 1
		fi
		container web && mgr-config -n web show >/dev/null
	}
	container web
	boot web
	for class in descriptors memory; do
		INJECT_FIRST=2 inject $class ended mgr-stop -k -n web
	done
	mgr-stop -k -n web
	for class in descriptors memory disk; do
		INJECT_FIRST=2 inject $class gone mgr-destroy -n web
	done
}
