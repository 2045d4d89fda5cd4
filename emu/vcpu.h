/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One emulated CPU and the VM around it: what the rooms of emu/ share.
 *
 *   run/   owns the threads, the TLBs and the code cache, and calls
 *   cpu/   for exceptions, system registers, table walks and timers, and
 *   front/ + ir/ to turn guest code into IR, which
 *   interp/ or x64/ executes.
 *
 * A vCPU's fields belong to its own thread.  What other threads touch is
 * marked (atomic) or stands under a lock that is named.
 */
#ifndef EMU_VCPU_H
#define EMU_VCPU_H

#include <pthread.h>
#include <stdatomic.h>

#include "arm/psci.h"
#include "arm/state.h"
#include "arm/timer.h"
#include "emu/emu.h"

struct code_cache;
struct jit_rec;
struct tlb_inval;
struct tlb_ctx;
struct tlb_set;

#define VCPU_QUEUE 32

/* Why vcpu->exit_request is set (atomic bits). */
enum vcpu_request {
	VCPU_REQ_KICK = 1 << 0,		/* look at the lines, the power state, the stop flag */
	VCPU_REQ_TLB = 1 << 1,		/* vcpu->tlb_queue has work */
	VCPU_REQ_CODE = 1 << 2,		/* code was invalidated: leave translated code */
	VCPU_REQ_DIRTY = 1 << 3,	/* the dirty log was read: no write entry may stay */
};

/* An exception that was raised and not yet taken. */
struct vcpu_exception {
	bool pending;
	bool serror;
	u8 target_el;		/* 1..3 */
	u32 esr;		/* complete ESR_ELx value */
	u64 far;
	bool far_valid;
	u64 ret;		/* preferred return address for ELR_ELx (AArch32: bit 0 does not matter) */
	u8 domain;		/* AArch32 aborts: struct mmu_fault */
	bool it_valid;		/* AArch32: ITSTATE there is @it, not what PSTATE says */
	u8 it;
};

/* vcpu->lines: levels, atomic bits by enum emu_line. */

#define VCPU_RSB_SIZE 16	/* entries of the return stack, a power of two */

#define VCPU_JUMP_CACHE 4096
#define VCPU_JUMP_INDEX(pc, a32) ((pc) >> ((a32) ? 1 : 2) & (VCPU_JUMP_CACHE - 1))

struct vcpu_rsb_entry {
	u64 pc;			/* guest return address */
	void *host;		/* where translated code continues */
};

struct emu_vcpu {
	/* First, so that translated code reaches the registers with short offsets. */
	struct arm_state st;

	/* -- what translated code reads and writes -- */
	atomic_uint exit_request;	/* enum vcpu_request; checked at backward jumps */
	u32 mode;			/* enum ir_mode of the running code */
	u64 flags;			/* NZCV in the back end's own form while it runs */
	struct tlb_ctx *tlb;		/* of the current regime and ASID */
	struct tlb_ctx *tlb_unpriv;	/* the same, as EL0 sees it (LDTR, STTR) */
	u32 rsb_top;
	struct vcpu_rsb_entry rsb[VCPU_RSB_SIZE];
	/* Exclusive monitor: the address and value that LDXR saw; excl_size 0: open. */
	u64 excl_addr;
	u64 excl_val[2];
	u32 excl_size;
	u32 mxcsr;			/* of the guest, while host code runs C */
	struct arm_vreg scratch[4];	/* operands of vector helpers: result, a, b, c */
	struct vcpu_rsb_entry jump_cache[VCPU_JUMP_CACHE];	/* indirect jumps, by VCPU_JUMP_INDEX() */
	u64 host_flags;			/* of the last exit: RFLAGS */
	struct jit_rec *exit_rec;	/* the last exit, when it can be linked */
	u32 host_mxcsr;
	u64 insn_count;			/* kept when --stats or the PMU counts */

	/* -- cpu/ -- */
	struct vcpu_exception exc;
	atomic_uint lines;		/* 1 << enum emu_line */
	bool regime_changed;		/* TTBR, TCR, SCTLR, EL...: run/ selects the TLB anew at the next dispatch */
	u32 waiting;			/* something masked waits, or debug depends on PSTATE.D: XPENDING leaves */
	bool wfi;			/* sleep at the next dispatch until an interrupt is pending (masked or not) */
	bool wfe;			/* the same, an event also ends it */
	atomic_bool event;		/* the event register of WFE */
	atomic_bool on;			/* powered (PSCI) */
	atomic_bool start;		/* CPU_ON was accepted: cpu_psci_power_on() is due (cpu/cpu.h) */
	struct {			/* CPU_ON parameters; under vm->psci_lock */
		u64 entry, context;
	} psci_on;
	atomic_uint serror;		/* EMU_SERROR: one is pending, bits 24:0 are its ISS */
	bool breakpoints;		/* one is enabled at least: debug_derive() */
	bool insn_counted;		/* insn_count is kept; run/ sets it before the first reset */
	/* What the timer thread sees; all under vm->timer_lock, the truth is in st.sys[]. */
	struct arm_timer timer[4];	/* enum vcpu_timer */
	u64 cntvoff;
	u64 pmu_deadline;		/* CLOCK_MONOTONIC ns; ARM_TIMER_NEVER: none */
	u8 timer_levels;		/* 1 << enum vcpu_timer: as last given to ops->ppi */
	atomic_bool pmu_due;		/* pmu_deadline has passed: cpu_take_interrupt() looks */
	struct {			/* cpu/pmu.c */
		u64 last_ns, last_insns;	/* up to here st.sys[] has counted */
		bool by_el;		/* a counter that runs looks at the exception level */
		bool level;		/* as last given to ops->ppi */
		u8 frac;		/* cycles that PMCR.D has not passed on yet, 0..63 */
	} pmu;

