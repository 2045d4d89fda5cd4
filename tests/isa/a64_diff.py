#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compare the front end and the interpreter with another AArch64.

Random short sequences of integer, load/store and branch instructions run in
a static AArch64 program (under qemu-aarch64-static, or natively with
--runner '') and in a64_diff_host; all registers and the memory are compared.

    a64_diff.py [--build DIR] [--cases N] [--seed S] [--only REGEX] [--runner CMD]
                [--host PROGRAM]

Without --host, the host program is compiled here.  --only selects rows of isa/a64.decode
by name.  Exit status: 0 all equal, 1 differences, 77 a tool is missing.
"""
import argparse
import glob
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
NOP = 0xd503201f
WORDS, BUF, BUF_SIZE = 8, 0x10000000, 4096

MEMORY = re.compile(r"ld|st(v|_)|atomic|exclusive|ordered")
# no test here: they trap, call helpers, or need an environment
SKIP = re.compile(r"exc_|eret|dret|hint|isb|msr_imm|mrs_msr|^sys$|wf[ei]t|udf|b_reg|_lit|clrex|dmb|dsb")
BRANCH = re.compile(r"^(b_cond|b_imm|cbz|tbz)$")
POINTERS = [0, 1, 2, 3, 4, 5, 6, 7, 31]		# base registers; 31: SP
INDICES = [8, 9, 10, 11, 12, 13, 14, 15]	# small numbers
RESULTS = [16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 29, 30]


def rows(gen, decode):
    out = subprocess.run([sys.executable, gen, decode, "--list", "/dev/stdout"], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    for line in out.splitlines()[1:]:
        name, cls, feature, mask, value = line.split("\t")[:5]
        yield name, cls, feature, int(mask, 16), int(value, 16)


def put(word, lsb, width, value):
    return word & ~(((1 << width) - 1) << lsb) | value << lsb


class Decoder:
    """The decoder under test says which words are instructions; decode_rows.py tests it."""

    def __init__(self, host):
        self.proc = subprocess.Popen([host, "--decode"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, bufsize=0)

    def valid(self, word):
        self.proc.stdin.write(struct.pack("<I", word))
        return self.proc.stdout.read(1) == b"\1"

    def close(self):
        self.proc.stdin.close()
        self.proc.wait()


class Generator:
    def __init__(self, table, rng, decoder):
        self.rng, self.decoder = rng, decoder
        self.table = [r for r in table if not SKIP.search(r[1])]
        self.by_name = {r[0]: r for r in self.table}

    def fill(self, row):
        for _ in range(100):
            word = self.try_fill(row)
            if self.decoder.valid(word):
                return word
        return NOP

    def try_fill(self, row):
        _, cls, _, mask, value = row
        rng = self.rng
        word = value | rng.getrandbits(32) & ~mask
        if BRANCH.match(cls):
            return self.branch(row, word)
        if MEMORY.match(cls) and not cls.startswith("ldr"):
            return self.memory(row, word)
        # data: sources anywhere but x28, results where no base register is
        word = put(word, 5, 5, rng.choice([n for n in range(32) if n != 28]))
        if not mask >> 16 & 31:
            word = put(word, 16, 5, rng.choice([n for n in range(32) if n != 28]))
        if not mask >> 10 & 31 and cls.startswith("mul"):
            word = put(word, 10, 5, rng.choice([n for n in range(32) if n != 28]))
        sets_sp = (cls == "logical_immediate" and word >> 29 & 3 != 3 or
                   cls in ("addsub_immediate", "addsub_extendedreg") and not word >> 29 & 1)
        if not cls.startswith("conditional_compare"):
            word = put(word, 0, 5, rng.choice(RESULTS + ([] if sets_sp else [31])))
        return word

    def branch(self, row, word):
        """Forward, a little; the caller keeps the last words free for that."""
        _, cls, _, _, _ = row
        target = self.rng.randint(1, 3)
        if cls == "b_imm":
            return put(word, 0, 26, target)
        if cls == "tbz":
            word = put(word, 5, 14, target)
        else:
            word = put(word, 5, 19, target)
        if cls != "b_cond":
            word = put(word, 0, 5, self.rng.choice(RESULTS + INDICES + [31]))
        return word

    def memory(self, row, word):
        name, cls, _, mask, _ = row
        rng = self.rng
        vector = cls.startswith(("ldstv", "ldpv", "ldvec"))
        # accesses that must be aligned get pointers that are
        aligned = re.match("atomic|exclusive|ordered", cls)
        pointers = [p for p in POINTERS if not aligned or p not in self.moved]
        if not pointers:
            return NOP
        base = rng.choice(pointers)
        word = put(word, 5, 5, base)
        if re.search("_(pre|post)", cls):
            self.moved.add(base)
        if cls in ("ldst_uimm", "ldstv_uimm"):
            word = put(word, 10, 12, rng.randrange(24))
        if not vector:
            word = put(word, 0, 5, rng.choice(RESULTS + [31]))
        if cls == "atomic_cas_pair":
            word = put(word, 0, 5, rng.choice([16, 18, 20, 22, 24, 26, 30]))
            word = put(word, 16, 5, rng.choice([16, 18, 20, 22, 24, 26, 30]))
        elif cls.startswith("atomic") or cls.startswith("exclusive"):
            if not mask >> 16 & 31:
                word = put(word, 16, 5, rng.choice(RESULTS))
            if "pair" in cls:
                word = put(word, 10, 5, rng.choice(RESULTS))
            if self.unpredictable_exclusive(word):
                return NOP
        elif "register" in cls or "post_inc" in cls:
            word = put(word, 16, 5, rng.choice(INDICES + ([31] if "post_inc" in cls else [])))
        elif cls.startswith("ldp"):
            word = put(word, 15, 7, rng.randrange(-12, 12) & 127)
            if not vector:
                word = put(word, 10, 5, rng.choice(RESULTS))
            if word >> 22 & 1 and (word & 31) == (word >> 10 & 31):
                return NOP
        return word

    @staticmethod
    def unpredictable_exclusive(word):
        """Status register equal to another one; the two of a load pair equal."""
        s, t, t2, n = word >> 16 & 31, word & 31, word >> 10 & 31, word >> 5 & 31
        if word >> 24 & 0x3f != 8:
            return False
        if word >> 22 & 1:
            return bool(word >> 21 & 1) and t == t2
        return s in (t, n) or (bool(word >> 21 & 1) and s == t2)

    def words(self, select):
        rng = self.rng
        out = []
        n = rng.randint(1, 5)
        self.moved = set()	# base registers that a writeback may have moved
        loaded = False
        while len(out) < n:
            row = rng.choice(select if rng.random() < 0.7 else self.table)
            word = self.fill(row)
            if row[1].startswith("exclusive"):
                # what a store does that does not match its load is not defined
                if loaded:
                    word = NOP
                loaded |= bool(word >> 22 & 1)
            out.append(word)
            # a store exclusive has a chance only behind its load
            if row[1].startswith("exclusive") and word != NOP and word >> 22 & 1:
                store = self.by_name[row[0].replace("LDA", "STL").replace("LDX", "STX")]
                w = self.fill(store)
                if w != NOP:
                    w = put(put(w, 5, 5, word >> 5 & 31), 30, 1, word >> 30 & 1)
                    if not self.unpredictable_exclusive(w):
                        out.append(w)
        return (out + [NOP] * WORDS)[:WORDS]

    def value(self):
        rng = self.rng
        pick = rng.randrange(5)
        if pick == 0:
            return rng.choice([0, 1, 2, (1 << 64) - 1, 1 << 63, (1 << 63) - 1, 0x80000000,
                               0x7fffffff, 0xffffffff, 0xffffffff80000000])
        if pick == 1:
            return rng.getrandbits(rng.randint(1, 64))
        return rng.getrandbits(64)

    def case(self, select):
        rng = self.rng
        x = [self.value() for _ in range(31)]
        for n in POINTERS[:-1]:
            x[n] = BUF + 16 * rng.randrange(BUF_SIZE // 64 * 3 // 2, BUF_SIZE // 64 * 5 // 2)
        for n in INDICES:
            x[n] = rng.randrange(16)
        sp = BUF + BUF_SIZE // 2 + 16 * rng.randrange(-16, 16)
        v = [self.value() for _ in range(64)]
        regs = struct.pack("<98Q", *x, sp, rng.getrandbits(4) << 28, 0, *v)
        return struct.pack("<8I", *self.words(select)) + regs + rng.randbytes(BUF_SIZE)


def compile_host(build, out):
    src = [os.path.join(HERE, "a64_diff_host.c"), os.path.join(build, "isa/a64_decode.c")]
    for d in ("emu/ir", "emu/front", "emu/interp", "emu/fp", "isa"):
        src += sorted(glob.glob(os.path.join(ROOT, d, "*.c")))
    src += [os.path.join(ROOT, "arm", f) for f in ("sysreg.c", "cpu_model.c")]
    subprocess.run(["gcc", "-std=gnu17", "-O1", "-g", "-Wall", "-Wextra", "-I" + ROOT, "-I" + build,
                    *src, "-lm", "-o", out],
                   check=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--build", default=os.path.join(ROOT, "build-gen"))
    ap.add_argument("--cases", type=int, default=4000)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--only", default="")
    ap.add_argument("--runner", default="qemu-aarch64-static -cpu max")
    ap.add_argument("--host")
    ap.add_argument("--keep", help="directory for the programs and data")
    args = ap.parse_args()
    for tool in ["aarch64-linux-gnu-gcc"] + args.runner.split()[:1]:
        if not shutil.which(tool):
            print("missing:", tool)
            return 77
    table = list(rows(os.path.join(ROOT, "tools/isagen.py"), os.path.join(ROOT, "isa/a64.decode")))
    # integer, memory and branches; SIMD data processing has fpvec_diff.py
    simd = re.compile(r"^(v_|fp_|aes|sha)")
    table = [r for r in table if not simd.match(r[1])]
    with tempfile.TemporaryDirectory() as tmp:
        tmp = args.keep or tmp
        guest, host = os.path.join(tmp, "guest"), args.host or os.path.join(tmp, "host")
        subprocess.run(["aarch64-linux-gnu-gcc", "-O1", "-static", os.path.join(HERE, "a64_diff_guest.c"),
                        "-o", guest], check=True)
        if not args.host:
            compile_host(args.build, host)
        decoder = Decoder(host)
        gen = Generator(table, random.Random(args.seed), decoder)
        select = [r for r in gen.table if re.search(args.only, r[0], re.I)]
        cases, results = os.path.join(tmp, "cases"), os.path.join(tmp, "results")
        with open(cases, "wb") as f:
            for _ in range(args.cases):
                f.write(gen.case(select))
        decoder.close()
        with open(cases, "rb") as i, open(results, "wb") as o:
            r = subprocess.run(args.runner.split() + [guest], stdin=i, stdout=o, check=False)
        if r.returncode:
            print("guest program ended with", r.returncode)
        return subprocess.run([host, cases, results], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
