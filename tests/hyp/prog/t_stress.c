// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests stamp their pages and check the stamps of the round before, for ever, while the
 * host does to their memory what hosts do.  Each stamp names its page, so that a stale
 * mapping shows.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/wait.h>

#include "kvmtest.h"

#define PAGE 4096u

struct stress {
	struct vm *vm;
	uint32_t pages, check;		/* of each vCPU; STAMP_* */
	atomic_uint rounds[2];		/* that it has done */
	atomic_bool stop;
	pthread_t thread[2];
};

struct stress_thread {
	struct stress *s;
	unsigned int cpu;
};

static uint8_t *area(struct stress *s)
{
	return vm_hva(s->vm, GUEST_FREE);
}

static size_t area_size(struct stress *s)
{
	return (size_t)s->vm->nr_vcpus * s->pages * PAGE;
}

static uint8_t *some_page(struct stress *s, uint32_t *state)
{
	return area(s) + (size_t)(rnd(state) % (s->vm->nr_vcpus * s->pages)) * PAGE;
}

/* vCPUs end between two rounds. */
static void *stress_main(void *opaque)
{
	struct stress_thread *t = opaque;
	struct vcpu *v = &t->s->vm->vcpu[t->cpu];

	while (!atomic_load(&t->s->stop)) {
		enum event event = vcpu_run(v);

		if (event != EV_SYNC)
			FAIL("vcpu %u: event %d, error %d", v->id, event, v->err);
		atomic_store(&t->s->rounds[t->cpu], v->value);
	}
	free(t);
	return NULL;
}

static void stress_go(struct stress *s)
{
	atomic_store(&s->stop, false);
	for (unsigned int i = 0; i < s->vm->nr_vcpus; i++) {
		struct stress_thread *t = malloc(sizeof(*t));

		*t = (struct stress_thread){ s, i };
		CHECK_EQ(pthread_create(&s->thread[i], NULL, stress_main, t), 0);
	}
}

/* The program of each vCPU, not begun. */
static void stress_prepare(struct stress *s, unsigned int vcpus, uint32_t pages, uint32_t check)
{
	struct kvm_mp_state run = { KVM_MP_STATE_RUNNABLE };

	s->vm = vm_new(vcpus, 0);
	s->pages = pages;
	s->check = check;
	for (unsigned int i = 0; i < vcpus; i++) {
		atomic_store(&s->rounds[i], 0);
		CHECK_EQ(call(ioctl(s->vm->vcpu[i].fd, KVM_SET_MP_STATE, &run)), 0);
		vcpu_start_at(&s->vm->vcpu[i], GUEST(g_stamp), pages | check << 16, check & STAMP_MMU_OFF);
	}
}

static void stress_halt(struct stress *s)
{
	atomic_store(&s->stop, true);
	for (unsigned int i = 0; i < s->vm->nr_vcpus; i++)
		CHECK_EQ(pthread_join(s->thread[i], NULL), 0);
}

static bool did_rounds(struct stress *s, unsigned int rounds)
{
	for (unsigned int i = 0; i < s->vm->nr_vcpus; i++)
		if (atomic_load(&s->rounds[i]) < rounds)
			return false;
	return true;
}

/* @ram is the stamped area or a copy of it: what a halted guest has left there, and nothing else. */
static void check_stamps(struct stress *s, const uint8_t *ram)
{
	for (unsigned int page = 0; page < s->vm->nr_vcpus * s->pages; page++) {
		const uint32_t *w = (const uint32_t *)(ram + (size_t)page * PAGE);
		uint32_t want = STAMP(page % s->pages, atomic_load(&s->rounds[page / s->pages]));

		for (unsigned int k = 1; k < 1023; k++)
			if (w[k])
				FAIL("page %#x: word %#x is %#x, and nobody wrote it", page, k, w[k]);
		for (unsigned int k = 0; k < 1024; k += 1023)
			if (w[k] != want)
				FAIL("page %#x: word %#x is %#x, not %#x", page, k, w[k], want);
	}
}

/* Two vCPUs stamp while @disturb does its worst, again and again. */
static void stress(uint32_t check, void (*disturb)(struct stress *s, uint32_t *state))
{
	struct stress s;
	uint64_t end = now_us() + 1500000;
	uint32_t state = 77, after[2];

	stress_prepare(&s, 2, 128, check);
	stress_go(&s);
	while (now_us() < end || !did_rounds(&s, 3))
		disturb(&s, &state);
	/* A round that nobody disturbs: a page that is not stamped now is another than the process has. */
	for (int i = 0; i < 2; i++)
		after[i] = atomic_load(&s.rounds[i]) + 2;
	while (atomic_load(&s.rounds[0]) < after[0] || atomic_load(&s.rounds[1]) < after[1])
		pause_us(1000);
	stress_halt(&s);
	check_stamps(&s, area(&s));
	vm_free(s.vm);
}