	/* -- run/ -- */
	atomic_bool inside;		/* in translated code or in C on its behalf: may hold translations */
	atomic_bool in_code;		/* the same, or waiting in C that returns to translated code */
	atomic_uint awaited;		/* others wait for a change of these two or of queue_done: vcpu_await() */
	pthread_mutex_t queue_lock;	/* innermost; TLB requests of other vCPUs: */
	struct tlb_inval *queue;	/* VCPU_QUEUE of them, more are one TLB_ALL */
	unsigned int nqueue;
	u64 queue_seq;			/* requests so far; */
	_Atomic(u64) queue_done;	/* and served */
	_Atomic(u64) dirty_done;	/* vm->dirty_seq when write entries were last dropped */
	bool broadcasts;		/* TLB requests of its own that its next DSB waits for: */
	u64 broadcast[EMU_MAX_CPUS];	/* the last one in the queue of each other vCPU */
	struct tlb_set *tlbs;
	struct emu_vm *vm;
	unsigned int index;
	u64 mpidr;
	pthread_mutex_t sleep_lock;	/* for sleep_cond; lines, event and requests are tested under it */
	pthread_cond_t sleep_cond;
	struct emu_stats stats;
	void *run;			/* run/'s private part */
};

enum vcpu_timer { VCPU_TIMER_PHYS, VCPU_TIMER_VIRT, VCPU_TIMER_HYP, VCPU_TIMER_SEC };

struct emu_ram {
	u64 ipa, size;
	u8 *host;
	bool readonly;
};

#define EMU_MAX_RAM 8

struct emu_vm {
	struct emu_config cfg;
	struct emu_ram ram[EMU_MAX_RAM];
	unsigned int nram;
	struct emu_vcpu *vcpu[EMU_MAX_CPUS];
	atomic_bool stop;

	pthread_mutex_t psci_lock;	/* power states; innermost */
	struct psci_state *psci;	/* cpu/psci.c */

	pthread_mutex_t timer_lock;	/* all vcpu->timer; taken before sleep_lock and before ops->ppi */
	pthread_cond_t timer_cond;
	pthread_t timer_thread;
	bool timer_running;
	u64 timer_deadline_ns;		/* the thread sleeps until then; under timer_lock */
	/*
	 * The physical count was counter_base at CLOCK_MONOTONIC counter_base_ns.  Held,
	 * counter_base is the virtual count of vCPU 0, now.  Written under timer_lock while
	 * no vCPU runs.
	 */
	u64 counter_base, counter_base_ns;
	bool counter_held;

	struct code_cache *cache;	/* run/ */
	pthread_mutex_t pause_lock;	/* for pause_cond and await_cond; held with no other */
	pthread_cond_t pause_cond;
	pthread_cond_t await_cond;
	atomic_bool pause;		/* no vCPU may enter: one works on what all share */
	pthread_mutex_t dirty_lock;	/* who reads or switches the log (dirty.c); outermost */
	atomic_bool dirty_on;
	_Atomic(u64) dirty_seq;		/* of the orders to drop write entries */
	_Atomic(u64) *dirty_map[EMU_MAX_RAM];	/* a bit for each 4 KiB */
	_Atomic(u16) *write_map[EMU_MAX_RAM];	/* by page of 4 KiB: where a TLB may hold a write entry (tlb.c) */
	FILE *log;
	unsigned int log_mask;
};

static inline bool vcpu_logs(const struct emu_vcpu *v, enum emu_log class)
{
	return v->vm->log_mask & class;
}

