# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes into the initramfs of the master and of the nodes."""

import functools
import os
import re
import secrets
import shutil
import stat
import subprocess
import tempfile

from . import base, cpio, kernels, modules

STAGE = os.path.join(base.BUILD, "rig", "stage")
GUEST = os.path.join(base.BUILD, "rig")
MERGED = re.compile(r"^/(bin|sbin|lib|lib32|lib64|libx32)(?=/|$)")
MASTER = "10.23.0.1"


def node_address(number):
    return f"10.23.0.{10 + number}"


@functools.cache
def cluster_key():
    """The secret that this run's daemons share."""
    return secrets.token_hex(32) + "\n"


def settings():
    """Makes the kernel speak up, sooner than it would."""
    return "".join(f"set /proc/sys/kernel/{name} {value}\n" for name, value in (
        ("hung_task_timeout_secs", 60), ("hung_task_warnings", 100),
        ("printk_ratelimit", 0), ("core_pattern", "core")))


def build(kernel_names, makes_project, with_tests):
    """Has make build the rig's programs, ours, and our modules."""
    make = ["make", "-s", "-C", base.SOURCE, "--no-print-directory", f"BUILD={base.BUILD}"]
    base.run([*make, "rig-guest"])
    if not makes_project:
        return
    shutil.rmtree(STAGE, ignore_errors=True)
    base.run([*make, "install", f"DESTDIR={STAGE}", "PREFIX=/usr"])
    if with_tests:
        base.run([*make, "rig-tests"])
    if os.path.exists(os.path.join(base.SOURCE, "driver", "Kbuild")):
        for name in dict.fromkeys(kernel_names):
            base.run([*make, "modules", f"KERNELS={name}", *kernels.driver_options(name)])


def begin(file, conf):
    archive = cpio.Archive(file)
    for name in ("dev", "proc", "sys", "run", "tmp", "root"):
        archive.directory(name)
    archive.device("dev/console", stat.S_IFCHR, 5, 1)
    archive.device("dev/null", stat.S_IFCHR, 1, 3, 0o666)
    archive.file("init", f"{GUEST}/init", 0o755)
    archive.data("rig/conf", conf)
    return archive


def add_modules(archive, files):
    lines = ""
    for file in files:
        name = f"/rig/modules/{os.path.basename(file)}"
        archive.file(name, file)
        lines += f"module {name}\n"
    return lines


def merged(path):
    """Debian's /bin and /lib are links; a directory there would hide them."""
    return MERGED.sub(r"/usr/\1", os.path.normpath("/" + path))


def stage_tree(archive, source):
    for top, dirs, files in os.walk(source):
        inside = os.path.relpath(top, source)
        for name in dirs + files:
            path = merged(f"/{inside}/{name}")
            if os.path.islink(f"{top}/{name}") or os.path.isfile(f"{top}/{name}"):
                archive.any("/stage" + path, f"{top}/{name}")
            else:
                archive.directory("/stage" + path)


def parse_put(text):
    """FILE[:GUESTPATH] -> (file, absolute path in the guest)."""
    file, _, path = text.partition(":")
    path = path or os.path.basename(os.path.abspath(file))
    if path.endswith("/"):
        path += os.path.basename(file)
    return file, os.path.join("/root", path)


def add_tests(archive):
    archive.tree("/stage/tests/scenarios", f"{base.VM_DIR}/scenarios")
    for name in ("lib.sh", "links.sh"):
        archive.file(f"/stage/tests/{name}", f"{base.VM_DIR}/guest/{name}")
    if os.path.isdir(f"{GUEST}/tests/bin"):
        archive.tree("/stage/tests/bin", f"{GUEST}/tests/bin")


def add_systemd(archive, total):
    """Debian's systemd as PID 1, with our units as an administrator enables them."""
    etc = "/stage/etc"
    archive.file(f"{etc}/systemd/system/rig-agent.service", f"{base.VM_DIR}/guest/agent.service")
    for name, link in (("default.target", "/usr/lib/systemd/system/multi-user.target"),
                       ("serial-getty@.service", "/dev/null"), ("getty@.service", "/dev/null"),
                       ("getty-static.service", "/dev/null"),
                       ("multi-user.target.wants/rig-agent.service", "../rig-agent.service")):
        archive.link(f"{etc}/systemd/system/{name}", link)
    archive.data(f"{etc}/machine-id", secrets.token_hex(16) + "\n")
    # It looks like the first boot. The users are to be made then; the rest is Debian's.
    for name in ("ldconfig", "systemd-hwdb-update", "systemd-journal-catalog-update"):
        archive.link(f"{etc}/systemd/system/{name}.service", "/dev/null")
    if not total:
        return
    archive.link(f"{etc}/systemd/system/multi-user.target.wants/bpmaster.service",
                 "/usr/lib/systemd/system/bpmaster.service")
    archive.data(f"{etc}/bproc/config",
                 f"interface eth0\niprange 0 {node_address(0)} {node_address(total - 1)}\n")


