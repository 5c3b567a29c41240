# SPDX-License-Identifier: LGPL-2.1-or-later
# The managed network beside other programs that rule over the host's packets and names.
load ../lib/common
load ../lib/net

# --- Docker -------------------------------------------------------------------------------------------------------------

# docker_begins nft|legacy: the chains of IPv4 as Docker makes them, and one of its bridges.
docker_begins() {
	iptables=iptables-$1
	ip link add docker0 type bridge 2>/dev/null || true
	"$iptables" -N DOCKER-USER 2>/dev/null || true
	"$iptables" -A DOCKER-USER -j RETURN
	"$iptables" -N DOCKER
	"$iptables" -N DOCKER-ISOLATION-STAGE-1
	"$iptables" -A DOCKER-ISOLATION-STAGE-1 -j RETURN
	"$iptables" -P FORWARD DROP
	"$iptables" -A FORWARD -j DOCKER-USER
	"$iptables" -A FORWARD -j DOCKER-ISOLATION-STAGE-1
	"$iptables" -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
	"$iptables" -A FORWARD -o docker0 -j DOCKER
	"$iptables" -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
	"$iptables" -A FORWARD -i docker0 -o docker0 -j ACCEPT
}

docker_ends() {
	"$iptables" -P FORWARD ACCEPT
	"$iptables" -F
	"$iptables" -X
	ip link del docker0
}

has_rules() {
	"$iptables" -S DOCKER-USER | grep -qe "-i $bridge .*-j ACCEPT"
}

# A container with a forward, and servers: on it, and on another machine.
forwarding() {
	make_machine peer
	container web --forward tcp:7000:70
	boot web
	serve web tcp 70
	later ip netns exec peer socat -t 60 TCP-LISTEN:7000,fork,reuseaddr 'SYSTEM:read -r line; echo from $SOCAT_PEERADDR'
	wait_until 5 tcp_open "$peer_ip" 7000
}

passes() {
	answers on peer tcp "$here_ip" 7000 && answers inside web tcp "$peer_ip" 7000
}

# In both kinds of iptables: passes, restored, after what the administrator has there, and gone at the end.
beside_docker() {
	local before
	forwarding
	passes
	kill -STOP "$(field Service)"
	docker_begins "$1"
	"$iptables" -I DOCKER-USER -s 203.0.113.9 -j DROP
	before=$("$iptables" -S)
	! on peer timeout 1 bash -c "exec 3<>/dev/tcp/$here_ip/7000" || show "it is not dropped"
	kill -CONT "$(pgrep mgr-netd)"
	[ "$1" = nft ] || { container other && boot other; } # the old ones are looked at with each start
	wait_until 2 has_rules
	passes
	run "$iptables" -S DOCKER-USER
	assert_contains "$table: $bridge to to-peer"
	refute_contains "$table: $bridge to docker0"
	assert_equal "${lines[1]}" "-A DOCKER-USER -s 203.0.113.9/32 -j DROP"
	assert_equal "${lines[-1]}" "-A DOCKER-USER -j RETURN"
	# nothing else is changed
	assert_equal "$("$iptables" -S | grep -v "$table: ")" "$before"
	# Docker begins anew
	"$iptables" -F DOCKER-USER
	[ "$1" = nft ] || mgr-net repair
	wait_until 2 has_rules
	passes
}

@test "mnet.5 what Docker drops passes by rules in DOCKER-USER, which go with the network" {
	beside_docker nft
	mgr-stop -k web
	mgr-net down
	assert_equal "$("$iptables" -S DOCKER-USER)" "-N DOCKER-USER"
	docker_ends
}

@test "mnet.5 the old iptables too" {
	iptables-legacy -S >/dev/null || skip "this kernel has no old iptables"
	beside_docker legacy
	mgr-stop -k web other
	mgr-net down
	assert_equal "$("$iptables" -S DOCKER-USER)" "-N DOCKER-USER"
	docker_ends
}

