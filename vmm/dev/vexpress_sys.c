/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/vexpress_sys.h"

#include <pthread.h>
#include <stdlib.h>

#include "vmm/dev/regs.h"
#include "vmm/dev/timer.h"
#include "vmm/host/clock.h"


/* SYS_CFGCTRL; the rest of it says which thing is meant. */
#define CFG_START (1u << 31)
#define CFG_WRITE (1u << 30)
#define CFG_DCC(c) ((c) >> 26 & 0xf)
#define CFG_FUNCTION(c) ((c) >> 20 & 0x3f)
#define CFG_SITE(c) ((c) >> 16 & 3)
#define CFG_POSITION(c) ((c) >> 12 & 0xf)
#define CFG_DEVICE(c) ((c) & 0xfff)
/* SYS_CFGSTAT */
#define STAT_COMPLETE 1u
#define STAT_ERROR 2u

#define SITE_MB 0
#define SITE_DB1 1

enum cfg_function {
	CFG_OSC = 1,		/* Hz */
	CFG_VOLT = 2,		/* microvolt */
	CFG_AMP = 3,		/* microampere */
	CFG_TEMP = 4,		/* millionths of a degree */
	CFG_RESET = 5,
	CFG_SCC = 6,
	CFG_MUXFPGA = 7,
	CFG_SHUTDOWN = 8,
	CFG_REBOOT = 9,
	CFG_DVIMODE = 11,
	CFG_POWER = 12,		/* microwatt */
	CFG_ENERGY = 13,	/* microjoule, low and high word */
};

/*
 * What the configuration bus reaches.  The oscillators' frequencies and the
 * voltages can be set and read back but drive nothing; what is measured on a
 * real board is constant here.
 */
struct cfg_row {
	u8 site, function, device;
	u32 reset;
	u32 min, max;		/* of what may be written; equal: nothing */
};

static const struct cfg_row cfg_rows[] = {
	{ SITE_MB, CFG_OSC, 0, 50000000, 25000000, 60000000 },
	{ SITE_MB, CFG_OSC, 1, 23750000, 23750000, 65000000 },
	{ SITE_MB, CFG_OSC, 2, 24000000, 0, 0 },
	{ SITE_MB, CFG_VOLT, 0, 3300000, 0, 0 },
	{ SITE_MB, CFG_TEMP, 0, 35000000, 0, 0 },
	{ SITE_MB, CFG_MUXFPGA, 0, 0, 0, 2 },
	{ SITE_MB, CFG_DVIMODE, 0, 0, 0, 4 },
	{ SITE_DB1, CFG_OSC, 0, 60000000, 50000000, 60000000 },
	{ SITE_DB1, CFG_OSC, 4, 40000000, 20000000, 40000000 },
	{ SITE_DB1, CFG_OSC, 5, 23750000, 23750000, 165000000 },
	{ SITE_DB1, CFG_OSC, 6, 50000000, 20000000, 50000000 },
	{ SITE_DB1, CFG_OSC, 7, 60000000, 20000000, 60000000 },
	{ SITE_DB1, CFG_OSC, 8, 40000000, 0, 0 },
	{ SITE_DB1, CFG_VOLT, 0, 900000, 800000, 1050000 },
	{ SITE_DB1, CFG_AMP, 0, 1500000, 0, 0 },
	{ SITE_DB1, CFG_TEMP, 0, 45000000, 0, 0 },
	{ SITE_DB1, CFG_POWER, 0, 1350000, 0, 0 },
	{ SITE_DB1, CFG_ENERGY, 0, 0, 0, 0 },
	{ SITE_DB1, CFG_ENERGY, 1, 0, 0, 0 },
};

#define CFG_ROWS ARM_ARRAY_SIZE(cfg_rows)

/* What a write asks for besides changing a register. */
enum wish {
	WISH_NONE,
	WISH_OFF,
	WISH_RESET,
};

struct vexpress_sys {
	struct device dev;
	struct vexpress_sys_config cfg;
	u64 start_ns;
	u64 age;			/* for the save table: of start_ns */
	pthread_mutex_t lock;		/* everything below */
	enum wish wish;			/* to be told once the lock is free */
	u32 nvflags;			/* not reset */
	u32 id, sw, led, flags, flash, cfgsw, misc, dma, procid0, procid1, cfgdata, cfgctrl, cfgstat;
	u32 values[CFG_ROWS];
};

/* Ticks since power-on. */
static u32 counter(const struct vexpress_sys *s, u64 hz)
{
	return dev_muldiv(dev_age(s->cfg.clock, s->start_ns), hz, 0, NS_PER_S);
}

