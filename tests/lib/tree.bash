# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Whole trees, of containers and else: all that a file can have, and how to compare it. With `load ../lib/common`.

setup() {
	common_setup
	store=$MGR_ROOT/var/lib/mgr
}

# What the registries have of all containers.
entries() {
	find "$store"/.ids/by-* "$store"/.leases/by-* -type l | wc -l
}

# key NAME KEY
key() {
	mgr-config -n "$1" get "$2"
}

# rich_tree FOLDER: puts into it what a copy could lose.
rich_tree() {
	mkdir "$1/sub"
	echo precious >"$1/file"
	ln "$1/file" "$1/sub/link"
	ln -s /etc/passwd "$1/symlink"
	truncate -s 1M "$1/holes"
	printf x | dd of="$1/holes" bs=1 seek=500000 conv=notrunc status=none
	cp /bin/true "$1/suid"
	chown 1000:1000 "$1/suid"
	chmod 6755 "$1/suid"
	cp /bin/true "$1/capable"
	setcap cap_net_raw+ep "$1/capable"
	setfattr -n user.colour -v blue "$1/file"
	setfacl -m u:1234:r "$1/file"
	mkfifo "$1/pipe"
	touch -d '2001-02-03 04:05:06.789' "$1/sub"
}

# tree_of FOLDER [BUT]: everything in it, a line each or more; but for what is in the folder BUT of it (./bin).
tree_of() {
	(
		cd "$1" || exit
		in_it=(find . -path "${2:-/}/*" -prune -o)
		"${in_it[@]}" -printf '%y %m %U:%G %n %T@ %s %p %l\n' | sed -E 's/^(d .*) [0-9]+ (\.[^ ]*) $/\1 - \2 /' | sort -k7
		"${in_it[@]}" -type f -printf '%i %p\n' | sort -k2 | awk '!seen[$1]++' | cut -d ' ' -f 2- | xargs -d '\n' -r sha256sum
		"${in_it[@]}" -print0 | xargs -0 getfattr -hd -m - 2>/dev/null | sort
		"${in_it[@]}" ! -type l -print0 | xargs -0 getfacl -p 2>/dev/null | awk -v RS= '{ gsub("\n", " "); print }' | sort
	)
}

# sealed COMMAND...: what it did, in order, to have all of it on disk, and under its name at once.
sealed() {
	strace -f -qq -e trace=syncfs,renameat2 -e signal=none -o "$BATS_TEST_TMPDIR/trace" "$@"
	sed -E 's/^[0-9]+ +([a-z0-9]+)\(.*/\1/' "$BATS_TEST_TMPDIR/trace"
}

# layers DELTA: the trees that it stands on, from above, as seen from .images.
layers() {
	local at=$1
	while [ -e "$at/base" ]; do
		printf ':%s/upper' "$(<"$at/base")"
		at=$store/.images/$(<"$at/base")
	done
}

# merged DELTA: as tree_of, what its container sees, but for its programs, and links of folders, which layers share out.
# In a mount namespace of its own, which takes the overlay along whatever may still be looking at it.
merged() {
	local at tree lower
	at=$(mktemp -d)
	lower=$(realpath --relative-to="$store/.images" "$1/upper")$(layers "$1") # their names, all in one, are a page at most
	export -f tree_of
	# shellcheck disable=SC2016 # by that shell
	tree=$(cd "$store/.images" && unshare --mount bash -ec 'mount -t overlay -o "ro,lowerdir=$1" mgr-test "$2"
		tree_of "$2" ./bin' - "$lower" "$at") || tree="$1 cannot be seen"
	rmdir "$at"
	grep -v '/s\?bin/' <<<"$tree" | sed -E 's/^(d [0-7]+ [0-9:]+) [0-9]+ /\1 - /'
}
