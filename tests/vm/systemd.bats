# SPDX-License-Identifier: LGPL-2.1-or-later
# Below systemd, on the machine as it is: the units that are shipped, scopes, delegation, systemd-machined.
load ../lib/common

# web has no network, box is on the managed one: made once, since the first start of each compiles its profile.
setup_file() {
	mgr-create -n web -t busybox -s net.0.type=empty --memory 64M --pids 50
	mgr-create -n box -t busybox
	wait_until 180 mgr-net up 2>/dev/null # the kernel's modules for it are loaded at first, slowly
	mgr-net down
}

teardown_file() {
	mgr-destroy -f web box
}

setup() {
	common_setup
	since=$(date '+%F %T.%N')
}

teardown() {
	local name status=0
	common_teardown || status=1
	systemctl stop mgr.service mgr@web mgr@box mgr-net.service
	for name in web box; do
		mgr-stop -k "$name" 2>/dev/null || [ $? -eq 2 ] || status=1
	done
	systemctl reset-failed 'mgr*' 2>/dev/null || true
	return $status
}

# property UNIT NAME
property() {
	systemctl show "$1" -p "$2" --value
}

# cgroup_of PID
cgroup_of() {
	sed -n 's/^0:://p' "/proc/$1/cgroup"
}

init_of() {
	mgr-info -n "$1" -pH
}

supervisor_of() {
	head -n 1 "/sys/fs/cgroup/mgr.slice/$1/supervisor/cgroup.procs"
}

# said UNIT: the journal of a unit, of this test.
said() {
	journalctl -q -u "$1" --since "$since" -o cat --no-pager
}

# How its init ended: 2 is a power-off.
last_signal() {
	mgr-info -n "$1" --json | jq '.[0].last_signal'
}

# leads NAME: machined knows its init.
leads() {
	[ "$(init_of "$1")" = "$(machinectl show "$1" -p Leader --value 2>/dev/null)" ]
}

gone() {
	[ ! -e "/sys/fs/cgroup/mgr.slice/$1" ] && [ "$(property "$1" ActiveState)" = inactive ]
}

stops() {
	[ "$(property "$1" ActiveState)" = deactivating ]
}

@test "systemd.1 a container that is started by hand is in a delegated scope of its own, below mgr.slice" {
	boot web
	assert_equal "$(systemctl is-active mgr-web.scope)" active
	assert_equal "$(property mgr-web.scope Delegate) $(property mgr-web.scope Slice)" "yes mgr.slice"
	assert_equal "$(cgroup_of "$(init_of web)")" /mgr.slice/mgr-web.scope/payload
	assert_equal "$(cgroup_of "$(supervisor_of mgr-web.scope)")" /mgr.slice/mgr-web.scope/supervisor
	[ ! -e /sys/fs/cgroup/mgr ]
	run systemctl status mgr-web.scope
	assert_contains "Container web"
	assert_contains "payload"
	assert_contains "httpd -p 80"
	run systemd-cgls --no-pager /sys/fs/cgroup/mgr.slice
	assert_match 'mgr-web.scope.*payload.*supervisor'
	assert_equal "$(in_container web cat /proc/1/cgroup)" "0::/"
	assert_equal "$(in_container web cat /proc/self/cgroup)" "0::/attach"
	assert_equal "$(mgr-cgroup -n web memory.max)" $((64 << 20))
	mgr-freeze web
	assert_equal "$(cat /sys/fs/cgroup/mgr.slice/mgr-web.scope/payload/cgroup.freeze)" 1
	mgr-unfreeze web
	mgr-stop -k web
	wait_until 20 gone mgr-web.scope
}

