/* SPDX-License-Identifier: GPL-2.0-only */
/* The LCD controller: what it makes of memory, its frames and its interrupts. */
#include "tests/unit/dev_rig.h"
#include "tests/unit/timer_rig.h"

#include <png.h>

#include "vmm/dev/pl111.h"
#include "vmm/mem/guest_mem.h"

#define RAM_BASE 0x80000000ULL
#define RAM_SIZE 0x100000ULL

enum {
	TIM0 = 0x00, TIM1 = 0x04, UPBASE = 0x10, LPBASE = 0x14, CTL = 0x18, IMSC = 0x1c, RIS = 0x20,
	MIS = 0x24, ICR = 0x28, UPCURR = 0x2c, PALETTE = 0x200, CRSR_IMAGE = 0x800, CRSR_CTL = 0xc00,
	CRSR_CFG = 0xc04, CRSR_PAL0 = 0xc08, CRSR_PAL1 = 0xc0c, CRSR_XY = 0xc10, CRSR_CLIP = 0xc14,
	CRSR_IMSC = 0xc20, CRSR_ICR = 0xc24,
};

#define ON (1u << 11 | 1u)
#define TFT (1u << 5)
#define BGR (1u << 8)
#define BEBO (1u << 9)
#define BEPO (1u << 10)
#define BPP(n) ((n) << 1)
#define INT_BASE 4
#define INT_VCOMP 8
#define INT_BUS 16

struct guest_mem {
	u8 *ram;
};

struct fix {
	struct dev_rig rig;
	struct guest_mem mem;
	struct pl111_picture pic;
};

void *guest_mem_ptr(struct guest_mem *mem, u64 ipa, u64 len, bool write)
{
	(void)write;
	if (!len || ipa < RAM_BASE || ipa - RAM_BASE >= RAM_SIZE || len > RAM_SIZE - (ipa - RAM_BASE))
		return NULL;
	return mem->ram + (ipa - RAM_BASE);
}

int guest_mem_read(struct guest_mem *mem, u64 ipa, void *buf, u64 len)
{
	const void *p = guest_mem_ptr(mem, ipa, len, false);

	if (!p)
		return -EFAULT;
	memcpy(buf, p, len);
	return 0;
}

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	/* A block of its own, so that ASan sees what reads behind it. */
	f->mem.ram = calloc(1, RAM_SIZE);
	rig_loop(&f->rig);
	assert_int_equal(pl111_create(&f->rig.clock, &f->mem, rig_irq_line(&f->rig, 0),
				      &f->rig.dev), 0);
	wr(&f->rig, UPBASE, RAM_BASE);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	f->rig.dev->ops->free(f->rig.dev);
	loop_free(f->rig.loop);
	free(f->pic.pixels);
	free(f->mem.ram);
	free(f);
	return 0;
}

static void mode(struct fix *f, u32 width, u32 height, u32 control)
{
	wr(&f->rig, CTL, 0);
	wr(&f->rig, TIM0, (width / 16 - 1) << 2);
	wr(&f->rig, TIM1, height - 1);
	wr(&f->rig, CTL, control | ON);
}

static void snap(struct fix *f)
{
	free(f->pic.pixels);
	f->pic.pixels = NULL;
	assert_int_equal(pl111_picture(f->rig.dev, &f->pic), 0);
}

static u32 at(struct fix *f, u32 x, u32 y)
{
	return f->pic.pixels[y * f->pic.width + x];
}

static void ram32(struct fix *f, u32 off, u32 val)
{
	memcpy(f->mem.ram + off, &val, 4);
}

static void test_identity(void **state)
{
	struct fix *f = *state;

	rig_check_id(&f->rig, 0x00241111);
	assert_int_equal(pl111_picture(f->rig.dev, &f->pic), -ENODATA);
	wr(&f->rig, CTL, 1);
	assert_int_equal(pl111_picture(f->rig.dev, &f->pic), -ENODATA);
	wr(&f->rig, UPBASE, 0xffffffff);
	assert_int_equal(rd(&f->rig, UPBASE), 0xfffffff8);
	wr_n(&f->rig, PALETTE + 5, 1, 0xab);
	wr_n(&f->rig, PALETTE + 6, 2, 0x1234);
	assert_int_equal(rd(&f->rig, PALETTE + 4), 0x1234ab00);
	assert_int_equal(rd_n(&f->rig, PALETTE + 7, 1), 0x12);
}

