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
	/* The virtual count; the physical timer, which not every kernel shows. */
	u64 vcount_id, pcount_id, pctl_id, pcval_id;
	u64 psci_id;		/* its version */
	u32 (*counter_hz)(void);	/* CNTFRQ of the host */
	u64 (*dczid)(void);		/* DCZID_EL0, which KVM does not list, and guests see; NULL: there is none */
};
extern const struct kvm_port kvm_port;

#define KVM_KICK_SIGNAL SIGRTMIN
#define KVM_EXIT_KINDS 32
#define KVM_MAX_SLOTS 16
#define KVM_MAX_SPI_WORDS (GICV2_WORDS - 1)

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

/* A region of map_ram(): the slot with its index. */
struct kvm_slot {
	u64 ipa, size;
	void *host;
	bool readonly;
};

struct kvm_vm {
	struct accel accel;
	struct accel_config cfg;
	int sys_fd, vm_fd, gic_fd;
	size_t run_size;
	struct kvm_vcpu_init init;	/* of CPU 0 */
	unsigned int slots;
	struct kvm_slot slot[KVM_MAX_SLOTS];	/* constant once the VM runs */
	bool has_run;
	bool can_abort;			/* KVM_CAP_ARM_INJECT_EXT_DABT */
	bool has_events;		/* KVM_CAP_VCPU_EVENTS */
	bool has_serror_iss;		/* KVM_CAP_ARM_INJECT_SERROR_ESR */
	bool one_time;			/* KVM_CAP_COUNTER_OFFSET: the guest's physical count is its virtual one */
	struct kvm_reg_list *regs;	/* those that the kernel has (kvm_state_list()); the same for all CPUs */
	u8 has_slot[(ARM_SYSREG_SLOTS + 7) / 8];	/* a bit per slot that they reach */
	pthread_mutex_t prepare_lock;	/* what run() does before the first vCPU enters; @lock is taken under it */
	pthread_mutex_t lock;
	/* Under @lock. */
	bool stopping;
	bool new_count;			/* @count is to be the guest's from the next run() on */
	u64 count;
	u64 offset;			/* of @one_time, the kernel's */
	bool knows_ahead;		/* @ahead is what the physical count is before the virtual one */
	u64 ahead;
	u32 spi_line[KVM_MAX_SPI_WORDS];	/* levels of shared interrupts as we set them; atomic */
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

static inline bool kvm_has(const struct kvm_vm *vm, u32 cap)
{
	return kvm_ioctl_num(vm->sys_fd, KVM_CHECK_EXTENSION, cap) > 0;
}

/* kvm_host.c: an open /dev/kvm that has all we need, or -errno and a sentence. */
int kvm_open(char **err);
int kvm_create_vm(int sys_fd, char **err);

static inline struct kvm_vm *kvm_vm_of(struct accel *a)
{
	return (struct kvm_vm *)a;
}

/* kvm_gic.c: before the vCPUs exist; after; and as after power-on.  0 or -errno. */
int kvm_gic_create(struct kvm_vm *vm);
int kvm_gic_init(struct kvm_vm *vm);
int kvm_gic_reset(struct kvm_vm *vm);
void kvm_gic_set_spi(struct accel *a, unsigned int spi, bool level);
/* A register of the GIC (KVM_DEV_ARM_VGIC_GRP_*); 0 or -errno. */
int kvm_gic_get_attr(struct kvm_vm *vm, u32 group, u64 attr, void *val);
int kvm_gic_set_attr(struct kvm_vm *vm, u32 group, u64 attr, const void *val);

/* kvm_gic_state.c: members of struct accel_ops. */
int kvm_get_gic(struct accel *a, struct gicv2 *g);
int kvm_set_gic(struct accel *a, const struct gicv2 *g);

/* kvm_migrate.c: likewise. */
int kvm_get_off(struct accel *a, unsigned int cpu, bool *off);
int kvm_set_off(struct accel *a, unsigned int cpu, bool off);
int kvm_get_serror(struct accel *a, unsigned int cpu, u32 *serror);
int kvm_set_serror(struct accel *a, unsigned int cpu, u32 serror);
int kvm_get_psci(struct accel *a, u32 *version);
int kvm_set_psci(struct accel *a, u32 version);
int kvm_get_count(struct accel *a, u64 *count, u32 *hz);
int kvm_set_count(struct accel *a, u64 count);
int kvm_dirty_log(struct accel *a, bool on);
int kvm_dirty_get(struct accel *a, u64 ipa, u64 size, u64 *bits);
/*
 * Before a vCPU runs, or is given a state: the count that kvm_set_count() was given.  @keep: again at
 * the next time, so that what passes until then does not count.  0 or -errno after a message.
 */
int kvm_apply_count(struct kvm_vm *vm, bool keep);
/* How far the guest's physical count is before its virtual one; asks @cpu, which does not run. */
int kvm_phys_ahead(struct kvm_vm *vm, struct kvm_cpu *cpu, u64 *ahead);
/* Tells the kernel about slot @n; @log: with a log of the pages that are written.  0 or -errno. */
int kvm_set_slot(struct kvm_vm *vm, unsigned int n, bool log);

/*
 * kvm_identity.c: cfg.model's identity for the guest, as far as the kernel lets us and the CPU can: before
 * there are vCPUs, and before the first run.  What is refused stays as it is, and who compares will see.
 */
void kvm_identity_open(struct kvm_vm *vm);
void kvm_identity_set(struct kvm_vm *vm);
/* May register @id say @want where the host says @now? */
bool kvm_identity_may(const struct kvm_vm *vm, u64 id, u64 want, u64 now);

int kvm_one_reg(struct kvm_cpu *cpu, unsigned long what, u64 id, void *val);

/* kvm_state.c: 0 or -errno after a message. */
int kvm_state_list(struct kvm_vm *vm, struct kvm_cpu *cpu);
int kvm_state_load(struct kvm_vm *vm, struct kvm_cpu *cpu);
int kvm_state_store(struct kvm_vm *vm, struct kvm_cpu *cpu);
bool kvm_state_has_slot(struct accel *a, unsigned int slot);
int kvm_state_get_ids(struct accel *a, struct accel_ids *ids);

#endif
