// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device accesses.  One instruction makes one or more beats (LDM, LDRD, VLDR and
 * unaligned ones make several); each beat is served by the distributor, an eventfd
 * or user space.  The instruction retires when all have been: only then are
 * registers written and the pc moved, so an access that user space answers with an
 * abort has not happened.
 */
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "arm/esr.h"
#include "arm/mmio_decode.h"
#include "arm/psr.h"
#include "hyp/hyp.h"
#include "hyp/trace.h"

#define HSR_SRT_MASK 15u	/* ARMv7 has four bits (B3.13.6); arm/esr.h's field has five */

/* Whether data are big-endian now: CPSR.E. */
static bool big_endian(const struct hyp_guest *g)
{
	return g->core.cpsr & PSR32_E;
}

/* @val's low @len bytes in the other order. */
static u64 bytes_swapped(u64 val, unsigned int len)
{
	return len == 1 ? val : __builtin_bswap64(val) >> (64 - 8 * len);
}

/*
 * The instruction at the guest's pc.  HYP translated the address when it took the
 * abort; since then another vCPU may have mapped something else there: then this is
 * the new instruction, as it is for the guest itself (rows 12, 13).
 */
static int fetch(struct hyp_vcpu *vcpu, u32 *insn, bool *wide)
{
	struct hyp_guest *g = vcpu->guest;
	u32 pc = g->core.pc;
	u16 half[2];
	int ret;

	*wide = true;
	if (g->insn_ipa[0] == HYP_NO_IPA)
		return -EAGAIN;
	if (!(g->core.cpsr & PSR32_T))
		return mmu_read(vcpu->vm, g->insn_ipa[0], insn, sizeof(*insn));
	ret = mmu_read(vcpu->vm, g->insn_ipa[0], &half[0], sizeof(half[0]));
	if (ret)
		return ret;
	*insn = half[0];
	*wide = half[0] >> 11 >= 0x1d;		/* A6.1 */
	if (!*wide)
		return 0;
	/* The second half may lie in the next page, which is anywhere. */
	if ((pc & 0xfff) == 0xffe && g->insn_ipa[1] == HYP_NO_IPA)
		return -EAGAIN;
	ret = mmu_read(vcpu->vm, (pc & 0xfff) == 0xffe ? g->insn_ipa[1] : g->insn_ipa[0] + 2,
		       &half[1], sizeof(half[1]));
	*insn = (u32)half[0] << 16 | half[1];
	return ret;
}

/* What the hardware said of the instruction. */
static void from_syndrome(struct hyp_vcpu *vcpu, struct mmio_access *m)
{
	struct hyp_guest *g = vcpu->guest;
	u32 hsr = g->hsr;

	m->file = MMIO_FILE_GP;
	m->writeback = false;
	m->part[0] = 0;
	m->write = hsr & ISS_ABT_WNR;
	m->sign = hsr & ISS_ABT_SSE;
	m->size = 1u << iss_abort_sas(hsr);
	m->count = 1;
	m->reg[0] = hsr >> ISS_ABT_SRT_SHIFT & HSR_SRT_MASK;
	m->addr = g->hxfar;
}

