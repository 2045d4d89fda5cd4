/* SPDX-License-Identifier: GPL-2.0-only */
/* What the LCD controller makes of memory: DDI 0293C, 2.5 to 2.10. */
#include <stdlib.h>
#include <string.h>

#include "vmm/dev/pl111_impl.h"
#include "vmm/mem/guest_mem.h"

/* LCDControl */
#define CTL_BPP(c) ((c) >> 1 & 7)
#define CTL_BW (1u << 4)
#define CTL_TFT (1u << 5)
#define CTL_DUAL (1u << 7)
#define CTL_BGR (1u << 8)
#define CTL_BEBO (1u << 9)
#define CTL_BEPO (1u << 10)

/* ClcdCrsrCtrl, ClcdCrsrConfig */
#define CRSR_ON (1u << 0)
#define CRSR_NUMBER(c) ((c) >> 4 & 3)
#define CRSR_LARGE (1u << 0)

/* A pixel's bits in memory, and where its colours are; palettes have none of their own. */
static const struct format {
	u8 bits;
	bool palette;
	u8 r_len, g_shift, g_len, b_shift, b_len;
} formats[8] = {
	{ 1, true, 0, 0, 0, 0, 0 },
	{ 2, true, 0, 0, 0, 0, 0 },
	{ 4, true, 0, 0, 0, 0, 0 },
	{ 8, true, 0, 0, 0, 0, 0 },
	{ 16, false, 5, 5, 5, 10, 5 },	/* bit 15, the intensity, reaches no 8-bit output */
	{ 32, false, 8, 8, 8, 16, 8 },
	{ 16, false, 5, 5, 6, 11, 5 },
	{ 16, false, 4, 4, 4, 8, 4 },
};

static const struct format palette_entry = { 16, false, 5, 5, 5, 10, 5 };

static unsigned int width_of(const struct pl111_scan *s)
{
	return ((s->tim0 >> 2 & 0x3f) + 1) * 16;
}

static unsigned int lines_of(const struct pl111_scan *s)
{
	return (s->tim1 & 0x3ff) + 1;
}

static const struct format *format_of(const struct pl111_scan *s)
{
	return &formats[CTL_BPP(s->control)];
}

u64 pl111_frame_bytes(const struct pl111_scan *s)
{
	return ((u64)width_of(s) * lines_of(s) * format_of(s)->bits + 31) / 32 * 4;
}

/* @len bits to 8, so that the largest value becomes 255. */
static u32 widen(u32 val, unsigned int len)
{
	val &= (1u << len) - 1;
	val <<= 8 - len;
	return val | val >> len;
}

static u32 colour(const struct pl111_scan *s, const struct format *f, u32 raw)
{
	u32 r = widen(raw, f->r_len), g = widen(raw >> f->g_shift, f->g_len);
	u32 b = widen(raw >> f->b_shift, f->b_len);

	/* Monochrome panels take their grey from the red field of the palette. */
	if (!(s->control & CTL_TFT) && s->control & CTL_BW)
		return r << 16 | r << 8 | r;
	return s->control & CTL_BGR ? b << 16 | g << 8 | r : r << 16 | g << 8 | b;
}

/* Pixel @i of those in the word, in the byte and pixel order of the control register (2.7). */
static u32 extract(const struct pl111_scan *s, unsigned int bits, u32 word, unsigned int i)
{
	unsigned int per_byte, byte, sub;

	if (bits == 32)
		return word;
	if (bits == 16)
		return word >> 16 * (i ^ !!(s->control & CTL_BEBO)) & 0xffff;
	per_byte = 8 / bits;
	byte = i / per_byte;
	sub = i % per_byte;
	if (s->control & CTL_BEBO)
		byte = 3 - byte;
	if (s->control & CTL_BEPO)
		sub = per_byte - 1 - sub;
	return word >> (8 * byte + bits * sub) & ((1u << bits) - 1);
}

