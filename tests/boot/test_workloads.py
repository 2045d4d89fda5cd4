# SPDX-License-Identifier: GPL-2.0-only
"""Programs that others wrote, run in a Debian guest, their results checked.

All run in one guest, which is booted anew after one has failed.  Debian's root file
system is mounted read-only from /dev/vda; /dev/vdb is an empty disk for those that
write.  What programs compute is compared with what this host computes.

They run once in a Debian of 64 bits and once in one of 32 bits (armhf).

WORKLOAD_CPUS (2), WORKLOAD_CPU (the default model) and WORKLOAD_KERNEL (default or 16k; or
armmp, armmp-lpae) in the environment choose another machine to run them on; WORKLOAD_ARCH
(arm64,armhf) which of the two.  The user space of 32 bits runs under a kernel of 64 bits
with WORKLOAD_ARCH=compat.
"""
import base64
import functools
import hashlib
import http.server
import json
import os
import re
import sqlite3
import subprocess
import threading
import time
import urllib.request

import pytest

import fetch_rootfs
import workload_data as data
from bootrig import BUILD, Guest, GuestError, SLOWDOWN, free_port

pytestmark = pytest.mark.slow

CPUS = int(os.environ.get("WORKLOAD_CPUS", "2"))
CPU = os.environ.get("WORKLOAD_CPU")
KERNEL = os.environ.get("WORKLOAD_KERNEL")
ARCHES = os.environ.get("WORKLOAD_ARCH", "arm64,armhf").split(",")
# Architecture: the kernel, the CPU, the file system with the tools.
PLACES = {"arm64": ("default", None, "tools"), "armhf": ("armmp-lpae", "cortex-a15", "tools-armhf"),
          "compat": ("default", None, "tools-armhf")}
SCRATCH = 3 << 30
# With a path: the initrd's busybox would rather run its own env, and its own sh in that.
ENV = "/usr/bin/env -i HOME=/root LC_ALL=C TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin"
MOUNTS = ("mount -o ro /dev/vda /mnt && for d in proc sys dev; do mount --bind /$d /mnt/$d; done; "
          "for d in tmp run root; do mount -t tmpfs $d /mnt/$d; done; "
          "mkdir -p /dev/shm && mount -t tmpfs shm /dev/shm && chmod 1777 /dev/shm /mnt/tmp")


class Machine:
    """The guest with the tools, booted when it is first needed and after a failure."""

    def __init__(self, name, guest, cpu, disk, scratch):
        self.name, self.guest, self.cpu, self.disk, self.scratch = name, guest, cpu, disk, scratch
        self.g, self.boots = None, 0
        self.ports = {"redis": 6379, "iperf": 5201, "http": 8000}

    def get(self):
        if self.g and self.g.p.isalive():
            return self
        self.boots += 1
        self.host_ports = {name: free_port() for name in self.ports}
        with open(self.scratch, "wb") as f:
            f.truncate(SCRATCH)
        self.g = Guest(f"workloads-{self.name}-{self.boots}", guest=self.guest, cpus=CPUS, cpu=self.cpu,
                       memory="1G",
                       disks=[self.disk + ",readonly", self.scratch], net="user",
                       forwards=[f"127.0.0.1:{self.host_ports[n]}:{p}"
                                 for n, p in self.ports.items()])
        self.g.wait_shell()
        self.g.serve()
        self.g.run(MOUNTS)
        return self

    def run(self, command, timeout=60, status=0):
        """A line for the shell of the Debian in the guest."""
        assert "'" not in command
        return self.g.run(f"chroot /mnt {ENV} sh -c '{command}'", timeout, status)

    def put(self, path, text):
        """A file in the guest; the text may be anything but control characters."""
        self.g.run(f": > /mnt{path}")
        for line in text.splitlines():
            quoted = line.replace("'", "'\\''")
            self.g.run(f"printf '%s\\n' '{quoted}' >> /mnt{path}")

    def serve(self, command, ready, name):
        """A program in the background; ready is a line that succeeds when it answers."""
        self.g.run(f"chroot /mnt {ENV} {command} > /tmp/{name}.log 2>&1 & "
                   f"echo $! > /tmp/{name}.pid")
        self.run(f"n=0; until {ready}; do n=$((n+1)); [ $n -lt 100 ] || exit 1; sleep 0.2; done",
                 timeout=120)

    def stop(self, name):
        self.g.run(f"kill $(cat /tmp/{name}.pid); n=0; while kill -0 $(cat /tmp/{name}.pid) "
                   "2>/dev/null && [ $n -lt 100 ]; do n=$((n+1)); sleep 0.1; done; true")

    def discard(self):
        if self.g:
            self.g.__exit__()
            self.g = None


