#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every A64 instruction on our engines and on QEMU: the state after random instances is equal.

    a64diff.py [--count N] [--seed S] [--engine interp,jit] [--only ROW] [--sequences N]
               [--host a64diff --rows a64.tsv] [--qemu PATH] [--fetch] [--verbose] [--dump]

--count N instances of every row (60; the requirement is 1000) and --sequences N
sequences of up to 55 instructions (5000), all of them from the seed; a longer run is
one with larger numbers or another seed.  Differences that a64diff_known.tsv explains
are counted apart.  The oracle is QEMU 10 from build/cache/qemu10 (--fetch gets it
from bookworm-backports), else the installed qemu-aarch64-static.

To look at a difference: --only ROW --verbose --dump, with the same seed and count;
for sequences --reduce N and --log.

Exit status: 0 no difference that is not known, 1 differences, 77 a tool is missing.
"""
import argparse
import collections
import fnmatch
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CACHE = os.path.join(ROOT, "build/cache/qemu10")
CROSS = "aarch64-linux-gnu-"
SYMBOLS = ("core_run", "core_finish", "core_stop", "core_vectors")
SYSREGS = {0x1b4200: "NZCV", 0x1b4400: "FPCR", 0x1b4420: "FPSR", 0x1bd040: "TPIDR_EL0"}


class Diff:
    """One instance that came out differently; its names are those of known conditions."""

    def __init__(self, line):
        (self.engine, self.row, self.where, word, self.text, self.fpcr,
         kinds, fields) = line.split("\t")
        # SEQUENCE/ROW: the row of the instruction that took an exception.
        self.row, _, at = self.row.partition("/")
        self.at = at or self.row
        self.word = int(word, 16)
        self.ours, self.theirs = kinds.split("/")
        self.fields = {}
        for f in fields.split():
            name, values = f.split("=")
            self.fields[name] = tuple(int(x, 16) for x in values.split("/"))
        self.line = line

    def names(self):
        """What conditions see."""
        rt, rt2, rn, rm = (self.word >> s & 31 for s in (0, 10, 5, 16))

        def only(*allowed):
            return all(re.sub(r"^vh", "v", n) in allowed or re.sub(r"\d+$", "", n) in allowed
                       for n in self.fields)

        def differ(name):
            a, b = self.fields.get(name, (0, 0))
            return a ^ b

        return {
            "word": self.word, "rt": rt, "rt2": rt2, "rn": rn, "rm": rm,
            "ours": self.ours, "theirs": self.theirs, "fpcr": int(self.fpcr, 16),
            "fields": self.fields, "row": self.row, "only": only, "differ": differ,
            "sysreg": SYSREGS.get(self.word & 0x1fffe0, "other"),
            "both": lambda kind: self.ours == kind and self.theirs == kind,
            "v": lambda n: f"v{n}", "v_list": lambda k: [f"v{(rt + i) % 32}" for i in range(k)],
        }


class Known:
    def __init__(self, path):
        self.entries = []
        self.used = collections.Counter()
        with open(path, encoding="ascii") as f:
            for line in f:
                if line.strip() and not line.startswith("#"):
                    rows, qemu, cond, right, section = line.rstrip("\n").split("\t")
                    self.entries.append((rows.split(","), qemu, compile(cond, path, "eval"), right,
                                         section, line.split("\t")[0]))

    def explains(self, diff, version):
        for rows, qemu, cond, _, _, name in self.entries:
            if (any(fnmatch.fnmatchcase(diff.at, r) for r in rows) and qemu in ("any", version)
                    and eval(cond, {}, diff.names())):  # pylint: disable=eval-used
                self.used[name] += 1
                return True
        return False


# ---- the oracle ----

def run(*cmd, **kw):
    return subprocess.run(cmd, check=True, stdout=subprocess.PIPE, text=True, **kw).stdout


def fetch():
    """QEMU 10 for user mode from bookworm-backports, by apt with lists of its own."""
    state = os.path.join(CACHE, "apt")
    for d in ("lists/partial", "archives/partial"):
        os.makedirs(os.path.join(state, d), exist_ok=True)
    key = "/usr/share/keyrings/debian-archive-keyring.gpg"
    with open(os.path.join(state, "sources.list"), "w", encoding="ascii") as f:
        f.write(f"deb [signed-by={key}] http://deb.debian.org/debian bookworm-backports main\n")
    opts = ["-q", "-o", f"Dir::Etc::sourcelist={state}/sources.list",
            "-o", "Dir::Etc::sourceparts=/dev/null", "-o", f"Dir::State::lists={state}/lists",
            "-o", f"Dir::Cache={state}", "-o", "APT::Sandbox::User="]
    run("apt-get", *opts, "update")
    run("apt-get", *opts, "download", "qemu-user", cwd=CACHE)


def find_qemu(args):
    if args.qemu:
        return args.qemu
    path = os.path.join(CACHE, "root/usr/bin/qemu-aarch64")
    if args.fetch and not os.path.exists(path):
        fetch()
    debs = glob.glob(os.path.join(CACHE, "qemu-user_1*.deb"))
    if debs and not os.path.exists(path):
        run("dpkg-deb", "-x", debs[0], os.path.join(CACHE, "root"))
    return path if os.path.exists(path) else shutil.which("qemu-aarch64-static")


def build_core(tmp):
    """core.bin and the oracle; the offsets of SYMBOLS."""
    core = os.path.join(tmp, "core")
    run(CROSS + "gcc", "-I", ROOT, "-c", "-o", core + ".o", os.path.join(HERE, "a64diff_core.S"))
    run(CROSS + "ld", "-Ttext=0", "-o", core + ".elf", core + ".o")
    run(CROSS + "objcopy", "-O", "binary", core + ".elf", core + ".bin")
    run(CROSS + "gcc", "-O2", "-Wall", "-Wextra", "-fno-stack-protector", "-static", "-I", ROOT,
        "-o", os.path.join(tmp, "oracle"), os.path.join(HERE, "a64diff_oracle.c"))
    where = {}
    for line in run(CROSS + "nm", core + ".elf").splitlines():
        value, _, name = line.split()
        where[name] = "0x" + value.lstrip("0")
    return [where[s] for s in SYMBOLS]


# ---- our side ----

def host_sources():
    names = ["tests/isa/a64diff*.c", "isa/*.c", "arm/*.c", "emu/*/*.c"]
    return [f for n in names for f in sorted(glob.glob(os.path.join(ROOT, n)))
            if "oracle" not in f]


def build_host(tmp):
    """Without Meson: the host program from its sources; (program, rows)."""
    gen, host, rows = os.path.join(tmp, "isa"), os.path.join(tmp, "a64diff"), os.path.join(tmp, "rows")
    os.makedirs(gen, exist_ok=True)
    run(sys.executable, os.path.join(ROOT, "tools/isagen.py"), os.path.join(ROOT, "isa/a64.decode"),
        "--header", gen + "/a64_gen.h", "--decode", gen + "/a64_decode.c",
        "--disasm", gen + "/a64_disasm_gen.h", "--list", rows)
    run(os.environ.get("CC", "cc"), "-std=gnu17", "-O2", "-I", ROOT, "-I", tmp, "-I", gen, "-o", host,
        *host_sources(), gen + "/a64_decode.c", "-lpthread", "-lm")
    return host, rows


def report(lines, known, version, verbose):
    """(cases, known differences, unknown differences by row)."""
    cases, explained, bad, skips, listed = 0, 0, collections.defaultdict(list), [], collections.Counter()
    total = collections.Counter()
    for line in lines:
        kind, _, rest = line.partition("\t")
        if kind == "diff":
            d = Diff(rest)
            listed[d.engine, d.row] += 1
            if known.explains(d, version):
                explained += 1
            else:
                bad[d.engine, d.row].append(d)
            if verbose:
                print(line)
        elif kind == "row":
            engine, row, n, differ = rest.split("\t")
            cases += int(n)
            total[engine, row] = int(differ)
        elif kind == "skip":
            skips.append(rest.split("\t"))
        elif verbose:
            print(line)
    # More differences than were printed: they cannot all be known.
    for key, n in total.items():
        if n > listed[key]:
            bad[key].append(None)
    return cases, explained, bad, skips, total


def print_bad(bad, total):
    for (engine, row), diffs in sorted(bad.items()):
        print(f"FAIL {engine} {row}: {total[engine, row]} differences, {len(diffs)} not known")
        for d in [d for d in diffs if d][:4]:
            fields = " ".join(f"{k}={a:x}/{b:x}" for k, (a, b) in list(d.fields.items())[:8])
            print(f"    {d.where} {d.word:08x} {d.text}  fpcr={d.fpcr} {d.ours}/{d.theirs}  {fields}")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--count", type=int, default=60)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--engine", default="interp,jit")
    ap.add_argument("--only", help="rows whose name holds this")
    ap.add_argument("--sequences", type=int, default=5000, help="also N sequences of instructions")
    ap.add_argument("--host", help="the program a64diff, as Meson builds it")
    ap.add_argument("--rows", help="isagen.py --list")
    ap.add_argument("--qemu")
    ap.add_argument("--fetch", action="store_true", help="get QEMU 10 if it is not there")
    ap.add_argument("--verbose", action="store_true", help="print every difference")
    ap.add_argument("--dump", action="store_true", help="and the state before it")
    ap.add_argument("--reduce", type=int, default=0, help="print what matters of so many sequences")
    ap.add_argument("--log", type=int, default=0, help="and their IR (6) or code (8)")
    args = ap.parse_args()
    qemu = find_qemu(args)
    if not qemu or not shutil.which(CROSS + "gcc"):
        print("missing:", CROSS + "gcc" if qemu else "qemu-aarch64-static")
        return 77
    version = re.search(r"version (\d+)", run(qemu, "--version"))[1]
    known = Known(os.path.join(HERE, "a64diff_known.tsv"))
    with tempfile.TemporaryDirectory() as tmp:
        symbols = build_core(tmp)
        host, rows = (args.host, args.rows) if args.host else build_host(tmp)
        cmd = [host, "--rows", rows, "--core", tmp + "/core.bin", "--sym", ",".join(symbols),
               "--count", str(args.count), "--seed", str(args.seed), "--max", "100000"]
        for e in args.engine.split(","):
            cmd += ["--engine", e]
        cmd += ["--only", args.only] if args.only else []
        cmd += ["--sequences", str(0 if args.only else args.sequences)]
        cmd += ["--dump"] if args.dump else []
        cmd += ["--reduce", str(args.reduce)] if args.reduce else []
        cmd += ["--log", str(args.log)] if args.log else []
        out = subprocess.run(cmd + ["--", qemu, "-cpu", "neoverse-n1", tmp + "/oracle", *symbols[:2]],
                             stdout=subprocess.PIPE, text=True, check=False)
    cases, explained, bad, skips, total = report(out.stdout.splitlines(), known, version,
                                                 args.verbose or args.dump or args.reduce)
    for row, why in skips:
        print(f"not compared: {row}: {why}")
    print_bad(bad, total)
    failed = sum(len(d) for d in bad.values()) + (out.returncode != 0)
    if out.returncode:
        print(f"FAIL the host program: exit status {out.returncode}")
    print(f"QEMU {version}; {explained} known differences")
    print(f"{max(cases - failed, 0)} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
