/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters, shown under debugfs: kvm/ (sums) and kvm/PID-FD/ (one VM), kvm/PID-FD/vcpuN. */
#ifndef HYP_STATS_H
#define HYP_STATS_H

#include <linux/atomic.h>
#include <linux/types.h>

struct hyp_vm;

/* name, what it counts */
#define HYP_VCPU_STATS(X)                                                                          \
	X(exits, "exits to the kernel half")                                                       \
	X(fast_exits, "exits that ended in HYP")                                                   \
	X(irq_exits, "exits for an interrupt of the host")                                         \
	X(hvc_exits, "hypercalls")                                                                 \
	X(wfi_exits, "WFI")                                                                        \
	X(wfe_exits, "WFE")                                                                        \
	X(cp15_exits, "trapped coprocessor accesses")                                              \
	X(fault_exits, "stage-2 faults resolved")                                                  \
	X(mmio_exit_kernel, "device accesses served in the kernel")                                \
	X(mmio_exit_user, "device accesses served by user space")                                  \
	X(mmio_decoded, "device accesses whose instruction had to be read")                        \
	X(signal_exits, "exits for a signal")                                                      \
	X(halt_successful_poll, "WFI that ended while polling")                                    \
	X(halt_attempted_poll, "WFI that polled")                                                  \
	X(halt_wakeup, "WFI that slept and was woken")

struct hyp_vcpu_stats {
#define X(name, text) u64 name;
	HYP_VCPU_STATS(X)
#undef X
};

#define HYP_VM_STATS(X)                                                                            \
	X(remote_tlb_flush, "TLB flushes of the whole VM")                                         \
	X(pages_4k, "4 KiB pages mapped")                                                          \
	X(pages_2m, "2 MiB blocks mapped")                                                         \
	X(notifier_unmap, "ranges that the host took back")

struct hyp_vm_stats {
#define X(name, text) u64 name;
	HYP_VM_STATS(X)
#undef X
};

/*
 * What the module has for its VMs now, in kvm/held; all 0 when there is no VM.  Tests
 * look: a leak shows however small, and whatever the rest of the host does.
 */
#define HYP_HELD(X)                                                                                \
	X(vms, "VMs")                                                                              \
	X(vcpus, "vCPUs")                                                                          \
	X(gics, "interrupt controllers")                                                           \
	X(table_pages, "pages of stage-2 tables, spare ones too")                                  \
	X(slot_arrays, "arrays of memory slots")                                                   \
	X(dirty_logs, "dirty logs")                                                                \
	X(routings, "tables of interrupt routes")                                                  \
	X(irqfds, "irqfds")                                                                        \
	X(ioeventfds, "ioeventfds")                                                                \
	X(zones, "zones of coalesced MMIO")

enum hyp_held {
#define X(name, text) HYP_HELD_##name,
	HYP_HELD(X)
#undef X
	HYP_HELD_COUNT,
};

extern atomic_t hyp_held[HYP_HELD_COUNT];

/* @n more, or less if negative.  Any context. */
static inline void held_add(enum hyp_held what, int n)
{
	atomic_add(n, &hyp_held[what]);
}

int stats_module_init(void);
void stats_module_exit(void);
void stats_vm_add(struct hyp_vm *vm, int fd);
struct hyp_vcpu;
void stats_vcpu_add(struct hyp_vcpu *vcpu);
void stats_vm_remove(struct hyp_vm *vm);

#endif
