// SPDX-License-Identifier: GPL-2.0-only
/*
 * A Linux program that checks itself while the machine under it moves: arm or arm64, static.
 *
 *   selfcheck [--rounds N] [--disk FILE|/dev/BLOCK] [--echo ADDRESS:PORT] [--memory MIB]
 *            [--patience SECONDS]
 *
 * Each thing that is checked is a thread that goes on and on: memory, FP and SIMD
 * registers, clocks, timers, counts under a mutex and by atomics, a pipe, TCP and UDP over the loopback,
 * a disk, TCP and UDP to a host that sends back what it gets.  Once a second "round N ok at MS" is printed; what
 * is wrong as "FAIL WHAT got X want Y"; "network: answers" for each new connection to the host.  A thread that
 * does nothing for --patience seconds (PATIENCE) of the guest's clock is wrong as well.  After --rounds (0: never)
 * "selfcheck: N rounds, F failed".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define PATIENCE 120
#define NS 1000000000ull
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BLOCK 4096u
#define MAX_WORKERS 32

static struct {
	u64 rounds;
	const char *disk;
	struct sockaddr_in echo;
	unsigned int mib, patience;
} opt = { .mib = 16, .patience = PATIENCE };

static atomic_uint failures;
static atomic_ulong counted;
static u64 locked;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic u64 latest;	/* of CLOCK_MONOTONIC, on any CPU */

struct worker {
	const char *name;
	void (*step)(struct worker *w);		/* again and again */
	void (*begin)(struct worker *w);	/* NULL: nothing */
	unsigned int n;				/* which of several */
	atomic_ulong steps;
	void *mine;
	int fd[2];
	u64 gen, begun;
};

static void fail(const char *what, u64 got, u64 want)
{
	printf("FAIL %s got %#" PRIx64 " want %#" PRIx64 "\n", what, got, want);
	if (atomic_fetch_add(&failures, 1) > 20)
		exit(1);
}

static void give_up(const char *what)
{
	printf("FAIL %s got errno %d (%s) want none\n", what, errno, strerror(errno));
	exit(1);
}

static u64 now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * NS + (u64)ts.tv_nsec;
}

static u64 mix(u64 a, u64 b)
{
	u64 x = a * 0x9e3779b97f4a7c15ull + b;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* Bytes that tell where they belong. */
static void fill(void *buf, size_t len, u64 seed)
{
	u64 *p = buf, v = mix(seed, 7);

	for (size_t i = 0; i < len / 8; i++, v = v * 6364136223846793005ull + 1442695040888963407ull)
		p[i] = v;
}

static bool verify(const char *what, const void *buf, size_t len, u64 seed)
{
	const u64 *p = buf;
	u64 v = mix(seed, 7);

	for (size_t i = 0; i < len / 8; i++, v = v * 6364136223846793005ull + 1442695040888963407ull) {
		if (p[i] == v)
			continue;
		fail(what, p[i], v);
		return false;
	}
	return true;
}

static void *get_memory(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		give_up("mmap");
	return p;
}

/* ---- memory: a piece each step, checked since the last time round, then made anew ---- */

#define PIECE (64u << 10)

static void memory_begin(struct worker *w)
{
	w->mine = get_memory((size_t)opt.mib << 20);
	for (u64 at = 0; at < (u64)opt.mib << 20; at += PIECE)
		fill((u8 *)w->mine + at, PIECE, mix(w->n, at));
}

static void memory_step(struct worker *w)
{
	u64 size = (u64)opt.mib << 20, at = w->gen % (size / PIECE) * PIECE, pass = w->gen / (size / PIECE);
	u8 *p = (u8 *)w->mine + at;

	verify("memory", p, PIECE, mix(w->n + 1000 * pass, at));
	fill(p, PIECE, mix(w->n + 1000 * (pass + 1), at));
	w->gen++;
}

/* Fresh pages from the kernel, which are zero, and go back. */
static void pages_step(struct worker *w)
{
	size_t len = 512u << 10;
	u8 *p = get_memory(len);

	for (size_t i = 0; i < len; i += 4096)
		if (p[i])
			fail("a fresh page", p[i], 0);
	fill(p, len, w->gen);
	verify("fresh pages", p, len, w->gen++);
	munmap(p, len);
}

/* ---- registers ---- */

#ifdef __aarch64__
#define NREGS 64	/* of 64 bits: V0..V31 */
#define EACH(x) \
	x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9) x(10) x(11) x(12) x(13) x(14) x(15) x(16) x(17) \
	x(18) x(19) x(20) x(21) x(22) x(23) x(24) x(25) x(26) x(27) x(28) x(29) x(30) x(31)
