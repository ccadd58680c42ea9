"""Raw frames with their times as a Matroska stream, which ffmpeg reads from a pipe; pure.

ffmpeg's rawvideo format has no times, which frames of a variable rate need.

Source: RFC 8794 (EBML), RFC 9559 (Matroska).
"""

from __future__ import annotations

_EBML = "1a45dfa3"
_DOC_TYPE, _DOC_TYPE_VERSION, _DOC_TYPE_READ_VERSION = "4282", "4287", "4285"
_SEGMENT_OF_UNKNOWN_LENGTH = bytes.fromhex("18538067") + b"\x01" + b"\xff" * 7
_INFO, _TIMESTAMP_SCALE, _MUXING_APP, _WRITING_APP = "1549a966", "2ad7b1", "4d80", "5741"
_TRACKS, _TRACK, _NUMBER, _UID, _TYPE, _CODEC = "1654ae6b", "ae", "d7", "73c5", "83", "86"
_VIDEO, _WIDTH, _HEIGHT, _COLOUR_SPACE = "e0", "b0", "ba", "2eb524"
_CLUSTER, _TIMESTAMP, _SIMPLE_BLOCK = "1f43b675", "e7", "a3"

_MICROSECOND_NS = 1000
_RGB24 = b"RGB\x18"
_APPLICATION = b"deepvisualminer"
_BLOCK_HEADER = b"\x81" + b"\0\0" + b"\x80"
"""Track 1, at its cluster's time, a keyframe."""


def stream_header(size_wh: tuple[int, int]) -> bytes:
    """The bytes before the first frame.

    Args:
        size_wh: of all frames, pixels.
    """
    document = _text(_DOC_TYPE, b"matroska") + _number(_DOC_TYPE_VERSION, 4)
    document += _number(_DOC_TYPE_READ_VERSION, 2)
    info = _number(_TIMESTAMP_SCALE, _MICROSECOND_NS)
    info += _text(_MUXING_APP, _APPLICATION) + _text(_WRITING_APP, _APPLICATION)
    video = _number(_WIDTH, size_wh[0]) + _number(_HEIGHT, size_wh[1]) + _text(_COLOUR_SPACE, _RGB24)
    track = _number(_NUMBER, 1) + _number(_UID, 1) + _number(_TYPE, 1) + _text(_CODEC, b"V_UNCOMPRESSED")
    tracks = _text(_TRACK, track + _text(_VIDEO, video))
    return _text(_EBML, document) + _SEGMENT_OF_UNKNOWN_LENGTH + _text(_INFO, info) + _text(_TRACKS, tracks)


def frame_header(time_us: int, length_bytes: int) -> bytes:
    """The bytes before each frame's pixels.

    Args:
        time_us: when it is shown, microseconds from the start of the stream.
        length_bytes: of the frame, 3 bytes a pixel, red first.
    """
    block_length = len(_BLOCK_HEADER) + length_bytes
    time = _number(_TIMESTAMP, time_us)
    block = bytes.fromhex(_SIMPLE_BLOCK) + _length(block_length)
    cluster = bytes.fromhex(_CLUSTER) + _length(len(time) + len(block) + block_length)
    return cluster + time + block + _BLOCK_HEADER


def _length(value: int) -> bytes:
    return (1 << 56 | value).to_bytes(8, "big")


def _text(identifier: str, content: bytes) -> bytes:
    return bytes.fromhex(identifier) + _length(len(content)) + content


def _number(identifier: str, value: int) -> bytes:
    return _text(identifier, value.to_bytes(8, "big"))
