/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/machine/board.h"

#include <stdio.h>

#include "vmm/dev/virtio/virtio.h"
#include "vmm/mem/bus.h"

int board_init(struct board *b, const struct machine_env *env, const struct machine_gic *gic)
{
	const struct gic_config cfg = {
		.cpus = env->cpus,
		.irqs = gic->irqs,
		.output = env->cpu_wires,
		.opaque = env->opaque,
	};
	int ret;

	b->bus = env->bus;
	b->set_spi = env->set_spi;
	b->opaque = env->opaque;
	if (env->set_spi)
		return 0;
	ret = gic_create(&cfg, &b->gic);
	if (!ret)
		ret = bus_add(env->bus, gic->dist, gic->dist_size, gic_dist(b->gic));
	/* First: others drive its lines when they are loaded. */
	if (!ret)
		b->named[b->nnamed++] = (struct machine_device){ "gic", gic_dist(b->gic) };
	if (!ret)
		ret = bus_add(env->bus, gic->cpu, gic->cpu_size, gic_cpu_interface(b->gic));
	return ret;
}

static void engine_spi(void *ctx, unsigned int spi, bool level)
{
	struct board *b = ctx;

	b->set_spi(b->opaque, spi, level);
}

struct irq_line board_spi(struct board *b, unsigned int spi)
{
	return b->gic ? gic_spi(b->gic, spi) : (struct irq_line){ .set = engine_spi, .ctx = b, .n = spi };
}

int board_add(struct board *b, u64 base, u64 size, struct device *dev)
{
	if (b->ndevices == BOARD_MAX_DEVICES) {
		dev->ops->free(dev);
		return -ENOSPC;
	}
	b->devices[b->ndevices++] = dev;
	if (dev->ops->parts || dev->ops->table) {
		struct machine_device *d = &b->named[b->nnamed++];

		snprintf(d->name, sizeof(d->name), "%s@%llx", dev->ops->name, (unsigned long long)base);
		d->dev = dev;
	}
	return bus_add(b->bus, base, size, dev);
}

/* A window of virtio-mmio as the engine knows it. */
struct notify {
	const struct machine_env *env;
	u64 ipa;
};

static int set_doorbell(void *ctx, int fd, unsigned int queue)
{
	struct notify *n = ctx;

	return n->env->set_doorbell(n->env->opaque, n->ipa, queue, fd);
}

int board_add_virtio(struct board *b, const struct machine_env *env, u64 base, u64 stride, unsigned int spi,
		     unsigned int slots)
{
	for (unsigned int i = 0; i < slots; i++) {
		struct virtio_device *vdev = i < env->nvirtio ? env->virtio[i] : NULL;
		struct device *dev;
		int ret = virtio_mmio_create(env->mem, board_spi(b, spi + i), vdev, &dev);

		if (ret)
			return ret;
		if (vdev)
			env->virtio[i] = NULL;
		ret = board_add(b, base + i * stride, VIRTIO_MMIO_SIZE, dev);
		if (ret)
			return ret;
		/* Without doorbells it merely goes slower. */
		if (env->set_doorbell) {
			struct notify n = { env, base + i * stride + VIRTIO_MMIO_QUEUE_NOTIFY };

			virtio_mmio_add_doorbells(dev, env->loop, set_doorbell, &n);
		}
	}
	return 0;
}

void board_destroy(struct board *b)
{
	while (b->ndevices) {
		struct device *dev = b->devices[--b->ndevices];

		dev->ops->free(dev);
	}
	gic_free(b->gic);
	b->gic = NULL;
}

void board_reset(struct machine *m)
{
	struct board *b = (struct board *)m;

	for (unsigned int i = 0; i < b->ndevices; i++)
		b->devices[i]->ops->reset(b->devices[i]);
	if (b->gic)
		gic_reset(b->gic);
}

unsigned int board_devices(struct machine *m, const struct machine_device **out)
{
	struct board *b = (struct board *)m;

	*out = b->named;
	return b->nnamed;
}

void board_set_ppi(struct machine *m, unsigned int cpu, unsigned int intid, bool level)
{
	struct board *b = (struct board *)m;

	if (b->gic)
		gic_set_ppi(b->gic, cpu, intid, level);
}
