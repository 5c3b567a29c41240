# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# System calls that fail, one after the other: `load ../lib/inject`.
#
#   inject CLASS CHECK COMMAND...    run the command again and again, with the nth call of the class failing in each of its
#                                    processes, until a run has none that fails; after each, CHECK STATUS must succeed
#   INJECT_FIRST=N INJECT_STEP=N     where n begins (2: the dynamic loader crashes without its first mmap), and how it grows (1;
#                                    on a slow machine by as much as that is slower)
#   INJECT_STAYS=1                   the command may stay: it has answered when it has written to its descriptor 3
#
# What the command said is in $inject_said. A program that dies of SIGSEGV, SIGABRT or SIGBUS, or takes longer than 20 s ($patience times that), has
# failed.

# shellcheck disable=SC2054 # lists of strace(1)
declare -gA inject_calls=(
	[descriptors]=openat,openat2,socket,socketpair,pipe2,dup,dup2,dup3,memfd_create,epoll_create1,signalfd4,inotify_init1,eventfd2,accept4,pidfd_open,fsopen,fsmount,open_tree,timerfd_create
	[memory]=mmap,mremap,clone,clone3,fork,vfork,mount,fsconfig,unshare,setns,epoll_ctl,sendmsg,sendto
	[heap]=brk
	[disk]=write,pwrite64,writev,mkdirat,mkdir,renameat,renameat2,linkat,symlinkat,mknodat,fsync,fdatasync,ftruncate,fallocate,setxattr,fsetxattr
)
# brk(2) tells of a failure by the old end.
declare -gA inject_how=([descriptors]=error=EMFILE [memory]=error=ENOMEM [heap]=retval=0 [disk]=error=ENOSPC)

# once CLASS N COMMAND...
# shellcheck disable=SC2154 # patience: common.bash
once() {
	local calls=${inject_calls[$1]} how=${inject_how[$1]} n=$2
	shift 2
	timeout -k 1 $((20 * patience)) strace -f -D -qq -e "trace=$calls" -e signal=SIGSEGV,SIGABRT,SIGBUS -o "$inject_trace" \
		-e "inject=$calls:$how:when=$n" "$@" </dev/null >"$inject_said" 2>&1
}

# was_injected CALL: one that begins so, "write(2,", has failed so, also where what another process did is told in between.
was_injected() {
	awk -v call="$1" '$2 == substr(call, 1, length($2)) && index($0, call) == index($0, $2) { begun[$1] = 1 }
		/\(INJECTED\)/ && begun[$1] { found = 1 }
		!/<unfinished \.\.\.>$/ { delete begun[$1] }
		END { exit !found }' "$inject_trace" 2>/dev/null
}

# The same, up to its answer; it may live on. Where the answer is the very call that fails, nobody hears it.
once_answered() {
	local pid answer=$inject_trace.answer
	: >"$answer"
	once "$@" 3>"$answer" &
	pid=$!
	until [ -s "$answer" ] || [ ! -d "/proc/$pid" ]; do
		! was_injected 'write(3,' || return 0
		read -r -t 0.01 <> <(:) || true
	done
	[ -s "$answer" ] || wait "$pid"
}

# Did a program crash? The C library's own start does without the first of its heap; that is not counted.
crashed() {
	awk '/brk\(/ { calls[$1] = /brk\(NULL/ ? 0 : calls[$1] + 1; heap[$1] = 1 }
		/--- SIG(SEGV|ABRT|BUS)/ && !(heap[$1] && calls[$1] < 2) { print; bad = 1 }
		END { exit !bad }' "$inject_trace" >&2
}

# fell CLASS N STATUS: did something of it crash or hang?
fell() {
	[ "$3" != 124 ] && [ "$3" != 137 ] && ! crashed && return 1
	echo "# $1 $2: status $3: $(tail -n 3 "$inject_trace" "$inject_said")" >&2
}

# shellcheck disable=SC2154
inject() {
	local class=$1 check=$2 n status tried=0 bad=0 more=1
	shift 2
	if sanitized && [[ $class == memory || $class == heap ]]; then
		echo "# $class: left out, for a sanitizer's runtime ends a program that gets none" >&2
		return 0
	fi
	inject_trace=$BATS_TEST_TMPDIR/trace inject_said=$BATS_TEST_TMPDIR/said
	for ((n = ${INJECT_FIRST:-1}; more && bad < 5; n += ${INJECT_STEP:-$slow})); do
		rm -f "$inject_trace"
		status=0
		if [ "${INJECT_STAYS-}" ]; then once_answered "$class" "$n" "$@"; else once "$class" "$n" "$@"; fi || status=$?
		[ -e "$inject_trace" ] || { cat "$inject_said" >&2; return 1; }
		tried=$((tried + 1))
		! fell "$class" "$n" "$status" || bad=$((bad + 1))
		"$check" "$status" 2>"$inject_trace.check" || {
			echo "# $class $n: status $status; $(cat "$inject_trace.check"); said: $(cat "$inject_said"); traced:" >&2
			tail -n 5 "$inject_trace" >&2
			bad=$((bad + 1))
		}
		grep -qa INJECTED "$inject_trace" || more=0
	done
	echo "# $class: $tried tried" >&2
	[ "$tried" -gt 1 ] && [ "$bad" -eq 0 ]
}
