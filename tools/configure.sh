#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tools/configure.sh DIR [MESON OPTION]...: makes the build directory, and makes it
# again when source files came or went.  The meson.build files take what stands in
# the rooms; Meson itself would not notice a new file.
set -eu
dir=$1
shift
list=$dir/sources.list
now=$(find arm isa emu vmm tests -name '*.c' | sort)
if [ ! -e "$dir/build.ninja" ]; then
	echo "vambrace: configuring $dir"	# Meson takes a second to say something
	meson setup "$dir" "$@"
elif [ "$now" != "$(cat "$list" 2>/dev/null)" ]; then
	meson setup --reconfigure "$dir" "$@" >/dev/null
else
	exit 0
fi
printf '%s\n' "$now" >"$list"
