# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the consoles and knows what a kernel in trouble says."""

import os
import re

# Only what the kernel itself prints, with its time stamp, counts.
STAMP = re.compile(r"\[ *\d+\.\d{6}\](?:\[[^\]]*\])? ?(.*)")
TROUBLE = re.compile("|".join((
    r"^WARNING: ", r"^BUG: ", r"\bkernel BUG at", r"^Oops", r"^(watchdog: )?BUG:",
    r"^Kernel panic", r"general protection fault, (?!ip)", r"[Uu]nable to handle",
    r"^Call Trace:", r"^INFO: task .* blocked for more than",
    r"rcu: INFO: ", r"^INFO: rcu", r"self-detected stall", r"soft lockup", r"hard LOCKUP",
    r"suspicious RCU usage", r"possible (circular|recursive) locking", r"inconsistent lock",
    r"lock held when returning", r"held lock freed", r"bad unlock balance",
    r"non-static key", r"scheduling while atomic", r"sleeping function called",
    r"refcount_t: ", r"KASAN", r"KCSAN", r"UBSAN", r"^UBSAN", r"kmemleak: \d+ new",
    r"unreferenced object", r"Bad page (state|map)", r"corruption", r"[Dd]ouble fault",
    r"stack-protector", r"ODEBUG", r"DEBUG_LOCKS_WARN_ON", r"unregister_netdevice: waiting",
    r"divide error: ", r"invalid opcode: ", r"stack guard page",
    r"VFS: Busy inodes", r"Out of memory and no killable")))
# The last words of a kernel that was told to go; what QEMU does then is not always an end.
LAST_WORDS = {"reboot: System halted": "halted", "reboot: Restarting system": "restarts"}
# A scenario that has allocations fail says so; then, and only then, a kernel that tells of a
# failed allocation, or of whom it kills for memory, with its stack is not in trouble.
FAILING = {"rig: allocations fail": True, "rig: allocations fail no more": False}
TOLD = re.compile(r"mode:0x[0-9a-f]+\(.*nodemask=|invoked oom-killer: gfp_mask=")
TOLD_LINES = 4  # from there to the stack
# Memory fails in a virtual machine only by a program's order, madvise(MADV_HWPOISON).
HARMLESS = re.compile(r"traps: |^Memory failure: 0x|^WARNING: .*(Spectre|spec|mitigation)")


class Console:
    """The log file that QEMU writes of a machine's serial console."""

    def __init__(self, path):
        self.path = path
        self.offset = 0
        self.partial = ""
        self.trouble = []
        self.follow = 0
        self.last_word = None
        self.failing = False
        self.told = 0

    def poll(self):
        """Reads on; returns new lines of trouble, with what follows them."""
        try:
            with open(self.path, "rb") as log:
                log.seek(self.offset)
                data = log.read()
        except FileNotFoundError:
            return []
        self.offset += len(data)
        text = self.partial + data.decode(errors="replace").replace("\r", "")
        *lines, self.partial = text.split("\n")
        new = [line for line in lines if self._looks_bad(line)]
        self.trouble += new
        return new

    def _looks_bad(self, line):
        message = STAMP.search(line)
        if message:
            said = message.group(1).strip()
            self.last_word = LAST_WORDS.get(said, self.last_word)
            self.failing = FAILING.get(said, self.failing)
            if self.failing and self._tells_of_failure(said):
                return False
        if message and TROUBLE.search(message.group(1)) and \
                not HARMLESS.search(message.group(1)):
            self.follow = 40
            return True
        if self.follow and line:
            self.follow -= 1
            return True
        return False

    def _tells_of_failure(self, said):
        """Whether this is the head of the stack of a failed allocation."""
        self.told = TOLD_LINES if TOLD.search(said) else max(self.told - 1, 0)
        return self.told and said == "Call Trace:"

    def last(self, lines):
        if not os.path.exists(self.path):
            return []
        with open(self.path, "rb") as log:
            return log.read().decode(errors="replace").replace("\r", "").split("\n")[-lines:]
