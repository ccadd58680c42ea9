"""Raises an unexpected exception."""

from __future__ import annotations

from tests.plugins.misbehaving import Misbehaving


class Raises(Misbehaving):
    """Raises an exception whose text has several lines."""

    def misbehave(self, frame):
        raise ValueError("first line\n  second line")
