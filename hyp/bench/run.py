#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What an operation of a guest costs, in instructions of its host.

    run.py [--flavour F] [--board B]

QEMU counts instructions (-icount shift=0,sleep=off: one is a nanosecond), the guest reads
its virtual counter around 4,096 rounds.  Prints the figures beside those of Linux 5.4's KVM
on the same board; the status is 1 when one of them is not lower (or, for what does not
leave the guest, not the same).
"""
import argparse
import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/hyp"))

# pylint: disable=wrong-import-position
import build
import hyprig

TICK = 16       # nanoseconds, of QEMU's counter of 62.5 MHz
# Name: what it is, Linux 5.4's instructions.
ROWS = {
    "hypercall": ("hypercall (PSCI_VERSION)", 1020),
    "cp15": ("trapped cp15 read (ACTLR)", 1165),
    "gic": ("GIC read in the kernel (GICD_IIDR)", 1544),
    "mmio": ("MMIO read served by user space", 3048),
    "eoi": ("EOI, which does not exit", 3),
    "wfi": ("wake-up from WFI by the timer", None),
    "ipi": ("IPI to a vCPU on the same host CPU", None),
}


def parse(text):
    """Instructions of one round: {name: number}; the loop's own are taken off."""
    found = {}
    for line in text.splitlines():
        part = line.rstrip("\r").split("\t")
        if len(part) == 3:
            found[part[0]] = int(part[1]) * TICK / int(part[2])
    empty = found.pop("empty")
    return {k: v if k == "wfi" else v - empty for k, v in found.items()}


def measure(board="virt", flavour="armmp-lpae"):
    files = {"/bin/hypbench": build.build("hypbench")}
    with hyprig.Host(f"hypbench-{board}-{flavour}", board=board, flavour=flavour, cpus=1,
                     icount=True, files=files, load=True) as host:
        host.boot(300)
        text = host.run("hypbench", 300)
        host.check_kernel()
        host.poweroff("exec poweroff -f")
    return parse(text)


def table(ours):
    lines = [f"{'operation':<38} {'Linux 5.4':>9} {'here':>7}  ratio"]
    worse = []
    for name, (what, theirs) in ROWS.items():
        mine = ours[name]
        ratio = f"{mine / theirs:.2f}" if theirs else ""
        lines.append(f"{what:<38} {theirs or '-':>9} {mine:>7.0f}  {ratio}")
        if theirs and (round(mine) > theirs if theirs < 10 else mine >= theirs):
            worse.append(what)
    return "\n".join(lines), worse


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--flavour", default="armmp-lpae")
    ap.add_argument("--board", default="virt")
    args = ap.parse_args()
    text, worse = table(measure(args.board, args.flavour))
    print("host instructions per operation\n" + text)
    if worse:
        sys.exit("not below Linux 5.4: " + ", ".join(worse))


if __name__ == "__main__":
    main()
