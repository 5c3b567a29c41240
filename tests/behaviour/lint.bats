# SPDX-License-Identifier: LGPL-2.1-or-later
# Each check of `make lint` sees what it is there for, on a copy of the tree with one fault put in.
load ../lib/common

setup() {
	common_setup
	tree=$BATS_TEST_TMPDIR/tree
	mkdir "$tree"
	cp -r "$BATS_TEST_DIRNAME"/../../{src,tests,doc,completion,.clang-format} "$tree"
	export MGR_TABLES=$BATS_TEST_TMPDIR/tables
	mgr --describe >"$MGR_TABLES"
	"$STAGE/libexec/mgr/mgr-manage" --describe >>"$MGR_TABLES"
}

lint() {
	run "$tree/tests/lint/run" "$1"
	[[ $output == *"not ok 1 lint.$1"* ]] || show "lint.$1 saw nothing" "$output"
	assert_status 1
}

@test "repo.4 lint sees an include that goes up, or sideways" {
	echo '#include "store/store.h"' >>"$tree/src/base/err.c"
	lint layers
	assert_contains 'src/base/err.c: base/ may not see store/ ("store/store.h")'
	mkdir -p "$tree/src/conf"
	echo '#include "wire/wire.h"' >"$tree/src/conf/x.c"
	lint layers
	assert_contains 'src/conf/x.c: conf/ may not see wire/'
}

@test "repo.4 lint sees a banned call, and not the word in a comment or a string" {
	printf 'int f(void)\n{\n\treturn system("x"); /* sleep(1) */\n}\nconst char *s = "sleep(1)";\n' >"$tree/src/base/x.c"
	lint banned
	assert_contains "src/base/x.c:3: system: runs a shell"
	refute_contains "sleep"
}

@test "repo.4 lint sees a format that is not clang-format's" {
	printf 'int  f( void ) {\nreturn 0; }\n' >"$tree/src/base/x.c"
	lint format
	assert_contains "src/base/x.c:1"
}

@test "repo.4 lint sees a file of 601 lines and a function of 101, and lets a table be as long as it is" {
	{ echo 'int f(void)'; echo '{'; for ((i = 0; i < 101; i++)); do printf '\tg();\n'; done; echo '}'; } >"$tree/src/base/x.c"
	{ echo 'static const int t[] = {'; for ((i = 0; i < 700; i++)); do printf '\t1,\n'; done; echo '};'; } >"$tree/src/base/y.c"
	for ((i = 0; i < 601; i++)); do echo 'int x;'; done >"$tree/src/base/z.c"
	lint sizes
	assert_contains "src/base/x.c:2: a function of 101 lines"
	assert_contains "src/base/z.c: 601 lines"
	refute_contains "src/base/y.c"
}

@test "repo.4 lint sees a mistake in a shell program" {
	printf '#!/bin/sh\nrm $1\n' >"$tree/tests/x"
	lint shell
	assert_contains "tests/x:2"
}

@test "repo.4 lint sees a promise without a test, and a test without its promise" {
	echo '- never.1 — pigs fly' >>"$tree/doc/BEHAVIOUR.md"
	printf '@test "never.2 pigs swim" {\n\ttrue\n}\n' >"$tree/tests/behaviour/x.bats"
	lint behaviour
	assert_contains "never.1 is promised in doc/BEHAVIOUR.md, and no test has it"
	assert_contains "never.2 has a test, and doc/BEHAVIOUR.md does not promise it"
}

# without REGEX: the tables without these lines. with LINE...: and with these.
without() {
	sed -i -E "/$1/d" "$MGR_TABLES"
}

with() {
	printf '%b\n' "$@" >>"$MGR_TABLES"
}

@test "doc.3 lint sees a command without its page, and a page without its command" {
	with 'command\tnap\teach-name\tNAME...\tLet a container sleep.'
	without '^command	stop	'
	lint pages
	assert_contains "doc/man/mgr-nap.1.in: mgr-nap has no manual page"
	assert_contains "doc/man/mgr-stop.1.in: there is no mgr-stop"
}

@test "doc.3 lint sees a page that lacks a part, or tells of an option that is not there" {
	sed -i -e '/^@exit/d' -e 's/^@option set-var/@option set-war/' "$tree/doc/man/mgr-attach.1.in"
	sed -i '/^@example/,/^@end/d' "$tree/doc/man/mgr-stop.1.in"
	lint pages
	assert_contains "doc/man/mgr-attach.1.in: has no @exit"
	assert_contains "'set-war' (line "
	assert_contains "doc/man/mgr-stop.1.in: has no example"
}

@test "doc.3 lint sees an option, a key or an exit code without a sentence of help" {
	with 'option\tstart\town\tx\texact\t\t' 'key\tmgr.container.conf\tlimits\tdisk\tstart\tsize\t\t\tgreatest disk use' 'exit\tstart\t3\t'
	lint pages
	assert_contains "mgr-start --exact: its help is ''"
	assert_contains "limits.disk: its help is 'greatest disk use'"
	assert_contains "mgr-start, exit code 3"
}

@test "doc.3 lint sees a section of keys that its page leaves out" {
	with 'key\tmgr.container.conf\tdisk\tquota\tstart\tsize\t\t\tGreatest use.'
	sed -i '/^@section uts/,/^@keys/s/^@keys//' "$tree/doc/man/mgr.container.conf.5.in"
	lint pages
	assert_contains "doc/man/mgr.container.conf.5.in: no @section disk"
	assert_contains "doc/man/mgr.container.conf.5.in: no @keys in [uts]"
}

@test "doc.3 lint sees an option whose value completion does not know" {
	with 'option\tstart\town\tx\texact\tPLANET\tStart it there.'
	lint pages
	assert_contains "completion/mgr.bash.in: what is PLANET (mgr-start --exact)?"
}

@test "doc.3 lint sees an example that no test would run" {
	printf '%s\n' '.Bd -literal' '# mgr-stop web' '.Ed' >>"$tree/doc/man/mgr-stop.1.in"
	lint pages
	assert_match 'doc/man/mgr-stop.1.in:[0-9]+: no test runs this'
}

@test "doc.3 lint sees a page that mandoc objects to, and a reference to a page that is not there" {
	printf '.Xx\n.Xr mgr-nowhere 1\n' >>"$tree/doc/man/mgr-stop.1.in"
	lint pages
	assert_contains "unknown macro: .Xx"
	assert_contains "doc/man/mgr-stop.1.in: refers to mgr-nowhere.1, which is not there"
}
