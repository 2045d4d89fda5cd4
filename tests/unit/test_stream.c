/* SPDX-License-Identifier: GPL-2.0-only */
/* Payloads and sections: what goes in comes out, and nothing that is damaged does. */
#define _GNU_SOURCE
#include "tests/unit/stream_rig.h"

#include <zlib.h>

static void test_bytes(void **state)
{
	struct bytes_out b = { 0 };
	struct bytes_in in;
	char text[BYTES_STRING_MAX + 1], longest[BYTES_STRING_MAX + 2];
	static const u8 want[] = { 1, 3, 2, 7, 6, 5, 4, 0xf, 0xe, 0xd, 0xc, 0xb, 0xa, 9, 8, 3, 'a', 'b', 'c', 0 };

	(void)state;
	bytes_put_u8(&b, 1);
	bytes_put_u16(&b, 0x0203);
	bytes_put_u32(&b, 0x04050607);
	bytes_put_u64(&b, 0x08090a0b0c0d0e0f);
	bytes_put_string(&b, "abc");
	bytes_put_string(&b, "");
	bytes_put(&b, NULL, 0);
	assert_int_equal(b.error, 0);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));
	memset(longest, 'x', sizeof(longest));
	longest[BYTES_STRING_MAX] = 0;
	bytes_put_string(&b, longest);
	in = (struct bytes_in){ .data = b.data, .len = b.len };
	assert_int_equal(bytes_get_u8(&in), 1);
	assert_int_equal(bytes_get_u16(&in), 0x0203);
	assert_int_equal(bytes_get_u32(&in), 0x04050607);
	assert_true(bytes_get_u64(&in) == 0x08090a0b0c0d0e0f);
	bytes_get_string(&in, text);
	assert_string_equal(text, "abc");
	bytes_get_string(&in, text);
	assert_string_equal(text, "");
	bytes_get_string(&in, text);
	assert_string_equal(text, longest);
	assert_int_equal(in.len, 0);
	assert_int_equal(in.error, 0);
	assert_non_null(bytes_get(&in, 0));
	/* The end: an error that stays. */
	assert_int_equal(bytes_get_u8(&in), 0);
	assert_int_equal(in.error, -EBADMSG);
	bytes_free(&b);
	assert_null(b.data);
}

static void test_bytes_errors(void **state)
{
	struct bytes_out b = { 0 };
	struct bytes_in in = { .data = (const u8 *)"\3a\0c\5abc", .len = 8 };
	char text[BYTES_STRING_MAX + 1], long_text[BYTES_STRING_MAX + 2];

	(void)state;
	/* Fewer bytes than asked for: none is taken, and none later. */
	assert_null(bytes_get(&in, 9));
	assert_int_equal(in.error, -EBADMSG);
	assert_int_equal(in.len, 8);
	assert_null(bytes_get(&in, 1));
	in.error = 0;
	strcpy(text, "old");
	bytes_get_string(&in, text);
	assert_string_equal(text, "");
	assert_int_equal(in.error, -EBADMSG);
	in.error = 0;
	strcpy(text, "old");
	bytes_get_string(&in, text);
	assert_string_equal(text, "");
	assert_int_equal(in.error, -EBADMSG);
	memset(long_text, 'x', sizeof(long_text));
	long_text[BYTES_STRING_MAX + 1] = 0;
	bytes_put_u8(&b, 1);
	bytes_put_string(&b, long_text);
	assert_int_equal(b.error, -E2BIG);
	bytes_put_u64(&b, 1);
	assert_int_equal(b.len, 1);
	bytes_free(&b);
	bytes_put(&b, "x", SIZE_MAX - 1);
	assert_int_equal(b.error, -ENOMEM);
	bytes_free(&b);
}

/* The sections of a test stream: all sizes around the buffer's limits. */
static const size_t sizes[] = {
	0, 1, 100, 32767, 32768, 131071, 200000, 5, 0, 1 << 20, 77, 65536, 65536, STREAM_SECTION_MAX,
};

