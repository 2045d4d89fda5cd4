# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of migration share, besides tests/conftest.py."""
import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, "../boot"), os.path.join(HERE, "../../tools")]


@pytest.fixture(scope="session")
def kernels(guest, top):
    """Directory and options of each kind of guest."""
    def get(kind):
        if kind == "a64":
            return {"guest": guest}
        subprocess.run(["make", "-s", "guest-" + kind], cwd=top, check=True)
        return {"guest": top / "build/guest" / kind, "cpu": "cortex-a15"}
    return get
