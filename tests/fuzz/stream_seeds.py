#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes examples for fuzz_stream.c into a directory: stream_seeds.py DIR

Made after docs/migration-format.md, not by our writer.
"""
import os
import struct
import sys
import zlib

UINT, BOOL, BYTES, STRUCT = 1, 2, 3, 4
WHOLE, SECTIONS, OBJECT, RAM, RAM_ZSTD = range(5)


def string(text):
    return bytes([len(text)]) + text.encode()


def field(name, kind, width, count, data, flags=0):
    return string(name) + struct.pack("<BBBII", kind, flags, width, count, len(data)) + data


def uint(name, width, *values, flags=0):
    return field(name, UINT, width, len(values), b"".join(v.to_bytes(width, "little") for v in values), flags)


def fields(*rows):
    return struct.pack("<H", len(rows)) + b"".join(rows)


def outer():
    inner = fields(uint("a", 4, 3), field("b", BOOL, 1, 1, b"\1"), field("text", BYTES, 1, 5, b"hello"))
    middle = fields(field("inner", STRUCT, 0, 2, inner * 2), uint("n", 2, 77))
    return string("outer") + struct.pack("<I", 2) + fields(
        uint("byte", 1, 1), uint("half", 2, 2), uint("word", 4, 1000), uint("dword", 8, 1 << 63),
        field("flag", BOOL, 1, 1, b"\1"), field("flags", BOOL, 1, 3, b"\0\1\0"), uint("halves", 2, 9, 8, 7, 6),
        field("buffer", BYTES, 1, 16, bytes(16)), field("middle", STRUCT, 0, 2, middle * 2),
        uint("late", 8, 5, flags=1), uint("unknown", 1, 1, flags=1))


def batch(ipa, runs, data, code=0):
    pages = sum(n for _, n, zero in runs if not zero)
    return struct.pack("<QHHB3xI", ipa, len(runs), pages, code, len(data)) + \
        b"".join(struct.pack("<IHH", *run) for run in runs) + data


def section(number, name, payload):
    head = struct.pack("<4sIIIB", b"SECT", number, 1, len(payload), len(name)) + name.encode()
    return head + struct.pack("<I", zlib.crc32(head)) + payload + struct.pack("<I", zlib.crc32(head + payload))


def stream(features, *sections):
    head = b"VAMB\r\n\x1a\x8b" + struct.pack("<II", 1, len(features)) + features.encode()
    return head + struct.pack("<I", zlib.crc32(head)) + \
        b"".join(section(i, name, payload) for i, (name, payload) in enumerate(sections))


def main():
    page = bytes(range(256)) * 16
    raw = batch(0x40000000, [(3, 1, 0), (10, 200, 1)], page)
    seeds = [(OBJECT, outer()), (RAM, raw), (RAM, batch(0, [(0, 16, 1)], b"")),
             (RAM_ZSTD, batch(0x40000000, [(3, 1, 0), (10, 20, 1), (255, 1, 0)], page * 2))]
    seeds += [(kind, stream(features, ("device/x", outer()), ("ram", raw), ("end", b"")))
              for kind in (WHOLE, SECTIONS) for features in ("", "zstd", "zstd live")]
    os.makedirs(sys.argv[1], exist_ok=True)
    for i, (kind, data) in enumerate(seeds):
        with open(os.path.join(sys.argv[1], str(i)), "wb") as f:
            f.write(bytes([kind]) + data)


if __name__ == "__main__":
    main()
