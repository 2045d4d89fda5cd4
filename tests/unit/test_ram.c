/* SPDX-License-Identifier: GPL-2.0-only */
/* RAM in batches: made, taken apart, sent by several threads, and damaged. */
#define _GNU_SOURCE
#include "tests/unit/stream_rig.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "vmm/migrate/ram.h"

#define PAGES 1024u
#define IPA0 0x40000000u
#define IPA1 0x4000000u

/* Guest RAM of two regions, with nothing mapped around them. */
struct rig {
	struct vmstate_ram ram[2];
	struct ram_codec *codec;
};

static u8 *map_ram(size_t size)
{
	u8 *p = mmap(NULL, size + 2 * 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(mprotect(p + 65536, size, PROT_READ | PROT_WRITE), 0);
	return p + 65536;
}

static void rig_make(struct rig *r)
{
	r->ram[0] = (struct vmstate_ram){ IPA0, PAGES * RAM_PAGE, map_ram(PAGES * RAM_PAGE) };
	r->ram[1] = (struct vmstate_ram){ IPA1, 16 * RAM_PAGE, map_ram(16 * RAM_PAGE) };
	assert_int_equal(ram_codec_create(&r->codec), 0);
}

static void rig_drop(struct rig *r)
{
	for (unsigned int i = 0; i < 2; i++)
		munmap(r->ram[i].host - 65536, r->ram[i].size + 2 * 65536);
	ram_codec_free(r->codec);
}

/* Pages like those of a guest: zero, text-like, random. */
static void ram_fill(const struct vmstate_ram *ram, u64 seed)
{
	for (size_t page = 0; page < ram->size / RAM_PAGE; page++) {
		u8 *p = ram->host + page * RAM_PAGE;
		unsigned int kind = rig_random(&seed) % 3;

		for (unsigned int i = 0; i < RAM_PAGE; i++)
			p[i] = kind == 0 ? 0 : kind == 1 ? rig_random(&seed) % 15 : rig_random(&seed);
	}
}

static void test_zero_page(void **state)
{
	u8 *page = aligned_alloc(8, RAM_PAGE);

	(void)state;
	memset(page, 0, RAM_PAGE);
	assert_true(ram_page_is_zero(page));
	for (unsigned int i = 0; i < RAM_PAGE; i++) {
		page[i] = 1 << i % 8;
		assert_false(ram_page_is_zero(page));
		page[i] = 0;
	}
	free(page);
}

static int get(struct rig *to, const u8 *data, size_t len, unsigned int *pages, char **err)
{
	struct bytes_in in = { .data = data, .len = len };

	return ram_get_batch(to->codec, &in, to->ram, 2, pages, err);
}

/* Each batch once, at some levels: the pages of the list arrive, and no other is touched. */
static void check_batch(struct rig *from, struct rig *to, unsigned int region, const u64 *pages, unsigned int n,
			int level)
{
	struct bytes_out b = { 0 };
	const struct vmstate_ram *a = &from->ram[region], *c = &to->ram[region];
	unsigned int zero = ~0u, got = 0, zeros = 0, k = 0;
	char *err = NULL;

	memset(to->ram[0].host, 0xaa, to->ram[0].size);
	memset(to->ram[1].host, 0xaa, to->ram[1].size);
	ram_put_batch(from->codec, &b, a->ipa, a->host, pages, n, level, &zero);
	assert_int_equal(b.error, 0);
	if (get(to, b.data, b.len, &got, &err))
		fail_msg("%s", err);
	assert_int_equal(got, n);
	for (u64 page = 0; page < a->size / RAM_PAGE; page++) {
		const u8 *p = c->host + page * RAM_PAGE;

		if (k < n && pages[k] == page) {
			assert_memory_equal(p, a->host + page * RAM_PAGE, RAM_PAGE);
			zeros += ram_page_is_zero(p);
			k++;
		} else {
			assert_true(p[0] == 0xaa && !memcmp(p, p + 1, RAM_PAGE - 1));
		}
	}
	assert_int_equal(zero, zeros);
	if (!level)
		assert_true(b.len >= (n - zero) * RAM_PAGE);
	assert_true(b.len <= 20 + n * 8 + (n - zero) * RAM_PAGE);
	bytes_free(&b);
}

static void test_batches(void **state)
{
	static const int levels[] = { 0, 1, 3, 19 };
	struct rig from, to;
	u64 pages[RAM_BATCH_PAGES], seed = 2;

	(void)state;
	rig_make(&from);
	rig_make(&to);
	ram_fill(&from.ram[0], 1);
	ram_fill(&from.ram[1], 2);
	for (unsigned int turn = 0; turn < 40; turn++) {
		unsigned int n = 0;

		for (u64 page = rig_random(&seed) % 300; page < PAGES && n < RAM_BATCH_PAGES; page++)
			if (turn % 2 || rig_random(&seed) % 3)
				pages[n++] = page;
		check_batch(&from, &to, 0, pages, turn < 4 ? 1 : n, levels[turn % 4]);
	}
	for (unsigned int i = 0; i < 16; i++)
		pages[i] = i;
	check_batch(&from, &to, 1, pages, 16, 1);
	/* Nothing but zeros, and the last page. */
	memset(from.ram[0].host, 0, from.ram[0].size);
	for (unsigned int i = 0; i < RAM_BATCH_PAGES; i++)
		pages[i] = PAGES - RAM_BATCH_PAGES + i;
	check_batch(&from, &to, 0, pages, RAM_BATCH_PAGES, 1);
	rig_drop(&from);
	rig_drop(&to);
}

static void test_put_errors(void **state)
{
	struct bytes_out b = { 0 };
	struct rig r;
	u64 pages[RAM_BATCH_PAGES + 1] = { 0 };

	(void)state;
	rig_make(&r);
	ram_put_batch(r.codec, &b, IPA0, r.ram[0].host, pages, 0, 1, NULL);
	assert_int_equal(b.error, -EINVAL);
	b.error = 0;
	ram_put_batch(r.codec, &b, IPA0, r.ram[0].host, pages, RAM_BATCH_PAGES + 1, 1, NULL);
	assert_int_equal(b.error, -EINVAL);
	assert_int_equal(b.len, 0);
	b.error = -ENOMEM;
	ram_put_batch(r.codec, &b, IPA0, r.ram[0].host, pages, 1, 1, NULL);
	assert_int_equal(b.error, -ENOMEM);
	bytes_free(&b);
	rig_drop(&r);
}

/* A batch by hand. */
struct forged {
	u64 ipa;
	unsigned int runs, data_pages, code, pad;
	u32 len;
	struct {
		u32 page;
		u16 pages, flags;
	} run[4];
	size_t data;		/* bytes of 0x55 behind it */
};

static void check_forged(struct rig *r, const struct forged *f, int want, const char *part)
{
	struct bytes_out b = { 0 };
	char *err = NULL;
	int ret;

	bytes_put_u64(&b, f->ipa);
	bytes_put_u16(&b, f->runs);
	bytes_put_u16(&b, f->data_pages);
	bytes_put_u8(&b, f->code);
	bytes_put_u8(&b, 0);
	bytes_put_u16(&b, f->pad);
	bytes_put_u32(&b, f->len);
	for (unsigned int i = 0; i < f->runs && i < 4; i++) {
		bytes_put_u32(&b, f->run[i].page);
		bytes_put_u16(&b, f->run[i].pages);
		bytes_put_u16(&b, f->run[i].flags);
	}
	for (size_t i = 0; i < f->data; i++)
		bytes_put_u8(&b, 0x55);
	ret = get(r, b.data, b.len, NULL, &err);
	if (ret != want || (part && (!err || !strstr(err, part))))
		fail_msg("%d instead of %d (%s): %s", ret, want, part, err);
	free(err);
	bytes_free(&b);
}

static void test_forged(void **state)
{
	static const struct {
		struct forged f;
		int want;
		const char *part;
	} rows[] = {
		{ { IPA0, 1, 1, 0, 0, 4096, { { 1023, 1, 0 } }, 4096 }, 0, NULL },
		{ { IPA0, 2, 0, 0, 0, 0, { { 0, 255, 1 }, { 300, 1, 1 } }, 0 }, 0, NULL },
		{ { IPA0 + 4096, 1, 1, 0, 0, 4096, { { 0, 1, 0 } }, 4096 }, -EINVAL, "no RAM at 0x40001000" },
		{ { IPA0, 1, 1, 0, 0, 4096, { { 1024, 1, 0 } }, 4096 }, -EINVAL, "page 1024 " },
		{ { IPA0, 1, 2, 0, 0, 8192, { { 1023, 2, 0 } }, 8192 }, -EINVAL, "page 1024 " },
		{ { IPA1, 1, 1, 0, 0, 4096, { { 16, 1, 0 } }, 4096 }, -EINVAL, "page 16 " },
		{ { IPA0, 1, 1, 0, 0, 4096, { { 0xffffffff, 1, 0 } }, 4096 }, -EINVAL, "page 4294967295 " },
		{ { IPA0, 0, 0, 0, 0, 0, { { 0, 0, 0 } }, 0 }, -EBADMSG, "no pages" },
		{ { IPA0, 257, 0, 0, 0, 0, { { 0, 1, 1 } }, 4096 }, -EBADMSG, "no pages, or more" },
		{ { IPA0, 1, 0, 0, 0, 0, { { 0, 0, 1 } }, 0 }, -EBADMSG, "without any" },
		{ { IPA0, 1, 0, 0, 0, 0, { { 0, 257, 1 } }, 0 }, -EBADMSG, "more pages than" },
		{ { IPA0, 2, 0, 0, 0, 0, { { 0, 200, 1 }, { 200, 57, 1 } }, 0 }, -EBADMSG, "more pages than" },
		{ { IPA0, 2, 0, 0, 0, 0, { { 5, 2, 1 }, { 6, 1, 1 } }, 0 }, -EBADMSG, "ascend" },
		{ { IPA0, 2, 0, 0, 0, 0, { { 5, 1, 1 }, { 4, 1, 1 } }, 0 }, -EBADMSG, "ascend" },
		{ { IPA0, 1, 0, 0, 0, 0, { { 5, 1, 3 } }, 0 }, -EBADMSG, "flags" },
		{ { IPA0, 1, 1, 2, 0, 4096, { { 5, 1, 0 } }, 4096 }, -EBADMSG, "coded" },
		{ { IPA0, 1, 1, 0, 1, 4096, { { 5, 1, 0 } }, 4096 }, -EBADMSG, "coded" },
		{ { IPA0, 1, 2, 0, 0, 4096, { { 5, 1, 0 } }, 4096 }, -EBADMSG, "number of pages" },
		{ { IPA0, 1, 0, 0, 0, 4096, { { 5, 1, 1 } }, 4096 }, -EBADMSG, "length" },
		{ { IPA0, 1, 1, 0, 0, 4095, { { 5, 1, 0 } }, 4095 }, -EBADMSG, "length" },
		{ { IPA0, 1, 1, 1, 0, 4096, { { 5, 1, 0 } }, 4096 }, -EBADMSG, "length" },
		{ { IPA0, 1, 0, 1, 0, 0, { { 5, 1, 1 } }, 0 }, -EBADMSG, "length" },
		{ { IPA0, 1, 1, 0, 0, 4096, { { 5, 1, 0 } }, 4095 }, -EBADMSG, "do not end" },
		{ { IPA0, 1, 1, 0, 0, 4096, { { 5, 1, 0 } }, 4097 }, -EBADMSG, "do not end" },
		{ { IPA0, 1, 1, 1, 0, 100, { { 5, 1, 0 } }, 100 }, -EBADMSG, "decompressed" },
		{ { IPA0, 1, 1, 1, 0, 0, { { 5, 1, 0 } }, 0 }, -EBADMSG, "decompressed" },
	};
	struct rig r;

	(void)state;
	rig_make(&r);
	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows); i++)
		check_forged(&r, &rows[i].f, rows[i].want, rows[i].part);
	rig_drop(&r);
}

