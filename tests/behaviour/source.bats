#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-create from a folder of the host's or a tar file; what it asks for.

load ../lib/common

setup_file() {
	mkdir -m 700 "$BATS_FILE_TMPDIR/closed"
	mgr-create -n base -t busybox -B dir
	cp -a "$MGR_ROOT/var/lib/mgr/base/rootfs" "$BATS_FILE_TMPDIR/closed/tree"
	mgr-destroy -n base
}

setup() {
	common_setup
	forget_later web # also what should have been refused
	store=$MGR_ROOT/var/lib/mgr
	closed=$BATS_FILE_TMPDIR/closed
	open=$TMPDIR/open # what bats makes is closed
	mkdir "$open"
}

teardown() {
	common_teardown
	rm -rf --one-file-system "$open"
}

# made_nothing NAME: no container, no claim, no ids, no address.
made_nothing() {
	[ ! -e "$store/$1" ]
	[ ! -e "$store/.new" ]
	! grep -qs " $1 " <(find "$store/.ids/by-slot" "$store/.leases/by-slot" -type l -printf '%l\n' 2>/dev/null)
}

# refused NAME WORDS ARG...: a create that fails with these words and makes nothing.
refused() {
	local name=$1 words=$2
	shift 2
	run mgr-create -n "$name" "$@"
	assert_status 1
	assert_contains "mgr-create: $name: "
	assert_contains "$words"
	assert_equal "${#lines[@]}" 1
	made_nothing "$name"
}

owners() {
	(cd "$1" && find . -printf '%p %U:%G %m %y\n' | grep -v '^\./\(run\|dev\|proc\|sys\|etc/resolv.conf\|tmp\|var/log\)' | sort)
}

# --- create.20: a folder ------------------------------------------------------------------------------------------------------

@test "create.20 a folder is used where it is, by a path from here too; neither start nor destroy changes or removes it" {
	cp -a "$closed/tree" "$closed/used"
	owners "$closed/used" >"$BATS_TEST_TMPDIR/before"
	cd "$closed"
	mgr-create -n web --rootfs used -s init.ready=exec
	assert_equal "$(mgr-config -n web get rootfs.path)" "dir:$(realpath used)"
	boot web
	in_container web sh -c 'echo here >/root/note && chown 33:33 /root/note && [ "$(id -u)" = 0 ]'
	assert_equal "$(stat -c %u:%g used/root/note)" 33:33
	rm used/root/note
	mgr-destroy -f -n web
	owners "$closed/used" | diff "$BATS_TEST_TMPDIR/before" -
}

@test "create.20 a folder that others than root can come to is refused, at start too, unless it is said to be exposed" {
	cp -a "$closed/tree" "$open"
	refused web "use --exposed" --rootfs "$open/tree"
	mgr-create -n web --rootfs "$open/tree" --exposed -s init.ready=exec
	assert_equal "$(mgr-config -n web get rootfs.exposed)" yes
	boot web
	mgr-stop -k -n web
	mgr-config -n web unset rootfs.exposed
	run mgr-start -n web
	assert_status 1
	assert_contains "mgr-start: web: storage: folder '"
	assert_contains "rootfs.exposed = yes"
	mgr-config -n web set rootfs.readonly yes # then nothing can be left in it
	boot web
}

@test "create.20 an exposed folder is not reached over a symlink that another may have put there" {
	local above=$open/above
	mkdir "$above"
	cp -a "$closed/tree" "$above/tree"
	mgr-create -n web --rootfs "$above/tree" --exposed -s init.ready=exec
	mv "$above" "$above.old"
	ln -s "$closed" "$above"
	run mgr-start -n web
	assert_status 1
	assert_contains "Too many levels of symbolic links"
}