def make_master(out, tree, puts, with_tests, systemd=None, fresh=False):
    """With SYSTEMD, a number of nodes, that is PID 1 and starts bpmaster.  If FRESH it has
    nothing of ours but the module, and the key in a corner."""
    files = tree.files(modules.MASTER_BOOT)
    names = [f"/rig/modules/{os.path.basename(file)}" for file in files]
    conf = "hostname master\n" + "".join(f"module {name}\n" for name in names) + settings() + \
        "image /dev/vda\naddress lo 127.0.0.1\n"
    if systemd is None:
        conf += "spawn /usr/lib/rig/agent\n"
    else:
        conf += f"address eth0 {MASTER}\nbecome /usr/lib/systemd/systemd\n"
    with open(out, "wb") as file:
        archive = begin(file, conf)
        add_modules(archive, files)
        if not fresh:
            stage_tree(archive, STAGE)
        archive.data("/stage/root/cluster-key" if fresh else "/stage/etc/bproc/key",
                     cluster_key(), 0o600)
        archive.tree(f"/stage/usr/lib/modules/{tree.release}", tree.path)
        archive.file("/stage/usr/lib/rig/agent", f"{GUEST}/agent")
        for script in ("start", "run-master", "wait-up", "again", "stop", "dhcpd"):
            archive.file(f"/stage/usr/lib/rig/{script}", f"{base.VM_DIR}/guest/{script}", 0o755)
        archive.file("/stage/usr/bin/rigctl", f"{GUEST}/rigctl", 0o755)
        if with_tests:
            add_tests(archive)
        if systemd is not None:
            add_systemd(archive, systemd)
        for source, path in puts:
            archive.any("/stage" + merged(path), source, follow=True)
        archive.end()


def libraries(program, stage):
    """The shared libraries of a program, by their places (as ldd says)."""
    env = dict(os.environ, LD_LIBRARY_PATH=f"{stage}/usr/lib:{stage}/usr/lib/x86_64-linux-gnu")
    done = subprocess.run(["ldd", program], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    return re.findall(r"(?:=> |^\t)(/\S+) \(", done.stdout, re.M)


def make_node_image(out, tree):
    """As an administrator does it: with bproc-mknode.  The agent comes along."""
    with tempfile.TemporaryDirectory(prefix="mknode-") as root:
        os.symlink(f"{STAGE}/usr", f"{root}/usr")
        os.symlink(f"{tree.top}/lib", f"{root}/lib")
        base.write(f"{root}/key", cluster_key(), 0o600)
        base.write(f"{root}/data", "", 0o640)
        base.run([f"{STAGE}/usr/sbin/bproc-mknode", "-r", root, "-k", tree.release, "-m", MASTER,
                  "-K", f"{root}/key", "-M", "virtio_console", "-i", f"{GUEST}/agent:/rig/agent",
                  "-i", f"{root}/data:/rig/data", "-x", "/rig/agent", out])


def make_node(out, tree, number, bare):
    with open(out, "wb") as file:
        slave = f"{STAGE}/usr/sbin/bpslave"
        files = tree.files(modules.NODE_BOOT + ([] if bare else tree.ours))
        conf = f"hostname node{number}\n" + \
            "".join(f"module /rig/modules/{os.path.basename(path)}\n" for path in files) + \
            settings() + "address lo 127.0.0.1\n" + \
            f"address eth0 {node_address(number)}\nspawn /rig/agent\n"
        if os.path.exists(slave) and tree.ours and not bare:
            conf += f"spawn /usr/sbin/bpslave -d {MASTER}\n"
        archive = begin(file, conf)
        add_modules(archive, files)
        archive.file("/rig/agent", f"{GUEST}/agent")
        if os.path.exists(slave):
            archive.any("/usr/sbin/bpslave", slave)
            for library in sorted(set(libraries(slave, STAGE))):
                archive.file(library.removeprefix(STAGE), os.path.realpath(library), 0o755)
        archive.data("/etc/bproc/key", cluster_key(), 0o600)
        archive.end()
