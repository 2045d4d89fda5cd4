/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory under stress, on the host board: mem TEST [SECONDS [MEGABYTES]].
 *
 * A guest stamps its pages and checks the stamps of the round before, for ever, with
 * its MMU off; meanwhile the host does to its memory what hosts do.  Each stamp
 * names its page, so that a stale mapping shows.  Ends with status 0 and a line "ok", or
 * with 1 and what was wrong.
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "tests/hyp/mem_rig.h"

static unsigned int rnd(unsigned int n)
{
	return (unsigned int)random() % n;
}

static char *some_page(struct vm *vm)
{
	return vm->ram + AREA + (size_t)rnd((unsigned int)((vm->size - AREA) / PAGE)) * PAGE;
}

static void report(const char *what, struct vm *vm)
{
	printf("%s:", what);
	for (unsigned int i = 0; i < vm->vcpus; i++) {
		printf(" %u rounds", vm->vcpu[i].round);
		if (vm->vcpu[i].round < 2)
			die("vCPU %u did nothing", i);
	}
	printf("\n");
	fflush(stdout);
}

/* Runs the stamping guest while @disturb does its worst. */
static void stress(const char *name, uint32_t check, void (*disturb)(struct vm *vm))
{
	struct vm vm;
	double end = now() + seconds;

	vm_open(&vm, megabytes << 20, 2);
	start_stamping(&vm, check);
	while (now() < end || vm.vcpu[0].round < 3 || vm.vcpu[1].round < 3) {
		if (now() > end + 400 * seconds)
			die("%s: the guest is stuck in rounds %u, %u", name, vm.vcpu[0].round, vm.vcpu[1].round);
		disturb(&vm);
	}
	vm_stop(&vm);
	check_stamps(&vm, vm.ram, check);
	report(name, &vm);
	vm_close(&vm);
}

static void disturb_nothing(struct vm *vm)
{
	(void)vm;
	usleep(10000);
}

/* Pages vanish: each reads as zero until it is stamped again. */
static void disturb_dontneed(struct vm *vm)
{
	char *p = some_page(vm);
	size_t n = rnd(4) ? PAGE * (1 + rnd(16)) : BLOCK;

	if (p + n > vm->ram + vm->size)
		n = (size_t)(vm->ram + vm->size - p);
	madvise(p, n, MADV_DONTNEED);
}

/* The guest's pages become copy-on-write, and the other process keeps some of them. */
static void disturb_fork(struct vm *vm)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		for (unsigned int i = 0; i < 100; i++)
			*(volatile uint32_t *)some_page(vm) = 0xdeadbeef;
		_exit(0);
	}
	usleep(rnd(5000));
	waitpid(pid, NULL, 0);
}

/* Mappings and huge pages are split; nothing is denied. */
static void disturb_split(struct vm *vm)
{
	char *p = some_page(vm);

	mprotect(p, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	if (!rnd(8))
		madvise(p, PAGE, MADV_NOHUGEPAGE);
	mprotect(p, PAGE, PROT_READ | PROT_WRITE);
	if (!rnd(64))
		madvise(vm->ram, vm->size, MADV_HUGEPAGE);
	if (!rnd(200))
		madvise(some_page(vm), PAGE, MADV_PAGEOUT);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0) {
		if (write(fd, text, strlen(text)) < 0)
			perror(path);
		close(fd);
	}
}

static void disturb_migrate(struct vm *vm)
{
	(void)vm;
	write_file("/proc/sys/vm/compact_memory", "1");
	usleep(2000);
}

static void disturb_pageout(struct vm *vm)
{
	char *p = some_page(vm);
	size_t n = (size_t)(vm->ram + vm->size - p);

	madvise(p, n > 64 * PAGE ? 64 * PAGE : n, MADV_PAGEOUT);
	usleep(500);
}

