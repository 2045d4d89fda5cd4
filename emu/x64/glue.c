// SPDX-License-Identifier: GPL-2.0-only
#include "emu/x64/glue.h"

#include <stdlib.h>

#include "emu/cpu/helpers.h"
#include "emu/fp/vec.h"
#include "emu/run/lockstep.h"
#include "emu/run/mem.h"

/* ---- flags ---- */

static u32 nzcv_of_image(u64 image)
{
	return (image & 0xc000) << 16 | (image & 0x100) << 21 | (image & 1) << 28;
}

static u64 image_of_nzcv(u32 nzcv)
{
	return (nzcv >> 16 & 0xc000) | (nzcv >> 21 & 0x100) | (nzcv >> 28 & 1);
}

/* RFLAGS, as PUSHF gives them, to the image. */
static u64 image_of_rflags(u64 f, enum jit_flags kind)
{
	u64 image = (f & 0xc0) << 8 | (f & 1) << 8 | (f >> 11 & 1);

	if (kind == JIT_FLAGS_SUB)
		image ^= 0x100;
	if (kind >= JIT_FLAGS_FCMP) {
		bool swap = kind == JIT_FLAGS_FCMP_SWAP || kind == JIT_FLAGS_FCMP_SWAP_EQ;
		bool zf = f & 0x40, pf = f & 4, less = (f & 1) != swap;

		image = pf ? 0x101 : zf ? 0x4100 : less ? 0x8000 : 0x100;
	}
	return image;
}

/* ---- FPSR and MXCSR ---- */

void jit_fold_mxcsr(struct emu_vcpu *v)
{
	u32 m = v->mxcsr;

	/* IE -> IOC; ZE OE UE PE, one up, -> DZC OFC UFC IXC; DE has no counterpart here */
	v->st.fpsr |= (m & 1) | (m >> 1 & 0x1e);
	v->mxcsr = m & ~0x3fu;
}

void jit_load_mxcsr(struct emu_vcpu *v)
{
	static const u16 rc[] = { 0x0000, 0x4000, 0x2000, 0x6000 };	/* RN RP RM RZ */

	v->mxcsr = 0x1f80 | rc[v->st.fpcr >> 22 & 3];
}

/* ---- state at a point inside a block ---- */

static void state_to_memory(struct emu_vcpu *v, const struct jit_rec *rec, const struct jit_save *save)
{
	for (unsigned int i = 0; i < rec->nlocs; i++) {
		const struct jit_loc *l = &rec->loc[i];

		if (!l->dirty)
			continue;
		if (l->greg == IR_REG_SP)
			v->st.sp = save->gpr[l->host];
		else if (l->greg < IR_REG_SP)
			v->st.x[l->greg] = save->gpr[l->host];
		else
			v->st.v[l->greg - IR_REG_V0] = save->xmm[l->host - JIT_XMM];
	}
}

static struct jit_rec *record(struct emu_vcpu *v, u32 number)
{
	return v->vm->cache->rec[number];
}

int jit_exit(struct emu_vcpu *v, struct jit_save *save, u32 number)
{
	struct jit_rec *rec = record(v, number);

	state_to_memory(v, rec, save);
	if (rec->flags != JIT_FLAGS_MEM)
		v->flags = image_of_rflags(v->host_flags, rec->flags);
	v->st.pc = rec->pc;
	v->insn_count += rec->insns;
	v->exit_rec = rec;
	if (rec->op == IR_XPENDING || rec->op == IR_XLEAVE)
		return JIT_LEFT;
	return rec->jump ? JIT_LINK : JIT_EXIT;
}

/* ---- memory ---- */

static void *operand(struct jit_save *save, u8 host)
{
	return host >= JIT_XMM ? (void *)&save->xmm[host - JIT_XMM] : (void *)&save->gpr[host];
}

static u64 extend(const struct jit_rec *rec, u64 v)
{
	unsigned int bits = 8u << (rec->mop & IR_MO_SIZE);

	if (rec->mop & IR_MO_SIGN) {
		v = arm_sext(v, bits);
		if (rec->w == 32)
			v = (u32)v;
	}
	return v;
}

static int slow_load(struct emu_vcpu *v, struct jit_save *save, const struct jit_rec *rec, u64 va, unsigned int n)
{
	unsigned int size = 1u << (rec->mop & IR_MO_SIZE);
	u8 buf[32];
	int err = mem_load(v, va, rec->mop, n, buf);

	for (unsigned int k = 0; k < n && !err; k++) {
		u8 host = rec->res[k];

		if (host == X64_NOREG)
			continue;
		if (host >= JIT_XMM) {
			struct arm_vreg r = { { 0, 0 } };

			memcpy(&r, buf + k * size, size);
			save->xmm[host - JIT_XMM] = r;
		} else {
			u64 r = 0;

			memcpy(&r, buf + k * size, size);
			save->gpr[host] = extend(rec, r);
		}
	}
	return err;
}

static int slow_store(struct emu_vcpu *v, struct jit_save *save, const struct jit_rec *rec, u64 va, unsigned int n)
{
	unsigned int size = 1u << (rec->mop & IR_MO_SIZE);
	u8 buf[32];

	for (unsigned int k = 0; k < n; k++)
		memcpy(buf + k * size, operand(save, rec->arg[k]), size);
	return mem_store(v, va, rec->mop, n, buf);
}

