# SPDX-License-Identifier: GPL-2.0-or-later

INSTALLS += install-udev

install-udev:
	install -D -m 644 -t $(DESTDIR)$(SYSLIBDIR)/udev/rules.d udev/60-bproc.rules
	install -D -m 644 -t $(DESTDIR)$(LIBDIR)/sysusers.d udev/bproc.conf
	install -D -m 644 udev/tmpfiles.conf $(DESTDIR)$(LIBDIR)/tmpfiles.d/bproc.conf
	install -D -m 644 udev/modules-load.conf $(DESTDIR)$(LIBDIR)/modules-load.d/bproc.conf
	install -D -m 644 udev/modprobe.conf $(DESTDIR)$(LIBDIR)/modprobe.d/bproc.conf
ifneq ($(LIBDIR),/usr/lib)
	echo 'options bproc stub=$(LIBDIR)/bproc/bproc-ghost' \
		>>$(DESTDIR)$(LIBDIR)/modprobe.d/bproc.conf
endif
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/bproc/examples \
		udev/61-bproc-racks.rules udev/61-bproc-acl.rules
