#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# mgr-qcow2 --delta: a disk that is written to, and stays as it is.

load ../lib/common
load ../lib/disks

teardown() {
	umount -ql "$disks/d" "$disks/small" 2>/dev/null || true
}

# A disk of 20 MB and 512 bytes, partly compressed, partly nothing, and the same as a raw file.
make_disk() {
	local i
	for ((i = 0; i < 3; i++)); do
		head -c 3000000 /usr/bin/python3
		head -c 500000 /dev/zero
	done >source
	truncate -s 20000256 source
	qemu-img convert -c -f raw -O qcow2 source disk
	rm source
	qemu-img convert -O raw disk raw
}

# serve DISK [OPTION...]: at d; its process is $server.
serve() {
	mkdir -p d
	mkfifo report
	mgr-qcow2 --report 3 --status 5 "${@:2}" "$1" d 3>report 4>&- 5>status &
	server=$!
	# A struct err whose number is 0 is no error.
	assert_equal "$(within 20 cat report | od -A n -t x4 -N 4)" " 00000000"
	rm report
}

# After its disk was given up.
ended() {
	wait_gone 10 "$server"
	wait "$server"
	assert_equal "$(<status)" ok
}

# refused TEXT WORD...: with this in its one line, and nothing mounted.
refused() {
	mkdir -p e
	run mgr-qcow2 "${@:2}" e
	assert_status 1
	assert_contains "$1"
	assert_equal "${#lines[@]}" 1
	rmdir e
}

change() {
	run "$BATS_TEST_DIRNAME/../lib/delta.py" --seed "$1" d/disk raw
	assert_success
	cmp d/disk raw
}

@test "q.11 what is written to a disk goes into its delta, and the disk stays as it is" {
	local sum
	make_disk
	sum=$(sha256sum disk)
	serve disk --delta delta
	run stat -c '%a %s' d/disk
	assert_output "600 20000256"
	change 1
	unmount d
	ended
	assert_equal "$(sha256sum disk)" "$sum"
	[ "$(du -k delta | cut -f 1)" -lt 12000 ] || show "$(du -k delta)"
	run stat -c %a delta
	assert_output 600
	# What it is after all is in the file, and goes on from there.
	mgr-qcow2 --convert delta is
	cmp is raw
	serve disk --delta delta
	cmp d/disk raw
	change 2
	unmount d
	ended
	mgr-qcow2 --convert delta - | cmp - raw
}

@test "q.11 a delta that is not written to any more is a disk like others, and may be what another one stands on" {
	make_disk
	serve disk --delta one
	change 3
	unmount d
	ended
	mkdir frozen
	mv one frozen
	cp raw before
	refused "is not below the folder of the disk" --delta two frozen/one
	[ ! -e two ] || show "there is a delta"
	serve frozen/one --delta two --backing-from /srv --backing-from "$disks"
	change 4
	unmount d
	ended
	mgr-qcow2 --convert --backing-from . frozen/one is
	cmp is before
	mgr-qcow2 --convert two is
	cmp is raw
}

@test "q.11 a file system on it keeps what was written, and gives back what it discards" {
	local loop
	truncate -s 64M source
	mke2fs -q -t ext4 source
	qemu-img convert -c -f raw -O qcow2 source disk
	serve disk --delta delta
	loop=$(losetup -f --show --direct-io=on d/disk)
	mkdir mnt
	mount -o discard "$loop" mnt
	umount -l d
	cp /usr/bin/python3 mnt/file
	sync -f mnt
	[ "$(du -k delta | cut -f 1)" -gt 4000 ] || show "$(du -k delta)"
	cmp mnt/file /usr/bin/python3
	rm mnt/file
	sync -f mnt
	fstrim mnt
	[ "$(du -k delta | cut -f 1)" -lt 3000 ] || show "$(du -k delta)"
	cp /bin/ls mnt/file
	unmount mnt
	losetup -d "$loop"
	ended
	mgr-qcow2 --convert delta is
	e2fsck -fn is
	mount -o loop,ro is mnt
	cmp mnt/file /bin/ls
	unmount mnt
}

@test "q.11 a delta has one server, and what it stands on is what it was" {
	make_disk
	serve disk --delta delta
	refused "the delta 'delta': it is in use" --delta delta disk
	run mgr-qcow2 --convert delta is
	assert_status 1
	assert_contains "it is in use: it is being written to"
	# One that is read only is not written.
	cp delta frozen
	unmount d
	ended
	serve frozen
	refused "the delta 'frozen': it is in use" --delta frozen disk
	unmount d
	ended
	refused "'disk' is what is to be read" --delta disk disk
	touch disk
	refused "it has changed since the delta was made on it" --delta delta disk
	run mgr-qcow2 --convert delta is
	assert_status 1
	assert_contains "'$disks/disk': it has changed since the delta was made on it"
}

