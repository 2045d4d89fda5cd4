/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/regs.h"

const struct dev_reg *dev_reg_find(const struct dev_reg *rows, size_t n, u64 off)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].off == off)
			return &rows[i];
	return NULL;
}

static u32 *field_of(const struct dev_reg *row, void *dev)
{
	return row->field == DEV_REG_NO_FIELD ? NULL : (u32 *)((u8 *)dev + row->field);
}

u32 dev_reg_read(const struct dev_reg *row, void *dev)
{
	const u32 *field = field_of(row, dev);

	if (row->read)
		return row->read(dev);
	return field ? *field : 0;
}

void dev_reg_write(const struct dev_reg *row, void *dev, u32 val)
{
	u32 *field = field_of(row, dev);

	if (field)
		*field = (*field & ~row->mask) | (val & row->mask);
	if (row->write)
		row->write(dev, val);
}

void dev_reg_reset(const struct dev_reg *rows, size_t n, void *dev)
{
	for (size_t i = 0; i < n; i++) {
		u32 *field = field_of(&rows[i], dev);

		if (field)
			*field = rows[i].reset;
	}
}

bool primecell_id(const u8 periph[4], u64 off, u64 *val)
{
	static const u8 cell[4] = { 0x0d, 0xf0, 0x05, 0xb1 };

	if (off < 0xfe0 || off > 0xffc || off & 3)
		return false;
	*val = off < 0xff0 ? periph[(off - 0xfe0) / 4] : cell[(off - 0xff0) / 4];
	return true;
}