#define LOAD(n) "ldr q" #n ", [%0, #16 * " #n "]\n"
#define KEEP(n) "str q" #n ", [%1, #16 * " #n "]\n"
#define CLOBBER(n) "v" #n,

static void hold_fp(const u64 *in, u64 *out, unsigned long spins, u64 *control)
{
	__asm__ volatile(
		"msr fpcr, %3\n" EACH(LOAD)
		"1: subs %2, %2, #1\n b.ne 1b\n"
		EACH(KEEP) "mrs %3, fpcr\n msr fpcr, xzr\n"
		: "+r"(in), "+r"(out), "+r"(spins), "+r"(*control) : : EACH(CLOBBER) "cc", "memory");
}
#define CONTROL_BITS 0x07c00000
#else
#define NREGS 32	/* D0..D31 */
static void hold_fp(const u64 *in, u64 *out, unsigned long spins, u64 *control)
{
	u32 c = (u32)*control;

	__asm__ volatile(
		"vmsr fpscr, %3\n vldmia %0!, {d0-d15}\n vldmia %0, {d16-d31}\n"
		"1: subs %2, %2, #1\n bne 1b\n"
		"vstmia %1!, {d0-d15}\n vstmia %1, {d16-d31}\n vmrs %3, fpscr\n"
		: "+r"(in), "+r"(out), "+r"(spins), "+r"(c)
		: : "d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "d10", "d11", "d12", "d13", "d14",
		  "d15",
		    "d16", "d17", "d18", "d19", "d20", "d21", "d22", "d23", "d24", "d25", "d26", "d27", "d28", "d29",
		    "d30", "d31", "cc", "memory");
	__asm__ volatile("vmsr fpscr, %0" : : "r"(0));
	*control = c;
}
#define CONTROL_BITS 0xf7c0009f	/* with the flags */
#endif

static void fp_step(struct worker *w)
{
	u64 in[NREGS] __attribute__((aligned(16))), out[NREGS] __attribute__((aligned(16)));
	u64 control = mix(w->gen, w->n) & CONTROL_BITS, want = control;

	w->gen++;
	fill(in, sizeof(in), mix(w->gen, w->n));
	hold_fp(in, out, 20000 + w->gen % 50000, &control);
	for (unsigned int i = 0; i < NREGS; i++)
		if (in[i] != out[i])
			fail("FP registers", out[i], in[i]);
	if (control != want)
		fail("FPCR, FPSCR", control, want);
}

/* The same sum each time, through whatever rounding and flags there are. */
static void arithmetic_step(struct worker *w)
{
	static _Atomic u64 first;
	volatile double x = 1, y = 0;
	u64 bits, none = 0, h = 1;

	for (unsigned int i = 1; i < 20000; i++) {
		x = x / 3 + i * 0.7;
		y += x * x - x / i;
		h = mix(h, i);
	}
	x = y;
	memcpy(&bits, (double *)&x, 8);
	bits ^= h;
	if (!atomic_compare_exchange_strong(&first, &none, bits) && none != bits)
		fail("arithmetic", bits, none);
	w->gen++;
}

/* ---- time ---- */

static void clock_step(struct worker *w)
{
	static const clockid_t ids[] = { CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME };
	struct timespec ts, last[ARRAY_SIZE(ids)] = { { 0, 0 } };

	for (unsigned int i = 0; i < 3000; i++) {
		u64 seen = atomic_load(&latest), t = now();

		if (t < seen)
			fail("CLOCK_MONOTONIC, of another thread", t, seen);
		while (seen < t && !atomic_compare_exchange_weak(&latest, &seen, t))
			;
		clock_gettime(ids[i % 3], &ts);
		if (ts.tv_sec < last[i % 3].tv_sec ||
		    (ts.tv_sec == last[i % 3].tv_sec && ts.tv_nsec < last[i % 3].tv_nsec))
			fail("a clock backwards", ts.tv_nsec, last[i % 3].tv_nsec);
		last[i % 3] = ts;
	}
	w->gen++;
}

static void sleep_step(struct worker *w)
{
	u64 ns = 1000000 + mix(w->gen++, w->n) % 20000000, begin = now();
	struct timespec ts = { .tv_nsec = (long)ns };

	nanosleep(&ts, NULL);
	if (now() - begin < ns)
		fail("sleep, ns", now() - begin, ns);
}

