/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * On a host with /dev/kvm: guests (guest/move.c) whose VM is taken away and replaced by another while they
 * run, by what struct accel_ops gives of it.  kvm_move IMAGE SYMBOLS [TEST...]; the guests' image, and a
 * line "name address" for each of its functions.  A line for each test, and status 0 if all passed.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "arm/psci.h"
#include "tests/hyp/move.h"
#include "vmm/accel/kvm_int.h"
#include "vmm/accel/kvm_regs.h"

#define CPUS 2
#define IRQS 96
#define DEADLINE_S 300
#define MAX_IDS 512

struct world {
	const struct accel_host *host;
	struct accel *a;
	u8 *ram;
	struct runner {
		struct world *w;
		unsigned int cpu;
		pthread_t thread;
		bool started;
	} runner[CPUS];
	bool idle_other;	/* CPU 1's thread starts with the first move */
	bool between_beats;	/* a stop comes in the middle of an LDM or STM */
	/* Under lock. */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool wanted, done, failed;
	u32 answer;		/* of guest_ask() */
	u32 dirty_round;
	u32 value, port_a, port_b;
	u32 fifo_read, fifo_written;
	bool line[IRQS], until_move[IRQS];
};

static const char *symbols;
static const char *image;
static size_t image_size;

static u32 symbol(const char *name)
{
	char line[80];
	const char *at;

	snprintf(line, sizeof(line), "\n%s ", name);
	at = strstr(symbols, line);
	if (!at) {
		printf("kvm_move: no guest %s\n", name);
		exit(1);
	}
	return (u32)strtoul(at + strlen(line), NULL, 16);
}

static void wake(struct world *w, bool *flag)
{
	*flag = true;
	pthread_cond_signal(&w->cond);
}

static void set_line(struct world *w, unsigned int irq, bool level)
{
	if (irq < 32 || irq >= IRQS)
		return;
	w->line[irq] = level;
	w->a->ops->set_spi(w->a, irq - 32, level);
}

static void synced(struct world *w, u32 val)
{
	unsigned int n = val & 0xfff;

	if (n >= IRQS)
		return;
	w->until_move[n] = (val & ~0xfffu) == MOVE_RAISE_UNTIL;
	switch (val & ~0xfffu) {
	case 0:
		wake(w, &w->wanted);
		break;
	case MOVE_RAISE:
	case MOVE_RAISE_UNTIL:
		set_line(w, n, true);
		break;
	case MOVE_LOWER:
		set_line(w, n, false);
		break;
	case MOVE_PULSE:
		set_line(w, n, true);
		set_line(w, n, false);
		break;
	case MOVE_DIRTY:
		w->dirty_round = n;
		pthread_cond_signal(&w->cond);
		break;
	}
}

/* Beat @n of many: the VM is to stop before the next one. */
static void stop_here(struct world *w, u32 n)
{
	if (!w->between_beats || n % 29 > 3 || n % 4 == 3)
		return;
	w->a->ops->stop(w->a);
	wake(w, &w->wanted);
}

static enum arm_result on_read(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 *val)
{
	struct world *w = opaque;
	enum arm_result res = ARM_HANDLED;

	(void)cpu;
	pthread_mutex_lock(&w->lock);
	if (ipa == PORT_SYNC && size == 4) {
		*val = w->answer;
	} else if (ipa - MOVE_FIFO < 16 && size == 4) {
		*val = w->fifo_read++;
		stop_here(w, (u32)*val);
	} else {
		res = ARM_NOT_MINE;
	}
	pthread_mutex_unlock(&w->lock);
	return res;
}

static void fail(struct world *w, const char *what, u32 a, u32 b)
{
	if (!w->failed)
		printf("kvm_move: %s: %d, %#x, %#x\n", what, (int)a, w->port_a, b);
	w->failed = true;
	wake(w, &w->done);
}

static enum arm_result on_write(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 val)
{
	struct world *w = opaque;

	(void)cpu;
	(void)size;
	pthread_mutex_lock(&w->lock);
	switch (ipa) {
	case PORT_SYNC:
		synced(w, (u32)val);
		break;
	case PORT_EXIT:
		if (!w->done)
			w->value = (u32)val;
		wake(w, &w->done);
		break;
	case PORT_FAIL:
		fail(w, "the guest's check failed in line", (u32)val, w->port_b);
		break;
	case PORT_A:
		w->port_a = (u32)val;
		break;
	case PORT_B:
		w->port_b = (u32)val;
		break;
	default:
		if (ipa - MOVE_FIFO >= 16 || val != w->fifo_written)
			fail(w, "a wrong beat, for number", w->fifo_written, (u32)val);
		w->fifo_written++;
		stop_here(w, (u32)val);
	}
	pthread_mutex_unlock(&w->lock);
	return ARM_HANDLED;
}

