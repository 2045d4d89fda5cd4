# SPDX-License-Identifier: GPL-2.0-only
"""Debian's kernels boot to a shell, work there and power off, time and again.

BOOT_TIMES sets how often the slow test boots each combination (20 otherwise).
"""
import os
import re
import time

import pytest

from bootrig import Guest

TIMES = int(os.environ.get("BOOT_TIMES", "20"))


def boot_once(name, guest, cpus, cpu=None, page=4096):
    """One boot: all CPUs there and usable, the clock runs, a clean end."""
    with Guest(name, guest=guest, cpus=cpus, cpu=cpu) as g:
        said = g.wait_shell()
        assert re.search(r"Linux version \d", said), "no banner on the early console"
        g.serve()
        with open(os.path.join(guest, "release"), encoding="ascii") as f:
            assert g.run("uname -rm") == f.read().strip() + " aarch64"
        assert g.run("cat /sys/devices/system/cpu/online") == ("0" if cpus == 1 else f"0-{cpus - 1}")
        # Every CPU takes a task that is pinned to it.
        for k in range(cpus):
            mask = 1 << k
            assert g.run(f"taskset {mask:x} sh -c 'grep ^Cpus_allowed: /proc/self/status'").split()[1] \
                .lstrip("0,") == f"{mask:x}"
        assert int(g.run("awk '/^KernelPageSize/ {print $2; exit}' /proc/self/smaps")) * 1024 == page
        before = time.monotonic()
        g.run("sleep 0.5")
        assert time.monotonic() - before >= 0.5
        g.check_kernel()
        g.poweroff()


@pytest.mark.parametrize("cpus", [1, 2, 4])
def test_boot(guest, cpus):
    boot_once(f"boot-{cpus}", guest, cpus)


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(TIMES))
@pytest.mark.parametrize("cpus", [1, 2, 4, 8])
def test_boot_61(guest, cpus, turn):
    boot_once(f"boot61-{cpus}-{turn}", guest, cpus)


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(TIMES))
@pytest.mark.parametrize("cpus", [1, 2, 4, 8])
def test_boot_16k(guest_16k, cpus, turn):
    boot_once(f"boot16k-{cpus}-{turn}", guest_16k, cpus, cpu="max", page=16384)
