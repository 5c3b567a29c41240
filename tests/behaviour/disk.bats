#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-create --disk: containers over qcow2 disks, which a process of their own serves.

load ../lib/common
load ../lib/disks

tree=$disks/tree

make_disks() {
	model_tree "$tree"
	dd if=/dev/urandom of="$tree/data" bs=1M count=8 status=none
	raw "$disks/raw" 24 "$tree"
	qemu-img convert -O qcow2 "$disks/raw" "$disks/disk"
}

gpt_root=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709
case $(uname -m) in
aarch64) gpt_root=B921B045-1DF0-41C3-AF44-4C6F280D3FAE ;;
esac

# raw FILE MIB TREE: a GPT disk whose second partition, so large, has the tree on it.
raw() {
	truncate -s $(($2 + 12))M "$1"
	printf '%s\n' "label: gpt" "size=10M,type=U" "size=$2M,type=$gpt_root" | sfdisk -q "$1"
	mke2fs -q -t ext4 -d "$3" -E offset=$((11 << 20)) "$1" "$2M" 2>&1 | grep -v "^$\|offset" || :
}

servers() {
	pgrep -f "^$STAGE/bin/mgr-qcow2 .*$disks" || :
}

# --- q.3 ------------------------------------------------------------------------------------------------------------------

# runs NAME: Debian, all of it.
runs() {
	boot "$1"
	run in_container "$1" systemctl is-system-running --wait
	assert_output running
	mgr-stop -n "$1"
	mgr-destroy -n "$1"
}

@test "q.3 Debian boots to running from a compressed disk, a chain of three, one of version 2, and one that was not unmounted" {
	cd "$BATS_TEST_TMPDIR"
	forget_later model
	mgr-create -n model -t debian -B dir -s net.0.type=empty
	raw debian 400 "$MGR_ROOT/var/lib/mgr/model/rootfs"
	mgr-destroy -n model
	qemu-img convert -t unsafe -c -m 2 -W -O qcow2 debian compressed
	qemu-img convert -t unsafe -o compat=0.10 -O qcow2 debian two
	qemu-img create -q -f qcow2 -b two -F qcow2 middle
	qemu-io -f qcow2 -t unsafe -c "write -z 4M 1M" middle >/dev/null
	qemu-img create -q -f qcow2 -b "$PWD/middle" -F qcow2 top
	for disk in compressed two top; do
		over "$disk" "$disk"
		runs "$disk"
	done
	debugfs -w -R "feature needs_recovery" "debian?offset=$((11 << 20))" 2>/dev/null >&2
	qemu-img convert -t unsafe -O qcow2 debian unclean
	over unclean unclean
	runs unclean
}

# --- one server -----------------------------------------------------------------------------------------------------------

@test "q.20 a container over a qcow2 disk keeps what it changes beside, and the disk is what it was" {
	local before
	before=$(sha256sum <disk)
	over c disk
	run cat "$MGR_ROOT/var/lib/mgr/c/disk"
	assert_contains "partition 2"
	boot c
	in_container c sh -c 'cmp /data /data && echo new >/etc/new && rm /etc/passwd'
	mgr-stop -k -n c
	assert_equal "$(servers)" ""
	run ls "$MGR_ROOT/run/mgr/.disk"
	assert_output lock
	boot c
	in_container c sh -c '[ "$(cat /etc/new)" = new ] && [ ! -e /etc/passwd ]'
	forget_later thin
	mgr-stop -k -n c
	mgr-copy -s -n c -N thin
	boot thin
	run in_container thin cat /etc/new /etc/hostname
	assert_output $'new\nthin'
	[ "$(sha256sum <disk)" = "$before" ] || show "the disk was written to"
}

# devices_of NAME: loop devices that are called so; the host has others'.
devices_of() {
	python3 - "$1" <<-'END'
		import fcntl, glob, os, sys
		for device in glob.glob("/dev/loop[0-9]*"):
		    try:
		        fd, info = os.open(device, os.O_RDONLY), bytearray(232)
		        fcntl.ioctl(fd, 0x4C05, info)  # LOOP_GET_STATUS64; the name is at 56
		        if info[56:120].split(b"\0")[0].decode() == sys.argv[1]:
		            print(device)
		        os.close(fd)
		    except OSError:
		        pass
	END
}

# each COMMAND...: of all containers c1, c2 and so on, several at a time; {} is the name.
each() {
	seq -f c%g "$number" | xargs -P 6 -I {} "$@"
}

