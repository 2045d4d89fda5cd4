# SPDX-License-Identifier: GPL-2.0-only
"""A user who starts machines and talks to them; the guest only waits."""
import os
import struct
import subprocess
import time

WFI_LOOP = struct.pack("<II", 0xd503207f, 0x17ffffff)    # wfi; b .-4
PATIENCE = 120


def image(code):
    """An arm64 Image whose first instruction jumps over the header."""
    head = struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, 0, 0x10000, 0, 0, 0, 0, b"ARM\x64", 0)
    return (head + code).ljust(4096, b"\0")


def zimage(words):
    """A zImage for 32-bit boards that only has these instructions."""
    # b to the words; bx r12, where those for Thumb have it: what is older than ARMv7 is refused
    head = [0xea00000b] + [0xe1a00000] * 7 + [0xe12fff1c, 0x016f2818, 0, 52 + 4 * len(words), 0x04030201]
    return struct.pack(f"<{len(head) + len(words)}I", *head, *words).ljust(4096, b"\0")


class Box:
    """A user of his own: a runtime directory, a kernel, and the machines that were started."""

    def __init__(self, program, path):
        self.program, self.path, self.machines = program, path, []
        self.runtime = path / "runtime"
        self.runtime.mkdir(mode=0o700)
        (path / "K").write_bytes(image(WFI_LOOP))
        self.env = dict(os.environ, XDG_RUNTIME_DIR=str(self.runtime), XDG_DATA_HOME=str(path / "data"))

    def start(self, *args, **kw):
        return self.spawn("run", "--kernel", "K", "--serial", "none", "--net", "none", *args, **kw)

    def spawn(self, *args, wait=None, within=()):
        """A program that stays; @wait: until the machine of that name answers; @within: a command that runs it."""
        p = subprocess.Popen([*within, self.program, *args], cwd=self.path, env=self.env, stdin=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True)
        self.machines.append(p)
        end = time.monotonic() + PATIENCE
        while wait and self.say("control", wait, "status").returncode and time.monotonic() < end:
            assert p.poll() is None, p.stderr.read()
            time.sleep(0.05)
        return p

    def say(self, *args, **kw):
        return subprocess.run([self.program, *args], cwd=self.path, env=self.env, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False, **kw)

    def ok(self, *args, **kw):
        p = self.say(*args, **kw)
        assert p.returncode == 0 and p.stderr == "", p.stderr
        return p.stdout

    def refused(self, status, words, *args, **kw):
        p = self.say(*args, **kw)
        assert p.returncode == status and p.stdout == "", (p.returncode, p.stdout)
        assert p.stderr.startswith("vambrace: ") and p.stderr.count("\n") == 1, p.stderr
        for word in words:
            assert word in p.stderr

    def clean(self):
        for p in self.machines:
            if p.poll() is None:
                p.kill()
            p.communicate()
