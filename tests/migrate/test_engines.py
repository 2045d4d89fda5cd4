# SPDX-License-Identifier: GPL-2.0-only
"""Debian guests move between KVM on an Arm host and the translator here, in the middle of their boot.

The host is a board that QEMU plays: a Cortex-A15 with our module, or a Cortex-A57 with Linux' KVM.  It
reaches this machine through QEMU's user network.  What the boards and the VMM on them are: tests/hyp/.
"""
import os
import random
import re
import sys
import time

import pytest
from moves import SLOWDOWN, Machine, Receiver, command, different, free_port, save, wait_for

sys.path.append(os.path.join(os.path.dirname(__file__), "../hyp"))

# pylint: disable=wrong-import-position
from hyprig import Host             # noqa: E402  puts tools/ into the path
import build_hyp                    # noqa: E402
from vmmrig import vmm_files        # noqa: E402

# The VMM's port on the board.
INSIDE = 4444
UP = "The guest is up"
# Nobody is at its terminal; and it must not be through before it moves.
APPEND = f'run="sleep 6; echo {UP}; dmesg | grep -iE oops|bug:; poweroff"'
HOSTS = {
    "a15": {"board": "virt", "arch": "armhf", "guest": "armmp", "kernel": "zImage", "module": True},
    "a57": {"board": "virt64", "arch": "arm64", "guest": "a64", "kernel": "Image", "module": False},
}


class KvmHost:
    """The board with the VMM and a guest's kernel on it, and a port that leads to the VMM."""

    def __init__(self, name, guest, kind):
        if kind["module"] and not os.environ.get("HYP_MODULE"):
            build_hyp.ensure("armmp-lpae")
        self.name, self.guest, self.port = name, kind["guest"], free_port()
        files = vmm_files(kind["arch"])
        files["/guest/k"] = os.path.join(guest, kind["kernel"])
        files["/guest/i"] = os.path.join(guest, "initrd.gz")
        self.host = Host(f"migrate-{name}", board=kind["board"], files=files, load=kind["module"], memory=1024,
                         modules=("virtio_mmio", "virtio_net"),
                         extra=["-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{self.port}-:{INSIDE}",
                                "-device", "virtio-net-device,netdev=n"])
        self.host.boot(600)
        self.run("ip link set lo up; ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up")
        # The network is there when the gateway answers.
        self.run("n=0; until ping -c 1 -W 2 10.0.2.2 >/dev/null || [ $((n += 1)) -gt 20 ]; do :; done; [ $n -le 20 ]",
                 120)

    def run(self, *args, **kwargs):
        return self.host.run(*args, **kwargs)

    def start(self, words):
        """The VMM in the background; what its guest says is in /tmp/out, what it says itself in /tmp/err."""
        self.run(f"rm -f /tmp/out /tmp/err /tmp/c; (/vmm/vambrace {words} --control /tmp/c --serial file:/tmp/out "
                 "</dev/null >/tmp/err 2>&1; echo ended $? >>/tmp/err) &")

    def listen(self):
        self.start(f"receive tcp:0.0.0.0:{INSIDE}")
        # QEMU takes the connection whether somebody listens there or not.
        self.run("n=0; until netstat -ltn | grep -q :4444 || [ $((n += 1)) -gt 60 ]; do sleep 1; done", 120)

    def describe(self, tmp):
        """The identity of its CPUs, as a file here."""
        path = tmp / "identity"
        path.write_text(self.run("/vmm/vambrace host describe", timeout=60) + "\n")
        return path

    def finish(self):
        self.host.finish()


@pytest.fixture(scope="module", params=HOSTS)
def kvm(request, kernels):
    kind = HOSTS[request.param]
    h = KvmHost(request.param, kernels(kind["guest"])["guest"], kind)
    with h.host:
        yield h
        h.finish()


def machine_of(kvm, turn):
    """A third of the 32-bit ones have no PSCI, but the board's own way to start CPUs."""
    return "vexpress-a15" if kvm.name == "a15" and turn % 3 == 2 else "virt"


# Three in CI, twenty in all.
MOMENTS = [pytest.param(n, marks=pytest.mark.slow if n >= 3 else ()) for n in range(20)]


