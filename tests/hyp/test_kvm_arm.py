# SPDX-License-Identifier: GPL-2.0-only
"""The engine kvm on our module: 32-bit guests on 32-bit kernels of Debian."""
import pytest

from hyprig import Host
from vmmrig import (check_guest, check_move, check_state, describe, guest_files, said, start_guest,
                    vmm_files)

FLAVOURS = {"lpae": "armmp-lpae", "nolpae": "armmp"}


@pytest.fixture(scope="module", name="files")
def all_files():
    return vmm_files("armhf") | guest_files("arm")


@pytest.fixture(scope="module", params=FLAVOURS, name="host")
def a_host(request, files):
    with Host(f"kvm-arm-{request.param}", flavour=FLAVOURS[request.param], load=True, files=files) as host:
        host.boot(400)
        yield host
        host.finish()


def test_state(host):
    """struct arm_state goes to the kernel and comes back."""
    check_state(host, 90)


def test_describe(host):
    """What a guest sees of the host; on that host a guest can be started with it."""
    describe(host, r"412fc0f1|414fc0f0", "aarch32", 2)


@pytest.mark.parametrize("test", ["gic", "power", "load", "beats", "dirty", "identity", "extra"])
def test_move(host, test):
    """Registers, GIC, time and power go to another VM in the middle of everything; the log of written pages."""
    check_move(host, test)


@pytest.mark.parametrize("cpus", [1, 2])
def test_guest(host, cpus):
    """The engine is chosen by itself; the guest gets to user space, uses disk and network, powers off."""
    out = start_guest(host, "arm", "-v --stats", cpus=cpus)
    check_guest(host, "arm", out, cpus, 2)
    assert "engine kvm: this host's CPU (cortex-a15), GICv2" in out, out


def test_vexpress(host):
    """The board without firmware: the second CPU waits in the pen, and a device switches off."""
    out = start_guest(host, "arm", "--machine vexpress-a15", cpus=2)
    check_guest(host, "arm", out, 2, 2)


def test_reboot(host):
    """After a reset by the guest all is as after power-on, the interrupt controller too."""
    out = start_guest(host, "arm", cpus=2, append="twice=1")
    assert said(out, "reboots") == [""] and len(said(out, "machine")) == 2, out
    check_guest(host, "arm", out, 2, 2)
