// SPDX-License-Identifier: GPL-2.0-only
/*
 * HYP's own translation tables (DDI 0406C B3.6: long descriptors, three levels, one
 * base register for all 4 GiB).  The same addresses as in the kernel: lowmem, for
 * data, and this module; and one page at its physical address for blob.S.  Made
 * once when the module is loaded.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <linux/vmalloc.h>

#include "hyp/arm/percpu.h"

#define DESC_BLOCK 1ULL
#define DESC_TABLE 3ULL
#define DESC_PAGE 3ULL
/* AttrIndx 0 of HMAIR0, inner shareable, access flag; AP[1] is should-be-one for HYP. */
#define DESC_NORMAL (1ULL << 6 | 3ULL << 8 | 1ULL << 10)
#define DESC_RO (1ULL << 7)
#define DESC_XN (1ULL << 54)
#define DESC_ADDR 0xfffffff000ULL

#define L1_SIZE (1UL << 30)
#define L2_SIZE (1UL << 21)
#define BLOB_TRIES 16

static struct {
	u64 *l1;			/* 4 entries, then nothing */
	void *blob;
} map;

static u64 *table_at(u64 *entry, bool alloc)
{
	u64 *table;

	if ((*entry & 3) == DESC_TABLE)
		return phys_to_virt((phys_addr_t)(*entry & DESC_ADDR));
	if (*entry || !alloc)
		return NULL;
	table = (u64 *)get_zeroed_page(GFP_KERNEL);
	if (table)
		*entry = virt_to_phys(table) | DESC_TABLE;
	return table;
}

/* The entry for @va, of level 2 for a block, else of level 3.  NULL: no memory, or a block is there. */
static u64 *entry_of(unsigned long va, bool block, bool alloc)
{
	u64 *table = table_at(&map.l1[va / L1_SIZE], alloc);
	u64 *entry;

	if (!table)
		return NULL;
	entry = &table[va % L1_SIZE / L2_SIZE];
	if (block)
		return entry;
	table = table_at(entry, alloc);
	return table ? &table[va % L2_SIZE / PAGE_SIZE] : NULL;
}

static int map_page(unsigned long va, phys_addr_t pa, u64 attr)
{
	u64 *entry = entry_of(va, false, true);

	if (!entry)
		return -ENOMEM;
	*entry = pa | attr | DESC_NORMAL | DESC_PAGE;
	return 0;
}

/* One range of RAM: what of it is lowmem, in blocks where it covers 2 MiB. */
static int map_ram(struct resource *res, void *unused)
{
	phys_addr_t limit = virt_to_phys(high_memory - 1) + 1ULL;
	phys_addr_t base = virt_to_phys((void *)PAGE_OFFSET);
	u64 pa = max_t(u64, PAGE_ALIGN((u64)res->start), base);
	u64 end = min_t(u64, ((u64)res->end + 1) & ~(u64)(PAGE_SIZE - 1), limit);

	while (pa < end) {
		unsigned long va = (unsigned long)phys_to_virt((phys_addr_t)pa);
		bool block = !((va | pa) % L2_SIZE) && end - pa >= L2_SIZE;
		u64 *entry = entry_of(va, block, true);

		if (!entry)
			return -ENOMEM;
		*entry = pa | DESC_NORMAL | DESC_XN | (block ? DESC_BLOCK : DESC_PAGE);
		pa += block ? L2_SIZE : PAGE_SIZE;
	}
	return 0;
}

static int map_lowmem(void)
{
	return walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, ~(u64)0, NULL,
				   map_ram);
}

/* [@base, @base + @size) of the module area, the first @text bytes of it as code. */
static int map_area(void *base, unsigned long size, unsigned long text)
{
	unsigned long off;

	for (off = 0; off < size; off += PAGE_SIZE) {
		struct page *page = vmalloc_to_page(base + off);
		int ret;

		if (!page)
			return -EFAULT;
		ret = map_page((unsigned long)base + off, page_to_phys(page), off < text ? DESC_RO : DESC_XN);
		if (ret)
			return ret;
	}
	return 0;
}

static int map_module(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	static const enum mod_mem_type types[] = { MOD_TEXT, MOD_DATA, MOD_RODATA, MOD_RO_AFTER_INIT };
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(types) && !ret; i++) {
		const struct module_memory *m = &THIS_MODULE->mem[types[i]];

		ret = map_area(m->base, m->size, types[i] == MOD_TEXT ? m->size : 0);
	}
	return ret;
#else
	const struct module_layout *l = &THIS_MODULE->core_layout;

	return map_area(l->base, l->size, l->text_size);
#endif
}

/* Can the page at @pa be reached at address @pa? */
static bool map_identity(phys_addr_t pa)
{
	u64 *entry = (u64)pa >> 32 ? NULL : entry_of(pa, false, true);

	if (!entry || *entry)
		return false;
	*entry = pa | DESC_NORMAL | DESC_RO | DESC_PAGE;
	return true;
}

static int map_blob(void)
{
	void *tried[BLOB_TRIES];
	unsigned int n = 0;

	while (!map.blob && n < BLOB_TRIES) {
		void *page = (void *)get_zeroed_page(GFP_KERNEL);

		if (!page)
			break;
		if (map_identity(virt_to_phys(page)))
			map.blob = page;
		else
			tried[n++] = page;
	}
	while (n)
		free_page((unsigned long)tried[--n]);
	if (map.blob)
		return 0;
	pr_err("vambrace: no memory whose physical address HYP mode could use as a virtual one\n");
	return -ENODEV;
}

int hyp_map_create(void)
{
	int ret;

	map.l1 = (u64 *)get_zeroed_page(GFP_KERNEL);
	if (!map.l1)
		return -ENOMEM;
	ret = map_lowmem();
	if (!ret)
		ret = map_module();
	if (!ret)
		ret = map_blob();
	if (ret)
		hyp_map_destroy();
	return ret;
}

void hyp_map_destroy(void)
{
	unsigned int i, j;

	for (i = 0; map.l1 && i < 4; i++) {
		u64 *l2 = table_at(&map.l1[i], false);

		for (j = 0; l2 && j < 512; j++)
			free_page((unsigned long)table_at(&l2[j], false));
		free_page((unsigned long)l2);
	}
	free_page((unsigned long)map.l1);
	free_page((unsigned long)map.blob);
	memset(&map, 0, sizeof(map));
}

u32 hyp_map_httbr(void)
{
	return virt_to_phys(map.l1);
}

void *hyp_map_blob(void)
{
	return map.blob;
}
