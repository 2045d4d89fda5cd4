#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Is what docs/unpredictable.md says of AArch32 what happens?

    unpredictable.py --driver unpredictable_driver [--count N] [--case TEXT]

Every row of the document's table is a key of CASES here and the other way round.  A
case has patterns, of each of which N random words (60) are executed: UNDEFINED where the
document says so and nowhere else, and what is executed does what the check says.

Exit status: 0 all is so, 1 not.
"""
import argparse
import os
import random
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DOC = os.path.join(HERE, "../../docs/unpredictable.md")
CODE, DATA = 0x20000000, 0x30000000
M32 = 0xffffffff
IT_BITS = 0x0600fc00  # of CPSR


class P:
    """Words: 0 and 1 as they stand, a letter for the bits of a field.  @place: set and IT:

    a A32, t T32, h T16; +i: the only instruction of an IT block, +m: one before the last,
    +2: at an address that is no multiple of 4.  @fixed: fields (or a function of the
    fields that are already there); cond c is 14 if it is not in there.  @where: other words are not meant.
    @check: of the fields f and the state after it, s.
    """

    def __init__(self, place, bits, where=None, check=None, **fixed):
        self.set, self.bits = place, bits.replace(" ", "")
        self.where, self.check, self.fixed = where, check, fixed
        assert len(self.bits) == (16 if place[0] == "h" else 32), (bits, len(self.bits))

    def make(self, rnd):
        widths = {c: self.bits.count(c) for c in self.bits if c not in "01"}
        for _ in range(100000):
            f = {c: rnd.getrandbits(w) for c, w in widths.items()}
            if "c" in f and self.set == "a":
                f["c"] = 14
            for k, v in self.fixed.items():
                f[k] = v(f) if callable(v) else v
            if not self.where or self.where(f):
                break
        else:
            raise ValueError("no word of " + self.bits)
        left, word = dict(widths), 0
        for c in self.bits:
            bit = int(c) if c in "01" else f[c] >> left[c] - 1 & 1
            if c not in "01":
                left[c] -= 1
            word = word << 1 | bit
        return f, word


class State:
    def __init__(self, line):
        self.end, pc, cpsr, *rest = line.split()
        self.pc, self.cpsr = int(pc, 16), int(cpsr, 16)
        self.r = [int(x, 16) for x in rest[:15]]
        self.changed = {int(a, 16): int(b, 16) for a, b in (x.split("=") for x in rest[15:])}

    def stored(self, address, n):
        return sum(self.changed.get(address - DATA + k, filler(address - DATA + k)) << 8 * k for k in range(n))


def filler(i):
    return 7 * i + 3 & 0xff


def before(n):
    """R0..R14, which point into data."""
    return DATA + 0x400 + 0x40 * n


def loaded(address, n=4):
    return sum(filler(address - DATA + k) << 8 * k for k in range(n))


def lsl(v, n):
    return v << n if n < 32 else 0


def no15(*names):
    return lambda f: all(f[n] != 15 for n in names)


def both(*conds):
    return lambda f: all(c(f) for c in conds)


def regs(*lists):
    """Different registers in all of these fields, none of them R15."""
    return lambda f: no15(*lists)(f) and len({f[n] for n in lists}) == len(lists)


APC, TPC = CODE + 8, CODE + 4
DP_IMM = "11110 i 0 oooo S nnnn 0 jjj dddd kkkkkkkk"
DP_REG = "1110101 oooo S nnnn 0 jjj dddd kk tt mmmm"
MUL, MLA = "cccc 0000000 S dddd 0000 mmmm 1001 nnnn", "cccc 0000001 S dddd aaaa mmmm 1001 nnnn"
MULL = "cccc 00001 U A S hhhh llll mmmm 1001 nnnn"
SMLAXY = "cccc 00010000 dddd aaaa mmmm 1 y x 0 nnnn"
RSR = "cccc 000 oooo S nnnn dddd ssss 0 tt 1 mmmm"
SHIFTS = "111110100 tt S nnnn 1111 dddd 0000 mmmm"
LDST_I = "cccc 010 P U B W L nnnn tttt iiiiiiiiiiii"
LDST_R = "cccc 011 P U B W L nnnn tttt iiiii ss 0 mmmm"
EXTRA_I = "cccc 000 P U 1 W L nnnn tttt iiii 1 S H 1 jjjj"
EXTRA_R = "cccc 000 P U 0 W L nnnn tttt 0000 1 S H 1 mmmm"
T_LDST_12 = "111110001 zz L nnnn tttt iiiiiiiiiiii"
T_LDST_8 = "111110000 zz L nnnn tttt 1 P U W iiiiiiii"
T_LDST_R = "111110000 zz L nnnn tttt 000000 ii mmmm"
T_LDRD = "1110100 P U 1 W L nnnn tttt uuuu iiiiiiii"
LDM = "cccc 100 P U 0 W L nnnn rrrrrrrrrrrrrrrr"
T_LDM = "1110100 oo 0 W L nnnn rrrrrrrrrrrrrrrr"
VLDM = "cccc 110 P U D W L nnnn vvvv 101 z iiiiiiii"
VMEM = "111101000 D L 0 nnnn vvvv oooo zzaa mmmm"
COMPARES = {0: 1, 4: 1, 8: 1, 13: 1}		# with S: TST TEQ CMN CMP


def one_bit(x):
    return x and not x & (x - 1)


def extra(f):
    """Halfwords, signed bytes, doublewords with a good Rt."""
    return f["S"] | f["H"] and f["t"] < 13 and not f["t"] & 1


def vldm_bad(f):
    d = f["D"] << 4 | f["v"] if f["z"] else f["v"] << 1 | f["D"]
    n = f["i"] >> 1 if f["z"] else f["i"]
    return not n or (f["z"] and n > 16) or d + n > 32


def vldm_mode(f):
    """IA, IA!, DB!: the other combinations are other instructions."""
    return (f["P"], f["U"]) == (0, 1) or (f["P"], f["U"], f["W"]) == (1, 0, 1)


CASES = {
    "should-be bits, (0) and (1), that are wrong": [
        P("a", "cccc 0000000 S dddd zzzz mmmm 1001 nnnn", lambda f: f["z"]),
        P("a", "cccc 00010000 zzzz dddd 000000000000", lambda f: f["z"] != 15),
        P("a", "cccc 00010010 yyyy xxxx wwww 0001 mmmm", lambda f: f["w"] & f["x"] & f["y"] != 15 and f["m"] != 15),
        P("h", "010001110 mmmm zzz", lambda f: f["z"]),
        P("t", "111010100100 nnnn z jjj dddd kk tt mmmm", both(regs("n", "d", "m"), lambda f: f["z"])),
    ],
    "a coprocessor other than 10, 11, 14, 15; CDP, MCR2, MRC2, MCRR2, MRRC2, LDC2, STC2; LDC and STC but for p14, c5": [
        P("a", "cccc 1110 ooo 0 nnnn tttt pppp qqq 1 mmmm", lambda f: f["p"] < 10 or f["p"] in (12, 13)),
        P("t", "1110 1110 ooo 1 nnnn tttt pppp qqq 1 mmmm", lambda f: f["p"] < 10 or f["p"] in (12, 13)),
        P("a", "cccc 1110 oooo nnnn dddd pppp qqq 0 mmmm", lambda f: f["p"] not in (10, 11)),
        P("a", "1111 1110 oooo nnnn dddd 111 p qqq r mmmm"),
        P("a", "1111 1100010 L uuuu tttt 111 p oooo mmmm"),
        P("a", "1111 110 P U N W L nnnn dddd 111 p iiiiiiii", lambda f: f["P"] | f["U"] | f["W"]),
        P("a", "cccc 110 P U N W L nnnn dddd 111 p iiiiiiii",
          lambda f: (f["P"] | f["U"] | f["W"]) and (f["p"], f["N"], f["d"]) != (0, 0, 5)),
        P("a", "cccc 1100010 L uuuu tttt pppp oooo mmmm", lambda f: f["p"] < 10 or f["p"] in (12, 13)),
    ],
    "Rd = 15 in multiplication, division, saturating, parallel, packing, extending, bit field, reversing, CRC, MOVW, "
    "MOVT": [
        P("a", MUL, no15("m", "n"), d=15), P("a", MLA, no15("m", "n", "a"), d=15),
        P("a", MULL, lambda f: f["h"] != f["l"] and 15 in (f["h"], f["l"])),
        P("t", "111110110000 nnnn 1111 dddd 0000 mmmm", no15("m", "n"), d=15),
        P("t", "111110111 0 U 0 nnnn llll hhhh 0000 mmmm",
          lambda f: f["h"] != f["l"] and 15 in (f["h"], f["l"]) and no15("m", "n")(f)),
        P("a", "cccc 011100 U 1 dddd 1111 mmmm 0001 nnnn", no15("m", "n"), d=15),
        P("t", "111110111 0 U 1 nnnn 1111 dddd 1111 mmmm", no15("m", "n"), d=15),
        P("a", "cccc 00010 oo 0 nnnn dddd 0000 0101 mmmm", no15("m", "n"), d=15),
        P("a", "cccc 0110101 iiiii dddd jjjjj s 01 nnnn", no15("n"), d=15),
        P("a", "cccc 01100001 nnnn dddd 1111 0001 mmmm", no15("m", "n"), d=15),
        P("t", "111110101 001 nnnn 1111 dddd 0000 mmmm", no15("m", "n"), d=15),
        P("a", "cccc 01101000 nnnn dddd iiiii t 01 mmmm", no15("m", "n"), d=15),
        P("a", "cccc 01101111 nnnn dddd rr 000111 mmmm", no15("m"), d=15),
        P("a", "cccc 0111110 wwwww dddd lllll 001 nnnn", lambda f: f["w"] >= f["l"] and f["n"] != 15, d=15),
        P("a", "cccc 0111111 wwwww dddd lllll 101 nnnn", lambda f: f["w"] + f["l"] < 32 and f["n"] != 15, d=15),
        P("t", "111100110110 nnnn 0 iii dddd jj 0 wwwww",
          lambda f: f["w"] >= (f["i"] << 2 | f["j"]) and f["n"] != 15, d=15),
        P("a", "cccc 01101011 1111 dddd 1111 0011 mmmm", no15("m"), d=15),
        P("t", "111110101001 nnnn 1111 dddd 1000 mmmm", no15("m"), d=15, m=lambda f: f["n"]),
        P("a", "1110 00010 zz 0 nnnn dddd 0000 0100 mmmm", lambda f: f["z"] < 3 and no15("m", "n")(f), d=15),
        P("a", "cccc 00110 H 00 iiii dddd jjjjjjjjjjjj", d=15),
        P("t", "11110 x 10 H 100 iiii 0 jjj dddd kkkkkkkk", d=15),
    ],
    "Rd = 15 in A32 data processing with a register-specified shift": [
        P("a", RSR, lambda f: not 8 <= f["o"] < 12, d=15),
        P("a", "cccc 0001 1o1 S 0000 dddd ssss 0 tt 1 mmmm", d=15),
    ],
    "Rn, Rm or Rs = 15 there, and as source in multiplication and the like": [
        P("a", "cccc 0000100 0 nnnn dddd ssss 0 00 1 mmmm", both(no15("d", "s"), lambda f: f["m"] != 15), n=15,
          check=lambda f, s: s.r[f["d"]] == APC + lsl(before(f["m"]), before(f["s"]) & 255) & M32),
        P("a", "cccc 0001101 0 0000 dddd ssss 0 11 1 mmmm", no15("d", "s"), m=15,
          check=lambda f, s: s.r[f["d"]] == (APC * (1 << 32) + APC >> (before(f["s"]) & 31)) & M32),
        P("a", "cccc 0001101 0 0000 dddd ssss 0 01 1 mmmm", no15("d", "m"), s=15,
          check=lambda f, s: s.r[f["d"]] == before(f["m"]) >> (APC & 255)),
        P("a", MUL, no15("d", "n"), m=15, S=0, check=lambda f, s: s.r[f["d"]] == APC * before(f["n"]) & M32),
        P("t", "111110110000 nnnn 1111 dddd 0000 mmmm", no15("d", "m"), n=15,
          check=lambda f, s: s.r[f["d"]] == TPC * before(f["m"]) & M32),
        P("a", MLA, no15("d", "n", "m"), a=15, S=0,
          check=lambda f, s: s.r[f["d"]] == APC + before(f["n"]) * before(f["m"]) & M32),
        P("a", "cccc 01101111 1111 dddd 00 000111 mmmm", no15("d"), m=15,
          check=lambda f, s: s.r[f["d"]] == APC & 0xffff),
        P("a", "cccc 01101011 1111 dddd 1111 0011 mmmm", no15("d"), m=15,
          check=lambda f, s: s.r[f["d"]] == int.from_bytes(APC.to_bytes(4, "little"), "big")),
        P("a", "cccc 0111111 wwwww dddd lllll 101 nnnn", both(no15("d"), lambda f: f["w"] + f["l"] < 32), n=15,
          check=lambda f, s: s.r[f["d"]] == APC >> f["l"] & (2 << f["w"]) - 1),
        P("a", "cccc 0111001 1 dddd 1111 mmmm 0001 nnnn", no15("d", "m"), n=15,
          check=lambda f, s: s.r[f["d"]] == APC // before(f["m"])),
        P("a", "cccc 01101000 nnnn dddd 00000 0 01 mmmm", no15("d", "m"), n=15,
          check=lambda f, s: s.r[f["d"]] == APC & 0xffff | before(f["m"]) & 0xffff0000),
        # These have flags or several results: that they are executed is enough.
        P("a", "cccc 00010 oo 0 nnnn dddd 0000 0101 mmmm", no15("d"), n=15), P("a", SMLAXY, no15("d", "a"), n=15),
        P("a", "cccc 01100001 nnnn dddd 1111 0001 mmmm", no15("d"), m=15), P("a", MULL, regs("h", "l"), m=15),
        P("a", "cccc 01101000 nnnn dddd 1111 1011 mmmm", no15("d"), n=15),
        P("a", "cccc 01110000 dddd aaaa mmmm 00 X 1 nnnn", no15("d", "a"), m=15),
        P("a", "cccc 01110101 dddd aaaa mmmm 00 R 1 nnnn", no15("d", "a"), n=15),
        P("a", "cccc 01111000 dddd aaaa mmmm 0001 nnnn", no15("d", "a"), m=15),
        P("a", "cccc 0110101 iiiii dddd jjjjj s 01 nnnn", no15("d"), n=15),
        P("a", "cccc 01101010 nnnn dddd rr 000111 mmmm", both(no15("d"), lambda f: f["n"] != 15), m=15),
        P("a", "1110 00010 zz 0 nnnn dddd 0000 0100 mmmm", both(no15("d"), lambda f: f["z"] < 3), n=15),
        P("a", "cccc 00010110 1111 dddd 1111 0001 mmmm", no15("d"), m=15),
        P("t", "111110101 001 nnnn 1111 dddd 0u00 mmmm", no15("d"), m=15),
        P("t", "111110110 001 nnnn 1111 dddd 00 xy mmmm", no15("d"), n=15),
    ],
    "Rd = 15 in T32 data processing, unless it is TST, TEQ, CMP, CMN, or SUBS PC, LR": [
        P("t", DP_IMM, lambda f: not (f["S"] and f["o"] in COMPARES) and f["n"] != 15, d=15),
        P("t", DP_REG, lambda f: not (f["S"] and f["o"] in COMPARES) and f["n"] != 15 and f["m"] != 15, d=15),
        P("t", SHIFTS, no15("n", "m"), d=15),
        P("t", "11110 i 10 o 0 o 0 nnnn 0 jjj dddd kkkkkkkk", no15("n"), d=15, o=lambda f: f["o"] and 3),
    ],
    "T32 operands that are SP where that is not allowed": [
        P("t", "11110 0 0 0000 0 nnnn 0 000 dddd kkkkkkkk", no15("n"), d=13,
          check=lambda f, s: s.r[13] == before(f["n"]) & f["k"]),
        P("t", "11110 0 0 0010 0 nnnn 0 000 dddd kkkkkkkk", no15("d"), n=13,
          check=lambda f, s: s.r[f["d"]] == before(13) | f["k"]),
        P("t", "111110110000 nnnn 1111 dddd 0000 mmmm", no15("d", "n"), m=13,
          check=lambda f, s: s.r[f["d"]] == before(13) * before(f["n"]) & M32),
        P("t", "111110001101 nnnn tttt iiiiiiiiiiii", lambda f: f["n"] < 12 and f["i"] < 64, t=13,
          check=lambda f, s: s.r[13] == loaded(before(f["n"]) + f["i"])),
    ],
    "T32 modified immediates 01, 10, 11 with a byte of 0": [
        P("t", "11110 0 0 0010 0 1111 0 jjj dddd 00000000", both(no15("d"), lambda f: 1 <= f["j"] <= 3),
          check=lambda f, s: s.r[f["d"]] == 0),
    ],
    "RdLo = RdHi": [
        P("a", MULL, no15("h", "m", "n"), l=lambda f: f["h"]),
        P("a", "cccc 00000100 hhhh llll mmmm 1001 nnnn", no15("h", "m", "n"), l=lambda f: f["h"]),
        P("t", "111110111 1 U 0 nnnn llll hhhh 0000 mmmm", no15("h", "m", "n"), l=lambda f: f["h"]),
        P("a", "cccc 01110100 hhhh llll mmmm 0 0 X 1 nnnn", no15("h", "m", "n"), l=lambda f: f["h"]),
    ],
    "Ra of SDIV and UDIV that is not 15": [
        P("a", "cccc 011100 U 1 dddd aaaa mmmm 0001 nnnn", both(no15("d", "m", "n"), lambda f: f["a"] != 15)),
        P("t", "111110111 0 U 1 nnnn aaaa dddd 1111 mmmm", both(no15("d", "m", "n"), lambda f: f["a"] != 15)),
    ],
    "BFI, BFC with msb < lsb; SBFX, UBFX beyond bit 31": [
        P("a", "cccc 0111110 wwwww dddd lllll 001 nnnn", both(no15("d"), lambda f: f["w"] < f["l"])),
        P("a", "cccc 01111 U 1 wwwww dddd lllll 101 nnnn", both(no15("d", "n"), lambda f: f["w"] + f["l"] > 31)),
        P("t", "111100110110 nnnn 0 iii dddd jj 0 wwwww", both(no15("d"), lambda f: f["w"] < (f["i"] << 2 | f["j"]))),
        P("t", "11110011 U 100 nnnn 0 iii dddd jj 0 wwwww",
          both(no15("d", "n"), lambda f: f["w"] + (f["i"] << 2 | f["j"]) > 31)),
    ],
    "T32 CLZ, RBIT, REV, REV16, REVSH with two different copies of Rm": [
        P("t", "111110101011 nnnn 1111 dddd 1000 mmmm", lambda f: f["n"] != f["m"]),
        P("t", "111110101001 nnnn 1111 dddd 10oo mmmm", lambda f: f["n"] != f["m"]),
    ],
    "PKH with S or T set in T32": [
        P("t", "11101010110 S nnnn 0 iii dddd jj b T mmmm", lambda f: f["S"] | f["T"]),
    ],
    "CRC32 with a condition or of 64 bits": [
        P("a", "cccc 00010 zz 0 nnnn dddd 00 C 0 0100 mmmm", both(no15("d", "n", "m"), lambda f: f["z"] < 3), c=0),
        P("a", "cccc 00010 zz 0 nnnn dddd 00 C 0 0100 mmmm", no15("d", "n", "m"), z=3),
        P("t", "11111010110 C nnnn 1111 dddd 10 zz mmmm", no15("d", "n", "m"), z=3),
    ],
    "BLX and BXJ with Rm = 15": [
        P("a", "cccc 00010010 1111 1111 1111 00 11 mmmm", m=15),
        P("a", "cccc 00010010 1111 1111 1111 0010 mmmm", m=15),
        P("h", "010001111 mmmm 000", m=15), P("t", "111100111100 mmmm 1000111100000000", m=15),
    ],
    "BX PC in T32 at an address that is not a multiple of 4": [
        P("h+2", "010001110 mmmm 000", m=15, check=lambda f, s: s.pc == CODE + 4),		# bit 0: Thumb
    ],
    "BKPT, HVC, HLT with a condition": [
        P("a", "cccc 00010010 iiiiiiiiiiii 0111 iiii", c=0), P("a", "cccc 00010100 iiiiiiiiiiii 0111 iiii", c=0),
        P("a", "cccc 00010000 iiiiiiiiiiii 0111 iiii", c=0),
    ],
    "HVC, CPS, SETEND, IT, CBZ, CBNZ and B with a condition of its own in an IT block": [
        P("t+i", "111101111110 iiii 1000 iiiiiiiiiiii"), P("h+i", "10110110011 m 0 aaa", lambda f: f["a"]),
        P("t+i", "111100111010 1111 1000 0 110 aaa 00000", lambda f: f["a"]),
        P("h+i", "101101100101 E 000"), P("h+i", "10111111 cccc 1000", lambda f: f["c"] < 15),
        P("h+i", "1011 o 0 i 1 jjjjj nnn"), P("h+i", "1101 cccc iiiiiiii", lambda f: f["c"] < 14),
        P("t+i", "11110 S cccc iiiiii 10 x 0 y jjjjjjjjjjj", lambda f: f["c"] < 14),
    ],
    "IT with condition 15, or with 14 and an E": [
        P("h", "10111111 1111 mmmm", lambda f: f["m"]),
        P("h", "10111111 1110 mmmm", lambda f: f["m"] and not one_bit(f["m"])),
    ],
    "other branches in an IT block that are not last": [
        P("h+m", "11100 00000 iiiiii", check=lambda f, s: s.pc == TPC + 2 * f["i"] + 1 and not s.cpsr & IT_BITS),
        P("h+m", "010001110 mmmm 000", no15("m"),
          check=lambda f, s: s.pc == before(f["m"]) and not s.cpsr & IT_BITS),
        P("t+m", "11110 00000000000 11111 iiiiiiiiiii",
          check=lambda f, s: s.pc == TPC + 2 * f["i"] + 1 and s.r[14] == CODE + 5 and not s.cpsr & IT_BITS),
    ],
    "T16 MOVS Rd, Rm (LSL #0) in an IT block": [
        P("h+i", "00000 00000 mmm ddd", check=lambda f, s: s.r[f["d"]] == before(f["m"]) and s.cpsr >> 28 == 6),
    ],
    "CPS that changes nothing, has a mode it does not use, or flags without enable or disable": [
        P("a", "111100010000 ii M 00000000 aaa 0 mmmmm",
          lambda f: f["i"] == 1 or (not f["i"] and not f["M"]) or (not f["M"] and f["m"]) or
          bool(f["i"] & 2) != bool(f["a"])),
        P("t", "111100111010 1111 1000 0 ii M aaa mmmmm",
          lambda f: f["i"] == 1 or (not f["M"] and f["m"]) or bool(f["i"] & 2) != bool(f["a"]),
          i=lambda f: f["i"] or 1),
        P("h", "10110110011 m 0 000"),
    ],
    "writeback with Rn = 15": [
        P("a", LDST_I, both(no15("t"), lambda f: not f["P"] or f["W"]), n=15),
        P("a", LDST_R, both(no15("t", "m"), lambda f: not f["P"] or f["W"]), n=15),
        P("a", EXTRA_I, both(extra, lambda f: not f["P"] or f["W"]), n=15),
        P("a", EXTRA_R, both(extra, no15("m"), lambda f: not f["P"] or f["W"]), n=15),
        P("t", T_LDRD, lambda f: f["W"] and f["L"] and regs("t", "u")(f), n=15),
    ],
    "writeback with Rn = Rt, or Rn in the list of an LDM": [
        P("a", LDST_I, no15("t"), P=1, U=1, B=0, W=1, L=1, i=lambda f: f["i"] & 63, n=lambda f: f["t"],
          check=lambda f, s: s.r[f["t"]] == loaded(before(f["t"]) + f["i"])),
        P("a", LDST_I, no15("t"), P=0, U=1, B=0, W=0, L=1, n=lambda f: f["t"],
          check=lambda f, s: s.r[f["t"]] == loaded(before(f["t"]))),
        P("t", "111110000101 nnnn tttt 1 011 iiiiiiii", lambda f: f["t"] < 13,
          n=lambda f: f["t"], check=lambda f, s: s.r[f["t"]] == loaded(before(f["t"]))),
        P("a", LDM, no15("n"), P=0, U=1, W=1, L=1, r=lambda f: 1 << f["n"],
          check=lambda f, s: s.r[f["n"]] == loaded(before(f["n"]))),
    ],
    "Rm = 15 in loads, stores and PLD": [
        P("a", LDST_R, no15("n", "t"), m=15), P("a", EXTRA_R, both(extra, no15("n")), m=15),
        P("t", T_LDST_R, lambda f: f["z"] < 3 and no15("n", "t")(f), m=15),
        P("t", "1111100100 z 1 nnnn tttt 000000 ii mmmm", no15("n", "t"), m=15),
        P("a", "11110 11 1 U R 01 nnnn 1111 iiiii ss 0 mmmm", no15("n"), m=15),
        P("t", "111110000 0 W 1 nnnn 1111 000000 ii mmmm", no15("n"), m=15),
        P("t", "111010001101 nnnn 11110000000 H mmmm", no15("n"), m=15),
    ],
    "Rt = 15 in loads of bytes, halfwords, doublewords, in LDRT and the like": [
        P("a", LDST_I, no15("n"), t=15, L=1, B=1), P("a", LDST_R, no15("n", "m"), t=15, L=1, B=1),
        P("a", EXTRA_I, lambda f: f["n"] != 15 and f["S"] | f["H"], t=15, L=1),
        P("a", EXTRA_R, lambda f: f["n"] != 15 and f["m"] != 15 and f["S"] | f["H"], t=15, L=1),
        P("a", EXTRA_I, lambda f: f["n"] != 15, t=15, L=0, S=1, H=0),
        P("a", LDST_I, no15("n"), t=15, L=1, B=0, P=0, W=1),
        P("t", T_LDST_8, lambda f: f["z"] < 2 and f["n"] != 15 and f["W"], L=1, t=15),
        P("t", "111110000 zz 1 nnnn tttt 1110 iiiiiiii", lambda f: f["z"] == 2 and f["n"] != 15, t=15),
    ],
    "Rt = 15 in A32 stores (STRB, STRH too)": [
        P("a", LDST_I, no15("n"), P=1, U=1, B=0, W=0, L=0, i=lambda f: f["i"] & 63, t=15,
          check=lambda f, s: s.stored(before(f["n"]) + f["i"], 4) == APC),
        P("a", LDST_I, no15("n"), P=1, U=1, B=1, W=0, L=0, i=lambda f: f["i"] & 63, t=15,
          check=lambda f, s: s.stored(before(f["n"]) + f["i"], 1) == APC & 0xff),
        P("a", EXTRA_I, no15("n"), P=1, U=1, W=0, L=0, S=0, H=1, i=0, t=15,
          check=lambda f, s: s.stored(before(f["n"]) + f["j"], 2) == APC & 0xffff),
    ],
    "Rt = 15 in T32 stores, Rn = 15 in T32 stores": [
        P("t", T_LDST_12, lambda f: f["z"] < 3 and 15 in (f["n"], f["t"]), L=0),
        P("t", T_LDST_8, lambda f: f["z"] < 3 and 15 in (f["n"], f["t"]) and (f["P"] or f["W"]), L=0),
        P("t", T_LDST_R, lambda f: f["z"] < 3 and 15 in (f["n"], f["t"]) and f["m"] != 15, L=0),
        P("t", T_LDRD, lambda f: (f["P"] or f["W"]) and regs("t", "u")(f), L=0, n=15),
    ],
    "LDRD, STRD, LDREXD, STREXD in A32 with odd Rt or Rt = 14": [
        P("a", EXTRA_I, both(no15("n"), lambda f: f["t"] & 1 or f["t"] == 14), L=0, S=1),
        P("a", EXTRA_R, both(no15("n", "m"), lambda f: f["t"] & 1 or f["t"] == 14), L=0, S=1),
        P("a", "cccc 00011011 nnnn tttt 111110011111", both(no15("n"), lambda f: f["t"] & 1 or f["t"] == 14)),
        P("a", "cccc 00011010 nnnn dddd 11111001 tttt", both(regs("n", "d"), lambda f: f["t"] & 1 or f["t"] == 14)),
    ],
    "LDRD, STRD with P = 0 and W = 1 in A32": [
        P("a", EXTRA_I, lambda f: f["t"] < 13 and not f["t"] & 1 and f["n"] != 15, P=0, W=1, L=0, S=1),
        P("a", EXTRA_R, lambda f: f["t"] < 13 and not f["t"] & 1 and no15("n", "m")(f), P=0, W=1, L=0, S=1),
    ],
    "T32 LDRD with Rt = Rt2": [
        P("t", T_LDRD, lambda f: f["n"] < 13 and f["t"] < 13 and f["n"] != f["t"], P=1, U=1, W=0, L=1,
          i=lambda f: f["i"] & 15, u=lambda f: f["t"],
          check=lambda f, s: s.r[f["t"]] == loaded(before(f["n"]) + 4 * f["i"] + 4)),
    ],
    "T32 LDRD, STRD with Rt or Rt2 = 15": [
        P("t", T_LDRD, lambda f: (f["P"] or f["W"]) and f["n"] != 15 and 15 in (f["t"], f["u"])),
    ],
    "LDM, STM with Rn = 15 or an empty list": [
        P("a", LDM, lambda f: f["r"], n=15), P("a", LDM, no15("n"), r=0),
        P("t", T_LDM, lambda f: f["o"] in (1, 2) and not one_bit(f["r"]), n=15),
        P("t", T_LDM, lambda f: f["o"] in (1, 2) and f["n"] != 15, r=0),
        P("h", "1100 L nnn 00000000"), P("h", "1011 L 10 0 00000000"),
    ],
    "T32 LDM, STM (32 bits) with a list of one": [
        P("t", T_LDM, lambda f: f["o"] in (1, 2) and f["n"] != 15, r=lambda f: 1 << (f["r"] & 15)),
    ],
    "T32 LDM, STM with SP in the list, STM with the PC, LDM with LR and PC": [
        P("t", T_LDM, lambda f: f["n"] < 13, o=1, W=0, L=1, r=0x2001,
          check=lambda f, s: s.r[13] == loaded(before(f["n"]) + 4)),
        P("t", T_LDM, lambda f: f["n"] < 13, o=1, W=0, L=0, r=0x8001,
          check=lambda f, s: s.stored(before(f["n"]) + 4, 4) == TPC),
        P("t", T_LDM, lambda f: f["n"] < 13, o=1, W=0, L=1, r=0xc000,
          check=lambda f, s: s.r[14] == loaded(before(f["n"])) and s.pc | 3 == loaded(before(f["n"]) + 4) | 3),
    ],
    "LDM, STM of User mode registers with writeback": [
        P("a", "cccc 100 P U 1 1 L nnnn 0 rrrrrrrrrrrrrrr", lambda f: f["n"] != 15 and f["r"]),
        P("a", "cccc 100 P U 1 1 0 nnnn rrrrrrrrrrrrrrrr", lambda f: f["n"] != 15 and f["r"]),
    ],
    "exclusives, LDA, STL with Rt or Rn = 15; STREX with Rd = Rn, Rd = Rt or Rd = 15": [
        P("a", "cccc 00011 zz 1 nnnn tttt 1111 1001 1111",
          lambda f: 15 in (f["n"], f["t"]) and f["z"] != 1),
        P("a", "cccc 00011 zz 1 nnnn tttt 11 yy 1001 1111", lambda f: 15 in (f["n"], f["t"]) and f["y"] != 1),
        P("a", "cccc 00011 zz 0 nnnn dddd 11 yy 1001 tttt",
          lambda f: f["y"] > 1 and f["z"] != 1 and (15 in (f["n"], f["d"], f["t"]) or f["d"] in (f["n"], f["t"]))),
        P("a", "cccc 00011 zz 0 nnnn 1111 1100 1001 tttt", lambda f: 15 in (f["n"], f["t"]) and f["z"] != 1),
        P("t", "111010000101 nnnn tttt 1111 iiiiiiii", lambda f: 15 in (f["n"], f["t"])),
        P("t", "111010000100 nnnn tttt dddd iiiiiiii",
          lambda f: 15 in (f["n"], f["t"], f["d"]) or f["d"] in (f["n"], f["t"])),
    ],
    "SWP with the PC or Rn = Rt or Rn = Rt2": [
        P("a", "cccc 00010 B 00 nnnn tttt 0000 1001 uuuu",
          lambda f: 15 in (f["n"], f["t"], f["u"]) or f["n"] in (f["t"], f["u"])),
    ],
    "PLDW relative to the PC": [
        P("a", "11110101 U 001 1111 1111 iiiiiiiiiiii"), P("a", "11110111 U 001 1111 1111 iiiii ss 0 mmmm", no15("m")),
        P("t", "11111000 U 011 1111 1111 iiiiiiiiiiii"),
    ],
    "RFE with Rn = 15": [
        P("a", "1111100 P U 0 W 1 1111 0000 1010 00000000"),
        P("t", "1110100 pp 0 W 1 1111 1100 0000 0000 0000", lambda f: f["p"] in (0, 3)),
    ],
    "MRS, MSR with the PC; MSR with an empty mask": [
        P("a", "cccc 00010 R 00 1111 1111 000000000000"), P("a", "cccc 00010 R 10 mmmm 1111 00000000 1111"),
        P("a", "cccc 00010 R 10 0000 1111 00000000 nnnn", no15("n")),
        P("a", "cccc 00110110 0000 1111 iiiiiiiiiiii"),
        P("t", "11110011111 R 1111 1000 1111 00000000"), P("t", "11110011100 R 1111 1000 mmmm 00000000"),
        P("t", "11110011100 R nnnn 1000 0000 00000000", no15("n")),
    ],
    "MRS, MSR of a banked register that does not exist": [
        P("a", "cccc 00010 R 00 mmmm dddd 001 M 00000000",
          both(no15("d"), lambda f: not (0x50554000 if f["R"] else 0xf0ff7f7f) >> (f["M"] << 4 | f["m"]) & 1)),
        P("a", "cccc 00010 R 10 mmmm 1111 001 M 0000 nnnn",
          both(no15("n"), lambda f: not (0x50554000 if f["R"] else 0xf0ff7f7f) >> (f["M"] << 4 | f["m"]) & 1)),
    ],
    "MCR, MCRR, MRRC with the PC; MRRC with Rt = Rt2": [
        P("a", "cccc 1110 ooo 0 nnnn 1111 1111 qqq 1 mmmm"),
        P("a", "cccc 1100010 L uuuu tttt 1111 oooo mmmm", lambda f: 15 in (f["u"], f["t"])),
        P("a", "cccc 11000101 uuuu tttt 1111 oooo mmmm", no15("t"), u=lambda f: f["t"]),
    ],
    "LDC, STC with writeback to the PC; STC relative to the PC in T32": [
        P("a", "cccc 110 P U 0 W L 1111 0101 1110 iiiiiiii", lambda f: f["W"]),
        P("t", "1110 110 P U 0 W 0 1111 0101 1110 iiiiiiii", lambda f: f["P"] | f["U"] | f["W"]),
    ],
    "VLDM, VSTM with no register, more than 16 D registers, or registers beyond D31 or S31": [
        P("a", VLDM, lambda f: vldm_mode(f) and f["n"] != 15 and vldm_bad(f)),
        P("t", VLDM.replace("cccc", "1110"), lambda f: vldm_mode(f) and f["n"] != 15 and vldm_bad(f)),
    ],
    "VLDM, VSTM with writeback to the PC; relative to the PC in T32": [
        P("a", VLDM, lambda f: vldm_mode(f) and f["W"] and not vldm_bad(f), n=15),
        P("t", VLDM.replace("cccc", "1110"), lambda f: vldm_mode(f) and not vldm_bad(f), n=15),
    ],
    "FLDMX, FSTMX (an odd number of words)": [
        P("a", VLDM, lambda f: f["n"] < 13 and not vldm_bad(f) and f["i"] & 1, P=0, U=1, W=1, z=1,
          check=lambda f, s: s.r[f["n"]] == before(f["n"]) + 4 * f["i"]),
    ],
    "VSTR relative to the PC in T32": [
        P("t", "1110 1101 U D 00 1111 vvvv 101 z iiiiiiii", check=lambda f, s: s.end == "fault"),
    ],
    "VMOV, VDUP, VMRS, VMSR with the PC (but VMRS APSR_nzcv); VMOV of two core registers with Rt = Rt2, or of S31 and "
    "S32": [
        P("a", "cccc 1110000 L vvvv 1111 1010 N 0010000"), P("a", "cccc 1110 00x0 vvvv 1111 1011 D 0010000"),
        P("a", "cccc 1110 1 B Q 0 vvvv 1111 1011 D 0 E 1 0000",
          lambda f: not f["B"] & f["E"] and not f["Q"] & f["v"]),
        P("a", "cccc 11101111 rrrr 1111 1010 00010000", lambda f: f["r"] in (0, 5, 6, 7, 8)),
        P("a", "cccc 11101110 rrrr 1111 1010 00010000", lambda f: f["r"] in (0, 1, 8)),
        P("a", "cccc 1100010 L uuuu tttt 101 z 00 M 1 mmmm", lambda f: 15 in (f["t"], f["u"])),
        P("a", "cccc 11000101 uuuu tttt 101 z 00 M 1 mmmm", no15("t"), u=lambda f: f["t"]),
        P("a", "cccc 1100010 L uuuu tttt 1010 00 1 1 1111", regs("t", "u")),
    ],
    "VCVT of 16-bit fixed point with more than 16 fraction bits": [
        P("a", "cccc 11101 D 111 t 1 U vvvv 101 z 0 1 i 0 jjjj", lambda f: 16 - (f["j"] << 1 | f["i"]) < 0),
    ],
    "VMRS of other registers than FPSID, FPSCR, FPEXC, MVFR0 to MVFR2; VMSR of other ones than the first three": [
        P("a", "cccc 11101111 rrrr tttt 1010 00010000", both(no15("t"), lambda f: f["r"] not in (0, 1, 5, 6, 7, 8))),
        P("a", "cccc 11101110 rrrr tttt 1010 00010000", both(no15("t"), lambda f: f["r"] not in (0, 1, 8))),
    ],
    "VSEL, VRINTA, VCVTA and the like, VMAXNM in an IT block": [
        P("t+i", "111111100 D vv nnnn dddd 101 z N 0 M 0 mmmm"),
        P("t+i", "111111101 D 1110oo dddd 101 z 01 M 0 mmmm"),
        P("t+i", "111111101 D 00 nnnn dddd 101 z N o M 0 mmmm"),
    ],
    "VLD1 to VLD4, VST1 to VST4 with the PC as base, or with registers beyond D31; VTBL, VTBX with a table beyond "
    "D31": [
        P("a", VMEM, n=15, o=7, a=0),
        P("a", VMEM, lambda f: f["n"] != 15 and (f["D"] << 4 | f["v"]) > 28, o=2, a=0),
        P("a", VMEM, lambda f: f["n"] != 15 and (f["D"] << 4 | f["v"]) > 28 and f["z"] < 3, o=0, a=0),
        P("a", "111100111 D 11 nnnn dddd 10 ll N x M 0 mmmm", lambda f: (f["N"] << 4 | f["n"]) + f["l"] + 1 > 32),
    ],
    "VSWP, VTRN, VUZP, VZIP with Vd = Vm": [
        P("a", "111100111 D 11 00 10 dddd 00 000 0 M 0 mmmm",
          m=lambda f: f["d"], M=lambda f: f["D"]),
        P("a", "111100111 D 11 0010 dddd 000 01 0 M 0 mmmm",
          m=lambda f: f["d"], M=lambda f: f["D"]),
    ],
    "Advanced SIMD in an IT block": [
        P("t+i", "111 U 11110 D zz nnnn dddd 0000 N 0 M 0 mmmm", lambda f: f["z"] < 3),
    ],
}


def document():
    """{case: choice}"""
    rows = {}
    with open(DOC, encoding="utf-8") as f:
        for line in f.read().split("## AArch32")[1].splitlines():
            cells = [c.strip() for c in line.strip("|").split("|")]
            if line.startswith("| ") and cells[0] != "Case":
                rows[cells[0]] = cells[1]
    return rows


def line_of(p, word):
    it = 0x08 if "+i" in p.set else 0x04 if "+m" in p.set else 0
    return f"{p.set[0]} {2 if '+2' in p.set else 0} {it:x} {word:x}\n"


def wrong(p, f, s, undefined):
    if undefined:
        return s.end != "undef" and f"is not UNDEFINED: {s.end}"
    if s.end == "undef":
        return "is UNDEFINED"
    return p.check and not p.check(f, s) and f"{s.end} pc={s.pc:x} cpsr={s.cpsr:x} r={' '.join(f'{x:x}' for x in s.r)}"


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--driver", required=True)
    ap.add_argument("--count", type=int, default=60)
    ap.add_argument("--case", default="", help="cases that hold this text")
    args = ap.parse_args()
    rows, bad, good, rnd = document(), 0, 0, random.Random(1)
    for case in sorted(set(rows) ^ set(CASES)):
        print(f"FAIL {'not tested' if case in rows else 'not in the document'}: {case}")
        bad += 1
    work = [(case, p, *p.make(rnd)) for case in CASES if case in rows and args.case in case
            for p in CASES[case] for _ in range(args.count)]
    out = subprocess.run([args.driver], input="".join(line_of(p, word) for _, p, _, word in work),
                         stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    assert len(out) == len(work)
    shown = set()
    for (case, p, f, word), line in zip(work, out):
        why = wrong(p, f, State(line), rows[case].startswith("UNDEFINED"))
        good, bad = good + (not why), bad + bool(why)
        if why and p not in shown:
            print(f"FAIL {case}: {p.set} {word:08x} ({p.bits}) {why}")
            shown.add(p)
    print(f"{good} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
