# SPDX-License-Identifier: GPL-2.0-or-later
"""Where things are, and the few helpers that everything else uses."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile

VM_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCE = os.path.dirname(os.path.dirname(VM_DIR))
BUILD = os.environ.get("BUILD") or os.path.join(SOURCE, "build")
# What is fetched may be shared between trees by making build/vm a link.
CACHE = os.path.realpath(os.path.join(BUILD, "vm"))


class RigError(Exception):
    """Something that the user is told in one line, without a traceback."""


def say(text):
    print(f"rig: {text}", file=sys.stderr, flush=True)


def run(argv, **kwargs):
    """Runs a command quietly; its output appears only if it fails."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **kwargs)
    if done.returncode:
        raise RigError(f"{' '.join(argv)}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def output(argv, **kwargs):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, check=True, **kwargs).stdout


def need_root(what):
    if os.geteuid() != 0:
        raise RigError(f"{what} has to be done by root, once")


@contextlib.contextmanager
def locked(name, place=CACHE):
    """Keeps other runs of the rig away: in every tree that shares PLACE."""
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, f".lock-{name}"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def made_whole(path):
    """A directory to fill that takes the place of PATH only when complete."""
    parent = os.path.dirname(path)
    os.makedirs(parent, exist_ok=True)
    work = tempfile.mkdtemp(prefix="." + os.path.basename(path) + ".", dir=parent)
    os.chmod(work, 0o755)
    try:
        yield work
        if os.path.lexists(path):
            shutil.rmtree(path)
        os.rename(work, path)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def write(path, text, mode=None):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    if mode is not None:
        os.chmod(path, mode)


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()
