# SPDX-License-Identifier: GPL-2.0-only
"""The tests of prog/*.c, named after the rows of docs/hyp-checklist.md: each is one test here.

On the first board each is run by itself, so that a failure has a name and a log; on the
others all in one go.
"""
import glob
import os
import re

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
FIRST = ("virt", "armmp-lpae")
OTHERS = [("virt", "armmp"), ("vexpress", "armmp-lpae"), ("vexpress", "armmp"), ("virt-a7", "armmp-lpae"),
          ("virt", "6.12-armmp-lpae")]


def names():
    """Name and time limit of each test."""
    for path in sorted(glob.glob(os.path.join(HERE, "prog/t_*.c"))):
        with open(path, encoding="utf-8") as f:
            for m in re.finditer(r"^TEST(?:_LIMIT)?\((\w+), (?:(\d+), )?\"", f.read(), re.M):
                # Those want a board with swap: test_memory.py.
                if not m.group(1).startswith("storm_"):
                    yield m.group(1), int(m.group(2) or 20)


def run(host, command, timeout):
    status, out = host.program(command, timeout, None)
    skipped = re.search(r"^skip \w+ \d+ ms: (.*)", out, re.M)
    failed = re.findall(r"^FAIL .*", out, re.M)
    assert not failed and status == 0, f"status {status}: " + "\n".join(failed or [out[-2000:]])
    host.check_kernel()
    return skipped.group(1) if skipped else None


@pytest.mark.parametrize("name,limit", list(names()), ids=[x[0] for x in names()])
def test_program(hosts, name, limit):
    why = run(hosts.get(*FIRST), "hyptest " + name, limit * 2 + 20)
    if why:
        pytest.skip(why)


@pytest.mark.slow
@pytest.mark.parametrize("board,flavour", OTHERS)
def test_all_programs(hosts, board, flavour):
    run(hosts.get(board, flavour), "hyptest all", 1200)
