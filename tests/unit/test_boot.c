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
#include "vmm/machine/pen.h"
#include "vmm/machine/vexpress.h"
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
		{ 0x24, "\x01\x6f\x28\x18", 4, "big-endian 32-bit" },
		{ 0, "\x27\x05\x19\x56", 4, "uImage" },
		{ 0, "\x28\xb5\x2f\xfd", 4, "zstd" },
		{ 0, "\xfd" "7zXZ", 6, "xz" },
		{ 0, "070701", 6, "--initrd" },
		{ 0, "#!/bin/sh", 9, "not an Arm kernel" },
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
	BAD(e.eh.e_machine = EM_ARM, "Arm, 64 bits");
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
	assert_false(boot_is_aarch32(b));
	boot_enter(b, 0, &s);
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

/*
 * A zImage of @len bytes: v6 instructions in its unpacker, and the table of
 * sizes that says @unpacked bytes, of which 0x1000 are BSS, at 0x8000.
 */
static void make_zimage(u8 *p, size_t len, u32 unpacked)
{
	const u32 header[] = {
		0x016f2818, 0, len, 0x04030201, 0x45454545, 0x100,
	};
	const u32 table[] = { 5, 0x5a534c4b, 0x200, 0x1000, 0x8000, 0 };
	const u32 code[] = { 0xe6ef0071, 0xe6bf0f30, 0xe6ff3073 };
	u32 size = unpacked - 0x1000;

	for (size_t i = 0; i < len; i++)
		p[i] = i * 13 + 5;
	memset(p, 0, 0x400);
	memcpy(p + 0x24, header, sizeof(header));
	memcpy(p + 0x100, table, sizeof(table));
	memcpy(p + 0x200, &size, 4);
	memcpy(p + 0x300, code, sizeof(code));
}

static void zimages(void **state)
{
	u8 *z = malloc(9 * MIB);
	struct files f = { .n = 0 };
	struct kernel *k;

	(void)state;
	make_zimage(z, 100000, 7 * MIB);
	k = try_kernel(make_file(&f, z, 100000), NULL);
	assert_true(kernel_is_aarch32(k));
	/* Behind the place of the unpacked kernel, all of which it owns. */
	assert_true(kernel_start(k) == RAM);
	assert_true(kernel_entry(k) == RAM + 8 * MIB);
	assert_true(kernel_end(k) >= RAM + 9 * MIB + 100000);
	kernel_close(k);
	remove_files(&f);
#define BAD(change, len, why) \
	do { \
		make_zimage(z, 100000, 7 * MIB); \
		change; \
		kernel_close(try_kernel(make_file(&f, z, len), why)); \
		remove_files(&f); \
	} while (0)
	BAD(z[0x30] = 4; z[0x31] = 3; z[0x32] = 2; z[0x33] = 1, 100000, "big-endian");
	BAD(z[0x28] = 4, 100000, "ZBOOT_ROM");
	BAD(, 99999, "truncated");
	BAD(memset(z + 0x2c, 0, 4), 100000, "broken zImage header");
	BAD(memset(z + 0x300, 0, 12), 100000, "ARMv5");
	BAD(z[0x203] = 0x7f, 100000, "too large");
	BAD(z[0x203] = 2, 100000, "memory to unpack");
	/* Tables that lead nowhere: the size is guessed. */
	BAD(z[0x38] = z[0x3b] = 0xff, 100000, NULL);
	BAD(memset(z + 0x100, 0xff, 4), 100000, NULL);
	BAD(z[0x10b] = 0xff, 100000, NULL);
	/* Code that begins in Thumb state was built for ARMv7. */
	BAD(memset(z + 0x300, 0, 12); memcpy(z + 0x20, "\x1c\xff\x2f\xe1", 4), 100000, NULL);
#undef BAD
	free(z);
}

struct elf32 {
	Elf32_Ehdr eh;
	Elf32_Phdr ph;
	u8 code[256];
};

