"""What travels between the store and the workers: what is known of an input, and what is to be kept of it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.kept.findings import DIGEST_BYTES

_FORMAT = 1
_HEAD = struct.Struct("<BIIQB")
_COUNTS = struct.Struct("<H")
_CHECK = _LENGTH = struct.Struct("<I")


class Shown(NamedTuple):
    """What one writer has written of an input.

    Args:
        digest: of what it was given, see `pipeline.kept.findings.digest_of_shown`.
        suffixes: what follows the input's name in the names of its outputs.
    """

    digest: bytes
    suffixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InputState:
    """What is known of an input as a whole.

    Args:
        size_wh: upright width and height, pixels.
        frames: how many were mined.
        plan: of a video: a digest of which frames were mined in which segments, and at which size; empty for
            a photo.
        shown: by the writer's key.
    """

    size_wh: tuple[int, int]
    frames: int = 1
    plan: bytes = b""
    shown: Mapping[bytes, Shown] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The state as bytes for the store."""
        parts = [_HEAD.pack(_FORMAT, *self.size_wh, self.frames, len(self.plan)), self.plan]
        parts.append(_COUNTS.pack(len(self.shown)))
        for key, shown in self.shown.items():
            names = "\0".join(shown.suffixes).encode("utf-8", "surrogateescape")
            parts += [key, shown.digest, _LENGTH.pack(len(names)), names]
        content = b"".join(parts)
        return _CHECK.pack(zlib.crc32(content)) + content

    @classmethod
    def from_bytes(cls, content: bytes) -> InputState | None:
        """Read a state; None if it is damaged or of another format."""
        try:
            if _CHECK.unpack_from(content)[0] != zlib.crc32(memoryview(content)[_CHECK.size :]):
                return None
            return cls._read(content[_CHECK.size :])
        except (struct.error, UnicodeDecodeError):
            return None

    @classmethod
    def _read(cls, content: bytes) -> InputState | None:
        format_, width, height, frames, plan_bytes = _HEAD.unpack_from(content)
        if format_ != _FORMAT:
            return None
        at = _HEAD.size + plan_bytes
        plan = content[_HEAD.size : at]
        (count,) = _COUNTS.unpack_from(content, at)
        at += _COUNTS.size
        shown = {}
        for _ in range(count):
            key, digest = content[at : at + DIGEST_BYTES], content[at + DIGEST_BYTES : at + 2 * DIGEST_BYTES]
            at += 2 * DIGEST_BYTES
            (length,) = _LENGTH.unpack_from(content, at)
            at += _LENGTH.size
            names = content[at : at + length].decode("utf-8", "surrogateescape")
            at += length
            shown[key] = Shown(digest, tuple(names.split("\0")) if names else ())
        return cls((width, height), frames, plan, shown) if at <= len(content) else None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an input before it is looked at; the store's content, not decoded.

    Args:
        sha256: of the content that it is about, hexadecimal.
        state: see `InputState.to_bytes`.
        chunks: findings, see `pipeline.kept.codec`: one chunk for a photo, one for each segment of a video.
        is_same_file: whether the input is certainly the file that it is about, so that its content need not
            be hashed first.
        has_outputs: whether the outputs in the output folder are those that `state` speaks of. They may have
            been removed since.
        without: names of components whose findings or outputs are not to be used.
    """

    sha256: str
    state: bytes
    chunks: tuple[bytes, ...]
    is_same_file: bool = False
    has_outputs: bool = False
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to be kept of an input that was mined or asked again.

    Args:
        keys: of the components with findings, see `pipeline.kept.findings.keys_in`.
        state: see `InputState.to_bytes`.
        chunks: as in `Known`; None: those that the store has stay.
    """

    keys: bytes
    state: bytes
    chunks: tuple[bytes, ...] | None
