/* SPDX-License-Identifier: GPL-2.0-only */
/* A snapshot becomes a compressed stream: the same sections, with RAM in batches where the image was. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/host/log.h"
#include "vmm/mem/dirty.h"
#include "vmm/migrate/ram.h"
#include "vmm/migrate/snapshot.h"
#include "vmm/migrate/wire.h"

#define LEVEL 3		/* time is no matter here */

struct export {
	int from;
	struct channel *src, *dst;
	struct stream_in *in;
	struct stream_out *out;
	bool imaged;		/* RAM is in @out; what comes is the second stream */
};

static int open_both(struct export *x, int to, char **err)
{
	int from = dup(x->from), fd = dup(to), ret;

	x->src = from < 0 ? NULL : channel_of_fd(from);
	x->dst = fd < 0 ? NULL : channel_of_fd(fd);
	if (!x->src && from >= 0)
		close(from);
	if (!x->dst && fd >= 0)
		close(fd);
	if (!x->src || !x->dst)
		return -ENOMEM;
	ret = stream_in_create(x->src, RAM_FEATURE, &x->in, err);
	return ret ? ret : stream_out_create(x->dst, RAM_FEATURE, &x->out);
}

static int copy_section(struct export *x, const struct stream_section *s)
{
	struct bytes_out b = { 0 };
	int ret;

	bytes_put(&b, s->bytes.data, s->bytes.len);
	ret = stream_out_section(x->out, s->name, s->version, &b);
	bytes_free(&b);
	return ret;
}

static int send_region(struct export *x, struct ram_sender *sender, u64 ipa, u64 size, u64 off)
{
	struct vmstate_ram ram = { .ipa = ipa, .size = size };
	u64 *all = malloc(DIRTY_WORDS(size) * sizeof(u64));
	int ret;

	ram.host = mmap(NULL, size, PROT_READ, MAP_PRIVATE, x->from, (off_t)off);
	ret = ram.host == MAP_FAILED ? -errno : all ? 0 : -ENOMEM;
	if (!ret) {
		memset(all, 0xff, DIRTY_WORDS(size) * sizeof(u64));
		ret = ram_sender_send(sender, &ram, all);
	}
	if (ram.host != MAP_FAILED)
		munmap(ram.host, size);
	free(all);
	return ret;
}

/* The image as batches, then the stream behind it. */
static int send_image(struct export *x, struct bytes_in *b, char **err)
{
	struct snapshot_layout at;
	struct ram_sender *sender = NULL;
	int ret;

	/* Once: the second stream must not lead to a third. */
	if (x->imaged)
		return err_set(err, -EBADMSG, "the stream has an image of RAM where none can be");
	x->imaged = true;
	ret = snapshot_layout_get(x->from, b, &at, err);
	if (!ret)
		ret = ram_sender_create(x->out, 0, LEVEL, &sender);
	for (unsigned int i = 0; i < at.n && !ret; i++)
		ret = send_region(x, sender, at.ram[i].ipa, at.ram[i].size, at.ram[i].off);
	ram_sender_free(sender);
	stream_in_free(x->in);
	x->in = NULL;
	if (!ret && lseek(x->from, (off_t)at.state, SEEK_SET) < 0)
		ret = -errno;
	return ret ? ret : stream_in_create(x->src, RAM_FEATURE, &x->in, err);
}

static int convert(struct export *x, char **err)
{
	struct stream_section s;
	bool ended = false;
	int ret = 0;

	while (!ret && !ended) {
		ret = stream_in_section(x->in, &s, err);
		if (ret)
			break;
		ended = !strcmp(s.name, WIRE_END);
		ret = strcmp(s.name, WIRE_IMAGE) ? copy_section(x, &s) : send_image(x, &s.bytes, err);
	}
	return ret ? ret : stream_out_flush(x->out);
}

int snapshot_export(int from, int to, char **err)
{
	struct export x = { .from = from };
	int ret = lseek(from, 0, SEEK_SET) < 0 ? -errno : open_both(&x, to, err);

	if (!ret)
		ret = convert(&x, err);
	if (!ret && fsync(to) && errno != EINVAL)
		ret = -errno;
	stream_in_free(x.in);
	stream_out_free(x.out);
	channel_free(x.src);
	channel_free(x.dst);
	return ret;
}
