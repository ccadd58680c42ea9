"""When, where and with which camera a video was taken, from all places where it may be said."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from pipeline.capture import Capture
from pipeline.errors import SourceError
from pipeline.source import Source
from pipeline.videos.avchd import read_recording_date
from pipeline.videos.avidate import read_avi_date
from pipeline.videos.tags import parse_ffmetadata


def find_capture(source: Source, tag_lines: Iterable[str], codec: str) -> Capture:
    """Return what a video's file says of its capture.

    Args:
        source: the video.
        tag_lines: of ffmpeg's `ffmetadata` output for it.
        codec: of its pictures, as ffmpeg calls it; the date in an H.264 stream counts if there is no other.
    """
    capture = parse_ffmetadata(tag_lines, source.format)
    taken = _date_elsewhere(source, codec, capture.taken)
    return dataclasses.replace(capture, taken=taken)


def _date_elsewhere(source: Source, codec: str, tagged: str | None) -> str | None:
    try:
        if source.format == "avi":
            with open(source.path, "rb") as stream:
                return read_avi_date(stream) or tagged
        if tagged is None and codec == "h264":
            return read_recording_date(source)
    except (OSError, SourceError):
        pass  # a missing date is no reason to give up a video; what is wrong with the file shows elsewhere
    return tagged
