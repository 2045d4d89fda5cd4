/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prints A32 and T32 instructions from the templates of the .decode files.
 *
 * The generated header below has template_of(), which picks a row's template,
 * and formatters[], one a32_fmt_<item>() for every kind of {item}: those of the
 * core instructions are here, the others in a32_disasm_vfp.c and _neon.c.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "isa/a32_checks.h"
#include "isa/a32_disasm.h"
#include "isa/a32_names.h"
#include "isa/a32_text.h"

#include "isa/a32_disasm_gen.h"

void a32_put(struct a32_text *t, const char *format, ...)
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

const char *a32_reg_name(unsigned int n)
{
	static const char names[16][4] = {
		"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "sp", "lr", "pc",
	};

	return names[n & 15];
}

void a32_put_offset(struct a32_text *t, bool add, u32 v)
{
	if (v || !add)
		a32_put(t, ", #%s%u", add ? "" : "-", v);
}

static const char *shift_name(unsigned int stype)
{
	static const char names[8][4] = { "lsl", "lsr", "asr", "ror", "rrx" };

	return names[stype & 7];
}

/* ", lsl #n"; nothing if Rm is not shifted. */
static void put_shift(struct a32_text *t, const struct a32_insn *o)
{
	if (o->stype == A32_RRX)
		a32_put(t, ", rrx");
	else if (o->samount)
		a32_put(t, ", %s #%u", shift_name(o->stype), o->samount);
}

A32_FMT(r) { a32_put(t, "%s", a32_reg_name(v)); }
A32_FMT(rapsr) { a32_put(t, "%s", v == 15 ? "apsr_nzcv" : a32_reg_name(v)); }
A32_FMT(imm) { a32_put(t, "#%u", v); }
A32_FMT(opimm) { a32_put(t, "#%u", v); }
A32_FMT(num) { a32_put(t, "%u", v); }
A32_FMT(cond) { a32_put(t, "%s", a32_cond_name(v)); }
A32_FMT(shift) { put_shift(t, o); }
A32_FMT(shname) { a32_put(t, "%s", shift_name(o->stype)); }
A32_FMT(bt) { a32_put(t, "%c", v ? 't' : 'b'); }
A32_FMT(bhw) { a32_put(t, "%c", "bhw?"[v & 3]); }

A32_FMT(c)
{
	unsigned int cond = o->cond == 14 ? t->it_cond : o->cond;

	if (cond < 14)
		a32_put(t, "%s", a32_cond_name(cond));
}

/* A letter or a sign that is there or not. */
static void put_if(struct a32_text *t, bool on, const char *s)
{
	if (on)
		a32_put(t, "%s", s);
}

A32_FMT(sf) { put_if(t, o->S, "s"); }
A32_FMT(w) { put_if(t, o->wback, "!"); }
A32_FMT(xs) { put_if(t, v, "x"); }
A32_FMT(rnd) { put_if(t, v, "r"); }

/* An A32 immediate that has a shorter rotation too is printed as byte and rotation. */
A32_FMT(mimm)
{
	unsigned int byte = o->word & 0xff, rot = o->word >> 7 & 30, r;
	u32 value = a32_expand(o->word & 0xfff);

	for (r = 0; r < rot; r += 2)
		if (!(a32_rotr(value, (32 - r) & 31) & ~0xffu))
			break;
	if (r == rot)
		a32_put(t, "#%u", value);
	else
		a32_put(t, "#%u, #%u", byte, rot);
}

A32_FMT(ror)
{
	if (o->rotate)
		a32_put(t, ", ror #%u", o->rotate);
}

/* What the instruction reads as PC. */
static u32 read_pc(const struct a32_text *t)
{
	return t->pc + (t->features & A32_THUMB ? 4 : 8);
}

A32_FMT(rel) { a32_put(t, "0x%" PRIx32, read_pc(t) + v); }
A32_FMT(relx) { a32_put(t, "0x%" PRIx32, (read_pc(t) & ~3u) + v); }
A32_FMT(adr) { a32_put(t, "0x%" PRIx32, (read_pc(t) & ~3u) + o->imm32); }

A32_FMT(ldst)
{
	static const char sizes[4][2] = { "b", "h", "", "d" };

	a32_put(t, "%s%s%s%s", o->load ? "ldr" : "str", o->sign ? "s" : "", sizes[o->size & 3],
		o->unpriv ? "t" : "");
}

A32_FMT(pld) { a32_put(t, "%s", o->pli ? "pli" : o->pldw ? "pldw" : "pld"); }

/* Of PLD, which have no index: it is 0 there, but they are not post-indexed. */
static bool is_pld(const struct a32_insn *o)
{
	return o->cls == A32_CLASS_pld_imm || o->cls == A32_CLASS_pld_reg;
}

