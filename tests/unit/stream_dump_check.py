#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Does another reader understand our writer?  stream_dump_check.py STREAM_SAMPLE STREAM_DUMP.PY

It compares what the tool says of the stream of stream_sample.c with what that put in, and damages the stream.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib

PAGES = 512


def pages():
    """The RAM of stream_sample.c."""
    seed, out = 1, []
    for n in range(PAGES):
        page = bytearray(4096)
        for i in range(4096 if n % 3 else 0):
            seed = (seed * 1664525 + 1013904223) & 0xffffffff
            page[i] = seed >> 24 if n % 2 else (0x80 | n) & 0xff
        out.append(bytes(page))
    return out


def dump(tool, path, *args):
    return subprocess.run([sys.executable, tool, *args, path], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def check_ram(text):
    """Every page once, the zero ones as such, and the data of each batch."""
    ram, seen, checked = pages(), set(), 0
    for spans, data in re.findall(r"^  region 0x40000000: (.*)\n  (.*)$", text, re.M):
        content = b""
        for first, last, zero in re.findall(r"(\d+)(?:-(\d+))?(z?)", spans):
            for n in range(int(first), int(last or first) + 1):
                assert n not in seen and bool(zero) == (n % 3 == 0), n
                seen.add(n)
                content += b"" if zero else ram[n]
        assert data.startswith(f"{len(content) // 4096} pages of data"), data
        crc = re.search(r"crc32 (\w+)", data)
        if crc:
            assert int(crc.group(1), 16) == zlib.crc32(content), spans
            checked += 1
    assert seen == set(range(PAGES))
    assert f"RAM: {PAGES} pages, {(PAGES + 2) // 3} of them zero" in text
    return checked


def check_text(text):
    for line in """version 1, features: zstd
#0 config version 1, 35 bytes
  machine=virt
#1 identity version 1
  cpu cortex-a57, AArch64, GICv2, counter 62500000 Hz
  MIDR_EL1 = 0x411fd070
  CCSIDR[2] = 0x201fe00a
#2 intent
  move
 time version 1, 12 bytes
  count 123456789, 62500000 Hz
 gic version 1
 device/toy@9000000 version 1
  toy version 7
    byte = 0x12
    half = 0x1234
    word = 0x12345678
    dword = 0x1 0xffffffffffffffff
    flag = 0x1
    text = 68656c6c6f
    point[1]:
      y = 0x4
    late = 0x63 (optional)
 cpu/1 version 1
  switched off
  X5 = 0x5555
  PC = 0x40080000
  V3 = 0xfedcba98765432100123456789abcdef
 end version 1, 1 bytes
  vCPUs run""".splitlines():
        assert line in text, line
    assert "not understood" not in text


def main():
    sample, tool = sys.argv[1:]
    with tempfile.TemporaryDirectory() as where:
        path = os.path.join(where, "stream")
        subprocess.run([sample, path], check=True)
        plain, full = dump(tool, path), dump(tool, path, "--data")
        assert not plain.returncode and not full.returncode, plain.stderr + full.stderr
        check_text(plain.stdout)
        assert check_ram(plain.stdout) == 0
        checked = check_ram(full.stdout)
        assert checked if shutil.which("zstd") else True
        with open(path, "rb") as f:
            data = f.read()
        for at in (3, 20, 30, 60, len(data) // 2, len(data) - 1):
            with open(path, "wb") as f:
                f.write(data[:at] + bytes([data[at] ^ 16]) + data[at + 1:])
            assert dump(tool, path).returncode == 1, at
        for length in (0, 10, 100, len(data) - 1):
            with open(path, "wb") as f:
                f.write(data[:length])
            assert "early" in dump(tool, path).stderr, length
    print(f"understood; the data of {checked} batches compared")


if __name__ == "__main__":
    main()
