/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/ac97.h"

#include <string.h>

#define RESET 0x00
#define POWER 0x26
#define EXT_STATUS 0x2a
#define DAC_RATE 0x2c
#define ADC_RATE 0x32

#define VRA 1u		/* variable rate audio */
#define RATE_FIXED 48000
#define RATE_MIN 4000
/* The power register: what is off, and what is ready. */
#define PR_ADC (1u << 8)
#define PR_DAC (1u << 9)
#define PR_ANALOG (1u << 10)
#define PR_REFERENCE (1u << 11)

/* The mask is what a write changes. */
static const struct {
	u8 reg;
	u16 reset, mask;
} rows[] = {
	{ RESET, 0x0d50, 0 },		/* what the codec is made of */
	{ 0x02, 0x8000, 0x9f1f },	/* master volume */
	{ 0x04, 0x8000, 0x9f1f },	/* line level volume */
	{ 0x06, 0x8000, 0x801f },	/* mono volume */
	{ 0x0a, 0x0000, 0x801e },	/* beep */
	{ 0x0c, 0x8008, 0x801f },	/* phone */
	{ 0x0e, 0x8008, 0x805f },	/* microphone */
	{ 0x10, 0x8808, 0x9f1f },	/* line in */
	{ 0x12, 0x8808, 0x9f1f },	/* CD */
	{ 0x14, 0x8808, 0x9f1f },	/* video */
	{ 0x16, 0x8808, 0x9f1f },	/* aux */
	{ 0x18, 0x8808, 0x9f1f },	/* PCM out */
	{ 0x1a, 0x0000, 0x0707 },	/* record select */
	{ 0x1c, 0x8000, 0x8f0f },	/* record gain */
	{ 0x20, 0x0000, 0xb380 },	/* general purpose */
	{ 0x22, 0x0101, 0 },		/* 3D: fixed */
	{ POWER, 0x000f, 0xff00 },
	{ 0x28, VRA, 0 },		/* extended audio id */
	{ EXT_STATUS, 0x0000, VRA },
	{ DAC_RATE, RATE_FIXED, 0xffff },
	{ ADC_RATE, RATE_FIXED, 0xffff },
	{ 0x7c, 0x4e53, 0 },		/* vendor id "NSC", 0x31 */
	{ 0x7e, 0x4331, 0 },
};

void ac97_reset(struct ac97 *c)
{
	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows); i++)
		c->reg[rows[i].reg / 2] = rows[i].reset;
}

u16 ac97_read(const struct ac97 *c, unsigned int reg)
{
	return c->reg[reg / 2 % AC97_REGS];
}

static u16 ready(u16 power)
{
	return (power & PR_ADC ? 0 : 1) | (power & PR_DAC ? 0 : 2) |
	       (power & (PR_ANALOG | PR_REFERENCE) ? 0 : 4) | (power & PR_REFERENCE ? 0 : 8);
}

/* A rate that the codec does not have becomes the nearest that it has. */
static u16 rate(const struct ac97 *c, u16 val)
{
	if (!(c->reg[EXT_STATUS / 2] & VRA))
		return RATE_FIXED;
	return val < RATE_MIN ? RATE_MIN : val > RATE_FIXED ? RATE_FIXED : val;
}

void ac97_write(struct ac97 *c, unsigned int reg, u16 val)
{
	u16 *field = &c->reg[reg / 2 % AC97_REGS], mask = 0;

	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows); i++)
		if (rows[i].reg / 2 == reg / 2 % AC97_REGS)
			mask = rows[i].mask;
	*field = (*field & ~mask) | (val & mask);
	switch (reg & ~1u) {
	case RESET:
		ac97_reset(c);
		break;
	case POWER:
		*field = (*field & ~0xf) | ready(*field);
		break;
	case DAC_RATE:
	case ADC_RATE:
		*field = rate(c, val);
		break;
	case EXT_STATUS:
		if (!(val & VRA))
			c->reg[DAC_RATE / 2] = c->reg[ADC_RATE / 2] = RATE_FIXED;
		break;
	}
}

unsigned int ac97_dac_rate(const struct ac97 *c)
{
	return c->reg[DAC_RATE / 2];
}

unsigned int ac97_adc_rate(const struct ac97 *c)
{
	return c->reg[ADC_RATE / 2];
}
