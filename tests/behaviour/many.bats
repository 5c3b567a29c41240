# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
load ../lib/common

backend=auto # what they have in common is there once
readonly MANY=$((30 / ((slow + 1) / 2))) # a slow machine has fewer

@test "start.1 30 Debian guests run at once with no failed unit" {
	local i pid states=""
	for i in $(seq $MANY); do
		container "many$i" -t debian -- --suite bookworm
	done
	for i in $(seq $MANY); do
		mgr-start -n "many$i" &
	done
	wait
	for i in $(seq $MANY); do
		mgr-wait -n "many$i" --ready -t $((120 * patience))
	done
	for i in $(seq $MANY); do
		pid=$(mgr-info -n "many$i" -pH)
		states+=$(nsenter -t "$pid" -a --preserve-credentials -S 0 -G 0 /bin/systemctl is-system-running --wait </dev/null)$'\n'
	done
	assert_equal "$(sort <<<"${states%$'\n'}" | uniq -c | tr -s ' ')" " $MANY running"
	for i in $(seq $MANY); do
		mgr-stop -k -n "many$i" &
	done
	wait
}
