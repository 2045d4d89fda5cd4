// SPDX-License-Identifier: GPL-2.0-only
/* Row 28: guest memory of hugetlbfs, whose pages are 2 MiB and never anything else. */
#define _GNU_SOURCE
#include <fcntl.h>

#include "kvmtest.h"

#define POOL "/proc/sys/vm/nr_hugepages"
#define HUGE (2u << 20)
#define PAGES 4u		/* huge ones */
#define SMALL (PAGES * 512)
#define BASE 0x90000000u

static int set_pool(unsigned int pages)
{
	FILE *f = fopen(POOL, "w");

	if (!f)
		return -1;
	fprintf(f, "%u", pages);
	return fclose(f);
}

/* kvm/@name in debugfs, of all VMs; this one has it to itself. */
static unsigned long long counter(const char *name)
{
	char path[80];
	unsigned long long value;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%s", name);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%llu", &value) != 1)
		FAIL("%s: %s", path, strerror(errno));
	fclose(f);
	return value;
}

/* The guest's stores, a word in each small page, are those of @rounds rounds. */
static void check_words(const uint8_t *p, uint32_t rounds)
{
	for (uint32_t i = 0; i < SMALL; i++)
		CHECK_EQ(*(const uint32_t *)(p + i * 4096), rounds);
}

static unsigned int count_dirty(struct vm *vm)
{
	uint64_t map[SMALL / 64] = { 0 };
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = map };
	unsigned int n = 0;

	CHECK_EQ(call(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log)), 0);
	for (unsigned int i = 0; i < SMALL / 64; i++)
		n += __builtin_popcountll(map[i]);
	return n;
}

/* Blocks come back: what was split for the log, or unmapped, is one again. */
static void log_and_split(struct vm *vm, struct vcpu *v, uint8_t *p)
{
	unsigned long long blocks = counter("pages_2m"), small;

	CHECK_EQ(vm_slot(vm, 1, KVM_MEM_LOG_DIRTY_PAGES, BASE, PAGES * HUGE, p), 0);
	CHECK_EQ(count_dirty(vm), 0);
	vcpu_until(v, SMALL);
	CHECK_EQ(count_dirty(vm), SMALL);
	CHECK_EQ(counter("pages_2m"), blocks);
	check_words(p, 2);
	CHECK_EQ(vm_slot(vm, 1, 0, BASE, 0, p), 0);
	CHECK_EQ(vm_slot(vm, 1, 0, BASE, PAGES * HUGE, p), 0);
	small = counter("pages_4k");
	vcpu_until(v, SMALL);
	CHECK_EQ(counter("pages_2m"), blocks + PAGES);
	CHECK_EQ(counter("pages_4k"), small);
	check_words(p, 3);
}

TEST(row_28_hugetlb, "pages of hugetlbfs are blocks; a dirty log splits them, a slot that is made anew has them again")
{
	unsigned long long blocks, small;
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	uint8_t *p;
	int fd;

	if (access("/sys/kernel/mm/hugepages/hugepages-2048kB", F_OK) || set_pool(PAGES))
		skip("the kernel has no huge pages of 2 MiB");
	fd = memfd_create("guest", MFD_HUGETLB);
	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, PAGES * HUGE), 0);
	/* Present for writing: else a load first, then a store has each mapped. */
	p = mmap(NULL, PAGES * HUGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		FAIL("no %u huge pages: %s", PAGES, strerror(errno));
	CHECK_EQ(vm_slot(vm, 1, 0, BASE, PAGES * HUGE, p), 0);
	vcpu_start_at(v, GUEST(g_touch_far), SMALL, false);
	vcpu_until(v, 0);
	blocks = counter("pages_2m");
	small = counter("pages_4k");
	vcpu_until(v, SMALL);
	CHECK_EQ(counter("pages_2m"), blocks + PAGES);
	CHECK_EQ(counter("pages_4k"), small);
	check_words(p, 1);
	log_and_split(vm, v, p);
	/* The file loses its last page: the rest goes on, and that page is KVM_RUN's failure. */
	CHECK_EQ(ftruncate(fd, (PAGES - 1) * HUGE), 0);
	CHECK_EQ(vcpu_run(v), EV_ERROR);
	CHECK_EQ(v->err, -EFAULT);
	CHECK_EQ(*(uint32_t *)p, 4);
	CHECK_EQ(*(uint32_t *)(p + (PAGES - 1) * HUGE - 4096), 4);
	vm_free(vm);
	munmap(p, PAGES * HUGE);
	close(fd);
	set_pool(0);
}
