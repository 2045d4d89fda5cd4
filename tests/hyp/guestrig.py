# SPDX-License-Identifier: GPL-2.0-only
"""Linux guests on a 32-bit host board, several at once, with a shell that is talked to.

files() is what the board needs; a HostedGuest is one `vambrace run --engine kvm` in the
background of the host, its console a pipe and a log there.  Its disk is a small file system
with hackbench and cyclictest of Debian armhf.
"""
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

# pylint: disable=wrong-import-position
from hyprig import TOP
import debian
from bootrig import GuestError, SERVER, SLOWDOWN, trouble_in
from vmmrig import BUILD, GUESTS, vmm_files

sys.path.append(os.path.join(TOP, "tests/guest"))

# Packages of Debian armhf, and what of them is put where on the disk.
PACKAGES = ["rt-tests", "libnuma1", "libc6"]
TOOLS = {"bin": ["hackbench", "cyclictest"],
         "lib": ["ld-linux-armhf.so.3", "libc.so.6", "librt.so.1", "libpthread.so.0", "libnuma.so.1"]}

# vm start NAME ARGUMENTS: in the background.  vm send NAME LINE.  vm wait NAME SECONDS PATTERN LINE: until
# PATTERN is in the log from LINE on, which is printed.
VM = r"""#!/bin/sh
d=/tmp/vm-$2
uptime() { cut -d. -f1 /proc/uptime; }
case $1 in
start)
	rm -rf $d; mkdir $d; mkfifo $d/in; shift 2
	(
		exec 3<>$d/in
		/vmm/vambrace run --engine kvm "$@" <&3 >$d/log 2>&1 &
		echo $! >$d/pid
		wait $!
		echo $? >$d/status
	) </dev/null >/dev/null 2>&1 &
	until [ -s $d/pid ]; do sleep 0.1; done
	;;
send)
	echo "$3" >$d/in
	;;
wait)
	end=$(($(uptime) + $3))
	until tail -n +$5 $d/log | grep -q -- "$4"; do
		if [ -e $d/status ] || [ $(uptime) -ge $end ]; then
			tail -n 40 $d/log; echo "no '$4'; status $(cat $d/status 2>&1)"; exit 1
		fi
		sleep 0.5
	done
	tail -n +$5 $d/log
	;;
end)
	end=$(($(uptime) + $3))
	until [ -e $d/status ]; do
		[ $(uptime) -lt $end ] || { tail -n 40 $d/log; echo "does not end"; exit 1; }
		sleep 0.5
	done
	cat $d/log; echo "status $(cat $d/status)"
	;;
esac
"""


def fetch_packages(to):
    """Unpacks them; the lists are those of the cross builds."""
    apt = debian.Apt(os.path.join(BUILD, "cache/apt-cross-armhf"), "armhf")
    apt.use(debian.sources()[-1])
    if not apt.update():
        raise debian.Failure("apt could not fetch the lists of packages; is the network up?")
    for package in PACKAGES:
        subprocess.run(["dpkg-deb", "-x", apt.download(package), to], check=True)


def tools_disk():
    """The small file system, made once."""
    out = os.path.join(BUILD, "hyp/rt-tests.img")
    if os.path.exists(out):
        return out
    with tempfile.TemporaryDirectory() as d:
        packages, disk = os.path.join(d, "packages"), os.path.join(d, "disk")
        fetch_packages(packages)
        for where in (*TOOLS, "proc", "sys", "dev", "tmp"):
            os.makedirs(os.path.join(disk, where))
        for where, name in ((w, n) for w in TOOLS for n in TOOLS[w]):
            found = glob.glob(f"{packages}/**/{where}/**/{name}", recursive=True)
            assert found, name
            shutil.copy(found[0], os.path.join(disk, where))
        os.makedirs(os.path.dirname(out), exist_ok=True)
        new = f"{out}.{os.getpid()}"
        subprocess.run(["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", disk, new, "16M"],
                       check=True, stdout=subprocess.DEVNULL)
        os.replace(new, out)
    return out


