/* SPDX-License-Identifier: GPL-2.0-only */
/* Identities: read off an engine, to bytes and text and back, to a model that answers the same, compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arm/psci.h"
#include "vmm/migrate/identity.h"
#include "vmm/migrate/identity_reg.h"

/* An engine that is its state. */
struct fake {
	struct accel accel;
	struct arm_state state;
	struct accel_ids ids;
	bool lacks[ARM_SYSREG_SLOTS];
};

static struct fake fake;

static struct arm_state *fake_state(struct accel *a, unsigned int cpu)
{
	(void)cpu;
	return &((struct fake *)a)->state;
}

static bool fake_has_slot(struct accel *a, unsigned int slot)
{
	return !((struct fake *)a)->lacks[slot];
}

static int fake_get_ids(struct accel *a, struct accel_ids *ids)
{
	*ids = ((struct fake *)a)->ids;
	return 0;
}

static int fake_get_count(struct accel *a, u64 *count, u32 *hz)
{
	(void)a;
	*count = 5;
	*hz = 24000000;
	return 0;
}

static const struct accel_ops plain_ops = { .name = "plain", .state = fake_state, .get_count = fake_get_count };
static const struct accel_ops kvm_ops = {
	.name = "kvm-like", .state = fake_state, .has_slot = fake_has_slot, .get_ids = fake_get_ids,
	.get_count = fake_get_count,
};

static struct arm_cpu_model machine_model(const char *name, bool aarch32)
{
	struct arm_cpu_model m = *arm_cpu_model_find(name);

	m.features &= ~(ARM_FEAT_BIT(ARM_FEAT_EL2) | ARM_FEAT_BIT(ARM_FEAT_EL3));
	if (aarch32)
		m.features &= ~ARM_FEAT_BIT(ARM_FEAT_AARCH64);
	return m;
}

static void make_identity(const struct arm_cpu_model *m, struct identity *id)
{
	fake.accel.ops = &plain_ops;
	memset(&fake.state, 0, sizeof(fake.state));
	arm_sysreg_reset(&fake.state, m);
	assert_int_equal(identity_of(&fake.accel, m, !arm_has(m->features, ARM_FEAT_AARCH64), 2, id), 0);
}

static const struct {
	const char *name;
	bool aarch32;
} cpus[] = {
	{ "cortex-a57", false }, { "cortex-a57", true }, { "max", false }, { "cortex-a15", true },
	{ "cortex-a7", true },
};

/* identity -> model -> reset gives what the identity was taken of, in every slot, and for AArch32's own registers. */
static void test_model_is_like(void **ctx)
{
	static struct arm_state got;
	static struct identity_model im;

	(void)ctx;
	for (size_t c = 0; c < ARM_ARRAY_SIZE(cpus); c++) {
		struct arm_cpu_model m = machine_model(cpus[c].name, cpus[c].aarch32);
		struct report r = { 0 };
		struct identity id;

		make_identity(&m, &id);
		assert_int_equal(id.counter_hz, 24000000);
		assert_int_equal(identity_to_model(&id, &im, &r), 0);
		assert_true(report_is_empty(&r));
		assert_string_equal(im.model.name, cpus[c].name);
		im.model.features &= ~(ARM_FEAT_BIT(ARM_FEAT_EL2) | ARM_FEAT_BIT(ARM_FEAT_EL3));
		if (id.aarch32)
			im.model.features &= ~ARM_FEAT_BIT(ARM_FEAT_AARCH64);
		assert_int_equal(im.model.features, m.features);
		memset(&got, 0, sizeof(got));
		arm_sysreg_reset(&got, &im.model);
		for (unsigned int i = 0; i < ARM_SYSREG_SLOTS; i++)
			if (got.sys[i] != fake.state.sys[i])
				fail_msg("%s: %s is %llx and was %llx", cpus[c].name, arm_sysreg_slot_name(i),
					 (unsigned long long)got.sys[i], (unsigned long long)fake.state.sys[i]);
		for (unsigned int i = 0; i < ARM_REGS32; i++) {
			assert_int_equal(arm_cpu_model_value32(&im.model, i), arm_cpu_model_value32(&m, i));
			assert_int_equal(arm_cpu_model_wmask32(&im.model, i), arm_cpu_model_wmask32(&m, i));
		}
		assert_memory_equal(im.model.ccsidr, m.ccsidr, sizeof(m.ccsidr));
#define SAME(field) assert_int_equal(im.model.field, m.field)
		SAME(breakpoints), SAME(watchpoints), SAME(ctx_breakpoints), SAME(pmu_counters), SAME(pa_bits);
		SAME(asid_bits), SAME(dcache_line_log2), SAME(icache_line_log2), SAME(zva_log2);
#undef SAME
	}
}

