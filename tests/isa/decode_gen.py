#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""tools/isagen.py: what must be an error is one, and the tree finds what a plain search finds.

    decode_gen.py SOURCE_DIR [--driver PATH]

With the driver (see decode_driver.c) also: a64_decode() writes exactly the
fields of the row, with the right values, compared with a second reading of
a64.decode here.
"""
import argparse
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

GOOD = """@features f
@functions logical_ok
[c]
\twhere a != 1
\tasm "{m} {x a}"
ONE f 0000000000000000 a:4 000000000000
TWO - 0000000000000001 a:4 000000000000
"""

# (what is wrong, text to replace, replacement, part of the message)
BAD = [
    ("31 bits", "0000000000000001 a:4", "000000000000001 a:4", "31 bits"),
    ("33 bits", "0000000000000001 a:4", "00000000000000001 a:4", "more than 32"),
    ("x without a field", "0000000000000001", "000000000000000x", "x outside"),
    ("two fields of one name", "a:4 000000000000\nTWO", "a:4 a:12\nTWO", "twice"),
    ("unknown field in a condition", "a != 1", "b != 1", "'b'"),
    ("unknown function", "a != 1", "other(a)", "'other'"),
    ("unknown feature", "ONE f", "ONE g", "unknown feature"),
    ("unknown feature in a condition", "a != 1", "has_g", "has_g"),
    ("unknown directive", "@features f", "@feature f", "unknown directive"),
    ("no template", '\tasm "{m} {x a}"\n', "", "no asm"),
    ("only conditional templates", '{x a}"', '{x a}" if a == 2', "no asm"),
    ("unknown field in a template", "{x a}", "{x b}", "no field b"),
    ("row name twice", "TWO", "ONE", "used twice"),
    ("same row twice", "TWO - 0000000000000001", "TWO - 0000000000000000", "overlaps"),
    ("rows that cross", "TWO - 0000000000000001 a:4 000000000000",
     "TWO - 000000000000000 a:1 0000 000000000000", "overlaps"),
    ("row before a class", "[c]\n", "", "outside a"),
    ("nonsense line", "\twhere", "\twhen", "cannot read"),
]


class Counter:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, ok, message):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            if self.failed < 40:
                print("FAIL", message)


def generate(source_dir, text):
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "t.decode")
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        out = subprocess.run(
            [sys.executable, os.path.join(source_dir, "tools/isagen.py"), path, "--header",
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
        count.check(code != 0 and expected in message and "Traceback" not in message,
                    f"{what}: exit {code}, '{message.strip()}'")


def read_rows(path):
    """{row: {field: (lsb, width)}, ...}, fixed bits likewise; no use of isagen's code."""
    rows, rename = {}, {}
    with open(path, encoding="ascii") as f:
        for line in f:
            words = line.split()
            if line.startswith("@rename"):
                rename[words[1]] = words[2]
            if not re.match(r"[A-Z]\w* ", line):
                continue
            pos, fields, pattern = 32, {}, ""
            for piece in words[2:]:
                name, _, bits = piece.rpartition("=")
                if ":" in piece:
                    name, width = piece.split(":")
                    bits = "x" * int(width)
                pos -= len(bits)
                pattern += bits
                if name:
                    fields[rename.get(name, name)] = (pos, len(bits))
            rows[words[0]] = (pattern, fields)
    return rows


def random_word(rng, pattern):
    return int("".join(rng.choice("01") if b == "x" else b for b in pattern), 2)


def fits(word, pattern):
    return all(p in ("x", b) for b, p in zip(f"{word:032b}", pattern))


def test_fields(count, source_dir, driver):
    rows = read_rows(os.path.join(source_dir, "isa/a64.decode"))
    rng = random.Random(2)
    words = [random_word(rng, pattern) for pattern, _ in rows.values() for _ in range(50)]
    words += [rng.getrandbits(32) for _ in range(20000)]
    out = subprocess.run([driver, "0xffffffffffffffff", "fields"], check=True, capture_output=True,
                         input=struct.pack(f"={len(words)}I", *words))
    lines = out.stdout.decode().splitlines()
    count.check(len(lines) == len(words), "the driver lost words")
    for word, line in zip(words, lines):
        name, *members = line.split()
        got = dict(m.split("=") for m in members)
        if name == "UNDEFINED":
            continue
        pattern, fields = rows[name]
        expected = {f: str(word >> lsb & ((1 << width) - 1)) for f, (lsb, width) in fields.items()}
        count.check(fits(word, pattern) and got == expected,
                    f"{word:08x} {name}: {got}, not {expected}")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("source_dir")
    ap.add_argument("--driver")
    args = ap.parse_args()
    count = Counter()
    test_errors(count, args.source_dir)
    if args.driver:
        test_fields(count, args.source_dir, args.driver)
    print(f"{count.passed} passed, {count.failed} failed")
    return 1 if count.failed or not count.passed else 0


if __name__ == "__main__":
    sys.exit(main())
