#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Builds the kernel module hyp/ for a Debian kernel: OUT/FLAVOUR/vambrace.ko.

    build_hyp.py [--cache DIR] [--out DIR] [--flavour F]... [--source DIR] [OBJECT...]

Kbuild writes beside its sources, so it is given a directory of links to them:
OUT/FLAVOUR/src with arm/ and hyp/, the same two that the DKMS package has.  With
OBJECTs (run.o, arm/switch.o) only those are compiled, and nothing is linked.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys

import fetch_hyp
from debian import Failure, say

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCE = re.compile(r"(.*\.([chS]|def|lds)|Kbuild)$")
SIDES = ("arm", "hyp")
CACHE = os.path.join(TOP, "build/cache")
OUT = os.path.join(TOP, "build/hyp")


def sources(top):
    """Names of all files that Kbuild may want, relative to the tree."""
    for side in SIDES:
        for base, dirs, files in os.walk(os.path.join(top, side)):
            dirs.sort()
            for name in sorted(files):
                if SOURCE.match(name) and not name.endswith(".mod.c"):
                    yield os.path.relpath(os.path.join(base, name), top)


def stage(top, out):
    """Links to the sources; those of files that are gone are removed."""
    wanted = set(sources(top))
    for base, _, files in os.walk(out):
        for name in files:
            path = os.path.join(base, name)
            if os.path.islink(path) and os.path.relpath(path, out) not in wanted:
                os.remove(path)
    for name in wanted:
        path, target = os.path.join(out, name), os.path.join(top, name)
        if not os.path.islink(path) or os.readlink(path) != target:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if os.path.lexists(path):
                os.remove(path)
            os.symlink(target, path)


def build(flavour, cache, out, source, jobs=1, objects=()):
    """Path of the module; nothing when only some objects were asked for."""
    fetch_hyp.ensure(cache, out, flavour)
    out = os.path.join(os.path.abspath(out), flavour)
    src = os.path.join(out, "src")
    stage(os.path.abspath(source), src)
    if not os.path.exists(os.path.join(src, "hyp/Kbuild")):
        raise Failure("hyp/Kbuild is missing")
    # $(src)/.. of Kbuild is read as a path, so the directory has to be named by its real one.
    cmd = ["make", "-s", "-k", f"-j{jobs}", "-C", os.path.realpath(os.path.join(out, "headers")),
           *fetch_hyp.CROSS[fetch_hyp.FLAVOURS[flavour][0]],
           "M=" + os.path.realpath(os.path.join(src, "hyp")), "KCFLAGS=-Werror", *(objects or ["modules"])]
    if subprocess.run(cmd, check=False).returncode:
        raise Failure(f"the module does not build for {flavour}")
    if objects:
        return None
    made, module = os.path.join(src, "hyp/vambrace.ko"), os.path.join(out, "vambrace.ko")
    if not os.path.exists(module) or os.path.getmtime(module) < os.path.getmtime(made):
        shutil.copyfile(made, module + ".new")
        os.replace(module + ".new", module)
        say(f"built {os.path.relpath(module)}")
    return module


def ensure(flavour):
    """The module of this tree, in its place."""
    return build(flavour, CACHE, OUT, TOP)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--cache", default=CACHE)
    ap.add_argument("--out", default=OUT)
    ap.add_argument("--flavour", action="append", choices=[*fetch_hyp.FLAVOURS, "all"])
    ap.add_argument("--source", default=TOP, help="the tree with arm/ and hyp/")
    ap.add_argument("--jobs", default=1, type=int)
    ap.add_argument("object", nargs="*")
    args = ap.parse_args()
    flavours = args.flavour or ["armmp-lpae"]
    if "all" in flavours:
        flavours = [name for name, f in fetch_hyp.FLAVOURS.items() if f[0] == "armhf"]
    try:
        for flavour in flavours:
            build(flavour, args.cache, args.out, args.source, args.jobs, args.object)
    except (Failure, OSError) as e:
        sys.exit(f"vambrace: {e}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
