/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The section of a vCPU: everything comes back; the policies; damage; and what no
 * guest could have written does not harm the engine that is to run it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arm/psci.h"
#include "vmm/migrate/cpu.h"
#include "vmm/migrate/cpu_check.h"

/* An engine that is its state. */
struct fake {
	struct accel accel;
	struct arm_state state;
	bool off;
	bool lacks[ARM_SYSREG_SLOTS];
	u32 serror, psci, newest_psci;
};

static struct arm_state *fake_state(struct accel *a, unsigned int cpu)
{
	(void)cpu;
	return &((struct fake *)a)->state;
}

static bool fake_has_slot(struct accel *a, unsigned int slot)
{
	return !((struct fake *)a)->lacks[slot];
}

static int fake_get_off(struct accel *a, unsigned int cpu, bool *off)
{
	(void)cpu;
	*off = ((struct fake *)a)->off;
	return 0;
}

static int fake_set_off(struct accel *a, unsigned int cpu, bool off)
{
	(void)cpu;
	((struct fake *)a)->off = off;
	return 0;
}

static int fake_get_serror(struct accel *a, unsigned int cpu, u32 *serror)
{
	(void)cpu;
	*serror = ((struct fake *)a)->serror;
	return 0;
}

static int fake_set_serror(struct accel *a, unsigned int cpu, u32 serror)
{
	(void)cpu;
	((struct fake *)a)->serror = serror;
	return 0;
}

static int fake_get_psci(struct accel *a, u32 *version)
{
	*version = ((struct fake *)a)->psci;
	return 0;
}

static int fake_set_psci(struct accel *a, u32 version)
{
	struct fake *f = (struct fake *)a;

	if (version > f->newest_psci)
		return -EINVAL;
	f->psci = version;
	return 0;
}

static const struct accel_ops fake_ops = {
	.name = "fake", .state = fake_state, .has_slot = fake_has_slot, .get_off = fake_get_off,
	.set_off = fake_set_off, .get_serror = fake_get_serror, .set_serror = fake_set_serror,
	.get_psci = fake_get_psci, .set_psci = fake_set_psci,
};

static struct fake *src, *dst;

static struct arm_cpu_model machine_model(const char *name, bool aarch32)
{
	struct arm_cpu_model m = *arm_cpu_model_find(name);

	m.features &= ~(ARM_FEAT_BIT(ARM_FEAT_EL2) | ARM_FEAT_BIT(ARM_FEAT_EL3));
	if (aarch32)
		m.features &= ~ARM_FEAT_BIT(ARM_FEAT_AARCH64);
	return m;
}

static void reset(struct fake *f, const struct arm_cpu_model *m)
{
	memset(f, 0, sizeof(*f));
	f->accel.ops = &fake_ops;
	arm_sysreg_reset(&f->state, m);
	f->state.pstate = arm_has(m->features, ARM_FEAT_AARCH64) ? PSR_M_EL1H | PSR_DAIF : PSR32_M_SVC | PSR32_AIF;
	arm_state_load_sp(&f->state);
}

static int setup(void **ctx)
{
	(void)ctx;
	src = calloc(1, sizeof(*src));
	dst = calloc(1, sizeof(*dst));
	return !src || !dst;
}

static int teardown(void **ctx)
{
	(void)ctx;
	free(src);
	free(dst);
	return 0;
}

static u64 pattern(unsigned int n)
{
	u64 x = 0x9e3779b97f4a7c15ULL * (n + 1);

	return x ^ x >> 29;
}

