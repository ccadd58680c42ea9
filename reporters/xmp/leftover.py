"""Whether a sidecar may be removed with its photo: nothing foreign is in it."""

from __future__ import annotations

from lxml import etree

from pipeline.xmp.keywords import FORMS
from pipeline.xmp.names import ABOUT, PREFIXES
from pipeline.xmp.packet import Packet, PacketError
from pipeline.xmp.regions import MWG_REGIONS, read_mwg_regions
from reporters.xmp.state import EXTENSION, VERSION, read_state

_ATTRIBUTES = (ABOUT, EXTENSION)


def has_nothing_else(content: bytes | None) -> bool:
    """Whether a sidecar has only properties, keywords and regions that this program wrote.

    Args:
        content: of the file; None if there is none.
    Returns: False also for what cannot be read.
    """
    if content is None:
        return False
    try:
        packet = Packet(content)
        return packet.simple(VERSION) is not None and _is_own(packet)
    except PacketError:
        return False


def _is_own(packet: Packet) -> bool:
    state = read_state(packet)
    lists = {form.name for form in FORMS}
    for description in packet.descriptions():
        names = [*description.attrib, *(child.tag for child in description)]
        for name in names:
            if name not in (*_ATTRIBUTES, *lists, MWG_REGIONS) and not _is_in_own_namespace(name):
                return False
    if any(set(packet.items(name)) - set(state.items.get(name, ())) for name in lists):
        return False
    named = {(face.name, face.area) for face in state.faces}
    return all((region.name, region.area) in named for region in read_mwg_regions(packet))


def _is_in_own_namespace(name: object) -> bool:
    """Whether a name is in this program's namespace; comments have none."""
    return isinstance(name, str) and etree.QName(name).namespace == PREFIXES["dvm"]
