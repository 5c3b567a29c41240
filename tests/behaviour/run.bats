# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/run itself, on files of tests made up for it.
load ../lib/common

setup() {
	common_setup
	[ -f "$STAGE/../Makefile" ] || skip "$STAGE is not in a build folder"
	! readelf -d "$STAGE/bin/mgr" | grep -q asan || skip "once is enough"
	fixture=$BATS_TEST_TMPDIR/fixture-run.bats
}

run_fixture() {
	env -u STAGE -u MGR_LAB -u MGR_ROOT SETTLE=0 "$@" "$BATS_TEST_DIRNAME/../run" "$fixture"
}

# closing N M K: the output ends with the one line that says so.
closing() {
	assert_equal "$(grep -cE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' <<<"$output")" 1
	assert_match "$1 passed, $2 failed, $3 skipped"$'$'
}

@test "repo.8 tests/run adds up what passed, failed and was skipped, and says so in its exit status" {
	printf '@test "x.1 a" {\n true\n}\n@test "x.1 b" {\n skip why\n}\n' >"$fixture"
	run run_fixture
	assert_success
	closing '[0-9]+' 0 1
	printf '@test "x.1 c" {\n echo so it is; false\n}\n' >>"$fixture"
	run run_fixture
	assert_status 1
	assert_contains "not ok 3 x.1 c"
	assert_contains "so it is"
	closing '[0-9]+' 1 1
}

@test "repo.8 a test that hangs is a failure like others" {
	printf '@test "x.1 a" {\n true\n}\n@test "x.1 b" {\n sleep 1000\n}\n@test "x.1 c" {\n true\n}\n' >"$fixture"
	run run_fixture FILE_TIMEOUT=3
	assert_status 1
	assert_contains "stopped after 3 s"
	assert_contains "2 of its tests never ended"
	closing '[0-9]+' 2 0
}

@test "repo.8 a file that cannot be read as tests is a failure" {
	printf 'if\n' >"$fixture"
	run run_fixture
	assert_status 1
	closing '[0-9]+' 1 0
}

@test "repo.10 a file that leaves something behind is a failure, its tests aside" {
	printf '@test "x.1 a" {\n ip link add x type bridge\n}\n' >"$fixture"
	run run_fixture
	assert_status 1
	assert_contains "not ok - fixture-run leaves nothing behind"
	assert_contains "> interface x"
	closing '[0-9]+' 1 0
}
