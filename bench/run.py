#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Measures Vambrace beside QEMU on guest programs, in one run.

All engines boot the same kernel with the benchmark as /init, and stay up side by
side, idle but for the one whose turn it is.  Each program runs on every engine
and natively, in turns, so that a noisy machine disturbs all alike; the shortest
time of the turns counts.  --isa arm and thumb take the same programs to a 32-bit
kernel on a Cortex-A15.  Ratios are QEMU's time over ours: more is better.
"""
import argparse
import datetime
import math
import os
import subprocess
import sys
import time

import build
from engines import (BUILD, HERE, ISAS, MEMORY_MIB, Failure, Guest, GuestError, find_engines,
                     output_of)

# What geometric means over QEMU must reach, by group.
FLOORS = {"integer": 1.0, "memory": 1.0, "double": 3.0, "neon": 4.0, "system": 3.0}
# Boot and memory may be this much worse by chance.
TOLERANCE = 1.05
GROUPS = ["integer", "memory", "double", "neon", "crypto", "system", "cold"]
HOST_FEATURES = ["sse4_2", "avx", "avx2", "fma", "bmi2", "avx512f", "aes", "pclmulqdq", "sha_ni",
                 "vaes", "f16c", "lahf_lm"]


class Result:
    """One program on one engine: the best of its turns."""

    def __init__(self):
        self.ns, self.sum, self.n, self.error = None, None, 0, None
        self.clock_off = None

    def add(self, words, host_s, cpu_s, clock):
        """host_s, cpu_s: what the host measured over the measured part: passed, and of the CPUs."""
        ns, n, checksum, passed = float(words[2]), int(words[3]), words[4], int(words[5]) / 1e9
        if self.sum not in (None, checksum):
            self.error = f"checksum {checksum}, before {self.sum}"
        self.sum = checksum
        if not self.n:
            self.n = n      # that was the calibration
            return
        if clock == "cpu":
            ns *= min(1, cpu_s / passed)
        self.ns = min(ns, self.ns or ns)
        # The guest's clock is the host's: what it measured must be what we waited for.
        off = abs(host_s - passed) / host_s
        self.clock_off = off if self.clock_off is None else min(off, self.clock_off)


class Native:
    """The programs on this machine itself."""
    name = "native"

    def __init__(self, bench, tiny):
        self.bench, self.env = bench, dict(os.environ, BENCH_TINY=tiny)

    def programs(self):
        out = subprocess.run([self.bench, "list"], check=True, text=True, stdout=subprocess.PIPE).stdout
        return [tuple(line.split()[1:3]) for line in out.split("\n") if line.startswith("@bench")]

    def run(self, name, ms, n, timeout):
        """The result's words, the seconds that passed and those of the CPUs."""
        try:
            out = subprocess.run([self.bench, "run", name, str(ms), str(n)], env=self.env, text=True,
                                 timeout=timeout, stdout=subprocess.PIPE, check=False).stdout
        except subprocess.TimeoutExpired as e:
            raise GuestError("no answer in time") from e
        for line in out.split("\n"):
            if line.startswith("@result"):
                words = line.split()
                return words, int(words[5]) / 1e9, int(words[6]) / 1e9
        raise GuestError(out.strip() or "no result")

    def peak_rss_mib(self):
        return None

    def close(self):
        pass


class Machine:
    """The benchmark's guest on an engine; boots anew after a failure."""

    def __init__(self, engine, cpu, initrd):
        self.engine, self.name, self.cpu, self.initrd = engine, engine.name, cpu, initrd
        self.guest, self.rss = None, 0

    def boot(self):
        if not self.guest:
            self.guest = Guest(self.engine, self.cpu, self.initrd)
            self.guest.wait_for(b"@ready", 60)
            # The kernel's last messages and the idle loop's first tick.
            time.sleep(0.2)
        return self.guest

    def programs(self):
        guest, found = self.boot(), []
        guest.send("list")
        while (words := guest.line(20))[0] != "@end":
            if words[0] == "@bench":
                found.append((words[1], words[2]))
        return found

    def run(self, name, ms, n, timeout):
        try:
            guest, start, cpu = self.boot(), 0, 0
            guest.send(f"run {name} {ms} {n}")
            words = guest.line(timeout)
            if words[0] == "@go":
                # The guest waits, idle: all that its engine uses from here on is for the program.
                time.sleep(0.01)
                start, cpu = time.monotonic(), guest.cpu_seconds()
                guest.send("")
                words = guest.line(timeout)
            if words[0] != "@result" or len(words) != 7:
                raise GuestError(" ".join(words[1:]))
            return words, time.monotonic() - start, guest.cpu_seconds() - cpu
        except GuestError:
            self.drop()
            raise

    def drop(self):
        if self.guest:
            self.guest.close()
        self.guest = None

    def peak_rss_mib(self):
        return self.guest.peak_rss_mib() if self.guest else None

    def close(self):
        if self.guest:
            self.guest.close("quit")


