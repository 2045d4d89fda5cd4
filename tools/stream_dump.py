#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Shows a migration stream or a snapshot in readable form: stream_dump.py [--data] FILE|-

Made after docs/migration-format.md alone; shares nothing with the program.  --data also decompresses RAM, with the
zstd program if there is one, and shows checksums of the pages of each batch.
"""
import argparse
import shutil
import struct
import subprocess
import sys
import zlib

UINT, BOOL, BYTES, STRUCT = 1, 2, 3, 4
INTENTS = {0: "move", 1: "dry run", 2: "store"}


class Bad(Exception):
    pass


class Payload:
    """Takes fields from the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if n > len(self.data) - self.at:
            raise Bad(f"{n} bytes wanted, {len(self.data) - self.at} left")
        self.at += n
        return self.data[self.at - n:self.at]

    def get(self, layout):
        values = struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))
        return values if len(values) > 1 else values[0]

    def string(self):
        return visible(self.take(self.get("B")))

    def rest(self):
        return self.take(len(self.data) - self.at)


def visible(data):
    return "".join(chr(c) if 32 <= c < 127 else f"\\x{c:02x}" for c in data)


def short_hex(data):
    return data[:32].hex() + (f"... ({len(data)} bytes)" if len(data) > 32 else "")


def show_fields(p, indent):
    if len(indent) > 2 * 10:
        raise Bad("structs nested too deep")
    for _ in range(p.get("H")):
        name = p.string()
        kind, flags, width, count, length = p.get("BBBII")
        data = Payload(p.take(length))
        note = " (optional)" if flags & 1 else ""
        if kind == STRUCT:
            for i in range(count):
                print(f"{indent}{name}{f'[{i}]' if count > 1 else ''}:{note}")
                show_fields(data, indent + "  ")
        elif kind in (UINT, BOOL):
            print(f"{indent}{name} = " + " ".join(hex(int.from_bytes(data.take(width), "little"))
                                                  for _ in range(count)) + note)
        elif kind == BYTES:
            print(f"{indent}{name} = {short_hex(data.rest())}{note}")
        else:
            raise Bad(f"{name}: kind {kind}")
        if data.at != length:
            raise Bad(f"{name}: {length} bytes, {data.at} of them used")


def show_parts(p):
    for _ in range(p.get("B")):
        print(f"  {p.string()} version {p.get('I')}")
        show_fields(p, "    ")


def show_identity(p):
    name, (aarch32, gic, hz, registers) = p.string(), p.get("BBIH")
    print(f"  cpu {name}, {'AArch32' if aarch32 else 'AArch64'}, GICv{gic}, counter {hz} Hz")
    for _ in range(registers):
        print("  {} = {:#x}".format(p.string(), p.get("BQ")[1]))
    for _ in range(p.get("B")):
        print("  CCSIDR[{}] = {:#x}".format(*p.get("BI")))


def show_cpu(p):
    off, registers = p.get("BH")
    print(f"  switched {'off' if off else 'on'}, {registers} registers")
    for _ in range(registers):
        name, (flags, size) = p.string(), p.get("BB")
        print(f"  {name} = {hex(int.from_bytes(p.take(size), 'little')) if size else 'absent'}"
              f"{' (optional)' if flags & 1 else ''}")


def show_ram(p, args):
    ipa, runs, data_pages, code, length = p.get("QHHB3xI")
    spans = [p.get("IHH") for _ in range(runs)]
    data = p.take(length)
    args.pages += sum(n for _, n, _ in spans)
    args.zero += sum(n for _, n, zero in spans if zero & 1)
    print(f"  region {ipa:#x}: " + " ".join(f"{page}{f'-{page + n - 1}' if n > 1 else ''}{'z' if zero & 1 else ''}"
                                            for page, n, zero in spans))
    if code == 1 and args.data and args.zstd:
        data = subprocess.run([args.zstd, "-dc"], input=data, stdout=subprocess.PIPE, check=True).stdout
        code = 0
    if code == 0 and len(data) != data_pages * 4096:
        raise Bad(f"{data_pages} pages of data have {len(data)} bytes")
    print(f"  {data_pages} pages of data, {length} bytes {'zstd' if length < data_pages * 4096 else 'raw'}"
          + (f", crc32 {zlib.crc32(data):08x}" if args.data and code == 0 else ""))


