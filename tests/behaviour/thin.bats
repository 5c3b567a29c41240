#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copies and snapshots of containers that stand on an image.

load ../lib/common
load ../lib/tree

# shellcheck disable=SC2034 # of common.bash
backend=overlay

teardown() {
	common_teardown
	rm -rf "$store/.images"
}

# A container with all that a delta can have: new files, changed ones, removed and renamed ones.
changed_container() {
	container web "$@"
	boot web
	in_container web sh -c 'rm /bin/vi && rm -r /var/www && mkdir /var/www && echo new >/var/www/new && mv /etc/init.d /etc/rc.d'
	mgr-stop -k -n web
	mkdir -p "$store/web/delta/upper/home"
	rich_tree "$store/web/delta/upper/home"
}

# The images that are made of changes.
layer_names() {
	find "$store/.images" -maxdepth 1 -name 'layer-*' -printf '%f\n'
}


# Of files that a new host name changes.
without_names() {
	grep -vE '\./etc(/host(name|s))?( |$)'
}

# folder_tree FOLDER: as merged and without_names show it.
folder_tree() {
	tree_of "$1" ./bin | grep -v '/s\?bin/' | sed -E 's/^(d [0-7]+ [0-9:]+) [0-9]+ /\1 - /' | without_names
}

@test "copy.5 a thin copy copies nothing, and each of the two has its own changes" {
	changed_container
	local before
	before=$(merged "$store/web/delta")
	forget_later two
	forget_later three
	mgr-copy -n web -N two -s
	diff <(merged "$store/web/delta") <(echo "$before")
	diff <(without_names <<<"$before") <(merged "$store/two/delta" | without_names)
	[ "$(du -s --block-size=1 "$store/two" | cut -f1)" -lt 131072 ]
	assert_equal "$(layer_names | wc -l)" 1
	mgr-copy -n web -N three -s
	assert_equal "$(layer_names | wc -l)" 1
	boot two
	assert_equal "$(in_container two sh -c 'hostname; cat /etc/hostname /var/www/new; ls /etc/rc.d; rm /home/file; rm -r /etc/rc.d')" \
		$'two\ntwo\nnew\nrcS'
	boot web
	in_container web test -e /home/file -a -e /etc/rc.d/rcS -a ! -e /bin/vi
	in_container web rm -r /var/www
	run in_container two cat /var/www/new
	assert_output new
	mgr-stop -k -n web
	mgr-stop -k -n two
	mgr-destroy -n web
	assert_equal "$(layer_names | wc -l)" 1
	diff <(without_names <<<"$before") <(merged "$store/three/delta" | without_names)
	mgr-destroy -n three
	mgr-copy -n two -N three -s
	assert_equal "$(layer_names | wc -l)" 2
	mgr-destroy -n two
	assert_equal "$(layer_names | wc -l)" 2
	mgr-destroy -n three
	assert_equal "$(layer_names)" ""
}

@test "copy.1 a copy of an overlay has all that was changed, and stands on no more" {
	changed_container
	forget_later two
	mgr-copy -n web -N two
	diff <(merged "$store/web/delta" | without_names) <(merged "$store/two/delta" | without_names)
	assert_equal "$(layer_names)" ""
	boot two
	in_container two test -e /etc/rc.d/rcS -a ! -e /bin/vi -a ! -e /var/www/index.html
}

@test "copy.2 a thin copy that is interrupted leaves the source as it was" {
	changed_container
	local point before
	before=$(merged "$store/web/delta")
	forget_later two
	for point in freeze:named freeze:prepared freeze:exchanged copy:configured; do
		echo $point >"$store/web/delta/upper/$point"
		before=$(merged "$store/web/delta")
		run env MGR_DEBUG_KILL=$point mgr-copy -n web -N two -s
		assert_status 137
		diff <(merged "$store/web/delta") <(echo "$before")
		mgr-copy -n web -N two -s
		diff <(without_names <<<"$before") <(merged "$store/two/delta" | without_names)
		mgr-destroy -n two
		[ ! -e "$store/.new" ]
		assert_equal "$(entries)" 4
	done
	mgr-destroy -n web
	assert_equal "$(layer_names)" ""
}