def measure_program(name, machines, args):
    results = {m.name: Result() for m in machines}
    for _ in range(1 + args.runs):
        for m in machines:
            r = results[m.name]
            if r.error:
                continue
            try:
                r.add(*m.run(name, args.ms, r.n, args.timeout), args.clock)
            except GuestError as e:
                r.error = str(e)
    return results


def verdicts(name, results):
    """What is wrong with a program's results: a list of texts."""
    bad = [f"{name} on {e}: {r.error}" for e, r in results.items() if r.error]
    sums = {e: r.sum for e, r in results.items() if not r.error}
    if len(set(sums.values())) > 1:
        bad.append(f"{name}: checksums differ: " + ", ".join(f"{e} {s}" for e, s in sums.items()))
    return bad


def clock_verdicts(everything, machines):
    """Half of the programs disagree with the host's clock: that is no chance."""
    bad = []
    for m in machines:
        offs = sorted(r[m.name].clock_off for r in everything.values()
                      if m.name in r and r[m.name].clock_off is not None)
        if offs and offs[len(offs) // 2] > 0.2:
            bad.append(f"{m.name}: its clock is off the host's by {offs[len(offs) // 2]:.0%}")
    return bad


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def fmt(value, unit=""):
    if value is None:
        return "-"
    if unit == "x":
        return f"{value:.2f}x"
    return f"{value:.0f}" if value >= 1000 else f"{value:.4g}"


class Table:
    """Rows as they come, columns aligned; also what RESULTS.md gets."""

    def __init__(self, head):
        self.rows, self.widths = [], [max(len(h), 9) for h in head]
        self.widths[0] = 14
        self.add(head)
        self.rows.append("|" + "|".join("-" * (w + 2) for w in self.widths) + "|")

    def add(self, cells, show=True):
        cells = [str(c).ljust(w) if i == 0 else str(c).rjust(w)
                 for i, (c, w) in enumerate(zip(cells, self.widths))]
        self.rows.append("| " + " | ".join(cells) + " |")
        if show:
            print(self.rows[-1], flush=True)


def ratio(results, a, b):
    """b's time over a's."""
    x, y = results.get(a), results.get(b)
    return y.ns / x.ns if x and y and x.ns and y.ns and not x.error and not y.error else None


def measure_programs(programs, machines, args):
    """{name: {engine: Result}}, the table and the complaints."""
    names = [m.name for m in machines]
    peers = [n for n in names if n.startswith("qemu")] if "vambrace" in names else []
    slow = [n for n in names if n != "native"] if "native" in names else []
    head = ["program", "group", *[f"{n} ns" for n in names], *[f"{p}/ours" for p in peers],
            *[f"{n} slowdn" for n in slow]]
    table, everything, bad = Table(head), {}, []
    for name, group in programs:
        ms = machines if name in args.native_names else [m for m in machines if m.name != "native"]
        results = everything[name] = measure_program(name, ms, args)
        cells = [fmt(results[n].ns) if n in results and not results[n].error else "-" for n in names]
        table.add([name, group, *cells, *[fmt(ratio(results, "vambrace", p), "x") for p in peers],
                   *[fmt(ratio(results, "native", n), "x") for n in slow]])
        found = verdicts(name, results)
        for text in found:
            print(f"  !! {text}", flush=True)
        bad += found
    return everything, table, bad + clock_verdicts(everything, machines)


def group_means(programs, everything, machines):
    """Lines of geometric means by group, and {(group, peer): mean}."""
    names = [m.name for m in machines]
    peers = [n for n in names if n.startswith("qemu")] if "vambrace" in names else []
    slow = [n for n in names if n != "native"] if "native" in names else []
    table = Table(["group", "programs", "floor", *[f"{p}/ours" for p in peers],
                   *[f"{n} slowdn" for n in slow]])
    means = {}
    for group in GROUPS:
        mine = [everything[name] for name, g in programs if g == group]
        if not mine:
            continue

        def mean(a, b, mine=mine):
            return geomean([x for x in (ratio(r, a, b) for r in mine) if x])
        for p in peers:
            means[group, p] = mean("vambrace", p)
        table.add([group, len(mine), f"{FLOORS[group]:.1f}x" if group in FLOORS else "-",
                   *[fmt(means[group, p], "x") for p in peers],
                   *[fmt(mean("native", n), "x") for n in slow]])
    return table, means


def boot_once(engine, args, initrd, wait, last):
    guest = Guest(engine, args.cpu, initrd)
    try:
        seconds = guest.wait_for(wait, 60)
        if args.clock == "cpu":
            seconds = min(seconds, guest.cpu_seconds())
        rss = guest.peak_rss_mib()
    except GuestError as e:
        guest.close()
        raise GuestError(f"boot on {engine.name}: {e}") from e
    guest.close(last)
    return seconds, rss


def measure_boot(engines, initrd, args):
    """{engine: (seconds to /init, seconds to shell, peak MiB at the shell)}, the best of the turns."""
    shell = os.path.join(engines[0].isa.guest, "initrd.gz")
    kinds = [(initrd, b"@init", "quit"), (shell, b"~ # ", "poweroff")]
    best, bad = {e.name: [None, None, None] for e in engines}, []
    for _ in range(args.runs):
        for i, (rd, wait, last) in enumerate(kinds):
            for e in engines:
                try:
                    seconds, rss = boot_once(e, args, rd, wait, last)
                except GuestError as err:
                    bad.append(str(err))
                    continue
                b = best[e.name]
                b[i] = min(seconds, b[i] or seconds)
                if i == 1:
                    b[2] = min(rss, b[2] or rss)
    return best, bad


def boot_table(boot, rss_end):
    table = Table(["engine", "to /init s", "to shell s", "RSS at shell", "RSS at end"])
    for name, (init, shell, rss) in boot.items():
        table.add([name, *[f"{v:.2f}" if v else "-" for v in (init, shell)],
                   *[f"{v:.0f} MiB" if v else "-" for v in (rss, rss_end.get(name))]])
    return table


def missed_floors(means, boot, rss_end):
    missed = [f"{group}: {fmt(m, 'x')} of {peer}, the floor is {FLOORS[group]}x"
              for (group, peer), m in means.items() if group in FLOORS and (m is None or m < FLOORS[group])]
    ours = boot.get("vambrace")
    for peer, theirs in boot.items():
        if not ours or peer == "vambrace":
            continue
        for what, a, b in (("boot to /init, s", ours[0], theirs[0]), ("boot to shell, s", ours[1], theirs[1]),
                           ("RSS at shell, MiB", ours[2], theirs[2]),
                           ("RSS at the end, MiB", rss_end.get("vambrace"), rss_end.get(peer))):
            if a and b and a > b * TOLERANCE:
                missed.append(f"{what}: {a:.2f}, {peer} {b:.2f}")
    return missed


def host_text():
    model = [x.split(":", 1)[1].strip() for x in output_of("lscpu").split("\n") if "Model name" in x]
    has = [f for f in HOST_FEATURES if f in build.host_features()]
    return f"{model[0] if model else 'unknown CPU'}, {os.cpu_count()} CPUs, {' '.join(has)}"


def record(args, isa, engines, tables, bad, missed):
    path = os.path.join(HERE, "RESULTS.md")
    with open(path, "a", encoding="utf-8") as f:
        now = datetime.datetime.now(datetime.timezone.utc)
        f.write(f"\n## {now:%Y-%m-%d %H:%M} UTC, {isa.name}{': ' + args.note if args.note else ''}\n\n"
                f"Host: {host_text()}; load {os.getloadavg()[0]:.1f} at the end.\n"
                f"Engines: {'; '.join(e.version() for e in engines)}. Guest: {args.cpu}, 1 CPU, "
                f"{MEMORY_MIB} MiB, Linux {output_of('cat', os.path.join(isa.guest, 'release'))}; best of "
                f"{args.runs} turns of {args.ms} ms, {args.clock} clock. ns per operation; more than 1x: "
                "ours is faster.\n")
        for t in tables:
            f.write("\n" + "\n".join(t.rows) + "\n")
        for title, texts in (("Wrong", bad), ("Floors missed", missed)):
            if texts:
                f.write(f"\n{title}:\n\n" + "".join(f"- {x}\n" for x in texts))
    print(f"recorded in {path}")


def parse_args():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--quick", action="store_true", help="one short turn each: 60 ms instead of 3 of 250")
    ap.add_argument("--group", action="append", choices=GROUPS, help="only this group; may be repeated")
    ap.add_argument("--only", action="append", metavar="NAME", help="only this program; may be repeated")
    ap.add_argument("--engine", action="append", metavar="NAME",
                    help="only this engine (vambrace, qemu-7, qemu-10, native); may be repeated")
    ap.add_argument("--runs", type=int, metavar="N", help="turns of each program (default 3)")
    ap.add_argument("--ms", type=int, metavar="MS", help="how long a turn should be (default 250)")
    ap.add_argument("--timeout", type=float, default=60, metavar="S", help="when a program counts as hung")
    ap.add_argument("--clock", choices=["wall", "cpu"], default="wall",
                    help="cpu: take off what other processes had of the CPUs, for a busy machine")
    ap.add_argument("--isa", choices=[*ISAS, "all"], default="a64",
                    help="instruction set of the programs (default a64)")
    ap.add_argument("--cpu", help="CPU model (default cortex-a57, or cortex-a15 for arm and thumb)")
    ap.add_argument("--vambrace", default=os.path.join(BUILD, "vambrace"), metavar="PATH",
                    help="the build to measure")
    ap.add_argument("--no-boot", action="store_true", help="do not measure boot time and memory")
    ap.add_argument("--record", action="store_true", help="append the tables to bench/RESULTS.md")
    ap.add_argument("--note", metavar="TEXT", help="what is special about this record")
    ap.add_argument("--check", action="store_true", help="exit with 3 when a floor is missed")
    ap.add_argument("--list", action="store_true", help="list the programs and exit")
    args = ap.parse_args()
    args.runs = args.runs or (1 if args.quick else 3)
    args.ms = args.ms or (60 if args.quick else 250)
    return args


def choose(programs, args):
    unknown = set(args.only or []) - {name for name, _ in programs}
    if unknown:
        raise Failure(f"no program {', '.join(sorted(unknown))}; see --list")
    return [(name, group) for name, group in sorted(programs, key=lambda p: GROUPS.index(p[1]))
            if (not args.only or name in args.only) and (not args.group or group in args.group)]


def start(args, isa):
    """Builds everything; (engines, machines, initrd)."""
    args.cpu = args.cpu or isa.cpu
    engines = find_engines(args.vambrace, isa)
    known = [e.name for e in engines] + ["native"]
    for name in args.engine or []:
        if name not in known:
            raise Failure(f"no engine {name}; there are {', '.join(known)}")
    engines = [e for e in engines if not args.engine or e.name in args.engine]
    initrd = build.make_initrd(isa.name, *build.build_target(isa.name))
    machines = [Machine(e, args.cpu, initrd) for e in engines]
    native = Native(*build.build_target("native"))
    args.native_names = {name for name, _ in native.programs()}
    if not args.engine or "native" in args.engine:
        machines.insert(0, native)
    return engines, machines, initrd


def measure(args, engines, machines, initrd):
    boot, tables, bad, rss_end = {}, [], [], {}
    if not args.no_boot and not args.only and engines:
        boot, bad = measure_boot(engines, initrd, args)
    programs = choose(machines[-1].programs(), args)
    everything, table, wrong = measure_programs(programs, machines, args)
    print()
    group_table, means = group_means(programs, everything, machines)
    tables += [group_table, table]
    for m in machines:
        rss_end[m.name] = m.peak_rss_mib()
    if boot:
        print()
        tables.insert(1, boot_table(boot, rss_end))
    return tables, bad + wrong, missed_floors(means, boot, rss_end)


def measure_isa(args, isa):
    """What is wrong and what is below its floor, lists of texts."""
    args, machines = argparse.Namespace(**vars(args)), []
    try:
        engines, machines, initrd = start(args, isa)
        if args.list:
            for name, group in machines[-1].programs():
                print(f"{name:14} {group}")
            return [], []
        tables, bad, missed = measure(args, engines, machines, initrd)
        if args.record:
            record(args, isa, engines, tables, bad, missed)
        return bad, missed
    finally:
        for m in machines:
            m.close()


def main():
    args = parse_args()
    code = 0
    for isa in ISAS.values() if args.isa == "all" else [ISAS[args.isa]]:
        if args.isa == "all":
            print(f"\n{isa.name}:")
        try:
            bad, missed = measure_isa(args, isa)
        except (Failure, GuestError) as e:
            print(f"bench: {e}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
        for text in bad:
            print(f"WRONG: {text}")
        for text in missed:
            print(f"{'MISSED' if args.check else 'below the floor'}: {text}")
        code = 1 if bad or code == 1 else 3 if missed and args.check else code
    return code


if __name__ == "__main__":
    sys.exit(main())
