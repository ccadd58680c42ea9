"""The date in the H.264 stream of a camcorder."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.source import Limits
from pipeline.videos.avchd import parse_recording_date, read_recording_date
from pipeline.videos.probe import probe_file
from tests.videos import ffmpeg, make_video, source_of

UUID = bytes.fromhex("17ee8c60f84d11d98cd60800200c9a66")
DATE = bytes.fromhex("18 02 20 19 04  19 24 22 24 00")
"""Two packs: 2019-04, one hour east of Greenwich, and the 24th, 22:24:00."""
OTHERS = bytes.fromhex("13 00 24 22 01"), bytes.fromhex("70 c0 00 00 00")


def metadata(*packs: bytes, count: int | None = None) -> bytes:
    """MDPM as it lies in an SEI message."""
    joined = b"".join(packs)
    return UUID + b"MDPM" + bytes((len(joined) // 5 if count is None else count,)) + joined


def with_metadata(path: Path, mdpm: bytes) -> Path:
    """An H.264 transport stream whose pictures bear metadata."""
    plain, marked = path.with_suffix(".plain.h264"), path.with_suffix(".marked.h264")
    make_video(plain, "-frames:v", "20", "-c:v", "libx264", "-preset", "ultrafast", "-x264-params", "aud=1")
    message = bytes((5, len(mdpm))) + mdpm + b"\x80"
    for zeros in (b"\0\0\0", b"\0\0\1"):
        message = message.replace(zeros, b"\0\0\x03" + zeros[2:])
    delimiter = b"\0\0\0\1\x09"
    first, *pictures = plain.read_bytes().split(delimiter)
    sei = b"\0\0\0\1\x06" + message
    marked.write_bytes(first + b"".join(delimiter + picture[:1] + sei + picture[1:] for picture in pictures))
    ffmpeg("-f", "h264", "-i", marked, "-c", "copy", path)
    return path


def test_of_a_transport_stream(tmp_path: Path) -> None:
    path = with_metadata(tmp_path / "00001.mts", metadata(OTHERS[0], DATE, OTHERS[1]))
    video = probe_file(source_of(path), Limits())
    assert video.facts.capture.taken == "2019-04-24T22:24:00+01:00"
    assert len(video.times) == 20
    remuxed = tmp_path / "remuxed.mkv"
    ffmpeg("-i", path, "-c", "copy", remuxed)
    assert probe_file(source_of(remuxed), Limits()).facts.capture.taken == "2019-04-24T22:24:00+01:00"


def test_a_date_of_the_container_comes_first(tmp_path: Path) -> None:
    path, tagged = with_metadata(tmp_path / "a.mts", metadata(DATE)), tmp_path / "tagged.mp4"
    ffmpeg("-i", path, "-c", "copy", "-metadata", "creation_time=2020-01-02T03:04:05Z", tagged)
    assert probe_file(source_of(tagged), Limits()).facts.capture.taken == "2020-01-02T03:04:05+00:00"


def test_a_stream_without_any(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.ts", "-frames:v", "5", "-c:v", "libx264", "-preset", "ultrafast")
    assert read_recording_date(source_of(path)) is None


@pytest.mark.parametrize(
    ("zone", "offset"),
    [
        (0x00, "+00:00"),
        (0x02, "+01:00"),
        (0x2B, "-05:30"),
        (0x1C, "+14:00"),
        (0x42, ""),
        (0xFF, ""),
        (0x1E, ""),
    ],
)
def test_zones(zone: int, offset: str) -> None:
    packs = bytes((0x18, zone)) + DATE[2:]
    assert parse_recording_date(metadata(packs)) == "2019-04-24T22:24:00" + offset


@pytest.mark.parametrize(
    "units",
    [
        b"",
        UUID,
        UUID + b"MDPM",
        metadata(DATE, count=1),
        metadata(DATE[:5]),
        metadata(DATE[:-1], count=2),
        metadata(DATE, count=255)[:-3],
        metadata(OTHERS[0]),
        metadata(bytes(10)),
        metadata(b"\x18" + bytes(4) + b"\x19" + bytes(4)),
        metadata(b"\x18\x02\xff\xff\xff\x19\xff\xff\xff\xff"),
        metadata(b"\x18\x02\x19\x70\x01\x19\x01\x00\x00\x00"),
    ],
)
def test_no_dates(units: bytes) -> None:
    assert parse_recording_date(units) is None
