// SPDX-License-Identifier: GPL-2.0-only
/*
 * What test_programs32.py builds for ARM and Thumb state and for this host,
 * and runs in both places: the output must be the same.  Only types of fixed
 * size, no undefined behaviour, no fused multiply-add.
 */
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t state = 88172645463325252ull;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* In place of printing millions of values. */
static uint64_t digest(uint64_t h, uint64_t v)
{
	for (int i = 0; i < 8; i++, v >>= 8)
		h = (h ^ (v & 0xff)) * 1099511628211ull;
	return h;
}

static void integers(void)
{
	uint64_t h = 0;

	for (int i = 0; i < 200000; i++) {
		uint64_t a = rnd(), b = rnd() >> (rnd() & 63) | 1;
		uint32_t x = (uint32_t)a, y = (uint32_t)b | 1;
		int32_t sx = (int32_t)(x >> 1), sy = (int32_t)(y >> 1 | 1);

		h = digest(h, a / b);
		h = digest(h, a % b);
		h = digest(h, a * b);
		h = digest(h, x / y);
		h = digest(h, x % y);
		h = digest(h, (uint64_t)x * y);
		h = digest(h, (uint64_t)((int64_t)-sx * sy));
		h = digest(h, (uint32_t)(-sx / sy));
		h = digest(h, (uint32_t)(-sx % sy));
		h = digest(h, a >> (b & 63) ^ a << (b & 63));
		h = digest(h, x >> (y & 31) | x << (-y & 31));
		h = digest(h, (uint64_t)((int64_t)a >> (b & 63)));
		h = digest(h, (uint64_t)__builtin_clzll(b) << 16 | (unsigned int)__builtin_ctz(y));
		h = digest(h, __builtin_bswap32(x) ^ (uint64_t)__builtin_bswap64(a));
		h = digest(h, (uint64_t)(a > b) << 2 | (uint64_t)((int64_t)a > (int64_t)b) << 1 | (x > y));
	}
	printf("integers %016" PRIx64 "\n", h);
}

static uint64_t bits_of(double d)
{
	uint64_t v;

	if (d != d)
		return 0x7ff8000000000000ull;
	memcpy(&v, &d, sizeof(v));
	return v;
}

static void floats(void)
{
	uint64_t h = 0;
	float f = 1;

	for (int i = 0; i < 200000; i++) {
		double a = (double)(int64_t)rnd() / 1048576.0, b = (double)(int32_t)rnd() / 3.0;

		h = digest(h, bits_of(a + b));
		h = digest(h, bits_of(a - b));
		h = digest(h, bits_of(a * b));
		h = digest(h, bits_of(b != 0 ? a / b : 0));
		h = digest(h, bits_of(sqrt(fabs(a))));
		h = digest(h, bits_of(floor(b) + ceil(a) + trunc(b)));
		h = digest(h, (uint64_t)(int64_t)b ^ (uint32_t)(int32_t)(b / 2));
		f = f * 1.0001f + (float)b / 65536.0f;
		if (f > 1e6f || f < -1e6f)
			f = 1;
		h = digest(h, bits_of(f));
		h = digest(h, (uint64_t)(a < b) << 1 | (a == b));
	}
	printf("floats %016" PRIx64 "\n", h);
	printf("printed %.17g %.9g %a %g\n", 1.0 / 3.0, (double)(1.0f / 3.0f), 0.1, 5e-324);
}

/* Loops that the compiler makes vectors of. */
static void vectors(void)
{
	static int32_t a[4096], b[4096];
	static uint8_t p[4096], q[4096];
	static float x[4096], y[4096];
	uint64_t h = 0;

	for (int i = 0; i < 4096; i++) {
		a[i] = (int32_t)(rnd() >> 40);
		b[i] = (int32_t)(rnd() >> 44);
		p[i] = (uint8_t)rnd();
		q[i] = (uint8_t)rnd();
		x[i] = (float)a[i] / 8;
		y[i] = (float)b[i] / 4;
	}
	for (int turn = 0; turn < 20; turn++) {
		for (int i = 0; i < 4096; i++)
			a[i] = (a[i] + (b[i] << 2) - (a[i] >> 3)) & 0xffffff;
		for (int i = 0; i < 4096; i++)
			p[i] = p[i] > q[i] ? (uint8_t)(p[i] - q[i]) : (uint8_t)((p[i] + q[i] + 1) / 2);
		for (int i = 0; i < 4096; i++)
			x[i] = x[i] * 0.5f + (y[i] > x[i] ? y[i] : x[i]);
	}
	for (int i = 0; i < 4096; i++)
		h = digest(digest(digest(h, (uint32_t)a[i]), p[i]), bits_of(x[i]));
	printf("vectors %016" PRIx64 "\n", h);
}

