/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AArch32: every kind of exception from every mode and instruction set to EL1 in
 * AArch32 and in AArch64, and the returns from them.
 * What is expected stands here as the manual's tables have it, not as the code does.
 */
#include "tests/unit/cpu_rig32.h"

/* DDI 0487 D1.20.1, written out: the X register of LR and SP. */
static unsigned int lr_x(u32 mode)
{
	return mode == 0x11 ? 30 : mode == 0x12 ? 16 : mode == 0x13 ? 18 : mode == 0x17 ? 20 : mode == 0x1b ? 22 : 14;
}

/* ---- to AArch32 ---- */

enum what {
	W_UNDEF, W_SVC, W_FETCH, W_BKPT, W_READ, W_WRITE, W_CACHE, W_SERROR, W_IRQ, W_FIQ, W_FP, W_PC_ALIGN, WHATS
};

/* Raise it as run/ and the front end do. */
static void raise(struct emu_vcpu *v, enum what w)
{
	struct mmu_fault f = { .fsc = 0x0d + (w == W_WRITE), .domain = 5 };

	switch (w) {
	case W_UNDEF:
		helper_undefined(v, 0xe7f000f0, 0, 0);
		break;
	case W_SVC:
		helper_svc32(v, 0x12, v->st.pc + (v->st.pc & 1 ? 2 : 4), 0x4c);
		break;
	case W_FETCH:
		mmu_raise(v, v->st.pc, MMU_FETCH, &f);
		break;
	case W_BKPT:
		helper_bkpt32(v, 3, 0, 0);
		break;
	case W_READ:
		mmu_raise(v, 0xc0000123, MMU_READ, &f);
		break;
	case W_WRITE:
		mmu_raise(v, 0xc0000123, MMU_WRITE, &f);
		break;
	case W_CACHE:
		mmu_raise(v, 0xc0000123, MMU_CACHE, &f);
		break;
	case W_SERROR:
		cpu_inject_serror(v, ISS_ABT_EA);
		break;
	case W_IRQ:
		atomic_store(&v->lines, 1u << EMU_LINE_IRQ);
		break;
	case W_FIQ:
		atomic_store(&v->lines, 1u << EMU_LINE_FIQ);
		break;
	case W_FP:
		helper_fp_trap(v, 0, 0, 0);
		break;
	case W_PC_ALIGN:
		helper_pc_align(v, v->st.pc, 0, 0);
		break;
	default:
		fail();
	}
	if (v->exc.pending)
		cpu_take_exception(v);
	else
		assert_true(cpu_take_interrupt(v));
	assert_false(v->exc.pending);
	atomic_store(&v->lines, 0);
}

/* Tables B1-3, B1-7 and the FSR encodings: a permission fault of a section, of a page for the write. */
static const struct {
	u32 mode, vec, masks;
	int lr_a, lr_t;
	bool ifsr, dfsr, far;
	u32 fsr_short, fsr_long;
} expect[WHATS] = {
	[W_UNDEF] = { 0x1b, 0x04, PSR_I, 4, 2, false, false, false, 0, 0 },
	[W_SVC] = { 0x13, 0x08, PSR_I, 4, 2, false, false, false, 0, 0 },
	[W_FETCH] = { 0x17, 0x0c, PSR_I | PSR_A, 4, 4, true, false, true, 0xd, 0x20d },
	[W_BKPT] = { 0x17, 0x0c, PSR_I | PSR_A, 4, 4, true, false, false, 0x2, 0x222 },
	[W_READ] = { 0x17, 0x10, PSR_I | PSR_A, 8, 8, false, true, true, 0x5d, 0x20d },
	[W_WRITE] = { 0x17, 0x10, PSR_I | PSR_A, 8, 8, false, true, true, 0x85f, 0xa0e },
	[W_CACHE] = { 0x17, 0x10, PSR_I | PSR_A, 8, 8, false, true, true, 0x285d, 0x2a0d },
	[W_SERROR] = { 0x17, 0x10, PSR_I | PSR_A, 8, 8, false, true, false, 0x1406, 0x1211 },
	[W_IRQ] = { 0x12, 0x18, PSR_I | PSR_A, 4, 4, false, false, false, 0, 0 },
	[W_FIQ] = { 0x11, 0x1c, PSR_I | PSR_A | PSR_F, 4, 4, false, false, false, 0, 0 },
	[W_FP] = { 0x1b, 0x04, PSR_I, 4, 2, false, false, false, 0, 0 },
	[W_PC_ALIGN] = { 0x17, 0x0c, PSR_I | PSR_A, 4, 4, true, false, true, 0x1, 0x221 },
};

