"""Find the files of cascades, which OpenCV or Debian installs."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import ModelError
from pipeline.models.files import check_file
from pipeline.text import printable, suggestions

DEBIAN_CASCADE_FOLDERS = tuple(
    Path("/usr/share", opencv, kind)
    for opencv in ("opencv4", "opencv")
    for kind in ("haarcascades", "lbpcascades")
)
"""Folders of Debian's package opencv-data; only it has the LBP cascades."""

_CONTAINER_CASCADE_FOLDERS = ("/root/data/haarcascades", "/root/data/lbpcascades")
"""Folders of cascades in the 2017 program's container; its pipeline files name them."""


def resolve_cascade(model: str) -> Path:
    """Find the file of a cascade.

    Args:
        model: a path, or a bare file name, which is looked up in OpenCV's own data folder and in those of
            Debian's package opencv-data. The file name of a missing path of the 2017 program's container is
            looked up too.
    Returns: a file that exists.
    Raises: ModelError: not found; says what to do.
    """
    folder, name = os.path.split(model)
    if os.path.isfile(model) or (folder and folder not in _CONTAINER_CASCADE_FOLDERS) or not name:
        return check_file(model, "give the path of a cascade's .xml file, or the name of one of OpenCV's own")
    for place in iter_cascade_folders():
        if (place / name).is_file():
            return check_file(str(place / name), "")
    raise ModelError(f"{printable(model)}: {_missing_cascade(name)}")


def iter_cascade_folders() -> Iterator[Path]:
    """The folders in which cascades are looked up, in order; some may not exist."""
    spec = importlib.util.find_spec("cv2")  # finds the package without importing it
    if spec is not None and spec.origin:
        yield Path(spec.origin).parent / "data"
    yield from DEBIAN_CASCADE_FOLDERS


def _missing_cascade(name: str) -> str:
    """The error for a cascade's file name that is in none of the folders: what is wrong, and what to do."""
    found = sorted({path.name for place in iter_cascade_folders() for path in place.glob("*.xml")})
    wrong = "is neither with OpenCV nor in Debian's opencv-data folders"
    if name.startswith("lbpcascade_"):
        twin = name.replace("lbp", "haar", 1)
        instead = f', or use "{twin}", which is here' if twin in found else ""
        return f"{wrong}; type: apt-get install opencv-data{instead}"
    if not found:
        return f"{wrong}, where there are no cascades at all; type: apt-get install opencv-data"
    return f"{wrong}; {suggestions(name, found) or 'known: ' + ', '.join(found)}".rstrip()
