"""Statistics of a collection of faces: sizes, pictures per label, and a good common size."""

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
"""Number of pictures of a person that the documentation recommends for the classic strategies."""

ENOUGH_ALIGNED = 3
"""The same for the strategy `embedding`, which needs few."""

SMALL_SIDE_PX = 112
"""Longer side of the smaller suggestion. Measured on the ORL faces: Eigenfaces and Fisherfaces gain
nothing above 92x112, and LBPH loses below it (0.93 right at 23x28, 0.98 at 92x112)."""


class Histogram(NamedTuple):
    """A histogram with bins of equal width.

    Args:
        counts: (N,) number of values in each bin.
        edges: (N + 1,) bounds of the bins.
    """

    counts: NDArray[np.int64]
    edges: NDArray[np.float64]


@dataclass(frozen=True)
class FaceStatistics:
    """Sizes of the readable pictures, and their number for each label.

    Args:
        widths, heights: (N,) pixels, N >= 1.
        counts: label -> number of pictures.
    """

    widths: NDArray[np.int64]
    heights: NDArray[np.int64]
    counts: Mapping[str, int]

    def median_wh(self) -> tuple[int, int]:
        """Return the median width and the median height, rounded."""
        return round(float(np.median(self.widths))), round(float(np.median(self.heights)))

    def small_wh(self) -> tuple[int, int]:
        """Return the size of the median's shape whose longer side is `SMALL_SIDE_PX`."""
        width, height = self.median_wh()
        scale = SMALL_SIDE_PX / max(width, height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def few(self, enough: int = ENOUGH_PICTURES) -> dict[str, int]:
        """Return the labels with fewer than `enough` pictures, and their numbers."""
        return {label: count for label, count in self.counts.items() if count < enough}


def histogram(values: NDArray[np.int64]) -> Histogram:
    """Return a histogram of ten bins, from the smallest value to the largest; of one bin if all are equal."""
    counts, edges = np.histogram(values, bins=10 if np.ptp(values) else 1)
    return Histogram(np.asarray(counts, dtype=np.int64), np.asarray(edges, dtype=np.float64))


def measure(folder: FaceFolder) -> tuple[FaceStatistics | None, list[str]]:
    """Decode every picture, on all cores, and measure its upright size.

    Returns: the statistics, None if no picture can be read; and a sentence for each unreadable picture.
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
    """Return a picture's width and height, or why it cannot be read. Damage shows only in decoding."""
    try:
        frame = frame_of(source)
        frame.rgb()
    except SourceError as error:
        return error.sentence
    return frame.size_wh
