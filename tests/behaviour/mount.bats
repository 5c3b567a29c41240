# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
load ../lib/common

setup_file() {
	mgr-create -n web -t busybox -B dir -s net.0.type=empty
	mkdir "$MGR_ROOT/var/lib/mgr/web/rootfs/srv"
	mkdir -m 700 "$BATS_FILE_TMPDIR/safe"
}

teardown_file() {
	mgr-destroy -f -n web
}

# sh_with ENTRY COMMAND: a run of web that has this entry.
sh_with() {
	mgr-execute -n web -s "mount.entry=$1" -- sh -c "$2"
}

# data: a folder of the host's that root alone can come to, with a file.
data() {
	dir=$BATS_FILE_TMPDIR/safe/$BATS_TEST_NUMBER
	mkdir "$dir"
	echo content >"$dir/file"
}

# disk DIR: a file system there whose ids every kernel maps (a tmpfs' not before 6.3).
disk() {
	truncate -s 8M "$BATS_TEST_TMPDIR/disk"
	mkfs.ext4 -q "$BATS_TEST_TMPDIR/disk"
	mount -o loop "$BATS_TEST_TMPDIR/disk" "$1"
}

@test "mount.1 a folder and a file of the host's, on targets that are made" {
	data
	run sh_with "$dir srv/a/b none bind,create=dir 0 0" 'cat /srv/a/b/file; stat -c %u /srv/a/b/file /srv/a'
	assert_success
	assert_output "content
65534
0"
	run sh_with "$dir/file /etc/given none bind,create=file,ro" 'cat /etc/given'
	assert_output content
	assert_equal "$(stat -c %u "$MGR_ROOT/var/lib/mgr/web/rootfs/srv/a")" 0
}

@test "mount.1 idmap: what root inside makes is root's on the host" {
	data
	run sh_with "$dir /srv none bind,idmap" 'echo new >/srv/new; stat -c %u /srv/file /srv/new'
	assert_success
	assert_output "0
0"
	assert_equal "$(stat -c %u "$dir/new")" 0
}

@test "mount.1 without idmap ids are the host's, and a file of its root is nobody's" {
	data
	chmod 600 "$dir/file"
	run sh_with "$dir /srv none bind" 'cat /srv/file'
	[ "$status" -ne 0 ]
	run sh_with "$dir /srv none bind" 'touch /srv/new'
	[ "$status" -ne 0 ]
}

@test "mount.1 a device: a node of your own is root's inside with idmap, one that everybody can open needs nothing" {
	data
	mknod -m 600 "$dir/full" c 1 7
	run sh_with "$dir/full dev/given none bind,create=file,idmap" 'stat -c %u:%F /dev/given; : </dev/given && echo opens'
	assert_output "0:character special file
opens"
	run sh_with "$dir/full dev/given none bind,create=file" ': </dev/given'
	[ "$status" -ne 0 ]
	run sh_with "/dev/full dev/given none bind,create=file" ': </dev/given && echo opens'
	assert_output opens
}

@test "mount.1 read-only stays so, for a folder, a file and what is mounted below" {
	data
	mkdir "$dir/sub"
	disk "$dir/sub"
	run sh_with "$dir /srv none rbind,idmap,ro" 'mount -o remount,rw,bind /srv 2>&1; touch /srv/x /srv/sub/x'
	unmount "$dir/sub"
	[ "$status" -ne 0 ]
	assert_contains "Read-only file system"
	[ ! -e "$dir/x" ]
	run sh_with "$dir/file /etc/motd none bind,idmap,ro,create=file" 'mount -o remount,rw,bind /etc/motd; echo x >/etc/motd'
	[ "$status" -ne 0 ]
	assert_equal "$(<"$dir/file")" content
}

@test "mount.1 rbind brings what is mounted below, bind does not" {
	data
	mkdir "$dir/sub"
	mount -t tmpfs none "$dir/sub"
	touch "$dir/sub/deep"
	run sh_with "$dir /srv none rbind" 'ls /srv/sub'
	assert_output deep
	run sh_with "$dir /srv none bind" 'ls /srv/sub'
	assert_output ""
	unmount "$dir/sub"
}

