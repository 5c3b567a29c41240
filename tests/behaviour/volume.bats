# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Files and folders of the host's in containers: -v, and what two of them do with one folder.
load ../lib/common

setup_file() {
	mkdir -m 700 "$BATS_FILE_TMPDIR/safe"
	mgr-create -n one -t busybox -s net.0.type=empty
	mgr-create -n two -t busybox -B dir -s net.0.type=empty
}

teardown_file() {
	mgr-destroy -f one two
}

teardown() {
	common_teardown
	mgr-stop -k one two || true
	mgr-config -n one unset mount.entry
	mgr-config -n two unset mount.entry
}

# data: a folder of the host's that root alone can come to, with a file.
data() {
	dir=$BATS_FILE_TMPDIR/safe/$BATS_TEST_NUMBER
	mkdir "$dir"
	echo content >"$dir/file"
}

@test "vol.1 -v of create: folders, files, what is mounted below; what is optional may be missing; over a reboot too" {
	data
	mkdir "$dir/a sub"
	small_disk 1M "$dir/a sub"
	echo deep >"$dir/a sub/deep"
	container v -s net.0.type=empty -v "$dir:/mnt/x" -v "$dir/file:/etc/given:ro" -v "$dir/gone:/mnt/gone:optional,ro" \
		-v "$dir/a sub:/mnt/b c:idmap,create,rw"
	boot v
	run in_container v sh -c 'cat /mnt/x/file /etc/given "/mnt/x/a sub/deep" "/mnt/b c/deep"; ls -d /mnt/*; echo x >/etc/given'
	assert_status 1
	assert_contains "content
content
deep
deep
/mnt/b c
/mnt/x"
	assert_contains "Read-only file system"
	mkdir "$dir/gone"
	mgr-stop -r v
	in_container v sh -c 'echo new >/mnt/x/new; test -f /etc/given; test -d /mnt/gone'
	assert_equal "$(cat "$dir/new") $(stat -c %u "$dir/new")" "new 0"
	mgr-stop -k v
	unmount "$dir/a sub"
}

@test "vol.1 -v of start is for that run; what comes too late is said" {
	data
	boot one -v "$dir:/mnt/x"
	assert_equal "$(in_container one cat /mnt/x/file)" content
	run mgr-start one -v "$dir:/mnt/y"
	assert_status 1
	assert_output "mgr-start: one: runs already: -v has no effect on it"
	mgr-stop -k one
	boot one
	run in_container one cat /mnt/x/file
	assert_status 1
}

@test "vol.1 -v that cannot be is refused, and nothing is made" {
	run mgr-create -n v -t busybox -v /no/such:/mnt/x
	assert_status 1
	assert_output "mgr-create: --volume: '/no/such': No such file or directory"
	run mgr-create -n v -t busybox -v "$BATS_FILE_TMPDIR/safe:/"
	assert_status 1
	assert_contains "the target '/' is the root"
	run mgr-create -n v -t busybox -v "$BATS_FILE_TMPDIR/safe:mnt"
	assert_status 1
	assert_contains "is not /HOST:/CTR or /HOST:/CTR:ro"
	run mgr-start one -v "$BATS_FILE_TMPDIR/safe:/mnt/x:size=1"
	assert_status 1
	assert_contains "option 'size=1' is not ro, rw, idmap, create, optional, exposed or trusted"
	assert_equal "$(mgr-ls -1 | paste -sd' ')" "one two"
}

@test "vol.1 any line of fstab beside it; what is mounted on the host later comes with slave or shared alone, what is inside never to the host" {
	data
	mkdir "$dir/sub" "$dir/more"
	mount --bind "$dir" "$dir"
	mount --make-shared "$dir"
	boot one -v "$dir:/mnt/x" -s mount.entry+="$dir mnt/slave none rbind,create,slave" \
		-s mount.entry+="$dir mnt/shared none rbind,create,rshared" \
		-s mount.entry+="none mnt/t tmpfs size=64k,mode=711,create" -s mount.entry+="/etc/passwd mnt/users none bind,relative,create"
	mount -t tmpfs none "$dir/sub"
	touch "$dir/sub/later"
	run in_container one sh -c 'ls /mnt/x/sub /mnt/slave/sub; stat -c %a /mnt/t; cmp /etc/passwd /mnt/users && echo same'
	assert_output "/mnt/slave/sub:
later

/mnt/x/sub:
711
same"
	in_container one test -e /mnt/shared/sub/later
	in_container one sh -c 'mkdir /tmp/two && mount --bind /mnt/shared /tmp/two && mount -t tmpfs none /mnt/shared/more && touch /tmp/two/more/inside'
	assert_equal "$(ls "$dir/more")" ""
	unmount "$dir/sub" "$dir"
}

