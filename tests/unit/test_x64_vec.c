/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The x86-64 lowering of the integer vector and crypto operations against the
 * C versions of emu/fp/: every operation in every element size and shape, by
 * one small block each, with and without each optional host feature.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arm/cpu_model.h"
#include "emu/fp/vec.h"
#include "emu/run/cache.h"
#include "emu/x64/glue.h"

#ifndef __x86_64__
int main(void)
{
	return 77;
}
#else

#define PC 0x1000
#define QC (1u << 27)
#define RAM_BYTES 65536

/* How the operands come to the operation. */
enum form {
	FORM_PLAIN,	/* from guest registers, which nobody needs any more */
	FORM_CLEAN,	/* with their bits above the shape known to be zero */
	FORM_SAME,	/* all the same value */
	FORM_KEPT,	/* needed afterwards, and NZCV is in the host flags all the while */
	FORM_CONST,	/* the second one is a constant; NZCV as above */
	FORM_COUNT
};

struct rig {
	struct emu_vm *vm;
	struct emu_vcpu *v;
	struct code_page *page;
	u8 *ram;
	u8 *code;		/* the cache as it was: every block is made at the same place */
	size_t arena;
	u32 nrec;
	struct jit_host host;	/* the real one */
	u64 seed;
	struct ir_block b;
	struct ir_insn in;	/* the operation under test */
	enum form form;
	u64 konst;		/* of FORM_CONST */
	bool inlined;		/* no call of C was emitted */
};

static u64 rnd(struct rig *r)
{
	r->seed ^= r->seed << 13;
	r->seed ^= r->seed >> 7;
	r->seed ^= r->seed << 17;
	return r->seed * 0x2545f4914f6cdd1dULL;
}

/* ---- the rig ---- */

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

static void no_event(void *opaque, unsigned int cpu, enum emu_event event)
{
	(void)opaque, (void)cpu, (void)event;
}

static const struct emu_host_ops no_ops = {
	.mmio_read = no_read, .mmio_write = no_write, .ppi = no_ppi, .event = no_event,
};

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct emu_config cfg = { .cpus = 1, .engine = EMU_ENGINE_JIT, .cache_bytes = 1 << 20, .ops = &no_ops };
	unsigned int n;

	cfg.model = arm_cpu_models(&n);
	assert_int_equal(emu_vm_create(&cfg, &r->vm), 0);
	r->ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(r->ram, MAP_FAILED);
	assert_int_equal(emu_vm_map_ram(r->vm, 0, RAM_BYTES, r->ram, false), 0);
	emu_vm_reset(r->vm);
	r->v = emu_vm_vcpu(r->vm, 0);
	r->page = code_page_get(r->vm->cache, PC, PC, 0, r->ram + PC);
	assert_non_null(r->page);
	r->code = r->vm->cache->buf.p;
	r->arena = r->vm->cache->arena_used;
	r->nrec = r->vm->cache->nrec;
	r->host = r->vm->cache->jit->host;
	r->seed = 0x9e3779b97f4a7c15ULL;
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	emu_vm_free(r->vm);
	munmap(r->ram, RAM_BYTES);
	free(r);
	return 0;
}

static void set_host(struct rig *r, struct jit_host host)
{
	r->vm->cache->jit->host = host;
	r->vm->cache->buf.avx = host.avx;
}

static void compile(struct rig *r, struct jit_block **blk)
{
	struct code_cache *c = r->vm->cache;
	char why[200] = "";
	size_t arena;

	if (ir_verify(&r->b, why, sizeof(why)))
		fail_msg("bad block: %s", why);
	ir_optimise(&r->b);
	c->buf.p = r->code;
	c->buf.full = false;
	c->arena_used = r->arena;
	c->nrec = r->nrec;
	assert_int_equal(jit_compile(c, c->ctx, &r->b, r->page, NULL, blk), 0);
	arena = r->arena + ((sizeof(**blk) + 7) & ~7ul);
	r->inlined = c->arena_used == arena;
}

/* ---- one operation as a block ---- */

#define REG_RESULT 3	/* V3 or X3 */
#define REG_KEPT 4	/* V4.. or X4..: copies of the operands */

