/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is in memory before the first instruction: kernel, initial RAM disk and
 * device tree, placed so that none overlaps another.  Opened and checked once;
 * loaded at every start of the guest.
 */
#ifndef VMM_MACHINE_BOOT_H
#define VMM_MACHINE_BOOT_H

#include "arm/state.h"
#include "vmm/config.h"
#include "vmm/machine/machine.h"

struct boot;
struct guest_mem;

/*
 * 0, or -errno and a sentence in *@err that begins with the option (free() it).
 * @cfg and @type are borrowed until boot_close().  Without a kernel
 * there is only a device tree.
 */
int boot_open(const struct vm_config *cfg, const struct machine_type *type, struct boot **out,
	      char **err);
void boot_close(struct boot *b);

/* Do the CPUs start in AArch32?  Then their model is without ARM_FEAT_AARCH64. */
bool boot_is_aarch32(const struct boot *b);

/* A new device tree (its seeds are new each time).  Errors as above. */
int boot_make_fdt(struct boot *b, struct fdt_blob *out, char **err);
/* Everything to guest memory, which holds zeros.  Errors as above. */
int boot_load(struct boot *b, struct guest_mem *mem, char **err);
/*
 * The entry state of @cpu (Linux, Documentation/arch/arm64/booting and
 * arm/booting); @s comes from a reset.  For CPUs that firmware would hold (PSCI) it is not used.
 */
void boot_enter(const struct boot *b, unsigned int cpu, struct arm_state *s);

#endif