static void check_fsr(struct emu_vcpu *v, enum what w, bool lpae, u32 pc)
{
	const u64 *sys = v->st.sys;
	u32 fsr = lpae ? expect[w].fsr_long : expect[w].fsr_short;

	if (expect[w].ifsr)
		assert_int_equal(sys[ARM_SLOT_IFSR32_EL2], fsr);
	else
		assert_int_equal(sys[ARM_SLOT_IFSR32_EL2], 0xaaaa);
	if (expect[w].dfsr)
		assert_int_equal(sys[ARM_SLOT_ESR_EL1], fsr);
	else
		assert_int_equal(sys[ARM_SLOT_ESR_EL1], 0x5555);
	assert_int_equal(sys[ARM_SLOT_FAR_EL1] >> 32, expect[w].ifsr && expect[w].far ? pc : 0x1f1f1f1f);
	assert_int_equal((u32)sys[ARM_SLOT_FAR_EL1], expect[w].dfsr && expect[w].far ? 0xc0000123 : 0x0d0d0d0d);
}

/* @sctlr: of TE, EE and V. */
static void one(struct emu_vcpu *v, enum what w, u32 mode, bool t, u64 sctlr, bool lpae)
{
	struct arm_state *st = &v->st;
	u32 pc = t ? 0x8002 : 0x8004, cpsr, new, flags = PSR_N | PSR_C, ges = 0x5 << 16 | PSR32_Q;
	u32 it = t && w != W_FETCH ? 0x0c << 8 | 2 << 25 : 0;	/* ITSTATE 0x0e: EQ, three to go */

	go(v, mode, t, pc);
	st->pstate |= ges | it | PSR32_E;
	st->nzcv = flags;
	for (unsigned int i = 0; i < 31; i++)
		st->x[i] = 0x1000 + i;
	st->sys[ARM_SLOT_SCTLR_EL1] = sctlr;
	st->sys[ARM_SLOT_TCR_EL1] = lpae ? 1u << 31 : 0;
	st->sys[ARM_SLOT_VBAR_EL1] = 0x60000040;
	st->sys[ARM_SLOT_IFSR32_EL2] = 0xaaaa;
	st->sys[ARM_SLOT_ESR_EL1] = 0x5555;
	st->sys[ARM_SLOT_FAR_EL1] = 0x1f1f1f1f0d0d0d0d;
	raise(v, w);

	cpsr = mode | flags | ges | PSR32_E | (t ? PSR32_T : 0) | (w == W_SVC ? (t ? 0x4c << 8 : 0) : it);
	/* SVC told ITSTATE as it is behind it; A32 has none, but the helper's word stands */
	if (w == W_SVC && !t)
		cpsr |= 0x4c << 8;
	new = expect[w].mode | expect[w].masks | flags | ges | (sctlr & ARM_BIT(25) ? PSR32_E : 0) |
	      (sctlr & ARM_BIT(30) ? PSR32_T : 0);
	assert_int_equal(cpu_cpsr(v), new);
	assert_int_equal(st->pc, ((sctlr & ARM_BIT(13) ? 0xffff0000 : 0x60000040) + expect[w].vec) |
				 (sctlr & ARM_BIT(30) ? 1 : 0));
	assert_int_equal(*slot_of_spsr(v, expect[w].mode), cpsr);
	for (unsigned int i = 0; i < 31; i++)
		assert_int_equal(st->x[i], i == lr_x(expect[w].mode) ?
				 pc + (unsigned int)(t ? expect[w].lr_t : expect[w].lr_a) : 0x1000 + i);
	check_fsr(v, w, lpae, pc);
	assert_int_equal(v->regime_changed, mode == 0x10);
}