/* Every register that a guest can write has a value of its own. */
static void fill(struct arm_state *s, const struct arm_cpu_model *m)
{
	bool a64 = arm_has(m->features, ARM_FEAT_AARCH64);

	for (unsigned int i = 0; i < 31; i++)
		s->x[i] = a64 ? pattern(i) : (u32)pattern(i);
	for (unsigned int i = 0; i < 32; i++)
		s->v[i] = (struct arm_vreg){ { pattern(40 + i), pattern(80 + i) } };
	s->pc = a64 ? pattern(120) : 0x80001002;
	arm_state_set_psr(s, a64 ? PSR_N | PSR_C | PSR_IL | PSR_M_EL1H : PSR_Z | PSR32_Q | PSR32_T | PSR32_M_IRQ);
	s->fpcr = 0x03000000;
	s->fpsr = 0x0800001f;
	for (unsigned int slot = 0; slot < ARM_SYSREG_SLOTS; slot++) {
		const struct arm_sysreg_slot_row *sr = arm_sysreg_slot_row(slot);
		const struct arm_sysreg_row *r = sr->reg == ARM_REGS ? NULL : arm_sysreg_row(sr->reg);
		u64 mask = r ? r->wmask : sr->mig_mask;

		if (!cpu_slot_moves(m, slot) || sr->mig != ARM_MIG_COPY)
			continue;
		if (slot >= ARM_SLOT_DBGBCR0_EL1 && slot < ARM_SLOT_DBGBCR0_EL1 + 16)
			mask &= ~1ULL;
		if (slot >= ARM_SLOT_DBGWCR0_EL1 && slot < ARM_SLOT_DBGWCR0_EL1 + 16)
			mask &= ~1ULL;
		s->sys[slot] = (s->sys[slot] & ~mask) | (pattern(200 + slot) & mask);
	}
	arm_state_load_sp(s);
}

static int load(const struct bytes_out *b, const struct arm_cpu_model *m, bool apply, struct report *r, char **err)
{
	struct bytes_in in = { .data = b->data, .len = b->len };

	return cpu_get(&in, &dst->accel, 1, m, apply, r, err);
}

static const struct {
	const char *name;
	bool aarch32;
} cpus[] = {
	{ "cortex-a57", false }, { "cortex-a57", true }, { "max", false }, { "cortex-a15", true },
	{ "cortex-a7", true },
};

static void test_all_back(void **ctx)
{
	(void)ctx;
	for (size_t c = 0; c < ARM_ARRAY_SIZE(cpus); c++) {
		struct arm_cpu_model m = machine_model(cpus[c].name, cpus[c].aarch32);
		struct bytes_out b = { 0 };
		struct report r = { 0 };
		char *err = NULL;

		reset(src, &m);
		reset(dst, &m);
		fill(&src->state, &m);
		src->off = true;
		assert_int_equal(cpu_put(&b, &src->accel, 1, &m), 0);
		assert_int_equal(b.error, 0);
		/* A check alone changes nothing. */
		memcpy(dst->state.x, src->state.x, sizeof(src->state.x));
		dst->state.x[3] = 77;
		assert_int_equal(load(&b, &m, false, &r, &err), 0);
		assert_int_equal(dst->state.x[3], 77);
		assert_false(dst->off);
		assert_int_equal(load(&b, &m, true, &r, &err), 0);
		if (!report_is_empty(&r))
			fail_msg("%s: %s", cpus[c].name, r.line[0]);
		assert_true(dst->off);
		assert_memory_equal(dst->state.x, src->state.x, sizeof(src->state.x));
		assert_memory_equal(dst->state.v, src->state.v, sizeof(src->state.v));
		assert_int_equal(dst->state.pc, src->state.pc);
		assert_int_equal(arm_state_psr(&dst->state), arm_state_psr(&src->state));
		assert_int_equal(dst->state.fpcr, src->state.fpcr);
		assert_int_equal(dst->state.fpsr, src->state.fpsr);
		arm_state_save_sp(&src->state);
		arm_state_save_sp(&dst->state);
		for (unsigned int i = 0; i < ARM_SYSREG_SLOTS; i++)
			if (dst->state.sys[i] != src->state.sys[i])
				fail_msg("%s: %s", cpus[c].name, arm_sysreg_slot_name(i));
		bytes_free(&b);
	}
}

