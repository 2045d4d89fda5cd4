/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/devices.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/dev/cfi_flash.h"
#include "vmm/dev/sdcard.h"
#include "vmm/dev/virtio/virtio.h"
#include "vmm/host/image.h"
#include "vmm/host/log.h"
#include "vmm/host/net.h"

/* Puts the option in front of *@err, which names the thing. */
static int blame(char **err, int ret, const char *option)
{
	char *why = *err;

	*err = NULL;
	err_set(err, ret, "%s: %s", option, why ? why : strerror(-ret));
	free(why);
	return ret;
}

static int create_disks(struct devices *d, const struct vm_config *cfg, char **err)
{
	for (unsigned int i = 0; i < cfg->ndisks; i++) {
		const struct config_disk *disk = &cfg->disks[i];
		const struct virtio_blk_config blk = {
			.images = &d->images,
			.path = disk->path,
			.serial = disk->serial,
			.readonly = disk->readonly,
		};
		int ret = virtio_blk_create(&blk, &d->virtio[d->nvirtio], err);

		if (ret)
			return blame(err, ret, "--disk");
		d->nvirtio++;
	}
	return 0;
}

static int create_netdev(const struct vm_config *cfg, struct loop *loop, struct netdev **nd,
			 char **err)
{
	const struct slirp_config user = {
		.forwards = cfg->forwards,
		.nr_forwards = cfg->nforwards,
		.mtu = cfg->nic == NIC_LAN9118 ? 1500 : 0,	/* what a wire carries */
	};
	int ret;

	if (cfg->net == NET_TAP) {
		ret = netdev_tap_create(loop, cfg->net_ifname ? cfg->net_ifname : "tap0", nd, err);
		return ret ? blame(err, ret, "--net tap") : 0;
	}
	ret = netdev_slirp_create(loop, &user, nd, err);
	return ret ? blame(err, ret, cfg->nforwards ? "-p" : "--net user") : 0;
}

static int create_net(struct devices *d, const struct vm_config *cfg, struct loop *loop, char **err)
{
	struct virtio_net_config net = { .loop = loop };
	int ret;

	if (cfg->net == NET_NONE)
		return 0;
	ret = create_netdev(cfg, loop, &net.netdev, err);
	if (ret)
		return ret;
	if (cfg->nic == NIC_LAN9118) {
		d->parts.lan = net.netdev;
		return 0;
	}
	ret = virtio_net_create(&net, &d->virtio[d->nvirtio]);
	if (ret) {
		netdev_free(net.netdev);
		return blame(err, ret, "--net");
	}
	d->nvirtio++;
	return 0;
}

/* What would not be there again the next time must not be written. */
static int check_flash(const struct config_image *file, u64 size, struct image *img, char **err)
{
	u64 have = image_size(img);

	if (have > size || (have < size && !file->readonly))
		return err_set(err, -EINVAL, "--flash %s: has %llu bytes and the flash %llu; fill it up with bytes of "
			       "0xff, or add ,readonly to a smaller one", file->path, (unsigned long long)have,
			       (unsigned long long)size);
	return 0;
}

static int create_flashes(struct devices *d, const struct vm_config *cfg, char **err)
{
	int ret = 0;

	for (unsigned int i = 0; i < cfg->nflash && !ret; i++) {
		const struct config_image *file = &cfg->flash[i];

		ret = image_open_in(&d->images, file->path, file->readonly, &d->parts.flash[i], err);
		ret = ret ? blame(err, ret, "--flash") :
		      check_flash(file, cfg->machine->flash_size, d->parts.flash[i], err);
	}
	return ret;
}

static int create_parts(struct devices *d, const struct vm_config *cfg, char **err)
{
	int ret = create_flashes(d, cfg, err);

	if (ret || !cfg->sd.path)
		return ret;
	ret = sdcard_create(&d->images, cfg->sd.path, cfg->sd.readonly, &d->parts.sd, err);
	return ret ? blame(err, ret, "--sd") : 0;
}

int devices_create(struct devices *d, const struct vm_config *cfg, struct loop *loop, char **err)
{
	int ret;

	memset(d, 0, sizeof(*d));
	d->images.unlocked = cfg->incoming;
	ret = create_disks(d, cfg, err);
	if (!ret)
		ret = create_parts(d, cfg, err);
	if (!ret)
		ret = create_net(d, cfg, loop, err);
	if (ret || !cfg->rng)
		return ret;
	ret = virtio_rng_create(loop, &d->virtio[d->nvirtio]);
	if (ret)
		return blame(err, ret, "--rng");
	d->nvirtio++;
	return 0;
}

int devices_add_console(struct devices *d, struct loop *loop, struct chardev *c)
{
	int ret = virtio_console_create(loop, c, &d->virtio[d->nvirtio]);

	if (!ret)
		d->nvirtio++;
	return ret;
}

void devices_free(struct devices *d)
{
	for (unsigned int i = 0; i < d->nvirtio; i++)
		if (d->virtio[i])
			virtio_device_free(d->virtio[i]);
	d->nvirtio = 0;
	netdev_free(d->parts.lan);
	sdcard_free(d->parts.sd);
	for (unsigned int i = 0; i < MACHINE_FLASHES; i++)
		if (d->parts.flash[i])
			image_close(d->parts.flash[i]);
	memset(&d->parts, 0, sizeof(d->parts));
}
