/* SPDX-License-Identifier: GPL-2.0-only */
/* Floating point as host code against the exact C versions: results and FPSR. */
#include "tests/unit/x64_rig.h"

#include "emu/fp/softfloat.h"

static struct x64_rig rig;

/* ---- operands ---- */

static const u32 singles[] = {
	0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345, 0x7f800001,
	0xff923456, 0x00000001, 0x80000001, 0x007fffff, 0x807fffff, 0x00800000, 0x80800000, 0x00800001, 0x80800001,
	0x7f7fffff, 0xff7fffff, 0x3f000000, 0xbf000000, 0x3effffff, 0x3fc00000, 0x40200000, 0xc0200000, 0x4f000000,
	0xcf000000, 0x4effffff, 0xcf000001, 0x4f800000, 0x4f7fffff, 0x5f000000, 0xdf000000, 0x5effffff, 0x5f7fffff,
	0x5f800000, 0x4b000000, 0x4affffff, 0x4b7fffff, 0x3f7fffff, 0x1f800000, 0x20000000, 0x40000000, 0x40400000,
	0x00ffffff, 0x3f800001, 0x7e800000, 0xfe800000, 0x5f3504f3, 0x34000000,
};

static const u64 doubles[] = {
	0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x7ff0000000000000,
	0xfff0000000000000, 0x7ff8000000000000, 0xfff8000012345678, 0x7ff0000000000001, 0xfff4000000000000,
	0x7ff4567890abcdef, 0x0000000000000001, 0x8000000000000001, 0x000fffffffffffff, 0x800fffffffffffff,
	0x0010000000000000, 0x8010000000000000, 0x0010000000000001, 0x7fefffffffffffff, 0xffefffffffffffff,
	0x3fe0000000000000, 0xbfe0000000000000, 0x3fdfffffffffffff, 0x3ff8000000000000, 0x4004000000000000,
	0xc004000000000000, 0x41e0000000000000, 0x41dfffffffc00000, 0x41dfffffffe00000, 0x41dffffffff00000,
	0xc1e0000000000000, 0xc1e0000000100000, 0xc1e00000001fffff, 0xc1e0000000200000, 0x41efffffffe00000,
	0x41effffffff00000, 0x41f0000000000000, 0x43e0000000000000, 0xc3e0000000000000, 0x43dfffffffffffff,
	0xc3e0000000000001, 0x43efffffffffffff, 0x43f0000000000000, 0x4330000000000000, 0x432fffffffffffff,
	0x4340000000000000, 0x3fefffffffffffff, 0x2000000000000000, 0x1ff0000000000000, 0x4000000000000000,
	0x4008000000000000, 0x3ff0000000000001, 0x001fffffffffffff, 0x3810000000000000, 0x380fffffffffffff,
	0x380fffffe0000000, 0x380fffffefffffff, 0x380ffffff0000000, 0x3690000000000000, 0x47efffffe0000000,
	0x47efffffefffffff, 0x47effffff0000000, 0x47f0000000000000, 0x7ff8000020000000, 0x5fe0000000000000,
	0x5ff0000000000000, 0xdff0000000000000, 0x3cb0000000000000,
};

static const u16 halves[] = {
	0x0000, 0x8000, 0x3c00, 0xbc00, 0x7c00, 0xfc00, 0x7e00, 0xfe12, 0x7c01, 0xfd55, 0x0001, 0x8001, 0x03ff,
	0x0400, 0x8400, 0x7bff, 0xfbff, 0x3555,
};

static const u64 integers[] = {
	0, 1, ~0ull, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, 0x8000000000000000,
	0x8000000000000001, 0xfffffffffffffbff, 0xfffffffffffffc00, 0xffffff7fffffffff, 0x01000001, 0x00ffffff,
	0x8000008000000001, 0x20000000000001, 0x8000000000000400, 0x8000000000000401, 0xfffffe80,
};

static u64 random_halves(void)
{
	u64 v = rig_random();

	for (unsigned int i = 0; i < 64; i += 16)
		if (rig_random() & 1)
			v = (v & ~(0xffffull << i)) | (u64)halves[rig_random() % ARM_ARRAY_SIZE(halves)] << i;
	return v;
}

/* A number around the range of halves. */
static u64 random_narrow(void)
{
	u64 r = rig_random();

	return (r & 0x807fffff) | (r >> 32 & 1 ? 127 - 28 + (r >> 33) % 18 : 127 + 12 + (r >> 33) % 6) << 23;
}

