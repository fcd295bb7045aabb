# SPDX-License-Identifier: GPL-2.0-or-later
#
# libbproc, and the code that the daemons share.

COMMON_SOURCES := log notify config tls handshake ktls relay stream wire
COMMON := $(BUILD)/lib/libcommon.a

$(BUILD)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Ilib $(CFLAGS) -MMD -MP -c -o $@ $<

$(COMMON): $(COMMON_SOURCES:%=$(BUILD)/lib/%.o)
	rm -f $@
	$(AR) rcs $@ $^

-include $(wildcard $(BUILD)/lib/*.d)