@test "create.20 a folder whose ids are shifted, as LXC keeps them, is refused at start too, unless by its own id map" {
	cp -a "$closed/tree" "$closed/shifted"
	mgr-create -n web --rootfs "$closed/shifted" -s init.ready=exec
	chown 0:100000 "$closed/shifted"
	run mgr-start -n web
	assert_status 1
	assert_contains "mgr-start: web: storage: '$closed/shifted' belongs to group 100000, who is nobody inside"
	mgr-destroy -n web
	chown 100000:100000 "$closed/shifted"
	refused web "--rootfs: '$closed/shifted' belongs to user 100000, who is nobody inside: ids on disk look shifted" \
		--rootfs "$closed/shifted"
	refused web "belongs to user 100000" --rootfs "$closed/shifted" -s 'container.idmap=u 0 200000 65536' \
		-s 'container.idmap+=g 0 200000 65536'
	chown -R 100000:100000 "$closed/shifted"
	mgr-create -n web --rootfs "$closed/shifted" -s init.ready=exec -s 'container.idmap=u 0 100000 65536' \
		-s 'container.idmap+=g 0 100000 65536'
	boot web
	in_container web sh -c '[ "$(stat -c %u /bin)" = 0 ] && touch /new && chown 7 /new'
	echo text | mgr-push -n web - /pushed
	mgr-stop -k -n web
	assert_equal "$(stat -c %u:%g "$closed/shifted/new" "$closed/shifted/pushed" | tr '\n' ' ')" "100007:100000 100000:100000 "
	run mgr-pull -n web /pushed -
	assert_output text
	mgr-destroy -n web
	chown 999:999 "$closed/shifted" # anybody inside will do
	mgr-create -n web --rootfs "$closed/shifted" -s init.ready=exec
	boot web
}

@test "create.20 a folder that is none, is another container's, or mgr's own is refused" {
	forget_later other
	mgr-create -n other --rootfs "$closed/tree"
	refused web "No such file or directory" --rootfs "$closed/none"
	refused web "Not a directory" --rootfs "$closed/tree/bin/busybox"
	refused web "--rootfs: '/' is this machine's own root" --rootfs /
	refused web "is the root file system of 'other'" --rootfs "$closed/tree"
	refused web "lies in the root file system of 'other'" --rootfs "$closed/tree/bin"
	refused web "holds the root file system of 'other'" --rootfs "$closed"
	refused web "holds '" --rootfs "$MGR_ROOT"
	mkdir "$store/x"
	refused web "lies in '" --rootfs "$store/x"
	rmdir "$store/x"
}

@test "create.20 mgr-config refuses for rootfs.path what create does, and takes what was moved" {
	local other=$closed/other word what
	forget_later other
	cp -a "$closed/tree" "$other"
	mkdir -p "$MGR_ROOT/etc/mgr"
	mgr-create -n other --rootfs "$other"
	mgr-create -n web --rootfs "$closed/tree"
	while IFS='|' read -r word what; do
		run mgr-config -n web set rootfs.path "dir:$word"
		assert_status 1
		assert_contains "mgr-config: web: rootfs.path: "
		assert_contains "$what"
	done <<-END
		/|is this machine's own root
		$other|is the root file system of 'other'
		$other/bin|lies in the root file system of 'other'
		$MGR_ROOT|holds '
		$store/other|lies in '
		$MGR_ROOT/etc/mgr|, where mgr keeps its own
		$open|can be entered by others than root
	END
	assert_equal "$(mgr-config -n web get rootfs.path)" "dir:$closed/tree"
	mv "$closed/tree" "$closed/moved"
	mgr-config -n web set rootfs.path "dir:$closed/moved"
	boot web
	mgr-stop -k -n web
	mv "$closed/moved" "$closed/tree"
	mgr-config -n web set rootfs.path "dir:$closed/tree"
}

