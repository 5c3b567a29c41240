#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""exported.py FILE [CONFIG] [ENTRY...]: an archive as mgr-export writes them, with entries as nobody should.

  file:PATH  folder:PATH  symlink:PATH=TARGET  link:PATH=TARGET  node:PATH  zeros:PATH=BYTES
  files:PATH=NUMBER  folders:PATH=NUMBER  of these, called PATH1 and so on; attributes:PATH=BYTES  a file with one of user.*
  format:TEXT     instead of 1
  name:TEXT       instead of web
  snapshot:NAME[=CONFIG]
"""
import io
import sys
import tarfile


def add(tar, name, kind=tarfile.REGTYPE, target="", size=None, data=b"x", pax=None):
    info = tarfile.TarInfo(name)
    info.pax_headers = pax or {}
    info.type = kind
    info.linkname = target
    info.mode = 0o755
    if kind == tarfile.REGTYPE:
        info.size = len(data) if size is None else size
        tar.addfile(info, io.BytesIO(data) if size is None else open("/dev/zero", "rb"))
    else:
        info.devmajor, info.devminor = 1, 3
        tar.addfile(info)


def main():
    path, config, entries = sys.argv[1], sys.argv[2], [e.split(":", 1) for e in sys.argv[3:]]
    head = dict(entries)
    kinds = {"folder": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE, "link": tarfile.LNKTYPE, "node": tarfile.CHRTYPE}
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        add(tar, "mgr/format", data=(head.get("format", "1") + "\n").encode())
        add(tar, "mgr/name", data=(head.get("name", "web") + "\n").encode())
        add(tar, "mgr/config", data=config.encode())
        for kind, rest in entries:
            name, _, text = rest.partition("=")
            if kind == "snapshot":
                add(tar, f"mgr/snapshots/{name}/config", data=text.encode())
        if not any(e[1].startswith("rootfs=") for e in entries):
            add(tar, "rootfs", tarfile.DIRTYPE)
            add(tar, "rootfs/etc", tarfile.DIRTYPE)
        for kind, rest in entries:
            name, _, target = rest.partition("=")
            if kind == "file":
                add(tar, name)
            elif kind == "zeros":
                add(tar, name, size=int(target))
            elif kind == "attributes":
                add(tar, name, pax={"SCHILY.xattr.user.much": "x" * int(target)})
            elif kind in ("files", "folders"):
                for i in range(int(target)):
                    add(tar, f"{name}{i}", tarfile.DIRTYPE if kind == "folders" else tarfile.REGTYPE, data=b"")
            elif kind in kinds:
                add(tar, name, kinds[kind], target)


main()