@test "mnet.5 what a killed service has left in DOCKER-USER goes with the network" {
	iptables="iptables-nft"
	iptables-nft -N DOCKER-USER
	ip6tables-nft -N DOCKER-USER
	mgr-net up
	wait_until 2 has_rules
	ip6tables-nft -S DOCKER-USER | grep -q "$table: "
	kill -KILL "$(field Service)"
	wait_until 2 service_down
	mgr-net down
	assert_equal "$(iptables-nft -S DOCKER-USER)" "-N DOCKER-USER"
	assert_equal "$(ip6tables-nft -S DOCKER-USER)" "-N DOCKER-USER"
	nft flush ruleset
}

# docker_network NAME NUMBER [internal]: a bridge with a container of Docker's, 172.30.NUMBER.2, and the rules that Docker has
# for it: of its ports 81 is published.
docker_network() {
	local bridge=$1 net=172.30.$2
	ip link add "$bridge" type bridge
	ip addr add "$net.1/24" dev "$bridge"
	ip link set "$bridge" up
	ip netns add "at-$bridge"
	echo "at-$bridge" >>"$BATS_TEST_TMPDIR/machines"
	ip link add "to-at-$bridge" master "$bridge" type veth peer name eth0 netns "at-$bridge"
	ip link set "to-at-$bridge" up
	ip -n "at-$bridge" link set lo up
	ip -n "at-$bridge" addr add "$net.2/24" dev eth0
	ip -n "at-$bridge" link set eth0 up
	ip -n "at-$bridge" route add default via "$net.1"
	if [ "${3-}" = internal ]; then
		"$iptables" -I DOCKER-ISOLATION-STAGE-1 ! -d "$net.0/24" -i "$bridge" -j DROP
		"$iptables" -I DOCKER-ISOLATION-STAGE-1 ! -s "$net.0/24" -o "$bridge" -j DROP
	else
		"$iptables" -A FORWARD -o "$bridge" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		"$iptables" -A FORWARD -o "$bridge" -j DOCKER
		"$iptables" -A FORWARD -i "$bridge" ! -o "$bridge" -j ACCEPT
	fi
	"$iptables" -A DOCKER -d "$net.2" ! -i "$bridge" -o "$bridge" -p tcp --dport 81 -j ACCEPT
	later ip netns exec "at-$bridge" socat TCP-LISTEN:80,fork,reuseaddr /dev/null
	later ip netns exec "at-$bridge" socat TCP-LISTEN:81,fork,reuseaddr /dev/null
	wait_until 5 opens on "at-$bridge" "$net.2" 81
}

# opens [COMMAND...] HOST PORT
opens() {
	# shellcheck disable=SC2016 # the inner shell's
	"${@:1:$#-2}" timeout $((${open_time:-2} * patience)) bash -c 'exec 3<>"/dev/tcp/$0/$1"' "${@: -2}" 2>/dev/null
}

closed() {
	! open_time=1 opens "$@"
}

@test "mnet.5 what Docker decides about its containers holds, whatever their bridges are called, and whenever they come" {
	forwarding
	docker_begins nft
	docker_network dmz 1
	docker_network inner 2 internal
	wait_until 2 has_rules
	answers on peer tcp "$here_ip" 7000
	# out to theirs, and in from there, as Docker has it
	closed inside web 172.30.1.2 80
	opens inside web 172.30.1.2 81
	opens on at-dmz 172.30.1.1 7000
	closed on at-inner 172.30.2.1 7000
	# nobody need hear of a new one
	kill -STOP "$(field Service)"
	docker_network later 3
	closed inside web 172.30.3.2 80
	opens inside web 172.30.3.2 81
	kill -CONT "$(pgrep mgr-netd)"
	# what leads to other machines is found, a bridge too
	make_machine second
	# shellcheck disable=SC2154 # make_machine sets it
	later ip netns exec second socat TCP-LISTEN:80,fork,reuseaddr /dev/null
	wait_until 3 opens inside web "$second_ip" 80
	closed inside web 172.30.1.2 80
	ip link add lan type bridge
	ip link set to-second master lan
	ip addr flush dev to-second
	ip link set lan up
	ip addr add "$here_ip/30" dev lan
	ip route add default via "$second_ip"
	wait_until 3 opens inside web "$second_ip" 80
	ip link del lan
	ip link del dmz
	ip link del inner
	ip link del later
	mgr-stop -k web
	mgr-net down
	docker_ends
}

