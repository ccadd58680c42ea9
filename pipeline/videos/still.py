"""One frame of a video, without reading the whole file: the pixels that mining would see.

Times are those of the container. Mining counts from the first frame that a file shows, so an edit list or a
run-up before the first frame can move the frame that is shown here by a few frames.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pipeline.errors import FailureCode, SourceError
from pipeline.frame import RgbArray
from pipeline.source import Source
from pipeline.videos.facts import FileVersion, PictureCoding
from pipeline.videos.ffmpeg import MAX_FRAME_PIXELS, Ffmpeg, safe_input
from pipeline.videos.filters import filter_chain, pixel_format
from pipeline.videos.pipereader import PipeReader
from pipeline.videos.probe import file_version, probe_beginning
from pipeline.videos.probeoutput import stored_size
from pipeline.videos.reader import rgb_conversion
from pipeline.videos.streamlog import input_streams, picture_coding

_EARLIER_S = 0.002
"""Times are passed in milliseconds; a frame that begins within the rounding is the one that is meant."""


class _Decoding(NamedTuple):
    """How a file's frames are decoded.

    Args:
        stream: ffmpeg's specifier of the video stream.
        coding: how its pictures are stored.
    """

    stream: str
    coding: PictureCoding


def read_still(source: Source, time_s: float, size_wh: tuple[int, int]) -> RgbArray:
    """The first frame that is shown at a time or later, upright.

    Args:
        source: the file.
        time_s: seconds from the start of the video.
        size_wh: width and height of the result, pixels; it should have the video's aspect ratio.
    Raises: SourceError: the file cannot be decoded, or has no frame there.
    """
    width, height = size_wh
    if not 0 < width * height <= MAX_FRAME_PIXELS:
        raise SourceError(FailureCode.TOO_LARGE, f"no frame of {width}x{height} can be made")
    stream, coding = _decoding_of(source, file_version(source))
    to_rgb, channel = rgb_conversion(coding)
    picture = np.empty((height, width, 3), channel)
    pixels = PipeReader(wide=True)
    # fmt: off
    arguments = [
        "-threads", "1", "-max_pixels", str(MAX_FRAME_PIXELS), "-ss", f"{max(0.0, time_s - _EARLIER_S):.3f}",
        *safe_input(source.path, source.format),
        "-map", f"0:{stream}", "-vf", filter_chain("1", size_wh, coding), "-frames:v", "1",
        "-c:v", "rawvideo", "-pix_fmt", pixel_format(coding), "-f", "rawvideo", pixels.url,
    ]
    # fmt: on
    with Ffmpeg(arguments, (pixels,), "error"):
        if not pixels.read_into(picture.data.cast("B")):
            raise SourceError(FailureCode.DECODER_FAILED, "there is no frame at this time")
    return to_rgb(picture)


@lru_cache(maxsize=64)
def _decoding_of(source: Source, _: FileVersion) -> _Decoding:
    """How a version of a file is decoded.

    Raises: SourceError: it is not a video, or cannot be decoded.
    """
    output = probe_beginning(source, MAX_FRAME_PIXELS)
    has_fields = any(stream.has_fields for stream in input_streams(output.notes))
    coding = picture_coding(output.notes, stored_size(output), has_fields=has_fields)
    return _Decoding(output.streams.video, coding)
