// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which accesses a load or store makes (DDI 0406C A5.3, A5.5, A6.3, A7.5-A7.7, A8).
 * All addressing is one scheme: a base, an offset added or subtracted, before or
 * after (P, U, W); the instruction sets differ in where they keep it.
 */
#include "arm/mmio_decode.h"

#define PC 15u

/* Bits of an instruction word. */
static u32 field(u32 insn, unsigned int hi, unsigned int lo)
{
	return insn >> lo & (0xffffffffu >> (31 - (hi - lo)));
}

struct address {
	u32 base, offset;
	unsigned int rn;
	bool p, u, w;		/* as in P, U and W; post-indexed ones write back without W */
};

/* The access's address; writeback into @m. */
static u32 resolve(struct mmio_access *m, const struct address *a)
{
	u32 moved = a->u ? a->base + a->offset : a->base - a->offset;

	if (a->w || !a->p) {
		m->writeback = true;
		m->rn = (u8)a->rn;
		m->rn_value = moved;
	}
	return a->p ? moved : a->base;
}

static void clear(struct mmio_access *m)
{
	*m = (struct mmio_access){ .size = 4, .count = 1 };
}

static void add_beat(struct mmio_access *m, unsigned int reg, unsigned int part)
{
	m->reg[m->count] = (u8)reg;
	m->part[m->count] = (u8)part;
	m->count++;
}

/* Writeback to pc is UNPREDICTABLE, and devices want natural alignment (A3.2.1). */
static int finish(const struct mmio_access *m)
{
	return (m->writeback && m->rn == PC) || m->addr % m->size || !m->count ? -EINVAL : 0;
}

/* DDI 0406C A8.4.3, immediate shifts only; RRX needs the carry, which no address has use for. */
static int shifted(u32 val, unsigned int type, unsigned int n, u32 *out)
{
	switch (type) {
	case 0:
		*out = val << n;
		return 0;
	case 1:
		*out = n ? val >> n : 0;
		return 0;
	case 2:
		*out = (u32)((s32)val >> (n ? n : 31));
		return 0;
	}
	*out = n ? val >> n | val << (32 - n) : 0;
	return n ? 0 : -EINVAL;
}

/* What a pc in the base reads as. */
static u32 base_of(const u32 regs[16], unsigned int rn, unsigned int pc_ahead)
{
	return rn == PC ? (regs[PC] + pc_ahead) & ~3u : regs[rn];
}

/* ---- The same in both instruction sets ---- */

/* LDM and STM: the registers of @list, lowest at the lowest address. */
static int multiple(struct mmio_access *m, u32 list, bool load, const struct address *a)
{
	unsigned int r;
	u32 bytes, low;

	m->write = !load;
	m->count = 0;
	for (r = 0; r < 16; r++)
		if (list >> r & 1)
			add_beat(m, r, 0);
	bytes = 4u * m->count;
	low = a->u ? a->base : a->base - bytes;
	/* IA and DB begin at the low end, IB and DA a word above it (A8.8.58 to A8.8.61). */
	m->addr = a->p == a->u ? low + 4 : low;
	if (a->w) {
		m->writeback = true;
		m->rn = (u8)a->rn;
		m->rn_value = a->u ? a->base + bytes : a->base - bytes;
	}
	return finish(m);
}

static int pair(struct mmio_access *m, unsigned int rt, unsigned int rt2, bool load, const struct address *a)
{
	m->write = !load;
	m->addr = resolve(m, a);
	m->count = 0;
	add_beat(m, rt, 0);
	add_beat(m, rt2, 0);
	return rt == PC || rt2 == PC ? -EINVAL : finish(m);
}

/* Doublewords @d..@d+n-1, or single words; both as beats of a word. */
static int vfp_beats(struct mmio_access *m, unsigned int first, unsigned int n, bool dbl)
{
	unsigned int i;

	m->file = dbl ? MMIO_FILE_D : MMIO_FILE_S;
	m->count = 0;
	if (!n || first + n > 32)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		add_beat(m, first + i, 0);
		if (dbl)
			add_beat(m, first + i, 1);
	}
	return finish(m);
}

/* VLDR, VSTR, VLDM, VSTM, VPUSH, VPOP: A7.6, bits 27:0 are those of A32 and T32. */
static int vfp(u32 insn, u32 base, struct mmio_access *m)
{
	bool dbl = insn & 1u << 8, load = insn & 1u << 20;
	bool p = insn & 1u << 24, u = insn & 1u << 23, w = insn & 1u << 21;
	unsigned int vd = field(insn, 15, 12), d = field(insn, 22, 22), imm8 = insn & 0xff;
	unsigned int first = dbl ? d << 4 | vd : vd << 1 | d;
	struct address a = { .base = base, .rn = field(insn, 19, 16), .offset = imm8 * 4, .u = u, .p = true };

	m->write = !load;
	if (p && !w) {
		m->addr = resolve(m, &a);
		return vfp_beats(m, first, 1, dbl);
	}
	/* IA, IA!, DB!; what is left are the 64-bit moves (A7.8). */
	if (p == u)
		return -EINVAL;
	m->addr = u ? base : base - imm8 * 4;
	if (w) {
		m->writeback = true;
		m->rn = (u8)a.rn;
		m->rn_value = u ? base + imm8 * 4 : base - imm8 * 4;
	}
	return vfp_beats(m, first, dbl ? imm8 / 2 : imm8, dbl);
}

