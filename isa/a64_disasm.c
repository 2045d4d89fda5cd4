/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prints A64 instructions from the templates of a64.decode.
 *
 * The generated header below has template_of(), which picks a row's template,
 * and formatters[], one fmt_<item>() for every kind of {item}.  A formatter
 * gets the value and the width of the field that the item names (0 and 0 if
 * none) and takes anything else from the decoded instruction.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "isa/a64.h"
#include "isa/a64_checks.h"
#include "isa/a64_disasm.h"
#include "isa/a64_names.h"

struct text {
	char *buf;
	size_t len, pos; /* pos counts on where buf is full */
	u64 pc;
};

typedef void (*fmt_fn)(struct text *t, const struct a64_insn *o, unsigned int v,
		       unsigned int width);

#include "isa/a64_disasm_gen.h"

/* Every formatter has these parameters, and few use all of them. */
#define FMT(name)                                                                                  \
	static void fmt_##name(struct text *t, const struct a64_insn *o __attribute__((unused)),   \
			       unsigned int v __attribute__((unused)),                             \
			       unsigned int width __attribute__((unused)))

static void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *format, ...)
{
	size_t room = t->pos < t->len ? t->len - t->pos : 0;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(room ? t->buf + t->pos : NULL, room, format, ap);
	va_end(ap);
	if (n > 0)
		t->pos += n;
}

static void put_text(struct text *t, const char *s, size_t n)
{
	put(t, "%.*s", (int)n, s);
}

/* General registers: number 31 is the zero register, or SP where @sp. */
static void put_reg(struct text *t, bool wide, unsigned int n, bool sp)
{
	if (n < 31)
		put(t, "%c%u", wide ? 'x' : 'w', n);
	else if (sp)
		put(t, "%s", wide ? "sp" : "wsp");
	else
		put(t, "%czr", wide ? 'x' : 'w');
}

FMT(x) { put_reg(t, true, v, false); }
FMT(w) { put_reg(t, false, v, false); }
FMT(r) { put_reg(t, o->sf, v, false); }
FMT(xs) { put_reg(t, true, v, true); }
FMT(rs) { put_reg(t, o->sf, v, true); }
FMT(rtb) { put_reg(t, o->b5, v, false); }
FMT(rQ) { put_reg(t, o->Q, v, false); }
FMT(rz) { put_reg(t, o->size == 3, v, false); }
FMT(rp) { put_reg(t, o->sz, v, false); }
FMT(rp1) { put_reg(t, o->sz, v + 1, false); }
FMT(ra) { put_reg(t, o->opc != 0, v, false); }
FMT(rt) { put_reg(t, o->opc >= 2 ? o->opc == 2 : o->size == 3, v, false); }
FMT(rimm5) { put_reg(t, (o->imm5 & 15) == 8, v, false); }

/* Scalars: the letter of an element of 1 << size bytes. */
static void put_scalar(struct text *t, unsigned int size, unsigned int n)
{
	put(t, "%c%u", "bhsdq"[size], n);
}

/* ftype and FCVT's opc: single, double, -, half. */
static unsigned int ftype_size(unsigned int ftype)
{
	return ftype == 3 ? 1 : 2 + ftype;
}

static unsigned int immh_size(const struct a64_insn *o)
{
	return o->immh ? 31 - __builtin_clz(o->immh) : 0;
}

static unsigned int imm5_size(const struct a64_insn *o)
{
	return __builtin_ctz(o->imm5 | 0x10);
}

FMT(s) { put_scalar(t, 2, v); }
FMT(d) { put_scalar(t, 3, v); }
FMT(q) { put_scalar(t, 4, v); }
FMT(e) { put_scalar(t, o->size, v); }
FMT(el) { put_scalar(t, o->size + 1, v); }
FMT(es) { put_scalar(t, immh_size(o), v); }
FMT(esl) { put_scalar(t, immh_size(o) + 1, v); }
FMT(g) { put_scalar(t, 2 + o->sz, v); }
FMT(f) { put_scalar(t, ftype_size(o->ftype), v); }
FMT(fopc) { put_scalar(t, ftype_size(o->opc), v); }
FMT(vopc) { put_scalar(t, 2 + o->opc, v); }
FMT(vt) { put_scalar(t, o->opc >= 2 ? 4 : o->size, v); }
FMT(eimm5) { put_scalar(t, imm5_size(o), v); }
FMT(v) { put(t, "v%u", v); }

/* Arrangements: elements of 1 << size bytes in 8 or 16 bytes. */
static void put_shape(struct text *t, unsigned int size, bool full)
{
	put(t, "%u%c", (full ? 16 : 8) >> size, "bhsdq"[size]);
}

