"""The grid of places leaves nothing out, at the poles and at the date line either."""

from __future__ import annotations

import math
import random

import pytest

from search.conditions import NearPlace
from search.geo import EARTH_KM, MAX_RANGES, cell_of, cell_ranges, distance_km

CENTRES = [
    (46.95, 7.45),
    (0.0, 0.0),
    (89.99, 10.0),
    (-90.0, 0.0),
    (-18.1, 179.99),
    (52.0, -180.0),
    (-60.0, 180.0),
]


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        ((46.948, 7.4474), (47.3769, 8.5417), 95.5),  # Bern, Zurich
        ((52.52, 13.405), (40.7128, -74.006), 6385.0),  # Berlin, New York
        ((0.0, 179.5), (0.0, -179.5), 111.2),
        ((90.0, 0.0), (-90.0, 77.0), math.pi * EARTH_KM),
        ((10.0, 20.0), (10.0, 20.0), 0.0),
    ],
)
def test_distances(here: tuple[float, float], there: tuple[float, float], km: float) -> None:
    assert distance_km(*here, *there) == pytest.approx(km, rel=1e-3)


@pytest.mark.parametrize("centre", CENTRES)
@pytest.mark.parametrize("km", [0.01, 5.0, 50.0, 800.0, 9_000.0, 20_037.0])
def test_every_place_in_the_circle_is_in_a_cell(centre: tuple[float, float], km: float) -> None:
    chance = random.Random(f"{centre}{km}")
    ranges = cell_ranges(NearPlace(*centre, km))
    assert len(ranges) <= MAX_RANGES
    for _ in range(300):
        latitude, longitude = moved(
            *centre, chance.uniform(0, min(km, 20_000)) * 0.9999, chance.uniform(0, 360)
        )
        cell = cell_of(latitude, longitude)
        assert distance_km(*centre, latitude, longitude) <= km
        assert any(low <= cell <= high for low, high in ranges), (latitude, longitude)


def test_a_small_circle_has_few_cells() -> None:
    ranges = cell_ranges(NearPlace(46.95, 7.45, 5.0))
    assert sum(high - low + 1 for low, high in ranges) <= 20


def moved(latitude: float, longitude: float, km: float, bearing: float) -> tuple[float, float]:
    """Where one comes to from a place; degrees."""
    angle, turn = km / EARTH_KM, math.radians(bearing)
    lat, lon = math.radians(latitude), math.radians(longitude)
    sine = math.sin(lat) * math.cos(angle) + math.cos(lat) * math.sin(angle) * math.cos(turn)
    other = math.asin(max(-1.0, min(1.0, sine)))
    east = math.atan2(
        math.sin(turn) * math.sin(angle) * math.cos(lat), math.cos(angle) - math.sin(lat) * math.sin(other)
    )
    return math.degrees(other), (math.degrees(lon + east) + 540) % 360 - 180
