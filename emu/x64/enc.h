/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The x86-64 encoder: one inline function per form, opcodes as numbers that
 * carry their prefix and map.  It checks nothing: the lowering hands it legal
 * operands, and tests/unit/test_x64_enc.c decodes every form with Zydis.
 */
#ifndef EMU_X64_ENC_H
#define EMU_X64_ENC_H

#include <string.h>

#include "arm/base.h"

enum x64_reg {
	RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI,
	R8, R9, R10, R11, R12, R13, R14, R15,
	X64_NOREG = 0xff,
};

/* Condition codes of Jcc, SETcc, CMOVcc. */
enum x64_cc {
	CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A,
	CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G,
};

/* Opcode: low byte the opcode, then flags for prefix and map. */
#define X_0F 0x0100u
#define X_0F38 0x0200u
#define X_0F3A 0x0300u
#define X_MAP 0x0300u
#define X_66 0x1000u
#define X_F3 0x2000u
#define X_F2 0x3000u
#define X_PP 0x3000u
#define X_W 0x4000u	/* REX.W / VEX.W always */
#define X_B 0x8000u	/* r is a byte register: needs REX for SIL.. */

/* base + index * (1 << scale) + disp; base RSP and R12 are fine; index not RSP. */
struct x64_mem {
	u8 base, index, scale;
	s32 disp;
};

/*
 * Where code goes.  @p writes through the writable mapping; the same byte is
 * executed at p + @exec.
 */
struct x64_buf {
	u8 *p, *end;
	ptrdiff_t exec;
	bool full;		/* something did not fit: discard everything */
	bool avx;		/* the host has AVX */
};

static inline struct x64_mem x64_at(unsigned int base, s32 disp)
{
	return (struct x64_mem){ .base = base, .index = X64_NOREG, .disp = disp };
}

static inline struct x64_mem x64_at_index(unsigned int base, unsigned int index, unsigned int scale, s32 disp)
{
	return (struct x64_mem){ .base = base, .index = index, .scale = scale, .disp = disp };
}

#define X64_MAX_INSN 24

static inline bool x64_room(struct x64_buf *e)
{
	if (e->end - e->p < X64_MAX_INSN)
		e->full = true;
	return !e->full;
}

static inline void x64_u8(struct x64_buf *e, u8 v)
{
	if (x64_room(e))
		*e->p++ = v;
}

static inline void x64_u32(struct x64_buf *e, u32 v)
{
	if (x64_room(e)) {
		memcpy(e->p, &v, 4);
		e->p += 4;
	}
}

static inline void x64_u64(struct x64_buf *e, u64 v)
{
	if (x64_room(e)) {
		memcpy(e->p, &v, 8);
		e->p += 8;
	}
}

static inline u8 *x64_put_modrm_mem(u8 *p, unsigned int r, struct x64_mem m)
{
	unsigned int rb = m.base & 7, mod;

	if (m.disp == 0 && rb != 5)
		mod = 0;
	else if (m.disp == (s8)m.disp)
		mod = 1;
	else
		mod = 2;
	if (m.index != X64_NOREG || rb == 4) {
		unsigned int ri = m.index == X64_NOREG ? 4 : m.index & 7;

		*p++ = mod << 6 | (r & 7) << 3 | 4;
		*p++ = m.scale << 6 | ri << 3 | rb;
	} else {
		*p++ = mod << 6 | (r & 7) << 3 | rb;
	}
	if (mod == 1) {
		*p++ = m.disp;
	} else if (mod == 2) {
		memcpy(p, &m.disp, 4);
		p += 4;
	}
	return p;
}

/* Prefixes, REX and opcode. */
static inline u8 *x64_put_op(u8 *p, u32 op, bool w, unsigned int r, unsigned int x, unsigned int b, bool rm_byte)
{
	static const u8 pp[] = { 0, 0x66, 0xf3, 0xf2 };
	unsigned int rex = (w || (op & X_W) ? 8 : 0) | (r >> 3 & 1) << 2 | (x >> 3 & 1) << 1 | (b >> 3 & 1);

	if (op & X_PP)
		*p++ = pp[(op & X_PP) >> 12];
	if (rex || ((op & X_B) && ((r >= 4 && r < 8) || (rm_byte && b >= 4 && b < 8))))
		*p++ = 0x40 | rex;
	if (op & X_MAP)
		*p++ = 0x0f;
	if ((op & X_MAP) == X_0F38)
		*p++ = 0x38;
	else if ((op & X_MAP) == X_0F3A)
		*p++ = 0x3a;
	*p++ = op;
	return p;
}