@test "create.20 of two that a text editor has given one folder one runs, and none in mgr's own" {
	forget_later other
	cp -a "$closed/tree" "$closed/apart"
	mgr-create -n web --rootfs "$closed/tree" -s init.ready=exec
	mgr-create -n other --rootfs "$closed/apart" -s init.ready=exec
	sed -i "s|^path = .*|path = dir:$closed/tree|" "$store/other/config"
	boot web
	run mgr-start -n other
	assert_status 1
	assert_contains "mgr-start: other: storage: '$closed/tree' is the root file system of 'web', which runs"
	mgr-stop -k -n web
	boot other
	run mgr-start -n web
	assert_status 1
	assert_contains "is the root file system of 'other', which runs"
	mgr-stop -k -n other
	sed -i "s|^path = .*|path = dir:$store/web|" "$store/other/config"
	run mgr-start -n other
	assert_status 1
	assert_contains "lies in '$store', where mgr keeps its own"
}

@test "create.20 a folder or a tar file whose init is not systemd is ready by exec, unless -s says otherwise" {
	cp -a "$closed/tree" "$closed/plain"
	mgr-create -n web --rootfs "$closed/plain"
	assert_equal "$(mgr-config -n web get init.ready)" exec
	boot web
	mgr-destroy -f -n web
	mgr-create -n web --rootfs "$closed/plain" -s init.ready=notify
	assert_equal "$(mgr-config -n web get init.ready)" notify
	mgr-destroy -n web
	tar -C "$closed/plain" -cf "$BATS_TEST_TMPDIR/plain.tar" .
	mgr-create -n web --tar "$BATS_TEST_TMPDIR/plain.tar"
	assert_equal "$(mgr-config -n web get init.ready)" exec
	mgr-destroy -n web
	mkdir -p "$closed/plain/lib/systemd"
	mv "$closed/plain/bin/busybox" "$closed/plain/lib/systemd/systemd"
	ln -sf ../lib/systemd/systemd "$closed/plain/sbin/init"
	mgr-create -n web --rootfs "$closed/plain"
	assert_equal "$(mgr-config -n web get init.ready)" notify
}

@test "create.20 of several at once for one folder exactly one wins" {
	local n won=0 pids=()
	for n in 1 2 3 4; do
		forget_later "c$n"
		mgr-create -n "c$n" --rootfs "$closed/tree" 2>"$BATS_TEST_TMPDIR/$n" &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		! wait "$n" || won=$((won + 1))
	done
	cat "$BATS_TEST_TMPDIR"/[1-4]
	assert_equal "$won" 1
}

@test "create.20 a folder that another command is making a container of is refused" {
	run flock "$closed/tree" mgr-create -n web --rootfs "$closed/tree"
	assert_status 1
	assert_contains "is in use: another command makes a container of it"
	made_nothing web
}

@test "create.20 one source is named, and only one" {
	local args
	for args in "" "-t busybox --tar x" "-t busybox --rootfs x" "--tar x --rootfs x" "-t busybox --exposed" "--rootfs x -- y"; do
		# shellcheck disable=SC2086 # words
		run mgr-create -n web $args
		assert_status 64
		assert_contains "try 'mgr-create -h'"
	done
}

# --- create.20: a tar file ----------------------------------------------------------------------------------------------------

# pack ARG...: a tar file of $tree as its owner would pack it, $BATS_TEST_TMPDIR/t.tar.
pack() {
	tar --numeric-owner --xattrs '--xattrs-include=*' --acls --sparse -C "$tree" -cf "$BATS_TEST_TMPDIR/t.tar" "$@" .
}

# What is in a tree, as far as a tar file keeps it; folders without their times (mgr-start makes files in them).
contents() {
	(cd "$1" && find . ! -path './dev/*' ! -type c -printf '%P|%U:%G|%m|%y|%n|%l\n' | sort
		find . ! -path './dev/*' -type f -printf '%P|%s|%T@\n' | sort
		find . ! -path './dev/*' -type f -links -9 -exec sha256sum {} + | sort -k 2 # not each name of busybox
		sha256sum bin/busybox)
}

