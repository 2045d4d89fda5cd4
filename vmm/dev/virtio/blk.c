/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The block device: virtio 1.2, 5.2.
 *
 * The vCPU that kicks parses and checks the requests and hands them to threads,
 * which do the I/O directly in guest memory and complete it under the device's
 * lock.  Requests are independent of each other: as the specification allows, they
 * complete in any order.
 */
#include <stdlib.h>
#include <string.h>

#include "vmm/dev/virtio/core.h"
#include "vmm/host/image.h"
#include "vmm/host/log.h"
#include "vmm/host/pool.h"
#include "vmm/mem/guest_mem.h"

#define SECTOR IMAGE_SECTOR
#define QUEUE_SIZE 256
#define HEADER_LEN 16u
#define ID_LEN 20u
#define THREADS_DEFAULT 4
#define THREADS_MAX 16

/* 5.2.3 */
#define F_SEG_MAX ARM_BIT(2)
#define F_RO ARM_BIT(5)
#define F_BLK_SIZE ARM_BIT(6)
#define F_FLUSH ARM_BIT(9)
#define F_TOPOLOGY ARM_BIT(10)
#define F_DISCARD ARM_BIT(13)
#define F_WRITE_ZEROES ARM_BIT(14)

/* 5.2.4, offsets in the config space. */
enum {
	C_CAPACITY = 0,
	C_SEG_MAX = 12,
	C_BLK_SIZE = 20,
	C_PHYSICAL_BLOCK_EXP = 24,
	C_MIN_IO_SIZE = 26,
	C_OPT_IO_SIZE = 28,
	C_MAX_DISCARD_SECTORS = 36,
	C_MAX_DISCARD_SEG = 40,
	C_DISCARD_ALIGNMENT = 44,
	C_MAX_ZEROES_SECTORS = 48,
	C_MAX_ZEROES_SEG = 52,
	C_ZEROES_MAY_UNMAP = 56,
	C_LEN = 60,
};

/* 5.2.6 */
enum {
	T_IN = 0,
	T_OUT = 1,
	T_FLUSH = 4,
	T_GET_ID = 8,
	T_DISCARD = 11,
	T_WRITE_ZEROES = 13,
};

enum {
	S_OK = 0,
	S_IOERR = 1,
	S_UNSUPP = 2,
};

#define RANGE_LEN 16u
#define RANGES_MAX 16u
/* Bounds what one request can make a thread write, and a reset wait for: 8 MiB per range. */
#define ZEROES_SECTORS_MAX (8u << 20 >> 9)
#define DISCARD_SECTORS_MAX (1u << 21)
#define RANGE_UNMAP 1u

struct range {
	u64 off;
	u64 len;
	bool unmap;
};

struct virtio_blk {
	struct virtio_device vdev;
	struct image *image;
	struct pool *pool;
	u64 capacity;			/* bytes, a multiple of SECTOR */
	bool readonly;
	/* For the save table: of the disk that the guest had. */
	u64 had_capacity;
	bool had_readonly;
	char serial[ID_LEN];
	struct pool_job again;		/* continues a long queue on a thread */
	bool again_queued;
};

/* A request in flight.  Only the thread that runs it touches it. */
struct blk_req {
	struct pool_job job;
	struct virtio_blk *blk;
	u16 head;
	u32 type;
	bool sync;			/* write through: no FLUSH was negotiated */
	u64 off;			/* bytes */
	u8 *status;
	u64 status_ipa;
	u32 data_len;			/* bytes the device writes before the status */
	unsigned int nr_ranges;
	struct range ranges[RANGES_MAX];
	unsigned int nr;		/* data segments */
	u64 *ipa;			/* [nr], behind iov */
	struct iovec iov[];
};

static void blk_notify(struct virtio_device *vdev, unsigned int n);

