# SPDX-License-Identifier: LGPL-2.1-or-later
# Network interfaces of a running container: real packets, real crashes.
load ../lib/common
load ../lib/net
load ../lib/device

setup_file() {
	device_setup_file
}

teardown_file() {
	device_teardown_file
}

teardown() {
	device_teardown
}

has_interface() {
	inside "${2-web}" ip link show dev "$1" >/dev/null 2>&1
}

# Lines of the record that belong to the interface.
recorded() {
	grep -cE "^(network|hook-net) $1 " "$MGR_ROOT/run/mgr/${2-web}/undo"
}

ports() {
	bridge link show | grep -c 'master br7'
}

@test "nic.3 a veth comes to a running container and goes, with name and addresses" {
	run mgr-device add -n web nic link=br7,ipv4.address=10.0.0.5/24,10.0.0.6/24,name=lan0 mtu=1400
	assert_success
	assert_output net.1
	busybox ping -c 1 -W 2 10.0.0.5
	busybox ping -c 1 -W 2 10.0.0.6
	in_container web ping -c 1 -W 2 10.0.0.1
	assert_equal "$(in_container web cat /sys/class/net/lan0/mtu)" 1400
	assert_equal "$(devices)" "net.0 eth0,net.1 lan0"
	assert_equal "$(mgr-device -n web ls --json | jq -c '.[1] | [.name, .kind, .type, .link, .addresses, .saved]')" \
		'["web","nic","veth","br7",["10.0.0.5/24","10.0.0.6/24"],false]'
	mgr-device -n web del nic link=br7
	run has_interface lan0
	assert_status 1
	assert_equal "$(devices)" "net.0 eth0"
	assert_equal "$(ports)" 0
	assert_equal "$(recorded 1)" 0
}

@test "nic.3 on the managed network it has addresses of its own, which are free when it has gone, and names that resolve" {
	local one
	one=$(address 77)
	container db -s net.0.type=empty
	boot db
	mgr-device -n web add nic "ipv4.address=$one/16,name=second"
	run mgr-device -n db add nic "ipv4.address=$one/16"
	assert_status 1
	assert_output "mgr-device: db: net.1.ipv4.address: $one/16: address $one belongs to 'web'"
	assert_equal "$(mgr-device -n db ls --json | jq length)" 0
	# without an address of the user's the container is leased one
	assert_equal "$(mgr-device -n db add nic)" net.1
	in_container db ping -c 1 -W 2 "$one"
	# with it come names, without one to ask before
	in_container db grep -qx "nameserver $(gateway)" /etc/resolv.conf
	wait_until 2 in_container db nslookup web.mgr
	looks_up web db.mgr "$(container_ip db)"
	assert_equal "$(field Containers)" 2
	local other
	other=$(container_ip db)
	mgr-device -n db del nic eth1
	run leased "$other"
	assert_status 1
	run in_container web nslookup db.mgr
	assert_status 1
	assert_equal "$(field Containers)" 1
	leased "$one"
	# the guard of the network knows its end, address and all, as long as it is there
	local end
	end=$(mgr-device -n web ls --json | jq -r '.[1].host')
	run nft list table bridge "$table"
	assert_contains "\"$end\""
	mgr-device -n web del nic second
	run nft list table bridge "$table"
	refute_contains "\"$end\""
	run leased "$one"
	assert_status 1
	mgr-device -n db add nic "ipv4.address=$one/16"
	in_container web ping -c 1 -W 2 "$one"
	# a stop is its end too
	mgr-device -n db add nic link=br7
	mgr-stop -k db
	run leased "$one"
	assert_status 1
	boot db
	mgr-device -n db add nic
	other=$(container_ip db)
	mgr-stop -k db
	run leased "$other"
	assert_status 1
	run mgr-create -n third -t busybox --ip "$one"
	forget_later third
	assert_success
}

