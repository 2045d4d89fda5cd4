# SPDX-License-Identifier: GPL-2.0-only
"""Machines by name: vambrace control, list and migrate, with a guest that only waits."""
import signal
import socket
import stat
import subprocess
import time

import pytest
from control_box import PATIENCE, zimage


def test_status_pause_quit(box):
    p = box.start("--name", "one", "--cpus", "2", "--memory", "64M", wait="one")
    said = dict(w.split("=") for w in box.ok("control", "one", "status").split())
    assert said["state"] == "running" and said["machine"] == "virt" and said["cpus"] == "2"
    assert said["memory"] == "64M" and said["pid"] == str(p.pid)
    box.ok("control", "one", "pause")
    assert "state=paused" in box.ok("control", "one", "status")
    box.refused(1, ["paused already"], "control", "one", "pause")
    box.ok("control", "one", "resume")
    box.refused(1, ["not paused"], "control", "one", "resume")
    assert "state=running" in box.ok("control", "one", "status")
    box.refused(1, ["dance", "unknown"], "control", "one", "dance")
    assert box.ok("control", "one", "quit") == ""
    assert p.wait(PATIENCE) == 0
    assert not list((box.runtime / "vambrace").iterdir())
    box.refused(1, ["no machine runs there"], "control", "one", "status")


# Lets the SP805 bite after two periods of 2 s, and waits.
WATCHDOG = (0xe3000000, 0xe3410c0f,             # movw, movt r0, 0x1c0f0000
            0xe30e1551, 0xe3411acc,             # movw, movt r1, 0x1acce551
            0xe5801c00,                         # str r1, [r0, #0xc00]: WDOGLOCK
            0xe3a01801, 0xe5801000,             # 0x10000 of 32768 Hz: WDOGLOAD
            0xe3a01003, 0xe5801008,             # WDOGCONTROL: an interrupt, then a reset
            0xe320f003, 0xeafffffd)             # wfi; b .-4


def test_time_of_a_pause(box):
    """A guest that stands still need not pet its watchdog: the time of its devices stands still as well."""
    (box.path / "Z").write_bytes(zimage(WATCHDOG))
    p = box.spawn("run", "--machine", "vexpress-a15", "--kernel", "Z", "--serial", "none", "--net", "none",
                  "--no-reboot", "--name", "dog", wait="dog")
    box.ok("control", "dog", "pause")
    time.sleep(6)
    assert "state=paused" in box.ok("control", "dog", "status")
    box.ok("control", "dog", "resume")
    assert p.wait(PATIENCE) == 0


def test_quit_while_paused(box):
    p = box.start("--name", "one", wait="one")
    box.ok("control", "one", "pause")
    box.ok("control", "one", "quit")
    assert p.wait(PATIENCE) == 0
    p = box.start("--name", "one", wait="one")
    box.ok("control", "one", "pause")
    p.terminate()
    assert p.wait(PATIENCE) == 0


def test_names(box):
    assert box.ok("list") == ""
    box.refused(1, ["no machine runs under a name", "--name"], "migrate", "tcp:localhost:1")
    first = box.start("--name", "a.1", wait="a.1")
    where = box.runtime / "vambrace"
    assert stat.S_IMODE(where.stat().st_mode) == 0o700
    assert stat.S_IMODE((where / "a.1.sock").stat().st_mode) == 0o600
    second = box.start("--name", "a.1")
    assert second.wait(PATIENCE) == 1
    assert second.stderr.read() == "vambrace: --name a.1: a machine of that name runs; take another name\n"
    # The other one is none the worse for it.
    assert "state=running" in box.ok("control", "a.1", "status")
    box.start("--name", "b", wait="b")
    lines = box.ok("list").splitlines()
    assert [line.split()[:2] for line in lines] == [["NAME", "STATE"], ["a.1", "running"], ["b", "running"]]
    assert lines[1].split()[-1] == str(first.pid)
    box.refused(1, ["several machines run (a.1, b)"], "migrate", "tcp:localhost:1")
    # What a killed one leaves is not shown, and replaced.
    first.kill()
    first.wait()
    assert [line.split()[0] for line in box.ok("list").splitlines()] == ["NAME", "b"]
    box.start("--name", "a.1", wait="a.1")
    assert len(box.ok("list").splitlines()) == 3


def test_own_socket(box):
    box.start("--control", "here", "--name", "x", wait="./here")
    assert "state=running" in box.ok("control", "./here", "status")
    assert "state=running" in box.ok("control", "x", "status")
    other = box.start("--control", "here")
    assert other.wait(PATIENCE) == 1 and "another machine listens there" in other.stderr.read()
    (box.path / "file").write_text("mine")
    other = box.start("--control", "file")
    assert other.wait(PATIENCE) == 1 and "no socket" in other.stderr.read()
    assert (box.path / "file").read_text() == "mine"
    other = box.start("--control", "d" * 120)
    assert other.wait(PATIENCE) == 1 and "at most 107 characters" in other.stderr.read()