static void test_all(void **state)
{
	static const u64 sctlrs[] = { 0, 1u << 30, 1u << 25, 1u << 13, 1u << 30 | 1u << 25 | 1u << 13 };

	for (unsigned int w = 0; w < WHATS; w++)
		for (unsigned int m = 0; m < MODES; m++)
			for (unsigned int k = 0; k < 20; k++)
				if (w != W_PC_ALIGN || !(k & 1))	/* T32 code is never misaligned */
					one(*state, (enum what)w, modes[m], k & 1, sctlrs[k / 4], k & 2);
}

/* A T32 instruction whose second half is on a page that faults: IFAR is that page, LR the instruction. */
static void test_fetch_across(void **state)
{
	struct emu_vcpu *v = *state;
	struct mmu_fault f = { .fsc = 0x7 };

	go(v, 0x10, true, 0x8ffe);
	mmu_raise(v, 0x9000, MMU_FETCH, &f);
	cpu_take_exception(v);
	assert_int_equal(v->st.sys[ARM_SLOT_FAR_EL1] >> 32, 0x9000);
	assert_int_equal(v->st.x[20], 0x9002);
	assert_int_equal(v->st.sys[ARM_SLOT_IFSR32_EL2], 0x7);
}

/* Every code of the short format (table B3-23) that a fault here can have. */
static void test_fsr_codes(void **state)
{
	static const struct {
		u8 fsc;
		u32 fsr;
	} codes[] = {
		{ 0x05, 0x5 }, { 0x06, 0x7 }, { 0x07, 0x7 }, { 0x09, 0x3 }, { 0x0a, 0x6 }, { 0x3d, 0x9 },
		{ 0x3e, 0xb }, { 0x0d, 0xd }, { 0x0e, 0xf }, { 0x15, 0xc }, { 0x16, 0xe }, { 0x10, 0x8 },
		{ 0x21, 0x1 }, { 0x22, 0x2 }, { 0x30, 0x400 },
	};
	struct emu_vcpu *v = *state;

	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(codes); i++) {
		struct mmu_fault f = { .fsc = codes[i].fsc, .domain = 15, .ea = i & 1 };

		go(v, 0x13, false, 0x8000);
		mmu_raise(v, 0x1234, MMU_READ, &f);
		cpu_take_exception(v);
		assert_int_equal(v->st.sys[ARM_SLOT_ESR_EL1], codes[i].fsr | 0xf0 | (i & 1) << 12);
	}
	go(v, 0x13, false, 0x8000);
	mmu_raise_align(v, 0x1235, true);
	cpu_take_exception(v);
	assert_int_equal(v->st.sys[ARM_SLOT_ESR_EL1], 0x801);
	go(v, 0x13, false, 0x8000);
	mmu_raise_external(v, 0x1235, MMU_READ);
	cpu_take_exception(v);
	assert_int_equal(v->st.sys[ARM_SLOT_ESR_EL1], 0x008);
}

static void test_masks(void **state)
{
	struct emu_vcpu *v = *state;

	go(v, 0x13, false, 0x8000);
	v->st.pstate |= PSR_A | PSR_I | PSR_F;
	atomic_store(&v->lines, 1u << EMU_LINE_IRQ | 1u << EMU_LINE_FIQ);
	cpu_inject_serror(v, 0);
	assert_false(cpu_take_interrupt(v));
	assert_true(cpu_has_work(v));
	v->st.pstate &= ~PSR_I;
	assert_true(cpu_take_interrupt(v));
	assert_int_equal(v->st.pstate, 0x12 | PSR_A | PSR_I | PSR_F);
	v->st.pstate &= ~PSR_F;
	assert_true(cpu_take_interrupt(v));
	assert_int_equal(v->st.pstate, 0x11 | PSR_A | PSR_I | PSR_F);
	v->st.pstate &= ~PSR_A;
	assert_true(cpu_take_interrupt(v));
	assert_int_equal(v->st.pstate, 0x17 | PSR_A | PSR_I | PSR_F);
	assert_int_equal(v->st.sys[ARM_SLOT_ESR_EL1], 0x406);
	/* an SVC leaves A and F as they are */
	v->st.pstate = 0x13 | PSR_F;
	raise(v, W_SVC);
	assert_int_equal(v->st.pstate, 0x13 | PSR_F | PSR_I);
}

