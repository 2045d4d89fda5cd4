/* SPDX-License-Identifier: GPL-2.0-only */
/* The registers of an AC'97 codec (LM4549B, AC'97 2.1): mixer, power, sample rates. */
#ifndef VMM_DEV_AC97_H
#define VMM_DEV_AC97_H

#include "arm/base.h"

#define AC97_REGS 64

struct ac97 {
	u16 reg[AC97_REGS];	/* by register number / 2 */
};

void ac97_reset(struct ac97 *c);
u16 ac97_read(const struct ac97 *c, unsigned int reg);
void ac97_write(struct ac97 *c, unsigned int reg, u16 val);
/* Samples a second of each slot. */
unsigned int ac97_dac_rate(const struct ac97 *c);
unsigned int ac97_adc_rate(const struct ac97 *c);

#endif