static void test_direct(void **state)
{
	struct fix *f = *state;

	/* XRGB8888 as Linux sets it up. */
	mode(f, 16, 4, TFT | BGR | BPP(5));
	ram32(f, 0, 0xff123456);
	ram32(f, 4 * (16 * 3 + 15), 0x00abcdef);
	snap(f);
	assert_int_equal(f->pic.width, 16);
	assert_int_equal(f->pic.height, 4);
	assert_int_equal(at(f, 0, 0), 0x123456);
	assert_int_equal(at(f, 15, 3), 0xabcdef);
	mode(f, 16, 4, TFT | BPP(5));
	snap(f);
	assert_int_equal(at(f, 0, 0), 0x563412);
	/* RGB565: red in the upper bits with BGR. */
	mode(f, 16, 4, TFT | BGR | BPP(6));
	ram32(f, 0, 0xf800 | 0x07e0u << 16);
	ram32(f, 4, 0x001f | 0x8410u << 16);
	snap(f);
	assert_int_equal(at(f, 0, 0), 0xff0000);
	assert_int_equal(at(f, 1, 0), 0x00ff00);
	assert_int_equal(at(f, 2, 0), 0x0000ff);
	assert_int_equal(at(f, 3, 0), 0x848284);
	/* Big-endian: the upper half first. */
	mode(f, 16, 4, TFT | BGR | BEBO | BPP(6));
	snap(f);
	assert_int_equal(at(f, 0, 0), 0x00ff00);
	mode(f, 16, 4, TFT | BGR | BPP(4));
	ram32(f, 0, 0x7c00 | 0x03e0u << 16);
	snap(f);
	assert_int_equal(at(f, 0, 0), 0xff0000);
	assert_int_equal(at(f, 1, 0), 0x00ff00);
	mode(f, 16, 4, TFT | BGR | BPP(7));
	ram32(f, 0, 0x0f00 | 0x00a5u << 16);
	snap(f);
	assert_int_equal(at(f, 0, 0), 0xff0000);
	assert_int_equal(at(f, 1, 0), 0x00aa55);
}

static void test_palette(void **state)
{
	struct fix *f = *state;

	wr(&f->rig, PALETTE, 0x001f | 0x03e0u << 16);		/* 0 red, 1 green */
	wr(&f->rig, PALETTE + 4, 0x7c00 | 0x7fffu << 16);	/* 2 blue, 3 white */
	wr(&f->rig, PALETTE + 0x1fc, 0x7c1f0000);		/* 255 magenta */
	mode(f, 16, 2, TFT | BPP(3));
	ram32(f, 0, 0xff020100);
	snap(f);
	assert_int_equal(at(f, 0, 0), 0xff0000);
	assert_int_equal(at(f, 1, 0), 0x00ff00);
	assert_int_equal(at(f, 2, 0), 0x0000ff);
	assert_int_equal(at(f, 3, 0), 0xff00ff);
	mode(f, 16, 2, TFT | BGR | BPP(3));
	snap(f);
	assert_int_equal(at(f, 0, 0), 0x0000ff);
	/* Two bits: in both pixel orders, then from the other end. */
	ram32(f, 0, 0x0000001b);
	mode(f, 16, 2, TFT | BPP(1));
	snap(f);
	assert_int_equal(at(f, 0, 0), 0xffffff);
	assert_int_equal(at(f, 3, 0), 0xff0000);
	mode(f, 16, 2, TFT | BEPO | BPP(1));
	snap(f);
	assert_int_equal(at(f, 0, 0), 0xff0000);
	assert_int_equal(at(f, 3, 0), 0xffffff);
	mode(f, 16, 2, TFT | BEBO | BEPO | BPP(1));
	snap(f);
	assert_int_equal(at(f, 12, 0), 0xff0000);
	assert_int_equal(at(f, 15, 0), 0xffffff);
	/* One bit: the second line begins within the word. */
	ram32(f, 0, 0x80010002);
	mode(f, 16, 2, TFT | BPP(0));
	snap(f);
	assert_int_equal(at(f, 1, 0), 0x00ff00);
	assert_int_equal(at(f, 0, 1), 0x00ff00);
	assert_int_equal(at(f, 14, 1), 0xff0000);
	assert_int_equal(at(f, 15, 1), 0x00ff00);
	ram32(f, 4, 0x30000000);
	mode(f, 16, 2, TFT | BPP(2));
	snap(f);
	assert_int_equal(at(f, 15, 0), 0xffffff);
}