static void on_event(void *opaque, unsigned int cpu, enum accel_event event)
{
	struct world *w = opaque;

	(void)cpu;
	pthread_mutex_lock(&w->lock);
	fail(w, "an event", event, 0);
	pthread_mutex_unlock(&w->lock);
}

static const struct accel_host_ops host_ops = {
	.mmio_read = on_read,
	.mmio_write = on_write,
	.event = on_event,
};

static bool create(struct world *w, const struct arm_cpu_model *model)
{
	const struct accel_config cfg = {
		.engine = ACCEL_KVM, .model = model ? model : &w->host->model, .identity_forced = model != NULL,
		.cpus = CPUS, .aarch32 = true, .gic = { 2, IRQS, GUEST_GICD, GUEST_GICC, 0 },
		.ops = &host_ops, .opaque = w,
	};
	char *err = NULL;

	if (!accel_kvm_create(&cfg, &w->a, &err) &&
	    !w->a->ops->map_ram(w->a, GUEST_RAM, GUEST_RAM_SIZE, w->ram, false) && !w->a->ops->reset(w->a))
		return true;
	printf("kvm_move: no VM: %s\n", err ? err : "");
	return false;
}

/* ---- vCPU threads ---- */

static void *run(void *opaque)
{
	struct runner *r = opaque;
	int ret = r->w->a->ops->run(r->w->a, r->cpu);

	if (ret) {
		pthread_mutex_lock(&r->w->lock);
		fail(r->w, "run() failed", (u32)ret, r->cpu);
		pthread_mutex_unlock(&r->w->lock);
	}
	return NULL;
}

static void start(struct world *w)
{
	for (unsigned int i = 0; i < CPUS; i++) {
		struct runner *r = &w->runner[i];

		r->w = w;
		r->cpu = i;
		r->started = (i == 0 || !w->idle_other) && !pthread_create(&r->thread, NULL, run, r);
	}
}

static void stop(struct world *w)
{
	w->a->ops->stop(w->a);
	for (unsigned int i = 0; i < CPUS; i++)
		if (w->runner[i].started)
			pthread_join(w->runner[i].thread, NULL);
}

/* ---- A move ---- */

struct saved {
	struct arm_state state[CPUS];
	bool off[CPUS];
	struct gicv2 gic;
	u64 count;
	u32 hz;
};

static int save(struct accel *a, struct saved *s)
{
	int ret = 0;

	for (unsigned int i = 0; i < CPUS && !ret; i++) {
		const struct arm_state *state = a->ops->state(a, i);

		if (!state)
			return -EIO;
		s->state[i] = *state;
		ret = a->ops->get_off(a, i, &s->off[i]);
	}
	ret = ret ? ret : a->ops->get_count(a, &s->count, &s->hz);
	return ret ? ret : a->ops->get_gic(a, &s->gic);
}

static int load(struct accel *a, const struct saved *s)
{
	int ret = a->ops->set_gic(a, &s->gic);

	ret = ret ? ret : a->ops->set_count(a, s->count);
	for (unsigned int i = 0; i < CPUS && !ret; i++) {
		struct arm_state *state = a->ops->state(a, i);

		if (!state)
			return -EIO;
		*state = s->state[i];
		ret = a->ops->set_off(a, i, s->off[i]);
	}
	return ret;
}

static int differ(const char *what, unsigned int n, u64 sent, u64 got)
{
	if (sent == got)
		return 0;
	printf("kvm_move: %s %u: sent %016llx, got %016llx\n", what, n, (unsigned long long)sent,
	       (unsigned long long)got);
	return 1;
}

