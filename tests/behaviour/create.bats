#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-create, and what its templates make.

load ../lib/common

setup() {
	common_setup
	store=$MGR_ROOT/var/lib/mgr
	mkdir -p "$BATS_TEST_TMPDIR/t"
}

# template NAME <<<SCRIPT: a template of the test's own; $template is its path. $rootfs and $path are set for SCRIPT.
template() {
	template=$BATS_TEST_TMPDIR/t/$1
	{
		cat <<-'END'
			#!/bin/sh
			for arg; do case $arg in --rootfs=*) rootfs=${arg#*=} ;; --path=*) path=${arg#*=} ;; esac; done
			mkdir -p "$rootfs/etc"
		END
		cat
	} >"$template"
	chmod 755 "$template"
}

# make NAME [OPTION...]: a container of a template that does nothing more.
make() {
	local name=$1
	shift
	template empty <<<':'
	forget_later "$name"
	mgr-create -n "$name" -t "$template" "$@"
}

# key NAME KEY: from the config as it is on disk.
key() {
	mgr-config -n "$1" get "$2"
}

address() {
	local uuid
	uuid=$(key "$1" container.uuid)
	readlink "$store/.leases/by-uuid/$uuid"
}

# Everything in the store but the registries' lock, hint and format files, and folders that stay.
listing() {
	find "$store" -mindepth 1 ! -name lock ! -name next ! -name format ! -name subnet | sort
}

# --- create.1 -----------------------------------------------------------------------------------------------------------

@test "create.1 uuid, hardware address, id range and address are allotted" {
	make web
	[[ $(key web container.uuid) =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$ ]]
	[[ $(key web net.0.hwaddr) =~ ^.[26ae](:[0-9a-f]{2}){5}$ ]] # locally administered, unicast
	mapfile -t map < <(key web container.idmap)
	[[ ${map[0]} =~ ^u\ 0\ ([0-9]+)\ 65536$ ]]
	((BASH_REMATCH[1] % 65536 == 0 && BASH_REMATCH[1] >= 65536))
	assert_equal "${map[1]}" "g 0 ${BASH_REMATCH[1]} 65536"
	[[ $(address web) =~ ^10\.1[0-9]+\.[0-9]+\.[0-9]+$ ]]
	assert_equal "$(key web uts.name)" web
}

@test "create.1 the options for common keys end up in the config" {
	make web --forward tcp:8080:80 --forward udp:5300:53 --memory 512M --cpus 1.5 --pids 77 -s net.0.mtu=1400
	assert_equal "$(key web forward.port)" $'tcp:8080:80\nudp:5300:53'
	assert_equal "$(key web limits.memory)" 512M
	assert_equal "$(key web limits.cpus)" 1.5
	assert_equal "$(key web limits.pids)" 77
	assert_equal "$(key web net.0.mtu)" 1400
}

@test "create.1 --ip chooses the address, and names who has it already" {
	make first
	local net
	net=$(cut -d. -f1,2 <<<"$(address first)")
	make web --ip "$net.7.8"
	assert_equal "$(address web)" "$net.7.8"
	run make other --ip "$net.7.8"
	assert_status 1
	assert_output "mgr-create: other: address $net.7.8 belongs to 'web'"
	run make other --ip 192.0.2.9
	assert_status 1
	assert_contains "192.0.2.9 is not in $net.0.0/16"
}

@test "create.1 it starts from default.conf, or from what -f names" {
	mkdir -p "$MGR_ROOT/etc/mgr"
	printf '[limits]\npids = 5\n[net.0]\ntype = empty\n' >"$MGR_ROOT/etc/mgr/default.conf"
	make web
	printf '[limits]\npids = 6\n' >"$BATS_TEST_TMPDIR/my.conf"
	make other -f "$BATS_TEST_TMPDIR/my.conf"
	rm "$MGR_ROOT/etc/mgr/default.conf"
	assert_equal "$(key web limits.pids)" 5
	[ ! -e "$store/.leases/by-uuid/$(key web container.uuid)" ]
	assert_equal "$(key other limits.pids)" 6
}

