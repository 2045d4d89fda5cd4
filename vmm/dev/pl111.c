/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Section numbers are those of DDI 0293C.  The panel's clock belongs to the board;
 * frames come 60 times a second whatever the timing registers say, and only
 * while somebody waits for them.
 */
#include "vmm/dev/pl111.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/dev/pl111_impl.h"
#include "vmm/dev/regs.h"
#include "vmm/dev/timer.h"
#include "vmm/host/png.h"
#include "vmm/mem/guest_mem.h"

#define FRAME_NS 16666667

#define INT_BASE (1u << 2)	/* LNBU: the base has been taken over */
#define INT_VCOMP (1u << 3)
#define INT_BUS (1u << 4)
#define INT_ALL 0x1eu

struct pl111 {
	struct device dev;
	struct guest_mem *mem;
	struct irq_line irq;
	pthread_mutex_t lock;		/* everything below; then comes the GIC's */
	struct dev_timer timer;		/* the next frame, when it interrupts */
	struct pl111_scan scan;
	u64 frame_start;		/* ns; while enabled */
	u64 age;			/* for the save table: of frame_start */
	u32 tim2, tim3, upbase, lpbase, imsc, ris;
	u32 crsr_imsc, crsr_ris;
};

static bool enabled(const struct pl111 *p)
{
	return p->scan.control & PL111_EN;
}

/* The bases count from the start of a frame on (3.3.5). */
static void frame_begin(struct pl111 *p)
{
	p->scan.up = p->upbase;
	p->scan.lp = p->lpbase;
}

/* What has happened since somebody looked last. */
static void catch_up(struct pl111 *p)
{
	u64 frames;

	if (!enabled(p))
		return;
	frames = (dev_now(p->timer.clock) - p->frame_start) / FRAME_NS;
	if (!frames)
		return;
	p->frame_start += frames * FRAME_NS;
	frame_begin(p);
	p->ris |= INT_BASE | INT_VCOMP;
	if (p->scan.crsr_ctrl & 1)
		p->crsr_ris = 1;
	if (!guest_mem_ptr(p->mem, p->scan.up, 8, false))
		p->ris |= INT_BUS;
}

static bool out_level(const struct pl111 *p)
{
	return (p->ris & p->imsc) || (p->crsr_ris & p->crsr_imsc);
}

static void update_irq(struct pl111 *p)
{
	irq_set(&p->irq, out_level(p));
	if (enabled(p) && (p->imsc & (INT_BASE | INT_VCOMP | INT_BUS) || p->crsr_imsc)) {
		if (!dev_timer_pending(&p->timer)) {
			u64 since = dev_now(p->timer.clock) - p->frame_start;

			dev_timer_set(&p->timer, since < FRAME_NS ? FRAME_NS - since : 0);
		}
	} else {
		dev_timer_cancel(&p->timer);
	}
}

static void frame_due(void *opaque)
{
	struct pl111 *p = opaque;

	catch_up(p);
	update_irq(p);
}

static void write_control(struct pl111 *p, u32 val)
{
	bool before = enabled(p);

	p->scan.control = val & 0x1ffff;
	if (enabled(p) && !before) {
		p->frame_start = dev_now(p->timer.clock);
		frame_begin(p);
	}
}

static u32 read_control(void *dev)
{
	return ((struct pl111 *)dev)->scan.control;
}

static u32 read_mis(void *dev)
{
	const struct pl111 *p = dev;

	return p->ris & p->imsc;
}

static void write_icr(void *dev, u32 val)
{
	struct pl111 *p = dev;

	p->ris &= ~val;
}

/* Where the DMA is in its way through the frame; the time tells. */
static u32 current(const struct pl111 *p, u32 base)
{
	u64 since = dev_now(p->timer.clock) - p->frame_start;

	if (!enabled(p))
		return base;
	since = since < FRAME_NS ? since : FRAME_NS - 1;
	return base + (since * pl111_frame_bytes(&p->scan) / FRAME_NS & ~7ull);
}

static u32 read_upcurr(void *dev)
{
	return current(dev, ((struct pl111 *)dev)->scan.up);
}

static u32 read_lpcurr(void *dev)
{
	return current(dev, ((struct pl111 *)dev)->scan.lp);
}

static u32 read_crsr_mis(void *dev)
{
	const struct pl111 *p = dev;

	return p->crsr_ris & p->crsr_imsc;
}

static void write_crsr_icr(void *dev, u32 val)
{
	struct pl111 *p = dev;

	p->crsr_ris &= ~val;
}

