/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/host_describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmd.h"
#include "vmm/host/log.h"
#include "vmm/migrate/identity.h"

/* Where the interrupt controller of a machine that never runs is: as on virt. */
#define GIC_DIST 0x08000000
#define GIC_CPU 0x08010000
#define GIC_REDIST 0x080a0000
#define GIC_IRQS 64

static enum arm_result no_read(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 *val)
{
	(void)opaque, (void)cpu, (void)ipa, (void)size, (void)val;
	return ARM_NOT_MINE;
}

static enum arm_result no_write(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 val)
{
	(void)opaque, (void)cpu, (void)ipa, (void)size, (void)val;
	return ARM_NOT_MINE;
}

static void no_ppi(void *opaque, unsigned int cpu, unsigned int intid, bool level)
{
	(void)opaque, (void)cpu, (void)intid, (void)level;
}

static void no_event(void *opaque, unsigned int cpu, enum accel_event event)
{
	(void)opaque, (void)cpu, (void)event;
}

/* A vCPU of a VM without memory. */
static int look(struct accel_host *host, bool aarch32, struct identity *id, char **err)
{
	static const struct accel_host_ops ops = {
		.mmio_read = no_read, .mmio_write = no_write, .ppi = no_ppi, .event = no_event,
	};
	const struct accel_config cfg = {
		.engine = ACCEL_KVM, .model = &host->model, .cpus = 1, .aarch32 = aarch32, .ops = &ops,
		.gic = { host->gic_version, GIC_IRQS, GIC_DIST, GIC_CPU, GIC_REDIST },
	};
	struct accel *a = NULL;
	int ret = accel_create(&cfg, &a, err);

	if (ret)
		return ret;
	ret = identity_of(a, &host->model, aarch32, host->gic_version, id);
	a->ops->free(a);
	return ret;
}

static int describe(bool aarch32, struct identity *id, char **err)
{
	struct accel_host host;
	int ret = accel_kvm_host(&host, err);

	if (ret)
		return ret;
	/* What machines do with it. */
	host.model.features &= ~(ARM_FEAT_BIT(ARM_FEAT_EL2) | ARM_FEAT_BIT(ARM_FEAT_EL3));
	if (!arm_has(host.model.features, ARM_FEAT_AARCH64))
		return look(&host, true, id, err);
	if (aarch32 && !arm_has(host.model.features, ARM_FEAT_AARCH32_EL1))
		return err_set(err, -ENOTSUP, "KVM on this host has no 32-bit guests; leave --aarch32 away");
	if (aarch32)
		host.model.features &= ~ARM_FEAT_BIT(ARM_FEAT_AARCH64);
	return look(&host, aarch32, id, err);
}

int host_describe(const char *path, bool aarch32)
{
	struct identity id;
	char *err = NULL;
	int ret = describe(aarch32, &id, &err);
	FILE *f;

	if (ret) {
		log_warn("host describe: %s; run it on the Arm host with KVM that guests are to go to",
			 err ? err : strerror(-ret));
		free(err);
		return ret;
	}
	f = path ? fopen(path, "we") : stdout;
	ret = f ? identity_write(&id, f) : -errno;
	if (path && f && fclose(f) && !ret)
		ret = -errno;
	if (ret)
		log_warn("host describe: %s: %s", path ? path : "standard output", strerror(-ret));
	return ret;
}

enum status cmd_host(int argc, char **argv)
{
	bool aarch32 = argc > 2 && !strcmp(argv[2], "--aarch32");
	int at = 2 + aarch32;

	if (cmd_wants_help(argc, argv)) {
		puts("Usage: vambrace host describe [--aarch32] [FILE]\n"
		     "Writes what a guest under KVM sees of this host's CPU: identification registers, caches, the\n"
		     "counter's frequency.  With vambrace run --cpu host-of=FILE a guest elsewhere sees the same, so\n"
		     "that it can move here.  --aarch32: as a guest with a 32-bit kernel sees it.");
		return STATUS_OK;
	}
	if (argc < 2 || strcmp(argv[1], "describe") || argc > at + 1 || (argc > at && argv[at][0] == '-')) {
		log_warn("host: say vambrace host describe [--aarch32] [FILE]");
		return STATUS_USAGE;
	}
	return host_describe(argc > at ? argv[at] : NULL, aarch32) ? STATUS_FAILED : STATUS_OK;
}