@test "create.1 a value that is refused names its option, and nothing is made" {
	make first
	listing >"$BATS_TEST_TMPDIR/before"
	run make web -s limits.pids=0
	assert_status 1
	assert_contains limits.pids
	run make web -s no.such=1
	assert_status 1
	run make web --ip 300.1.2.3
	assert_status 1
	assert_contains "300.1.2.3"
	run make web -f /no/such/file
	assert_status 1
	assert_contains /no/such/file
	run make .web
	assert_status 1
	run mgr-create -n web -t no-such-template
	assert_status 1
	assert_contains no-such-template
	run mgr-create -n web
	assert_status 64
	diff "$BATS_TEST_TMPDIR/before" <(listing)
}

@test "create.1 a value that is refused is heard of before a name that exists already" {
	make web
	run make web --memory 3X
	assert_status 1
	assert_match "^mgr-create: web: limits.memory: '3X' is not a size"
	run make web --forward tcp:80:80 -s net.0.type=empty
	assert_status 1
	assert_contains "mgr-create: web: forward.port: needs a [net.0] of type veth"
}

@test "create.1 idmap = none reserves no ids" {
	make web -s container.idmap=none
	[ ! -e "$store/.ids/by-uuid/$(key web container.uuid)" ]
	assert_equal "$(key web container.idmap)" none
}

@test "create.1 names are compared without case" {
	make Web
	run make web
	assert_status 1
	assert_output "mgr-create: web: 'Web' exists already: names are compared without case"
	run make Web
	assert_status 1
	assert_output "mgr-create: Web: exists already"
}

# --- create.2 -----------------------------------------------------------------------------------------------------------

@test "create.2 a template is called as LXC calls its own" {
	template args <<-'END'
		printf '%s\n' "$@" >"$rootfs/args"
		[ -d "$path" ] && [ -d "$rootfs" ]
	END
	forget_later web
	mgr-create -n web -t "$template" -- --release 'a b' -x
	run cat "$store/web/rootfs/args"
	[[ ${lines[0]} == --name=web && ${lines[1]} == --path=/* && ${lines[2]} == --rootfs=/*/rootfs ]]
	assert_equal "${lines[*]:3}" "--release a b -x"
	assert_equal "${#lines[@]}" 6
}

@test "create.2 what a template mounts is gone with it" {
	template mounts <<-'END'
		mkdir "$rootfs/mnt"
		mount -t tmpfs tmpfs "$rootfs/mnt" && : >"$rootfs/mnt/there"
	END
	forget_later web
	mgr-create -n web -t "$template"
	run ! grep -F "$MGR_ROOT" /proc/self/mountinfo
	[ ! -e "$store/web/rootfs/mnt/there" ]
}

@test "create.2 what a template leaves running is gone with it" {
	template daemon <<-'END'
		setsid sleep 1000.25 &
	END
	forget_later web
	mgr-create -n web -t "$template"
	run ! pgrep -f 'sleep 1000.25'
}

@test "create.2 template.conf is merged and removed, the command line wins" {
	template conf <<-'END'
		printf '[init]\nready = port:80\n[limits]\npids = 50\n' >"$path/template.conf"
	END
	forget_later web
	mgr-create -n web -t "$template" --pids 60
	assert_equal "$(key web init.ready)" port:80
	assert_equal "$(key web limits.pids)" 60
	[ ! -e "$store/web/template.conf" ]
}

@test "create.2 --help behind -- shows the template's options on stdout, with a name or without, and makes nothing" {
	local help
	for help in "-n web -t busybox -- --help" "-t busybox -- -h"; do
		# shellcheck disable=SC2086
		run --separate-stderr mgr-create $help
		assert_success
		assert_equal "$stderr" ""
		assert_contains "--busybox-path FILE"
	done
	run --separate-stderr mgr-create -t debian -- --help
	assert_success
	for help in --suite --mirror --variant --packages --hostname; do
		assert_contains "$help"
	done
	[ ! -e "$store/web" ]
	run mgr-create -h
	assert_contains "'mgr-create -t TEMPLATE -- --help' shows its own options"
}

