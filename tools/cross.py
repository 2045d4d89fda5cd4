#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Builds vambrace for Arm hosts on another machine.

    cross.py ARCH --cache DIR --out DIR [--jobs N] [--fetch-only]

ARCH is arm64 or armhf.  Debian's libraries for it are unpacked under OUT/sysroot
(through apt with a private state, as fetch_guest.py does), Meson builds in
OUT/build, and OUT/dist gets a directory that runs anywhere, an initramfs
included: the program, the libraries it wants, and the loader that finds them
there.  Debian has no static libslirp, so the program is not static.
"""
import argparse
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys

import debian
from debian import Failure, say, write_file

TOOLS = os.path.dirname(os.path.abspath(__file__))

# Debian's name: the compiler's triplet, Meson's cpu_family and cpu, the loader.
ARCHES = {
    "arm64": ("aarch64-linux-gnu", "aarch64", "armv8-a", "ld-linux-aarch64.so.1"),
    "armhf": ("arm-linux-gnueabihf", "arm", "armv7-a", "ld-linux-armhf.so.3"),
}

# What we link with, and what that links with.
PACKAGES = ["libglib2.0-dev", "libglib2.0-0", "libpcre2-dev", "libpcre2-8-0", "libslirp-dev",
            "libslirp0", "libfdt-dev", "libfdt1", "zlib1g-dev", "zlib1g", "libzstd-dev",
            "libzstd1", "libpng-dev", "libpng16-16", "libc6", "libgcc-s1", "libatomic1"]

# The wrapper, because a loader's path in a program cannot be relative.
WRAPPER = """#!/bin/sh
here=${0%%/*}
[ "$here" != "$0" ] || here=$(dirname "$(command -v "$0")")
exec "$here/lib/%s" --library-path "$here/lib" "$here/lib/vambrace" "$@"
"""


def make_sysroot(arch, cache, sysroot):
    """Unpacks PACKAGES below sysroot."""
    apt = debian.Apt(os.path.join(cache, "apt-cross-" + arch), arch)
    # The release as it came out is enough, and its lists are whole while an archive is mirrored.
    apt.use(debian.sources()[-1])
    say(f"fetching Debian's lists of {arch} packages")
    if not apt.update():
        raise Failure("apt could not fetch the lists of packages; is the network up?")
    new = sysroot + ".new"
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    for package in PACKAGES:
        subprocess.run(["dpkg-deb", "-x", apt.download(package), new], check=True)
    shutil.rmtree(sysroot, ignore_errors=True)
    os.rename(new, sysroot)


def cross_file(arch, sysroot):
    triplet, family, cpu, _ = ARCHES[arch]
    lib = f"{sysroot}/usr/lib/{triplet}"
    # The compiler's own libc and headers come first: the sysroot's have no crt files.
    return f"""[binaries]
c = '{triplet}-gcc'
ar = '{triplet}-ar'
strip = '{triplet}-strip'
pkgconfig = 'pkg-config'

[properties]
sys_root = '{sysroot}'
pkg_config_libdir = ['{lib}/pkgconfig', '{sysroot}/usr/share/pkgconfig']

[built-in options]
c_args = ['-isystem', '{sysroot}/usr/include']
c_link_args = ['-L{lib}', '-Wl,-rpath-link,{lib}:{sysroot}/lib/{triplet}']

[host_machine]
system = 'linux'
cpu_family = '{family}'
cpu = '{cpu}'
endian = 'little'
"""


def needed(path):
    p = subprocess.run(["readelf", "-d", path], check=True, text=True, stdout=subprocess.PIPE)
    return re.findall(r"\(NEEDED\).*\[(.*)\]", p.stdout)


def bundle(arch, sysroot, program, dist):
    """The program with all it needs, below dist."""
    triplet, _, _, loader = ARCHES[arch]
    lib = os.path.join(dist, "lib")
    shutil.rmtree(dist, ignore_errors=True)
    os.makedirs(lib)
    queue, seen = [program], set()
    while queue:
        path = queue.pop()
        subprocess.run([f"{triplet}-strip", "-o", os.path.join(lib, os.path.basename(path)), path], check=True)
        for name in [*needed(path), loader]:
            if name in seen:
                continue
            seen.add(name)
            found = [p for d in ("lib", "usr/lib")
                     for p in glob.glob(os.path.join(sysroot, d, triplet, name))]
            if not found:
                raise Failure(f"{os.path.basename(path)} wants {name}, which no package in tools/cross.py has")
            queue.append(found[0])
    wrapper = os.path.join(dist, "vambrace")
    write_file(wrapper, (WRAPPER % loader).encode())
    os.chmod(wrapper, 0o755)


def build(args):
    out = os.path.abspath(args.out)
    sysroot, meson, cross = (os.path.join(out, n) for n in ("sysroot", "build", "cross.ini"))
    text = cross_file(args.arch, sysroot)
    stamp = os.path.join(out, "stamp")
    recipe = hashlib.sha256((text + " ".join(PACKAGES)).encode()).hexdigest()
    os.makedirs(out, exist_ok=True)
    if not os.path.exists(stamp) or open(stamp, encoding="ascii").read() != recipe:
        make_sysroot(args.arch, args.cache, sysroot)
        write_file(cross, text.encode())
        shutil.rmtree(meson, ignore_errors=True)
        write_file(stamp, recipe.encode())
    if args.fetch_only:
        return
    subprocess.run([os.path.join(TOOLS, "configure.sh"), meson, "--cross-file", cross, *args.meson],
                   cwd=os.path.dirname(TOOLS), check=True)
    subprocess.run(["ninja", "-C", meson, "-j", str(args.jobs), "vambrace"], check=True)
    program, dist = os.path.join(meson, "vambrace"), os.path.join(out, "dist")
    if not os.path.exists(dist) or os.path.getmtime(program) > os.path.getmtime(dist):
        bundle(args.arch, sysroot, program, dist)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("arch", choices=ARCHES)
    ap.add_argument("--cache", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--jobs", type=int, default=os.cpu_count())
    ap.add_argument("--meson", action="append", default=[], metavar="OPTION",
                    help="for Meson, for instance --meson=-Demu=disabled")
    ap.add_argument("--fetch-only", action="store_true", help="only make the sysroot and the cross file")
    try:
        build(ap.parse_args())
    except subprocess.CalledProcessError as e:
        sys.exit(f"vambrace: {os.path.basename(e.cmd[0])} failed")
    except (Failure, OSError) as e:
        sys.exit(f"vambrace: the cross build: {e}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
