"""The properties of the primary picture in a HEIF or AVIF file: colours, clean aperture, turn, bit depth.

Pillow's AVIF reader hands on neither the colour tags nor the clean aperture.

Sources: ISO/IEC 14496-12 (boxes, `meta`, `pitm`, `iinf`, `iref`, `iprp`), ISO/IEC 23008-12 (`ipco`, `ipma`,
`colr`, `clap`), AV1 Codec ISO Media File Format Binding (`av1C`).
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from pipeline.photos.boxes import MOST_BOXES, iter_boxes

_BEGINNING_BYTES = 1 << 16
_CONSTANT_LUMINANCE = re.compile(rb"colrnclx....\0\x0a", re.DOTALL)
"""`colr` with H.273's matrix 10."""


_UNREAD_CODINGS = {b"avc1": "H.264", b"vvc1": "H.266", b"evc1": "EVC", b"j2k1": "JPEG 2000"}
_DERIVED = (b"grid", b"iden", b"iovl")
"""Items that are made of others."""
_TURNS = (1, 8, 3, 6)
"""EXIF's numbers for the turns of `irot`: 0, 90, 180 and 270 degrees anti-clockwise."""
_MIRRORS = (4, 2)
"""EXIF's numbers for the axes of `imir`: upside down, and left to right."""
_MATRICES = {
    1: (1, 0, 0, 1),
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, -1, 1, 0),
    7: (0, -1, -1, 0),
    8: (0, 1, -1, 0),
}
"""What each orientation does to a vector of the stored picture, x to the right and y down, row by row."""


class ItemProperties(NamedTuple):
    """What the file says of its primary picture.

    Args:
        cicp: code points of primaries and transfer (ITU-T H.273).
        icc_profile: an ICC profile.
        clean_aperture: what of the decoded picture is to be shown, as (x1, y1, x2, y2), before any turn.
        bits: of an AV1 picture's samples, 8, 10 or 12; None for others.
        orientation: how the file asks for the picture to be turned and mirrored (`irot`, `imir`), as EXIF
            numbers it.
        size_wh: before it is cropped and turned, pixels.
        coding: the type of the item, such as `hvc1`; of tiles, if it is put together from some.
    """

    cicp: tuple[int, int] | None = None
    icc_profile: bytes | None = None
    clean_aperture: tuple[int, int, int, int] | None = None
    bits: int | None = None
    orientation: int = 1
    size_wh: tuple[int, int] | None = None
    coding: bytes | None = None


def primary_item_properties(content: bytes) -> ItemProperties:
    """Read the properties of a HEIF or AVIF file's primary picture; those that cannot be read are absent."""
    try:
        return _properties(content)
    except (struct.error, StopIteration, ValueError, IndexError):
        return ItemProperties()


def unread_kind(content: bytes, format_: str) -> str | None:
    """The kind of a HEIF or AVIF file that no reader here takes, in words; None for the others."""
    if format_ not in ("heif", "avif"):
        return None
    if content[8:12] == b"mif3":
        return "HEIF file in its short form (brand mif3)"
    beginning = content[:_BEGINNING_BYTES]
    if b"unci" in beginning and b"uncC" in beginning:
        return "HEIF file without compression (unci)"
    if re.search(_CONSTANT_LUMINANCE, beginning):
        return "photo in BT.2020 with constant luminance"
    name = _UNREAD_CODINGS.get(primary_item_properties(content).coding or b"")
    return None if name is None else f"HEIF file with a picture in {name}"


