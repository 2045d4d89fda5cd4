# SPDX-License-Identifier: GPL-2.0-only
"""Whatever dies, at every state of the conversation: the guest goes on here or there, never both, never neither.

A wire between the two ends fails right after a certain section has passed
(vmm/migrate/wire.h).  From "go" on the guest is the destination's: if only the
source's news of that are lost, the source stands still and says what to do.
"""
import fcntl
import os
import re
import signal
import socket
import threading
import time

import pytest
from moves import MOVED, SLOWDOWN, Machine, Wire, command, wait_for

# In the order of the conversation; those of the state stand for their neighbours.
STATES = [("there", "header"), ("there", "config"), ("there", "identity"), ("there", "check"), ("there", "cpu/0"),
          ("there", "checked"), ("back", "header"), ("back", "accept"), ("there", "ram"), ("there", "arrive"),
          ("back", "arrived"), ("there", "time"), ("there", "gic"), ("there", "end"), ("back", "loaded"),
          ("there", "go"), ("back", "running")]
# Sections after which the destination has the guest.
TAKEN = {("there", "go"), ("back", "running")}


class Ticks:
    """The guest says a number every 0.1 s; who says new ones runs it."""

    def __init__(self, console):
        self.console = console

    def goes_on(self, seconds):
        """Does a number come that has not been said?"""
        try:
            self.console.p.expect(r"tick (\d+)\r", timeout=0.5)
            while True:     # what lay in the terminal; the next one is later than that
                self.console.p.expect(r"tick (\d+)\r", timeout=0.02)
        except Exception:   # noqa: BLE001  nothing there, or the end
            pass
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.console.p.isalive():
                return False
            try:
                self.console.p.expect(r"tick (\d+)\r", timeout=1)
                return True
            except Exception:   # noqa: BLE001
                continue
        return False


@pytest.fixture(name="source")
def fixture_source(kernels, tmp_path):
    with Machine(tmp_path, "faults", **kernels("armmp-lpae")) as m:
        m.console.wait_shell()
        m.console.serve()
        m.console.p.sendline("(i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.1; done) &")
        yield m


class Try:
    """One move over a wire that fails."""

    def __init__(self, m, what, when, then=None, n=[0]):
        n[0] += 1
        self.m = m
        there = f"{m.tmp}/there-{n[0]}"
        self.dst = m.receiver(m.turn + n[0], "unix:" + there)
        self.wire = Wire(f"{m.tmp}/wire-{n[0]}", there, what, when, then or (lambda: None))
        self.path = f"{m.tmp}/wire-{n[0]}"

    def run(self, *options):
        self.said = command("migrate", self.m.control(), "unix:" + self.path, *options)
        self.text = self.said.stdout + self.said.stderr

    def close(self):
        self.wire.close()
        if self.dst.p.isalive():
            self.dst.p.kill(signal.SIGKILL)
        self.dst.__exit__()

    def outcome(self, when):
        """Who runs the guest: here, there, or (with a message) nobody."""
        here = self.m.console.p.isalive() and Ticks(self.m.console).goes_on(4)
        there = self.dst.p.isalive() and Ticks(self.dst).goes_on(4)
        assert not (here and there), f"{when}: both run; {self.text}"
        return "here" if here else "there" if there else "nobody"


def check_here(t, when):
    """The source goes on, and the destination has gone away."""
    assert t.said.returncode == 1, t.text
    assert t.outcome(when) == "here", (when, t.text)
    wait_for(lambda: not t.dst.p.isalive(), 30, "the destination gives up")
    assert t.m.status()["state"] == "running"


def test_cut(source):
    for when in STATES:
        if when in TAKEN:
            continue
        t = Try(source, "cut", when)
        t.run()
        assert t.wire.failed.is_set(), (when, t.wire.seen)
        if when == ("back", "loaded") and source.status()["state"] == "paused":
            # "go" was said before the wire was cut behind the news: it cannot know that nobody heard it.
            assert "resume" in t.text, t.text
            wait_for(lambda t=t: not t.dst.p.isalive(), 30, "the destination gives up")
            assert source.tell("resume").returncode == 0
        check_here(t, when)
        t.close()


@pytest.mark.parametrize("when", sorted(TAKEN))
def test_cut_when_taken(source, when):
    t = Try(source, "cut", when)
    t.run()
    if when == ("back", "running"):
        # The news had arrived: an ordinary end.
        assert t.said.returncode == 0, t.text
        assert not source.console.p.isalive() or source.console.ended() is not None
    else:
        assert t.said.returncode == 1 and "resume" in t.text, t.text
        assert source.status()["state"] == "paused"
    assert t.outcome(when) == "there", t.text
    t.close()


def is_locked(path):
    with open(path, "r+b") as f:
        try:
            fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except OSError:
            return True


def test_resumed_when_taken(kernels, tmp_path):
    """The user's word that nobody runs the guest does not count as long as somebody has its disk."""
    disk = tmp_path / "disk"
    with open(disk, "wb") as f:
        f.truncate(1 << 20)
    with Machine(tmp_path, "faults-disk", here=["--disk", str(disk)], **kernels("armmp-lpae")) as m:
        m.console.wait_shell()
        t = Try(m, "cut", ("there", "go"))
        t.run()
        assert m.status()["state"] == "paused", t.text
        wait_for(lambda: is_locked(disk), 30, "the destination runs")
        said = m.tell("resume")
        assert said.returncode == 1 and str(disk) in said.stderr, said.stderr
        assert m.status()["state"] == "paused"
        t.close()
        assert not is_locked(disk)
        assert m.tell("resume").returncode == 0
        assert is_locked(disk)
        m.console.p.sendline("echo $((6 * 7)) lives")
        m.console.expect("42 lives", 30)


