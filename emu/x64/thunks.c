// SPDX-License-Identifier: GPL-2.0-only
/* The few pieces of code between translated code and C, and host features. */
#include <cpuid.h>

#include "emu/x64/glue.h"
#include "emu/x64/jit.h"

static const struct { u64 lo, hi; } const_data[] = {
#define X(name, lo, hi) { lo, hi },
	JIT_CONSTS(X)
#undef X
};

void jit_v_const(struct jit_ctx *c, u32 op, unsigned int d, unsigned int a, enum jit_const k)
{
	struct x64_buf *e = &c->e;
	const u8 *at = c->jit->thunks.consts + 16 * k;
	u8 *start;

	if (!e->avx && d != a)
		x64_movaps(e, d, a);
	start = e->p;
	if (e->avx)
		x64_vex_rr(e, op, false, d, a, RBP);
	else
		x64_rr(e, op, false, d, RBP);
	if (e->full || e->p == start)
		return;
	e->p[-1] &= 0x3f;		/* mod 0, rm 5: RIP-relative */
	x64_u32(e, 0);
	if (!e->full)
		x64_patch(e->p - 4, at);
}

static void save_all(struct x64_buf *e, s32 at)
{
	for (unsigned int r = 0; r < 16; r++)
		if (r != RSP)
			x64_store(e, true, x64_at(RSP, at + 8 * r), r);
	for (unsigned int r = 0; r < VS0; r++)
		x64_vstore(e, x64_at(RSP, at + offsetof(struct jit_save, xmm) + 16 * r), r);
}

static void restore_all(struct x64_buf *e, s32 at)
{
	for (unsigned int r = 0; r < 16; r++)
		if (r != RSP && r != JIT_STATE && r != JIT_TLB)
			x64_load(e, true, r, x64_at(RSP, at + 8 * r));
	for (unsigned int r = 0; r < VS0; r++)
		x64_vload(e, r, x64_at(RSP, at + offsetof(struct jit_save, xmm) + 16 * r));
}

static void emit_c_call(struct x64_buf *e, uintptr_t fn)
{
	x64_mov_imm(e, RAX, fn);
	x64_rr(e, 0xff, false, 2, RAX);
}

static const u8 callee_saved[] = { RBX, RBP, R12, R13, R14, R15 };

static void emit_load_tlb(struct x64_buf *e)
{
	x64_load(e, true, JIT_TLB, JIT_VCPU(tlb));
	if (TLB_BIAS)
		x64_alu_imm(e, ALU_ADD, true, JIT_TLB, TLB_BIAS);
}

/* int enter(vcpu RDI, code RSI).  Six pushes and the return address: RSP is 8 off 16 before the frame. */
static void emit_enter(struct x64_buf *e)
{
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(callee_saved); i++) {
		if (callee_saved[i] >= 8)
			x64_u8(e, 0x41);
		x64_u8(e, 0x50 | (callee_saved[i] & 7));
	}
	x64_alu_imm(e, ALU_SUB, true, RSP, JIT_FRAME + 8);
	x64_lea(e, true, JIT_STATE, x64_at(RDI, JIT_BIAS));
	emit_load_tlb(e);
	x64_rm(e, X_0F | 0xae, false, 2, JIT_VCPU(mxcsr));	/* ldmxcsr */
	x64_rr(e, 0xff, false, 4, RSI);				/* jmp rsi */
}

/* MXCSR of C: everything masked, nearest. */
static void emit_host_mxcsr(struct x64_buf *e)
{
	x64_rm(e, X_0F | 0xae, false, 3, JIT_VCPU(mxcsr));	/* stmxcsr */
	x64_rm(e, X_0F | 0xae, false, 2, JIT_VCPU(host_mxcsr));
}

static void emit_guest_mxcsr(struct x64_buf *e)
{
	x64_rm(e, X_0F | 0xae, false, 2, JIT_VCPU(mxcsr));
}

