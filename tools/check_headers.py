#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks that each header compiles alone: check_headers.py --build DIR [--jobs N]

With gcc and clang; the build directory has the generated headers.
"""
import argparse
import concurrent.futures
import os
import shlex
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLAGS = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE=", "-march=x86-64-v2",
         "-fsyntax-only", "-x", "c"]


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--build", required=True)
    ap.add_argument("--jobs", type=int, default=os.cpu_count())
    args = ap.parse_args()
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.h"], cwd=TOP,
                         check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    # Those of tests are parts of one program, those of guest programs for another machine, and
    # the kernel module's are compiled with the kernel's own.
    headers = [h for h in out if os.path.isfile(os.path.join(TOP, h))
               and (h.startswith("hyp/uapi/") or not h.startswith(("tests/", "bench/", "hyp/")))]
    libs = shlex.split(subprocess.run(["pkg-config", "--cflags", "glib-2.0", "slirp"], check=True,
                                      stdout=subprocess.PIPE, text=True).stdout)

    def compile_alone(job):
        cc, header = job
        # Twice: the include guard must hold.  Unused static functions are a header's business.
        text = f'#include "{header}"\n#include "{header}"\n'
        cmd = [cc, *FLAGS, "-Wno-unused-function", "-I" + TOP, "-I" + args.build, *libs, "-"]
        p = subprocess.run(cmd, input=text, text=True, check=False, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
        return f"{header} ({cc}):\n{p.stdout}" if p.returncode else None

    jobs = [(cc, h) for cc in ("gcc", "clang") for h in headers]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        failures = [f for f in pool.map(compile_alone, jobs) if f]
    print("\n".join(failures), end="\n" if failures else "")
    print(f"headers: {len(headers)} headers, {len(failures)} problems")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