@test "create.2 a name that no template has is answered with those that there are" {
	run mgr-create -n web -t nosuch
	assert_status 1
	assert_output "mgr-create: web: template 'nosuch': there is none of that name; there are busybox, debian,\
 or the path of a program"
}

@test "create.2 an option that a template does not know is an unknown option" {
	local name
	for name in busybox debian; do
		run mgr-create -n web -t $name -- --badarg
		assert_status 1
		assert_output "unknown option '--badarg'"$'\n'"mgr-create: web: template '$name': exit status 1"
		[ ! -e "$store/web" ]
	done
}

# --- create.3 -----------------------------------------------------------------------------------------------------------

@test "create.3 a template that fails leaves nothing, and its status and last lines are shown" {
	template fails <<-'END'
		seq 100; echo 'the disk is made of cheese' >&2
		mkdir "$rootfs/dir"
		exit 7
	END
	make first
	listing >"$BATS_TEST_TMPDIR/before"
	run --separate-stderr mgr-create -n web -t "$BATS_TEST_TMPDIR/t/fails"
	assert_status 1
	assert_equal "$output" ""
	output=$stderr
	assert_match $'100\nthe disk is made of cheese\nmgr-create: web: template \'fails\': exit status 7$'
	refute_contains $'\n50\n'
	diff "$BATS_TEST_TMPDIR/before" <(listing)
}

@test "create.3 a template that ends well and leaves nothing has failed" {
	make first
	listing >"$BATS_TEST_TMPDIR/before"
	printf '#!/bin/sh\n:\n' >"$template"
	run mgr-create -n web -t "$template"
	assert_status 1
	assert_output "mgr-create: web: template '$template' left an empty root file system"
	diff "$BATS_TEST_TMPDIR/before" <(listing)
}

@test "create.3 a Debian release that is not to be had leaves nothing in the cache" {
	local tmp
	tmp=$(mktemp -d /tmp/mgr-cache.XXXXXX) # /tmp is the template's own meanwhile
	for MGR_CACHE in "$BATS_TEST_TMPDIR/cache" "$tmp/cache"; do
		export MGR_CACHE
		run mgr-create -n web -t debian -- --suite no-such-suite --mirror file:///no/such/mirror
		assert_status 1
		assert_match "template 'debian': exit status [0-9]+\$"
		assert_equal "$(find "$MGR_CACHE" -type f)" ""
	done
	rm -r "$tmp"
}

@test "create.3 a template that cannot be run says why" {
	printf '#!/no/such/shell\n' >"$BATS_TEST_TMPDIR/t/broken"
	chmod 755 "$BATS_TEST_TMPDIR/t/broken"
	run mgr-create -n web -t "$BATS_TEST_TMPDIR/t/broken"
	assert_status 1
	assert_contains "run it: No such file or directory"
	[ ! -e "$store/web" ]
}

# A create whose template waits, in the background: $creating is its pid.
begin_create() {
	template waits <<-END
		: >"\$rootfs/file"
		(sleep 1000.5) &
		echo >"$BATS_TEST_TMPDIR/began"
		sleep 1000.5
	END
	# bash starts what runs in the background with SIGINT ignored
	env --default-signal=INT mgr-create -n web -t "$template" 3>&- &
	creating=$!
	forget_later web
	wait_until 10 test -e "$BATS_TEST_TMPDIR/began"
}

no_sleeper() {
	! pgrep -f 'sleep 1000.5' >/dev/null
}

@test "create.3 SIGINT ends the template with all that it started, and undoes everything" {
	make first
	listing >"$BATS_TEST_TMPDIR/before"
	local signal
	for signal in TERM HUP INT; do
		begin_create
		kill "-$signal" "$creating"
		status=0
		wait "$creating" || status=$?
		assert_status $((128 + $(kill -l "$signal")))
		no_sleeper
		diff "$BATS_TEST_TMPDIR/before" <(listing)
		rm "$BATS_TEST_TMPDIR/began"
	done
}

