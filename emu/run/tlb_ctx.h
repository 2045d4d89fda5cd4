/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inline TLB.  One table per live context (regime, level, ASID, VMID and
 * block mode): an address-space switch swaps a pointer and flushes nothing.
 * Only the owning vCPU's thread touches its tables.
 */
#ifndef EMU_RUN_TLB_CTX_H
#define EMU_RUN_TLB_CTX_H

#include "emu/vcpu.h"

#define TLB_PAGE_BITS 12		/* an entry covers 4 KiB whatever the granule */
#define TLB_PAGE_SIZE (1u << TLB_PAGE_BITS)
#define TLB_PAGE_MASK (~(u64)(TLB_PAGE_SIZE - 1))
#define TLB_MIN_ENTRIES 1024u
#define TLB_MAX_ENTRIES 16384u
#define TLB_XKEYS 1024
#define TLB_SMALL (64u << 10)	/* translations up to this are invalidated page by page */
#define TLB_LARGE 2048u	/* 32-bit kernels map their memory by sections of 1 MiB */
#define TLB_LARGE_MAX 1536u

/*
 * A hit is (tag ^ va) <= TLB_PAGE_SIZE - size, where tag is the page's address.
 * An empty entry has the address of a page that another entry is for: no
 * address that selects this entry comes near it, however malformed.
 */
static inline u64 tlb_no_tag(unsigned int index)
{
	return (u64)(index ^ 1) << TLB_PAGE_BITS;
}

struct tlb_entry {
	u64 read, write;	/* tags */
	u64 addend;		/* host address = va + addend */
	u64 size_global;	/* size of the translation | 1 when global; for invalidation */
};

struct tlb_xpage {		/* an executable page that was looked up */
	u64 va;
	struct code_page *page;
	u64 size_global;
};

struct tlb_ctx {
	/*
	 * What a guard compares: the code page that is mapped at a page of
	 * this hash, as CODE_KEY(va, id).
	 */
	u64 xkey[TLB_XKEYS];
	struct tlb_xpage xpage[TLB_XKEYS];
	u32 index_mask;		/* for translated code: (entries - 1) << TLB_ENTRY_BITS */
	u32 entries;		/* a power of two, TLB_MIN_ENTRIES..TLB_MAX_ENTRIES */
	u32 misses;		/* since the last flush or growth */
	bool grow;		/* at the next dispatch */
	bool empty;		/* nothing was entered since the last flush */
	u64 key;		/* mmu_context() */
	u32 mode;		/* enum ir_mode */
	u8 el;			/* whose permissions */
	u64 used;		/* LRU stamp */
	u64 small;		/* the greatest size up to TLB_SMALL of translations in the table */
	/*
	 * Translations of more than TLB_SMALL that are in the table: a set of
	 * their addresses (open addressing, 0: free) and which sizes occur.
	 */
	u64 large[TLB_LARGE];
	u64 large_sizes;	/* bit n: 1 << n bytes */
	u32 nlarge;		/* TLB_LARGE_MAX: the set is full, anything may be in the table */
	struct tlb_entry entry[] __attribute__((aligned(64)));
};

/* R15 points to the entries; the rest is at negative offsets. */
#define TLB_BIAS ((s32)offsetof(struct tlb_ctx, entry))
#define TLB_ENTRY_BITS 5
_Static_assert(sizeof(struct tlb_entry) == 1 << TLB_ENTRY_BITS, "index_mask");

#define TLB_CONTEXTS 48		/* AArch32 kernels use one per processor mode */
#define TLB_HINTS 64
#define TLB_SEEN 65536u		/* bits; a power of two */

struct tlb_set {
	pthread_mutex_t lock;	/* innermost: ctx[] against tlb_protect() of other vCPUs */
	u64 retired;		/* code_retired() up to here has been seen */
	struct tlb_ctx *ctx[TLB_CONTEXTS];
	u8 hint[TLB_HINTS];	/* where a context was found last */
	unsigned int n;
	u64 stamp;
	/*
	 * A Bloom filter of what the tables hold: pages of 4 KiB, and larger
	 * translations by address and size.  Kernels invalidate address by
	 * address ranges of which hardly anything was ever used.
	 */
	u64 seen[TLB_SEEN / 64];
	u64 seen_sizes;		/* of translations of more than 4 KiB */
	u32 nseen;
};

static inline unsigned int tlb_index(const struct tlb_ctx *ctx, u64 va)
{
	return va >> TLB_PAGE_BITS & (ctx->entries - 1);
}

/* @va has bit 0 set for Thumb code: a page may hold both kinds. */
static inline unsigned int tlb_xindex(u64 va)
{
	return (va >> TLB_PAGE_BITS ^ va >> (TLB_PAGE_BITS + 10) ^ (va & 1) << 9) & (TLB_XKEYS - 1);
}

/* The table for the vCPU's present state; sets vcpu->tlb and tlb_unpriv. */
void tlb_select(struct emu_vcpu *v);
/* Fill the entry for @va; 0 with *e, 1 when it is not plain RAM (page filled), or -EFAULT with *fault. */
int tlb_fill(struct emu_vcpu *v, struct tlb_ctx *ctx, u64 va, enum mmu_access acc,
	     struct mmu_page *page, struct mmu_fault *fault);
void tlb_flush_ctx(struct tlb_ctx *ctx);
void tlb_flush_all(struct emu_vcpu *v);
/* @page is mapped for execution at @va: guards in the current table may pass. */
void tlb_note_code(struct emu_vcpu *v, u64 va, struct code_page *page, u64 size_global);
/*
 * Code was translated from the page at @host: no vCPU may keep a write entry
 * for it.  Writes other vCPUs' tables (single stores; the owner re-checks
 * after filling an entry).
 */
void tlb_protect(struct emu_vm *vm, const u8 *host);
/* No table of @v, the calling thread's, has a write entry any more (dirty.h). */
void tlb_drop_writes(struct emu_vcpu *v);
/* Forget which code pages are mapped where: all of them, or those that were retired. */
void tlb_forget_code(struct emu_vcpu *v);
void tlb_retire_code(struct emu_vcpu *v);
/* Serve the requests of other vCPUs.  On the vCPU's own thread. */
void tlb_serve(struct emu_vcpu *v);
int tlb_create(struct emu_vcpu *v);
void tlb_destroy(struct emu_vcpu *v);

#endif
