# SPDX-License-Identifier: GPL-2.0-only
"""A Debian with systemd: configured in a guest, booted from a disk to a login, halted.

The packages' own scripts run in the guest first (dpkg and its triggers, perl, shells,
thousands of short processes); what comes of it is then booted.  Both leave a file
system that e2fsck finds nothing wrong with.
"""
import os
import re
import shutil
import subprocess

import pytest

import fetch_rootfs
from bootrig import BUILD, Guest

pytestmark = pytest.mark.slow

CHROOT = ("chroot /mnt /usr/bin/env -i HOME=/root TERM=dumb "
          "PATH=/usr/sbin:/usr/bin:/sbin:/bin")


def check_disk(disk):
    """The file system is marked clean and is so."""
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    head = subprocess.run(["dumpe2fs", "-h", disk], env=env, capture_output=True, text=True,
                          check=True).stdout
    assert re.search(r"^Filesystem state: +clean$", head, re.M), head
    assert "needs_recovery" not in head, "the journal was not written back"
    p = subprocess.run(["e2fsck", "-fn", disk], env=env, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, check=False)
    assert p.returncode == 0, p.stdout


def copy_disk(source, target):
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", source, target], check=True)


def configure(guest, kind, **options):
    """The disk with the configured Debian; one guest makes it for all tests here.

    BOOT_KEEP=1 uses the one of an earlier run if there is one, for work on these tests.
    """
    out = os.path.join(BUILD, "guest-" + kind)
    fetch_rootfs.ensure(kind, os.path.join(BUILD, "cache"), out)
    disk = os.path.join(out, "configured.img")
    if os.environ.get("BOOT_KEEP") and os.path.exists(disk):
        return disk
    copy_disk(os.path.join(out, "disk.img"), disk + ".new")
    with Guest(f"{kind}-configure", guest=guest, cpus=2, memory="1G",
               disks=[disk + ".new"], **options) as g:
        g.wait_shell()
        g.serve()
        g.run("mount /dev/vda /mnt && for d in proc sys dev; do mount --bind /$d /mnt/$d; done")
        said = g.run(f"{CHROOT} /second-stage 2>&1", timeout=2400)
        count = int(re.search(r"^second-stage: (\d+) packages$", said, re.M).group(1))
        assert count > 90, said[-2000:]
        assert not re.search(r"error processing|Segmentation|Illegal instruction|Bus error", said)
        g.run("umount /mnt/dev /mnt/sys /mnt/proc /mnt && sync", timeout=120)
        g.check_kernel()
        g.poweroff()
    check_disk(disk + ".new")
    os.replace(disk + ".new", disk)
    return disk


@pytest.fixture(scope="module")
def configured(guest):
    return configure(guest, "systemd")


@pytest.fixture(scope="module")
def configured_armhf(guest_armhf):
    return configure(guest_armhf("armmp"), "systemd-armhf", machine="virt", cpu="cortex-a15")


def login(g):
    g.expect(r"vambrace login: ", 300)
    g.p.sendline("root")
    g.expect(r"root@vambrace:~# ", 60)
    g.serve()


def to_login_and_back(name, configured, guest, tmp_path, *, cpus, device="/dev/vda", isa="aarch64",
                      **options):
    """Login, a look around, halt; and once more with what was written before."""
    disk = str(tmp_path / "disk.img")
    initrd = str(tmp_path / "initrd.gz")
    copy_disk(configured, disk)
    fetch_rootfs.make_switch_initrd(guest, initrd)
    options |= {"sd": disk} if "mmc" in device else {"disks": [disk]}
    options |= {"guest": guest, "initrd": initrd, "cpus": cpus, "memory": "1G",
                "append": f"rdinit=/switch disk={device}"}
    try:
        with Guest(name, **options) as g:
            login(g)
            assert g.run("systemctl is-system-running --wait", timeout=300) == "running", \
                g.run("systemctl --failed --no-legend")
            assert g.run("nproc") == str(cpus)
            assert g.run("uname -m") == isa
            assert re.match(f"{device} +ext4 +rw,", g.run("findmnt -no SOURCE,FSTYPE,OPTIONS /"))
            assert "Debian GNU/Linux 12" in g.run("cat /etc/os-release")
            g.run("dpkg --verify", timeout=240)
            # What is written survives the halt; a file larger than the page cache's first
            # megabytes goes through many requests.
            digest = g.run("head -c 64M /dev/urandom > /root/data; sha256sum < /root/data",
                           timeout=240).split()[0]
            g.run("systemctl --quiet is-active systemd-journald systemd-udevd", timeout=30)
            g.check_kernel()
            g.poweroff("systemctl poweroff", timeout=180)
        check_disk(disk)
        with Guest(name + "-again", **options) as g:
            login(g)
            assert g.run("sha256sum < /root/data", timeout=240).split()[0] == digest
            g.poweroff("systemctl poweroff", timeout=180)
        check_disk(disk)
    finally:
        shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.mark.parametrize("cpus", [1, 2, 4])
def test_systemd(configured, guest, tmp_path, cpus):
    to_login_and_back(f"systemd-{cpus}", configured, guest, tmp_path, cpus=cpus)


@pytest.mark.parametrize("flavour,cpus", [("armmp", 1), ("armmp-lpae", 2), ("armmp", 4)])
def test_systemd_armhf(configured_armhf, guest_armhf, tmp_path, flavour, cpus):
    to_login_and_back(f"systemd-armhf-{flavour}-{cpus}", configured_armhf, guest_armhf(flavour),
                      tmp_path, cpus=cpus, isa="armv7l", machine="virt", cpu="cortex-a15")


@pytest.mark.parametrize("device,dtb,cpus", [("/dev/mmcblk0", False, 1), ("/dev/mmcblk0", True, 2),
                                             ("/dev/vda", True, 2)])
def test_systemd_vexpress(configured_armhf, guest_armhf, tmp_path, device, dtb, cpus):
    """From the SD card and from virtio-blk, with our device tree and with Debian's."""
    guest = guest_armhf("armmp")
    to_login_and_back(f"systemd-vexpress-{os.path.basename(device)}-{dtb}", configured_armhf,
                      guest, tmp_path, cpus=cpus, device=device, isa="armv7l",
                      machine="vexpress-a15",
                      dtb=os.path.join(guest, "vexpress-v2p-ca15-tc1.dtb") if dtb else None)


@pytest.mark.parametrize("cpus", [1, 4])
def test_systemd_compat(configured_armhf, guest, tmp_path, cpus):
    """A 64-bit kernel with a user space of 32 bits, all of it."""
    to_login_and_back(f"systemd-compat-{cpus}", configured_armhf, guest, tmp_path, cpus=cpus)
