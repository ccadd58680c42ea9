"""Hangs in C code, where no Python signal handler runs."""

from __future__ import annotations

import ctypes
import signal

from tests.plugins.misbehaving import Misbehaving


class Hangs(Misbehaving):
    """Ignores SIGTERM, holds the interpreter's lock and never returns."""

    def misbehave(self, frame):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            ctypes.PyDLL(None).pause()
