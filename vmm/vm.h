/* SPDX-License-Identifier: GPL-2.0-only */
/* One virtual machine: it owns everything, from the files of the host to the vCPU threads. */
#ifndef VMM_VM_H
#define VMM_VM_H

#include "vmm/config.h"

struct dirty;
struct live;
struct loop;
struct vm;
struct vmstate;

/* Why the machine ended. */
enum vm_end {
	VM_END_NONE,		/* it has not */
	VM_END_RESET,		/* the guest reboots; never leaves vm_run() unless --no-reboot */
	VM_END_OFF,		/* the guest powered off */
	VM_END_QUIT,		/* the user left, or a signal asked */
	VM_END_FATAL,		/* the engine cannot go on, or a file was gone at a reboot */
	VM_END_MOVED,		/* it goes on elsewhere, or is in a file */
};

/*
 * With cfg->incoming the machine is made, empty and reset, for vm_run() to go on with
 * what is loaded into it (vm_state()) before; a kernel is needed then for reboots only.
 *
 * 0, or -errno and often a sentence.  @cfg is borrowed until vm_free().  From here on
 * SIGINT, SIGTERM and SIGHUP are blocked in this thread and those it makes.
 */
int vm_create(const struct vm_config *cfg, struct vm **out, char **err);
void vm_free(struct vm *vm);

/* Runs the guest, over its reboots, until it ends.  On the thread that created the VM. */
enum vm_end vm_run(struct vm *vm);

/* Makes vm_run() return soon.  Any thread. */
void vm_quit(struct vm *vm);
/* Presses the power button.  Any thread. */
void vm_power_button(struct vm *vm);

/*
 * Stops the vCPUs and all devices, calls @fn on the thread of vm_run() and goes
 * on, or ends as @fn says (VM_END_NONE: goes on).  Waits for that on any other thread; from the
 * loop's it only asks.  -ESHUTDOWN: the machine ends before; @fn is not called.
 */
int vm_paused(struct vm *vm, enum vm_end (*fn)(struct vm *vm, void *opaque), void *opaque);

/* Keeps the vCPUs stopped from now on, or lets them go on; guest time stands still meanwhile.  Any thread. */
void vm_hold(struct vm *vm, bool on);
bool vm_is_held(struct vm *vm);

/* The vCPUs stand still for @percent of the time, guest time too (vmm/throttle.h); 0: never.  On the loop's thread. */
void vm_slow_down(struct vm *vm, unsigned int percent);

/* What migration needs of it; constant until vm_free(). */
const struct vmstate *vm_state(const struct vm *vm);
struct dirty *vm_dirty(const struct vm *vm);
struct loop *vm_loop(const struct vm *vm);
/*
 * The one migration or snapshot at a time; on the loop's thread.  False: there is one.  What is
 * there when the machine ends is waited for with live_finish() (vmm/migrate/live.h).
 */
bool vm_take_live(struct vm *vm, struct live *l);
void vm_drop_live(struct vm *vm);
const struct vm_config *vm_config_of(const struct vm *vm);	/* as it was settled */

/* Writes the device tree that the guest would get to cfg->dump_dtb; 0 or -errno after a message. */
int vm_dump_dtb(const struct vm_config *cfg);

#endif