/*
 * Compressed data for other sizes than the list says, and damaged: refused with
 * memory as it was, or taken; never beyond.
 */
static void test_garbage(void **state)
{
	struct rig from, to;
	struct bytes_out b = { 0 };
	unsigned int taken = 0;
	u64 pages[64], seed = 9;
	u8 *copy;

	(void)state;
	rig_make(&from);
	rig_make(&to);
	ram_fill(&from.ram[0], 7);
	for (unsigned int i = 0; i < 64; i++)
		pages[i] = i * 3;
	ram_put_batch(from.codec, &b, IPA0, from.ram[0].host, pages, 64, 1, NULL);
	assert_int_equal(b.data[12], 1);
	for (unsigned int i = 0; i < 10000; i++) {
		size_t len = i % 10 ? b.len : rig_random(&seed) % b.len;
		/* Mostly where the numbers are, and the beginning of the frame. */
		size_t where = i % 2 && len > 600 ? 600 : len;
		char *err = NULL;
		int ret;

		copy = malloc(len ? len : 1);
		memcpy(copy, b.data, len);
		for (unsigned int k = rig_random(&seed) % 4; k && where; k--)
			copy[rig_random(&seed) % where] ^= 1 << rig_random(&seed) % 8;
		ret = get(&to, copy, len, NULL, &err);
		assert_true(ret == 0 || ((ret == -EINVAL || ret == -EBADMSG) && err));
		taken += !ret;
		if (ret)
			assert_true(ram_page_is_zero(to.ram[0].host));
		else
			memset(to.ram[0].host, 0, to.ram[0].size);
		free(err);
		free(copy);
	}
	assert_true(taken > 100 && taken < 9000);
	bytes_free(&b);
	rig_drop(&from);
	rig_drop(&to);
}

