# SPDX-License-Identifier: GPL-2.0-or-later
"""A command on the master: its input, its output, its end."""

import fcntl
import os
import selectors
import signal
import struct
import termios
import tty

from .agent import CREDIT

PIECE = 4096  # what a pipe takes without blocking once it says it is writable


def window_size():
    rows, columns, _, _ = struct.unpack("4H", fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))
    return rows or 24, columns or 80


def exit_status(wait_status):
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else 128 - code


class Command:
    def __init__(self, cluster):
        self.cluster = cluster
        self.agent = cluster.master.agent
        self.status = None

    def start(self, argv, env, window=None):
        self.cluster.reply = self.reply
        self.agent.execute(argv, env, window)

    def reply(self, kind, data):
        if kind == "o":
            self.output(1, data)
        elif kind == "e":
            self.output(2, data)
        elif kind == "X":
            self.cluster.reply = None
            self.status = exit_status(struct.unpack("<i", data)[0])
        elif kind == "c":
            self.credit(struct.unpack("<I", data)[0])

    def signal(self, number):
        self.agent.send("s", struct.pack("<I", number))

    def output(self, fd, data):
        raise NotImplementedError

    def credit(self, size):
        pass


class Collected(Command):
    """Without input; what it says is kept."""

    def __init__(self, cluster):
        super().__init__(cluster)
        self.said = bytearray()

    def start(self, argv, env, window=None):
        super().start(argv, env, window)
        self.agent.send("i")

    def output(self, fd, data):
        self.said += data

    def text(self):
        return self.said.decode(errors="replace")


class Attached(Command):
    """Has the input, output and terminal of this process."""

    def __init__(self, cluster, on_terminal):
        super().__init__(cluster)
        self.on_terminal = on_terminal
        self.room = CREDIT
        self.reading = False
        self.ended = False
        self.waiting = {1: bytearray(), 2: bytearray()}

    def run(self, argv, env):
        saved = None
        if self.on_terminal:
            saved = termios.tcgetattr(0)
            tty.setraw(0)
            signal.signal(signal.SIGWINCH, self._resized)
        else:
            signal.signal(signal.SIGINT, lambda *_: self.signal(signal.SIGINT))
        try:
            self.start(argv, env, window_size() if self.on_terminal else None)
            self._read_more()
            self.cluster.wait(lambda: self.status is not None and not any(
                self.waiting.values()), 1e9, "the command")
        finally:
            if saved:
                termios.tcsetattr(0, termios.TCSADRAIN, saved)
                signal.signal(signal.SIGWINCH, signal.SIG_DFL)
            else:
                signal.signal(signal.SIGINT, signal.default_int_handler)
            self._read_no_more()
        return self.status

    def _resized(self, *_):
        self.agent.send("w", struct.pack("<2H", *window_size()))

    def _read_more(self):
        if not self.reading and not self.ended and self.room and self.status is None:
            self.reading = True
            self.cluster.selector.register(0, selectors.EVENT_READ, self._readable)

    def _read_no_more(self):
        if self.reading:
            self.reading = False
            self.cluster.selector.unregister(0)

    def _readable(self):
        try:
            data = os.read(0, min(self.room, 32768))
        except OSError:
            data = b""
        self.agent.send("i", data)
        self.room -= len(data)
        self.ended = not data
        if self.ended or not self.room:
            self._read_no_more()

    def credit(self, size):
        self.room += size
        self._read_more()

    def output(self, fd, data):
        if not self.waiting[fd]:
            self.cluster.selector.register(fd, selectors.EVENT_WRITE,
                                           lambda: self._writable(fd))
        self.waiting[fd] += data

    def _writable(self, fd):
        try:
            del self.waiting[fd][:os.write(fd, self.waiting[fd][:PIECE])]
        except OSError:  # nobody reads any more
            self.waiting[fd].clear()
            self.signal(signal.SIGPIPE)
        if not self.waiting[fd]:
            self.cluster.selector.unregister(fd)