static u64 random_single(void)
{
	u64 r = rig_random();

	switch (r >> 60) {
	case 0 ... 6:
		return singles[r % ARM_ARRAY_SIZE(singles)];
	case 7:	/* few bits: exact results, ties */
		return (r & 0x80700000) | (0x3f000000 + ((r >> 32) % 24 << 23));
	case 8:	/* products near the smallest normal number */
		return (r & 0x807fffff) | (62 + (r >> 32) % 4) << 23;
	case 9:
		return (r & 0x80000003) | (r >> 32 & 1 ? 0x1fffffff - 3 : 0x20000000);
	case 10:
		return (r & 0x807fffff) | (150 + (r >> 32) % 12) << 23;
	case 12:
		return random_narrow();
	case 13:	/* rounds to the smallest normal half */
		return (r & 0x80000fff) | 0x387ff000;
	case 11:
		return singles[r % ARM_ARRAY_SIZE(singles)] ^ (1u << (r >> 32) % 24);
	case 14:	/* differences, and those of products, that are denormal */
		return (r & 0x80000007) | (u64)(r >> 32 & 1 ? 22 : 39) << 23;
	case 15:
		return (r & 0x80000007) | 83u << 23;
	default:
		return (u32)r;
	}
}

static u64 random_double(void)
{
	u64 r = rig_random(), low = rig_random();

	switch (r >> 60) {
	case 0 ... 6:
		return doubles[(r & 0xffff) % ARM_ARRAY_SIZE(doubles)];
	case 7:
		return (low & 0x800e000000000000) | (0x3fe0000000000000 + ((r >> 32) % 56 << 52));
	case 8:
		return (low & 0x800fffffffffffff) | (510 + (r >> 32) % 4) << 52;
	case 9:
		return (low & 0x8000000000000003) | (r >> 32 & 1 ? 0x1ffffffffffffffcull : 0x2000000000000000);
	case 10:
		return (low & 0x800fffffffffffff) | (1023 + 24 + (r >> 32) % 44) << 52;
	case 11:
		return doubles[(r & 0xffff) % ARM_ARRAY_SIZE(doubles)] ^ (1ull << (r >> 32) % 54);
	case 12:	/* around the range of singles */
		return (low & 0x800fffffffffffff) | ((r >> 32 & 1 ? 1023 - 152 : 1023 + 124) + (r >> 33) % 30) << 52;
	default:
		return low;
	}
}

static u64 random_integer(void)
{
	u64 r = rig_random();

	if (r >> 63)
		return integers[(r & 0xffff) % ARM_ARRAY_SIZE(integers)];
	return rig_random() >> (r % 64);
}

/* Ordinary singles whose sums and products are about the smallest normal number. */
static u64 random_tiny(void)
{
	static const u32 fractions[] = { 0, 1, 2, 0x7fffff, 0x7ffffe, 0x400000, 0x000800 };
	u64 r = rig_random();
	u32 fraction = r & 1 ? (u32)r : fractions[(r >> 8) % ARM_ARRAY_SIZE(fractions)];
	u32 exp = (u32)(r >> 32) % 4 ? (u32)(r >> 34) % 3 : 61 + (u32)(r >> 34) % 70;

	return (fraction & 0x807fffff) | exp << 23 | (u32)(r >> 63) << 31;
}

enum kind { FP, INTS, TINY };

static struct arm_vreg random_vreg(unsigned int es, enum kind kind)
{
	struct arm_vreg v;

	for (unsigned int i = 0; i < 2; i++) {
		if (es == 1)
			v.d[i] = random_halves();
		else if (kind == INTS)
			v.d[i] = es == 3 ? random_integer() : (u32)random_integer() | random_integer() << 32;
		else if (kind == TINY)
			v.d[i] = random_tiny() | random_tiny() << 32;
		else
			v.d[i] = es == 3 ? random_double() : random_single() | random_single() << 32;
	}
	return v;
}

/* ---- one operation ---- */

struct op_case {
	u16 op;
	u8 es, q, w, aux;
	u64 imm;
	enum kind kind;
	u8 from;	/* element size of the arguments where it is not es */
};

/* What blocks are compiled for, and the FPCR values they run with. */
static u32 block_mode, fpcr_extra, fpcr_rmodes = 3;

