# SPDX-License-Identifier: GPL-2.0-only
"""Guests on a host whose memory is not enough: swap, KSM, pages thrown out (prog/t_storm.c); too few VMIDs."""
import os

import pytest

import hyprig

# In this order: KSM is on for the last.  Name, seconds.
TESTS = {"storm_pageout": 1200, "storm_swap": 2400, "storm_ksm": 1200}
KSM = ("echo 1 >/sys/kernel/mm/ksm/run; echo 2000 >/sys/kernel/mm/ksm/pages_to_scan; "
       "echo 10 >/sys/kernel/mm/ksm/sleep_millisecs")


@pytest.fixture(scope="module")
def small_host(module, program, tmp_path_factory):
    """Swap is on a disk: on zram it would take the memory that is to be short."""
    disk = tmp_path_factory.mktemp("swap") / "disk"
    disk.touch()
    os.truncate(disk, 1 << 30)
    module("armmp-lpae")
    with hyprig.Host("hyp-memory", memory=128, load=True, modules=["virtio_mmio", "virtio_blk"],
                     files={"/bin/hyptest": program("hyptest")},
                     extra=("-drive", f"file={disk},if=none,id=swap,format=raw,cache=unsafe",
                            "-device", "virtio-blk-device,drive=swap")) as host:
        host.boot()
        host.run("mkswap /dev/vda >/dev/null && swapon /dev/vda")
        yield host
        host.finish()


@pytest.mark.slow
@pytest.mark.parametrize("name", TESTS)
def test_storm(small_host, name):
    if name == "storm_ksm":
        small_host.run(KSM)
    before = small_host.free_pages()
    status, out = small_host.program("hyptest " + name, TESTS[name] + 60, None)
    assert status == 0 and "ok " + name in out, out
    lost = before - small_host.free_pages()
    assert lost < 1024, f"{lost} pages are gone"
    small_host.check_kernel()


def test_vmids(module, program):
    """rows 1 and 2: more VMs than VMIDs, whose number is made small."""
    module("armmp-lpae")
    with hyprig.Host("hyp-vmid", load=True, files={"/bin/hyptest": program("hyptest")}) as host:
        host.boot()
        host.rmmod()
        host.insmod("vmid_bits=2")
        status, out = host.program("hyptest row_01_vmid_threads row_02_vmid_vcpus", 300, None)
        assert status == 0 and "2 run, 0 failed" in out, out
        host.finish()
