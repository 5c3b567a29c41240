# SPDX-License-Identifier: LGPL-2.1-or-later
# The host's own lookup of containers' names, by the systemd-resolved of the machine as it is.
load ../lib/common

setup() {
	common_setup
	cp /etc/resolv.conf "$BATS_TEST_TMPDIR/resolv.conf"
}

teardown() {
	local status=0
	systemctl stop systemd-resolved || status=1
	cp "$BATS_TEST_TMPDIR/resolv.conf" /etc/resolv.conf
	common_teardown || status=1
	mgr-net down || status=1
	return $status
}

resolves() {
	getent ahostsv4 "$1" | grep -q "^$2 "
}

@test "mnet.4 the host resolves a container's name by systemd-resolved, before and after that begins anew" {
	container web
	boot web
	[ ! -e /run/systemd/resolve/stub-resolv.conf ] # nobody has started it for us
	systemctl start systemd-resolved
	echo "nameserver 127.0.0.53" >/etc/resolv.conf
	wait_until 10 resolves web.mgr "$(container_ip web)"
	systemctl restart systemd-resolved
	wait_until 10 resolves web.mgr "$(container_ip web)"
}

service() {
	mgr-net status | awk '$1 == "Service:" { print $NF }'
}

is_another() {
	[ -n "$(service)" ] && [ "$(service)" != "$1" ]
}

@test "mnet.6 when systemd stops its scope, dnsmasq with it, both are there again" {
	local was
	container web
	boot web
	was=$(service)
	systemctl stop mgr.netd.scope
	wait_until 10 is_another "$was"
	wait_until 10 in_container web nslookup web.mgr
	wait_until 30 systemctl -q is-active mgr.netd.scope # asked for again until the old one has gone
}
