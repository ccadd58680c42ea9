"""`show OUTPUT PATH`: print all that the index knows of one file."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator
from typing import Any

from pipeline.errors import ExitCode, UsageError
from pipeline.text import printable
from search.commands.arguments import add_backend, add_command, add_output
from search.commands.backends import open_index
from search.conditions import TermKind
from search.documents import Detection, Document, Moment, Rect
from search.hitformats import clock, taken_text
from search.place import index_path, output_folder

_REPORT = b".json"


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = add_command(
        commands,
        "show",
        run,
        short="print all that is known about one photo or video",
        long="Print what the index knows about one file: date, place, camera, and each detection.",
        example="show ~/photos-mined 2008/img1.jpg",
    )
    add_output(parser)
    add_backend(parser)
    parser.add_argument(
        "path", metavar="PATH", help="a file of INPUT, by its path below INPUT or its whole path"
    )


def run(options: argparse.Namespace) -> ExitCode:
    """Do what the subcommand says."""
    output_root = output_folder(options.output)
    path = index_path(output_root, options.index)
    with contextlib.closing(open_index(path, options.backend)) as index:
        for candidate in _candidates(os.fsencode(options.path), os.fsencode(os.path.abspath(output_root))):
            document = index.document(candidate)
            if document is not None and _is_meant(document, os.fsencode(options.path)):
                for line in lines(document):
                    print(line)
                return ExitCode.OK
    raise UsageError(f'"{printable(options.path)}": the index has no such file; give its path below INPUT')


def lines(document: Document) -> Iterator[str]:
    """Yield what is known of a file, for people."""
    yield printable(os.fsdecode(document.source))
    for name, value in _facts(document):
        yield f"  {name:<10} {printable(value)}"
    for kind, title in ((TermKind.NAME, "names"), (TermKind.LABEL, "labels"), (TermKind.TAG, "tags")):
        texts = [
            f"{one.text} x{one.most}" if one.most > 1 else one.text
            for one in document.sightings
            if one.kind is kind
        ]
        if texts:
            yield f"  {title:<10} {printable(', '.join(texts))}"
    for detection in document.detections:
        yield f"    {_detection(detection)}"
    for moment in sorted(document.moments, key=lambda one: (one.first_s, one.last_s, one.text)):
        yield f"    {_moment(moment)}"


def _candidates(path: bytes, output_root: bytes) -> Iterator[bytes]:
    """Yield the paths below INPUT that PATH may mean, the likeliest first."""
    absolute = os.path.abspath(path)
    for given in dict.fromkeys((path.removeprefix(b"./"), absolute)):
        yield given
        if given.endswith(_REPORT):
            yield given.removesuffix(_REPORT)
    below = absolute.removeprefix(output_root + b"/")
    yield from (below, below.removesuffix(_REPORT))
    parts = absolute.split(b"/")
    for number in range(1, len(parts)):
        yield b"/".join(parts[number:])


def _is_meant(document: Document, path: bytes) -> bool:
    """Return whether an absolute path, if one was given, is the path of this file."""
    if not path.startswith(b"/") or path.endswith(_REPORT):
        return True
    return os.path.abspath(path) == document.source


def _facts(document: Document) -> Iterator[tuple[str, str]]:
    yield "type", document.kind.word + (f", {document.format}" if document.format else "")
    if document.taken:
        offset = document.offset_min
        zone = (
            ""
            if offset is None
            else f" {'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
        )
        yield "taken", taken_text(document.taken).replace("T", " ") + zone
    if document.title:
        yield "title", document.title
    if document.rating:
        yield "rating", "rejected" if document.rating < 0 else str(document.rating)
    if document.camera:
        yield "camera", document.camera
    if document.latitude is not None:
        height = "" if document.altitude is None else f", {document.altitude:g} m above sea level"
        yield "place", f"{document.latitude:g}, {document.longitude:g}{height}"
    yield "size", f"{document.width} x {document.height} pixels, {document.size_bytes:,} bytes"
    if document.duration_s is not None:
        yield "duration", clock(document.duration_s)
    if document.is_partial:
        yield "partial", "it is cut off or damaged; what could be read was mined"
    yield "reports", ", ".join(os.fsdecode(name) for name in document.reports)
    yield "annotated", "there is a copy" if document.is_annotated else "no"


def _detection(detection: Detection) -> str:
    return _detection_text(detection.text, detection.component, detection.confidence, detection.rect)


def _moment(moment: Moment) -> str:
    when = clock(moment.first_s)
    if moment.last_s > moment.first_s:
        when += f"-{clock(moment.last_s)}"
    text = _detection_text(moment.text, moment.component, moment.confidence, moment.rect)
    return f"{when:<16} {text}, best at {clock(moment.time_s)}"


def _detection_text(text: str, component: str, confidence: float | None, rect: Rect) -> str:
    sure = "" if confidence is None else f" {confidence:.0%}"
    x1, y1, x2, y2 = rect
    return f"{printable(text)}{sure} at {x1},{y1} to {x2},{y2} ({printable(component)})"
