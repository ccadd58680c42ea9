"""The faces that people have named in photo programs, as boxes of the upright photo."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline.detections import Box
from pipeline.source import Turn
from pipeline.xmp.added import ADDED_FACES, parse_face
from pipeline.xmp.names import MAX_BYTES, sidecar_paths
from pipeline.xmp.packet import Packet, PacketError
from pipeline.xmp.regions import Area, Region, applied_to, read_regions, to_upright

_FACE_TYPES = ("", "face")
_SAME_FACE = 0.5
"""Least IoU of two regions of one face; digiKam writes each in two forms."""
_SAME_SHAPE = 0.01


class NamedFace(NamedTuple):
    """A face and who it is.

    Args:
        name: as it was typed.
        box: in pixels of the upright photo.
    """

    name: str
    box: Box


def read_sidecars(path: str) -> Iterator[Packet]:
    """The packets of a photo's sidecars, `photo.jpg.xmp` before `photo.xmp`; those that can be read."""
    for sidecar in sidecar_paths(path):
        try:
            if not os.path.isfile(sidecar):
                continue
            with open(sidecar, "rb") as stream:
                yield Packet(stream.read(MAX_BYTES + 1))
        except (OSError, PacketError):
            continue


def named_faces(
    packets: Sequence[Packet], size_wh: tuple[int, int], turn: Turn | None
) -> tuple[list[NamedFace], str]:
    """The faces that the first packet with named regions names; a sidecar stands before the photo itself.

    Faces that this program wrote are left out: a model must not be taught its own answers.

    Args:
        packets: of one photo, the most trusted first.
        size_wh: of the upright photo, pixels.
        turn: from the stored picture to the upright one; None if it is not known.
    Returns: the faces; and, if there are regions that cannot be placed, why, else an empty text.
    """
    for packet in packets:
        regions = _by_hand(packet)
        if not regions:
            continue
        if turn is None or turn.exif != turn.orientation:
            return [], "programs disagree on how its regions are turned"
        if not _has_shape(packet, size_wh):
            return [], "its regions are of a picture of another shape; it was cropped or turned since"
        faces = [NamedFace(one.name, _box(one, size_wh, turn.orientation)) for one in regions]
        return [face for face in faces if not face.box.is_empty], ""
    return [], ""


def _by_hand(packet: Packet) -> list[Region]:
    """The named faces that this program did not add, each once."""
    try:
        added = [face for text in packet.items(ADDED_FACES) if (face := parse_face(text))]
    except PacketError:
        added = []
    found: list[Region] = []
    for region in read_regions(packet):
        own = any(face.name == region.name and _is_same(region, face.area) for face in added)
        twice = any(_is_same(region, other.area) for other in found)
        if region.name.strip() and region.type.lower() in _FACE_TYPES and not own and not twice:
            found.append(region)
    return found


def _is_same(region: Region, area: Area) -> bool:
    return region.area.iou(area) > _SAME_FACE


def _has_shape(packet: Packet, size_wh: tuple[int, int]) -> bool:
    """Whether the picture that the regions are of has the photo's shape, stored or upright."""
    size = applied_to(packet)
    if size is None:
        return True
    ratio, own = size[0] / size[1], size_wh[0] / size_wh[1]
    return any(abs(ratio / shape - 1) <= _SAME_SHAPE for shape in (own, 1 / own))


def _box(region: Region, size_wh: tuple[int, int], orientation: int) -> Box:
    x, y, w, h = to_upright(region.area, orientation)
    width, height = size_wh
    corners = ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
    return Box(*map(round, corners)).clipped(size_wh)
