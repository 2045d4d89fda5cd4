/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface of /dev/kvm on arm and arm64, for the module (hyp/) and for the
 * VMM alike.  Numbers and layouts are those of Linux: its own header cannot be
 * used on arm, whose half left with the port in 5.7.  Names are the same too, so
 * no file may include <linux/kvm.h> besides this one.
 *
 * Every structure has one layout for 32-bit and 64-bit callers: 64-bit members
 * are naturally aligned, user pointers travel as 64-bit numbers.
 */
#ifndef HYP_UAPI_KVM_H
#define HYP_UAPI_KVM_H

#ifdef __LINUX_KVM_H
#error "hyp/uapi/kvm.h stands in for <linux/kvm.h>"
#endif

#include <linux/ioctl.h>
#include <linux/types.h>

#define KVM_API_VERSION 12
#define KVM_MINOR 232		/* misc device */
#define KVMIO 0xae

/* ---- On /dev/kvm ---- */

#define KVM_GET_API_VERSION	_IO(KVMIO, 0x00)
#define KVM_CREATE_VM		_IO(KVMIO, 0x01)	/* argument: the type; returns a file */
#define KVM_CHECK_EXTENSION	_IO(KVMIO, 0x03)	/* on the VM too: KVM_CAP_CHECK_EXTENSION_VM */
#define KVM_GET_VCPU_MMAP_SIZE	_IO(KVMIO, 0x04)

/* Type of a VM: the width of its IPA in the low byte, 0: 40 bits (arm knows only that). */
#define KVM_VM_TYPE_ARM_IPA_SIZE_MASK 0xffUL
#define KVM_VM_TYPE_ARM_IPA_SIZE(bits) ((bits) & KVM_VM_TYPE_ARM_IPA_SIZE_MASK)

#define KVM_CAP_IRQCHIP				0
#define KVM_CAP_USER_MEMORY			3
#define KVM_CAP_NR_VCPUS			9
#define KVM_CAP_NR_MEMSLOTS			10
#define KVM_CAP_MP_STATE			14
#define KVM_CAP_COALESCED_MMIO			15	/* the value: page of the ring in the vCPU's mapping */
#define KVM_CAP_SYNC_MMU			16
#define KVM_CAP_DESTROY_MEMORY_REGION_WORKS	21
#define KVM_CAP_SET_GUEST_DEBUG			23
#define KVM_CAP_IRQ_ROUTING			25	/* the value: most routes */
#define KVM_CAP_IRQ_INJECT_STATUS		26
#define KVM_CAP_JOIN_MEMORY_REGIONS_WORKS	30
#define KVM_CAP_IRQFD				32
#define KVM_CAP_IOEVENTFD			36
#define KVM_CAP_INTERNAL_ERROR_DATA		40
#define KVM_CAP_VCPU_EVENTS			41
#define KVM_CAP_MAX_VCPUS			66
#define KVM_CAP_ONE_REG				70
#define KVM_CAP_SIGNAL_MSI			77
#define KVM_CAP_READONLY_MEM			81
#define KVM_CAP_IRQFD_RESAMPLE			82
#define KVM_CAP_ARM_PSCI			87
#define KVM_CAP_ARM_SET_DEVICE_ADDR		88
#define KVM_CAP_DEVICE_CTRL			89
#define KVM_CAP_ARM_EL1_32BIT			93
#define KVM_CAP_ENABLE_CAP_VM			98
#define KVM_CAP_IOEVENTFD_NO_LENGTH		100
#define KVM_CAP_VM_ATTRIBUTES			101
#define KVM_CAP_ARM_PSCI_0_2			102
#define KVM_CAP_CHECK_EXTENSION_VM		105
#define KVM_CAP_MULTI_ADDRESS_SPACE		118
#define KVM_CAP_GUEST_DEBUG_HW_BPS		119
#define KVM_CAP_GUEST_DEBUG_HW_WPS		120
#define KVM_CAP_IOEVENTFD_ANY_LENGTH		122
#define KVM_CAP_ARM_PMU_V3			126
#define KVM_CAP_VCPU_ATTRIBUTES			127
#define KVM_CAP_MAX_VCPU_ID			128
#define KVM_CAP_MSI_DEVID			131
#define KVM_CAP_IMMEDIATE_EXIT			136
#define KVM_CAP_ARM_USER_IRQ			144
#define KVM_CAP_ARM_INJECT_SERROR_ESR		158
#define KVM_CAP_COALESCED_PIO			162
#define KVM_CAP_ARM_VM_IPA_SIZE			165
#define KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2	168
#define KVM_CAP_ARM_SVE				170
#define KVM_CAP_ARM_PTRAUTH_ADDRESS		171
#define KVM_CAP_ARM_PTRAUTH_GENERIC		172
#define KVM_CAP_ARM_IRQ_LINE_LAYOUT_2		174
#define KVM_CAP_ARM_NISV_TO_USER		177
#define KVM_CAP_ARM_INJECT_EXT_DABT		178
#define KVM_CAP_HALT_POLL			182
#define KVM_CAP_STEAL_TIME			187
#define KVM_CAP_DIRTY_LOG_RING			192
#define KVM_CAP_PTP_KVM				198
#define KVM_CAP_BINARY_STATS_FD			203
#define KVM_CAP_ARM_MTE				205
#define KVM_CAP_ARM_SYSTEM_SUSPEND		216
#define KVM_CAP_DIRTY_LOG_RING_ACQ_REL		223
#define KVM_CAP_COUNTER_OFFSET			227
#define KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE	228
#define KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES	229
#define KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES	230
#define KVM_CAP_ARM_WRITABLE_IMP_ID_REGS	239
#define KVM_CAP_ARM_EL2				240
#define KVM_CAP_ARM_EL2_E2H0			241

