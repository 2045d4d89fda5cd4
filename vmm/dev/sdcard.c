/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Section numbers are those of the Physical Layer Simplified Specification 3.01.
 *
 * Data goes through one buffer, which belongs either to the host's side or to
 * the job on the card's thread (busy).  Writes are in the host's page cache when the
 * card is no longer programming; they are not forced to the disk.
 */
#include <stdlib.h>
#include <string.h>

#include "vmm/dev/sdcard_impl.h"
#include "vmm/host/image.h"
#include "vmm/host/log.h"

#define ERASE_STEP (8u << 20)

int sdcard_size_ok(u64 bytes)
{
	return bytes >= 1ULL << 20 && bytes <= 1ULL << 41 && !(bytes & (bytes - 1));
}

bool sdcard_readonly(const struct sdcard *card)
{
	return card->readonly;
}

u64 sdcard_bytes(const struct sdcard *card)
{
	return card->bytes;
}

/* The image. */

static int erase(struct sdcard *c)
{
	u64 done, n;
	int ret = 0;

	for (done = 0; done < c->job_len && !ret; done += n) {
		n = c->job_len - done < ERASE_STEP ? c->job_len - done : ERASE_STEP;
		if (__atomic_load_n(&c->ending, __ATOMIC_RELAXED))
			return -EINTR;
		ret = image_write_zeroes(c->image, c->job_off + done, n, true);
	}
	return ret;
}

static void job_start(struct sdcard *c, enum sd_job kind, u64 off, u64 len)
{
	c->busy = true;
	c->wanted = true;
	c->kind = kind;
	c->job_off = off;
	c->job_len = len;
	pool_submit(c->pool, &c->job);
}

/* On the card's thread; busy says that the buffer and the job's fields are ours. */
static void job_run(struct pool_job *job)
{
	struct sdcard *c = (struct sdcard *)((char *)job - offsetof(struct sdcard, job));
	struct iovec iov = { c->buf, c->job_len };
	bool call;
	int ret;

	if (c->kind == SD_JOB_ERASE)
		ret = erase(c);
	else if (c->kind == SD_JOB_READ)
		ret = image_readv(c->image, &iov, 1, c->job_off);
	else
		ret = image_writev(c->image, &iov, 1, c->job_off);
	pthread_mutex_lock(&c->lock);
	c->busy = false;
	c->buf_pos = 0;
	c->buf_len = c->kind == SD_JOB_READ && c->wanted && !ret ? c->job_len : 0;
	if (ret && (c->wanted || c->kind != SD_JOB_READ)) {
		c->status |= R1_ERROR;
		c->io_failed = c->wanted;
	} else if (c->kind == SD_JOB_WRITE) {
		c->written += c->job_len / SD_SECTOR;
	}
	if (c->erase_len) {
		job_start(c, SD_JOB_ERASE, c->erase_off, c->erase_len);
		c->erase_len = 0;
	} else if (c->state == S_PRG) {
		c->state = S_TRAN;
	} else if (c->state == S_DIS) {
		c->state = S_STBY;
	}
	call = c->host_waits && c->ready;
	c->host_waits = false;
	c->calling = call;
	pthread_mutex_unlock(&c->lock);
	if (call)
		c->ready(c->opaque);
	pthread_mutex_lock(&c->lock);
	c->calling = false;
	if (!c->busy)
		pthread_cond_broadcast(&c->rest);
	pthread_mutex_unlock(&c->lock);
}

/* A call of ready() may begin the next job; with the guest at rest that ends when the FIFO is full or empty. */
void sdcard_drain(struct sdcard *c)
{
	pthread_mutex_lock(&c->lock);
	while (c->busy || c->calling)
		pthread_cond_wait(&c->rest, &c->lock);
	pthread_mutex_unlock(&c->lock);
}

void sd_xfer_end(struct sdcard *c)
{
	c->wanted = false;
	c->blocks_left = 0;
	c->from_small = false;
	c->small_len = c->small_pos = 0;
	if (!c->busy)
		c->buf_len = c->buf_pos = 0;
}

/* Bytes that the transfer may still take from @pos on, at most a chunk. */
static u64 chunk_len(const struct sdcard *c)
{
	u64 len = c->bytes - c->pos;

	if (c->blocks_left < len / c->xfer_block)
		len = c->blocks_left * c->xfer_block;
	return len < SD_CHUNK ? len : SD_CHUNK;
}