static void make_elf32(struct elf32 *e)
{
	memset(e, 0, sizeof(*e));
	memcpy(e->eh.e_ident, ELFMAG, SELFMAG);
	e->eh.e_ident[EI_CLASS] = ELFCLASS32;
	e->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	e->eh.e_type = ET_EXEC;
	e->eh.e_machine = EM_ARM;
	e->eh.e_phoff = offsetof(struct elf32, ph);
	e->eh.e_phentsize = sizeof(Elf32_Phdr);
	e->eh.e_phnum = 1;
	e->eh.e_entry = 0xc0008011;
	e->ph = (Elf32_Phdr){ .p_type = PT_LOAD, .p_offset = offsetof(struct elf32, code),
			      .p_vaddr = 0xc0008000, .p_paddr = RAM + 0x8000, .p_filesz = 256, .p_memsz = 0x2000 };
}

static void elf32_files(void **state)
{
	struct files f = { .n = 0 };
	struct kernel *k;
	struct elf32 e;

	(void)state;
	make_elf32(&e);
	k = try_kernel(make_file(&f, &e, sizeof(e)), NULL);
	assert_true(kernel_is_aarch32(k));
	assert_true(kernel_entry(k) == RAM + 0x8011);
	assert_true(kernel_start(k) == RAM + 0x8000 && kernel_end(k) == RAM + 0xa000);
	kernel_close(k);
	remove_files(&f);
	e.eh.e_entry = 0xc0008012;
	try_kernel(make_file(&f, &e, sizeof(e)), "entry");
	make_elf32(&e);
	e.eh.e_flags = EF_ARM_BE8;
	try_kernel(make_file(&f, &e, sizeof(e)), "big-endian");
	make_elf32(&e);
	e.eh.e_machine = EM_386;
	try_kernel(make_file(&f, &e, sizeof(e)), "x86, 32 bits");
	remove_files(&f);
}

/* What a 32-bit kernel finds: registers, and everything apart from everything. */
static void enter_aarch32(void **state)
{
	struct files f = { .n = 0 };
	struct guest_mem *mem = guest_mem_create();
	u8 *z = malloc(MIB), rd[5000], *host = calloc(1, RAM_SIZE);
	struct arm_state s = { .sp = 77 };
	struct boot *b = NULL;
	struct vm_config cfg;
	char *err = NULL;
	const void *fdt;
	u64 start, end;

	(void)state;
	config_init(&cfg);
	make_zimage(z, MIB, 7 * MIB);
	memset(rd, 0x77, sizeof(rd));
	cfg.kernel = strdup(make_file(&f, z, MIB));
	cfg.initrd = strdup(make_file(&f, rd, sizeof(rd)));
	cfg.memory = RAM_SIZE;
	assert_int_equal(guest_mem_add(mem, RAM, RAM_SIZE, host, false), 0);
	/* The file decides how a cortex-a57 starts. */
	assert_int_equal(boot_open(&cfg, &machine_virt, &b, &err), 0);
	assert_true(boot_is_aarch32(b));
	assert_int_equal(boot_load(b, mem, &err), 0);
	boot_enter(b, 0, &s);
	assert_int_equal(arm_state_psr(&s), PSR32_M_SVC | PSR32_AIF);
	assert_true(s.pc == RAM + 8 * MIB);
	assert_true(s.x[0] == 0 && s.x[1] == 0xffffffff);
	fdt = guest_mem_ptr(mem, s.x[2], 40, false);
	assert_non_null(fdt);
	assert_int_equal(fdt_check_full(fdt, fdt_totalsize(fdt)), 0);
	start = chosen_u64(fdt, "linux,initrd-start");
	end = chosen_u64(fdt, "linux,initrd-end");
	assert_true(start >= RAM + 9 * MIB && end - start == sizeof(rd));
	assert_true(s.x[2] >= end || s.x[2] + fdt_totalsize(fdt) <= start);
	assert_true(s.x[2] >= RAM + 9 * MIB);
	assert_memory_equal(host + 8 * MIB, z, MIB);
	assert_memory_equal(host + (start - RAM), rd, sizeof(rd));
	boot_close(b);
	/* High memory is not for initrd and device tree. */
	cfg.memory = 3ULL << 30;
	assert_int_equal(boot_open(&cfg, &machine_virt, &b, &err), 0);
	boot_enter(b, 0, &s);
	assert_true(s.x[2] < RAM + 704 * MIB);
	boot_close(b);
	config_destroy(&cfg);
	remove_files(&f);
	guest_mem_free(mem);
	free(host);
	free(z);
}

