"""What every engine does with a compiled network."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


class Engine(Protocol):
    """A network that was compiled for one engine and loaded."""

    def run(self, image: FloatArray) -> list[FloatArray]:
        """Run the network on one input; returns its outputs in the order of its heads.

        Args:
            image: (1, height, width, 3) float32, of the compiled shape; height and width may be others if the
                network has a stride.
        Raises: MemoryError: there is no room for buffers of that size.
        """