/* Bytes and text give back all there is. */
static void test_bytes_and_text(void **ctx)
{
	(void)ctx;
	for (size_t c = 0; c < ARM_ARRAY_SIZE(cpus); c++) {
		struct arm_cpu_model m = machine_model(cpus[c].name, cpus[c].aarch32);
		struct bytes_out out = { 0 };
		struct bytes_in in;
		struct identity id, got;
		char *err = NULL, *text = NULL;
		size_t size;
		FILE *f;

		memset(&id, 0, sizeof(id));
		make_identity(&m, &id);
		identity_put(&out, &id);
		assert_int_equal(out.error, 0);
		in = (struct bytes_in){ .data = out.data, .len = out.len };
		memset(&got, 0, sizeof(got));
		assert_int_equal(identity_get(&in, &got, &err), 0);
		assert_int_equal(got.nids, id.nids);
		assert_int_equal(got.nids32, id.nids32);
		assert_int_equal(got.counter_hz, id.counter_hz);
		assert_int_equal(got.aarch32, id.aarch32);
		assert_string_equal(got.cpu, id.cpu);
		assert_memory_equal(got.ccsidr, id.ccsidr, sizeof(id.ccsidr));
		for (unsigned int i = 0; i < id.nids; i++)
			assert_int_equal(identity_find(&got, id.id[i].reg)->value, id.id[i].value);
		/* Every shorter one is refused. */
		for (size_t len = 0; len < out.len; len++) {
			u8 *copy = malloc(len ? len : 1);

			memcpy(copy, out.data, len);
			in = (struct bytes_in){ .data = copy, .len = len };
			assert_int_equal(identity_get(&in, &got, &err), -EBADMSG);
			assert_non_null(err);
			free(err);
			err = NULL;
			free(copy);
		}
		bytes_free(&out);

		id.psci = PSCI_VERSION_1_0;
		f = open_memstream(&text, &size);
		assert_int_equal(identity_write(&id, f), 0);
		fclose(f);
		f = fmemopen(text, size, "r");
		assert_int_equal(identity_read(f, "here", &got, &err), 0);
		fclose(f);
		free(text);
		assert_int_equal(got.nids, id.nids);
		assert_int_equal(got.nids32, id.nids32);
		assert_string_equal(got.cpu, id.cpu);
		assert_int_equal(got.gic_version, 2);
		assert_int_equal(got.psci, PSCI_VERSION_1_0);
		assert_memory_equal(got.ccsidr, id.ccsidr, sizeof(id.ccsidr));
		for (unsigned int i = 0; i < id.nids; i++)
			assert_int_equal(identity_find(&got, id.id[i].reg)->value, id.id[i].value);
	}
}

#define HEAD "vambrace-identity 1\ncpu x\nel1 aarch32\ngic 2\ncounter-hz 0\n"

