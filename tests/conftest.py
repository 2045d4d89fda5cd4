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
