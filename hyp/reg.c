// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET_ONE_REG, KVM_SET_ONE_REG and KVM_GET_REG_LIST: ids, order and errors of
 * Linux 5.4 on a Cortex-A15 (tests/hyp/ has its answers).  A register is a run of
 * ids, a place, and what may be written there.
 */
#include <linux/kernel.h>
#include <linux/uaccess.h>

#include "arm/psr.h"
#include "hyp/hyp.h"

#define ID32(crn, opc1, crm, opc2) KVM_REG_ARM_CP15_32(crn, opc1, crm, opc2)
#define ID64(opc1, crm) KVM_REG_ARM_CP15_64(opc1, crm)
#define ID_VFP_CTRL(n) (KVM_REG_ARM | KVM_REG_SIZE_U32 | KVM_REG_ARM_VFP | (n))
#define ID_VFP_D (KVM_REG_ARM | KVM_REG_SIZE_U64 | KVM_REG_ARM_VFP)
#define ID_CCSIDR (KVM_REG_ARM | KVM_REG_SIZE_U32 | KVM_REG_ARM_DEMUX | KVM_REG_ARM_DEMUX_ID_CCSIDR)

/* The registers of the world switch and the emulated ones, in the order of the list. */
static const struct {
	u64 id;
	u16 word;		/* of hyp_guest.cp15[] */
} cp15_regs[] = {
	{ ID32(0, 0, 0, 5), HYP_CP15_MPIDR },
	{ ID32(0, 2, 0, 0), HYP_CP15_CSSELR },
	{ ID32(1, 0, 0, 0), HYP_CP15_SCTLR },
	{ ID32(1, 0, 0, 1), HYP_CP15_ACTLR },
	{ ID32(1, 0, 0, 2), HYP_CP15_CPACR },
	{ ID64(0, 2), HYP_CP15_TTBR0 },
	/* The narrow name of a wide register is its low word, and leaves the high one alone. */
	{ ID32(2, 0, 0, 0), HYP_CP15_TTBR0 },
	{ ID32(2, 0, 0, 1), HYP_CP15_TTBR1 },
	{ ID32(2, 0, 0, 2), HYP_CP15_TTBCR },
	{ ID64(1, 2), HYP_CP15_TTBR1 },
	{ ID32(3, 0, 0, 0), HYP_CP15_DACR },
	{ ID32(5, 0, 0, 0), HYP_CP15_DFSR },
	{ ID32(5, 0, 0, 1), HYP_CP15_IFSR },
	{ ID32(5, 0, 1, 0), HYP_CP15_ADFSR },
	{ ID32(5, 0, 1, 1), HYP_CP15_AIFSR },
	{ ID32(6, 0, 0, 0), HYP_CP15_DFAR },
	{ ID32(6, 0, 0, 2), HYP_CP15_IFAR },
	{ ID64(0, 7), HYP_CP15_PAR },
	{ ID32(9, 1, 0, 2), HYP_CP15_L2CTLR },
	{ ID32(10, 0, 2, 0), HYP_CP15_PRRR },
	{ ID32(10, 0, 2, 1), HYP_CP15_NMRR },
	{ ID32(10, 0, 3, 0), HYP_CP15_AMAIR0 },
	{ ID32(10, 0, 3, 1), HYP_CP15_AMAIR1 },
	{ ID32(12, 0, 0, 0), HYP_CP15_VBAR },
	{ ID32(13, 0, 0, 1), HYP_CP15_CONTEXTIDR },
	{ ID32(13, 0, 0, 2), HYP_CP15_TPIDRURW },
	{ ID32(13, 0, 0, 3), HYP_CP15_TPIDRURO },
	{ ID32(13, 0, 0, 4), HYP_CP15_TPIDRPRW },
	{ ID32(14, 0, 1, 0), HYP_CP15_CNTKCTL },
};

static const u64 id_regs[HYP_IDS] = {
#define HYP_ID(name, crn, opc1, crm, opc2) [HYP_ID_##name] = ID32(crn, opc1, crm, opc2),
#include "hyp/id_list.h"
};

static const u64 timer_regs[] = {
	KVM_REG_ARM32_TIMER_CTL, KVM_REG_ARM32_TIMER_CNT, KVM_REG_ARM32_TIMER_CVAL,
};