#define FIELD(f) offsetof(struct pl111, f)
#define NONE DEV_REG_NO_FIELD
#define CONTROL 0x18

static const struct dev_reg regs[] = {
	{ 0x000, FIELD(scan.tim0), 0, 0xfffffffc, "LCDTiming0", NULL, NULL },
	{ 0x004, FIELD(scan.tim1), 0, ~0u, "LCDTiming1", NULL, NULL },
	{ 0x008, FIELD(tim2), 0, ~0u, "LCDTiming2", NULL, NULL },
	{ 0x00c, FIELD(tim3), 0, 0x1007f, "LCDTiming3", NULL, NULL },
	{ 0x010, FIELD(upbase), 0, ~7u, "LCDUPBASE", NULL, NULL },
	{ 0x014, FIELD(lpbase), 0, ~7u, "LCDLPBASE", NULL, NULL },
	{ CONTROL, FIELD(scan.control), 0, 0, "LCDControl", read_control, NULL },
	{ 0x01c, FIELD(imsc), 0, INT_ALL, "LCDIMSC", NULL, NULL },
	{ 0x020, FIELD(ris), 0, 0, "LCDRIS", NULL, NULL },
	{ 0x024, NONE, 0, 0, "LCDMIS", read_mis, NULL },
	{ 0x028, NONE, 0, 0, "LCDICR", NULL, write_icr },
	{ 0x02c, NONE, 0, 0, "LCDUPCURR", read_upcurr, NULL },
	{ 0x030, NONE, 0, 0, "LCDLPCURR", read_lpcurr, NULL },
	{ 0xc00, FIELD(scan.crsr_ctrl), 0, 0x31, "ClcdCrsrCtrl", NULL, NULL },
	{ 0xc04, FIELD(scan.crsr_config), 0, 0x3, "ClcdCrsrConfig", NULL, NULL },
	{ 0xc08, FIELD(scan.crsr_palette[0]), 0, 0xffffff, "ClcdCrsrPalette0", NULL, NULL },
	{ 0xc0c, FIELD(scan.crsr_palette[1]), 0, 0xffffff, "ClcdCrsrPalette1", NULL, NULL },
	{ 0xc10, FIELD(scan.crsr_xy), 0, 0x03ff03ff, "ClcdCrsrXY", NULL, NULL },
	{ 0xc14, FIELD(scan.crsr_clip), 0, 0x00003f3f, "ClcdCrsrClip", NULL, NULL },
	{ 0xc20, FIELD(crsr_imsc), 0, 1, "ClcdCrsrIMSC", NULL, NULL },
	{ 0xc24, NONE, 0, 0, "ClcdCrsrICR", NULL, write_crsr_icr },
	{ 0xc28, FIELD(crsr_ris), 0, 0, "ClcdCrsrRIS", NULL, NULL },
	{ 0xc2c, NONE, 0, 0, "ClcdCrsrMIS", read_crsr_mis, NULL },
};

static const u8 periph_id[4] = { 0x11, 0x11, 0x24, 0x00 };

/* The palette and the cursor's images are memory. */
static u32 *memory_at(struct pl111 *p, u64 off)
{
	if (off >= 0x200 && off < 0x400)
		return &p->scan.palette[(off - 0x200) / 4];
	if (off >= 0x800 && off < 0xc00)
		return &p->scan.crsr_image[(off - 0x800) / 4];
	return NULL;
}

static enum arm_result pl111_read(struct device *dev, unsigned int cpu, u64 off, unsigned int size,
				  u64 *val)
{
	struct pl111 *p = (struct pl111 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);
	const u32 *mem;

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	*val = 0;
	if (primecell_id(periph_id, off, val))
		return ARM_HANDLED;
	pthread_mutex_lock(&p->lock);
	mem = memory_at(p, off);
	catch_up(p);
	if (mem)
		*val = *mem >> 8 * (off & 3) & ~0u >> (32 - 8 * size);
	else if (row)
		*val = dev_reg_read(row, p);
	update_irq(p);
	pthread_mutex_unlock(&p->lock);
	return ARM_HANDLED;
}

static enum arm_result pl111_write(struct device *dev, unsigned int cpu, u64 off, unsigned int size,
				   u64 val)
{
	struct pl111 *p = (struct pl111 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);
	u32 *mem, mask;

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	pthread_mutex_lock(&p->lock);
	mem = memory_at(p, off);
	catch_up(p);
	if (mem) {
		mask = ~0u >> (32 - 8 * size) << 8 * (off & 3);
		*mem = (*mem & ~mask) | ((u32)val << 8 * (off & 3) & mask);
	} else if (off == CONTROL) {
		write_control(p, val);
	} else if (row) {
		dev_reg_write(row, p, val);
	}
	update_irq(p);
	pthread_mutex_unlock(&p->lock);
	return ARM_HANDLED;
}

