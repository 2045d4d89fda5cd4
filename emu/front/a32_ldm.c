// SPDX-License-Identifier: GPL-2.0-only
/*
 * LDM and STM in all forms, SRS and RFE.  Every access is of words, aligned
 * whatever SCTLR.A says (DDI 0406C A3.2.1).
 */
#include "arm/psr.h"
#include "emu/front/a32.h"

#define WORD (2 | IR_MO_ALIGN)

/* The words that an instruction accesses, lowest address first. */
struct multi {
	ir_ref base;
	s64 disp;		/* of the first word */
	unsigned int n;
	ir_ref v[16];
};

/* IA, IB, DA, DB. */
static struct multi multi_of(const struct a32_insn *i, ir_ref base, unsigned int n)
{
	struct multi m = { .base = base, .n = n, .disp = i->add ? 0 : -4 * (s64)n };

	if (i->index == i->add)
		m.disp += 4;
	return m;
}

static ir_ref stepped(struct front *f, const struct a32_insn *i, ir_ref base, unsigned int n)
{
	return ir_op(f->b, i->add ? IR_ADD : IR_SUB, 32, base, ir_const(f->b, 4 * n), IR_NONE);
}

/* Pairs become one operation where there is no condition. */
static bool paired(const struct front *f, const struct multi *m, unsigned int k)
{
	return k + 1 < m->n && !a32_conditional(f) && !(f->b->mode & IR_MODE_E);
}

static void load_words(struct front *f, struct multi *m, const ir_ref *old)
{
	struct ir_insn second;

	for (unsigned int k = 0; k < m->n; k++) {
		if (!paired(f, m, k)) {
			m->v[k] = a32_ld(f, 32, WORD, m->base, m->disp + 4 * k, old ? old[k] : IR_NONE);
			continue;
		}
		m->v[k] = ir_mem(f->b, IR_LDP, 32, WORD, m->disp + 4 * k, m->base, IR_NONE, IR_NONE);
		second = f->b->insns[m->v[k]];
		second.op = IR_LDP2;
		second.arg[0] = m->v[k];
		m->v[++k] = ir_emit(f->b, &second);
	}
}

static void store_words(struct front *f, const struct multi *m)
{
	for (unsigned int k = 0; k < m->n; k++) {
		if (!paired(f, m, k)) {
			a32_st(f, WORD, m->base, m->disp + 4 * k, m->v[k]);
			continue;
		}
		ir_mem(f->b, IR_STP, 32, WORD, m->disp + 4 * k, m->base, m->v[k], m->v[k + 1]);
		k++;
	}
}

/* The registers of the list into v[], as mode @mode has them. */
static void get_list(struct front *f, const struct a32_insn *i, u32 mode, ir_ref *v)
{
	for (unsigned int r = 0; r < 16; r++)
		if (i->reglist >> r & 1)
			*v++ = r == 15 ? a32_get(f, 15) : a32_get_banked(f, mode, r);
}

static void set_list(struct front *f, const struct a32_insn *i, u32 mode, const ir_ref *v)
{
	for (unsigned int r = 0; r < 15; r++)
		if (i->reglist >> r & 1)
			a32_set_banked(f, mode, r, *v++);
}

static bool bad_list(const struct a32_insn *i)
{
	return !i->reglist || i->Rn == 15;
}

/* With more words than this the whole instruction is jumped over, not each access: then pairs are one. */
#define MOST_PREDICATED 1

bool tr32_ldm(struct front *f, const struct a32_insn *i)
{
	unsigned int n = (unsigned int)__builtin_popcount(i->reglist);
	bool pc = i->load && (i->reglist & 0x8000);
	struct multi m;

	/* T32 has no such list of one. */
	if (a32_thumb(f) && f->next - f->pc == 4 && n < 2)
		return false;
	if (bad_list(i))
		return false;
	if (pc || n > MOST_PREDICATED)
		a32_unless_skip(f);
	m = multi_of(i, a32_get(f, i->Rn), n);
	if (i->load) {
		load_words(f, &m, NULL);
	} else {
		get_list(f, i, a32_mode(f), m.v);
		store_words(f, &m);
	}
	if (i->wback)
		a32_set(f, i->Rn, stepped(f, i, m.base, n));
	if (i->load)
		set_list(f, i, a32_mode(f), m.v);
	if (pc)
		a32_bx(f, m.v[n - 1], i->Rn == 13 ? IR_JUMP_RET : IR_JUMP_BR);
	return true;
}