static void test_bad_text(void **ctx)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "not complete" },
		{ HEAD, "not complete" },
		{ "hello world\n", "line 1: no file of vambrace host describe" },
		{ "vambrace-identity 2\n", "line 1: a format" },
		{ HEAD "MIDR_EL1 0x1\nMIDR_EL1 0x2\n", "line 7: this register is there twice" },
		{ HEAD "MIDR_EL1\n", "line 6: a line is a name and a value" },
		{ HEAD "MIDR_EL1 1 2\n", "line 6: a line is a name and a value" },
		{ HEAD "MIDR_EL1 -1\n", "line 6: not a number" },
		{ HEAD "MIDR_EL1 0x1ffffffffffffffff\n", "line 6: not a number, or too large" },
		{ HEAD "SCTLR_EL1 0\n", "line 6: no register of a CPU's identity" },
		{ HEAD "NONSENSE 0\n", "line 6: no register of a CPU's identity" },
		{ HEAD "CCSIDR[14] 1\n", "line 6: no such cache" },
		{ HEAD "CCSIDR[1]x 1\n", "line 6: no register" },
		{ HEAD "CCSIDR[1] 1\nCCSIDR[1] 1\n", "line 7: no such cache, or it is there twice" },
		{ HEAD "gic 2\n", "line 6: this is there twice" },
		{ HEAD "psci 1.1\npsci 1.1\n", "line 7: this is there twice" },
		{ HEAD "psci 1\n", "line 6: no version of PSCI" },
		{ HEAD "psci 1.x\n", "line 6: no version of PSCI" },
		{ HEAD "psci 1.1.1\n", "line 6: no version of PSCI" },
		{ HEAD "psci 32768.0\n", "line 6: no version of PSCI" },
		{ "vambrace-identity 1\ngic 4\n", "line 2" },
		{ "vambrace-identity 1\nel1 both\n", "line 2: el1 is" },
		{ "vambrace-identity 1\ncpu 0123456789012345678901234567890123456789\n", "line 2: the name" },
		{ HEAD "#345678901234567890123456789012345678901234567890123456789012345678901234567890"
		  "345678901234567890123456789012345678901234567890123456789012345678901234567890"
		  "345678901234567890123456789012345678901234567890123456789012345678901234567890"
		  "345678901234567890123456789012345678901234567890\n", "line 6: the line is too long" },
	};

	(void)ctx;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(bad); i++) {
		/* An empty buffer cannot be opened. */
		size_t len = strlen(bad[i].text);
		FILE *f = len ? fmemopen((void *)bad[i].text, len, "r") : fopen("/dev/null", "r");
		struct identity id;
		char *err = NULL;

		assert_int_equal(identity_read(f, "FILE", &id, &err), -EINVAL);
		if (!err || !strstr(err, bad[i].says) || strncmp(err, "FILE", 4))
			fail_msg("'%s' for '%s'", err ? err : "nothing", bad[i].text);
		free(err);
		fclose(f);
	}
}

/* Random text and bytes: an error or an identity, and no access behind what is there. */
static void test_noise(void **ctx)
{
	struct arm_cpu_model m = machine_model("cortex-a15", true);
	struct bytes_out out = { 0 };
	struct identity id, got;
	unsigned int seed = 1;

	(void)ctx;
	make_identity(&m, &id);
	identity_put(&out, &id);
	for (unsigned int i = 0; i < 20000; i++) {
		size_t at = (unsigned int)rand_r(&seed) % out.len;
		u8 was = out.data[at];
		struct bytes_in in = { .data = out.data, .len = out.len };
		char *err = NULL;
		int ret;

		out.data[at] ^= 1u << rand_r(&seed) % 8;
		ret = identity_get(&in, &got, &err);
		assert_true(ret == 0 || ret == -EBADMSG || ret == -EINVAL);
		assert_true(ret == 0 || err);
		if (!ret) {
			static struct identity_model im;
			struct report r = { 0 };

			assert_int_equal(identity_to_model(&got, &im, &r), 0);
			assert_true(im.model.breakpoints <= 16 && im.model.ctx_breakpoints <= im.model.breakpoints);
			assert_true(im.model.icache_line_log2 <= 11 && im.model.zva_log2 <= 11);
			report_free(&r);
		}
		free(err);
		out.data[at] = was;
	}
	bytes_free(&out);
}

static void set_reg(struct identity *id, enum arm_sysreg reg, u64 value)
{
	for (unsigned int i = 0; i < id->nids; i++)
		if (id->id[i].reg == reg)
			id->id[i].value = value;
	assert_int_equal(identity_find(id, reg)->value, value);
}

/* One change each; @says: what the report must name, NULL: it must be empty. */
static void expect(const struct identity *guest, const struct identity *host, const char *says)
{
	struct report r = { 0 };

	identity_check(guest, host, &r);
	if (!says) {
		if (!report_is_empty(&r))
			fail_msg("%s", r.line[0]);
	} else {
		assert_int_equal(r.lines, 1);
		if (!strstr(r.line[0], says))
			fail_msg("'%s' does not name %s", r.line[0], says);
		assert_non_null(strchr(r.line[0], ';'));	/* a remedy */
	}
	report_free(&r);
}

