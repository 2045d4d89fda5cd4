# SPDX-License-Identifier: GPL-2.0-only
"""Machines that move: processes that run or receive one, and a wire between them that can fail.

A Machine is the guest, whichever process has it: move() starts another process,
has the running one send the guest there, and goes on with that one's terminal.
"""
import os
import re
import socket
import struct
import subprocess
import threading
import time

from bootrig import BUILD, SLOWDOWN, Console, Guest, free_port  # noqa: F401

VAMBRACE = os.environ.get("VAMBRACE", os.path.join(BUILD, "vambrace"))
MOVED = re.compile(r"moved: (\d+) MiB sent for (\d+) MiB of pages, the guest stood still for ([\d.]+) ms")


class Receiver(Console):
    """vambrace receive, or snapshot restore: a terminal with nothing on it yet."""

    def __init__(self, name, words, extra=()):
        super().__init__(name, [VAMBRACE, *words, *extra])


def command(*words, timeout=120):
    return subprocess.run([VAMBRACE, *words], capture_output=True, text=True, errors="replace",
                          timeout=timeout * SLOWDOWN, check=False)


class Machine:
    """A guest and where it is now.  @here: what belongs to each process, as disks."""

    def __init__(self, tmp, name, here=(), **options):
        self.tmp, self.name, self.here, self.turn, self.progress = str(tmp), name, list(here), 0, ""
        extra = ["--control", self.control(), *self.here, *options.pop("extra", ())]
        self.console = Guest(f"{name}-0", memory=options.pop("memory", "256M"), extra=extra, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.console.__exit__()

    def control(self, turn=None):
        return os.path.join(self.tmp, f"{self.name}-{self.turn if turn is None else turn}.sock")

    def tell(self, *words):
        return command("control", self.control(), *words)

    def status(self):
        out = self.tell("status").stdout
        return dict(word.split("=", 1) for word in out.split())

    def receiver(self, turn, uri, extra=()):
        name = f"{self.name}-{turn}"
        r = Receiver(name, ["receive", uri, "--control", self.control(turn)], [*self.here, *extra])
        if uri.startswith("unix:"):
            wait_for(lambda: os.path.exists(uri[5:]) or not r.p.isalive(), 60, "the receiver listens")
        return r

    def become(self, console):
        """The guest is in another process from now on, at the same place of the same dialogue."""
        console.nonce, console.count = self.console.nonce, self.console.count
        old, self.console = self.console, console
        self.turn += 1
        if not old.p.closed:
            old.ended()
        old.__exit__()

    def move(self, *options, extra=()):
        """To a new process; returns MiB sent, MiB of pages, ms of standstill.  self.progress is what was shown."""
        uri = f"unix:{self.tmp}/{self.name}-{self.turn + 1}.wire"
        there = self.receiver(self.turn + 1, uri, extra)
        said = command("migrate", self.control(), uri, *options)
        if said.returncode:
            self.console.fail(f"did not move: {said.stdout}{said.stderr}")
        self.progress = said.stderr
        self.become(there)
        m = MOVED.search(said.stdout)
        assert m, said.stdout
        return int(m[1]), int(m[2]), float(m[3])

    def run(self, *args, **kwargs):
        return self.console.run(*args, **kwargs)


def wait_for(what, seconds, name):
    end = time.monotonic() + seconds * SLOWDOWN
    while not what():
        assert time.monotonic() < end, f"not within {seconds} s: {name}"
        time.sleep(0.02)


# ---- snapshots ----

def save(m, path, *options):
    said = command("snapshot", "save", m.control(), str(path), *options, timeout=300)
    assert said.returncode == 0, said.stderr + m.console.ended()


def different(a, b):
    """Where two snapshots' files differ, behind the introduction, which has the time: in RAM or in the state."""
    with open(a, "rb") as f, open(b, "rb") as g:
        at = 2 << 20
        f.seek(at)
        g.seek(at)
        while True:
            x, y = f.read(4096), g.read(4096)
            if x != y:
                return f"at {at:#x}: {x} is {y}"
            if not x:
                return None
            at += len(x)


# ---- a wire that fails ----

class Sections:
    """Finds the ends of the sections of a stream that comes in pieces (docs/migration-format.md)."""

    def __init__(self):
        self.buffer = b""
        self.header = True

    def needs(self):
        """How long the part is whose beginning is in the buffer, as far as that tells; and its name."""
        b = self.buffer
        if self.header:
            return (16, None) if len(b) < 16 else (20 + struct.unpack_from("<I", b, 12)[0], "header")
        if len(b) < 17:
            return 17, None
        length, name_len = struct.unpack_from("<IB", b, 12)
        whole = 17 + name_len + 4 + length + 4
        return whole, b[17:17 + name_len].decode("ascii") if len(b) >= 17 + name_len else None

    def feed(self, data):
        """How many bytes of @data belong to the part that is coming, and its name if they end it."""
        used = 0
        while True:
            need, name = self.needs()
            take = min(need - len(self.buffer), len(data) - used)
            self.buffer += data[used:used + take]
            used += take
            if len(self.buffer) < need:
                return used, None
            if self.needs() == (need, name) and name is not None:
                self.buffer, self.header = b"", False
                return used, name


FAR_ROOM, FAR_RATE = 8 << 20, 4 << 20


class FarEnd:
    """What was sent to a socket and has not arrived: as much as fits into the routers on the way."""

    def __init__(self, dst):
        self.dst, self.queue, self.lock, self.have = dst, [], threading.Condition(), 0
        threading.Thread(target=self.run, daemon=True).start()

    def send(self, data):
        with self.lock:
            self.lock.wait_for(lambda: self.have < FAR_ROOM)
            self.queue.append(data)
            self.have += len(data)
            self.lock.notify_all()

    def run(self):
        due = time.monotonic()
        while True:
            with self.lock:
                self.lock.wait_for(lambda: self.queue)
                data = self.queue.pop(0)
            due = max(due, time.monotonic()) + len(data) / FAR_RATE
            time.sleep(max(0, due - time.monotonic()))
            try:
                self.dst.sendall(data)
            except OSError:
                pass
            with self.lock:
                self.have -= len(data)
                self.lock.notify_all()


class Wire:
    """Sits between the two ends, and fails when a certain section has passed.

    @what: cut (both ends see the other go), deaf (nothing goes there, but an answer could come back),
    stall (nothing moves any more), slow (a little at a time),
    far (FAR_ROOM bytes are on their way, of which FAR_RATE arrive in a second).
    @when: (direction, section), direction "there" or "back".
    @then: called at that moment, before it fails.
    """

    def __init__(self, path, to, what, when, then=None):
        self.to, self.what, self.when, self.then = to, what, when, then
        self.last = None        # the direction of what passes when nothing else does any more
        self.seen, self.failed, self.ends, self.far = [], threading.Event(), (), None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        here, _ = self.listener.accept()
        there = socket.socket(socket.AF_UNIX)
        there.connect(self.to)
        self.ends = here, there
        self.far = FarEnd(there) if self.what == "far" else None
        for a in ((here, there, "there"), (there, here, "back")):
            threading.Thread(target=self.pump, args=a, daemon=True).start()

    def fail(self):
        if self.then:
            self.then()
        self.failed.set()
        if self.what == "cut":
            self.close()
        if self.what == "deaf":
            self.ends[0].shutdown(socket.SHUT_RD)

    def close(self):
        for s in self.ends:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def send(self, dst, data):
        """Waits while the wire is stuck; False when it will not move again."""
        while self.failed.is_set() and self.what == "stall":
            time.sleep(0.05)
        if self.failed.is_set() and self.what == "slow":
            for at in range(0, len(data), 1024):
                dst.sendall(data[at:at + 1024])
                time.sleep(0.001)
        elif self.failed.is_set() and self.far and dst is self.ends[1]:
            self.far.send(data)
        else:
            dst.sendall(data)

    def pump(self, src, dst, direction):
        parts = Sections()
        try:
            while True:
                data = src.recv(65536)
                if not data and self.what == "deaf" and self.failed.is_set():
                    return
                if not data:
                    break
                while data:
                    n, name = parts.feed(data)
                    # An answer to it must not pass while it is being cut.
                    if self.what == "cut" and (direction, name) == self.when:
                        self.last = direction
                    elif self.last not in (None, direction):
                        return
                    self.send(dst, data[:n])
                    data = data[n:]
                    if not name:
                        continue
                    self.seen.append((direction, name))
                    if (direction, name) == self.when and not self.failed.is_set():
                        self.fail()
            dst.shutdown(socket.SHUT_WR)
        except OSError:
            # Who writes to one that has gone is told, as without a wire between them.
            self.close()
