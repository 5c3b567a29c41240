# SPDX-License-Identifier: LGPL-2.1-or-later
load ../lib/common

setup() {
	common_setup
	folder=$MGR_ROOT/var/lib/mgr/web
	(umask 077 && mkdir -p "$folder")
	stored <<-'END'
		# The web server.

		[rootfs]
		path = dir:/srv/web

		; its network
		[net.0]
		  link=br7     ; not a comment
	END
	sed -i 's/ *; not a comment//' "$folder/config"
}

teardown() {
	rm -rf "$folder" "$MGR_ROOT/etc/mgr/mgr.conf"
	common_teardown
}

# The container's config, from stdin.
stored() {
	cat >"$folder/config"
}

on_terminal() {
	"$BATS_TEST_DIRNAME/../lib/terminal" -- "$@"
}

# refused MESSAGE: showing the config fails with this line, whose place is the file.
refused() {
	run mgr-config -n web show
	assert_status 1
	assert_equal "$output" "mgr-config: web: $folder/config:$1"
}

@test "conf.1 every section reads" {
	stored <<-'END'
		version = 1
		[container]
		uuid = 6f1c0f0e-0d5b-4d8e-9a57-3f1f1c2b4a90
		idmap = u 0 1048576 65536
		idmap = g 0 1048576 65536
		[uts]
		name = web.example
		[rootfs]
		path = dir:/srv/web
		[mount]
		cgroup = v2
		[net.0]
		hwaddr = 02:16:3e:00:00:01
		[net.1]
		link = br7
		ipv4.address = 192.0.2.7/24
		[forward]
		port = tcp:8080:80
		port = udp:127.0.0.1:5300:53
		[limits]
		memory = 512M
		cpus = 1.5
		[cap]
		drop = sys_time
		[seccomp]
		profile = none
		[apparmor]
		profile = unconfined
		[init]
		ready = port:80
		[signal]
		halt = SIGRTMIN+3
		[environment]
		LANG = C.UTF-8
	END
	run mgr-config -n web show
	assert_success
	while read -r line; do
		assert_contains "$line"
	done <"$folder/config"
}

@test "conf.1 an error has file, line, key and what would be right" {
	stored <<<$'[rootfs]\npath = dir:/x\n[net.0]\nmtu = 12'
	refused "4: net.0.mtu: '12' is not a whole number from 68 to 65535"
	stored <<<$'[limits]\nmemory = 0'
	refused "2: limits.memory: '0' is out of range: 4096 to 9223372036854775807 bytes"
	stored <<<$'[net.0]\ntype = none'
	refused "2: net.0.type: 'none' means the host's network to LXC: write host for that, empty for lo alone"
	stored <<<$'[net.0]\nipv4.gateway = yes'
	refused "2: net.0.ipv4.gateway: 'yes' is not none, auto, dev or an IPv4 address such as 10.0.3.1"
	stored <<<$'[forward]\nport = tcp:0:80'
	refused "2: forward.port: 'tcp:0:80' has a port that is not a number from 1 to 65535 or a rising range of them"
}

@test "net.20 a forward of an IPv6 address is written in brackets" {
	container six --forward 'tcp:[2001:DB8::1]:80:80'
	assert_equal "$(mgr-config -n six get forward.port)" 'tcp:[2001:db8::1]:80:80'
	run mgr-config -n six add forward.port 'tcp:2001:db8::1:81:80'
	assert_status 1
	assert_contains "forward.port: 'tcp:2001:db8::1:81:80'"
	run mgr-config -n six add forward.port 'tcp:[2001:db8::1:81:80'
	assert_status 1
	run mgr-config -n six add forward.port 'udp:[::g]:81:80'
	assert_status 1
}

@test "conf.1 an unknown key or section is an error that suggests the nearest" {
	stored <<<$'[limits]\nmemroy = 1G'
	refused "2: limits: unknown key 'memroy'; did you mean 'memory'?"
	stored <<<'[limit]'
	refused "1: unknown section [limit]; did you mean [limits]?"
	stored <<<$'memory = 1G'
	refused "1: 'memory' stands above the first [section]"
}

@test "conf.1 a key as LXC writes it is answered with where it stands here" {
	stored <<<'lxc.net.0.link = br0'
	refused "1: 'lxc.net.0.link' is LXC's: here it is 'link' in [net.0]"
	stored <<<$'[net.0]\nlxc.idmap = u 0 100000 65536'
	refused "2: 'lxc.idmap' is LXC's: here it is 'idmap' in [container]"
	stored <<<'lxc.include = /usr/share/lxc/config/common.conf'
	refused "1: 'lxc.include' is LXC's: here it is 'path' in [include]"
	run mgr-create -n other -t busybox -s lxc.uts.name=x
	assert_status 1
	assert_output "mgr-create: other: 'lxc.uts.name' is LXC's: here it is 'name' in [uts]"
}