/* ---- back from AArch32 ---- */

static void test_return(void **state)
{
	static const u32 spsr_extra = PSR_Z | PSR_V | PSR32_Q | 0xa << 16 | PSR32_E | PSR_A | PSR_F;
	struct emu_vcpu *v = *state;
	struct arm_state *st = &v->st;

	for (unsigned int from = 0; from < MODES; from++) {
		for (unsigned int to = 0; to < MODES * 4; to++) {
			bool t = to & 1, rfe = to & 2;
			u32 m = modes[to / 4], spsr = m | spsr_extra | (t ? PSR32_T | 0x0c << 8 | 2 << 25 : 0);
			u64 *slot = slot_of_spsr(v, modes[from]);

			go(v, modes[from], false, 0x8000);
			if (slot)
				*slot = spsr;
			v->excl_size = 4;
			if (rfe)
				helper_rfe32(v, 0x7003, spsr | PSR32_J | PSR_SS, 0);
			else
				helper_eret32(v, 0x7003, 0, 0);
			if (rfe ? from == 0 : !slot) {
				assert_true(v->exc.pending);
				assert_int_equal(v->exc.esr >> 26, 0);
				assert_int_equal(st->pstate, modes[from]);
				continue;
			}
			assert_false(v->exc.pending);
			assert_int_equal(cpu_cpsr(v), spsr);
			assert_int_equal(st->pstate & (PSR32_T | PSR_NZCV), 0);
			assert_int_equal(st->pc, t ? 0x7003 : 0x7000);
			assert_int_equal(v->excl_size, 0);
			assert_int_equal(v->regime_changed, (m == 0x10) != (modes[from] == 0x10));
		}
	}
}

/* An ITSTATE in A32 code or with no instruction left is none. */
static void test_return_it(void **state)
{
	struct emu_vcpu *v = *state;

	go(v, 0x13, false, 0x8000);
	helper_rfe32(v, 0x7000, 0x10 | 0x0c << 8 | 2 << 25, 0);
	assert_int_equal(v->st.pstate, 0x10);
	go(v, 0x13, false, 0x8000);
	helper_rfe32(v, 0x7000, 0x10 | PSR32_T | 0xa0 << 8, 0);
	assert_int_equal(v->st.pstate, 0x10);
	assert_int_equal(v->st.pc, 0x7001);
}

static void test_illegal_mode(void **state)
{
	static const u32 bad[] = { 0x00, 0x05, 0x14, 0x15, 0x16, 0x18, 0x19, 0x1a, 0x1c, 0x1d, 0x1e };
	struct emu_vcpu *v = *state;
	u32 il = arm_has(v->vm->cfg.model->features, ARM_FEAT_V8_A32) ? PSR_IL : 0;

	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(bad); i++) {
		go(v, 0x13, false, 0x8000);
		v->st.sys[ARM_SLOT_SPSR_EL1] = bad[i] | PSR_C | PSR_I;
		helper_eret32(v, 0x7000, 0, 0);
		assert_int_equal(v->st.pstate, 0x13 | PSR_I | il);
		assert_int_equal(v->st.nzcv, PSR_C);
		assert_int_equal(v->st.pc, 0x7000);
		go(v, 0x1b, false, 0x8000);
		helper_cpsr_write(v, bad[i] | PSR_F, 0xff, 0);
		assert_int_equal(v->st.pstate, 0x1b | PSR_F | il);
		assert_int_equal(!!(cpu_mode(v) & IR_MODE_IL), !!il);
	}
	if (!il)
		return;
	helper_illegal_state(v, 0, 0, 0);
	cpu_take_exception(v);
	assert_int_equal(v->st.pstate, 0x1b | PSR_F | PSR_I);
	assert_int_equal(v->st.sys[ARM_SLOT_SPSR_UND], 0x1b | PSR_F | PSR_IL);
	assert_int_equal(v->st.x[22], 0x8004);
}

