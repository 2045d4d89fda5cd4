/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/migrate/ram.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "vmm/host/log.h"

#define BATCH_BYTES ((size_t)RAM_BATCH_PAGES * RAM_PAGE)

/* How the data of a batch are coded. */
enum { CODE_RAW, CODE_ZSTD };

#define RUN_ZERO 1

struct ram_codec {
	ZSTD_CCtx *compress;
	ZSTD_DCtx *decompress;
	u8 pages[BATCH_BYTES];	/* plain */
};

int ram_codec_create(struct ram_codec **out)
{
	struct ram_codec *c = malloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->compress = ZSTD_createCCtx();
	c->decompress = ZSTD_createDCtx();
	if (!c->compress || !c->decompress) {
		ram_codec_free(c);
		return -ENOMEM;
	}
	*out = c;
	return 0;
}

void ram_codec_free(struct ram_codec *c)
{
	if (!c)
		return;
	ZSTD_freeCCtx(c->compress);
	ZSTD_freeDCtx(c->decompress);
	free(c);
}

/* Two words at once where the host has such registers; gcc's -O2 makes none of a loop over words. */
typedef u64 pair __attribute__((vector_size(16), aligned(8), may_alias));

bool ram_page_is_zero(const u8 *page)
{
	const u64 *word = (const u64 *)page;
	const pair *p = (const pair *)page;

	/* Pages in use mostly show it here. */
	if (word[0] | word[1] | word[RAM_PAGE / 16])
		return false;
	for (unsigned int i = 0; i < RAM_PAGE / sizeof(*p); i += 8) {
		pair sum = p[i] | p[i + 1] | p[i + 2] | p[i + 3] | p[i + 4] | p[i + 5] | p[i + 6] | p[i + 7];

		if (sum[0] | sum[1])
			return false;
	}
	return true;
}

/* Pages that follow each other and are alike become one run; the data go to c->pages.  How many runs. */
static unsigned int collect(struct ram_codec *c, const u8 *host, const u64 *pages, unsigned int n, struct ram_run *run,
			    unsigned int *data_pages)
{
	unsigned int runs = 0, data = 0;
	struct ram_run *last = NULL;

	for (unsigned int i = 0; i < n; i++) {
		const u8 *page = host + (pages[i] << RAM_PAGE_SHIFT);
		bool zero = ram_page_is_zero(page);

		/* A copy: what is compressed must hold still. */
		if (!zero)
			memcpy(c->pages + (size_t)data++ * RAM_PAGE, page, RAM_PAGE);
		if (!last || last->zero != zero || pages[i] != last->page + last->pages) {
			last = &run[runs++];
			*last = (struct ram_run){ .page = pages[i], .zero = zero };
		}
		last->pages++;
	}
	*data_pages = data;
	return runs;
}

/* Bytes at @to, for which there is less room than the pages have; 0: it gains nothing. */
static size_t squeeze(struct ram_codec *c, u8 *to, size_t room, size_t len, int level)
{
	size_t n;

	if (level <= 0)
		return 0;
	n = ZSTD_compressCCtx(c->compress, to, room, c->pages, len, level < RAM_LEVEL_MAX ? level : RAM_LEVEL_MAX);
	return ZSTD_isError(n) ? 0 : n;
}

static void patch_le32(struct bytes_out *b, size_t at, u32 val)
{
	for (unsigned int i = 0; i < 4; i++)
		b->data[at + i] = val >> 8 * i;
}

static void put_data(struct ram_codec *c, struct bytes_out *b, size_t head, size_t len, int level)
{
	size_t start = b->len, n;

	/* Makes the room, and is right if compression gains nothing. */
	bytes_put(b, c->pages, len);
	if (b->error || !len)
		return;
	n = squeeze(c, b->data + start, len - 1, len, level);
	if (n) {
		b->len = start + n;
		b->data[head + 12] = CODE_ZSTD;
		patch_le32(b, head + 16, n);
	} else {
		memcpy(b->data + start, c->pages, len);
		patch_le32(b, head + 16, len);
	}
}

void ram_put_batch(struct ram_codec *c, struct bytes_out *b, u64 ipa, const u8 *host, const u64 *pages, unsigned int n,
		   int level, unsigned int *zero)
{
	struct ram_run run[RAM_BATCH_PAGES];
	unsigned int runs, data_pages;
	size_t head = b->len;

	if ((!n || n > RAM_BATCH_PAGES) && !b->error)
		b->error = -EINVAL;
	if (b->error)
		return;
	runs = collect(c, host, pages, n, run, &data_pages);
	bytes_put_u64(b, ipa);
	bytes_put_u16(b, runs);
	bytes_put_u16(b, data_pages);
	bytes_put_u8(b, CODE_RAW);
	bytes_put(b, (u8[3]){ 0 }, 3);
	bytes_put_u32(b, 0);
	for (unsigned int i = 0; i < runs; i++) {
		if (run[i].page > UINT32_MAX && !b->error)
			b->error = -E2BIG;
		bytes_put_u32(b, run[i].page);
		bytes_put_u16(b, run[i].pages);
		bytes_put_u16(b, run[i].zero ? RUN_ZERO : 0);
	}
	put_data(c, b, head, (size_t)data_pages * RAM_PAGE, level);
	if (zero)
		*zero = n - data_pages;
}

static int malformed(char **err, const char *why)
{
	return err_set(err, -EBADMSG, "a batch of RAM is malformed: %s", why);
}

