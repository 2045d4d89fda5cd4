/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A migration in a thread of its own, after the conversation of wire.h.
 *
 * Who runs the guest: the source, until it has sent "go"; the destination, once it has
 * read that.  In between the source has stopped for good and the destination has
 * not begun.  If the connection ends just then the source cannot know, so it stays stopped and
 * says so: never do both run.
 */
#include "vmm/migrate/live.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/host/clock.h"
#include "vmm/host/log.h"
#include "vmm/host/loop.h"
#include "vmm/migrate/live_int.h"
#include "vmm/migrate/shape.h"
#include "vmm/migrate/wire.h"

#define TICK_NS 100000000ULL	/* of progress */
/* So little of a disk may always be left for the end; passes that a guest gets before it is slowed down. */
#define DISK_FEW (4 * IMAGE_BLOCK)
#define DISK_FREE_PASSES 5

/* ---- what the other side says ---- */

static char *text_of(struct stream_section *s)
{
	size_t len = s->bytes.len < WIRE_TEXT_MAX ? s->bytes.len : WIRE_TEXT_MAX;
	char *text = malloc(len + 1);

	if (!text)
		return NULL;
	memcpy(text, s->bytes.data, len);
	text[len] = 0;
	/* It goes to a terminal. */
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' && *p != '\n')
			*p = '?';
	return text;
}

/* How long an answer may take. */
static unsigned int patience(const struct live *l)
{
	u64 took = clock_ms() - l->answered_ms;

	return WIRE_STALL_MS + (took < WIRE_ON_WAY_MS ? (unsigned int)took : WIRE_ON_WAY_MS);
}

/* Waits for the answer @want; -EREMOTEIO after a refusal, whose text is in *@err. */
static int await(struct live *l, const char *want, char **err)
{
	struct stream_section s;
	int ret = 0;

	channel_set_timeout(l->c, patience(l));
	if (!l->in)
		ret = stream_in_create(l->c, LIVE_FEATURES, &l->in, err);
	if (!ret)
		ret = stream_in_section(l->in, &s, err);
	channel_set_timeout(l->c, WIRE_STALL_MS);
	l->answered_ms = clock_ms();
	if (ret)
		return ret;
	if (!strcmp(s.name, want))
		return 0;
	if (strcmp(s.name, WIRE_REFUSE))
		return err_set(err, -EBADMSG, "the other side says \"%s\" where \"%s\" was due", s.name, want);
	free(*err);
	*err = text_of(&s);
	return -EREMOTEIO;
}

/* A write that failed because the other side refused something gets its reason. */
static int why_gone(struct live *l, int ret, char **err)
{
	if ((ret == -EPIPE || ret == -ECONNRESET) && !*err) {
		if (await(l, WIRE_REFUSE, err) != -EREMOTEIO || !*err) {
			free(*err);
			*err = NULL;
		}
	}
	return ret;
}

/* ---- what goes out ---- */

int live_send(struct live *l, const char *name, const struct bytes_out *b)
{
	static const struct bytes_out empty;

	return stream_out_section(l->out, name, WIRE_VERSION, b ? b : &empty);
}

static int send_u8(struct live *l, const char *name, u8 val)
{
	struct bytes_out b = { 0 };
	int ret;

	bytes_put_u8(&b, val);
	ret = live_send(l, name, &b);
	bytes_free(&b);
	return ret;
}

static int take_state(struct live *l, char **err)
{
	const struct vmstate *v = vm_state(l->vm);

	vmstate_image_free(&l->image);
	return vmstate_save(v, &l->image, err);
}

struct look {
	struct live *l;
	int ret;
	char *err;
};

/* With the machine standing still: who its CPUs are, and a state to try on the other side. */
static enum vm_end take_look(struct vm *vm, void *opaque)
{
	const struct vmstate *v = vm_state(vm);
	struct look *look = opaque;

	vmstate_drain(v);
	look->ret = identity_of(v->accel, v->model, v->aarch32, v->gic_version, &look->l->id);
	if (look->ret)
		err_set(&look->err, look->ret, "the CPU's identity cannot be read: %s", strerror(-look->ret));
	else
		look->ret = take_state(look->l, &look->err);
	return VM_END_NONE;
}

int live_look(struct live *l, char **err)
{
	struct look look = { .l = l };
	int ret = vm_paused(l->vm, take_look, &look);

	*err = look.err;
	return ret ? ret : look.ret;
}

