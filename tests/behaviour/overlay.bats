#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later

load ../lib/common

store=${MGR_ROOT-}/var/lib/mgr
backend=overlay

setup_file() {
	mgr-create -n web -t busybox -B overlay
	mgr-start -n web --wait=60
}

teardown_file() {
	mgr-destroy -f -n web
	rm -rf "$store/.images"
}

upper=$store/web/delta/upper

@test "be.1 a base is there once, and a container has what it changes" {
	container other
	assert_equal "$(mgr-config -n other get rootfs.path)" "overlay:$store/other/delta"
	bases=("$store"/.images/base-*)
	assert_equal "${#bases[@]}" 1
	[ "$store/other/delta/base" -ef "${bases[0]}/id" ]
	[ "$(du -s --block-size=1 "$store/other" | cut -f 1)" -lt 131072 ]
	boot other
	in_container other sh -c 'echo mine >/etc/motd; rm /bin/vi; cat /etc/hostname'
	in_container web test -e /bin/vi
	run ! in_container web test -e /etc/motd
	assert_equal "$(cat "$store/other/delta/upper/etc/motd")" mine
	[ -e "${bases[0]}/upper/bin/vi" ]
	mgr-stop -k -n other
	boot other
	run ! in_container other test -e /bin/vi
	assert_equal "$(in_container other cat /etc/motd /etc/hostname)" $'mine\nother'
}

@test "be.1 files lie on disk as inside: owners, setuid, capabilities, ACLs" {
	in_container web sh -c 'mkdir /srv; cp /bin/busybox /srv/su; chmod 4755 /srv/su; cp /bin/busybox /srv/net; chown 33:33 /srv/net'
	pid=$(mgr-info -n web -pH)
	as_root=(nsenter -t "$pid" -U -S 0 -G 0)
	in_container web sh -c 'echo text >/srv/acl; cp /bin/busybox /srv/cap'
	"${as_root[@]}" setcap cap_net_raw+ep "/proc/$pid/root/srv/cap"
	"${as_root[@]}" setfacl -m u:5:r "/proc/$pid/root/srv/acl"
	assert_equal "$(stat -c '%u:%g %a' "$upper/srv/su")" "0:0 4755"
	assert_equal "$(stat -c '%u:%g' "$upper/srv/net")" "33:33"
	run getcap "$upper/srv/cap"
	assert_output "$upper/srv/cap cap_net_raw=ep"
	run getfacl -cnp "$upper/srv/acl"
	assert_contains "user:5:r--"
}

@test "be.1 what is removed and renamed inside is so on disk, and the base stays" {
	in_container web sh -c 'rm -r /var/www && mkdir /var/www && echo new >/var/www/new && mv /etc/init.d /etc/rc.d && rm /etc/inittab'
	assert_equal "$(in_container web ls /var/www)" new
	assert_equal "$(in_container web ls /etc/rc.d)" rcS
	assert_equal "$(stat -c '%F %t:%T' "$upper/etc/inittab")" "character special file 0:0"
	assert_equal "$(getfattr --only-values -n trusted.overlay.opaque "$upper/var/www" 2>/dev/null)" y
	assert_equal "$(getfattr --only-values -n trusted.overlay.redirect "$upper/etc/rc.d" 2>/dev/null)" init.d
	base=("$store"/.images/base-*)
	[ -e "${base[0]}/upper/etc/inittab" ]
	[ -e "${base[0]}/upper/etc/init.d/rcS" ]
}

@test "be.1 readonly holds, and files go in and out at rest" {
	container other -s rootfs.readonly=yes
	echo text >"$BATS_TEST_TMPDIR/text"
	boot other
	run in_container other touch /x
	assert_contains "Read-only file system"
	mgr-stop -k -n other
	mgr-config -n other set rootfs.readonly no
	mgr-push -n other "$BATS_TEST_TMPDIR/text" /root/text
	assert_equal "$(cat "$store/other/delta/upper/root/text")" text
	mgr-pull -n other /etc/hostname "$BATS_TEST_TMPDIR/out"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" other
}

