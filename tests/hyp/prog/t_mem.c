// SPDX-License-Identifier: GPL-2.0-only
/* Memory slots, dirty logs, and the host's memory management under a running guest. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "kvmtest.h"

#define PAGES 64

TEST(abi_slots, "memory slots: what is refused")
{
	struct vm *vm = vm_new(1, VM_NO_RAM);
	uint8_t *p = anon(4 << 20);
	const size_t size = 0x10000;

	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM, size + 0x100, p), -EINVAL);
	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM, 0x800, p), -EINVAL);
	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM + 1, size, p), -EINVAL);
	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM + 0x800, size, p), -EINVAL);
	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM, size, p + 1), -EINVAL);
	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM, 4096, (void *)(uintptr_t)0xfffff000u), -EINVAL);
	CHECK_EQ(vm_slot(vm, 0, 0, ~0xfffull, 0x2000, p), -EINVAL);
	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM, size, p), 0);
	CHECK_EQ(vm_slot(vm, 1, 0, GUEST_RAM, size, p), -EEXIST);
	CHECK_EQ(vm_slot(vm, 1, 0, GUEST_RAM + 0xf000, size, p), -EEXIST);
	CHECK_EQ(vm_slot(vm, 1, 0, 1ull << 45, size, p), -EFAULT);
	CHECK_EQ(vm_slot(vm, 1, 0, 1ull << 40, 4096, p), -EFAULT);
	CHECK_EQ(vm_slot(vm, 1, 0, (1ull << 40) - 4096, 0x2000, p), -EFAULT);
	CHECK_EQ(vm_slot(vm, 1, 1u << 30, 0x90000000, size, p), -EINVAL);
	CHECK_EQ(vm_slot(vm, 1, 4, 0x90000000, size, p), -EINVAL);
	CHECK_EQ(vm_slot(vm, 1, KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES, 0x90000000, size, p), 0);
	CHECK_EQ(vm_slot(vm, 2, 0, GUEST_RAM + size, size, p), 0);
	/* A size cannot change, nor the memory, nor read-only; an address may, to where nothing is. */
	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM, 2 * size, p), -EINVAL);
	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM, size, p + 4096), -EINVAL);
	CHECK_EQ(vm_slot(vm, 0, KVM_MEM_READONLY, GUEST_RAM, size, p), -EINVAL);
	CHECK_EQ(vm_slot(vm, 1, 0, 0x90000000, size, p), -EINVAL);
	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM + size, size, p), -EEXIST);
	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM, size, p), 0);
	CHECK_EQ(vm_slot(vm, 0, 0, 0xa0000000, size, p), 0);
	CHECK_EQ(vm_slot(vm, 0, 0, 0xa0000000, 0, p), 0);
	CHECK_EQ(vm_slot(vm, 0, 0, 0xa0000000, 0, p), -EINVAL);
	CHECK_EQ(vm_slot(vm, 40000, 0, 0xb0000000, size, p), -EINVAL);
	CHECK_EQ(vm_slot(vm, 32767, 0, 0xb0000000, size, p), -EINVAL);
	CHECK_EQ(vm_slot(vm, 1 << 16, 0, 0xb0000000, size, p), -EINVAL);
	/* What this process itself cannot write must be read-only. */
	CHECK_EQ(mprotect(p, size, PROT_READ), 0);
	CHECK_EQ(vm_slot(vm, 3, 0, 0xb0000000, size, p), -EPERM);
	CHECK_EQ(vm_slot(vm, 3, KVM_MEM_READONLY, 0xb0000000, size, p), 0);
	vm_free(vm);
}

static int clear_log(struct vm *vm, unsigned int slot, uint64_t first, uint32_t pages)
{
	uint64_t bits[4] = { 0 };
	struct kvm_clear_dirty_log clear = {
		.slot = slot, .first_page = first, .num_pages = pages, .dirty_bitmap = bits,
	};

	return call(ioctl(vm->fd, KVM_CLEAR_DIRTY_LOG, &clear));
}

