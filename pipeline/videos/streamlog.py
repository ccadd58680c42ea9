"""Streams and pictures as ffmpeg's log describes them; pure.

ffmpeg prints no other list of a file's streams: dispositions, and the colours of the first decoded frame,
stand in its log alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipeline.videos.facts import HLG, PQ, PictureCoding, Streams

_STREAM = re.compile(r"  Stream #0:(\d+)(?:\[0x(\w+)\])?(?:\([^)]*\))?: (Video|Audio): (.*)")
_DECODED = re.compile(r"  Stream #1:0\S*: Video: rawvideo [^,]*, \w+(?:\((.*?)\))?, \d+x\d+")
"""The output of decoded frames: its pixel format, and what the first frame says of its colours and fields."""
_NEW_STREAM = re.compile(r"New video stream with index \d+ at pos:")

_HD_WIDTH, _HD_HEIGHT = 1280, 720
_HDR = {"smpte2084": PQ, "arib-std-b67": HLG}
_BT709, _UNKNOWN = 1, 2
_WIDE = {"bt2020": 9, "smpte431": 11, "smpte432": 12}
"""Primaries of BT.2020 and P3. Numbers are code points of ITU-T H.273."""
_FIELDS = re.compile(r"\b(?:top|bottom) (?:coded )?first\b")


class LoggedStream(NamedTuple):
    """A stream of the input.

    Args:
        identifier: the container's own, such as a track's number; None where it has none.
        is_video: whether it is video; else it is sound.
        is_default: whether the container marks it as enabled or default.
        is_cover: whether it is a cover picture or thumbnail.
        has_fields: whether its header says that it is interlaced.
    """

    identifier: int | None
    is_video: bool
    is_default: bool
    is_cover: bool
    has_fields: bool


def input_streams(log: Iterable[str]) -> list[LoggedStream]:
    """The video and audio streams of ffmpeg's first input, in the order of the file.

    Args:
        log: lines of level info.
    """
    found: dict[int, LoggedStream] = {}
    for match in filter(None, map(_STREAM.match, log)):
        identifier, kind, text = match[2], match[3], match[4]
        found.setdefault(
            int(match[1]),
            LoggedStream(
                None if identifier is None else int(identifier, 16),
                kind == "Video",
                "(default)" in text,
                "(attached pic)" in text or "(timed thumbnails)" in text,
                _FIELDS.search(text) is not None,
            ),
        )
    return [found[number] for number in sorted(found)]


def choose_streams(streams: Sequence[LoggedStream]) -> Streams:
    """The streams to use: of the video and of the sound, the first one that the container marks as default.

    Players do the same. Where a container marks none, as MPEG streams do, the first one is used.
    """
    videos = [stream for stream in streams if stream.is_video and not stream.is_cover]
    sounds = [stream for stream in streams if not stream.is_video]
    return Streams(_specifier("V", videos), _specifier("a", sounds), max(1, len(videos)))


def chosen_video(streams: Sequence[LoggedStream], chosen: Streams) -> LoggedStream | None:
    """The stream that is mined; None where the log does not list it."""
    videos = [stream for stream in streams if stream.is_video and not stream.is_cover]
    place = int(chosen.video.removeprefix("V:"))
    return videos[place] if place < len(videos) else None


def _specifier(kind: str, streams: Sequence[LoggedStream]) -> str:
    place = next((place for place, stream in enumerate(streams) if stream.is_default), 0)
    return f"{kind}:{place}"


def picture_coding(log: Iterable[str], stored_wh: tuple[int, int], *, has_fields: bool) -> PictureCoding:
    """How a video's pictures are stored.

    Args:
        log: lines of level info; the second output is the video, decoded.
        stored_wh: width and height of the stored picture. HD without colour tags is BT.709, as in players.
        has_fields: whether the stream's header says that it is interlaced.
    """
    found = next(filter(None, map(_DECODED.match, log)), None)
    items = [item.strip() for item in (found[1] or "").split(",")] if found else []
    matrix, primaries, transfer = _colors(items)
    is_interlaced = has_fields or any(_FIELDS.search(item) for item in items)
    known = _BT709 if primaries == "bt709" else _UNKNOWN
    if transfer in _HDR:
        hdr = (_WIDE.get(primaries, known), _HDR[transfer])
        return PictureCoding("bt2020" if matrix == "unknown" else None, hdr, is_interlaced, "pc" in items)
    is_hd = stored_wh[0] >= _HD_WIDTH or stored_wh[1] >= _HD_HEIGHT
    space = (_WIDE[primaries], _BT709) if primaries in _WIDE else None
    return PictureCoding("bt709" if matrix == "unknown" and is_hd else None, space, is_interlaced)


def _colors(items: Iterable[str]) -> tuple[str, str, str]:
    """Matrix, primaries and transfer; `bt709` alone stands for all three, nothing for three unknown ones."""
    for item in items:
        if item.count("/") == 2:
            matrix, primaries, transfer = item.split("/")
            return matrix, primaries, transfer
        if re.fullmatch(r"bt\w+|gbr|smpte\w+|fcc|ycgco\w*|unknown", item):
            return item, item, item
    return "unknown", "unknown", "unknown"


def has_late_video(log: Iterable[str]) -> bool:
    """Whether ffmpeg found a video stream that the beginning of the file does not announce.

    Recordings of broadcasts have one where the programme or its stream numbers change.
    """
    return any(map(_NEW_STREAM.match, log))
