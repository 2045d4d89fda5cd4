/* SPDX-License-Identifier: GPL-2.0-only */
/* What a configuration plugs into the machine, with its host back ends: virtio devices and the parts of boards. */
#ifndef VMM_DEVICES_H
#define VMM_DEVICES_H

#include "vmm/config.h"
#include "vmm/host/image.h"
#include "vmm/machine/machine.h"

struct chardev;
struct loop;
struct virtio_device;

/* Disks, one network card, a random number generator, a console. */
#define DEVICES_MAX (CONFIG_MAX_DISKS + 3)

/* Entries that somebody else has taken over are NULL. */
struct devices {
	struct virtio_device *virtio[DEVICES_MAX];
	unsigned int nvirtio;
	struct machine_parts parts;
	struct image_set images;	/* of the disks, the card and the flash, in this order; whoever owns them */
};

/*
 * All but the console, in the order in which the guest is to find them.  0, or
 * -errno and a sentence in *@err that begins with the option (free() it).
 * devices_free() frees what is there, also after a failure.
 */
int devices_create(struct devices *d, const struct vm_config *cfg, struct loop *loop, char **err);
/* @c outlives the device.  0 or -errno. */
int devices_add_console(struct devices *d, struct loop *loop, struct chardev *c);
void devices_free(struct devices *d);

#endif