FMT(T) { put_shape(t, o->size, o->Q); }
FMT(Tl) { put_shape(t, o->size + 1, true); }
FMT(Tp) { put_shape(t, o->size + 1, o->Q); }
FMT(Tf) { put_shape(t, 2 + o->sz, o->Q); }
FMT(Th) { put_shape(t, 1 + o->sz, o->Q); }
FMT(Thl) { put_shape(t, 2 + o->sz, true); }
FMT(Ts) { put_shape(t, immh_size(o), o->Q); }
FMT(Tsl) { put_shape(t, immh_size(o) + 1, true); }
FMT(Ti) { put_shape(t, imm5_size(o), o->Q); }
FMT(B) { put_shape(t, 0, o->Q); }

FMT(2)
{
	if (o->Q)
		put(t, "2");
}

/* Elements: the lowest set bit of imm5 is the size, above it is the index. */
FMT(elem)
{
	unsigned int size = imm5_size(o);

	put(t, "%c[%u]", "bhsd"[size & 3], o->imm5 >> (size + 1));
}

FMT(elem4)
{
	unsigned int size = imm5_size(o);

	put(t, "%c[%u]", "bhsd"[size & 3], o->imm4 >> size);
}

/* By-element operands: M is part of the index for halfwords, else of Rm. */
FMT(velt)
{
	if (o->size == 1)
		put(t, "v%u.h[%u]", o->Rm, o->H << 2 | o->L << 1 | o->M);
	else
		put(t, "v%u.s[%u]", o->M << 4 | o->Rm, o->H << 1 | o->L);
}

FMT(velt_fp)
{
	if (o->sz)
		put(t, "v%u.d[%u]", o->M << 4 | o->Rm, o->H);
	else
		put(t, "v%u.s[%u]", o->M << 4 | o->Rm, o->H << 1 | o->L);
}

/* Immediates. */
static void put_address(struct text *t, u64 address)
{
	put(t, "0x%" PRIx64, address);
}

FMT(i) { put(t, "#%u", v); }
FMT(h) { put(t, "#0x%x", v); }
FMT(simm) { put(t, "#%d", (int)arm_sext(v, width)); }
FMT(rel) { put_address(t, t->pc + arm_sext(v, width) * 4); }
FMT(esize) { put(t, "#%u", 8u << v); }
FMT(fbits) { put(t, "#%u", 64 - v); }
FMT(hint) { put(t, "#%u", o->CRm << 3 | o->op2); }
FMT(bitno) { put(t, "#%u", o->b5 << 5 | o->b40); }
FMT(lsh) { put(t, "#%u", (o->immh << 3 | o->immb) - (8u << immh_size(o))); }
FMT(rsh) { put(t, "#%u", (16u << immh_size(o)) - (o->immh << 3 | o->immb)); }
FMT(lsb) { put(t, "#%u", -o->immr & (o->sf ? 63u : 31u)); }
FMT(widthz) { put(t, "#%u", o->imms + 1u); }
FMT(widthx) { put(t, "#%u", o->imms - o->immr + 1u); }

FMT(adr)
{
	put_address(t, t->pc + arm_sext(o->immhi << 2 | o->immlo, 21));
}

FMT(adrp)
{
	put_address(t, (t->pc & ~0xfffULL) + arm_sext(o->immhi << 2 | o->immlo, 21) * 4096);
}

FMT(sh12)
{
	if (v)
		put(t, ", lsl #12");
}

FMT(hw)
{
	if (v)
		put(t, ", lsl #%u", v * 16);
}

static void put_move(struct text *t, const struct a64_insn *o, u64 value)
{
	if (o->sf)
		put(t, "#%" PRId64, (s64)value);
	else
		put(t, "#%" PRId32, (s32)value);
}

FMT(movz) { put_move(t, o, (u64)o->imm16 << (o->hw * 16)); }
FMT(movn) { put_move(t, o, ~((u64)o->imm16 << (o->hw * 16))); }

/* A run of ones, turned right by immr in an element that fills the register. */
FMT(bitmask)
{
	unsigned int size = 1u << (31 - __builtin_clz(o->N << 6 | (~o->imms & 0x3f)));
	unsigned int ones = (o->imms & (size - 1)) + 1, turn = o->immr & (size - 1);
	u64 mask = size == 64 ? ~0ULL : (1ULL << size) - 1;
	u64 value = (1ULL << ones) - 1;

	if (turn)
		value = (value >> turn | value << (size - turn)) & mask;
	while (size < 64) {
		value |= value << size;
		size *= 2;
	}
	put(t, "#0x%" PRIx64, o->sf ? value : value & 0xffffffff);
}

/* VFPExpandImm: sign, three bits of exponent, four of fraction. */
static void put_fpimm(struct text *t, unsigned int imm8)
{
	int exponent = (imm8 >> 4 & 7) ^ 4;
	double value = (16 + (imm8 & 15)) / 16.0 * (1 << exponent) / 8.0;

	put(t, "#%.8f", imm8 & 0x80 ? -value : value);
}