static ir_ref arg(struct rig *r, char type, unsigned int k)
{
	enum ir_shape q = r->in.q;
	ir_ref v;

	if (r->form == FORM_SAME && type == 'V')
		k = 0;
	if (type == 'I')
		return r->form == FORM_CONST ? ir_const(&r->b, r->konst) : ir_get_x(&r->b, k);
	if (type == 'V') {
		if (r->form == FORM_CONST && k == 1)
			return ir_vop(&r->b, IR_VCONST, 3, q == IR_Q ? IR_Q : IR_D, r->konst, 0, 0, 0);
		v = ir_get_v(&r->b, k);
		if (r->form == FORM_CLEAN)
			v = ir_vop(&r->b, IR_VLOW, r->in.es, q, 0, v, 0, 0);
		if (r->form == FORM_KEPT)
			ir_set_v(&r->b, REG_KEPT + k, v);
		return v;
	}
	return r->form >= FORM_KEPT ? ir_op(&r->b, IR_FL_SUB, 64, ir_get_x(&r->b, 0), ir_get_x(&r->b, 1), 0) :
	       ir_get_f(&r->b);
}

static void build(struct rig *r)
{
	const struct ir_op_info *op = &ir_ops[r->in.op];
	struct ir_block *b = &r->b;
	struct ir_insn in = r->in;
	ir_ref f = IR_NONE, d;

	ir_block_init(b, PC, 0, 0);
	ir_begin_insn(b, PC, 0);
	for (unsigned int k = 0; k < op->nargs; k++)
		in.arg[k] = arg(r, op->args[k], k);
	if (r->form >= FORM_KEPT)
		f = ir_op(b, IR_FL_SUB, 64, ir_get_x(b, 0), ir_get_x(b, 1), 0);
	d = ir_emit(b, &in);
	if (f != IR_NONE)
		ir_set_f(b, f);
	if (op->res[0] == 'V')
		ir_set_v(b, REG_RESULT, d);
	else
		ir_set_x(b, REG_RESULT, d);
	ir_leave(b, PC + 4);
}

/* ---- values ---- */

static u64 lane_value(struct rig *r, unsigned int es)
{
	u64 max = ~0ull >> (65 - (8 << es)), x = rnd(r);

	switch (x >> 60) {
	case 0: case 1: return 0;
	case 2: return ~0ull;
	case 3: return max;
	case 4: return max + 1;
	case 5: return max - 1;
	case 6: return max + 2;
	case 7: return 1;
	case 8: case 9: return (s64)(x << 8) >> 58;		/* small, of any sign */
	case 10: return 1ull << (x & 63);
	default: return rnd(r);
	}
}

static struct arm_vreg value(struct rig *r)
{
	unsigned int es = rnd(r) >> 62, n = 8u >> es, bits = 8u << es;
	struct arm_vreg v = { { 0, 0 } };

	for (unsigned int h = 0; h < 2; h++)
		for (unsigned int i = 0; i < n; i++)
			v.d[h] |= (lane_value(r, es) & (~0ull >> (64 - bits))) << (i * bits);
	return v;
}

/* ---- comparison ---- */

struct outcome {
	struct arm_vreg res;
	u32 fpsr, nzcv;
};

static struct arm_vreg operand(const struct rig *r, const struct arm_state *s, char type, unsigned int k, u32 nzcv)
{
	struct ir_insn low = { .op = IR_VLOW, .es = r->in.es, .q = r->in.q };
	struct vec_call vc = { .fpsr = NULL };

	if (type == 'F')
		return (struct arm_vreg){ { nzcv, 0 } };
	if (type == 'I')
		return (struct arm_vreg){ { r->form == FORM_CONST ? r->konst : s->x[k], 0 } };
	if (r->form == FORM_CONST && k == 1)
		return (struct arm_vreg){ { r->konst, r->in.q == IR_Q ? r->konst : 0 } };
	vc.a = s->v[r->form == FORM_SAME ? 0 : k];
	if (r->form != FORM_CLEAN)
		return vc.a;
	vec_call_op(&low, &vc);
	return vc.res;
}

