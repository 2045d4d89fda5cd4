/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/machine/boot.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arm/sysreg32.h"
#include "vmm/host/log.h"
#include "vmm/machine/kernel.h"
#include "vmm/machine/pen.h"
#include "vmm/mem/guest_mem.h"

#define INITRD_ALIGN (64ULL << 10)	/* whole pages for guests with any page size */
#define FDT_ALIGN (4ULL << 10)
/*
 * What a 32-bit kernel with the usual 3 GiB for programs always maps at its
 * start; initrd and device tree must be there.
 */
#define LOWMEM (704ULL << 20)

struct range {
	u64 start, end;
};

struct boot {
	const struct vm_config *cfg;
	const struct machine_type *type;
	struct kernel *kernel;
	bool aarch32;
	int initrd_fd;
	struct range initrd;
	struct fdt_blob user_fdt;	/* no blob: the machine's own */
	bool appended;			/* user_fdt was at the end of the kernel's file */
	u64 fdt_at;
	u64 fdt_room;
};

/* Puts the option in front of *@err. */
static int blame(char **err, int ret, const char *option, const char *path)
{
	char *why = *err;

	*err = NULL;
	err_set(err, ret, "%s %s: %s", option, path, why ? why : strerror(-ret));
	free(why);
	return ret;
}

/*
 * The lowest place for @size bytes within @ram that touches none of @used,
 * which is in order of address.  0 when there is none (RAM never starts at 0).
 */
static u64 place(struct range ram, const struct range *used, unsigned int n, u64 size, u64 align)
{
	u64 at = ram.start;

	for (unsigned int i = 0; i <= n; i++) {
		u64 limit = i < n ? used[i].start : ram.end;

		if (at <= limit && size <= limit - at)
			return at;
		if (i < n)
			at = (used[i].end + align - 1) & ~(align - 1);
	}
	return 0;
}

static void insert(struct range *used, unsigned int *n, struct range r)
{
	unsigned int i;

	if (r.start == r.end)
		return;
	for (i = *n; i && used[i - 1].start > r.start; i--)
		used[i] = used[i - 1];
	used[i] = r;
	++*n;
}

static bool is_armv7(const struct arm_cpu_model *m)
{
	return arm_has(m->features, ARM_FEAT_IMPDEF_A15) || arm_has(m->features, ARM_FEAT_IMPDEF_A7);
}

/* Which state the CPUs start in, and whether this CPU has it. */
static int choose_width(struct boot *b, char **err)
{
	const struct vm_config *cfg = b->cfg;
	const struct arm_cpu_model *m = cfg->model;
	bool only32 = is_armv7(m) || cfg->aarch64_off;

	b->aarch32 = b->kernel ? kernel_is_aarch32(b->kernel) : only32;
	if (b->aarch32 && !arm_has(m->features, ARM_FEAT_AARCH32_EL1) && !is_armv7(m))
		return err_set(err, -EINVAL, "%s%s%s--cpu %s has no 32-bit mode for kernels; use --cpu cortex-a57, "
			       "cortex-a15 or cortex-a7", b->kernel ? "--kernel " : "", b->kernel ? cfg->kernel : "",
			       b->kernel ? ": is a 32-bit kernel and " : "", m->name);
	if (!b->aarch32 && only32)
		return err_set(err, -EINVAL, "--kernel %s: is a 64-bit kernel and --cpu %s%s runs 32-bit ones; use "
			       "--machine virt --cpu cortex-a57 or max", cfg->kernel, m->name,
			       cfg->aarch64_off ? ",aarch64=off" : "");
	return 0;
}

/* A zImage may bring its device tree; the user's own is preferred. */
static int take_appended_fdt(struct boot *b, char **err)
{
	struct fdt_blob blob = { 0 };
	int ret;

	if (!b->kernel || b->cfg->dtb)
		return 0;
	ret = kernel_appended_dtb(b->kernel, &blob.blob, &blob.size);
	if (ret || !blob.blob)
		return ret;
	ret = fdt_check_blob(&blob, err);
	if (ret) {
		free(blob.blob);
		return ret;
	}
	b->user_fdt = blob;
	b->appended = true;
	return 0;
}

static int open_files(struct boot *b, struct range *initrd, char **err)
{
	const struct vm_config *cfg = b->cfg;
	u64 size;
	int ret;

	if (cfg->kernel) {
		ret = kernel_open(cfg->kernel, b->type->ram_base, cfg->memory, &b->kernel, err);
		if (ret)
			return blame(err, ret, "--kernel", cfg->kernel);
	}
	ret = choose_width(b, err);
	if (ret)
		return ret;
	ret = take_appended_fdt(b, err);
	if (ret)
		return blame(err, ret, "--kernel", cfg->kernel);
	if (cfg->initrd) {
		ret = boot_file_open(cfg->initrd, &b->initrd_fd, &size, err);
		if (ret)
			return blame(err, ret, "--initrd", cfg->initrd);
		*initrd = (struct range){ 0, size };
	}
	if (cfg->dtb) {
		ret = fdt_read(cfg->dtb, &b->user_fdt, err);
		if (ret)
			return blame(err, ret, "--dtb", cfg->dtb);
	}
	return 0;
}