@test "create.20 a tar file, plain or packed, or standard input, becomes the root file system as it was" {
	tree=$closed/tree
	chmod 1777 "$tree/tmp"
	chown 33:34 "$tree/var/www/index.html"
	ln -sfn /etc/passwd "$tree/root/link"
	mkfifo "$tree/root/pipe" 2>/dev/null || [ -p "$tree/root/pipe" ]
	touch "$tree/root/ü" "$tree/root/$(printf 'lat\351in')" "$tree/root/$(printf 'n%0230d' 7)"
	pack
	gzip -k "$BATS_TEST_TMPDIR/t.tar"
	xz -k "$BATS_TEST_TMPDIR/t.tar"
	zstd -qk "$BATS_TEST_TMPDIR/t.tar"
	contents "$tree" >"$BATS_TEST_TMPDIR/before"
	local end
	for end in .tar .tar.gz .tar.xz .tar.zst; do
		run mgr-create -n web --tar "$BATS_TEST_TMPDIR/t$end"
		assert_success
		assert_output ""
		contents "$store/web/rootfs" | diff "$BATS_TEST_TMPDIR/before" -
		mgr-destroy -n web
	done
	mgr-create -n web --tar - -s init.ready=exec <"$BATS_TEST_TMPDIR/t.tar.gz"
	boot web
	run in_container web stat -c '%u:%g' /var/www/index.html
	assert_output 33:34
}

@test "create.20 capabilities, attributes, ACLs, holes and setuid bits come over from a tar file" {
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree/etc"
	echo 'somebody:x:4711:4711::/:/bin/false' >"$tree/etc/passwd"
	cp "$closed/tree/bin/busybox" "$tree/ping"
	setcap cap_net_raw+ep "$tree/ping"
	cp "$tree/ping" "$tree/su"
	chmod 6755 "$tree/su"
	echo x >"$tree/file"
	setfattr -n user.color -v blue "$tree/file"
	setfacl -m u:4711:rw,g:4712:r "$tree/file"
	mkdir "$tree/folder"
	setfacl -m u:daemon:rw,g:adm:rwx,d:g:adm:r "$tree/folder" # as an attribute it has ids
	truncate -s 30M "$tree/holes"
	echo end >>"$tree/holes"
	pack --exclude ./etc
	tar --numeric-owner -C "$tree" -rf "$BATS_TEST_TMPDIR/t.tar" etc
	run mgr-create -n web --tar "$BATS_TEST_TMPDIR/t.tar"
	assert_success
	assert_output ""
	cd "$store/web/rootfs"
	assert_equal "$(getfacl -nc folder)" "$(getfacl -nc "$tree/folder")"
	assert_equal "$(getcap ping)" "ping cap_net_raw=ep"
	assert_equal "$(stat -c %a su)" 6755
	assert_equal "$(getfattr --only-values -n user.color file)" blue
	getfacl -n file 2>/dev/null | grep -x 'user:4711:rw-'
	getfacl -n file 2>/dev/null | grep -x 'group:4712:r--'
	cmp holes "$tree/holes"
	[ "$(du -k holes | cut -f 1)" -lt 100 ]
}

@test "create.20 an ACL of a tar file that names its users means the archive's own, not this machine's" {
	tree=$BATS_TEST_TMPDIR/tree
	mkdir "$tree"
	touch "$tree/file"
	setfacl -m u:daemon:rw "$tree/file"
	tar -C "$tree" --acls -cf "$BATS_TEST_TMPDIR/t.tar" . # GNU tar keeps the name
	refused web "its ACL names user 'daemon'" --tar "$BATS_TEST_TMPDIR/t.tar"
	mkdir -p "$tree/etc"
	echo 'daemon:x:77:77::/:/bin/false' >"$tree/etc/passwd"
	tar -C "$tree" --acls -cf "$BATS_TEST_TMPDIR/t.tar" ./etc ./file
	mgr-create -n web --tar "$BATS_TEST_TMPDIR/t.tar"
	getfacl -n "$store/web/rootfs/file" 2>/dev/null | grep -x 'user:77:rw-'
}

