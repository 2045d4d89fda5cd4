/* SPDX-License-Identifier: GPL-2.0-only */
/* System work: exceptions, page tables, processes, fresh code. */
#include "bench.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static u64 run_getppid(u64 n)
{
	u64 sum = 0;

	while (n--)
		sum += syscall(SYS_getppid) >= 0;
	return sum;
}

/* Through the vDSO: reads the counter, makes no system call. */
static u64 run_clock(u64 n)
{
	struct timespec ts;
	u64 last = 0, sum = 0;

	while (n--) {
		u64 now;

		clock_gettime(CLOCK_MONOTONIC, &ts);
		now = (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
		sum += now >= last;
		last = now;
	}
	return sum;
}

#define FAULT_PAGES 64

/* An operation is a page: mapped, touched, unmapped. */
static u64 run_pagefault(u64 n)
{
	u64 sum = 0;

	for (u64 i = 0; i < n; i += FAULT_PAGES) {
		u8 *p = mmap(NULL, FAULT_PAGES * 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			bench_die("mmap");
		for (int k = 0; k < FAULT_PAGES; k++) {
			p[k * 4096 + k] = (u8)(k + 1);
			sum += p[k * 4096 + k];
		}
		munmap(p, FAULT_PAGES * 4096);
	}
	return sum;
}

static u8 *guarded;
static volatile u64 segv_count;

static void on_segv(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_addr != guarded + 64)
		_exit(3);
	segv_count++;
	mprotect(guarded, 4096, PROT_READ | PROT_WRITE);
}

static u64 run_sigsegv(u64 n)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	u64 sum = 0;

	sa.sa_sigaction = on_segv;
	sigaction(SIGSEGV, &sa, NULL);
	guarded = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	segv_count = 0;
	for (u64 i = 0; i < n; i++) {
		mprotect(guarded, 4096, PROT_READ);
		*(volatile u8 *)(guarded + 64) = (u8)i;
		sum += guarded[64];
	}
	munmap(guarded, 4096);
	return sum * 1000 + segv_count;
}

static volatile u64 usr1_count;

static void on_usr1(int sig)
{
	(void)sig;
	usr1_count++;
}

static u64 run_raise(u64 n)
{
	signal(SIGUSR1, on_usr1);
	usr1_count = 0;
	while (n--)
		raise(SIGUSR1);
	return usr1_count;
}

static u64 run_forkexec(u64 n)
{
	u64 sum = 0;

	while (n--) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			execl(bench_tiny, "tiny", (char *)NULL);
			_exit(1);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			bench_die("fork");
		sum += (u64)WEXITSTATUS(status);
	}
	return sum;
}

static u64 run_pipe(u64 n)
{
	int there[2], back[2];
	u64 sum = 0;
	pid_t pid;
	u8 c = 0;

	if (pipe(there) || pipe(back))
		bench_die("pipe");
	pid = fork();
	if (pid < 0)
		bench_die("fork");
	if (!pid) {
		close(there[1]);
		while (read(there[0], &c, 1) == 1) {
			c = (u8)(c * 3 + 1);
			if (write(back[1], &c, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(there[0]);
	while (n--) {
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			bench_die("pipe");
		sum += c;
	}
	close(there[1]);
	close(back[0]);
	close(back[1]);
	waitpid(pid, NULL, 0);
	return sum;
}

/* Two threads that wake each other: a context switch within one address space. */
static u32 turn;
static u64 turns_left;

static void wait_turn(u32 mine)
{
	u32 now;

	while ((now = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) != mine)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
}

static void give_turn(u32 whose)
{
	__atomic_store_n(&turn, whose, __ATOMIC_RELEASE);
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *futex_partner(void *arg)
{
	u64 sum = 0;

	for (u64 left = turns_left; left; left--) {
		wait_turn(1);
		sum++;
		give_turn(0);
	}
	*(u64 *)arg = sum;
	return NULL;
}

static u64 run_futex(u64 n)
{
	pthread_t thread;
	u64 sum = 0, other = 0;

	turn = 0;
	turns_left = n;
	if (pthread_create(&thread, NULL, futex_partner, &other))
		bench_die("thread");
	while (n--) {
		wait_turn(0);
		sum++;
		give_turn(1);
	}
	pthread_join(thread, NULL);
	return sum * 3 + other;
}

/* Writes a function, makes it visible to the fetch, runs it. */
static u64 run_emit(u64 n)
{
	u32 *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	u64 sum = 0;

	if (code == MAP_FAILED)
		bench_die("mmap");
	for (u64 i = 0; i < n; i++) {
		u32 (*fn)(void), *at = code + (i & 63) * 16;

#ifdef __aarch64__
		at[0] = 0x52800000 | (u32)(i & 0xffff) << 5;	/* mov w0, #i */
		at[1] = 0x11000400;				/* add w0, w0, #1 */
		at[2] = 0xd65f03c0;				/* ret */
#elif defined(__thumb__)
		u32 v = (u32)(i & 0xffff);

		at[0] = 0xf240 | v >> 12 | (v >> 1 & 0x400) |
			(v << 20 & 0x70000000) | (v & 255) << 16;	/* movw r0, #i */
		at[1] = 0x47703001;				/* adds r0, #1; bx lr */
#elif defined(__arm__)
		u32 v = (u32)(i & 0xffff);

		at[0] = 0xe3000000 | (v << 4 & 0xf0000) | (v & 0xfff);	/* movw r0, #i */
		at[1] = 0xe2800001;				/* add r0, r0, #1 */
		at[2] = 0xe12fff1e;				/* bx lr */
#else
		u32 v = (u32)(i & 0xffff);

		memcpy((u8 *)at, "\xb8", 1);			/* mov eax, i */
		memcpy((u8 *)at + 1, &v, 4);
		memcpy((u8 *)at + 5, "\xff\xc0\xc3", 3);	/* inc eax; ret */
#endif
		__builtin___clear_cache((char *)at, (char *)(at + 3));
#ifdef __thumb__
		fn = (u32(*)(void))((uintptr_t)at | 1);
#else
		memcpy(&fn, &at, sizeof(fn));
#endif
		sum += fn();
	}
	munmap(code, 4096);
	return sum;
}

/* Files in memory: open, read, close. */
static u64 run_file(u64 n)
{
	int fd = (int)syscall(SYS_memfd_create, "bench", 0);
	u8 buf[512] = { 1, 2, 3 };
	u64 sum = 0;

	if (fd < 0 || write(fd, buf, sizeof(buf)) != (ssize_t)sizeof(buf))
		bench_die("memfd");
	while (n--) {
		buf[0] = (u8)n;
		if (pwrite(fd, buf, 256, 0) != 256 || pread(fd, buf, 512, 0) != 512)
			bench_die("file");
		sum += buf[0] + buf[2];
	}
	close(fd);
	return sum;
}

const struct bench bench_system[] = {
	{ "getppid", "system", 500, NULL, run_getppid },
	{ "pagefault", "system", 640, NULL, run_pagefault },
	{ "sigsegv", "system", 50, NULL, run_sigsegv },
	{ "raise", "system", 100, NULL, run_raise },
	{ "fork_exec", "system", 3, NULL, run_forkexec },
	{ "pipe", "system", 50, NULL, run_pipe },
	{ "futex", "system", 50, NULL, run_futex },
	{ "file", "system", 100, NULL, run_file },
	{ "emit", "system", 200, NULL, run_emit },
	{ "clock", "system", 2000, NULL, run_clock },
	{ 0 },
};
