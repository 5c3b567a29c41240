#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-create --image: containers over file systems and disks that are only read.

load ../lib/common

setup_file() {
	export images=/run/images tree=/run/images/tree
	[ -x "$STAGE/libexec/mgr/mgr-disk" ] || return 0
	mkdir "$images"
	mgr-create -n model -t busybox -B dir -s net.0.type=empty
	cp -a "$MGR_ROOT/var/lib/mgr/model/rootfs" "$tree"
	mgr-destroy -n model
	echo 0123456789abcdef0123456789abcdef >"$tree/etc/machine-id"
	dd if=/dev/urandom of="$tree/data" bs=1M count=4 status=none
	file_system "$images/root.ext4"
}

teardown_file() {
	rm -rf "$images"
}

setup() {
	common_setup
	[ -x "$STAGE/libexec/mgr/mgr-disk" ] || skip "mgr was built without libblkid and libfdisk"
	cd "$images" || return
}

# file_system FILE [OPTION...]: of mke2fs, with the tree on it.
file_system() {
	truncate -s 24M "$1"
	mke2fs -q -t ext4 -L model -d "$tree" "${@:2}" "$1"
}

# disk FILE LABEL PARTITION...: in sfdisk's words; 100 MiB. put FILE MIB: the file system, so many MiB from the beginning.
disk() {
	truncate -s 100M "$1"
	printf '%s\n' "label: $2" "${@:3}" | sfdisk -q "$1"
}

put() {
	dd if=root.ext4 of="$1" bs=1M seek="$2" conv=notrunc status=none
}

# over FILE [OPTION...]: the container c, which stands on it.
over() {
	forget_later c
	mgr-create -n c --image "$@" -s net.0.type=empty
}

gpt_root=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709
case $(uname -m) in
aarch64) gpt_root=B921B045-1DF0-41C3-AF44-4C6F280D3FAE ;;
esac

# That it lives, writes, and leaves FILE as it was.
lives_over() {
	local before
	before=$(sha256sum <"$1")
	over "$@"
	boot c
	in_container c sh -c 'cmp /data /data && echo new >/etc/new && rm /etc/passwd && chmod 4755 /data'
	mgr-stop -k -n c
	run find "$MGR_ROOT/var/lib/mgr/c/delta/upper" -name passwd -type c
	assert_contains "/etc/passwd"
	run losetup -j "$1"
	assert_output ""
	boot c
	in_container c sh -c '[ "$(cat /etc/new)" = new ] && [ ! -e /etc/passwd ] && [ -u /data ]'
	mgr-destroy -f -n c
	[ "$(sha256sum <"$1")" = "$before" ] || show "$1 was written to"
}

@test "be.5 a container over an ext4 image keeps what it changes beside, and the file is what it was" {
	lives_over root.ext4
}

@test "be.5 squashfs and erofs" {
	local unmapped=()
	[ "$(printf '%s\n' 6.2 "$(uname -r)" | sort -V | head -n 1)" = 6.2 ] || unmapped=(-s container.idmap=none)
	mksquashfs "$tree" root.squashfs -quiet -no-progress >/dev/null
	mkfs.erofs --quiet root.erofs "$tree" >/dev/null
	lives_over root.squashfs "${unmapped[@]}"
	lives_over root.erofs
}

@test "be.5 iso9660: for a container with mapped ids its files have to be copied" {
	modprobe -q isofs || grep -qw iso9660 /proc/filesystems || skip "this kernel has no iso9660"
	command -v xorriso >/dev/null || skip "there is no xorriso"
	xorriso -as mkisofs -quiet -R -o root.iso "$tree" 2>/dev/null
	lives_over root.iso -s container.idmap=none
	over root.iso
	run mgr-start -n c
	assert_status 1
	assert_contains "this kernel cannot where the file system is iso9660: copy its files, mgr-copy -B dir, or have container.idmap = none"
	forget_later d
	mgr-copy -n c -N d -B dir
	boot d
	in_container d sh -c 'cmp /data /data && echo new >/etc/new'
}

@test "be.5 of a GPT disk it is the partition of the root type" {
	disk gpt gpt size=10M,type=U "size=30M,type=$gpt_root" size=30M
	put gpt 11
	put gpt 41
	lives_over gpt
	over gpt
	run cat "$MGR_ROOT/var/lib/mgr/c/disk"
	assert_contains "partition 2"
}

