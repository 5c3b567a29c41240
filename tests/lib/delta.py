#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""delta.py --seed N DISK RAW: the same random writes, holes and syncs in two files of one size, DISK through some handles at a
time, and each piece that is read back from one compared with the other's. Prints the first that differs, and exits 1."""
import argparse
import ctypes
import os
import random
import sys
from concurrent.futures import ThreadPoolExecutor

FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, FALLOC_ZERO_RANGE = 1, 2, 16
REGIONS, ROUNDS = 4, 60
libc = ctypes.CDLL(None, use_errno=True)


def make_hole(fd, offset, length, mode):
    if libc.fallocate(fd, mode, ctypes.c_long(offset), ctypes.c_long(length)) != 0:
        raise OSError(ctypes.get_errno(), "fallocate")


def place(dice, start, end):
    """Some bytes of a region, often whole blocks of 4 KiB."""
    unit = dice.choice([1, 512, 4096, 4096, 65536])
    offset = start + dice.randrange(end - start) // unit * unit
    return offset, min(end - offset, unit * dice.choice([1, 1, 2, 7, 30]))


def play(seed, disk, raw, start, end):
    """In one region, which no other thread touches but for the block that it shares with the next."""
    dice = random.Random(seed)
    for _ in range(ROUNDS):
        offset, length = place(dice, start, end)
        kind = dice.choice(["write", "write", "write", "hole", "read", "sync"])
        if kind == "write":
            data = dice.randbytes(length)
            os.pwrite(disk, data, offset)
            os.pwrite(raw, data, offset)
        elif kind == "hole":
            make_hole(disk, offset, length, dice.choice([FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, FALLOC_ZERO_RANGE]))
            make_hole(raw, offset, length, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE)
        elif kind == "sync":
            os.fsync(disk)
        elif os.pread(disk, length, offset) != os.pread(raw, length, offset):
            return f"seed {seed}: {length} bytes at {offset} are others"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("disk")
    parser.add_argument("raw")
    args = parser.parse_args()
    size = os.path.getsize(args.raw)
    disks = [os.open(args.disk, os.O_RDWR) for _ in range(REGIONS)]
    raw = os.open(args.raw, os.O_RDWR)
    edges = [size * i // REGIONS + (100 if 0 < i < REGIONS else 0) for i in range(REGIONS + 1)]
    with ThreadPoolExecutor(REGIONS) as pool:
        wrong = [w for w in pool.map(lambda i: play(args.seed * REGIONS + i, disks[i], raw, edges[i], edges[i + 1]),
                                     range(REGIONS)) if w]
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
