/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/machine/vexpress.h"

#include <stdlib.h>

#include "vmm/dev/absent.h"
#include "vmm/dev/cfi_flash.h"
#include "vmm/dev/lan9118.h"
#include "vmm/dev/pl011.h"
#include "vmm/dev/pl031.h"
#include "vmm/dev/pl041.h"
#include "vmm/dev/pl050.h"
#include "vmm/dev/pl111.h"
#include "vmm/dev/pl181.h"
#include "vmm/dev/sp804.h"
#include "vmm/dev/sp805.h"
#include "vmm/dev/sp810.h"
#include "vmm/dev/vexpress_sys.h"
#include "vmm/machine/board.h"
#include "vmm/mem/bus.h"

#define REFCLK 32768
#define TIMCLK 1000000
#define SYS_ID 0x1190f500	/* HBI0190, revision C */
#define SYS_PROCID 0x14000237	/* HBI0237: a V2P-CA15 */

struct vexpress;

/* The two timer modules ask about counters 0, 1 and 2, 3. */
struct timer_pair {
	struct vexpress *v;
	unsigned int first;
	struct device *dev;
};

struct vexpress {
	struct board board;
	struct device *sp810, *pl111, *pl181, *kbd, *mouse;
	struct timer_pair timers[2];
	void (*power)(void *opaque, bool reset);
	void *opaque;
};

static u32 timer_hz(void *ctx, unsigned int counter)
{
	struct timer_pair *t = ctx;

	return sp810_timer_has_timclk(t->v->sp810, t->first + counter) ? TIMCLK : REFCLK;
}

static void timer_clocks_changed(void *ctx)
{
	struct vexpress *v = ctx;

	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(v->timers); i++)
		if (v->timers[i].dev)
			sp804_clock_changed(v->timers[i].dev);
}

static void sys_power(void *ctx, bool reset)
{
	struct vexpress *v = ctx;

	v->power(v->opaque, reset);
}

static void watchdog_reset(void *ctx)
{
	sys_power(ctx, true);
}

static bool card_present(void *ctx)
{
	return pl181_card_present(((struct vexpress *)ctx)->pl181);
}

static bool card_readonly(void *ctx)
{
	return pl181_card_readonly(((struct vexpress *)ctx)->pl181);
}

static int vexpress_screenshot(struct machine *m, const char *path)
{
	return pl111_screenshot(((struct vexpress *)m)->pl111, path);
}

static int vexpress_key(struct machine *m, unsigned int keycode, bool down)
{
	return pl050_key(((struct vexpress *)m)->kbd, keycode, down);
}

static int vexpress_mouse(struct machine *m, int dx, int dy, int dz, unsigned int buttons)
{
	return pl050_mouse_move(((struct vexpress *)m)->mouse, dx, dy, dz, buttons);
}

static void vexpress_free(struct machine *m)
{
	struct vexpress *v = (struct vexpress *)m;

	board_destroy(&v->board);
	free(v);
}

static const struct machine_ops vexpress_ops = {
	.reset = board_reset,
	.set_ppi = board_set_ppi,
	.devices = board_devices,
	.screenshot = vexpress_screenshot,
	.key = vexpress_key,
	.mouse = vexpress_mouse,
	.free = vexpress_free,
};

static int add_uarts(struct vexpress *v, const struct machine_env *env)
{
	int ret = 0;

	for (unsigned int i = 0; i < VEXPRESS_UARTS && !ret; i++) {
		struct device *dev;

		ret = pl011_create(env->loop, i ? NULL : env->serial, !i && env->serial_input,
				   board_spi(&v->board, VEXPRESS_SPI_UART0 + i), &dev);
		if (!ret)
			ret = board_add(&v->board, VEXPRESS_UART0 + i * VEXPRESS_UART_STRIDE, PL011_SIZE, dev);
	}
	return ret;
}

static int add_timers(struct vexpress *v, const struct machine_env *env)
{
	static const u64 bases[] = { VEXPRESS_TIMER01, VEXPRESS_TIMER23 };
	const struct sp805_config wdt = {
		.clock = env->clock, .hz = REFCLK, .reset = watchdog_reset, .ctx = v,
	};
	struct board *b = &v->board;
	struct device *dev;
	int ret = sp810_create(timer_clocks_changed, v, &v->sp810);

	if (!ret)
		ret = board_add(b, VEXPRESS_SP810, SP810_SIZE, v->sp810);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(bases) && !ret; i++) {
		struct timer_pair *t = &v->timers[i];
		const struct sp804_clock clock = { timer_hz, t };

		*t = (struct timer_pair){ v, 2 * i, NULL };
		ret = sp804_create(env->clock, &clock, board_spi(b, VEXPRESS_SPI_TIMER01 + i), &t->dev);
		if (!ret)
			ret = board_add(b, bases[i], SP804_SIZE, t->dev);
	}
	if (!ret)
		ret = sp805_create(&wdt, board_spi(b, VEXPRESS_SPI_SP805), &dev);
	if (!ret)
		ret = board_add(b, VEXPRESS_SP805, SP805_SIZE, dev);
	return ret;
}

