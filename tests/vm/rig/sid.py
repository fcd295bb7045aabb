# SPDX-License-Identifier: GPL-2.0-or-later
"""A chroot of Debian sid: kernel 7 and the compiler that it needs."""

import glob
import os
import re
import subprocess

from . import apt, base

HOME = os.path.join(base.CACHE, "sid")
PACKAGES = "linux-headers-amd64,gcc,make,libc6-dev,kmod,xz-utils,sparse,libelf-dev"


def make():
    with base.locked("sid"):
        if os.path.exists(f"{HOME}/.made"):
            return
        base.need_root("making the chroot of sid")
        base.say("making a chroot of sid")
        archive, _ = apt.machine_sources()
        options = [f"--aptopt={line}" for line in apt.machine_settings()]
        with base.made_whole(HOME) as work:
            base.run(["mmdebstrap", "--variant=apt", f"--include={PACKAGES}", *options,
                      "--skip=cleanup/apt/lists", "sid", work,
                      f"deb [signed-by={apt.KEYRING}] {archive} sid main"])
            # The header package leaves out what 'make C=1' asks about sparse.
            for scripts in glob.glob(f"{work}/usr/src/linux-headers-*-common/scripts"):
                base.write(f"{scripts}/checker-valid.sh", "#!/bin/sh\necho 1\n", 0o755)
            base.write(f"{work}/.made", "")


def run(argv, binds=(), **kwargs):
    """Runs a command in the chroot, with directories at their own places."""
    script = ["set -e; mount --make-rprivate /",
              f"mount -t proc proc {HOME}/proc", f"mount --rbind /dev {HOME}/dev"]
    for place in binds:
        script.append(f"mkdir -p {HOME}{place}; mount --bind {place} {HOME}{place}")
    script.append(f'exec chroot {HOME} "$@"')
    return subprocess.run(["unshare", "-m", "sh", "-c", "; ".join(script), "sh", *argv],
                          check=False, **kwargs)


def download_kernel(into):
    """Downloads the newest kernel's packages; returns its release."""
    headers = [name for name in os.listdir(f"{HOME}/usr/src")
               if re.fullmatch(r"linux-headers-[\d.]+.*-amd64", name)]
    ver = headers[0].removeprefix("linux-headers-")
    # From 7.x the image is split in two; before, one package has it all.
    get = "cd $1; shift; for p; do apt-get -q -o APT::Sandbox::User=root download $p || :; done"
    done = run(["sh", "-c", get, "sh", into, f"linux-binary-unsigned-{ver}",
                f"linux-modules-{ver}", f"linux-image-unsigned-{ver}"], binds=[into],
               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if not os.listdir(into):
        raise base.RigError(f"cannot download kernel {ver}\n{done.stdout}")
    return ver
