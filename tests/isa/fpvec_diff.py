#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compare emu/fp with another AArch64, instruction by instruction.

Every vector, floating-point and crypto operation of the IR is matched with an
A64 instruction of the same meaning.  The instructions run on chosen and random
operands in a static AArch64 program (under qemu-aarch64-static, or natively
with --runner ''), the operations in fpvec_host, and results and FPSR are
compared.

    fpvec_diff.py [--build DIR] [--cases N] [--seed S] [--only REGEX] [--runner CMD]

Exit status: 0 all equal, 1 differences, 77 a tool is missing.
"""
import argparse
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

SCALAR, D, Q = "IR_SCALAR", "IR_D", "IR_Q"
LETTER = "bhsd"

# ---- rows: an instruction, and the IR operations that are the same ----

rows = []


class Row:
    """One instruction.  flavour: what operands it gets, by register."""

    def __init__(self, text, steps, kind="v", flavour=None, fp=False, ahp=False):
        self.text, self.steps, self.kind = text, steps, kind
        self.flavour, self.fp, self.ahp = flavour or {}, fp, ahp


def step(op, es=0, q=Q, imm=0, w=64, args="n"):
    return (op, es, q, imm, w, args)


def arrangement(es, q):
    return "%d%s" % ((8 if q == D else 16) >> es, LETTER[es])


def reg(n, es, q):
    return "%s%d" % (LETTER[es], n) if q == SCALAR else "v%d.%s" % (n, arrangement(es, q))


V_ALL = [(e, q) for e in range(4) for q in (D, Q) if (e, q) != (3, D)]
V_BHS = [(e, q) for e, q in V_ALL if e < 3]
V_HS = [(1, D), (1, Q), (2, D), (2, Q)]
S_ALL = [(e, SCALAR) for e in range(4)]
S_HS = [(1, SCALAR), (2, SCALAR)]
S_D = [(3, SCALAR)]
V_B = [(0, D), (0, Q)]
FV = [(2, D), (2, Q), (3, Q)]
FS = [(2, SCALAR), (3, SCALAR)]


def lanes(op, mnemonic, shapes, sources="nm", args=None, imm=0, tail="", fp=False, kinds="i"):
    """One op per shape; sources: the registers after the destination."""
    for es, q in shapes:
        regs = [reg(0, es, q)] + [reg(1 if s == "n" else 2, es, q) for s in sources]
        flavour = {s: (kinds[min(i, len(kinds) - 1)], es) for i, s in enumerate(args or sources)}
        rows.append(Row(mnemonic + " " + ", ".join(regs) + tail,
                        [step(op, es, q, imm, args=args or sources)], flavour=flavour, fp=fp))


def floats(op, mnemonic, shapes, sources="nm", args=None, imm=0, tail=""):
    lanes(op, mnemonic, shapes, sources, args, imm, tail, fp=True, kinds="f")


def one(text, op, es=0, q=Q, imm=0, w=64, args="n", kind="v", fl=None, fp=False, ahp=False):
    rows.append(Row(text, [step(op, es, q, imm, w, args)], kind, fl, fp, ahp))


def rows_move():
    for es, q in V_ALL:
        count = 16 >> es
        for lane in sorted({0, 1, count - 1}):
            one("dup %s, v1.%s[%d]" % (reg(0, es, q), LETTER[es], lane), "VDUP", es, q, lane)
        one("dup %s, %s1" % (reg(0, es, q), "x" if es == 3 else "w"), "VSPLAT", es, q, args="x")
    for es in range(4):
        for lane in sorted({0, 1, (16 >> es) - 1}):
            x = "x" if es == 3 else "w"
            one("mov %s0, v1.%s[%d]" % (LETTER[es], LETTER[es], lane), "VDUP", es, SCALAR, lane)
            one("mov v0.%s[%d], %s1" % (LETTER[es], lane, x), "VINS", es, Q, lane, args="dx")
            one("umov %s0, v1.%s[%d]" % (x, LETTER[es], lane), "VGETU", es, Q, lane, kind="x")
            for w, x in ((32, "w"), (64, "x")):
                if es < (2 if w == 32 else 3):
                    one("smov %s0, v1.%s[%d]" % (x, LETTER[es], lane), "VGETS", es, Q, lane, w, kind="x")
            other = (16 >> es) - 1 - lane // 2
            one("mov v0.%s[%d], v1.%s[%d]" % (LETTER[es], lane, LETTER[es], other),
                "VINSV", es, Q, lane | other << 4, args="dn")
    for es in (2, 3):
        one("fmov %s0, %s1" % (LETTER[es], "wx"[es - 2]), "VSPLAT", es, SCALAR, args="x")
        one("fmov %s0, %s1" % (LETTER[es], LETTER[es]), "VLOW", es, SCALAR)
    one("mov v0.8b, v1.8b", "VLOW", 0, D)
    one("mov v0.16b, v1.16b", "VLOW", 0, Q)
    one("mov d0, v1.d[1]", "VHIGH")
    one("mov v0.d[1], v1.d[0]", "VCAT", args="dn")
    one("movi v0.2d, #0xff00ffffff0000ff", "VCONST", 0, Q, 0xff00ffffff0000ff, args="")
    one("movi d0, #0xff00ffffff0000ff", "VCONST", 0, D, 0xff00ffffff0000ff, args="")
    for q in (D, Q):
        for i in range(8 if q == D else 16):
            one("ext %s, %s, %s, #%d" % (reg(0, 0, q), reg(1, 0, q), reg(2, 0, q), i),
                "VEXT", 0, q, i, args="nm")
        t = reg(0, 0, q)
        index = {"d": ("t", 0), "m": ("t", 0)}
        one("tbx %s, {v1.16b}, %s" % (t, reg(2, 0, q)), "VTBX", 0, q, 0, args="dnm", fl=index)
        rows.append(Row("tbl %s, {v1.16b, v2.16b}, %s" % (t, t),
                        [step("VTBX", 0, q, 0, args="znd"), step("VTBX", 0, q, 16, args="tmd")], flavour=index))
    for name in ("ZIP1", "ZIP2", "UZP1", "UZP2", "TRN1", "TRN2"):
        lanes("V" + name, name.lower(), V_ALL)
    lanes("VREV16", "rev16", V_B, "n")
    lanes("VREV32", "rev32", [s for s in V_ALL if s[0] < 2], "n")
    lanes("VREV64", "rev64", V_BHS, "n")


def rows_int():
    for op, name in (("VAND", "and"), ("VOR", "orr"), ("VXOR", "eor"), ("VANDN", "bic"), ("VORN", "orn")):
        lanes(op, name, V_B)
    lanes("VNOT", "not", V_B, "n")
    lanes("VBSL", "bsl", V_B, args="dnm")
    for op in ("ADD", "SUB"):
        lanes("V" + op, op.lower(), V_ALL + S_D)
    for op in ("CMEQ", "CMGT", "CMGE", "CMHI", "CMHS", "CMTST"):
        lanes("V" + op, op.lower(), V_ALL + S_D)
    for op in ("NEG", "ABS"):
        lanes("V" + op, op.lower(), V_ALL + S_D, "n")
    lanes("VMUL", "mul", V_BHS)
    lanes("VMLA", "mla", V_BHS, args="dnm")
    lanes("VMLS", "mls", V_BHS, args="dnm")
    lanes("VPMUL", "pmul", V_B)
    for op in ("SMAX", "SMIN", "UMAX", "UMIN", "SABD", "UABD", "SHADD", "UHADD", "SHSUB", "UHSUB",
               "SRHADD", "URHADD", "SMAXP", "SMINP", "UMAXP", "UMINP"):
        lanes("V" + op, op.lower(), V_BHS)
    lanes("VADDP", "addp", V_ALL)
    one("addp d0, v1.2d", "VADDP", 3, SCALAR)
    lanes("VCLS", "cls", V_BHS, "n")
    lanes("VCLZ", "clz", V_BHS, "n")
    lanes("VCNT", "cnt", V_B, "n")
    lanes("VRBIT", "rbit", V_B, "n")
    lanes("VURECPE", "urecpe", V_HS[2:], "n")
    lanes("VURSQRTE", "ursqrte", V_HS[2:], "n")
    for op in ("SSHL", "USHL", "SRSHL", "URSHL"):
        lanes("V" + op, op.lower(), V_ALL + S_D, kinds="is")
    for op in ("SQSHL", "UQSHL", "SQRSHL", "UQRSHL"):
        lanes("V" + op, op.lower(), V_ALL + S_ALL, kinds="is")
    for op in ("SQADD", "UQADD", "SQSUB", "UQSUB"):
        lanes("V" + op, op.lower(), V_ALL + S_ALL)
    lanes("VSUQADD", "suqadd", V_ALL + S_ALL, "n", args="dn")
    lanes("VUSQADD", "usqadd", V_ALL + S_ALL, "n", args="dn")
    lanes("VSQABS", "sqabs", V_ALL + S_ALL, "n")
    lanes("VSQNEG", "sqneg", V_ALL + S_ALL, "n")
    lanes("VSQDMULH", "sqdmulh", V_HS + S_HS)
    lanes("VSQRDMULH", "sqrdmulh", V_HS + S_HS)
    lanes("VSQRDMLAH", "sqrdmlah", V_HS + S_HS, args="dnm")
    lanes("VSQRDMLSH", "sqrdmlsh", V_HS + S_HS, args="dnm")


def rows_shift_imm():
    for es, q in V_ALL + S_D:
        size = 8 << es
        for imm in sorted({0, 1, size // 2 - 1, size - 1}):
            lanes("VSHLI", "shl", [(es, q)], "n", imm=imm, tail=", #%d" % imm)
            lanes("VSLI", "sli", [(es, q)], "n", args="dn", imm=imm, tail=", #%d" % imm)
        for imm in sorted({1, 2, size // 2, size - 1, size}):
            for op, name, args in (("VSHRI", "ushr", "n"), ("VSARI", "sshr", "n"), ("VURSHRI", "urshr", "n"),
                                   ("VSRSHRI", "srshr", "n"), ("VSRI", "sri", "dn")):
                lanes(op, name, [(es, q)], "n", args=args, imm=imm, tail=", #%d" % imm)
    for es, q in V_ALL + S_ALL:
        for imm in sorted({0, 1, (8 << es) - 1}):
            lanes("VSQSHLUI", "sqshlu", [(es, q)], "n", imm=imm, tail=", #%d" % imm)


def rows_resize():
    for es in range(3):
        narrow, wide = "v%d." + arrangement(es, D), "v%d." + arrangement(es + 1, Q)
        fl, flw = {"n": ("i", es), "m": ("i", es)}, {"n": ("i", es + 1)}
        for op, name in (("VSXTL", "sxtl"), ("VUXTL", "uxtl")):
            one("%s %s, %s" % (name, wide % 0, narrow % 1), op, es, D, fl=fl)
        ops = [("VSMULL", "smull"), ("VUMULL", "umull")] + ([("VSQDMULL", "sqdmull")] if es else [])
        for op, name in ops + ([("VPMULL", "pmull")] if es == 0 else []):
            one("%s %s, %s, %s" % (name, wide % 0, narrow % 1, narrow % 2), op, es, D, args="nm", fl=fl)
        if es:
            one("sqdmull %s0, %s1, %s2" % (LETTER[es + 1], LETTER[es], LETTER[es]), "VSQDMULL", es, SCALAR,
                args="nm", fl=fl)
        for op, name in (("VXTN", "xtn"), ("VSQXTN", "sqxtn"), ("VUQXTN", "uqxtn"), ("VSQXTUN", "sqxtun")):
            one("%s %s, %s" % (name, narrow % 0, wide % 1), op, es, D, fl=flw)
            if op != "VXTN":
                one("%s %s0, %s1" % (name, LETTER[es], LETTER[es + 1]), op, es, SCALAR, fl=flw)
    one("pmull v0.1q, v1.1d, v2.1d", "VPMULL", 3, D, args="nm")
    for es, q in V_BHS:
        fl, to = {"n": ("i", es)}, "v0.%d%s" % ((8 if q == D else 16) >> (es + 1), LETTER[es + 1])
        one("saddlp %s, %s" % (to, reg(1, es, q)), "VSADDLP", es, q, fl=fl)
        one("uaddlp %s, %s" % (to, reg(1, es, q)), "VUADDLP", es, q, fl=fl)
        if (es, q) == (2, D):
            continue
        for op, name, up in (("VADDV", "addv", 0), ("VSADDLV", "saddlv", 1), ("VUADDLV", "uaddlv", 1),
                             ("VSMAXV", "smaxv", 0), ("VSMINV", "sminv", 0), ("VUMAXV", "umaxv", 0),
                             ("VUMINV", "uminv", 0)):
            one("%s %s0, %s" % (name, LETTER[es + up], reg(1, es, q)), op, es, q, fl=fl)


def rows_fp():
    for op in ("FADD", "FSUB", "FMUL", "FDIV", "FMAX", "FMIN", "FMAXNM", "FMINNM"):
        floats("V" + op, op.lower(), FV + FS)
    for op in ("FMULX", "FABD", "FRECPS", "FRSQRTS", "FCMEQ", "FCMGE", "FCMGT", "FACGE", "FACGT"):
        floats("V" + op, op.lower(), FV + FS)
    floats("VFNMUL", "fnmul", FS)
    floats("VFMLA", "fmla", FV, args="dnm")
    floats("VFMLS", "fmls", FV, args="dnm")
    for es, letter in ((2, "s"), (3, "d")):
        fl = {r: ("f", es) for r in "dnm"}
        r = ", ".join(letter + c for c in "0120")
        one("fmadd " + r, "VFMLA", es, SCALAR, args="dnm", fl=fl, fp=True)
        one("fmsub " + r, "VFMLS", es, SCALAR, args="dnm", fl=fl, fp=True)
        rows.append(Row("fnmadd " + r, [step("VFNEG", es, SCALAR, args="d"), step("VFMLS", es, SCALAR, args="tnm")],
                        flavour=fl, fp=True))
        rows.append(Row("fnmsub " + r, [step("VFNEG", es, SCALAR, args="d"), step("VFMLA", es, SCALAR, args="tnm")],
                        flavour=fl, fp=True))
        for imm, name in ((0, "fcmp"), (1, "fcmpe")):
            one("%s %s1, %s2" % (name, letter, letter), "FCMP", es, SCALAR, imm, args="nm", kind="f",
                fl=fl, fp=True)
        floats("VFRECPX", "frecpx", [(es, SCALAR)], "n")
        for op in ("FADDP", "FMAXP", "FMINP", "FMAXNMP", "FMINNMP"):
            one("%s %s0, v1.2%s" % (op.lower(), letter, letter), "V" + op, es, SCALAR, fl=fl, fp=True)
    for op in ("FADDP", "FMAXP", "FMINP", "FMAXNMP", "FMINNMP"):
        floats("V" + op, op.lower(), FV)
    for op in ("FMAXV", "FMINV", "FMAXNMV", "FMINNMV"):
        one("%s s0, v1.4s" % op.lower(), "V" + op, 2, Q, fl={"n": ("f", 2)}, fp=True)
    for op in ("FSQRT", "FABS", "FNEG"):
        floats("V" + op, op.lower(), FV + FS, "n")
    for op in ("FRECPE", "FRSQRTE"):
        floats("V" + op, op.lower(), FV + FS, "n")
    for name, mode in (("n", 0), ("p", 1), ("m", 2), ("z", 3), ("a", 4), ("i", 5), ("x", 5 | 8)):
        floats("VFRINT", "frint" + name, FV + FS, "n", imm=mode)


def rows_convert():
    def cvt(mode, fbits, uns):
        return mode | fbits << 8 | uns << 16

    for a in (1, 2, 3):
        for b in (1, 2, 3):
            if a != b:
                one("fcvt %s0, %s1" % (LETTER[b], LETTER[a]), "VFCVT", a, SCALAR, b,
                    fl={"n": ("f", a)}, fp=True, ahp=True)
    for es in (1, 2):
        narrow, wide = arrangement(es, D), arrangement(es + 1, Q)
        one("fcvtl v0.%s, v1.%s" % (wide, narrow), "VFCVTL", es, D, fl={"n": ("f", es)}, fp=True, ahp=True)
        one("fcvtn v0.%s, v1.%s" % (narrow, wide), "VFCVTN", es, D, fl={"n": ("f", es + 1)}, fp=True, ahp=True)
    one("fcvtxn v0.2s, v1.2d", "VFCVTXN", 2, D, fl={"n": ("f", 3)}, fp=True)
    one("fcvtxn s0, d1", "VFCVTXN", 2, SCALAR, fl={"n": ("f", 3)}, fp=True)
    for uns, sign in ((0, "s"), (1, "u")):
        for name, mode in (("n", 0), ("p", 1), ("m", 2), ("z", 3), ("a", 4)):
            floats("VFTOI", "fcvt" + name + sign, FV + FS, "n", imm=cvt(mode, 0, uns))
            for es in (2, 3):
                for w, x in ((32, "w"), (64, "x")):
                    one("fcvt%s%s %s0, %s1" % (name, sign, x, LETTER[es]), "FTOI", es, SCALAR,
                        cvt(mode, 0, uns), w, kind="x", fl={"n": ("f", es)}, fp=True)
        lanes("VITOF", sign + "cvtf", FV + FS, "n", imm=cvt(0, 0, uns), fp=True)
        for es, q in FV + FS:
            for fbits in (1, 8 << es, 4 << es):
                lanes("VFTOI", "fcvtz" + sign, [(es, q)], "n", imm=cvt(3, fbits, uns),
                      tail=", #%d" % fbits, fp=True, kinds="f")
                lanes("VITOF", sign + "cvtf", [(es, q)], "n", imm=cvt(0, fbits, uns), tail=", #%d" % fbits, fp=True)
        for es in (2, 3):
            for w, x in ((32, "w"), (64, "x")):
                for fbits in (0, 1, w // 2, w):
                    tail = ", #%d" % fbits if fbits else ""
                    one("%scvtf %s0, %s1%s" % (sign, LETTER[es], x, tail), "ITOF", es, SCALAR, cvt(0, fbits, uns),
                        w, args="x", fp=True)
                    if fbits:
                        one("fcvtz%s %s0, %s1%s" % (sign, x, LETTER[es], tail), "FTOI", es, SCALAR,
                            cvt(3, fbits, uns), w, kind="x", fl={"n": ("f", es)}, fp=True)


def rows_crypto():
    one("aese v0.16b, v1.16b", "AESE", args="dn")
    one("aesd v0.16b, v1.16b", "AESD", args="dn")
    one("aesmc v0.16b, v1.16b", "AESMC")
    one("aesimc v0.16b, v1.16b", "AESIMC")
    for op in ("SHA1C", "SHA1P", "SHA1M"):
        one(op.lower() + " q0, s1, v2.4s", op, args="dnm")
    one("sha1h s0, s1", "SHA1H")
    one("sha1su0 v0.4s, v1.4s, v2.4s", "SHA1SU0", args="dnm")
    one("sha1su1 v0.4s, v1.4s", "SHA1SU1", args="dn")
    one("sha256h q0, q1, v2.4s", "SHA256H", args="dnm")
    one("sha256h2 q0, q1, v2.4s", "SHA256H2", args="dnm")
    one("sha256su0 v0.4s, v1.4s", "SHA256SU0", args="dn")
    one("sha256su1 v0.4s, v1.4s, v2.4s", "SHA256SU1", args="dnm")
    for size, letter in enumerate("bhwx"):
        x = "x" if letter == "x" else "w"
        one("crc32%s w0, w1, %s2" % (letter, x), "CRC32", imm=size, args="xy", kind="x")
        one("crc32c%s w0, w1, %s2" % (letter, x), "CRC32C", imm=size, args="xy", kind="x")


def check_complete():
    with open(os.path.join(ROOT, "emu/fp/vec_ops.def")) as f:
        ops = set(re.findall(r"^X\((\w+)\)", f.read(), re.M))
    missing = ops - {s[0] for r in rows for s in r.steps}
    if missing:
        sys.exit("no instruction for: " + " ".join(sorted(missing)))


# ---- operands ----

FRAC = {1: 10, 2: 23, 3: 52}
rng = random.Random()


def float_special(es):
    frac, size = FRAC[es], 8 << es
    top = (1 << (size - 1)) - (1 << frac)       # infinity
    bias = (1 << (size - 2 - frac)) - 1
    one_ = bias << frac
    v = rng.choice([
        0, 1, 2, (1 << frac) - 1, 1 << frac, (1 << frac) + 1, 1 << (frac - 1), 1 << (frac - 2),
        (1 << (frac - 2)) - 1, one_, one_ - 1, one_ + 1, one_ + (1 << (frac - 1)), one_ - (1 << frac),
        one_ + (1 << frac), top - 1, top - (1 << frac), top, top, top + 1, top | 1 << (frac - 1),
        top | 1 << (frac - 1) | rng.getrandbits(frac - 1), top | rng.getrandbits(frac - 1) | 1,
        (bias + 31) << frac, ((bias + 31) << frac) - 1, ((bias + 63) << frac) % top, (bias + 32) % (2 * bias) << frac])
    return v | rng.getrandbits(1) << (size - 1)


def float_class(es):
    """One of each class, so that every combination of three comes up."""
    frac, size = FRAC[es], 8 << es
    top = (1 << (size - 1)) - (1 << frac)
    bias = (1 << (size - 2 - frac)) - 1
    v = rng.choice([0, 1 + rng.getrandbits(frac - 1), bias << frac, top, top + 1 + rng.getrandbits(frac - 2),
                    top | 1 << (frac - 1) | rng.getrandbits(frac - 1)])
    return v | rng.getrandbits(1) << (size - 1)


def float_near(es, window):
    """A number whose exponent is one of a few, so that operands meet."""
    frac, size = FRAC[es], 8 << es
    mask = (1 << (size - 1 - frac)) - 1
    exp = (window + rng.randrange(-2, 3)) & mask
    bits = rng.choice([rng.getrandbits(frac), rng.getrandbits(frac), (1 << frac) - 1, 0,
                       rng.getrandbits(8) << (frac - 8), 1 << rng.randrange(frac)])
    return rng.getrandbits(1) << (size - 1) | exp << frac | bits


def float_window(es):
    frac, size = FRAC[es], 8 << es
    bias = (1 << (size - 2 - frac)) - 1
    return rng.choice([bias, bias, bias // 2, bias + bias // 2, 1, 2 * bias, bias + frac // 2, bias + 30,
                       bias + 62, bias - frac, rng.randrange(2 * bias)])


def int_value(es):
    size = 8 << es
    pick = rng.random()
    if pick < .35:
        return rng.choice([0, 1, 2, 3, -1, -2, 1 << (size - 1), (1 << (size - 1)) - 1, (1 << (size - 1)) + 1,
                           1 << (size // 2), (1 << (size // 2)) - 1, 1 << rng.randrange(size)])
    if pick < .5:
        return rng.getrandbits(size) >> rng.randrange(size)
    return rng.getrandbits(size)


CLASSES = -1    # instead of a window: float_class() only


def lane_value(kind, es, window):
    if kind == "f":
        if window == CLASSES:
            return float_class(es)
        pick = rng.random()
        return (float_special(es) if pick < .4 else float_near(es, window) if pick < .85
                else rng.getrandbits(8 << es))
    if kind == "s":     # shift counts: the low byte matters, the rest is noise
        count = rng.choice([0, 1, -1, rng.randrange(-(8 << es) - 3, (8 << es) + 3), rng.randrange(-128, 128)])
        return rng.getrandbits(8 << es) & ~0xff | count & 0xff
    if kind == "t":     # table indices
        return rng.choice([rng.randrange(20), rng.randrange(40), rng.getrandbits(8)])
    return int_value(es)


def register(kind, es, window):
    v = 0
    for i in range(16 >> es):
        v |= (lane_value(kind, es, window) & ((1 << (8 << es)) - 1)) << (i * (8 << es))
    return struct.pack("<QQ", v & (1 << 64) - 1, v >> 64)


def fpcr_value(row):
    if not row.fp:
        return 0
    v = rng.randrange(4) << 22
    if rng.random() < .4:
        v |= rng.randrange(4) << 24
    if row.ahp and rng.random() < .4:
        v |= 1 << 26
    return v


def write_operands(path, cases, selected):
    with open(path, "wb") as f:
        for index, row in selected:
            for _ in range(cases if row.fp or row.flavour else max(cases // 8, 8)):
                regs, window, classes = {}, {}, rng.random() < .25
                for r in "dnm":
                    kind, es = row.flavour.get(r, ("i", rng.randrange(4)))
                    if kind == "f" and (es not in window or rng.random() < .2):
                        window[es] = CLASSES if classes else float_window(es)
                    regs[r] = register(kind, es, window.get(es))
                if rng.random() < .05:
                    regs["m"] = regs["n"]
                f.write(regs["d"] + regs["n"] + regs["m"] +
                        struct.pack("<QII", int_value(3) & (1 << 64) - 1, fpcr_value(row), index))


# ---- programs ----

RUN = """
	.arch armv8.2-a+crypto+crc+rdma
	.text
	.globl run
