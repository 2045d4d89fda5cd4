// SPDX-License-Identifier: GPL-2.0-only
/* Accesses that user space serves. */
#define _GNU_SOURCE
#include <signal.h>

#include "kvmtest.h"

static bool answer_word(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	const uint32_t word = 0x8899aabb;

	if (run->mmio.is_write || run->mmio.phys_addr != GUEST_HOLE)
		return false;
	memcpy(run->mmio.data, &word, run->mmio.len);
	return true;
}

TEST(row_15_sign_extension, "loads of each width from a device; negative ones are extended")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	v->mmio = answer_word;
	vcpu_start_at(v, GUEST(g_mmio_read), 0, false);
	CHECK_EQ(vcpu_finish(v), 7);
	vm_free(vm);
}

TEST(row_15_big_endian, "a big-endian guest's loads and stores are swapped")
{
	static const uint8_t stored[4] = { 0x11, 0x22, 0x33, 0x44 };
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	v->mmio = answer_word;
	vcpu_start_at(v, GUEST(g_mmio_read_be), 0, false);
	CHECK_EQ(vcpu_run(v), EV_MMIO);
	CHECK_EQ(v->run->mmio.phys_addr, GUEST_HOLE + 16);
	CHECK(!memcmp(v->run->mmio.data, stored, 4));
	CHECK_EQ(vcpu_finish(v), 7);
	vm_free(vm);
}

TEST(abi_mmio_write, "address, width and data of stores")
{
	static const unsigned int len[3] = { 4, 1, 2 };
	const uint32_t value = 0x87654321;
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	vcpu_start_at(v, GUEST(g_mmio_write), value, false);
	for (unsigned int i = 0; i < 3; i++) {
		CHECK_EQ(vcpu_run(v), EV_MMIO);
		CHECK(v->run->mmio.is_write);
		CHECK_EQ(v->run->mmio.phys_addr, GUEST_HOLE + i * 4);
		CHECK_EQ(v->run->mmio.len, len[i]);
		CHECK(!memcmp(v->run->mmio.data, &value, len[i]));
	}
	CHECK_EQ(vcpu_finish(v), 0);
	vm_free(vm);
}

static uint8_t device[4096];

static bool like_memory(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint64_t off = run->mmio.phys_addr - GUEST_HOLE;

	if (off + run->mmio.len > sizeof(device))
		return false;
	if (run->mmio.is_write)
		memcpy(device + off, run->mmio.data, run->mmio.len);
	else
		memcpy(run->mmio.data, device + off, run->mmio.len);
	return true;
}

TEST(row_14_no_syndrome, "LDM, STM, LDRD, STRD and forms with write-back on a device")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	v->mmio = like_memory;
	vcpu_start_at(v, GUEST(g_mmio_nosyndrome), 0, false);
	CHECK_EQ(vcpu_finish(v), 7);
	vm_free(vm);
}

TEST(row_14_vfp, "VLDR and VSTR on a device")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	v->mmio = like_memory;
	vcpu_start_at(v, GUEST(g_mmio_vfp), 0, false);
	CHECK_EQ(vcpu_finish(v), 7);
	vm_free(vm);
}

TEST(row_16_mmio_once, "immediate_exit between the exit and its end: the access is completed exactly once")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	const uint32_t word = 0x8899aabb;
	/* ldr r4, [r5]; add r6, r6, #1; b . */
	const uint32_t code[] = { 0xe5954000, 0xe2866001, 0xe5956004, 0xeafffffe };

	memcpy(vm_hva(vm, GUEST_FREE), code, sizeof(code));
	reg32_set(v, CORE_PC, GUEST_FREE);
	reg32_set(v, CORE(5), GUEST_HOLE);
	reg32_set(v, CORE(6), 0);
	CHECK_EQ(vcpu_run(v), EV_MMIO);
	CHECK_EQ(reg32(v, CORE_PC), GUEST_FREE);
	memcpy(v->run->mmio.data, &word, 4);
	v->run->immediate_exit = 1;
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(vcpu_run(v), EV_INTR);
		CHECK_EQ(reg32(v, CORE(4)), word);
		CHECK_EQ(reg32(v, CORE_PC), GUEST_FREE + 4);
	}
	v->run->immediate_exit = 0;
	CHECK_EQ(vcpu_run(v), EV_MMIO);
	CHECK_EQ(v->run->mmio.phys_addr, GUEST_HOLE + 4);
	CHECK_EQ(reg32(v, CORE(6)), 1);
	vm_free(vm);
}

TEST(row_17_mmio_abort, "user space injects an abort in place of an answer: the load does not retire")
{
	struct kvm_vcpu_events events = { 0 };
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_INJECT_EXT_DABT) <= 0)
		skip("no KVM_CAP_ARM_INJECT_EXT_DABT, as in Linux 5.4");
	vcpu_start_at(v, GUEST(g_mmio_abort), 0, false);
	CHECK_EQ(vcpu_run(v), EV_MMIO);
	events.exception.ext_dabt_pending = 1;
	CHECK_EQ(call(ioctl(v->fd, KVM_SET_VCPU_EVENTS, &events)), 0);
	CHECK_EQ(vcpu_finish(v), 7);
	vm_free(vm);
}