/* What is UNPREDICTABLE in User and System mode, which have no SPSR and no other User registers. */
static bool no_spsr(const struct front *f)
{
	return !a32_privileged(f) || a32_mode(f) == PSR32_M_SYS;
}

bool tr32_ldm_user(struct front *f, const struct a32_insn *i)
{
	unsigned int n = (unsigned int)__builtin_popcount(i->reglist);
	struct multi m;

	if (bad_list(i) || i->wback || no_spsr(f) || a32_mode(f) == PSR32_M_HYP || (i->load && (i->reglist & 0x8000)))
		return false;
	a32_unless_skip(f);
	m = multi_of(i, a32_get(f, i->Rn), n);
	if (i->load) {
		load_words(f, &m, NULL);
		set_list(f, i, PSR32_M_USR, m.v);
	} else {
		get_list(f, i, PSR32_M_USR, m.v);
		store_words(f, &m);
	}
	return true;
}

bool tr32_ldm_eret(struct front *f, const struct a32_insn *i)
{
	unsigned int n = (unsigned int)__builtin_popcount(i->reglist);
	struct multi m;

	if (bad_list(i) || no_spsr(f) || a32_mode(f) == PSR32_M_HYP || !(i->reglist & 0x8000))
		return false;
	a32_unless_skip(f);
	m = multi_of(i, a32_get(f, i->Rn), n);
	load_words(f, &m, NULL);
	if (i->wback)
		a32_set(f, i->Rn, stepped(f, i, m.base, n));
	set_list(f, i, a32_mode(f), m.v);
	a32_trap(f, IR_HELPER_eret32, m.v[n - 1], IR_NONE, IR_NONE);
	return true;
}

bool tr32_rfe(struct front *f, const struct a32_insn *i)
{
	struct multi m;

	if (i->Rn == 15 || !a32_privileged(f) || a32_mode(f) == PSR32_M_HYP)
		return false;
	a32_unless_skip(f);
	m = multi_of(i, a32_get(f, i->Rn), 2);
	load_words(f, &m, NULL);
	if (i->wback)
		a32_set(f, i->Rn, stepped(f, i, m.base, 2));
	a32_trap(f, IR_HELPER_rfe32, m.v[0], m.v[1], IR_NONE);
	return true;
}

/* The modes whose SP SRS can use. */
static bool srs_mode_ok(u32 mode)
{
	static const u32 modes = 1u << (PSR32_M_USR & 15) | 1u << (PSR32_M_FIQ & 15) | 1u << (PSR32_M_IRQ & 15) |
				 1u << (PSR32_M_SVC & 15) | 1u << (PSR32_M_ABT & 15) | 1u << (PSR32_M_UND & 15) |
				 1u << (PSR32_M_SYS & 15);

	return mode >> 4 == 1 && (modes >> (mode & 15) & 1);
}

bool tr32_srs(struct front *f, const struct a32_insn *i)
{
	struct multi m;
	ir_ref spsr;

	if (no_spsr(f) || a32_mode(f) == PSR32_M_HYP || !srs_mode_ok(i->mode))
		return false;
	a32_unless_skip(f);
	spsr = a32_call(f, IR_HELPER_spsr_read, IR_NONE, IR_NONE, IR_NONE);
	m = multi_of(i, a32_get_banked(f, i->mode, 13), 2);
	m.v[0] = a32_get(f, 14);
	m.v[1] = spsr;
	store_words(f, &m);
	if (i->wback)
		a32_set_banked(f, i->mode, 13, stepped(f, i, m.base, 2));
	return true;
}