FMT(fpimm) { put_fpimm(t, v); }

/* Modified immediates (DDI 0487, AdvSIMDExpandImm). */
static unsigned int modified_imm8(const struct a64_insn *o)
{
	return o->a << 7 | o->b << 6 | o->c << 5 | o->d << 4 | o->e << 3 | o->f << 2 | o->g << 1 |
	       o->h;
}

FMT(Tmod)
{
	if (o->cmode == 15)
		put_shape(t, o->opf && o->op == A64_FMOV_V_LOGICAL ? 3 : 2, o->Q);
	else if (o->cmode == 14)
		put_shape(t, o->opf ? 3 : 0, o->Q);
	else
		put_shape(t, o->cmode >= 8 && o->cmode < 12 ? 1 : 2, o->Q);
}

FMT(modimm)
{
	unsigned int imm8 = modified_imm8(o), shift = (o->cmode >> 1 & 3) * 8, i;
	u64 value = 0;

	if (o->cmode == 15) {
		put_fpimm(t, imm8);
	} else if (o->cmode == 14 && o->opf) {
		for (i = 0; i < 8; i++)
			value |= imm8 >> i & 1 ? 0xffULL << (i * 8) : 0;
		put(t, "#0x%016" PRIx64, value);
	} else {
		put(t, "#%u", imm8);
		if (o->cmode >= 12 && o->cmode < 14)
			put(t, ", msl #%u", o->cmode & 1 ? 16 : 8);
		else if (shift && o->cmode < 12)
			put(t, ", lsl #%u", o->cmode >= 8 ? shift & 8 : shift);
	}
}

/* Conditions. */
FMT(cond) { put(t, "%s", a64_cond_name(v)); }
FMT(ncond) { put(t, "%s", a64_cond_name(v ^ 1)); }

/* Suffixes of mnemonics. */
FMT(bhwx) { put(t, "%c", "bhwx"[v & 3]); }

FMT(acq)
{
	if (v)
		put(t, "a");
}

FMT(rls)
{
	if (v)
		put(t, "l");
}

/* Shifted and extended registers. */
static const char *const shifts[] = { "lsl", "lsr", "asr", "ror" };
static const char *const extends[] = { "uxtb", "uxth", "uxtw", "uxtx",
				       "sxtb", "sxth", "sxtw", "sxtx" };

FMT(shift)
{
	if (o->shift || o->imm6)
		put(t, ", %s #%u", shifts[o->shift & 3], o->imm6);
}

/*
 * With SP as an operand, an extension that does nothing is called LSL, and
 * left out if it does not shift.  Of ADDS and SUBS only Rn can be SP.
 */
FMT(ext)
{
	unsigned int whole = o->sf ? 3 : 2;
	bool sp = o->Rn == 31 || (!o->S && o->Rd == 31);

	put_reg(t, o->sf && (o->option_name & 3) == 3, o->Rm, false);
	if (sp && o->option_name == whole) {
		if (o->imm3)
			put(t, ", lsl #%u", o->imm3);
		return;
	}
	put(t, ", %s", extends[o->option_name & 7]);
	if (o->imm3)
		put(t, " #%u", o->imm3);
}

/* Addresses. */
static void put_offset(struct text *t, s64 offset)
{
	if (offset)
		put(t, ", #%" PRId64, offset);
}

static s64 pair_offset(const struct a64_insn *o, unsigned int scale)
{
	return arm_sext(o->imm7, 7) * (1 << scale);
}

FMT(off7) { put_offset(t, pair_offset(o, 2 + (o->opc >> 1))); }
FMT(off7v) { put_offset(t, pair_offset(o, 2 + o->opc)); }
FMT(imm7) { put(t, "#%" PRId64, pair_offset(o, 2 + (o->opc >> 1))); }
FMT(imm7v) { put(t, "#%" PRId64, pair_offset(o, 2 + o->opc)); }
FMT(off9) { put_offset(t, arm_sext(v, 9)); }
FMT(off12) { put_offset(t, (s64)v << o->size); }
FMT(off12v) { put_offset(t, (s64)v << (o->opc >= 2 ? 4 : o->size)); }

static void put_index(struct text *t, const struct a64_insn *o, unsigned int scale)
{
	put_reg(t, o->option_name & 1, o->Rm, false);
	if (o->option_name != 3)
		put(t, ", %s", extends[o->option_name & 7]);
	else if (o->S)
		put(t, ", lsl");
	if (o->S)
		put(t, " #%u", scale);
}

FMT(memext) { put_index(t, o, o->size); }
FMT(memextv) { put_index(t, o, o->opc >= 2 ? 4 : o->size); }

