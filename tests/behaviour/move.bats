#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-export and mgr-import.

load ../lib/common

setup() {
	common_setup
	store=$MGR_ROOT/var/lib/mgr
	mkdir "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here" || return
}

# A container with one of everything that a tree can have.
furnished() {
	container web -s net.0.type=empty
	(cd "$store/web/rootfs/root" && furnish)
}

furnish() {
	echo text >file
	ln file link
	setfattr -n user.colour -v green file
	setfacl -m u:1001:rw file
	chown 1000:1000 file
	touch -d '2001-02-03 04:05:06.789' file
	cp /bin/true able
	setcap cap_net_raw+ep able
	cp /bin/true suid
	chown 1000:7 suid
	chmod 6755 suid
	truncate -s 1G sparse
	echo end | dd of=sparse bs=1 seek=500000000 conv=notrunc status=none
	truncate -s 10M hole
	ln -s /etc/passwd absolute
	mkfifo fifo
	mkdir -m 1777 folder
	setfacl -d -m u:1002:r folder
	: >$'not-utf8-\xff'
	: >'-n  two  spaces'
}

# Everything of a tree, but for the time of its top.
listing() (
	cd "$1" || exit
	find . -mindepth 1 -printf '%p %y %m %U:%G %s %b %n %T@ %l\n' | sort
	find . -mindepth 1 ! -type l ! -type p -print0 | sort -z | xargs -0 getfattr -h -d -m '^(user|security)\.' -e hex
	find . -mindepth 1 ! -type l -print0 | sort -z | xargs -0 getfacl -n
	find . -type f -size -1M -print0 | sort -z | xargs -0 sha256sum
)

@test "move.2 an export holds the whole tree, as ids inside" {
	furnished
	echo old >web.tar.zst
	run mgr-export -n web -o web.tar.zst
	assert_success
	assert_output ""
	assert_equal "$(stat -c %a web.tar.zst)" 600
	mkdir tree
	tar -C tree --xattrs --xattrs-include='*' --acls --numeric-owner -xpf web.tar.zst 2>/dev/null
	assert_equal "$(<tree/mgr/format)" 1
	assert_equal "$(<tree/mgr/name)" web
	diff <(mgr-config -n web show | grep -v '^#') tree/mgr/config
	# GNU tar changes the times of folders again.
	diff <(listing "$store/web/rootfs" | sed '/ d /s/ [^ ]* $//') <(listing tree/rootfs | sed '/ d /s/ [^ ]* $//')
	assert_equal "$(ls)" "tree
web.tar.zst"
}

@test "move.2 the end of the file's name says how it is compressed, standard output is not" {
	container web -s net.0.type=empty
	local end magic
	for end in tar:7573746172 tar.gz:1f8b tgz:1f8b tar.xz:fd377a tar.zst:28b52ffd; do
		magic=${end#*:} end=${end%:*}
		mgr-export -n web -o "f.$end"
		[[ $(head -c 262 "f.$end" | od -An -v -tx1 | tr -d ' \n') == *"$magic"* ]] || show "$end"
		tar -tf "f.$end" | grep -q '^rootfs/etc/passwd$'
	done
	mgr-export -n web | tar -t | grep -q '^rootfs/etc/passwd$'
	run mgr-export -n web -o f.zip
	assert_status 1
	assert_output "mgr-export: web: 'f.zip': its end says how it is to be packed: .tar, .tar.zst, .tar.gz or .tar.xz"
	[ ! -e f.zip ]
	mgr-start web
	run mgr-export -n web -o f.tar
	assert_status 1
	assert_output "mgr-export: web: it is not stopped (RUNNING): stop it first"
}

@test "move.2 a terminal sees how far it is, and an export that is interrupted leaves what was there" {
	container web -s net.0.type=empty
	head -c 4M /dev/urandom >"$store/web/rootfs/root/data"
	echo old >web.tar.zst
	run "$BATS_TEST_DIRNAME/../lib/terminal" -- mgr-export -n web -o web.tar
	assert_match 'mgr-export: web: \[#* *\] +[0-9]+ %  [0-9.]+ MiB of [0-9.]+ MiB  [0-9.]+ [KMG]iB/s'
	[ -e web.tar ]
	MGR_DEBUG_STOP=export:packed mgr-export -n web -o web.tar.zst 3>&- &
	local pid=$!
	wait_until 60 is_stuck $pid
	run mgr-start web
	assert_status 1
	assert_contains "busy"
	kill -KILL $pid
	wait $pid || true
	assert_equal "$(<web.tar.zst)" old
	assert_equal "$(ls)" "web.tar
web.tar.zst"
	mgr-start web
}

is_stuck() {
	grep -q '^State:	T' "/proc/$1/status"
}
