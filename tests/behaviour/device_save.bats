# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-device --save, and the addresses that come and go with it.
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

@test "nic.3 with --save an address is free as soon as its interface has gone, wherever it was" {
	local own one six
	own=$(container_ip web)
	one=$(address 77)
	six=$(mgr-info -n web -iH | grep -m 1 '^fd' | sed 's/::.*//')::77:1:77
	# in both places
	mgr-device -n web add nic "ipv4.address=$one/16,ipv6.address=$six/64" --save
	mgr-device -n web del nic "ipv4.address=$one/16" --save
	run leased "$one"
	assert_status 1
	run leased "$six"
	assert_status 1
	# in the configuration alone
	mgr-config -n web set net.1.ipv4.address "$one/16" net.1.ipv6.address "$six/64"
	leased "$one"
	mgr-device -n web add nic link=br7 # what frees addresses leaves those that are configured
	mgr-device -n web del nic link=br7
	leased "$one"
	mgr-device -n web del nic net.1 --save
	run leased "$six"
	assert_status 1
	# of a stopped container
	mgr-stop -k web
	mgr-device -n web add nic "ipv4.address=$one/16,ipv6.address=$six/64" --save
	leased "$six"
	mgr-device -n web del nic net.1 --save
	run leased "$six"
	assert_status 1
	run leased "$one"
	assert_status 1
	leased "$own"
}

@test "nic.3 what mgr-config has just reserved is not freed by an interface that goes meanwhile" {
	local one config
	one=$(address 78)
	mgr-device -n web add nic link=br7
	MGR_DEBUG_STOP=config:reserved mgr-config -n web set net.7.ipv4.address "$one/16" 3>&- &
	config=$!
	wait_until 10 is_stopped "$config"
	mgr-device -n web del nic link=br7
	kill -CONT "$config"
	wait "$config"
	leased "$one"
	mgr-config -n web unset net.7
	mgr-device -n web add nic link=br7 # whatever it is that changes next
	mgr-device -n web del nic link=br7
	run leased "$one"
	assert_status 1
}

is_stopped() {
	grep -q '^State:.T' "/proc/$1/status"
}

@test "nic.3 with --save what cannot be kept does not come, and what cannot be written does not go" {
	local folder=$MGR_ROOT/var/lib/mgr/web
	mgr-device -n web add nic link=br7 --save
	mgr-forward -n web add tcp:7001:70 --save
	mount --bind "$folder" "$folder"
	mount -o remount,ro,bind "$folder"
	run mgr-device -n web del nic net.1 --save
	assert_status 1
	assert_contains "Read-only file system"
	run mgr-device -n web add nic link=br7 --save
	assert_status 1
	run mgr-forward -n web del tcp:7001:70 --save
	assert_status 1
	run mgr-forward -n web add tcp:7002:70 --save
	assert_status 1
	unmount "$folder"
	assert_equal "$(devices)" "net.0 eth0,net.1 eth1"
	assert_equal "$(mgr-forward -n web ls)" tcp:7001:70
	# what is refused live is configured as before
	run mgr-device -n web del nic net.0 --save
	assert_status 1
	assert_equal "$(mgr-config -n web get net.0.type)" veth
	mgr-forward -n web add tcp:7002:70
	mgr-forward -n web del tcp:7001:70 --save
	mgr-forward -n web del tcp:7002:70
}
