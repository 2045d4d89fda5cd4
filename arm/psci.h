/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PSCI 0.2 and 1.0 to 1.3 (DEN 0022) and the SMCCC 1.1 discovery calls (DEN 0028)
 * as a state machine without threads.
 *
 * Locking: one lock per VM, taken by the caller around every function here and
 * not dropped by the ops.  The power states below change only under it, which
 * is what makes two CPU_ONs of one target decidable: the first sees OFF and
 * leaves ON_PENDING, the second sees that.
 */
#ifndef ARM_PSCI_H
#define ARM_PSCI_H

#include "arm/base.h"

#define PSCI_VERSION_0_2 0x00002u
#define PSCI_VERSION_1_0 0x10000u
#define PSCI_VERSION_1_1 0x10001u
/* What these add is optional, and not there: they are for guests that were told so elsewhere. */
#define PSCI_VERSION_1_2 0x10002u
#define PSCI_VERSION_1_3 0x10003u
#define SMCCC_VERSION_1_1 0x10001u

/* Function ids: SMC32 form; PSCI_64() makes the SMC64 form. */
#define PSCI_64(id) ((id) | 1u << 30)
enum psci_fn {
	PSCI_FN_VERSION			= 0x84000000,
	PSCI_FN_CPU_SUSPEND		= 0x84000001,
	PSCI_FN_CPU_OFF			= 0x84000002,
	PSCI_FN_CPU_ON			= 0x84000003,
	PSCI_FN_AFFINITY_INFO		= 0x84000004,
	PSCI_FN_MIGRATE			= 0x84000005,
	PSCI_FN_MIGRATE_INFO_TYPE	= 0x84000006,
	PSCI_FN_MIGRATE_INFO_UP_CPU	= 0x84000007,
	PSCI_FN_SYSTEM_OFF		= 0x84000008,
	PSCI_FN_SYSTEM_RESET		= 0x84000009,
	PSCI_FN_FEATURES		= 0x8400000a,
	PSCI_FN_SYSTEM_RESET2		= 0x84000012,
	SMCCC_FN_VERSION		= 0x80000000,
	SMCCC_FN_ARCH_FEATURES		= 0x80000001,
	SMCCC_FN_ARCH_WORKAROUND_3	= 0x80003fff,
	SMCCC_FN_ARCH_WORKAROUND_2	= 0x80007fff,
	SMCCC_FN_ARCH_WORKAROUND_1	= 0x80008000,
};

enum psci_error {
	PSCI_SUCCESS		= 0,
	PSCI_NOT_SUPPORTED	= -1,
	PSCI_INVALID_PARAMETERS	= -2,
	PSCI_DENIED		= -3,
	PSCI_ALREADY_ON		= -4,
	PSCI_ON_PENDING		= -5,
	PSCI_INTERNAL_FAILURE	= -6,
	PSCI_NOT_PRESENT	= -7,
	PSCI_DISABLED		= -8,
	PSCI_INVALID_ADDRESS	= -9,	/* since 1.0 */
};

/* Answers of SMCCC_ARCH_FEATURES for a workaround (DEN 0028 7.5-7.7). */
enum smccc_workaround {
	SMCCC_WA_NEEDED		= 0,	/* implemented, and this CPU wants it */
	SMCCC_WA_UNAFFECTED	= 1,	/* may be called, this CPU does not need it */
	SMCCC_WA_NOT_SUPPORTED	= -1,	/* unknown: Linux then says "vulnerable" */
	SMCCC_WA_NOT_REQUIRED	= -2,	/* workaround 2 only: no CPU here needs it */
};

/* The values are AFFINITY_INFO's. */
enum psci_power {
	PSCI_POWER_ON,
	PSCI_POWER_OFF,
	PSCI_POWER_ON_PENDING,	/* CPU_ON accepted, the CPU has not begun */
};

struct psci_cpu {
	u64 mpidr;		/* affinity fields 39:32 and 23:0 only */
	enum psci_power power;
};

/*
 * What PSCI asks of the VM.  @cpu is an index into psci.cpu.  All may be null
 * except cpu_on.  Called with the lock held; must not call psci_*() back.
 */
struct psci_ops {
	/*
	 * Arrange for @cpu to begin at @entry with @context in x0/r0, in the
	 * caller's register width (@aarch32: @entry bit 0 is Thumb).  The reset
	 * must happen in @cpu's own thread before its next entry, followed by
	 * psci_cpu_started().  PSCI_SUCCESS, or an error that is handed to the guest.
	 */
	enum psci_error (*cpu_on)(void *opaque, unsigned int cpu, u64 entry,
				  u64 context, bool aarch32);
	/* May the guest run code at guest physical @entry?  Null: anywhere. */
	bool (*entry_ok)(void *opaque, u64 entry);
	/* The VM is to stop all vCPUs; none may run again before it acts. */
	void (*system_off)(void *opaque);
	void (*system_reset)(void *opaque, bool warm, u32 type, u64 cookie);
};

struct psci {
	u32 version;			/* PSCI_VERSION_*; what the guest sees */
	u32 cpus;
	struct psci_cpu *cpu;		/* @cpus of them, owned by the caller */
	const struct psci_ops *ops;	/* owned by the caller */
	void *opaque;
	s8 workaround[3];		/* enum smccc_workaround for 1, 2, 3 */
};

/* One SMC or HVC.  @arg[0] is the function id (its low 32 bits). */
struct psci_call {
	u64 arg[4];		/* x0..x3 or r0..r3 */
	bool aarch32;		/* the caller is in AArch32 state */
	u64 ret[4];		/* out: x0..x3; unused results keep the argument */
};

/* What the calling vCPU does next; ret[] is valid in every case. */
enum psci_action {
	PSCI_RESUME,		/* write back ret[], continue after the call */
	PSCI_WAIT,		/* the same after waiting as for WFI */
	PSCI_CPU_STOP,		/* this CPU is now off: run nothing until cpu_on */
	PSCI_SYSTEM_STOP,	/* ops->system_off/reset was called: leave the guest */
};

/*
 * @cpu: array of @cpus with .mpidr filled in.  CPU 0 begins ON, the others OFF.
 * -EINVAL for no CPUs, no cpu_on or an unknown version.
 */
int psci_init(struct psci *p, u32 version, struct psci_cpu *cpu, unsigned int cpus,
	      const struct psci_ops *ops, void *opaque);

/* The machine was reset: CPU 0 ON, the others OFF. */
void psci_reset(struct psci *p);

/* @cpu, PENDING until now, begins to run.  Does nothing in another state. */
void psci_cpu_started(struct psci *p, unsigned int cpu);

/* Serve @call made by vCPU @self.  Every id gets an answer: NOT_SUPPORTED at least. */
enum psci_action psci_call(struct psci *p, unsigned int self, struct psci_call *call);

/* For state loaded from outside: -EINVAL if a version or a power state is none. */
int psci_validate(const struct psci *p);

#endif