/* VLD1 and VST1 of whole registers (A7.7.1); the interleaving ones and lanes are not for devices. */
static int neon(u32 insn, const u32 regs[16], struct mmio_access *m)
{
	static const struct { u8 registers, align; } types[16] = {
		[2] = { 4, 3 }, [6] = { 3, 1 }, [7] = { 1, 1 }, [10] = { 2, 2 },
	};
	unsigned int type = field(insn, 11, 8), n = types[type].registers, rn = field(insn, 19, 16), rm = insn & 15;

	if (insn & 1u << 23 || !n || field(insn, 5, 4) > types[type].align || rn == PC)
		return -EINVAL;
	m->write = !(insn & 1u << 21);
	m->addr = regs[rn];
	if (rm != PC) {
		m->writeback = true;
		m->rn = (u8)rn;
		m->rn_value = regs[rn] + (rm == 13 ? n * 8 : regs[rm]);
	}
	return vfp_beats(m, field(insn, 22, 22) << 4 | field(insn, 15, 12), n, true);
}

/* ---- A32 ---- */

static struct address a32_address(u32 insn, const u32 regs[16])
{
	unsigned int rn = field(insn, 19, 16);

	return (struct address){
		.base = base_of(regs, rn, 8),
		.rn = rn,
		.p = insn & 1u << 24,
		.u = insn & 1u << 23,
		.w = insn & 1u << 21,
	};
}

/* LDR, STR, LDRB, STRB and their T forms (A5.3). */
static int a32_single(u32 insn, const u32 regs[16], struct mmio_access *m)
{
	struct address a = a32_address(insn, regs);

	a.offset = insn & 0xfff;
	if (insn & 1u << 25) {
		if (insn & 1u << 4)
			return -EINVAL;		/* media */
		if (shifted(regs[insn & 15], field(insn, 6, 5), field(insn, 11, 7), &a.offset))
			return -EINVAL;
	}
	m->write = !(insn & 1u << 20);
	m->size = insn & 1u << 22 ? 1 : 4;
	m->reg[0] = (u8)field(insn, 15, 12);
	m->addr = resolve(m, &a);
	return m->reg[0] == PC && m->size == 1 ? -EINVAL : finish(m);
}

/* Halfwords, signed bytes, doublewords (A5.2.8). */
static int a32_extra(u32 insn, const u32 regs[16], struct mmio_access *m)
{
	struct address a = a32_address(insn, regs);
	unsigned int op = field(insn, 6, 5), rt = field(insn, 15, 12);
	bool load = insn & 1u << 20;

	a.offset = insn & 1u << 22 ? field(insn, 11, 8) << 4 | (insn & 15) : regs[insn & 15];
	if (!load && op >= 2)
		return rt & 1 ? -EINVAL : pair(m, rt, rt + 1, op == 2, &a);
	m->write = !load;
	m->size = op == 2 ? 1 : 2;
	m->sign = op >= 2;
	m->reg[0] = (u8)rt;
	m->addr = resolve(m, &a);
	return rt == PC ? -EINVAL : finish(m);
}

int mmio_decode_a32(u32 insn, const u32 regs[16], struct mmio_access *m)
{
	struct address a = a32_address(insn, regs);

	clear(m);
	if (insn >> 28 == 15)
		return field(insn, 27, 24) == 4 && !(insn & 1u << 20) ? neon(insn, regs, m) : -EINVAL;
	switch (field(insn, 27, 25)) {
	case 0:
		return (insn & 0x90) == 0x90 && field(insn, 6, 5) ? a32_extra(insn, regs, m) : -EINVAL;
	case 2:
	case 3:
		return a32_single(insn, regs, m);
	case 4:
		/* With S: another mode's registers, or a return from an exception. */
		return insn & 1u << 22 ? -EINVAL : multiple(m, insn & 0xffff, insn & 1u << 20, &a);
	case 6:
		return field(insn, 11, 9) == 5 ? vfp(insn, a.base, m) : -EINVAL;
	}
	return -EINVAL;
}

/* ---- T16 ---- */

