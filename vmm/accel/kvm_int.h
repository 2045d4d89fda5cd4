/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the engine kvm among themselves. */
#ifndef VMM_ACCEL_KVM_INT_H
#define VMM_ACCEL_KVM_INT_H

#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "hyp/uapi/kvm.h"
#include "vmm/accel/accel.h"

/* What a host's architecture decides; one file of kvm_port_*.c is built. */
struct kvm_port {
	bool is_arm;
	bool is_64;
	u32 psci_0_2;		/* bits of kvm_vcpu_init.features[0] */
	u32 power_off;
	u32 el1_32bit;		/* 0: there is no such */
	u64 midr_id;
};
extern const struct kvm_port kvm_port;

#define KVM_KICK_SIGNAL SIGRTMIN
#define KVM_EXIT_KINDS 32

struct kvm_cpu {
	int fd;
	struct kvm_run *run;
	unsigned int index;
	bool has_state;			/* @state is newer than the kernel's */
	struct arm_state state;
	u64 exits[KVM_EXIT_KINDS];	/* by exit_reason; its own thread's while that runs */
	u64 kicks;
	/* Under kvm_vm.lock. */
	pthread_t thread;
	bool in;			/* @thread is in run() */
};

struct kvm_vm {
	struct accel accel;
	struct accel_config cfg;
	int sys_fd, vm_fd, gic_fd;
	size_t run_size;
	struct kvm_vcpu_init init;	/* of CPU 0 */
	unsigned int slots;
	bool has_run;
	bool can_abort;			/* KVM_CAP_ARM_INJECT_EXT_DABT */
	struct kvm_reg_list *regs;	/* those that the kernel has; the same for all CPUs */
	u8 has_slot[(ARM_SYSREG_SLOTS + 7) / 8];	/* a bit per slot that they reach */
	pthread_mutex_t lock;
	bool stopping;			/* under @lock */
	struct kvm_cpu cpus[ACCEL_MAX_CPUS];
};

static inline int kvm_ioctl(int fd, unsigned long what, void *arg)
{
	int ret = ioctl(fd, what, arg);

	return ret < 0 ? -errno : ret;
}

static inline int kvm_ioctl_num(int fd, unsigned long what, unsigned long arg)
{
	int ret = ioctl(fd, what, arg);

	return ret < 0 ? -errno : ret;
}

/* kvm_host.c: an open /dev/kvm that has all we need, or -errno and a sentence. */
int kvm_open(char **err);
int kvm_create_vm(int sys_fd, char **err);

/* kvm_gic.c: before the vCPUs exist; after; and as after power-on.  0 or -errno. */
int kvm_gic_create(struct kvm_vm *vm);
int kvm_gic_init(struct kvm_vm *vm);
int kvm_gic_reset(struct kvm_vm *vm);
void kvm_gic_set_spi(struct accel *a, unsigned int spi, bool level);

/* kvm_state.c: 0 or -errno after a message. */
int kvm_state_list(struct kvm_vm *vm, struct kvm_cpu *cpu);
int kvm_state_load(struct kvm_vm *vm, struct kvm_cpu *cpu);
int kvm_state_store(struct kvm_vm *vm, struct kvm_cpu *cpu);
bool kvm_state_has_slot(struct accel *a, unsigned int slot);
int kvm_state_get_ids(struct accel *a, struct accel_ids *ids);

#endif
