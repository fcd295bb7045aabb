# SPDX-License-Identifier: GPL-2.0-or-later
"""Talks to the agent in a virtual machine; tests/vm/guest/frame.h is the form."""

import socket
import struct

HEAD = struct.Struct("<B3xI")
CREDIT = 65536


class Agent:
    """One virtio port.  Frames come out of receive(), replies go in by send()."""

    def __init__(self, path):
        self.path = path
        self.sock = None
        self.ready = False
        self.inbox = bytearray()
        self.outbox = bytearray()

    def connect(self):
        """Tries once; QEMU may not have made its socket yet."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(self.path)
        except OSError:
            sock.close()
            return False
        sock.setblocking(False)
        self.sock = sock
        return True

    def close(self):
        if self.sock:
            self.sock.close()
        self.sock, self.ready = None, False
        self.inbox.clear()
        self.outbox.clear()

    def send(self, kind, data=b""):
        self.outbox += HEAD.pack(ord(kind), len(data)) + data
        self.flush()

    def flush(self):
        while self.sock and self.outbox:
            try:
                del self.outbox[:self.sock.send(self.outbox)]
            except BlockingIOError:
                return
            except OSError:
                self.outbox.clear()

    def receive(self):
        """The frames that are there: (kind, data) each."""
        try:
            data = self.sock.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self.inbox += data
        while len(self.inbox) >= HEAD.size:
            kind, size = HEAD.unpack_from(self.inbox)
            if len(self.inbox) < HEAD.size + size:
                return
            payload = bytes(self.inbox[HEAD.size:HEAD.size + size])
            del self.inbox[:HEAD.size + size]
            if kind == ord("r"):
                self.ready = True
            yield chr(kind), payload

    def execute(self, argv, env, window=None):
        rows, columns = window or (0, 0)
        strings = [*argv, *(f"{name}={value}" for name, value in env.items())]
        head = struct.pack("<4H", bool(window), rows, columns, len(argv))
        self.send("x", head + b"".join(text.encode(errors="surrogateescape") + b"\0"
                                       for text in strings))
