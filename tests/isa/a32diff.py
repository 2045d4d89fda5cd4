#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every A32, T32 and T16 instruction, VFP and Advanced SIMD on our engines and on QEMU.

    a32diff.py [--count N] [--seed S] [--engine interp,jit] [--only ROW] [--class CLASS] [--v7]
               [--sequences N] --host a32diff --rows a32.tsv [--qemu PATH] [--verbose] [--dump]

--count N instances of every row (60; the requirement is 1000): random registers, flags
and FPSCR, conditions, IT blocks (by IT and by ITSTATE), big-endian data, in the A32 and
the T32 form of VFP and Advanced SIMD.  --sequences N (5000): of up to 130 instructions,
with branches, IT blocks, a loop and changes of the instruction set.  --v7: without what ARMv8 added, against
-cpu cortex-a15; else against -cpu max.  Differences that a32diff_known.tsv explains are
counted apart.

To look at a difference: --only ROW --verbose --dump, with the same seed and count; for
sequences --reduce N.

Exit status: 0 no difference that is not known, 1 differences, 77 a tool is missing.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

import a64diff

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CROSS = "arm-linux-gnueabihf-"
SYMBOLS = ("core_run", "core_vectors")


class Diff(a64diff.Diff):
    """Conditions see moreover:

    cls         class of the row
    regs        registers that the disassembly names; transfers: those before the [
    base, wback the base register of a load or store, and whether it is written
    own_undef   we made the instruction UNDEFINED, they executed it; their_undef: the reverse
    """

    classes = {}

    def names(self):
        text = self.text.split(" (")[0]
        operands = text.partition(" ")[2]
        before, _, after = operands.partition("[")
        regs = re.findall(r"\b(?:r\d+|sp|lr|pc|[sdq]\d+)\b", operands)
        base = re.match(r"\w+", after)
        if not base:        # LDM, VLDM: Rn, {list}
            before, base = operands.partition("{")[2], re.match(r"\w+", operands)
        ours, theirs = self.fields.get("pc", (0, 0))
        n = super().names()
        n.update({
            "cls": self.classes.get(self.at), "regs": regs, "text": text,
            "transfers": set(re.findall(r"\b(?:r\d+|sp|lr|pc)\b", before)),
            "base": base and base[0], "wback": "!" in text or "]," in text,
            "own_undef": self.ours == "undef" and ours & 63 == 32 and ours != theirs,
            "their_undef": self.theirs == "undef" and theirs & 63 == 32 and ours != theirs,
            "pcs": (ours, theirs),
        })
        # A different place alone: the slot's pc is not in the fields when both are at it.
        if self.ours == "undef" and self.theirs != "undef" and "pc" not in self.fields:
            n["own_undef"] = True
        if self.theirs == "undef" and self.ours != "undef" and "pc" not in self.fields:
            n["their_undef"] = True
        return n


def build_core(tmp):
    """core.bin and the oracle; the offsets of SYMBOLS."""
    core, run = os.path.join(tmp, "core"), a64diff.run
    run(a64diff.CROSS + "gcc", "-I", ROOT, "-c", "-o", core + ".o", os.path.join(HERE, "a32diff_core.S"))
    run(a64diff.CROSS + "ld", "-Ttext=0", "-e0", "-o", core + ".elf", core + ".o")
    run(a64diff.CROSS + "objcopy", "-O", "binary", core + ".elf", core + ".bin")
    # Where neither small numbers point to nor a slot plus a rotated immediate.
    run(CROSS + "gcc", "-O2", "-Wall", "-Wextra", "-marm", "-march=armv7-a", "-mfpu=neon", "-static",
        "-Wl,-Ttext-segment=0x57f00000", "-I", ROOT, "-o", os.path.join(tmp, "oracle"),
        os.path.join(HERE, "a32diff_oracle.c"))
    where = {}
    for line in run(a64diff.CROSS + "nm", core + ".elf").splitlines():
        value, _, name = line.split()
        where[name] = "0x" + (value.lstrip("0") or "0")
    return [where[s] for s in SYMBOLS]


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--count", type=int, default=60)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--engine", default="interp,jit")
    ap.add_argument("--only", help="rows whose name holds this")
    ap.add_argument("--class", dest="cls", help="classes whose name holds this")
    ap.add_argument("--v7", action="store_true")
    ap.add_argument("--sequences", type=int, default=5000, help="also N sequences of instructions")
    ap.add_argument("--reduce", type=int, default=0, help="print what matters of so many sequences")
    ap.add_argument("--host", required=True, help="the program a32diff, as Meson builds it")
    ap.add_argument("--rows", required=True, help="isagen.py --list")
    ap.add_argument("--qemu", default=shutil.which("qemu-arm-static"))
    ap.add_argument("--verbose", action="store_true", help="print every difference")
    ap.add_argument("--dump", action="store_true", help="and the state before it")
    ap.add_argument("--log", type=int, default=0, help="our engine's log: enum emu_log")
    args = ap.parse_args()
    for tool in (args.qemu, CROSS + "gcc", a64diff.CROSS + "gcc"):
        if not tool or not shutil.which(tool):
            print("missing:", tool or "qemu-arm-static")
            return 77
    version = re.search(r"version (\d+)", a64diff.run(args.qemu, "--version"))[1]
    with open(args.rows, encoding="ascii") as f:
        Diff.classes = {line.split("\t")[0]: line.split("\t")[1] for line in f}
    a64diff.Diff = Diff
    known = a64diff.Known(os.path.join(HERE, "a32diff_known.tsv"))
    with tempfile.TemporaryDirectory() as tmp:
        symbols = build_core(tmp)
        cmd = [args.host, "--rows", args.rows, "--core", tmp + "/core.bin", "--sym", ",".join(symbols),
               "--count", str(args.count), "--seed", str(args.seed), "--max", "100000"]
        for e in args.engine.split(","):
            cmd += ["--engine", e]
        cmd += ["--only", args.only] if args.only else []
        cmd += ["--class", args.cls] if args.cls else []
        cmd += ["--v7"] if args.v7 else []
        cmd += ["--sequences", str(0 if args.only or args.cls else args.sequences)]
        cmd += ["--reduce", str(args.reduce)] if args.reduce else []
        cmd += ["--dump"] if args.dump else []
        cmd += ["--log", str(args.log)] if args.log else []
        cpu = "cortex-a15" if args.v7 else "max"
        out = subprocess.run(cmd + ["--", args.qemu, "-cpu", cpu, tmp + "/oracle"],
                             stdout=subprocess.PIPE, text=True, check=False)
    for line in out.stdout.splitlines():
        if line.startswith("lost\t"):
            print("not compared, QEMU aborts:", *line.split("\t")[1:])
    cases, explained, bad, skips, total = a64diff.report(out.stdout.splitlines(), known, version,
                                                         args.verbose or args.dump or args.reduce)
    for row, why in skips:
        print(f"not compared: {row}: {why}")
    a64diff.print_bad(bad, total)
    failed = sum(len(d) for d in bad.values()) + (out.returncode != 0)
    if out.returncode:
        print(f"FAIL the host program: exit status {out.returncode}")
    print(f"QEMU {version}, {cpu}; {explained} known differences")
    print(f"{max(cases - failed, 0)} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