int pl111_picture(struct device *dev, struct pl111_picture *out)
{
	struct pl111 *p = (struct pl111 *)dev;
	struct pl111_scan *scan = malloc(sizeof(*scan));
	int ret;

	if (!scan)
		return -ENOMEM;
	pthread_mutex_lock(&p->lock);
	catch_up(p);
	*scan = p->scan;
	pthread_mutex_unlock(&p->lock);
	ret = pl111_render(scan, p->mem, out);
	free(scan);
	return ret;
}

int pl111_screenshot(struct device *dev, const char *path)
{
	struct pl111_picture pic;
	int ret = pl111_picture(dev, &pic);

	if (ret)
		return ret;
	ret = png_save(path, pic.width, pic.height, pic.pixels);
	free(pic.pixels);
	return ret;
}

static void pl111_reset(struct device *dev)
{
	struct pl111 *p = (struct pl111 *)dev;

	pthread_mutex_lock(&p->lock);
	dev_reg_reset(regs, ARM_ARRAY_SIZE(regs), p);
	frame_begin(p);
	update_irq(p);
	pthread_mutex_unlock(&p->lock);
}

static const struct save_field scan_fields[] = {
	SAVE(struct pl111_scan, tim0),
	SAVE(struct pl111_scan, tim1),
	SAVE(struct pl111_scan, control),
	SAVE(struct pl111_scan, up),
	SAVE(struct pl111_scan, lp),
	SAVE_ARRAY(struct pl111_scan, palette),
	SAVE(struct pl111_scan, crsr_ctrl),
	SAVE(struct pl111_scan, crsr_config),
	SAVE_ARRAY(struct pl111_scan, crsr_palette),
	SAVE(struct pl111_scan, crsr_xy),
	SAVE(struct pl111_scan, crsr_clip),
	SAVE_ARRAY(struct pl111_scan, crsr_image),
	SAVE_LAST,
};

/* A picture takes from these numbers only the bits that it has a meaning for: any will do. */
static const struct save_field fields[] = {
	SAVE_SUB(struct pl111, scan, scan_fields),
	SAVE_MAX(struct pl111, age, DEV_AGE_MAX),
	SAVE(struct pl111, tim2),
	SAVE(struct pl111, tim3),
	SAVE(struct pl111, upbase),
	SAVE(struct pl111, lpbase),
	SAVE_MAX(struct pl111, imsc, INT_ALL),
	SAVE_MAX(struct pl111, ris, INT_ALL),
	SAVE_MAX(struct pl111, crsr_imsc, 1),
	SAVE_MAX(struct pl111, crsr_ris, 1),
	SAVE_LAST,
};

static void pl111_before(void *obj)
{
	struct pl111 *p = obj;

	pthread_mutex_lock(&p->lock);
	p->age = dev_age(p->timer.clock, p->frame_start);
	pthread_mutex_unlock(&p->lock);
}

static int pl111_after(void *obj, char **err)
{
	struct pl111 *p = obj;

	(void)err;
	pthread_mutex_lock(&p->lock);
	p->frame_start = dev_age(p->timer.clock, p->age);
	irq_restore(&p->irq, out_level(p));
	update_irq(p);
	pthread_mutex_unlock(&p->lock);
	return 0;
}

static const struct save_table table = {
	.name = "pl111", .version = 1, .fields = fields, .before = pl111_before, .after = pl111_after,
};

static void pl111_free(struct device *dev)
{
	struct pl111 *p = (struct pl111 *)dev;

	dev_timer_destroy(&p->timer);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static const struct device_ops pl111_ops = {
	.name = "pl111",
	.read = pl111_read,
	.write = pl111_write,
	.reset = pl111_reset,
	.free = pl111_free,
	.table = &table,
};

int pl111_create(struct dev_clock *clock, struct guest_mem *mem, struct irq_line irq,
		 struct device **out)
{
	struct pl111 *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->dev.ops = &pl111_ops;
	p->mem = mem;
	p->irq = irq;
	pthread_mutex_init(&p->lock, NULL);
	dev_timer_init(&p->timer, clock, &p->lock, frame_due, p);
	*out = &p->dev;
	return 0;
}