static const struct vmstate_ram *find_region(const struct vmstate_ram *ram, unsigned int nram, u64 ipa)
{
	for (unsigned int i = 0; i < nram; i++)
		if (ram[i].ipa == ipa)
			return &ram[i];
	return NULL;
}

/* The runs ascend and do not touch what another has. */
static int parse_runs(struct bytes_in *b, struct ram_batch *out, char **err)
{
	u64 end = 0, have = out->ram->size >> RAM_PAGE_SHIFT;
	struct ram_run *run;
	unsigned int flags;

	for (run = out->run; run < out->run + out->runs; run++) {
		run->page = bytes_get_u32(b);
		run->pages = bytes_get_u16(b);
		flags = bytes_get_u16(b);
		run->zero = flags & RUN_ZERO;
		if (b->error)
			return malformed(err, "it ends in the middle of its list of pages");
		if (flags & ~RUN_ZERO)
			return malformed(err, "a run of pages has flags that do not exist");
		if (!run->pages || run->pages > RAM_BATCH_PAGES - out->pages)
			return malformed(err, "it has more pages than it may, or a run without any");
		if (run->page < end)
			return malformed(err, "its pages do not ascend");
		end = run->page + run->pages;
		if (end > have)
			return err_set(err, -EINVAL, "page %llu of RAM at 0x%llx, which has %llu pages here: is the "
				       "guest's memory smaller on this side?", (unsigned long long)end - 1,
				       (unsigned long long)out->ram->ipa, (unsigned long long)have);
		out->pages += run->pages;
		if (!run->zero)
			out->data_pages += run->pages;
	}
	return 0;
}

int ram_batch_parse(struct bytes_in *b, const struct vmstate_ram *ram, unsigned int nram, struct ram_batch *out,
		    char **err)
{
	u64 ipa = bytes_get_u64(b);
	unsigned int runs = bytes_get_u16(b), data_pages = bytes_get_u16(b), code = bytes_get_u8(b);
	const u8 *pad = bytes_get(b, 3);
	u32 len = bytes_get_u32(b);
	int ret;

	if (b->error)
		return malformed(err, "it ends before its list of pages");
	if (!runs || runs > RAM_BATCH_PAGES)
		return malformed(err, "it has no pages, or more than it may");
	if (code > CODE_ZSTD || pad[0] | pad[1] | pad[2])
		return malformed(err, "its data are coded in a way that does not exist");
	*out = (struct ram_batch){ .runs = runs, .compressed = code == CODE_ZSTD, .len = len };
	out->ram = find_region(ram, nram, ipa);
	if (!out->ram)
		return err_set(err, -EINVAL, "there is no RAM at 0x%llx here; are the machines the same on both sides?",
			       (unsigned long long)ipa);
	ret = parse_runs(b, out, err);
	if (ret)
		return ret;
	if (out->data_pages != data_pages)
		return malformed(err, "its list does not have the number of pages that it says");
	if (out->compressed ? !data_pages || len >= data_pages * RAM_PAGE : len != data_pages * RAM_PAGE)
		return malformed(err, "its data do not have the length of its pages");
	out->data = bytes_get(b, len);
	if (b->error || b->len)
		return malformed(err, "its data do not end where it ends");
	return 0;
}

/*
 * Exactly one frame of the present format; the library would also take several, and those of its old versions.
 * The place for the result bounds what comes out.
 */
static int expand(struct ram_codec *c, const struct ram_batch *batch, size_t len)
{
	const u8 *d = batch->data;

	if (batch->len < 4 || (d[0] | d[1] << 8 | d[2] << 16 | (u32)d[3] << 24) != ZSTD_MAGICNUMBER)
		return -EBADMSG;
	if (ZSTD_findFrameCompressedSize(d, batch->len) != batch->len)
		return -EBADMSG;
	return ZSTD_decompressDCtx(c->decompress, c->pages, len, d, batch->len) == len ? 0 : -EBADMSG;
}

int ram_batch_load(struct ram_codec *c, const struct ram_batch *batch, char **err)
{
	size_t len = (size_t)batch->data_pages * RAM_PAGE;
	const u8 *from = batch->data;

	if (batch->compressed) {
		if (expand(c, batch, len))
			return malformed(err, "its data cannot be decompressed to its pages");
		from = c->pages;
	}
	for (const struct ram_run *run = batch->run; run < batch->run + batch->runs; run++) {
		u8 *to = batch->ram->host + (run->page << RAM_PAGE_SHIFT);

		if (!run->zero) {
			memcpy(to, from, (size_t)run->pages * RAM_PAGE);
			from += (size_t)run->pages * RAM_PAGE;
			continue;
		}
		/* A page that nobody has touched costs no memory as long as it is only read. */
		for (unsigned int i = 0; i < run->pages; i++, to += RAM_PAGE)
			if (!ram_page_is_zero(to))
				memset(to, 0, RAM_PAGE);
	}
	return 0;
}

int ram_get_batch(struct ram_codec *c, struct bytes_in *b, const struct vmstate_ram *ram, unsigned int nram,
		  unsigned int *pages, char **err)
{
	struct ram_batch batch;
	int ret = ram_batch_parse(b, ram, nram, &batch, err);

	if (!ret)
		ret = ram_batch_load(c, &batch, err);
	if (!ret && pages)
		*pages = batch.pages;
	return ret;
}