/* Sends the whole blocks of the buffer to the image. */
static void write_start(struct sdcard *c)
{
	u32 len = c->buf_len;

	c->buf_len = 0;
	c->pos += len;
	if (c->blocks_left != SD_BLOCKS_OPEN)
		c->blocks_left -= len / SD_SECTOR;
	job_start(c, SD_JOB_WRITE, c->pos - len, len);
}

enum sd_state sd_write_stop(struct sdcard *c)
{
	/* A block that did not come in whole is dropped (4.3.4). */
	if (!c->busy && !c->from_small) {
		c->buf_len -= c->buf_len % SD_SECTOR;
		if (c->buf_len)
			write_start(c);
	}
	return c->busy ? S_PRG : S_TRAN;
}

void sd_erase(struct sdcard *c, u64 off, u64 len)
{
	if (!c->busy) {
		job_start(c, SD_JOB_ERASE, off, len);
		return;
	}
	c->erase_off = off;
	c->erase_len = len;
}

void sd_xfer_begin(struct sdcard *c, enum sd_state state, u64 off, u64 blocks)
{
	sd_xfer_end(c);
	c->state = state;
	c->io_failed = false;
	c->xfer_block = c->high_capacity ? SD_SECTOR : c->block_len;
	c->pos = off;
	c->blocks_left = blocks;
}

void sd_read_ahead(struct sdcard *c)
{
	u64 len = chunk_len(c);

	if (c->busy || !len)
		return;
	c->pos += len;
	if (c->blocks_left != SD_BLOCKS_OPEN)
		c->blocks_left -= len / c->xfer_block;
	job_start(c, SD_JOB_READ, c->pos - len, len);
}

void sd_card_reset(struct sdcard *c)
{
	sd_xfer_end(c);
	c->state = S_IDLE;
	c->status = 0;
	c->rca = 0;
	c->app = false;
	c->high_speed = c->wide = false;
	c->block_len = SD_SECTOR;
	c->erase_has_start = c->erase_has_end = false;
	c->erase_len = 0;
	c->io_failed = false;
	c->regs.status[0] = 0;
}

/* CMD27 (5.3): only the flags of bits 15..8 can change, and some only once. */
static void csd_program(struct sdcard *c)
{
	u8 want[16], old = c->regs.csd[14], new = c->small[14];
	/* COPY and PERM_WRITE_PROTECT go from 0 to 1 only; FILE_FORMAT is fixed. */
	bool bad = (old & ~new & 0x60) || ((old ^ new) & 0x8f);

	memcpy(want, c->small, sizeof(want));
	want[14] = old;
	if (memcmp(want, c->regs.csd, 15) || sdcard_crc7(c->small, 15) != (c->small[15] | 1) || bad) {
		c->status |= R1_CSD_OVERWRITE;
		return;
	}
	c->regs.csd[14] = c->small[14];
	c->regs.csd[15] = sdcard_crc7(c->regs.csd, 15);
}

/* Locked; the data lines. */
static ssize_t small_read(struct sdcard *c, void *buf, size_t len)
{
	len = len < c->small_len - c->small_pos ? len : c->small_len - c->small_pos;
	memcpy(buf, c->small + c->small_pos, len);
	c->small_pos += len;
	if (c->small_pos == c->small_len) {
		sd_xfer_end(c);
		c->state = S_TRAN;
	}
	return len;
}

static ssize_t image_read(struct sdcard *c, void *buf, size_t len)
{
	if (c->busy) {
		/* A stale job: the one that is wanted comes after it. */
		c->host_waits = true;
		return 0;
	}
	if (c->io_failed) {
		if (!c->blocks_left)
			c->state = S_TRAN;
		return -EIO;
	}
	if (c->buf_pos == c->buf_len) {
		sd_read_ahead(c);
		if (!c->busy) {		/* the end of the card (4.3.3) */
			c->status |= R1_OUT_OF_RANGE;
			return -ENODATA;
		}
		c->host_waits = true;
		return 0;
	}
	len = len < c->buf_len - c->buf_pos ? len : c->buf_len - c->buf_pos;
	memcpy(buf, c->buf + c->buf_pos, len);
	c->buf_pos += len;
	if (c->buf_pos == c->buf_len && !c->blocks_left) {
		sd_xfer_end(c);
		c->state = S_TRAN;
	}
	return len;
}