def show_image(p, args):
    args.state, regions = p.get("QI")
    for _ in range(regions):
        print("  RAM at {:#x}, {} bytes, at {} in the file".format(*p.get("QQQ")))
    print(f"  the second stream is at {args.state}")


def show_disks(p):
    for _ in range(p.get("B")):
        print("  {}: {} bytes, written {}".format(p.string(), *p.get("QQ")))


def show(name, p, args):
    if name in ("config", "refuse"):
        print("".join(f"  {visible(line)}\n" for line in p.rest().splitlines()), end="")
    elif name == "identity":
        show_identity(p)
    elif name == "time":
        print("  count {}, {} Hz".format(*p.get("QI")))
    elif name.startswith("cpu/"):
        show_cpu(p)
    elif name == "gic" or name.startswith("device/"):
        show_parts(p)
    elif name == "ram":
        show_ram(p, args)
    elif name == "image":
        show_image(p, args)
    elif name == "disk":
        print("  image {}, offset {}, {} bytes, coding {}".format(*p.get("BQIB")), short_hex(p.rest()))
    elif name == "disks":
        show_disks(p)
    elif name == "end":
        print(f"  vCPUs {'held' if p.get('B') else 'run'}")
    elif name == "intent":
        print(f"  {INTENTS.get(p.get('B'), 'unknown')}")
    if p.at != len(p.data):
        print(f"  not understood: {short_hex(p.rest())}")


def read(f, n):
    data = f.read(n)
    if len(data) != n:
        raise Bad(f"the stream ends {n - len(data)} bytes early")
    return data


def show_stream(f, args):
    head = read(f, 16)
    if head[:8] != b"VAMB\r\n\x1a\x8b":
        raise Bad("no stream of vambrace")
    version, length = struct.unpack("<II", head[8:])
    if length > 1024:
        raise Bad("the list of features is too long")
    head += read(f, length)
    if struct.unpack("<I", read(f, 4))[0] != zlib.crc32(head):
        raise Bad("the header's checksum is wrong")
    print(f"version {version}, features: {visible(head[16:])}")
    number = 0
    while args.state is None and (first := f.read(1)):
        head = first + read(f, 16)
        mark, count, version, length, name_length = struct.unpack("<4sIIIB", head)
        if mark != b"SECT" or length > 8 << 20:
            raise Bad("no section begins here")
        head += read(f, name_length)
        if struct.unpack("<I", read(f, 4))[0] != zlib.crc32(head):
            raise Bad("the checksum of a section's head is wrong")
        name = visible(head[17:])
        if count != number:
            raise Bad(f"section {name} is number {count}, not {number}")
        payload = read(f, length)
        if struct.unpack("<I", read(f, 4))[0] != zlib.crc32(head + payload):
            raise Bad(f"section {name}: the checksum is wrong")
        print(f"#{number} {name} version {version}, {length} bytes")
        show(name, Payload(payload), args)
        number += 1


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--data", action="store_true", help="decompress RAM too, and show checksums")
    ap.add_argument("file", help="- is stdin")
    args = ap.parse_args()
    args.pages, args.zero, args.state, args.zstd = 0, 0, None, shutil.which("zstd")
    try:
        with open(args.file, "rb") if args.file != "-" else sys.stdin.buffer as f:
            show_stream(f, args)
            if args.state is not None:
                f.seek(args.state)
                args.state = None
                show_stream(f, args)
    except (Bad, struct.error, subprocess.CalledProcessError, OSError) as e:
        sys.stdout.flush()
        sys.exit(f"stream_dump.py: {args.file}: {e}")
    print(f"RAM: {args.pages} pages, {args.zero} of them zero")


if __name__ == "__main__":
    main()
