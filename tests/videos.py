"""Videos that the tests make with the project's own ffmpeg: each frame bears its number in squares."""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.formats import FORMATS, HEAD_BYTES, identify
from pipeline.frame import RgbArray
from pipeline.host.ffmpeg import ffmpeg_path
from pipeline.source import Limits, Source, SourceKind, Stamp
from pipeline.videos.facts import Video
from pipeline.videos.probe import probe_file
from pipeline.videos.reader import ReadStats, iter_frames, split_video
from pipeline.videos.sampling import Sampling

RATE = 25
BITS = 10
SQUARE = 16
SIZE_WH = (BITS * SQUARE, 96)

NUMBERED = (
    f"geq=lum='if(lt(Y,{SQUARE}),if(mod(floor(N/pow(2,floor(X/{SQUARE}))),2),235,16),lum(X,Y))'"
    f":cb='if(lt(Y,{SQUARE}),128,cb(X,Y))':cr='if(lt(Y,{SQUARE}),128,cr(X,Y))'"
)
"""ffmpeg filter: bit i of the frame's number is the i-th square of the first row, white for 1."""

VARIABLE = "select='not(mod(n,3))+lt(mod(n,7),2)'"
"""ffmpeg filter that leaves frames out here and there; what is left keeps its number and its time."""


MOST_FRAMES = 300


def is_left(number: int) -> bool:
    """Whether `VARIABLE` leaves this frame in."""
    return number % 3 == 0 or number % 7 < 2


def ffmpeg(*arguments: str | bytes | os.PathLike[str]) -> None:
    """Run ffmpeg, which must succeed."""
    command = [ffmpeg_path(), "-nostdin", "-v", "error", "-y", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stderr


@functools.cache
def _numbered(size_wh: tuple[int, int]) -> tuple[Path, tempfile.TemporaryDirectory[str]]:
    """A lossless numbered video that all others are made of: drawing the numbers is what takes time."""
    folder = tempfile.TemporaryDirectory(prefix="deepvisualminer-tests-")
    path = Path(folder.name) / "numbered.avi"
    picture = f"testsrc2=size={size_wh[0]}x{size_wh[1]}:rate={RATE}"
    ffmpeg("-f", "lavfi", "-i", picture, "-vf", NUMBERED, "-frames:v", str(MOST_FRAMES), "-c:v", "ffv1", path)
    return path, folder


def make_video(
    path: Path,
    *encoding: str,
    frames: int = 100,
    size_wh: tuple[int, int] = SIZE_WH,
    filters: Sequence[str] = (),
) -> Path:
    """A numbered video.

    Args:
        encoding: ffmpeg's output options.
        frames: how many frames there are before `filters` see them, up to `MOST_FRAMES`.
        filters: further ffmpeg filters.
    """
    numbered, _ = _numbered(size_wh)
    chain = ",".join((f"trim=end_frame={frames}", *filters))
    ffmpeg("-i", numbered, "-vf", chain, "-fps_mode", "passthrough", *encoding, path)
    return path


def number_in(rgb: RgbArray) -> int:
    """The number that a frame bears."""
    middle = SQUARE // 2
    squares = rgb[middle - 3 : middle + 3, : BITS * SQUARE].astype(np.float64).mean(axis=(0, 2))
    bits = range(len(squares) // SQUARE)  # a narrow picture shows the lowest ones
    return sum(1 << bit for bit in bits if squares[bit * SQUARE + 4 : (bit + 1) * SQUARE - 4].mean() > 127)


def source_of(path: Path | str) -> Source:
    """A source as the walk gives it."""
    name = os.fspath(path)
    found = os.stat(name)
    with open(name, "rb") as stream:
        format_ = identify(stream.read(HEAD_BYTES)) or "mp4"
    assert format_ in FORMATS
    relative = os.path.basename(name)
    return Source(name, relative, SourceKind.VIDEO, format_, Stamp.of(found))


class Seen(NamedTuple):
    """What a test wants to know of a frame."""

    index: int
    timestamp: float
    number: int
    pixels: bytes


class ReadVideo(NamedTuple):
    """A video as it was read."""

    video: Video
    segments: int
    frames: list[Seen]
    stats: ReadStats

    @property
    def numbers(self) -> list[int]:
        """The numbers that the frames bear."""
        return [frame.number for frame in self.frames]

    @property
    def indices(self) -> list[int]:
        """The frames' indices."""
        return [frame.index for frame in self.frames]

    @property
    def times(self) -> list[float]:
        """The frames' timestamps."""
        return [frame.timestamp for frame in self.frames]


def read_video(path: Path, sampling: Sampling | None = None) -> ReadVideo:
    """All that a video gives, segment by segment."""
    source = source_of(path)
    video = probe_file(source, Limits())
    segments = split_video(source, video, sampling or Sampling())
    total = ReadStats()
    seen = []
    for segment in segments:
        stats = ReadStats()
        for frame in iter_frames(source, video.facts, segment, stats):
            rgb = frame.rgb()
            seen.append(Seen(frame.index, frame.timestamp or 0.0, number_in(rgb), rgb.tobytes()))
        total.add(stats)
    return ReadVideo(video, len(segments), seen, total)
