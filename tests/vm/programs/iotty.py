#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A shell at a terminal with a remote process in its background, and in its foreground:
who gets what is typed?"""

import os
import pty
import re
import select
import sys
import time

seen = b""


def wait_for(pattern, master, seconds=30):
    """Reads until the pattern came; what was before it is forgotten."""
    global seen
    end = time.monotonic() + seconds
    while not (found := re.search(pattern, seen)):
        left = end - time.monotonic()
        if left < 0 or not select.select([master], [], [], left)[0]:
            sys.exit(f"no {pattern} in {seen}")
        try:
            data = os.read(master, 4096)
        except OSError:
            data = b""
        if not data:
            sys.exit(f"ended, no {pattern} in {seen}")
        seen += data
    seen = seen[found.end():]


def main():
    pid, master = pty.fork()
    if not pid:
        os.environ["PS1"] = "ready> "
        os.execvp("bash", ["bash", "--norc", "--noediting", "-i"])

    def say(text):
        os.write(master, text)

    wait_for(rb"ready> ", master)
    say(b"iodefault go 0 cat &\n")
    wait_for(rb"ready> ", master)
    time.sleep(2)
    say(b"echo typed-$((40+2))\n")
    wait_for(rb"typed-42\r?\n", master)
    wait_for(rb"ready> ", master)
    say(b"fg\n")
    wait_for(rb"cat\r?\n", master)
    say(b"to the node\n")
    # The terminal's echo, and the process's.
    wait_for(rb"to the node\r?\n", master)
    wait_for(rb"to the node\r?\n", master)
    say(b"\x04")
    wait_for(rb"ready> ", master)
    say(b"iodefault go 0 cat\n")
    time.sleep(2)
    say(b"second\n")
    wait_for(rb"second\r?\n", master)
    wait_for(rb"second\r?\n", master)
    say(b"\x03")
    wait_for(rb"ready> ", master)
    say(b"exit\n")
    os.waitpid(pid, 0)


main()
