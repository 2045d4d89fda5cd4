// SPDX-License-Identifier: GPL-2.0-only
/* The public face of emu/: creation, the vCPU loop, stopping. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/helpers.h"
#include "emu/cpu/cpu.h"
#include "emu/run/dirty.h"
#include "emu/run/lockstep.h"
#include "emu/run/mem.h"
#include "emu/run/run.h"
#include "emu/run/tlb.h"
#include "emu/run/tlb_ctx.h"

/* ---- logging ---- */

void emu_log(struct emu_vm *vm, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(vm->log, fmt, ap);	/* stdio locks the stream for one call */
	va_end(ap);
}

void run_log_insns(struct emu_vcpu *v, const struct ir_block *b)
{
	char text[128];

	if (!vcpu_logs(v, EMU_LOG_IN))
		return;
	flockfile(v->vm->log);
	fprintf(v->vm->log, "IN: cpu%u mode %#x\n", v->index, b->mode);
	for (unsigned int i = 0; i < b->n; i++) {
		const struct ir_insn *t = &b->insns[i];
		u64 pc = b->pc + IR_INSN_OFF(t->imm);

		if (t->op != IR_INSN)
			continue;
		ir_insn_text(b, t, pc, text, sizeof(text));
		fprintf(v->vm->log, "  %#llx: %08x  %s\n", (unsigned long long)pc, IR_INSN_WORD(t->imm), text);
	}
	funlockfile(v->vm->log);
}

void run_log_ir(struct emu_vcpu *v, const struct ir_block *b, enum emu_log class)
{
	char why[200];

	if (!vcpu_logs(v, class))
		return;
	if (ir_verify(b, why, sizeof(why)))
		emu_log(v->vm, "IR: not well-formed: %s\n", why);
	flockfile(v->vm->log);
	fprintf(v->vm->log, "%s: cpu%u pc %#llx mode %#x\n", class == EMU_LOG_IR ? "IR" : "OPT", v->index,
		(unsigned long long)b->pc, b->mode);
	ir_dump(b, v->vm->log);
	funlockfile(v->vm->log);
}

/* ---- waking and waiting ---- */

void vcpu_kick(struct emu_vcpu *v, enum vcpu_request why)
{
	if (lockstep_hooks(v))
		lockstep_hooks(v)->kick(v, why);
	else
		atomic_fetch_or(&v->exit_request, why);
	pthread_mutex_lock(&v->sleep_lock);
	pthread_cond_signal(&v->sleep_cond);
	pthread_mutex_unlock(&v->sleep_lock);
}

void vcpu_send_event(struct emu_vm *vm)
{
	for (unsigned int i = 0; i < vm->cfg.cpus; i++) {
		struct emu_vcpu *v = vm->vcpu[i];

		atomic_store(&v->event, true);
		if (!atomic_load(&v->inside))
			vcpu_kick(v, VCPU_REQ_KICK);
	}
}

void vcpu_enter(struct emu_vcpu *v)
{
	struct emu_vm *vm = v->vm;

	for (;;) {
		atomic_store(&v->inside, true);
		atomic_store(&v->in_code, true);
		if (!atomic_load(&vm->pause))
			return;
		vcpu_exit(v);
		pthread_mutex_lock(&vm->pause_lock);
		while (atomic_load(&vm->pause))
			pthread_cond_wait(&vm->pause_cond, &vm->pause_lock);
		pthread_mutex_unlock(&vm->pause_lock);
	}
}

void vcpu_exit(struct emu_vcpu *v)
{
	atomic_store(&v->in_code, false);
	atomic_store(&v->inside, false);
	vcpu_awaited(v);
}

#define AWAIT_SPINS 1000

void vcpu_await(struct emu_vcpu *w, bool (*done)(struct emu_vcpu *w, u64 arg), u64 arg)
{
	struct emu_vm *vm = w->vm;

	for (unsigned int i = 0; i < AWAIT_SPINS; i++) {
		if (done(w, arg))
			return;
	}
	pthread_mutex_lock(&vm->pause_lock);
	atomic_fetch_add(&w->awaited, 1);
	while (!done(w, arg))
		pthread_cond_wait(&vm->await_cond, &vm->pause_lock);
	atomic_fetch_sub(&w->awaited, 1);
	pthread_mutex_unlock(&vm->pause_lock);
}