static const u16 vfp_ctrl[] = {
	KVM_REG_ARM_VFP_FPEXC, KVM_REG_ARM_VFP_FPSCR, KVM_REG_ARM_VFP_FPINST, KVM_REG_ARM_VFP_FPINST2,
	KVM_REG_ARM_VFP_MVFR0, KVM_REG_ARM_VFP_MVFR1, KVM_REG_ARM_VFP_FPSID,
};

#define FW_REGS 3

/* The registers of one group that a read or a write goes through. */
struct access {
	struct hyp_vcpu *vcpu;
	u64 id;
	bool write;
	u64 val;
};

/* Storage that both ways go to. */
static int word(struct access *a, u32 *w)
{
	if (a->write)
		*w = (u32)a->val;
	else
		a->val = *w;
	return 0;
}

/* A value that the host fixes: writing what is there succeeds. */
static int fixed(struct access *a, u32 value)
{
	if (a->write)
		return (u32)a->val == value ? 0 : -EINVAL;
	a->val = value;
	return 0;
}

static bool mode_ok(u32 mode)
{
	switch (mode & PSR_M_MASK) {
	case PSR32_M_USR:
	case PSR32_M_FIQ:
	case PSR32_M_IRQ:
	case PSR32_M_SVC:
	case PSR32_M_ABT:
	case PSR32_M_UND:
	case PSR32_M_SYS:
		return true;
	}
	return false;
}

static int reg_core(struct access *a)
{
	u32 *core = (u32 *)&a->vcpu->guest->core;
	unsigned int n = a->id & 0xffff;

	if (a->id != KVM_REG_ARM32_CORE(n) || n >= KVM_ARM32_CORE_WORDS)
		return -ENOENT;
	if (a->write && n == offsetof(struct kvm_arm32_core, cpsr) / 4 && !mode_ok(a->val))
		return -EINVAL;
	return word(a, &core[n]);
}

/* Of the identity: as given, where user space may say (VAMBRACE_CAP_IDENTITY), else the host's. */
static int identity_word(struct access *a, u32 *w)
{
	if (!a->write || !a->vcpu->vm->identity_open)
		return fixed(a, *w);
	*w = (u32)a->val;
	cp15_identity_changed(a->vcpu);
	return 0;
}

static int reg_ccsidr(struct access *a)
{
	struct hyp_identity *h = &a->vcpu->vm->identity;
	unsigned int n = a->id & KVM_REG_ARM_DEMUX_VAL_MASK;

	if ((a->id & ~(u64)KVM_REG_ARM_DEMUX_VAL_MASK) != ID_CCSIDR || n >= HYP_CCSIDRS ||
	    !(h->ccsidr_valid >> n & 1))
		return -ENOENT;
	return identity_word(a, &h->ccsidr[n]);
}

/*
 * CTR's DminLine and IminLine: a guest that steps by longer lines than there are leaves
 * some out when it cleans memory.
 */
static bool ctr_ok(u32 ctr)
{
	u32 host = host_identity.id[HYP_ID_CTR];

	return (ctr >> 16 & 15) <= (host >> 16 & 15) && (ctr & 15) <= (host & 15);
}

/* A guest may not be told of more registers than are switched for it. */
static int reg_mvfr0(struct access *a, struct hyp_identity *h)
{
	if (a->write && (a->val & 15) > (host_identity.mvfr0 & 15))
		return -EINVAL;
	return identity_word(a, &h->mvfr0);
}

static int reg_vfp(struct access *a)
{
	struct hyp_guest *g = a->vcpu->guest;
	struct hyp_identity *h = &a->vcpu->vm->identity;
	unsigned int n = a->id & KVM_REG_ARM_VFP_MASK;

	if (a->id == (ID_VFP_D | n) && n < h->dregs) {
		if (a->write)
			g->vfp.d[n] = a->val;
		else
			a->val = g->vfp.d[n];
		return 0;
	}
	if (a->id != ID_VFP_CTRL(n))
		return -ENOENT;
	switch (n) {
	case KVM_REG_ARM_VFP_FPEXC:
		return word(a, &g->vfp.fpexc);
	case KVM_REG_ARM_VFP_FPSCR:
		return word(a, &g->vfp.fpscr);
	case KVM_REG_ARM_VFP_FPINST:
		return word(a, &g->vfp.fpinst);
	case KVM_REG_ARM_VFP_FPINST2:
		return word(a, &g->vfp.fpinst2);
	case KVM_REG_ARM_VFP_MVFR0:
		return reg_mvfr0(a, h);
	case KVM_REG_ARM_VFP_MVFR1:
		return identity_word(a, &h->mvfr1);
	case KVM_REG_ARM_VFP_FPSID:
		return identity_word(a, &h->fpsid);
	}
	return -ENOENT;
}

