# SPDX-License-Identifier: GPL-2.0-only
"""The command lines of snapshot and receive, with a guest that only waits: what they take, say and refuse."""
import fcntl
import os
import pathlib
import resource
import signal
import socket
import stat
import subprocess
import time

import pytest
from control_box import PATIENCE


def names(box):
    return [line.split()[0] for line in box.ok("snapshot", "list").splitlines()[1:]]


def saved(box, *args):
    """As box.ok(), but progress may be told."""
    p = box.say("snapshot", "save", *args)
    assert p.returncode == 0, p.stderr


def test_life_of_a_snapshot(box):
    p = box.start("--name", "m", "--cpus", "2", "--memory", "64M", wait="m")
    assert box.ok("snapshot", "list") == ""
    saved(box, "first")
    saved(box, "m", "second")
    assert "state=running" in box.ok("control", "m", "status")
    lines = box.ok("snapshot", "list").splitlines()
    assert lines[0].split() == ["NAME", "DATE", "SIZE", "MACHINE", "CPU", "CPUS", "MEMORY", "ENGINE"]
    assert lines[1].split()[0] == "first" and lines[1].split()[4:8] == ["virt", "cortex-a57", "2", "64M"]
    store = box.path / "data/vambrace/snapshots"
    assert stat.S_IMODE((store / "first.vsnap").stat().st_mode) == 0o600
    box.refused(1, ["first.vsnap", "is there already"], "snapshot", "save", "first")
    # To a file, and the machine ends.
    saved(box, "there.vsnap", "--quit")
    assert p.wait(PATIENCE) == 0
    assert (box.path / "there.vsnap").exists() and names(box) == ["first", "second"]
    # Back again; several times, for it stays as it is.
    for where, name in (("first", "x"), ("first", "y"), ("./there.vsnap", "z")):
        box.spawn("snapshot", "restore", where, "--serial", "none", "--name", name, wait=name)
        said = box.ok("control", name, "status")
        assert "cpus=2" in said and "memory=64M" in said and "state=running" in said
    box.ok("snapshot", "export", "first", "small.vsnap")
    box.refused(1, ["small.vsnap", "there already"], "snapshot", "export", "first", "small.vsnap")
    box.spawn("snapshot", "restore", "small.vsnap", "--serial", "none", "--name", "w", wait="w")
    assert "cpus=2" in box.ok("control", "w", "status")
    box.ok("snapshot", "delete", "first", "second")
    assert names(box) == [] and os.listdir(store) == []


def test_disks_are_found_again(box):
    for name in "ab":
        (box.path / name).write_bytes(bytes(1 << 20))
    p = box.start("--name", "m", "--disk", "a", "--disk", "b,readonly,serial=B", wait="m")
    saved(box, "named", "--quit")
    p.wait(PATIENCE)
    p = box.spawn("snapshot", "restore", "named", "--serial", "none", "--name", "r", wait="r")
    box.ok("control", "r", "quit")
    p.wait(PATIENCE)
    # The same as a file names them, but does not open them.
    os.rename(box.path / "data/vambrace/snapshots/named.vsnap", box.path / "f.vsnap")
    p = box.say("snapshot", "restore", "f.vsnap")
    assert p.returncode == 1 and "the guest has 2 disks: give --disk twice" in p.stderr
    assert f"it was --disk {box.path}/a\n" in p.stderr and f"--disk {box.path}/b,readonly\n" in p.stderr
    p = box.say("snapshot", "restore", "f.vsnap", "--disk", "b", "--disk", "a")
    assert p.returncode == 1 and "a: the guest knows it as read-only" in p.stderr
    box.spawn("snapshot", "restore", "f.vsnap", "--disk", "a", "--disk", "b,readonly", "--serial", "none",
              "--name", "r", wait="r")


def test_what_does_not_fit(box):
    p = box.start("--name", "m", "--memory", "64M", wait="m")
    saved(box, "s", "--quit")
    p.wait(PATIENCE)
    p = box.say("snapshot", "restore", "s", "--cpus", "2", "--memory", "1G", "--machine", "vexpress-a15",
                "--net", "user", "--disk", "K")
    assert p.returncode == 1
    for line in ("--cpus 2: the guest has 1", "--memory 1024M: the guest has 64M", "--machine vexpress-a15",
                 "--net: the guest has no network card", "--disk: the guest has no disk"):
        assert f"vambrace: {line}" in p.stderr, p.stderr
    box.refused(1, ["--dump-dtb"], "snapshot", "restore", "s", "--dump-dtb", "d")
    assert not (box.path / "d").exists()


def test_damaged(box):
    p = box.start("--name", "m", "--memory", "64M", wait="m")
    saved(box, "s", "--quit")
    p.wait(PATIENCE)
    whole = box.path / "data/vambrace/snapshots/s.vsnap"
    (box.path / "cut.vsnap").write_bytes(whole.read_bytes()[:100])
    (box.path / "text.vsnap").write_text("hello\n" * 100)
    (box.path / "empty.vsnap").write_text("")
    for name in ("cut.vsnap", "text.vsnap", "empty.vsnap"):
        box.refused(1, ["snapshot"], "snapshot", "restore", name)
    # It does not keep the others from being shown.
    os.rename(box.path / "text.vsnap", whole.parent / "text.vsnap")
    lines = box.ok("snapshot", "list").splitlines()
    assert len(lines) == 3 and lines[1].startswith("s ") and "cannot be read" in lines[2]


