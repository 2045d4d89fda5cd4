# SPDX-License-Identifier: GPL-2.0-only
"""Our VMM on a host board: what to bring along, and guests that show what works in them.

The program is the cross build's (`make CROSS=...`; made here if it is not there), the
guests are Debian's kernels with their small initrds and a script that looks at CPUs,
interrupt controller, disk and network, and says each in a line of its own.
"""
import gzip
import os
import re
import subprocess
import sys

from hyprig import TOP
from build import guest_files as guest_programs
from fetch_guest import Cpio

BUILD = os.path.join(TOP, "build")
GUESTS = {"arm64": ("", "Image"), "arm": ("armmp-lpae", "zImage"), "arm-nolpae": ("armmp", "zImage")}

SCRIPT = """#!/bin/sh
echo "GUEST machine $(uname -m) cpus $(nproc)"
echo "GUEST gic $(cat /proc/device-tree/int*/compatible | tr '\\0' ' ')"
echo "GUEST disk $(head -c 12 /dev/vda)"
echo "guest $(uname -m)" | dd of=/dev/vda bs=512 seek=1 conv=fsync 2>/dev/null
echo "GUEST net $(ip -4 -o addr show eth0 | awk '{print $4}')"
ping -c 2 -W 20 10.0.2.2 >/dev/null && echo "GUEST ping answered"
cpu=0
while [ $cpu -lt $(nproc) ]; do
	echo "GUEST cpu $cpu $(taskset $((1 << cpu)) sh -c 'i=0; while [ $i -lt 200 ]; do i=$((i + 1)); done; echo $i')"
	cpu=$((cpu + 1))
done
if [ -n "$twice" ] && [ "$(dd if=/dev/vda bs=512 skip=2 count=1 2>/dev/null | head -c 5)" != again ]; then
	echo again | dd of=/dev/vda bs=512 seek=2 conv=fsync 2>/dev/null
	echo "GUEST reboots"
	busybox reboot -f
fi
echo "GUEST end"
"""


def vmm_files(arch):
    """{path on the host: path here} of the program for Debian's architecture arch; it is /vmm/vambrace."""
    out = os.path.join(BUILD, "cross", arch)
    subprocess.run([sys.executable, os.path.join(TOP, "tools/cross.py"), arch, "--cache",
                    os.path.join(BUILD, "cache"), "--out", out], check=True)
    dist, build = os.path.join(out, "dist"), os.path.join(out, "build")
    programs = ["kvm_state", "kvm_move"]
    subprocess.run(["ninja", "-C", build, *programs], check=True)
    files = {os.path.join("/vmm", os.path.relpath(os.path.join(where, name), dist)): os.path.join(where, name)
            for where, _, names in os.walk(dist) for name in names}
    image, symbols = guest_programs()
    return (files | {f"/vmm/lib/{x}": os.path.join(build, x) for x in programs} |
            {"/vmm/move.bin": image, "/vmm/move.sym": symbols})


def guest_files(kind):
    """Kernel and initrd of a guest, as /guest/KIND.kernel and .initrd."""
    directory, kernel = GUESTS[kind]
    directory = os.path.join(BUILD, "guest", directory)
    cpio = Cpio()
    cpio.file("look", SCRIPT.encode(), 0o755)
    with open(os.path.join(directory, "initrd.gz"), "rb") as f:
        initrd = f.read() + gzip.compress(cpio.finish(), 1, mtime=0)
    return {f"/guest/{kind}.kernel": os.path.join(directory, kernel), f"/guest/{kind}.initrd": initrd}


def start_guest(host, kind, options="", append="", cpus=1, timeout=600, status=0):
    """Boots one and returns what it and the VMM said."""
    host.run("head -c 1048576 /dev/zero >/tmp/disk; printf 'host-content' | dd of=/tmp/disk conv=notrunc 2>/dev/null")
    return host.run(f"timeout -s KILL {timeout} /vmm/vambrace run --kernel /guest/{kind}.kernel "
                    f"--initrd /guest/{kind}.initrd --memory 192M --cpus {cpus} --disk /tmp/disk "
                    f"--append 'console=ttyAMA0 quiet panic=-1 {append} run=/look' {options} </dev/null 2>&1",
                    timeout + 60, status)


def check_state(host, least):
    """Registers go to KVM and come back."""
    out = host.run("cd /vmm/lib && ./ld-linux* --library-path . ./kvm_state", 60)
    count = re.search(r"kvm_state: (\d+) registers, 0 wrong", out)
    assert count and int(count.group(1)) >= least, out


def check_move(host, test, timeout=400):
    """A guest goes on in another VM, and does not notice (kvm_move.c)."""
    status, out = host.program("sh -c 'cd /vmm/lib && ./ld-linux* --library-path . ./kvm_move ../move.bin ../move.sym "
                               f"{test}'", timeout, None)
    assert status == 0 and f"kvm_move: ok {test}" in out, out


def said(out, word):
    """What followed `GUEST word` each time."""
    return [m.strip() for m in re.findall(rf"GUEST {word}\b([^\r\n]*)", out)]


def check_guest(host, kind, out, cpus, gic):
    machine = "aarch64" if kind == "arm64" else "armv7l"
    assert said(out, "machine")[-1] == f"{machine} cpus {cpus}", out
    assert said(out, "gic")[-1] == {2: "arm,cortex-a15-gic", 3: "arm,gic-v3"}[gic], out
    assert said(out, "disk")[-1] == "host-content", out
    assert said(out, "net")[-1] == "10.0.2.15/24", out
    assert said(out, "ping") == ["answered"] * len(said(out, "machine")), out
    assert said(out, "cpu")[-cpus:] == [f"{cpu} 200" for cpu in range(cpus)], out
    assert said(out, "end") == [""], out
    assert host.run("dd if=/tmp/disk bs=512 skip=1 count=1 2>/dev/null | head -n 1").strip() == f"guest {machine}"


def describe(host, midr, el1, gic):
    """vambrace host describe: complete, the same twice, and fit for --cpu host-of there."""
    kind, flag = ("arm64", "") if el1 == "aarch64" else ("arm", "--aarch32")
    out = host.run(f"/vmm/vambrace host describe {flag} /tmp/id && cat /tmp/id", 60)
    print(out)
    for line in (rf"MIDR_EL1 0x({midr})", f"el1 {el1}", f"gic {gic}", r"counter-hz [1-9]\d{5,}",
                 r"psci 1\.\d", "ID_ISAR0_EL1 0x[1-9]",
                 r"CCSIDR\[0\] 0x[1-9a-f]", r"CCSIDR\[2\] 0x[1-9a-f]", "CTR_EL0 0x8", "MVFR0_EL1 0x1"):
        assert re.search(rf"^{line}", out, re.M), f"{line} is not in\n{out}"
    host.run(f"/vmm/vambrace host describe {flag} | cmp - /tmp/id", 60)
    vmm = f"/vmm/vambrace run --engine kvm --kernel /guest/{kind}.kernel --memory 192M"
    host.run("sed 's/^counter-hz.*/counter-hz 1234567/' /tmp/id >/tmp/other")
    out = host.run(f"{vmm} --cpu host-of=/tmp/other </dev/null 2>&1", 60, 1)
    assert "1234567 Hz" in out and "--engine emu" in out, out
    out = host.run(f"{vmm} --cpu host-of=/tmp/id --append 'console=ttyAMA0' </dev/null >/tmp/out 2>&1 & pid=$!; "
                   "sleep 8; kill -TERM $pid; wait $pid; echo status $?; cat /tmp/out", 120, None)[1]
    assert "status 0" in out and "not like" not in out, out
