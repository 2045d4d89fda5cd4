# SPDX-License-Identifier: GPL-2.0-only
"""Linux's own drivers of what Debian leaves out, on Debian's kernel: NOR flash and sound of vexpress-a15.

The modules are built from Debian's source of the very kernel that loads them.
"""
import glob
import gzip
import os
import re
import subprocess

import pytest

import debian
import fetch_guest
import fetch_hyp
from bootrig import BUILD, SLOWDOWN, Guest

pytestmark = pytest.mark.slow

SOURCES = ["sound/arm/aaci.c", "sound/arm/aaci.h", "drivers/mtd/chips/cfi_probe.c", "drivers/mtd/chips/gen_probe.c",
           "drivers/mtd/chips/cfi_util.c", "drivers/mtd/chips/cfi_cmdset_0001.c", "drivers/mtd/chips/fwh_lock.h",
           "drivers/mtd/maps/physmap-core.c", "drivers/mtd/maps/physmap-bt1-rom.h",
           "drivers/mtd/maps/physmap-gemini.h", "drivers/mtd/maps/physmap-ixp4xx.h",
           "drivers/mtd/maps/physmap-versatile.h"]
KBUILD = """obj-m := aaci.o cfi_probe.o gen_probe.o cfi_util.o cfi_cmdset_0001.o physmap-core.o
ccflags-y := -DCONFIG_MTD_PHYSMAP_OF=1 -DCONFIG_MTD_CFI_MODULE=1 -DCONFIG_MTD_CFI_INTELEXT_MODULE=1
"""
# In the order in which they are loaded.
FLASH = ["cfi_util", "gen_probe", "cfi_probe", "cfi_cmdset_0001", "map_ram", "physmap-core"]
SOUND = ["soundcore", "snd", "snd-timer", "snd-pcm", "ac97_bus", "snd-ac97-codec", "aaci"]
CROSS = "arm-linux-gnueabihf-"
OFFSET, SECTOR = 0x80000, 0x40000


def fetch_sources(hyp, cache, out):
    """The files of SOURCES, of the version that hyp's headers are of."""
    with open(os.path.join(hyp, "release"), encoding="ascii") as f:
        package = "linux-source-" + ".".join(f.read().split(".")[:2])
    apt = debian.Apt(os.path.join(cache, "apt-hyp-armhf"), "armhf")
    top = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", apt.download(package)], stdout=subprocess.PIPE)
    packed = subprocess.Popen(["tar", "-xO", "--wildcards", "*.tar.xz"], stdin=top.stdout, stdout=subprocess.PIPE)
    subprocess.run(["tar", "-xJ", "-C", out, "--transform", "s,.*/,,"] + [f"{package}/{name}" for name in SOURCES],
                   stdin=packed.stdout, check=True)
    assert packed.wait() == 0 and top.wait() == 0
    for name in glob.glob(os.path.join(out, "*.c")):
        with open(name, encoding="utf-8") as f:
            text = f.read()
        # Tables for depmod; this machine's modpost takes them for those of a 64-bit kernel.
        with open(name, "w", encoding="utf-8") as f:
            f.write(re.sub(r"^MODULE_DEVICE_TABLE.*\n", "", text, flags=re.M))


@pytest.fixture(scope="module")
def initrd(guest_armhf, tmp_path_factory):
    """The ordinary initrd of armmp with /extra: modules and the program that uses their devices."""
    cache, work = os.path.join(BUILD, "cache"), str(tmp_path_factory.mktemp("drivers"))
    fetch_hyp.ensure(cache, os.path.join(BUILD, "hyp"), "armmp")
    hyp = os.path.join(BUILD, "hyp/armmp")
    fetch_sources(hyp, cache, work)
    with open(os.path.join(work, "Makefile"), "w", encoding="ascii") as f:
        f.write(KBUILD)
    subprocess.run(["make", "-s", "-C", os.path.realpath(os.path.join(hyp, "headers")), "ARCH=arm",
                    "CROSS_COMPILE=" + CROSS, "M=" + work, "modules"], check=True)
    program = os.path.join(work, "drivers")
    subprocess.run([CROSS + "gcc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-O1", "-static", "-o", program,
                    os.path.join(os.path.dirname(os.path.abspath(__file__)), "vexpress_drivers.c")], check=True)
    subprocess.run([CROSS + "strip", "-g", *glob.glob(work + "/*.ko")], check=True)
    cpio = fetch_guest.Cpio()
    for name in FLASH + SOUND:
        path = os.path.join(work, name + ".ko")
        if not os.path.exists(path):
            path, = glob.glob(f"{hyp}/lib/modules/*/kernel/**/{name}.ko", recursive=True)
        with open(path, "rb") as f:
            cpio.file(f"extra/{name}.ko", f.read())
    with open(program, "rb") as f:
        cpio.file("extra/drivers", f.read(), 0o755)
    out = os.path.join(work, "initrd.gz")
    with open(os.path.join(guest_armhf("armmp"), "initrd.gz"), "rb") as f, open(out, "wb") as g:
        g.write(f.read() + gzip.compress(cpio.finish(), 1))
    return out


def load(g, modules):
    g.run(" && ".join(f"insmod /extra/{m}.ko" for m in modules), timeout=120)


def test_drivers(guest_armhf, initrd, tmp_path):
    flash = str(tmp_path / "flash")
    for name in (flash, flash + "1"):
        with open(name, "wb") as f:
            f.write(os.urandom(2 * OFFSET))
            f.truncate(64 << 20)
    before = open(flash, "rb").read(2 * OFFSET)
    guest = guest_armhf("armmp")
    # The release's kernel may be newer than the headers' if the archive moved on between the two.
    with open(os.path.join(guest, "release"), encoding="ascii") as f, \
            open(os.path.join(BUILD, "hyp/armmp/release"), encoding="ascii") as g:
        assert f.read().strip() == g.read().strip()
    with Guest("vexpress-drivers", guest=guest, initrd=initrd, machine="vexpress-a15",
               extra=["--flash", flash, "--flash", flash + "1"]) as g:
        g.wait_shell()
        g.serve()
        load(g, FLASH)
        # Both flashes as one device, and the PSRAM.
        assert re.search(r"^mtd0: 08000000 00040000 ", g.run("cat /proc/mtd"), re.M)
        assert g.run(f"/extra/drivers flash /dev/mtd0 {OFFSET}", timeout=120) == "size 0x8000000 sector 0x40000"
        load(g, SOUND)
        assert "ARM AC'97 Interface PL041" in g.run("cat /proc/asound/cards")
        for device, rate in (("pcmC0D0p", 48000), ("pcmC0D0p", 8000), ("pcmC0D0c", 48000)):
            took, restarts = g.run(f"/extra/drivers sound /dev/snd/{device} {rate} 2", timeout=120).split()
            # A host under load makes it longer, nothing makes it shorter than what the FIFO holds.
            assert 1.9 < float(took) < 2.5 * SLOWDOWN + 3 + 0.2 * int(restarts), (device, rate, took, restarts)
        g.check_kernel()
        g.poweroff()
    after = open(flash, "rb").read(2 * OFFSET)
    assert after[:OFFSET] == before[:OFFSET]
    assert after[OFFSET:OFFSET + SECTOR] == bytes((i * 7 + (i >> 8)) & 0xff for i in range(SECTOR))
    assert after[OFFSET + SECTOR:] == before[OFFSET + SECTOR:]