@test "be.1 it is what a template with a base gets unasked, where the kernel and the file system are known to take it" {
	local other=$BATS_TEST_TMPDIR/other
	mgr-create -n other -t busybox
	forget_later other
	assert_equal "$(mgr-config -n other get rootfs.path)" "overlay:$store/other/delta"
	forget_later old
	"$BATS_TEST_DIRNAME/../lib/without" mount_setattr -- mgr-create -n old -t busybox
	assert_equal "$(mgr-config -n old get rootfs.path)" "dir:$store/old/rootfs"
	mkdir -m 700 "$other" "$other.upper" "$other.work"
	mount -t overlay -o "lowerdir=$BATS_FILE_TMPDIR,upperdir=$other.upper,workdir=$other.work" lab "$other"
	own_store "$other"
	mgr-create -P "$other" -n web -t busybox
	run mgr-config -P "$other" -n web get rootfs.path
	mgr-destroy -P "$other" -n web
	unmount "$other"
	assert_output "dir:$other/web/rootfs"
}

@test "be.1 a template without a base is refused, and what mgr.conf says gives way" {
	printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/template"
	chmod 755 "$BATS_TEST_TMPDIR/template"
	run mgr-create -n other -t "$BATS_TEST_TMPDIR/template" -B overlay
	assert_status 1
	assert_output "mgr-create: other: --backend overlay: it stands on a template's base, and there is none here"
	printf '#!/bin/sh\nfor a; do case $a in --rootfs=*) mkdir "${a#*=}/etc" ;; esac; done\n' >"$BATS_TEST_TMPDIR/template"
	mkdir -p "$MGR_ROOT/etc/mgr"
	printf '[storage]\nbackend = overlay\n' >"$MGR_ROOT/etc/mgr/mgr.conf"
	forget_later other
	mgr-create -n other -t "$BATS_TEST_TMPDIR/template"
	rm "$MGR_ROOT/etc/mgr/mgr.conf"
	assert_equal "$(mgr-config -n other get rootfs.path)" "dir:$store/other/rootfs"
}

@test "be.6 creates at once make one base; an interrupted one leaves no half" {
	own="$BATS_TEST_TMPDIR/store"
	mkdir -m 700 "$own"
	own_store "$own"
	for point in filled named; do
		run env MGR_DEBUG_KILL=image:$point mgr-create -P "$own" -n one -t busybox -B overlay
		[ "$status" -ne 0 ]
	done
	rm -rf "$own"/.images/key-* "$own"/.images/base-*
	run env MGR_DEBUG_KILL=image:filled mgr-create -P "$own" -n one -t busybox -B overlay
	run ! compgen -G "$own/.images/base-*"
	mgr-create -P "$own" -n one -t busybox -B overlay &
	mgr-create -P "$own" -n two -t busybox -B overlay
	wait $!
	bases=("$own"/.images/base-*)
	assert_equal "${#bases[@]}" 1
	assert_equal "$(stat -c %h "${bases[0]}/id")" 3
	assert_equal "$(ls -A "$own/.images/.new")" ""
	mgr-destroy -P "$own" -n one
	assert_equal "$(stat -c %h "${bases[0]}/id")" 2
	mgr-destroy -P "$own" -n two
	assert_equal "$(stat -c %h "${bases[0]}/id")" 1
	mgr-images -P "$own" prune
	strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=syncfs,renameat -e signal=none \
		mgr-create -P "$own" -n three -t busybox -B overlay
	grep -E 'syncfs|"base-' "$BATS_TEST_TMPDIR/trace" | sed -E 's/^[0-9]+ +([a-z0-9]+)\(.*/\1/' | head -n 2 >"$BATS_TEST_TMPDIR/order"
	assert_equal "$(paste -sd ' ' "$BATS_TEST_TMPDIR/order")" "syncfs renameat" # whole on the disk before it has its name
	mgr-destroy -P "$own" -n three
}

@test "be.1 a start on a full disk says that it is full" {
	cd "$BATS_TEST_TMPDIR"
	small_disk 16M "$PWD/full"
	mgr-create -P full -n brim -t busybox -B overlay
	mgr-snapshot -P full -n brim # what has been mounted has its work folder
	fill full
	run mgr-start -P full -n brim
	assert_status 1
	assert_match "storage: there is no room left for the overlay of '.*/brim/delta'"
	unfill full
	mgr-start -P full -n brim
	mgr-destroy -f -P full -n brim
	unmount full
}
