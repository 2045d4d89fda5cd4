/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libFuzzer: a stream from somebody who means harm.  The first byte of the input says what the rest is: a whole
 * stream, sections whose checksums are made right, so that what is in them is reached, or
 * one payload, of an object or of RAM.
 *
 * clang -fsanitize=fuzzer,address,undefined -I. tests/fuzz/fuzz_stream.c
 *	vmm/migrate/{bytes,object,ram,stream}.c vmm/host/{channel,log}.c -lz -lzstd
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "vmm/host/channel.h"
#include "vmm/migrate/object.h"
#include "vmm/migrate/ram.h"

#define INPUT_MAX (64u << 10)
#define RAM_PAGES 256u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { WHOLE, SECTIONS, OBJECT, RAM, RAM_ZSTD, KINDS };

struct inner {
	u32 a;			/* at most 3 */
	bool b;
	u8 text[5];
};

struct middle {
	struct inner inner[2];
	u16 n;
};

struct outer {
	u8 byte;
	u16 half;
	u32 word;		/* at most 1000 */
	u64 dword;
	bool flag, flags[3];
	u16 halves[4];		/* at most 9 */
	u8 buffer[16];
	struct middle middle[2];
	u32 late;		/* optional */
	u32 guard;
};

static const struct save_field inner_fields[] = {
	SAVE_MAX(struct inner, a, 3), SAVE(struct inner, b), SAVE_BUFFER(struct inner, text), SAVE_LAST,
};
static const struct save_field middle_fields[] = {
	SAVE_SUBS(struct middle, inner, inner_fields), SAVE(struct middle, n), SAVE_LAST,
};
static const struct save_field outer_fields[] = {
	SAVE(struct outer, byte), SAVE(struct outer, half), SAVE_MAX(struct outer, word, 1000),
	SAVE(struct outer, dword), SAVE(struct outer, flag), SAVE_ARRAY(struct outer, flags),
	SAVE_ARRAY_MAX(struct outer, halves, 9), SAVE_BUFFER(struct outer, buffer),
	SAVE_SUBS(struct outer, middle, middle_fields),
	{ .name = "late", .offset = offsetof(struct outer, late), .count = 1, .size = 4, .kind = SAVE_UINT,
	  .max = ~0ULL, .flags = SAVE_OPTIONAL },
	SAVE_LAST,
};
static const struct save_table outer_table = { .name = "outer", .version = 2, .fields = outer_fields };

/* libFuzzer gives the functions no context. */
static int file;
static struct channel *channel;
static struct ram_codec *codec;
static struct vmstate_ram ram[2];
static u8 *scratch;

static void must(bool good)
{
	if (!good)
		abort();
}

/* An object of every kind of field: what is taken keeps every bound. */
static void read_object(const u8 *data, size_t len)
{
	struct outer o = { .guard = 0xfeedface };
	struct bytes_in in = { .data = data, .len = len };
	struct bytes_out again = { 0 };
	char *err = NULL;
	u8 bools[8];
	int ret = object_get(&in, &outer_table, &o, &err);

	must(o.guard == 0xfeedface && !ret == !err && (!ret || ret == -EINVAL || ret == -EBADMSG));
	must(o.word <= 1000);
	memcpy(bools, &o.flag, 1);
	memcpy(bools + 1, o.flags, 3);
	for (unsigned int i = 0; i < 4; i++) {
		const struct inner *inner = &o.middle[i / 2].inner[i % 2];

		must(o.halves[i] <= 9 && inner->a <= 3);
		memcpy(bools + 4 + i, &inner->b, 1);
	}
	for (unsigned int i = 0; i < 8; i++)
		must(bools[i] <= 1);
	/* What was taken can be written and taken again. */
	if (!ret) {
		object_put(&again, &outer_table, &o);
		in = (struct bytes_in){ .data = again.data, .len = again.len };
		must(!again.error && !object_get(&in, &outer_table, &o, NULL) && !in.len);
		bytes_free(&again);
	}
	free(err);
}

static void read_ram(const u8 *data, size_t len)
{
	struct bytes_in in = { .data = data, .len = len };
	char *err = NULL;
	unsigned int pages = 0;
	int ret = ram_get_batch(codec, &in, ram, 2, &pages, &err);

	must(!ret == !err && (!ret || ret == -EINVAL || ret == -EBADMSG));
	must(ret || (pages && pages <= RAM_BATCH_PAGES));
	free(err);
}