def _properties(content: bytes) -> ItemProperties:
    view = memoryview(content)
    meta = _child(view, b"meta")[4:]  # behind version and flags
    item_properties = _child(meta, b"iprp")
    boxes = list(iter_boxes(_child(item_properties, b"ipco")))
    primary = _primary(_child(meta, b"pitm"))
    numbers = _associated(_child(item_properties, b"ipma"), primary)
    cicp, profile, clean_aperture, bits, size = None, None, None, None, None
    orientation = 1
    for number in numbers:
        if not 1 <= number <= len(boxes):
            continue
        kind, body = boxes[number - 1]
        if kind == b"colr" and bytes(body[:4]) == b"nclx":
            primaries, transfer = struct.unpack_from(">HH", body, 4)
            cicp = cicp or (primaries, transfer)
        elif kind == b"colr" and bytes(body[:4]) in (b"prof", b"rICC"):
            profile = profile or bytes(body[4:])
        elif kind == b"clap":
            clean_aperture = struct.unpack_from(">IIIIiIiI", body)
        elif kind == b"ispe":
            size = struct.unpack_from(">II", body, 4)
        elif kind == b"av1C":
            bits = {0x00: 8, 0x20: 8, 0x40: 10, 0x60: 12}[body[2] & 0x60]
        elif kind == b"irot":
            orientation = _then(orientation, _TURNS[body[0] & 3])
        elif kind == b"imir":
            orientation = _then(orientation, _MIRRORS[body[0] & 1])
    aperture = _aperture(clean_aperture, size) if clean_aperture and size else None
    return ItemProperties(cicp, profile, aperture, bits, orientation, size, _coding(meta, primary))


def _then(first: int, second: int) -> int:
    """The orientation that does what two do one after the other."""
    a, b, c, d = _MATRICES[second]
    e, f, g, h = _MATRICES[first]
    both = (a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h)
    return next(number for number, matrix in _MATRICES.items() if matrix == both)


def _child(view: memoryview, kind: bytes) -> memoryview:
    """The first box of a type. Raises: StopIteration: there is none."""
    return next(body for found, body in iter_boxes(view) if found == kind)


def _primary(body: memoryview) -> int:
    """The number of the primary item."""
    (number,) = struct.unpack_from(">I" if body[0] else ">H", body, 4)
    return int(number)


def _coding(meta: memoryview, item: int) -> bytes | None:
    """The type of an item, or of the first item that it is made of; None if the file does not say it."""
    try:
        types = _item_types(_child(meta, b"iinf"))
        if types.get(item) in _DERIVED:
            item = _first_part(_child(meta, b"iref"), item)
    except (struct.error, StopIteration, IndexError):
        return None
    return types.get(item)


def _item_types(body: memoryview) -> dict[int, bytes]:
    types = {}
    for kind, entry in iter_boxes(body[8 if body[0] else 6 :]):
        if kind == b"infe" and entry[0] in (2, 3):
            _, number, _, found = struct.unpack_from(">IIH4s" if entry[0] == 3 else ">IHH4s", entry)
            types[number] = found
    return types


def _first_part(body: memoryview, item: int) -> int:
    """The first item that another one is made of. Raises: StopIteration: none is said."""
    width = "I" if body[0] else "H"
    for kind, reference in iter_boxes(body[4:]):
        if kind == b"dimg":
            whole, count, first = struct.unpack_from(f">{width}H{width}", reference)
            if whole == item and count:
                return int(first)
    raise StopIteration


def _associated(body: memoryview, item: int) -> list[int]:
    """The 1-based numbers of an item's properties."""
    version, flags = body[0], body[3]
    (count,) = struct.unpack_from(">I", body, 4)
    at = 8
    for _ in range(min(count, MOST_BOXES)):
        (found,) = struct.unpack_from(">I" if version else ">H", body, at)
        at += 4 if version else 2
        associations = body[at]
        width = 2 if flags & 1 else 1
        numbers = body[at + 1 : at + 1 + associations * width]
        at += 1 + associations * width
        if found == item:
            if width == 1:
                return [number & 0x7F for number in numbers]
            return [number & 0x7FFF for (number,) in struct.iter_unpack(">H", numbers)]
    return []


def _aperture(clap: tuple[int, ...], size_wh: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """A clean aperture as whole pixels; None where it lies outside of the picture or shows all of it.

    Raises: ValueError: a denominator is 0.
    """
    if not all(clap[1::2]):
        raise ValueError("a denominator is 0")
    width, height, off_x, off_y = (clap[i] / clap[i + 1] for i in (0, 2, 4, 6))
    x1 = round(off_x + (size_wh[0] - width) / 2)
    y1 = round(off_y + (size_wh[1] - height) / 2)
    x2, y2 = x1 + round(width), y1 + round(height)
    if not (0 <= x1 < x2 <= size_wh[0] and 0 <= y1 < y2 <= size_wh[1]):
        return None
    return None if (x1, y1, x2, y2) == (0, 0, *size_wh) else (x1, y1, x2, y2)