#define TICK 4000000ull

static void timerfd_begin(struct worker *w)
{
	struct itimerspec t = { .it_interval.tv_nsec = TICK };
	u64 first;

	w->fd[0] = timerfd_create(CLOCK_MONOTONIC, 0);
	w->begun = now() + 10 * TICK;
	first = w->begun + TICK;
	t.it_value.tv_sec = (time_t)(first / NS);
	t.it_value.tv_nsec = (long)(first % NS);
	if (w->fd[0] < 0 || timerfd_settime(w->fd[0], TFD_TIMER_ABSTIME, &t, NULL))
		give_up("timerfd");
}

/* As many as the clock says, no fewer and no more. */
static void timerfd_step(struct worker *w)
{
	u64 n, before, after;

	before = now();
	if (read(w->fd[0], &n, 8) != 8)
		give_up("timerfd");
	after = now();
	w->gen += n;
	if (w->gen > (after - w->begun) / TICK)
		fail("expirations of a timer", w->gen, (after - w->begun) / TICK);
	if (before > w->begun && w->gen < (before - w->begun) / TICK)
		fail("expirations of a timer, at least", w->gen, (before - w->begun) / TICK);
}

/* ---- counts ---- */

static void count_step(struct worker *w)
{
	for (unsigned int i = 0; i < 2000; i++) {
		atomic_fetch_add(&counted, 1);
		pthread_mutex_lock(&lock);
		locked++;
		pthread_mutex_unlock(&lock);
	}
	w->gen += 2000;
}

/* ---- what goes from one to the other ---- */

static void put_all(const char *what, int fd, const u8 *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n <= 0)
			give_up(what);
		p += n;
		len -= (size_t)n;
	}
}

static void get_all(const char *what, int fd, u8 *p, size_t len)
{
	while (len) {
		ssize_t n = read(fd, p, len);

		if (n <= 0)
			give_up(what);
		p += n;
		len -= (size_t)n;
	}
}

static void *echo_thread(void *arg)
{
	int fd = (int)(intptr_t)arg;
	u8 buf[8192];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		put_all("echo", fd, buf, (size_t)n);
	return NULL;
}

static void spawn(void *(*fn)(void *arg), void *arg)
{
	pthread_t t;

	errno = pthread_create(&t, NULL, fn, arg);
	if (errno)
		give_up("pthread_create");
}

static void socketpair_begin(struct worker *w)
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, w->fd))
		give_up("socketpair");
	spawn(echo_thread, (void *)(intptr_t)w->fd[1]);
}

static void tcp_begin(struct worker *w)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	w->fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (l < 0 || bind(l, (struct sockaddr *)&at, sizeof(at)) || listen(l, 1) ||
	    getsockname(l, (struct sockaddr *)&at, &len) || connect(w->fd[0], (struct sockaddr *)&at, sizeof(at)))
		give_up("TCP over the loopback");
	w->fd[1] = accept(l, NULL, NULL);
	close(l);
	spawn(echo_thread, (void *)(intptr_t)w->fd[1]);
}

/* Less than what the kernel buffers, so that nobody waits for somebody who waits. */
static void stream_step(struct worker *w)
{
	u8 out[4096], in[4096];
	size_t len = 8 + mix(w->gen, 3) % (sizeof(out) - 8) / 8 * 8;

	fill(out, len, mix(w->gen, w->n));
	put_all(w->name, w->fd[0], out, len);
	get_all(w->name, w->fd[0], in, len);
	verify(w->name, in, len, mix(w->gen++, w->n));
}

static void udp_begin(struct worker *w)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	w->fd[0] = socket(AF_INET, SOCK_DGRAM, 0);
	if (w->fd[0] < 0 || bind(w->fd[0], (struct sockaddr *)&at, sizeof(at)) ||
	    getsockname(w->fd[0], (struct sockaddr *)&at, &len) ||
	    connect(w->fd[0], (struct sockaddr *)&at, sizeof(at)))
		give_up("UDP over the loopback");
}

/* To itself. */
static void udp_step(struct worker *w)
{
	u8 out[1400], in[1500];
	ssize_t n;

	fill(out, sizeof(out), w->gen);
	if (write(w->fd[0], out, sizeof(out)) != sizeof(out))
		give_up("UDP");
	n = read(w->fd[0], in, sizeof(in));
	if (n != sizeof(out))
		fail("UDP, bytes", (u64)n, sizeof(out));
	else
		verify("UDP", in, sizeof(out), w->gen);
	w->gen++;
}