/* What an engine has besides struct arm_state. */
static void test_extra(void **ctx)
{
	static const struct {
		u32 serror, psci;
		const char *refused;
	} cases[] = {
		{ 0, 0, NULL },
		{ ACCEL_SERROR | 0x1234567, PSCI_VERSION_1_0, NULL },
		{ ACCEL_SERROR, PSCI_VERSION_0_2, NULL },
		{ 0x1234567, PSCI_VERSION_1_0, "SERROR" },
		{ ACCEL_SERROR | 1u << 25, PSCI_VERSION_1_0, "SERROR" },
		{ 0, PSCI_VERSION_1_1, "PSCI 1.1" },
	};
	struct arm_cpu_model m = machine_model("cortex-a57", true);

	(void)ctx;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		struct bytes_out b = { 0 };
		struct report r = { 0 };
		char *err = NULL;

		reset(src, &m);
		reset(dst, &m);
		src->serror = cases[i].serror;
		src->psci = cases[i].psci;
		dst->psci = dst->newest_psci = PSCI_VERSION_1_0;
		assert_int_equal(cpu_put(&b, &src->accel, 1, &m), 0);
		assert_int_equal(load(&b, &m, false, &r, &err), 0);
		assert_int_equal(dst->serror, 0);
		report_free(&r);
		assert_int_equal(load(&b, &m, true, &r, &err), 0);
		if (cases[i].refused) {
			assert_int_equal(r.lines, 1);
			assert_non_null(strstr(r.line[0], cases[i].refused));
		} else {
			assert_true(report_is_empty(&r));
		}
		assert_int_equal(dst->serror, cases[i].refused ? 0 : cases[i].serror);
		assert_int_equal(dst->psci, cases[i].psci == PSCI_VERSION_0_2 ? PSCI_VERSION_0_2 : PSCI_VERSION_1_0);
		report_free(&r);
		bytes_free(&b);
	}
}

/* State that a guest can reach moves: every slot that a program at EL1 can write through some encoding. */
static void test_none_forgotten(void **ctx)
{
	struct arm_cpu_model a57 = machine_model("cortex-a57", false), a15 = machine_model("cortex-a15", true);

	(void)ctx;
	for (unsigned int i = 0; i < ARM_REGS; i++) {
		const struct arm_sysreg_row *r = arm_sysreg_row(i);

		if (r->slot == ARM_SLOT_NONE || r->wr > ARM_ACC_EL1 || !r->wmask || r->cls == ARM_CLS_ABSENT ||
		    !arm_cpu_model_has_row(&a57, r))
			continue;
		if (!cpu_slot_moves(&a57, r->slot))
			fail_msg("%s", arm_sysreg_name(r->enc));
	}
	for (unsigned int i = 0; i < ARM_REGS32; i++) {
		const struct arm_sysreg32_row *r = arm_sysreg32_row(i);

		if (r->slot == ARM_SLOT_NONE || r->wr > ARM_ACC_EL1 || !r->wmask ||
		    !arm_sysreg32_exists(r, a15.features))
			continue;
		if (!cpu_slot_moves(&a15, r->slot))
			fail_msg("%s", arm_sysreg32_name(i));
	}
	assert_true(cpu_slot_moves(&a15, ARM_SLOT_SPSR_FIQ));
	assert_true(cpu_slot_moves(&a57, ARM_SLOT_SP_EL1));
	assert_false(cpu_slot_moves(&a57, ARM_SLOT_ESR_EL3));
	assert_false(cpu_slot_moves(&a15, ARM_SLOT_TTBR1_S));
}

/* Changes one thing of the guest; the report names it, or is empty (@says NULL). */
static void expect(const struct arm_cpu_model *m, const char *says)
{
	struct bytes_out b = { 0 };
	struct report r = { 0 };
	struct arm_state before = dst->state;
	char *err = NULL;

	assert_int_equal(cpu_put(&b, &src->accel, 1, m), 0);
	assert_int_equal(load(&b, m, true, &r, &err), 0);
	if (!says && !report_is_empty(&r))
		fail_msg("%s", r.line[0]);
	if (says) {
		if (r.lines != 1 || !strstr(r.line[0], says))
			fail_msg("%u lines, '%s' for %s", r.lines, r.lines ? r.line[0] : "", says);
		assert_memory_equal(&before, &dst->state, sizeof(before));
	}
	report_free(&r);
	bytes_free(&b);
}