@pytest.mark.parametrize("turn", MOMENTS)
def test_kvm_to_translator(kvm, turn):
    """It boots there, and reaches its shell here."""
    rnd = random.Random(turn)
    kvm.start(f"run --engine kvm --machine {machine_of(kvm, turn)} --cpus {1 + turn % 2} --memory 128M "
              "--kernel /guest/k --initrd /guest/i --append console=ttyAMA0")
    wait_for(lambda: "state=" in kvm.run("/vmm/vambrace control /tmp/c status", status=None)[1], 60, "it runs")
    time.sleep(rnd.uniform(0, 8) * SLOWDOWN)
    port = free_port()
    with Receiver(f"from-kvm-{turn}", ["receive", f"tcp:127.0.0.1:{port}"]) as here:
        status, said = kvm.run(f"n=0; until /vmm/vambrace migrate /tmp/c tcp:10.0.2.2:{port} 2>/tmp/why || "
                               "! grep -q connect /tmp/why || [ $((n += 1)) -gt 20 ]; do sleep 1; done; "
                               "tail -c 600 /tmp/why; ! grep -q vambrace: /tmp/why", 300, None)
        assert status == 0, said + kvm.run("cat /tmp/err", status=None)[1]
        wait_for(lambda: "ended 0" in kvm.run("cat /tmp/err"), 60, "the source ends")
        # The prompt may have come before.
        here.p.sendline("")
        here.wait_shell(300)
        here.serve()
        assert here.run("nproc") == str(1 + turn % 2)
        here.check_kernel()
        here.poweroff("poweroff")


@pytest.mark.parametrize("turn", MOMENTS)
def test_translator_to_kvm(kvm, kernels, tmp_path, turn):
    """It begins here, with the identity of that host, and powers off there."""
    rnd = random.Random(turn)
    options = kernels(kvm.guest)
    options.pop("cpu", None)
    kvm.listen()
    with Machine(tmp_path, f"to-kvm-{turn}", memory="128M", cpus=1 + turn % 2, append=APPEND,
                 machine=machine_of(kvm, turn),
                 extra=["--cpu", f"host-of={kvm.describe(tmp_path)}"], **options) as m:
        time.sleep(rnd.uniform(0, 3) * SLOWDOWN)
        # The board takes longer than the rest of the boot does here: what is held arrives held.
        said = m.tell("pause")
        assert said.returncode == 0, said.stderr + m.console.ended()
        said = command("migrate", m.control(), f"tcp:127.0.0.1:{kvm.port}", timeout=300)
        assert said.returncode == 0, said.stdout + said.stderr + kvm.run("cat /tmp/err", status=None)[1]
        assert "state=paused" in kvm.run("/vmm/vambrace control /tmp/c status")
        kvm.run("/vmm/vambrace control /tmp/c resume")
        before = m.console.ended()
        kvm.run("n=0; until grep -q ended /tmp/err || [ $((n += 1)) -gt 300 ]; do sleep 1; done", 400)
        out = kvm.run("cat /tmp/out; cat /tmp/err")
        assert re.search(rf"^{UP}\r?$", before + out, re.M) and "ended 0" in out, out[-3000:]
        assert "Power down" in out or "Power down" in before, out[-2000:]


def test_identical(kvm, kernels, tmp_path):
    """A machine that was on the host, and did not run there, is to the bit what it was."""
    options = kernels(kvm.guest)
    options.pop("cpu", None)
    kvm.listen()
    with Machine(tmp_path, "identical", memory="128M", cpus=2, extra=["--cpu", f"host-of={kvm.describe(tmp_path)}"],
                 **options) as m:
        m.console.expect("Memory: ", 300)
        assert m.tell("pause").returncode == 0
        save(m, tmp_path / "stayed.vsnap")
        said = command("migrate", m.control(), f"tcp:127.0.0.1:{kvm.port}", timeout=300)
        assert said.returncode == 0, said.stdout + said.stderr + kvm.run("cat /tmp/err", status=None)[1]
        port = free_port()
        with Receiver("identical-back", ["receive", f"tcp:127.0.0.1:{port}", "--control", m.control(1)]) as here:
            kvm.run(f"/vmm/vambrace migrate /tmp/c tcp:10.0.2.2:{port}", 300)
            m.become(here)
            save(m, tmp_path / "moved.vsnap")
            assert different(tmp_path / "stayed.vsnap", tmp_path / "moved.vsnap") is None
