/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interpreter on blocks made by hand, with a memory of one page and helpers
 * that note who called.  Both take the place of the emulator's own: a static
 * library is not asked for what the program defines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "emu/cpu/helpers.h"
#include "emu/fp/softfloat.h"
#include "emu/interp/interp.h"
#include "emu/run/mem.h"

#define PC 0xffff000012340000ULL
#define MEM 0x10000ULL		/* guest address of the page */

static struct emu_vcpu cpu;
static struct ir_block blk;

static u64 seed = 0x853c49e6748fea9b;

static u64 next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Values with many carries and sign changes. */
static u64 next_value(void)
{
	static const u64 edge[] = { 0, 1, 2, ~0ULL, 1ULL << 63, ~0ULL >> 1, 0x80000000, 0x7fffffff,
				    0xffffffff, 0x100000000, 0xffffffff80000000 };

	if (next() & 1)
		return edge[next() % ARM_ARRAY_SIZE(edge)];
	return next() >> next() % 64;
}

/* ---- memory and helpers ---- */

static u8 page[4096] __attribute__((aligned(16)));
static unsigned int last_mop;
static u64 fault_pc;		/* st.pc when memory or a helper raised */

static int access(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int len, void *buf, bool write)
{
	last_mop = mop;
	if (va < MEM || va + len > MEM + sizeof(page)) {
		v->exc.pending = true;
		fault_pc = v->st.pc;
		return -EFAULT;
	}
	if (write)
		memcpy(page + (va - MEM), buf, len);
	else
		memcpy(buf, page + (va - MEM), len);
	return 0;
}

int mem_load(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int n, void *buf)
{
	return access(v, va, mop, n << (mop & IR_MO_SIZE), buf, false);
}

int mem_store(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int n, const void *buf)
{
	return access(v, va, mop, n << (mop & IR_MO_SIZE), (void *)buf, true);
}

int mem_load_exclusive(struct emu_vcpu *v, u64 va, unsigned int mop, u64 out[2])
{
	v->excl_size = 1u << (mop & IR_MO_SIZE);
	return access(v, va, mop, 1u << (mop & IR_MO_SIZE), out, false);
}

int mem_store_exclusive(struct emu_vcpu *v, u64 va, unsigned int mop, const u64 val[2], u64 *failed)
{
	*failed = !v->excl_size;
	return *failed ? 0 : access(v, va, mop, 1u << (mop & IR_MO_SIZE), (void *)val, true);
}

int mem_cas(struct emu_vcpu *v, u64 va, unsigned int mop, const u64 expect[2], const u64 val[2], u64 old[2])
{
	unsigned int size = 1u << (mop & IR_MO_SIZE);
	int err = access(v, va, mop, size, old, false);

	if (!err && !memcmp(old, expect, size))
		err = access(v, va, mop, size, (void *)val, true);
	return err;
}

/* SMAX only: the kind must arrive. */
int mem_atomic_op(struct emu_vcpu *v, u64 va, unsigned int mop, enum ir_atomic kind, u64 val, u64 *old)
{
	int err = access(v, va, mop, 1u << (mop & IR_MO_SIZE), old, false);

	assert_int_equal(kind, IR_ATOMIC_SMAX);
	if (!err)
		err = access(v, va, mop, 1u << (mop & IR_MO_SIZE), &val, true);
	return err;
}

static struct {
	enum ir_helper which;
	u64 a, b, c, pc;
	unsigned int times;
} called;

static u64 note(struct emu_vcpu *v, enum ir_helper which, u64 a, u64 b, u64 c)
{
	called.which = which;
	called.a = a;
	called.b = b;
	called.c = c;
	called.pc = v->st.pc;
	called.times++;
	if (which == IR_HELPER_svc || which == IR_HELPER_sp_align) {
		v->exc.pending = true;
		fault_pc = v->st.pc;
	}
	if (which == IR_HELPER_eret)
		v->st.pc = 0x4444;
	return a + 1;
}

