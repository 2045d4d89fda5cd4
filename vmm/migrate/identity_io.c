/* SPDX-License-Identifier: GPL-2.0-only */
/* An identity as bytes of a stream, and as a text for people. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/host/log.h"
#include "vmm/migrate/identity_reg.h"

#define MAGIC "vambrace-identity"
#define FORMAT 1
#define LINE_MAX_LEN 256
#define REG_IGNORABLE 1		/* as in vmm/migrate/cpu.c */

/* ---- bytes ---- */

void identity_put(struct bytes_out *b, const struct identity *id)
{
	u8 caches = 0;

	bytes_put_string(b, id->cpu);
	bytes_put_u8(b, id->aarch32);
	bytes_put_u8(b, id->gic_version);
	bytes_put_u32(b, id->counter_hz);
	bytes_put_u16(b, id->nids + id->nids32);
	for (unsigned int i = 0; i < id->nids; i++) {
		const struct arm_sysreg_row *r = arm_sysreg_row((enum arm_sysreg)id->id[i].reg);

		bytes_put_string(b, identity_reg_name(id->id[i].reg));
		bytes_put_u8(b, r->mig == ARM_MIG_IGNORE ? REG_IGNORABLE : 0);
		bytes_put_u64(b, id->id[i].value);
	}
	for (unsigned int i = 0; i < id->nids32; i++) {
		bytes_put_string(b, arm_sysreg32_name((enum arm_sysreg32)id->id32[i].reg));
		bytes_put_u8(b, REG_IGNORABLE);
		bytes_put_u64(b, id->id32[i].value);
	}
	for (unsigned int i = 0; i < ARM_CCSIDRS; i++)
		caches += id->ccsidr[i] != 0;
	bytes_put_u8(b, caches);
	for (unsigned int i = 0; i < ARM_CCSIDRS; i++) {
		if (!id->ccsidr[i])
			continue;
		bytes_put_u8(b, (u8)i);
		bytes_put_u32(b, id->ccsidr[i]);
	}
}

/* -ENOENT: nothing of that name. */
static int add_by_name(struct identity *id, const char *name, u64 value)
{
	int reg = identity_reg_by_name(name);

	if (reg >= 0)
		return identity_add(id, (u16)reg, value);
	reg = identity_reg32_by_name(name);
	return reg < 0 ? reg : identity_add32(id, (u16)reg, value);
}

static int get_regs(struct bytes_in *b, struct identity *out, char **err)
{
	unsigned int count = bytes_get_u16(b);
	char name[BYTES_STRING_MAX + 1];

	for (unsigned int i = 0; i < count && !b->error; i++) {
		u8 flags;
		u64 value;
		int ret;

		bytes_get_string(b, name);
		flags = bytes_get_u8(b);
		value = bytes_get_u64(b);
		if (b->error)
			break;
		ret = add_by_name(out, name, value);
		/* Zero says of an ID register what its absence says. */
		if (ret == -ENOENT && ((flags & REG_IGNORABLE) || !value))
			continue;
		if (ret == -ENOENT)
			return err_set(err, -EINVAL, "identity: this program does not know the register %.64s, which "
				       "is %#llx in the guest; use the version that runs the guest, or a later one",
				       name, (unsigned long long)value);
		if (ret)
			return err_set(err, -EBADMSG, "identity: register %s is there twice", name);
	}
	return 0;
}

static int get_caches(struct bytes_in *b, struct identity *out, char **err)
{
	unsigned int count = bytes_get_u8(b);

	for (unsigned int i = 0; i < count && !b->error; i++) {
		unsigned int n = bytes_get_u8(b);
		u32 value = bytes_get_u32(b);

		if (n >= ARM_CCSIDRS || out->ccsidr[n])
			return err_set(err, -EBADMSG, "identity: there is no cache %u, or it is there twice", n);
		out->ccsidr[n] = value;
	}
	return 0;
}

int identity_get(struct bytes_in *b, struct identity *out, char **err)
{
	char cpu[BYTES_STRING_MAX + 1];
	unsigned int aarch32;
	int ret;

	*out = (struct identity){ 0 };
	bytes_get_string(b, cpu);
	aarch32 = bytes_get_u8(b);
	out->aarch32 = aarch32;
	out->gic_version = bytes_get_u8(b);
	out->counter_hz = bytes_get_u32(b);
	if (strlen(cpu) >= sizeof(out->cpu) || aarch32 > 1)
		return err_set(err, -EBADMSG, "identity: the section is damaged");
	memcpy(out->cpu, cpu, strlen(cpu) + 1);
	ret = get_regs(b, out, err);
	if (!ret)
		ret = get_caches(b, out, err);
	if (!ret && (b->error || b->len))
		ret = err_set(err, -EBADMSG, "identity: the section %s", b->error ? "is cut off or damaged" :
			      "is longer than it says");
	return ret;
}

/* ---- text ---- */

