/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/absent.h"

#include <stdlib.h>

static enum arm_result absent_read(struct device *dev, unsigned int cpu, u64 off, unsigned int size, u64 *val)
{
	(void)dev, (void)cpu, (void)off, (void)size;
	*val = 0;
	return ARM_HANDLED;
}

static enum arm_result absent_write(struct device *dev, unsigned int cpu, u64 off, unsigned int size, u64 val)
{
	(void)dev, (void)cpu, (void)off, (void)size, (void)val;
	return ARM_HANDLED;
}

static void absent_reset(struct device *dev)
{
	(void)dev;
}

static void absent_free(struct device *dev)
{
	free(dev);
}

static const struct device_ops absent_ops = {
	.name = "absent",
	.read = absent_read,
	.write = absent_write,
	.reset = absent_reset,
	.free = absent_free,
};

int absent_create(struct device **out)
{
	struct device *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return -ENOMEM;
	dev->ops = &absent_ops;
	*out = dev;
	return 0;
}
