# SPDX-License-Identifier: GPL-2.0-only
"""Bad input to `vambrace run`: one clear line, the right status, nothing created or changed.

The guest programs are made here, so that neither a network nor a cross compiler is needed.
"""
import gzip
import os
import pty
import signal
import socket
import struct
import subprocess
import termios

import pytest

WFI_LOOP = struct.pack("<II", 0xd503207f, 0x17ffffff)    # wfi; b .-4
POWER_OFF = struct.pack("<III", 0xd2b08000, 0xf2800100, 0xd4000002)    # SYSTEM_OFF; hvc #0


def image(code=POWER_OFF, text_offset=0, image_size=0x10000, flags=0, magic=b"ARM\x64", size=4096):
    """An arm64 Image whose first instruction jumps over the header."""
    head = struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, text_offset, image_size, flags, 0, 0, 0,
                       magic, 0)
    return (head + code).ljust(size, b"\0")


def elf(machine=183, bits=2, data=1, paddr=0x40000000, memsz=4096, offset=4096):
    """An ELF file with one segment."""
    order = "<" if data == 1 else ">"
    eh = b"\x7fELF" + bytes([bits, data, 1]) + bytes(9)
    eh += struct.pack(order + "HHIQQQIHHHHHH", 2, machine, 1, paddr, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    ph = struct.pack(order + "IIQQQQQQ", 1, 5, offset, paddr, paddr, 4096, memsz, 4096)
    return (eh + ph).ljust(4096, b"\0") + POWER_OFF.ljust(4096, b"\0")


def zimage(size=4096, unpacked=4 << 20, code=(0xe6ef0071, 0xe6bf0f30), endian=0x04030201, end=None):
    """A zImage that says how large it gets, with instructions of ARMv6 in its unpacker: swi, and hang."""
    data = bytearray(size)
    struct.pack_into("<I", data, 0, 0xeafffffe)    # b .
    struct.pack_into("<6I", data, 0x24, 0x016f2818, 0, size if end is None else end, endian, 0x45454545,
                     0x100)
    struct.pack_into("<6I", data, 0x100, 5, 0x5a534c4b, 0x200, 0, 0x8000, 0)
    struct.pack_into("<I", data, 0x200, unpacked)
    struct.pack_into(f"<{len(code)}I", data, 0x300, *code)
    return bytes(data)


def with_signature(at, signature):
    data = bytearray(4096)
    data[at:at + len(signature)] = signature
    return bytes(data)


@pytest.fixture
def box(tmp_path):
    """A directory with a good kernel, and a look at what has become of it."""
    (tmp_path / "K").write_bytes(image())
    return tmp_path


def snapshot(box):
    # access times aside
    return {p.name: (p.stat().st_size, p.stat().st_mtime_ns, p.stat().st_mode)
            for p in sorted(box.iterdir())}


def run(program, box, *args, timeout=20, **kw):
    return subprocess.run([program, "run", *args], cwd=box, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                          check=False, **kw)


def refused(program, box, status, words, *args, **kw):
    """The program says one line with these words in it and leaves the directory as it was."""
    before = snapshot(box)
    p = run(program, box, *args, **kw)
    assert p.returncode == status, p.stderr
    assert p.stdout == ""
    assert p.stderr.startswith("vambrace: ") and p.stderr.count("\n") == 1, p.stderr
    for word in words:
        assert word in p.stderr, p.stderr
    assert snapshot(box) == before


def test_good_input_is_taken(vambrace, box):
    """The base of all that follows: with nothing wrong, the guest runs and powers off."""
    p = run(vambrace, box, "--kernel", "K")
    assert (p.returncode, p.stdout, p.stderr) == (0, "", "")


def test_good_elf_and_gzip(vambrace, box):
    (box / "E").write_bytes(elf())
    (box / "Z").write_bytes(gzip.compress(image()))
    for name in "EZ":
        p = run(vambrace, box, "--kernel", name)
        assert (p.returncode, p.stderr) == (0, "")


KERNELS = {
    "empty": (b"", ["is empty"]),
    "short": (b"hello\n", ["too short"]),
    "text": (b"#!/bin/sh\n" * 400, ["not an Arm kernel", "zImage"]),
    "no-magic": (image(magic=b"ARM\x63"), ["not an Arm kernel"]),
    "x86": (with_signature(0x202, b"HdrS"), ["x86"]),
    "zimage-armv5": (zimage(code=(0xe1a00000,)), ["ARMv5", "ARMv7"]),
    "zimage-be": (zimage(endian=0x01020304), ["big-endian"]),
    "zimage-cut": (zimage()[:-1], ["truncated"]),
    "zimage-header": (with_signature(0x24, struct.pack("<I", 0x016f2818)), ["zImage header"]),
    "zimage-large": (zimage(unpacked=200 << 20), ["too large"]),
    "zimage-gz": (gzip.compress(zimage()), ["gunzip"]),
    "zimage-dtb-cut": (zimage() + struct.pack(">II", 0xd00dfeed, 4000) + bytes(100), ["truncated device tree"]),
    "arm32-be": (with_signature(0x24, struct.pack(">I", 0x016f2818)), ["big-endian"]),
    "big-endian": (image(flags=1), ["big-endian"]),
    "uimage": (with_signature(0, b"\x27\x05\x19\x56"), ["uImage"]),
    "size-2^63": (image(image_size=1 << 63), ["memory"]),
    "size-max": (image(image_size=(1 << 64) - 1, text_offset=0x80000), ["memory"]),
    "text-offset": (image(text_offset=(1 << 64) - 4096), ["text offset"]),
    "too-large": (image(image_size=600 << 20), ["600 MiB", "512 MiB", "--memory"]),
    "gzip-cut": (gzip.compress(image(os.urandom(50000), size=60000))[:-30000], ["truncated"]),
    "gzip-bomb": (gzip.compress(image() + bytes(64 << 20)), ["header"]),
    "gzip-bad": (gzip.compress(image())[:-8] + b"\1\2\3\4\0\0\0\0", ["gzip"]),
    "elf-x86": (elf(machine=62), ["x86", "Arm"]),
    "elf-arm32": (elf(machine=40, bits=1), ["program headers"]),
    "elf-mixed": (elf(machine=40, bits=2), ["Arm, 64 bits"]),
    "elf-be": (elf(data=2), ["big-endian"]),
    "elf-low": (elf(paddr=0x1000), ["0x1000", "0x40000000"]),
    "elf-large": (elf(memsz=1 << 40), ["--memory"]),
    "elf-cut": (elf()[:6000], ["truncated"]),
}


@pytest.mark.parametrize("name", KERNELS)
def test_kernel(vambrace_asan, box, name):
    data, words = KERNELS[name]
    (box / name).write_bytes(data)
    refused(vambrace_asan, box, 1, [f"--kernel {name}:", *words], "--kernel", name)


def test_truncated_debian_kernel(vambrace_asan, box, guest):
    whole = (guest / "Image").read_bytes()
    for size in (64, 4096, 1 << 20, len(whole) - 65536):
        (box / "cut").write_bytes(whole[:size])
        p = run(vambrace_asan, box, "--kernel", "cut", "--dump-dtb", "x")
        if size > 4096:
            assert p.returncode == 1 and "truncated" in p.stderr
    assert size == len(whole) - 65536


@pytest.mark.parametrize("option", ["--kernel", "--initrd", "--dtb"])
@pytest.mark.parametrize("name,words", [
    ("missing", ["no such file"]),
    ("dir", ["is a directory"]),
    ("fifo", ["not a regular file"]),
    ("empty", ["is empty"]),
])
def test_files(vambrace_asan, box, option, name, words):
    (box / "dir").mkdir()
    (box / "empty").touch()
    os.mkfifo(box / "fifo")
    kernel = [] if option == "--kernel" else ["--kernel", "K"]
    refused(vambrace_asan, box, 1, [f"{option} {name}:", *words], *kernel, option, name)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
@pytest.mark.parametrize("option", ["--kernel", "--initrd", "--disk"])
def test_unreadable(vambrace_asan, box, option):
    secret = box / "secret"
    secret.write_bytes(image())
    secret.chmod(0)
    # The way to the box and to the program must be open for nobody.
    for path in [box, *list(box.parents)[:-2]]:
        path.chmod(path.stat().st_mode | 0o055)
    kernel = [] if option == "--kernel" else ["--kernel", "K"]
    refused(vambrace_asan, box, 1, [option, "secret"], *kernel, option, "secret", user=65534)


@pytest.mark.parametrize("text", ["0", "1", "-1", "7M", "256G", "17179869184G", "1e9", "", "G",
                                  "99999999999999999999"])
def test_memory(vambrace_asan, box, text):
    words = ["--memory"] if text else ["--memory"]
    refused(vambrace_asan, box, 2, words, "--kernel", "K", "--memory", text)


@pytest.mark.parametrize("text", ["0", "-1", "9", "4294967297", "1.5", "many", ""])
def test_cpus(vambrace_asan, box, text):
    refused(vambrace_asan, box, 2, ["--cpus"], "--kernel", "K", "--cpus", text)


def test_initrd_larger_than_memory(vambrace_asan, box):
    with open(box / "I", "wb") as f:
        f.truncate(1 << 32)
    refused(vambrace_asan, box, 1, ["--initrd I:", "--memory"], "--kernel", "K", "--initrd", "I")


def test_no_room_beside_the_kernel(vambrace_asan, box):
    (box / "K").write_bytes(image(image_size=8 << 20))
    (box / "I").write_bytes(bytes(1 << 20))
    args = ["--kernel", "K", "--memory", "8M"]
    refused(vambrace_asan, box, 1, ["device tree", "--memory"], *args)
    refused(vambrace_asan, box, 1, ["--initrd I:", "--memory"], *args, "--initrd", "I")


def test_disks(vambrace_asan, box):
    (box / "dir").mkdir()
    (box / "empty").touch()
    for name, words in [("missing", ["no such file", "truncate"]), ("dir", ["directory"]),
                        ("empty", ["empty"]), ("/dev/null", ["/dev/null"])]:
        refused(vambrace_asan, box, 1, ["--disk", *words], "--kernel", "K", "--disk", name)


def test_disk_in_use(vambrace, box):
    """Another VM has it; one may not write what the other reads."""
    (box / "W").write_bytes(image(uart([("w", 4, 0x09000000, 0x41)]) + WFI_LOOP))
    (box / "d").write_bytes(bytes(1 << 20))
    first = subprocess.Popen([vambrace, "run", "--kernel", "W", "--disk", "d"], cwd=box,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert first.stdout.read(1) == b"A"     # so it has its devices
        p = run(vambrace, box, "--kernel", "K", "--disk", "d")
        assert p.returncode == 1
        assert "--disk" in p.stderr and p.stderr.count("\n") == 1
    finally:
        first.terminate()
    assert first.wait(10) == 0


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_port_in_use(vambrace_asan, box, kind):
    with socket.socket(type=socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        if kind == "tcp":
            s.listen()
        port = s.getsockname()[1]
        refused(vambrace_asan, box, 1, ["-p", str(port), "in use"], "--kernel", "K", "--net", "user",
                "-p", f"{port}:22/{kind}")


USAGE = {
    "nothing": ([], ["--kernel"]),
    "unknown": (["--kernel", "K", "--turbo"], ["--turbo", "unknown"]),
    "unknown-short": (["--kernel", "K", "-q"], ["-q", "unknown"]),
    "twice": (["--kernel", "K", "--kernel", "K"], ["--kernel", "twice"]),
    "memory-twice": (["--kernel", "K", "--memory", "1G", "--memory", "2G"], ["--memory", "twice"]),
    "flag-twice": (["--kernel", "K", "--stats", "--stats"], ["--stats", "twice"]),
    "no-value": (["--kernel"], ["--kernel", "missing"]),
    "word": (["--kernel", "K", "word"], ["word"]),
    "cpu": (["--kernel", "K", "--cpu", "z80"], ["z80", "cortex-a57"]),
    "machine": (["--kernel", "K", "--machine", "pc"], ["pc", "virt"]),
    "engine": (["--kernel", "K", "--engine", "warp"], ["warp", "interp"]),
    "log-class": (["--kernel", "K", "-d", "in,nothing"], ["nothing", "guest_errors"]),
    "log-without-class": (["--kernel", "K", "-D", "log"], ["-D log", "-d"]),
    "disk-setting": (["--kernel", "K", "--disk", "d,turbo"], ["turbo", "readonly"]),
    "port": (["--kernel", "K", "--net", "user", "-p", "99999:1"], ["-p 99999:1"]),
    "port-without-net": (["--kernel", "K", "--net", "none", "-p", "2222:22"], ["--net user"]),
    "lockstep-smp": (["--kernel", "K", "--lockstep", "--cpus", "2"], ["--lockstep", "--cpus 1"]),
}


@pytest.mark.parametrize("name", USAGE)
def test_usage(vambrace_asan, box, name):
    args, words = USAGE[name]
    refused(vambrace_asan, box, 2, words, *args)


def test_files_that_cannot_be_written(vambrace_asan, box):
    for args, word in [(["--serial", "file:none/x"], "none/x"), (["-d", "in", "-D", "none/x"], "-D"),
                       (["--dump-dtb", "none/x"], "--dump-dtb")]:
        refused(vambrace_asan, box, 1, [word], "--kernel", "K", *args)


def test_no_file_appears_when_something_else_is_wrong(vambrace_asan, box):
    refused(vambrace_asan, box, 1, ["--disk"], "--kernel", "K", "--disk", "missing",
            "--serial", "file:serial", "-d", "in", "-D", "log")


def good_dtb(vambrace, box):
    assert run(vambrace, box, "--dump-dtb", "T").returncode == 0
    return (box / "T").read_bytes()


def test_device_trees(vambrace, vambrace_asan, box):
    good = good_dtb(vambrace, box)
    with open(box / "D", "wb") as f:
        f.truncate(64 << 20)
    refused(vambrace_asan, box, 1, ["--dtb D:", "2 MiB"], "--kernel", "K", "--dtb", "D")
    bad = [b"hello", good[:40], good[:-1], good[:len(good) // 2]]
    for at in (4, 8, 12, 16, 24, 32, 36):      # size, offsets, versions, sizes of the blocks
        bad.append(good[:at] + b"\x7f\xff\xff\xf0" + good[at + 4:])
    for data in bad:
        (box / "D").write_bytes(data)
        refused(vambrace_asan, box, 1, ["--dtb D:", "dtc"], "--kernel", "K", "--dtb", "D")
    (box / "D").write_bytes(good)
    assert run(vambrace, box, "--kernel", "K", "--dtb", "D").returncode == 0


VEXPRESS = {
    "kernel-64": (["--kernel", "K"], ["64-bit kernel", "cortex-a15"]),
    "dtb-of-virt": (["--kernel", "Z", "--dtb", "T"], ["--dtb T:", "another board (linux,dummy-virt)"]),
    "sd-missing": (["--kernel", "Z", "--sd", "none.img"], ["--sd:", "none.img", "no such file"]),
    "sd-size": (["--kernel", "Z", "--sd", "odd"], ["--sd:", "odd", "power of two"]),
    "sd-dir": (["--kernel", "Z", "--sd", "."], ["--sd:", "directory"]),
    "flash-missing": (["--kernel", "Z", "--flash", "none.bin"], ["--flash:", "none.bin"]),
    "flash-size": (["--kernel", "Z", "--flash", "odd"], ["--flash odd:", "67108864"]),
    "memory": (["--kernel", "Z", "--memory", "8M"], ["--memory"]),
}


@pytest.mark.parametrize("name", VEXPRESS)
def test_vexpress(vambrace, vambrace_asan, box, name):
    args, words = VEXPRESS[name]
    good_dtb(vambrace, box)
    (box / "Z").write_bytes(zimage(unpacked=7 << 20))
    (box / "odd").write_bytes(bytes(3 << 20))
    refused(vambrace_asan, box, 1, words, "--machine", "vexpress-a15", *args)


def test_widths(vambrace, vambrace_asan, box):
    (box / "Z").write_bytes(zimage())
    refused(vambrace_asan, box, 1, ["--kernel Z:", "32-bit", "--cpu max"], "--kernel", "Z", "--cpu", "max")
    refused(vambrace_asan, box, 1, ["--kernel K:", "64-bit", "aarch64=off"], "--kernel", "K",
            "--cpu", "cortex-a57,aarch64=off")
    assert run(vambrace, box, "--machine", "vexpress-a15", "--dump-dtb", "V").returncode == 0
    refused(vambrace_asan, box, 1, ["--dtb V:", "another board (arm,vexpress"], "--kernel", "K", "--dtb", "V")


def test_terminal_is_restored(vambrace, box):
    """On a real terminal: after a refusal and after a run its settings are what they were."""
    main, sub = pty.openpty()
    try:
        before = termios.tcgetattr(sub)
        for args, status in [(["--kernel", "missing"], 1), (["--kernel", "K"], 0),
                             (["--kernel", "K", "--disk", "missing"], 1)]:
            p = subprocess.run([vambrace, "run", *args], cwd=box, stdin=sub, stdout=sub,
                               stderr=subprocess.PIPE, timeout=20, check=False)
            assert p.returncode == status, p.stderr
            assert termios.tcgetattr(sub) == before
    finally:
        os.close(main)
        os.close(sub)


def uart(accesses):
    """Code for stores and loads of a size in bytes at an address."""
    store = {1: 0x39000001, 2: 0x79000001, 4: 0xb9000001, 8: 0xf9000001}
    load = {1: 0x39400002, 2: 0x79400002, 4: 0xb9400002, 8: 0xf9400002}
    code = []
    for kind, size, address, value in accesses:
        code += [0xd2800000 | (address & 0xffff) << 5, 0xf2a00000 | (address >> 16) << 5]
        code += [0xd2800001 | (value & 0xffff) << 5]
        code.append((store if kind == "w" else load)[size])
    return struct.pack(f"<{len(code)}I", *code)


def test_uart_takes_anything(vambrace, box):
    """Row 26: writes while disabled, all sizes, DMA registers: nothing breaks, bytes come out."""
    accesses = [("w", size, 0x09000000, 0x41) for size in (1, 2, 4, 8)]
    accesses += [("w", 4, 0x09000048, 7), ("r", 8, 0x09000018, 0), ("r", 8, 0x09000ff8, 0)]
    accesses += [("w", size, 0x09000000 + off, 0xffff) for off in range(8, 0x1000, 64)
                 for size in (1, 2, 4, 8) if off not in (0x30, 0x2c)]
    code = uart(accesses) + POWER_OFF
    (box / "U").write_bytes(image(code, size=max(4096, 64 + len(code))))
    p = run(vambrace, box, "--kernel", "U")
    assert (p.returncode, p.stderr) == (0, "")
    assert p.stdout == "AAAA"


def test_uart_storm(vambrace, box):
    """Row 26: a million characters in a row reach the other side, all of them."""
    code = struct.pack("<8I",
                       0xd2a12000,      # mov x0, #0x09000000
                       0x52800821,      # mov w1, #'A'
                       0x52884802,      # mov w2, #0x4240
                       0x72a001e2,      # movk w2, #0xf, lsl #16
                       0xb9401803,      # ldr w3, [x0, #0x18]
                       0x372fffe3,      # tbnz w3, #5, .-4: the FIFO is full
                       0xb9000001,      # str w1, [x0]
                       0x71000442)      # subs w2, w2, #1
    code += struct.pack("<I", 0x54ffff81) + POWER_OFF    # b.ne to the ldr
    (box / "S").write_bytes(image(code))
    p = run(vambrace, box, "--kernel", "S", timeout=60)
    assert p.returncode == 0
    assert p.stdout == "A" * 1000000


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("cpus", ["1", "4"])
def test_signals_end_cleanly(vambrace, box, name, cpus):
    (box / "W").write_bytes(image(uart([("w", 4, 0x09000000, 0x41)]) + WFI_LOOP))
    p = subprocess.Popen([vambrace, "run", "--kernel", "W", "--cpus", cpus, "--net", "user"],
                         cwd=box, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    assert p.stdout.read(1) == b"A"     # the guest runs
    p.send_signal(getattr(signal, name))
    out, err = p.communicate(timeout=20)
    assert (p.returncode, out, err) == (0, b"", b"")


def test_closed_terminal_ends_it(vambrace, box):
    (box / "W").write_bytes(image(uart([("w", 4, 0x09000000, 0x41)]) + WFI_LOOP))
    pid, main = pty.fork()
    if not pid:
        os.chdir(box)
        os.execv(vambrace, [str(vambrace), "run", "--kernel", "W"])
    assert os.read(main, 1) == b"A"
    os.close(main)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
