# SPDX-License-Identifier: GPL-2.0-only
"""row 56: guests before, while and after the host sleeps (prog/t_suspend.c).

QEMU's boards have no suspend to RAM.  But Debian's kernel hibernates on them: the CPUs lose
all they had, and wake in the kernel's stub; its test modes go half of the way.
"""
import contextlib
import os

import pytest

import hyprig

AFTER = "hyptest abi_run_and_exit abi_sgi row_40_vtimer_wfi row_55_vfp_threads"
BEGIN = "rm -f /tmp/awake /tmp/said /tmp/status; (hyptest storm_suspend >/tmp/said; echo $? >/tmp/status) & sleep 3"
END = "touch /tmp/awake; while ! [ -e /tmp/status ]; do sleep 1; done; cat /tmp/said; exit $(cat /tmp/status)"
FREEZE = "echo +4 >/sys/class/rtc/rtc0/wakealarm; echo freeze >/sys/power/state"
# /sys/power/pm_test tells where it turns back; from `processors` on each CPU but one is off, at `core` that one too.
LEVEL = "echo shutdown >/sys/power/disk; echo {} >/sys/power/pm_test && echo disk >/sys/power/state"
# All of it up to the image on the disk, which then is dropped: Linux 6.1 cannot open it for the way back.
IMAGE = "echo test_resume >/sys/power/disk; echo none >/sys/power/pm_test; ! echo disk >/sys/power/state 2>/dev/null"
WAYS = {"freeze": FREEZE, "processors": LEVEL.format("processors"), "core": LEVEL.format("core"), "image": IMAGE}


def make_disk(factory):
    disk = factory.mktemp("swap") / "disk"
    disk.touch()
    os.truncate(disk, 1 << 30)
    return disk


def start(name, disk, program, flavour, **options):
    """A board with swap; little memory, so that an image is small."""
    return hyprig.Host(name, flavour=flavour, memory=256, modules=["virtio_mmio", "virtio_blk"],
                       files={"/bin/hyptest": program("hyptest")},
                       extra=("-drive", f"file={disk},if=none,id=swap,format=raw,cache=unsafe",
                              "-device", "virtio-blk-device,drive=swap"), **options)


@contextlib.contextmanager
def with_swap(name, disk, module, program, flavour):
    module(flavour)
    with start(name, disk, program, flavour, load=True) as host:
        host.boot()
        host.run("mkswap /dev/vda >/dev/null && swapon /dev/vda; echo 1 >/sys/module/suspend/parameters/pm_test_delay")
        yield host


@pytest.fixture(scope="module", name="host")
def sleepy_host(tmp_path_factory, module, program):
    with with_swap("hyp-suspend", make_disk(tmp_path_factory), module, program, "armmp-lpae") as host:
        yield host
        host.finish()


@pytest.mark.parametrize("way", WAYS)
def test_sleep(host, way):
    """Twice: the second time HYP was taken by the notifier, not by the module's beginning."""
    host.run(BEGIN)
    for _ in range(2):
        host.run("dmesg -c >/dev/null")
        host.run(f"( {WAYS[way]} )", 300)
        assert "exit" in host.run("dmesg | grep 'PM: .*exit'")
    out = host.run(f"( {END} )", 300)
    assert "ok storm_suspend" in out, out
    host.run(AFTER, 200)
    host.check_kernel()


def test_hibernate(tmp_path_factory, module, program):
    """
    The board is switched off.  Another kernel, which knows no module, gives the memory back; its
    guests go on.  Without LPAE: with it Debian's 6.1 crashes on the way back, module or not.
    """
    disk = make_disk(tmp_path_factory)
    with with_swap("hyp-hibernate", disk, module, program, "armmp") as host:
        host.run(BEGIN)
        host.run("echo shutdown >/sys/power/disk; dmesg -c >/dev/null")
        mark, count = host.nonce, host.count + 1
        host.poweroff("echo disk >/sys/power/state", 300)
    with start("hyp-hibernated", disk, program, "armmp") as host:
        host.boot()
        host.p.sendline("cat /sys/block/vda/dev >/sys/power/resume")
        # The shell is the old one, which ends the old command.
        host.nonce, host.count, host.module = mark, count, True
        host.expect(rf"@@{mark} {count} 0\r*\n", 300)
        out = host.run(f"( {END} )", 600)
        assert "ok storm_suspend" in out, out
        host.run(AFTER, 200)
        host.finish()
