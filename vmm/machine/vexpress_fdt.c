/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device trees of vexpress-a15: one of our own, flat, with what this machine
 * has, and what is added to a user's (Debian's, say).  Bindings: Linux,
 * Documentation/devicetree/bindings/arm/vexpress-*.
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "vmm/host/log.h"
#include "vmm/machine/fdt_write.h"
#include "vmm/machine/vexpress.h"

enum {
	PHANDLE_GIC = 1,
	PHANDLE_CLK24,
	PHANDLE_TIMCLK,
	PHANDLE_REFCLK,
	PHANDLE_3V3,
	PHANDLE_SYSREG,
	PHANDLE_LEDS,
	PHANDLE_MCI,
	PHANDLE_SP810,
	PHANDLE_CLCDCLK,
	PHANDLE_VRAM,
	PHANDLE_PANEL_IN,
	PHANDLE_CLCD_OUT,
	PHANDLE_CPU = 32,
};

/* Private interrupts, as device trees count them (id minus 16). */
#define PPI_TIMER_S 13
#define PPI_TIMER_NS 14
#define PPI_TIMER_V 11
#define PPI_TIMER_HYP 10

#define BASE_ADDRESS_CELLS 2
#define BASE_SIZE_CELLS 2

static void clock_node(struct fdt_writer *w, const char *name, u32 hz, u32 phandle)
{
	fdt_node(w, name);
	fdt_str(w, "compatible", "fixed-clock");
	FDT_CELLS(w, "#clock-cells", 0);
	FDT_CELLS(w, "clock-frequency", hz);
	FDT_CELLS(w, "phandle", phandle);
	fdt_end(w);
}

static void base_nodes(struct fdt_writer *w, const struct fdt_params *p)
{
	u32 flags = fdt_ppi_mask(p) | FDT_IRQ_LEVEL_LOW;

	clock_node(w, "clk24mhz", 24000000, PHANDLE_CLK24);
	clock_node(w, "refclk1mhz", 1000000, PHANDLE_TIMCLK);
	clock_node(w, "refclk32khz", 32768, PHANDLE_REFCLK);
	fdt_node(w, "fixed-regulator-0");
	fdt_str(w, "compatible", "regulator-fixed");
	fdt_str(w, "regulator-name", "3V3");
	FDT_CELLS(w, "regulator-min-microvolt", 3300000);
	FDT_CELLS(w, "regulator-max-microvolt", 3300000);
	fdt_prop(w, "regulator-always-on", NULL, 0);
	FDT_CELLS(w, "phandle", PHANDLE_3V3);
	fdt_end(w);

	fdt_node_at(w, "interrupt-controller", VEXPRESS_GICD);
	fdt_str(w, "compatible", "arm,cortex-a15-gic");
	FDT_CELLS(w, "#interrupt-cells", 3);
	FDT_CELLS(w, "#address-cells", 0);
	fdt_prop(w, "interrupt-controller", NULL, 0);
	FDT_CELLS(w, "reg", 0, VEXPRESS_GICD, 0, 0x1000, 0, VEXPRESS_GICC, 0, 0x2000);
	FDT_CELLS(w, "phandle", PHANDLE_GIC);
	fdt_end(w);

	fdt_node(w, "timer");
	fdt_str(w, "compatible", "arm,armv7-timer");
	FDT_CELLS(w, "interrupts", FDT_GIC_PPI, PPI_TIMER_S, flags, FDT_GIC_PPI, PPI_TIMER_NS, flags,
		  FDT_GIC_PPI, PPI_TIMER_V, flags, FDT_GIC_PPI, PPI_TIMER_HYP, flags);
	fdt_end(w);
}

