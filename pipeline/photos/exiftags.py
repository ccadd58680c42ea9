"""The tables of tags in a photo's EXIF block, behind guards.

EXIF is written by thousands of devices, and by attackers: reading it never raises, and a value that cannot be
read is absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from PIL import Image
from PIL.ExifTags import IFD

from pipeline.capture import clean_text
from pipeline.photos import jp2
from pipeline.photos.pngchunks import iter_chunks


class Tags:
    """One table of tags."""

    def __init__(self, tags: Mapping[int, Any]) -> None:
        self._tags = tags

    def value(self, tag: int) -> Any:
        """Return a tag's value as Pillow decodes it, or None."""
        try:
            return self._tags.get(tag)
        except MemoryError:
            raise
        except Exception:  # Pillow decodes a value only now, and raises whatever a broken one causes
            return None

    def text(self, tag: int) -> str:
        """Return a tag's text, cleaned (`clean_text`); empty for no text.

        EXIF asks for ASCII that ends with a NUL; beyond ASCII, cameras and editors write UTF-8 or Latin-1.
        """
        value = self.value(tag)
        raw = (
            value.encode("latin-1", "replace") if isinstance(value, str) else value
        )  # Pillow decodes Latin-1
        if not isinstance(raw, bytes):
            return ""
        raw = raw.partition(b"\0")[0]
        try:
            return clean_text(raw.decode("utf-8"))
        except UnicodeDecodeError:
            return clean_text(raw.decode("latin-1"))


class ExifTables(NamedTuple):
    """The tables of an EXIF block; empty ones if there is no block, or a broken one.

    Args:
        main: the first table, the one of TIFF.
        details: the Exif table: exposure, dates.
        gps: the GPS table.
    """

    main: Tags
    details: Tags
    gps: Tags


def read_tables(image: Image.Image, content: bytes) -> ExifTables:
    """Read an opened image's EXIF block; its pixels are not decoded.

    Args:
        image: opened, its pixels not yet decoded.
        content: the whole file.
    """
    if image.format == "PNG" and "exif" not in image.info:
        for block in iter_chunks(content, b"eXIf"):
            image.info["exif"] = block
            break
    elif image.format == "JPEG2000" and (found := jp2.exif_block(content)):
        image.info["exif"] = found
    try:
        # Not `image.getexif()`: the PNG reader's decodes all pixels to see whether a block follows them.
        tags = Image.Image.getexif(image)
    except MemoryError:
        raise
    except Exception:  # Pillow's reader raises whatever a broken block causes
        return ExifTables(Tags({}), Tags({}), Tags({}))
    return ExifTables(Tags(tags), _inner(tags, IFD.Exif), _inner(tags, IFD.GPSInfo))


def _inner(tags: Image.Exif, number: IFD) -> Tags:
    """One of EXIF's inner tables; empty if it cannot be read."""
    try:
        return Tags(tags.get_ifd(number))
    except MemoryError:
        raise
    except Exception:  # as above
        return Tags({})