def test_disk_full(box):
    """A file system of the machine's own that is smaller than what the guest has in memory."""
    (box.path / "full").mkdir()
    (box.path / "R").write_bytes(os.urandom(16 << 20))
    mount = ["unshare", "--map-root-user", "--mount",
             "sh", "-c", 'mount -t tmpfs -o size=8M none full && exec "$@"', "sh"]
    if subprocess.run([*mount, "true"], cwd=box.path, check=False).returncode:
        pytest.skip("no file systems can be mounted here")
    machine = box.start("--name", "m", "--memory", "64M", "--initrd", "R", wait="m", within=mount)
    p = box.say("snapshot", "save", f"{box.path}/full/s.vsnap")
    assert p.returncode == 1 and "the disk is full" in p.stderr and "make room" in p.stderr, p.stderr
    assert os.listdir(f"/proc/{machine.pid}/root{box.path}/full") == []
    assert "state=running" in box.ok("control", "m", "status")
    saved(box, f"{box.path}/s.vsnap", "--quit")


def test_file_limit(box):
    """As large a file may not be."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40 << 20, limit[1]))
    try:
        box.start("--name", "m", "--memory", "64M", "--cache", "1M", wait="m")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    p = box.say("snapshot", "save", "s")
    assert p.returncode == 1 and "choose another one" in p.stderr, p.stderr
    assert os.listdir(box.path / "data/vambrace/snapshots") == []
    assert "state=running" in box.ok("control", "m", "status")


def test_move(box):
    first = box.start("--name", "m", "--memory", "64M", wait="m")
    second = box.spawn("receive", "unix:s", "--serial", "none", "--name", "n", "-v")
    assert "waiting" in second.stderr.readline()
    p = box.say("migrate", "m", "unix:s")
    assert p.returncode == 0, p.stderr
    assert first.wait(PATIENCE) == 0
    said = box.ok("control", "n", "status")
    assert "memory=64M" in said and f"pid={second.pid}" in said


def test_check_only(box):
    first = box.start("--name", "m", wait="m")
    second = box.spawn("receive", "unix:s", "--serial", "none")
    while not (box.path / "s").exists():
        assert second.poll() is None
    p = box.say("migrate", "unix:s", "--check")
    assert p.returncode == 0 and second.wait(PATIENCE) == 0
    assert first.poll() is None and "state=running" in box.ok("control", "m", "status")


def test_refused_there(box):
    """The user here sees what is wrong with the command line there."""
    (box.path / "d").write_bytes(bytes(1 << 20))
    box.start("--name", "m", "--disk", "d", wait="m")
    second = box.spawn("receive", "unix:s", "--serial", "none", "--cpus", "3")
    while not (box.path / "s").exists():
        assert second.poll() is None
    p = box.say("migrate", "unix:s")
    assert p.returncode == 1 and "give --disk once" in p.stderr and "--cpus 3: the guest has 1" in p.stderr
    assert second.wait(PATIENCE) == 1
    assert "state=running" in box.ok("control", "m", "status")


def test_not_made_there(box):
    """What the machine there lacks shows only when it is made."""
    box.start("--name", "m", wait="m")
    second = box.spawn("receive", "unix:s", "--serial", "file:none/such")
    while not (box.path / "s").exists():
        assert second.poll() is None
    p = box.say("migrate", "unix:s")
    assert p.returncode == 1 and "none/such" in p.stderr, p.stderr
    assert second.wait(PATIENCE) == 1 and "none/such" in second.stderr.read()
    assert "state=running" in box.ok("control", "m", "status")


def children(pid):
    return [int(c) for t in os.listdir(f"/proc/{pid}/task")
            for c in pathlib.Path(f"/proc/{pid}/task/{t}/children").read_text().split()]


def test_refused_at_last(box):
    """The disk there is somebody's: a clear no after the guest was given away.  Nothing stays of the command."""
    (box.path / "d").write_bytes(bytes(1 << 20))
    (box.path / "copy").write_bytes(bytes(1 << 20))
    p = box.start("--name", "m", "--disk", "d", wait="m")
    with open(box.path / "copy", "r+b") as f:
        fcntl.lockf(f, fcntl.LOCK_EX)
        said = box.say("migrate", f"exec:exec {box.program} receive - --serial none --disk copy")
    assert said.returncode == 1 and "copy" in said.stderr, said.stderr
    assert "state=running" in box.ok("control", "m", "status")
    assert children(p.pid) == []