@test "systemd.2 what systemd does with other units leaves limits and processes of a container alone" {
	boot web
	mgr-config -n web set limits.cpus 0.5
	systemctl daemon-reload
	systemctl set-property --runtime systemd-logind.service MemoryMax=100M TasksMax=20 CPUWeight=50
	systemctl set-property --runtime mgr-web.scope CPUWeight=200 MemoryHigh=500M
	systemctl set-property --runtime mgr.slice TasksMax=1000
	systemctl daemon-reexec
	assert_equal "$(mgr-cgroup -n web memory.max) $(mgr-cgroup -n web pids.max) $(mgr-cgroup -n web cpu.max)" \
		"$((64 << 20)) 50 50000 100000"
	assert_equal "$(cat /sys/fs/cgroup/mgr.slice/mgr-web.scope/cpu.weight)" 200
	assert_equal "$(cgroup_of "$(init_of web)")" /mgr.slice/mgr-web.scope/payload
	assert_equal "$(systemctl is-active mgr-web.scope)" active
	state_is web RUNNING
	in_container web true
}

@test "systemd.3 a scope that systemd stops is a clean end of the guest" {
	boot web
	systemctl stop mgr-web.scope
	state_is web STOPPED
	assert_equal "$(last_signal web)" 2
	[ ! -e /run/mgr/web/undo ]
}

@test "systemd.4 with the supervisor killed the scope goes, and the next start is in a new one" {
	boot web
	kill -9 "$(supervisor_of mgr-web.scope)"
	wait_until 20 gone mgr-web.scope
	state_is web STOPPED
	boot web
	assert_equal "$(cgroup_of "$(init_of web)")" /mgr.slice/mgr-web.scope/payload
	# one whose processes outlive the supervisor: the scope stays until they are killed
	in_container web sleep 600 3>&- &
	wait_until 20 pgrep -f 'sleep 600'
	kill -9 "$(supervisor_of mgr-web.scope)"
	boot web
	state_is web RUNNING
}

@test "systemd.4 a unit of the same name that has failed, or is in use by others, is no hindrance" {
	systemd-run -q --unit=mgr-web.scope --scope -p CollectMode=inactive -p TimeoutStopSec=1 sleep 600 3>&- &
	wait_until 20 systemctl -q is-active mgr-web.scope
	boot web
	assert_equal "$(cgroup_of "$(init_of web)")" /mgr.slice/mgr-web.scope/payload
}

@test "systemd.4 no scope for a process that has not asked for it: its number may be another's by now" {
	local other
	sleep 600 3>&- &
	other=$!
	run /usr/local/libexec/mgr/mgr-systemd --scope container mgr-web.scope "Container web" $other 3>/dev/null
	[ "$(systemctl is-active mgr-web.scope)" = inactive ] || show "$(cgroup_of $other)"
	kill $other
	assert_status 1
	assert_contains "process $other has ended"
}

@test "systemd.5 a reboot inside, and many starts and stops in a row, keep to the scope" {
	local i supervisor
	for i in 1 2 3 4; do
		mgr-start web
		[ "$(cgroup_of "$(init_of web)")" = /mgr.slice/mgr-web.scope/payload ]
		mgr-stop -k web
	done
	boot web
	supervisor=$(supervisor_of mgr-web.scope)
	mgr-stop -r web
	assert_equal "$(supervisor_of mgr-web.scope)" "$supervisor"
	assert_equal "$(cgroup_of "$(init_of web)")" /mgr.slice/mgr-web.scope/payload
}

@test "systemd.6 another store's container of the same name has a scope of its own, and so has one command" {
	mkdir -m 700 "$BATS_TEST_TMPDIR/store"
	mgr-create -P "$BATS_TEST_TMPDIR/store" -n web -t busybox -s net.0.type=empty
	boot web
	mgr-start -P "$BATS_TEST_TMPDIR/store" -n web
	run systemctl list-units --no-legend --plain 'mgr*-web.scope'
	assert_match $'mgr-web.scope.*\nmgr[.][0-9a-f]{8}-web.scope'
	run mgr-execute -n web -P "$BATS_TEST_TMPDIR/none" -- true
	assert_status 125
	mgr-destroy -f -P "$BATS_TEST_TMPDIR/store" -n web
	mgr-stop -k web
	run mgr-execute -n web -- cat /proc/self/cgroup
	assert_success
}