/* Finds the status byte, the last the device may write, and takes it off the data. */
static bool status_split(struct virtq_chain *c, u8 **status, u64 *ipa)
{
	unsigned int i = c->nr_out + c->nr_in - 1;
	struct iovec *last;

	if (!c->in_len)
		return false;
	last = &c->iov[i];
	last->iov_len--;
	*status = (u8 *)last->iov_base + last->iov_len;
	*ipa = c->ipa[i] + last->iov_len;
	c->in_len--;
	if (!last->iov_len)
		c->nr_in--;
	return true;
}

/* A range of sectors within the disk?  @len in bytes. */
static bool in_disk(const struct virtio_blk *blk, u64 sector, u64 len)
{
	return sector <= blk->capacity / SECTOR && len <= blk->capacity - sector * SECTOR;
}

static u8 check_rw(struct virtio_blk *blk, struct blk_req *req, u64 sector, u32 len)
{
	if (req->type == T_OUT && blk->readonly)
		return S_IOERR;
	if (!len || len % SECTOR || !in_disk(blk, sector, len))
		return S_IOERR;
	req->off = sector * SECTOR;
	return S_OK;
}

/* The ranges of a discard or write-zeroes, copied in once and checked (5.2.6.2). */
static u8 check_ranges(struct virtio_blk *blk, struct blk_req *req, const struct virtq_chain *c)
{
	u32 max = req->type == T_DISCARD ? DISCARD_SECTORS_MAX : ZEROES_SECTORS_MAX;
	u8 raw[RANGES_MAX * RANGE_LEN];
	u32 len = c->out_len - HEADER_LEN;
	unsigned int i;

	if (!(blk->vdev.features & (req->type == T_DISCARD ? F_DISCARD : F_WRITE_ZEROES)))
		return blk->readonly ? S_IOERR : S_UNSUPP;
	if (!len || len % RANGE_LEN || len > sizeof(raw))
		return S_IOERR;
	virtq_chain_read(c, HEADER_LEN, raw, len);
	req->nr_ranges = len / RANGE_LEN;
	for (i = 0; i < req->nr_ranges; i++) {
		u64 sector = get_le64(raw + RANGE_LEN * i);
		u32 sectors = get_le32(raw + RANGE_LEN * i + 8);
		u32 flags = get_le32(raw + RANGE_LEN * i + 12);

		if (flags & ~(req->type == T_DISCARD ? 0 : RANGE_UNMAP))
			return S_UNSUPP;
		if (sectors > max || !in_disk(blk, sector, (u64)sectors * SECTOR))
			return S_IOERR;
		req->ranges[i].off = sector * SECTOR;
		req->ranges[i].len = (u64)sectors * SECTOR;
		req->ranges[i].unmap = flags & RANGE_UNMAP;
	}
	return S_OK;
}

/* Copies the data segments: what follows @skip bytes of @nr segments. */
static void take_data(struct blk_req *req, const struct virtq_chain *c, unsigned int first,
		      unsigned int nr, u32 skip)
{
	unsigned int i;

	req->nr = 0;
	for (i = first; i < first + nr; i++) {
		u32 n = skip < c->iov[i].iov_len ? skip : c->iov[i].iov_len;

		skip -= n;
		if (n == c->iov[i].iov_len)
			continue;
		req->iov[req->nr].iov_base = (u8 *)c->iov[i].iov_base + n;
		req->iov[req->nr].iov_len = c->iov[i].iov_len - n;
		req->ipa[req->nr++] = c->ipa[i] + n;
	}
}

/* Is the request one to do?  S_OK, or the status to give back at once. */
static u8 request_check(struct virtio_blk *blk, struct blk_req *req, const struct virtq_chain *c)
{
	u8 header[HEADER_LEN];
	u64 sector;
	u8 status;

	if (c->out_len < HEADER_LEN)
		return S_IOERR;
	virtq_chain_read(c, 0, header, sizeof(header));
	req->type = get_le32(header);
	sector = get_le64(header + 8);
	switch (req->type) {
	case T_IN:
		status = check_rw(blk, req, sector, c->in_len);
		take_data(req, c, c->nr_out, c->nr_in, 0);
		req->data_len = status == S_OK ? c->in_len : 0;
		return status;
	case T_OUT:
		status = check_rw(blk, req, sector, c->out_len - HEADER_LEN);
		take_data(req, c, 0, c->nr_out, HEADER_LEN);
		return status;
	case T_FLUSH:
		return S_OK;
	case T_GET_ID:
		req->data_len = c->in_len < ID_LEN ? c->in_len : ID_LEN;
		virtq_chain_write(blk->vdev.mem, c, 0, blk->serial, req->data_len);
		return S_OK;
	case T_DISCARD:
	case T_WRITE_ZEROES:
		return check_ranges(blk, req, c);
	default:
		return S_UNSUPP;
	}
}