static void expect(const struct rig *r, const struct arm_state *s, struct outcome *o)
{
	const char *args = ir_ops[r->in.op].args;
	unsigned int n = ir_ops[r->in.op].nargs;
	u64 a = s->x[0], b = s->x[1], d = a - b;
	struct vec_call vc = { .fpcr = s->fpcr, .fpsr = &o->fpsr };

	o->fpsr = s->fpsr;
	o->nzcv = s->nzcv;
	if (r->form >= FORM_KEPT)
		o->nzcv = (d >> 63) << 31 | (u32)!d << 30 | (u32)(a >= b) << 29 | ((a ^ b) & (a ^ d)) >> 63 << 28;
	if (n > 0)
		vc.a = operand(r, s, args[0], 0, o->nzcv);
	if (n > 1)
		vc.b = operand(r, s, args[1], 1, o->nzcv);
	if (n > 2)
		vc.c = operand(r, s, args[2], 2, o->nzcv);
	if (r->in.op == IR_CRC32 || r->in.op == IR_CRC32C)
		vc.res.d[0] = emu_crc32((u32)vc.a.d[0], vc.b.d[0], 1u << r->in.aux, r->in.op == IR_CRC32C);
	else
		vec_call_op(&r->in, &vc);
	o->res = vc.res;
}

static void complain(const struct rig *r, const struct arm_state *s, const struct outcome *want,
		     const struct outcome *got)
{
	const struct jit_host *h = &r->vm->cache->jit->host;

	print_message("%s es %u q %u w %u aux %u imm %#llx form %u const %#llx avx %u avx2 %u\n", ir_ops[r->in.op].name,
		      r->in.es, r->in.q, r->in.w, r->in.aux, (unsigned long long)r->in.imm, r->form,
		      (unsigned long long)r->konst, h->avx, h->avx2);
	for (unsigned int k = 0; k < 3; k++)
		print_message("  v%u %016llx %016llx x%u %016llx\n", k, (unsigned long long)s->v[k].d[1],
			      (unsigned long long)s->v[k].d[0], k, (unsigned long long)s->x[k]);
	print_message("  want %016llx %016llx fpsr %08x nzcv %08x\n", (unsigned long long)want->res.d[1],
		      (unsigned long long)want->res.d[0], want->fpsr, want->nzcv);
	print_message("  got  %016llx %016llx fpsr %08x nzcv %08x\n", (unsigned long long)got->res.d[1],
		      (unsigned long long)got->res.d[0], got->fpsr, got->nzcv);
	fail();
}

/* One run on fresh values; the state before it in *before. */
static void run_values(struct rig *r, struct jit_block *blk, struct arm_state *before)
{
	struct arm_state *s = &r->v->st;

	for (unsigned int k = 0; k < 3; k++) {
		s->v[k] = value(r);
		s->x[k] = lane_value(r, 3);
	}
	s->v[REG_RESULT] = (struct arm_vreg){ { 0xdead, 0xbeef } };
	s->x[REG_RESULT] = 0xdead;
	s->fpsr = rnd(r) & QC ? QC : rnd(r) & 0x1f;
	s->nzcv = (u32)rnd(r) & 0xf0000000;
	memcpy(before, s, offsetof(struct arm_state, sys));
	assert_int_equal(jit_run(r->v, blk->cold), JIT_LEFT);
	assert_int_equal(s->pc, PC + 4);
}

static void check(struct rig *r, struct jit_block *blk)
{
	const struct ir_op_info *op = &ir_ops[r->in.op];
	struct arm_state *s = &r->v->st;
	static struct arm_state before;
	struct outcome want, got;

	run_values(r, blk, &before);
	expect(r, &before, &want);
	got = (struct outcome){ .res = s->v[REG_RESULT], .fpsr = s->fpsr, .nzcv = s->nzcv };
	if (op->res[0] == 'I')
		got.res = (struct arm_vreg){ { s->x[REG_RESULT], 0 } };
	if (memcmp(&want.res, &got.res, 16) || want.fpsr != got.fpsr || want.nzcv != got.nzcv)
		complain(r, &before, &want, &got);
	assert_memory_equal(s->v, before.v, 3 * 16);
	assert_memory_equal(s->x, before.x, 3 * 8);
	for (unsigned int k = 0; r->form == FORM_KEPT && k < op->nargs; k++)
		if (op->args[k] == 'V')
			assert_memory_equal(&s->v[REG_KEPT + k], &before.v[k], 16);
}

