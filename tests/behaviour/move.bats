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
	truncate -s 100M sparse
	echo end | dd of=sparse bs=1 seek=50000000 conv=notrunc status=none
	truncate -s 10M hole
	ln -s /etc/passwd absolute
	mkfifo fifo
	mkdir -m 1777 folder
	setfacl -d -m u:1002:r folder
	: >$'not-utf8-\xff'
	: >'-n  two  spaces'
}

# Everything of a tree, but for its top.
listing() {
	"$BATS_TEST_DIRNAME/../lib/ids.py" "$1" | grep -v "^b'\.' "
}

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
	local folders="s/  [0-9]+ ''/  - ''/"
	diff <(listing "$store/web/rootfs" | sed -E "$folders") <(listing tree/rootfs | sed -E "$folders")
	assert_equal "$(ls)" "tree
web.tar.zst"
}

@test "move.2 what lies deeper than a path can tell is left out, and told" {
	container web -s net.0.type=empty
	"$BATS_TEST_DIRNAME/../lib/deep.py" make "$store/web/rootfs/home"
	run mgr-export -n web -o web.tar
	assert_success
	assert_match "^left out: 1 files or folders, with what is in them, whose paths are longer than a program can open, such as '\.\.\.d{60}'$"
	forget_later site
	mgr-import web.tar -N site
	run "$BATS_TEST_DIRNAME/../lib/deep.py" list "$store/site/rootfs/home"
	assert_match '^20 \[\] 0o40755 [0-9]+$'
	assert_equal "$(<"$store/site/rootfs/home/shallow")" deep
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
	run mgr-rename -n web -N other
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

# --- import ---------------------------------------------------------------------------------------------------------------

@test "move.2 what was exported is the same once imported, with ids, address and name of its own" {
	furnished
	mgr-config -n web set limits.memory 64M
	mgr-config -n web set net.0.type veth
	echo 0123456789abcdef0123456789abcdef >"$store/web/rootfs/etc/machine-id"
	mgr-export -n web -o web.tar.zst
	forget_later site
	run mgr-import web.tar.zst
	assert_status 1
	assert_output "mgr-import: web: exists already"
	run mgr-import web.tar.zst -N site
	assert_success
	assert_output ""
	diff <(listing "$store/web/rootfs/root") <(listing "$store/site/rootfs/root")
	assert_equal "$(mgr-config -n site get limits.memory)" 64M
	assert_equal "$(mgr-config -n site get uts.name)" site
	assert_equal "$(mgr-config -n site get rootfs.path)" "dir:$store/site/rootfs"
	assert_equal "$(<"$store/site/rootfs/etc/hostname")" site
	[ "$(<"$store/site/rootfs/etc/machine-id")" != "$(<"$store/web/rootfs/etc/machine-id")" ]
	local key
	for key in container.uuid container.idmap; do
		[ "$(mgr-config -n site get $key)" != "$(mgr-config -n web get $key)" ] || show $key
	done
	boot site
	container_ip site
	mgr-destroy -f site
	mgr-destroy web
	mgr-import web.tar.zst
	assert_equal "$(cat "$store/web/rootfs/etc/hostname" "$store/web/rootfs/etc/machine-id")" $'web\n0123456789abcdef0123456789abcdef'
}

@test "move.2 a terminal sees how far an import is, and one that is interrupted leaves nothing" {
	container web -s net.0.type=empty
	head -c 4M /dev/urandom >"$store/web/rootfs/root/data"
	mgr-export -n web -o web.tar.gz
	forget_later site
	run "$BATS_TEST_DIRNAME/../lib/terminal" -- mgr-import web.tar.gz -N site
	assert_match 'mgr-import: site: \[#* *\] +[0-9]+ %  [0-9.]+ [KM]iB of [0-9.]+ MiB  [0-9.]+ [KMG]iB/s'
	refute_contains progress
	cmp "$store/web/rootfs/root/data" "$store/site/rootfs/root/data"
	MGR_DEBUG_KILL=create:filled run mgr-import web.tar.gz -N other
	assert_status 137
	mgr-destroy site
	assert_equal "$(ls "$store")" web
	assert_equal "$(find "$store"/.ids/by-slot -type l | wc -l)" 1
}

@test "move.2 with --snapshots they come along, each with its tree, comment and time" {
	container web -s net.0.type=empty
	(cd "$store/web/rootfs/root" && furnish && rm sparse hole)
	mgr-snapshot -n web --comment 'as it came' first
	echo later >"$store/web/rootfs/root/file"
	rm "$store/web/rootfs/root/suid"
	mgr-config -n web set limits.memory 64M
	mgr-config -n web set hook.pre-start /bin/true
	mgr-snapshot -n web second
	mgr-config -n web unset hook.pre-start
	mgr-export -n web -o plain.tar
	refute_member plain.tar snapshots
	run mgr-create -n site --tar plain.tar
	assert_status 1
	assert_contains "archive 'plain.tar': mgr-export has made it: 'mgr-import' takes those"
	mgr-export --snapshots -n web -o web.tar.zst
	forget_later site
	run mgr-import web.tar.zst -N site
	assert_success
	assert_output "snapshot 'second': left out: hook.pre-start = /bin/true"
	assert_equal "$(list_of site)" "$(list_of web)"
	diff <(listing "$store/web/.snap/first/rootfs") <(listing "$store/site/.snap/first/rootfs")
	diff <(listing "$store/web/.snap/second/rootfs") <(listing "$store/site/.snap/second/rootfs")
	mgr-snapshot -n site -r first
	assert_equal "$(<"$store/site/rootfs/etc/hostname")" site
	diff <(listing "$store/web/.snap/first/rootfs" | without_name) <(listing "$store/site/rootfs" | without_name)
	assert_equal "$(mgr-config -n site get limits.memory)" ""
	assert_equal "$(mgr-config -n site get uts.name)" site
	forget_later third
	mgr-snapshot -n site -r second -N third
	assert_equal "$(<"$store/third/rootfs/root/file")" later
	boot third
	boot site
}

without_name() {
	grep -v "^b'etc/host"
}

list_of() {
	mgr-snapshot -n "$1" -L --json | jq -c '.[] | [.name, .comment, .created]'
}

refute_member() {
	! tar -tf "$1" | grep -q "$2" || show "$1 has $2"
}

@test "move.2 a container of a base is packed whole, and unpacked as one that needs none" {
	backend=overlay container web -s net.0.type=empty
	mgr-push -n web /bin/true /root/true
	mgr-start -n web
	in_container web sh -c 'rm /etc/issue; mkdir /new; echo x >/new/file; mv /etc/init.d /etc/moved; ln -s x /new/link'
	mgr-stop -k web
	mgr-export -n web -o web.tar
	forget_later site
	run mgr-import web.tar -N site -B overlay
	assert_status 1
	assert_contains "it stands on a template's base, and there is none here"
	mgr-import web.tar -N site -B auto
	assert_equal "$(mgr-config -n site get rootfs.path)" "dir:$store/site/rootfs"
	boot site
	run in_container site sh -c 'cat /new/file; ls /etc/moved | head -n 1; ls -d /etc/issue /etc/init.d 2>/dev/null; hostname'
	assert_output "x
rcS
site"
}

@test "move.2 a file system of its own, and one over a disk, are packed with their snapshots" {
	container web -B loop --size 30M -s net.0.type=empty
	mgr-start web
	in_container web sh -c 'echo text >/root/file; chmod 4711 /root/file'
	mgr-stop -k web
	mgr-snapshot -n web first
	mgr-export --snapshots -n web -o web.tar
	forget_later site
	run mgr-import web.tar -N site -B loop
	assert_output ""
	assert_equal "$(mgr-config -n site get rootfs.size)" 30M
	mgr-snapshot -n site -r first
	boot site
	run in_container site stat -c '%a %s' /root/file
	assert_output "4711 5"
	mgr-stop -k site
	forget_later plain
	run mgr-import web.tar -N plain
	assert_output "left out: rootfs.size = 30M"
	truncate -s 24M root.ext4
	mke2fs -q -t ext4 -d "$store/plain/rootfs" root.ext4
	forget_later over
	mgr-create -n over --image "$PWD/root.ext4" -s net.0.type=empty || skip "mgr was built without libblkid and libfdisk"
	mgr-start over
	in_container over sh -c 'echo more >>/root/file; rm /etc/group'
	mgr-stop -k over
	mgr-snapshot -n over first
	mgr-export --snapshots -n over -o over.tar
	for tree in rootfs snapshots/first/rootfs; do
		assert_equal "$(tar -xOf over.tar $tree/root/file)" $'text\nmore'
		refute_member over.tar "^$tree/etc/group"
	done
}

@test "move.2 one that is written in blocks is packed with its snapshots, each by a server of its own" {
	local tree
	container web -B loop --size 30M -s net.0.type=empty
	forget_later site
	mgr-copy -s -n web -N site || skip "no thin copies of a file system in a file here"
	mgr-start site
	in_container site sh -c 'echo text >/root/file'
	mgr-stop -k site
	mgr-snapshot -n site first
	mgr-start site
	in_container site sh -c 'echo more >>/root/file'
	mgr-stop -k site
	mgr-export --snapshots -n site -o site.tar
	assert_equal "$(tar -xOf site.tar rootfs/root/file)" $'text\nmore'
	assert_equal "$(tar -xOf site.tar snapshots/first/rootfs/root/file)" text
}

# refused MESSAGE CONFIG ENTRY...
refused() {
	local message=$1
	shift
	"$BATS_TEST_DIRNAME/../lib/exported.py" bad.tar.gz "$@"
	run mgr-import bad.tar.gz --size 1M
	assert_status 1 && assert_contains "$message" && [ "$(mgr-ls -1)" = "" ] && [ ! -e "$store/.new" ] && [ ! -e /evil ] &&
		[ ! -e "$store/evil" ] && [ -z "$(find "$store"/.ids/by-slot -type l)" ]
}

@test "move.2 a hostile archive is refused, naming the entry, and nothing of it stays" {
	local attributes
	mapfile -t attributes < <(printf 'attributes:rootfs/b%d=3500\n' {1..300})
	refused "'rootfs/../../evil' leads out" "" file:rootfs/../../evil
	refused "'/evil' leads out" "" file:/evil
	refused "'evil' is no part of a container" "" file:evil
	refused "'rootfs' is no folder" "" symlink:rootfs=/ file:rootfs/evil
	refused "'link/evil'" "" symlink:rootfs/link=/ file:rootfs/link/evil
	refused "'d/evil'" "" folder:rootfs/d symlink:rootfs/d=/tmp file:rootfs/d/evil
	refused "'rootfs/x' is a hard link to '/etc/passwd'" "" link:rootfs/x=/etc/passwd
	refused "'rootfs/x' is a hard link to 'rootfs/../../x'" "" link:rootfs/x=rootfs/../../x
	refused "'rootfs/x' is no part" "" link:rootfs/x=mgr/config
	refused "'dev/x' is a device node" "" node:rootfs/dev/x
	refused "'big': more than 1048576 bytes would be unpacked" "" zeros:rootfs/big=9000000
	refused "'2032': more than 1048576 bytes would be unpacked" "" files:rootfs/=9000
	refused "more than 1048576 bytes would be unpacked" "" folders:rootfs/d=300
	refused "'b260': more than 1048576 bytes would be unpacked" "" "${attributes[@]}"
	refused "its format is 9, this mgr knows 1" "" format:9
	refused "name '../web' must begin with" "" name:../web
	refused "include" $'[include]\npath = /etc/passwd\n'
	refused "mgr/config:2" $'[limits]\nmemory = much\n'
	refused "name '..' must begin with" "" snapshot:..
	refused "there are two snapshots 'a'" "" snapshot:a snapshot:a
	refused "'snapshots/b/rootfs/evil' is no part of a container" "" snapshot:a file:snapshots/b/rootfs/evil
	refused "'snapshots/a/evil' is no part of a container" "" snapshot:a file:snapshots/a/evil
	refused "'snapshots/a/rootfs' is no folder" "" snapshot:a symlink:snapshots/a/rootfs=/
	refused "'link/evil'" "" snapshot:a symlink:snapshots/a/rootfs/link=/ file:snapshots/a/rootfs/link/evil
	refused "'snapshots/a/rootfs/x' is no part" "" snapshot:a file:rootfs/x link:snapshots/a/rootfs/x=rootfs/x
	refused "snapshot 'a': mgr/config:2" "" $'snapshot:a=[limits]\nmemory = much\n'
	tar -C / -czf bad.tar.gz etc/hostname
	run mgr-import bad.tar.gz
	assert_status 1
	assert_contains "it is not from mgr-export: 'mgr/format' is not where it should be"
	run mgr-import <(cat bad.tar.gz)
	assert_status 1
	assert_contains "is no file"
}

@test "move.2 what is not said keeps a twentieth of the file system's room" {
	mkdir disk
	own_store disk
	small_disk 12M "$PWD/disk"
	"$BATS_TEST_DIRNAME/../lib/exported.py" bad.tar.gz "" zeros:rootfs/big=100000000
	run mgr-import -P disk bad.tar.gz
	assert_status 1
	assert_match "'big': more than [0-9]+ bytes would be unpacked: refused"
	assert_equal "$(mgr-ls -P disk -1)" ""
	[ "$(df --output=used -k disk | tail -n 1)" -lt 500 ]
	"$BATS_TEST_DIRNAME/../lib/exported.py" bad.tar.gz "" files:rootfs/f=9000
	run mgr-import -P disk bad.tar.gz
	assert_status 1
	assert_match "'f[0-9]+': more than [0-9]+ files: refused"
	[ "$(df --output=iused disk | tail -n 1)" -lt 30 ]
	"$BATS_TEST_DIRNAME/../lib/exported.py" bad.tar.gz "" snapshot:a zeros:rootfs/big=6000000 \
		folder:snapshots/a/rootfs zeros:snapshots/a/rootfs/more=6000000
	run mgr-import -P disk bad.tar.gz -B loop --size 40M # each in an image of its own
	assert_status 1
	assert_match "'more': more than [0-9]+ bytes would be unpacked: refused"
	unmount disk
}

@test "move.2 of a stranger's configuration what reaches out is left out, and told" {
	local config='[container]
idmap = none
[net.0]
link = br0
name = lan
[net.1]
type = macvlan
link = eth0
[limits]
memory = 64M
[cap]
drop = none
[console]
logfile = /etc/evil
[hook]
pre-start = /bin/true
[mount]
entry = /etc mnt none bind,exposed
[forward]
port = tcp:8080:80
[start]
auto = yes
order = 3
'
	forget_later web
	"$BATS_TEST_DIRNAME/../lib/exported.py" web.tar.gz "$config" node:rootfs/node
	run mgr-import web.tar.gz
	assert_status 1
	assert_contains "'node' is a device node"
	"$BATS_TEST_DIRNAME/../lib/exported.py" web.tar.gz "$config"
	run mgr-import web.tar.gz
	assert_success
	assert_output "left out: container.idmap = none
left out: mount.entry = /etc mnt none bind,exposed
left out: net.0.link = br0
left out: net.1.type = macvlan
left out: net.1.link = eth0
left out: forward.port = tcp:8080:80
left out: cap.drop = none
left out: console.logfile = /etc/evil
left out: hook.pre-start = /bin/true
left out: start.auto = yes"
	assert_equal "$(mgr-config -n web get limits.memory)" 64M
	assert_equal "$(mgr-config -n web get start.order)" 3
	assert_equal "$(mgr-config -n web get net.0.name)" lan
	run mgr-config -n web show
	refute_contains "none"
	refute_contains "/etc"
	mgr-destroy web
	run mgr-import --trust web.tar.gz
	assert_success
	assert_output ""
	assert_equal "$(mgr-config -n web get container.idmap)" none
	assert_equal "$(mgr-config -n web get hook.pre-start)" /bin/true
}
