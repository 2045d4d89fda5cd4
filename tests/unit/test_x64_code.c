/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the x86-64 back end makes of random blocks: every byte belongs to an
 * instruction that the host has, on hosts with few features and with many; and
 * compiling fails in no other way than by running out of room.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "arm/cpu_model.h"
#include "emu/cpu/cpu.h"
#include "emu/front/front.h"
#include "emu/run/cache.h"
#include "emu/x64/jit.h"

#define PC 0x40001000ull
#define BLOCKS 1500

struct row {
	u32 mask, value;
};

static struct row rows[2000];
static unsigned int nrows;
static ZydisDecoder decoder;
static u64 seed = 0x2545f4914f6cdd1d;

static u64 rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x9e3779b97f4a7c15;
}

static int read_rows(void **state)
{
	const char *file = __FILE__, *end = strstr(file, "unit/test_x64_code.c");
	char path[4096], line[300];
	FILE *in;

	(void)state;
	snprintf(path, sizeof(path), "%.*sisa/a64_rows.tsv", end ? (int)(end - file) : 0, file);
	in = fopen(path, "r");
	if (!in)
		return -1;
	while (fgets(line, sizeof(line), in) && nrows < ARM_ARRAY_SIZE(rows)) {
		struct row *r = &rows[nrows];

		nrows += sscanf(line, "%*s\t%x\t%x", &r->mask, &r->value) == 2;
	}
	fclose(in);
	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	return nrows > 900 ? 0 : -1;
}

/* ---- a host to compile for ---- */

static const struct emu_host_ops no_ops;

struct rig {
	struct emu_vm *vm;
	struct code_cache *cache;
	struct code_page page;
	bool vex;		/* instructions with VEX prefixes are allowed */
	unsigned int too_big, too_big_short, tried;
	u64 bytes, insns;
};

static void rig_open(struct rig *r, const struct jit_host *host)
{
	struct emu_config cfg = {
		.model = arm_cpu_model_find("max"), .cpus = 1, .engine = EMU_ENGINE_JIT, .ops = &no_ops,
	};

	memset(r, 0, sizeof(*r));
	assert_int_equal(emu_vm_create(&cfg, &r->vm), 0);
	r->cache = r->vm->cache;
	r->cache->jit->host = *host;
	r->cache->buf.avx = host->avx;
	r->vex = host->avx;
	r->page = (struct code_page){ .ipa = PC & ~0xfffull, .va = PC & ~0xfffull, .id = 1 };
}

/* ---- decoding: what can be reached from the entries ---- */

#define MAX_BLOCK (1u << 20)

enum seen { UNSEEN, START, INSIDE, NUMBER, DATA };

struct walk {
	struct rig *r;
	const u8 *from;
	unsigned int len;
	u8 *seen;		/* enum seen, by byte */
	unsigned int todo[16384], ntodo;
};

static u8 seen_bytes[MAX_BLOCK];

/* How a direct jump or call to @target goes on: these thunks have a 4-byte number behind the call. */
static bool has_number(const struct rig *r, u64 target)
{
	const struct jit_thunks *t = &r->cache->jit->thunks;

	return target == (uintptr_t)t->exit || target == (uintptr_t)t->slow || target == (uintptr_t)t->call;
}

static u64 exec_of(const struct walk *w, unsigned int at)
{
	return (uintptr_t)code_exec(w->r->cache, w->from + at);
}

/* Code goes on at @to: in this block, or in a thunk. */
static void go(struct walk *w, u64 to)
{
	u64 thunks = (uintptr_t)w->r->cache->rx, thunks_end = (uintptr_t)code_exec(w->r->cache, w->r->cache->start);

	if (to >= thunks && to < thunks_end)
		return;
	if (to < exec_of(w, 0) || to >= exec_of(w, w->len))
		fail_msg("jump to %#llx, outside of its block", (unsigned long long)to);
	if (w->seen[to - exec_of(w, 0)] == START)
		return;
	assert_true(w->ntodo < ARM_ARRAY_SIZE(w->todo));
	w->todo[w->ntodo++] = to - exec_of(w, 0);
}

