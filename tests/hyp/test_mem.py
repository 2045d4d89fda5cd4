# SPDX-License-Identifier: GPL-2.0-only
"""Guest memory while the host swaps, merges, forks, splits and takes it away (tests/hyp/mem.c)."""
import os
import subprocess

import pytest

from hyprig import HYP, TOP, Host, module_path

# Name in mem.c, seconds, megabytes; rows of facts/kvm/05.
TESTS = [
    ("errno", 1, 2),
    ("plain", 1, 8),
    ("readonly", 1, 4),  # 20
    ("exec", 1, 8),
    ("split", 1, 8),  # 23
    ("fork", 1, 8),  # 21
    ("dontneed", 1, 8),  # 21
    ("migrate", 1, 8),
    ("ksm", 1, 8),  # 21
    ("dirty", 1, 8),  # 25
    ("slots", 1, 8),  # 26
    ("device", 1, 4),  # 28
    ("leak", 1, 8),  # 27, 61
]


def program():
    """mem, for the host board."""
    out = os.path.join(HYP, "mem")
    here = os.path.join(TOP, "tests/hyp")
    subprocess.run(["arm-linux-gnueabihf-gcc", "-std=gnu17", "-O2", "-static", "-pthread", "-I", TOP,
                    f"{here}/mem.c", f"{here}/mem_guest.S", "-o", out], check=True)
    return out


@pytest.fixture(scope="module", name="host")
def a_host():
    with Host("mem", cpus=2, files={"/bin/mem": program()}, load=True) as host:
        host.boot()
        yield host
        host.finish()


@pytest.mark.parametrize("test", TESTS, ids=lambda t: t[0])
def test_mem(host, test):
    name, seconds, megabytes = test
    host.program(f"mem {name} {seconds} {megabytes}", timeout=300)


def test_row1_vmids():
    """More VMs than VMIDs, whose number is made small; rows 1 and 2."""
    with Host("mem-vmid", cpus=2, files={"/bin/mem": program(), "/vambrace.ko": module_path("armmp-lpae")}) as host:
        host.boot()
        host.run("insmod /vambrace.ko vmid_bits=2")
        host.program("mem vmid 1 7", timeout=300)
        host.run("rmmod vambrace")
        host.finish()


def test_swap(tmp_path):
    """Twice the memory that is free, on a disk (zram would fill the memory: the board dies without a guest, too)."""
    disk = tmp_path / "swap"
    disk.touch()
    os.truncate(disk, 400 << 20)
    with Host("mem-swap", cpus=1, memory=96, icount=True, files={"/bin/mem": program()}, load=True,
              modules=("virtio_mmio", "virtio_blk"),
              extra=("-drive", f"file={disk},if=none,id=d,format=raw", "-device", "virtio-blk-device,drive=d")) as host:
        host.boot()
        host.run("mkswap /dev/vda && swapon /dev/vda")
        free = int(host.run("sed -n 's/MemFree: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo")) // 1024
        host.program(f"mem plain 1 {free // 2 * 4}", timeout=900)
        assert int(host.run("sed -n 's/pswpin //p' /proc/vmstat")) > 1000
        host.finish()
