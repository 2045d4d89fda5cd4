/* SPDX-License-Identifier: GPL-2.0-only */
/* Where Linux 6.1 and 6.12 differ.  One place, so that the rest reads like one kernel. */
#ifndef HYP_COMPAT_H
#define HYP_COMPAT_H

#include <linux/eventfd.h>
#include <linux/highmem.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/version.h>

static inline void compat_eventfd_signal(struct eventfd_ctx *ctx)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	eventfd_signal(ctx);
#else
	eventfd_signal(ctx, 1);
#endif
}

/* struct fd lost its member in 6.12. */
static inline struct file *compat_fd_file(struct fd f)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	return fd_file(f);
#else
	return f.file;
#endif
}

/* The page at @addr of a mapping without struct pages; the mmap lock is held.  0 or -EINVAL: none yet. */
static inline int compat_follow_pfn(struct vm_area_struct *vma, unsigned long addr,
				    unsigned long *pfn, bool *writable)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	struct follow_pfnmap_args args = { .vma = vma, .address = addr };
	int ret = follow_pfnmap_start(&args);

	if (ret)
		return ret;
	*pfn = args.pfn;
	*writable = args.writable;
	follow_pfnmap_end(&args);
#else
	spinlock_t *lock;
	pte_t *pte;
	int ret = follow_pte(vma->vm_mm, addr, &pte, &lock);

	if (ret)
		return ret;
	*pfn = pte_pfn(*pte);
	*writable = pte_write(*pte);
	pte_unmap_unlock(pte, lock);
#endif
	return 0;
}

#endif