/* op r, rm (or rm, r: as the opcode says) with both in registers. */
static inline void x64_rr(struct x64_buf *e, u32 op, bool w, unsigned int r, unsigned int rm)
{
	if (!x64_room(e))
		return;
	e->p = x64_put_op(e->p, op, w, r, 0, rm, true);
	*e->p++ = 0xc0 | (r & 7) << 3 | (rm & 7);
}

static inline void x64_rm(struct x64_buf *e, u32 op, bool w, unsigned int r, struct x64_mem m)
{
	if (!x64_room(e))
		return;
	e->p = x64_put_op(e->p, op, w, r, m.index == X64_NOREG ? 0 : m.index, m.base, false);
	e->p = x64_put_modrm_mem(e->p, r, m);
}

static inline void x64_rri8(struct x64_buf *e, u32 op, bool w, unsigned int r, unsigned int rm, u8 imm)
{
	x64_rr(e, op, w, r, rm);
	x64_u8(e, imm);
}

/* VEX: op d, v, rm.  @l: 256 bits (never used so far: 0). */
static inline u8 *x64_put_vex(u8 *p, u32 op, bool w, unsigned int r, unsigned int v, unsigned int x, unsigned int b)
{
	unsigned int map = (op & X_MAP) >> 8, pp = (op & X_PP) >> 12;

	w = w || (op & X_W);
	if (map == 1 && !w && x < 8 && b < 8) {
		*p++ = 0xc5;
		*p++ = (r < 8) << 7 | (~v & 15) << 3 | pp;
	} else {
		*p++ = 0xc4;
		*p++ = (r < 8) << 7 | (x < 8) << 6 | (b < 8) << 5 | map;
		*p++ = w << 7 | (~v & 15) << 3 | pp;
	}
	*p++ = op;
	return p;
}

static inline void x64_vex_rr(struct x64_buf *e, u32 op, bool w, unsigned int d, unsigned int v, unsigned int rm)
{
	if (!x64_room(e))
		return;
	e->p = x64_put_vex(e->p, op, w, d, v, 0, rm);
	*e->p++ = 0xc0 | (d & 7) << 3 | (rm & 7);
}

static inline void x64_vex_rm(struct x64_buf *e, u32 op, bool w, unsigned int d, unsigned int v, struct x64_mem m)
{
	if (!x64_room(e))
		return;
	e->p = x64_put_vex(e->p, op, w, d, v, m.index == X64_NOREG ? 0 : m.index, m.base);
	e->p = x64_put_modrm_mem(e->p, d, m);
}

/* ---- integer ---- */

enum x64_alu { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };

static inline void x64_mov(struct x64_buf *e, bool w, unsigned int d, unsigned int s)
{
	x64_rr(e, 0x8b, w, d, s);
}

static inline void x64_alu(struct x64_buf *e, enum x64_alu k, bool w, unsigned int d, unsigned int s)
{
	x64_rr(e, 0x03 | k << 3, w, d, s);
}

static inline void x64_alu_mem(struct x64_buf *e, enum x64_alu k, bool w, unsigned int d, struct x64_mem m)
{
	x64_rm(e, 0x03 | k << 3, w, d, m);
}

static inline void x64_alu_imm(struct x64_buf *e, enum x64_alu k, bool w, unsigned int d, s32 imm)
{
	if (imm == (s8)imm) {
		x64_rr(e, 0x83, w, k, d);
		x64_u8(e, imm);
	} else {
		x64_rr(e, 0x81, w, k, d);
		x64_u32(e, imm);
	}
}