/* Gives a request back to the guest.  Locked. */
static void request_done(struct virtio_blk *blk, u16 head, u8 *status, u64 status_ipa, u8 val,
			 u32 data_len)
{
	__atomic_store_n(status, val, __ATOMIC_RELAXED);
	guest_mem_written(blk->vdev.mem, status_ipa, 1);
	virtq_push(&blk->vdev.vq[0], head, data_len + 1);
	virtio_publish(&blk->vdev, 0);
}

static int do_ranges(struct blk_req *req)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < req->nr_ranges && !ret; i++) {
		struct range *r = &req->ranges[i];

		if (req->type == T_DISCARD)
			ret = image_discard(req->blk->image, r->off, r->len);
		else
			ret = image_write_zeroes(req->blk->image, r->off, r->len, r->unmap);
	}
	return ret;
}

static int do_request(struct blk_req *req)
{
	struct image *image = req->blk->image;
	int ret;

	switch (req->type) {
	case T_IN:
		return image_readv(image, req->iov, req->nr, req->off);
	case T_OUT:
		ret = image_writev(image, req->iov, req->nr, req->off);
		break;
	case T_FLUSH:
		return image_flush(image);
	default:
		ret = do_ranges(req);
		break;
	}
	return !ret && req->sync ? image_flush(image) : ret;
}

/* On a thread. */
static void request_run(struct pool_job *job)
{
	struct blk_req *req = (struct blk_req *)job;
	struct virtio_blk *blk = req->blk;
	u32 left = req->data_len;
	unsigned int i, nr = req->nr;
	size_t len;
	int ret;

	/* The segments' lengths, before the I/O takes the vector apart. */
	u32 lens[VIRTQ_CHAIN_MAX];

	for (i = 0; i < nr; i++)
		lens[i] = req->iov[i].iov_len;
	ret = do_request(req);
	/* Also after an error: some of it may have been written. */
	for (i = 0; req->type == T_IN && i < nr && left; i++) {
		len = lens[i] < left ? lens[i] : left;
		guest_mem_written(blk->vdev.mem, req->ipa[i], len);
		left -= len;
	}
	virtio_lock(&blk->vdev);
	request_done(blk, req->head, req->status, req->status_ipa, ret ? S_IOERR : S_OK,
		     req->data_len);
	virtio_idle(&blk->vdev);
	virtio_unlock(&blk->vdev);
	free(req);
}

/* By blk_quiesce(), locked: the guest is not told, it has given the queue up. */
static void request_cancel(struct pool_job *job)
{
	struct blk_req *req = (struct blk_req *)job;

	virtio_idle(&req->blk->vdev);
	free(req);
}

static struct blk_req *req_alloc(const struct virtq_chain *c)
{
	unsigned int nr = c->nr_in + c->nr_out;
	struct blk_req *req;

	req = malloc(sizeof(*req) + nr * (sizeof(req->iov[0]) + sizeof(req->ipa[0])));
	if (!req)
		return NULL;
	memset(req, 0, sizeof(*req));
	req->ipa = (u64 *)(req->iov + nr);
	return req;
}

