"""Colours and metadata in the boxes of a JPEG 2000 file, which Pillow does not hand on.

Sources: ISO/IEC 15444-1, I.5.3.3 (`colr`); Adobe, XMP Specification Part 3, and "JPEG 2000 EXIF" as digital
cameras' and exiftool's files have it (`uuid`).
"""

from __future__ import annotations

from pipeline.photos.boxes import first_box, iter_boxes

SIGNATURES = (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")
"""How a file in boxes begins, and a bare codestream."""
_PROFILE_METHODS = (2, 3)
"""Restricted and any ICC profile."""
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_EXIF = b"JpgTiffExif->JP2"


def icc_profile(content: bytes) -> bytes | None:
    """Return the ICC profile of a JPEG 2000 file, or None if it has none."""
    header = first_box(memoryview(content), b"jp2h") if content.startswith(SIGNATURES[0]) else None
    for kind, body in iter_boxes(header) if header is not None else ():
        if kind == b"colr" and len(body) > 3 and body[0] in _PROFILE_METHODS:
            return bytes(body[3:])
    return None


def xmp_packet(content: bytes) -> bytes | None:
    """Return the XMP packet of a JPEG 2000 file, or None if it has none."""
    return _extension(content, _XMP)


def exif_block(content: bytes) -> bytes | None:
    """Return the EXIF block of a JPEG 2000 file, from the byte order mark on, or None if it has none."""
    return _extension(content, _EXIF)


def _extension(content: bytes, uuid: bytes) -> bytes | None:
    for kind, body in iter_boxes(memoryview(content)):
        if kind == b"uuid" and body[:16] == uuid:
            return bytes(body[16:]) or None
    return None
