# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2317,SC2154
# Sourced by tests/run, and by tests/vm/guest in the VM: steps and files of behaviour tests, run and counted. Who sources it sets
# $top (the source tree) and $log (a folder).

lib=$top/tests/lib
passed=0 failed=0 skipped=0 began=0 running=

finish() {
	echo
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
	exit
}

interrupted() {
	[ -z "$running" ] || kill "$running" 2>/dev/null
	[ -z "${vm_running-}" ] || kill "$vm_running" 2>/dev/null
	echo "tests/run: interrupted" >&2
	exit 130
}

# Labs in a folder of this run.
lab_folder() {
	LAB_TMP=$(mktemp -d /var/tmp/mgr-run.XXXXXX)
	chmod 755 "$LAB_TMP"
	export LAB_TMP
	trap 'rm -rf --one-file-system "$LAB_TMP"' EXIT
}

# bounded SECONDS COMMAND...: without input, its output to the current log file; killed when it takes longer.
bounded() {
	local seconds=$1 status
	shift
	timeout -k 20 "$seconds" "$@" </dev/null >"$out" 2>&1 &
	running=$!
	wait $running
	status=$?
	running=
	[ $status -ne 124 ] && [ $status -ne 137 ] || echo "tests/run: stopped after $seconds s" >>"$out"
	return $status
}

pass() {
	passed=$((passed + 1))
	echo "ok - $1"
}

fail() {
	failed=$((failed + 1))
	echo "not ok - $1"
}

# step TITLE SECONDS COMMAND...: one check. When it fails, the end of its output is shown.
step() {
	local title=$1
	shift
	out=$log/${title//[ \/]/-}.log
	if bounded "$@"; then
		pass "$title"
	else
		fail "$title"
		tail -n 60 "$out" | sed 's/^/  | /'
		return 1
	fi
}

# Add up a TAP file, showing what failed; a test that was planned and never reported has failed.
count_tap() {
	local file=$1 title=$2 planned reported ok skip
	skip=$(grep -c '^ok .*# skip' "$file")
	ok=$(($(grep -c '^ok ' "$file") - skip))
	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$file" | awk '{ n += $1 } END { print n + 0 }')
	reported=$((ok + skip + $(grep -c '^not ok ' "$file")))
	[ "$planned" -ge "$reported" ] || planned=$reported
	passed=$((passed + ok)) skipped=$((skipped + skip)) failed=$((failed + planned - ok - skip))
	if [ "$planned" -eq 0 ]; then
		fail "$title: no test ran"
	elif [ "$planned" -gt "$reported" ]; then
		echo "not ok - $title: $((planned - reported)) of its tests never ended"
	fi
	if [ "$planned" -eq 0 ] || [ $((ok + skip)) -lt "$planned" ]; then
		sed 's/^/  | /' "$file" | grep -v '| ok ' | head -n "${SHOW:-200}"
	fi
	grep '^ok .*# skip' "$file"
	echo "$title: $ok ok, $((planned - ok - skip)) not ok, $skip left out, $((SECONDS - began)) s"
}

# What a sanitizer has said of any program, one that nobody waited for included.
sanitizer_reports() {
	local report
	for report in "$log/sanitizer".*; do
		[ -e "$report" ] || continue
		fail "$1: a sanitizer's report"
		head -n 40 "$report" | sed 's/^/  | /'
		rm "$report"
	done
}

# behaviour FILE.bats: in a lab; those of tests/vm on the machine itself.
behaviour() {
	local name before after ids deadline where=("$top/tests/lab")
	[[ $1 != */tests/vm/* ]] || where=(env MGR_MACHINE=1)
	name=$(basename "$1" .bats)
	out=$log/$name.out
	began=$SECONDS
	: >"$log/$name.tap"
	: >"$log/$name.left"
	: >"$LAB_TMP/ids"
	before=$("$lib/snapshot")
	bounded "${FILE_TIMEOUT:-900}" "${where[@]}" "$lib/file" "$1" "$log/$name.tap" "$log/$name.left"
	[ ! -s "$out" ] || cat "$out"
	count_tap "$log/$name.tap" "$name"
	ids=$(tr "\n" " " <"$LAB_TMP/ids")
	deadline=$((SECONDS + ${SETTLE:-20}))
	while after=$(LAB_IDS=$ids "$lib/snapshot"); [ -n "$(LC_ALL=C comm -13 <(echo "$before") <(echo "$after"))" ] && [ "$SECONDS" -lt "$deadline" ]; do
		read -r -t 0.2 <> <(:) # the kernel takes its time over the end of a lab's namespaces
	done
	diff <(echo "$before") <(echo "$after") | grep '^[<>]' | sed 's/$/   (outside the lab)/' >>"$log/$name.left"
	sanitizer_reports "$name"
	[ ! -s "$log/$name.left" ] || {
		fail "$name leaves nothing behind"
		head -n 40 "$log/$name.left" | cut -c 1-200 | sed 's/^/  | /'
	}
}
