# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manual: man/NAME.SECTION.

MAN_PAGES := $(wildcard man/*.[1-8])

INSTALLS += install-man

install-man:
	$(foreach s,$(sort $(patsubst .%,%,$(suffix $(MAN_PAGES)))),install -D -m 644 -t \
		$(DESTDIR)$(MANDIR)/man$(s) $(filter %.$(s),$(MAN_PAGES)) &&) true
	# Each function has the library's page as its own.
	for name in $$(grep -oE '^[a-z].*\<_?bproc_[a-z_]+\(' include/sys/bproc.h | \
		grep -oE '[a-z_]+\($$' | tr -d '('); do echo ".so man3/bproc.3" >$(DESTDIR)$(MANDIR)/man3/$$name.3; done
