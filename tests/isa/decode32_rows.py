#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The AArch32 decoder and disassembler against a list of rows and two other disassemblers.

    decode32_rows.py --driver PATH --rows TSV [--words N] [--space N] [--seed N] [--row NAME]

1. Every row of a32_rows.tsv (all A32, T32 and T16 encodings the Arm model knows,
   with the state that we want for them) is decoded, or not, as that state says.
2. N random words of every row of the .decode files, and words from the whole
   space, are given to llvm-mc and objdump.  Both must accept what we accept and
   reject what we reject, and one of them must print the same text after
   normalization, except for what decode32_exceptions.py lists with a reason.
   What llvm calls potentially undefined may be either.
"""
import argparse
import collections
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
import decode32_exceptions as known  # noqa: E402
from decode_rows import Counter, Driver, random_words, read_table  # noqa: E402

ALL = "fp v8_a32 crc32 aes pmull sha1 sha256 rdm".split()
V7 = ["fp"]
LLVM_V8 = "v8a", "+crc,+aes,+sha2,+v8.1a,+fp-armv8,+neon,-fullfp16,-ras"
LLVM_V7 = "v7a", "+neon,+vfp4,+virtualization,+trustzone,+mp,+hwdiv,+hwdiv-arm,+db"
OBJDUMP = ["arm-linux-gnueabihf-objdump", "-D", "-z", "-b", "binary", "-m", "arm"]
MARK = 0x5a5
NOP16 = 0xbf00


def is_it(word):
    return word >> 8 == 0xbf and word & 15


def halves(word):
    """The bytes of a T32 instruction in memory."""
    if word >> 16:
        return struct.pack("<HH", word >> 16, word & 0xffff)
    return struct.pack("<H", word)


def llvm_line(data):
    """In brackets, so that what is left of an invalid word does not eat the next one."""
    return "[" + " ".join(f"0x{b:02x}" for b in data) + "]\n"


def ask_llvm(words, thumb, version, attributes):
    """[(text or None, potentially undefined)].

    An invalid T32 word may give any number of lines; a mark behind each word,
    and behind the instructions of an IT block, tells which are whose.
    """
    mark = struct.pack("<HH", 0xf240, MARK & 0xff) if thumb else struct.pack("<I", 0xe30000a5)
    source, first = [], []
    for w in words:
        first.append(len(source) + 1)
        source.append(llvm_line(halves(w) if thumb else struct.pack("<I", w)))
        if thumb and is_it(w):
            source += [llvm_line(halves(NOP16))] * 4
        source.append(llvm_line(mark))
    triple = ("thumb" if thumb else "arm") + version
    out = subprocess.run(["llvm-mc", "--disassemble", "-triple=" + triple, "-mattr=" + attributes],
                         input="".join(source), capture_output=True, text=True, check=False)
    bad = {int(n) for n in re.findall(r"^<stdin>:(\d+):\d+: warning: invalid", out.stderr, re.M)}
    soft = {int(n) for n in re.findall(r"^<stdin>:(\d+):\d+: warning: potentially", out.stderr, re.M)}
    lines = [line.strip() for line in out.stdout.splitlines()]
    result, group = [], []
    for line in lines:
        if not line or line == ".text":
            continue
        if re.fullmatch(r"movw\s+r0, #165", line):
            n = first[len(result)]
            result.append((None if n in bad or not group else group[0], n in soft))
            group = []
        else:
            group.append(line)
    if len(result) != len(words):
        raise RuntimeError(f"llvm-mc: {len(result)} marks for {len(words)} words")
    return result


def ask_objdump(words, thumb):
    """Words stand at 4 * number, IT blocks apart."""
    blocks = [w for w in words if thumb and is_it(w)]
    data = b""
    for w in words:
        if thumb and is_it(w):
            w = NOP16
        data += (halves(w) + halves(NOP16))[:4] if thumb else struct.pack("<I", w)
    lines = run_objdump(data, thumb)
    its = {}
    for w in set(blocks):
        block = run_objdump(halves(w) + halves(NOP16) * 5, thumb)
        its[w] = block.get(0)
    result = [lines.get(4 * k) for k in range(len(words))]
    for k, w in enumerate(words):
        if thumb and is_it(w):
            result[k] = its[w]
    return [None if t is None or re.search(r"undefined|^\.inst|^\.short|^\.word", t, re.I) else t
            for t in result]


def run_objdump(data, thumb):
    with tempfile.NamedTemporaryFile(suffix=".bin") as f:
        f.write(data)
        f.flush()
        args = OBJDUMP + (["-M", "force-thumb"] if thumb else []) + [f.name]
        out = subprocess.run(args, check=True, capture_output=True, text=True)
    return {int(a, 16): t for a, t in
            re.findall(r"^ *([0-9a-f]+):\t[0-9a-f ]+\t(.*)$", out.stdout, re.M)}


NUMBER = re.compile(r"#?(?<![\w.])(-?)(0x[0-9a-f]+|\d+(?:\.\d+(?:e[+-]?\d+)?)?)(?![\w.])")
PC_RELATIVE = re.compile(r"^((?:bl?x?(?:\w\w)?|cbn?z|adr(?:\w\w)?)\s(?:[^\[]*[,\s])?)([0-9a-f]+)$")


def one_number(m):
    text = m[2]
    if "." in text:
        return repr(float(m[1] + text))
    value = int(text, 0) * (-1 if m[1] else 1)
    if not value and m[1]:
        return "-0"
    return str(value & 0xffffffff)


def expand_range(m):
    kind, first, last = m[1], int(m[2]), int(m[4])
    return ",".join(f"{kind}{n}{m[3] or ''}" for n in range(first, last + 1))


REGISTERS = {"sl": "r10", "fp": "r11", "ip": "r12", "r13": "sp", "r14": "lr", "r15": "pc"}


def normal(text):
    """One spelling for what the three print differently."""
    text = re.sub(r"\s*(@|//|;).*", "", text.lower())
    text = re.sub(r"<[^>]*>", "", text).strip()
    text = PC_RELATIVE.sub(r"\g<1>0x\2", text)
    text = re.sub(r"^(\S+?)\.[wn](?=\s|$|\.)", r"\1", text)
    text = re.sub(r"\b(sl|fp|ip|r13|r14|r15)\b", lambda m: REGISTERS[m[1]], text)
    text = re.sub(r"^(?!bics\s)(\S*?)cs(?=\s|\.|$)", r"\1hs", text)
    text = re.sub(r"^(\S*?)cc(?=\s|\.|$)", r"\1lo", text)
    text = re.sub(r"\b([dsq])(\d+)(\[\d*\])?-[dsq](\d+)(?:\[\d*\])?", expand_range, text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s*([,{}\[\]!^])\s*", r"\1", text)
    for pattern, new in known.SPELLING:
        text = pattern.sub(new, text)
    return NUMBER.sub(one_number, text)


def a32_form(word):
    """As the decoder: the A32 word that stands for a T32 one."""
    if word & 0xef000000 == 0xef000000:
        return 0xf2000000 | (word >> 28 & 1) << 24 | word & 0xffffff
    if word & 0xff100000 == 0xf9000000:
        return 0xf4000000 | word & 0xffffff
    return word


def words_of(rng, row, count):
    mask, value = int(row["mask"], 0), int(row["value"], 0)
    if row["isa"] == "T16":
        mask |= 0xffff0000
    words = random_words(rng, mask, value, count)
    if row["isa"] == "A32" and not mask >> 28:
        words = [w & 0xefffffff if w >> 28 == 15 else w for w in words]
    return words


def test_rows(driver, count, tables, rng):
    """No row is missing: each row of the model is decoded, and by its own row where we have that."""
    ours = collections.defaultdict(set)
    for r in tables["ours"]:
        isa = {"a32": "A32", "a32u": "A32", "t32": "T32", "t16": "T16"}[r["space"]]
        value = int(r["value"], 0)
        ours[isa, int(r["mask"], 0) & (0xffff if isa == "T16" else 0xffffffff), value].add(r["name"])
    for row in tables["model"]:
        thumb = driver.mask(["thumb"] if row["isa"] != "A32" else [])
        names = ours[row["isa"], int(row["mask"], 0), int(row["value"], 0)]
        covered = known.COVERED_BY.get((row["isa"], row["name"]), set())
        words = words_of(rng, row, 600)
        wanted = row["status"] in known.WANTED_STATES
        mask = driver.mask(ALL if row["status"] != "base" else V7) | thumb
        found = {line.split("\t")[0] for line in driver.run(mask, "text", words).splitlines()}
        found -= {"UNDEFINED"}
        what = f"{row['isa']} {row['name']} {row['mask']} {row['value']} {row['status']}"
        if not wanted:
            count.check(found <= covered, f"{what} is decoded as {found}")
        elif covered or names:
            count.check((names | covered) & found, f"{what} is decoded as {found}")
        else:
            vector = re.match(r"V|AES|SHA|FLDM|FSTM", row["name"])
            same_as_a32 = row["isa"] == "T32" and a32_coprocessor(row)
            count.check(found and (vector or same_as_a32), f"{what} has no row: {found or ''}")
        if row["status"] == "v8":
            old = {line.split("\t")[0] for line in
                   driver.run(driver.mask(V7) | thumb, "text", words).splitlines()}
            old -= {"UNDEFINED"} | covered | known.ARMV7_TOO.get(row["name"], set())
            count.check(not old, f"{what} is decoded on ARMv7 as {old}")


def a32_coprocessor(row):
    return int(row["value"], 0) >> 26 & 0x3b == 0x3b


class ShouldBe:
    """Finds words that belong to a row of the model but for should-be bits."""

    def __init__(self, model):
        self.rows = [(row["isa"], int(row["mask"], 0) | (0xffff0000 if row["isa"] == "T16" else 0),
                      int(row["value"], 0), int(row["should"], 0)) for row in model]
        self.rows = [r for r in self.rows if r[3]]

    def wrong(self, thumb, word):
        return any((isa != "A32") == thumb and (word ^ value) & mask & ~should == 0 and
                   (word ^ value) & should for isa, mask, value, should in self.rows)


def compare_accept(count, thumb, word, ours, llvm, soft, objdump, should_be):
    """objdump knows all extensions at once, so that it accepts a word tells us nothing."""
    row, text = ours[:2]
    what = f"{'T' if thumb else 'A'} {word:08x}"
    if row != "UNDEFINED":
        ok = llvm is not None or known.listed(known.LLVM_LESS, thumb, word)
        count.check(ok, f"{what} {row}: '{text}' is invalid for llvm (objdump: {objdump})")
        ok = objdump is not None or known.listed(known.OBJDUMP_LESS, thumb, word)
        count.check(ok, f"{what} {row}: '{text}' is undefined for objdump (llvm: {llvm})")
    else:
        ok = (llvm is None or soft or known.listed(known.LLVM_MORE, thumb, word) or
              known.unpredictable(normal(llvm)) or should_be.wrong(thumb, word))
        count.check(ok, f"{what} is UNDEFINED, llvm has '{llvm}'")


def same_text(ours, llvm, objdump):
    return ((llvm is not None and normal(ours[1]) == normal(llvm)) or
            (objdump is not None and normal(ours[2]) == normal(objdump)))


def test_oracles(driver, count, words, thumb, features, llvm_args, should_be):
    mask = driver.mask(features + (["thumb"] if thumb else []))
    for k in range(0, len(words), 20000):
        part = words[k:k + 20000]
        text = [line.split("\t") for line in driver.run(mask, "text", part).splitlines()]
        for word, ours, (llvm, soft), objdump in zip(part, text, ask_llvm(part, thumb, *llvm_args),
                                                     ask_objdump(part, thumb)):
            compare_accept(count, thumb, word, ours, llvm, soft, objdump, should_be)
            if ours[0] == "UNDEFINED" or (llvm is None and objdump is None):
                continue
            ok = same_text(ours, llvm, objdump) or known.listed(known.TEXT, thumb, word)
            count.check(ok, f"{'T' if thumb else 'A'} {word:08x} {ours[0]}: '{normal(ours[1])}' llvm "
                        f"'{normal(llvm or '-')}' objdump '{normal(objdump or '-')}'")


def test_it(driver, count, words, core):
    """In a block of IT NE: 16-bit instructions do not set flags, all have the condition.

    The vector rows are not looked at: many are UNPREDICTABLE there.
    """
    words = [w for w in words if not is_it(w)]
    mask = driver.mask(ALL + ["thumb", "in_it"])
    ours = [line.split("\t") for line in driver.run(mask, "it", words).splitlines()]
    data = [struct.pack("<H", 0xbf18) + halves(w) for w in words]
    out = subprocess.run(["llvm-mc", "--disassemble", "-triple=thumb" + LLVM_V8[0],
                          "-mattr=" + LLVM_V8[1]], input="".join(map(llvm_line, data)),
                         capture_output=True, text=True, check=False)
    groups = out.stdout.split("\tit\tne\n")[1:]
    count.check(len(groups) == len(words), f"llvm-mc: {len(groups)} IT blocks for {len(words)} words")
    for word, (row, text, _), group in zip(words, ours, groups):
        if row not in core:
            continue
        llvm = group.strip().split("\n")[0].strip() or None
        ok = (normal(text) == normal(llvm or "-") or known.listed(known.IT_TEXT + known.TEXT, True, word) or
              (llvm is None and known.listed(known.LLVM_LESS, True, word)))
        count.check(ok, f"IT NE T {word:08x} {row}: '{normal(text)}' llvm '{normal(llvm or '-')}'")


def space_words(rng, thumb, number):
    """T32 words of the whole space: those of 16 bits are few enough to take them all."""
    if not thumb:
        return random_words(rng, 0, 0, number)
    words = [rng.randrange(0xe800, 0x10000) << 16 | rng.getrandbits(16) for _ in range(number)]
    return words + list(range(0, 0xe800, max(1, 200000 // (number + 1))))


def thumb_form(rng, row, word):
    """The T32 word of an A32 row that T32 shares, or None."""
    if row["space"] == "a32":
        return word & 0x0fffffff | 0xe0000000 if word >> 26 & 3 == 3 and word >> 24 & 15 != 15 else None
    if word >> 25 == 0x79:
        return word & 0xffffff | 0xef000000 | (word >> 24 & 1) << 28
    if word >> 24 == 0xf4 and not word >> 20 & 1:
        return word & 0xffffff | 0xf9000000
    return word if word >> 26 == 0x3f and word >> 24 != 0xff else None


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--driver", required=True, help="the program made from decode32_driver.c")
    ap.add_argument("--rows", required=True, help="the list made by isagen.py --list")
    ap.add_argument("--words", type=int, default=200, help="random words of every row")
    ap.add_argument("--space", type=int, default=50000, help="words of the whole space")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--row", help="only rows whose name starts so")
    ap.add_argument("--group", choices=("core", "vector"), help="only those of the core, or the others")
    ap.add_argument("--show", type=int, default=40, help="failures to print")
    args = ap.parse_args()
    driver, count, rng = Driver(args.driver), Counter(args.show), random.Random(args.seed)
    tables = {"ours": read_table(args.rows), "model": read_table(HERE + "/a32_rows.tsv")}
    should_be = ShouldBe(tables["model"])
    arm, thumb, core = [], [], set()
    for row in tables["ours"]:
        vector = row["class"].startswith(("vfp", "neon", "crypto"))
        if not vector:
            core.add(row["name"])
        if args.row and not row["name"].startswith(args.row):
            continue
        if args.group and (args.group == "vector") != vector:
            continue
        row["isa"] = {"a": "A32", "t": "T32"}[row["space"][0]]
        words = words_of(rng, row, args.words)
        if row["isa"] == "A32":
            arm += words
            thumb += [t for t in (thumb_form(rng, row, w) for w in words) if t is not None]
        else:
            thumb += words
    if not args.row:
        test_rows(driver, count, tables, rng)
        arm += space_words(rng, False, args.space)
        thumb += space_words(rng, True, args.space)
        print(driver.run(driver.mask(ALL), "bench", arm).strip())
        print(driver.run(driver.mask(ALL + ["thumb"]), "bench", thumb).strip())
    test_oracles(driver, count, arm, False, ALL, LLVM_V8, should_be)
    test_oracles(driver, count, thumb, True, ALL, LLVM_V8, should_be)
    test_it(driver, count, thumb[::4], core)
    test_oracles(driver, count, arm[::8], False, V7, LLVM_V7, should_be)
    test_oracles(driver, count, thumb[::8], True, V7, LLVM_V7, should_be)
    print(f"{count.passed} passed, {count.failed} failed")
    return 1 if count.failed or not count.passed else 0


if __name__ == "__main__":
    sys.exit(main())