/*
 * ---- the host, through the machine's network card ----
 *
 * The user network does not move along: connections end, and what is under way is lost.  So all is
 * tried again until it is answered; but what comes must be right.
 */

#define ANSWER_S 3	/* how long an answer may take before it counts as lost */

/* Connected to the echo, or not yet (-1). */
static int host_socket(int type)
{
	struct timeval limit = { .tv_sec = ANSWER_S };
	int fd = socket(AF_INET, type, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)))
		give_up("a socket");
	if (!connect(fd, (struct sockaddr *)&opt.echo, sizeof(opt.echo)))
		return fd;
	close(fd);
	return -1;
}

/* How much of @out came back; less than @len when the connection broke. */
static size_t exchange(int fd, const u8 *out, u8 *in, size_t len)
{
	size_t sent = 0, got = 0;
	ssize_t n;

	for (; sent < len; sent += (size_t)n) {
		n = write(fd, out + sent, len - sent);
		if (n <= 0)
			return 0;
	}
	for (; got < len; got += (size_t)n) {
		n = read(fd, in + got, len - got);
		if (n <= 0)
			break;
	}
	return got;
}

static void host_tcp_begin(struct worker *w)
{
	w->fd[0] = -1;
}

static void host_tcp_step(struct worker *w)
{
	u8 out[4096], in[4096];
	size_t len = 8 + mix(w->gen, 5) % (sizeof(out) - 8) / 8 * 8, got = 0;

	fill(out, len, mix(w->gen, w->n));
	while (got < len) {
		if (w->fd[0] < 0)
			w->fd[0] = host_socket(SOCK_STREAM);
		if (w->fd[0] < 0) {
			usleep(100000);
			continue;
		}
		got = exchange(w->fd[0], out, in, len);
		verify(w->name, in, got, mix(w->gen, w->n));
		if (got == len && w->begun++ == 0)
			puts("network: answers");
		if (got < len) {
			w->begun = 0;
			close(w->fd[0]);
			w->fd[0] = -1;
		}
	}
	w->gen++;
}

static void host_udp_begin(struct worker *w)
{
	w->fd[0] = host_socket(SOCK_DGRAM);
	if (w->fd[0] < 0)
		give_up("UDP to the host");
}

/* An answer to what was sent again may come twice, and late: each says which it is. */
static void host_udp_step(struct worker *w)
{
	u64 out[150], in[151];
	bool again = true;
	ssize_t n;

	out[0] = w->gen;
	fill(out + 1, sizeof(out) - 8, w->gen);
	do {
		if (again && write(w->fd[0], out, sizeof(out)) != sizeof(out))
			usleep(100000);
		n = read(w->fd[0], in, sizeof(in));
		again = n != sizeof(out) || in[0] > w->gen;
		if (!again)
			verify(w->name, in + 1, sizeof(out) - 8, in[0]);
		else if (n >= 0)
			fail("UDP to the host, bytes and number", (u64)n, in[0]);
	} while (again || in[0] != w->gen);
	w->gen++;
}

/* ---- a disk: blocks at random places, past the page cache ---- */

#define DISK_BLOCKS 2048u

static void disk_begin(struct worker *w)
{
	w->fd[0] = open(opt.disk, O_RDWR | O_CREAT | O_DIRECT, 0600);
	if (w->fd[0] < 0)
		give_up(opt.disk);
	w->mine = get_memory(DISK_BLOCKS * sizeof(u32) + 2 * BLOCK);
}

static void disk_step(struct worker *w)
{
	u8 *buf = w->mine;
	u32 *gens = (u32 *)(buf + 2 * BLOCK);
	u64 n = mix(w->gen++, 11) % DISK_BLOCKS;
	off_t at = (off_t)n * BLOCK;

	if (gens[n]) {
		if (pread(w->fd[0], buf, BLOCK, at) != BLOCK)
			give_up("reading the disk");
		verify("disk", buf, BLOCK, mix(n, gens[n]));
	}
	fill(buf, BLOCK, mix(n, ++gens[n]));
	if (pwrite(w->fd[0], buf, BLOCK, at) != BLOCK || (w->gen % 64 == 0 && fdatasync(w->fd[0])))
		give_up("writing the disk");
}

/* ---- all of them ---- */