def test_destination_killed(source):
    for when in STATES:
        if when in TAKEN or when[0] == "back":
            continue
        t = Try(source, "none", when)
        t.wire.then = lambda t=t: os.kill(t.dst.p.pid, signal.SIGKILL)
        t.run()
        check_here(t, when)
        t.close()


@pytest.mark.parametrize("when", [("there", "ram"), ("there", "end"), ("back", "loaded"), ("there", "go")])
def test_source_killed(source, when):
    """The destination does not run a guest that it was not given."""
    t = Try(source, "none", when)
    pid = source.console.p.pid

    def kill():
        os.kill(pid, signal.SIGKILL)

    t.wire.then = kill
    t.run()
    assert t.said.returncode == 1
    if when in TAKEN:
        assert t.outcome(when) == "there", t.text
    elif when == ("back", "loaded"):
        # Whether "go" was still said is for the two of them.
        assert t.outcome(when) in ("there", "nobody")
    else:
        wait_for(lambda: not t.dst.p.isalive(), 30, "the destination gives up")
    t.close()


@pytest.mark.parametrize("when", [("there", "identity"), ("there", "ram"), ("there", "arrive"), ("there", "end")])
def test_stalled(source, when):
    """After ten seconds of silence both give up."""
    t = Try(source, "stall", when)
    start = time.monotonic()
    t.run()
    assert time.monotonic() - start < 60
    assert "silent" in t.text or "stuck" in t.text, t.text
    check_here(t, when)
    t.close()


def test_deaf(source):
    """A reason that may still come is not what a guest stands still for."""
    t = Try(source, "deaf", ("back", "arrived"))
    mover = threading.Thread(target=t.run, args=("--max-downtime", "60000"))
    mover.start()
    assert t.wire.failed.wait(60)
    begin = time.monotonic()
    assert Ticks(source.console).goes_on(9)
    assert time.monotonic() - begin < 8, "the guest stood still"
    mover.join()
    check_here(t, "deaf")
    t.close()


def test_slow(source):
    """Slow is not stuck."""
    t = Try(source, "slow", ("there", "checked"))
    t.run()
    assert t.said.returncode == 0, t.text
    source.become(t.dst)
    assert Ticks(source.console).goes_on(20)
    t.wire.close()


def test_far(source):
    """What lies in buffers on the way counts: the guest is not stopped before it has arrived."""
    t = Try(source, "far", ("there", "checked"))
    t.run()
    assert t.said.returncode == 0, t.text
    still = float(MOVED.search(t.text)[3])
    source.become(t.dst)
    assert Ticks(source.console).goes_on(20)
    t.wire.close()
    # A full way takes two seconds.
    assert still < 1000 * SLOWDOWN, t.text


def test_cancelled(source):
    """A user who leaves the command gives the move up."""
    import subprocess
    from moves import VAMBRACE
    t = Try(source, "stall", ("there", "ram"))
    with subprocess.Popen([VAMBRACE, "migrate", source.control(), "unix:" + t.path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as p:
        wait_for(t.wire.failed.is_set, 60, "RAM is on its way")
        assert source.status()["state"] == "migrating"
        p.send_signal(signal.SIGINT)
        p.communicate(timeout=30)
        assert p.returncode == 1
    wait_for(lambda: source.status()["state"] == "running", 30, "the source goes on")
    assert t.outcome("cancelled") == "here"
    t.close()


def talk_to(m, answer):
    """A destination that is none: returns what migrate says."""
    path = f"{m.tmp}/liar-{time.monotonic_ns()}"
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen(1)

    def serve():
        c, _ = s.accept()
        try:
            c.sendall(answer)
            while c.recv(65536):
                pass
        except OSError:
            pass
        c.close()

    threading.Thread(target=serve, daemon=True).start()
    said = command("migrate", m.control(), "unix:" + path)
    s.close()
    return said


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 100, bytes(4096), b"\xff" * 4096],
                         ids=["http", "zeros", "ones"])
def test_liar(source, answer):
    said = talk_to(source, answer)
    assert said.returncode == 1 and len(said.stderr + said.stdout) < 2000
    assert source.status()["state"] == "running"
    assert Ticks(source.console).goes_on(10)


def test_nobody_there(source):
    said = command("migrate", source.control(), f"unix:{source.tmp}/nobody")
    assert said.returncode == 1 and re.search("nobody", said.stdout + said.stderr)
    said = command("migrate", source.control(), "tcp:127.0.0.1:1")
    assert said.returncode == 1 and "127.0.0.1" in said.stdout + said.stderr
    assert Ticks(source.console).goes_on(10)


def test_garbage_to_receiver(tmp_path, guest):
    """Who sends no stream gets one line, and nothing happens."""
    del guest
    from moves import Receiver
    for n, data in enumerate((b"", b"GET / HTTP/1.0\r\n\r\n", bytes(100000), b"\xff" * 100000)):
        path = tmp_path / f"r{n}"
        with Receiver(f"garbage-{n}", ["receive", f"unix:{path}"]) as r:
            wait_for(path.exists, 30, "it listens")
            c = socket.socket(socket.AF_UNIX)
            c.connect(str(path))
            try:
                c.sendall(data)
                c.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            r.p.expect("vambrace: receive[^\r]*\r", timeout=30)
            r.p.wait()
            assert r.p.exitstatus == 1
            c.close()
