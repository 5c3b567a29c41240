#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ways into a new container: its console, ssh, and none but mgr-attach without the options.

load ../lib/common

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	printf 'g e:h$x"i\\m\nsecond line\n' >password
	ssh-keygen -q -t ed25519 -N '' -f key
	ssh-keygen -q -t ed25519 -N '' -f other
	mgr-create -n deb -t debian -B dir --forward tcp:2222:22 -- --ssh-key key.pub --user joe --root-password-file password
	mgr-create -n bb -t busybox -B dir -- --user joe --root-password-file password
	mgr-start -n deb -n bb --wait=60
}

teardown_file() {
	mgr-destroy -f -n deb -n bb
}

setup() {
	common_setup
	store=$MGR_ROOT/var/lib/mgr
	cd "$BATS_FILE_TMPDIR" || return
}

# ssh_to KEY USER@HOST ARG...
ssh_to() {
	local key=$1
	shift
	ssh -n -q -i "$key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes \
		-o ConnectTimeout=10 -F /dev/null "$@"
}

# log_in NAME PASSWORD [WRONG-PASSWORD]: as root on its console, and leave a file behind. A login program writes its question and
# turns echo off then: who types it by program has to wait for that.
log_in() {
	local name=$1 password wrong=()
	password=('expect:login: ' 'send:root\r' 'expect:assword: ' "until:mgr-attach -n $name -- stty -a -F /dev/console | grep -q ' -echo '")
	[ -z "${3-}" ] || wrong=("${password[@]}" "send:$3\\r" 'expect:incorrect')
	"$BATS_TEST_DIRNAME/../lib/terminal" "${wrong[@]}" "${password[@]}" "send:$2\\r" 'expect:[#] ' \
		'send:echo in >/root/in; exit\r' 'expect:login: ' 'send:\x01q' -- mgr-console -n "$name"
}

# locked ROOTFS NAME...: nobody has a password but these.
locked() {
	local rootfs=$1
	shift
	[ -s "$rootfs/etc/shadow" ]
	assert_equal "$(stat -c %a "$rootfs/etc/shadow" | tr 4 0)" 600
	assert_equal "$(awk -F: '$2 !~ /^[*!]/ { print $1 }' "$rootfs/etc/shadow")" "$*"
	assert_equal "$(awk -F: '$2 != "x" { print $1 }' "$rootfs/etc/passwd")" ""
}

@test "login.1 debian: root logs in on the console with the password of --root-password-file" {
	log_in deb 'g e:h$x"i\\m'
	[ -e "$store/deb/rootfs/root/in" ]
	locked "$store/deb/rootfs" root
}

@test "login.1 busybox: root logs in on the console with the first line of --root-password-file, and no other" {
	log_in bb 'g e:h$x"i\\m' 'second line'
	[ -e "$store/bb/rootfs/root/in" ]
	locked "$store/bb/rootfs" root
	in_container bb sh -c '[ "$(stat -c %U /home/joe)" = joe ] && grep -q "^joe:!:" /etc/shadow'
}

@test "login.1 debian: by ssh with the key, from another machine, as the user of --user, who is root by sudo" {
	make_machine peer
	run on peer bash -c "$(declare -f ssh_to); ssh_to '$PWD/key' -p 2222 joe@$here_ip 'id -un; sudo id -un'"
	assert_success
	assert_output $'joe\nroot'
	run ssh_to other -p 22 "joe@$(container_ip deb)" true
	assert_status 255
	run ssh_to key -p 22 "root@$(container_ip deb)" true # the key is the user's
	assert_status 255
}

@test "login.1 debian: without --user the key is root's" {
	container web -t debian -- --ssh-key key.pub
	assert_equal "$(<"$store/web/rootfs/root/.ssh/authorized_keys")" "$(<key.pub)"
	assert_equal "$(stat -c '%a %u:%g' "$store/web/rootfs/root/.ssh" "$store/web/rootfs/root/.ssh/authorized_keys")" \
		$'700 0:0\n600 0:0'
	locked "$store/web/rootfs"
	boot web
	run ssh_to key "root@$(container_ip web)" id -un
	assert_output root
}

@test "login.1 debian: --user alone starts no ssh server" {
	container web -t debian -- --user joe
	locked "$store/web/rootfs"
	run find "$store/web/rootfs/etc/systemd/system" -name 'ssh*.service' -path '*wants*'
	assert_output ""
}

@test "login.1 without the options nobody has a password, and mgr-attach is the way in" {
	container one -t debian
	locked "$store/one/rootfs"
	container two
	locked "$store/two/rootfs"
	boot two
	run in_container two id -un
	assert_output root
}

@test "login.1 the password is in no log, no configuration, no base of the cache and no command line" {
	grep -rq joe "$store/deb/rootfs/etc" # the search below would find it
	run grep -rlaF 'g e:h$x' "$MGR_ROOT/var/log" "$MGR_ROOT/run" "$store/deb/config" "$store/deb/rootfs/etc" "$store/bb/rootfs/etc"
	assert_output ""
	local base
	for base in "$MGR_CACHE"/debian/*.tar; do
		run bash -c "tar -xOf '$base' ./etc/shadow | awk -F: '\$2 !~ /^[*!]/'"
		assert_output ""
		run bash -c "tar -tf '$base' | grep -E '/authorized_keys$|ssh_host_.*key|home/joe'"
		assert_output ""
	done
	within 20 strace -f -qq -e trace=execve -s 4096 -o trace mgr-create -n traced -t busybox -- --root-password-file password
	mgr-destroy -n traced
	grep -q 'execve.*perl' trace
	run grep -F 'g e:h' trace
	assert_output ""
}

@test "login.1 what cannot be used is refused, and nothing is made" {
	local template args words
	while IFS='|' read -r template args words; do
		# shellcheck disable=SC2086 # words
		run mgr-create -n web -t "$template" -- $args
		assert_status 1
		assert_contains "$words"
		[ ! -e "$store/web" ]
	done <<-END
		busybox|--ssh-key key.pub|busybox has no ssh server
		busybox|--root-password-file none|'none' cannot be read
		debian|--root-password-file /etc|'/etc' cannot be read, or is no file
		debian|--root-password-file /dev/null|holds no password in its first line
		busybox|--user root|there is a 'root' already
		debian|--user daemon --ssh-key key.pub|there is a 'daemon' already
		debian|--user Joe|'Joe' is not a user's name
		debian|--user=|--user needs a value
		busybox|--user a:b|'a:b' is not a user's name
		debian|--ssh-key key|is a private key
		debian|--ssh-key password|holds no public key
		debian|--ssh-key none|'none' cannot be read
	END
}
