#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compare arm/sysreg.def and arm/sysop.def with an assembler.

For every row the assembler is asked for `mrs x0, NAME`, `msr NAME, x0` or the
SYS alias; the encoding in the word that it emits must be the row's.  llvm-mc and
GNU as are independent of this project and of each other.  Exit status: number of
differences (at most 100); 77 if no assembler is there.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REG = re.compile(r'^ARM_SYSREG(?:_VIEW)?\((.*)\)$')
OP = re.compile(r'^ARM_SYSOP\((.*)\)$')
# Columns of a register row.
NAME, RD, WR, FEAT = 0, 7, 8, 14
# Registers of one implementation have no name in an assembler.
NAMELESS_FEATURE = 'IMPDEF_A57'
# One encoding, two names: by direction.
WRITE_NAME = {'DBGDTRRX_EL0': 'dbgdtrtx_el0'}


# What an assembler of Debian 12 does not know yet.
UNKNOWN = {'llvm-mc': {'mrs x0, id_dfr1_el1'}}


def rows(path, pattern):
    with open(os.path.join(ROOT, path), encoding='ascii') as f:
        for line in f:
            m = pattern.match(line.rstrip())
            if m:
                yield [c.strip() for c in re.split(r',(?![^"]*"(?:[^"]*"[^"]*")*[^"]*$)', m[1])]


def enc(op0, op1, crn, crm, op2):
    return op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2


def wanted():
    """Yield (text, encoding, is a read)."""
    for c in rows('arm/sysreg.def', REG):
        assert len(c) == 18, c
        e = enc(*map(int, c[1:6]))
        if c[FEAT] == NAMELESS_FEATURE:
            continue
        debug_only = c[RD] == c[WR] == 'NO'
        if c[RD] != 'NO' or debug_only:
            yield 'mrs x0, %s' % c[NAME].lower(), e, True
        if c[WR] != 'NO' or debug_only:
            yield 'msr %s, x0' % WRITE_NAME.get(c[NAME], c[NAME].lower()), e, False
    for c in rows('arm/sysop.def', OP):
        text = c[1].strip('"')
        if c[8] == '1':
            text += ', x0'
        yield text, enc(*map(int, c[2:7])), False


def words_llvm(tool, texts):
    p = subprocess.run([tool, '--triple=aarch64', '--mattr=+v8.7a,+el2vmsa,+specrestrict,+sve,+sme', '--show-encoding'],
                       input='\n'.join(texts), capture_output=True, text=True, check=False)
    out = []
    for line in p.stdout.splitlines():
        m = re.search(r'encoding: \[(.*)\]', line)
        if m:
            out.append(int.from_bytes(bytes(int(b, 16) for b in m[1].split(',')), 'little'))
    return out, p.stderr


def words_gas(tool, texts):
    with tempfile.TemporaryDirectory() as d:
        obj, raw = os.path.join(d, 'o'), os.path.join(d, 'b')
        p = subprocess.run([tool, '-march=armv8.8-a+sve+sme', '-o', obj, '-'],
                           input='\n'.join(texts) + '\n', capture_output=True, text=True,
                           check=False)
        if p.returncode:
            return [], p.stderr
        objcopy = tool[:-2] + 'objcopy'
        subprocess.run([objcopy, '-O', 'binary', '-j', '.text', obj, raw], check=True)
        with open(raw, 'rb') as f:
            data = f.read()
    return [int.from_bytes(data[i:i + 4], 'little') for i in range(0, len(data), 4)], ''


def compare(label, words, err, todo):
    if len(words) != len(todo):
        print('%s: %d words for %d rows\n%s' % (label, len(words), len(todo), err))
        return 100
    bad = 0
    for (text, want, read), word in zip(todo, words):
        got, is_read = word >> 5 & 0xffff, bool(word >> 21 & 1)
        if got != want or is_read != read:
            print('%s: %s is %#x, row says %#x' % (label, text, got, want))
            bad += 1
    print('%s: %d rows compared, %d differ' % (label, len(todo), bad))
    return bad


def main():
    todo = list(wanted())
    assert len(todo) > 500, 'table not parsed: %d' % len(todo)
    tools = [('llvm-mc', words_llvm), ('aarch64-linux-gnu-as', words_gas)]
    bad, ran = 0, 0
    for name, words in tools:
        tool = shutil.which(name)
        if not tool:
            print('%s: not installed' % name)
            continue
        ran += 1
        known = [t for t in todo if t[0] not in UNKNOWN.get(name, ())]
        out, err = words(tool, [t for t, _, _ in known])
        bad += compare(name, out, err, known)
    if not ran:
        return 77
    return min(bad, 100)


if __name__ == '__main__':
    sys.exit(main())
