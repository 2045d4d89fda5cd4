/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM without run/ for the tests of emu/cpu/: RAM, two vCPUs, and stand-ins
 * for what cpu/ asks of run/ that note what they were asked.  Include once.
 */
#ifndef CPU_RIG_H
#define CPU_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "arm/cpu_model.h"
#include "arm/pte.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/helpers.h"
#include "emu/run/mem.h"
#include "emu/run/tlb.h"

#define RIG_RAM 0x40000000ULL
#define RIG_RAM_SIZE (2u << 20)
#define RIG_CPUS 2

static struct rig {
	struct emu_vm vm;
	struct emu_vcpu cpu[RIG_CPUS];
	u8 *ram;
	struct tlb_inval inv;
	unsigned int invs, broadcasts, codes, kicks, sevs, events, logs;
	u64 code_ipa, code_len;
	enum emu_event event;
	atomic_bool ppi[RIG_CPUS][32];
	atomic_uint ppi_calls;
} rig;

u8 *mem_ram_ptr(struct emu_vm *vm, u64 ipa, u64 len)
{
	(void)vm;
	if (ipa < RIG_RAM || ipa - RIG_RAM > RIG_RAM_SIZE - len)
		return NULL;
	return rig.ram + (ipa - RIG_RAM);
}

/* As run/ does it, without a TLB. */
int mem_atomic(struct emu_vcpu *v, u64 va, unsigned int size, unsigned int mop, bool write, void **host)
{
	struct mmu_page pg;
	struct mmu_fault f;
	enum mmu_access acc = write ? MMU_WRITE : MMU_READ;

	(void)mop;
	if (va & (size - 1)) {
		mmu_raise_align(v, va, write);
		return -EFAULT;
	}
	if (mmu_translate(v, va, acc, cpu_el(v), &pg, &f)) {
		mmu_raise(v, va, acc, &f);
		return -EFAULT;
	}
	if (pg.device) {
		f = (struct mmu_fault){ .fsc = FSC_UNSUPPORTED_ATOMIC };
		mmu_raise(v, va, acc, &f);
		return -EFAULT;
	}
	*host = mem_ram_ptr(v->vm, pg.ipa + (va & (pg.size - 1)), size);
	if (*host)
		return 0;
	mmu_raise_external(v, va, acc);
	return -EFAULT;
}

void tlb_invalidate(struct emu_vcpu *v, const struct tlb_inval *inv)
{
	(void)v;
	rig.inv = *inv;
	rig.invs++;
}

void tlb_invalidate_broadcast(struct emu_vcpu *v, const struct tlb_inval *inv)
{
	(void)v;
	rig.inv = *inv;
	rig.broadcasts++;
}

u64 helper_dsb(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)v, (void)a, (void)b, (void)c;
	return 0;
}

u64 helper_dacr_write(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)v, (void)a, (void)b, (void)c;
	return 0;
}

u64 helper_code_tail(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)v, (void)a, (void)b, (void)c;
	return 1;
}

void code_invalidate(struct emu_vm *vm, u64 ipa, u64 len)
{
	(void)vm;
	rig.codes++;
	rig.code_ipa = ipa;
	rig.code_len = len;
}

void vcpu_kick(struct emu_vcpu *v, enum vcpu_request why)
{
	atomic_fetch_or(&v->exit_request, why);
	__atomic_fetch_add(&rig.kicks, 1, __ATOMIC_SEQ_CST);
}

void vcpu_send_event(struct emu_vm *vm)
{
	rig.sevs++;
	for (unsigned int i = 0; i < vm->cfg.cpus; i++)
		atomic_store(&vm->vcpu[i]->event, true);
}

void emu_log(struct emu_vm *vm, const char *fmt, ...)
{
	char line[400];
	va_list ap;

	(void)vm;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	assert_non_null(strchr(line, '\n'));
	rig.logs++;
}

static void rig_ppi(void *opaque, unsigned int cpu, unsigned int intid, bool level)
{
	assert_ptr_equal(opaque, &rig);
	atomic_store(&rig.ppi[cpu][intid], level);
	atomic_fetch_add(&rig.ppi_calls, 1);
}

static void rig_event(void *opaque, unsigned int cpu, enum emu_event event)
{
	(void)opaque, (void)cpu;
	rig.events++;
	rig.event = event;
}

static const struct emu_host_ops rig_ops = { .ppi = rig_ppi, .event = rig_event };

static int rig_setup_with(const struct arm_cpu_model *model)
{
	u8 *ram = rig.ram ? rig.ram : aligned_alloc(65536, RIG_RAM_SIZE);

	memset(&rig, 0, sizeof(rig));
	rig.ram = ram;
	memset(ram, 0, RIG_RAM_SIZE);
	rig.vm.cfg.model = model;
	rig.vm.cfg.cpus = RIG_CPUS;
	rig.vm.cfg.ops = &rig_ops;
	rig.vm.cfg.opaque = &rig;
	pthread_mutex_init(&rig.vm.timer_lock, NULL);
	pthread_mutex_init(&rig.vm.psci_lock, NULL);
	for (unsigned int i = 0; i < RIG_CPUS; i++) {
		rig.cpu[i].vm = &rig.vm;
		rig.cpu[i].index = i;
		rig.vm.vcpu[i] = &rig.cpu[i];
	}
	for (unsigned int i = 0; i < RIG_CPUS; i++)
		cpu_reset(&rig.cpu[i]);
	return 0;
}

static inline int rig_setup_model(const char *name)
{
	const struct arm_cpu_model *model = arm_cpu_model_find(name);

	return model ? rig_setup_with(model) : -1;
}

/* Cortex-A57 with EL1 in AArch32; @v7: with no more than ARMv7 in AArch32. */
static inline int rig_setup_a32(void **state, bool v7)
{
	static struct arm_cpu_model model;

	model = *arm_cpu_model_find("cortex-a57");
	model.features &= ~(ARM_FEAT_BIT(ARM_FEAT_AARCH64) | ARM_FEAT_BIT(ARM_FEAT_V8_A32));
	model.features |= ARM_FEAT_BIT(ARM_FEAT_LPAE) | (v7 ? 0 : ARM_FEAT_BIT(ARM_FEAT_V8_A32));
	*state = &rig.cpu[0];
	return rig_setup_with(&model);
}

static inline int rig_setup(void **state)
{
	*state = &rig.cpu[0];
	return rig_setup_model("cortex-a57");
}

static inline int rig_setup_max(void **state)
{
	*state = &rig.cpu[0];
	return rig_setup_model("max");
}

static inline u64 rig_mrs(struct emu_vcpu *v, u32 enc)
{
	return helper_sysreg_read(v, enc, 3, 0);
}

static inline void rig_msr(struct emu_vcpu *v, u32 enc, u64 val)
{
	helper_sysreg_write(v, enc, val, 3);
}

/* The exception that is pending, cleared. */
static inline struct vcpu_exception rig_exc(struct emu_vcpu *v)
{
	struct vcpu_exception e = v->exc;

	v->exc.pending = false;
	return e;
}

/* Go to EL @el with its own SP, nothing masked. */
static inline void rig_el(struct emu_vcpu *v, unsigned int el)
{
	arm_state_save_sp(&v->st);
	v->st.pstate = el ? PSR_M_EL1H : PSR_M_EL0T;
	arm_state_load_sp(&v->st);
}

static inline u64 rig_rand(void)
{
	static u64 s = 0x9e3779b97f4a7c15;

	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return s * 0x2545f4914f6cdd1d;
}

#endif
