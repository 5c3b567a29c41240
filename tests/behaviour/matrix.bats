#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every operation on every backend: it works, or is refused in the words that are in the table here.
# shellcheck disable=SC2154 # status and output are bats's

load ../lib/common
load ../lib/tree
load ../lib/stub

declare -gA cannot=( # BACKEND.OPERATION
	[dir.resize]="nothing bounds the folder"
	[overlay.resize]="nothing bounds the folder"
	[disk.resize]="nothing bounds the folder"
	[qcow2.resize]="nothing bounds the folder"
	[loop.unset]="a file system in a file has a size"
)

# within STORE_TYPE: the store is a file system of that type of its own.
within() {
	truncate -s 600M "$BATS_TEST_TMPDIR/$1.img"
	"mkfs.$1" -q >/dev/null "$BATS_TEST_TMPDIR/$1.img"
	mkdir -p "$store"
	mount -o loop "$BATS_TEST_TMPDIR/$1.img" "$store"
	chmod 700 "$store"
}

teardown() {
	common_teardown
	! mountpoint -q "$store" || unmount "$store"
}

fail() {
	echo "$@"
	return 1
}

# cell OPERATION COMMAND...: $can says whether the backend can.
cell() {
	local words=${cannot[$backend.$1]-}
	run "${@:2}"
	can=true
	[ -n "$words" ] || [ "$status" = 0 ] || fail "$backend, $1: $output"
	[ -n "$words" ] || return 0
	can=false
	assert_status 1
	assert_contains "$words"
}

# What a guest does to its files: those that came with it too.
furnish() {
	in_container "$1" sh -c 'cd /home && mkdir sub && echo precious >sub/file && ln sub/file link && ln -s sub/file symlink &&
		mkfifo pipe && cp /bin/busybox own && chown 33:7 own && chmod 6755 own && dd if=/etc/passwd of=holes bs=1M seek=20 &&
		rm /bin/gzip && mv /var/www /home/www && echo more >>/etc/group && chmod 1777 /mnt && chmod 711 / && touch -d "2001-02-03 04:05" sub &&
		mkdir -m 2775 group && cp /bin/busybox able && echo 0123456789abcdef0123456789abcdef >/etc/machine-id' 2>/dev/null
	as_root "$1" setcap cap_net_raw+ep able
	as_root "$1" setfacl -m u:5:r sub/file
	as_root "$1" setfacl -d -m u:7:rwx group
	as_root "$1" setfattr -n user.colour -v blue sub/file
}

# as_root NAME COMMAND...: as root inside, with the host's programs, in its /home.
as_root() {
	local pid
	pid=$(mgr-info -n "$1" -pH)
	# shellcheck disable=SC2016
	nsenter -t "$pid" -U -S 0 -G 0 sh -c 'cd "$0" && exec "$@"' "/proc/$pid/root/home" "${@:2}"
}

# What is in a container that runs, as it sees it itself.
picture_inside() {
	in_container "$1" sh -c 'set -- bin home mnt var/www etc/group
		cd / && stat -c "%n %a %u:%g" . && find "$@" -xdev -type d -exec stat -c "%n d %a %u:%g" {} +
		find "$@" -xdev ! -type d -exec stat -c "%n %F %a %u:%g %s %Y" {} +
		find home -xdev -type f -exec stat -c "%n %h" {} +
		find home etc/group -xdev -type f -exec md5sum {} +' 2>/dev/null | sort
	as_root "$1" find . -xdev -exec getfattr -hd -m - -e hex {} + 2>/dev/null | awk -v RS= '{ gsub("\n", " "); print }' | sort
}

picture() {
	boot "$1" >/dev/null
	picture_inside "$1"
	mgr-stop -k -n "$1"
}

# same NAME AS: it has what is in that file.
same() {
	diff "$2" <(picture "$1") || fail "$backend: '$1' is not as it was"
}

# An ext4 with what a busybox has.
make_model() {
	backend=dir container model -s net.0.type=empty
	mke2fs -q -t ext4 -d "$store/model/rootfs" "$1" 40M
	mgr-destroy model
	forget_later web
}

# on_image, on_image_in_place, on_qcow2 NAME [OPTION...]: on a disk like that.
on_image() {
	make_model "$BATS_TEST_TMPDIR/model.img"
	mgr-create -n "$@" --image "$BATS_TEST_TMPDIR/model.img"
}

on_image_in_place() {
	on_image "$@" --in-place
}

on_qcow2() {
	make_model "$BATS_TEST_TMPDIR/model"
	qemu-img convert -O qcow2 -c "$BATS_TEST_TMPDIR/model" "$BATS_TEST_TMPDIR/model.qcow2"
	mgr-create -n "$@" --disk "$BATS_TEST_TMPDIR/model.qcow2"
}