/*
 * @clean: bits 0..2: arguments that are known to have no upper bits.  x5 and v9
 * are there to see that a detour through C keeps registers.
 */
static void build(const struct op_case *t, unsigned int clean)
{
	const struct ir_op_info *info = &ir_ops[t->op];
	struct ir_insn in = {
		.op = t->op, .es = t->es, .q = t->q, .w = t->w, .aux = t->aux, .imm = t->imm,
	};
	ir_ref r, keep, keep_v;

	rig_begin(&rig, block_mode);
	keep = ir_op(rig.b, IR_ADD, 64, ir_get_x(rig.b, 6), ir_get_x(rig.b, 7), IR_NONE);
	keep_v = ir_vop(rig.b, IR_VADD, 3, IR_Q, 0, ir_get_v(rig.b, 8), ir_get_v(rig.b, 8), IR_NONE);
	for (unsigned int k = 0; k < info->nargs; k++) {
		if (info->args[k] == 'F')
			in.arg[k] = ir_get_f(rig.b);
		else if (info->args[k] == 'I')
			in.arg[k] = ir_get_x(rig.b, 1 + k);
		else
			in.arg[k] = ir_get_v(rig.b, 1 + k);
		if (info->args[k] == 'V' && clean >> k & 1)
			in.arg[k] = ir_vop(rig.b, IR_VLOW, t->es, t->q, 0, in.arg[k], IR_NONE, IR_NONE);
	}
	r = ir_emit(rig.b, &in);
	if (info->res[0] == 'V')
		ir_set_v(rig.b, 0, r);
	else if (info->res[0] == 'I')
		ir_set_x(rig.b, 0, r);
	else
		ir_set_f(rig.b, r);
	ir_set_x(rig.b, 5, keep);
	ir_set_v(rig.b, 9, keep_v);
	rig_compile(&rig);
}

static void report(const struct op_case *t, const struct vec_call *vc, const struct arm_vreg *got, u32 fpsr)
{
	fail_msg("%s es %u q %u w %u aux %u imm %#llx fpcr %#x:\na %016llx %016llx\nb %016llx %016llx\n"
		 "c %016llx %016llx\nwant %016llx %016llx fpsr %#x\ngot  %016llx %016llx fpsr %#x",
		 ir_ops[t->op].name, t->es, t->q, t->w, t->aux, (unsigned long long)t->imm, vc->fpcr,
		 (unsigned long long)vc->a.d[1], (unsigned long long)vc->a.d[0], (unsigned long long)vc->b.d[1],
		 (unsigned long long)vc->b.d[0], (unsigned long long)vc->c.d[1], (unsigned long long)vc->c.d[0],
		 (unsigned long long)vc->res.d[1], (unsigned long long)vc->res.d[0], *vc->fpsr,
		 (unsigned long long)got->d[1], (unsigned long long)got->d[0], fpsr);
}

static void run_once(const struct op_case *t, const struct arm_vreg arg[3], u32 fpcr)
{
	const struct ir_op_info *info = &ir_ops[t->op];
	struct ir_insn in = {
		.op = t->op, .es = t->es, .q = t->q, .w = t->w, .aux = t->aux, .imm = t->imm,
	};
	struct arm_state *st = &rig.v->st;
	u32 want_fpsr = 0;
	struct vec_call vc = { .a = arg[0], .b = arg[1], .c = arg[2], .fpcr = fpcr, .fpsr = &want_fpsr };
	struct arm_vreg got = { { 0, 0 } };

	for (unsigned int k = 0; k < 3; k++) {
		st->v[1 + k] = arg[k];
		st->x[1 + k] = arg[k].d[0];
	}
	st->nzcv = (u32)arg[0].d[0] & PSR_NZCV;
	if (info->args[0] == 'F')
		vc.a.d[0] = st->nzcv;
	st->x[6] = rig_random();
	st->x[7] = 0x1234;
	st->v[8] = arg[1];
	st->fpcr = fpcr;
	st->fpsr = 0;
	rig_run(&rig);
	vec_call_op(&in, &vc);
	if (info->res[0] == 'V')
		got = st->v[0];
	else
		got.d[0] = info->res[0] == 'I' ? st->x[0] : st->nzcv;
	if (info->res[0] != 'V')
		vc.res.d[1] = 0;
	if (memcmp(&got, &vc.res, sizeof(got)) || st->fpsr != want_fpsr)
		report(t, &vc, &got, st->fpsr);
	assert_int_equal(st->x[5], st->x[6] + 0x1234);
	assert_int_equal(st->v[9].d[0], 2 * arg[1].d[0]);
	assert_int_equal(st->v[9].d[1], 2 * arg[1].d[1]);
}