static void run_form(struct rig *r, enum form form, unsigned int runs)
{
	struct jit_block *blk;

	r->form = form;
	build(r);
	compile(r, &blk);
	for (unsigned int i = 0; i < runs; i++)
		check(r, blk);
}

/* ---- which operations and immediates ---- */

static bool is_right(unsigned int op)
{
	return op == IR_VSHRI || op == IR_VSARI || op == IR_VURSHRI || op == IR_VSRSHRI || op == IR_VSRI;
}

static bool by_register(unsigned int op)
{
	return op >= IR_VSSHL && op <= IR_VUQRSHL;
}

/* Immediate number @i of the operation; false: no more. */
static bool pick_imm(struct rig *r, unsigned int i, bool all)
{
	unsigned int op = r->in.op, size = 8u << r->in.es, lanes = 16u >> r->in.es;

	switch (op) {
	case IR_VCONST:
		r->in.imm = i == 0 ? 0 : i == 1 ? ~0ull : rnd(r);
		return i < 4;
	case IR_VDUP: case IR_VINS: case IR_VGETU: case IR_VGETS:
		r->in.imm = i;
		r->in.w = i & 1 ? 32 : 64;
		return i < lanes;
	case IR_VINSV:
		r->in.imm = i % lanes | (i / lanes) << 4;
		return i < lanes * lanes;
	case IR_VEXT:
		r->in.imm = i;
		return i < (r->in.q == IR_Q ? 16 : 8);
	case IR_VTBX:
		r->in.imm = 16 * i;
		return i < 4;
	case IR_VSEL:
		r->in.aux = i;
		return i < 16;
	case IR_VSHLI: case IR_VSLI: case IR_VSQSHLUI:
	case IR_VSHRI: case IR_VSARI: case IR_VURSHRI: case IR_VSRSHRI: case IR_VSRI:
		/* the ends, the middle and one at random; or all of them */
		r->in.imm = all ? i : i == 0 ? 0 : i == 1 ? size - 1 : i == 2 ? size / 2 : rnd(r) % size;
		r->in.imm += is_right(op);
		return i < (all ? size : 4);
	}
	r->in.imm = 0;
	return i == 0;
}

/* Operations that the manual has in this size and shape only, or whose C version is not defined elsewhere. */
static bool exists(unsigned int op, unsigned int es, unsigned int q)
{
	if (op >= IR_AESE)
		return es == 0 && q == IR_Q;
	switch (op) {
	case IR_VEXT: case IR_VTBX:
		return es == 0 && q != IR_SCALAR;
	case IR_VINS: case IR_VINSV: case IR_VGETU: case IR_VGETS: case IR_VHIGH: case IR_VCAT:
		return q == IR_Q;
	case IR_VPMUL: case IR_VCNT: case IR_VRBIT:
		return es == 0;
	case IR_VURECPE: case IR_VURSQRTE:
		return es == 2;
	case IR_VSQDMULH ... IR_VSQRDMLSH:
		return es == 1 || es == 2;
	case IR_VPMULL:
		return q != IR_SCALAR && (es == 0 || es == 3);
	case IR_VREV16: case IR_VREV32: case IR_VREV64:
		return q != IR_SCALAR && es < op - IR_VREV16 + 1;
	case IR_VZIP1 ... IR_VTRN2:
		return q != IR_SCALAR && (q == IR_Q || es < 3);
	case IR_VSXTL ... IR_VUMULL:
	case IR_VSQDMULL ... IR_VSQXTUN:
		return es < 3 && q != IR_D;
	case IR_VSADDLP: case IR_VUADDLP:
	case IR_VADDV ... IR_VUMINV:
		return es < 3 && q != IR_SCALAR;
	}
	return true;
}

