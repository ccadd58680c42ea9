"""A document as the fields of a Solr document."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

from search import serialized
from search.conditions import Flag, TermKind
from search.documents import MILLIONTHS, Document, Sighting
from search.solr.schema import VERSION
from search.tokens import tokens_of

SURE = 9_999_999
"""Stands for the confidence of a box without one, which always counts."""
_COUNT_DIGITS = 9
_MAX_CHARS_OF_PATH = 4096


def id_of(path: bytes) -> str:
    """The key: the path in hexadecimal, whose order is that of the bytes."""
    return path.hex()


def fields_of(document: Document) -> dict[str, Any]:
    """The document as Solr takes it."""
    readable = document.path.decode("utf-8", "replace")[:_MAX_CHARS_OF_PATH]
    sure = [one.ladder[0] for one in document.sightings if one.ladder[0] is not None]
    shown: dict[str, Any] = {
        "id": id_of(document.path),
        "version": VERSION,
        "age": -document.taken,
        "stamp": document.stamp,
        "document": base64.b64encode(serialized.to_bytes(document)).decode("ascii"),
        "kind": int(document.kind),
        "faces": document.faces,
        "flag": list(_flags(document)),
        "label": [one.text for one in document.sightings if one.kind is TermKind.LABEL],
        "name": [one.text for one in document.sightings if one.kind is TermKind.NAME],
        "tag": [one.text for one in document.sightings if one.kind is TermKind.TAG],
        "step": [step for one in document.sightings for step in _steps(one)],
        "words": " ".join(tokens_of(readable)),
        "title": " ".join(tokens_of(document.title)),
        "rating": document.rating,
    }
    if sure:
        shown["best"] = round(max(sure) * MILLIONTHS)
    if document.taken:
        shown["year"] = document.taken // 10**10
    if document.camera is not None:
        shown["camera"] = document.camera
    if document.latitude is not None and document.longitude is not None:
        shown["place"] = f"{document.latitude},{document.longitude}"
    return shown


def document_of(found: dict[str, Any]) -> Document:
    """The document that a stored one was made of."""
    return serialized.from_bytes(base64.b64decode(found["document"]))


def step_range(kind: TermKind, text: str, number: int, least: int) -> str:
    """A range of `step`: the confidence of the n-th box of a term, at least this many millionths."""
    beginning = _beginning(kind, text, f"{number:02d}")
    return f'step:["{beginning}{least:07d}" TO "{beginning}{SURE:07d}"]'


def count_range(kind: TermKind, text: str, least: int) -> str:
    """A range of `step`: at least this many boxes of a term in one picture or frame."""
    beginning = _beginning(kind, text, "n")
    return f'step:["{beginning}{least:0{_COUNT_DIGITS}d}" TO "{beginning}{"9" * _COUNT_DIGITS}"]'


def _steps(sighting: Sighting) -> Iterator[str]:
    """One word for the count, and one for each step of the ladder: the first in millionths, the others
    rounded down to thousandths, as all backends keep them.
    """
    kind, text = sighting.kind, sighting.text
    yield f"{_beginning(kind, text, 'n')}{sighting.most:0{_COUNT_DIGITS}d}"
    for number, confidence in enumerate(sighting.ladder, 1):
        value = SURE if confidence is None else round(confidence * MILLIONTHS)
        if number > 1 and confidence is not None:
            value = value // 1000 * 1000
        yield f"{_beginning(kind, text, f'{number:02d}')}{value:07d}"


def _beginning(kind: TermKind, text: str, what: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return f"{int(kind)}:{digest}:{what}:"


def _flags(document: Document) -> Iterator[str]:
    if document.latitude is not None:
        yield Flag.LOCATED
    if document.is_partial:
        yield Flag.PARTIAL
    if document.is_annotated:
        yield Flag.ANNOTATED
    if document.is_named:
        yield Flag.NAMED
