/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device tree of virt, written front to back.  Bindings: Linux,
 * Documentation/devicetree/bindings.  The order of the virtio nodes is the
 * order in which Linux names disks.
 */
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "vmm/machine/virt.h"

#define PHANDLE_GIC 1
#define PHANDLE_CLOCK 2
#define PHANDLE_GPIO 3
#define PHANDLE_CPU 16

#define GIC_SPI 0
#define GIC_PPI 1
#define IRQ_EDGE 1
#define IRQ_LEVEL 4

#define UART_NODE "pl011@9000000"

/* The blob so far and the first error; after one, writes do nothing. */
struct writer {
	void *fdt;
	int err;
};

static void begin(struct writer *w, const char *name)
{
	if (!w->err)
		w->err = fdt_begin_node(w->fdt, name);
}

static void end(struct writer *w)
{
	if (!w->err)
		w->err = fdt_end_node(w->fdt);
}

static void prop(struct writer *w, const char *name, const void *val, size_t len)
{
	if (!w->err)
		w->err = fdt_property(w->fdt, name, val, len);
}

/* Several strings have a NUL between them in the literal. */
#define prop_strings(w, name, literal) prop(w, name, literal, sizeof(literal))

static void prop_str(struct writer *w, const char *name, const char *s)
{
	prop(w, name, s, strlen(s) + 1);
}

static void prop_cells(struct writer *w, const char *name, const u32 *cells, size_t n)
{
	fdt32_t be[32];

	for (size_t i = 0; i < n; i++)
		be[i] = cpu_to_fdt32(cells[i]);
	prop(w, name, be, n * sizeof(be[0]));
}

#define CELLS(w, name, ...) \
	prop_cells(w, name, (const u32[]){ __VA_ARGS__ }, \
		   sizeof((const u32[]){ __VA_ARGS__ }) / sizeof(u32))

static void prop_u64(struct writer *w, const char *name, u64 v)
{
	CELLS(w, name, v >> 32, (u32)v);
}

static void prop_reg(struct writer *w, u64 base, u64 size)
{
	CELLS(w, "reg", base >> 32, (u32)base, size >> 32, (u32)size);
}

static void prop_random(struct writer *w, const char *name, size_t len)
{
	u8 seed[32];

	/* Up to 256 bytes come whole, once the host is up (getrandom(2)). */
	if (getrandom(seed, len, 0) == (ssize_t)len)
		prop(w, name, seed, len);
	else if (!w->err)
		w->err = -FDT_ERR_INTERNAL;
	explicit_bzero(seed, sizeof(seed));
}

static void chosen_node(struct writer *w, const struct fdt_params *p)
{
	begin(w, "chosen");
	if (p->bootargs)
		prop_str(w, "bootargs", p->bootargs);
	prop_str(w, "stdout-path", "/" UART_NODE);
	if (p->initrd_end > p->initrd_start) {
		prop_u64(w, "linux,initrd-start", p->initrd_start);
		prop_u64(w, "linux,initrd-end", p->initrd_end);
	}
	prop_random(w, "kaslr-seed", 8);
	prop_random(w, "rng-seed", 32);
	end(w);
}

static void cpu_nodes(struct writer *w, const struct fdt_params *p)
{
	char name[16];

	begin(w, "cpus");
	CELLS(w, "#address-cells", 1);
	CELLS(w, "#size-cells", 0);
	begin(w, "cpu-map");
	begin(w, "socket0");
	begin(w, "cluster0");
	for (unsigned int i = 0; i < p->cpus; i++) {
		snprintf(name, sizeof(name), "core%u", i);
		begin(w, name);
		CELLS(w, "cpu", PHANDLE_CPU + i);
		end(w);
	}
	end(w);
	end(w);
	end(w);
	for (unsigned int i = 0; i < p->cpus; i++) {
		snprintf(name, sizeof(name), "cpu@%x", i);
		begin(w, name);
		prop_str(w, "device_type", "cpu");
		prop_str(w, "compatible", p->cpu_compatible);
		CELLS(w, "reg", i);
		prop_str(w, "enable-method", "psci");
		CELLS(w, "phandle", PHANDLE_CPU + i);
		end(w);
	}
	end(w);
}

