"""The labels, names, tags and cameras of an index, to look up the words of a query in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pipeline.text import nearest
from search.conditions import Term, TermKind
from search.tokens import has_phrase, key_of


class Vocabulary:
    """All terms and cameras of one index in memory: some hundreds, at most some ten thousand.

    Args:
        terms: labels, names and tags.
        cameras: as the reports have them.
    """

    def __init__(self, terms: Iterable[Term], cameras: Iterable[str]) -> None:
        self.terms = tuple(terms)
        self._cameras = [(camera, key_of(camera)) for camera in cameras]
        self._by_key: dict[tuple[TermKind, str], list[Term]] = defaultdict(list)
        for term in self.terms:
            self._by_key[term.kind, term.key].append(term)

    def whole(self, kind: TermKind, key: str) -> tuple[Term, ...]:
        """Return the terms with this key."""
        return tuple(self._by_key.get((kind, key), ()))

    def beginning(self, kind: TermKind, prefix: str) -> tuple[Term, ...]:
        """Return the terms whose key begins with this prefix."""
        return tuple(term for term in self.terms if term.kind is kind and term.key.startswith(prefix))

    def having(self, tokens: tuple[str, ...], *, prefix: bool) -> tuple[Term, ...]:
        """Return the names and tags in which these tokens stand side by side: `anna` finds Anna Muller.

        Labels are compared whole, because `dog` must not find a hot dog.
        """
        return tuple(
            term
            for term in self.terms
            if term.kind is not TermKind.LABEL and has_phrase(term.key, tokens, prefix=prefix)
        )

    def cameras(self, tokens: tuple[str, ...], *, prefix: bool) -> tuple[str, ...]:
        """Return the cameras in whose names these tokens stand side by side."""
        return tuple(camera for camera, key in self._cameras if has_phrase(key, tokens, prefix=prefix))

    def like(self, kind: TermKind, key: str) -> list[str]:
        """Return up to four terms with a similar key, for a suggestion."""
        known = {term.key: term.text for term in self.terms if term.kind is kind}
        words = [term.text for term in self.terms if term.kind is kind and f" {key} " in f" {term.key} "]
        return list(dict.fromkeys(words[:4] + [known[key] for key in nearest(key, known)]))[:4]