/* The refusals that concern the CPU's width. */
static void widths(void **state)
{
	static const struct {
		const char *cpu;
		bool off, zimage;
		const char *why;
	} rows[] = {
		{ "cortex-a57", false, false, NULL },
		{ "cortex-a57", false, true, NULL },
		{ "cortex-a57", true, true, NULL },
		{ "cortex-a57", true, false, "64-bit kernel and --cpu cortex-a57,aarch64=off" },
		{ "cortex-a15", false, true, NULL },
		{ "cortex-a7", false, true, NULL },
		{ "cortex-a15", false, false, "64-bit kernel and --cpu cortex-a15" },
		{ "max", false, false, NULL },
		{ "max", false, true, "--cpu max has no 32-bit mode" },
		{ "max", true, false, "--cpu max has no 32-bit mode" },
	};
	u8 *z = malloc(MIB);

	(void)state;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows); i++) {
		struct files f = { .n = 0 };
		struct boot *b = NULL;
		struct vm_config cfg;
		char *err = NULL;
		int ret;

		config_init(&cfg);
		cfg.model = arm_cpu_model_find(rows[i].cpu);
		assert_non_null(cfg.model);
		cfg.aarch64_off = rows[i].off;
		cfg.memory = RAM_SIZE;
		if (rows[i].zimage)
			make_zimage(z, MIB, 4 * MIB);
		else
			make_image(z, MIB, 0, MIB, 0);
		/* Without a kernel, --cpu max,aarch64=off is what is refused. */
		if (!rows[i].off || !rows[i].why || strcmp(rows[i].cpu, "max"))
			cfg.kernel = strdup(make_file(&f, z, MIB));
		ret = boot_open(&cfg, &machine_virt, &b, &err);
		if (rows[i].why) {
			assert_int_equal(ret, -EINVAL);
			if (!strstr(err, rows[i].why))
				fail_msg("row %zu: %s", i, err);
		} else {
			if (ret)
				fail_msg("row %zu: %s", i, err);
			assert_int_equal(boot_is_aarch32(b), rows[i].zimage);
		}
		free(err);
		boot_close(b);
		config_destroy(&cfg);
		remove_files(&f);
	}
	free(z);
}

