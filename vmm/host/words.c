/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/host/words.h"

#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The word at *@in goes to *@out, which is never ahead. */
static void take_word(char **in, char **out)
{
	char *from = *in, *to = *out;

	for (; *from && !is_blank(*from); from++) {
		if (*from != '\\' || !from[1]) {
			*to++ = *from;
			continue;
		}
		from++;
		if (*from != '-')
			*to++ = *from == 'n' ? '\n' : *from;
	}
	*in = from;
	*out = to;
}

int words_split(char *line, char **at, unsigned int max)
{
	char *in = line, *out = line;
	unsigned int n = 0;
	bool more;

	for (;;) {
		while (is_blank(*in))
			in++;
		if (!*in)
			return n;
		if (n == max)
			return -E2BIG;
		at[n++] = out;
		take_word(&in, &out);
		more = *in;
		*out++ = 0;
		in += more;
	}
}

char *words_join(char *const *words, unsigned int n)
{
	size_t room = 1;
	char *line, *p;

	for (unsigned int i = 0; i < n; i++)
		room += 2 * strlen(words[i]) + 3;
	line = p = malloc(room);
	for (unsigned int i = 0; i < n && line; i++) {
		if (i)
			*p++ = ' ';
		if (!*words[i])
			p = stpcpy(p, "\\-");
		for (const char *c = words[i]; *c; c++) {
			if (is_blank(*c) || *c == '\\' || *c == '\n')
				*p++ = '\\';
			*p++ = *c == '\n' ? 'n' : *c;
		}
	}
	if (line)
		*p = 0;
	return line;
}

void words_pack(char *out, size_t room, const char *text)
{
	char *end = out + room - 1;

	for (; *text; text++) {
		bool two = *text == '\n' || *text == '\\';

		if (end - out < 1 + two)
			break;
		if (two)
			*out++ = '\\';
		if (*text == '\n')
			*out++ = 'n';
		else
			*out++ = (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text;
	}
	*out = 0;
}

void words_unpack(char *text)
{
	char *out = text;

	for (; *text; text++) {
		if (*text != '\\' || !text[1]) {
			*out++ = *text;
			continue;
		}
		text++;
		*out++ = *text == 'n' ? '\n' : *text;
	}
	*out = 0;
}
