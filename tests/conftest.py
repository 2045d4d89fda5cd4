# SPDX-License-Identifier: GPL-2.0-only
"""What functional tests share: the programs under test and the guest.

tools/check.py names the programs in the environment; without it, what stands
in build/ is used.  A test that needs something that is not there fails, so that
nothing is skipped unseen.
"""
import os
import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: minutes; only with make check-slow")


def pytest_addoption(parser):
    parser.addoption("--shard", metavar="I/N", default="1/1", help="the I-th of N parts of the tests")


def turn_of(item):
    """Which repeat of a test it is; those that run once have none."""
    return item.callspec.params.get("turn", -1) if hasattr(item, "callspec") else -1


def unit_of(item):
    """What is not divided among shards."""
    return item.nodeid if turn_of(item) >= 0 else item.path


def pytest_collection_modifyitems(config, items):
    """Repeats run last, and none twice before all ran once: a run that is broken off has seen the most.

    Shards divide the repeats one by one, but everything else by modules: those share guests.
    """
    items.sort(key=turn_of)
    part, parts = (int(n) for n in config.getoption("shard").split("/"))
    shard = {}
    for unit in (unit_of(i) for i in items):
        shard.setdefault(unit, len(shard) % parts + 1)
    config.hook.pytest_deselected(items=[i for i in items if shard[unit_of(i)] != part])
    items[:] = [i for i in items if shard[unit_of(i)] == part]


@pytest.fixture(scope="session")
def top():
    return TOP


@pytest.fixture(scope="session")
def vambrace():
    """The ordinary build."""
    path = pathlib.Path(os.environ.get("VAMBRACE", TOP / "build/vambrace"))
    assert path.exists(), f"{path} is missing: run make first"
    return path


@pytest.fixture(scope="session")
def vambrace_asan(vambrace):
    """The build with sanitizers if there is one: for tests in which no guest runs for long."""
    return pathlib.Path(os.environ.get("VAMBRACE_ASAN", vambrace))


@pytest.fixture(scope="session")
def guest(top):
    """Directory with Image and initrd.gz of Debian's kernel; fetched if need be."""
    subprocess.run(["make", "-s", "guest"], cwd=top, check=True)
    return top / "build/guest"