/* A device tree at the end of the zImage is the guest's, with what we add; the zImage is loaded without it. */
static void appended_tree(void **state)
{
	struct files f = { .n = 0 };
	struct guest_mem *mem = guest_mem_create();
	u8 *z = calloc(1, MIB), *host = calloc(1, RAM_SIZE);
	struct arm_state s = { .sp = 0 };
	struct boot *b = NULL;
	struct vm_config cfg;
	char *err = NULL, tree[2048];
	const void *fdt;

	(void)state;
	config_init(&cfg);
	make_zimage(z, 100000, 4 * MIB);
	assert_int_equal(fdt_create_empty_tree(tree, sizeof(tree)), 0);
	fdt_setprop_u32(tree, 0, "#address-cells", 1);
	fdt_setprop_u32(tree, 0, "#size-cells", 1);
	fdt_setprop_string(tree, 0, "model", "mine");
	memcpy(z + 100000, tree, sizeof(tree));
	cfg.memory = RAM_SIZE;
	cfg.append = strdup("word");
	cfg.kernel = strdup(make_file(&f, z, 100000 + sizeof(tree)));
	assert_int_equal(guest_mem_add(mem, RAM, RAM_SIZE, host, false), 0);
	assert_int_equal(boot_open(&cfg, &machine_virt, &b, &err), 0);
	assert_int_equal(boot_load(b, mem, &err), 0);
	boot_enter(b, 0, &s);
	fdt = guest_mem_ptr(mem, s.x[2], 40, false);
	assert_non_null(fdt);
	assert_string_equal(fdt_getprop(fdt, 0, "model", NULL), "mine");
	assert_string_equal(fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", NULL), "word");
	assert_true(fdt_path_offset(fdt, "/memory@40000000") > 0);
	assert_memory_equal(host + (s.pc - RAM), z, 100000);
	assert_int_equal(host[s.pc - RAM + 100000], 0);
	boot_close(b);
	/* A truncated one is said to be. */
	remove_files(&f);
	free(cfg.kernel);
	cfg.kernel = strdup(make_file(&f, z, 100000 + 100));
	assert_true(boot_open(&cfg, &machine_virt, &b, &err) < 0);
	assert_non_null(strstr(err, "truncated device tree"));
	free(err);
	config_destroy(&cfg);
	remove_files(&f);
	guest_mem_free(mem);
	free(host);
	free(z);
}

/* Secondary CPUs of vexpress-a15 wait in SRAM. */
static void pen_on_vexpress(void **state)
{
	const struct machine_type *type = &machine_vexpress_a15;
	struct files f = { .n = 0 };
	struct guest_mem *mem = guest_mem_create();
	u8 *z = malloc(MIB), *host = calloc(1, RAM_SIZE), *sram = calloc(1, VEXPRESS_SRAM_SIZE);
	struct arm_state s = { .sp = 0 };
	struct boot *b = NULL;
	struct vm_config cfg;
	u32 code[PEN_WORDS];
	char *err = NULL;

	(void)state;
	config_init(&cfg);
	cfg.machine = type;
	config_settle(&cfg);
	make_zimage(z, MIB, 4 * MIB);
	cfg.memory = RAM_SIZE;
	cfg.cpus = 2;
	cfg.kernel = strdup(make_file(&f, z, MIB));
	assert_int_equal(guest_mem_add(mem, VEXPRESS_RAM, RAM_SIZE, host, false), 0);
	assert_int_equal(guest_mem_add(mem, VEXPRESS_SRAM, VEXPRESS_SRAM_SIZE, sram, false), 0);
	assert_int_equal(boot_open(&cfg, type, &b, &err), 0);
	assert_int_equal(boot_load(b, mem, &err), 0);
	boot_enter(b, 0, &s);
	assert_true(s.pc == VEXPRESS_RAM + 5 * MIB && s.x[2] > s.pc);
	boot_enter(b, 1, &s);
	assert_true(s.pc == VEXPRESS_SRAM);
	assert_int_equal(arm_state_psr(&s), PSR32_M_SVC | PSR32_AIF);
	assert_int_equal(s.sys[ARM_SLOT_CBAR_EL1], VEXPRESS_PRIVATE);
	memcpy(code, sram, sizeof(code));
	/* LDR of its literals, pc being two words ahead, and the loop back to the barrier. */
	assert_int_equal(code[0], 0xe59f1000 | (16 - 2) * 4);
	assert_int_equal(code[16], VEXPRESS_GICD);
	assert_int_equal(code[3], 0xe59f1000 | (18 - 3 - 2) * 4);
	assert_int_equal(code[18], VEXPRESS_GICC);
	assert_int_equal(code[8], 0xe59f1000 | (19 - 8 - 2) * 4);
	assert_int_equal(code[19], 0x1c010030);
	assert_int_equal(code[13], 0x0a000000 | ((9 - 13 - 2) & 0xffffff));
	assert_int_equal(code[15], 0xe12fff10);
	boot_close(b);
	config_destroy(&cfg);
	remove_files(&f);
	guest_mem_free(mem);
	free(host);
	free(sram);
	free(z);
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
		cmocka_unit_test(zimages),
		cmocka_unit_test(elf32_files),
		cmocka_unit_test(enter_aarch32),
		cmocka_unit_test(widths),
		cmocka_unit_test(appended_tree),
		cmocka_unit_test(pen_on_vexpress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
