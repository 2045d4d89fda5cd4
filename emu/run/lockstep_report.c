// SPDX-License-Identifier: GPL-2.0-only
/* Comparing two states of a vCPU, and printing a block on which they differ. */
#include <stdio.h>
#include <string.h>

#include "emu/run/lockstep_int.h"

typedef unsigned long long ull;

/* One value of a state, at most 64 bits wide. */
struct field {
	char name[24];
	size_t offset;
	unsigned int size;
};

#define SIDE(f) offsetof(struct ls_side, f)
#define FIELD(n, f) { n, SIDE(f), sizeof(((struct ls_side *)0)->f) }

static const struct field plain[] = {
	FIELD("sp", st.sp), FIELD("pc", st.pc), FIELD("nzcv", st.nzcv), FIELD("pstate", st.pstate),
	FIELD("fpcr", st.fpcr), FIELD("fpsr", st.fpsr), FIELD("monitor", excl_size),
	FIELD("wfi", wfi), FIELD("wfe", wfe), FIELD("exception", exc.pending),
};

/* These mean something only with an open monitor, or with an exception. */
static const struct field monitor[] = { FIELD("monitor.addr", excl_addr), FIELD("monitor.value", excl_val[0]) };
static const struct field wide_monitor[] = { FIELD("monitor.high", excl_val[1]) };
static const struct field exception[] = {
	FIELD("esr", exc.esr), FIELD("target_el", exc.target_el), FIELD("return", exc.ret),
	FIELD("far_valid", exc.far_valid),
};
static const struct field far_address[] = { FIELD("far", exc.far) };

#define NX 31
#define NV 64
#define FIRST_V (ARM_ARRAY_SIZE(plain) + NX)
#define FIRST_SYS (FIRST_V + NV)
#define FIRST_EXTRA (FIRST_SYS + ARM_SYSREG_SLOTS)

/* The @i-th of those that always count; false past the last. */
static bool field_at(unsigned int i, struct field *f)
{
	if (i < NX) {
		*f = (struct field){ "", SIDE(st.x) + 8 * i, 8 };
		snprintf(f->name, sizeof(f->name), "x%u", i);
	} else if (i < FIRST_V) {
		*f = plain[i - NX];
	} else if (i < FIRST_SYS) {
		unsigned int n = i - FIRST_V;

		*f = (struct field){ "", SIDE(st.v) + 8 * n, 8 };
		snprintf(f->name, sizeof(f->name), "v%u.%s", n / 2, n & 1 ? "high" : "low");
	} else if (i < FIRST_EXTRA) {
		*f = (struct field){ "", SIDE(st.sys) + 8 * (i - FIRST_SYS), 8 };
		snprintf(f->name, sizeof(f->name), "%s", arm_sysreg_slot_name(i - FIRST_SYS));
	} else {
		return false;
	}
	return true;
}

static u64 value(const struct ls_side *s, const struct field *f)
{
	u64 v = 0;

	memcpy(&v, (const u8 *)s + f->offset, f->size);
	return v;
}

static bool fields_same(const struct field *f, unsigned int n, const struct ls_side *a, const struct ls_side *b,
			char *what, size_t len)
{
	for (unsigned int i = 0; i < n; i++) {
		if (value(a, &f[i]) == value(b, &f[i]))
			continue;
		snprintf(what, len, "%s is %#llx in the interpreter, %#llx in translated code", f[i].name,
			 (ull)value(a, &f[i]), (ull)value(b, &f[i]));
		return false;
	}
	return true;
}

bool ls_same(const struct ls_side *a, const struct ls_side *b, char *what, size_t len)
{
	struct field f;

	/* almost always they agree, and that must be seen fast */
	if (memcmp(&a->st, &b->st, a->sys ? sizeof(a->st) : offsetof(struct arm_state, sys)) ||
	    a->excl_size != b->excl_size || a->wfi != b->wfi || a->wfe != b->wfe || a->exc.pending != b->exc.pending)
		for (unsigned int i = 0; i < (a->sys ? FIRST_EXTRA : FIRST_SYS); i++)
			if (field_at(i, &f) && !fields_same(&f, 1, a, b, what, len))
				return false;
	if (a->excl_size && !fields_same(monitor, ARM_ARRAY_SIZE(monitor), a, b, what, len))
		return false;
	if (a->excl_size > 8 && !fields_same(wide_monitor, 1, a, b, what, len))
		return false;
	if (a->exc.pending && !fields_same(exception, ARM_ARRAY_SIZE(exception), a, b, what, len))
		return false;
	return !a->exc.pending || !a->exc.far_valid || fields_same(far_address, 1, a, b, what, len);
}

