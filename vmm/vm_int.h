/* SPDX-License-Identifier: GPL-2.0-only */
/* The VM's insides, for the files that make it (vm_create.c) and run it (vm.c). */
#ifndef VMM_VM_INT_H
#define VMM_VM_INT_H

#include <pthread.h>

#include "vmm/accel/accel.h"
#include "vmm/dev/timer.h"
#include "vmm/devices.h"
#include "vmm/machine/machine.h"
#include "vmm/mem/dirty.h"
#include "vmm/migrate/vmstate.h"
#include "vmm/throttle.h"
#include "vmm/vm.h"

struct boot;
struct chardev;
struct control;
struct loop_source;

struct vcpu {
	struct vm *vm;
	unsigned int index;
	pthread_t thread;
	int ret;		/* of the engine */
};

struct vm {
	/* Constant while the guest runs. */
	const struct vm_config *cfg;	/* &@settled, whose strings are the caller's */
	struct vm_config settled;
	struct accel_host host;		/* of the engine kvm */
	const struct machine_type *type;
	struct arm_cpu_model model;
	struct boot *boot;
	struct loop *loop;
	struct dev_clock clock;		/* stands while no vCPU runs */
	void *ram;
	void *extra_ram[MACHINE_EXTRA_RAM];	/* as in @type */
	struct guest_mem *mem;
	struct bus *bus;
	struct accel *accel;
	struct machine *machine;
	struct devices devices;
	struct chardev *terminal, *serial;
	struct control *control;
	FILE *log;
	int signal_fd;
	struct loop_source *signals;
	struct vcpu vcpus[ACCEL_MAX_CPUS];

	struct vmstate state;		/* a view of the above */
	struct live *live;		/* vm_take_live(); the loop's thread only */
	struct throttle throttle;	/* vm_run()'s thread only, as is */
	struct loop_source *brake;	/* what looks whether it is due; NULL: the guest is not slowed down */
	struct dirty *dirty;		/* what devices write, while somebody wants to know */
	bool loaded;			/* the state came from elsewhere: no entry at the kernel; vm_run()'s thread */

	pthread_mutex_t lock;	/* what follows; nothing is called with it held */
	enum vm_end end;	/* the first reason counts, but quitting beats a reboot */
	unsigned int running;	/* vCPU threads in the engine, or on their way to it, */
	unsigned int came;	/* and those that are there, or were */
	u64 since;		/* when the last of them came there (clock_ns()); 0: not all are there */
	pthread_t thread;	/* vm_run()'s */
	struct vm_pause *pauses;	/* what vm_paused() wants done, oldest first */
	pthread_cond_t pause_done;
	pthread_cond_t wanted;	/* there is a pause, an end or a hold to look at; its clock is CLOCK_MONOTONIC */
	bool ended;		/* nothing will be done any more */
	bool held;		/* the vCPUs stay stopped: vm_hold() */
};

/* vm.c: what the engine and the machine ask. */
extern const struct accel_host_ops vm_host_ops;
void vm_cpu_wires(void *opaque, unsigned int cpu, bool irq, bool fiq);
void vm_set_spi(void *opaque, unsigned int spi, bool level);
int vm_set_doorbell(void *opaque, u64 ipa, u32 val, int fd);
void vm_power(void *opaque, bool reset);
void vm_dma_written(void *opaque, u64 ipa, u64 len);
/* A signal to end: the first asks, the second does not wait. */
void vm_on_signal(void *opaque, unsigned int events);
void vm_take_screenshot(void *opaque);

/* vm_create.c: memory regions of the machine besides the main one. */
unsigned int vm_nr_extra_ram(const struct vm *vm);

#endif