@test "systemd.7 the managed network's service outlives the unit of whoever started it" {
	local netd
	container db
	systemctl start mgr@box
	mgr-start db
	netd=$(pgrep -x mgr-netd)
	wait_until 20 grep -q mgr.netd.scope "/proc/$netd/cgroup"
	systemctl stop mgr@box
	kill -0 "$netd"
	in_container db ping -c 1 -W 5 10.118.0.1
}

@test "systemd.8 mgr@.service: start, status, restart, a reboot inside, stop" {
	systemctl start mgr@web
	state_is web RUNNING
	assert_equal "$(cgroup_of "$(init_of web)")" /mgr.slice/mgr@web.service/payload
	local main
	main=$(property mgr@web MainPID)
	assert_equal "$(cgroup_of "$main")" /mgr.slice/mgr@web.service/supervisor
	assert_equal "$(cat "/proc/$main/comm")" mgr-supervisor
	refute_contains "not our child" <<<"$(said mgr@web)"
	[ ! -e /sys/fs/cgroup/mgr.slice/mgr-web.scope ]
	in_container web true
	mgr-stop -r web
	assert_equal "$(property mgr@web MainPID) $(property mgr@web NRestarts)" "$main 0"
	assert_equal "$(systemctl is-active mgr@web)" active
	systemctl restart mgr@web
	assert_equal "$(systemctl is-active mgr@web)" active
	state_is web RUNNING
	systemctl stop mgr@web
	state_is web STOPPED
	assert_equal "$(systemctl is-active mgr@web)" inactive
	assert_equal "$(last_signal web)" 2
	assert_equal "$(property mgr@web Result)" success
}

@test "systemd.9 a container that cannot start, or does not end as it should, is a failed unit; the next start works" {
	mgr-config -n web set init.cmd /no/such
	run systemctl start mgr@web
	mgr-config -n web unset init.cmd
	assert_status 1
	run said mgr@web
	assert_contains "mgr-start: web: init: "
	assert_contains "/no/such"
	assert_equal "$(property mgr@web ActiveState) $(property mgr@web Result)" "failed exit-code"
	systemctl start mgr@web
	kill -9 "$(init_of web)"
	wait_until 20 systemctl -q is-failed mgr@web
	systemctl start mgr@web
	systemctl kill --kill-whom=main -s KILL mgr@web
	wait_until 20 systemctl -q is-failed mgr@web
	assert_equal "$(property mgr@web Result)" signal
	state_is web STOPPED
	[ ! -e /run/mgr/web/undo ]
	systemctl start mgr@web
	state_is web RUNNING
	in_container web poweroff || [ $? -eq 143 ] # init's SIGTERM may be faster than its end
	wait_until 20 gone mgr@web.service
	assert_equal "$(property mgr@web Result)" success
}

@test "systemd.8 a stop that comes while it starts is a clean one as soon as it runs" {
	mkfifo "$BATS_TEST_TMPDIR/go"
	mkdir -p /run/hooks
	printf '#!/bin/sh\n: >%s\nread -r line <%s\n' "$BATS_TEST_TMPDIR/here" "$BATS_TEST_TMPDIR/go" >/run/hooks/slow
	chmod 755 /run/hooks/slow
	mgr-config -n web set hook.pre-start /run/hooks/slow
	systemctl start --no-block mgr@web
	wait_until 20 test -e "$BATS_TEST_TMPDIR/here"
	mgr-config -n web unset hook.pre-start
	systemctl stop --no-block mgr@web
	wait_until 10 stops mgr@web
	echo go >"$BATS_TEST_TMPDIR/go"
	wait_until 30 gone mgr@web.service
	assert_equal "$(property mgr@web Result) $(last_signal web)" "success 2"
	state_is web STOPPED
	[ ! -e /run/mgr/web/undo ]
}

@test "systemd.9 a unit for a container that runs already says so" {
	mgr-start web
	run systemctl start mgr@web
	assert_status 1
	run said mgr@web
	assert_contains "web: runs already, and not in this unit: stop it first"
	state_is web RUNNING
	systemctl reset-failed mgr@web
}

