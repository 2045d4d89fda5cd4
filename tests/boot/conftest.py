# SPDX-License-Identifier: GPL-2.0-only
"""What the tests that boot guests share, besides tests/conftest.py."""
import os
import subprocess
import sys

import pytest

# For fetch_rootfs.
sys.path.append(os.path.join(os.path.dirname(__file__), "../../tools"))


@pytest.fixture(scope="session")
def guest_16k(top):
    """Directory with Image and initrd.gz of Debian's kernel with 16K pages."""
    subprocess.run(["make", "-s", "guest-16k"], cwd=top, check=True)
    return top / "build/guest/16k"


@pytest.fixture(scope="session")
def guest_armhf(top):
    """A function from a 32-bit kernel's name to the directory with its zImage and initrd.gz."""
    def get(flavour):
        subprocess.run(["make", "-s", "guest-" + flavour], cwd=top, check=True)
        return top / "build/guest" / flavour
    return get
