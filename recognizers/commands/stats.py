"""`stats DIR`: prints the sizes of the pictures, and suggests a common size."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import ExitCode, UsageError
from pipeline.files.outputs import write_file
from pipeline.text import printable
from recognizers.commands.arguments import TYPED, Lines, add_command, plural, quoted
from recognizers.commands.charts import Series, bar_charts
from recognizers.faces.dataset import are_aligned, list_face_folder
from recognizers.faces.pictures import can_write, encode_as
from recognizers.faces.stats import (
    ENOUGH_ALIGNED,
    ENOUGH_PICTURES,
    SMALL_SIDE_PX,
    FaceStatistics,
    Histogram,
    histogram,
    measure,
)

_BAR_CHARS = 40


def add_to(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = add_command(
        commands,
        "stats",
        run,
        short="print the sizes of a collection of faces, and suggest a common size",
        long="Print how large the pictures in DIR are, how many there are of each person, which files cannot "
        "be read, and to which size to resize them.",
        example="stats faces --plot sizes.png",
    )
    parser.add_argument("dir", metavar="DIR", help="folder with a folder of pictures for each person")
    parser.add_argument("--plot", metavar="FILE.png", help="also draw the histograms into this file")


def run(options: argparse.Namespace) -> Lines:
    """Run the subcommand."""
    if options.plot is not None and not can_write(options.plot, gray=False):
        raise UsageError(f"{printable(options.plot)}: charts are PNG files; give a name that ends in .png")
    folder = list_face_folder(options.dir)
    statistics, unreadable = measure(folder)
    if statistics is None:
        raise UsageError(f"{printable(options.dir)}: none of its pictures can be read ({unreadable[0]})")
    yield from _sizes("width", statistics.widths)
    yield from _sizes("height", statistics.heights)
    aligned = are_aligned(folder)
    yield from _counts(statistics, ENOUGH_ALIGNED if aligned else ENOUGH_PICTURES)
    for sentence in folder.passed_over:
        yield f"skipped: {sentence}"
    for sentence in unreadable:
        yield f"cannot be read: {sentence}"
    if aligned:
        yield "the faces are aligned and need no resizing"
        yield f"next: {TYPED} csv {quoted(options.dir)} dataset.csv"
    else:
        yield from _suggestions(statistics, options.dir)
    if options.plot is not None:
        chart = bar_charts([_series("width", statistics.widths), _series("height", statistics.heights)])
        write_file(Path(options.plot), encode_as(options.plot, chart))
        yield f"histograms are in {printable(options.plot)}"
    return ExitCode.SOME_FAILED if unreadable else None


def _sizes(name: str, values: Any) -> Iterator[str]:
    yield f"Mean {name}= {float(np.mean(values))}"
    yield f"Median {name}= {float(np.median(values))}"
    yield f"{name.capitalize()} histogram:"
    yield from _bars(histogram(values))


def _bars(bins: Histogram) -> Iterator[str]:
    """Yield one line per bin: its bounds, its count, and a bar of that length."""
    most = max(int(bins.counts.max()), 1)
    digits = len(f"{bins.edges[-1]:.1f}")
    for count, low, high in zip(bins.counts, bins.edges[:-1], bins.edges[1:], strict=True):
        bar = "#" * round(_BAR_CHARS * int(count) / most) or ("|" if count else "")
        yield f"  {low:{digits}.1f} - {high:{digits}.1f}  {count:>6}  {bar}".rstrip()


def _counts(statistics: FaceStatistics, enough: int) -> Iterator[str]:
    readable = sum(statistics.counts.values())
    yield f"{plural(readable, 'picture')} of {plural(len(statistics.counts), 'label')}"
    few = statistics.few(enough)
    if few:
        names = ", ".join(f"{printable(label)} ({count})" for label, count in few.items())
        yield f"fewer than {enough} pictures: {names}"


def _suggestions(statistics: FaceStatistics, folder: str) -> Iterator[str]:
    width, height = statistics.median_wh()
    small_width, small_height = statistics.small_wh()
    yield "sizes to resize to:"
    yield f"  {width}x{height}: the medians; most pictures lose no detail"
    if (small_width, small_height) != (width, height):
        yield (
            f"  {small_width}x{small_height}: the same shape, {SMALL_SIDE_PX} pixels long; fast, and large "
            "enough for all three strategies"
        )
    yield f"next: {TYPED} resize {quoted(folder)} RESIZED {small_width} {small_height} 1 0"


def _series(name: str, values: Any) -> Series:
    bins = histogram(values)
    return Series(f"{name} (pixels)", bins.edges, {"pictures": bins.counts})
