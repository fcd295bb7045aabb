# SPDX-License-Identifier: GPL-2.0-or-later
"""The master's userland: a small Debian 12 in one read-only file."""

import hashlib
import os
import shutil
import tempfile

from . import apt, base

PACKAGES = """
    acl auditd bash binutils bsdextrautils coreutils diffutils elfutils file gdb gzip
    iproute2 iputils-ping kmod less libc6-i386 libevent-2.1-7
    libevent-core-2.1-7 libevent-openssl-2.1-7 libreadline8 libssl3 libudev1 mount
    ncurses-base openssh-client openssh-server openssl pdsh procps
    psmisc python3 strace systemd time tmux udev util-linux xz-utils
""".split()
# Daemons that come with programs, and would start by themselves.
UNUSED = ["auditd.service", "ssh.service"]
LEAN = ["--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*"]
BASHRC = "PS1='\\h:\\w\\$ '\nalias ls='ls --color=auto'\n"


def install(root, packages):
    """A Debian 12 with these packages in the directory ROOT."""
    _, sources = apt.machine_sources()
    options = [f"--aptopt={line}" for line in apt.machine_settings()]
    lines = [f"deb [signed-by={apt.KEYRING}] {uri} {suite} main" for uri, suite in sources]
    base.run(["mmdebstrap", "--variant=apt", f"--include={','.join(packages)}",
              *LEAN, *options, "bookworm", root, *lines])


def fetch_dkms():
    """A directory with a Debian 12 that has DKMS, a compiler and the headers of its kernel."""
    root = os.path.join(base.CACHE, "dkms-root")
    with base.locked("dkms"):
        if not os.path.exists(root):
            base.need_root("making a Debian for DKMS")
            base.say("making a Debian 12 with DKMS")
            with base.made_whole(root) as work:
                install(work, ["dkms", "linux-headers-amd64"])
    return root


def path():
    """The image's name has its contents in it, so a changed list makes a new one."""
    key = hashlib.sha256(" ".join(PACKAGES + LEAN).encode()).hexdigest()[:12]
    return os.path.join(base.CACHE, f"master-{key}.erofs")


def fetch():
    image = path()
    with base.locked("image"):
        if os.path.exists(image):
            return
        base.need_root("making the master's image")
        base.say("making the master's image (Debian 12)")
        work = tempfile.mkdtemp(prefix=".master.", dir=base.CACHE)
        try:
            root = f"{work}/root"
            install(root, PACKAGES)
            for name in ("dev", "var/cache/apt", "var/lib/apt/lists", "usr/share/info"):
                shutil.rmtree(f"{root}/{name}", ignore_errors=True)
            os.mkdir(f"{root}/dev")
            for name in UNUSED:
                os.symlink("/dev/null", f"{root}/etc/systemd/system/{name}")
            base.write(f"{root}/root/.bashrc", BASHRC)
            base.write(f"{root}/etc/hostname", "master\n")
            base.run(["mkfs.erofs", f"{work}/image", root])
            os.rename(f"{work}/image", image)
        finally:
            shutil.rmtree(work, ignore_errors=True)