@test "systemd.10 mgr.service starts what is to run with the machine, in order, and stops all that run" {
	container db -s net.0.type=empty
	container bad -s start.auto=yes -s net.0.link=br-none
	mgr-config -n web set start.auto yes
	mgr-config -n web set start.order 2
	mgr-config -n box set start.auto yes
	mgr-config -n box set container.group onboot
	mgr-config -n box set start.delay 1
	systemctl start mgr.service
	assert_equal "$(systemctl is-active mgr.service)" active
	run said mgr.service
	assert_contains "mgr-autostart: bad: network: bridge 'br-none' does not exist"
	state_is web RUNNING && state_is box RUNNING && state_is db STOPPED
	assert_equal "$(cgroup_of "$(init_of web)")" /mgr.slice/mgr-web.scope/payload
	jq -en --argjson first "$(mgr-info -n box --json)" --argjson second "$(mgr-info -n web --json)" '
		def seconds: .[0].started | sub("[.][0-9]+"; "") | fromdate;
		($second | seconds) - ($first | seconds) >= 1'
	systemctl start mgr@db
	systemctl stop mgr.service
	state_is web STOPPED && state_is box STOPPED && state_is db STOPPED
	assert_equal "$(last_signal web) $(last_signal box) $(last_signal db)" "2 2 2"
	assert_equal "$(property mgr.service Result) $(property mgr@db Result)" "success success"
	mgr-config -n web unset start.auto
	mgr-config -n box unset start.auto
}

@test "systemd.11 a machine that shuts down stops containers before it kills their units" {
	mgr-start web
	run systemctl show mgr-web.scope mgr@web.service -p Before -p After
	assert_match 'Before=.*mgr.service.*Before=.*mgr.service'
	# the network's service stays to the very end; a unit that names its scope would keep that from being made again
	run systemctl show mgr.netd.scope -p DefaultDependencies -p Conflicts
	assert_contains DefaultDependencies=no
	refute_contains shutdown.target
	run systemctl show mgr-web.scope mgr@web.service mgr.service mgr-net.service -p After -p Before
	refute_contains mgr.netd.scope
	run systemd-analyze verify /usr/local/lib/systemd/system/mgr.service /usr/local/lib/systemd/system/mgr-net.service \
		/usr/local/lib/systemd/system/mgr@.service /usr/local/lib/systemd/system/mgr.slice
	assert_output ""
}

@test "systemd.12 mgr-net.service keeps the managed network" {
	systemctl start mgr-net.service
	[ -e /run/mgr/.net/stay ]
	systemctl stop mgr-net.service
	wait_until 30 test ! -e /sys/class/net/mgrbr0
}

@test "systemd.13 machinectl lists a container while it runs, and its name resolves by nss-mymachines" {
	boot box
	wait_until 20 machinectl show box
	run machinectl list --no-legend --no-pager
	assert_match '^box +container +mgr '
	run machinectl status box --no-pager
	assert_contains "Unit: mgr-box.scope"
	assert_contains "Leader: $(init_of box)"
	assert_equal "$(machinectl show box -p Id --value)" "$(mgr-config -n box get container.uuid | tr -d -)"
	run getent ahostsv4 box
	assert_contains "$(container_ip box)"
	mgr-stop -r box
	wait_until 20 leads box
	machinectl terminate box
	wait_state box STOPPED 60
	assert_equal "$(last_signal box)" 2
	run ! machinectl show box
	systemctl start mgr@box
	wait_until 20 machinectl show box
	assert_equal "$(machinectl show box -p Unit --value)" mgr@box.service
}

@test "systemd.13 machined = no in mgr.conf: it is not told" {
	[ ! -e /etc/mgr/mgr.conf ]
	mkdir -p /etc/mgr
	printf '[systemd]\nmachined = no\n' >/etc/mgr/mgr.conf
	boot web
	rm /etc/mgr/mgr.conf
	# what registers is run before the supervisor is
	run ! pgrep -f 'mgr-systemd --machine'
	run ! machinectl show web
}
