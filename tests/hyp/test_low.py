# SPDX-License-Identifier: GPL-2.0-only
"""hyp/arm alone: HYP mode taken and given back, and every register of the world switch (tests/hyp/lowtest)."""
import contextlib
import os
import re
import subprocess

import pytest

from hyprig import CACHE, HYP, TOP, Host  # first: it knows where tools/ is
import build_hyp
import fetch_hyp

BOARDS = [("virt", "armmp-lpae"), ("virt", "armmp"), ("virt", "6.12-armmp"), ("virt-a7", "armmp-lpae"),
          ("vexpress", "armmp"), ("vexpress", "armmp-lpae")]
ONLINE = "/sys/devices/system/cpu/cpu1/online"
AGAIN = "/sys/module/hyplowtest/parameters/again"


def module(flavour):
    """Builds the test's module in a directory of links, as build_hyp does for the real one."""
    fetch_hyp.ensure(CACHE, HYP, flavour)
    src = os.path.realpath(os.path.join(HYP, flavour)) + "/lowtest-src"
    build_hyp.stage(TOP, src)
    here = os.path.join(TOP, "tests/hyp/lowtest")
    os.makedirs(os.path.join(src, "lowtest"), exist_ok=True)
    for name in os.listdir(here):
        os.symlink(os.path.join(here, name), os.path.join(src, "lowtest", name))
    subprocess.run(["make", "-s", "-C", os.path.realpath(os.path.join(HYP, flavour, "headers")),
                    *fetch_hyp.CROSS[fetch_hyp.FLAVOURS[flavour][0]], f"M={src}/lowtest", "KCFLAGS=-Werror",
                    "modules"], check=True)
    return f"{src}/lowtest/hyplowtest.ko"


def start(board, flavour, **options):
    return Host(f"low-{board}-{flavour}", board=board, flavour=flavour,
                files={"/hyplowtest.ko": module(flavour)}, **options)


@contextlib.contextmanager
def loaded(host, parameters="", cpu=0):
    """Loads it on one CPU, which runs the tests there, and gives what they say."""
    host.run("dmesg -c >/tmp/log")
    host.run(f"taskset {1 << cpu} insmod /hyplowtest.ko count=100 {parameters}")
    try:
        said = host.run("dmesg")
        assert "lowtest: PASS" in said and "FAIL" not in said, said
        yield said
    finally:
        host.run("rmmod hyplowtest")


@pytest.fixture(scope="module", params=BOARDS, ids="-".join, name="host")
def a_host(request):
    with start(*request.param) as host:
        host.boot()
        yield host
        host.finish()


def test_switch(host):
    """Registers, exits, VFP beside the kernel's, TLB calls, timer; on each CPU."""
    for cpu in (0, 1):
        with loaded(host, cpu=cpu):
            pass


def test_row56_hotplug(host):
    """A CPU that goes gives HYP back, one that comes is taken; loaded while one is away too."""
    with loaded(host):
        for _ in range(3):
            host.run(f"echo 0 >{ONLINE} && echo 1 >{AGAIN} && echo 1 >{ONLINE}")
            host.run(f"taskset 2 sh -c 'echo 1 >{AGAIN}'")
        host.run(f"echo 0 >{ONLINE}")
    with loaded(host):
        host.run(f"echo 1 >{ONLINE}; taskset 2 sh -c 'echo 1 >{AGAIN}'")


def test_soft_restart(host):
    """kexec and CPU_OFF go through the stub's call, which our vectors answer."""
    with loaded(host, "restart=1") as said:
        assert "SOFT_RESTART: ok" in said and "the stub is back: ok" in said
    with loaded(host):
        pass


def test_fault_in_hyp(host):
    """HYP that faults says so and gives the CPU back to the kernel; the next guest runs."""
    with loaded(host, "fault=1") as said:
        assert "exception in HYP mode, vector 10: elr hyp_guest_enter" in said, said
        host.run("dmesg -c >/tmp/log")


def test_row58_reload(host):
    host.run("for i in $(seq 50); do insmod /hyplowtest.ko count=1 && rmmod hyplowtest || exit 1; done", 200)
    said = host.run("dmesg -c")
    assert "FAIL" not in said, said


@pytest.mark.parametrize("board, why", [("virt-nohyp", "no Virtualization Extensions"),
                                        ("vexpress-secure", "the kernel was not started in HYP mode")])
def test_refused(board, why):
    """No HVC is tried where the kernel was not started in HYP mode."""
    with start(board, "armmp") as host:
        host.boot()
        status, said = host.run("insmod /hyplowtest.ko", status=None)
        assert status and "No such device" in said, said
        assert re.search(rf"vambrace: .*{why}", host.run("dmesg"))
        host.finish()


def test_cost():
    """Instructions of a hypercall that HYP answers, and of the way to the kernel half and back."""
    with start("virt", "armmp-lpae", cpus=1, icount=True) as host:
        host.boot(400)
        host.run("insmod /hyplowtest.ko count=4096")
        said = host.run("dmesg")
        host.run("rmmod hyplowtest")
        host.finish()
    cost = {what: int(n) * 16 / 4096 for n, what in    # a count of 62.5 MHz is 16 instructions
            re.findall(r"lowtest: (\d+) counts in 4096 (.*\w)", said)}
    print(cost)
    assert cost["fast hypercalls"] < 60
    assert cost["world switches and back"] < 340
