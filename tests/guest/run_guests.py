#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Build the bare-metal guests and run each on every engine.

usage: run_guests.py VAMBRACE [WORKDIR] [-k WORD]

A guest prints its failures and "N passed, N failed".  The storms never end:
they are told to (SIGTERM), and looked at while they run.  Prints the same kind
of line; the exit status is 0 when nothing failed.
"""
import functools
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
CC = ["aarch64-linux-gnu-gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-pic",
      "-fno-stack-protector", "-mgeneral-regs-only", "-mstrict-align", "-mno-outline-atomics",
      "-march=armv8.1-a", "-nostdlib", "-static", "-I" + TOP, "-Wl,--build-id=none",
      "-Wl,--no-warn-rwx-segments", "-Wl,-T," + os.path.join(HERE, "guest.ld")]

CC32 = ["arm-linux-gnueabihf-gcc", "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "-ffreestanding",
        "-fno-pic", "-fno-stack-protector", "-mgeneral-regs-only", "-mno-unaligned-access", "-march=armv7ve",
        "-mfloat-abi=soft", "-nostdlib", "-static", "-I" + TOP, "-Wl,--build-id=none", "-Wl,-z,noexecstack",
        "-Wl,--no-warn-rwx-segments", "-Wl,-T," + os.path.join(HERE, "guest32.ld")]

ENGINES = {"interp": ["--engine", "interp"], "jit": ["--engine", "jit"], "lockstep": ["--lockstep"]}

# guest, CPUs, engines, options, macros.  Nine seconds are plenty for each on an idle host.
GUESTS = [
    ("smc", 2, ["interp", "jit"], ["--cache", "1M"], []),
    ("smc", 1, ["lockstep"], [], ["-DONE_CPU=1"]),
    ("faults", 1, ["interp", "jit", "lockstep"], [], []),
    ("faults", 1, ["jit"], ["--cpu", "max"], []),
    ("mmu", 2, ["interp", "jit"], [], []),
    ("mmu", 2, ["interp", "jit"], ["--cpu", "max"], ["-DALL_GRANULES"]),
    ("mmu", 1, ["lockstep"], ["--cpu", "max"], ["-DONE_CPU=1", "-DALL_GRANULES"]),
    ("smp", 4, ["interp", "jit"], [], []),
    ("smp", 4, ["jit"], ["--cpu", "max"], []),
    ("timer", 1, ["interp", "jit", "lockstep"], [], []),
    ("compat", 1, ["interp", "jit", "lockstep"], [], []),
    # AArch32; those with a name in "32" are compiled for it, with -marm unless told otherwise
    ("faults32", 1, ["interp", "jit", "lockstep"], ["--cpu", "cortex-a15"], []),
    ("faults32", 1, ["jit"], ["--cpu", "cortex-a7"], ["-mthumb"]),
    ("psr32", 1, ["interp", "jit", "lockstep"], ["--cpu", "cortex-a15"], []),
    ("mmu32", 1, ["interp", "jit", "lockstep"], ["--cpu", "cortex-a15"], []),
    ("mmu32", 1, ["jit"], ["--cpu", "cortex-a7"], ["-mthumb"]),
    ("mmu32", 1, ["interp", "jit", "lockstep"], ["--cpu", "cortex-a15"], ["-DLONG=1"]),
    ("smp32", 2, ["interp", "jit"], ["--cpu", "cortex-a15"], []),
]
RUN_SECONDS = 60

# name, number, most CPU seconds per second that it may use
STORMS = [
    ("branch", 1, 1.3), ("wfi", 2, 0.3), ("wfi_storm", 3, 1.3), ("vectors", 4, 1.3), ("recursion", 5, 1.3),
    ("blocks", 6, 1.3), ("undefined", 7, 1.3), ("wfe", 8, 1.0), ("exclusive", 9, 1.3),
]
STORM_SECONDS = 0.6
STORM_RSS = 256 << 20
END_SECONDS = 5


class Failed(Exception):
    pass


@functools.lru_cache(maxsize=None)
def build(work, name, macros=(), sources=None):
    elf = os.path.join(work, name + "".join(macros).replace("=", "") + ".elf")
    a32 = name.endswith("32")
    sources = sources or (["start32.S", "lib32.c"] if a32 else ["start.S", "lib.c"]) + ["memory.c", name + ".c"]
    cc = CC32 + ([] if "-mthumb" in macros else ["-marm"]) if a32 else CC
    subprocess.run(cc + list(macros) + [os.path.join(HERE, s) for s in sources] + ["-o", elf], check=True)
    return elf


def run_guest(vambrace, elf, cpus, args):
    """Its totals; what it printed beside them is shown."""
    done = subprocess.run([vambrace, "run", "--kernel", elf, "--cpus", str(cpus), "--memory", "64M"] + args,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=RUN_SECONDS, check=False)
    text = (done.stdout + done.stderr).decode(errors="replace")
    total = re.search(r"^(\d+) passed, (\d+) failed", text, re.M)
    if done.returncode or not total or not int(total[1]) or int(total[2]):
        raise Failed("exit status %d\n%s" % (done.returncode, text[:4000]))


def usage(pid):
    """CPU seconds so far, and resident bytes."""
    with open("/proc/%d/stat" % pid, encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return (int(fields[11]) + int(fields[12])) / ticks, int(fields[21]) * os.sysconf("SC_PAGE_SIZE")


def run_storm(vambrace, elf, args, most_cpu):
    with tempfile.TemporaryFile() as out:
        guest = subprocess.Popen([vambrace, "run", "--kernel", elf, "--memory", "64M", "--cache", "1M"] + args,
                                 stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        try:
            begin = time.monotonic()
            while time.monotonic() - begin < STORM_SECONDS and guest.poll() is None:
                time.sleep(0.05)
            if guest.poll() is not None:
                raise Failed("ended on its own with status %d" % guest.returncode)
            cpu, rss = usage(guest.pid)
            elapsed = time.monotonic() - begin
            guest.send_signal(signal.SIGTERM)
            begin = time.monotonic()
            try:
                guest.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                raise Failed("SIGTERM does not end it") from None
            out.seek(0)
            text = out.read(1000).decode(errors="replace")
            if "!" not in text:
                raise Failed("the guest never began: " + text)
            if guest.returncode < 0 and guest.returncode != -signal.SIGTERM:
                raise Failed("killed by signal %d\n%s" % (-guest.returncode, text))
            if rss > STORM_RSS:
                raise Failed("%d MiB resident" % (rss >> 20))
            if cpu > most_cpu * elapsed + 0.3:
                raise Failed("%.2f CPU seconds in %.2f" % (cpu, elapsed))
        finally:
            if guest.poll() is None:
                guest.kill()
                guest.wait()


def cases(vambrace, work):
    """Pairs of a name and a function that raises Failed."""
    for name, cpus, engines, args, macros in GUESTS:
        for engine in engines:
            yield (" ".join([name, engine] + args + macros),
                   lambda n=name, c=cpus, e=engine, a=args, m=macros:
                   run_guest(vambrace, build(work, n, tuple(m)), c, ENGINES[e] + a))
    for name, number, most_cpu in STORMS:
        for engine in ("interp", "jit"):
            yield ("storm %s %s" % (name, engine),
                   lambda n=number, e=engine, m=most_cpu:
                   run_storm(vambrace, build(work, "storm", ("-DSTORM=%d" % n,), ("storm.S",)), ENGINES[e], m))


def main(argv):
    word = argv[argv.index("-k") + 1] if "-k" in argv else ""
    plain = [a for i, a in enumerate(argv[1:], 1) if a != "-k" and argv[i - 1] != "-k"]
    if not plain:
        print(__doc__)
        return 2
    counts = [0, 0]
    with tempfile.TemporaryDirectory() as temporary:
        work = plain[1] if len(plain) > 1 else temporary
        for name, function in cases(os.path.abspath(plain[0]), work):
            if word not in name:
                continue
            begin = time.monotonic()
            try:
                function()
            except (Failed, subprocess.SubprocessError) as e:
                counts[1] += 1
                print("FAILED %s: %s" % (name, e), flush=True)
            else:
                counts[0] += 1
                print("ok     %-40s %.1f s" % (name, time.monotonic() - begin), flush=True)
    print("%d passed, %d failed" % tuple(counts))
    return 1 if counts[1] or not counts[0] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
