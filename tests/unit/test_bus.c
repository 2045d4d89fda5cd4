/* SPDX-License-Identifier: GPL-2.0-only */
/* The bus: who gets an access, what is refused; and guest memory as devices see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "vmm/mem/bus.h"
#include "vmm/mem/ram.h"

/* Remembers the last access; does not know 8-byte ones when @narrow. */
struct spy {
	struct device dev;
	bool narrow;
	unsigned int calls, cpu, size;
	u64 off, val;
	u64 seen[2];
};

static enum arm_result spy_read(struct device *dev, unsigned int cpu, u64 off, unsigned int size,
				u64 *val)
{
	struct spy *s = (struct spy *)dev;

	if (size == 8 && s->narrow)
		return ARM_NOT_MINE;
	s->calls++;
	s->cpu = cpu;
	s->size = size;
	s->off = off;
	*val = 0xa0 + off;
	return ARM_HANDLED;
}

static enum arm_result spy_write(struct device *dev, unsigned int cpu, u64 off, unsigned int size,
				 u64 val)
{
	struct spy *s = (struct spy *)dev;

	if (size == 8 && s->narrow)
		return ARM_NOT_MINE;
	s->seen[s->calls++ & 1] = val;
	s->cpu = cpu;
	s->size = size;
	s->off = off;
	return off == 0x40 ? ARM_FORBIDDEN : ARM_HANDLED;
}

static const struct device_ops spy_ops = { .name = "spy", .read = spy_read, .write = spy_write };

static void windows(void **state)
{
	struct spy a = { .dev = { &spy_ops } }, b = a, c = a;
	struct bus *bus = bus_create();
	u64 v;

	(void)state;
	assert_int_equal(bus_add(bus, 0x3000, 0x100, &b.dev), 0);
	assert_int_equal(bus_add(bus, 0x1000, 0x1000, &a.dev), 0);
	assert_int_equal(bus_add(bus, 0x2000, 0x1000, &c.dev), 0);
	/* First and last byte of each, and what lies between. */
	assert_int_equal(bus_read(bus, 0, 0x1000, 1, &v), ARM_HANDLED);
	assert_true(v == 0xa0 && a.calls == 1);
	assert_int_equal(bus_read(bus, 7, 0x1fff, 1, &v), ARM_HANDLED);
	assert_true(a.off == 0xfff && a.cpu == 7);
	assert_int_equal(bus_read(bus, 0, 0x2000, 4, &v), ARM_HANDLED);
	assert_int_equal(c.calls, 1);
	assert_int_equal(bus_read(bus, 0, 0x30fc, 4, &v), ARM_HANDLED);
	assert_true(b.off == 0xfc);
	assert_int_equal(bus_read(bus, 0, 0x3100, 4, &v), ARM_NOT_MINE);
	assert_int_equal(bus_read(bus, 0, 0xfff, 1, &v), ARM_NOT_MINE);
	assert_int_equal(bus_write(bus, 0, ~0ULL, 1, 0), ARM_NOT_MINE);
	/* After a miss the guess of the last window is still checked. */
	assert_int_equal(bus_read(bus, 0, 0x1000, 1, &v), ARM_HANDLED);
	assert_int_equal(a.calls, 3);
	bus_free(bus);
}

static void overlaps(void **state)
{
	struct spy a = { .dev = { &spy_ops } };
	struct bus *bus = bus_create();

	(void)state;
	assert_int_equal(bus_add(bus, 0x1000, 0x1000, &a.dev), 0);
	assert_int_equal(bus_add(bus, 0x1fff, 1, &a.dev), -EEXIST);
	assert_int_equal(bus_add(bus, 0x0, 0x1001, &a.dev), -EEXIST);
	assert_int_equal(bus_add(bus, 0x0, 0x10000, &a.dev), -EEXIST);
	assert_int_equal(bus_add(bus, 0x1800, 0x10, &a.dev), -EEXIST);
	assert_int_equal(bus_add(bus, 0x2000, 0, &a.dev), -EINVAL);
	assert_int_equal(bus_add(bus, ~0ULL, 2, &a.dev), -EINVAL);
	assert_int_equal(bus_add(bus, 0x2000, 0x1000, &a.dev), 0);
	assert_int_equal(bus_add(bus, 0x0, 0x1000, &a.dev), 0);
	bus_free(bus);
}