/* Two VMs whose pages are the same: KSM shares them, the guests take them apart again. */
static void test_ksm(void)
{
	struct vm vm[2];
	double end = now() + seconds;

	write_file("/sys/kernel/mm/ksm/sleep_millisecs", "1");
	write_file("/sys/kernel/mm/ksm/pages_to_scan", "2000");
	write_file("/sys/kernel/mm/ksm/run", "1");
	for (int i = 0; i < 2; i++) {
		vm_open(&vm[i], megabytes << 20, 1);
		madvise(vm[i].ram, vm[i].size, MADV_MERGEABLE);
		start_stamping(&vm[i], 0);
	}
	while (now() < end || vm[0].vcpu[0].round < 4 || vm[1].vcpu[0].round < 4) {
		if (now() > end + 400 * seconds)
			die("ksm: the guests are stuck in rounds %u, %u", vm[0].vcpu[0].round, vm[1].vcpu[0].round);
		usleep(20000);
		/* Sometimes both rest, so that something is left to be merged. */
		if (!rnd(10)) {
			vm_stop(&vm[0]);
			vm_stop(&vm[1]);
			usleep(100000);
			check_stamps(&vm[0], vm[0].ram, 0);
			check_stamps(&vm[1], vm[1].ram, 0);
			vm_start(&vm[0]);
			vm_start(&vm[1]);
		}
	}
	for (int i = 0; i < 2; i++) {
		vm_stop(&vm[i]);
		check_stamps(&vm[i], vm[i].ram, 0);
		report("ksm", &vm[i]);
		vm_close(&vm[i]);
	}
	write_file("/sys/kernel/mm/ksm/run", "2");
}

/* As migration does it: copies what the log names while the guest runs; equal in the end. */
static void copy_dirty(struct vm *vm, char *copy, unsigned long *log, bool clear)
{
	size_t pages = vm->size / PAGE;
	struct kvm_dirty_log get = { .slot = 0, .dirty_bitmap = log };
	struct kvm_clear_dirty_log drop = { .slot = 0, .num_pages = (uint32_t)pages, .dirty_bitmap = log };

	if (ioctl(vm->fd, KVM_GET_DIRTY_LOG, &get))
		die("GET_DIRTY_LOG");
	if (clear && ioctl(vm->fd, KVM_CLEAR_DIRTY_LOG, &drop))
		die("CLEAR_DIRTY_LOG");
	for (size_t i = 0; i < pages; i++)
		if (log[i / 32] >> i % 32 & 1)
			memcpy(copy + i * PAGE, vm->ram + i * PAGE, PAGE);
}

static void dirty_pass(bool manual)
{
	struct vm vm;
	struct kvm_enable_cap cap = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, .args = { 1 } };
	double end = now() + seconds;
	unsigned long *log;
	char *copy;
	unsigned int gets = 0;

	vm_open(&vm, megabytes << 20, 2);
	if (manual && ioctl(vm.fd, KVM_ENABLE_CAP, &cap))
		die("MANUAL_DIRTY_LOG_PROTECT2");
	copy = map_aligned(vm.size);
	log = calloc(1, vm.size / PAGE / 8 + 8);
	start_stamping(&vm, 0);
	while (vm.vcpu[0].round < 1 || vm.vcpu[1].round < 1)
		usleep(1000);
	if (set_slot(&vm, 0, KVM_MEM_LOG_DIRTY_PAGES, RAM_IPA, vm.size, vm.ram))
		die("log on");
	memcpy(copy, vm.ram, vm.size);
	while (now() < end || vm.vcpu[0].round < 4 || vm.vcpu[1].round < 4) {
		copy_dirty(&vm, copy, log, manual);
		gets++;
	}
	vm_stop(&vm);
	copy_dirty(&vm, copy, log, manual);
	if (memcmp(copy, vm.ram, vm.size))
		die("the copy differs after %u rounds of the log", gets);
	copy_dirty(&vm, copy, log, manual);
	for (size_t i = 0; i < vm.size / PAGE / 32; i++)
		if (log[i])
			die("a second look finds word %zu: %lx", i, log[i]);
	check_stamps(&vm, copy, 0);
	/* And off again. */
	if (set_slot(&vm, 0, 0, RAM_IPA, vm.size, vm.ram))
		die("log off");
	vm_start(&vm);
	usleep(300000);
	vm_stop(&vm);
	report(manual ? "dirty log by hand" : "dirty log", &vm);
	free(log);
	munmap(copy, vm.size);
	vm_close(&vm);
}

static void test_dirty(void)
{
	dirty_pass(false);
	dirty_pass(true);
}