static void memories(struct fdt_writer *w)
{
	fdt_node(w, "reserved-memory");
	FDT_CELLS(w, "#address-cells", BASE_ADDRESS_CELLS);
	FDT_CELLS(w, "#size-cells", BASE_SIZE_CELLS);
	fdt_prop(w, "ranges", NULL, 0);
	fdt_node_at(w, "vram", VEXPRESS_VRAM);
	fdt_str(w, "compatible", "shared-dma-pool");
	fdt_reg(w, VEXPRESS_VRAM, VEXPRESS_VRAM_SIZE);
	fdt_prop(w, "no-map", NULL, 0);
	FDT_CELLS(w, "phandle", PHANDLE_VRAM);
	fdt_end(w);
	fdt_end(w);

	fdt_node_at(w, "flash", VEXPRESS_FLASH0);
	fdt_strings(w, "compatible", "arm,vexpress-flash\0cfi-flash");
	FDT_CELLS(w, "reg", 0, VEXPRESS_FLASH0, 0, VEXPRESS_FLASH_SIZE, 0, VEXPRESS_FLASH1, 0, VEXPRESS_FLASH_SIZE);
	FDT_CELLS(w, "bank-width", 4);
	fdt_end(w);

	fdt_node_at(w, "psram", VEXPRESS_PSRAM);
	fdt_strings(w, "compatible", "arm,vexpress-psram\0mtd-ram");
	fdt_reg(w, VEXPRESS_PSRAM, VEXPRESS_PSRAM_SIZE);
	FDT_CELLS(w, "bank-width", 4);
	fdt_end(w);

	fdt_node_at(w, "ethernet", VEXPRESS_LAN);
	fdt_strings(w, "compatible", "smsc,lan9118\0smsc,lan9115");
	fdt_reg(w, VEXPRESS_LAN, 0x10000);
	FDT_CELLS(w, "interrupts", FDT_GIC_SPI, VEXPRESS_SPI_LAN, FDT_IRQ_LEVEL);
	fdt_str(w, "phy-mode", "mii");
	FDT_CELLS(w, "reg-io-width", 4);
	fdt_prop(w, "smsc,irq-active-high", NULL, 0);
	fdt_prop(w, "smsc,irq-push-pull", NULL, 0);
	FDT_CELLS(w, "vdd33a-supply", PHANDLE_3V3);
	FDT_CELLS(w, "vddvario-supply", PHANDLE_3V3);
	fdt_end(w);
}

static void sysreg_gpio(struct fdt_writer *w, const char *name, const char *compatible, u32 off, u32 phandle)
{
	fdt_node(w, name);
	fdt_str(w, "compatible", compatible);
	FDT_CELLS(w, "reg", off, 4);
	fdt_prop(w, "gpio-controller", NULL, 0);
	FDT_CELLS(w, "#gpio-cells", 2);
	FDT_CELLS(w, "phandle", phandle);
	fdt_end(w);
}

static void config_node(struct fdt_writer *w, const char *name, const char *compatible, u32 function)
{
	fdt_node(w, name);
	fdt_str(w, "compatible", compatible);
	FDT_CELLS(w, "arm,vexpress-sysreg,func", function, 0);
	fdt_end(w);
}