A32_FMT(mem)
{
	bool index = is_pld(o) || o->index, wback = !is_pld(o) && o->wback;

	a32_put(t, "[%s", a32_reg_name(o->Rn));
	if (!index)
		a32_put(t, "], #%s%u", o->add ? "" : "-", o->imm32);
	else if (wback)
		a32_put(t, ", #%s%u]!", o->add ? "" : "-", o->imm32);
	else {
		a32_put_offset(t, o->add, o->imm32);
		a32_put(t, "]");
	}
}

A32_FMT(memr)
{
	bool index = is_pld(o) || o->index, wback = !is_pld(o) && o->wback;

	a32_put(t, "[%s%s, %s%s", a32_reg_name(o->Rn), index ? "" : "]", o->add ? "" : "-",
		a32_reg_name(o->Rm));
	if (o->cls != A32_CLASS_ldrd_reg)
		put_shift(t, o);
	if (index)
		a32_put(t, "]%s", wback ? "!" : "");
}

/* LDC and STC also have an unindexed form with a number for the coprocessor. */
A32_FMT(memc)
{
	if (o->index || o->wback)
		a32_fmt_mem(t, o, 0);
	else
		a32_put(t, "[%s], {%u}", a32_reg_name(o->Rn), o->imm32 >> 2);
}

A32_FMT(plus) { a32_put_offset(t, true, o->imm32); }

static void put_direction(struct a32_text *t, const struct a32_insn *o)
{
	a32_put(t, "%s%s", o->add ? "i" : "d", o->index ? "b" : "a");
}

A32_FMT(dir) { put_direction(t, o); }

A32_FMT(ldm)
{
	a32_put(t, "%s", o->load ? "ldm" : "stm");
	if (o->index || !o->add)
		put_direction(t, o);
}

A32_FMT(regs)
{
	const char *comma = "";
	unsigned int n;

	a32_put(t, "{");
	for (n = 0; n < 16; n++) {
		if (!(o->reglist >> n & 1))
			continue;
		a32_put(t, "%s%s", comma, a32_reg_name(n));
		comma = ", ";
	}
	a32_put(t, "}");
}

/* One letter for each instruction after the first: mask<3> is that of the second, and so on. */
A32_FMT(itmask)
{
	unsigned int mask = o->mask;

	for (; mask & 7; mask <<= 1)
		a32_put(t, "%c", (mask >> 3 & 1) == (o->firstcond & 1) ? 't' : 'e');
}

A32_FMT(psr) { a32_put(t, "%s", o->spsr ? "spsr" : "apsr"); }

A32_FMT(psrmask)
{
	static const char letters[] = "cxsf";
	int bit;

	if (!o->spsr && !(o->mask & 3)) {
		a32_put(t, "apsr_%s%s", o->mask & 8 ? "nzcvq" : "", o->mask & 4 ? "g" : "");
		return;
	}
	a32_put(t, "%s_", o->spsr ? "spsr" : "cpsr");
	for (bit = 3; bit >= 0; bit--)
		if (o->mask >> bit & 1)
			a32_put(t, "%c", letters[bit]);
}

A32_FMT(banked)
{
	const char *name = a32_banked_name(o->spsr, o->sysm);

	a32_put(t, "%s", name ? name : "?");
}

A32_FMT(ie) { a32_put(t, "%s", o->imod == 2 ? "ie" : "id"); }

A32_FMT(aif)
{
	a32_put(t, "%s%s%s", o->aif & 4 ? "a" : "", o->aif & 2 ? "i" : "", o->aif & 1 ? "f" : "");
}

A32_FMT(hint)
{
	const char *name = a32_hint_name(o->hint);

	a32_put(t, "%s", name ? name : "hint");
	a32_fmt_c(t, o, 0);
	if (!name)
		a32_put(t, "\t#%u", o->hint);
}

A32_FMT(barrier)
{
	const char *name = a32_barrier_name(v);

	/* ISB has only one option with a name. */
	if (name && (o->cls != A32_CLASS_isb || v == 15))
		a32_put(t, "%s", name);
	else
		a32_put(t, "#%u", v);
}

static void print_template(struct a32_text *t, const struct a32_insn *o, const char *s)
{
	const char *end;

	for (; *s; s = end) {
		for (end = s; *end && !(*end & 0x80); end++)
			;
		if (end != s) {
			a32_put(t, "%.*s", (int)(end - s), s);
			continue;
		}
		end = s + 2;
		formatters[s[0] & 0x7f](t, o, member_value(o, s[1] & 0xff));
	}
}

int a32_disasm(u32 word, u32 pc, u64 features, unsigned int it_cond, char *buf, size_t len)
{
	struct a32_text t = { buf, len, 0, pc, features, it_cond };
	struct a32_insn insn;

	if (len)
		buf[0] = '\0';
	if (a32_decode(word, features, &insn) != A32_UNDEFINED)
		print_template(&t, &insn, template_of(&insn, features));
	else if (features & A32_THUMB && !(word >> 16))
		a32_put(&t, ".inst.n\t0x%04" PRIx32, word);
	else
		a32_put(&t, ".inst\t0x%08" PRIx32, word);
	return t.pos;
}