/*
 * Ours, far from Linux's numbers.  KVM_ENABLE_CAP on the VM: from then on the
 * identity registers (MIDR, CTR, ID_*, CCSIDR, ...) may be written, so that the
 * guest finds the part it came from.  Only arm.
 */
#define VAMBRACE_CAP_IDENTITY			0x56420001
/* What our module shows, in each 32 bits, of a register that is UNKNOWN at reset and that nobody has written. */
#define VAMBRACE_UNKNOWN			0x5eedbed5u

/* ---- On a VM ---- */

#define KVM_CREATE_VCPU			_IO(KVMIO, 0x41)	/* argument: the index; returns a file */
#define KVM_GET_DIRTY_LOG		_IOW(KVMIO, 0x42, struct kvm_dirty_log)
#define KVM_SET_USER_MEMORY_REGION	_IOW(KVMIO, 0x46, struct kvm_userspace_memory_region)
#define KVM_CREATE_IRQCHIP		_IO(KVMIO, 0x60)
#define KVM_IRQ_LINE			_IOW(KVMIO, 0x61, struct kvm_irq_level)
#define KVM_REGISTER_COALESCED_MMIO	_IOW(KVMIO, 0x67, struct kvm_coalesced_mmio_zone)
#define KVM_UNREGISTER_COALESCED_MMIO	_IOW(KVMIO, 0x68, struct kvm_coalesced_mmio_zone)
#define KVM_SET_GSI_ROUTING		_IOW(KVMIO, 0x6a, struct kvm_irq_routing)
#define KVM_IRQFD			_IOW(KVMIO, 0x76, struct kvm_irqfd)
#define KVM_IOEVENTFD			_IOW(KVMIO, 0x79, struct kvm_ioeventfd)
#define KVM_ENABLE_CAP			_IOW(KVMIO, 0xa3, struct kvm_enable_cap)
#define KVM_SIGNAL_MSI			_IOW(KVMIO, 0xa5, struct kvm_msi)
#define KVM_ARM_SET_DEVICE_ADDR		_IOW(KVMIO, 0xab, struct kvm_arm_device_addr)
#define KVM_ARM_SET_COUNTER_OFFSET	_IOW(KVMIO, 0xb5, struct kvm_arm_counter_offset)
#define KVM_ARM_GET_REG_WRITABLE_MASKS	_IOR(KVMIO, 0xb6, struct reg_mask_range)
#define KVM_CLEAR_DIRTY_LOG		_IOWR(KVMIO, 0xc0, struct kvm_clear_dirty_log)
#define KVM_GET_STATS_FD		_IO(KVMIO, 0xce)	/* on a vCPU too */
#define KVM_CREATE_DEVICE		_IOWR(KVMIO, 0xe0, struct kvm_create_device)
/* On a VM, a vCPU and a device. */
#define KVM_SET_DEVICE_ATTR		_IOW(KVMIO, 0xe1, struct kvm_device_attr)
#define KVM_GET_DEVICE_ATTR		_IOW(KVMIO, 0xe2, struct kvm_device_attr)
#define KVM_HAS_DEVICE_ATTR		_IOW(KVMIO, 0xe3, struct kvm_device_attr)

#define KVM_MEM_LOG_DIRTY_PAGES	(1UL << 0)
#define KVM_MEM_READONLY	(1UL << 1)

struct kvm_userspace_memory_region {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size;		/* bytes; 0 removes the slot */
	__u64 userspace_addr;
};

struct kvm_dirty_log {
	__u32 slot;
	__u32 padding1;
	union {
		void *dirty_bitmap;	/* a bit per page of the host, in words of 64 bits */
		__u64 padding2;
	};
};

struct kvm_clear_dirty_log {
	__u32 slot;
	__u32 num_pages;
	__u64 first_page;
	union {
		void *dirty_bitmap;
		__u64 padding2;
	};
};

/* args[0] of KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2. */
#define KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE	(1 << 0)
#define KVM_DIRTY_LOG_INITIALLY_SET		(1 << 1)

struct kvm_enable_cap {
	__u32 cap;
	__u32 flags;
	__u64 args[4];
	__u8 pad[64];
};

