# SPDX-License-Identifier: GPL-2.0-only
"""Where llvm-mc 14, objdump 2.40 and the AArch32 .decode files differ, and why ours is right.

Every entry is (T for T32 or A for A32, fixed bits, their values, condition on
the word or None, reason).
"""
import re

# States of a32_rows.tsv that have a row in the .decode files.
WANTED_STATES = ("base", "hint", "v8", "opt:CRC32", "opt:AES", "opt:SHA1", "opt:SHA256", "opt:RDM")

# Rows of the model that are part of a more general one here, as it means the same.
COVERED_BY = {
    ("A32", "ADD_SP_i_A1"): {"ADD_I_A1"}, ("A32", "ADD_SP_r_A1"): {"ADD_R_A1"},
    ("A32", "SUB_SP_i_A1"): {"SUB_I_A1"}, ("A32", "SUB_SP_r_A1"): {"SUB_R_A1"},
    ("A32", "LDC_l_A1"): {"LDC_I_A1"}, ("T32", "LDC_l_T1"): {"LDC_I_A1"},
    ("A32", "LDRB_l_A1"): {"LDRB_I_A1"}, ("A32", "LDRD_l_A1"): {"LDRD_I_A1"},
    ("A32", "LDRH_l_A1"): {"LDRH_I_A1"}, ("A32", "LDR_l_A1"): {"LDR_I_A1"},
    ("A32", "LDRSB_l_A1"): {"LDRSB_I_A1"}, ("A32", "LDRSH_l_A1"): {"LDRSH_I_A1"},
    ("A32", "PLD_l_A1"): {"PLD_I_A1"},
    ("A32", "SDIV_A1"): {"SDIV_A1"}, ("A32", "UDIV_A1"): {"UDIV_A1"},
    ("T32", "SDIV_T1"): {"SDIV_T1"}, ("T32", "UDIV_T1"): {"UDIV_T1"},
    ("T32", "ADD_SP_i_T3"): {"ADD_I_T3"}, ("T32", "ADD_SP_i_T4"): {"ADD_I_T4"},
    ("T32", "SUB_SP_i_T2"): {"SUB_I_T3"}, ("T32", "SUB_SP_i_T3"): {"SUB_I_T4"},
    ("T32", "ADD_SP_r_T3"): {"ADD_R_T3"}, ("T32", "SUB_SP_r_T1"): {"SUB_R_T2"},
    ("T16", "ADD_SP_r_T1"): {"ADD_R_T2"}, ("T16", "ADD_SP_r_T2"): {"ADD_R_T2"},
    ("T32", "LDRD_l_T1"): {"LDRD_I_T1"}, ("T32", "LSL_r_T2"): {"MOV_RR_T2"},
    ("T16", "MOV_r_T2"): {"LSL_I_T1"}, ("T16", "MOV_rr_T1"): {"LSL_R_T1"},
    ("A32", "SSBB_A1"): {"DSB_A1"}, ("A32", "PSSBB_A1"): {"DSB_A1"},
    ("T32", "SSBB_T1"): {"DSB_T1"}, ("T32", "PSSBB_T1"): {"DSB_T1"},
    ("A32", "SEVL_A1"): {"HINT_A1"}, ("T32", "SEVL_T2"): {"HINT_T2"}, ("T16", "SEVL_T1"): {"HINT_T1"},
}
for hint in ("NOP", "YIELD", "WFE", "WFI", "SEV", "ESB", "TSB", "CSDB", "CLRBHB"):
    COVERED_BY["A32", hint + "_A1"] = {"HINT_A1"}
    COVERED_BY["T16", hint + "_T1"] = {"HINT_T1"}
    COVERED_BY["T32", hint + "_T1"] = COVERED_BY["T32", hint + "_T2"] = {"HINT_T2"}


# Rows of ARMv8 whose fixed bits other instructions share.
ARMV7_TOO = {
    "VRINTA_asimd_A1": {"VCVT_N_F16_F32", "VCVT_N_F32_F16"},
    "VRINTA_asimd_T1": {"VCVT_N_F16_F32", "VCVT_N_F32_F16"},
}


def bits(word, hi, lo):
    return word >> lo & ((1 << (hi - lo + 1)) - 1)


