#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where no mount can map ids: they are changed on disk.

load ../lib/common
load ../lib/stub
load ../lib/tree

setup_file() {
	build_stub
}

setup() {
	common_setup
	store=$MGR_ROOT/var/lib/mgr
	mkdir "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here" || return
}

# unmapped COMMAND...: as on a file system whose mounts map no ids.
unmapped() {
	"$BATS_TEST_DIRNAME/../lib/without" "${lacks-mount_setattr:MOUNT_ATTR_IDMAP}" -- "$@"
}

base_of() {
	mgr-config -n "$1" get container.idmap | awk '$1 == "u" { print $3 }'
}

# Of all that a tree can have what has ids, as in an image.
furnish() {
	rich_tree "$store/web/rootfs/home"
	(
		cd "$store/web/rootfs/home" || exit
		chown 0:7 suid
		chmod 6755 suid
		cp /bin/true both
		chown 1000:1000 both
		chmod 2755 both
		setcap cap_net_bind_service+p both
		setfacl -m g:99:rw,u:70000:r file
		mkdir -m 3777 acl
		setfacl -d -m u:1001:rwx acl
		mkfifo fifo
		ln -s /etc symlink-to-folder
		chown -h 5:5 symlink symlink-to-folder
		mkdir -p deep/er
		touch $'deep/er/not-utf8-\xff'
		chown -R 12:13 deep
	)
}

# ids_of FOLDER [BASE]: relative to the store; with ids as inside, where those on disk begin with BASE.
ids_of() {
	"$BATS_TEST_DIRNAME/../lib/ids.py" "$store/$1" "${@:2}"
}

@test "be.7 where no mount maps ids, those on disk become the container's, with all that files have" {
	stub web ""
	furnish
	mkdir outside
	ln -s "$PWD/outside" "$store/web/rootfs/home/out"
	ids_of web/rootfs >before
	local base
	base=$(base_of web)
	unmapped mgr-start -n web
	mgr-stop -k web
	diff before <(ids_of web/rootfs "$base")
	assert_equal "$(stat -c %u outside)" 0
	head -n 1 "$store/web/shift" | grep -q '^out done'
	mgr-start -n web
	mgr-stop -k web
	unmapped mgr-start -n web
	mgr-stop -k web
	diff before <(ids_of web/rootfs "$base")
}

@test "be.7 killed anywhere, the next start finishes it" {
	stub web ""
	furnish
	ids_of web/rootfs/home >before
	cp -a "$store/web/rootfs" kept
	local point base
	base=$(base_of web)
	for point in recorded owner file folder changed; do
		MGR_DEBUG_KILL=shift:$point run unmapped mgr-start -n web
		[ "$status" -ne 0 ] || show "$point"
		head -n 1 "$store/web/shift" | grep -q '^out working' || show "$point"
		unmapped mgr-start -n web
		mgr-stop -k web
		diff before <(ids_of web/rootfs/home "$base") || show "$point"
		rm -rf "$store/web/rootfs"
		cp -a kept "$store/web/rootfs"
	done
}

@test "be.7 copies, snapshots and exports have the ids that are inside" {
	stub web ""
	furnish
	ids_of web/rootfs/home >before
	MGR_DEBUG_KILL=shift:owner run unmapped mgr-start -n web
	mgr-snapshot -n web first
	diff before <(ids_of web/.snap/first/rootfs/home)
	forget_later copy
	mgr-copy -n web -N copy
	diff before <(ids_of copy/rootfs/home)
	unmapped mgr-export -n web -o web.tar
	forget_later import
	mgr-import web.tar -N import
	diff <(sed "s/'2:4:70000', //" before) <(ids_of import/rootfs/home) # who is nobody inside
	mgr-snapshot -n web -r first
	unmapped mgr-start -n web
	diff before <(ids_of web/rootfs/home "$(base_of web)")
	mgr-stop -k web
	sed -i "s/^idmap = \(.\) 0 [0-9]* /idmap = \1 0 3000000 /" "$store/web/config"
	unmapped mgr-start -n web
	mgr-stop -k web
	diff before <(ids_of web/rootfs/home 3000000)
	sed -i "s/ 3000000 / 4000000 /" "$store/web/config"
	mgr-start -n web
	diff before <(ids_of web/rootfs/home)
	[ ! -e "$store/web/shift" ]
}

@test "be.7 on a kernel without the new mount calls, and from an archive" {
	lacks=open_tree,move_mount,fsopen,fsconfig,fsmount,fspick,mount_setattr
	stub web ""
	furnish
	mgr-export -n web -o web.tar
	unmapped mgr-start -n web
	forget_later tar
	unmapped mgr-import web.tar -N tar
	diff <(ids_of web/rootfs/home "$(base_of web)" | sed "s/'2:4:70000', //") <(ids_of tar/rootfs/home "$(base_of tar)")
	unmapped mgr-start -n tar
	forget_later copy
	mgr-stop -k web
	unmapped mgr-copy -n web -N copy
	diff <(ids_of web/rootfs/home "$(base_of web)") <(ids_of copy/rootfs/home)
	unmapped mgr-start -n copy
}

@test "be.7 a folder of the host's is not touched, nor a tree whose ids could be either" {
	stub web ""
	local base
	base=$(base_of web)
	touch "$store/web/rootfs/strange"
	chown "$((base + 3))" "$store/web/rootfs/strange"
	run unmapped mgr-start -n web
	assert_status 1
	assert_contains "an id that the container has on the host is the owner of '$store/web/rootfs/strange'"
	[ ! -e "$store/web/shift" ]
	rm "$store/web/rootfs/strange"
	mkdir -m 700 box
	cp -a "$store/web/rootfs" box/rootfs
	forget_later db
	mgr-create -n db --rootfs "$PWD/box/rootfs" -s net.0.type=empty
	run unmapped mgr-start -n db
	assert_status 1
	assert_contains "its file system cannot"
	assert_equal "$(find box -not -user 0 | wc -l)" 0
}