@test "nic.3 a forward goes on when an interface comes and goes, and has its own container's first one" {
	mgr-forward -n web add tcp:7000:70
	serve web tcp 70
	later socat -u TCP:127.0.0.1:7000 "OPEN:$BATS_TEST_TMPDIR/got,creat"
	wait_until 5 established
	mgr-device -n web add nic "ipv4.address=$(address 77)/16"
	mgr-device -n web add nic link=br7
	answers tcp 127.0.0.1 7000
	mgr-device -n web del nic net.1
	answers tcp 127.0.0.1 7000
	established
	run mgr-device -n web del nic eth0
	assert_status 1
	assert_output "mgr-device: web: net.0: its forwards go to it: end them first, by mgr-forward del"
	mgr-forward -n web del tcp:7000:70
}

established() {
	conntrack -L -p tcp 2>/dev/null | grep ESTABLISHED | grep -q dport=7000
}

@test "nic.3 it holds over a reboot inside and a mgr-netd that is started anew, until the container stops" {
	local init one netd
	one=$(address 77)
	mgr-device -n web add nic link=br7 --save
	mgr-device -n web add nic link=br7,ipv4.address=10.0.0.5/24
	mgr-device -n web add nic "ipv4.address=$one/16"
	mgr-device -n web del nic 1
	mgr-config -n web set net.4.link br7
	netd=$(field Service)
	kill -KILL "$netd"
	mgr-device -n web add nic link=none,veth.pair=tap7
	wait_until 5 is_another "$netd"
	assert_equal "$(devices)" "net.0 eth0,net.2 eth2,net.3 eth3,net.5 eth5"
	init=$(pid_of web)
	in_container web reboot || true
	wait_gone 20 "$init"
	wait_until 10 eval '[ -n "$(pid_of web)" ]'
	mgr-wait -n web --ready -t $((20 * patience))
	assert_equal "$(devices)" "net.0 eth0,net.2 eth2,net.3 eth3,net.4 eth4,net.5 eth5"
	busybox ping -c 1 -W 2 10.0.0.5
	busybox ping -c 1 -W 2 "$one"
	mgr-device -n web del nic veth.pair=tap7
	[ ! -e /sys/class/net/tap7 ]
	mgr-device -n web add nic link=none,veth.pair=tap7
	mgr-stop -k web
	[ ! -e /sys/class/net/tap7 ]
	assert_equal "$(ports)" 0
	boot web
	assert_equal "$(devices)" "net.0 eth0,net.1 eth1,net.4 eth4"
}

@test "nic.3 --save keeps the change in the configuration too, running or not" {
	mgr-stop -k web
	run mgr-device -n web add nic link=br7
	assert_status 1
	assert_output "mgr-device: web: is not running: --save puts it into its configuration"
	assert_equal "$(mgr-device -n web add nic link=br7,name=lan0 --save)" net.1
	run mgr-device -n web add nic link=br7,name=lan0 --save
	assert_status 1
	assert_output "mgr-device: web: net.2.name: 'lan0' is the name of net.1 too"
	boot web
	has_interface lan0
	assert_equal "$(mgr-device -n web add nic link=br7,ipv4.address=10.0.0.5/24,name=lan1 --save)" net.2
	busybox ping -c 1 -W 2 10.0.0.5
	assert_equal "$(mgr-config -n web get net.2.ipv4.address)" 10.0.0.5/24
	assert_equal "$(mgr-device -n web ls --json | jq -c 'map(.saved)')" "[true,true,true]"
	# without it the configuration stays as it is
	mgr-device -n web del nic lan0
	assert_equal "$(mgr-config -n web get net.1.name)" lan0
	mgr-device -n web del nic lan0 --save
	mgr-device -n web del nic lan1 --save
	run mgr-config -n web get net.1.name
	assert_output ""
	run grep -c 'net\.[12]' "$MGR_ROOT/var/lib/mgr/web/config"
	assert_output 0
}

# --- the host's own -----------------------------------------------------------------------------------------------------

make_card() {
	ip link add card0 type veth peer name far0
	ip addr add 192.0.2.1/30 dev far0
	ip link set far0 up
	ip link set card0 mtu 1480 up
	ip addr add 192.0.2.2/30 brd + dev card0
	card >"$BATS_TEST_TMPDIR/before"
}

