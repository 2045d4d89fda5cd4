/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace points, with the names and fields that perf's and trace-cmd's KVM tools look for. */
#if !defined(HYP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define HYP_TRACE_H

#include <linux/tracepoint.h>

#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm

TRACE_EVENT(kvm_entry,
	TP_PROTO(unsigned long vcpu_pc),
	TP_ARGS(vcpu_pc),
	TP_STRUCT__entry(__field(unsigned long, vcpu_pc)),
	TP_fast_assign(__entry->vcpu_pc = vcpu_pc;),
	TP_printk("PC: 0x%08lx", __entry->vcpu_pc)
);

TRACE_EVENT(kvm_exit,
	TP_PROTO(unsigned int ec, unsigned long vcpu_pc),
	TP_ARGS(ec, vcpu_pc),
	TP_STRUCT__entry(__field(unsigned int, ec) __field(unsigned long, vcpu_pc)),
	TP_fast_assign(__entry->ec = ec; __entry->vcpu_pc = vcpu_pc;),
	TP_printk("HSR.EC: 0x%02x PC: 0x%08lx", __entry->ec, __entry->vcpu_pc)
);

TRACE_EVENT(kvm_guest_fault,
	TP_PROTO(unsigned long vcpu_pc, unsigned int hsr, unsigned long hxfar, unsigned long long ipa),
	TP_ARGS(vcpu_pc, hsr, hxfar, ipa),
	TP_STRUCT__entry(__field(unsigned long, vcpu_pc) __field(unsigned int, hsr)
			 __field(unsigned long, hxfar) __field(unsigned long long, ipa)),
	TP_fast_assign(__entry->vcpu_pc = vcpu_pc; __entry->hsr = hsr;
		       __entry->hxfar = hxfar; __entry->ipa = ipa;),
	TP_printk("ipa 0x%llx, hsr 0x%08x, hxfar 0x%08lx, pc 0x%08lx",
		  __entry->ipa, __entry->hsr, __entry->hxfar, __entry->vcpu_pc)
);

TRACE_EVENT(kvm_mmio,
	TP_PROTO(bool write, int len, unsigned long long gpa, u32 val),
	TP_ARGS(write, len, gpa, val),
	TP_STRUCT__entry(__field(bool, write) __field(int, len)
			 __field(unsigned long long, gpa) __field(u32, val)),
	TP_fast_assign(__entry->write = write; __entry->len = len; __entry->gpa = gpa; __entry->val = val;),
	TP_printk("mmio %s len %d gpa 0x%llx val 0x%08x", __entry->write ? "write" : "read",
		  __entry->len, __entry->gpa, __entry->val)
);

TRACE_EVENT(kvm_userspace_exit,
	TP_PROTO(u32 reason, int ret),
	TP_ARGS(reason, ret),
	TP_STRUCT__entry(__field(u32, reason) __field(int, ret)),
	TP_fast_assign(__entry->reason = reason; __entry->ret = ret;),
	TP_printk("reason %u (%d)", __entry->reason, __entry->ret)
);

TRACE_EVENT(kvm_irq_line,
	TP_PROTO(unsigned int type, unsigned int vcpu, unsigned int irq, int level),
	TP_ARGS(type, vcpu, irq, level),
	TP_STRUCT__entry(__field(unsigned int, type) __field(unsigned int, vcpu)
			 __field(unsigned int, irq) __field(int, level)),
	TP_fast_assign(__entry->type = type; __entry->vcpu = vcpu; __entry->irq = irq;
		       __entry->level = level;),
	TP_printk("type %u, vcpu %u, num %u, level %d", __entry->type, __entry->vcpu,
		  __entry->irq, __entry->level)
);

TRACE_EVENT(kvm_vcpu_wakeup,
	TP_PROTO(u64 ns, bool waited),
	TP_ARGS(ns, waited),
	TP_STRUCT__entry(__field(u64, ns) __field(bool, waited)),
	TP_fast_assign(__entry->ns = ns; __entry->waited = waited;),
	TP_printk("%s time %llu ns", __entry->waited ? "wait" : "poll", __entry->ns)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
