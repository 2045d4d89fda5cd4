/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest RAM in a stream: sections "ram", each with a batch of pages of one
 * region in ascending order.  A zero page is a number without data; the others
 * are compressed together with zstd, or raw where that gains nothing
 * (docs/migration-format.md).
 */
#ifndef VMM_MIGRATE_RAM_H
#define VMM_MIGRATE_RAM_H

#include "vmm/migrate/bytes.h"
#include "vmm/migrate/stream.h"
#include "vmm/migrate/vmstate.h"

#define RAM_PAGE_SHIFT 12
#define RAM_PAGE (1u << RAM_PAGE_SHIFT)
#define RAM_BATCH_PAGES 256
#define RAM_SECTION "ram"
#define RAM_SECTION_VERSION 1
/* For streams that have such sections: what the writer and the reader name as a feature. */
#define RAM_FEATURE "zstd"
#define RAM_LEVEL_DEFAULT 1
#define RAM_LEVEL_MAX 19

/* Are all bytes of a page (aligned to 8) zero?  For a page that is in use it says so after the first few. */
bool ram_page_is_zero(const u8 *page);

/*
 * What batches are made and taken apart with: buffers and the library's contexts.  For one
 * thread at a time; batches share nothing else, so that each thread may have its own.
 */
struct ram_codec;
int ram_codec_create(struct ram_codec **out);
void ram_codec_free(struct ram_codec *c);

/*
 * Appends the payload of a section with @n (1..RAM_BATCH_PAGES) pages of the region at @ipa, which is at @host; @pages
 * are their numbers within the region, ascending.  The guest may write to
 * them meanwhile: what arrives is then any mixture of old and new, and the pages must be
 * sent again.  @level: 1..RAM_LEVEL_MAX of zstd, 0: no compression.  *@zero (may be
 * NULL): how many of the pages were zero.  Failures are @b's error.
 */
void ram_put_batch(struct ram_codec *c, struct bytes_out *b, u64 ipa, const u8 *host, const u64 *pages, unsigned int n,
		   int level, unsigned int *zero);

/* Consecutive pages, all zero or none. */
struct ram_run {
	u64 page;		/* the number of the first within the region */
	unsigned int pages;
	bool zero;
};

/* A payload whose every number was checked against @ram, but whose data are still as they came. */
struct ram_batch {
	const struct vmstate_ram *ram;		/* the region; borrowed, as is the data */
	unsigned int runs;
	struct ram_run run[RAM_BATCH_PAGES];	/* ascending */
	unsigned int pages, data_pages;		/* in all; those that are not zero */
	bool compressed;
	const u8 *data;
	size_t len;
};

/* Only the numbers: -EBADMSG (malformed), -EINVAL (no such region or page here) and a sentence in *@err. */
int ram_batch_parse(struct bytes_in *b, const struct vmstate_ram *ram, unsigned int nram, struct ram_batch *out,
		    char **err);
/*
 * Decompresses @batch and writes it to its region, which nobody else uses.  0; -EBADMSG and a
 * sentence: damaged, and the region is as it was; -ENOMEM.
 */
int ram_batch_load(struct ram_codec *c, const struct ram_batch *batch, char **err);
/* Both.  *@pages (may be NULL): how many there were. */
int ram_get_batch(struct ram_codec *c, struct bytes_in *b, const struct vmstate_ram *ram, unsigned int nram,
		  unsigned int *pages, char **err);

/* Compresses on threads of its own and writes to a stream. */
struct ram_sender;

#define RAM_SENDER_THREADS 2
#define RAM_SENDER_THREADS_MAX 16

struct ram_totals {
	u64 pages;		/* sent, with those that were zero */
	u64 zero_pages;
	u64 bytes;		/* of payload, as they went out */
};

/* @s is borrowed; @threads: 1..RAM_SENDER_THREADS_MAX, 0: RAM_SENDER_THREADS.  @level as above.  0 or -errno. */
int ram_sender_create(struct stream_out *s, unsigned int threads, int level, struct ram_sender **out);
void ram_sender_free(struct ram_sender *r);
/*
 * Sends the pages of @ram whose bits are set in @dirty (bit n of word n / 64: page n; bits beyond the
 * region are ignored).  Each goes out once, in no particular order of batches.  When it comes back, all
 * sections are in the stream, and the stream is the caller's again; it is
 * not flushed.  0, -ECANCELED or what the stream says; then nothing more may be sent.
 */
int ram_sender_send(struct ram_sender *r, const struct vmstate_ram *ram, const u64 *dirty);
/* Any thread: makes ram_sender_send() give up before its next section, now and from then on. */
void ram_sender_cancel(struct ram_sender *r);
/* Any thread: since it was made. */
void ram_sender_totals(struct ram_sender *r, struct ram_totals *out);

#endif