#define X(name, flags)							\
u64 helper_##name(struct emu_vcpu *v, u64 a, u64 b, u64 c)		\
{									\
	return note(v, IR_HELPER_##name, a, b, c);			\
}
#include "emu/ir/helpers.def"
#undef X

u64 (*const helper_table[IR_HELPER_COUNT])(struct emu_vcpu *v, u64 a, u64 b, u64 c) = {
#define X(name, flags) [IR_HELPER_##name] = helper_##name,
#include "emu/ir/helpers.def"
#undef X
};

/* ---- blocks ---- */

static ir_ref put_insn(struct ir_insn in)
{
	assert_in_range(blk.n, 0, IR_MAX_INSNS - 1);
	blk.insns[blk.n] = in;
	return (ir_ref)blk.n++;
}

#define PUT(...) put_insn((struct ir_insn){ __VA_ARGS__ })
#define ARGS(...) .arg = { __VA_ARGS__ }

static void begin(void)
{
	blk.n = 0;
	blk.pc = PC;
	PUT(.op = IR_INSN, .imm = 0);
}

static void fresh(void)
{
	memset(&cpu, 0, sizeof(cpu));
	memset(&called, 0, sizeof(called));
	begin();
}

static ir_ref get_x(unsigned int n)
{
	return PUT(.op = IR_GETX, .imm = n);
}

static void set_x(unsigned int n, ir_ref v)
{
	PUT(.op = IR_SETX, .imm = n, ARGS(v));
}

static ir_ref constant(u64 v)
{
	return PUT(.op = IR_CONST, .imm = v);
}

static void run_to_goto(void)
{
	PUT(.op = IR_GOTO, .imm = PC + 4);
	assert_int_equal(interp_block(&cpu, &blk), INTERP_NEXT);
	assert_true(cpu.st.pc == PC + 4);
}

/* ---- tests ---- */

static void every_operation_has_one_place(void **state)
{
	unsigned int count[IR_OP_COUNT] = { 0 }, i;

	(void)state;
#define X(name) count[IR_##name]++;
#include "emu/fp/vec_ops.def"
#include "emu/interp/interp_ops.def"
#undef X
	for (i = 0; i < IR_OP_COUNT; i++)
		if (count[i] != 1)
			fail_msg("%s: %u", ir_ops[i].name, count[i]);
}

/* What ir/ folds to a constant and what is computed here must be one number. */
static void arithmetic_agrees_with_folding(void **state)
{
	static struct ir_block folded;
	unsigned int compared = 0, i;

	(void)state;
	for (i = 0; i < 60000; i++) {
		unsigned int op = IR_ADD + next() % (IR_BFI - IR_ADD + 1u), w = next() & 1 ? 32 : 64;
		struct ir_insn in = { .op = (u16)op, .w = (u8)w };
		u64 a = next_value(), b = next_value(), want;
		ir_ref r;

		if (ir_ops[op].nargs > 2)
			continue;
		if (op == IR_SMULH || op == IR_UMULH || op == IR_SMULL || op == IR_UMULL || op == IR_REV32)
			in.w = 64;
		in.aux = (u8)(1 + next() % (in.w - 1u));
		if (op == IR_BFI)
			in.imm = 1 + next() % (u64)(in.w - in.aux);
		ir_block_init(&folded, PC, 0, 0);
		ir_begin_insn(&folded, PC, 0);
		in.arg[0] = ir_const(&folded, a);
		in.arg[1] = ir_ops[op].nargs > 1 ? ir_const(&folded, b) : IR_NONE;
		r = ir_emit(&folded, &in);
		if (!ir_is_const(&folded, r, &want))
			continue;
		fresh();
		cpu.st.x[1] = a;
		cpu.st.x[2] = b;
		in.arg[0] = get_x(1);
		in.arg[1] = ir_ops[op].nargs > 1 ? get_x(2) : IR_NONE;
		set_x(0, put_insn(in));
		run_to_goto();
		compared++;
		if (cpu.st.x[0] != want)
			fail_msg("%s w %u aux %u imm %llu of %llx, %llx: %llx, folded %llx", ir_ops[op].name, in.w,
				 in.aux, (unsigned long long)in.imm, (unsigned long long)a, (unsigned long long)b,
				 (unsigned long long)cpu.st.x[0], (unsigned long long)want);
	}
	assert_true(compared > 30000);
}

struct alu {
	struct ir_insn in;
	u64 a, b, res;
};

static const struct alu alus[] = {
	{ { .op = IR_ADD, .w = 32 }, ~0ULL, 2, 1 },
	{ { .op = IR_SUB }, 0, 1, ~0ULL },
	{ { .op = IR_SAR, .w = 32 }, 0x80000000, 33, 0xc0000000 },
	{ { .op = IR_ROR, .w = 32 }, 0x1, 1, 0x80000000 },
	{ { .op = IR_SDIV, .w = 32 }, 0x80000000, ~0ULL, 0x80000000 },
	{ { .op = IR_SDIV }, 7, 0, 0 },
	{ { .op = IR_SDIV }, -7ULL, 2, -3ULL },
	{ { .op = IR_UDIV, .w = 32 }, 0x1ffffffff, 0x100000002, 0x7fffffff },
	{ { .op = IR_SMULH }, -1ULL, 1, -1ULL },
	{ { .op = IR_UMULL }, 0xf00000003, 0xf00000004, 12 },
	{ { .op = IR_CLS, .w = 32 }, 0xffff0000, 0, 15 },
	{ { .op = IR_CLS }, 0, 0, 63 },
	{ { .op = IR_CLZ, .w = 32 }, 0x100000000, 0, 32 },
	{ { .op = IR_RBIT, .w = 32 }, 1, 0, 0x80000000 },
	{ { .op = IR_REV32 }, 0x0102030405060708, 0, 0x0403020108070605 },
	{ { .op = IR_REV16, .w = 32 }, 0x0102030405060708, 0, 0x06050807 },
	{ { .op = IR_EXTR, .w = 32, .aux = 8 }, 0x11, 0x22334455, 0x11223344 },
	{ { .op = IR_BFI, .aux = 4, .imm = 8 }, ~0ULL, 0x123, 0xfffffffffffff23f },
	{ { .op = IR_SEXT, .w = 32, .aux = 8 }, 0x80, 0, 0xffffff80 },
	{ { .op = IR_CRC32C, .w = 32, .aux = 0 }, 0, 1, 0xf26b8303 },
	{ { .op = IR_XORN, .w = 32 }, 0, 0, 0xffffffff },
};

static void arithmetic_by_hand(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARM_ARRAY_SIZE(alus); i++) {
		struct ir_insn in = alus[i].in;

		fresh();
		in.arg[0] = constant(alus[i].a);
		in.arg[1] = ir_ops[in.op].nargs > 1 ? constant(alus[i].b) : IR_NONE;
		set_x(3, put_insn(in));
		run_to_goto();
		if (cpu.st.x[3] != alus[i].res)
			fail_msg("row %zu: %llx", i, (unsigned long long)cpu.st.x[3]);
	}
}

