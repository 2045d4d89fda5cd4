#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks who includes whom: data flows one way, lower rooms know nothing of higher ones.

A row names a room by the start of a path; the longest match counts.  What it
may include is itself and the listed rooms.  Includes are from the repository
root, so that the text of an #include tells the room.
"""
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

HOST_API = ["vmm/host/"]
DEV_API = ["vmm/dev/device.h", "vmm/mem/guest_mem.h", "vmm/mem/bus.h"]

ROOMS = {
    "arm/": [],
    "isa/": ["arm/"],
    "emu/": ["arm/", "isa/"],
    "vmm/host/": ["arm/base.h"],
    "vmm/mem/": ["arm/", "vmm/dev/device.h", "emu/emu.h"],
    "vmm/dev/": ["arm/"] + DEV_API + HOST_API,
    "vmm/accel/": ["arm/", "emu/", "vmm/mem/guest_mem.h", "vmm/host/log.h", "hyp/uapi/"],
    "vmm/machine/": ["arm/", "vmm/dev/", "vmm/mem/", "vmm/config.h"] + HOST_API,
    "vmm/debug/": ["arm/", "isa/", "emu/", "vmm/"],
    "vmm/": ["arm/", "isa/", "emu/emu.h", "vmm/"],
    # offsets.h: made by Kbuild from hyp/arm/offsets.c.
    "hyp/": ["arm/", "offsets.h"],
    # It shares the tests' framework.
    "hyp/bench/": ["arm/", "hyp/", "tests/hyp/"],
    "tests/": ["arm/", "isa/", "emu/", "vmm/", "hyp/", "tests/"],
    "bench/": [],
    "tools/": [],
}

# Freestanding: what arm/ may take from outside, and only its base.h.
ARM_SYSTEM = {"errno.h", "stdbool.h", "stddef.h", "stdint.h",
              "linux/types.h", "linux/stddef.h", "linux/errno.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def room_of(path):
    rooms = [r for r in ROOMS if path.startswith(r)]
    return max(rooms, key=len) if rooms else None


def check(path, problems):
    room = room_of(path)
    if room is None:
        problems.append(f"{path}: in no room of tools/check_layers.py")
        return
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        for n, line in enumerate(f, 1):
            m = INCLUDE.match(line)
            if not m:
                continue
            quote, name = m.groups()
            if quote == "<":
                if room == "arm/" and (path != "arm/base.h" or name not in ARM_SYSTEM):
                    problems.append(f"{path}:{n}: arm/ is freestanding; <{name}> is not for it")
            elif room in ("tests/", "bench/") and "/" not in name:
                continue
            elif not any(name.startswith(r) for r in [room] + ROOMS[room]):
                problems.append(f"{path}:{n}: {room} must not include \"{name}\"")
            elif room == "emu/" and name.startswith("vmm/"):
                problems.append(f"{path}:{n}: emu/ links without vmm/")


def main():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, check=True,
                         stdout=subprocess.PIPE, text=True).stdout.split()
    files = [f for f in out if f.endswith((".c", ".h", ".def", ".S"))
             and os.path.isfile(os.path.join(TOP, f))]
    problems = []
    for f in files:
        check(f, problems)
    print("\n".join(problems), end="\n" if problems else "")
    print(f"layers: {len(files)} files, {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