static void drop_pages(struct stress *s, uint32_t *state)
{
	uint8_t *p = some_page(s, state);
	size_t left = area(s) + area_size(s) - p, n = PAGE * (1 + rnd(state) % (rnd(state) % 32 ? 16 : 512));

	CHECK_EQ(madvise(p, n < left ? n : left, MADV_DONTNEED), 0);
	/* The guest is to come to some pages in between. */
	pause_us(2000);
}

TEST_LIMIT(row_21_dontneed, 240, "pages vanish under 2 vCPUs: each reads as zero until it is stamped again")
{
	stress(STAMP_ZERO_OK, drop_pages);
}

TEST_LIMIT(row_21_dontneed_mmu_off, 240, "the same with the guest's caches off")
{
	stress(STAMP_ZERO_OK | STAMP_MMU_OFF, drop_pages);
}

/* The guest's pages become copy-on-write, and the other process writes to some of them. */
static void fork_pages(struct stress *s, uint32_t *state)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		for (unsigned int i = 0; i < 100; i++)
			*(volatile uint32_t *)some_page(s, state) = 0xdeadbeef;
		_exit(0);
	}
	pause_us(rnd(state) % 20000);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

TEST_LIMIT(row_21_fork, 240, "pages are copied on write, and another process writes to the copies")
{
	stress(0, fork_pages);
}

/* Mappings and huge pages are split; nothing is denied. */
static void split_pages(struct stress *s, uint32_t *state)
{
	uint8_t *p = some_page(s, state);

	CHECK_EQ(mprotect(p, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
	if (!(rnd(state) % 8))
		madvise(p, PAGE, MADV_NOHUGEPAGE);
	CHECK_EQ(mprotect(p, PAGE, PROT_READ | PROT_WRITE), 0);
	if (!(rnd(state) % 64))
		madvise(area(s), area_size(s), MADV_HUGEPAGE);
	if (!(rnd(state) % 200))
		madvise(some_page(s, state), PAGE, MADV_PAGEOUT);
}

TEST_LIMIT(row_21_split, 240, "mappings and huge pages are split under 2 vCPUs")
{
	stress(STAMP_MMU_OFF, split_pages);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		skip(path);
	CHECK(write(fd, text, strlen(text)) > 0);
	close(fd);
}

static void move_pages(struct stress *s, uint32_t *state)
{
	(void)s;
	(void)state;
	write_file("/proc/sys/vm/compact_memory", "1");
	pause_us(2000);
}

TEST_LIMIT(row_21_migrate, 120, "pages move to other places of the host's memory")
{
	stress(0, move_pages);
}

static long number_in(const char *path)
{
	FILE *f = fopen(path, "r");
	long n;

	CHECK(f && fscanf(f, "%ld", &n) == 1);
	fclose(f);
	return n;
}

/* Two VMs whose pages are the same, shared by KSM whenever both rest. */
TEST_LIMIT(row_21_ksm, 180, "KSM shares the pages of two guests, which take them apart again")
{
	struct stress s[2];
	long shared = 0;

	write_file("/sys/kernel/mm/ksm/sleep_millisecs", "1");
	write_file("/sys/kernel/mm/ksm/pages_to_scan", "2000");
	write_file("/sys/kernel/mm/ksm/run", "1");
	for (int i = 0; i < 2; i++) {
		stress_prepare(&s[i], 1, 512, 0);
		CHECK_EQ(madvise(s[i].vm->ram, GUEST_RAM_SIZE, MADV_MERGEABLE), 0);
	}
	for (unsigned int turn = 0; turn < 5; turn++) {
		for (int i = 0; i < 2; i++)
			stress_go(&s[i]);
		while (!did_rounds(&s[0], 2 * turn + 2) || !did_rounds(&s[1], 2 * turn + 2))
			pause_us(10000);
		for (int i = 0; i < 2; i++)
			stress_halt(&s[i]);
		for (int i = 0; i < 2; i++)
			check_stamps(&s[i], area(&s[i]));
		/* Contents that have changed since the last scan are left alone. */
		for (int k = 0; k < 50 && (k < 5 || !shared); k++) {
			pause_us(100000);
			shared += number_in("/sys/kernel/mm/ksm/pages_sharing");
		}
	}
	for (int i = 0; i < 2; i++)
		vm_free(s[i].vm);
	write_file("/sys/kernel/mm/ksm/run", "2");
	write_file("/sys/kernel/mm/ksm/run", "0");
	CHECK(shared > 0);
}

/* As migration does it: what the log names is copied while the guest runs. */
static void copy_dirty(struct stress *s, uint8_t *copy, uint64_t *log, bool clear)
{
	const size_t pages = GUEST_RAM_SIZE / PAGE;
	struct kvm_dirty_log get = { .slot = 0, .dirty_bitmap = log };
	struct kvm_clear_dirty_log drop = { .slot = 0, .num_pages = pages, .dirty_bitmap = log };

	CHECK_EQ(call(ioctl(s->vm->fd, KVM_GET_DIRTY_LOG, &get)), 0);
	if (clear)
		CHECK_EQ(call(ioctl(s->vm->fd, KVM_CLEAR_DIRTY_LOG, &drop)), 0);
	for (size_t i = 0; i < pages; i++)
		if (log[i / 64] >> i % 64 & 1)
			memcpy(copy + i * PAGE, s->vm->ram + i * PAGE, PAGE);
}

static void precopy(bool manual)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, .args[0] = 1 };
	uint64_t end = now_us() + 1500000, log[GUEST_RAM_SIZE / PAGE / 64];
	uint8_t *copy = malloc(GUEST_RAM_SIZE);
	unsigned int gets = 0;
	struct stress s;

	stress_prepare(&s, 2, 256, 0);
	if (manual)
		CHECK_EQ(call(ioctl(s.vm->fd, KVM_ENABLE_CAP, &cap)), 0);
	stress_go(&s);
	while (!did_rounds(&s, 1))
		pause_us(1000);
	CHECK_EQ(vm_slot(s.vm, 0, KVM_MEM_LOG_DIRTY_PAGES, GUEST_RAM, GUEST_RAM_SIZE, s.vm->ram), 0);
	memcpy(copy, s.vm->ram, GUEST_RAM_SIZE);
	for (; now_us() < end || !did_rounds(&s, 4); gets++) {
		copy_dirty(&s, copy, log, manual);
		pause_us(3000);
	}
	stress_halt(&s);
	copy_dirty(&s, copy, log, manual);
	if (memcmp(copy, s.vm->ram, GUEST_RAM_SIZE))
		FAIL("the copy differs after %u looks at the log", gets);
	copy_dirty(&s, copy, log, manual);
	for (size_t i = 0; i < GUEST_RAM_SIZE / PAGE / 64; i++)
		CHECK_EQ(log[i], 0);
	check_stamps(&s, copy + (GUEST_FREE - GUEST_RAM));
	/* And off again. */
	CHECK_EQ(vm_slot(s.vm, 0, 0, GUEST_RAM, GUEST_RAM_SIZE, s.vm->ram), 0);
	stress_go(&s);
	pause_us(200000);
	stress_halt(&s);
	check_stamps(&s, area(&s));
	free(copy);
	vm_free(s.vm);
}