static void section_fill(struct bytes_out *b, unsigned int i)
{
	u64 seed = i;

	for (size_t k = 0; k < sizes[i]; k++)
		bytes_put_u8(b, rig_random(&seed));
}

static void test_sections(void **state)
{
	struct stream_section sec;
	struct stream_out *out;
	struct stream_in *in;
	struct channel *c;
	char name[STREAM_NAME_MAX + 1], *err = NULL;
	size_t len;
	u8 *data;
	int fd;

	(void)state;
	c = rig_file(&fd);
	assert_int_equal(stream_out_create(c, "zstd live", &out), 0);
	assert_true(lseek(fd, 0, SEEK_END) > 16);	/* a header that the other side can wait for */
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(sizes); i++) {
		struct bytes_out b = { 0 };

		section_fill(&b, i);
		snprintf(name, sizeof(name), "device/%u", i);
		assert_int_equal(stream_out_section(out, name, i * 1000, &b), 0);
		bytes_free(&b);
	}
	assert_int_equal(stream_out_flush(out), 0);
	len = stream_out_bytes(out);
	stream_out_free(out);
	channel_free(c);
	data = rig_take(fd, &len);
	c = rig_source(data, len);
	assert_int_equal(stream_in_create(c, "live other zstd", &in, &err), 0);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(sizes); i++) {
		struct bytes_out b = { 0 };

		section_fill(&b, i);
		snprintf(name, sizeof(name), "device/%u", i);
		assert_int_equal(stream_in_section(in, &sec, &err), 0);
		assert_string_equal(sec.name, name);
		assert_int_equal(sec.version, i * 1000);
		assert_int_equal(sec.bytes.error, 0);
		assert_int_equal(sec.bytes.len, b.len);
		if (b.len)
			assert_memory_equal(sec.bytes.data, b.data, b.len);
		bytes_free(&b);
	}
	assert_int_equal(stream_in_bytes(in), len);
	assert_int_equal(stream_in_section(in, &sec, &err), -ENODATA);
	assert_non_null(strstr(err, "ends here"));
	free(err);
	stream_in_free(in);
	channel_free(c);
	free(data);
}

/* What must not get into a stream does not, and an error of the channel stays. */
static void test_out_errors(void **state)
{
	struct bytes_out b = { 0 }, bad = { .error = -ENOMEM };
	char name[STREAM_NAME_MAX + 2];
	struct stream_out *out;
	struct channel *c;
	u8 *data;
	size_t len;
	int fd;

	(void)state;
	c = rig_file(&fd);
	memset(name, 'x', sizeof(name));
	name[STREAM_NAME_MAX + 1] = 0;
	assert_int_equal(stream_out_create(c, "caf\303\251", &out), -EINVAL);
	assert_int_equal(stream_out_create(c, name, &out), -EINVAL);
	assert_int_equal(stream_out_create(c, "", &out), 0);
	assert_int_equal(stream_out_section(out, name, 1, &b), -EINVAL);
	assert_int_equal(stream_out_section(out, "", 1, &b), -EINVAL);
	assert_int_equal(stream_out_section(out, "a b", 1, &b), -EINVAL);
	assert_int_equal(stream_out_section(out, "ok", 1, &bad), -ENOMEM);
	data = calloc(1, STREAM_SECTION_MAX + 1);
	bytes_put(&b, data, STREAM_SECTION_MAX + 1);
	assert_int_equal(stream_out_section(out, "ok", 1, &b), -E2BIG);
	free(data);
	name[STREAM_NAME_MAX] = 0;
	b.len = 0;
	assert_int_equal(stream_out_section(out, name, 1, &b), 0);
	assert_int_equal(stream_out_flush(out), 0);
	stream_out_free(out);
	channel_free(c);
	data = rig_take(fd, &len);
	assert_int_equal(len, 16 + 4 + 17 + STREAM_NAME_MAX + 4 + 4);
	free(data);
	assert_int_equal(channel_connect("file:/dev/full", -1, &c, NULL), 0);
	assert_int_equal(stream_out_create(c, "", &out), -ENOSPC);
	channel_free(c);
	bytes_free(&b);
}