# UNPREDICTABLE in the manual, and UNDEFINED here (docs/unpredictable.md), without that llvm-mc
# calls it potentially undefined: patterns of its text.
LDREX = r"(?:ld|st)(?:rex|a?l?ex|a|l)[bdh]?"
C = r"(?:eq|ne|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?"
UNPREDICTABLE = [(re.compile(p), why) for p, why in (
    (r"^(?!ldr|str|mov|mrc|tst|teq|cmp|cmn|ldm|stm|pop|push|b|rfe|cps|pld|pli|stc|ldc)\S+ (?:\w+,)?pc\b",
     "the PC as destination of what is not a simple data processing instruction"),
    (r"^(?:tst|teq|cmp|cmn|mov|and|eor|sub|rsb|add|adc|sbc|rsc|orr|bic|mvn|bf)\w* pc,", "likewise"),
    (r"^[su]m(?:u|la|aa|ls)l\w* (\w+),\1,", "multiplications with both halves of the result in one register"),
    (r"^st\w*ex\w* (\w+),(?:.*,)?\[?\1\b", "STREX with the status in a register it uses"),
    (r"^blx" + C + " pc$", "BLX PC"), (r"^bxj" + C + " pc$", "BXJ PC"),
    (r"^cps", "CPS that changes nothing, or that has a mode it does not use"),
    (r"^" + LDREX + C + r" .*\bpc\b", "the PC in exclusive and ordered accesses"),
    (r"^(?:ldaexd|ldrexd)" + C + r" (\w+),\1,", "LDREXD to one register"),
    (r"^ldr(?:b|h|sb|sh|d)" + C + " (?:\\w+,)?pc,", "loads of less or more than a word to the PC"),
    (r"^(?:ld|st)r\w*t" + C + " (?:pc,|\\w+,\\[pc)", "unprivileged accesses with the PC"),
    (r"^(?:ld|st)\w+ .*\[pc.*\]!|^(?:ld|st)\w+ .*\[pc\],", "writeback to the PC"),
    (r"^(?:ld|st|pl)\w+ .*\[\w+\]?,-?pc\b", "the PC as index"),
    (r"^(?:ld|st)m\w* pc\b", "the PC as base of LDM and STM"),
    (r"^(?:ld|st)m\w* \w+!,.*\^$(?<!pc}\^)", "writeback with user mode registers"),
    (r"^rfe\w* pc", "RFE with the PC as base"),
    (r"^ms?rs" + C + r" pc|^msr" + C + r" \S+,pc", "MRS and MSR with the PC"),
    (r"^msr" + C + r" spsr,", "MSR that writes nothing"),
    (r"^mcrr?2?" + C + r" .*,pc,|^mrrc2?" + C + r" .*,pc,", "MCR, MCRR, MRRC with the PC"),
    (r"^mrrc" + C + r" p\d+,\d+,(\w+),\1,", "MRRC of one register"),
    (r"^(?:cdp2?|mcrr?2?|mrr?c2?|ldc2?l?|stc2?l?)" + C + r" p(?:\d|1[0-3]),",
     "coprocessors that no modelled CPU has"),
    (r"^(?:cdp2?|ldc2l?|stc2l?|mcrr?2|mrr?c2)" + C + r" p1[45],|^(?:ld|st)cl?" + C + " p15,",
     "what coprocessors 14 and 15 do not have"),
    (r"^it\w+ al", "IT AL of more than one instruction, if one of them is to be E"),
    (r"^pl[di].*\bpc\b", "PLDW of a literal, PLD and PLDW with the PC as index"),
    (r"^str\w* (?:\w+,)?pc,|^str?[cd] .*\[pc", "T32 stores of the PC, or relative to it"),
    (r"^v(?:ld|st)\d.*\[pc", "element and structure loads and stores relative to the PC"),
    (r"^v(?:ld|st|tb)\w*\.\d+.*(?:fpinst|mvfr|fpscr)", "lists that go beyond D31; llvm prints nonsense"),
    (r"^vcvt\w*\.\S+ .*,42949672\d\d$", "VCVT with a negative number of fraction bits"),
    (r"^vmov\S* .*\bpc\b|^vmov\S* (\w+),\1,[ds]", "VMOV with the PC, or to the same register twice"),
    (r"^vm[rs]\w* .*fpinst", "FPINST and FPINST2 are of VFP subarchitectures that no modelled CPU has"),
)]

# Reserved hints of the space of PLD, which the model does not list: DDI 0406C A5.7.1 and A6.3.8
# ("unallocated memory hint").  Both disassemblers have them as undefined, or as a load.
MEMHINT = [
    ("A", 0xff70f000, 0xf410f000, None, "unallocated memory hint"),
    ("A", 0xff70f010, 0xf610f000, None, "unallocated memory hint"),
    ("T", 0xff70f000, 0xf930f000, None, "unallocated memory hint"),
]

