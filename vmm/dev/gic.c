/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/gic.h"

#include <pthread.h>
#include <stdlib.h>

#include "arm/gic/gicv2.h"

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

/* The two windows are parts of one thing, which gic_reset() and gic_free() handle. */
static void window_nothing(struct device *dev)
{
	(void)dev;
}

static const struct device_ops dist_ops = {
	.name = "gic-dist", .read = dist_read, .write = dist_write, .reset = window_nothing, .free = window_nothing,
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

struct irq_line gic_spi(struct gic *gic, unsigned int spi)
{
	return (struct irq_line){ set_spi, gic, spi };
}

void gic_set_ppi(struct gic *gic, unsigned int cpu, unsigned int intid, bool level)
{
	gic_lock(gic);
	gicv2_set_irq(&gic->state, intid, cpu, level);
	gic_unlock(gic);
}
