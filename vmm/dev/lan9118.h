/* SPDX-License-Identifier: GPL-2.0-only */
/* SMSC LAN9118 10/100 Ethernet controller with its internal PHY and an EEPROM. */
#ifndef VMM_DEV_LAN9118_H
#define VMM_DEV_LAN9118_H

#include "vmm/dev/device.h"

struct dev_clock;
struct netdev;

#define LAN9118_SIZE 0x10000

struct lan9118_config {
	struct dev_clock *clock;	/* it and its loop outlive the device */
	/*
	 * Becomes the device's when 0 is returned; NULL: no cable, the link is down.  Its MTU
	 * must be 1500 (slirp_config.mtu): longer frames do not fit the wire and are dropped.
	 */
	struct netdev *netdev;
	u8 mac[6];		/* in the EEPROM; zeros: a default */
	bool bus16;		/* strapped for a 16-bit bus, with WORD_SWAP */
};

/* 0 or -ENOMEM. */
int lan9118_create(const struct lan9118_config *cfg, struct irq_line irq, struct device **out);

#endif