@test "create.3 SIGKILL ends the template too; what is left is no container, and the next create clears it" {
	make first
	listing >"$BATS_TEST_TMPDIR/before"
	begin_create
	kill -KILL "$creating"
	wait "$creating" || true
	wait_until 10 no_sleeper
	[ ! -e "$store/web" ]
	run mgr-config -n web show
	assert_status 1
	assert_contains "no such container"
	make other
	mgr-destroy -n other
	diff "$BATS_TEST_TMPDIR/before" <(listing)
	make web
	[ ! -e "$store/web/rootfs/file" ]
}

@test "create.3 a start and a change of configuration clear what is left, too" {
	container first
	template empty <<<':'
	run env MGR_DEBUG_KILL=create:filled mgr-create -n web -t "$template"
	[ -e "$store/.new/web" ]
	mgr-config -n first set limits.pids 100
	[ ! -e "$store/.new" ]
	run env MGR_DEBUG_KILL=create:filled mgr-create -n web -t "$template"
	[ -e "$store/.new/web" ]
	boot first
	[ ! -e "$store/.new" ]
}

@test "create.3 killed at any point, the next command that writes clears what is left" {
	make first
	listing >"$BATS_TEST_TMPDIR/before"
	local point
	for point in claimed reserved filled configured; do
		run env MGR_DEBUG_KILL="create:$point" mgr-create -n web -t "$template"
		assert_status 137
		[ ! -e "$store/web" ]
		run mgr-destroy -n web
		assert_status 1
		assert_contains "no such container"
		diff "$BATS_TEST_TMPDIR/before" <(listing)
	done
	# past this point it is a container
	forget_later web
	run env MGR_DEBUG_KILL=create:renamed mgr-create -n web -t "$template"
	assert_status 137
	[ -n "$(key web container.uuid)" ]
	mgr-destroy -n web
	diff "$BATS_TEST_TMPDIR/before" <(listing)
}

# --- create.4 -----------------------------------------------------------------------------------------------------------

@test "create.4 busybox: init, log, web server, getty and DHCP client run, without a network to fetch from" {
	container web
	boot web
	wait_until 10 in_container web sh -c 'pidof syslogd && pidof getty && pidof httpd'
	run in_container web wget -q -O - http://127.0.0.1/
	assert_success
	assert_contains "This is web"
	run in_container web readlink /proc/1/exe
	assert_output /bin/busybox
	run in_container web busybox true
	assert_success
	run in_container web pidof udhcpc
	assert_success
	in_container web grep -q nameserver /etc/resolv.conf
	assert_equal "$(in_container web ip -4 -o addr show dev eth0 | grep -o 'inet [0-9.]*')" "inet $(address web)"
}

@test "create.4 busybox: the web server is started once, not respawned" {
	container web
	boot web
	wait_until 10 in_container web pidof httpd
	in_container web sh -c 'kill -KILL $(pidof httpd)'
	in_container web sh -c 'pidof syslogd >/tmp/was; kill -KILL $(cat /tmp/was)' # init respawns this one, and would have the other
	wait_until 10 in_container web sh -c 'is=$(pidof syslogd) && [ "$is" != "$(cat /tmp/was)" ]'
	run ! in_container web pidof httpd
}

@test "create.4 busybox: ready is exec, nobody has a password, all is root's" {
	container web
	assert_equal "$(key web init.ready)" exec
	run grep -v '^[a-z-]*:\*:' "$store/web/rootfs/etc/shadow"
	assert_output ""
	run find "$store/web/rootfs" ! -user 0
	assert_output ""
}

# --- create.5 -----------------------------------------------------------------------------------------------------------

debian() {
	container "$1" -t debian -- --suite bookworm "${@:2}"
}