def test_foreign_directory(box):
    (box.runtime / "vambrace").mkdir(mode=0o755)
    (box.runtime / "vambrace").chmod(0o755)
    p = box.start("--name", "x")
    assert p.wait(PATIENCE) == 1 and "others can use it" in p.stderr.read()
    box.refused(1, ["others can use it"], "list")
    (box.runtime / "vambrace").rmdir()
    (box.path / "elsewhere").mkdir(mode=0o700)
    (box.runtime / "vambrace").symlink_to(box.path / "elsewhere")
    p = box.start("--name", "x")
    assert p.wait(PATIENCE) == 1 and "no directory of yours" in p.stderr.read()


def test_plain_socket(box):
    """Any program can talk to it: lines, answers in order, several clients."""
    box.start("--control", "s", wait="./s")
    with socket.socket(socket.AF_UNIX) as idle, socket.socket(socket.AF_UNIX) as s:
        idle.connect(str(box.path / "s"))
        s.settimeout(PATIENCE)
        s.connect(str(box.path / "s"))
        s.sendall(b"power off\npause\n\nresume\n")
        f = s.makefile("r")
        assert f.readline() == "error say power\n"
        assert [f.readline() for _ in range(3)] == ["ok\n"] * 3
        s.sendall(b"\0\xff\x1b[2J\n")
        assert f.readline().startswith("ok")
        s.sendall(b"x" * 100000 + b"\n")
        assert f.readline() == "error the line is too long\n"
        # Said before it is opened and emptied.
        kept = box.path / "kept"
        kept.write_text("precious")
        s.sendall(f"migrate file:{kept}\n".encode())
        assert "snapshot save" in f.readline()
        assert kept.read_text() == "precious"


@pytest.mark.parametrize("args,words", [
    ((), ["no command"]),
    (("fly",), ["fly", "unknown command", "--help"]),
    (("list", "x"), ["list takes nothing"]),
    (("control",), ["a machine and a command"]),
    (("control", "x"), ["a machine and a command"]),
    (("migrate",), ["where to"]),
    (("migrate", "a", "b", "tcp:c:1"), ["one word too many"]),
    (("migrate", "a", "host"), ["no destination", "tcp:HOST:PORT"]),
    (("migrate", "tcp:"), ["no destination"]),
    (("migrate", "file:x"), ["snapshot save"]),
    (("migrate", "fd:99"), ["fd:99", "no open descriptor"]),
    (("migrate", "fd:-1"), ["no open descriptor"]),
    (("migrate", "tcp:a:1", "--max-downtime", "0"), ["--max-downtime 0", "milliseconds"]),
    (("migrate", "tcp:a:1", "--max-downtime"), ["value is missing"]),
    (("migrate", "tcp:a:1", "--fast"), ["--fast", "unknown option"]),
])
def test_wrong_lines(box, args, words):
    box.refused(2, words, *args)


@pytest.mark.parametrize("name", [".x", "-x", "a b", "a/b", "x" * 65], ids=["dot", "dash", "blank", "slash", "long"])
def test_wrong_names(box, name):
    p = box.say("run", "--kernel", "K", "--name", name)
    assert p.returncode == 2 and "no name" in p.stderr


@pytest.mark.parametrize("command", ["run", "list", "control", "migrate"])
def test_help(box, command):
    assert box.ok(command, "--help").startswith(f"Usage: vambrace {command}")
    assert command in box.ok("--help")


def test_interrupted(box):
    """Ctrl-C at a command that waits: said, and status 1."""
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(box.path / "slow"))
        s.listen()
        p = subprocess.Popen([box.program, "migrate", "./slow", "unix:x"], cwd=box.path, stderr=subprocess.PIPE,
                             text=True)
        box.machines.append(p)
        s.settimeout(PATIENCE)
        peer, _ = s.accept()
        with peer:
            peer.settimeout(PATIENCE)
            assert peer.recv(1000) == f"migrate unix:{box.path}/x\n".encode()
            peer.sendall(b"progress 1 MB\nprogress 2 MB\n")
            assert [p.stderr.readline() for _ in range(2)] == ["1 MB\n", "2 MB\n"]
            p.send_signal(signal.SIGINT)
            assert p.wait(PATIENCE) == 1
            assert p.stderr.read().startswith("vambrace: migrate: hung up")
            assert peer.recv(1) == b""


@pytest.mark.parametrize("answer,status,out,err", [
    (b"ok\n", 0, "", ""), (b"ok a\\nb\n", 0, "a\nb\n", ""),
    (b"error a\\nb\n", 1, "", "vambrace: a\nvambrace: b\n"),
    (b"what\n", 1, "", "vambrace: ./s: gives an answer that is none of ours\n"),
    (b"", 1, "", "vambrace: ./s: has gone without an answer\n"),
    (b"x" * 40000, 1, "", "vambrace: ./s: gives an answer without end\n"),
], ids=["ok", "lines", "error", "other", "none", "endless"])
def test_answers(box, answer, status, out, err):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(box.path / "s"))
        s.listen()
        with subprocess.Popen([box.program, "control", "./s", "a b"], cwd=box.path, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as p:
            s.settimeout(PATIENCE)
            peer, _ = s.accept()
            with peer:
                assert peer.recv(1000) == b"a\\ b\n"
                peer.sendall(answer)
            said = p.communicate(timeout=PATIENCE)
    assert (p.returncode, *said) == (status, out, err)