/* The head of a batch is the input's, and its data are compressed from the input: the way to the end. */
static void read_ram_zstd(const u8 *data, size_t len)
{
	size_t head = 20 + 8 * (len > 10 ? (data[8] | data[9] << 8) & 7 : 0), n;
	struct bytes_out b = { 0 };

	if (len < head)
		return;
	bytes_put(&b, data, head);
	n = ZSTD_compress(scratch, INPUT_MAX, data + head, len - head, 1);
	if (!ZSTD_isError(n)) {
		b.data[9] = 0;
		b.data[8] &= 7;
		b.data[12] = 1;
		memset(b.data + 13, 0, 3);
		for (unsigned int i = 0; i < 4; i++)
			b.data[16 + i] = n >> 8 * i;
		bytes_put(&b, scratch, n);
		read_ram(b.data, b.len);
	}
	bytes_free(&b);
}

static void read_stream(const u8 *data, size_t len)
{
	struct stream_section sec;
	struct stream_in *in = NULL;
	char *err = NULL;
	int ret;

	must(!ftruncate(file, 0) && pwrite(file, data, len, 0) == (ssize_t)len && !lseek(file, 0, SEEK_SET));
	channel = channel_of_fd(dup(file));
	must(channel);
	ret = stream_in_create(channel, "zstd live", &in, &err);
	must(!ret == !err && !ret == !!in);
	while (!ret) {
		ret = stream_in_section(in, &sec, &err);
		must(!ret == !err);
		if (ret)
			break;
		must(strlen(sec.name) <= STREAM_NAME_MAX && sec.bytes.len <= len);
		if (!strcmp(sec.name, RAM_SECTION))
			read_ram(sec.bytes.data, sec.bytes.len);
		else
			read_object(sec.bytes.data, sec.bytes.len);
	}
	must(ret == -EBADMSG || ret == -EPIPE || ret == -ENODATA || ret == -EPROTONOSUPPORT);
	free(err);
	stream_in_free(in);
	channel_free(channel);
}

static void put_le32(u8 *at, u32 val)
{
	for (unsigned int i = 0; i < 4; i++)
		at[i] = val >> 8 * i;
}

static u32 le32(const u8 *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (u32)at[3] << 24;
}

/* Puts right what a damaged copy has wrong only because it was damaged: checksums, where there is room for them. */
static void read_sections(const u8 *data, size_t len)
{
	u8 *copy = malloc(len ? len : 1);
	size_t at, name, payload;
	u32 sum;

	memcpy(copy, data, len);
	at = len >= 20 ? le32(copy + 12) : len;
	if (len >= 20 && at <= len - 20) {
		put_le32(copy + 16 + at, crc32(0, copy, 16 + at));
		for (at += 20; len - at >= 25; at += 25 + name + payload) {
			name = copy[at + 16];
			payload = le32(copy + at + 12);
			if (name + payload > len - at - 25)
				break;
			sum = crc32(0, copy + at, 17 + name);
			put_le32(copy + at + 17 + name, sum);
			put_le32(copy + at + 21 + name + payload, crc32(sum, copy + at + 21 + name, payload));
		}
	}
	read_stream(copy, len);
	free(copy);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	file = memfd_create("fuzz_stream", MFD_CLOEXEC);
	scratch = malloc(INPUT_MAX);
	must(file >= 0 && scratch && !ram_codec_create(&codec));
	/* From malloc(): sanitizers see a store outside. */
	ram[0] = (struct vmstate_ram){ 0x40000000, RAM_PAGES * RAM_PAGE, malloc(RAM_PAGES * RAM_PAGE) };
	ram[1] = (struct vmstate_ram){ 0, 16 * RAM_PAGE, calloc(16, RAM_PAGE) };
	must(ram[0].host && ram[1].host);
	memset(ram[0].host, 0, ram[0].size);
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	void (*const readers[KINDS])(const u8 *data, size_t len) = {
		[WHOLE] = read_stream, [SECTIONS] = read_sections, [OBJECT] = read_object, [RAM] = read_ram,
		[RAM_ZSTD] = read_ram_zstd,
	};

	if (!size || size > INPUT_MAX)
		return -1;
	readers[data[0] % KINDS](data + 1, size - 1);
	return 0;
}
