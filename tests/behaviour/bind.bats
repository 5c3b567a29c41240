# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# mgr-device: files and folders of the host's that come to a running container, and go.
load ../lib/common

setup_file() {
	safe=$BATS_FILE_TMPDIR/safe
	mkdir -m 700 "$safe"
	mkdir "$safe/data" "$safe/data/sub" "$safe/first"
	echo content >"$safe/data/file"
	export safe
	mgr-create -n web -t busybox -B dir -s net.0.type=empty -v "$safe/first:/mnt/first"
	mgr-start -n web --wait=$((60 * ${patience:?}))
}

teardown_file() {
	mgr-destroy -f web
}

# Each test leaves it with what it has been made with.
teardown() {
	common_teardown
	state_is web RUNNING || boot web
	mgr-device -n web ls --json | jq -r '.[].device' | while read -r place; do
		[ "$place" = /mnt/first ] || mgr-device -n web del bind "$place" --save
	done
}

binds() {
	mgr-device -n web ls --json | jq -r '.[] | .device + " " + .type' | paste -sd,
}

# mounted PLACE: how many mounts the container has there.
mounted() {
	in_container web grep -c " $1 " /proc/self/mountinfo
}

# What is written of the run.
kept() {
	cat "$MGR_ROOT/run/mgr/web/"{spec,mounted,assign} 2>/dev/null || true
}

recorded() {
	wc -l <"$MGR_ROOT/run/mgr/web/mounted"
}

@test "vol.4 folders and files come to a running container, read-only or not, over a reboot too, and go" {
	run mgr-device -n web add bind "$safe/data:/mnt/a/b"
	assert_success
	assert_output ""
	mgr-device -n web add bind "$safe/data/file:/etc/given:ro,create,idmap"
	in_container web sh -c 'echo new >/mnt/a/b/new; cat /etc/given'
	assert_equal "$(cat "$safe/data/new") $(stat -c %u "$safe/data/new")" "new 0"
	run in_container web sh -c 'mount -o remount,rw,bind /etc/given; echo x >/etc/given'
	assert_contains "Read-only file system"
	assert_equal "$(mgr-device -n web ls --json | jq -c '.[2] | [.kind, .device, .type, .inside, .host, .saved]')" \
		"[\"bind\",\"/etc/given\",\"ro\",\"/etc/given\",\"$safe/data/file\",false]"
	assert_equal "$(stat -c %u "$MGR_ROOT/var/lib/mgr/web/rootfs/mnt/a")" 0
	mgr-stop -r web
	assert_equal "$(in_container web cat /mnt/a/b/new /etc/given | paste -sd' ')" "new content"
	mgr-device -n web del bind /mnt//a/b/
	mgr-device -n web del bind "$safe/data/file:/etc/given"
	assert_equal "$(binds)" "/mnt/first rw"
	assert_equal "$(mounted /mnt/a/b) $(mounted /etc/given) $(recorded)" "0 0 1"
	mgr-device -n web del bind /mnt/first # what a start has made
	assert_equal "$(mounted /mnt/first) $(binds)" "0 "
	mgr-stop -r web
	assert_equal "$(mounted /mnt/first)" 0
	mgr-stop -k web # for that run
	boot web
	assert_equal "$(binds)" "/mnt/first rw"
	rm "$safe/data/new"
}

@test "vol.4 what is in use goes, with what root inside has put over it or moved it to; a frozen container need not run" {
	mgr-device -n web add bind "$safe/data:/mnt/a"
	mgr-attach -n web -- sh -c 'cd /mnt/a; mount -t tmpfs none /mnt/a; exec sleep 1000' 3>&- &
	wait_until 5 eval '[ "$(mounted /mnt/a)" -gt 0 ]'
	wait_until 5 eval '[ "$(mounted /mnt/a)" = 2 ]'
	mgr-freeze web
	mgr-device -n web del bind /mnt/a
	mgr-device -n web add bind "$safe/data/file:/mnt/file"
	mgr-unfreeze web
	assert_equal "$(mounted /mnt/a) $(in_container web cat /mnt/file)" "0 content"
	in_container web sh -c 'mkdir -p /mnt/away; touch /mnt/away/file; mount --move /mnt/file /mnt/away/file; mount --bind /etc/passwd /mnt/file'
	mgr-device -n web del bind /mnt/file
	assert_equal "$(mounted /mnt/away/file) $(mounted /mnt/file)" "0 1"
	# gone by itself
	mgr-device -n web add bind "$safe/data:/mnt/b"
	in_container web umount -l /mnt/b
	mgr-device -n web del bind /mnt/b
	assert_equal "$(binds) $(recorded)" "/mnt/first rw 1"
	in_container web sh -c 'umount /mnt/file; killall sleep' || true
}

