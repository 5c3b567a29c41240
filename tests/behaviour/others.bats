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
	later ip netns exec peer socat TCP-LISTEN:7000,fork,reuseaddr 'SYSTEM:read -r line; echo from $SOCAT_PEERADDR'
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
	no_answer on peer tcp "$here_ip" 7000
	kill -CONT "$(pgrep mgr-netd)"
	[ "$1" = nft ] || mgr-net repair
	wait_until 2 has_rules
	passes
	run "$iptables" -S DOCKER-USER
	assert_contains "$table: $bridge to any"
	assert_contains "-i $bridge -o docker0 "
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