@test "q.6 a hundred containers over one disk have one server and one device, and read it once, also when they start at once" {
	local number=$((100 / slow)) device before after i
	each mgr-create -n {} --disk disk -s net.0.type=empty
	for ((i = 1; i <= number; i++)); do
		forget_later c$i
	done
	each mgr-start -n {}
	assert_equal "$(servers | wc -l)" 1
	device=$(devices_of "mgr:$(find "$MGR_ROOT/run/mgr/.disk" -mindepth 1 -type d -printf %f)")
	assert_equal "$(wc -w <<<"$device")" 1
	in_container c1 cat /data >/dev/null
	read -r _ _ before _ <"/sys/block/${device#/dev/}/stat"
	each mgr-attach -n {} -- cmp /data /data
	read -r _ _ after _ <"/sys/block/${device#/dev/}/stat"
	[ $((after - before)) -lt 128 ] || show "$((after - before)) sectors were read again"
	assert_equal "$(servers | wc -l)" 1
	sanitized || [ "$(sed -n 's/^VmPeak:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(servers)/status")" -lt 16384 ] || show "the server takes more with each"
	mgr-stop -k -n c1
	in_container c2 true
	assert_equal "$(servers | wc -l)" 1
	seq -f c%g 2 "$number" | xargs mgr-stop -k
	assert_equal "$(servers)" ""
	seq -f c%g "$number" | xargs mgr-destroy
}