/* KVM_IRQ_LINE: irq = vcpu2[31:28] type[27:24] vcpu[23:16] number[15:0]. */
struct kvm_irq_level {
	union {
		__u32 irq;
		__s32 status;
	};
	__u32 level;
};

#define KVM_ARM_IRQ_VCPU2_SHIFT		28
#define KVM_ARM_IRQ_VCPU2_MASK		0xf
#define KVM_ARM_IRQ_TYPE_SHIFT		24
#define KVM_ARM_IRQ_TYPE_MASK		0xf
#define KVM_ARM_IRQ_VCPU_SHIFT		16
#define KVM_ARM_IRQ_VCPU_MASK		0xff
#define KVM_ARM_IRQ_NUM_SHIFT		0
#define KVM_ARM_IRQ_NUM_MASK		0xffff

#define KVM_ARM_IRQ_TYPE_CPU	0	/* number: one of the next two; without a VGIC only */
#define KVM_ARM_IRQ_TYPE_SPI	1	/* number: interrupt id, 32.. */
#define KVM_ARM_IRQ_TYPE_PPI	2	/* number: interrupt id, 16..31 */
#define KVM_ARM_IRQ_CPU_IRQ	0
#define KVM_ARM_IRQ_CPU_FIQ	1

#define KVM_ARM_IRQ_GIC_MAX	127	/* highest with the legacy interface */
#define KVM_NR_IRQCHIPS		1

struct kvm_irq_routing_irqchip {
	__u32 irqchip;
	__u32 pin;			/* SPI: interrupt id - 32 */
};

struct kvm_irq_routing_msi {
	__u32 address_lo;
	__u32 address_hi;
	__u32 data;
	union {
		__u32 pad;
		__u32 devid;
	};
};

#define KVM_IRQ_ROUTING_IRQCHIP	1
#define KVM_IRQ_ROUTING_MSI	2

#define KVM_MSI_VALID_DEVID	(1U << 0)

struct kvm_irq_routing_entry {
	__u32 gsi;
	__u32 type;
	__u32 flags;
	__u32 pad;
	union {
		struct kvm_irq_routing_irqchip irqchip;
		struct kvm_irq_routing_msi msi;
		__u32 room[8];
	} u;
};

struct kvm_irq_routing {
	__u32 nr;
	__u32 flags;
	struct kvm_irq_routing_entry entries[];
};

struct kvm_msi {
	__u32 address_lo;
	__u32 address_hi;
	__u32 data;
	__u32 flags;
	__u32 devid;
	__u8 pad[12];
};

#define KVM_IRQFD_FLAG_DEASSIGN	(1 << 0)
#define KVM_IRQFD_FLAG_RESAMPLE	(1 << 1)	/* level: @resamplefd is signalled when the guest has ended it */

struct kvm_irqfd {
	__u32 fd;
	__u32 gsi;
	__u32 flags;
	__u32 resamplefd;
	__u8 pad[16];
};

#define KVM_IOEVENTFD_FLAG_DATAMATCH	(1 << 0)
#define KVM_IOEVENTFD_FLAG_PIO		(1 << 1)
#define KVM_IOEVENTFD_FLAG_DEASSIGN	(1 << 2)
#define KVM_IOEVENTFD_FLAG_VIRTIO_CCW	(1 << 3)
#define KVM_IOEVENTFD_VALID_FLAGS	0xf

struct kvm_ioeventfd {
	__u64 datamatch;
	__u64 addr;
	__u32 len;			/* 1, 2, 4, 8; 0: any */
	__s32 fd;
	__u32 flags;
	__u8 pad[36];
};

struct kvm_coalesced_mmio_zone {
	__u64 addr;
	__u32 size;
	union {
		__u32 pad;
		__u32 pio;
	};
};

/* A write in the ring; the page of the ring follows run's (KVM_CAP_COALESCED_MMIO). */
struct kvm_coalesced_mmio {
	__u64 phys_addr;
	__u32 len;
	union {
		__u32 pad;
		__u32 pio;
	};
	__u8 data[8];
};

struct kvm_coalesced_mmio_ring {
	__u32 first;			/* the VMM's */
	__u32 last;			/* the kernel's */
	struct kvm_coalesced_mmio coalesced_mmio[];
};

/* KVM_ARM_SET_DEVICE_ADDR: the legacy way; id = device[31:16] type[15:0]. */
struct kvm_arm_device_addr {
	__u64 id;
	__u64 addr;
};

#define KVM_ARM_DEVICE_TYPE_SHIFT	0
#define KVM_ARM_DEVICE_TYPE_MASK	0xffff
#define KVM_ARM_DEVICE_ID_SHIFT		16
#define KVM_ARM_DEVICE_ID_MASK		0xffff0000U
#define KVM_ARM_DEVICE_VGIC_V2		0

struct kvm_arm_counter_offset {
	__u64 counter_offset;
	__u64 reserved;
};

struct reg_mask_range {
	__u64 addr;
	__u32 range;
	__u32 reserved[13];
};

