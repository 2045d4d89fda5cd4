/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/migrate/incoming.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "vmm/host/log.h"
#include "vmm/migrate/live_int.h"
#include "vmm/migrate/snapshot.h"

struct incoming {
	struct channel *c;
	struct stream_in *in;
	struct stream_out *answers;	/* NULL: nobody listens */
	int signals;			/* ends every wait */
	int file;			/* of a snapshot, else -1 */
	bool mapped;			/* its RAM is */
	u8 intent;			/* enum wire_intent */
	u8 *config;
	size_t config_len;
	struct identity id;
	struct ram_codec *codec;

	/* While loading. */
	struct vm *vm;
	struct vmstate_in state;
	enum { PHASE_START, PHASE_CHECK, PHASE_CHECKED, PHASE_STATE } phase;
};

/* ---- opening ---- */

static int answer(struct incoming *in, const char *name, const char *text)
{
	struct bytes_out b = { 0 };
	int ret;

	if (!in->answers)
		return 0;
	if (text)
		bytes_put(&b, text, strnlen(text, WIRE_TEXT_MAX));
	ret = stream_out_section(in->answers, name, WIRE_VERSION, &b);
	bytes_free(&b);
	return ret ? ret : stream_out_flush(in->answers);
}

void incoming_refuse(struct incoming *in, const char *why)
{
	/* Whether it arrives is not ours to mend. */
	if (answer(in, WIRE_REFUSE, why))
		return;
}

static int next_section(struct incoming *in, const char *want, struct stream_section *s, char **err)
{
	int ret = stream_in_section(in->in, s, err);

	if (!ret && strcmp(s->name, want))
		ret = err_set(err, -EBADMSG, "the stream has \"%s\" where \"%s\" was due", s->name, want);
	if (!ret && s->version > WIRE_VERSION)
		ret = err_set(err, -EPROTONOSUPPORT, "%s has version %u, and this vambrace knows %u at most; take a "
			      "newer one", s->name, s->version, WIRE_VERSION);
	return ret;
}

static int read_introduction(struct incoming *in, char **err)
{
	struct stream_section s;
	int ret = next_section(in, WIRE_CONFIG, &s, err);

	if (ret)
		return ret;
	in->config_len = s.bytes.len;
	in->config = malloc(s.bytes.len + 1);
	if (!in->config)
		return -ENOMEM;
	memcpy(in->config, s.bytes.data, s.bytes.len);
	in->config[s.bytes.len] = 0;
	ret = next_section(in, WIRE_IDENTITY, &s, err);
	if (!ret)
		ret = identity_get(&s.bytes, &in->id, err);
	if (!ret)
		ret = next_section(in, WIRE_INTENT, &s, err);
	if (ret)
		return ret;
	in->intent = bytes_get_u8(&s.bytes);
	if (s.bytes.error || in->intent > WIRE_STORE || (in->intent == WIRE_STORE) != !in->answers)
		return err_set(err, -EBADMSG, "the stream does not say what it is for; is it a snapshot? Those are for "
			       "restore");
	return 0;
}

static int block_signals(struct incoming *in)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	in->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return in->signals < 0 ? -errno : 0;
}

static struct incoming *incoming_new(void)
{
	struct incoming *in = calloc(1, sizeof(*in));

	if (in)
		in->signals = in->file = -1;
	return in;
}

/* @ret of what was opened so far; then what both kinds have alike. */
static int open_stream(struct incoming *in, int ret, struct incoming **out, char **err)
{
	if (!ret)
		ret = ram_codec_create(&in->codec);
	if (!ret)
		ret = stream_in_create(in->c, LIVE_FEATURES, &in->in, err);
	if (!ret)
		ret = read_introduction(in, err);
	if (ret) {
		incoming_refuse(in, err && *err ? *err : strerror(-ret));
		incoming_close(in);
		return ret;
	}
	*out = in;
	return 0;
}

int incoming_open(const char *uri, struct incoming **out, char **err)
{
	struct incoming *in = incoming_new();
	int ret = in ? block_signals(in) : -ENOMEM;

	if (!in)
		return ret;
	if (!ret)
		ret = channel_accept(uri, in->signals, &in->c, err);
	if (!ret) {
		channel_set_timeout(in->c, WIRE_STALL_MS);
		channel_set_cancel(in->c, in->signals);
		if (channel_is_duplex(in->c))
			ret = stream_out_create(in->c, LIVE_FEATURES, &in->answers);
	}
	return open_stream(in, ret, out, err);
}

int incoming_open_file(const char *path, struct incoming **out, char **err)
{
	struct incoming *in = incoming_new();
	int ret = in ? block_signals(in) : -ENOMEM, fd;

	if (!in)
		return ret;
	in->file = open(path, O_RDONLY | O_CLOEXEC);
	if (in->file < 0)
		ret = err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!ret) {
		fd = dup(in->file);
		in->c = fd < 0 ? NULL : channel_of_fd(fd);
		if (!in->c && fd >= 0)
			close(fd);
		ret = in->c ? 0 : -ENOMEM;
	}
	return open_stream(in, ret, out, err);
}

void incoming_close(struct incoming *in)
{
	if (!in)
		return;
	ram_codec_free(in->codec);
	stream_out_free(in->answers);
	stream_in_free(in->in);
	channel_free(in->c);
	if (in->file >= 0)
		close(in->file);
	if (in->signals >= 0)
		close(in->signals);
	free(in->config);
	free(in);
}

