/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory by virtual address, with everything the architecture says about
 * an access: translation, permissions, alignment, device access, ordering.
 * The slow path of translated code, and the only path of the interpreter.
 * All: 0, or -EFAULT after an exception was raised (vcpu->exc).
 */
#ifndef EMU_RUN_MEM_H
#define EMU_RUN_MEM_H

#include "emu/ir/ir.h"
#include "emu/vcpu.h"

/*
 * @n elements (1 or 2) of 1 << (mop & IR_MO_SIZE) bytes at @va; @buf holds
 * n * size bytes, little-endian as in guest memory.
 */
int mem_load(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int n, void *buf);
int mem_store(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int n, const void *buf);

/*
 * Host pointer for an atomic access of @size bytes (1..16) at @va, which must
 * be aligned to @size and writable RAM (@write: permission to write is needed;
 * exclusive loads need none).  The page counts as written.
 */
int mem_atomic(struct emu_vcpu *v, u64 va, unsigned int size, unsigned int mop, bool write, void **host);

/* LDX/LDXV, STX/STXV, CAS/CASV, ATOMIC of ir.def over mem_atomic(); 128-bit values in two words. */
int mem_load_exclusive(struct emu_vcpu *v, u64 va, unsigned int mop, u64 out[2]);
int mem_store_exclusive(struct emu_vcpu *v, u64 va, unsigned int mop, const u64 val[2], u64 *failed);
int mem_cas(struct emu_vcpu *v, u64 va, unsigned int mop, const u64 expect[2], const u64 val[2], u64 old[2]);
int mem_atomic_op(struct emu_vcpu *v, u64 va, unsigned int mop, enum ir_atomic kind, u64 val, u64 *old);

/* The RAM region that holds all of [ipa, ipa + len), or NULL. */
struct emu_ram *mem_ram(struct emu_vm *vm, u64 ipa, u64 len);
/* The same as a host pointer. */
u8 *mem_ram_ptr(struct emu_vm *vm, u64 ipa, u64 len);

#endif