@test "create.20 device nodes of a tar file are made for a privileged container only, and what is left out is told" {
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree/dev" "$tree/srv"
	mknod "$tree/dev/null" c 1 3
	mknod "$tree/srv/null" c 1 3
	setfattr -n trusted.mark -v 1 "$tree/srv"
	pack
	run mgr-create -n web --tar "$BATS_TEST_TMPDIR/t.tar"
	assert_success
	assert_contains "left out: 1 device nodes, which no container with an id map can have, such as './srv/null'"
	assert_contains "such as 'trusted.mark'"
	[ ! -e "$store/web/rootfs/srv/null" ]
	[ ! -e "$store/web/rootfs/dev/null" ]
	mgr-destroy -n web
	mgr-create -n web --tar "$BATS_TEST_TMPDIR/t.tar" -s container.idmap=none
	assert_equal "$(stat -c %t:%T "$store/web/rootfs/srv/null")" 1:3
}

@test "create.20 a hostile tar file is refused, nothing is made, nothing elsewhere is touched" {
	mkdir "$BATS_TEST_TMPDIR/a"
	"$BATS_TEST_DIRNAME/../lib/hostile.py" "$BATS_TEST_TMPDIR/a" >"$BATS_TEST_TMPDIR/list"
	local name words
	while read -r name words; do
		echo "# $name"
		refused web "$words" --tar "$BATS_TEST_TMPDIR/a/$name.tar"
		[[ $name == foreign-* ]] || refused web "$words" --tar "$BATS_TEST_TMPDIR/a/$name.tar" -s container.idmap=none
	done <"$BATS_TEST_TMPDIR/list"
	run --separate-stderr find / -xdev -name evil # what others make meanwhile may be gone when it comes there
	assert_output ""
}

@test "create.20 a tar file that is cut short, none at all, or more than the disk holds is refused" {
	tree=$closed/tree
	pack
	cd "$BATS_TEST_TMPDIR"
	local end size
	gzip -k t.tar
	xz -k t.tar
	zstd -qk t.tar
	for end in "" .gz .xz .zst; do
		size=$(stat -c %s "t.tar$end")
		head -c $((size * 2 / 3)) "t.tar$end" >short
		refused web "archive 'short': " --tar short
		refused web "archive '-': " --tar - <short
	done
	tar -C "$tree" -cf small.tar etc/passwd
	head -c 1024 small.tar >short # up to the end of the last file
	refused web "cut short" --tar short
	refused web "Unrecognized archive format" --tar /etc/passwd
	refused web "Unrecognized archive format" --tar /dev/null
	refused web "Is a directory" --tar /etc
	refused web "No such file or directory" --tar none.tar
	tar -cf empty.tar -T /dev/null
	refused web "empty root file system" --tar empty.tar
	small_disk 1M full
	run mgr-create -P full -n web --tar t.tar
	ls -A full
	unmount full
	own_store full
	assert_status 1
	assert_contains "No space left on device"
}

@test "create.20 who reads a tar file has the container's ids, no descriptor, no network and no path of the host's" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	mgr-create -n web --tar "$BATS_TEST_TMPDIR/fifo" 2>"$BATS_TEST_TMPDIR/said" &
	local creating=$! reader
	exec 7>"$BATS_TEST_TMPDIR/fifo"
	is_reading() {
		reader=$(pgrep -n mgr-unpack) && [ ! "/proc/$reader/root/" -ef / ] &&
			awk '/^CapBnd:/ { exit $2 != "000000008800001b" }' "/proc/$reader/status"
	}
	wait_until 10 is_reading
	awk '{ exit !($2 >= 65536) }' "/proc/$reader/uid_map"
	awk '/^Uid:/ { exit !($2 >= 65536 && $3 == $2 && $5 == $2) }' "/proc/$reader/status"
	awk '/^NoNewPrivs:/ { exit $2 != 1 }' "/proc/$reader/status"
	[ ! "/proc/$reader/ns/user" -ef /proc/self/ns/user ]
	assert_equal "$(ls -A "/proc/$reader/root/")" ""
	[ "$(find "/proc/$reader/fd" -type l | wc -l)" -eq 3 ]
	[ ! "/proc/$reader/ns/net" -ef /proc/self/ns/net ]
	exec 7>&-
	wait "$creating" && return 1
	made_nothing web
}