@pytest.fixture(scope="module", params=ARCHES)
def machines(request, tmp_path_factory):
    kernel, cpu, tools = PLACES[request.param]
    kernel = KERNEL or kernel
    if kernel.startswith("armmp"):
        guest = request.getfixturevalue("guest_armhf")(kernel)
    else:
        guest = request.getfixturevalue({"default": "guest", "16k": "guest_16k"}[kernel])
    out = os.path.join(BUILD, "guest-" + tools)
    fetch_rootfs.ensure(tools, os.path.join(BUILD, "cache"), out)
    scratch = str(tmp_path_factory.mktemp("workloads") / "scratch.img")
    machine = Machine(request.param, guest, CPU or cpu, os.path.join(out, "disk.img"), scratch)
    yield machine
    machine.discard()
    os.remove(scratch)


@pytest.fixture
def m(machines):
    machine = machines.get()
    try:
        machine.run("true")
        yield machine
        if machine.g.p.isalive():
            machine.g.check_kernel()
            machine.g.run("dmesg -c >/dev/null")
    except GuestError:
        machines.discard()
        raise
    if not machine.g.p.isalive():
        machines.discard()


def host(*cmd, timeout=120, **kw):
    p = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                       timeout=timeout * SLOWDOWN, **kw)
    out = p.stdout.decode(errors="replace")
    assert p.returncode == 0, f"{cmd}: status {p.returncode}: {out[-2000:]}"
    return out


# Scheduler and timers.

@pytest.mark.parametrize("options", ["", "-p", "-T", "-T -p -s 4096"])
def test_hackbench(m, options):
    out = m.run(f"hackbench -g 4 -l 200 {options}", timeout=300)
    assert re.search(r"^Time: \d+\.\d+$", out, re.M), out


@pytest.mark.parametrize("options", ["-i 1000", "-i 500 -t 2 -a -m", "-i 2000 -t 4 -r"])
def test_cyclictest(m, options):
    loops = 3000
    out = m.run(f"cyclictest -q -l {loops} -p 80 {options}", timeout=120)
    rows = re.findall(r"^T: *(\d+) .* C: *(\d+) Min: *(-?\d+) Act: *-?\d+ Avg: *(-?\d+) "
                      r"Max: *(\d+)", out, re.M)
    threads = int(re.search(r"-t (\d+)", options).group(1)) if "-t" in options else 1
    assert len(rows) == threads, out
    # The first thread does all loops; the others go on until it is done.
    assert int(rows[0][1]) == loops, out
    for _, _, least, mean, most in rows:
        assert 0 <= int(least) <= int(mean) <= int(most), out
        assert int(mean) < 100000 and int(most) < 5000000, out


def test_clock(m):
    """Seconds are as long as the host's, to what the console's latency lets us see."""
    start = time.monotonic()
    before = float(m.g.run("cut -d' ' -f1 /proc/uptime"))
    m.g.run("sleep 10")
    after = float(m.g.run("cut -d' ' -f1 /proc/uptime"))
    took = time.monotonic() - start
    assert 10 <= after - before <= took + 0.1 and took - (after - before) < 1


# stress-ng verifies what it computes with --verify.  mremap's usual 128 MiB for each make one
# operation of two CPU seconds, which a host that others use may not have in time.

STRESSORS = {
    "cpu": ("--cpu 2", 90), "matrix": ("--matrix 2", 30), "matrix-3d": ("--matrix-3d 2", 20),
    "vecmath": ("--vecmath 2", 20), "vecfp": ("--vecfp 2", 30), "vecwide": ("--vecwide 2", 20),
    "vecshuf": ("--vecshuf 2", 20), "fp": ("--fp 2", 30), "atomic": ("--atomic 4", 20),
    "mutex": ("--mutex 4", 20), "vm": ("--vm 2 --vm-bytes 128M", 60),
    "fork": ("--fork 4", 20), "signal": ("--signal 4", 20), "switch": ("--switch 4", 20),
    "futex": ("--futex 4", 15), "mremap": ("--mremap 2 --mremap-bytes 32M", 15), "qsort": ("--qsort 2", 15),
    "crypt": ("--crypt 2", 15), "timer": ("--timer 2", 15), "fault": ("--fault 2", 15),
    "tlb": ("--tlb-shootdown 2", 15), "icache": ("--icache 2", 15), "pthread": ("--pthread 2", 15),
    "membarrier": ("--membarrier 2", 15), "lockbus": ("--lockbus 2", 15),
}