/* The change comes first and then this look; vcpu_await() counts itself first and then looks for the change. */
void vcpu_awaited(struct emu_vcpu *w)
{
	if (!atomic_load(&w->awaited))
		return;
	pthread_mutex_lock(&w->vm->pause_lock);
	pthread_cond_broadcast(&w->vm->await_cond);
	pthread_mutex_unlock(&w->vm->pause_lock);
}

static bool out_of_code(struct emu_vcpu *w, u64 unused)
{
	(void)unused;
	return !atomic_load(&w->in_code);
}

void vcpu_pause_all(struct emu_vcpu *v)
{
	struct emu_vm *vm = v->vm;

	vcpu_exit(v);
	pthread_mutex_lock(&vm->pause_lock);
	while (atomic_load(&vm->pause))
		pthread_cond_wait(&vm->pause_cond, &vm->pause_lock);
	atomic_store(&vm->pause, true);
	pthread_mutex_unlock(&vm->pause_lock);
	for (unsigned int i = 0; i < vm->cfg.cpus; i++) {
		struct emu_vcpu *w = vm->vcpu[i];

		if (w == v)
			continue;
		atomic_fetch_or(&w->exit_request, VCPU_REQ_KICK);
		vcpu_await(w, out_of_code, 0);
	}
}

void vcpu_resume_all(struct emu_vcpu *v)
{
	struct emu_vm *vm = v->vm;

	pthread_mutex_lock(&vm->pause_lock);
	atomic_store(&vm->pause, false);
	pthread_cond_broadcast(&vm->pause_cond);
	pthread_mutex_unlock(&vm->pause_lock);
}

/* ---- the loop ---- */

static void flush_cache(struct emu_vcpu *v)
{
	u32 generation = v->vm->cache->generation;

	vcpu_pause_all(v);
	if (generation == v->vm->cache->generation) {	/* another vCPU may have been first */
		code_flush(v->vm->cache);
		v->vm->cache->nflushes++;
	}
	vcpu_resume_all(v);
	vcpu_enter(v);
}

/*
 * An indirect branch drops the tag of its target; translated code leaves that
 * to here.  In AArch32 a target of A32 code that is not aligned is
 * UNPREDICTABLE: bit 1 is taken as 0.
 */
static u64 branch_target(struct emu_vcpu *v)
{
	u64 pc = v->st.pc;

	if (v->mode & IR_MODE_A32) {
		pc = pc & 1 ? (u32)pc : (u32)pc & ~3u;
		v->st.pc = pc;
	} else if ((s64)pc >> 55 != 0 && (s64)pc >> 55 != -1) {
		pc = cpu_branch_addr(v, psr_el(v->st.pstate), pc);
		v->st.pc = pc;
	}
	return pc;
}

/*
 * Left in the middle of an IT block, which goes on in a block of another mode,
 * or behind its end, when nothing else has to be looked at: go on.
 */
static bool only_it_changed(struct emu_vcpu *v)
{
	u32 changed;

	if (!(v->mode & IR_MODE_IT) && !(v->st.pstate & PSR32_IT))
		return false;
	if ((v->mode & IR_MODE_STEP) || v->regime_changed || v->exc.pending || v->wfi || v->wfe || v->waiting)
		return false;
	changed = cpu_mode(v) ^ v->mode;
	if (!changed || (changed & ~IR_MODE_IT))
		return false;
	v->mode ^= changed;
	return true;
}

/* Execute from st.pc on until something must be looked at. */
static enum run_result run_code(struct emu_vcpu *v)
{
	struct jit_rec *rec = NULL;
	enum run_result r;
	u32 generation = v->vm->cache->generation;

