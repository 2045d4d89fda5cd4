/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stream of a migration or a snapshot: a header with magic, version and
 * features, then sections with name, version, length and checksum
 * (docs/migration-format.md).  It carries whole sections and does not know what is in them.
 *
 * What is read is untrusted: a length is checked against the section's limit
 * before anything is allocated for it.
 */
#ifndef VMM_MIGRATE_STREAM_H
#define VMM_MIGRATE_STREAM_H

#include "vmm/host/channel.h"
#include "vmm/migrate/bytes.h"

#define STREAM_VERSION 1
#define STREAM_NAME_MAX 63
/* No section is longer: RAM comes in batches, devices are small. */
#define STREAM_SECTION_MAX (8u << 20)

struct stream_out;
struct stream_in;

/* @c is borrowed.  Writes the header, with the names of @features (space between them).  0 or -errno. */
int stream_out_create(struct channel *c, const char *features, struct stream_out **out);
void stream_out_free(struct stream_out *s);
/* @b->error comes back as it is; else 0 or what the channel says. */
int stream_out_section(struct stream_out *s, const char *name, u32 version, const struct bytes_out *b);
/* What was buffered leaves.  0 or -errno. */
int stream_out_flush(struct stream_out *s);
u64 stream_out_bytes(const struct stream_out *s);	/* so far */

struct stream_section {
	char name[STREAM_NAME_MAX + 1];
	u32 version;
	struct bytes_in bytes;		/* valid until the next section or the end */
};

/*
 * Reads the header.  -EBADMSG: not a stream of ours, or damaged; -EPROTONOSUPPORT:
 * of a later version, or with a feature that is not among @features; else
 * what the channel says.  A sentence is in *@err.
 */
int stream_in_create(struct channel *c, const char *features, struct stream_in **out, char **err);
void stream_in_free(struct stream_in *s);
/* The next section, whose checksum is right.  Errors as above; -ENODATA at an end between sections. */
int stream_in_section(struct stream_in *s, struct stream_section *out, char **err);
u64 stream_in_bytes(const struct stream_in *s);

#endif