@test "create.20 an archive that is all in one folder is refused, and says how to pack it" {
	cd "$BATS_TEST_TMPDIR"
	tar -C "$closed" -cf one.tar tree
	run mgr-create -n web --tar one.tar
	assert_status 1
	assert_contains "archive 'one.tar': all of it is in the folder 'tree', which is no root file system"
	assert_contains "tar -C tree -c ."
	made_nothing web
}

# --- create.21 ----------------------------------------------------------------------------------------------------------------

# on_terminal STEP... -- COMMAND...
on_terminal() {
	run "$BATS_TEST_DIRNAME/../lib/terminal" "$@"
}

@test "create.21 -i asks for name and template, again when an answer will not do, and for what the template wants to know" {
	on_terminal 'expect:Name of the container: ' 'send:a b\r' 'expect:may hold letters' 'send:web\r' \
		'expect:Template .busybox, debian.* .debian.: ' 'send:none\r' 'expect:there is none of that name' 'send:busybox\r' \
		'expect:user' 'send:joe\r' 'expect:password' 'send:\r' -- mgr-create -i -B dir
	assert_success
	grep -q '^joe:!:' "$store/web/rootfs/etc/shadow"
	grep -q '^root:\*:' "$store/web/rootfs/etc/shadow"
}

@test "create.21 -i asks for nothing that the command line says" {
	run mgr-create -i -n web --rootfs "$closed/tree" </dev/null
	assert_success
	mgr-destroy -n web
	on_terminal 'expect:password' 'send:\r' -- mgr-create -i web -t busybox -B dir -- --user=joe
	assert_success
	refute_contains "Name of"
	refute_contains "Template"
	refute_contains "user besides"
	grep -q '^joe:' "$store/web/rootfs/etc/passwd"
}

@test "create.21 -i looks at a name before it asks for more" {
	container web -s net.0.type=empty
	on_terminal 'expect:Name of the container: ' 'send:web\r' "expect:'web' exists already" 'send:\x04' -- mgr-create -i
	assert_status 1
	on_terminal -- mgr-create -i web
	assert_status 1
	assert_contains "mgr-create: 'web' exists already"
	refute_contains user
	on_terminal -- mgr-create -i "a b"
	assert_status 1
	assert_contains "may hold letters"
	refute_contains Template
}

@test "create.21 the end of input ends it with nothing made" {
	local before
	before=$(ls -A "$store")
	on_terminal 'expect:Name of the container: ' 'send:\x04' -- mgr-create -i
	assert_status 1
	assert_contains "mgr-create: end of input: nothing was made"
	on_terminal 'expect:Name of the container: ' 'send:web\r' 'expect:Template' 'send:busybox\r' 'expect:user' 'send:\x04' -- mgr-create -i
	assert_status 1
	assert_contains "mgr-create: end of input: nothing was made"
	made_nothing web
	assert_equal "$(ls -A "$store")" "$before"
}

@test "create.21 without a terminal nothing is asked, nor without -i" {
	run mgr-create -i <<<$'web\nbusybox\n\n'
	assert_status 1
	assert_output "mgr-create: -i asks on a terminal, and there is none: say it as an option instead (Name of the container)"
	on_terminal -- mgr-create
	assert_status 64
	on_terminal -- mgr-create -n web
	assert_status 64
	made_nothing web
}