/* Row 26: a slot goes while the guest is in it; nothing may still reach the memory. */
static void test_slots(void)
{
	struct vm vm;
	double end = now() + seconds;
	unsigned int turns = 0;
	const size_t size = 4 << 20;
	char *ram;

	vm_open(&vm, 8 << 20, 2);
	ram = map_aligned(size);
	if (set_slot(&vm, 1, 0, 0xc0000000u, size, ram))
		die("second slot");
	vcpu_setup(&vm.vcpu[0], guest_stamp, RAM_IPA + AREA, 256, 0);
	vcpu_setup(&vm.vcpu[1], guest_stamp, 0xc0000000u, size / PAGE, ZERO_OK | OLDER_OK);
	vm_start(&vm);
	for (; now() < end || vm.vcpu[1].round < 3; turns++) {
		usleep(rnd(20000));
		if (turns % 4 == 3) {	/* a move there and back */
			if (set_slot(&vm, 1, 0, 0xd0000000u, size, ram))
				die("move");
			memset(ram, 0, size);
		} else if (set_slot(&vm, 1, 0, 0xc0000000u, 0, ram)) {
			die("delete");
		} else {
			memset(ram, 0, size);
		}
		usleep(rnd(5000));
		for (size_t i = 0; i < size; i += 4)
			if (*(uint32_t *)(ram + i))
				die("a store reached %zx of a slot that is gone, turn %u", i, turns);
		if (set_slot(&vm, 1, 0, 0xc0000000u, size, ram))
			die("again");
	}
	vm_stop(&vm);
	if (!vm.vcpu[1].exits)
		die("nobody noticed");
	printf("slots: %u turns, %lu exits\n", turns, vm.vcpu[1].exits);
	munmap(ram, size);
	vm_close(&vm);
}

/* Rows 1 and 2: more VMs than VMIDs, run in turn by two threads. */
static void run_rounds(struct vcpu *c, unsigned int n)
{
	uint32_t until = c->round + n;

	while (c->round < until)
		vcpu_step(c);
}

struct turn {
	struct vm *vms;
	unsigned int count, index;
};

static void *take_turns(void *arg)
{
	struct turn *t = arg;

	for (unsigned int pass = 0; pass < 3; pass++)
		for (unsigned int i = 0; i < t->count; i++)
			run_rounds(&t->vms[(i + t->index * t->count / 2) % t->count].vcpu[t->index], 2);
	return NULL;
}

static void test_vmid(void)
{
	unsigned int count = megabytes == 32 ? 300 : (unsigned int)megabytes;
	struct vm *vms = calloc(count, sizeof(*vms));
	struct turn turn[2];
	pthread_t thread[2];

	for (unsigned int i = 0; i < count; i++) {
		vm_open(&vms[i], 4 << 20, 2);
		vcpu_setup(&vms[i].vcpu[0], guest_stamp, RAM_IPA + AREA, 2, 0);
		vcpu_setup(&vms[i].vcpu[1], guest_stamp, RAM_IPA + AREA + 2 * PAGE, 2, 0);
	}
	for (unsigned int k = 0; k < 2; k++) {
		turn[k] = (struct turn){ vms, count, k };
		pthread_create(&thread[k], NULL, take_turns, &turn[k]);
	}
	for (unsigned int k = 0; k < 2; k++)
		pthread_join(thread[k], NULL);
	for (unsigned int i = 0; i < count; i++) {
		check_stamps(&vms[i], vms[i].ram, 0);
		vm_close(&vms[i]);
	}
	printf("vmid: %u VMs, each of 2 vCPUs\n", count);
	free(vms);
}

/* Pages that were data become code, and are other pages afterwards. */
static void test_exec(void)
{
	struct vm vm;
	const uint32_t pages = 512;
	double end = now() + seconds;

	vm_open(&vm, 8 << 20, 1);
	vcpu_setup(&vm.vcpu[0], guest_exec, RAM_IPA + AREA, pages, 0);
	for (uint32_t i = 0; i < pages; i++) {
		uint32_t *w = (uint32_t *)(vm.ram + AREA + i * PAGE);

		w[0] = 0xe59f8000;	/* ldr r8, [pc] */
		w[1] = 0xe12fff1e;	/* bx lr */
		w[2] = i;
	}
	vm_start(&vm);
	while (now() < end || vm.vcpu[0].round < 3) {
		char *p = vm.ram + AREA + rnd(pages) * PAGE;

		madvise(p, PAGE, MADV_PAGEOUT);
		mprotect(p, PAGE, PROT_READ);
		mprotect(p, PAGE, PROT_READ | PROT_WRITE);
	}
	vm_stop(&vm);
	report("exec", &vm);
	vm_close(&vm);
}