TEST_LIMIT(row_25_precopy, 120, "copying what is dirty while 2 vCPUs write; stopped, the copy equals the source")
{
	precopy(false);
}

TEST_LIMIT(row_25_precopy_clear, 120, "the same with KVM_CLEAR_DIRTY_LOG")
{
	precopy(true);
}

/* While the slot is away its accesses come here: loads see zero, stores go nowhere. */
static atomic_ulong strays;

static bool stray(struct vcpu *v)
{
	atomic_fetch_add(&strays, 1);
	if (!v->run->mmio.is_write)
		memset(v->run->mmio.data, 0, sizeof(v->run->mmio.data));
	return true;
}

TEST_LIMIT(row_26_slot_stores, 120, "a slot goes while a guest writes to it: no store reaches the memory any more")
{
	const size_t size = 2 << 20;
	uint32_t *ram = anon(size), state = 5;
	struct stress s;

	stress_prepare(&s, 1, size / PAGE, STAMP_ZERO_OK | STAMP_OLDER_OK | STAMP_FAR);
	s.vm->vcpu[0].mmio = stray;
	CHECK_EQ(vm_slot(s.vm, 1, 0, STAMP_FAR_BASE, size, ram), 0);
	stress_go(&s);
	for (unsigned int turn = 0; turn < 40 || !did_rounds(&s, 3); turn++) {
		pause_us(rnd(&state) % 20000);
		if (turn % 4 == 3)	/* a move there and back */
			CHECK_EQ(vm_slot(s.vm, 1, 0, STAMP_FAR_BASE + (64 << 20), size, ram), 0);
		else
			CHECK_EQ(vm_slot(s.vm, 1, 0, STAMP_FAR_BASE, 0, ram), 0);
		memset(ram, 0, size);
		pause_us(rnd(&state) % 5000);
		for (size_t i = 0; i < size / 4; i++)
			if (((volatile uint32_t *)ram)[i])
				FAIL("turn %u: a store reached word %#zx of a slot that is gone", turn, i);
		CHECK_EQ(vm_slot(s.vm, 1, 0, STAMP_FAR_BASE, size, ram), 0);
	}
	stress_halt(&s);
	CHECK(atomic_load(&strays) > 0);
	vm_free(s.vm);
}