# llvm-mc accepts the word and does not call it potentially undefined, we do not.
LLVM_MORE = [
    ("A", 0x0fa00070, 0x07a00050, lambda w: bits(w, 11, 7) + bits(w, 20, 16) > 31,
     "UNPREDICTABLE: SBFX and UBFX of more bits than there are"),
    ("T", 0xff708020, 0xf3400000, lambda w: (bits(w, 14, 12) << 2 | bits(w, 7, 6)) + bits(w, 4, 0) > 31,
     "SBFX and UBFX, likewise"),
    ("T", 0xffe0f0c0, 0xfaa0f080, lambda w: bits(w, 19, 16) != bits(w, 3, 0),
     "UNPREDICTABLE: CLZ with two different copies of the operand"),
    ("T", 0xfff0f0c0, 0xfa90f080, lambda w: bits(w, 19, 16) != bits(w, 3, 0),
     "REV, REV16, RBIT, REVSH, likewise"),
]
for which, top in (("A", 0x0c000000), ("T", 0xec000000)):
    LLVM_MORE.append((which, top | 0x02000f00, top | 0x00000e00,
                      lambda w: bits(w, 15, 12) != 5 or bits(w, 22, 22),
                      "LDC and STC of coprocessor 14 but for c5 are UNDEFINED"))
LLVM_MORE.append(("A", 0xfe500000, 0xf8100000, lambda w: bits(w, 15, 0) != 0x0a00,
                  "not RFE, whose low bits are 0a00; llvm ignores them and prints nonsense"))

# We accept the word, llvm-mc does not.
LLVM_LESS = MEMHINT + [
    ("T", 0xfe400000, 0xe8000000, lambda w: not bits(w, 20, 20) and w & 0xa000,
     "STM with SP or PC in the list is UNPREDICTABLE; it is done as in A32"),
    ("A", 0x0e000f01, 0x0c000b01, None, "FLDMX and FSTMX beyond D15 are UNPREDICTABLE; we have 32 registers"),
    ("T", 0xee000f01, 0xec000b01, None, "likewise"),
]

# We accept the word, objdump does not.
OBJDUMP_LESS = MEMHINT + []

# The text is neither that of llvm-mc nor that of objdump.
TEXT = MEMHINT + [
    ("A", 0xffb00f10, 0xf2200110, None, "VMOV is what the manual prefers for VORR of a register and itself"),
    ("T", 0xffb00f10, 0xef200110, None, "likewise"),
    ("T", 0xffffffff, 0x0000defe, None, "LLVM's name for the UDF that it uses as a trap"),
    ("A", 0xffffffff, 0xe7ffdefe, None, "likewise"),
    ("T", 0xffffffcd, 0xf3af800d, None, "names of the M profile for hints"),
    ("A", 0x0fffffff, 0x0320f005, None, "without ARMv8, HINT 5 is printed as the NOP that it is"),
    ("T", 0xffffffff, 0xf3af8005, None, "likewise"), ("T", 0xffffffff, 0x0000bf50, None, "likewise"),
]

# In an IT block the text is not that of llvm-mc (objdump is not asked).
IT_TEXT = MEMHINT + [
    ("T", 0xffffffff, 0x0000defe, None, "LLVM's name for the UDF that it uses as a trap"),
    ("T", 0xffffffc0, 0x00000000, None, "MOVS with LSL's encoding is UNPREDICTABLE in an IT block; here "
     "it does not set the flags, like LSL"),
]

# Applied to all three texts.
SPELLING = [
    (re.compile(r"^(ldm|stm)ia"), r"\1"),
    (re.compile(r"^stmdb(\w*) sp!,"), r"push\1 "), (re.compile(r"^ldm(\w*) sp!,(?!.*\^$)"), r"pop\1 "),
    (re.compile(r"^(push|pop)(\w*) ?\{"), r"\1\2 {"),
    (re.compile(r"\[pc,#?0\]"), "[pc]"),
]


def wraps(text):
    """Lists of D registers go on with D0 after D31 in llvm-mc; this is UNPREDICTABLE."""
    m = re.search(r"^v\w+.*\{(.*)\}", text)
    numbers = [int(n) for n in re.findall(r"\bd(\d+)", m[1])] if m else []
    return numbers != sorted(numbers)


def unpredictable(text):
    return wraps(text) or any(pattern.search(text) for pattern, _ in UNPREDICTABLE)


def listed(table, thumb, word):
    return any(which == ("T" if thumb else "A") and (word & mask) == value and
               (cond is None or cond(word)) for which, mask, value, cond, _ in table)
