"""What a photo or video file itself says in XMP and IPTC, read again without decoding its pixels."""

from __future__ import annotations

import os
from typing import NamedTuple

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.IptcImagePlugin import getiptcinfo

from pipeline.errors import SourceError
from pipeline.formats import FORMATS
from pipeline.photos.embeddedxmp import xmp_packet
from pipeline.photos.opening import open_header
from pipeline.source import Limits, SourceKind
from pipeline.videos.embeddedxmp import read_xmp_packet
from pipeline.xmp.names import MAX_BYTES
from pipeline.xmp.packet import Packet, PacketError

_IPTC_KEYWORDS = (2, 25)
_MOST_KEYWORDS = 10_000


class Embedded(NamedTuple):
    """The metadata of a photo or video file.

    Args:
        packet: its XMP packet, or None if it has none that can be read.
        keywords: IPTC's.
    """

    packet: Packet | None = None
    keywords: tuple[str, ...] = ()


def read_embedded(path: str, format_: str, limits: Limits) -> Embedded:
    """Read a file's own metadata; what cannot be read is absent.

    Args:
        path: of the photo or video.
        format_: a word of `pipeline.formats.FORMATS`.
        limits: what a photo may cost.
    """
    if FORMATS[format_].kind is SourceKind.VIDEO:
        return Embedded(_parsed(read_xmp_packet(path, format_, MAX_BYTES)))
    try:
        with open(path, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size  # `read` allocates what it is asked for at once
            if size > limits.max_photo_bytes:
                return Embedded()
            content = stream.read(size)
        image = open_header(content, format_, limits.max_pixels).image
    except (OSError, SourceError):
        return Embedded()
    return Embedded(_parsed(xmp_packet(image, content)), _iptc_keywords(image))


def _parsed(packet: bytes | None) -> Packet | None:
    try:
        return None if packet is None else Packet(packet)
    except PacketError:
        return None


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