@test "mnet.5 while the old iptables wait for somebody, everything else goes on" {
	local lock
	iptables-legacy -S >/dev/null || skip "this kernel has no old iptables"
	forwarding
	docker_begins legacy
	setsid flock /run/xtables.lock sleep 60 3>&- &
	lock=$!
	wait_until 5 lock_is_held
	container other
	boot other
	within 5 mgr-forward -n web add tcp:7001:70
	mgr-stop -k other
	kill -- "-$lock"
	wait_until 5 has_rules
	run mgr-net status
	refute_contains Trouble
	mgr-stop -k web
	mgr-net down
	docker_ends
}

lock_is_held() {
	! flock -n /run/xtables.lock true
}

service_down() {
	[ "$(mgr-net status | head -n 1)" = "State:          DOWN" ]
}

# --- firewalld ------------------------------------------------------------------------------------------------------------

# The host's system bus, of the lab's own.
begin_bus() {
	command -v dbus-daemon >/dev/null || skip "dbus-daemon is not installed"
	mkdir -p /run/dbus
	later dbus-daemon --system --nofork --nopidfile
	wait_until 5 test -S /run/dbus/system_bus_socket
}

end_bus() {
	rm -rf /run/dbus
}

# It takes its rules along.
end_firewalld() {
	local pid
	pid=$(pgrep -f 'firewalld --nofork')
	kill "$pid"
	wait_gone 10 "$pid"
	end_bus
}

trusts() {
	firewall-cmd --zone=trusted --list-interfaces | grep -qw "$bridge"
}

@test "mnet.5 firewalld lets the network through, also when it is loaded or started anew" {
	command -v firewalld >/dev/null || skip "firewalld is not installed"
	begin_bus
	later firewalld --nofork --nopid
	wait_until 20 firewall-cmd --state
	forwarding
	passes
	wait_until 5 looks_up web web.mgr "$(container_ip web)"
	trouble_is ""
	firewall-cmd --reload
	wait_until 5 trusts
	passes
	mgr-stop -k web
	mgr-net down
	run trusts
	assert_status 1
	end_firewalld
}

# --- names ----------------------------------------------------------------------------------------------------------------

@test "mnet.4 the host resolves names by the line that the manual has, and others as before" {
	make_machine resolver
	container web
	boot web
	later ip netns exec resolver dnsmasq -k --conf-file=/dev/null --no-resolv --no-hosts --pid-file= \
		--address=/outside.example/203.0.113.7
	# shellcheck disable=SC2154 # make_machine sets it
	printf 'nameserver %s\nnameserver %s\n' "$(gateway)" "$resolver_ip" >/etc/resolv.conf
	wait_until 5 resolves web.mgr "$(container_ip web)"
	wait_until 5 resolves outside.example 203.0.113.7
	grep -q "^nameserver 10.118.0.1" "$BATS_TEST_DIRNAME/../../doc/man/mgr-net.1.in"
}

# resolves NAME ADDRESS: for programs of the host.
resolves() {
	getent ahostsv4 "$1" | grep -q "^$2 "
}

@test "mnet.4 systemd-resolved asks the network for its names, also when it starts later or the bridge is another one" {
	[ -x /lib/systemd/systemd-resolved ] || skip "systemd-resolved is not installed"
	begin_bus
	container web
	boot web
	later sh -c 'mkdir -p /run/systemd/resolve && chown systemd-resolve: /run/systemd/resolve && exec /lib/systemd/systemd-resolved'
	wait_until 10 knows_domain
	echo "nameserver 127.0.0.53" >/etc/resolv.conf
	wait_until 5 resolves web.mgr "$(container_ip web)"
	run resolvectl query "$(container_ip web)"
	assert_contains "web.mgr"
	ip link del "$bridge"
	wait_until 5 knows_domain
	wait_until 5 resolves web.mgr "$(container_ip web)"
	run resolvectl --no-pager status "$bridge"
	assert_contains "-DefaultRoute"
	end_bus
}

knows_domain() {
	resolvectl domain "$bridge" 2>/dev/null | grep -q "~mgr"
}

