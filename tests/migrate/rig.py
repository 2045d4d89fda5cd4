#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Guests that check themselves, and go from process to process while they do.

usage: rig.py VAMBRACE [--isa a64|a32] [--linux DIR] [--cpus N] [--trips N] [--engines E,E...] [--seed N] [--work DIR]

Machine 0 is `vambrace run`; each further one `vambrace receive`, with the next of
the engines.  What the serial ports of all of them printed, one after the other, must be what
one machine would have printed: no line lost, none doubled, no "FAIL".  Prints
what each trip took.  The guest is guest/selftest.c; or, with the directory of a guest of
tools/fetch_guest.py, Linux with selfcheck.c and a disk.
"""
import argparse
import functools
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
GUESTS = TOP / "tests/guest"
sys.path += [str(TOP / "tools"), str(TOP / "tests/boot")]

import loaddisk             # noqa: E402
from bootrig import SLOWDOWN, free_port, trouble_in     # noqa: E402
from fetch_guest import Cpio    # noqa: E402

COMMON = ["-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-pic", "-fno-stack-protector",
          "-mgeneral-regs-only", "-nostdlib", "-static", f"-I{TOP}", "-Wl,--build-id=none",
          "-Wl,-z,noexecstack", "-Wl,--no-warn-rwx-segments"]
# compiler, options, linker script, sources of tests/guest, of this directory, CPU
ISAS = {
    "a64": (["aarch64-linux-gnu-gcc", "-march=armv8-a", "-mstrict-align", "-mno-outline-atomics"], "guest.ld",
            ["start.S", "memory.c"], ["hold64.S", "a64.c", "selftest.c"], "cortex-a57"),
    "a32": (["arm-linux-gnueabihf-gcc", "-march=armv7ve", "-marm", "-mno-unaligned-access", "-mfloat-abi=soft",
             "-Wno-unused-parameter"], "guest32.ld",
            ["start32.S", "memory.c"], ["hold32.S", "a32.c", "selftest.c"], "cortex-a15"),
}
LINUX_CC = {
    None: ["gcc"],
    "a64": ["aarch64-linux-gnu-gcc"],
    "a32": ["arm-linux-gnueabihf-gcc", "-march=armv7-a", "-mfpu=neon"],
}
DISK, DISK_SIZE = "disk.img", 16 << 20      # where each machine runs
LOAD_THERE = "/load.img"                    # on the board
PATIENCE = 300      # seconds for whatever takes one of them on an idle host


class Failed(Exception):
    pass


@functools.lru_cache(maxsize=None)
def build(work, isa, macros=()):
    """The guest as an ELF file."""
    cc, script, common, own, _ = ISAS[isa]
    elf = os.path.join(work, f"selftest-{isa}{''.join(macros)}.elf")
    subprocess.run(cc[:1] + COMMON + cc[1:] + list(macros) + [f"-Wl,-T,{GUESTS / script}"] +
                   [str(GUESTS / s) for s in common] + [str(HERE / "guest" / s) for s in own] + ["-o", elf], check=True)
    return elf


def compile_linux(work, source, isa=None):
    """A static program, for this machine unless @isa says for which; where it is."""
    program = os.path.join(work, f"{source}-{isa or 'here'}")
    subprocess.run([*LINUX_CC[isa], "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-O2", "-static", "-pthread",
                    "-o", program, str(HERE / f"{source}.c")], check=True)
    return program


@functools.lru_cache(maxsize=None)
def linux_initrd(work, guest, isa):
    """The guest's own, with selfcheck in it, and what may load it."""
    initrd = os.path.join(work, f"initrd-{isa}")
    cpio = Cpio()
    cpio.file("selfcheck", pathlib.Path(compile_linux(work, "selfcheck", isa)).read_bytes(), 0o755)
    cpio.file("load", loaddisk.SCRIPT.encode(), 0o755)
    first = (pathlib.Path(guest) / "initrd.gz").read_bytes()
    # An archive that is not compressed begins at a multiple of four.
    pathlib.Path(initrd).write_bytes(first + bytes(-len(first) % 4) + cpio.finish())
    return initrd


