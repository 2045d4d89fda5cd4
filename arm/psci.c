/* SPDX-License-Identifier: GPL-2.0-only */
/* PSCI and SMCCC; see arm/psci.h.  Section numbers are DEN 0022 issue D's. */
#include "arm/psci.h"

#define AFFINITY_MASK (ARM_MASK(39, 32) | ARM_MASK(23, 0))
#define SMC64 (1u << 30)

/* CPU_SUSPEND power_state, original format (5.4.2.1). */
#define STATE_ID_MASK 0xffffu
#define STATE_POWERDOWN (1u << 16)
#define STATE_LEVEL_SHIFT 24
#define STATE_MASK (STATE_ID_MASK | STATE_POWERDOWN | 3u << STATE_LEVEL_SHIFT)

/* SYSTEM_RESET2 reset_type (5.1.12): bit 31 is vendor-specific, 0 the only other. */
#define RESET2_WARM 0u

struct psci_ctx {
	struct psci *p;
	unsigned int self;
	struct psci_call *call;
	u64 arg[4];	/* truncated for SMC32 ids */
};

/*
 * Every result is an int32 or uint32.  Sign extension is what an SMC64 caller
 * must see for an error; an SMC32 caller looks at w0 alone.
 */
static enum psci_action result(struct psci_ctx *c, s32 value)
{
	c->call->ret[0] = c->call->aarch32 ? (u32)value : (u64)(s64)value;
	return PSCI_RESUME;
}

static enum psci_action result_u32(struct psci_ctx *c, u32 value)
{
	c->call->ret[0] = value;
	return PSCI_RESUME;
}

static struct psci_cpu *find_cpu(struct psci *p, u64 mpidr)
{
	for (unsigned int i = 0; i < p->cpus; i++) {
		if (p->cpu[i].mpidr == mpidr)
			return &p->cpu[i];
	}
	return NULL;
}

static enum psci_action do_version(struct psci_ctx *c)
{
	return result_u32(c, c->p->version);
}

/*
 * Standby is WFI.  A powerdown request is answered as one that a pending
 * wake-up event beat (5.4.5): it waits like standby, then SUCCESS, with the
 * CPU's state intact.
 */
static enum psci_action do_cpu_suspend(struct psci_ctx *c)
{
	u64 state = c->arg[1];

	if (state & ~(u64)STATE_MASK)
		return result(c, PSCI_INVALID_PARAMETERS);
	result(c, PSCI_SUCCESS);
	return PSCI_WAIT;
}

static enum psci_action do_cpu_off(struct psci_ctx *c)
{
	c->p->cpu[c->self].power = PSCI_POWER_OFF;
	/* Never seen, unless the CPU were run again by mistake. */
	result(c, PSCI_DENIED);
	return PSCI_CPU_STOP;
}

static enum psci_action do_cpu_on(struct psci_ctx *c)
{
	struct psci *p = c->p;
	struct psci_cpu *target = find_cpu(p, c->arg[1]);
	u64 entry = c->arg[2];
	enum psci_error err;

	if (!target)
		return result(c, PSCI_INVALID_PARAMETERS);
	if (target->power == PSCI_POWER_ON)
		return result(c, PSCI_ALREADY_ON);
	if (target->power == PSCI_POWER_ON_PENDING)
		return result(c, PSCI_ON_PENDING);
	/* A64 code is word-aligned; from AArch32, bit 0 chooses Thumb. */
	if ((!c->call->aarch32 && (entry & 3)) ||
	    (c->call->aarch32 && (entry & 3) == 2) ||
	    (p->ops->entry_ok && !p->ops->entry_ok(p->opaque, entry)))
		return result(c, p->version == PSCI_VERSION_0_2 ?
				 PSCI_INVALID_PARAMETERS : PSCI_INVALID_ADDRESS);
	target->power = PSCI_POWER_ON_PENDING;
	err = p->ops->cpu_on(p->opaque, (unsigned int)(target - p->cpu), entry,
			     c->arg[3], c->call->aarch32);
	if (err != PSCI_SUCCESS)
		target->power = PSCI_POWER_OFF;
	return result(c, err);
}

/*
 * 5.1.5: a node is ON if any CPU below it is, else ON_PENDING if any is, else
 * OFF.  Affinity fields below the level asked for are ignored.
 */
static enum psci_action do_affinity_info(struct psci_ctx *c)
{
	static const u64 ignored[4] = { 0, 0xff, 0xffff, 0xffffff };
	u64 level = c->arg[2];
	enum psci_power power = PSCI_POWER_OFF;
	bool found = false;
	u64 mask;

