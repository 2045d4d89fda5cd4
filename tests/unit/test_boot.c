/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel files, good and bad; where things are placed; what is in memory and in CPU 0 at the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "vmm/machine/boot.h"
#include "vmm/machine/kernel.h"
#include "vmm/machine/virt.h"
#include "vmm/mem/ram.h"

#define MIB (1ULL << 20)
#define RAM_SIZE (32 * MIB)
#define RAM VIRT_RAM

/* Files made by a test; removed at its end. */
struct files {
	char name[4][32];
	unsigned int n;
};

static const char *make_file(struct files *f, const void *data, size_t len)
{
	char *name = f->name[f->n++];
	int fd;

	strcpy(name, "/tmp/vambrace-test-XXXXXX");
	fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
	return name;
}

static void remove_files(struct files *f)
{
	while (f->n)
		unlink(f->name[--f->n]);
}

static void put64(u8 *p, u64 v)
{
	for (unsigned int i = 0; i < 8; i++)
		p[i] = v >> (8 * i);
}

/* The header of an arm64 Image over bytes that can be recognised. */
static void make_image(u8 *p, size_t len, u64 text, u64 size, u64 flags)
{
	for (size_t i = 0; i < len; i++)
		p[i] = i * 7 + 1;
	memset(p, 0, 64);
	put64(p + 8, text);
	put64(p + 16, size);
	put64(p + 24, flags);
	memcpy(p + 56, "ARM\x64", 4);
}

/* Opens @name in 32 MiB of RAM; the message must have @why in it, or there must be none. */
static struct kernel *try_kernel(const char *name, const char *why)
{
	struct kernel *k = NULL;
	char *err = NULL;
	int ret = kernel_open(name, RAM, RAM_SIZE, &k, &err);

	if (!why) {
		if (ret)
			fail_msg("refused: %s", err);
		return k;
	}
	assert_true(ret < 0);
	assert_non_null(err);
	if (!strstr(err, why))
		fail_msg("said '%s', not '%s'", err, why);
	free(err);
	return NULL;
}

static void image_is_placed_and_loaded(void **state)
{
	struct files f = { .n = 0 };
	struct guest_mem *mem = guest_mem_create();
	u8 *image = malloc(100000), *host = calloc(1, RAM_SIZE);
	char *err = NULL;
	struct kernel *k;

	(void)state;
	assert_int_equal(guest_mem_add(mem, RAM, RAM_SIZE, host, false), 0);
	make_image(image, 100000, 0x80000, MIB, 0);
	k = try_kernel(make_file(&f, image, 100000), NULL);
	assert_true(kernel_start(k) == RAM + 0x80000);
	assert_true(kernel_end(k) == RAM + 0x80000 + MIB);
	assert_true(kernel_entry(k) == RAM + 0x80000);
	assert_int_equal(kernel_load(k, mem, &err), 0);
	assert_memory_equal(host + 0x80000, image, 100000);
	assert_int_equal(host[0x80000 + 100000], 0);
	kernel_close(k);
	/* Before 3.17: no size, a fixed offset. */
	make_image(image, 100000, 0x1234, 0, 0);
	k = try_kernel(make_file(&f, image, 100000), NULL);
	assert_true(kernel_entry(k) == RAM + 0x80000 && kernel_end(k) == RAM + 0x80000 + 100000);
	kernel_close(k);
	remove_files(&f);
	guest_mem_free(mem);
	free(image);
	free(host);
}

