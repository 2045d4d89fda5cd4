#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Host boards for the kernel module: QEMU, Debian's kernel, busybox and what the test brings.

    hyprig.py [--board B] [--flavour F] [--cpus N] [--icount] [--load] [--file SRC[:DST]]... COMMAND...

boots the board, loads build/hyp/FLAVOUR/vambrace.ko (--load), runs the commands at the
host's shell and ends with the first status that is not 0.  Without commands: a shell.
Host is for tests: see test_*.py.

Environment: HYP_MODULE replaces the module, BOOT_SLOWDOWN multiplies time limits.
"""
import argparse
import hashlib
import os
import re
import stat
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(TOP, "tools"), os.path.join(TOP, "tests/boot")]

# pylint: disable=wrong-import-position
import fetch_hyp
from bootrig import Console, KERNEL_TROUBLE
from fetch_guest import Cpio, choose_modules, module_name

CACHE = os.path.join(TOP, "build/cache")
HYP = os.path.join(TOP, "build/hyp")
PROMPT = "host# "

# Name: the program, its machine, the processor.  The memory of vexpress-a15 ends at 1 GiB for a
# kernel without LPAE.
BOARDS = {
    "virt": ("qemu-system-arm", ["-M", "virt,virtualization=on"], "cortex-a15"),
    "virt-a7": ("qemu-system-arm", ["-M", "virt,virtualization=on"], "cortex-a7"),
    "virt-nohyp": ("qemu-system-arm", ["-M", "virt"], "cortex-a15"),
    "vexpress": ("qemu-system-arm", ["-M", "vexpress-a15,secure=off"], "cortex-a15"),
    "vexpress-secure": ("qemu-system-arm", ["-M", "vexpress-a15"], "cortex-a15"),
    "virt64": ("qemu-system-aarch64", ["-M", "virt,virtualization=on,gic-version=2"], "cortex-a57"),
    "virt64-gic3": ("qemu-system-aarch64", ["-M", "virt,virtualization=on,gic-version=3"],
                    "cortex-a57"),
}

INIT = """#!/bin/busybox sh
# The host's first program: mounts, the modules in their order, and a shell on the console.
export PATH=/bin HOME=/ PS1='host# '
busybox mkdir -p /proc /sys /dev /tmp /run
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
busybox mkdir -p /dev/pts /dev/shm
busybox mount -t devpts devpts /dev/pts
busybox mount -t tmpfs tmp /tmp
busybox mount -t debugfs debug /sys/kernel/debug
busybox --install -s /bin
for m in $(cat /etc/modules); do insmod "$m"; done
ip link set lo up
cd /
while :; do setsid cttyhack sh; done
"""


def qemu_has_hyp(board):
    return not board.endswith(("-nohyp", "-secure"))


def unpacked(flavour):
    """Directory of the flavour's kernel, fetched if need be."""
    fetch_hyp.ensure(CACHE, HYP, flavour)
    return os.path.join(HYP, flavour)


def kernel_modules(directory, wanted):
    """What the modules and their needs are, to be loaded in this order: [(name, contents)]."""
    base = os.path.join(directory, "lib/modules")
    base = os.path.join(base, os.listdir(base)[0])
    with open(os.path.join(base, "modules.builtin"), encoding="utf-8") as f:
        builtin = {module_name(x) for x in f.read().split()}
    found = {}
    for where, _, files in os.walk(os.path.join(base, "kernel")):
        for name in files:
            path = os.path.join(where, name)
            found[module_name(name)] = path
    # choose_modules wants contents; read only what is wanted.
    class Lazy(dict):
        def __contains__(self, name):
            return name in found

        def __getitem__(self, name):
            with open(found[name], "rb") as f:
                return name, found[name], f.read()
    chosen = choose_modules(wanted, Lazy(), builtin)
    order = []

    def add(name):
        if name in chosen and name not in order:
            for need in chosen[name][2]:
                add(need)
            order.append(name)
    for name in chosen:
        add(name)
    return [(name, chosen[name][1]) for name in order]


