# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is tried and shown.

check demo bench soak: setup-quietly

setup-quietly:
	@tests/setup

check:
	+@tests/run $(if $(KERNEL),--kernel $(KERNEL)) $(SCENARIOS)

demo:
	+@tests/vm/demo

bench:
	+@tests/bench/run

# 200 times 50: what takes too long for each change.
soak:
	+@RIG_TIMES=$(or $(TIMES),200) tests/run --kernel $(or $(KERNEL),6.1) soak

.PHONY: check demo bench soak setup-quietly