@pytest.mark.parametrize("name", STRESSORS)
def test_stress(m, name):
    options, seconds = STRESSORS[name]
    out = m.run(f"cd /tmp && stress-ng --verify --metrics-brief {options} --timeout {seconds} 2>&1",
                timeout=seconds * 4 + 120)
    assert "successful run completed" in out, out
    assert not re.search(r"fail|mismatch|incorrect|skipped|unexpected|untrustworthy|terminated on",
                         out), out
    ops = re.search(r"metrc?:? .*\] +[a-z0-9-]+ +(\d+) +\d", out)
    assert ops and int(ops.group(1)) > 0, out


# Code that is generated while it runs.

@pytest.mark.parametrize("name", data.LUA)
def test_luajit(m, name):
    text, expected = data.LUA[name]
    m.put("/tmp/t.lua", text)
    compiled = m.run("luajit -jv /tmp/t.lua 2>/tmp/trace", timeout=300)
    traces = int(m.run("grep -c ^.TRACE /tmp/trace"))
    assert traces > 0, "nothing was compiled"
    assert compiled == expected
    assert m.run("luajit -joff /tmp/t.lua", timeout=600) == expected


# Cryptography: with and without the instructions for it, against this host's results.

@pytest.mark.parametrize("cap", ["", "OPENSSL_armcap=0", "OPENSSL_armcap=1"])
def test_openssl_digests(m, cap):
    m.run(f"python3 -c \"{data.MAKE_FILE}\"")
    text = data.made_file()
    for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3-256", "sha3-512",
                 "blake2b512", "blake2s256"):
        out = m.run(f"{cap} openssl dgst -{name} -r /tmp/data", timeout=120)
        python = {"sha3-256": "sha3_256", "sha3-512": "sha3_512", "blake2b512": "blake2b",
                  "blake2s256": "blake2s"}.get(name, name)
        assert out.split()[0] == hashlib.new(python, text).hexdigest(), name