/* Row 20, 28: a read-only slot, and a file; stores to it come here and change nothing. */
static void test_readonly(void)
{
	struct vm vm;
	struct vcpu *c = &vm.vcpu[0];
	char *ram;

	vm_open(&vm, 4 << 20, 1);
	ram = mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (set_slot(&vm, 1, 0, 0xc0000000u, 16 * PAGE, ram) != -1 || errno != EPERM)
		die("a slot to be written, of memory that cannot be");
	if (set_slot(&vm, 1, KVM_MEM_READONLY, 0xc0000000u, 16 * PAGE, ram))
		die("read-only slot");
	vcpu_setup(c, guest_stamp, 0xc0000000u, 16, 0);
	for (unsigned int i = 0; i < 16; i++) {
		for (unsigned int k = 0; k < 2; k++) {
			uint32_t want = 0xc0000000u + i * PAGE + (k ? 0xffc : 0), val;

			vcpu_step(c);
			memcpy(&val, c->run->mmio.data, 4);
			if (c->run->exit_reason != KVM_EXIT_MMIO || !c->run->mmio.is_write ||
			    c->run->mmio.phys_addr != want || val != i * STAMP_STEP + 1)
				die("store %x: exit %u at %llx of %x", want, c->run->exit_reason,
				    (unsigned long long)c->run->mmio.phys_addr, val);
		}
	}
	for (unsigned int i = 0; i < 16 * PAGE; i++)
		if (ram[i])
			die("a store passed");
	munmap(ram, 16 * PAGE);
	vm_close(&vm);
	printf("readonly\n");
}

static uint64_t free_kb(void)
{
	static const char *const what[] = { "MemFree:", "Buffers:", "Cached:", "SwapCached:" };
	char line[128];
	uint64_t sum = 0;
	unsigned long long v;
	FILE *f;

	write_file("/proc/sys/vm/drop_caches", "3");
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f))
		for (unsigned int i = 0; i < 4; i++)
			if (!strncmp(line, what[i], strlen(what[i])) && sscanf(line, "%*s %llu", &v) == 1)
				sum += v;
	if (f)
		fclose(f);
	return sum;
}

static void one_life(size_t size, bool kill_it)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		struct vm vm;

		vm_open(&vm, size, 2);
		start_stamping(&vm, 0);
		while (kill_it || vm.vcpu[0].round < 2)
			kill_it ? disturb_split(&vm) : disturb_nothing(&vm);
		_exit(0);
	}
	if (kill_it) {
		usleep(rnd(400000));
		kill(pid, SIGKILL);
	}
	waitpid(pid, NULL, 0);
}

/* Row 61: VMs live and are killed; their memory comes back. */
static void test_leak(void)
{
	uint64_t before, after;

	one_life(megabytes << 20, false);
	before = free_kb();
	for (unsigned int i = 0; i < 10 * seconds; i++)
		one_life(megabytes << 20, i & 1);
	usleep(500000);
	after = free_kb();
	printf("leak: %llu KiB free before, %llu after\n", (unsigned long long)before, (unsigned long long)after);
	if (after + 3072 < before)
		die("memory is lost");
}

