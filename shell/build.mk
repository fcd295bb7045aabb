# SPDX-License-Identifier: GPL-2.0-or-later
#
# The commands. Each is a function, so that a shell can have them all.

COMMANDS := bpckpt bpcp bpctl bplib bpmove bpsh bpshell bpstat bptop
bpctl_OBJECTS := bpctl.o bpctl_address.o bpctl_check.o bpctl_probe.o json.o own_io.o
# What the daemons have, too: the configuration, text for terminals.
bpctl_LIBS := $(COMMON)
bpsh_OBJECTS := bpsh.o bpsh_connect.o bpsh_fold.o ranges.o bpsh_io.o bpsh_output.o \
	bpsh_prepare.o bpsh_pty.o whole.o
bpckpt_OBJECTS := bpckpt.o bpckpt_image.o json.o
bpckpt_LIBS := $(COMMON)
bpcp_OBJECTS := bpcp.o bpcp_node.o bpcp_progress.o bpcp_sink.o bpcp_source.o whole.o
bpcp_LIBS := $(COMMON)
bplib_OBJECTS := bplib.o json.o
bpmove_OBJECTS := bpmove.o json.o
bpmove_LIBS := $(COMMON)
bptop_OBJECTS := bptop.o remote_proc.o json.o own_io.o
bptop_LIBS := $(COMMON)
bpstat_OBJECTS := bpstat.o bpstat_nodes.o bpstat_print.o json.o
bpstat_LIBS := -ludev
# All of the others, and what makes a shell of them.
bpshell_OBJECTS := $(addprefix bpshell,.o $(addprefix _,builtin.o complete.o control.o edit.o \
	history.o jobs.o lex.o nodes.o notice.o parse.o ps.o redirect.o run.o signal.o tools.o \
	word.o)) \
	$(sort $(foreach c,$(filter-out bpshell,$(COMMANDS)),$($c_OBJECTS)))
bpshell_LIBS := -lreadline -ludev $(COMMON)

COMPLETIONS = $(PREFIX)/share/bash-completion/completions

PROGRAMS += $(COMMANDS:%=$(BUILD)/shell/%)
INSTALLS += install-shell

$(BUILD)/shell/%.o: shell/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Iinclude -Ilib -DVERSION='"$(VERSION)"' $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/shell/main_%.o: shell/main.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -DCOMMAND=$*_command $(CFLAGS) -c -o $@ $<

.SECONDEXPANSION:
$(COMMANDS:%=$(BUILD)/shell/%): $(BUILD)/shell/%: $(BUILD)/shell/main_%.o \
		$$(addprefix $(BUILD)/shell/,$$($$*_OBJECTS)) $(BUILD)/lib/libbproc.so \
		$(COMMON)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) -L$(BUILD)/lib -lbproc $($(@F)_LIBS)

install-shell:
	install -D -m 755 -t $(DESTDIR)$(BINDIR) $(COMMANDS:%=$(BUILD)/shell/%)
	install -D -m 644 shell/completion.bash $(DESTDIR)$(COMPLETIONS)/bpsh
	for name in $(filter-out bpsh,$(COMMANDS)) bpmaster bpslave bpiod bproc-key bproc-mknode; do \
		ln -sf bpsh $(DESTDIR)$(COMPLETIONS)/$$name; done

-include $(wildcard $(BUILD)/shell/*.d)
