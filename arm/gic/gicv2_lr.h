/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GICv2 with the Virtualization Extensions (IHI 0048B chapter 5): the guest's CPU
 * interface is hardware, and interrupts travel to it in list registers.
 *
 * While a CPU runs the guest, its interrupts in list registers are "in flight":
 * their active bit is set in the distributor model, so that nobody else takes
 * them, and what they really are is in hardware until gicv2_lr_fold().  A CPU's
 * list registers are filled anew for each entry and folded after it.
 *
 * Locking: as gicv2.h.
 */
#ifndef ARM_GIC_GICV2_LR_H
#define ARM_GIC_GICV2_LR_H

#include "arm/gic/gicv2.h"

#define GICH_HCR 0x00u
#define GICH_VTR 0x04u
#define GICH_VMCR 0x08u
#define GICH_MISR 0x10u
#define GICH_EISR0 0x20u
#define GICH_ELRSR0 0x30u
#define GICH_APR 0xf0u
#define GICH_LR0 0x100u

#define GICH_HCR_EN (1u << 0)
#define GICH_HCR_UIE (1u << 1)		/* underflow: one or no list register is left */
#define GICH_HCR_LRENPIE (1u << 2)	/* an end of an interrupt that is in none */
#define GICH_HCR_NPIE (1u << 3)		/* nothing pending is left */
#define GICH_HCR_EOICOUNT_SHIFT 27

#define GICH_LR_VIRT 0x3ffu
#define GICH_LR_PHYS_SHIFT 10		/* HW: physical id; else the source of an SGI */
#define GICH_LR_EOI (1u << 19)		/* not HW: maintenance interrupt at the end */
#define GICH_LR_PRIORITY_SHIFT 23	/* of priority[7:3] */
#define GICH_LR_PENDING (1u << 28)
#define GICH_LR_ACTIVE (1u << 29)
#define GICH_LR_GROUP1 (1u << 30)
#define GICH_LR_HW (1u << 31)

#define GICV2_MAX_LRS 64u

struct gicv2_lr {
	/* Input: the physical PPI that stands behind the guest's, per PPI; 0: none. */
	u16 phys[GICV2_PRIVATE];

	u32 lr[GICV2_MAX_LRS];
	u64 fresh;		/* bit n: lr[n] went out pending */
	unsigned int used;	/* list registers 0..used-1 are for the hardware */
	bool more;		/* pending ones did not fit: ask for an interrupt when those here are taken */
	u32 active;		/* active interrupts of this CPU that are in no list register */
	u8 sender[GICV2_SGIS];	/* of each active SGI: GICV_EOIR is written with it */
	u32 vmcr, apr;		/* for the hardware at the entry, from it at the exit */

	/* From fold: level interrupts 32 and up that the guest ended. */
	u16 ended[GICV2_MAX_LRS];
	unsigned int ended_count;
};

/* Which CPU an active SPI belongs to (who acknowledged it): cpu + 1, 0 if not active. */
struct gicv2_owners {
	u8 spi[GICV2_MAX_IRQS];
};

/* GICH_VMCR for @cpu's interface as the model has it. */
u32 gicv2_lr_vmcr(const struct gicv2 *g, unsigned int cpu);
/* The way back, with GICH_APR. */
void gicv2_lr_take(struct gicv2 *g, unsigned int cpu, u32 vmcr, u32 apr);

/* Before an entry of @cpu with @max list registers in hardware. */
void gicv2_lr_fill(struct gicv2 *g, struct gicv2_owners *o, unsigned int cpu, unsigned int max,
		   struct gicv2_lr *l);

/*
 * After it: l->lr[], vmcr and apr are what the hardware had; @eoicount is
 * GICH_HCR.EOICount, ends of active interrupts that were in no list register.
 */
void gicv2_lr_fold(struct gicv2 *g, struct gicv2_owners *o, unsigned int cpu, unsigned int eoicount,
		   struct gicv2_lr *l);

/*
 * Something happened to interrupt @intid (of CPU @cpu, if private): is it in flight or
 * active somewhere?  Then that CPU is to be called back, for its list register knows
 * nothing of a wire that fell, nor of an edge or SGI that came while it was active.
 * Gives the CPU, or -ENOENT.
 */
int gicv2_lr_holder(struct gicv2 *g, const struct gicv2_owners *o, unsigned int cpu, unsigned int intid);

/*
 * Active bits were written (GICD_ISACTIVER, migration), with nothing in flight:
 * active SPIs that nobody owns go to a CPU that they target.  Then each CPU's
 * gicv2_lr.active is to be counted anew.
 */
void gicv2_lr_adopt(struct gicv2 *g, struct gicv2_owners *o);
u32 gicv2_lr_count_active(struct gicv2 *g, const struct gicv2_owners *o, unsigned int cpu);

#endif