static void sys_nodes(struct fdt_writer *w)
{
	fdt_node_at(w, "sysreg", VEXPRESS_SYS);
	fdt_str(w, "compatible", "arm,vexpress-sysreg");
	fdt_reg(w, VEXPRESS_SYS, 0x1000);
	FDT_CELLS(w, "#address-cells", 1);
	FDT_CELLS(w, "#size-cells", 1);
	FDT_CELLS(w, "ranges", 0, 0, VEXPRESS_SYS, 0x1000);
	FDT_CELLS(w, "phandle", PHANDLE_SYSREG);
	sysreg_gpio(w, "gpio@8", "arm,vexpress-sysreg,sys_led", 8, PHANDLE_LEDS);
	sysreg_gpio(w, "gpio@48", "arm,vexpress-sysreg,sys_mci", 0x48, PHANDLE_MCI);
	fdt_end(w);

	fdt_node(w, "mcc");
	fdt_str(w, "compatible", "arm,vexpress,config-bus");
	FDT_CELLS(w, "arm,vexpress,site", 0);
	FDT_CELLS(w, "arm,vexpress,config-bridge", PHANDLE_SYSREG);
	fdt_node(w, "oscclk1");
	fdt_str(w, "compatible", "arm,vexpress-osc");
	FDT_CELLS(w, "arm,vexpress-sysreg,func", 1, 1);
	FDT_CELLS(w, "freq-range", 23750000, 65000000);
	FDT_CELLS(w, "#clock-cells", 0);
	fdt_str(w, "clock-output-names", "v2m:oscclk1");
	FDT_CELLS(w, "phandle", PHANDLE_CLCDCLK);
	fdt_end(w);
	config_node(w, "temp-mcc", "arm,vexpress-temp", 4);
	config_node(w, "reset", "arm,vexpress-reset", 5);
	config_node(w, "muxfpga", "arm,vexpress-muxfpga", 7);
	config_node(w, "shutdown", "arm,vexpress-shutdown", 8);
	config_node(w, "reboot", "arm,vexpress-reboot", 9);
	config_node(w, "dvimode", "arm,vexpress-dvimode", 11);
	fdt_end(w);
}

/* A PrimeCell up to its end node. */
static void primecell(struct fdt_writer *w, const char *name, const char *part, u64 base, u32 spi)
{
	char compatible[32];
	int n = snprintf(compatible, sizeof(compatible), "arm,%s", part) + 1;

	n += snprintf(compatible + n, sizeof(compatible) - n, "arm,primecell") + 1;
	fdt_node_at(w, name, base);
	fdt_prop(w, "compatible", compatible, n);
	fdt_reg(w, base, 0x1000);
	FDT_CELLS(w, "interrupts", FDT_GIC_SPI, spi, FDT_IRQ_LEVEL);
}

/* One with a clock of its own beside the bus's, which has the same source. */
static void clocked_cell(struct fdt_writer *w, const char *name, const char *part, u64 base, u32 spi,
			 const char *clock)
{
	char names[32];
	int n = snprintf(names, sizeof(names), "%s", clock) + 1;

	n += snprintf(names + n, sizeof(names) - n, "apb_pclk") + 1;
	primecell(w, name, part, base, spi);
	FDT_CELLS(w, "clocks", PHANDLE_CLK24, PHANDLE_CLK24);
	fdt_prop(w, "clock-names", names, n);
	fdt_end(w);
}

static void plain_cell(struct fdt_writer *w, const char *name, const char *part, u64 base, u32 spi)
{
	primecell(w, name, part, base, spi);
	FDT_CELLS(w, "clocks", PHANDLE_CLK24);
	fdt_str(w, "clock-names", "apb_pclk");
	fdt_end(w);
}

static void timer_cells(struct fdt_writer *w)
{
	fdt_node_at(w, "sysctl", VEXPRESS_SP810);
	fdt_strings(w, "compatible", "arm,sp810\0arm,primecell");
	fdt_reg(w, VEXPRESS_SP810, 0x1000);
	FDT_CELLS(w, "clocks", PHANDLE_REFCLK, PHANDLE_TIMCLK, PHANDLE_CLK24);
	fdt_strings(w, "clock-names", "refclk\0timclk\0apb_pclk");
	FDT_CELLS(w, "#clock-cells", 1);
	fdt_strings(w, "clock-output-names", "timerclken0\0timerclken1\0timerclken2\0timerclken3");
	FDT_CELLS(w, "assigned-clocks", PHANDLE_SP810, 0, PHANDLE_SP810, 1, PHANDLE_SP810, 2, PHANDLE_SP810, 3);
	FDT_CELLS(w, "assigned-clock-parents", PHANDLE_TIMCLK, PHANDLE_TIMCLK, PHANDLE_TIMCLK, PHANDLE_TIMCLK);
	FDT_CELLS(w, "phandle", PHANDLE_SP810);
	fdt_end(w);

	for (u32 i = 0; i < 2; i++) {
		primecell(w, "timer", "sp804", i ? VEXPRESS_TIMER23 : VEXPRESS_TIMER01, VEXPRESS_SPI_TIMER01 + i);
		FDT_CELLS(w, "clocks", PHANDLE_SP810, 2 * i, PHANDLE_SP810, 2 * i + 1, PHANDLE_CLK24);
		fdt_strings(w, "clock-names", "timclken1\0timclken2\0apb_pclk");
		fdt_end(w);
	}
	primecell(w, "watchdog", "sp805", VEXPRESS_SP805, VEXPRESS_SPI_SP805);
	FDT_CELLS(w, "clocks", PHANDLE_REFCLK, PHANDLE_CLK24);
	fdt_strings(w, "clock-names", "wdog_clk\0apb_pclk");
	fdt_end(w);
}

