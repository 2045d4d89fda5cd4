# SPDX-License-Identifier: GPL-2.0-only
# A thin front: Meson and ninja do the building, tools/ the rest.
#
#   make            build build/vambrace
#   make CROSS=arm64, make CROSS=armhf
#                   build for an Arm host; build/cross/ARCH/dist can be copied there, and runs anywhere
#   make run        boot the default guest to a shell (CPUS=, MEMORY=; ARGS= adds options)
#   make guest      fetch and make the default guest; guest-16k: Debian's 16K-page kernel
#   make guest-armmp, guest-armmp-lpae: Debian's 32-bit kernels
#   make hyp        build the kernel module hyp/ for a 32-bit Debian kernel: FLAVOUR=armmp-lpae, armmp, 6.12-armmp,
#                   6.12-armmp-lpae, armmp-thumb2, or all; to build/hyp/FLAVOUR/vambrace.ko
#   make check-hyp  load it on emulated boards and test it (an hour; ARGS='-m "not slow"': half of that)
#   make check-migrate  machines that move between processes, hosts and engines
#   make hyp-bench  what a guest's operations cost on it, beside Linux 5.4's KVM; hyp-dist: its DKMS package
#   make check      all quick checks and tests; make check-slow: the long ones
#   make bench      compare with QEMU
#   make format     lay out the sources as `make format-check` wants them
#   make clean      remove what was built (downloads stay); make distclean: those too

BUILD := build
GUEST := $(BUILD)/guest
JOBS ?= $(shell nproc)
ARGS ?=
CPUS ?= 2
MEMORY ?= 1G
MESON_ARGS ?=
FLAVOUR ?= armmp-lpae
PYTHON ?= /usr/bin/python3
# A dry run costs little, and tells whether there is anything to show.
NINJA := ninja -C $(BUILD) -j $(JOBS)

.PHONY: all run guest guest-16k guest-armmp guest-armmp-lpae check check-slow bench format format-check clean distclean \
	hyp check-hyp check-migrate hyp-bench hyp-dist setup setup-cross setup-test setup-slow setup-bench setup-hyp

ifdef CROSS
all: setup-cross
	@$(PYTHON) tools/cross.py $(CROSS) --cache $(BUILD)/cache --out $(BUILD)/cross/$(CROSS) --jobs $(JOBS) \
		$(foreach option,$(MESON_ARGS),--meson=$(option))
else
all: setup
	@tools/configure.sh $(BUILD) $(MESON_ARGS)
	@$(NINJA) -n | grep -q "no work to do" || $(NINJA)
endif

setup:
	@tools/setup.sh build

setup-cross:
	@tools/setup.sh build cross

setup-test:
	@tools/setup.sh build test hyp cross

setup-slow:
	@tools/setup.sh build test hyp cross slow

setup-bench:
	@tools/setup.sh build bench

setup-hyp:
	@tools/setup.sh build test hyp cross

guest: $(GUEST)/stamp
	@:

guest-16k: $(GUEST)/16k/stamp
	@:

guest-armmp: $(GUEST)/armmp/stamp
	@:

guest-armmp-lpae: $(GUEST)/armmp-lpae/stamp
	@:

# A stamp, so that a second `make run` does not even start the script.
$(GUEST)/stamp $(GUEST)/16k/stamp $(GUEST)/armmp/stamp $(GUEST)/armmp-lpae/stamp: tools/debian.py tools/fetch_guest.py \
	tools/guest_init.sh | setup
	@$(PYTHON) tools/fetch_guest.py --cache $(BUILD)/cache --out $(GUEST) \
		--flavour $(or $(filter 16k armmp armmp-lpae,$(notdir $(@D))),default)

# The guest's terminal gets the size of the user's: Linux hands LINES and COLUMNS to the init.
run: all guest
	@size=$$(stty size 2>/dev/null) || size="24 80"; \
	exec $(BUILD)/vambrace run --kernel $(GUEST)/Image --initrd $(GUEST)/initrd.gz \
		--append "console=ttyAMA0 earlycon LINES=$${size% *} COLUMNS=$${size#* }" \
		--memory $(MEMORY) --cpus $(CPUS) --net user $(ARGS)

check: setup-test
	@$(PYTHON) tools/check.py --jobs $(JOBS) $(ARGS)

check-slow: setup-slow guest guest-16k guest-armmp guest-armmp-lpae
	@$(PYTHON) tools/check.py --jobs $(JOBS) --slow $(ARGS)

bench: setup-bench all guest $(if $(findstring --isa,$(ARGS)),guest-armmp)
	@$(PYTHON) bench/run.py $(ARGS)

hyp: setup-hyp
	@$(PYTHON) tools/build_hyp.py --cache $(BUILD)/cache --out $(BUILD)/hyp --jobs $(JOBS) --flavour $(FLAVOUR)

check-hyp: setup-hyp
	@$(PYTHON) -m pytest -q tests/hyp $(ARGS)

check-migrate: setup-hyp guest guest-armmp guest-armmp-lpae
	@$(PYTHON) tools/check.py --jobs $(JOBS) $(ARGS) migrate

hyp-bench: setup-hyp
	@$(PYTHON) tools/build_hyp.py --flavour armmp-lpae
	@$(PYTHON) hyp/bench/run.py

hyp-dist:
	@$(PYTHON) tools/dist_hyp.py --out $(BUILD)

format-check:
	@$(PYTHON) tools/check_format.py

format:
	@$(PYTHON) tools/check_format.py --fix

clean:
	@find $(BUILD) -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} + 2>/dev/null || true

distclean:
	@rm -rf $(BUILD)