static unsigned int rounds = 2000;

static void run_case(const struct op_case *t)
{
	const struct ir_op_info *info = &ir_ops[t->op];
	unsigned int variants = 1u << info->nargs;

	if (info->args[0] == 'I' || (t->q == IR_Q && info->res[0] == 'V'))
		variants = 1;
	for (unsigned int clean = 0; clean < variants; clean++) {
		build(t, clean);
		for (unsigned int i = 0; i < rounds; i++) {
			struct arm_vreg arg[3];

			for (unsigned int k = 0; k < 3; k++)
				arg[k] = random_vreg(t->from ? t->from : t->es, t->kind);
			if (rig_random() % 8 == 0)
				arg[1] = arg[0];
			run_once(t, arg, fpcr_extra | (u32)(i & fpcr_rmodes) << 22);
		}
	}
}

/* With all that the machine has; without FMA; without AVX. */
static void on_hosts(void (*fn)(void))
{
	struct jit_host h = rig.host;

	rig_host(&rig, &h);
	fn();
	h.fma = false;
	h.avx512vl = h.avx2 = false;
	rig_host(&rig, &h);
	fn();
	h = (struct jit_host){ 0 };
	rig_host(&rig, &h);
	fn();
}

/* ---- the operations ---- */

static const u16 lane_ops[] = {
	IR_VFADD, IR_VFSUB, IR_VFMUL, IR_VFDIV, IR_VFMULX, IR_VFMLA, IR_VFMLS, IR_VFMAX, IR_VFMIN,
	IR_VFMAXNM, IR_VFMINNM, IR_VFSQRT, IR_VFABS, IR_VFNEG, IR_VFABD, IR_VFRECPE, IR_VFRSQRTE,
	IR_VFRECPS, IR_VFRSQRTS, IR_VFCMEQ, IR_VFCMGE, IR_VFCMGT, IR_VFACGE, IR_VFACGT,
};

static const u16 scalar_ops[] = { IR_VFNMUL, IR_VFRECPX };

static const u16 pair_ops[] = { IR_VFADDP, IR_VFMAXP, IR_VFMINP, IR_VFMAXNMP, IR_VFMINNMP };

static void run_shapes(const u16 *ops, unsigned int n, unsigned int first, unsigned int last, u64 imm, enum kind kind)
{
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int es = 2; es <= 3; es++)
			for (unsigned int q = first; q <= last; q++) {
				struct op_case t = { .op = ops[i], .es = es, .q = q, .imm = imm, .kind = kind };

				if (q != IR_D || es == 2)
					run_case(&t);
			}
}

static void lanes(void)
{
	run_shapes(lane_ops, ARM_ARRAY_SIZE(lane_ops), IR_SCALAR, IR_Q, 0, FP);
	run_shapes(scalar_ops, ARM_ARRAY_SIZE(scalar_ops), IR_SCALAR, IR_SCALAR, 0, FP);
	run_shapes(pair_ops, ARM_ARRAY_SIZE(pair_ops), IR_D, IR_Q, 0, FP);
	for (unsigned int op = IR_VFMAXV; op <= IR_VFMINNMV; op++) {
		struct op_case t = { .op = op, .es = 2, .q = IR_Q };

		run_case(&t);
	}
}

static void rounding(void)
{
	const u16 op = IR_VFRINT;

	for (unsigned int round = 0; round <= IR_ROUND_FPCR; round++) {
		run_shapes(&op, 1, IR_SCALAR, IR_Q, round, FP);
		run_shapes(&op, 1, IR_SCALAR, IR_Q, round | IR_ROUND_EXACT, FP);
	}
}

static void to_integers(void)
{
	static const u8 fbits[] = { 0, 0, 0, 0, 0, 1, 16, 32, 64 };	/* those go with ROUND_ZERO */
	const u16 op = IR_VFTOI;

	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(fbits); i++)
		for (unsigned int uns = 0; uns < 2; uns++) {
			u64 imm = IR_CVT(fbits[i] ? IR_ROUND_ZERO : i, fbits[i], uns);

			run_shapes(&op, 1, IR_SCALAR, IR_Q, imm, FP);
			for (unsigned int k = 0; k < 4; k++) {
				struct op_case t = {
					.op = IR_FTOI, .es = 2 + (k & 1), .w = k & 2 ? 64 : 32, .imm = imm,
				};

				run_case(&t);
			}
		}
}

