# SPDX-License-Identifier: GPL-2.0-only
"""The engines that the benchmark compares, and a guest that runs on one of them."""
import collections
import glob
import hashlib
import os
import re
import select
import shutil
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
BUILD = os.path.join(TOP, "build")
GUEST = os.path.join(BUILD, "guest")
# An instruction set to measure: the guest that runs it, and QEMU's words for such a machine.  Debian's
# armmp has no LPAE, so that QEMU's must keep to the low 4 GiB.
Isa = collections.namedtuple("Isa", "name cpu guest image make qemu machine objdump")
ISAS = {
    "a64": Isa("a64", "cortex-a57", GUEST, "Image", "guest", "qemu-system-aarch64", "virt,gic-version=2",
               "aarch64-linux-gnu-objdump"),
    "arm": Isa("arm", "cortex-a15", os.path.join(GUEST, "armmp"), "zImage", "guest-armmp", "qemu-system-arm",
               "virt,gic-version=2,highmem=off", "arm-linux-gnueabihf-objdump"),
}
ISAS["thumb"] = ISAS["arm"]._replace(name="thumb")
APPEND = "console=ttyAMA0 panic=-1"
MEMORY_MIB = 512


class Failure(Exception):
    """What the user should read: no traceback."""


class GuestError(Exception):
    """A guest hung, ended or complained."""


def output_of(*cmd):
    try:
        return subprocess.run(cmd, check=False, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.strip()
    except OSError:
        return ""


class Vambrace:
    name = "vambrace"

    def __init__(self, path, isa):
        self.path, self.isa = path, isa

    def version(self):
        """The binary by its hash: the checkout may have moved on since it was built."""
        with open(self.path, "rb") as f:
            digest = hashlib.sha256(f.read()).hexdigest()[:12]
        commit = output_of("git", "-C", TOP, "describe", "--always", "--dirty")
        return f"{output_of(self.path, '--version')} (binary {digest}, checkout {commit})"

    def command(self, cpu, initrd):
        return [self.path, "run", "--kernel", os.path.join(self.isa.guest, self.isa.image), "--initrd", initrd,
                "--append", APPEND, "--memory", f"{MEMORY_MIB}M", "--cpus", "1", "--cpu", cpu,
                "--net", "none", "--rng", "off", "--no-reboot"]


class Qemu:
    def __init__(self, path, isa, data=None):
        self.path, self.isa, self.data = path, isa, data
        m = re.search(r"version (\d+)([\d.]*)", output_of(path, "--version"))
        if not m:
            raise Failure(f"{path} does not run")
        self.full, self.name = m.group(1) + m.group(2), f"qemu-{m.group(1)}"

    def version(self):
        return f"QEMU {self.full}"

    def command(self, cpu, initrd):
        return [self.path, *(["-L", self.data] if self.data else []),
                "-M", self.isa.machine, "-cpu", cpu, "-m", str(MEMORY_MIB), "-smp", "1",
                "-accel", "tcg,thread=multi", "-nic", "none", "-display", "none",
                "-monitor", "none", "-serial", "stdio", "-no-reboot",
                "-kernel", os.path.join(self.isa.guest, self.isa.image), "-initrd", initrd,
                "-append", APPEND]


def find_engines(vambrace, isa):
    """Ours first, then the machine's QEMU, then one unpacked under build/cache/qemu10*."""
    if not os.access(vambrace, os.X_OK):
        raise Failure(f"{vambrace} is missing; run make first")
    if not os.path.exists(os.path.join(isa.guest, isa.image)):
        raise Failure(f"the guest is missing; run make {isa.make}")
    engines = [Vambrace(vambrace, isa)]
    path = shutil.which(isa.qemu)
    if path:
        engines.append(Qemu(path, isa))
    for path in sorted(glob.glob(os.path.join(BUILD, "cache/qemu10*/root/usr/bin", isa.qemu))):
        qemu = Qemu(path, isa, os.path.join(os.path.dirname(path), "../share/qemu"))
        if qemu.name not in [e.name for e in engines]:
            engines.append(qemu)
    return engines


class Guest:
    """A running virtual machine; its console is a pipe."""

    def __init__(self, engine, cpu, initrd):
        self.engine, self.seen = engine, b""
        self.start = time.monotonic()
        self.proc = subprocess.Popen(engine.command(cpu, initrd), stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        os.set_blocking(self.proc.stdout.fileno(), False)

    def more(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.proc.stdout], [], [], left)[0]:
            raise GuestError("no answer in time")
        data = os.read(self.proc.stdout.fileno(), 65536)
        if not data:
            raise GuestError(f"the guest ended: {self.tail()}")
        self.seen += data

    def tail(self):
        lines = self.seen.decode(errors="replace").split("\n")
        return " | ".join(x.strip() for x in lines[-4:] if x.strip())

    def wait_for(self, text, timeout):
        """Consumes the console up to and with the text; seconds since the start."""
        deadline = time.monotonic() + timeout
        while text not in self.seen:
            self.more(deadline)
        now = time.monotonic() - self.start
        self.seen = self.seen[self.seen.index(text) + len(text):]
        return now

    def line(self, timeout):
        """The next line of the program on the guest's console: begins with '@'."""
        deadline = time.monotonic() + timeout
        while True:
            while b"\n" not in self.seen:
                self.more(deadline)
            line, self.seen = self.seen.split(b"\n", 1)
            at = line.find(b"@")
            if at >= 0:
                return line[at:].decode(errors="replace").split()
            if b"Kernel panic" in line:
                raise GuestError(line.decode(errors="replace").strip())

    def send(self, text):
        try:
            self.proc.stdin.write(text.encode() + b"\n")
            self.proc.stdin.flush()
        except OSError as e:
            raise GuestError(f"the guest is gone: {e}") from e

    def peak_rss_mib(self):
        try:
            with open(f"/proc/{self.proc.pid}/status", encoding="ascii", errors="replace") as f:
                return int(re.search(r"VmHWM:\s*(\d+) kB", f.read()).group(1)) / 1024
        except (OSError, AttributeError) as e:
            raise GuestError("the guest ended early") from e

    def cpu_seconds(self):
        """What all threads have had of the CPUs up to now."""
        total = 0
        for path in glob.glob(f"/proc/{self.proc.pid}/task/*/schedstat"):
            try:
                with open(path, encoding="ascii") as f:
                    total += int(f.read().split()[0])
            except (OSError, IndexError):
                pass    # a thread that has just ended
        return total / 1e9

    def close(self, last=None):
        """Lets the guest power off; kills it when it does not."""
        if last and self.proc.poll() is None:
            try:
                self.send(last)
                deadline = time.monotonic() + 10
                while True:
                    self.more(deadline)
            except GuestError:
                pass
        if self.proc.poll() is None:
            try:
                self.proc.wait(0.5)
            except subprocess.TimeoutExpired:
                self.proc.kill()
        self.proc.stdin.close()
        self.proc.stdout.close()
        return self.proc.wait()
