"""Crashes as a codec with a bug does."""

from __future__ import annotations

import ctypes

from tests.plugins.cursed import Cursed


class Segfaults(Cursed):
    """Reads where nothing is."""

    def misbehave(self, frame):
        ctypes.string_at(0)
