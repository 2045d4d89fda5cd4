/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a machine is to its guest: board, CPUs, memory, kinds of devices.  A stream has it in the
 * section "config", as lines NAME=VALUE, so that the other side can make the same machine.
 * What is the host's (files, networks, terminals) comes from the user there: a stream is untrusted and must
 * not name files.  A snapshot does have the paths of its disks, for whoever trusts it.
 */
#ifndef VMM_MIGRATE_SHAPE_H
#define VMM_MIGRATE_SHAPE_H

#include "vmm/config.h"
#include "vmm/migrate/bytes.h"

#define SHAPE_TEXT_MAX 65536
#define SHAPE_SERIAL_MAX 20	/* virtio 1.2, 5.2.6.1 */

struct shape_image {
	bool readonly;
	char serial[SHAPE_SERIAL_MAX + 1];	/* of a disk; "": none */
	char *path;				/* absolute; NULL: not said */
};

struct shape {
	const struct machine_type *machine;
	char cpu[32];			/* maybe one that this program does not know */
	char engine[16];		/* that ran it last */
	unsigned int cpus;
	u64 memory;			/* bytes */
	enum config_console console;
	bool has_nic, rng, has_sd;
	enum config_nic nic;
	struct shape_image disks[CONFIG_MAX_DISKS];
	unsigned int ndisks;
	struct shape_image sd;
	struct shape_image flash[MACHINE_FLASHES];
	unsigned int nflash;
	u64 saved;			/* seconds since 1970; 0: not a snapshot */
	unsigned int seen;		/* the reader's */
};

/* Appends the lines for @cfg, as the VM settled it; @snapshot: with paths and the time. */
void shape_write(const struct vm_config *cfg, bool snapshot, struct bytes_out *b);

/*
 * Untrusted @text of @len bytes.  0, or -EBADMSG (malformed), -EINVAL (a value that no machine here
 * has) and a sentence in *@err.  @out is to be freed in any case.
 */
int shape_read(const char *text, size_t len, struct shape *out, char **err);
void shape_free(struct shape *s);

/*
 * Makes of what the user said the configuration of a machine for that guest, in place of config_settle();
 * config_check() is to follow.  @paths: disks and such that the user did not name are those of @s.  0, or
 * -EINVAL and in *@err all that is missing or does not fit, a line each.
 */
int shape_merge(const struct shape *s, struct vm_config *cfg, bool paths, char **err);

#endif