TEST(abi_dirty_log, "the ioctls of the dirty log: what is refused")
{
	struct vm *vm = vm_new(1, VM_NO_RAM);
	uint64_t bits[4] = { 0 };
	struct kvm_dirty_log get = { .slot = 0, .dirty_bitmap = bits };

	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM, 2 << 20, anon(2 << 20)), 0);
	CHECK_EQ(vm_slot(vm, 1, KVM_MEM_LOG_DIRTY_PAGES, 0x1000, 96 * 4096, anon(2 << 20)), 0);
	CHECK_EQ(call(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &get)), -ENOENT);
	CHECK_EQ(clear_log(vm, 0, 0, 0), -ENOENT);
	get.slot = 5;
	CHECK_EQ(call(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &get)), -ENOENT);
	get.slot = 70000;
	CHECK_EQ(call(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &get)), -EINVAL);
	get.slot = 1;
	CHECK_EQ(call(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &get)), 0);
	get.dirty_bitmap = NULL;
	CHECK_EQ(call(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &get)), -EFAULT);
	/* Whole words of 64 pages, but for the end of the slot. */
	CHECK_EQ(clear_log(vm, 1, 0, 64), 0);
	CHECK_EQ(clear_log(vm, 1, 0, 65), -EINVAL);
	CHECK_EQ(clear_log(vm, 1, 0, 96), 0);
	CHECK_EQ(clear_log(vm, 1, 0, 97), -EINVAL);
	CHECK_EQ(clear_log(vm, 1, 64, 32), 0);
	CHECK_EQ(clear_log(vm, 1, 32, 32), -EINVAL);
	CHECK_EQ(clear_log(vm, 1, 128, 32), -EINVAL);
	vm_free(vm);
}

static uint64_t dirty(struct vm *vm)
{
	uint64_t map[GUEST_RAM_SIZE / 4096 / 64] = { 0 };
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = map };
	uint64_t word = 0;

	CHECK_EQ(call(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log)), 0);
	memcpy(&word, &map[(GUEST_FREE - GUEST_RAM) / 4096 / 64], 8);
	return word;
}

TEST(row_25_dirty_log, "the dirty log has exactly the pages that were written, once")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = vm->ram };
	uint32_t state = 7;

	CHECK_EQ(call(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log)), -ENOENT);
	vcpu_start_at(v, GUEST(g_store_page), 0x77, false);
	/* Some of the pages are mapped, by blocks perhaps, before the log begins. */
	for (int i = 0; i < 20; i++) {
		CHECK_EQ(vcpu_run(v), EV_ASK);
		v->run->mmio.data[0] = i;
		vcpu_until(v, i);
	}
	CHECK_EQ(vm_slot(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, GUEST_RAM, GUEST_RAM_SIZE, vm->ram), 0);
	CHECK_EQ(dirty(vm), 0);
	for (int i = 0; i < 200; i++) {
		uint64_t want = 0;

		for (unsigned int n = rnd(&state) % 4; n; n--) {
			uint32_t page = rnd(&state) % 64;

			CHECK_EQ(vcpu_run(v), EV_ASK);
			memcpy(v->run->mmio.data, &page, 4);
			vcpu_until(v, page);
			want |= 1ull << page;
		}
		if (dirty(vm) != want)
			FAIL("round %d: not the pages %#llx", i, (unsigned long long)want);
		CHECK_EQ(dirty(vm), 0);
	}
	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM, GUEST_RAM_SIZE, vm->ram), 0);
	CHECK_EQ(vcpu_run(v), EV_ASK);
	vm_free(vm);
}