static void put_le32(u8 *at, u32 val)
{
	for (unsigned int i = 0; i < 4; i++)
		at[i] = val >> 8 * i;
}

/* A header as a stranger may write it, with a checksum that is right. */
static size_t forge_header(u8 *to, u32 version, const char *features, size_t len)
{
	memcpy(to, "VAMB\r\n\x1a\x8b", 8);
	put_le32(to + 8, version);
	put_le32(to + 12, len);
	memcpy(to + 16, features, len);
	put_le32(to + 16 + len, crc32(0, to, 16 + len));
	return 20 + len;
}

static void check_header(const u8 *data, size_t len, int want, const char *part)
{
	struct channel *c = rig_source(data, len);
	struct stream_in *in = NULL;
	char *err = NULL;
	int ret = stream_in_create(c, "zstd", &in, &err);

	if (ret != want || (part && (!err || !strstr(err, part))))
		fail_msg("%d instead of %d (%s): %s", ret, want, part, err);
	stream_in_free(in);
	channel_free(c);
	free(err);
}

static void test_headers(void **state)
{
	u8 data[2048];
	char long_list[1100];

	(void)state;
	check_header(data, forge_header(data, 1, "zstd", 4), 0, NULL);
	check_header(data, forge_header(data, 1, "", 0), 0, NULL);
	check_header(data, forge_header(data, 2, "zstd", 4), -EPROTONOSUPPORT, "newer vambrace");
	check_header(data, forge_header(data, 0, "zstd", 4), -EPROTONOSUPPORT, "version 0");
	check_header(data, forge_header(data, 1, "zstd lz4", 8), -EPROTONOSUPPORT, "\"lz4\"");
	check_header(data, forge_header(data, 1, "zst", 3), -EPROTONOSUPPORT, "\"zst\"");
	check_header(data, forge_header(data, 1, "zs\0d", 4), -EBADMSG, "features");
	check_header(data, forge_header(data, 1, "\33[2J", 4), -EBADMSG, "features");
	memset(long_list, 'x', sizeof(long_list));
	check_header(data, forge_header(data, 1, long_list, 32), -EBADMSG, "features");
	check_header(data, forge_header(data, 1, long_list, 1025), -EBADMSG, "1025");
	forge_header(data, 1, "zstd", 4);
	check_header(data, 23, -EPIPE, "middle of the stream's header");
	check_header(data, 0, -EPIPE, "middle of the stream's header");
	data[4] = '\n';
	check_header(data, 24, -EBADMSG, "no stream");
	check_header((const u8 *)"Last login: never.....................", 32, -EBADMSG, "no stream");
}

static size_t forge_section(u8 *to, u32 number, const char *name, u32 len)
{
	size_t n = strlen(name);
	u32 sum;

	memcpy(to, "SECT", 4);
	put_le32(to + 4, number);
	put_le32(to + 8, 1);
	put_le32(to + 12, len);
	to[16] = n;
	memcpy(to + 17, name, n);
	sum = crc32(0, to, 17 + n);
	put_le32(to + 17 + n, sum);
	memset(to + 21 + n, 7, len < 100 ? len : 0);
	put_le32(to + 21 + n + (len < 100 ? len : 0), crc32(sum, to + 21 + n, len < 100 ? len : 0));
	return 25 + n + (len < 100 ? len : 0);
}

