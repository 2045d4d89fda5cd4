/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/migrate/snapshot.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/host/log.h"
#include "vmm/mem/dirty.h"
#include "vmm/mem/ram.h"
#include "vmm/migrate/live_int.h"

#define RUN_PAGES 256	/* longest single write */

struct writer {
	struct live *l;
	u64 at[VMSTATE_RAMS];		/* file offsets of the regions */
	u64 state_at;
	_Atomic(u64) pages, zero, bytes;
	bool first;			/* nothing has been written: holes are zeros */
};

static u64 align_up(u64 x)
{
	return (x + SNAPSHOT_ALIGN - 1) & ~(u64)(SNAPSHOT_ALIGN - 1);
}

static void lay_out(struct writer *w, const struct vmstate *v)
{
	u64 at = SNAPSHOT_ALIGN;

	for (unsigned int i = 0; i < v->nram; i++) {
		w->at[i] = at;
		at = align_up(at + v->ram[i].size);
	}
	w->state_at = at;
}

/* ---- writing ---- */

static int write_all(int fd, const u8 *p, u64 len, u64 at)
{
	while (len) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENOSPC;
		p += n;
		at += (u64)n;
		len -= (u64)n;
	}
	return 0;
}

/* How many pages from @page on are to be written and alike, all zero or none? */
static u64 run_of(const struct vmstate_ram *ram, const u64 *bits, u64 page, bool *zero)
{
	u64 n = 0, pages = ram->size / DIRTY_PAGE;

	*zero = ram_page_is_zero(ram->host + page * DIRTY_PAGE);
	do
		n++;
	while (n < RUN_PAGES && page + n < pages && bits[(page + n) / 64] & ARM_BIT((page + n) % 64) &&
	       ram_page_is_zero(ram->host + (page + n) * DIRTY_PAGE) == *zero);
	return n;
}

static int write_pages(void *opaque, const struct vmstate_ram *ram, const u64 *bits)
{
	struct writer *w = opaque;
	u64 at = w->at[ram - vm_state(w->l->vm)->ram], n;
	int ret = 0;
	bool zero;

	for (u64 page = 0; page < ram->size / DIRTY_PAGE && !ret; page += n) {
		n = 1;
		if (!bits[page / 64]) {
			n = 64 - page % 64;
			continue;
		}
		if (!(bits[page / 64] & ARM_BIT(page % 64)))
			continue;
		if (atomic_load(&w->l->cancelled))
			return -ECANCELED;
		n = run_of(ram, bits, page, &zero);
		atomic_fetch_add(&w->pages, n);
		if (zero)
			atomic_fetch_add(&w->zero, n);
		else
			atomic_fetch_add(&w->bytes, n * DIRTY_PAGE);
		if (!zero || !w->first)
			ret = write_all(w->l->file, ram->host + page * DIRTY_PAGE, n * DIRTY_PAGE,
					at + page * DIRTY_PAGE);
	}
	if (ram == &vm_state(w->l->vm)->ram[vm_state(w->l->vm)->nram - 1])
		w->first = false;
	return ret;
}

static void totals(void *opaque, u64 *pages, u64 *zero, u64 *bytes)
{
	struct writer *w = opaque;

	*pages = atomic_load(&w->pages);
	*zero = atomic_load(&w->zero);
	*bytes = atomic_load(&w->bytes);
}

static int begin_stream(struct live *l, u64 at)
{
	stream_out_free(l->out);
	l->out = NULL;
	if (lseek(l->file, (off_t)at, SEEK_SET) < 0)
		return -errno;
	return stream_out_create(l->c, LIVE_FEATURES, &l->out);
}

/* What it is, and where RAM and the rest are. */
static int write_head(struct writer *w)
{
	const struct vmstate *v = vm_state(w->l->vm);
	struct bytes_out b = { 0 };
	int ret = begin_stream(w->l, 0);

	bytes_put_u64(&b, w->state_at);
	bytes_put_u32(&b, v->nram);
	for (unsigned int i = 0; i < v->nram; i++) {
		bytes_put_u64(&b, v->ram[i].ipa);
		bytes_put_u64(&b, v->ram[i].size);
		bytes_put_u64(&b, w->at[i]);
	}
	if (!ret)
		ret = live_introduce(w->l, WIRE_STORE);
	if (!ret)
		ret = live_send(w->l, WIRE_IMAGE, &b);
	bytes_free(&b);
	if (!ret)
		ret = stream_out_flush(w->l->out);
	return !ret && stream_out_bytes(w->l->out) > SNAPSHOT_ALIGN ? -E2BIG : ret;
}

