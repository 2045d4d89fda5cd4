/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/machine/pen.h"

#include <endian.h>
#include <string.h>

#include "vmm/mem/guest_mem.h"

/* The words that say where things are. */
enum {
	PEN_GICD = 16,
	PEN_SGIS,
	PEN_GICC,
	PEN_FLAGS,
};

/*
 * WFI wakes up for a pending interrupt although CPSR masks it, but only once
 * the CPU interface forwards one.  The interrupt stays pending, so it does not
 * matter whether it comes before or after the CPU sleeps, and the kernel will find it.
 */
static const u32 pen[PEN_WORDS] = {
	0xe59f1038,	/*	ldr	r1, =GICD	*/
	0xe59f0038,	/*	ldr	r0, =0xffff	*/
	0xe5810100,	/*	str	r0, [r1, #ISENABLER0] */
	0xe59f1034,	/*	ldr	r1, =GICC	*/
	0xe3a000ff,	/*	mov	r0, #0xff	*/
	0xe5810004,	/*	str	r0, [r1, #PMR]	*/
	0xe3a00001,	/*	mov	r0, #1		*/
	0xe5810000,	/*	str	r0, [r1, #CTLR]	*/
	0xe59f1024,	/*	ldr	r1, =FLAGS	*/
	0xf57ff04f,	/* 1:	dsb			*/
	0xe320f003,	/*	wfi			*/
	0xe5910000,	/*	ldr	r0, [r1]	*/
	0xe3500000,	/*	cmp	r0, #0		*/
	0x0afffffa,	/*	beq	1b		*/
	0xf57ff06f,	/*	isb			*/
	0xe12fff10,	/*	bx	r0		*/
	[PEN_SGIS] = 0xffff,
};

void pen_code(const struct machine_pen *p, u32 code[PEN_WORDS])
{
	memcpy(code, pen, sizeof(pen));
	code[PEN_GICD] = p->gicd;
	code[PEN_GICC] = p->gicc;
	code[PEN_FLAGS] = p->flags;
}

int pen_load(const struct machine_pen *p, struct guest_mem *mem)
{
	u32 code[PEN_WORDS];

	pen_code(p, code);
	for (unsigned int i = 0; i < PEN_WORDS; i++)
		code[i] = htole32(code[i]);
	return guest_mem_write(mem, p->at, code, sizeof(code));
}
