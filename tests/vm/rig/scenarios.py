# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the files of tests/vm/scenarios on clusters.

Their first comment lines say what they need:

    # cluster: --nodes 2 --virtual 1    what to boot (also --cpus, --mem, --systemd, --mknode)
    # timeout: 90                       seconds (60)
    # tags: core                        run on a cluster of mixed kernels, and on "debug", too;
                                        mixed: on the former, and not on 6.1 alone: the
                                        master there has it, and nodes of the same kernel
    # kernel: debug                     run on no other kernel; 6.1: unless one is asked for

Those with equal needs share a boot.  A scenario fails by its 'not ok' lines,
its exit status, its time limit, or a kernel's complaint while it runs; after
the last two the next one gets a fresh cluster.
"""

import argparse
import os
import re
import time

from . import base, cluster, kernels, lanes

HOME = os.path.join(base.VM_DIR, "scenarios")
KERNELS = ["6.1", "6.12"]
DEBUG = "debug"
# Of these only what has one of the tags is run, unless one is asked for.
TAGS = {"6.1,6.12": {"core", "mixed"}, DEBUG: {"core"}}
SETTLE = 30


class Scenario:
    def __init__(self, name):
        self.name = name
        needs = dict(re.findall(r"^# (cluster|timeout|tags|kernel): *(.*)$",
                                base.read(os.path.join(HOME, name)), re.M))
        self.cluster = needs.get("cluster", "").strip()
        self.timeout = float(needs.get("timeout", 60))
        self.tags = set(needs.get("tags", "").split())
        self.kernel = needs.get("kernel", "").strip()

    def fits(self, kind, asked_for):
        """Whether it is to be run there; one kernel that was asked for has all it can."""
        if self.kernel and self.kernel != kind:
            return bool(asked_for) and self.kernel != DEBUG
        if kind == KERNELS[0] and "mixed" in self.tags:
            return bool(asked_for)
        return asked_for or kind not in TAGS or bool(self.tags & TAGS[kind])

    def options(self):
        parser = argparse.ArgumentParser(prog=f"{self.name}: # cluster:")
        parser.add_argument("--nodes", type=int, default=2)
        parser.add_argument("--virtual", type=int, default=0)
        parser.add_argument("--cpus", type=int, default=2)
        parser.add_argument("--mem", type=int, dest="memory")
        parser.add_argument("--systemd", action="store_true")
        parser.add_argument("--mknode", action="store_true")
        return vars(parser.parse_args(self.cluster.split()))


def times():
    """RIG_TIMES=N in the environment: what is done many times is done N times as often."""
    return int(os.environ.get("RIG_TIMES") or 1)


def all_scenarios(wanted):
    names = sorted(name for name in os.listdir(HOME) if re.fullmatch(r"[\w.-]+[^~]", name))
    return [Scenario(name) for name in names
            if not wanted or any(word in name for word in wanted)]


def run_with_module(tally, kernel, names, module, logs):
    """These scenarios with another bproc.ko than the one made for that kernel."""
    Group(tally, kernel, [Scenario(name) for name in names], logs, module).run()


def kinds(kernel):
    return [kernel] if kernel else [*KERNELS, *TAGS]


def wants_debug(kernel, wanted):
    """Whether any of these is to be run on the kernel that takes long to build."""
    return DEBUG in kinds(kernel) and any(
        one.fits(DEBUG, kernel) for one in all_scenarios(wanted))


def jobs(tally, kernel, wanted, logs, after):
    """One for each cluster; AFTER has what a kernel waits for, by its name."""
    chosen = all_scenarios(wanted)
    if wanted and not chosen:
        raise base.RigError(f"no scenario is called {' or '.join(wanted)}")
    found = []
    for kind in kinds(kernel):
        fit = [one for one in chosen if one.fits(kind, kernel)]
        for needs in dict.fromkeys(one.cluster for one in fit):
            group = Group(tally, kind, [one for one in fit if one.cluster == needs], logs)
            found.append(lanes.Job(group.run, group.weight(), after.get(kind)))
    if not found:
        raise base.RigError("nothing to run: see the lines '# kernel:' of the scenarios")
    return found


class Group:
    """Scenarios that share a cluster; MODULE is another bproc.ko than that made for it."""

    def __init__(self, tally, kind, scenarios, logs, module=None):
        self.tally = tally
        self.kind = kind
        self.scenarios = scenarios
        self.module = module
        self.label = f"{kind} in-tree" if module else kind
        self.logs = os.path.join(logs, self.label.replace(",", "+").replace(" ", "-"))
        self.machines = None

    def weight(self):
        """Some measure of how long it takes."""
        return kernels.slowness(self.kind.split(",")) * sum(
            one.timeout for one in self.scenarios)

    def run(self):
        try:
            for scenario in self.scenarios:
                if self.machines is None and not self.boot(scenario):
                    continue
                if not self.run_one(scenario) and self.machines:
                    self.machines.close()
                    self.machines = None
            if self.machines:
                self.end()
        finally:
            if self.machines:
                self.machines.close()

    def boot(self, scenario, again=True):
        name = f"{self.label} {scenario.name}"
        stamp = time.strftime("%H%M%S-") + scenario.name
        kinds = self.kind.split(",")
        for kernel in kinds:
            kernels.check_name(kernel)
        began = time.monotonic()
        self.machines = cluster.Cluster(kernel=kinds, logs=os.path.join(self.logs, stamp),
                                        tests=True, module=self.module, **scenario.options())
        try:
            self.machines.boot()
            self.tally.took(f"{self.label}: a boot ({scenario.cluster or 'default'})",
                            time.monotonic() - began, self.machines.busy())
            return True
        except (base.RigError, cluster.TimedOut, cluster.Trouble) as error:
            self.machines.look()
            if again and (isinstance(error, cluster.Crashed) or self.timer_stopped()):
                print(f"booted once more: {name}: {error}", flush=True)
                self.machines.close()
                return self.boot(scenario, again=False)
            text = f"the cluster does not boot: {error}"
            if isinstance(error, cluster.TimedOut):
                text += "\n" + self.machines.post_mortem()
            self.machines.look()
            self.tally.failed(name, "\n".join([text, *self.machines.trouble]))
            self.machines.close()
            self.machines = None
            return False

    def timer_stopped(self):
        """Whether a kernel that boots says that a processor, which idles, gets no interrupts of
        its timer any more: QEMU has lost one."""
        return any("Possible timer handling issue" in line for line in self.machines.trouble)

    def end(self):
        """The driver leaves the master's kernel, and nothing is left of it."""
        began = time.monotonic()
        name = f"{self.label} end of {' '.join(one.name for one in self.scenarios)}"
        try:
            done = self.machines.execute(["/usr/lib/rig/stop"],
                                         {"RIG_SLOWNESS": str(self.machines.slowness),
                                          "RIG_SYSTEMD":
                                              "1" if self.machines.systemd else ""},
                                         60 * self.machines.slowness)
            self.tally.lines(name, done.text(), done.status)
            self.machines.find_leaks()
        except (cluster.TimedOut, cluster.Trouble) as error:
            self.tally.failed(name, f"{error}\n{self.machines.post_mortem()}")
        self.machines.shut_down()
        self.tally.took(name, time.monotonic() - began)
        self.complaints(name)

    def complaints(self, name):
        """Counts what consoles have shown since the last time."""
        if not self.machines.trouble:
            return False
        self.tally.failed(name, "a kernel is in trouble\n" + "\n".join(self.machines.trouble))
        self.machines.trouble.clear()
        return True

    def run_one(self, scenario, again=True):
        """False if the cluster is not to be used any more."""
        name = f"{self.label} {scenario.name}"
        self.machines.mark(f"scenario {scenario.name}")
        began = time.monotonic()
        busy = self.machines.busy()
        limit = scenario.timeout * self.machines.slowness * times()
        try:
            done = self.machines.execute([f"/tests/scenarios/{scenario.name}"],
                                         {"RIG_NODES": str(len(self.machines.nodes)),
                                          "RIG_VIRTUAL": str(self.machines.virtual),
                                          "RIG_SLOWNESS": str(self.machines.slowness),
                                          "RIG_TIMES": str(times()),
                                          "RIG_KERNEL": self.kind}, limit)
        except cluster.TimedOut:
            self.tally.failed(name, f"time limit of {limit:.0f} s\n" +
                              self.machines.said() + self.machines.post_mortem())
            return False
        except cluster.Trouble as error:
            if isinstance(error, cluster.Crashed) and again:
                print(f"run once more: {name}: {error}", flush=True)
                self.machines.close()
                return self.boot(scenario) and self.run_one(scenario, again=False)
            time.sleep(0.5)
            self.machines.look()
            self.tally.failed(name, "\n".join([str(error), self.machines.said(),
                                               *self.machines.trouble]))
            return False
        base.write(os.path.join(self.machines.logs, scenario.name), done.text())
        took = time.monotonic() - began
        self.tally.took(name, took, self.machines.busy() - busy)
        self.tally.lines(f"{name} [{took:.1f} s]", done.text(), done.status)
        if self.complaints(name):
            return False
        return self.settled(name)

    def settled(self, name):
        """Whether all is again as the next one expects it."""
        total = len(self.machines.nodes) + self.machines.virtual
        try:
            seconds = SETTLE * self.machines.slowness
            done = self.machines.execute(["/usr/lib/rig/again", str(total), str(seconds)],
                                         seconds=seconds + 10)
        except (cluster.TimedOut, cluster.Trouble) as error:
            self.tally.failed(f"{name}: afterwards", str(error))
            return False
        return done.status == 0
