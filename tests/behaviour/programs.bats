# SPDX-License-Identifier: LGPL-2.1-or-later
load ../lib/common

setup() {
	common_setup
	! needs "$STAGE/bin/mgr" | grep -q asan || skip "these programs are built with sanitizers"
}

# needs PROGRAM: the libraries that it is linked with.
needs() {
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\.so.*/\1/p'
}

@test "repo.3 mgr, which holds the everyday commands, links the C library alone" {
	run needs "$STAGE/bin/mgr"
	assert_output libc
}

@test "repo.3 mgr-supervisor is static" {
	run needs "$STAGE/libexec/mgr/mgr-supervisor"
	assert_output ""
}

@test "repo.3 a library is linked by the programs that use it, and by no other" {
	local program used
	run bash -c 'for p in "$0"/libexec/mgr/mgr-*; do readelf -d "$p" | grep -q "NEEDED.*libseccomp" && basename "$p"; done' "$STAGE"
	assert_output mgr-seccomp
	for program in "$STAGE"/bin/mgr "$STAGE"/lib/libmgr.so.0 "$STAGE"/libexec/mgr/mgr-*; do
		used=$(ldd -u "$program" 2>/dev/null | grep -E '/' | grep -vE 'libc\.so|libgcc' || true)
		[ -z "$used" ] || show "$program links what it does not use:" "$used"
	done
}

@test "repo.2 make install DESTDIR= puts everything there, out of a build folder of its own" {
	local to=$BATS_TEST_TMPDIR/to
	[ -f "$STAGE/../Makefile" ] || skip "$STAGE is not in a build folder"
	make -s -C "$STAGE/.." install DESTDIR="$to"
	[ -x "$to$STAGE/bin/mgr" ]
	[ -L "$to$STAGE/bin/mgr-start" ]
	[ "$(readlink -f "$to$STAGE/bin/mgr-start")" = "$(readlink -f "$to$STAGE/bin/mgr")" ]
	assert_equal "$(cd "$to$STAGE" && find . | sort)" "$(cd "$STAGE" && find . | sort)"
	make -s -C "$STAGE/.." uninstall DESTDIR="$to"
	assert_equal "$(find "$to" ! -type d)" ""
}

@test "repo.2 the commands are in bindir, each under its own name" {
	local name
	for name in create destroy start stop attach info ls wait config net; do
		[ -x "$STAGE/bin/mgr-$name" ] || show "mgr-$name is missing"
	done
}
