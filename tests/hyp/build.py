#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Cross-builds what the host boards run: build/hyp/tests/{hyptest,probe,kexec,hypbench}.

    build.py [--out DIR] [PROGRAM...]

hyptest64 is hyptest for arm64's own KVM with its AArch32 guests: it tells a wrong test from
a wrong module.

All programs are static.  hyptest and hypbench carry an image of guests (guest/*.c, one
flat binary at 0x80000000) and the addresses of its functions as guest_sym_NAME.
"""
import argparse
import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(TOP, "build/hyp/tests")

CROSS = "arm-linux-gnueabihf-"
CROSS64 = "aarch64-linux-gnu-"
WARN = ["-Wall", "-Wextra", "-Werror", "-Wmissing-prototypes", "-std=gnu17"]
HOST = [*WARN, "-O2", "-g1", "-pthread", "-I", TOP]
GUEST = [*WARN, "-Wno-missing-prototypes", "-O2", "-mcpu=cortex-a15", "-mfloat-abi=soft", "-marm",
         "-ffreestanding", "-nostdlib", "-fno-pic", "-fno-common", "-mno-unaligned-access", "-I", TOP]


def source(*names):
    return [os.path.join(HERE, x) for x in names]


HYPTEST = (source("prog/main.c", "prog/kvmtest.c") + sorted(glob.glob(HERE + "/prog/t_*.c")),
           sorted(glob.glob(HERE + "/guest/*.[cS]")))
# Name: compiler, host sources, guest sources.
PROGRAMS = {
    "hyptest": (CROSS, *HYPTEST),
    "hyptest64": (CROSS64, *HYPTEST),
    "probe": (CROSS, source("probe.c"), []),
    "kexec": (CROSS, source("kexec.c"), []),
    "hypbench": (CROSS, source("prog/kvmtest.c") + [os.path.join(TOP, "hyp/bench/bench.c")],
                 source("guest/start.S", "guest/lib.c") + [os.path.join(TOP, "hyp/bench/guest.c")]),
}

GUESTS = {"move": source("guest/start.S", "guest/lib.c", "guest/hold.S", "guest/move.c")}


def run(*cmd):
    if subprocess.run(cmd, check=False).returncode:
        sys.exit(f"build.py: failed: {' '.join(cmd)}")


def older(target, *needs):
    return (not os.path.exists(target) or
            any(os.path.getmtime(n) > os.path.getmtime(target) for n in needs))


def headers():
    return [*glob.glob(HERE + "/*.h"), *glob.glob(HERE + "/*/*.h"), *glob.glob(TOP + "/hyp/uapi/*.h"),
            os.path.abspath(__file__)]


def compile_all(out, cross, sources, flags):
    made = []
    for path in sources:
        name = cross[:4] + os.path.relpath(path, TOP).replace("/", "_")
        made.append(os.path.join(out, name + ".o"))
        if older(made[-1], path, *headers()):
            run(cross + "gcc", *flags, "-c", path, "-o", made[-1])
    return made


def guest_blob(out, cross, name, sources):
    """An object with guest_image, guest_image_end and the symbols."""
    objects = compile_all(out, CROSS, sources, GUEST)
    base = os.path.join(out, name + "-guest")
    script = os.path.join(HERE, "guest/guest.ld")
    if not older(base + ".o", script, *objects):
        return base + ".o"
    run(CROSS + "gcc", "-nostdlib", "-static", "-T", script, *objects, "-o", base + ".elf",
        "-Wl,--build-id=none,--no-warn-rwx-segments,-z,noexecstack")
    run(CROSS + "objcopy", "-O", "binary", base + ".elf", base + ".bin")
    symbols = subprocess.run([CROSS + "nm", base + ".elf"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout.splitlines()
    text = ['\t.section .rodata', '\t.globl guest_image, guest_image_end', '\t.balign 4',
            f'guest_image: .incbin "{base}.bin"', 'guest_image_end:', '\t.balign 4']
    for address, kind, symbol in (x.split() for x in symbols if len(x.split()) == 3):
        if kind in "TDBR":
            text += [f"\t.globl guest_sym_{symbol}", f"guest_sym_{symbol}: .word 0x{address}"]
    with open(base + ".S", "w", encoding="ascii") as f:
        f.write("\n".join(text + ['\t.section .note.GNU-stack,"",%progbits', ""]))
    run(cross + "gcc", "-c", base + ".S", "-o", base + ".o")
    return base + ".o"


def guest_files(name="move", out=OUT):
    """Image and list of symbols (name, address) of guests, for programs that read them: two paths."""
    os.makedirs(out, exist_ok=True)
    base = guest_blob(out, CROSS, name, GUESTS[name])[:-len(".o")]
    symbols = subprocess.run([CROSS + "nm", base + ".elf"], check=True, text=True, stdout=subprocess.PIPE).stdout
    rows = [x.split() for x in symbols.splitlines()]
    with open(base + ".sym", "w", encoding="ascii") as f:
        f.write("\n" + "".join(f"{x[2]} {x[0]}\n" for x in rows if len(x) == 3))
    return base + ".bin", base + ".sym"


def build(name, out=OUT):
    """Path of the program, built if something changed."""
    os.makedirs(out, exist_ok=True)
    cross, host, guest = PROGRAMS[name]
    objects = compile_all(out, cross, host, HOST)
    if guest:
        objects.append(guest_blob(out, cross, name, guest))
    target = os.path.join(out, name)
    if older(target, *objects):
        run(cross + "gcc", "-static", "-pthread", "-Wl,-z,noexecstack", *objects, "-o", target + ".new")
        os.replace(target + ".new", target)
    return target


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--out", default=OUT)
    ap.add_argument("program", nargs="*", choices=[*PROGRAMS, []])
    args = ap.parse_args()
    for name in args.program or PROGRAMS:
        print(build(name, args.out))


if __name__ == "__main__":
    main()
