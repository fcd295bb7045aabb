# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts what passed and what failed, and tells as it goes."""

import re

LINE = re.compile(r"^(ok|not ok)\s+(.*)$", re.M)


CONTEXT = 3


def leave_out_good(lines):
    """Of what went right, only what came just before something else."""
    good = [line.startswith("ok ") for line in lines] + [False]
    for i, line in enumerate(lines):
        if not all(good[i:i + CONTEXT + 1]):
            yield line


class Tally:
    def __init__(self):
        self.nr_passed = self.nr_failed = 0
        self.failures = []

    def __str__(self):
        return f"{self.nr_passed} passed, {self.nr_failed} failed"

    def remind(self):
        """What failed, once more: it may be long ago."""
        for name in self.failures:
            print(f"failed: {name}")

    def passed(self, name, count=1):
        self.nr_passed += count
        print(f"ok {name}" + (f" ({count})" if count > 1 else ""), flush=True)

    def failed(self, name, why, count=1):
        self.nr_failed += count
        self.failures.append(name)
        first, *more = why.strip().split("\n") or [""]
        print(f"not ok {name}: {first}", *(f"    {line}" for line in more), sep="\n",
              flush=True)

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
            self.failed(f"{name}: {why[-1]}", "all else it said:\n" + rest)
            self.nr_passed += good
        else:
            self.passed(name, max(good, 1))
