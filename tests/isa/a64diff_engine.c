// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our side: the core runs at EL0 of an emulated machine that is nothing but
 * RAM, mapped as the oracle process is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "emu/emu.h"
#include "tests/isa/a64diff_host.h"

#define RAM_IPA 0x40000000ull
#define PAGE 4096ull

#define PTE_TABLE 3ull
#define PTE_PAGE 3ull
#define PTE_AF (1ull << 10)
#define PTE_SH (3ull << 8)
#define PTE_USER (1ull << 6)
#define PTE_RO (1ull << 7)
#define PTE_XN (3ull << 53)

/* 39-bit addresses, 4 KiB pages, cacheable walks, no TTBR1, TBI0. */
#define TCR (25ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23 | 1ull << 32 | 1ull << 37)
/* M, C, I; EL0 may do DC ZVA, cache maintenance, WFx, CTR reads; no alignment checks; RES1. */
#define SCTLR (1ull << 0 | 1ull << 2 | 1ull << 12 | 1ull << 14 | 1ull << 15 | 1ull << 16 | \
	       1ull << 18 | 1ull << 26 | 0x30d00800ull)

struct d_engine {
	struct emu_vm *vm;
	u8 *ram;
	const struct d_core *core;
	enum emu_event event;
	bool stopped;
};

static enum arm_result no_read(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 *val)
{
	(void)opaque, (void)cpu, (void)ipa, (void)size, (void)val;
	return ARM_NOT_MINE;
}

static enum arm_result no_write(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 val)
{
	(void)opaque, (void)cpu, (void)ipa, (void)size, (void)val;
	return ARM_NOT_MINE;
}

static void no_ppi(void *opaque, unsigned int cpu, unsigned int intid, bool level)
{
	(void)opaque, (void)cpu, (void)intid, (void)level;
}

static void on_event(void *opaque, unsigned int cpu, enum emu_event event)
{
	struct d_engine *e = opaque;

	(void)cpu;
	e->event = event;
	e->stopped = true;
	emu_vm_stop(e->vm);
}

static const struct emu_host_ops ops = {
	.mmio_read = no_read, .mmio_write = no_write, .ppi = no_ppi, .event = on_event,
};

/* Attributes of the page at @offset; 0: not mapped. */
static u64 page_attrs(u64 offset)
{
	const u64 normal = PTE_PAGE | PTE_AF | PTE_SH | PTE_USER;

	if (offset < D_CORE + D_CORE_SIZE || (offset >= D_SLOTS && offset < D_SLOTS + D_SLOTS_SIZE))
		return normal | PTE_RO;
	if ((offset >= D_CTX && offset < D_CTX + D_CTX_SIZE) ||
	    (offset >= D_CASES && offset < D_CASES + D_CASES_SIZE) ||
	    (offset >= D_RESULTS && offset < D_RESULTS + D_RESULTS_SIZE) ||
	    (offset >= D_DATA && offset < D_DATA + D_DATA_SIZE))
		return normal | PTE_XN;
	return 0;
}

/* Level 1 at D_TABLES, level 2 behind it, then the level 3 tables. */
static void make_tables(u8 *ram)
{
	u64 *l1 = (u64 *)(ram + D_TABLES), *l2 = l1 + 512, *l3 = l2 + 512;

	l1[D_BASE >> 30 & 511] = (RAM_IPA + D_TABLES + PAGE) | PTE_TABLE;
	for (u64 i = 0; i < D_SIZE >> 21; i++)
		l2[i] = (RAM_IPA + D_TABLES + (2 + i) * PAGE) | PTE_TABLE;
	for (u64 off = 0; off < D_SIZE; off += PAGE) {
		u64 attrs = page_attrs(off);

		l3[off / PAGE] = attrs ? (RAM_IPA + off) | attrs : 0;
	}
}

/* As from reset (after SYSTEM_OFF the vCPU has no power), then at the core's entry in EL0. */
static void set_state(struct d_engine *e)
{
	struct arm_state *st = emu_vcpu_state(emu_vm_vcpu(e->vm, 0));

	emu_vm_reset(e->vm);
	arm_state_save_sp(st);
	st->sys[ARM_SLOT_TTBR0_EL1] = RAM_IPA + D_TABLES;
	st->sys[ARM_SLOT_TCR_EL1] = TCR;
	st->sys[ARM_SLOT_MAIR_EL1] = 0xff;
	st->sys[ARM_SLOT_SCTLR_EL1] = SCTLR;
	st->sys[ARM_SLOT_CPACR_EL1] = 3u << 20;
	st->sys[ARM_SLOT_VBAR_EL1] = D_BASE + D_CORE + e->core->vectors;
	st->sys[ARM_SLOT_SP_EL1] = D_BASE + D_CTX;
	arm_state_set_psr(st, PSR_M_EL0T | PSR_DAIF);
	arm_state_load_sp(st);
	st->pc = D_BASE + D_CORE + e->core->run;
}

static int open_vm(struct d_engine *e, const char *name, unsigned int log)
{
	struct emu_config cfg = {
		.model = arm_cpu_model_find("max"), .cpus = 1, .ops = &ops, .opaque = e, .log = log,
		.engine = !strcmp(name, "interp") ? EMU_ENGINE_INTERP :
			  !strcmp(name, "lockstep") ? EMU_ENGINE_LOCKSTEP : EMU_ENGINE_JIT,
	};
	int err;

	e->ram = mmap(NULL, D_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (e->ram == MAP_FAILED)
		return -errno;
	err = emu_vm_create(&cfg, &e->vm);
	return err ? err : emu_vm_map_ram(e->vm, RAM_IPA, D_SIZE, e->ram, false);
}

struct d_engine *d_engine_open(const char *name, const struct d_core *core, unsigned int log)
{
	struct d_engine *e = calloc(1, sizeof(*e));
	int err = e ? open_vm(e, name, log) : -ENOMEM;

	if (err) {
		fprintf(stderr, "a64diff: engine %s: %s\n", name, strerror(-err));
		return NULL;
	}
	memcpy(e->ram + D_CORE, core->blob, D_CORE_SIZE);
	make_tables(e->ram);
	e->core = core;
	return e;
}

void d_engine_close(struct d_engine *e)
{
	emu_vm_free(e->vm);
	munmap(e->ram, D_SIZE);
	free(e);
}

int d_engine_run(struct d_engine *e, const struct d_batch_buf *b, struct d_result *res)
{
	size_t slot_bytes = (size_t)b->n * b->slot_words * 4, bytes = (size_t)b->n * D_RECORD;
	struct d_ctx *ctx = (struct d_ctx *)(e->ram + D_CTX);
	int err;

	memcpy(e->ram + D_SLOTS, b->slots, slot_bytes);
	memcpy(e->ram + D_CASES, b->cases, bytes);
	memset(e->ram + D_RESULTS, 0, bytes);
	*ctx = (struct d_ctx){
		.next_case = D_BASE + D_CASES, .next_result = D_BASE + D_RESULTS, .left = b->n,
		.back = D_BASE + D_CORE + e->core->stop,
	};
	emu_vm_dma_written(e->vm, RAM_IPA + D_SLOTS, slot_bytes);
	set_state(e);
	e->stopped = false;
	err = emu_vcpu_run(emu_vm_vcpu(e->vm, 0));
	if (!err && (!e->stopped || e->event != EMU_EVENT_SYSTEM_OFF))
		err = -EIO;
	memcpy(res, e->ram + D_RESULTS, bytes);
	emu_vm_restart(e->vm);
	return err;
}