def test_disk_not_written_back(box):
    """A guest that ends with its snapshot leaves what it has written on the disk, or does not end."""
    (box.path / "d").write_bytes(bytes(1 << 20))
    (box.path / "eio.c").write_text("#include <errno.h>\nint fdatasync(int fd) { (void)fd; errno = EIO; return -1; }\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", "eio.so", "eio.c"], cwd=box.path, check=True)
    p = box.start("--name", "m", "--disk", "d", wait="m", within=("env", f"LD_PRELOAD={box.path}/eio.so"))
    said = box.say("snapshot", "save", "s", "--quit")
    assert said.returncode == 1 and "a disk cannot be written back" in said.stderr, said.stderr
    assert "state=running" in box.ok("control", "m", "status") and names(box) == []
    saved(box, "s")
    assert p.poll() is None


@pytest.mark.parametrize("args,status,words", [
    (("receive",), 2, ["URI is missing"]),
    (("receive", "tcp:1", "x"), 2, ["x: not an option"]),
    (("receive", "carrier:pigeon"), 1, ["receive carrier:pigeon"]),
    (("receive", "tcp:1", "--fly"), 2, ["--fly", "vambrace receive --help"]),
    (("snapshot",), 2, ["save, list, restore"]),
    (("snapshot", "fly"), 2, ["fly", "unknown"]),
    (("snapshot", "save"), 2, ["where to"]),
    (("snapshot", "save", "a", "b", "c"), 2, ["too many"]),
    (("snapshot", "save", ".a"), 1, ["no name for a snapshot"]),
    (("snapshot", "save", "a"), 1, ["no machine runs"]),
    (("snapshot", "delete"), 2, ["which"]),
    (("snapshot", "delete", "a"), 1, ["a: no such snapshot"]),
    (("snapshot", "delete", "./a"), 1, ["use rm"]),
    (("snapshot", "delete", "../a"), 1, ["use rm"]),
    (("snapshot", "restore"), 2, ["NAME|FILE is missing", "vambrace snapshot restore --help"]),
    (("snapshot", "restore", "a"), 1, ["a: no such snapshot"]),
    (("snapshot", "restore", "./a"), 1, ["./a"]),
    (("snapshot", "export", "a"), 2, ["where to"]),
    (("snapshot", "export", "a", "b"), 1, ["a.vsnap"]),
    (("snapshot", "list", "a"), 2, ["list"]),
])
def test_wrong_lines(box, args, status, words):
    box.refused(status, words, *args)
    assert not (box.path / "b").exists()


@pytest.mark.parametrize("command", [("receive",), ("snapshot",), ("snapshot", "save"), ("snapshot", "restore")])
def test_help(box, command):
    assert box.ok(*command, "--help").startswith(f"Usage: vambrace {command[0]}")


def test_descriptor(box):
    """fd: passes an open descriptor of the command's to the machine."""
    first = box.start("--name", "m", "--memory", "64M", wait="m")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        second = subprocess.Popen([box.program, "receive", f"fd:{theirs.fileno()}", "--serial", "none", "--name", "n"],
                                  cwd=box.path, env=box.env, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        box.machines.append(second)
        p = box.say("migrate", f"fd:{ours.fileno()}", pass_fds=[ours.fileno()])
    assert p.returncode == 0, p.stderr
    assert first.wait(PATIENCE) == 0
    assert f"pid={second.pid}" in box.ok("control", "n", "status")


def test_interrupted_move(box):
    """Ctrl-C, while the other side does not answer: the guest goes on, and can be moved again."""
    box.start("--name", "m", wait="m")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(box.path / "silent"))
        silent.listen()
        silent.settimeout(PATIENCE)
        p = box.spawn("migrate", "unix:silent")
        peer, _ = silent.accept()
        with peer:
            peer.settimeout(PATIENCE)
            assert peer.recv(4) == b"VAMB"
            assert "state=migrating" in box.ok("control", "m", "status")
            box.refused(1, ["being moved already"], "migrate", "unix:silent")
            p.send_signal(signal.SIGINT)
            assert p.wait(PATIENCE) == 1
            assert "hung up" in p.stderr.read()
            while peer.recv(65536):
                pass
    end = time.monotonic() + PATIENCE
    while "state=running" not in box.ok("control", "m", "status"):
        assert time.monotonic() < end
    saved(box, "s")


def test_quit_while_moving(box):
    """The machine ends; whoever waits for the move is told, and nobody hangs."""
    first = box.start("--name", "m", wait="m")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(box.path / "silent"))
        silent.listen()
        silent.settimeout(PATIENCE)
        p = box.spawn("migrate", "unix:silent")
        peer, _ = silent.accept()
        with peer:
            box.ok("control", "m", "quit")
            assert first.wait(PATIENCE) == 0
            assert p.wait(PATIENCE) == 1
            assert p.stderr.read().splitlines()[-1].startswith("vambrace: ")


def test_many_at_once(box):
    """Of those that want one name at the same time, one gets it."""
    many = [box.start("--name", "m") for _ in range(8)]
    end = time.monotonic() + PATIENCE
    while sum(p.poll() is None for p in many) > 1:
        assert time.monotonic() < end
        time.sleep(0.05)
    alive = [p for p in many if p.poll() is None]
    while box.say("control", "m", "status").returncode:
        assert time.monotonic() < end
    assert f"pid={alive[0].pid}" in box.ok("control", "m", "status")
