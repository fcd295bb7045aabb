# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests that need neither a driver nor privileges, with Check.

UNIT_NAMES := config nodeset header link mux port channel standin slave control bpshell bpsh dhcp \
	library tee tools bpcp bpckpt bpmove nodeup passage
UNIT_TESTS += $(UNIT_NAMES:%=$(BUILD)/tests/unit/test_%)
CHECK_LIBS := -lcheck_pic -lrt -lm -lsubunit -pthread

$(BUILD)/tests/unit/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Iinclude -Ilib -Idaemons -Iimage $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(COMMON)
	$(CC) $(CFLAGS) $(LDFLAGS) $(UNIT_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) \
		$(UNIT_LIBS) $(DAEMON_LIBS) $(CHECK_LIBS)

# The library's inside, not its exported names.
$(BUILD)/tests/unit/test_nodeset: $(LIBBPROC_OBJECTS)
$(BUILD)/tests/unit/test_library: $(LIBBPROC_OBJECTS)
$(BUILD)/tests/unit/test_library: UNIT_LDFLAGS := -Wl,--wrap=handle_open,--wrap=handle_ioctl,--wrap=ioctl
$(BUILD)/tests/unit/test_header: $(BUILD)/daemons/header.o
$(BUILD)/tests/unit/test_port: $(BUILD)/daemons/bpiod_port.o
# The test plays the driver, the connections and the other side.
$(BUILD)/tests/unit/test_channel: $(addprefix $(BUILD)/daemons/bpiod_,channel.o stream.o flush.o \
	feed.o forward.o port.o)
$(BUILD)/tests/unit/test_channel: UNIT_LDFLAGS := -Wl,--wrap=ioctl
$(BUILD)/tests/unit/test_link: $(addprefix $(BUILD)/daemons/,pool.o preface.o rejoin.o)
$(BUILD)/tests/unit/test_link: UNIT_LDFLAGS := -Wl,--wrap=gettimeofday,--wrap=clock_gettime,--wrap=accept4
$(BUILD)/tests/unit/test_nodeup: $(addprefix $(BUILD)/daemons/,nodeup.o nodeup_run.o)
$(BUILD)/tests/unit/test_nodeup: UNIT_LDFLAGS := -Wl,--wrap=mkdir,--wrap=open,--wrap=socket
# The test plays the driver, links and streams.
$(BUILD)/tests/unit/test_passage: $(addprefix $(BUILD)/daemons/,node_relay.o slave_peer.o slave_direct.o preface.o)
$(BUILD)/tests/unit/test_passage: UNIT_LDFLAGS := -Wl,--wrap=ioctl
$(BUILD)/tests/unit/test_tee: $(BUILD)/daemons/tee.o
# The test plays the name server.
$(BUILD)/tests/unit/test_slave: $(BUILD)/daemons/slave_address.o
$(BUILD)/tests/unit/test_slave: UNIT_LDFLAGS := -Wl,--wrap=getaddrinfo
$(BUILD)/tests/unit/test_control: $(BUILD)/shell/bpctl_address.o $(BUILD)/daemons/slave_control.o
$(BUILD)/tests/unit/test_bpshell: $(addprefix $(BUILD)/shell/,$(bpshell_OBJECTS)) $(LIBBPROC_OBJECTS)
$(BUILD)/tests/unit/test_bpshell: UNIT_LIBS := $(bpshell_LIBS)
$(BUILD)/tests/unit/test_bpsh: $(addprefix $(BUILD)/shell/,$(bpsh_OBJECTS)) $(LIBBPROC_OBJECTS)
$(BUILD)/tests/unit/test_bpsh: UNIT_LDFLAGS := -Wl,--wrap=bproc_nodestatus,--wrap=bproc_rfork_io,--wrap=bproc_execmove_io
$(BUILD)/tests/unit/test_dhcp: $(addprefix $(BUILD)/image/,ip.o dhcp.o)
$(BUILD)/tests/unit/test_tools: $(addprefix $(BUILD)/shell/,$(filter-out bpcp.o bpcp_node.o,$(bpcp_OBJECTS)) \
	bpckpt_image.o)
# The test plays the nodes.
$(BUILD)/tests/unit/test_bpcp: $(addprefix $(BUILD)/shell/,$(bpcp_OBJECTS))
# The tests play the driver and the processes.
$(BUILD)/tests/unit/test_bpckpt: $(addprefix $(BUILD)/shell/,$(bpckpt_OBJECTS))
$(BUILD)/tests/unit/test_bpckpt: UNIT_LDFLAGS := -Wl,--wrap=fsync
$(BUILD)/tests/unit/test_bpmove: $(addprefix $(BUILD)/shell/,$(bpmove_OBJECTS)) $(LIBBPROC_OBJECTS)
$(BUILD)/tests/unit/test_bpmove: UNIT_LDFLAGS := \
	-Wl,--wrap=bproc_migrate_why,--wrap=bproc_proclist,--wrap=bproc_nodespec
$(BUILD)/tests/unit/test_standin: $(BUILD)/daemons/standin.o
$(BUILD)/tests/unit/test_standin: UNIT_LDFLAGS := -Wl,--wrap=ioctl,--wrap=kill

.SECONDARY: $(UNIT_NAMES:%=$(BUILD)/tests/unit/test_%.o)

-include $(wildcard $(BUILD)/tests/unit/*.d)
