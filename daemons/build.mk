# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemons and the ghost stub.

GHOST_SOURCES := ghost arrive arrive_cred arrive_io header
GHOST_OBJECTS := $(GHOST_SOURCES:%=$(BUILD)/daemons/stub/%.o)
# No C library, no stack of the kernel's making, no floating point: see ghost.c.
GHOST_CFLAGS := -std=gnu11 -Wall -Wextra -Os -ffreestanding -fno-pic -mno-red-zone \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
	-mgeneral-regs-only

BPMASTER_OBJECTS := $(addprefix $(BUILD)/daemons/,bpmaster.o node.o node_control.o node_relay.o nodeup.o nodeup_run.o vector.o vector_tree.o tee.o \
	rejoin.o admit.o trace.o device.o pool.o preface.o want_stream.o iod.o iod_control.o)
# What serves input and output, on the master and on nodes.
IOD_OBJECTS := $(addprefix $(BUILD)/daemons/,bpiod_run.o bpiod_channel.o bpiod_stream.o bpiod_flush.o bpiod_feed.o \
	bpiod_forward.o bpiod_port.o iod_control.o)
BPIOD_OBJECTS := $(BUILD)/daemons/bpiod.o $(BUILD)/daemons/device.o $(IOD_OBJECTS)
BPSLAVE_OBJECTS := $(addprefix $(BUILD)/daemons/,bpslave.o worker.o slave_address.o slave_control.o \
	slave_streams.o slave_peer.o slave_direct.o slave_vector.o tee.o slave_iod.o rejoin.o arriving.o standin.o trace.o device.o pool.o preface.o want_stream.o arrive.o \
	arrive_cred.o arrive_io.o header.o ghost_file.o) $(IOD_OBJECTS)
DAEMON_LIBS := -levent_openssl -levent_core -lssl -lcrypto

PROGRAMS += $(addprefix $(BUILD)/daemons/,bproc-ghost bproc-key bproc-nodeup bpmaster bpslave bpiod)
INSTALLS += install-daemons

$(BUILD)/daemons/stub/%.o: daemons/%.c
	@mkdir -p $(@D)
	$(CC) -Iinclude/uapi -Ilib $(GHOST_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/daemons/bproc-ghost: $(GHOST_OBJECTS) daemons/ghost.ld
	$(CC) -static -nostdlib -no-pie -s -Wl,-z,max-page-size=4096,-z,noseparate-code \
		-Wl,--build-id=none -Wl,-T,daemons/ghost.ld -o $@ $(GHOST_OBJECTS)

$(BUILD)/daemons/%.o: daemons/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Ilib -DVERSION='"$(VERSION)"' $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/daemons/ghost_file.o: daemons/ghost_file.S $(BUILD)/daemons/bproc-ghost
	$(CC) -DGHOST_FILE='"$(BUILD)/daemons/bproc-ghost"' -c -o $@ $<

$(BUILD)/daemons/bpmaster: $(BPMASTER_OBJECTS) $(COMMON)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DAEMON_LIBS)

$(BUILD)/daemons/bpslave: $(BPSLAVE_OBJECTS) $(COMMON)
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(DAEMON_LIBS)

$(BUILD)/daemons/bproc-nodeup: $(BUILD)/daemons/bproc_nodeup.o $(BUILD)/daemons/nodeup_run.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/daemons/bproc-key: $(BUILD)/daemons/bproc_key.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcrypto

$(BUILD)/daemons/bpiod: $(BPIOD_OBJECTS) $(COMMON)
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(DAEMON_LIBS)

install-daemons:
	install -D -m 755 -t $(DESTDIR)$(SBINDIR) $(BUILD)/daemons/bpmaster \
		$(BUILD)/daemons/bpslave $(BUILD)/daemons/bpiod $(BUILD)/daemons/bproc-key
	install -D -m 755 -t $(DESTDIR)$(LIBDIR)/bproc $(BUILD)/daemons/bproc-ghost \
		$(BUILD)/daemons/bproc-nodeup
	install -D -m 644 -t $(DESTDIR)$(SYSLIBDIR)/systemd/system daemons/bpmaster.service \
		daemons/bpslave@.service daemons/bproc-nodeup.socket \
		daemons/bproc-nodeup@.service
	sed -i 's,=/usr/sbin/,=$(SBINDIR)/,; s,=/usr/lib/,=$(LIBDIR)/,' \
		$(DESTDIR)$(SYSLIBDIR)/systemd/system/bp*.service

-include $(wildcard $(BUILD)/daemons/*.d $(BUILD)/daemons/stub/*.d)
