# SPDX-License-Identifier: GPL-2.0-only
import pytest
from control_box import Box


@pytest.fixture
def box(vambrace, tmp_path):
    b = Box(vambrace, tmp_path)
    yield b
    b.clean()
