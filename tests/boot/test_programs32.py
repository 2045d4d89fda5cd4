# SPDX-License-Identifier: GPL-2.0-only
"""C programs in ARM and in Thumb state: their output is what this host's own build prints.

On the 32-bit CPU, and under a 64-bit kernel on a 64-bit one.
"""
import http.server
import os
import shutil
import subprocess
import threading

import pytest

from bootrig import Guest

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs32.c")
CROSS = "arm-linux-gnueabihf-gcc"
FLAGS = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-static", "-pthread"]
VARIANTS = {
    "arm-O2": ["-marm", "-O2"],
    "thumb-O2": ["-mthumb", "-O2"],
    "arm-O0": ["-marm", "-O0"],
    "thumb-O3-neon": ["-mthumb", "-O3", "-mfpu=neon", "-mcpu=cortex-a15"],
    "arm-O3-neon": ["-marm", "-O3", "-mfpu=neon-vfpv4", "-mcpu=cortex-a15"],
    "arm-v7-d16": ["-marm", "-O2", "-march=armv7-a+vfpv3-d16", "-mfloat-abi=hard"],
    "arm-v6-style": ["-marm", "-Os", "-mno-unaligned-access"],
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A directory with a program of each variant, and what this host's prints."""
    assert shutil.which(CROSS), f"{CROSS} is missing; tools/setup.sh test installs it"
    out = tmp_path_factory.mktemp("programs32")
    for name, flags in VARIANTS.items():
        subprocess.run([CROSS, *FLAGS, *flags, SOURCE, "-o", str(out / name), "-lm"], check=True)
    subprocess.run(["gcc", *FLAGS, "-O1", SOURCE, "-o", str(out / "host"), "-lm"], check=True)
    said = subprocess.run([str(out / "host")], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert said.count("\n") == 10
    yield out, said.strip()
    shutil.rmtree(out)


def run_all(g, built):
    out, said = built

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(out))

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        g.wait_shell()
        g.serve()
        for name in VARIANTS:
            g.run(f"wget -q -O /tmp/{name} http://10.0.2.2:{server.server_port}/{name} && "
                  f"chmod +x /tmp/{name}", timeout=120)
            assert g.run(f"/tmp/{name}", timeout=120) == said, name
        server.shutdown()
    g.check_kernel()
    g.poweroff()


@pytest.mark.slow
def test_programs(guest_armhf, built):
    with Guest("programs32", guest=guest_armhf("armmp"), machine="virt", cpu="cortex-a15",
               cpus=2, net="user") as g:
        run_all(g, built)


def test_programs_compat(guest, built):
    with Guest("programs32-compat", guest=guest, cpu="cortex-a57", cpus=2, net="user") as g:
        run_all(g, built)
