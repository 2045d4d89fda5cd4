// SPDX-License-Identifier: GPL-2.0-only
/* Where code is: from st.pc to the page of the code cache. */
#include "emu/cpu/helpers.h"
#include "emu/run/mem.h"
#include "emu/run/run.h"
#include "emu/run/tlb.h"
#include "emu/run/tlb_ctx.h"
#include "isa/a32.h"

/* The RAM at @pc for a fetch; NULL: an exception is pending. */
static const u8 *fetch_host(struct emu_vcpu *v, u64 pc, struct mmu_page *page)
{
	struct mmu_fault fault;
	const u8 *host;

	if (mmu_translate(v, pc, MMU_FETCH, v->tlb->el, page, &fault)) {
		mmu_raise(v, pc, MMU_FETCH, &fault);
		return NULL;
	}
	host = mem_ram_ptr(v->vm, page->ipa + (pc & (page->size - 1)), 2);
	if (!host)
		mmu_raise_external(v, pc, MMU_FETCH);
	return host;
}

/* The page of @pc if the table has it, of the table's mode; else NULL. */
static struct code_page *known_page(struct emu_vcpu *v, u64 pc)
{
	struct tlb_xpage *x = &v->tlb->xpage[tlb_xindex(pc)];

	return x->va == (pc & (TLB_PAGE_MASK | 1)) ? x->page : NULL;
}

struct code_page *fetch_page(struct emu_vcpu *v, u64 pc, bool *full)
{
	u64 va = pc & (TLB_PAGE_MASK | 1), ipa;
	bool keep = !(v->mode & IR_MODE_IT);	/* the table has only pages of its own mode, */
	struct mmu_page page;
	struct code_page *cp = known_page(v, pc);
	const u8 *host;

	if (cp && keep)
		return cp;
	if (cp) {	/* but they tell where the same page is for others */
		cp = code_page_get(v->vm->cache, cp->ipa, va, v->mode, cp->host);
		*full = !cp;
		return cp;
	}
	host = fetch_host(v, pc & ~1ull, &page);
	if (!host)
		return NULL;
	ipa = (page.ipa + (pc & (page.size - 1))) & TLB_PAGE_MASK;
	cp = code_page_get(v->vm->cache, ipa, va, v->mode, host - (pc & (TLB_PAGE_SIZE - 2)));
	if (!cp)
		*full = true;
	else if (keep)
		tlb_note_code(v, va, cp, page.size | page.global);
	return cp;
}

/* The second page of the instruction at @pc; an abort is the instruction's, with the second address. */
static const u8 *fetch_second(struct emu_vcpu *v, u64 pc)
{
	struct code_page *cp = known_page(v, (u32)(pc + 2));
	struct mmu_page page;
	const u8 *host;

	if (cp)
		return cp->host;
	host = fetch_host(v, (u32)(pc + 1), &page);
	if (!host)
		v->exc.ret = pc & ~1ull;
	return host;
}

const u8 *fetch_tail(struct emu_vcpu *v, const struct code_page *page, u64 pc)
{
	const u8 *head = page->host + TLB_PAGE_SIZE - 2;

	if (!(pc & 1) || (pc & 0xffe) != 0xffe || !t32_is_32bit(head[0] | head[1] << 8))
		return NULL;
	return fetch_second(v, pc);
}

/* The block's check that its tail is still there; it goes to the dispatcher when this returns 0. */
u64 helper_code_tail(struct emu_vcpu *v, u64 hw, u64 b, u64 c)
{
	const u8 *tail = fetch_second(v, v->st.pc);
	struct code_page *page = known_page(v, v->st.pc);

	(void)b, (void)c;
	if (!tail || (tail[0] | (u64)tail[1] << 8) == hw)
		return 1;
	if (page)
		code_invalidate(v->vm, page->ipa + TLB_PAGE_SIZE - 2, 2);
	else
		code_invalidate(v->vm, 0, ~0ull);
	return 0;
}