static void test_stn(void **state)
{
	struct fix *f = *state;

	/* A monochrome dual panel: grey by the red field, two bases. */
	wr(&f->rig, PALETTE, 0x001fu << 16);
	wr(&f->rig, LPBASE, RAM_BASE + 0x1000);
	ram32(f, 0, 1);
	ram32(f, 0x1000, 2);
	mode(f, 16, 2, 1 << 4 | 1 << 7 | BPP(0));
	snap(f);
	assert_int_equal(f->pic.height, 4);
	assert_int_equal(at(f, 0, 0), 0xffffff);
	assert_int_equal(at(f, 1, 0), 0);
	assert_int_equal(at(f, 0, 2), 0);
	assert_int_equal(at(f, 1, 2), 0xffffff);
}

/* The largest picture, at the end of memory and beyond it. */
static void test_limits(void **state)
{
	struct fix *f = *state;

	memset(f->mem.ram, 0xff, RAM_SIZE);
	wr(&f->rig, UPBASE, RAM_BASE + RAM_SIZE - 4096 * 3 - 8);
	wr(&f->rig, TIM0, ~0u);
	wr(&f->rig, TIM1, ~0u);
	wr(&f->rig, CTL, ON | TFT | BPP(5));
	snap(f);
	assert_int_equal(f->pic.width, PL111_WIDTH_MAX);
	assert_int_equal(f->pic.height, 1024);
	assert_int_equal(at(f, 1023, 2), 0xffffff);
	assert_int_equal(at(f, 0, 3), 0);	/* this line is not wholly there */
	assert_int_equal(at(f, 1023, 1023), 0);
	wr(&f->rig, CTL, 0);
	wr(&f->rig, UPBASE, 0xfffffff8);
	wr(&f->rig, LPBASE, 0);
	wr(&f->rig, CTL, ON | 1 << 7 | BPP(5));
	snap(f);
	assert_int_equal(f->pic.height, PL111_HEIGHT_MAX);
	wr(&f->rig, IMSC, INT_BUS);
	timer_rig_pass_ms(40);
	assert_true(rd(&f->rig, MIS) & INT_BUS);
}

static void test_cursor(void **state)
{
	struct fix *f = *state;

	mode(f, 64, 48, TFT | BGR | BPP(5));
	for (u32 i = 0; i < 64 * 48; i++)
		ram32(f, 4 * i, 0x00ff00);
	/* Image 2; its pixel 0,0 palette 1, 1,0 transparent, 2,0 inverse, 31,31 palette 1. */
	for (u32 i = 0; i < 256; i++)
		wr(&f->rig, CRSR_IMAGE + 4 * i, 0);
	wr(&f->rig, CRSR_IMAGE + 0x200, 0x6c);
	wr(&f->rig, CRSR_IMAGE + 0x2fc, 0x01000000);
	wr(&f->rig, CRSR_PAL0, 0x0000aa);
	wr(&f->rig, CRSR_PAL1, 0x332211);
	wr(&f->rig, CRSR_XY, 10 << 16 | 20);
	snap(f);
	assert_int_equal(at(f, 20, 10), 0x00ff00);
	wr(&f->rig, CRSR_CTL, 0x21);
	snap(f);
	assert_int_equal(at(f, 19, 10), 0x00ff00);
	assert_int_equal(at(f, 20, 10), 0x112233);
	assert_int_equal(at(f, 21, 10), 0x00ff00);
	assert_int_equal(at(f, 22, 10), 0xff00ff);
	assert_int_equal(at(f, 23, 10), 0xaa0000);
	assert_int_equal(at(f, 51, 41), 0x112233);
	assert_int_equal(at(f, 52, 41), 0x00ff00);
	/* Clipped on the left and at the top, over the edge on the right. */
	wr(&f->rig, CRSR_CLIP, 31 << 8 | 31);
	wr(&f->rig, CRSR_XY, 47 << 16 | 63);
	snap(f);
	assert_int_equal(at(f, 63, 47), 0x112233);
	assert_int_equal(at(f, 62, 47), 0x00ff00);
	/* A large one, far outside and not. */
	wr(&f->rig, CRSR_CFG, 1);
	wr(&f->rig, CRSR_CLIP, 0);
	wr(&f->rig, CRSR_XY, 0x3ff << 16 | 0x3ff);
	snap(f);
	wr(&f->rig, CRSR_XY, 0);
	wr(&f->rig, CRSR_IMAGE + 4 * (4 * 40 + 3), 0x40);
	snap(f);
	assert_int_equal(at(f, 48, 40), 0x112233);
	wr(&f->rig, CRSR_IMSC, 1);
	timer_rig_pass_ms(40);
	assert_true(rig_irq(&f->rig, 0));
	wr(&f->rig, CRSR_CTL, 0);
	wr(&f->rig, CRSR_ICR, 1);
	assert_false(rig_irq(&f->rig, 0));
}

