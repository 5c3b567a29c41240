# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the benches that hold measures against promises share.

Everything is a ratio, or a difference, of one run: what is compared takes turns, so that a slow moment of the machine hits all.
"""
import contextlib
import os
import subprocess
import sys
import time


def run(*command, may_fail=False):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, check=False)
    if done.returncode and not may_fail:
        sys.exit(f"FAILED ({done.returncode}): {' '.join(command)}: {done.stderr.strip()[-300:] or done.stdout.strip()[-300:]}")
    return done.stdout


def took(*command):
    """Wall-clock milliseconds of one command, the whole process."""
    begin = time.perf_counter()
    run(*command)
    return (time.perf_counter() - begin) * 1e3


class Bench:
    def __init__(self, args):
        self.args = args
        self.missed = []
        self.servers = contextlib.ExitStack()

    def held(self, promise, text, value, least=None, most=None):
        good = value >= least if least is not None else value <= most
        bar = f">= {least}" if least is not None else f"<= {most}"
        if not good:
            self.missed.append(promise)
        print(f"{promise:9} {text}: {value:.3g} {'holds' if good else 'MISSED'} ({bar})", flush=True)

    def wanted(self, name):
        return not self.args.only or name in self.args.only

    def later(self, *command):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.servers.callback(process.wait)
        self.servers.callback(process.kill)

    def rounds(self, what, measure, number):
        """Each of several measured in turn, forth and back; the first round is thrown away. A list of {name: value}."""
        rounds = []
        for turn in range(number + 1):
            names = list(what) if turn % 2 else list(reversed(what))
            rounds.append({name: measure(what[name]) for name in names})
        return rounds[1:]

    def turns(self, what, measure, best=max):
        """The best of each."""
        rounds = self.rounds(what, measure, self.args.runs)
        return {name: best(r[name] for r in rounds) for name in what}


def main(bench, names):
    """bench.NAME of each that is wanted; exits 1 when a promise is missed."""
    began = time.monotonic()
    os.environ["LC_ALL"] = "C"
    try:
        bench.prepare()
        for name in names:
            if bench.wanted(name):
                getattr(bench, name)()
    finally:
        bench.remove()
        bench.servers.close()
    print(f"took {time.monotonic() - began:.0f} s; load {os.getloadavg()[0]:.1f}")
    sys.exit(1 if bench.missed else 0)
