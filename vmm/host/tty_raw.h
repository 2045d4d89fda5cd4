/* SPDX-License-Identifier: GPL-2.0-only */
/* Raw mode of the one terminal that the process may have claimed; for tty.c. */
#ifndef VMM_HOST_TTY_RAW_H
#define VMM_HOST_TTY_RAW_H

#include "arm/base.h"

/* Remembers the mode of terminal @fd and sees to its restoration.  0, -EBUSY or -errno. */
int tty_raw_claim(int fd);
/* Sets raw mode / ends all that claim() did. */
void tty_raw_enter(void);
void tty_raw_release(void);
/* May we use the terminal, or does it serve another job of the shell? */
bool tty_raw_foreground(int fd);

#endif
