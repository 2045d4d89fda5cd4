/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of simple devices as a table: a row is where a register is, what
 * holds it, what it resets to and which bits a guest may write.  The rows with
 * a field are also what a migration saves.
 */
#ifndef VMM_DEV_REGS_H
#define VMM_DEV_REGS_H

#include "arm/base.h"

#define DEV_REG_NO_FIELD 0xffff

struct dev_reg {
	u16 off;
	u16 field;		/* offset of a u32 in the device's struct, or DEV_REG_NO_FIELD */
	u32 reset;
	u32 mask;		/* bits of the field that a write changes */
	const char *name;
	/* NULL: the field (0 without one). */
	u32 (*read)(void *dev);
	/* Called after the field has changed; NULL: nothing more to do. */
	void (*write)(void *dev, u32 val);
};

/* The row at @off, or NULL. */
const struct dev_reg *dev_reg_find(const struct dev_reg *rows, size_t n, u64 off);
/* @dev is the device's struct, with its lock held. */
u32 dev_reg_read(const struct dev_reg *row, void *dev);
void dev_reg_write(const struct dev_reg *row, void *dev, u32 val);
void dev_reg_reset(const struct dev_reg *rows, size_t n, void *dev);

/*
 * The identification registers of a PrimeCell at 0xfe0..0xffc: @periph are the
 * four bytes of PeriphID0..3.  False when @off is none of them.
 */
bool primecell_id(const u8 periph[4], u64 off, u64 *val);

#endif
