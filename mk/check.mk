# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is tried and shown.

check demo bench: setup-quietly

setup-quietly:
	@tests/setup

check:
	+@tests/run $(if $(KERNEL),--kernel $(KERNEL)) $(SCENARIOS)

demo:
	+@tests/vm/demo

bench:
	+@tests/bench/run

.PHONY: check demo bench setup-quietly
