# SPDX-License-Identifier: GPL-2.0-only
"""Guests move between KVM on an Arm host and the translator here: kvmhost.py has the hosts.

Debian guests do so in the middle of their boot; those that check themselves make round trips.
"""
import os
import random
import re
import time

import loaddisk
import pytest
from kvmhost import HOSTS, VECTOR_TIMES, KvmHost
from moves import SLOWDOWN, Machine, Receiver, command, different, save, wait_for
from rig import LOAD_THERE, Rig, compile_linux, listens, start_linux, start_selftest, trips

UP = "The guest is up"
# Its self-tests of ciphers take an emulated board long.
QUICK = "cryptomgr.notests"
# Nobody is at its terminal; and it must not be through before it moves.
APPEND = f'run="sleep 6; echo {UP}; dmesg | grep -iE oops|bug:; poweroff" {QUICK}'
# Of a timer a second: each costs the boards thousands of instructions that QEMU emulates.
TICKS = 25


@pytest.fixture(scope="module", name="boards")
def the_boards(kernels, tmp_path_factory):
    """Those that are up, by name; one is booted when it is first asked for, and after it has gone with a failure."""
    up, tmp = {}, str(tmp_path_factory.mktemp("boards"))

    def get(name):
        if name not in up or not up[name].alive():
            kind = HOSTS[name]
            guest = kernels(kind["guest"])["guest"]
            up[name] = KvmHost(name, {"/guest/k": os.path.join(guest, kind["kernel"]),
                                      "/guest/i": os.path.join(guest, "initrd.gz"),
                                      "/echo": compile_linux(tmp, "echo", kind["isa"]),
                                      LOAD_THERE: loaddisk.ensure(kind["isa"])})
            up[name].boot()
        return up[name]

    yield get
    for board in up.values():
        with board.host:
            board.host.finish()


@pytest.fixture(name="kvm")
def a_board(request, boards):
    return boards(request.param)


def cases(values):
    """The host is the first of each; what stands behind the first @quick is slow."""
    return [pytest.param(host, *case, marks=pytest.mark.slow if n >= quick else ())
            for host, quick, of in values for n, case in enumerate(of)]


# The guests' machines in turn: vexpress-a15 has no PSCI, but its own way to start CPUs.
MACHINES = {"a15": ["virt", "virt", "vexpress-a15"], "vexpress": ["vexpress-a15", "virt"], "a57": ["virt"],
            "a57-32": ["virt"]}


def machine_of(kvm, turn):
    return MACHINES[kvm.name][turn % len(MACHINES[kvm.name])]


# Those of CI, of which an A15 has three each way on its two boards, and all.
MOMENTS = pytest.mark.parametrize("kvm,turn", cases([(host, quick, [(n,) for n in range(total)])
                                                     for host, quick, total in (("a15", 2, 20), ("vexpress", 1, 8),
                                                                                ("a57", 1, 20), ("a57-32", 1, 20))]),
                                  indirect=["kvm"])


def from_kvm(kvm, turn, at, uri):
    """A guest begins there and goes to who waits @at after a while."""
    rnd = random.Random(turn)
    with kvm.machine("guest", ["run", "--engine", "kvm", "--machine", machine_of(kvm, turn),
                               "--cpus", str(1 + turn % 2), "--memory", "128M", "--kernel", "/guest/k",
                               "--initrd", "/guest/i", "--append", f"console=ttyAMA0 {QUICK}"]) as there:
        wait_for(lambda: "state=" in there.say("control", there.handle, "status").stdout, 60, "it runs")
        kvm.pin()
        time.sleep(rnd.uniform(0, 8) * SLOWDOWN)
        wait_for(lambda: listens(at), 60, "the receiver listens")
        if kvm.aarch32_on_64:
            assert there.say("control", there.handle, "pause").returncode == 0
        said = there.say("migrate", there.handle, uri)
        assert said.returncode == 0, said.stderr + there.complaints()
        assert there.wait() == 0, there.complaints()


def finish_here(kvm, here, control, turn):
    if kvm.aarch32_on_64:
        assert command("control", control, "resume").returncode == 0
    # The prompt may have come before.
    here.p.sendline("")
    here.wait_shell(300)
    here.serve()
    assert here.run("nproc") == str(1 + turn % 2)
    here.check_kernel()
    here.poweroff("poweroff")


@MOMENTS
def test_kvm_to_translator(kvm, tmp_path, turn):
    """It boots there, and reaches its shell here."""
    control = str(tmp_path / "c")
    for _ in range(VECTOR_TIMES):
        at, uri = kvm.wire_back()
        with Receiver(f"from-kvm-{turn}", ["receive", at, "--control", control]) as here:
            from_kvm(kvm, turn, at, uri)
            if not kvm.spoils(control):
                finish_here(kvm, here, control, turn)
                return
    pytest.fail(f"{VECTOR_TIMES} times in a row in a vector")


