# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemons and the ghost stub.

LIBEXECDIR = $(PREFIX)/libexec

GHOST_SOURCES := ghost arrive arrive_cred arrive_io header
GHOST_OBJECTS := $(GHOST_SOURCES:%=$(BUILD)/daemons/stub/%.o)
# No C library, no stack of the kernel's making, no floating point: see ghost.c.
GHOST_CFLAGS := -std=gnu11 -Wall -Wextra -Os -ffreestanding -fno-pic -mno-red-zone \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
	-mgeneral-regs-only

PROGRAMS += $(BUILD)/daemons/bproc-ghost
INSTALLS += install-daemons

$(BUILD)/daemons/stub/%.o: daemons/%.c
	@mkdir -p $(@D)
	$(CC) -Iinclude/uapi $(GHOST_CFLAGS) -MMD -c -o $@ $<

$(BUILD)/daemons/bproc-ghost: $(GHOST_OBJECTS) daemons/ghost.ld
	$(CC) -static -nostdlib -no-pie -s -Wl,-z,max-page-size=4096,-z,noseparate-code \
		-Wl,--build-id=none -Wl,-T,daemons/ghost.ld -o $@ $(GHOST_OBJECTS)

install-daemons:
	install -D -m 755 $(BUILD)/daemons/bproc-ghost \
		$(DESTDIR)$(LIBEXECDIR)/bproc/bproc-ghost

-include $(wildcard $(BUILD)/daemons/*.d $(BUILD)/daemons/stub/*.d)