static void refused_and_split(void **state)
{
	struct spy a = { .dev = { &spy_ops }, .narrow = true }, odd = { .dev = { &spy_ops } };
	struct bus *bus = bus_create();
	u64 v;

	(void)state;
	assert_int_equal(bus_add(bus, 0x1000, 0x1000, &a.dev), 0);
	assert_int_equal(bus_add(bus, 0x8000, 0x14, &odd.dev), 0);
	assert_int_equal(bus_read(bus, 0, 0x1002, 4, &v), ARM_FORBIDDEN);
	assert_int_equal(bus_read(bus, 0, 0x1000, 3, &v), ARM_FORBIDDEN);
	assert_int_equal(bus_read(bus, 0, 0x1000, 0, &v), ARM_FORBIDDEN);
	assert_int_equal(bus_read(bus, 0, 0x1000, 16, &v), ARM_FORBIDDEN);
	assert_int_equal(bus_read(bus, 99, 0x1000, 4, &v), ARM_FORBIDDEN);
	assert_int_equal(bus_read(bus, 0, 0x8010, 8, &v), ARM_FORBIDDEN);
	assert_int_equal(a.calls + odd.calls, 0);
	assert_int_equal(bus_write(bus, 0, 0x1040, 4, 0), ARM_FORBIDDEN);
	a.calls = 0;
	assert_int_equal(bus_read(bus, 0, 0x1008, 8, &v), ARM_HANDLED);
	assert_true(v == 0x000000ac000000a8);
	assert_int_equal(a.calls, 2);
	assert_int_equal(bus_write(bus, 0, 0x1008, 8, 0x1122334455667788), ARM_HANDLED);
	assert_true(a.seen[0] == 0x55667788 && a.seen[1] == 0x11223344 && a.off == 0xc);
	assert_int_equal(bus_write(bus, 0, 0x8008, 8, 0x1122334455667788), ARM_HANDLED);
	assert_true(odd.seen[0] == 0x1122334455667788 && odd.size == 8);
	bus_free(bus);
}

struct heard {
	u64 ipa, len;
	unsigned int calls;
};

static void on_written(void *opaque, u64 ipa, u64 len)
{
	struct heard *h = opaque;

	*h = (struct heard){ ipa, len, h->calls + 1 };
}

static void guest_memory(void **state)
{
	struct guest_mem *mem = guest_mem_create();
	struct heard heard = { 0, 0, 0 };
	u8 ram[0x2000] = { 0 }, rom[0x1000] = { 5 }, buf[4] = { 1, 2, 3, 4 };

	(void)state;
	guest_mem_on_written(mem, on_written, &heard);
	assert_int_equal(guest_mem_add(mem, 0x40000000, sizeof(ram), ram, false), 0);
	assert_int_equal(guest_mem_add(mem, 0x40002000, sizeof(rom), rom, true), 0);
	assert_int_equal(guest_mem_add(mem, 0x40001fff, 1, rom, true), -EEXIST);
	assert_int_equal(guest_mem_add(mem, 0x3ffff000, 0x1001, rom, true), -EEXIST);
	assert_int_equal(guest_mem_add(mem, ~0ULL, 2, rom, true), -EINVAL);
	assert_int_equal(guest_mem_add(mem, 0, 0, rom, true), -EINVAL);

	assert_ptr_equal(guest_mem_ptr(mem, 0x40000000, 0x2000, true), ram);
	assert_ptr_equal(guest_mem_ptr(mem, 0x40001fff, 1, true), ram + 0x1fff);
	assert_null(guest_mem_ptr(mem, 0x40000000, 0, true));
	assert_null(guest_mem_ptr(mem, 0x40000000, 0x2001, false));	/* over two regions */
	assert_null(guest_mem_ptr(mem, 0x40001fff, 2, false));
	assert_null(guest_mem_ptr(mem, 0x3fffffff, 2, false));
	assert_null(guest_mem_ptr(mem, 0x40000008, ~0ULL - 4, false));	/* wraps */
	assert_null(guest_mem_ptr(mem, ~0ULL, 2, false));
	assert_null(guest_mem_ptr(mem, 0x40002000, 1, true));
	assert_ptr_equal(guest_mem_ptr(mem, 0x40002000, 1, false), rom);

	assert_int_equal(guest_mem_write(mem, 0x40000010, buf, 4), 0);
	assert_memory_equal(ram + 0x10, buf, 4);
	assert_true(heard.calls == 1 && heard.ipa == 0x40000010 && heard.len == 4);
	assert_int_equal(guest_mem_write(mem, 0x40002000, buf, 4), -EFAULT);
	assert_int_equal(guest_mem_read(mem, 0x40002ffd, buf, 4), -EFAULT);
	assert_int_equal(guest_mem_read(mem, 0x40002000, buf, 4), 0);
	assert_int_equal(buf[0], 5);
	assert_int_equal(guest_mem_read(mem, 0, buf, 0), 0);
	assert_int_equal(heard.calls, 1);
	guest_mem_free(mem);
}

static void ram(void **state)
{
	void *p = NULL;
	u8 *b;

	(void)state;
	assert_int_equal(ram_alloc(0, &p), -EINVAL);
	assert_int_equal(ram_alloc(~0ULL - 100, &p), -EINVAL);
	assert_int_equal(ram_alloc(16 << 20, &p), 0);
	b = p;
	assert_int_equal((uintptr_t)p & ((2 << 20) - 1), 0);
	assert_int_equal(b[0] | b[(16 << 20) - 1], 0);
	memset(b + 4096, 0xff, 8192);
	ram_discard(p, 16 << 20);
	assert_int_equal(b[4096] | b[12287], 0);
	ram_free(p, 16 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows),
		cmocka_unit_test(overlaps),
		cmocka_unit_test(refused_and_split),
		cmocka_unit_test(guest_memory),
		cmocka_unit_test(ram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