static int compare(const struct arm_state *a, const struct arm_state *b)
{
	int bad = differ("pc", 0, a->pc, b->pc) + differ("psr", 0, arm_state_psr(a), arm_state_psr(b)) +
		  differ("fpcr", 0, a->fpcr, b->fpcr) + differ("fpsr", 0, a->fpsr, b->fpsr);

	for (unsigned int i = 0; i < 31; i++)
		bad += differ("x", i, a->x[i], b->x[i]);
	for (unsigned int i = 0; i < 16; i++)
		bad += differ("v", i, a->v[i].d[0], b->v[i].d[0]) + differ("v high", i, a->v[i].d[1], b->v[i].d[1]);
	for (unsigned int i = 0; i < ARM_SYSREG_SLOTS; i++)
		bad += differ(arm_sysreg_slot_name(i), i, a->sys[i], b->sys[i]);
	return bad;
}

/* What was loaded is there to the last bit: it goes to the kernel and comes back. */
static bool look_again(struct accel *a, const struct saved *s)
{
	struct kvm_vm *vm = kvm_vm_of(a);
	static struct saved now;
	int bad = 0;

	for (unsigned int i = 0; i < CPUS; i++)
		bad += a->ops->put_state(a, i) || kvm_state_load(vm, &vm->cpus[i]);
	if (bad || save(a, &now))
		return 1;
	for (unsigned int i = 0; i < CPUS; i++)
		bad += compare(&s->state[i], &now.state[i]) + differ("off", i, s->off[i], now.off[i]);
	if (memcmp(&s->gic, &now.gic, sizeof(now.gic)))
		bad += printf("kvm_move: the GIC is another\n");
	bad += differ("hz", 0, s->hz, now.hz);
	return bad + differ("count", 0, s->count, now.count);
}

/* vCPUs are stopped; devices put their lines as they are. */
static bool move(struct world *w, bool slowly)
{
	static struct saved s;
	int ret = save(w->a, &s);

	if (ret)
		return printf("kvm_move: saving: %s\n", strerror(-ret)) < 0;
	w->a->ops->free(w->a);
	w->a = NULL;
	if (slowly)
		sleep(MOVE_SECONDS);
	if (!create(w, NULL))
		return false;
	ret = load(w->a, &s);
	if (ret)
		return printf("kvm_move: loading: %s\n", strerror(-ret)) < 0;
	if (look_again(w->a, &s))
		return false;
	for (unsigned int i = 32; i < IRQS; i++)
		if (w->line[i])
			set_line(w, i, !w->until_move[i]);
	w->idle_other = false;
	return true;
}

/* ---- The tests ---- */

static bool begin(struct world *w, const char *guest, u32 arg)
{
	struct arm_state *s;

	memset(w->ram, 0, GUEST_RAM_SIZE);
	memcpy(w->ram, image, image_size);
	if (!create(w, NULL))
		return false;
	s = w->a->ops->state(w->a, 0);
	if (!s)
		return false;
	s->x[0] = symbol(guest);
	s->x[1] = arg;
	s->x[2] = 0;
	s->pc = GUEST_RAM;
	arm_state_set_psr(s, 0x1d3);
	return true;
}

/* Until the guest ends, or asks for a move, or @ms have passed (0: never); true: a move is due. */
static bool wait_for_guest(struct world *w, unsigned int ms)
{
	struct timespec t;
	bool due;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += ms ? ms / 1000 : DEADLINE_S;
	t.tv_nsec += ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_nsec -= 1000000000L;
		t.tv_sec++;
	}
	pthread_mutex_lock(&w->lock);
	while (!w->done && !w->wanted && ret != ETIMEDOUT)
		ret = pthread_cond_timedwait(&w->cond, &w->lock, &t);
	due = !w->done;
	if (due && ret && !ms)
		fail(w, "the guest is stuck", 0, 0);
	pthread_mutex_unlock(&w->lock);
	return due && !w->done;
}

struct test {
	const char *name, *guest;
	bool (*fn)(struct world *w, const struct test *t);
	u32 arg, value;		/* value: what the guest ends with; 0: anything else */
	unsigned int every_ms;	/* a move at random, this often on the average; 0: when asked for */
	bool slowly, idle_other, between_beats;
};

