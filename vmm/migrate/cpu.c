/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registers of a vCPU, each once and by name, in the order: X, PC, PSTATE, FPCR,
 * FPSR, V, then slots.  Which slots: those that a guest can reach at EL1 and below.
 * SP is among them as SP_EL0 and SP_EL1.  Behind them what an engine has besides: a pending SError,
 * and the version of PSCI, which is of all vCPUs.
 *
 * A register is a string, flags, the size of the value and the value.
 */
#include "vmm/migrate/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arm/esr.h"
#include "vmm/host/log.h"
#include "vmm/migrate/cpu_check.h"

#define REG_IGNORABLE 1		/* who does not know the name may skip it */
#define REG_ABSENT 2		/* the engine does not show it: no value; the reset value is as good */
#define MAX_REGS 1024

/* Where a register is in struct arm_state. */
enum place {
	PLACE_X,
	PLACE_PC,
	PLACE_PSTATE,
	PLACE_FPCR,
	PLACE_FPSR,
	PLACE_V,
	PLACE_SLOT,
	PLACE_SERROR,
	PLACE_PSCI,
	PLACES
};

struct where {
	enum place place;
	unsigned int n;
};

#define FIXED_REGS (31 + 4 + 32)

/* What struct arm_state has not; 0 is not sent. */
struct extra {
	u32 serror;		/* ACCEL_SERROR */
	u32 psci;
};

static const struct where extra_regs[] = { { PLACE_SERROR, 0 }, { PLACE_PSCI, 0 } };

/* The registers that are no slots, by number. */
static struct where fixed_reg(unsigned int i)
{
	if (i < 31)
		return (struct where){ PLACE_X, i };
	if (i < 35)
		return (struct where){ (enum place)(PLACE_PC + i - 31), 0 };
	return (struct where){ PLACE_V, i - 35 };
}

static void name_of(struct where at, char out[BYTES_STRING_MAX + 1])
{
	static const char *const names[PLACES] = {
		[PLACE_PC] = "PC", [PLACE_PSTATE] = "PSTATE", [PLACE_FPCR] = "FPCR", [PLACE_FPSR] = "FPSR",
		[PLACE_SERROR] = "SERROR", [PLACE_PSCI] = "PSCI_VERSION",
	};
	const char *name = at.place == PLACE_SLOT ? arm_sysreg_slot_name(at.n) : names[at.place];

	if (name)
		snprintf(out, BYTES_STRING_MAX + 1, "%s", name);
	else
		snprintf(out, BYTES_STRING_MAX + 1, "%c%u", at.place == PLACE_V ? 'V' : 'X', at.n);
}

static unsigned int size_of(enum place place)
{
	switch (place) {
	case PLACE_V:
		return 16;
	case PLACE_X:
	case PLACE_PC:
	case PLACE_SLOT:
		return 8;
	default:
		return 4;
	}
}

/* ---- writing ---- */

static void put_value(struct bytes_out *b, const struct arm_state *s, struct where at)
{
	switch (at.place) {
	case PLACE_X:
		bytes_put_u64(b, s->x[at.n]);
		break;
	case PLACE_PC:
		bytes_put_u64(b, s->pc);
		break;
	case PLACE_PSTATE:
		bytes_put_u32(b, arm_state_psr(s));
		break;
	case PLACE_FPCR:
		bytes_put_u32(b, s->fpcr);
		break;
	case PLACE_FPSR:
		bytes_put_u32(b, s->fpsr);
		break;
	case PLACE_V:
		bytes_put_u64(b, s->v[at.n].d[0]);
		bytes_put_u64(b, s->v[at.n].d[1]);
		break;
	case PLACE_SLOT:
		bytes_put_u64(b, cpu_slot_stored(at.n, s->sys[at.n]));
		break;
	default:
		break;
	}
}

static void put_reg(struct bytes_out *b, const struct arm_state *s, struct where at, u8 flags)
{
	char name[BYTES_STRING_MAX + 1];

	name_of(at, name);
	bytes_put_string(b, name);
	bytes_put_u8(b, flags);
	bytes_put_u8(b, flags & REG_ABSENT ? 0 : (u8)size_of(at.place));
	if (!(flags & REG_ABSENT))
		put_value(b, s, at);
}

static u8 slot_flags(struct accel *a, const struct arm_state *s, unsigned int slot)
{
	u8 flags = arm_sysreg_slot_row(slot)->mig == ARM_MIG_IGNORE ? REG_IGNORABLE : 0;

	if (a->ops->has_slot && !a->ops->has_slot(a, slot))
		flags |= REG_ABSENT;
	if (cpu_slot_unknown(slot, s->sys[slot]))
		flags |= REG_ABSENT;
	return flags;
}

static u32 *extra_reg(struct extra *x, enum place place)
{
	return place == PLACE_SERROR ? &x->serror : &x->psci;
}

static int read_extra(struct accel *a, unsigned int cpu, struct extra *x)
{
	int ret = a->ops->get_serror ? a->ops->get_serror(a, cpu, &x->serror) : 0;

	return ret || !a->ops->get_psci ? ret : a->ops->get_psci(a, &x->psci);
}

