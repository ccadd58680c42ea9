"""The rotation from a photo's stored picture to the upright one, and the metadata that states it."""

from __future__ import annotations

from PIL import Image
from PIL.ExifTags import Base

from pipeline.photos.exiftags import read_tables
from pipeline.photos.heifitem import ItemProperties
from pipeline.photos.tiffheader import read_tiff_header
from pipeline.source import Turn

_HEIF_ORIGINAL = "original_orientation"
"""Where pillow-heif keeps the orientation that it removes from EXIF."""


def find_turn(
    image: Image.Image, content: bytes, format_: str, item: ItemProperties, used: int, exif: int
) -> Turn | None:
    """Return the turn of an opened photo, or None if it is not known.

    Args:
        image: opened, its pixels not yet decoded.
        content: the photo's own file, which a second reader may have decoded.
        format_: of that file, a word of `pipeline.source.FORMATS`.
        item: the properties of a HEIF or AVIF file's picture.
        used: the orientation that is applied to what the reader decodes.
        exif: the orientation that the reader takes from EXIF.
    """
    if format_ == "jxl":  # its reader turns the picture and does not tell how
        return None
    if format_ in ("heif", "avif") and image.format == "PNG":  # ffmpeg has overwritten EXIF's
        return Turn(item.orientation, None, by_container=True)
    if format_ == "heif":
        return Turn(item.orientation, image.info.get(_HEIF_ORIGINAL) or 1, by_container=True)
    if format_ == "avif":  # Pillow replaces EXIF's orientation by the container's
        has_own = read_tables(image, content).main.value(Base.Orientation) is not None
        return Turn(item.orientation, None if has_own else 1, by_container=True)
    if format_ == "tiff" and image.format != "TIFF":  # OpenCV has turned it
        header = read_tiff_header(content)
        return None if header is None else Turn(header.orientation, header.orientation)
    return Turn(used, exif)
