/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The encoder of the x86-64 back end, form by form with all registers and all
 * shapes of memory operands, against Zydis.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include <Zydis/Zydis.h>

#include "emu/x64/enc.h"

/* ---- what an operand should be ---- */

enum kind { R8B = 1, R16, R32, R64, XMM, MEM, IMM };

struct want {
	enum kind kind;
	unsigned int n;		/* register */
	struct x64_mem mem;
	unsigned int bits;	/* of memory; 0: do not look */
	s64 imm;
};

static u8 bytes[256];
static struct x64_buf buf;
static ZydisDecoder decoder;

static struct x64_buf *fresh(bool avx)
{
	memset(bytes, 0xcc, sizeof(bytes));
	buf = (struct x64_buf){ .p = bytes, .end = bytes + sizeof(bytes), .avx = avx };
	return &buf;
}

static struct want reg(enum kind kind, unsigned int n)
{
	return (struct want){ .kind = kind, .n = n };
}

static struct want gpr(bool w, unsigned int n)
{
	return reg(w ? R64 : R32, n);
}

static struct want mem(struct x64_mem m, unsigned int bits)
{
	return (struct want){ .kind = MEM, .mem = m, .bits = bits };
}

static struct want imm(s64 v)
{
	return (struct want){ .kind = IMM, .imm = v };
}

#define NOTHING ((struct want){ .kind = 0 })

static ZydisRegister reg_of(enum kind kind, unsigned int n)
{
	static const ZydisRegisterClass class[] = {
		[R8B] = ZYDIS_REGCLASS_GPR8, [R16] = ZYDIS_REGCLASS_GPR16, [R32] = ZYDIS_REGCLASS_GPR32,
		[R64] = ZYDIS_REGCLASS_GPR64, [XMM] = ZYDIS_REGCLASS_XMM,
	};

	/* the class of bytes has AH, CH, DH, BH in the middle */
	return ZydisRegisterEncode(class[kind], kind == R8B && n >= 4 ? n + 4 : n);
}

static void check_operand(const ZydisDecodedOperand *op, const struct want *w)
{
	switch (w->kind) {
	case MEM:
		assert_int_equal(op->type, ZYDIS_OPERAND_TYPE_MEMORY);
		assert_int_equal(op->mem.base, reg_of(R64, w->mem.base));
		assert_int_equal(op->mem.index, w->mem.index == X64_NOREG ? ZYDIS_REGISTER_NONE :
				 reg_of(R64, w->mem.index));
		if (w->mem.index != X64_NOREG)
			assert_int_equal(op->mem.scale, 1 << w->mem.scale);
		assert_int_equal(op->mem.disp.value, w->mem.disp);
		if (w->bits)
			assert_int_equal(op->size, w->bits);
		break;
	case IMM:
		assert_int_equal(op->type, ZYDIS_OPERAND_TYPE_IMMEDIATE);
		assert_int_equal(op->imm.value.s, w->imm);
		break;
	default:
		assert_int_equal(op->type, ZYDIS_OPERAND_TYPE_REGISTER);
		assert_int_equal(op->reg.value, reg_of(w->kind, w->n));
	}
}

/* One instruction at @p, which ends where it should; the address behind it. */
static u8 *check_at(u8 *p, const char *name, struct want a, struct want b, struct want c, struct want d)
{
	const struct want *want[] = { &a, &b, &c, &d };
	ZydisDecodedInstruction in;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
	unsigned int n = 0;

	assert_false(buf.full);
	if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, p, buf.p - p, &in, op)))
		fail_msg("%s: not an instruction: %02x %02x %02x %02x %02x %02x", name, p[0], p[1], p[2], p[3], p[4],
			 p[5]);
	assert_string_equal(ZydisMnemonicGetString(in.mnemonic), name);
	for (; n < 4 && want[n]->kind; n++)
		check_operand(&op[n], want[n]);
	assert_int_equal(in.operand_count_visible, n);
	return p + in.length;
}

static void check(const char *name, struct want a, struct want b)
{
	assert_ptr_equal(check_at(bytes, name, a, b, NOTHING, NOTHING), buf.p);
}

static void check3(const char *name, struct want a, struct want b, struct want c)
{
	assert_ptr_equal(check_at(bytes, name, a, b, c, NOTHING), buf.p);
}

