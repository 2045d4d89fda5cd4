/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device tree of virt, written front to back.  Bindings: Linux,
 * Documentation/devicetree/bindings.  The order of the virtio nodes is the
 * order in which Linux names disks.
 */
#include "vmm/machine/virt.h"

#include "vmm/machine/fdt_write.h"

#define PHANDLE_GIC 1
#define PHANDLE_CLOCK 2
#define PHANDLE_GPIO 3
#define PHANDLE_CPU 16

#define UART_NODE "pl011@9000000"

static void psci_node(struct fdt_writer *w, const struct fdt_params *p)
{
	/* SMC64 calls have bit 30. */
	u32 width = p->aarch32 ? 0x84000000 : 0xc4000000;

	fdt_node(w, "psci");
	fdt_strings(w, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
	fdt_str(w, "method", "hvc");
	/* For drivers of psci before 0.2, which take the numbers from here. */
	FDT_CELLS(w, "cpu_suspend", width | 1);
	FDT_CELLS(w, "cpu_off", 0x84000002);
	FDT_CELLS(w, "cpu_on", width | 3);
	FDT_CELLS(w, "migrate", width | 5);
	fdt_end(w);
}

static void timer_node(struct fdt_writer *w, const struct fdt_params *p)
{
	u32 flags = fdt_ppi_mask(p) | FDT_IRQ_LEVEL;

	fdt_node(w, "timer");
	if (p->armv7)
		fdt_str(w, "compatible", "arm,armv7-timer");
	else
		fdt_strings(w, "compatible", "arm,armv8-timer\0arm,armv7-timer");
	FDT_CELLS(w, "interrupts", FDT_GIC_PPI, VIRT_PPI_TIMER_S, flags, FDT_GIC_PPI, VIRT_PPI_TIMER_NS, flags,
		  FDT_GIC_PPI, VIRT_PPI_TIMER_V, flags, FDT_GIC_PPI, VIRT_PPI_TIMER_HYP, flags);
	fdt_prop(w, "always-on", NULL, 0);
	fdt_end(w);
}

/* The 32-bit parts have one interrupt per CPU on this board's like, and none is wired here. */
static void pmu_node(struct fdt_writer *w, const struct fdt_params *p)
{
	if (p->armv7 || p->no_pmu)
		return;
	fdt_node(w, "pmu");
	fdt_str(w, "compatible", "arm,armv8-pmuv3");
	FDT_CELLS(w, "interrupts", FDT_GIC_PPI, VIRT_PPI_PMU, fdt_ppi_mask(p) | FDT_IRQ_LEVEL);
	fdt_end(w);
}

static void gic_node(struct fdt_writer *w, const struct fdt_params *p)
{
	fdt_node(w, "intc@8000000");
	fdt_str(w, "compatible", p->gic_version == 3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
	fdt_prop(w, "interrupt-controller", NULL, 0);
	FDT_CELLS(w, "#interrupt-cells", 3);
	FDT_CELLS(w, "#address-cells", 2);
	FDT_CELLS(w, "#size-cells", 2);
	fdt_prop(w, "ranges", NULL, 0);
	if (p->gic_version == 3)
		FDT_CELLS(w, "reg", 0, VIRT_GICD, 0, 0x10000, 0, VIRT_GICR, 0, VIRT_GICR_SIZE);
	else
		FDT_CELLS(w, "reg", 0, VIRT_GICD, 0, 0x10000, 0, VIRT_GICC, 0, 0x10000);
	FDT_CELLS(w, "phandle", PHANDLE_GIC);
	fdt_end(w);
}

/* A PrimeCell with one interrupt, up to its end node. */
static void primecell(struct fdt_writer *w, const char *name, u64 base, u32 spi)
{
	fdt_node(w, name);
	fdt_reg(w, base, 0x1000);
	FDT_CELLS(w, "interrupts", FDT_GIC_SPI, spi, FDT_IRQ_LEVEL);
}

static void board_nodes(struct fdt_writer *w)
{
	fdt_node(w, "apb-pclk");
	fdt_str(w, "compatible", "fixed-clock");
	FDT_CELLS(w, "#clock-cells", 0);
	FDT_CELLS(w, "clock-frequency", 24000000);
	fdt_str(w, "clock-output-names", "clk24mhz");
	FDT_CELLS(w, "phandle", PHANDLE_CLOCK);
	fdt_end(w);

	primecell(w, UART_NODE, VIRT_PL011, VIRT_SPI_PL011);
	fdt_strings(w, "compatible", "arm,pl011\0arm,primecell");
	FDT_CELLS(w, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
	fdt_strings(w, "clock-names", "uartclk\0apb_pclk");
	fdt_end(w);

	primecell(w, "pl031@9010000", VIRT_PL031, VIRT_SPI_PL031);
	fdt_strings(w, "compatible", "arm,pl031\0arm,primecell");
	FDT_CELLS(w, "clocks", PHANDLE_CLOCK);
	fdt_str(w, "clock-names", "apb_pclk");
	fdt_end(w);

	primecell(w, "pl061@9030000", VIRT_PL061, VIRT_SPI_PL061);
	fdt_strings(w, "compatible", "arm,pl061\0arm,primecell");
	FDT_CELLS(w, "clocks", PHANDLE_CLOCK);
	fdt_str(w, "clock-names", "apb_pclk");
	fdt_prop(w, "gpio-controller", NULL, 0);
	FDT_CELLS(w, "#gpio-cells", 2);
	FDT_CELLS(w, "phandle", PHANDLE_GPIO);
	fdt_end(w);

	fdt_node(w, "gpio-keys");
	fdt_str(w, "compatible", "gpio-keys");
	fdt_node(w, "poweroff");
	fdt_str(w, "label", "GPIO Key Poweroff");
	FDT_CELLS(w, "linux,code", 116);	/* KEY_POWER */
	FDT_CELLS(w, "gpios", PHANDLE_GPIO, VIRT_POWER_PIN, 0);
	fdt_end(w);
	fdt_end(w);
}

static void virtio_nodes(struct fdt_writer *w)
{
	for (unsigned int i = 0; i < VIRT_VIRTIO_SLOTS; i++) {
		u64 base = VIRT_VIRTIO + i * VIRT_VIRTIO_STRIDE;

		fdt_node_at(w, "virtio_mmio", base);
		fdt_str(w, "compatible", "virtio,mmio");
		fdt_reg(w, base, VIRT_VIRTIO_STRIDE);
		FDT_CELLS(w, "interrupts", FDT_GIC_SPI, VIRT_SPI_VIRTIO + i, FDT_IRQ_EDGE);
		fdt_prop(w, "dma-coherent", NULL, 0);
		fdt_end(w);
	}
}

int fdt_make_virt(const struct fdt_params *p, struct fdt_blob *out)
{
	struct fdt_writer w;

	fdt_write_start(&w, 64 << 10);
	FDT_CELLS(&w, "#address-cells", 2);
	FDT_CELLS(&w, "#size-cells", 2);
	fdt_str(&w, "compatible", "linux,dummy-virt");
	fdt_str(&w, "model", "linux,dummy-virt");
	FDT_CELLS(&w, "interrupt-parent", PHANDLE_GIC);
	fdt_chosen_node(&w, p, "/" UART_NODE);
	fdt_memory_node(&w, p);
	fdt_cpu_nodes(&w, p, "psci", PHANDLE_CPU);
	psci_node(&w, p);
	timer_node(&w, p);
	pmu_node(&w, p);
	gic_node(&w, p);
	board_nodes(&w);
	virtio_nodes(&w);
	return fdt_write_finish(&w, out);
}
