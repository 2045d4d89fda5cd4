/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests of /dev/kvm that run on the host board: a VM, its vCPUs, their guests.
 *
 * A test is a function with a name, made by TEST(); it runs in a process of its
 * own, with a time limit.  Any failure ends that process with a line that says
 * where; only the test's main thread need to be waited for.  Guests are functions
 * of tests/hyp/guest/, named by GUEST(name), that talk through ports (ports.h).
 */
#ifndef TESTS_HYP_KVMTEST_H
#define TESTS_HYP_KVMTEST_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hyp/uapi/kvm.h"
#include "ports.h"

#define MAX_VCPUS 8

struct vm;

struct vcpu {
	struct vm *vm;
	unsigned int id;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	bool threaded;
	uint32_t a, b;			/* what the guest put into the ports A and B */
	uint32_t value;			/* of the last EV_EXIT or EV_SYNC */
	/* Answers guest_ask(), and accesses where no port is: -> true when it was served. */
	uint32_t answer;
	bool (*mmio)(struct vcpu *vcpu);
	int (*on_sync)(struct vcpu *vcpu);	/* in a thread: 0 goes on */
	int err;			/* of KVM_RUN, for EV_ERROR */
};

struct vm {
	int kvm, fd, gic;		/* gic: -1 without */
	unsigned int nr_vcpus, features;
	struct vcpu vcpu[MAX_VCPUS];
	uint8_t *ram;			/* GUEST_RAM_SIZE at GUEST_RAM, slot 0 */
	uint32_t psci_features;
};

enum event {
	EV_EXIT,	/* guest_exit(): vcpu->value */
	EV_SYNC,	/* guest_sync(): vcpu->value */
	EV_ASK,		/* guest_ask(), answered with vcpu->answer when the vCPU goes on */
	EV_MMIO,	/* an access that nobody served: vcpu->run->mmio */
	EV_SYSTEM,	/* KVM_EXIT_SYSTEM_EVENT */
	EV_INTR,	/* a signal or immediate_exit */
	EV_ERROR,	/* KVM_RUN failed: vcpu->err */
	EV_OTHER,	/* another exit reason */
};

/* Of the guest's image. */
#define GUEST(name) ({ extern const uint32_t guest_sym_##name; guest_sym_##name; })

/* What a VM has besides @n vCPUs and RAM with the image. */
#define VM_NO_GIC	1u	/* no in-kernel interrupt controller */
#define VM_NO_RAM	2u
#define VM_GIC_LATE	4u	/* the test finishes the GIC: only created */
#define VM_PSCI_01	8u	/* without the feature bit PSCI_0_2 */

struct vm *vm_new(unsigned int nr_vcpus, unsigned int flags);
void vm_free(struct vm *vm);
void vm_gic_finish(struct vm *vm, unsigned int nr_irqs);
int vm_slot(struct vm *vm, unsigned int slot, unsigned int flags, uint64_t gpa, size_t size, void *hva);
void *vm_hva(struct vm *vm, uint32_t gpa);
void vm_spi(struct vm *vm, unsigned int irq, int level);
void vm_ppi(struct vm *vm, unsigned int vcpu, unsigned int irq, int level);
void *anon(size_t size);	/* zeroed memory, 2 MiB aligned */

struct vcpu *vcpu_init(struct vm *vm, unsigned int id, unsigned int features);
void vcpu_start_at(struct vcpu *vcpu, uint32_t fn, uint32_t arg, bool mmu_off);
enum event vcpu_run(struct vcpu *vcpu);
/* Runs until EV_EXIT and returns its value; any other event but served ones is a failure. */
uint32_t vcpu_finish(struct vcpu *vcpu);
/* Runs until the guest syncs with @value. */
void vcpu_until(struct vcpu *vcpu, uint32_t value);
/* The same as vcpu_finish() in a thread of its own. */
void vcpu_thread(struct vcpu *vcpu);
uint32_t vcpu_join(struct vcpu *vcpu);
void vcpu_pin(unsigned int cpu);	/* the calling thread */

int reg_get(struct vcpu *vcpu, uint64_t id, void *value);
int reg_set(struct vcpu *vcpu, uint64_t id, const void *value);
uint32_t reg32(struct vcpu *vcpu, uint64_t id);
uint64_t reg64(struct vcpu *vcpu, uint64_t id);
void reg32_set(struct vcpu *vcpu, uint64_t id, uint32_t value);
void reg64_set(struct vcpu *vcpu, uint64_t id, uint64_t value);
#define CORE(word)	KVM_REG_ARM32_CORE(word)
#define CORE_PC		CORE(15)
#define CORE_CPSR	CORE(16)

/* Of a device or vCPU: 0 or -errno. */
int attr_set(int fd, unsigned int group, uint64_t attr, const void *value);
int attr_get(int fd, unsigned int group, uint64_t attr, void *value);
int attr_has(int fd, unsigned int group, uint64_t attr);

/* -errno or the result. */
#define call(expr) ({ long r_ = (long)(expr); r_ < 0 ? -errno : (int)r_; })

void fail(const char *file, int line, const char *fmt, ...) __attribute__((noreturn, format(printf, 3, 4)));
#define FAIL(...)	fail(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(cond)	do { if (!(cond)) FAIL("%s", #cond); } while (0)
#define CHECK_EQ(a, b)                                                                             \
	do {                                                                                       \
		long long a_ = (long long)(a), b_ = (long long)(b);                                \
		if (a_ != b_)                                                                      \
			FAIL("%s is %lld (%#llx), not %s = %lld (%#llx)", #a, a_, (unsigned long long)a_, #b, \
			     b_, (unsigned long long)b_);                                          \
	} while (0)
/* The test cannot be run on this board; it is counted as such. */
void skip(const char *why) __attribute__((noreturn));

uint64_t now_us(void);
void pause_us(unsigned int us);
unsigned int host_cpus(void);
uint32_t rnd(uint32_t *state);
/*
 * Runs @batch twice; the second time may cost the host no more than @slack pages.  If it
 * does it is run again, up to 4 times: a leak takes its share each time, the host's own
 * caches do not.  What the module itself holds is compared exactly, by main.c after each test.
 */
void check_no_loss(void (*batch)(void *arg), void *arg, long slack);

struct test {
	const char *name, *what;
	void (*fn)(void);
	unsigned int seconds;
	struct test *next;
};
void test_add(struct test *test);

/* Names begin with row_N for row N of docs/hyp-checklist.md, with abi_ for the interface itself. */
#define TEST_LIMIT(fn_name, limit, text)                                                           \
	static void fn_name(void);                                                                 \
	static struct test fn_name##_test = { #fn_name, text, fn_name, limit, NULL };              \
	__attribute__((constructor)) static void fn_name##_add(void) { test_add(&fn_name##_test); } \
	static void fn_name(void)
#define TEST(fn_name, text) TEST_LIMIT(fn_name, 20, text)

#endif
