/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Coprocessor registers of a vCPU: where they are kept, what they are at reset,
 * what a trapped access does.  Shapes and access rules are those of the rows of
 * arm/sysreg32.def; here is only what is particular to running on the real CPU.
 */
#ifndef HYP_CP15_H
#define HYP_CP15_H

#include <linux/types.h>

struct hyp_vcpu;

enum hyp_id {
#define HYP_ID(name, crn, opc1, crm, opc2) HYP_ID_##name,
#include "hyp/id_list.h"
	HYP_IDS
};

#define HYP_CCSIDRS 14		/* by CSSELR: level << 1 | instruction */

/* What the guest finds in the registers that tell the part. */
struct hyp_identity {
	u32 id[HYP_IDS];
	u32 ccsidr[HYP_CCSIDRS];
	u16 ccsidr_valid;	/* bit n: cache n is there */
	u32 fpsid, mvfr0, mvfr1;
	u8 dregs;		/* 32, or 16 */
};

/* This host's, read once at load. */
extern struct hyp_identity host_identity;
void cp15_module_init(void);

void cp15_reset(struct hyp_vcpu *vcpu);
/* A trapped access, or an ID_ISAR and its like under HCR.TIDn; as trap_handle(). */
int cp15_trap(struct hyp_vcpu *vcpu, u32 hsr);
/* vm->identity was changed: trap what no longer is the hardware's. */
void cp15_identity_changed(struct hyp_vcpu *vcpu);

#endif
