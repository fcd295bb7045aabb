# SPDX-License-Identifier: GPL-2.0-or-later
"""A cluster of virtual machines, from boot to power off."""

import atexit
import json
import os
import re
import selectors
import shutil
import struct
import tempfile
import time

from . import base, control, image, kernels, modules, payload, qemu_pkg
from .machine import Machine

TROUBLE, TIMEOUT = 99, 98


class TimedOut(Exception):
    pass


class Trouble(Exception):
    """A console shows a kernel in trouble, or a machine went away."""


class Crashed(Trouble):
    """QEMU itself ended by a signal, or its processor by a triple fault without a word of the
    kernel's. What runs in it is hardly the reason: QEMU's own threads race (one, still in
    11.1: https://github.com/espressif/qemu/issues/174). If it comes twice, it is."""


class Cluster:
    def __init__(self, *, nodes=2, virtual=0, kernel=("6.1",), cpus=2, memory=None, puts=(),
                 logs, accel="tcg,thread=multi", cpu="max", project=True, tests=False,
                 bare=False, module=None, systemd=False, fresh=False,
                 mknode=False):
        self.logs, self.virtual, self.bare = logs, virtual, bare
        self.kernels = [kernel[0]] + [(kernel[1:] or kernel)[i % len(kernel[1:] or kernel)]
                                      for i in range(nodes)]
        if (systemd or fresh) and virtual:
            raise base.RigError("a master with systemd has no virtual nodes")
        self.mknode = mknode
        self.systemd, self.fresh = systemd or fresh, fresh
        self.slowness = kernels.slowness(self.kernels)
        self.deadline = None
        self.selector = selectors.PollSelector()
        self.trouble = []
        self.reply = None
        self.command = None
        self.searching = set()
        os.makedirs(logs, exist_ok=True)
        self._fetch()
        self.rundir = tempfile.mkdtemp(prefix="rig-")
        atexit.register(shutil.rmtree, self.rundir, ignore_errors=True)
        with base.locked("build", os.path.join(base.BUILD, "rig")):
            payload.build(self.kernels, project, tests)
            initrds = self._initrds(nodes, puts, tests, module)
        self.machines = [Machine(
            f"node{i - 1}" if i else "master", self.kernels[i], self.rundir, logs, cpus=cpus,
            memory=kernels.memory(self.kernels[i], memory or (512 if i else 1024)),
            initrd=initrds[i], accel=accel, cpu=cpu,
            append="ip=dhcp" if i and mknode else "",
            extra=self._node_devices(i - 1) if i else self._master_devices(nodes))
            for i in range(nodes + 1)]
        self.master, self.nodes = self.machines[0], self.machines[1:]

    def _fetch(self):
        qemu_pkg.fetch()
        image.fetch()
        for name in dict.fromkeys(self.kernels):
            kernels.fetch(name)

    def _initrds(self, nodes, puts, tests, module):
        trees = {name: modules.Tree(name, module) for name in dict.fromkeys(self.kernels)}
        paths = [f"{self.rundir}/master.initrd"]
        payload.make_master(paths[0], trees[self.kernels[0]], puts, tests,
                            (0 if self.fresh else nodes) if self.systemd else None, self.fresh)
        for i in range(nodes):
            paths.append(f"{self.rundir}/node{i}.initrd")
            if self.mknode:
                payload.make_node_image(paths[-1], trees[self.kernels[i + 1]])
            else:
                payload.make_node(paths[-1], trees[self.kernels[i + 1]], i, self.bare)
        return paths

    def _master_devices(self, nodes):
        """The disk, and a hub that each node's link comes to."""
        args = ["-no-reboot", "-drive", f"file={image.path()},format=raw,if=virtio,readonly=on",
                "-netdev", "hubport,id=own,hubid=0" if nodes else "user,id=own,restrict=on",
                "-device", "virtio-net-pci,netdev=own,mac=52:54:00:17:00:01,romfile="]
        for i in range(nodes):
            for device in self._link(i):
                args += ["-netdev", json.dumps(device)]
        return args

    def _link(self, i):
        """The master's side of a link. It is the link's client: QEMU blocks when it writes to
        one that a server has accepted, and the master must not wait for a node that boots, or
        is paused, and takes nothing."""
        return [{"type": "stream", "id": f"link{i}", "server": False, "reconnect-ms": 200,
                 "addr": {"type": "unix", "path": f"{self.rundir}/link{i}"}},
                {"type": "hubport", "id": f"port{i}", "hubid": 0, "netdev": f"link{i}"}]

    def renew_link(self, node):
        """For a node that ended, perhaps while the master's QEMU waited to write to it. That
        would wait for ever then, for other nodes' packets, too, and begin in the midst of a
        packet when the node is back. Only "cont" has it send what it holds."""
        link = self._link(self.nodes.index(node))
        self.master.monitor(("stop", {}),
                            *(("netdev_del", {"id": d["id"]}) for d in reversed(link)),
                            *(("netdev_add", d) for d in link), ("cont", {}))

    def _node_devices(self, i):
        return ["-netdev", f"stream,id=link,server=on,addr.type=unix,"
                           f"addr.path={self.rundir}/link{i}",
                "-device", f"virtio-net-pci,netdev=link,mac=52:54:00:17:01:{i:02x},romfile="]

    # Boot and end

    def boot(self, seconds=120):
        """Returns the seconds that the master took to boot, the cluster to start."""
        began = time.monotonic()
        seconds *= self.slowness
        for machine in self.machines:
            machine.start()
        self.wait(lambda: self.master.agent.ready, seconds, "the master's boot")
        booted = time.monotonic()
        env = {"RIG_NODES": str(len(self.nodes)), "RIG_VIRTUAL": str(self.virtual),
               "RIG_MASTER": payload.MASTER, "RIG_BARE": "1" if self.bare else "",
               "RIG_SYSTEMD": "1" if self.systemd else "",
               "RIG_FRESH": "1" if self.fresh else "",
               "RIG_DHCP": "1" if self.mknode else "",
               "RIG_SLOWNESS": str(self.slowness)}
        done = self.execute(["/usr/lib/rig/start"], env, seconds=seconds)
        base.write(f"{self.logs}/start", done.text())
        if done.status:
            raise base.RigError(f"the cluster did not start:\n{done.text()}")
        self.wait(lambda: all(m.agent.ready for m in self.machines), seconds, "the nodes' boot")
        return booted - began, time.monotonic() - booted

    def wait(self, condition, seconds, what):
        end = time.monotonic() + seconds
        if self.deadline:
            end = min(end, self.deadline)
        while not condition():
            if time.monotonic() > end:
                raise TimedOut(what)
            self.pump(0.1)

    def find_leaks(self):
        """Has each kernel that can look for leaked memory; consoles tell what it finds."""
        self.searching = {m for m in self.machines if m.agent.ready and kernels.can_find_leaks(
            m.kernel)}
        for machine in self.searching:
            machine.agent.send("l")
        self.wait(lambda: not self.searching, 240, "the search for leaks")
        self.look()

    def shut_down(self):
        """Off, by the kernels' own way if they still can."""
        for machine in self.machines:
            machine.wanted = False
            if machine.alive() and machine.agent.ready:
                machine.agent.send("p")
        end = time.monotonic() + 4 * self.slowness
        while any(m.alive() and m.agent.ready for m in self.machines) and \
                time.monotonic() < end:
            self.pump(0.05)
        for machine in self.machines:
            machine.kill()
        self.look()

    def close(self):
        for machine in self.machines:
            machine.kill()
        shutil.rmtree(self.rundir, ignore_errors=True)

    # The loop

    def pump(self, seconds):
        """Waits for something to happen and sees to it."""
        for machine in self.machines:
            self._tend(machine)
        for key, _ in self.selector.select(seconds):
            key.data()
        self.look()

    def _tend(self, machine):
        agent = machine.agent
        self._heed(machine)
        if agent.sock is None and machine.alive() and agent.connect():
            self.selector.register(agent.sock, selectors.EVENT_READ,
                                   lambda: self._receive(machine))
        agent.flush()
        if machine.wanted and not machine.alive() and not self._boots_again(machine):
            machine.wanted = False
            self._unregister(machine)
            status = machine.process.returncode
            if machine is self.master or status:
                self.look()
                silent = machine.had_triple_fault() and not machine.console.trouble
                kind = Crashed if status < 0 or silent else Trouble
                raise kind(f"{machine.name}: QEMU ended with status {status}: "
                           f"{machine.last_words()}")
            self.renew_link(machine)

    def _boots_again(self, machine):
        """True if QEMU crashed in a node's boot, the first time: it is switched on once more.
        QEMU 10.0 does so now and then when a kernel maps its devices while its other CPU runs
        ("iotlb_to_section")."""
        status = machine.process.returncode
        if machine is self.master or status >= 0 or machine.agent.ready or machine.crashed:
            return False
        print(f"booted once more: {machine.name}: QEMU ended with status {status}: "
              f"{machine.complaint()}", flush=True)
        machine.crashed = True
        control.kill(self, machine)
        machine.start()
        return True

    def _heed(self, machine):
        """A machine that halted is switched off, as by a hand; one that restarts forgets."""
        word, machine.console.last_word = machine.console.last_word, None
        if word == "halted" and machine.alive() and machine is not self.master:
            control.kill(self, machine)
        elif word == "restarts":
            machine.agent.ready = False
            machine.agent.inbox.clear()

    def _unregister(self, machine):
        for key in list(self.selector.get_map().values()):
            if key.fileobj is machine.agent.sock:
                self.selector.unregister(key.fileobj)
        machine.agent.close()

    def _receive(self, machine):
        sock = machine.agent.sock
        for kind, data in machine.agent.receive():
            if kind == "A":
                self._asked(machine, data)
            elif kind == "L":
                self.searching.discard(machine)
            elif machine is self.master and self.reply:
                self.reply(kind, data)
        if machine.agent.sock is None:
            self.selector.unregister(sock)

    def _asked(self, machine, data):
        who, = struct.unpack_from("<I", data)
        status, text = control.serve(self, data[4:].decode(errors="replace"))
        if text and not text.endswith("\n"):
            text += "\n"
        machine.agent.send("a", struct.pack("<II", who, status) + text.encode()[:60000])

    def look(self):
        for machine in self.machines:
            for line in machine.console.poll():
                self.trouble.append(f"{machine.name}: {line}")

    def busy(self):
        """Seconds of processor time that all machines have used."""
        return sum(machine.busy() for machine in self.machines)

    # What one does with it

    def mark(self, text):
        """Writes a line into every machine's console."""
        for machine in self.machines:
            if machine.agent.ready:
                machine.agent.send("k", f"<4>rig: {text}\n".encode())

    def execute(self, argv, env=(), seconds=None):
        """Runs a command on the master, without input; collects what it says."""
        from .command import Collected
        self.command = command = Collected(self)
        command.start(argv, dict(env))
        self.wait(lambda: command.status is not None, seconds or 1e9, " ".join(argv))
        return command

    def said(self):
        """What the last command that execute() ran has said so far."""
        return self.command.text() if self.command else ""

    def get(self, path, out):
        """Copies a file from the master."""
        chunks, end = [], []

        def reply(kind, data):
            if kind == "d":
                chunks.append(data)
            elif kind == "D":
                end.append(struct.unpack("<II", data))

        self.reply = reply
        self.master.agent.send("g", os.path.join("/root", path).encode())
        self.wait(lambda: end, 120, f"--get {path}")
        self.reply = None
        error, mode = end[0]
        if error:
            raise base.RigError(f"--get {path}: {os.strerror(error)}")
        if os.path.isdir(out):
            out = os.path.join(out, os.path.basename(path))
        with open(out, "wb") as file:
            file.writelines(chunks)
        os.chmod(out, mode & 0o777)

    def post_mortem(self):
        """Every machine's last lines, and what its tasks wait for."""
        text = []
        for machine in self.machines:
            if machine.alive():
                try:
                    machine.sysrq("9wl")
                except (OSError, ValueError, base.RigError) as error:
                    text.append(f"{machine.name}: no stacks: {error}")
        time.sleep(2)
        for machine in self.machines:
            text.append(f"---- {machine.name}: last lines of its console")
            text += [re.sub(r"[^\x20-\x7e\t]", "", line) for line in machine.console.last(150)]
            if machine.complaint():
                text.append(machine.complaint())
        return "\n".join(text)
