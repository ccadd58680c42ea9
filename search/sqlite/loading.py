"""Turn rows into hits and documents."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from search.backend import Hit
from search.conditions import HasTerm, MediaKind, TermKind
from search.documents import Detection, Document, Moment, Sighting
from search.hits import is_sure, moments_at_once
from search.spans import Span
from search.sql import ANNOTATED, PARTIAL
from search.sqlite import rows
from search.sqlite.schema import TERMS_OF_FILE

_HIT = """SELECT f.id, r.path, d.path, f.name, f.kind, f.age, f.width, f.height, f.duration, f.source
    FROM file f JOIN folder d ON d.id = f.folder JOIN root r ON r.id = f.root WHERE f.id IN """
_TERMS = """SELECT x.file, t.kind, t.text FROM (
    SELECT file, term FROM detection WHERE file IN {0} UNION SELECT file, term FROM moment WHERE file IN {0}
    ) x JOIN term t ON t.id = x.term ORDER BY t.text"""
_MOMENTS = """SELECT w.text, t.kind, t.text, m.first, m.last, m.frames, m.confidence, m.time, m.frame,
    m.x1, m.y1, m.x2, m.y2, m.file, m.term
    FROM moment m JOIN term t ON t.id = m.term JOIN word w ON w.id = m.component WHERE m.file IN """
_DOCUMENT = """SELECT d.path, f.name, r.path, f.kind, f.age, f.flags, f.faces, c.name, f.offset_min,
    f.width, f.height, w.text, f.latitude, f.longitude, f.altitude, f.sha256, f.bytes, f.duration, p.text,
    f.stamp, f.reports, f.source, f.title, f.rating
    FROM file f JOIN folder d ON d.id = f.folder JOIN root r ON r.id = f.root JOIN word w ON w.id = f.format
    JOIN word p ON p.id = f.pipeline LEFT JOIN camera c ON c.id = f.camera WHERE f.id = ?"""
_DETECTIONS = """SELECT w.text, t.kind, t.text, d.confidence, d.distance, d.x1, d.y1, d.x2, d.y2
    FROM detection d JOIN term t ON t.id = d.term JOIN word w ON w.id = d.component
    WHERE d.file = ? ORDER BY d.n"""
_SIGHTINGS = f"""SELECT t.kind, t.text, p.n, p.best, p.ladder FROM (
    {TERMS_OF_FILE}
    ) x JOIN posting p ON p.term = x.term AND p.age = ?2 AND p.file = ?1 JOIN term t ON t.id = x.term
    ORDER BY t.kind, t.text"""


def hits_of(
    connection: sqlite3.Connection, numbers: Sequence[int], groups: Sequence[HasTerm]
) -> tuple[Hit, ...]:
    """Return the hits of these files, in this order.

    Args:
        connection: of the index.
        numbers: of files.
        groups: what was asked for; the moments of a video are those at which something of each group is
            there.
    """
    chosen = f"({', '.join(str(int(number)) for number in numbers)})"
    terms: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for file, kind, text in connection.execute(_TERMS.format(chosen)):
        terms[file, kind].append(text)
    moments = _moments_asked(connection, chosen, groups)
    hits: dict[int, Hit] = {}
    for row in connection.execute(_HIT + chosen):
        number, root, folder, name, kind, age, width, height, duration_s, source = row
        path = rows.path_joined(folder, name)
        spans, best = moments.get(number, ((), None))
        hits[number] = Hit(
            path=path,
            source=source or root + b"/" + path,
            kind=MediaKind(kind),
            taken=-age,
            labels=tuple(terms[number, TermKind.LABEL]),
            names=tuple(terms[number, TermKind.NAME]),
            width=width,
            height=height,
            duration_s=duration_s,
            moments=spans,
            best=best,
        )
    return tuple(hits[number] for number in numbers if number in hits)


def document_of(connection: sqlite3.Connection, number: int) -> Document:
    """Return all that is known of a file."""
    row = connection.execute(_DOCUMENT, (number,)).fetchone()
    folder, name, root, kind, age, flags, faces, camera, offset_min, width, height = row[:11]
    path = rows.path_joined(folder, name)
    detections = connection.execute(_DETECTIONS, (number,))
    moments = connection.execute(f"{_MOMENTS} ({int(number)}) ORDER BY t.kind, t.text, m.first")
    sightings = connection.execute(_SIGHTINGS, (number, age))
    return Document(
        path=path,
        source=row[21] or root + b"/" + path,
        kind=MediaKind(kind),
        taken=-age,
        offset_min=offset_min,
        width=width,
        height=height,
        format=row[11],
        camera=camera,
        latitude=row[12],
        longitude=row[13],
        altitude=row[14],
        sha256=row[15],
        size_bytes=row[16],
        pipeline=row[18],
        duration_s=row[17],
        is_partial=bool(flags & PARTIAL),
        is_annotated=bool(flags & ANNOTATED),
        faces=faces,
        reports=rows.reports_read(row[20], name),
        stamp=row[19],
        sightings=tuple(
            Sighting(TermKind(kind), text, n, rows.ladder_read(ladder, best))
            for kind, text, n, best, ladder in sightings
        ),
        detections=tuple(
            Detection(
                component, TermKind(kind), text, rows.confidence_read(confidence), distance, tuple(rect)
            )
            for component, kind, text, confidence, distance, *rect in detections
        ),
        moments=tuple(map(_moment, moments)),
        title=row[22] or "",
        rating=row[23],
    )


def _moment(row: tuple[Any, ...]) -> Moment:
    component, kind, text, first_s, last_s, frames, confidence, time_s, frame = row[:9]
    sure = rows.confidence_read(confidence)
    return Moment(component, TermKind(kind), text, first_s, last_s, frames, sure, time_s, frame, row[9:13])


def _moments_asked(
    connection: sqlite3.Connection, chosen: str, groups: Sequence[HasTerm]
) -> dict[int, tuple[tuple[Span, ...], Moment | None]]:
    """Return for each video the moments that show one of each group, and the best box within them."""
    numbers = {term.number for group in groups for term in group.terms}
    if not numbers:
        return {}
    listed = ", ".join(str(int(number)) for number in numbers)
    found: defaultdict[int, list[tuple[int, Moment]]] = defaultdict(list)
    statement = f"{_MOMENTS}{chosen} AND m.term IN ({listed}) ORDER BY m.file, m.first"
    for row in connection.execute(statement):
        found[row[13]].append((row[14], _moment(row)))
    return {file: _at_once(moments, groups) for file, moments in found.items()}


def _at_once(
    moments: list[tuple[int, Moment]], groups: Sequence[HasTerm]
) -> tuple[tuple[Span, ...], Moment | None]:
    of_groups: list[list[Moment]] = []
    for group in groups:
        numbers = {term.number for term in group.terms}
        of_groups.append([one for term, one in moments if term in numbers and is_sure(one, group)])
    return moments_at_once(of_groups)