@test "mnet.4 a guest whose resolv.conf names 127.0.0.53, and nobody there, resolves" {
	local root=$MGR_ROOT/var/lib/mgr/web/rootfs
	container web
	printf '# from where the image was made\nnameserver 127.0.0.53\noptions edns0\n' >"$root/etc/resolv.conf"
	boot web
	wait_until 5 looks_up web web.mgr "$(container_ip web)"
	mgr-stop -k web
	# beside another server it is the guest's own choice, unless its DHCP client changes it
	echo '#!/bin/sh' >"$root/etc/udhcpc/script"
	printf 'nameserver 127.0.0.53\nnameserver 192.0.2.7\n' >"$root/etc/resolv.conf"
	boot web
	in_container web grep -q 192.0.2.7 /etc/resolv.conf
}

@test "mnet.4 a guest with a systemd-resolved of its own resolves by it" {
	[ -x /lib/systemd/systemd-resolved ] || skip "the host has no systemd-resolved to put into a guest"
	local root=$MGR_ROOT/var/lib/mgr/deb/rootfs unit=systemd-resolved.service
	container web
	container deb -t debian -- --suite bookworm
	cp /lib/systemd/systemd-resolved "$root/usr/lib/systemd"
	cp "/lib/systemd/system/$unit" "$root/usr/lib/systemd/system"
	cp /usr/share/dbus-1/system.d/org.freedesktop.resolve1.conf "$root/usr/share/dbus-1/system.d"
	grep systemd-resolve /etc/passwd >>"$root/etc/passwd"
	grep systemd-resolve /etc/group >>"$root/etc/group"
	mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
	ln -s "/lib/systemd/system/$unit" "$root/etc/systemd/system/multi-user.target.wants"
	rm -f "$root"/etc/systemd/system/*/systemd-networkd*
	echo "nameserver 127.0.0.53" >"$root/etc/resolv.conf"
	boot web
	boot deb
	wait_until 10 in_container deb getent ahostsv4 web.mgr
	assert_equal "$(in_container deb cat /etc/resolv.conf)" "nameserver 127.0.0.53"
}

# --- what is not as it should be ------------------------------------------------------------------------------------------

trouble() {
	mgr-net status | sed -n 's/^Trouble: *//p'
}

trouble_is() {
	[ "$(trouble)" = "$1" ]
}

@test "mnet.5 mgr-net status tells the cause in a line, mgr-net repair mends it" {
	local subnet
	make_machine peer
	container web
	boot web
	trouble_is ""
	run mgr-net repair
	assert_success
	assert_output ""

	echo 0 >/proc/sys/net/ipv4/ip_forward
	assert_equal "$(trouble)" "the host does not forward packets, 'net/ipv4/ip_forward' is 0: 'mgr-net repair' mends it"
	mgr-net repair
	trouble_is ""
	in_container web ping -c 1 -W 2 "$peer_ip"

	# a chain of others, until a rule of theirs names the bridge
	nft add table ip strict
	nft add chain ip strict most '{ type filter hook forward priority 10; policy drop; }'
	assert_equal "$(trouble)" "chain 'most' of nftables table 'ip strict' drops what it does not know: let '$bridge' through there"
	run in_container web ping -c 1 -W 1 "$peer_ip"
	assert_status 1
	nft add rule ip strict most iifname "$bridge" accept
	nft add rule ip strict most oifname "$bridge" accept
	trouble_is ""
	in_container web ping -c 1 -W 2 "$peer_ip"
	nft delete table ip strict

	# the host gets a part of our subnet elsewhere
	subnet=$(mgr-net status | sed -n 's/^Subnet: *//p')
	ip addr add "${subnet%.0.0/16}.200.1/24" dev to-peer
	assert_equal "$(trouble)" "subnet $subnet overlaps the host's route ${subnet%.0.0/16}.200.0/24 dev to-peer"
	kill -KILL "$(field Service)"
	wait_until 2 trouble_is "subnet $subnet overlaps the host's route ${subnet%.0.0/16}.200.0/24 dev to-peer"
	in_container web ping -c 1 -W 2 "$peer_ip"
	ip addr del "${subnet%.0.0/16}.200.1/24" dev to-peer
	wait_until 2 trouble_is ""
}

