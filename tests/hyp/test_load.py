# SPDX-License-Identifier: GPL-2.0-only
"""Loading and unloading the module, on hosts that can and that cannot."""
import os

import pytest

import hyprig

BOARDS = [("virt", "armmp-lpae"), ("virt", "armmp"), ("vexpress", "armmp-lpae"), ("vexpress", "armmp")]
COMPILE = ["armmp", "armmp-lpae", "6.12-armmp", "6.12-armmp-lpae", "armmp-thumb2"]


@pytest.mark.parametrize("flavour", COMPILE)
def test_builds(module, flavour):
    module(flavour)


@pytest.mark.parametrize("board,flavour", BOARDS)
def test_reload(hosts, board, flavour):
    """row 58: 50 times, with a guest that runs each time; the kernel's memory comes back."""
    host = hosts.get(board, flavour)
    cycle = "rmmod vambrace && insmod /vambrace.ko && hyptest abi_run_and_exit >/dev/null"
    loop = "i=0; while [ $i -lt %d ]; do {} || break; i=$((i+1)); done; echo did $i".format(cycle)
    assert "did 5" in host.run(loop % 5, 120)
    before = host.free_pages()
    assert "did 50" in host.run(loop % 50, 600)
    lost = before - host.free_pages()
    assert lost < 100, f"{lost} pages were lost in 50 reloads"
    host.check_kernel()


def test_unload_refused(hosts):
    """row 58: with a file of it open the module stays."""
    host = hosts.get("virt", "armmp-lpae")
    host.run("exec 5</dev/kvm; ! rmmod vambrace; exec 5<&-")
    host.run("rmmod vambrace && insmod /vambrace.ko")


def test_hotplug(hosts):
    """row 56: CPUs go and come while a guest runs."""
    host = hosts.get("virt", "armmp-lpae")
    host.run("(for i in 1 2 3 4 5 6 7 8; do echo 0 >/sys/devices/system/cpu/cpu1/online; sleep 1; "
             "echo 1 >/sys/devices/system/cpu/cpu1/online; sleep 1; done) & "
             "hyptest row_43_wfi_wake abi_sgi row_41_vtimer_periodic row_55_vfp_threads; s=$?; wait; (exit $s)", 300)
    host.run("grep -q 1 /sys/devices/system/cpu/cpu1/online && hyptest row_45_cpu_on_race", 100)
    host.check_kernel()


@pytest.mark.parametrize("board", ["virt-nohyp", "vexpress-secure"])
def test_refused_without_hyp(module, board):
    module("armmp-lpae")
    files = {"/vambrace.ko": hyprig.module_path("armmp-lpae")}
    with hyprig.Host("hyp-refused-" + board, board=board, files=files) as host:
        host.boot()
        status, out = host.run("insmod /vambrace.ko", status=None)
        assert status != 0, out
        assert "vambrace: " in host.run("dmesg | tail -n 5")
        host.check_kernel()
        host.poweroff("exec poweroff -f")


def test_reboot(module, program):
    """row 56: the host reboots with a guest running."""
    module("armmp-lpae")
    with hyprig.Host("hyp-reboot", load=True, files={"/bin/hyptest": program("hyptest")}) as host:
        host.boot()
        host.run("hyptest row_43_wfi_wake >/dev/null & sleep 1")
        # QEMU ends at a reset.
        host.poweroff("exec reboot -f")


def test_kexec(module, program):
    """row 56: the next kernel finds HYP as the first one did, though a guest ran to the end."""
    module("armmp-lpae")
    files = {"/vambrace.ko": hyprig.module_path("armmp-lpae")} | {"/bin/" + x: program(x) for x in ("hyptest", "kexec")}
    kernel = os.path.join(hyprig.unpacked("armmp-lpae"), "zImage")
    files |= {"/next/zImage": kernel, "/next/initrd": hyprig.make_initrd(os.path.dirname(kernel), files, ())}
    with hyprig.Host("hyp-kexec", load=True, files=files) as host:
        host.boot()
        host.run("hyptest row_43_wfi_wake >/dev/null & sleep 1")
        host.p.sendline("exec kexec /next/zImage /next/initrd")
        host.boot(400)
        said = host.run("dmesg | grep CPU: ")
        assert "All CPU(s) started in HYP mode" in said, said
        host.run("grep -q 'processor.*1' /proc/cpuinfo")
        host.run("hyptest abi_run_and_exit abi_sgi row_41_vtimer_periodic row_45_cpu_on_race", 200)
        host.finish()
