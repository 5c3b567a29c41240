#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the managed network and its forwards cost; started by tests/bench/network, in a lab.

Everything is a ratio, or a difference, of one run: what is compared takes turns, so that a slow moment of the machine hits all.
What takes long is compared round by round, and the median counts; of the rest the best of each: other work on the machine can
only make it worse. Each measure is held against its promise (speed.N); exits 1 when one is missed.

The other machine is a network namespace on a cable. "Without" a forward is the same way through the host to the same kind of
namespace on a bridge, in a host that has no nftables at all.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import measure
from measure import run, took

PEER, HOST, HOST6, PEER6 = "192.0.2.2", "192.0.2.1", "2001:db8:1::1", "2001:db8:1::2"
PLAIN_HOST, PLAIN = "198.51.100.1", "203.0.113.2"
PORT = 5201  # of iperf3
MANY = 10000


class Bench(measure.Bench):
    # --- machines -------------------------------------------------------------------------------------------------------

    def cable(self, here, there, ours, theirs, netns=None):
        """A cable between a namespace (None: ours) and another, with an address at either end."""
        at = ["-n", netns] if netns else []
        run("ip", *at, "link", "add", here, "type", "veth", "peer", "name", "eth0", "netns", there)
        run("ip", *at, "addr", "add", ours, "dev", here)
        run("ip", *at, "link", "set", here, "up")
        run("ip", "-n", there, "addr", "add", theirs, "dev", "eth0")
        run("ip", "-n", there, "link", "set", "eth0", "up")

    def machines(self):
        for name in ("peer", "host2", "peer2", "plain"):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        self.cable("to-peer", "peer", f"{HOST}/30", f"{PEER}/30")
        run("ip", "addr", "add", f"{HOST6}/64", "dev", "to-peer", "nodad")
        run("ip", "-n", "peer", "addr", "add", f"{PEER6}/64", "dev", "eth0", "nodad")
        # a host without any nftables: peer2 -- host2 -- bridge -- plain
        run("ip", "netns", "exec", "host2", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.cable("to-peer", "peer2", f"{PLAIN_HOST}/30", "198.51.100.2/30", "host2")
        run("ip", "-n", "peer2", "route", "add", "default", "via", PLAIN_HOST)
        self.cable("port", "plain", "203.0.113.9/32", f"{PLAIN}/29", "host2")
        run("ip", "-n", "host2", "addr", "flush", "dev", "port")
        run("ip", "-n", "host2", "link", "add", "br0", "type", "bridge")
        run("ip", "-n", "host2", "link", "set", "port", "master", "br0")
        run("ip", "-n", "host2", "addr", "add", "203.0.113.1/29", "dev", "br0")
        run("ip", "-n", "host2", "link", "set", "br0", "up")
        run("ip", "-n", "plain", "route", "add", "default", "via", "203.0.113.1")

    def containers(self):
        self.create("web", f"tcp:{PORT}:{PORT}", "tcp:7000:7000")
        self.create("many", f"tcp:20000-{20000 + MANY - 1}:10000-{10000 + MANY - 1}")
        run("mgr-start", "-n", "web", "--wait")
        self.pid = run("mgr-info", "-n", "web", "-pH").strip()
        self.four = run("mgr-info", "-n", "web", "-iH").split()[0]

    def create(self, name, *forwards, **keys):
        words = [w for f in forwards for w in ("--forward", f)]
        words += [w for k, v in keys.items() for w in ("-s", f"{k.replace('__', '.')}={v}")]
        run("mgr-create", "-n", name, "-t", "busybox", *words)

    def inside(self, *command):
        return ["nsenter", "-t", self.pid, "-n", *command]

    def serve(self):
        self.later(*self.inside("iperf3", "-s", "-p", str(PORT)))
        self.later("ip", "netns", "exec", "plain", "iperf3", "-s", "-p", str(PORT))
        self.later(*self.inside(self.args.rate, "serve", "7000"))
        for netns in (self.inside(), ["ip", "netns", "exec", "plain"]):
            end = time.monotonic() + 10
            while not run(*netns, "ss", "-Hltn", f"sport = {PORT}") and time.monotonic() < end:
                time.sleep(0.05)

    # --- measures -------------------------------------------------------------------------------------------------------

    def throughput(self, how):
        """Gbit/s from a namespace (None: the host) to an address; `reverse`: the other way."""
        netns, address, reverse = how
        words = ["ip", "netns", "exec", netns] if netns else []
        for _ in range(20):  # the server takes one client at a time, and is a moment late
            out = run(*words, "iperf3", "-c", address, "-p", str(PORT), "-t", str(self.args.seconds), "-J",
                      *(["-R"] if reverse else []), may_fail=True)
            result = json.loads(out or "{}")
            if "sum_received" in result.get("end", {}):
                return result["end"]["sum_received"]["bits_per_second"] / 1e9
            time.sleep(0.1)
        sys.exit(f"iperf3 to {address}: {result.get('error')}")

    def forward(self):
        for reverse, way in ((False, "in"), (True, "out")):
            ways = {"plain": ("peer2", PLAIN, reverse), "forward": ("peer", HOST, reverse)}
            rounds = self.rounds(ways, self.throughput, 3 * self.args.runs)
            plain, forward = (statistics.median(r[name] for r in rounds) for name in ways)
            self.held("speed.7", f"through a forward, {way}, {forward:.1f} of {plain:.1f} Gbit/s, round by round",
                      statistics.median(r["forward"] / r["plain"] for r in rounds), least=0.93)

    def loopback(self):
        ways = {"direct": (None, self.four, False), "127.0.0.1": (None, "127.0.0.1", False), "::1": (None, "::1", False)}
        m = self.turns(ways, self.throughput)
        for name in list(ways)[1:]:
            self.held("speed.8", f"from the host by {name}, {m[name]:.1f} of {m['direct']:.1f} Gbit/s",
                      m[name] / m["direct"], least=0.5)

    def rates(self):
        def rate(many):
            run("mgr-start" if many else "mgr-stop", "--wait" if many else "-k", "-n", "many", may_fail=True)
            time.sleep(0.5)  # what a start or a stop leaves to do is done
            return float(run("ip", "netns", "exec", "peer", self.args.rate, "ask", HOST, "7000", str(self.args.seconds)))
        m = self.turns({"few": False, "many": True}, rate)
        run("mgr-stop", "-k", "-n", "many")
        self.held("fwd.1", f"connections a second with {MANY} forwards, {m['many']:.0f} of {m['few']:.0f}: lost",
                  1 - m["many"] / m["few"], most=0.03)

    def changes(self, spec):
        def add(forward):
            ms = took("mgr-forward", "-n", "web", "add", forward)
            run("mgr-forward", "-n", "web", "del", forward)
            return ms
        return min(add(spec) for _ in range(4 * self.args.runs))

    def add(self):
        few = {spec: self.changes(spec) for spec in ("tcp:7100:7100", "udp:7100:7100")}
        for spec, ms in few.items():
            self.held("speed.9", f"mgr-forward add {spec}, ms", ms, most=3)
        run("mgr-start", "-n", "many", "--wait")
        for spec, ms in few.items():
            now = self.changes(spec)
            self.held("speed.10", f"mgr-forward add {spec} with {MANY} present, {now:.2f} ms against {ms:.2f}", now / ms,
                      most=1.2)
        run("mgr-stop", "-k", "-n", "many")

    def starts(self, names):
        """Milliseconds of starts, each followed by a stop."""
        def start(name):
            ms = took("mgr-start", "-n", name)
            run("mgr-stop", "-k", "-n", name)
            return ms
        return self.rounds({n: n for n in names}, start, 10 * self.args.runs)

    def kernel(self):
        """Milliseconds of the kernel's own part of a network: a veth on a bridge and its one address, as floor.c makes them."""
        root = pathlib.Path(os.environ["MGR_LAB"], "floor-root")
        for name in ("sbin", "proc", "sys", "dev"):
            (root / name).mkdir(parents=True)
        shutil.copy(shutil.which("busybox"), root / "sbin/init")
        run("ip", "link", "add", "floor0", "type", "bridge")
        run("ip", "link", "set", "floor0", "up")
        os.environ.update(FLOOR_VERBOSE="1", FLOOR_BRIDGE="floor0")

        def once():
            out = subprocess.run([self.args.floor, str(root), "/sbin/init"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True, timeout=60, check=True).stdout
            at = {line.split(" us  ")[1]: int(line.split()[0]) for line in out.splitlines()}
            return (at["address"] - at["cgroups joined"]) / 1e3
        return statistics.median(once() for _ in range(5 * self.args.runs))

    def start(self):
        self.create("none")
        self.create("ten", *(f"tcp:{8000 + i}:{8000 + i}" for i in range(10)))
        self.create("empty", net__0__type="empty")
        rounds = self.starts(("none", "ten", "empty"))
        m = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
        self.held("speed.11", f"ten forwards, {m['ten']:.2f} ms against {m['none']:.2f}: ms more, round by round",
                  statistics.median(r["ten"] - r["none"] for r in rounds), most=0.5)
        self.held("speed.12", f"the network, {m['none']:.2f} ms against {m['empty']:.2f} (the kernel's own part, a veth and an"
                  f" address: {self.kernel():.2f}): ms more, round by round",
                  statistics.median(r["none"] - r["empty"] for r in rounds), most=0.6)

    def prepare(self):
        self.machines()
        self.containers()
        self.serve()

    def remove(self):
        self.servers.close()
        run("ip", "link", "del", "floor0", may_fail=True)
        for name in ("web", "many", "none", "ten", "empty"):
            run("mgr-destroy", "-f", "-n", name, may_fail=True)
        run("mgr-net", "down", may_fail=True)
        for name in ("peer", "host2", "peer2", "plain"):
            run("ip", "netns", "del", name, may_fail=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rate", required=True, help="the program that rate.c makes")
    parser.add_argument("--floor", required=True, help="the program that floor.c makes")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=1, help="how long iperf3 sends")
    parser.add_argument("--only", type=lambda s: s.split(","), help="forward,loopback,rates,add,start")
    args = parser.parse_args()
    for need in (args.rate, "iperf3", "ss", "mgr-start"):
        if not shutil.which(need):
            sys.exit(f"network: '{need}' is missing (tests/bench/network --install)")
    measure.main(Bench(args), ("forward", "loopback", "rates", "add", "start"))


main()