	do {
		bool full = false;
		u64 pc = branch_target(v);
		struct code_page *page;
		struct jit_block *blk = NULL;
		const u8 *tail;

		if ((pc & 3) && !(v->mode & IR_MODE_A32)) {
			helper_pc_align(v, pc, 0, 0);
			return RUN_EXCEPTION;
		}
		page = fetch_page(v, pc, &full);
		tail = page ? fetch_tail(v, page, pc) : NULL;
		if (v->exc.pending)
			return RUN_EXCEPTION;
		if (page)
			blk = code_block(v, page, pc, tail, rec);
		if (!blk) {
			flush_cache(v);
			return RUN_LEFT;
		}
		if (rec && !(v->mode & IR_MODE_STEP))
			code_link(v->vm->cache, rec, blk, generation);
		r = v->vm->cache->backend->execute(v, blk);
		v->stats.exits[r]++;
		rec = r == RUN_LINK ? v->exit_rec : NULL;
		if (r == RUN_LEFT && only_it_changed(v))
			r = RUN_NEXT;
		else if (v->mode & IR_MODE_IT)	/* the IT block is over */
			return r <= RUN_LINK ? RUN_LEFT : r;
	} while (r <= RUN_LINK && !atomic_load_explicit(&v->exit_request, memory_order_relaxed));
	return r;
}

/* What other threads asked for. */
static void serve_requests(struct emu_vcpu *v)
{
	unsigned int req = atomic_exchange(&v->exit_request, 0);

	if (req & VCPU_REQ_TLB)
		tlb_serve(v);
	if (req & VCPU_REQ_CODE)
		tlb_retire_code(v);
	if (req & VCPU_REQ_DIRTY)
		dirty_log_serve(v);
}

static void take_exceptions(struct emu_vcpu *v)
{
	if (v->exc.pending)
		cpu_take_exception(v);
	cpu_take_interrupt(v);
	v->waiting = cpu_has_work(v) || debug_armed(v);
}

/* Powered off, or waiting for an interrupt or event. */
static bool must_sleep(struct emu_vcpu *v)
{
	if (!atomic_load(&v->on))
		return true;
	if (v->exc.pending || (!v->wfi && !v->wfe) || cpu_has_work(v))
		return false;
	return !(v->wfe && atomic_exchange(&v->event, false));
}

static struct timespec timespec_of(u64 ns)
{
	return (struct timespec){ .tv_sec = ns / 1000000000u, .tv_nsec = ns % 1000000000u };
}

/* Whoever wakes a vCPU sets its reason first and signals under the lock. */
static void go_to_sleep(struct emu_vcpu *v)
{
	pthread_mutex_lock(&v->sleep_lock);
	if (!atomic_load(&v->exit_request) && !atomic_load(&v->vm->stop) && !(v->wfe && atomic_load(&v->event))) {
		if (atomic_load(&v->on) && v->wfe) {
			struct timespec t = timespec_of(cpu_wfe_deadline(v));

			if (pthread_cond_timedwait(&v->sleep_cond, &v->sleep_lock, &t) == ETIMEDOUT)
				v->wfe = false;
		} else {
			pthread_cond_wait(&v->sleep_cond, &v->sleep_lock);
		}
	}
	pthread_mutex_unlock(&v->sleep_lock);
}

/* Everybody stops.  The event is the machine's, so it is told without a lock. */
static int give_up(struct emu_vcpu *v)
{
	struct emu_vm *vm = v->vm;

	vcpu_exit(v);
	cpu_unsync_state(v);
	emu_vm_stop(vm);
	vm->cfg.ops->event(vm->cfg.opaque, v->index, EMU_EVENT_FATAL);
	return -EIO;
}

int emu_vcpu_run(struct emu_vcpu *v)
{
	struct emu_vm *vm = v->vm;

	/* What was cached of a state that may have been replaced since: translations, and where code is. */
	vcpu_enter(v);
	tlb_flush_all(v);
	vcpu_exit(v);
	timer_release(vm);
	if (cpu_sync_state(v)) {
		emu_log(vm, "cpu%u: PSTATE %#x: there is no such mode here\n", v->index, v->st.pstate);
		emu_vm_stop(vm);
		vm->cfg.ops->event(vm->cfg.opaque, v->index, EMU_EVENT_FATAL);
		return -EINVAL;
	}
	while (!atomic_load(&vm->stop)) {
		vcpu_enter(v);
		serve_requests(v);
		if (atomic_load(&v->start))
			cpu_psci_power_on(v);
		if (must_sleep(v)) {
			vcpu_exit(v);
			go_to_sleep(v);
			continue;
		}
		v->wfi = v->wfe = false;
		take_exceptions(v);
		if (v->regime_changed || !v->tlb || cpu_mode(v) != v->mode)
			tlb_select(v);
		if ((!(v->mode & IR_MODE_STEP) || !cpu_step_begin(v)) && run_code(v) == RUN_FATAL)
			return give_up(v);
		vcpu_exit(v);
	}
	/* Nothing beside the state may be needed to go on elsewhere. */
	if (v->exc.pending)
		cpu_take_exception(v);
	cpu_unsync_state(v);
	return 0;
}