static void test_check(void **ctx)
{
	struct arm_cpu_model m = machine_model("cortex-a15", true), m64 = machine_model("cortex-a57", false);
	struct identity a, b;

	(void)ctx;
	make_identity(&m, &a);
	b = a;
	expect(&a, &b, NULL);
	b.counter_hz = 1;
	expect(&a, &b, "24000000 Hz");
	b.counter_hz = 0;
	expect(&a, &b, NULL);
	b.gic_version = 3;
	expect(&a, &b, "GICv2");
	b = a;
	b.aarch32 = false;
	expect(&a, &b, "AArch32");
	b = a;
	set_reg(&b, ARM_REG_MIDR_EL1, 0x412fc0f1);
	expect(&a, &b, "MIDR_EL1");
	b = a;
	/* IDIV gone, and more of it. */
	set_reg(&b, ARM_REG_ID_ISAR0_EL1, 0x00101110);
	expect(&a, &b, "ID_ISAR0_EL1");
	expect(&b, &a, NULL);
	/* Lines of 32 bytes here, of 64 there. */
	b = a;
	set_reg(&b, ARM_REG_CTR_EL0, 0x8443c003);
	expect(&a, &b, "CTR_EL0");
	expect(&b, &a, NULL);
	/* VIPT is asked for more than PIPT. */
	set_reg(&b, ARM_REG_CTR_EL0, 0x84448004);
	expect(&a, &b, "CTR_EL0");
	expect(&b, &a, NULL);
	b = a;
	b.ccsidr[0]--;
	expect(&a, &b, "CCSIDR[0]");
	expect(&b, &a, NULL);
	b = a;
	for (unsigned int i = 0; i < b.nids32; i++)
		if (b.id32[i].reg == ARM_REG32_FPSID)
			b.id32[i].value = 0x41020000;
	expect(&a, &b, "FPSID");
	/* No crypto. */
	make_identity(&m64, &a);
	m64.features &= ~(ARM_FEAT_BIT(ARM_FEAT_AES) | ARM_FEAT_BIT(ARM_FEAT_PMULL));
	make_identity(&m64, &b);
	expect(&b, &a, NULL);
	set_reg(&b, ARM_REG_ID_ISAR5_EL1, identity_find(&a, ARM_REG_ID_ISAR5_EL1)->value);
	expect(&a, &b, "ID_AA64ISAR0_EL1");
	/* Without FP: 0xf is less than 0. */
	make_identity(&m64, &a);
	b = a;
	set_reg(&b, ARM_REG_ID_AA64PFR0_EL1, identity_find(&a, ARM_REG_ID_AA64PFR0_EL1)->value | 0xff0000);
	expect(&a, &b, "ID_AA64PFR0_EL1");
	expect(&b, &a, NULL);
}

/* What Linux 5.4 shows on QEMU's Cortex-A15 (facts/kvm, regdiff-a15.txt) is adopted to the bit. */
static void test_like_kvm_a15(void **ctx)
{
	static const struct {
		enum arm_sysreg reg;
		u64 value;
	} regs[] = {
		{ ARM_REG_MIDR_EL1, 0x414fc0f0 }, { ARM_REG_REVIDR_EL1, 0x414fc0f0 },
		{ ARM_REG_ID_PFR1_EL1, 0x00011001 },
		{ ARM_REG_ID_DFR0_EL1, 0x02010505 }, { ARM_REG_ID_MMFR0_EL1, 0x10201105 },
	};
	struct arm_cpu_model m = machine_model("cortex-a15", true);
	static struct identity_model im;
	struct report r = { 0 };
	struct identity id;

	(void)ctx;
	fake.accel.ops = &kvm_ops;
	arm_sysreg_reset(&fake.state, &m);
	fake.ids = (struct accel_ids){
		.ccsidr = { 0x701fe00a, 0x201fe00a, 0x711fe07a }, .count = 3,
		.reg32 = { { ARM_REG32_TLBTR, 0 }, { ARM_REG32_FPSID, 0x410430f1 }, { ARM_REG32_DBGDIDR, 0 } },
	};
	for (size_t i = 0; i < ARM_ARRAY_SIZE(regs); i++)
		fake.state.sys[arm_sysreg_row(regs[i].reg)->slot] = regs[i].value;
	fake.lacks[ARM_SLOT_AIDR_EL1] = true;
	assert_int_equal(identity_of(&fake.accel, &m, true, 2, &id), 0);
	fake.lacks[ARM_SLOT_AIDR_EL1] = false;
	assert_null(identity_find(&id, ARM_REG_AIDR_EL1));
	assert_int_equal(identity_to_model(&id, &im, &r), 0);
	assert_true(report_is_empty(&r));
	for (size_t i = 0; i < ARM_ARRAY_SIZE(regs); i++)
		assert_int_equal(arm_cpu_model_value(&im.model, regs[i].reg), regs[i].value);
	assert_int_equal(im.model.ccsidr[2], 0x711fe07a);
	assert_int_equal(arm_cpu_model_value32(&im.model, ARM_REG32_FPSID), 0x410430f1);
	assert_int_equal(arm_cpu_model_value32(&im.model, ARM_REG32_DBGDIDR), 0);
	assert_int_equal(im.model.breakpoints, 6);	/* not 1: it has none that anybody is told of */
	assert_string_equal(im.model.name, "cortex-a15");
}

