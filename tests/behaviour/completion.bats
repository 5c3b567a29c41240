# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion, as bash does it: `complete -p` says what is called, a terminal shows what comes of it.
load ../lib/common
load ../lib/stub

setup_file() {
	build_stub
	# In a store of the file's own: names by state.
	mgr-create -n web -t busybox -B dir -s net.0.type=empty -s signal.halt=SIGTERM -s init.cmd=/sbin/stub
	mgr-create -n worker -t busybox -s net.0.type=empty
	install -m 755 "$BATS_FILE_TMPDIR/stub" "$MGR_ROOT/var/lib/mgr/web/rootfs/sbin/stub"
	mgr-start -n web
}

teardown_file() {
	mgr-destroy -f web worker
}

# complete_line LINE: what bash would offer at its end, sorted, one a line.
complete_line() {
	printf '%s' "$1" >"$BATS_TEST_TMPDIR/line"
	cat >"$BATS_TEST_TMPDIR/do" <<-'EOF'
		COMP_LINE=$(cat "$1/line"; echo .) COMP_LINE=${COMP_LINE%.} COMP_POINT=${#COMP_LINE}
		first=${COMP_LINE%% *}
		_completion_loader() { . "$STAGE/share/bash-completion/completions/$1"; }
		_completion_loader "$first"
		function=$(complete -p "$first") && function=${function#*-F } && function=${function%% *}
		"$function" 2>&1
		printf '%s\n' "${COMPREPLY[@]}" | sort
	EOF
	bash "$BATS_TEST_TMPDIR/do" "$BATS_TEST_TMPDIR"
}

# typed LINE: what stands on the command line after a tab, in an interactive shell.
typed() {
	cat >"$BATS_TEST_TMPDIR/rc" <<-EOF
		PS1='> '; bind 'set bell-style none' 'set show-all-if-ambiguous off' 2>/dev/null; bind 'set enable-bracketed-paste off'
		for each in "$STAGE"/share/bash-completion/completions/mgr; do . "\$each"; done
	EOF
	"$BATS_TEST_DIRNAME/../lib/terminal" -s 24x200 'expect:> ' "send:$1\\t" "${2:+expect:$2}" 'send:\x15exit\r' -- \
		bash --noprofile --rcfile "$BATS_TEST_TMPDIR/rc" -i
}

@test "doc.2 every command completes, and so does mgr itself" {
	local name
	for name in "$STAGE"/bin/mgr*; do
		run complete_line "${name##*/} --he"
		[ "${name##*/}" = mgr ] || assert_output "--help"
	done
	run complete_line "mgr sta"
	assert_output "start"
	run complete_line "mgr help des"
	assert_output "destroy"
	run complete_line "mgr start --wa"
	assert_output $'--wait\n--wait='
}

@test "doc.2 names are those in the state that the command wants, each once" {
	run complete_line "mgr-start -n "
	assert_output "worker"
	run complete_line "mgr-start w"
	assert_output "worker"
	run complete_line "mgr-stop "
	assert_output "web"
	run complete_line "mgr-attach -n w"
	assert_output "web"
	run complete_line "mgr-info w"
	assert_output $'web\nworker'
	run complete_line "mgr-destroy -f web "
	assert_output "worker"
	run complete_line "mgr-attach -n web "
	assert_output ""
}

@test "doc.2 the folder of containers is the one that the line names" {
	mkdir -p "$BATS_TEST_TMPDIR/store"
	run complete_line "mgr-info -P $BATS_TEST_TMPDIR/store "
	assert_output ""
	run complete_line "mgr-info --path $MGR_ROOT/var/lib/mgr wor"
	assert_output "worker"
}

@test "doc.2 keys and the values that a key has" {
	run complete_line "mgr-create -n x -s limits.mem"
	assert_output "limits.memory="
	run complete_line "mgr-create -n x -s net.1.ty"
	assert_output "net.1.type="
	run complete_line "mgr-create -n x -s net.1.type=ve"
	assert_output "veth"
	run complete_line "mgr-start --set=container.no_new_privs="
	assert_output $'no\nyes'
	run complete_line "mgr-config -n web "
	assert_contains "unset"
	run complete_line "mgr-config -n web se"
	assert_output "set"
	run complete_line "mgr-config -n web get limits.cpus"
	assert_output $'limits.cpus\nlimits.cpuset'
	run complete_line "mgr-config -n web set init.ready p"
	assert_output "port:"
	run complete_line "mgr-config -n web set limits.memory 1G init.read"
	assert_output "init.ready"
	run complete_line "mgr-config -n web set limits.memory 1G init.ready p"
	assert_output "port:"
	run complete_line "mgr-config -n worker unset "
	assert_contains "rootfs.path"
	assert_contains "init.ready"
	refute_contains "limits.memory"
}

@test "doc.2 templates, states, levels, forwards and files" {
	local template
	for template in "$STAGE"/share/mgr/templates/*; do
		run complete_line "mgr-create -t ${template##*/}"
		assert_output "${template##*/}"
	done
	run complete_line "mgr-wait web -s FRO"
	assert_output "FROZEN"
	run complete_line "mgr-wait web -s 'RUNNING|STOPPE"
	assert_output "RUNNING|STOPPED"
	run complete_line "mgr-ls -F NAME,STATU"
	assert_output "NAME,STATUS"
	run complete_line "mgr-ls -l DEB"
	assert_output "DEBUG"
	run complete_line "mgr-create --forward t"
	assert_output "tcp:"
	run complete_line "mgr-pull -n worker /et"
	assert_output ""
	run complete_line "mgr-pull -n worker /etc/hosts $BATS_TEST_DIRNAME/../lib/stub.c"
	assert_output "$BATS_TEST_DIRNAME/../lib/stub.c"
	run complete_line "mgr-push -n worker $BATS_TEST_DIRNAME/../lib/stub.c"
	assert_output "$BATS_TEST_DIRNAME/../lib/stub.c"
	run complete_line "mgr-create -f $BATS_TEST_DIRNAME/../lib/stub.c"
	assert_output "$BATS_TEST_DIRNAME/../lib/stub.c"
}

@test "doc.2 a tab in a real shell completes, also behind = and in quotes" {
	run typed 'mgr-conf' ''
	run typed 'mgr-start wor' 'start worker '
	assert_status 0
	run typed 'mgr-create -s net.0.type=ve' 'net\.0\.type=veth '
	assert_status 0
	run typed "mgr-wait web -s 'RUNNING|STOPPE" 'STOPPED'
	assert_status 0
}

@test "doc.2 who is not root is offered no names, and sees no error" {
	complete_line "mgr-info " >/dev/null
	chmod -R a+rX "$BATS_RUN_TMPDIR" "$STAGE/share"
	run setpriv --reuid 65534 --regid 65534 --clear-groups bash "$BATS_TEST_TMPDIR/do" "$BATS_TEST_TMPDIR"
	assert_success
	assert_output ""
	printf 'mgr-info --na' >"$BATS_TEST_TMPDIR/line"
	run setpriv --reuid 65534 --regid 65534 --clear-groups bash "$BATS_TEST_TMPDIR/do" "$BATS_TEST_TMPDIR"
	assert_output "--name"
}

@test "doc.2 verbs and what follows them: the forwards that a container has" {
	container fwd --forward tcp:8080:80 --forward udp:5300:53
	run complete_line "mgr-forward -n fwd d"
	assert_output "del"
	run complete_line "mgr-forward -n fwd del "
	assert_output $'tcp:8080:80\nudp:5300:53'
	run complete_line "mgr-forward -n fwd add u"
	assert_output "udp:"
	run complete_line "mgr-net s"
	assert_output "status"
}

@test "doc.2 devices: kinds, keys and their values, and those that a container has" {
	run complete_line "mgr-device -n web "
	assert_output $'add\ndel\nls'
	run complete_line "mgr-device -n web add "
	assert_output $'bind\nnic'
	run complete_line "mgr-device -n web add nic macvlan"
	assert_output macvlan.mode=
	run complete_line "mgr-device -n web add nic 'link=br0,macvlan.mode=pass"
	assert_output "link=br0,macvlan.mode=passthru"
	container dev -s net.0.type=empty -s net.1.link=none -v /etc/hosts:/etc/given:ro
	run complete_line "mgr-device -n dev del nic "
	assert_output net.1
	run complete_line "mgr-device -n dev del bind "
	assert_output /etc/given
}