@test "q.11 what its disk stands on is what it was, too, all the way down" {
	local file
	head -c 2M /dev/urandom >raw
	qemu-img create -q -f qcow2 middle 2M -b raw -F raw
	qemu-img create -q -f qcow2 top 2M -b middle -F qcow2
	serve top --delta one
	dd if=/usr/bin/python3 of=d/disk bs=64k count=1 conv=notrunc,fsync status=none
	unmount d
	ended
	serve one --delta two
	unmount d
	ended
	for file in middle raw; do
		cp -p "$file" kept
		touch "$file"
		refused "what is below '$disks/top' has changed since the delta was made on it" --delta one top
		refused "what is below" --delta two one
		run mgr-qcow2 --convert one is
		assert_status 1
		assert_contains "what is below"
		touch -r kept "$file"
	done
	mgr-qcow2 --convert two is
	cmp -n 65536 is /usr/bin/python3
}

@test "q.11 a delta that is damaged, cut short or of another disk is refused, and so is what is none" {
	make_disk
	serve disk --delta delta
	unmount d
	ended
	cp delta short
	truncate -s -1 short
	refused "it is cut short" --delta short disk
	run mgr-qcow2 --convert short is
	assert_status 1
	assert_contains "it is a delta that is cut short"
	cp delta wrong
	printf x | dd of=wrong bs=1 seek=4000 conv=notrunc status=none
	refused "it is a damaged delta" --delta wrong disk
	refused "it is a damaged delta" wrong
	refused "it is no delta" --delta raw disk
	mkfifo fifo
	refused "it is no file" --delta fifo disk
	ln -s delta link
	refused "symbolic links" --delta link disk
	qemu-img create -q -f qcow2 other 1M
	touch -r disk other
	refused "it has changed since" --delta delta other
	refused "No such file" --delta none/delta disk
	refused "it is no qcow2 disk" --delta new raw
	[ ! -e new ] || show "there is a delta"
	run mgr-qcow2 --delta delta --read-only disk d
	assert_status 64
	run mgr-qcow2 --delta delta --convert disk d
	assert_status 64
}

@test "q.2 a delta takes little memory, however large the disk is" {
	qemu-img create -q -f qcow2 -o cluster_size=2M disk 2T
	qemu-io -f qcow2 -c "write -c -P 3 4M 2M" disk >/dev/null
	serve disk --delta delta
	dd if=/usr/bin/python3 of=d/disk bs=1000 count=1 seek=2G conv=notrunc,fsync status=none
	run sed -n 's/^Vm\(Peak\|Lck\):[^0-9]*\([0-9]*\) kB/\2/p' "/proc/$server/status"
	sanitized || [ "${lines[0]}" -le 65536 ] && [ "${lines[1]}" -le 65536 ] || show "it has had ${lines[0]} kB, and holds ${lines[1]}"
	unmount d
	ended
	[ "$(du -k delta | cut -f 1)" -lt 200 ] || show "$(du -k delta)"
	cmp <(mgr-qcow2 --convert --offset 2147483648000 --length 1000 delta -) <(head -c 1000 /usr/bin/python3)
	make_disk
	serve disk --delta small
	takes_memory 24576 # it is compressed
	unmount d
	ended
}

@test "q.11 writes that find no room are errors, and told at the end" {
	make_disk
	mkdir small
	mount -t tmpfs -o size=3M small small
	serve disk --delta small/delta
	run dd if=/usr/bin/python3 of=d/disk bs=1M count=5 conv=notrunc,fsync
	assert_status 1
	assert_contains "No space left on device"
	cmp <(head -c 1M d/disk) <(head -c 1M /usr/bin/python3)
	unmount d
	wait_gone 10 "$server"
	run wait "$server"
	assert_status 3
	run cat status
	assert_match '^lost [1-9][0-9]* writes: No space left on device$'
	unmount small
}

# The calls of a trace, from the first whole write to the answer to what wanted a sync.
order() {
	sed -En 's/^[0-9]+ +(fdatasync|pwrite64)\(([0-9]+).*, ([0-9]+)\) = [0-9]+$/\1 \3/p; s/^[0-9]+ +(fdatasync)\(.* = 0$/\1/p
		s/^[0-9]+ +writev\(.*iov_len=16\}\], 1\) = 16$/answer/p' trace
}

@test "q.5 a sync is answered when data and then the map are on disk" {
	local tracer
	make_disk
	serve disk --delta delta
	within 60 strace -f -p "$server" -e trace=fdatasync,pwrite64,writev -o trace 2>attached 3>&- &
	tracer=$!
	wait_until 10 grep -q attached attached
	dd if=/usr/bin/python3 of=d/disk bs=4k count=1 seek=10 conv=notrunc,fsync status=none
	dd if=/usr/bin/ls of=d/disk bs=4k count=1 seek=10 conv=notrunc,fsync status=none
	unmount d
	ended
	wait "$tracer"
	run order
	# Block 10, and its bit; the same once more has no bit to set. Other answers are none of this.
	output=$(tr '\n' ' ' <<<"$output")
	assert_match '^(answer )*pwrite64 1089536 fdatasync pwrite64 4096 fdatasync (answer )+pwrite64 1089536 fdatasync (answer )+fdatasync $'
}