/* PSCI: a guest that came from an older host keeps the version that it saw there. */
static int reg_psci_version(struct access *a)
{
	struct psci *p = &a->vcpu->vm->psci;
	bool v0_2 = a->vcpu->features & 1u << KVM_ARM_VCPU_PSCI_0_2;

	if (!a->write) {
		a->val = v0_2 ? p->version : KVM_PSCI_0_1;
		return 0;
	}
	if (!v0_2)
		return a->val == KVM_PSCI_0_1 ? 0 : -EINVAL;
	if (a->val != PSCI_VERSION_0_2 && a->val != PSCI_VERSION_1_0 && a->val != PSCI_VERSION_1_1)
		return -EINVAL;
	p->version = (u32)a->val;
	return 0;
}

/* The state of the workarounds, which the guest learns by SMCCC_ARCH_FEATURES. */
static int reg_workaround(struct access *a, u64 now)
{
	if (!a->write) {
		a->val = now;
		return 0;
	}
	/* A lower promise than ours is kept; a higher one cannot be. */
	return a->val <= now ? 0 : -EINVAL;
}

static int reg_fw(struct access *a)
{
	if (a->id == KVM_REG_ARM32_FW_REG(KVM_REG_ARM_FW_PSCI_VERSION))
		return reg_psci_version(a);
	if (a->id == KVM_REG_ARM32_FW_REG(KVM_REG_ARM_FW_WORKAROUND_1))
		return reg_workaround(a, KVM_REG_ARM_FW_WORKAROUND_1_AVAIL);
	if (a->id == KVM_REG_ARM32_FW_REG(KVM_REG_ARM_FW_WORKAROUND_2))
		return reg_workaround(a, KVM_REG_ARM_FW_WORKAROUND_2_UNKNOWN);
	return -ENOENT;
}

static int timer_reg(struct access *a, bool phys, enum hyp_timer_reg reg)
{
	if (a->write)
		vtimer_write(a->vcpu, phys, reg, a->val);
	else
		a->val = vtimer_read(a->vcpu, phys, reg);
	return 0;
}

static int reg_cp15_state(struct access *a)
{
	u32 *cp15 = a->vcpu->guest->cp15;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cp15_regs); i++) {
		if (cp15_regs[i].id != a->id)
			continue;
		word(a, &cp15[cp15_regs[i].word]);
		if ((a->id & KVM_REG_SIZE_MASK) != KVM_REG_SIZE_U64)
			break;
		if (a->write)
			cp15[cp15_regs[i].word + 1] = (u32)(a->val >> 32);
		else
			a->val |= (u64)cp15[cp15_regs[i].word + 1] << 32;
		break;
	}
	if (i == ARRAY_SIZE(cp15_regs))
		return -ENOENT;
	if (a->write && cp15_regs[i].word == HYP_CP15_MPIDR)
		psci_set_mpidr(a->vcpu, (u32)a->val);
	return 0;
}

static int reg_cp15(struct access *a)
{
	struct hyp_identity *h = &a->vcpu->vm->identity;
	unsigned int i;

	for (i = 0; i < HYP_IDS; i++) {
		if (id_regs[i] != a->id)
			continue;
		if (a->write && i == HYP_ID_CTR && !ctr_ok((u32)a->val))
			return -EINVAL;
		return identity_word(a, &h->id[i]);
	}
	switch (a->id) {
	case KVM_REG_ARM32_TIMER_CTL:
		return timer_reg(a, false, HYP_TIMER_CTL);
	case KVM_REG_ARM32_TIMER_CNT:
		return timer_reg(a, false, HYP_TIMER_CNT);
	case KVM_REG_ARM32_TIMER_CVAL:
		return timer_reg(a, false, HYP_TIMER_CVAL);
	case KVM_REG_ARM32_PTIMER_CTL:
		return timer_reg(a, true, HYP_TIMER_CTL);
	case KVM_REG_ARM32_PTIMER_CNT:
		return timer_reg(a, true, HYP_TIMER_CNT);
	case KVM_REG_ARM32_PTIMER_CVAL:
		return timer_reg(a, true, HYP_TIMER_CVAL);
	}
	return reg_cp15_state(a);
}