@test "vol.4 --save is in the configuration too, in both or in neither, and there alone when it is stopped" {
	local folder=$MGR_ROOT/var/lib/mgr/web
	mgr-device -n web add bind "$safe/data:/mnt/a:ro" --save
	assert_equal "$(mgr-config -n web get mount.entry | tail -n 1)" "$safe/data /mnt/a none rbind,idmap,create,ro"
	mgr-stop -k web
	mgr-device -n web add bind "$safe/data/file:/mnt/file" --save
	run mgr-device -n web add bind "$safe/data:/mnt/b"
	assert_status 1
	assert_contains "is not running"
	boot web
	assert_equal "$(binds)" "/mnt/first rw,/mnt/a ro,/mnt/file rw"
	mount --bind "$folder" "$folder"
	mount -o remount,ro,bind "$folder"
	run mgr-device -n web add bind "$safe/data:/mnt/b" --save
	assert_status 1
	run mgr-device -n web del bind /mnt/a --save
	assert_status 1
	unmount "$folder"
	assert_equal "$(binds)" "/mnt/first rw,/mnt/a ro,/mnt/file rw"
	assert_equal "$(mounted /mnt/b)" 0
	mgr-device -n web del bind /mnt/a --save
	mgr-device -n web del bind /mnt/file
	mgr-device -n web del bind /mnt/file --save # it is in the configuration alone by now
	assert_equal "$(mgr-config -n web get mount.entry)" "$safe/first /mnt/first none rbind,idmap,create"
	run mgr-device -n web del bind /mnt/file --save
	assert_status 1
	assert_output "mgr-device: web: nothing of the host's is mounted on '/mnt/file'"
}

@test "vol.4 what cannot be is refused, with nothing half-made" {
	local open=$TMPDIR/open-bind before
	mkdir "$open"
	chmod 755 "$open"
	before=$(kept)
	run mgr-device -n web add bind "$safe/data:/mnt//first/"
	assert_status 1
	assert_contains "'/mnt//first/' has something mounted already"
	run mgr-device -n web add bind /no/such:/mnt/a
	assert_output "mgr-device: web: '/no/such': No such file or directory"
	run mgr-device -n web add bind "$open:/mnt/a"
	assert_status 1
	assert_match "folder '$open' can be entered by others than root.*or use the option 'exposed'"
	run mgr-device -n web add bind "$safe/data:/etc/passwd"
	assert_status 1
	assert_contains "mount '$safe/data' on '/etc/passwd': one of them is a folder, the other is none"
	run mgr-device -n web add bind "$safe/data:/"
	assert_contains "the target '/' is the root"
	run mgr-device -n web add bind "$safe/data:/mnt/a:rx"
	assert_contains "option 'rx' is not"
	run mgr-device -n web add bind
	assert_status 64
	run mgr-device -n web del bind /mnt/none
	assert_output "mgr-device: web: nothing of the host's is mounted on '/mnt/none'"
	assert_equal "$(kept)" "$before"
	mgr-device -n web add bind "$open:/mnt/a:exposed"
	mgr-device -n web del bind /mnt/a
	rmdir "$open"
}

@test "vol.4 a privileged container, and its files, too" {
	container p -s container.idmap=none -s net.0.type=empty
	boot p
	mgr-device -n p add bind "$safe/data:/mnt/a"
	assert_equal "$(in_container p cat /mnt/a/file)" content
	mgr-device -n p del bind /mnt/a
	run in_container p cat /mnt/a/file
	assert_status 1
}

@test "vol.4 whatever point mgr-boot is killed at, there is all of it or nothing" {
	local point
	for point in claimed recorded made assigned; do
		mgr-stop -k web
		MGR_DEBUG_KILL=device:$point boot web
		run mgr-device -n web add bind "$safe/data:/mnt/a"
		assert_status 1
		assert_output "mgr-device: web: mgr-boot has ended by signal 9 (Killed): mgr-device ls shows what there is now"
		if [ $point = assigned ]; then
			assert_equal "$(binds) $(mounted /mnt/a)" "/mnt/first rw,/mnt/a rw 1"
		else
			assert_equal "$point $(binds) $(mounted /mnt/a) $(recorded)" "$point /mnt/first rw 0 1"
		fi
	done
	mgr-stop -k web
	MGR_DEBUG_KILL=device:given-up boot web
	run mgr-device -n web del bind /mnt/first
	assert_status 1
	assert_equal "$(binds) $(mounted /mnt/first)" " 0"
	mgr-stop -k web
	# killed again while it clears up: the next one that is asked for anything does it
	MGR_DEBUG_KILL=device:undo:bind boot web
	run mgr-device -n web del bind /mnt/first
	assert_status 1
	assert_contains "what it has left stays until the next change or the stop"
	assert_equal "$(mounted /mnt/first)" 0
	mgr-stop -k web
	[ ! -e "$MGR_ROOT/run/mgr/web/mounted" ]
}