@test "be.5 of an MBR disk it is the one that holds a root, in an extended partition too; several are listed" {
	disk mbr dos "1: size=10M,type=83" "2: type=5" "5: start=24576,size=30M,type=83" "6: start=88064,size=30M,type=82"
	mke2fs -q -t ext4 -E offset=$((1 << 20)) mbr 10M
	put mbr 12
	lives_over mbr
	put mbr 43
	run over mbr
	assert_status 1
	assert_output "mgr-create: c: --image: '$images/mbr': more than one partition holds a root file system: --partition chooses: 1 (10M, Linux, ext4), 5 (30M, Linux, ext4 'model'), 6 (30M, Linux swap / Solaris, ext4 'model')"
	over mbr --partition 6
	run cat "$MGR_ROOT/var/lib/mgr/c/disk"
	assert_contains "partition 6"
	run mgr-create -n d --image mbr --partition 7
	assert_status 1
	assert_contains "it has no partition 7"
	run mgr-create -n d --image mbr --partition x
	assert_status 1
	assert_contains "--partition: 'x' is no number"
}

@test "be.5 a GPT disk with sectors of 4096 bytes" {
	truncate -s 60M large
	printf '%s\n' g n 1 256 +30M t "$gpt_root" w | fdisk -b 4096 large >/dev/null 2>&1
	put large 1
	over large
	run cat "$MGR_ROOT/var/lib/mgr/c/disk"
	assert_contains "partition 1"
}

@test "be.5 what holds no file system, or is not all there, is named as what it is" {
	run over /etc/os-release
	assert_status 1
	assert_contains "the disk holds no file system: nothing known is on it"
	: >empty
	run over empty
	assert_contains "it is empty"
	truncate -s 4M swap
	mkswap swap 2>/dev/null >&2
	run over swap
	assert_contains "the disk holds no file system: it is swap"
	truncate -s 4M luks
	printf 'LUKS\272\276\000\001' | dd of=luks conv=notrunc status=none
	run over luks
	assert_contains "the disk is encrypted (crypto_LUKS)"
	disk cut gpt "size=80M,type=$gpt_root"
	truncate -s 30M cut
	run over cut
	assert_status 1
	assert_contains "its GPT partition table cannot be read: is that all of the disk?"
	disk short dos size=10M,type=83 size=80M,type=83
	put short 11
	truncate -s 60M short
	run over short --partition 2
	assert_status 1
	assert_contains "partition 2 ends behind the end of the file"
	run mgr-create -n c --image root.ext4 -B dir
	assert_status 64
	run mgr-create -n c -t busybox -B disk
	assert_status 1
	assert_contains "which --image makes"
	[ ! -e "$MGR_ROOT/var/lib/mgr/c" ] || show "something is left"
}

@test "be.5 a file system that was not unmounted is refused, since nothing is written to it" {
	cp root.ext4 unclean
	debugfs -w -R "feature needs_recovery" unclean 2>/dev/null >&2
	run over unclean
	assert_status 1
	assert_contains "was not unmounted, and has to be recovered before it can be read: --in-place does that"
}

@test "be.5 containers over one disk have one device, so that what they read is in memory once" {
	local first
	over root.ext4
	forget_later d
	mgr-create -n d --image root.ext4 -s net.0.type=empty
	boot c
	first=$(losetup -n -O NAME -j root.ext4)
	boot d
	run losetup -n -O NAME -j root.ext4
	assert_output "$first"
	in_container c cat /data >/dev/null
	read -r _ _ before _ <"/sys/block/${first#/dev/}/stat"
	in_container d cmp /data /data
	read -r _ _ after _ <"/sys/block/${first#/dev/}/stat"
	[ $((after - before)) -lt 64 ] || show "$((after - before)) sectors were read again"
	in_container c sh -c 'echo mine >/mine'
	run in_container d cat /mine
	assert_status 1
	run in_container d cat /etc/hostname
	assert_output d
	[ "$(in_container c cat /etc/machine-id)" != "$(in_container d cat /etc/machine-id)" ]
	mgr-stop -k -n c
	in_container d cmp /data /data
}

@test "be.5 a start is refused when the file has been written since, and when it is gone" {
	file_system changing
	over changing
	touch changing
	run mgr-start -n c
	assert_status 1
	assert_contains "mgr-start: c: storage: '$images/changing' has been written since the container was made"
	assert_contains "or only touched: the container stands on what it was; if all in it is the same still, 'mgr-images take $images/changing'"
	echo more >>changing
	run mgr-start -n c
	assert_status 1
	assert_match "'$images/changing' has been written since the container was made: it had [0-9]+ bytes, and has [0-9]+;"
	refute_contains "take"
	rm changing
	run mgr-start -n c
	assert_status 1
	assert_contains "'$images/changing': No such file"
	mgr-destroy -n c
}