static u32 read_100hz(void *dev)
{
	return counter(dev, 100);
}

static u32 read_24mhz(void *dev)
{
	return counter(dev, 24000000);
}

static void write_flags_set(void *dev, u32 val)
{
	((struct vexpress_sys *)dev)->flags |= val;
}

static void write_flags_clear(void *dev, u32 val)
{
	((struct vexpress_sys *)dev)->flags &= ~val;
}

static u32 read_flags(void *dev)
{
	return ((struct vexpress_sys *)dev)->flags;
}

static void write_nvflags_set(void *dev, u32 val)
{
	((struct vexpress_sys *)dev)->nvflags |= val;
}

static void write_nvflags_clear(void *dev, u32 val)
{
	((struct vexpress_sys *)dev)->nvflags &= ~val;
}

static u32 read_nvflags(void *dev)
{
	return ((struct vexpress_sys *)dev)->nvflags;
}

/* Bit 0: a card is in the slot; bit 1: its write protection. */
static u32 read_mci(void *dev)
{
	const struct vexpress_sys_config *cfg = &((struct vexpress_sys *)dev)->cfg;

	return (cfg->card_present && cfg->card_present(cfg->ctx) ? 1 : 0) |
	       (cfg->card_readonly && cfg->card_readonly(cfg->ctx) ? 2 : 0);
}

static int cfg_find(u32 ctrl)
{
	if (CFG_DCC(ctrl) || CFG_POSITION(ctrl))
		return -ENODEV;
	for (size_t i = 0; i < CFG_ROWS; i++)
		if (cfg_rows[i].site == CFG_SITE(ctrl) && cfg_rows[i].function == CFG_FUNCTION(ctrl) &&
		    cfg_rows[i].device == CFG_DEVICE(ctrl))
			return i;
	return -ENODEV;
}

static enum wish cfg_wish(u32 ctrl)
{
	if (!(ctrl & CFG_WRITE) || CFG_SITE(ctrl) > SITE_DB1 || CFG_DCC(ctrl) || CFG_DEVICE(ctrl))
		return WISH_NONE;
	switch (CFG_FUNCTION(ctrl)) {
	case CFG_SHUTDOWN:
		return WISH_OFF;
	case CFG_RESET:
	case CFG_REBOOT:
		return WISH_RESET;
	}
	return WISH_NONE;
}

/* A transfer on the configuration bus; it takes no time. */
static void write_cfgctrl(void *dev, u32 val)
{
	struct vexpress_sys *s = dev;
	int row = cfg_find(val);

	if (!(val & CFG_START))
		return;
	s->cfgctrl &= ~CFG_START;
	s->cfgstat = STAT_COMPLETE;
	s->wish = cfg_wish(val);
	if (s->wish != WISH_NONE)
		return;
	if (row < 0)
		s->cfgstat |= STAT_ERROR;
	else if (!(val & CFG_WRITE))
		s->cfgdata = s->values[row];
	else if (cfg_rows[row].min == cfg_rows[row].max || s->cfgdata < cfg_rows[row].min ||
		 s->cfgdata > cfg_rows[row].max)
		s->cfgstat |= STAT_ERROR;
	else
		s->values[row] = s->cfgdata;
}

#define FIELD(f) offsetof(struct vexpress_sys, f)
#define NOTHING DEV_REG_NO_FIELD

static const struct dev_reg regs[] = {
	{ 0x000, FIELD(id), 0, 0, "ID", NULL, NULL },
	{ 0x004, FIELD(sw), 0, 0xff, "SW", NULL, NULL },
	{ 0x008, FIELD(led), 0, 0xff, "LED", NULL, NULL },
	{ 0x024, NOTHING, 0, 0, "100HZ", read_100hz, NULL },
	{ 0x030, NOTHING, 0, 0, "FLAGS", read_flags, write_flags_set },
	{ 0x034, NOTHING, 0, 0, "FLAGSCLR", read_flags, write_flags_clear },
	{ 0x038, NOTHING, 0, 0, "NVFLAGS", read_nvflags, write_nvflags_set },
	{ 0x03c, NOTHING, 0, 0, "NVFLAGSCLR", read_nvflags, write_nvflags_clear },
	{ 0x048, NOTHING, 0, 0, "MCI", read_mci, NULL },
	{ 0x04c, FIELD(flash), 0, 1, "FLASH", NULL, NULL },
	{ 0x058, FIELD(cfgsw), 0, 0xff, "CFGSW", NULL, NULL },
	{ 0x05c, NOTHING, 0, 0, "24MHZ", read_24mhz, NULL },
	/* Bit 14, MASTERSITE: 0, the tile in site 1. */
	{ 0x060, FIELD(misc), 0, 0x00001fff, "MISC", NULL, NULL },
	{ 0x064, FIELD(dma), 0, ~0u, "DMA", NULL, NULL },
	{ 0x084, FIELD(procid0), 0, 0, "PROCID0", NULL, NULL },
	{ 0x088, FIELD(procid1), 0xff000000, 0, "PROCID1", NULL, NULL },	/* no tile in site 2 */
	{ 0x0a0, FIELD(cfgdata), 0, ~0u, "CFGDATA", NULL, NULL },
	{ 0x0a4, FIELD(cfgctrl), 0, ~0u, "CFGCTRL", NULL, write_cfgctrl },
	{ 0x0a8, FIELD(cfgstat), 0, 3, "CFGSTAT", NULL, NULL },
};