/* Takes a stream in: every page once, and only those of the bitmap. */
static void receive(struct rig *to, const u8 *data, size_t len, u64 *seen)
{
	struct channel *c = rig_source(data, len);
	struct stream_section sec;
	struct stream_in *in;
	struct ram_batch batch;
	char *err = NULL;
	int ret;

	assert_int_equal(stream_in_create(c, RAM_FEATURE, &in, &err), 0);
	while (!(ret = stream_in_section(in, &sec, &err))) {
		assert_string_equal(sec.name, RAM_SECTION);
		assert_int_equal(sec.version, RAM_SECTION_VERSION);
		assert_int_equal(ram_batch_parse(&sec.bytes, to->ram, 2, &batch, &err), 0);
		for (unsigned int i = 0; i < batch.runs; i++)
			for (u64 page = batch.run[i].page; page < batch.run[i].page + batch.run[i].pages; page++) {
				assert_false(seen[page / 64] >> page % 64 & 1);
				seen[page / 64] |= 1ULL << page % 64;
			}
		assert_int_equal(ram_batch_load(to->codec, &batch, &err), 0);
	}
	assert_int_equal(ret, -ENODATA);
	free(err);
	stream_in_free(in);
	channel_free(c);
}

static void check_sender(struct rig *from, struct rig *to, unsigned int threads, u64 seed)
{
	u64 dirty[PAGES / 64], seen[PAGES / 64] = { 0 }, want = 0;
	struct ram_totals totals;
	struct stream_out *out;
	struct ram_sender *s;
	struct channel *c;
	size_t len;
	u8 *data;
	int fd;

	for (unsigned int i = 0; i < PAGES / 64; i++) {
		dirty[i] = seed == 1 ? ~0ULL : (u64)rig_random(&seed) << 32 | rig_random(&seed);
		want += __builtin_popcountll(dirty[i]);
	}
	memset(to->ram[0].host, 0xaa, to->ram[0].size);
	c = rig_file(&fd);
	assert_int_equal(stream_out_create(c, RAM_FEATURE, &out), 0);
	assert_int_equal(ram_sender_create(out, threads, 1, &s), 0);
	assert_int_equal(ram_sender_send(s, &from->ram[0], dirty), 0);
	ram_sender_totals(s, &totals);
	assert_int_equal(totals.pages, want);
	assert_true(totals.bytes < stream_out_bytes(out));
	assert_true(totals.zero_pages > want / 6 && totals.zero_pages < want / 2);
	assert_int_equal(stream_out_flush(out), 0);
	ram_sender_free(s);
	stream_out_free(out);
	channel_free(c);
	data = rig_take(fd, &len);
	receive(to, data, len, seen);
	assert_memory_equal(seen, dirty, sizeof(seen));
	for (unsigned int i = 0; i < PAGES; i++)
		if (dirty[i / 64] >> i % 64 & 1)
			assert_memory_equal(to->ram[0].host + i * RAM_PAGE, from->ram[0].host + i * RAM_PAGE, RAM_PAGE);
	free(data);
}

