# SPDX-License-Identifier: GPL-2.0-only
"""Arm hosts with KVM, which are boards that QEMU plays, and the machines of guests on them.

A Cortex-A15 with our module, on either of its boards, or a Cortex-A57 with Linux' KVM, for guests with EL1 in AArch64
or in AArch32.  It reaches this machine through QEMU's user network.  What the boards and the VMM on them are is in
tests/hyp/.

On the A57 QEMU (7.2 and 10.0) has the SPSR of an AArch32 mode where EL2 in AArch64 neither reads nor writes it while
the guest is in that mode: who is stopped there comes with an old one, and who begins there has another CPU's.  Linux is
in these modes for a few instructions at the beginning of an exception.  A guest that was stopped in one is
not moved, or not looked at further, but the next is taken; and vCPUs stay on a CPU of their own.
"""
import base64
import os
import re
import shlex
import subprocess
import sys
import time

from moves import SLOWDOWN, command, free_port

sys.path.append(os.path.join(os.path.dirname(__file__), "../hyp"))

# pylint: disable=wrong-import-position
from hyprig import TOP, Host        # noqa: E402  puts tools/ into the path
import build_hyp                    # noqa: E402
from vmmrig import vmm_files        # noqa: E402

# The VMM's port on the board.
INSIDE = 4444
HOSTS = {
    "a15": {"board": "virt", "arch": "armhf", "isa": "a32", "guest": "armmp", "kernel": "zImage"},
    "vexpress": {"board": "vexpress", "arch": "armhf", "isa": "a32", "guest": "armmp", "kernel": "zImage"},
    "a57": {"board": "virt64", "arch": "arm64", "isa": "a64", "guest": "a64", "kernel": "Image"},
    "a57-32": {"board": "virt64", "arch": "arm64", "isa": "a32", "guest": "armmp-lpae", "kernel": "zImage"},
}
# FIQ, IRQ, Abort, Undefined.
VECTOR_MODES = (0x11, 0x12, 0x17, 0x1b)
# How often in a row a guest may be found in one.
VECTOR_TIMES = 4


def modes(control):
    """The modes of the vCPUs of a machine here that is held."""
    path = control + ".look"
    said = command("snapshot", "save", control, path)
    assert said.returncode == 0, said.stderr
    dump = subprocess.run([sys.executable, os.path.join(TOP, "tools/stream_dump.py"), path], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    os.remove(path)
    found = [int(psr, 16) & 0x1f for psr in re.findall(r"^  PSTATE = (\w+)", dump, re.M)]
    assert found, dump
    return found


class BoardMachine:
    """A vambrace process on a board; what it says is fetched.  To the rig it is as its own Machine."""

    poll = 0.5      # seconds: looking costs the board time

    def __init__(self, host, name, words):
        self.host, self.name, self.handle, self.printed = host, name, f"/tmp/{name}.control", b""
        host.run(f"rm -f {name}.*; (/vmm/vambrace {shlex.join(words)} --control {self.handle} "
                 f"--serial file:/tmp/{name}.out </dev/null >/tmp/{name}.err 2>&1; echo $? >/tmp/{name}.status) &")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def say(self, *words):
        """As a command's here; what it shows on the way is not for the board's terminal."""
        status, out = self.host.run(f"/vmm/vambrace {shlex.join(words)} 2>say.err", 300, None)
        return subprocess.CompletedProcess(words, status, out, self.host.run("tail -c 1000 say.err") if status else "")

    def text(self):
        """Only what is new is fetched; the terminal between would change its ends of lines."""
        more = self.host.run(f"tail -c +{len(self.printed) + 1} /tmp/{self.name}.out 2>/dev/null | base64")
        self.printed += base64.b64decode(more)
        return self.printed.decode(errors="replace")

    def complaints(self):
        return self.host.run(f"tail -c 2000 /tmp/{self.name}.err")

    def status(self):
        """How it ended; None: not yet."""
        said = self.host.run(f"cat /tmp/{self.name}.status 2>/dev/null; :")
        return int(said) if said else None

    def running(self):
        return self.status() is None

    def listens(self, _):
        # QEMU takes the connection whether somebody listens there or not.
        return not self.host.run(f"netstat -ltn | grep -q :{INSIDE}", status=None)[0]

    def wait(self, seconds=300):
        end = time.monotonic() + seconds * SLOWDOWN
        while self.running():
            if time.monotonic() > end:
                self.host.fail(f"{self.name} does not end: {self.complaints()}")
            time.sleep(self.poll)
        return self.status()

    def kill(self):
        """For a test that failed: the board may have gone with it."""
        if self.host.alive() and self.running():
            self.say("control", self.handle, "quit")
            self.host.run("sleep 2; killall -KILL vambrace; :")


class KvmHost:
    """The board with the VMM and what the test brings, and a port that leads to the VMM."""

    def __init__(self, name, files):
        kind = HOSTS[name]
        module = kind["arch"] == "armhf"
        if module and not os.environ.get("HYP_MODULE"):
            build_hyp.ensure("armmp-lpae")
        self.name, self.kind, self.port = name, kind, free_port()
        self.aarch32_on_64 = kind["arch"] == "arm64" and kind["isa"] == "a32"
        self.host = Host(f"migrate-{name}", board=kind["board"], files={**vmm_files(kind["arch"]), **files},
                         load=module, memory=1024, modules=("virtio_mmio", "virtio_net"),
                         extra=["-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{self.port}-:{INSIDE}",
                                "-device", "virtio-net-device,netdev=n"])

    def boot(self):
        self.host.boot(600)
        self.run("cd /tmp; ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up")
        # The network is there when the gateway answers.
        self.run("n=0; until ping -c 1 -W 2 10.0.2.2 >/dev/null || [ $((n += 1)) -gt 20 ]; do :; done; [ $n -le 20 ]",
                 120)

    def run(self, *args, **kwargs):
        return self.host.run(*args, **kwargs)

    def fail(self, what):
        self.host.fail(what)

    def alive(self):
        return self.host.p.isalive()

    def wire(self):
        """Where a machine there waits, and how one here calls that."""
        return f"tcp:0.0.0.0:{INSIDE}", f"tcp:127.0.0.1:{self.port}"

    @staticmethod
    def wire_back():
        """The other way round."""
        port = free_port()
        return f"tcp:127.0.0.1:{port}", f"tcp:10.0.2.2:{port}"

    def machine(self, name, words):
        return BoardMachine(self, name, words)

    def describe(self, tmp):
        """The identity of its CPUs, as a file here."""
        path = tmp / "identity"
        how = "--aarch32" if self.aarch32_on_64 else ""
        path.write_text(self.run(f"/vmm/vambrace host describe {how}", timeout=60) + "\n")
        return path

    def pin(self):
        """Each vCPU stays where it is, of one that runs."""
        self.run("for t in /proc/[0-9]*/task/*; do n=$(cat $t/comm 2>/dev/null); case $n in "
                 "vcpu*) taskset -p $((1 << ${n#vcpu})) ${t##*/};; esac; done")

    def spoils(self, control):
        """Does the board spoil the registers of a guest that is held where it is now?  It is a machine here."""
        if not self.aarch32_on_64 or not any(mode in VECTOR_MODES for mode in modes(control)):
            return False
        print("stopped in a vector: once more")
        return True