@test "mnet.5 what mgr.conf says otherwise by now is told, by mgr-net repair too, and so is what it is wrong in" {
	container web
	boot web
	mkdir -p "$MGR_ROOT/etc/mgr"
	printf '[network]\ndomain = other\n' >"$MGR_ROOT/etc/mgr/mgr.conf"
	[[ $(trouble) == "mgr.conf has another domain for the network by now: it holds when the network comes up next,"* ]]
	run mgr-net repair
	assert_status 1
	assert_contains "mgr-net: mgr.conf has another domain for the network by now"
	echo '[network' >"$MGR_ROOT/etc/mgr/mgr.conf"
	run mgr-net repair
	assert_status 1
	assert_contains "mgr.conf:1"
	rm "$MGR_ROOT/etc/mgr/mgr.conf"
	mgr-net repair
	assert_equal "$(trouble)" ""
}

@test "mnet.5 a part of the network that was taken away without a sound is back after mgr-net repair" {
	make_machine peer
	container web --forward tcp:7000:70
	boot web
	serve web tcp 70
	local veth
	veth=$(ip -o link show master "$bridge" | sed 's/^[0-9]*: \([^@:]*\).*/\1/')
	ip link set "$veth" nomaster
	sysctl -qw "net.ipv4.conf.$bridge.route_localnet=0" net.ipv4.ip_forward=0
	! timeout 1 bash -c "exec 3<>/dev/tcp/127.0.0.1/7000" || show "it still works"
	mgr-net repair
	answers tcp 127.0.0.1 7000
	answers on peer tcp "$here_ip" 7000
	assert_equal "$(cat "/sys/class/net/$veth/brport/hairpin_mode")" 1
}

@test "mnet.5 what belongs to the network in nftables is nobody else's to change or flush, where the kernel can do that" {
	local netd
	make_machine peer
	container web --forward tcp:7000:80
	boot web
	tables_are_owned || skip "Linux $(uname -r): tables are anybody's before 6.9"
	run nft delete table inet "$table"
	assert_contains "Operation not permitted"
	run nft flush table bridge "$table"
	assert_contains "Operation not permitted"
	nft add table inet others
	netd=$(nft -a list table inet "$table" | md5sum)
	nft flush ruleset
	assert_equal "$(nft -a list table inet "$table" | md5sum)" "$netd" # the very same
	run nft list tables
	refute_contains others
	answers_http
	# it outlives its owner, and is the next one's
	netd=$(field Service)
	kill -STOP "$netd"
	answers_http
	kill -KILL "$netd"
	wait_until 3 another_than "$netd"
	wait_until 3 tables_are_owned
	answers_http
}

# --- mgr-netd ---------------------------------------------------------------------------------------------------------------

another_than() {
	local is
	is=$(field Service)
	[ -n "$is" ] && [ "$is" != "$1" ]
}