int live_introduce(struct live *l, enum wire_intent intent)
{
	struct bytes_out config = { 0 }, id = { 0 };
	int ret;

	shape_write(vm_config_of(l->vm), l->cfg.snapshot, &config);
	identity_put(&id, &l->id);
	ret = live_send(l, WIRE_CONFIG, &config);
	if (!ret)
		ret = live_send(l, WIRE_IDENTITY, &id);
	if (!ret)
		ret = send_u8(l, WIRE_INTENT, intent);
	bytes_free(&config);
	bytes_free(&id);
	return ret;
}

/* Would it be taken?  Nothing has been changed on either side when the answer comes. */
static int ask(struct live *l, char **err)
{
	int ret = live_look(l, err);

	if (ret)
		return ret;
	ret = live_introduce(l, l->cfg.check ? WIRE_DRY_RUN : WIRE_MOVE);
	if (!ret)
		ret = live_send(l, WIRE_CHECK, NULL);
	if (!ret)
		ret = vmstate_image_send(&l->image, l->out);
	if (!ret)
		ret = live_send(l, WIRE_CHECKED, NULL);
	if (!ret)
		ret = stream_out_flush(l->out);
	return ret ? why_gone(l, ret, err) : await(l, WIRE_ACCEPT, err);
}

int live_send_state(struct live *l, char **err)
{
	struct bytes_out disks = { 0 };
	int ret = take_state(l, err);

	if (!ret)
		ret = vmstate_image_send(&l->image, l->out);
	/* Of drained devices, so that nothing is written behind it. */
	if (!ret && l->cfg.snapshot) {
		disks_put_state(vm_state(l->vm)->images, &disks);
		ret = stream_out_section(l->out, DISKS_STATE, DISKS_VERSION, &disks);
	}
	bytes_free(&disks);
	if (!ret)
		ret = send_u8(l, WIRE_END, vm_is_held(l->vm));
	return ret ? ret : stream_out_flush(l->out);
}

/* The disks first: the other side takes their locks before it says that it runs. */
static int give_away(struct live *l, char **err)
{
	struct image_set *images = vm_state(l->vm)->images;
	int ret = image_set_unlock(images);

	if (ret)
		return err_set(err, ret, "a disk cannot be written back: %s", strerror(-ret));
	ret = live_send(l, WIRE_GO, NULL);
	if (!ret)
		ret = stream_out_flush(l->out);
	if (!ret) {
		ret = await(l, WIRE_RUNNING, err);
		/* Silence says nothing.  A clear no does: the guest is still ours. */
		l->undecided = ret && ret != -EREMOTEIO;
		/* A command that has read it has the guest, or leads to where it is. */
		if (!ret || l->undecided)
			channel_leave_command(l->c);
	}
	/* What was not sent as a whole has not been read as a whole. */
	if (ret && !l->undecided)
		l->undecided = image_set_lock(images, NULL) != 0;
	return ret;
}

struct handover {
	struct live *l;
	u64 start;		/* when the machine was asked to stop */
	int ret;
	char *err;
};

/* With the machine standing still: the rest, and then the decision. */
static enum vm_end hand_over(struct vm *vm, void *opaque)
{
	struct handover *h = opaque;
	struct live *l = h->l;

	vmstate_drain(vm_state(vm));
	h->ret = precopy_finish(l->copy);
	if (!h->ret && l->disks)
		h->ret = disks_copy_pass(l->disks, &h->err);
	if (!h->ret)
		h->ret = live_send_state(l, &h->err);
	if (!h->ret)
		h->ret = await(l, WIRE_LOADED, &h->err);
	if (h->ret)
		return VM_END_NONE;
	/* No way back from here, also for a user who changes his mind. */
	channel_set_cancel(l->c, -1);
	h->ret = give_away(l, &h->err);
	l->downtime_ns = clock_ns() - h->start;
	if (!h->ret)
		return VM_END_MOVED;
	if (l->undecided)
		vm_hold(vm, true);
	return VM_END_NONE;
}

/* ---- RAM to a stream ---- */

static int sink_send(void *opaque, const struct vmstate_ram *ram, const u64 *bits)
{
	return ram_sender_send(((struct live *)opaque)->sender, ram, bits);
}

static int sink_settle(void *opaque)
{
	struct live *l = opaque;
	int ret = live_send(l, WIRE_ARRIVE, NULL);

	if (!ret)
		ret = stream_out_flush(l->out);
	return ret ? ret : await(l, WIRE_ARRIVED, &l->why);
}

static void sink_totals(void *opaque, u64 *pages, u64 *zero, u64 *bytes)
{
	struct ram_totals t;

	ram_sender_totals(((struct live *)opaque)->sender, &t);
	*pages = t.pages;
	*zero = t.zero_pages;
	*bytes = t.bytes;
}

