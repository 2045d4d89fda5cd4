/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * On a host with /dev/kvm: struct arm_state goes to the kernel and comes back the
 * same, with a pattern of its own in every register.  Ends with "kvm_state: N
 * registers" and status 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/accel/kvm_int.h"
#include "vmm/accel/kvm_regs.h"

static u64 pattern(unsigned int n, u64 mask)
{
	u64 x = 0x9e3779b97f4a7c15ULL * (n + 1);

	return (x ^ x >> 29) & mask;
}

static unsigned int fill_core(struct arm_state *s, bool aarch32)
{
	u64 width = aarch32 ? 0xffffffff : ~0ULL;
	unsigned int vectors = kvm_port.is_64 ? 32 : 16;

	for (unsigned int i = 0; i < 31; i++)
		s->x[i] = pattern(i, width);
	if (!kvm_port.is_64)
		s->x[15] = 0;			/* SP_hyp, which no guest has */
	s->pc = pattern(40, width & ~3ULL);
	for (unsigned int i = 0; i < vectors; i++) {
		s->v[i].d[0] = pattern(50 + i, ~0ULL);
		s->v[i].d[1] = pattern(90 + i, ~0ULL);
	}
	s->fpcr = 0x03000000;			/* DN, FZ */
	s->fpsr = 0x0800001f;			/* QC, cumulative bits */
	arm_state_set_psr(s, aarch32 ? 0x800001d1 : 0x600003c5);
	if (!aarch32)
		s->sp = pattern(130, ~0ULL);
	return 31 + 2 * vectors + 5;
}

/* The kernel holds what the world switch moves; the rest has effects, or is its own. */
static unsigned int fill_system(struct arm_state *s, const struct kvm_vm *vm, bool *touched)
{
	unsigned int n = 0;

	for (u64 i = 0; i < vm->regs->n; i++) {
		struct kvm_reg_place at = kvm_reg_place(vm->regs->reg[i], vm->cfg.model->features);
		const struct arm_sysreg_slot_row *slot = at.kind == KREG_SYS ? arm_sysreg_slot_row(at.n) : NULL;
		u64 mask = slot ? slot->mig_mask : 0;

		if (!slot || slot->mig != ARM_MIG_COPY || at.n == ARM_SLOT_SP_EL1)
			continue;
		if (slot->reg < ARM_REGS && arm_sysreg_row(slot->reg)->cls != ARM_CLS_SWITCHED)
			continue;
		/* Without SP_EL0 selected it is sys[]; CTL bits would start a timer. */
		if (at.n == ARM_SLOT_CNTV_CTL_EL0 || at.n == ARM_SLOT_CNTP_CTL_EL0)
			mask &= 2;
		if (!kvm_port.is_64)
			mask &= 0xffffffff;
		s->sys[at.n] = pattern(200 + at.n, mask);
		touched[at.n] = true;
		n++;
	}
	return n;
}

static int differ(const char *what, unsigned int n, u64 sent, u64 got)
{
	if (sent == got)
		return 0;
	printf("kvm_state: %s %u: sent %016llx, got %016llx\n", what, n, (unsigned long long)sent,
	       (unsigned long long)got);
	return 1;
}

static int compare(const struct arm_state *a, const struct arm_state *b, const bool *touched)
{
	int bad = differ("pc", 0, a->pc, b->pc) + differ("psr", 0, arm_state_psr(a), arm_state_psr(b)) +
		  differ("sp", 0, a->sp, b->sp) + differ("fpcr", 0, a->fpcr, b->fpcr) +
		  differ("fpsr", 0, a->fpsr, b->fpsr);

	for (unsigned int i = 0; i < 31; i++)
		bad += differ("x", i, a->x[i], b->x[i]);
	for (unsigned int i = 0; i < (kvm_port.is_64 ? 32 : 16); i++)
		bad += differ("v", i, a->v[i].d[0], b->v[i].d[0]) + differ("v high", i, a->v[i].d[1], b->v[i].d[1]);
	for (unsigned int i = 0; i < ARM_SYSREG_SLOTS; i++)
		if (touched[i])
			bad += differ(arm_sysreg_slot_name(i), i, a->sys[i], b->sys[i]);
	return bad;
}

/* Everything there and back on one vCPU of a new VM. */
static int round_trip(const struct accel_host *host, bool aarch32, unsigned int *count)
{
	static bool touched[ARM_SYSREG_SLOTS];
	static struct arm_state sent;
	const struct accel_config cfg = {
		.engine = ACCEL_KVM, .model = &host->model, .cpus = 2, .aarch32 = aarch32,
		.gic = { host->gic_version, 64, 0x08000000, 0x08010000, 0x080a0000 },
	};
	struct accel *a;
	char *err = NULL;
	struct kvm_vm *vm;
	int bad;

	memset(touched, 0, sizeof(touched));
	if (accel_kvm_create(&cfg, &a, &err)) {
		printf("kvm_state: %s\n", err);
		return 1;
	}
	vm = (struct kvm_vm *)a;
	bad = !a->ops->state(a, 1);
	if (!bad) {
		*count += fill_core(&vm->cpus[1].state, aarch32);
		*count += fill_system(&vm->cpus[1].state, vm, touched);
		sent = vm->cpus[1].state;
		bad = kvm_state_store(vm, &vm->cpus[1]) || kvm_state_load(vm, &vm->cpus[1]);
	}
	bad = bad ? bad : compare(&sent, &vm->cpus[1].state, touched);
	a->ops->free(a);
	return bad;
}

int main(void)
{
	struct accel_host host;
	unsigned int count = 0;
	char *err = NULL;
	int bad = 0;

	if (accel_kvm_host(&host, &err)) {
		printf("kvm_state: %s\n", err);
		return 1;
	}
	if (kvm_port.is_64)
		bad += round_trip(&host, false, &count);
	if (!kvm_port.is_64 || arm_has(host.model.features, ARM_FEAT_AARCH32_EL1))
		bad += round_trip(&host, true, &count);
	printf("kvm_state: %u registers, %d wrong\n", count, bad);
	return bad != 0;
}
