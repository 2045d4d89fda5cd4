# SPDX-License-Identifier: GPL-2.0-only
"""The engine kvm on Linux' own arm64 KVM: 64-bit and 32-bit guests, GICv2 and GICv3."""
import re

import pytest

from hyprig import Host
from vmmrig import (check_guest, check_move, check_state, describe, guest_files, said, start_guest,
                    vmm_files)

# The board, its kernel, the GIC that a guest gets.  6.12 lets the VMM say more: the physical count, ID registers.
PLACES = {"gic2": ("virt64", "arm64", 2), "gic3": ("virt64-gic3", "arm64", 3), "6.12": ("virt64", "6.12-arm64", 2)}


@pytest.fixture(scope="module", name="files")
def all_files():
    return vmm_files("arm64") | guest_files("arm64") | guest_files("arm")


@pytest.fixture(scope="module", params=PLACES, name="host")
def a_host(request, files):
    board, flavour, gic = PLACES[request.param]
    with Host(f"kvm-arm64-{request.param}", board=board, flavour=flavour, files=files, memory=1536) as host:
        host.gic = gic
        host.boot(400)
        yield host
        host.finish()


def test_state(host):
    """struct arm_state, of an AArch64 and of an AArch32 vCPU."""
    check_state(host, 350)


@pytest.mark.parametrize("el1", ["aarch64", "aarch32"])
def test_describe(host, el1):
    """What a guest sees of the host; on that host a guest can be started with it."""
    describe(host, r"411fd07\d", el1, host.gic)


@pytest.mark.parametrize("test", ["gic", "power", "load", "beats", "dirty", "extra"])
def test_move(host, test):
    """Registers, GIC, time and power go to another VM in the middle of everything; the log of written pages."""
    if host.gic != 2:
        pytest.skip("the state of a GICv3 does not move")
    check_move(host, test)


@pytest.mark.parametrize("cpus", [1, 2])
@pytest.mark.parametrize("kind", ["arm64", "arm"])
def test_guest(host, kind, cpus):
    """The engine is chosen by itself; the guest gets to user space, uses disk and network, powers off."""
    out = start_guest(host, kind, "-v --stats", cpus=cpus)
    check_guest(host, kind, out, cpus, host.gic)
    assert re.search(rf"engine kvm: this host's CPU \(cortex-a57\), GICv{host.gic}", out), out
    assert re.search(r"exit: system event +1\b", out), out


def test_reboot(host):
    """After a reset by the guest all is as after power-on, the interrupt controller too."""
    out = start_guest(host, "arm64", cpus=2, append="twice=1")
    assert said(out, "reboots") == [""] and len(said(out, "machine")) == 2, out
    check_guest(host, "arm64", out, 2, host.gic)


def test_ended_at_any_time(host):
    """Signals end a guest while it boots, and nothing stays behind."""
    # 143: it came before the program took charge of its signals.
    for signal, status in (("TERM", "(0|143)"), ("KILL", "137")):
        for delay in ("0.3", "3", "10"):
            out = host.run("/vmm/vambrace run --engine kvm --kernel /guest/arm64.kernel --memory 192M --cpus 2 "
                           "--append 'console=ttyAMA0' </dev/null >/tmp/out 2>&1 & pid=$!; "
                           f"sleep {delay}; kill -{signal} $pid; wait $pid; echo status $?; "
                           "ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c kvm", 120, None)[1]
            assert re.search(rf"status {status}\b\s+0\s*$", out), out
    host.check_kernel()


@pytest.mark.parametrize("setup, options, words", [
    ("mv /dev/kvm /dev/not-kvm", "--engine kvm", "no /dev/kvm"),
    ("mv /dev/kvm /dev/not-kvm; ln -s null /dev/kvm", "--engine kvm", "is no KVM"),
    (":", "--engine kvm --cpu max", "use --cpu host"),
    (":", "--engine kvm --machine vexpress-a15", "use --machine virt"),
])
def test_refusals(host, setup, options, words):
    """What the host or the user lacks is named."""
    host.run(setup)
    try:
        out = host.run(f"/vmm/vambrace run {options} --kernel /guest/arm64.kernel </dev/null 2>&1", 60, 1)
        assert words in out and out.count("vambrace:") == 1, out
    finally:
        host.run("[ ! -e /dev/not-kvm ] || { rm -f /dev/kvm; mv /dev/not-kvm /dev/kvm; }")
