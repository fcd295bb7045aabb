# SPDX-License-Identifier: GPL-2.0-or-later
#
# The rig's own programs for its virtual machines: static, to stand alone.

RIG_GUEST := $(addprefix $(BUILD)/rig/,init agent rigctl)

$(RIG_GUEST): $(BUILD)/rig/%: tests/vm/guest/%.c tests/vm/guest/frame.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -static -o $@ $<

rig-guest: $(RIG_GUEST)

.PHONY: rig-guest
