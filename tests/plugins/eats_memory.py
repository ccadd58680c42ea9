"""Needs more memory than there is."""

from __future__ import annotations

import numpy as np

from tests.plugins.misbehaving import Misbehaving


class EatsMemory(Misbehaving):
    """Asks for a petabyte."""

    def misbehave(self, frame):
        np.ones(1 << 50, np.uint8)
