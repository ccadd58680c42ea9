"""The faces that this program itself added to a sidecar, as the sidecar notes them."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.xmp.names import qualified
from pipeline.xmp.regions import Area

ADDED_FACES = qualified("dvm:addedFaces")
_DIGITS = 6


@dataclass(frozen=True, order=True)
class Face:
    """A named face in the stored picture."""

    name: str
    area: Area


def rounded(area: Area) -> Area:
    """An area as it is written: six digits, a hundredth of a pixel of the largest photos."""
    return Area(*(round(number, _DIGITS) for number in area))


def number_text(number: float) -> str:
    """A number of an area as it is written."""
    return f"{number:.{_DIGITS}f}".rstrip("0").rstrip(".")


def face_text(face: Face) -> str:
    """A face as one item of the list."""
    return " ".join((*map(number_text, face.area), face.name))


def parse_face(text: str) -> Face | None:
    """The face that an item says; None if it says none."""
    parts = text.split(" ", 4)
    try:
        return Face(parts[4], Area(*map(float, parts[:4])))
    except (IndexError, ValueError):
        return None
