/* SPDX-License-Identifier: GPL-2.0-only */
/* The device tree of virt against the machine's map, and the patching of a user's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/machine/virt.h"

static const struct fdt_params params = {
	.ram_base = VIRT_RAM,
	.ram_size = 6ULL << 30,
	.cpus = 4,
	.cpu_compatible = "arm,cortex-a57",
	.bootargs = "a b",
	.initrd_start = 0x48000000,
	.initrd_end = 0x48001234,
};

static u32 cell(const void *fdt, const char *path, const char *name, int index)
{
	int len, node = fdt_path_offset(fdt, path);
	const fdt32_t *p = fdt_getprop(fdt, node, name, &len);

	if (node < 0 || !p || len < 4 * (index + 1))
		fail_msg("%s has no %s[%d]", path, name, index);
	return fdt32_ld(p + index);
}

static const char *string(const void *fdt, const char *path, const char *name)
{
	return fdt_getprop(fdt, fdt_path_offset(fdt, path), name, NULL);
}

static void virt_tree(void **state)
{
	struct fdt_blob t;

	(void)state;
	assert_int_equal(fdt_make_virt(&params, &t), 0);
	assert_int_equal(fdt_check_full(t.blob, t.size), 0);
	assert_string_equal(string(t.blob, "/", "compatible"), "linux,dummy-virt");
	assert_int_equal(cell(t.blob, "/memory@40000000", "reg", 1), 0x40000000);
	assert_int_equal(cell(t.blob, "/memory@40000000", "reg", 2), 1);
	assert_int_equal(cell(t.blob, "/memory@40000000", "reg", 3), 0x80000000);
	assert_int_equal(cell(t.blob, "/intc@8000000", "reg", 1), 0x08000000);
	assert_int_equal(cell(t.blob, "/intc@8000000", "reg", 5), 0x08010000);
	assert_int_equal(cell(t.blob, "/", "interrupt-parent", 0),
			 cell(t.blob, "/intc@8000000", "phandle", 0));
	assert_int_equal(cell(t.blob, "/pl011@9000000", "interrupts", 1), 1);
	assert_int_equal(cell(t.blob, "/pl031@9010000", "interrupts", 1), 2);
	assert_int_equal(cell(t.blob, "/pl061@9030000", "interrupts", 1), 7);
	assert_int_equal(cell(t.blob, "/gpio-keys/poweroff", "gpios", 0),
			 cell(t.blob, "/pl061@9030000", "phandle", 0));
	assert_int_equal(cell(t.blob, "/gpio-keys/poweroff", "gpios", 1), 3);
	/* Four CPUs in the masks of the timer's interrupts. */
	for (int i = 0; i < 4; i++) {
		static const u32 ppis[] = { 13, 14, 11, 10 };

		assert_int_equal(cell(t.blob, "/timer", "interrupts", 3 * i + 1), ppis[i]);
		assert_int_equal(cell(t.blob, "/timer", "interrupts", 3 * i + 2), 0xf04);
	}
	assert_string_equal(string(t.blob, "/psci", "method"), "hvc");
	assert_string_equal(string(t.blob, "/chosen", "bootargs"), "a b");
	assert_string_equal(string(t.blob, "/chosen", "stdout-path"), "/pl011@9000000");
	assert_int_equal(cell(t.blob, "/chosen", "linux,initrd-start", 1), 0x48000000);
	assert_int_equal(cell(t.blob, "/chosen", "linux,initrd-end", 1), 0x48001234);
	free(t.blob);
}

static void cpus_and_slots(void **state)
{
	struct fdt_params p = params;
	struct fdt_blob t;
	char path[64];
	int last = 0;

	(void)state;
	for (p.cpus = 1; p.cpus <= 8; p.cpus += 7) {
		assert_int_equal(fdt_make_virt(&p, &t), 0);
		for (unsigned int i = 0; i < 8; i++) {
			snprintf(path, sizeof(path), "/cpus/cpu@%u", i);
			assert_int_equal(fdt_path_offset(t.blob, path) >= 0, i < p.cpus);
			if (i < p.cpus) {
				assert_int_equal(cell(t.blob, path, "reg", 0), i);
				assert_string_equal(string(t.blob, path, "enable-method"), "psci");
			}
		}
		free(t.blob);
	}
	assert_int_equal(fdt_make_virt(&params, &t), 0);
	for (unsigned int i = 0; i < 32; i++) {
		snprintf(path, sizeof(path), "/virtio_mmio@%x", 0x0a000000 + 0x200 * i);
		assert_int_equal(cell(t.blob, path, "interrupts", 1), 16 + i);
		assert_int_equal(cell(t.blob, path, "interrupts", 2), 1);
		assert_int_equal(cell(t.blob, path, "reg", 1), 0x0a000000 + 0x200 * i);
		/* Linux names disks in this order. */
		assert_true(fdt_path_offset(t.blob, path) > last);
		last = fdt_path_offset(t.blob, path);
	}
	free(t.blob);
}

static void seeds_differ(void **state)
{
	struct fdt_blob a, b;
	int len;

	(void)state;
	assert_int_equal(fdt_make_virt(&params, &a), 0);
	assert_int_equal(fdt_make_virt(&params, &b), 0);
	assert_int_equal(a.size, b.size);
	assert_memory_not_equal(string(a.blob, "/chosen", "rng-seed"),
				string(b.blob, "/chosen", "rng-seed"), 32);
	assert_memory_not_equal(string(a.blob, "/chosen", "kaslr-seed"),
				string(b.blob, "/chosen", "kaslr-seed"), 8);
	fdt_getprop(a.blob, fdt_path_offset(a.blob, "/chosen"), "rng-seed", &len);
	assert_int_equal(len, 32);
	free(a.blob);
	free(b.blob);
}

