#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The members that a32_decode() computes, where the disassembler's text does not show them.

    decode32_gen.py SOURCE_DIR --driver PATH --rows TSV

1. tools/isagen.py reports what is wrong in the lines that only AArch32 has.
2. Every row writes all members of its class, whatever the word.
3. What a row's name says is what its members say: operation, sign, size, ...
4. Expanded immediates and their carry, computed here a second time.
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

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from decode_rows import Counter, Driver, read_table  # noqa: E402

GOOD = """@features f
@later thumb in_it
@functions sext
@raw b
@default cond = 14
[c]
\twhere b != 1
\tlet d = sext(b, 4)
\tasm "{m}{c cond} {x d}" if d == 2
\tasm "{m}{c cond} {x a}"
ONE - cond:4 000000000000 a:4 b:4 00000000
TWO - 1111 000000000000 a:4 b:4 00000000
[e]
\tasm "{m}"
\tlet e:32 = A32_DP_MOV + q
\tlet q = 3
THREE - cond:4 000000000001 0000 a:4 00000000
"""

# (what is wrong, text to replace, replacement, part of the message)
BAD = [
    ("unknown field in a let", "sext(b, 4)", "sext(x, 4)", "'x'"),
    ("a let that needs itself", "let q = 3", "let q = q + 1", "itself"),
    ("no number of bits", "let e:32", "let e:31", "cannot read"),
    ("unknown member in a template", "{x a}", "{x q}", "no member q"),
    ("unknown member in its condition", "if d == 2", "if q == 2", "'q'"),
    ("raw field in a template", "{x d}", "{x b}", "no member b"),
    ("unknown space", "@raw b", "@space arm", "unknown directive"),
    ("two rows of one space", "TWO - 1111", "TWO - cond:4", "used twice|overlaps"),
]

DP = "AND EOR SUB RSB ADD ADC SBC RSC TST TEQ CMP CMN ORR MOV BIC MVN ORN".split()
PAR_OP = {"ADD16": 0, "ASX": 1, "SAX": 2, "SUB16": 3, "ADD8": 4, "SUB8": 7}
PAR_KIND = {"S": 1, "Q": 2, "SH": 3, "U": 5, "UQ": 6, "UH": 7}
SHIFTS = {"LSL": 0, "LSR": 1, "ASR": 2, "ROR": 3}


def generate(source_dir, text):
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "t.decode")
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        out = subprocess.run(
            [sys.executable, os.path.join(source_dir, "tools/isagen.py"), "--a32", path, "--header",
             d + "/h", "--decode", d + "/c", "--disasm", d + "/d", "--list", d + "/l"],
            capture_output=True, text=True, check=False)
    return out.returncode, out.stderr


def test_errors(count, source_dir):
    code, message = generate(source_dir, GOOD)
    count.check(code == 0, f"the good file: {message}")
    for what, old, new, expected in BAD:
        if GOOD.replace(old, new) == GOOD:
            count.check(False, f"{what}: the test changes nothing")
            continue
        code, message = generate(source_dir, GOOD.replace(old, new))
        count.check(code != 0 and re.search(expected, message) and "Traceback" not in message,
                    f"{what}: exit {code}, '{message.strip()}'")


def fields(driver, words, features):
    out = driver.run(driver.mask(features), "fields", words).splitlines()
    for word, line in zip(words, out):
        row, cls, *members = line.split()
        yield word, row, cls, {k: int(v) for k, v in (m.split("=") for m in members)}


# What the first part of a row's name says of members of these classes.
def expect_dp(name, _):
    if name in SHIFTS:
        return {"dp": DP.index("MOV"), "stype": SHIFTS[name]}
    return {"dp": DP.index("MOV" if name == "MOVW" else name)}


def expect_par(name, _):
    m = re.fullmatch(r"(SH|UH|UQ|[SQU])(\w+?)", name)
    return {"par_kind": PAR_KIND[m[1]], "par_op": PAR_OP[m[2]]}


def expect_access(name, _):
    m = re.fullmatch(r"(LD|ST)(?:A?L?EX|REX|R|A|L)(S?)([BHD]?)(T?)", name)
    return {"load": int(m[1] == "LD"), "sign": int(m[2] == "S"), "unpriv": int(m[4] == "T"),
            "size": {"B": 0, "H": 1, "": 2, "D": 3}[m[3]]}


def expect_exclusive(name, cls):
    of_order = {"ldrex": "acquire", "strex": "release"}[cls]
    return {"size": expect_access(name, cls)["size"], of_order: int(name[2] != "R")}


def expect_extend(name, _):
    return {"sign": int(name[0] == "S"), "acc": int("XTA" in name),
            "esize": 2 if name.endswith("B16") else int(name.endswith("H"))}


def flags(**of_name):
    """Members that are 1 in the rows whose name matches, 0 in the others."""
    return lambda name, _: {member: int(bool(re.search(pattern, name)))
                            for member, pattern in of_name.items()}


