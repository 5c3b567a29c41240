#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qcow2.py [--seed N] [--count N] [--keep] FOLDER: random qcow2 disks, made by qemu-img and qemu-io in FOLDER, and what
mgr-qcow2 --convert writes of each, or shows as a file, compared with what `qemu-img convert -O raw` writes. Prints what differs, with the seed of that
disk (--seed N --count 1 makes it again; --keep leaves it), and exits 1."""
import argparse
import os
import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

SECTOR = 512
CLUSTERS = [512, 1024, 4096, 16384, 65536, 65536, 65536, 262144, 2097152]


def run(*words, **more):
    made = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    if made.returncode:
        raise RuntimeError(f"{' '.join(words)}: {made.stdout.decode(errors='replace')}")


def attempt(*words):
    """What may fail: a cluster that is there already is not compressed, one of version 2 cannot become zeros."""
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Disk:
    """One disk and what it stands on, in a folder of its own."""

    def __init__(self, seed, folder):
        self.seed, self.folder, self.dice = seed, folder, random.Random(seed)
        os.mkdir(folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def size(self):
        """Bytes, whole sectors, seldom whole clusters."""
        return self.dice.choice([1, 7, 64, 1000, 4096, 9999, 16384]) * SECTOR + self.dice.randrange(0, 3000) * SECTOR

    def make_raw(self, name):
        size = self.size() + self.dice.choice([0, 0, 100, 511])
        with open(self.path(name), "wb") as f:
            f.truncate(size)
            for _ in range(self.dice.randrange(4)):
                f.seek(self.dice.randrange(size))
                f.write(self.dice.randbytes(min(70000, size - f.tell())))
        return size

    def places(self, size, cluster, whole):
        """Somewhere on the disk: (offset, length), in whole clusters or sectors."""
        unit = cluster if whole else SECTOR
        units = size // unit
        if units == 0:
            return None
        first = self.dice.randrange(units)
        count = min(units - first, self.dice.choice([1, 1, 2, 5, 40]) if whole else self.dice.choice([1, 3, 100, 2000]))
        return first * unit, count * unit

    def change(self, name, size, cluster, compressed):
        """Commands of qemu-io."""
        commands = []
        for _ in range(self.dice.randrange(1, 9)):
            kind = self.dice.choice(["plain", "plain", "file", "packed", "zero", "unmap", "discard"])
            if kind == "packed" and not compressed:
                continue
            place = self.places(size, cluster, kind in ("packed", "unmap", "discard") or self.dice.random() < 0.3)
            if not place:
                continue
            where = f"{place[0]} {place[1]}"
            if kind == "file":
                data = self.path("data")
                with open(data, "wb") as f:
                    f.write(self.dice.randbytes(min(place[1], 200000)))
                commands.append(f"write -s {data} {where}")
            elif kind == "packed":
                commands.append(f"write -c -P {self.dice.randrange(256)} {place[0]} {cluster}")
            else:
                words = {"plain": f"write -P {self.dice.randrange(256)}", "zero": "write -z", "unmap": "write -z -u",
                         "discard": "discard"}
                commands.append(f"{words[kind]} {where}")
        if commands:
            words = ["qemu-io", "-f", "qcow2", "-t", "unsafe", "-d", "unmap"]
            for command in commands:
                words += ["-c", command]
            words.append(self.path(name))
            attempt(*words)

    def make(self, name, below):
        """A qcow2 file; below: (name, format) or None."""
        version = self.dice.choice(["0.10", "1.1", "1.1"])
        cluster = self.dice.choice(CLUSTERS)
        size = self.size()
        options = [f"compat={version}", f"cluster_size={cluster}"]
        if version == "1.1":
            options.append(f"lazy_refcounts={self.dice.choice(['on', 'off'])}")
            options.append(f"refcount_bits={self.dice.choice([1, 8, 16, 64])}")
        if below:
            path = below[0] if self.dice.random() < 0.7 else self.path(below[0])
            options += [f"backing_file={path}", f"backing_fmt={below[1]}"]
        else:
            options.append(f"preallocation={self.dice.choice(['off', 'off', 'metadata', 'full', 'falloc'])}")
        if not below and self.dice.random() < 0.2:
            self.make_raw("source")
            run("qemu-img", "convert", "-q", "-c", "-f", "raw", "-O", "qcow2", "-o", f"compat={version},cluster_size={cluster}",
                self.path("source"), self.path(name))
            return
        run("qemu-img", "create", "-q", "-f", "qcow2", "-o", ",".join(options), self.path(name), str(size), cwd=self.folder)
        self.change(name, size, cluster, "refcount_bits=1" not in options)
        if self.dice.random() < 0.2 and "refcount_bits=1" not in options:
            run("qemu-img", "snapshot", "-q", "-c", "then", self.path(name))
            self.change(name, size, cluster, True)
        elif self.dice.random() < 0.2:
            attempt("qemu-img", "resize", "-q", "--shrink", "-f", "qcow2", self.path(name), str(self.size()))

    def build(self):
        below = None
        if self.dice.random() < 0.3:
            self.make_raw("base")
            below = ("base", "raw")
        for i in range(self.dice.choice([1, 1, 2, 3, 4])):
            self.make(f"{i}.qcow2", below)
            below = (f"{i}.qcow2", "qcow2")
        return below[0]

    def check(self):
        """What is wrong, or None. QEMU, which writes them, leaves some few corrupt: these are refused."""
        disk = self.path(self.build())
        wrong = self.check_disk(disk)
        if wrong and "it is marked as corrupt" in wrong:
            info = subprocess.run(["qemu-img", "info", "--backing-chain", "--output", "json", disk], stdout=subprocess.PIPE)
            return None if b'"corrupt": true' in info.stdout else wrong
        return wrong

    def check_disk(self, disk):
        run("qemu-img", "convert", "-f", "qcow2", "-O", "raw", disk, self.path("wanted"))
        size = os.path.getsize(self.path("wanted"))
        offset = self.dice.randrange(size) if self.dice.random() < 0.3 else 0
        length = self.dice.randrange(size - offset + 1) if self.dice.random() < 0.2 else size - offset
        if self.dice.random() < 0.2:
            return self.check_file(disk, length=size)
        words = ["mgr-qcow2", "--convert", disk, "--offset", str(offset), "--length", str(length)]
        if self.dice.random() < 0.3:
            with open(self.path("is"), "wb") as f:
                got = subprocess.run([*words, "-"], stdout=f, stderr=subprocess.PIPE)
        else:
            got = subprocess.run([*words, self.path("is")], stderr=subprocess.PIPE)
        if got.returncode or got.stderr:
            return f"exit status {got.returncode}: {got.stderr.decode(errors='replace').strip()}"
        with open(self.path("is"), "rb") as made:
            return self.compare(made.read(), offset, length)

    def compare(self, got, offset, length):
        with open(self.path("wanted"), "rb") as f:
            f.seek(offset)
            wanted = f.read(length)
        if got == wanted:
            return None
        if len(got) != len(wanted):
            return f"{len(got)} bytes, and {len(wanted)} are wanted"
        return f"another byte at {offset + next(i for i in range(len(got)) if got[i] != wanted[i])}"

    def check_file(self, disk, length):
        """As a file, which is read in pieces of any size, in any order, by several at a time."""
        os.mkdir(self.path("d"))
        report, told = os.pipe()
        server = subprocess.Popen(["mgr-qcow2", "--report", str(told), disk, self.path("d")], pass_fds=[told])
        os.close(told)
        with open(report, "rb") as f:
            error = f.read()
        if error[:4].strip(b"\0") or not error:
            return f"not served: {error[4:].decode(errors='replace')}"
        got = bytearray(length)
        edges = sorted({0, length, *(self.dice.randrange(length + 1) // 512 * 512 for _ in range(30))})
        pieces = list(zip(edges, edges[1:]))
        self.dice.shuffle(pieces)
        fd = os.open(self.path("d/disk"), os.O_RDONLY)

        def read(piece):
            got[piece[0]:piece[1]] = os.pread(fd, piece[1] - piece[0], piece[0])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(read, pieces))
        os.close(fd)
        run("umount", self.path("d"))
        status = server.wait(20)
        return self.compare(bytes(got), 0, length) or (f"exit status {status}" if status else None)


def one(seed, args):
    folder = os.path.join(os.path.abspath(args.folder), str(seed))
    try:
        wrong = Disk(seed, folder).check()
    except RuntimeError as e:
        wrong = str(e)
    if not args.keep:
        shutil.rmtree(folder)
    return f"seed {seed}: {wrong}" if wrong else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("folder")
    args = parser.parse_args()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = [w for w in pool.map(lambda seed: one(seed, args), range(args.seed, args.seed + args.count)) if w]
    print("\n".join(wrong) if wrong else f"{args.count} disks are alike")
    return 1 if wrong else 0


sys.exit(main())