static int add_card_and_sys(struct vexpress *v, const struct machine_env *env)
{
	struct board *b = &v->board;
	const struct irq_line mci[2] = {
		board_spi(b, VEXPRESS_SPI_MCI0), board_spi(b, VEXPRESS_SPI_MCI1),
	};
	const struct vexpress_sys_config sys = {
		.clock = env->clock, .id = SYS_ID, .procid = SYS_PROCID, .power = env->power ? sys_power : NULL,
		.card_present = card_present, .card_readonly = card_readonly, .ctx = v,
	};
	struct device *dev;
	int ret = pl181_create(env->clock, env->parts ? env->parts->sd : NULL, mci, &v->pl181);

	if (!ret && env->parts)
		env->parts->sd = NULL;
	if (!ret)
		ret = board_add(b, VEXPRESS_PL181, PL181_SIZE, v->pl181);
	if (!ret)
		ret = vexpress_sys_create(&sys, &dev);
	if (!ret)
		ret = board_add(b, VEXPRESS_SYS, VEXPRESS_SYS_SIZE, dev);
	return ret;
}

static int add_lan(struct vexpress *v, const struct machine_env *env)
{
	const struct lan9118_config cfg = {
		.clock = env->clock, .netdev = env->parts ? env->parts->lan : NULL,
		/* Unplugged it stands beside a virtio card, which has the address that it would have. */
		.mac = { 0x52, 0x54, 0x00, 0x12, 0x34, !env->parts || !env->parts->lan ? 0x57 : 0x56 },
	};
	struct device *dev;
	int ret = lan9118_create(&cfg, board_spi(&v->board, VEXPRESS_SPI_LAN), &dev);

	if (ret)
		return ret;
	if (env->parts)
		env->parts->lan = NULL;
	return board_add(&v->board, VEXPRESS_LAN, LAN9118_SIZE, dev);
}

static int add_multimedia(struct vexpress *v, const struct machine_env *env)
{
	struct board *b = &v->board;
	struct device *dev;
	int ret = pl041_create(env->clock, board_spi(b, VEXPRESS_SPI_PL041), &dev);

	if (!ret)
		ret = board_add(b, VEXPRESS_PL041, PL041_SIZE, dev);
	if (!ret)
		ret = pl050_create(env->clock, PL050_KEYBOARD, board_spi(b, VEXPRESS_SPI_KMI0), &v->kbd);
	if (!ret)
		ret = board_add(b, VEXPRESS_KMI0, PL050_SIZE, v->kbd);
	if (!ret)
		ret = pl050_create(env->clock, PL050_MOUSE, board_spi(b, VEXPRESS_SPI_KMI1), &v->mouse);
	if (!ret)
		ret = board_add(b, VEXPRESS_KMI1, PL050_SIZE, v->mouse);
	if (!ret)
		ret = pl111_create(env->clock, env->mem, board_spi(b, VEXPRESS_SPI_PL111), &v->pl111);
	if (!ret)
		ret = board_add(b, VEXPRESS_PL111, PL111_SIZE, v->pl111);
	if (!ret)
		ret = pl031_create(env->loop, board_spi(b, VEXPRESS_SPI_PL031), &dev);
	if (!ret)
		ret = board_add(b, VEXPRESS_PL031, PL031_SIZE, dev);
	return ret;
}

static int add_flashes(struct vexpress *v, const struct machine_env *env)
{
	static const u64 bases[MACHINE_FLASHES] = { VEXPRESS_FLASH0, VEXPRESS_FLASH1 };
	int ret = 0;

	for (unsigned int i = 0; i < MACHINE_FLASHES && !ret; i++) {
		struct device *dev;

		ret = cfi_flash_create(env->parts ? env->parts->flash[i] : NULL, VEXPRESS_FLASH_SIZE, &dev);
		if (ret)
			return ret;
		if (env->parts)
			env->parts->flash[i] = NULL;
		ret = board_add(&v->board, bases[i], VEXPRESS_FLASH_SIZE, dev);
		/* The first one is at zero too, where a real board's CPUs begin. */
		if (!ret && !i)
			ret = bus_add(env->bus, 0, VEXPRESS_FLASH_SIZE, dev);
	}
	return ret;
}