@test "create.5 debian: from the cache without a network, in under 2 s" {
	local best=99999 took i
	for i in 1 2 3; do
		took=$(date +%s%N)
		debian "deb$i"
		took=$((($(date +%s%N) - took) / 1000000))
		((took >= best)) || best=$took
	done
	((best < 2000 * patience)) || show "$best ms"
}

@test "create.5 debian: own machine-id and name, nothing of this machine's inside" {
	debian one
	debian two --hostname its-own
	[[ $(<"$store/one/rootfs/etc/machine-id") =~ ^[0-9a-f]{32}$ ]]
	[ "$(<"$store/one/rootfs/etc/machine-id")" != "$(<"$store/two/rootfs/etc/machine-id")" ]
	assert_equal "$(<"$store/one/rootfs/etc/hostname")" one
	assert_equal "$(<"$store/two/rootfs/etc/hostname")" its-own
	[ ! -e "$store/one/rootfs/etc/resolv.conf" ]
	run grep -rswF "$(uname -n)" "$store/one/rootfs/etc/hosts" "$store/one/rootfs/etc/hostname"
	assert_output ""
	run grep -rsi 'proxy' "$store/one/rootfs/etc/apt/apt.conf.d"
	assert_output ""
	run find "$store/one/rootfs/dev" "$store/one/rootfs/run" "$store/one/rootfs/tmp" -mindepth 1
	assert_output ""
}

@test "create.5 debian: each container has ssh host keys of its own" {
	# sshd takes no network to be there: a base with one that stands in for it, whichever of those in the cache it is
	local cache=$BATS_TEST_TMPDIR/cache
	mkdir -p "$cache"
	cp -r --reflink=auto "$MGR_CACHE/debian" "$cache/"
	mkdir -p "$BATS_TEST_TMPDIR/more/usr/sbin" "$BATS_TEST_TMPDIR/more/usr/bin" "$BATS_TEST_TMPDIR/more/etc/ssh"
	printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/more/usr/sbin/sshd"
	printf '#!/bin/sh\ncat /proc/sys/kernel/random/uuid /dev/null 2>/dev/null >/etc/ssh/ssh_host_key\necho "$*" >/etc/ssh/args\n' \
		>"$BATS_TEST_TMPDIR/more/usr/bin/ssh-keygen"
	chmod 755 "$BATS_TEST_TMPDIR/more/usr/sbin/sshd" "$BATS_TEST_TMPDIR/more/usr/bin/ssh-keygen"
	find "$cache/debian" -name 'bookworm-*.tar' -exec \
		tar -C "$BATS_TEST_TMPDIR/more" -rf '{}' ./usr/sbin/sshd ./usr/bin/ssh-keygen ./etc/ssh \;
	MGR_CACHE=$cache debian one
	assert_equal "$(<"$store/one/rootfs/etc/ssh/args")" "-q -A"
	[ -s "$store/one/rootfs/etc/ssh/ssh_host_key" ]
}

@test "create.5 debian: refuses what it does not know" {
	run debian one --no-such-option x
	assert_status 1
	assert_contains "unknown option '--no-such-option'"
	run debian one --suite '../x'
	assert_status 1
	assert_contains "is not the name of a Debian release"
}

# --- create.6 -----------------------------------------------------------------------------------------------------------

@test "create.6 in a pipe it is silent" {
	template talks <<<'echo one; echo two >&2'
	forget_later web
	run --separate-stderr mgr-create -n web -t "$template"
	assert_success
	assert_equal "$output$stderr" ""
}

@test "create.6 on a terminal it shows the template's progress" {
	template talks <<<'echo unpacking the thing'
	forget_later web
	run script -qec "mgr-create -n web -t '$template'" /dev/null
	assert_success
	assert_contains "mgr-create: web: unpacking the thing"
}

# --- create.7 -----------------------------------------------------------------------------------------------------------