static void begin(const struct arm_cpu_model *m)
{
	reset(src, m);
	reset(dst, m);
}

#define SYS(f, name) (f)->state.sys[ARM_SLOT_##name]

static void test_policies(void **ctx)
{
	struct arm_cpu_model m = machine_model("cortex-a57", false);

	(void)ctx;
	begin(&m);
	expect(&m, NULL);
	/* HA, which an A57 has not: it means nothing on either side. */
	SYS(src, TCR_EL1) = 1ULL << 39 | 0x19;
	expect(&m, NULL);
	assert_int_equal(SYS(dst, TCR_EL1), 0x19);
	begin(&m);
	SYS(src, MIDR_EL1)++;
	expect(&m, "MIDR_EL1: the guest has 0x411fd071, this side 0x411fd070");
	begin(&m);
	SYS(src, MPIDR_EL1) |= 1;
	expect(&m, "MPIDR_EL1");
	begin(&m);
	SYS(dst, ID_AA64ISAR0_EL1) &= ~0xf0ULL;
	expect(&m, "ID_AA64ISAR0_EL1");
	begin(&m);
	SYS(src, ID_AA64ISAR0_EL1) &= ~0xf0ULL;
	expect(&m, NULL);
	assert_int_not_equal(SYS(dst, ID_AA64ISAR0_EL1), SYS(src, ID_AA64ISAR0_EL1));	/* the host's stays */
	begin(&m);
	SYS(src, REVIDR_EL1) = 9;
	SYS(src, AFSR0_EL1) = 9;
	expect(&m, NULL);
	assert_int_equal(SYS(dst, REVIDR_EL1), 0);
	assert_int_equal(SYS(dst, AFSR0_EL1), 9);
	/* Nobody wrote it: whatever stood here stays. */
	begin(&m);
	SYS(src, IFSR32_EL2) = ARM_SYSREG_UNKNOWN;
	SYS(src, TTBR0_EL1) = ARM_SYSREG_UNKNOWN;
	SYS(dst, TTBR0_EL1) = 4096;
	expect(&m, NULL);
	assert_int_equal(SYS(dst, TTBR0_EL1), 4096);
	/* ISTATUS is computed. */
	begin(&m);
	SYS(src, CNTV_CTL_EL0) = 5;
	expect(&m, NULL);
	assert_int_equal(SYS(dst, CNTV_CTL_EL0), 1);
	/* A breakpoint that is not there. */
	begin(&m);
	src->state.sys[ARM_SLOT_DBGBCR0_EL1 + 6] = 0x1e6;
	expect(&m, NULL);
	src->state.sys[ARM_SLOT_DBGBCR0_EL1 + 6] = 0x1e7;
	expect(&m, "DBGBCR6_EL1");
}

static void test_lacking_engine(void **ctx)
{
	struct arm_cpu_model m = machine_model("cortex-a15", true);

	(void)ctx;
	/* 32-bit KVM shows neither debug nor the PMU.  A guest that only looked at them can go there. */
	begin(&m);
	for (unsigned int i = 0; i < ARM_SYSREG_SLOTS; i++) {
		u16 reg = arm_sysreg_slot_row(i)->reg;

		dst->lacks[i] = reg != ARM_REGS && (ARM_SYSREG_OP0(arm_sysreg_row(reg)->enc) == 2 ||
						     arm_sysreg_row(reg)->feat == ARM_FEAT_PMU);
	}
	dst->lacks[ARM_SLOT_TEECR] = true;
	SYS(src, MDSCR_EL1) |= 1 << 15;
	SYS(src, OSLSR_EL1) ^= 2;
	SYS(src, DBGBVR0_EL1) = 0x1000;
	SYS(src, PMCR_EL0) |= 1;
	expect(&m, NULL);
	assert_int_not_equal(SYS(dst, MDSCR_EL1), SYS(src, MDSCR_EL1));
	SYS(src, DBGBCR0_EL1) = 0x1e7;
	expect(&m, "DBGBCR0_EL1, which this engine does not have");
	SYS(src, DBGBCR0_EL1) = 0;
	SYS(src, PMCNTENSET_EL0) = 1;
	expect(&m, "PMCNTENSET_EL0, which this engine does not have");
	SYS(src, PMCNTENSET_EL0) = 0;
	SYS(src, TEECR) = 1;
	expect(&m, "TEECR");
	/* The other way: it is at reset there, and stays so here. */
	begin(&m);
	memset(src->lacks, 1, sizeof(src->lacks));
	SYS(src, SCTLR_EL1) = 0;
	u64 sctlr = SYS(dst, SCTLR_EL1);
	expect(&m, NULL);
	assert_int_equal(SYS(dst, SCTLR_EL1), sctlr);
}

