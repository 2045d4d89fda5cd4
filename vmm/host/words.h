/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words in a line of text, for what programs say to each other: blanks and tabs stand between
 * them.  Inside a word \n is a newline, \- is nothing (so that a word can be empty), and a
 * backslash before any other character takes that one as it is.
 */
#ifndef VMM_HOST_WORDS_H
#define VMM_HOST_WORDS_H

#include "arm/base.h"

/* Splits @line in place into at most @max words.  How many, or -E2BIG. */
int words_split(char *line, char **at, unsigned int max);
/* @words with a blank between them, as one line without its newline; malloc'd, NULL on ENOMEM. */
char *words_join(char *const *words, unsigned int n);

/*
 * A text of several lines as one line: newlines are \n and backslashes are
 * doubled, other control characters become '?', for it ends on terminals.  Writes at
 * most @room bytes with the NUL.
 */
void words_pack(char *out, size_t room, const char *text);
/* And back, in place. */
void words_unpack(char *text);

#endif
