/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/machine/virt.h"

#include <stdlib.h>

#include "vmm/dev/gic.h"
#include "vmm/dev/pl011.h"
#include "vmm/dev/pl031.h"
#include "vmm/dev/pl061.h"
#include "vmm/dev/virtio/virtio.h"
#include "vmm/host/loop.h"
#include "vmm/mem/bus.h"

#define MAX_DEVICES (3 + VIRT_VIRTIO_SLOTS)
#define BUTTON_NS 100000000	/* how long a finger stays on it */

struct virt {
	struct machine machine;
	struct loop *loop;
	struct gic *gic;
	struct device *gpio;
	struct loop_source *button;	/* the release of the power button; loop's thread */
	/* In the order of creation; freed backwards.  The GIC is apart: all others need it. */
	struct device *devices[MAX_DEVICES];
	unsigned int ndevices;
};

static void virt_reset(struct machine *m)
{
	struct virt *v = (struct virt *)m;

	for (unsigned int i = 0; i < v->ndevices; i++)
		v->devices[i]->ops->reset(v->devices[i]);
	gic_reset(v->gic);
}

static void virt_set_ppi(struct machine *m, unsigned int cpu, unsigned int intid, bool level)
{
	struct virt *v = (struct virt *)m;

	gic_set_ppi(v->gic, cpu, intid, level);
}

static void button_release(void *opaque)
{
	struct virt *v = opaque;

	/* A one-shot source stays ours to remove. */
	loop_remove(v->button);
	v->button = NULL;
	pl061_set_input(v->gpio, VIRT_POWER_PIN, false);
}

static void virt_power_button(struct machine *m)
{
	struct virt *v = (struct virt *)m;

	if (v->button)
		return;
	v->button = loop_add_timer(v->loop, BUTTON_NS, 0, button_release, v);
	if (v->button)
		pl061_set_input(v->gpio, VIRT_POWER_PIN, true);
}

static void virt_free(struct machine *m)
{
	struct virt *v = (struct virt *)m;

	if (v->button)
		loop_remove(v->button);
	while (v->ndevices) {
		struct device *dev = v->devices[--v->ndevices];

		dev->ops->free(dev);
	}
	gic_free(v->gic);
	free(v);
}

static const struct machine_ops virt_ops = {
	.reset = virt_reset,
	.set_ppi = virt_set_ppi,
	.power_button = virt_power_button,
	.free = virt_free,
};

/* @dev belongs to @v from here on, whatever comes back. */
static int virt_add(struct virt *v, struct bus *bus, u64 base, u64 size, struct device *dev)
{
	v->devices[v->ndevices++] = dev;
	return bus_add(bus, base, size, dev);
}

static int create_gic(struct virt *v, const struct machine_env *env)
{
	const struct gic_config cfg = {
		.cpus = env->cpus,
		.irqs = VIRT_IRQS,
		.output = env->cpu_wires,
		.opaque = env->opaque,
	};
	int ret = gic_create(&cfg, &v->gic);

	if (!ret)
		ret = bus_add(env->bus, VIRT_GICD, GIC_WINDOW, gic_dist(v->gic));
	if (!ret)
		ret = bus_add(env->bus, VIRT_GICC, GIC_WINDOW, gic_cpu_interface(v->gic));
	return ret;
}

static int create_board(struct virt *v, const struct machine_env *env)
{
	struct device *dev;
	int ret = pl011_create(env->loop, env->serial, env->serial_input,
			       gic_spi(v->gic, VIRT_SPI_PL011), &dev);

	if (!ret)
		ret = virt_add(v, env->bus, VIRT_PL011, PL011_SIZE, dev);
	if (!ret)
		ret = pl031_create(env->loop, gic_spi(v->gic, VIRT_SPI_PL031), &dev);
	if (!ret)
		ret = virt_add(v, env->bus, VIRT_PL031, PL031_SIZE, dev);
	if (!ret)
		ret = pl061_create(gic_spi(v->gic, VIRT_SPI_PL061), &v->gpio);
	if (!ret)
		ret = virt_add(v, env->bus, VIRT_PL061, PL061_SIZE, v->gpio);
	return ret;
}

/* Slot 0 is the first that guests find, so devices fill the slots upwards. */
static int create_virtio(struct virt *v, const struct machine_env *env)
{
	for (unsigned int i = 0; i < VIRT_VIRTIO_SLOTS; i++) {
		struct virtio_device *vdev = i < env->nvirtio ? env->virtio[i] : NULL;
		struct device *dev;
		int ret = virtio_mmio_create(env->mem, gic_spi(v->gic, VIRT_SPI_VIRTIO + i), vdev, &dev);

		if (ret)
			return ret;
		if (vdev)
			env->virtio[i] = NULL;
		ret = virt_add(v, env->bus, VIRT_VIRTIO + i * VIRT_VIRTIO_STRIDE, VIRTIO_MMIO_SIZE, dev);
		if (ret)
			return ret;
	}
	return 0;
}

static int virt_create(const struct machine_env *env, struct machine **out)
{
	struct virt *v = calloc(1, sizeof(*v));
	int ret;

	if (!v)
		return -ENOMEM;
	v->machine.ops = &virt_ops;
	v->loop = env->loop;
	ret = create_gic(v, env);
	if (!ret)
		ret = create_board(v, env);
	if (!ret)
		ret = create_virtio(v, env);
	if (ret) {
		virt_free(&v->machine);
		return ret;
	}
	*out = &v->machine;
	return 0;
}

/* The board without firmware: the guest's kernel starts at EL1, PSCI is ours. */
static void virt_fit_model(struct arm_cpu_model *model)
{
	model->features &= ~(ARM_FEAT_BIT(ARM_FEAT_EL2) | ARM_FEAT_BIT(ARM_FEAT_EL3) |
			     ARM_FEAT_BIT(ARM_FEAT_GICV3));
}

const struct machine_type machine_virt = {
	.name = "virt",
	.ram_base = VIRT_RAM,
	.virtio_slots = VIRT_VIRTIO_SLOTS,
	.fit_model = virt_fit_model,
	.make_fdt = fdt_make_virt,
	.create = virt_create,
};