@test "mount.1 what is mounted below and has no ids to map is named" {
	data
	mkdir "$dir/a sub" "$dir/up"
	disk "$dir/a sub"
	mount -t proc none "$dir/up"
	run mgr-execute -n web -v "$dir:/srv" -- true
	assert_status 125
	assert_output "mgr-execute: web: mount-entries: map the ids of '$dir': '$dir/up' below it is a mount of type proc,\
 which has no ids to map: unmount it, or leave it out (mount.entry with bind instead of rbind)"
	run sh_with "$dir /srv none bind,idmap" 'cat /srv/file'
	assert_output content
	unmount "$dir/up" "$dir/a sub"
}

@test "mount.1 what is mounted inside does not come to the host" {
	data
	mkdir "$dir/sub"
	run sh_with "$dir /srv none rbind,idmap" 'mount -t tmpfs none /srv/sub && touch /srv/sub/x && ls /srv/sub'
	assert_output x
	[ ! -e "$dir/sub/x" ]
}

@test "mount.1 file systems of the container's own" {
	run sh_with "none /srv tmpfs size=1M,mode=700,nosuid,create=dir" 'stat -fc %T /srv; grep " /srv " /proc/mounts'
	assert_success
	assert_match "none /srv tmpfs rw,nosuid,.*size=1024k,mode=700"
}

@test "mount.1 a disk of the host's by any line of fstab; with idmap root inside has it, without it nobody inside does" {
	local disk
	truncate -s 4M "$BATS_TEST_TMPDIR/disk"
	mkfs.ext4 -q "$BATS_TEST_TMPDIR/disk"
	disk=$(losetup -f --show "$BATS_TEST_TMPDIR/disk")
	run sh_with "$disk /srv ext4 defaults,noatime,nosuid,idmap 0 2" 'echo new >/srv/new; stat -c %u /srv/new; grep " /srv " /proc/mounts'
	assert_match "^0
$disk /srv ext4 rw,nosuid,noatime,.*idmapped"
	run sh_with "$disk /srv ext4 ro,noload,idmap" 'cat /srv/new; mount -o remount,rw /srv 2>/dev/null; touch /srv/more'
	assert_match '^new'
	assert_contains "Read-only file system"
	run sh_with "$disk /srv ext4 rw" 'stat -c %u /srv/new; touch /srv/more'
	losetup -d "$disk"
	assert_match '^65534'
	assert_contains "Permission denied"
	run sh_with "none /srv overlay lowerdir=/etc:/usr" 'ls -d /srv/passwd /srv/bin'
	assert_output "/srv/bin
/srv/passwd"
}

@test "mount.1 relative: the source is the container's" {
	run sh_with "/etc/passwd /srv/users none bind,relative,create=file" 'cmp /etc/passwd /srv/users && echo same'
	assert_output same
	run sh_with "../../../etc/passwd /srv/users none bind,relative,create=file" 'cmp /etc/passwd /srv/users && echo same'
	assert_output same
}

@test "mount.1 optional: what is not there is left out" {
	run sh_with "/no/such /srv none bind,optional" 'echo runs'
	assert_success
	assert_output runs
	run sh_with "$BATS_FILE_TMPDIR/safe /no/such none bind,optional" 'echo runs'
	assert_output runs
}

@test "mount.1 what is not there is named, and nothing is left" {
	run sh_with "/no/such /srv none bind" true
	assert_status 125
	assert_output "mgr-execute: web: mount-entries: open '/no/such': No such file or directory"
	run sh_with "$BATS_FILE_TMPDIR/safe /no/such none bind" true
	assert_status 125
	assert_output "mgr-execute: web: mount: mount '$BATS_FILE_TMPDIR/safe': the container has no '/no/such': 'create' in the options makes it"
	run sh_with "none /srv nosuchfs defaults" true
	assert_status 125
	assert_output "mgr-execute: web: mount-entries: mount 'none' of type 'nosuchfs': No such device"
	run sh_with "none /srv tmpfs bogus=1" true
	assert_status 125
	assert_match "mount 'none' of type 'tmpfs': .*bogus"
}