	if (level > (c->call->aarch32 ? 2 : 3) || (c->arg[1] & ~AFFINITY_MASK))
		return result(c, PSCI_INVALID_PARAMETERS);
	mask = AFFINITY_MASK & ~ignored[level];
	for (unsigned int i = 0; i < c->p->cpus; i++) {
		const struct psci_cpu *cpu = &c->p->cpu[i];

		if ((cpu->mpidr ^ c->arg[1]) & mask)
			continue;
		found = true;
		if (cpu->power == PSCI_POWER_ON || power == PSCI_POWER_OFF)
			power = cpu->power;
		if (power == PSCI_POWER_ON)
			break;
	}
	return result(c, found ? (s32)power : PSCI_INVALID_PARAMETERS);
}

/* 2: no trusted OS that would have to be migrated. */
static enum psci_action do_migrate_info_type(struct psci_ctx *c)
{
	return result(c, 2);
}

static void all_off(struct psci *p)
{
	for (unsigned int i = 0; i < p->cpus; i++)
		p->cpu[i].power = PSCI_POWER_OFF;
}

/*
 * These do not return (5.1.10): ret[0] is what the guest finds if the VM runs
 * it nevertheless.
 */
static enum psci_action do_system_off(struct psci_ctx *c)
{
	all_off(c->p);
	result(c, PSCI_INTERNAL_FAILURE);
	if (c->p->ops->system_off)
		c->p->ops->system_off(c->p->opaque);
	return PSCI_SYSTEM_STOP;
}

static enum psci_action system_reset(struct psci_ctx *c, bool warm, u32 type, u64 cookie)
{
	all_off(c->p);
	result(c, PSCI_INTERNAL_FAILURE);
	if (c->p->ops->system_reset)
		c->p->ops->system_reset(c->p->opaque, warm, type, cookie);
	return PSCI_SYSTEM_STOP;
}

static enum psci_action do_system_reset(struct psci_ctx *c)
{
	return system_reset(c, false, 0, 0);
}

/* reset_type is 32 bits wide in both forms. */
static enum psci_action do_system_reset2(struct psci_ctx *c)
{
	u32 type = (u32)c->arg[1];

	if (type != RESET2_WARM)
		return result(c, PSCI_INVALID_PARAMETERS);
	return system_reset(c, true, type, c->arg[2]);
}

static enum psci_action do_smccc_version(struct psci_ctx *c)
{
	return result_u32(c, SMCCC_VERSION_1_1);
}

/* The host needs nothing done, whatever the answer to ARCH_FEATURES was. */
static enum psci_action do_workaround(struct psci_ctx *c)
{
	return result(c, PSCI_SUCCESS);
}

static enum psci_action do_psci_features(struct psci_ctx *c);
static enum psci_action do_arch_features(struct psci_ctx *c);

/* One row per function; a new call is a new row. */
static const struct psci_row {
	u32 id;			/* SMC32 form */
	u32 since;		/* PSCI version */
	bool has64;		/* the SMC64 form exists as well */
	u8 workaround;		/* 1..3: also hangs on psci.workaround[] */
	enum psci_action (*call)(struct psci_ctx *c);
} psci_rows[] = {
	{ PSCI_FN_VERSION, PSCI_VERSION_0_2, false, 0, do_version },
	{ PSCI_FN_CPU_SUSPEND, PSCI_VERSION_0_2, true, 0, do_cpu_suspend },
	{ PSCI_FN_CPU_OFF, PSCI_VERSION_0_2, false, 0, do_cpu_off },
	{ PSCI_FN_CPU_ON, PSCI_VERSION_0_2, true, 0, do_cpu_on },
	{ PSCI_FN_AFFINITY_INFO, PSCI_VERSION_0_2, true, 0, do_affinity_info },
	{ PSCI_FN_MIGRATE_INFO_TYPE, PSCI_VERSION_0_2, false, 0, do_migrate_info_type },
	{ PSCI_FN_SYSTEM_OFF, PSCI_VERSION_0_2, false, 0, do_system_off },
	{ PSCI_FN_SYSTEM_RESET, PSCI_VERSION_0_2, false, 0, do_system_reset },
	{ PSCI_FN_FEATURES, PSCI_VERSION_1_0, false, 0, do_psci_features },
	{ PSCI_FN_SYSTEM_RESET2, PSCI_VERSION_1_1, true, 0, do_system_reset2 },
	{ SMCCC_FN_VERSION, PSCI_VERSION_0_2, false, 0, do_smccc_version },
	{ SMCCC_FN_ARCH_FEATURES, PSCI_VERSION_0_2, false, 0, do_arch_features },
	{ SMCCC_FN_ARCH_WORKAROUND_1, PSCI_VERSION_0_2, false, 1, do_workaround },
	{ SMCCC_FN_ARCH_WORKAROUND_2, PSCI_VERSION_0_2, false, 2, do_workaround },
	{ SMCCC_FN_ARCH_WORKAROUND_3, PSCI_VERSION_0_2, false, 3, do_workaround },
};

