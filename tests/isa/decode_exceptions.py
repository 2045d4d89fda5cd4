# SPDX-License-Identifier: GPL-2.0-only
"""Where llvm-mc 14, objdump 2.40 and isa/a64.decode differ, and why ours is right.

Every entry is (fixed bits, their values, condition on the word or None, reason).
What is said of DDI 0487 was written without the manual at hand: check before citing.
"""

# States of a64_rows.tsv that have a row in a64.decode.
WANTED_STATES = ("base", "hint", "opt:CRC32", "opt:AES", "opt:SHA1", "opt:SHA256", "opt:LSE",
                 "opt:RDM")

# Rows of later features in the hint space: without the feature they are NOPs.
COVERED_BY = {name: {"HINT"} for name in
              ("autia", "autib", "bti", "chkfeat", "gcsb", "pacia", "pacib", "xpac")}


def bits(word, hi, lo):
    return word >> lo & ((1 << (hi - lo + 1)) - 1)


def should_be_ones(word):
    """Rs of loads and of ordered accesses, and Rt2 of all that take one register."""
    ordered, load, pair = bits(word, 23, 23), bits(word, 22, 22), bits(word, 21, 21)
    rs_unused = ordered or load
    return ((rs_unused and bits(word, 20, 16) != 31) or
            (not pair and bits(word, 14, 10) != 31))


def ldpsw_overlap(word):
    rt, rn, rt2 = bits(word, 4, 0), bits(word, 9, 5), bits(word, 14, 10)
    writeback = bits(word, 23, 23)
    return rt == rt2 or (writeback and rn in (rt, rt2))


# llvm-mc accepts the word, we do not.
LLVM_MORE = [
    (0xffd80000, 0xd5000000, None,
     "op0 = 0 is the space of hints, barriers and MSR (immediate), and what is unallocated "
     "there is UNDEFINED (C4.1, system instructions); llvm prints it as MSR of S0_..."),
    (0x3f000000, 0x08000000, should_be_ones,
     "(1) bits that are 0 are CONSTRAINED UNPREDICTABLE (C2.1, K1), UNDEFINED is one of the "
     "permitted behaviours; both other disassemblers ignore these bits"),
    (0xff608000, 0x9b400000, lambda w: bits(w, 14, 10) != 31,
     "the (1) bits of SMULH and UMULH, as above"),
]

# We accept the word, llvm-mc does not.
LLVM_LESS = []

# We accept the word, objdump does not.
OBJDUMP_LESS = [
    (0xfe400000, 0x68400000, ldpsw_overlap,
     "LDPSW that loads a register twice or its base is CONSTRAINED UNPREDICTABLE, not UNDEFINED"),
]

# The text is neither that of llvm-mc nor that of objdump.
TEXT = [
    (0xffffffff, 0xd50322df, None,
     "CLRBHB is its name in the manual; objdump 2.40 has the earlier CLEARBHB, llvm 14 none"),
    (0xfffff0ff, 0xd500407f, lambda w: bits(w, 11, 8) > 1,
     "MSR UAO: bit 0 of the operand counts (C6.2); the others only print 0 and 1"),
    (0xfffff0ff, 0xd500409f, lambda w: bits(w, 11, 8) > 1, "MSR PAN, as above"),
    (0xffd8f000, 0xd518f000, None,
     "op0 = 3, CRn = 15 is IMPLEMENTATION DEFINED: our names are those of the modelled cores"),
]

# Where another spelling is right if llvm-mc assembles it to the same word:
# MSR, MRS, SYS and SYSL, where the generic name is as good as one that our
# tables do not have (trace registers, later architecture versions).
REASSEMBLE = [(0xffc00000, 0xd5000000)]


def listed(table, word):
    return any((word & mask) == value and (cond is None or cond(word))
               for mask, value, cond, _ in table)


def may_reassemble(word):
    return any((word & mask) == value for mask, value in REASSEMBLE)
