"""`Capture`: when, where and with which camera a photo or video was taken, as its file says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

_MAX_TEXT = 100
_MAX_ALTITUDE_M = 1e5


@dataclass(frozen=True, slots=True)
class Capture:
    """When, where and with which camera a photo or video was taken; None for what its file does not say.

    Args:
        taken: the camera's time, `YYYY-MM-DDTHH:MM:SS`, with an offset from UTC if the file has one; or a day
            alone, `YYYY-MM-DD`.
        camera: maker and model.
        latitude, longitude: degrees, north and east positive.
        altitude: metres above sea level.
    """

    taken: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None


def camera_name(maker: object, model: object) -> str | None:
    """Join maker and model, naming the maker once; None if neither is a text."""
    maker, model = clean_text(maker), clean_text(model)
    if maker and model.lower().startswith(maker.lower()):
        return model
    return f"{maker} {model}".strip() or None


def clean_text(value: object) -> str:
    """Strip a tag's value of padding and control characters, and cut it at 100 characters.

    Returns: an empty text for a value that is no text.
    """
    if not isinstance(value, str):
        return ""
    return "".join(char for char in value if char.isprintable()).strip()[:_MAX_TEXT]


class Place(NamedTuple):
    """The place of a `Capture`: latitude and longitude are both known, or none of the three is.

    Args:
        latitude, longitude, altitude: as in `Capture`.
    """

    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None


def place_of(latitude: float | None, longitude: float | None, altitude: float | None) -> Place:
    """Check a place that a file gives.

    Returns: no place if latitude or longitude is missing or out of range, or if both are exactly 0, which
        receivers and editors write where they do not know the place. An absurd altitude is dropped.
    """
    if latitude is None or longitude is None or not (latitude or longitude):
        return Place()
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return Place()
    is_altitude = altitude is not None and abs(altitude) < _MAX_ALTITUDE_M
    return Place(latitude, longitude, altitude if is_altitude else None)
