"""The vote of several strategies on one face."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipeline.detections import Label
from pipeline.text import name_key


def elect(votes: Sequence[Label]) -> tuple[Label, ...]:
    """Return the label of the majority, or all labels if there is no majority.

    Args:
        votes: one label per strategy, in the order of the strategies.
    Returns: the label that more than half of the strategies gave, with the method and distance of the first
        of them; all of `votes` if no label has a majority.
    """
    if not votes:
        return ()
    key, count = Counter(name_key(vote.text) for vote in votes).most_common(1)[0]
    if 2 * count > len(votes):
        return (next(vote for vote in votes if name_key(vote.text) == key),)
    return tuple(votes)
