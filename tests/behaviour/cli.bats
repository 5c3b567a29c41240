# SPDX-License-Identifier: LGPL-2.1-or-later
load ../lib/common

@test "cli.1 a command line that is wrong exits 64, with two lines at most" {
	for words in "" "--frob" "-Z" "-n" "-n a -n b keys" "get" "frob" "keys --json=x" "--name"; do
		# shellcheck disable=SC2086
		run --separate-stderr mgr-config $words
		assert_status 64
		assert_output ""
		assert_equal "${#stderr_lines[@]}" 2
		assert_equal "${stderr_lines[1]}" "try 'mgr-config -h'"
	done
}

@test "cli.1 a value that is refused exits 1, and its line names the option" {
	run mgr-config -n web -l LOUD show
	assert_status 1
	assert_output "mgr-config: --logpriority: 'LOUD' is not one of TRACE DEBUG INFO NOTICE WARN ERROR CRIT ALERT FATAL"
}

@test "cli.2 of several names each is tried, each failure has its line, the highest code wins" {
	run mgr-stop -n no-such ../x another
	assert_status 1
	assert_equal "${#lines[@]}" 3
	assert_equal "${lines[0]}" "mgr-stop: no-such: no such container"
	assert_match $'\n'"mgr-stop: \.\./x: "
	assert_equal "${lines[2]}" "mgr-stop: another: no such container"
}

@test "cli.3 -h shows every option on stdout, --version the version" {
	run --separate-stderr mgr-config -h
	assert_success
	assert_equal "$stderr" ""
	assert_match $'\n''  -n, --name NAME +Name of the container\.'
	run --separate-stderr mgr-config --version
	assert_match '^mgr [0-9]+\.[0-9]+\.[0-9]+$'
}

@test "cli.4 mgr COMMAND is mgr-COMMAND, mgr help lists them all" {
	run mgr config keys
	assert_success
	run mgr help
	assert_success
	assert_match $'\n''  config +'
	assert_match $'\n''  stop +'
	run mgr frob
	assert_status 64
	assert_output $'mgr: unknown command \'frob\'\ntry \'mgr help\''
}

@test "cli.5 control characters are not passed to the terminal" {
	run mgr-config -n $'a\e[31mb' show
	assert_status 1
	refute_contains $'\e'
}

@test "cli.6 a full disk behind stdout is a failure" {
	run bash -c 'mgr-config keys >/dev/full'
	assert_status 1
	assert_output "mgr-config: write to standard output: No space left on device"
}
