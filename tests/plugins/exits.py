"""Takes itself for a program."""

from __future__ import annotations

import sys

from tests.plugins.cursed import Cursed


class Exits(Cursed):
    """Calls sys.exit()."""

    def misbehave(self, frame):
        sys.exit("bye")
