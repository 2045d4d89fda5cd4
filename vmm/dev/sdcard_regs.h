/* SPDX-License-Identifier: GPL-2.0-only */
/* The registers of an SD card that only depend on its size (SD 3.01, chapter 5). */
#ifndef VMM_DEV_SDCARD_REGS_H
#define VMM_DEV_SDCARD_REGS_H

#include "arm/base.h"

#define SD_HC_MIN (4ULL << 30)	/* larger than 2 GiB: high capacity */

struct sdcard_regs {
	u8 cid[16];
	u8 csd[16];
	u8 scr[8];
	u8 status[64];	/* SD status, ACMD13 */
};

void sdcard_regs_init(struct sdcard_regs *r, u64 bytes, bool readonly);
/* The CRC7 of @len bytes in bits 7:1, with the end bit. */
u8 sdcard_crc7(const u8 *p, size_t len);
/* Bits hi..lo of a big-endian register of @len bytes; at most 32. */
u32 sdcard_bits(const u8 *reg, size_t len, unsigned int hi, unsigned int lo);
void sdcard_set_bits(u8 *reg, size_t len, unsigned int hi, unsigned int lo, u32 val);

#endif
