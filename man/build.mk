# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manual: man/NAME.SECTION.

MAN_PAGES := $(wildcard man/*.[1-8])

INSTALLS += install-man

install-man:
	$(foreach s,$(sort $(patsubst .%,%,$(suffix $(MAN_PAGES)))),install -D -m 644 -t \
		$(DESTDIR)$(MANDIR)/man$(s) $(filter %.$(s),$(MAN_PAGES)) &&) true