@test "conf.1 a key of LXC's that has another place here, or none, is answered with what to do" {
	local line
	while read -r line; do
		stored <<<"${line%%|*} = 1"
		refused "1: '${line%%|*}' is LXC's${line#*|}"
	done <<-'END'
		lxc.cgroup2.devices.allow|: here it is 'devices.allow' in [cgroup2]
		lxc.cgroup2.memory.high|: here it is 'memory.high' in [cgroup2]
		lxc.start.auto|: here it is 'auto' in [start]
		lxc.cgroup.dir|: a container's cgroup is mgr/NAME
		lxc.group|: here it is 'group' in [container]
		lxc.mount.fstab|: here each line of that file is an 'entry' in [mount]
		lxc.environment|: here a variable A=b is a line 'A = b' in [environment]
		lxc.rootfs.path|: here it is 'path' in [rootfs]
		lxc.apparmor.profile|: here it is 'profile' in [apparmor]
		lxc.apparmor.allow_nesting|: leave it out: containers inside are allowed
		lxc.apparmor.raw|: rules of your own go into a profile of the host's; its name is 'profile' in [apparmor]
		lxc.aa_profile|: here it is 'profile' in [apparmor]
		lxc.net.0.vlan.id|: here it is 'vlan.id' in [net.0]
		lxc.net.12.l2proxy|: not there: 'veth.mode = router' answers for the gateway; the host's sysctl proxy_arp for the rest
		lxc.net.0.veth.n_rxqueues|: leave it out: a veth has one queue each way
		lxc.net.0.frob|, and has no counterpart here; mgr-config keys lists what there is
		lxc.frob.x|, and has no counterpart here; mgr-config keys lists what there is
	END
}

@test "conf.1 a value of 4096 bytes is read whole, a longer line is an error" {
	printf '[rootfs]\npath = dir:/x\n[environment]\nA = %04096d\n' 7 >"$folder/config"
	run mgr-config -n web get environment.A
	assert_success
	assert_equal "${#output}" 4096
	printf '[environment]\nA = %05000d\n' 7 >"$folder/config"
	refused "2: the line is longer than 4352 bytes, its value may have 4096"
	printf '[environment]\nA = %04097d\n' 7 >"$folder/config"
	refused "2: environment.A: the value is 4097 bytes long, 4096 are allowed"
}

@test "conf.1 a file that is no configuration is an error" {
	head -c 3000 /proc/self/exe >"$folder/config"
	refused "1: byte 0x7f is not text"
	stored <<<'[limits'
	refused "1: '[limits' has no closing ']'"
	stored <<<$'[limits]\nmemory'
	refused "2: the line is neither a [section] nor KEY = VALUE"
	stored <<<"[$(printf 'net.%060d' 0)]"
	refused "1: the section's name is 64 bytes long, 49 are allowed"
	stored <<<$'version = 2\n[rootfs]\npath = dir:/x'
	refused "1: version: the file's format is 2, this mgr knows 1"
}

@test "conf.1 an empty file lacks rootfs.path" {
	: >"$folder/config"
	run mgr-config -n web set uts.name x
	assert_status 1
	assert_contains "mgr-config: web: rootfs.path: "
	[ ! -s "$folder/config" ]
}

@test "conf.2 get prints a key's value, its default when it is not set, each value of a list" {
	run mgr-config -n web get net.0.link
	assert_output br7
	run mgr-config -n web get net.0.type
	assert_output veth
	run mgr-config -n web get uts.name
	assert_success
	assert_output ""
	mgr-config -n web set forward.port tcp:8080:80
	mgr-config -n web add forward.port tcp:8443:443
	run mgr-config -n web get forward.port
	assert_output $'tcp:8080:80\ntcp:8443:443'
}

@test "conf.2 set, add and unset leave comments, order and the way lines are written" {
	mgr-config -n web set net.0.link br8
	mgr-config -n web set net.0.mtu 1400
	mgr-config -n web add cap.drop sys_time
	mgr-config -n web add cap.drop net_raw
	mgr-config -n web set uts.name web.example
	mgr-config -n web unset uts.name
	assert_equal "$(cat "$folder/config")" "$(cat <<-'END'
		# The web server.

		[rootfs]
		path = dir:/srv/web

		; its network
		[net.0]
		  link=br8
		  mtu = 1400

		[cap]
		drop = sys_time
		drop = net_raw

		[uts]
	END
	)"
}

