# SPDX-License-Identifier: GPL-2.0-only
"""Builds the benchmark programs, for the guest and for this machine, and the guest's initrd."""
import glob
import gzip
import os
import stat
import subprocess
import sys

from engines import BUILD, HERE, TOP, Failure

OUT = os.path.join(BUILD, "bench")
# Without contraction the two machines compute the same; tiny has no C library to check a stack with.
FLAGS = ["-O2", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-fno-math-errno",
         "-static"]
TINY_FLAGS = ["-nostdlib", "-fno-stack-protector"]
CORTEX_A15 = ["-mcpu=cortex-a15", "-mfpu=neon-vfpv4", "-mfloat-abi=hard"]
TARGETS = {
    "a64": ["aarch64-linux-gnu-gcc", "-march=armv8-a+crc+crypto"],
    "arm": ["arm-linux-gnueabihf-gcc", "-marm", *CORTEX_A15],
    "thumb": ["arm-linux-gnueabihf-gcc", "-mthumb", *CORTEX_A15],
    "native": ["gcc"],
}


def host_features():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        for line in f:
            if line.startswith(("flags", "Features")):
                return line.split(":", 1)[1].split()
    return []


def compile_one(target, program, sources, extra):
    out = os.path.join(OUT, target, program)
    inputs = sources + [os.path.join(HERE, "guest/bench.h"), os.path.abspath(__file__)]
    if os.path.exists(out) and os.path.getmtime(out) >= max(map(os.path.getmtime, inputs)):
        return out
    os.makedirs(os.path.dirname(out), exist_ok=True)
    native_fma = ["-mfma"] if target == "native" and "fma" in host_features() else []
    try:
        subprocess.run([*TARGETS[target], *native_fma, *FLAGS, *extra, "-o", out, *sources], check=True)
    except FileNotFoundError as e:
        raise Failure(f"{e.filename} is missing; run tools/setup.sh bench") from e
    except subprocess.CalledProcessError as e:
        raise Failure(f"{program} for {target} does not compile") from e
    return out


def build_target(target):
    """The paths of the program and of the tiny one that it starts."""
    sources = sorted(glob.glob(os.path.join(HERE, "guest/*.c")))
    tiny = [s for s in sources if s.endswith("/tiny.c")]
    return (compile_one(target, "bench", [s for s in sources if s not in tiny], ["-pthread"]),
            compile_one(target, "tiny", tiny, TINY_FLAGS))


def make_initrd(target, bench, tiny):
    """The benchmark as /init and nothing else."""
    sys.path.insert(0, os.path.join(TOP, "tools"))
    from fetch_guest import Cpio  # pylint: disable=import-outside-toplevel
    cpio = Cpio()
    for name, path in (("init", bench), ("tiny", tiny)):
        with open(path, "rb") as f:
            cpio.file(name, f.read(), 0o755)
    cpio.parents("dev/x")
    cpio.entry("dev/console", stat.S_IFCHR | 0o600, rdev=(5, 1))
    cpio.entry("dev/null", stat.S_IFCHR | 0o666, rdev=(1, 3))
    out = os.path.join(OUT, target, "initrd.gz")
    with open(out + ".new", "wb") as f:
        f.write(gzip.compress(cpio.finish(), 6, mtime=0))
    os.replace(out + ".new", out)
    return out
