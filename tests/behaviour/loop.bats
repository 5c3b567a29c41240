#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Root file systems in a file: web is on ext4 and runs, and is nobody's to change.
# shellcheck disable=SC2154 # status and output are bats's

load ../lib/common
load ../lib/stub
load ../lib/tree

store=${MGR_ROOT-}/var/lib/mgr
backend=loop

setup_file() {
	mgr-create -n web -t busybox -B loop --size 64M -s net.0.type=empty
	mgr-start -n web --wait=$((60 * patience))
}

teardown_file() {
	mgr-destroy -f -n web
}

# image NAME [OPTION...]: a container without a network.
image() {
	container "$1" -s net.0.type=empty "${@:2}"
}

# bytes of disk that the image of NAME takes, and how long it is
taken() {
	echo $(($(stat -c %b "$store/$1/rootfs.img") * 512))
}

length() {
	stat -c %s "$store/$1/rootfs.img"
}

# How large the guest sees its file system, in MiB.
seen() {
	echo $(($(in_container "$1" df -k / | awk 'NR == 2 { print $2 }') / 1024))
}

# devices NAME: how many loop devices have its image.
devices() {
	grep -lsx "$store/$1/rootfs.img" /sys/block/loop*/loop/backing_file | wc -l
}

@test "be.4 a root file system in a sparse file, owned on disk as inside" {
	assert_equal "$(mgr-config -n web get rootfs.path)" "loop:$store/web/rootfs.img"
	assert_equal "$(mgr-config -n web get rootfs.size)" 64M
	assert_equal "$(length web)" $((64 << 20))
	[ "$(taken web)" -lt $((16 << 20)) ]
	assert_equal "$(stat -c '%a %u' "$store/web/rootfs.img")" "600 0"
	assert_equal "$(in_container web stat -c %u:%g / /etc/passwd)" $'0:0\n0:0'
	run ! in_container web test -e /lost+found
	image usual
	assert_equal "$(mgr-config -n usual get rootfs.size)" 10G
	[ "$(taken usual)" -lt $((32 << 20)) ]
}

# gives_back NAME: the room of what is removed inside.
gives_back() {
	local before
	in_container "$1" sync
	before=$(taken "$1")
	in_container "$1" sh -c 'dd if=/dev/urandom of=/home/big bs=1M count=24 && sync' 2>/dev/null
	[ "$(taken "$1")" -gt $((before + (20 << 20))) ]
	in_container "$1" rm /home/big
	wait_until 10 gave_back "$1" "$before"
}

gave_back() {
	in_container "$1" sync
	[ "$(taken "$1")" -lt $(($2 + (4 << 20))) ]
}

@test "be.11 where its root is cannot be set while it runs, and a size that is too small for a template is told" {
	run mgr-config -n web set rootfs.path "dir:$BATS_TEST_TMPDIR"
	assert_status 1
	assert_contains "mgr-config: web: "
	assert_contains "rootfs.path: it is running on 'loop:$store/web/rootfs.img': stop it first"
	assert_equal "$(mgr-config -n web get rootfs.path)" "loop:$store/web/rootfs.img"
	mgr-config -n web set rootfs.path "loop:$store/web/rootfs.img"
	run mgr-create -n little -t busybox -B loop --size 2M
	assert_status 1
	assert_contains "2M are too little for it: --size: "
}

@test "be.4 ext4, xfs and btrfs; options are the mount's" {
	local type options
	for options in "type=ext4 noatime" type=xfs,noatime noatime,type=btrfs; do
		type=$(grep -oE 'ext4|xfs|btrfs' <<<"$options")
		image "$type" --size 320M -s "rootfs.options=$options"
		boot "$type"
		run in_container "$type" cat /proc/self/mounts
		assert_match "/dev/loop[0-9]+ / $type [^ ]*noatime"
		gives_back "$type"
		mgr-stop -k -n "$type"
		assert_equal "$(devices "$type")" 0
	done
	mgr-config -n ext4 set rootfs.options nonsense
	run mgr-start -n ext4
	assert_status 1
	assert_contains "mgr-start: ext4: storage: '$store/ext4/rootfs.img': mount it (ext4, discard,errors=remount-ro,nonsense): "
	run "$BATS_TEST_DIRNAME/../lib/without" mount_setattr,open_tree,fsopen,move_mount -- mgr-create -n old -t busybox -B loop
	assert_status 1
	assert_contains "its file system can be mounted by a start alone before Linux 5.12"
	run mgr-create -n zfs -t busybox -B loop -s rootfs.options=type=zfs
	assert_status 1
	assert_contains "rootfs.options: type=zfs: known are ext4, xfs, btrfs"
	run mgr-create -n plain -t busybox -B dir --size 1G
	assert_status 1
	assert_contains "a container made with -B loop has a size anywhere"
}

