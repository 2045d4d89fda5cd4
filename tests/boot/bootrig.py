# SPDX-License-Identifier: GPL-2.0-only
"""A rig to boot guests and to run commands in them.

A Guest is one vambrace process on a pseudo-terminal.  At the guest's shell,
serve() starts a loop that reads a line, runs it and prints a numbered mark
with its status: what comes back can be told apart from the echo of what was
sent and from anything a program prints.  All waiting is bounded.

Environment: VAMBRACE names the program (build/vambrace otherwise), BOOT_ENGINE
its engine, BOOT_SLOWDOWN multiplies every time limit.
"""
import os
import re
import socket

import pexpect

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, "build")
LOGS = os.path.join(BUILD, "boot-logs")
PROMPT = "~ # "
SLOWDOWN = float(os.environ.get("BOOT_SLOWDOWN", "1"))

# What a kernel says when something went wrong in it; none of it belongs into a good run.
KERNEL_TROUBLE = re.compile(
    r"Kernel panic|Oops|Internal error|BUG:|WARNING: |Call trace|rcu: INFO|"
    r"(?:soft|hard) ?lockup|blocked for more than|Unable to handle kernel|"
    r"I/O error|EXT4-fs error|unexpected (?:irq|interrupt)|nobody cared|"
    r"undefined instruction|clocksource: .*unstable")

# A shell loop in the guest; $rig_l is a whole line.  Programs get no terminal to read from.
SERVER = ("stty -echo; dmesg -n 1; rig_n=0; while IFS= read -r rig_l; do "
          "eval \"$rig_l\" </dev/null; rig_s=$?; rig_n=$((rig_n+1)); "
          "echo; echo \"@@\"\"{nonce} $rig_n $rig_s\"; done")


class GuestError(AssertionError):
    """The guest, or vambrace, did not do what it should."""


def trouble_in(text):
    return [line.strip() for line in text.splitlines() if KERNEL_TROUBLE.search(line)]


def free_port():
    """A TCP port on the loopback that nobody uses now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def kernel_of(guest):
    """What is to be booted in a guest's directory: a 32-bit one has a zImage."""
    image = os.path.join(guest, "zImage")
    return image if os.path.exists(image) else os.path.join(guest, "Image")


class Console:
    """A program on a pseudo-terminal with a kernel and a shell in it; use it in a with statement."""

    def __init__(self, name, argv):
        self.name, self.argv, self.nonce, self.count = name, argv, "", 0
        os.makedirs(LOGS, exist_ok=True)
        self.log_path = os.path.join(LOGS, re.sub(r"[^\w.-]+", "_", name) + ".log")
        self.log = open(self.log_path, "w", encoding="latin-1", newline="")
        self.p = pexpect.spawn(argv[0], argv[1:], encoding="latin-1", dimensions=(24, 200),
                               echo=False)
        self.p.delaybeforesend = None
        self.p.logfile_read = self.log

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.close(force=True)
        self.log.close()

    def fail(self, what):
        self.log.flush()
        with open(self.log_path, encoding="latin-1") as f:
            tail = f.read()[-1500:]
        self.p.close(force=True)
        raise GuestError(f"{self.name}: {what}\n{' '.join(self.argv)}\n"
                         f"log: {self.log_path}, which ends with:\n{tail}")

    def expect(self, pattern, timeout):
        """Waits for a regular expression; returns what came before it."""
        try:
            self.p.expect(pattern, timeout=timeout * SLOWDOWN)
        except pexpect.TIMEOUT:
            self.fail(f"no {pattern!r} within {timeout * SLOWDOWN:.0f} s")
        except pexpect.EOF:
            self.fail(f"ended while {pattern!r} was waited for")
        return self.p.before.replace("\r", "")

    def wait_shell(self, timeout=120):
        """Waits for the default guest's shell; returns what the boot said."""
        said = self.expect(re.escape(PROMPT), timeout)
        bad = trouble_in(said)
        if bad:
            self.fail(f"the kernel complained: {bad}")
        return said

    def serve(self):
        self.nonce, self.count = os.urandom(4).hex(), 0
        self.p.sendline(SERVER.replace("{nonce}", self.nonce))
        self.run(":", timeout=30)       # drops the echo of the line above
        self.run("(exit 37)", timeout=30, status=37)

    def run(self, command, timeout=60, status=0):
        """Runs a line in the guest; returns its output, after its status was checked.

        With status None nothing is checked and (status, output) is returned.
        """
        assert "\n" not in command and len(command) < 4000
        self.count += 1
        self.p.sendline(command)
        out = self.expect(rf"@@{self.nonce} {self.count} (\d+)\r*\n", timeout).strip("\n")
        got = int(self.p.match.group(1))
        if status is None:
            return got, out
        if got != status:
            self.fail(f"{command!r} ended with status {got}, not {status}; it said:\n{out[-3000:]}")
        return out

    def check_kernel(self):
        """Nothing in the kernel's log may speak of trouble."""
        bad = trouble_in(self.run("dmesg"))
        if bad:
            self.fail(f"the kernel complained: {bad}")

    def poweroff(self, command="poweroff", timeout=60):
        self.p.sendline(command)
        self.ended(timeout)

    def ended(self, timeout=60):
        """Waits for the program to end, which must be with status 0."""
        try:
            self.p.expect(pexpect.EOF, timeout=timeout * SLOWDOWN)
        except pexpect.TIMEOUT:
            self.fail(f"did not end within {timeout * SLOWDOWN:.0f} s")
        last = self.p.before.replace("\r", "")
        self.p.close()
        if self.p.exitstatus != 0:
            self.fail(f"{self.argv[0]} ended with status {self.p.exitstatus}, "
                      f"signal {self.p.signalstatus}")
        bad = trouble_in(last)
        if bad:
            self.fail(f"the kernel complained: {bad}")
        return last


class Guest(Console):
    """One run of a virtual machine."""

    def __init__(self, name, *, guest=None, initrd=None, append="", cpus=1, cpu=None,
                 machine=None, dtb=None, memory="512M", disks=(), sd=None, net="none",
                 forwards=(), extra=()):
        guest = guest or os.path.join(BUILD, "guest")
        args = ["run", "--kernel", kernel_of(guest),
                "--initrd", initrd or os.path.join(guest, "initrd.gz"),
                "--append", ("console=ttyAMA0 earlycon " + append).strip(),
                "--memory", memory, "--cpus", str(cpus), "--net", net]
        for option, value in (("--machine", machine), ("--cpu", cpu), ("--dtb", dtb), ("--sd", sd)):
            if value:
                args += [option, value]
        for disk in disks:
            args += ["--disk", disk]
        for forward in forwards:
            args += ["-p", forward]
        if os.environ.get("BOOT_ENGINE"):
            args += ["--engine", os.environ["BOOT_ENGINE"]]
        super().__init__(name, [os.environ.get("VAMBRACE", os.path.join(BUILD, "vambrace")),
                                *args, *extra])
