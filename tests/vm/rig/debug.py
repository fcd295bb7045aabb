# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel "debug": Debian's source, built here with all that finds a driver's faults.

tests/vm/debug.config says what is in it.  Of the tree that it was built in, build/ keeps
what modules are built with, outside of it (KDIR) or inside (tests/in-tree).
"""

import hashlib
import os
import re
import shutil
import tempfile

from . import apt, base

SOURCE = "linux-source-6.1"
CONFIG = os.path.join(base.VM_DIR, "debug.config")
# The entry through PVH, and memcmp() in lib/string.c that it calls, run before KASAN's
# shadow is mapped.
OPTIONS = ["KASAN_SANITIZE_enlighten.o=n", "KASAN_SANITIZE_string.o=n"]
NOT_UNPACKED = ["Documentation/*.*", "*.dts", "*.dtsi", "drivers/gpu/*.[ch]", "sound/*.[ch]",
                "drivers/media/*.[ch]", "drivers/net/wireless/*.[ch]", "drivers/staging/*.[ch]"]
# What a build of modules reads, and vmlinux.o; of all the rest how it is configured.
KEPT = ["include", "scripts", "arch/x86/include", "arch/x86/tools", "arch/x86/entry/syscalls",
        "arch/x86/kernel/asm-offsets", "arch/x86/kernel/.asm-offsets", "arch/x86/lib/in",
        "arch/x86/lib/x86-opcode", "tools/arch/x86",
        "tools/build", "tools/include", "tools/lib", "tools/objtool", "tools/scripts",
        "kernel/bounds", "kernel/.bounds", "kernel/time/timeconst"]
DESCRIBES = ("Kconfig", "Kbuild", "Makefile", "Platform")


def key():
    """What the kernel is made of, as far as we decide it."""
    text = " ".join([base.read(CONFIG), *OPTIONS, *KEPT])
    return hashlib.sha256(text.encode()).hexdigest() + "\n"


def environment():
    """Without what a make that started this one was told: it is another project's."""
    names = ("PATH", "HOME", "TMPDIR")
    return {name: os.environ[name] for name in names if name in os.environ} | \
        {"LC_ALL": "C", "KBUILD_BUILD_USER": "bproc", "KBUILD_BUILD_HOST": "rig"}


def make(tree, *targets):
    return base.run(["make", "-s", f"-j{os.cpu_count()}", *OPTIONS, *targets], cwd=tree,
                    env=environment())


def unpack_source(into):
    with tempfile.TemporaryDirectory(dir=into) as temporary:
        debs = apt.bookworm().download([SOURCE], f"{temporary}/deb")
        apt.unpack(debs, temporary)
        packed = f"{temporary}/usr/src/{SOURCE}.tar.xz"
        base.run(["tar", "-xf", packed, "-C", temporary,
                  *(f"--exclude={SOURCE}/{what}" for what in NOT_UNPACKED)])
        os.rename(f"{temporary}/{SOURCE}", f"{into}/build")


def configure(tree):
    make(tree, "tinyconfig")
    base.run(["scripts/kconfig/merge_config.sh", "-m", ".config", CONFIG], cwd=tree,
             env=environment())
    make(tree, "olddefconfig")
    got = base.read(f"{tree}/.config")
    lost = [line for line in re.findall(r"^CONFIG_.*", base.read(CONFIG), re.M)
            if f"\n{line}\n" not in got]
    if lost:
        raise base.RigError("this kernel does not take " + ", ".join(lost))


def trim(tree):
    for top, dirs, files in os.walk(tree, topdown=False):
        inside = os.path.relpath(top, tree)
        for name in files:
            path = os.path.normpath(f"{inside}/{name}")
            if not (path.startswith(tuple(KEPT)) or name.startswith(DESCRIBES) or
                    inside == "." and not name.startswith(("vmlinux.a", ".tmp_"))):
                os.unlink(f"{top}/{name}")
        for name in dirs:
            if not os.path.islink(f"{top}/{name}") and not os.listdir(f"{top}/{name}"):
                os.rmdir(f"{top}/{name}")


def build(work):
    """Fills the directory as kernels.py describes it; returns the release."""
    base.say("building the kernel 'debug': some ten minutes")
    made_of = key()
    unpack_source(work)
    tree = f"{work}/build"
    configure(tree)
    make(tree, "vmlinux", "modules")
    make(tree, "modules_install", f"INSTALL_MOD_PATH={work}/root")
    ver = base.read(f"{tree}/include/config/kernel.release").strip()
    for name in ("build", "source"):
        os.unlink(f"{work}/root/lib/modules/{ver}/{name}")
    os.rename(f"{tree}/vmlinux", f"{work}/vmlinux")
    trim(tree)
    base.write(f"{work}/key", made_of)
    base.write(f"{work}/release", ver + "\n")
    return ver