@test "copy.2 what cannot be undone of a thin copy that fails does not hide why, and the next one goes on" {
	changed_container
	local pid new status=0
	MGR_DEBUG_STOP=freeze:prepared mgr-copy -s -n web -N two 2>"$BATS_TEST_TMPDIR/told" 3>&- &
	pid=$!
	wait_until 10 grep -q '^State:.T' "/proc/$pid/status"
	new=$store/.images/$(layer_names)
	mount -t tmpfs none "$new" # nothing takes its place, and it cannot be removed
	kill -CONT "$pid"
	wait "$pid" || status=$?
	unmount "$new"
	assert_status 1
	run cat "$BATS_TEST_TMPDIR/told"
	assert_match "^mgr-copy: web: .*put image 'layer-[0-9a-f]*' in place: Device or resource busy$"
	forget_later two
	mgr-copy -s -n web -N two
	assert_equal "$(layer_names | wc -l)" 1
	boot web
	boot two
}

@test "snap.6 a snapshot of an overlay copies nothing; it is listed, restored, had as a new one, removed" {
	changed_container
	local was
	was=$(merged "$store/web/delta")
	mgr-snapshot -n web --comment 'as it was' one
	[ "$(du -s --block-size=1 "$store/web" | cut -f1)" -lt 131072 ]
	echo more >"$store/web/delta/upper/more"
	mgr-snapshot -n web two
	run mgr-snapshot -n web -L
	assert_match $'\none +20.* as it was\ntwo '
	mgr-snapshot -n web -r one
	diff <(merged "$store/web/delta") <(echo "$was")
	run bash -c 'mgr-snapshot -n web -L --json | jq -c "map(.size < 500000)"'
	assert_output '[true,true]'
	echo else >"$store/web/delta/upper/else"
	mgr-snapshot -n web -r two
	assert_equal "$(ls "$store/web/delta/upper")" ""
	assert_equal "$(ls -A "$store/web/.snap")" $'one\ntwo'
	forget_later other
	mgr-snapshot -n web -r one -N other
	diff <(without_names <<<"$was") <(merged "$store/other/delta" | without_names)
	boot other
	assert_equal "$(in_container other sh -c 'hostname; ls /etc/rc.d')" $'other\nrcS'
	mgr-snapshot -n web -d one
	mgr-snapshot -n web -r two
	assert_equal "$(layer_names | wc -l)" 2
	mgr-snapshot -n web -d ALL
	boot web
	assert_equal "$(in_container web cat /more)" more
	mgr-destroy -f -n web
	assert_equal "$(layer_names | wc -l)" 1
	in_container other true
}

@test "snap.6 the size of a snapshot is what its removal would free" {
	container web -s net.0.type=empty
	head -c 3M /dev/urandom >"$store/web/delta/upper/much"
	mgr-snapshot -n web one
	run bash -c 'mgr-snapshot -n web -L --json | jq -c "map(.size > 3000000)"'
	assert_output '[false]'
	forget_later two
	mgr-create -n two -t busybox -B overlay -s net.0.type=empty
	mgr-snapshot -n two empty
	head -c 3M /dev/urandom >"$store/two/delta/upper/much"
	mgr-snapshot -n two full
	mgr-snapshot -n two -r empty
	run bash -c 'mgr-snapshot -n two -L --json | jq -c "map(.size > 3000000)"'
	assert_output '[false,true]'
}

