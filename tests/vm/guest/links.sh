# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For scenarios that stop and start bpmaster: . /tests/links.sh

master_log=/run/bpmaster.log
master_pid=
master_status=

# pingtimeout SECONDS: the line for a test that lets it pass; the kernel "debug" may take that
# long to answer
pingtimeout() {
	if is_slow; then
		echo "pingtimeout $(($1 * 10))"
	else
		echo "pingtimeout $1"
	fi
}

# node_is NODE STATE
node_is() {
	[ "$(cat "/sys/class/bproc/bpnode$1/state" 2>/dev/null)" = "$2" ]
}

# all_up COUNT
all_up() {
	[ "$(cat /sys/class/bproc/bpnode*/state 2>/dev/null | grep -cx up)" -ge "$1" ]
}

no_master() {
	! running bpmaster
}

# In a session of its own, or it would end with the scenario.
start_master() {
	setsid bpmaster -d >"$master_log" 2>&1 </dev/null &
	master_pid=$!
}

# kill_master SIGNAL: ends it; how it ended is in $master_status if we started it
kill_master() {
	if [ -n "$master_pid" ]; then
		kill "$1" "$master_pid"
		wait "$master_pid"
		master_status=$?
		master_pid=
	else
		pkill "$1" -x bpmaster
		eventually 20 no_master
	fi
}

# restart_master [LINE]...: with lines more in the configuration, instead of those of
# the same name
restart_master() {
	local line

	kill_master -TERM
	for line; do
		sed -i "/^${line%% *} /d" /etc/bproc/config
		echo "$line" >>/etc/bproc/config
	done
	start_master
}