/* ---- Devices ---- */

struct kvm_create_device {
	__u32 type;
	__u32 fd;			/* out */
	__u32 flags;
};

#define KVM_CREATE_DEVICE_TEST	1	/* only says whether it could */

#define KVM_DEV_TYPE_VFIO		4
#define KVM_DEV_TYPE_ARM_VGIC_V2	5
#define KVM_DEV_TYPE_ARM_VGIC_V3	7
#define KVM_DEV_TYPE_ARM_VGIC_ITS	8

struct kvm_device_attr {
	__u32 flags;
	__u32 group;
	__u64 attr;
	__u64 addr;			/* user pointer to the value */
};

#define KVM_DEV_ARM_VGIC_GRP_ADDR		0
#define KVM_DEV_ARM_VGIC_GRP_DIST_REGS		1
#define KVM_DEV_ARM_VGIC_GRP_CPU_REGS		2
#define KVM_DEV_ARM_VGIC_GRP_NR_IRQS		3
#define KVM_DEV_ARM_VGIC_GRP_CTRL		4
#define KVM_DEV_ARM_VGIC_GRP_REDIST_REGS	5
#define KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS	6
#define KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO		7
#define KVM_DEV_ARM_VGIC_GRP_ITS_REGS		8

/* GRP_ADDR; the value is a 64-bit address. */
#define KVM_VGIC_V2_ADDR_TYPE_DIST		0
#define KVM_VGIC_V2_ADDR_TYPE_CPU		1
#define KVM_VGIC_V3_ADDR_TYPE_DIST		2
#define KVM_VGIC_V3_ADDR_TYPE_REDIST		3
#define KVM_VGIC_ITS_ADDR_TYPE			4
#define KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION	5	/* count[63:52] base[51:16] flags[15:12] index[11:0] */

#define KVM_VGIC_V2_DIST_SIZE	0x1000
#define KVM_VGIC_V2_CPU_SIZE	0x2000
#define KVM_VGIC_V3_DIST_SIZE	0x10000
#define KVM_VGIC_V3_REDIST_SIZE	0x20000		/* per vCPU */
#define KVM_VGIC_V3_ITS_SIZE	0x20000

/* GRP_DIST_REGS, GRP_CPU_REGS: attr = cpu[39:32] offset[31:0] (v3: mpidr[63:32]); 32-bit values. */
#define KVM_DEV_ARM_VGIC_CPUID_SHIFT		32
#define KVM_DEV_ARM_VGIC_CPUID_MASK		(0xffULL << KVM_DEV_ARM_VGIC_CPUID_SHIFT)
#define KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT		32
#define KVM_DEV_ARM_VGIC_V3_MPIDR_MASK		(0xffffffffULL << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT)
#define KVM_DEV_ARM_VGIC_OFFSET_SHIFT		0
#define KVM_DEV_ARM_VGIC_OFFSET_MASK		0xffffffffULL
#define KVM_DEV_ARM_VGIC_SYSREG_INSTR_MASK	0xffffULL
#define KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT	10
#define KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_MASK	(0x3fffffULL << KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT)
#define KVM_DEV_ARM_VGIC_LINE_LEVEL_INTID_MASK	0x3ff
#define VGIC_LEVEL_INFO_LINE_LEVEL		0

/* GRP_CTRL */
#define KVM_DEV_ARM_VGIC_CTRL_INIT		0
#define KVM_DEV_ARM_ITS_SAVE_TABLES		1
#define KVM_DEV_ARM_ITS_RESTORE_TABLES		2
#define KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES	3
#define KVM_DEV_ARM_ITS_CTRL_RESET		4

/* Attributes of a vCPU. */
#define KVM_ARM_VCPU_PMU_V3_CTRL	0
#define KVM_ARM_VCPU_PMU_V3_IRQ		0
#define KVM_ARM_VCPU_PMU_V3_INIT	1
#define KVM_ARM_VCPU_PMU_V3_FILTER	2
#define KVM_ARM_VCPU_PMU_V3_SET_PMU	3
#define KVM_ARM_VCPU_TIMER_CTRL		1
#define KVM_ARM_VCPU_TIMER_IRQ_VTIMER	0	/* the value: a PPI as an int, 27 at first */
#define KVM_ARM_VCPU_TIMER_IRQ_PTIMER	1	/* 30 */
#define KVM_ARM_VCPU_PVTIME_CTRL	2
#define KVM_ARM_VCPU_PVTIME_IPA		0

/* ---- On a vCPU ---- */