static void test_core(void **ctx)
{
	static const struct {
		bool aarch32;
		u32 psr;
		u64 pc;
		const char *says;
	} cases[] = {
		{ false, PSR_M_EL0T, 1, NULL },			/* a PC alignment fault is the guest's */
		{ false, PSR_M_EL1T | PSR_SS | PSR_IL, 0, NULL },
		{ false, PSR_M_EL2H, 0, "mode 0x9" },
		{ false, PSR_M_EL3T, 0, "mode 0xc" },
		{ false, 1, 0, "mode 0x1" },
		{ false, PSR_M_EL1H | PSR_PAN, 0, "bits 0x400000" },
		{ false, PSR32_M_SVC, 0, "mode 0x13" },
		{ false, PSR32_M_USR, 0x1000, NULL },
		{ false, PSR32_M_USR, 0x1002, "PC" },
		{ true, PSR_M_EL1H, 0, "mode 0x5" },
		{ true, PSR32_M_HYP, 0, "mode 0x1a" },
		{ true, PSR32_M_MON, 0, "mode 0x16" },
		{ true, 0x14, 0, "mode 0x14" },
		{ true, PSR32_M_SYS | PSR32_T, 0x1002, NULL },
		{ true, PSR32_M_SYS | PSR32_T, 0x1003, "PC" },
		{ true, PSR32_M_SYS, 0x100000000, "PC" },
		{ true, PSR32_M_SYS | PSR32_J, 0, "bits 0x1000000" },
		{ true, PSR32_M_SYS | PSR_IL, 0, "bits 0x100000" },
		{ true, PSR32_M_SYS | PSR32_T | 0x0000a800, 0, NULL },
		{ true, PSR32_M_SYS | 0x0000a800, 0, "an IT block" },
		{ true, PSR32_M_SYS | PSR32_T | 0x0000e000, 0, "an IT block" },
	};
	struct arm_cpu_model m64 = machine_model("cortex-a57", false), m32 = machine_model("cortex-a15", true);

	(void)ctx;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		const struct arm_cpu_model *m = cases[i].aarch32 ? &m32 : &m64;

		begin(m);
		arm_state_set_psr(&src->state, cases[i].psr);
		src->state.pc = cases[i].pc;
		expect(m, cases[i].says);
	}
	begin(&m32);
	src->state.x[9] = 1ULL << 32;
	expect(&m32, "X9");
	begin(&m64);
	src->state.fpcr = 1u << 19;
	expect(&m64, "FPCR");
	begin(&m64);
	src->state.fpsr = 1u << 8;
	expect(&m64, "FPSR");
}

/* ---- streams that no cpu_put() made ---- */

static void put_one(struct bytes_out *b, const char *name, u8 flags, u8 size)
{
	bytes_put_string(b, name);
	bytes_put_u8(b, flags);
	bytes_put_u8(b, size);
	for (unsigned int i = 0; i < size; i++)
		bytes_put_u8(b, 0);
}