/* ---- the API ---- */

void emu_vcpu_set_line(struct emu_vcpu *v, enum emu_line line, bool level)
{
	unsigned int bit = 1u << line;
	unsigned int old = level ? atomic_fetch_or(&v->lines, bit) : atomic_fetch_and(&v->lines, ~bit);

	if (level && !(old & bit))
		vcpu_kick(v, VCPU_REQ_KICK);
}

void emu_vm_stop(struct emu_vm *vm)
{
	atomic_store(&vm->stop, true);
	for (unsigned int i = 0; i < vm->cfg.cpus; i++)
		vcpu_kick(vm->vcpu[i], VCPU_REQ_KICK);
	for (unsigned int i = 0; i < vm->cfg.cpus; i++)
		vcpu_awaited(vm->vcpu[i]);
}

void emu_vm_restart(struct emu_vm *vm)
{
	atomic_store(&vm->stop, false);
}

void emu_vm_dma_written(struct emu_vm *vm, u64 ipa, u64 len)
{
	if (lockstep_hooks(vm->vcpu[0]))
		lockstep_hooks(vm->vcpu[0])->dma(vm->vcpu[0]);
	if (vm->cache && len)
		code_invalidate(vm, ipa, len);
}

struct emu_vcpu *emu_vm_vcpu(struct emu_vm *vm, unsigned int index)
{
	return index < vm->cfg.cpus ? vm->vcpu[index] : NULL;
}

struct arm_state *emu_vcpu_state(struct emu_vcpu *v)
{
	cpu_psci_off(v);
	return &v->st;
}

bool emu_vcpu_off(struct emu_vcpu *v)
{
	return cpu_psci_off(v);
}

int emu_vcpu_set_off(struct emu_vcpu *v, bool off)
{
	return cpu_psci_set_off(v, off);
}

u32 emu_vcpu_serror(struct emu_vcpu *v)
{
	return atomic_load(&v->serror);
}

void emu_vcpu_set_serror(struct emu_vcpu *v, u32 serror)
{
	atomic_store(&v->serror, serror);
}

u32 emu_vm_psci_version(struct emu_vm *vm)
{
	return cpu_psci_version(vm);
}

int emu_vm_set_psci_version(struct emu_vm *vm, u32 version)
{
	return cpu_psci_set_version(vm, version);
}

u64 emu_vm_count(struct emu_vm *vm, u32 *hz)
{
	if (hz)
		*hz = cpu_counter_hz(vm);
	return timer_virtual_count(vm);
}

void emu_vm_set_count(struct emu_vm *vm, u64 count)
{
	timer_hold(vm, count);
}

int emu_vm_map_ram(struct emu_vm *vm, u64 ipa, u64 size, void *host, bool readonly)
{
	if (!size || (ipa | size | (uintptr_t)host) & 4095 || ipa + size < ipa)
		return -EINVAL;
	if (vm->nram == EMU_MAX_RAM)
		return -ENOSPC;
	for (unsigned int i = 0; i < vm->nram; i++)
		if (ipa < vm->ram[i].ipa + vm->ram[i].size && vm->ram[i].ipa < ipa + size)
			return -EEXIST;
	vm->ram[vm->nram] = (struct emu_ram){ .ipa = ipa, .size = size, .host = host, .readonly = readonly };
	return code_cache_add_ram(vm->cache, vm->nram++);
}

void emu_vm_reset(struct emu_vm *vm)
{
	cpu_psci_reset(vm);
	for (unsigned int i = 0; i < vm->cfg.cpus; i++) {
		struct emu_vcpu *v = vm->vcpu[i];

		cpu_reset(v);
		v->excl_size = 0;
		v->regime_changed = true;
		atomic_store(&v->exit_request, 0);
		tlb_flush_all(v);
	}
	code_flush(vm->cache);
}