def listens(uri):
    """Is somebody there?  A Unix socket that can be seen can be connected to."""
    if uri.startswith("unix:"):
        return os.path.exists(uri[5:])
    port = int(uri.rpartition(":")[2])
    return f":{port:04X} 00000000:0000 0A" in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii")


def cpu_of(isa):
    return ISAS[isa][4]


class Machine:
    """A vambrace process that has the guest, had it or waits for it."""

    poll = 0.01

    def __init__(self, rig, name, words):
        self.rig, self.name, self.handle = rig, name, name
        self.out, self.err = rig.work / f"{name}.out", rig.work / f"{name}.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen([rig.vambrace, *words, "--name", name], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=err, env=rig.env, cwd=rig.work)

    def say(self, *words):
        """A command on the same host."""
        return self.rig.say(*words)

    def text(self):
        return self.out.read_bytes().decode(errors="replace")

    def complaints(self):
        return self.err.read_bytes().decode(errors="replace")[-2000:]

    def running(self):
        return self.process.poll() is None

    @staticmethod
    def listens(uri):
        return listens(uri)

    def wait(self):
        """Its exit status."""
        try:
            return self.process.wait(PATIENCE * SLOWDOWN)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} does not end\n{self.complaints()}") from None

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.wait()


class Clock:
    """The guest's, in seconds, which may stand still as against this host's, but never runs ahead of it.

    What the guest tells was not to be seen at the look before; it may have been on its way for LATE.
    """

    LATE = 5

    def __init__(self, start):
        self.start = self.since = self.looked = start
        self.told = 0

    def look(self, begin, end, told):
        """A look that took from @begin to @end."""
        if told == self.told:
            self.looked = begin
            return
        if told > end - self.start + 0.05 or told - self.told > end - self.since + self.LATE:
            raise Failed(f"the guest's clock went from {self.told:.2f} s to {told:.2f} s within "
                         f"{end - self.since:.2f} s, {end - self.start:.2f} s after the guest began")
        self.told, self.since, self.looked = told, self.looked, begin


