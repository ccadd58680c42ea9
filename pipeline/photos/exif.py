"""What a photo's metadata says: which way is up, when, where and with which camera it was taken."""

from __future__ import annotations

import functools
from typing import NamedTuple

from PIL import Image
from PIL.ExifTags import Base

from pipeline.capture import Capture, camera_name
from pipeline.photos.embeddedxmp import xmp_packet
from pipeline.photos.exiftags import read_tables
from pipeline.photos.place import find_place, xmp_place
from pipeline.photos.taken import find_taken
from pipeline.photos.xmp import XmpFacts, read_facts


class Exif(NamedTuple):
    """The part of a photo's metadata that the report holds, and the orientation that decoding needs.

    Args:
        orientation: 1 to 8 as TIFF 6.0 numbers them; 1 is upright.
        capture: when, where and with which camera the photo was taken.
    """

    orientation: int = 1
    capture: Capture = Capture()


def read_exif(image: Image.Image, content: bytes, own: bytes | None = None) -> Exif:
    """Read an opened image's metadata; what is absent or absurd stays at its default.

    What EXIF does not have comes from XMP, and the date from IPTC; see `pipeline.photos.taken`.

    Args:
        image: opened, its pixels not yet decoded; they are not decoded here either.
        content: the whole file that `image` reads.
        own: the photo's file, if a second reader made `content` of it.
    """
    tables = read_tables(image, content)
    orientation = tables.main.value(Base.Orientation)

    @functools.cache
    def read_xmp() -> XmpFacts:
        packet = xmp_packet(image, content if own is None else own)
        return XmpFacts() if packet is None else read_facts(packet)

    taken = find_taken(tables, image, read_xmp)
    camera = camera_name(tables.main.text(Base.Make), tables.main.text(Base.Model))
    if camera is None:
        camera = camera_name(read_xmp().maker, read_xmp().model)
    place = find_place(tables.gps)
    if place.latitude is None:
        place = xmp_place(read_xmp())
    capture = Capture(taken, camera, *place)
    return Exif(int(orientation) if orientation in range(1, 9) else 1, capture)