@test "be.4 it grows while it runs" {
	local type
	capsh --has-p=cap_sys_resource 2>/dev/null && set -- ext4 xfs btrfs || set -- xfs btrfs # which ext4 wants for it
	for type; do
		image "grows-$type" --size 320M -s "rootfs.options=type=$type"
		boot "grows-$type"
		mgr-config -n "grows-$type" set rootfs.size 500M
		[ "$(seen "grows-$type")" -gt 400 ]
		run mgr-config -n "grows-$type" set rootfs.size 320M
		assert_status 1
		assert_contains "rootfs.size: it is mounted, and can only grow: stop the container to make it smaller"
		assert_equal "$(mgr-config -n "grows-$type" get rootfs.size)" 500M
		mgr-stop -k -n "grows-$type"
	done
}

@test "be.4 what could not grow while it runs is as large as it was" {
	local file=$store/stays/rootfs.img size
	image stays --size 320M
	boot stays
	size=$(stat -c %s "$file")
	run setpriv --bounding-set -sys_resource mgr-config -n stays set rootfs.size 500M
	assert_status 1
	assert_contains "CAP_SYS_RESOURCE, which is missing here: stop it first"
	assert_equal "$(stat -c %s "$file")" "$size"
	assert_equal "$(blockdev --getsize64 "$(losetup -n -O NAME -j "$file")")" "$size"
	assert_equal "$(mgr-info -n stays --json | jq '.[0].filesystem_size')" "$size"
	in_container stays sh -c 'dd if=/dev/urandom of=/data bs=1M count=20; sync; md5sum /data >/sum' 2>/dev/null
	mgr-stop -k -n stays
	e2fsck -fn "$file"
	mgr-config -n stays set rootfs.size 500M
	boot stays
	[ "$(seen stays)" -gt 400 ]
	in_container stays md5sum -c /sum
}

@test "be.4 it grows and shrinks while it is stopped, and never below what is in it" {
	local type
	image small-btrfs --size 400M -s rootfs.options=type=btrfs
	run mgr-config -n small-btrfs set rootfs.size 200M
	assert_status 1
	assert_contains "rootfs.size: a btrfs has 256M at least"
	mgr-destroy -n small-btrfs
	for type in ext4 btrfs; do
		image turns-$type --size 320M -s rootfs.options=type=$type
		mgr-config -n turns-$type set rootfs.size 500M
		boot turns-$type
		[ "$(seen turns-$type)" -gt 400 ]
		in_container turns-$type sh -c 'dd if=/dev/urandom of=/home/big bs=1M count=40 && md5sum /home/big >/home/sum' 2>/dev/null
		mgr-stop -k -n turns-$type
		mgr-config -n turns-$type set rootfs.size 340M
		assert_equal "$(length turns-$type)" $((340 << 20))
		run mgr-config -n turns-$type set rootfs.size 20M
		assert_status 1
		[ $type != ext4 ] || assert_match "rootfs.size: what is in it needs [4-9][0-9]M$"
		assert_equal "$(mgr-config -n turns-$type get rootfs.size)" 340M
		boot turns-$type
		in_container turns-$type md5sum -c /home/sum
		[ "$(seen turns-$type)" -lt 350 ]
		mgr-stop -k -n turns-$type
	done
	image turns-xfs --size 320M -s rootfs.options=type=xfs
	mgr-config -n turns-xfs set rootfs.size 400M
	run mgr-config -n turns-xfs set rootfs.size 320M
	assert_status 1
	assert_contains "rootfs.size: xfs cannot be made smaller"
}