run:	stp x29, x30, [sp, #-32]!
	stp x19, x20, [sp, #16]
	mov x19, x1
	mov x9, x2
	mov x20, x0
	ldp q0, q1, [x20]
	ldr q2, [x20, #32]
	ldr x1, [x20, #48]
	fmov x2, d2
	ldr w10, [x20, #56]
	msr fpcr, x10
	msr fpsr, xzr
	msr nzcv, xzr
	mov x0, #0
	blr x9
	mrs x3, fpsr
	mrs x4, nzcv
	msr fpcr, xzr
	str q0, [x19]
	str x0, [x19, #16]
	str w3, [x19, #24]
	str w4, [x19, #28]
	ldp x19, x20, [sp, #16]
	ldp x29, x30, [sp], #32
	ret
"""


def write_sources(build):
    with open(os.path.join(build, "fpvec_guest_insns.S"), "w") as f:
        f.write(RUN)
        for i, row in enumerate(rows):
            f.write("insn%d:\t%s\n\tret\n" % (i, row.text))
        f.write("\t.section .rodata\n\t.balign 8\n\t.globl insns, insn_count\ninsns:\n")
        for i in range(len(rows)):
            f.write("\t.quad insn%d\n" % i)
        f.write("insn_count:\t.quad %d\n" % len(rows))
    with open(os.path.join(build, "fpvec_rows.inc"), "w") as f:
        for row in rows:
            steps = ", ".join("{ IR_%s, %d, %s, %d, %#xull, \"%s\" }" % (op, es, q, w, imm, args)
                              for op, es, q, imm, w, args in row.steps)
            f.write("{ \"%s\", '%s', { %s } },\n" % (row.text, row.kind, steps))


def build_programs(build):
    sources = [os.path.join(ROOT, "emu/fp", n) for n in sorted(os.listdir(os.path.join(ROOT, "emu/fp")))
               if n.endswith(".c")]
    subprocess.run([os.environ.get("CC", "cc"), "-std=gnu17", "-O2", "-Wall", "-Wextra", "-I", ROOT, "-I", build,
                    "-o", os.path.join(build, "fpvec_host"), os.path.join(HERE, "fpvec_host.c")] +
                   os.environ.get("CFLAGS", "").split() + sources, check=True)
    subprocess.run(["aarch64-linux-gnu-gcc", "-O2", "-static", "-o", os.path.join(build, "fpvec_guest"),
                    os.path.join(HERE, "fpvec_guest.c"), os.path.join(build, "fpvec_guest_insns.S")], check=True)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--build", help="keep the programs and files there")
    ap.add_argument("--cases", type=int, default=300)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--only", default="")
    ap.add_argument("--runner", default="qemu-aarch64-static")
    args = ap.parse_args()
    for tool in ["aarch64-linux-gnu-gcc"] + args.runner.split()[:1]:
        if not shutil.which(tool):
            print("missing:", tool)
            return 77
    for make in (rows_move, rows_int, rows_shift_imm, rows_resize, rows_fp, rows_convert, rows_crypto):
        make()
    check_complete()
    if args.only:
        rows[:] = [r for r in rows if re.search(args.only, r.text)]
    rng.seed(args.seed)
    with tempfile.TemporaryDirectory() as tmp:
        build = args.build or tmp
        os.makedirs(build, exist_ok=True)
        write_sources(build)
        build_programs(build)
        operands, results = os.path.join(build, "operands"), os.path.join(build, "results")
        write_operands(operands, args.cases, list(enumerate(rows)))
        subprocess.run(args.runner.split() + [os.path.join(build, "fpvec_guest"), operands, results], check=True)
        return subprocess.run([os.path.join(build, "fpvec_host"), operands, results]).returncode


if __name__ == "__main__":
    sys.exit(main())