static int t16(u32 insn, const u32 regs[16], struct mmio_access *m)
{
	/* Register offset, by bits 11:9 (A6.2.4): size, load, sign. */
	static const struct { u8 size; bool load, sign; } by_reg[8] = {
		{ 4, 0, 0 }, { 2, 0, 0 }, { 1, 0, 0 }, { 1, 1, 1 },
		{ 4, 1, 0 }, { 2, 1, 0 }, { 1, 1, 0 }, { 2, 1, 1 },
	};
	unsigned int op = field(insn, 15, 12), rn = field(insn, 5, 3), imm5 = field(insn, 10, 6);
	struct address a = { .p = true, .u = true };

	m->write = !(insn & 1u << 11);
	m->reg[0] = insn & 7;
	switch (op) {
	case 4:			/* LDR (literal); 010000 to 010001 are no loads */
		if (!(insn & 1u << 11))
			return -EINVAL;
		m->reg[0] = (u8)field(insn, 10, 8);
		m->addr = base_of(regs, PC, 4) + (insn & 0xff) * 4;
		return finish(m);
	case 5:
		m->size = by_reg[field(insn, 11, 9)].size;
		m->write = !by_reg[field(insn, 11, 9)].load;
		m->sign = by_reg[field(insn, 11, 9)].sign;
		m->addr = regs[rn] + regs[field(insn, 8, 6)];
		return finish(m);
	case 6:
	case 7:
	case 8:
		m->size = op == 6 ? 4 : op == 7 ? 1 : 2;
		m->addr = regs[rn] + imm5 * m->size;
		return finish(m);
	case 9:
		m->reg[0] = (u8)field(insn, 10, 8);
		m->addr = regs[13] + (insn & 0xff) * 4;
		return finish(m);
	case 11:		/* PUSH, POP */
		if (field(insn, 10, 9) != 2)
			return -EINVAL;
		a = (struct address){ .base = regs[13], .rn = 13, .w = true,
				      .u = !m->write, .p = m->write };
		return multiple(m, (insn & 0xff) | (insn & 1u << 8 ? 1u << (m->write ? 14 : 15) : 0),
				!m->write, &a);
	case 12:		/* LDM does not write back a base that it loads (A8.8.58) */
		rn = field(insn, 10, 8);
		a = (struct address){ .base = regs[rn], .rn = rn, .u = true, .p = false,
				      .w = m->write || !(insn >> rn & 1) };
		return multiple(m, insn & 0xff, !m->write, &a);
	}
	return -EINVAL;
}

/* ---- T32 ---- */

/* LDR, STR and narrower (A6.3.7 to A6.3.10): bits 24 and 22:21 give sign and size. */
static int t32_single(u32 insn, const u32 regs[16], struct mmio_access *m)
{
	unsigned int rn = field(insn, 19, 16), rt = field(insn, 15, 12), size = field(insn, 22, 21);
	struct address a = { .base = base_of(regs, rn, 4), .rn = rn, .p = true, .u = true };

	if (size == 3)
		return -EINVAL;
	m->write = !(insn & 1u << 20);
	m->sign = insn & 1u << 24;
	m->size = (u8)(1u << size);
	m->reg[0] = (u8)rt;
	/* Stores relative to pc are UNDEFINED. */
	if ((m->sign && (m->write || size == 2)) || (m->write && rn == PC))
		return -EINVAL;
	if (rn == PC) {
		a.u = insn & 1u << 23;
		a.offset = insn & 0xfff;
	} else if (insn & 1u << 23) {
		a.offset = insn & 0xfff;
	} else if (insn & 1u << 11) {		/* imm8 with P, U, W; P and U alone: LDRT and its like */
		a.offset = insn & 0xff;
		a.p = insn & 1u << 10;
		a.u = insn & 1u << 9;
		a.w = insn & 1u << 8;
		if (!a.p && !a.w)
			return -EINVAL;
	} else if (!field(insn, 10, 6)) {
		a.offset = regs[insn & 15] << field(insn, 5, 4);
	} else {
		return -EINVAL;
	}
	m->addr = resolve(m, &a);
	/* Rt 15: a preload but for words, which jump. */
	return rt == PC && (m->write || size != 2) ? -EINVAL : finish(m);
}

/* LDM, STM, LDRD, STRD (A6.3.5, A6.3.6); exclusives, table branches, SRS and RFE are not for devices. */
static int t32_multiple(u32 insn, const u32 regs[16], struct mmio_access *m)
{
	unsigned int rn = field(insn, 19, 16);
	bool load = insn & 1u << 20, p = insn & 1u << 24, u = insn & 1u << 23, w = insn & 1u << 21;
	struct address a = { .base = base_of(regs, rn, 4), .rn = rn, .p = p, .u = u, .w = w };

	if (insn & 1u << 22) {
		a.offset = (insn & 0xff) * 4;
		return p || w ? pair(m, field(insn, 15, 12), field(insn, 11, 8), load, &a) : -EINVAL;
	}
	if (p == u)
		return -EINVAL;
	return multiple(m, insn & 0xffff, load, &a);
}

int mmio_decode_t32(u32 insn, bool wide, const u32 regs[16], struct mmio_access *m)
{
	clear(m);
	if (!wide)
		return t16(insn, regs, m);
	if (field(insn, 31, 25) == 0x74)
		return t32_multiple(insn, regs, m);
	if (field(insn, 31, 25) == 0x76 && field(insn, 11, 9) == 5)
		return vfp(insn, base_of(regs, field(insn, 19, 16), 4), m);
	if (field(insn, 31, 24) == 0xf9 && !(insn & 1u << 20))
		return neon(insn, regs, m);
	if (field(insn, 31, 25) == 0x7c)
		return t32_single(insn, regs, m);
	return -EINVAL;
}
