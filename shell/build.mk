# SPDX-License-Identifier: GPL-2.0-or-later
#
# The commands. Each is a function, so that a shell can have them all.

COMMANDS := bpctl bpsh bpshell bpstat
bpctl_OBJECTS := bpctl.o bpctl_address.o
bpsh_OBJECTS := bpsh.o bpsh_fold.o ranges.o bpsh_io.o bpsh_output.o bpsh_prepare.o \
	bpsh_pty.o
bpstat_OBJECTS := bpstat.o bpstat_nodes.o bpstat_print.o
bpstat_LIBS := -ludev
# All of the others, and what makes a shell of them.
bpshell_OBJECTS := $(addprefix bpshell,.o $(addprefix _,builtin.o complete.o control.o edit.o \
	history.o jobs.o lex.o notice.o parse.o ps.o run.o word.o)) remote_proc.o \
	$(bpctl_OBJECTS) $(bpsh_OBJECTS) $(bpstat_OBJECTS)
bpshell_LIBS := -lreadline -ludev

COMPLETIONS = $(PREFIX)/share/bash-completion/completions

PROGRAMS += $(COMMANDS:%=$(BUILD)/shell/%)
INSTALLS += install-shell

$(BUILD)/shell/%.o: shell/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Iinclude -DVERSION='"$(VERSION)"' $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/shell/main_%.o: shell/main.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -DCOMMAND=$*_command $(CFLAGS) -c -o $@ $<

.SECONDEXPANSION:
$(COMMANDS:%=$(BUILD)/shell/%): $(BUILD)/shell/%: $(BUILD)/shell/main_%.o \
		$$(addprefix $(BUILD)/shell/,$$($$*_OBJECTS)) $(BUILD)/lib/libbproc.so
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) -L$(BUILD)/lib -lbproc $($(@F)_LIBS)

install-shell:
	install -D -m 755 -t $(DESTDIR)$(BINDIR) $(COMMANDS:%=$(BUILD)/shell/%)
	install -D -m 644 shell/completion.bash $(DESTDIR)$(COMPLETIONS)/bpsh
	for name in $(filter-out bpsh,$(COMMANDS)) bpmaster bpslave bpiod bproc-key bproc-mknode; do \
		ln -sf bpsh $(DESTDIR)$(COMPLETIONS)/$$name; done

-include $(wildcard $(BUILD)/shell/*.d)
