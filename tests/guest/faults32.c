/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AArch32 exceptions: every kind from every mode and instruction set, what they
 * leave in LR, SPSR, FSR and FAR, ITSTATE across them, interrupts, SCTLR.{TE,EE,V}.
 */
#include "tests/guest/lib32.h"

static const u32 modes[] = { USR, FIQ, IRQ, SVC, ABT, UND, SYS };

/* ---- code that raises; the word behind the function's start is what does ---- */

#define PROBE(name, insn) \
	NAKED __attribute__((target("arm"))) static void name##_a(void) \
	{ \
		__asm__ volatile(insn "\n svc #0xff"); \
	} \
	NAKED __attribute__((target("thumb"))) static void name##_t(void) \
	{ \
		__asm__ volatile(insn "\n svc #0xff"); \
	}

PROBE(undefined, "udf #0")
PROBE(call, "svc #5")
PROBE(bkpt, "bkpt #7")
PROBE(load, "ldr r0, [r0]")
PROBE(store, "str r0, [r0]")
PROBE(jump, "bx r0")

/* ITSTATE: a wide undefined instruction is second of four; the next three each count or not. */
NAKED __attribute__((target("thumb"))) static void in_it(void)
{
	__asm__ volatile(
		"movs r0, #0\n"
		"cmp r0, r0\n"			/* EQ */
		"itete eq\n"
		"addeq r0, r0, #1\n"
		"addne r0, r0, #16\n"
		"ldreq r1, [r2]\n"		/* aborts: r2 is where nothing is */
		"addne r0, r0, #32\n"
		"add r0, r0, #64\n"
		"svc #0xff");
}

NAKED __attribute__((target("thumb"))) static void undefined_in_it(void)
{
	__asm__ volatile(
		"movs r0, #0\n"
		"cmp r0, r0\n"
		"ittte eq\n"
		"addeq r0, r0, #1\n"
		".inst.w 0xf7f0a000\n"		/* UDF.W: it has a condition as all have */
		"addeq r0, r0, #2\n"
		"addne r0, r0, #32\n"
		"svc #0xff");
}

NAKED __attribute__((target("thumb"))) static void svc_in_it(void)
{
	__asm__ volatile(
		"movs r0, #0\n"
		"cmp r0, r0\n"
		"itee eq\n"
		"svceq #3\n"
		"addne r0, r0, #16\n"
		"addne r0, r0, #32\n"
		"adds r0, r0, #1\n"
		"svc #0xff");
}

#define AT(f) ((u32)(f) & ~1u)
#define NO_FSR (~0u)

static bool lpae(void)
{
	return mrc(p15, 0, c2, c0, 2) >> 31;
}

/* The two FSR formats; no domain, no ExT in what is compared. */
static u32 fsr(u32 raw)
{
	return lpae() ? raw & 0xa3f : raw & 0xe0f;
}

static void common(u32 mode, u32 fn, u32 kind, u32 to, u32 lr, u32 arg)
{
	volatile struct exc *e = &exc[cpu_id()];
	u32 psr = mode | PSR_AIF | 0x28000000, want = psr | (fn & 1 ? PSR_T : 0);
	u32 sctlr = read_sctlr(), entry;

	context_n = mode << 8 | kind << 4 | (fn & 1);
	e->count = 0;
	run_in(psr, fn, arg);
	CHECK_EQ(e->count, 1);
	CHECK_EQ(e->kind, kind);
	CHECK_EQ(e->spsr & ~PSR_IT, want);
	CHECK_EQ(e->lr, lr);
	/* I is set, T and E are SCTLR's; in T32 the vectors have come back to A32 */
	entry = to | PSR_AIF | 0x28000000 | (sctlr >> 25 & 1 ? PSR_E : 0);
	CHECK_EQ(e->cpsr, entry);
}

