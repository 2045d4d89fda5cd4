/* SPDX-License-Identifier: GPL-2.0-only */
/* Which registers of a vCPU move, and which values may: what vmm/migrate/cpu.c asks about each. */
#ifndef VMM_MIGRATE_CPU_CHECK_H
#define VMM_MIGRATE_CPU_CHECK_H

#include "vmm/accel/accel.h"
#include "vmm/migrate/report.h"

/* Can a guest on @model see or change slot @slot? */
bool cpu_slot_moves(const struct arm_cpu_model *model, unsigned int slot);
/* Must a stream have it? */
bool cpu_slot_needed(unsigned int slot);
/* @val is no value: nobody wrote the register, which is UNKNOWN at reset. */
bool cpu_slot_unknown(unsigned int slot, u64 val);
/* @val without what is computed when it is read. */
u64 cpu_slot_stored(unsigned int slot, u64 val);

/*
 * A value from a stream, checked by the policy of the row, to s->sys[@slot], which has this side's own.  An
 * objection is in @r.
 */
void cpu_slot_load(struct arm_state *s, struct accel *a, const struct arm_cpu_model *model, unsigned int slot, u64 val,
		   unsigned int cpu, struct report *r);

/* PSTATE, PC, FPCR, FPSR and, in AArch32, the halves of X that are not there.  All of @s came from a stream. */
void cpu_check_core(const struct arm_state *s, const struct arm_cpu_model *model, unsigned int cpu, struct report *r);

#endif
