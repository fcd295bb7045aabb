# SPDX-License-Identifier: GPL-2.0-or-later
"""The modules that a virtual machine gets: some of its kernel's, and ours."""

import glob
import lzma
import os
import re
import shutil
import subprocess

from . import base, kernels

BOOT = ["virtio_pci", "virtio_console", "virtio_net"]
MASTER_BOOT = [*BOOT, "virtio_blk", "crc32c_generic", "erofs", "overlay"]
# A node has no modprobe: what its kernel would ask for is loaded before.
NODE_BOOT = [*BOOT, "tls", "gcm", "ctr", "ghash_generic", "ghash_clmulni_intel",
             "aesni_intel", "chacha20poly1305"]
MORE = ["dummy", "veth", "bridge", "tun", "loop", "binfmt_misc", "inet_diag", "tcp_diag",
        "unix_diag", "ccm", "sch_netem", "configs", "fuse", "nfs", "9p", "9pnet_virtio"]


def key(path):
    return re.sub(r"\.ko.*", "", os.path.basename(path)).replace("-", "_")


def dependencies(tree):
    """From a module's name to its file and those to be loaded before it."""
    found = {}
    with open(f"{tree}/modules.dep", encoding="utf-8") as lines:
        for line in lines:
            path, needed = line.rstrip().split(":")
            found[key(path)] = (path, needed.split())
    return found


def closure(names, table):
    """Files in the order of loading; names of what is built in are passed over."""
    files = []
    for name in names:
        if name in table:
            path, needed = table[name]
            files += [file for file in (*reversed(needed), path) if file not in files]
    return files


class Tree:
    """lib/modules of the machines with one kernel, below build/rig/modules.  Our modules
    are those that were built for it, or the file OURS."""

    def __init__(self, kernel, ours=None):
        self.release = kernels.release(kernel)
        self.top = os.path.join(base.BUILD, "rig", "modules", self.release)
        self.path = f"{self.top}/lib/modules/{self.release}"
        source = kernels.path(kernel, "root", "lib", "modules", self.release)
        stamp = f"{source} {' '.join(MASTER_BOOT + NODE_BOOT + MORE)}"
        if not os.path.exists(f"{self.top}/stamp") or base.read(f"{self.top}/stamp") != stamp:
            self._copy(source)
            base.write(f"{self.top}/stamp", stamp)
        self._add_ours([ours] if ours else glob.glob(
            os.path.join(base.BUILD, "modules", self.release, "**", "*.ko"), recursive=True))

    def _copy(self, source):
        shutil.rmtree(self.top, ignore_errors=True)
        files = closure(MASTER_BOOT + NODE_BOOT + MORE, dependencies(source))
        for file in files:
            out = f"{self.path}/{re.sub(r'[.](xz|zst)$', '', file)}"
            os.makedirs(os.path.dirname(out), exist_ok=True)
            if file.endswith(".xz"):
                with lzma.open(f"{source}/{file}") as packed, open(out, "wb") as plain:
                    plain.write(packed.read())
            elif file.endswith(".zst"):
                subprocess.run(["zstd", "-dqo", out, f"{source}/{file}"], check=True)
            else:
                shutil.copy(f"{source}/{file}", out)
        os.makedirs(self.path, exist_ok=True)
        for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
            if os.path.exists(f"{source}/{name}"):
                shutil.copy(f"{source}/{name}", self.path)

    def _add_ours(self, built):
        shutil.rmtree(f"{self.path}/extra", ignore_errors=True)
        os.makedirs(f"{self.path}/extra")
        self.ours = []
        for file in built:
            self.ours.append(key(file))
            # The debug sections are for the host.
            base.run(["strip", "--strip-debug", "-o",
                      f"{self.path}/extra/{os.path.basename(file)}", file])
        base.run(["depmod", "-b", self.top, self.release])

    def files(self, names):
        return [f"{self.path}/{file}" for file in closure(names, dependencies(self.path))]
