#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes the default guest: Debian's Arm kernel and an initrd with busybox.

    fetch_guest.py --cache DIR --out DIR [--flavour default|16k|armmp|armmp-lpae]

The 32-bit flavours have a zImage and the device tree of vexpress-a15.

The packages come through apt, from where this machine gets its own, with a
private state under the cache, so that the machine's package lists stay as they
are; no root is needed.  Nothing is done when the guest is there already.
"""
import argparse
import gzip
import hashlib
import io
import lzma
import os
import re
import shutil
import stat
import sys

from debian import Apt, Failure, deb_members, say, sources, write_file

TOOLS = os.path.dirname(os.path.abspath(__file__))

# What the guest can use, with what they need taken from the modules themselves.
MODULES = ["virtio_mmio", "virtio_blk", "virtio_net", "virtio_console", "virtio_rng",
           "ext4", "crc32c_generic"]
# What the devices of vexpress-a15 want.
BOARD_MODULES = ["smsc911x", "armmmci", "mmc_block", "ambakmi", "psmouse", "evdev"]
BOARD_DTB = "vexpress-v2p-ca15-tc1.dtb"
# Where those and their needs are; a module elsewhere would be named in the error.
MODULE_DIRS = re.compile(r"kernel/(drivers/(virtio|block|net|char|mmc|input|base)|net/core|"
                         r"fs/(ext4|jbd2)|fs|lib|crypto|arch/arm(64)?/crypto)/")

UDHCPC = """#!/bin/sh
case $1 in
bound|renew)
	ip addr flush dev "$interface"
	ip addr add "$ip/$mask" dev "$interface"
	[ -z "$router" ] || ip route add default via "${router%% *}" dev "$interface"
	for server in $dns; do
		echo "nameserver $server"
	done > /etc/resolv.conf ;;
esac
"""

# A signal to init would do, but init waits a second before it acts.
PROFILE = """PS1='\\w # '
alias ll='ls -l'
poweroff() { sync; busybox poweroff -f; }
reboot() { sync; busybox reboot -f; }
"""

INITTAB = "::once:/init shell\n"


def module_name(path):
    return os.path.basename(path).split(".ko")[0].replace("-", "_")


def module_needs(ko):
    m = re.search(rb"\0depends=([^\0]*)\0", ko)
    return [n.replace("-", "_") for n in m.group(1).decode().split(",") if n] if m else []


def read_kernel(deb):
    """The kernel, the release, the modules as {name: (path, contents)}, and the board's device tree."""
    image = release = dtb = None
    modules, builtin = {}, ""
    for path, f in deb_members(deb):
        m = re.match(r"(?:usr/)?lib/modules/([^/]+)/(kernel/.*\.ko(?:\.xz)?|modules\.builtin)$", path)
        if path.startswith("boot/vmlinuz-"):
            image = f.read()
        elif os.path.basename(path) == BOARD_DTB:
            dtb = f.read()
        elif m and m.group(2) == "modules.builtin":
            release, builtin = m.group(1), f.read().decode()
        elif m and MODULE_DIRS.match(m.group(2)):
            name = m.group(2).removesuffix(".xz")
            modules[module_name(name)] = (name, m.group(2), f.read())
            release = m.group(1)
    if not image or not release:
        raise Failure(f"{deb} has no kernel in it")
    if image[:2] == b"\x1f\x8b":
        image = gzip.decompress(image)
    return image, release, modules, {module_name(x) for x in builtin.split()}, dtb


def choose_modules(wanted, modules, builtin):
    """Those wanted and all they need: {name: (path, contents, names of needs)}."""
    chosen = {}

    def add(name):
        if name in chosen or name in builtin:
            return []
        if name not in modules:
            raise Failure(f"the kernel package has no module {name}")
        path, packed, data = modules[name]
        if packed.endswith(".xz"):
            data = lzma.decompress(data)
        chosen[name] = None
        needs = module_needs(data)
        for n in needs:
            add(n)
        chosen[name] = (path, data, needs)
        return needs

    for name in wanted:
        if name in modules or name in builtin:
            add(name)
        else:
            say(f"note: this kernel has no {name}")
    return chosen


def modules_dep(chosen):
    """modprobe wants all needs, the ones to load last first."""
    def closure(name, seen):
        for n in chosen[name][2]:
            if n in chosen and n not in seen:
                closure(n, seen)
                seen.append(n)
        return seen

    lines = []
    for name, (path, _, _) in chosen.items():
        needs = [chosen[n][0] for n in reversed(closure(name, []))]
        lines.append(f"{path}:" + "".join(" " + n for n in needs))
    return "\n".join(lines) + "\n"