@functools.lru_cache
def host_cipher(name):
    return hashlib.sha256(subprocess.run(
        ["openssl", "enc", "-" + name, *data.KEY_IV], input=data.made_file(),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout).hexdigest()


@pytest.mark.parametrize("cap", ["", "OPENSSL_armcap=0", "OPENSSL_armcap=1"])
def test_openssl_ciphers(m, cap):
    m.run(f"python3 -c \"{data.MAKE_FILE}\"")
    want = hashlib.sha256(data.made_file()).hexdigest()
    key = " ".join(data.KEY_IV)
    for name in ("aes-128-cbc", "aes-256-cbc", "aes-128-ctr", "aes-256-ctr", "aes-192-ecb",
                 "aes-256-cfb", "chacha20", "camellia-256-cbc", "aria-128-ctr"):
        # Keys longer than the cipher's, and vectors where it has none, are warned about.
        out = m.run(f"exec 2>/dev/null; {cap} openssl enc -{name} {key} -in /tmp/data -out "
                    f"/tmp/enc && sha256sum < /tmp/enc && {cap} openssl enc -d -{name} {key} -in "
                    "/tmp/enc | sha256sum", timeout=120)
        assert out.split()[::2] == [host_cipher(name), want], name


def test_openssl_keys(m, tmp_path):
    """Signatures made there verify there and here, and for other data they do not."""
    m.run(f"python3 -c \"{data.MAKE_FILE}\"")
    for make in ("genrsa -out /tmp/key 2048",
                 "ecparam -name prime256v1 -genkey -noout -out /tmp/key",
                 "ecparam -name secp384r1 -genkey -noout -out /tmp/key"):
        m.run(f"openssl {make} 2>/dev/null && openssl pkey -in /tmp/key -pubout -out /tmp/pub && "
              "openssl dgst -sha256 -sign /tmp/key -out /tmp/sig /tmp/data", timeout=180)
        assert m.run("openssl dgst -sha256 -verify /tmp/pub -signature /tmp/sig /tmp/data",
                     timeout=60) == "Verified OK"
        m.run("openssl dgst -sha256 -verify /tmp/pub -signature /tmp/sig /tmp/pub", status=1)
        for name in ("pub", "sig"):
            coded = m.run(f"openssl base64 -A -in /tmp/{name}")
            (tmp_path / name).write_bytes(base64.b64decode(coded))
        host("openssl", "dgst", "-sha256", "-verify", tmp_path / "pub", "-signature",
             tmp_path / "sig", input=data.made_file())
    m.run("openssl genpkey -algorithm ED25519 -out /tmp/key && "
          "openssl pkeyutl -sign -rawin -inkey /tmp/key -in /tmp/pub -out /tmp/sig && "
          "openssl pkeyutl -verify -rawin -inkey /tmp/key -in /tmp/pub -sigfile /tmp/sig")
    m.run("openssl prime -checks 20 170141183460469231731687303715884105727 | grep \"is prime\"")


@pytest.mark.parametrize("what", ["-evp sha256", "-evp aes-128-gcm", "-evp chacha20-poly1305",
                                  "-evp sha512", "-evp aes-256-cbc"])
def test_openssl_speed(m, what):
    out = m.run(f"openssl speed -seconds 1 -mr {what} 2>&1", timeout=120)
    rates = re.search(r"^\+F:\d+:[\w-]+((?::[\d.]+)+)$", out, re.M | re.I)
    assert rates, out
    rates = [float(r) for r in rates.group(1)[1:].split(":")]
    # Larger blocks go faster; no rate is absurd.
    assert len(rates) == 6 and all(0 < r < 1e12 for r in rates) and rates[-1] > rates[0], out


@pytest.mark.parametrize("what", ["rsa2048", "ecdsap256", "ecdhx25519"])
def test_openssl_speed_keys(m, what):
    out = m.run(f"openssl speed -seconds 2 {what} 2>&1", timeout=120)
    assert re.search(r"^ *(?:rsa|256|253) .*bits.* \d+\.\d", out, re.M | re.I), out
    assert not re.search(r"error(?!=)|fail", out, re.I), out


# Python's own tests.

@pytest.mark.parametrize("name", [
    "test_math", "test_hashlib", "test_cmath", "test_float", "test_struct", "test_decimal",
    "test_zlib", "test_random", "test_statistics", "test_threading", "test_signal", "test_json",
    "test_strtod", "test_long", "test_mmap", "test_fork1"])
def test_python(m, name):
    out = m.run(f"cd /tmp && python3 -m test --timeout 900 {name} 2>&1", timeout=1000)
    assert re.search(r"^(?:Tests r|R)esult: SUCCESS$", out, re.M), out
    assert not re.search(r"skipped|no tests ran", out), out


# A data base on a disk that is written to.

def test_sqlite(m):
    m.run("mkfs.ext4 -q -F /dev/vdb 1G 2>&1", timeout=120)
    m.g.run("mkdir -p /mnt/tmp/db && mount -t ext4 /dev/vdb /mnt/tmp/db")
    try:
        m.put("/tmp/t.sql", data.SQL)
        out = m.run("sqlite3 /tmp/db/t.db < /tmp/t.sql", timeout=600)
        assert out.splitlines() == host_sqlite().splitlines()
        m.g.run("umount /mnt/tmp/db")
        m.run("e2fsck -fn /dev/vdb 2>&1", timeout=120)
        m.g.run("mount -t ext4 /dev/vdb /mnt/tmp/db")
        assert m.run("sqlite3 /tmp/db/t.db \"pragma integrity_check\"", timeout=120) == "ok"
    finally:
        if m.g.p.isalive():
            m.g.run("umount /mnt/tmp/db", status=None)


def host_sqlite():
    db = sqlite3.connect(":memory:", isolation_level=None)
    rows = []
    for statement in data.SQL.split(";\n"):
        for row in db.execute(statement):
            if not statement.startswith("pragma journal_mode"):
                rows.append("|".join(str(v) for v in row))
            else:
                # A data base in memory has no journal to choose.
                rows.append(statement.partition("=")[2])
    return "\n".join(rows)


# The network.

def test_redis(m):
    m.serve("redis-server --protected-mode no --save \"\" --dir /tmp", "redis-cli ping", "redis")
    try:
        port = str(m.host_ports["redis"])
        out = host("redis-benchmark", "-p", port, "-q", "-n", "10000", "-c", "50", "-t",
                   "ping,set,get,incr,lpush,rpop,sadd,hset,zadd,mset", timeout=600)
        for name in ("PING_INLINE", "SET", "GET", "INCR", "LPUSH", "RPOP", "SADD", "HSET", "MSET"):
            assert re.search(rf"^.*{name}[^:\n]*: \d+\.\d+ requests per second", out, re.M), out
        host("redis-benchmark", "-p", port, "-q", "-n", "10000", "-c", "10", "-P", "16",
             "INCR", "count", timeout=300)
        assert host("redis-cli", "-p", port, "get", "count").strip() == "10000"
        value = data.made_file()[:1 << 20]
        host("redis-cli", "-p", port, "-x", "set", "blob", input=value)
        got = subprocess.run(["redis-cli", "-p", port, "--raw", "get", "blob"],
                             stdout=subprocess.PIPE, check=True, timeout=60).stdout
        assert got[:-1] == value
        out = m.run("redis-benchmark -q -n 10000 -c 20 -t set,get", timeout=300)
        assert out.count("requests per second") == 2, out
    finally:
        if m.g.p.isalive():
            m.stop("redis")


@pytest.mark.parametrize("options", ["", "-R", "-P 4", "-u -b 20M"])
def test_iperf3(m, options):
    m.serve("iperf3 -s", "cat /proc/net/tcp /proc/net/tcp6 | grep -q :1451", "iperf")
    try:
        if "-u" in options:
            # The forward is TCP only: the guest sends datagrams to itself, through its own stack.
            out = m.run(f"iperf3 -c 127.0.0.1 -J -t 5 {options}", timeout=90)
        else:
            out = host("iperf3", "-c", "127.0.0.1", "-p", str(m.host_ports["iperf"]), "-J", "-t",
                       "5", *options.split(), timeout=90)
        report = json.loads(out)
        assert "error" not in report, report.get("error")
        end = report["end"]
        if "-u" in options:
            assert end["sum"]["packets"] > 100 and end["sum"]["lost_percent"] < 20
            return
        sent, got = end["sum_sent"]["bytes"], end["sum_received"]["bytes"]
        assert got > 1 << 20 and 0 <= sent - got < 64 << 20, (sent, got)
    finally:
        if m.g.p.isalive():
            m.stop("iperf")


def test_bytes_from_guest(m):
    """64 MiB from a web server in the guest through a forwarded port."""
    digest = m.run("mkdir -p /tmp/www && head -c 64M /dev/urandom > /tmp/www/data && "
                   "sha256sum /tmp/www/data", timeout=120).split()[0]
    m.serve("python3 -m http.server -d /tmp/www 8000",
            "python3 -c \"import socket; socket.create_connection((\\\"127.0.0.1\\\", 8000))\"",
            "http")
    try:
        url = f"http://127.0.0.1:{m.host_ports['http']}/data"
        with urllib.request.urlopen(url, timeout=120 * SLOWDOWN) as r:
            assert hashlib.sha256(r.read()).hexdigest() == digest
    finally:
        if m.g.p.isalive():
            m.stop("http")
            m.g.run("rm -rf /mnt/tmp/www")


def test_bytes_to_guest(m):
    """64 MiB from a web server on the host, which the guest sees as 10.0.2.2."""
    blob = os.urandom(64 << 20)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(blob)))
            self.end_headers()
            self.wfile.write(blob)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            out = m.g.run(f"wget -q -O - http://10.0.2.2:{server.server_port}/ | sha256sum",
                          timeout=180)
        finally:
            server.shutdown()
    assert out.split()[0] == hashlib.sha256(blob).hexdigest()


