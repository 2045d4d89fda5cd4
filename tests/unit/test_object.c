/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects to bytes and back: by name, in any order, and nothing that a table does not allow. */
#define _GNU_SOURCE
#include "tests/unit/stream_rig.h"

#include "vmm/host/log.h"
#include "vmm/migrate/object.h"

struct point {
	u16 x, y;
	bool on;
};

struct box {
	u8 tag;
	struct point corner[3];
	u32 colours[2];
};

struct thing {
	u64 guard0;
	u8 byte;
	u16 half;
	u32 word;
	u64 dword;
	bool flag, flags[3];
	u32 level;		/* at most 16 */
	u8 small[4];		/* at most 9 */
	u8 buffer[7];
	struct box box;
	u32 late;		/* optional */
	u64 guard1;
	/* Not in the stream: */
	unsigned int befores, afters;
};

static const struct save_field point_fields[] = {
	SAVE(struct point, x), SAVE_MAX(struct point, y, 1000), SAVE(struct point, on), SAVE_LAST,
};

static const struct save_field box_fields[] = {
	SAVE(struct box, tag), SAVE_SUBS(struct box, corner, point_fields), SAVE_ARRAY(struct box, colours), SAVE_LAST,
};

static const struct save_field thing_fields[] = {
	SAVE(struct thing, byte),
	SAVE(struct thing, half),
	SAVE(struct thing, word),
	SAVE(struct thing, dword),
	SAVE(struct thing, flag),
	SAVE_ARRAY(struct thing, flags),
	SAVE_MAX(struct thing, level, 16),
	SAVE_ARRAY_MAX(struct thing, small, 9),
	SAVE_BUFFER(struct thing, buffer),
	SAVE_SUB(struct thing, box, box_fields),
	{ .name = "late", .offset = offsetof(struct thing, late), .count = 1, .size = 4, .kind = SAVE_UINT,
	  .max = ~0ULL, .flags = SAVE_OPTIONAL },
	SAVE_LAST,
};

static void before(void *obj)
{
	((struct thing *)obj)->befores++;
}

static int after(void *obj, char **err)
{
	struct thing *t = obj;

	t->afters++;
	return t->byte == 13 ? err_set(err, -EINVAL, "thirteen") : 0;
}

static const struct save_table thing_table = { "thing", 3, thing_fields, before, after };

static const struct thing sample = {
	.guard0 = ~0ULL, .byte = 0x12, .half = 0x1234, .word = 0x12345678, .dword = 0x123456789abcdef0, .flag = true,
	.flags = { true, false, true }, .level = 16, .small = { 9, 0, 1, 2 }, .buffer = { 255, 1, 2, 3, 4, 5, 254 },
	.box = { .tag = 7, .corner = { { 1, 2, true }, { 65535, 1000, false }, { 3, 4, true } },
		 .colours = { 0xff0000, ~0u } },
	.late = 99, .guard1 = ~0ULL,
};

static const struct thing empty = { .guard0 = ~0ULL, .guard1 = ~0ULL };

static void check_same(const struct thing *a, const struct thing *b)
{
	assert_int_equal(a->byte, b->byte);
	assert_int_equal(a->half, b->half);
	assert_int_equal(a->word, b->word);
	assert_true(a->dword == b->dword);
	assert_int_equal(a->flag, b->flag);
	assert_memory_equal(a->flags, b->flags, sizeof(a->flags));
	assert_int_equal(a->level, b->level);
	assert_memory_equal(a->small, b->small, sizeof(a->small));
	assert_memory_equal(a->buffer, b->buffer, sizeof(a->buffer));
	assert_int_equal(a->box.tag, b->box.tag);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(a->box.corner[i].x, b->box.corner[i].x);
		assert_int_equal(a->box.corner[i].y, b->box.corner[i].y);
		assert_int_equal(a->box.corner[i].on, b->box.corner[i].on);
	}
	assert_memory_equal(a->box.colours, b->box.colours, sizeof(a->box.colours));
	assert_int_equal(a->late, b->late);
	assert_true(a->guard0 == ~0ULL && b->guard0 == ~0ULL && a->guard1 == ~0ULL && b->guard1 == ~0ULL);
}

static void test_round_trip(void **state)
{
	struct thing from = sample, to = empty;
	struct bytes_out b = { 0 };
	struct bytes_in in;
	char *err = NULL;

	(void)state;
	object_put(&b, &thing_table, &from);
	assert_int_equal(b.error, 0);
	assert_int_equal(from.befores, 1);
	bytes_put_u8(&b, 0xee);		/* the next one's */
	in = (struct bytes_in){ .data = b.data, .len = b.len };
	assert_int_equal(object_get(&in, &thing_table, &to, &err), 0);
	assert_int_equal(to.afters, 1);
	assert_int_equal(in.len, 1);
	check_same(&from, &to);
	bytes_free(&b);
}

