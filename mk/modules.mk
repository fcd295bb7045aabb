# SPDX-License-Identifier: GPL-2.0-or-later
#
# The modules.  Kernels leave a module's objects beside its source, so each
# kernel gets a tree of links to the source, build/modules/RELEASE.  What is
# configured comes from Kconfig through the kernel's own conf, without asking.

MODULE_SOURCES := $(wildcard Kbuild Kconfig driver compat include)

ifeq ($(KERNELS),)
KDIR ?= /lib/modules/$(shell uname -r)/build
modules: modules-of-kdir
modules_install: modules_install-of-kdir
else
modules: $(KERNELS:%=modules-for-%)
modules_install: $(KERNELS:%=modules_install-for-%)
endif

# Options on the command line: make CONFIG_BPROC_DEBUG=y
CONFIG_OVERRIDES := $(foreach v,$(filter CONFIG_BPROC%,$(.VARIABLES)),$(v)=$($(v)))

RELEASE    = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	       '$(KDIR)/include/generated/utsrelease.h')
MODULE_DIR = $(abspath $(BUILD))/modules/$(MODULE_VARIANT)$(RELEASE)
KBUILD     = $(MAKE) -C '$(KDIR)' M=$(MODULE_DIR) $$(cat $(MODULE_DIR)/config.args) \
	       KCPPFLAGS='-include $(MODULE_DIR)/include/generated/autoconf.h'

modules-of-kdir:
	@[ -d '$(KDIR)' ] || { echo 'No kernel build directory $(KDIR): set KDIR or KERNELS' >&2; false; }
	@mk/module-tree $(MODULE_DIR) $(MODULE_SOURCES)
	@mk/module-config $(MODULE_DIR) '$(KDIR)' $(CONFIG_OVERRIDES)
	+@$(KBUILD) modules

modules_install-of-kdir: modules-of-kdir
	+@$(KBUILD) modules_install

# A kernel of the rig: 7 is compiled by the compiler of its own suite.
modules-for-% modules_install-for-%: FORCE
	@tests/vm/fetch --kernels $*
	+@tests/vm/with-kernel $* $(MAKE) --no-print-directory \
		$(@:-for-$*=)-of-kdir KERNELS=

config:
	@mk/module-tree $(MODULE_DIR) $(MODULE_SOURCES)
	@mk/module-config --ask $(MODULE_DIR) '$(KDIR)'
	@cp $(MODULE_DIR)/.config $(BUILD)/config

# From nothing, with all that compiler and sparse can say.
check-modules:
	@rm -rf $(BUILD)/modules/check
	+@$(MAKE) modules KERNELS='$(or $(KERNELS),6.1 6.12 7)' MODULE_VARIANT=check/ W=1 C=2 \
		KCFLAGS=-Werror CF=-Wsparse-error

FORCE:
.PHONY: modules modules_install modules-of-kdir modules_install-of-kdir
.PHONY: config check-modules FORCE
