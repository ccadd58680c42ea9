"""`Capture`: when, where and with which camera a photo or video was taken, as its file says."""

from __future__ import annotations

from dataclasses import dataclass

_MAX_TEXT = 100


@dataclass(frozen=True, slots=True)
class Capture:
    """When, where and with which camera a photo or video was taken; None for what its file does not say.

    Args:
        taken: the camera's time, `YYYY-MM-DDTHH:MM:SS`, with an offset from UTC where the file has one.
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
