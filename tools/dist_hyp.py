#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes the DKMS package of the kernel module: OUT/vambrace-VERSION.tar.gz.

    dist_hyp.py [--out DIR]

Unpacked in /usr/src it is what `dkms add vambrace/VERSION` wants; the archive is also one
that `dkms ldtarball` takes.  The version is the tree's, from meson.build.
"""
import argparse
import io
import os
import re
import sys
import tarfile

from build_hyp import TOP, sources


def version():
    with open(os.path.join(TOP, "meson.build"), encoding="utf-8") as f:
        m = re.search(r"version: '([^']+)'", f.read())
    if not m:
        sys.exit("vambrace: meson.build has no version")
    return m.group(1)


def contents(number):
    """Path in the package: bytes."""
    files = {}
    for name in sources(TOP):
        if not name.startswith("hyp/bench/"):
            with open(os.path.join(TOP, name), "rb") as f:
                files[name] = f.read()
    with open(os.path.join(TOP, "hyp/dkms.conf"), "rb") as f:
        files["dkms.conf"] = f.read().replace(b"@VERSION@", number.encode())
    with open(os.path.join(TOP, "LICENSE"), "rb") as f:
        files["LICENSE"] = f.read()
    return files


def add(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    tar.addfile(info, io.BytesIO(data))


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--out", default=os.path.join(TOP, "build"))
    args = ap.parse_args()
    number = version()
    os.makedirs(args.out, exist_ok=True)
    path = os.path.join(args.out, f"vambrace-{number}.tar.gz")
    with tarfile.open(path + ".new", "w:gz") as tar:
        for name, data in sorted(contents(number).items()):
            # dkms ldtarball looks for dkms.conf in this directory.
            add(tar, f"vambrace-{number}/{name}", data)
    os.replace(path + ".new", path)
    print(path)


if __name__ == "__main__":
    main()
