# SPDX-License-Identifier: GPL-2.0-only
"""Debian guests in files: saved while they work, restored on another engine, twice, and told apart bit by bit."""
import os
import struct
import subprocess
import time
import zlib

import pytest
from moves import SLOWDOWN, VAMBRACE, Machine, Receiver, command, different, save, wait_for
from test_moves import LOAD, works


def restored(m, path, *options):
    """The machine goes on from the file; it ran elsewhere until now, or runs there still."""
    control = m.control(m.turn + 1)
    there = Receiver(f"{m.name}-{m.turn + 1}", ["snapshot", "restore", str(path), "--control", control],
                     [*m.here, *options])
    wait_for(lambda: command("control", control, "status").returncode == 0, 60, "it is restored")
    m.become(there)


@pytest.mark.parametrize("kind,cpus,word", [("a64", 2, "Memory: "), ("armmp", 2, "Memory: "), ("a64", 1, "Run /init")])
def test_identical(kernels, tmp_path, kind, cpus, word):
    """Moved twice in the middle of its boot, a machine is to the bit what it is when it stays."""
    with Machine(tmp_path, f"identical-{kind}-{cpus}", cpus=cpus, memory="128M", **kernels(kind)) as m:
        m.console.expect(word, 120)
        assert m.tell("pause").returncode == 0
        save(m, tmp_path / "stayed.vsnap")
        m.move(extra=["--engine", "interp"])
        m.move(extra=["--engine", "jit"])
        assert m.status()["state"] == "paused"
        save(m, tmp_path / "moved.vsnap")
        assert different(tmp_path / "stayed.vsnap", tmp_path / "moved.vsnap") is None


@pytest.mark.parametrize("kind,engine", [("armmp-lpae", "jit"), pytest.param("armmp", "interp", marks=pytest.mark.slow),
                                         pytest.param("a64", "interp", marks=pytest.mark.slow)])
def test_saved_under_load(kernels, tmp_path, kind, engine):
    """Saved while it works and goes on; the file is run twice and more, and is what it was afterwards."""
    path = tmp_path / "s.vsnap"
    with Machine(tmp_path, f"saved-{kind}", cpus=2, **kernels(kind)) as m:
        m.console.wait_shell()
        m.console.serve()
        m.run(LOAD, timeout=30)
        save(m, path)
        # The file's terminal is where it was then.
        count, before = m.console.count, path.read_bytes()
        works(m)
        save(m, tmp_path / "last.vsnap", "--quit")
        m.console.ended()
        for _ in range(2):
            m.console.count = count
            restored(m, path, "--engine", engine)
            works(m, 300)
            assert m.tell("quit").returncode == 0
            m.console.ended()
        assert path.read_bytes() == before
        said = command("snapshot", "export", str(path), str(tmp_path / "e.vsnap"))
        assert said.returncode == 0, said.stderr
        assert os.path.getsize(tmp_path / "e.vsnap") < len(before) / 3
        m.console.count = count
        restored(m, tmp_path / "e.vsnap")
        works(m)
        m.console.check_kernel()
        m.console.poweroff("poweroff")


def test_on_demand(kernels, tmp_path):
    """A machine whose memory is full of something is there at once: pages come when they are used."""
    path = tmp_path / "s.vsnap"
    with Machine(tmp_path, "demand", memory="1G", **kernels("a64")) as m:
        m.console.wait_shell()
        m.console.serve()
        m.run("mount -t tmpfs -o size=700M t /tmp; dd if=/dev/urandom of=/tmp/a bs=1M count=16 2>/dev/null; "
              "for i in $(seq 32); do cat /tmp/a; done >/tmp/x", 300)
        save(m, path, "--quit")
        m.console.ended()
        assert os.stat(path).st_blocks * 512 > 512 << 20
        begin = time.monotonic()
        restored(m, path)
        assert m.run("echo here") == "here"
        took = time.monotonic() - begin
        with open(f"/proc/{m.console.p.pid}/smaps_rollup", encoding="ascii") as f:
            here = next(int(line.split()[1]) >> 10 for line in f if line.startswith("Rss:"))
        print(f"{took:.2f} s, {here} MiB")
        assert here < 256, f"{here} MiB of it are in memory"
        m.run("tail -c $((16 << 20)) /tmp/x | cmp - /tmp/a", 300)
        m.console.poweroff("poweroff")
    assert took < 5 * SLOWDOWN


def test_disk(kernels, tmp_path):
    """A disk that was written meanwhile does not belong to the snapshot any more."""
    disk = tmp_path / "disk"
    with open(disk, "wb") as f:
        f.truncate(8 << 20)
    with Machine(tmp_path, "disk", here=["--disk", str(disk)], **kernels("a64")) as m:
        m.console.wait_shell()
        m.console.serve()
        m.run("echo one | dd of=/dev/vda conv=notrunc 2>/dev/null; sync")
        save(m, tmp_path / "s.vsnap", "--quit")
        m.console.ended()
        kept = disk.read_bytes()
        restored(m, tmp_path / "s.vsnap")
        assert m.run("head -c 3 /dev/vda") == "one"
        m.run("echo two | dd of=/dev/vda conv=notrunc 2>/dev/null; sync")
        m.console.poweroff("poweroff")
        said = command("snapshot", "restore", str(tmp_path / "s.vsnap"), "--disk", str(disk))
        assert said.returncode == 1 and str(disk) in said.stderr and "written" in said.stderr, said.stderr
        assert kept != disk.read_bytes()


def test_name_taken(kernels, tmp_path):
    """A guest that was to end when it is saved goes on if its file cannot have its name."""
    path = tmp_path / "s.vsnap"
    with Machine(tmp_path, "taken", memory="1G", **kernels("a64")) as m:
        m.console.wait_shell()
        m.console.serve()
        m.run("mount -t tmpfs -o size=700M t /tmp; dd if=/dev/urandom of=/tmp/a bs=1M count=16 2>/dev/null; "
              "for i in $(seq 32); do cat /tmp/a; done >/tmp/x", 300)
        with subprocess.Popen([VAMBRACE, "snapshot", "save", m.control(), str(path), "--quit"],
                              stderr=subprocess.PIPE, text=True) as p:
            wait_for(lambda: m.status()["state"] == "saving", 30, "it is being saved")
            path.touch()
            said = p.communicate()[1]
        assert p.returncode == 1 and "meanwhile" in said, said
        assert path.stat().st_size == 0
        assert m.run("echo here") == "here"
        m.console.poweroff("poweroff")


def section(number, name, payload):
    """docs/migration-format.md"""
    head = b"SECT" + struct.pack("<IIIB", number, 1, len(payload), len(name)) + name.encode()
    return head + struct.pack("<I", zlib.crc32(head)) + payload + struct.pack("<I", zlib.crc32(head + payload))


def test_endless(tmp_path):
    """A file whose image leads back to its own beginning is refused, not copied without end."""
    head = b"VAMB\r\n\x1a\x8b" + struct.pack("<II", 1, 0)
    image = struct.pack("<QI", 0, 0)        # the second stream's offset, and no RAM
    path = tmp_path / "round.vsnap"
    path.write_bytes(head + struct.pack("<I", zlib.crc32(head)) + section(0, "image", image))
    said = subprocess.run(["sh", "-c", f"ulimit -f 1000; exec {VAMBRACE} snapshot export {path} {tmp_path}/out.vsnap"],
                          capture_output=True, text=True, timeout=60 * SLOWDOWN, check=False)
    assert said.returncode == 1 and "image of RAM" in said.stderr, said
    assert not (tmp_path / "out.vsnap").exists()
