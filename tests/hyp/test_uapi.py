# SPDX-License-Identifier: GPL-2.0-only
"""hyp/uapi/kvm.h against Linux' own header of arm64, and arm against arm64 where they must agree."""
import os
import re
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HEADER = os.path.join(TOP, "hyp/uapi/kvm.h")

# What user space sees of sizes and places; a nested member is where the compiler knows its name in both.
STRUCTS = """kvm_run kvm_userspace_memory_region kvm_dirty_log kvm_clear_dirty_log kvm_enable_cap kvm_irq_level
kvm_irq_routing kvm_irq_routing_entry kvm_msi kvm_irqfd kvm_ioeventfd kvm_coalesced_mmio_zone kvm_coalesced_mmio
kvm_arm_device_addr kvm_create_device kvm_device_attr kvm_vcpu_init kvm_mp_state kvm_vcpu_events kvm_one_reg
kvm_reg_list""".split()
MEMBERS = """kvm_run.immediate_exit kvm_run.exit_reason kvm_run.mmio.phys_addr kvm_run.mmio.data kvm_run.mmio.len
kvm_run.mmio.is_write kvm_run.fail_entry.cpu kvm_run.internal.data kvm_run.system_event.type kvm_run.system_event.data
kvm_run.arm_nisv.esr_iss kvm_run.arm_nisv.fault_ipa kvm_run.kvm_valid_regs kvm_run.s
kvm_userspace_memory_region.userspace_addr kvm_dirty_log.dirty_bitmap kvm_clear_dirty_log.first_page
kvm_clear_dirty_log.dirty_bitmap kvm_irq_routing_entry.u kvm_msi.devid kvm_irqfd.resamplefd kvm_ioeventfd.fd
kvm_ioeventfd.flags kvm_coalesced_mmio.data kvm_vcpu_events.exception.serror_esr kvm_device_attr.addr""".split()
# What Linux' header wants from the kernel's.
KERNEL = ["-DSZ_64K=65536", "-DGENMASK(h,l)=(((2ull<<(h))-1)&~((1ull<<(l))-1))"]
# Different by nature: the 32-bit port had targets, features and ioctl sizes of its own.
OF_64_BITS = re.compile(r"KVM_ARM_(TARGET|VCPU|NUM|MAX)_|KVM_GUESTDBG_|KVM_SET_GUEST_DEBUG")


def names():
    with open(HEADER, encoding="utf-8") as f:
        return sorted(set(re.findall(r"^#define ((?:KVM|VGIC)\w+)[ \t]", f.read(), re.M)))


def values(compiler, emulator, header, where, flags=()):
    """{name: value} of all constants, sizes and places that the header has."""
    lines = [f"#include {header}", "#include <stdio.h>", "#define S(x) printf(#x \" %zx\\n\", sizeof(struct x));",
             "#define M(s, m) printf(#s \".\" #m \" %zx\\n\", __builtin_offsetof(struct s, m));", "int main(void) {"]
    for name in names():
        lines += [f"#ifdef {name}", f'printf("{name} %llx\\n", (unsigned long long)({name}));', "#endif"]
    lines += [f"S({x})" for x in STRUCTS] + [f"M({x.replace('.', ', ', 1)})" for x in MEMBERS] + ["}"]
    source, program = os.path.join(where, "v.c"), os.path.join(where, "v")
    with open(source, "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    subprocess.run([compiler, "-Ulinux", "-static", *flags, "-o", program, source], check=True)
    out = subprocess.run([emulator, program], check=True, text=True, stdout=subprocess.PIPE).stdout
    return dict(line.split() for line in out.splitlines())


@pytest.fixture(scope="module", name="arm64")
def ours_arm64(tmp_path_factory):
    return values("aarch64-linux-gnu-gcc", "qemu-aarch64-static", f'"{HEADER}"', tmp_path_factory.mktemp("a64"))


def test_against_linux(arm64, tmp_path):
    """Whatever both define is the same; Linux' header may be older and lack something."""
    linux = values("aarch64-linux-gnu-gcc", "qemu-aarch64-static", "<linux/kvm.h>", tmp_path, KERNEL)
    assert len(linux) > 280
    assert {k: arm64[k] for k in linux} == linux


def test_arm_and_arm64(arm64, tmp_path):
    """One layout for both."""
    arm = values("arm-linux-gnueabihf-gcc", "qemu-arm-static", f'"{HEADER}"', tmp_path)
    assert len(arm) > 300
    assert {k: v for k, v in arm.items() if not OF_64_BITS.match(k)} == \
        {k: v for k, v in arm64.items() if not OF_64_BITS.match(k)}
