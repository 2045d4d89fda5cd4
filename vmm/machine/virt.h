/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine virt: where everything is and which interrupt it has.  The
 * numbers are those of the board of the same name that firmware and kernels
 * are built for; the device tree and the bus are both made from them.
 */
#ifndef VMM_MACHINE_VIRT_H
#define VMM_MACHINE_VIRT_H

#include "vmm/machine/machine.h"

#define VIRT_GICD 0x08000000ULL
#define VIRT_GICC 0x08010000ULL
#define VIRT_GICR 0x080a0000ULL		/* of a GICv3, for up to 123 CPUs */
#define VIRT_GICR_SIZE 0x00f60000ULL
#define VIRT_PL011 0x09000000ULL
#define VIRT_PL031 0x09010000ULL
#define VIRT_PL061 0x09030000ULL
#define VIRT_VIRTIO 0x0a000000ULL
#define VIRT_VIRTIO_STRIDE 0x200ULL
#define VIRT_VIRTIO_SLOTS 32
#define VIRT_RAM 0x40000000ULL

/* Shared interrupts, counted from 0 (interrupt id 32). */
#define VIRT_SPI_PL011 1
#define VIRT_SPI_PL031 2
#define VIRT_SPI_PL061 7
#define VIRT_SPI_VIRTIO 16
#define VIRT_IRQS 288

/* Private interrupts, as device trees count them (id minus 16). */
#define VIRT_PPI_PMU 7
#define VIRT_PPI_TIMER_S 13
#define VIRT_PPI_TIMER_NS 14
#define VIRT_PPI_TIMER_V 11
#define VIRT_PPI_TIMER_HYP 10

#define VIRT_POWER_PIN 3
#define VIRT_MAX_CPUS 8		/* of a GICv2, and of the engine */

extern const struct machine_type machine_virt;

#endif
