# SPDX-License-Identifier: GPL-2.0-or-later
#
# The programs.  Each directory's build.mk appends to LIBS, PROGRAMS and
# UNIT_TESTS (files below $(BUILD)), gives rules for them, and adds
# prerequisites with recipes to install-programs through INSTALLS (names of
# targets that copy to $(DESTDIR)).

CC       ?= gcc
CXX      ?= g++
CFLAGS   ?= -O2 -g
CFLAGS   += -std=gnu11 -Wall -Wextra
CPPFLAGS += -D_GNU_SOURCE -Iinclude/uapi

BINDIR     = $(PREFIX)/bin
SBINDIR    = $(PREFIX)/sbin
LIBDIR     = $(PREFIX)/lib
# Of libraries, where a distribution has one for each architecture; of systemd's and udev's.
SOLIBDIR   = $(LIBDIR)
SYSLIBDIR  = $(LIBDIR)
INCLUDEDIR = $(PREFIX)/include
MANDIR     = $(PREFIX)/share/man

LIBS       :=
PROGRAMS   :=
UNIT_TESTS :=
INSTALLS   :=

-include lib/build.mk daemons/build.mk image/build.mk shell/build.mk udev/build.mk man/build.mk
-include tests/unit/build.mk tests/vm/build.mk tests/bench/build.mk

programs: $(LIBS) $(PROGRAMS)

unit-tests: $(UNIT_TESTS)

list-unit-tests:
	@echo $(UNIT_TESTS)

install-programs: programs $(INSTALLS)

.PHONY: unit-tests list-unit-tests programs install-programs $(INSTALLS)
