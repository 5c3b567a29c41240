# SPDX-License-Identifier: LGPL-2.1-or-later
# Files into containers and out of them. One busybox container, web, runs through the file; rest stays at rest.
load ../lib/common

setup_file() {
	mgr-create -n rest -t busybox -B dir -s net.0.type=empty
	mgr-create -n web -t busybox -B dir -s net.0.type=empty
	mgr-start -n web --wait=60
	mgr-attach -n web -- sh -c 'echo alice:x:1000:100:Alice:/home/alice:/bin/ash >>/etc/passwd'
}

teardown_file() {
	mgr-destroy -f -n web -n rest
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir tree tree/inner
	echo one >tree/one
	ln tree/one tree/inner/again
	ln -s ../one tree/inner/link
	truncate -s 64M tree/sparse
	echo end >>tree/sparse
	chmod 4750 tree/one
	mkfifo tree/pipe
}

teardown() {
	mgr-unfreeze -n web
	mgr-attach -n web -- sh -c 'rm -rf /root/* /root/.mgr-*'
	[ -z "${outside-}" ] || rm -r "$outside"
	rm -rf "${rest_root:?}"/root/* "$rest_root"/root/.mgr-*
	common_teardown
}

rest_root=$MGR_ROOT/var/lib/mgr/rest/rootfs

# both COMMAND...: for each container, its name in place of NAME. Not with || or if: a failure would go unseen.
both() {
	local name
	for name in web rest; do
		echo "# with $name" >&2
		"${@//NAME/$name}"
	done
}

# there NAME FILE...: owner, group, mode and name, as the guest has them
there() {
	local name=$1
	shift
	if [ "$name" = web ]; then
		in_container web stat -c '%u %g %a %n' "$@"
	else
		(cd "$rest_root" && stat -c '%u %g %a /%n' "${@#/}")
	fi
}

push_tree() {
	mgr-push -n "$1" tree /root 2>/dev/null
	assert_equal "$(there "$1" /root/tree/one /root/tree/inner)" $'0 0 750 /root/tree/one\n0 0 755 /root/tree/inner'
	mgr-pull -n "$1" /root/tree "back-$1"
	diff -r tree/inner "back-$1/inner"
	cmp tree/sparse "back-$1/sparse"
	assert_equal "$(readlink "back-$1/inner/link")" ../one
	assert_equal "$(stat -c %i "back-$1/one")" "$(stat -c %i "back-$1/inner/again")"
	assert_equal "$(stat -c '%u %a' "back-$1/one")" '0 750'
	[ "$(stat -c %b "back-$1/sparse")" -lt 100 ]
}

@test "push.1 a folder goes in and comes out as it was, with links and holes, and without setuid bits" {
	umask 022
	both push_tree NAME
}

@test "push.1 what is no file, folder or symlink is left out, with a line that says so" {
	run mgr-push -n web tree /root
	assert_success
	assert_output "mgr-push: web: 'tree/pipe' is left out: it is a fifo"
}

owners() {
	echo x >x
	chmod 640 x
	mgr-push -n "$1" x /root/plain
	mgr-push -n "$1" -u 7 -g 8 -m 4711 x /root/given
	assert_equal "$(there "$1" /root/plain /root/given)" $'0 0 640 /root/plain\n7 8 4711 /root/given'
}

@test "push.1 what is pushed belongs to root of the container, or to whom -u, -g and -m say" {
	both owners NAME
	mgr-push -n web -u alice x /root/hers
	assert_equal "$(there web /root/hers)" '1000 100 640 /root/hers'
	run mgr-push -n web -u nobody-there x /root/x
	assert_status 1
	assert_contains "no user 'nobody-there'"
}

keep() {
	mgr-push -n "$1" -p tree/one /root/kept
	assert_equal "$(there "$1" /root/kept)" '33 44 4750 /root/kept'
	mgr-pull -n "$1" -p /root/kept "kept-$1"
	assert_equal "$(stat -c '%u %g %a %Y' "kept-$1")" "33 44 4750 $(stat -c %Y tree/one)"
	assert_equal "$(getfattr --only-values -n user.color "kept-$1")" blue
	mgr-pull -n "$1" /root/kept "plain-$1"
	assert_equal "$(stat -c '%u %g %a' "plain-$1")" "0 0 750"
}

@test "push.1 --preserve keeps owners, all of the mode, times and attributes, and nothing else does" {
	chown 33:44 tree/one
	chmod 4750 tree/one
	setfattr -n user.color -v blue tree/one
	touch -d 2001-02-03 tree/one
	both keep NAME
}

streams() {
	echo text | mgr-push -n "$1" - /root/text
	run mgr-pull -n "$1" /root/text -
	assert_output text
	run mgr-push -n "$1" - /root </dev/null
	assert_status 1
	assert_contains "'/root' is a folder"
}

@test "push.1 - is standard input and standard output" {
	both streams NAME
	run mgr-pull -n web /root -
	assert_status 1
	assert_contains "standard output takes files"
}

@test "push.1 the target is a folder to copy into, or the new name, as with cp" {
	echo a >a
	echo b >b
	mgr-push -n rest a b /root
	mgr-push -n rest a /root/c
	mgr-push -n rest tree/inner/. /root/
	assert_equal "$(cd "$rest_root/root" && echo *)" "a again b c link"
	run mgr-push -n rest a b /root/a
	assert_status 1
	assert_contains "'/root/a' is not a folder"
	run mgr-push -n rest a /root/none/
	assert_status 1
	assert_output "mgr-push: rest: no such folder '/root/none/'"
	mgr-push -n rest --create-dirs a /root/none/more/
	assert_equal "$(cat "$rest_root/root/none/more/a")" a
	run mgr-pull -n rest /root/c none/
	assert_status 1
	mgr-pull -n rest --create-dirs /root/c none/
	assert_equal "$(cat none/c)" a
}

@test "push.1 what is mounted inside a running container is seen" {
	in_container web mount -t tmpfs none /mnt
	echo x >x
	mgr-push -n web x /mnt
	assert_equal "$(in_container web cat /mnt/x)" x
	mgr-pull -n web /mnt y
	assert_equal "$(cat y/x)" x
	in_container web umount /mnt
}

@test "push.1 a frozen container takes files and gives them" {
	mgr-freeze -n web
	echo x >x
	mgr-push -n web x /root/frozen
	run mgr-pull -n web /root/frozen -
	assert_output x
}

@test "push.1 a container at rest cannot be started while it is worked on" {
	mkfifo hold
	mgr-push -n rest hold /root/held 3>&- &
	local pusher=$!
	exec 7>hold
	wait_until 10 eval 'compgen -G "$rest_root/root/.mgr-*"'
	mgr-start -n rest 3>&- 7>&- &
	local starter=$!
	wait_until 10 eval 'pgrep -f -- "--up.* rest$" >/dev/null'
	echo whole >&7
	exec 7>&-
	wait "$pusher"
	wait "$starter"
	assert_equal "$(in_container rest cat /root/held)" whole
	# it got its name before the start came to bind the control socket
	[[ ! $(stat -c %.9Z "$MGR_ROOT/run/mgr/rest/control") < $(stat -c %.9Z "$rest_root/root/held") ]]
	mgr-stop -k -n rest
}

escape() {
	echo x >x
	if [ "$1" = web ]; then
		in_container web ln -s "/../../../..$outside" /root/out
	else
		ln -s "/../../../..$outside" "$rest_root/root/out"
	fi
	run mgr-push -n "$1" x root/out/stolen
	assert_status 1
	run mgr-pull -n "$1" root/out/x y
	assert_status 1
	run mgr-push -n "$1" x ../../../../../../root/up
	assert_success
	assert_equal "$(there "$1" /root/up)" '0 0 644 /root/up'
	[ ! -e "$outside/stolen" ]
	[ ! -e y ]
}

@test "push.2 no symlink of the guest's leads out, nor does .." {
	umask 022
	outside=$(mktemp -d /dev/shm/mgr-push.XXXXXX) # where every user may go
	chmod 777 "$outside"
	echo x >"$outside/x"
	both escape NAME
}

@test "push.2 a folder that comes out makes nothing outside of its target" {
	in_container web sh -c 'mkdir /root/bad && ln -s /etc /root/bad/sub'
	mkdir -p target/bad target/elsewhere
	ln -s ../elsewhere target/bad/sub
	mgr-pull -n web /root/bad target
	assert_equal "$(readlink target/bad/sub)" /etc
	in_container web sh -c 'rm /root/bad/sub; mkdir /root/bad/sub; echo evil >/root/bad/sub/file'
	ln -sfn ../elsewhere target/bad/sub
	run mgr-pull -n web /root/bad target
	assert_status 1
	assert_contains "make the folder 'target/bad/sub'"
	[ -z "$(ls target/elsewhere)" ]
}

@test "push.2 a fifo or device of the guest's is not opened, and is not written to" {
	in_container web mkfifo /root/pipe
	run within 10 mgr-pull -n web /root/pipe x
	assert_status 1
	assert_contains "'/root/pipe' is a fifo"
	run within 10 mgr-pull -n web /dev/null x
	assert_status 1
	run within 10 mgr-push -n web tree/one /root/pipe
	assert_status 1
	assert_contains "left alone"
}

@test "push.2 of a file that grows while it is read comes what it had" {
	in_container web sh -c 'head -c 20000000 /dev/zero >/root/grows'
	mkfifo out
	mgr-pull -n web /root/grows - >out 3>&- &
	local puller=$!
	exec 7<out
	head -c 100000 <&7 >grown # it is open: what follows is more than sockets hold
	in_container web sh -c 'head -c 5000000 /dev/zero >>/root/grows' 7<&-
	cat <&7 >>grown
	exec 7<&-
	wait $puller
	assert_equal "$(stat -c %s grown)" 20000000
}

@test "push.2 the kernel's file systems inside are left out of folders; a file of theirs can be had by its name" {
	run mgr-pull -n web / all
	assert_success
	assert_contains "'/proc' is left out"
	assert_contains "'/sys' is left out"
	[ -x all/bin/busybox ]
	[ ! -e all/proc ]
	mgr-pull -n web /proc/1/status status
	grep -q '^Name:' status
}

@test "push.3 on a full disk the old file stays, and nothing else" {
	in_container web sh -c 'mount -t tmpfs -o size=64k none /mnt && echo old >/mnt/file'
	head -c 1000000 /dev/zero >big
	run mgr-push -n web big /mnt/file
	assert_status 1
	assert_output "mgr-push: web: write '/mnt/file': No space left on device"
	assert_equal "$(in_container web sh -c 'ls -A /mnt; cat /mnt/file')" $'file\nold'
	in_container web umount /mnt
}

# started NAME: a push from a pipe that stays open; sets pusher
started() {
	rm -f hold
	mkfifo hold
	mgr-push -n "$1" - /root/half <hold 3>&- &
	pusher=$!
	exec 7>hold
	echo half >&7
	wait_until 10 eval 'compgen -G "$root/root/.mgr-*"'
}

killed() {
	root=$MGR_ROOT/var/lib/mgr/$1/rootfs
	started "$1"
	kill -KILL $pusher
	wait $pusher || true
	exec 7>&-
	wait_until 10 eval '! compgen -G "$root/root/.mgr-*"'
	[ ! -e "$root/root/half" ]
}

@test "push.3 a push that is killed leaves no file" {
	both killed NAME
}

@test "push.3 a read-only root file system says so" {
	container fixed -s rootfs.readonly=yes -s net.0.type=empty
	echo x >x
	run mgr-push -n fixed x /root/x
	assert_status 1
	assert_output "mgr-push: fixed: make '/root/x': Read-only file system"
}

@test "push.1 missing words and what is not there are named" {
	run mgr-push -n web
	assert_status 64
	run mgr-pull -n web /etc/passwd
	assert_status 64
	run mgr-pull -n web /no/such x
	assert_output "mgr-pull: web: open '/no/such': No such file or directory"
	assert_status 1
	run mgr-push -n web nonsuch /root
	assert_output "mgr-push: web: open 'nonsuch': No such file or directory"
	run mgr-push -n nobody x /root
	assert_status 1
	assert_contains "no such container"
	run mgr-push -n web -m 99 x /root
	assert_status 1
	assert_contains "mode"
}

@test "push.1 a place that each start mounts over takes nothing while the container is at rest" {
	local place
	echo x >x
	for place in /proc /dev/mine run/a//b /sys/; do
		run mgr-push -n rest x "$place"
		assert_status 1
		assert_contains "is mounted anew at each start"
	done
	run mgr-push -n rest --create-dirs x /root/run/
	assert_success
	[ -z "$(ls -A "$rest_root/run")" ]
	mgr-push -n web x /run/seen
	assert_equal "$(in_container web cat /run/seen)" x
}