#define KVM_RUN			_IO(KVMIO, 0x80)
#define KVM_SET_SIGNAL_MASK	_IOW(KVMIO, 0x8b, struct kvm_signal_mask)
#define KVM_GET_MP_STATE	_IOR(KVMIO, 0x98, struct kvm_mp_state)
#define KVM_SET_MP_STATE	_IOW(KVMIO, 0x99, struct kvm_mp_state)
#define KVM_SET_GUEST_DEBUG	_IOW(KVMIO, 0x9b, struct kvm_guest_debug)
#define KVM_GET_VCPU_EVENTS	_IOR(KVMIO, 0x9f, struct kvm_vcpu_events)
#define KVM_SET_VCPU_EVENTS	_IOW(KVMIO, 0xa0, struct kvm_vcpu_events)
#define KVM_GET_ONE_REG		_IOW(KVMIO, 0xab, struct kvm_one_reg)
#define KVM_SET_ONE_REG		_IOW(KVMIO, 0xac, struct kvm_one_reg)
#define KVM_ARM_VCPU_INIT	_IOW(KVMIO, 0xae, struct kvm_vcpu_init)
#define KVM_ARM_PREFERRED_TARGET _IOR(KVMIO, 0xaf, struct kvm_vcpu_init)	/* on the VM */
#define KVM_GET_REG_LIST	_IOWR(KVMIO, 0xb0, struct kvm_reg_list)
#define KVM_ARM_VCPU_FINALIZE	_IOW(KVMIO, 0xc2, int)

struct kvm_vcpu_init {
	__u32 target;
	__u32 features[7];		/* bits by the next numbers */
};

#ifdef __aarch64__
#define KVM_ARM_TARGET_AEM_V8		0
#define KVM_ARM_TARGET_FOUNDATION_V8	1
#define KVM_ARM_TARGET_CORTEX_A57	2
#define KVM_ARM_TARGET_XGENE_POTENZA	3
#define KVM_ARM_TARGET_CORTEX_A53	4
#define KVM_ARM_TARGET_GENERIC_V8	5
#define KVM_ARM_NUM_TARGETS		6

#define KVM_ARM_VCPU_POWER_OFF		0
#define KVM_ARM_VCPU_EL1_32BIT		1
#define KVM_ARM_VCPU_PSCI_0_2		2
#define KVM_ARM_VCPU_PMU_V3		3
#define KVM_ARM_VCPU_SVE		4
#define KVM_ARM_VCPU_PTRAUTH_ADDRESS	5
#define KVM_ARM_VCPU_PTRAUTH_GENERIC	6
#define KVM_ARM_VCPU_HAS_EL2		7
#define KVM_ARM_VCPU_HAS_EL2_E2H0	8
#else
#define KVM_ARM_TARGET_CORTEX_A15	0
#define KVM_ARM_TARGET_CORTEX_A7	1
#define KVM_ARM_NUM_TARGETS		2

#define KVM_ARM_VCPU_POWER_OFF		0	/* waits for PSCI CPU_ON */
#define KVM_ARM_VCPU_PSCI_0_2		1
#endif

struct kvm_signal_mask {
	__u32 len;
	__u8 sigset[];
};

struct kvm_mp_state {
	__u32 mp_state;
};

#define KVM_MP_STATE_RUNNABLE	0
#define KVM_MP_STATE_STOPPED	5
#define KVM_MP_STATE_SUSPENDED	10

struct kvm_vcpu_events {
	struct {
		__u8 serror_pending;
		__u8 serror_has_esr;
		__u8 ext_dabt_pending;	/* KVM_CAP_ARM_INJECT_EXT_DABT; set only */
		__u8 pad[5];
		__u64 serror_esr;
	} exception;
	__u32 reserved[12];
};

#ifdef __aarch64__
#define KVM_ARM_MAX_DBG_REGS 16

struct kvm_guest_debug_arch {
	__u64 dbg_bcr[KVM_ARM_MAX_DBG_REGS];
	__u64 dbg_bvr[KVM_ARM_MAX_DBG_REGS];
	__u64 dbg_wcr[KVM_ARM_MAX_DBG_REGS];
	__u64 dbg_wvr[KVM_ARM_MAX_DBG_REGS];
};

#define KVM_GUESTDBG_USE_SW_BP	(1 << 16)
#define KVM_GUESTDBG_USE_HW	(1 << 17)

struct kvm_debug_exit_arch {
	__u32 hsr;
	__u32 hsr_high;
	__u64 far;
};
#else
/* Empty in Linux: the ioctl's number says so. */
struct kvm_guest_debug_arch {
};

struct kvm_debug_exit_arch {
};
#endif

#define KVM_GUESTDBG_ENABLE	(1 << 0)
#define KVM_GUESTDBG_SINGLESTEP	(1 << 1)

struct kvm_guest_debug {
	__u32 control;
	__u32 pad;
	struct kvm_guest_debug_arch arch;
};

struct kvm_one_reg {
	__u64 id;
	__u64 addr;			/* user pointer to the value */
};

struct kvm_reg_list {
	__u64 n;
	__u64 reg[];
};

/* ---- KVM_RUN ---- */

