# SPDX-License-Identifier: GPL-2.0-only
"""A small disk with Debian's hackbench and stress-ng, for guests that are to be busy while they move."""
import glob
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from bootrig import BUILD
import debian

# Debian's architecture of each guest's.
ARCHES = {"a64": "arm64", "a32": "armhf"}
PROGRAMS = ["hackbench", "stress-ng"]
# Theirs, and those of the libraries that they are linked with.
PACKAGES = """rt-tests stress-ng libc6 libgcc-s1 libnuma1 libapparmor1 libbsd0 libmd0 libcrypt1 libegl1 libgles2
libglvnd0 libgbm1 libdrm2 libexpat1 libffi8 libwayland-server0 libjpeg62-turbo libjudydebian1 libkmod2 liblzma5
libzstd1 libssl3 libsctp1 libxxhash0 zlib1g""".split()
# In place of selfcheck: each says when it is through, and begins anew.  All of it is bounded in work, not in time:
# stress-ng has a stressor fail that got no CPU within its time.
SCRIPT = """#!/bin/sh
mount -o ro /dev/vdb /mnt
for d in proc sys dev; do mount --bind /$d /mnt/$d; done
mount -t tmpfs tmp /mnt/tmp
again()
{
	while chroot /mnt "$@" >/tmp/$1.log 2>&1; do echo "load: $1"; done
	cat /tmp/$1.log
	echo "FAIL load $*"
}
again hackbench -g 1 -f 5 -l 20 &
again stress-ng --verify --temp-path /tmp --timeout 0 --cpu 1 --cpu-ops 5 --vm 1 --vm-bytes 4M --vm-ops 50 \\
	--timer 1 --timer-freq 200 --timer-ops 50 --switch 1 --switch-ops 200 --futex 1 --futex-ops 10 \\
	--fork 1 --fork-ops 3 &
exec /selfcheck "$@"
"""


def fetch(arch, packages, to):
    """Unpacks them; the lists are those of the cross builds."""
    apt = debian.Apt(os.path.join(BUILD, "cache/apt-cross-" + arch), arch)
    apt.use(debian.sources()[-1])
    if not apt.update():
        raise debian.Failure("apt could not fetch the lists of packages; is the network up?")
    for package in packages:
        subprocess.run(["dpkg-deb", "-x", apt.download(package), to], check=True)


def ensure(isa):
    """The disk's image, made once."""
    arch = ARCHES[isa]
    out = os.path.join(BUILD, "guest", f"load-{arch}.img")
    if os.path.exists(out):
        return out
    with tempfile.TemporaryDirectory() as d:
        packages, disk = os.path.join(d, "packages"), pathlib.Path(d, "disk")
        fetch(arch, PACKAGES, packages)
        for where in ("bin", "lib", "proc", "sys", "dev", "tmp"):
            (disk / where).mkdir(parents=True)
        for path in glob.glob(f"{packages}/**/*", recursive=True):
            name = os.path.basename(path)
            if name in PROGRAMS and os.access(path, os.X_OK) and os.path.isfile(path):
                shutil.copy(path, disk / "bin")
            elif re.search(r"\.so\.\d+$", name):
                shutil.copy(path, disk / "lib")
        new = f"{out}.{os.getpid()}"
        subprocess.run(["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", str(disk), new, "48M"],
                       check=True, stdout=subprocess.DEVNULL)
        os.replace(new, out)
    return out
