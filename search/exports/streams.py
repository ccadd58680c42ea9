"""Exports into one file, written as documents come: JSON lines, CSV, COCO, MegaDetector, GeoJSON.

Each function is given documents in the order of their paths, so that equal indexes give equal bytes.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

from pipeline.text import printable
from reporters.layout import json_text
from reporters.report import to_file_keys
from search.conditions import MediaKind, TermKind
from search.documents import Document
from search.exports.boxes import Box, iter_boxes, relative_path
from search.hitformats import harmless_cell, taken_text

Classes = Sequence[tuple[TermKind, str]]

CSV_COLUMNS = (
    *("file", "type", "taken", "component", "kind", "text", "confidence"),
    *("x1", "y1", "x2", "y2", "time", "frame"),
)


def write_jsonl(stream: BinaryIO, documents: Iterable[Document], classes: Classes) -> None:
    """One JSON object a line: all that is known of a file."""
    for document in documents:
        _write(stream, json_text(document_object(document, classes)), "\n")


def write_csv(stream: BinaryIO, documents: Iterable[Document], classes: Classes) -> None:
    """One row for each box of a photo and each span of a video; a file without any has one row."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(CSV_COLUMNS)
    for document in documents:
        head = (relative_path(document), document.kind.word, taken_text(document.taken))
        boxes: list[tuple[object, ...]] = [
            (
                *(box.component, box.kind.name.lower(), box.text, _number(box.confidence)),
                *(*box.rect, _number(box.time_s), _number(box.frame)),
            )
            for box in iter_boxes(document, _kinds(classes))
        ]
        for box in boxes or [("",) * (len(CSV_COLUMNS) - len(head))]:
            rows.writerow(harmless_cell(str(cell)) for cell in (*head, *box))
        _write(stream, text.getvalue())
        text.seek(0)
        text.truncate()
    _write(stream, text.getvalue())


def write_coco(stream: BinaryIO, documents: Iterable[Document], classes: Classes) -> None:
    """COCO's data format for photos: `images`, `annotations`, `categories`.

    `file_name` is the path below INPUT. `score` is the confidence. Videos are left out.
    See https://cocodataset.org/#format-data.
    """
    numbers = {one: number for number, one in enumerate(classes, 1)}
    _write(stream, '{"info":{"description":"exported by Deep Visual Miner"},\n"images":[')
    count = 0
    with tempfile.TemporaryFile() as annotations:
        for image_id, document in enumerate(_photos(documents), 1):
            image = {
                "id": image_id,
                **_file_name(document),
                "width": document.width,
                "height": document.height,
            }
            if document.taken:
                image["date_captured"] = taken_text(document.taken).replace("T", " ")
            _write(stream, "," * (image_id > 1), "\n", json_text(image))
            for box in iter_boxes(document, _kinds(classes)):
                count += 1
                entry = _coco_annotation(count, image_id, numbers[box.kind, box.text], box)
                _write(annotations, "," * (count > 1), "\n", json_text(entry))
        _write(stream, '],\n"annotations":[')
        _copy(annotations, stream)
    categories = [
        {"id": number, "name": text, "supercategory": kind.name.lower()}
        for (kind, text), number in numbers.items()
    ]
    _write(stream, '],\n"categories":', json_text(categories), "}\n")


def write_megadetector(stream: BinaryIO, documents: Iterable[Document], classes: Classes) -> None:
    """The batch output format of MegaDetector, which camera-trap programs such as Timelapse read.

    Boxes are `[x, y, width, height]` as parts of the picture. A box without a confidence gets 1. A video has
    the best frame of each span. The repository agentmorris/MegaDetector describes the format; this is 1.4.
    """
    numbers = {one: str(number) for number, one in enumerate(classes, 1)}
    categories = {number: text for (_, text), number in numbers.items()}
    info = {"format_version": "1.4", "detector": "Deep Visual Miner"}
    _write(stream, '{"info":', json_text(info), ',\n"detection_categories":', json_text(categories))
    _write(stream, ',\n"images":[')
    for number, document in enumerate(documents):
        entry: dict[str, Any] = {"file": _file_name(document)["file_name"]}
        entry["detections"] = [
            _megadetector_box(document, numbers[box.kind, box.text], box)
            for box in iter_boxes(document, _kinds(classes))
        ]
        if document.kind is MediaKind.VIDEO and document.duration_s:
            entry["duration"] = document.duration_s
        _write(stream, "," * (number > 0), "\n", json_text(entry))
    _write(stream, "]}\n")


