#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes the root file systems of the long tests.

    fetch_rootfs.py --cache DIR --out DIR tools|systemd|tools-armhf|systemd-armhf

tools:   Debian's arm64 test programs, unpacked but not configured, as DIR/disk.img.
systemd: a minbase Debian with systemd, unpacked but not configured, as DIR/disk.img,
         with its packages in /var/cache/apt/archives and a /second-stage that
         configures it; this is for a guest to do.
The same of 32-bit Debian have -armhf at the end of their names.

mmdebstrap fetches from where this machine's apt gets its packages; no root is
needed and nothing is emulated.  Both images are ext4 and sparse.  Nothing is
done when the image is there already.
"""
import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

import debian
from debian import Failure, say
from fetch_guest import Cpio

TOOLS = ["busybox-static", "bash", "dash", "coreutils", "util-linux", "grep", "sed", "mawk",
         "findutils", "procps", "e2fsprogs", "rt-tests", "stress-ng", "iperf3", "fio",
         "redis-server", "luajit", "openssl", "python3", "libpython3.11-testsuite", "sqlite3"]
SYSTEMD = ["?essential", "?priority(required)", "apt", "systemd-sysv", "udev", "iproute2"]

# What mmdebstrap does after unpacking, done in a guest: dpkg knows of no package yet.
SECOND_STAGE = """#!/bin/sh
# Run once, with proc, sys and dev mounted; exits 0 when all packages are configured.
set -e
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true LC_ALL=C
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
cd /var/cache/apt/archives
# No service may start here.
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
: > /var/lib/dpkg/status
essential=
for deb in *.deb; do
	if [ "$(dpkg-deb -f "$deb" Essential)" = yes ]; then
		essential="$essential $deb"
	fi
done
echo "second-stage: essential packages"
dpkg --force-depends --install $essential
echo "second-stage: all others"
dpkg --force-depends --unpack --skip-same-version *.deb
dpkg --configure -a
rm -f *.deb /usr/sbin/policy-rc.d
audit=$(dpkg --audit)
echo "$audit"
[ -z "$audit" ]
passwd -d root
echo vambrace > /etc/hostname
printf '127.0.0.1 localhost vambrace\\n' > /etc/hosts
# The disk may be one of several kinds.
echo 'LABEL=vambrace / ext4 errors=remount-ro 0 1' > /etc/fstab
rm -f /etc/machine-id
: > /etc/machine-id
rm /second-stage
echo "second-stage: $(dpkg-query -W | wc -l) packages"
"""

# For the initrd, before Debian's own init: guest_init.sh does not switch roots.
SWITCH_INIT = """#!/bin/busybox sh
busybox=/bin/busybox
export PATH=/bin
$busybox --install -s /bin
mkdir -p /proc /sys /dev /root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
for m in virtio_mmio virtio_blk crc32c_generic ext4 virtio_net virtio-rng virtio_console; do
	modprobe $m
done
if grep -q vexpress /proc/device-tree/compatible; then
	for m in armmmci mmc_block smsc911x; do
		modprobe $m
	done
fi
# From the command line of the kernel.
[ -n "$disk" ] || disk=/dev/vda
i=0
while [ ! -b $disk ] && [ $i -lt 100 ]; do
	sleep 0.1
	i=$((i+1))
done
mount -t ext4 -o ro $disk /root || exec sh
mount --move /dev /root/dev
mount --move /sys /root/sys
mount --move /proc /root/proc
exec switch_root /root /sbin/init
"""

SYSTEMD_OPTIONS = ["--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
                   "--skip=cleanup/apt/cache"]

# name: (architecture, packages, mmdebstrap's further options, bytes of the image)
KINDS = {
    "tools": ("arm64", TOOLS, [], 1 << 30),
    "systemd": ("arm64", SYSTEMD, SYSTEMD_OPTIONS, 2 << 30),
    "tools-armhf": ("armhf", TOOLS, [], 1 << 30),
    "systemd-armhf": ("armhf", SYSTEMD, SYSTEMD_OPTIONS, 2 << 30),
}


def source_lines():
    """This machine's own source of the main suite, as mmdebstrap reads it."""
    code = debian.codename()
    own = debian.debian_sources([code])
    if not own:
        raise Failure(f"apt's sources on this machine have no entry for {code} main; "
                      "add Debian's own")
    return code, "\n".join(
        f"deb {f'[signed-by={signed}] ' if signed.startswith('/') else ''}{uri} {suite} main"
        for uri, suite, signed in own) + "\n"


