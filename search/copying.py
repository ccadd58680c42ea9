"""One index copied into another: only what differs, so that it can be killed and repeated at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from search.backend import WritableBackend

BATCH = 5_000
"""Documents in one transaction; what is committed stays."""


@dataclass(slots=True)
class Copied:
    """What copying did.

    Args:
        put: documents that were new or had changed.
        removed: documents that are gone.
        unchanged: documents that were there already.
    """

    put: int = 0
    removed: int = 0
    unchanged: int = 0


def copy_index(
    source: WritableBackend, target: WritableBackend, on_progress: Callable[[Copied], None] = lambda _: None
) -> Copied:
    """Make a target hold what a source holds.

    Args:
        source: the index that reports were read into.
        target: is changed.
        on_progress: called after each batch.
    Raises: MinerError: the target cannot be reached or written; the next try goes on from there.
    """
    copied = Copied()
    wanted: list[bytes] = []
    gone: list[bytes] = []
    for path, is_wanted in _differences(source.iter_stamps(), target.iter_stamps(), copied):
        (wanted if is_wanted else gone).append(path)
    while wanted or gone:
        documents = [found for path in wanted[:BATCH] if (found := source.document(path)) is not None]
        target.apply(documents, gone[:BATCH])
        copied.put += len(documents)
        copied.removed += len(gone[:BATCH])
        del wanted[:BATCH], gone[:BATCH]
        on_progress(copied)
    return copied


def _differences(
    source: Iterator[tuple[bytes, int]], target: Iterator[tuple[bytes, int]], copied: Copied
) -> Iterator[tuple[bytes, bool]]:
    """Paths that the target lacks or has differently (True), and paths that only the target has (False).

    Both are in the order of paths, so that one walk through both suffices.
    """
    ours, theirs = next(source, None), next(target, None)
    while ours is not None or theirs is not None:
        if theirs is None or (ours is not None and ours[0] < theirs[0]):
            assert ours is not None
            yield ours[0], True
            ours = next(source, None)
        elif ours is None or theirs[0] < ours[0]:
            yield theirs[0], False
            theirs = next(target, None)
        else:
            if ours[1] == theirs[1]:
                copied.unchanged += 1
            else:
                yield ours[0], True
            ours, theirs = next(source, None), next(target, None)
