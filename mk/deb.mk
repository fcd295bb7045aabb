# SPDX-License-Identifier: GPL-2.0-or-later
#
# Debian's packages, in build/deb; and a look at them that is too long for "make check".

deb:
	+@mk/deb

check-packages: deb
	+@tests/packages

.PHONY: deb check-packages