@test "vol.2 read-only is recursive, whatever root inside tries; what the host has mounted read-only below stays so" {
	data
	mkdir "$dir/sub" "$dir/kept" "$dir/other"
	small_disk 1M "$dir/sub"
	mount --bind "$dir/other" "$dir/kept"
	mount -o remount,ro,bind "$dir/kept"
	boot one -v "$dir:/mnt/ro:ro" -v "$dir:/mnt/rw" -v "$dir/other:/mnt/rw/other:ro" -v "$dir/kept:/mnt/kept"
	cat >"$dir/try" <<-END
		for p in /mnt/ro /mnt/ro/sub /mnt/ro/kept /mnt/rw/kept /mnt/rw/other /mnt/kept; do
			mount -o remount,rw,bind \$p
			mkdir -p /tmp/again
			mount --bind \$p /tmp/again && mount -o remount,rw,bind /tmp/again
			touch /tmp/again/hole \$p/hole
			umount -l /tmp/again
		done
		umount /mnt/rw/kept
		touch /mnt/rw/kept/hole
		touch /mnt/rw/sub/written
	END
	in_container one sh /mnt/ro/try || true
	in_container one unshare -m sh /mnt/ro/try || true
	assert_equal "$(cd "$dir" && find . -name hole)" ""
	[ -e "$dir/sub/written" ]
	mgr-stop -k one
	unmount "$dir/sub" "$dir/kept"
}

# as_somebody COMMAND...: of the host's. Through a shell: setpriv itself still has its capabilities when it looks.
as_somebody() {
	setpriv --reuid 1234 --regid 1234 --clear-groups sh -c '"$@"' sh "$@"
}

@test "vol.5 two containers see the same owners in one folder, whatever ids of the host they have" {
	data
	mgr-config -n one add mount.entry "$dir /mnt none rbind,idmap,create"
	boot one
	boot two -v "$dir:/mnt"
	in_container one sh -c 'echo of one >/mnt/one; chown 1000:1001 /mnt/one; chmod 600 /mnt/one; mkdir -m 700 /mnt/d; chown 1000 /mnt/d'
	assert_equal "$(in_container two stat -c %u:%g:%a /mnt/one)" 1000:1001:600
	in_container two su -s /bin/sh nobody -c 'cat /mnt/one' && false
	in_container two sh -c 'echo of two >>/mnt/one; touch /mnt/d/two; chown 1000 /mnt/d/two'
	assert_equal "$(in_container one sh -c 'cat /mnt/one; stat -c %u /mnt/d/two')" "of one
of two
1000"
	assert_equal "$(stat -c %u:%g "$dir/one" "$dir/d/two" | paste -sd' ')" "1000:1001 1000:0"
	[ "$(mgr-config -n one get container.idmap | head -n 1)" != "$(mgr-config -n two get container.idmap | head -n 1)" ]
}

@test "vol.5 root's setuid file of a container is reached by nobody else of the host" {
	local open=$TMPDIR/open-volume
	data
	mkdir "$open"
	chmod 755 "$open"
	boot one -v "$dir:/mnt/closed" -v "$open:/mnt/ro:ro"
	in_container one sh -c 'cp /bin/busybox /mnt/closed/sh; chmod 4755 /mnt/closed /mnt/closed/sh; cp /bin/busybox /mnt/ro/sh'  || true
	assert_equal "$(stat -c %u:%a "$dir/sh")" 0:4755
	run as_somebody "$dir/sh" -c true
	assert_status 126
	run as_somebody ls "${dir%/*}"
	[ "$status" -ne 0 ]
	[ ! -e "$open/sh" ]
	mgr-stop -k one
	run mgr-start one -v "$open:/mnt/x"
	assert_status 1
	assert_match "folder '$open' can be entered by others than root.*or use the option 'exposed'"
	run mgr-create -n other -t busybox -v "$open:/mnt/x"
	assert_status 1
	assert_match "^mgr-create: other: mount.entry: folder '$open' can be entered by others than root"
	rm -r "$open"
}

