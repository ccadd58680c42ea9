"""A tiny face model for the self-test and the contract tests."""

from __future__ import annotations

import os
from pathlib import Path


def write_face_model(directory: Path) -> None:
    """Write a model of two people with all classic strategies, unless the folder exists.

    Their faces are vertical gradients with noise, one the reverse of the other.
    """
    if directory.exists():
        return
    import numpy as np

    from recognizers.model.facemodel import FaceModel, Method
    from recognizers.model.gallery import Gallery
    from recognizers.model.strategies import CLASSIC
    from recognizers.model.swap import replace_model

    random = np.random.default_rng(2017)
    ramp = np.linspace(40, 200, 32)[:, None] * np.ones((1, 24))
    faces, numbers = [], []
    for number, face in enumerate((ramp, ramp[::-1])):
        for _ in range(4):
            faces.append(np.clip(face + random.normal(0, 12, face.shape), 0, 255).astype(np.uint8))
            numbers.append(number)
    model = FaceModel(
        width=24,
        height=32,
        labels={0: "first", 1: "second"},
        format=1,
        equalized=False,
        methods={strategy: Method(unknown_distance=1e-3) for strategy in CLASSIC},
    )
    replace_model(
        os.fspath(directory), model, [Gallery.trained(strategy, faces, numbers) for strategy in CLASSIC]
    )
