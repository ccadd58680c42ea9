"""The file name of a face's picture; apart from the pictures, so that it needs no numpy."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pipeline.files.outputs import output_path
from recognizers.unknown.minedfaces import MinedFace

_NAME_DIGITS = 12


def picture_name(face: MinedFace) -> str:
    """Return the file name of a face's picture, such as `IMG_1.jpg-face-3f2a9c1e40b7.png`.

    It is the same in every run; faces of equally named photos have different ones.
    """
    digest = hashlib.sha256(str(face.key).encode()).hexdigest()[:_NAME_DIGITS]
    return output_path(Path(), os.path.basename(face.path), f"-face-{digest}.png").name
