"""Places: a grid of cells that an index can look up, and the true distance."""

from __future__ import annotations

import math

from search.conditions import NearPlace

EARTH_KM = 6371.0087714
"""Mean radius (IUGG), which Solr takes too."""
_CELLS_A_DEGREE = 20
_COLUMNS = 360 * _CELLS_A_DEGREE
_ROWS = 180 * _CELLS_A_DEGREE
MAX_RANGES = 2_000


def cell_of(latitude: float, longitude: float) -> int:
    """The number of the cell, row by row from the south pole, of 0.05 degrees each way."""
    row = min(int((latitude + 90) * _CELLS_A_DEGREE), _ROWS - 1)
    column = min(int((longitude + 180) * _CELLS_A_DEGREE), _COLUMNS - 1)
    return row * _COLUMNS + column


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The great-circle distance by the haversine formula."""
    here, there = math.radians(latitude), math.radians(other_latitude)
    half = math.sin((there - here) / 2) ** 2
    half += math.cos(here) * math.cos(there) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def cell_ranges(near: NearPlace) -> list[tuple[int, int]]:
    """Spans of cell numbers that cover a circle, one or two for each row that it crosses."""
    margin = math.degrees(near.km / EARTH_KM) * 1.0001
    south, north = max(-90.0, near.latitude - margin), min(90.0, near.latitude + margin)
    first_row = cell_of(south, -180) // _COLUMNS
    last_row = cell_of(north, -180) // _COLUMNS
    if south <= -90 or north >= 90:  # a pole is inside: all longitudes
        return [(first_row * _COLUMNS, last_row * _COLUMNS + _COLUMNS - 1)]
    # The circle's easternmost point lies nearer to the pole than its centre.
    wide = math.degrees(
        math.asin(min(1.0, math.sin(math.radians(margin)) / math.cos(math.radians(near.latitude))))
    )
    west, east = near.longitude - wide, near.longitude + wide
    sides = [(max(west, -180.0), min(east, 180.0))]
    if west < -180:
        sides.append((west + 360, 180.0))
    if east > 180:
        sides.append((-180.0, east - 360))
    columns = [(cell_of(-90, low), cell_of(-90, high)) for low, high in sides]
    ranges = [
        (row * _COLUMNS + low, row * _COLUMNS + high)
        for row in range(first_row, last_row + 1)
        for low, high in columns
    ]
    return (
        ranges if len(ranges) <= MAX_RANGES else [(first_row * _COLUMNS, last_row * _COLUMNS + _COLUMNS - 1)]
    )
