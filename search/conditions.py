"""A query as backends evaluate it: a tree of conditions on one file, in plain values.

`search.parser` parses the user's text, and `search.resolve` turns the result into conditions with the help of
the labels and names in an index. A backend translates conditions; it never sees the text of the query.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TypeAlias


class TermKind(IntEnum):
    """Whether a term is a label, a name or a keyword of the user's. The index stores the numbers."""

    LABEL = 1
    NAME = 2
    TAG = 3


class MediaKind(IntEnum):
    """Whether a file is a photo or a video. The index stores the numbers."""

    PHOTO = 1
    VIDEO = 2

    @property
    def word(self) -> str:
        """The report's `type`."""
        return "photo" if self is MediaKind.PHOTO else "video"


class TextField(StrEnum):
    """The texts of a file that are searched word by word."""

    PATH = "path"
    """Below INPUT."""
    TITLE = "title"


class Flag(StrEnum):
    """The values of `is:`."""

    LOCATED = "located"
    """It has a place."""
    PARTIAL = "partial"
    """It is cut off or damaged and was mined as far as it goes."""
    ANNOTATED = "annotated"
    """There is an annotated copy."""
    DATED = "dated"
    """It is known when it was taken."""
    NAMED = "named"
    """A face in it has a name."""


@dataclass(frozen=True, slots=True)
class Term:
    """A label, a name or a keyword in an index.

    Args:
        kind: which of them.
        text: as the reports have it.
        key: what it is compared by (`search.tokens.key_of`).
        files: how many files have it.
        number: what the backend knows it by.
    """

    kind: TermKind
    text: str
    key: str
    files: int = 0
    number: int = 0


@dataclass(frozen=True, slots=True)
class Everything:
    """True of every file."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """True of no file."""


@dataclass(frozen=True, slots=True)
class HasTerm:
    """The file has one of these terms.

    Args:
        terms: at least one.
        at_least: how often one of them is there in one picture or frame, 1 and more.
        confidence: what each of these needs, 0 to 1; one without any confidence counts. None: no bound.
    """

    terms: tuple[Term, ...]
    at_least: int = 1
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class HasWords:
    """These tokens stand side by side in one of the file's texts.

    Args:
        tokens: at least one.
        prefix: whether the last one may be the beginning of a longer token.
        field: the text; None: any of them.
    """

    tokens: tuple[str, ...]
    prefix: bool = False
    field: TextField | None = None


@dataclass(frozen=True, slots=True)
class HasConfidence:
    """A label or name has at least this confidence, 0 to 1."""

    least: float


@dataclass(frozen=True, slots=True)
class HasCamera:
    """The camera is one of these, spelled as in the index."""

    cameras: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TakenBetween:
    """The file was taken in this period of local time, both ends included. False without a date.

    Args:
        first, last: as the digits YYYYMMDDhhmmss.
    """

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class NearPlace:
    """The file was taken at most this far from a place, along a great circle.

    Args:
        latitude, longitude: degrees, -90 to 90 and -180 to 180.
        km: more than 0.
    """

    latitude: float
    longitude: float
    km: float


@dataclass(frozen=True, slots=True)
class OfKind:
    """The file is a photo, or a video."""

    kind: MediaKind


@dataclass(frozen=True, slots=True)
class HasFlag:
    """The file has a property, see `Flag`."""

    flag: Flag


@dataclass(frozen=True, slots=True)
class HasFaces:
    """One picture or frame shows at least this many faces."""

    at_least: int


@dataclass(frozen=True, slots=True)
class HasRating:
    """The rating lies between these, both included: 1 to 5, -1 for rejected, 0 for none."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Together:
    """The file is a photo, or a video that shows all of these within a window of time.

    Each of `groups` is in the same conjunction as a `HasTerm` too, so this one only has to look at videos.

    Args:
        groups: two or more.
        window_s: how far apart the sightings may lie, seconds.
    """

    groups: tuple[HasTerm, ...]
    window_s: float


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of two or more conditions hold."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of two or more conditions holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class NotOf:
    """The condition does not hold."""

    condition: Condition


Leaf: TypeAlias = (
    Everything
    | Nothing
    | HasTerm
    | HasWords
    | HasConfidence
    | HasCamera
    | TakenBetween
    | NearPlace
    | OfKind
    | HasFlag
    | HasFaces
    | HasRating
    | Together
)
Condition: TypeAlias = Leaf | AllOf | AnyOf | NotOf
