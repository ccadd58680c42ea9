"""The sizes of a collection of faces, and which size is good to bring them all to."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SourceError
from pipeline.host.cores import usable_cores
from pipeline.source import Source
from pipeline.text import printable
from recognizers.faces.dataset import FaceFolder
from recognizers.faces.pictures import frame_of

ENOUGH_PICTURES = 15
"""How many pictures of a person the manual asks for."""

SMALL_SIDE_PX = 112
"""Longer side of the smaller suggestion. The faces of the ORL set at 92x112 are named as well as larger
ones are by Eigenfaces and Fisherfaces; smaller ones cost LBPH accuracy (0.93 at 23x28, 0.98 at 92x112)."""


class Histogram(NamedTuple):
    """How many values lie in each of some ranges of equal width.

    Args:
        counts: (N,) values in each range.
        edges: (N + 1,) where the ranges begin and end.
    """

    counts: NDArray[np.int64]
    edges: NDArray[np.float64]


@dataclass(frozen=True)
class FaceStatistics:
    """Widths and heights of the pictures that can be read, and how many of each label there are.

    Args:
        widths, heights: (N,) pixels, N >= 1.
        counts: label -> pictures.
    """

    widths: NDArray[np.int64]
    heights: NDArray[np.int64]
    counts: Mapping[str, int]

    def median_wh(self) -> tuple[int, int]:
        """The median of the widths and that of the heights, rounded."""
        return round(float(np.median(self.widths))), round(float(np.median(self.heights)))

    def small_wh(self) -> tuple[int, int]:
        """A size of the median's shape whose longer side has `SMALL_SIDE_PX`."""
        width, height = self.median_wh()
        scale = SMALL_SIDE_PX / max(width, height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def few(self) -> dict[str, int]:
        """The labels that have fewer than `ENOUGH_PICTURES`, with how many they have."""
        return {label: count for label, count in self.counts.items() if count < ENOUGH_PICTURES}


def histogram(values: NDArray[np.int64]) -> Histogram:
    """Ten ranges from the least value to the greatest, as numpy deals them; one where all are equal."""
    counts, edges = np.histogram(values, bins=10 if np.ptp(values) else 1)
    return Histogram(np.asarray(counts, dtype=np.int64), np.asarray(edges, dtype=np.float64))


def measure(folder: FaceFolder) -> tuple[FaceStatistics | None, list[str]]:
    """Decode every picture, on all cores, and take its upright size.

    Returns: the statistics, None where no picture can be read; and a sentence for each that cannot.
    """
    pairs = [(label, source) for label, sources in folder.sources.items() for source in sources]
    with ThreadPoolExecutor(usable_cores()) as threads:
        measured = list(threads.map(lambda pair: _size_or_reason(pair[1]), pairs))
    counts: dict[str, int] = dict.fromkeys(folder.sources, 0)
    sizes: list[tuple[int, int]] = []
    unreadable = list(folder.unreadable)
    for (label, source), found in zip(pairs, measured, strict=True):
        if isinstance(found, str):
            unreadable.append(f"{printable(source.path)}: {found}")
        else:
            sizes.append(found)
            counts[label] += 1
    if not sizes:
        return None, unreadable
    widths, heights = np.asarray(sizes, dtype=np.int64).T
    return FaceStatistics(widths, heights, counts), unreadable


def _size_or_reason(source: Source) -> tuple[int, int] | str:
    """A picture's width and height, or why it cannot be read; damage shows only when it is decoded."""
    try:
        frame = frame_of(source)
        frame.rgb()
    except SourceError as error:
        return error.sentence
    return frame.size_wh
