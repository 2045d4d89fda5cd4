/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system registers of a Versatile Express motherboard (DUI 0447, chapter
 * 4) with the configuration bus behind them: oscillators, voltages, power,
 * reset and shutdown of motherboard and daughterboard.
 */
#ifndef VMM_DEV_VEXPRESS_SYS_H
#define VMM_DEV_VEXPRESS_SYS_H

#include "vmm/dev/device.h"

#define VEXPRESS_SYS_SIZE 0x1000

struct dev_clock;

struct vexpress_sys_config {
	struct dev_clock *clock;	/* outlives the device */
	u32 id, procid;		/* SYS_ID, SYS_PROCID0 */
	/* The guest asks to be switched off, or reset.  A vCPU's thread, with no lock held. */
	void (*power)(void *ctx, bool reset);
	/* The MMC slot's switches for SYS_MCI, and the write protection of SYS_FLASH; may be NULL. */
	bool (*card_present)(void *ctx);
	bool (*card_readonly)(void *ctx);
	void *ctx;
};

/* 0 or -ENOMEM. */
int vexpress_sys_create(const struct vexpress_sys_config *cfg, struct device **out);

#endif
