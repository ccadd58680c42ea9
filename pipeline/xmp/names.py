"""Constants of XMP: namespaces, property names in lxml's form `{namespace}name`, the greatest size."""

from __future__ import annotations

import os

MAX_BYTES = 16 << 20
"""Of a packet. A long history of edits in a raw developer's sidecar has one or two megabytes."""

PREFIXES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "MP": "http://ns.microsoft.com/photo/1.2/",
    "MPRI": "http://ns.microsoft.com/photo/1.2/t/RegionInfo#",
    "MPReg": "http://ns.microsoft.com/photo/1.2/t/Region#",
    "dvm": "urn:deepvisualminer:sidecar:1/",
}
"""The usual prefixes. The last one is this program's own, for what it wrote last time."""


_SIDECAR_ENDINGS = (".xmp", ".XMP")


def sidecar_paths(path: str) -> list[str]:
    """Where the sidecars of a photo or video may lie, `photo.jpg.xmp` before `photo.xmp`."""
    return [stem + ending for stem in (path, os.path.splitext(path)[0]) for ending in _SIDECAR_ENDINGS]


def qualified(name: str) -> str:
    """`dc:subject` -> `{http://purl.org/dc/elements/1.1/}subject`."""
    prefix, _, local = name.partition(":")
    return f"{{{PREFIXES[prefix]}}}{local}"


RDF = qualified("rdf:RDF")
DESCRIPTION = qualified("rdf:Description")
ABOUT = qualified("rdf:about")
LI = qualified("rdf:li")
VALUE = qualified("rdf:value")
PARSE_TYPE = qualified("rdf:parseType")
CONTAINERS = (qualified("rdf:Bag"), qualified("rdf:Seq"), qualified("rdf:Alt"))

SUBJECT = qualified("dc:subject")
HIERARCHICAL_SUBJECT = qualified("lr:hierarchicalSubject")
TAGS_LIST = qualified("digiKam:TagsList")
TITLE = qualified("dc:title")
RATING = qualified("xmp:Rating")
ORIENTATION = qualified("tiff:Orientation")
