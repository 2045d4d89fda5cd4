// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random A32 and T32 integer code, run by the front end and the interpreter on
 * one hand and by the program that the arguments name on the other:
 *
 *   a32_diff ROWS.tsv CASES SEED COMMAND...     e.g. qemu-arm-static -cpu max a32_diff_guest
 *
 * ROWS.tsv is what tools/isagen.py --a32 --list makes.  Prints the cases that
 * differ and how often each row was executed; exits with 1 if there were any.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "tests/isa/a32_diff.h"
#include "tests/unit/front32_rig.h"

struct row {
	char name[32], cls[16];
	u32 mask, value;
	unsigned int space;	/* 0 A32, 1 T32, 2 T16 */
	unsigned int count, bad;
};

static struct row rows[1000];
static unsigned int nrows;
static u64 state = 1;
static u64 features = ~ARM_FEAT_BIT(63) & ~ARM_FEAT_BIT(62);

static u32 rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (u32)(state * 0x2545f4914f6cdd1d >> 32);
}

static u32 value(void)
{
	static const u32 edge[] = { 0, 1, 2, 31, 32, 33, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff,
				    0x80000000, 0x80000001, 0xffffffff, 0x00800080, 0x7f80ff01 };

	switch (rnd() % 3) {
	case 0:
		return edge[rnd() % ARM_ARRAY_SIZE(edge)];
	case 1:
		return rnd() >> rnd() % 32;
	}
	return rnd();
}

static bool one_of(const char *s, const char *list)
{
	char word[40];

	snprintf(word, sizeof(word), " %s ", s);
	return strstr(list, word) != NULL;
}

#define MEMORY " ldst_imm ldst_reg ldrd_imm ldrd_reg ldm ldrex strex lda "
#define PLAIN " dp_imm dp_reg dp_rsr adr movt mul mla mull umaal smlaxy smlaw smlalxy smlad smlald smmla usad div " \
	      "qadd par_addsub sel pkh extend sat sat16 bfi bfx clz rev crc32 pld_imm pld_reg clrex dmb dsb isb " \
	      "msr_reg msr_imm "

static bool read_rows(const char *path)
{
	char line[300], space[8];
	FILE *in = fopen(path, "r");

	if (!in)
		return false;
	while (fgets(line, sizeof(line), in) && nrows < ARM_ARRAY_SIZE(rows)) {
		struct row *r = &rows[nrows];

		if (sscanf(line, "%31s\t%15s\t%*s\t%7s\t%x\t%x", r->name, r->cls, space, &r->mask, &r->value) != 5)
			continue;
		r->space = !strcmp(space, "t16") ? 2 : !strcmp(space, "t32") ? 1 : 0;
		if (one_of(r->cls, MEMORY) || one_of(r->cls, PLAIN))
			nrows++;
	}
	fclose(in);
	return nrows > 100;
}

/* ---- cases ---- */

static bool has_pc(const struct a32_insn *i)
{
	const u8 regs[] = { i->Rd, i->Rn, i->Rm, i->Rs, i->Ra, i->Rt, i->Rt2, i->RdLo, i->RdHi };

	return memchr(regs, 15, sizeof(regs)) != NULL;
}

static unsigned int excl_size;	/* of the last LDREX of the case */

/* Would it write the pc, or do what is UNPREDICTABLE? */
static bool excluded(const struct row *r, const struct a32_insn *i)
{
	if (one_of(r->cls, " dp_imm dp_reg adr "))
		return i->Rd == 15;
	if (one_of(r->cls, " bfi "))
		return i->Rd == 15;
	if (has_pc(i) && !one_of(r->cls, " pld_imm "))
		return true;
	if (one_of(r->cls, " mull umaal smlalxy smlald "))
		return i->RdLo == i->RdHi;
	if (one_of(r->cls, " msr_reg msr_imm "))
		return i->spsr || (i->mask & 2);
	if (one_of(r->cls, " ldm "))
		return (i->reglist & 0x8000) || !i->reglist || (i->wback && (i->reglist >> i->Rn & 1));
	if (one_of(r->cls, " ldst_imm ldst_reg ldrd_imm ldrd_reg "))
		return (i->wback && (i->Rn == i->Rt || i->Rn == i->Rt2)) || (i->load && i->Rt == i->Rt2) ||
		       (i->load && one_of(r->cls, " ldrd_reg ") && (i->Rm == i->Rt || i->Rm == i->Rt2));
	if (one_of(r->cls, " ldrex "))
		return i->size == 3 && i->Rt == i->Rt2;
	if (one_of(r->cls, " strex ") && i->size != excl_size)
		return true;
	if (one_of(r->cls, " strex "))
		return i->Rd == i->Rt || i->Rd == i->Rn || (i->size == 3 && i->Rd == i->Rt2);
	return false;
}

