"""The formats of photos and videos: recognized by a file's first bytes, and versioned for the ledger.

Nothing here decodes anything. A file's name never decides what it is, only whether a file that is neither a
photo nor a video is reported as a failure.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from typing import NamedTuple

from pipeline.source import SourceKind

HEAD_BYTES = 4096
"""How much of a file `identify` needs."""


class Format(NamedTuple):
    """A file format.

    Args:
        kind: photo or video.
        endings: the name endings that promise it.
        results_version: of how it is decoded. Raise it by one where most files of the format give other
            pixels, times or facts than before: they are then mined again, once, and files of other formats
            are not. Leave it for a change that few files show, such as a rare profile, or with which other
            things are found that are as right: new and edited files get it, `--force` gives it to the rest,
            and the change log names them.
    """

    kind: SourceKind
    endings: tuple[str, ...]
    results_version: int = 1


FORMATS: dict[str, Format] = {
    "jpeg": Format(SourceKind.PHOTO, (".jpg", ".jpeg", ".jpe", ".jfif")),
    "png": Format(SourceKind.PHOTO, (".png", ".apng")),
    "webp": Format(SourceKind.PHOTO, (".webp",)),
    "gif": Format(SourceKind.PHOTO, (".gif",)),
    "bmp": Format(SourceKind.PHOTO, (".bmp", ".dib")),
    "tiff": Format(SourceKind.PHOTO, (".tif", ".tiff")),
    "pnm": Format(SourceKind.PHOTO, (".pgm", ".ppm", ".pbm", ".pnm")),
    "heif": Format(SourceKind.PHOTO, (".heic", ".heif", ".hif")),
    "avif": Format(SourceKind.PHOTO, (".avif", ".avifs")),
    "jxl": Format(SourceKind.PHOTO, (".jxl",)),
    "jp2": Format(SourceKind.PHOTO, (".jp2", ".j2k", ".jpf", ".jpx")),
    "mp4": Format(SourceKind.VIDEO, (".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2")),
    "matroska": Format(SourceKind.VIDEO, (".mkv", ".webm")),
    "avi": Format(SourceKind.VIDEO, (".avi",)),
    # TypeScript's files end in .ts and .mts too, so these promise nothing.
    "mpegts": Format(SourceKind.VIDEO, (".m2ts", ".m2t")),
    "mpegps": Format(SourceKind.VIDEO, (".mpg", ".mpeg", ".vob")),
    "asf": Format(SourceKind.VIDEO, (".wmv", ".asf")),
    "flv": Format(SourceKind.VIDEO, (".flv",)),
    "dv": Format(SourceKind.VIDEO, (".dv",)),
    "mxf": Format(SourceKind.VIDEO, (".mxf",)),
    "ogg": Format(SourceKind.VIDEO, (".ogv",)),
}

ANIMATED_FORMATS = frozenset(("gif", "webp", "png", "avif"))
"""Formats of photos whose files may hold an animation."""

# fmt: off
CAMERA_RAW_ENDINGS = frozenset((
    ".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos",
    ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raw", ".rw2", ".sr2", ".srf", ".srw",
))
# fmt: on
"""Camera raw files are TIFF by their first bytes, yet hold only a thumbnail that a TIFF reader sees."""

_PROMISES = frozenset(ending for format_ in FORMATS.values() for ending in format_.endings)
_PROMISES_VIDEO = frozenset(
    ending for format_ in FORMATS.values() if format_.kind is SourceKind.VIDEO for ending in format_.endings
)
# fmt: off
_HEIF_BRANDS = frozenset((
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs",
    b"mif1", b"mif2", b"mif3", b"msf1", b"miaf", b"avci", b"avcs", b"jpeg", b"jpgs",
    b"j2ki", b"j2is", b"vvic", b"vvis",
))
# fmt: on
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_AUDIO_BRANDS = frozenset((b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "))
_OTHER_BRANDS = frozenset((b"crx ", b"jp2 ", b"jpx "))
"""Canon raw, and JPEG 2000 without its signature: neither a video nor a photo that is read here."""
_JP2_BRANDS = (b"jp2 ", b"jpx ", b"jpxb")
_QUICKTIME_PADDING = frozenset((b"free", b"skip", b"junk", b"udta", b"wide", b"pnot", b"pict", b"PICT"))
"""QuickTime atoms that may stand before the movie; old cameras begin with some."""
_MOST_ATOM_BYTES = 1 << 26
"""Of padding before the movie. Text whose fifth letter begins one of these words claims more."""

_PNM_HEADER = re.compile(rb"P[1-6](?:\s+(?:#[^\r\n]*[\r\n]\s*)*\d+){2}")
"""The magic, then width and height, with comments between them."""

_SYNC = b"G"
_PACKETS_AFTER_A_CUT = 12
"""A recording that was cut begins inside a packet. So many in a row are no coincidence."""

_MXF_HEADER = bytes.fromhex("060e2b34020501010d0102010102")
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")


def results_fingerprint(pipeline: str, format_: str | None) -> str:
    """The fingerprint under which results of one input stand in its report and in the ledger.

    Args:
        pipeline: the pipeline's own fingerprint, hexadecimal SHA-256.
        format_: the input's, a word of `FORMATS`, or None for a file that is neither photo nor video.
    Returns: `pipeline` itself for a format whose `results_version` is 1, else a hash of both.
    """
    version = FORMATS[format_].results_version if format_ in FORMATS else 1
    if version == 1:
        return pipeline
    return hashlib.sha256(f"{pipeline} decoded {version}".encode()).hexdigest()


def promises_media(name: str) -> bool:
    """Whether a file's name ends as a photo's or a video's does."""
    return os.path.splitext(name)[1].lower() in _PROMISES


