"""Several strategies, one name: what is said of a face when they agree, and when they do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipeline.detections import Label
from pipeline.text import name_key


def elect(votes: Sequence[Label]) -> tuple[Label, ...]:
    """The majority's label, or every label where there is no majority.

    Args:
        votes: one label a strategy, in the order in which the strategies are listed.
    Returns: the one label that more than half of the strategies gave, with the method and distance of the
        first that gave it; all of `votes` where no label has a majority.
    """
    if not votes:
        return ()
    key, count = Counter(name_key(vote.text) for vote in votes).most_common(1)[0]
    if 2 * count > len(votes):
        return (next(vote for vote in votes if name_key(vote.text) == key),)
    return tuple(votes)