static void endpoint(struct fdt_writer *w, u32 self, u32 remote, bool clcd)
{
	fdt_node(w, "port");
	fdt_node(w, "endpoint");
	FDT_CELLS(w, "remote-endpoint", remote);
	if (clcd)
		FDT_CELLS(w, "arm,pl11x,tft-r0g0b0-pads", 0, 8, 16);
	FDT_CELLS(w, "phandle", self);
	fdt_end(w);
	fdt_end(w);
}

/*
 * In place of the DVI transmitter, which is not there: a panel of the largest size that
 * its clock and Linux's clcd-pl11x allow, VESA's 1024x768 at 60 Hz.
 */
static void panel_node(struct fdt_writer *w)
{
	static const struct {
		const char *name;
		u32 val;
	} timing[] = {
		{ "clock-frequency", 65000000 },
		{ "hactive", 1024 }, { "hfront-porch", 24 }, { "hsync-len", 136 }, { "hback-porch", 160 },
		{ "vactive", 768 }, { "vfront-porch", 3 }, { "vsync-len", 6 }, { "vback-porch", 29 },
		{ "hsync-active", 0 }, { "vsync-active", 0 }, { "de-active", 1 }, { "pixelclk-active", 1 },
	};

	fdt_node(w, "panel");
	fdt_str(w, "compatible", "panel-dpi");
	fdt_node(w, "panel-timing");
	for (size_t i = 0; i < ARM_ARRAY_SIZE(timing); i++)
		FDT_CELLS(w, timing[i].name, timing[i].val);
	fdt_end(w);
	endpoint(w, PHANDLE_PANEL_IN, PHANDLE_CLCD_OUT, false);
	fdt_end(w);
}

static void display_nodes(struct fdt_writer *w)
{
	primecell(w, "clcd", "pl111", VEXPRESS_PL111, VEXPRESS_SPI_PL111);
	fdt_str(w, "interrupt-names", "combined");
	FDT_CELLS(w, "clocks", PHANDLE_CLCDCLK, PHANDLE_CLK24);
	fdt_strings(w, "clock-names", "clcdclk\0apb_pclk");
	FDT_CELLS(w, "memory-region", PHANDLE_VRAM);
	endpoint(w, PHANDLE_CLCD_OUT, PHANDLE_PANEL_IN, true);
	fdt_end(w);
	panel_node(w);
}

