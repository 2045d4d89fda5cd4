/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/migrate/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/host/log.h"

#define DEPTH_MAX 8		/* structs in structs */
#define FIELDS_MAX 256		/* of a table */
#define NAME_MAX_LEN 63
#define FIELD_OPTIONAL 1	/* a reader that does not know the field passes it over */

static unsigned int count_fields(const struct save_field *f)
{
	unsigned int n = 0;

	while (f[n].kind != SAVE_END)
		n++;
	return n;
}

/* Like memcpy(), but for an integer of @size bytes on a host of any byte order. */
static u64 load_number(const u8 *at, unsigned int size)
{
	union {
		u8 b;
		u16 h;
		u32 w;
		u64 d;
	} v;

	memcpy(&v, at, size);
	return size == 1 ? v.b : size == 2 ? v.h : size == 4 ? v.w : v.d;
}

static void store_number(u8 *at, unsigned int size, u64 val)
{
	u8 b = val;
	u16 h = val;
	u32 w = val;

	memcpy(at, size == 1 ? (void *)&b : size == 2 ? (void *)&h : size == 4 ? (void *)&w : (void *)&val, size);
}

/* The width of an element in the stream: a struct has none, for its fields have theirs. */
static unsigned int width_of(const struct save_field *f)
{
	return f->kind == SAVE_STRUCT ? 0 : f->kind == SAVE_UINT ? f->size : 1;
}

static void put_number(struct bytes_out *b, u64 val, unsigned int width)
{
	u8 le[8];

	for (unsigned int i = 0; i < width; i++)
		le[i] = val >> 8 * i;
	bytes_put(b, le, width);
}

static void put_fields(struct bytes_out *b, const struct save_field *fields, const u8 *obj, unsigned int depth);

static void put_elements(struct bytes_out *b, const struct save_field *f, const u8 *at, unsigned int depth)
{
	if (f->kind == SAVE_BYTES) {
		bytes_put(b, at, f->count);
		return;
	}
	for (u32 i = 0; i < f->count && !b->error; i++, at += f->size)
		if (f->kind == SAVE_STRUCT)
			put_fields(b, f->sub, at, depth + 1);
		else if (f->kind == SAVE_BOOL)
			put_number(b, *at != 0, 1);
		else
			put_number(b, load_number(at, f->size), f->size);
}

static void put_fields(struct bytes_out *b, const struct save_field *fields, const u8 *obj, unsigned int depth)
{
	unsigned int n = count_fields(fields);
	const struct save_field *f;
	size_t start;

	if ((depth > DEPTH_MAX || n > FIELDS_MAX) && !b->error)
		b->error = -EINVAL;
	bytes_put_u16(b, n);
	for (f = fields; f->kind != SAVE_END && !b->error; f++) {
		if (!*f->name || strlen(f->name) > NAME_MAX_LEN)
			b->error = -EINVAL;
		bytes_put_string(b, f->name);
		bytes_put_u8(b, f->kind);
		bytes_put_u8(b, f->flags & SAVE_OPTIONAL ? FIELD_OPTIONAL : 0);
		bytes_put_u8(b, width_of(f));
		bytes_put_u32(b, f->count);
		/* The length is known when the elements are there. */
		bytes_put_u32(b, 0);
		start = b->len;
		put_elements(b, f, obj + f->offset, depth);
		if (b->len - start > UINT32_MAX && !b->error)
			b->error = -E2BIG;
		for (unsigned int i = 0; i < 4 && !b->error; i++)
			b->data[start - 4 + i] = (b->len - start) >> 8 * i;
	}
}

void object_put(struct bytes_out *b, const struct save_table *table, void *obj)
{
	if (table->before)
		table->before(obj);
	bytes_put_string(b, table->name);
	bytes_put_u32(b, table->version);
	put_fields(b, table->fields, obj, 1);
}

/* What is being read; @path is where, for messages. */
struct reader {
	const char *object;
	char **err;
	size_t len;
	char path[512];
};

/* One field's head as it came. */
struct head {
	char name[BYTES_STRING_MAX + 1];
	u8 kind, flags, width;
	u32 count;
	struct bytes_in data;
};

