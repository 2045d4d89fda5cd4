#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# The first program of the default guest.  tools/fetch_guest.py puts it into the initrd as /init.

busybox=/bin/busybox
export PATH=/bin HOME=/root TERM="${TERM:-linux}"

mount_all()
{
	$busybox mkdir -p /proc /sys /dev /tmp /run /mnt /root
	$busybox mount -t proc proc /proc
	$busybox mount -t sysfs sys /sys
	$busybox mount -t devtmpfs dev /dev 2>/dev/null
	$busybox mkdir -p /dev/pts
	$busybox mount -t devpts devpts /dev/pts
	$busybox mount -t tmpfs tmp /tmp
	$busybox mount -t tmpfs run /run
	$busybox --install -s /bin
}

# Loads what the devices that are there need, by their virtio device type.
load_modules()
{
	modprobe virtio_mmio 2>/dev/null
	types=$(cat /sys/bus/virtio/devices/*/device 2>/dev/null)
	for type in $types; do
		case $type in
		0x0001) modprobe virtio_net ;;
		0x0002) modprobe virtio_blk
			modprobe crc32c_generic
			modprobe ext4 ;;
		0x0003) modprobe virtio_console ;;
		0x0004) modprobe virtio-rng ;;
		esac
	done 2>/dev/null
	# The devices that vexpress-a15 has of its own, after virtio: eth0 is the card that is connected.
	if grep -q vexpress /proc/device-tree/compatible; then
		modprobe smsc911x
		modprobe armmmci
		modprobe mmc_block
		modprobe crc32c_generic
		modprobe ext4
	fi 2>/dev/null
}

start_network()
{
	ip link set lo up
	[ -e /sys/class/net/eth0 ] || return
	ip link set eth0 up
	udhcpc -i eth0 -n -q -t 4 -T 1 -s /etc/udhcpc.script >/dev/null 2>&1 ||
		echo "eth0: no answer from a DHCP server"
}

greet()
{
	disks=$(cd /sys/block && echo vd*)
	address=$(ip -4 -o addr show eth0 2>/dev/null | awk '{print $4}')
	echo
	echo "Welcome to Vambrace: Linux $(uname -r) on $(nproc) emulated $(uname -m) CPU(s)."
	[ "$disks" = "vd*" ] || echo "Disks: $disks"
	[ -z "$address" ] || echo "Network: eth0 has $address"
	echo "Type 'poweroff' to end the guest; Ctrl-A x leaves at once, Ctrl-A h shows help."
	echo
}

# The user's session; when it ends, the guest does.  Started by init, see /etc/inittab.
if [ "$1" = shell ]; then
	# From here on the terminal is the user's: only warnings and worse may speak up.
	dmesg -n 5
	greet
	cd /root || cd /
	setsid cttyhack sh -l
	sync
	exec $busybox poweroff -f
fi

mount_all
hostname vambrace
load_modules
# The console may be one that a module has brought.
exec </dev/console >/dev/console 2>&1
[ -z "$LINES" ] || stty rows "$LINES" cols "$COLUMNS"
unset LINES COLUMNS
start_network
# For tests: a program in place of the shell, run=PROGRAM on the kernel's command line.
if [ -n "$run" ]; then
	echo "vambrace: running $run"
	sh -c "$run"
	echo "vambrace: $run: status $?"
	sync
	exec $busybox poweroff -f
fi
exec $busybox init
