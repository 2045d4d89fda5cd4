// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executes single A32 and T32 instructions for unpredictable.py.
 *
 *   unpredictable_driver    lines from stdin: a|t|h OFFSET IT WORD (hexadecimal);
 *       prints how it ended, the next pc, CPSR, R0..R14 and each byte of data that changed.
 *
 * a: A32, t: T32, h: T16, at OFFSET of the code, in SVC mode, in an IT block with
 * ITSTATE = IT.  Rn = data + 0x400 + 0x40 * n, flags Z and C, data[i] = 7 * i + 3.
 */
#include "arm/cpu_model.h"
#include "tests/unit/front32_rig.h"

static u8 filler(unsigned int i)
{
	return (u8)(7 * i + 3);
}

static void put(unsigned int off, char set, u32 word)
{
	u16 half[2] = { (u16)(word >> 16), (u16)word };

	if (set == 'a')
		memcpy(rig32.code + off, &word, 4);
	else if (set == 't')
		memcpy(rig32.code + off, half, 4);
	else
		memcpy(rig32.code + off, half + 1, 2);
}

static enum rig_stop run_one(unsigned int off, char set, unsigned int it)
{
	rig_set_cpsr(0x600001d3 | (set == 'a' ? 0 : PSR32_T) | psr32_set_it(0, it));
	for (unsigned int n = 0; n < 15; n++)
		rig_set(n, RIG_DATA + 0x400 + 0x40 * n);
	for (unsigned int i = 0; i < RIG_DATA_SIZE; i++)
		rig32.data[i] = filler(i);
	rig32.cpu.st.pc = RIG_CODE + off + (set != 'a');
	rig32.max = 1;
	/* Behind it, it has been done. */
	return rig_run(off + (set == 'h' ? 2 : 4));
}

static void print(enum rig_stop stop)
{
	static const char *const names[] = {
		[RIG_END] = "done", [RIG_FAULT] = "fault", [RIG_ALIGN] = "fault", [RIG_UNDEF] = "undef",
		[RIG_HELPER] = "helper", [RIG_STUCK] = "stuck", [RIG_BAD_IR] = "bad",
	};

	printf("%s %x %x", names[stop], (u32)rig32.cpu.st.pc, rig_cpsr());
	for (unsigned int n = 0; n < 15; n++)
		printf(" %x", rig_get(n));
	for (unsigned int i = 0; i < RIG_DATA_SIZE; i++)
		if (rig32.data[i] != filler(i))
			printf(" %x=%x", i, rig32.data[i]);
	printf("\n");
}

int main(void)
{
	unsigned int off, it, word;
	char set;

	rig32.features = arm_cpu_model_find("max")->features | A32_FEAT_V8_A32 | ARM_FEAT_BIT(ARM_FEAT_AARCH32_EL0);
	while (scanf(" %c %x %x %x", &set, &off, &it, &word) == 4) {
		if (off > RIG_CODE_SIZE / 2)
			return 2;
		memset(rig32.code, 0, sizeof(rig32.code));
		put(off, set, word);
		print(run_one(off, set, it));
	}
	return 0;
}