# owned WHAT SOURCE[:OPTION]...: each is refused as a volume, whoever asks for it.
owned() {
	local what=$1 word
	for word in "${@:2}"; do
		run mgr-start one -v "${word%%:*}:/mnt/x:rw$([[ $word != *:* ]] || echo ",${word#*:}")"
		assert_status 1
		assert_match "'${word%%:*}' $what '$MGR_ROOT/.*', where mgr keeps its own, and root inside could write there: make it 'ro'"
	done
}

@test "vol.6 what is mgr's own, lies in it or holds it is refused, exposed or not, and over whatever link or mount it is come to" {
	local store=$MGR_ROOT/var/lib/mgr
	data
	mkdir -p "$dir/web" "$dir/holds/below" "$dir/second" "$MGR_ROOT/etc/mgr"
	ln -s "$store" "$dir/link"
	touch "$MGR_ROOT/etc/mgr/mgr.conf"
	owned is "$store" "$dir/link" "$MGR_ROOT/etc/mgr:exposed"
	owned "lies in" "$store/two" "$store/two/config" "$dir/link/two" "$MGR_ROOT/etc/mgr/mgr.conf:exposed" "$store/.ids"
	owned holds "$MGR_ROOT" "$MGR_ROOT/var:exposed" "$MGR_ROOT/run:exposed" "$MGR_ROOT/etc:exposed" "/:exposed"
	mount --bind "$store/two" "$dir/web"
	mount --bind "$store/two" "$dir/holds/below"
	mount --bind "$MGR_ROOT/var" "$dir/second"
	owned "leads to" "$dir/web" "$dir/web/config" "$dir/web/config:exposed"
	owned "has mounted below it what leads to" "$dir/holds"
	owned holds "$dir/second"
	unmount "$dir/web" "$dir/holds/below" "$dir/second"
	mgr-create -P "$dir/other" -n web -t busybox -s net.0.type=empty
	run mgr-start one -v "$dir/other/web:/mnt/x"
	assert_status 1
	assert_contains "'$dir/other/web' lies in '$dir/other', where mgr keeps its own"
	mgr-destroy -P "$dir/other" -n web
}

@test "vol.6 create, mgr-config, mgr-device and a privileged container's start refuse it, and what is refused is not kept" {
	local store=$MGR_ROOT/var/lib/mgr own="where mgr keeps its own, and root inside could write there"
	local word=$store:/mnt/x entry="$store mnt/x none rbind,idmap,create"
	data
	run mgr-create -n v -t busybox -v "$word"
	assert_status 1
	assert_match "^mgr-create: v: mount.entry: '$store' is '$store', $own"
	run mgr-create -n v -t busybox -v "$word:optional"
	assert_status 1
	run mgr-config -n one add mount.entry "$entry"
	assert_status 1
	assert_contains "$own"
	run mgr-device add -n one bind "$word" --save
	assert_status 1
	assert_contains "$own"
	assert_equal "$(mgr-config -n one get mount.entry)" ""
	boot one
	for save in "" --save; do
		run mgr-device add -n one bind "$word" $save
		assert_status 1
		assert_contains "$own"
	done
	mgr-stop -k one
	run mgr-start two -s container.idmap=none -s mount.entry="$store mnt/x none bind,create"
	assert_status 1
	assert_contains "$own"
	assert_equal "$(mgr-ls -1 | paste -sd' ')" "one two"
}

@test "vol.6 read-only, with the host's ids alone, a container's files, and what is trusted: these are let be" {
	local store=$MGR_ROOT/var/lib/mgr
	data
	mkdir -p "$store/two/rootfs/srv/shared"
	boot one -v "$store:/mnt/ro:ro" -v "$store/two/rootfs/srv/shared:/mnt/shared" -v "$store/two:/mnt/two:trusted" \
		-s mount.entry+="$MGR_ROOT mnt/host none bind,create" -s mount.entry+="/ mnt/all none bind,ro,create" \
		-v /etc/passwd:/mnt/users:ro
	in_container one sh -c 'echo shared >/mnt/shared/file; touch /mnt/two/trusted; test -d /mnt/all/etc; cat /mnt/users' >/dev/null
	assert_equal "$(cat "$store/two/rootfs/srv/shared/file")" shared
	[ -e "$store/two/trusted" ]
	rm "$store/two/trusted"
	run in_container one sh -c 'touch /mnt/ro/x'
	assert_contains "Read-only file system"
	run in_container one sh -c 'ls /mnt/host/var/lib/mgr; touch /mnt/host/x'
	[ "$status" -ne 0 ]
	assert_contains "ermission denied"
	[ ! -e "$store/x" ]
	[ ! -e "$MGR_ROOT/x" ]
}

# A tree of the host's, read by each test of vol.3: what is in it stays as it is.
bait() {
	bait=$BATS_FILE_TMPDIR/safe/bait-$BATS_TEST_NUMBER
	mkdir -p "$bait/in"
	echo host >"$bait/in/file"
}

untouched() {
	assert_equal "$(cd "$bait" && find . | sort | paste -sd' ') $(cat "$bait/in/file")" ". ./in ./in/file host"
}

@test "vol.3 targets that are links of the guest's, planted beforehand, lead nowhere but into the container" {
	local root=$MGR_ROOT/var/lib/mgr/two/rootfs up=../../../../../../../../../../../..
	data
	bait
	rm -rf "$root/trap"
	mkdir "$root/trap"
	ln -s "$bait/in" "$root/trap/absolute"
	ln -s "$up$bait/in" "$root/trap/up"
	ln -s /proc/1/root "$root/trap/magic"
	ln -s /proc/self/fd/9 "$root/trap/fd"
	boot two -v "$dir:/trap/absolute/made:optional" -v "$dir/file:/trap/up/made:optional" \
		-v "$dir/file:/trap/magic$bait/in/file:optional" -v "$dir:/trap/fd/x:optional" -v "$dir:/mnt"
	untouched
	in_container two test -f /mnt/file
	mgr-stop -k two
	rm -r "$root/trap"
}

# While it runs root inside swaps a folder, a link to the bait and nothing, in a volume that both have.
swap_in_one() {
	boot one -v "$shared:/s"
	cat >"$shared/swap" <<-END
		cd /s
		mkdir -p real/t
		ln -sfn "$bait/in" link
		while :; do
			mv real here; mv here real; mv link here; mv here link
			ln -sfn ../../../../../../../../../../../..$bait/in here; rm -f here
			mkdir here; rmdir here
		done
	END
	mgr-attach -n one -- sh /s/swap 3>&- 2>/dev/null &
	swapper=$!
	wait_until 5 test -e "$shared/link" -o -e "$shared/here"
}

@test "vol.3 targets that are swapped in a loop lead nowhere but into the container" {
	local i done=0
	data
	bait
	shared=$BATS_FILE_TMPDIR/safe/shared
	mkdir "$shared"
	swap_in_one
	for i in $(seq 5); do
		mgr-execute -n two -v "$shared:/mnt" -v "$dir:/mnt/here/t" -v "$dir/file:/mnt/here/file" -- true && done=$((done + 1))
	done 2>/dev/null
	for i in $(seq 30); do
		mgr-device -n one add bind "$dir:/s/here/t" && done=$((done + 1))
		mgr-device -n one del bind /s/here/t || true
	done 2>/dev/null
	untouched
	assert_equal "$(mgr-device -n one ls --json | jq -r '.[].device')" /s
	[ "$done" -gt 0 ]
	mgr-stop -k one
	wait "$swapper" || true
	rm -r "$shared"
}
