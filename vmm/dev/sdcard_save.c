/* SPDX-License-Identifier: GPL-2.0-only */
/* What of a card moves to another host; the image moves in its own way. */
#include "vmm/dev/save.h"
#include "vmm/dev/sdcard_impl.h"
#include "vmm/host/log.h"

/* The card's thread is at rest: there is no job. */
static const struct save_field fields[] = {
	SAVE(struct sdcard, had_bytes),
	SAVE(struct sdcard, had_readonly),
	SAVE_BUFFER(struct sdcard, regs.cid),
	SAVE_BUFFER(struct sdcard, regs.csd),
	SAVE_BUFFER(struct sdcard, regs.scr),
	SAVE_BUFFER(struct sdcard, regs.status),
	SAVE_MAX(struct sdcard, state, S_INACTIVE),
	SAVE(struct sdcard, status),
	SAVE(struct sdcard, rca),
	SAVE(struct sdcard, app),
	SAVE(struct sdcard, high_speed),
	SAVE(struct sdcard, wide),
	SAVE_MAX(struct sdcard, block_len, SD_SECTOR),
	SAVE(struct sdcard, erase_start),
	SAVE(struct sdcard, erase_end),
	SAVE(struct sdcard, erase_has_start),
	SAVE(struct sdcard, erase_has_end),
	SAVE(struct sdcard, written),
	SAVE(struct sdcard, from_small),
	SAVE_BUFFER(struct sdcard, small),
	SAVE_MAX(struct sdcard, small_len, 64),
	SAVE_MAX(struct sdcard, small_pos, 64),
	SAVE_MAX(struct sdcard, xfer_block, SD_SECTOR),
	SAVE(struct sdcard, blocks_left),
	SAVE(struct sdcard, pos),
	SAVE(struct sdcard, io_failed),
	SAVE(struct sdcard, wanted),
	SAVE_MAX(struct sdcard, buf_len, SD_CHUNK),
	SAVE_MAX(struct sdcard, buf_pos, SD_CHUNK),
	SAVE_BUFFER(struct sdcard, buf),
	SAVE_LAST,
};

static void card_before(void *obj)
{
	struct sdcard *c = obj;

	c->had_bytes = c->bytes;
	c->had_readonly = c->readonly;
}

/* A transfer of the image: its place, its blocks and what of a chunk is in the buffer. */
static bool transfer_ok(const struct sdcard *c)
{
	u64 len = c->bytes - c->pos;

	if (c->pos > c->bytes || !c->xfer_block || c->buf_pos > c->buf_len)
		return false;
	if (c->state != S_RCV)
		return true;
	if (c->xfer_block != SD_SECTOR || c->pos % SD_SECTOR || c->buf_pos || c->readonly)
		return false;
	if (c->blocks_left < len / SD_SECTOR)
		len = c->blocks_left * SD_SECTOR;
	/* A full buffer would have been written. */
	return c->buf_len < (len < SD_CHUNK ? len : SD_CHUNK) || !c->buf_len;
}

static bool small_ok(const struct sdcard *c)
{
	/* The only register that can be written has 16 bytes. */
	return c->small_len && c->small_pos < c->small_len && c->xfer_block &&
	       (c->state != S_RCV || c->small_len == sizeof(c->regs.csd));
}

static bool erase_ok(const struct sdcard *c)
{
	return (!c->erase_has_start || (c->erase_start < c->bytes && !(c->erase_start % SD_SECTOR))) &&
	       (!c->erase_has_end || (c->erase_end < c->bytes && !(c->erase_end % SD_SECTOR)));
}

static int card_after(void *obj, char **err)
{
	struct sdcard *c = obj;
	bool moves = c->state == S_DATA || c->state == S_RCV;

	if (c->had_bytes != c->bytes)
		return err_set(err, -EINVAL, "SD card: the guest's has %llu bytes, and the one here %llu; give the"
			       " destination the same image, or a copy", (unsigned long long)c->had_bytes,
			       (unsigned long long)c->bytes);
	if (c->had_readonly != c->readonly)
		return err_set(err, -EINVAL, "SD card: the guest's is %s, and the one here is not; start the"
			       " destination %s ',readonly' at its --sd", c->had_readonly ? "read-only" : "writable",
			       c->had_readonly ? "with" : "without");
	/* Nothing is being programmed: the thread was at rest. */
	if (!c->block_len || c->state == S_PRG || c->state == S_DIS || !erase_ok(c) ||
	    (moves && !(c->from_small ? small_ok(c) : transfer_ok(c))))
		return err_set(err, -EINVAL, "SD card: no card comes into this state (%u); the stream is damaged",
			       c->state);
	if (!moves)
		sd_xfer_end(c);
	return 0;
}

static const struct save_table table = {
	.name = "sdcard", .version = 1, .fields = fields, .before = card_before, .after = card_after,
};

struct save_part sdcard_part(struct sdcard *card)
{
	return (struct save_part){ &table, card };
}
