/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of a kernel as the pure parts of hyp/ need to be compiled for the host:
 * types that headers embed and nobody uses here, and user memory that is memory.
 * All headers of linux/ beside this file are it.
 */
#ifndef TESTS_UNIT_KERNEL_SHIM_H
#define TESTS_UNIT_KERNEL_SHIM_H

#include <signal.h>
#include <string.h>

#include "arm/base.h"

#define __user
#define __rcu
#define __iomem
#define __aligned(n) __attribute__((aligned(n)))
#define NR_CPUS 4
#define BIT(n) (1ul << (n))
#define ARRAY_SIZE ARM_ARRAY_SIZE
#define min(a, b) ((a) < (b) ? (a) : (b))
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define pr_debug_ratelimited(...) ((void)0)
#define local_irq_save(flags) ((flags) = 0)
#define local_irq_restore(flags) ((void)(flags))
#define isb() ((void)0)
#define test_bit(n, p) (*(p) >> (n) & 1)

struct list_head { struct list_head *next, *prev; };
struct kref { int n; };
struct mutex { int n; };
struct rcuwait { void *task; };
struct srcu_struct { int n; };
struct mmu_notifier { int n; };
struct hrtimer { int n; };
typedef struct { int n; } spinlock_t, arch_spinlock_t, atomic_t;
typedef struct { u64 n; } atomic64_t;

static inline void atomic_add(int n, atomic_t *v)
{
	v->n += n;
}

static inline unsigned long copy_from_user(void *to, const void *from, unsigned long n)
{
	memcpy(to, from, n);
	return 0;
}

#define copy_to_user copy_from_user
#define put_user(v, to) (*(to) = (v), 0)
#define get_user(v, from) ((v) = *(from), 0)

#endif
