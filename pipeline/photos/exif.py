"""What a photo's metadata says: which way is up, when, where and with which camera it was taken."""

from __future__ import annotations

from typing import NamedTuple

from PIL import Image
from PIL.ExifTags import Base

from pipeline.capture import Capture, camera_name
from pipeline.photos.exiftags import read_tables
from pipeline.photos.place import find_place
from pipeline.photos.taken import find_taken


class Exif(NamedTuple):
    """The part of a photo's metadata that the report holds, and the orientation that decoding needs.

    Args:
        orientation: 1 to 8 as TIFF 6.0 numbers them; 1 is upright.
        capture: when, where and with which camera the photo was taken.
    """

    orientation: int = 1
    capture: Capture = Capture()


def read_exif(image: Image.Image, content: bytes) -> Exif:
    """Read an opened image's metadata; what is absent or absurd stays at its default.

    The date comes from XMP or IPTC if EXIF has none; see `pipeline.photos.taken`.

    Args:
        image: opened, its pixels not yet decoded; they are not decoded here either.
        content: the whole file.
    """
    tables = read_tables(image, content)
    orientation = tables.main.value(Base.Orientation)
    capture = Capture(
        find_taken(tables, image, content),
        camera_name(tables.main.text(Base.Make), tables.main.text(Base.Model)),
        *find_place(tables.gps),
    )
    return Exif(int(orientation) if orientation in range(1, 9) else 1, capture)
