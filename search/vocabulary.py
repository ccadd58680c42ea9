"""The labels, names and cameras of an index: what words of a query can stand for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pipeline.text import nearest
from search.conditions import Term, TermKind
from search.tokens import has_phrase, key_of


class Vocabulary:
    """All terms and cameras of one index, in memory: a collection has hundreds, ten thousand at most.

    Args:
        terms: labels and names.
        cameras: as the reports have them.
    """

    def __init__(self, terms: Iterable[Term], cameras: Iterable[str]) -> None:
        self.terms = tuple(terms)
        self._cameras = [(camera, key_of(camera)) for camera in cameras]
        self._by_key: dict[tuple[TermKind, str], list[Term]] = defaultdict(list)
        for term in self.terms:
            self._by_key[term.kind, term.key].append(term)

    def whole(self, kind: TermKind, key: str) -> tuple[Term, ...]:
        """The terms that are this as a whole, but for case and accents."""
        return tuple(self._by_key.get((kind, key), ()))

    def beginning(self, kind: TermKind, prefix: str) -> tuple[Term, ...]:
        """The terms that begin so; all of the kind for an empty prefix."""
        return tuple(term for term in self.terms if term.kind is kind and term.key.startswith(prefix))

    def named(self, tokens: tuple[str, ...], *, prefix: bool) -> tuple[Term, ...]:
        """The names in which these tokens stand side by side: `anna` finds Anna Muller."""
        return tuple(
            term
            for term in self.terms
            if term.kind is TermKind.NAME and has_phrase(term.key, tokens, prefix=prefix)
        )

    def cameras(self, tokens: tuple[str, ...], *, prefix: bool) -> tuple[str, ...]:
        """The cameras in whose names these tokens stand side by side."""
        return tuple(camera for camera, key in self._cameras if has_phrase(key, tokens, prefix=prefix))

    def like(self, kind: TermKind, key: str) -> list[str]:
        """Up to four terms that may have been meant."""
        known = {term.key: term.text for term in self.terms if term.kind is kind}
        words = [term.text for term in self.terms if term.kind is kind and f" {key} " in f" {term.key} "]
        return list(dict.fromkeys(words[:4] + [known[key] for key in nearest(key, known)]))[:4]
