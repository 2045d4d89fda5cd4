// SPDX-License-Identifier: GPL-2.0-only
/*
 * The decoder of loads and stores without a syndrome against the translator: any
 * encoding of A32 and T32, run by its front end and interpreter on a memory that
 * says what was touched, must have touched what the decoder says, and left the
 * registers as a device access that was finished by that description would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arm/cpu_model.h"
#include "arm/mmio_decode.h"
#include "tests/unit/front32_rig.h"

static u64 seed = 0x9e3779b97f4a7c15;

static u32 rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (u32)(seed * 0x2545f4914f6cdd1d >> 32);
}

/* The state that the case began with. */
static struct {
	u32 r[16];
	u64 d[32];
	u8 data[RIG_DATA_SIZE];
} was;

static unsigned long ran, refused, faults;

static u64 *vfp(unsigned int n)
{
	return &rig32.cpu.st.v[n / 2].d[n & 1];
}

/* Pointers into the data, and small numbers that serve as offsets. */
static u32 random_reg(void)
{
	u32 at = RIG_DATA + RIG_DATA_SIZE / 2;

	switch (rnd() & 7) {
	case 0:
		return rnd() & 63;
	case 1:
		return -(rnd() & 63);
	case 2:
		return at + (rnd() & 255);
	}
	return at + (rnd() & 252);
}

static void prepare(bool thumb)
{
	memset(&rig32.cpu.st, 0, sizeof(rig32.cpu.st));
	rig_set_cpsr(PSR32_M_SVC | (thumb ? PSR32_T : 0));
	rig32.cpu.excl_size = 0;
	rig32.mode = 0;
	rig32.max = 1;
	rig32.bytes = 0;
	for (unsigned int i = 0; i < 15; i++) {
		was.r[i] = random_reg();
		rig_set(i, was.r[i]);
	}
	was.r[15] = RIG_CODE;
	for (unsigned int i = 0; i < 32; i++)
		*vfp(i) = was.d[i] = (u64)rnd() << 32 | rnd();
	for (unsigned int i = 0; i < RIG_DATA_SIZE; i += 4) {
		u32 v = rnd();

		memcpy(was.data + i, &v, 4);
	}
	memcpy(rig32.data, was.data, RIG_DATA_SIZE);
	rig32.cpu.st.pc = RIG_CODE | thumb;
}

/* ---- an access as hyp/mmio.c finishes it ---- */

static u32 peek(u32 addr, unsigned int size)
{
	u32 v = 0;

	if (addr - RIG_CODE < RIG_CODE_SIZE)
		memcpy(&v, rig32.code + (addr - RIG_CODE), size);
	else
		memcpy(&v, was.data + (addr - RIG_DATA), size);
	return v;
}

static u32 *word(const struct mmio_access *m, unsigned int i)
{
	unsigned int n = m->reg[i];

	if (m->file == MMIO_FILE_GP)
		return &was.r[n];
	if (m->file == MMIO_FILE_S)
		return (u32 *)was.d + n;
	return (u32 *)&was.d[n] + m->part[i];
}

static void perform(const struct mmio_access *m)
{
	for (unsigned int i = 0; i < m->count && m->write; i++) {
		u32 v = *word(m, i) + (m->file == MMIO_FILE_GP && m->reg[i] == 15 ? 8 : 0);

		memcpy(was.data + (m->addr + i * m->size - RIG_DATA), &v, m->size);
	}
	if (m->writeback)
		was.r[m->rn] = m->rn_value;
	for (unsigned int i = 0; i < m->count && !m->write; i++) {
		u32 v = peek(m->addr + i * m->size, m->size);
		unsigned int shift = 32 - 8 * m->size;

		*word(m, i) = m->sign ? (u32)((s32)(v << shift) >> shift) : v;
	}
}

static bool same(void)
{
	bool ok = !memcmp(was.data, rig32.data, RIG_DATA_SIZE);

	for (unsigned int i = 0; i < 15; i++)
		ok &= was.r[i] == rig_get(i);
	for (unsigned int i = 0; i < 32; i++)
		ok &= was.d[i] == *vfp(i);
	/* A load of pc took the branch; else it only went on. */
	if (was.r[15] != RIG_CODE)
		ok &= !((was.r[15] ^ (u32)rig32.cpu.st.pc) & ~3u);
	return ok;
}

/* ---- what need not agree ---- */

static bool bit(u32 w, unsigned int n)
{
	return w >> n & 1;
}

static unsigned int reg(u32 w, unsigned int at)
{
	return w >> at & 15;
}

static bool sp_or_pc(unsigned int r)
{
	return r == 13 || r == 15;
}

/* A base in the list of an STM that writes back: stored as it was only where it is the lowest. */
static bool base_stored_late(u32 list, unsigned int n)
{
	return bit(list, n) && list & ((1u << n) - 1);
}