def read(source):
    if isinstance(source, bytes):
        return source
    with open(source, "rb") as f:
        return f.read()


def make_initrd(directory, files, modules):
    """An uncompressed archive (the emulated board is slow at unpacking); kept by its contents."""
    cpio = Cpio()
    cpio.file("init", INIT.encode(), 0o755)
    cpio.file("bin/busybox", read(os.path.join(directory, "busybox")), 0o755)
    cpio.entry("dev", stat.S_IFDIR | 0o755)
    cpio.entry("dev/console", stat.S_IFCHR | 0o600, rdev=(5, 1))
    loaded = []
    for name, data in kernel_modules(directory, modules):
        loaded.append(f"lib/{name}.ko")
        cpio.file(loaded[-1], data)
    cpio.file("etc/modules", "".join(f"/{x}\n" for x in loaded).encode())
    cpio.file("etc/passwd", b"root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n")
    cpio.file("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    for name, source in sorted(files.items()):
        cpio.file(name.lstrip("/"), read(source), 0o755)
    data = cpio.finish()
    out = os.path.join(HYP, "initrd", hashlib.sha256(data).hexdigest()[:16])
    os.makedirs(os.path.dirname(out), exist_ok=True)
    if not os.path.exists(out):
        with open(f"{out}.{os.getpid()}", "wb") as f:
            f.write(data)
        os.replace(f"{out}.{os.getpid()}", out)
    os.utime(out)
    return out


def sweep_initrds(keep=12):
    """Older archives go."""
    where = os.path.join(HYP, "initrd")
    if os.path.isdir(where):
        paths = sorted((os.path.join(where, x) for x in os.listdir(where)), key=os.path.getmtime)
        for path in paths[:-keep]:
            os.remove(path)


def module_path(flavour):
    return os.environ.get("HYP_MODULE") or os.path.join(HYP, flavour, "vambrace.ko")


class Host(Console):
    """A board that runs Debian's kernel; files are {path on the host: path here, or contents}."""

    def __init__(self, name, *, board="virt", flavour=None, cpus=2, memory=1024, files=None,
                 modules=(), load=False, icount=False, append="", cpu=None, extra=()):
        program, machine, processor = BOARDS[board]
        is64 = program.endswith("aarch64")
        flavour = flavour or ("arm64" if is64 else "armmp-lpae")
        directory, files = unpacked(flavour), dict(files or {})
        self.module = load
        if load:
            files["/vambrace.ko"] = module_path(flavour)
        sweep_initrds()
        argv = [program, *machine, "-cpu", cpu or processor, "-m", str(memory), "-smp", str(cpus),
                "-nic", "none", "-display", "none", "-serial", "stdio", "-monitor", "none",
                "-no-reboot", "-kernel", os.path.join(directory, "Image" if is64 else "zImage"),
                "-initrd", make_initrd(directory, files, modules),
                "-append", ("console=ttyAMA0 quiet loglevel=3 panic=-1 cryptomgr.notests " + append).strip()]
        if "vexpress" in board:
            argv += ["-dtb", os.path.join(directory, fetch_hyp.BOARD_DTB)]
        if icount:
            # The host's clock is the number of its instructions.
            argv += ["-icount", "shift=0,sleep=off"]
        self.began = time.monotonic()
        super().__init__(name, argv + list(extra))

    def boot(self, timeout=180):
        """Waits for the shell; returns how long the board took."""
        self.expect(re.escape(PROMPT), timeout)
        took = time.monotonic() - self.began
        self.serve()
        if self.module:
            self.insmod()
        return took

    def insmod(self, *parameters):
        return self.run(" ".join(("insmod /vambrace.ko",) + parameters))

    def rmmod(self):
        return self.run("rmmod vambrace")

    def check_held(self):
        """No VM is left, nor anything that the module had for one."""
        self.run("i=0; while [ -e /sys/kernel/debug/kvm/held ] && grep -v ' 0$' /sys/kernel/debug/kvm/held; do "
                 "[ $((i += 1)) -lt 20 ] || break; sleep 1; done; [ $i -lt 20 ]", 60)

    def free_pages(self):
        """Free pages after the caches were dropped, with what the CPUs keep at hand (hundreds)."""
        return int(self.run("sync; echo 3 >/proc/sys/vm/drop_caches; sleep 1; echo 1 >/proc/sys/vm/stat_refresh; "
                            "awk '/nr_free_pages|^ +count:/ {n += $2} END {print n}' /proc/zoneinfo").split()[-1])

    def program(self, command, timeout=60, status=0):
        """A command that may hang: the host kills it in time and says so."""
        limit = int(timeout)
        return self.run(f"timeout -s KILL {limit} {command}", timeout + 30, status)

    def fail(self, what):
        """Before the board goes, its kernel may say why: what SysRq shows, if it still answers."""
        if self.nonce and self.p.isalive():
            mark, self.nonce = self.nonce, ""
            try:
                self.p.sendline("dmesg | tail -n 60; cat /proc/interrupts; echo l >/proc/sysrq-trigger; "
                                f"echo t{mark}; dmesg | tail -n 30; echo e{mark}")
                self.p.expect(f"e{mark}", timeout=20)
            except Exception:       # pylint: disable=broad-except
                pass
        super().fail(what)

    def finish(self):
        """Nothing in the kernel's log may speak of trouble; then off."""
        self.check_kernel()
        if self.module:
            self.check_held()
            self.run("! grep -q '^vambrace ' /proc/modules || rmmod vambrace")
            self.check_kernel()
        self.poweroff("exec poweroff -f")


def arguments():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--board", choices=BOARDS, default="virt")
    ap.add_argument("--flavour", choices=fetch_hyp.FLAVOURS)
    ap.add_argument("--cpus", type=int, default=2)
    ap.add_argument("--memory", type=int, default=1024)
    ap.add_argument("--icount", action="store_true")
    ap.add_argument("--load", action="store_true", help="insert the module")
    ap.add_argument("--file", action="append", default=[], metavar="SRC[:DST]")
    ap.add_argument("--kmod", action="append", default=[], help="a module of the kernel's own")
    ap.add_argument("--append", default="")
    ap.add_argument("--keep-going", action="store_true", help="after a command that failed")
    ap.add_argument("--timeout", type=int, default=120)
    ap.add_argument("--qemu", action="append", default=[], help="one more argument for QEMU")
    ap.add_argument("command", nargs="*")
    return ap.parse_args()


def main():
    args = arguments()
    files = {}
    for spec in args.file:
        source, _, name = spec.partition(":")
        files[name or "/bin/" + os.path.basename(source)] = source
    options = dict(board=args.board, flavour=args.flavour, cpus=args.cpus, memory=args.memory,
                   files=files, modules=args.kmod, load=args.load, icount=args.icount,
                   append=args.append, extra=args.qemu)
    with Host(f"hyprig-{os.getpid()}", **options) as host:
        if not args.command:
            argv = host.argv
            host.p.close(force=True)
            print(f"hyprig: insmod /vambrace.ko; poweroff -f ends\n{' '.join(argv)}")
            sys.exit(subprocess.run(argv, check=False).returncode)
        print(f"hyprig: booted in {host.boot():.1f} s")
        failed = 0
        for command in args.command:
            status, out = host.run(command, args.timeout, None)
            print(f"host# {command}\n{out}")
            if status:
                print(f"hyprig: status {status}\n" + host.run("dmesg | tail -n 40"))
                failed = status
                if not args.keep_going:
                    break
        bad = [x for x in host.run("dmesg").splitlines() if KERNEL_TROUBLE.search(x)]
        if bad:
            sys.exit("hyprig: the host's kernel complained:\n" + "\n".join(bad))
        host.poweroff("exec poweroff -f")
    sys.exit(failed)


if __name__ == "__main__":
    main()
