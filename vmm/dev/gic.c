/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/gic.h"

#include <pthread.h>
#include <stdlib.h>

#include "arm/gic/gicv2.h"
#include "vmm/host/log.h"

struct gic_window {
	struct device dev;
	struct gic *gic;
};

struct gic {
	struct gic_window dist, cpu;
	struct gic_config cfg;
	/* Taken last: devices hold their own lock when they drive a line. */
	pthread_mutex_t lock;
	struct gicv2 state;
};

static void gic_lock(struct gic *gic)
{
	pthread_mutex_lock(&gic->lock);
}

/* Tells the CPUs before others can change the wires again. */
static void gic_unlock(struct gic *gic)
{
	unsigned int changed = gicv2_take_changed(&gic->state);

	for (unsigned int cpu = 0; changed; cpu++, changed >>= 1)
		if (changed & 1)
			gic->cfg.output(gic->cfg.opaque, cpu, gicv2_irq_level(&gic->state, cpu),
					gicv2_fiq_level(&gic->state, cpu));
	pthread_mutex_unlock(&gic->lock);
}

static enum arm_result dist_read(struct device *dev, unsigned int cpu, u64 off,
				 unsigned int size, u64 *val)
{
	struct gic *gic = ((struct gic_window *)dev)->gic;
	enum arm_result res;

	gic_lock(gic);
	res = gicv2_dist_read(&gic->state, cpu, off, size, val);
	gic_unlock(gic);
	return res;
}

static enum arm_result dist_write(struct device *dev, unsigned int cpu, u64 off,
				  unsigned int size, u64 val)
{
	struct gic *gic = ((struct gic_window *)dev)->gic;
	enum arm_result res;

	gic_lock(gic);
	res = gicv2_dist_write(&gic->state, cpu, off, size, val);
	gic_unlock(gic);
	return res;
}

static enum arm_result cpu_read(struct device *dev, unsigned int cpu, u64 off,
				unsigned int size, u64 *val)
{
	struct gic *gic = ((struct gic_window *)dev)->gic;
	enum arm_result res;

	gic_lock(gic);
	res = gicv2_cpu_read(&gic->state, cpu, off, size, val);
	gic_unlock(gic);
	return res;
}

static enum arm_result cpu_write(struct device *dev, unsigned int cpu, u64 off,
				 unsigned int size, u64 val)
{
	struct gic *gic = ((struct gic_window *)dev)->gic;
	enum arm_result res;

	gic_lock(gic);
	res = gicv2_cpu_write(&gic->state, cpu, off, size, val);
	gic_unlock(gic);
	return res;
}

/* Migration.  The line of a PPI is the engine's, which tells us when it changes. */

static const struct save_field word_fields[] = {
	SAVE(struct gicv2_word, group),
	SAVE(struct gicv2_word, enabled),
	SAVE(struct gicv2_word, latch),
	SAVE(struct gicv2_word, active),
	SAVE(struct gicv2_word, edge),
	SAVE_LAST,
};

static const struct save_field cpu_fields[] = {
	SAVE_MAX(struct gicv2_cpu, ctlr, GICC_CTLR_MASK),
	SAVE(struct gicv2_cpu, apr),
	SAVE(struct gicv2_cpu, pmr),
	SAVE_MAX(struct gicv2_cpu, bpr, 7),
	SAVE_MAX(struct gicv2_cpu, abpr, 7),
	SAVE_LAST,
};

static const struct save_field gic_fields[] = {
	SAVE_MAX(struct gicv2, dist_ctlr, GICD_CTLR_MASK),
	SAVE_SUBS(struct gicv2, priv, word_fields),
	SAVE_SUBS(struct gicv2, spi, word_fields),
	SAVE_BUFFER(struct gicv2, priv_priority),
	SAVE_BUFFER(struct gicv2, spi_priority),
	SAVE_BUFFER(struct gicv2, target),
	SAVE_BUFFER(struct gicv2, sgi_source),
	SAVE_SUBS(struct gicv2, cpu, cpu_fields),
	SAVE_LAST,
};