static size_t pack(u8 *out, size_t room, const u8 *in, size_t len)
{
	z_stream z = { .next_in = (u8 *)in, .avail_in = len, .next_out = out, .avail_out = room };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

/* Refused for @why when it is opened, or when it is loaded. */
static void bad_load(const char *name, struct guest_mem *mem, const char *why)
{
	struct kernel *k = NULL;
	char *err = NULL;
	int ret = kernel_open(name, RAM, RAM_SIZE, &k, &err);

	if (!ret)
		ret = kernel_load(k, mem, &err);
	assert_true(ret < 0);
	assert_non_null(err);
	if (!strstr(err, why))
		fail_msg("said '%s', not '%s'", err, why);
	free(err);
	kernel_close(k);
}

static void gzip_images(void **state)
{
	struct files f = { .n = 0 };
	struct guest_mem *mem = guest_mem_create();
	u8 *image = malloc(4 * MIB), *packed = malloc(4 * MIB), *host = calloc(1, RAM_SIZE);
	char *err = NULL;
	struct kernel *k;
	size_t n;

	(void)state;
	assert_int_equal(guest_mem_add(mem, RAM, RAM_SIZE, host, false), 0);
	make_image(image, 300000, 0, MIB, 0);
	n = pack(packed, 4 * MIB, image, 300000);
	k = try_kernel(make_file(&f, packed, n), NULL);
	/* Twice, as over a reboot. */
	for (unsigned int i = 0; i < 2; i++) {
		memset(host, 0, MIB);
		assert_int_equal(kernel_load(k, mem, &err), 0);
		assert_memory_equal(host, image, 300000);
	}
	kernel_close(k);
	bad_load(make_file(&f, packed, n - 9), mem, "truncated");
	packed[n - 6] ^= 0x40;
	bad_load(make_file(&f, packed, n), mem, "broken gzip");
	/* A small file can unpack to anything; not more than the header says is written. */
	make_image(image, 4 * MIB, 0, MIB, 0);
	n = pack(packed, 4 * MIB, image, 4 * MIB);
	memset(host, 0x55, RAM_SIZE);
	bad_load(make_file(&f, packed, n), mem, "more than its header");
	assert_int_equal(host[MIB], 0x55);
	remove_files(&f);
	guest_mem_free(mem);
	free(image);
	free(packed);
	free(host);
}

static void bad_images(void **state)
{
	static const struct {
		u64 text, size, flags;
		const char *why;
	} rows[] = {
		{ 0, MIB, 1, "big-endian" },
		{ 2 * MIB, MIB, 0, "text offset" },
		{ ~0ULL - 4095, MIB, 0, "text offset" },
		{ 0, 1ULL << 63, 0, "memory" },
		{ 0x80000, ~0ULL, 0, "memory" },
		{ 0, RAM_SIZE + 1, 0, "memory" },
		{ 0x1000, RAM_SIZE, 0, "memory" },
	};
	u8 image[4096];

	(void)state;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows); i++) {
		struct files f = { .n = 0 };

		make_image(image, sizeof(image), rows[i].text, rows[i].size, rows[i].flags);
		try_kernel(make_file(&f, image, sizeof(image)), rows[i].why);
		remove_files(&f);
	}
}

static void other_files(void **state)
{
	static const struct {
		size_t at;
		const char *bytes;
		size_t len;
		const char *why;
	} rows[] = {
		{ 0x202, "HdrS", 4, "x86" },
		{ 0x24, "\x18\x28\x6f\x01", 4, "32-bit Arm" },
		{ 0x24, "\x01\x6f\x28\x18", 4, "big-endian 32-bit" },
		{ 0, "\x27\x05\x19\x56", 4, "uImage" },
		{ 0, "\x28\xb5\x2f\xfd", 4, "zstd" },
		{ 0, "\xfd" "7zXZ", 6, "xz" },
		{ 0, "070701", 6, "--initrd" },
		{ 0, "#!/bin/sh", 9, "not an arm64 kernel" },
	};
	struct files f = { .n = 0 };
	u8 data[2048];

	(void)state;
	try_kernel("/nonexistent/kernel", "no such file");
	try_kernel("/tmp", "directory");
	try_kernel("/dev/null", "not a regular file");
	try_kernel(make_file(&f, data, 0), "empty");
	try_kernel(make_file(&f, "hello", 5), "too short");
	remove_files(&f);
	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows); i++) {
		memset(data, 0, sizeof(data));
		memcpy(data + rows[i].at, rows[i].bytes, rows[i].len);
		try_kernel(make_file(&f, data, sizeof(data)), rows[i].why);
		remove_files(&f);
	}
}

/* A PE header as kernels with an EFI stub have it: its sections tell the file's size. */
static void truncated_image(void **state)
{
	struct files f = { .n = 0 };
	u8 image[4096];
	u32 pe = 64, raw[2] = { 3000, 1096 };

	(void)state;
	make_image(image, sizeof(image), 0, MIB, 0);
	memcpy(image + 60, &pe, 4);
	memset(image + 64, 0, 200);
	memcpy(image + 64, "PE\0\0", 4);
	image[64 + 6] = 1;
	image[64 + 20] = 16;
	memcpy(image + 64 + 24 + 16 + 16, raw, 8);
	kernel_close(try_kernel(make_file(&f, image, sizeof(image)), NULL));
	try_kernel(make_file(&f, image, sizeof(image) - 1), "truncated");
	remove_files(&f);
}

