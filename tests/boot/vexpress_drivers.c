/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests/boot/test_vexpress_drivers.py runs in the guest:
 *   flash DEVICE OFFSET          erases, writes and reads a sector of an MTD device
 *   sound DEVICE RATE SECONDS    plays (or records, if DEVICE ends in c) stereo samples of 16 bits
 * Prints what it measured; ends with status 1 and a message when something fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <mtd/mtd-user.h>
#include <sound/asound.h>

#define CHUNK 4800	/* frames */

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void flash(int fd, unsigned int offset)
{
	struct mtd_info_user info;
	struct erase_info_user sector;
	unsigned char *want, *got;

	check(!ioctl(fd, MEMGETINFO, &info), "MEMGETINFO");
	printf("size %#x sector %#x\n", info.size, info.erasesize);
	sector.start = offset;
	sector.length = info.erasesize;
	want = malloc(info.erasesize);
	got = malloc(info.erasesize);
	check(want && got, "malloc");
	check(!ioctl(fd, MEMERASE, &sector), "MEMERASE");
	memset(want, 0xff, info.erasesize);
	check(pread(fd, got, info.erasesize, offset) == (ssize_t)info.erasesize, "pread");
	errno = 0;
	check(!memcmp(want, got, info.erasesize), "not erased");
	for (unsigned int i = 0; i < info.erasesize; i++)
		want[i] = i * 7 + (i >> 8);
	check(pwrite(fd, want, info.erasesize, offset) == (ssize_t)info.erasesize, "pwrite");
	check(pread(fd, got, info.erasesize, offset) == (ssize_t)info.erasesize, "pread");
	errno = 0;
	check(!memcmp(want, got, info.erasesize), "not written");
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void set_mask(struct snd_pcm_hw_params *p, unsigned int n, unsigned int bit)
{
	struct snd_mask *m = &p->masks[n - SNDRV_PCM_HW_PARAM_FIRST_MASK];

	memset(m->bits, 0, sizeof(m->bits));
	m->bits[bit / 32] = 1u << bit % 32;
}

static void set_interval(struct snd_pcm_hw_params *p, unsigned int n, unsigned int val)
{
	struct snd_interval *i = &p->intervals[n - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];

	i->min = i->max = val;
	i->integer = 1;
}

/* Anything, but for these four. */
static void set_params(int fd, unsigned int rate)
{
	struct snd_pcm_hw_params p = { .rmask = ~0u, .info = ~0u };

	memset(p.masks, 0xff, sizeof(p.masks));
	for (size_t i = 0; i < sizeof(p.intervals) / sizeof(p.intervals[0]); i++)
		p.intervals[i].max = UINT_MAX;
	set_mask(&p, SNDRV_PCM_HW_PARAM_ACCESS, SNDRV_PCM_ACCESS_RW_INTERLEAVED);
	set_mask(&p, SNDRV_PCM_HW_PARAM_FORMAT, SNDRV_PCM_FORMAT_S16_LE);
	set_interval(&p, SNDRV_PCM_HW_PARAM_CHANNELS, 2);
	set_interval(&p, SNDRV_PCM_HW_PARAM_RATE, rate);
	check(!ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &p), "HW_PARAMS");
	check(!ioctl(fd, SNDRV_PCM_IOCTL_PREPARE), "PREPARE");
}

static void sound(int fd, int record, unsigned int rate, unsigned int seconds)
{
	static short buf[2 * CHUNK];
	unsigned int left = rate * seconds, restarts = 0;
	double start = now();

	set_params(fd, rate);
	while (left) {
		struct snd_xferi x = { 0, buf, left < CHUNK ? left : CHUNK };
		int ret = ioctl(fd, record ? SNDRV_PCM_IOCTL_READI_FRAMES : SNDRV_PCM_IOCTL_WRITEI_FRAMES, &x);

		if (ret && errno == EPIPE && ++restarts < 100) {
			/* The host took the CPU away for longer than the buffer lasts. */
			check(!ioctl(fd, SNDRV_PCM_IOCTL_PREPARE), "PREPARE");
			continue;
		}
		check(!ret, "transfer");
		left -= x.result;
	}
	if (!record)
		check(!ioctl(fd, SNDRV_PCM_IOCTL_DRAIN), "DRAIN");
	printf("%.3f %u\n", now() - start, restarts);
}

int main(int argc, char **argv)
{
	const char *name = argc > 3 ? argv[2] : "";
	int fd = open(name, O_RDWR);

	check(fd >= 0, name);
	if (!strcmp(argv[1], "flash"))
		flash(fd, strtoul(argv[3], NULL, 0));
	else
		sound(fd, name[strlen(name) - 1] == 'c', atoi(argv[3]), atoi(argv[4]));
	return 0;
}
