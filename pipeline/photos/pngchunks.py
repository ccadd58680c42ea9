"""Chunks of a PNG file, found without decoding its pixels.

Source: PNG specification, third edition, 5.3 (chunk layout), 11.3.2 (cHRM, gAMA, sRGB, cICP), 11.3.3.4
(iTXt), 11.3.4.5 (eXIf).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

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


class Colors(NamedTuple):
    """What gAMA and cHRM say; None for what they do not.

    Args:
        gamma: the exponent that makes code values of light.
        primaries: red's, green's and blue's CIE x and y.
    """

    gamma: float | None = None
    primaries: tuple[tuple[float, float], tuple[float, float], tuple[float, float]] | None = None


def colors(content: bytes) -> Colors:
    """Return the gamma and the primaries of a PNG; nothing where its sRGB chunk overrules them."""
    found: dict[bytes, tuple[float, ...]] = {}
    for kind, place in _walk(content):
        if kind == b"sRGB":
            return Colors()
        if kind == b"IDAT":  # they come before the pixels
            break
        count = {b"gAMA": 1, b"cHRM": 8}.get(kind)
        if count is not None and place.stop - place.start == 12 + 4 * count:
            numbers = struct.unpack_from(f">{count}I", content, place.start + 8)
            found.setdefault(kind, tuple(number / 100_000 for number in numbers))
    gamma = found[b"gAMA"][0] if b"gAMA" in found else None
    if b"cHRM" not in found:
        return Colors(gamma)
    _, _, *xy = found[b"cHRM"]
    return Colors(gamma, ((xy[0], xy[1]), (xy[2], xy[3]), (xy[4], xy[5])))


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
