"""One frame of a video, usually without reading the whole file: the pixels that mining sees at the same time.

Times count from the same zero as those of the report, and a frame is known by its own time in the file,
so an edit list or early sound moves nothing. Decoding begins a little before the frame, and earlier if that
turns out to be too late. If the times in the file do not lead to the frame, as in a recording whose clock
jumps, the whole file is probed as for mining.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from contextlib import closing
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pipeline.errors import FailureCode, SourceError
from pipeline.frame import RgbArray
from pipeline.source import Limits, Source
from pipeline.videos.facts import FileVersion, PictureCoding
from pipeline.videos.ffmpeg import MAX_FRAME_PIXELS, Ffmpeg, input_arguments
from pipeline.videos.filters import filter_chain, pixel_format
from pipeline.videos.pipereader import PipeReader
from pipeline.videos.probe import file_version, probe_beginning, probe_file
from pipeline.videos.probeoutput import stored_size
from pipeline.videos.reader import ReadStats, iter_frames, rgb_conversion
from pipeline.videos.segments import plan_segments
from pipeline.videos.streamlog import input_streams, picture_coding
from pipeline.videos.times import first_zero

_EARLIER_S = 0.002
"""Times are passed in milliseconds; a frame that begins within the rounding is the one that is meant."""
_LEADS_S = (0.0, 2.0, 15.0)
"""How long before the frame ffmpeg seeks; the next one is tried if decoding begins after the frame."""
_MOST_LATER_S = 1.0
"""A frame that is found this long after the time is looked up in the table of all frames."""


class _Decoding(NamedTuple):
    """How a file's frames are decoded.

    Args:
        stream: ffmpeg's specifier of the video stream.
        coding: how its pictures are stored.
        time_base: seconds of one unit of the stream's times.
        zero: the stream's time at which the file begins.
    """

    stream: str
    coding: PictureCoding
    time_base: Fraction
    zero: int


def read_still(source: Source, time_s: float, size_wh: tuple[int, int]) -> RgbArray:
    """The first frame that is shown at a time or later, upright.

    Args:
        source: the file.
        time_s: seconds from the start of the video, as in its report.
        size_wh: width and height of the result, pixels; it should have the video's aspect ratio.
    Raises: SourceError: the file cannot be decoded, or has no frame there.
    """
    width, height = size_wh
    if not 0 < width * height <= MAX_FRAME_PIXELS:
        raise SourceError(FailureCode.TOO_LARGE, f"no frame of {width}x{height} can be made")
    decoding = _decoding_of(source, file_version(source))
    wanted_s = max(0.0, time_s) - _EARLIER_S
    start_s = float(decoding.zero * decoding.time_base)
    for lead_s in (*(lead_s for lead_s in _LEADS_S if lead_s < wanted_s), None):
        seek_s = None if lead_s is None else start_s + wanted_s - lead_s
        first_pts = decoding.zero + math.ceil(Fraction(wanted_s) / decoding.time_base)
        found = _decode(source, decoding, first_pts, seek_s, size_wh)
        if found is not None:
            return found
    return _looked_up(source, wanted_s, size_wh)


def _decode(
    source: Source, decoding: _Decoding, first_pts: int, seek_s: float | None, size_wh: tuple[int, int]
) -> RgbArray | None:
    """The first frame whose time is not before another.

    Args:
        first_pts: the least time of the frame.
        seek_s: where ffmpeg seeks; None: it begins at the start of the file.
    Returns: None if it is not sure that this is the first such frame, or there is none.
    """
    to_rgb, channel = rgb_conversion(decoding.coding)
    picture = np.empty((size_wh[1], size_wh[0], 3), channel)
    keys, pixels = pipes = PipeReader(), PipeReader(wide=True)
    # The first keyframe passes too: it shows where decoding began. Without one, a late frame ends the try.
    late_pts = first_pts + math.ceil(_MOST_LATER_S / decoding.time_base)
    since_keyframe = f"if(ld(0),gte(pts,{first_pts}),max(st(0,key),gte(pts,{late_pts})))"
    select = f"gte(pts,{first_pts})" if seek_s is None else since_keyframe
    # fmt: off
    arguments = [
        *(() if seek_s is None else ("-noaccurate_seek", "-ss", f"{seek_s:.6f}")), *input_arguments(source),
        "-map", f"0:{decoding.stream}", "-vf", filter_chain(select, size_wh, decoding.coding),
        "-fps_mode", "passthrough", "-enc_time_base", "demux", "-frames:v", "2",
        "-stats_enc_pre", keys.url, "-stats_enc_pre_fmt", "{pts}",
        "-c:v", "rawvideo", "-pix_fmt", pixel_format(decoding.coding), "-f", "rawvideo", pixels.url,
    ]
    # fmt: on
    with Ffmpeg(arguments, pipes, "error") as ffmpeg:
        try:
            began_before = seek_s is None
            while (line := keys.read_line()) is not None and pixels.read_into(picture.data.cast("B")):
                later_s = float((int(line) - first_pts) * decoding.time_base)
                if later_s >= 0:
                    is_it = later_s <= (_MOST_LATER_S if began_before else 2 * _EARLIER_S)
                    return to_rgb(picture) if is_it else None
                began_before = True
        finally:
            ffmpeg.kill()
    return None


def _looked_up(source: Source, wanted_s: float, size_wh: tuple[int, int]) -> RgbArray:
    """The first frame at a time or later by the table of all frames.

    Raises: SourceError: the file cannot be decoded, or has no frame there.
    """
    from PIL import Image

    video = probe_file(source, Limits())
    times = video.times
    index = bisect_left(times.pts, times.zero + math.ceil(Fraction(wanted_s) / times.time_base))
    if index < len(times):
        (segment,) = plan_segments(video, array("q", [index]), split=False)
        frames = iter_frames(source, video.facts, segment, ReadStats(), at_least_wh=size_wh)
        with closing(frames):
            for frame in frames:
                picture = Image.fromarray(frame.rgb_covering(size_wh))
                return np.asarray(picture.resize(size_wh, Image.Resampling.BOX))
    raise SourceError(FailureCode.DECODER_FAILED, "there is no frame at this time")


@lru_cache(maxsize=64)
def _decoding_of(source: Source, _: FileVersion) -> _Decoding:
    """How a version of a file is decoded.

    Raises: SourceError: it is not a video, or cannot be decoded.
    """
    output = probe_beginning(source, MAX_FRAME_PIXELS)
    if not output.first_pts:
        raise SourceError(FailureCode.DECODER_FAILED, "none of its first frames can be decoded")
    has_fields = any(stream.has_fields for stream in input_streams(output.notes))
    coding = picture_coding(output.notes, stored_size(output), has_fields=has_fields)
    zero = first_zero(output.packets, array("q", output.first_pts))
    return _Decoding(output.streams.video, coding, output.packets.streams[0].time_base, zero)
