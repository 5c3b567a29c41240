# SPDX-License-Identifier: LGPL-2.1-or-later
# For tests of mgr-device: a container that serves most of a file, and what it has.

# One container serves most tests; each leaves it with eth0 alone.
device_setup_file() {
	ip link add br7 type bridge
	ip addr add 10.0.0.1/24 dev br7
	ip link set br7 up
	mgr-create -n web -t busybox
	mgr-start -n web --wait=$((60 * ${patience:?}))
}

device_teardown_file() {
	mgr-destroy -f web
	mgr-net down
	ip link del br7
}

device_teardown() {
	end_servers
	common_teardown
	state_is web RUNNING || mgr-start -n web --wait=$((60 * patience))
	mgr-device -n web ls --json | jq -r '.[].device' | while read -r device; do
		[ "$device" = net.0 ] || mgr-device -n web del nic "$device" --save
	done
}

devices() {
	mgr-device -n web ls --json | jq -r '.[] | .device + " " + .inside' | paste -sd,
}

# leased ADDRESS
leased() {
	[ -L "$MGR_ROOT/var/lib/mgr/.leases/by-slot/$1" ]
}

# Of the managed network, for the container: its own with another last number.
address() {
	container_ip web | sed "s/\.[0-9]*$/.$1/"
}