@test "be.5 a file system without an init is said to have none, and an empty one is refused" {
	truncate -s 16M empty
	mke2fs -q -t ext4 empty
	run mgr-create -n c --image empty -s net.0.type=empty
	assert_status 1
	assert_output "mgr-create: c: --image: the file system in '$images/empty' is empty"
	debugfs -w -R "mkdir /etc" empty
	forget_later c
	run mgr-create -n c --image empty -s net.0.type=empty
	assert_success
	assert_output "mgr-create: c: '/sbin/init' does not exist in the container: it cannot be started; mgr-execute can run a command in it"
	mgr-destroy -n c
	rm empty
	mksquashfs "$tree" squash -quiet -no-progress >/dev/null
	run mgr-create -n c --image squash --in-place -s net.0.type=empty
	assert_status 1
	assert_output "mgr-create: c: --image: '$images/squash' holds squashfs, which cannot be written in place: without --in-place it is below a container"
	rm squash
}

@test "be.5 of a damaged file system that is written in place the start says how to mend it" {
	local part="torn?offset=1048576"
	cp --sparse=always root.ext4 root
	truncate -s 64M torn
	printf 'label: gpt\nstart=2048\n' | sfdisk -q torn
	dd if=root of=torn bs=1M seek=1 conv=notrunc,sparse status=none
	over torn --in-place --partition 1
	boot c
	in_container c sh -c 'mkdir -p /home/a/b; echo mine >/home/a/b/mine'
	mgr-stop -k -n c
	debugfs -w -R "clri /home/a" "$part"
	debugfs -w -R "set_super_value state 2" "$part"
	run mgr-start -n c
	assert_status 1
	assert_output "mgr-start: c: storage: the file system in '$images/torn' is damaged, and not mended without a word of yours: e2fsck -f '$images/$part'"
	e2fsck -fy "$images/$part" || [ $? = 1 ]
	boot c
	in_container c sh -c 'grep mine /lost+found/*/mine'
	mgr-stop -k -n c
	rm torn root
}

@test "be.10 a file that has been written since is taken as it is, by word, for all that stand on it" {
	file_system changing
	over changing
	boot c
	in_container c sh -c 'echo mine >/etc/mine'
	mgr-stop -k -n c
	mgr-snapshot -n c before
	mgr-copy -s -n c -N other
	forget_later other
	debugfs -w -R "write /dev/null /etc/theirs" changing 2>/dev/null
	run mgr-images take "$images/changing"
	assert_status 0
	assert_output $'c\nother'
	boot c
	in_container c sh -c 'test -e /etc/mine -a -e /etc/theirs'
	run mgr-images take changing
	assert_status 1
	assert_contains "mgr-images: c: "
	refute_contains "other"
	mgr-stop -k -n c
	mgr-snapshot -n c -r before
	boot c
	mgr-stop -k -n c
	run mgr-images take changing
	assert_status 0
	assert_output ""
	rm changing
	mksquashfs "$tree/etc" changing -quiet -no-progress >/dev/null
	run mgr-images take changing
	assert_status 1
	assert_contains "'$images/changing' is another disk now: ext4 at 0 was below the container, and is squashfs at 0"
	rm changing
	truncate -s 32M changing
	printf 'label: gpt\nsize=8192\nsize=8192\n' | sfdisk -q changing
	dd if="$images/root.ext4" of=changing bs=1M seek=9 conv=notrunc status=none
	truncate -s 64M changing
	printf 'label: gpt\nsize=8192\nstart=18432\n' | sfdisk -q --wipe never changing
	forget_later e
	mgr-create -n e --image changing --partition 2 -s net.0.type=empty
	printf 'label: gpt\nstart=18432\n' | sfdisk -q --wipe never changing
	run mgr-images take changing
	assert_status 1
	assert_contains "mgr-images: e: '$images/changing' is another disk now: ext4 at 9437184, partition 2, was below the container, and that is not there"
	refute_contains "--partition"
	run mgr-images take root.ext4
	assert_status 1
	assert_contains "no container stands on '$images/root.ext4'"
}

@test "be.5 tables and file systems are told apart by nobody, alone in an empty root, with few system calls" {
	run python3 - "$STAGE/libexec/mgr/mgr-disk" <<-'END'
		import fcntl, os, subprocess, sys, time
		r, w = os.pipe()
		fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096)
		os.write(w, bytes(4096)) # it has to wait before its only line
		p = subprocess.Popen([sys.argv[1]], stdin=open("root.ext4"), stdout=w)
		end = time.time() + 20 * int(os.environ["patience"])
		while True:
		    status = open(f"/proc/{p.pid}/status").read()
		    if time.time() > end or "Seccomp:\t2" in status and "State:\tS" in status: break
		    time.sleep(0.01)
		print(status, os.listdir(f"/proc/{p.pid}/root"), open(f"/proc/{p.pid}/limits").read())
		p.kill()
	END
	assert_match $'NoNewPrivs:\t1'
	assert_match $'Seccomp:\t2'
	assert_match $'CapPrm:\t0+\n'
	assert_match $'Uid:\t65534\t65534\t65534\t65534'
	assert_match "\['fd'\]"
	sanitized || assert_match 'Max address space +134217728 '
}

