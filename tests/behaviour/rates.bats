# SPDX-License-Identifier: LGPL-2.1-or-later
# Rates of an interface: what goes through it in a while.
load ../lib/common
load ../lib/net

# holds MBIT get|put HOST BYTES: within a tenth. Who looks may be kept from it for a while, and sees another rate then: it looks
# again.
holds() {
	local rate=$1 seen tried
	for ((tried = 0; tried < 1 + patience; tried++)); do
		seen=$(rate "$2" "$3" 70 "$4")
		[ $((seen * 10)) -lt $((rate * 1000 * 9)) ] || [ $((seen * 10)) -gt $((rate * 1000 * 11)) ] || return 0
	done
	show "$seen kbit a second, wanted $rate mbit"
}

rate() {
	"$BATS_TEST_DIRNAME/../lib/rate.py" "$@"
}

@test "nic.4 rates hold within a tenth, each way, whatever root inside does about it" {
	local ip pid
	container web -s net.0.rate.ingress=20mbit -s net.0.rate.egress=10mbit
	boot web
	ip=$(container_ip web)
	pid=$(pid_of web)
	nsenter -t "$pid" -n tc qdisc add dev eth0 root pfifo
	nsenter -t "$pid" -n tc qdisc del dev eth0 root
	later nsenter -t "$pid" -n "$BATS_TEST_DIRNAME/../lib/rate.py" serve 70
	wait_until 5 listens web tcp 70
	holds 20 put "$ip" 2500000
	holds 10 get "$ip" 1250000
	mgr-stop -k web
	run ip -o link show type ifb
	assert_output ""
}