def promises_video(name: str) -> bool:
    """Whether a file's name ends as a video's does."""
    return os.path.splitext(name)[1].lower() in _PROMISES_VIDEO


def is_camera_raw(name: str) -> bool:
    """Whether a file's name ends as a camera's raw file does."""
    return os.path.splitext(name)[1].lower() in CAMERA_RAW_ENDINGS


def identify(head: bytes) -> str | None:
    """Identify the format of a file by its first bytes.

    Args:
        head: the first `HEAD_BYTES` of the file, or all of a shorter one.
    Returns: a word of `FORMATS`, or None for what is neither photo nor video.
    Source: the formats' specifications (ISO/IEC 14496-12 and 23008-12 for the `ftyp` brands).
    """
    for format_, matches in _SIGNATURES:
        if matches(head):
            return format_
    return _identify_iso_media(head)


def _identify_iso_media(head: bytes) -> str | None:
    """MP4, MOV, HEIF and AVIF begin alike: a box, its length in four bytes and then its type."""
    length, box_type = int.from_bytes(head[:4], "big"), head[4:8]
    while box_type in _QUICKTIME_PADDING and 8 <= length <= _MOST_ATOM_BYTES:
        head = head[length:]
        if len(head) < 8:
            return "mp4"
        length, box_type = int.from_bytes(head[:4], "big"), head[4:8]
    if box_type in (b"moov", b"mdat"):
        return "mp4"
    if box_type != b"ftyp":
        return None
    major = head[8:12]
    brands = {major} | {head[i : i + 4] for i in range(16, min(length, len(head)) - 3, 4)}
    if major in _AUDIO_BRANDS or major in _OTHER_BRANDS:
        return None
    if major in _AVIF_BRANDS or (major in _HEIF_BRANDS and brands & _AVIF_BRANDS):
        return "avif"
    if major in _HEIF_BRANDS:
        return "heif"
    return "mp4"


def _is_bmp(head: bytes) -> bool:
    known_header_sizes = (12, 40, 52, 56, 64, 108, 124)
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in known_header_sizes


def _is_mxf(head: bytes) -> bool:
    """A header partition pack, which a run-in may precede (SMPTE ST 377-1, 5.3 and 6.5)."""
    return _MXF_HEADER in head


def _is_ogg_video(head: bytes) -> bool:
    """Ogg whose first pages, one for each stream (RFC 3533, 4), hold a header of Theora."""
    return head.startswith(b"OggS") and b"\x80theora" in head


def _is_jpeg_2000(head: bytes) -> bool:
    """A JPEG 2000 codestream, or a file of one picture in boxes; Motion JPEG 2000 begins alike."""
    if head.startswith(b"\xff\x4f\xff\x51"):
        return True
    return (
        head.startswith(b"\0\0\0\x0cjP  \r\n\x87\n") and head[16:20] == b"ftyp" and head[20:24] in _JP2_BRANDS
    )


def _is_jxl(head: bytes) -> bool:
    """A JPEG XL codestream, or the container of one."""
    return head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"))


def _is_mpegts(head: bytes) -> bool:
    """Packets of 188 bytes; with a time before each (AVCHD) 192, with a code behind each (broadcast) 204."""
    for start, step in ((0, 188), (4, 192), (0, 204)):
        if head[start : start + 4 * step : step] == _SYNC * 4:
            return True
    return any(
        _has_packets(head, start, step)
        for step in (188, 192, 204)
        for start in range(step)
        if head[start : start + 1] == _SYNC
    )


def _has_packets(head: bytes, start: int, step: int) -> bool:
    """Whether packets of a transport stream begin at `start` and after every `step` bytes."""
    begins = range(start, min(start + _PACKETS_AFTER_A_CUT * step, len(head) - 3), step)
    is_full = len(begins) == _PACKETS_AFTER_A_CUT
    return is_full and all(head[at : at + 1] == _SYNC and head[at + 3] & 0x30 for at in begins)


def _is_dv(head: bytes) -> bool:
    """A header block and a subcode block of a DV frame (IEC 61834-2)."""
    is_header = head[:3] == b"\x1f\x07\x00" and len(head) > 160 and head[3] & 0x7F == 0x3F
    return is_header and head[80] & 0xE0 == 0x20 and head[81:83] == b"\x07\x00"


_SIGNATURES: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("jpeg", lambda head: head.startswith(b"\xff\xd8\xff")),
    ("png", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n")),
    ("gif", lambda head: head.startswith((b"GIF87a", b"GIF89a"))),
    ("webp", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP"),
    ("avi", lambda head: head[:4] == b"RIFF" and head[8:12] == b"AVI "),
    ("tiff", lambda head: head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"))),
    ("bmp", _is_bmp),
    ("pnm", lambda head: _PNM_HEADER.match(head) is not None),
    ("matroska", lambda head: head.startswith(b"\x1a\x45\xdf\xa3")),
    ("mpegps", lambda head: head.startswith((b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3"))),
    ("asf", lambda head: head.startswith(_ASF_HEADER)),
    ("flv", lambda head: head.startswith(b"FLV\x01")),
    ("jxl", _is_jxl),
    ("jp2", _is_jpeg_2000),
    ("dv", _is_dv),
    ("mxf", _is_mxf),
    ("ogg", _is_ogg_video),
    ("mpegts", _is_mpegts),
)