@test "q.6 of two that stop at once, who finds the end of their server cleared away by the other stops as well" {
	over c disk
	boot c
	rm "$MGR_ROOT"/run/mgr/.disk/*/status
	run mgr-stop -k -n c
	assert_success
	assert_output ""
	assert_equal "$(servers)" ""
}

@test "q.4 the server is outside of the container, nobody, without capabilities, with few system calls, and held in memory" {
	local pid ns
	over c disk
	boot c
	pid=$(servers)
	run cat "/proc/$pid/status"
	assert_match $'NoNewPrivs:\t1'
	assert_match $'Seccomp:\t2'
	assert_match $'CapPrm:\t0+\n'
	assert_match $'Uid:\t65534\t65534\t65534\t65534'
	sanitized || refute_contains $'VmLck:\t       0 kB'
	for ns in mnt net ipc uts; do
		[ "$(readlink "/proc/$pid/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ] || show "its $ns namespace is ours"
	done
	run cat "/proc/$pid/cgroup"
	refute_contains "/c"
	run in_container c ps
	refute_contains mgr-qcow2
}

@test "q.4 a server that is killed is an error inside, is told at the stop, and the next start has another" {
	over c disk
	boot c
	kill -9 "$(servers)"
	wait_until 5 eval '[ -z "$(servers)" ]'
	run in_container c cat /data
	[ "$status" != 0 ] || show "it is read"
	assert_contains "Input/output error"
	run mgr-stop -k -n c
	assert_status 3
	assert_contains "files could not be read any more: the server of its disk was killed"
	run mgr-log -n c
	assert_contains "the server of its disk was killed"
	boot c
	in_container c cmp /data /data
}

@test "loss.2 a server that is killed is told at once, its containers run on, and the next run has another" {
	over c disk
	over d disk
	boot c
	boot d
	mgr-monitor -i '[cd]' >"$BATS_TEST_TMPDIR/said" 3>&- &
	local monitor=$!
	wait_until 5 grep -q "'d' is ready" "$BATS_TEST_TMPDIR/said"
	mgr-info -n d --json | jq -e '.[].unserved == null'
	kill -9 "$(servers)"
	wait_until 5 grep -qx "'d' lost its disk \[its server was killed\]" "$BATS_TEST_TMPDIR/said"
	run mgr-info -n c
	assert_match $'\nRoot: +qcow2, '"$disks/disk, partition 2 \\(ext4, 24.00 MiB\\)"
	assert_match $'State: +RUNNING\nStorage: +the server of its disk was killed: files answer with I/O errors until'
	run mgr-ls -f
	assert_contains "mgr-ls: c: storage: the server of its disk was killed"
	assert_contains "mgr-ls: d: storage: the server of its disk was killed"
	mgr-info -n d --json 2>/dev/null | jq -e '.[].unserved != null'
	run mgr-log -n d
	assert_contains "storage: the server of its disk was killed: files answer with I/O errors"
	run mgr-stop -r -n c
	assert_status 3
	assert_contains "mgr-stop: c: storage: files could not be read any more: the server of its disk was killed"
	in_container c cmp /data /data
	mgr-info -n c --json | jq -e '.[].unserved == null'
	run mgr-stop -k -n d
	assert_status 3
	assert_contains "mgr-stop: d: storage: files could not be read any more: the server of its disk was killed"
	mgr-stop -k -n c
	run mgr-info -n c
	refute_contains "storage"
	kill "$monitor"
}

@test "q.20 what cannot be read is refused by its name, at create and at start, and nothing is left" {
	local format word
	qemu-img create -q -f qcow2 -o extended_l2=on other 10M
	run over c other
	assert_status 1
	assert_contains "mgr-create: c: --disk:"
	assert_contains "extended L2 entries (subclusters), which are not supported: 'qemu-img convert -O qcow2' makes a disk without"
	for format in vdi vmdk vhdx vpc qed qcow; do
		qemu-img create -q -f "$format" foreign.$format 10M
		for word in --disk --image; do
			run mgr-create -n c "$word" foreign.$format
			assert_status 1
			assert_output "mgr-create: c: $word: '$disks/foreign.$format' is a disk in format $format: 'qemu-img convert -f $format -O qcow2 $disks/foreign.$format FILE' makes one for --disk"
		done
	done
	rm foreign.*
	truncate -s 1M foreign.dmg
	{ printf koly; head -c 508 /dev/zero; } >>foreign.dmg
	run mgr-create -n c --disk foreign.dmg
	assert_status 1
	assert_contains "is a disk in format dmg: 'qemu-img convert -f dmg"
	rm foreign.dmg
	run mgr-create -n c --disk raw
	assert_status 1
	assert_contains "--disk: '$disks/raw' is no qcow2 disk: --image reads others"
	run mgr-create -n c --image disk
	assert_status 1
	assert_contains "'$disks/disk' is a qcow2 disk: --disk reads those"
	qemu-img create -q -f qcow2 empty 10M
	run mgr-create -n c --disk empty
	assert_status 1
	assert_contains "the disk holds no file system: nothing known is on it"
	run mgr-create -n c --disk disk --partition 1
	assert_status 1
	assert_contains "partition 1 holds no file system"
	[ ! -e "$MGR_ROOT/var/lib/mgr/c" ] || show "a container is left"
	wait_until 5 eval '[ -z "$(servers)" ]'
	cp disk mine
	over c mine
	touch mine
	run mgr-start -n c
	assert_status 1
	assert_contains "mgr-start: c: storage: '$disks/mine' has been written since"
}

@test "q.20 what a disk stands on may be in a folder that the user names, and one that a machine writes is in use" {
	mkdir base over
	qemu-img convert -O qcow2 disk base/disk
	qemu-img create -q -f qcow2 -b "$PWD/base/disk" -F qcow2 over/disk
	run over c over/disk
	assert_status 1
	assert_contains "--backing-from"
	over c over/disk --backing-from base
	boot c
	in_container c cmp /data /data
	mgr-stop -k -n c
	coproc machine { exec qemu-io -f qcow2 over/disk; }
	local pid=$machine_PID
	echo length >&"${machine[1]}"
	read -r -t $((10 * patience)) <&"${machine[0]}" # it has it open
	run mgr-start -n c
	assert_status 1
	assert_contains "it is in use: another program writes it"
	echo quit >&"${machine[1]}"
	wait_gone 5 "$pid"
	boot c
	mgr-stop -k -n c
	touch base/disk
	run mgr-start -n c
	assert_status 1
	assert_contains "what it stands on has been written since the container was made, or only touched: if all in it is the same still, 'mgr-images take $disks/over/disk'"
	run mgr-images take over/disk
	assert_status 0
	assert_output c
	boot c
	in_container c cmp /data /data
	mgr-stop -k -n c
	rm -r base over
}

@test "q.21 --import copies what is on the disk into an image of the container's own, recovers and grows it, and shows how far it is" {
	local offset=$((11 << 20))
	cp raw unclean.raw
	debugfs -w -R "feature needs_recovery" "unclean.raw?offset=$offset" 2>/dev/null >&2
	qemu-img convert -O qcow2 unclean.raw unclean
	forget_later c
	run "$BATS_TEST_DIRNAME/../lib/terminal" -- mgr-create -n c --disk unclean --import --size 40M -s net.0.type=empty
	assert_status 0
	assert_match '100 %'
	run grep -A 2 rootfs "$MGR_ROOT/var/lib/mgr/c/config"
	assert_contains "path = loop:$MGR_ROOT/var/lib/mgr/c/rootfs.img"
	assert_contains "size = 40M"
	assert_equal "$(stat -c %s "$MGR_ROOT/var/lib/mgr/c/rootfs.img")" $((40 << 20))
	rm unclean unclean.raw
	boot c
	in_container c sh -c 'cmp /data /data && echo new >/new && [ $(($(stat -f -c %b / ) * 4)) -gt 24576 ]'
	run in_container c cat /etc/hostname
	assert_output c
	mgr-stop -k -n c
	run mgr-create -n d --disk disk --import --size 10M
	assert_status 1
	assert_contains "--size: what is on the disk has 25165824 bytes"
	[ ! -e "$MGR_ROOT/var/lib/mgr/d" ]
	wait_until 5 eval '[ -z "$(servers)" ]'
}
