// SPDX-License-Identifier: GPL-2.0-only
/* See leaf.h.  Called for small structures only. */
#include "hyp/arm/leaf.h"

void *memset(void *p, int c, __SIZE_TYPE__ n)
{
	unsigned char *b = p;

	while (n--)
		*b++ = (unsigned char)c;
	return p;
}

void *memcpy(void *to, const void *from, __SIZE_TYPE__ n)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	while (n--)
		*t++ = *f++;
	return to;
}
