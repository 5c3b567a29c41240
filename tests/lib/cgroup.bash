# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# `load ../lib/cgroup` after common: this machine's cgroup hierarchies.

has_v2() {
	[ -n "$(awk '$3 == "cgroup2"' /proc/mounts)" ]
}

# v1 hierarchies as well: a machine with v1 alone can be played here.
is_hybrid() {
	has_v2 && mountpoint -q /sys/fs/cgroup/memory
}

# Where the machine has the v2 hierarchy.
v2_mount() {
	awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts
}

# v2_folder NAME: the container's folder there.
v2_folder() {
	echo "$(v2_mount)/mgr-$MGR_LAB_ID/$1"
}

# without_v2 COMMAND...: on a machine that has v1 hierarchies alone, as far as it can see.
without_v2() {
	unshare -m bash -c 'umount "$0" && exec "$@"' "$(v2_mount)" "$@"
}

# v2_alone COMMAND...: on a machine that has the v2 hierarchy alone, as far as it can see.
v2_alone() {
	unshare -m bash -c 'mount --bind "$0" /sys/fs/cgroup && exec "$@"' "$(v2_mount)" "$@"
}

# without_v1_devices COMMAND...: where devices are barred by eBPF, as far as it can see.
without_v1_devices() {
	mountpoint -q /sys/fs/cgroup/devices || { "$@"; return; }
	unshare -m bash -c 'umount /sys/fs/cgroup/devices && exec "$@"' - "$@"
}

# Words to put before a command, one a line: for each way by which this machine bars devices.
ways_of_devices() {
	! mountpoint -q /sys/fs/cgroup/devices || echo env
	! has_v2 || echo without_v1_devices
}