static void from_integers(void)
{
	static const u8 fbits[] = { 0, 1, 17, 32 };
	const u16 op = IR_VITOF;

	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(fbits); i++)
		for (unsigned int uns = 0; uns < 2; uns++) {
			u64 imm = IR_CVT(0, fbits[i], uns);

			run_shapes(&op, 1, IR_SCALAR, IR_Q, imm, INTS);
			for (unsigned int k = 0; k < 4; k++) {
				struct op_case t = {
					.op = IR_ITOF, .es = 2 + (k & 1), .w = k & 2 ? 64 : 32, .imm = imm,
					.kind = INTS,
				};

				run_case(&t);
			}
		}
}

static void formats(void)
{
	struct op_case t;

	for (unsigned int from = 1; from <= 3; from++)
		for (unsigned int to = 1; to <= 3; to++) {
			t = (struct op_case){ .op = IR_VFCVT, .es = from, .imm = to };
			if (from != to)
				run_case(&t);
		}
	for (unsigned int es = 1; es <= 2; es++) {
		t = (struct op_case){ .op = IR_VFCVTL, .es = es, .q = IR_Q };
		run_case(&t);
		t = (struct op_case){ .op = IR_VFCVTN, .es = es, .q = IR_Q, .from = es + 1 };
		run_case(&t);
	}
	t = (struct op_case){ .op = IR_VFCVTXN, .es = 2, .q = IR_Q, .from = 3 };
	run_case(&t);
}

static void flags(void)
{
	for (unsigned int es = 2; es <= 3; es++)
		for (unsigned int imm = 0; imm < 32; imm++) {
			struct op_case t = { .op = IR_FCMP, .es = es, .imm = imm & 1 };

			if (imm < 2)
				run_case(&t);
			t = (struct op_case){ .op = IR_FCCMP, .es = es, .imm = imm, .aux = imm * 7 % 16 };
			rounds /= 8;
			run_case(&t);
			rounds *= 8;
		}
}

/* ---- FZ and DN: the standard FPSCR value, and FPCR with these ---- */

static const u16 std_ops[] = {
	IR_VFADD, IR_VFSUB, IR_VFMUL, IR_VFMLA, IR_VFMLS, IR_VFMAX, IR_VFMIN, IR_VFMAXNM, IR_VFMINNM, IR_VFABD,
	IR_VFRECPE, IR_VFRSQRTE, IR_VFRECPS, IR_VFRSQRTS, IR_VFCMEQ, IR_VFCMGE, IR_VFCMGT, IR_VFACGE, IR_VFACGT,
	IR_VFADDP, IR_VFMAXP, IR_VFMINP,
};

static void std_case(u16 op, enum ir_shape q, u64 imm, enum kind kind)
{
	struct op_case t = { .op = op, .es = 2, .q = q, .aux = IR_FP_STD, .imm = imm, .kind = kind };

	run_case(&t);
}

static void std_shape(enum ir_shape q)
{
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(std_ops); i++)
		for (unsigned int tiny = 0; tiny < 2; tiny++)
			std_case(std_ops[i], q, 0, tiny ? TINY : FP);
	for (unsigned int uns = 0; uns < 2; uns++) {
		for (unsigned int round = 0; round <= IR_ROUND_TIEAWAY; round++)
			std_case(IR_VFTOI, q, IR_CVT(round, 0, uns), FP);
		for (unsigned int fbits = 0; fbits <= 32; fbits += 16) {
			std_case(IR_VFTOI, q, IR_CVT(IR_ROUND_ZERO, fbits, uns), FP);
			std_case(IR_VITOF, q, IR_CVT(0, fbits, uns), INTS);
		}
	}
	for (unsigned int round = 0; round <= IR_ROUND_TIEAWAY; round++)
		std_case(IR_VFRINT, q, round, FP);
	std_case(IR_VFRINT, q, IR_ROUND_TIEEVEN | IR_ROUND_EXACT, FP);
}