@test "create.7 ten at once have ten ranges, hardware addresses and addresses" {
	template empty <<<':'
	local i pids=()
	for i in {1..10}; do
		forget_later "c$i"
		mgr-create -n "c$i" -t "$template" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	for i in {1..10}; do
		key "c$i" container.idmap | head -n 1
	done | sort -u >"$BATS_TEST_TMPDIR/maps"
	for i in {1..10}; do key "c$i" net.0.hwaddr; done | sort -u >"$BATS_TEST_TMPDIR/macs"
	for i in {1..10}; do address "c$i"; done | sort -u >"$BATS_TEST_TMPDIR/addresses"
	assert_equal "$(cat "$BATS_TEST_TMPDIR"/{maps,macs,addresses} | wc -l)" 30
}

@test "create.7 of ten at once with one name exactly one wins" {
	template slow <<<'sleep 0.2; echo $$ >"$rootfs/who"'
	local i pids=() won=0 name
	make first
	listing | sed 's/[0-9a-f-]\{36\}//' | sort >"$BATS_TEST_TMPDIR/before"
	forget_later web
	forget_later Web
	for i in {1..10}; do
		name=web
		((i % 2)) || name=Web
		mgr-create -n "$name" -t "$BATS_TEST_TMPDIR/t/slow" 2>>"$BATS_TEST_TMPDIR/said" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" && won=$((won + 1)); done
	assert_equal "$won" 1
	assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/said")" 9
	assert_equal "$(find "$store" -maxdepth 1 -iname web | wc -l)" 1
	assert_equal "$(find "$store/.ids/by-slot" -type l | wc -l)" 2
	assert_equal "$(find "$store/.leases/by-slot" -type l | wc -l)" 2
}

# --- create.8 -----------------------------------------------------------------------------------------------------------

as_user() { # through a shell: setpriv itself still has its capabilities when it looks for the program
	setpriv --reuid 65534 --regid 65534 --clear-groups sh -c '"$@"' sh "$@"
}

@test "create.8 the store is root's alone throughout" {
	container web
	local dir
	for dir in "$store" "$store/web" "$store/.ids" "$store/.leases" "$MGR_ROOT/run/mgr" "$MGR_ROOT/var/log/mgr"; do
		assert_equal "$(stat -c '%U:%G %a' "$dir")" "root:root 700"
	done
	assert_equal "$(stat -c '%U:%G %a' "$store/web/config")" "root:root 600"
}

@test "create.8 an ordinary user can list, read and run nothing, a setuid file included" {
	container web
	boot web
	in_container web sh -c 'cp /bin/busybox /bin/its-own && chmod 4755 /bin/its-own'
	assert_equal "$(stat -c '%u %a' "$store/web/rootfs/bin/its-own")" "0 4755"
	chmod 755 "$MGR_LAB" "$MGR_ROOT" # so that the store's own mode is what holds
	run as_user ls "$MGR_ROOT/var/lib"
	assert_success
	local path
	for path in "$store" "$store/web" "$store/web/rootfs" "$store/.ids"; do
		run as_user ls "$path"
		assert_contains "Permission denied"
	done
	run as_user cat "$store/web/config"
	assert_contains "Permission denied"
	run as_user "$store/web/rootfs/bin/its-own" id
	assert_contains "Permission denied"
	refute_contains "uid="
}

@test "create.8 while a template runs nothing is open either" {
	begin_create
	chmod 755 "$MGR_LAB" "$MGR_ROOT"
	run as_user ls "$store"/.new/web/*/rootfs
	assert_contains "Permission denied"
	kill "$creating"
	wait "$creating" || true
}

@test "create.8 a store that others may enter is refused" {
	make first
	chmod 711 "$store"
	run make web
	chmod 700 "$store"
	assert_status 1
	assert_contains "open to other users (mode 0711)"
	[ ! -e "$store/web" ]
}

@test "create.8 nothing is started from a store that others may enter" {
	make first
	chmod 711 "$store"
	run mgr-start -n first
	chmod 700 "$store"
	assert_status 1
	assert_contains "open to other users (mode 0711)"
}
