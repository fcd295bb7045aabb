# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts what passed and what failed, and tells as it goes."""

import contextlib
import functools
import re
import threading
import time

LINE = re.compile(r"^(ok|not ok)\s+(.*)$", re.M)


CONTEXT = 3
NR_SLOWEST = 15
ELSE = "all else it said:"


def leave_out_good(lines):
    """Of what went right, only what came just before something else."""
    good = [line.startswith("ok ") for line in lines] + [False]
    for i, line in enumerate(lines):
        if not all(good[i:i + CONTEXT + 1]):
            yield line


def synchronized(method):
    """Clusters run side by side; what one of them says stays together."""
    @functools.wraps(method)
    def locked(self, *args, **kwargs):
        with self.lock:
            return method(self, *args, **kwargs)
    return locked


class Tally:
    def __init__(self):
        self.nr_passed = self.nr_failed = 0
        self.failures = []
        self.times = []
        self.lock = threading.RLock()

    def __str__(self):
        return f"{self.nr_passed} passed, {self.nr_failed} failed"

    def remind(self):
        """What failed, once more: it may be long ago."""
        for name in self.failures:
            print(f"failed: {name}")

    def took(self, name, seconds, busy=None):
        """How long it was, and of that how long one processor would have worked on it."""
        self.times.append((seconds, busy, name))

    @contextlib.contextmanager
    def timing(self, name):
        began = time.monotonic()
        yield
        self.took(name, time.monotonic() - began)

    def slowest(self):
        """Where the time went."""
        for seconds, busy, name in sorted(self.times, key=lambda one: -one[0])[:NR_SLOWEST]:
            print(f"{seconds:6.0f} s{'' if busy is None else f', {busy:.0f} s CPU'}: {name}")

    @synchronized
    def passed(self, name, count=1):
        self.nr_passed += count
        print(f"ok {name}" + (f" ({count})" if count > 1 else ""), flush=True)

    @synchronized
    def failed(self, name, why, count=1):
        self.nr_failed += count
        first, *more = why.strip().split("\n") or [""]
        self.failures.append(f"{name}: {first}" if first and first != ELSE else name)
        print(f"not ok {name}: {first}", *(f"    {line}" for line in more), sep="\n",
              flush=True)

    @synchronized
    def lines(self, name, text, status):
        """The 'ok' and 'not ok' lines that a test printed, and its exit status."""
        found = LINE.findall(text)
        good = sum(1 for word, _ in found if word == "ok")
        bad = [what for word, what in found if word == "not ok"]
        if bad or status:
            why = bad or [f"exit status {status}"]
            rest = "\n".join(leave_out_good(text.splitlines()))
            for what in why[:-1]:
                self.failed(f"{name}: {what}", "")
            self.failed(f"{name}: {why[-1]}", f"{ELSE}\n{rest}")
            self.nr_passed += good
        else:
            self.passed(name, max(good, 1))