/* Thumb: it <cond pattern>; four conditional loads from a device; the flags say which are done. */
static void thumb_it(struct vm *vm, unsigned int cond, unsigned int mask, unsigned int flags, bool wide)
{
	struct vcpu *v = &vm->vcpu[0];
	uint16_t code[16];
	unsigned int n = 0, nr = mask & 1 ? 4 : mask & 2 ? 3 : mask & 4 ? 2 : 1, loads = 0;

	code[n++] = 0xbf00 | cond << 4 | mask;
	for (unsigned int i = 0; i < nr; i++) {
		if (wide) {
			code[n++] = 0xf8d0;		/* ldr.w r(i+1), [r0, #4 * i] */
			code[n++] = (i + 1) << 12 | i * 4;
		} else {
			code[n++] = 0x6800 | i << 6 | (i + 1);	/* ldr r(i+1), [r0, #4 * i] */
		}
	}
	code[n++] = 0x6385;	/* str r5, [r0, #56]: never conditional */
	code[n++] = 0xe7fe;
	memcpy(vm_hva(vm, GUEST_FREE), code, sizeof(code));
	reg32_set(v, CORE_CPSR, 0x1f3 | flags);
	reg32_set(v, CORE_PC, GUEST_FREE);
	reg32_set(v, CORE(0), GUEST_HOLE);
	for (unsigned int i = 0; i < nr; i++) {
		/* The n-th instruction's condition: the base's upper bits, with the mask's bit as the lowest. */
		unsigned int low = i ? mask >> (4 - i) & 1 : cond & 1, c = (cond & 0xe) | low;
		bool z = flags >> 30 & 1, carry = flags >> 29 & 1, neg = flags >> 31, over = flags >> 28 & 1;
		const bool base[8] = { z, carry, neg, over, carry && !z, neg == over, neg == over && !z, true };
		bool pass = base[c >> 1] ^ ((c & 1) && c < 15);

		if (!pass)
			continue;
		if (vcpu_run(v) != EV_MMIO || v->run->mmio.is_write || v->run->mmio.phys_addr != GUEST_HOLE + i * 4)
			FAIL("it %u %x flags %x: instruction %u did not load", cond, mask, flags, i);
		memset(v->run->mmio.data, 0x5a, 4);
		loads++;
	}
	if (vcpu_run(v) != EV_MMIO || !v->run->mmio.is_write || v->run->mmio.phys_addr != GUEST_HOLE + 56)
		FAIL("it %u %x flags %x: after %u loads not at the store", cond, mask, flags, loads);
	/* Let it retire; the vCPU then spins, so it must not be entered. */
	v->run->immediate_exit = 1;
	CHECK_EQ(vcpu_run(v), EV_INTR);
	v->run->immediate_exit = 0;
	CHECK_EQ(reg32(v, CORE_CPSR) & 0x0600fc00, 0);
}

TEST_LIMIT(row_09_it_state, 60, "device loads in IT blocks, all conditions and patterns, 16 and 32 bits wide")
{
	struct vm *vm = vm_new(1, 0);

	for (unsigned int cond = 0; cond < 14; cond++) {
		for (unsigned int mask = 1; mask < 16; mask++) {
			thumb_it(vm, cond, mask, 0x40000000, mask & 1);
			thumb_it(vm, cond, mask, 0xb0000000, !(mask & 1));
		}
	}
	vm_free(vm);
}

TEST(row_11_skip_size, "PC moves by 2 or 4 after a device access in Thumb, by 4 in ARM")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	/* ldr r1, [r0]; ldr.w r2, [r0, #4]; ldr r3, [r0, #8] */
	const uint16_t code[] = { 0x6801, 0xf8d0, 0x2004, 0x6883, 0xe7fe };
	static const uint32_t at[3] = { 0, 2, 6 };

	memcpy(vm_hva(vm, GUEST_FREE), code, sizeof(code));
	reg32_set(v, CORE_CPSR, 0x1f3);
	reg32_set(v, CORE_PC, GUEST_FREE);
	reg32_set(v, CORE(0), GUEST_HOLE);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(vcpu_run(v), EV_MMIO);
		CHECK_EQ(reg32(v, CORE_PC), GUEST_FREE + at[i]);
		CHECK_EQ(v->run->mmio.phys_addr, GUEST_HOLE + i * 4);
	}
	vm_free(vm);
}

TEST(abi_coalesced_mmio, "writes to a coalesced zone wait in the ring")
{
	struct kvm_coalesced_mmio_zone zone = { .addr = GUEST_HOLE, .size = 0x10 };
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	int page = ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO);
	struct kvm_coalesced_mmio_ring *ring = (void *)((uint8_t *)v->run + page * 4096);

	CHECK_EQ(page, 1);
	CHECK_EQ(call(ioctl(vm->fd, KVM_REGISTER_COALESCED_MMIO, &zone)), 0);
	vcpu_start_at(v, GUEST(g_mmio_write), 0x1234, false);
	CHECK_EQ(vcpu_finish(v), 0);
	CHECK_EQ(ring->last - ring->first, 3);
	CHECK_EQ(ring->coalesced_mmio[ring->first].phys_addr, GUEST_HOLE);
	CHECK_EQ(ring->coalesced_mmio[ring->first + 2].len, 2);
	ring->first = ring->last;
	CHECK_EQ(call(ioctl(vm->fd, KVM_UNREGISTER_COALESCED_MMIO, &zone)), 0);
	vcpu_start_at(v, GUEST(g_mmio_write), 0x1234, false);
	CHECK_EQ(vcpu_run(v), EV_MMIO);
	vm_free(vm);
}
