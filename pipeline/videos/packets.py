"""Read ffmpeg's `framecrc` output: what each stream is, and when its packets are shown.

The format: lines that begin with `#` describe a stream (`#dimensions 0: 320x240`), every other line is a
packet: `stream, dts, pts, duration, bytes, checksum`, then `F=0x..` if its flags are not those of a
keyframe, then its side data.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from pipeline.errors import FailureCode, SourceError

MAX_PACKETS = 5_000_000
"""A day at 60 frames a second; more are taken for an attack on memory."""

NO_TIME = -(1 << 63)
"""Stands for a time that the container does not give."""

_LONGEST_STEP_S = 10
"""A longer step forward, like a step back, is a jump of the clock. Source: ffmpeg's -dts_delta_threshold."""
_BEFORE_SPLICE = 3
"""A splice follows a packet that is marked for it within so many packets."""

_FLUSHED_LATE = 4
"""A single packet out of order among the last ones is no frame of its place: where the packet identifiers of
a transport stream change, ffmpeg gives the last packet before the change at the end of the file."""

_KEY, _CORRUPT, _DISCARD = 1, 2, 4
"""Source: FFmpeg, libavcodec/packet.h, AV_PKT_FLAG_*."""


@dataclass(slots=True)
class Stream:
    """One stream of a file; its times and counts grow while packets are read.

    Args:
        kind: `video` or `audio`.
        codec: as ffmpeg calls it.
        size_wh: stored width and height, pixels; (0, 0) for sound.
        sample_aspect: width over height of a pixel; 1 if the file does not say.
        time_base: seconds of one unit of time.
        start: when the first packet is shown, in units of `time_base`; None before there is one.
        end: when the last packet that is shown ends, likewise; an edit list hides others.
        corrupt: how many packets the container's reader found damaged.
        spliced: how many of those only lie before a splice, such as recordings that were joined byte by byte:
            the times go on without a gap, and a keyframe follows at once. Nothing is missing there.
    """

    kind: str = ""
    codec: str = ""
    size_wh: tuple[int, int] = (0, 0)
    sample_aspect: Fraction = Fraction(1)
    time_base: Fraction = Fraction(1)
    start: int | None = None
    end: int = 0
    corrupt: int = 0
    spliced: int = 0
    _last_dts: int = NO_TIME
    _watched: int = 0

    def check(self, dts: int, duration: int, flags: int) -> None:
        """Count the packet if it is damaged, or if it shows that an earlier one was not.

        Args:
            dts: its decoding time.
            duration: its duration, in units of time, like `dts`.
            flags: ffmpeg's.
        """
        if self._watched:
            step = dts - self._last_dts
            is_gap = duration * 3 // 2 < step < _LONGEST_STEP_S / self.time_base
            self._watched = 0 if is_gap else self._watched - 1
            if flags & _KEY and not is_gap:
                self.spliced += 1
                self._watched = 0
        if flags & _CORRUPT:
            self.corrupt += 1
            self._watched = _BEFORE_SPLICE
        self._last_dts = dts


@dataclass(slots=True)
class Packets:
    """The streams of a file and the packets of the first one, in the order of decoding.

    Args:
        streams: by number; number 0 is the one whose packets are kept.
        pts: of each packet that is shown; may be `NO_TIME`.
        keyframe_pts: those of them at which decoding can begin.
        in_order: whether decoding times only ever grew.
        has_run_up: whether sound before 0 is only a codec's run-up, which is not heard.
    """

    streams: dict[int, Stream] = field(default_factory=dict)
    pts: array[int] = field(default_factory=lambda: array("q"))
    keyframe_pts: array[int] = field(default_factory=lambda: array("q"))
    in_order: bool = True
    has_run_up: bool = True

    @property
    def end_s(self) -> float:
        """When the last packet of all streams ends, in seconds."""
        return max((float(stream.end * stream.time_base) for stream in self.streams.values()), default=0.0)

    @property
    def sound_start_s(self) -> Fraction | None:
        """When sound begins, a codec's run-up left out. None without sound."""
        starts = [
            max(Fraction(0), stream.start * stream.time_base)
            if self.has_run_up
            else stream.start * stream.time_base
            for stream in self.streams.values()
            if stream.kind == "audio" and stream.start is not None
        ]
        return min(starts, default=None)

    @property
    def corrupt(self) -> int:
        """How many packets of all streams the container's reader found damaged."""
        return sum(stream.corrupt for stream in self.streams.values())

    @property
    def is_damaged(self) -> bool:
        """Whether packets of a stream are damaged or missing, splices left out."""
        return any(stream.corrupt > stream.spliced for stream in self.streams.values())