static const char *const kind_names[] = {
	[SAVE_END] = "end", [SAVE_UINT] = "number", [SAVE_BOOL] = "boolean", [SAVE_BYTES] = "bytes",
	[SAVE_STRUCT] = "struct",
};

/* Goes down to a field, or with a NULL @name to element @i of it; returns what leave() needs. */
static size_t enter(struct reader *r, const char *name, u32 i)
{
	size_t was = r->len;
	int n = name ? snprintf(r->path + was, sizeof(r->path) - was, "%s%s", was ? "." : "", name) :
		       snprintf(r->path + was, sizeof(r->path) - was, "[%u]", (unsigned int)i);

	r->len = was + n < sizeof(r->path) ? was + n : sizeof(r->path) - 1;
	return was;
}

static void leave(struct reader *r, size_t was)
{
	r->len = was;
	r->path[was] = 0;
}

static int malformed(struct reader *r, const char *why)
{
	return err_set(r->err, -EBADMSG, "object %s%s%s: %s; the stream is damaged", r->object, r->len ? ", field "
		       "" : "",
		       r->path, why);
}

static int refused(struct reader *r, const char *why)
{
	return err_set(r->err, -EINVAL, "object %s, field %s: %s; is the stream of another version of vambrace?",
		       r->object, r->path, why);
}

/* Reads a field's head and takes its data out of @b, so that nothing in them can lead beyond. */
static int get_head(struct reader *r, struct bytes_in *b, struct head *h)
{
	unsigned int i;
	u32 len;

	bytes_get_string(b, h->name);
	h->kind = bytes_get_u8(b);
	h->flags = bytes_get_u8(b);
	h->width = bytes_get_u8(b);
	h->count = bytes_get_u32(b);
	len = bytes_get_u32(b);
	h->data = (struct bytes_in){ .data = bytes_get(b, len), .len = len };
	if (b->error)
		return malformed(r, "it ends in the middle of a field");
	/* Names go into messages, and those to terminals. */
	for (i = 0; h->name[i] > ' ' && h->name[i] <= '~'; i++)
		;
	if (!i || h->name[i] || i > NAME_MAX_LEN)
		return malformed(r, "a field's name is not 1 to 63 visible characters");
	return 0;
}

/* The numbers in a head must agree with each other, whether the field is known or not. */
static int check_head(struct reader *r, const struct head *h)
{
	bool width_good;

	switch (h->kind) {
	case SAVE_UINT:
		width_good = h->width == 1 || h->width == 2 || h->width == 4 || h->width == 8;
		break;
	case SAVE_BOOL:
	case SAVE_BYTES:
		width_good = h->width == 1;
		break;
	case SAVE_STRUCT:
		width_good = !h->width;
		break;
	default:
		return malformed(r, "there is no such kind of field");
	}
	if (!width_good)
		return malformed(r, "there is no such width of this kind");
	if (h->flags & ~FIELD_OPTIONAL)
		return malformed(r, "it has flags that do not exist");
	if (h->kind != SAVE_STRUCT && (u64)h->count * h->width != h->data.len)
		return malformed(r, "its length is not that of its elements");
	return 0;
}

static int get_fields(struct reader *r, struct bytes_in *b, const struct save_field *fields, u8 *obj,
		      unsigned int depth);

static int get_number(struct reader *r, struct head *h, const struct save_field *f, u8 *at, u32 i)
{
	const u8 *le = bytes_get(&h->data, h->width);
	u64 most = f->size == 8 ? ~0ULL : ARM_BIT(8 * f->size) - 1;
	u64 val = 0;

	for (unsigned int k = 0; k < h->width; k++)
		val |= (u64)le[k] << 8 * k;
	if (f->kind == SAVE_BOOL)
		most = 1;
	else if (f->max < most)
		most = f->max;
	if (val > most) {
		if (f->count > 1)
			enter(r, NULL, i);
		return err_set(r->err, -EINVAL, "object %s, field %s: %llu is more than %llu, the largest value here",
			       r->object, r->path, (unsigned long long)val, (unsigned long long)most);
	}
	if (f->kind == SAVE_BOOL)
		*(bool *)at = val;
	else
		store_number(at, f->size, val);
	return 0;
}