@test "be.4 a resize that is killed leaves a whole file system, and is done by another one" {
	local point
	image killed --size 64M
	for point in 96M:file 128M:fs 64M:fs; do
		run env MGR_DEBUG_KILL="resize:${point#*:}" mgr-config -n killed set rootfs.size "${point%:*}"
		[ "$status" = 137 ]
		boot killed
		mgr-stop -k -n killed
		e2fsck -fn "$store/killed/rootfs.img"
		mgr-config -n killed set rootfs.size "${point%:*}"
		assert_equal "$(length killed)" $((${point%M:*} << 20))
	done
	run mgr-config -n killed unset rootfs.size
	assert_status 1
	assert_contains "rootfs.size: a file system in a file has a size: set another one"
	mgr-start -n killed -s rootfs.size=80M
	[ "$(seen killed)" -gt 70 ]
}

@test "be.4 what a killed resize has made smaller is as large as the configuration says at the next start" {
	image killed-btrfs --size 400M -s rootfs.options=type=btrfs
	run env MGR_DEBUG_KILL=resize:fs mgr-config -n killed-btrfs set rootfs.size 320M
	assert_status 137
	assert_equal "$(length killed-btrfs)" $((400 << 20))
	boot killed-btrfs
	[ "$(seen killed-btrfs)" -gt 380 ] || show "$(seen killed-btrfs)"
}

@test "be.4 what is removed inside gives its room back" {
	gives_back web
}

@test "be.4 one image is never mounted twice to write" {
	image second --size 64M
	rm "$store/second/rootfs.img"
	run mgr-config -n second set rootfs.path "loop:$store/web/rootfs.img"
	assert_status 1
	assert_contains "rootfs.path: '$store/web/rootfs.img' lies in '$store', where mgr keeps its own"
	sed -i "s|^path = .*|path = loop:$store/web/rootfs.img|" "$store/second/config"
	run mgr-start -n second
	assert_status 1
	assert_output "mgr-start: second: storage: '$store/web/rootfs.img' is in use by 'web': what is in it would be destroyed"
	ln "$store/web/rootfs.img" "$store/second/rootfs.img"
	mgr-config -n second set rootfs.path "loop:$store/second/rootfs.img"
	run mgr-start -n second
	assert_status 1
	assert_contains "is in use by 'web'"
	in_container web true
}

@test "be.4 one that the host has mounted by itself is not mounted to write once more, nor copied" {
	local device
	image hosts --size 64M
	device=$(losetup -f --show "$store/hosts/rootfs.img")
	run mgr-start -n hosts
	assert_status 1
	assert_output "mgr-start: hosts: storage: '$store/hosts/rootfs.img' is in use by another program, as $device: what is in it would be destroyed; unmount that, or losetup -d it"
	run mgr-copy -n hosts -N two
	assert_status 1
	assert_contains "is in use by another program, as $device"
	losetup -d "$device"
	device=$(losetup -f --show -r "$store/hosts/rootfs.img")
	mgr-start -n hosts
	losetup -d "$device"
}

@test "be.4 a journal is replayed" {
	image journal --size 64M
	in_container web sh -c 'echo kept >/home/journal && sync /home/journal'
	cp --sparse=always "$store/web/rootfs.img" "$store/journal/rootfs.img"
	dumpe2fs -h "$store/journal/rootfs.img" 2>/dev/null | grep needs_recovery
	boot journal
	assert_equal "$(in_container journal cat /home/journal)" kept
	mgr-stop -k -n journal
	run -1 grep needs_recovery <(dumpe2fs -h "$store/journal/rootfs.img" 2>/dev/null)
	e2fsck -fn "$store/journal/rootfs.img"
}

