"""Pictures to draw on."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def scene():
    """Makes a photo-like picture: (height, width, 3) uint8 with soft shapes, an edge and grain."""

    def make(size_wh, seed=0):
        width, height = size_wh
        rng = np.random.default_rng(seed)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        waves = [np.sin(x / (17 + 5 * i) + i) * np.cos(y / (13 + 4 * i)) for i in range(3)]
        rgb = 128 + 70 * np.stack(waves, axis=2) + rng.normal(0, 6, (height, width, 3))
        rgb[:, width // 2 :] *= 0.6
        return rgb.clip(0, 255).astype(np.uint8)

    return make