/* ---- AArch32 EL0 under AArch64 EL1 ---- */

static int setup64(void **state)
{
	int ret = rig_setup(state);

	rig.cpu[0].st.sys[ARM_SLOT_VBAR_EL1] = 0xffff000000080000;
	return ret;
}

static void test_eret_to_a32(void **state)
{
	static const u32 extra = PSR_N | PSR_V | PSR32_Q | 0x9 << 16 | PSR32_E | PSR_A;
	struct emu_vcpu *v = *state;
	struct arm_state *st = &v->st;

	for (unsigned int t = 0; t < 2; t++) {
		st->pstate = PSR_M_EL1H | PSR_DAIF;
		st->sys[ARM_SLOT_SP_EL0] = 0xe0;
		st->sp = 0xe1;
		for (unsigned int i = 0; i < 31; i++)
			st->x[i] = 0xffffffff00000000 | i;
		st->sys[ARM_SLOT_ELR_EL1] = 0xffffffff00008003;
		st->sys[ARM_SLOT_SPSR_EL1] = 0x10 | extra | (t ? PSR32_T | 0x0c << 8 | 2 << 25 : 0);
		v->regime_changed = false;
		v->excl_size = 4;
		helper_eret(v, 0, 0, 0);
		assert_false(v->exc.pending);
		assert_int_equal(st->pc, t ? 0x8003 : 0x8000);
		assert_int_equal(cpu_cpsr(v), st->sys[ARM_SLOT_SPSR_EL1]);
		assert_true(v->regime_changed);
		assert_int_equal(v->excl_size, 0);
		for (unsigned int i = 0; i < 15; i++)
			assert_int_equal(st->x[i], i);
		assert_int_equal(cpu_mode(v) & (IR_MODE_A32 | IR_MODE_M | IR_MODE_EL), IR_MODE_A32);
		assert_int_equal(!!(cpu_mode(v) & IR_MODE_E), 1);
		/* SVC, and both stack pointers are as they were */
		helper_svc32(v, 7, t ? 0x8005 : 0x8004, t ? 0x1c : 0);
		cpu_take_exception(v);
		assert_int_equal(st->pstate, PSR_M_EL1H | PSR_DAIF);
		assert_int_equal(st->pc, 0xffff000000080600);
		assert_int_equal(st->sys[ARM_SLOT_ESR_EL1], 0x11u << 26 | (t ? 0 : 1u << 25) | 7);
		assert_int_equal(st->sys[ARM_SLOT_ELR_EL1], 0x8004);
		assert_int_equal(st->sys[ARM_SLOT_SPSR_EL1], 0x10 | extra | (t ? PSR32_T | 0x1c << 8 : 0));
		assert_int_equal(st->sp, 0xe1);
		assert_int_equal(st->sys[ARM_SLOT_SP_EL0], 0xe0);
	}
}