static void test_sender(void **state)
{
	struct rig from, to;

	(void)state;
	rig_make(&from);
	rig_make(&to);
	ram_fill(&from.ram[0], 1);
	check_sender(&from, &to, 0, 1);
	check_sender(&from, &to, 1, 2);
	check_sender(&from, &to, 7, 3);
	check_sender(&from, &to, RAM_SENDER_THREADS_MAX, 4);
	rig_drop(&from);
	rig_drop(&to);
}

/* Bits beyond a region are nobody's pages; an empty bitmap is nothing to do. */
static void test_sender_edges(void **state)
{
	struct ram_totals totals;
	struct stream_out *out;
	struct ram_sender *s;
	struct channel *c;
	struct rig r;
	u64 dirty = ~0ULL, none = 0;
	int fd;

	(void)state;
	rig_make(&r);
	c = rig_file(&fd);
	assert_int_equal(stream_out_create(c, RAM_FEATURE, &out), 0);
	assert_int_equal(ram_sender_create(out, RAM_SENDER_THREADS_MAX + 1, 1, &s), -EINVAL);
	assert_int_equal(ram_sender_create(out, 1, RAM_LEVEL_MAX + 1, &s), -EINVAL);
	assert_int_equal(ram_sender_create(out, 0, 0, &s), 0);
	assert_int_equal(ram_sender_send(s, &r.ram[1], &none), 0);
	ram_sender_totals(s, &totals);
	assert_int_equal(totals.pages, 0);
	assert_int_equal(ram_sender_send(s, &r.ram[1], &dirty), 0);
	ram_sender_totals(s, &totals);
	assert_int_equal(totals.pages, 16);
	assert_int_equal(totals.zero_pages, 16);
	ram_sender_cancel(s);
	assert_int_equal(ram_sender_send(s, &r.ram[1], &dirty), -ECANCELED);
	assert_int_equal(ram_sender_send(s, &r.ram[1], &none), -ECANCELED);
	ram_sender_totals(s, &totals);
	assert_int_equal(totals.pages, 16);
	ram_sender_free(s);
	stream_out_free(out);
	channel_free(c);
	close(fd);
	rig_drop(&r);
}

