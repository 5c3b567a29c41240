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

@test "cli.2 a word behind an option whose value is optional is a name; no such container says how to write a value" {
	run mgr-start --wait 5 no-such
	assert_status 1
	assert_equal "${lines[0]}" "mgr-start: 5: no such container; a value of --wait is written --wait=5"
	assert_equal "${lines[1]}" "mgr-start: no-such: no such container"
}

@test "cli.7 -o FILE has each failure with its reason, to the microsecond; -l INFO and DEBUG have start and end, too" {
	local log=$BATS_TEST_TMPDIR/log time='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z'
	run mgr-stop -o "$log" -n no-such
	assert_status 1
	output=$(cat "$log")
	assert_match "^$time ERROR  mgr-stop: no-such: no such container\$"
	rm "$log"
	run mgr-config -o "$log" -l info -n no-such show
	output=$(cat "$log")
	assert_match "^$time ERROR  mgr-config: no-such: no such container"$'\n'"$time INFO   mgr-config: no-such: ends with 1\$"
	rm "$log"
	mgr-ls -o "$log" -l DEBUG
	output=$(cat "$log")
	assert_match "^$time DEBUG  mgr-ls: begins"$'\n'"$time INFO   mgr-ls: ends with 0\$"
	run mgr-ls -o "$log" -l LOUD
	assert_status 1
}

@test "cli.8 what only root may do says so to everybody else" {
	local mgr_ls
	mgr_ls=$(realpath "$(command -v mgr-ls)")
	container web -s net.0.type=empty
	[[ -r $mgr_ls ]]
	unset MGR_CACHE # others may not look there
	run setpriv --reuid 65534 --regid 65534 --clear-groups mgr-ls
	assert_status 1
	assert_match "^mgr-ls: .*: Permission denied: this needs root\$"
	run setpriv --reuid 65534 --regid 65534 --clear-groups mgr-start -n web
	assert_status 1
	assert_match "^mgr-start: web: .*: Permission denied: this needs root\$"
	run setpriv --reuid 65534 --regid 65534 --clear-groups mgr-net status
	assert_status 1
	assert_output "mgr-net: reach mgr-netd: Permission denied: this needs root"
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

@test "cli.1 options that do not go together are said once, however many containers are named" {
	run mgr-start -F web b1
	assert_status 125
	assert_output "mgr-start: one container only with --foreground
try 'mgr-start -h'"
	run mgr-start -p x.pid web b1
	assert_status 64
	assert_output "mgr-start: one container only with --pidfile
try 'mgr-start -h'"
}

@test "cli.1 a name where a verb belongs is answered with how to name a container" {
	run mgr-forward web ls
	assert_status 64
	assert_contains "mgr-forward: 'web' is not one of add, del and ls; a container is named by -n web"
	run mgr-config web get limits.memory
	assert_status 64
	assert_contains "mgr-config: 'web' is not one of get, set, add, unset, show, check and keys; a container is named by -n web"
	run mgr-forward ls
	assert_status 64
	assert_contains "mgr-forward: no container named: -n NAME"
}

@test "cli.1 a folder that is not there has no containers to be listed, and is not one to be checked" {
	run mgr-ls -P /nowhere
	assert_status 1
	assert_output "mgr-ls: --path: look at '/nowhere': No such file or directory"
	run mgr-checkconfig -P /nowhere
	assert_status 1
	assert_output "mgr-checkconfig: --path: look at '/nowhere': No such file or directory"
}

@test "cli.1 two templates are one too many" {
	run mgr-create web -t busybox -t debian
	assert_status 1
	assert_output "mgr-create: --template: only one: 'busybox' or 'debian'"
}