@test "be.4 a file system that asks for it is mended before it is mounted" {
	local file state
	image broken --size 64M
	file=$store/broken/rootfs.img
	debugfs -w -R "set_super_value state 2" "$file" 2>/dev/null
	debugfs -w -R "set_inode_field /etc/passwd links_count 5" "$file" 2>/dev/null
	run ! e2fsck -fn "$file"
	mgr-start -n broken
	mgr-stop -k -n broken
	e2fsck -fn "$file"
	grep "e2fsck has mended the file system in '$file'" "$MGR_ROOT/var/log/mgr/broken/log"
	tune2fs -c 3 -C 7 "$file"
	boot broken
	mgr-stop -k -n broken
	[ "$(dumpe2fs -h "$file" 2>/dev/null | sed -n 's/^Mount count: *//p')" -lt 3 ]
	debugfs -w -R "set_super_value state 2" "$file" 2>/dev/null
	debugfs -w -R "clri <2>" "$file" 2>/dev/null
	for state in 2 1; do # it says so itself, or the kernel finds it
		debugfs -w -R "set_super_value state $state" "$file" 2>/dev/null
		run mgr-start -n broken
		assert_status 1
		assert_output "mgr-start: broken: storage: the file system in '$file' is damaged, and not mended without a word of yours: e2fsck -f $file"
	done
	state_is broken STOPPED
	assert_equal "$(devices broken)" 0
}

@test "be.4 the device is gone when a container is stopped, rebooted or has crashed, and when a start fails" {
	image goes --size 64M
	boot goes
	assert_equal "$(devices goes)" 1
	in_container goes sh -c 'echo 1 >/home/runs'
	mgr-stop -r -n goes
	mgr-wait -n goes -s RUNNING -t $((10 * patience))
	assert_equal "$(devices goes)" 1
	assert_equal "$(in_container goes cat /home/runs)" 1
	mgr-stop -k -n goes
	assert_equal "$(devices goes)" 0
	boot goes
	kill -KILL "$(supervisor_pid goes)"
	mgr-wait -n goes -s STOPPED -t $((10 * patience))
	boot goes
	assert_equal "$(in_container goes cat /home/runs)" 1
	mgr-stop -k -n goes
	run mgr-start -n goes -s init.cmd=/nonexistent
	assert_status 1
	assert_equal "$(devices goes)" 0
	run env MGR_DEBUG_KILL=boot:up:storage mgr-start -n goes
	[ "$status" != 0 ]
	boot goes
	assert_equal "$(devices goes)" 1
}

@test "be.4 what could not be brought to the disk is told at the end" {
	local disk=$BATS_TEST_TMPDIR/disk
	small_disk 16M "$disk"
	image lossy --size 64M
	cp --sparse=always "$store/lossy/rootfs.img" "$disk/rootfs.img"
	mgr-config -n lossy set rootfs.path "loop:$disk/rootfs.img"
	mgr-start -n lossy
	in_container lossy dd if=/dev/zero of=/home/big bs=1M count=40 2>/dev/null || true
	run mgr-stop -k -n lossy
	assert_status 3
	assert_contains "mgr-stop: lossy: storage: what was written last may be lost: "
	assert_equal "$(devices lossy)" 0
	grep "^lost what was written last may be lost: " "$store/lossy/last"
	grep "ERROR .*storage: what was written last may be lost: " "$MGR_ROOT/var/log/mgr/lossy/log"
	unmount "$disk"
}

@test "be.4 of what does not fit on the host's disk no container is made" {
	local disk=$BATS_TEST_TMPDIR/disk type
	small_disk 64M "$disk"
	mkdir -m 700 "$disk/store"
	container from -B dir -s net.0.type=empty
	head -c 80M /dev/urandom >"$store/from/rootfs/home/big"
	tar -C "$store/from/rootfs" -cf "$BATS_TEST_TMPDIR/from.tar" .
	for type in ext4 btrfs; do
		run mgr-create -P "$disk/store" -n more --tar "$BATS_TEST_TMPDIR/from.tar" -B loop --size 400M \
			-s rootfs.options=type=$type -s net.0.type=empty
		assert_status 1
		assert_match "^mgr-create: more: .*what was written could not be kept.*the host's disk is full"
		[ ! -e "$disk/store/more" ]
	done
	mgr-create -P "$disk/store" -n part -t busybox -B dir -s net.0.type=empty
	head -c 36M /dev/urandom >"$disk/store/part/rootfs/home/big"
	run mgr-copy -P "$disk/store" -n part -N more -B loop
	assert_status 1
	assert_match "^mgr-copy: part: 'more': what was written could not be kept.*the host's disk is full"
	[ ! -e "$disk/store/more" ]
	mgr-destroy -P "$disk/store" -n part
	wait_until 5 umount "$disk"
}

