"""The expression for ffmpeg's `select` filter that lets the wanted frames pass and no others.

Wanted frames are few or many, at equal steps or not: they become runs, and the runs a binary tree of `if`s,
so that ffmpeg needs some ten comparisons a frame however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

HEARTBEAT_FRAMES = 64
"""Every so many frames that nobody wants, one passes all the same: ffmpeg is at work, not stuck."""

_MAX_RUNS = 1500
"""What one argument of a command line can hold (128 KiB), with room to spare."""


class Run(NamedTuple):
    """Keys from the first to the last at equal steps; a step of 0: every key between them."""

    first: int
    last: int
    step: int = 0


def find_runs(keys: Sequence[int], indices: Sequence[int], max_runs: int = _MAX_RUNS) -> list[Run]:
    """Wanted frames as runs.

    Args:
        keys: ascending; what the filter knows the frames by.
        indices: of the same frames; equal to 1 apart, there is none between them.
        max_runs: beyond it neighbours are merged, so that a few frames pass that nobody wants.
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
    """The expression. All frames behind the last wanted one pass, so that ffmpeg waits to be stopped there.

    Args:
        runs: ascending, at least one.
        key: ffmpeg's name of the keys: `pts`, or `n` for places from the start of the file.
        seeking: decoding begins somewhere in the file: no wanted frame passes before a frame that the decoder
            itself calls a keyframe, whatever the container says.
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
