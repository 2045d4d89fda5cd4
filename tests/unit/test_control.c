/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands of --control, and the pipe that they come through. */
#define _GNU_SOURCE
#include "tests/unit/dev_rig.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "vmm/control.h"
#include "vmm/host/command_pipe.h"
#include "vmm/machine/machine.h"

/* What the commands did, as text. */
static char did[256];

static int key(struct machine *m, unsigned int code, bool down)
{
	(void)m;
	if (code == 999)
		return -EINVAL;
	sprintf(did + strlen(did), "key %u %d;", code, down);
	return 0;
}

static int mouse(struct machine *m, int dx, int dy, int dz, unsigned int buttons)
{
	(void)m;
	sprintf(did + strlen(did), "mouse %d %d %d %u;", dx, dy, dz, buttons);
	return 0;
}

static void power(struct machine *m)
{
	(void)m;
	strcat(did, "power;");
}

static void screenshot(void *opaque)
{
	strcat(did, opaque);
}

static const struct machine_ops all_ops = { .key = key, .mouse = mouse, .power_button = power };
static const struct machine_ops no_ops;

/* @want: what is done, or after an "!" a part of the message. */
static void check(const struct machine_ops *ops, const char *command, const char *want)
{
	struct machine m = { ops };
	struct control c = { &m, ops == &all_ops ? screenshot : NULL, screenshot, "host;" };
	char line[COMMAND_PIPE_LINE + 1], *err = NULL;
	int ret;

	did[0] = 0;
	strcpy(line, command);
	ret = control_run(&c, line, &err);
	if (*want == '!') {
		assert_true(ret < 0);
		assert_non_null(err);
		if (!strstr(err, want + 1))
			fail_msg("%s: %s", command, err);
		want = "";
	} else {
		assert_int_equal(ret, 0);
		assert_null(err);
	}
	assert_string_equal(did, want);
	free(err);
}

static void test_commands(void **state)
{
	static const struct {
		const char *command, *want;
	} rows[] = {
		{ "", "" }, { "  \t", "" }, { "key 30", "key 30 1;key 30 0;" }, { " key  30\tdown\r", "key 30 1;" },
		{ "key 30 up", "key 30 0;" }, { "mouse 3 -4", "mouse 3 -4 0 0;" },
		{ "mouse -1000 1000 -1 7", "mouse -1000 1000 -1 7;" }, { "power", "power;" },
		{ "screenshot", "host;" }, { "quit", "host;" },
		{ "key", "!say key" }, { "key 1 2 3", "!say key" }, { "key 30 sideways", "!up or down" },
		{ "key a", "!not a number" }, { "key 30x", "!not a number" }, { "key 999", "!no such key" },
		{ "key 99999999999999999999", "!not a number" }, { "mouse 1", "!say mouse" },
		{ "mouse 1 2 3 8", "!buttons" }, { "mouse 1 2 3 -1", "!buttons" }, { "mouse 1 1001", "!not a number" },
		{ "power off", "!say power" }, { "Key 30", "!unknown" }, { "1 2 3 4 5 6 7", "!too many" },
	};

	(void)state;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows); i++)
		check(&all_ops, rows[i].command, rows[i].want);
	check(&no_ops, "key 30", "!no keyboard");
	check(&no_ops, "mouse 1 1", "!no mouse");
	check(&no_ops, "power", "!no power button");
	check(&no_ops, "screenshot", "!--screenshot");
}

static char got[512];

static void on_line(void *opaque, char *line)
{
	(void)opaque;
	strcat(got, line);
	strcat(got, "|");
}

static void say(struct dev_rig *rig, const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	rig_turn(rig);
}

static void test_pipe(void **state)
{
	struct dev_rig rig = { 0 };
	struct command_pipe *p;
	char dir[] = "/tmp/test_control.XXXXXX", path[64], text[COMMAND_PIPE_LINE + 3], *err = NULL;

	(void)state;
	got[0] = 0;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/pipe", dir);
	assert_int_equal(loop_create(&rig.loop), 0);
	assert_int_equal(command_pipe_create(rig.loop, path, on_line, NULL, &p, &err), 0);
	/* Writers come and go, in the middle of lines too. */
	say(&rig, path, "one\ntw");
	say(&rig, path, "o\n\nthree\n");
	assert_string_equal(got, "one|two||three|");
	/* The longest line, and one more character. */
	got[0] = 0;
	memset(text, 'x', sizeof(text));
	strcpy(text + COMMAND_PIPE_LINE, "\n");
	say(&rig, path, text);
	assert_int_equal(strlen(got), COMMAND_PIPE_LINE + 1);
	got[0] = 0;
	strcpy(text + COMMAND_PIPE_LINE, "x\n");
	text[COMMAND_PIPE_LINE - 1] = 'x';
	say(&rig, path, text);
	say(&rig, path, "next\n");
	assert_string_equal(got, "next|");
	command_pipe_free(p);
	assert_int_equal(access(path, F_OK), -1);
	/* A pipe of the user's stays. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(command_pipe_create(rig.loop, path, on_line, NULL, &p, &err), 0);
	command_pipe_free(p);
	assert_int_equal(unlink(path), 0);
	/* Another file does not do, and stays as it is. */
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(command_pipe_create(rig.loop, path, on_line, NULL, &p, &err), -EINVAL);
	assert_non_null(strstr(err, "no named pipe"));
	free(err);
	err = NULL;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(command_pipe_create(rig.loop, path, on_line, NULL, &p, &err), -ENOENT);
	free(err);
	loop_free(rig.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands), cmocka_unit_test(test_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