static bool unpredictable_extra(u32 w)
{
	unsigned int n = reg(w, 16), t = reg(w, 12), op = w >> 5 & 3;
	bool dual = !bit(w, 20) && op >= 2, load = bit(w, 20) || op == 2, wback = !bit(w, 24) || bit(w, 21);

	if (t == 15 || (wback && (n == 15 || n == t)))
		return true;
	if (!bit(w, 22) && (w & 0xf00 || reg(w, 0) == 15))
		return true;
	if (!dual)
		return false;
	return t & 1 || t == 14 || (!bit(w, 24) && bit(w, 21)) || (wback && n == t + 1) ||
	       (!bit(w, 22) && load && reg(w, 0) >> 1 == t >> 1);
}

static bool unpredictable_vfp(u32 w, bool thumb)
{
	unsigned int n = reg(w, 16), vd = bit(w, 8) ? bit(w, 22) << 4 | reg(w, 12) : reg(w, 12) << 1 | bit(w, 22);
	unsigned int regs = bit(w, 8) ? (w & 0xff) / 2 : w & 0xff;

	if (bit(w, 24) && !bit(w, 21))
		return thumb && n == 15 && !bit(w, 20);
	return !regs || vd + regs > 32 || (bit(w, 8) && regs > 16) || (n == 15 && (thumb || bit(w, 21)));
}

static bool unpredictable_a32(u32 w)
{
	unsigned int n = reg(w, 16), t = reg(w, 12);

	if (w >> 28 == 15)
		return n == 15;
	switch (w >> 25 & 7) {
	case 0:
		return (w & 0x90) == 0x90 && w & 0x60 && unpredictable_extra(w);
	case 2:
	case 3:
		return ((!bit(w, 24) || bit(w, 21)) && (n == 15 || n == t)) || (bit(w, 25) && reg(w, 0) == 15) ||
		       (t == 15 && (bit(w, 22) || (!bit(w, 24) && bit(w, 21))));
	case 4:
		return n == 15 || !(w & 0xffff) ||
		       (bit(w, 21) && (bit(w, 20) ? bit(w, n) : base_stored_late(w & 0xffff, n)));
	case 6:
		return unpredictable_vfp(w, false);
	}
	return false;
}

static bool unpredictable_t16(u32 w)
{
	if ((w & 0xf600) == 0xb400)
		return !(w & 0x1ff);
	if (w >> 12 == 12)
		return !(w & 0xff) || (!bit(w, 11) && base_stored_late(w & 0xff, w >> 8 & 7));
	return false;
}

static bool unpredictable_multiple(u32 w)
{
	unsigned int n = reg(w, 16), t = reg(w, 12), t2 = reg(w, 8);
	bool load = bit(w, 20), wback = bit(w, 21);

	if (!bit(w, 22))
		return n == 15 || bit(w, 13) || (bit(w, 15) && (!load || bit(w, 14))) ||
		       __builtin_popcount(w & 0xffff) < 2 || (wback && bit(w, n));
	return sp_or_pc(t) || sp_or_pc(t2) || (load && t == t2) || (wback && (n == t || n == t2 || n == 15)) ||
	       (n == 15 && !load);
}

static bool unpredictable_t32(u32 w)
{
	unsigned int n = reg(w, 16), t = reg(w, 12);
	bool word = (w >> 21 & 3) == 2, indexed = n != 15 && !bit(w, 23) && bit(w, 11);

	if (w >> 25 == 0x74)
		return unpredictable_multiple(w);
	if (w >> 25 == 0x76)
		return unpredictable_vfp(w, true);
	if (w >> 24 == 0xf9 && !bit(w, 20))
		return n == 15;
	if (w >> 25 != 0x7c)
		return false;
	if (n != 15 && !bit(w, 23) && !bit(w, 11) && sp_or_pc(reg(w, 0)))
		return true;
	if (t == 13 && (!word || (indexed && (w >> 8 & 7) == 6)))
		return true;
	return (t == 15 && (!bit(w, 20) || indexed)) || (indexed && bit(w, 8) && n == t);
}

/* Loads and stores that no device takes. */
static bool not_for_devices_a32(u32 w)
{
	if (w >> 28 == 15)	/* structures that interleave, lanes; RFE, SRS */
		return true;
	/* SWP and exclusives; LDM and STM of other modes, and returns; an offset with RRX */
	return (w & 0x0f0000f0) == 0x01000090 || (w & 0x0e400000) == 0x08400000 || (w & 0x0e000ff0) == 0x06000060;
}

static bool not_for_devices_t32(u32 w)
{
	/* exclusives and tables; RFE and SRS; structures that interleave, and lanes */
	return (w & 0xff600000) == 0xe8400000 ||
	       ((w & 0xfe400000) == 0xe8000000 && bit(w, 24) == bit(w, 23)) || (w & 0xff000000) == 0xf9000000;
}

static int decode(u32 insn, unsigned int len, bool thumb, struct mmio_access *m)
{
	return thumb ? mmio_decode_t32(insn, len == 4, was.r, m) : mmio_decode_a32(insn, was.r, m);
}