/* From here on the tick sees @p. */
int live_start_copy(struct live *l, const struct precopy_sink *sink)
{
	struct precopy *p;
	/* What is left of disks has the other half. */
	unsigned int ms = l->disks ? l->cfg.max_downtime_ms / 2 : l->cfg.max_downtime_ms;
	int ret = precopy_create(l->vm, sink, ms, &p);

	if (ret)
		return ret;
	pthread_mutex_lock(&l->lock);
	l->copy = p;
	if (l->cancelled)
		precopy_cancel(p);
	pthread_mutex_unlock(&l->lock);
	return 0;
}

/* The disks first, for they take longest, and what the guest writes meanwhile as often as it helps. */
static int start_disks(struct live *l)
{
	struct disks_copy *d;
	int ret = disks_copy_create(vm_state(l->vm)->images, l->out, &d);

	if (ret)
		return ret;
	pthread_mutex_lock(&l->lock);
	l->disks = d;
	if (l->cancelled)
		disks_copy_cancel(d);
	pthread_mutex_unlock(&l->lock);
	return disks_copy_pass(d, &l->why);
}

/* Does @left fit into half the downtime at @rate bytes a second? */
static bool disks_fit(const struct live *l, u64 left, u64 rate)
{
	return left <= DISK_FEW || left <= rate * l->cfg.max_downtime_ms / 2000;
}

static int copy_while_running(struct live *l)
{
	u64 left, start, rate = 0;
	int ret;

	for (unsigned int n = 0;; n++) {
		ret = precopy_run(l->copy);
		if (ret || !l->disks)
			return ret;
		/* RAM was last: while it was copied the guest has written to the disks again. */
		left = disks_copy_collect(l->disks);
		if (disks_fit(l, left, rate))
			return 0;
		if (n >= DISK_FREE_PASSES)
			precopy_slow_down(l->copy);
		start = clock_ms();
		ret = disks_copy_pass(l->disks, &l->why);
		if (!ret)
			ret = sink_settle(l);
		if (ret)
			return ret;
		/* In ms: of a large disk it would not fit in 64 bits otherwise. */
		rate = left * 1000 / (clock_ms() - start + 1);
	}
}

static int move(struct live *l, char **err)
{
	const struct precopy_sink sink = { sink_send, sink_settle, sink_totals, l };
	struct handover h = { .l = l };
	int ret = ram_sender_create(l->out, 0, RAM_LEVEL_DEFAULT, &l->sender);

	if (!ret && l->cfg.with_disks)
		ret = start_disks(l);
	if (!ret)
		ret = live_start_copy(l, &sink);
	if (!ret)
		ret = copy_while_running(l);
	if (ret) {
		*err = l->why;
		l->why = NULL;
		return why_gone(l, ret, err);
	}
	h.start = clock_ns();
	ret = vm_paused(l->vm, hand_over, &h);
	*err = h.err;
	ret = ret ? ret : h.ret;
	/* Only now: while it is waited for the guest goes on. */
	return l->undecided ? ret : why_gone(l, ret, err);
}

/* ---- the thread ---- */

static int connect_to(struct live *l, char **err)
{
	int ret = 0;

	if (l->cfg.fd >= 0) {
		l->c = channel_of_fd(l->cfg.fd);
		ret = l->c ? 0 : -ENOMEM;
		if (l->c)
			l->cfg.fd = -1;
	} else {
		ret = channel_connect(l->uri, l->cancel, &l->c, err);
	}
	if (ret)
		return ret;
	if (!channel_is_duplex(l->c))
		return err_set(err, -EINVAL, "%s: nobody answers there; use snapshot save for a file", l->uri);
	l->answered_ms = clock_ms();
	channel_set_timeout(l->c, WIRE_STALL_MS);
	channel_set_cancel(l->c, l->cancel);
	return stream_out_create(l->c, LIVE_FEATURES, &l->out);
}

static int run_move(struct live *l, char **err)
{
	int ret = connect_to(l, err);

	if (!ret)
		ret = ask(l, err);
	if (!ret && !l->cfg.check)
		ret = move(l, err);
	return ret;
}

static const char *plain(int ret)
{
	switch (ret) {
	case -ECANCELED:
		return "cancelled";
	case -EPIPE:
	case -ENODATA:
		return "the other side is gone";
	case -ETIMEDOUT:
		return "the other side has been silent for too long";
	case -ESHUTDOWN:
		return "the machine has ended before";
	}
	return strerror(-ret);
}

