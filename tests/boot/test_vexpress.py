# SPDX-License-Identifier: GPL-2.0-only
"""The devices that vexpress-a15 has of its own, driven by Debian's kernels, and the network of 32-bit guests."""
import contextlib
import hashlib
import http.server
import os
import socket
import struct
import subprocess
import threading
import time
import urllib.request
import zlib

import pytest

from bootrig import SLOWDOWN, Guest, free_port
from test_boot32 import DTB
from test_systemd import check_disk

WIDTH, HEIGHT = 1024, 768
FLASH1 = 0x0c000000
SECTOR = 256 << 10


class Handler(http.server.BaseHTTPRequestHandler):
    """Bytes that nobody can guess; as pixels, they leave the fourth byte to chance as well."""
    BLOB = os.urandom(WIDTH * HEIGHT * 4)

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.BLOB)))
        self.end_headers()
        self.wfile.write(self.BLOB)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def connected(name, **options):
    """A guest with a shell, its server's URL for the blob, and a port of the host that leads to its port 8000."""
    port = free_port()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, \
            Guest(name, forwards=[f"127.0.0.1:{port}:8000"], **options) as g:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        g.wait_shell()
        g.serve()
        yield g, f"http://10.0.2.2:{server.server_port}/", port
        g.check_kernel()
        g.poweroff()
        server.shutdown()


def check_network(g, driver, url, port):
    """Bytes both ways, compared: from the host's web server, and through the forwarded port."""
    assert os.path.basename(g.run("readlink /sys/class/net/eth0/device/driver")) == driver
    g.run("ping -c 3 10.0.2.2", timeout=30)
    out = g.run(f"mkdir -p /tmp/www && wget -q -O /tmp/blob {url} && sha256sum < /tmp/blob", timeout=120)
    assert out.split()[0] == hashlib.sha256(Handler.BLOB).hexdigest()
    digest = g.run("head -c 3145728 /dev/urandom > /tmp/www/data && sha256sum < /tmp/www/data && "
                   "httpd -p 8000 -h /tmp/www", timeout=60).split()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/data", timeout=120 * SLOWDOWN) as r:
        assert hashlib.sha256(r.read()).hexdigest() == digest


def paeth(a, b, c):
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]


