# SPDX-License-Identifier: LGPL-2.1-or-later
# The check that follows each file of behaviour tests, shown to work: in labs inside of this one, files that leave something.
load ../lib/common

# left_by COMMAND: a test that consists of it is run in a lab of its own; $output is what the check then has to say.
left_by() {
	local fixture=$BATS_TEST_TMPDIR/fixture.bats left=$BATS_TEST_TMPDIR/left
	printf '@test "fixture" {\n%s\n}\n' "$1" >"$fixture"
	"$BATS_TEST_DIRNAME/../lab" "$BATS_TEST_DIRNAME/../lib/file" "$fixture" "$BATS_TEST_TMPDIR/tap" "$left" || true
	grep -q '^ok 1' "$BATS_TEST_TMPDIR/tap" || show "the fixture failed:" "$(cat "$BATS_TEST_TMPDIR/tap")"
	output=$(cat "$left")
}

@test "repo.10 the check is silent when nothing is left" {
	left_by 'ip link add x type bridge; ip link del x'
	assert_output ""
}

@test "repo.10 the check sees a cgroup" {
	export SETTLE=0
	left_by 'mkdir "$(dirname "$(find /sys/fs/cgroup -maxdepth 2 -name cgroup.procs | head -n 1)")/mgr-$MGR_LAB_ID"'
	assert_match "^> cgroup /sys/fs/cgroup.*/mgr-[0-9a-f]{8}$"
}

@test "repo.10 the check sees a mount" {
	export SETTLE=0
	left_by 'mkdir "$MGR_LAB/m"; mount -t tmpfs x "$MGR_LAB/m"'
	assert_match "^> mount .*/m tmpfs x$"
}

@test "repo.10 the check sees a loop device" {
	export SETTLE=0
	left_by 'truncate -s 1M "$MGR_LAB/disk"; losetup -f "$MGR_LAB/disk"'
	[[ $output =~ /sys/block/(loop[0-9]+)/ ]] && losetup -d "/dev/${BASH_REMATCH[1]}"
	assert_match "^> loop /sys/block/loop[0-9]+/loop/backing_file .*/disk$"
}

@test "repo.10 the check sees an interface, and a network namespace" {
	export SETTLE=0
	left_by 'ip link add x type bridge; ip netns add y'
	assert_contains "> interface x"
	assert_contains "> netns /run/netns/y"
}

@test "repo.10 the check sees an nft table" {
	export SETTLE=0
	left_by 'nft add table inet x'
	assert_output "> nft table inet x"
}

@test "repo.10 the check sees a process" {
	export SETTLE=0
	left_by 'setsid sleep 1000 <&- >&- 2>&- 3>&- &'
	assert_output "> process sleep sleep 1000"
}

@test "repo.10 the check sees a container" {
	export SETTLE=0
	left_by 'mgr-create -n x -t busybox'
	assert_contains "> folder"
	assert_contains "/var/lib/mgr/x"
}

@test "repo.10 outside of a lab the check sees what a lab has left on the machine" {
	local id=0123abcd before
	unset MGR_LAB MGR_ROOT
	before=$(LAB_IDS=$id "$BATS_TEST_DIRNAME/../lib/snapshot")
	mkdir "$(dirname "$(find /sys/fs/cgroup -maxdepth 2 -name cgroup.procs | head -n 1)")/mgr-$id"
	run diff <(echo "$before") <(LAB_IDS=$id "$BATS_TEST_DIRNAME/../lib/snapshot")
	find /sys/fs/cgroup -maxdepth 2 -name "mgr-$id" -exec rmdir {} +
	assert_contains "cgroup"
	assert_contains "mgr-$id"
}

# with_hooks LIB: options of mgr-create for hooks that leave something when those at the end do not run.
with_hooks() {
	local hook=/run/hooks/bridge
	install -D "$1/hook-bridge" $hook
	printf '%s\n' -s "hook.pre-start=$hook mgr-hook0" -s "hook.post-stop=$hook mgr-hook0" \
		-s "hook.start-host=$hook mgr-hook1" -s "hook.stop=$hook mgr-hook1" \
		-s "net.0.script.up=$hook mgr-hook2" -s "net.0.script.down=$hook mgr-hook2"
}
export -f with_hooks

# after_stop STEP: what a start and stop leave when the undo of STEP does nothing, into the file after.STEP. The container is
# there before and after. What vanishes by itself with a container's processes is held (pin.py): else the kernel would do the
# work of some undos, most of the time.
after_stop() {
	local out=$BATS_TEST_TMPDIR/after.$1
	SETTLE=12 "$BATS_TEST_DIRNAME/../lab" bash -c '
		lib=$1 step=$2 out=$3
		run_once() {
			export MGR_DEBUG_SKIP_DOWN=$step
			mgr-start -n x || return
			exec 4< <("$lib/pin.py" x)
			read -r -u 4 pinned && [ "$pinned" = "pinned 2" ] || return
			cut -d " " -f 1 "$MGR_ROOT/run/mgr/x/undo" >"$out.undo"
			mgr-stop -k -n x
		}
		export -f run_once
		export lib step out
		mapfile -t hooks < <(with_hooks "$lib")
		mgr-create -n x -t busybox --forward tcp:8080:80 "${hooks[@]}" && "$lib/compare" "$out" bash -c run_once && sed -i "s/$MGR_LAB_ID/ID/g; s|$MGR_LAB|LAB|g" "$out"
	' - "$BATS_TEST_DIRNAME/../lib" "$1" "$out" || echo "a run for '$1' failed" >&2
}

@test "repo.11 the check sees the undo of each step that has one, when it is skipped" {
	local step steps blind=""
	after_stop none
	steps=$(sort -u "$BATS_TEST_TMPDIR/after.none.undo")
	[ -n "$steps" ]
	for step in $steps; do
		after_stop "$step" &
	done
	wait
	for step in $steps; do
		echo "# skipping the undo of '$step' leaves:"
		diff "$BATS_TEST_TMPDIR/after.none" "$BATS_TEST_TMPDIR/after.$step" | grep '^>' || blind+=" $step"
	done
	assert_equal "$blind" ""
}

@test "repo.11 each step that has an undo is in the record of a start" {
	local steps hooks
	mapfile -t hooks < <(with_hooks "$BATS_TEST_DIRNAME/../lib")
	container x -B loop --size 64M "${hooks[@]}"
	mgr-start -n x
	steps=$("$STAGE/libexec/mgr/mgr-boot" --steps | awk '$3 == "down" { print $1 }' | sort)
	[ -e /sys/kernel/security/apparmor/.replace ] || steps=$(grep -vx apparmor <<<"$steps")
	run comm -23 <(echo "$steps") <(cut -d " " -f 1 "$MGR_ROOT/run/mgr/x/undo" | sort -u)
	assert_output ""
}

@test "repo.11 the check has nothing to say when no undo is skipped" {
	left_by 'mgr-create -n x -t busybox --forward tcp:8080:80
		mgr-start -n x --wait=120
		mgr-stop -k -n x
		mgr-destroy -n x'
	assert_output ""
}
