/* SPDX-License-Identifier: GPL-2.0-only */
/* What the registers (pl111.c) and the picture (pl111_render.c) share; for no one else. */
#ifndef VMM_DEV_PL111_IMPL_H
#define VMM_DEV_PL111_IMPL_H

#include "vmm/dev/pl111.h"

#define PL111_EN (1u << 0)
#define PL111_POWER (1u << 11)

/* All that a picture depends on, but guest memory; copied under the lock. */
struct pl111_scan {
	u32 tim0, tim1, control;
	u32 up, lp;			/* bases of this frame */
	u32 palette[128];
	u32 crsr_ctrl, crsr_config, crsr_palette[2], crsr_xy, crsr_clip;
	u32 crsr_image[256];
};

/* Of one panel, rounded up to a word. */
u64 pl111_frame_bytes(const struct pl111_scan *s);
int pl111_render(const struct pl111_scan *s, struct guest_mem *mem, struct pl111_picture *out);

#endif
