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
    ("key", "date", "taken"),
    [
        ("com.apple.quicktime.creationdate", "1965-07-20T10:00:00+0100", "1965-07-20T10:00:00+01:00"),
        ("creation_time", "1965-07-20T10:00:00Z", None),
        ("date", "2021-06-05 04:03:02", "2021-06-05T04:03:02"),
        ("date", "2021-06-05", None),
        ("datetimeoriginal", "2005:11:28 09:19:00", "2005-11-28T09:19:00"),
    ],
)
def test_dates_of_clocks_and_of_people(key: str, date: str, taken: str | None) -> None:
    assert parse_ffmetadata([f"{key}={date}"]).taken == taken


def test_an_unset_clock_does_not_hide_the_next_date() -> None:
    lines = ["creation_time=1970-01-01T00:00:00.000000Z", "date=2021-06-05T04:03:02+0200"]
    assert parse_ffmetadata(lines).taken == "2021-06-05T04:03:02+02:00"


def test_dates_of_an_avi_have_no_zone() -> None:
    lines = ["creation_time=2003-03-10T15:04:43.000000Z"]
    assert parse_ffmetadata(lines, "avi").taken == "2003-03-10T15:04:43"
    assert parse_ffmetadata(lines, "mp4").taken == "2003-03-10T15:04:43+00:00"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("+46.948+007.4474/", (46.948, 7.4474, None)),
        ("+46.948-007.4474+542.5CRSWGS_84/", (46.948, -7.4474, 542.5)),
        ("+4656.880+00726.844/", (46.948, 7.4474, None)),
        ("-4656.880-00726.844-012/", (-46.948, -7.4474, -12.0)),
        ("+465652.8+0072650.6/", (46.948, 7.4473889, None)),
        ("-465652-0072650", (-46.9477778, -7.4472222, None)),
        ("+46+007/", (46.0, 7.0, None)),
        ("+46.9480+007.4474+542.000000/Bern, Bundesplatz", (46.948, 7.4474, 542.0)),
        ("+00.0000+007.4474/", (0.0, 7.4474, None)),
    ],
)
def test_three_forms_of_a_place(text: str, place: tuple[float, float, float | None]) -> None:
    tags = parse_ffmetadata([f"location={text}"])
    assert (tags.latitude, tags.longitude, tags.altitude) == place


@pytest.mark.parametrize(
    "place",
    [
        *("+91.0+000.0/", "+00.0+181.0/", "+nan+nan/", "here", "", "+465+007/", "+46565+00726/", "46.9+7.4/"),
        *("+00.0000+000.0000/", "-00.0000-000.0000+000.000/", "+0000.00+00000.00/", "+9100.00+00000.00/"),
    ],
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