@test "snap.6 interrupted anywhere, the container is as it was, or restored" {
	changed_container -s limits.memory=64M
	local point was now
	was=$(merged "$store/web/delta")
	mgr-snapshot -n web one
	for point in freeze:prepared freeze:exchanged snapshot:configured; do
		echo $point >"$store/web/delta/upper/$point"
		now=$(merged "$store/web/delta")
		run env MGR_DEBUG_KILL=$point mgr-snapshot -n web two
		assert_status 137
		diff <(merged "$store/web/delta") <(echo "$now")
		assert_equal "$(mgr-snapshot -n web -L --json | jq -c 'map(.name)')" '["one"]'
	done
	for point in configured ready exchanged removed; do
		mgr-config -n web set limits.memory 96M
		echo now >"$store/web/delta/upper/now"
		now=$(merged "$store/web/delta")
		run env MGR_DEBUG_KILL=restore:$point mgr-snapshot -n web -r one
		assert_status 137
		mgr-config -n web set limits.pids 1000 # the next that writes
		case $point in
		exchanged | removed)
			diff <(merged "$store/web/delta") <(echo "$was")
			assert_equal "$(key web limits.memory)" 64M
			;;
		*)
			diff <(merged "$store/web/delta") <(echo "$now")
			assert_equal "$(key web limits.memory)" 96M
			;;
		esac
		assert_equal "$(ls -A "$store/web/.snap")" one
	done
	run env MGR_DEBUG_KILL=image:gone mgr-snapshot -n web -d one
	mgr-destroy -n web
	assert_equal "$(layer_names)" ""
}

@test "snap.7 however many there are, a container can be started, copied and kept" {
	container web -s net.0.type=empty
	local n
	for n in {1..51}; do
		echo "$n" >"$store/web/delta/upper/file$n"
		mgr-snapshot -n web "s$n"
	done
	[ "$(layers "$store/web/delta" | tr -cd : | wc -c)" -lt 10 ]
	boot web
	assert_equal "$(in_container web sh -c 'cat /file1 /file48 /file51; ls / | grep -c file')" $'1\n48\n51\n51'
	mgr-stop -k -n web
	mgr-snapshot -n web -r s45
	forget_later two
	mgr-copy -n web -N two -s
	merged "$store/web/delta" >"$BATS_TEST_TMPDIR/was"
	grep -q ' ./file45 ' "$BATS_TEST_TMPDIR/was"
	run ! grep -q ' ./file46 ' "$BATS_TEST_TMPDIR/was"
	mgr-snapshot -n web -r s47
	local point now
	for point in whole:filled whole:prepared whole:exchanged; do
		mgr-snapshot -n web -r s47
		echo "$point" >"$store/web/delta/upper/$point"
		now=$(merged "$store/web/delta")
		run env MGR_DEBUG_KILL=$point mgr-snapshot -n web other
		assert_status 137
		diff <(merged "$store/web/delta") <(echo "$now")
	done
	mgr-snapshot -n web -r s47
	now=$(merged "$store/web/delta" | without_names)
	forget_later three
	mgr-copy -n web -N three
	diff <(echo "$now") <(merged "$store/three/delta" | without_names)
	mgr-destroy -n web
	mgr-destroy -n two
	mgr-destroy -n three
	assert_equal "$(layer_names)" ""
}

@test "copy.7 -B keeps the files of a copy in another way, all that they are" {
	backend=dir container web -s net.0.type=empty
	rich_tree "$store/web/rootfs/home"
	touch -d '2001-02-03 04:05:06.789' "$store/web/rootfs"
	forget_later two
	mgr-copy -n web -N two -B overlay
	assert_equal "$(key two rootfs.path)" "overlay:$store/two/delta"
	diff <(folder_tree "$store/web/rootfs") <(merged "$store/two/delta" | without_names)
	boot two
	in_container two sh -c 'rm /home/pipe; mkdir /new; hostname' | grep -qx two
	mgr-stop -k -n two
	forget_later three
	mgr-copy -n two -N three -B dir
	assert_equal "$(key three rootfs.path)" "dir:$store/three/rootfs"
	diff <(merged "$store/two/delta" | without_names) <(folder_tree "$store/three/rootfs")
	[ ! -e "$store/three/rootfs/home/pipe" ]
	boot three
	run mgr-copy -n web -N four -s -B dir
	assert_status 64
	assert_contains "only one of -s and -B"
	run mgr-copy -n web -N four -B none
	assert_status 1
	assert_contains "'none' is no backend: known are auto, "
	run mgr-copy -n web -N four -B btrfs
	assert_status 1
	assert_contains "'$store' is not on btrfs"
	backend=loop container sized --size 40M -s net.0.type=empty
	forget_later five
	run mgr-copy -n sized -N five -B dir
	assert_success
	assert_output "mgr-copy: five: rootfs.size: 40M is left out: only 'sized' has it"
	assert_equal "$(key five rootfs.size)" ""
	boot two
	run mgr-copy -n two -N four -B dir --live
	assert_status 1
	assert_contains "cannot be read as a whole: stop it"
	[ ! -e "$store/four" ]
	[ ! -e "$store/.new" ]
}