static void std_all(void)
{
	struct op_case t = { .op = IR_VFCVTL, .es = 1, .q = IR_Q, .aux = IR_FP_STD };

	std_shape(IR_D);
	std_shape(IR_Q);
	run_case(&t);
	t = (struct op_case){ .op = IR_VFCVTN, .es = 1, .q = IR_Q, .from = 2, .aux = IR_FP_STD };
	run_case(&t);
}

/* With FPSCR = 0; then FPSCR has all sorts of modes, which do not matter. */
static void standard(void)
{
	block_mode = 0;
	fpcr_rmodes = 0;
	std_all();
	block_mode = IR_MODE_FP_SLOW;
	fpcr_rmodes = 3;
	std_all();
	fpcr_extra = 7u << 24;
	std_all();
	block_mode = fpcr_extra = 0;
}

/* The ordinary operations where FPCR has FZ and DN, and each alone. */
static void flushing(void)
{
	static const u16 ops[] = { IR_VFADD, IR_VFSUB, IR_VFMUL, IR_VFMLA, IR_VFMLS };

	block_mode = IR_MODE_FP_SLOW;
	for (u32 bits = 1; bits < 4; bits++) {
		fpcr_extra = bits << 24;
		run_shapes(ops, ARM_ARRAY_SIZE(ops), IR_SCALAR, IR_Q, 0, FP);
	}
	block_mode = fpcr_extra = 0;
}

/* ---- conditions on the flags of a comparison ---- */

static void check_cond(unsigned int cond, unsigned int es)
{
	struct arm_state *st = &rig.v->st;
	ir_ref f;

	rig_begin(&rig, 0);
	f = ir_vop(rig.b, IR_FCMP, es, IR_SCALAR, 0, ir_get_v(rig.b, 1), ir_get_v(rig.b, 2), IR_NONE);
	ir_set_x(rig.b, 0, ir_opx(rig.b, IR_CSEL, 64, cond, 0, f, ir_get_x(rig.b, 1), ir_get_x(rig.b, 2)));
	ir_set_f(rig.b, f);
	/* a second reader, with the opposite taste */
	ir_set_x(rig.b, 3, ir_opx(rig.b, IR_CSEL, 64, cond ^ 6, 0, f, ir_get_x(rig.b, 1), ir_get_x(rig.b, 2)));
	rig_compile(&rig);
	for (unsigned int i = 0; i < 400; i++) {
		u32 fpsr = 0;
		struct vec_call vc = { .a = random_vreg(es, FP), .b = random_vreg(es, FP), .fpsr = &fpsr, .es = es };

		if (i % 4 == 0)
			vc.b = vc.a;
		vec_table[IR_FCMP](&vc);
		st->v[1] = vc.a;
		st->v[2] = vc.b;
		st->x[1] = 111;
		st->x[2] = 222;
		st->fpsr = st->fpcr = 0;
		rig_run(&rig);
		assert_int_equal(st->nzcv, vc.res.d[0]);
		assert_int_equal(st->x[0], emu_cond(cond, st->nzcv) ? 111 : 222);
		assert_int_equal(st->x[3], emu_cond(cond ^ 6, st->nzcv) ? 111 : 222);
		assert_int_equal(st->fpsr, fpsr);
	}
}

static void conditions(void)
{
	for (unsigned int cond = 0; cond < 14; cond++)
		for (unsigned int es = 2; es <= 3; es++)
			check_cond(cond, es);
}

/* ---- what must not call C ---- */

static const struct op_case inline_ops[] = {
	{ .op = IR_VFADD, .es = 3 }, { .op = IR_VFSUB, .es = 2 }, { .op = IR_VFMUL, .es = 3, .q = IR_Q },
	{ .op = IR_VFDIV, .es = 2, .q = IR_D }, { .op = IR_VFSQRT, .es = 3 }, { .op = IR_VFMAX, .es = 3 },
	{ .op = IR_FCMP, .es = 3 }, { .op = IR_FCCMP, .es = 2 }, { .op = IR_VFRINT, .es = 3, .imm = IR_ROUND_TIEAWAY },
	{ .op = IR_FTOI, .es = 3, .w = 64, .imm = IR_CVT(IR_ROUND_ZERO, 0, 1) },
	{ .op = IR_ITOF, .es = 2, .w = 64, .imm = IR_CVT(0, 0, 1) }, { .op = IR_VFCVT, .es = 3, .imm = 2 },
	{ .op = IR_FTOI, .es = 2, .w = 32, .imm = IR_CVT(IR_ROUND_ZERO, 16, 0) },
	{ .op = IR_VFTOI, .es = 3, .q = IR_Q }, { .op = IR_VFMAXV, .es = 2, .q = IR_Q },
	{ .op = IR_VFACGT, .es = 3, .q = IR_Q }, { .op = IR_VFADDP, .es = 2, .q = IR_D },
};