card() {
	ip -o link show card0 | sed 's/@.*: </: </; s/ state [A-Z]* / /; s/ link-netns.*//'
	ip -o addr show card0 | awk '$3 == "inet" { print $3, $4, $5, $6 }'
}

is_back() {
	card 2>/dev/null | diff "$BATS_TEST_TMPDIR/before" - >&2
}

@test "nic.3 an interface of the host's is back as it was when it is taken away, after a crash, and when it was refused" {
	make_card
	container db -s net.0.type=empty
	boot db
	mgr-device -n web add nic type=phys,link=card0,ipv4.address=192.0.2.2/30,name=card,mtu=1400
	[ ! -e /sys/class/net/card0 ]
	in_container web ping -c 1 -W 2 192.0.2.1
	run mgr-device -n db add nic type=phys,link=card0
	assert_status 1
	assert_output "mgr-device: db: interface 'card0' is in container 'web' now"
	in_container web ip link set card down
	in_container web ip link set card name mine
	# while its name is another's it cannot come back: it stays, and so does what mgr-device knows of it
	ip link add card0 type bridge
	run mgr-device -n web del nic card
	ip link del card0
	assert_status 1
	assert_contains "card0"
	assert_equal "$(devices)" "net.0 eth0,net.1 card"
	mgr-device -n web del nic card
	is_back
	# what is set once it is back stays: the stop has no part in it any more
	ip addr add 192.0.2.65/28 dev card0
	mgr-device -n db add nic type=phys,link=card0
	mgr-device -n db del nic card0
	ip addr show dev card0 | grep -q 192.0.2.65/28
	ip addr del 192.0.2.65/28 dev card0
	run mgr-device -n web add nic type=phys,link=card0,script.up=/none
	assert_status 1
	is_back
	mgr-device -n web add nic type=phys,link=card0
	kill -KILL "$(ps -o ppid= -p "$(pid_of web)" | tr -d ' ')"
	run wait_until 5 state_is web STOPPED
	mgr-stop -k web || true
	wait_until 5 is_back
	ip link del card0
}

@test "nic.3 what root inside has moved to another network namespace there goes all the same, one of the host's back to it" {
	local number
	make_card
	hold_netns web
	number=$(awk '/^NSpid:/ { print $NF }' "/proc/$held/status")
	mgr-device -n web add nic type=phys,link=card0,name=card
	as_root_of web ip link set card netns "$held"
	mgr-device -n web del nic card
	is_back
	mgr-device -n web add nic type=macvlan,link=far0,name=mac0
	as_root_of web ip link set mac0 netns "$held"
	nsenter -t "$held" -n ip link show mac0
	mgr-device -n web del nic mac0
	run nsenter -t "$held" -n ip link show mac0
	assert_contains "does not exist"
	# nobody is in it: it is mounted, as `ip netns` does it,
	mgr-device -n web add nic type=phys,link=card0,name=card
	as_root_of web ip link set card netns "$held"
	in_container web sh -c "touch /run/it && mount -o bind /proc/$number/ns/net /run/it"
	kill "$held"
	wait_gone 5 "$held"
	mgr-device -n web del nic card
	is_back
	in_container web umount /run/it
	ip link del card0
}

@test "nic.3 an interface of the guest's own with the number that one of the host's would have is not taken for it" {
	make_card
	inside web ip link add fake0 index 1000001 type veth peer name fake1
	run mgr-device -n web add nic type=phys,link=card0
	assert_status 1
	assert_output "mgr-device: web: the container has an interface with the number 1000001 already, which is to be net.1's"
	is_back
	inside web ip link show fake0
	inside web ip link del fake0
	# nor when it comes in its place
	mgr-device -n web add nic type=phys,link=card0
	inside web ip link del card0
	inside web ip link add fake0 index 1000001 type bridge
	mgr-stop -k web
	[ ! -e /sys/class/net/card0 ]
	[ ! -e "$MGR_ROOT/run/mgr/web/netns" ]
	boot web
}

# --- other types --------------------------------------------------------------------------------------------------------

