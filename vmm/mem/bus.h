/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The windows of devices in the guest's physical address space.  Built before
 * the vCPUs run and constant from then on: look-ups take no lock.
 */
#ifndef VMM_MEM_BUS_H
#define VMM_MEM_BUS_H

#include "arm/base.h"
#include "vmm/dev/device.h"

struct bus;

/* NULL on ENOMEM. */
struct bus *bus_create(void);
/* The devices are not the bus's to free. */
void bus_free(struct bus *bus);

/*
 * Let [@base, @base + @size) be @dev's registers.  -EEXIST where windows would
 * overlap, -EINVAL for an empty or wrapping window, -ENOMEM.
 */
int bus_add(struct bus *bus, u64 base, u64 size, struct device *dev);

/*
 * A guest access of 1, 2, 4 or 8 bytes.  ARM_NOT_MINE where no device is;
 * ARM_FORBIDDEN for an access that is unaligned, of another size, or reaches
 * over the end of a window.  A device that does not know 8-byte
 * accesses (ARM_NOT_MINE) gets two of 4, the lower address first.
 */
enum arm_result bus_read(struct bus *bus, unsigned int cpu, u64 ipa, unsigned int size, u64 *val);
enum arm_result bus_write(struct bus *bus, unsigned int cpu, u64 ipa, unsigned int size, u64 val);

#endif
