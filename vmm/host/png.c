/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/host/png.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static u8 *to_rgb(unsigned int width, unsigned int height, const u32 *pixels)
{
	size_t n = (size_t)width * height;
	u8 *rgb = malloc(n * 3);

	for (size_t i = 0; rgb && i < n; i++) {
		rgb[3 * i] = pixels[i] >> 16;
		rgb[3 * i + 1] = pixels[i] >> 8;
		rgb[3 * i + 2] = pixels[i];
	}
	return rgb;
}

int png_save(const char *path, unsigned int width, unsigned int height, const u32 *pixels)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = width,
		.height = height,
		.format = PNG_FORMAT_RGB,
	};
	u8 *rgb = to_rgb(width, height, pixels);
	FILE *file;
	int ret = 0;

	if (!rgb)
		return -ENOMEM;
	file = fopen(path, "wbe");
	if (!file) {
		ret = -errno;
		goto out;
	}
	errno = 0;
	if (!png_image_write_to_stdio(&image, file, 0, rgb, 0, NULL))
		ret = errno ? -errno : -EIO;
	if (fclose(file) && !ret)
		ret = -errno;
	if (ret)
		unlink(path);
out:
	free(rgb);
	return ret;
}
