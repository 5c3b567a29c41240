#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-qcow2: disks as qemu-img makes them, and as strangers may.

load ../lib/common
load ../lib/disks

teardown() {
	umount -l "$disks/d" 2>/dev/null || true
}

# create FILE SIZE [OPTION...]: of qemu-img.
create() {
	qemu-img create -q -f qcow2 "${@:3}" "$1" "$2"
}

# io FILE COMMAND...: of qemu-io.
io() {
	local file=$1 command words=()
	shift
	for command; do
		words+=(-c "$command")
	done
	qemu-io -f qcow2 -t unsafe "${words[@]}" "$file" >/dev/null
}

# poke FILE OFFSET BYTES: in octal, as printf's.
poke() {
	# shellcheck disable=SC2059
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# number FILE OFFSET: the eight bytes there, the greatest first.
number() {
	echo $((16#$(od -A n -t x1 -j "$2" -N 8 "$1" | tr -d ' \n')))
}

# An L2 entry of a small disk: the first's place in the file.
first_entry() {
	echo $(($(number "$1" "$(number "$1" 40)") & 0xfffffffffffe00))
}

# alike FILE: what mgr-qcow2 writes, to a file and to a pipe, is what qemu-img does.
alike() {
	qemu-img convert -f qcow2 -O raw "$1" wanted
	mgr-qcow2 --convert "$1" is
	cmp is wanted
	mgr-qcow2 --convert "$1" - | cmp - wanted
	rm is wanted
}

# refused FILE TEXT: with this in its one line, and nothing made.
refused() {
	run mgr-qcow2 --convert "$1" made
	assert_status 1
	assert_contains "mgr-qcow2: $1: "
	assert_contains "$2"
	assert_equal "${#lines[@]}" 1
	[ ! -e made ] || show "there is an output"
}

# --- q.1: the same bytes --------------------------------------------------------------------------------------------------

@test "q.1 random disks are written as qemu-img writes them" {
	mkdir random
	run "$BATS_TEST_DIRNAME/../lib/qcow2.py" --count $((60 / slow)) "$PWD/random"
	assert_success
}

@test "q.1 both versions, lazy reference counts, every size of a cluster, and internal snapshots" {
	local bits
	for bits in 9 12 16 21; do
		create v2 5000000 -o "compat=0.10,cluster_size=$((1 << bits))"
		create v3 5000000 -o "lazy_refcounts=on,cluster_size=$((1 << bits))"
		io v2 "write -P 7 1000k 2M" "write -P 8 4882k 512"
		io v3 "write -P 7 1000k 2M"
		qemu-img snapshot -c one v3
		io v3 "write -P 9 1100k 1M"
		alike v2
		alike v3
	done
}

@test "q.1 compressed clusters, of both kinds of programs that write them" {
	head -c 3000000 /dev/urandom >source
	head -c 9000000 /usr/bin/python3 >>source
	qemu-img convert -c -f raw -O qcow2 source small
	alike small
	qemu-img convert -c -f raw -O qcow2 -o cluster_size=2M source large
	alike large
	mgr-qcow2 --convert large is --offset 2097000 --length 4000001
	cmp is <(tail -c +2097001 source | head -c 4000001)
}

@test "q.1 zero clusters, plain and with a place of their own, hide what is below" {
	local version
	create base 4M
	io base "write -P 1 0 4M"
	create top 4M -b base -F qcow2
	io top "write -P 2 0 1M" "write -z 0 256k" "write -z -u 512k 256k" "write -z 2M 1M"
	alike top
	run qemu-img map --output json -f qcow2 top
	assert_contains '"zero": true'
	create full 4M -o preallocation=full
	io full "write -P 2 0 1M" "write -z 64k 64k" "write -z -u 256k 64k"
	alike full
}

@test "q.1 chains: relative and absolute names, raw below, compressed below, a child larger than its parent" {
	mkdir below
	head -c 1000001 /usr/bin/python3 >below/raw
	(cd below && create one 1500000 -b raw -F raw && io one "write -P 1 500k 64k")
	qemu-img convert -c -f qcow2 -O qcow2 -B raw -F raw below/one below/two
	create three 3M -b "$disks/below/two" -F qcow2
	io three "write -P 3 100k 64k" "discard 0 64k"
	create four 5M -b three -F qcow2
	io four "write -P 4 4M 64k"
	alike four
	(cd / && mgr-qcow2 --convert "run/disks/four" "$disks/is")
	qemu-img convert -O raw four wanted
	cmp is wanted
}

@test "q.1 a raw disk that looks like qcow2 is what the disk above says" {
	create inner 1M
	io inner "write -P 6 0 64k"
	create outer 1M -b inner -F raw
	alike outer
	run mgr-qcow2 --convert outer -
	[ "${output:0:3}" = QFI ] || show "it does not begin as a qcow2 file"
}

# --- q.7: refusals --------------------------------------------------------------------------------------------------------

@test "q.7 features that cannot be read are refused by their name" {
	create zstd 1M -o compression_type=zstd
	refused zstd "it is compressed with zstd, which is not supported: 'qemu-img convert -O qcow2' makes a disk without"
	create extended 1M -o extended_l2=on
	refused extended "extended L2 entries (subclusters), which are not supported: 'qemu-img convert -O qcow2' makes a disk without"
	create v3 1M
	cp v3 luks # qemu-img makes none on a busy machine: it measures how long a key takes
	poke luks 35 '\002'
	refused luks "it is encrypted (LUKS), which is not supported: 'qemu-img convert --object secret,id=key,file=PASSPHRASE --image-opts driver=qcow2,file.filename=DISK,encrypt.key-secret=key -O qcow2 FILE' makes a disk that is not"
	cp v3 aes
	poke aes 35 '\001'
	refused aes "AES"
	create external 1M -o data_file=data
	refused external "an external file, which is not supported: 'qemu-img convert -O qcow2' makes a disk without"
	for disk in zstd extended external; do
		qemu-img convert -O qcow2 "$disk" plain
		mgr-qcow2 --convert plain raw
	done
	rm plain raw
	cp v3 later
	poke later 72 '\200'
	refused later "incompatible feature 63"
	cp v3 named
	poke named 79 '\040'
	refused named "incompatible feature 5"
	poke v3 7 '\004'
	refused v3 "version of qcow is 4"
}

@test "q.7 what is no disk, or not all of one, is refused" {
	: >empty
	refused empty "it is empty"
	head -c 100000 /dev/urandom >random
	refused random "it is no qcow2 disk"
	refused "$PWD" "neither a file nor a block device"
	refused none "No such file"
	create disk 4M
	io disk "write -P 1 0 4M"
	cp disk corrupt
	poke corrupt 79 '\002'
	refused corrupt "marked as corrupt"
	cp disk short
	truncate -s 90 short
	refused short "cut short"
	cp disk short
	truncate -s 200000 short
	refused short "cut short"
	cp disk short
	truncate -s -70000 short
	refused short "cut short"
}

@test "q.7 tables that name what is not there, or mean nothing, are refused" {
	local entry
	create disk 4M
	io disk "write -P 1 0 1M"
	entry=$(first_entry disk)
	cp disk outside
	poke outside $((entry + 2)) '\001'
	refused outside "L2 tables is outside of the file"
	cp disk crooked
	poke crooked $((entry + 6)) '\002'
	refused crooked "is not where a cluster begins"
	cp disk bits
	poke bits $((entry + 7)) '\006'
	refused bits "bits that mean nothing"
	cp disk l1
	poke l1 "$(number disk 40)" '\200\000\001'
	refused l1 "L1 table is outside of the file"
	cp disk away
	poke away 41 '\001'
	refused away "its L1 table is outside of the file"
	cp disk tiny
	poke tiny 39 '\000'
	refused tiny "L1 table is too short"
	create old 4M -o compat=0.10
	io old "write -P 1 0 1M"
	poke old $(($(first_entry old) + 7)) '\001'
	refused old "version 2 does not know"
}

@test "q.7 a compressed cluster that is damaged is an error, and leaves no output" {
	head -c 500000 /usr/bin/python3 >source
	qemu-img convert -c -f raw -O qcow2 source disk
	poke disk $(($(number disk "$(first_entry disk)") & 0x3fffffffffffff)) '\377\377\377\377'
	refused disk "a compressed cluster is damaged"
	run bash -c 'set -o pipefail; mgr-qcow2 --convert disk - | cat >is'
	assert_status 1
}

@test "q.7 a backing file that is missing, of another kind, or the disk itself, is refused by its name" {
	create base 1M
	create top 1M -b base -F qcow2
	mv base away
	refused top "its backing file 'base': open it: No such file"
	cp top base
	qemu-img rebase -u -b top -F qcow2 base
	refused top "its backing file 'top': it stands on itself"
	qemu-img create -q -f vmdk base 1M
	refused top "its backing file 'base': it is no qcow2 disk"
	qemu-img rebase -u -b base -F vmdk top
	refused top "its backing file 'base': its format is 'vmdk': raw and qcow2 can be read"
	poke top 112 '\021\021\021\021' # where the format stands
	refused top "its format is 'vmdk'"
	create many 1M
	for ((i = 0; i < 64; i++)); do
		mv many "$i"
		cp away many
		qemu-img rebase -u -b "$i" -F qcow2 many
	done
	refused many "it stands on more than 63 files"
}

# --- q.8: whose files -----------------------------------------------------------------------------------------------------

@test "q.8 a disk names no file outside of its folder, unless the user allows a folder" {
	local name
	mkdir disk other
	echo secret >other/secret
	head -c 100000 /usr/bin/python3 >other/base
	ln -s ../other/secret disk/link
	create disk/top 1M
	for name in ../other/secret "$PWD/other/secret" link /etc/shadow; do
		qemu-img rebase -u -b "$name" -F raw disk/top
		refused disk/top "is not below the folder of the disk"
	done
	for name in nbd:unix:/x 'json:{"driver":"raw"}' http://127.0.0.1/x file:../other/base; do
		qemu-img rebase -u -b "$name" -F raw disk/top
		refused disk/top "only files of this host"
	done
	qemu-img rebase -u -b ../other/base -F raw disk/top
	mgr-qcow2 --convert --backing-from other disk/top is
	cmp -n 100000 is other/base
	mkfifo disk/fifo
	qemu-img rebase -u -b fifo -F raw disk/top
	run within 10 mgr-qcow2 --convert disk/top is
	assert_status 1
	assert_contains "neither a file nor a block device"
}

@test "q.8 a name cannot write to the terminal, nor the output be the disk" {
	create base 1M
	create top 1M -b base -F qcow2
	poke top "$(number top 8)" '\033[31'
	refused top "its backing file '\\x1b[31'"
	create base 1M
	create top 1M -b base -F qcow2
	cp base kept
	run mgr-qcow2 --convert top base
	assert_status 1
	assert_contains "'base' is what is to be read"
	cmp base kept
}

@test "q.8 what is interrupted, or finds no room, leaves no output" {
	local pid
	create disk 64M
	io disk "write -P 1 0 64M"
	mkdir small
	mount -t tmpfs -o size=8M small small
	run mgr-qcow2 --convert disk small/is
	assert_status 1
	assert_contains "No space left"
	run ls small
	assert_output ""
	unmount small
	mkfifo pipe
	mgr-qcow2 --convert disk - >pipe 2>said 3>&- &
	pid=$!
	exec 4<pipe
	within 10 head -c 1000 <&4 >/dev/null
	kill -TERM $pid
	exec 4<&-
	wait_gone 10 $pid
	run cat said
	assert_contains "interrupted"
}

# --- q.2, q.9: where it is read -------------------------------------------------------------------------------------------

# What the process that reads is, while it waits for somebody to take what it has.
in_reader() {
	local pid
	mkfifo pipe
	mgr-qcow2 --convert "$1" - >pipe 3>&- &
	pid=$!
	exec 4<pipe
	within 10 head -c 1000 <&4 >/dev/null
	reader=$(pgrep -P $pid)
	"${@:2}"
	exec 4<&-
	wait_gone 10 $pid
}

look_inside() {
	local ns
	run cat "/proc/$reader/status"
	assert_match $'NoNewPrivs:\t1'
	assert_match $'Seccomp:\t2'
	assert_match $'CapEff:\t0+\n'
	assert_match $'CapPrm:\t0+\n'
	assert_match $'Uid:\t65534\t65534\t65534\t65534'
	for ns in mnt net ipc uts; do
		[ "$(readlink "/proc/$reader/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ] || show "its $ns namespace is ours"
	done
	run ls "/proc/$reader/root"
	assert_output fd
}

@test "q.9 who reads a disk is nobody, alone in an empty root, with no capability and few system calls" {
	create disk 8M
	io disk "write -P 1 0 8M"
	in_reader disk look_inside
}

bounded() {
	sanitized && return
	run cat "/proc/$reader/limits"
	assert_match 'Max address space +134217728 +134217728 '
	run sed -n 's/^VmPeak:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$reader/status"
	[ "$output" -le 131072 ] || show "it has had $output kB"
}

@test "q.2 reading takes 128 MiB of address space at most, with tables of 32 MiB and clusters of 2 MiB" {
	create disk 16M -o cluster_size=2M
	io disk "write -P 1 0 4M" "write -c -P 3 4M 2M"
	# Four million entries, and a disk as large as that.
	poke disk 24 '\002\000\000\000\000\000\000\000'
	poke disk 36 '\000\100\000\000'
	truncate -s 100M disk
	in_reader disk bounded
}

# --- q.10: as a file ------------------------------------------------------------------------------------------------------

# serve DISK [OPTION...]: at d; its process is $server.
serve() {
	mkdir -p d
	mkfifo report
	mgr-qcow2 --report 3 "${@:2}" "$1" d 3>report 4>&- &
	server=$!
	# A struct err whose number is 0 is no error.
	assert_equal "$(within 20 cat report | od -A n -t x4 -N 4)" " 00000000"
	rm report
}

ended() {
	wait_gone 10 "$server"
	wait "$server"
}

@test "q.10 a disk is shown as a file, byte for byte, read-only, until it is unmounted" {
	create base 3M
	io base "write -P 1 0 3M" "write -z 1M 64k"
	create top 5000192 -b base -F qcow2 -o cluster_size=2M
	io top "write -P 2 4500k 100k"
	serve top
	qemu-img convert -O raw top wanted
	cmp d/disk wanted
	cmp <(dd if=d/disk bs=1M iflag=direct status=none) wanted
	cmp <(tail -c 70001 d/disk) <(tail -c 70001 wanted)
	run ls -l d
	assert_match '-r-------- 1 root root +5000192 .* disk$'
	run bash -c 'echo x >d/disk'
	assert_status 1
	run bash -c 'echo x >d/other'
	assert_status 1
	in_server
	unmount d
	ended
}

# What it is while it serves.
in_server() {
	reader=$server
	look_inside
	assert_equal "$(pgrep -P "$server")" ""
	sanitized || [ "$(sed -n 's/^VmLck:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$server/status")" -gt 4096 ] || show "it does not hold its memory"
	bounded
	takes_memory 3072
	soon
}

# Each of its threads, where this kernel has slices of a thread's own and shows them.
soon() {
	[ "$(printf '%s\n' 6.12 "$(uname -r)" | sort -V | head -n 1)" = 6.12 ] && grep -q '^se\.slice' /proc/self/sched || return 0
	assert_equal "$(sed -n 's/^se\.slice *: *//p' /proc/"$server"/task/*/sched | sort -u)" 100000
}

@test "q.10 it serves a loop device after its folder is gone, and ends with it" {
	local loop
	create disk 8M
	io disk "write -P 1 1M 2M"
	qemu-img convert -O raw disk wanted
	serve disk
	loop=$(losetup -f --show -r --direct-io=on d/disk)
	umount -l d
	cmp "$loop" wanted
	kill -0 "$server"
	losetup -d "$loop"
	ended
}

@test "q.10 a compressed cluster that is damaged is an error for who reads it, and the rest is there" {
	head -c 500000 /usr/bin/python3 >source
	qemu-img convert -c -f raw -O qcow2 source disk
	poke disk $(($(number disk "$(first_entry disk)") & 0x3fffffffffffff)) '\377\377\377\377'
	serve disk
	run dd if=d/disk bs=4k count=1 iflag=direct
	assert_status 1
	assert_contains "Input/output error"
	cmp <(dd if=d/disk bs=64k skip=1 count=2 iflag=direct status=none) <(dd if=source bs=64k skip=1 count=2 status=none)
	unmount d
	ended
}

# Does somebody have the lock?
locked() {
	! flock -n lock true
}

@test "q.4 the server ends when nobody has the disk, not with who has started it, and says how it was" {
	local adjusted
	create disk 1M
	mkdir d
	mkfifo report
	within 20 cat report >reported &
	bash -c 'exec 5>lock && flock 5 && exec mgr-qcow2 --report 3 --status 4 --lock 5 disk d 3>report 4>status & echo $! >pid' 3>&-
	wait $!
	server=$(<pid)
	assert_equal "$(od -A n -t x4 -N 4 reported)" " 00000000"
	# Not in every place may it say that it is to be killed last.
	adjusted=$(bash -c 'echo -1000 2>/dev/null >/proc/self/oom_score_adj; cat /proc/self/oom_score_adj')
	assert_equal "$(<"/proc/$server/oom_score_adj")" "$adjusted"
	assert_equal "$(ps -o sid= -p "$server" | tr -d ' ')" "$server"
	kill -INT "$server"
	kill -HUP "$server"
	kill -TERM "$server"
	cat d/disk >is
	locked
	assert_equal "$(<status)" ""
	unmount d
	wait_gone 10 "$server"
	assert_equal "$(<status)" ok
	! locked || show "the lock is not free"
}

@test "q.4 a server that is killed is known by what it has not said" {
	create disk 1M
	serve disk --status 5 5>status
	kill -KILL "$server"
	wait "$server" || true
	run cat d/disk
	assert_status 1
	unmount d
	assert_equal "$(<status)" ""
}

@test "q.12 a disk that a virtual machine writes is refused, and one that is read is not written by any" {
	local machine name
	create base 1M
	create top 1M -b base -F qcow2
	mkfifo commands
	for name in base top; do
		qemu-io -f qcow2 "$name" <commands >said 2>&1 3>&- &
		machine=$!
		exec 4>commands
		echo "write -P 1 0 64k" >&4
		wait_until 10 grep -q wrote said
		refused top "it is in use: another program writes it, as a virtual machine does"
		exec 4>&-
		wait_gone 10 $machine
	done
	serve top
	for name in base top; do
		run qemu-io -f qcow2 -c "write 0 512" "$name"
		assert_contains 'Failed to get "write" lock'
	done
	alike top
	unmount d
	ended
	io top "write -P 2 0 512"
}

@test "q.10 what is refused is not mounted, and told to who waits for it" {
	echo nothing >disk
	mkdir d
	run bash -c 'mgr-qcow2 --report 3 disk d 3>report'
	assert_status 1
	assert_contains "mgr-qcow2: disk: it is no qcow2 disk"
	grep -aq "it is no qcow2 disk" report
	run mountpoint d
	assert_status 32
	create disk 1M
	run within 10 mgr-qcow2 disk none
	assert_status 1
	assert_contains "mount it on 'none': No such file"
}

@test "q.2 the command line is heard, and what is wrong with it" {
	run mgr-qcow2
	assert_status 64
	run mgr-qcow2 --convert one
	assert_status 64
	assert_contains "try 'mgr-qcow2 -h'"
	run mgr-qcow2 --convert one two three
	assert_status 64
	assert_contains "three"
	run mgr-qcow2 --offset 1 one two
	assert_status 64
	run mgr-qcow2 --report x one two
	assert_status 1
	assert_contains "--report: 'x' is no descriptor"
	run mgr-qcow2 --wrong
	assert_status 64
	assert_contains "unknown option --wrong"
	run mgr-qcow2 --convert --offset x one two
	assert_status 1
	assert_contains "--offset"
	create disk 1M
	run mgr-qcow2 --convert disk is --offset 2M
	assert_status 1
	assert_contains "--offset: it has 1048576 bytes"
	run mgr-qcow2 -h
	assert_success
	assert_contains "usage: mgr-qcow2"
}