static void run_imm(struct rig *r, unsigned int runs)
{
	unsigned int size = 8u << r->in.es;

	for (enum form form = 0; form < FORM_CONST; form++)
		run_form(r, form, runs);
	if (ir_ops[r->in.op].nargs < 2 && r->in.op != IR_VSPLAT)
		return;	/* no second operand */
	for (unsigned int i = 0; i < (by_register(r->in.op) ? 12 : 2); i++) {
		r->konst = rnd(r);
		if (by_register(r->in.op)) {	/* the same count in all lanes */
			s64 n = i < 8 ? (s64)(rnd(r) % (2 * size + 4)) - size - 2 : (s8)rnd(r);

			r->konst = 0;
			for (unsigned int bit = 0; bit < 64; bit += size)
				r->konst |= ((u64)n & (~0ull >> (64 - size))) << bit;
		}
		run_form(r, FORM_CONST, runs);
	}
}

static void run_all(struct rig *r, unsigned int from, unsigned int to, unsigned int runs, bool all_imms)
{
	for (unsigned int op = from; op <= to; op++) {
		for (unsigned int k = 0; k < 12; k++) {
			r->in = (struct ir_insn){ .op = op, .es = k & 3, .q = k >> 2, .w = 64 };
			if (!exists(op, r->in.es, r->in.q))
				continue;
			for (unsigned int i = 0; pick_imm(r, i, all_imms); i++)
				run_imm(r, runs);
		}
	}
}

/* ---- the tests ---- */

static void test_host(void **state)
{
	struct rig *r = *state;

	set_host(r, r->host);
	run_all(r, IR_VCONST, IR_VUMINV, 25, true);
	run_all(r, IR_AESE, IR_SHA256SU1, 200, false);
}

/* As on an x86-64-v2 host. */
static void test_baseline(void **state)
{
	struct rig *r = *state;

	set_host(r, (struct jit_host){ .avx = false });
	run_all(r, IR_VCONST, IR_VUMINV, 25, true);
	run_all(r, IR_AESE, IR_SHA256SU1, 100, false);
}

/* The crypto extensions without AVX: other encodings. */
static void test_sse_crypto(void **state)
{
	struct rig *r = *state;

	set_host(r, (struct jit_host){ .aes = r->host.aes, .sha = r->host.sha, .pclmul = r->host.pclmul });
	run_all(r, IR_VPMULL, IR_VPMULL, 100, false);
	run_all(r, IR_AESE, IR_SHA256SU1, 100, false);
}

static void test_crc32(void **state)
{
	struct rig *r = *state;

	for (unsigned int i = 0; i < 16; i++) {
		set_host(r, i & 8 ? r->host : (struct jit_host){ .pclmul = r->host.pclmul });
		r->in = (struct ir_insn){ .op = i & 4 ? IR_CRC32C : IR_CRC32, .aux = i & 3, .w = 32 };
		for (enum form form = 0; form < FORM_COUNT; form++) {
			r->konst = rnd(r);
			run_form(r, form, 200);
		}
	}
}

/* AVX alone. */
static void test_avx(void **state)
{
	struct rig *r = *state;

	set_host(r, (struct jit_host){ .avx = r->host.avx });
	run_all(r, IR_VCONST, IR_VUMINV, 25, false);
}

struct inline_row {
	u16 from, to;
	u8 es;		/* up to this element size */
};

static void check_inlined(struct rig *r, const struct inline_row *rows, unsigned int n)
{
	struct jit_block *blk;

	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int op = rows[i].from; op <= rows[i].to; op++) {
			for (unsigned int k = 0; k < 12; k++) {
				r->in = (struct ir_insn){ .op = op, .es = k & 3, .q = k >> 2, .w = 64, .imm = 1 };
				if (r->in.es > rows[i].es || !exists(op, r->in.es, r->in.q))
					continue;
				r->form = FORM_PLAIN;
				build(r);
				compile(r, &blk);
				if (!r->inlined)
					print_message("%s es %u q %u calls C\n", ir_ops[op].name, r->in.es, r->in.q);
				assert_true(r->inlined);
			}
		}
	}
}

