/* SPDX-License-Identifier: GPL-2.0-only */
/* What compilers call in guests without a library; volatile, that they do not make calls of the loops. */

void *memcpy(void *to, const void *from, __SIZE_TYPE__ n)
{
	volatile unsigned char *d = to;
	const unsigned char *s = from;

	while (n--)
		*d++ = *s++;
	return to;
}

void *memset(void *to, int c, __SIZE_TYPE__ n)
{
	volatile unsigned char *d = to;

	while (n--)
		*d++ = (unsigned char)c;
	return to;
}