/* NZCV of a + b + carry, from the two sums without bounds. */
static u32 model_flags(unsigned int w, u64 a, u64 b, bool carry)
{
	u64 mask = w == 32 ? 0xffffffff : ~0ULL;
	u128 u = (u128)(a & mask) + (b & mask) + carry;
	s128 s = (s128)(w == 32 ? (s32)a : (s64)a) + (w == 32 ? (s32)b : (s64)b) + carry;
	u64 r = (u64)u & mask;

	return (r >> (w - 1) ? PSR_N : 0) | (r == 0 ? PSR_Z : 0) | (u > mask ? PSR_C : 0) |
	       (s != (w == 32 ? (s32)r : (s64)r) ? PSR_V : 0);
}

static void flags_and_carries(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		unsigned int w = next() & 1 ? 32 : 64, k = next() % 4;
		u64 a = next_value(), b = next_value(), rhs = k & 1 ? ~b : b;
		bool c = next() & 1, in = k < 2 ? k & 1 : c;
		static const u16 flag_op[] = { IR_FL_ADD, IR_FL_SUB, IR_FL_ADC, IR_FL_SBC };
		static const u16 op[] = { IR_ADD, IR_SUB, IR_ADC, IR_SBC };
		ir_ref x, y, f;

		fresh();
		cpu.st.nzcv = c ? PSR_C | PSR_V : PSR_N | PSR_Z;
		x = constant(a);
		y = constant(b);
		f = k < 2 ? IR_NONE : PUT(.op = IR_GETF, .imm = IR_REG_NZCV);
		set_x(0, PUT(.op = op[k], .w = (u8)w, ARGS(x, y, f)));
		f = PUT(.op = flag_op[k], .w = (u8)w, ARGS(x, y, f));
		PUT(.op = IR_SETF, .imm = IR_REG_NZCV, ARGS(f));
		run_to_goto();
		assert_int_equal(cpu.st.nzcv, model_flags(w, a, rhs, in));
		assert_true(cpu.st.x[0] == (w == 32 ? (u32)(a + rhs + in) : a + rhs + in));
	}
}