static int get_elements(struct reader *r, struct head *h, const struct save_field *f, u8 *at, unsigned int depth)
{
	size_t was;
	int ret = 0;

	if (f->kind == SAVE_BYTES) {
		memcpy(at, h->data.data, f->count);
		return 0;
	}
	for (u32 i = 0; i < f->count && !ret; i++, at += f->size) {
		if (f->kind != SAVE_STRUCT) {
			ret = get_number(r, h, f, at, i);
			continue;
		}
		was = f->count > 1 ? enter(r, NULL, i) : r->len;
		ret = get_fields(r, &h->data, f->sub, at, depth + 1);
		if (!ret)
			leave(r, was);
	}
	if (!ret && h->data.len)
		ret = malformed(r, "its length is not that of its elements");
	return ret;
}

static int get_field(struct reader *r, struct head *h, const struct save_field *f, u8 *obj, unsigned int depth)
{
	char why[96];
	int ret = check_head(r, h);

	if (ret)
		return ret;
	if (!f)
		return h->flags & FIELD_OPTIONAL ? 0 : refused(r, "it is not known here");
	if (h->kind != f->kind) {
		snprintf(why, sizeof(why), "it is a %s there and a %s here", kind_names[h->kind], kind_names[f->kind]);
		return refused(r, why);
	}
	if (h->count != f->count) {
		snprintf(why, sizeof(why), "it has %u elements there and %u here", (unsigned int)h->count,
			 (unsigned int)f->count);
		return refused(r, why);
	}
	return get_elements(r, h, f, obj + f->offset, depth);
}

static const struct save_field *find_field(const struct save_field *fields, const char *name)
{
	for (; fields->kind != SAVE_END; fields++)
		if (!strcmp(fields->name, name))
			return fields;
	return NULL;
}

/*
 * The fields of one struct, in any order.  Fields that are not known may come twice: nobody looks at them.
 * After an error @r->path stays where it was.
 */
static int get_fields(struct reader *r, struct bytes_in *b, const struct save_field *fields, u8 *obj,
		      unsigned int depth)
{
	bool seen[FIELDS_MAX] = { 0 };
	unsigned int n = bytes_get_u16(b);
	const struct save_field *f;
	struct head h;
	size_t was;
	int ret;

	if (depth > DEPTH_MAX || count_fields(fields) > FIELDS_MAX)
		return malformed(r, "its structs are nested too deep");
	if (b->error)
		return malformed(r, "it ends before its fields");
	while (n--) {
		ret = get_head(r, b, &h);
		if (ret)
			return ret;
		was = enter(r, h.name, 0);
		f = find_field(fields, h.name);
		if (f && seen[f - fields])
			return malformed(r, "it is there twice");
		if (f)
			seen[f - fields] = true;
		ret = get_field(r, &h, f, obj, depth);
		if (ret)
			return ret;
		leave(r, was);
	}
	for (f = fields; f->kind != SAVE_END; f++) {
		if (!seen[f - fields] && !(f->flags & SAVE_OPTIONAL)) {
			enter(r, f->name, 0);
			return refused(r, "it is missing");
		}
	}
	return 0;
}

int object_get(struct bytes_in *b, const struct save_table *table, void *obj, char **err)
{
	struct reader r = { .object = table->name, .err = err };
	char name[BYTES_STRING_MAX + 1];
	u32 version;
	int ret;

	bytes_get_string(b, name);
	version = bytes_get_u32(b);
	if (b->error)
		return malformed(&r, "it ends before its fields");
	if (strcmp(name, table->name))
		return err_set(err, -EINVAL, "object %s: the stream has another object in its place; are the machines "
			       "the same on both sides?", table->name);
	if (version > table->version)
		return err_set(err, -EINVAL, "object %s: the stream has version %u of it, and this program knows "
			       "those up to %u; use a newer vambrace", table->name, (unsigned int)version,
			       (unsigned int)table->version);
	ret = get_fields(&r, b, table->fields, obj, 1);
	if (!ret && table->after)
		ret = table->after(obj, err);
	return ret;
}