@test "copy.5 a folder becomes what both stand on, and its snapshots can be restored" {
	backend=dir container web -s limits.memory=64M
	rich_tree "$store/web/rootfs/home"
	mgr-snapshot -n web one
	rm "$store/web/rootfs/home/pipe"
	local was point
	was=$(folder_tree "$store/web/rootfs")
	forget_later two
	for point in thin:prepared restore:ready restore:exchanged copy:copied; do
		run env MGR_DEBUG_KILL=$point mgr-copy -n web -N two -s
		assert_status 137
		mgr-config -n web set limits.pids 1000 # the next that writes
		case $point in
		thin:prepared | restore:ready)
			assert_equal "$(key web rootfs.path)" "dir:$store/web/rootfs"
			diff <(echo "$was") <(folder_tree "$store/web/rootfs")
			continue
			;;
		esac
		assert_equal "$(key web rootfs.path)" "overlay:$store/web/delta"
		[ ! -e "$store/web/rootfs" ]
		diff <(echo "$was") <(merged "$store/web/delta" | without_names)
	done
	mgr-copy -n web -N two -s
	diff <(echo "$was") <(merged "$store/two/delta" | without_names)
	assert_equal "$(key web limits.memory)" 64M
	boot web
	boot two
	in_container web rm /home/file
	in_container two test -e /home/file
	mgr-stop -k -n web
	mgr-snapshot -n web -r one
	merged "$store/web/delta" | grep -q '^p.* ./home/pipe '
	boot web
	in_container web test -e /home/file -a -p /home/pipe
	mgr-destroy -f -n web
	in_container two test -e /home/file
	mkdir -m 700 "$BATS_TEST_TMPDIR/own"
	backend=dir container base -s net.0.type=empty
	cp -a "$store/base/rootfs" "$BATS_TEST_TMPDIR/own/tree"
	forget_later three
	mgr-create -n three --rootfs "$BATS_TEST_TMPDIR/own/tree" -s net.0.type=empty
	run mgr-copy -n three -N four -s
	assert_status 1
	assert_contains "-s: '$BATS_TEST_TMPDIR/own/tree' is not in its container's own folder: without it all of it is copied"
}

@test "copy.5 a node of the guest's that hides itself keeps nobody from copying and packing what has become an image" {
	local op
	backend=dir container web -s net.0.type=empty
	mknod "$store/web/rootfs/home/hides" c 0 0 # which root inside can, too
	echo text >"$store/web/rootfs/home/text"
	forget_later two
	mgr-copy -s -n web -N two
	mgr-snapshot -n web one
	for op in "mgr-copy -n web -N three" "mgr-copy -n web -N three -B dir" "mgr-snapshot -n web -r one -N three"; do
		forget_later three
		$op
		assert_equal "$(mgr-pull -n three /home/text -)" text
		mgr-destroy three
	done
	mgr-export -n web -o "$BATS_TEST_TMPDIR/web.tar"
	mgr-import "$BATS_TEST_TMPDIR/web.tar" -N three
	assert_equal "$(mgr-pull -n three /home/text -)" text
	mgr-snapshot -n web -r one
	mgr-start web
	assert_equal "$(in_container web cat /home/text)" text
}