/* Row 28: a device of the host's, mapped by /dev/mem: the magic of the board's first virtio transport. */
static void test_device(void)
{
	const uint32_t magic = 0x74726976;
	struct vm vm;
	int fd = open("/dev/mem", O_RDWR | O_SYNC);
	volatile uint32_t *dev;

	if (fd < 0)
		die("/dev/mem");
	dev = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0x0a000000);
	if (dev == MAP_FAILED || *dev != magic)
		die("no virtio transport where virt has it");
	vm_open(&vm, 4 << 20, 1);
	if (set_slot(&vm, 1, KVM_MEM_LOG_DIRTY_PAGES, 0xc0000000u, PAGE, (void *)dev) != -1 || errno != EINVAL)
		die("a log of device memory");
	if (set_slot(&vm, 1, 0, 0xc0000000u, PAGE, (void *)dev))
		die("device slot");
	vcpu_setup(&vm.vcpu[0], guest_peek, 0xc0000000u, 1, 0);
	vcpu_step(&vm.vcpu[0]);
	if (vm.vcpu[0].peeked != magic)
		die("the guest reads %x", vm.vcpu[0].peeked);
	/* The process loses it, hence the guest. */
	munmap((void *)dev, PAGE);
	if (ioctl(vm.vcpu[0].fd, KVM_RUN, 0) != -1 || errno != EFAULT)
		die("the guest still has it");
	vm_close(&vm);
	close(fd);
	printf("device\n");
}

/* What a fault costs; under -icount shift=0 the times are instructions of the host. */
static void test_bench(void)
{
	struct vm vm;
	struct vcpu *c = &vm.vcpu[0];
	const unsigned int pages = 1024;
	double t[4];

	vm_open(&vm, AREA + pages * PAGE, 1);
	madvise(vm.ram, vm.size, MADV_NOHUGEPAGE);
	memset(vm.ram + AREA, 1, pages * PAGE);
	vcpu_setup(c, guest_stamp, RAM_IPA + AREA, pages, 0);
	t[0] = now();
	run_rounds(c, 1);
	t[1] = now();
	run_rounds(c, 1);
	if (set_slot(&vm, 0, KVM_MEM_LOG_DIRTY_PAGES, RAM_IPA, vm.size, vm.ram))
		die("log on");
	t[2] = now();
	run_rounds(c, 1);
	t[3] = now();
	printf("bench: ns to map a page %.0f, to log a store %.0f\n", (t[1] - t[0]) * 1e9 / pages,
	       (t[3] - t[2]) * 1e9 / pages);
	vm_close(&vm);
}

/* What KVM_SET_USER_MEMORY_REGION and the log's ioctls refuse, as Linux 5.4 does. */
static void expect(const char *what, int ret, int want)
{
	int got = ret < 0 ? errno : 0;

	if (got != want) {
		errno = got;
		die("%s: %d, not %d", what, got, want);
	}
}