static void test_damage(void **ctx)
{
	static const struct {
		const char *name, *again;
		u8 flags, size;
		int ret;
		const char *says;
	} cases[] = {
		{ "X0", "X0", 0, 8, -EBADMSG, "twice" },
		{ "X0", NULL, 0, 4, -EBADMSG, "4 bytes" },
		{ "X0", NULL, 2, 0, -EBADMSG, "no value" },
		{ "X0", NULL, 4, 8, -EBADMSG, "damaged" },
		{ "SCTLR_EL1", NULL, 2, 8, -EBADMSG, "damaged" },
		{ "V0", NULL, 0, 8, -EBADMSG, "16" },
		{ "XYZ", NULL, 1, 255, 0, NULL },
		{ "XYZ", NULL, 2, 0, 0, NULL },
		{ "XYZ", NULL, 0, 8, 0, "does not know the register XYZ" },
	};
	struct arm_cpu_model m = machine_model("cortex-a57", false);

	(void)ctx;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		struct bytes_out b = { 0 };
		struct report r = { 0 };
		char *err = NULL;

		begin(&m);
		bytes_put_u8(&b, 0);
		bytes_put_u16(&b, cases[i].again ? 2 : 1);
		put_one(&b, cases[i].name, cases[i].flags, cases[i].size);
		if (cases[i].again)
			put_one(&b, cases[i].again, cases[i].flags, cases[i].size);
		assert_int_equal(load(&b, &m, true, &r, &err), cases[i].ret);
		/* All that is missing is told, and nothing was changed. */
		if (cases[i].ret)
			assert_non_null(strstr(err, cases[i].says));
		else if (cases[i].says)
			assert_non_null(strstr(r.line[0], cases[i].says));
		else
			assert_non_null(strstr(r.line[0], "does not tell X0"));
		free(err);
		report_free(&r);
		bytes_free(&b);
	}
}

static void test_cut(void **ctx)
{
	struct arm_cpu_model m = machine_model("cortex-a15", true);
	struct bytes_out b = { 0 };
	char *err = NULL;

	(void)ctx;
	begin(&m);
	assert_int_equal(cpu_put(&b, &src->accel, 0, &m), 0);
	for (size_t len = 0; len <= b.len + 1; len++) {
		u8 *copy = malloc(len ? len : 1);
		struct bytes_in in = { .data = copy, .len = len };
		struct report r = { 0 };

		memcpy(copy, b.data, len < b.len ? len : b.len);
		assert_int_equal(cpu_get(&in, &dst->accel, 0, &m, true, &r, &err), len == b.len ? 0 : -EBADMSG);
		free(err);
		err = NULL;
		free(copy);
		report_free(&r);
	}
	bytes_free(&b);
}

/* ---- the translator runs whatever was let through ---- */

#define RAM 0x40000000ULL
#define RAM_SIZE (1u << 20)
#define FUZZ_ROUNDS 80

static enum arm_result no_read(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 *val)
{
	(void)opaque, (void)cpu, (void)ipa, (void)size, (void)val;
	return ARM_NOT_MINE;
}

static enum arm_result no_write(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 val)
{
	(void)opaque, (void)cpu, (void)ipa, (void)size, (void)val;
	return ARM_NOT_MINE;
}

static void no_ppi(void *opaque, unsigned int cpu, unsigned int intid, bool level)
{
	(void)opaque, (void)cpu, (void)intid, (void)level;
}

static void on_event(void *opaque, unsigned int cpu, enum accel_event event)
{
	(void)cpu;
	if (event == ACCEL_EVENT_FATAL)
		*(bool *)opaque = true;
}

static const struct accel_host_ops host = {
	.mmio_read = no_read, .mmio_write = no_write, .ppi = no_ppi, .event = on_event,
};

static void *stop_soon(void *opaque)
{
	struct accel *a = opaque;

	usleep(1500);
	a->ops->stop(a);
	return NULL;
}

static u64 random64(unsigned int *seed)
{
	u64 v = 0;

	for (unsigned int i = 0; i < 64; i += 16)
		v |= (u64)(rand_r(seed) & 0xffff) << i;
	/* Bits come alone, dense, or as an address in RAM. */
	switch (rand_r(seed) % 4) {
	case 0:
		return v & (u64)rand_r(seed) * (u64)rand_r(seed);
	case 1:
		return 1ULL << v % 64;
	case 2:
		return RAM + v % RAM_SIZE;
	}
	return v;
}

