"""Where a photo was taken."""

from __future__ import annotations

from typing import Any

import pytest
from PIL.ExifTags import GPS
from PIL.TiffImagePlugin import IFDRational

from pipeline.capture import Place
from pipeline.photos.exiftags import Tags
from pipeline.photos.place import find_place, xmp_place
from pipeline.photos.xmp import XmpFacts

ROME = {
    GPS.GPSLatitudeRef: "N",
    GPS.GPSLatitude: (41.0, 53.0, 24.8),
    GPS.GPSLongitudeRef: "E",
    GPS.GPSLongitude: (12.0, 29.0, 32.3),
    GPS.GPSAltitudeRef: b"\0",
    GPS.GPSAltitude: 21.5,
}
UNKNOWN = IFDRational(0, 0)


def place(**changed: Any) -> Place:
    """Rome, or what its tags say with some of them changed."""
    tags = ROME | {GPS[name]: value for name, value in changed.items()}
    return find_place(Tags({tag: value for tag, value in tags.items() if value is not None}))


def test_position() -> None:
    assert place() == Place(41.8902222, 12.4923056, 21.5)
    found = place(GPSLatitudeRef="S", GPSLongitudeRef="w")
    assert found == Place(-41.8902222, -12.4923056, 21.5)
    assert place(GPSLatitudeRef=None, GPSLongitudeRef=None) == place()


@pytest.mark.parametrize(
    ("latitude", "degrees"),
    [
        ((41.0, 53.4), 41.89),
        ((41.0, 53.4, UNKNOWN), 41.89),
        ((IFDRational(4189, 100),), 41.89),
        (IFDRational(4189, 100), 41.89),
        (0.0, 0.0),
    ],
)
def test_minutes_and_seconds_may_be_left_out(latitude: object, degrees: float) -> None:
    assert place(GPSLatitude=latitude).latitude == degrees


@pytest.mark.parametrize(
    "latitude",
    [
        (UNKNOWN, UNKNOWN, UNKNOWN),
        (41.0, UNKNOWN, UNKNOWN),
        (41.0, UNKNOWN, 5.0),
        (IFDRational(1, 0), 0.0, 0.0),
        (91.0, 0.0, 0.0),
        (-41.0, 0.0, 0.0),
        (4294967295.0, 4294967295.0, 4294967295.0),
        (41.0, 53.0, 24.0, 8.0),
        (),
        "41",
        b"\x29",
        None,
    ],
)
def test_half_a_position_is_none(latitude: object) -> None:
    assert place(GPSLatitude=latitude) == Place()


def test_zero_and_zero_is_no_place() -> None:
    for zero in (0.0, (0.0, 0.0, 0.0), (0.0, 0.0, UNKNOWN)):
        assert place(GPSLatitude=zero, GPSLongitude=zero) == Place()
        assert place(GPSLatitude=zero, GPSLongitude=zero, GPSLatitudeRef=None, GPSAltitude=None) == Place()


@pytest.mark.parametrize(
    ("reference", "altitude"),
    [(b"\0", 21.5), (b"\1", -21.5), (b"\2", 21.5), (b"\3", -21.5), (3, -21.5), (None, 21.5), (b"\7", 21.5)],
)
def test_below_the_sea(reference: object, altitude: float) -> None:
    assert place(GPSAltitudeRef=reference).altitude == altitude


@pytest.mark.parametrize("altitude", [UNKNOWN, IFDRational(5, 0), 4e9, (1.0, 2.0), "high", None])
def test_absurd_altitude(altitude: object) -> None:
    assert place(GPSAltitude=altitude) == Place(41.8902222, 12.4923056)


@pytest.mark.parametrize(
    ("latitude", "longitude", "degrees"),
    [
        ("46,56.88N", "7,26.844E", (46.948, 7.4474)),
        ("46,56,52.8N", "7,26,50.64E", (46.948, 7.4474)),
        ("33,52.128S", "151,12.558e", (-33.8688, 151.2093)),
        ("46.948N", "7.4474W", (46.948, -7.4474)),
        ("0,0.0N", "9,30.0W", (0.0, -9.5)),
    ],
)
def test_places_in_xmp(latitude: str, longitude: str, degrees: tuple[float, float]) -> None:
    assert xmp_place(XmpFacts((), latitude, longitude, "1084/2", "0")) == Place(*degrees, 542.0)
    assert xmp_place(XmpFacts((), latitude, longitude, "12.5", "1")) == Place(*degrees, -12.5)
    assert xmp_place(XmpFacts((), latitude, longitude, "1/0")) == Place(*degrees)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        ("", ""),
        ("46,56.88N", ""),
        ("46,56.88E", "7,26.844E"),
        ("46,56.88", "7,26.844"),
        ("0,0N", "0,0E"),
        ("91,0N", "7,26.844E"),
        ("46,56,52,1N", "7,26.844E"),
        ("-46,56.88N", "7,26.844E"),
        ("9" * 1000 + "N", "7E"),
    ],
)
def test_no_places_in_xmp(latitude: str, longitude: str) -> None:
    assert xmp_place(XmpFacts((), latitude, longitude, "542/1")) == Place()
