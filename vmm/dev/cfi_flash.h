/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NOR flash: two 16-bit chips side by side on a 32-bit bus, with the Intel
 * command set (JEDEC JESD68.01 CFI, AP-663).
 */
#ifndef VMM_DEV_CFI_FLASH_H
#define VMM_DEV_CFI_FLASH_H

#include "vmm/dev/device.h"

struct image;

#define CFI_FLASH_SECTOR 0x40000u	/* of the pair */
#define CFI_FLASH_BLOCKS_MAX 256u

/*
 * @size is a power of two and a multiple of the sector, at most
 * CFI_FLASH_BLOCKS_MAX of them.  @img (may be NULL: blank,
 * and forgotten at the end) has at most @size bytes, the rest is blank; what
 * the guest programs and erases is written to it.  It becomes the device's when 0
 * is returned.  0, -ENOMEM, -EFBIG, or -errno of reading it.
 */
int cfi_flash_create(struct image *img, u64 size, struct device **out);

#endif
