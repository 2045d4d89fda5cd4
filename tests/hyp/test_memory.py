# SPDX-License-Identifier: GPL-2.0-only
"""Guests on a host whose memory is not enough: swap on zram, KSM, pages thrown out (prog/t_storm.c)."""
import pytest

import hyprig

PREPARE = ["echo lzo-rle >/sys/block/zram0/comp_algorithm; echo 1G >/sys/block/zram0/disksize",
           "mkswap /dev/zram0 >/dev/null && swapon /dev/zram0",
           "echo 1 >/sys/kernel/mm/ksm/run; echo 2000 >/sys/kernel/mm/ksm/pages_to_scan; "
           "echo 10 >/sys/kernel/mm/ksm/sleep_millisecs"]
# Free pages and swap after everything is over must be as before, but for the kernel's own caches.
FREE = ("sync; echo 3 >/proc/sys/vm/drop_caches; sleep 2; "
        "awk '/MemFree|SwapFree/ {n += $2} END {print n}' /proc/meminfo")
TESTS = {"storm_swap": 900, "storm_pageout": 600, "storm_ksm": 600}


@pytest.fixture(scope="module")
def small_host(module, program):
    module("armmp-lpae")
    with hyprig.Host("hyp-memory", memory=256, load=True, modules=["zram"],
                     files={"/bin/hyptest": program("hyptest")}) as host:
        host.boot()
        for line in PREPARE:
            host.run(line)
        yield host
        host.finish()


@pytest.mark.slow
@pytest.mark.parametrize("name", TESTS)
def test_storm(small_host, name):
    before = int(small_host.run(FREE).split()[-1])
    status, out = small_host.program("hyptest " + name, TESTS[name] + 60, None)
    assert status == 0 and "ok " + name in out, out
    lost = before - int(small_host.run(FREE).split()[-1])
    assert lost < 4096, f"{lost} KiB are gone"
    small_host.check_kernel()