static void conditional_flags(void **state)
{
	ir_ref f, t, x;

	(void)state;
	fresh();
	cpu.st.nzcv = PSR_Z;
	f = PUT(.op = IR_GETF, .imm = IR_REG_NZCV);
	x = constant(5);
	t = PUT(.op = IR_FL_CCMP, .aux = 1 /* NE */, .imm = 9, ARGS(f, x, x));
	set_x(0, PUT(.op = IR_FL_GET, ARGS(t)));
	t = PUT(.op = IR_FL_CCMP, .aux = 0 /* EQ */, .imm = 9, ARGS(f, x, x));
	set_x(1, PUT(.op = IR_FL_GET, ARGS(t)));
	t = PUT(.op = IR_FL_SEL, .aux = 0, ARGS(f, t, f));
	set_x(2, PUT(.op = IR_FL_GET, ARGS(t)));
	t = PUT(.op = IR_FL_MAKE, ARGS(PUT(.op = IR_CONST, .imm = 0xfffffffa00000000 | 0x9fffffff)));
	set_x(3, PUT(.op = IR_FL_GET, ARGS(t)));
	set_x(4, PUT(.op = IR_CSEL, .aux = 12 /* GT */, ARGS(f, x, IR_NONE)));
	t = PUT(.op = IR_FL_LOGIC, .w = 32, ARGS(PUT(.op = IR_CONST, .imm = 0x180000000)));
	set_x(5, PUT(.op = IR_FL_GET, ARGS(t)));
	run_to_goto();
	assert_true(cpu.st.x[0] == (PSR_N | PSR_V));
	assert_true(cpu.st.x[1] == (PSR_Z | PSR_C));
	assert_true(cpu.st.x[2] == (PSR_Z | PSR_C));
	assert_true(cpu.st.x[3] == (PSR_N | PSR_V));
	assert_true(cpu.st.x[4] == 0);
	assert_true(cpu.st.x[5] == PSR_N);
}

static void loads_extend(void **state)
{
	ir_ref a, p;

	(void)state;
	fresh();
	memcpy(page + 64, "\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f", 16);
	cpu.st.sp = MEM + 60;
	a = get_x(IR_REG_SP);
	set_x(0, PUT(.op = IR_LD, .mop = 0, .imm = 4, ARGS(a)));
	set_x(1, PUT(.op = IR_LD, .mop = 1 | IR_MO_SIGN, .w = 64, .imm = 4, ARGS(a)));
	set_x(2, PUT(.op = IR_LD, .mop = 1 | IR_MO_SIGN, .w = 32, .imm = 4, ARGS(a)));
	set_x(3, PUT(.op = IR_LD, .mop = 3 | IR_MO_ACQ, .imm = 4, ARGS(a)));
	p = PUT(.op = IR_LDP, .mop = 2 | IR_MO_SIGN, .imm = 4, ARGS(a));
	set_x(5, PUT(.op = IR_LDP2, .w = 64, ARGS(p)));
	set_x(4, p);
	run_to_goto();
	assert_true(cpu.st.x[0] == 0x80);
	assert_true(cpu.st.x[1] == 0xffffffffffff8180);
	assert_true(cpu.st.x[2] == 0xffff8180);
	assert_true(cpu.st.x[3] == 0x8786858483828180);
	assert_true(cpu.st.x[4] == 0xffffffff83828180);
	assert_true(cpu.st.x[5] == 0xffffffff87868584);
	assert_int_equal(last_mop, 2 | IR_MO_SIGN);
}

