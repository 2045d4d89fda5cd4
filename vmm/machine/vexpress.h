/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine vexpress-a15: a CoreTile Express V2P-CA15 (TC1) on a Versatile
 * Express motherboard with the RS1 memory map (DDI 0503, DUI 0447).  The
 * numbers that Debian's device tree of the board has; ours and the bus are
 * made from them.
 */
#ifndef VMM_MACHINE_VEXPRESS_H
#define VMM_MACHINE_VEXPRESS_H

#include "vmm/machine/machine.h"

#define VEXPRESS_FLASH0 0x08000000ULL
#define VEXPRESS_FLASH1 0x0c000000ULL
#define VEXPRESS_FLASH_SIZE 0x04000000ULL
#define VEXPRESS_PSRAM 0x14000000ULL
#define VEXPRESS_PSRAM_SIZE 0x02000000ULL
#define VEXPRESS_VRAM 0x18000000ULL
#define VEXPRESS_VRAM_SIZE 0x00800000ULL
#define VEXPRESS_LAN 0x1a000000ULL
#define VEXPRESS_USB 0x1b000000ULL

/* The motherboard's peripherals, 64 KiB apart. */
#define VEXPRESS_PERIPH 0x1c000000ULL
#define VEXPRESS_SYS 0x1c010000ULL
#define VEXPRESS_SP810 0x1c020000ULL
#define VEXPRESS_I2C_PCIE 0x1c030000ULL
#define VEXPRESS_PL041 0x1c040000ULL
#define VEXPRESS_PL181 0x1c050000ULL
#define VEXPRESS_KMI0 0x1c060000ULL
#define VEXPRESS_KMI1 0x1c070000ULL
#define VEXPRESS_UART0 0x1c090000ULL
#define VEXPRESS_UARTS 4
#define VEXPRESS_UART_STRIDE 0x10000ULL
#define VEXPRESS_SP805 0x1c0f0000ULL
#define VEXPRESS_TIMER01 0x1c110000ULL
#define VEXPRESS_TIMER23 0x1c120000ULL
#define VEXPRESS_VIRTIO 0x1c130000ULL
#define VEXPRESS_VIRTIO_STRIDE 0x200ULL
#define VEXPRESS_VIRTIO_SLOTS 4
#define VEXPRESS_I2C_DVI 0x1c160000ULL
#define VEXPRESS_PL031 0x1c170000ULL
#define VEXPRESS_CF 0x1c1a0000ULL
#define VEXPRESS_PL111 0x1c1f0000ULL

/* The tile. */
#define VEXPRESS_HDLCD 0x2b000000ULL
#define VEXPRESS_WDT 0x2b060000ULL
#define VEXPRESS_DMC 0x2b0a0000ULL
#define VEXPRESS_PRIVATE 0x2c000000ULL	/* CBAR */
#define VEXPRESS_GICD 0x2c001000ULL
#define VEXPRESS_GICC 0x2c002000ULL
#define VEXPRESS_GICH 0x2c004000ULL
#define VEXPRESS_GICV 0x2c006000ULL
#define VEXPRESS_SRAM 0x2e000000ULL
#define VEXPRESS_SRAM_SIZE 0x00010000ULL
#define VEXPRESS_DMA 0x7ffb0000ULL
#define VEXPRESS_SMC 0x7ffd0000ULL
#define VEXPRESS_RAM 0x80000000ULL

/* Shared interrupts, counted from 0 (interrupt id 32). */
#define VEXPRESS_SPI_SP805 0
#define VEXPRESS_SPI_TIMER01 2
#define VEXPRESS_SPI_TIMER23 3
#define VEXPRESS_SPI_PL031 4
#define VEXPRESS_SPI_UART0 5
#define VEXPRESS_SPI_MCI0 9
#define VEXPRESS_SPI_MCI1 10
#define VEXPRESS_SPI_PL041 11
#define VEXPRESS_SPI_KMI0 12
#define VEXPRESS_SPI_KMI1 13
#define VEXPRESS_SPI_PL111 14
#define VEXPRESS_SPI_LAN 15
#define VEXPRESS_SPI_VIRTIO 40
#define VEXPRESS_IRQS 160

extern const struct machine_type machine_vexpress_a15;

/* Our own tree for the board, and what it adds to a user's (struct machine_type). */
int fdt_make_vexpress(const struct fdt_params *p, struct fdt_blob *out);
int fdt_fit_vexpress(void *fdt, const struct fdt_params *p, char **err);

#endif