static int vcpu_create(struct emu_vm *vm, unsigned int index)
{
	struct emu_vcpu *v = aligned_alloc(64, (sizeof(*v) + 63) & ~63ul);
	pthread_condattr_t attr;

	if (!v)
		return -ENOMEM;
	memset(v, 0, sizeof(*v));
	vm->vcpu[index] = v;
	v->vm = vm;
	v->index = index;
	v->host_mxcsr = 0x1f80;
	v->insn_counted = vm->cfg.count_insns;
	pthread_mutex_init(&v->sleep_lock, NULL);
	pthread_mutex_init(&v->queue_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&v->sleep_cond, &attr);
	pthread_condattr_destroy(&attr);
	return tlb_create(v);
}

int emu_vm_create(const struct emu_config *cfg, struct emu_vm **out)
{
	struct emu_vm *vm;
	int err = 0;

	if (!cfg->cpus || cfg->cpus > EMU_MAX_CPUS || !cfg->model || !cfg->ops ||
	    cfg->counter_hz > EMU_MAX_HZ || (cfg->engine == EMU_ENGINE_LOCKSTEP && cfg->cpus != 1))
		return -EINVAL;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	vm->cfg = *cfg;
	vm->log = cfg->log_file ? cfg->log_file : stderr;
	vm->log_mask = cfg->log;
	pthread_mutex_init(&vm->psci_lock, NULL);
	pthread_mutex_init(&vm->timer_lock, NULL);
	pthread_mutex_init(&vm->pause_lock, NULL);
	pthread_mutex_init(&vm->dirty_lock, NULL);
	pthread_cond_init(&vm->pause_cond, NULL);
	pthread_cond_init(&vm->await_cond, NULL);
	for (unsigned int i = 0; i < cfg->cpus && !err; i++)
		err = vcpu_create(vm, i);
	if (!err)
		err = cpu_psci_init(vm);
	if (!err)
		err = code_cache_create(vm, &vm->cache);
	if (!err)
		err = timer_start(vm);
	if (err)
		emu_vm_free(vm);
	else
		*out = vm;
	return err;
}

void emu_vm_free(struct emu_vm *vm)
{
	if (!vm)
		return;
	timer_stop(vm);
	code_cache_free(vm->cache);
	dirty_log_free(vm);
	cpu_psci_free(vm);
	for (unsigned int i = 0; i < vm->cfg.cpus; i++) {
		struct emu_vcpu *v = vm->vcpu[i];

		if (!v)
			continue;
		tlb_destroy(v);
		pthread_cond_destroy(&v->sleep_cond);
		pthread_mutex_destroy(&v->sleep_lock);
		pthread_mutex_destroy(&v->queue_lock);
		free(v);
	}
	pthread_cond_destroy(&vm->await_cond);
	pthread_cond_destroy(&vm->pause_cond);
	pthread_mutex_destroy(&vm->pause_lock);
	pthread_mutex_destroy(&vm->dirty_lock);
	pthread_mutex_destroy(&vm->timer_lock);
	pthread_mutex_destroy(&vm->psci_lock);
	free(vm);
}

/* ---- statistics ---- */

static const char *const exit_names[] = {
	[RUN_NEXT] = "unlinked", [RUN_INDIRECT] = "indirect jump", [RUN_MISS] = "guard or request",
	[RUN_LINK] = "to be linked", [RUN_LEFT] = "leave", [RUN_EXCEPTION] = "exception",
	[RUN_FATAL] = "engine failed",
};

const char *emu_exit_name(unsigned int reason)
{
	return reason < ARM_ARRAY_SIZE(exit_names) ? exit_names[reason] : NULL;
}

void emu_vm_stats(struct emu_vm *vm, struct emu_stats *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < vm->cfg.cpus; i++) {
		const struct emu_vcpu *v = vm->vcpu[i];

		out->insns += v->insn_count;
		out->tlb_misses += v->stats.tlb_misses;
		out->exceptions += v->stats.exceptions;
		out->interrupts += v->stats.interrupts;
		out->mmio += v->stats.mmio;
		for (unsigned int k = 0; k < ARM_ARRAY_SIZE(out->exits); k++)
			out->exits[k] += v->stats.exits[k];
	}
	if (!vm->cache)
		return;
	out->blocks = vm->cache->nblocks;
	out->block_insns = vm->cache->ninsns;
	out->flushes = vm->cache->nflushes;
	out->invalidations = vm->cache->ninvalidations;
	out->code_bytes = vm->cache->buf.p - vm->cache->start;
}