EXPECT = {
    "dp_imm": expect_dp, "dp_reg": expect_dp, "dp_rsr": expect_dp, "par_addsub": expect_par,
    "ldst_imm": expect_access, "ldst_reg": expect_access, "lda": lambda name, cls:
    {k: v for k, v in expect_access(name, cls).items() if k in ("load", "size")},
    "ldrex": expect_exclusive, "strex": expect_exclusive, "extend": expect_extend,
    "mla": flags(sub="MLS"), "mull": flags(sign="^S", acc="LAL"),
    "smlaxy": flags(acc="SMLA"), "smlaw": flags(acc="SMLA"),
    "smlad": flags(acc="^SML", sub="SD$"), "smlald": flags(sub="SLD$"),
    "smmla": flags(acc="SMML[AS]", sub="S$"), "usad": flags(acc="USADA8"), "div": flags(sign="^S"),
    "qadd": flags(sub="SUB", dbl="QD"), "sat": flags(sign="^S"), "sat16": flags(sign="^S"),
    "bfx": flags(sign="^S"), "ldrd_imm": flags(load="LDR"), "ldrd_reg": flags(load="LDR"),
    "ldc": flags(load="LDC"), "pld_imm": flags(pli="PLI"), "pld_reg": flags(pli="PLI"),
    "swp": lambda name, _: {"size": 0 if name == "SWPB" else 2},
    "rev": lambda name, _: {"rev_op": ["REV", "REV16", "REVSH", "RBIT"].index(name)},
    "ldm": lambda name, _: {
        "load": int(name[:2] == "LD" or name == "POP"),
        "index": int(name[-2:] in ("DB", "IB") or name == "PUSH"),
        "add": int(not (name[-2:] in ("DA", "DB") or name == "PUSH"))},
}


def expand_a32(word):
    byte, rot = word & 0xff, (word >> 8 & 15) * 2
    value = (byte << 32 | byte) >> rot & 0xffffffff
    return value, value >> 31 if rot else 2


def expand_t32(word):
    imm12 = (word >> 26 & 1) << 11 | (word >> 12 & 7) << 8 | word & 0xff
    byte = imm12 & 0xff
    if imm12 >> 10 == 0:
        pattern = [0x00000001, 0x00010001, 0x01000100, 0x01010101][imm12 >> 8 & 3]
        return byte * pattern, 2
    byte, rot = imm12 & 0x7f | 0x80, imm12 >> 7
    value = (byte << 32 | byte) >> rot & 0xffffffff
    return value, value >> 31


def test_immediates(count, word, space, row, got):
    if row.startswith("MOVW") or row == "SUB_I_T5" or row in ("ADD_I_T4", "SUB_I_T4") or space == "t16":
        count.check(got["imm_carry"] == 2, f"{word:08x} {row}: carry {got['imm_carry']}")
        return
    value, carry = expand_a32(word) if space == "a32" else expand_t32(word)
    count.check((got["imm32"], got["imm_carry"]) == (value, carry),
                f"{word:08x} {row}: {got['imm32']:#x}, carry {got['imm_carry']}, not {value:#x}, {carry}")


def test_members(count, driver, rows, number, rng):
    for r in rows:
        mask, value = int(r["mask"], 0), int(r["value"], 0)
        words = [(rng.getrandbits(32) & ~mask) | value for _ in range(number)]
        thumb = ["thumb"] if r["space"][0] == "t" else []
        if r["space"] == "a32":
            words = [w & 0xefffffff if w >> 28 == 15 else w for w in words]
        base = [f for f in driver.features if f not in ("thumb", "in_it")]
        if r["class"] == "swp":
            base.remove("v8_a32")
        seen = collections.Counter()
        for word, row, cls, got in fields(driver, words, base + thumb):
            if row != r["name"]:
                continue
            seen[row] += 1
            count.check(set(got) == set(r["members"].split()),
                        f"{word:08x} {row}: {set(got) ^ set(r['members'].split())} written or not")
            wanted = EXPECT.get(cls, lambda *_: {})(row.split("_")[0], cls)
            if cls == "dp_reg" and row.split("_")[0] in SHIFTS and got["samount"] == 0:
                wanted["stype"] = 0
            wrong = {k: got.get(k) for k, v in wanted.items() if got.get(k) != v}
            count.check(not wrong, f"{word:08x} {row}: {wrong}, not {wanted}")
            if cls == "dp_imm":
                test_immediates(count, word, r["space"], row, got)
        count.check(seen[r["name"]], f"{r['name']}: no word of {number} was decoded")


def test_conditions(count, driver, rng):
    """cond is that of the encoding; 16-bit data processing sets flags outside of IT blocks only."""
    words = [rng.getrandbits(32) for _ in range(5000)]
    for word, row, _, got in fields(driver, words, ["fp"]):
        if row != "UNDEFINED":
            wanted = word >> 28 if word >> 28 != 15 else 14
            count.check(got["cond"] == wanted, f"{word:08x} {row}: condition {got['cond']}")
    words = [0x1840, 0x3101, 0x2000, 0x4048, 0x4341, 0x0048, 0x4088]
    for in_it in (False, True):
        for word, row, _, got in fields(driver, words, ["thumb"] + ["in_it"] * in_it):
            count.check(got.get("S") == (not in_it), f"{word:04x} {row}: S {got.get('S')}, IT {in_it}")
    for word, row, _, got in fields(driver, [0x4288, 0x4408, 0x4608, 0xa901], ["thumb", "in_it"]):
        count.check(got.get("S", 0) == (word == 0x4288), f"{word:04x} {row}: S in an IT block")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("source_dir")
    ap.add_argument("--driver", required=True)
    ap.add_argument("--rows", required=True)
    ap.add_argument("--words", type=int, default=60)
    args = ap.parse_args()
    count, rng = Counter(40), random.Random(3)
    test_errors(count, args.source_dir)
    driver = Driver(args.driver)
    test_members(count, driver, read_table(args.rows), args.words, rng)
    test_conditions(count, driver, rng)
    print(f"{count.passed} passed, {count.failed} failed")
    return 1 if count.failed or not count.passed else 0


if __name__ == "__main__":
    sys.exit(main())