# The disk.

@pytest.mark.parametrize("name,options", [
    ("random", "--rw=randwrite --bsrange=4k-128k --iodepth=16 --ioengine=libaio --direct=1"),
    ("sequential", "--rw=write --bs=1M --ioengine=psync --direct=1"),
    ("cached", "--rw=randwrite --bs=64k --ioengine=psync --direct=0 --fsync=256"),
])
def test_fio(m, name, options):
    """A gibibyte is written, read back and verified; then again by a run of its own."""
    base = (f"fio --name={name} --filename=/dev/vdb --size=1G {options} --verify=crc32c "
            "--verify_fatal=1 --randseed=7 --output-format=json")
    for phase in ("--do_verify=1", "--verify_only=1"):
        out = m.run(f"cd /tmp && {base} {phase}", timeout=900)
        job = json.loads(out[out.index("{"):])["jobs"][0]
        assert job["error"] == 0
        assert job["read"]["io_bytes"] == 1 << 30, job["read"]["io_bytes"]
        if phase == "--do_verify=1":
            assert job["write"]["io_bytes"] == 1 << 30


def test_poweroff(machines):
    """After all that the guest still ends as it should."""
    machine = machines.get()
    machine.g.check_kernel()
    machine.g.poweroff(timeout=120)
    machine.discard()
