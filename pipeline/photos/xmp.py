"""XMP -> when, where and with which camera a photo was taken or digitized, as texts.

XMP is XML from outside: at most `_MAX_BYTES` of a packet are read, and a document type declaration, without
which there are no entities, ends the reading.

Source: ISO 16684-1 (XMP, data model and serialization); CIPA DC-010 (EXIF in XMP).
"""

from __future__ import annotations

import contextlib
from typing import NamedTuple
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
_TIFF = "http://ns.adobe.com/tiff/1.0/"
_DATES = tuple(
    _SEPARATOR.join(pair)
    for pair in (
        (_EXIF, "DateTimeOriginal"),
        (_PHOTOSHOP, "DateCreated"),
        (_EXIF, "DateTimeDigitized"),
        (_XMP, "CreateDate"),
    )
)
"""In the order of belief: when the photo was taken, then when it was digitized."""
_OTHERS = {
    "latitude": f"{_EXIF}{_SEPARATOR}GPSLatitude",
    "longitude": f"{_EXIF}{_SEPARATOR}GPSLongitude",
    "altitude": f"{_EXIF}{_SEPARATOR}GPSAltitude",
    "altitude_reference": f"{_EXIF}{_SEPARATOR}GPSAltitudeRef",
    "maker": f"{_TIFF}{_SEPARATOR}Make",
    "model": f"{_TIFF}{_SEPARATOR}Model",
}
_PROPERTIES = frozenset((*_DATES, *_OTHERS.values()))


class XmpFacts(NamedTuple):
    """The texts of a packet, empty where it has none.

    Args:
        dates: the most trusted first.
        latitude, longitude: degrees, minutes and a letter, `46,56.88N`, or with seconds, `46,56,52.8N`.
        altitude: metres as a fraction, `542/1`.
        altitude_reference: as EXIF's.
        maker, model: of the camera.
    """

    dates: tuple[str, ...] = ()
    latitude: str = ""
    longitude: str = ""
    altitude: str = ""
    altitude_reference: str = ""
    maker: str = ""
    model: str = ""


def read_facts(packet: bytes) -> XmpFacts:
    """Return the facts in a packet; those before any fault in the XML.

    Args:
        packet: XML in any encoding that XMP allows.
    """
    found = _Reader().read(packet)
    dates = tuple(found[name] for name in _DATES if name in found)
    return XmpFacts(dates, **{field: found.get(name, "") for field, name in _OTHERS.items()})


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
                for key in attributes.keys() & _PROPERTIES:
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
