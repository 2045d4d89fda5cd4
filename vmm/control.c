/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/control.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/host/log.h"
#include "vmm/machine/machine.h"

#define WORDS_MAX 6

struct words {
	unsigned int n;		/* with the command */
	char *at[WORDS_MAX];
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

static int do_key(const struct control *c, const struct words *w, char **err)
{
	const struct machine_ops *ops = c->machine->ops;
	bool down = w->n < 3 || !strcmp(w->at[2], "down"), up = w->n < 3 || !strcmp(w->at[2], "up");
	int code, ret;

	if (!ops->key)
		return err_set(err, -ENODEV, "this machine has no keyboard");
	if (!down && !up)
		return err_set(err, -EINVAL, "%s: a key goes up or down", w->at[2]);
	ret = number(w->at[1], &code, err);
	if (!ret && down)
		ret = ops->key(c->machine, code, true);
	if (!ret && up)
		ret = ops->key(c->machine, code, false);
	if (ret && !*err)
		err_set(err, ret, "%s: the keyboard has no such key", w->at[1]);
	return ret;
}

static int do_mouse(const struct control *c, const struct words *w, char **err)
{
	int val[WORDS_MAX - 1] = { 0 }, ret = 0;

	if (!c->machine->ops->mouse)
		return err_set(err, -ENODEV, "this machine has no mouse");
	for (unsigned int i = 1; i < w->n && !ret; i++)
		ret = number(w->at[i], &val[i - 1], err);
	if (!ret && (val[3] < 0 || val[3] > 7))
		ret = err_set(err, -EINVAL, "%d: buttons are 1, 2 and 4, added", val[3]);
	return ret ? ret : c->machine->ops->mouse(c->machine, val[0], val[1], val[2], val[3]);
}

static int do_power(const struct control *c, const struct words *w, char **err)
{
	(void)w;
	if (!c->machine->ops->power_button)
		return err_set(err, -ENODEV, "this machine has no power button");
	c->machine->ops->power_button(c->machine);
	return 0;
}

static int do_screenshot(const struct control *c, const struct words *w, char **err)
{
	(void)w;
	if (!c->screenshot)
		return err_set(err, -ENODEV, "start with --screenshot FILE to say where the picture goes");
	c->screenshot(c->opaque);
	return 0;
}

static int do_quit(const struct control *c, const struct words *w, char **err)
{
	(void)w;
	(void)err;
	c->quit(c->opaque);
	return 0;
}

static const struct {
	const char *name, *help;
	unsigned int min, max;		/* words after the command */
	int (*run)(const struct control *c, const struct words *w, char **err);
} commands[] = {
	{ "key", "key NUMBER [down|up]", 1, 2, do_key },
	{ "mouse", "mouse RIGHT UP [WHEEL [BUTTONS]]", 2, 4, do_mouse },
	{ "power", "power", 0, 0, do_power },
	{ "screenshot", "screenshot", 0, 0, do_screenshot },
	{ "quit", "quit", 0, 0, do_quit },
};

int control_run(const struct control *c, char *line, char **err)
{
	struct words w = { 0 };
	char *save, *word;

	for (word = strtok_r(line, " \t\r", &save); word; word = strtok_r(NULL, " \t\r", &save)) {
		if (w.n == WORDS_MAX)
			return err_set(err, -EINVAL, "%s: too many words", w.at[0]);
		w.at[w.n++] = word;
	}
	if (!w.n)
		return 0;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(commands); i++) {
		if (strcmp(w.at[0], commands[i].name))
			continue;
		if (w.n - 1 < commands[i].min || w.n - 1 > commands[i].max)
			return err_set(err, -EINVAL, "say %s", commands[i].help);
		return commands[i].run(c, &w, err);
	}
	return err_set(err, -EINVAL, "%s: unknown; there are key, mouse, power, screenshot and quit", w.at[0]);
}
