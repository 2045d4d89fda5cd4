#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs the Debian packages that are missing: tools/setup.sh build|test|slow|bench|hyp...
# With nothing missing it asks nothing, touches nothing and takes a few milliseconds.
set -eu

packages()
{
	case $1 in
	build)
		echo gcc libc6-dev make meson ninja-build pkg-config python3 \
			libglib2.0-dev libslirp-dev libfdt-dev zlib1g-dev libzstd-dev libpng-dev ;;
	test)
		echo git clang libclang-rt-dev clang-format libcmocka-dev libzydis-dev \
			python3-pytest python3-pexpect openssh-client \
			gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu libc6-dev-arm64-cross \
			gcc-arm-linux-gnueabihf qemu-user-static llvm ;;
	slow)	# beside test: root file systems, and the other end of what the guests do
		echo mmdebstrap debian-archive-keyring fakeroot e2fsprogs openssl redis-tools iperf3 ;;
	bench)
		echo qemu-system-arm qemu-user-static gcc-aarch64-linux-gnu libc6-dev-arm64-cross \
			gcc-arm-linux-gnueabihf libc6-dev-armhf-cross ;;
	cross)	# for Arm hosts
		echo gcc-arm-linux-gnueabihf gcc-aarch64-linux-gnu libc6-dev-armhf-cross libc6-dev-arm64-cross \
			binutils ;;
	hyp)	# the kernel module, and the boards that load it
		echo gcc-arm-linux-gnueabihf gcc-12-arm-linux-gnueabihf libc6-dev-armhf-cross libc6-dev-arm64-cross \
			gcc-aarch64-linux-gnu qemu-system-arm dkms e2fsprogs ;;
	*)
		echo "setup.sh: unknown set '$1'; sets are build, test, slow, bench, cross and hyp" >&2
		exit 2 ;;
	esac
}

wanted=
for set in "${@:-build}"; do
	wanted="$wanted $(packages "$set")"
done

# dpkg-query fails when it knows nothing of a package; what it prints is all that counts.
# shellcheck disable=SC2086
present=$(dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' $wanted 2>/dev/null |
	sed -n 's/ ii *$//p') || true
missing=
for p in $wanted; do
	case "
$present
" in
	*"
$p
"*) ;;
	*) missing="$missing $p" ;;
	esac
done
[ -n "$missing" ] || exit 0

echo "vambrace: installing Debian packages:$missing"
if [ "$(id -u)" = 0 ]; then
	root=
elif command -v sudo >/dev/null; then
	root=sudo
else
	echo "vambrace: packages are missing and there is neither root nor sudo; install them with:" >&2
	echo "  apt-get install --no-install-recommends$missing" >&2
	exit 1
fi
# shellcheck disable=SC2086
install()
{
	$root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
}
# Old package lists name files that are gone: get new ones, then try.
$root apt-get update
install || {
	echo "vambrace: could not install:$missing (is the network up?)" >&2
	exit 1
}