/* More VMs than VMIDs, when the module was loaded with vmid_bits=2: test_memory.py does. */
#define VMS 14

static struct stress crowd[VMS];

static void *take_turns(void *opaque)
{
	unsigned int cpu = (uintptr_t)opaque;

	for (unsigned int turn = 0; turn < 6 * VMS; turn++) {
		struct stress *s = &crowd[(turn + cpu * VMS / 2) % VMS];

		for (int i = 0; i < 2; i++) {
			if (vcpu_run(&s->vm->vcpu[cpu]) != EV_SYNC)
				FAIL("vcpu %u of VM %td", cpu, s - crowd);
			atomic_store(&s->rounds[cpu], s->vm->vcpu[cpu].value);
		}
	}
	return NULL;
}

TEST_LIMIT(row_02_vmid_vcpus, 120, "VMs of two vCPUs each take turns on two threads while VMIDs are given anew")
{
	pthread_t t[2];

	for (int i = 0; i < VMS; i++)
		stress_prepare(&crowd[i], 2, 2, 0);
	for (uintptr_t k = 0; k < 2; k++)
		CHECK_EQ(pthread_create(&t[k], NULL, take_turns, (void *)k), 0);
	for (int k = 0; k < 2; k++)
		pthread_join(t[k], NULL);
	for (int i = 0; i < VMS; i++) {
		check_stamps(&crowd[i], area(&crowd[i]));
		vm_free(crowd[i].vm);
	}
}

static atomic_uint exec_rounds;

static int exec_sync(struct vcpu *v)
{
	atomic_store(&exec_rounds, v->value);
	return 0;
}

TEST_LIMIT(row_12_exec, 120, "pages of code come and go while the guest runs through them")
{
	const uint32_t pages = 512;
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	uint8_t *code = vm_hva(vm, GUEST_FREE);
	uint32_t state = 9;
	uint64_t end = now_us() + 1500000;

	for (uint32_t i = 0; i < pages; i++) {
		/* ldr r0, [pc]; bx lr; .word i */
		const uint32_t words[] = { 0xe59f0000, 0xe12fff1e, i };

		memcpy(code + i * PAGE, words, sizeof(words));
	}
	vcpu_start_at(v, GUEST(g_call_pages), pages, true);
	v->on_sync = exec_sync;
	vcpu_thread(v);
	while (now_us() < end || atomic_load(&exec_rounds) < 3) {
		uint8_t *p = code + rnd(&state) % pages * PAGE;

		madvise(p, PAGE, MADV_PAGEOUT);
		CHECK_EQ(mprotect(p, PAGE, PROT_READ), 0);
		CHECK_EQ(mprotect(p, PAGE, PROT_READ | PROT_WRITE), 0);
	}
	/* The code of the first page says that it is over. */
	((volatile uint32_t *)code)[2] = ~0u;
	CHECK(vcpu_join(v) >= 3);
	vm_free(vm);
}

/* The magic of the first virtio transport, where the board virt has it. */
TEST(row_28_device, "a page of a host's device, by /dev/mem")
{
	const uint32_t magic = 0x74726976;
	int fd = open("/dev/mem", O_RDWR | O_SYNC);
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	uint32_t *dev;

	if (access("/sys/firmware/devicetree/base/virtio_mmio@a000000", F_OK))
		skip("needs the board virt");
	CHECK(fd >= 0);
	dev = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0x0a000000);
	CHECK(dev != MAP_FAILED);
	CHECK_EQ(*(volatile uint32_t *)dev, magic);
	CHECK_EQ(vm_slot(vm, 1, KVM_MEM_LOG_DIRTY_PAGES, STAMP_FAR_BASE, PAGE, dev), -EINVAL);
	CHECK_EQ(vm_slot(vm, 1, 0, STAMP_FAR_BASE, PAGE, dev), 0);
	vcpu_start_at(v, GUEST(g_peek), STAMP_FAR_BASE, true);
	vcpu_until(v, magic);
	/* The process loses it, hence the guest. */
	munmap(dev, PAGE);
	CHECK_EQ(vcpu_run(v), EV_ERROR);
	CHECK_EQ(v->err, -EFAULT);
	close(fd);
	vm_free(vm);
}
