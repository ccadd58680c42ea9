"""The XMP packet and the IPTC keywords that a photo file holds."""

from __future__ import annotations

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.IptcImagePlugin import getiptcinfo
from PIL.TiffImagePlugin import TiffImageFile

from pipeline.photos import jp2
from pipeline.photos.boxes import first_box
from pipeline.photos.exiftags import Tags
from pipeline.photos.pngchunks import international_text
from pipeline.source import EmbeddedMetadata

_TIFF_TAG = 700
_JXL_CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
_PNG_KEYWORD = b"XML:com.adobe.xmp"
_IPTC_KEYWORDS = (2, 25)
_MOST_KEYWORDS = 10_000


def embedded_metadata(image: Image.Image, content: bytes) -> EmbeddedMetadata:
    """Return an opened photo's XMP and IPTC; the arguments are those of `xmp_packet`."""
    return EmbeddedMetadata(xmp_packet(image, content), _iptc_keywords(image))


def xmp_packet(image: Image.Image, content: bytes) -> bytes | None:
    """Return the XMP packet of an opened image, or None if there is none.

    Args:
        image: opened, its pixels not yet decoded; or the PNG that a second reader made.
        content: the photo's whole file.
    """
    if content.startswith(_JXL_CONTAINER):
        box = first_box(memoryview(content), b"xml ")
        packet: object = None if box is None else bytes(box)
    elif image.format == "JPEG2000":
        packet = jp2.xmp_packet(content)
    elif image.format == "PNG":
        packet = international_text(content, _PNG_KEYWORD)
    elif isinstance(image, TiffImageFile):
        packet = Tags(image.tag_v2).value(_TIFF_TAG)
    else:
        packet = image.info.get("xmp")
    return packet if isinstance(packet, bytes) and packet else None


def _iptc_keywords(image: Image.Image) -> tuple[str, ...]:
    """IPTC's keywords (IIM 4.2, 2:25), as UTF-8 if they are that, else as Latin-1."""
    try:
        records = (isinstance(image, ImageFile) and getiptcinfo(image)) or {}
    except MemoryError:
        raise
    except Exception:  # Pillow's reader raises whatever a broken record causes
        return ()
    values = records.get(_IPTC_KEYWORDS, [])
    texts = [_text(value) for value in (values if isinstance(values, list) else [values])[:_MOST_KEYWORDS]]
    return tuple(text for text in texts if text)


def _text(value: object) -> str:
    if not isinstance(value, bytes):
        return ""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return "".join(char for char in text if char.isprintable()).strip()
