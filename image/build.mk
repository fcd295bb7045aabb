# SPDX-License-Identifier: GPL-2.0-or-later
#
# What nodes without a disk boot from.

IMAGE_OBJECTS := $(addprefix $(BUILD)/image/,init.o net.o ip.o dhcp.o dhcp_client.o)

PROGRAMS += $(BUILD)/image/bproc-init $(BUILD)/image/bproc-mknode
INSTALLS += install-image

$(BUILD)/image/%.o: image/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/image/bproc-init: $(IMAGE_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/image/bproc-mknode: image/bproc-mknode
	@mkdir -p $(@D)
	sed 's/@VERSION@/$(VERSION)/' $< >$@
	chmod 755 $@

install-image:
	install -D -m 755 -t $(DESTDIR)$(LIBDIR)/bproc $(BUILD)/image/bproc-init
	install -D -m 755 -t $(DESTDIR)$(SBINDIR) $(BUILD)/image/bproc-mknode
	sed -i 's,"$$root/usr/sbin/,"$$root$(SBINDIR)/,; s,"$$root/usr/lib/,"$$root$(LIBDIR)/,' \
		$(DESTDIR)$(SBINDIR)/bproc-mknode

-include $(wildcard $(BUILD)/image/*.d)