def write_geojson(stream: BinaryIO, documents: Iterable[Document], classes: Classes) -> None:
    """A point for each file with a place (RFC 7946): longitude, latitude and, if known, altitude."""
    _write(stream, '{"type":"FeatureCollection","features":[')
    is_first = True
    for document in documents:
        if document.latitude is None or document.longitude is None:
            continue
        position = [document.longitude, document.latitude]
        if document.altitude is not None:
            position.append(document.altitude)
        feature = {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": position},
            "properties": _summary(document, classes),
        }
        _write(stream, "," * (not is_first), "\n", json_text(feature))
        is_first = False
    _write(stream, "]}\n")


def document_object(document: Document, classes: Classes) -> dict[str, Any]:
    """All that is known of a file as a JSON object."""
    shown = _summary(document, classes)
    shown |= {"width": document.width, "height": document.height, "format": document.format}
    shown |= {"bytes": document.size_bytes, "partial": document.is_partial}
    for key, value in (
        ("camera", document.camera),
        ("duration", document.duration_s),
        ("sha256", None if document.sha256 is None else document.sha256.hex()),
    ):
        if value is not None:
            shown[key] = value
    if document.latitude is not None and document.longitude is not None:
        shown["gps"] = {"latitude": document.latitude, "longitude": document.longitude}
        if document.altitude is not None:
            shown["gps"]["altitude"] = document.altitude
    shown["boxes"] = [_box_object(box) for box in iter_boxes(document, _kinds(classes))]
    return shown


def _summary(document: Document, classes: Classes) -> dict[str, Any]:
    texts = {
        kind: sorted(
            {one.text for one in document.sightings if one.kind is kind and (kind, one.text) in classes}
        )
        for kind in (TermKind.LABEL, TermKind.NAME)
    }
    return {
        **to_file_keys(os.fsdecode(document.source)),
        "path": printable(relative_path(document)),
        "type": document.kind.word,
        "taken": taken_text(document.taken) or None,
        "labels": texts[TermKind.LABEL],
        "names": texts[TermKind.NAME],
        "tags": sorted(one.text for one in document.sightings if one.kind is TermKind.TAG),
        "title": document.title or None,
        "rating": document.rating or None,
    }


def _box_object(box: Box) -> dict[str, Any]:
    shown: dict[str, Any] = {
        box.kind.name.lower(): box.text,
        "component": box.component,
        "rect": list(box.rect),
    }
    for key, value in (("confidence", box.confidence), ("time", box.time_s), ("frame", box.frame)):
        if value is not None:
            shown[key] = value
    return shown


def _coco_annotation(number: int, image_id: int, category_id: int, box: Box) -> dict[str, Any]:
    x1, y1, x2, y2 = box.rect
    entry: dict[str, Any] = {"id": number, "image_id": image_id, "category_id": category_id}
    entry |= {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1), "iscrowd": 0}
    if box.confidence is not None:
        entry["score"] = box.confidence
    return entry


def _megadetector_box(document: Document, category: str, box: Box) -> dict[str, Any]:
    x1, y1, x2, y2 = box.rect
    corner = (x1 / document.width, y1 / document.height)
    size = ((x2 - x1) / document.width, (y2 - y1) / document.height)
    entry: dict[str, Any] = {"category": category, "conf": 1.0 if box.confidence is None else box.confidence}
    entry["bbox"] = [round(part, 6) for part in (*corner, *size)]
    if box.frame is not None:
        entry["frame_number"] = box.frame
    return entry


def _file_name(document: Document) -> dict[str, Any]:
    """The path below INPUT; its bytes beside it where it is not UTF-8."""
    keys = to_file_keys(relative_path(document))
    return {("file_name" if key == "file" else key): value for key, value in keys.items()}


def _photos(documents: Iterable[Document]) -> Iterable[Document]:
    return (document for document in documents if document.kind is MediaKind.PHOTO)


def _kinds(classes: Classes) -> frozenset[TermKind]:
    return frozenset(kind for kind, _ in classes)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _write(stream: BinaryIO, *texts: str) -> None:
    stream.write("".join(texts).encode("utf-8"))


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    source.seek(0)
    while block := source.read(1 << 20):
        target.write(block)