/* printf to the log, one call one atomic line; use after vcpu_logs(). */
void emu_log(struct emu_vm *vm, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- cpu/exception.c ---- */

/*
 * Raise a synchronous exception at the current instruction (st.pc): fills
 * vcpu->exc; it is taken when control is back in the dispatcher.  @ec, @iss of
 * arm/esr.h; the 32-bit IL bit is set.  Target EL is by the routing rules.
 */
void vcpu_raise(struct emu_vcpu *v, u32 ec, u32 iss);
/* The same with FAR. */
void vcpu_raise_far(struct emu_vcpu *v, u32 ec, u32 iss, u64 far);
/* UNDEFINED: EC 0. */
void vcpu_raise_undef(struct emu_vcpu *v);
/* Enter the pending vcpu->exc: PSTATE, ELR, SPSR, ESR, FAR, pc, vector. */
void cpu_take_exception(struct emu_vcpu *v);
/* If an unmasked interrupt or SError is pending, take it and return true. */
bool cpu_take_interrupt(struct emu_vcpu *v);
/* Something that ends WFI is pending (masked by PSTATE or not). */
bool cpu_has_work(struct emu_vcpu *v);
/* enum ir_mode bits for the current state. */
u32 cpu_mode(struct emu_vcpu *v);
/* Architectural reset of one vCPU from vm->cfg.model. */
void cpu_reset(struct emu_vcpu *v);

/* ---- cpu/mmu.c ---- */

enum mmu_access { MMU_READ, MMU_WRITE, MMU_FETCH, MMU_CACHE /* maintenance by VA: as a read, CM set */ };

struct mmu_page {
	u64 ipa;	/* of the page that holds va, aligned to size */
	u64 size;	/* bytes that this translation covers (block or contiguous run), >= 4096 */
	bool r, w, x;	/* what the asking level may do */
	bool device;	/* Device memory: unaligned accesses fault */
	bool global;	/* not bound to the ASID */
	bool watched;	/* a watchpoint lies in it (size is 4096 then): run/ must not cache it for
			 * direct access, and asks cpu_watchpoint() about each access */
	u8 attr;	/* MAIR byte, for PAR_EL1 */
	u8 sh;
};

struct mmu_fault {
	u8 fsc;		/* DFSC / IFSC code; also FSC_DOMAIN of arm/fsr.h */
	u8 domain;	/* AArch32 short descriptors: of the first-level entry */
	bool s1ptw, ea;
};

/*
 * Translate @va as EL @el of the current regime sees it (el 0 for unprivileged
 * accesses), for @acc.  Walks the tables in RAM, no TLB.  0, or -EFAULT with
 * @fault filled; -EFAULT also when @acc is not permitted.
 */
int mmu_translate(struct emu_vcpu *v, u64 va, enum mmu_access acc, unsigned int el,
		  struct mmu_page *page, struct mmu_fault *fault);
/* Raise the abort for it.  @iss: extra ISS bits (ISV...), usually 0. */
void mmu_raise(struct emu_vcpu *v, u64 va, enum mmu_access acc, const struct mmu_fault *fault);
/* Alignment fault for a data access. */
void mmu_raise_align(struct emu_vcpu *v, u64 va, bool write);
/* Synchronous external abort for a data access or fetch that reached no device. */
void mmu_raise_external(struct emu_vcpu *v, u64 va, enum mmu_access acc);
/*
 * Which translations apply now: equal keys see equal mappings.  Holds EL,
 * regime, ASID (and VMID later); see cpu/mmu.c for the layout.
 */
u64 mmu_context(const struct emu_vcpu *v, unsigned int el);
/* The ASID in such a key. */
u16 mmu_context_asid(u64 key);

/* ---- cpu/timer.c ---- */

u64 timer_count(const struct emu_vm *vm);	/* CNTPCT now */
/* After CTL, CVAL or the offset changed: line levels and the timer thread. */
void timer_update(struct emu_vcpu *v);
/* The same, and every line is driven: who listens may have forgotten what it was. */
void timer_drive(struct emu_vcpu *v);
/* A vCPU is about to run: a count that was held goes on. */
void timer_release(struct emu_vm *vm);
u64 timer_virtual_count(struct emu_vm *vm);	/* of vCPU 0, which does not run */
void timer_hold(struct emu_vm *vm, u64 count);	/* emu_vm_set_count() */
/* When (CLOCK_MONOTONIC ns) the physical count will be @count, which is to come; ARM_TIMER_NEVER. */
u64 timer_ns_of(const struct emu_vm *vm, u64 count);
int timer_start(struct emu_vm *vm);		/* the thread; 0 or -errno */
void timer_stop(struct emu_vm *vm);

/* ---- cpu/psci.c ---- */
int cpu_psci_init(struct emu_vm *vm);
void cpu_psci_free(struct emu_vm *vm);
void cpu_psci_reset(struct emu_vm *vm);
/* For emu_vcpu_off() and emu_vcpu_set_off(). */
bool cpu_psci_off(struct emu_vcpu *v);
int cpu_psci_set_off(struct emu_vcpu *v, bool off);
u32 cpu_psci_version(struct emu_vm *vm);
int cpu_psci_set_version(struct emu_vm *vm, u32 version);
/* HVC #0 with a PSCI or SMCCC function in x0: results in x0..x3. */
void cpu_psci_call(struct emu_vcpu *v);

/* ---- what cpu/ asks of run/ ---- */

/* Wake @v from sleep or make it leave translated code.  Any thread. */
void vcpu_kick(struct emu_vcpu *v, enum vcpu_request why);
/* SEV: set the event register of every vCPU and wake them. */
void vcpu_send_event(struct emu_vm *vm);

#endif