TEST(row_25_clear_log, "KVM_CLEAR_DIRTY_LOG: what was got stays dirty until it is cleared")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	struct kvm_enable_cap cap = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, .args[0] = 1 };
	uint64_t bits = ~0ull;
	struct kvm_clear_dirty_log clear = {
		.slot = 0, .num_pages = 64, .first_page = (GUEST_FREE - GUEST_RAM) / 4096, .dirty_bitmap = &bits,
	};

	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2) <= 0)
		skip("no KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2");
	CHECK_EQ(call(ioctl(vm->fd, KVM_ENABLE_CAP, &cap)), 0);
	CHECK_EQ(vm_slot(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, GUEST_RAM, GUEST_RAM_SIZE, vm->ram), 0);
	vcpu_start_at(v, GUEST(g_touch_pages), 5, false);
	vcpu_until(v, 5);
	CHECK_EQ(dirty(vm), 0x1f);
	CHECK_EQ(dirty(vm), 0x1f);
	bits = 0x3;
	CHECK_EQ(call(ioctl(vm->fd, KVM_CLEAR_DIRTY_LOG, &clear)), 0);
	CHECK_EQ(dirty(vm), 0x1c);
	vcpu_until(v, 5);
	CHECK_EQ(dirty(vm), 0x1f);
	clear.num_pages = 63;
	CHECK_EQ(call(ioctl(vm->fd, KVM_CLEAR_DIRTY_LOG, &clear)), -EINVAL);
	clear.num_pages = 64;
	clear.first_page++;
	CHECK_EQ(call(ioctl(vm->fd, KVM_CLEAR_DIRTY_LOG, &clear)), -EINVAL);
	vm_free(vm);
}

TEST(row_20_readonly, "a read-only slot: reads go on, a store goes to user space, exclusives end somehow")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	const uint32_t base = 0x90000000;
	uint32_t *p = anon(2 << 20);
	int stores = 0;

	p[0] = 0x11223344;
	p[1] = 0x55667788;
	CHECK_EQ(vm_slot(vm, 1, KVM_MEM_READONLY, base, 2 << 20, p), 0);
	vcpu_start_at(v, GUEST(g_readonly), base, false);
	CHECK_EQ(vcpu_run(v), EV_MMIO);
	CHECK(v->run->mmio.is_write);
	CHECK_EQ(v->run->mmio.phys_addr, base + 4);
	CHECK_EQ(v->run->mmio.data[0] | v->run->mmio.data[1] << 8, 0xabcd);
	/* The exclusive store: an abort in the guest, or more stores here. */
	for (;;) {
		enum event event = vcpu_run(v);

		if (event == EV_EXIT)
			break;
		CHECK_EQ(event, EV_MMIO);
		CHECK(++stores < 10);
	}
	CHECK_EQ(v->value, 7);
	CHECK_EQ(p[0], 0x11223344);
	CHECK_EQ(p[1], 0x55667788);
	vm_free(vm);
}

static void *watch_main(void *opaque)
{
	struct vcpu *v = opaque;
	uint32_t *events = (uint32_t *)(uintptr_t)v->answer;

	for (;;) {
		enum event event = vcpu_run(v);
		uint32_t word = 0x99;

		if (event == EV_SYNC && v->value == 0xdead)
			return NULL;
		if (event == EV_MMIO && !v->run->mmio.is_write) {
			__atomic_add_fetch(&events[1], 1, __ATOMIC_SEQ_CST);
			memcpy(v->run->mmio.data, &word, 4);
		} else if (event == EV_SYNC) {
			__atomic_store_n(&events[0], v->value, __ATOMIC_SEQ_CST);
		} else {
			FAIL("event %d", event);
		}
	}
}

static void wait_value(uint32_t *p, uint32_t value)
{
	uint64_t began = now_us();

	while (__atomic_load_n(p, __ATOMIC_SEQ_CST) != value)
		if (now_us() - began > 8000000)
			FAIL("the guest does not see %#x, but %#x", value, *p);
}

TEST(row_26_slot_delete, "a slot deleted, moved and made again under a running vCPU: no stale mapping")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	const uint32_t base = 0x90000000;
	static uint32_t events[2];
	uint32_t *a = anon(2 << 20), *b = anon(2 << 20);
	pthread_t t;

	a[0] = 0xa;
	b[0] = 0xb;
	CHECK_EQ(vm_slot(vm, 1, 0, base, 2 << 20, a), 0);
	vcpu_start_at(v, GUEST(g_watch), base, false);
#ifdef __aarch64__
	skip("needs a 32-bit pointer");