/* What guest code uses all the time must not call C, not even on a baseline host. */
static void test_inlined(void **state)
{
	static const struct inline_row rows[] = {
		{ IR_VCONST, IR_VCAT, 3 }, { IR_VEXT, IR_VTBX, 0 }, { IR_VZIP1, IR_VTRN2, 3 },
		{ IR_VREV16, IR_VREV64, 2 }, { IR_VAND, IR_VSEL, 0 }, { IR_VADD, IR_VSUB, 3 }, { IR_VMUL, IR_VMLS, 2 },
		{ IR_VNEG, IR_VCMTST, 3 }, { IR_VSMAX, IR_VCLZ, 2 }, { IR_VCNT, IR_VRBIT, 0 },
		{ IR_VSHLI, IR_VSRI, 3 }, { IR_VSQADD, IR_VUQSUB, 3 },
		{ IR_VSQABS, IR_VSQNEG, 3 }, { IR_VSQDMULH, IR_VSQRDMULH, 2 }, { IR_VSXTL, IR_VUMULL, 2 },
		{ IR_VXTN, IR_VSQXTUN, 2 }, { IR_VADDP, IR_VUADDLP, 2 }, { IR_VADDV, IR_VUMINV, 2 },
	};
	static const struct inline_row avx2[] = { { IR_VSSHL, IR_VURSHL, 3 } }, aes[] = { { IR_AESE, IR_AESIMC, 0 } },
		sha[] = { { IR_SHA1C, IR_SHA256SU1, 0 } };
	struct rig *r = *state;

	set_host(r, (struct jit_host){ .avx = false });
	check_inlined(r, rows, ARM_ARRAY_SIZE(rows));
	set_host(r, r->host);
	check_inlined(r, rows, ARM_ARRAY_SIZE(rows));
	if (r->host.avx2)
		check_inlined(r, avx2, 1);
	if (r->host.aes)
		check_inlined(r, aes, 1);
	if (r->host.sha)
		check_inlined(r, sha, 1);
}

/* ---- blocks of many operations: registers run out, neighbours are fused, known bits add up ---- */

#define MIX_OPS 48

struct mix_op {
	struct ir_insn in;	/* arg[]: guest registers */
	u8 dest;
};

static void mix_pick(struct rig *r, struct mix_op *m, unsigned int ops)
{
	unsigned int x;

	do {
		x = rnd(r) >> 40;
		m->in = (struct ir_insn){
			.es = x & 3, .q = (x >> 2) % 3, .w = 64,
			.op = (x >> 8) % 5 ? IR_VCONST + (x >> 12) % (IR_VUMINV - IR_VCONST + 1) :
			      IR_AESE + (x >> 12) % (IR_SHA256SU1 - IR_AESE + 1),
		};
		r->in = m->in;
	} while (!exists(m->in.op, m->in.es, m->in.q) || ir_ops[m->in.op].res[0] != 'V');
	if (!pick_imm(r, rnd(r) % (16u >> m->in.es), true))
		pick_imm(r, 0, true);
	m->in = r->in;
	for (unsigned int k = 0; k < 3; k++)
		m->in.arg[k] = rnd(r) % (ops & 1 ? 32 : 6);
	m->dest = rnd(r) % (ops & 1 ? 32 : 6);
}

/* What compilers make of AES, SHA-256 and tables, so that the fused forms are met. */
static unsigned int mix_idiom(struct rig *r, struct mix_op *m)
{
	unsigned int a = rnd(r) % 8, b = 8 + rnd(r) % 8, c = 16 + rnd(r) % 8, t = 24 + rnd(r) % 4;
	struct ir_insn base = { .q = IR_Q, .w = 64 };

	for (unsigned int i = 0; i < 4; i++)
		m[i] = (struct mix_op){ .in = base, .dest = a };
	switch (rnd(r) >> 62) {
	case 0:
		m[0].in.op = IR_AESE, m[0].in.arg[0] = a, m[0].in.arg[1] = b;
		m[1].in.op = IR_AESMC, m[1].in.arg[0] = a;
		m[1].dest = rnd(r) & 1 ? a : c;
		return 2;
	case 1:
		m[0].in.op = IR_VLOW, m[0].in.arg[0] = a, m[0].dest = t;
		m[1].in.op = IR_SHA256H, m[1].in.arg[0] = a, m[1].in.arg[1] = b, m[1].in.arg[2] = c;
		m[2].in.op = IR_SHA256H2, m[2].in.arg[0] = b, m[2].in.arg[1] = t, m[2].in.arg[2] = c, m[2].dest = b;
		return 3;
	default:
		m[0].in.op = IR_VCONST, m[0].in.q = IR_D;
		for (unsigned int i = 1; i < 4; i++) {
			m[i].in.op = IR_VTBX, m[i].in.imm = 16 * (rnd(r) & 1 ? i - 1 : 0);
			m[i].in.arg[0] = a, m[i].in.arg[1] = b + i - 1, m[i].in.arg[2] = c;
		}
		return 4;
	}
}

