# SPDX-License-Identifier: GPL-2.0-only
"""A guest started with --cpu host-of=FILE sees what guests of that host see; vambrace host describe elsewhere."""
import os
import platform
import subprocess

import pytest

from bootrig import BUILD, Guest

PROGRAM = os.environ.get("VAMBRACE", os.path.join(BUILD, "vambrace"))

# What Linux 5.4 shows a guest on QEMU's Cortex-A15, but for the revision and the counter's frequency.
A15 = """vambrace-identity 1
cpu cortex-a15
el1 aarch32
gic 2
counter-hz 24000000
psci 1.0
MIDR_EL1 0x412fc0f3
REVIDR_EL1 0x412fc0f3
CTR_EL0 0x8444c004
CLIDR_EL1 0x0a200023
ID_PFR0_EL1 0x00001131
ID_PFR1_EL1 0x00011001
ID_DFR0_EL1 0x02010505
ID_MMFR0_EL1 0x10201105
ID_MMFR1_EL1 0x20000000
ID_MMFR2_EL1 0x01240000
ID_MMFR3_EL1 0x02102211
ID_ISAR0_EL1 0x02101110
ID_ISAR1_EL1 0x13112111
ID_ISAR2_EL1 0x21232041
ID_ISAR3_EL1 0x11112131
ID_ISAR4_EL1 0x10011142
MVFR0_EL1 0x10110222
MVFR1_EL1 0x11111111
TCMTR 0
TLBTR 0
FPSID 0x410430f0
DBGDIDR 0
DBGDEVID 0
CCSIDR[0] 0x701fe00a
CCSIDR[1] 0x201fe00a
CCSIDR[2] 0x711fe07a
"""


@pytest.mark.parametrize("cpu", ["host-of={}", "cortex-a15,like={}"], ids=["host-of", "like"])
def test_guest_like_a15(guest_armhf, tmp_path, cpu):
    file = tmp_path / "a15"
    file.write_text(A15)
    with Guest("identity-" + cpu[:4], guest=guest_armhf("armmp-lpae"), cpus=2, cpu=cpu.format(file)) as g:
        boot = g.wait_shell(240)
        assert "412fc0f3" in boot
        assert "at 24.00MHz" in boot
        assert "PSCIv1.0 detected" in boot
        g.serve()
        info = g.run("cat /proc/cpuinfo")
        assert "CPU revision\t: 3" in info and "CPU variant\t: 0x2" in info and "idiva" in info and "lpae" in info
        # No breakpoints are told of.
        assert "hw-breakpoint: found" not in g.run("dmesg")
        g.check_kernel()
        # Two clocks: the guest's counter goes at the rate that it was told.
        assert 1 <= float(g.run("a=$(cut -d' ' -f1 /proc/uptime); sleep 2; b=$(cut -d' ' -f1 /proc/uptime); "
                                "awk \"BEGIN { print $b - $a }\"")) <= 4
        g.poweroff("poweroff -f")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="an Arm host may describe itself")
def test_no_host_to_describe(tmp_path):
    file = tmp_path / "out"
    p = subprocess.run([PROGRAM, "host", "describe", str(file)], capture_output=True, text=True, timeout=60,
                       check=False)
    assert p.returncode == 1 and not file.exists()
    assert "no Arm machine" in p.stderr and "run it on the Arm host" in p.stderr
    assert p.stderr.count("\n") == 1


@pytest.mark.parametrize("cpu,text,says", [
    ("host-of=FILE", None, "No such file"),
    ("host-of=FILE", "", "not complete"),
    ("host-of=FILE", A15.replace("ID_ISAR3_EL1", "ID_ISAR33_EL1"), "line 21: no register"),
    ("cortex-a57,like=FILE", A15, "describes a cortex-a15"),
    ("cortex-a15,like=FILE", A15.replace("aarch32", "aarch16"), "line 3: el1 is"),
], ids=["no file", "empty", "register", "other part", "el1"])
def test_bad_file(tmp_path, cpu, text, says):
    file = tmp_path / "id"
    if text is not None:
        file.write_text(text)
    p = subprocess.run([PROGRAM, "run", "--kernel", "/nonexistent", "--cpu", cpu.replace("FILE", str(file))],
                       capture_output=True, text=True, timeout=60, check=False)
    assert p.returncode == 2 and says in p.stderr and str(file) in p.stderr
