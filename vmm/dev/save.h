/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a device migration moves, as data: a table of the fields of its
 * struct.  Names, not offsets, are what a stream has, so that a struct may be
 * rearranged freely; a field that is added needs SAVE_OPTIONAL (streams of
 * before have it not) or a new version of its table.
 *
 * Only state: what the guest could tell, now or later.  Not what follows from
 * other fields, from the command line or from the host; after() rebuilds that.
 */
#ifndef VMM_DEV_SAVE_H
#define VMM_DEV_SAVE_H

#include "arm/base.h"

enum save_kind {
	SAVE_END,
	SAVE_UINT,		/* an unsigned integer of 1, 2, 4 or 8 bytes */
	SAVE_BOOL,
	SAVE_BYTES,		/* u8[]; no byte has a wrong value */
	SAVE_STRUCT,		/* one or more structs with a table of their own */
};

#define SAVE_OPTIONAL 1		/* absent from a stream: stays as it is after a reset */

struct save_field {
	const char *name;		/* at most 63 characters */
	const struct save_field *sub;	/* SAVE_STRUCT: its fields */
	u64 max;			/* SAVE_UINT: a larger value is refused when it arrives */
	u32 offset;			/* of the first element in the struct */
	u32 count;			/* elements; SAVE_BYTES: bytes */
	u32 size;			/* of one element, bytes; SAVE_BYTES: 1 */
	u8 kind;			/* enum save_kind */
	u8 flags;
};

/* The C type of a field decides how it is written (signed: its bits); other types do not compile. */
#define SAVE_KIND_OF(x)                                                                                       \
	_Generic((x), bool: SAVE_BOOL, u8: SAVE_UINT, u16: SAVE_UINT, u32: SAVE_UINT, u64: SAVE_UINT, s32: SAVE_UINT)
#define SAVE_AT(type, field) (((type *)0)->field)

/* A scalar, whole range; one that must not exceed @most. */
#define SAVE(type, field)                                                                                     \
	{ .name = #field, .offset = offsetof(type, field), .count = 1, .size = sizeof(SAVE_AT(type, field)),  \
	  .kind = SAVE_KIND_OF(SAVE_AT(type, field)), .max = ~0ULL }
#define SAVE_MAX(type, field, most)                                                                           \
	{ .name = #field, .offset = offsetof(type, field), .count = 1, .size = sizeof(SAVE_AT(type, field)),  \
	  .kind = SAVE_KIND_OF(SAVE_AT(type, field)), .max = (most) }
/* An array of scalars. */
#define SAVE_ARRAY(type, field)                                                                               \
	{ .name = #field, .offset = offsetof(type, field), .size = sizeof(SAVE_AT(type, field)[0]),           \
	  .count = sizeof(SAVE_AT(type, field)) / sizeof(SAVE_AT(type, field)[0]),                            \
	  .kind = SAVE_KIND_OF(SAVE_AT(type, field)[0]), .max = ~0ULL }
#define SAVE_ARRAY_MAX(type, field, most)                                                                     \
	{ .name = #field, .offset = offsetof(type, field), .size = sizeof(SAVE_AT(type, field)[0]),           \
	  .count = sizeof(SAVE_AT(type, field)) / sizeof(SAVE_AT(type, field)[0]),                            \
	  .kind = SAVE_KIND_OF(SAVE_AT(type, field)[0]), .max = (most) }
/* Bytes without meaning to us: a buffer. */
#define SAVE_BUFFER(type, field)                                                                              \
	{ .name = #field, .offset = offsetof(type, field), .count = sizeof(SAVE_AT(type, field)), .size = 1,  \
	  .kind = SAVE_BYTES }
/* An embedded struct; an array of them. */
#define SAVE_SUB(type, field, fields)                                                                         \
	{ .name = #field, .offset = offsetof(type, field), .count = 1, .size = sizeof(SAVE_AT(type, field)),  \
	  .kind = SAVE_STRUCT, .sub = (fields) }
#define SAVE_SUBS(type, field, fields)                                                                        \
	{ .name = #field, .offset = offsetof(type, field), .size = sizeof(SAVE_AT(type, field)[0]),           \
	  .count = sizeof(SAVE_AT(type, field)) / sizeof(SAVE_AT(type, field)[0]),                            \
	  .kind = SAVE_STRUCT, .sub = (fields) }
#define SAVE_LAST { .kind = SAVE_END }

/*
 * The functions are called while vCPUs and the loop do not run and nothing is in
 * flight.  Either may be NULL.
 */
struct save_table {
	const char *name;		/* of the kind of thing: "pl011" */
	u32 version;			/* a stream with a higher one is refused */
	const struct save_field *fields;	/* up to SAVE_LAST */
	/*
	 * Puts into the fields what is kept elsewhere while the machine runs (a running
	 * timer).  Changes nothing that counts: lines stay, and the machine may go on here.
	 */
	void (*before)(void *obj);
	/*
	 * All fields have arrived, each within its max, from somebody who may want to
	 * harm us: checks every relation that the code relies on, then rebuilds what
	 * follows from them and drives the interrupt lines.  0; or -EINVAL and a sentence in
	 * *@err (vmm/host/log.h): the object is then good for a reset only.
	 */
	int (*after)(void *obj, char **err);
};

/* One of the objects that make up a device. */
struct save_part {
	const struct save_table *table;
	void *obj;
};

#define SAVE_PARTS 4

#endif