/* Who does not know of PSCI's version has one, and that will do; but an SError is not to be lost. */
static void put_extra(struct bytes_out *b, struct extra *x)
{
	for (size_t i = 0; i < ARM_ARRAY_SIZE(extra_regs); i++) {
		struct where at = extra_regs[i];
		char name[BYTES_STRING_MAX + 1];

		if (!*extra_reg(x, at.place))
			continue;
		name_of(at, name);
		bytes_put_string(b, name);
		bytes_put_u8(b, at.place == PLACE_PSCI ? REG_IGNORABLE : 0);
		bytes_put_u8(b, (u8)size_of(at.place));
		bytes_put_u32(b, *extra_reg(x, at.place));
	}
}

int cpu_put(struct bytes_out *b, struct accel *a, unsigned int cpu, const struct arm_cpu_model *model)
{
	const struct arm_state *state = a->ops->state(a, cpu);
	struct arm_state *s;
	struct extra extra = { 0 };
	unsigned int count = FIXED_REGS;
	bool off = false;
	int ret = state && a->ops->get_off ? a->ops->get_off(a, cpu, &off) : 0;

	if (!state)
		return -EIO;
	if (!ret)
		ret = read_extra(a, cpu, &extra);
	if (ret)
		return ret;
	s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = *state;
	arm_state_save_sp(s);
	for (unsigned int slot = 0; slot < ARM_SYSREG_SLOTS; slot++)
		count += cpu_slot_moves(model, slot);
	count += !!extra.serror + !!extra.psci;
	bytes_put_u8(b, off);
	bytes_put_u16(b, (u16)count);
	for (unsigned int i = 0; i < FIXED_REGS; i++)
		put_reg(b, s, fixed_reg(i), 0);
	for (unsigned int slot = 0; slot < ARM_SYSREG_SLOTS; slot++)
		if (cpu_slot_moves(model, slot))
			put_reg(b, s, (struct where){ PLACE_SLOT, slot }, slot_flags(a, s, slot));
	put_extra(b, &extra);
	free(s);
	return 0;
}

/* ---- reading ---- */

/* A section that is being read. */
struct load {
	struct accel *accel;
	const struct arm_cpu_model *model;
	struct report *report;
	unsigned int cpu;
	struct arm_state state;		/* what comes out; begins as what is here */
	struct extra extra;
	bool fixed[FIXED_REGS];		/* registers that came */
	bool extra_came[ARM_ARRAY_SIZE(extra_regs)];
	bool slot[ARM_SYSREG_SLOTS];
};

static int find_reg(const char *name, struct where *at, bool **seen, struct load *l)
{
	char own[BYTES_STRING_MAX + 1];

	for (unsigned int i = 0; i < FIXED_REGS; i++) {
		*at = fixed_reg(i);
		*seen = &l->fixed[i];
		name_of(*at, own);
		if (!strcmp(own, name))
			return 0;
	}
	for (size_t i = 0; i < ARM_ARRAY_SIZE(extra_regs); i++) {
		*at = extra_regs[i];
		*seen = &l->extra_came[i];
		name_of(*at, own);
		if (!strcmp(own, name))
			return 0;
	}
	for (unsigned int slot = 0; slot < ARM_SYSREG_SLOTS; slot++) {
		*at = (struct where){ PLACE_SLOT, slot };
		*seen = &l->slot[slot];
		if (!strcmp(arm_sysreg_slot_name(slot), name))
			return 0;
	}
	return -ENOENT;
}

static void get_value(struct bytes_in *b, struct load *l, struct where at)
{
	struct arm_state *s = &l->state;

	switch (at.place) {
	case PLACE_X:
		s->x[at.n] = bytes_get_u64(b);
		break;
	case PLACE_PC:
		s->pc = bytes_get_u64(b);
		break;
	case PLACE_PSTATE:
		arm_state_set_psr(s, bytes_get_u32(b));
		break;
	case PLACE_FPCR:
		s->fpcr = bytes_get_u32(b);
		break;
	case PLACE_FPSR:
		s->fpsr = bytes_get_u32(b);
		break;
	case PLACE_V:
		s->v[at.n].d[0] = bytes_get_u64(b);
		s->v[at.n].d[1] = bytes_get_u64(b);
		break;
	case PLACE_SLOT:
		cpu_slot_load(&l->state, l->accel, l->model, at.n, bytes_get_u64(b), l->cpu, l->report);
		break;
	case PLACE_SERROR:
	case PLACE_PSCI:
		*extra_reg(&l->extra, at.place) = bytes_get_u32(b);
		break;
	case PLACES:
		break;
	}
}

static int get_unknown(struct bytes_in *b, const char *name, u8 flags, u8 size, struct load *l)
{
	bytes_get(b, size);
	if (!(flags & (REG_IGNORABLE | REG_ABSENT)))
		report_add(l->report, "CPU %u: this program does not know the register %.64s; use the version that "
			   "runs the guest, or a later one", l->cpu, name);
	return 0;
}

