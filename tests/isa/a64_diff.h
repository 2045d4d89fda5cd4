/* SPDX-License-Identifier: GPL-2.0-only */
/* What a64_diff_guest.c and a64_diff_host.c pass to each other; see a64_diff.py. */
#ifndef A64_DIFF_H
#define A64_DIFF_H

#include <stdint.h>

#define DIFF_WORDS 8
#define DIFF_BUF_ADDR 0x10000000
#define DIFF_BUF_SIZE 4096

/* Registers as a case begins with them or leaves them.  x28 is not used. */
struct diff_regs {
	uint64_t x[31];
	uint64_t sp;
	uint64_t nzcv;
	uint64_t fpsr;
	uint64_t v[32][2];
};

struct diff_case {
	uint32_t words[DIFF_WORDS];	/* NOP behind the last */
	struct diff_regs regs;
	uint8_t buf[DIFF_BUF_SIZE];	/* memory at DIFF_BUF_ADDR */
};

struct diff_result {
	uint64_t pc;			/* where words stood */
	struct diff_regs regs;
	uint8_t buf[DIFF_BUF_SIZE];
};

#endif
