"""Chunks of a PNG file, found without decoding its pixels.

Source: PNG specification, third edition, 5.3 (chunk layout), 11.3.2.6 (cICP), 11.3.3.4 (iTXt), 11.3.4.5
(eXIf).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

_SIGNATURE_BYTES = 8
_MAX_TEXT_BYTES = 1 << 20
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_PROFILE = b"iCCP"


def iter_chunks(content: bytes, kind: bytes) -> Iterator[bytes]:
    """Yield the data of all chunks of a kind, before and behind the pixels.

    Args:
        content: the whole file.
        kind: four bytes, such as `eXIf`.
    """
    for found, place in _walk(content):
        if found == kind:
            yield content[place.start + 8 : place.stop - 4]


def cicp(content: bytes) -> tuple[int, int] | None:
    """Return the code points (ITU-T H.273) of primaries and transfer in the cICP chunk, if there is one."""
    for kind, place in _walk(content):
        if kind == b"cICP" and place.stop - place.start == 16:
            return content[place.start + 8], content[place.start + 9]
        if kind == b"IDAT":  # cICP comes before the pixels
            return None
    return None


def without_side_data(content: bytes) -> Iterator[bytes]:
    """Yield the file without its texts, then without its texts and its colour profile."""
    for kinds in (_TEXTS, (*_TEXTS, _PROFILE)):
        kept = [content[place] for kind, place in _walk(content) if kind not in kinds]
        yield content[:_SIGNATURE_BYTES] + b"".join(kept)


def _walk(content: bytes) -> Iterator[tuple[bytes, slice]]:
    """Yield the kind of each chunk and where in the file it is, with its length, kind and CRC."""
    at, kind = _SIGNATURE_BYTES, b""
    while kind != b"IEND" and len(head := content[at : at + 8]) == 8:
        kind, end = head[4:], at + 12 + int.from_bytes(head[:4], "big")
        yield kind, slice(at, end)
        at = end


def international_text(content: bytes, keyword: bytes) -> bytes:
    """Return the UTF-8 text that an iTXt chunk has for a keyword, at most 1 MiB; empty if there is none."""
    for chunk in iter_chunks(content, b"iTXt"):
        found, _, rest = chunk.partition(b"\0")
        if found != keyword:
            continue
        text = rest[2:].split(b"\0", 2)[-1]  # behind the language and the translated keyword
        if rest[:1] != b"\x01":
            return text[:_MAX_TEXT_BYTES]
        try:
            return zlib.decompressobj().decompress(text, _MAX_TEXT_BYTES)
        except zlib.error:
            return b""
    return b""
