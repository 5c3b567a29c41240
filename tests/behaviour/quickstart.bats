# SPDX-License-Identifier: LGPL-2.1-or-later
# quickstart works on the machine's own folders and network: here on a lab's, with private folders mounted over them.
load ../lib/common

cover() {
	mkdir -p "$MGR_LAB/cover/$1/up" "$MGR_LAB/cover/$1/work"
	mount -t overlay -o "lowerdir=$1,upperdir=$MGR_LAB/cover/$1/up,workdir=$MGR_LAB/cover/$1/work" cover "$1"
}

setup_file() {
	own=$(find /sys/fs/cgroup -maxdepth 2 -name mgr)
	export own
	[ -z "$own" ] || return 0
	echo mgr >>"$MGR_LAB/ids" # the cgroup of the machine's own manager is this lab's for now
	unset MGR_ROOT MGR_CACHE
	for dir in /etc /var/lib /var/cache /var/log /usr/local; do cover "$dir"; done
	for dir in /var/lib/mgr /var/cache/mgr; do # idmapped mounts are not for overlays
		rm -rf "$dir"
		mkdir -p "$dir" "$MGR_LAB/cover/own$dir"
		chmod 700 "$MGR_LAB/cover/own$dir"
		mount --bind "$MGR_LAB/cover/own$dir" "$dir"
	done
	export tree=$BATS_FILE_TMPDIR/tree
	mkdir "$tree"
	tar -C "$BATS_TEST_DIRNAME/../.." --exclude=./build --exclude=./build-tests --exclude=./build-asan --exclude=./stage --exclude=./.git -c . | tar -C "$tree" -x
}

teardown_file() {
	mgr-net down 2>/dev/null || true
	awk '/ cover / { print $5 }; $5 ~ "^/var/(lib|cache)/mgr$" { print $5 }' /proc/self/mountinfo | sort -r | xargs -r umount -l
}

setup() {
	[ -z "$own" ] || skip "this machine's own mgr has containers running"
	unset MGR_ROOT MGR_CACHE
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
}

quickstart() {
	run "$tree/quickstart" "$@" </dev/null
}

@test "repo.7 quickstart builds, installs, boots a container and fetches its page through the forward" {
	quickstart
	assert_success
	assert_contains "http://127.0.0.1:8080/"
	assert_contains "This is demo"
	assert_match "demo +RUNNING"
	[ "$(readlink -f "$(command -v mgr-start)")" = /usr/local/bin/mgr ]
	exec 7<>/dev/tcp/127.0.0.1/8080
	printf 'GET / HTTP/1.0\r\n\r\n' >&7
	run within 5 cat <&7
	exec 7>&-
	assert_contains "This is demo"
}

@test "repo.7 quickstart run again is harmless" {
	local before
	before=$(mgr-info -n demo -p)
	quickstart
	assert_success
	assert_contains "exists already"
	assert_equal "$(mgr-info -n demo -p)" "$before"
}

@test "repo.7 quickstart --remove spares nothing of its own, and refuses while others' containers are there" {
	mgr-create -n mine -t busybox
	quickstart --remove
	assert_status 1
	assert_contains mine
	mgr-destroy -n mine
	quickstart --remove
	assert_success
	assert_equal "$(find /usr/local -name 'mgr*')" ""
	assert_equal "$(find /etc/mgr /var/log/mgr /run/mgr "$tree/build-quickstart" 2>/dev/null)" ""
	assert_equal "$(find /var/lib/mgr /var/cache/mgr -mindepth 1 2>/dev/null)" ""
	quickstart --remove
	assert_success
}
