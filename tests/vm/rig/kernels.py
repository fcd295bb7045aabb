# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernels and their headers, and one that is built here ("debug": debug.py),
each under build/vm/kernels/K:

    release     the kernel's release string
    root/       what its packages hold: modules, config
    vmlinux     the kernel, decompressed (QEMU boots it through PVH at once)
    build       its headers, as a KDIR; for 7 a path inside the chroot sid/
    key         debug: what it was built from
"""

import glob
import lzma
import os
import re
import shutil
import struct
import subprocess
import tempfile
import zlib

from . import apt, base, debug, sid

SUITES = {"6.1": "bookworm", "6.12": "bookworm-backports", "7": "sid", "debug": "bookworm"}
PINNED = {"6.12": "bookworm-backports"}  # to be asked for by name


def path(kernel, *names):
    return os.path.join(base.CACHE, "kernels", kernel, *names)


def release(kernel):
    return base.read(path(kernel, "release")).strip()


def slowness(names):
    """How much longer everything may take on these kernels than on Debian's; a machine that is
    busy with other things has RIG_PATIENCE=2 or more in its environment."""
    return (4 if "debug" in names else 1) * int(os.environ.get("RIG_PATIENCE") or 1)


def memory(kernel, wanted):
    """MiB for a machine that has WANTED to itself: KASAN takes a part of it."""
    return wanted * 3 // 2 if kernel == "debug" else wanted


def driver_options(kernel):
    """For make, when it builds our modules for that kernel."""
    return ["CONFIG_BPROC_DEBUG=y"] if kernel == "debug" else []


def can_find_leaks(kernel):
    return kernel == "debug"


def check_name(kernel):
    if kernel not in SUITES:
        raise base.RigError(f"no kernel {kernel}: there are {', '.join(SUITES)}")


def decompress(image, out):
    """Writes the ELF kernel that a bzImage carries (x86 boot protocol 2.08)."""
    with open(image, "rb") as file:
        data = file.read()
    if data[:4] != b"\x7fELF":
        start = (data[0x1F1] + 1) * 512
        offset, length = struct.unpack_from("<II", data, 0x248)
        payload = data[start + offset:start + offset + length]
        if payload[:6] == b"\xfd7zXZ\0":
            data = lzma.LZMADecompressor().decompress(payload)
        elif payload[:2] == b"\x1f\x8b":
            data = zlib.decompressobj(31).decompress(payload)
        elif payload[:4] == b"\x28\xb5\x2f\xfd":
            # The size that follows the stream makes zstd complain at its end.
            data = subprocess.run(["zstd", "-dcq"], input=payload, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, check=False).stdout
        if data[:4] != b"\x7fELF":
            raise base.RigError(f"{image}: cannot find the kernel in it")
    with open(out, "wb") as file:
        file.write(data)


def finish(work, ver):
    """From unpacked packages in work/root to what is listed above."""
    root = os.path.join(work, "root")
    if not os.path.isdir(f"{root}/lib/modules"):
        os.symlink("usr/lib", f"{root}/lib")
    images = glob.glob(f"{root}/boot/vmlinuz-*") + \
        glob.glob(f"{root}/lib/modules/*/vmlinuz*")
    decompress(images[0], f"{work}/vmlinux")
    base.run(["depmod", "-b", root, ver])
    base.write(f"{work}/release", ver + "\n")


def relocate_headers(headers, ver):
    """Debian's header packages name each other by absolute path."""
    for top in glob.glob(f"{headers}/usr/src/*/Makefile"):
        text = base.read(top)
        fixed = re.sub(r"(?<![\w/])/usr/src/",
                       "$(dir $(realpath $(lastword $(MAKEFILE_LIST))))../", text)
        if fixed != text:
            base.write(top, fixed)
    return f"headers/usr/src/linux-headers-{ver}"


def fetch_bookworm(kernel, work):
    suite = PINNED.get(kernel)
    private = apt.bookworm()
    image = private.depends("linux-image-amd64", r"linux-image-\d", suite)[0]
    ver = image.removeprefix("linux-image-")
    if not ver.startswith(kernel + "."):
        raise base.RigError(f"{SUITES[kernel]} has kernel {ver}, not {kernel}")
    wanted, seen = [f"linux-headers-{ver}"], []
    while wanted:
        package = wanted.pop()
        seen.append(package)
        wanted += [name for name in private.depends(
            package, r"linux-(headers|kbuild|compiler|base-[\d.]+)", suite)
            if name not in seen and name not in wanted]
    with tempfile.TemporaryDirectory(dir=work) as debs:
        apt.unpack(private.download([image], f"{debs}/image", suite), f"{work}/root")
        apt.unpack(private.download(seen, f"{debs}/headers", suite), f"{work}/headers")
    finish(work, ver)
    os.symlink(relocate_headers(f"{work}/headers", ver), f"{work}/build")


def fetch_sid(work):
    sid.make()
    with tempfile.TemporaryDirectory(dir=work) as debs:
        ver = sid.download_kernel(debs)
        apt.unpack(glob.glob(f"{debs}/*.deb"), f"{work}/root")
    for listing in glob.glob(f"{sid.HOME}/usr/lib/modules/{ver}/modules.*"):
        shutil.copy(listing, f"{work}/root/usr/lib/modules/{ver}")
    finish(work, ver)
    os.symlink(f"/usr/src/linux-headers-{ver}", f"{work}/build")


def fetch(kernel):
    """Fetches a kernel unless it is there."""
    check_name(kernel)
    with base.locked(f"kernel-{kernel}"):
        if os.path.exists(path(kernel, "release")) and not \
                (kernel == "debug" and base.read(path(kernel, "key")) != debug.key()):
            return
        base.say(f"fetching kernel {kernel} ({SUITES[kernel]})")
        with base.made_whole(path(kernel)) as work:
            if kernel == "7":
                fetch_sid(work)
            elif kernel == "debug":
                debug.build(work)
            else:
                fetch_bookworm(kernel, work)
