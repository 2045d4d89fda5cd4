/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/control.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/config.h"
#include "vmm/host/control_socket.h"
#include "vmm/host/log.h"
#include "vmm/host/runtime_dir.h"
#include "vmm/host/words.h"
#include "vmm/machine/machine.h"
#include "vmm/migrate/live.h"
#include "vmm/migrate/store.h"
#include "vmm/migrate/vmstate.h"
#include "vmm/vm.h"

#define WORDS_MAX 8

struct words {
	unsigned int n;		/* with the command */
	char *at[WORDS_MAX];
	int fd;			/* that came along, or -1; who takes it sets -1 */
};

/* Who asked for a migration or a snapshot; it lives until live_config.done(). */
struct move {
	struct control *control;	/* NULL: the machine is being freed */
	struct control_request *req;
	struct store_file *file;	/* of a snapshot */
	struct live *live;
};

struct control {
	struct control_config cfg;
	struct control_socket *sockets[2];
	struct move *move;		/* under way; NULL: none */
};

/* Small decimal numbers are all that keys and mice know. */
static int number(const char *text, int *out, char **err)
{
	char *end;
	long val = strtol(text, &end, 10);

	if (!*text || *end || val < -1000 || val > 1000)
		return err_set(err, -EINVAL, "%s: not a number from -1000 to 1000", text);
	*out = val;
	return 0;
}

static int do_key(struct control *c, struct words *w, struct control_request *req, char **text)
{
	const struct machine_ops *ops = c->cfg.machine->ops;
	bool down = w->n < 3 || !strcmp(w->at[2], "down"), up = w->n < 3 || !strcmp(w->at[2], "up");
	int code, ret;

	(void)req;
	if (!ops->key)
		return err_set(text, -ENODEV, "this machine has no keyboard");
	if (!down && !up)
		return err_set(text, -EINVAL, "%s: a key goes up or down", w->at[2]);
	ret = number(w->at[1], &code, text);
	if (!ret && down)
		ret = ops->key(c->cfg.machine, code, true);
	if (!ret && up)
		ret = ops->key(c->cfg.machine, code, false);
	if (ret && !*text)
		err_set(text, ret, "%s: the keyboard has no such key", w->at[1]);
	return ret;
}

static int do_mouse(struct control *c, struct words *w, struct control_request *req, char **text)
{
	int val[WORDS_MAX - 1] = { 0 }, ret = 0;

	(void)req;
	if (!c->cfg.machine->ops->mouse)
		return err_set(text, -ENODEV, "this machine has no mouse");
	for (unsigned int i = 1; i < w->n && !ret; i++)
		ret = number(w->at[i], &val[i - 1], text);
	if (!ret && (val[3] < 0 || val[3] > 7))
		ret = err_set(text, -EINVAL, "%d: buttons are 1, 2 and 4, added", val[3]);
	return ret ? ret : c->cfg.machine->ops->mouse(c->cfg.machine, val[0], val[1], val[2], val[3]);
}

static int do_power(struct control *c, struct words *w, struct control_request *req, char **text)
{
	(void)w;
	(void)req;
	if (!c->cfg.machine->ops->power_button)
		return err_set(text, -ENODEV, "this machine has no power button");
	c->cfg.machine->ops->power_button(c->cfg.machine);
	return 0;
}

static int do_screenshot(struct control *c, struct words *w, struct control_request *req, char **text)
{
	(void)w;
	(void)req;
	if (!c->cfg.screenshot)
		return err_set(text, -ENODEV, "start with --screenshot FILE to say where the picture goes");
	c->cfg.screenshot(c->cfg.opaque);
	return 0;
}

static int do_quit(struct control *c, struct words *w, struct control_request *req, char **text)
{
	(void)w;
	(void)req;
	(void)text;
	c->cfg.quit(c->cfg.opaque);
	return 0;
}

/* ---- the machine as a whole ---- */

static int do_hold(struct control *c, struct words *w, struct control_request *req, char **text)
{
	bool pause = !strcmp(w->at[0], "pause");
	struct image_set *images;
	int ret;

	(void)req;
	if (!c->cfg.vm)
		return err_set(text, -ENODEV, "there is no machine to pause");
	if (vm_is_held(c->cfg.vm) == pause)
		return err_set(text, -EALREADY, pause ? "the machine is paused already" : "the machine is not paused");
	/* A move that broke off at its end had given the disks away: who has one of them has the guest. */
	images = vm_state(c->cfg.vm)->images;
	ret = !pause && images->unlocked ? image_set_lock(images, text) : 0;
	if (!ret)
		vm_hold(c->cfg.vm, pause);
	return ret;
}

