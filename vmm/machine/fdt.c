/* SPDX-License-Identifier: GPL-2.0-only */
/* The user's own device tree: checked, and given what only we know. */
#include "vmm/machine/fdt.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "vmm/host/log.h"
#include "vmm/machine/kernel.h"

/* What we add: the properties of /chosen besides bootargs, a memory node, CPUs and virtio slots. */
#define PATCH_ROOM 8192
/* Deeper than any board; code that walks a tree may recurse (the guest's, too). */
#define MAX_DEPTH 64

static int check_depth(const void *fdt)
{
	int depth = 0, node = -1;

	do {
		node = fdt_next_node(fdt, node, &depth);
		if (depth > MAX_DEPTH)
			return -EINVAL;
	} while (node >= 0 && depth >= 0);
	return 0;
}

int fdt_check_blob(const struct fdt_blob *b, char **err)
{
	if (b->size > FDT_LIMIT)
		return err_set(err, -EFBIG, "is larger than the 2 MiB that a device tree can have");
	if (b->size < 4 || fdt_magic(b->blob) != FDT_MAGIC)
		return err_set(err, -EINVAL, "is not a device tree blob; compile sources with dtc");
	if (fdt_check_full(b->blob, b->size) || check_depth(b->blob))
		return err_set(err, -EINVAL, "is a broken or truncated device tree; make it again with dtc");
	return 0;
}

int fdt_check_board(const void *fdt, const char *const *names, char **err)
{
	const char *first = fdt_getprop(fdt, 0, "compatible", NULL);

	if (!first)
		return 0;
	for (; *names; names++)
		if (!fdt_node_check_compatible(fdt, 0, *names))
			return 0;
	return err_set(err, -EINVAL, "is for another board (%.64s); give the one for this machine, or leave it away",
		       first);
}

int fdt_read(const char *path, struct fdt_blob *out, char **err)
{
	struct fdt_blob b = { 0 };
	int fd, ret = boot_file_open(path, &fd, &b.size, err);

	if (ret)
		return ret;
	if (b.size > FDT_LIMIT) {
		ret = err_set(err, -EFBIG, "is larger than the 2 MiB that a device tree can have");
		goto out;
	}
	b.blob = malloc(b.size);
	if (!b.blob) {
		ret = -ENOMEM;
		goto out;
	}
	if (pread(fd, b.blob, b.size, 0) != (ssize_t)b.size) {
		ret = err_set(err, -EIO, "cannot be read");
		goto out;
	}
	ret = fdt_check_blob(&b, err);
out:
	close(fd);
	if (ret)
		free(b.blob);
	else
		*out = b;
	return ret;
}

static int set_u64(void *fdt, int node, const char *name, u64 v)
{
	return fdt_setprop_u64(fdt, node, name, v);
}

static int set_random(void *fdt, int node, const char *name, size_t len)
{
	u8 seed[32];

	if (getrandom(seed, len, 0) != (ssize_t)len)
		return -FDT_ERR_INTERNAL;
	return fdt_setprop(fdt, node, name, seed, len);
}

static int patch_chosen(void *fdt, const struct fdt_params *p)
{
	int node = fdt_path_offset(fdt, "/chosen");
	int ret = 0;

	if (node == -FDT_ERR_NOTFOUND)
		node = fdt_add_subnode(fdt, 0, "chosen");
	if (node < 0)
		return node;
	if (p->bootargs)
		ret = fdt_setprop_string(fdt, node, "bootargs", p->bootargs);
	if (!ret && p->initrd_end > p->initrd_start) {
		ret = set_u64(fdt, node, "linux,initrd-start", p->initrd_start);
		if (!ret)
			ret = set_u64(fdt, node, "linux,initrd-end", p->initrd_end);
	}
	if (!ret)
		ret = set_random(fdt, node, "kaslr-seed", 8);
	if (!ret)
		ret = set_random(fdt, node, "rng-seed", 32);
	return ret;
}

/* A number of one or two cells, most significant first. */
static u32 *put_number(u32 *cell, int cells, u64 v)
{
	if (cells == 2)
		*cell++ = cpu_to_fdt32(v >> 32);
	*cell++ = cpu_to_fdt32(v);
	return cell;
}

static int patch_memory(void *fdt, const struct fdt_params *p)
{
	int ac = fdt_address_cells(fdt, 0), sc = fdt_size_cells(fdt, 0);
	u32 reg[4], *at;
	char name[32];
	int node, ret;

	if (ac < 1 || ac > 2 || sc < 1 || sc > 2)
		return -FDT_ERR_BADNCELLS;
	if ((ac == 1 && (p->ram_base + p->ram_size - 1) >> 32) || (sc == 1 && p->ram_size >> 32))
		return -FDT_ERR_BADNCELLS;
	at = put_number(put_number(reg, ac, p->ram_base), sc, p->ram_size);
	node = fdt_node_offset_by_prop_value(fdt, -1, "device_type", "memory", sizeof("memory"));
	if (node == -FDT_ERR_NOTFOUND) {
		snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)p->ram_base);
		node = fdt_add_subnode(fdt, 0, name);
		if (node < 0)
			return node;
		ret = fdt_setprop_string(fdt, node, "device_type", "memory");
		if (ret)
			return ret;
	}
	if (node < 0)
		return node;
	return fdt_setprop(fdt, node, "reg", reg, (u8 *)at - (u8 *)reg);
}

int fdt_patch(const struct fdt_blob *in, const struct fdt_params *p,
	      int (*fit)(void *fdt, const struct fdt_params *p, char **err), struct fdt_blob *out, char **err)
{
	u64 room = in->size + PATCH_ROOM + (p->bootargs ? strlen(p->bootargs) : 0);
	void *fdt = calloc(1, room);
	int ret;

	if (!fdt)
		return -ENOMEM;
	ret = fdt_open_into(in->blob, fdt, room);
	if (!ret && fit) {
		ret = fit(fdt, p, err);
		if (ret) {
			free(fdt);
			return ret;
		}
	}
	if (!ret)
		ret = patch_chosen(fdt, p);
	if (!ret)
		ret = patch_memory(fdt, p);
	if (!ret)
		ret = fdt_pack(fdt);
	if (ret) {
		free(fdt);
		return err_set(err, -EINVAL, "cannot be given the guest's memory and command line "
			       "(%s); check its root node", fdt_strerror(ret));
	}
	out->blob = fdt;
	out->size = fdt_totalsize(fdt);
	return 0;
}
