"""The expression for ffmpeg's `select` filter that passes the wanted frames and no others.

Wanted frames become runs, and the runs a binary tree of `if`s, so that ffmpeg needs about ten comparisons a
frame, however many frames are wanted and however regular they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

HEARTBEAT_FRAMES = 64
"""One of this many unwanted frames passes all the same, as a sign that ffmpeg is working."""

_MAX_RUNS = 1500
"""Fits into one argument of a command line (128 KiB) with room to spare."""


class Run(NamedTuple):
    """Keys from the first to the last at equal steps; a step of 0: every key between them."""

    first: int
    last: int
    step: int = 0


def find_runs(keys: Sequence[int], indices: Sequence[int], max_runs: int = _MAX_RUNS) -> list[Run]:
    """Wanted frames as runs.

    Args:
        keys: ascending; what identifies the frames to the filter.
        indices: of the same frames; two that differ by 1 have no frame between them.
        max_runs: if there are more, neighbours are merged, so that a few unwanted frames pass.
    """
    runs: list[Run] = []
    at = 0
    while at < len(keys):
        end = at + 1
        while end < len(keys) and indices[end] - indices[end - 1] == 1:
            end += 1
        step = 0
        if end == at + 1 and end < len(keys):
            step = keys[end] - keys[at]
            while end < len(keys) and keys[end] - keys[end - 1] == step:
                end += 1
        runs.append(Run(keys[at], keys[end - 1], step if keys[end - 1] > keys[at] else 0))
        at = end
    while len(runs) > max_runs:
        runs = [
            Run(run.first, runs[place + 1].last if place + 1 < len(runs) else run.last, 0)
            for place, run in list(enumerate(runs))[::2]
        ]
    return runs


def select_expression(runs: Sequence[Run], key: str, *, seeking: bool) -> str:
    """Build the expression. It passes all frames after the last wanted one: ffmpeg then waits to be stopped.

    Args:
        runs: ascending, at least one.
        key: ffmpeg's name of the keys: `pts`, or `n` for numbers from the start of the file.
        seeking: whether decoding begins in the middle of the file: no wanted frame passes before one that the
            decoder itself calls a keyframe, whatever the container claims.
    """
    verified = "ld(0)" if seeking else "1"
    watch = "st(0,max(ld(0),key));" if seeking else ""
    others = f"not(mod(n,{HEARTBEAT_FRAMES}))+gt({key},{runs[-1].last})"
    return f"{watch}if({_tree(runs, key)},{verified},{others})"


def _tree(runs: Sequence[Run], key: str) -> str:
    if len(runs) > 1:
        middle = len(runs) // 2
        return f"if(lt({key},{runs[middle].first}),{_tree(runs[:middle], key)},{_tree(runs[middle:], key)})"
    first, last, step = runs[0]
    within = f"between({key},{first},{last})"
    return f"{within}*not(mod({key}-({first}),{step}))" if step else within