FMT(prf)
{
	const char *name = a64_prefetch_name(v);

	if (name)
		put(t, "%s", name);
	else
		put(t, "#%u", v);
}

/* Lists of vector registers; the number wraps from 31 to 0. */
static void put_list(struct text *t, unsigned int first, unsigned int count, unsigned int size,
		     bool full)
{
	unsigned int i;

	put(t, "{ ");
	for (i = 0; i < count; i++) {
		put(t, "%sv%u.", i ? ", " : "", (first + i) & 31);
		put_shape(t, size, full);
	}
	put(t, " }");
}

static unsigned int mult_count(const struct a64_insn *o)
{
	static const u8 count[16] = { 4, 0, 4, 0, 3, 0, 3, 1, 2, 0, 2 };

	return count[o->opcode & 15];
}

static unsigned int single_count(const struct a64_insn *o)
{
	return (o->opcode & 1) * 2 + o->R + 1;
}

/* The size of the element of LD1 and so on (see a64_single_ok()). */
static unsigned int single_size(const struct a64_insn *o)
{
	unsigned int size = o->opcode >> 1;

	return size == 2 && (o->size & 1) ? 3 : size;
}

static void put_post(struct text *t, const struct a64_insn *o, unsigned int bytes)
{
	if (o->Rm == 31)
		put(t, "#%u", bytes);
	else
		put_reg(t, true, o->Rm, false);
}

FMT(vtable) { put_list(t, v, o->len + 1, 0, true); }
FMT(vmult) { put_list(t, o->Rt, mult_count(o), o->size, o->Q); }
FMT(vrep) { put_list(t, o->Rt, single_count(o), o->size, o->Q); }
FMT(postmult) { put_post(t, o, mult_count(o) * (o->Q ? 16 : 8)); }
FMT(postrep) { put_post(t, o, single_count(o) << o->size); }
FMT(postsngl) { put_post(t, o, single_count(o) << single_size(o)); }

FMT(vsngl)
{
	unsigned int size = single_size(o), i;

	put(t, "{ ");
	for (i = 0; i < single_count(o); i++)
		put(t, "%sv%u.%c", i ? ", " : "", (o->Rt + i) & 31, "bhsd"[size & 3]);
	put(t, " }[%u]", (o->Q << 3 | o->S << 2 | o->size) >> size);
}

/* System instructions. */
FMT(barrier)
{
	const char *name = a64_barrier_name(v);

	if (name)
		put(t, "%s", name);
	else
		put(t, "#%u", v);
}

FMT(sysreg)
{
	unsigned int op0 = 2 + o->o0;
	const char *name = a64_sysreg_name(op0, o->op1, o->CRn, o->CRm, o->op2);

	if (name)
		put(t, "%s", name);
	else
		put(t, "S%u_%u_C%u_C%u_%u", op0, o->op1, o->CRn, o->CRm, o->op2);
}

FMT(pstate)
{
	const char *name = a64_pstate_name(o->op1, o->op2);

	put(t, "%s", name ? name : "?");
}

FMT(sysargs) { put(t, "#%u, c%u, c%u, #%u", o->op1, o->CRn, o->CRm, o->op2); }

/* An operation without operand has its name only with Rt = 31, as it should be. */
FMT(sysop)
{
	bool takes_xt = true;
	const char *name = a64_sysop_name(o->op1, o->CRn, o->CRm, o->op2, &takes_xt);

	if (name && (takes_xt || o->Rt == 31)) {
		size_t verb = strcspn(name, " ");

		put_text(t, name, verb);
		put(t, "\t%s", name + verb + (name[verb] == ' '));
		if (!takes_xt)
			return;
	} else {
		put(t, "sys\t");
		fmt_sysargs(t, o, 0, 0);
		if (o->Rt == 31)
			return;
	}
	put(t, ", ");
	put_reg(t, true, o->Rt, false);
}

static void print_template(struct text *t, const struct a64_insn *o, const char *s)
{
	const char *end;

	for (; *s; s = end) {
		unsigned int lsb, width;

		for (end = s; *end && !(*end & 0x80); end++)
			;
		if (end != s) {
			put_text(t, s, end - s);
			continue;
		}
		lsb = s[1] - 1;
		width = s[2] - 1;
		end = s + 3;
		formatters[s[0] & 0x7f](t, o, o->word >> lsb & ((1ULL << width) - 1), width);
	}
}

int a64_disasm(u32 word, u64 pc, u64 features, char *buf, size_t len)
{
	struct text t = { buf, len, 0, pc };
	struct a64_insn insn;

	if (len)
		buf[0] = '\0';
	if (a64_decode(word, features, &insn) == A64_UNDEFINED)
		put(&t, ".inst\t0x%08" PRIx32, word);
	else
		print_template(&t, &insn, template_of(&insn));
	return t.pos;
}