/* Device trees name these, and guests look for them. */
static int add_absent(struct vexpress *v)
{
	static const struct {
		u64 base, size;
	} rows[] = {
		{ VEXPRESS_USB, 0x20000 },
		{ VEXPRESS_I2C_PCIE, 0x1000 },
		{ VEXPRESS_I2C_DVI, 0x1000 },
		{ VEXPRESS_CF, 0x1000 },
		{ VEXPRESS_HDLCD, 0x1000 },
		{ VEXPRESS_WDT, 0x1000 },
		{ VEXPRESS_DMC, 0x1000 },
		{ VEXPRESS_GICH, 0x2000 },
		{ VEXPRESS_GICV, 0x2000 },
		{ VEXPRESS_DMA, 0x1000 },
		{ VEXPRESS_SMC, 0x1000 },
	};
	int ret = 0;

	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows) && !ret; i++) {
		struct device *dev;

		ret = absent_create(&dev);
		if (!ret)
			ret = board_add(&v->board, rows[i].base, rows[i].size, dev);
	}
	return ret;
}

static int vexpress_create(const struct machine_env *env, struct machine **out)
{
	static int (*const parts[])(struct vexpress *v, const struct machine_env *env) = {
		add_uarts, add_timers, add_card_and_sys, add_lan, add_multimedia, add_flashes,
	};
	struct vexpress *v = calloc(1, sizeof(*v));
	int ret;

	if (!v)
		return -ENOMEM;
	v->board.machine.ops = &vexpress_ops;
	v->power = env->power;
	v->opaque = env->opaque;
	ret = board_init(&v->board, env, &machine_vexpress_a15.gic);
	for (size_t i = 0; i < ARM_ARRAY_SIZE(parts) && !ret; i++)
		ret = parts[i](v, env);
	if (!ret)
		ret = add_absent(v);
	if (!ret)
		ret = board_add_virtio(&v->board, env, VEXPRESS_VIRTIO, VEXPRESS_VIRTIO_STRIDE,
				       VEXPRESS_SPI_VIRTIO, VEXPRESS_VIRTIO_SLOTS);
	if (ret) {
		vexpress_free(&v->board.machine);
		return ret;
	}
	*out = &v->board.machine;
	return 0;
}

/* Nothing secure runs here, and no hypervisor: the kernel starts in SVC mode. */
static void vexpress_fit_model(struct arm_cpu_model *model)
{
	model->features &= ~(ARM_FEAT_BIT(ARM_FEAT_EL2) | ARM_FEAT_BIT(ARM_FEAT_EL3) |
			     ARM_FEAT_BIT(ARM_FEAT_GICV3));
}

const struct machine_type machine_vexpress_a15 = {
	.name = "vexpress-a15",
	.default_cpu = "cortex-a15",
	.max_cpus = 4,
	.ram_base = VEXPRESS_RAM,
	.max_memory = 30ULL << 30,
	.gic = {
		.irqs = VEXPRESS_IRQS,
		.dist = VEXPRESS_GICD,
		.dist_size = 0x1000,
		.cpu = VEXPRESS_GICC,
		.cpu_size = 0x2000,
	},
	.extra_ram = {
		{ VEXPRESS_PSRAM, VEXPRESS_PSRAM_SIZE },
		{ VEXPRESS_VRAM, VEXPRESS_VRAM_SIZE },
		{ VEXPRESS_SRAM, VEXPRESS_SRAM_SIZE },
	},
	.virtio_slots = VEXPRESS_VIRTIO_SLOTS,
	.flashes = MACHINE_FLASHES,
	.flash_size = VEXPRESS_FLASH_SIZE,
	.has_sd = true,
	.has_lan = true,
	.has_screen = true,
	.only_aarch32 = true,
	.no_psci = true,
	.pen = { VEXPRESS_SRAM, VEXPRESS_GICD, VEXPRESS_GICC, VEXPRESS_SYS + 0x30 },
	.private_base = VEXPRESS_PRIVATE,
	.fit_model = vexpress_fit_model,
	.make_fdt = fdt_make_vexpress,
	.fit_fdt = fdt_fit_vexpress,
	.create = vexpress_create,
};
