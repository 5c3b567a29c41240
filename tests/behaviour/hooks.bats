# SPDX-License-Identifier: LGPL-2.1-or-later
# The hooks that mgr ships.
load ../lib/common

setup_file() {
	# root's own, wherever the stage is
	mkdir -p /run/hooks
	install "$STAGE"/share/mgr/hooks/* /run/hooks
	export HOOKS=/run/hooks
}

# listen STATUS: $seen/body and $seen/headers have what is sent to port 8123.
listen() {
	seen=$BATS_TEST_TMPDIR
	rm -f "$seen/body" "$seen/headers"
	"$BATS_TEST_DIRNAME/../lib/http-listener" 8123 "$1" "$seen" 3>&- &
	listener=$!
	wait_until 10 tcp_open 127.0.0.1 8123
}

teardown() {
	[ -z "${listener-}" ] || kill "$listener"
	common_teardown
}

# without PROGRAM COMMAND...: with a PATH that lacks it.
without() {
	local program=$1 path=$BATS_TEST_TMPDIR/bin dir
	shift
	mkdir -p "$path"
	for dir in /usr/bin /bin /usr/sbin /sbin; do
		find "$dir/" -maxdepth 1 ! -name "$program" ! -type d -exec ln -sft "$path" {} + 2>/dev/null || true
	done
	PATH=$path "$@"
}

@test "hook.8 notify-webhook tells a web service what happens, in JSON" {
	listen 204
	container web -s net.0.type=empty -s "hook.start-host=$HOOKS/notify-webhook -H 'X-Token: a \"b\"' http://127.0.0.1:8123/x" \
		-s "hook.post-stop=$HOOKS/notify-webhook http://127.0.0.1:8123/x"
	boot web
	run jq -r '.container, .event, has("target"), .host, .time' "$seen/body"
	assert_match "^web
start-host
false
$(uname -n)
20[0-9-]+T[0-9:]+Z$"
	run cat "$seen/headers"
	assert_contains "Content-Type: application/json"
	assert_contains 'X-Token: a "b"'
	mgr-stop -k -n web
	run jq -r '.event, .target' "$seen/body"
	assert_output "post-stop
stop"
}

@test "hook.8 notify-webhook sends by wget where there is no curl, and says so where there is neither" {
	listen 200
	export MGR_NAME=web MGR_HOOK_TYPE=start MGR_TARGET='a"b\c'
	run without curl "$HOOKS/notify-webhook" -H 'X-Token: wget' http://127.0.0.1:8123/x web lxc start
	assert_success
	run jq -r .target "$seen/body"
	assert_output 'a"b\c'
	run cat "$seen/headers"
	assert_contains "X-Token: wget"
	assert_contains "Content-Type: application/json"
	run without curl rm "$BATS_TEST_TMPDIR/bin/wget"
	PATH=$BATS_TEST_TMPDIR/bin run "$HOOKS/notify-webhook" http://127.0.0.1:8123/x web lxc start
	assert_status 1
	assert_output "notify-webhook: needs curl or wget: install one of these packages"
}

@test "hook.8 a web service that refuses ends the start, unless it may be passed over" {
	listen 500
	container web -s net.0.type=empty -s "hook.pre-start=$HOOKS/notify-webhook http://127.0.0.1:8123/x"
	run mgr-start -n web
	assert_status 1
	assert_contains "hook-pre-start: '$HOOKS/notify-webhook': exit status"
	assert_contains 500
	mgr-config -n web set hook.pre-start "$HOOKS/notify-webhook -i http://127.0.0.1:8123/x"
	run mgr-start -n web
	assert_success
	export MGR_NAME=web MGR_HOOK_TYPE=start
	run without curl "$HOOKS/notify-webhook" http://127.0.0.1:8123/x
	assert_status 1
	assert_contains "notify-webhook: http://127.0.0.1:8123/x: wget: exit status 8"
}

@test "hook.8 ssh-key lets the owner of a key in, once, as the user's own file" {
	printf '# mine\nssh-ed25519 AAAA one\n\nssh-ed25519 BBBB two\n' >/run/keys.pub
	container web -s net.0.type=empty -s "hook.mount=$HOOKS/ssh-key /run/keys.pub" -s "hook.mount+=$HOOKS/ssh-key 'ssh-rsa CCCC three'" \
		-s "hook.mount+=$HOOKS/ssh-key -u me 'ssh-rsa DDDD me'"
	echo "me:x:1000:1000::/home/me:/bin/sh" >>"$MGR_ROOT/var/lib/mgr/web/rootfs/etc/passwd"
	mkdir -p "$MGR_ROOT/var/lib/mgr/web/rootfs/home/me"
	boot web
	mgr-stop -k -n web
	boot web
	run in_container web sh -c 'cat /root/.ssh/authorized_keys; stat -c "%u %a" /root/.ssh /root/.ssh/authorized_keys'
	assert_output "ssh-ed25519 AAAA one
ssh-ed25519 BBBB two
ssh-rsa CCCC three
0 700
0 600"
	run in_container web sh -c 'cat /home/me/.ssh/authorized_keys; stat -c "%u %a" /home/me/.ssh /home/me/.ssh/authorized_keys'
	assert_output "ssh-rsa DDDD me
1000 700
1000 600"
}

@test "hook.8 ssh-key follows no link of the guest's, and says what is missing" {
	local rootfs=$MGR_ROOT/var/lib/mgr/web/rootfs
	container web -s net.0.type=empty -s "hook.mount=$HOOKS/ssh-key 'ssh-rsa CCCC three'"
	mkdir -m 777 /run/target
	ln -s /run/target "$rootfs/root/.ssh"
	run mgr-start -n web
	assert_status 1
	assert_contains "ssh-key: '/root/.ssh' is a link in the container: not followed"
	rm "$rootfs/root/.ssh"
	mkdir "$rootfs/root/.ssh"
	ln -s /run/target/keys "$rootfs/root/.ssh/authorized_keys"
	run mgr-start -n web
	assert_contains "ssh-key: '/root/.ssh/authorized_keys' is a link in the container: not followed"
	rm "$rootfs/root/.ssh/authorized_keys"
	sed -i 's|:/root:|:/root/../../run:|' "$rootfs/etc/passwd"
	run mgr-start -n web
	assert_contains "is no plain path"
	[ -z "$(ls /run/target)" ]
	run mgr-start -n web -s "hook.mount=$HOOKS/ssh-key -u nobodyhere 'ssh-rsa x'"
	assert_contains "ssh-key: the container has no user 'nobodyhere'"
	echo k >/run/secret.pub
	chmod 600 /run/secret.pub
	run mgr-start -n web -s "hook.mount=$HOOKS/ssh-key /run/secret.pub"
	assert_contains "ssh-key: '/run/secret.pub' cannot be read by the container's root: chmod a+r it"
}

@test "hook.8 ssh-key takes nothing but keys and absolute paths" {
	local wrong
	container web -s net.0.type=empty
	for wrong in "" "me.pub" "'keys of mine'" "ssh-rsa" "-u root"; do
		run mgr-start -n web -s "hook.mount=$HOOKS/ssh-key${wrong:+ $wrong}"
		assert_status 1
		assert_contains "is no key such as ssh-ed25519 AAAA..., and no absolute path"
	done
	echo "not a key" >/run/not-a-key
	run mgr-start -n web -s "hook.mount=$HOOKS/ssh-key /run/not-a-key"
	assert_contains "'not a key' is no key"
	[ ! -e "$MGR_ROOT/var/lib/mgr/web/rootfs/root/.ssh" ]
	mgr-start -n web -s "hook.mount=$HOOKS/ssh-key 'from=\"10.0.0.1\" ecdsa-sha2-nistp256 AAAA me'"
	run in_container web cat /root/.ssh/authorized_keys
	assert_output 'from="10.0.0.1" ecdsa-sha2-nistp256 AAAA me'
	mgr-stop -k web
}

@test "hook.8 wait-online waits for a default route whose cable carries, and no longer than it may" {
	local starter
	container web -t busybox -s net.0.type=empty -s "hook.pre-start=$HOOKS/wait-online -t 20"
	run mgr-start -n web -s "hook.pre-start=$HOOKS/wait-online -6 -t 1"
	assert_status 1
	assert_output "mgr-start: web: hook-pre-start: '$HOOKS/wait-online': exit status 1: wait-online: no default route within 1 s"
	make_machine peer
	on peer ip link set eth0 down
	ip route add default via "$peer_ip"
	mgr-start -n web &
	starter=$!
	wait_until 10 pgrep -f "ip monitor"
	state_is web STARTING
	on peer ip link set eth0 up
	wait "$starter"
	state_is web RUNNING
	run pgrep -f "ip monitor"
	assert_output ""
	mgr-stop -k -n web
	run mgr-start -n web -s "hook.pre-start=$HOOKS/wait-online -i to-peer"
	assert_success
	ip route del default
}
