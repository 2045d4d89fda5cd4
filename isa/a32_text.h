/* SPDX-License-Identifier: GPL-2.0-only */
/* What the formatters of the AArch32 disassembler share; no interface for others. */
#ifndef ISA_A32_TEXT_H
#define ISA_A32_TEXT_H

#include <stddef.h>

#include "isa/a32.h"

struct a32_text {
	char *buf;
	size_t len, pos;	/* pos counts on where buf is full */
	u32 pc;			/* of the instruction */
	u64 features;
	unsigned int it_cond;	/* condition given by the IT block, or 14 */
};

/*
 * A formatter, a32_fmt_<item>(): prints an {item} of a template.  @v is the
 * value of the member that the item names, 0 if none; the rest is in @o.
 * They are in a32_disasm.c, a32_disasm_vfp.c and a32_disasm_neon.c.
 */
typedef void (*a32_fmt_fn)(struct a32_text *t, const struct a32_insn *o, u32 v);

#define A32_FMT_HEAD(name)                                                                         \
	void a32_fmt_##name(struct a32_text *t __attribute__((unused)),                            \
			    const struct a32_insn *o __attribute__((unused)),                      \
			    u32 v __attribute__((unused)))
/* Its head; declared too, as the table of formatters declares them for itself alone. */
#define A32_FMT(name)                                                                              \
	A32_FMT_HEAD(name);                                                                        \
	A32_FMT_HEAD(name)

void a32_put(struct a32_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* r0..r12, sp, lr, pc. */
const char *a32_reg_name(unsigned int n);

/* ", #v" with the sign of @add; nothing for + 0. */
void a32_put_offset(struct a32_text *t, bool add, u32 v);

/* Common to all files: the register {r MEMBER}, {imm MEMBER} as #decimal, the condition {c}. */
A32_FMT(r);
A32_FMT(imm);
A32_FMT(c);

#endif