static void test_frames(void **state)
{
	struct fix *f = *state;
	u32 cur;

	ram32(f, 0, 0x111111);
	ram32(f, 0x8000, 0x222222);
	timer_rig_pass_ms(25);
	assert_int_equal(rd(&f->rig, RIS), 0);	/* it is off */
	/* A new base counts from the next frame on; once more if that has just begun. */
	do {
		wr(&f->rig, UPBASE, RAM_BASE);
		mode(f, 64, 48, TFT | BPP(5));
		wr(&f->rig, ICR, 0x1e);
		wr(&f->rig, UPBASE, RAM_BASE + 0x8000);
		snap(f);
	} while (rd(&f->rig, RIS));
	assert_int_equal(at(f, 0, 0), 0x111111);
	timer_rig_pass_ms(25);
	assert_int_equal(rd(&f->rig, RIS), INT_BASE | INT_VCOMP);
	snap(f);
	assert_int_equal(at(f, 0, 0), 0x222222);
	cur = rd(&f->rig, UPCURR) - (RAM_BASE + 0x8000);
	assert_true(cur < 64 * 48 * 4);
	assert_int_equal(rig_irq(&f->rig, 0), false);
	wr(&f->rig, ICR, 0x1e);
	wr(&f->rig, IMSC, INT_BASE);
	f->rig.edges[0] = 0;
	for (int i = 0; i < 10; i++) {
		assert_false(rig_irq(&f->rig, 0));
		timer_rig_pass_ms(17);
		assert_int_equal(rd(&f->rig, MIS), INT_BASE);
		wr(&f->rig, ICR, INT_BASE);
	}
	assert_int_equal(f->rig.edges[0], 10);
	wr(&f->rig, CTL, 0);
	wr(&f->rig, ICR, 0x1e);
	timer_rig_pass_ms(25);
	assert_false(rig_irq(&f->rig, 0));
	f->rig.dev->ops->reset(f->rig.dev);
	assert_int_equal(rd(&f->rig, UPBASE), 0);
}

static void test_screenshot(void **state)
{
	struct fix *f = *state;
	char path[] = "/tmp/test_pl111.XXXXXX";
	png_image image = { .version = PNG_IMAGE_VERSION };
	u8 *rgb;
	int fd = mkstemp(path);

	assert_int_equal(pl111_screenshot(f->rig.dev, path), -ENODATA);
	mode(f, 32, 10, TFT | BGR | BPP(5));
	for (u32 i = 0; i < 320; i++)
		ram32(f, 4 * i, i * 0x010305 & 0xffffff);
	assert_int_equal(pl111_screenshot(f->rig.dev, "/nonexistent/x.png"), -ENOENT);
	assert_int_equal(pl111_screenshot(f->rig.dev, path), 0);
	assert_true(png_image_begin_read_from_file(&image, path));
	assert_int_equal(image.width, 32);
	assert_int_equal(image.height, 10);
	image.format = PNG_FORMAT_RGB;
	rgb = malloc(PNG_IMAGE_SIZE(image));
	assert_true(png_image_finish_read(&image, NULL, rgb, 0, NULL));
	for (u32 i = 0; i < 320; i++)
		assert_int_equal(rgb[3 * i] << 16 | rgb[3 * i + 1] << 8 | rgb[3 * i + 2],
				 i * 0x010305 & 0xffffff);
	free(rgb);
	close(fd);
	unlink(path);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_identity), T(test_direct), T(test_palette), T(test_stn), T(test_limits),
		T(test_cursor), T(test_frames), T(test_screenshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