static void psci_node(struct writer *w)
{
	begin(w, "psci");
	prop_strings(w, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
	prop_str(w, "method", "hvc");
	/* For drivers of psci before 0.2, which take the numbers from here. */
	CELLS(w, "cpu_suspend", 0xc4000001);
	CELLS(w, "cpu_off", 0x84000002);
	CELLS(w, "cpu_on", 0xc4000003);
	CELLS(w, "migrate", 0xc4000005);
	end(w);
}

static void timer_node(struct writer *w, const struct fdt_params *p)
{
	/* GICv2: bits 15:8 say which CPUs have the interrupt. */
	u32 flags = ((1u << p->cpus) - 1) << 8 | IRQ_LEVEL;

	begin(w, "timer");
	prop_strings(w, "compatible", "arm,armv8-timer\0arm,armv7-timer");
	CELLS(w, "interrupts", GIC_PPI, VIRT_PPI_TIMER_S, flags, GIC_PPI, VIRT_PPI_TIMER_NS, flags,
	      GIC_PPI, VIRT_PPI_TIMER_V, flags, GIC_PPI, VIRT_PPI_TIMER_HYP, flags);
	prop(w, "always-on", NULL, 0);
	end(w);
}

static void pmu_node(struct writer *w, const struct fdt_params *p)
{
	begin(w, "pmu");
	prop_str(w, "compatible", "arm,armv8-pmuv3");
	CELLS(w, "interrupts", GIC_PPI, VIRT_PPI_PMU, ((1u << p->cpus) - 1) << 8 | IRQ_LEVEL);
	end(w);
}

static void gic_node(struct writer *w)
{
	begin(w, "intc@8000000");
	prop_str(w, "compatible", "arm,cortex-a15-gic");
	prop(w, "interrupt-controller", NULL, 0);
	CELLS(w, "#interrupt-cells", 3);
	CELLS(w, "#address-cells", 2);
	CELLS(w, "#size-cells", 2);
	prop(w, "ranges", NULL, 0);
	CELLS(w, "reg", 0, VIRT_GICD, 0, 0x10000, 0, VIRT_GICC, 0, 0x10000);
	CELLS(w, "phandle", PHANDLE_GIC);
	end(w);
}

/* A PrimeCell with one interrupt, up to its end node. */
static void primecell(struct writer *w, const char *name, u64 base, u32 spi)
{
	begin(w, name);
	prop_reg(w, base, 0x1000);
	CELLS(w, "interrupts", GIC_SPI, spi, IRQ_LEVEL);
}

static void board_nodes(struct writer *w)
{
	begin(w, "apb-pclk");
	prop_str(w, "compatible", "fixed-clock");
	CELLS(w, "#clock-cells", 0);
	CELLS(w, "clock-frequency", 24000000);
	prop_str(w, "clock-output-names", "clk24mhz");
	CELLS(w, "phandle", PHANDLE_CLOCK);
	end(w);

	primecell(w, UART_NODE, VIRT_PL011, VIRT_SPI_PL011);
	prop_strings(w, "compatible", "arm,pl011\0arm,primecell");
	CELLS(w, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
	prop_strings(w, "clock-names", "uartclk\0apb_pclk");
	end(w);

	primecell(w, "pl031@9010000", VIRT_PL031, VIRT_SPI_PL031);
	prop_strings(w, "compatible", "arm,pl031\0arm,primecell");
	CELLS(w, "clocks", PHANDLE_CLOCK);
	prop_str(w, "clock-names", "apb_pclk");
	end(w);

	primecell(w, "pl061@9030000", VIRT_PL061, VIRT_SPI_PL061);
	prop_strings(w, "compatible", "arm,pl061\0arm,primecell");
	CELLS(w, "clocks", PHANDLE_CLOCK);
	prop_str(w, "clock-names", "apb_pclk");
	prop(w, "gpio-controller", NULL, 0);
	CELLS(w, "#gpio-cells", 2);
	CELLS(w, "phandle", PHANDLE_GPIO);
	end(w);

	begin(w, "gpio-keys");
	prop_str(w, "compatible", "gpio-keys");
	begin(w, "poweroff");
	prop_str(w, "label", "GPIO Key Poweroff");
	CELLS(w, "linux,code", 116);	/* KEY_POWER */
	CELLS(w, "gpios", PHANDLE_GPIO, VIRT_POWER_PIN, 0);
	end(w);
	end(w);
}

static void virtio_nodes(struct writer *w)
{
	char name[32];

	for (unsigned int i = 0; i < VIRT_VIRTIO_SLOTS; i++) {
		u64 base = VIRT_VIRTIO + i * VIRT_VIRTIO_STRIDE;

		snprintf(name, sizeof(name), "virtio_mmio@%llx", (unsigned long long)base);
		begin(w, name);
		prop_str(w, "compatible", "virtio,mmio");
		prop_reg(w, base, VIRT_VIRTIO_STRIDE);
		CELLS(w, "interrupts", GIC_SPI, VIRT_SPI_VIRTIO + i, IRQ_EDGE);
		prop(w, "dma-coherent", NULL, 0);
		end(w);
	}
}

static void memory_node(struct writer *w, const struct fdt_params *p)
{
	char name[32];

	snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)p->ram_base);
	begin(w, name);
	prop_str(w, "device_type", "memory");
	prop_reg(w, p->ram_base, p->ram_size);
	end(w);
}

int fdt_make_virt(const struct fdt_params *p, struct fdt_blob *out)
{
	const size_t room = 64 << 10;
	struct writer w = { calloc(1, room), 0 };

	if (!w.fdt)
		return -ENOMEM;
	w.err = fdt_create(w.fdt, room);
	if (!w.err)
		w.err = fdt_finish_reservemap(w.fdt);
	begin(&w, "");
	CELLS(&w, "#address-cells", 2);
	CELLS(&w, "#size-cells", 2);
	prop_str(&w, "compatible", "linux,dummy-virt");
	prop_str(&w, "model", "linux,dummy-virt");
	CELLS(&w, "interrupt-parent", PHANDLE_GIC);
	chosen_node(&w, p);
	memory_node(&w, p);
	cpu_nodes(&w, p);
	psci_node(&w);
	timer_node(&w, p);
	pmu_node(&w, p);
	gic_node(&w);
	board_nodes(&w);
	virtio_nodes(&w);
	end(&w);
	if (!w.err)
		w.err = fdt_finish(w.fdt);
	if (w.err) {
		free(w.fdt);
		return w.err == -FDT_ERR_NOSPACE ? -ENOSPC : -EIO;
	}
	out->blob = w.fdt;
	out->size = fdt_totalsize(w.fdt);
	return 0;
}