struct rest {
	struct writer *w;
	int ret;
	char *err;
};

static enum vm_end write_rest(struct vm *vm, void *opaque)
{
	struct rest *r = opaque;
	struct live *l = r->w->l;

	vmstate_drain(vm_state(vm));
	r->ret = precopy_finish(l->copy);
	if (!r->ret)
		r->ret = begin_stream(l, r->w->state_at);
	if (!r->ret)
		r->ret = live_send_state(l, &r->err);
	/* A guest that ends here must be on the disk first, with what it has written, and under its name. */
	if (!r->ret && l->cfg.keep) {
		r->ret = image_set_flush(vm_state(vm)->images);
		if (r->ret)
			err_set(&r->err, r->ret, "a disk cannot be written back: %s", strerror(-r->ret));
	}
	if (!r->ret && l->cfg.keep)
		r->ret = l->cfg.keep(l->cfg.opaque, &r->err);
	return !r->ret && l->cfg.keep ? VM_END_MOVED : VM_END_NONE;
}

static int write_snapshot(struct writer *w, char **err)
{
	const struct precopy_sink sink = { .send = write_pages, .totals = totals, .opaque = w };
	struct rest rest = { .w = w };
	int ret = live_look(w->l, err);

	if (!ret)
		ret = write_head(w);
	if (!ret)
		ret = live_start_copy(w->l, &sink);
	if (!ret)
		ret = precopy_run(w->l->copy);
	if (!ret)
		ret = vm_paused(w->l->vm, write_rest, &rest);
	if (!ret)
		ret = rest.ret;
	if (rest.err)
		*err = rest.err;
	/* Much of it: who makes it last is on the loop's thread. */
	if (!ret && !w->l->cfg.keep && fsync(w->l->file))
		ret = -errno;
	return ret;
}

int live_snapshot(struct live *l, char **err)
{
	struct writer w = { .l = l, .first = true };
	int fd = dup(l->cfg.fd);

	if (fd < 0)
		return -errno;
	l->file = l->cfg.fd;
	l->c = channel_of_fd(fd);
	if (!l->c) {
		close(fd);
		return -ENOMEM;
	}
	lay_out(&w, vm_state(l->vm));
	return write_snapshot(&w, err);
}

/* ---- reading ---- */

int snapshot_layout_get(int fd, struct bytes_in *b, struct snapshot_layout *out, char **err)
{
	struct stat st;

	out->state = bytes_get_u64(b);
	out->n = bytes_get_u32(b);
	if (fstat(fd, &st))
		return -errno;
	if (out->n > VMSTATE_RAMS || out->state > (u64)st.st_size)
		return err_set(err, -EBADMSG, "the snapshot is cut short");
	for (unsigned int i = 0; i < out->n; i++) {
		u64 ipa = bytes_get_u64(b), size = bytes_get_u64(b), off = bytes_get_u64(b);

		/* A page beyond the end of the file would be a fault of ours. */
		if (!size || size % DIRTY_PAGE || off % SNAPSHOT_ALIGN || off > out->state || size > out->state - off)
			return err_set(err, -EBADMSG, "the snapshot's RAM is not where it should be");
		out->ram[i].ipa = ipa;
		out->ram[i].size = size;
		out->ram[i].off = off;
	}
	return b->error;
}

int snapshot_map(int fd, struct bytes_in *b, const struct vmstate *v, u64 *at, char **err)
{
	struct snapshot_layout l;
	int ret = snapshot_layout_get(fd, b, &l, err);

	if (ret)
		return ret;
	*at = l.state;
	if (l.n != v->nram)
		return err_set(err, -EINVAL, "the guest has %u regions of RAM, the machine here %u", l.n, v->nram);
	for (unsigned int i = 0; i < l.n && !ret; i++) {
		if (l.ram[i].ipa != v->ram[i].ipa || l.ram[i].size != v->ram[i].size)
			return err_set(err, -EINVAL, "the guest has %llu MiB at %#llx, the machine here %llu at %#llx",
				       (unsigned long long)(l.ram[i].size >> 20), (unsigned long long)l.ram[i].ipa,
				       (unsigned long long)(v->ram[i].size >> 20), (unsigned long long)v->ram[i].ipa);
		ret = ram_map_file(v->ram[i].host, l.ram[i].size, fd, l.ram[i].off);
	}
	return ret ? err_set(err, ret, "the snapshot's RAM cannot be mapped: %s", strerror(-ret)) : 0;
}
