#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""primes.py LIMIT [NODE]: the sum of the primes below LIMIT, computed on NODE.

All that Python needs is loaded here; then the running interpreter itself goes to
the node, which has no Python, computes there, and comes back with the result.
"""

import ctypes
import os
import sys

bproc = ctypes.CDLL("libbproc.so.4", use_errno=True)
bproc.bproc_strerror.restype = ctypes.c_char_p
MASTER = -1


def move(node):
    if bproc.bproc_move(node):
        error = ctypes.get_errno()
        sys.exit(f"to node {node}: {bproc.bproc_strerror(error).decode()}")


def primes(limit):
    sieve = bytearray([1]) * limit
    sieve[:2] = bytes(min(limit, 2))
    for i in range(2, int(limit ** 0.5) + 1):
        if sieve[i]:
            sieve[i * i::i] = bytes(len(range(i * i, limit, i)))
    return (i for i in range(limit) if sieve[i])


def can_read(path):
    """Not os.path.exists(): on a node a program of the master's looks as if it were there."""
    try:
        os.close(os.open(path, os.O_RDONLY))
        return True
    except FileNotFoundError:
        return False


def main():
    limit = int(sys.argv[1])
    if len(sys.argv) > 2:
        move(int(sys.argv[2]))
    result = sum(primes(limit))
    where, pid, has_python = os.uname().nodename, os.getpid(), can_read(sys.executable)
    if len(sys.argv) > 2:
        move(MASTER)
    print(f"process {pid} on {where}, Python there: {'yes' if has_python else 'no'}",
          file=sys.stderr)
    print(result)


main()