# on_blocks NAME [OPTION...]: the same on a qcow2 disk, which is written to beside it.
on_blocks() {
	backend=dir container model -s net.0.type=empty
	mke2fs -q -t ext4 -d "$store/model/rootfs" "$BATS_TEST_TMPDIR/raw" 40M
	qemu-img convert -O qcow2 "$BATS_TEST_TMPDIR/raw" "$BATS_TEST_TMPDIR/model.qcow2"
	mgr-destroy model
	forget_later "$1"
	mgr-create -n "$@" --disk "$BATS_TEST_TMPDIR/model.qcow2" --block
}

# of_some_size NAME [OPTION...]: which can be made smaller.
of_some_size() {
	container "$@" --size 100M
}

# Blocks over what was a file system in a file.
over_a_file() {
	backend=loop container "$@" --size 100M
	forget_later thin
	mgr-copy -s -n "$1" -N thin
	mgr-destroy thin
}

in_xfs() {
	container "$@" --size 320M -s "rootfs.options=type=xfs"
}

# It is there from the next start on: there is room for so much, and no more.
resize() {
	local status=0
	mgr-config -n web set rootfs.size 40M && mgr-start web || return
	in_container web dd if=/dev/zero of=/home/big bs=1M count=20 conv=fsync || status=$?
	! in_container web dd if=/dev/zero of=/home/more bs=1M count=60 conv=fsync || status=1
	in_container web rm -f /home/big /home/more
	mgr-stop -k web
	return $status
}

# The first half of the row, of the container `web`; what it has is in $was.
ordinary() {
	was=$BATS_TEST_TMPDIR/was
	cell create "${born:-container}" web -s net.0.type=empty
	assert_equal "$(key web rootfs.path | cut -d: -f1)" "$backend"
	boot web >/dev/null
	furnish web
	picture_inside web >"$was"
	[ "$(wc -l <"$was")" -gt 20 ]
	mgr-stop -k -n web
	same web "$was"
}

# own NAME: what each machine has of its own, inside and outside.
own() {
	mgr-pull -n "$1" /etc/machine-id -
	mgr-pull -n "$1" /etc/hostname -
	mgr-config -n "$1" show | grep -E '^(uuid|idmap) '
}

# is_another NAME: none of that is web's.
is_another() {
	! grep -Fx -f <(own web) <(own "$1") || fail "$backend: '$1' has that of 'web'"
	[ "$(own "$1" | wc -l)" -eq 5 ] || fail "$backend: '$1' lacks something of its own"
}

copies() {
	forget_later two
	cell copy mgr-copy -n web -N two
	if $can; then
		same two "$was"
		is_another two
		mgr-destroy two
	fi
	forget_later three
	cell thin mgr-copy -s -n web -N three
	if $can; then
		boot three >/dev/null
		in_container three sh -c 'echo other >/home/sub/file; rm /home/own; mkdir /var/www'
		mgr-stop -k -n three
		same web "$was"
		is_another three
		mgr-destroy three
	fi
	same web "$was"
	boot web >/dev/null
	cell live mgr-copy --live -n web -N three
	assert_equal "$(mgr-info -n web -sH)" RUNNING
	mgr-stop -k -n web
	if $can; then
		same three "$was"
		is_another three
		mgr-destroy three
	fi
}

snapshots() {
	cell snapshot mgr-snapshot -n web --comment "of $backend" one
	$can || return 0
	assert_equal "$(mgr-snapshot -n web -L --json | jq -c '.[] | [.name, .comment, .size > 0]')" "[\"one\",\"of $backend\",true]"
	boot web >/dev/null
	in_container web sh -c 'rm -r /home/sub /home/www; echo new >/home/new; mkdir /home/sub; echo false >/home/sub/file'
	mgr-stop -k -n web
	forget_later four
	mgr-snapshot -n web -r one -N four
	forget_later six
	mgr-rename -n web -N six
	cell restore mgr-snapshot -n six -r one
	same six "$was"
	mgr-rename -n six -N web
	mgr-snapshot -n web two
	mgr-snapshot -n web -d ALL
	assert_equal "$(mgr-snapshot -n web -L)" ""
	same four "$was"
	mgr-destroy four
}

moves() {
	forget_later six
	cell rename mgr-rename -n web -N six
	same six "$was"
	mgr-rename -n six -N web
	cell export mgr-export -n web -o "$BATS_TEST_TMPDIR/web.tar"
	$can || return 0
	forget_later five
	cell import mgr-import "$BATS_TEST_TMPDIR/web.tar" -N five
	! $can || same five "$was"
}

row() {
	backend=$1
	ordinary
	copies
	snapshots
	moves
	cell resize resize
	! $can || same web "$was"
	cell unset mgr-config -n web unset rootfs.size
	same web "$was"
	cell destroy mgr-destroy web
	[ ! -e "$store/web" ]
}

# killed POINT COMMAND...: and then a command that writes.
killed() {
	run env "MGR_DEBUG_KILL=$1" "${@:2}"
	[ "$status" = 137 ] || fail "$backend: $1 is not reached: $status, $output"
	mgr-config -n web set limits.pids 1000
}

