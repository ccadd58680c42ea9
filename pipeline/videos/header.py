"""What the headers of AVI and ASF files promise, so that a file cut short is known by it.

ffmpeg keeps these lengths to itself: of a cut AVI it says the duration that is left, of a cut ASF none.
"""

from __future__ import annotations

from typing import NamedTuple

_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_BROADCAST = 1


class DeclaredLength(NamedTuple):
    """The length that a header declares.

    Args:
        exceeds_file: whether the file is shorter than its header says.
        frames: how many video frames there should be; None where the header does not say.
        duration_s: how long it should play; None where the header does not say.
    """

    exceeds_file: bool = False
    frames: int | None = None
    duration_s: float | None = None


def read_declared_length(head: bytes, container: str, size_bytes: int) -> DeclaredLength:
    """What a file's header promises.

    Args:
        head: the first bytes of the file, `pipeline.source.HEAD_BYTES` or so.
        container: a word of `pipeline.source.FORMATS`; all but `avi` and `asf` promise nothing here.
        size_bytes: how long the file is.
    """
    if container == "avi":
        return _avi(head, size_bytes)
    if container == "asf":
        return _asf(head, size_bytes)
    return DeclaredLength()


def _number(head: bytes, at: int, length: int) -> int:
    return int.from_bytes(head[at : at + length], "little")


def _avi(head: bytes, size_bytes: int) -> DeclaredLength:
    """Source: AVI RIFF File Reference: RIFF size `AVI `, LIST size `hdrl`, then AVIMAINHEADER."""
    if head[24:28] != b"avih" or len(head) < 56:
        return DeclaredLength()
    riff_bytes, frame_us, frames = _number(head, 4, 4), _number(head, 32, 4), _number(head, 48, 4)
    written_to_its_end = riff_bytes not in (0, 0xFFFFFFFF)
    return DeclaredLength(
        written_to_its_end and riff_bytes + 8 > size_bytes, frames or None, frames * frame_us / 1e6 or None
    )


def _asf(head: bytes, size_bytes: int) -> DeclaredLength:
    """Source: ASF specification, 3.2, File Properties Object."""
    at = head.find(_ASF_FILE_PROPERTIES)
    if at < 0 or len(head) < at + 92 or _number(head, at + 88, 4) & _ASF_BROADCAST:
        return DeclaredLength()
    duration_s = _number(head, at + 64, 8) / 1e7 - _number(head, at + 80, 8) / 1e3
    return DeclaredLength(
        _number(head, at + 40, 8) > size_bytes, None, duration_s if duration_s > 0 else None
    )