# answers_http: the container's httpd, by its forward.
answers_http() {
	[ "$(on peer curl -s -o /dev/null -m $((2 * patience)) -w '%{http_code}' "http://$here_ip:7000/")" = 200 ]
}

@test "mnet.6 killed at any point of a start, it is there again and the container with it" {
	local point points=(up:{files,bridge,table,settings,watches,names,others} join:{claims,names,forwards})
	make_machine peer
	container web --forward tcp:7000:80
	export MGR_DEBUG_ONCE=$BATS_TEST_TMPDIR/once
	for point in "${points[@]}"; do
		touch "$MGR_DEBUG_ONCE"
		MGR_DEBUG_KILL=netd:$point mgr-start web
		[ ! -e "$MGR_DEBUG_ONCE" ] || show "$point is not reached"
		wait_until 2 trouble_is ""
		assert_equal "$(field Containers) $(field Forwards)" "1 1"
		assert_equal "$(pgrep -c dnsmasq) $(pgrep -c mgr-netd)" "1 1"
		wait_until 5 looks_up web web.mgr "$(container_ip web)"
		answers_http
		mgr-stop -k web
		mgr-net down
		[ ! -e "/sys/class/net/$bridge" ]
		assert_equal "$(nft list tables | grep mgr)" ""
	done
}

@test "mnet.6 killed while it ends, nothing is left after mgr-net down" {
	local point before
	before=$(sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding)
	export MGR_DEBUG_ONCE=$BATS_TEST_TMPDIR/once
	for point in others names settings table bridge; do
		touch "$MGR_DEBUG_ONCE"
		MGR_DEBUG_KILL=netd:down:$point mgr-net up
		mgr-net down
		[ ! -e "$MGR_DEBUG_ONCE" ] || show "$point is not reached"
		[ ! -e "/sys/class/net/$bridge" ]
		assert_equal "$(nft list tables | grep mgr)$(pgrep dnsmasq)" ""
		assert_equal "$(sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding)" "$before"
	done
}

# says TEXT: the container's echo server sends it back on the connection that is open.
says() {
	local answer
	echo "$1" >&"${talk[1]}"
	read -r -t $((2 * patience)) answer <&"${talk[0]}"
	assert_equal "$answer" "$1"
}

@test "mnet.6 stopped, killed or upgraded, running traffic goes on" {
	local netd was ping
	make_machine peer
	container web --forward tcp:7000:70
	boot web
	later nsenter -t "$(pid_of web)" -n socat -t 60 TCP-LISTEN:70,fork,reuseaddr EXEC:cat
	wait_until 5 listens web tcp 70
	coproc talk { on peer socat - "TCP:$here_ip:7000"; }
	nsenter -t "$(pid_of web)" -n busybox ping -i 0.05 "$peer_ip" >"$BATS_TEST_TMPDIR/ping" &
	ping=$!
	says hello
	netd=$(field Service)

	kill -STOP "$netd"
	says "without it"
	on peer socat -u OPEN:/dev/null "TCP:$here_ip:7000,connect-timeout=2"

	kill -KILL "$netd"
	says "killed"
	wait_until 2 another_than "$netd"
	says "another"

	# a new one is installed
	was=$(field Service)
	cp "$STAGE/libexec/mgr/mgr-netd" "$BATS_TEST_TMPDIR/new"
	mount --bind "$BATS_TEST_TMPDIR/new" "$STAGE/libexec/mgr/mgr-netd"
	run mgr-net repair
	assert_success
	wait_until 2 another_than "$was"
	was=$(field Service)
	[ "/proc/$was/exe" -ef "$BATS_TEST_TMPDIR/new" ]
	mgr-net repair
	umount -l "$STAGE/libexec/mgr/mgr-netd"
	says "upgraded"
	wait_until 2 trouble_is ""
	assert_equal "$(field Containers) $(field Forwards)" "1 1"
	[ "$(on peer sh -c "echo new | socat -t $((2 * patience)) - TCP:$here_ip:7000")" = new ]

	kill "$ping"
	wait "$ping" || true
	# none of them is missing: every number up to the last
	assert_equal "$(grep -c seq= "$BATS_TEST_TMPDIR/ping")" "$(($(sed -n 's/.* seq=\([0-9]*\) .*/\1/p' "$BATS_TEST_TMPDIR/ping" | tail -n 1) + 1))"
	kill "$talk_PID"
	wait "$talk_PID" || true
}

@test "mnet.6 what was taken away while it was not there is back with it" {
	local netd dnsmasq
	make_machine peer
	container web --forward tcp:7000:80
	boot web
	netd=$(field Service)
	dnsmasq=$(field DNS)
	kill -STOP "$netd"
	kill -KILL "$dnsmasq"
	ip link del "$bridge"
	nft flush ruleset
	echo 0 >/proc/sys/net/ipv4/ip_forward
	! answers_http || show "it is still there"
	kill -KILL "$netd"
	wait_until 3 another_than "$netd"
	wait_until 3 answers_http
	wait_until 3 looks_up web web.mgr "$(container_ip web)"
	in_container web ping -c 1 -W 2 "$peer_ip"
	trouble_is ""
}

@test "mnet.6 while dnsmasq cannot be run, a service that comes again goes on without it" {
	local netd dnsmasq program
	program=$(command -v dnsmasq)
	make_machine peer
	container web --forward tcp:7000:80
	boot web
	netd=$(field Service)
	dnsmasq=$(field DNS)
	mount --bind /bin/false "$program"
	kill -STOP "$netd"
	kill -KILL "$dnsmasq" "$netd"
	wait_until 3 another_than "$netd"
	wait_until 3 trouble_is "start dnsmasq: it ended without saying why"
	answers_http
	unmount "$program"
	mgr-net repair
	trouble_is ""
	wait_until 3 looks_up web web.mgr "$(container_ip web)"
	answers_http
}
