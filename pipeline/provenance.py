"""Which input an output was made from, and by which pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.detections import Detection


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an output states about the input and the pipeline that it was made from.

    Args:
        path: the input's, absolute, as `os.fsdecode` gives it.
        size_bytes, mtime_ns: of the input when it was mined.
        format: a word of `pipeline.formats.FORMATS`.
        sha256: of the input's content, hexadecimal, or None.
        pipeline: what `Writer.fingerprint_of` returned for the input.
    """

    path: str
    size_bytes: int
    mtime_ns: int
    format: str
    sha256: str | None
    pipeline: str


class StatedFindings(NamedTuple):
    """What an output states was found in a photo.

    Args:
        size_wh: upright width and height of the photo, pixels.
        sha256: of its content, hexadecimal.
        found: the detections of each component that the output shows, by the component's name, rounded as it
            shows them.
    """

    size_wh: tuple[int, int]
    sha256: str
    found: Mapping[str, tuple[Detection, ...]]
