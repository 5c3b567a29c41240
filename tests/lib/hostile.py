#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""hostile.py DIR: write tar archives that a container must not be made of, and say what is wrong with each.

Each line of the output is "NAME TEXT": DIR/NAME.tar, and words that its refusal must hold.
"""
import io
import sys
import tarfile


def entry(name, kind=tarfile.REGTYPE, link="", data=b"", **more):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(data)
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


SYM, HARD, DIR = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE
OUT = "leads out of the container's root"
ARCHIVES = {
    "dotdot": ([entry("../evil", data=b"x")], OUT),
    "dotdot-inside": ([entry("etc/../../evil", data=b"x")], OUT),
    "dotdot-end": ([entry("etc/..", DIR)], OUT),
    "absolute": ([entry("/etc/evil", data=b"x")], OUT),
    "hard-absolute": ([entry("shadow", HARD, "/etc/shadow")], OUT),
    "hard-dotdot": ([entry("shadow", HARD, "../../../../etc/shadow")], OUT),
    "hard-missing": ([entry("shadow", HARD, "etc/shadow")], "'shadow'"),
    "through-link": ([entry("tmp", SYM, "/"), entry("tmp/evil", data=b"x")], "symlink"),
    "through-relative-link": ([entry("a", SYM, "../../.."), entry("a/evil", data=b"x")], "symlink"),
    "through-two-links": ([entry("a", SYM, "b"), entry("b", SYM, "/tmp"), entry("a/evil", data=b"x")], "symlink"),
    "hard-through-link": ([entry("a", SYM, "/etc"), entry("shadow", HARD, "a/shadow")], "symlink"),
    "foreign-owner": ([entry("f", data=b"x", uid=70000)], "user 70000 has no place in the container's id map"),
    "foreign-group": ([entry("f", data=b"x", gid=4000000000)], "group 4000000000 has no place in the container's id map"),
}


def main(folder):
    for name, (entries, words) in ARCHIVES.items():
        with tarfile.open(f"{folder}/{name}.tar", "w", format=tarfile.PAX_FORMAT) as tar:
            for info, data in [entry("etc", DIR, mode=0o755)] + entries:
                tar.addfile(info, io.BytesIO(data))
        print(name, words)


main(sys.argv[1])
