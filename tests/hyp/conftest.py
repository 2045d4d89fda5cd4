# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of the kernel module share: host boards that stay up from test to test.

HYP_FLAVOURS and HYP_BOARDS (lists with commas) replace the kernels and boards of the
whole set of programs; see test_programs.py.
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import build
import hyprig           # puts tools/ into the path
import build_hyp


@pytest.fixture(scope="session")
def module():
    """A function from a kernel's name to the module for it, built once."""
    made = {}

    def get(flavour):
        if flavour not in made:
            made[flavour] = os.environ.get("HYP_MODULE") or build_hyp.ensure(flavour)
        return made[flavour]
    return get


@pytest.fixture(scope="session")
def program():
    """A function from the name of a test program to its path, built once."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = build.build(name)
        return made[name]
    return get


class Hosts:
    """One board at a time: the next one, or one that failed, takes the place of the last."""

    def __init__(self, module, program):
        self.module, self.program, self.key, self.host = module, program, None, None

    def get(self, board, flavour, **options):
        key = (board, flavour, repr(options))
        if self.key != key or not self.host.p.isalive():
            self.close()
            self.module(flavour)
            files = {"/bin/" + x: self.program(x) for x in ("hyptest", "probe")}
            self.host = hyprig.Host(f"hyp-{board}-{flavour}", board=board, flavour=flavour, files=files,
                                    load=True, **options)
            self.host.boot()
            self.key = key
        return self.host

    def close(self):
        if self.host:
            self.host.p.close(force=True)
            self.host.log.close()
        self.key = self.host = None


@pytest.fixture(scope="session")
def hosts(module, program):
    boards = Hosts(module, program)
    yield boards
    boards.close()


def place_of(item):
    """The parameter `place`: a board of a module's own, with a fixture that boots it."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return item.path, params.get("place", item.nodeid)


def pytest_collection_modifyitems(items):
    """Tests of one place follow each other."""
    first = {}
    for item in items:
        first.setdefault(place_of(item), len(first))
    items.sort(key=lambda item: first[place_of(item)])
