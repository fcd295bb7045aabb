# SPDX-License-Identifier: GPL-2.0-or-later
#
# libbproc, and the code that the daemons share.

COMMON_SOURCES := log notify config tls handshake ktls mux relay stream wire
COMMON := $(BUILD)/lib/libcommon.a

LIBBPROC_OBJECTS := $(addprefix $(BUILD)/lib/pic/,handle.o bproc_node.o bproc_nodeset.o \
	bproc_groups.o bproc_proc.o bproc_move.o bproc_dump.o bproc_control.o local.o)
LIBBPROC := $(BUILD)/lib/libbproc.so.4

LIBS += $(LIBBPROC) $(BUILD)/lib/libbproc.so
INSTALLS += install-lib

$(BUILD)/lib/pic/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Iinclude -Ilib $(CFLAGS) -fPIC -MMD -MP -c -o $@ $<

$(LIBBPROC): $(LIBBPROC_OBJECTS) lib/libbproc.map
	$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,libbproc.so.4 -Wl,-z,defs \
		-Wl,--version-script=lib/libbproc.map -o $@ $(LIBBPROC_OBJECTS)

$(BUILD)/lib/libbproc.so: $(LIBBPROC)
	ln -sf libbproc.so.4 $@

install-lib:
	install -D -m 644 -t $(DESTDIR)$(SOLIBDIR) $(LIBBPROC)
	ln -sf libbproc.so.4 $(DESTDIR)$(SOLIBDIR)/libbproc.so
	install -D -m 644 include/sys/bproc.h $(DESTDIR)$(INCLUDEDIR)/sys/bproc.h
	install -D -m 644 -t $(DESTDIR)$(INCLUDEDIR)/linux include/uapi/linux/bproc.h \
		include/uapi/linux/vmadump.h
	install -d $(DESTDIR)$(SOLIBDIR)/pkgconfig
	sed 's,@PREFIX@,$(PREFIX),; s,@LIBDIR@,$(SOLIBDIR),; s,@VERSION@,$(VERSION),' lib/bproc.pc.in \
		>$(DESTDIR)$(SOLIBDIR)/pkgconfig/bproc.pc

$(BUILD)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Ilib $(CFLAGS) -MMD -MP -c -o $@ $<

$(COMMON): $(COMMON_SOURCES:%=$(BUILD)/lib/%.o)
	rm -f $@
	$(AR) rcs $@ $^

-include $(wildcard $(BUILD)/lib/*.d $(BUILD)/lib/pic/*.d)