static void test_kinds(void)
{
	volatile struct exc *e = &exc[0];

	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(modes); i++) {
		u32 m = modes[i / 2], t = i & 1, at;

		context = "undefined";
		at = t ? (u32)undefined_t : (u32)undefined_a;
		common(m, at, K_UNDEF, UND, AT(at) + (t ? 2 : 4), 0);
		context = "svc";
		at = t ? (u32)call_t : (u32)call_a;
		common(m, at, K_SVC, SVC, AT(at) + (t ? 2 : 4), 0);
		context = "bkpt";
		at = t ? (u32)bkpt_t : (u32)bkpt_a;
		common(m, at, K_PABT, ABT, AT(at) + 4, 0);
		CHECK_EQ(fsr(e->ifsr), lpae() ? 0x222 : 0x002);
		context = "external read";
		at = t ? (u32)load_t : (u32)load_a;
		common(m, at, K_DABT, ABT, AT(at) + 8, NOTHING + 4);
		CHECK_EQ(fsr(e->dfsr), lpae() ? 0x210 : 0x008);
		CHECK_EQ(e->dfar, NOTHING + 4);
		context = "external write";
		at = t ? (u32)store_t : (u32)store_a;
		common(m, at, K_DABT, ABT, AT(at) + 8, NOTHING + 8);
		CHECK_EQ(fsr(e->dfsr), lpae() ? 0xa10 : 0x808);
		CHECK_EQ(e->dfar, NOTHING + 8);
		context = "external fetch";
		at = t ? (u32)jump_t : (u32)jump_a;
		resume_to = t ? ((u32)jump_t + 2) | 1 : AT(jump_a) + 4;
		e->count = 0;
		run_in(m | PSR_AIF, at, NOTHING + 0x10 + t);
		resume_to = 0;
		CHECK_EQ(e->count, 1);
		CHECK_EQ(e->kind, K_PABT);
		CHECK_EQ(e->lr, NOTHING + 0x14);
		CHECK_EQ(e->spsr, m | PSR_AIF | (t ? PSR_T : 0));
		CHECK_EQ(fsr(e->ifsr), lpae() ? 0x210 : 0x008);
		CHECK_EQ(e->ifar, NOTHING + 0x10);
	}
	context = 0;
}

static void test_it(void)
{
	volatile struct exc *e = &exc[0];

	for (unsigned int i = 0; i < ARRAY_SIZE(modes); i++) {
		context = "IT block";
		context_n = modes[i];
		e->count = 0;
		/* r2 is what run_in() has there: its own argument */
		CHECK_EQ(run_in(modes[i] | PSR_AIF, (u32)in_it, NOTHING), 65);
		CHECK_EQ(e->count, 1);
		CHECK_EQ(e->kind, K_DABT);
		CHECK_EQ(e->spsr & PSR_IT, 0x0c00);	/* ITETE EQ is 0x0b, 0x16, and for its third 0x0c */
		e->count = 0;
		CHECK_EQ(run_in(modes[i] | PSR_AIF, (u32)undefined_in_it, 0), 3);
		CHECK_EQ(e->count, 1);
		CHECK_EQ(e->kind, K_UNDEF);
		e->count = 0;
		CHECK_EQ(run_in(modes[i] | PSR_AIF, (u32)svc_in_it, 0), 1);
		CHECK_EQ(e->count, 1);
		CHECK_EQ(e->kind, K_SVC);
	}
	context = 0;
}

/* ---- interrupts ---- */

static volatile u32 irqs, irq_cpsr;

static void count_irq(u32 intid)
{
	irqs += intid == 3;
	irq_cpsr = 0;
}

NAKED __attribute__((target("thumb"))) static void spin_t(void)
{
	__asm__ volatile(
		"1: ldr r1, [r0]\n"
		"cmp r1, #0\n"
		"ittt eq\n"
		"addeq r2, r2, #1\n"
		"addeq r2, r2, #1\n"
		"addeq r2, r2, #1\n"
		"beq 1b\n"
		"svc #0xff");
}

NAKED __attribute__((target("arm"))) static void spin_a(void)
{
	__asm__ volatile(
		"1: ldr r1, [r0]\n"
		"cmp r1, #0\n"
		"addeq r2, r2, #1\n"
		"beq 1b\n"
		"svc #0xff");
}