@test "be.4 thin copies where the store has reflinks" {
	mkdir "$BATS_TEST_TMPDIR/store"
	truncate -s 300M "$BATS_TEST_TMPDIR/btrfs"
	mkfs.btrfs -q "$BATS_TEST_TMPDIR/btrfs"
	mount -o loop "$BATS_TEST_TMPDIR/btrfs" "$BATS_TEST_TMPDIR/store"
	chmod 700 "$BATS_TEST_TMPDIR/store"
	own_store "$BATS_TEST_TMPDIR/store"
	mgr-create -P "$BATS_TEST_TMPDIR/store" -n one -t busybox -B loop --size 64M -s net.0.type=empty
	mgr-copy -P "$BATS_TEST_TMPDIR/store" -s -n one -N two
	sync -f "$BATS_TEST_TMPDIR/store"
	assert_equal "$(btrfs filesystem du --raw -s "$BATS_TEST_TMPDIR/store/two/rootfs.img" | awk 'NR == 2 { print $2 < 1048576 }')" 1
	mgr-start -P "$BATS_TEST_TMPDIR/store" -n one
	mgr-start -P "$BATS_TEST_TMPDIR/store" -n two
	assert_equal "$(mgr-attach -P "$BATS_TEST_TMPDIR/store" -n two -- hostname)" two
	mgr-destroy -f -P "$BATS_TEST_TMPDIR/store" -n one
	mgr-destroy -f -P "$BATS_TEST_TMPDIR/store" -n two
	unmount "$BATS_TEST_TMPDIR/store"
}

@test "copy.6 a file system in a file stands still while it is copied, and goes on whatever becomes of the command" {
	in_container web sh -c '(i=0; while [ ! -e /home/end ]; do i=$((i + 1)); echo $i >/home/n; mv /home/n /home/a; echo $i >/home/n; mv /home/n /home/z; done) >/dev/null 2>&1 &'
	wait_until 10 in_container web test -s /home/z
	forget_later two
	mgr-copy -n web -N two --live
	run -137 env MGR_DEBUG_KILL=live:still mgr-copy -n web -N half --live
	in_container web sh -c 'echo written >/home/after && sync /home/after && touch /home/end'
	boot two
	run in_container two sh -c 'echo $(($(cat /home/a) - $(cat /home/z)))'
	assert_match '^[01]$'
}

@test "be.4 an archive is unpacked into one, its snapshots too" {
	image web2 --size 64M
	boot web2
	in_container web2 dd if=/dev/urandom of=/home/half bs=1M count=22 2>/dev/null # so that all trees together are more than one holds
	mgr-stop -k -n web2
	mgr-snapshot -n web2 one
	mgr-snapshot -n web2 two
	mgr-export -n web2 --snapshots -o "$BATS_TEST_TMPDIR/web2.tar"
	forget_later three
	mgr-import "$BATS_TEST_TMPDIR/web2.tar" -N three -B loop --size 48M
	assert_equal "$(length three)" $((48 << 20))
	mgr-snapshot -n three -r one
	assert_equal "$(length three)" $((48 << 20))
	boot three
	in_container three test -x /bin/busybox
}

