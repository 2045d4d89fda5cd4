/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs the benchmark programs: as a guest's /init by commands on the console,
 * elsewhere by arguments.
 *
 *   list                     name and group of each program
 *   run NAME MS [N]          without N: how many operations take MS milliseconds; with N:
 *                            measures them, a guest after it has said @go and got a line
 *   quit                     powers the guest off
 *
 * Lines that matter to the runner begin with '@'.
 */
#include "bench.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

u64 bench_untimed_ns;
const char *bench_tiny = "/tiny";

static const struct bench *const tables[] = {
	bench_integer, bench_integer2, bench_memory, bench_double,
	bench_neon, bench_crypto, bench_system, bench_cold,
};

u64 bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
}

void bench_die(const char *what)
{
	printf("@error %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

void *bench_alloc(size_t size)
{
	void *p = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);

	if (!p)
		bench_die("memory");
	return memset(p, 0, size);
}

static const struct bench *find(const char *name)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct bench *b = tables[t]; b->name; b++)
			if (!strcmp(b->name, name))
				return b;
	return NULL;
}

static void list(void)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct bench *b = tables[t]; b->name; b++)
			printf("@bench %s %s\n", b->name, b->group);
	printf("@end\n");
}

static u64 timed(const struct bench *b, u64 n, u64 *sum)
{
	u64 start, t;

	bench_untimed_ns = 0;
	start = bench_now_ns();
	*sum = b->run(n);
	t = bench_now_ns() - start;
	return t > bench_untimed_ns ? t - bench_untimed_ns : 1;
}

/* The operations that fill ms, found by doing ever more. */
static u64 calibrate(const struct bench *b, u64 ms, u64 t)
{
	u64 want = ms * 1000000, n = b->prefix, sum;

	for (; t < want; t = timed(b, n, &sum)) {
		u64 factor = want * 5 / 4 / t + 1;

		n *= factor < 16 ? factor : 16;
	}
	return n;
}

/* A guest lets the host take its measure first. */
static void wait_for_go(void)
{
	char c = 0;

	printf("@go\n");
	fflush(stdout);
	while (c != '\n' && c != '\r')
		if (read(0, &c, 1) < 0)
			bench_die("console");
}

static u64 cpu_ns(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (u64)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000u +
	       (u64)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000u;
}

static void run_here(const struct bench *b, u64 ms, u64 n, bool guest)
{
	u64 sum, dummy, begin, cpu, t;

	if (b->setup)
		b->setup();
	t = timed(b, b->prefix, &sum);
	if (!n)
		n = calibrate(b, ms, t);
	else if (guest)
		wait_for_go();
	cpu = cpu_ns(RUSAGE_SELF) + cpu_ns(RUSAGE_CHILDREN);
	begin = bench_now_ns();
	t = timed(b, n, &dummy);
	begin = bench_now_ns() - begin;
	cpu = cpu_ns(RUSAGE_SELF) + cpu_ns(RUSAGE_CHILDREN) - cpu;
	printf("@result %s %.4f %llu %016llx %llu %llu\n", b->name, (double)t / (double)n,
	       (unsigned long long)n, (unsigned long long)sum, (unsigned long long)begin,
	       (unsigned long long)cpu);
	fflush(stdout);
}

/* Each program has a process of its own: it may die, and starts with fresh memory. */
static void run(const char *name, u64 ms, u64 n, bool guest)
{
	const struct bench *b = find(name);
	int status;
	pid_t pid;

	if (!b) {
		printf("@error no program %s\n", name);
		return;
	}
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		bench_die("fork");
	if (!pid) {
		run_here(b, ms, n, guest);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		printf("@error %s: status %x\n", name, (unsigned int)status);
}

static void command(char *line, bool guest)
{
	char *word[4] = { NULL };
	int n = 0;

	for (char *p = strtok(line, " \r\n"); p && n < 4; p = strtok(NULL, " \r\n"))
		word[n++] = p;
	if (!n)
		return;
	if (!strcmp(word[0], "list"))
		list();
	else if (!strcmp(word[0], "run") && n >= 3)
		run(word[1], strtoull(word[2], NULL, 10),
		    n > 3 ? strtoull(word[3], NULL, 10) : 0, guest);
	else if (!strcmp(word[0], "quit"))
		reboot(RB_POWER_OFF);
	else
		printf("@error what is %s?\n", word[0]);
	fflush(stdout);
}

static void be_init(void)
{
	struct termios t;
	char line[256];

	/* The runner times the boot up to here. */
	printf("@init\n");
	fflush(stdout);
	if (!tcgetattr(0, &t)) {
		cfmakeraw(&t);
		t.c_oflag |= OPOST | ONLCR;
		tcsetattr(0, TCSANOW, &t);
	}
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	printf("@ready\n");
	fflush(stdout);
	for (size_t len = 0;;) {
		ssize_t got = read(0, line + len, 1);

		if (got <= 0)
			continue;
		/* A raw terminal gives what was sent: a return or a newline. */
		if (line[len] != '\n' && line[len] != '\r') {
			len += len < sizeof(line) - 2;
			continue;
		}
		line[len] = 0;
		len = 0;
		command(line, true);
	}
}

int main(int argc, char **argv)
{
	const char *tiny = getenv("BENCH_TINY");
	char line[256] = "";

	if (tiny)
		bench_tiny = tiny;
	if (getpid() == 1)
		be_init();
	for (int i = 1; i < argc; i++) {
		strncat(line, argv[i], sizeof(line) - strlen(line) - 2);
		strcat(line, " ");
	}
	command(line, false);
	return 0;
}