/* ---- printing ---- */

static void print_fields(struct lockstep *ls, const struct field *f, unsigned int n, bool all)
{
	for (unsigned int i = 0; i < n; i++) {
		u64 begin = value(&ls->begin, &f[i]), want = value(ls->want, &f[i]), got = value(ls->got, &f[i]);

		if (all || want != got || begin != want)
			emu_log(ls->v->vm, "%c %-16s %18llx %18llx %18llx\n", want != got ? '*' : ' ', f[i].name,
				(ull)begin, (ull)want, (ull)got);
	}
}

static void print_states(struct lockstep *ls)
{
	struct field f;

	emu_log(ls->v->vm, "lockstep: registers (* differs)\n  %-16s %18s %18s %18s\n", "", "before", "interpreter",
		"translated");
	for (unsigned int i = 0; i < (ls->begin.sys ? FIRST_EXTRA : FIRST_SYS) && field_at(i, &f); i++)
		print_fields(ls, &f, 1, i < FIRST_V);
	print_fields(ls, monitor, ARM_ARRAY_SIZE(monitor), false);
	print_fields(ls, wide_monitor, ARM_ARRAY_SIZE(wide_monitor), false);
	print_fields(ls, exception, ARM_ARRAY_SIZE(exception), false);
	print_fields(ls, far_address, ARM_ARRAY_SIZE(far_address), false);
}

static void print_guest(struct emu_vm *vm, const struct ir_block *b)
{
	for (unsigned int i = 0; i < b->n; i++) {
		const struct ir_insn *in = &b->insns[i];
		u64 pc = b->pc + IR_INSN_OFF(in->imm);
		char text[128];

		if (in->op != IR_INSN)
			continue;
		ir_insn_text(b, in, pc, text, sizeof(text));
		emu_log(vm, "  %#llx: %08x  %s\n", (ull)pc, IR_INSN_WORD(in->imm), text);
	}
}

static void print_code(struct emu_vm *vm, const struct ls_block *blk)
{
	emu_log(vm, "lockstep: host code, entry at +%u\n",
		(unsigned int)(code_write(vm->cache, blk->jit->cold) - blk->code));
	for (const u8 *p = blk->code; p < blk->code_end; p += 32) {
		char line[2 * 32 + 1];
		int n = 0;

		for (int k = 0; k < 32 && p + k < blk->code_end; k++)
			n += snprintf(line + n, sizeof(line) - n, "%02x", p[k]);
		emu_log(vm, "  %s\n", line);
	}
}

static void print_memory(struct lockstep *ls)
{
	for (unsigned int i = 0; i < ls->nshadows; i++) {
		const struct ls_shadow *s = &ls->shadow[i];

		for (unsigned int k = 0; k < TLB_PAGE_SIZE; k++)
			if (s->copy[k] != s->real[k])
				emu_log(ls->v->vm, "* host page %p +%#x: %02x %02x\n", (void *)s->real, k, s->real[k],
					s->copy[k]);
	}
}

void ls_report(struct lockstep *ls, const struct ls_block *blk)
{
	struct emu_vm *vm = ls->v->vm;

	emu_log(vm, "lockstep: block at pc %#llx, mode %#x: %s: %s\n", (ull)blk->ir->pc, blk->ir->mode, ls->where,
		ls->what);
	print_guest(vm, blk->ir);
	emu_log(vm, "lockstep: IR\n");
	ir_dump(blk->ir, vm->log);
	print_code(vm, blk);
	print_states(ls);
	print_memory(ls);
	fflush(vm->log);
}
