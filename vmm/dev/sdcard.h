/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An SD memory card (Physical Layer Simplified Specification 3.01, SD bus): a
 * state machine that takes commands and moves data, with a raw image behind
 * it.  Up to 2 GiB it is a standard capacity card, above a high capacity one.
 *
 * The image is read and written on a thread of the card's; the host learns by
 * a call that it can go on.
 */
#ifndef VMM_DEV_SDCARD_H
#define VMM_DEV_SDCARD_H

#include <sys/types.h>

#include "arm/base.h"

struct image_set;
struct sdcard;
struct save_part;

/* A size that cards have: a power of two from 1 MiB to 2 TiB. */
int sdcard_size_ok(u64 bytes);

/*
 * Opens and locks the image @path, one of @images (NULL: of no set).  0, or -errno and a sentence for the user in
 * *@err (free() it; may be NULL): no such file, or (-EINVAL) a size that cards do not have.
 */
int sdcard_create(struct image_set *images, const char *path, bool readonly, struct sdcard **out, char **err);
void sdcard_free(struct sdcard *card);
bool sdcard_readonly(const struct sdcard *card);
u64 sdcard_bytes(const struct sdcard *card);

/*
 * The host controller's side.  It serializes its calls; each card has one
 * host.  @ready is called on any thread, without locks of the card's, after
 * sdcard_read() or sdcard_write() had nothing or no room; set before use.
 */
void sdcard_set_host(struct sdcard *card, void (*ready)(void *opaque), void *opaque);
/* Power off and on.  What was sent to be written is still written. */
void sdcard_reset(struct sdcard *card);

/*
 * One command with its argument.  Returns the bytes in @resp: 0 when the card does not
 * answer, 4 (the 32 bits of an R1, R3, R6 or R7, big-endian), or 16 (an R2, with
 * its CRC byte).
 */
unsigned int sdcard_command(struct sdcard *card, unsigned int index, u32 arg, u8 resp[16]);

/*
 * The data lines.  Bytes moved; 0 when none can be for now (@ready will be
 * called); -ENODATA when the card is in no state to, -EIO when the image failed.
 */
ssize_t sdcard_read(struct sdcard *card, void *buf, size_t len);
ssize_t sdcard_write(struct sdcard *card, const void *buf, size_t len);
/* The host has no more to write for now: program what is whole. */
void sdcard_write_end(struct sdcard *card);

/*
 * Migration.  Waits until the card's thread is at rest, with what was sent to be written
 * written; the host's lock is not held.  Its state, for the save tables of the host.
 */
void sdcard_drain(struct sdcard *card);
struct save_part sdcard_part(struct sdcard *card);

/* The length of a block in the transfer under way; 0 when there is none. */
unsigned int sdcard_block_len(struct sdcard *card);

#endif
