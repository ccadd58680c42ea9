"""The page of one photo or video: the picture with its boxes, what is known of it, and its neighbours."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pipeline.text import printable, shortened
from search.conditions import MediaKind, TermKind
from search.documents import UNKNOWN, Detection, Document, Moment
from search.hitformats import clock
from search.sqlite.index import SqliteIndex
from search.web.library import face_id_of, key_of
from search.web.neighbours import neighbours
from search.web.querytext import field as query_field
from search.web.texts import TEXTS
from search.web.views import describe, file_href, search_href
from search.web.wording import camera_text, date_text, size_text, ticks

COLOURS = 8
"""Number of colours that boxes and lanes take in turn; `static/style.css` has them."""
_LETTERS = 45
"""The longer side of a picture in heights of a box's label."""
_LETTER = 0.6
"""Estimated width of a letter in heights of a label, to keep labels inside the picture."""
_MOST_CAPTION = 40
_MOST_SWITCHES = 40
_TALL = 2.5
"""Height over width of a picture, such as a screenshot of a long page, that is scrolled and not fitted."""
_SMALL_PX = 480
"""A picture or video whose sides are shorter is enlarged, so that its boxes can be seen."""
PLAYABLE = {
    "mp4": "video/mp4",
    "matroska": "video/webm",
}
"""Video formats that browsers may play, and their media types."""
SHOWN_AS_THEY_ARE = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
}
"""Photo formats whose files are sent as they are on request, and their media types."""


@dataclass(frozen=True, slots=True)
class BoxView:
    """A box of a photo, in pixels of the upright picture.

    Args:
        is_inside: whether the caption lies inside because there is no room above.
        raw: the text as the report has it.
        is_unknown: whether it is a face without a name.
        face: what forms that correct its name call it; empty if it is no name.
        under: the component that names the same box, whose caption is shown instead; empty if there is none.
    """

    number: int
    x: int
    y: int
    width: int
    height: int
    text: str
    caption: str
    text_x: float
    is_inside: bool
    under: str
    face: str
    raw: str
    is_unknown: bool
    confidence: str
    component: str
    colour: int
    href: str


@dataclass(frozen=True, slots=True)
class Lane:
    """The spans of one term on a video's timeline, seconds."""

    text: str
    href: str
    colour: int
    moments: Sequence[MomentView]


@dataclass(frozen=True, slots=True)
class MomentView:
    """A span on the timeline: where it lies, and where a click leads."""

    first_s: float
    width_s: float
    text: str
    href: str
    start_s: float


def file_page(
    index: SqliteIndex, document: Document, query: str, after: str | None, time_s: float
) -> dict[str, Any]:
    """What the templates `photo.html` and `video.html` show.

    Args:
        index: that has the file.
        document: the file.
        query, after: of the results that led here.
        time_s: the time of the video to show, seconds.
    """
    previous, following = neighbours(index, document, query, after)
    names, labels, tags = (_terms(document, kind) for kind in (TermKind.NAME, TermKind.LABEL, TermKind.TAG))
    font = max(1, min(max(document.width, document.height), document.width * _TALL)) / _LETTERS
    return {
        "query": query,
        "results": search_href(query, after=after),
        "key": key_of(document.path),
        "document": document,
        "title": printable(os.fsdecode(document.name)),
        "description": describe(document.kind, names, labels),
        "width": max(document.width, 1),
        "height": max(document.height, 1),
        "font": font,
        "shape": _shape(document),
        "facts": list(_facts(document)),
        "position": _position(document),
        "previous": previous,
        "following": following,
        "more": _links("name", names) + _links("label", labels),
        "tags": _links("tag", tags),
        "boxes": _boxes(document, font),
        "switches": _switches(document),
        "ticks": ticks(_length_s(document)),
        "lanes": _lanes(document, query, after),
        "duration": _length_s(document),
        "time": time_s,
        "media_type": PLAYABLE.get(document.format, ""),
    }


def _terms(document: Document, kind: TermKind) -> list[str]:
    """The terms of one kind, each once."""
    return sorted({one.text for one in document.sightings if one.kind is kind})