/* ---- memory operands: every base with every index, scale and length of displacement ---- */

static const s32 disps[] = { 0, 1, -1, 127, -128, 128, -129, 0x12345678, INT32_MIN };

static bool next_mem(struct x64_mem *m, unsigned int *i)
{
	unsigned int n = (*i)++, index;

	m->disp = disps[n % ARM_ARRAY_SIZE(disps)];
	n /= ARM_ARRAY_SIZE(disps);
	m->base = n % 16;
	n /= 16;
	m->scale = n % 4;
	index = n / 4;
	m->index = index == RSP ? X64_NOREG : index;
	if (m->index == X64_NOREG)
		m->scale = 0;
	return index < 16;
}

#define EACH_MEM(m) for (unsigned int i_ = 0; next_mem(&(m), &i_);)
#define EACH(r) for (unsigned int r = 0; r < 16; r++)
#define EACH_BOOL(w) for (unsigned int w = 0; w < 2; w++)

static const char *const alu_names[] = { "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp" };
static const s32 imms[] = { 0, 1, -1, 127, -128, 128, -129, 0x12345678, INT32_MIN, INT32_MAX };

/* ---- integer ---- */

static void test_int_registers(void **state)
{
	(void)state;
	EACH_BOOL(w) EACH(d) EACH(s) {
		x64_mov(fresh(false), w, d, s);
		check("mov", gpr(w, d), gpr(w, s));
		x64_test(fresh(false), w, d, s);
		check("test", gpr(w, s), gpr(w, d));
		for (unsigned int k = 0; k < 8; k++) {
			x64_alu(fresh(false), k, w, d, s);
			check(alu_names[k], gpr(w, d), gpr(w, s));
		}
		x64_rr(fresh(false), X_0F | 0xaf, w, d, s);
		check("imul", gpr(w, d), gpr(w, s));
		x64_rr(fresh(false), X_0F | X_B | 0xb6, false, d, s);
		check("movzx", reg(R32, d), reg(R8B, s));
		x64_rr(fresh(false), X_0F | X_B | 0xbe, w, d, s);
		check("movsx", gpr(w, d), reg(R8B, s));
		x64_rr(fresh(false), X_0F | 0xb7, false, d, s);
		check("movzx", reg(R32, d), reg(R16, s));
		x64_rr(fresh(false), 0x63, true, d, s);
		check("movsxd", reg(R64, d), reg(R32, s));
		x64_rri8(fresh(false), X_0F | 0xa4, w, d, s, 5);
		check3("shld", gpr(w, s), gpr(w, d), imm(5));
		x64_vex_rr(fresh(true), X_0F38 | 0xf2, w, d, s, 15 - d);
		check3("andn", gpr(w, d), gpr(w, s), gpr(w, 15 - d));
		for (unsigned int cc = 0; cc < 16; cc++) {
			static const char *const names[] = {
				"cmovo", "cmovno", "cmovb", "cmovnb", "cmovz", "cmovnz", "cmovbe", "cmovnbe",
				"cmovs", "cmovns", "cmovp", "cmovnp", "cmovl", "cmovnl", "cmovle", "cmovnle",
			};

			x64_cmov(fresh(false), cc, w, d, s);
			check(names[cc], gpr(w, d), gpr(w, s));
		}
	}
}

static void test_int_immediates(void **state)
{
	static const char *const shifts[] = { "rol", "ror", "rcl", "rcr", "shl", "shr", NULL, "sar" };

	(void)state;
	EACH_BOOL(w) EACH(d) {
		for (unsigned int i = 0; i < ARM_ARRAY_SIZE(imms); i++) {
			for (unsigned int k = 0; k < 8; k++) {
				x64_alu_imm(fresh(false), k, w, d, imms[i]);
				check(alu_names[k], gpr(w, d), imm(imms[i]));
			}
			x64_test_imm(fresh(false), w, d, imms[i]);
			if (imms[i] >= 0 && imms[i] < 128)	/* the byte does */
				check("test", reg(R8B, d), imm(imms[i]));
			else
				check("test", gpr(w, d), imm(imms[i]));
		}
		for (unsigned int k = 0; k < 8; k++) {
			if (!shifts[k])
				continue;
			x64_shift_imm(fresh(false), k, w, d, 5);
			check(shifts[k], gpr(w, d), imm(5));
			x64_shift_cl(fresh(false), k, w, d);
			check(shifts[k], gpr(w, d), reg(R8B, RCX));
		}
	}
}

