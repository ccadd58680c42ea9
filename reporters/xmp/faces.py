"""Writes named faces as MWG regions into a sidecar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lxml import etree

from pipeline.source import Turn
from pipeline.xmp.added import Face, number_text, rounded
from pipeline.xmp.names import CONTAINERS, DESCRIPTION, LI, ORIENTATION, PARSE_TYPE, qualified
from pipeline.xmp.packet import (
    Packet,
    PacketError,
    append_indented,
    as_structure,
    fields_of,
    list_elements,
    prefix_of,
    remove_indented,
)
from pipeline.xmp.regions import (
    AREA,
    AREA_FIELDS,
    DIMENSIONS,
    MWG_REGIONS,
    NAME,
    REGION_LIST,
    SIZE_FIELDS,
    TYPE,
    UNIT,
    Area,
    Region,
    applied_to,
    read_mwg_regions,
    read_regions,
    to_stored,
)
from reporters.xmp.photo import Photo
from reporters.xmp.proposal import Found
from reporters.xmp.state import State

_SAME_FACE = 0.5
"""Least IoU of two boxes of one face."""
_SAME_REGION = 0.9
"""Least IoU of a region with itself after another program has rewritten it with other numbers."""
_SAME_SHAPE = 0.01
"""Greatest relative difference of two aspect ratios of one picture."""


class FacePlan(NamedTuple):
    """The changes to the regions of a sidecar.

    Args:
        written: the regions that are this program's afterwards.
        new: those of them that are not there yet.
        obsolete: the regions that this program wrote and that go.
        removed: regions that were removed by hand and are still found.
        overruled: what was found where a foreign region has another name.
    """

    written: list[Face]
    new: list[Face]
    obsolete: list[Region]
    removed: list[Face]
    overruled: list[Found]


def plan_faces(packet: Packet, state: State, found: Sequence[Found], photo: Photo) -> FacePlan:
    """Compare the faces that were found with the regions that are there.

    Raises: PacketError: a list is none.
    """
    present = read_mwg_regions(packet)
    own = {face: region for face in state.faces if (region := _written_as(face, present)) is not None}
    own_elements = [region.element for region in own.values()]
    known = [region for region in read_regions(packet) if region.element not in own_elements]
    turn = _agreed_turn(packet, photo.turn)
    seen = [] if turn is None else _stored_faces(found, photo.size_wh, turn.orientation)
    if seen and not packet.has(MWG_REGIONS):
        known += read_regions(photo.read_embedded().packet)
    named = [region for region in known if region.name]
    lost = [face for face in state.faces if face not in own]
    written, removed, overruled = [], [], []
    for one, face in seen:
        if (other := _over(face.area, named)) is not None:
            if other.name != face.name:
                overruled.append(one)
        elif any(_is_same(face, gone) for gone in (*lost, *state.removed_faces)):
            removed.append(face)
        else:
            written.append(face)
    if written and not _fits(packet, photo):
        written = []
    new = [face for face in written if face not in own]
    obsolete = [region for face, region in own.items() if face not in written]
    return FacePlan(written, new, obsolete, removed, overruled)


def change_faces(packet: Packet, plan: FacePlan, photo: Photo) -> None:
    """Apply a plan to a packet.

    Raises: PacketError: the packet's regions have a form that XMP does not have.
    """
    for region in plan.obsolete:
        remove_indented(region.element)
    if plan.new:
        container = _region_list(packet, photo)
        for face in plan.new:
            append_indented(container, _to_element(face))
    elif plan.obsolete:
        _drop_empty(packet)


def _agreed_turn(packet: Packet, turn: Turn | None) -> Turn | None:
    """The turn if everything that a reader may go by says the same, else None.

    Viewers turn HEIF by its container, and some programs turn its regions by EXIF's or the sidecar's number.
    """
    if turn is None or turn.exif != turn.orientation:
        return None
    stated = packet.simple(ORIENTATION)
    return turn if stated in (None, "", str(turn.orientation)) else None


def _stored_faces(
    found: Sequence[Found], size_wh: tuple[int, int], orientation: int
) -> list[tuple[Found, Face]]:
    """The named faces in the stored picture; of several with a name at one place the first."""
    faces: dict[Face, Found] = {}
    for one in found:
        if one.is_name and one.box is not None:
            face = Face(one.text, rounded(to_stored(_area(one, size_wh), orientation)))
            if not any(_is_same(face, other) for other in faces):
                faces[face] = one
    return [(one, face) for face, one in faces.items()]


def _area(found: Found, size_wh: tuple[int, int]) -> Area:
    assert found.box is not None
    (width, height), (x1, y1, x2, y2) = size_wh, found.box.xyxy
    return Area((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)


def _written_as(face: Face, present: Sequence[Region]) -> Region | None:
    """The region that a face was written as."""
    same = (region for region in present if region.name == face.name)
    return next((region for region in same if region.area.iou(face.area) > _SAME_REGION), None)


def _over(area: Area, regions: Sequence[Region]) -> Region | None:
    return next((region for region in regions if region.area.iou(area) > _SAME_FACE), None)


def _is_same(one: Face, other: Face) -> bool:
    return one.name == other.name and one.area.iou(other.area) > _SAME_FACE


def _fits(packet: Packet, photo: Photo) -> bool:
    """Whether the regions that are there are of a picture of this shape; a crop or a turn changes it."""
    source = packet if packet.has(MWG_REGIONS) else photo.read_embedded().packet
    size = None if source is None else applied_to(source)
    if size is None:
        return True
    width, height = photo.stored_wh
    return abs(size[0] * height / (size[1] * width) - 1) <= _SAME_SHAPE


def _region_list(packet: Packet, photo: Photo) -> Any:
    """The container that regions are added to, made if it is missing."""
    regions = packet.find(MWG_REGIONS)
    if regions is None:
        embedded = photo.read_embedded().packet
        own = None if embedded is None else embedded.find(MWG_REGIONS)
        regions = packet.new(MWG_REGIONS) if own is None else packet.add_copy(own)
    holder = as_structure(regions)
    if holder.find(DIMENSIONS) is None:
        _add_dimensions(holder, photo)
    list_ = holder.find(REGION_LIST)
    if list_ is None:
        list_ = etree.Element(REGION_LIST)
        append_indented(holder, list_)
        append_indented(list_, etree.Element(qualified("rdf:Bag")))
    container = next(list_.iterchildren(*CONTAINERS), None)
    if container is None:
        raise PacketError("RegionList is no list")
    return container


def _add_dimensions(holder: Any, photo: Photo) -> None:
    width, height = photo.stored_wh
    dimensions = etree.Element(DIMENSIONS, nsmap=prefix_of(SIZE_FIELDS[0]))
    for name, text in zip(SIZE_FIELDS, (str(width), str(height)), strict=True):
        dimensions.set(name, text)
    dimensions.set(qualified("stDim:unit"), "pixel")
    append_indented(holder, dimensions)


def _to_element(face: Face) -> Any:
    """A region in the form that Adobe's programs write."""
    item = etree.Element(LI)
    description = etree.SubElement(item, DESCRIPTION, {NAME: face.name, TYPE: "Face"})
    area = etree.SubElement(description, AREA, nsmap=prefix_of(AREA_FIELDS[0]))
    for name, number in zip(AREA_FIELDS, face.area, strict=True):
        area.set(name, number_text(number))
    area.set(UNIT, "normalized")
    return item


def _drop_empty(packet: Packet) -> None:
    """Remove the structure if no region is left and nothing else is in it."""
    regions = packet.find(MWG_REGIONS)
    if regions is None:
        return
    holder = fields_of(regions)
    list_ = holder.find(REGION_LIST)
    fields = [child.tag for child in holder if isinstance(child.tag, str)]
    attributes = [name for name in holder.attrib if name != PARSE_TYPE]
    known = all(field in (REGION_LIST, DIMENSIONS) for field in fields)
    if list_ is not None and not list_elements(list_) and known and not attributes:
        remove_indented(regions)