static void mark(struct walk *w, unsigned int at, unsigned int n, enum seen what)
{
	assert_true(at + n <= w->len);
	for (unsigned int i = 0; i < n; i++) {
		enum seen is = i && what == START ? INSIDE : what;

		if (w->seen[at + i] != UNSEEN && !(what == DATA && w->seen[at + i] == DATA))
			fail_msg("+%u is two things", at + i);
		w->seen[at + i] = is;
	}
}

/* RIP-relative operands: constants next to the thunks or behind the block; LEA: the way back from a call. */
static void check_data(struct walk *w, const ZydisDecodedInstruction *in, const ZydisDecodedOperand *op, u64 at)
{
	for (unsigned int k = 0; k < in->operand_count_visible; k++) {
		u64 to = 0;

		if (op[k].type != ZYDIS_OPERAND_TYPE_MEMORY || op[k].mem.base != ZYDIS_REGISTER_RIP)
			continue;
		assert_true(ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(in, &op[k], at, &to)));
		if (in->mnemonic == ZYDIS_MNEMONIC_LEA)
			go(w, to);
		else if (to >= exec_of(w, 0) && to < exec_of(w, w->len))
			mark(w, to - exec_of(w, 0), 16, DATA);	/* whole, even if half of it is read */
		else if (to < (uintptr_t)w->r->cache->rx || to >= (uintptr_t)code_exec(w->r->cache, w->r->cache->start))
			fail_msg("%s reads %#llx", ZydisMnemonicGetString(in->mnemonic), (unsigned long long)to);
	}
}

/* One instruction; false: nothing follows it. */
static bool step(struct walk *w, unsigned int *at)
{
	const u8 *p = w->from + *at;
	u64 here = exec_of(w, *at), to = 0;
	ZydisDecodedInstruction in;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
	bool direct;

	if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, p, w->len - *at, &in, op)))
		fail_msg("not an instruction at +%u: %02x %02x %02x %02x", *at, p[0], p[1], p[2], p[3]);
	if (!w->r->vex && in.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY)
		fail_msg("%s needs AVX or BMI", ZydisMnemonicGetString(in.mnemonic));
	mark(w, *at, in.length, START);
	w->r->insns++;
	check_data(w, &in, op, here);
	*at += in.length;
	direct = op[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && op[0].imm.is_relative;
	if (direct) {
		assert_true(ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&in, &op[0], here, &to)));
		go(w, to);
	}
	if (in.mnemonic == ZYDIS_MNEMONIC_CALL && direct && has_number(w->r, to)) {
		mark(w, *at, 4, NUMBER);
		*at += 4;
		return to != (uintptr_t)w->r->cache->jit->thunks.exit;
	}
	return in.mnemonic != ZYDIS_MNEMONIC_JMP && in.mnemonic != ZYDIS_MNEMONIC_RET;
}

static void check_code(struct rig *r, const struct jit_block *blk, const u8 *from, const u8 *end)
{
	static struct walk w;

	w = (struct walk){ .r = r, .from = from, .len = end - from, .seen = seen_bytes };
	assert_true(w.len < MAX_BLOCK);
	memset(w.seen, UNSEEN, w.len);
	go(&w, (uintptr_t)blk->guard);
	go(&w, (uintptr_t)blk->cold);
	go(&w, (uintptr_t)blk->warm);
	while (w.ntodo) {
		unsigned int at = w.todo[--w.ntodo];

		while (w.seen[at] != START && step(&w, &at))
			;
	}
	/* the rest is padding; code that nothing leads to would show here */
	for (unsigned int i = 0; i < w.len; i++)
		if (w.seen[i] == UNSEEN && from[i] != 0x90 && from[i] != 0xcc)
			fail_msg("+%u: %02x is neither code nor data", i, from[i]);
	r->bytes += w.len;
}

/* ---- random blocks ---- */

static u32 random_word(void)
{
	const struct row *row = &rows[rnd() % nrows];

	return row->value | ((u32)rnd() & ~row->mask);
}

/* Words that do not end their block, so that blocks get long. */
static u32 pool[3000];

