#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""haskey.py KEYFILE PID: is what TLS gets of the key in the process's memory? 0: yes, 3: no"""

import hmac
import sys


def hkdf(key, salt, info):
    """RFC 5869 with SHA-256, its first 32 bytes"""
    secret = hmac.new(salt, key, "sha256").digest()
    return hmac.new(secret, info + b"\1", "sha256").digest()


def memory(pid):
    """what it can write, piece by piece"""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            where, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            start, end = (int(x, 16) for x in where.split("-"))
            mem.seek(start)
            yield mem.read(end - start)


def main():
    with open(sys.argv[1], "rb") as file:
        psk = hkdf(file.read(), b"bproc", b"link psk")
    return 0 if any(psk in piece for piece in memory(int(sys.argv[2]))) else 3


sys.exit(main())
