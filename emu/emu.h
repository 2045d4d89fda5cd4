/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulated CPUs as the rest of the program sees them.  emu/ links without
 * vmm/: whoever owns the machine gives it RAM, a way to reach devices and a
 * few callbacks, and then runs each vCPU on a host thread of its own.
 */
#ifndef EMU_EMU_H
#define EMU_EMU_H

#include <stdio.h>

#include "arm/base.h"
#include "arm/cpu_model.h"
#include "arm/state.h"

struct emu_vm;
struct emu_vcpu;

enum emu_engine {
	EMU_ENGINE_AUTO,	/* the translator where the host has a back end */
	EMU_ENGINE_JIT,
	EMU_ENGINE_INTERP,
	EMU_ENGINE_LOCKSTEP,	/* both, compared block by block; one vCPU */
};

/* Log classes of -d. */
enum emu_log {
	EMU_LOG_IN = 1 << 0,		/* guest instructions as translated */
	EMU_LOG_IR = 1 << 1,		/* IR as built */
	EMU_LOG_OPT = 1 << 2,		/* IR after optimisation */
	EMU_LOG_OUT = 1 << 3,		/* host code */
	EMU_LOG_INT = 1 << 4,		/* exceptions taken and returns */
	EMU_LOG_MMU = 1 << 5,		/* translation faults, TLB maintenance */
	EMU_LOG_UNIMP = 1 << 6,		/* what the guest asks and we lack */
	EMU_LOG_GUEST_ERRORS = 1 << 7,	/* what the guest does wrong */
};

enum emu_line {
	EMU_LINE_IRQ,
	EMU_LINE_FIQ,
};

enum emu_event {
	EMU_EVENT_SYSTEM_OFF,	/* PSCI SYSTEM_OFF */
	EMU_EVENT_SYSTEM_RESET,	/* PSCI SYSTEM_RESET(2) */
	EMU_EVENT_FATAL,	/* the engine cannot go on; a message was printed */
};

/*
 * What the machine does for the CPUs.  All are called on vCPU threads, or on
 * the timer thread (ppi only), with no emu lock held.
 */
struct emu_host_ops {
	/*
	 * A guest access of 1, 2, 4 or 8 bytes that is not RAM, naturally
	 * aligned.  ARM_NOT_MINE or ARM_FORBIDDEN become a synchronous
	 * external abort.
	 */
	enum arm_result (*mmio_read)(void *opaque, unsigned int cpu, u64 ipa,
				     unsigned int size, u64 *val);
	enum arm_result (*mmio_write)(void *opaque, unsigned int cpu, u64 ipa,
				      unsigned int size, u64 val);
	/* The level of a private peripheral interrupt (16..31) of @cpu. */
	void (*ppi)(void *opaque, unsigned int cpu, unsigned int intid, bool level);
	void (*event)(void *opaque, unsigned int cpu, enum emu_event event);
};

struct emu_config {
	const struct arm_cpu_model *model;
	unsigned int cpus;		/* 1..EMU_MAX_CPUS */
	enum emu_engine engine;
	u64 cache_bytes;		/* translated code; 0: the default */
	unsigned int log;		/* enum emu_log bits */
	FILE *log_file;			/* borrowed; NULL: stderr */
	bool count_insns;		/* keep emu_stats.insns; costs a little speed */
	bool no_psci;			/* no firmware: every vCPU runs from reset, HVC is no call to it */
	u32 counter_hz;			/* of the generic timer, up to EMU_MAX_HZ; 0: ARM_TIMER_HZ_DEFAULT */
	const struct emu_host_ops *ops;
	void *opaque;			/* first argument of every op */
};

#define EMU_MAX_CPUS 8
#define EMU_MAX_HZ 4000000000u

/* Returns 0 or -errno.  The VM keeps no pointer into @cfg but ops, opaque, model and log_file. */
int emu_vm_create(const struct emu_config *cfg, struct emu_vm **out);
/* All vCPU threads must have returned from emu_vcpu_run(). */
void emu_vm_free(struct emu_vm *vm);

/*
 * Let [@ipa, @ipa + @size) be the host memory at @host (borrowed until
 * emu_vm_free).  Page aligned (64 KiB); -EEXIST on overlap, -EINVAL on bad
 * alignment, -ENOSPC after 8 regions.  Before the first run only.
 */
int emu_vm_map_ram(struct emu_vm *vm, u64 ipa, u64 size, void *host, bool readonly);

/*
 * A device wrote [@ipa, @ipa + @len) of RAM: code that was translated from
 * there is dropped before any vCPU executes it again.  Any thread.  Cheap
 * where no code is.
 */
void emu_vm_dma_written(struct emu_vm *vm, u64 ipa, u64 len);

