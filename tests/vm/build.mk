# SPDX-License-Identifier: GPL-2.0-or-later
#
# The rig's own programs for its virtual machines: static, to stand alone.

RIG_GUEST := $(addprefix $(BUILD)/rig/,init agent rigctl)

$(RIG_GUEST): $(BUILD)/rig/%: tests/vm/guest/%.c tests/vm/guest/frame.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -static -o $@ $<

rig-guest: $(RIG_GUEST)

.PHONY: rig-guest

# Programs that scenarios run on a cluster, from tests/vm/programs:
#	NAME.c		dynamic, static, 32-bit and 32-bit static:
#			NAME, NAME.static, NAME.32, NAME.32static
#	lib-NAME.c	linked with libbproc: NAME
#	NAME.py		as it is
# They stand in /tests/bin of the master.

RIG_TESTS    := $(BUILD)/rig/tests/bin
RIG_SOURCES  := $(patsubst tests/vm/programs/%.c,%,$(wildcard tests/vm/programs/*.c))
RIG_USERS    := $(patsubst lib-%,%,$(filter lib-%,$(RIG_SOURCES)))
RIG_PLAIN    := $(filter-out lib-%,$(RIG_SOURCES))
RIG_HEADERS  := $(wildcard tests/vm/programs/*.h include/uapi/linux/*.h include/sys/*.h)
RIG_CC        = $(CC) $(CPPFLAGS) -Iinclude $(CFLAGS) -s -pthread

RIG_PROGRAMS := $(RIG_USERS:%=$(RIG_TESTS)/%) \
	$(foreach p,$(RIG_PLAIN),$(RIG_TESTS)/$(p) \
		$(addprefix $(RIG_TESTS)/$(p),.static .32 .32static)) \
	$(patsubst tests/vm/programs/%,$(RIG_TESTS)/%,$(wildcard tests/vm/programs/*.py))

$(RIG_TESTS):
	@mkdir -p $@

$(RIG_USERS:%=$(RIG_TESTS)/%): $(RIG_TESTS)/%: tests/vm/programs/lib-%.c $(RIG_HEADERS) $(LIBS) | $(RIG_TESTS)
	$(RIG_CC) -Ilib -o $@ $< -L$(BUILD)/lib -lbproc
$(RIG_PLAIN:%=$(RIG_TESTS)/%): $(RIG_TESTS)/%: tests/vm/programs/%.c $(RIG_HEADERS) | $(RIG_TESTS)
	$(RIG_CC) -o $@ $< -lm
$(RIG_PLAIN:%=$(RIG_TESTS)/%.static): $(RIG_TESTS)/%.static: tests/vm/programs/%.c $(RIG_HEADERS) | $(RIG_TESTS)
	$(RIG_CC) -static -o $@ $< -lm
$(RIG_PLAIN:%=$(RIG_TESTS)/%.32): $(RIG_TESTS)/%.32: tests/vm/programs/%.c $(RIG_HEADERS) | $(RIG_TESTS)
	$(RIG_CC) -m32 -o $@ $< -lm
$(RIG_PLAIN:%=$(RIG_TESTS)/%.32static): $(RIG_TESTS)/%.32static: tests/vm/programs/%.c $(RIG_HEADERS) | $(RIG_TESTS)
	$(RIG_CC) -m32 -static -o $@ $< -lm
$(RIG_TESTS)/%.py: tests/vm/programs/%.py | $(RIG_TESTS)
	install -m 755 $< $@

# Old clients of the library, which are linked with one that is not ours.
RIG_OLD   := $(addprefix $(RIG_TESTS)/oldlib,4 3 4.32 3.32)
OLD_STUBS := $(BUILD)/rig/oldlib/64/libbproc.so.4 $(BUILD)/rig/oldlib/32/libbproc.so.4

$(OLD_STUBS): tests/vm/oldlib/stub.c
	@mkdir -p $(@D)
	$(RIG_CC) $(if $(findstring /32/,$@),-m32) -shared -fPIC -nostdlib \
		-Wl,-soname,libbproc.so.4 -o $@ $<
$(RIG_OLD): $(OLD_STUBS) tests/vm/programs/old.h $(wildcard tests/vm/oldlib/*.c) | $(RIG_TESTS)
	$(RIG_CC) $(if $(filter %.32,$@),-m32) -o $@ \
		tests/vm/oldlib/client$(patsubst oldlib%,%,$(patsubst %.32,%,$(@F))).c \
		$(BUILD)/rig/oldlib/$(if $(filter %.32,$@),32,64)/libbproc.so.4

rig-tests: $(RIG_PROGRAMS) $(RIG_OLD)

.PHONY: rig-tests
