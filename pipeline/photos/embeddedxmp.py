"""The XMP packet that a photo file holds."""

from __future__ import annotations

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from pipeline.photos import jp2
from pipeline.photos.boxes import first_box
from pipeline.photos.exiftags import Tags
from pipeline.photos.pngchunks import international_text

_TIFF_TAG = 700
_JXL_CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
_PNG_KEYWORD = b"XML:com.adobe.xmp"


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
