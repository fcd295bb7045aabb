# SPDX-License-Identifier: GPL-2.0-or-later
#
# BProc: programs, modules, tests.  'make help' lists what can be made.
# Everything that is made goes below build/.

VERSION := 5.0.0
BUILD   := build
# One name for one file: what depends on a header is noted with it, and the rig says BUILD
# with the whole path.
override BUILD := $(patsubst $(CURDIR)/%,%,$(BUILD))
PREFIX  := /usr

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

all: programs modules

include mk/programs.mk
include mk/modules.mk
include mk/check.mk
include mk/deb.mk

install: install-programs

help:
	@echo 'make                    programs, and modules for KDIR or KERNELS'
	@echo 'make programs           the library, the daemons, the commands'
	@echo 'make modules            bproc.ko for'
	@echo '     KDIR=DIR             a kernel build directory (default: the running kernel)'
	@echo '     KERNELS="6.1 6.12 7" kernels that the test rig fetches'
	@echo '     W=1 C=1              more warnings, sparse (as in the kernel)'
	@echo '     CONFIG_BPROC_...=y   an option of Kconfig (make config asks for all)'
	@echo 'mk/into-tree DIR        put the driver into the source of a kernel'
	@echo 'make install            programs to $$(DESTDIR)$$(PREFIX)'
	@echo '     PREFIX=/usr/local    there (elsewhere systemd, udev and modprobe do not look)'
	@echo 'make modules_install    modules to $$(INSTALL_MOD_PATH)/lib/modules'
	@echo 'make deb                Debian packages, in build/deb'
	@echo 'make check-packages     they are built, checked, installed, upgraded and purged (minutes)'
	@echo 'make check              unit tests and scenarios in virtual machines'
	@echo '     KERNEL=K             all of them on that kernel (6.1, 6.12, 7, debug)'
	@echo '     SCENARIOS="a b"      only these'
	@echo 'make check-modules      modules of every kernel, sparse and warnings fatal'
	@echo 'make demo               a cluster of virtual machines, shown and explained'
	@echo 'make bench              measurements, printed as a table'
	@echo 'make soak               10,000 moves and 10,000 forks (TIMES=N: 50 N)'
	@echo 'make setup              install the packages that all this needs (root, Debian)'
	@echo 'make clean              remove what was made (make distclean: also images)'

setup:
	tests/setup

clean:
	find $(BUILD) -mindepth 1 -maxdepth 1 ! -name vm -exec rm -rf {} +

distclean:
	rm -rf $(BUILD)

.PHONY: all install help setup clean distclean
