# SPDX-License-Identifier: GPL-2.0-or-later
#
# The program that measures: static, so that what travels is small and needs no files.

BENCH := $(BUILD)/bench/bench

$(BENCH): tests/bench/bench.c $(LIBBPROC_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Iinclude -Ilib $(CFLAGS) -static -o $@ $^

bench-program: $(BENCH)

.PHONY: bench-program
