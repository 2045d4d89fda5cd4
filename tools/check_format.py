#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks the layout of the sources: check_format.py [--fix] [FILE]...

clang-format with .clang-format decides spacing within a line and the
indentation of statements.  Where lines break, how continuation lines and
trailing comments are aligned is the author's, so that tables stay readable.
What clang-format does not know is checked here: licence line, line length,
trailing blanks, the length of files and functions.
"""
import argparse
import concurrent.futures
import difflib
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIMIT = 120
MAX_FILE = 800
MAX_FUNCTION = 60
SPDX = "SPDX-License-Identifier: GPL-2.0-only"
STATEMENT_END = re.compile(r"([;{}]|:|\*/)$")
# "Tables exempt": such a file says so itself.
EXEMPT = "layout: table"


def sources():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, check=True,
                         stdout=subprocess.PIPE, text=True).stdout.split()
    return [f for f in out if re.search(r"\.(c|h|py|sh|def|S)$", f)
            and os.path.isfile(os.path.join(TOP, f))]


def columns(line):
    return len(line.expandtabs(8))


def squeeze(line):
    """Without indentation; blanks that align columns count as one."""
    return re.sub(r"\s+", " ", line.strip())


def starts_statement(lines, i):
    for k in range(i - 1, -1, -1):
        prev = lines[k].strip()
        if prev:
            return bool(STATEMENT_END.search(prev)) and not prev.startswith("#")
    return True


def spacing(path, lines):
    """(index, what it should be) for lines that clang-format would space differently."""
    want = subprocess.run(["clang-format", f"--assume-filename={path}"], cwd=TOP, check=True,
                          input="\n".join(lines) + "\n", stdout=subprocess.PIPE,
                          text=True).stdout.split("\n")
    a, b = [squeeze(x) for x in lines], [squeeze(x) for x in want]
    off = False
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if i2 - i1 != j2 - j1:
            continue
        for i, j in zip(range(i1, i2), range(j1, j2)):
            off = "clang-format off" in lines[i] or (off and "clang-format on" not in lines[i])
            if off or lines[i].startswith("#") or lines[i].endswith("\\"):
                continue
            call = re.match(r"\w+\(.*\)[,;]?$", a[i])  # perhaps a row made by a macro
            bare = re.sub(r"\s", "", a[i])
            table = a[i].startswith(("{", ".", "[", '"', "case ")) or call or "\\n" in a[i] or "\\t" in a[i]
            # What clang-format 14 takes for something else: a cast of ~x, a name of C++.
            table = table or ")~" in a[i] or "catch(" in a[i]
            if tag == "replace" and bare == re.sub(r"\s", "", b[j]) and not table:
                yield i, re.match(r"\s*", lines[i]).group() + b[j]
            elif tag == "equal" and starts_statement(lines, i) and not a[i].startswith("*") \
                    and not call:
                have, should = (re.match(r"\s*", x).group() for x in (lines[i], want[j]))
                if have != should and set(should) <= {"\t"}:
                    yield i, should + lines[i].lstrip()


def functions(lines):
    start = None
    for i, line in enumerate(lines):
        if line == "{":
            start = i
        elif line == "}" and start is not None:
            # Tables are exempt: rows do not count.
            rows = sum(1 for x in lines[start:i] if re.match(r"\s+\{.*\},$", x))
            yield start, i - start - 1 - rows
            start = None


def check_c(path, lines, problems):
    for i, should in spacing(path, lines):
        problems.append((i, "spacing; should be: " + should.strip(), should))
    if EXEMPT not in "\n".join(lines[:12]) and not path.endswith("_cases.h"):
        if len(lines) > MAX_FILE:
            problems.append((0, f"{len(lines)} lines; split it (limit {MAX_FILE})", None))
        for start, length in functions(lines):
            if length > MAX_FUNCTION:
                problems.append((start, f"function of {length} lines (limit {MAX_FUNCTION})", None))
    for i, line in enumerate(lines):
        if i and re.match(r"\s*//", line):
            problems.append((i, "comments are /* */", None))
        if re.match(r" +\S", line) and not re.match(r" +\*", line) and path.endswith(".c"):
            problems.append((i, "indented by spaces", None))


def check(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        text = f.read()
    problems = []
    lines = text.split("\n")
    if lines[-1] != "":
        problems.append((len(lines) - 1, "no newline at the end", None))
    else:
        lines.pop()
    if SPDX not in "\n".join(lines[:2]):
        problems.append((0, "no SPDX line", None))
    for i, line in enumerate(lines):
        if line != line.rstrip():
            problems.append((i, "blanks at the end", line.rstrip()))
        if columns(line) > LIMIT and not path.endswith(".def"):
            problems.append((i, f"{columns(line)} columns (limit {LIMIT})", None))
    if path.endswith((".c", ".h")):
        check_c(path, lines, problems)
    return path, lines, problems


def fix(path, lines, problems):
    for i, _, should in problems:
        if should is not None:
            lines[i] = should
    with open(os.path.join(TOP, path), "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--fix", action="store_true", help="mend what can be mended")
    ap.add_argument("files", nargs="*", help="paths from the top of the repository")
    args = ap.parse_args()
    files = args.files or sources()
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, lines, problems in pool.map(check, files):
            if args.fix and any(p[2] is not None for p in problems):
                fix(path, lines, problems)
                problems = [p for p in problems if p[2] is None]
            for i, what, _ in sorted(problems, key=lambda p: p[0]):
                print(f"{path}:{i + 1}: {what}")
            bad += bool(problems)
    print(f"format: {len(files)} files, {bad} with problems")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
