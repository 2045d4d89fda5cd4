/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/mem/bus.h"

#include <stdlib.h>
#include <string.h>

#include "emu/emu.h"

struct window {
	u64 base;
	u64 size;
	struct device *dev;
};

struct bus {
	struct window *windows;		/* by address */
	unsigned int nwindows;
	/*
	 * The window that a vCPU hit last, a cache line each; a guess that is
	 * checked before use.  Only that vCPU's thread touches it.
	 */
	struct {
		unsigned int index;
	} __attribute__((aligned(64))) last[EMU_MAX_CPUS];
};

struct bus *bus_create(void)
{
	struct bus *bus = aligned_alloc(64, sizeof(*bus));

	if (bus)
		memset(bus, 0, sizeof(*bus));
	return bus;
}

void bus_free(struct bus *bus)
{
	if (!bus)
		return;
	free(bus->windows);
	free(bus);
}

/* The first window that ends above @ipa; nwindows if none does. */
static unsigned int bus_search(const struct bus *bus, u64 ipa)
{
	unsigned int lo = 0, hi = bus->nwindows;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;
		const struct window *w = &bus->windows[mid];

		if (w->base + (w->size - 1) < ipa)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int bus_add(struct bus *bus, u64 base, u64 size, struct device *dev)
{
	struct window *windows;
	unsigned int at;

	if (!size || base + (size - 1) < base || !dev)
		return -EINVAL;
	at = bus_search(bus, base);
	if (at < bus->nwindows && bus->windows[at].base <= base + (size - 1))
		return -EEXIST;
	windows = realloc(bus->windows, (bus->nwindows + 1) * sizeof(*windows));
	if (!windows)
		return -ENOMEM;
	memmove(windows + at + 1, windows + at, (bus->nwindows - at) * sizeof(*windows));
	windows[at] = (struct window){ base, size, dev };
	bus->windows = windows;
	bus->nwindows++;
	return 0;
}

static bool window_has(const struct window *w, u64 ipa)
{
	return ipa - w->base < w->size;
}

static const struct window *bus_find(struct bus *bus, unsigned int cpu, u64 ipa)
{
	unsigned int at = bus->last[cpu].index;

	if (at < bus->nwindows && window_has(&bus->windows[at], ipa))
		return &bus->windows[at];
	at = bus_search(bus, ipa);
	if (at == bus->nwindows || !window_has(&bus->windows[at], ipa))
		return NULL;
	bus->last[cpu].index = at;
	return &bus->windows[at];
}

/* Which window, and whether the access may go there at all. */
static enum arm_result bus_route(struct bus *bus, unsigned int cpu, u64 ipa, unsigned int size,
				 const struct window **out)
{
	const struct window *w;

	if (cpu >= EMU_MAX_CPUS || !size || size > 8 || size & (size - 1) || ipa & (size - 1))
		return ARM_FORBIDDEN;
	w = bus_find(bus, cpu, ipa);
	if (!w)
		return ARM_NOT_MINE;
	if (w->size - (ipa - w->base) < size)
		return ARM_FORBIDDEN;
	*out = w;
	return ARM_HANDLED;
}

enum arm_result bus_read(struct bus *bus, unsigned int cpu, u64 ipa, unsigned int size, u64 *val)
{
	const struct window *w = NULL;
	enum arm_result res = bus_route(bus, cpu, ipa, size, &w);
	struct device *dev;
	u64 off, hi = 0;

	if (res != ARM_HANDLED)
		return res;
	dev = w->dev;
	off = ipa - w->base;
	*val = 0;
	res = dev->ops->read(dev, cpu, off, size, val);
	if (size != 8 || res != ARM_NOT_MINE)
		return res;
	res = dev->ops->read(dev, cpu, off, 4, val);
	if (res == ARM_HANDLED)
		res = dev->ops->read(dev, cpu, off + 4, 4, &hi);
	*val = (u32)*val | hi << 32;
	return res;
}

enum arm_result bus_write(struct bus *bus, unsigned int cpu, u64 ipa, unsigned int size, u64 val)
{
	const struct window *w = NULL;
	enum arm_result res = bus_route(bus, cpu, ipa, size, &w);
	struct device *dev;
	u64 off;

	if (res != ARM_HANDLED)
		return res;
	dev = w->dev;
	off = ipa - w->base;
	res = dev->ops->write(dev, cpu, off, size, val);
	if (size != 8 || res != ARM_NOT_MINE)
		return res;
	res = dev->ops->write(dev, cpu, off, 4, (u32)val);
	if (res == ARM_HANDLED)
		res = dev->ops->write(dev, cpu, off + 4, 4, val >> 32);
	return res;
}