struct canceller {
	struct ram_sender *sender;
	int fd;
};

static void *cancel_soon(void *arg)
{
	struct canceller *c = arg;

	usleep(100000);
	ram_sender_cancel(c->sender);
	eventfd_write(c->fd, 1);
	return NULL;
}

/* Nobody reads: the sender hangs in the channel until it is cancelled; or the peer is gone. */
static void test_sender_stuck(void **state)
{
	struct canceller cancel = { .fd = eventfd(0, EFD_CLOEXEC) };
	struct stream_out *out;
	struct channel *c;
	pthread_t thread;
	struct rig r;
	u64 *dirty = malloc(PAGES / 8);
	int p[2];

	(void)state;
	memset(dirty, 0xff, PAGES / 8);
	rig_make(&r);
	ram_fill(&r.ram[0], 1);
	for (unsigned int turn = 0; turn < 2; turn++) {
		assert_int_equal(pipe(p), 0);
		c = channel_of_fd(p[1]);
		channel_set_cancel(c, cancel.fd);
		assert_int_equal(stream_out_create(c, RAM_FEATURE, &out), 0);
		assert_int_equal(ram_sender_create(out, 2, 0, &cancel.sender), 0);
		if (turn)
			close(p[0]);
		else
			assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &cancel), 0);
		assert_int_equal(ram_sender_send(cancel.sender, &r.ram[0], dirty), turn ? -EPIPE : -ECANCELED);
		assert_int_equal(ram_sender_send(cancel.sender, &r.ram[0], dirty), turn ? -EPIPE : -ECANCELED);
		if (!turn) {
			eventfd_t n;

			pthread_join(thread, NULL);
			eventfd_read(cancel.fd, &n);
			close(p[0]);
		}
		ram_sender_free(cancel.sender);
		stream_out_free(out);
		channel_free(c);
	}
	close(cancel.fd);
	free(dirty);
	rig_drop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zero_page), cmocka_unit_test(test_batches), cmocka_unit_test(test_put_errors),
		cmocka_unit_test(test_forged), cmocka_unit_test(test_garbage), cmocka_unit_test(test_sender),
		cmocka_unit_test(test_sender_edges), cmocka_unit_test(test_sender_stuck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
