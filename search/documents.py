"""What an index holds of one file, as frozen values that any backend can load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from pipeline.detections import UNKNOWN as UNKNOWN
from search.conditions import MediaKind, TermKind

Rect: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the upright picture; right and bottom just outside."""

FACE = "face"
"""What face detectors label faces with, unless the pipeline file says otherwise."""
MAX_LADDER = 50
MILLIONTHS = 1_000_000
"""Backends keep and compare confidences as whole millionths."""
MAX_DETECTIONS = 5_000
"""More boxes of one photo, or moments of one video, are left out; sightings count them all."""


class Detection(NamedTuple):
    """One label of one box of a photo.

    Args:
        component: that found it.
        kind, text: the term.
        confidence: 0 to 1, or None.
        distance: of a recognizer, or None.
        rect: the box.
    """

    component: str
    kind: TermKind
    text: str
    confidence: float | None
    distance: float | None
    rect: Rect


class Moment(NamedTuple):
    """A period in which a video shows a term, short gaps closed.

    Args:
        component: that saw it best.
        kind, text: the term.
        first_s, last_s: when it is seen first and last, seconds from the start of the video.
        frames: how many mined frames show it.
        confidence: of the best box, or None.
        time_s, frame: of the frame with the best box.
        rect: the best box.
    """

    component: str
    kind: TermKind
    text: str
    first_s: float
    last_s: float
    frames: int
    confidence: float | None
    time_s: float
    frame: int
    rect: Rect


class Sighting(NamedTuple):
    """A summary of one term in one file.

    Args:
        kind, text: the term.
        most: how often one component sees it in one picture or frame, at most.
        ladder: for 1, 2, 3 ... of it in one picture or frame, the confidence that each of these has at least;
            None for one that has no confidence, which counts whatever is asked for. `MAX_LADDER` at most.
    """

    kind: TermKind
    text: str
    most: int
    ladder: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One photo or video of an output folder.

    Args:
        path: below INPUT, bytes with `/`: the key.
        source: where INPUT's file lies, absolute, bytes.
        kind: photo or video.
        taken: the wall clock as digits, YYYYMMDDhhmmss; 0 where it is unknown.
        offset_min: of that clock from universal time, minutes, or None.
        width, height: upright, pixels.
        format: what the content is.
        camera: maker and model, or None.
        latitude, longitude: degrees, both or neither.
        altitude: metres, or None.
        sha256: of the content, or None.
        size_bytes: of INPUT's file.
        pipeline: the fingerprint of the pipeline that mined it.
        duration_s: of a video, or None.
        is_partial: whether it was cut off or damaged.
        is_annotated: whether there is an annotated copy.
        faces: most boxes in one picture or frame that are labelled `face` or bear a name.
        reports: names of its reports, in the folder of OUTPUT that mirrors its own.
        stamp: another number where a report or an annotated copy has changed.
        sightings: one for each term.
        detections: the boxes of a photo.
        moments: the spans of a video, by term and time.
        title: given in another program, or empty.
        rating: 1 to 5, -1 for rejected, 0 for none.
    """

    path: bytes
    source: bytes
    kind: MediaKind
    taken: int
    offset_min: int | None
    width: int
    height: int
    format: str
    camera: str | None
    latitude: float | None
    longitude: float | None
    altitude: float | None
    sha256: bytes | None
    size_bytes: int
    pipeline: str
    duration_s: float | None
    is_partial: bool
    is_annotated: bool
    faces: int
    reports: tuple[bytes, ...]
    stamp: int
    sightings: tuple[Sighting, ...]
    detections: tuple[Detection, ...] = ()
    moments: tuple[Moment, ...] = ()
    title: str = ""
    rating: int = 0

    @property
    def is_named(self) -> bool:
        """Whether a face in it has a name other than `unknown`."""
        return any(one.kind is TermKind.NAME and one.text != UNKNOWN for one in self.sightings)

    @property
    def folder(self) -> bytes:
        """The part of `path` before the last `/`, or an empty string."""
        return self.path.rpartition(b"/")[0]

    @property
    def name(self) -> bytes:
        """The part of `path` after the last `/`."""
        return self.path.rpartition(b"/")[2]


def readable(path: bytes) -> str:
    """Return a path as text, with U+FFFD for bytes that are not UTF-8."""
    return path.decode("utf-8", "replace")


def millionths(confidence: float | None) -> int | None:
    """Return a confidence in whole millionths."""
    return None if confidence is None else round(confidence * MILLIONTHS)