static int place_all(struct boot *b, u64 initrd_size, char **err)
{
	const struct vm_config *cfg = b->cfg;
	struct range ram = { b->type->ram_base, b->type->ram_base + cfg->memory };
	struct range used[3] = { { 0, 0 } };
	struct fdt_blob fdt;
	unsigned int n = 0;
	u64 at, low = cfg->memory;
	int ret;

	if (b->aarch32 && low > LOWMEM)
		low = LOWMEM;
	ram.end = ram.start + low;
	if (b->kernel)
		insert(used, &n, (struct range){ kernel_start(b->kernel), kernel_end(b->kernel) });
	if (initrd_size) {
		at = place(ram, used, n, initrd_size, INITRD_ALIGN);
		if (!at)
			return err_set(err, -ENOMEM, "--initrd %s: %llu MiB do not fit beside the kernel "
				       "into %llu MiB of memory; %s",
				       cfg->initrd, (unsigned long long)(initrd_size >> 20) + 1,
				       (unsigned long long)(low >> 20),
				       low < cfg->memory ?
				       "make it smaller: a 32-bit kernel uses no more at its start" :
				       "give the guest more with --memory");
		b->initrd = (struct range){ at, at + initrd_size };
		insert(used, &n, b->initrd);
	}
	/* Its size does not depend on what it says. */
	ret = boot_make_fdt(b, &fdt, err);
	if (ret)
		return ret;
	b->fdt_room = fdt.size;
	free(fdt.blob);
	b->fdt_at = place(ram, used, n, b->fdt_room, FDT_ALIGN);
	if (!b->fdt_at)
		return err_set(err, -ENOMEM, "the device tree does not fit beside kernel and initrd "
			       "into %llu MiB of memory; give the guest more with --memory",
			       (unsigned long long)(cfg->memory >> 20));
	return 0;
}

int boot_open(const struct vm_config *cfg, const struct machine_type *type, struct boot **out,
	      char **err)
{
	struct boot *b = calloc(1, sizeof(*b));
	struct range initrd = { 0, 0 };
	int ret;

	if (!b)
		return -ENOMEM;
	b->cfg = cfg;
	b->type = type;
	b->initrd_fd = -1;
	ret = open_files(b, &initrd, err);
	if (!ret)
		ret = place_all(b, initrd.end, err);
	if (ret) {
		boot_close(b);
		return ret;
	}
	*out = b;
	return 0;
}

void boot_close(struct boot *b)
{
	if (!b)
		return;
	kernel_close(b->kernel);
	if (b->initrd_fd >= 0)
		close(b->initrd_fd);
	free(b->user_fdt.blob);
	free(b);
}

bool boot_is_aarch32(const struct boot *b)
{
	return b->aarch32;
}

int boot_make_fdt(struct boot *b, struct fdt_blob *out, char **err)
{
	const struct fdt_params p = {
		.ram_base = b->type->ram_base,
		.ram_size = b->cfg->memory,
		.cpus = b->cfg->cpus,
		.cpu_compatible = b->cfg->model->compatible,
		.aarch32 = b->aarch32,
		.armv7 = is_armv7(b->cfg->model),
		.gic_version = b->cfg->gic_version,
		.no_pmu = b->cfg->engine == ACCEL_KVM,
		.bootargs = b->cfg->append,
		.initrd_start = b->initrd.start,
		.initrd_end = b->initrd.end,
	};
	int ret;

	if (!b->user_fdt.blob) {
		ret = b->type->make_fdt(&p, out);
		return ret ? err_set(err, ret, "the device tree: %s", strerror(-ret)) : 0;
	}
	ret = fdt_patch(&b->user_fdt, &p, b->type->fit_fdt, out, err);
	if (!ret)
		return 0;
	return b->appended ? blame(err, ret, "--kernel (its device tree)", b->cfg->kernel) :
	       blame(err, ret, "--dtb", b->cfg->dtb);
}

int boot_load(struct boot *b, struct guest_mem *mem, char **err)
{
	struct fdt_blob fdt;
	int ret = 0;

	if (b->kernel)
		ret = kernel_load(b->kernel, mem, err);
	if (ret)
		return blame(err, ret, "--kernel", b->cfg->kernel);
	if (b->initrd_fd >= 0)
		ret = boot_file_load(b->initrd_fd, 0, b->initrd.end - b->initrd.start, mem,
				     b->initrd.start, err);
	if (ret)
		return blame(err, ret, "--initrd", b->cfg->initrd);
	ret = boot_make_fdt(b, &fdt, err);
	if (ret)
		return ret;
	if (fdt.size > b->fdt_room)
		ret = -ENOSPC;
	else
		ret = guest_mem_write(mem, b->fdt_at, fdt.blob, fdt.size);
	free(fdt.blob);
	if (ret)
		return err_set(err, ret, "the device tree: %s", strerror(-ret));
	return b->type->no_psci ? pen_load(&b->type->pen, mem) : 0;
}

/* SVC mode, interrupts masked, MMU off; r1: no machine number, the device tree tells. */
static void enter_aarch32(const struct boot *b, unsigned int cpu, struct arm_state *s)
{
	u64 entry = b->kernel ? kernel_entry(b->kernel) : b->type->ram_base;

	memset(s->x, 0, sizeof(s->x));
	arm_state_set_psr(s, PSR32_M_SVC | PSR32_AIF);
	s->sys[ARM_SLOT_CBAR_EL1] = arm_cbar32(b->type->private_base);
	if (cpu && b->type->no_psci) {
		s->pc = b->type->pen.at;
		return;
	}
	s->x[1] = 0xffffffff;
	s->x[2] = b->fdt_at;
	s->pc = entry & ~1ULL;
	if (entry & 1)
		s->pstate |= PSR32_T;
}

void boot_enter(const struct boot *b, unsigned int cpu, struct arm_state *s)
{
	if (b->aarch32) {
		enter_aarch32(b, cpu, s);
		return;
	}
	memset(s->x, 0, sizeof(s->x));
	s->x[0] = b->fdt_at;
	s->pc = b->kernel ? kernel_entry(b->kernel) : b->type->ram_base;
	s->pstate = PSR_DAIF | PSR_M_EL1H;
	s->nzcv = 0;
	arm_state_load_sp(s);
}
