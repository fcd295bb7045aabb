# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU of bookworm-backports, unpacked under build/vm/qemu with all the
libraries that it needs; nothing of it is installed.

Bookworm's own QEMU (7.2) breaks live patching of kernel text (kprobes, ftrace)
when a VM has several CPUs: at least 10 is needed.
"""

import os
import re

from . import apt, base

HOME = os.path.join(base.CACHE, "qemu")
LIBS = ":".join(f"{HOME}/{lib}" for lib in (
    "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib", "usr/lib"))


def command():
    """How its program is started: by the loader that came with it."""
    return [f"{HOME}/lib64/ld-linux-x86-64.so.2", "--library-path", LIBS,
            f"{HOME}/usr/bin/qemu-system-x86_64", "-L", f"{HOME}/usr/share/qemu",
            "-L", f"{HOME}/usr/share/seabios"]


def fetch():
    with base.locked("qemu"):
        if os.path.exists(f"{HOME}/version"):
            return
        base.say("fetching QEMU (bookworm-backports)")
        private = apt.bookworm()
        debs = private.download_closure(["qemu-system-x86"], "bookworm-backports")
        with base.made_whole(HOME) as work:
            apt.unpack(debs, work)
            version = private.show("qemu-system-x86", "bookworm-backports")["Version"]
            number = re.search(r"(\d+)\.", version)
            if int(number.group(1)) < 10:
                raise base.RigError(f"QEMU {version} is too old, 10 is needed")
            base.write(f"{work}/version", version + "\n")
        private.forget_downloads()