static void test_mov_imm(void **state)
{
	static const u64 values[] = {
		0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, ~0ULL, ~0ULL << 31, ~0ULL << 32,
		0x7fffffffffffffff, 0x8000000000000000, 0x123456789abcdef0,
	};

	(void)state;
	EACH(d) for (unsigned int i = 0; i < ARM_ARRAY_SIZE(values); i++) {
		u64 v = values[i];

		x64_mov_imm(fresh(false), d, v);
		if (v <= 0xffffffff)	/* 32 bits, and the rest becomes zero */
			check("mov", reg(R32, d), imm((s32)v));
		else
			check("mov", reg(R64, d), imm((s64)v));
	}
}

static void test_setcc(void **state)
{
	static const char *const names[] = {
		"seto", "setno", "setb", "setnb", "setz", "setnz", "setbe", "setnbe",
		"sets", "setns", "setp", "setnp", "setl", "setnl", "setle", "setnle",
	};

	(void)state;
	EACH(d) for (unsigned int cc = 0; cc < 16; cc++) {
		x64_setcc(fresh(false), cc, d);
		check(names[cc], reg(R8B, d), NOTHING);
	}
}

static void test_int_memory(void **state)
{
	struct x64_mem m;

	(void)state;
	EACH_BOOL(w) EACH_MEM(m) {
		unsigned int r = (i_ * 7 + w) % 16, bits = w ? 64 : 32, k = i_ % 8;
		s32 v = imms[i_ % ARM_ARRAY_SIZE(imms)];

		x64_load(fresh(false), w, r, m);
		check("mov", gpr(w, r), mem(m, bits));
		x64_store(fresh(false), w, m, r);
		check("mov", mem(m, bits), gpr(w, r));
		x64_lea(fresh(false), w, r, m);
		check("lea", gpr(w, r), mem(m, 0));
		x64_store_imm(fresh(false), w, m, v);
		check("mov", mem(m, bits), imm(v));
		x64_alu_mem(fresh(false), k, w, r, m);
		check(alu_names[k], gpr(w, r), mem(m, bits));
		x64_alu_mem_imm(fresh(false), k, w, m, v);
		check(alu_names[k], mem(m, bits), imm(v));
		/* forms of lower_mem.c */
		x64_rm(fresh(false), X_B | 0x88, false, r, m);
		check("mov", mem(m, 8), reg(R8B, r));
		x64_rm(fresh(false), X_66 | 0x89, false, r, m);
		check("mov", mem(m, 16), reg(R16, r));
		x64_rm(fresh(false), X_0F | 0xb6, false, r, m);
		check("movzx", reg(R32, r), mem(m, 8));
		x64_rm(fresh(false), X_0F | 0xbf, w, r, m);
		check("movsx", gpr(w, r), mem(m, 16));
		x64_rm(fresh(false), 0x63, true, r, m);
		check("movsxd", reg(R64, r), mem(m, 32));
		x64_u8(fresh(false), 0xf0);
		x64_rm(&buf, X_0F | X_B | 0xb0, false, r, m);
		check("cmpxchg", mem(m, 8), reg(R8B, r));
		x64_u8(fresh(false), 0xf0);
		x64_rm(&buf, X_0F | X_66 | 0xc1, false, r, m);
		check("xadd", mem(m, 16), reg(R16, r));
	}
}

/* ---- jumps ---- */

static void check_jump(u8 *from, const char *name, const u8 *target)
{
	ZydisDecodedInstruction in;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
	ZyanU64 to;

	assert_true(ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, from, buf.p - from, &in, op)));
	assert_string_equal(ZydisMnemonicGetString(in.mnemonic), name);
	assert_true(ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&in, &op[0], (uintptr_t)from, &to)));
	assert_int_equal(to, (uintptr_t)target);
}

