"""Face regions in XMP: those of the Metadata Working Group, and Microsoft's.

Both are of the stored picture, before any turn that its orientation asks for.

Sources: MWG Guidelines for Handling Image Metadata 2.0, 5.9 (mwg-rs: centre, size, normalized to 0..1);
Microsoft, People Tagging Overview (MP: "left, top, width, height", normalized).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from pipeline.xmp.names import qualified
from pipeline.xmp.packet import Packet, field_text, fields_of, list_elements

MWG_REGIONS = qualified("mwg-rs:Regions")
REGION_LIST = qualified("mwg-rs:RegionList")
DIMENSIONS = qualified("mwg-rs:AppliedToDimensions")
NAME = qualified("mwg-rs:Name")
TYPE = qualified("mwg-rs:Type")
AREA = qualified("mwg-rs:Area")
UNIT = qualified("stArea:unit")
AREA_FIELDS = tuple(qualified(f"stArea:{name}") for name in "xywh")
SIZE_FIELDS = (qualified("stDim:w"), qualified("stDim:h"))

_MP_INFO = qualified("MP:RegionInfo")
_MP_LIST = qualified("MPRI:Regions")
_MP_RECTANGLE = qualified("MPReg:Rectangle")
_MP_NAME = qualified("MPReg:PersonDisplayName")

_MOST_REGIONS = 1_000


class Area(NamedTuple):
    """A rectangle as a part of a picture: the centre and the size, 0 to 1 of its width and height."""

    x: float
    y: float
    w: float
    h: float

    def iou(self, other: Area) -> float:
        """Intersection over union, 0 to 1."""
        width = min(self.x + self.w / 2, other.x + other.w / 2) - max(
            self.x - self.w / 2, other.x - other.w / 2
        )
        height = min(self.y + self.h / 2, other.y + other.h / 2) - max(
            self.y - self.h / 2, other.y - other.h / 2
        )
        if width <= 0 or height <= 0:
            return 0.0
        both = width * height
        return both / (self.w * self.h + other.w * other.h - both)


class Region(NamedTuple):
    """A region of a stored picture.

    Args:
        name: of the person; empty for none.
        type: `Face`, `Pet`, `Focus`, `BarCode` or empty.
        area: where.
        element: the item in its list, for those that are read from a packet.
    """

    name: str
    type: str
    area: Area
    element: Any = None


def to_stored(area: Area, orientation: int) -> Area:
    """Turn an area of the upright picture back to the stored one.

    Args:
        orientation: 1 to 8 as EXIF numbers it.
    """
    x, y, w, h = area
    if orientation >= 5:
        w, h = h, w
    return Area(*_STORED[orientation](x, y), w, h)


def to_upright(area: Area, orientation: int) -> Area:
    """Turn an area of the stored picture as the picture is turned to stand upright."""
    return to_stored(area, {6: 8, 8: 6}.get(orientation, orientation))


_STORED = {
    1: lambda x, y: (x, y),
    2: lambda x, y: (1 - x, y),
    3: lambda x, y: (1 - x, 1 - y),
    4: lambda x, y: (x, 1 - y),
    5: lambda x, y: (y, x),
    6: lambda x, y: (y, 1 - x),
    7: lambda x, y: (1 - y, 1 - x),
    8: lambda x, y: (1 - y, x),
}
"""From an upright point to the stored one; 6 and 8 are each other's inverse, the others their own."""


def read_regions(packet: Packet | None) -> list[Region]:
    """All regions of a packet that have an area inside the picture; broken ones are left out."""
    if packet is None:
        return []
    return [*read_mwg_regions(packet), *_read_microsoft_regions(packet)]


def read_mwg_regions(packet: Packet) -> list[Region]:
    """The regions of the Metadata Working Group, with their elements."""
    size = applied_to(packet)
    found = []
    for item in _items(packet, MWG_REGIONS, REGION_LIST):
        area = fields_of(item).find(AREA)
        if area is None:
            continue
        numbers = [_number(field_text(area, name)) for name in AREA_FIELDS]
        if field_text(area, UNIT) == "pixel" and size is not None:
            numbers = [number / side for number, side in zip(numbers, (*size, *size), strict=True)]
        if (checked := _checked(*numbers)) is not None:
            name, type_ = field_text(item, NAME) or "", field_text(item, TYPE) or ""
            found.append(Region(name, type_, checked, item))
    return found


def applied_to(packet: Packet) -> tuple[float, float] | None:
    """Width and height of the stored picture that the MWG regions are of; None if that is not said."""
    regions = packet.find(MWG_REGIONS)
    dimensions = None if regions is None else fields_of(regions).find(DIMENSIONS)
    if dimensions is None:
        return None
    width, height = (_number(field_text(dimensions, name)) for name in SIZE_FIELDS)
    return (width, height) if width > 0 and height > 0 else None


def _read_microsoft_regions(packet: Packet) -> Iterator[Region]:
    for item in _items(packet, _MP_INFO, _MP_LIST):
        numbers = [_number(part) for part in (field_text(item, _MP_RECTANGLE) or "").split(",")]
        if len(numbers) != 4:
            continue
        left, top, width, height = numbers
        checked = _checked(left + width / 2, top + height / 2, width, height)
        if checked is not None:
            yield Region(field_text(item, _MP_NAME) or "", "Face", checked)


def _items(packet: Packet, structure: str, list_: str) -> list[Any]:
    element = packet.find(structure)
    regions = None if element is None else fields_of(element).find(list_)
    return [] if regions is None else list_elements(regions)[:_MOST_REGIONS]


def _number(text: str | None) -> float:
    """The number in a text; NaN if it is none."""
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


def _checked(x: float, y: float, w: float, h: float) -> Area | None:
    """An area, or None if it is not one or its centre lies outside of the picture."""
    sound = all(math.isfinite(number) for number in (x, y, w, h)) and 0 < w <= 1 and 0 < h <= 1
    return Area(x, y, w, h) if sound and 0 <= x <= 1 and 0 <= y <= 1 else None
