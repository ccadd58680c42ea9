"""Join encoded segments to one video, without encoding them again, with the source's sound."""

from __future__ import annotations

import contextlib
import logging
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from annotators.mark import MARK
from annotators.videoencoder import failure_of
from annotators.videoformats import COPIED_TAGS, FORMAT_OPTIONS, GIF_FILTER, VideoFormat
from pipeline.errors import FailureCode, SourceError
from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import replace_file
from pipeline.files.parts import make_part, remove_parts
from pipeline.source import Source
from pipeline.text import printable
from pipeline.videos.facts import VideoFacts
from pipeline.videos.ffmpeg import Ffmpeg, safe_input
from pipeline.videos.pipereader import PipeReader

_log = logging.getLogger(__name__)

_TIMEOUT_S = 1800.0
_REPEATABLE = ("-fflags", "+bitexact", "-map_metadata", "-1", "-map_chapters", "-1")
_TO_NOWHERE = ("-c", "copy", "-f", "null", "-")
"""Options of an output that writes nothing: ffmpeg takes an MPEG stream to begin with the first packet of all
streams that are used, so that the mined one must be used too."""
_IRREGULAR_AVI_RATE = 1000


@dataclass(frozen=True, slots=True)
class EncodedSegment:
    """One encoded segment.

    Args:
        path: of the file.
        frames: how many there are in it.
        first_us, last_us: when its first and its last frame are shown, microseconds from the video's start.
        is_regular: whether the time of each of its frames is a multiple of the frame's duration.
    """

    path: Path
    frames: int
    first_us: int
    last_us: int
    is_regular: bool


@dataclass(frozen=True, slots=True)
class Copy:
    """An annotated copy of a video.

    Args:
        source: the video.
        facts: of it.
        format: of the copy.
        segments: at least one, in the order of the video.
        is_cut: whether it begins with its first frame and ends with its last, the sound too; if not, it
            begins where the source begins.
    """

    source: Source
    facts: VideoFacts
    format: VideoFormat
    segments: Sequence[EncodedSegment]
    is_cut: bool


def join_segments(path: Path, copy: Copy) -> None:
    """Write the whole video, and give it its name when its frames have been counted.

    The sound of the default sound stream is copied as it is. Sound that the format cannot hold is encoded;
    sound that cannot be read is left out.

    Raises:
        SourceError: it cannot be done.
        OutputError: the disk is full.
    """
    options = FORMAT_OPTIONS[copy.format]
    has_sound = copy.facts.has_sound and options.sound is not None
    with replace_file(path) as stream, _listed(copy.segments, path.parent) as listing:
        part = Path(stream.name)
        for sound in (*((("-c:a", "copy"), options.sound) if has_sound else ()), None):
            with Ffmpeg(_arguments(listing, part, copy, sound), (), "error") as ffmpeg:
                if ffmpeg.end(_TIMEOUT_S) == 0:
                    break
                failure = failure_of(ffmpeg, path)
            if sound is None:
                raise failure
            if sound == options.sound:
                _log.warning("%s: the sound is left out (%s)", printable(path), ffmpeg.stderr.first_error)
        _mark(part, copy.format)
        wanted, found = sum(segment.frames for segment in copy.segments), _count_frames(part)
        if found != wanted:
            raise SourceError(
                FailureCode.COMPONENT_FAILED, f"the annotated video has {found} frames instead of {wanted}"
            )


@contextlib.contextmanager
def _listed(segments: Sequence[EncodedSegment], folder: Path) -> Iterator[Path]:
    """A list of the segments for ffmpeg's concat demuxer, beside them: their names need no quoting."""
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


def _arguments(listing: Path, part: Path, copy: Copy, sound: Sequence[str] | None) -> list[str]:
    first_s = copy.segments[0].first_us / 1e6
    end_s = copy.segments[-1].last_us / 1e6 + float(1 / copy.facts.frame_rate)
    start_s = first_s if copy.is_cut else 0.0
    video = ["-f", "concat", "-safe", "0", "-i", f"file:{os.path.abspath(listing)}"]
    if first_s != start_s:
        video = ["-itsoffset", f"{first_s - start_s:.6f}", *video]
    audio: list[str] = []
    maps = [] if copy.format == "gif" else ["-map", "0:v"]
    clock: Sequence[str] = ()
    if sound is not None:
        streams = copy.facts.streams
        audio = [
            *_sound_timing(start_s, end_s, copy),
            *safe_input(copy.source.path, copy.source.format),
        ]
        maps += ["-map", f"1:{streams.sound}", *sound]
        if copy.is_cut:  # else packets between the place that ffmpeg seeks to and the start come before it
            maps += ["-copypriorss:a", "0"]
        clock = ("-map", f"1:{streams.video}", "-map", "1:a", *_TO_NOWHERE)
    muxer = FORMAT_OPTIONS[copy.format].muxer
    comment = ("-metadata", f"comment={MARK}")
    output = [*maps, *_coding(copy), *_REPEATABLE, *comment, *muxer, "-y", f"file:{os.path.abspath(part)}"]
    return [*video, *audio, *output, *clock]


def _coding(copy: Copy) -> list[str]:
    """Options for the pictures: copied as they are, GIF's encoded."""
    if copy.format == "gif":
        return ["-filter_complex", f"[0:v]{GIF_FILTER}", "-fps_mode", "passthrough", "-threads", "1"]
    frame_s = 1 / copy.facts.frame_rate  # the last one's too: MP4 would hide a last frame of no duration
    duration = f"{frame_s.numerator}/{frame_s.denominator}/TB"
    coding = ["-c:v", "copy", "-bsf:v", f"setts=dts=PTS:duration={duration}"]
    if FORMAT_OPTIONS[copy.format].colors == "tagged":
        coding += COPIED_TAGS
    if copy.format == "avi":
        is_regular = all(segment.is_regular for segment in copy.segments)
        coding += ["-r", str(copy.facts.frame_rate if is_regular else _IRREGULAR_AVI_RATE)]
    return coding


def _mark(part: Path, format_: VideoFormat) -> None:
    """Append the mark, for MP4 and GIF: ffmpeg writes MP4's comment far from both ends, and GIF's not at all.

    Source: ISO/IEC 14496-12, FreeSpaceBox; GIF readers ignore what follows the trailer.
    """
    mark = MARK.encode()
    endings = {"mp4": struct.pack(">I4s", 8 + len(mark), b"free") + mark, "gif": mark}
    with output_errors(part), open(part, "ab") as stream:
        stream.write(endings.get(format_, b""))


def _sound_timing(start_s: float, end_s: float, copy: Copy) -> list[str]:
    """Input options that move the sound from ffmpeg's clock, which begins with the file, to the pictures'."""
    lead_s = copy.facts.lead_s
    if not copy.is_cut:
        return ["-itsoffset", f"{-lead_s:.6f}"] if lead_s else []
    begin_s = start_s + lead_s
    if begin_s >= 0:
        return ["-ss", f"{begin_s:.6f}", "-t", f"{end_s - start_s:.6f}"]
    return ["-itsoffset", f"{-begin_s:.6f}", "-t", f"{end_s - start_s:.6f}"]


def _count_frames(path: Path) -> int:
    """How many frames a finished video has."""
    pipe = PipeReader()
    video = f"file:{os.path.abspath(path)}"
    arguments = ("-i", video, "-map", "0:v", "-c", "copy", "-f", "framecrc", pipe.url)
    with Ffmpeg(arguments, (pipe,), "error") as ffmpeg:
        count = sum(not line.startswith(b"#") for line in pipe.iter_lines())
        ffmpeg.end()
    return count