static void check_section(u32 number, const char *name, u32 len, int want, const char *part)
{
	u8 data[512];
	size_t n = forge_header(data, 1, "", 0);
	struct stream_section sec;
	struct stream_in *in;
	struct channel *c;
	char *err = NULL;
	int ret;

	n += forge_section(data + n, number, name, len);
	c = rig_source(data, n);
	assert_int_equal(stream_in_create(c, "", &in, &err), 0);
	ret = stream_in_section(in, &sec, &err);
	if (ret != want || (part && (!err || !strstr(err, part))))
		fail_msg("%s: %d instead of %d (%s): %s", name, ret, want, part, err);
	free(err);
	stream_in_free(in);
	channel_free(c);
}

/* Sections that are whole and yet wrong. */
static void test_bad_sections(void **state)
{
	char name[STREAM_NAME_MAX + 2];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[STREAM_NAME_MAX + 1] = 0;
	check_section(0, "ram", 5, 0, NULL);
	check_section(1, "ram", 5, -EBADMSG, "number 1 and should be 0");
	check_section(0, "", 5, -EBADMSG, "no section begins");
	check_section(0, name, 5, -EBADMSG, "no section begins");
	check_section(0, "a\33[2J", 5, -EBADMSG, "visible");
	check_section(0, "ram", STREAM_SECTION_MAX + 1, -EBADMSG, "more than a section may have");
	check_section(0, "ram", 0xffffffff, -EBADMSG, "more than a section may have");
	check_section(0, "ram", STREAM_SECTION_MAX, -EPIPE, "middle of section ram");
}

/* A stream of a few sections, and where each ends. */
#define SMALL_SECTIONS 6
struct small {
	u8 *data;
	size_t len, end[SMALL_SECTIONS + 1];	/* [0]: of the header */
};

static void small_make(struct small *s)
{
	static const char *const names[SMALL_SECTIONS] = { "config", "time", "cpu/0", "device/x", "ram", "end" };
	static const size_t lens[SMALL_SECTIONS] = { 300, 12, 900, 64, 1100, 0 };
	struct stream_out *out;
	struct channel *c;
	u64 seed = 5;
	int fd;

	c = rig_file(&fd);
	assert_int_equal(stream_out_create(c, "zstd", &out), 0);
	s->end[0] = stream_out_bytes(out);
	for (unsigned int i = 0; i < SMALL_SECTIONS; i++) {
		struct bytes_out b = { 0 };

		for (size_t k = 0; k < lens[i]; k++)
			bytes_put_u8(&b, k % 7 ? rig_random(&seed) : 0);
		assert_int_equal(stream_out_section(out, names[i], 1, &b), 0);
		s->end[i + 1] = stream_out_bytes(out);
		bytes_free(&b);
	}
	assert_int_equal(stream_out_flush(out), 0);
	stream_out_free(out);
	channel_free(c);
	s->data = rig_take(fd, &s->len);
	assert_int_equal(s->len, s->end[SMALL_SECTIONS]);
}

/*
 * Reads a stream that is not the one it was: each section that comes out must be one
 * that went in, at its place, and the whole must not seem complete.  Returns how many came out.
 */
static unsigned int check_variant(const struct small *s, const u8 *data, size_t len)
{
	struct channel *c = rig_source(data, len);
	struct stream_section sec;
	struct stream_in *in = NULL;
	unsigned int n = 0;
	char *err = NULL;
	int ret = stream_in_create(c, "zstd", &in, &err);

	while (!ret) {
		ret = stream_in_section(in, &sec, &err);
		if (ret)
			break;
		assert_true(n < SMALL_SECTIONS);
		assert_int_equal(stream_in_bytes(in), s->end[n + 1]);
		/* Behind the payload is its checksum only. */
		assert_int_equal(sec.bytes.len, s->end[n + 1] - s->end[n] - 25 - strlen(sec.name));
		assert_memory_equal(sec.name, s->data + s->end[n] + 17, strlen(sec.name));
		if (sec.bytes.len)
			assert_memory_equal(sec.bytes.data, s->data + s->end[n + 1] - 4 - sec.bytes.len, sec.bytes.len);
		n++;
	}
	assert_non_null(err);
	assert_true(ret == -EBADMSG || ret == -EPIPE || (ret == -ENODATA && n < SMALL_SECTIONS));
	free(err);
	stream_in_free(in);
	channel_free(c);
	return n;
}

