"""Encoded segments to one video, without encoding them again, and the source's sound beside them."""

from __future__ import annotations

import contextlib
import logging
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from annotators.mark import MARK
from annotators.videoencoder import failure_of
from annotators.videoformats import COPIED_TAGS, FORMAT_OPTIONS, GIF_FILTER, VideoFormat
from pipeline.errors import FailureCode, SourceError
from pipeline.files.outputs import make_part, output_errors, remove_parts, replace_file
from pipeline.source import Source
from pipeline.text import printable
from pipeline.videos.ffmpeg import Ffmpeg, safe_input
from pipeline.videos.pipereader import PipeReader

_log = logging.getLogger(__name__)

_PATIENCE_S = 1800.0
_REPEATABLE = ("-fflags", "+bitexact", "-map_metadata", "-1", "-map_chapters", "-1")
_CLOCK = ("-map", "1:V:0", "-map", "1:a", "-c", "copy", "-f", "null", "-")
"""The source to nowhere: ffmpeg takes an MPEG stream to begin with what is used of it."""
_IRREGULAR_AVI_RATE = 1000


@dataclass(frozen=True, slots=True)
class EncodedSegment:
    """One encoded segment.

    Args:
        path: of the file.
        frames: how many there are in it.
        first_us, last_us: when its first and its last frame are shown, microseconds from the video's start.
        is_regular: whether each of its frames lies on a multiple of the frame's duration.
    """

    path: Path
    frames: int
    first_us: int
    last_us: int
    is_regular: bool


@dataclass(frozen=True, slots=True)
class Timing:
    """How the whole is shown.

    Args:
        frame_rate: of the source.
        is_cut: whether it begins with its first frame and ends with its last, the sound too; if not, at the
            start of the source.
        lead_s: as in `VideoFacts`.
    """

    frame_rate: Fraction
    is_cut: bool
    lead_s: float


def join_encoded(
    path: Path,
    source: Source,
    has_sound: bool,
    format_: VideoFormat,
    segments: Sequence[EncodedSegment],
    timing: Timing,
) -> None:
    """Write the whole video, and put it under its name when its frames have been counted.

    Sound is copied as it is; what the format cannot hold is encoded anew; what cannot be read is left out.

    Raises:
        SourceError: it cannot be done.
        OutputError: the disk is full.
    """
    options = FORMAT_OPTIONS[format_]
    with replace_file(path) as stream, _listed(segments, path.parent) as listing:
        part = Path(stream.name)
        sounds = (("-c:a", "copy"), options.sound) if has_sound and options.sound is not None else ()
        for sound in (*sounds, None):
            arguments = _arguments(listing, part, source, format_, segments, timing, sound)
            with Ffmpeg(arguments, (), "error") as ffmpeg:
                if ffmpeg.end(_PATIENCE_S) == 0:
                    break
                failure = failure_of(ffmpeg, path)
            if sound is None:
                raise failure
            if sound == options.sound:
                _log.warning("%s: the sound is left out (%s)", printable(path), ffmpeg.stderr.first_error)
        _mark(part, format_)
        wanted, found = sum(segment.frames for segment in segments), _count_frames(part)
        if found != wanted:
            raise SourceError(
                FailureCode.COMPONENT_FAILED, f"the annotated video has {found} frames instead of {wanted}"
            )


@contextlib.contextmanager
def _listed(segments: Sequence[EncodedSegment], folder: Path) -> Iterator[Path]:
    """A file that tells ffmpeg's concat demuxer of the segments, beside them: their names need no quoting."""
    listing = make_part(folder)
    try:
        lines = ["ffconcat version 1.0"]
        nexts = [*(segment.first_us for segment in segments[1:]), segments[-1].last_us + 1]
        for segment, next_us in zip(segments, nexts, strict=True):
            lines += [f"file '{segment.path.name}'", f"duration {next_us - segment.first_us}us"]
        with output_errors(listing):
            listing.write_text("\n".join(lines) + "\n", encoding="ascii")
        yield listing
    finally:
        remove_parts([listing])


