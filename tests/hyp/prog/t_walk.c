// SPDX-License-Identifier: GPL-2.0-only
/*
 * Row 18: the guest's own tables where no memory is, or memory that it cannot write.  A walk
 * that finds nothing is an external abort of that walk, with the level that stage 1 was at.
 */
#include "kvmtest.h"

#define TABLES 0x90000000u	/* level 2, and level 1 at + 0x4000 */
#define TABLES_SIZE (2u << 20)
#define SMALL_PAGE 0x45eu	/* normal, write-back, shareable; PL1 */

static void run_to_end(struct vm *vm, uint32_t fn, uint32_t arg)
{
	vcpu_start_at(&vm->vcpu[0], fn, arg, false);
	CHECK_EQ(vcpu_finish(&vm->vcpu[0]), 7);
}

/* What lies behind a table that is none is not foreseen: such an access may be of a device. */
static bool answer(struct vcpu *vcpu)
{
	memset(vcpu->run->mmio.data, 0, 8);
	return true;
}

static void in_new_vm(uint32_t fn, uint32_t arg)
{
	struct vm *vm = vm_new(1, 0);

	vm->vcpu[0].mmio = arg == GUEST_GICC ? answer : NULL;
	run_to_end(vm, fn, arg);
	vm_free(vm);
}

TEST(row_18_hole, "tables of short descriptors in a hole: external aborts on the walk, of every access")
{
	in_new_vm(GUEST(g_walk_short), GUEST_HOLE);
}

TEST(row_18_hole_long, "tables of long descriptors in a hole: the same, of each level")
{
	in_new_vm(GUEST(g_walk_long), GUEST_HOLE);
}

TEST(row_18_distributor, "tables in the distributor: it is no memory")
{
	in_new_vm(GUEST(g_walk_short), GUEST_GICD);
}

TEST(row_18_device, "tables in the GIC's CPU interface: the walk ends")
{
	in_new_vm(GUEST(g_walk_device), GUEST_GICC);
}

TEST(row_18_deleted, "tables in a slot that was deleted are in a hole")
{
	struct vm *vm = vm_new(1, 0);
	void *p = anon(TABLES_SIZE);

	CHECK_EQ(vm_slot(vm, 1, 0, GUEST_HOLE, TABLES_SIZE, p), 0);
	/* Empty tables: walks fault by themselves, and have them mapped. */
	run_to_end(vm, GUEST(g_walk_device), GUEST_HOLE);
	CHECK_EQ(vm_slot(vm, 1, 0, GUEST_HOLE, 0, p), 0);
	run_to_end(vm, GUEST(g_walk_short), GUEST_HOLE);
	vm_free(vm);
}

/* Level 1 as the guests' own (lib.c), but for 0xc0000000. */
static void make_tables(uint32_t *second)
{
	uint32_t *first = second + 0x4000 / 4;

	for (uint32_t i = 0; i < 4096; i++)
		first[i] = i << 20 | (i >= GUEST_RAM >> 20 && i < 0xa00 ? 0x11c0e : 0x10c16);
	first[0xc00] = TABLES | 1;
}

/* What VA and the page of the function are now: page @n of GUEST_FREE, of which the first word and code say so. */
static void point_to(struct vm *vm, uint32_t *second, uint32_t n)
{
	uint32_t *page = vm_hva(vm, GUEST_FREE + n * 4096);

	page[0] = n;
	page[512] = 0xe3a00000 | n;		/* mov r0, #n */
	page[513] = 0xe12fff1e;			/* bx lr */
	__builtin___clear_cache((char *)(page + 512), (char *)(page + 514));
	second[0] = (GUEST_FREE + n * 4096) | SMALL_PAGE;
	second[3] = second[0];
}

TEST(row_18_readonly, "tables in a read-only slot work, while the host changes and pages them")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	uint32_t *second = anon(TABLES_SIZE);

	make_tables(second);
	point_to(vm, second, 0);
	CHECK_EQ(vm_slot(vm, 1, KVM_MEM_READONLY, TABLES, TABLES_SIZE, second), 0);
	vcpu_start_at(v, GUEST(g_walk_readonly), TABLES, false);
	for (uint32_t round = 0; round < 40; round++) {
		CHECK_EQ(vcpu_run(v), EV_ASK);
		point_to(vm, second, round % 7);
		/* The tables go from stage 2: the next walk has them mapped again. */
		if (round & 1)
			CHECK_EQ(mprotect(second, TABLES_SIZE, PROT_READ), 0);
		v->run->mmio.data[0] = round % 7;
		vcpu_until(v, round);
		CHECK_EQ(mprotect(second, TABLES_SIZE, PROT_READ | PROT_WRITE), 0);
	}
	CHECK_EQ(vcpu_finish(v), 7);
	vm_free(vm);
}