/* cmp/add... dword or qword [m], imm */
static inline void x64_alu_mem_imm(struct x64_buf *e, enum x64_alu k, bool w, struct x64_mem m, s32 imm)
{
	if (imm == (s8)imm) {
		x64_rm(e, 0x83, w, k, m);
		x64_u8(e, imm);
	} else {
		x64_rm(e, 0x81, w, k, m);
		x64_u32(e, imm);
	}
}

static inline void x64_mov_imm(struct x64_buf *e, unsigned int d, u64 imm)
{
	if (imm <= 0xffffffffu) {
		if (!x64_room(e))
			return;
		if (d >= 8)
			*e->p++ = 0x41;
		*e->p++ = 0xb8 | (d & 7);
		x64_u32(e, imm);
	} else if ((s64)imm == (s32)imm) {
		x64_rr(e, 0xc7, true, 0, d);
		x64_u32(e, imm);
	} else {
		if (!x64_room(e))
			return;
		*e->p++ = 0x48 | (d >= 8);
		*e->p++ = 0xb8 | (d & 7);
		x64_u64(e, imm);
	}
}

static inline void x64_load(struct x64_buf *e, bool w, unsigned int d, struct x64_mem m)
{
	x64_rm(e, 0x8b, w, d, m);
}

static inline void x64_store(struct x64_buf *e, bool w, struct x64_mem m, unsigned int s)
{
	x64_rm(e, 0x89, w, s, m);
}

static inline void x64_store_imm(struct x64_buf *e, bool w, struct x64_mem m, s32 imm)
{
	x64_rm(e, 0xc7, w, 0, m);
	x64_u32(e, imm);
}

static inline void x64_lea(struct x64_buf *e, bool w, unsigned int d, struct x64_mem m)
{
	x64_rm(e, 0x8d, w, d, m);
}

enum x64_shift { SHIFT_ROL, SHIFT_ROR, SHIFT_RCL, SHIFT_RCR, SHIFT_SHL, SHIFT_SHR, SHIFT_SAR = 7 };

static inline void x64_shift_imm(struct x64_buf *e, enum x64_shift k, bool w, unsigned int d, u8 n)
{
	x64_rr(e, 0xc1, w, k, d);
	x64_u8(e, n);
}

static inline void x64_shift_cl(struct x64_buf *e, enum x64_shift k, bool w, unsigned int d)
{
	x64_rr(e, 0xd3, w, k, d);
}

/* test d, imm32 */
static inline void x64_test_imm(struct x64_buf *e, bool w, unsigned int d, s32 imm)
{
	if (imm >= 0 && imm < 128) {
		x64_rr(e, 0xf6 | X_B, false, 0, d);
		x64_u8(e, imm);
	} else {
		x64_rr(e, 0xf7, w, 0, d);
		x64_u32(e, imm);
	}
}

static inline void x64_test(struct x64_buf *e, bool w, unsigned int a, unsigned int b)
{
	x64_rr(e, 0x85, w, a, b);
}

static inline void x64_setcc(struct x64_buf *e, enum x64_cc cc, unsigned int d)
{
	x64_rr(e, X_0F | X_B | 0x90 | cc, false, 0, d);
}

static inline void x64_cmov(struct x64_buf *e, enum x64_cc cc, bool w, unsigned int d, unsigned int s)
{
	x64_rr(e, X_0F | 0x40 | cc, w, d, s);
}

/* ---- jumps: a jump to a place not yet known returns the address of its rel32 ---- */

static inline u8 *x64_jcc(struct x64_buf *e, enum x64_cc cc)
{
	if (!x64_room(e))
		return NULL;
	*e->p++ = 0x0f;
	*e->p++ = 0x80 | cc;
	x64_u32(e, 0);
	return e->p - 4;
}

static inline u8 *x64_jmp(struct x64_buf *e)
{
	if (!x64_room(e))
		return NULL;
	*e->p++ = 0xe9;
	x64_u32(e, 0);
	return e->p - 4;
}

/* Point the rel32 at @at to @target (both in the writable mapping). */
static inline void x64_patch(u8 *at, const u8 *target)
{
	if (at) {
		s32 rel = target - (at + 4);

		__atomic_store_n((s32 *)at, rel, __ATOMIC_RELEASE);
	}
}