static int get_reg(struct bytes_in *b, struct load *l, char **err)
{
	char name[BYTES_STRING_MAX + 1];
	struct where at;
	bool *seen;
	u8 flags, size;

	bytes_get_string(b, name);
	flags = bytes_get_u8(b);
	size = bytes_get_u8(b);
	if (b->error)
		return 0;
	if (flags & ~(REG_IGNORABLE | REG_ABSENT) || ((flags & REG_ABSENT) && size))
		return err_set(err, -EBADMSG, "CPU %u: the stream is damaged at register %.64s (flags %#x)", l->cpu,
			       name, flags);
	if (find_reg(name, &at, &seen, l))
		return get_unknown(b, name, flags, size, l);
	if (*seen)
		return err_set(err, -EBADMSG, "CPU %u: the stream has register %s twice", l->cpu, name);
	if (flags & REG_ABSENT && at.place != PLACE_SLOT)
		return err_set(err, -EBADMSG, "CPU %u: the stream has no value of %s", l->cpu, name);
	if (!(flags & REG_ABSENT) && size != size_of(at.place))
		return err_set(err, -EBADMSG, "CPU %u: the stream has %u bytes of %s, which has %u", l->cpu, size,
			       name, size_of(at.place));
	*seen = true;
	if (!(flags & REG_ABSENT))
		get_value(b, l, at);
	return 0;
}

/* What did not come, and has to. */
static void check_missing(struct load *l)
{
	char name[BYTES_STRING_MAX + 1];

	for (unsigned int i = 0; i < FIXED_REGS; i++) {
		if (l->fixed[i])
			continue;
		name_of(fixed_reg(i), name);
		report_add(l->report, "CPU %u: the stream does not tell %s", l->cpu, name);
	}
	for (unsigned int slot = 0; slot < ARM_SYSREG_SLOTS; slot++)
		if (!l->slot[slot] && cpu_slot_moves(l->model, slot) && cpu_slot_needed(slot))
			report_add(l->report, "CPU %u: the stream does not tell %s; the program that wrote it is too "
				   "old, or the guest's machine another", l->cpu, arm_sysreg_slot_name(slot));
}

static int get_regs(struct bytes_in *b, struct load *l, char **err)
{
	unsigned int count = bytes_get_u16(b);
	int ret = 0;

	if (count > MAX_REGS)
		return err_set(err, -EBADMSG, "CPU %u: the stream claims to have %u registers", l->cpu, count);
	for (unsigned int i = 0; i < count && !ret && !b->error; i++)
		ret = get_reg(b, l, err);
	if (!ret && (b->error || b->len))
		ret = err_set(err, -EBADMSG, "CPU %u: the registers %s", l->cpu, b->error ? "are cut off or damaged" :
			      "are followed by something else");
	return ret;
}

/*
 * The version is tried on the engine, also when the rest is not applied yet: the machine is this guest's, and
 * only the kernel knows which it has.
 */
static void check_extra(struct load *l)
{
	const struct accel_ops *ops = l->accel->ops;
	u32 serror = l->extra.serror, psci = l->extra.psci;

	if (serror && (serror & ~ESR_ISS_MASK) != ACCEL_SERROR)
		report_add(l->report, "CPU %u: SERROR %#x: this is none", l->cpu, serror);
	else if (serror && !ops->set_serror)
		report_add(l->report, "CPU %u: an SError is pending, which this engine cannot hold; try again", l->cpu);
	if (psci && ops->set_psci && ops->set_psci(l->accel, psci))
		report_add(l->report, "CPU %u: the guest knows its firmware as PSCI %u.%u, which this side's is not; "
			   "move to a newer kernel, or to --engine emu", l->cpu, psci >> 16, psci & 0xffff);
}

static int apply_state(struct load *l, bool off, struct arm_state *to)
{
	const struct accel_ops *ops = l->accel->ops;
	int ret = 0;

	arm_state_load_sp(&l->state);
	*to = l->state;
	if (ops->set_off)
		ret = ops->set_off(l->accel, l->cpu, off);
	if (!ret && ops->set_serror)
		ret = ops->set_serror(l->accel, l->cpu, l->extra.serror);
	return ret;
}

int cpu_get(struct bytes_in *b, struct accel *a, unsigned int cpu, const struct arm_cpu_model *model, bool apply,
	    struct report *r, char **err)
{
	struct arm_state *now = a->ops->state(a, cpu);
	unsigned int before = r->lines + r->more, off = bytes_get_u8(b);
	struct load *l;
	int ret;

	if (!now)
		return -EIO;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	*l = (struct load){ .accel = a, .model = model, .report = r, .cpu = cpu, .state = *now };
	arm_state_save_sp(&l->state);
	ret = get_regs(b, l, err);
	if (!ret && off > 1)
		ret = err_set(err, -EBADMSG, "CPU %u: the stream is damaged (power %u)", cpu, off);
	if (!ret) {
		check_missing(l);
		cpu_check_core(&l->state, model, cpu, r);
		check_extra(l);
		if (off && !a->ops->set_off)
			report_add(r, "CPU %u: is switched off in the guest, and this engine starts all", cpu);
		if (apply && r->lines + r->more == before)
			ret = apply_state(l, off, now);
	}
	free(l);
	return ret;
}
