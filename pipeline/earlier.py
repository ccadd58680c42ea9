"""What an earlier run knew of an input, decoded, and which of it still holds for this pipeline."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.component import Writer
from pipeline.detecting import Step
from pipeline.files.outputs import output_path, output_suffix
from pipeline.kept.codec import CodecError, decode, encode
from pipeline.kept.findings import NOTHING_KNOWN, FrameFindings, digest
from pipeline.kept.values import InputState, Known, Shown
from pipeline.source import Source

_MOST_BESIDE_BYTES = 32 << 20
"""Of a file beside an input that are compared."""


class Earlier:
    """What an earlier run knew of an input.

    Args:
        known: the store's content; None if nothing is known.
        keys_without: keys of components whose findings and outputs are not to be used.
    """

    def __init__(self, known: Known | None, keys_without: Collection[bytes] = ()) -> None:
        self._known = known
        self._without = frozenset(keys_without)
        self._decoded: tuple[int, list[FrameFindings]] | None = None
        self.state = InputState.from_bytes(known.state) if known is not None else None

    @property
    def is_same_file(self) -> bool:
        """Whether the input is certainly the file that this is about."""
        return self._known is not None and self.state is not None and self._known.is_same_file

    def is_about(self, sha256: str | None) -> bool:
        """Whether this is about a content, by its SHA-256, hexadecimal."""
        return self._known is not None and self.state is not None and self._known.sha256 == sha256

    @property
    def segments(self) -> int:
        """Number of chunks of findings: one for a photo."""
        return len(self._known.chunks) if self._known is not None else 0

    @property
    def sha256(self) -> str | None:
        """Of the content that this is about, hexadecimal; None if nothing is known."""
        return self._known.sha256 if self._known is not None else None

    def chunk(self, number: int) -> bytes | None:
        """The findings in a segment, encoded; None if there are none."""
        known = self._known
        if known is None or number >= len(known.chunks):
            return None
        return encode(self.frames(number)) if self._without else known.chunks[number]

    def frames(self, number: int) -> list[FrameFindings]:
        """The findings in the frames of one segment, or in a photo; empty if there are none."""
        if self._decoded is None or self._decoded[0] != number:
            chunks = self._known.chunks if self._known is not None else ()
            chunk = chunks[number] if number < len(chunks) else b""
            self._decoded = number, frames_of(chunk, self._without)
        return self._decoded[1]

    def frame(self, place: int, number: int = 0, index: int = 0) -> FrameFindings:
        """The findings in a photo, or in one frame of a segment; nothing if there are none."""
        return frame_at(place, index, self.frames(number))

    def is_current(self, step: Step[Writer], source: Source, shown: bytes, output_root: Path) -> bool:
        """Whether a writer's outputs are there and show this.

        Args:
            shown: digest of what the writer would be given.
        """
        return bool(
            (earlier := self._shown_by(step)) is not None
            and earlier.digest == digest_for(step, source, shown)
            and all(map(_is_file, outputs_of(earlier, source, output_root)))
        )

    def kept_by(self, steps: Iterable[Step[Writer]]) -> dict[bytes, Shown]:
        """What these writers have shown, by their keys."""
        return {step.key.digest: shown for step in steps if (shown := self._shown_by(step)) is not None}

    def _shown_by(self, step: Step[Writer]) -> Shown | None:
        if self._known is None or self.state is None or not self._known.has_outputs:
            return None
        return None if step.key.digest in self._without else self.state.shown.get(step.key.digest)


NOTHING = Earlier(None)


def frames_of(chunk: bytes, without: Collection[bytes] = ()) -> list[FrameFindings]:
    """Decode a chunk; empty if it is damaged or empty."""
    try:
        frames = decode(chunk)
    except CodecError:
        return []
    if not without:
        return frames
    return [
        replace(frame, of={key: one for key, one in frame.of.items() if key not in without})
        for frame in frames
    ]


def frame_at(place: int, index: int, frames: Sequence[FrameFindings]) -> FrameFindings:
    """The findings in a frame, by its place in the segment and its index; nothing if there are none."""
    return frames[place] if place < len(frames) and frames[place].index == index else NOTHING_KNOWN


def digest_for(step: Step[Writer], source: Source, shown: bytes) -> bytes:
    """A digest of all that decides what a writer writes of an input, beside its key.

    Args:
        shown: digest of what it is given.
    """
    beside = [_content_digest(path) for path in step.component.files_beside(source)]
    return digest(shown, *beside) if any(beside) else shown


def _content_digest(path: str) -> bytes:
    """A digest of a file beside an input; empty if there is none that can be read."""
    with contextlib.suppress(OSError):
        if os.path.isfile(path):
            with open(path, "rb") as stream:
                return digest(os.fsencode(path), stream.read(_MOST_BESIDE_BYTES))
    return b""


def shown_of(source: Source, digest: bytes, outputs: Iterable[Path]) -> Shown | None:
    """What is to be kept of a writer's outputs; None if their names do not begin with the input's."""
    name = os.path.basename(source.relative)
    suffixes = [output_suffix(output.name, name) for output in sorted(set(outputs))]
    known = tuple(suffix for suffix in suffixes if suffix is not None)
    return Shown(digest, known) if len(known) == len(suffixes) else None


def outputs_of(shown: Shown, source: Source, output_root: Path) -> list[Path]:
    """The paths of a writer's outputs."""
    return [output_path(output_root, source.relative, suffix) for suffix in shown.suffixes]


def _is_file(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return stat.S_ISREG(os.stat(path).st_mode)
    return False