/* Registers with which an access hits the data, most of the time. */
static void point(struct a32_case *c, const struct row *r, const struct a32_insn *i, bool *fixed)
{
	bool exact = !one_of(r->cls, " ldst_imm ldst_reg ");

	if (!one_of(r->cls, MEMORY) || i->Rn == 15)
		return;
	if (!fixed[i->Rn]) {
		c->r[i->Rn] = RIG_DATA + 1024 + (rnd() % 2048 & (exact || rnd() & 1 ? ~7u : ~0u));
		if (!(rnd() % 32))
			c->r[i->Rn] = RIG_DATA + (rnd() & 1 ? 4096 : 0);	/* across the end */
		fixed[i->Rn] = true;
	}
	if (one_of(r->cls, " ldst_reg ldrd_reg ") && i->Rm < 15 && !fixed[i->Rm]) {
		c->r[i->Rm] = rnd() % 64 & ~(exact ? 7u : 0);
		fixed[i->Rm] = true;
	}
}

static void put(struct a32_case *c, u32 word, unsigned int size)
{
	u16 hi = word >> 16, lo = (u16)word;

	if (c->thumb && size == 4) {
		memcpy(c->code + c->bytes, &hi, 2);
		memcpy(c->code + c->bytes + 2, &lo, 2);
	} else {
		memcpy(c->code + c->bytes, &word, size);
	}
	c->bytes += size;
}

/* A random word of a random row of the right set; its row's index, or -1. */
static int random_insn(struct a32_case *c, bool in_it, bool *fixed)
{
	struct row *r = &rows[rnd() % nrows];
	u32 word = r->value | (rnd() & ~r->mask);
	struct a32_insn i;
	u64 feat = features | (c->thumb ? A32_THUMB : 0) | (in_it ? A32_IN_IT : 0);

	if (c->thumb != (r->space > 0))
		return -1;
	if (r->space == 2)
		word &= 0xffff;
	if (!c->thumb && (r->mask >> 28) == 0 && (word >> 28 == 15 || rnd() & 1))
		word = (word & 0x0fffffff) | 0xe0000000;
	memset(&i, 0, sizeof(i));
	if (!a32_decode(word, feat, &i) || strcmp(a32_op_name(i.op), r->name) || excluded(r, &i))
		return -1;
	if (one_of(r->cls, " ldrex "))
		excl_size = i.size;
	point(c, r, &i, fixed);
	put(c, word, r->space == 2 ? 2 : 4);
	r->count++;
	return (int)(r - rows);
}

static void make_case(struct a32_case *c, int *used)
{
	bool fixed[16] = { false };
	unsigned int n = 1 + rnd() % 3, it = 0;
	int k;

	memset(c, 0, sizeof(*c));
	c->thumb = rnd() & 1;
	c->seed = rnd();
	excl_size = rnd() & 3;	/* without one: it fails */
	c->cpsr = (rnd() & (PSR_NZCV | PSR32_GE | PSR32_Q)) | PSR32_M_USR;
	for (unsigned int i = 0; i < 15; i++)
		c->r[i] = value();
	if (c->thumb && rnd() & 1) {
		n = 1 + rnd() % 4;
		it = (rnd() % 14) << 4 | ((rnd() & 15 & ~(0x1fu >> n >> 0)) | (0x10u >> n));
		put(c, 0xbf00 | it, 2);
	}
	for (unsigned int i = 0; i < n; i++) {
		do
			k = random_insn(c, it, fixed);
		while (k < 0);
		used[i] = k;
	}
	used[n] = -1;
	if (c->thumb && (c->bytes & 2))
		put(c, 0xbf00, 2);
}

/* ---- the two sides ---- */

static enum rig_stop ours(const struct a32_case *c, struct a32_result *r)
{
	enum rig_stop stop;

	memcpy(rig32.code, c->code, c->bytes);
	a32_fill(rig32.data, c->seed);
	memset(&rig32.cpu.st, 0, sizeof(rig32.cpu.st));
	rig_set_cpsr(c->cpsr);
	for (unsigned int i = 0; i < 15; i++)
		rig_set(i, c->r[i]);
	rig32.cpu.st.pc = RIG_CODE + c->thumb;
	rig32.cpu.excl_size = 0;
	rig32.features = features;
	rig32.mode = 0;
	rig32.max = rnd() % 3 ? 64 : 1 + rnd() % 2;
	stop = rig_run(c->bytes);
	r->cpsr = rig_cpsr();
	for (unsigned int i = 0; i < 15; i++)
		r->r[i] = rig_get(i);
	r->data = a32_hash(rig32.data);
	return stop;
}

