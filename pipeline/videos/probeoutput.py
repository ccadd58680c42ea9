"""Facts of a video from what ffmpeg prints about it; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from pipeline.capture import Capture
from pipeline.videos.facts import FrameTimes, Streams, VideoFacts
from pipeline.videos.geometry import pixel_aspect, squared, turning
from pipeline.videos.header import DeclaredLength
from pipeline.videos.isomedia import Track
from pipeline.videos.packets import NO_TIME, Packets, Stream
from pipeline.videos.streamlog import has_late_video, input_streams, picture_coding

_MISSING_S = 0.5
"""A file is cut off if all of its streams end this much before its declared duration."""
_UNTIL_ITS_CLOCK = ("matroska", "asf")
"""Containers in which ffmpeg, their usual writer, declares the end of the last packet, not the duration."""
_ROUNDING_S = 0.001
_MAX_RATE = 300

_DURATION = re.compile(r"  Duration: (\d+):(\d\d):(\d\d\.\d\d)")
_START = re.compile(r"  Duration: .*, start: (-?\d+\.\d+)")
_TOO_LARGE = re.compile(r"Picture size (\d+)x(\d+) exceeds specified max pixel count")


class ProbeOutput(NamedTuple):
    """What ffmpeg printed in its one pass over the file.

    Args:
        packets: of all streams; stream 0 is the video.
        first: the decoded video as a stream: upright, its time base one over the frame rate; None where
            nothing decodes.
        first_pts: of the first decoded frames.
        capture: what the file's tags say of when, where and with which camera it was taken.
        notes: ffmpeg's log at level info.
        container_errors: how many errors ffmpeg reported in reading the container.
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
    """Width and height of the stored picture; from the error message if ffmpeg refuses to decode it."""
    if refused := _TOO_LARGE.match(output.error):
        return int(refused[1]), int(refused[2])
    return output.packets.streams.get(0, Stream()).size_wh


class Container(NamedTuple):
    """What the bytes of the container itself say.

    Args:
        format: a word of `pipeline.formats.FORMATS`.
        declared: the length that its header declares.
        track: the track of an MP4 that is mined; None in other containers.
        goes_on: whether it ends with a video stream that its beginning does not announce.
    """

    format: str
    declared: DeclaredLength = DeclaredLength()
    track: Track | None = None
    goes_on: bool = False


def facts_of(output: ProbeOutput, first: Stream, times: FrameTimes, container: Container) -> VideoFacts:
    """Facts of a video from ffmpeg's output.

    Args:
        output: of ffmpeg.
        first: `output.first`, where something decodes.
        times: of all frames.
        container: what its own bytes say.
    """
    stored_wh, declared = output.packets.streams[0].size_wh, container.declared
    sample_aspect = pixel_aspect(first.sample_aspect, stored_wh, first.size_wh, container.track)
    rotation, is_mirrored = turning(output.notes, stored_wh, first.size_wh, container.track)
    frame_rate = _frame_rate(first, times)
    start_s = float(times.zero * times.time_base)
    lead_s = _lead_s(output, start_s)
    declared_s = _declared_s(output.notes, container, start_s, lead_s)
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
        size_wh=squared(first.size_wh, sample_aspect),
        container=container.format,
        codec=output.packets.streams[0].codec,
        rotation=rotation,
        sample_aspect=sample_aspect,
        frame_rate=frame_rate,
        duration_s=round(duration_s, 6),
        declared_frames=frames,
        has_sound=any(stream.kind == "audio" for stream in output.packets.streams.values()),
        is_cut_off=is_cut_off,
        lead_s=lead_s,
        capture=output.capture,
        is_mirrored=is_mirrored,
        goes_on=container.goes_on or has_late_video(output.notes),
        streams=output.streams,
        coding=picture_coding(
            output.notes,
            stored_wh,
            has_fields=any(stream.has_fields for stream in input_streams(output.notes)),
        ),
    )


def _end_s(stream: Stream) -> float:
    return float(stream.end * stream.time_base)


def _declared_s(notes: Sequence[str], container: Container, start_s: float, lead_s: float) -> float | None:
    """How long it should be from `start_s` on; the log rounds the container's duration to 0.01 s."""
    if container.declared.is_complete:
        return None
    declared_s = container.declared.duration_s
    if declared_s is None:
        found = next(filter(None, map(_DURATION.match, notes)), None)
        if found is None:
            return None
        declared_s = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
        if container.format not in _UNTIL_ITS_CLOCK:
            return declared_s - lead_s
    if container.format in _UNTIL_ITS_CLOCK and 0 < start_s < declared_s:
        return declared_s - start_s
    return declared_s


def _lead_s(output: ProbeOutput, start_s: float) -> float:
    """How long before a time the file begins for ffmpeg, which counts from there without `-copyts`."""
    if output.packets.pts[0] == NO_TIME:  # then the first frame's time is the decoder's delay
        return 0.0
    found = next(filter(None, map(_START.match, output.notes)), None)
    lead_s = round(start_s - float(found[1]), 6) if found else 0.0
    return lead_s if abs(lead_s) >= _ROUNDING_S else 0.0


def _frame_rate(first: Stream, times: FrameTimes) -> Fraction:
    """The declared rate; the mean one if the container declares its clock's rate instead."""
    declared = 1 / first.time_base
    span = (times.pts[-1] - times.pts[0]) * times.time_base
    if declared <= _MAX_RATE or not span:
        return declared
    return ((len(times) - 1) / span).limit_denominator(1001)
