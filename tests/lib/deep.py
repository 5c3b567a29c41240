#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""deep.py make FOLDER: into it a chain of folders deeper than a path can tell, with a file in the last one that has a second
name in FOLDER. deep.py list FOLDER: how many levels there are, and what the last one and the file in it are."""
import os
import sys

LEVELS, NAME = 40, "d" * 200

what, top = sys.argv[1:]
top = os.path.realpath(top)
os.chdir(top)
if what == "make":
    for _ in range(LEVELS):
        os.mkdir(NAME)
        os.chdir(NAME)
    with open("file", "w", encoding="utf-8") as file:
        file.write("deep\n")
    os.link("file", top + "/shallow")
    os.symlink("file", "symlink")
    os.setxattr("file", "user.colour", b"green")
    os.chown("file", 1000, 7)
    os.chmod("file", 0o4751)
    os.utime("file", ns=(0, 123456789))
    os.chmod(".", 0o2751)
    os.utime(".", ns=(0, 987654321))
else:
    levels = 0
    while os.path.isdir(NAME):
        os.chdir(NAME)
        levels += 1
    folder = os.stat(".")
    print(levels, sorted(os.listdir(".")), oct(folder.st_mode), folder.st_mtime_ns)
    if os.path.exists("file"):
        st = os.stat("file")
        print(oct(st.st_mode), st.st_uid, st.st_gid, st.st_nlink, st.st_mtime_ns, os.listxattr("file"), os.readlink("symlink"))
        print(os.path.samefile("file", top + "/shallow"))
