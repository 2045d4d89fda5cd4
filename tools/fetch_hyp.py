#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Fetches what a kernel module is built against, and the kernels that load it.

    fetch_hyp.py --cache DIR --out DIR FLAVOUR...

DIR/root gets the headers of Debian's kernels with the build tools of this
machine's own architecture, DIR/FLAVOUR the kernel (zImage or Image, the board's
device tree, lib/modules), busybox and `headers`, a link to the directory that
Kbuild wants.  armmp-thumb2 is armmp with CONFIG_THUMB2_KERNEL: to compile only,
no such kernel is in Debian.  arm64 and 6.12-arm64 are hosts with a KVM of their own.
"""
import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys

from debian import Apt, Failure, deb_members, say, sources, write_file

TOOLS = os.path.dirname(os.path.abspath(__file__))

# Name: architecture, what Debian calls the flavour, whether it comes from backports, options set on top.
FLAVOURS = {
    "armmp": ("armhf", "armmp", False, {}),
    "armmp-lpae": ("armhf", "armmp-lpae", False, {}),
    "6.12-armmp": ("armhf", "armmp", True, {}),
    "6.12-armmp-lpae": ("armhf", "armmp-lpae", True, {}),
    "armmp-thumb2": ("armhf", "armmp", False, {"CONFIG_THUMB2_KERNEL": "y"}),
    "arm64": ("arm64", "arm64", False, {}),
    "6.12-arm64": ("arm64", "arm64", True, {}),
}
BOARD_DTB = "vexpress-v2p-ca15-tc1.dtb"
CROSS = {"armhf": ["ARCH=arm", "CROSS_COMPILE=arm-linux-gnueabihf-"],
         "arm64": ["ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-"]}


def depends(apt, package):
    return re.findall(r"Depends: (\S+)$", apt.output("apt-cache", "depends", package), re.M)


def open_archives(cache, arch, backports):
    """apt for the kernels, and for the tools that run here."""
    host = subprocess.run(["dpkg", "--print-architecture"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()
    suffix = "-backports" if backports else ""
    pair = []
    for name, of in (("hyp-" + arch, arch), ("hyp-host", host)):
        apt = Apt(os.path.join(cache, "apt-" + name + suffix), of)
        for entries in sources(backports):
            apt.use(entries)
            say(f"fetching Debian's lists of {of} packages")
            if apt.update():
                break
        else:
            raise Failure("apt could not fetch the lists of packages; is the network up?")
        pair.append(apt)
    return pair


def resolve(apt, flavour):
    """Package names: kernel, headers, common headers, build tools."""
    _, debian, backports, _ = FLAVOURS[flavour]
    # Backports have a lower priority than the release: ask for their metapackage by suite.
    meta = "linux-headers-" + debian
    known = apt.output("apt-cache", "show", "--no-all-versions",
                       meta + ("/" + backports_suite(apt) if backports else ""))
    headers = re.findall(rf"^Depends:.*?(linux-headers-[0-9][^ ,]*-{debian})\b", known, re.M)
    if not headers:
        raise Failure(f"the package lists have no {meta}; is this Debian 12 with its main archive?")
    needs = depends(apt, headers[0])
    common = [n for n in needs if n.endswith("-common")]
    kbuild = [n for n in needs if n.startswith("linux-kbuild-")]
    if not common or not kbuild:
        raise Failure(f"{headers[0]} depends on no common headers or no build tools")
    return headers[0].replace("headers", "image", 1), headers[0], common[0], kbuild[0]


def backports_suite(apt):
    with open(apt.sources, encoding="ascii") as f:
        return re.search(r"^Suites: (\S+-backports)$", f.read(), re.M).group(1)


def unpack(deb, root):
    """Once for each version of the package; the record is kept beside what was unpacked."""
    mark = os.path.join(root, ".unpacked", os.path.basename(deb))
    if os.path.exists(mark):
        return
    say(f"unpacking {os.path.basename(deb)}")
    if subprocess.run(["dpkg-deb", "-x", deb, root], check=False).returncode:
        raise Failure(f"{deb} is broken; remove it and try again")
    os.makedirs(os.path.dirname(mark), exist_ok=True)
    write_file(mark, b"")


def relocate(headers):
    """The one absolute path of the headers, made relative, so that the tree may be moved."""
    path = os.path.join(headers, "Makefile")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    here = "$(dir $(realpath $(lastword $(MAKEFILE_LIST))))"
    write_file(path, re.sub(r"^include /usr/src/", f"include {here}../", text, flags=re.M).encode())


def variant(headers, options, name):
    """A copy of the headers with some options changed and everything made from them made again."""
    copy = headers + "-" + name
    done = os.path.join(copy, ".vambrace")
    if os.path.exists(done):
        return copy
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(headers, copy, symlinks=True)
    changed = set(options)
    with open(os.path.join(copy, ".config"), encoding="utf-8") as f:
        lines = [x for x in f.read().splitlines()
                 if re.sub(r"^# | is not set$|=.*", "", x) not in changed]
    lines += [f"{k}={v}" for k, v in options.items()]
    write_file(os.path.join(copy, ".config"), ("\n".join(lines) + "\n").encode())
    # Debian's headers carry no Kconfig files: edit what Kconfig would have made.
    with open(os.path.join(copy, "include/config/auto.conf"), "a", encoding="utf-8") as f:
        f.writelines(f"{k}={v}\n" for k, v in options.items())
    with open(os.path.join(copy, "include/generated/autoconf.h"), "a", encoding="utf-8") as f:
        f.writelines(f"#undef {k}\n#define {k} 1\n" for k in options)
    write_file(done, b"")
    return copy


def take_kernel(deb, out, arch):
    """The kernel, the board's device tree and the directory of modules."""
    shutil.rmtree(os.path.join(out, "lib"), ignore_errors=True)
    release = None
    for path, f in deb_members(deb):
        m = re.match(r"(?:usr/)?(lib/modules/([^/]+)/.*)", path)
        if path.startswith("boot/vmlinuz-"):
            write_file(os.path.join(out, "zImage" if arch == "armhf" else "Image"), f.read())
        elif os.path.basename(path) == BOARD_DTB:
            write_file(os.path.join(out, BOARD_DTB), f.read())
        elif m:
            name = os.path.join(out, m.group(1))
            os.makedirs(os.path.dirname(name), exist_ok=True)
            write_file(name, f.read())
            release = m.group(2)
    if not release:
        raise Failure(f"{deb} has no kernel in it")
    write_file(os.path.join(out, "release"), release.encode() + b"\n")


