# SPDX-License-Identifier: GPL-2.0-only
"""Debian's 32-bit kernels boot to a shell on both machines, work there and power off.

BOOT_TIMES sets how often the slow test boots each combination (20 otherwise).
"""
import os

import pytest

from test_boot import TIMES, boot_once

# Machine, CPU, and whether Debian's own device tree is used in place of ours.
PLACES = {
    "virt": ("virt", "cortex-a15", False),
    "vexpress": ("vexpress-a15", None, False),
    "vexpress-dtb": ("vexpress-a15", None, True),
}
DTB = "vexpress-v2p-ca15-tc1.dtb"


def boot_there(name, guest, place, cpus):
    machine, cpu, dtb = PLACES[place]
    boot_once(name, guest, cpus, cpu=cpu, isa="armv7l", machine=machine,
              dtb=os.path.join(guest, DTB) if dtb else None)


# Every kernel, machine and number of CPUs at least once, in few boots.
@pytest.mark.parametrize("flavour,place,cpus", [
    ("armmp", "virt", 1), ("armmp-lpae", "virt", 4),
    ("armmp-lpae", "vexpress", 1), ("armmp", "vexpress-dtb", 2),
])
def test_boot32(guest_armhf, flavour, place, cpus):
    boot_there(f"boot32-{flavour}-{place}-{cpus}", guest_armhf(flavour), place, cpus)


# The other CPUs that run it: a Cortex-A7, and AArch32 on a 64-bit CPU.
@pytest.mark.slow
@pytest.mark.parametrize("cpus", [1, 2])
@pytest.mark.parametrize("cpu", ["cortex-a7", "cortex-a57"])
@pytest.mark.parametrize("flavour", ["armmp", "armmp-lpae"])
def test_boot32_cpu(guest_armhf, flavour, cpu, cpus):
    boot_once(f"boot32-{flavour}-{cpu}-{cpus}", guest_armhf(flavour), cpus, cpu=cpu, isa="armv7l",
              machine="virt")


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(TIMES))
@pytest.mark.parametrize("cpus", [1, 2, 4])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("flavour", ["armmp", "armmp-lpae"])
def test_boot32_often(guest_armhf, flavour, place, cpus, turn):
    boot_there(f"boot32-{flavour}-{place}-{cpus}-{turn}", guest_armhf(flavour), place, cpus)
