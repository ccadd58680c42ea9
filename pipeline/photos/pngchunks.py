"""Chunks of a PNG file, found without decoding its pixels.

Source: PNG specification, third edition, 5.3 (chunk layout), 11.3.3.4 (iTXt), 11.3.4.5 (eXIf).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

_SIGNATURE_BYTES = 8
_MAX_TEXT_BYTES = 1 << 20


def iter_chunks(content: bytes, kind: bytes) -> Iterator[bytes]:
    """Yield the data of all chunks of a kind, before and behind the pixels.

    Args:
        content: the whole file.
        kind: four bytes, such as `eXIf`.
    """
    at = _SIGNATURE_BYTES
    while len(head := content[at : at + 8]) == 8:
        length = int.from_bytes(head[:4], "big")
        if head[4:] == kind:
            yield content[at + 8 : at + 8 + length]
        if head[4:] == b"IEND":
            return
        at += 12 + length  # length, type and CRC are four bytes each


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
