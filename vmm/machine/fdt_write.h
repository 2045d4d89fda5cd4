/* SPDX-License-Identifier: GPL-2.0-only */
/* Writing a device tree front to back: after the first error, the other calls do nothing. */
#ifndef VMM_MACHINE_FDT_WRITE_H
#define VMM_MACHINE_FDT_WRITE_H

#include <stddef.h>

#include "vmm/machine/fdt.h"

#define FDT_GIC_SPI 0
#define FDT_GIC_PPI 1
#define FDT_IRQ_EDGE 1
#define FDT_IRQ_LEVEL 4
#define FDT_IRQ_LEVEL_LOW 8

/* The blob so far, and the first error (of libfdt). */
struct fdt_writer {
	void *fdt;
	int err;
};

/* To fdt_write_finish(), whatever happens in between.  The root node is begun. */
void fdt_write_start(struct fdt_writer *w, size_t room);
/* Ends the root node.  0 and the tree in *@out, or -errno. */
int fdt_write_finish(struct fdt_writer *w, struct fdt_blob *out);

void fdt_node(struct fdt_writer *w, const char *name);
/* A node called NAME@ADDRESS. */
void fdt_node_at(struct fdt_writer *w, const char *name, u64 address);
void fdt_end(struct fdt_writer *w);

void fdt_prop(struct fdt_writer *w, const char *name, const void *val, size_t len);
void fdt_str(struct fdt_writer *w, const char *name, const char *s);
/* Several strings have a NUL between them in the literal. */
#define fdt_strings(w, name, literal) fdt_prop(w, name, literal, sizeof(literal))
void fdt_cells(struct fdt_writer *w, const char *name, const u32 *cells, size_t n);
#define FDT_CELLS(w, name, ...) \
	fdt_cells(w, name, (const u32[]){ __VA_ARGS__ }, \
		  sizeof((const u32[]){ __VA_ARGS__ }) / sizeof(u32))
/* Two cells each. */
void fdt_u64_prop(struct fdt_writer *w, const char *name, u64 v);
void fdt_reg(struct fdt_writer *w, u64 base, u64 size);

/* What all boards have alike: /chosen (@console is its stdout-path), memory, and CPUs. */
void fdt_chosen_node(struct fdt_writer *w, const struct fdt_params *p, const char *console);
void fdt_memory_node(struct fdt_writer *w, const struct fdt_params *p);
/* @method: the enable-method, NULL for none.  CPU n has phandle @phandle + n. */
void fdt_cpu_nodes(struct fdt_writer *w, const struct fdt_params *p, const char *method, u32 phandle);
/* The CPUs of GICv2 private interrupts: bits 15:8. */
u32 fdt_ppi_mask(const struct fdt_params *p);

#endif