const char *incoming_config(const struct incoming *in, size_t *len)
{
	*len = in->config_len;
	return (const char *)in->config;
}

const struct identity *incoming_identity(const struct incoming *in)
{
	return &in->id;
}

/* ---- loading ---- */

/* What the sender would have us check: 1 when that was all it wanted. */
static int end_check(struct incoming *in, char **err)
{
	int ret = vmstate_in_end(&in->state, err);

	in->phase = PHASE_CHECKED;
	if (ret)
		return ret;
	ret = answer(in, WIRE_ACCEPT, NULL);
	return ret ? ret : in->intent == WIRE_DRY_RUN;
}

/* A section of state; the first of them says that RAM is complete. */
static int state_section(struct incoming *in, struct stream_section *s, char **err)
{
	if (in->phase == PHASE_START || in->phase == PHASE_CHECKED) {
		vmstate_in_begin(&in->state, vm_state(in->vm), true);
		in->phase = PHASE_STATE;
	}
	return vmstate_in_section(&in->state, s, err);
}

static int ram_section(struct incoming *in, struct stream_section *s, char **err)
{
	const struct vmstate *v = vm_state(in->vm);

	if (s->version > RAM_SECTION_VERSION)
		return err_set(err, -EPROTONOSUPPORT, "RAM in a form that this vambrace does not know; take a newer "
			       "one");
	return ram_get_batch(in->codec, &s->bytes, v->ram, v->nram, NULL, err);
}

/* The stream goes on where the file says. */
static int image_section(struct incoming *in, struct stream_section *s, char **err)
{
	u64 at;
	int ret;

	/* Once: the second stream must not lead to a third. */
	if (in->file < 0 || in->phase != PHASE_START || in->mapped)
		return err_set(err, -EBADMSG, "the stream has an image of RAM where none can be");
	ret = snapshot_map(in->file, &s->bytes, vm_state(in->vm), &at, err);
	if (ret)
		return ret;
	in->mapped = true;
	stream_in_free(in->in);
	in->in = NULL;
	if (lseek(in->file, (off_t)at, SEEK_SET) < 0)
		return -errno;
	return stream_in_create(in->c, LIVE_FEATURES, &in->in, err);
}

/* 0: go on; 1: all done; or -errno. */
static int load_section(struct incoming *in, struct stream_section *s, char **err)
{
	int ret;

	if (!strcmp(s->name, WIRE_CHECK) && in->phase == PHASE_START) {
		vmstate_in_begin(&in->state, vm_state(in->vm), false);
		in->phase = PHASE_CHECK;
		return 0;
	}
	if (!strcmp(s->name, WIRE_CHECKED) && in->phase == PHASE_CHECK)
		return end_check(in, err);
	if (!strcmp(s->name, RAM_SECTION) && in->phase != PHASE_CHECK)
		return ram_section(in, s, err);
	/* A sender has the user's word that it may write the disks that he gave; a file has not. */
	if (!strcmp(s->name, DISKS_BLOCK) && in->phase != PHASE_CHECK && in->intent == WIRE_MOVE)
		return disks_block(vm_state(in->vm)->images, &s->bytes, err);
	if (!strcmp(s->name, DISKS_STATE) && in->phase == PHASE_STATE)
		return disks_check_state(vm_state(in->vm)->images, &s->bytes, err);
	if (!strcmp(s->name, WIRE_ARRIVE) && in->phase == PHASE_CHECKED)
		return answer(in, WIRE_ARRIVED, NULL);
	if (!strcmp(s->name, WIRE_IMAGE))
		return image_section(in, s, err);
	if (!strcmp(s->name, WIRE_END) && in->phase == PHASE_STATE) {
		if (bytes_get_u8(&s->bytes) == 1)
			vm_hold(in->vm, true);
		ret = vmstate_in_end(&in->state, err);
		in->phase = PHASE_CHECKED;
		return ret ? ret : s->bytes.error ? s->bytes.error : 1;
	}
	ret = state_section(in, s, err);
	if (ret == -ENOENT)
		ret = err_set(err, -EBADMSG, "the stream has \"%s\", which does not belong there", s->name);
	return ret;
}

/* Nobody else has the guest when this says 0. */
static int take_over(struct incoming *in, char **err)
{
	struct stream_section s;
	int ret = answer(in, WIRE_LOADED, NULL);

	if (!ret && in->answers)
		ret = next_section(in, WIRE_GO, &s, err);
	if (ret)
		return ret;
	ret = image_set_lock(vm_state(in->vm)->images, err);
	if (ret)
		return ret;
	/* If this does not arrive the sender stays stopped, and the guest is here all the same. */
	if (answer(in, WIRE_RUNNING, NULL))
		log_warn("the sender went away just now: it must not go on with the guest, which runs here");
	return 0;
}

int incoming_load(struct incoming *in, struct vm *vm, char **err)
{
	struct stream_section s;
	bool dry = in->intent == WIRE_DRY_RUN;
	int ret = 0;

	in->vm = vm;
	while (!ret) {
		ret = stream_in_section(in->in, &s, err);
		if (!ret)
			ret = load_section(in, &s, err);
	}
	if (ret > 0)
		ret = dry ? 1 : take_over(in, err);
	if (in->phase == PHASE_CHECK || in->phase == PHASE_STATE)
		vmstate_in_free(&in->state);
	if (ret < 0)
		incoming_refuse(in, err && *err ? *err : strerror(-ret));
	return ret;
}