/* 1: *m is set; 0 and < 0 as trap_handle(), 2: the guest was given an exception or shall try again. */
static noinline int from_instruction(struct hyp_vcpu *vcpu, u64 ipa, struct mmio_access *m)
{
	struct hyp_guest *g = vcpu->guest;
	u32 insn = 0, regs[16];
	unsigned int i;
	bool wide;
	int ret;

	if (vcpu->vm->nisv_to_user) {
		vcpu->run->exit_reason = KVM_EXIT_ARM_NISV;
		vcpu->run->arm_nisv.esr_iss = g->hsr & ESR_ISS_MASK;
		vcpu->run->arm_nisv.fault_ipa = ipa;
		return 0;
	}
	ret = fetch(vcpu, &insn, &wide);
	if (ret == -EAGAIN)
		return 2;
	/* Without a syndrome HSR.IL is not valid either (B3.13.6): guest_skip() will want it. */
	g->hsr = wide ? g->hsr | ESR_IL : g->hsr & ~ESR_IL;
	for (i = 0; i < 16; i++)
		regs[i] = *guest_reg(g, i);
	if (!ret)
		ret = g->core.cpsr & PSR32_T ? mmio_decode_t32(insn, wide, regs, m) :
					       mmio_decode_a32(insn, regs, m);
	if (ret) {
		pr_debug_ratelimited("vambrace: vCPU %u at %08x: no device takes the access of %08x at %08x\n",
				     vcpu->id, g->core.pc, insn, g->hxfar);
		inject_dabt(vcpu, g->hxfar);
		return 2;
	}
	vcpu->stats.mmio_decoded++;
	return 1;
}

/* The value that beat @i stores, in memory order as the guest's bytes are. */
static u64 store_value(struct hyp_vcpu *vcpu, const struct mmio_access *m, unsigned int i)
{
	struct hyp_guest *g = vcpu->guest;
	u64 val;

	if (m->file == MMIO_FILE_GP)
		/* A store of pc stores what it reads as (A2.3.1); Thumb has none. */
		val = *guest_reg(g, m->reg[i]) + (m->reg[i] == 15 ? 8 : 0);
	else if (m->file == MMIO_FILE_S)
		val = (u32)(g->vfp.d[m->reg[i] / 2] >> (m->reg[i] & 1) * 32);
	else
		val = g->vfp.d[m->reg[i]];
	val = val >> m->part[i] * 32 & 0xffffffff >> (32 - 8 * m->size);
	return big_endian(g) ? bytes_swapped(val, m->size) : val;
}

/* true: it was a load of pc. */
static bool load_value(struct hyp_vcpu *vcpu, const struct mmio_access *m, unsigned int i, u64 val)
{
	struct hyp_guest *g = vcpu->guest;
	unsigned int shift;
	u64 *d;

	if (big_endian(g))
		val = bytes_swapped(val, m->size);
	if (m->sign && m->size < 4)
		val = (u32)((s32)((u32)val << (32 - 8 * m->size)) >> (32 - 8 * m->size));
	if (m->file == MMIO_FILE_GP) {
		*guest_reg(g, m->reg[i]) = (u32)val;
		return m->reg[i] == 15;
	}
	d = &g->vfp.d[m->file == MMIO_FILE_S ? m->reg[i] / 2 : m->reg[i]];
	shift = 32 * (m->file == MMIO_FILE_S ? m->reg[i] & 1 : m->part[i]);
	*d = (*d & ~(0xffffffffULL << shift)) | (val & 0xffffffff) << shift;
	return false;
}

/* All beats are done: the instruction happens. */
static noinline int retire(struct hyp_vcpu *vcpu)
{
	struct hyp_mmio *p = &vcpu->mmio;
	struct hyp_guest *g = vcpu->guest;
	struct mmio_access *m = &p->access;
	unsigned int i;
	bool pc = false;

	p->valid = false;
	guest_skip(g, g->hsr);
	/* Writeback first: a load of the base register wins (A8.8.58 leaves it UNKNOWN). */
	if (m->writeback)
		*guest_reg(g, m->rn) = m->rn_value;
	if (m->write)
		return 1;
	for (i = 0; i < m->count; i++)
		pc |= load_value(vcpu, m, i, p->data[i]);
	if (pc) {
		/* LoadWritePC: bit 0 selects Thumb (A2.3.1). */
		g->core.cpsr = (g->core.cpsr & ~PSR32_T) | (g->core.pc & 1 ? PSR32_T : 0);
		g->core.pc &= g->core.pc & 1 ? ~1u : ~3u;
	}
	return 1;
}

