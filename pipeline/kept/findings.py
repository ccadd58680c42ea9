"""What a component found in one frame, in the form in which it is kept, and digests of what it depends on."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.detections import Detection, FrameResult, Label, Region

DIGEST_BYTES = 8
"""Of each digest. Two that differ are equal once in 2^64 cases, far beyond any number of inputs."""

CONFIDENCE_DIGITS = 6
DISTANCE_DIGITS = 4
"""Decimals that outputs show; differences behind them change no output."""

ANY_LEVEL = -1.0
"""The level of a component that has none; see `pipeline.component.Evidence`."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What one component found in one frame.

    Args:
        level: the confidence above which it was reported, or `ANY_LEVEL`.
        regions: the digest of the regions that it looked at, see `digest_of_regions`.
        detections: what it found; empty for a component that describes regions.
        described: of a component that describes regions, see `pipeline.component.Describer`: the digest of
            each region -> its description. None for other components.
        is_rounded: the values were read back from a report, with the digits that it shows.
    """

    level: float
    regions: bytes
    detections: tuple[Detection, ...] = ()
    described: Mapping[bytes, bytes] | None = None
    is_rounded: bool = False


@dataclass(frozen=True, slots=True)
class FrameFindings:
    """What the components found in one frame.

    Args:
        of: by the component's key, `DIGEST_BYTES` bytes, see `pipeline.config.keys`.
        index: of the frame in a video, from 0; 0 for a photo.
    """

    of: Mapping[bytes, Findings] = field(default_factory=dict)
    index: int = 0


NOTHING_KNOWN = FrameFindings()


def digest(*parts: bytes) -> bytes:
    """A digest of some bytes, `DIGEST_BYTES` long."""
    return hashlib.blake2b(b"".join(parts), digest_size=DIGEST_BYTES).digest()


class KnownKey(NamedTuple):
    """What the store says of a component's findings in an input without reading them.

    Args:
        digest: the component's key; of a video's first one, a digest of the sampling.
        level: of the findings, see `Findings`; `OF_SAMPLING` for the sampling.
        is_rounded: see `Findings`.
    """

    digest: bytes
    level: float
    is_rounded: bool = False

    def to_bytes(self) -> bytes:
        """The key as bytes, of one length."""
        return _KNOWN_KEY.pack(*self)


OF_SAMPLING = -2.0
_KNOWN_KEY = struct.Struct(f"<{DIGEST_BYTES}sd?")


def keys_in(frame: FrameFindings) -> bytes:
    """The keys of the components whose findings are known, with their levels."""
    keys = (KnownKey(key, one.level, one.is_rounded) for key, one in frame.of.items())
    return b"".join(key.to_bytes() for key in keys)


def split_keys(keys: bytes) -> list[KnownKey]:
    """Split what `keys_in` has joined; empty if it is of another form."""
    if len(keys) % _KNOWN_KEY.size:
        return []
    return [KnownKey(*values) for values in _KNOWN_KEY.iter_unpack(keys)]


def digest_of_region(region: Region) -> bytes:
    """A digest of a region's box and landmarks."""
    points = [number for point in region.landmarks or () for number in point]
    return digest(struct.pack(f"<{4 + len(points)}q", *region.xyxy, *points))


def digest_of_regions(regions: Iterable[Region]) -> bytes:
    """A digest of the regions that a component looks at, in their order."""
    return digest(*map(digest_of_region, regions))


def digest_of_shown(result: FrameResult, *, with_distances: bool = True) -> bytes:
    """A digest of what a writer is given of one frame, with the digits that outputs show.

    Args:
        with_distances: whether the distances of labels count.
    """
    found = [
        (name, [_shown(one, with_distances) for one in detections])
        for name, detections in result.found.items()
    ]
    timestamp = None if result.timestamp is None else round(result.timestamp, CONFIDENCE_DIGITS)
    return digest(repr((result.frame_index, timestamp, found)).encode("utf-8", "surrogatepass"))


def _shown(detection: Detection, with_distances: bool) -> tuple[object, ...]:
    labels = tuple(_shown_label(label, with_distances) for label in detection.labels)
    return detection.box.xyxy, labels, detection.landmarks


def _shown_label(label: Label, with_distances: bool) -> tuple[object, ...]:
    confidence, distance = label.confidence, label.distance if with_distances else None
    return (
        label.text,
        None if confidence is None else round(float(confidence), CONFIDENCE_DIGITS),
        label.method,
        None if distance is None else round(float(distance), DISTANCE_DIGITS),
    )