def hold(kvm, m):
    """Outside of what the board spoils."""
    for _ in range(VECTOR_TIMES):
        said = m.tell("pause")
        assert said.returncode == 0, said.stderr + m.console.ended()
        if not kvm.spoils(m.control()):
            return
        m.tell("resume")
        time.sleep(0.01)
    pytest.fail(f"{VECTOR_TIMES} times in a row in a vector")


@MOMENTS
def test_translator_to_kvm(kvm, kernels, tmp_path, turn):
    """It begins here, with the identity of that host, and powers off there."""
    rnd = random.Random(turn)
    options = kernels(kvm.kind["guest"])
    options.pop("cpu", None)
    at, uri = kvm.wire()
    with kvm.machine("guest", ["receive", at]) as there, \
            Machine(tmp_path, f"to-kvm-{turn}", memory="128M", cpus=1 + turn % 2, append=APPEND,
                    machine=machine_of(kvm, turn),
                    extra=["--cpu", f"host-of={kvm.describe(tmp_path)}"], **options) as m:
        wait_for(lambda: there.listens(at), 60, "the receiver listens")
        time.sleep(rnd.uniform(0, 3) * SLOWDOWN)
        # The board takes longer than the rest of the boot does here: what is held arrives held.
        hold(kvm, m)
        said = command("migrate", m.control(), uri, timeout=300)
        assert said.returncode == 0, said.stdout + said.stderr + there.complaints()
        assert "state=paused" in there.say("control", there.handle, "status").stdout
        kvm.pin()
        there.say("control", there.handle, "resume")
        before = m.console.ended()
        status = there.wait(400)
        out = there.text().replace("\r", "")
        assert status == 0, there.complaints()
        assert re.search(rf"^{UP}$", before + out, re.M), out[-3000:]
        assert "Power down" in out or "Power down" in before, out[-2000:]


@pytest.mark.parametrize("kvm", ["a15", pytest.param("a57", marks=pytest.mark.slow)], indirect=True)
def test_identical(kvm, kernels, tmp_path):
    """A machine that was on the host, and did not run there, is to the bit what it was."""
    options = kernels(kvm.kind["guest"])
    options.pop("cpu", None)
    at, uri = kvm.wire()
    with kvm.machine("guest", ["receive", at]) as there, \
            Machine(tmp_path, "identical", memory="128M", cpus=2, extra=["--cpu", f"host-of={kvm.describe(tmp_path)}"],
                    **options) as m:
        wait_for(lambda: there.listens(at), 60, "the receiver listens")
        m.console.expect("Memory: ", 300)
        assert m.tell("pause").returncode == 0
        save(m, tmp_path / "stayed.vsnap")
        said = command("migrate", m.control(), uri, timeout=300)
        assert said.returncode == 0, said.stdout + said.stderr + there.complaints()
        at, uri = kvm.wire_back()
        with Receiver("identical-back", ["receive", at, "--control", m.control(1)]) as here:
            wait_for(lambda: listens(at), 60, "the receiver listens")
            said = there.say("migrate", there.handle, uri)
            assert said.returncode == 0, said.stderr + there.complaints()
            m.become(here)
            save(m, tmp_path / "moved.vsnap")
            assert different(tmp_path / "stayed.vsnap", tmp_path / "moved.vsnap") is None


# Host, CPUs, round trips: with an A15 five under load in CI, 100 with the slow ones.
SELFTESTS = pytest.mark.parametrize("kvm,cpus,times", cases([
    ("a15", 1, [(2, 1), (1, 20), (4, 20)]),
    ("vexpress", 0, [(2, 5)]),
    ("a57", 1, [(2, 1), (1, 5), (4, 5)])]), indirect=["kvm"])
LINUXES = pytest.mark.parametrize("kvm,cpus,times", cases([("a15", 3, [(1, 2), (2, 2), (4, 1),
                                                                       (1, 34), (2, 33), (4, 33)])]), indirect=["kvm"])


@pytest.fixture
def rig(vambrace, tmp_path, kvm):
    with Rig(vambrace, tmp_path, board=kvm) as r:
        r.cpu = f"host-of={kvm.describe(tmp_path)}"
        yield r


@SELFTESTS
def test_selftest(rig, kvm, cpus, times):
    start_selftest(rig, kvm.kind["isa"], cpus, words=["--append", f"ticks={TICKS}"])
    trips(rig, 2 * times, random.Random(cpus), each=1)


@LINUXES
def test_linux(rig, kvm, kernels, cpus, times):
    """Under load, as test_trips.py has it."""
    start_linux(rig, kernels(kvm.kind["guest"])["guest"], kvm.kind["isa"], cpus, memory="128M", mib=2, patience=600,
                load=True, append=f"{QUICK} watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120")
    rig.lives(load=True)
    trips(rig, 2 * times, random.Random(cpus), each=1)
    rig.lives(load=True)