static void cell_nodes(struct fdt_writer *w)
{
	timer_cells(w);
	plain_cell(w, "aaci", "pl041", VEXPRESS_PL041, VEXPRESS_SPI_PL041);
	fdt_node_at(w, "mmc", VEXPRESS_PL181);
	fdt_strings(w, "compatible", "arm,pl180\0arm,primecell");
	fdt_reg(w, VEXPRESS_PL181, 0x1000);
	FDT_CELLS(w, "interrupts", FDT_GIC_SPI, VEXPRESS_SPI_MCI0, FDT_IRQ_LEVEL, FDT_GIC_SPI, VEXPRESS_SPI_MCI1,
		  FDT_IRQ_LEVEL);
	FDT_CELLS(w, "cd-gpios", PHANDLE_MCI, 0, 0);
	FDT_CELLS(w, "wp-gpios", PHANDLE_MCI, 1, 0);
	FDT_CELLS(w, "max-frequency", 12000000);
	FDT_CELLS(w, "vmmc-supply", PHANDLE_3V3);
	FDT_CELLS(w, "clocks", PHANDLE_CLK24, PHANDLE_CLK24);
	fdt_strings(w, "clock-names", "mclk\0apb_pclk");
	fdt_end(w);
	clocked_cell(w, "kmi", "pl050", VEXPRESS_KMI0, VEXPRESS_SPI_KMI0, "KMIREFCLK");
	clocked_cell(w, "kmi", "pl050", VEXPRESS_KMI1, VEXPRESS_SPI_KMI1, "KMIREFCLK");
	for (unsigned int i = 0; i < VEXPRESS_UARTS; i++)
		clocked_cell(w, "serial", "pl011", VEXPRESS_UART0 + i * VEXPRESS_UART_STRIDE,
			     VEXPRESS_SPI_UART0 + i, "uartclk");
	plain_cell(w, "rtc", "pl031", VEXPRESS_PL031, VEXPRESS_SPI_PL031);
	display_nodes(w);
}

static void virtio_nodes(struct fdt_writer *w)
{
	for (unsigned int i = 0; i < VEXPRESS_VIRTIO_SLOTS; i++) {
		fdt_node_at(w, "virtio_mmio", VEXPRESS_VIRTIO + i * VEXPRESS_VIRTIO_STRIDE);
		fdt_str(w, "compatible", "virtio,mmio");
		fdt_reg(w, VEXPRESS_VIRTIO + i * VEXPRESS_VIRTIO_STRIDE, VEXPRESS_VIRTIO_STRIDE);
		FDT_CELLS(w, "interrupts", FDT_GIC_SPI, VEXPRESS_SPI_VIRTIO + i, FDT_IRQ_EDGE);
		fdt_prop(w, "dma-coherent", NULL, 0);
		fdt_end(w);
	}
}

static void alias_nodes(struct fdt_writer *w)
{
	char name[16], path[32];

	fdt_node(w, "aliases");
	for (unsigned int i = 0; i < VEXPRESS_UARTS; i++) {
		snprintf(name, sizeof(name), "serial%u", i);
		snprintf(path, sizeof(path), "/serial@%llx", VEXPRESS_UART0 + i * VEXPRESS_UART_STRIDE);
		fdt_str(w, name, path);
	}
	fdt_end(w);
}

int fdt_make_vexpress(const struct fdt_params *p, struct fdt_blob *out)
{
	struct fdt_writer w;

	fdt_write_start(&w, 64 << 10);
	fdt_str(&w, "model", "V2P-CA15");
	fdt_strings(&w, "compatible", "arm,vexpress,v2p-ca15,tc1\0arm,vexpress,v2p-ca15\0arm,vexpress");
	FDT_CELLS(&w, "arm,hbi", 0x237);
	FDT_CELLS(&w, "arm,vexpress,site", 0xf);
	FDT_CELLS(&w, "interrupt-parent", PHANDLE_GIC);
	FDT_CELLS(&w, "#address-cells", BASE_ADDRESS_CELLS);
	FDT_CELLS(&w, "#size-cells", BASE_SIZE_CELLS);
	fdt_chosen_node(&w, p, "serial0");
	alias_nodes(&w);
	fdt_memory_node(&w, p);
	fdt_cpu_nodes(&w, p, NULL, PHANDLE_CPU);
	base_nodes(&w, p);
	memories(&w);
	sys_nodes(&w);
	cell_nodes(&w);
	virtio_nodes(&w);
	return fdt_write_finish(&w, out);
}