/* An object made by hand: fields in any order, of any kind. */
static void start(struct bytes_out *b, const char *name, u32 version, unsigned int fields)
{
	bytes_free(b);
	bytes_put_string(b, name);
	bytes_put_u32(b, version);
	bytes_put_u16(b, fields);
}

static void put_head(struct bytes_out *b, const char *name, unsigned int kind, unsigned int flags, unsigned int width,
		     u32 count, u32 len)
{
	bytes_put_string(b, name);
	bytes_put_u8(b, kind);
	bytes_put_u8(b, flags);
	bytes_put_u8(b, width);
	bytes_put_u32(b, count);
	bytes_put_u32(b, len);
}

static void put_uint(struct bytes_out *b, const char *name, unsigned int width, u64 val)
{
	put_head(b, name, SAVE_UINT, 0, width, 1, width);
	for (unsigned int i = 0; i < width; i++)
		bytes_put_u8(b, val >> 8 * i);
}

struct pair {
	u64 guard0;
	u16 a;
	u64 guard1;
	bool b;
	u8 c[2];
	u64 guard2;
};

static const struct save_field pair_fields[] = {
	SAVE_MAX(struct pair, a, 5000), SAVE(struct pair, b),
	{ .name = "c", .offset = offsetof(struct pair, c), .count = 2, .size = 1, .kind = SAVE_UINT, .max = 200,
	  .flags = SAVE_OPTIONAL },
	SAVE_LAST,
};
static const struct save_table pair_table = { .name = "pair", .version = 2, .fields = pair_fields };

/* @part: of the message; NULL: it is to be taken. */
static struct pair get_pair(struct bytes_out *b, int want, const char *part)
{
	struct pair p = { ~0ULL, 0, ~0ULL, false, { 0, 0 }, ~0ULL };
	u8 *copy = malloc(b->len ? b->len : 1);		/* for sanitizers: nothing behind it */
	struct bytes_in in = { .data = copy, .len = b->len };
	char *err = NULL;
	int ret;

	assert_int_equal(b->error, 0);
	if (b->len)
		memcpy(copy, b->data, b->len);
	ret = object_get(&in, &pair_table, &p, &err);
	if (ret != want || (part && (!err || !strstr(err, part))) || (!part && err))
		fail_msg("%d instead of %d (%s): %s", ret, want, part, err);
	assert_true(p.guard0 == ~0ULL && p.guard1 == ~0ULL && p.guard2 == ~0ULL);
	free(err);
	free(copy);
	return p;
}

static void put_bool(struct bytes_out *b, u8 val)
{
	put_head(b, "b", SAVE_BOOL, 0, 1, 1, 1);
	bytes_put_u8(b, val);
}

static void test_by_name(void **state)
{
	static const unsigned int widths[] = { 1, 2, 4, 8 };
	struct bytes_out b = { 0 };

	(void)state;
	/* Another order, every width, an optional field that is not there, an older version. */
	for (unsigned int i = 0; i < 4; i++) {
		start(&b, "pair", 1, 2);
		put_bool(&b, 1);
		put_uint(&b, "a", widths[i], 0xc8);
		assert_int_equal(get_pair(&b, 0, NULL).a, 0xc8);
		assert_true(get_pair(&b, 0, NULL).b);
	}
	/* What is not known here but may be passed over, whatever is in it. */
	start(&b, "pair", 2, 4);
	put_head(&b, "new", SAVE_STRUCT, 1, 0, 3, 5);
	bytes_put(&b, "\xff\xff\xff\xff\xff", 5);
	put_uint(&b, "a", 4, 5000);
	put_head(&b, "new2", SAVE_BYTES, 1, 1, 2, 2);
	bytes_put_u16(&b, 0);
	put_bool(&b, 0);
	assert_int_equal(get_pair(&b, 0, NULL).a, 5000);
	bytes_free(&b);
}

