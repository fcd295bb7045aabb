# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast this machine's time stamp counter runs, which is that of the emulated processors.

A kernel finds out by itself with emulated timers, whose interrupts come late on a busy machine:
one took 2.6 GHz for 52 MHz and lived fifty times too fast, with soft lockups for its watchdog.
"""

import ctypes
import functools
import mmap
import platform
import time

RDTSC = bytes.fromhex("0f31 48c1e220 4809d0 c3")  # rdtsc; shl $32, %rdx; or %rdx, %rax; ret
TRIES = 5
SECONDS = 0.02


def kilohertz(read):
    """Of several measurements the one whose readings took the least time in all: least disturbed."""
    def reading():
        before = time.monotonic_ns()
        ticks = read()
        after = time.monotonic_ns()
        return (before + after) / 2, ticks, after - before

    def measurement():
        start, first, late = reading()
        time.sleep(SECONDS)
        end, last, later = reading()
        return late + later, (last - first) * 1e6 / (end - start)

    return round(min(measurement() for _ in range(TRIES))[1])


@functools.cache
def parameter():
    """For a kernel's command line; empty where QEMU does not use the counter of an x86."""
    if platform.machine() != "x86_64":
        return ""
    with mmap.mmap(-1, mmap.PAGESIZE,
                   prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as code:
        code.write(RDTSC)
        start = ctypes.c_char.from_buffer(code)
        read = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(start))
        khz = kilohertz(read)
        del start
    return f"tsc_early_khz={khz} "