def unpack(kind, tar):
    arch, packages, options, _ = KINDS[kind]
    code, sources = source_lines()
    cmd = ["mmdebstrap", "--quiet", "--arch=" + arch, "--mode=auto", "--variant=extract",
           "--skip=check/qemu", "--format=tar", *("--include=" + p for p in packages),
           *options, code, tar + ".new", "-"]
    say(f"fetching and unpacking packages for {kind}")
    if subprocess.run(cmd, input=sources, text=True, check=False).returncode:
        raise Failure("mmdebstrap failed; is the network up?")
    os.replace(tar + ".new", tar)


def make_image(tar, extra, size, image):
    """An ext4 image with what is in the archive and some files more: {path: (mode, text)}."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(image)) as work:
        root, more = os.path.join(work, "root"), os.path.join(work, "more")
        os.mkdir(root)
        for path, (mode, text) in extra.items():
            name = os.path.join(more, path)
            os.makedirs(os.path.dirname(name), exist_ok=True)
            with open(name, "w", encoding="utf-8") as f:
                f.write(text)
            os.chmod(name, mode)
        # /dev comes from the guest's kernel.
        script = ('tar -C "$1" --exclude="./dev/*" -xf "$2" && { [ ! -d "$3" ] || '
                  'tar -C "$3" --owner=0 --group=0 -cf - . | tar -C "$1" --keep-directory-symlink '
                  '-xf -; } && truncate -s "$5" "$4.new" && mke2fs -q -F -t ext4 -L vambrace -d "$1" "$4.new"')
        cmd = ["sh", "-c", script, "sh", root, os.path.abspath(tar), more, os.path.abspath(image),
               str(size)]
        if os.geteuid():
            cmd = ["fakeroot", *cmd]
        env = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if subprocess.run(cmd, check=False, env=env).returncode:
            raise Failure("could not make the image")
    os.replace(image + ".new", image)


def make_switch_initrd(guest, out):
    """The guest's initrd with an init that goes on to that of a disk: /dev/vda, or disk=."""
    cpio = Cpio()
    cpio.file("switch", SWITCH_INIT.encode(), 0o755)
    with open(os.path.join(guest, "initrd.gz"), "rb") as f:
        base = f.read()
    # The kernel takes several archives in a row, each padded to four bytes.
    base += b"\0" * (-len(base) % 4)
    debian.write_file(out, base + gzip.compress(cpio.finish(), 6, mtime=0))


def recipe():
    h = hashlib.sha256()
    with open(os.path.abspath(__file__), "rb") as f:
        h.update(f.read())
    return h.hexdigest()


def fetch(kind, cache, out):
    for tool in ("mmdebstrap", "mke2fs") + (("fakeroot",) if os.geteuid() else ()):
        if not shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            raise Failure(f"{tool} is missing; tools/setup.sh test installs it")
    os.makedirs(cache, exist_ok=True)
    os.makedirs(out, exist_ok=True)
    _, packages, options, size = KINDS[kind]
    # The archive outlives changes of this file that do not concern it.
    key = hashlib.sha256(repr((packages, options)).encode()).hexdigest()[:12]
    tar = os.path.join(cache, f"rootfs-{kind}-{key}.tar")
    if not os.path.exists(tar):
        unpack(kind, tar)
    say(f"making the image of {kind}")
    extra = {"second-stage": (0o755, SECOND_STAGE)} if kind.startswith("systemd") else {}
    make_image(tar, extra, size, os.path.join(out, "disk.img"))


def ensure(kind, cache, out):
    """Makes the image unless it is there; raises Failure or OSError."""
    stamp = os.path.join(out, "stamp")
    if os.path.exists(stamp):
        with open(stamp, encoding="ascii") as f:
            if f.read() == recipe():
                return
    fetch(kind, cache, out)
    debian.write_file(stamp, recipe().encode())


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--cache", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("kind", choices=KINDS)
    args = ap.parse_args()
    try:
        ensure(args.kind, args.cache, args.out)
    except (Failure, OSError) as e:
        sys.exit(f"vambrace: the root file system: {e}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