static bool start(char **cmd, FILE **to, FILE **from)
{
	int in[2], out[2];
	pid_t pid;

	if (pipe(in) || pipe(out))
		return false;
	pid = fork();
	if (!pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execvp(cmd[0], cmd);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	*to = fdopen(in[1], "w");
	*from = fdopen(out[0], "r");
	return pid > 0;
}

static bool same(enum rig_stop stop, const struct a32_result *a, const struct a32_result *q)
{
	const u32 psr = PSR_NZCV | PSR32_Q | PSR32_GE;

	/* There the program itself has memory, too. */
	if (stop == RIG_FAULT && (rig32.fault_va < RIG_DATA - 256 || rig32.fault_va > RIG_DATA + RIG_DATA_SIZE + 256))
		return true;
	if (q->signal || stop != RIG_END)	/* SIGSEGV 11, SIGBUS 7 or SIGILL 4 */
		return q->signal == 11 || q->signal == 7 ? stop == RIG_FAULT || stop == RIG_ALIGN :
		       q->signal == 4 && stop == RIG_UNDEF;
	return a->data == q->data && !memcmp(a->r, q->r, sizeof(a->r)) && !((a->cpsr ^ q->cpsr) & psr);
}

static void show(const struct a32_case *c, enum rig_stop stop, const struct a32_result *a, const struct a32_result *q,
		 const int *used)
{
	printf("%s", c->thumb ? "T:" : "A:");
	for (unsigned int i = 0; i < c->bytes; i += c->thumb ? 2 : 4)
		if (c->thumb)
			printf(" %02x%02x", c->code[i + 1], c->code[i]);
		else
			printf(" %02x%02x%02x%02x", c->code[i + 3], c->code[i + 2], c->code[i + 1], c->code[i]);
	for (unsigned int i = 0; used[i] >= 0; i++)
		printf(" %s", rows[used[i]].name);
	printf("\n   stop %d signal %u cpsr %08x: %08x, expected %08x\n", stop, q->signal, c->cpsr, a->cpsr, q->cpsr);
	for (unsigned int i = 0; i < 15 && !q->signal; i++)
		if (a->r[i] != q->r[i])
			printf("   r%u was %08x: %08x, expected %08x\n", i, c->r[i], a->r[i], q->r[i]);
	if (a->data != q->data)
		printf("   memory differs\n");
}

/* Cases are sent in batches that fit into a pipe. */
#define BATCH 64

static struct batch {
	struct a32_case c;
	struct a32_result theirs;
	int used[8];
} batch[BATCH];

static unsigned int differ, faults;

static void compare(const struct batch *k)
{
	struct a32_result mine;
	enum rig_stop stop = ours(&k->c, &mine);

	faults += k->theirs.signal != 0;
	if (same(stop, &mine, &k->theirs))
		return;
	for (unsigned int i = 0; k->used[i] >= 0; i++)
		rows[k->used[i]].bad++;
	if (differ++ < 20)
		show(&k->c, stop, &mine, &k->theirs, k->used);
}

static bool run_batch(FILE *to, FILE *from, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		make_case(&batch[i].c, batch[i].used);
		if (fwrite(&batch[i].c, sizeof(batch[i].c), 1, to) != 1)
			return false;
	}
	if (fflush(to))
		return false;
	for (unsigned int i = 0; i < n; i++) {
		if (fread(&batch[i].theirs, sizeof(batch[i].theirs), 1, from) != 1)
			return false;
		compare(&batch[i]);
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned int least = ~0u, never = 0;
	FILE *to, *from;

	if (argc < 5 || !read_rows(argv[1]) || !start(argv + 4, &to, &from))
		return 2;
	state = strtoull(argv[3], NULL, 0) * 2654435761u + 1;
	for (unsigned int n = (unsigned int)atoi(argv[2]), k; n; n -= k) {
		k = n < BATCH ? n : BATCH;
		if (!run_batch(to, from, k))
			return 2;
	}
	for (unsigned int i = 0; i < nrows; i++) {
		if (rows[i].count && rows[i].count < least)
			least = rows[i].count;
		never += !rows[i].count;
		if (rows[i].bad || !rows[i].count)
			printf("%s: %u executed, %u in cases that differ\n", rows[i].name, rows[i].count, rows[i].bad);
	}
	printf("%u rows, %u never executed, each other at least %u times; %u cases raised; %u cases differ\n", nrows,
	       never, least, faults, differ);
	return differ != 0;
}