def take_busybox(deb, out):
    busybox = next((f.read() for path, f in deb_members(deb) if path.endswith("bin/busybox")), None)
    if not busybox:
        raise Failure(f"{deb} has no busybox in it")
    write_file(os.path.join(out, "busybox"), busybox)


def fetch(cache, out, flavour):
    arch, _, backports, options = FLAVOURS[flavour]
    apt, host = open_archives(cache, arch, backports)
    image, headers, common, kbuild = resolve(apt, flavour)
    root = os.path.join(out, "root")
    os.makedirs(root, exist_ok=True)
    for package in (headers, common):
        unpack(apt.download(package), root)
    unpack(host.download(kbuild), root)
    where = os.path.join(root, "usr/src", headers)
    relocate(where)
    if options:
        where = variant(where, options, flavour)
    here = os.path.join(out, flavour)
    os.makedirs(here, exist_ok=True)
    if not options:
        take_kernel(apt.download(image), here, arch)
        take_busybox(apt.download("busybox-static"), here)
    link = os.path.join(here, "headers")
    if os.path.lexists(link):
        os.remove(link)
    os.symlink(os.path.relpath(where, here), link)


def recipe():
    h = hashlib.sha256()
    for name in ("debian.py", "fetch_hyp.py"):
        with open(os.path.join(TOOLS, name), "rb") as f:
            h.update(f.read())
    return h.hexdigest()


def ensure(cache, out, flavour):
    """Fetches unless everything is there; raises Failure or OSError."""
    out = os.path.abspath(out)
    stamp = os.path.join(out, flavour, "stamp")
    if os.path.exists(stamp):
        with open(stamp, encoding="ascii") as f:
            if f.read() == recipe():
                return
    for tool in ("apt-get", "apt-cache", "dpkg", "dpkg-deb"):
        if not shutil.which(tool):
            raise Failure(f"{tool} is missing; the headers are fetched on Debian")
    fetch(cache, out, flavour)
    write_file(stamp, recipe().encode())


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--cache", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("flavour", nargs="+", choices=FLAVOURS)
    args = ap.parse_args()
    try:
        for flavour in args.flavour:
            ensure(args.cache, args.out, flavour)
    except (Failure, OSError) as e:
        sys.exit(f"vambrace: {e}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
