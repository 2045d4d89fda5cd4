/* SPDX-License-Identifier: GPL-2.0-only */
/* Flattened device trees: the machine's own, or the user's with the guest's memory put in. */
#ifndef VMM_MACHINE_FDT_H
#define VMM_MACHINE_FDT_H

#include "arm/base.h"

/* What Linux maps (Documentation/arch/arm64/booting): a device tree is never larger. */
#define FDT_LIMIT (2ULL << 20)

/* What changes from guest to guest. */
struct fdt_params {
	u64 ram_base, ram_size;
	unsigned int cpus;
	const char *cpu_compatible;
	bool aarch32;			/* the CPUs start in AArch32 */
	bool armv7;			/* they are 32-bit parts */
	unsigned int gic_version;	/* 2, 3 */
	bool no_pmu;
	const char *bootargs;		/* NULL: none */
	u64 initrd_start, initrd_end;	/* equal: none */
};

/* A device tree in memory; free(blob). */
struct fdt_blob {
	void *blob;
	u64 size;
};

/* Reads and checks a user's device tree.  0, or -errno and a sentence in *@err (free() it). */
int fdt_read(const char *path, struct fdt_blob *out, char **err);

/* The same for one in memory: sound, and not too deep.  Errors as above. */
int fdt_check_blob(const struct fdt_blob *b, char **err);

/*
 * @in with /chosen and the memory node made to say @p, and what the board adds
 * with @fit (machine_type.fit_fdt; may be NULL).  Errors as above.
 */
int fdt_patch(const struct fdt_blob *in, const struct fdt_params *p,
	      int (*fit)(void *fdt, const struct fdt_params *p, char **err), struct fdt_blob *out, char **err);
/*
 * For @fit: is @fdt for a board called one of @names (NULL after the last)?  A tree that names
 * none is.  0, or -EINVAL and a sentence.
 */
int fdt_check_board(const void *fdt, const char *const *names, char **err);

/* The machine virt (vmm/machine/virt.h).  0 or -errno. */
int fdt_make_virt(const struct fdt_params *p, struct fdt_blob *out);

#endif
