/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/machine/kernel.h"

#include <elf.h>
#include <endian.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "vmm/host/log.h"
#include "vmm/machine/zimage.h"
#include "vmm/mem/guest_mem.h"

#define MIB (1ULL << 20)
#define IMAGE_ALIGN (2 * MIB)
#define IMAGE_MAGIC 0x644d5241			/* "ARM\x64", little endian */
#define IMAGE_BIG_ENDIAN (1u << 0)
#define MAX_SEGMENTS 16

/* Linux, Documentation/arch/arm64/booting: the first 64 bytes. */
struct image_header {
	u32 code[2];
	u64 text_offset;
	u64 image_size;
	u64 flags;
	u64 res[3];
	u32 magic;
	u32 pe_offset;		/* of the PE header, in kernels with an EFI stub */
};

struct segment {
	u64 off;		/* in the (unpacked) file */
	u64 filesz;		/* gzip: at most this */
	u64 ipa;
	u64 memsz;
};

struct kernel {
	int fd;
	bool gzip;
	bool aarch32;
	u64 entry;		/* AArch32: bit 0 is Thumb */
	u64 dtb_off, dtb_size;	/* of a device tree appended to a zImage */
	u64 start, end;
	struct segment segments[MAX_SEGMENTS];
	unsigned int nsegments;
};

int boot_file_open(const char *path, int *fd, u64 *size, char **err)
{
	struct stat st;
	/* O_NONBLOCK: a FIFO must not hang us before we know that it is one. */
	int f = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int ret = 0;

	if (f < 0) {
		ret = -errno;
		return err_set(err, ret, "%s", ret == -ENOENT ? "no such file; correct the name" :
			       ret == -EACCES ? "you may not read it; change its permissions" :
			       strerror(-ret));
	}
	if (fstat(f, &st))
		ret = err_set(err, -errno, "%s", strerror(errno));
	else if (S_ISDIR(st.st_mode))
		ret = err_set(err, -EISDIR, "is a directory; name a file");
	else if (!S_ISREG(st.st_mode))
		ret = err_set(err, -EINVAL, "is not a regular file; copy it to one");
	else if (!st.st_size)
		ret = err_set(err, -EINVAL, "is empty");
	if (ret) {
		close(f);
		return ret;
	}
	*fd = f;
	*size = st.st_size;
	return 0;
}

