"""Whether an MPEG transport stream ends with another video stream than it begins with; pure.

Source: ISO/IEC 13818-1, 2.4.3.2 (packets), 2.4.3.6 (PES packets).
"""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

TAIL_BYTES = 1 << 19
CLOCK_PERIOD = 1 << 33
"""Times count units of 1/90000 s, modulo this."""

_SYNC = 0x47
_PACKET = 188
_STRIDES = (188, 192)
"""192: with a time stamp of four bytes before each packet, as AVCHD and Blu-ray have it."""
_PROOF = 5


class Ending(NamedTuple):
    """A video stream in the last bytes of a file.

    Args:
        first, last: where its first and last pictures begin in those bytes.
        time: when the last one is shown, in units of the clock.
    """

    first: int
    last: int
    time: int


def endings(tail: bytes) -> dict[int, Ending]:
    """The video streams in the last bytes of a file, by packet identifier."""
    found: dict[int, Ending] = {}
    for place in _places(tail):
        if (picture := _picture(tail[place : place + _PACKET])) is not None:
            pid, time = picture
            found[pid] = Ending(found[pid].first if pid in found else place, place, time)
    return found


def goes_on(tail: bytes, mined: int, others: Container[int | None], read: Container[int]) -> bool:
    """Whether a file ends with a video stream that begins behind the end of the one that is mined.

    Args:
        tail: the last bytes of the file.
        mined: packet identifier of that stream.
        others: identifiers of streams that are known not to be mined.
        read: times of the last pictures that are mined; ffmpeg may have read the stream on under another
            identifier.
    """
    found = endings(tail)
    last = found[mined].last if mined in found else -1
    return any(
        pid != mined and ending.first > last and (pid in others or ending.time not in read)
        for pid, ending in found.items()
    )


def _places(tail: bytes) -> range:
    """Where packets begin."""
    for stride in _STRIDES:
        for start in range(min(stride, len(tail))):
            places = range(start, len(tail) - _PACKET + 1, stride)
            if len(places) >= _PROOF and all(tail[place] == _SYNC for place in places[:_PROOF]):
                return places
    return range(0)


def _picture(packet: bytes) -> tuple[int, int] | None:
    """The identifier and time of a packet that begins a picture; None for others."""
    begins_payload, has_adaptation, has_payload = packet[1] & 0x40, packet[3] & 0x20, packet[3] & 0x10
    if packet[0] != _SYNC or packet[1] & 0x80 or packet[3] & 0xC0 or not (begins_payload and has_payload):
        return None
    header = packet[5 + packet[4] :] if has_adaptation else packet[4:]
    has_time = len(header) >= 14 and header[7] & 0x80
    if header[:3] != b"\0\0\1" or not has_time or not 0xE0 <= header[3] <= 0xEF:
        return None
    high, middle = header[9] >> 1 & 7, int.from_bytes(header[10:12]) >> 1
    low = int.from_bytes(header[12:14]) >> 1
    return int.from_bytes(packet[1:3]) & 0x1FFF, high << 30 | middle << 15 | low