/* A minimal tree of a user's. */
static struct fdt_blob small_tree(u32 address_cells, bool memory)
{
	struct fdt_blob t = { malloc(1024), 0 };

	fdt_create_empty_tree(t.blob, 1024);
	fdt_setprop_u32(t.blob, 0, "#address-cells", address_cells);
	fdt_setprop_u32(t.blob, 0, "#size-cells", address_cells);
	if (memory) {
		int node = fdt_add_subnode(t.blob, 0, "memory");

		fdt_setprop_string(t.blob, node, "device_type", "memory");
		fdt_setprop_u32(t.blob, node, "reg", 1);
	}
	fdt_pack(t.blob);
	t.size = fdt_totalsize(t.blob);
	return t;
}

static void patching(void **state)
{
	struct fdt_blob in = small_tree(2, true), out;
	struct fdt_params p = params;
	char *err = NULL;

	(void)state;
	assert_int_equal(fdt_patch(&in, &p, NULL, &out, &err), 0);
	assert_int_equal(fdt_check_full(out.blob, out.size), 0);
	assert_int_equal(cell(out.blob, "/memory", "reg", 2), 1);
	assert_int_equal(cell(out.blob, "/memory", "reg", 3), 0x80000000);
	assert_string_equal(string(out.blob, "/chosen", "bootargs"), "a b");
	assert_int_equal(cell(out.blob, "/chosen", "linux,initrd-end", 1), 0x48001234);
	assert_non_null(string(out.blob, "/chosen", "rng-seed"));
	free(out.blob);
	free(in.blob);

	in = small_tree(1, false);
	p.ram_size = 64 << 20;
	assert_int_equal(fdt_patch(&in, &p, NULL, &out, &err), 0);
	assert_int_equal(cell(out.blob, "/memory@40000000", "reg", 0), 0x40000000);
	assert_int_equal(cell(out.blob, "/memory@40000000", "reg", 1), 64 << 20);
	free(out.blob);
	/* Six GiB cannot be said in one cell. */
	assert_int_equal(fdt_patch(&in, &params, NULL, &out, &err), -EINVAL);
	assert_non_null(strstr(err, "root node"));
	free(err);
	free(in.blob);

	in = small_tree(3, false);
	assert_int_equal(fdt_patch(&in, &p, NULL, &out, &err), -EINVAL);
	free(err);
	free(in.blob);
}

/* Writes @size bytes of @data, reads them back as a device tree; 0 or what was said is checked. */
static void read_back(const void *data, size_t size, const char *why)
{
	char name[] = "/tmp/vambrace-test-XXXXXX", *err = NULL;
	struct fdt_blob out = { 0 };
	int ret, fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
	ret = fdt_read(name, &out, &err);
	unlink(name);
	if (!why) {
		assert_int_equal(ret, 0);
		free(out.blob);
		return;
	}
	if (!ret || !err || !strstr(err, why))
		fail_msg("%zu bytes: returned %d, said '%s', not '%s'", size, ret, err, why);
	free(err);
}

static void bad_files(void **state)
{
	struct fdt_blob good, deep = { calloc(1, 1 << 20), 1 << 20 };
	u8 *copy;

	(void)state;
	assert_int_equal(fdt_make_virt(&params, &good), 0);
	copy = malloc(good.size);
	read_back(good.blob, good.size, NULL);
	read_back("hello world", 11, "not a device tree");
	read_back("abc", 3, "not a device tree");
	for (size_t n = 4; n < good.size; n += 97)
		read_back(good.blob, n, "truncated");
	/* Each word of the header damaged: refused, or harmless. */
	for (unsigned int at = 4; at < 40; at += 4) {
		char name[] = "/tmp/vambrace-test-XXXXXX", *err = NULL;
		struct fdt_blob out = { 0 };
		int fd = mkstemp(name);

		memcpy(copy, good.blob, good.size);
		memcpy(copy + at, "\x7f\xff\xff\xf0", 4);
		assert_int_equal(write(fd, copy, good.size), good.size);
		close(fd);
		/* A newer version that says it is compatible, and boot_cpuid_phys, are no harm. */
		if (!fdt_read(name, &out, &err))
			assert_true(at == 20 || at == 28);
		unlink(name);
		free(out.blob);
		free(err);
	}
	/* A thousand levels. */
	fdt_create(deep.blob, deep.size);
	fdt_finish_reservemap(deep.blob);
	fdt_begin_node(deep.blob, "");
	for (unsigned int i = 0; i < 1000; i++)
		fdt_begin_node(deep.blob, "n");
	for (unsigned int i = 0; i <= 1000; i++)
		fdt_end_node(deep.blob);
	assert_int_equal(fdt_finish(deep.blob), 0);
	read_back(deep.blob, fdt_totalsize(deep.blob), "broken");
	free(deep.blob);
	free(copy);
	free(good.blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(virt_tree),
		cmocka_unit_test(cpus_and_slots),
		cmocka_unit_test(seeds_differ),
		cmocka_unit_test(patching),
		cmocka_unit_test(bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