@test "be.4 from a tar file, and in a killed create nothing is left" {
	forget_later packed
	tar -C "$store" --files-from=/dev/null -cf "$BATS_TEST_TMPDIR/none.tar"
	run mgr-create -n packed --tar "$BATS_TEST_TMPDIR/none.tar" -B loop --size 64M
	assert_status 1
	[ ! -e "$store/packed" ]
	mkdir -p "$BATS_TEST_TMPDIR/tree/bin" "$BATS_TEST_TMPDIR/tree/sbin" "$BATS_TEST_TMPDIR/tree/etc"
	cp /bin/busybox "$BATS_TEST_TMPDIR/tree/bin/sh"
	ln -s ../bin/sh "$BATS_TEST_TMPDIR/tree/sbin/init"
	tar -C "$BATS_TEST_TMPDIR/tree" -cf "$BATS_TEST_TMPDIR/tree.tar" .
	mgr-create -n packed --tar "$BATS_TEST_TMPDIR/tree.tar" -B loop --size 64M -s net.0.type=empty
	mgr-start -n packed
	mgr-stop -k -n packed
	run env MGR_DEBUG_KILL=create:made mgr-create -n half -t busybox -B loop --size 64M
	[ "$status" = 137 ]
	mgr-create -n half2 -t busybox -B dir
	forget_later half2
	assert_equal "$(find "$store/.new" -mindepth 1 2>/dev/null)" ""
	[ ! -e "$store/half" ]
}

# has_begun TRACE: a resize2fs is in the middle of it.
has_begun() {
	local pid
	pid=$(pgrep -x resize2fs) && [ "$(grep -c "^$pid .*pwrite64" "$1")" -ge 5 ]
}

# assert_confined PID: it is nobody, with the right to open its file and no other, in namespaces of its own.
assert_confined() {
	local ns
	run awk '/^(Uid|Gid|CapPrm|CapEff|CapBnd|NoNewPrivs|Seccomp):/ { print $1 $2 }' "/proc/$1/status"
	assert_contains "Uid:65534"
	assert_contains "Gid:65534"
	assert_contains "CapPrm:0000000000000002"
	assert_contains "CapEff:0000000000000002"
	assert_contains "NoNewPrivs:1"
	assert_contains "Seccomp:2"
	for ns in mnt pid net ipc uts; do
		[ "$(readlink "/proc/$1/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ]
	done
	[ ! -e "/proc/$1/root/etc" ]
	[ ! -e "/proc/$1/root$MGR_ROOT" ]
}

@test "be.9 a program that reads what a stranger made reaches that file alone, and has so much time" {
	local file=$BATS_TEST_TMPDIR/file apart=$STAGE/libexec/mgr/mgr-fs
	printf 'AAAA' >"$file"
	run "$apart" --seconds=5 /bin/sh -c '
		for path in /usr/x /x /fd/x /proc/mounts /etc/x; do echo x >"$path" && echo "wrote $path"; done
		read -r line </etc/passwd && echo "read it"
		kill -0 1 && echo "sent a signal"
		echo BBBB >/fd/3
		echo done' 3<>"$file"
	assert_contains "done"
	refute_contains "wrote"
	refute_contains "read it"
	refute_contains "signal"
	assert_equal "$(cat "$file")" BBBB
	run "$apart" --seconds=5 /usr/bin/truncate -s 1M /fd/3 3<>"$file"
	assert_status 1
	assert_contains "File too large"
	assert_equal "$(stat -c %s "$file")" 4
	run "$apart" --seconds=1 /bin/sleep 60 3<>"$file"
	[ "$status" = 125 ]
	assert_contains "'/bin/sleep' has not ended after 1 s"
}

@test "be.4 what makes an image smaller comes to its end, whatever becomes of the command" {
	local trace=$BATS_TEST_TMPDIR/trace tracer apart
	mgr-create -n shrunk -t busybox -B loop --size 400M -s net.0.type=empty
	forget_later shrunk
	strace -f -qq -o "$trace" -e trace=pwrite64 -e inject=pwrite64:delay_exit=$((20000 * slow)) \
		mgr-config -n shrunk set rootfs.size 48M &
	tracer=$!
	wait_until 20 has_begun "$trace"
	assert_confined "$(pgrep -x resize2fs)"
	apart=$(ps -o ppid= -C resize2fs | tr -d ' ')
	kill -KILL "$(ps -o ppid= -p "$apart" | tr -d ' ')" "$apart"
	wait "$tracer" || true
	run dumpe2fs -h "$store/shrunk/rootfs.img"
	assert_match "Filesystem state: +clean"
	assert_match "Block count: +12288"
	mgr-config -n shrunk set rootfs.size 48M
	boot shrunk
}