static void fill_pool(struct rig *r)
{
	struct ir_block *b = r->cache->ir;
	unsigned int n = 0;

	while (n < ARM_ARRAY_SIZE(pool)) {
		const u32 code[] = { random_word(), 0xd503201f };

		ir_block_init(b, PC, 1 | IR_MODE_SPSEL, cpu_features(r->vm));
		front_a64(b, code, 2, 2);
		if (b->guest_insns == 2)
			pool[n++] = code[0];
	}
}

static const u32 modes[] = {
	1 | IR_MODE_SPSEL, 0, 1 | IR_MODE_SPSEL | IR_MODE_SP_CHECK | IR_MODE_ALIGN, IR_MODE_FP_SLOW,
	1 | IR_MODE_SPSEL | IR_MODE_MMU_OFF, 1 | IR_MODE_STEP | IR_MODE_SPSEL, IR_MODE_FP_TRAP,
};

static void one_block(struct rig *r, unsigned int insns)
{
	struct code_cache *c = r->cache;
	u32 code[IR_MAX_GUEST];
	u8 *from = c->start;
	struct jit_block *blk;
	int err;

	for (unsigned int i = 0; i < insns; i++)
		code[i] = i + 1 < insns ? pool[rnd() % ARM_ARRAY_SIZE(pool)] : random_word();
	r->page.mode = modes[rnd() % ARM_ARRAY_SIZE(modes)];
	ir_block_init(c->ir, PC, r->page.mode, cpu_features(r->vm));
	front_a64(c->ir, code, insns, r->page.mode & IR_MODE_STEP ? 1 : insns);
	ir_optimise(c->ir);
	/* each block takes the place of the one before */
	c->buf.p = from;
	c->arena_used = 0;
	c->nrec = 1;
	err = jit_compile(c, c->ctx, c->ir, &r->page, NULL, &blk);
	r->tried++;
	if (err) {
		assert_int_equal(err, -E2BIG);
		r->too_big++;
		r->too_big_short += insns <= 24;
		/* a single instruction must always go */
		if (c->ir->guest_insns == 1)
			fail_msg("%08x: does not compile alone", code[0]);
		return;
	}
	assert_true(c->buf.p > from);
	check_code(r, blk, from, c->buf.p);
}

static void check_host(const char *name, const struct jit_host *host)
{
	struct rig r;

	rig_open(&r, host);
	fill_pool(&r);
	for (unsigned int i = 0; i < BLOCKS; i++)
		one_block(&r, i % 4 ? 1 + rnd() % 24 : IR_MAX_GUEST);
	print_message("%s: %u blocks, %u too big (%u of up to 24 instructions), %llu host instructions, %llu bytes\n",
		      name, r.tried, r.too_big, r.too_big_short, (unsigned long long)r.insns,
		      (unsigned long long)r.bytes);
	/* the cache then tries half as many, which it should not have to for blocks as programs have them */
	assert_true(r.too_big_short * 100 < r.tried);
	assert_true(r.too_big * 8 < r.tried);
	emu_vm_free(r.vm);
}

static void test_plain_host(void **state)
{
	const struct jit_host host = { .avx = false };

	(void)state;
	check_host("x86-64-v2", &host);
}

static void test_sse_host(void **state)
{
	const struct jit_host host = { .aes = true, .pclmul = true, .sha = true, .movbe = true, .lzcnt = true };

	(void)state;
	check_host("SSE, AES, SHA", &host);
}

static void test_avx_host(void **state)
{
	const struct jit_host host = {
		.avx = true, .fma = true, .bmi1 = true, .bmi2 = true, .lzcnt = true, .aes = true, .pclmul = true,
		.sha = true, .avx2 = true, .movbe = true,
	};

	(void)state;
	check_host("AVX2, BMI, FMA", &host);
}

static void test_this_host(void **state)
{
	struct jit_host host;

	(void)state;
	jit_host_detect(&host);
	check_host("this host", &host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_host),
		cmocka_unit_test(test_sse_host),
		cmocka_unit_test(test_avx_host),
		cmocka_unit_test(test_this_host),
	};

	return cmocka_run_group_tests(tests, read_rows, NULL);
}