def _links(field: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    """Each text with the address of the search for it."""
    return [(printable(text), search_href(query_field(field, text))) for text in texts]


def _facts(document: Document) -> Iterator[tuple[str, str]]:
    if document.taken:
        yield TEXTS["taken"], date_text(document.taken)
    if document.title:
        yield TEXTS["file_title"], printable(document.title)
    if document.rating:
        yield TEXTS["rating"], TEXTS["rejected"] if document.rating < 0 else str(document.rating)
    if document.camera:
        yield TEXTS["camera"], printable(camera_text(document.camera))
    if document.altitude is not None:
        yield TEXTS["altitude"], f"{document.altitude:.0f} m"
    if document.duration_s is not None:
        yield TEXTS["length"], clock(document.duration_s)
    yield TEXTS["size"], f"{document.width} x {document.height}, {size_text(document.size_bytes)}"
    yield TEXTS["format"], document.format


def _position(document: Document) -> dict[str, str] | None:
    """The place as text and as the address of a map; the map is asked only if the link is followed."""
    if document.latitude is None or document.longitude is None:
        return None
    latitude, longitude = f"{document.latitude:.5f}", f"{document.longitude:.5f}"
    address = f"https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=15/{latitude}/{longitude}"
    near = search_href(f"near:{latitude},{longitude},1km")
    return {"text": f"{latitude}, {longitude}", "map": address, "near": near}


def _shape(document: Document) -> str:
    """The style class of a picture that does not simply fit the screen: `tall`, `small` or none."""
    if document.height > document.width * _TALL:
        return "tall"
    return "small" if 0 < max(document.width, document.height) < _SMALL_PX else ""


def _length_s(document: Document) -> float:
    """The length of a video's timeline, seconds."""
    return max(document.duration_s or 0.0, 0.001)


def _switches(document: Document) -> list[tuple[str, str, list[str]]]:
    """What boxes can be shown or hidden by: title, the attribute that has it, and the values.

    One value leaves nothing to choose.
    """
    boxes: Sequence[Detection | Moment] = document.detections or document.moments
    groups = (
        (TEXTS["components"], "component", sorted({printable(box.component) for box in boxes})),
        (TEXTS["labels"], "label", sorted({printable(box.text) for box in boxes})[:_MOST_SWITCHES]),
    )
    return [group for group in groups if len(group[2]) > 1]


def _boxes(document: Document, font: float) -> list[BoxView]:
    """The boxes, large ones first, so that small ones lie above them and can be pointed at.

    Args:
        document: a photo.
        font: height of the labels, pixels of the upright picture.
    """
    detections = document.detections
    colours = {name: at % COLOURS for at, name in enumerate(sorted({one.component for one in detections}))}
    named = {one.rect: printable(one.component) for one in detections if one.kind is TermKind.NAME}
    ordered = sorted(detections, key=lambda one: -(one.rect[2] - one.rect[0]) * (one.rect[3] - one.rect[1]))
    return [
        BoxView(
            number=number,
            x=one.rect[0],
            y=one.rect[1],
            width=one.rect[2] - one.rect[0],
            height=one.rect[3] - one.rect[1],
            text=printable(one.text),
            caption=_caption(one),
            is_inside=one.rect[1] < 1.5 * font,
            under="" if one.kind is TermKind.NAME else named.get(one.rect, ""),
            text_x=max(
                font / 3, min(one.rect[0] + font / 3, document.width - _LETTER * font * len(_caption(one)))
            ),
            raw=one.text,
            is_unknown=one.text == UNKNOWN,
            face=face_id_of(document, 0, one.rect) if one.kind is TermKind.NAME else "",
            confidence="" if one.confidence is None else f"{one.confidence:.2f}",
            component=printable(one.component),
            colour=colours[one.component],
            href=search_href(query_field(one.kind.name.lower(), one.text)),
        )
        for number, one in enumerate(ordered)
    ]


def _caption(detection: Detection) -> str:
    """The text over a box."""
    text = shortened(detection.text, _MOST_CAPTION)
    return text if detection.confidence is None else f"{text} {detection.confidence:.2f}"


def _lanes(document: Document, query: str, after: str | None) -> list[Lane]:
    """One lane for each name and label of a video, names first."""
    if document.kind is not MediaKind.VIDEO:
        return []

    def term_of(moment: Moment) -> tuple[bool, str]:
        return moment.kind is not TermKind.NAME, moment.text

    lanes = []
    for at, ((_, text), moments) in enumerate(groupby(sorted(document.moments, key=term_of), key=term_of)):
        spans = list(moments)
        lanes.append(
            Lane(
                text=printable(text),
                href=search_href(query_field(spans[0].kind.name.lower(), text)),
                colour=at % COLOURS,
                moments=[_moment(document, span, query, after) for span in spans],
            )
        )
    return lanes


def _moment(document: Document, span: Moment, query: str, after: str | None) -> MomentView:
    least_s = (document.duration_s or 0.0) / 300  # so that a single frame can be seen and clicked
    width_s = max(span.last_s - span.first_s, least_s)
    text = (
        clock(span.first_s)
        if span.last_s == span.first_s
        else f"{clock(span.first_s)} - {clock(span.last_s)}"
    )
    return MomentView(
        span.first_s, width_s, text, file_href(document.path, query, after, span.first_s), span.first_s
    )
