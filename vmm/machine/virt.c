/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/machine/virt.h"

#include <stdlib.h>

#include "vmm/dev/pl011.h"
#include "vmm/dev/pl031.h"
#include "vmm/dev/pl061.h"
#include "vmm/host/loop.h"
#include "vmm/machine/board.h"

#define BUTTON_NS 100000000	/* how long a finger stays on it */

struct virt {
	struct board board;
	struct loop *loop;
	struct device *gpio;
	struct loop_source *button;	/* the release of the power button; loop's thread */
};

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
	board_destroy(&v->board);
	free(v);
}

static const struct machine_ops virt_ops = {
	.reset = board_reset,
	.set_ppi = board_set_ppi,
	.devices = board_devices,
	.power_button = virt_power_button,
	.free = virt_free,
};

static int create_board(struct virt *v, const struct machine_env *env)
{
	struct board *b = &v->board;
	struct device *dev;
	int ret = pl011_create(env->loop, env->serial, env->serial_input, board_spi(b, VIRT_SPI_PL011), &dev);

	if (!ret)
		ret = board_add(b, VIRT_PL011, PL011_SIZE, dev);
	if (!ret)
		ret = pl031_create(env->loop, board_spi(b, VIRT_SPI_PL031), &dev);
	if (!ret)
		ret = board_add(b, VIRT_PL031, PL031_SIZE, dev);
	if (!ret)
		ret = pl061_create(board_spi(b, VIRT_SPI_PL061), &v->gpio);
	if (!ret)
		ret = board_add(b, VIRT_PL061, PL061_SIZE, v->gpio);
	return ret;
}

static int virt_create(const struct machine_env *env, struct machine **out)
{
	struct virt *v = calloc(1, sizeof(*v));
	int ret;

	if (!v)
		return -ENOMEM;
	v->board.machine.ops = &virt_ops;
	v->loop = env->loop;
	ret = board_init(&v->board, env, &machine_virt.gic);
	if (!ret)
		ret = create_board(v, env);
	if (!ret)
		ret = board_add_virtio(&v->board, env, VIRT_VIRTIO, VIRT_VIRTIO_STRIDE, VIRT_SPI_VIRTIO,
				       VIRT_VIRTIO_SLOTS);
	if (ret) {
		virt_free(&v->board.machine);
		return ret;
	}
	*out = &v->board.machine;
	return 0;
}

/* The board without firmware: the guest's kernel starts at EL1, PSCI is ours. */
static void virt_fit_model(struct arm_cpu_model *model)
{
	model->features &= ~(ARM_FEAT_BIT(ARM_FEAT_EL2) | ARM_FEAT_BIT(ARM_FEAT_EL3) |
			     ARM_FEAT_BIT(ARM_FEAT_GICV3));
}

static int virt_fit_fdt(void *fdt, const struct fdt_params *p, char **err)
{
	static const char *const names[] = { "linux,dummy-virt", NULL };

	(void)p;
	return fdt_check_board(fdt, names, err);
}

const struct machine_type machine_virt = {
	.name = "virt",
	.default_cpu = "cortex-a57",
	.max_cpus = VIRT_MAX_CPUS,
	.ram_base = VIRT_RAM,
	.max_memory = 255ULL << 30,
	.gic = {
		.irqs = VIRT_IRQS,
		.dist = VIRT_GICD,
		.dist_size = GIC_WINDOW,
		.cpu = VIRT_GICC,
		.cpu_size = GIC_WINDOW,
		.redist = VIRT_GICR,
		.redist_size = VIRT_GICR_SIZE,
	},
	.virtio_slots = VIRT_VIRTIO_SLOTS,
	.fit_model = virt_fit_model,
	.make_fdt = fdt_make_virt,
	.fit_fdt = virt_fit_fdt,
	.create = virt_create,
};
