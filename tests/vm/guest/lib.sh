# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For scenarios: . /tests/lib.sh

PATH=/tests/bin:$PATH
failures=0

ok() {
	echo "ok $*"
}

# What fails returns 1, so that more can be said of it: check ... || cat FILE
not_ok() {
	echo "not ok $*"
	failures=$((failures + 1))
	return 1
}

# check NAME COMMAND...: passes if the command does
check() {
	local name=$1
	shift
	if "$@"; then ok "$name"; else not_ok "$name: exit status $?: $*"; fi
}

# fails NAME STATUS COMMAND...: passes if the command ends with that status
fails() {
	local name=$1 wanted=$2 status=0
	shift 2
	"$@" || status=$?
	if [ "$status" = "$wanted" ]; then
		ok "$name"
	else
		not_ok "$name: exit status $status, not $wanted: $*"
	fi
}

# same NAME WANTED GOT: passes if they are equal
same() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: got '$3', not '$2'"; fi
}

# Limits are for Debian's kernels; others have their own idea of a second.
: "${RIG_SLOWNESS:=1}"

# The kernel "debug" takes many times as long.
is_slow() {
	[ "$RIG_SLOWNESS" -ge 4 ]
}

timeout() {
	local seconds=$(($1 * RIG_SLOWNESS))
	shift
	command timeout "$seconds" "$@"
}

# eventually SECONDS COMMAND...: tries until it succeeds
eventually() {
	local end=$((SECONDS + $1 * RIG_SLOWNESS))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.2
	done
}

# in_ioctl PID: a 64-bit program waits in one
in_ioctl() {
	grep -q '^16 ' "/proc/$1/syscall"
}

# running NAME: a program of that name does
running() {
	pgrep -x "$1" >/dev/null
}

# Stand-ins on nodes of this kernel stay for a while, with one reference each.
refcount() {
	echo $(($(cat /sys/module/bproc/refcnt) - $(pgrep -cx bproc-ghost)))
}

no_process() {
	[ -z "$(bpstat -p 2>/dev/null | grep -v PID)" ]
}

refcount_is() {
	[ "$(refcount)" = "$1" ]
}

# cluster_before, cluster_after: what a scenario did leaves nothing behind. If a stand-in ends
# between the two looks of refcount, that is wrong, once.
cluster_before() {
	references=$(refcount)
	until refcount_is "$references"; do
		references=$(refcount)
	done
}

cluster_after() {
	check "no remote process is left" eventually 10 no_process
	check "nor anything else of the driver's" eventually 10 refcount_is "$references" ||
		echo "# $(refcount) references, $references before"
}

# finish: the last line of a scenario
finish() {
	[ "$failures" = 0 ]
	exit
}