class Rig:
    """One guest and the machines that it has been in, oldest first.

    With @board, a KvmHost, every second machine is there, and its disk goes along; else all have one.
    """

    def __init__(self, vambrace, work, engines=("jit",), board=None):
        self.vambrace, self.work, self.engines = os.path.abspath(vambrace), pathlib.Path(work), engines
        self.board, self.cpu, self.machines, self.echo = board, None, [], None
        self.load = None                        # the disk with programs, if the guest has one
        self.check = self.selftest_rounds       # what reads the guest's output: its rounds, its clock in ms
        self.clock = None
        self.options = ["--net", "none"]        # of each machine
        runtime = self.work / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        self.env = dict(os.environ, XDG_RUNTIME_DIR=str(runtime), XDG_DATA_HOME=str(self.work / "data"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for m in self.machines:
            m.kill()
        if self.echo:
            self.echo.kill()
            self.echo.wait()
        if self.board and self.echo and self.board.alive():
            self.board.run("killall echo")

    @property
    def now(self):
        return self.machines[-1]

    def add(self, *words):
        n = len(self.machines)
        words = [*words, *self.options]
        if self.load:
            words += ["--disk", f"{LOAD_THERE if self.there(n) else self.load},readonly"]
        if self.there(n):
            m = self.board.machine(f"m{n}", words)
        else:
            m = Machine(self, f"m{n}", [*words, "--engine", self.engines[n % len(self.engines)]])
        self.machines.append(m)
        return m

    def there(self, n):
        """Is the @n-th machine on the board?"""
        return self.board is not None and n % 2 == 1

    def make_disk(self, n):
        """An empty one for the @n-th machine."""
        if self.there(n):
            self.board.run(f"rm -f {DISK}; truncate -s {DISK_SIZE} {DISK}")
        else:
            with open(self.work / DISK, "wb") as f:
                f.truncate(DISK_SIZE)

    def start_echo(self):
        """What answers at 10.0.2.2 of the guest wherever it is; the port."""
        port = free_port()
        self.echo = subprocess.Popen([compile_linux(str(self.work), "echo"), str(port)])
        if self.board:
            self.board.run(f"/echo {port} >/dev/null 2>&1 &")
        return port

    def start(self, *words):
        self.clock = Clock(time.monotonic())
        return self.add("run", *words)

    def receive(self, *words):
        """A machine that waits; where, too."""
        n = len(self.machines)
        if self.there(n):
            at, uri = self.board.wire()
        elif self.board:
            at, uri = self.board.wire_back()
        else:
            at = uri = f"unix:{self.work}/s{n}"
        if self.board and DISK in self.options:
            self.make_disk(n)
        m = self.add("receive", at, *words)
        self.until(lambda: m.listens(at), f"{m.name} does not listen", m)
        return m, uri

    def until(self, done, what, machine=None):
        machine = machine or self.now
        end = time.monotonic() + PATIENCE * SLOWDOWN
        while not done():
            if not machine.running() or time.monotonic() > end:
                if done():
                    return
                raise Failed(f"{what}\n{machine.complaints()}{self.tail()}")
            time.sleep(machine.poll)

    def say(self, *words):
        return subprocess.run([self.vambrace, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=self.env, cwd=self.work, timeout=PATIENCE * SLOWDOWN,
                              check=False, text=True)

    def named(self):
        """Until the machine can be talked to."""
        self.until(lambda: self.say("control", self.now.name, "status").returncode == 0, "no control socket")

    def move(self, *words, receive=()):
        """To a machine of its own; what migrate said of it."""
        source = self.now
        target, uri = self.receive(*receive)
        if self.board:
            words = [*words, *(["--with-disks"] if DISK in self.options else [])]
        done = source.say("migrate", source.handle, uri, *words)
        if done.returncode:
            raise Failed(f"{source.name} to {target.name}: status {done.returncode}\n{done.stdout}{done.stderr}"
                         f"{source.complaints()}{target.complaints()}")
        status = source.wait()
        if status:
            raise Failed(f"{source.name} ended with {status} after it moved\n{source.complaints()}")
        return (done.stdout or done.stderr).strip().splitlines()[-1]

    def text(self):
        return "".join(m.text() for m in self.machines)

    def tail(self):
        return self.text()[-1500:]

    def rounds(self):
        """The last round that the guest told; raises if what it printed is not what it should have."""
        begin = time.monotonic()
        n, ms = self.check(self.text())
        self.clock.look(begin, time.monotonic(), ms / 1000)
        return n

    @staticmethod
    def linux_rounds(text):
        """Of selfcheck.c, in the middle of what a kernel says, which does not wait for the end of a line."""
        text = text.replace("\r", "")
        text = text[:text.rfind("\n") + 1]      # whole lines
        bad = trouble_in(text)
        told = re.findall(r"^round (\d+) (\w+) at (\d+)$", re.sub(r"\[ *\d+\.\d{6}\] .*\n", "", text), re.M)
        if bad or "FAIL" in text:
            raise Failed(f"{bad}\n{text[-3000:]}")
        if [t[:2] for t in told] != [(str(i + 1), "ok") for i in range(len(told))]:
            raise Failed(f"rounds {told[-20:]}\n{text[-1500:]}")
        return len(told), int(told[-1][2]) if told else 0

    def lives(self, load):
        """Connections through the network, which end with each move, come about again; all of the load goes on."""
        self.until(lambda: "network: answers" in self.now.text(), "the network does not answer")
        before = self.text()
        for line in [f"load: {name}" for name in loaddisk.PROGRAMS] if load else ():
            self.until(lambda line=line: self.text().count(line) > before.count(line), f"no further {line!r}")

    def selftest_rounds(self, text):
        """Of guest/selftest.c, which has the machine for itself."""
        if "FAIL" in text:
            raise Failed(text[-3000:])
        lines = text.split("\n")[1:-1]      # behind the first, and whole
        if lines and lines[-1].startswith("selftest: "):
            lines.pop()
        for n, line in enumerate(lines, 1):
            if not re.fullmatch(rf"round {10 * n} ok at \d+", line):
                raise Failed(f"line {n} of the guest is {line!r}\n{self.tail()}")
        return 10 * len(lines), int(lines[-1].split()[-1]) if lines else 0

    def on(self, n=1):
        """It goes on: @n rounds more."""
        want = self.rounds() + n
        self.until(lambda: self.rounds() >= want, f"no round {want}")

    def check_end(self):
        """It powered off on its own."""
        status = self.now.wait()
        self.rounds()
        end = self.text().split("\n")[-2]
        if status or not re.fullmatch(r"selftest: [0-9]+ rounds, 0 failed", end):
            raise Failed(f"status {status}, {end!r}\n{self.now.complaints()}")


def start_selftest(rig, isa, cpus, macros=(), words=(), wait=True):
    """@wait: until it has done a few rounds; not for one that may end before."""
    elf = build(str(rig.work), isa, tuple(macros))
    rig.start("--kernel", elf, "--machine", "virt", "--cpu", rig.cpu or cpu_of(isa), "--cpus", str(cpus),
              "--memory", "64M", *words)
    if wait:
        rig.named()
        rig.on()


def start_linux(rig, guest, isa, cpus, memory="512M", mib=16, patience=120, load=False, append=""):
    """Until it can be talked to; a kernel's boot is a moment as good as any for those who do not wait.

    @mib: how much each of selfcheck's threads for memory has; @patience: how long one may stand still.
    @load: hackbench and stress-ng run beside it.
    """
    rig.check = rig.linux_rounds
    rig.options, rig.load = ["--net", "user", "--disk", DISK], loaddisk.ensure(isa) if load else None
    rig.make_disk(0)
    run = f"/{'load' if load else 'selfcheck'} --memory {mib} --patience {patience} --disk /dev/vda " \
          f"--echo 10.0.2.2:{rig.start_echo()}"
    kernel = next(k for k in (pathlib.Path(guest) / "zImage", pathlib.Path(guest) / "Image") if k.exists())
    rig.start("--kernel", str(kernel), "--initrd", linux_initrd(str(rig.work), str(guest), isa),
              "--append", f'console=ttyAMA0 earlycon run="{run}" {append}', "--machine", "virt",
              "--cpu", rig.cpu or cpu_of(isa), "--cpus", str(cpus), "--memory", memory)
    rig.named()


def trips(rig, n, rng, told=print, each=4, words=()):
    """@n of them, at random moments; after every @each it is waited for a round."""
    for i in range(n):
        time.sleep(rng.uniform(0, 0.3))
        begin = time.monotonic()
        said = rig.move(*words)
        rig.rounds()
        told(f"{i + 1}: {time.monotonic() - begin:.2f} s; {said}")
        if i % each == each - 1 and rig.rounds():
            rig.on(1)
    rig.on(20 if rig.check == rig.selftest_rounds else 3)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("vambrace")
    ap.add_argument("--isa", choices=ISAS, default="a64")
    ap.add_argument("--linux", metavar="DIR")
    ap.add_argument("--cpus", type=int, default=2)
    ap.add_argument("--trips", type=int, default=10)
    ap.add_argument("--engines", default="jit", help="a comma list, taken in turns")
    ap.add_argument("--seed", type=int, default=time.time_ns() & 0xffffffff)
    ap.add_argument("--work", help="keep files here")
    args = ap.parse_args()
    print(f"seed {args.seed}")
    with tempfile.TemporaryDirectory() as scratch, \
            Rig(args.vambrace, args.work or scratch, args.engines.split(",")) as rig:
        try:
            if args.linux:
                start_linux(rig, os.path.abspath(args.linux), args.isa, args.cpus)
            else:
                start_selftest(rig, args.isa, args.cpus)
            trips(rig, args.trips, random.Random(args.seed))
        except Failed as e:
            print(e, file=sys.stderr)
            return 1
        print(f"{args.trips} trips, {rig.rounds()} rounds, no failure")
    return 0


if __name__ == "__main__":
    sys.exit(main())