ssize_t sdcard_read(struct sdcard *c, void *buf, size_t len)
{
	ssize_t ret = -ENODATA;

	pthread_mutex_lock(&c->lock);
	if (c->state == S_DATA && len)
		ret = c->from_small ? small_read(c, buf, len) : image_read(c, buf, len);
	pthread_mutex_unlock(&c->lock);
	return ret;
}

static ssize_t small_write(struct sdcard *c, const void *buf, size_t len)
{
	len = len < c->small_len - c->small_pos ? len : c->small_len - c->small_pos;
	memcpy(c->small + c->small_pos, buf, len);
	c->small_pos += len;
	if (c->small_pos == c->small_len) {
		csd_program(c);
		sd_xfer_end(c);
		c->state = S_TRAN;
	}
	return len;
}

static ssize_t image_write(struct sdcard *c, const void *buf, size_t len)
{
	u64 room;

	if (c->busy) {
		c->host_waits = true;
		return 0;
	}
	if (c->io_failed)
		return -EIO;
	room = chunk_len(c) - c->buf_len;
	if (!room) {
		c->status |= R1_OUT_OF_RANGE;
		return -ENODATA;
	}
	len = len < room ? len : room;
	memcpy(c->buf + c->buf_len, buf, len);
	c->buf_len += len;
	if (len < room)
		return len;
	write_start(c);
	if (!c->blocks_left)
		c->state = S_PRG;
	return len;
}

ssize_t sdcard_write(struct sdcard *c, const void *buf, size_t len)
{
	ssize_t ret = -ENODATA;

	pthread_mutex_lock(&c->lock);
	if (c->state == S_RCV && len)
		ret = c->from_small ? small_write(c, buf, len) : image_write(c, buf, len);
	pthread_mutex_unlock(&c->lock);
	return ret;
}

void sdcard_write_end(struct sdcard *c)
{
	pthread_mutex_lock(&c->lock);
	if (c->state == S_RCV && !c->from_small && !c->busy && c->buf_len &&
	    c->buf_len % SD_SECTOR == 0)
		write_start(c);
	pthread_mutex_unlock(&c->lock);
}

unsigned int sdcard_block_len(struct sdcard *c)
{
	unsigned int len;

	pthread_mutex_lock(&c->lock);
	len = c->state == S_DATA || c->state == S_RCV ? c->xfer_block : 0;
	pthread_mutex_unlock(&c->lock);
	return len;
}

void sdcard_reset(struct sdcard *c)
{
	pthread_mutex_lock(&c->lock);
	sdcard_regs_init(&c->regs, c->bytes, c->readonly);
	c->written = 0;
	sd_card_reset(c);
	pthread_mutex_unlock(&c->lock);
}

void sdcard_set_host(struct sdcard *c, void (*ready)(void *opaque), void *opaque)
{
	c->ready = ready;
	c->opaque = opaque;
}

int sdcard_create(struct image_set *images, const char *path, bool readonly, struct sdcard **out, char **err)
{
	struct sdcard *c = calloc(1, sizeof(*c));
	int ret;

	if (!c)
		return err_set(err, -ENOMEM, "SD card '%s': out of memory", path);
	ret = image_open_in(images, path, readonly, &c->image, err);
	if (ret)
		goto fail;
	c->bytes = image_size(c->image);
	if (!sdcard_size_ok(c->bytes)) {
		ret = err_set(err, -EINVAL, "SD card '%s': is %llu bytes large, but cards have a power of two"
			      " from 1M to 2T; make it larger with 'truncate -s SIZE %s'", path,
			      (unsigned long long)c->bytes, path);
		goto fail;
	}
	ret = pool_create("sdcard", 1, &c->pool);
	if (ret) {
		err_set(err, ret, "SD card '%s': cannot start its thread (%s)", path, strerror(-ret));
		goto fail;
	}
	c->readonly = readonly;
	c->high_capacity = c->bytes >= SD_HC_MIN;
	c->job.run = job_run;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->rest, NULL);
	sdcard_reset(c);
	*out = c;
	return 0;
fail:
	if (c->image)
		image_close(c->image);
	free(c);
	return ret;
}

void sdcard_free(struct sdcard *c)
{
	if (!c)
		return;
	__atomic_store_n(&c->ending, true, __ATOMIC_RELAXED);
	pool_free(c->pool);
	image_close(c->image);
	pthread_cond_destroy(&c->rest);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
