# SPDX-License-Identifier: LGPL-2.1-or-later
# The library as a program finds it: by pkg-config, where it was installed.
load ../lib/common

setup_file() {
	local prefix
	prefix=$(realpath "$(dirname "$(command -v mgr)")/..")
	export LIB=$prefix/lib/libmgr.so.0 PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib LD_BIND_NOW=1
	export CFLAGS_MGR LIBS_MGR ABI=$BATS_TEST_DIRNAME/../../src/lib/libmgr.abi
	CFLAGS_MGR="$(pkg-config --cflags mgr) -Wall -Wextra -Werror"
	LIBS_MGR=$(pkg-config --libs mgr)
	if nm -D "$LIB" | grep -q __asan_init; then
		CFLAGS_MGR+=" -fsanitize=address,undefined"
	fi
	mgr-create -n rest -t busybox -s net.0.type=empty
	mgr-create -n web -t busybox -s net.0.type=empty
	mgr-start -n web --wait=60
	build gcc -std=c99 -D_GNU_SOURCE -pthread -o "$BATS_FILE_TMPDIR/program" "$BATS_TEST_DIRNAME/../lib/libmgr.c"
}

teardown_file() {
	mgr-destroy -f -n web -n rest
}

# build COMPILER ARG...
build() {
	# shellcheck disable=SC2086 # words
	"$1" $CFLAGS_MGR "${@:2}" $LIBS_MGR
}

program() {
	cd "$BATS_TEST_TMPDIR" && within 60 "$BATS_FILE_TMPDIR/program" "$1"
}

@test "doc.5 the library exports what its list of functions has, and needs the C library alone" {
	assert_equal "$(nm -D --defined-only "$LIB" | awk '$2 != "A" && $3 !~ /^__(asan|odr)/ { sub("@.*", "", $3); print $3 }' | sort)" \
		"$(sed -nE 's/^function [^(]*[ *](mgr_[a-z_]+)\(.*/\1/p' "$ABI" | sort)"
	assert_equal "$(readelf -d "$LIB" | sed -nE '/san\.so/d; s/.*NEEDED.*\[(.*)\]/\1/p')" libc.so.6
}

@test "doc.5 prototypes, structs and numbers are as its list has them" {
	cd "$BATS_TEST_TMPDIR"
	{
		echo '#include <mgr/mgr.h>'
		sed -nE 's/^function (.*)/\1;/p
			s/^struct ([^ ]*) (.*)/_Static_assert(sizeof(struct \1) == \2, "size of \1");/p
			s/^member ([^ ]*) ([^ ]*) (.*)/_Static_assert(offsetof(struct \1, \2) == \3, "\1.\2");/p
			s/^value ([^ ]*) (.*)/_Static_assert((int)\1 == \2, "\1");/p' "$ABI"
	} >abi.c
	[ "$(wc -l <abi.c)" -gt 80 ]
	if [ "$(uname -m)" != x86_64 ]; then
		skip "the list has the numbers of x86-64"
	fi
	build gcc -c -o abi.o abi.c
}

@test "doc.5 every function of the header is in the list" {
	assert_equal "$(grep -oE '^[a-z].*[ *]mgr_[a-z_]+\(' "$(pkg-config --variable=includedir mgr)/mgr/mgr.h" | grep -oE 'mgr_[a-z_]+\(' | sort)" \
		"$(grep '^function' "$ABI" | grep -oE '[ *]mgr_[a-z_]+\(' | tr -d ' *' | sort)"
}

@test "doc.5 the examples build by pkg-config and run" {
	cd "$BATS_TEST_TMPDIR"
	build gcc -o tour "$BATS_TEST_DIRNAME/../../doc/examples/tour.c"
	forget_later tour
	run ./tour tour
	assert_success
	assert_equal "${lines[0]}" "tour is RUNNING, ready by exec, may use 64 MiB"
	assert_equal "${lines[1]}" "hello from tour"
	assert_equal "${lines[2]}" "it exited with 3"
	assert_equal "${lines[3]}" "tour is STOPPED"
	run ./tour ../tour
	assert_status 1
	assert_match "^tour: create: "
	sed -n '/^\.Bd/,/^\.Ed/ { /^\./d; s/\\e/\\/g; p }' "$BATS_TEST_DIRNAME/../../doc/man/libmgr.3.in" >page.c
	build gcc -o page page.c
	run ./page
	assert_output $'rest STOPPED\nweb RUNNING'
}

@test "doc.5 the header is C++ too" {
	build g++ -x c++ -std=c++11 -Wno-missing-field-initializers -pthread -o "$BATS_TEST_TMPDIR/program" "$BATS_TEST_DIRNAME/../lib/libmgr.c"
	"$BATS_TEST_TMPDIR/program" look
}

@test "doc.5 errors have a code and a message" {
	program errors
}

@test "doc.5 a program lists and looks" {
	program look
}

@test "doc.5 a program runs commands inside" {
	program commands
}

@test "doc.5 a program reads and types on a console" {
	program console
}

@test "doc.5 a program reads and changes configurations" {
	program config
}

@test "doc.5 a program copies files in and out" {
	program copy
}

@test "doc.5 a program starts, reboots, freezes, kills and watches; no child of mgr's is left to it" {
	program run
}

@test "doc.5 several threads use one manager" {
	program threads
}