@test "mount.1 links of the guest's lead nowhere but into the container" {
	local root=$MGR_ROOT/var/lib/mgr/web/rootfs
	data
	mkdir "$BATS_FILE_TMPDIR/safe/outside"
	ln -s "$BATS_FILE_TMPDIR/safe/outside" "$root/trap"
	ln -s ../../../../../../../../../../../../../etc "$root/up"
	run sh_with "$dir /trap/in none bind,create=dir" true
	assert_equal "$(ls "$BATS_FILE_TMPDIR/safe/outside")" ""
	run sh_with "$dir/file /up/mark none bind,create=file" 'cat /etc/mark'
	assert_output content
	[ ! -e /etc/mark ]
	rm "$root/trap" "$root/up"
}

@test "mount.1 several, in their order, spaces in paths, over a reboot too" {
	data
	mkdir "$dir/a b"
	touch "$dir/a b/x"
	mgr-config -n web add mount.entry 'none srv tmpfs create=dir'
	mgr-config -n web add mount.entry "$dir/a\\040b srv/c\\040d none bind,create=dir"
	boot web
	run in_container web ls "/srv/c d"
	assert_output x
	mgr-stop -r -n web
	run in_container web ls "/srv/c d"
	assert_output x
	mgr-stop -k -n web
	mgr-config -n web unset mount.entry
}

@test "mount.2 a folder or file that others than root can come to is refused when root inside could write to it, unless exposed" {
	local open
	open=$TMPDIR/open-mount # what bats makes is closed
	mkdir "$open"
	mkdir "$open/in"
	chmod 755 "$open" "$open/in"
	echo content >"$open/in/file"
	run sh_with "$open/in /srv none bind,idmap" true
	assert_status 125
	assert_match "folder '$open/in' can be entered by others than root.*or use the option 'exposed'"
	run sh_with "$open/in/file /srv none bind,idmap,create=file" true
	assert_status 125
	run sh_with "$open/in /srv none bind,idmap,ro" 'cat /srv/file'
	assert_output content
	run sh_with "$open/in /srv none bind" 'cat /srv/file'
	assert_output content
	run sh_with "$open/in /srv none bind,idmap,exposed" 'echo more >>/srv/file'
	assert_success
	data
	run sh_with "$dir/file /srv/one none bind,idmap,create=file" 'echo more >>/srv/one; cat /srv/one'
	assert_output "content
more"
	rm -r "$open"
}

@test "mount.2 a source in another container's tree follows no link of its guest's" {
	local tree=$MGR_ROOT/var/lib/mgr/other/rootfs
	container other -s net.0.type=empty
	data
	ln -s "$dir" "$tree/srv"
	run sh_with "$tree/srv /srv none bind,idmap" true
	assert_status 125
	assert_contains "open '$tree/srv': a link in a container's folder is not followed"
	run sh_with "${tree%/rootfs}/../other//rootfs/srv/file /srv/one none bind,idmap,create=file" true
	assert_status 125
	assert_contains "a link in a container's folder is not followed"
	run sh_with "$tree/etc/../../../web/rootfs/etc /srv none bind,create=dir" 'ls /srv/passwd'
	assert_output /srv/passwd
	ln -s "$tree/etc" "$dir/link"
	run sh_with "$dir/link /srv none bind,create=dir" 'ls /srv/passwd'
	assert_output /srv/passwd
}

@test "mount.1 an entry that is none is refused with its line" {
	run mgr-config -n web set mount.entry "/srv /srv none"
	assert_status 1
	assert_contains "'/srv /srv none' is not SOURCE TARGET TYPE OPTIONS"
	run mgr-config -n web set mount.entry "srv /srv none bind"
	assert_contains "must be an absolute path"
	run mgr-config -n web set mount.entry "/srv /srv none defaults"
	assert_contains "type 'none' is for bind and rbind"
	run mgr-config -n web set mount.entry "/srv /srv none bind,size=1"
	assert_contains "'size=1' is no option of a bind mount"
	run mgr-config -n web set mount.entry "/srv / none bind"
	assert_contains "the target '/' is the root"
	run mgr-config -n web set mount.entry "/a b /srv none bind 0 0"
	assert_contains "more than six fields"
}
