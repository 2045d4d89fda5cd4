/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of vector operations, those that take a condition, and scalar functions beside them. */
#include "emu/fp/lanes.h"

const vec_fn vec_table[IR_OP_COUNT] = {
#define X(name) [IR_##name] = vec_##name,
#include "emu/fp/vec_ops.def"
#undef X
};

bool emu_cond(unsigned int cond, u32 nzcv)
{
	const bool n = nzcv & PSR_N, z = nzcv & PSR_Z, c = nzcv & PSR_C, v = nzcv & PSR_V;
	const bool holds[8] = { z, c, n, v, c && !z, n == v, n == v && !z, true };

	if (cond >= 14)
		return true;
	return holds[cond >> 1] != (cond & 1);
}

void vec_call_op(const struct ir_insn *in, struct vec_call *vc)
{
	u16 op = in->op;
	bool holds;

	vc->imm = in->imm;
	vc->es = in->es;
	vc->q = in->q;
	vc->w = in->w;
	vc->std = op >= IR_VFADD && op <= IR_ITOF && in->aux == IR_FP_STD;
	if (vc->std)
		vc->fpcr = vec_standard_fpcr(vc->fpcr);
	if (op == IR_VSEL || op == IR_FCCMP) {
		holds = emu_cond(in->aux, (u32)vc->a.d[0]);
		if (op == IR_FCCMP && !holds) {
			vc->res = (struct arm_vreg){ { (in->imm & 15) << 28, 0 } };
			return;
		}
		vc->a = holds ? vc->b : vc->c;	/* VSEL; FCCMP compares b with c */
		vc->b = vc->c;
		vc->imm = in->imm >> 4 & 1;
		op = op == IR_VSEL ? IR_VLOW : IR_FCMP;
	}
	vec_table[op](vc);
}

/* Remainders of the 16 nibbles, bit-reflected polynomials 0x04c11db7 and 0x1edc6f41. */
static const u32 crc_nibble[2][16] = {
	{
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	},
	{
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	},
};

u32 emu_crc32(u32 crc, u64 data, unsigned int bytes, bool castagnoli)
{
	const u32 *t = crc_nibble[castagnoli];
	unsigned int i;

	for (i = 0; i < bytes; i++, data >>= 8) {
		crc ^= (u8)data;
		crc = crc >> 4 ^ t[crc & 15];
		crc = crc >> 4 ^ t[crc & 15];
	}
	return crc;
}
