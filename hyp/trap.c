// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an exit from the guest means: HSR.EC picks the room (DDI 0406C B3.13.6).
 * Nothing that a guest does ends here with an error for user space: what no CPU
 * would understand is an Undefined Instruction exception to the guest.
 */
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/sched.h>

#include "arm/esr.h"
#include "hyp/hyp.h"
#include "hyp/trace.h"

static int trap_undef(struct hyp_vcpu *vcpu)
{
	inject_undef(vcpu);
	return 1;
}

/* WFE: the guest spins on a lock whose owner may not run; WFI: nothing to do. */
static int trap_wfx(struct hyp_vcpu *vcpu)
{
	u32 hsr = vcpu->guest->hsr;

	guest_skip(vcpu->guest, hsr);
	if (hsr & ISS_WFX_WFE) {
		vcpu->stats.wfe_exits++;
		yield();
	} else {
		vcpu->stats.wfi_exits++;
		vcpu_block(vcpu);
	}
	return 1;
}

static int trap_coprocessor(struct hyp_vcpu *vcpu)
{
	vcpu->stats.cp15_exits++;
	return cp15_trap(vcpu, vcpu->guest->hsr);
}

/*
 * LDC and STC to DBGDTR (B3.13.6): the debug communication channel, where nobody
 * listens.  KVM never served it either.
 */
static int (*const handlers[64])(struct hyp_vcpu *vcpu) = {
	[EC_UNKNOWN] = trap_undef,
	[EC_WFX] = trap_wfx,
	[EC_CP15_32] = trap_coprocessor,
	[EC_CP15_64] = trap_coprocessor,
	[EC_CP14_32] = trap_coprocessor,
	[EC_CP14_64] = trap_coprocessor,
	[EC_CP14_LDC] = trap_undef,
	[EC_FP_ACCESS] = trap_undef,	/* HYP gives the VFP to the guest; coprocessors 0 to 9 come here */
	[EC_VMRS_ID] = trap_coprocessor,
	[EC_HVC32] = psci_trap,
	[EC_SMC32] = psci_trap,
	[EC_IABT_LOWER] = mmu_abort,
	[EC_DABT_LOWER] = mmu_abort,
};

int trap_handle(struct hyp_vcpu *vcpu, enum hyp_exit exit)
{
	struct hyp_guest *g = vcpu->guest;
	unsigned int ec = esr_ec(g->hsr);

	vcpu->stats.exits++;
	if (g->fast_exits) {
		vcpu->stats.fast_exits += g->fast_exits;
		g->fast_exits = 0;
	}
	switch (exit) {
	case HYP_EXIT_IRQ:
		vcpu->stats.irq_exits++;
		return 1;
	case HYP_EXIT_ABORT:
		/* Somebody's store went wrong while the guest ran: it is the guest's (row 59). */
		inject_serror(vcpu);
		return 1;
	case HYP_EXIT_GONE:
		vcpu->run->exit_reason = KVM_EXIT_FAIL_ENTRY;
		vcpu->run->fail_entry.hardware_entry_failure_reason = ec;
		return 0;
	case HYP_EXIT_TRAP:
		break;
	}
	trace_kvm_exit(ec, g->core.pc);
	if (!guest_cond_holds(g, g->hsr)) {
		guest_skip(g, g->hsr);
		return 1;
	}
	if (handlers[ec])
		return handlers[ec](vcpu);
	pr_warn_ratelimited("vambrace: vCPU %u: unknown trap, HSR %08x; the guest gets an undefined instruction\n",
			    vcpu->id, g->hsr);
	return trap_undef(vcpu);
}
