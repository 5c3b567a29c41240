#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Times mgr beside LXC and beside the floor (floor.c: the kernel's work alone); started by tests/bench/run, in a lab.

One busybox container each: ours unprivileged, LXC's privileged, as both come. Whole processes, in turn (so that a slow
moment of the machine hits all), the first round thrown away; medians. Milliseconds differ from machine to machine: the
ratios are what counts. Each measure is held against its promise (speed.N, freeze.4); exits 1 when one is missed.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BARS = {  # promise: (measure, against, most)
    "speed.1": ("start", "lxc", 0.8),
    "speed.2": ("attach", "lxc", 0.6),
    "speed.3": ("stop-kill", "lxc", 0.25),
    "speed.4": ("info", "lxc", 0.7),
    "freeze.4": ("freeze", "lxc", 0.8),
}
MOST_KB, MOST_SLOWER = 120, 1.2  # speed.5, speed.6


class Bench:
    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.bad = []
        self.env = dict(os.environ, FLOOR_BRIDGE=args.bridge)
        self.lxc_store = folder / "lxc"

    def run(self, *command, may_fail=False):
        """Wall-clock milliseconds of one command."""
        begin = time.perf_counter()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              env=self.env, timeout=120)
        took = (time.perf_counter() - begin) * 1e3
        if done.returncode and not may_fail:
            self.bad.append(" ".join(command))
            print(f"FAILED ({done.returncode}): {self.bad[-1]}: {done.stderr.decode(errors='replace').strip()[-300:]}")
        return took

    def command(self, who, what, name="a", *rest):
        store = ["-P", str(self.lxc_store)] if who == "lxc" else []
        return [f"{who}-{what}", *store, "-n", name, *rest]

    def sides(self, what, *rest, before=None, after=None):
        """The same command of mgr and of LXC, with what must precede and follow each run of it."""
        def of(who, words):
            return [self.command(who, words[0], "a", *words[1:])] if words else []
        return {who: (of(who, before), self.command(who, what, "a", *rest), of(who, after)) for who in ("mgr", "lxc")}

    def measure(self, name, sides):
        if self.args.only and name not in self.args.only:
            return
        times = {who: [] for who in sides}
        for turn in range(self.args.runs + 1):
            for who, (before, timed, after) in sides.items():
                for command in before:
                    self.run(*command)
                took = self.run(*timed)
                if turn:
                    times[who].append(took)
                for command in after:
                    self.run(*command)
        self.report(name, {who: statistics.median(t) for who, t in times.items()})

    def report(self, name, median):
        line = f"{name:10}" + "".join(f"  {who} {ms:7.2f} ms" for who, ms in median.items())
        for other in (w for w in median if w != "mgr"):
            line += f"  mgr/{other} {median['mgr'] / median[other]:.2f}"
        for promise, (measure, other, most) in BARS.items():
            if measure == name:
                line += "  " + self.held(promise, median["mgr"] / median[other], most)
        print(line, flush=True)

    def held(self, promise, value, most):
        if value <= most:
            return f"{promise} holds (<= {most})"
        self.bad.append(promise)
        return f"{promise} MISSED (<= {most})"

    # --- one container each ---------------------------------------------------------------------------------------------

    def make(self):
        conf = self.folder / "lxc.conf"
        conf.write_text(f"lxc.net.0.type = veth\nlxc.net.0.link = {self.args.bridge}\nlxc.net.0.flags = up\n"
                        "lxc.net.0.ipv4.address = 10.0.3.9/24\n")
        self.run(*self.command("lxc", "create", "a", "-t", "busybox", "-f", str(conf)))
        self.run(*self.command("mgr", "create", "a", "-t", "busybox"))
        self.root = self.folder / "floor"
        for name in ("sbin", "proc", "sys", "dev"):
            (self.root / name).mkdir(parents=True)
        shutil.copy(shutil.which("busybox"), self.root / "sbin/init")

    def one(self):
        start = self.sides("start", after=["stop", "-k"])
        start["floor"] = ([], [self.args.floor, str(self.root), "/sbin/init"], [])
        self.measure("start", start)
        self.measure("stop-kill", self.sides("stop", "-k", before=["start"]))
        for who in ("mgr", "lxc"):
            self.run(*self.command(who, "start"))
        self.measure("attach", self.sides("attach", "--", "/bin/true"))
        self.measure("info", self.sides("info", "-s"))
        self.measure("freeze", self.sides("freeze", after=["unfreeze"]))
        for who in ("mgr", "lxc"):
            self.run(*self.command(who, "stop", "a", "-k"))

    # --- many -----------------------------------------------------------------------------------------------------------

    def populate(self, who, count):
        if who == "mgr":
            for i in range(count):
                self.run(*self.command("mgr", "create", f"d{i}", "-t", "busybox"))
            return
        for i in range(count):  # lxc-copy would give each an overlay: plain copies, as mgr has
            to = self.lxc_store / f"d{i}"
            shutil.copytree(self.lxc_store / "a/rootfs", to / "rootfs", symlinks=True)
            text = (self.lxc_store / "a/config").read_text().replace("lxc/a/rootfs", f"lxc/d{i}/rootfs")
            (to / "config").write_text(text.replace('"a"', f'"d{i}"').replace("10.0.3.9/", f"10.0.3.{10 + i % 200}/"))

    def density(self, who):
        """speed.5, speed.6: memory of what stays on the host for each of many, and whether the last start as fast as the first."""
        count = self.args.density
        self.populate(who, count)
        before = host_processes()
        times = [self.run(*self.command(who, "start", f"d{i}")) for i in range(count)]
        stays = host_processes() - before
        some = max(1, count // 5)
        first, last = statistics.median(times[:some]), statistics.median(times[-some:])
        settle(stays)
        total = sum(pss_kb(pid) for pid in stays)
        for i in range(count):
            self.run(*self.command(who, "stop", f"d{i}", "-k"))
        # What serves all of them (a network service) is still there, and is not counted as a container's.
        per = (total - sum(pss_kb(pid) for pid in stays)) / count
        line = f"density     {who}: {count} starts, median of the first {some} {first:.2f} ms, of the last {some} {last:.2f} ms " \
               f"(x {last / first:.2f}), {per:.0f} kB PSS a container"
        if who == "mgr":
            line += f"  {self.held('speed.5', per, MOST_KB)}  {self.held('speed.6', last / first, MOST_SLOWER)}"
        print(line, flush=True)

    def remove(self):
        for store in (self.lxc_store, pathlib.Path(os.environ["MGR_ROOT"]) / "var/lib/mgr"):
            who = "lxc" if store == self.lxc_store else "mgr"
            for path in sorted(store.iterdir()) if store.exists() else []:
                if not path.name.startswith("."):
                    self.run(*self.command(who, "stop", path.name, "-k"), may_fail=True)
                    self.run(*self.command(who, "destroy", path.name), may_fail=True)
        self.run("mgr-net", "down", may_fail=True)


def host_processes():
    """Processes in our own pid namespace, kernel threads and ourselves apart."""
    ours = os.readlink("/proc/self/ns/pid")
    found = set()
    for path in pathlib.Path("/proc").iterdir():
        try:
            if path.name.isdigit() and os.readlink(path / "ns/pid") == ours and (path / "cmdline").read_bytes():
                found.add(int(path.name))
        except OSError:
            pass
    return found


def pss_kb(pid):
    try:
        for line in open(f"/proc/{pid}/smaps_rollup", encoding="ascii"):
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def settle(pids):
    """Until the memory of these processes has stopped changing."""
    before, end = None, time.monotonic() + 10
    while time.monotonic() < end:
        now = sum(map(pss_kb, pids))
        if now == before:
            return
        before = now
        time.sleep(0.3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--floor", required=True, help="the program that floor.c makes")
    parser.add_argument("--bridge", default="lxcbr0")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--density", type=int, default=50, help="how many at once; 0: none")
    parser.add_argument("--only", type=lambda s: s.split(","), help="start,stop-kill,attach,info,freeze,density")
    args = parser.parse_args()
    for need in (args.floor, "lxc-start", "busybox", "mgr-start"):
        if not shutil.which(need):
            sys.exit(f"compare: '{need}' is missing (tests/bench/run --install)")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mgr-bench."))
    folder.chmod(0o755)
    bench = Bench(args, folder)
    try:
        bench.make()
        bench.one()
        if args.density and (not args.only or "density" in args.only):
            for who in ("lxc", "mgr"):
                bench.density(who)
    finally:
        bench.remove()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if bench.bad else 0)


main()