/* For done(); NULL for lack of memory. */
static char *sum_up(struct live *l, const char *why)
{
	struct ram_totals t = { 0 };
	char *text = NULL;
	int n = 0;

	if (l->sender)
		ram_sender_totals(l->sender, &t);
	if (l->undecided)
		n = asprintf(&text, "%s, just when it was to take over: the guest may run there.  It stands still "
			     "here; if it does not run there, \"resume\" lets it go on here", why);
	else if (l->ret)
		text = strdup(why);
	else if (l->cfg.check)
		text = strdup("the other side would take the guest");
	else if (!l->cfg.snapshot)
		n = asprintf(&text, "moved: %llu MiB sent for %llu MiB of pages, the guest stood still for %.1f ms",
			     (unsigned long long)(stream_out_bytes(l->out) >> 20),
			     (unsigned long long)((t.pages - t.zero_pages) >> (20 - RAM_PAGE_SHIFT)),
			     (double)l->downtime_ns / 1e6);
	return n < 0 ? NULL : text;
}

static void finish(void *opaque)
{
	live_finish(opaque);
}

static void *live_main(void *opaque)
{
	struct live *l = opaque;
	char *err = NULL;

	l->ret = l->cfg.snapshot ? live_snapshot(l, &err) : run_move(l, &err);
	l->text = sum_up(l, err ? err : plain(l->ret));
	free(err);
	loop_call(l->loop, finish, l);
	return NULL;
}

/* ---- from the loop ---- */

static void tick(void *opaque)
{
	struct live *l = opaque;
	unsigned int throttle = 0;
	char text[200];

	pthread_mutex_lock(&l->lock);
	if (l->copy) {
		precopy_progress(l->copy, text, sizeof(text));
		throttle = precopy_throttle(l->copy);
	} else if (l->disks) {
		snprintf(text, sizeof(text), "disks: %llu MiB",
			 (unsigned long long)(disks_copy_sent(l->disks) >> 20));
	} else {
		snprintf(text, sizeof(text), "connecting");
	}
	pthread_mutex_unlock(&l->lock);
	l->cfg.progress(l->cfg.opaque, text);
	vm_slow_down(l->vm, throttle);
}

static void live_free(struct live *l)
{
	precopy_free(l->copy);
	disks_copy_free(l->disks);
	ram_sender_free(l->sender);
	stream_out_free(l->out);
	stream_in_free(l->in);
	channel_free(l->c);
	vmstate_image_free(&l->image);
	if (l->tick)
		loop_remove(l->tick);
	if (l->cancel >= 0)
		close(l->cancel);
	if (l->cfg.fd >= 0)
		close(l->cfg.fd);
	pthread_mutex_destroy(&l->lock);
	free(l->uri);
	free(l->why);
	free(l->text);
	free(l);
}

int live_start(struct vm *vm, const struct live_config *cfg, struct live **out, char **err)
{
	struct live *l = calloc(1, sizeof(*l));
	int ret = l ? 0 : -ENOMEM;

	if (ret) {
		if (cfg->fd >= 0)
			close(cfg->fd);
		return ret;
	}
	l->vm = vm;
	l->loop = vm_loop(vm);
	l->cfg = *cfg;
	pthread_mutex_init(&l->lock, NULL);
	l->cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->uri = strdup(cfg->uri ? cfg->uri : "fd:");
	l->tick = loop_add_timer(l->loop, TICK_NS, TICK_NS, tick, l);
	if (l->cancel < 0 || !l->uri || !l->tick)
		ret = -ENOMEM;
	else if (!vm_state(vm)->accel->ops->dirty_log)
		ret = err_set(err, -EOPNOTSUPP, "the engine %s cannot log what the guest writes",
			      vm_state(vm)->accel->ops->name);
	if (!ret && !vm_take_live(vm, l))
		ret = err_set(err, -EBUSY, "another migration or snapshot is under way");
	if (ret) {
		live_free(l);
		return ret;
	}
	ret = -pthread_create(&l->thread, NULL, live_main, l);
	if (ret) {
		vm_drop_live(vm);
		live_free(l);
		return ret;
	}
	pthread_setname_np(l->thread, "migrate");
	*out = l;
	return 0;
}

void live_cancel(struct live *l)
{
	u64 one = 1;

	pthread_mutex_lock(&l->lock);
	l->cancelled = true;
	if (l->disks)
		disks_copy_cancel(l->disks);
	if (l->copy)
		precopy_cancel(l->copy);
	pthread_mutex_unlock(&l->lock);
	/* Cannot fail: the counter is far from full. */
	if (write(l->cancel, &one, sizeof(one)) < 0)
		return;
}

void live_finish(struct live *l)
{
	struct live_config cfg = l->cfg;
	char *text;
	int ret;

	pthread_join(l->thread, NULL);
	loop_uncall(l->loop, finish, l);
	vm_drop_live(l->vm);
	ret = l->ret;
	text = l->text;
	l->text = NULL;
	live_free(l);
	cfg.done(cfg.opaque, ret, text ? text : "");
	free(text);
}