struct elf {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	u8 code[256];
};

static void make_elf(struct elf *e)
{
	memset(e, 0, sizeof(*e));
	memcpy(e->eh.e_ident, ELFMAG, SELFMAG);
	e->eh.e_ident[EI_CLASS] = ELFCLASS64;
	e->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	e->eh.e_type = ET_EXEC;
	e->eh.e_machine = EM_AARCH64;
	e->eh.e_phoff = offsetof(struct elf, ph);
	e->eh.e_phentsize = sizeof(Elf64_Phdr);
	e->eh.e_phnum = 2;
	e->eh.e_entry = 0xffff800000000010;
	e->ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = offsetof(struct elf, code),
				 .p_vaddr = 0xffff800000000000, .p_paddr = RAM + 0x10000,
				 .p_filesz = 128, .p_memsz = 0x2000 };
	e->ph[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = offsetof(struct elf, code) + 128,
				 .p_vaddr = 0xffff800000010000, .p_paddr = RAM + 0x20000,
				 .p_filesz = 128, .p_memsz = 128 };
	for (unsigned int i = 0; i < sizeof(e->code); i++)
		e->code[i] = i + 1;
}

static void elf_is_loaded(void **state)
{
	struct files f = { .n = 0 };
	struct guest_mem *mem = guest_mem_create();
	u8 *host = calloc(1, RAM_SIZE);
	char *err = NULL;
	struct kernel *k;
	struct elf e;

	(void)state;
	assert_int_equal(guest_mem_add(mem, RAM, RAM_SIZE, host, false), 0);
	make_elf(&e);
	k = try_kernel(make_file(&f, &e, sizeof(e)), NULL);
	assert_true(kernel_entry(k) == RAM + 0x10010);
	assert_true(kernel_start(k) == RAM + 0x10000 && kernel_end(k) == RAM + 0x20080);
	assert_int_equal(kernel_load(k, mem, &err), 0);
	assert_memory_equal(host + 0x10000, e.code, 128);
	assert_memory_equal(host + 0x20000, e.code + 128, 128);
	assert_int_equal(host[0x10080], 0);
	kernel_close(k);
	remove_files(&f);
	guest_mem_free(mem);
	free(host);
}

static void bad_elfs(void **state)
{
	struct elf e;

	(void)state;
#define BAD(change, why) \
	do { \
		struct files f = { .n = 0 }; \
		make_elf(&e); \
		change; \
		try_kernel(make_file(&f, &e, sizeof(e)), why); \
		remove_files(&f); \
	} while (0)
	BAD(e.eh.e_machine = EM_X86_64, "x86, 64 bits");
	BAD((e.eh.e_machine = EM_ARM, e.eh.e_ident[EI_CLASS] = ELFCLASS32), "Arm, 32 bits");
	BAD(e.eh.e_ident[EI_DATA] = ELFDATA2MSB, "big-endian");
	BAD(e.eh.e_type = ET_REL, "link it");
	BAD(e.eh.e_phnum = 0, "program headers");
	BAD(e.eh.e_phoff = sizeof(e) - 8, "truncated");
	BAD(e.eh.e_phoff = ~0ULL - 8, "truncated");
	BAD(e.ph[1].p_filesz = 129, "truncated");
	BAD(e.ph[1].p_offset = ~0ULL - 10, "truncated");
	BAD(e.ph[0].p_filesz = 0x2001, "truncated");
	BAD((e.ph[1].p_memsz = 100), "more in the file");
	BAD(e.ph[0].p_paddr = 0, "memory is at");
	BAD(e.ph[0].p_memsz = ~0ULL, "memory is at");
	BAD(e.ph[0].p_paddr = RAM + RAM_SIZE - 0x1000, "memory is at");
	BAD(e.ph[1].p_paddr = RAM + 0x11fff, "overlap");
	BAD(e.eh.e_entry = 0, "entry");
	BAD(e.eh.e_entry += 2, "entry");
	BAD(e.ph[0].p_type = e.ph[1].p_type = PT_NOTE, "entry");
#undef BAD
}

