/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/migrate/bytes.h"

#include <stdlib.h>
#include <string.h>

void bytes_free(struct bytes_out *b)
{
	free(b->data);
	*b = (struct bytes_out){ 0 };
}

/* Room for @len more; NULL after an error. */
static u8 *grow(struct bytes_out *b, size_t len)
{
	size_t room = b->room ? b->room : 256;
	u8 *data;

	if (b->error)
		return NULL;
	if (len > SIZE_MAX / 2 - b->len) {
		b->error = -ENOMEM;
		return NULL;
	}
	while (room < b->len + len)
		room *= 2;
	if (room != b->room) {
		data = realloc(b->data, room);
		if (!data) {
			b->error = -ENOMEM;
			return NULL;
		}
		b->data = data;
		b->room = room;
	}
	data = b->data + b->len;
	b->len += len;
	return data;
}

void bytes_put(struct bytes_out *b, const void *data, size_t len)
{
	u8 *to = grow(b, len);

	if (to && len)
		memcpy(to, data, len);
}

static void put_number(struct bytes_out *b, u64 val, unsigned int len)
{
	u8 *to = grow(b, len);

	for (unsigned int i = 0; to && i < len; i++)
		to[i] = val >> 8 * i;
}

void bytes_put_u8(struct bytes_out *b, u8 val)
{
	put_number(b, val, 1);
}

void bytes_put_u16(struct bytes_out *b, u16 val)
{
	put_number(b, val, 2);
}

void bytes_put_u32(struct bytes_out *b, u32 val)
{
	put_number(b, val, 4);
}

void bytes_put_u64(struct bytes_out *b, u64 val)
{
	put_number(b, val, 8);
}

void bytes_put_string(struct bytes_out *b, const char *text)
{
	size_t len = strlen(text);

	if (len > BYTES_STRING_MAX && !b->error)
		b->error = -E2BIG;
	if (b->error)
		return;
	bytes_put_u8(b, len);
	bytes_put(b, text, len);
}

const u8 *bytes_get(struct bytes_in *b, size_t len)
{
	const u8 *at = b->data;

	if (b->error || len > b->len) {
		b->error = -EBADMSG;
		return NULL;
	}
	b->data += len;
	b->len -= len;
	return at;
}

static u64 get_number(struct bytes_in *b, unsigned int len)
{
	const u8 *at = bytes_get(b, len);
	u64 val = 0;

	for (unsigned int i = 0; at && i < len; i++)
		val |= (u64)at[i] << 8 * i;
	return val;
}

u8 bytes_get_u8(struct bytes_in *b)
{
	return get_number(b, 1);
}

u16 bytes_get_u16(struct bytes_in *b)
{
	return get_number(b, 2);
}

u32 bytes_get_u32(struct bytes_in *b)
{
	return get_number(b, 4);
}

u64 bytes_get_u64(struct bytes_in *b)
{
	return get_number(b, 8);
}

void bytes_get_string(struct bytes_in *b, char out[BYTES_STRING_MAX + 1])
{
	size_t len = bytes_get_u8(b);
	const u8 *at = bytes_get(b, len);

	out[0] = 0;
	if (!at)
		return;
	if (memchr(at, 0, len)) {
		b->error = -EBADMSG;
		return;
	}
	memcpy(out, at, len);
	out[len] = 0;
}
