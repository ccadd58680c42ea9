"""Raises what no component should."""

from __future__ import annotations

from tests.plugins.cursed import Cursed


class Raises(Cursed):
    """Raises an exception whose text has several lines."""

    def misbehave(self, frame):
        raise ValueError("first line\n  second line")
