#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""pin.py CONTAINER: holds open, until it is killed, what the kernel would otherwise take away by itself when a container's
processes are gone: its network namespace (and with it the veth), and the connection of its supervisor to mgr-netd. With it,
what an undo should have removed stays visible when the undo is skipped. Prints "pinned" when it holds them."""
import ctypes
import os
import re
import signal
import socket
import subprocess
import sys

PIDFD_OPEN, PIDFD_GETFD = 434, 438
libc = ctypes.CDLL(None, use_errno=True)


def said(key):
    text = subprocess.run(["mgr-info", "-n", sys.argv[1]], check=True, capture_output=True, text=True).stdout
    return re.search(rf"^{key}: +(.*)$", text, re.M).group(1)


def parent(pid):
    return int(re.search(r"^PPid:\s+(\d+)", open(f"/proc/{pid}/status").read(), re.M).group(1))


init = int(said("PID"))
supervisor = parent(init)
held = [os.open(f"/proc/{init}/ns/net", os.O_RDONLY)]
pidfd = libc.syscall(PIDFD_OPEN, supervisor, 0)
for number in os.listdir(f"/proc/{supervisor}/fd"):
    if os.readlink(f"/proc/{supervisor}/fd/{number}").startswith("socket:"):
        fd = libc.syscall(PIDFD_GETFD, pidfd, int(number), 0)
        sock = socket.socket(fileno=fd)
        try:
            if sock.getpeername() and os.path.basename(sock.getpeername()) == "control":
                held.append(sock)
        except OSError:
            pass
        if sock not in held:
            sock.close()
print("pinned", len(held), flush=True)
signal.pause()