static enum arm_result sys_read(struct device *dev, unsigned int cpu, u64 off, unsigned int size, u64 *val)
{
	struct vexpress_sys *s = (struct vexpress_sys *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off & ~3ull);

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	*val = 0;
	if (!row)
		return ARM_HANDLED;
	pthread_mutex_lock(&s->lock);
	*val = dev_reg_read(row, s) >> 8 * (off & 3);
	pthread_mutex_unlock(&s->lock);
	return ARM_HANDLED;
}

static enum arm_result sys_write(struct device *dev, unsigned int cpu, u64 off, unsigned int size, u64 val)
{
	struct vexpress_sys *s = (struct vexpress_sys *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);
	enum wish wish;

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	if (!row)
		return ARM_HANDLED;
	pthread_mutex_lock(&s->lock);
	dev_reg_write(row, s, val);
	wish = s->wish;
	s->wish = WISH_NONE;
	pthread_mutex_unlock(&s->lock);
	if (wish != WISH_NONE && s->cfg.power)
		s->cfg.power(s->cfg.ctx, wish == WISH_RESET);
	return ARM_HANDLED;
}

static void sys_reset(struct device *dev)
{
	struct vexpress_sys *s = (struct vexpress_sys *)dev;

	pthread_mutex_lock(&s->lock);
	dev_reg_reset(regs, ARM_ARRAY_SIZE(regs), s);
	s->id = s->cfg.id;
	s->procid0 = s->cfg.procid;
	s->flags = 0;
	s->wish = WISH_NONE;
	for (size_t i = 0; i < CFG_ROWS; i++)
		s->values[i] = cfg_rows[i].reset;
	pthread_mutex_unlock(&s->lock);
}

/* What the board is (ID, PROCID) is the same there. */
static const struct save_field fields[] = {
	SAVE_MAX(struct vexpress_sys, age, DEV_AGE_MAX),
	SAVE(struct vexpress_sys, nvflags),
	SAVE(struct vexpress_sys, sw),
	SAVE(struct vexpress_sys, led),
	SAVE(struct vexpress_sys, flags),
	SAVE(struct vexpress_sys, flash),
	SAVE(struct vexpress_sys, cfgsw),
	SAVE(struct vexpress_sys, misc),
	SAVE(struct vexpress_sys, dma),
	SAVE(struct vexpress_sys, cfgdata),
	SAVE(struct vexpress_sys, cfgctrl),
	SAVE(struct vexpress_sys, cfgstat),
	SAVE_ARRAY(struct vexpress_sys, values),
	SAVE_LAST,
};

static void sys_before(void *obj)
{
	struct vexpress_sys *s = obj;

	s->age = dev_age(s->cfg.clock, s->start_ns);
}

static int sys_after(void *obj, char **err)
{
	struct vexpress_sys *s = obj;

	(void)err;
	s->start_ns = dev_age(s->cfg.clock, s->age);
	return 0;
}

static const struct save_table table = {
	.name = "vexpress-sys", .version = 1, .fields = fields, .before = sys_before, .after = sys_after,
};

static void sys_free(struct device *dev)
{
	struct vexpress_sys *s = (struct vexpress_sys *)dev;

	pthread_mutex_destroy(&s->lock);
	free(s);
}

static const struct device_ops sys_ops = {
	.name = "vexpress-sys",
	.read = sys_read,
	.write = sys_write,
	.reset = sys_reset,
	.free = sys_free,
	.table = &table,
};

int vexpress_sys_create(const struct vexpress_sys_config *cfg, struct device **out)
{
	struct vexpress_sys *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->dev.ops = &sys_ops;
	s->cfg = *cfg;
	s->start_ns = dev_now(cfg->clock);
	pthread_mutex_init(&s->lock, NULL);
	sys_reset(&s->dev);
	*out = &s->dev;
	return 0;
}