#endif
	v->answer = (uint32_t)(uintptr_t)events;
	CHECK_EQ(pthread_create(&t, NULL, watch_main, v), 0);
	wait_value(&events[0], 0xa);
	for (int i = 0; i < 20; i++) {
		CHECK_EQ(vm_slot(vm, 1, 0, base, 0, a), 0);
		wait_value(&events[0], 0x99);
		CHECK_EQ(vm_slot(vm, 1, 0, base, 2 << 20, i & 1 ? a : b), 0);
		wait_value(&events[0], i & 1 ? 0xa : 0xb);
	}
	/* Moved away. */
	CHECK_EQ(vm_slot(vm, 1, 0, base + (16 << 20), 2 << 20, a), 0);
	wait_value(&events[0], 0x99);
	CHECK_EQ(vm_slot(vm, 1, 0, base, 2 << 20, a), 0);
	a[0] = 0xdead;
	pthread_join(t, NULL);
	vm_free(vm);
}

TEST(row_24_block_alignment, "host and guest addresses that differ modulo 2 MiB: the right page everywhere")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	uint8_t *p = anon(8 << 20);
	const uint32_t base = 0x90000000;
	/* ldr r1, [r0]; str r1, [r2]; b .-8: the host changes r0 */
	const uint32_t code[] = { 0xe5901000, 0xe5821000, 0xeafffffc };

	madvise(p, 8 << 20, MADV_HUGEPAGE);
	for (unsigned int i = 0; i < (8 << 20) / 4096; i++)
		*(uint32_t *)(p + i * 4096) = i;
	CHECK_EQ(vm_slot(vm, 1, 0, base, (8 << 20) - 8192, p + 4096), 0);
	memcpy(vm_hva(vm, GUEST_FREE), code, sizeof(code));
	reg32_set(v, CORE_PC, GUEST_FREE);
	reg32_set(v, CORE(2), GUEST_HOLE);
	for (unsigned int i = 1; i < (8 << 20) / 4096 - 1; i += 3) {
		uint32_t got;

		reg32_set(v, CORE(0), base + (i - 1) * 4096);
		CHECK_EQ(vcpu_run(v), EV_MMIO);
		memcpy(&got, v->run->mmio.data, 4);
		CHECK_EQ(got, i);
		v->run->immediate_exit = 1;
		CHECK_EQ(vcpu_run(v), EV_INTR);
		v->run->immediate_exit = 0;
	}
	vm_free(vm);
}

/* What the host does to the guests' memory meanwhile.  Each of two vCPUs has so many pages of it. */
#define HAMMER_PAGES 128
static atomic_bool over;

/*
 * Changes what the process may do with a page, and back.  That splits a huge page.  The
 * guest's own pages stay writable all the time: a store to one that the process may not
 * write is KVM_RUN's -EFAULT, as it should be.
 */
static void protect(uint8_t *ram, size_t off)
{
	bool used = off < 2 * HAMMER_PAGES * 4096;

	mprotect(ram + off, 4096, used ? PROT_READ | PROT_WRITE | PROT_EXEC : PROT_READ);
	mprotect(ram + off, 4096, PROT_READ | PROT_WRITE);
}

static void *disturb(void *opaque)
{
	struct vm *vm = opaque;
	uint8_t *p = vm_hva(vm, GUEST_FREE), *spare = p + (12 << 20);
	uint32_t state = 99;

	while (!atomic_load(&over)) {
		size_t off = (rnd(&state) % 2048) * 4096;

		switch (rnd(&state) % 5) {
		case 0:		/* pages that no guest uses */
			madvise(spare, 2 << 20, MADV_DONTNEED);
			spare[off % (2 << 20)] = 1;
			break;
		case 1:
			protect(p, off);
			break;
		case 2:		/* copy on write for a while */
			if (!fork())
				_exit(0);
			wait(NULL);
			break;
		case 3:
			madvise(p, 8 << 20, rnd(&state) & 1 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
			break;
		case 4:
			madvise(p + off, 16 * 4096, MADV_PAGEOUT);
			break;
		}
		sched_yield();
	}
	return NULL;
}

TEST_LIMIT(row_21_fault_races, 120, "2 vCPUs check their pages while the host splits, shares, copies and pages them")
{
	struct vm *vm = vm_new(2, 0);
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, disturb, vm), 0);
	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < 2; k++)
			vcpu_init(vm, k, vm->psci_features | (k ? 1u << KVM_ARM_VCPU_POWER_OFF : 0));
		/* done is in the image: begin with a fresh one. */
		extern const uint8_t guest_image[], guest_image_end[];
		memset(vm->ram, 0, 1 << 20);
		memcpy(vm->ram, guest_image, guest_image_end - guest_image);
		vcpu_start_at(&vm->vcpu[0], GUEST(g_hammer), 2 << 16 | HAMMER_PAGES, false);
		vcpu_thread(&vm->vcpu[1]);
		vcpu_thread(&vm->vcpu[0]);
		CHECK_EQ(vcpu_join(&vm->vcpu[0]), 7);
		CHECK_EQ(vcpu_join(&vm->vcpu[1]), 0);
	}
	atomic_store(&over, true);
	pthread_join(t, NULL);
	vm_free(vm);
}

