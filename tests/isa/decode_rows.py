#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The A64 decoder and disassembler against a list of rows and two other disassemblers.

    decode_rows.py --driver PATH [--words N] [--seed N] [--row NAME] [--show N]

1. Every row of a64_rows.tsv (all A64 encodings the Arm model knows, with the
   state that we want for them) is decoded, or not, as that state says.
2. N random words of every row of isa/a64.decode, and words from the whole
   32-bit space, are given to llvm-mc and objdump.  Both must accept what we
   accept and reject what we reject, and one of them must print the same text
   after normalization, except for what EXCEPTIONS lists with a reason.
"""
import argparse
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import decode_exceptions as known  # noqa: E402

# What the oracles are asked about, and llvm's names for it; without, it rejects the words.
WANTED = "crc32 aes pmull sha1 sha256 lse rdm pan uao wfxt".split()
ATTRIBUTES = "-mattr=+crc,+aes,+sha2,+lse,+rdm,+pan,+uaops,+wfxt,+el3"
LLVM = ["llvm-mc", "--disassemble", "-triple=aarch64", ATTRIBUTES]
ASSEMBLE = ["llvm-mc", "-triple=aarch64", ATTRIBUTES, "-show-encoding"]
OBJDUMP = ["aarch64-linux-gnu-objdump", "-D", "-z", "-b", "binary", "-m", "aarch64"]


class Counter:
    def __init__(self, show):
        self.passed = self.failed = 0
        self.show = show

    def check(self, ok, message):
        if ok:
            self.passed += 1
            return
        self.failed += 1
        if self.failed <= self.show:
            print("FAIL", message)


class Driver:
    def __init__(self, path):
        self.path = path
        out = subprocess.run([path, "features"], check=True, capture_output=True, text=True)
        pairs = (line.split("=") for line in out.stdout.split())
        self.features = {name: int(bit) for name, bit in pairs}

    def mask(self, names):
        return sum(self.features[n] for n in names)

    def run(self, mask, what, words):
        out = subprocess.run([self.path, hex(mask), what], check=True, capture_output=True,
                             input=struct.pack(f"={len(words)}I", *words))
        return out.stdout.decode()

    def text(self, names, words):
        """[(row, text at 0, text at 4 * number)] for the words."""
        lines = self.run(self.mask(names), "text", words).splitlines()
        return [tuple(line.split("\t")) for line in lines]


def ask_llvm(words):
    """The text of each word, None if it is invalid."""
    source = "".join("0x%02x 0x%02x 0x%02x 0x%02x\n" % tuple(struct.pack("<I", w)) for w in words)
    out = subprocess.run(LLVM, input=source, capture_output=True, text=True, check=False)
    bad = {int(n) for n in re.findall(r"^<stdin>:(\d+):\d+: warning: invalid", out.stderr, re.M)}
    lines = [line.strip() for line in out.stdout.splitlines()]
    lines = iter([line for line in lines if line and line != ".text"])
    result = [None if n in bad else next(lines) for n in range(1, len(words) + 1)]
    if next(lines, None) is not None:
        raise RuntimeError("llvm-mc printed more than was asked")
    return result


def ask_objdump(words):
    with tempfile.NamedTemporaryFile(suffix=".bin") as f:
        f.write(struct.pack(f"<{len(words)}I", *words))
        f.flush()
        out = subprocess.run(OBJDUMP + [f.name], check=True, capture_output=True, text=True)
    lines = re.findall(r"^ *[0-9a-f]+:\t[0-9a-f]{8} \t(.*)$", out.stdout, re.M)
    if len(lines) != len(words):
        raise RuntimeError(f"objdump: {len(lines)} lines for {len(words)} words")
    return [None if re.search(r"undefined|^\.inst", line) else line for line in lines]


NUMBER = re.compile(r"#?(?<![\w.])(-?)(0x[0-9a-f]+|\d+(?:\.\d+(?:e[+-]\d+)?)?)(?![\w.])")


def one_number(m):
    text = m[2]
    if "." in text:
        return repr(float(m[1] + text))
    value = int(text, 0) * (-1 if m[1] else 1)
    value &= (1 << 64) - 1
    return str(value - (1 << 64) if value >> 63 else value)


def expand_range(m):
    first, last, shape = int(m[1]), int(m[3]), m[2]
    count = (last - first) % 32 + 1
    return "{" + ",".join(f"v{(first + i) % 32}{shape}" for i in range(count)) + "}"


# objdump's branch targets and literal addresses have no # and may have no 0x.
PC_RELATIVE = re.compile(r"^((?:b|bl|b\.\w+|cbn?z|tbn?z|adrp?|ldr|ldrsw|prfm)\s"
                         r"(?:[^\[]*[,\s])?)([0-9a-f]+)$")


def normal(text):
    """One spelling for what the three print differently."""
    text = re.sub(r"\s*(//|;).*", "", text.lower())
    text = re.sub(r"<[^>]*>", "", text).strip()
    text = PC_RELATIVE.sub(r"\g<1>0x\2", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s*([,{}\[\]])\s*", r"\1", text)
    text = re.sub(r"\{v(\d+)(\.\w+)-v(\d+)\.\w+\}", expand_range, text)
    for old, new in (("cs", "hs"), ("cc", "lo")):
        text = re.sub(rf",{old}$", f",{new}", text)
        text = re.sub(rf"^b\.{old} ", f"b.{new} ", text)
    return NUMBER.sub(one_number, text)


def read_table(path):
    with open(path, encoding="ascii") as f:
        lines = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    return [dict(zip(lines[0], line)) for line in lines[1:]]


def random_words(rng, mask, value, count):
    return [(rng.getrandbits(32) & ~mask & 0xffffffff) | value for _ in range(count)]


def test_rows(driver, count, tables, rng):
    """No row is missing: each row of the model is decoded as itself, or not at all."""
    seen = set()
    for row in tables["model"]:
        mask, value = int(row["mask"], 0), int(row["value"], 0)
        names = {r["name"] for r in tables["ours"]
                 if int(r["mask"], 0) == mask and int(r["value"], 0) == value}
        words = random_words(rng, mask, value, 400)
        wanted = row["status"] in known.WANTED_STATES
        found = {d[0] for d in driver.text(driver.features if wanted else WANTED, words)}
        if wanted:
            seen |= names
            count.check(names & found, f"{row['name']} {row['mask']} is never decoded")
        else:
            found -= known.COVERED_BY.get(row["name"], set())
            count.check(found <= {"UNDEFINED"}, f"{row['name']} is decoded as {found}")
    for name in {r["name"] for r in tables["ours"]} - seen:
        count.check(False, f"{name} is not in the model")


def compare_accept(count, word, ours, llvm, objdump):
    """objdump knows all extensions at once, so that it accepts a word tells us nothing."""
    row, text = ours[:2]
    mine = row != "UNDEFINED"
    if mine:
        ok = llvm is not None or known.listed(known.LLVM_LESS, word)
        count.check(ok, f"{word:08x} {row}: '{text}' is invalid for llvm")
        ok = objdump is not None or known.listed(known.OBJDUMP_LESS, word)
        count.check(ok, f"{word:08x} {row}: '{text}' is undefined for objdump")
    else:
        ok = llvm is None or known.listed(known.LLVM_MORE, word)
        count.check(ok, f"{word:08x} is UNDEFINED, llvm has '{llvm}'")


def same_text(ours, llvm, objdump):
    _, at_0, at_pc = ours
    return ((llvm is not None and normal(at_0) == normal(llvm)) or
            (objdump is not None and normal(at_pc) == normal(objdump)))


def assemble(texts):
    """The words that llvm-mc makes from our text, None where it cannot."""
    source = "".join(text + "\n" for text in texts)
    out = subprocess.run(ASSEMBLE, input=source, capture_output=True, text=True, check=False)
    bad = {int(n) for n in re.findall(r"^<stdin>:(\d+):\d+: error", out.stderr, re.M)}
    made = iter(re.findall(r"encoding: \[(\S+)\]", out.stdout))
    return [None if n in bad else
            struct.unpack("<I", bytes(int(b, 0) for b in next(made).split(",")))[0]
            for n in range(1, len(texts) + 1)]


def test_oracles(driver, count, words):
    others = {}
    for k in range(0, len(words), 50000):
        part = words[k:k + 50000]
        for answer in zip(part, driver.text(WANTED, part), ask_llvm(part), ask_objdump(part)):
            word, ours, llvm, objdump = answer
            compare_accept(count, *answer)
            if ours[0] == "UNDEFINED" or (llvm is None and objdump is None):
                continue
            if not same_text(*answer[1:]) and known.may_reassemble(word):
                others[word] = ours[1]
                continue
            ok = same_text(*answer[1:]) or known.listed(known.TEXT, word)
            count.check(ok, f"{word:08x} {ours[0]}: '{normal(ours[1])}' llvm "
                        f"'{normal(llvm or '-')}' objdump '{normal(objdump or '-')}'")
    for word, text, made in zip(others, others.values(), assemble(others.values())):
        ok = made == word or known.listed(known.TEXT, word)
        count.check(ok, f"{word:08x} '{text}' assembles to {made and hex(made)}")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--driver", required=True, help="the program made from decode_driver.c")
    ap.add_argument("--rows", required=True, help="the list made by isagen.py --list")
    ap.add_argument("--words", type=int, default=200, help="random words of every row")
    ap.add_argument("--space", type=int, default=100000, help="words of the whole space")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--row", help="only rows whose name starts so")
    ap.add_argument("--show", type=int, default=40, help="failures to print")
    args = ap.parse_args()
    driver, count, rng = Driver(args.driver), Counter(args.show), random.Random(args.seed)
    tables = {"ours": read_table(args.rows), "model": read_table(HERE + "/a64_rows.tsv")}
    words = []
    for row in tables["ours"]:
        if not args.row or row["name"].startswith(args.row):
            words += random_words(rng, int(row["mask"], 0), int(row["value"], 0), args.words)
    if not args.row:
        test_rows(driver, count, tables, rng)
        words += random_words(rng, 0, 0, args.space)
        print(driver.run(driver.mask(WANTED), "bench", words).strip())
    test_oracles(driver, count, words)
    print(f"{count.passed} passed, {count.failed} failed")
    return 1 if count.failed or not count.passed else 0


if __name__ == "__main__":
    sys.exit(main())
