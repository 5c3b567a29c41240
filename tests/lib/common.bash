# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# For every file of behaviour tests: `load ../lib/common`.
#
#   container web --memory 64M        create from the busybox template; destroyed after the test
#   boot web                          start and wait until it is ready
#   make_machine peer                 another machine, joined to this one by a cable: $peer_ip there, $here_ip here
#   on peer nc -w 2 "$here_ip" 8080   run something on it
#   wait_until 5 test -e FILE         until it succeeds, 5 s at most
#   run within 5 mgr-stop -n web      a program that has no business to take longer
#   run mgr-start -n web              then the assertions below: they print what was there instead
#
# A file that has its own setup or teardown calls common_setup or common_teardown in it.

bats_require_minimum_version 1.5.0

# How many times slower than a usual machine this one is.
slow=${TEST_SLOW:-1}
# Every deadline is so many times longer: slower by what is queueing for a processor, too, and by as much again as one may be by
# the time it passes.
export patience
patience=$(
	read -r load _ </proc/loadavg
	processors=(/sys/devices/system/cpu/cpu[0-9]*)
	echo $((slow + 1 + ${load%.*} / ${#processors[@]}))
)

# Have the programs sanitizers' runtimes in them (tests/run --asan)? What memory those take is no measure; they lock none.
sanitized() {
	[ -n "${ASAN_OPTIONS-}" ]
}

[ -n "${MGR_LAB-}${MGR_MACHINE-}" ] || { echo "behaviour tests run in a lab: tests/run FILE" >&2; exit 1; }

common_setup() {
	:
}

common_teardown() {
	local name status=0
	while read -r name; do
		[ ! -e "${MGR_ROOT-}/var/lib/mgr/$name" ] || mgr-destroy -f -n "$name" || status=1
	done < <(cat "$BATS_TEST_TMPDIR/containers" 2>/dev/null)
	while read -r name; do
		remove_machine "$name" || status=1
	done < <(cat "$BATS_TEST_TMPDIR/machines" 2>/dev/null)
	return $status
}

setup() {
	common_setup
}

teardown() {
	common_teardown
}

# --- containers -----------------------------------------------------------------------------------------------------------

# container NAME [OPTION...]: what mgr-create takes; a template other than busybox is chosen with -t. Its root file system is
# a folder, which tests may look into, unless $backend is another backend.
container() {
	local name=$1
	shift
	[[ " $* " == *" -t "* ]] || set -- -t busybox "$@"
	[[ " $* " == *" -B "* || " $* " == *" --rootfs "* ]] || set -- -B "${backend-dir}" "$@"
	forget_later "$name"
	mgr-create -n "$name" "$@"
}

# without_reflinks: skips a test where the store's files could share what is in them.
without_reflinks() {
	mkdir -p "$MGR_ROOT"
	echo one >"$MGR_ROOT/one"
	! cp --reflink=always "$MGR_ROOT/one" "$MGR_ROOT/other" 2>/dev/null || skip "files share their contents here"
}

# A container that the test makes by itself, destroyed after it all the same.
forget_later() {
	echo "$1" >>"$BATS_TEST_TMPDIR/containers"
}

boot() {
	local name=$1
	shift
	mgr-start -n "$name" --wait=$((60 * patience)) "$@"
}

# in_container NAME COMMAND...
in_container() {
	local name=$1
	shift
	mgr-attach -n "$name" -- "$@"
}

# state_is NAME STATE
state_is() {
	[ "$(mgr-info -n "$1" -sH 2>/dev/null)" = "$2" ]
}

container_ip() {
	mgr-info -n "$1" -iH | head -n 1
}

# own_store FOLDER: cgroups of a store that -P names belong to this lab too.
own_store() {
	"$BATS_TEST_DIRNAME/../lib/storeid" "$MGR_LAB_ID:$(realpath -m "$1")" >>"$MGR_LAB/ids"
}

# small_disk SIZE FOLDER: a file system of that size on it, for root alone. Not a tmpfs: those have id maps from Linux 6.3 on.
small_disk() {
	truncate -s "$1" "$2.ext4"
	mke2fs -q -t ext4 -O ^has_journal -m 0 "$2.ext4"
	mkdir -p "$2"
	mount -o loop "$2.ext4" "$2"
	rmdir "$2/lost+found"
	chmod 700 "$2"
}

# fill FOLDER: not one more block is to be had on its disk. unfill FOLDER: they are again.
fill() {
	local n=0
	dd if=/dev/zero of="$1/fill" bs=64K status=none 2>/dev/null || true
	sync "$1/fill"
	dd if=/dev/zero of="$1/rest" bs=4K status=none 2>/dev/null || true
	sync "$1/rest"
	while mkdir "$1/more$n" 2>/dev/null; do
		n=$((n + 1))
	done
}

unfill() {
	rm -rf "$1/fill" "$1/rest" "$1"/more*
}

# --- other machines ---------------------------------------------------------------------------------------------------------

# Sets NAME_ip and here_ip. The nth machine is at 192.0.2.4n+2, this one at 192.0.2.4n+1 for it.
make_machine() {
	local name=$1 n
	n=$(find /run/netns -mindepth 1 | wc -l)
	ip netns add "$name"
	echo "$name" >>"$BATS_TEST_TMPDIR/machines"
	ip link add "to-$name" type veth peer name eth0 netns "$name"
	ip addr add "192.0.2.$((4 * n + 1))/30" dev "to-$name"
	ip link set "to-$name" up
	ip -n "$name" link set lo up
	ip -n "$name" addr add "192.0.2.$((4 * n + 2))/30" dev eth0
	ip -n "$name" link set eth0 up
	ip -n "$name" route add default via "192.0.2.$((4 * n + 1))"
	here_ip=192.0.2.$((4 * n + 1))
	printf -v "${name//-/_}_ip" '%s' "192.0.2.$((4 * n + 2))"
	export here_ip
}

remove_machine() {
	ip netns pids "$1" | xargs -r kill -KILL
	ip link del "to-$1"
	ip netns del "$1"
}

# on MACHINE COMMAND...
on() {
	local name=$1
	shift
	ip netns exec "$name" "$@"
}

# --- waiting ----------------------------------------------------------------------------------------------------------------

# wait_until SECONDS COMMAND...: true as soon as the command is; for what has no event to wait for.
wait_until() {
	local seconds=$1 end now=0
	shift
	end=$(($(date +%s%N) + seconds * patience * 1000000000))
	until "$@"; do
		if [ "$now" -gt "$end" ]; then
			echo "still not so after $((seconds * patience)) s: $*" >&2
			return 1
		fi
		now=$(date +%s%N) # the last time is after the end, however long this machine stood still
		read -r -t 0.05 <> <(:) || true
	done
}

# within SECONDS PROGRAM...: 124 when it takes longer.
within() {
	timeout $(($1 * patience)) "${@:2}"
}

# wait_gone SECONDS PID: until the process has ended.
wait_gone() {
	within "$1" tail --pid="$2" -s 0.05 -f /dev/null || { echo "process $2 lives after $(($1 * patience)) s" >&2; return 1; }
}

# unmount FOLDER...: as soon as whatever is on its way out of it has gone.
unmount() {
	local folder
	for folder; do
		wait_until 10 umount "$folder"
	done
}

wait_state() {
	wait_until "${3:-10}" state_is "$1" "$2"
}

# tcp_open HOST PORT: somebody accepts connections there.
tcp_open() {
	within 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null
}

# --- assertions: after `run` ------------------------------------------------------------------------------------------------

show() {
	printf '# %s\n' "$@" >&2
	return 1
}

assert_success() {
	[ "$status" -eq 0 ] || show "exit status $status, wanted 0; output:" "${output-}" "${stderr-}"
}

# assert_status N
assert_status() {
	[ "$status" -eq "$1" ] || show "exit status $status, wanted $1; output:" "${output-}" "${stderr-}"
}

# assert_equal IS WANTED
assert_equal() {
	[ "$1" = "$2" ] || show "is:     $1" "wanted: $2"
}

# assert_output TEXT: the whole output.
assert_output() {
	[ "$output" = "$1" ] || show "output: $output" "wanted: $1"
}

# assert_contains TEXT: a part of the output. refute_contains TEXT: not a part of it.
assert_contains() {
	[[ $output == *"$1"* ]] || show "output: $output" "lacks:  $1"
}

refute_contains() {
	[[ $output != *"$1"* ]] || show "output: $output" "has:    $1"
}

# assert_match REGEX
assert_match() {
	[[ $output =~ $1 ]] || show "output: $output" "does not match: $1"
}
