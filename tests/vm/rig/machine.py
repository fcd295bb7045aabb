# SPDX-License-Identifier: GPL-2.0-or-later
"""One virtual machine: a QEMU process with a console, a monitor and an agent."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time

from . import base, kernels, qemu_pkg, tsc
from .agent import Agent
from .console import Console

APPEND = ("console=ttyS0 panic=-1 oops=panic loglevel=5 printk.devkmsg=on no_timer_check "
          "mitigations=off net.ifnames=0 sysrq_always_enabled "
          "rcupdate.rcu_cpu_stall_timeout=60 watchdog_thresh=30 kasan_multi_shot ")


class Machine:
    def __init__(self, name, kernel, rundir, logs, *, cpus, memory, initrd, accel, cpu, append,
                 extra):
        self.name = name
        self.kernel = kernel
        self.process = None
        self.wanted = False
        self.crashed = False
        self.used = self.using = 0
        self.run = os.path.join(rundir, name)
        self.agent = Agent(f"{self.run}.rig")
        self.console = Console(os.path.join(logs, f"{name}.console"))
        self.stderr = os.path.join(logs, f"{name}.qemu")
        self.resets = os.path.join(logs, f"{name}.resets")  # with the processors' registers
        # QEMU shall not outlive this process, however that ends.
        self.argv = [
            "setpriv", "--pdeathsig", "KILL", *qemu_pkg.command(), "-name", name, "-nodefaults", "-no-user-config",
            "-display", "none", "-M", "q35", "-accel", accel,
            "-cpu", cpu, "-smp", str(cpus), "-m", str(memory),
            "-kernel", kernels.path(kernel, "vmlinux"), "-initrd", initrd,
            "-append", APPEND + tsc.parameter() + append,
            "-chardev", f"socket,id=con,path={self.run}.con,server=on,wait=off,"
                        f"logfile={self.console.path},logappend=on",
            "-serial", "chardev:con",
            "-chardev", f"socket,id=rig,path={self.run}.rig,server=on,wait=off",
            "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=rig,name=rig",
            "-qmp", f"unix:{self.run}.qmp,server=on,wait=off",
            "-d", "cpu_reset", "-D", self.resets, *extra]

    def start(self):
        self.wanted = True
        with open(self.stderr, "ab") as err:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=err,
                                            stderr=err, start_new_session=True)

    def busy(self):
        """Seconds of processor time that QEMU has used, before the last start too: as far
        as somebody looked before it ended."""
        if self.process:
            with contextlib.suppress(OSError):
                fields = base.read(f"/proc/{self.process.pid}/stat").rpartition(")")[2].split()
                self.using = sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
        return self.used + self.using

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """As if its power were cut."""
        self.wanted = False
        self.agent.close()
        if self.process:
            if self.alive():
                self.process.send_signal(signal.SIGKILL)
            self.used, self.using = self.busy(), 0
            self.process.wait()
            self.process = None

    def monitor(self, *commands):
        """Executes monitor commands, each (name, arguments)."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(10)
            sock.connect(f"{self.run}.qmp")
            with sock.makefile("rw") as talk:
                talk.readline()
                for name, arguments in (("qmp_capabilities", {}), *commands):
                    talk.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
                    talk.flush()
                    while True:
                        answer = json.loads(talk.readline())
                        if "error" in answer:
                            raise base.RigError(f"{self.name}: {name}: "
                                                f"{answer['error']['desc']}")
                        if "return" in answer:
                            break

    def sysrq(self, letters):
        """Through the serial console, for when nothing else answers."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(10)
            sock.connect(f"{self.run}.con")
            for letter in letters:
                self.monitor(("chardev-send-break", {"id": "con"}))
                time.sleep(0.1)
                sock.sendall(letter.encode())
                time.sleep(0.3)

    def complaint(self):
        """What QEMU itself had to say."""
        return base.read(self.stderr).strip() if os.path.exists(self.stderr) else ""

    def had_triple_fault(self):
        return os.path.exists(self.resets) and "Triple fault" in base.read(self.resets)

    def last_words(self):
        """Why it ended by itself, in a line: what is known of it."""
        said = [self.complaint()]
        if self.had_triple_fault():
            said.append(f"a triple fault, see {self.resets}")
        if self.console.trouble:
            said.append(f"its kernel said '{self.console.trouble[0]}'")
        elif lines := [line for line in self.console.last(20) if line]:
            said.append(f"its console ends with '{lines[-1]}'")
        return "; ".join(filter(None, said))