def _arguments(
    listing: Path,
    part: Path,
    source: Source,
    format_: VideoFormat,
    segments: Sequence[EncodedSegment],
    timing: Timing,
    sound: Sequence[str] | None,
) -> list[str]:
    start_s = segments[0].first_us / 1e6 if timing.is_cut else 0.0
    end_s = segments[-1].last_us / 1e6 + float(1 / timing.frame_rate)
    offset_s = segments[0].first_us / 1e6 - start_s
    video = [*("-f", "concat", "-safe", "0", "-i", f"file:{os.path.abspath(listing)}")]
    if offset_s:
        video = ["-itsoffset", f"{offset_s:.6f}", *video]
    audio: list[str] = []
    if sound is not None:
        audio = [*_sound_timing(start_s, end_s, timing), *safe_input(source.path)]
        if (
            timing.is_cut
        ):  # else what lies between the place that ffmpeg finds and the start is kept before it
            sound = (*sound, "-copypriorss:a", "0")
    maps = ["-map", "0:v", *(("-map", "1:a:0", *sound) if sound is not None else ())]
    if format_ == "gif":
        coding = ["-filter_complex", f"[0:v]{GIF_FILTER}", "-fps_mode", "passthrough", "-threads", "1"]
        maps = []
    else:
        frame_s = 1 / timing.frame_rate  # the last one's too: MP4 would hide a last frame of no duration
        lasting = f"{frame_s.numerator}/{frame_s.denominator}/TB"
        coding = ["-c:v", "copy", "-bsf:v", f"setts=dts=PTS:duration={lasting}"]
        if FORMAT_OPTIONS[format_].colors == "tagged":
            coding += COPIED_TAGS
    if format_ == "avi":
        is_regular = all(segment.is_regular for segment in segments)
        coding += ["-r", str(timing.frame_rate if is_regular else _IRREGULAR_AVI_RATE)]
    muxer = FORMAT_OPTIONS[format_].muxer
    comment = ("-metadata", f"comment={MARK}")
    output = [*maps, *coding, *_REPEATABLE, *comment, *muxer, "-y", f"file:{os.path.abspath(part)}"]
    return [*video, *audio, *output, *(_CLOCK if sound is not None else ())]


def _mark(part: Path, format_: VideoFormat) -> None:
    """Put the mark where it is looked for: ffmpeg writes MP4's far from both ends, and GIF's not at all.

    Source: ISO/IEC 14496-12, FreeSpaceBox; of a GIF nobody reads what comes behind its trailer.
    """
    mark = MARK.encode()
    endings = {"mp4": struct.pack(">I4s", 8 + len(mark), b"free") + mark, "gif": mark}
    with output_errors(part), open(part, "ab") as stream:
        stream.write(endings.get(format_, b""))


def _sound_timing(start_s: float, end_s: float, timing: Timing) -> list[str]:
    """What makes ffmpeg's clock of the sound, which begins with the file, that of the pictures."""
    if not timing.is_cut:
        return ["-itsoffset", f"{-timing.lead_s:.6f}"] if timing.lead_s else []
    begin_s = start_s + timing.lead_s
    if begin_s >= 0:
        return ["-ss", f"{begin_s:.6f}", "-t", f"{end_s - start_s:.6f}"]
    return ["-itsoffset", f"{-begin_s:.6f}", "-t", f"{end_s - start_s:.6f}"]


def _count_frames(path: Path) -> int:
    """How many frames a finished video has."""
    pipe = PipeReader()
    arguments = (
        "-i",
        f"file:{os.path.abspath(path)}",
        "-map",
        "0:v",
        "-c",
        "copy",
        "-f",
        "framecrc",
        pipe.url,
    )
    with Ffmpeg(arguments, (pipe,), "error") as ffmpeg:
        count = sum(not line.startswith(b"#") for line in pipe.iter_lines())
        ffmpeg.end()
    return count
