// SPDX-License-Identifier: GPL-2.0-only
/* A block as text, for logs and for people. */
#include <inttypes.h>

#include "emu/ir/ir_int.h"
#include "isa/a32.h"
#include "isa/a32_disasm.h"
#include "isa/a64_disasm.h"

static const char *const cond_names[16] = {
	"eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc",
	"hi", "ls", "ge", "lt", "gt", "le", "al", "nv",
};
static const char *const shape_names[] = { "s", "d", "q", "?" };

static void dump_arg(const struct ir_block *b, ir_ref r, FILE *out)
{
	u64 v;

	if (ir_is_const(b, r, &v))
		fprintf(out, v < 4096 ? "#%" PRIu64 : "#0x%" PRIx64, v);
	else
		fprintf(out, "%%%u", r);
}

static void dump_reg(const struct ir_insn *t, FILE *out)
{
	if (t->op == IR_GETF || t->op == IR_SETF)
		fputs(" nzcv", out);
	else if (t->imm >= IR_REG_V0)
		fprintf(out, " v%u", (unsigned int)t->imm - IR_REG_V0);
	else if (t->imm == IR_REG_SP)
		fputs(" sp", out);
	else
		fprintf(out, " x%u", (unsigned int)t->imm);
}

/* .32 for integers, .4q and the like for vectors (element of 16 bits in 128). */
static void dump_type(const struct ir_insn *t, FILE *out)
{
	const struct ir_op_info *info = &ir_ops[t->op];

	if (info->flags & IR_F_MEM)
		fprintf(out, ".%u%s", 8u << (t->mop & IR_MO_SIZE), t->mop & IR_MO_SIGN ? "s" : "");
	if (t->op >= IR_VCONST)
		fprintf(out, ".%u%s", 8u << (t->es & 7), shape_names[t->q & 3]);
	if (ir_is_arith(t->op) || (t->op >= IR_FL_ADD && t->op <= IR_FL_SEL))
		fprintf(out, ".%u", t->w);
}

static bool has_cond(unsigned int op)
{
	return op == IR_CSEL || op == IR_XCOND || op == IR_FL_CCMN || op == IR_FL_CCMP ||
	       op == IR_FL_SEL;
}

static void dump_attrs(const struct ir_insn *t, FILE *out)
{
	if (ir_ops[t->op].flags & IR_F_MEM) {
		fprintf(out, " %+" PRId64, (s64)t->imm);
		if (t->mop & ~(IR_MO_SIZE | IR_MO_SIGN))
			fprintf(out, " mop=0x%x", t->mop);
		if (t->op == IR_ATOMIC)
			fprintf(out, " kind=%u", t->aux);
		return;
	}
	if (has_cond(t->op))
		fprintf(out, " %s", cond_names[t->aux & 15]);
	else if (t->aux)
		fprintf(out, " aux=%u", t->aux);
	if (t->op == IR_CALL && t->imm < IR_HELPER_COUNT)
		fprintf(out, " %s", ir_helper_names[t->imm]);
	else if (t->imm)
		fprintf(out, " 0x%" PRIx64, t->imm);
}

static void dump_insn(const struct ir_block *b, unsigned int i, FILE *out)
{
	const struct ir_insn *t = &b->insns[i];
	const struct ir_op_info *info = &ir_ops[t->op];

	if (info->res[0])
		fprintf(out, "    %%%-3u = ", i);
	else
		fputs("           ", out);
	fputs(info->name, out);
	dump_type(t, out);
	switch (t->op) {
	case IR_GETX: case IR_SETX: case IR_GETV: case IR_SETV: case IR_GETF: case IR_SETF:
		dump_reg(t, out);
		break;
	default:
		dump_attrs(t, out);
	}
	for (unsigned int a = 0; a < info->nargs; a++) {
		fputs(a ? ", " : " ", out);
		if (t->arg[a])
			dump_arg(b, t->arg[a], out);
		else
			fputc('-', out);
	}
	if (b->optimised && info->res[0])
		fprintf(out, "  ; %u", t->uses);
	fputc('\n', out);
}

void ir_insn_text(const struct ir_block *b, const struct ir_insn *t, u64 pc, char *text, size_t len)
{
	unsigned int it = IR_INSN_IT(t->imm);
	u64 features = b->features;

	if (!(b->mode & IR_MODE_A32)) {
		a64_disasm(IR_INSN_WORD(t->imm), pc, features, text, len);
		return;
	}
	if (pc & 1)
		features |= A32_THUMB | (it ? A32_IN_IT : 0);
	a32_disasm(IR_INSN_WORD(t->imm), (u32)pc & ~1u, features, it ? it >> 4 : 14, text, len);
}

void ir_dump(const struct ir_block *b, FILE *out)
{
	char text[128];
	u64 pc;

	fprintf(out, "block 0x%" PRIx64 " mode 0x%x: %u instructions, %u operations\n",
		b->pc, b->mode, b->guest_insns, b->n);
	for (unsigned int i = 0; i < b->n; i++) {
		const struct ir_insn *t = &b->insns[i];

		if (t->op >= IR_OP_COUNT) {
			fprintf(out, "    ?? operation %u\n", t->op);
		} else if (t->op == IR_INSN) {
			pc = b->pc + IR_INSN_OFF(t->imm);
			ir_insn_text(b, t, pc, text, sizeof(text));
			fprintf(out, "  0x%" PRIx64 ": %08x  %s\n", pc, IR_INSN_WORD(t->imm), text);
		} else if (t->op != IR_CONST) {
			dump_insn(b, i, out);
		}
	}
}