#define KVM_EXIT_UNKNOWN		0
#define KVM_EXIT_EXCEPTION		1
#define KVM_EXIT_HYPERCALL		3
#define KVM_EXIT_DEBUG			4
#define KVM_EXIT_MMIO			6
#define KVM_EXIT_IRQ_WINDOW_OPEN	7
#define KVM_EXIT_SHUTDOWN		8
#define KVM_EXIT_FAIL_ENTRY		9
#define KVM_EXIT_INTR			10
#define KVM_EXIT_INTERNAL_ERROR		17
#define KVM_EXIT_SYSTEM_EVENT		24
#define KVM_EXIT_ARM_NISV		28
#define KVM_EXIT_DIRTY_RING_FULL	31

#define KVM_INTERNAL_ERROR_EMULATION	1

#define KVM_SYSTEM_EVENT_SHUTDOWN	1
#define KVM_SYSTEM_EVENT_RESET		2
#define KVM_SYSTEM_EVENT_CRASH		3
#define KVM_SYSTEM_EVENT_WAKEUP		4
#define KVM_SYSTEM_EVENT_SUSPEND	5
#define KVM_SYSTEM_EVENT_RESET_FLAG_PSCI_RESET2 (1ULL << 0)

/* Bits of device_irq_level: KVM_CAP_ARM_USER_IRQ. */
#define KVM_ARM_DEV_EL1_VTIMER		(1 << 0)
#define KVM_ARM_DEV_EL1_PTIMER		(1 << 1)
#define KVM_ARM_DEV_PMU			(1 << 2)

struct kvm_sync_regs {
	__u64 device_irq_level;
};

/* Mapped at offset 0 of a vCPU's file; the exits' data start at byte 32. */
struct kvm_run {
	/* in */
	__u8 request_interrupt_window;
	__u8 immediate_exit;
	__u8 padding1[6];

	/* out */
	__u32 exit_reason;
	__u8 ready_for_interrupt_injection;
	__u8 if_flag;
	__u16 flags;
	__u64 cr8;			/* of other architectures, as the next */
	__u64 apic_base;

	union {
		struct {
			__u64 hardware_exit_reason;
		} hw;
		struct {
			__u64 hardware_entry_failure_reason;
			__u32 cpu;
		} fail_entry;
		struct {
			struct kvm_debug_exit_arch arch;
		} debug;
		struct {
			__u64 phys_addr;
			__u8 data[8];	/* of the guest's byte order; in again after a read */
			__u32 len;
			__u8 is_write;
		} mmio;
		struct {
			__u32 suberror;
			__u32 ndata;
			__u64 data[16];
		} internal;
		struct {
			__u32 type;
			__u32 ndata;
			__u64 data[16];	/* data[0]: the flags of older kernels */
		} system_event;
		struct {
			__u64 esr_iss;
			__u64 fault_ipa;
		} arm_nisv;
		__u8 room[256];
	};

	__u64 kvm_valid_regs;
	__u64 kvm_dirty_regs;
	union {
		struct kvm_sync_regs regs;
		__u8 padding[2048];
	} s;
};

/* ---- Ids of KVM_GET_ONE_REG: arch[63:56] size[55:52] group[27:16], the rest by group ---- */

#define KVM_REG_ARCH_MASK	0xff00000000000000ULL
#define KVM_REG_ARM		0x4000000000000000ULL
#define KVM_REG_ARM64		0x6000000000000000ULL

#define KVM_REG_SIZE_SHIFT	52
#define KVM_REG_SIZE_MASK	0x00f0000000000000ULL
#define KVM_REG_SIZE_U8		0x0000000000000000ULL
#define KVM_REG_SIZE_U16	0x0010000000000000ULL
#define KVM_REG_SIZE_U32	0x0020000000000000ULL
#define KVM_REG_SIZE_U64	0x0030000000000000ULL
#define KVM_REG_SIZE_U128	0x0040000000000000ULL
#define KVM_REG_SIZE_U256	0x0050000000000000ULL
#define KVM_REG_SIZE_U512	0x0060000000000000ULL
#define KVM_REG_SIZE_U1024	0x0070000000000000ULL
#define KVM_REG_SIZE_U2048	0x0080000000000000ULL
#define KVM_REG_SIZE(id)	(1U << (((id) & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT))	/* bytes */

#define KVM_REG_ARM_COPROC_SHIFT	16
#define KVM_REG_ARM_COPROC_MASK		0x000000000fff0000ULL

/* Word @n of the structures below. */
#define KVM_REG_ARM_CORE		(0x0010ULL << KVM_REG_ARM_COPROC_SHIFT)

#define KVM_REG_ARM_DEMUX		(0x0011ULL << KVM_REG_ARM_COPROC_SHIFT)
#define KVM_REG_ARM_DEMUX_ID_SHIFT	8
#define KVM_REG_ARM_DEMUX_ID_MASK	0x000000000000ff00ULL
#define KVM_REG_ARM_DEMUX_ID_CCSIDR	(0x00ULL << KVM_REG_ARM_DEMUX_ID_SHIFT)
#define KVM_REG_ARM_DEMUX_VAL_SHIFT	0
#define KVM_REG_ARM_DEMUX_VAL_MASK	0x00000000000000ffULL

