/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/sdcard_regs.h"

#include <string.h>

struct field {
	u8 hi, lo;
	u32 val;
};

/* Command classes: basic, block read, block write, erase, application, switch. */
#define CCC (1u << 0 | 1u << 2 | 1u << 4 | 1u << 5 | 1u << 8 | 1u << 10)

/* 5.3.2 and 5.3.3; what is not here is zero or depends on the size. */
static const struct field csd_v1[] = {
	{ 127, 126, 0 },	/* CSD_STRUCTURE */
	{ 119, 112, 0x26 },	/* TAAC: 1.5 ms */
	{ 103, 96, 0x32 },	/* TRAN_SPEED: 25 MHz */
	{ 95, 84, CCC },
	{ 79, 79, 1 },		/* READ_BL_PARTIAL */
	{ 61, 50, 0xfff },	/* read and write currents: the largest */
	{ 46, 46, 1 },		/* ERASE_BLK_EN: single blocks can be erased */
	{ 45, 39, 0x7f },	/* SECTOR_SIZE */
	{ 28, 26, 2 },		/* R2W_FACTOR */
};

static const struct field csd_v2[] = {
	{ 127, 126, 1 },
	{ 119, 112, 0x0e },
	{ 103, 96, 0x32 },
	{ 95, 84, CCC },
	{ 83, 80, 9 },		/* READ_BL_LEN */
	{ 46, 46, 1 },
	{ 45, 39, 0x7f },
	{ 28, 26, 2 },
	{ 25, 22, 9 },		/* WRITE_BL_LEN */
};

u32 sdcard_bits(const u8 *reg, size_t len, unsigned int hi, unsigned int lo)
{
	u32 val = 0;

	for (unsigned int bit = hi + 1; bit-- > lo;)
		val = val << 1 | (reg[len - 1 - bit / 8] >> bit % 8 & 1);
	return val;
}

void sdcard_set_bits(u8 *reg, size_t len, unsigned int hi, unsigned int lo, u32 val)
{
	for (unsigned int bit = lo; bit <= hi; bit++, val >>= 1) {
		u8 *p = &reg[len - 1 - bit / 8];

		*p = (*p & ~(1u << bit % 8)) | (val & 1) << bit % 8;
	}
}

/* 4.5: x^7 + x^3 + 1. */
u8 sdcard_crc7(const u8 *p, size_t len)
{
	u8 crc = 0;

	for (size_t i = 0; i < len; i++)
		for (unsigned int bit = 8; bit-- > 0;) {
			bool out = (crc >> 6 ^ p[i] >> bit) & 1;

			crc = (crc << 1 & 0x7f) ^ (out ? 0x09 : 0);
		}
	return crc << 1 | 1;
}

static void csd_fill(u8 *csd, const struct field *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sdcard_set_bits(csd, 16, f[i].hi, f[i].lo, f[i].val);
}

/* Capacity: (C_SIZE + 1) * 2^(C_SIZE_MULT + 2) blocks of 2^READ_BL_LEN; C_SIZE has 12 bits. */
static void csd_size_v1(u8 *csd, u64 bytes)
{
	unsigned int bl = bytes > 1ULL << 30 ? 10 : 9, mult = 0;

	while (bytes >> (bl + 2 + mult) > 4096)
		mult++;
	sdcard_set_bits(csd, 16, 83, 80, bl);
	sdcard_set_bits(csd, 16, 25, 22, bl);
	sdcard_set_bits(csd, 16, 73, 62, (bytes >> (bl + 2 + mult)) - 1);
	sdcard_set_bits(csd, 16, 49, 47, mult);
}

static void csd_init(u8 *csd, u64 bytes, bool readonly)
{
	if (bytes < SD_HC_MIN) {
		csd_fill(csd, csd_v1, ARM_ARRAY_SIZE(csd_v1));
		csd_size_v1(csd, bytes);
	} else {
		csd_fill(csd, csd_v2, ARM_ARRAY_SIZE(csd_v2));
		sdcard_set_bits(csd, 16, 69, 48, (bytes >> 19) - 1);
	}
	/* PERM_WRITE_PROTECT */
	sdcard_set_bits(csd, 16, 13, 13, readonly);
	csd[15] = sdcard_crc7(csd, 15);
}

/* 5.2: manufacturer, application id, product name, revision 1.0, serial number, January 2026. */
static void cid_init(u8 *cid, u64 bytes)
{
	static const u8 fixed[15] = {
		0x56, 'V', 'B', 'V', 'M', 'S', 'D', '0', 0x10, 0x56, 0x41, 0x4d, 0x00, 0x01, 0xa1,
	};

	memcpy(cid, fixed, sizeof(fixed));
	/* Cards of different sizes are different cards. */
	cid[12] = 63 - __builtin_clzll(bytes);
	cid[15] = sdcard_crc7(cid, 15);
}

static void status_init(u8 *status, u64 bytes)
{
	status[8] = bytes < SD_HC_MIN ? 0 : 4;	/* SPEED_CLASS: none said, class 10 */
	/* AU_SIZE (bits 431:428): 1 MiB, or 4 MiB. */
	status[10] = bytes < SD_HC_MIN ? 0x70 : 0x90;
	status[12] = 1;			/* ERASE_SIZE: one AU at a time */
	status[13] = 1 << 2;		/* ERASE_TIMEOUT: a second */
}

void sdcard_regs_init(struct sdcard_regs *r, u64 bytes, bool readonly)
{
	memset(r, 0, sizeof(*r));
	cid_init(r->cid, bytes);
	csd_init(r->csd, bytes, readonly);
	/* 5.6: specification 3.0, buses of 1 and 4 bits, erased data is 0, no CMD20 or CMD23. */
	sdcard_set_bits(r->scr, 8, 59, 56, 2);
	sdcard_set_bits(r->scr, 8, 51, 48, 5);
	sdcard_set_bits(r->scr, 8, 47, 47, 1);
	status_init(r->status, bytes);
}