static void test_refused(void **state)
{
	struct bytes_out b = { 0 };

	(void)state;
	start(&b, "pear", 2, 0);
	get_pair(&b, -EINVAL, "object pair: the stream has another object");
	start(&b, "pair", 3, 0);
	get_pair(&b, -EINVAL, "newer vambrace");
	start(&b, "pair", 2, 1);
	put_bool(&b, 0);
	get_pair(&b, -EINVAL, "field a: it is missing");
	start(&b, "pair", 2, 3);
	put_uint(&b, "a", 2, 1);
	put_uint(&b, "z", 2, 1);
	put_bool(&b, 0);
	get_pair(&b, -EINVAL, "field z: it is not known here");
	start(&b, "pair", 2, 3);
	put_uint(&b, "a", 2, 1);
	put_bool(&b, 0);
	put_uint(&b, "a", 2, 1);
	get_pair(&b, -EBADMSG, "field a: it is there twice");
	start(&b, "pair", 2, 2);
	put_uint(&b, "a", 2, 5001);
	put_bool(&b, 0);
	get_pair(&b, -EINVAL, "field a: 5001 is more than 5000");
	start(&b, "pair", 2, 2);
	put_uint(&b, "a", 8, 0x10001);		/* would be 1 in its 16 bits */
	put_bool(&b, 0);
	get_pair(&b, -EINVAL, "field a: 65537");
	start(&b, "pair", 2, 2);
	put_uint(&b, "a", 2, 1);
	put_bool(&b, 2);
	get_pair(&b, -EINVAL, "field b: 2 is more than 1");
	start(&b, "pair", 2, 2);
	put_uint(&b, "a", 2, 1);
	put_uint(&b, "b", 1, 1);
	get_pair(&b, -EINVAL, "field b: it is a number there and a boolean here");
	start(&b, "pair", 2, 1);
	put_head(&b, "c", SAVE_UINT, 0, 1, 3, 3);
	bytes_put(&b, "abc", 3);
	get_pair(&b, -EINVAL, "field c: it has 3 elements there and 2 here");
	start(&b, "pair", 2, 1);
	put_head(&b, "c", SAVE_UINT, 0, 2, 2, 4);
	bytes_put(&b, "\xc8\0\xc9\0", 4);
	get_pair(&b, -EINVAL, "field c[1]: 201 is more than 200");
	bytes_free(&b);
}

static void test_malformed(void **state)
{
	struct bytes_out b = { 0 };
	char name[65];

	(void)state;
	get_pair(&b, -EBADMSG, "ends before");
	start(&b, "pair", 2, 9);
	get_pair(&b, -EBADMSG, "middle of a field");
	start(&b, "pair", 2, 1);
	put_head(&b, "c", SAVE_UINT, 0, 1, 2, 100);
	get_pair(&b, -EBADMSG, "middle of a field");
	start(&b, "pair", 2, 1);
	put_head(&b, "c", SAVE_UINT, 0, 1, 2, 1);
	bytes_put_u8(&b, 1);
	get_pair(&b, -EBADMSG, "length");
	start(&b, "pair", 2, 1);
	put_head(&b, "c", SAVE_UINT, 0, 8, 0x20000000, 0);	/* 2^32 bytes */
	get_pair(&b, -EBADMSG, "length");
	start(&b, "pair", 2, 1);
	put_head(&b, "c", SAVE_UINT, 0, 3, 2, 6);
	bytes_put(&b, "abcdef", 6);
	get_pair(&b, -EBADMSG, "no such width");
	start(&b, "pair", 2, 1);
	put_head(&b, "b", SAVE_BOOL, 0, 2, 1, 2);
	bytes_put(&b, "\1", 2);
	get_pair(&b, -EBADMSG, "no such width");
	start(&b, "pair", 2, 1);
	put_head(&b, "c", 9, 1, 1, 2, 2);
	bytes_put_u16(&b, 0);
	get_pair(&b, -EBADMSG, "no such kind");
	start(&b, "pair", 2, 1);
	put_head(&b, "c", SAVE_UINT, 2, 1, 2, 2);
	bytes_put_u16(&b, 0);
	get_pair(&b, -EBADMSG, "flags");
	start(&b, "pair", 2, 1);
	put_uint(&b, "", 2, 1);
	get_pair(&b, -EBADMSG, "visible");
	start(&b, "pair", 2, 1);
	put_uint(&b, "a\33", 2, 1);
	get_pair(&b, -EBADMSG, "visible");
	memset(name, 'a', 64);
	name[64] = 0;
	start(&b, "pair", 2, 1);
	put_uint(&b, name, 2, 1);
	get_pair(&b, -EBADMSG, "visible");
	bytes_free(&b);
}