@test "conf.2 an empty value clears, a whole section can be unset" {
	mgr-config -n web set net.0.mtu 1400
	mgr-config -n web set net.0.mtu ""
	run mgr-config -n web get net.0.mtu
	assert_output ""
	mgr-config -n web unset net.0
	run mgr-config -n web show
	refute_contains net.0
}

@test "conf.2 a change that is refused changes nothing" {
	cp -a "$folder/config" "$BATS_TEST_TMPDIR/before"
	for change in "set net.0.mtu 12" "set net.0.mtuu 1" "set frob.x 1" "add net.0.link br9" "set net.0" \
		"unset rootfs.path" "set environment.1A x" "set forward.port tcp:80" "add container.idmap u"; do
		# shellcheck disable=SC2086
		run mgr-config -n web $change
		[ "$status" -eq 1 ] || [ "$status" -eq 64 ] || show "'$change' gives $status"
		cmp "$folder/config" "$BATS_TEST_TMPDIR/before"
	done
	run mgr-config -n web set init.cmd $'/sbin/init\n[cap]'
	assert_status 1
	cmp "$folder/config" "$BATS_TEST_TMPDIR/before"
	assert_equal "$(ls "$folder")" config
}

@test "conf.2 several keys at once are checked together, all or none" {
	mgr-config -n web set net.1.type macvlan net.1.link lo
	assert_equal "$(mgr-config -n web get net.1.type)" macvlan
	cp -a "$folder/config" "$BATS_TEST_TMPDIR/before"
	run mgr-config -n web set limits.pids 90 net.2.type macvlan
	assert_status 1
	assert_contains "mgr-config: web: net.2.link: is not set"
	cmp "$folder/config" "$BATS_TEST_TMPDIR/before"
	run mgr-config -n web set limits.pids 90 uts.name
	assert_status 64
	assert_contains "'set' takes KEY VALUE, or several such pairs"
	mgr-config -n web add forward.port tcp:8080:80 forward.port tcp:8443:443 cap.drop sys_time
	assert_equal "$(mgr-config -n web get forward.port)" $'tcp:8080:80\ntcp:8443:443'
	assert_equal "$(mgr-config -n web get cap.drop)" sys_time
}

@test "conf.2 fifty changes at once are all kept" {
	local jobs=()
	for i in {1..50}; do
		mgr-config -n web add environment.V"$i" "$i" &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do
		wait "$job"
	done
	assert_equal "$(grep -c '^V[0-9]* = [0-9]*$' "$folder/config")" 50
}

@test "conf.2 keys lists every key with type, default and a line of help" {
	run mgr-config keys
	assert_success
	assert_match $'\n''net\.N\.mtu +number +- +no +Largest packet'
	assert_match $'\n''net\.N\.type +veth\|host\|empty\|macvlan\|phys\|ipvlan\|vlan +veth +'
	assert_match $'\n''container\.idmap +id map, list +auto +'
	assert_match $'\n''limits\.pids +number +- +yes +Greatest'
	assert_match $'\n''uts\.name +host name +- +no +'
	run jq -r '.[] | select(.key == "init.ready") | .default' < <(mgr-config keys --json)
	assert_output notify
	run jq -r '.[] | select(.help == "" or .help == null) | .key' < <(mgr-config keys --json)
	assert_output ""
}

@test "conf.2 --json makes get and show an array of objects with key and value, and goes with nothing that prints nothing" {
	mgr-config -n web set forward.port tcp:8080:80
	mgr-config -n web add forward.port tcp:8443:443
	mgr-config -n web set environment.A "b = [c]"
	run jq -r '.[] | .key + "|" + .value' < <(mgr-config -n web --json show)
	assert_output $'rootfs.path|dir:/srv/web\nnet.0.link|br7\nforward.port|tcp:8080:80\nforward.port|tcp:8443:443\nenvironment.A|b = [c]'
	run jq -c . < <(mgr-config -n web --json get forward.port)
	assert_output '[{"key":"forward.port","value":"tcp:8080:80"},{"key":"forward.port","value":"tcp:8443:443"}]'
	run jq -c . < <(mgr-config -n web --json get limits.pids)
	assert_output "[]"
	run mgr-config -n web --json set uts.name x
	assert_status 64
	assert_contains "--json goes with get, show and keys"
}

