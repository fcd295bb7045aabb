# SPDX-License-Identifier: GPL-2.0-or-later

INSTALLS += install-udev

install-udev:
	install -D -m 644 -t $(DESTDIR)$(LIBDIR)/udev/rules.d udev/60-bproc.rules
	install -D -m 644 -t $(DESTDIR)$(LIBDIR)/sysusers.d udev/bproc.conf
