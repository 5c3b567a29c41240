#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ids.py TREE [BASE]: all of a tree, a line a file, with the ids that it has inside where those on disk are BASE and up: of its
owners, in its ACLs, and of whose root its capabilities are."""
import hashlib
import os
import stat
import struct
import sys

top, base = os.fsencode(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None


def inside(n):
    if base is None or n == 0xFFFFFFFF:
        return n
    return n - base if base <= n < base + 65536 else f"host:{n}" if n < 65536 else n


def acl(value):
    return sorted(f"{tag:x}:{perm}:{inside(n)}" for tag, perm, n in struct.iter_unpack("<HHI", value[4:]))


def capability(value):
    root = inside(struct.unpack("<I", value[20:24])[0]) if len(value) == 24 else inside(0)
    return f"{struct.unpack('<I', value[:4])[0] & 0xFFFFFF} {value[4:20].hex()} {root}"


def attributes(path):
    for name in sorted(os.listxattr(path, follow_symlinks=False)):
        value = os.getxattr(path, name, follow_symlinks=False)
        if name.startswith("system.posix_acl_"):
            yield f"{name} {acl(value)}"
        elif name == "security.capability":
            yield f"{name} {capability(value)}"
        else:
            yield f"{name} {value!r}"


def content(path, st):
    if not stat.S_ISREG(st.st_mode) or st.st_size > 1 << 21:
        return ""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:16]


def line(path):
    st = os.lstat(path)
    size = f"{st.st_size}/{st.st_blocks}" if stat.S_ISREG(st.st_mode) else ""
    target = os.readlink(path) if os.path.islink(path) else ""
    return (f"{os.path.relpath(path, top)!r} {st.st_mode:o} {inside(st.st_uid)} {inside(st.st_gid)} {st.st_nlink} {size} "
            f"{st.st_mtime_ns} {target!r} {content(path, st)} {list(attributes(path))}")


found = [line(top)]
for folder, folders, files in os.walk(top):
    found += [line(os.path.join(folder, name)) for name in folders + files]
print("\n".join(sorted(found)))
