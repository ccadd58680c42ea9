"""What a photo or video file itself says in XMP and IPTC, read again without decoding its pixels."""

from __future__ import annotations

import os
from typing import NamedTuple

from pipeline.errors import SourceError
from pipeline.formats import FORMATS
from pipeline.photos.embeddedxmp import embedded_metadata
from pipeline.photos.opening import open_header
from pipeline.source import EmbeddedMetadata, Limits, SourceKind
from pipeline.videos.embeddedxmp import read_xmp_packet
from pipeline.xmp.names import MAX_BYTES
from pipeline.xmp.packet import Packet, PacketError


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
        return parse_embedded(EmbeddedMetadata(read_xmp_packet(path, format_, MAX_BYTES)))
    try:
        with open(path, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size  # `read` allocates what it is asked for at once
            if size > limits.max_photo_bytes:
                return Embedded()
            content = stream.read(size)
        image = open_header(content, format_, limits.max_pixels).image
    except (OSError, SourceError):
        return Embedded()
    return parse_embedded(embedded_metadata(image, content))


def parse_embedded(metadata: EmbeddedMetadata) -> Embedded:
    """Parse a file's own metadata; a packet that cannot be parsed is absent."""
    return Embedded(_parsed(metadata.xmp), metadata.iptc_keywords)


def _parsed(packet: bytes | None) -> Packet | None:
    try:
        return None if packet is None else Packet(packet)
    except PacketError:
        return None