def files(*kinds):
    """For Host(files=): the VMM, the kernels @kinds of GUESTS, the disk."""
    found = vmm_files("armhf") | {"/bin/vm": VM.encode(), "/guest/tools.img": tools_disk()}
    for kind in kinds:
        directory, kernel = GUESTS[kind]
        directory = os.path.join(BUILD, "guest", directory)
        found[f"/guest/{kind}.kernel"] = os.path.join(directory, kernel)
        found[f"/guest/{kind}.initrd"] = os.path.join(directory, "initrd.gz")
    return found


class HostedGuest:
    """A guest that was started on @host; its name is free when it has ended."""

    def __init__(self, host, name="a", *, kind="arm", cpus=1, memory="128M", append="", args=()):
        self.host, self.name, self.cpus, self.count, self.line = host, name, cpus, 0, 1
        host.run(f"cp /guest/tools.img /tmp/{name}.img")
        argv = ["--kernel", f"/guest/{kind}.kernel", "--initrd", f"/guest/{kind}.initrd",
                "--append", f"console=ttyAMA0 quiet loglevel=3 panic=-1 {append}", "--memory", memory,
                "--cpus", str(cpus), "--disk", f"/tmp/{name}.img", "--net", "user", *args]
        host.run(f"vm start {name} {shlex.join(argv)}")

    def wait(self, pattern, timeout=60):
        """What the guest said since the last command, once a basic regular expression is in it."""
        return self.host.run(f"vm wait {self.name} {timeout * SLOWDOWN:.0f} {shlex.quote(pattern)} {self.line}",
                             timeout + 60)

    def wait_shell(self, timeout=400):
        """Then the rig's server is put in its place, as in bootrig."""
        said = self.wait("^~ # ", timeout)
        self.no_trouble(said)
        self.send(SERVER.replace("{nonce}", self.name))
        self.run(":")
        return said

    def send(self, line):
        """Types it; for the shell's server, run() counts what it is given."""
        self.host.run(f"vm send {self.name} {shlex.quote(line)}")

    def run(self, command, timeout=60, status=0):
        """A line for the guest's shell; its output."""
        self.count += 1
        self.send(command)
        out = self.wait(f"^@@{self.name} {self.count} [0-9]", timeout)
        self.line += out.count("\n")        # or a little less: empty lines at its ends are gone
        text, _, got = out.rpartition(f"@@{self.name} {self.count} ")
        text = re.split(rf"@@{self.name} \d+ \d+\n", text)[-1]
        if int(got) != status:
            raise GuestError(f"guest {self.name}: {command!r}: status {got}\n{text}")
        return text.strip("\n")

    def tool(self, command, timeout=120):
        return self.run(f"chroot /mnt /bin/{command}", timeout)

    def mount(self):
        """The disk's programs can be run: tool()."""
        self.run("mkdir -p /dev/shm; mount /dev/vda /mnt && for d in proc sys dev; do mount --bind /$d /mnt/$d; "
                 "done && mount -t tmpfs shm /mnt/dev/shm")

    def no_trouble(self, said):
        if trouble_in(said):
            raise GuestError(f"guest {self.name}: the kernel complained: {trouble_in(said)}")

    def kill(self):
        """SIGKILL; what the shell says of it is for nobody."""
        self.host.run(f"kill -9 $(cat /tmp/vm-{self.name}/pid)")
        assert "status 137" in self.host.run(f"vm end {self.name} 60", 120)

    def poweroff(self, timeout=90):
        """Off, with status 0, and its kernel had nothing to complain about."""
        self.no_trouble(self.run("dmesg"))
        self.send("poweroff -f")
        said = self.host.run(f"vm end {self.name} {timeout * SLOWDOWN:.0f}", timeout + 60)
        if not said.rstrip().endswith("status 0"):
            raise GuestError(f"guest {self.name}: {said[-1500:]}")
        return said