#define KVM_REG_ARM_VFP			(0x0012ULL << KVM_REG_ARM_COPROC_SHIFT)
#define KVM_REG_ARM_VFP_MASK		0x000000000000ffffULL
#define KVM_REG_ARM_VFP_BASE_REG	0x0	/* d0.. */
#define KVM_REG_ARM_VFP_FPSID		0x1000
#define KVM_REG_ARM_VFP_FPSCR		0x1001
#define KVM_REG_ARM_VFP_MVFR1		0x1006
#define KVM_REG_ARM_VFP_MVFR0		0x1007
#define KVM_REG_ARM_VFP_FPEXC		0x1008
#define KVM_REG_ARM_VFP_FPINST		0x1009
#define KVM_REG_ARM_VFP_FPINST2		0x100a

/* arm: coprocessor number (15) in the group's place. */
#define KVM_REG_ARM_OPC2_SHIFT		0
#define KVM_REG_ARM_OPC2_MASK		0x0000000000000007ULL
#define KVM_REG_ARM_OPC1_SHIFT		3
#define KVM_REG_ARM_OPC1_MASK		0x0000000000000078ULL
#define KVM_REG_ARM_CRM_SHIFT		7
#define KVM_REG_ARM_CRM_MASK		0x0000000000000780ULL
#define KVM_REG_ARM_32_CRN_SHIFT	11
#define KVM_REG_ARM_32_CRN_MASK		0x0000000000007800ULL
#define KVM_REG_ARM_SECURE_SHIFT	28
#define KVM_REG_ARM_SECURE_MASK		0x0000000010000000ULL

#define KVM_REG_ARM_CP15_32(crn, opc1, crm, opc2) (KVM_REG_ARM | KVM_REG_SIZE_U32 | \
	(15ULL << KVM_REG_ARM_COPROC_SHIFT) | ((__u64)(crn) << KVM_REG_ARM_32_CRN_SHIFT) | \
	((__u64)(opc1) << KVM_REG_ARM_OPC1_SHIFT) | ((__u64)(crm) << KVM_REG_ARM_CRM_SHIFT) | (__u64)(opc2))
#define KVM_REG_ARM_CP15_64(opc1, crm) (KVM_REG_ARM | KVM_REG_SIZE_U64 | \
	(15ULL << KVM_REG_ARM_COPROC_SHIFT) | ((__u64)(opc1) << KVM_REG_ARM_OPC1_SHIFT) | \
	((__u64)(crm) << KVM_REG_ARM_CRM_SHIFT))

#define KVM_REG_ARM32_TIMER_CTL		KVM_REG_ARM_CP15_32(14, 0, 3, 1)
#define KVM_REG_ARM32_TIMER_CNT		KVM_REG_ARM_CP15_64(1, 14)	/* a write moves every vCPU's */
#define KVM_REG_ARM32_TIMER_CVAL	KVM_REG_ARM_CP15_64(3, 14)
#define KVM_REG_ARM32_PTIMER_CTL	KVM_REG_ARM_CP15_32(14, 0, 2, 1)
#define KVM_REG_ARM32_PTIMER_CNT	KVM_REG_ARM_CP15_64(0, 14)
#define KVM_REG_ARM32_PTIMER_CVAL	KVM_REG_ARM_CP15_64(2, 14)

/* arm64: a system register by its encoding. */
#define KVM_REG_ARM64_SYSREG		(0x0013ULL << KVM_REG_ARM_COPROC_SHIFT)
#define KVM_REG_ARM64_SYSREG_OP0_SHIFT	14
#define KVM_REG_ARM64_SYSREG_OP0_MASK	0x000000000000c000ULL
#define KVM_REG_ARM64_SYSREG_OP1_SHIFT	11
#define KVM_REG_ARM64_SYSREG_OP1_MASK	0x0000000000003800ULL
#define KVM_REG_ARM64_SYSREG_CRN_SHIFT	7
#define KVM_REG_ARM64_SYSREG_CRN_MASK	0x0000000000000780ULL
#define KVM_REG_ARM64_SYSREG_CRM_SHIFT	3
#define KVM_REG_ARM64_SYSREG_CRM_MASK	0x0000000000000078ULL
#define KVM_REG_ARM64_SYSREG_OP2_SHIFT	0
#define KVM_REG_ARM64_SYSREG_OP2_MASK	0x0000000000000007ULL

#define KVM_REG_ARM64_SYS_REG(op0, op1, crn, crm, op2) (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM64_SYSREG | \
	((__u64)(op0) << KVM_REG_ARM64_SYSREG_OP0_SHIFT) | ((__u64)(op1) << KVM_REG_ARM64_SYSREG_OP1_SHIFT) | \
	((__u64)(crn) << KVM_REG_ARM64_SYSREG_CRN_SHIFT) | ((__u64)(crm) << KVM_REG_ARM64_SYSREG_CRM_SHIFT) | \
	(__u64)(op2))