static void vector_memory(void **state)
{
	ir_ref a, v, p;

	(void)state;
	fresh();
	memset(page, 0, sizeof(page));
	for (int i = 0; i < 64; i++)
		page[i] = (u8)(i + 1);
	cpu.st.v[9] = (struct arm_vreg){ { 0x1111111111111111, 0x2222222222222222 } };
	a = constant(MEM);
	p = PUT(.op = IR_LDVP, .mop = 2, ARGS(a));
	PUT(.op = IR_SETV, .imm = IR_REG_V0 + 1, ARGS(PUT(.op = IR_LDVP2, ARGS(p))));
	PUT(.op = IR_SETV, .imm = IR_REG_V0, ARGS(p));
	PUT(.op = IR_SETV, .imm = IR_REG_V0 + 2, ARGS(PUT(.op = IR_LDV, .mop = 4, .imm = 1, ARGS(a))));
	v = PUT(.op = IR_GETV, .imm = IR_REG_V0 + 9);
	PUT(.op = IR_STV, .mop = 1, .imm = 100, ARGS(a, v));
	PUT(.op = IR_STVP, .mop = 4, .imm = 128, ARGS(a, p, v));
	PUT(.op = IR_STP, .mop = 0, .imm = -4ULL, ARGS(constant(MEM + 200), a, constant(0x77)));
	run_to_goto();
	assert_true(cpu.st.v[0].d[0] == 0x04030201 && cpu.st.v[0].d[1] == 0);
	assert_true(cpu.st.v[1].d[0] == 0x08070605 && cpu.st.v[1].d[1] == 0);
	assert_true(cpu.st.v[2].d[0] == 0x0908070605040302 && cpu.st.v[2].d[1] == 0x11100f0e0d0c0b0a);
	assert_memory_equal(page + 99, "\0\x11\x11\0", 4);
	assert_memory_equal(page + 128, "\1\2\3\4\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(page + 144, &cpu.st.v[9], 16);
	assert_memory_equal(page + 195, "\0\0\x77\0", 4);
}

static void exclusives_and_atomics(void **state)
{
	u64 lo = 0x8899aabbccddeeff, hi = 0x1234;
	ir_ref a, v;

	(void)state;
	fresh();
	memset(page, 0, sizeof(page));
	memcpy(page, &lo, 8);
	memcpy(page + 8, &hi, 8);
	a = constant(MEM);
	set_x(0, PUT(.op = IR_STX, .mop = 0, ARGS(a, a)));		/* monitor open: fails */
	v = PUT(.op = IR_LDXV, .mop = 4 | IR_MO_ALIGN, ARGS(a));
	PUT(.op = IR_SETV, .imm = IR_REG_V0, ARGS(v));
	set_x(1, PUT(.op = IR_STXV, .mop = 4, .imm = 32, ARGS(a, v)));
	set_x(2, PUT(.op = IR_LDX, .mop = 2, .w = 32, ARGS(a)));
	PUT(.op = IR_CLREX);
	set_x(3, PUT(.op = IR_STX, .mop = 2, ARGS(a, a)));
	set_x(4, PUT(.op = IR_CAS, .mop = 0, .w = 32, ARGS(a, constant(0x1ff), constant(0x42))));
	v = PUT(.op = IR_CASV, .mop = 4, .imm = 32, ARGS(a, v, PUT(.op = IR_VCONST, .q = IR_Q, .imm = 5)));
	PUT(.op = IR_SETV, .imm = IR_REG_V0 + 1, ARGS(v));
	set_x(5, PUT(.op = IR_ATOMIC, .aux = IR_ATOMIC_SMAX, .mop = 1 | IR_MO_ACQ | IR_MO_REL, ARGS(a, a)));
	PUT(.op = IR_BARRIER, .aux = IR_BARRIER_FULL);
	run_to_goto();
	assert_true(cpu.st.x[0] == 1 && cpu.st.x[1] == 0);
	assert_true(cpu.st.v[0].d[0] == lo && cpu.st.v[0].d[1] == hi);
	assert_true(cpu.st.x[2] == 0xccddeeff && cpu.st.x[3] == 1 && cpu.excl_size == 0);
	assert_true(cpu.st.x[4] == 0xff);
	assert_true(cpu.st.v[1].d[0] == lo && cpu.st.v[1].d[1] == hi);
	assert_int_equal(page[32], 5);
	assert_int_equal(page[40], 5);
	assert_true(cpu.st.x[5] == 0xee42);
	assert_int_equal(last_mop, 1 | IR_MO_ACQ | IR_MO_REL);
}

/* A fault in the second instruction: the first is done, the second has written nothing. */
static void faults_are_precise(void **state)
{
	static const u16 op[] = { IR_LD, IR_LDP, IR_LDV, IR_LDVP, IR_ST, IR_STP, IR_STV, IR_STVP, IR_LDX,
				  IR_LDXV, IR_CAS, IR_CASV, IR_ATOMIC, IR_SPCHECK };
	size_t i;

	(void)state;
	for (i = 0; i < ARM_ARRAY_SIZE(op); i++) {
		bool vec = strchr(ir_ops[op[i]].args, 'V');
		ir_ref a, b, c;

		fresh();
		set_x(7, constant(77));
		PUT(.op = IR_INSN, .imm = 4 | 0xd503201fULL << 32);
		a = constant(0xdead0008);
		b = vec ? PUT(.op = IR_GETV, .imm = IR_REG_V0) : a;
		c = ir_ops[op[i]].nargs > 2 ? b : IR_NONE;
		PUT(.op = op[i], .mop = 3, .aux = IR_ATOMIC_SMAX,
		    ARGS(a, ir_ops[op[i]].nargs > 1 ? b : IR_NONE, c));
		set_x(8, a);
		PUT(.op = IR_GOTO, .imm = 0);
		assert_int_equal(interp_block(&cpu, &blk), INTERP_EXCEPTION);
		assert_true(cpu.exc.pending);
		assert_true(cpu.st.pc == PC + 4 && fault_pc == PC + 4);
		assert_true(cpu.st.x[7] == 77 && cpu.st.x[8] == 0);
		assert_int_equal(cpu.insn_count, 2);
	}
	assert_int_equal(called.which, IR_HELPER_sp_align);
}

struct exit_case {
	u16 op;
	u8 w, aux;
	u32 nzcv;
	u64 a;
	bool taken;
};

static const struct exit_case exits[] = {
	{ IR_XZ, 64, 0, 0, 0, true }, { IR_XZ, 64, 0, 0, 1ULL << 32, false },
	{ IR_XZ, 32, 0, 0, 1ULL << 32, true }, { IR_XNZ, 32, 0, 0, 1ULL << 32, false },
	{ IR_XNZ, 64, 0, 0, 1ULL << 32, true }, { IR_XBIT0, 64, 63, 0, ~0ULL >> 1, true },
	{ IR_XBIT0, 64, 62, 0, ~0ULL >> 1, false }, { IR_XBIT1, 32, 33, 0, 2ULL << 32, true },
	{ IR_XBIT1, 32, 3, 0, ~8ULL, false },
	{ IR_XCOND, 0, 8 /* HI */, PSR_C, 0, true }, { IR_XCOND, 0, 8, PSR_C | PSR_Z, 0, false },
	{ IR_XCOND, 0, 11 /* LT */, PSR_V, 0, true }, { IR_XCOND, 0, 14, 0, 0, true },
};

static void side_exits(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARM_ARRAY_SIZE(exits); i++) {
		const struct exit_case *e = &exits[i];
		ir_ref a;

		fresh();
		cpu.st.nzcv = e->nzcv;
		a = e->op == IR_XCOND ? PUT(.op = IR_GETF, .imm = IR_REG_NZCV) : constant(e->a);
		PUT(.op = e->op, .w = e->w, .aux = e->aux, .imm = 0x1000, ARGS(a));
		PUT(.op = IR_PUSHRET, .imm = 0x3000);
		PUT(.op = IR_GOTO, .imm = 0x2000);
		assert_int_equal(interp_block(&cpu, &blk), INTERP_NEXT);
		if (cpu.st.pc != (e->taken ? 0x1000 : 0x2000))
			fail_msg("row %zu", i);
	}
}