static void test_irq(void)
{
	gic_on();
	gic_enable(3);
	on_irq = count_irq;
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(modes); i++) {
		context = "irq";
		context_n = modes[i / 2];
		irqs = 0;
		gic_sgi(3);
		run_in(modes[i / 2] | 0x140, i & 1 ? (u32)spin_t : (u32)spin_a, (u32)&irqs);
		CHECK_EQ(irqs, 1);
	}
	/* masked, then let through by CPS */
	irqs = 0;
	gic_sgi(3);
	dsb();
	CHECK_EQ(irqs, 0);
	__asm__ volatile("cpsie i\n nop\n cpsid i" : : : "memory");
	CHECK_EQ(irqs, 1);
	/* WFI ends though masked */
	gic_sgi(3);
	__asm__ volatile("dsb\n wfi" : : : "memory");
	CHECK_EQ(irqs, 1);
	__asm__ volatile("cpsie i\n nop\n cpsid i" : : : "memory");
	CHECK_EQ(irqs, 2);
	context = 0;
}

/* ---- SCTLR.TE, EE, V ---- */

extern char vectors[], thumb_vectors[];

static void test_entry_state(void)
{
	u32 sctlr = read_sctlr();

	context = "TE";
	mcr(p15, 0, c12, c0, 0, (u32)thumb_vectors & ~1u);
	write_sctlr(sctlr | 1u << 30);
	test_kinds();
	write_sctlr(sctlr);
	mcr(p15, 0, c12, c0, 0, (u32)vectors);
}

/* ---- alignment ---- */

static u32 words[4] __attribute__((aligned(16)));

/* The MMU is off: data is Strongly-ordered, and no unaligned access is good. */
static void test_alignment(void)
{
	volatile struct exc *e = &exc[0];
	u32 v;

	context = "alignment";
	CHECK_EQ(FAULTS(__asm__ volatile("ldr %0, [%1, #1]" : "=r"(v) : "r"(words) : "memory")), 1);
	CHECK_EQ(e->kind, K_DABT);
	CHECK_EQ(fsr(e->dfsr), lpae() ? 0x221 : 0x001);
	CHECK_EQ(e->dfar, (u32)words + 1);
	CHECK_EQ(FAULTS(__asm__ volatile("strh %0, [%1, #3]" : : "r"(0), "r"(words) : "memory")), 1);
	CHECK_EQ(fsr(e->dfsr), lpae() ? 0xa21 : 0x801);
	CHECK_EQ(FAULTS(__asm__ volatile("ldrex %0, [%1]" : "=r"(v) : "r"((u32)words + 2) : "memory")), 1);
	CHECK_EQ(FAULTS(__asm__ volatile("ldmia %0, {r2, r3}" : : "r"((u32)words + 2) : "r2", "r3", "memory")), 1);
	CHECK_EQ(FAULTS(__asm__ volatile("ldrd r2, r3, [%0]" : : "r"((u32)words + 2) : "r2", "r3", "memory")), 1);
	CHECK_EQ(FAULTS(__asm__ volatile("ldrb %0, [%1, #3]" : "=r"(v) : "r"(words) : "memory")), 0);
	CHECK_EQ(FAULTS(__asm__ volatile("ldrd r2, r3, [%0]" : : "r"((u32)words + 4) : "r2", "r3", "memory")), 0);
	context = 0;
}

/* What raises nothing: a device takes several words at once (hypervisors have to read the instruction). */
static void test_device_ldm(void)
{
	u32 id0, id1;

	__asm__ volatile("ldmia %2, {r4, r5}\n mov %0, r4\n mov %1, r5"
			 : "=&r"(id0), "=&r"(id1) : "r"(UART + 0xfe0) : "r4", "r5", "memory");
	CHECK_EQ(id0, 0x11);	/* PL011: PeriphID0, 1 (DDI 0183 3.3.16) */
	CHECK_EQ(id1, 0x10);
}

int main(void)
{
	test_kinds();
	test_it();
	test_irq();
	test_entry_state();
	test_device_ldm();
	test_alignment();
	finish();
}