/* CNT and CVAL have each other's encoding; that is the ABI now. */
#define KVM_REG_ARM64_TIMER_CTL		KVM_REG_ARM64_SYS_REG(3, 3, 14, 3, 1)
#define KVM_REG_ARM64_TIMER_CVAL	KVM_REG_ARM64_SYS_REG(3, 3, 14, 0, 2)
#define KVM_REG_ARM64_TIMER_CNT		KVM_REG_ARM64_SYS_REG(3, 3, 14, 3, 2)
#define KVM_REG_ARM64_PTIMER_CTL	KVM_REG_ARM64_SYS_REG(3, 3, 14, 2, 1)
#define KVM_REG_ARM64_PTIMER_CVAL	KVM_REG_ARM64_SYS_REG(3, 3, 14, 2, 2)
#define KVM_REG_ARM64_PTIMER_CNT	KVM_REG_ARM64_SYS_REG(3, 3, 14, 0, 1)

#define KVM_REG_ARM64_SVE		(0x0015ULL << KVM_REG_ARM_COPROC_SHIFT)
#define KVM_REG_ARM_FW_FEAT_BMAP	(0x0016ULL << KVM_REG_ARM_COPROC_SHIFT)

/* What the firmware in the kernel offers; 64-bit values under the caller's architecture. */
#define KVM_REG_ARM_FW			(0x0014ULL << KVM_REG_ARM_COPROC_SHIFT)
#define KVM_REG_ARM32_FW_REG(n)		(KVM_REG_ARM | KVM_REG_SIZE_U64 | KVM_REG_ARM_FW | ((n) & 0xffff))
#define KVM_REG_ARM64_FW_REG(n)		(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_FW | ((n) & 0xffff))
#define KVM_REG_ARM_FW_PSCI_VERSION	0
#define KVM_REG_ARM_FW_WORKAROUND_1	1
#define KVM_REG_ARM_FW_WORKAROUND_1_NOT_AVAIL		0
#define KVM_REG_ARM_FW_WORKAROUND_1_AVAIL		1
#define KVM_REG_ARM_FW_WORKAROUND_1_NOT_REQUIRED	2
#define KVM_REG_ARM_FW_WORKAROUND_2	2
#define KVM_REG_ARM_FW_WORKAROUND_2_NOT_AVAIL		0
#define KVM_REG_ARM_FW_WORKAROUND_2_UNKNOWN		1
#define KVM_REG_ARM_FW_WORKAROUND_2_AVAIL		2
#define KVM_REG_ARM_FW_WORKAROUND_2_NOT_REQUIRED	3
#define KVM_REG_ARM_FW_WORKAROUND_2_ENABLED		(1U << 4)
#define KVM_REG_ARM_FW_WORKAROUND_3	3

/* PSCI 0.1: what the guest calls when the vCPU has not KVM_ARM_VCPU_PSCI_0_2. */
#define KVM_PSCI_FN_BASE	0x95c1ba5e
#define KVM_PSCI_FN(n)		(KVM_PSCI_FN_BASE + (n))
#define KVM_PSCI_FN_CPU_SUSPEND	KVM_PSCI_FN(0)
#define KVM_PSCI_FN_CPU_OFF	KVM_PSCI_FN(1)
#define KVM_PSCI_FN_CPU_ON	KVM_PSCI_FN(2)
#define KVM_PSCI_FN_MIGRATE	KVM_PSCI_FN(3)
/* As KVM_REG_ARM_FW_PSCI_VERSION says it. */
#define KVM_PSCI_0_1	1

/*
 * The core registers by word: an AArch32 CPU's.  r0-r12, sp_usr, lr_usr, pc,
 * cpsr, one word kept for a debugger's use, then the banks.
 */
struct kvm_arm32_core {
	__u32 r[15];
	__u32 pc;
	__u32 cpsr;
	__u32 orig_r0;
	__u32 svc[3];			/* sp, lr, spsr; so the next two */
	__u32 abt[3];
	__u32 und[3];
	__u32 irq[3];
	__u32 fiq[8];			/* r8-r14, spsr */
};

#define KVM_ARM32_CORE_WORDS	38
#define KVM_REG_ARM32_CORE(word) (KVM_REG_ARM | KVM_REG_SIZE_U32 | KVM_REG_ARM_CORE | (word))

/* An AArch64 CPU's.  Two words to a 64-bit register, four to a vector. */
struct kvm_arm64_core {
	__u64 x[31];
	__u64 sp;			/* SP_EL0 */
	__u64 pc;
	__u64 pstate;
	__u64 sp_el1;
	__u64 elr_el1;
	__u64 spsr[5];			/* EL1 (svc), abt, und, irq, fiq */
	__u64 reserved;
	__u64 v[32][2];			/* aligned to 16 bytes */
	__u32 fpsr;
	__u32 fpcr;
	__u32 reserved2[2];
};

#define KVM_NR_SPSR 5
#define KVM_REG_ARM64_CORE(size, word) (KVM_REG_ARM64 | (size) | KVM_REG_ARM_CORE | (word))

#endif