static void ends(void **state)
{
	(void)state;
	fresh();
	PUT(.op = IR_GOTOR, .aux = IR_JUMP_RET, ARGS(constant(0x123456789abc)));
	assert_int_equal(interp_block(&cpu, &blk), INTERP_NEXT);
	assert_true(cpu.st.pc == 0x123456789abc);

	fresh();
	PUT(.op = IR_LEAVE, .imm = 0x5000);
	assert_int_equal(interp_block(&cpu, &blk), INTERP_LEAVE);
	assert_true(cpu.st.pc == 0x5000);

	fresh();
	PUT(.op = IR_CALL, .imm = IR_HELPER_eret);
	PUT(.op = IR_LEAVE_SET);
	assert_int_equal(interp_block(&cpu, &blk), INTERP_LEAVE);
	assert_true(cpu.st.pc == 0x4444);
}

static void calls(void **state)
{
	ir_ref a, b, c;

	(void)state;
	fresh();
	PUT(.op = IR_INSN, .imm = 8);
	a = constant(11);
	b = constant(22);
	c = constant(33);
	set_x(0, PUT(.op = IR_CALL, .imm = IR_HELPER_sysreg_write, ARGS(a, b, c)));
	PUT(.op = IR_INSN, .imm = 12);
	PUT(.op = IR_CALL, .imm = IR_HELPER_svc, ARGS(b));
	set_x(1, b);
	PUT(.op = IR_LEAVE, .imm = 0x5000);
	assert_int_equal(interp_block(&cpu, &blk), INTERP_EXCEPTION);
	assert_int_equal(called.times, 2);
	assert_int_equal(called.which, IR_HELPER_svc);
	assert_true(called.a == 22 && called.b == 0 && called.c == 0 && called.pc == PC + 12);
	assert_true(cpu.st.x[0] == 12 && cpu.st.x[1] == 0 && cpu.st.pc == PC + 12);
}