static int gic_after(void *obj, char **err)
{
	const struct gicv2 *g = obj;

	if (gicv2_validate(obj))
		return err_set(err, -EINVAL, "the interrupt controller's state is not one of a GICv2 with %u CPUs and "
			       "%u interrupts; start the destination with the source's --machine and --cpus",
			       g->cpus, g->irqs);
	return 0;
}

const struct save_table gic_save_table = {
	.name = "gicv2", .version = 1, .fields = gic_fields, .after = gic_after,
};

static int gic_after_wired(void *obj, char **err)
{
	struct gic *gic = (struct gic *)((u8 *)obj - offsetof(struct gic, state));
	int ret;

	gic_lock(gic);
	ret = gic_after(obj, err);
	if (ret)
		gicv2_reset(obj);
	gic_unlock(gic);
	return ret;
}

static const struct save_table gic_wired_table = {
	.name = "gicv2", .version = 1, .fields = gic_fields, .after = gic_after_wired,
};

static unsigned int gic_parts(struct device *dev, struct save_part *parts)
{
	struct gic *gic = ((struct gic_window *)dev)->gic;

	parts[0] = (struct save_part){ &gic_wired_table, &gic->state };
	return 1;
}

/* The two windows are parts of one thing, which gic_reset() and gic_free() handle. */
static void window_nothing(struct device *dev)
{
	(void)dev;
}

static const struct device_ops dist_ops = {
	.name = "gic-dist", .read = dist_read, .write = dist_write, .reset = window_nothing, .free = window_nothing,
	.parts = gic_parts,
};

static const struct device_ops cpu_ops = {
	.name = "gic-cpu", .read = cpu_read, .write = cpu_write, .reset = window_nothing, .free = window_nothing,
};

int gic_create(const struct gic_config *cfg, struct gic **out)
{
	struct gic *gic = calloc(1, sizeof(*gic));

	if (!gic)
		return -ENOMEM;
	gic->cfg = *cfg;
	gic->dist = (struct gic_window){ { &dist_ops }, gic };
	gic->cpu = (struct gic_window){ { &cpu_ops }, gic };
	pthread_mutex_init(&gic->lock, NULL);
	gicv2_init(&gic->state, cfg->cpus, cfg->irqs);
	*out = gic;
	return 0;
}

void gic_free(struct gic *gic)
{
	if (!gic)
		return;
	pthread_mutex_destroy(&gic->lock);
	free(gic);
}

struct device *gic_dist(struct gic *gic)
{
	return &gic->dist.dev;
}

struct device *gic_cpu_interface(struct gic *gic)
{
	return &gic->cpu.dev;
}

void gic_reset(struct gic *gic)
{
	gic_lock(gic);
	gicv2_reset(&gic->state);
	gic_unlock(gic);
}

static void set_spi(void *ctx, unsigned int spi, bool level)
{
	struct gic *gic = ctx;

	gic_lock(gic);
	gicv2_set_irq(&gic->state, GICV2_PRIVATE + spi, 0, level);
	gic_unlock(gic);
}

static void restore_spi(void *ctx, unsigned int spi, bool level)
{
	struct gic *gic = ctx;

	gic_lock(gic);
	gicv2_restore_line(&gic->state, GICV2_PRIVATE + spi, level);
	gic_unlock(gic);
}

struct irq_line gic_spi(struct gic *gic, unsigned int spi)
{
	return (struct irq_line){ set_spi, gic, spi, restore_spi };
}

void gic_set_ppi(struct gic *gic, unsigned int cpu, unsigned int intid, bool level)
{
	gic_lock(gic);
	gicv2_set_irq(&gic->state, intid, cpu, level);
	gic_unlock(gic);
}