static void test_a32_to_a64(void **state)
{
	static const struct {
		enum what w;
		u32 vec, esr;
		bool far;
	} want[] = {
		{ W_UNDEF, 0x600, 0x02000000, false },
		{ W_FETCH, 0x600, 0x8200000d, true },
		{ W_BKPT, 0x600, 0xe2000003, false },
		{ W_READ, 0x600, 0x9200000d, true },
		{ W_WRITE, 0x600, 0x9200004e, true },
		{ W_SERROR, 0x780, 0xbe000200, false },
		{ W_IRQ, 0x680, 0, false },
		{ W_FIQ, 0x700, 0, false },
		{ W_FP, 0x600, 0x1fe00000, false },
		{ W_PC_ALIGN, 0x600, 0x8a000000, true },
	};
	struct emu_vcpu *v = *state;
	struct arm_state *st = &v->st;

	for (unsigned int i = 0; i < 2 * ARM_ARRAY_SIZE(want); i++) {
		bool t = i & 1;
		u32 pc = 0x8004, it = t ? 0x0c << 8 : 0, esr = want[i / 2].esr;
		enum what w = want[i / 2].w;

		if (w == W_BKPT && t)
			esr &= ~(1u << 25);
		go(v, 0x10, t, pc);
		st->pstate |= it | PSR32_Q;
		st->nzcv = PSR_C;
		st->sys[ARM_SLOT_ESR_EL1] = 0;
		st->sys[ARM_SLOT_FAR_EL1] = 0;
		raise(v, w);
		assert_int_equal(st->pstate, PSR_M_EL1H | PSR_DAIF);
		assert_int_equal(st->pc, 0xffff000000080000 + want[i / 2].vec);
		assert_int_equal(st->sys[ARM_SLOT_ESR_EL1], esr);
		assert_int_equal(st->sys[ARM_SLOT_ELR_EL1], pc);
		assert_int_equal(st->sys[ARM_SLOT_SPSR_EL1], 0x10 | PSR_C | PSR32_Q | it | (t ? PSR32_T : 0));
		if (want[i / 2].far)
			assert_int_equal(st->sys[ARM_SLOT_FAR_EL1] & ~1ULL,
					 w == W_READ || w == W_WRITE ? 0xc0000122 : pc);
		assert_true(v->regime_changed);
	}
}

/* Software step of AArch32 EL0: SPSR has ITSTATE as it is behind the instruction. */
static void test_step(void **state)
{
	struct emu_vcpu *v = *state;
	struct arm_state *st = &v->st;

	st->sys[ARM_SLOT_MDSCR_EL1] = 1;
	st->sys[ARM_SLOT_OSLSR_EL1] = 0;
	st->pstate = PSR_M_EL1H | PSR_DAIF;
	st->sys[ARM_SLOT_ELR_EL1] = 0x8000;
	st->sys[ARM_SLOT_SPSR_EL1] = 0x10 | PSR32_T | PSR_SS | 0x0c << 8;
	helper_eret(v, 0, 0, 0);
	assert_true(st->pstate & PSR_SS);
	assert_true(cpu_mode(v) & IR_MODE_STEP);
	assert_false(cpu_step_begin(v));
	helper_step_done(v, 0x8003, 0x18, 0);
	assert_true(v->exc.pending);
	cpu_take_exception(v);
	assert_int_equal(st->sys[ARM_SLOT_ESR_EL1], 0x32u << 26 | 1u << 25 | 1u << 24 | 0x22);
	assert_int_equal(st->sys[ARM_SLOT_ELR_EL1], 0x8002);
	assert_int_equal(st->sys[ARM_SLOT_SPSR_EL1], 0x10 | PSR32_T | 0x18 << 8);
}

/* The upper halves are not there for what runs in AArch32 and no level above EL0 is. */
static void test_no_el1_helpers(void **state)
{
	struct emu_vcpu *v = *state;

	go(v, 0x10, false, 0x8000);
	helper_eret(v, 0, 0, 0);
	assert_true(v->exc.pending);
	go(v, 0x10, false, 0x8000);
	helper_rfe32(v, 0, 0x13, 0);
	assert_true(v->exc.pending);
	assert_int_equal(v->st.pstate, 0x10);
	go(v, 0x10, false, 0x8000);
	helper_cpsr_write(v, 0x13, 0x1ff, 0);
	assert_false(v->exc.pending);
	assert_int_equal(v->st.pstate, 0x10);
}

#define TEST64(t) cmocka_unit_test_setup(t, setup64)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST32(test_all), TEST32(test_fetch_across), TEST32(test_fsr_codes), TEST32(test_masks),
		TEST32(test_return), TEST32(test_return_it), TEST32(test_illegal_mode),
		TEST64(test_eret_to_a32), TEST64(test_a32_to_a64), TEST64(test_step), TEST64(test_no_el1_helpers),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