static int do_status(struct control *c, struct words *w, struct control_request *req, char **text)
{
	const struct vm_config *cfg;
	const char *state;

	(void)w;
	(void)req;
	if (!c->cfg.vm)
		return err_set(text, -ENODEV, "there is no machine");
	cfg = vm_config_of(c->cfg.vm);
	state = c->move ? c->move->file ? "saving" : "migrating" : vm_is_held(c->cfg.vm) ? "paused" : "running";
	if (asprintf(text, "state=%s machine=%s cpu=%s cpus=%u memory=%lluM engine=%s pid=%d", state,
		     cfg->machine->name, cfg->model->name, cfg->cpus, (unsigned long long)(cfg->memory >> 20),
		     config_engine_name(cfg->engine), (int)getpid()) < 0) {
		*text = NULL;
		return -ENOMEM;
	}
	return 0;
}

/* ---- migration and snapshots: they end later ---- */

static void move_free(struct move *m)
{
	if (m->control)
		m->control->move = NULL;
	store_discard(m->file);
	free(m);
}

static void on_progress(void *opaque, const char *text)
{
	struct move *m = opaque;

	control_progress(m->req, text);
}

static int on_keep(void *opaque, char **err)
{
	struct move *m = opaque;
	struct store_file *file = m->file;

	m->file = NULL;
	return store_commit(file, err);
}

static void on_done(void *opaque, int ret, const char *text)
{
	struct move *m = opaque;
	struct store_file *file = m->file;
	char *err = NULL;

	m->file = NULL;
	if (!ret && file) {
		ret = store_commit(file, &err);
		text = ret ? err : text;
	} else if (file && (ret == -ENOSPC || ret == -EDQUOT || ret == -EFBIG)) {
		store_explain(file, ret, &err);
		text = err ? err : text;
		store_discard(file);
	} else {
		store_discard(file);
	}
	control_answer(m->req, ret, text);
	free(err);
	move_free(m);
}

static void on_hangup(void *opaque)
{
	struct move *m = opaque;

	if (m->control)
		m->control->cfg.live_cancel(m->live);
}

/* lc->fd and @file are used up, too. */
static int start_move(struct control *c, struct live_config *lc, struct store_file *file,
		      struct control_request *req, char **text)
{
	struct move *m = NULL;
	int ret = 0;

	if (c->move)
		ret = err_set(text, -EBUSY, "the machine is being %s already; wait for that, or end it with Ctrl-C "
			      "there", c->move->file ? "saved" : "moved");
	else if (!c->cfg.live_start)
		ret = err_set(text, -ENODEV, "this machine cannot be moved");
	if (!ret) {
		m = calloc(1, sizeof(*m));
		ret = m ? 0 : -ENOMEM;
	}
	if (ret) {
		store_discard(file);
		if (lc->fd >= 0)
			close(lc->fd);
		return ret;
	}
	*m = (struct move){ .control = c, .req = req, .file = file };
	lc->progress = on_progress;
	lc->done = on_done;
	lc->opaque = m;
	c->move = m;
	ret = c->cfg.live_start(c->cfg.vm, lc, &m->live, text);
	if (ret) {
		move_free(m);
		return ret;
	}
	control_on_hangup(req, on_hangup, m);
	return -EINPROGRESS;
}

static int set_downtime(struct live_config *lc, const char *value, char **text)
{
	char *end;
	unsigned long val = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || val < 1 || val > LIVE_DOWNTIME_MAX_MS)
		return err_set(text, -EINVAL, "max-downtime=%s: not a number of milliseconds from 1 to %d", value,
			       LIVE_DOWNTIME_MAX_MS);
	lc->max_downtime_ms = val;
	return 0;
}

static int set_move_option(struct live_config *lc, const char *word, char **text)
{
	if (!strncmp(word, "max-downtime=", 13))
		return set_downtime(lc, word + 13, text);
	if (!strcmp(word, "with-disks"))
		lc->with_disks = true;
	else if (!strcmp(word, "check"))
		lc->check = true;
	else
		return err_set(text, -EINVAL, "%s: unknown; there are max-downtime=MS, with-disks and check", word);
	return 0;
}

static int do_migrate(struct control *c, struct words *w, struct control_request *req, char **text)
{
	struct live_config lc = { .uri = w->at[1], .fd = -1, .max_downtime_ms = LIVE_DOWNTIME_MS };
	int ret = 0;

	for (unsigned int i = 2; i < w->n && !ret; i++)
		ret = set_move_option(&lc, w->at[i], text);
	if (ret)
		return ret;
	/* Opened, it would be empty before it turns out that it does not answer. */
	if (!strncmp(lc.uri, "file:", 5))
		return err_set(text, -EINVAL, "%s: nobody answers there; say snapshot save", lc.uri);
	/* A number would be one of this process's own descriptors: nothing that a user could mean. */
	if (!strncmp(lc.uri, "fd:", 3)) {
		if (w->fd < 0)
			return err_set(text, -EINVAL, "%s: the descriptor has to come with the command; use vambrace "
				       "migrate", lc.uri);
		lc.uri = "fd:";
		lc.fd = w->fd;
		w->fd = -1;
	}
	return start_move(c, &lc, NULL, req, text);
}

