"""Which of the known words somebody may have meant."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable

_MOST = 4


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """The known words that are like this one, at most four, the likest first.

    A word that goes on where this one (without its ending, `.xml`) stops comes before one that looks like it.
    """
    known = sorted(known)
    stem = os.path.splitext(word)[0]
    longer = [name for name in known if len(stem) >= 3 and name.startswith(stem)]
    alike = difflib.get_close_matches(word, known)
    return list(dict.fromkeys(longer + alike))[:_MOST]
