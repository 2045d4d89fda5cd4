/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way into HYP mode and out of it.  A copy of this runs in a page of lowmem that
 * the HYP tables map at its physical address, so that the HYP MMU can be switched
 * on and off under it.  Position-independent, no stack, ARM state.
 */
#include "hyp/arm/percpu.h"

#define HSCTLR_M (1 << 0)
#define HSCTLR_A (1 << 1)
#define HSCTLR_C (1 << 2)
#define HSCTLR_I (1 << 12)
#define HSCTLR_WXN (1 << 19)
#define HSCTLR_EE (1 << 25)
#define HSCTLR_TE (1 << 30)

	.arch	armv7-a
	.arch_extension virt
	.arm
	.section .rodata, "a"
	.align	5
	.global	hyp_blob_start, hyp_blob_end, hyp_blob_take, hyp_blob_leave, hyp_blob_data
hyp_blob_start:

/*
 * By the stub's SOFT_RESTART: HYP mode, MMU off, ELR_hyp and SPSR_hyp still those of
 * the kernel's HVC.  Returns r0: HVBAR, r1: HSCTLR as they were.
 */
hyp_blob_take:
	adr	r12, hyp_blob_data
	ldm	r12, {r1, r2, r3, r12, lr}
	mrc	p15, 4, r0, c12, c0, 0		@ HVBAR
	mcr	p15, 4, r2, c12, c0, 0
	mcr	p15, 4, r3, c10, c2, 0		@ HMAIR0
	mcr	p15, 4, r12, c2, c0, 2		@ HTCR
	mcr	p15, 4, lr, c2, c1, 2		@ VTCR
	mov	r3, #0
	mcrr	p15, 4, r1, r3, c2		@ HTTBR
	isb
	@ What an earlier owner left, and entries of VMs from before this CPU was off.
	mcr	p15, 4, r3, c8, c7, 0		@ TLBIALLH
	mcr	p15, 4, r3, c8, c7, 4		@ TLBIALLNSNH
	mcr	p15, 0, r3, c7, c5, 0		@ ICIALLU
	dsb
	isb
	mrc	p15, 4, r1, c1, c0, 0		@ HSCTLR
	ldr	r2, =HSCTLR_A | HSCTLR_WXN | HSCTLR_EE | HSCTLR_TE
	bic	r2, r1, r2
	ldr	r3, =HSCTLR_M | HSCTLR_C | HSCTLR_I
	orr	r2, r2, r3
	mcr	p15, 4, r2, c1, c0, 0
	isb
	eret

/*
 * From vectors.S, MMU on: r1: the stub's HVBAR, r2: its HSCTLR, r3: physical address
 * to go on at in HYP mode, 0: return to the caller of HVC.
 */
hyp_blob_leave:
	mcr	p15, 4, r2, c1, c0, 0
	isb
	mcr	p15, 4, r1, c12, c0, 0
	mov	r12, #0
	mcr	p15, 4, r12, c8, c7, 0		@ TLBIALLH
	dsb
	isb
	cmp	r3, #0
	bxne	r3
	mov	r0, #0
	eret
	.ltorg
	.align	2
hyp_blob_data:
	.space	20				@ struct hyp_blob
hyp_blob_end:
