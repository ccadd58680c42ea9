"""When, where and with which camera: what photos and videos have in common."""

from __future__ import annotations

import pytest

from pipeline.capture import Place, camera_name, clean_text, place_of


@pytest.mark.parametrize(
    ("maker", "model", "name"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("SONY", "ILCE-7M3", "SONY ILCE-7M3"),
        ("Apple", "", "Apple"),
        (None, "iPhone 15", "iPhone 15"),
        (5, b"x", None),
    ],
)
def test_camera_name(maker: object, model: object, name: str | None) -> None:
    assert camera_name(maker, model) == name


def test_text_is_short_and_printable() -> None:
    assert clean_text("  Evil\x1b[31m\nCorp\0 ") == "Evil[31mCorp"
    assert clean_text("x" * 5000) == "x" * 100


@pytest.mark.parametrize(
    ("latitude", "longitude", "altitude", "place"),
    [
        (46.948, -7.4474, 542.0, Place(46.948, -7.4474, 542.0)),
        (0.0, 7.0, None, Place(0.0, 7.0)),
        (-51.0, 0.0, None, Place(-51.0, 0.0)),
        (1.0, 2.0, 1e5, Place(1.0, 2.0)),
        (0.0, 0.0, 10.0, Place()),
        (-0.0, 0.0, None, Place()),
        (90.1, 0.0, None, Place()),
        (0.0, -180.1, None, Place()),
        (float("nan"), 1.0, None, Place()),
        (1.0, None, 5.0, Place()),
        (None, 1.0, 5.0, Place()),
    ],
)
def test_place(latitude: float | None, longitude: float | None, altitude: float | None, place: Place) -> None:
    assert place_of(latitude, longitude, altitude) == place