static void registers(void **state)
{
	(void)state;
	fresh();
	cpu.st.sp = 99;
	cpu.st.x[30] = 30;
	cpu.st.sys[3] = 0x1122334455667788;
	set_x(IR_REG_SP, get_x(30));
	PUT(.op = IR_STSYS, .imm = 4, ARGS(PUT(.op = IR_LDSYS, .imm = 3)));
	PUT(.op = IR_SETF, .imm = IR_REG_NZCV, ARGS(PUT(.op = IR_FL_CONST, .imm = 6)));
	run_to_goto();
	assert_true(cpu.st.sp == 30 && cpu.st.sys[4] == 0x1122334455667788);
	assert_int_equal(cpu.st.nzcv, PSR_Z | PSR_C);
}

static void vectors(void **state)
{
	ir_ref a, b, f, r;

	(void)state;
	fresh();
	cpu.st.fpcr = 3u << 22;		/* towards zero */
	cpu.st.fpsr = SF_QC;
	cpu.st.v[1] = (struct arm_vreg){ { 0x3ff0000000000000, 0x7ff0000000000000 } };
	cpu.st.v[2] = (struct arm_vreg){ { 0x4008000000000000, 0x7ff0000000000000 } };
	a = PUT(.op = IR_GETV, .imm = IR_REG_V0 + 1);
	b = PUT(.op = IR_GETV, .imm = IR_REG_V0 + 2);
	r = PUT(.op = IR_VFDIV, .es = 3, .q = IR_Q, ARGS(a, b));
	PUT(.op = IR_SETV, .imm = IR_REG_V0 + 3, ARGS(r));
	f = PUT(.op = IR_FCMP, .es = 3, .q = IR_SCALAR, ARGS(a, b));
	PUT(.op = IR_SETF, .imm = IR_REG_NZCV, ARGS(f));
	r = PUT(.op = IR_VSEL, .es = 2, .q = IR_SCALAR, .aux = 4 /* MI */, ARGS(f, b, a));
	set_x(0, PUT(.op = IR_VGETU, .es = 3, .imm = 0, ARGS(r)));
	set_x(1, PUT(.op = IR_FTOI, .es = 3, .w = 32, .imm = IR_CVT(IR_ROUND_ZERO, 0, false), ARGS(b)));
	f = PUT(.op = IR_FCCMP, .es = 3, .q = IR_SCALAR, .aux = 0 /* EQ */, .imm = 15, ARGS(f, a, b));
	set_x(2, PUT(.op = IR_FL_GET, ARGS(f)));
	PUT(.op = IR_SETV, .imm = IR_REG_V0 + 4, ARGS(PUT(.op = IR_VSPLAT, .es = 0, .q = IR_D, ARGS(get_x(1)))));
	run_to_goto();
	assert_true(cpu.st.v[3].d[0] == 0x3fd5555555555555 && cpu.st.v[3].d[1] == 0x7ff8000000000000);
	assert_int_equal(cpu.st.fpsr, SF_QC | SF_IXC | SF_IOC);
	assert_int_equal(cpu.st.nzcv, PSR_N);
	assert_true(cpu.st.x[0] == 0 && cpu.st.x[1] == 3 && cpu.st.x[2] == PSR_NZCV);
	assert_true(cpu.st.v[4].d[0] == 0x0303030303030303 && cpu.st.v[4].d[1] == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_has_one_place),
		cmocka_unit_test(arithmetic_agrees_with_folding),
		cmocka_unit_test(arithmetic_by_hand),
		cmocka_unit_test(flags_and_carries),
		cmocka_unit_test(conditional_flags),
		cmocka_unit_test(loads_extend),
		cmocka_unit_test(vector_memory),
		cmocka_unit_test(exclusives_and_atomics),
		cmocka_unit_test(faults_are_precise),
		cmocka_unit_test(side_exits),
		cmocka_unit_test(ends),
		cmocka_unit_test(calls),
		cmocka_unit_test(registers),
		cmocka_unit_test(vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
