/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GICv2 (IHI 0048B) as a state machine over plain numbers: distributor and CPU
 * interfaces of a GIC-400 without Security Extensions, as the `virt` board has
 * it.  Both interrupt groups work, and an access counts as Secure.
 *
 * Implementation choices, where the architecture leaves them open:
 * - five priority bits (mask 0xf8), hence BPR >= 2, ABPR >= 3, one APR word;
 * - SGI enables are programmable and reset to 1; PPIs are level-triggered;
 * - pending SPIs go to every CPU in ITARGETSR, the first to read IAR wins;
 * - a group that GICD_CTLR disables is not forwarded; one that GICC_CTLR alone
 *   disables is, and hides lower-priority interrupts of the other group;
 * - equal priorities: lowest interrupt id, then lowest source CPU;
 * - EOIR of a Group 1 interrupt with AckCtl == 0 completes it; AEOIR of a
 *   Group 0 interrupt and DIR with EOImode == 0 are ignored.
 *
 * Locking: one lock per GIC, taken by the caller around every call here.
 */
#ifndef ARM_GIC_GICV2_H
#define ARM_GIC_GICV2_H

#include "arm/base.h"

#define GICV2_MAX_CPUS 8u
#define GICV2_MAX_IRQS 1020u
#define GICV2_WORDS 32u			/* 32-bit words of one bit per interrupt */
#define GICV2_SGIS 16u
#define GICV2_PRIVATE 32u		/* SGIs and PPIs, banked per CPU */
#define GICV2_LEVELS 32u		/* priorities: priority >> 3 */
#define GICV2_PRIORITY_MASK 0xf8u
#define GICV2_NO_IRQ 1023u
#define GICV2_DIST_SIZE 0x1000u
#define GICV2_CPU_SIZE 0x2000u

#define GICD_CTLR 0x000u
#define GICD_TYPER 0x004u
#define GICD_IIDR 0x008u
#define GICD_IGROUPR 0x080u
#define GICD_ISENABLER 0x100u
#define GICD_ICENABLER 0x180u
#define GICD_ISPENDR 0x200u
#define GICD_ICPENDR 0x280u
#define GICD_ISACTIVER 0x300u
#define GICD_ICACTIVER 0x380u
#define GICD_IPRIORITYR 0x400u
#define GICD_ITARGETSR 0x800u
#define GICD_ICFGR 0xc00u
#define GICD_NSACR 0xe00u
#define GICD_SGIR 0xf00u
#define GICD_CPENDSGIR 0xf10u
#define GICD_SPENDSGIR 0xf20u
#define GICD_PIDR4 0xfd0u
#define GICD_PIDR0 0xfe0u
#define GICD_CIDR0 0xff0u

#define GICC_CTLR 0x00u
#define GICC_PMR 0x04u
#define GICC_BPR 0x08u
#define GICC_IAR 0x0cu
#define GICC_EOIR 0x10u
#define GICC_RPR 0x14u
#define GICC_HPPIR 0x18u
#define GICC_ABPR 0x1cu
#define GICC_AIAR 0x20u
#define GICC_AEOIR 0x24u
#define GICC_AHPPIR 0x28u
#define GICC_APR0 0xd0u
#define GICC_NSAPR0 0xe0u
#define GICC_IIDR 0xfcu
#define GICC_DIR 0x1000u

#define GIC_CTLR_GRP0 (1u << 0)		/* both GICD_CTLR and GICC_CTLR */
#define GIC_CTLR_GRP1 (1u << 1)
#define GICC_CTLR_ACKCTL (1u << 2)
#define GICC_CTLR_FIQEN (1u << 3)
#define GICC_CTLR_CBPR (1u << 4)
#define GICC_CTLR_BYPASS (0xfu << 5)	/* stored; there is no bypass to disable */
#define GICC_CTLR_EOIMODE (1u << 9)
#define GICD_CTLR_MASK 0x3u
#define GICC_CTLR_MASK 0x3ffu

/* Thirty-two interrupts, a bit each. */
struct gicv2_word {
	u32 group;		/* 1: Group 1 */
	u32 enabled;
	u32 latch;		/* pending by an edge, a write or an SGI */
	u32 line;		/* level of the input wire; devices put it back after migration */
	u32 active;
	u32 edge;		/* 1: edge-triggered, the line itself does not pend */
};

struct gicv2_cpu {
	u32 ctlr;
	u32 apr;		/* bit n: group priority n << 3 is active */
	u8 pmr;
	u8 bpr;
	u8 abpr;
};

struct gicv2 {
	/* Configuration. */
	u32 cpus;		/* 1..8 */
	u32 irqs;		/* 32..1020, a multiple of 32 or 1020 */