/* As many CPUs as there are, whatever the tree was made for. */
static int fit_cpus(void *fdt, const struct fdt_params *p)
{
	int parent = fdt_path_offset(fdt, "/cpus"), ret = 0;
	char name[16];

	if (parent == -FDT_ERR_NOTFOUND)
		return 0;
	for (unsigned int i = 0; i < 16 && !ret; i++) {
		int node;

		snprintf(name, sizeof(name), "cpu@%x", i);
		node = fdt_subnode_offset(fdt, parent, name);
		if (node >= 0 && i >= p->cpus)
			ret = fdt_del_node(fdt, node);
		if (node != -FDT_ERR_NOTFOUND || i >= p->cpus)
			continue;
		node = fdt_add_subnode(fdt, parent, name);
		if (node < 0)
			return node;
		ret = fdt_setprop_string(fdt, node, "device_type", "cpu");
		if (!ret)
			ret = fdt_setprop_string(fdt, node, "compatible", p->cpu_compatible);
		if (!ret)
			ret = fdt_setprop_u32(fdt, node, "reg", i);
	}
	return ret;
}

/* The interrupts are those of the root's parent, the GIC. */
static int fit_virtio(void *fdt)
{
	char name[32];
	int ret = 0;

	if (fdt_node_offset_by_compatible(fdt, -1, "virtio,mmio") >= 0)
		return 0;
	/* Each new node comes before the others, and guests find slot 0 first. */
	for (unsigned int i = VEXPRESS_VIRTIO_SLOTS; i-- && !ret;) {
		u64 base = VEXPRESS_VIRTIO + i * VEXPRESS_VIRTIO_STRIDE;
		const fdt32_t irq[] = {
			cpu_to_fdt32(FDT_GIC_SPI), cpu_to_fdt32(VEXPRESS_SPI_VIRTIO + i), cpu_to_fdt32(FDT_IRQ_EDGE),
		};
		int node;

		snprintf(name, sizeof(name), "virtio_mmio@%llx", (unsigned long long)base);
		node = fdt_add_subnode(fdt, 0, name);
		if (node < 0)
			return node;
		ret = fdt_setprop_string(fdt, node, "compatible", "virtio,mmio");
		if (!ret)
			ret = fdt_appendprop_addrrange(fdt, 0, node, "reg", base, VEXPRESS_VIRTIO_STRIDE);
		if (!ret)
			ret = fdt_setprop(fdt, node, "interrupts", irq, sizeof(irq));
		if (!ret)
			ret = fdt_setprop_empty(fdt, node, "dma-coherent");
	}
	return ret;
}

/* Without one, a kernel without console= is silent. */
static int fit_console(void *fdt)
{
	int chosen = fdt_path_offset(fdt, "/chosen"), aliases = fdt_path_offset(fdt, "/aliases");

	if (chosen < 0 || aliases < 0 || fdt_getprop(fdt, chosen, "stdout-path", NULL) ||
	    !fdt_getprop(fdt, aliases, "serial0", NULL))
		return 0;
	return fdt_setprop_string(fdt, chosen, "stdout-path", "serial0");
}

int fdt_fit_vexpress(void *fdt, const struct fdt_params *p, char **err)
{
	static const char *const names[] = { "arm,vexpress,v2p-ca15,tc1", "arm,vexpress,v2p-ca15", NULL };
	int ret = fdt_check_board(fdt, names, err);

	if (ret)
		return ret;
	ret = fit_cpus(fdt, p);
	if (!ret)
		ret = fit_virtio(fdt);
	if (!ret)
		ret = fit_console(fdt);
	return ret ? err_set(err, -EINVAL, "cannot be given this machine's CPUs and virtio slots (%s)",
			     fdt_strerror(ret)) : 0;
}