/* A newer part: what the translator lacks is named and left out; the rest is as it is. */
static void test_lacks(void **ctx)
{
	struct arm_cpu_model m = machine_model("max", false);
	static struct identity_model im;
	struct report r = { 0 };
	struct identity id;
	u64 isar0;

	(void)ctx;
	make_identity(&m, &id);
	isar0 = identity_find(&id, ARM_REG_ID_AA64ISAR0_EL1)->value;
	set_reg(&id, ARM_REG_MIDR_EL1, 0x413fd0c1);			/* Neoverse N1 */
	set_reg(&id, ARM_REG_ID_AA64ISAR0_EL1, isar0 | 1ULL << 44);	/* dot products */
	set_reg(&id, ARM_REG_ID_AA64MMFR1_EL1, 0x10212122);		/* PAN, LO, HPDS, VH, VMID, HAFDBS */
	set_reg(&id, ARM_REG_ID_AA64PFR0_EL1, 0x1100000010111112);	/* CSV3, CSV2, RAS, FP16, A32 at EL0 */
	assert_int_equal(identity_to_model(&id, &im, &r), 0);
	assert_int_equal(arm_cpu_model_value(&im.model, ARM_REG_MIDR_EL1), 0x413fd0c1);
	assert_int_equal(arm_cpu_model_value(&im.model, ARM_REG_ID_AA64ISAR0_EL1), isar0);
	/* VH, VMIDBits and what is above are nothing to EL1. */
	assert_int_equal(arm_cpu_model_value(&im.model, ARM_REG_ID_AA64MMFR1_EL1), 0x10000120);
	assert_int_equal(arm_cpu_model_value(&im.model, ARM_REG_ID_AA64PFR0_EL1), 0x1100000000001112);
	assert_false(arm_has(im.model.features, ARM_FEAT_PAN));
	assert_true(arm_has(im.model.features, ARM_FEAT_AARCH32_EL0));
	assert_int_equal(r.lines, 8);
	for (unsigned int i = 0; i < r.lines; i++)
		assert_non_null(strstr(r.line[i], "--cpu host-of"));
	report_free(&r);
}

static void test_report(void **ctx)
{
	struct report r = { 0 };
	char *err = NULL;

	(void)ctx;
	assert_true(report_is_empty(&r));
	report_value(&r, "X", 0x12, 0x34, 0xff, "do that");
	report_value(&r, "X", 0x12, 0x34, 0xff, "do that");
	assert_int_equal(r.lines, 1);
	report_to_err(&r, "moving", NULL);
	report_to_err(&r, "moving", &err);
	assert_string_equal(err, "moving: X: the guest has 0x12, this side 0x34 (bits 0xff); do that");
	free(err);
	for (unsigned int i = 0; i < REPORT_LINES_MAX + 7; i++)
		report_add(&r, "line %u", i);
	assert_int_equal(r.lines, REPORT_LINES_MAX);
	assert_int_equal(r.more, 8);
	report_to_err(&r, "moving", &err);
	assert_non_null(strstr(err, "\n  line 3\n"));
	assert_non_null(strstr(err, "\n  and 8 more"));
	free(err);
	report_free(&r);
	assert_true(report_is_empty(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model_is_like), cmocka_unit_test(test_bytes_and_text),
		cmocka_unit_test(test_bad_text), cmocka_unit_test(test_noise), cmocka_unit_test(test_check),
		cmocka_unit_test(test_like_kvm_a15), cmocka_unit_test(test_lacks), cmocka_unit_test(test_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