/* EAX = result; back to the caller of enter. */
static void emit_leave(struct x64_buf *e)
{
	x64_rm(e, X_0F | 0xae, false, 3, JIT_VCPU(mxcsr));
	x64_rm(e, X_0F | 0xae, false, 2, JIT_VCPU(host_mxcsr));
	x64_alu_imm(e, ALU_ADD, true, RSP, JIT_FRAME + 8);
	for (unsigned int i = ARM_ARRAY_SIZE(callee_saved); i-- > 0;) {
		if (callee_saved[i] >= 8)
			x64_u8(e, 0x41);
		x64_u8(e, 0x58 | (callee_saved[i] & 7));
	}
	x64_u8(e, 0xc3);
}

/*
 * The slow path of a memory operation: all registers to the save area, C does
 * the access, puts results into the save area, and says whether to go on.
 */
static u8 *emit_slow(struct x64_buf *e, const u8 *leave)
{
	u8 *at = e->p, *raised;

	save_all(e, JIT_SAVE + 8);
	emit_host_mxcsr(e);
	x64_lea(e, true, RDI, x64_at(JIT_STATE, -JIT_BIAS));
	x64_lea(e, true, RSI, x64_at(RSP, JIT_SAVE + 8));
	x64_load(e, true, RDX, x64_at(RSP, 0));
	x64_load(e, false, RDX, x64_at(RDX, 0));
	x64_alu_imm(e, ALU_SUB, true, RSP, 8);
	emit_c_call(e, (uintptr_t)jit_slow);
	x64_alu_imm(e, ALU_ADD, true, RSP, 8);
	x64_test(e, false, RAX, RAX);
	raised = x64_jcc(e, CC_NE);
	emit_guest_mxcsr(e);
	restore_all(e, JIT_SAVE + 8);
	x64_alu_mem_imm(e, ALU_ADD, true, x64_at(RSP, 0), 4);
	x64_u8(e, 0xc3);
	x64_patch(raised, e->p);
	emit_guest_mxcsr(e);
	x64_alu_imm(e, ALU_ADD, true, RSP, 8);
	x64_jmp_to(e, leave);
	return at;
}

/* An exit that is not linked: C brings the state to memory. */
static u8 *emit_exit(struct x64_buf *e, const u8 *leave)
{
	u8 *at = e->p;

	x64_u8(e, 0x9c);					/* pushfq, for the image */
	x64_u8(e, 0x8f);					/* pop [save.flags] */
	x64_u8(e, 0x85);
	x64_u32(e, JIT_OFF(host_flags));
	save_all(e, JIT_SAVE + 8);
	emit_host_mxcsr(e);
	x64_lea(e, true, RDI, x64_at(JIT_STATE, -JIT_BIAS));
	x64_lea(e, true, RSI, x64_at(RSP, JIT_SAVE + 8));
	x64_load(e, true, RDX, x64_at(RSP, 0));
	x64_load(e, false, RDX, x64_at(RDX, 0));
	x64_alu_imm(e, ALU_SUB, true, RSP, 8);
	emit_c_call(e, (uintptr_t)jit_exit);
	x64_alu_imm(e, ALU_ADD, true, RSP, 16);
	emit_guest_mxcsr(e);
	x64_jmp_to(e, leave);
	return at;
}

/* Helper number behind the call; arguments RAX, RCX, RDX.  It may have changed vcpu->tlb. */
static u8 *emit_call(struct x64_buf *e)
{
	u8 *at = e->p;

	emit_host_mxcsr(e);
	x64_load(e, true, R8, x64_at(RSP, 0));
	x64_load(e, false, R8, x64_at(R8, 0));
	x64_alu_mem_imm(e, ALU_ADD, true, x64_at(RSP, 0), 4);
	x64_lea(e, true, RDI, x64_at(JIT_STATE, -JIT_BIAS));
	x64_mov(e, true, RSI, RAX);
	x64_rr(e, 0x87, true, RDX, RCX);			/* xchg: b in RDX, c in RCX */
	x64_alu_imm(e, ALU_SUB, true, RSP, 8);
	emit_c_call(e, (uintptr_t)jit_helper);
	x64_alu_imm(e, ALU_ADD, true, RSP, 8);
	emit_guest_mxcsr(e);
	emit_load_tlb(e);
	x64_u8(e, 0xc3);
	return at;
}