static void mix_emit(struct rig *r, const struct mix_op *m)
{
	const struct ir_op_info *op = &ir_ops[m->in.op];
	struct ir_insn in = m->in;

	for (unsigned int k = 0; k < 3; k++)
		in.arg[k] = k >= op->nargs ? IR_NONE : op->args[k] == 'V' ? ir_get_v(&r->b, m->in.arg[k]) :
			    op->args[k] == 'I' ? ir_get_x(&r->b, m->in.arg[k] % 31) : ir_get_f(&r->b);
	ir_set_v(&r->b, m->dest, ir_emit(&r->b, &in));
}

static void mix_eval(const struct mix_op *m, struct arm_state *s)
{
	struct vec_call vc = { .fpsr = &s->fpsr, .fpcr = s->fpcr };
	struct arm_vreg *to[] = { &vc.a, &vc.b, &vc.c };

	for (unsigned int k = 0; k < ir_ops[m->in.op].nargs; k++) {
		char type = ir_ops[m->in.op].args[k];

		*to[k] = type == 'V' ? s->v[m->in.arg[k]] :
			 (struct arm_vreg){ { type == 'I' ? s->x[m->in.arg[k] % 31] : s->nzcv, 0 } };
	}
	vec_call_op(&m->in, &vc);
	s->v[m->dest] = vc.res;
}

static void run_mix(struct rig *r)
{
	struct arm_state *s = &r->v->st;
	static struct arm_state want;
	struct mix_op ops[MIX_OPS + 4];
	unsigned int n = 0, few = rnd(r) & 1;
	struct jit_block *blk;

	ir_block_init(&r->b, PC, 0, 0);
	while (n < MIX_OPS) {
		unsigned int from = n;

		if (rnd(r) >> 61)
			mix_pick(r, &ops[n++], few);
		else
			n += mix_idiom(r, &ops[n]);
		for (; from < n; from++) {
			ir_begin_insn(&r->b, PC, 0);
			mix_emit(r, &ops[from]);
		}
	}
	ir_set_f(&r->b, ir_op(&r->b, IR_FL_SUB, 64, ir_get_x(&r->b, 1), ir_get_x(&r->b, 2), 0));
	ir_leave(&r->b, PC + 4);
	compile(r, &blk);
	for (unsigned int i = 0; i < 4; i++) {
		for (unsigned int k = 0; k < 32; k++)
			s->v[k] = value(r);
		for (unsigned int k = 0; k < 31; k++)
			s->x[k] = rnd(r);
		s->fpsr = 0;
		memcpy(&want, s, offsetof(struct arm_state, sys));
		for (unsigned int k = 0; k < n; k++)
			mix_eval(&ops[k], &want);
		assert_int_equal(jit_run(r->v, blk->cold), JIT_LEFT);
		assert_memory_equal(s->v, want.v, sizeof(s->v));
		assert_memory_equal(s->x, want.x, sizeof(s->x));
		assert_int_equal(s->fpsr, want.fpsr);
	}
}

static void test_mix(void **state)
{
	struct rig *r = *state;
	struct jit_host sse = { .aes = r->host.aes, .sha = r->host.sha, .pclmul = r->host.pclmul };

	for (unsigned int i = 0; i < 3000; i++) {
		set_host(r, i % 3 == 0 ? r->host : i % 3 == 1 ? sse : (struct jit_host){ .avx = false });
		run_mix(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_baseline),
		cmocka_unit_test(test_sse_crypto),
		cmocka_unit_test(test_crc32),
		cmocka_unit_test(test_avx),
		cmocka_unit_test(test_inlined),
		cmocka_unit_test(test_mix),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
#endif