	/* State: what a migration moves. */
	u32 dist_ctlr;
	struct gicv2_word priv[GICV2_MAX_CPUS];		/* interrupts 0..31 */
	struct gicv2_word spi[GICV2_WORDS];		/* [0] is unused */
	u8 priv_priority[GICV2_MAX_CPUS][GICV2_PRIVATE];
	u8 spi_priority[GICV2_MAX_IRQS];		/* [0..31] unused */
	u8 target[GICV2_MAX_IRQS];			/* ITARGETSR; [0..31] unused */
	u8 sgi_source[GICV2_MAX_CPUS][GICV2_SGIS];	/* [receiver][id]: sender bits */
	struct gicv2_cpu cpu[GICV2_MAX_CPUS];

	/*
	 * Derived, rebuilt by gicv2_validate().  eligible: pending, enabled, not
	 * active, targeted at the CPU, in a group that the distributor forwards.
	 * The summaries (levels, words) may hold stale ones, never stale zeros.
	 */
	struct {
		u32 eligible[GICV2_WORDS];
		u32 words;			/* of eligible that may be nonzero */
		u32 levels;			/* priorities that may have an eligible one */
		u32 targeted[GICV2_WORDS];	/* transposed target[] */
		u32 priv_level[GICV2_LEVELS];	/* [priority]: interrupts 0..31 */
		u16 best;			/* highest priority pending, or NO_IRQ */
		u8 best_priority;
		bool irq;
		bool fiq;
	} d[GICV2_MAX_CPUS];
	u32 spi_level[GICV2_LEVELS][GICV2_WORDS];	/* [priority]: SPIs, transposed */
	u8 cpus_changed;	/* CPUs whose irq or fiq output changed; see take */
};

/*
 * @cpus and @irqs are clamped to 1..8 and 32..1020 (rounded up to a multiple of
 * 32); @irqs counts SGIs and PPIs, so 288 means 256 SPIs.  All lines low.
 */
void gicv2_init(struct gicv2 *g, unsigned int cpus, unsigned int irqs);

/* Everything to its reset value except the input lines, which are outside. */
void gicv2_reset(struct gicv2 *g);

/*
 * A guest access of @size bytes by CPU @cpu.  Unimplemented registers and sizes
 * read as zero and ignore writes (HANDLED); NOT_MINE only beyond the window or
 * for a CPU that is not there.  @offset need not be checked by the caller.
 */
enum arm_result gicv2_dist_read(struct gicv2 *g, unsigned int cpu, u32 offset,
				unsigned int size, u64 *val);
enum arm_result gicv2_dist_write(struct gicv2 *g, unsigned int cpu, u32 offset,
				 unsigned int size, u64 val);
enum arm_result gicv2_cpu_read(struct gicv2 *g, unsigned int cpu, u32 offset,
			       unsigned int size, u64 *val);
enum arm_result gicv2_cpu_write(struct gicv2 *g, unsigned int cpu, u32 offset,
				unsigned int size, u64 val);

/*
 * The same registers for migration and debuggers, always 32 bits wide and
 * without side effects on a read.  Differences: ISPENDR and ICPENDR show the
 * latch alone; IAR and AIAR, and writes of SGIR, EOIR, AEOIR, DIR are FORBIDDEN;
 * an identification register accepts only its own value (else FORBIDDEN).
 */
enum arm_result gicv2_dist_user_read(struct gicv2 *g, unsigned int cpu, u32 offset, u32 *val);
enum arm_result gicv2_dist_user_write(struct gicv2 *g, unsigned int cpu, u32 offset, u32 val);
enum arm_result gicv2_cpu_user_read(struct gicv2 *g, unsigned int cpu, u32 offset, u32 *val);
enum arm_result gicv2_cpu_user_write(struct gicv2 *g, unsigned int cpu, u32 offset, u32 val);

/*
 * An input wire changes to @level (calls without a change are free).  16..31 is
 * the PPI of @cpu; 32 and up an SPI, @cpu ignored.  Others are ignored.
 */
void gicv2_set_irq(struct gicv2 *g, unsigned int intid, unsigned int cpu, bool level);

/* The wire of SPI @intid has had this level all the time: no edge.  After gicv2_validate(). */
void gicv2_restore_line(struct gicv2 *g, unsigned int intid, bool level);

/* The wires to @cpu, which must exist. */
static inline bool gicv2_irq_level(const struct gicv2 *g, unsigned int cpu)
{
	return g->d[cpu].irq;
}

static inline bool gicv2_fiq_level(const struct gicv2 *g, unsigned int cpu)
{
	return g->d[cpu].fiq;
}

/* CPUs whose wires changed since the last call of this; look at them, then kick. */
static inline u8 gicv2_take_changed(struct gicv2 *g)
{
	u8 changed = g->cpus_changed;

	g->cpus_changed = 0;
	return changed;
}

/*
 * For state written from outside: 0 after rebuilding all that is derived (every
 * CPU then counts as changed), -EINVAL if a number is out of range; the GIC is
 * then only good for gicv2_init().
 */
int gicv2_validate(struct gicv2 *g);

#endif