@test "conf.2 a mistake in the file can be set right or taken out, as long as all is right then" {
	printf '[limit]\npids = 5\n' >>"$folder/config"
	run mgr-config -n web set uts.name x
	assert_status 1
	assert_match "^mgr-config: web: $folder/config:[0-9]+: unknown section \\[limit\\]; did you mean"
	mgr-config -n web unset limit
	run ! grep limit "$folder/config"
	mgr-config -n web set net.0.mtu 1400
	sed -i 's/1400/12/' "$folder/config"
	run mgr-config -n web set uts.name x
	assert_status 1
	assert_match "^mgr-config: web: $folder/config:[0-9]+: net.0.mtu: '12' is not"
	mgr-config -n web set net.0.mtu 1500
	sed -i 's/mtu/mtuu/' "$folder/config"
	mgr-config -n web unset net.0.mtuu
	run mgr-config -n web show
	assert_success
	refute_contains mtu
	run mgr-config -n web unset net.0.mtuu
	assert_status 1
	assert_contains "mgr-config: web: net.0: unknown key 'mtuu'; did you mean 'mtu'?"
}

@test "conf.2 on a terminal, a change of a container that runs says when it holds" {
	container other -s net.0.type=empty
	run on_terminal mgr-config -n other set limits.pids 100
	assert_output ""
	boot other
	run mgr-config -n other set limits.pids 200
	assert_output ""
	run on_terminal mgr-config -n other set limits.pids 300
	assert_output ""
	run on_terminal mgr-config -n other set uts.name b
	assert_contains "mgr-config: other: it is running: this holds from its next start or reboot"
}

@test "conf.3 the default.conf that is shipped means the same as none" {
	local shipped=$BATS_TEST_DIRNAME/../../config/default.conf
	container plain
	container shipped -f "$shipped"
	for name in plain shipped; do
		run mgr-config -n "$name" show
		assert_success
		sed -E "s/$name/NAME/; s/^(uuid|hwaddr) = .*/\\1/; s/^(idmap = [ug] 0) [0-9]+/\\1/" <<<"$output" \
			>"$BATS_TEST_TMPDIR/$name"
	done
	grep -q '^\[net\.0\]$' "$BATS_TEST_TMPDIR/plain"
	diff "$BATS_TEST_TMPDIR/plain" "$BATS_TEST_TMPDIR/shipped"
	sed 's/^type = veth$/type = vet/' "$shipped" >"$BATS_TEST_TMPDIR/typo"
	run mgr-create -n third -t busybox -f "$BATS_TEST_TMPDIR/typo"
	assert_status 1
	assert_output "mgr-create: third: $BATS_TEST_TMPDIR/typo:10: net.0.type: 'vet' is not one of veth, host, empty, macvlan, phys, ipvlan, vlan"
}

@test "conf.4 mgr.conf names the managed network, which stays while addresses are leased" {
	mkdir -p "$MGR_ROOT/etc/mgr"
	echo $'[network]\nipv4.subnet = 10.55.0.0/16' >"$MGR_ROOT/etc/mgr/mgr.conf"
	container first --ip 10.55.3.4
	run mgr-create -n second -t busybox --ip 10.119.3.4
	assert_status 1
	assert_contains "address 10.119.3.4 is not in 10.55.0.0/16"
	echo $'[network]\nipv4.subnet = 10.56.0.0/16' >"$MGR_ROOT/etc/mgr/mgr.conf"
	run mgr-create -n second -t busybox
	assert_status 1
	assert_contains "the managed network cannot become 10.56.0.0/16: addresses of 10.55.0.0/16 are leased, 1 of them"
	mgr-destroy -n first
	container second --ip 10.56.3.4
	mgr-net up
	run mgr-net status
	assert_contains 10.56.0.0/16
	mgr-net down
}

@test "conf.4 the mgr.conf that is shipped changes nothing, a mistake in it is an error" {
	mkdir -p "$MGR_ROOT/etc/mgr"
	cp "$BATS_TEST_DIRNAME/../../config/mgr.conf" "$MGR_ROOT/etc/mgr/mgr.conf"
	container third
	echo $'[network]\nipv4.subnet = 8.8.0.0/16' >"$MGR_ROOT/etc/mgr/mgr.conf"
	run mgr-create -n fourth -t busybox
	assert_status 1
	assert_output "mgr-create: fourth: $MGR_ROOT/etc/mgr/mgr.conf:2: network.ipv4.subnet: '8.8.0.0/16' is not a private\
 network of 16 to 29 bits such as 10.118.0.0/16"
}

