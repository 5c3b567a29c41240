#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What storage costs; started by tests/bench/storage, in a lab.

Whole processes are medians of several; what moves bytes takes turns with what it is compared with, and the best of each counts:
other work on the machine can only make it worse. Each measure is held against its promise (speed.N); exits 1 when one is missed.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import measure
from measure import run, took

MIB = 1 << 20


class Bench(measure.Bench):
    def __init__(self, args):
        super().__init__(args)
        self.dir = pathlib.Path(os.environ["MGR_LAB"], "bench-storage")
        self.store = pathlib.Path(os.environ["MGR_ROOT"], "var/lib/mgr")
        self.names = []

    def create(self, name, *words):
        self.names.append(name)
        return took("mgr-create", "-n", name, "-t", *words)

    def copy(self, name, of, *words):
        self.names.append(name)
        return took("mgr-copy", "-n", of, "-N", name, *words)

    def destroy(self, name):
        self.names.remove(name)
        run("mgr-destroy", "-f", "-n", name)

    # --- containers -----------------------------------------------------------------------------------------------------

    def create_debian(self):
        """-t debian, its base there already: who makes that is thrown away."""
        self.create("deb", "debian")
        times = []
        for i in range(self.args.runs):
            times.append(self.create(f"more{i}", "debian"))
            self.destroy(f"more{i}")
        self.held("speed.14", "mgr-create -t debian with its base there, ms", statistics.median(times), most=100)

    def used(self):
        run("sync")  # what is not on disk yet has no blocks
        return int(run("du", "-s", "-B1", str(self.store)).split()[0])

    def thin(self):
        """Of a Debian that has changed nothing since its last copy, and of one that has, as after each run."""
        self.create("thin", "debian", "-B", "overlay")
        before, same, changed, n = self.used(), [], [], self.args.runs
        for i in range(n):
            same.append(self.copy(f"same{i}", "thin", "-s"))
        room = (self.used() - before) / n
        file = self.dir / "file"
        file.write_text("changed")
        for i in range(n):
            run("mgr-push", "-n", "thin", str(file), f"/root/file{i}")
            changed.append(self.copy(f"changed{i}", "thin", "-s"))
        whole = self.whole_copy()
        for what, times in (("the same as before", same), ("changed since", changed)):
            self.held("speed.13", f"mgr-copy -s of a Debian, {what} (cp -a of its base: {whole:.0f}), ms",
                      statistics.median(times), most=10)
        self.held("speed.13", "room that one takes, MiB", room / MIB, most=1)
        for name in [f"same{i}" for i in range(n)] + [f"changed{i}" for i in range(n)]:
            self.destroy(name)

    def whole_copy(self):
        base = max(self.store.glob(".images/base-*/upper"), key=lambda p: p.stat().st_mtime)
        best = 1e9
        for _ in range(3):
            target = self.dir / "copy"
            best = min(best, took("cp", "-a", str(base), str(target)))
            shutil.rmtree(target)
        return best

    def compare_writes(self, promise, one, other, least):
        """4 KiB at random places, in the guests of these names."""
        for name in (one, other):
            run("mgr-start", "-n", name)
            run("mgr-push", "-n", name, self.args.write, "/root/write")
        rates = self.rounds({n: n for n in (one, other)},
                            lambda n: float(run("mgr-attach", "-n", n, "--", "/root/write", "/root/data", "4000")),
                            2 * self.args.runs)
        best = {n: max(r[n] for r in rates) for n in rates[0]}
        self.held(promise, f"4 KiB random write, {one} {best[one]:.0f} a second, {other} {best[other]:.0f}",
                  best[one] / best[other], least=least)
        for name in (one, other):
            self.destroy(name)

    def write(self):
        for backend in ("dir", "overlay"):
            self.create(backend, "busybox", "-B", backend, "-s", "net.0.type=empty")
        self.compare_writes("speed.18", "overlay", "dir", 0.9)

    def has(self, option):
        there = option in run("mgr-create", "-h")
        if not there:
            print(f"mgr-create has no {option}: not measured")
        return there

    # --- containers on disks ----------------------------------------------------------------------------------------------

    def make_root_disk(self, tree, name, size):
        """A qcow2 disk with an ext4 of what is in the tree."""
        raw, disk = self.dir / "raw", self.dir / name
        run("mke2fs", "-q", "-t", "ext4", "-d", str(tree), str(raw), size)
        run("qemu-img", "convert", "-O", "qcow2", str(raw), str(disk))
        raw.unlink()
        return disk

    def on_disk(self, name, disk, *words):
        self.names.append(name)
        run("mgr-create", "-n", name, "--disk", str(disk), *words)

    def boot(self):
        if not self.has("--disk"):
            return
        self.create("folder", "debian", "-B", "dir")
        disk = self.make_root_disk(self.store / "folder/rootfs", "debian.qcow2", "2G")
        self.on_disk("qcow2", disk)
        os.sync()  # what has just been written is no part of either

        def start(name):
            ms = took("mgr-start", "-n", name, "--wait=100")
            run("mgr-stop", "-k", "-n", name)
            return ms
        rounds = self.rounds({n: n for n in ("folder", "qcow2")}, start, self.args.runs)
        best = {n: min(r[n] for r in rounds) for n in rounds[0]}
        self.held("speed.15", f"a Debian boots from a qcow2 disk in {best['qcow2'] / 1e3:.1f} s, from a folder in"
                  f" {best['folder'] / 1e3:.1f}, round by round", statistics.median(r["qcow2"] / r["folder"] for r in rounds),
                  most=1.3)
        for name in ("folder", "qcow2"):
            self.destroy(name)

    def block(self):
        if not self.has("--block"):
            return
        self.create("model", "busybox", "-B", "dir", "-s", "net.0.type=empty")
        disk = self.make_root_disk(self.store / "model/rootfs", "model.qcow2", "256M")
        self.on_disk("block", disk, "--block", "-s", "net.0.type=empty", "-s", "init.ready=exec")
        self.create("loop", "busybox", "-B", "loop", "--size", "256M", "-s", "net.0.type=empty")
        self.compare_writes("speed.19", "block", "loop", 0.5)
        self.destroy("model")

    # --- disks ----------------------------------------------------------------------------------------------------------

    def make_disk(self, name, mib, *options):
        """A qcow2 disk full of what systems are made of, and hardly any of it a hole."""
        raw, disk = self.dir / "raw", self.dir / name
        with open(raw, "wb") as out, subprocess.Popen(["tar", "-C", "/", "-c", "usr/bin", "usr/lib"], stdout=subprocess.PIPE,
                                                      stderr=subprocess.DEVNULL) as tar:
            for _ in range(mib):
                out.write(tar.stdout.read(MIB) or os.urandom(MIB))
            tar.kill()
        run("qemu-img", "convert", "-O", "qcow2", *options, str(raw), str(disk))
        raw.unlink()
        return disk

    def served(self, command, file, end):
        """MB a second of one reading of what a server shows, from its beginning: its file is new to the page cache."""
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            limit = time.monotonic() + 20
            while not (file.exists() and file.stat().st_size > MIB):
                if time.monotonic() > limit or server.poll():
                    sys.exit(f"FAILED: {command[0]} shows no '{file}'")
                time.sleep(0.02)
            size = file.stat().st_size
            return size / 1e3 / took("dd", f"if={file}", "of=/dev/null", "bs=1M", "status=none")
        finally:
            end(server)
            server.wait(20)

    def own(self, disk):
        folder = self.dir / "shown"
        folder.mkdir(exist_ok=True)
        return self.served(["mgr-qcow2", "--read-only", str(disk), str(folder)], folder / "disk",
                           lambda server: run("umount", str(folder)))

    def qemus(self, disk):
        file = self.dir / "export"
        file.touch()
        return self.served(["qemu-storage-daemon", "--blockdev", f"driver=file,node-name=file,filename={disk}", "--blockdev",
                            "driver=qcow2,node-name=disk,file=file", "--export",
                            f"type=fuse,id=export,node-name=disk,mountpoint={file},writable=off"], file, subprocess.Popen.terminate)

    def converted(self, disk, *command):
        target = self.dir / "converted"
        size = int(run("qemu-img", "info", str(disk)).split("(")[1].split()[0])
        rate = size / 1e3 / took(*command, str(disk), str(target))
        target.unlink()
        return rate

    def read(self):
        disk = self.make_disk("plain.qcow2", 512)
        rates = self.rounds({"own": self.own, "qemu": self.qemus}, lambda fn: fn(disk), self.args.runs)
        best = {n: max(r[n] for r in rates) for n in rates[0]}
        self.held("speed.16", f"a qcow2 disk read through, {best['own']:.0f} MB/s, qemu-storage-daemon's {best['qemu']:.0f}",
                  best["own"] / best["qemu"], least=0.9)
        disk.unlink()

    def compressed(self):
        disk = self.make_disk("small.qcow2", 256, "-c")
        ways = {"shown": self.own, "converted": lambda d: self.converted(d, "mgr-qcow2", "--convert"),
                "qemu": lambda d: self.converted(d, "qemu-img", "convert", "-O", "raw")}
        rates = self.rounds(ways, lambda fn: fn(disk), self.args.runs)
        best = {n: max(r[n] for r in rates) for n in rates[0]}
        self.held("speed.17", f"a compressed one read through, {best['shown']:.0f} MB/s, qemu-img convert {best['qemu']:.0f}"
                  f" (mgr-qcow2 --convert {best['converted']:.0f})", best["shown"] / best["qemu"], least=0.9)
        disk.unlink()

    def prepare(self):
        self.dir.mkdir()

    def remove(self):
        for name in self.names[:]:
            run("mgr-destroy", "-f", "-n", name, may_fail=True)
        run("mgr-net", "down", may_fail=True)
        shutil.rmtree(self.dir, ignore_errors=True)


def main():
    names = ("create_debian", "thin", "write", "boot", "block", "read", "compressed")
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--write", required=True, help="the program that write.c makes")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--only", type=lambda s: s.split(","), help=",".join(names))
    args = parser.parse_args()
    for need in (args.write, "qemu-img", "qemu-storage-daemon", "mgr-copy"):
        if not shutil.which(need):
            sys.exit(f"storage: '{need}' is missing (tests/bench/storage --install)")
    measure.main(Bench(args), names)


main()