/* struct ir_insn in RAX; operands in vcpu->scratch. */
static u8 *emit_vec(struct x64_buf *e)
{
	u8 *at = e->p;

	emit_host_mxcsr(e);
	x64_lea(e, true, RDI, x64_at(JIT_STATE, -JIT_BIAS));
	x64_mov(e, true, RSI, RAX);
	x64_alu_imm(e, ALU_SUB, true, RSP, 8);
	emit_c_call(e, (uintptr_t)jit_vec);
	x64_alu_imm(e, ALU_ADD, true, RSP, 8);
	emit_guest_mxcsr(e);
	x64_u8(e, 0xc3);
	return at;
}

/* struct jit_rare in RAX. */
static u8 *emit_rare(struct x64_buf *e)
{
	u8 *at = e->p;

	save_all(e, JIT_SAVE + 8);
	emit_host_mxcsr(e);
	x64_lea(e, true, RDI, x64_at(JIT_STATE, -JIT_BIAS));
	x64_lea(e, true, RSI, x64_at(RSP, JIT_SAVE + 8));
	x64_mov(e, true, RDX, RAX);
	x64_alu_imm(e, ALU_SUB, true, RSP, 8);
	emit_c_call(e, (uintptr_t)jit_redo);
	x64_alu_imm(e, ALU_ADD, true, RSP, 8);
	emit_guest_mxcsr(e);
	restore_all(e, JIT_SAVE + 8);
	x64_u8(e, 0xc3);
	return at;
}

void jit_thunks_emit(struct jit *jit, struct x64_buf *e)
{
	struct jit_thunks *t = &jit->thunks;
	u8 *leave;

	t->consts = e->p;
	memcpy(e->p, const_data, sizeof(const_data));
	e->p += sizeof(const_data);
#define EXEC(p) ((p) + e->exec)
	t->enter = EXEC(e->p);
	emit_enter(e);
	t->miss = EXEC(e->p);
	x64_store(e, true, JIT_VCPU(st.pc), RAX);
	x64_mov_imm(e, RAX, JIT_MISS);
	leave = e->p;
	emit_leave(e);
	t->indirect = EXEC(e->p);
	x64_store(e, true, JIT_VCPU(st.pc), RAX);
	x64_mov_imm(e, RAX, JIT_INDIRECT);
	x64_jmp_to(e, leave);
	t->leave = EXEC(e->p);
	x64_mov_imm(e, RAX, JIT_LEFT);
	x64_jmp_to(e, leave);
	t->slow = EXEC(emit_slow(e, leave));
	t->exit = EXEC(emit_exit(e, leave));
	t->call = EXEC(emit_call(e));
	t->vec = EXEC(emit_vec(e));
	t->rare = EXEC(emit_rare(e));
#undef EXEC
}

void jit_host_detect(struct jit_host *h)
{
	unsigned int a, b, c, d, xcr0 = 0;
	bool osxsave, ymm;

	*h = (struct jit_host){ 0 };
	if (!__get_cpuid(1, &a, &b, &c, &d))
		return;
	osxsave = c & bit_OSXSAVE;
	if (osxsave) {
		unsigned int hi;

		__asm__("xgetbv" : "=a"(xcr0), "=d"(hi) : "c"(0));
	}
	ymm = (xcr0 & 6) == 6;
	h->avx = ymm && (c & bit_AVX);
	h->fma = h->avx && (c & bit_FMA);
	h->f16c = h->avx && (c & bit_F16C);
	h->aes = c & bit_AES;
	h->pclmul = c & bit_PCLMUL;
	h->movbe = c & bit_MOVBE;
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
		h->avx2 = h->avx && (b & bit_AVX2);
		h->bmi1 = h->avx && (b & bit_BMI);	/* VEX-coded: needs the AVX state */
		h->bmi2 = h->avx && (b & bit_BMI2);
		h->sha = b & bit_SHA;
		h->avx512vl = h->avx && (xcr0 & 0xe6) == 0xe6 && (b & bit_AVX512F) && (b & bit_AVX512VL) &&
			      (b & bit_AVX512BW) && (b & bit_AVX512DQ);
	}
	if (__get_cpuid(0x80000001, &a, &b, &c, &d))
		h->lzcnt = c & (1u << 5);
}
