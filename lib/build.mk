# SPDX-License-Identifier: GPL-2.0-or-later
#
# libbproc, and the code that the daemons share.

COMMON_SOURCES := log printable notify config tls handshake ktls mux loop relay stream wire \
	acceptor files
COMMON := $(BUILD)/lib/libcommon.a

LIBBPROC_PARTS := handle.o bproc_node.o bproc_nodeset.o bproc_groups.o bproc_proc.o \
	bproc_move.o bproc_dump.o bproc_control.o bproc_attr.o bproc_migrate.o bproc_drain.o local.o
LIBBPROC_OBJECTS := $(LIBBPROC_PARTS:%=$(BUILD)/lib/pic/%)
LIBBPROC := $(BUILD)/lib/libbproc.so.4
COMPAT3 := $(BUILD)/lib/libbproc-compat3.so.3

LIBS += $(LIBBPROC) $(BUILD)/lib/libbproc.so $(COMPAT3)
INSTALLS += install-lib

# The same for 32-bit programs, where the compiler has what that takes.
HAS_M32 := $(shell echo 'int main(void) { return 0; }' | $(CC) -m32 -xc -o /dev/null - 2>&1 || echo no)
LIB32DIR = $(PREFIX)/lib32
LIBBPROC_32 := $(BUILD)/lib/32/libbproc.so.4
COMPAT3_32 := $(BUILD)/lib/32/libbproc-compat3.so.3
ifeq ($(HAS_M32),)
LIBS += $(LIBBPROC_32) $(COMPAT3_32)
INSTALLS += install-lib32
endif

$(BUILD)/lib/pic/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Iinclude -Ilib $(CFLAGS) -fPIC -MMD -MP -c -o $@ $<

$(BUILD)/lib/32/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Iinclude -Ilib $(CFLAGS) -m32 -fPIC -MMD -MP -c -o $@ $<

LINK_SHARED = $(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(@F) -Wl,-z,defs \
	-Wl,--version-script=$(filter %.map,$^) -o $@ $(filter %.o %.so.4,$^)

$(LIBBPROC): $(LIBBPROC_OBJECTS) lib/libbproc.map
	$(LINK_SHARED)
$(LIBBPROC_32): $(LIBBPROC_PARTS:%=$(BUILD)/lib/32/%) lib/libbproc.map
	$(LINK_SHARED) -m32
$(COMPAT3): $(BUILD)/lib/pic/compat3/compat3.o lib/compat3/libbproc-compat3.map $(LIBBPROC)
	$(LINK_SHARED)
$(COMPAT3_32): $(BUILD)/lib/32/compat3/compat3.o lib/compat3/libbproc-compat3.map $(LIBBPROC_32)
	$(LINK_SHARED) -m32

$(BUILD)/lib/libbproc.so: $(LIBBPROC)
	ln -sf libbproc.so.4 $@

install-lib:
	install -D -m 644 -t $(DESTDIR)$(SOLIBDIR) $(LIBBPROC) $(COMPAT3)
	ln -sf libbproc.so.4 $(DESTDIR)$(SOLIBDIR)/libbproc.so
	install -D -m 644 include/sys/bproc.h $(DESTDIR)$(INCLUDEDIR)/sys/bproc.h
	install -D -m 644 -t $(DESTDIR)$(INCLUDEDIR)/linux include/uapi/linux/bproc.h \
		include/uapi/linux/vmadump.h include/uapi/linux/bproc_legacy.h
	install -d $(DESTDIR)$(SOLIBDIR)/pkgconfig
	sed 's,@PREFIX@,$(PREFIX),; s,@LIBDIR@,$(SOLIBDIR),; s,@VERSION@,$(VERSION),' lib/bproc.pc.in \
		>$(DESTDIR)$(SOLIBDIR)/pkgconfig/bproc.pc

install-lib32:
	install -D -m 644 -t $(DESTDIR)$(LIB32DIR) $(LIBBPROC_32) $(COMPAT3_32)

$(BUILD)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Ilib $(CFLAGS) -MMD -MP -c -o $@ $<

$(COMMON): $(COMMON_SOURCES:%=$(BUILD)/lib/%.o)
	rm -f $@
	$(AR) rcs $@ $^

-include $(wildcard $(BUILD)/lib/*.d $(BUILD)/lib/pic/*.d $(BUILD)/lib/pic/*/*.d \
	$(BUILD)/lib/32/*.d $(BUILD)/lib/32/*/*.d)