static void test_jumps(void **state)
{
	static const char *const names[] = {
		"jo", "jno", "jb", "jnb", "jz", "jnz", "jbe", "jnbe",
		"js", "jns", "jp", "jnp", "jl", "jnl", "jle", "jnle",
	};
	u8 *at;

	(void)state;
	for (unsigned int cc = 0; cc < 16; cc++) {
		at = x64_jcc(fresh(false), cc);
		x64_patch(at, bytes + 100);
		check_jump(bytes, names[cc], bytes + 100);
		x64_jcc_to(fresh(false), cc, bytes);
		check_jump(bytes, names[cc], bytes);
	}
	at = x64_jmp(fresh(false));
	x64_patch(at, bytes + 77);
	check_jump(bytes, "jmp", bytes + 77);
	x64_call_to(fresh(false), bytes + 13);
	check_jump(bytes, "call", bytes + 13);
	EACH(r) {
		x64_rr(fresh(false), 0xff, false, 4, r);
		check("jmp", reg(R64, r), NOTHING);
		x64_rr(fresh(false), 0xff, false, 2, r);
		check("call", reg(R64, r), NOTHING);
	}
}

static void test_alignment(void **state)
{
	(void)state;
	for (unsigned int before = 0; before < 8; before++)
		for (unsigned int len = 1; len < 3; len++) {
			u8 *p, *at;

			fresh(false);
			while ((uintptr_t)buf.p & 7)
				x64_u8(&buf, 0x90);
			for (unsigned int i = 0; i < before; i++)
				x64_u8(&buf, 0x90);
			p = buf.p;
			x64_align_rel32(&buf, len);
			at = len == 1 ? x64_jmp(&buf) : x64_jcc(&buf, CC_E);
			assert_int_equal((uintptr_t)at & 3, 0);
			while (p < at - len)
				p = check_at(p, "nop", *p == 0x0f ? mem(x64_at(RAX, 0), 0) : NOTHING,
					     *p == 0x0f ? reg(R32, RAX) : NOTHING, NOTHING, NOTHING);
			assert_ptr_equal(p, at - len);
		}
}

/* ---- vectors ---- */

struct vop {
	u32 op;
	const char *name, *vex_name;
};

static const struct vop v3_ops[] = {
	{ X_0F | X_66 | 0xfe, "paddd", "vpaddd" }, { X_0F | 0x58, "addps", "vaddps" },
	{ X_0F | X_F3 | 0x58, "addss", "vaddss" }, { X_0F | X_F2 | 0x58, "addsd", "vaddsd" },
	{ X_0F | X_66 | 0x58, "addpd", "vaddpd" }, { X_0F38 | X_66 | 0x00, "pshufb", "vpshufb" },
	{ X_0F38 | X_66 | 0x39, "pminsd", "vpminsd" },
};
static const struct vop v2_ops[] = {
	{ X_0F | 0x28, "movaps", "vmovaps" }, { X_0F | X_F3 | 0x7e, "movq", "vmovq" },
	{ X_0F38 | X_66 | 0x30, "pmovzxbw", "vpmovzxbw" }, { X_0F38 | X_66 | 0x1e, "pabsd", "vpabsd" },
	{ X_0F | X_66 | 0x51, "sqrtpd", "vsqrtpd" },
};

static void check_v3(bool avx, const struct vop *o, unsigned int d, unsigned int a, unsigned int b, struct want last)
{
	u8 *p = bytes;

	if (avx) {
		p = check_at(p, o->vex_name, reg(XMM, d), reg(XMM, a), reg(XMM, b), last);
	} else {
		if (d != a)
			p = check_at(p, "movaps", reg(XMM, d), reg(XMM, a), NOTHING, NOTHING);
		p = check_at(p, o->name, reg(XMM, d), reg(XMM, b), last, NOTHING);
	}
	assert_ptr_equal(p, buf.p);
}

static void test_vectors(void **state)
{
	static const struct vop alignr = { X_0F3A | X_66 | 0x0f, "palignr", "vpalignr" };

	(void)state;
	EACH_BOOL(avx) EACH(d) EACH(a) EACH(b) {
		if (d == b && d != a)
			continue;	/* not allowed: the move would destroy it */
		for (unsigned int k = 0; k < ARM_ARRAY_SIZE(v3_ops); k++) {
			x64_v3(fresh(avx), v3_ops[k].op, d, a, b);
			check_v3(avx, &v3_ops[k], d, a, b, NOTHING);
		}
		x64_v3i(fresh(avx), alignr.op, d, a, b, 7);
		check_v3(avx, &alignr, d, a, b, imm(7));
		if (!avx)
			continue;
		x64_v4(fresh(true), X_0F3A | X_66 | 0x4c, d, a, b, 15 - d);
		assert_ptr_equal(check_at(bytes, "vpblendvb", reg(XMM, d), reg(XMM, a), reg(XMM, b), reg(XMM, 15 - d)),
				 buf.p);
		x64_vex_rr(fresh(true), X_0F38 | X_66 | X_W | 0xb8, false, d, a, b);
		check3("vfmadd231pd", reg(XMM, d), reg(XMM, a), reg(XMM, b));
	}
}