static bool may_refuse(u32 insn, unsigned int len, bool thumb)
{
	if (len == 2)
		return false;
	return thumb ? not_for_devices_t32(insn) : not_for_devices_a32(insn);
}

static void fail_case(const char *why, u32 insn, unsigned int len, bool thumb, const struct mmio_access *m)
{
	fail_msg("%s: %s %0*x, stop %d at %08x, touched %u at %08x; decoded %u x %u at %08x, reg %u, "
		 "writeback %d r%u %08x",
		 why, thumb ? "T32" : "A32", (int)len * 2, insn, rig32.stop, rig32.fault_va, rig32.bytes, rig32.low,
		 m->count, m->size, m->addr, m->reg[0], m->writeback, m->rn, m->rn_value);
}

static void one(u32 insn, unsigned int len, bool thumb)
{
	struct mmio_access m = { 0 };
	u16 half[2] = { (u16)(len == 4 ? insn >> 16 : insn), (u16)insn };
	enum rig_stop stop;
	int ret;

	prepare(thumb);
	if (thumb)
		memcpy(rig32.code, half, len);
	else
		memcpy(rig32.code, &insn, 4);
	ret = decode(insn, len, thumb, &m);
	stop = rig_run(len);
	if (stop == RIG_BAD_IR)
		fail_case("rig", insn, len, thumb, &m);
	/* NEON says how its address is aligned: then that comes first. */
	if (stop == RIG_ALIGN && rig32.fault_va == m.addr)
		ret = -EINVAL;
	if (ret) {
		bool unaligned = m.size && m.addr % m.size;

		refused++;
		if (stop == RIG_END && rig32.bytes && !unaligned && !may_refuse(insn, len, thumb))
			fail_case("refused", insn, len, thumb, &m);
		return;
	}
	if (stop == RIG_FAULT && rig32.fault_va - m.addr < (u32)m.count * m.size) {
		faults++;
		return;
	}
	if (stop != RIG_END || rig32.low != m.addr || rig32.bytes != (u32)m.count * m.size)
		fail_case("other access", insn, len, thumb, &m);
	perform(&m);
	if (!same())
		fail_case("other result", insn, len, thumb, &m);
	ran++;
}

static void report(const char *what)
{
	print_message("%s: %lu run, %lu faulted, %lu refused\n", what, ran, faults, refused);
	ran = faults = refused = 0;
}

static int setup(void **state)
{
	(void)state;
	rig32.features = arm_cpu_model_find("cortex-a15")->features;
	return 0;
}

/* Fixed bits under a mask; the rest is random. */
struct family {
	const char *name;
	u32 mask, bits;
};

static void test_a32(void **state)
{
	static const struct family families[] = {
		{ "LDR, STR", 0x0c000000, 0x04000000 },
		{ "halfwords, signed, doublewords", 0x0e000090, 0x00000090 },
		{ "LDM, STM", 0x0e000000, 0x08000000 },
		{ "VFP", 0x0e000e00, 0x0c000a00 },
		{ "anything", 0, 0 },
		{ "NEON", 0xff000000, 0xf4000000 },
	};

	(void)state;
	for (unsigned int f = 0; f < ARM_ARRAY_SIZE(families); f++) {
		for (unsigned int i = 0; i < 20000; i++) {
			u32 w = (rnd() & ~families[f].mask) | families[f].bits;

			if (families[f].bits >> 28 != 15)
				w = (w & 0x0fffffff) | 0xe0000000;
			if (unpredictable_a32(w))
				continue;
			one(w, 4, false);
		}
		report(families[f].name);
	}
}

static void test_t16(void **state)
{
	(void)state;
	for (u32 w = 0; w < 0xe800; w++)
		for (unsigned int i = 0; i < 2; i++)
			if (!unpredictable_t16(w))
				one(w, 2, true);
	report("T16");
}

static void test_t32(void **state)
{
	static const struct family families[] = {
		{ "LDR, STR", 0xfe000000, 0xf8000000 },
		{ "LDM, STM, LDRD, STRD", 0xfe000000, 0xe8000000 },
		{ "VFP", 0xfe000e00, 0xec000a00 },
		{ "NEON", 0xff000000, 0xf9000000 },
		{ "anything", 0xe8000000, 0xe8000000 },
	};

	(void)state;
	for (unsigned int f = 0; f < ARM_ARRAY_SIZE(families); f++) {
		for (unsigned int i = 0; i < 20000; i++) {
			u32 w = (rnd() & ~families[f].mask) | families[f].bits;

			/* Sparse: the encodings with an index in a register. */
			if (!f && rnd() & 1)
				w &= ~0x00800fc0u;
			if (!unpredictable_t32(w))
				one(w, 4, true);
		}
		report(families[f].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a32, setup),
		cmocka_unit_test_setup(test_t16, setup),
		cmocka_unit_test_setup(test_t32, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
