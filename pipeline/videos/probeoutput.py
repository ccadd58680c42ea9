"""Facts of a video from what ffmpeg prints about it; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from pipeline.capture import Capture
from pipeline.videos.facts import FrameTimes, Streams, VideoFacts
from pipeline.videos.header import DeclaredLength
from pipeline.videos.packets import NO_TIME, Packets, Stream
from pipeline.videos.streamlog import input_streams, picture_coding

_MISSING_S = 0.5
"""A file whose streams all end this much before its declared duration is cut off."""
_UNTIL_ITS_CLOCK = ("matroska", "asf")
"""Containers whose usual writer, ffmpeg, declares when the last packet ends, not how long all of it is."""
_ROUNDING_S = 0.001
_MAX_ASPECT = 4
_SQUARE = Fraction(1, 50)
_MAX_RATE = 300

_DURATION = re.compile(r"  Duration: (\d+):(\d\d):(\d\d\.\d\d)")
_START = re.compile(r"  Duration: .*, start: (-?\d+\.\d+)")
_TOO_LARGE = re.compile(r"Picture size (\d+)x(\d+) exceeds specified max pixel count")
_ROTATION = re.compile(r" +Display Matrix: rotation of (-?\d+\.\d+) degrees")


class ProbeOutput(NamedTuple):
    """What ffmpeg printed in its one pass over the file.

    Args:
        packets: of all streams; stream 0 is the video.
        first: the decoded video as a stream: upright, its time base one over the frame rate; None where
            nothing decodes.
        first_pts: of the first decoded frames.
        capture: what the file's tags say of when, where and with which camera it was taken.
        notes: ffmpeg's log at level info.
        container_errors: how often the reading of the container went wrong.
        error: the first error that ffmpeg reported.
        streams: which streams these are of.
    """

    packets: Packets
    first: Stream | None
    first_pts: list[int]
    capture: Capture
    notes: list[str]
    container_errors: int
    error: str
    streams: Streams


def stored_size(output: ProbeOutput) -> tuple[int, int]:
    """Width and height of the stored picture; from ffmpeg's refusal where that is all that it says."""
    if refused := _TOO_LARGE.match(output.error):
        return int(refused[1]), int(refused[2])
    return output.packets.streams.get(0, Stream()).size_wh


def facts_of(
    output: ProbeOutput, first: Stream, times: FrameTimes, container: str, declared: DeclaredLength
) -> VideoFacts:
    """Facts of a video from ffmpeg's output.

    Args:
        output: of ffmpeg.
        first: `output.first`, where something decodes.
        times: of all frames.
        container: a word of `pipeline.source.FORMATS`.
        declared: what the container's header says.
    """
    sample_aspect = _believable(first.sample_aspect)
    frame_rate = _frame_rate(first, times)
    start_s = float(times.zero * times.time_base)
    lead_s = _lead_s(output, start_s)
    declared_s = _declared_s(output.notes, declared, container, start_s, lead_s)
    is_cut_off = bool(
        declared.exceeds_file
        or output.container_errors
        or output.packets.is_damaged
        or (declared_s is not None and output.packets.end_s - start_s < declared_s - _MISSING_S)
    )
    end_s = times.seconds(len(times) - 1) + float(1 / frame_rate)
    if times.by_pts:
        end_s = max(end_s, _end_s(output.packets.streams[0]) - start_s)
    duration_s, frames = end_s, len(times)
    if is_cut_off and declared_s is not None and declared_s > end_s:
        duration_s = declared_s
        frames = max(frames, declared.frames or round(declared_s * frame_rate))
    return VideoFacts(
        size_wh=_squared(first.size_wh, sample_aspect),
        container=container,
        codec=output.packets.streams[0].codec,
        rotation=_rotation(output.notes, output.packets.streams[0].size_wh, first.size_wh),
        sample_aspect=sample_aspect,
        frame_rate=frame_rate,
        duration_s=round(duration_s, 6),
        declared_frames=frames,
        has_sound=any(stream.kind == "audio" for stream in output.packets.streams.values()),
        is_cut_off=is_cut_off,
        lead_s=lead_s,
        capture=output.capture,
        streams=output.streams,
        coding=picture_coding(
            output.notes,
            output.packets.streams[0].size_wh,
            has_fields=any(stream.has_fields for stream in input_streams(output.notes)),
        ),
    )


def _end_s(stream: Stream) -> float:
    return float(stream.end * stream.time_base)


def _declared_s(
    notes: Sequence[str], declared: DeclaredLength, container: str, start_s: float, lead_s: float
) -> float | None:
    """How long it should be from `start_s` on; the log has the container's word in hundredths of a second."""
    declared_s = declared.duration_s
    if declared_s is None:
        found = next(filter(None, map(_DURATION.match, notes)), None)
        if found is None:
            return None
        declared_s = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
        if container not in _UNTIL_ITS_CLOCK:
            return declared_s - lead_s
    if container in _UNTIL_ITS_CLOCK and 0 < start_s < declared_s:
        return declared_s - start_s
    return declared_s


def _lead_s(output: ProbeOutput, start_s: float) -> float:
    """How long before a time ffmpeg takes the file to begin; it counts from there unless told otherwise."""
    if output.packets.pts[0] == NO_TIME:  # then the first frame's time is the decoder's delay
        return 0.0
    found = next(filter(None, map(_START.match, output.notes)), None)
    lead_s = round(start_s - float(found[1]), 6) if found else 0.0
    return lead_s if abs(lead_s) >= _ROUNDING_S else 0.0


def _rotation(notes: Sequence[str], stored_wh: tuple[int, int], upright_wh: tuple[int, int]) -> int:
    """Degrees clockwise. The log has them counterclockwise; what became of the size has the last word."""
    found = next(filter(None, map(_ROTATION.match, notes)), None)
    clockwise = round(-float(found[1])) % 360 if found else 0
    lies_on_its_side = stored_wh != upright_wh and stored_wh == upright_wh[::-1]
    if lies_on_its_side and clockwise not in (90, 270):
        return 90
    return clockwise


def _believable(sample_aspect: Fraction) -> Fraction:
    """An aspect that a camera may have meant; nearly square is square, absurd is unknown."""
    is_believable = Fraction(1, _MAX_ASPECT) <= sample_aspect <= _MAX_ASPECT
    return sample_aspect if is_believable and abs(sample_aspect - 1) > _SQUARE else Fraction(1)


def _squared(size_wh: tuple[int, int], sample_aspect: Fraction) -> tuple[int, int]:
    """The size with square pixels, by stretching, never by shrinking."""
    width, height = size_wh
    if sample_aspect >= 1:
        return round(width * sample_aspect), height
    return width, round(height / sample_aspect)


def _frame_rate(first: Stream, times: FrameTimes) -> Fraction:
    """The declared rate; where the container declares its clock's rate instead, the mean one."""
    declared = 1 / first.time_base
    span = (times.pts[-1] - times.pts[0]) * times.time_base
    if declared <= _MAX_RATE or not span:
        return declared
    return ((len(times) - 1) / span).limit_denominator(1001)
