# SPDX-License-Identifier: GPL-2.0-only
"""Guests that check themselves go from process to process at random moments, and notice nothing.

MIGRATE_TRIPS is how often each of the slow tests moves its guest (114 otherwise: 1,026 in all with Linux' load).
"""
import os
import random

import pytest

from rig import Clock, Failed, Rig, start_linux, start_selftest, trips

CPUS = [1, 2, 4]
QUICK = 34          # times six is 204, with Linux' load
ALONE = 10          # of the guest that has nothing to do but to look at itself
SLOW = int(os.environ.get("MIGRATE_TRIPS", "114"))


@pytest.fixture
def rig(vambrace, tmp_path):
    with Rig(vambrace, tmp_path) as r:
        yield r


def seed_of(*what):
    """The same each time, so that what fails can be seen again."""
    return random.Random("-".join(str(w) for w in what))


@pytest.mark.parametrize("isa", ["a64", "a32"])
@pytest.mark.parametrize("engine,cpus,rounds", [("jit", 1, 40), ("jit", 4, 40), ("interp", 3, 20)])
def test_stays(rig, isa, engine, cpus, rounds):
    """Where it is nothing is wrong either."""
    rig.engines = (engine,)
    start_selftest(rig, isa, cpus, words=["--append", f"rounds={rounds}"], wait=False)
    rig.check_end()
    assert rig.rounds() == rounds


@pytest.mark.parametrize("thing", range(13))
def test_notices(rig, thing):
    """The guest finds what was spoilt."""
    with pytest.raises(Failed, match="FAIL cpu"):
        start_selftest(rig, "a32" if thing % 2 else "a64", 2, macros=[f"-DSPOIL={thing}"], wait=False)
        rig.on()


@pytest.mark.parametrize("looks,ahead", [
    ([(1, 0), (2, 1.5), (30, 1.6), (31, 30.5)], False),     # it stood still, or its words were late
    ([(1, 0), (2, 2.2)], True),
    ([(59, 0.5), (60, 1), (61, 22)], True)])
def test_clock(looks, ahead):
    clock = Clock(0)
    try:
        for at, told in looks:
            clock.look(at, at, told)
    except Failed:
        assert ahead
    else:
        assert not ahead


@pytest.mark.parametrize("cpus", CPUS)
@pytest.mark.parametrize("isa", ["a64", "a32"])
def test_trips(rig, isa, cpus):
    start_selftest(rig, isa, cpus)
    trips(rig, ALONE, seed_of(isa, cpus))


@pytest.mark.parametrize("isa", ["a64", "a32"])
def test_engines(rig, isa):
    """Translator and interpreter in turns."""
    rig.engines = ("jit", "interp")
    start_selftest(rig, isa, 2)
    trips(rig, 6, seed_of(isa, "engines"))


def busy_linux(rig, guest, isa, cpus, times):
    """With disk and network; a few times while it boots, then @times while hackbench and stress-ng run beside it."""
    start_linux(rig, guest, isa, cpus, load=True)
    rng = seed_of(isa, os.path.basename(guest), cpus)
    trips(rig, 3, rng)
    rig.lives(load=True)
    trips(rig, times, rng)
    rig.lives(load=True)


@pytest.mark.parametrize("cpus", CPUS)
@pytest.mark.parametrize("isa,flavour", [("a64", "a64"), ("a32", "armmp-lpae")])
def test_linux(rig, kernels, isa, flavour, cpus):
    busy_linux(rig, kernels(flavour)["guest"], isa, cpus, QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("cpus", CPUS)
@pytest.mark.parametrize("isa", ["a64", "a32"])
def test_many_trips(rig, isa, cpus):
    start_selftest(rig, isa, cpus)
    trips(rig, SLOW, seed_of(isa, cpus, "many"))


@pytest.mark.slow
@pytest.mark.parametrize("cpus", CPUS)
@pytest.mark.parametrize("isa,flavour", [("a64", "a64"), ("a32", "armmp-lpae"), ("a32", "armmp")])
def test_linux_many(rig, kernels, isa, flavour, cpus):
    busy_linux(rig, kernels(flavour)["guest"], isa, cpus, SLOW)