static u64 chosen_u64(const void *fdt, const char *name)
{
	int len, node = fdt_path_offset(fdt, "/chosen");
	const fdt64_t *p = fdt_getprop(fdt, node, name, &len);

	assert_non_null(p);
	assert_int_equal(len, 8);
	return fdt64_ld(p);
}

static void everything_in_place(void **state)
{
	struct files f = { .n = 0 };
	struct guest_mem *mem = guest_mem_create();
	u8 image[8192], rd[5000], *host = calloc(1, RAM_SIZE);
	struct vm_config cfg;
	struct arm_state s = { .sp = 77 };
	struct boot *b = NULL;
	char *err = NULL;
	u64 start, end;
	const void *fdt;

	(void)state;
	config_init(&cfg);
	make_image(image, sizeof(image), 0, 3 * MIB + 5, 0);
	memset(rd, 0x77, sizeof(rd));
	cfg.kernel = strdup(make_file(&f, image, sizeof(image)));
	cfg.initrd = strdup(make_file(&f, rd, sizeof(rd)));
	cfg.append = strdup("console=ttyAMA0 x=1");
	cfg.memory = RAM_SIZE;
	cfg.cpus = 3;
	assert_int_equal(guest_mem_add(mem, RAM, RAM_SIZE, host, false), 0);
	assert_int_equal(boot_open(&cfg, &machine_virt, &b, &err), 0);
	assert_int_equal(boot_load(b, mem, &err), 0);
	boot_enter(b, &s);
	assert_true(s.pc == RAM);
	assert_int_equal(s.pstate, PSR_DAIF | PSR_M_EL1H);
	assert_true(s.x[1] == 0 && s.x[2] == 0 && s.x[3] == 0);
	assert_int_equal(s.x[0] & 7, 0);
	fdt = guest_mem_ptr(mem, s.x[0], 40, false);
	assert_non_null(fdt);
	assert_int_equal(fdt_check_full(fdt, fdt_totalsize(fdt)), 0);
	start = chosen_u64(fdt, "linux,initrd-start");
	end = chosen_u64(fdt, "linux,initrd-end");
	assert_true(end - start == sizeof(rd));
	assert_true(start >= RAM + 3 * MIB + 5);
	assert_true(s.x[0] >= end || s.x[0] + fdt_totalsize(fdt) <= start);
	assert_true(s.x[0] >= RAM + 3 * MIB + 5);
	assert_memory_equal(host + (start - RAM), rd, sizeof(rd));
	assert_memory_equal(host, image, sizeof(image));
	assert_string_equal(fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", NULL),
			    "console=ttyAMA0 x=1");
	boot_close(b);
	config_destroy(&cfg);
	remove_files(&f);
	guest_mem_free(mem);
	free(host);
}

static void too_little_memory(void **state)
{
	struct files f = { .n = 0 };
	u8 image[4096], *rd = calloc(1, 20 * MIB);
	struct vm_config cfg;
	struct boot *b = NULL;
	char *err = NULL;

	(void)state;
	config_init(&cfg);
	make_image(image, sizeof(image), 0, 13 * MIB, 0);
	cfg.memory = RAM_SIZE;
	cfg.kernel = strdup(make_file(&f, image, sizeof(image)));
	cfg.initrd = strdup(make_file(&f, rd, 20 * MIB));
	assert_true(boot_open(&cfg, &machine_virt, &b, &err) < 0);
	assert_non_null(strstr(err, "--initrd /tmp/"));
	assert_non_null(strstr(err, "--memory"));
	free(err);
	/* A kernel that fills memory to the last byte leaves no room for the device tree. */
	err = NULL;
	free(cfg.initrd);
	cfg.initrd = NULL;
	cfg.memory = 13 * MIB;
	assert_true(boot_open(&cfg, &machine_virt, &b, &err) < 0);
	assert_non_null(strstr(err, "device tree"));
	free(err);
	config_destroy(&cfg);
	remove_files(&f);
	free(rd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(image_is_placed_and_loaded),
		cmocka_unit_test(gzip_images),
		cmocka_unit_test(bad_images),
		cmocka_unit_test(other_files),
		cmocka_unit_test(truncated_image),
		cmocka_unit_test(elf_is_loaded),
		cmocka_unit_test(bad_elfs),
		cmocka_unit_test(everything_in_place),
		cmocka_unit_test(too_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
