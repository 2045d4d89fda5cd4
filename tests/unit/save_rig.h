/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that move: all parts of one into bytes and back, and parts with
 * fields that somebody has chosen.  Include it after a rig.
 */
#ifndef TESTS_UNIT_SAVE_RIG_H
#define TESTS_UNIT_SAVE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/dev/device.h"
#include "vmm/migrate/object.h"

/* As migration does it, with nothing running. */
static inline void save_device(struct device *dev, struct bytes_out *out)
{
	struct save_part parts[SAVE_PARTS];
	unsigned int n;

	if (dev->ops->drain)
		dev->ops->drain(dev);
	n = device_parts(dev, parts);
	assert_in_range(n, 1, SAVE_PARTS);
	for (unsigned int i = 0; i < n; i++)
		object_put(out, parts[i].table, parts[i].obj);
	assert_int_equal(out->error, 0);
}

static inline int load_device(struct device *dev, const struct bytes_out *bytes, char **err)
{
	struct bytes_in in = { .data = bytes->data, .len = bytes->len };
	struct save_part parts[SAVE_PARTS];
	unsigned int n = device_parts(dev, parts);
	int ret = 0;

	for (unsigned int i = 0; i < n && !ret; i++)
		ret = object_get(&in, parts[i].table, parts[i].obj, err);
	if (!ret)
		assert_int_equal(in.len, 0);
	return ret;
}

/* The state of @from becomes that of @to, which goes on. */
static inline void move_device(struct device *from, struct device *to)
{
	struct bytes_out bytes = { 0 };
	char *err = NULL;

	save_device(from, &bytes);
	if (load_device(to, &bytes, &err))
		fail_msg("%s: %s", to->ops->name, err ? err : "?");
	if (to->ops->resume)
		to->ops->resume(to);
	bytes_free(&bytes);
}

static inline u64 save_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed * 0x2545f4914f6cdd1dULL;
}

/* A number that a reader lets pass, with a liking for the ends of the range. */
static inline u64 save_choose(u64 *seed, const struct save_field *f)
{
	u64 all = f->size == 8 ? ~0ULL : ARM_BIT(8 * f->size) - 1, max = f->max < all ? f->max : all;
	u64 r = save_random(seed), v = save_random(seed);

	switch (r % 6) {
	case 0:
		return max;
	case 1:
		return max - v % (max < 16 ? max + 1 : 16);
	case 2:
		return v % (max < 16 ? max + 1 : 16);
	case 3:
		return max == ~0ULL ? v : v % (max + 1);
	case 4:
		return max == ~0ULL ? v >> 40 : (v >> 40) % (max + 1);
	default:
		return 0;
	}
}

/* Puts such numbers into some of the fields: one in @rarity. */
static inline void save_spoil(const struct save_field *f, u8 *obj, u64 *seed, unsigned int rarity)
{
	for (; f->kind != SAVE_END; f++) {
		for (u32 i = 0; i < f->count; i++) {
			u8 *at = obj + f->offset + (size_t)i * f->size;
			u64 val;

			if (f->kind == SAVE_STRUCT) {
				save_spoil(f->sub, at, seed, rarity);
				continue;
			}
			if (save_random(seed) % rarity)
				continue;
			val = f->kind == SAVE_UINT ? save_choose(seed, f) : save_random(seed);
			if (f->kind == SAVE_BOOL)
				val &= 1;
			memcpy(at, &val, f->size);	/* little-endian hosts, as tests have */
		}
	}
}

/* The bytes of @dev with spoilt fields; it has its own again afterwards. */
static inline void save_spoilt(struct device *dev, struct bytes_out *out, u64 *seed, unsigned int rarity)
{
	struct save_part parts[SAVE_PARTS];
	unsigned int n = device_parts(dev, parts);

	for (unsigned int i = 0; i < n; i++) {
		struct save_table table = *parts[i].table;
		struct bytes_out own = { 0 };
		struct bytes_in in;

		object_put(&own, &table, parts[i].obj);
		save_spoil(table.fields, parts[i].obj, seed, rarity);
		table.before = NULL;
		object_put(out, &table, parts[i].obj);
		table.after = NULL;
		in = (struct bytes_in){ .data = own.data, .len = own.len };
		assert_int_equal(object_get(&in, &table, parts[i].obj, NULL), 0);
		bytes_free(&own);
	}
	assert_int_equal(out->error, 0);
}

#endif
