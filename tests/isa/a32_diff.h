/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cases of A32 and T32 code that a32_diff.c makes and a32_diff_guest.c executes
 * on an Arm CPU (or one that QEMU plays).
 */
#ifndef TESTS_ISA_A32_DIFF_H
#define TESTS_ISA_A32_DIFF_H

#include <stdint.h>

#define A32_DIFF_CODE 0x20000000u
#define A32_DIFF_DATA 0x30000000u
#define A32_DIFF_SIZE 4096u

struct a32_case {
	uint32_t thumb, bytes, seed, cpsr;	/* cpsr: NZCV, Q, GE; seed: of the data */
	uint32_t r[15];
	uint8_t code[44];
};

struct a32_result {
	uint32_t signal;	/* 0, or what was raised; then nothing else counts but data */
	uint32_t cpsr, r[15], data;	/* data: a hash */
};

static inline void a32_fill(uint8_t *data, uint32_t seed)
{
	for (unsigned int i = 0; i < A32_DIFF_SIZE; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (uint8_t)(seed >> 24);
	}
}

static inline uint32_t a32_hash(const uint8_t *data)
{
	uint32_t h = 2166136261u;

	for (unsigned int i = 0; i < A32_DIFF_SIZE; i++)
		h = (h ^ data[i]) * 16777619u;
	return h;
}

#endif