static inline void x64_jmp_to(struct x64_buf *e, const u8 *target)
{
	u8 *at = x64_jmp(e);

	x64_patch(at, target);
}

static inline void x64_jcc_to(struct x64_buf *e, enum x64_cc cc, const u8 *target)
{
	u8 *at = x64_jcc(e, cc);

	x64_patch(at, target);
}

static inline void x64_call_to(struct x64_buf *e, const u8 *target)
{
	if (!x64_room(e))
		return;
	*e->p++ = 0xe8;
	x64_u32(e, 0);
	x64_patch(e->p - 4, target);
}

/* No-operations until the rel32 of a jump whose opcode has @opcode_len bytes is 4-byte aligned. */
static inline void x64_align_rel32(struct x64_buf *e, unsigned int opcode_len)
{
	static const u8 nops[4][3] = { { 0 }, { 0x90 }, { 0x66, 0x90 }, { 0x0f, 0x1f, 0x00 } };
	unsigned int n = -((uintptr_t)e->p + opcode_len) & 3;

	if (x64_room(e)) {
		memcpy(e->p, nops[n], n);
		e->p += n;
	}
}

/* ---- SSE / AVX ---- */

/* d = op(a, b): VEX where the host has it, else a move and the two-operand form.  d != b unless d == a. */
static inline void x64_v3(struct x64_buf *e, u32 op, unsigned int d, unsigned int a, unsigned int b)
{
	if (e->avx) {
		x64_vex_rr(e, op, false, d, a, b);
	} else {
		if (d != a)
			x64_rr(e, X_0F | 0x28, false, d, a);	/* movaps */
		x64_rr(e, op, false, d, b);
	}
}

/* d = op(s), no third operand. */
static inline void x64_v2(struct x64_buf *e, u32 op, unsigned int d, unsigned int s)
{
	if (e->avx)
		x64_vex_rr(e, op, false, d, 0, s);
	else
		x64_rr(e, op, false, d, s);
}

static inline void x64_v2_mem(struct x64_buf *e, u32 op, unsigned int d, struct x64_mem m)
{
	if (e->avx)
		x64_vex_rm(e, op, false, d, 0, m);
	else
		x64_rm(e, op, false, d, m);
}

/* The two above with an immediate byte. */
static inline void x64_v3i(struct x64_buf *e, u32 op, unsigned int d, unsigned int a, unsigned int b, u8 imm)
{
	x64_v3(e, op, d, a, b);
	x64_u8(e, imm);
}

static inline void x64_v2i(struct x64_buf *e, u32 op, unsigned int d, unsigned int s, u8 imm)
{
	x64_v2(e, op, d, s);
	x64_u8(e, imm);
}

/* d = a shifted by an immediate: the group opcode @op with /@ext. */
static inline void x64_vshift(struct x64_buf *e, u32 op, unsigned int ext, unsigned int d, unsigned int a, u8 imm)
{
	if (e->avx) {
		x64_vex_rr(e, op, false, ext, d, a);
	} else {
		if (d != a)
			x64_rr(e, X_0F | 0x28, false, d, a);	/* movaps */
		x64_rr(e, op, false, ext, d);
	}
	x64_u8(e, imm);
}

/* VEX only: d = op(a, b, m), m in the top of an immediate byte. */
static inline void x64_v4(struct x64_buf *e, u32 op, unsigned int d, unsigned int a, unsigned int b, unsigned int m)
{
	x64_vex_rr(e, op, false, d, a, b);
	x64_u8(e, m << 4);
}

static inline void x64_movaps(struct x64_buf *e, unsigned int d, unsigned int s)
{
	x64_v2(e, X_0F | 0x28, d, s);
}

static inline void x64_vload(struct x64_buf *e, unsigned int d, struct x64_mem m)
{
	x64_v2_mem(e, X_0F | 0x10, d, m);	/* movups */
}

static inline void x64_vstore(struct x64_buf *e, struct x64_mem m, unsigned int s)
{
	x64_v2_mem(e, X_0F | 0x11, s, m);
}

#endif