int boot_file_read(int fd, u64 off, void *buf, u64 len)
{
	while (len) {
		ssize_t n = pread(fd, buf, len > 1 << 30 ? 1 << 30 : len, off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EINVAL;
		buf = (u8 *)buf + n;
		off += n;
		len -= n;
	}
	return 0;
}

int boot_file_load(int fd, u64 off, u64 len, struct guest_mem *mem, u64 ipa, char **err)
{
	void *p = guest_mem_ptr(mem, ipa, len, true);
	int ret;

	if (!len)
		return 0;
	if (!p)
		return err_set(err, -EFAULT, "does not fit into the guest's memory");
	ret = boot_file_read(fd, off, p, len);
	guest_mem_written(mem, ipa, len);
	if (ret == -EINVAL)
		return err_set(err, ret, "became shorter while it was read");
	if (ret)
		return err_set(err, ret, "%s", strerror(-ret));
	return 0;
}

/*
 * What people give by mistake, by the bytes that tell it: the message then
 * says what the file is instead of what it is not.
 */
struct signature {
	u16 off;
	u8 len;
	const char *bytes;
	const char *what;
};

static const struct signature signatures[] = {
	{ 0x202, 4, "HdrS", "is an x86 Linux kernel; give an Arm one" },
	{ 0x24, 4, "\x01\x6f\x28\x18", "is a big-endian 32-bit Arm kernel; give a little-endian one" },
	{ 0, 4, "\x27\x05\x19\x56", "is a U-Boot image (uImage); give the Image or zImage inside it" },
	{ 0, 4, "\xd0\x0d\xfe\xed", "is a device tree or FIT image; give the kernel's Image or zImage" },
	{ 4, 4, "zimg", "is an EFI zboot kernel; give the Image inside it" },
	{ 0, 6, "\xfd" "7zXZ", "is compressed with xz; unpack it, or compress it with gzip" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "is compressed with zstd; unpack it, or compress it with gzip" },
	{ 0, 3, "BZh", "is compressed with bzip2; unpack it, or compress it with gzip" },
	{ 0, 4, "\x02\x21\x4c\x18", "is compressed with lz4; unpack it, or compress it with gzip" },
	{ 0, 6, "070701", "is a cpio archive; give it with --initrd" },
};

static int refuse(const u8 *head, size_t len, char **err)
{
	const char *what = "is not an Arm kernel; give an Image, Image.gz, zImage or ELF file";

	for (size_t i = 0; i < ARM_ARRAY_SIZE(signatures); i++) {
		const struct signature *s = &signatures[i];

		if (s->off + s->len <= len && !memcmp(head + s->off, s->bytes, s->len)) {
			what = s->what;
			break;
		}
	}
	return err_set(err, -EINVAL, "%s", what);
}

static int refuse_memory(u64 need, u64 ram_size, char **err)
{
	return err_set(err, -ENOMEM, "needs %llu MiB of memory and the guest has %llu MiB; "
		       "give it more with --memory",
		       (unsigned long long)((need + MIB - 1) / MIB),
		       (unsigned long long)(ram_size / MIB));
}

/*
 * The end of what the sections of a kernel with EFI stub take in the file: all
 * that tells a truncated one.  0 where there is no PE header in @head.
 */
static u64 pe_file_end(const u8 *head, size_t len, u32 pe)
{
	u64 end = 0;
	u16 sections, opt;

	if (pe > len || len - pe < 24 || memcmp(head + pe, "PE\0\0", 4))
		return 0;
	memcpy(&sections, head + pe + 6, 2);
	memcpy(&opt, head + pe + 20, 2);
	for (u64 at = (u64)pe + 24 + opt; sections && at + 40 <= len; sections--, at += 40) {
		u32 raw[2];	/* SizeOfRawData, PointerToRawData */

		memcpy(raw, head + at + 16, 8);
		if ((u64)raw[0] + raw[1] > end)
			end = (u64)raw[0] + raw[1];
	}
	return end;
}

/* @file_size: 0 for a compressed file, whose size nobody knows yet. */
static int plan_image(struct kernel *k, const u8 *head, size_t len, u64 file_size,
		      u64 ram_base, u64 ram_size, char **err)
{
	struct image_header h;
	u64 text, memsz, pe_end;

	memcpy(&h, head, sizeof(h));
	if (le64toh(h.flags) & IMAGE_BIG_ENDIAN)
		return err_set(err, -EINVAL, "is a big-endian kernel; give a little-endian one");
	text = le64toh(h.text_offset);
	memsz = le64toh(h.image_size);
	if (!memsz) {
		/* Before Linux 3.17 there was no size, and the offset was always this. */
		if (!file_size)
			return err_set(err, -EINVAL, "says no size in its header; unpack it first");
		text = 0x80000;
	}
	if (text >= IMAGE_ALIGN)
		return err_set(err, -EINVAL, "has a broken header: text offset %#llx",
			       (unsigned long long)text);
	if (memsz < file_size)
		memsz = file_size;
	if (memsz > ram_size - text)
		return refuse_memory(memsz > UINT64_MAX - text ? memsz : memsz + text, ram_size, err);
	pe_end = pe_file_end(head, len, le32toh(h.pe_offset));
	if (file_size && pe_end > file_size)
		return err_set(err, -EINVAL, "is truncated: %llu bytes of %llu; copy it again",
			       (unsigned long long)file_size, (unsigned long long)pe_end);
	k->segments[0] = (struct segment){ 0, file_size ? file_size : memsz, ram_base + text, memsz };
	k->nsegments = 1;
	k->entry = ram_base + text;
	return 0;
}

static int check_elf(const Elf64_Ehdr *eh, char **err)
{
	bool wide = eh->e_ident[EI_CLASS] == ELFCLASS64;

	if (eh->e_ident[EI_DATA] == ELFDATA2MSB || (eh->e_machine == EM_ARM && eh->e_flags & EF_ARM_BE8))
		return err_set(err, -EINVAL, "is a big-endian ELF file; give a little-endian one");
	if (eh->e_machine != (wide ? EM_AARCH64 : EM_ARM))
		return err_set(err, -EINVAL, "is an ELF file for another machine (%s, %d bits); "
			       "give one for Arm",
			       eh->e_machine == EM_X86_64 || eh->e_machine == EM_386 ? "x86" :
			       eh->e_machine == EM_ARM || eh->e_machine == EM_AARCH64 ? "Arm" : "not Arm",
			       wide ? 64 : 32);
	if (eh->e_type != ET_EXEC && eh->e_type != ET_DYN)
		return err_set(err, -EINVAL, "is an ELF file that cannot be run; link it first");
	if (!eh->e_phnum || eh->e_phentsize != (wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
		return err_set(err, -EINVAL, "is an ELF file without program headers");
	return 0;
}

/* The header of either class, in the fields of the larger one. */
static Elf64_Ehdr elf_header(const u8 *head)
{
	Elf64_Ehdr eh;
	Elf32_Ehdr e32;

	memcpy(&eh, head, sizeof(eh));
	if (eh.e_ident[EI_CLASS] == ELFCLASS64)
		return eh;
	memcpy(&e32, head, sizeof(e32));
	eh.e_type = e32.e_type;
	eh.e_machine = e32.e_machine;
	eh.e_entry = e32.e_entry;
	eh.e_phoff = e32.e_phoff;
	eh.e_flags = e32.e_flags;
	eh.e_phentsize = e32.e_phentsize;
	eh.e_phnum = e32.e_phnum;
	return eh;
}

static int read_phdr(int fd, u64 file_size, const Elf64_Ehdr *eh, unsigned int i, Elf64_Phdr *ph)
{
	Elf32_Phdr p32;
	u64 at;

	if (__builtin_add_overflow(eh->e_phoff, (u64)i * eh->e_phentsize, &at) || at > file_size)
		return -EINVAL;
	if (eh->e_ident[EI_CLASS] == ELFCLASS64)
		return boot_file_read(fd, at, ph, sizeof(*ph));
	if (boot_file_read(fd, at, &p32, sizeof(p32)))
		return -EINVAL;
	*ph = (Elf64_Phdr){
		.p_type = p32.p_type, .p_offset = p32.p_offset, .p_vaddr = p32.p_vaddr,
		.p_paddr = p32.p_paddr, .p_filesz = p32.p_filesz, .p_memsz = p32.p_memsz,
	};
	return 0;
}

static int add_segment(struct kernel *k, const Elf64_Phdr *ph, u64 file_size, u64 ram_base,
		       u64 ram_size, char **err)
{
	u64 off = ph->p_paddr - ram_base;

	if (ph->p_offset > file_size || ph->p_filesz > file_size - ph->p_offset)
		return err_set(err, -EINVAL, "is truncated: a segment ends past the file's end; "
			       "copy it again");
	if (ph->p_filesz > ph->p_memsz)
		return err_set(err, -EINVAL, "is a broken ELF file: a segment with more in the file "
			       "than in memory");
	if (off >= ram_size || ph->p_memsz > ram_size - off)
		return err_set(err, -EINVAL, "has a segment at %#llx..%#llx, and memory is at "
			       "%#llx..%#llx; link it to there, or give more with --memory",
			       (unsigned long long)ph->p_paddr,
			       (unsigned long long)(ph->p_paddr + ph->p_memsz),
			       (unsigned long long)ram_base,
			       (unsigned long long)(ram_base + ram_size));
	for (unsigned int i = 0; i < k->nsegments; i++) {
		const struct segment *s = &k->segments[i];

		if (ph->p_paddr < s->ipa + s->memsz && s->ipa < ph->p_paddr + ph->p_memsz)
			return err_set(err, -EINVAL, "is a broken ELF file: segments overlap");
	}
	if (k->nsegments == MAX_SEGMENTS)
		return err_set(err, -EINVAL, "has more than %d segments", MAX_SEGMENTS);
	k->segments[k->nsegments++] = (struct segment){
		ph->p_offset, ph->p_filesz, ph->p_paddr, ph->p_memsz,
	};
	return 0;
}

static int plan_elf(struct kernel *k, const u8 *head, u64 file_size, u64 ram_base, u64 ram_size,
		    char **err)
{
	const Elf64_Ehdr eh = elf_header(head);
	bool entry_found = false;
	Elf64_Phdr ph;
	int ret = check_elf(&eh, err);

	k->aarch32 = eh.e_machine == EM_ARM;
	for (unsigned int i = 0; !ret && i < eh.e_phnum; i++) {
		if (read_phdr(k->fd, file_size, &eh, i, &ph))
			return err_set(err, -EINVAL, "is truncated: its program headers are missing; "
				       "copy it again");
		if (ph.p_type != PT_LOAD || !ph.p_memsz)
			continue;
		ret = add_segment(k, &ph, file_size, ram_base, ram_size, err);
		/* vmlinux is linked to run elsewhere than where it is loaded. */
		if (!entry_found && eh.e_entry - ph.p_vaddr < ph.p_memsz) {
			entry_found = true;
			k->entry = eh.e_entry - ph.p_vaddr + ph.p_paddr;
		}
	}
	if (ret)
		return ret;
	/* Thumb code begins at any half-word. */
	if (!k->nsegments || !entry_found || (k->aarch32 ? (k->entry & 3) == 2 : k->entry & 3))
		return err_set(err, -EINVAL, "is an ELF file whose entry %#llx is in none of its "
			       "segments", (unsigned long long)eh.e_entry);
	return 0;
}

static int plan_zimage(struct kernel *k, const u8 *head, u64 file_size, u64 ram_base, u64 ram_size,
		       char **err)
{
	struct zimage z;
	int ret;

	if (k->gzip)
		return err_set(err, -EINVAL, "is a zImage compressed once more; unpack it with gunzip");
	ret = zimage_plan(k->fd, file_size, head, ram_base, ram_size, &z, err);
	if (ret)
		return ret;
	k->aarch32 = true;
	k->segments[0] = (struct segment){ 0, z.size, ram_base + z.at, z.end - z.at };
	k->nsegments = 1;
	k->entry = ram_base + z.at;
	k->start = ram_base;
	k->dtb_off = z.dtb_off;
	k->dtb_size = z.dtb_size;
	return 0;
}

/* Up to @len unpacked bytes from the start; the stream is left behind them. */
static gzFile unpack_start(int fd, char **err)
{
	int copy = dup(fd);
	gzFile gz;

	if (copy < 0 || lseek(copy, 0, SEEK_SET) < 0) {
		err_set(err, 0, "%s", strerror(errno));
		if (copy >= 0)
			close(copy);
		return NULL;
	}
	gz = gzdopen(copy, "rb");
	if (!gz) {
		close(copy);
		err_set(err, 0, "%s", strerror(ENOMEM));
		return NULL;
	}
	gzbuffer(gz, 256 << 10);
	return gz;
}

/* Bytes read, fewer only at the end; -EINVAL for a broken stream. */
static s64 unpack(gzFile gz, u8 *buf, u64 len, char **err)
{
	u64 done = 0;
	int n;

	while (done < len) {
		n = gzread(gz, buf + done, len - done > 1 << 30 ? 1 << 30 : len - done);
		if (n < 0)
			break;
		if (!n)
			break;
		done += n;
	}
	gzerror(gz, &n);
	if (n == Z_BUF_ERROR)
		return err_set(err, -EINVAL, "is truncated: the gzip stream has no end; "
			       "copy it again");
	if (n != Z_OK && n != Z_STREAM_END)
		return err_set(err, -EINVAL, "is a broken gzip file; copy it again");
	return done;
}

static int read_head(struct kernel *k, u64 size, u8 *head, size_t room, size_t *len, char **err)
{
	gzFile gz;
	s64 n;

	*len = size < room ? size : room;
	if (boot_file_read(k->fd, 0, head, *len))
		return err_set(err, -EIO, "cannot be read");
	k->gzip = *len >= 3 && head[0] == 0x1f && head[1] == 0x8b;
	if (!k->gzip)
		return 0;
	gz = unpack_start(k->fd, err);
	if (!gz)
		return -EIO;
	memset(head, 0, room);
	n = unpack(gz, head, room, err);
	gzclose(gz);
	if (n < 0)
		return n;
	*len = n;
	return 0;
}

static int plan(struct kernel *k, u64 size, u64 ram_base, u64 ram_size, char **err)
{
	u8 head[4096] __attribute__((aligned(8)));
	size_t len = 0;
	u32 magic;
	int ret = read_head(k, size, head, sizeof(head), &len, err);

	if (ret)
		return ret;
	if (len < sizeof(struct image_header))
		return err_set(err, -EINVAL, "is too short for a kernel (%llu bytes)",
			       (unsigned long long)len);
	memcpy(&magic, head + offsetof(struct image_header, magic), 4);
	if (le32toh(magic) == IMAGE_MAGIC)
		return plan_image(k, head, len, k->gzip ? 0 : size, ram_base, ram_size, err);
	if (!memcmp(head, ELFMAG, SELFMAG)) {
		if (k->gzip)
			return err_set(err, -EINVAL, "is a compressed ELF file; unpack it first");
		return plan_elf(k, head, size, ram_base, ram_size, err);
	}
	if (zimage_is(head, len))
		return plan_zimage(k, head, size, ram_base, ram_size, err);
	return refuse(head, len, err);
}

int kernel_open(const char *path, u64 ram_base, u64 ram_size, struct kernel **out, char **err)
{
	struct kernel *k = calloc(1, sizeof(*k));
	u64 size;
	int ret;

	if (!k)
		return -ENOMEM;
	k->fd = -1;
	k->start = UINT64_MAX;
	ret = boot_file_open(path, &k->fd, &size, err);
	if (!ret)
		ret = plan(k, size, ram_base, ram_size, err);
	if (ret) {
		kernel_close(k);
		return ret;
	}
	for (unsigned int i = 0; i < k->nsegments; i++) {
		const struct segment *s = &k->segments[i];

		if (s->ipa < k->start)
			k->start = s->ipa;
		if (s->ipa + s->memsz > k->end)
			k->end = s->ipa + s->memsz;
	}
	*out = k;
	return 0;
}

void kernel_close(struct kernel *k)
{
	if (!k)
		return;
	if (k->fd >= 0)
		close(k->fd);
	free(k);
}

u64 kernel_start(const struct kernel *k)
{
	return k->start;
}

u64 kernel_end(const struct kernel *k)
{
	return k->end;
}

u64 kernel_entry(const struct kernel *k)
{
	return k->entry;
}

bool kernel_is_aarch32(const struct kernel *k)
{
	return k->aarch32;
}

int kernel_appended_dtb(const struct kernel *k, void **blob, u64 *size)
{
	int ret;

	*blob = NULL;
	*size = k->dtb_size;
	if (!k->dtb_size)
		return 0;
	*blob = malloc(k->dtb_size);
	if (!*blob)
		return -ENOMEM;
	ret = boot_file_read(k->fd, k->dtb_off, *blob, k->dtb_size);
	if (ret) {
		free(*blob);
		*blob = NULL;
	}
	return ret;
}

/* Never more than the header announced: a small file can unpack to anything. */
static int load_gzip(struct kernel *k, struct guest_mem *mem, char **err)
{
	const struct segment *s = &k->segments[0];
	u8 *p = guest_mem_ptr(mem, s->ipa, s->filesz, true);
	gzFile gz;
	u8 more;
	s64 n;

	if (!p)
		return err_set(err, -EFAULT, "does not fit into the guest's memory");
	gz = unpack_start(k->fd, err);
	if (!gz)
		return -EIO;
	n = unpack(gz, p, s->filesz, err);
	if (n >= 0 && (u64)n == s->filesz) {
		n = unpack(gz, &more, 1, err);
		if (n > 0)
			n = err_set(err, -EINVAL, "unpacks to more than its header says");
	}
	gzclose(gz);
	guest_mem_written(mem, s->ipa, s->filesz);
	return n < 0 ? n : 0;
}

int kernel_load(struct kernel *k, struct guest_mem *mem, char **err)
{
	int ret = 0;

	if (k->gzip)
		return load_gzip(k, mem, err);
	for (unsigned int i = 0; !ret && i < k->nsegments; i++) {
		const struct segment *s = &k->segments[i];

		ret = boot_file_load(k->fd, s->off, s->filesz, mem, s->ipa, err);
	}
	return ret;
}
