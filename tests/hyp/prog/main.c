// SPDX-License-Identifier: GPL-2.0-only
/*
 * hyptest list | all [-x SUBSTRING]... | NAME...: runs tests, each in a process of its
 * own; all but those that want a board prepared for them, storm_*.  One line each: "ok",
 * "FAIL" or "skip", the name, milliseconds, and what a failed one said.  After each, our
 * module must hold what it held before (kvm/held in debugfs).  Status: the number of
 * those that failed.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "kvmtest.h"

static struct test *tests;

void test_add(struct test *test)
{
	struct test **at = &tests;

	while (*at && strcmp((*at)->name, test->name) < 0)
		at = &(*at)->next;
	test->next = *at;
	*at = test;
}

/* The test's process: its group is killed as a whole when it is over. */
static void child(const struct test *test, int out)
{
	setpgid(0, 0);
	dup2(out, 1);
	dup2(out, 2);
	setvbuf(stdout, NULL, _IOLBF, 0);
	test->fn();
	fflush(NULL);
	_exit(0);
}

/* Collects what the child says until it ends or its time is over; -> its status, or -1. */
static int watch(pid_t pid, int in, unsigned int seconds, char *text, size_t size)
{
	uint64_t end = now_us() + seconds * 1000000ull;
	size_t len = 0;
	int status;

	for (;;) {
		struct pollfd p = { .fd = in, .events = POLLIN };
		char spare[256];

		if (poll(&p, 1, 50) > 0) {
			bool room = len + 1 < size;
			ssize_t n = read(in, room ? text + len : spare, room ? size - len - 1 : sizeof(spare));

			if (n > 0 && room)
				len += n;
		}
		text[len] = 0;
		if (waitpid(pid, &status, WNOHANG) == pid) {
			ssize_t n = read(in, text + len, size - len - 1);

			text[len + (n > 0 ? n : 0)] = 0;
			return status;
		}
		if (now_us() > end)
			return -1;
	}
}

/* What the module holds: kvm/held, or nothing for another KVM. */
static void read_held(char *text, size_t size)
{
	FILE *f = fopen("/sys/kernel/debug/kvm/held", "r");
	size_t len = f ? fread(text, 1, size - 1, f) : 0;

	text[len] = 0;
	if (f)
		fclose(f);
	else if (!access("/sys/module/vambrace", F_OK))
		FAIL("/sys/kernel/debug/kvm/held: %s", strerror(errno));
}

/* Is it so again?  A killed process may take a while to end. */
static bool held_again(const char *before, char *now, size_t size)
{
	for (int i = 0; i < 100; i++) {
		read_held(now, size);
		if (!strcmp(now, before))
			return true;
		pause_us(100000);
	}
	return false;
}

static int run(const struct test *test)
{
	uint64_t began = now_us();
	char text[1500], before[1000], now[1000];
	int pipes[2], status, failed = 0;
	const char *word = "ok";
	pid_t pid;

	read_held(before, sizeof(before));
	if (pipe(pipes))
		return 1;
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	pid = fork();
	if (!pid)
		child(test, pipes[1]);
	setpgid(pid, pid);
	close(pipes[1]);
	status = watch(pid, pipes[0], test->seconds, text, sizeof(text));
	kill(-pid, SIGKILL);
	if (status == -1) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "not done after %u s", test->seconds);
		waitpid(pid, NULL, 0);
	} else if (WIFSIGNALED(status)) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "signal %d", WTERMSIG(status));
	}
	close(pipes[0]);
	if (status != 0) {
		bool skipped = status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 77;

		failed = !skipped;
		word = skipped ? "skip" : "FAIL";
	}
	if (!held_again(before, now, sizeof(now))) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "the module holds\n%s", now);
		failed = 1;
		word = "FAIL";
	}
	printf("%s %s %llu ms%s%s\n", word, test->name, (unsigned long long)(now_us() - began) / 1000,
	       text[0] ? ": " : "", text);
	fflush(stdout);
	return failed;
}

static bool excluded(const char *name, char **argv)
{
	if (!strncmp(name, "storm_", 6))
		return true;
	for (; argv[0] && argv[1]; argv += 2)
		if (!strcmp(argv[0], "-x") && strstr(name, argv[1]))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	bool all = argc > 1 && !strcmp(argv[1], "all"), list = argc > 1 && !strcmp(argv[1], "list");
	int failed = 0, ran = 0;

	for (struct test *test = tests; test; test = test->next) {
		bool wanted = all && !excluded(test->name, argv + 2);

		if (list)
			printf("%s %u %s\n", test->name, test->seconds, test->what);
		for (int i = 1; i < argc && !all; i++)
			wanted |= !strcmp(argv[i], test->name);
		if (wanted) {
			ran++;
			failed += run(test);
		}
	}
	if (list)
		return 0;
	printf("%d run, %d failed\n", ran, failed);
	return ran ? failed : 2;
}
