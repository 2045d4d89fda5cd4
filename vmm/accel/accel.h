/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An engine that runs vCPUs: this program's own translator (emu), or the host's
 * CPU (kvm).  State crosses only as struct arm_state (and the GIC and timer
 * structs of arm/).  accel/ never includes dev/.
 */
#ifndef VMM_ACCEL_ACCEL_H
#define VMM_ACCEL_ACCEL_H

#include <stdio.h>

#include "arm/base.h"
#include "arm/cpu_model.h"
#include "arm/gic/gicv2.h"
#include "arm/state.h"

#define ACCEL_MAX_CPUS 8

enum accel_engine {
	ACCEL_AUTO,		/* kvm where it works, else emu's best */
	ACCEL_KVM,
	ACCEL_EMU,		/* the translator; the interpreter on hosts that have none */
	ACCEL_JIT,
	ACCEL_INTERP,
	ACCEL_LOCKSTEP,		/* translator and interpreter, compared block by block */
};

enum accel_event {
	ACCEL_EVENT_OFF,	/* the guest powers off (PSCI) */
	ACCEL_EVENT_RESET,	/* or reboots */
	ACCEL_EVENT_FATAL,	/* the engine cannot go on; a message was printed */
};

enum accel_line {
	ACCEL_LINE_IRQ,
	ACCEL_LINE_FIQ,
};

/*
 * What the machine does for the CPUs: on vCPU threads, or (ppi) on one of the
 * engine's own, with none of its locks held.
 */
struct accel_host_ops {
	/*
	 * A guest access of 1, 2, 4 or 8 bytes that is not RAM.  What is not
	 * ARM_HANDLED becomes a synchronous external abort.
	 */
	enum arm_result (*mmio_read)(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 *val);
	enum arm_result (*mmio_write)(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 val);
	/* The level of a private peripheral interrupt (16..31) of @cpu. */
	void (*ppi)(void *opaque, unsigned int cpu, unsigned int intid, bool level);
	void (*event)(void *opaque, unsigned int cpu, enum accel_event event);
};

/* Where the machine has its interrupt controller, for engines that bring their own. */
struct accel_gic {
	unsigned int version;		/* 2, 3 */
	unsigned int irqs;		/* SGIs and PPIs included */
	u64 dist, cpu;			/* addresses; @cpu of a version 2, */
	u64 redist;			/* @redist of a version 3 */
};

/* What the pointers point to is borrowed. */
struct accel_config {
	enum accel_engine engine;	/* not ACCEL_AUTO */
	const struct arm_cpu_model *model;
	unsigned int cpus;		/* 1..ACCEL_MAX_CPUS */
	struct accel_gic gic;
	bool aarch32;			/* the CPUs start in AArch32 */
	/*
	 * kvm: the guest finds @model's identity, not the host's, as far as the kernel can
	 * show another (our own module; Linux' arm64, some registers); state() tells.
	 */
	bool identity_forced;
	bool no_psci;			/* no firmware: every vCPU runs from reset */
	u32 counter_hz;			/* emu: CNTFRQ; 0: ARM_TIMER_HZ_DEFAULT */
	u64 cache_bytes;		/* emu: translated code; 0: the default */
	unsigned int log;		/* emu: enum emu_log bits */
	FILE *log_file;			/* NULL: stderr */
	bool count_insns;
	const struct accel_host_ops *ops;
	void *opaque;			/* first argument of every op */
};

struct accel;

#define ACCEL_SERROR (1u << 31)

/* Identity that has no slot of struct arm_state. */
struct accel_ids {
	u32 ccsidr[ARM_CCSIDRS];	/* by CSSELR; 0: no such cache */
	u16 count;
	struct arm_id_value reg32[8];	/* reg: enum arm_sysreg32 (TCMTR, TLBTR, FPSID...) */
};