/* Leaves to user space with beat p->next. */
static int to_user(struct hyp_vcpu *vcpu, u64 ipa, u64 val)
{
	struct kvm_run *run = vcpu->run;
	struct hyp_mmio *p = &vcpu->mmio;

	vcpu->stats.mmio_exit_user++;
	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = ipa;
	run->mmio.len = p->access.size;
	run->mmio.is_write = p->access.write;
	memset(run->mmio.data, 0, sizeof(run->mmio.data));
	if (p->access.write)
		memcpy(run->mmio.data, &val, sizeof(val));
	return 0;
}

static noinline void dist_access(struct hyp_vcpu *vcpu, u64 ipa, unsigned int i, u64 val)
{
	struct hyp_mmio *p = &vcpu->mmio;
	u32 v = (u32)val;

	vgic_dist_access(vcpu, (u32)(ipa - vcpu->vm->vgic.dist_base), p->access.size, p->access.write, &v);
	p->data[i] = v;
}

/* True: beat @i was served here. */
static bool in_kernel(struct hyp_vcpu *vcpu, u64 ipa, unsigned int i, u64 val)
{
	const struct mmio_access *m = &vcpu->mmio.access;

	if (vgic_dist_at(vcpu->vm, ipa)) {
		dist_access(vcpu, ipa, i, val);
		return true;
	}
	return m->write && io_write(vcpu, ipa, m->size, val);
}

/* Beats from p->next on.  As trap_handle(). */
static int go_on(struct hyp_vcpu *vcpu)
{
	struct hyp_mmio *p = &vcpu->mmio;
	struct mmio_access *m = &p->access;
	u64 ipa, val;

	for (; p->next < m->count; p->next++) {
		ipa = p->ipa + p->next * m->size;
		val = m->write ? store_value(vcpu, m, p->next) : 0;
		trace_kvm_mmio(m->write, m->size, ipa, (u32)val);
		if (!in_kernel(vcpu, ipa, p->next, val)) {
			p->valid = true;
			return to_user(vcpu, ipa, val);
		}
		vcpu->stats.mmio_exit_kernel++;
	}
	return retire(vcpu);
}

int mmio_abort(struct hyp_vcpu *vcpu, u64 ipa)
{
	struct hyp_guest *g = vcpu->guest;
	struct hyp_mmio *p = &vcpu->mmio;
	int ret;

	/* Maintenance by address of a device: nothing is cached (row 18 and B2.2.3). */
	if (g->hsr & ISS_ABT_CM) {
		guest_skip(g, g->hsr);
		return 1;
	}
	if (g->hsr & ISS_ABT_ISV) {
		from_syndrome(vcpu, &p->access);
	} else {
		ret = from_instruction(vcpu, ipa, &p->access);
		if (ret != 1)
			return ret == 2 ? 1 : ret;
	}
	/*
	 * The abort names the byte that faulted; earlier beats may lie in RAM, and later
	 * ones in a page that stage 1 maps anywhere: refuse such a mix.  No CPU of ARMv7
	 * reports more than a word (SAS of 3 is reserved).
	 */
	if (g->hxfar != p->access.addr || p->access.size > 4 ||
	    ((u32)ipa & ~PAGE_MASK) + p->access.count * p->access.size > PAGE_SIZE) {
		inject_dabt(vcpu, g->hxfar);
		return 1;
	}
	p->ipa = ipa;
	p->next = 0;
	return go_on(vcpu);
}

int mmio_finish(struct hyp_vcpu *vcpu)
{
	struct hyp_mmio *p = &vcpu->mmio;

	if (!p->access.write) {
		u32 val;

		/* A word, and of it the bytes that the access has: to copy just these is a call. */
		memcpy(&val, vcpu->run->mmio.data, sizeof(val));
		p->data[p->next] = val & 0xffffffff >> (32 - 8 * p->access.size);
	}
	p->valid = false;
	p->next++;
	return p->next < p->access.count ? go_on(vcpu) : retire(vcpu);
}