/* Puts random values into the section that @b has, at the places of values; most registers stay. */
static void spoil(struct bytes_out *b, unsigned int *seed, unsigned int one_in)
{
	size_t at = 3;

	while (at < b->len) {
		size_t value = at + 1 + b->data[at] + 2;
		unsigned int size = b->data[value - 1];

		for (unsigned int i = 0; i < size && rand_r(seed) % one_in == 0; i += 4) {
			u32 v = (u32)(random64(seed) >> 32 * (i / 4 % 2));

			memcpy(b->data + value + i, &v, 4);
		}
		at = value + size;
	}
}

/* What was objected to is taken from the engine's own state, so that much of the noise gets through. */
static bool load_spoilt(struct accel *a, struct bytes_out *b, const struct arm_cpu_model *m)
{
	struct bytes_in in = { .data = b->data, .len = b->len };
	struct report r = { 0 };
	char *err = NULL;
	bool good;

	assert_int_equal(cpu_get(&in, a, 0, m, true, &r, &err), 0);
	good = report_is_empty(&r);
	report_free(&r);
	return good;
}

/* Every register alone, then some at once, with values that a stream may bring. */
static void run_spoilt(enum accel_engine engine, const struct arm_cpu_model *m, unsigned int rounds)
{
	bool fatal = false;
	const struct accel_config cfg = {
		.engine = engine, .model = m, .cpus = 1, .aarch32 = !arm_has(m->features, ARM_FEAT_AARCH64),
		.ops = &host, .opaque = &fatal, .cache_bytes = 4 << 20,
	};
	unsigned int seed = 7, ran = 0;
	u8 *ram = aligned_alloc(65536, RAM_SIZE);
	struct accel *a;
	char *err = NULL;

	assert_int_equal(accel_emu_create(&cfg, &a, &err), 0);
	assert_int_equal(a->ops->map_ram(a, RAM, RAM_SIZE, ram, false), 0);
	for (unsigned int i = 0; i < rounds; i++) {
		struct bytes_out b = { 0 };
		struct arm_state *s;
		pthread_t thread;

		for (unsigned int k = 0; k < RAM_SIZE / 8; k++)
			((u64 *)ram)[k] = k % 3 ? random64(&seed) :
						  RAM + (random64(&seed) % RAM_SIZE & ~0xfffULL) + 0x703;
		assert_int_equal(a->ops->reset(a), 0);
		s = a->ops->state(a, 0);
		s->pc = RAM + (random64(&seed) % RAM_SIZE & ~3ULL);
		assert_int_equal(cpu_put(&b, a, 0, m), 0);
		spoil(&b, &seed, i % 2 ? 400 : 40);
		/* What is refused leaves the engine as it was, which has to run too. */
		ran += load_spoilt(a, &b, m);
		bytes_free(&b);
		a->ops->restart(a);
		assert_int_equal(pthread_create(&thread, NULL, stop_soon, a), 0);
		a->ops->run(a, 0);
		pthread_join(thread, NULL);
		assert_false(fatal);
	}
	assert_true(ran > rounds / 10);
	a->ops->free(a);
	free(ram);
}

static void test_noise_runs(void **ctx)
{
	(void)ctx;
	for (size_t c = 0; c < ARM_ARRAY_SIZE(cpus); c++) {
		struct arm_cpu_model m = machine_model(cpus[c].name, cpus[c].aarch32);

		run_spoilt(ACCEL_JIT, &m, FUZZ_ROUNDS);
		run_spoilt(ACCEL_INTERP, &m, FUZZ_ROUNDS / 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_back), cmocka_unit_test(test_none_forgotten), cmocka_unit_test(test_policies),
		cmocka_unit_test(test_extra),
		cmocka_unit_test(test_lacking_engine), cmocka_unit_test(test_core), cmocka_unit_test(test_damage),
		cmocka_unit_test(test_cut), cmocka_unit_test(test_noise_runs),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
