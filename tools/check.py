#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""All checks and tests in one go: check.py [--slow] [--jobs N] [--shard I/N] [-k WORDS] [STEP]...

Steps: format, layers, headers, unit, isa, guests, asan, clang, fuzz, functional, migrate, hyp.  --slow
adds the long ones behind them: isa-long, boots-long, fuzz-long, migrate-long, hyp-long.  tsan runs only when it
is named.  Unit tests run in the ordinary build and in one with ASan and UBSan; the
functional tests of bad input use the latter's vambrace.  --shard and -k choose among the
tests of functional and boots-long.  The last line counts the tests of all steps, where
each check without tests of its own is one, and a program that compares many cases is
one, too.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Debian's, which has Debian's pytest, whatever else is in the PATH.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable


def run(cmd, env=None, quiet=False):
    """Status and output of a command; what it says is also shown."""
    p = subprocess.Popen(cmd, cwd=TOP, env=env, text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, errors="replace")
    lines = []
    for line in p.stdout:
        lines.append(line)
        if not quiet:
            print(line, end="", flush=True)
    status = p.wait()
    if quiet and status:
        print("".join(lines), end="", flush=True)
    return status, "".join(lines)


class Checks:
    def __init__(self, jobs, chosen):
        self.jobs, self.chosen = jobs, chosen
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.failures = []

    def count(self, name, passed, failed, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        if failed:
            self.failures.append(name)

    def tool(self, name, *cmd):
        status, _ = run([PYTHON, *cmd])
        self.count(name, int(status == 0), int(status != 0))

    def build(self, name, directory, *options, env=None, targets=()):
        """Configures a build directory if need be and builds; counts only a failure."""
        env = dict(os.environ, **(env or {}))
        status, _ = run(["tools/configure.sh", directory, "-Dtests=true", *options], env, True)
        if not status and directory == "build":
            # `make` alone needs no cmocka and sets the tests aside.
            with open(os.path.join(TOP, directory, "meson-info/intro-buildoptions.json"),
                      encoding="utf-8") as f:
                tests = next(o["value"] for o in json.load(f) if o["name"] == "tests")
            if not tests:
                status, _ = run(["meson", "configure", directory, "-Dtests=true"], env, True)
        if not status:
            status, _ = run(["ninja", "-C", directory, "-j", str(self.jobs), "--quiet", *targets],
                            env)
        if status:
            self.count(f"{name} (build)", 0, 1)
        return status == 0

    def meson_tests(self, name, directory, suite):
        log = os.path.join(TOP, directory, "meson-logs/testlog.json")
        if os.path.exists(log):
            os.remove(log)
        run(["meson", "test", "-C", directory, "--no-rebuild", "--num-processes", str(self.jobs),
             "--print-errorlogs", "--suite", suite])
        passed = failed = skipped = 0
        if os.path.exists(log):
            with open(log, encoding="utf-8") as f:
                for line in f:
                    result = json.loads(line)["result"]
                    passed += result == "OK"
                    skipped += result == "SKIP"
                    failed += result not in ("OK", "SKIP")
        if not passed + failed:
            failed = 1      # tests that did not run have not passed
        self.count(name, passed, failed, skipped)

    def format(self):
        self.tool("format", "tools/check_format.py")

    def layers(self):
        self.tool("layers", "tools/check_layers.py")

    def headers(self):
        if self.build("headers", "build"):
            self.tool("headers", "tools/check_headers.py", "--build", "build",
                      "--jobs", str(self.jobs))

    def unit(self):
        if self.build("unit", "build"):
            self.meson_tests("unit", "build", "unit")

    def isa(self):
        if self.build("isa", "build"):
            self.meson_tests("isa", "build", "isa")

    def isa_long(self):
        if self.build("isa-long", "build"):
            self.meson_tests("isa-long", "build", "isa-long")

    def script(self, name, *cmd):
        """A program whose last line counts, as ours does."""
        status, out = run([PYTHON, *cmd])
        total = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", out, re.M)
        passed, failed, skipped = (int(n or 0) for n in total[-1]) if total else (0, 0, 0)
        if (status or not passed) and not failed:
            failed = 1
        self.count(name, passed, failed, skipped)

    def guests(self):
        if self.build("guests", "build"):
            self.script("guests", "tests/guest/run_guests.py", "build/vambrace")

    def asan(self):
        # Only what C compilers made is instrumented; translated guest code runs as always.
        if self.build("asan", "build/asan", "-Db_sanitize=address,undefined", "-Doptimization=1",
                      "-Dc_args=-fno-sanitize-recover=undefined"):
            self.meson_tests("asan", "build/asan", "unit")

    def tsan(self):
        # gcc's refuses fences.  Translated code, again, is not instrumented.
        if self.build("tsan", "build/tsan", "-Db_sanitize=thread", "-Doptimization=1", "-Db_lundef=false",
                      env={"CC": "clang"}):
            self.meson_tests("tsan", "build/tsan", "unit")

    def clang(self):
        if self.build("clang", "build/clang", env={"CC": "clang"}):
            self.meson_tests("clang", "build/clang", "unit")

    def fuzz(self):
        # libFuzzer is clang's.
        if self.build("fuzz", "build/clang", env={"CC": "clang"}):
            self.meson_tests("fuzz", "build/clang", "fuzz")

    def fuzz_long(self):
        if self.build("fuzz-long", "build/clang", env={"CC": "clang"}):
            self.meson_tests("fuzz-long", "build/clang", "fuzz-long")

    def pytest(self, name, mark, *what):
        if not self.build(name, "build"):
            return
        env = dict(os.environ, VAMBRACE=os.path.join(TOP, "build/vambrace"))
        asan = os.path.join(TOP, "build/asan/vambrace")
        if os.path.exists(asan):
            env["VAMBRACE_ASAN"] = asan
        status, out = run([PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", mark, *self.chosen,
                           *(what or ["tests", "--ignore=tests/hyp", "--ignore=tests/migrate"])], env)
        last = out.splitlines()[-1] if out else ""
        counts = {what: int(n) for n, what in re.findall(r"(\d+) (passed|failed|errors?|skipped)", last)}
        failed = counts.get("failed", 0) + counts.get("error", 0) + counts.get("errors", 0)
        if status and not failed:
            failed = 1
        self.count(name, counts.get("passed", 0), failed, counts.get("skipped", 0))

    def functional(self):
        self.pytest("functional", "not slow")

    def boots_long(self):
        self.pytest("boots-long", "slow")

    # The kernel module, on boards that QEMU plays; the whole is make check-hyp.
    def hyp(self):
        self.pytest("hyp", "not slow", "tests/hyp", "-k", HYP_QUICK)

    def hyp_long(self):
        self.pytest("hyp-long", "slow or not slow", "tests/hyp")


    # Machines that move; the whole is make check-migrate.
    def migrate(self):
        self.pytest("migrate", "not slow", "tests/migrate")

    def migrate_long(self):
        self.pytest("migrate-long", "slow", "tests/migrate")


HYP_QUICK = "test_uapi or test_probe or test_programs or (test_builds and armmp-lpae) or " \
            "(test_guest and virt-armmp-lpae-2 and not bare_metal)"
STEPS = ["format", "layers", "headers", "unit", "isa", "guests", "asan", "clang", "fuzz", "functional", "migrate",
          "hyp"]
LONG_STEPS = ["isa-long", "boots-long", "fuzz-long", "migrate-long", "hyp-long"]
EXTRA_STEPS = ["tsan"]


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--slow", action="store_true", help="the long steps too, after the others")
    ap.add_argument("--jobs", type=int, default=os.cpu_count())
    ap.add_argument("--shard", metavar="I/N", help="the I-th of N parts of functional and boots-long")
    ap.add_argument("-k", dest="words", metavar="WORDS", help="those of functional and boots-long (pytest -k)")
    ap.add_argument("steps", nargs="*", metavar="STEP")
    args = ap.parse_args()
    unknown = set(args.steps) - set(STEPS + LONG_STEPS + EXTRA_STEPS)
    if unknown:
        ap.error("unknown step " + ", ".join(sorted(unknown)))
    chosen = [w for name, value in (("--shard", args.shard), ("-k", args.words)) if value for w in (name, value)]
    checks = Checks(args.jobs, chosen)
    for step in (args.steps or STEPS) + (LONG_STEPS if args.slow else []):
        start = time.monotonic()
        before = checks.passed, checks.failed
        print(f"== {step}", flush=True)
        getattr(checks, step.replace("-", "_"))()
        passed, failed = checks.passed - before[0], checks.failed - before[1]
        print(f"== {step}: {passed} passed, {failed} failed, {time.monotonic() - start:.1f} s", flush=True)
    if checks.failures:
        print("failed: " + ", ".join(checks.failures))
    skipped = f", {checks.skipped} skipped" if checks.skipped else ""
    print(f"{checks.passed} passed, {checks.failed} failed{skipped}")
    sys.exit(1 if checks.failed or not checks.passed else 0)


if __name__ == "__main__":
    main()