/* For whoever has to find out why it failed. */
static void show(struct world *w)
{
	static struct saved s;

	if (save(w->a, &s))
		return;
	for (unsigned int i = 0; i < CPUS; i++) {
		const struct arm_state *st = &s.state[i];
		const struct gicv2_word *g = &s.gic.priv[i];

		printf("kvm_move: CPU %u%s: pc %08x psr %08x; SPSR und %08x svc %08x irq %08x; x", i,
		       s.off[i] ? " (off)" : "", (u32)st->pc, arm_state_psr(st), (u32)st->sys[ARM_SLOT_SPSR_UND],
		       (u32)st->sys[ARM_SLOT_SPSR_EL1], (u32)st->sys[ARM_SLOT_SPSR_IRQ]);
		for (unsigned int k = 0; k < 24; k++)
			printf(" %x", (u32)st->x[k]);
		printf("\nkvm_move: GIC ctlr %x pmr %x apr %x; private enabled %x latch %x active %x\n",
		       s.gic.cpu[i].ctlr, s.gic.cpu[i].pmr, s.gic.cpu[i].apr, g->enabled, g->latch, g->active);
	}
	for (unsigned int n = 1; n < IRQS / 32; n++)
		printf("kvm_move: GIC word %u: enabled %x latch %x active %x edge %x\n", n, s.gic.spi[n].enabled,
		       s.gic.spi[n].latch, s.gic.spi[n].active, s.gic.spi[n].edge);
}

static unsigned int some_time(const struct test *t)
{
	return t->every_ms ? 1 + (unsigned int)random() % (2 * t->every_ms) : 0;
}

static bool test_moves(struct world *w, const struct test *t)
{
	unsigned int moves = 0;
	time_t began = time(NULL);

	w->idle_other = t->idle_other;
	w->between_beats = t->between_beats;
	if (!begin(w, t->guest, t->arg))
		return false;
	start(w);
	/* Moves are no sign of life. */
	while (time(NULL) - began < DEADLINE_S && wait_for_guest(w, some_time(t))) {
		stop(w);
		if (!move(w, t->slowly))
			return false;
		moves++;
		pthread_mutex_lock(&w->lock);
		w->wanted = false;
		w->answer++;
		pthread_mutex_unlock(&w->lock);
		start(w);
	}
	stop(w);
	if (!w->done)
		fail(w, "the guest is stuck", 0, moves);
	if (w->failed)
		show(w);
	printf("kvm_move: %s: %u moves, value %u, %u\n", t->name, moves, w->value, w->port_a);
	return moves && (t->value ? w->value == t->value : w->value != 0);
}

/* The pages from GUEST_FREE on: those of @round and no others (@round 0: none). */
static bool pages_are(struct world *w, u32 stride, u32 round)
{
	const u32 pages = GUEST_RAM_SIZE / 4096, first = (GUEST_FREE - GUEST_RAM) / 4096;
	u64 *bits = calloc(pages / 64, sizeof(*bits)), *want = calloc(pages / 64, sizeof(*want));
	int ret = w->a->ops->dirty_get(w->a, GUEST_RAM, GUEST_RAM_SIZE, bits);
	bool ok = !ret;

	if (ret)
		printf("kvm_move: dirty_get: %s\n", strerror(-ret));
	for (u32 i = 0; i < MOVE_DIRTY_PAGES && round; i++) {
		u32 n = first + stride * i + round;

		want[n / 64] |= 1ULL << n % 64;
	}
	for (u32 n = first; n < pages && ok; n++) {
		ok = (bits[n / 64] >> n % 64 & 1) == (want[n / 64] >> n % 64 & 1);
		if (!ok)
			printf("kvm_move: round %u: page %u is %swritten\n", round, n,
			       bits[n / 64] >> n % 64 & 1 ? "" : "not ");
	}
	free(bits);
	free(want);
	return ok;
}

static bool wait_round(struct world *w, u32 round)
{
	struct timespec t;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += DEADLINE_S;
	pthread_mutex_lock(&w->lock);
	while (w->dirty_round != round && !w->done && !ret)
		ret = pthread_cond_timedwait(&w->cond, &w->lock, &t);
	pthread_mutex_unlock(&w->lock);
	return !ret && !w->done;
}

static bool dirty_rounds(struct world *w, u32 stride)
{
	const struct accel_ops *ops = w->a->ops;

	for (u32 round = 1; round <= 3; round++) {
		if (!wait_round(w, round))
			return false;
		/* While the guest runs; after the third, the log was off and on again. */
		if (round == 3 && (ops->dirty_log(w->a, false) || ops->dirty_log(w->a, true)))
			return false;
		if (!pages_are(w, stride, round == 3 ? 0 : round) || !pages_are(w, stride, 0))
			return false;
		pthread_mutex_lock(&w->lock);
		w->answer = round;
		pthread_mutex_unlock(&w->lock);
	}
	return true;
}