/* A member that is NULL: the engine has not got it. */
struct accel_ops {
	const char *name;
	bool little_endian;	/* AArch64 guests cannot have big-endian data, whatever ID registers say */
	/* 0 or -errno.  Before the first run only. */
	int (*map_ram)(struct accel *a, u64 ipa, u64 size, void *host, bool readonly);
	/* A device wrote there.  Any thread. */
	void (*dma_written)(struct accel *a, u64 ipa, u64 len);
	/* Runs vCPU @cpu on the calling thread until stop(); 0 or -errno. */
	int (*run)(struct accel *a, unsigned int cpu);
	/* Makes every run() return soon.  Any thread. */
	void (*stop)(struct accel *a);
	/* After a stop and with all vCPUs returned: run() may be called again. */
	void (*restart)(struct accel *a);
	/* Architectural reset; the caller then sets the entry state.  vCPUs are not running.  0 or -errno. */
	int (*reset)(struct accel *a);
	/*
	 * The state of a vCPU that is not running: the engine's own copy, which
	 * may be changed and counts from the next run() on.  NULL after a message.
	 */
	struct arm_state *(*state)(struct accel *a, unsigned int cpu);
	/*
	 * Does the engine show slot @slot (enum arm_sysreg_slot)?  One that it does not has in state()
	 * the model's reset value, which no guest can change, and what is written there is lost.  NULL: all.
	 */
	bool (*has_slot)(struct accel *a, unsigned int slot);
	/* 0 or -errno.  NULL: they are the model's. */
	int (*get_ids)(struct accel *a, struct accel_ids *ids);
	/*
	 * Gives a state that was changed to the kernel now and not at the next run(), so that what it
	 * refuses is known.  0, or -errno after a message.  NULL: nothing can be refused.
	 */
	int (*put_state)(struct accel *a, unsigned int cpu);
	/*
	 * What migration moves besides; vCPUs are not running.  0 or -errno.
	 *
	 * Is the vCPU switched off (PSCI)?  A CPU_ON that was accepted has taken effect: the
	 * vCPU is on, at its entry point.  Set after the state.
	 */
	int (*get_off)(struct accel *a, unsigned int cpu, bool *off);
	int (*set_off)(struct accel *a, unsigned int cpu, bool off);
	/*
	 * An SError that is pending: 0, or ACCEL_SERROR with the ISS of its syndrome in bits 24:0, as far as the
	 * engine has syndromes.  Set once, after a reset.
	 */
	int (*get_serror)(struct accel *a, unsigned int cpu, u32 *serror);
	int (*set_serror)(struct accel *a, unsigned int cpu, u32 serror);
	/* The guest's version of PSCI (PSCI_VERSION_*; 0: none), before it runs.  -EINVAL: not on this engine. */
	int (*get_psci)(struct accel *a, u32 *version);
	int (*set_psci)(struct accel *a, u32 version);
	/*
	 * The count that the guest's CNTVCT shows, and how fast it goes (@hz may be NULL).  It goes
	 * on from what was set at the next run().
	 */
	int (*get_count)(struct accel *a, u64 *count, u32 *hz);
	int (*set_count)(struct accel *a, u64 count);
	/* The interrupt controller where the engine has it (NULL: the machine has), without its input lines. */
	int (*get_gic)(struct accel *a, struct gicv2 *g);
	int (*set_gic)(struct accel *a, const struct gicv2 *g);
	/*
	 * The log of the pages that the guest has written, for all RAM; any thread.
	 * dirty_get() sets a bit per 4 KiB page of [@ipa, @ipa + @size), which is
	 * one region of map_ram(), that vCPUs have written since the last call (or
	 * dirty_log(true)) in @bits, which it does not clear first.  What devices
	 * write is the caller's to know (guest_mem_on_written()).
	 */
	int (*dirty_log)(struct accel *a, bool on);
	int (*dirty_get)(struct accel *a, u64 ipa, u64 size, u64 *bits);
	/* The wires from the machine's interrupt controller.  Any thread. */
	void (*set_line)(struct accel *a, unsigned int cpu, enum accel_line line, bool level);
	/* The engine has the interrupt controller itself: a shared interrupt (0: id 32).  Any thread. */
	void (*set_spi)(struct accel *a, unsigned int spi, bool level);
	/*
	 * Guest writes of the 32-bit value @val to @ipa only signal the eventfd @fd
	 * from now on; until that is closed.  0 or -errno.
	 */
	int (*set_doorbell)(struct accel *a, u64 ipa, u32 val, int fd);
	void (*print_stats)(struct accel *a, FILE *out);
	void (*free)(struct accel *a);
};

struct accel {
	const struct accel_ops *ops;
};

/* The CPU that a guest gets under kvm, and the interrupt controller. */
struct accel_host {
	struct arm_cpu_model model;	/* one that we know, or called "host" */
	unsigned int gic_version;
};

/* Whether /dev/kvm can run guests of ours: 0, or -errno and a sentence in *@err (free() it). */
int accel_kvm_host(struct accel_host *out, char **err);

/*
 * The engine that cfg->engine names.  0 and *@out, the caller's to free; or
 * -errno and a sentence in *@err.
 */
int accel_create(const struct accel_config *cfg, struct accel **out, char **err);

/* Those engines; -ENOTSUP from what was not built. */
int accel_emu_create(const struct accel_config *cfg, struct accel **out, char **err);
int accel_kvm_create(const struct accel_config *cfg, struct accel **out, char **err);
/* Was the engine emu built?  It computes in 128 bits, which 32-bit hosts lack. */
extern const bool accel_has_emu;

#endif
