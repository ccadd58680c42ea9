"""Tags of videos."""

from __future__ import annotations

import pytest

from pipeline.capture import Capture
from pipeline.videos.tags import parse_ffmetadata


def test_of_a_phone() -> None:
    lines = [
        ";FFMETADATA1",
        "major_brand=qt  ",
        "creation_time=2022-08-01T10:00:00.000000Z",
        "com.apple.quicktime.location.ISO6709=-33.8568+151.2153+010.5/",
        "com.apple.quicktime.make=Apple",
        "com.apple.quicktime.model=iPhone\\=13",
        "com.apple.quicktime.creationdate=2022-08-01T20:00:00+1000",
        "[STREAM]",
        "creation_time=1999-01-01T00:00:00.000000Z",
    ]
    assert parse_ffmetadata(lines) == Capture(
        "2022-08-01T20:00:00+10:00", "Apple iPhone=13", -33.8568, 151.2153, 10.5
    )


def test_streams_speak_where_the_file_does_not() -> None:
    lines = [";FFMETADATA1", "encoder=Lavf", "[STREAM]", "creation_time=2020-01-02T03:04:05.000000Z"]
    assert parse_ffmetadata(lines).taken == "2020-01-02T03:04:05+00:00"


@pytest.mark.parametrize(
    "date",
    ["1904-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2020", "2020-13-01T00:00:00Z", "soon", "", "9" * 99],
)
def test_dates_that_are_none(date: str) -> None:
    assert parse_ffmetadata([f"creation_time={date}"]).taken is None


@pytest.mark.parametrize(
    "place", ["+91.0+000.0/", "+00.0+181.0/", "+nan+nan/", "+4852.10+00217.40/", "here", ""]
)
def test_places_that_are_none(place: str) -> None:
    tags = parse_ffmetadata([f"location={place}"])
    assert (tags.latitude, tags.longitude, tags.altitude) == (None, None, None)


def test_cameras() -> None:
    assert parse_ffmetadata(["make=Canon", "model=Canon EOS R5"]).camera == "Canon EOS R5"
    assert (
        parse_ffmetadata(["com.android.manufacturer=Google", "com.android.model=Pixel 6"]).camera
        == "Google Pixel 6"
    )
    assert parse_ffmetadata(["make=\x1b[31m"]).camera == "[31m"
    assert parse_ffmetadata([]).camera is None