static void get_wide(struct jit_save *save, u8 host, u64 out[2])
{
	out[0] = out[1] = 0;
	if (host == X64_NOREG)
		return;
	memcpy(out, operand(save, host), host >= JIT_XMM ? 16 : 8);
}

static int slow_atomic(struct emu_vcpu *v, struct jit_save *save, const struct jit_rec *rec, u64 va)
{
	u64 a[2], b[2], r[2] = { 0, 0 };
	int err;

	get_wide(save, rec->arg[0], a);
	get_wide(save, rec->arg[1], b);
	switch (rec->op) {
	case IR_LDX:
	case IR_LDXV:
		err = mem_load_exclusive(v, va, rec->mop, r);
		break;
	case IR_STX:
	case IR_STXV:
		err = mem_store_exclusive(v, va, rec->mop, a, r);
		break;
	case IR_CAS:
	case IR_CASV:
		err = mem_cas(v, va, rec->mop, a, b, r);
		break;
	default:
		err = mem_atomic_op(v, va, rec->mop, rec->aux, a[0], r);
	}
	if (!err && rec->res[0] != X64_NOREG)
		memcpy(operand(save, rec->res[0]), r, rec->res[0] >= JIT_XMM ? 16 : 8);
	return err;
}

static int slow_access(struct emu_vcpu *v, struct jit_save *save, const struct jit_rec *rec, u64 va)
{
	switch (rec->op) {
	case IR_LD:
	case IR_LDV:
	case IR_LDC:
	case IR_LDVC:
		return slow_load(v, save, rec, va, 1);
	case IR_LDP:
	case IR_LDVP:
		return slow_load(v, save, rec, va, 2);
	case IR_ST:
	case IR_STV:
	case IR_STC:
	case IR_STVC:
		return slow_store(v, save, rec, va, 1);
	case IR_STP:
	case IR_STVP:
		return slow_store(v, save, rec, va, 2);
	case IR_SPCHECK:
		helper_sp_align(v, 0, 0, 0);
		return -EFAULT;
	default:
		return slow_atomic(v, save, rec, va);
	}
}

int jit_slow(struct emu_vcpu *v, struct jit_save *save, u32 number)
{
	const struct jit_rec *rec = record(v, number);

	v->st.pc = rec->pc;	/* for the syndrome; translated code has no use for it */
	if (!slow_access(v, save, rec, save->gpr[RAX]))
		return 0;
	/* The flags are in memory: memory operations leave none in the host's. */
	state_to_memory(v, rec, save);
	if (rec->it)
		v->st.pstate = psr32_set_it(v->st.pstate, rec->it);
	v->insn_count += rec->insns;
	return JIT_EXCEPTION;
}

/* ---- calls ---- */

u64 jit_helper(struct emu_vcpu *v, u64 a, u64 b, u64 c, u32 helper)
{
	u64 r;

	jit_fold_mxcsr(v);
	v->st.nzcv = nzcv_of_image(v->flags);
	r = lockstep_helper(v, helper, a, b, c);
	v->flags = image_of_nzcv(v->st.nzcv);
	jit_load_mxcsr(v);
	return r;
}

u32 emu_crc32(u32 crc, u64 data, unsigned int bytes, bool castagnoli);

void jit_vec(struct emu_vcpu *v, const struct ir_insn *in)
{
	struct vec_call vc = {
		.a = v->scratch[1], .b = v->scratch[2], .c = v->scratch[3],
		.imm = in->imm, .es = in->es, .q = in->q, .w = in->w,
		.fpcr = v->st.fpcr, .fpsr = &v->st.fpsr,
	};

	if (in->op == IR_CRC32 || in->op == IR_CRC32C) {
		v->scratch[0].d[0] = emu_crc32(vc.a.d[0], vc.b.d[0], 1u << in->aux, in->op == IR_CRC32C);
		return;
	}
	if (ir_ops[in->op].args[0] == 'F') {
		/* conditional forms: resolve the condition here */
		vc.a.d[0] = nzcv_of_image(vc.a.d[0]);
	}
	vec_call_op(in, &vc);
	v->scratch[0] = vc.res;
	if (ir_ops[in->op].res[0] == 'F')
		v->scratch[0].d[0] = image_of_nzcv(vc.res.d[0]);
}

void jit_redo(struct emu_vcpu *v, struct jit_save *save, const struct jit_rare *r)
{
	struct vec_call vc = { .fpcr = v->st.fpcr, .fpsr = &v->st.fpsr };
	struct arm_vreg *const arg[] = { &vc.a, &vc.b, &vc.c };

	for (unsigned int k = 0; k < ir_ops[r->in.op].nargs; k++)
		memcpy(arg[k], operand(save, r->arg[k]), r->arg[k] >= JIT_XMM ? 16 : 8);
	if (!jit_flushing(v, &r->in, &vc))
		vec_call_op(&r->in, &vc);
	memcpy(operand(save, r->res), &vc.res, r->res >= JIT_XMM ? 16 : 8);
}

enum jit_result jit_run(struct emu_vcpu *v, void *code)
{
	int (*enter)(struct emu_vcpu *, void *) =
		(int (*)(struct emu_vcpu *, void *))v->vm->cache->jit->thunks.enter;
	int result;

	v->flags = image_of_nzcv(v->st.nzcv);
	jit_load_mxcsr(v);
	result = enter(v, code);
	jit_fold_mxcsr(v);
	v->st.nzcv = nzcv_of_image(v->flags);
	return result;
}
