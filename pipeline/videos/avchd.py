"""When an AVCHD camcorder recorded a video: the date lies in the H.264 stream, not in the container.

The camera repeats it in the supplemental enhancement information (SEI) of its pictures, as packs of "modified
digital video pack metadata" (MDPM), which few programs read.

Source: ExifTool's H264.pm, whose author took the packs apart; IEC 61834-4 defines those of DV.
"""

from __future__ import annotations

from pipeline.dates import parse_date
from pipeline.source import Source
from pipeline.videos.ffmpeg import Ffmpeg, input_arguments
from pipeline.videos.pipereader import PipeReader

_FIRST_PICTURES = 8
_MAX_BYTES = 1 << 16
_SEI_UNITS = "filter_units=pass_types=6"
_MARK = bytes.fromhex("17ee8c60f84d11d98cd60800200c9a66") + b"MDPM"
_MAX_PACKS_BYTES = 1 + 5 * 255
_YEAR_AND_MONTH, _DAY_AND_TIME = 0x18, 0x19
_HALF_HOUR, _IS_WEST, _IS_DAYLIGHT_SAVING = 0x01, 0x20, 0x40
_WIDEST_ZONE_H = 14


def read_recording_date(source: Source) -> str | None:
    """Read the date out of an H.264 video's first pictures.

    Raises: SourceError: ffmpeg cannot be run, or hangs.
    """
    pipe = PipeReader()
    arguments = (
        *input_arguments(source),
        *("-map", "0:V:0", "-c", "copy", "-frames:v", str(_FIRST_PICTURES), "-bsf:v", _SEI_UNITS),
        *("-f", "data", pipe.url),
    )
    units = bytearray(_MAX_BYTES)
    with Ffmpeg(arguments, (pipe,), "error"):
        pipe.read_into(memoryview(units))
    return parse_recording_date(bytes(units))


def parse_recording_date(units: bytes) -> str | None:
    """Find the date in SEI units, in the form of `pipeline.capture.Capture.taken`.

    The offset is left out in summer: makers differ on whether it includes the hour of daylight saving.

    Args:
        units: NAL units of type 6, in any framing.
    """
    _, mark, rest = units.partition(_MARK)
    if not mark:
        return None
    # Where three bytes would look like the start of a unit, the encoder puts a 3 before the last.
    packs = rest[: 2 * _MAX_PACKS_BYTES].replace(b"\0\0\x03", b"\0\0")
    values = {}
    for at in range(1, min(1 + 5 * packs[0], len(packs)) if packs else 0, 5):
        values[packs[at]] = packs[at + 1 : at + 5]
    date, time = values.get(_YEAR_AND_MONTH, b""), values.get(_DAY_AND_TIME, b"")
    if len(date) != 4 or len(time) != 4:
        return None
    zone, *digits = date + time  # binary-coded decimals, the year in two bytes
    text = "{:02x}{:02x}:{:02x}:{:02x} {:02x}:{:02x}:{:02x}".format(*digits)
    return parse_date(text, _offset(zone))


def _offset(zone: int) -> str:
    hours = (zone >> 1) & 0x0F
    if zone & _IS_DAYLIGHT_SAVING or hours > _WIDEST_ZONE_H:
        return ""
    return f"{'-' if zone & _IS_WEST else '+'}{hours:02}:{'30' if zone & _HALF_HOUR else '00'}"