struct emu_vcpu *emu_vm_vcpu(struct emu_vm *vm, unsigned int index);

/*
 * Run on the calling thread until emu_vm_stop(); a vCPU that is powered off or
 * waits for an interrupt sleeps inside.  Returns 0 after a stop, -errno when
 * the engine failed (after EMU_EVENT_FATAL).
 */
int emu_vcpu_run(struct emu_vcpu *vcpu);

/* Make every emu_vcpu_run() return soon.  Any thread; async-signal-safe it is not. */
void emu_vm_stop(struct emu_vm *vm);
/* After a stop and with all vCPUs returned: allow emu_vcpu_run() again. */
void emu_vm_restart(struct emu_vm *vm);

/* An interrupt controller output changed.  Any thread; kicks the vCPU. */
void emu_vcpu_set_line(struct emu_vcpu *vcpu, enum emu_line line, bool level);

/*
 * Architectural reset; the caller then sets the entry state.  CPU 0 is powered
 * on, the others wait for PSCI CPU_ON (no_psci: all are on).  vCPUs must not be running.
 */
void emu_vm_reset(struct emu_vm *vm);
/*
 * The state of a vCPU that is not running; owned by the VM, may be changed.  It
 * is complete: no exception is half taken, a CPU_ON that was accepted has taken effect, counters of
 * the PMU are what the guest would read.  What besides it a vCPU has goes: the exclusive
 * monitor is open after a stop, WFI and WFE end when it is not this vCPU that goes on.
 */
struct arm_state *emu_vcpu_state(struct emu_vcpu *vcpu);

/* ---- what migration moves besides; vCPUs are not running ---- */

/* Is it switched off (PSCI)?  Never where there is no firmware. */
bool emu_vcpu_off(struct emu_vcpu *vcpu);
/* -EINVAL: to switch off what nobody could switch on (no_psci). */
int emu_vcpu_set_off(struct emu_vcpu *vcpu, bool off);

/* An SError that is pending: 0, or EMU_SERROR with the ISS of its syndrome in bits 24:0. */
#define EMU_SERROR (1u << 31)
u32 emu_vcpu_serror(struct emu_vcpu *vcpu);
void emu_vcpu_set_serror(struct emu_vcpu *vcpu, u32 serror);
/* PSCI_VERSION_* of arm/psci.h, what the guest is told; 0: there is no firmware.  Not changed by a reset. */
u32 emu_vm_psci_version(struct emu_vm *vm);
/* -EINVAL: there is no such. */
int emu_vm_set_psci_version(struct emu_vm *vm, u32 version);

/*
 * The count that CNTVCT of vCPU 0 shows now, and how fast it goes (@hz may be NULL).  It goes on while the vCPUs are
 * stopped, and private interrupts with it.
 */
u64 emu_vm_count(struct emu_vm *vm, u32 *hz);
/*
 * From now on the count stands at @count, and no timer changes its line; it goes
 * on from there when the first vCPU runs.  So a VM that sets what it has read
 * stands still.  Whatever the guest's timers are then compared anew.
 */
void emu_vm_set_count(struct emu_vm *vm, u64 count);

/*
 * The log of the pages that vCPUs write.  Any thread (one at a time gets
 * through), vCPUs may run; but no emu_host_ops, as they are waited for.
 *
 * What is written and not yet in the log when a call returns comes with the
 * next one: pages that are copied behind emu_vm_dirty_get(), again and again until
 * it yields nothing with the vCPUs stopped, are a copy of RAM.
 */
/* Start with an empty log, or stop; 0 or -ENOMEM. */
int emu_vm_dirty_log(struct emu_vm *vm, bool on);
/*
 * Sets in @bits, which is not cleared first, a bit for each 4 KiB page of
 * [@ipa, @ipa + @size), one region of emu_vm_map_ram(), that was written since the
 * last call or the start.  -EINVAL: no such region, or there is no log.
 */
int emu_vm_dirty_get(struct emu_vm *vm, u64 ipa, u64 size, u64 *bits);

/* Counters of --stats; sums over all vCPUs.  Not exact while running. */
struct emu_stats {
	u64 insns;		/* guest instructions (0 where not counted) */
	u64 blocks;		/* blocks translated */
	u64 block_insns;	/* guest instructions translated */
	u64 tlb_misses;
	u64 flushes;		/* code cache flushes */
	u64 invalidations;	/* code pages dropped because they were written */
	u64 exits[16];		/* returns to the dispatcher by enum emu_exit */
	u64 exceptions;
	u64 interrupts;
	u64 mmio;
	u64 code_bytes;
};
void emu_vm_stats(struct emu_vm *vm, struct emu_stats *out);
/* Names of exits[], NULL past the last. */
const char *emu_exit_name(unsigned int reason);

#endif
