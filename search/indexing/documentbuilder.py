"""Build the document of an input from its reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from reporters.reportreader import NAMED_FACES, ReportReader, SeenFrame, SeenLabel
from search.conditions import MediaKind, TermKind
from search.documents import (
    FACE,
    MAX_DETECTIONS,
    MAX_LADDER,
    Detection,
    Document,
    Moment,
    Rect,
    Sighting,
)
from search.spans import CLOSED_GAP_S, closed_gap_s

_Key = tuple[TermKind, str]
_KINDS = (TermKind.LABEL, TermKind.NAME)
_Found = TypeVar("_Found", Detection, Moment)


def build_document(
    path: bytes,
    source: bytes,
    reports: Sequence[tuple[bytes, ReportReader]],
    *,
    is_annotated: bool,
    stamp: int,
) -> Document:
    """Return the document of an input.

    Args:
        path, source, is_annotated, stamp: as in `Document`.
        reports: one or more, by name. A component that stands in several is taken from the first.
    Raises:
        ValueError: a report is damaged.
        OSError: it cannot be read.
    """
    facts = reports[0][1].facts
    is_video = facts.kind == "video"
    sightings = _Sightings()
    spans = _Spans() if is_video else None
    detections: list[Detection] = []
    known: set[str] = set()
    if facts.named_faces:
        sightings.add(SeenFrame(0, 0.0, (NAMED_FACES,), facts.named_faces))
        detections.extend(map(_detection, facts.named_faces))
    for _, report in reports:
        new: set[str] = set()
        for frame in report.iter_frames():
            seen = _without(frame, known) if known else frame
            new.update(seen.components)
            sightings.add(seen)
            if spans is not None:
                spans.add(seen)
            else:
                detections.extend(map(_detection, seen.labels))
        known |= new
    return Document(
        path=path,
        source=source,
        kind=MediaKind.VIDEO if is_video else MediaKind.PHOTO,
        taken=facts.taken,
        offset_min=facts.offset_min,
        width=facts.size_wh[0],
        height=facts.size_wh[1],
        format=facts.format,
        camera=facts.camera,
        latitude=facts.latitude,
        longitude=facts.longitude,
        altitude=facts.altitude,
        sha256=facts.sha256,
        size_bytes=facts.size_bytes,
        pipeline=facts.pipeline,
        duration_s=facts.duration_s,
        is_partial=facts.is_partial,
        is_annotated=is_annotated,
        faces=sightings.faces,
        reports=tuple(name for name, _ in reports),
        stamp=stamp,
        sightings=(*sightings.all(), *_keywords(facts.keywords)),
        detections=_capped(detections),
        moments=() if spans is None else _capped(spans.moments()),
        title=facts.title,
        rating=facts.rating,
    )


def _keywords(keywords: Sequence[str]) -> Iterator[Sighting]:
    """Yield a sighting for each level of each keyword: `Places|Rome` is found by both words."""
    levels = dict.fromkeys(level for keyword in keywords for level in keyword.split("|") if level)
    return (Sighting(TermKind.TAG, level, 1, (None,)) for level in levels)


def _without(frame: SeenFrame, components: set[str]) -> SeenFrame:
    return SeenFrame(
        frame.number,
        frame.time_s,
        tuple(name for name in frame.components if name not in components),
        tuple(label for label in frame.labels if label.component not in components),
    )


def _capped(found: Sequence[_Found]) -> tuple[_Found, ...]:
    """Return at most about `MAX_DETECTIONS` elements, with at least one for each term."""
    if len(found) <= MAX_DETECTIONS:
        return tuple(found)
    first: dict[_Key, int] = {}
    for number, one in enumerate(found):
        first.setdefault((one.kind, one.text), number)
    return tuple(found[number] for number in sorted({*first.values(), *range(MAX_DETECTIONS)}))


def _detection(label: SeenLabel) -> Detection:
    kind = _KINDS[label.is_name]
    return Detection(label.component, kind, label.text, label.confidence, label.distance, label.rect)


class _Sightings:
    """Counts and confidences of each term, and the number of faces, over all frames."""

    def __init__(self) -> None:
        self.faces = 0
        self._counts: dict[_Key, int] = {}
        self._ladders: dict[_Key, list[float]] = {}

    def add(self, frame: SeenFrame) -> None:
        """Count one frame. Labels of one box that say the same, as two strategies may, count once."""
        boxes: dict[tuple[str, bool, str], dict[Rect, float]] = {}
        faces: dict[str, set[Rect]] = {}
        for label in frame.labels:
            confidence = 2.0 if label.confidence is None else label.confidence
            of_term = boxes.setdefault((label.component, label.is_name, label.text), {})
            if confidence >= of_term.get(label.rect, 0.0):
                of_term[label.rect] = confidence
            if label.is_name or label.text == FACE:
                faces.setdefault(label.component, set()).add(label.rect)
        for rects in faces.values():
            self.faces = max(self.faces, len(rects))
        for (_, is_name, text), of_term in boxes.items():
            self._merge((_KINDS[is_name], text), list(of_term.values()))

    def all(self) -> tuple[Sighting, ...]:
        """Return a sighting for each term."""
        return tuple(
            Sighting(kind, text, self._counts[kind, text], tuple(None if one > 1 else one for one in ladder))
            for (kind, text), ladder in self._ladders.items()
        )

    def _merge(self, key: _Key, confidences: list[float]) -> None:
        self._counts[key] = max(self._counts.get(key, 0), len(confidences))
        ladder = self._ladders.get(key)
        if len(confidences) > 1:
            confidences.sort(reverse=True)
            del confidences[MAX_LADDER:]
        if ladder is None:
            self._ladders[key] = confidences
            return
        for number, confidence in enumerate(confidences):
            if number == len(ladder):
                ladder.append(confidence)
            elif confidence > ladder[number]:
                ladder[number] = confidence


class _Best(NamedTuple):
    """The best box of a term in a frame or span."""

    confidence: float
    time_s: float
    frame: int
    component: str
    rect: Rect


class _Span:
    """Sightings of one term with short gaps between."""

    __slots__ = ("best", "first_s", "frames", "last_s")

    def __init__(self, best: _Best) -> None:
        self.first_s = self.last_s = best.time_s
        self.frames = 1
        self.best = best

    def merge(self, last_s: float, frames: int, best: _Best) -> None:
        """Extend the span by a later one."""
        self.last_s = last_s
        self.frames += frames
        if best.confidence > self.best.confidence:
            self.best = best


class _Spans:
    """The periods in which a video shows each term. Frames are added in the order of time."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._spans: defaultdict[_Key, list[_Span]] = defaultdict(list)

    def add(self, frame: SeenFrame) -> None:
        """Add one frame."""
        self._times.append(frame.time_s)
        seen: dict[_Key, _Best] = {}
        for label in frame.labels:
            key = (_KINDS[label.is_name], label.text)
            confidence = -1.0 if label.confidence is None else label.confidence
            if key not in seen or confidence > seen[key].confidence:
                seen[key] = _Best(confidence, frame.time_s, frame.number, label.component, label.rect)
        for key, best in seen.items():
            spans = self._spans[key]
            if spans and 0 <= best.time_s - spans[-1].last_s <= CLOSED_GAP_S:
                # Two reports may show the same frame; it counts once.
                spans[-1].merge(best.time_s, best.time_s > spans[-1].last_s, best)
            else:
                spans.append(_Span(best))

    def moments(self) -> tuple[Moment, ...]:
        """Return the spans of all terms, by term and time."""
        gap_s = closed_gap_s(sorted(set(self._times)))
        found: list[Moment] = []
        for (kind, text), spans in self._spans.items():
            spans.sort(key=lambda span: span.first_s)
            closed: list[_Span] = []
            for span in spans:
                if closed and span.first_s - closed[-1].last_s <= gap_s:
                    closed[-1].merge(max(span.last_s, closed[-1].last_s), span.frames, span.best)
                else:
                    closed.append(span)
            found.extend(_moment(kind, text, span) for span in closed)
        return tuple(found)


def _moment(kind: TermKind, text: str, span: _Span) -> Moment:
    best = span.best
    confidence = None if best.confidence < 0 else best.confidence
    return Moment(
        best.component,
        kind,
        text,
        *(span.first_s, span.last_s, span.frames),
        confidence,
        *(best.time_s, best.frame, best.rect),
    )