/* Begins the request in @c.  Locked. */
static void request_begin(struct virtio_blk *blk, struct virtq_chain *c)
{
	struct virtio_device *vdev = &blk->vdev;
	struct blk_req *req;
	u64 status_ipa;
	u8 *status, val;

	if (!status_split(c, &status, &status_ipa)) {
		virtio_broken(vdev, "request without room for its status");
		return;
	}
	req = req_alloc(c);
	val = req ? request_check(blk, req, c) : S_IOERR;
	if (val != S_OK || req->type == T_GET_ID) {
		request_done(blk, c->head, status, status_ipa, val, req ? req->data_len : 0);
		free(req);
		return;
	}
	req->job.run = request_run;
	req->job.cancel = request_cancel;
	req->blk = blk;
	req->head = c->head;
	req->status = status;
	req->status_ipa = status_ipa;
	req->sync = !virtio_has(vdev, F_FLUSH);
	virtio_busy(vdev);
	pool_submit(blk->pool, &req->job);
}

/* On a thread: the rest of a queue that another vCPU kept filling. */
static void again_run(struct pool_job *job)
{
	struct virtio_blk *blk = (struct virtio_blk *)((char *)job -
						       offsetof(struct virtio_blk, again));

	virtio_lock(&blk->vdev);
	blk->again_queued = false;
	if (virtio_queue_live(&blk->vdev, 0))
		blk_notify(&blk->vdev, 0);
	virtio_idle(&blk->vdev);
	virtio_unlock(&blk->vdev);
}

static void again_cancel(struct pool_job *job)
{
	struct virtio_blk *blk = (struct virtio_blk *)((char *)job -
						       offsetof(struct virtio_blk, again));

	blk->again_queued = false;
	virtio_idle(&blk->vdev);
}

/*
 * On the vCPU that kicked.  It takes a queue's worth of requests and leaves
 * what another vCPU adds meanwhile to a thread, so that no vCPU is held here.
 */
static void blk_notify(struct virtio_device *vdev, unsigned int n)
{
	struct virtio_blk *blk = (struct virtio_blk *)vdev;
	struct virtq *q = &vdev->vq[n];
	unsigned int left = QUEUE_SIZE;

	do {
		virtq_notify_off(q);
		while (left && virtio_pop(vdev, n, &vdev->chain)) {
			request_begin(blk, &vdev->chain);
			left--;
		}
	} while (left && virtq_notify_on(q) && virtio_queue_live(vdev, n));
	if (!left && !blk->again_queued && virtio_queue_live(vdev, n)) {
		blk->again_queued = true;
		virtio_busy(vdev);
		pool_submit(blk->pool, &blk->again);
	}
}

static void blk_quiesce(struct virtio_device *vdev)
{
	pool_cancel(((struct virtio_blk *)vdev)->pool);
}

static void blk_free(struct virtio_device *vdev)
{
	struct virtio_blk *blk = (struct virtio_blk *)vdev;

	pool_free(blk->pool);
	image_close(blk->image);
	virtio_device_destroy(vdev);
	free(blk);
}

/* The disk's contents move in their own way; that it is the same one shows at its size. */
static const struct save_field fields[] = {
	SAVE(struct virtio_blk, had_capacity),
	SAVE(struct virtio_blk, had_readonly),
	SAVE_LAST,
};

static void blk_before(void *obj)
{
	struct virtio_blk *blk = obj;

	blk->had_capacity = blk->capacity;
	blk->had_readonly = blk->readonly;
}

static int blk_after(void *obj, char **err)
{
	struct virtio_blk *blk = obj;

	if (blk->had_capacity != blk->capacity)
		return err_set(err, -EINVAL, "virtio-blk: the guest's disk has %llu bytes, and the one here %llu; give"
			       " the destination the same image, or a copy", (unsigned long long)blk->had_capacity,
			       (unsigned long long)blk->capacity);
	if (blk->had_readonly != blk->readonly)
		return err_set(err, -EINVAL, "virtio-blk: the guest's disk is %s, and the one here is not; start"
			       " the destination %s ',readonly' at its --disk",
			       blk->had_readonly ? "read-only" : "writable", blk->had_readonly ? "with" : "without");
	return 0;
}

static const struct save_table table = {
	.name = "virtio-blk", .version = 1, .fields = fields, .before = blk_before, .after = blk_after,
};

#define AS_WRITABLE "start the destination with the same ',readonly' at its --disk"