# What one operation leaves where it is killed; what is in the container is in $was before and after.
killed_copy() {
	killed copy:copied mgr-copy -n web -N two
	killed copy:configured mgr-copy -n web -N two
	assert_equal "$(mgr-ls -1)" web
	killed snapshot:copied mgr-snapshot -n web one
	killed snapshot:configured mgr-snapshot -n web one
	assert_equal "$(mgr-snapshot -n web -L)" ""
	same web "$was"
}

# has_mark yes|no: what was put there after the snapshot, in the files and in the configuration alike.
has_mark() {
	local files=no config=no
	! mgr-pull -n web /home/mark - >/dev/null 2>&1 || files=yes
	[ -z "$(key web limits.memory)" ] || config=yes
	assert_equal "$1 $1" "$files $config"
}

killed_restore() {
	local point
	mgr-snapshot -n web one
	boot web >/dev/null
	in_container web sh -c 'rm -r /home/sub; echo new >/home/new; mkdir /home/sub; echo false >/home/sub/file'
	picture_inside web >"$was.now"
	mgr-stop -k -n web
	killed restore:configured mgr-snapshot -n web -r one
	same web "$was.now"
	for point in begun copied configured ready exchanged committed removed; do
		mgr-push -n web /etc/hostname /home/mark
		mgr-config -n web set limits.memory 96M
		killed "restore:$point" mgr-snapshot -n web -r one
		case $point in
		exchanged | committed | removed) has_mark no ;;
		*) has_mark yes ;;
		esac
		[ $point != exchanged ] || same web "$was"
	done
	same web "$was"
	killed snapshot:gone mgr-snapshot -n web -d one
	same web "$was"
}

# The supervisor's death while the guest writes.
killed_run() {
	boot web >/dev/null
	in_container web sh -c 'echo new >/home/new; rm /home/own'
	kill -KILL "$(supervisor_pid web)"
	mgr-wait -n web -s STOPPED -t $((5 * patience))
	picture web >"$was.now"
	diff <(grep -v '^home/own ' "$was" | grep -v ' home/own$') <(grep -v 'home/new' "$was.now")
	grep -q '^home/new ' "$was.now"
}

crashes() {
	backend=$1
	ordinary
	killed_copy
	killed_restore
	killed_run
	run env MGR_DEBUG_KILL=destroy:renamed mgr-destroy web
	mgr-create -n web -t busybox # its name is free
	mgr-destroy web
	assert_equal "$(find "$store" -mindepth 1 -maxdepth 1 -name '[a-z]*')" ""
}

@test "be.20 dir: each operation works or is refused, saying why" {
	row dir
}

@test "be.21 dir: killed on the way it is as it was before or after" {
	crashes dir
}

@test "be.20 btrfs: each operation works or is refused, saying why" {
	within btrfs
	btrfs quota enable "$store"
	row btrfs
}

@test "be.21 btrfs: killed on the way it is as it was before or after" {
	within btrfs
	crashes btrfs
}

@test "be.20 overlay: each operation works or is refused, saying why" {
	row overlay
}

@test "be.21 overlay: killed on the way it is as it was before or after" {
	crashes overlay
}

@test "be.20 a file system in a file: each operation works or is refused, saying why" {
	born=on_image row disk
}

@test "be.21 a file system in a file: killed on the way it is as it was before or after" {
	born=on_image crashes disk
}

@test "be.20 loop: each operation works or is refused, saying why" {
	born=of_some_size row loop
}

@test "be.21 loop: killed on the way it is as it was before or after" {
	born=of_some_size crashes loop
}

@test "be.20 an image with xfs: each operation works or is refused, saying why" {
	cannot[loop.resize]="rootfs.size: xfs cannot be made smaller"
	born=in_xfs row loop
}

@test "be.20 a qcow2 disk: each operation works or is refused, saying why" {
	born=on_qcow2 row qcow2
}

@test "be.21 a qcow2 disk: killed on the way it is as it was before or after" {
	born=on_qcow2 crashes qcow2
}

@test "be.20 a file system in a file, in place: each operation works or is refused, saying why" {
	local cell
	for cell in copy thin live snapshot; do
		cannot[disk.$cell]="is written in place, and is not mgr's to copy: copy the file, and make another container of that"
	done
	cannot[disk.resize]="is written in place, and stays as large as it is"
	born=on_image_in_place row disk
}

@test "be.20 blocks beside a disk: each operation works or is refused, saying why" {
	[ -x "$STAGE/bin/mgr-qcow2" ] || skip "mgr was built without what qcow2 disks need"
	born=on_blocks row block
}

@test "be.21 blocks beside a disk: killed on the way it is as it was before or after" {
	[ -x "$STAGE/bin/mgr-qcow2" ] || skip "mgr was built without what qcow2 disks need"
	born=on_blocks crashes block
}

@test "be.21 blocks over a file system in a file: killed on the way it is as it was before or after" {
	[ -x "$STAGE/bin/mgr-qcow2" ] || skip "mgr was built without what qcow2 disks need"
	without_reflinks
	born=over_a_file crashes block
}