@test "conf.5 [include] reads a file, or every *.conf of a folder, where it stands" {
	mkdir "$folder/more.d"
	printf '[limits]\npids = 90\n[uts]\nname = first\n' >"$folder/more.d/1.conf"
	printf '[limits]\npids = 91\n' >"$folder/more.d/2.conf"
	printf 'not read' >"$folder/more.d/notes"
	printf '[net.0]\nmtu = 1400\n' >"$folder/more"
	printf '[rootfs]\npath = dir:/srv\n[include]\npath = more.d\npath = %s\n[uts]\nname = last\n' "$folder/more" >"$folder/config"
	assert_equal "$(mgr-config -n web get limits.pids)" 91
	assert_equal "$(mgr-config -n web get uts.name)" last
	assert_equal "$(mgr-config -n web get net.0.mtu)" 1400
	assert_equal "$(mgr-config -n web get include.path)" "more.d"$'\n'"$folder/more"
	run mgr-config -n web show
	refute_contains include
	mgr-config -n web set limits.pids 92
	printf '[limits]\npids =\n' >"$folder/more"
	assert_equal "$(mgr-config -n web get limits.pids)" 92
}

@test "conf.5 a mistake in an included file has the place of both lines, and a loop is found" {
	printf '[limits]\n\npid = 90\n' >"$folder/more"
	printf '[include]\npath = more\n' >>"$folder/config"
	refused "10: include.path: $folder/more:3: limits: unknown key 'pid'; did you mean 'pids'?"
	printf '[include]\npath = other\n' >"$folder/more"
	printf '[include]\n\npath = more\n' >"$folder/other"
	refused "10: include.path: $folder/more:2: include.path: $folder/other:3: include.path: '$folder/more' includes itself"
	printf '\n' >"$folder/more"
	chmod g+w "$folder/more"
	refused "10: include.path: others than root can write '$folder/more': chown root:root and chmod go-w it"
	rm "$folder/more"
	refused "10: include.path: '$folder/more': No such file or directory"
	mkfifo -m 600 "$folder/more"
	refused "10: include.path: '$folder/more' is neither a file nor a folder"
}

@test "conf.5 mgr-config takes an [include] as the file does, -s an absolute path" {
	printf '[limits]\npids = 90\n' >"$folder/more"
	mgr-config -n web set include.path more
	assert_equal "$(mgr-config -n web get limits.pids)" 90
	mgr-config -n web set include.path "$folder/more"
	assert_equal "$(mgr-config -n web get limits.pids)" 90
	run mgr-config -n web add include.path nothing
	assert_status 1
	assert_contains "include.path: '$folder/nothing': No such file or directory"
	run mgr-create -n other -t busybox -s include.path=more
	assert_status 1
	assert_output "mgr-create: other: include.path: 'more' is not an absolute path"
}

@test "conf.7 check names every wrong line, of a container's file or of another" {
	echo $'[net.0]\nmtu = 12' >"$folder/more.conf"
	stored <<-'END'
		color = red
		[rootfs]
		path = dir:/srv/web
		nonsense
		[limits]
		memory = much
		cpus = 2
		[nets]
		link = br7
		[include]
		path = more.conf
		[net.1]
		type = wifi
	END
	run mgr-config -n web check
	assert_status 1
	assert_equal "$(printf '%s\n' "$output" | sed "s|^mgr-config: web: $folder/||; s/\(.*:[0-9]*: [a-z0-9.']*\).*/\1/")" "config:1: 'color'
config:4: the
config:6: limits.memory
config:8: unknown
more.conf:2: net.0.mtu
config:13: net.1.type"
	cp "$folder/config" "$BATS_TEST_TMPDIR/conf"
	sed -i '/color/d;/nonsense/d;/much/d;/nets/d;/br7/d;/include/d;/more/d;s/wifi/macvlan/' "$BATS_TEST_TMPDIR/conf"
	run mgr-config check -f "$BATS_TEST_TMPDIR/conf"
	assert_status 1
	assert_match "^mgr-config: $BATS_TEST_TMPDIR/conf: net.1.link: is not set"
	sed -i /macvlan/d "$BATS_TEST_TMPDIR/conf"
	run mgr-config check -f "$BATS_TEST_TMPDIR/conf"
	assert_success
	assert_output ""
	sed -i '/rootfs/d;/dir:/d' "$BATS_TEST_TMPDIR/conf"
	run mgr-config check -f "$BATS_TEST_TMPDIR/conf"
	assert_success
	run mgr-config check
	assert_status 64
	run mgr-config check -f /nonexistent
	assert_output "mgr-config: open '/nonexistent': No such file or directory"
	assert_status 1
}
