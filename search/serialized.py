"""A document as bytes, for backends that keep it whole beside what they search in."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import fields
from typing import Any

from search.conditions import MediaKind, TermKind
from search.documents import Detection, Document, Moment, Sighting

VERSION = 3
"""Raised when the bytes of equal documents differ from before."""
_BYTES = frozenset({"path", "source", "sha256"})
_DICTIONARY = (
    b'"detections":[["objects",1,"person",0.9"moments":[["faces",1,"face",0.8,null,[1"sightings":[[2,"",1,[null]]]'
    b'{"path":"","source":"","kind":1,"taken":20"offset_min":null,"width":4000,"height":3000,"format":"jpeg",'
    b'"camera":null,"latitude":null,"longitude":null,"altitude":null,"sha256":"","size_bytes":1"pipeline":"",'
    b'"duration_s":null,"is_partial":false,"is_annotated":true,"faces":0,"reports":[""],"stamp":1'
)
"""What documents have in common: documents are short, and alone they hardly compress."""


def to_bytes(document: Document) -> bytes:
    """The document as compressed JSON."""
    values = {one.name: getattr(document, one.name) for one in fields(document)}
    for name in _BYTES:
        if values[name] is not None:
            values[name] = base64.b64encode(values[name]).decode("ascii")
    values["reports"] = [base64.b64encode(name).decode("ascii") for name in document.reports]
    packer = zlib.compressobj(zdict=_DICTIONARY)
    return packer.compress(json.dumps(values, separators=(",", ":")).encode("ascii")) + packer.flush()


def from_bytes(content: bytes) -> Document:
    """The document that `to_bytes` was given."""
    unpacker = zlib.decompressobj(zdict=_DICTIONARY)
    values: dict[str, Any] = json.loads(unpacker.decompress(content) + unpacker.flush())
    for name in _BYTES:
        if values[name] is not None:
            values[name] = base64.b64decode(values[name])
    values["reports"] = tuple(base64.b64decode(name) for name in values["reports"])
    values["kind"] = MediaKind(values["kind"])
    values["sightings"] = tuple(
        Sighting(TermKind(kind), text, most, tuple(ladder))
        for kind, text, most, ladder in values["sightings"]
    )
    values["detections"] = tuple(
        Detection(component, TermKind(kind), text, confidence, distance, tuple(rect))
        for component, kind, text, confidence, distance, rect in values["detections"]
    )
    values["moments"] = tuple(
        Moment._make((component, TermKind(kind), *rest, tuple(rect)))
        for component, kind, *rest, rect in values["moments"]
    )
    return Document(**values)