/* Nested structs: a message says where, and an element's end is its end. */
static void test_nested(void **state)
{
	struct thing from = sample, to = empty;
	struct bytes_out b = { 0 };
	struct bytes_in in;
	char *err = NULL;

	(void)state;
	from.box.corner[1].y = 1001;
	object_put(&b, &thing_table, &from);
	in = (struct bytes_in){ .data = b.data, .len = b.len };
	assert_int_equal(object_get(&in, &thing_table, &to, &err), -EINVAL);
	assert_non_null(strstr(err, "object thing, field box.corner[1].y: 1001 is more than 1000"));
	assert_int_equal(to.afters, 0);
	free(err);
	err = NULL;
	bytes_free(&b);
	from = sample;
	from.byte = 13;
	object_put(&b, &thing_table, &from);
	in = (struct bytes_in){ .data = b.data, .len = b.len };
	assert_int_equal(object_get(&in, &thing_table, &to, &err), -EINVAL);
	assert_string_equal(err, "thirteen");
	free(err);
	bytes_free(&b);
}

struct deep {
	u8 v;
};

#define LEVEL(n, inner) static const struct save_field deep##n[] = {                                       \
	{ .name = "a_name_that_is_rather_long_so_that_a_path_of_all_is_longer_yet", .count = 1, .size = 1, \
	  .kind = SAVE_STRUCT, .sub = inner }, SAVE_LAST }
static const struct save_field deep0[] = { SAVE_MAX(struct deep, v, 5), SAVE_LAST };
LEVEL(1, deep0);
LEVEL(2, deep1);
LEVEL(3, deep2);
LEVEL(4, deep3);
LEVEL(5, deep4);
LEVEL(6, deep5);
LEVEL(7, deep6);
LEVEL(8, deep7);

static void test_depth(void **state)
{
	static const struct save_table eight = { .name = "deep", .fields = deep7 };
	static const struct save_table nine = { .name = "deep", .fields = deep8 };
	struct deep d = { 5 };
	struct bytes_out b = { 0 };
	struct bytes_in in;
	char *err = NULL;

	(void)state;
	object_put(&b, &eight, &d);
	assert_int_equal(b.error, 0);
	in = (struct bytes_in){ .data = b.data, .len = b.len };
	d.v = 0;
	assert_int_equal(object_get(&in, &eight, &d, &err), 0);
	assert_int_equal(d.v, 5);
	/* The path is longer than what messages have room for. */
	b.data[b.len - 1] = 6;
	in = (struct bytes_in){ .data = b.data, .len = b.len };
	assert_int_equal(object_get(&in, &eight, &d, &err), -EINVAL);
	free(err);
	bytes_free(&b);
	object_put(&b, &nine, &d);
	assert_int_equal(b.error, -EINVAL);
	bytes_free(&b);
}

/* What was taken is within every bound of the table, whatever came. */
static void check_bounds(const struct thing *t)
{
	u8 flags[4];

	memcpy(flags, t->flags, 3);
	memcpy(flags + 3, &t->flag, 1);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(flags[i] <= 1);
	assert_true(t->level <= 16);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(t->small[i] <= 9);
	for (unsigned int i = 0; i < 3; i++)
		assert_true(t->box.corner[i].y <= 1000);
}

/* A sender that means harm has checksums that are right: what is damaged is the payload itself. */
static void test_garbage(void **state)
{
	struct thing from = sample, to;
	struct bytes_out b = { 0 };
	unsigned int taken = 0;
	u64 seed = 3;
	u8 *copy;

	(void)state;
	object_put(&b, &thing_table, &from);
	for (unsigned int i = 0; i < 20000; i++) {
		size_t len = rig_random(&seed) % 4 ? b.len : rig_random(&seed) % b.len;
		struct bytes_in in;
		char *err = NULL;
		int ret;

		copy = malloc(len ? len : 1);
		memcpy(copy, b.data, len);
		for (unsigned int k = 1 + rig_random(&seed) % 4; k && len; k--)
			copy[rig_random(&seed) % len] = rig_random(&seed) >> rig_random(&seed) % 8;
		to = empty;
		in = (struct bytes_in){ .data = copy, .len = len };
		ret = object_get(&in, &thing_table, &to, &err);
		assert_true(ret == 0 || ((ret == -EINVAL || ret == -EBADMSG) && err));
		assert_true(to.guard0 == ~0ULL && to.guard1 == ~0ULL);
		check_bounds(&to);
		taken += !ret;
		free(err);
		free(copy);
	}
	/* Values may change without notice, names and lengths not. */
	assert_true(taken > 200 && taken < 10000);
	bytes_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_by_name), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_malformed), cmocka_unit_test(test_nested), cmocka_unit_test(test_depth),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
