"""Leaks memory in small portions until there is no more, as a decoder with a bug may."""

from __future__ import annotations

from tests.plugins.misbehaving import Misbehaving

_PORTION = 16 << 20


class Hoards(Misbehaving):
    """Allocates until an allocation fails, and frees nothing."""

    def misbehave(self, frame):
        hoard = []
        while True:
            hoard.append(b"x" * _PORTION)
