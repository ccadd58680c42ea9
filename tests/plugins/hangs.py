"""Hangs in C, where no Python signal handler ever runs."""

from __future__ import annotations

import ctypes
import signal

from tests.plugins.cursed import Cursed


class Hangs(Cursed):
    """Ignores SIGTERM, keeps the interpreter's lock and waits for ever."""

    def misbehave(self, frame):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            ctypes.PyDLL(None).pause()