def parse_framecrc(lines: Iterable[bytes], *, has_run_up: bool = True) -> Packets:
    """Read ffmpeg's `framecrc` output.

    Args:
        lines: of it.
        has_run_up: as in `Packets`.

    Raises: SourceError: there are more packets than any real file has.
    """
    packets = Packets(has_run_up=has_run_up)
    last_dts = NO_TIME
    disorders: list[int] = []
    for line in lines:
        if line.startswith(b"#"):
            _describe(packets.streams, line)
            continue
        values = line.split(b",")
        if len(values) < 6:  # ffmpeg was killed while it wrote it
            continue
        stream = packets.streams.setdefault(int(values[0]), Stream())
        dts, pts = int(values[1]), int(values[2])
        flags = _flags(values)
        shown = dts if pts == NO_TIME else pts
        stream.start = shown if stream.start is None else min(stream.start, shown)
        if not flags & _DISCARD:
            stream.end = max(stream.end, shown + int(values[3]))
        stream.check(dts, int(values[3]), flags)
        if int(values[0]) != 0 or flags & _DISCARD:
            continue
        if dts != NO_TIME:
            if dts <= last_dts:
                disorders.append(len(packets.pts))
            last_dts = dts
        packets.pts.append(pts)
        if flags & _KEY:
            packets.keyframe_pts.append(pts)
        if len(packets.pts) > MAX_PACKETS:
            raise SourceError(FailureCode.TOO_LARGE, f"it has more than {MAX_PACKETS} frames")
    if len(disorders) == 1 and disorders[0] >= max(len(packets.pts) - _FLUSHED_LATE, _FLUSHED_LATE):
        late = packets.pts.pop(disorders[0])
        if late in packets.keyframe_pts[-_FLUSHED_LATE:]:
            packets.keyframe_pts.remove(late)
    elif disorders:
        packets.in_order = False
    return packets


def _flags(values: list[bytes]) -> int:
    if len(values) > 6 and values[6].startswith(b" F="):
        return int(values[6][3:], 16)
    return _KEY


def _describe(streams: dict[int, Stream], line: bytes) -> None:
    """One line of a stream's description, such as `#tb 0: 1/12800`."""
    head, _, value = line.decode("ascii", "replace").partition(": ")
    key, _, number = head[1:].partition(" ")
    if not number.isdecimal():
        return
    stream = streams.setdefault(int(number), Stream())
    match key:
        case "media_type":
            stream.kind = value
        case "codec_id":
            stream.codec = value
        case "tb":
            stream.time_base = _fraction(value, otherwise=stream.time_base)
        case "sar":
            stream.sample_aspect = _fraction(value, otherwise=stream.sample_aspect)
        case "dimensions":
            width, _, height = value.partition("x")
            stream.size_wh = (int(width), int(height))


def _fraction(text: str, *, otherwise: Fraction) -> Fraction:
    """`64/45` as a number; what is not positive stands for "unknown"."""
    numerator, _, denominator = text.partition("/")
    if int(numerator) <= 0 or int(denominator) <= 0:
        return otherwise
    return Fraction(int(numerator), int(denominator))
