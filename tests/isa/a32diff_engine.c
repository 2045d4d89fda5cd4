// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our side: an emulated machine that is nothing but RAM.  Slots and data are
 * mapped as in the oracle process, the rest is for EL1 alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "emu/emu.h"
#include "tests/isa/a32diff_host.h"

#define RAM_IPA 0x40000000ull
#define PAGE 4096ull

#define PTE_TABLE 3ull
#define PTE_PAGE 3ull
#define PTE_AF (1ull << 10)
#define PTE_SH (3ull << 8)
#define PTE_USER (1ull << 6)
#define PTE_RO (1ull << 7)
#define PTE_UXN (1ull << 54)
#define PTE_XN (3ull << 53)

/* 39-bit addresses, 4 KiB pages, cacheable walks, no TTBR1, TBI0. */
#define TCR (25ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23 | 1ull << 32 | 1ull << 37)
/* M, C, I, SW, nTWI, nTWE, CP15BEN; no alignment checks, no SED, no ITD; RES1. */
#define SCTLR (1ull << 0 | 1ull << 2 | 1ull << 5 | 1ull << 10 | 1ull << 12 | 1ull << 16 | 1ull << 18 | 0x30d00800ull)

struct t_engine {
	struct emu_vm *vm;
	struct arm_cpu_model model;
	u8 *ram;
	const struct t_core *core;
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
	struct t_engine *e = opaque;

	(void)cpu;
	e->event = event;
	e->stopped = true;
	emu_vm_stop(e->vm);
}

static const struct emu_host_ops ops = {
	.mmio_read = no_read, .mmio_write = no_write, .ppi = no_ppi, .event = on_event,
};

static bool in(u64 offset, u64 start, u64 size)
{
	return offset >= start && offset < start + size;
}

/* Attributes of the page at @offset; 0: not mapped. */
static u64 page_attrs(u64 offset)
{
	const u64 normal = PTE_PAGE | PTE_AF | PTE_SH;

	if (in(offset, T_SLOTS, T_SLOTS_SIZE))
		return normal | PTE_USER | PTE_RO;
	if (in(offset, T_DATA, T_DATA_SIZE))
		return normal | PTE_USER | PTE_XN;
	if (in(offset, T_CORE, T_CORE_SIZE))
		return normal | PTE_RO | PTE_UXN;
	if (in(offset, T_CTX, T_CTX_SIZE) || in(offset, T_CASES, T_CASES_SIZE) || in(offset, T_RESULTS, T_RESULTS_SIZE))
		return normal | PTE_XN;
	return 0;
}

/* Level 1 at T_TABLES, level 2 behind it, then the level 3 tables. */
static void make_tables(u8 *ram)
{
	u64 *l1 = (u64 *)(ram + T_TABLES), *l2 = l1 + 512, *l3 = l2 + 512;

	l1[T_BASE >> 30 & 511] = (RAM_IPA + T_TABLES + PAGE) | PTE_TABLE;
	for (u64 i = 0; i < T_SIZE >> 21; i++)
		l2[(T_BASE >> 21 & 511) + i] = (RAM_IPA + T_TABLES + (2 + i) * PAGE) | PTE_TABLE;
	for (u64 off = 0; off < T_SIZE; off += PAGE) {
		u64 attrs = page_attrs(off);

		l3[off / PAGE] = attrs ? (RAM_IPA + off) | attrs : 0;
	}
}

/* As from reset (after SYSTEM_OFF the vCPU has no power), then at the core's entry in EL1. */
static void set_state(struct t_engine *e)
{
	struct arm_state *st = emu_vcpu_state(emu_vm_vcpu(e->vm, 0));

	emu_vm_reset(e->vm);
	st->sys[ARM_SLOT_TTBR0_EL1] = RAM_IPA + T_TABLES;
	st->sys[ARM_SLOT_TCR_EL1] = TCR;
	st->sys[ARM_SLOT_MAIR_EL1] = 0xff;
	st->sys[ARM_SLOT_SCTLR_EL1] = SCTLR;
	st->sys[ARM_SLOT_CPACR_EL1] = 3u << 20;
	st->sys[ARM_SLOT_FPEXC32_EL2] = 1u << 30;
	st->sys[ARM_SLOT_VBAR_EL1] = T_BASE + T_CORE + e->core->vectors;
	arm_state_set_psr(st, PSR_M_EL1H | PSR_DAIF);
	st->pc = T_BASE + T_CORE + e->core->run;
	st->x[30] = T_BASE + T_CTX;
}

static int open_vm(struct t_engine *e, const char *name, u64 features, unsigned int log)
{
	struct emu_config cfg = {
		.model = &e->model, .cpus = 1, .ops = &ops, .opaque = e, .log = log,
		.engine = !strcmp(name, "interp") ? EMU_ENGINE_INTERP :
			  !strcmp(name, "lockstep") ? EMU_ENGINE_LOCKSTEP : EMU_ENGINE_JIT,
	};
	int err;

	e->model = *arm_cpu_model_find("max");
	e->model.features = features;
	e->ram = mmap(NULL, T_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (e->ram == MAP_FAILED)
		return -errno;
	err = emu_vm_create(&cfg, &e->vm);
	return err ? err : emu_vm_map_ram(e->vm, RAM_IPA, T_SIZE, e->ram, false);
}

struct t_engine *t_engine_open(const char *name, const struct t_core *core, u64 features, unsigned int log)
{
	struct t_engine *e = calloc(1, sizeof(*e));
	int err = e ? open_vm(e, name, features, log) : -ENOMEM;

	if (err) {
		fprintf(stderr, "a32diff: engine %s: %s\n", name, strerror(-err));
		return NULL;
	}
	memcpy(e->ram + T_CORE, core->blob, T_CORE_SIZE);
	make_tables(e->ram);
	e->core = core;
	return e;
}

void t_engine_close(struct t_engine *e)
{
	emu_vm_free(e->vm);
	munmap(e->ram, T_SIZE);
	free(e);
}

int t_engine_run(struct t_engine *e, const struct t_batch_buf *b, struct t_result *res)
{
	size_t slot_bytes = (size_t)b->n * b->slot_bytes, bytes = (size_t)b->n * T_RECORD;
	struct t_ctx *ctx = (struct t_ctx *)(e->ram + T_CTX);
	int err;

	for (unsigned int i = 0; i < T_SLOTS_SIZE / 4; i++)
		((u32 *)(e->ram + T_SLOTS))[i] = T_FILLER;
	memcpy(e->ram + T_SLOTS, b->slots, slot_bytes);
	memcpy(e->ram + T_CASES, b->cases, bytes);
	memset(e->ram + T_RESULTS, 0, bytes);
	memset(e->ram + T_DATA, 0, T_DATA_SIZE);
	*ctx = (struct t_ctx){ T_BASE + T_CASES, T_BASE + T_RESULTS, b->n };
	emu_vm_dma_written(e->vm, RAM_IPA + T_SLOTS, T_SLOTS_SIZE);
	set_state(e);
	e->stopped = false;
	err = emu_vcpu_run(emu_vm_vcpu(e->vm, 0));
	if (!err && (!e->stopped || e->event != EMU_EVENT_SYSTEM_OFF))
		err = -EIO;
	memcpy(res, e->ram + T_RESULTS, bytes);
	emu_vm_restart(e->vm);
	return err;
}