static bool test_dirty(struct world *w, const struct test *t)
{
	u64 none[2];
	bool ok;

	if (!begin(w, t->guest, t->arg) || w->a->ops->dirty_log(w->a, true))
		return false;
	start(w);
	ok = dirty_rounds(w, t->arg) && !wait_for_guest(w, 0);
	stop(w);
	/* It is a region, or an error. */
	ok = ok && w->a->ops->dirty_get(w->a, GUEST_RAM, 4096, none) == -EINVAL;
	return ok && !w->a->ops->dirty_log(w->a, false) &&
	       w->a->ops->dirty_get(w->a, GUEST_RAM, GUEST_RAM_SIZE, none);
}

/* What the host's own CPU says, by place in the list of registers. */
static bool read_ids(struct world *w, u64 *ids)
{
	struct kvm_vm *vm;

	if (!create(w, NULL))
		return false;
	vm = kvm_vm_of(w->a);
	for (u64 i = 0; i < vm->regs->n && i < MAX_IDS; i++)
		if (KVM_REG_SIZE(vm->regs->reg[i]) <= 8)
			kvm_one_reg(&vm->cpus[0], KVM_GET_ONE_REG, vm->regs->reg[i], &ids[i]);
	w->a->ops->free(w->a);
	w->a = NULL;
	return true;
}

/* A part that the host is not, but for what it cannot do; only our module can show it. */
static bool test_identity(struct world *w, const struct test *t)
{
	const struct arm_cpu_model *m = arm_cpu_model_find("cortex-a7");
	unsigned int same = 0, other = 0, kept = 0, bad = 0;
	static u64 host[MAX_IDS];
	struct kvm_vm *vm;

	(void)t;
	if (kvm_port.is_64)
		return printf("kvm_move: identity: not on this host\n") > 0;
	if (!read_ids(w, host) || !create(w, m))
		return false;
	vm = kvm_vm_of(w->a);
	for (u64 i = 0; i < vm->regs->n && i < MAX_IDS; i++) {
		u64 id = vm->regs->reg[i], want, got = 0;
		bool may;

		if (!kvm_reg_identity(id, m, &want))
			continue;
		may = kvm_identity_may(vm, id, want, host[i]);
		same += want == host[i];
		other += want != host[i] && may;
		kept += !may;
		if (!kvm_one_reg(&vm->cpus[1], KVM_GET_ONE_REG, id, &got) && got == (may ? want : host[i]))
			continue;
		printf("kvm_move: %016llx is %#x, not %#x\n", (unsigned long long)id, (u32)got, (u32)want);
		bad++;
	}
	printf("kvm_move: identity: %u registers are the host's, %u others', %u had to stay\n", same, other, kept);
	return same > 10 && other > 2 && !bad;
}

static bool psci_is(struct world *w, u32 version)
{
	u32 got = 0;
	int ret = w->a->ops->get_psci(w->a, &got);

	if (!ret && got == version)
		return true;
	printf("kvm_move: PSCI is %#x, not %#x: %d\n", got, version, ret);
	return false;
}

static bool serror_is(struct world *w, u32 serror)
{
	u32 got = 0;
	int ret = w->a->ops->get_serror(w->a, 1, &got);

	if (!ret && got == serror)
		return true;
	printf("kvm_move: the SError is %#x, not %#x: %d\n", got, serror, ret);
	return false;
}

/* Both counts of the guest are the one that was set, where the kernel can do that. */
static bool counts_agree(struct world *w)
{
	struct kvm_vm *vm = kvm_vm_of(w->a);
	const u64 count = 1ULL << 40;
	u64 virt = 0, phys = 0;

	for (u32 i = 1; i <= 2; i++)
		if (w->a->ops->set_count(w->a, i * count) || w->a->ops->put_state(w->a, 0) ||
		    kvm_one_reg(&vm->cpus[1], KVM_GET_ONE_REG, kvm_port.vcount_id, &virt) || virt - i * count >= count)
			return false;
	if (!vm->one_time)
		return printf("kvm_move: extra: the physical count is the host's\n") > 0;
	return !kvm_one_reg(&vm->cpus[1], KVM_GET_ONE_REG, kvm_port.pcount_id, &phys) && phys - virt < count;
}