static struct worker workers[MAX_WORKERS] = {
	{ "memory", memory_step, memory_begin, .n = 1 }, { "memory", memory_step, memory_begin, .n = 2 },
	{ "pages", pages_step, NULL, .n = 0 },
	{ "FP", fp_step, NULL, .n = 1 }, { "FP", fp_step, NULL, .n = 2 }, { "FP", fp_step, NULL, .n = 3 },
	{ "arithmetic", arithmetic_step, NULL, .n = 0 },
	{ "clocks", clock_step, NULL, .n = 1 }, { "clocks", clock_step, NULL, .n = 2 },
	{ "sleep", sleep_step, NULL, .n = 1 }, { "timerfd", timerfd_step, timerfd_begin, .n = 0 },
	{ "counts", count_step, NULL, .n = 1 }, { "counts", count_step, NULL, .n = 2 },
	{ "socket pair", stream_step, socketpair_begin, .n = 1 },
	{ "TCP", stream_step, tcp_begin, .n = 2 },
	{ "UDP", udp_step, udp_begin, .n = 3 },
};

static unsigned int nworkers;

static void *work(void *arg)
{
	struct worker *w = arg;

	if (w->begin)
		w->begin(w);
	for (;;) {
		w->step(w);
		atomic_fetch_add(&w->steps, 1);
		sched_yield();
	}
	return NULL;
}

static void add_worker(const char *name, void (*step)(struct worker *w), void (*begin)(struct worker *w))
{
	struct worker *w = &workers[nworkers++];

	w->name = name;
	w->step = step;
	w->begin = begin;
	w->n = nworkers;
}

/* Sums that lag by what is on its way only. */
static void check_counts(void)
{
	u64 a = 0, l;

	pthread_mutex_lock(&lock);
	l = locked;
	a = atomic_load(&counted);
	pthread_mutex_unlock(&lock);
	if (a < l || a > l + 2)
		fail("counts: atomics against a mutex", a, l);
}

static void check_progress(void)
{
	static struct {
		unsigned long steps;
		u64 at;
	} seen[MAX_WORKERS];
	u64 t = now();

	for (unsigned int i = 0; i < nworkers; i++) {
		unsigned long steps = atomic_load(&workers[i].steps);

		if (steps != seen[i].steps || !seen[i].at) {
			seen[i].steps = steps;
			seen[i].at = t;
		} else if (t - seen[i].at > opt.patience * NS) {
			printf("FAIL %s got stuck want progress\n", workers[i].name);
			exit(1);
		}
	}
}

static int parse(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		const char *v = argv[i + 1];
		char *colon;

		if (!strcmp(argv[i], "--rounds")) {
			opt.rounds = strtoul(v, NULL, 10);
		} else if (!strcmp(argv[i], "--memory")) {
			opt.mib = (unsigned int)strtoul(v, NULL, 10);
		} else if (!strcmp(argv[i], "--patience")) {
			opt.patience = (unsigned int)strtoul(v, NULL, 10);
		} else if (!strcmp(argv[i], "--disk")) {
			opt.disk = v;
		} else if (!strcmp(argv[i], "--echo") && (colon = strchr(argv[i + 1], ':'))) {
			*colon = 0;
			opt.echo.sin_family = AF_INET;
			opt.echo.sin_port = htons((uint16_t)atoi(colon + 1));
			if (!inet_aton(v, &opt.echo.sin_addr))
				return -1;
		} else {
			return -1;
		}
	}
	return argc % 2 && opt.mib ? 0 : -1;
}

int main(int argc, char **argv)
{
	if (parse(argc, argv)) {
		fputs("selfcheck: see its first lines for the options\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	while (workers[nworkers].step)
		nworkers++;
	if (opt.disk)
		add_worker("disk", disk_step, disk_begin);
	if (opt.echo.sin_port) {
		add_worker("TCP to the host", host_tcp_step, host_tcp_begin);
		add_worker("UDP to the host", host_udp_step, host_udp_begin);
	}
	for (unsigned int i = 0; i < nworkers; i++)
		spawn(work, &workers[i]);
	printf("selfcheck: %u threads\n", nworkers);
	for (u64 round = 1; !opt.rounds || round <= opt.rounds; round++) {
		sleep(1);
		check_counts();
		check_progress();
		printf("round %" PRIu64 " %s at %" PRIu64 "\n", round, atomic_load(&failures) ? "bad" : "ok",
		       now() / 1000000);
	}
	printf("selfcheck: %" PRIu64 " rounds, %u failed\n", opt.rounds, atomic_load(&failures));
	return atomic_load(&failures) != 0;
}
