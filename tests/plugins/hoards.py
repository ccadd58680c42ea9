"""Takes memory by small portions until there is no more, as a decoder with a leak does."""

from __future__ import annotations

from tests.plugins.cursed import Cursed

_PORTION = 16 << 20


class Hoards(Cursed):
    """Keeps what it takes until it is refused."""

    def misbehave(self, frame):
        hoard = []
        while True:
            hoard.append(b"x" * _PORTION)
