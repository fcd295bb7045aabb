# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages of other suites, without touching the machine's own apt.

Sources, lists and downloads live under build/vm/apt.  The mirrors are those
that the machine itself uses for Debian, and so are its apt.conf settings
(proxies and the like).
"""

import glob
import os
import re

from . import base

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
BOOKWORM = re.compile(r"bookworm|oldstable|stable|12(\.\d+)?")


def machine_sources():
    """(main archive, [(uri, suite)...]) of Debian 12 as the machine has it."""
    listed = base.output(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)",
                          "Created-By: Packages"])
    sources, archive = [], None
    for line in listed.splitlines():
        uri, suite = line.split("|")
        name = re.sub(r"(-updates|-security|/updates|-backports)$", "", suite)
        if not BOOKWORM.fullmatch(name) or "debian" not in uri:
            continue
        if suite.endswith("-backports"):
            continue
        if suite == name and archive is None:
            archive = uri
        if (uri, suite) not in sources:
            sources.append((uri, suite))
    if archive is None:
        raise base.RigError("no source of Debian 12 (bookworm) in this machine's apt")
    return archive, sources


def machine_settings():
    """The machine's Acquire settings, for an apt that would not read them."""
    dump = base.output(["apt-config", "dump", "--format", '%F "%v";%n', "Acquire"])
    return [line for line in dump.splitlines()
            if not line.endswith('"";') and "::IndexTargets" not in line]


class Apt:
    """A private apt: its sources are the suites given."""

    def __init__(self, name, suites):
        self.home = os.path.join(base.CACHE, "apt", name)
        self.suites = suites
        self.options = []
        for key, value in (("Dir::Etc::sourcelist", f"{self.home}/sources.list"),
                           ("Dir::Etc::sourceparts", "/dev/null"),
                           ("Dir::Etc::preferences", "/dev/null"),
                           ("Dir::Etc::preferencesparts", "/dev/null"),
                           ("Dir::State", f"{self.home}/state"),
                           ("Dir::State::status", f"{self.home}/status"),
                           ("Dir::Cache", f"{self.home}/cache"),
                           ("APT::Update::Post-Invoke-Success::", "true"),
                           ("APT::Sandbox::User", "root")):
            self.options += ["-o", f"{key}={value}"]

    def update(self):
        for sub in ("state/lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(self.home, sub), exist_ok=True)
        base.write(f"{self.home}/status", "")
        base.write(f"{self.home}/sources.list", "".join(
            f"deb [signed-by={KEYRING}] {uri} {suite} main\n" for uri, suite in self.suites))
        with base.locked("apt"):
            base.run(["apt-get", *self.options, "-q", "update"])
        return self

    def show(self, package, suite=None):
        """The fields of the newest version of a package, by name."""
        argv = ["apt-cache", *self.options]
        if suite:
            argv += ["-o", f"APT::Default-Release={suite}"]
        text = base.output([*argv, "show", "--no-all-versions", package])
        text = re.sub(r"\n[ \t]+", " ", text)
        return dict(re.findall(r"^([\w-]+): *(.*)$", text, re.M))

    def depends(self, package, pattern, suite=None):
        """Names among a package's dependencies that match the pattern."""
        fields = self.show(package, suite)
        names = []
        for field in ("Pre-Depends", "Depends"):
            for item in fields.get(field, "").split(","):
                name = item.split("|")[0].split("(")[0].strip().split(":")[0]
                if re.match(pattern, name):
                    names.append(name)
        return names

    def download(self, packages, into, suite=None):
        os.makedirs(into, exist_ok=True)
        argv = ["apt-get", *self.options, "-q"]
        if suite:
            argv += ["-t", suite]
        base.run([*argv, "download", *packages], cwd=into)
        return sorted(glob.glob(os.path.join(into, "*.deb")))

    def download_closure(self, packages, suite=None):
        """A package with all that it depends on, as on an empty machine."""
        argv = ["apt-get", *self.options, "-q", "-y", "--no-install-recommends",
                "--download-only"]
        if suite:
            argv += ["-t", suite]
        base.run([*argv, "install", *packages])
        return sorted(glob.glob(f"{self.home}/cache/archives/*.deb"))

    def forget_downloads(self):
        base.run(["apt-get", *self.options, "clean"])


def bookworm():
    """Debian 12 with its updates and backports."""
    archive, sources = machine_sources()
    return Apt("bookworm", [*sources, (archive, "bookworm-backports")]).update()


def unpack(debs, into):
    os.makedirs(into, exist_ok=True)
    for deb in debs:
        base.run(["dpkg", "-x", deb, into])
