"""The length that AVI, ASF and FLV files declare, so that a file that was cut short is known by it.

ffmpeg does not report these: of a cut AVI it reports the duration that is left, of a cut ASF none, and it
believes the duration in an FLV's metadata.
"""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

from pipeline.formats import HEAD_BYTES

_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_BROADCAST = 1
_FLV_TAGS = (8, 9, 18)


class DeclaredLength(NamedTuple):
    """The length that a file declares.

    Args:
        exceeds_file: whether the file is shorter than its header says.
        frames: how many video frames there should be; None where the header does not say.
        duration_s: how long it should play; None where the header does not say.
        is_complete: whether the file is known to be whole, so that no declared duration counts.
    """

    exceeds_file: bool = False
    frames: int | None = None
    duration_s: float | None = None
    is_complete: bool = False


def read_declared_length(stream: BinaryIO, container: str, size_bytes: int) -> DeclaredLength:
    """Read the length that a file declares.

    Args:
        stream: the file; its position changes.
        container: a word of `pipeline.formats.FORMATS`; only `avi`, `asf` and `flv` are looked at.
        size_bytes: how long the file is.

    Raises: OSError: it cannot be read.
    """
    if container == "flv":
        return DeclaredLength(is_complete=_ends_with_a_tag(stream, size_bytes))
    head = _bytes_at(stream, 0, HEAD_BYTES)
    if container == "avi":
        return _avi(head, size_bytes)
    if container == "asf":
        return _asf(head, size_bytes)
    return DeclaredLength()


def _number(head: bytes, at: int, length: int) -> int:
    return int.from_bytes(head[at : at + length], "little")


def _bytes_at(stream: BinaryIO, at: int, length: int) -> bytes:
    stream.seek(at)
    return stream.read(length)


def _avi(head: bytes, size_bytes: int) -> DeclaredLength:
    """Source: AVI RIFF File Reference: RIFF size `AVI `, LIST size `hdrl`, then AVIMAINHEADER.

    Some writers count the eight bytes of the RIFF header itself, which the size should leave out.
    """
    if head[24:28] != b"avih" or len(head) < 56:
        return DeclaredLength()
    riff_bytes, frame_us, frames = _number(head, 4, 4), _number(head, 32, 4), _number(head, 48, 4)
    is_final = riff_bytes not in (0, 0xFFFFFFFF)
    exceeds_file = is_final and riff_bytes + 8 > size_bytes and riff_bytes != size_bytes
    return DeclaredLength(exceeds_file, frames or None, frames * frame_us / 1e6 or None)


def _asf(head: bytes, size_bytes: int) -> DeclaredLength:
    """Source: ASF specification, 3.2, File Properties Object."""
    at = head.find(_ASF_FILE_PROPERTIES)
    if at < 0 or len(head) < at + 92 or _number(head, at + 88, 4) & _ASF_BROADCAST:
        return DeclaredLength()
    duration_s = _number(head, at + 64, 8) / 1e7 - _number(head, at + 80, 8) / 1e3
    exceeds_file = _number(head, at + 40, 8) > size_bytes
    return DeclaredLength(exceeds_file, None, duration_s if duration_s > 0 else None)


def _ends_with_a_tag(stream: BinaryIO, size_bytes: int) -> bool:
    """Whether an FLV ends with a whole tag and its length.

    Source: Adobe Flash Video File Format 10.1, E.3 (PreviousTagSize), E.4.1 (11 bytes of header).
    """
    if size_bytes < 4:
        return False
    length = int.from_bytes(_bytes_at(stream, size_bytes - 4, 4), "big")
    if not 11 <= length <= size_bytes - 4:
        return False
    tag = _bytes_at(stream, size_bytes - 4 - length, 4)
    return tag[0] & 0x1F in _FLV_TAGS and int.from_bytes(tag[1:4], "big") == length - 11