# What the host has of interfaces and routes, but for what the managed network changes by itself.
host_has() {
	ip -o link show | sed -E 's/^[0-9]+: ([^:@]*).*/\1/' | sort
	ip route show | sed 's/ linkdown//'
}

@test "nic.3 each type comes and goes with what belongs to it: routes, rates, lower interfaces" {
	local words before
	make_machine peer
	before=$(host_has)
	for words in "link=none,veth.mode=router,ipv4.address=198.51.100.7/32,veth.ipv4.route=203.0.113.0/24" \
		"link=br7,ipv4.address=10.0.0.7/24,rate.ingress=10mbit,rate.egress=10mbit" \
		"type=macvlan,link=to-peer,macvlan.mode=bridge,ipv4.address=192.0.2.10/24" \
		"type=macvlan,link=to-peer,macvlan.mode=passthru"; do
		mgr-device -n web add nic "$words,name=x0" || show "$words"
		has_interface x0 || show "$words"
		mgr-device -n web del nic x0
		run has_interface x0
		assert_status 1
		assert_equal "$(host_has)" "$before" || show "$words"
		assert_equal "$(recorded 1)" 0
	done
}

comes_and_goes() {
	local before
	make_machine peer
	ip -n peer addr add 192.0.2.129/25 dev eth0
	before=$(host_has)
	mgr-device -n web add nic "$1,name=x0,ipv4.address=192.0.2.130/25"
	in_container web ip addr show dev x0 | grep -q 192.0.2.130/25
	mgr-device -n web del nic x0
	run has_interface x0
	assert_status 1
	assert_equal "$(host_has)" "$before"
	mgr-device -n web add nic "$1"
	mgr-stop -k web
	assert_equal "$(host_has | grep -v "^$bridge\|^mgr\|10\.11")" "$(grep -v "^$bridge\|^mgr\|10\.11" <<<"$before")"
	boot web
}

@test "nic.3 an ipvlan comes and goes" {
	! lacks ipvlan || skip "this kernel has no ipvlan"
	comes_and_goes type=ipvlan,link=to-peer
}

@test "nic.3 a vlan comes and goes" {
	! lacks vlan || skip "this kernel has no VLANs"
	comes_and_goes type=vlan,link=to-peer,vlan.id=7
}

# --- crashes ------------------------------------------------------------------------------------------------------------

@test "nic.3 whatever point mgr-boot is killed at, there is all of an interface or nothing of it" {
	local point one
	one=$(address 77)
	for point in claimed joined recorded made assigned; do
		mgr-stop -k web
		MGR_DEBUG_KILL=device:$point boot web
		run mgr-device -n web add nic "ipv4.address=$one/16,script.down=/bin/true"
		assert_status 1
		assert_output "mgr-device: web: mgr-boot has ended by signal 9 (Killed): mgr-device ls shows what there is now"
		if [ $point = assigned ]; then
			assert_equal "$(devices)" "net.0 eth0,net.1 eth1"
			busybox ping -c 1 -W 2 "$one"
			leased "$one"
		else
			assert_equal "$(devices)" "net.0 eth0" || show "at $point"
			run has_interface eth1
			assert_status 1
			run leased "$one"
			assert_status 1
			assert_equal "$(recorded 1)" 0 || show "at $point"
		fi
		in_container web ping -c 1 -W 2 "$(gateway)" || show "at $point"
	done
	mgr-stop -k web
	run leased "$one"
	MGR_DEBUG_KILL=device:given-up boot web
	mgr-device -n web add nic "ipv4.address=$one/16"
	run mgr-device -n web del nic eth1
	assert_status 1
	assert_equal "$(devices)" "net.0 eth0"
	run has_interface eth1
	assert_status 1
	# killed again while it clears up: the next one that is asked for anything does it
	mgr-stop -k web
	MGR_DEBUG_KILL=device:undo:network boot web
	mgr-device -n web add nic link=br7,name=lan0
	run mgr-device -n web del nic lan0
	assert_status 1
	assert_contains "what it has left stays until the next change or the stop"
	mgr-stop -k web
	assert_equal "$(ports)" 0
	boot web
}

