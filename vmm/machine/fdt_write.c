/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/machine/fdt_write.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void fdt_write_start(struct fdt_writer *w, size_t room)
{
	*w = (struct fdt_writer){ calloc(1, room), 0 };
	if (!w->fdt) {
		w->err = -FDT_ERR_NOSPACE;
		return;
	}
	w->err = fdt_create(w->fdt, room);
	if (!w->err)
		w->err = fdt_finish_reservemap(w->fdt);
	fdt_node(w, "");
}

int fdt_write_finish(struct fdt_writer *w, struct fdt_blob *out)
{
	fdt_end(w);
	if (!w->err)
		w->err = fdt_finish(w->fdt);
	if (w->err) {
		free(w->fdt);
		return !w->fdt ? -ENOMEM : w->err == -FDT_ERR_NOSPACE ? -ENOSPC : -EIO;
	}
	out->blob = w->fdt;
	out->size = fdt_totalsize(w->fdt);
	return 0;
}

void fdt_node(struct fdt_writer *w, const char *name)
{
	if (!w->err)
		w->err = fdt_begin_node(w->fdt, name);
}

void fdt_node_at(struct fdt_writer *w, const char *name, u64 address)
{
	char full[64];

	snprintf(full, sizeof(full), "%s@%llx", name, (unsigned long long)address);
	fdt_node(w, full);
}

void fdt_end(struct fdt_writer *w)
{
	if (!w->err)
		w->err = fdt_end_node(w->fdt);
}

void fdt_prop(struct fdt_writer *w, const char *name, const void *val, size_t len)
{
	if (!w->err)
		w->err = fdt_property(w->fdt, name, val, len);
}

void fdt_str(struct fdt_writer *w, const char *name, const char *s)
{
	fdt_prop(w, name, s, strlen(s) + 1);
}

void fdt_cells(struct fdt_writer *w, const char *name, const u32 *cells, size_t n)
{
	fdt32_t be[32];

	if (n > ARM_ARRAY_SIZE(be)) {
		w->err = w->err ? w->err : -FDT_ERR_INTERNAL;
		return;
	}
	for (size_t i = 0; i < n; i++)
		be[i] = cpu_to_fdt32(cells[i]);
	fdt_prop(w, name, be, n * sizeof(be[0]));
}

void fdt_u64_prop(struct fdt_writer *w, const char *name, u64 v)
{
	FDT_CELLS(w, name, v >> 32, (u32)v);
}

void fdt_reg(struct fdt_writer *w, u64 base, u64 size)
{
	FDT_CELLS(w, "reg", base >> 32, (u32)base, size >> 32, (u32)size);
}

static void prop_random(struct fdt_writer *w, const char *name, size_t len)
{
	u8 seed[32];

	/* Up to 256 bytes come whole, once the host is up (getrandom(2)). */
	if (getrandom(seed, len, 0) == (ssize_t)len)
		fdt_prop(w, name, seed, len);
	else if (!w->err)
		w->err = -FDT_ERR_INTERNAL;
	explicit_bzero(seed, sizeof(seed));
}

void fdt_chosen_node(struct fdt_writer *w, const struct fdt_params *p, const char *console)
{
	fdt_node(w, "chosen");
	if (p->bootargs)
		fdt_str(w, "bootargs", p->bootargs);
	fdt_str(w, "stdout-path", console);
	if (p->initrd_end > p->initrd_start) {
		fdt_u64_prop(w, "linux,initrd-start", p->initrd_start);
		fdt_u64_prop(w, "linux,initrd-end", p->initrd_end);
	}
	prop_random(w, "kaslr-seed", 8);
	prop_random(w, "rng-seed", 32);
	fdt_end(w);
}

void fdt_memory_node(struct fdt_writer *w, const struct fdt_params *p)
{
	fdt_node_at(w, "memory", p->ram_base);
	fdt_str(w, "device_type", "memory");
	fdt_reg(w, p->ram_base, p->ram_size);
	fdt_end(w);
}

static void cpu_map(struct fdt_writer *w, const struct fdt_params *p, u32 phandle)
{
	char name[16];

	fdt_node(w, "cpu-map");
	fdt_node(w, "socket0");
	fdt_node(w, "cluster0");
	for (unsigned int i = 0; i < p->cpus; i++) {
		snprintf(name, sizeof(name), "core%u", i);
		fdt_node(w, name);
		FDT_CELLS(w, "cpu", phandle + i);
		fdt_end(w);
	}
	fdt_end(w);
	fdt_end(w);
	fdt_end(w);
}

void fdt_cpu_nodes(struct fdt_writer *w, const struct fdt_params *p, const char *method, u32 phandle)
{
	fdt_node(w, "cpus");
	FDT_CELLS(w, "#address-cells", 1);
	FDT_CELLS(w, "#size-cells", 0);
	cpu_map(w, p, phandle);
	for (unsigned int i = 0; i < p->cpus; i++) {
		fdt_node_at(w, "cpu", i);
		fdt_str(w, "device_type", "cpu");
		fdt_str(w, "compatible", p->cpu_compatible);
		FDT_CELLS(w, "reg", i);
		if (method)
			fdt_str(w, "enable-method", method);
		FDT_CELLS(w, "phandle", phandle + i);
		fdt_end(w);
	}
	fdt_end(w);
}

u32 fdt_ppi_mask(const struct fdt_params *p)
{
	return ((1u << p->cpus) - 1) << 8;
}
