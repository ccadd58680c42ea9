"""Ends the program from inside a component."""

from __future__ import annotations

import sys

from tests.plugins.misbehaving import Misbehaving


class Exits(Misbehaving):
    """Calls sys.exit()."""

    def misbehave(self, frame):
        sys.exit("bye")