TEST(row_23_thp_split, "write protection of one 4K page under a 2M block: the guest's store still arrives")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	uint8_t *p = vm_hva(vm, GUEST_FREE);

	madvise(p, 2 << 20, MADV_HUGEPAGE);
	memset(p, 0, 2 << 20);
	vcpu_start_at(v, GUEST(g_touch_pages), PAGES, false);
	for (uint32_t i = 1; i < 50; i++) {
		vcpu_until(v, PAGES);
		CHECK_EQ(mprotect(p + i * 4096, 4096, PROT_READ), 0);
		CHECK_EQ(*(volatile uint32_t *)(p + i * 4096), i);
		CHECK_EQ(mprotect(p + i * 4096, 4096, PROT_READ | PROT_WRITE), 0);
	}
	vm_free(vm);
}

static void unmap_some(void *arg)
{
	struct vm *vm = arg;
	struct vcpu *v = &vm->vcpu[0];
	uint8_t *p = vm_hva(vm, GUEST_FREE);
	static uint32_t state = 3;

	for (int i = 0; i < 15; i++) {
		size_t from = rnd(&state) % 1024, nr = 1 + rnd(&state) % 1024;

		vcpu_until(v, 2048);
		CHECK_EQ(madvise(p + from * 4096, nr * 4096, MADV_DONTNEED), 0);
		CHECK_EQ(*(uint32_t *)(p + from * 4096), 0);
	}
	CHECK_EQ(madvise(p, 8 << 20, MADV_DONTNEED), 0);
}

TEST_LIMIT(row_27_unmap_edges, 400, "ranges that begin and end inside blocks come and go; no pages are lost")
{
	struct vm *vm = vm_new(1, 0);

	vcpu_start_at(&vm->vcpu[0], GUEST(g_touch_pages), 2048, false);
	check_no_loss(unmap_some, vm, 20);
	vm_free(vm);
}

TEST(row_28_file_memory, "RAM from a shared file: the guest's stores are in the file")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	int fd = open("/tmp/ram", O_RDWR | O_CREAT | O_TRUNC, 0600);
	uint8_t *p;
	uint32_t word;

	CHECK_EQ(ftruncate(fd, 4 << 20), 0);
	p = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	memcpy(p, vm_hva(vm, GUEST_FREE), 4096);
	/* Over the place that g_touch_pages writes to. */
	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM, 0, vm->ram), 0);
	CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM, GUEST_FREE - GUEST_RAM, vm->ram), 0);
	CHECK_EQ(vm_slot(vm, 1, 0, GUEST_FREE, 4 << 20, p), 0);
	vcpu_start_at(v, GUEST(g_touch_pages), 16, false);
	vcpu_until(v, 16);
	vcpu_until(v, 16);
	CHECK_EQ(pread(fd, &word, 4, 15 * 4096), 4);
	CHECK_EQ(word, 2);
	/* The file shrinks under the guest: KVM_RUN fails, nothing else. */
	CHECK_EQ(ftruncate(fd, 4096), 0);
	CHECK_EQ(vcpu_run(v), EV_ERROR);
	CHECK_EQ(v->err, -EFAULT);
	unlink("/tmp/ram");
	vm_free(vm);
}