@test "be.5 copies, whole and thin, and snapshots stand on the same disk, with what has been changed" {
	local name
	over root.ext4
	boot c
	in_container c sh -c 'echo 1 >/one && rm /etc/group'
	mgr-stop -k -n c
	forget_later whole
	mgr-copy -n c -N whole
	forget_later thin
	mgr-copy -s -n c -N thin
	mgr-snapshot -n c before
	boot c
	in_container c rm /one
	mgr-stop -k -n c
	mgr-snapshot -n c -r before
	for name in c whole thin; do
		boot $name
		run in_container $name sh -c 'cat /one && [ ! -e /etc/group ] && cat /etc/hostname && cmp /data /data'
		assert_output $'1\n'$name
	done
}

@test "be.5 in place the file is written, by one at a time, its journal replayed, and a partition of a disk alone" {
	local before
	disk inside gpt size=10M,type=U "size=30M,type=$gpt_root" size=30M
	put inside 11
	debugfs -w -R "feature needs_recovery" "inside?offset=$((11 << 20))" 2>/dev/null >&2
	before=$(dd if=inside bs=1M count=11 status=none | sha256sum; dd if=inside bs=1M skip=41 status=none | sha256sum)
	run over inside --in-place -B dir
	assert_status 64
	over inside --in-place
	run mgr-create -n d --image inside
	assert_status 1
	assert_contains "'$images/inside' is written in place by 'c'"
	boot c
	in_container c sh -c 'echo new >/etc/new && sync && cat /etc/machine-id' >id
	assert_equal "$(cat id)" 0123456789abcdef0123456789abcdef
	run mgr-create -n d --image inside --in-place
	assert_status 1
	assert_contains "is in use by 'c'"
	run mgr-copy -n c -N e
	assert_status 1
	mgr-stop -k -n c
	run losetup -j inside
	assert_output ""
	run mgr-copy -n c -N e
	assert_status 1
	assert_contains "is written in place"
	run debugfs -R "cat /etc/new" "inside?offset=$((11 << 20))"
	assert_contains new
	assert_equal "$(dd if=inside bs=1M count=11 status=none | sha256sum; dd if=inside bs=1M skip=41 status=none | sha256sum)" "$before"
	mgr-destroy -n c
	[ -e inside ]
	mksquashfs "$tree/etc" small -quiet -no-progress >/dev/null
	run over small --in-place
	assert_status 1
	assert_contains "cannot be written in place"
}

@test "be.5 what others stand on is not written in place, not while they are stopped either" {
	over root.ext4
	run mgr-create -n d --image root.ext4 --in-place
	assert_status 1
	assert_contains "'$images/root.ext4' is what 'c' stands on, as it is: copy the file"
	boot c
}

# on_damage FILE: what its ext4, which is mounted, does when it finds itself damaged.
on_damage() {
	local backing
	backing=$(grep -lx "$images/$1" /sys/block/loop*/loop/backing_file)
	grep ^errors= "/proc/fs/ext4/$(cut -d / -f 4 <<<"$backing")/options"
}

@test "be.5 who stands on a file, or writes to it, is found in the other stores too" {
	local store=$BATS_TEST_TMPDIR/store
	own_store "$store"
	mkdir -m 700 "$store"
	cp root.ext4 theirs
	mgr-create -P "$store" -n far --image theirs -s net.0.type=empty
	rm -rf "$MGR_ROOT/run/mgr"/????????/.store # as after a boot of the host
	run over theirs --in-place
	assert_status 1
	assert_contains "'$images/theirs' is what 'far' in $store stands on, as it is: copy the file"
	mgr-destroy -P "$store" -n far
	over theirs --in-place
	run mgr-create -P "$store" -n far --image theirs
	assert_status 1
	assert_contains "'$images/theirs' is written in place by 'c' in $MGR_ROOT/var/lib/mgr: copy the file"
	[ -z "$(find "$MGR_ROOT/var/log/mgr" -name .store)" ] || show "a store is remembered that has gone"
}

@test "be.5 an ext4 that wants the machine to panic where it is damaged does not get its way" {
	cp root.ext4 panic.ext4
	tune2fs -e panic panic.ext4 >/dev/null
	over panic.ext4
	boot c
	run on_damage panic.ext4
	assert_output "errors=remount-ro"
	mgr-destroy -f -n c
	over panic.ext4 --in-place
	boot c
	run on_damage panic.ext4
	assert_output "errors=remount-ro"
}
