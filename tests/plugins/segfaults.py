"""Crashes like a codec with a bug."""

from __future__ import annotations

import ctypes

from tests.plugins.misbehaving import Misbehaving


class Segfaults(Misbehaving):
    """Reads from an unmapped address."""

    def misbehave(self, frame):
        ctypes.string_at(0)
