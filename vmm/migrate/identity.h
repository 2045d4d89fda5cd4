/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What CPUs say of themselves: identification registers, cache geometry, the
 * counter's frequency.  A guest looks at it once, at boot, and lives by it;
 * so it must be the same wherever the guest goes.  The translator takes on any that it can
 * be; hardware is what it is (our own module can show guests another).
 *
 * The same facts stand in a stream (section "identity") and in the file that
 * `vambrace host describe` writes (text, a line each: name, value).
 */
#ifndef VMM_MIGRATE_IDENTITY_H
#define VMM_MIGRATE_IDENTITY_H

#include <stdio.h>

#include "arm/cpu_model.h"
#include "vmm/accel/accel.h"
#include "vmm/migrate/bytes.h"
#include "vmm/migrate/report.h"

struct identity {
	char cpu[32];			/* a name for arm_cpu_model_find(), or "host": for people, MIDR_EL1 decides */
	bool aarch32;			/* EL1 is */
	u8 gic_version;
	u32 counter_hz;			/* 0: unknown, any will do */
	u32 psci;			/* PSCI_VERSION_*; 0: unknown.  In text; a stream has it with the vCPUs */
	/*
	 * Registers that are constant for a guest: rows of arm/sysreg.def with MIG MATCH or SUBSET, or IGNORE and
	 * class INVARIANT; those of arm/sysreg32.def that have no slot (TCMTR, TLBTR...).  Not ACTLR and L2CTLR:
	 * they are state (vmm/migrate/cpu.h).
	 */
	u16 nids, nids32;
	struct arm_id_value id[128];		/* reg: enum arm_sysreg */
	struct arm_id_value id32[32];		/* reg: enum arm_sysreg32 */
	u32 ccsidr[ARM_CCSIDRS];
};

/*
 * Of the VM's vCPU 0, which is not running. 0 or -errno.  @model is the engine's; it decides which
 * registers there are, and has what the engine does not show.
 */
int identity_of(struct accel *a, const struct arm_cpu_model *model, bool aarch32, unsigned int gic_version,
		struct identity *out);

void identity_put(struct bytes_out *b, const struct identity *id);
/* -EBADMSG, -EINVAL (a register that we do not know and that matters) and a sentence in *@err. */
int identity_get(struct bytes_in *b, struct identity *out, char **err);
/* The file of `vambrace host describe`; the reader's errors name the line. */
int identity_write(const struct identity *id, FILE *out);
int identity_read(FILE *in, const char *name, struct identity *out, char **err);

/*
 * A CPU model for the translator that answers like @id: @out->model, which points into @out.  What the
 * translator lacks is in @r, and left out of the model: who starts a guest may go on with
 * that, as less than the host has is no harm; a guest that already runs must be refused.  A part that can be
 * both keeps ARM_FEAT_AARCH64; the VM drops it when @id->aarch32.  0, or -EINVAL: nothing is like it.
 */
struct identity_model {
	/* That of arm_cpu_models() with the part's number, or with a superset; its name and compatible. */
	struct arm_cpu_model model;
	struct arm_id_value ids[128];
	struct arm_reg32_value regs32[64];
};
int identity_to_model(const struct identity *id, struct identity_model *out, struct report *r);

/* How a user makes guests that can go to a host. */
#define IDENTITY_REMEDY "start the guest with --cpu host-of=FILE, where FILE is what `vambrace host describe FILE` " \
	"wrote on the host that it is to go to"

/*
 * The bits of a constant register with which a guest that saw @guest cannot go on where there is @host;
 * 0: it can.  By the policy of its row; of CTR_EL0 lines may be longer and caches tagged better.
 */
u64 identity_bad(enum arm_sysreg reg, u64 guest, u64 host);
/* May a guest that lives by @guest go on with CPUs that say @host?  By the policies of the rows. */
void identity_check(const struct identity *guest, const struct identity *host, struct report *r);

#endif
