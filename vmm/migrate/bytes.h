/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The payload of a section in memory: numbers are little endian, strings have
 * their length in front.  Errors stick: after the first, puts do nothing and
 * gets give zeros, so that a caller may check once, at the end.
 */
#ifndef VMM_MIGRATE_BYTES_H
#define VMM_MIGRATE_BYTES_H

#include "arm/base.h"

#define BYTES_STRING_MAX 255

/* Grows as needed; all zero is an empty one. */
struct bytes_out {
	u8 *data;
	size_t len, room;
	int error;		/* -ENOMEM, or -E2BIG for a string that is too long */
};

void bytes_free(struct bytes_out *b);
void bytes_put(struct bytes_out *b, const void *data, size_t len);
void bytes_put_u8(struct bytes_out *b, u8 val);
void bytes_put_u16(struct bytes_out *b, u16 val);
void bytes_put_u32(struct bytes_out *b, u32 val);
void bytes_put_u64(struct bytes_out *b, u64 val);
void bytes_put_string(struct bytes_out *b, const char *text);

/* Untrusted; borrowed. */
struct bytes_in {
	const u8 *data;
	size_t len;		/* what is left */
	int error;		/* -EBADMSG: asked for more than there is */
};

/* A pointer to the next @len bytes, or NULL. */
const u8 *bytes_get(struct bytes_in *b, size_t len);
u8 bytes_get_u8(struct bytes_in *b);
u16 bytes_get_u16(struct bytes_in *b);
u32 bytes_get_u32(struct bytes_in *b);
u64 bytes_get_u64(struct bytes_in *b);
/* Always terminated; "" after an error, and -EBADMSG for one with a NUL inside. */
void bytes_get_string(struct bytes_in *b, char out[BYTES_STRING_MAX + 1]);

#endif
