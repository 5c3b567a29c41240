# SPDX-License-Identifier: LGPL-2.1-or-later
# Several managed networks, their settings and limits, and the leases on them.
load ../lib/common
load ../lib/net

# conf: [network...] sections, on stdin
conf() {
	mkdir -p "$MGR_ROOT/etc/mgr"
	cat >"$MGR_ROOT/etc/mgr/mgr.conf"
}

# of NETWORK LABEL
of() {
	mgr-net status "$1" | awk -v label="$2:" '$1 == label { sub(/^[^ ]+ +/, ""); print }'
}

# assert_contains_line TEXT IN
assert_contains_line() {
	local output=$2
	assert_contains "$1"
}

address_on() {
	inside "$1" ip -4 -o addr show "$2" | awk '{ sub(/\/.*/, "", $4); print $4 }'
}

# looks_up NAME WHOM ADDRESS
looks_up() {
	[[ $(in_container "$1" nslookup "$2" 2>&1) == *"Address: $3"* ]]
}

is_down() {
	[ "$(of "$1" State)" = DOWN ]
}

# served_by_another NETWORK SERVICE
served_by_another() {
	local now
	now=$(of "$1" Service)
	[ -n "$now" ] && [ "$now" != "$2" ]
}

teardown() {
	local status=0 name
	end_servers
	common_teardown || status=1
	for name in $(mgr-net status --json | jq -r '.[] | select(.stays) | .network // ""'); do
		mgr-net down "$name" || status=1
	done
	mgr-net down || status=1
	rm -f "$MGR_ROOT/etc/mgr/mgr.conf"
	return $status
}

# --- mnet.1 ------------------------------------------------------------------------------------------------------------------

@test "mnet.1 mgr.conf says what a network is: subnet, prefix, bridge, domain and resolvers" {
	conf <<-END
		[network.lab]
		ipv4.subnet = 172.20.5.0/24
		ipv6.prefix = fd12:3456:789a::/64
		bridge = lab$MGR_LAB_ID
		domain = lab.example
		resolvers = 192.0.2.53
	END
	container one -s net.0.network=lab
	container two -s net.0.network=lab
	boot one
	boot two
	assert_equal "$(of lab Bridge)" "lab$MGR_LAB_ID"
	assert_equal "$(of lab Subnet)" 172.20.5.0/24
	assert_equal "$(of lab IPv6)" fd12:3456:789a::/64
	ip -4 -o addr show "lab$MGR_LAB_ID" | grep -q "inet 172.20.5.1/24"
	assert_equal "$(container_ip one)" 172.20.5.2
	in_container one ping -c 1 -W 2 two.lab.example
	in_container one ping -c 1 -W 2 two
	assert_contains_line "search lab.example" "$(in_container one cat /etc/resolv.conf)"
	# the resolver that is named, and no other, is asked for what is not the network's own
	ip addr add 192.0.2.53/32 dev lo
	later dnsmasq -d --conf-file=/dev/null --bind-interfaces --listen-address=192.0.2.53 --address=/far.example/192.0.2.7
	wait_until 5 looks_up one far.example 192.0.2.7
	ip addr del 192.0.2.53/32 dev lo
}

@test "mnet.1 networks are apart, come with their first container and go after their last" {
	local start back
	conf <<-END
		[network.back]
		[network.side]
	END
	container web -s net.1.network=back
	container db -s net.0.network=back
	container far
	boot web
	boot db
	boot far
	back=$(address_on db eth0)
	# both networks from the one, only its own from the others
	in_container web ping -c 1 -W 2 "$back"
	in_container web ping -c 1 -W 2 "$(address_on far eth0)"
	in_container db ping -c 1 -W 2 web
	run in_container far ping -c 1 -W 1 "$back"
	assert_status 1
	run looks_up far db "$back"
	assert_status 1
	assert_equal "$(of back Containers) $(mgr-net status | awk '$1 == "Containers:" { print $2; exit }')" "2 2"
	assert_equal "$(of side State)" DOWN
	assert_equal "$(of back Service)" "$(field Service | head -n 1 | sed 's/^/process /')"
	# a name is one container's on each network, and a network goes by itself
	start=$SECONDS
	mgr-stop -k -n db
	mgr-stop -k -n web
	wait_until 15 is_down back
	((SECONDS - start >= 9))
	in_container far ping -c 1 -W 2 "$(gateway)"
	assert_equal "$(nft list tables | grep -c -- -back)" 0
}

