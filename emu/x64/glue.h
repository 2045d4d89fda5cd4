/* SPDX-License-Identifier: GPL-2.0-only */
/* The C ends of the thunks (glue.c), and the way into translated code. */
#ifndef EMU_X64_GLUE_H
#define EMU_X64_GLUE_H

#include "emu/fp/vec.h"
#include "emu/x64/jit.h"

/*
 * The slow path of the memory operation of record @number; the address is in
 * save->gpr[RAX].  0: done, results are in @save; else enum jit_result.
 */
int jit_slow(struct emu_vcpu *v, struct jit_save *save, u32 number);
/* The exit of record @number: state to memory; enum jit_result. */
int jit_exit(struct emu_vcpu *v, struct jit_save *save, u32 number);
/* A helper, with FPSR and MXCSR brought together around it. */
u64 jit_helper(struct emu_vcpu *v, u64 a, u64 b, u64 c, u32 helper);
/* A vector operation in C, operands in v->scratch[1..3], result in [0]. */
void jit_vec(struct emu_vcpu *v, const struct ir_insn *in);

/* The operation of @r, from the registers in @save to them. */
void jit_redo(struct emu_vcpu *v, struct jit_save *save, const struct jit_rare *r);

/*
 * The same by the host's own instructions, if @in is a sum or product of
 * singles under IR_FP_STD that ends in ordinary numbers; else false, and nothing was done
 * (fp_host.c).
 */
bool jit_flushing(struct emu_vcpu *v, const struct ir_insn *in, struct vec_call *vc);

/* Host MXCSR flags that translated code has gathered -> st.fpsr. */
void jit_fold_mxcsr(struct emu_vcpu *v);
/* v->mxcsr from st.fpcr. */
void jit_load_mxcsr(struct emu_vcpu *v);

/*
 * Run translated code from @code (a guard or cold entry).  On return all state
 * is in v->st.  v->exit_rec is the record of the exit for JIT_LINK.
 */
enum jit_result jit_run(struct emu_vcpu *v, void *code);

#endif