static void test_inline(void **state)
{
	static const u16 std_inline[] = {
		IR_VFADD, IR_VFSUB, IR_VFMUL, IR_VFMAX, IR_VFMIN, IR_VFABD, IR_VFRECPS, IR_VFRSQRTS,
		IR_VFCMEQ, IR_VFCMGE,
		IR_VFCMGT, IR_VFACGE, IR_VFACGT, IR_VFADDP, IR_VFMAXP, IR_VFMINP, IR_VFRINT, IR_VFTOI, IR_VITOF,
	};
	(void)state;
	rig_host(&rig, &rig.host);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(inline_ops); i++) {
		build(&inline_ops[i], 0);
		assert_false(rig_calls(&rig, rig.vm.cache->jit->thunks.vec));
	}
	if (rig.host.f16c) {
		build(&(struct op_case){ .op = IR_VFCVTL, .es = 1, .q = IR_Q }, 0);
		assert_false(rig_calls(&rig, rig.vm.cache->jit->thunks.vec));
	}
	if (rig.host.fma) {
		build(&(struct op_case){ .op = IR_VFMLS, .es = 3 }, 0);
		assert_false(rig_calls(&rig, rig.vm.cache->jit->thunks.vec));
	}
	/* where FPCR.FZ, DN or AHP are set only a few operations are inline, */
	rig_begin(&rig, IR_MODE_FP_SLOW);
	ir_set_v(rig.b, 0, ir_vop(rig.b, IR_VFDIV, 3, IR_SCALAR, 0, ir_get_v(rig.b, 1), ir_get_v(rig.b, 2), IR_NONE));
	rig_compile(&rig);
	assert_true(rig_calls(&rig, rig.vm.cache->jit->thunks.vec));
	/* but most with the standard FPSCR value */
	block_mode = IR_MODE_FP_SLOW;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(std_inline); i++) {
		build(&(struct op_case){ .op = std_inline[i], .es = 2, .q = IR_Q, .aux = IR_FP_STD }, 0);
		assert_false(rig_calls(&rig, rig.vm.cache->jit->thunks.vec));
	}
	/* nor is NE, aux of a conditional compare, the standard FPSCR */
	build(&(struct op_case){ .op = IR_FCCMP, .es = 2, .aux = 1 }, 0);
	assert_true(rig_calls(&rig, rig.vm.cache->jit->thunks.vec));
	block_mode = 0;
}

/* What fades away is still computed by the host: 2^-100 * 2^-100, and the flags are UFC alone. */
static void test_fading(void **state)
{
	static const u16 ops[] = { IR_VFMUL, IR_VFMLA, IR_VFMLS };
	u32 fpsr = 0;
	struct vec_call vc = { .fpsr = &fpsr };

	(void)state;
	rig_host(&rig, &rig.host);
	vc.b.d[0] = vc.c.d[0] = vc.a.d[0] = 0x0d8000000d800000;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(ops); i++) {
		struct ir_insn in = { .op = ops[i], .es = 2, .q = IR_D, .aux = IR_FP_STD };

		if (i && !rig.host.fma)
			continue;
		if (i)
			vc.a.d[0] = 0x0000000100000000;
		vc.res.d[0] = ~0ull;
		fpsr = 0;
		assert_true(jit_flushing(rig.v, &in, &vc));
		assert_int_equal(fpsr, i ? 0x88 : 0x08);
		assert_int_equal(vc.res.d[0] & 0x7fffffff7fffffff, 0);
	}
}

#define TEST(name) static void test_##name(void **state) { (void)state; on_hosts(name); }
TEST(lanes)
TEST(rounding)
TEST(to_integers)
TEST(from_integers)
TEST(formats)
TEST(flags)
TEST(conditions)
TEST(standard)
TEST(flushing)

static int setup(void **state)
{
	(void)state;
	rig_init(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_to_integers),
		cmocka_unit_test(test_from_integers),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_standard),
		cmocka_unit_test(test_flushing),
		cmocka_unit_test(test_fading),
		cmocka_unit_test(test_inline),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
