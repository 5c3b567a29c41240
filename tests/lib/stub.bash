# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# `load ../lib/stub` after common: containers of one program (stub.c), which come up and end within milliseconds.

# In a file's setup_file.
build_stub() {
	cc -static -O1 -o "$BATS_FILE_TMPDIR/stub" "$BATS_TEST_DIRNAME/../lib/stub.c"
}

# stub NAME [INIT-ARGUMENTS] [MGR-CREATE OPTION...]: no network, ready at once, SIGTERM halts it.
stub() {
	local name=$1 args=$2
	shift 2
	container "$name" -s net.0.type=empty -s signal.halt=SIGTERM -s signal.reboot=SIGINT -s "init.cmd=/sbin/stub${args:+ $args}" "$@"
	install -m 755 "$BATS_FILE_TMPDIR/stub" "$MGR_ROOT/var/lib/mgr/$name/rootfs/sbin/stub"
}

has_child() {
	[ -n "$(cat "/proc/$1/task/$1/children")" ]
}

# Start a stub, and wait until it has its child.
boot_stub() {
	mgr-start -n "$1"
	wait_until 5 has_child "$(mgr-info -n "$1" -pH)"
}

# How many processes the stubs have, in all containers. (Their command lines begin with the path.)
stubs_alive() {
	local file n=0
	for file in /proc/[0-9]*/cmdline; do
		[[ $(tr '\0' ' ' 2>/dev/null <"$file") != "/sbin/stub"* ]] || n=$((n + 1))
	done
	echo "$n"
}

# fds_of PID: what its descriptors are, one a line.
fds_of() {
	find "/proc/$1/fd" -mindepth 1 -printf '%l\n' 2>/dev/null
}

supervisor_pid() {
	local dir
	for dir in /proc/[0-9]*; do
		[ "$(cat "$dir/comm" 2>/dev/null)" = mgr-supervisor ] || continue
		! fds_of "${dir#/proc/}" | grep -qxF "$MGR_ROOT/run/mgr/$1/lock" || echo "${dir#/proc/}"
	done
}

# cgroups of a container, one a line.
cgroups_of() {
	find /sys/fs/cgroup -type d -path "*/mgr-$MGR_LAB_ID/$1"
}

# is_in_its_cgroups PID: in all hierarchies; that of v2 only where mgr can see it.
is_in_its_cgroups() {
	local line
	while IFS= read -r line; do
		[[ $line == *"/mgr-$MGR_LAB_ID/"* || ( $line == 0::* && -n ${v2_hidden-} ) ]] || show "outside: $line" || return 1
	done <"/proc/$1/cgroup"
}

# whole_life COMMAND...: of the stub a, which is destroyed in the end; COMMAND runs each of mgr's commands.
whole_life() {
	local pid
	"$@" mgr-start -n a
	is_in_its_cgroups "$(mgr-info -n a -pH)"
	run "$@" mgr-attach -n a -- cat /proc/self/cgroup
	assert_success
	refute_contains "/../"
	"$@" mgr-freeze -n a
	state_is a FROZEN
	run "$@" mgr-attach -n a -- true
	assert_status 125
	"$@" mgr-unfreeze -n a
	"$@" mgr-attach -n a -- true
	"$@" mgr-stop -n a
	"$@" mgr-start -n a
	"$@" mgr-freeze -n a
	"$@" mgr-stop -k -n a
	"$@" mgr-start -n a
	pid=$(supervisor_pid a)
	kill -KILL "$pid"
	wait_gone 10 "$pid"
	"$@" mgr-start -n a
	"$@" mgr-attach -n a -- true
	run "$@" mgr-destroy -n a
	assert_status 1
	"$@" mgr-destroy -f -n a
	run cgroups_of a
	assert_output ""
	assert_equal "$(stubs_alive)" 0
}
