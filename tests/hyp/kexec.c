// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec ZIMAGE INITRD: starts another kernel on the board's device tree, with everything
 * where the first one had it.  The tree says where that one's initrd was: this one may not
 * be longer, and zeros follow it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096ul
#define KERNEL_OFFSET 0x10000u	/* in RAM */

static void die(const char *what)
{
	fprintf(stderr, "kexec: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct kexec_segment load(const char *path, uint32_t at)
{
	int fd = open(path, O_RDONLY);
	struct kexec_segment s = { .mem = (void *)(uintptr_t)at };
	struct stat st;
	ssize_t n = 0;
	char *p;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	p = malloc(st.st_size);
	while (p && s.bufsz < (size_t)st.st_size && (n = read(fd, p + s.bufsz, st.st_size - s.bufsz)) > 0)
		s.bufsz += n;
	if (n < 0 || s.bufsz != (size_t)st.st_size)
		die(path);
	s.buf = p;
	s.memsz = (s.bufsz + PAGE - 1) & -PAGE;
	close(fd);
	return s;
}

/* A number of the device tree, of one cell or two: the low one is all that this CPU can use. */
static uint32_t chosen(const char *name)
{
	char path[80];
	uint8_t cell[8];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/device-tree/chosen/%s", name);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, cell, sizeof(cell));
	if (n != 4 && n != 8)
		die(path);
	close(fd);
	return (uint32_t)cell[n - 4] << 24 | cell[n - 3] << 16 | cell[n - 2] << 8 | cell[n - 1];
}

static uint32_t ram_start(void)
{
	FILE *f = fopen("/proc/iomem", "r");
	unsigned long start, end;
	char line[120], what[40];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx : %39[^\n]", &start, &end, what) == 3 && !strcmp(what, "System RAM")) {
			fclose(f);
			return start;
		}
	die("/proc/iomem: no System RAM");
	return 0;
}

int main(int argc, char **argv)
{
	uint32_t start = chosen("linux,initrd-start"), end = chosen("linux,initrd-end"), ram = ram_start();
	struct kexec_segment s[3];

	if (argc != 3) {
		fprintf(stderr, "usage: kexec ZIMAGE INITRD\n");
		return 2;
	}
	s[0] = load(argv[1], ram + KERNEL_OFFSET);
	s[1] = load(argv[2], start & -PAGE);
	s[2] = load("/sys/firmware/fdt", (end + PAGE - 1) & -PAGE);
	if (start % PAGE || s[1].memsz > end - start) {
		fprintf(stderr, "kexec: %s: %zu bytes do not fit into %#x to %#x\n", argv[2], s[1].bufsz, start, end);
		return 1;
	}
	s[1].memsz = (end - start + PAGE - 1) & -PAGE;
	if (syscall(SYS_kexec_load, (uintptr_t)s[0].mem, 3, s, KEXEC_ARCH_DEFAULT))
		die("kexec_load");
	sync();
	syscall(SYS_reboot, 0xfee1dead, 672274793, 0x45584543 /* LINUX_REBOOT_CMD_KEXEC */, NULL);
	die("reboot");
}
