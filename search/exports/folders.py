"""Exports into a folder, one file for each photo: YOLO, LabelMe, Pascal VOC."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from pipeline.files.outputs import output_path, write_file
from reporters.layout import json_text
from search.conditions import MediaKind, TermKind
from search.documents import Document
from search.exports.boxes import Box, iter_boxes, relative_path

Classes = Sequence[tuple[TermKind, str]]
_NOT_IN_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535), "�")


def write_yolo(folder: Path, documents: Iterable[Document], classes: Classes) -> None:
    """YOLO's labels: `labels/PATH.txt` with `class x y width height` on each line, and `data.yaml`.

    x and y are the middle of the box; all four are parts of the picture. A photo without boxes gets an empty
    file.
    """
    numbers = {one: number for number, one in enumerate(classes)}
    names = [text for _, text in classes]
    _write(folder / "data.yaml", f"names: {json_text(names)}\nnc: {len(names)}\n")
    for document, boxes in _photos(documents, classes):
        lines = (f"{numbers[box.kind, box.text]} {_yolo_box(document, box)}\n" for box in boxes)
        _write(_beside(folder / "labels", document, ".txt"), "".join(lines))


def write_labelme(folder: Path, documents: Iterable[Document], classes: Classes) -> None:
    """LabelMe's files: `PATH.json` with a rectangle for each box; `imagePath` is the path below INPUT."""
    for document, boxes in _photos(documents, classes):
        shown: dict[str, Any] = {
            "version": "5.0.0",
            "flags": {},
            "shapes": [_labelme_shape(box) for box in boxes],
            "imagePath": os.fsencode(relative_path(document)).decode("utf-8", "replace"),
            "imageData": None,
            "imageHeight": document.height,
            "imageWidth": document.width,
        }
        _write(_beside(folder, document, ".json"), json_text(shown) + "\n")


def write_voc(folder: Path, documents: Iterable[Document], classes: Classes) -> None:
    """Pascal VOC's annotations: `PATH.xml`; coordinates count from 1 and both corners lie inside the box."""
    for document, boxes in _photos(documents, classes):
        _write(_beside(folder, document, ".xml"), "".join(_voc_lines(document, boxes)))


FolderWriter = Callable[[Path, Iterable[Document], Classes], None]


def _photos(documents: Iterable[Document], classes: Classes) -> Iterator[tuple[Document, list[Box]]]:
    kinds = frozenset(kind for kind, _ in classes)
    for document in documents:
        if document.kind is MediaKind.PHOTO:
            yield document, list(iter_boxes(document, kinds))


def _yolo_box(document: Document, box: Box) -> str:
    x1, y1, x2, y2 = box.rect
    middle = ((x1 + x2) / 2 / document.width, (y1 + y2) / 2 / document.height)
    return " ".join(
        f"{part:.6f}" for part in (*middle, (x2 - x1) / document.width, (y2 - y1) / document.height)
    )


def _labelme_shape(box: Box) -> dict[str, Any]:
    x1, y1, x2, y2 = box.rect
    shape: dict[str, Any] = {"label": box.text, "points": [[x1, y1], [x2, y2]], "group_id": None}
    shape |= {"description": box.component, "shape_type": "rectangle", "flags": {}, "mask": None}
    return shape


def _voc_lines(document: Document, boxes: Iterable[Box]) -> Iterator[str]:
    name = _xml(os.fsencode(relative_path(document)).decode("utf-8", "replace"))
    yield f"<annotation>\n  <filename>{name}</filename>\n"
    size = f"<width>{document.width}</width><height>{document.height}</height><depth>3</depth>"
    yield f"  <size>{size}</size>\n"
    yield "  <segmented>0</segmented>\n"
    for box in boxes:
        x1, y1, x2, y2 = box.rect
        corners = zip(("xmin", "ymin", "xmax", "ymax"), (x1 + 1, y1 + 1, x2, y2), strict=True)
        inside = "".join(f"<{tag}>{value}</{tag}>" for tag, value in corners)
        yield f"  <object><name>{_xml(box.text)}</name><pose>Unspecified</pose><truncated>0</truncated>"
        yield f"<difficult>0</difficult><bndbox>{inside}</bndbox></object>\n"
    yield "</annotation>\n"


def _xml(text: str) -> str:
    return escape(text.translate(_NOT_IN_XML))


def _beside(folder: Path, document: Document, ending: str) -> Path:
    """Where a photo's file goes: the photo's path with another ending, as the programs that read it expect.

    The second of two photos that differ only in their endings keeps its own ending as well.
    """
    relative = relative_path(document)
    path = output_path(folder, os.path.splitext(relative)[0], ending)
    return output_path(folder, relative, ending) if path.exists() else path


def _write(path: Path, text: str) -> None:
    write_file(path, text.encode("utf-8"))