def read_png(path):
    """Size and RGB bytes of an 8-bit colour PNG (RFC 2083)."""
    with open(path, "rb") as f:
        data = f.read()
    chunks, at = {}, 8
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        chunks[kind] = chunks.get(kind, b"") + data[at + 8:at + 8 + size]
        at += 12 + size
    width, height, depth, colour = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    assert (depth, colour) == (8, 2)
    raw, out, up = zlib.decompress(chunks[b"IDAT"]), bytearray(), bytes(width * 3)
    for y in range(height):
        kind, *line = raw[y * (width * 3 + 1):(y + 1) * (width * 3 + 1)]
        for x in range(width * 3):
            left, corner = (line[x - 3], up[x - 3]) if x >= 3 else (0, 0)
            guess = (0, left, up[x], (left + up[x]) // 2, paeth(left, up[x], corner) if kind == 4 else 0)[kind]
            line[x] = (line[x] + guess) & 0xff
        out += bytes(line)
        up = line
    return (width, height), bytes(out)


def command(control, *lines):
    """What the user does, by --control."""
    with socket.socket(socket.AF_UNIX) as s, s.makefile("rw", encoding="ascii") as f:
        s.settimeout(60 * SLOWDOWN)
        s.connect(control)
        for line in lines:
            f.write(line + "\n")
            f.flush()
            assert f.readline() == "ok\n", line


def check_screen(g, control, png):
    """The blob that the guest fetched, on the screen; pixels are 0x00RRGGBB in memory."""
    assert g.run("cat /sys/class/graphics/fb0/virtual_size /sys/class/graphics/fb0/stride") == "1024,768\n4096"
    g.run("cat /tmp/blob > /dev/fb0")
    command(control, "screenshot")
    end = time.monotonic() + 20 * SLOWDOWN
    while not os.path.exists(png) or open(png, "rb").read()[-8:-4] != b"IEND":
        assert time.monotonic() < end, "no screenshot"
        time.sleep(0.1)
    blob = Handler.BLOB
    want = bytearray(WIDTH * HEIGHT * 3)
    want[0::3], want[1::3], want[2::3] = blob[2::4], blob[1::4], blob[0::4]
    assert read_png(png) == ((WIDTH, HEIGHT), bytes(want))


def events(g, fd, count):
    """(type, code, value) of that many input events."""
    raw = bytes.fromhex(g.run(f"dd bs=16 count={count} <&{fd} 2>/dev/null | xxd -p | tr -d '\\n'"))
    return [struct.unpack_from("<HHi", raw, i + 8) for i in range(0, len(raw), 16)]


def check_input(g, control):
    """Keys and movements of the host's, as evdev tells them (linux/input-event-codes.h)."""
    g.run("modprobe evdev && modprobe psmouse && modprobe ambakmi")
    for fd, name in ((7, "AT Raw Set 2 keyboard"), (8, "ImPS/2 Generic Wheel Mouse")):
        g.run(f"for i in $(seq 100); do grep -lxF '{name}' /sys/class/input/event*/device/name && break; "
              "usleep 100000; done > /tmp/found; grep -q . /tmp/found")
        node = g.run("cut -d/ -f5 /tmp/found")
        g.run(f"exec {fd}</dev/input/{node}")
    command(control, "key 30", "key 103 down", "key 103 up")
    got = [e for e in events(g, 7, 12) if e[0] == 1]
    assert got == [(1, 30, 1), (1, 30, 0), (1, 103, 1), (1, 103, 0)]
    command(control, "mouse 5 -3 1 1")
    assert sorted(events(g, 8, 5)) == [(0, 0, 0), (1, 0x110, 1), (2, 0, 5), (2, 1, 3), (2, 8, -1)]
    command(control, "mouse 0 0 0 0")
    assert events(g, 8, 2) == [(1, 0x110, 0), (0, 0, 0)]


def flash_do(g, address, *words):
    g.run(" && ".join(f"devmem {address:#x} 32 {w:#x}" for w in words))


def flash_read(g, address):
    return int(g.run(f"devmem {address:#x} 32"), 16)


def check_flash(g, before):
    """Intel's commands, for both chips of the 32-bit bus at once; Debian's kernels have no driver for them."""
    at = FLASH1 + 3 * SECTOR
    assert flash_read(g, at) == struct.unpack_from("<I", before, 3 * SECTOR)[0]
    flash_do(g, FLASH1 + 4 * 0x55, 0x00980098)
    assert [flash_read(g, FLASH1 + 4 * i) for i in (0x10, 0x11, 0x12)] == [0x00510051, 0x00520052, 0x00590059]
    # A locked sector stays as it is; then unlock, erase and program.
    flash_do(g, at, 0x00200020, 0x00d000d0)
    assert flash_read(g, at) & 0x00220022 == 0x00220022
    flash_do(g, at, 0x00500050, 0x00600060, 0x00d000d0, 0x00200020, 0x00d000d0)
    assert flash_read(g, at) == 0x00800080
    flash_do(g, at, 0x00ff00ff)
    assert flash_read(g, at) == 0xffffffff
    flash_do(g, at + 8, 0x00400040, 0x12345678)
    flash_do(g, at + 8, 0x00ff00ff)
    assert flash_read(g, at + 8) == 0x12345678


def check_card(g):
    g.run("mount -t ext4 /dev/mmcblk0 /mnt")
    assert g.run("cat /mnt/hello") == "from the host"
    digest = g.run("cp /tmp/blob /mnt/copy && sync && echo 3 > /proc/sys/vm/drop_caches && "
                   "sha256sum < /mnt/copy", timeout=120).split()[0]
    assert digest == hashlib.sha256(Handler.BLOB).hexdigest()
    g.run("umount /mnt")


def make_card(tmp_path):
    path = str(tmp_path / "card.img")
    (tmp_path / "root").mkdir()
    (tmp_path / "root/hello").write_text("from the host\n", encoding="ascii")
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    subprocess.run(["mkfs.ext4", "-q", "-d", str(tmp_path / "root"), path, "64M"], env=env, check=True)
    return path


def check_card_after(card):
    check_disk(card)
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    copy = subprocess.run(["debugfs", "-R", "cat /copy", card], env=env, capture_output=True, check=True).stdout
    assert copy == Handler.BLOB


def all_devices(name, guest, tmp_path, cpus):
    """Network by virtio, screen, keyboard and mouse, flash, SD card; what the last two keep is looked at afterwards."""
    card, flash = make_card(tmp_path), str(tmp_path / "flash1")
    control, png = str(tmp_path / "control"), str(tmp_path / "screen.png")
    before = os.urandom(8 * SECTOR)
    with open(flash, "wb") as f:
        f.write(before)
        f.truncate(64 << 20)
    with open(flash + ".0", "wb") as f:
        f.truncate(64 << 20)
    with connected(name, guest=guest, machine="vexpress-a15", cpus=cpus, net="user", sd=card,
                   append="vt.global_cursor_default=0",
                   extra=["--flash", flash + ".0", "--flash", flash, "--control", control,
                          "--screenshot", png]) as (g, url, port):
        check_network(g, "virtio_net", url, port)
        check_screen(g, control, png)
        check_input(g, control)
        check_flash(g, before)
        check_card(g)
    check_card_after(card)
    with open(flash, "rb") as f:
        after = f.read(8 * SECTOR)
    assert after[:3 * SECTOR] == before[:3 * SECTOR] and after[4 * SECTOR:] == before[4 * SECTOR:]
    want = bytearray(b"\xff" * SECTOR)
    want[8:12] = struct.pack("<I", 0x12345678)
    assert after[3 * SECTOR:4 * SECTOR] == want


def test_devices(guest_armhf, tmp_path):
    all_devices("vexpress-devices", guest_armhf("armmp"), tmp_path, 2)


@pytest.mark.slow
def test_devices_lpae(guest_armhf, tmp_path):
    all_devices("vexpress-devices-lpae", guest_armhf("armmp-lpae"), tmp_path, 4)


def network(flavour, guest, machine, cpu, model, dtb=False):
    driver = {"virtio": "virtio_net", "lan9118": "smsc911x"}[model]
    with connected(f"network-{flavour}-{machine}-{model}-{dtb}", guest=guest, machine=machine, cpu=cpu, cpus=2,
                   net=f"user,model={model}", dtb=os.path.join(guest, DTB) if dtb else None) as (g, url, port):
        check_network(g, driver, url, port)


def test_lan9118(guest_armhf):
    network("armmp", guest_armhf("armmp"), "vexpress-a15", None, "lan9118")


@pytest.mark.slow
@pytest.mark.parametrize("flavour", ["armmp", "armmp-lpae"])
@pytest.mark.parametrize("machine,cpu,model,dtb", [
    ("virt", "cortex-a15", "virtio", False), ("vexpress-a15", None, "virtio", True),
    ("vexpress-a15", None, "lan9118", True), ("vexpress-a15", None, "lan9118", False)])
def test_network(guest_armhf, flavour, machine, cpu, model, dtb):
    network(flavour, guest_armhf(flavour), machine, cpu, model, dtb)
