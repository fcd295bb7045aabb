# SPDX-License-Identifier: GPL-2.0-or-later
"""Jobs side by side.  Scenarios wait more than they work: of a processor they use a fifth to
a half, so several clusters at once need little longer than one."""

import os
import threading

from . import base


def number():
    """How many clusters run at once; on a machine that is busy with other things, one."""
    return int(os.environ.get("RIG_LANES") or (1 if os.environ.get("RIG_PATIENCE") else 3))


class Job:
    """What is to be done, how long it may take (the longest come first), and what has to be
    done in the background before."""

    def __init__(self, run, weight, after=None):
        self.run = run
        self.weight = weight
        self.after = after

    def ready(self):
        return self.after is None or self.after.done.is_set()

    def do(self):
        if self.after and self.after.error:
            raise self.after.error
        self.run()


def run(jobs, count=None):
    """Runs them all; returns the exceptions that came out of them."""
    waiting = sorted(jobs, key=lambda job: -job.weight)
    changed = threading.Condition()
    errors = []

    def take():
        with changed:
            while waiting:
                for job in waiting:
                    if job.ready():
                        waiting.remove(job)
                        return job
                changed.wait(1)
        return None

    def work():
        while job := take():
            try:
                job.do()
            except Exception as error:  # pylint: disable=broad-except
                errors.append(error)

    count = count or number()
    if count > 1:
        # All limits are for a cluster that has the machine to itself.
        os.environ.setdefault("RIG_PATIENCE", str(count))
    workers = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return errors


class Background(threading.Thread):
    """Something that is done when nothing else is; then @done is set, well or not."""

    def __init__(self, what):
        super().__init__(daemon=True)
        self.what = what
        self.done = threading.Event()
        self.error = None
        self.start()

    def run(self):
        try:
            # Of this thread alone, and of what it starts.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 15)
            self.what()
        except (base.RigError, OSError) as error:
            self.error = error
        finally:
            self.done.set()