static const struct virtio_feature_name feature_names[] = {
	{ F_SEG_MAX, "SEG_MAX", NULL },
	{ F_RO, "RO", AS_WRITABLE },
	{ F_BLK_SIZE, "BLK_SIZE", NULL },
	{ F_FLUSH, "FLUSH", NULL },
	{ F_TOPOLOGY, "TOPOLOGY", NULL },
	{ F_DISCARD, "DISCARD", AS_WRITABLE },
	{ F_WRITE_ZEROES, "WRITE_ZEROES", AS_WRITABLE },
	{ 0, NULL, NULL },
};

static const struct virtio_device_ops blk_ops = {
	.name = "blk",
	.notify = blk_notify,
	.quiesce = blk_quiesce,
	.free = blk_free,
	.feature_names = feature_names,
	.table = &table,
};

static void config_init(struct virtio_blk *blk)
{
	unsigned int block = image_block_size(blk->image);
	u8 *c = blk->vdev.config;

	put_le64(c + C_CAPACITY, blk->capacity / SECTOR);
	put_le32(c + C_SEG_MAX, VIRTQ_CHAIN_MAX - 2);	/* header and status */
	put_le32(c + C_BLK_SIZE, SECTOR);
	while (SECTOR << c[C_PHYSICAL_BLOCK_EXP] < block && c[C_PHYSICAL_BLOCK_EXP] < 3)
		c[C_PHYSICAL_BLOCK_EXP]++;
	put_le16(c + C_MIN_IO_SIZE, 1 << c[C_PHYSICAL_BLOCK_EXP]);
	put_le32(c + C_OPT_IO_SIZE, 0);
	put_le32(c + C_MAX_DISCARD_SECTORS, DISCARD_SECTORS_MAX);
	put_le32(c + C_MAX_DISCARD_SEG, RANGES_MAX);
	put_le32(c + C_DISCARD_ALIGNMENT, 1 << c[C_PHYSICAL_BLOCK_EXP]);
	put_le32(c + C_MAX_ZEROES_SECTORS, ZEROES_SECTORS_MAX);
	put_le32(c + C_MAX_ZEROES_SEG, RANGES_MAX);
	c[C_ZEROES_MAY_UNMAP] = 1;
}

static u64 blk_features(const struct virtio_blk_config *cfg)
{
	u64 f = F_SEG_MAX | F_BLK_SIZE | F_FLUSH | F_TOPOLOGY;

	if (cfg->readonly)
		return f | F_RO;
	return f | F_WRITE_ZEROES | (cfg->no_discard ? 0 : F_DISCARD);
}

int virtio_blk_create(const struct virtio_blk_config *cfg, struct virtio_device **out, char **err)
{
	unsigned int threads = cfg->threads ? cfg->threads : THREADS_DEFAULT;
	struct virtio_blk *blk = calloc(1, sizeof(*blk));
	int ret;

	if (!blk)
		return err_set(err, -ENOMEM, "disk image '%s': out of memory", cfg->path);
	ret = image_open_in(cfg->images, cfg->path, cfg->readonly, &blk->image, err);
	if (ret)
		goto fail;
	ret = pool_create("blk", threads < THREADS_MAX ? threads : THREADS_MAX, &blk->pool);
	if (ret) {
		err_set(err, ret, "disk image '%s': cannot start I/O threads (%s)", cfg->path,
			strerror(-ret));
		goto fail;
	}
	blk->readonly = cfg->readonly;
	blk->capacity = image_capacity(blk->image);
	blk->again.run = again_run;
	blk->again.cancel = again_cancel;
	if (cfg->serial)
		memcpy(blk->serial, cfg->serial, strnlen(cfg->serial, ID_LEN));
	virtio_device_init(&blk->vdev, &blk_ops, VIRTIO_ID_BLOCK, blk_features(cfg), C_LEN);
	virtio_device_add_queue(&blk->vdev, QUEUE_SIZE);
	config_init(blk);
	*out = &blk->vdev;
	return 0;
fail:
	image_close(blk->image);
	free(blk);
	return ret;
}