static int do_snapshot(struct control *c, struct words *w, struct control_request *req, char **text)
{
	struct live_config lc = { .max_downtime_ms = LIVE_DOWNTIME_MS, .snapshot = true };
	struct store_file *file = NULL;
	char *path = NULL;
	int ret;

	if (w->n > 3 && !strcmp(w->at[3], "quit"))
		lc.keep = on_keep;
	if (strcmp(w->at[1], "save") || (w->n > 3 && !lc.keep))
		return err_set(text, -EINVAL, "say snapshot save NAME|FILE [quit]");
	ret = store_path(w->at[2], true, &path, text);
	if (!ret)
		ret = store_create(path, &file, text);
	free(path);
	if (ret)
		return ret;
	lc.fd = fcntl(store_fd(file), F_DUPFD_CLOEXEC, 0);
	if (lc.fd < 0) {
		ret = err_set(text, -errno, "snapshot save: %s", strerror(errno));
		store_discard(file);
		return ret;
	}
	return start_move(c, &lc, file, req, text);
}

/* ---- one line ---- */

static const struct {
	const char *name, *help;
	unsigned int min, max;		/* words after the command */
	int (*run)(struct control *c, struct words *w, struct control_request *req, char **text);
} commands[] = {
	{ "key", "key NUMBER [down|up]", 1, 2, do_key },
	{ "mouse", "mouse RIGHT UP [WHEEL [BUTTONS]]", 2, 4, do_mouse },
	{ "power", "power", 0, 0, do_power },
	{ "screenshot", "screenshot", 0, 0, do_screenshot },
	{ "pause", "pause", 0, 0, do_hold },
	{ "resume", "resume", 0, 0, do_hold },
	{ "status", "status", 0, 0, do_status },
	{ "migrate", "migrate URI [max-downtime=MS] [with-disks] [check]", 1, 4, do_migrate },
	{ "snapshot", "snapshot save NAME|FILE [quit]", 2, 3, do_snapshot },
	{ "quit", "quit", 0, 0, do_quit },
};

static int run_words(struct control *c, struct words *w, struct control_request *req, char **text)
{
	for (size_t i = 0; i < ARM_ARRAY_SIZE(commands); i++) {
		if (strcmp(w->at[0], commands[i].name))
			continue;
		if (w->n - 1 < commands[i].min || w->n - 1 > commands[i].max)
			return err_set(text, -EINVAL, "say %s", commands[i].help);
		return commands[i].run(c, w, req, text);
	}
	return err_set(text, -EINVAL, "%s: unknown; there are key, mouse, power, screenshot, pause, resume, status, "
		       "migrate, snapshot and quit", w->at[0]);
}

int control_run(struct control *c, char *line, int fd, struct control_request *req, char **text)
{
	struct words w = { .fd = fd };
	int n = words_split(line, w.at, WORDS_MAX), ret = 0;

	*text = NULL;
	if (n < 0) {
		ret = err_set(text, -EINVAL, "too many words");
	} else if (n) {
		w.n = n;
		ret = run_words(c, &w, req, text);
	}
	if (w.fd >= 0)
		close(w.fd);
	return ret;
}

/* ---- sockets ---- */

static void on_command(void *opaque, struct control_request *req, char *line, int fd)
{
	char *text;
	int ret = control_run(opaque, line, fd, req, &text);

	if (ret != -EINPROGRESS)
		control_answer(req, ret, text);
	free(text);
}

struct control *control_create(const struct control_config *cfg)
{
	struct control *c = calloc(1, sizeof(*c));

	if (c)
		c->cfg = *cfg;
	return c;
}

static int listen_by_name(struct control *c, struct loop *loop, const char *name, char **err)
{
	char *path = NULL;
	int ret = runtime_socket(name, true, &path, err);

	if (!ret) {
		ret = control_socket_create(loop, path, "--name", on_command, c, &c->sockets[1], err);
		if (ret == -EADDRINUSE)
			err_set(err, ret, "--name %s: a machine of that name runs; take another name", name);
	}
	free(path);
	return ret;
}

int control_listen(struct control *c, struct loop *loop, const char *path, const char *name, char **err)
{
	int ret = 0;

	if (path) {
		ret = control_socket_create(loop, path, "--control", on_command, c, &c->sockets[0], err);
		if (ret == -EADDRINUSE)
			err_set(err, ret, "--control %s: another machine listens there; name another file", path);
	}
	return ret || !name ? ret : listen_by_name(c, loop, name, err);
}

void control_free(struct control *c)
{
	struct move *m = c ? c->move : NULL;

	if (!c)
		return;
	/* Clients that still wait hang up, which cancels. */
	for (size_t i = 0; i < ARM_ARRAY_SIZE(c->sockets); i++)
		control_socket_free(c->sockets[i]);
	/* Its end is told to nobody. */
	if (m && c->move == m)
		m->control = NULL;
	free(c);
}