/* What a vCPU has besides registers: an SError, its firmware, the count. */
static bool test_extra(struct world *w, const struct test *t)
{
	const struct accel_ops *ops;
	u32 with_iss;

	(void)t;
	if (!create(w, NULL))
		return false;
	ops = w->a->ops;
	with_iss = ACCEL_SERROR | (kvm_vm_of(w->a)->has_serror_iss ? 0x123 : 0);
	return serror_is(w, 0) && !ops->set_serror(w->a, 1, ACCEL_SERROR | 0x123) && serror_is(w, with_iss) &&
	       !ops->reset(w->a) && serror_is(w, 0) && !ops->set_psci(w->a, PSCI_VERSION_0_2) &&
	       psci_is(w, PSCI_VERSION_0_2) && ops->set_psci(w->a, 0x50005) && psci_is(w, PSCI_VERSION_0_2) &&
	       !ops->set_psci(w->a, PSCI_VERSION_1_0) && psci_is(w, PSCI_VERSION_1_0) && counts_agree(w);
}

static const struct test tests[] = {
	{ .name = "gic", .guest = "g_move_gic", .fn = test_moves, .value = 7, .slowly = true },
	{ .name = "power", .guest = "g_move_power", .fn = test_moves, .arg = 9, .value = 9, .idle_other = true },
	{ .name = "load", .guest = "g_move_load", .fn = test_moves, .arg = 20, .every_ms = 200 },
	{ .name = "beats", .guest = "g_move_beats", .fn = test_moves, .arg = 100, .value = 400, .between_beats = true },
	{ .name = "dirty", .guest = "g_move_dirty", .fn = test_dirty, .arg = 37 },
	{ .name = "identity", .fn = test_identity },
	{ .name = "extra", .fn = test_extra },
};

static bool host_has(u32 cap)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	bool has = fd >= 0 && kvm_ioctl_num(fd, KVM_CHECK_EXTENSION, cap) > 0;

	if (fd >= 0)
		close(fd);
	return has;
}

static bool run_test(const struct test *t, const struct accel_host *host)
{
	struct world w = { .host = host, .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER };
	struct test as = *t;
	bool ok;

	/*
	 * What this kernel can: arm64's has no access to the physical timer before 6.4, and no instructions of
	 * several beats.  QEMU's EL2 in AArch64 reads SPSR_irq as it was when the guest is in IRQ mode, so that a
	 * guest moved at the start of its vector would be lost; no exceptions then.
	 */
	if (!strcmp(t->name, "load") && kvm_port.is_64 && !getenv("KVM_MOVE_IRQ"))
		as.arg |= MOVE_POLL;
	if (!strcmp(t->name, "gic") && (!kvm_port.is_64 || host_has(KVM_CAP_COUNTER_OFFSET)))
		as.arg = MOVE_PTIMER;
	if (!strcmp(t->name, "beats") && kvm_port.is_64)
		as.guest = "g_move_words";
	w.ram = mmap(NULL, GUEST_RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok = w.ram != MAP_FAILED && t->fn(&w, &as) && !w.failed;
	if (w.a)
		w.a->ops->free(w.a);
	munmap(w.ram, GUEST_RAM_SIZE);
	printf("kvm_move: %s %s\n", ok ? "ok" : "FAILED", t->name);
	fflush(stdout);
	return ok;
}

/* The whole file, and a zero behind it. */
static char *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	char *data = calloc(1, GUEST_RAM_SIZE);

	*size = f && data ? fread(data, 1, GUEST_RAM_SIZE - 1, f) : 0;
	if (f)
		fclose(f);
	return *size ? data : NULL;
}

int main(int argc, char **argv)
{
	struct accel_host host;
	unsigned int failed = 0;
	char *err = NULL;
	size_t size;

	image = argc > 2 ? read_file(argv[1], &image_size) : NULL;
	symbols = argc > 2 ? read_file(argv[2], &size) : NULL;
	if (!image || !symbols || accel_kvm_host(&host, &err)) {
		printf("kvm_move: %s\n", err ? err : "IMAGE SYMBOLS [TEST...]");
		return 1;
	}
	for (size_t i = 0; i < ARM_ARRAY_SIZE(tests); i++) {
		bool chosen = argc == 3;

		for (int k = 3; k < argc; k++)
			chosen |= !strcmp(argv[k], tests[i].name);
		if (chosen)
			failed += !run_test(&tests[i], &host);
	}
	printf("kvm_move: %u failed\n", failed);
	return failed != 0;
}