int identity_write(const struct identity *id, FILE *out)
{
	fprintf(out, "# What guests of this host see; for vambrace run --cpu host-of=THIS_FILE elsewhere.\n");
	fprintf(out, MAGIC " %u\ncpu %s\nel1 %s\ngic %u\ncounter-hz %u\n", FORMAT, id->cpu,
		id->aarch32 ? "aarch32" : "aarch64", id->gic_version, id->counter_hz);
	if (id->psci)
		fprintf(out, "psci %u.%u\n", id->psci >> 16, id->psci & 0xffff);
	for (unsigned int i = 0; i < id->nids; i++)
		fprintf(out, "%s %#llx\n", identity_reg_name(id->id[i].reg), (unsigned long long)id->id[i].value);
	for (unsigned int i = 0; i < id->nids32; i++)
		fprintf(out, "%s %#llx\n", arm_sysreg32_name((enum arm_sysreg32)id->id32[i].reg),
			(unsigned long long)id->id32[i].value);
	for (unsigned int i = 0; i < ARM_CCSIDRS; i++)
		if (id->ccsidr[i])
			fprintf(out, "CCSIDR[%u] %#x\n", i, id->ccsidr[i]);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

/* What a line says, beside registers. */
enum {
	SEEN_MAGIC = 1 << 0,
	SEEN_CPU = 1 << 1,
	SEEN_EL1 = 1 << 2,
	SEEN_GIC = 1 << 3,
	SEEN_HZ = 1 << 4,
	SEEN_ALL = (1 << 5) - 1,
	/* Files of older programs have no psci, which is the next. */
};

struct reader {
	const char *file;
	unsigned int line, seen;
	struct identity *id;
	char **err;
};

static int bad(struct reader *r, const char *what, const char *word)
{
	return err_set(r->err, -EINVAL, "%s, line %u: %s%s%.64s%s", r->file, r->line, what, word ? " '" : "",
		       word ? word : "", word ? "'" : "");
}

static int number(struct reader *r, const char *text, u64 max, u64 *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno || *out > max)
		return bad(r, "not a number, or too large a one:", text);
	return 0;
}

static int read_cpu(struct reader *r, const char *value)
{
	if (strlen(value) >= sizeof(r->id->cpu))
		return bad(r, "the name of the CPU is too long:", value);
	snprintf(r->id->cpu, sizeof(r->id->cpu), "%s", value);
	return 0;
}

static int read_el1(struct reader *r, const char *value)
{
	r->id->aarch32 = !strcmp(value, "aarch32");
	return r->id->aarch32 || !strcmp(value, "aarch64") ? 0 : bad(r, "el1 is aarch32 or aarch64, not", value);
}

static int read_magic(struct reader *r, const char *value)
{
	return strcmp(value, "1") ? bad(r, "a format that this program does not know:", value) : 0;
}

static int read_gic(struct reader *r, const char *value)
{
	u64 v;
	int ret = number(r, value, 3, &v);

	r->id->gic_version = (u8)v;
	return ret ? ret : v < 2 ? bad(r, "there is a GIC 2 and a GIC 3, not", value) : 0;
}

static int read_hz(struct reader *r, const char *value)
{
	u64 v;
	int ret = number(r, value, 0xffffffff, &v);

	r->id->counter_hz = (u32)v;
	return ret;
}

static int read_psci(struct reader *r, const char *value)
{
	unsigned int major, minor;
	int end = 0;

	if (sscanf(value, "%5u.%5u%n", &major, &minor, &end) != 2 || value[end] || major > 0x7fff || minor > 0xffff)
		return bad(r, "no version of PSCI, as 1.1 is one:", value);
	r->id->psci = major << 16 | minor;
	return 0;
}

static int read_reg(struct reader *r, const char *name, const char *value)
{
	unsigned int cache;
	int end = 0, ret;
	u64 v;

	if (sscanf(name, "CCSIDR[%2u]%n", &cache, &end) == 1 && end && !name[end]) {
		ret = number(r, value, 0xffffffff, &v);
		if (ret)
			return ret;
		if (cache >= ARM_CCSIDRS || r->id->ccsidr[cache])
			return bad(r, "no such cache, or it is there twice:", name);
		r->id->ccsidr[cache] = (u32)v;
		return 0;
	}
	ret = number(r, value, ~0ULL, &v);
	if (ret)
		return ret;
	ret = add_by_name(r->id, name, v);
	if (ret == -ENOENT)
		return bad(r, "no register of a CPU's identity:", name);
	return ret ? bad(r, "this register is there twice:", name) : 0;
}

static int read_line(struct reader *r, char *line)
{
	static const struct {
		const char *name;
		int (*read)(struct reader *r, const char *value);
	} names[] = {
		{ MAGIC, read_magic }, { "cpu", read_cpu }, { "el1", read_el1 }, { "gic", read_gic },
		{ "counter-hz", read_hz }, { "psci", read_psci },
	};
	char *save, *name, *value;

	line[strcspn(line, "#\r\n")] = 0;
	name = strtok_r(line, " \t", &save);
	if (!name)
		return 0;
	value = strtok_r(NULL, " \t", &save);
	if (!value || strtok_r(NULL, " \t", &save))
		return bad(r, "a line is a name and a value, not as behind", name);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i].name))
			continue;
		if (r->seen & 1u << i)
			return bad(r, "this is there twice:", name);
		r->seen |= 1u << i;
		return names[i].read(r, value);
	}
	if (!(r->seen & SEEN_MAGIC))
		return bad(r, "no file of vambrace host describe: it begins with", name);
	return read_reg(r, name, value);
}

int identity_read(FILE *in, const char *name, struct identity *out, char **err)
{
	struct reader r = { .file = name, .id = out, .err = err };
	char line[LINE_MAX_LEN];
	int ret = 0;

	*out = (struct identity){ 0 };
	while (!ret && fgets(line, sizeof(line), in)) {
		r.line++;
		if (!strchr(line, '\n') && !feof(in))
			return bad(&r, "the line is too long", NULL);
		ret = read_line(&r, line);
	}
	if (ret)
		return ret;
	if (ferror(in))
		return err_set(err, -EIO, "%s: cannot be read", name);
	if ((r.seen & SEEN_ALL) != SEEN_ALL || !identity_find(out, ARM_REG_MIDR_EL1))
		return err_set(err, -EINVAL, "%s: not complete: a file of vambrace host describe has " MAGIC ", cpu, "
			       "el1, gic, counter-hz and MIDR_EL1", name);
	return 0;
}