/* Something is done to a copy: bits turned, a piece set, moved, doubled or left out.  False: it came out the same. */
static bool damage(u64 *seed, const struct small *s, u8 *copy, size_t *len)
{
	size_t at = rig_random(seed) % s->len, n = 1 + rig_random(seed) % 64, to = rig_random(seed) % s->len;

	memcpy(copy, s->data, s->len);
	*len = s->len;
	n = n < s->len - at ? n : s->len - at;
	n = n < s->len - to ? n : s->len - to;
	switch (rig_random(seed) % 6) {
	case 0:
		for (unsigned int k = 1 + rig_random(seed) % 8; k; k--)
			copy[rig_random(seed) % s->len] ^= 1 << rig_random(seed) % 8;
		break;
	case 1:
		memset(copy + at, rig_random(seed) % 2 ? 0xff : 0, n);
		break;
	case 2:
		for (size_t k = 0; k < n; k++)
			copy[at + k] = rig_random(seed);
		break;
	case 3:
		memmove(copy + at, s->data + to, n);
		break;
	case 4:
		memmove(copy + at, copy + at + n, s->len - at - n);
		*len -= n;
		break;
	case 5:
		memmove(copy + at + n, copy + at, s->len - at);
		*len += n;
		break;
	}
	return *len != s->len || memcmp(copy, s->data, s->len);
}

static void test_damage(void **state)
{
	unsigned int variants = 0;
	struct small s;
	u8 *copy;
	u64 seed = 1;
	size_t len;

	(void)state;
	small_make(&s);
	copy = malloc(s.len + 64);
	/* Cut everywhere: the sections before are whole. */
	for (len = 0; len < s.len; len++, variants++) {
		unsigned int n = check_variant(&s, s.data, len), want = 0;

		while (want < SMALL_SECTIONS && s.end[want + 1] <= len)
			want++;
		assert_int_equal(n, want);
	}
	/* Each byte has a bit that is wrong: everything before its section comes out, nothing behind. */
	for (size_t at = 0; at < s.len; at++, variants++) {
		unsigned int want = 0, n;

		memcpy(copy, s.data, s.len);
		copy[at] ^= 1 << (at * 5 + 3) % 8;
		n = check_variant(&s, copy, s.len);
		while (want < SMALL_SECTIONS && s.end[want + 1] <= at)
			want++;
		assert_int_equal(n, want);
	}
	while (variants < 12000) {
		if (!damage(&seed, &s, copy, &len))
			continue;
		check_variant(&s, copy, len);
		variants++;
	}
	/* Whole sections left out, doubled, exchanged. */
	for (unsigned int i = 0; i < SMALL_SECTIONS - 1; i++) {
		size_t a = s.end[i], b = s.end[i + 1], n = s.end[i + 2] - b;

		memcpy(copy, s.data, a);
		memcpy(copy + a, s.data + b, s.len - b);
		assert_int_equal(check_variant(&s, copy, s.len - (b - a)), i);
		memcpy(copy + a, s.data + b, n);
		memcpy(copy + a + n, s.data + a, b - a);
		memcpy(copy + a + n + (b - a), s.data + b + n, s.len - b - n);
		assert_int_equal(check_variant(&s, copy, s.len), i);
		free(copy);
		copy = malloc(2 * s.len);
		memcpy(copy, s.data, b);
		memcpy(copy + b, s.data + a, s.len - a);
		assert_int_equal(check_variant(&s, copy, s.len + (b - a)), i + 1);
	}
	free(copy);
	free(s.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes), cmocka_unit_test(test_bytes_errors), cmocka_unit_test(test_sections),
		cmocka_unit_test(test_out_errors), cmocka_unit_test(test_headers), cmocka_unit_test(test_bad_sections),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
