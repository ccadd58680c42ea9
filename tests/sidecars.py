"""Sidecars in the forms of the programs that write them, and shorthands for merging into them."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.detections import Box
from pipeline.source import Turn
from pipeline.xmp.embedded import Embedded
from pipeline.xmp.keywords import read_items
from pipeline.xmp.names import HIERARCHICAL_SUBJECT, SUBJECT, TAGS_LIST
from pipeline.xmp.packet import Packet
from reporters.xmp.merging import Roots
from reporters.xmp.photo import Photo
from reporters.xmp.proposal import Found
from reporters.xmp.sidecar import merged

ROOTS = Roots("People", "Objects")
UPRIGHT = Photo((640, 480), Turn(), Embedded)
DOG = Found("dog", False, Box(300, 200, 600, 460))
ANNA = Found("Anna", True, Box(100, 100, 200, 220))

NAMESPACES = """xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/" \
xmlns:digiKam="http://www.digikam.org/ns/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" \
xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" \
xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" \
xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" xmlns:MP="http://ns.microsoft.com/photo/1.2/" \
xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#" xmlns:foo="http://example.invalid/foo/" \
xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#" """


def packet(properties: str, attributes: str = "") -> bytes:
    """A packet with one rdf:Description of these properties."""
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {NAMESPACES}>'
        f'<rdf:Description rdf:about="" {attributes}>{properties}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def listed(name: str, texts: Sequence[str], kind: str = "Bag") -> str:
    """A property that is a list."""
    return (
        f"<{name}><rdf:{kind}>{''.join(f'<rdf:li>{text}</rdf:li>' for text in texts)}</rdf:{kind}></{name}>"
    )


def region(name: str, x: float, y: float, w: float, h: float, type_: str = "Face") -> str:
    """A region as Adobe's programs write it."""
    return (
        f'<rdf:li><rdf:Description mwg-rs:Name="{name}" mwg-rs:Type="{type_}"><mwg-rs:Area stArea:x="{x}" '
        f'stArea:y="{y}" stArea:w="{w}" stArea:h="{h}" stArea:unit="normalized"/></rdf:Description></rdf:li>'
    )


def regions(*items: str, size_wh: tuple[int, int] = (640, 480)) -> str:
    """The property with these regions."""
    return (
        '<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions rdf:parseType="Resource">'
        f"<stDim:w>{size_wh[0]}</stDim:w><stDim:h>{size_wh[1]}</stDim:h><stDim:unit>pixel</stDim:unit>"
        f"</mwg-rs:AppliedToDimensions><mwg-rs:RegionList><rdf:Bag>{''.join(items)}</rdf:Bag>"
        "</mwg-rs:RegionList></mwg-rs:Regions>"
    )


def merge_into(content: bytes | None, *found: Found, photo: Photo = UPRIGHT) -> bytes:
    """What becomes of a sidecar; it must not be None."""
    after = merged(content, found, photo, ROOTS, extension="jpg", is_beside=False)
    assert after is not None
    return after


def keywords(content: bytes) -> tuple[list[str], list[str], list[str]]:
    """Flat keywords, hierarchy and digiKam's list, sorted."""
    items = read_items(Packet(content))
    flat, tree, tags = (sorted(items.get(name, [])) for name in (SUBJECT, HIERARCHICAL_SUBJECT, TAGS_LIST))
    return flat, tree, tags


def without_item(content: bytes, *texts: str) -> bytes:
    """Return the sidecar without these keywords in any of its lists, as after a user has removed them."""
    edited = Packet(content)
    for name, present in read_items(edited).items():
        edited.change_items(name, "Bag", remove=[text for text in texts if text in present], add=[])
    return edited.serialized()
