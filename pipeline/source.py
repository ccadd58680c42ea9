"""One input file: where it lies, what it is, what is known about it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from pipeline.capture import Capture
from pipeline.kept.values import Known


class SourceKind(StrEnum):
    """What a source is; also the report's `type`."""

    PHOTO = "photo"
    VIDEO = "video"


_2_63 = 1 << 63


class Stamp(NamedTuple):
    """What the file system says about a file that was not read.

    Args:
        size_bytes: its size.
        mtime_ns: when its content was changed, nanoseconds since 1970; a program can set it back.
        device, inode: which file it is, or zeros for unknown; a disk may get another device number when it
            is mounted again.
        ctime_ns: when anything about it was changed, nanoseconds since 1970; no program can set it.
    """

    size_bytes: int
    mtime_ns: int
    device: int = 0
    inode: int = 0
    ctime_ns: int = 0

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """The stamp in the result of `os.stat`."""
        return cls(status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino, status.st_ctime_ns)

    def in_64_bits(self) -> Stamp:
        """The same stamp with each number modulo 2^64, signed, as databases store whole numbers."""
        if -_2_63 <= min(self) and max(self) < _2_63:
            return self
        return Stamp(*((number + _2_63) % (2 * _2_63) - _2_63 for number in self))


NO_STAMP = Stamp(0, 0)
"""Of a path whose status cannot be read."""


@dataclass(frozen=True, slots=True)
class Source:
    """One input.

    Args:
        path: absolute, as `os.fsdecode` gives it (undecodable bytes as surrogates).
        relative: the path under INPUT, or the file's name where INPUT is one file.
        kind: photo or video.
        format: a word of `pipeline.formats.FORMATS`.
        stamp: what the file system said about it at the time of the walk.
        earlier_outputs: names of the files that earlier runs made from it, according to the ledger.
        recorded_path: the path that outputs state, where INPUT is mounted elsewhere on the machine of the
            run than on this one; empty if it is `path`.
        known: what an earlier run found in it.
    """

    path: str
    relative: str
    kind: SourceKind
    format: str
    stamp: Stamp
    earlier_outputs: frozenset[str] = field(default=frozenset(), compare=False)
    known: Known | None = field(default=None, compare=False, repr=False)
    recorded_path: str = field(default="", compare=False)

    @property
    def path_in_outputs(self) -> str:
        """The path that outputs state."""
        return self.recorded_path or self.path

    @property
    def size_bytes(self) -> int:
        """The file's size at the time of the walk."""
        return self.stamp.size_bytes

    @property
    def mtime_ns(self) -> int:
        """The file's modification time at the time of the walk, nanoseconds since 1970."""
        return self.stamp.mtime_ns


@dataclass(frozen=True, slots=True)
class Limits:
    """What a source may cost before it is refused.

    Args:
        max_pixels: width times height of a photo. Phones with the largest sensors make 200 megapixels.
        max_photo_bytes: size of a photo's file, which is read into memory whole.
    """

    max_pixels: int = 210_000_000
    max_photo_bytes: int = 1 << 30


class Turn(NamedTuple):
    """How a photo's stored picture is turned and mirrored to stand upright.

    Args:
        orientation: 1 to 8 as EXIF numbers it.
        exif: what EXIF says, 1 if it says nothing; None if a reader has overwritten it.
        by_container: the file's container says it, and EXIF is ignored (HEIF, AVIF).
    """

    orientation: int = 1
    exif: int | None = 1
    by_container: bool = False


class EmbeddedMetadata(NamedTuple):
    """What a photo or video file says in words, not yet parsed.

    Args:
        xmp: its XMP packet; None if it has none.
        iptc_keywords: IPTC's keywords.
    """

    xmp: bytes | None = None
    iptc_keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What is known of a source once its header has been read; the report is made of it.

    Args:
        size_wh: upright full-size width and height, pixels.
        format: a word of `pipeline.formats.FORMATS`.
        images: how many pictures the file holds; only the first is mined.
        capture: when, where and with which camera it was taken.
        sha256: of the file's bytes, hexadecimal.
        is_partial: the file ends too early or is damaged, and some of it is missing.
        turn: from the stored picture of a photo to the upright one; None if that is not known.
        metadata: of the file; None if it was not read together with the header.
    """

    size_wh: tuple[int, int]
    format: str
    images: int = 1
    capture: Capture = field(default_factory=Capture)
    sha256: str | None = None
    is_partial: bool = False
    turn: Turn | None = None
    metadata: EmbeddedMetadata | None = field(default=None, repr=False)
