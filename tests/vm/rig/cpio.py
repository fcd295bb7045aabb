# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes cpio archives for initramfs, without help and without being root."""

import os
import stat
import time


class Archive:
    """An archive in the 'newc' form; archives may follow each other."""

    def __init__(self, out):
        self.out = out
        self.inode = 0
        self.time = int(time.time())
        self.seen = set()

    def _entry(self, name, mode, size=0, rdev=(0, 0)):
        self.inode += 1
        name = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, self.time, size, 0, 0, *rdev, len(name), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
        self.out.write(head + b"\0" * (-len(head) % 4))

    def directory(self, path, mode=0o755):
        path = path.strip("/")
        if path in self.seen or not path:
            return
        self.directory(os.path.dirname(path))
        self.seen.add(path)
        self._entry(path, stat.S_IFDIR | mode)

    def _parent(self, path):
        self.directory(os.path.dirname(path.strip("/")))

    def data(self, path, data, mode=0o644):
        if isinstance(data, str):
            data = data.encode()
        self._parent(path)
        self._entry(path.strip("/"), stat.S_IFREG | mode, len(data))
        self.out.write(data + b"\0" * (-len(data) % 4))

    def file(self, path, source, mode=None):
        with open(source, "rb") as file:
            if mode is None:
                mode = os.fstat(file.fileno()).st_mode & 0o7777
            self.data(path, file.read(), mode)

    def link(self, path, target):
        self._parent(path)
        self._entry(path.strip("/"), stat.S_IFLNK | 0o777, len(target))
        target = target.encode()
        self.out.write(target + b"\0" * (-len(target) % 4))

    def device(self, path, kind, major, minor, mode=0o600):
        self._parent(path)
        self._entry(path.strip("/"), kind | mode, 0, (major, minor))

    def tree(self, path, source):
        """A directory with all that is in it."""
        self.directory(path, os.stat(source).st_mode & 0o7777)
        for name in sorted(os.listdir(source)):
            self.any(f"{path}/{name}", f"{source}/{name}")

    def any(self, path, source, follow=False):
        about = os.stat(source) if follow else os.lstat(source)
        if stat.S_ISDIR(about.st_mode):
            self.tree(path, source)
        elif stat.S_ISLNK(about.st_mode):
            self.link(path, os.readlink(source))
        elif stat.S_ISREG(about.st_mode):
            self.file(path, source)

    def end(self):
        self._entry("TRAILER!!!", 0)
        self.out.write(b"\0" * (-self.out.tell() % 512))
