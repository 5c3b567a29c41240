# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-autostart.
load ../lib/common

# started NAME...: in this order, a second run of nobody's.
started() {
	local name before='' now
	for name; do
		now=$(mgr-info -n "$name" --json | jq -r '.[0].started')
		[[ $now > $before ]] || show "$name started at $now, the one before it at $before" || return
		before=$now
	done
}

# last NAME WHAT: how its last run ended.
last() {
	mgr-info -n "$1" --json | jq -r ".[0].last_$2"
}

@test "autostart.1 a group's name has no comma, which parts those of -g" {
	run mgr-create -n web -t busybox -s container.group=onboot,web
	assert_status 1
	assert_output "mgr-create: web: container.group: 'onboot,web' has a comma: several groups are parted by blanks, or are a line each"
}

@test "autostart.1 who is started, and in which order" {
	container zoo -s start.auto=yes
	container web -s start.auto=yes -s start.order=2 -s start.delay=1.5
	container db -s start.auto=yes -s start.order=2
	container early -s start.auto=yes -s container.group=onboot
	container both -s start.auto=yes -s container.group='late onboot'
	container never
	run mgr-autostart -L
	assert_output $'zoo 0\ndb 0\nweb 1.5'
	run mgr-autostart -L -g onboot,
	assert_output $'both 0\nearly 0\nzoo 0\ndb 0\nweb 1.5'
	run mgr-autostart -L -g late -g '' -g onboot
	assert_output $'both 0\nzoo 0\ndb 0\nweb 1.5\nearly 0'
	run mgr-autostart -L -a
	assert_output $'both 0\nearly 0\nzoo 0\ndb 0\nweb 1.5'
	run mgr-autostart -L -A
	assert_output $'never 0\nzoo 0\ndb 0\nweb 1.5'
	run mgr-autostart -L -g nobody
	assert_success
	assert_output ""
	run mgr-autostart -s -L -a -A
	assert_output ""
}

@test "autostart.1 they are started one after the other, with a rest behind each but the last" {
	container a -s start.auto=yes -s start.order=2 -s start.delay=600
	container b -s start.auto=yes -s start.order=1 -s start.delay=0.3
	container c -s start.auto=yes
	boot c
	run within 60 mgr-autostart
	assert_success
	assert_output ""
	started c b a
	[ "$(mgr-info -n c --json | jq -r '.[0].state')" = RUNNING ]
	jq -en --argjson b "$(mgr-info -n b --json)" --argjson a "$(mgr-info -n a --json)" '
		def seconds: .[0].started | capture("(?<s>.*)[.](?<f>[0-9]+)Z") | (.s + "Z" | fromdate) + ("0." + .f | tonumber);
		($a | seconds) - ($b | seconds) >= 0.3'
}

@test "autostart.2 one that fails does not hold up the others" {
	container a -s start.auto=yes -s net.0.link=br-none
	container b -s start.auto=yes
	container c -s start.auto=yes -s start.order=1
	echo "rubbish" >>"$MGR_ROOT/var/lib/mgr/b/config"
	run --separate-stderr mgr-autostart
	assert_status 2
	[[ $stderr == *"mgr-autostart: a: network: bridge 'br-none' does not exist"* ]]
	[[ $stderr == *"mgr-autostart: b: "*"config"* ]]
	state_is c RUNNING
	sed -i 's/^rubbish/[include]\npath = absent.conf/' "$MGR_ROOT/var/lib/mgr/b/config"
	run mgr-autostart -L
	assert_status 2
	assert_contains "mgr-autostart: b: "
	assert_contains "absent.conf': No such file or directory"
	mgr-destroy -f b
}

@test "autostart.3 they are stopped the other way round, killed, rebooted" {
	container a -s start.order=1
	container b -s start.order=2 -s container.group=g
	container c -s start.order=2
	mgr-start a b c
	run mgr-autostart -s -L -a -A
	assert_output $'c\nb\na'
	run mgr-autostart -r -g g -A
	assert_success
	[ "$(last b signal)" = 1 ]
	run mgr-autostart --shutdown --all --ignore-auto
	assert_success
	state_is a STOPPED && state_is b STOPPED && state_is c STOPPED
	[[ $(last a ended) > $(last b ended) && $(last a ended) > $(last c ended) ]]
	[ "$(last a signal)" = 2 ]
	mgr-start a
	run mgr-autostart -k -A
	assert_success
	state_is a STOPPED
	[ "$(last a signal)" = 9 ]
	run mgr-autostart -s -k
	assert_status 64
}