class Cpio:
    """A newc archive, the format of initial RAM disks."""

    def __init__(self):
        self.out, self.ino, self.dirs = io.BytesIO(), 0, set()

    def entry(self, name, mode, data=b"", rdev=(0, 0)):
        self.ino += 1
        raw = name.encode() + b"\0"
        fields = [self.ino, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(raw), 0]
        self.out.write(b"070701" + b"".join(b"%08x" % f for f in fields) + raw)
        self.pad()
        self.out.write(data)
        self.pad()

    def pad(self):
        self.out.write(b"\0" * (-self.out.tell() % 4))

    def parents(self, name):
        parent = os.path.dirname(name)
        if parent and parent not in self.dirs:
            self.parents(parent)
            self.dirs.add(parent)
            self.entry(parent, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        self.parents(name)
        self.entry(name, stat.S_IFREG | mode, data)

    def finish(self):
        self.entry("TRAILER!!!", 0)
        return self.out.getvalue()


def make_initrd(busybox, release, chosen):
    cpio = Cpio()
    with open(os.path.join(TOOLS, "guest_init.sh"), "rb") as f:
        cpio.file("init", f.read(), 0o755)
    cpio.file("bin/busybox", busybox, 0o755)
    cpio.parents("dev/x")
    cpio.entry("dev/console", stat.S_IFCHR | 0o600, rdev=(5, 1))
    cpio.entry("dev/null", stat.S_IFCHR | 0o666, rdev=(1, 3))
    cpio.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    cpio.file("etc/group", b"root:x:0:\n")
    cpio.file("etc/hosts", b"127.0.0.1 localhost vambrace\n")
    cpio.file("etc/inittab", INITTAB.encode())
    cpio.file("etc/profile", PROFILE.encode())
    cpio.file("etc/udhcpc.script", UDHCPC.encode(), 0o755)
    base = f"lib/modules/{release}"
    for path, data, _ in chosen.values():
        cpio.file(f"{base}/{path}", data)
    cpio.file(f"{base}/modules.dep", modules_dep(chosen).encode())
    return gzip.compress(cpio.finish(), 6, mtime=0)


# Name: directory, architecture, metapackage, what it stands for.
FLAVOURS = {
    "default": ("", "arm64", "linux-image-arm64", r"linux-image-[0-9][^ ]*-arm64"),
    "16k": ("16k", "arm64", "linux-image-arm64-16k", r"linux-image-[0-9][^ ]*-arm64-16k"),
    "armmp": ("armmp", "armhf", "linux-image-armmp", r"linux-image-[0-9][^ ]*-armmp"),
    "armmp-lpae": ("armmp-lpae", "armhf", "linux-image-armmp-lpae",
                   r"linux-image-[0-9][^ ]*-armmp-lpae"),
}


def packages(args):
    """Paths of the kernel's and busybox' packages; without a network, those of the last time."""
    _, arch, meta, pattern = FLAVOURS[args.flavour]
    # The lists are the same for both 32-bit flavours.
    apt = Apt(os.path.join(args.cache, "apt-" + (arch if arch == "armhf" else args.flavour)), arch)
    record = os.path.join(apt.base, "last" if arch == "arm64" else "last-" + args.flavour)
    for entries in sources(args.flavour == "16k"):
        apt.use(entries)
        say(f"fetching Debian's lists of {arch} packages")
        if apt.update():
            paths = [apt.download(apt.real_package(meta, pattern)), apt.download("busybox-static")]
            write_file(record, "\n".join(paths).encode())
            return paths
    if os.path.exists(record):
        with open(record, encoding="utf-8") as f:
            paths = f.read().split("\n")
        if all(os.path.exists(p) for p in paths):
            say("no network: using the packages fetched before")
            return paths
    backports = " (Debian's backports are needed for it)" if args.flavour == "16k" else ""
    raise Failure("apt could not fetch the lists of packages; is the network up?" + backports)


def fetch(args, out):
    kernel_deb, busybox_deb = packages(args)
    say("unpacking the kernel")
    image, release, modules, builtin, dtb = read_kernel(kernel_deb)
    is32 = FLAVOURS[args.flavour][1] == "armhf"
    wanted = MODULES + (BOARD_MODULES if is32 else [])
    busybox = next((f.read() for path, f in deb_members(busybox_deb)
                    if path.endswith("bin/busybox")), None)
    if not busybox:
        raise Failure(f"{busybox_deb} has no busybox in it")
    say(f"making the initrd for Linux {release}")
    os.makedirs(out, exist_ok=True)
    write_file(os.path.join(out, "zImage" if is32 else "Image"), image)
    if is32:
        if not dtb:
            raise Failure(f"{kernel_deb} has no {BOARD_DTB} in it")
        write_file(os.path.join(out, BOARD_DTB), dtb)
    write_file(os.path.join(out, "initrd.gz"),
               make_initrd(busybox, release, choose_modules(wanted, modules, builtin)))
    write_file(os.path.join(out, "release"), release.encode() + b"\n")


def recipe():
    """Changes when what we would make changes."""
    h = hashlib.sha256()
    for name in ("debian.py", "fetch_guest.py", "guest_init.sh"):
        with open(os.path.join(TOOLS, name), "rb") as f:
            h.update(f.read())
    return h.hexdigest()


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--cache", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--flavour", choices=FLAVOURS, default="default")
    args = ap.parse_args()
    out = os.path.join(args.out, FLAVOURS[args.flavour][0])
    stamp = os.path.join(out, "stamp")
    if os.path.exists(stamp):
        with open(stamp, encoding="ascii") as f:
            if f.read() == recipe():
                os.utime(stamp)     # for make, which compares times
                return
    for tool in ("apt-get", "apt-cache", "dpkg-deb"):
        if not shutil.which(tool):
            sys.exit(f"vambrace: {tool} is missing; the guest is fetched on Debian, or boot your "
                     "own with build/vambrace run --kernel FILE")
    try:
        fetch(args, out)
        write_file(stamp, recipe().encode())
    except (Failure, OSError) as e:
        sys.exit(f"vambrace: the guest: {e}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