# A script of the host's that waits until the test lets it go on.
slow_script() {
	mkdir -p /run/scripts
	printf '#!/bin/sh\ntouch /run/scripts/begun\nread -r _ </run/scripts/go\n' >/run/scripts/slow
	chmod 755 /run/scripts/slow
	rm -f /run/scripts/begun /run/scripts/go
	mkfifo /run/scripts/go
}

# slow_add: in the background, its script under way; $pid is the command.
slow_add() {
	rm -f /run/scripts/begun
	mgr-device -n web add nic link=br7,script.up=/run/scripts/slow >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	pid=$!
	wait_until 5 test -e /run/scripts/begun
}

@test "nic.3 a command that is killed changes nothing of what becomes of it, a stop or a dead supervisor ends it" {
	local pid
	slow_script
	slow_add
	kill -KILL "$pid"
	echo >/run/scripts/go
	wait_until 5 has_two
	slow_add
	mgr-stop -k web
	wait "$pid" || true
	assert_equal "$(<"$BATS_TEST_TMPDIR/said")" "mgr-device: web: the container has stopped meanwhile"
	assert_equal "$(ports)" 0
	boot web
	slow_add
	kill -KILL "$(ps -o ppid= -p "$(pid_of web)" | tr -d ' ')"
	wait "$pid" || true
	later sh -c 'echo >/run/scripts/go' # whether or not anybody reads it
	mgr-stop -k web || true
	wait_until 5 state_is web STOPPED
	boot web
	assert_equal "$(devices)" "net.0 eth0"
	assert_equal "$(ports)" 0
}

has_two() {
	[ "$(devices)" = "net.0 eth0,net.1 eth1" ]
}

# --- the rest -----------------------------------------------------------------------------------------------------------

@test "nic.3 scripts of the interface run when it comes and when it goes" {
	mkdir -p /run/scripts
	printf '#!/bin/sh\necho "$@" "$MGR_NET_PEER" >>/run/scripts/told\n' >/run/scripts/tell
	chmod 755 /run/scripts/tell
	rm -f /run/scripts/told
	mgr-device -n web add nic link=br7,veth.pair=tap7,script.up=/run/scripts/tell,script.down=/run/scripts/tell
	mgr-device -n web del nic 1
	mgr-device -n web add nic link=br7,veth.pair=tap8,script.down=/run/scripts/tell
	mgr-stop -k web
	assert_equal "$(cat /run/scripts/told)" "$(printf '%s\n' "web net up veth tap7 tap7" "web net down veth tap7 tap7" \
		"web net down veth tap8 tap8")"
	boot web
	run mgr-device -n web add nic link=br7,veth.pair=tap9,script.up=/bin/false,script.down=/run/scripts/tell
	assert_status 1
	assert_equal "$(tail -n 1 /run/scripts/told)" "web net down veth tap9 tap9" # as when a start fails
	assert_output "mgr-device: web: net.1.script.up: '/bin/false': exit status 1"
	assert_equal "$(devices)" "net.0 eth0"
	assert_equal "$(ports)" 0
}

@test "nic.3 what an earlier run was given is not the next one's, wherever its end was killed" {
	mgr-device -n web add nic link=br7
	cp "$MGR_ROOT/run/mgr/web/assign" "$BATS_TEST_TMPDIR/assign"
	mgr-stop -k web
	cp "$BATS_TEST_TMPDIR/assign" "$MGR_ROOT/run/mgr/web/assign" # which goes last
	boot web
	[ ! -e "$MGR_ROOT/run/mgr/web/assign" ]
}

@test "nic.3 it comes to and goes from a frozen container" {
	mgr-freeze web
	mgr-device -n web add nic link=br7,ipv4.address=10.0.0.5/24
	has_interface eth1
	mgr-device -n web del nic eth1
	run has_interface eth1
	assert_status 1
	state_is web FROZEN
	mgr-device -n web add nic link=br7,ipv4.address=10.0.0.5/24
	mgr-unfreeze web
	busybox ping -c 1 -W 2 10.0.0.5
}

