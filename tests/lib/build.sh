# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# Sourced by tests/run and tests/vm/run: building this tree. $top is its folder.

autogen() {
	if [ -x "$top/configure" ] && [ -z "$(find "$top/configure.ac" "$top/Makefile.am" "$top"/src "$top"/tests -newer \
		"$top/configure" \( -name '*.ac' -o -name '*.am' -o -name '*.mk' \))" ]; then
		return
	fi
	"$top/autogen.sh"
}

# build FOLDER ARG...: configure there, unless that was done with the same arguments, and build.
build() {
	local dir=$1
	shift
	mkdir -p "$dir" && cd "$dir" || return
	if [ ! -f Makefile ] || [ "$*" != "$(cat configured 2>/dev/null)" ]; then
		"$top/configure" -q "$@" || return
		echo "$*" >configured
	fi
	make -s -j"$(nproc)"
}
