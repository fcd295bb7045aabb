# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the files of tests/vm/scenarios on clusters.

Their first comment lines say what they need:

    # cluster: --nodes 2 --virtual 1    what to boot (also --cpus, --mem)
    # timeout: 90                       seconds (60)
    # tags: core                        run on a cluster of mixed kernels, too

Those with equal needs share a boot.  A scenario fails by its 'not ok' lines,
its exit status, its time limit, or a kernel's complaint while it runs; after
the last two the next one gets a fresh cluster.
"""

import argparse
import os
import re
import time

from . import base, cluster, kernels

HOME = os.path.join(base.VM_DIR, "scenarios")
KERNELS = ["6.1", "6.12"]
MIXED = "6.1,6.12"
SETTLE = 30


class Scenario:
    def __init__(self, name):
        self.name = name
        needs = dict(re.findall(r"^# (cluster|timeout|tags): *(.*)$",
                                base.read(os.path.join(HOME, name)), re.M))
        self.cluster = needs.get("cluster", "").strip()
        self.timeout = float(needs.get("timeout", 60))
        self.core = "core" in needs.get("tags", "").split()

    def options(self):
        parser = argparse.ArgumentParser(prog=f"{self.name}: # cluster:")
        parser.add_argument("--nodes", type=int, default=2)
        parser.add_argument("--virtual", type=int, default=0)
        parser.add_argument("--cpus", type=int, default=2)
        parser.add_argument("--mem", type=int, dest="memory")
        return vars(parser.parse_args(self.cluster.split()))


def all_scenarios(wanted):
    names = sorted(name for name in os.listdir(HOME) if re.fullmatch(r"[\w.-]+[^~]", name))
    return [Scenario(name) for name in names
            if not wanted or any(word in name for word in wanted)]


def run(tally, kernel, wanted, logs):
    chosen = all_scenarios(wanted)
    if wanted and not chosen:
        raise base.RigError(f"no scenario is called {' or '.join(wanted)}")
    for kind in [kernel] if kernel else [*KERNELS, MIXED]:
        fit = [one for one in chosen if one.core or kind != MIXED]
        for needs in dict.fromkeys(one.cluster for one in fit):
            Group(tally, kind, [one for one in fit if one.cluster == needs], logs).run()


class Group:
    """Scenarios that share a cluster."""

    def __init__(self, tally, kind, scenarios, logs):
        self.tally = tally
        self.kind = kind
        self.scenarios = scenarios
        self.logs = os.path.join(logs, kind.replace(",", "+"))
        self.machines = None

    def run(self):
        try:
            for scenario in self.scenarios:
                if self.machines is None and not self.boot(scenario):
                    continue
                if not self.run_one(scenario):
                    self.machines.close()
                    self.machines = None
            if self.machines:
                self.machines.shut_down()
                self.complaints(f"{self.kind} shutdown")
        finally:
            if self.machines:
                self.machines.close()

    def boot(self, scenario):
        name = f"{self.kind} {scenario.name}"
        stamp = time.strftime("%H%M%S-") + scenario.name
        kinds = self.kind.split(",")
        for kernel in kinds:
            kernels.check_name(kernel)
        self.machines = cluster.Cluster(kernel=kinds, logs=os.path.join(self.logs, stamp),
                                        tests=True, **scenario.options())
        try:
            self.machines.boot()
            return True
        except (base.RigError, cluster.TimedOut, cluster.Trouble) as error:
            text = f"the cluster does not boot: {error}"
            if isinstance(error, cluster.TimedOut):
                text += "\n" + self.machines.post_mortem()
            self.machines.look()
            self.tally.failed(name, "\n".join([text, *self.machines.trouble]))
            self.machines.close()
            self.machines = None
            return False

    def complaints(self, name):
        """Counts what consoles have shown since the last time."""
        if not self.machines.trouble:
            return False
        self.tally.failed(name, "a kernel is in trouble\n" + "\n".join(self.machines.trouble))
        self.machines.trouble.clear()
        return True

    def run_one(self, scenario):
        """False if the cluster is not to be used any more."""
        name = f"{self.kind} {scenario.name}"
        self.machines.mark(f"scenario {scenario.name}")
        began = time.monotonic()
        try:
            done = self.machines.execute([f"/tests/scenarios/{scenario.name}"],
                                         {"RIG_NODES": str(len(self.machines.nodes)),
                                          "RIG_VIRTUAL": str(self.machines.virtual),
                                          "RIG_KERNEL": self.kind}, scenario.timeout)
        except cluster.TimedOut:
            self.tally.failed(name, f"time limit of {scenario.timeout:.0f} s\n" +
                              self.machines.said() + self.machines.post_mortem())
            return False
        except cluster.Trouble as error:
            time.sleep(0.5)
            self.machines.look()
            self.tally.failed(name, "\n".join([str(error), self.machines.said(),
                                               *self.machines.trouble]))
            return False
        base.write(os.path.join(self.machines.logs, scenario.name), done.text())
        took = time.monotonic() - began
        self.tally.lines(f"{name} [{took:.1f} s]", done.text(), done.status)
        if self.complaints(name):
            return False
        return self.settled(name)

    def settled(self, name):
        """Whether all nodes are up again for the next one."""
        total = len(self.machines.nodes) + self.machines.virtual
        try:
            done = self.machines.execute(["/usr/lib/rig/wait-up", str(total), str(SETTLE)],
                                         seconds=SETTLE + 10)
        except (cluster.TimedOut, cluster.Trouble) as error:
            self.tally.failed(f"{name}: afterwards", str(error))
            return False
        return done.status == 0