/* A workaround can be called if ARCH_FEATURES said 0 or 1. */
static bool row_visible(const struct psci *p, const struct psci_row *row)
{
	return row->since <= p->version &&
	       (!row->workaround || p->workaround[row->workaround - 1] >= 0);
}

/* The row that serves @id for this caller, or null.  AArch32 has no SMC64. */
static const struct psci_row *find_row(const struct psci *p, u32 id, bool aarch32)
{
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(psci_rows); i++) {
		const struct psci_row *row = &psci_rows[i];

		if (id != row->id &&
		    !(row->has64 && !aarch32 && id == (row->id | SMC64)))
			continue;
		return row_visible(p, row) ? row : NULL;
	}
	return NULL;
}

/*
 * 5.1.14: of what is here only CPU_SUSPEND has feature bits, and both are 0:
 * original power_state format, no OS-initiated mode.
 */
static enum psci_action do_psci_features(struct psci_ctx *c)
{
	u32 id = (u32)c->arg[1];
	bool arch = id >> 24 == 0x80 && id != SMCCC_FN_VERSION;
	bool known = !arch && find_row(c->p, id, c->call->aarch32);

	return result(c, known ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED);
}

/* DEN 0028 7.4 */
static enum psci_action do_arch_features(struct psci_ctx *c)
{
	u32 id = (u32)c->arg[1];

	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(psci_rows); i++) {
		const struct psci_row *row = &psci_rows[i];

		if (row->id != id || id >> 24 != 0x80)
			continue;
		if (row->workaround)
			return result(c, c->p->workaround[row->workaround - 1]);
		return result(c, PSCI_SUCCESS);
	}
	return result(c, PSCI_NOT_SUPPORTED);
}

enum psci_action psci_call(struct psci *p, unsigned int self, struct psci_call *call)
{
	struct psci_ctx c = { .p = p, .self = self, .call = call };
	u32 id = (u32)call->arg[0];
	const struct psci_row *row = find_row(p, id, call->aarch32);

	for (unsigned int i = 0; i < 4; i++) {
		call->ret[i] = call->aarch32 ? (u32)call->arg[i] : call->arg[i];
		c.arg[i] = id & SMC64 ? call->arg[i] : (u32)call->arg[i];
	}
	if (!row || self >= p->cpus)
		return result(&c, PSCI_NOT_SUPPORTED);
	return row->call(&c);
}

int psci_init(struct psci *p, u32 version, struct psci_cpu *cpu, unsigned int cpus,
	      const struct psci_ops *ops, void *opaque)
{
	*p = (struct psci){
		.version = version,
		.cpus = cpus,
		.cpu = cpu,
		.ops = ops,
		.opaque = opaque,
		/* Linux takes exactly these for "not affected". */
		.workaround = { SMCCC_WA_UNAFFECTED, SMCCC_WA_NOT_REQUIRED,
				SMCCC_WA_UNAFFECTED },
	};
	if (!cpus || !cpu || !ops || !ops->cpu_on)
		return -EINVAL;
	psci_reset(p);
	return psci_validate(p);
}

void psci_reset(struct psci *p)
{
	all_off(p);
	p->cpu[0].power = PSCI_POWER_ON;
}

void psci_cpu_started(struct psci *p, unsigned int cpu)
{
	if (cpu < p->cpus && p->cpu[cpu].power == PSCI_POWER_ON_PENDING)
		p->cpu[cpu].power = PSCI_POWER_ON;
}

int psci_validate(const struct psci *p)
{
	if (p->version != PSCI_VERSION_0_2 && (p->version < PSCI_VERSION_1_0 || p->version > PSCI_VERSION_1_3))
		return -EINVAL;
	for (unsigned int i = 0; i < 3; i++) {
		if (p->workaround[i] < SMCCC_WA_NOT_REQUIRED ||
		    p->workaround[i] > SMCCC_WA_UNAFFECTED)
			return -EINVAL;
	}
	for (unsigned int i = 0; i < p->cpus; i++) {
		if ((u32)p->cpu[i].power > PSCI_POWER_ON_PENDING ||
		    (p->cpu[i].mpidr & ~AFFINITY_MASK))
			return -EINVAL;
	}
	return 0;
}
