"""XMP -> the dates at which a photo was taken or digitized.

XMP is XML from outside: at most `_MAX_BYTES` of a packet are read, and a document type declaration, without
which there are no entities, ends the reading.

Source: ISO 16684-1 (XMP, data model and serialization).
"""

from __future__ import annotations

import contextlib
from xml.parsers import expat

_MAX_BYTES = 1 << 20
"""Editors write the photo's own properties first; megabytes of history may follow."""
_MAX_TEXT = 100
_SEPARATOR = " "

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_EXIF = "http://ns.adobe.com/exif/1.0/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_XMP = "http://ns.adobe.com/xap/1.0/"

_RDF_ROOT = f"{_RDF}{_SEPARATOR}RDF"
_DESCRIPTION = f"{_RDF}{_SEPARATOR}Description"
_PROPERTIES = tuple(
    _SEPARATOR.join(pair)
    for pair in (
        (_EXIF, "DateTimeOriginal"),
        (_PHOTOSHOP, "DateCreated"),
        (_EXIF, "DateTimeDigitized"),
        (_XMP, "CreateDate"),
    )
)
"""In the order of belief: when the photo was taken, then when it was digitized."""


def read_dates(packet: bytes) -> list[str]:
    """Return the texts of a packet's dates, the most trusted first; those before any fault in the XML.

    Args:
        packet: XML in any encoding that XMP allows.
    """
    found = _Reader().read(packet)
    return [found[name] for name in _PROPERTIES if name in found]


class _RefusedError(Exception):
    """The packet has a document type declaration."""


class _Reader:
    """Collects the simple properties of the photo itself: of `rdf:Description` right below `rdf:RDF`.

    What lies deeper, such as a history or the packets of pictures placed in this one, has dates of its own.
    """

    def __init__(self) -> None:
        self._found: dict[str, str] = {}
        self._depth = 0
        self._rdf_depth = 0
        self._is_description = False
        self._property = ""
        self._text = ""
        self._parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.CharacterDataHandler = self._characters
        self._parser.EndElementHandler = self._end

    def read(self, packet: bytes) -> dict[str, str]:
        """Return the properties in a packet; of a damaged packet, those before the damage."""
        # ValueError, LookupError: an encoding that Python does not know.
        with contextlib.suppress(expat.ExpatError, _RefusedError, ValueError, LookupError):
            self._parser.Parse(packet[:_MAX_BYTES], False)
        return self._found

    def _refuse(self, *_: object) -> None:
        raise _RefusedError

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._property = ""
        if not self._rdf_depth:
            if name == _RDF_ROOT:
                self._rdf_depth = self._depth
        elif self._depth == self._rdf_depth + 1:
            self._is_description = name == _DESCRIPTION
            if self._is_description:
                for key in attributes.keys() & set(_PROPERTIES):
                    self._found.setdefault(key, attributes[key][:_MAX_TEXT])
        elif self._depth == self._rdf_depth + 2 and self._is_description and name in _PROPERTIES:
            self._property, self._text = name, ""

    def _characters(self, text: str) -> None:
        if self._property:
            self._text = (self._text + text)[:_MAX_TEXT]

    def _end(self, name: str) -> None:
        if self._property == name:
            self._found.setdefault(name, self._text)
        self._property = ""
        if self._depth == self._rdf_depth:
            self._rdf_depth = 0
        self._depth -= 1