static u32 pixel(const struct pl111_scan *s, u32 raw)
{
	const struct format *f = format_of(s);

	if (!f->palette)
		return colour(s, f, raw);
	return colour(s, &palette_entry, s->palette[raw / 2] >> 16 * (raw & 1));
}

/*
 * One line: the pixels of a frame follow each other without gaps, so that a line
 * may begin within a word.
 */
static void line_render(const struct pl111_scan *s, struct guest_mem *mem, u32 base,
			unsigned int y, u32 *out)
{
	unsigned int width = width_of(s), bits = format_of(s)->bits, per_word = 32 / bits;
	u64 first = (u64)y * width;
	unsigned int skip = first % per_word, words = (skip + width + per_word - 1) / per_word;
	u32 data[PL111_WIDTH_MAX + 1];

	if (guest_mem_read(mem, (u32)(base + first / per_word * 4), data, words * 4)) {
		memset(out, 0, width * sizeof(*out));
		return;
	}
	for (unsigned int x = 0; x < width; x++) {
		unsigned int i = skip + x;

		out[x] = pixel(s, extract(s, bits, data[i / per_word], i % per_word));
	}
}

/* Cursor images are in little-endian bytes of big-endian pixels (2.10). */
static unsigned int cursor_bits(const struct pl111_scan *s, unsigned int x, unsigned int y)
{
	unsigned int row_words = s->crsr_config & CRSR_LARGE ? 4 : 2;
	unsigned int first = s->crsr_config & CRSR_LARGE ? 0 : CRSR_NUMBER(s->crsr_ctrl) * 64;
	u32 word = s->crsr_image[first + y * row_words + x / 16];

	return word >> (x % 16 / 4 * 8 + (3 - x % 4) * 2) & 3;
}

static u32 cursor_colour(u32 palette)
{
	return (palette & 0xff) << 16 | (palette & 0xff00) | (palette >> 16 & 0xff);
}

/* The image is shown without its clipped columns and rows, at X and Y. */
static void cursor_render(const struct pl111_scan *s, struct pl111_picture *pic)
{
	unsigned int size = s->crsr_config & CRSR_LARGE ? 64 : 32;
	unsigned int clip_x = s->crsr_clip & 0x3f, clip_y = s->crsr_clip >> 8 & 0x3f;
	unsigned int left = s->crsr_xy & 0x3ff, top = s->crsr_xy >> 16 & 0x3ff;

	if (!(s->crsr_ctrl & CRSR_ON))
		return;
	for (unsigned int y = clip_y; y < size; y++) {
		for (unsigned int x = clip_x; x < size; x++) {
			unsigned int px = left + x - clip_x, py = top + y - clip_y, bits;
			u32 *p;

			if (px >= pic->width || py >= pic->height)
				continue;
			p = &pic->pixels[(size_t)py * pic->width + px];
			bits = cursor_bits(s, x, y);
			if (bits < 2)
				*p = cursor_colour(s->crsr_palette[bits]);
			else if (bits == 3)
				*p ^= 0xffffff;
		}
	}
}

int pl111_render(const struct pl111_scan *s, struct guest_mem *mem, struct pl111_picture *out)
{
	unsigned int lines = lines_of(s), width = width_of(s);
	/* Dual-panel STN displays have a lower half with its own base. */
	bool dual = !(s->control & CTL_TFT) && s->control & CTL_DUAL;

	if (!(s->control & PL111_EN) || !(s->control & PL111_POWER))
		return -ENODATA;
	out->width = width;
	out->height = dual ? lines * 2 : lines;
	out->pixels = malloc((size_t)width * out->height * sizeof(*out->pixels));
	if (!out->pixels)
		return -ENOMEM;
	for (unsigned int y = 0; y < lines; y++) {
		line_render(s, mem, s->up, y, &out->pixels[(size_t)y * width]);
		if (dual)
			line_render(s, mem, s->lp, y, &out->pixels[(size_t)(lines + y) * width]);
	}
	cursor_render(s, out);
	return 0;
}
