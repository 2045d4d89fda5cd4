/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/machine/zimage.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/host/log.h"
#include "vmm/machine/fdt.h"
#include "vmm/machine/kernel.h"

#define MIB (1ULL << 20)

#define ZIMAGE_MAGIC 0x016f2818
#define ZIMAGE_LITTLE 0x04030201
#define ZIMAGE_BIG 0x01020304
#define ZIMAGE_TABLE 0x45454545
#define TAG_SIZES 0x5a534c4b		/* "KLSZ" */
#define FDT_MAGIC_BE 0xd00dfeed

/*
 * The kernel goes to an offset that it was built with, above the 128 MiB
 * boundary below the zImage; the largest that any Arm platform was given.
 */
#define TEXT_OFFSET_MAX 0x308000ULL
#define RAM_STEP (128 * MIB)
/* Behind the zImage it has its stack and heap, and pages for the MMU. */
#define WORK_ROOM MIB
/* Without a table of sizes: what a well compressed kernel and its BSS can come to. */
#define GUESSED_RATIO 8
/* How much of the file is searched for instructions: all of the unpacker, most of the time. */
#define STUB_BYTES (64u << 10)

struct header {
	u32 code[9];
	u32 magic;
	u32 start, end;		/* as linked: start is 0 but for kernels that run from ROM */
	u32 endian;
	u32 table_magic;
	u32 table;		/* file offset of the tagged words */
};

bool zimage_is(const u8 *head, size_t len)
{
	u32 magic;

	if (len < sizeof(struct header))
		return false;
	memcpy(&magic, head + offsetof(struct header, magic), 4);
	return le32toh(magic) == ZIMAGE_MAGIC;
}

static int read_word(int fd, u64 file_size, u64 off, u32 *out)
{
	int ret;

	if (off > file_size || file_size - off < 4)
		return -EINVAL;
	ret = boot_file_read(fd, off, out, 4);
	*out = le32toh(*out);
	return ret;
}

/* Where the unpacked kernel with its BSS ends above RAM's start; 0 where the file does not say (before Linux 4.15). */
static u64 unpacked_end(int fd, u64 file_size, const struct header *h)
{
	u64 at = le32toh(h->table);
	u32 words, tag, where, bytes, bss, text;

	if (le32toh(h->table_magic) != ZIMAGE_TABLE)
		return 0;
	for (unsigned int n = 0; n < 64; n++, at += (u64)words * 4) {
		if (read_word(fd, file_size, at, &words) || words < 2 ||
		    read_word(fd, file_size, at + 4, &tag))
			return 0;
		if (tag != TAG_SIZES || words < 4)
			continue;
		if (read_word(fd, file_size, at + 8, &where) || read_word(fd, file_size, at + 12, &bss) ||
		    read_word(fd, file_size, where, &bytes))
			return 0;
		if (words < 5 || read_word(fd, file_size, at + 16, &text))
			text = TEXT_OFFSET_MAX;
		return (u64)text + bytes + bss;
	}
	return 0;
}

/*
 * A kernel for ARMv5 does not say so anywhere: it would start, find no CPU that
 * it knows and hang without a word.  But compilers for ARMv6 and later use byte
 * extension and reversal wherever bytes are handled, and an unpacker does
 * little else; the instructions do not exist before.  Thumb-2 kernels begin
 * with a branch to Thumb code.
 */