static int access_reg(struct access *a)
{
	if ((a->id & KVM_REG_ARCH_MASK) != KVM_REG_ARM)
		return -EINVAL;
	switch (a->id & KVM_REG_ARM_COPROC_MASK) {
	case KVM_REG_ARM_CORE:
		return reg_core(a);
	case KVM_REG_ARM_FW:
		return reg_fw(a);
	case KVM_REG_ARM_DEMUX:
		return reg_ccsidr(a);
	case KVM_REG_ARM_VFP:
		return reg_vfp(a);
	case 15ULL << KVM_REG_ARM_COPROC_SHIFT:
		return reg_cp15(a);
	}
	return -ENOENT;
}

/* 4 or 8; other sizes name no register of this architecture. */
static unsigned int size_of_id(u64 id)
{
	unsigned int size = KVM_REG_SIZE(id);

	return size == 4 || size == 8 ? size : 0;
}

int vcpu_get_reg(struct hyp_vcpu *vcpu, const struct kvm_one_reg *reg)
{
	struct access a = { .vcpu = vcpu, .id = reg->id };
	unsigned int size = size_of_id(reg->id);
	int ret = size ? access_reg(&a) : -ENOENT;

	if (ret)
		return ret;
	return copy_to_user((void __user *)(unsigned long)reg->addr, &a.val, size) ? -EFAULT : 0;
}

int vcpu_set_reg(struct hyp_vcpu *vcpu, const struct kvm_one_reg *reg)
{
	struct access a = { .vcpu = vcpu, .id = reg->id, .write = true };
	unsigned int size = size_of_id(reg->id);

	if (!size)
		return -ENOENT;
	if (copy_from_user(&a.val, (void __user *)(unsigned long)reg->addr, size))
		return -EFAULT;
	return access_reg(&a);
}

/* Where the list goes; NULL: only count. */
struct list {
	u64 __user *at;
	u64 n;
	int err;
};

static void add(struct list *l, u64 id)
{
	if (l->at && !l->err && put_user(id, l->at + l->n))
		l->err = -EFAULT;
	l->n++;
}

static void list_regs(struct hyp_vcpu *vcpu, struct list *l)
{
	struct hyp_identity *h = &vcpu->vm->identity;
	unsigned int i;

	for (i = 0; i < KVM_ARM32_CORE_WORDS; i++)
		add(l, KVM_REG_ARM32_CORE(i));
	for (i = 0; i < FW_REGS; i++)
		add(l, KVM_REG_ARM32_FW_REG(i));
	for (i = 0; i < ARRAY_SIZE(timer_regs); i++)
		add(l, timer_regs[i]);
	for (i = 0; i < HYP_IDS; i++)
		add(l, id_regs[i]);
	for (i = 0; i < ARRAY_SIZE(cp15_regs); i++)
		add(l, cp15_regs[i].id);
	for (i = 0; i < h->dregs; i++)
		add(l, ID_VFP_D + i);
	for (i = 0; i < ARRAY_SIZE(vfp_ctrl); i++)
		add(l, ID_VFP_CTRL(vfp_ctrl[i]));
	for (i = 0; i < HYP_CCSIDRS; i++)
		if (h->ccsidr_valid >> i & 1)
			add(l, ID_CCSIDR + i);
}

int vcpu_get_reg_list(struct hyp_vcpu *vcpu, struct kvm_reg_list __user *list)
{
	struct list l = {};
	u64 room;

	if (get_user(room, &list->n))
		return -EFAULT;
	list_regs(vcpu, &l);
	if (put_user(l.n, &list->n))
		return -EFAULT;
	if (room < l.n)
		return -E2BIG;
	l = (struct list){ .at = list->reg };
	list_regs(vcpu, &l);
	return l.err;
}
