/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel files: the arm64 Image (plain or gzip), the zImage of 32-bit kernels,
 * and ELF for either.  A file is looked at once, when it is opened; what it says is checked there against the
 * guest's RAM, and again while it is loaded, because it may have changed.
 */
#ifndef VMM_MACHINE_KERNEL_H
#define VMM_MACHINE_KERNEL_H

#include "arm/base.h"

struct guest_mem;
struct kernel;

/*
 * 0, or -errno and a sentence in *@err (free() it).  RAM is [@ram_base,
 * @ram_base + @ram_size); @ram_base is a multiple of 128 MiB.
 */
int kernel_open(const char *path, u64 ram_base, u64 ram_size, struct kernel **out, char **err);
void kernel_close(struct kernel *k);

/* The memory that belongs to the kernel, BSS included: [start, end), within RAM. */
u64 kernel_start(const struct kernel *k);
u64 kernel_end(const struct kernel *k);
u64 kernel_entry(const struct kernel *k);	/* physical; AArch32: bit 0 is Thumb */
bool kernel_is_aarch32(const struct kernel *k);
/* The device tree at the end of a zImage's file, unchecked (free() it); NULL: none.  0 or -errno. */
int kernel_appended_dtb(const struct kernel *k, void **blob, u64 *size);

/* Any number of times; what no file byte goes to is not touched.  Errors as above. */
int kernel_load(struct kernel *k, struct guest_mem *mem, char **err);

/* For all boot files: opens a regular, non-empty file and tells its size; errors as above. */
int boot_file_open(const char *path, int *fd, u64 *size, char **err);
/* Reads exactly @len bytes at @off; -EINVAL where the file ends before, or -errno. */
int boot_file_read(int fd, u64 off, void *buf, u64 len);
/* Reads [@off, @off + @len) of @fd to guest RAM at @ipa; errors as above. */
int boot_file_load(int fd, u64 off, u64 len, struct guest_mem *mem, u64 ipa, char **err);

#endif
