#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Shows where the time of one benchmark program goes on the translator.

    profile.py NAME [--isa ISA] [--seconds S] [--blocks N] [--vambrace PATH]

Samples the engine with perf while NAME runs in its guest.  Samples in Vambrace
itself are shown by function, those in translated code by block, the hottest
blocks as disassembly beside the guest's.  Which block is where comes from a log
that costs time of its own where much is translated: --blocks 0 does without.
"""
import argparse
import bisect
import collections
import os
import re
import subprocess
import sys
import tempfile
import time

import build
from engines import BUILD, ISAS, Failure, Guest, GuestError, Vambrace, find_engines


class Logging(Vambrace):
    """Writes what it translates to a file."""

    def __init__(self, path, isa, log):
        super().__init__(path, isa)
        self.log = log

    def command(self, cpu, initrd):
        return super().command(cpu, initrd) + (["-d", "out", "-D", self.log] if self.log else [])


def read_blocks(log):
    """Sorted [(host address, length, guest pc)]; the log may end in the middle of a line."""
    blocks = {}
    if not log:
        return []
    with open(log, encoding="ascii", errors="replace") as f:
        for line in f:
            m = re.match(r"OUT: pc (0x[0-9a-f]+), (\d+) bytes at (0x[0-9a-f]+)", line)
            if m:
                blocks[int(m.group(3), 16)] = (int(m.group(2)), int(m.group(1), 16))
    return sorted((at, size, pc) for at, (size, pc) in blocks.items())


def read_code(pid, at, size):
    with open(f"/proc/{pid}/mem", "rb") as f:
        f.seek(at)
        return f.read(size)


def sample(guest, name, seconds, data):
    """Runs perf while the program runs; the program's result line."""
    guest.send(f"run {name} 200")       # also warms: what is translated now is no part of it
    n = int(guest.line(60)[3])
    guest.send(f"run {name} 0 {int(n * seconds * 5)}")
    guest.line(60)
    # The guest waits, and takes no samples, until perf has begun.
    perf = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "4000", "-p", str(guest.proc.pid),
                             "-o", data], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    guest.send("")
    words = guest.line(60 + 20 * seconds)
    perf.terminate()
    perf.wait()
    return words


def read_samples(data):
    """(Counter of functions, Counter of addresses without one)"""
    out = subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym,dso"], check=True, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    functions, code = collections.Counter(), collections.Counter()
    for line in out.split("\n"):
        m = re.match(r"\s*([0-9a-f]+) (.*?)(?:\+0x[0-9a-f]+)? \((.*)\)$", line)
        if not m:
            continue
        if "memfd" in m.group(3) or m.group(3).startswith(("//anon", "[unknown]")):
            code[int(m.group(1), 16)] += 1
        else:
            functions[f"{m.group(2)} ({os.path.basename(m.group(3))})"] += 1
    return functions, code


def by_block(code, blocks):
    """Counter of (host address, size, guest pc or None: an edge or thunk behind a block)."""
    starts = [b[0] for b in blocks]
    found = collections.Counter()
    for ip, count in code.items():
        i = bisect.bisect_right(starts, ip) - 1
        if i >= 0 and ip < blocks[i][0] + blocks[i][1]:
            found[blocks[i]] += count
            continue
        at = blocks[i][0] + blocks[i][1] if i >= 0 else ip & ~0xfff
        end = starts[i + 1] if i + 1 < len(starts) else at + 4096
        found[at, min(end - at, 4096), None] += count
    return found


def show_host(code, raw, at, total):
    with tempfile.NamedTemporaryFile() as f:
        f.write(raw)
        f.flush()
        out = subprocess.run(["objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel",
                              f"--adjust-vma={at:#x}", "--no-show-raw-insn", f.name], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    rows = []
    for line in out.split("\n"):
        m = re.match(r"\s*([0-9a-f]+):\t(.*)", line)
        if m:
            share = 100 * code.get(int(m.group(1), 16), 0) / total
            rows.append((share, f"  {share:5.1f}% {int(m.group(1), 16) - at:5x}  {m.group(2)}"
                         if share >= 0.05 else f"         {int(m.group(1), 16) - at:5x}  {m.group(2)}"))
    hot = [i for i, r in enumerate(rows) if r[0]]
    near = [r[1] for i, r in enumerate(rows) if any(abs(i - h) <= 10 for h in hot)]
    print("\n".join(near[:400]))


def show_guest(objdump, elf, pc):
    out = subprocess.run([objdump, "-d", "--no-show-raw-insn", f"--start-address={pc:#x}",
                          f"--stop-address={pc + 96:#x}", elf], check=False, text=True,
                         stdout=subprocess.PIPE).stdout
    for line in out.split("\n")[6:]:
        if line.strip():
            print("    guest " + line.strip())


def report(args, pid, functions, code, blocks, elf):
    total = sum(functions.values()) + sum(code.values())
    if not total:
        raise Failure("perf took no samples")
    print(f"{total} samples: {100 * sum(code.values()) / total:.1f}% in translated code")
    for name, count in functions.most_common(20):
        print(f"  {100 * count / total:5.1f}%  {name}")
    for (at, size, pc), count in [] if not args.blocks else by_block(code, blocks).most_common(args.blocks):
        what = f"block of guest pc {pc:#x}, {size} bytes" if pc is not None else "edges or thunks"
        print(f"\n{100 * count / total:.1f}% {what} at {at:#x}")
        if pc is not None and pc < 1 << 40:
            show_guest(ISAS[args.isa].objdump, elf, pc)
        show_host(code, read_code(pid, at, size), at, total)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("name")
    ap.add_argument("--seconds", type=float, default=2)
    ap.add_argument("--blocks", type=int, default=3, help="how many blocks to show (default 3)")
    ap.add_argument("--isa", choices=list(ISAS), default="a64", help="instruction set (default a64)")
    ap.add_argument("--cpu", help="CPU model (default cortex-a57, or cortex-a15 for arm and thumb)")
    ap.add_argument("--vambrace", default=os.path.join(BUILD, "vambrace"), metavar="PATH")
    args = ap.parse_args()
    try:
        isa = ISAS[args.isa]
        find_engines(args.vambrace, isa)
        elf, tiny = build.build_target(isa.name)
        initrd = build.make_initrd(isa.name, elf, tiny)
        with tempfile.TemporaryDirectory() as tmp:
            log = os.path.join(tmp, "log") if args.blocks else None
            guest = Guest(Logging(args.vambrace, isa, log), args.cpu or isa.cpu, initrd)
            try:
                guest.wait_for(b"@ready", 60)
                print(" ".join(sample(guest, args.name, args.seconds, os.path.join(tmp, "perf"))))
                functions, code = read_samples(os.path.join(tmp, "perf"))
                report(args, guest.proc.pid, functions, code, read_blocks(log), elf)
            finally:
                guest.close("quit")
    except (Failure, GuestError) as e:
        sys.exit(f"profile: {e}")


if __name__ == "__main__":
    main()