static void test_errno(void)
{
	struct vm vm;
	char *ram = map_aligned(BLOCK);
	unsigned long bits[4] = { 0 };
	struct kvm_dirty_log get = { .slot = 0, .dirty_bitmap = bits };
	struct kvm_clear_dirty_log clr = { .slot = 0, .dirty_bitmap = bits };

	vm_open(&vm, BLOCK, 1);
	expect("unaligned address", set_slot(&vm, 1, 0, 0x1800, PAGE, ram), EINVAL);
	expect("unaligned size", set_slot(&vm, 1, 0, 0x1000, PAGE / 2, ram), EINVAL);
	expect("unaligned memory", set_slot(&vm, 1, 0, 0x1000, PAGE, ram + 4), EINVAL);
	expect("flags", set_slot(&vm, 1, 4, 0x1000, PAGE, ram), EINVAL);
	expect("slot number", set_slot(&vm, 32767, 0, 0x1000, PAGE, ram), EINVAL);
	expect("address space", set_slot(&vm, 1 << 16, 0, 0x1000, PAGE, ram), EINVAL);
	expect("kernel memory", set_slot(&vm, 1, 0, 0x1000, PAGE, (void *)0xfffff000u), EINVAL);
	expect("wrap", set_slot(&vm, 1, 0, ~0xfffULL, 2 * PAGE, ram), EINVAL);
	expect("beyond 40 bits", set_slot(&vm, 1, 0, 1ULL << 40, PAGE, ram), EFAULT);
	expect("across 40 bits", set_slot(&vm, 1, 0, (1ULL << 40) - PAGE, 2 * PAGE, ram), EFAULT);
	expect("overlap", set_slot(&vm, 1, 0, RAM_IPA + BLOCK - PAGE, PAGE, ram), EEXIST);
	expect("beside", set_slot(&vm, 1, 0, RAM_IPA + BLOCK, PAGE, ram), 0);
	expect("move onto another", set_slot(&vm, 1, 0, RAM_IPA, PAGE, ram), EEXIST);
	expect("other memory", set_slot(&vm, 1, 0, RAM_IPA + BLOCK, PAGE, ram + PAGE), EINVAL);
	expect("other size", set_slot(&vm, 1, 0, RAM_IPA + BLOCK, 2 * PAGE, ram), EINVAL);
	expect("read-only afterwards", set_slot(&vm, 1, 2, RAM_IPA + BLOCK, PAGE, ram), EINVAL);
	expect("the same", set_slot(&vm, 1, 0, RAM_IPA + BLOCK, PAGE, ram), 0);
	expect("move", set_slot(&vm, 1, 0, 0x1000, PAGE, ram), 0);
	expect("gone", set_slot(&vm, 1, 0, 0, 0, 0), 0);
	expect("gone twice", set_slot(&vm, 1, 0, 0, 0, 0), EINVAL);
	expect("no log", ioctl(vm.fd, KVM_GET_DIRTY_LOG, &get), ENOENT);
	expect("no log to clear", ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &clr), ENOENT);
	get.slot = 5;
	expect("log of no slot", ioctl(vm.fd, KVM_GET_DIRTY_LOG, &get), ENOENT);
	get.slot = 70000;
	expect("log of no number", ioctl(vm.fd, KVM_GET_DIRTY_LOG, &get), EINVAL);
	expect("read-only with log", set_slot(&vm, 1, 3, 0x1000, 96 * PAGE, ram), 0);
	get.slot = clr.slot = 1;
	expect("log", ioctl(vm.fd, KVM_GET_DIRTY_LOG, &get), 0);
	get.dirty_bitmap = NULL;
	expect("log to nowhere", ioctl(vm.fd, KVM_GET_DIRTY_LOG, &get), EFAULT);
	clr.num_pages = 64;
	expect("clear", ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &clr), 0);
	clr.num_pages = 65;
	expect("clear a part of a word", ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &clr), EINVAL);
	clr.num_pages = 96;
	expect("clear to the end", ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &clr), 0);
	clr.num_pages = 97;
	expect("clear too many", ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &clr), EINVAL);
	clr.num_pages = 32;
	clr.first_page = 64;
	expect("clear the rest", ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &clr), 0);
	clr.first_page = 32;
	expect("clear from the middle of a word", ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &clr), EINVAL);
	clr.first_page = 128;
	expect("clear beyond", ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &clr), EINVAL);
	vm_close(&vm);
	munmap(ram, BLOCK);
	printf("errno\n");
}

static void test_plain(void)
{
	stress("plain", 0, disturb_nothing);
}

static void test_dontneed(void)
{
	stress("dontneed", ZERO_OK, disturb_dontneed);
}

static void test_fork(void)
{
	stress("fork", 0, disturb_fork);
}

static void test_split(void)
{
	stress("split", 0, disturb_split);
}

static void test_migrate(void)
{
	stress("migrate", 0, disturb_migrate);
}

static void test_pageout(void)
{
	stress("pageout", 0, disturb_pageout);
}

static const struct {
	const char *name;
	void (*test)(void);
} tests[] = {
	{ "errno", test_errno },
	{ "plain", test_plain },
	{ "readonly", test_readonly },
	{ "exec", test_exec },
	{ "split", test_split },
	{ "fork", test_fork },
	{ "dontneed", test_dontneed },
	{ "migrate", test_migrate },
	{ "pageout", test_pageout },
	{ "ksm", test_ksm },
	{ "dirty", test_dirty },
	{ "slots", test_slots },
	{ "vmid", test_vmid },
	{ "device", test_device },
	{ "leak", test_leak },
	{ "bench", test_bench },
};

int main(int argc, char **argv)
{
	bool found = false;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 2)
		seconds = (unsigned int)atoi(argv[2]);
	if (argc > 3)
		megabytes = (size_t)atoi(argv[3]);
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (argc < 2 || kvm < 0)
		die("/dev/kvm, or no test named");
	for (unsigned int i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strcmp(argv[1], "all") && strcmp(argv[1], tests[i].name))
			continue;
		found = true;
		tests[i].test();
	}
	if (!found)
		die("no test %s", argv[1]);
	printf("ok\n");
	return 0;
}
