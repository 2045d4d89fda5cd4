# SPDX-License-Identifier: GPL-2.0-only
"""Debian's kernels boot to a shell, work there and power off, time and again.

BOOT_TIMES sets how often the slow test boots each combination (20 otherwise).
"""
import os
import re
import time

import pytest

from bootrig import Guest, GuestError

TIMES = int(os.environ.get("BOOT_TIMES", "20"))


def boot_once(name, guest, cpus, cpu=None, page=4096, isa="aarch64", **options):
    """One boot: all CPUs there and usable, the clock runs, a clean end."""
    with Guest(name, guest=guest, cpus=cpus, cpu=cpu, **options) as g:
        said = g.wait_shell()
        assert re.search(r"Linux version \d", said), "no banner on the early console"
        g.serve()
        with open(os.path.join(guest, "release"), encoding="ascii") as f:
            assert g.run("uname -rm") == f"{f.read().strip()} {isa}"
        assert g.run("cat /sys/devices/system/cpu/online") == \
            ("0" if cpus == 1 else f"0-{cpus - 1}")
        # Every CPU takes a task that is pinned to it.
        for k in range(cpus):
            mask = f"{1 << k:x}"
            said = g.run(f"taskset {mask} grep ^Cpus_allowed: /proc/self/status")
            assert said.split()[1].lstrip("0,") == mask
        said = g.run("awk '/^KernelPageSize/ {print $2; exit}' /proc/self/smaps")
        assert int(said) * 1024 == page
        before = time.monotonic()
        g.run("sleep 0.5")
        assert time.monotonic() - before >= 0.5
        g.check_kernel()
        g.poweroff()


@pytest.mark.parametrize("cpus", [1, 2, 4])
def test_boot(guest, cpus):
    boot_once(f"boot-{cpus}", guest, cpus)


def test_rig(guest):
    """The rig itself sees what goes wrong."""
    with Guest("rig", guest=guest) as g:
        g.wait_shell()
        g.serve()
        assert g.run("echo '@@@ 3 0'; (exit 7)", status=None) == (7, "@@@ 3 0")
        g.check_kernel()
        g.run("echo 'BUG: made up by a test' > /dev/kmsg")
        with pytest.raises(GuestError, match="made up"):
            g.check_kernel()
    with Guest("rig-status", guest=guest) as g:
        g.wait_shell()
        g.serve()
        with pytest.raises(GuestError, match="status 1, not 0"):
            g.run("false")
    with Guest("rig-end", guest=guest) as g:
        g.wait_shell()
        with pytest.raises(GuestError, match="did not end"):
            g.ended(timeout=2)


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