static int by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void memory(void)
{
	static uint32_t list[50000];
	static char text[70000], copy[70000];
	uint64_t h = 0;
	size_t n = 0;

	for (int i = 0; i < 50000; i++)
		list[i] = (uint32_t)rnd();
	qsort(list, 50000, sizeof(list[0]), by_value);
	for (int i = 0; i < 50000; i++)
		h = digest(h, list[i]);
	for (int i = 0; i < 5000; i++)
		n += (size_t)sprintf(text + n, "%d:%x;", i, (unsigned int)(rnd() & 0xffff));
	for (unsigned int from = 0; from < 17; from++)
		for (unsigned int to = 0; to < 17; to++) {
			memset(copy, 0x55, 600);
			memcpy(copy + to, text + from, 500 + from);
			memmove(copy + from, copy + to, 400);
			for (int i = 0; i < 600; i++)
				h = digest(h, (uint8_t)copy[i]);
		}
	for (char *s = text; (s = strchr(s, ';')) && s[1]; s++)
		h = digest(h, strtoul(s + 1, NULL, 10));
	/* Unaligned words, as memcpy() is made of them. */
	for (size_t i = 0; i + 8 < n; i += 3) {
		uint64_t v;

		memcpy(&v, text + i, sizeof(v));
		h = digest(h, v);
	}
	printf("memory %016" PRIx64 " %zu\n", h, n);
}

static jmp_buf back;

static int deep(int n, double d)
{
	if (n == 0 && d > 50)
		longjmp(back, (int)d);
	return n < 0 ? 0 : deep(n - 1, d + 1) + n;
}

static uint32_t ops(uint32_t x, unsigned int n)
{
	switch (n % 9) {
	case 0: return x + 17;
	case 1: return x * 31;
	case 2: return x ^ x >> 7;
	case 3: return ~x;
	case 4: return x << 3 | x >> 29;
	case 5: return x - n;
	case 6: return (uint32_t)(int16_t)x;
	case 7: return (uint8_t)x * 257u;
	default: return x & 0xfffff0ff;
	}
}

static void control(void)
{
	uint32_t (*volatile call)(uint32_t, unsigned int) = ops;
	volatile int got = setjmp(back);
	uint32_t x = 1;

	if (!got)
		printf("unreachable %d\n", deep(100, 0.5));
	for (unsigned int i = 0; i < 500000; i++)
		x = call(x, i) + i;
	printf("control %d %08" PRIx32 "\n", got, x);
}

#define THREADS 4
#define ROUNDS 50000

static uint8_t count8;
static uint16_t count16;
static uint32_t count32, limit32;
static uint64_t count64, sum64;
static double guarded;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;