static int refuse_armv5(int fd, u64 size, const struct header *h, char **err)
{
	static const struct {
		u32 mask, value;
	} v6[] = {
		{ 0x0fff03f0, 0x06af0070 },	/* SXTB */
		{ 0x0fff03f0, 0x06bf0070 },	/* SXTH */
		{ 0x0fff03f0, 0x06ef0070 },	/* UXTB */
		{ 0x0fff03f0, 0x06ff0070 },	/* UXTH */
		{ 0x0fff0ff0, 0x06bf0f30 },	/* REV */
	};
	u32 n = (size < STUB_BYTES ? size : STUB_BYTES) / 4;
	unsigned int found = 0;
	u32 *code;

	if (le32toh(h->code[8]) == 0xe12fff1c)
		return 0;
	code = malloc(n * 4);
	if (!code)
		return -ENOMEM;
	if (boot_file_read(fd, 0, code, n * 4)) {
		free(code);
		return err_set(err, -EIO, "cannot be read");
	}
	for (u32 i = 0; i < n && found < 2; i++)
		for (size_t k = 0; k < ARM_ARRAY_SIZE(v6); k++)
			if ((le32toh(code[i]) & v6[k].mask) == v6[k].value) {
				found++;
				break;
			}
	free(code);
	if (found < 2)
		return err_set(err, -EINVAL, "is a kernel for ARMv5 or older, which these CPUs are not; give one "
			       "for ARMv7 (Debian's armmp)");
	return 0;
}

static int check_header(const struct header *h, u64 file_size, u64 *size, char **err)
{
	u32 start = le32toh(h->start), end = le32toh(h->end);

	if (le32toh(h->endian) == ZIMAGE_BIG)
		return err_set(err, -EINVAL, "is a big-endian kernel; give a little-endian one");
	if (start)
		return err_set(err, -EINVAL, "is a zImage that runs at %#x only; build it without ZBOOT_ROM", start);
	if (end <= sizeof(*h))
		return err_set(err, -EINVAL, "has a broken zImage header: it ends at %#x", end);
	if (end > file_size)
		return err_set(err, -EINVAL, "is truncated: %llu bytes of %u; copy it again",
			       (unsigned long long)file_size, end);
	*size = end;
	return 0;
}

/* What follows a zImage in its file is a device tree, or padding. */
static void find_dtb(int fd, u64 file_size, struct zimage *z)
{
	u32 magic, size;

	if (read_word(fd, file_size, z->size, &magic) || be32toh(htole32(magic)) != FDT_MAGIC_BE ||
	    read_word(fd, file_size, z->size + 4, &size))
		return;
	z->dtb_off = z->size;
	z->dtb_size = be32toh(htole32(size));
	if (z->dtb_size > file_size - z->dtb_off)
		z->dtb_size = file_size - z->dtb_off;	/* truncated, and said so when it is read */
}

/*
 * Above where the kernel will be, so that the zImage need not move itself; all
 * below its end is the kernel's.
 */
static int find_place(struct zimage *z, u64 unpacked, u64 ram_size, char **err)
{
	if (!unpacked)
		unpacked = TEXT_OFFSET_MAX + GUESSED_RATIO * z->size;
	z->at = (unpacked + MIB - 1) & ~(MIB - 1);
	z->end = (z->at + z->size + WORK_ROOM + MIB - 1) & ~(MIB - 1);
	if (z->at + z->size > RAM_STEP)
		return err_set(err, -EFBIG,
			       "is too large: %llu MiB unpacked, and a zImage must lie in the first 128 MiB",
			       (unsigned long long)(unpacked / MIB));
	if (z->end > ram_size)
		return err_set(err, -ENOMEM, "needs %llu MiB of memory to unpack itself and the guest has %llu MiB; "
			       "give it more with --memory", (unsigned long long)(z->end / MIB),
			       (unsigned long long)(ram_size / MIB));
	return 0;
}

int zimage_plan(int fd, u64 file_size, const u8 *head, u64 ram_base, u64 ram_size, struct zimage *out,
		char **err)
{
	struct header h;
	int ret;

	memset(out, 0, sizeof(*out));
	if (ram_base % RAM_STEP)
		return -EINVAL;
	memcpy(&h, head, sizeof(h));
	ret = check_header(&h, file_size, &out->size, err);
	if (!ret)
		ret = refuse_armv5(fd, out->size, &h, err);
	if (ret)
		return ret;
	find_dtb(fd, file_size, out);
	return find_place(out, unpacked_end(fd, file_size, &h), ram_size, err);
}