@test "mnet.1 names of a network with a domain of its own resolve on the others, both ways, as long as it is there" {
	local db
	conf <<-END
		[network.back]
		domain = back.example
	END
	container web -s net.1.network=back
	container db -s net.0.network=back
	boot web
	boot db
	db=$(address_on db eth0)
	wait_until 5 looks_up web db.back.example "$db"
	in_container web nslookup "$db" | grep -q db.back.example
	wait_until 5 looks_up db web.mgr "$(address_on web eth0)"
	mgr-stop -k -n db
	mgr-device -n web del nic eth1
	mgr-net down back
	run in_container web nslookup db.back.example
	assert_status 1
}

@test "mnet.1 a network outlives the service, and mgr-net up and down are of one" {
	local netd
	conf <<-END
		[network.back]
	END
	container db -s net.0.network=back --forward tcp:8080:7080
	boot db
	serve db tcp 7080
	make_machine peer
	# shellcheck disable=SC2154 # make_machine's
	answers on peer tcp "$here_ip" 8080
	mgr-net up back
	netd=$(of back Service)
	kill -9 "${netd#process }"
	wait_until 5 served_by_another back "$netd"
	answers on peer tcp "$here_ip" 8080
	assert_equal "$(of back Stays)" "until mgr-net down"
	assert_equal "$(mgr-net status | sed -n 's/^State: *//p' | head -n 1)" DOWN
	run mgr-net down back
	assert_success
	assert_output "the network stays until the last of the containers on it has stopped, now 1"
	mgr-stop -k -n db
	run mgr-net down back
	assert_success
	assert_output ""
	assert_equal "$(of back State)" DOWN
}

@test "mnet.1 an interface of another network is added to a container that has long been there" {
	conf <<-END
		[network.back]
	END
	container web
	container db -s net.0.network=back
	boot db
	mgr-config -n web set net.1.network back
	boot web
	in_container web ping -c 1 -W 2 "$(address_on db eth0)"
	mgr-destroy -f -n web
	assert_equal "$(mgr-net leases back --json | jq -r '.[].name')" db
}

@test "mnet.1 what cannot be a network is refused, and nothing is made" {
	conf <<-END
		[network.back]
		ipv4.subnet = 10.118.0.0/15
	END
	run mgr-create -n web -t busybox -s net.0.network=back
	assert_status 1
	assert_contains "mgr.conf:2: network.back.ipv4.subnet: '10.118.0.0/15' is not a private network of 16 to 29 bits"
	conf <<-END
		[network.Back]
	END
	run mgr-create -n web -t busybox
	assert_status 1
	assert_contains "mgr.conf:1: unknown section [network.Back]: [network.NAME] takes a name of up to 15 small letters"
	conf <<-END
		[network.one]
		ipv4.subnet = 172.20.0.0/16
		[network.two]
		ipv4.subnet = 172.20.7.0/24
	END
	container web -s net.0.network=one
	run mgr-create -n two -t busybox -s net.0.network=two
	assert_status 1
	assert_output "mgr-create: two: net.0.network: network 'two' cannot become 172.20.7.0/24: network 'one' has addresses of it"
	run mgr-create -n three -t busybox -s net.0.network=tree
	assert_status 1
	assert_output "mgr-create: three: net.0.network: there is no network 'tree': a line [network.tree] in\
 '$MGR_ROOT/etc/mgr/mgr.conf' makes one"
	run mgr-create -n three -t busybox -s net.0.network=one -s net.0.link=br0
	assert_status 1
	assert_output "mgr-create: three: net.0.network: net.0.link is set too: it is on one of them"
	run mgr-net up tree
	assert_status 1
	assert_contains "there is no network 'tree'"
	run mgr-net leases tree
	assert_status 1
	assert_contains "there is no network 'tree'"
	assert_equal "$(mgr-ls -1)" web
	# a bridge that somebody else has made is his
	ip link add "own$MGR_LAB_ID" type bridge
	conf <<-END
		[network.one]
		bridge = own$MGR_LAB_ID
	END
	run mgr-start -n web
	assert_status 1
	assert_contains "bridge 'own$MGR_LAB_ID' is not mgr's"
	ip link show "own$MGR_LAB_ID"
	ip link del "own$MGR_LAB_ID"
}