/* Exclusives of every size, a lock and a barrier. */
static void *adder(void *arg)
{
	uint32_t me = *(uint32_t *)arg;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint64_t old = __atomic_load_n(&sum64, __ATOMIC_RELAXED);

		__atomic_fetch_add(&count8, me + 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&count16, 3 * me, __ATOMIC_ACQ_REL);
		__atomic_fetch_xor(&count32, i * (me + 1), __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&count64, (uint64_t)i << 20 | me, __ATOMIC_SEQ_CST);
		while (!__atomic_compare_exchange_n(&sum64, &old, old + (old >> 63) + 0x123456789abull, 1,
						    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			;
		if (i % 64 == 0) {
			pthread_mutex_lock(&lock);
			guarded += me + 0.5;
			pthread_mutex_unlock(&lock);
		}
		if (i % 5000 == 0 && pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			limit32++;
	}
	return NULL;
}

static void threads(void)
{
	pthread_t thread[THREADS];
	uint32_t number[THREADS];

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (uint32_t i = 0; i < THREADS; i++) {
		number[i] = i;
		if (pthread_create(&thread[i], NULL, adder, &number[i]))
			abort();
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	printf("threads %u %u %" PRIu32 " %" PRIu64 " %016" PRIx64 " %.1f %" PRIu32 "\n", count8, count16, count32,
	       count64, sum64, guarded, limit32);
}

static volatile sig_atomic_t ticks;
static sigjmp_buf resume;

static void on_tick(int sig)
{
	volatile double d = sig;

	for (int i = 0; i < 20; i++)
		d = d * 1.5 + 1;
	ticks += d > 0;
}

static void on_fault(int sig)
{
	siglongjmp(resume, sig);
}

static uint64_t mix(uint64_t h)
{
	double d = 1;

	for (uint32_t i = 0; i < 100000; i++) {
		d = d * 1.0000001 + (double)(h >> 40) * 0x1p-30;
		h = h * 6364136223846793005ull + (h > (uint64_t)i << 32) + bits_of(d);
	}
	return h;
}

/* A computation in integer and floating-point registers that signals interrupt; signals that faults raise. */
static void signals(void)
{
	const struct itimerval every = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t calm = mix(1), h = calm;
	volatile int segv, ill;

	signal(SIGALRM, on_tick);
	signal(SIGSEGV, on_fault);
	signal(SIGILL, on_fault);
	setitimer(ITIMER_REAL, &every, NULL);
	for (int i = 0; i < 20 || ticks < 50; i++)
		h |= mix(1) ^ calm;
	setitimer(ITIMER_REAL, &never, NULL);
	segv = sigsetjmp(resume, 1);
	if (!segv)
		*(volatile char *)page = 1;
	ill = sigsetjmp(resume, 1);
	if (!ill)
		__builtin_trap();
	printf("signals %016" PRIx64 " %d %d\n", h, segv == SIGSEGV, ill == SIGILL);
}

static void processes(void)
{
	uint64_t h = 0;

	for (int i = 0; i < 40; i++) {
		uint64_t got = 0;
		int end[2], status;
		pid_t child;

		if (pipe(end))
			abort();
		child = fork();
		if (!child) {
			uint64_t v = mix((uint64_t)i);

			_exit(write(end[1], &v, sizeof(v)) == sizeof(v) ? i : 99);
		}
		if (read(end[0], &got, sizeof(got)) != sizeof(got) || waitpid(child, &status, 0) != child)
			abort();
		h = digest(h, got) + (uint64_t)WEXITSTATUS(status);
		close(end[0]);
		close(end[1]);
	}
	printf("processes %016" PRIx64 "\n", h);
}

#ifdef __arm__
#define ARM __attribute__((target("arm"), noinline, noclone))
#define THUMB __attribute__((target("thumb"), noinline, noclone))
#else
#define ARM __attribute__((noinline))
#define THUMB __attribute__((noinline))
#endif

THUMB static uint32_t in_thumb(uint32_t x, unsigned int n);

/* The two states call each other, directly and through pointers. */
ARM static uint32_t in_arm(uint32_t x, unsigned int n)
{
	return n ? in_thumb(x * 5 + n, n - 1) + 1 : x;
}

THUMB static uint32_t in_thumb(uint32_t x, unsigned int n)
{
	return n ? (x & 1 ? in_arm : in_thumb)(x ^ x >> 3, n - 1) * 3 : ~x;
}

static uint32_t call_generated(void *memory, uint16_t k, int thumb)
{
#ifdef __arm__
	const uint16_t t[] = { (uint16_t)(0x2000 | (k & 0xff)), 0x4770 }; /* MOVS r0, #k; BX lr */
	const uint32_t a[] = { 0xe3000000u | (k & 0xf000u) << 4 | (k & 0xfffu), 0xe12fff1eu }; /* MOVW; BX lr */

	memcpy(memory, thumb ? (const void *)t : a, thumb ? sizeof(t) : sizeof(a));
	__builtin___clear_cache((char *)memory, (char *)memory + 8);
	return ((uint32_t(*)(void))((uintptr_t)memory | (unsigned int)thumb))();
#else
	(void)memory;
	return thumb ? k & 0xff : k;
#endif
}

static void states(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t (*volatile call[])(uint32_t, unsigned int) = { in_arm, in_thumb };
	uint64_t h = 0;

	for (unsigned int i = 0; i < 20000; i++)
		h = digest(h, call[i & 1](i, i % 23));
	for (unsigned int i = 0; i < 3000; i++)
		h = digest(h, call_generated(memory, (uint16_t)(i * 40503), i % 3 == 0));
	printf("states %016" PRIx64 "\n", h);
}

int main(void)
{
	integers();
	floats();
	vectors();
	memory();
	control();
	fflush(stdout);
	threads();
	signals();
	fflush(stdout);
	processes();
	states();
	return 0;
}
