"""From a photo to its frame. Videos are looked at and cut first, see `pipeline.videomining`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.errors import FailureCode, SourceError
from pipeline.frame import Frame
from pipeline.source import Limits, MediaFacts, Source, SourceKind


@dataclass(frozen=True, slots=True)
class Media:
    """An opened source: what its header says, and its frames in order, once."""

    facts: MediaFacts
    frames: Iterator[Frame]


def open_frames(source: Source, limits: Limits, *, salvage: bool = False) -> Media:
    """Open a source with the reader of its kind.

    Args:
        source: a photo.
        limits: what it may cost.
        salvage: whether as much as there is of a damaged one is wanted.
    Raises: SourceError: it cannot be read; the iterator raises it too, for what shows only then.
    """
    if source.kind is SourceKind.VIDEO:
        raise SourceError(FailureCode.UNSUPPORTED_FORMAT, "it is a video; give a photo")
    from pipeline.photos.photo import open_photo

    facts, frame = open_photo(source, limits, salvage=salvage)
    return Media(facts, iter((frame,)))
