"""What people have said of a photo or video in other programs: plain values for its report."""

from __future__ import annotations

from typing import Any, NamedTuple

MAX_KEYWORDS = 1_000


class Description(NamedTuple):
    """Keywords, title and rating of a photo or video.

    Args:
        keywords: from the general to the particular, levels separated by `|`; `MAX_KEYWORDS` at most.
        title: in the default language, or empty.
        rating: 1 to 5, or -1 for rejected; 0: none.
    """

    keywords: tuple[str, ...] = ()
    title: str = ""
    rating: int = 0

    def as_keys(self) -> dict[str, Any]:
        """Return them as a report's keys."""
        return {"keywords": list(self.keywords), "title": self.title, "rating": self.rating}


NO_DESCRIPTION = Description()
