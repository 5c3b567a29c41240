# SPDX-License-Identifier: LGPL-2.1-or-later
# The managed network's dnsmasq: what it knows, whom it answers, and for how long.
load ../lib/common
load ../lib/net

@test "mnet.3 nothing of the host's configuration counts, and it is bound to the bridge alone" {
	local line
	make_machine peer
	mkdir "$BATS_TEST_TMPDIR/up" "$BATS_TEST_TMPDIR/work"
	mount -t overlay -o "lowerdir=/etc,upperdir=$BATS_TEST_TMPDIR/up,workdir=$BATS_TEST_TMPDIR/work" etc /etc
	mkdir -p /etc/dnsmasq.d
	printf 'address=/poison.example/203.0.113.66\ndhcp-option=3,203.0.113.66\nlisten-address=127.0.0.1\n' | tee /etc/dnsmasq.conf >/etc/dnsmasq.d/poison.conf
	echo "203.0.113.66 poison.example web.mgr" >>/etc/hosts
	container web
	printf '%s 203.0.113.66\n' "$(mgr-config -n web get net.0.hwaddr)" >/etc/ethers
	boot web
	wait_until 5 looks_up web web.mgr "$(container_ip web)"
	run in_container web nslookup poison.example
	refute_contains 203.0.113.66
	run in_container web nslookup web.mgr
	refute_contains 203.0.113.66
	asks_dhcp web 'echo $ip $router'
	assert_contains "$(container_ip web) $(gateway)"

	# each socket: the bridge's address, or the bridge
	run ss -Hlnutp
	while read -r _ _ _ _ line _; do
		[[ $line == *%$bridge:* || $line == $(gateway):53 || $line == "[$(gateway6)]":53 ]] || show "is open: $line"
	done < <(grep "pid=$(field DNS)," <<<"$output")
	assert_contains "$(gateway):53"
	run on peer timeout 1 busybox nslookup web.mgr "$here_ip"
	[ "$status" -ne 0 ]
	run on peer timeout 1 busybox nslookup web.mgr "$(gateway)"
	[ "$status" -ne 0 ]
	mgr-stop -k web
	mgr-net down
	umount -l /etc
}

gateway6() {
	mgr-net status | sed -n 's/^IPv6: *\(.*\)::\/64$/\1::1/p'
}

# asks_dhcp NAME SCRIPT [OPTION...]: what the script says of the lease, in $output.
asks_dhcp() {
	local name=$1 script=$2
	shift 2
	in_container "$name" sh -c "printf '#!/bin/sh\n[ \$1 != bound ] || %s\n' '$script' >/tmp/say; chmod 755 /tmp/say"
	run in_container "$name" udhcpc -f -q -n -t 10 -T 1 -i eth0 -s /tmp/say "$@"
}

@test "mnet.3 DHCP, advertisements and DHCPv6 give the leased address for ever, by the hardware address alone" {
	local ip6 infinite=4294967295
	container web
	boot web
	ip6=$(mgr-info -n web -iH | grep :)
	asks_dhcp web 'echo $ip $lease' -C -x 0x3d:01020304050607
	assert_contains "$(container_ip web) $infinite"
	wait_until 5 link_local web
	run inside web "$BATS_TEST_DIRNAME/../lib/dhcp6.py" eth0 times
	assert_output "$ip6 $infinite $infinite"
	# whoever in it asks, and has had it already
	for _ in 1 2; do
		run inside web "$BATS_TEST_DIRNAME/../lib/dhcp6.py" eth0 times take
		assert_output "$ip6 $infinite $infinite"
	done
	# ask by DHCP (managed), and make no address of your own (no prefix for that)
	run inside web "$BATS_TEST_DIRNAME/../lib/router.py" eth0
	assert_match "^managed (other )?router [1-9]"
	refute_contains autonomous
	# nobody else gets it, nor anything
	inside web ip link add other link eth0 type macvlan
	inside web ip link set other up
	run inside web busybox udhcpc -f -q -n -t 1 -T 1 -i other -s /bin/true -r "$(container_ip web)"
	assert_status 1
}

link_local() {
	inside "$1" ip -6 addr show dev eth0 scope link | grep -v tentative | grep -q fe80
}

@test "mnet.3 a new container is known without a restart, by name and address, and forgotten" {
	local dnsmasq ip ip6
	container web
	container db
	boot web
	dnsmasq=$(field DNS)
	boot db
	looks_up web db.mgr "$(container_ip db)" || looks_up web db.mgr "$(container_ip db)" # its own client may set it up now
	ip=$(container_ip db)
	ip6=$(mgr-info -n db -iH | grep :)
	looks_up web db "$ip"
	looks_up web DB.mgr "$ip6"
	run in_container web nslookup "$ip"
	assert_contains "name = db.mgr"
	run in_container web nslookup "$ip6"
	assert_contains "name = db.mgr"
	asks_dhcp db 'echo $ip $domain'
	assert_contains "$ip mgr"
	mgr-stop -k db
	wait_until 2 unknown web db.mgr
	wait_until 2 unknown web "$ip"
	boot db
	looks_up web db.mgr "$ip"
	asks_dhcp db 'echo $ip'
	assert_contains "$ip"
	assert_equal "$(field DNS)" "$dnsmasq"
}

unknown() {
	! in_container "$1" nslookup "$2"
}

# dnsmasq by a clock of its own: clock_is '+0', '+601s'.
simulate_clock() {
	local lib
	lib=$(find /usr/lib -name libfaketime.so.1 | head -n 1)
	[ -n "$lib" ] || skip "libfaketime is not installed"
	cp "$(command -v dnsmasq)" "$MGR_LAB/dnsmasq"
	cat >"$BATS_TEST_TMPDIR/dnsmasq" <<-EOF
		#!/bin/sh
		export LD_PRELOAD=$lib FAKETIME_TIMESTAMP_FILE=/run/clock FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
		exec $MGR_LAB/dnsmasq "\$@"
	EOF
	chmod 755 "$BATS_TEST_TMPDIR/dnsmasq"
	mount --bind "$BATS_TEST_TMPDIR/dnsmasq" "$(command -v dnsmasq)"
	clock_is +0
}

clock_is() {
	echo "$1" >/run/clock
	chmod 644 /run/clock
}

# Its address is there to stay, and by DHCP.
keeps_address() {
	run in_container deb ip -4 addr show dev eth0
	assert_match "inet $1/16 .*valid_lft forever"
	run in_container deb networkctl status eth0 --no-pager
	assert_contains "$1 (DHCP4 via $(gateway))"
}

@test "mnet.3 a guest that was frozen for ten minutes keeps its address" {
	local ip
	simulate_clock
	container deb -t debian -B auto
	boot deb
	ip=$(container_ip deb)
	wait_until 10 keeps_address "$ip"
	mgr-freeze deb
	clock_is +601s
	mgr-unfreeze deb
	wait_until 10 keeps_address "$ip"
	in_container deb networkctl renew eth0
	wait_until 10 keeps_address "$ip"
	# a month, and from the beginning
	clock_is +31d
	in_container deb networkctl reconfigure eth0
	wait_until 10 keeps_address "$ip"
	mgr-stop -k deb
	mgr-net down
	unmount "$(command -v dnsmasq)"
}
