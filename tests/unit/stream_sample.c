/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes a stream with a section of each kind to a file: stream_sample FILE.  Known values, so that
 * stream_dump_check.py can compare what tools/stream_dump.py, another reader, makes of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/dev/gic.h"
#include "vmm/migrate/cpu.h"
#include "vmm/migrate/object.h"
#include "vmm/migrate/ram.h"

#define IPA 0x40000000u
#define PAGES 512u

struct point {
	u16 x, y;
};

struct toy {
	u8 byte;
	u16 half;
	u32 word;
	u64 dword[2];
	bool flag;
	u8 text[5];
	struct point point[2];
	u32 late;
};

static const struct save_field point_fields[] = {
	SAVE(struct point, x), SAVE(struct point, y), SAVE_LAST,
};
static const struct save_field toy_fields[] = {
	SAVE(struct toy, byte), SAVE(struct toy, half), SAVE(struct toy, word), SAVE_ARRAY(struct toy, dword),
	SAVE(struct toy, flag), SAVE_BUFFER(struct toy, text), SAVE_SUBS(struct toy, point, point_fields),
	{ .name = "late", .offset = offsetof(struct toy, late), .count = 1, .size = 4, .kind = SAVE_UINT,
	  .max = ~0ULL, .flags = SAVE_OPTIONAL },
	SAVE_LAST,
};
static const struct save_table toy_table = { .name = "toy", .version = 7, .fields = toy_fields };

static struct arm_state cpu_state;

static struct arm_state *get_state(struct accel *a, unsigned int cpu)
{
	(void)a;
	(void)cpu;
	return &cpu_state;
}

static int get_off(struct accel *a, unsigned int cpu, bool *off)
{
	(void)a;
	*off = cpu;
	return 0;
}

/* Ends the section and begins the next. */
static int section(struct stream_out *s, const char *name, struct bytes_out *b)
{
	int ret = stream_out_section(s, name, 1, b);

	bytes_free(b);
	return ret;
}

static int put_state(struct stream_out *s)
{
	const struct accel_ops ops = { .state = get_state, .get_off = get_off };
	struct toy toy = { 0x12, 0x1234, 0x12345678, { 1, ~0ULL }, true, "hello", { { 1, 2 }, { 3, 4 } }, 99 };
	struct gicv2 *gic = calloc(1, sizeof(*gic));
	struct accel a = { &ops };
	struct bytes_out b = { 0 };
	int ret;

	if (!gic)
		return -ENOMEM;
	gicv2_init(gic, 2, 96);
	bytes_put_u64(&b, 123456789);
	bytes_put_u32(&b, 62500000);
	ret = section(s, "time", &b);
	bytes_put_u8(&b, 1);
	object_put(&b, &gic_save_table, gic);
	ret = ret ? ret : section(s, "gic", &b);
	bytes_put_u8(&b, 2);
	object_put(&b, &toy_table, &toy);
	object_put(&b, &toy_table, &toy);
	ret = ret ? ret : section(s, "device/toy@9000000", &b);
	for (unsigned int i = 0; i < 31; i++)
		cpu_state.x[i] = 0x1111 * i;
	cpu_state.pc = 0x40080000;
	cpu_state.v[3].d[0] = 0x0123456789abcdef;
	cpu_state.v[3].d[1] = 0xfedcba9876543210;
	ret = ret ? ret : cpu_put(&b, &a, 1, arm_cpu_model_find("cortex-a57"));
	ret = ret ? ret : section(s, "cpu/1", &b);
	free(gic);
	return ret;
}

static int put_identity(struct stream_out *s)
{
	struct identity *id = calloc(1, sizeof(*id));
	struct bytes_out b = { 0 };
	int ret;

	if (!id)
		return -ENOMEM;
	strcpy(id->cpu, "cortex-a57");
	id->gic_version = 2;
	id->counter_hz = 62500000;
	id->nids = 1;
	id->id[0] = (struct arm_id_value){ ARM_REG_MIDR_EL1, 0x411fd070 };
	id->ccsidr[2] = 0x201fe00a;
	identity_put(&b, id);
	ret = section(s, "identity", &b);
	free(id);
	return ret;
}

/* Page n: zero if n is a multiple of 3, n with bit 7 set all over if it is even, else noise. */
static int put_ram(struct stream_out *s)
{
	struct vmstate_ram ram = { IPA, PAGES * RAM_PAGE, calloc(PAGES, RAM_PAGE) };
	struct ram_sender *sender;
	u64 dirty[PAGES / 64];
	u32 seed = 1;
	int ret;

	if (!ram.host)
		return -ENOMEM;
	for (u32 n = 0; n < PAGES; n++)
		for (unsigned int i = 0; n % 3 && i < RAM_PAGE; i++) {
			seed = seed * 1664525 + 1013904223;
			ram.host[n * RAM_PAGE + i] = n % 2 ? seed >> 24 : 0x80 | n;
		}
	memset(dirty, 0xff, sizeof(dirty));
	ret = ram_sender_create(s, 2, 1, &sender);
	if (!ret) {
		ret = ram_sender_send(sender, &ram, dirty);
		ram_sender_free(sender);
	}
	free(ram.host);
	return ret;
}

static int put_all(struct stream_out *s)
{
	static const char config[] = "machine=virt\ncpu=cortex-a57\ncpus=2\n";
	struct bytes_out b = { 0 };
	int ret;

	bytes_put(&b, config, strlen(config));
	ret = section(s, "config", &b);
	ret = ret ? ret : put_identity(s);
	bytes_put_u8(&b, 0);
	ret = ret ? ret : section(s, "intent", &b);
	ret = ret ? ret : put_ram(s);
	ret = ret ? ret : put_state(s);
	bytes_put_u8(&b, 0);
	ret = ret ? ret : section(s, "end", &b);
	return ret ? ret : stream_out_flush(s);
}

int main(int argc, char **argv)
{
	struct stream_out *s = NULL;
	struct channel *c = NULL;
	char uri[4096], *err = NULL;
	int ret = -EINVAL;

	if (argc == 2 && snprintf(uri, sizeof(uri), "file:%s", argv[1]) < (int)sizeof(uri))
		ret = channel_connect(uri, -1, &c, &err);
	if (!ret)
		ret = stream_out_create(c, RAM_FEATURE, &s);
	if (!ret)
		ret = put_all(s);
	stream_out_free(s);
	channel_free(c);
	if (ret)
		fprintf(stderr, "stream_sample: %s\n", err ? err : strerror(-ret));
	free(err);
	return ret ? 1 : 0;
}