static void test_vectors_two(void **state)
{
	(void)state;
	EACH_BOOL(avx) EACH(d) EACH(s) {
		for (unsigned int k = 0; k < ARM_ARRAY_SIZE(v2_ops); k++) {
			x64_v2(fresh(avx), v2_ops[k].op, d, s);
			check(avx ? v2_ops[k].vex_name : v2_ops[k].name, reg(XMM, d), reg(XMM, s));
		}
		x64_movaps(fresh(avx), d, s);
		check(avx ? "vmovaps" : "movaps", reg(XMM, d), reg(XMM, s));
		x64_v2i(fresh(avx), X_0F | X_66 | 0x70, d, s, 0x1b);
		check3(avx ? "vpshufd" : "pshufd", reg(XMM, d), reg(XMM, s), imm(0x1b));
		x64_v2(fresh(avx), X_0F | X_66 | 0x6e, d, s);
		check(avx ? "vmovd" : "movd", reg(XMM, d), reg(R32, s));
		x64_v2(fresh(false), X_0F | X_66 | X_W | 0x7e, d, s);
		check("movq", reg(R64, s), reg(XMM, d));
		x64_vshift(fresh(avx), X_0F | X_66 | 0x72, 6, d, s, 9);
		if (avx) {
			check3("vpslld", reg(XMM, d), reg(XMM, s), imm(9));
		} else {
			u8 *p = d == s ? bytes : check_at(bytes, "movaps", reg(XMM, d), reg(XMM, s), NOTHING, NOTHING);

			assert_ptr_equal(check_at(p, "pslld", reg(XMM, d), imm(9), NOTHING, NOTHING), buf.p);
		}
	}
}

static void test_vectors_memory(void **state)
{
	struct x64_mem m;

	(void)state;
	EACH_BOOL(avx) EACH_MEM(m) {
		unsigned int r = i_ * 7 % 16;

		x64_vload(fresh(avx), r, m);
		check(avx ? "vmovups" : "movups", reg(XMM, r), mem(m, 128));
		x64_vstore(fresh(avx), m, r);
		check(avx ? "vmovups" : "movups", mem(m, 128), reg(XMM, r));
		x64_v2_mem(fresh(avx), X_0F | X_F3 | 0x7e, r, m);
		check(avx ? "vmovq" : "movq", reg(XMM, r), mem(m, 64));
		x64_v2_mem(fresh(avx), X_0F3A | X_66 | 0x14, r, m);
		x64_u8(&buf, 0);
		check3(avx ? "vpextrb" : "pextrb", mem(m, 8), reg(XMM, r), imm(0));
		if (avx) {
			x64_vex_rm(fresh(true), X_0F | X_66 | 0xd4, false, r, 15 - r, m);
			check3("vpaddq", reg(XMM, r), reg(XMM, 15 - r), mem(m, 128));
		}
	}
}

/* Nothing is written past the end, and the buffer says so. */
static void test_full(void **state)
{
	(void)state;
	for (unsigned int room = 0; room < 40; room++) {
		fresh(true);
		buf.end = bytes + room;
		for (unsigned int i = 0; i < 20; i++) {
			x64_mov_imm(&buf, R9, 0x123456789abcdef0);
			x64_patch(x64_jcc(&buf, CC_E), bytes);
			x64_alu_mem_imm(&buf, ALU_ADD, true, x64_at_index(R12, R13, 3, 0x12345678), 0x12345678);
		}
		assert_true(buf.full);
		for (unsigned int i = room; i < sizeof(bytes); i++)
			assert_int_equal(bytes[i], 0xcc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_int_registers),
		cmocka_unit_test(test_int_immediates),
		cmocka_unit_test(test_mov_imm),
		cmocka_unit_test(test_setcc),
		cmocka_unit_test(test_int_memory),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_vectors_two),
		cmocka_unit_test(test_vectors_memory),
		cmocka_unit_test(test_full),
	};

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