@test "nic.3 several at a time, with forwards and limits, all come, and each has a number of its own" {
	local i pids=()
	for i in 1 2 3 4; do
		mgr-device -n web add nic "link=br7,ipv4.address=10.0.0.1$i/24,name=lan$i" 3>&- >"$BATS_TEST_TMPDIR/$i" &
		pids+=($!)
		mgr-forward -n web add "tcp:700$i:70" 3>&- &
		pids+=($!)
		mgr-config -n web set limits.pids "100$i" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	assert_equal "$(cat "$BATS_TEST_TMPDIR"/[1-4] | sort | paste -sd,)" net.1,net.2,net.3,net.4
	assert_equal "$(mgr-device -n web ls --json | jq -r '.[].inside' | sort | paste -sd,)" eth0,lan1,lan2,lan3,lan4
	assert_equal "$(mgr-forward -n web ls | wc -l)" 4
	for i in 1 2 3 4; do
		busybox ping -c 1 -W 2 "10.0.0.1$i"
		mgr-forward -n web del "tcp:700$i:70"
	done
	mgr-config -n web unset limits.pids
}

@test "nic.3 what cannot be is refused, saying why, with nothing half-made" {
	local words why
	while IFS='|' read -r words why; do
		# shellcheck disable=SC2086 # several words
		run mgr-device -n web $words
		assert_status 1
		assert_output "mgr-device: web: $why"
	done <<-'EOF'
		add nic lnik=br7|net.1: unknown key 'lnik'; did you mean 'link'?
		add nic link=br9|bridge 'br9' does not exist
		add nic link=br7,name=eth0|net.1.name: 'eth0' is the name of net.0 too
		add nic link=br7,name=abcdefghijklmnop|net.1.name: 'abcdefghijklmnop' is not a name of an interface: 1 to 15 visible characters without / and :
		add nic link=br7,mtu=67|net.1.mtu: '67' is not a whole number from 68 to 65535
		add nic link=br7,hwaddr=01:00:00:00:00:01|net.1.hwaddr: '01:00:00:00:00:01' is a multicast address: the first byte must be even
		add nic link=br7,ipv4.address=10.0.0.5|net.1.ipv4.address: '10.0.0.5' is not lease, none or an address of a host with its prefix, such as 10.0.3.7/24
		add nic index=0,link=br7|index: net.0 is there already
		add nic index=16,link=br7|index: '16' is not a number from 0 to 15
		add nic type=empty|net.1.type: 'empty' is nothing that can be added
		add nic type=phys,link=none9|interface 'none9' does not exist
		add nic link=br7,ipv4.gateway=10.0.0.1|net.1.ipv4.gateway: net.0 has one too: one of them is to be 'none'
		add nic br7|'br7' is not KEY=VALUE
		add nic index=1,10.0.0.5/24|'10.0.0.5/24' is not KEY=VALUE
		del nic eth9|it has no network interface 'eth9'
		del nic link=br7|it has no network interface with 'link=br7'
	EOF
	assert_equal "$(devices)" "net.0 eth0"
	assert_equal "$(ports)" 0
	assert_equal "$(recorded 1)" 0
	# a name that the guest has given is taken too
	inside web ip link add lan0 type veth peer name lan1
	run mgr-device -n web add nic link=br7,name=lan1
	inside web ip link del lan0
	assert_status 1
	assert_output "mgr-device: web: the container has an interface 'lan1' already"
	run mgr-device -n web add node /srv
	assert_status 64
	run mgr-device -n web add nic link=br7 --json
	assert_status 64
	run mgr-device -n web del nic
	assert_status 64
	run mgr-device -n none add nic
	assert_output "mgr-device: none: no such container"
	container shared -s net.0.type=host
	boot shared
	run mgr-device -n shared add nic link=br7
	assert_status 1
	assert_contains "a container that shares the host's network has no other interface"
}

@test "nic.3 nobody but root changes or lists them" {
	for words in "add nic link=br7" "del nic eth0" ls; do
		# shellcheck disable=SC2086 # several words
		run setpriv --reuid 65534 --regid 65534 --clear-groups "$STAGE/bin/mgr-device" -n web $words
		assert_status 1
	done
	assert_equal "$(devices)" "net.0 eth0"
}