@test "mnet.1 a subnet that is used up and a bridge that is full are told by name" {
	local i
	conf <<-END
		[network.tiny]
		ipv4.subnet = 172.20.9.0/29
	END
	for i in 1 2 3 4 5; do
		container "t$i" -s net.0.network=tiny
	done
	run mgr-create -n t6 -t busybox -s net.0.network=tiny
	assert_status 1
	assert_output "mgr-create: t6: net.0.network: every address of 172.20.9.0/29 is taken: mgr.conf can give another network,\
 or this one a larger subnet"
	boot t1
	assert_equal "$(of tiny Addresses)" "5 of 5"
	assert_contains_line "every address of 172.20.9.0/29 is taken" "$(of tiny Trouble)"
	# a bridge has 1,023 ports
	bridge=$(of tiny Bridge)
	for i in $(seq 511); do
		echo "link add p$i master $bridge type veth peer name q$i"
		echo "link set q$i master $bridge"
	done | ip -batch -
	assert_contains_line "has 1023 ports" "$(of tiny Trouble)"
	run mgr-start -n t2
	assert_status 1
	assert_contains "bridge '$bridge' has 1023 ports, more the kernel does not give it: put the container on another\
 network"
	for i in $(seq 511); do
		echo "link del p$i"
	done | ip -batch -
	boot t2
	assert_equal "$(mgr-net status tiny | grep -c "ports")" 0
}

@test "mnet.1 neighbour tables that are too small are told before they are full" {
	local of=/proc/sys/net/ipv4/neigh told
	mkdir -p "$BATS_TEST_TMPDIR/neigh/default"
	echo 2 >"$BATS_TEST_TMPDIR/neigh/default/gc_thresh3"
	container web
	boot web
	# a lab's network namespace does not show the machine's bounds: here is what the first one would
	mount --bind "$BATS_TEST_TMPDIR/neigh" "$of"
	told=$(mgr-net status)
	unmount "$of"
	assert_contains_line "Trouble:        the containers can need 2 entries of the neighbour table, which holds 2:\
 'sysctl net.ipv4.neigh.default.gc_thresh3=8' makes room" "$told"
	assert_equal "$(mgr-net status | grep -c Trouble)" 0
}

# --- mnet.2 ------------------------------------------------------------------------------------------------------------------

@test "mnet.2 fifty creates at once get fifty addresses, which mgr-net leases tells and destroy frees" {
	local i jobs=()
	for i in $(seq 50); do
		forget_later "m$i"
		mgr-create -n "m$i" -t busybox 3>&- &
		jobs+=($!)
	done
	for i in "${jobs[@]}"; do
		wait "$i"
	done
	run --separate-stderr mgr-net leases --json
	assert_success
	assert_equal "$(jq 'length' <<<"$output")" 50
	assert_equal "$(jq -r '.[].ipv4' <<<"$output" | sort -u | wc -l)" 50
	assert_equal "$(jq -r '.[].ipv6' <<<"$output" | sort -u | wc -l)" 50
	assert_equal "$(jq -r '.[].mac' <<<"$output" | sort -u | wc -l)" 50
	assert_equal "$(jq -r '.[] | select(.name == "m7") | .mac' <<<"$output")" "$(mgr-config -n m7 get net.0.hwaddr)"
	mgr-destroy -n m7
	assert_equal "$(mgr-net leases | awk '$1 == "m7"')" ""
	assert_equal "$(mgr-net leases --json | jq length)" 49
}

@test "mnet.2 an address is the same after a reboot of the host" {
	local before
	container web --ip "$(mgr-net up && gateway | sed 's/1$/77/')"
	boot web
	before=$(container_ip web)
	mgr-stop -k -n web
	mgr-net down
	wait_until 5 test ! -e "$MGR_ROOT/run/mgr/.net/control"
	rm -rf "$MGR_ROOT/run/mgr"
	boot web
	assert_equal "$(container_ip web)" "$before"
	assert_equal "$(mgr-net leases | awk 'NR == 2 { print $1, $3 }')" "web $before"
}
