"""Turn a syntax tree into conditions, with the terms of an index."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from search.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Everything,
    HasCamera,
    HasConfidence,
    HasTerm,
    HasWords,
    Nothing,
    NotOf,
    Term,
    TermKind,
    Together,
)
from search.syntax import And, CameraQuery, ConfidenceQuery, Not, Or, Query, TermQuery, TextWords, Words
from search.tokens import key_of
from search.vocabulary import Vocabulary

WINDOW_S = 10.0
"""In a video, `name:anna label:dog` are together where they are seen at most so far apart."""
MAX_GROUPS = 6
"""Further labels and names only have to be somewhere in the video: a join for each would be too much."""
_LONGEST_LABEL_WORDS = 6
_LEVELS = re.compile(r"[|/]")
"""Between the levels of a tag, as photo programs show it."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A query in terms of an index.

    Args:
        condition: on each file.
        notes: sentences on what was left out, taken otherwise, or not found.
    """

    condition: Condition
    notes: tuple[str, ...] = ()


def resolve(query: Query, vocabulary: Vocabulary) -> Resolved:
    """Return the conditions of a query for an index with this vocabulary."""
    resolver = _Resolver(vocabulary)
    condition = resolver.condition(query, None)
    return Resolved(Everything() if condition is None else condition, tuple(dict.fromkeys(resolver.notes)))


def all_of(conditions: Iterable[Condition]) -> Condition:
    """Return a conjunction, flattened, without parts that are always true."""
    flat: list[Condition] = []
    for condition in conditions:
        flat.extend(condition.conditions if isinstance(condition, AllOf) else (condition,))
    if Nothing() in flat:
        return Nothing()
    flat = [condition for condition in dict.fromkeys(flat) if condition != Everything()]
    return AllOf(tuple(flat)) if len(flat) > 1 else flat[0] if flat else Everything()


def any_of(conditions: Iterable[Condition]) -> Condition:
    """Return a disjunction, flattened, without parts that are never true."""
    flat: list[Condition] = []
    for condition in conditions:
        flat.extend(condition.conditions if isinstance(condition, AnyOf) else (condition,))
    if Everything() in flat:
        return Everything()
    flat = [condition for condition in dict.fromkeys(flat) if condition != Nothing()]
    return AnyOf(tuple(flat)) if len(flat) > 1 else flat[0] if flat else Nothing()


def not_of(condition: Condition) -> Condition:
    """Return the negation of a condition."""
    match condition:
        case Everything():
            return Nothing()
        case Nothing():
            return Everything()
        case NotOf(inner):
            return inner
    return NotOf(condition)


class _Resolver:
    """A walk through a syntax tree. Its methods return None for a part that is skipped."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.notes: list[str] = []

    def condition(self, query: Query, confidence: float | None) -> Condition | None:
        """Return the condition of a part, where labels need this confidence."""
        match query:
            case And(parts):
                return self._conjunction(_flattened(parts), confidence)
            case Or(parts):
                given = [self.condition(part, confidence) for part in parts]
                return any_of(part for part in given if part is not None)
            case Not(part):
                inner = self.condition(part, confidence)
                return None if inner is None else not_of(inner)
            case Words():
                return self._words(query, confidence)
            case TermQuery():
                return self._term(query, confidence)
            case ConfidenceQuery(least):
                return HasConfidence(least)
            case TextWords(field, tokens, prefix):
                return HasWords(tokens, prefix, field)
            case CameraQuery():
                return self._camera(query)
        return query

    def _conjunction(self, parts: Sequence[Query], confidence: float | None) -> Condition | None:
        if any(map(_speaks_of_terms, parts)):
            bounds = [part.least for part in parts if isinstance(part, ConfidenceQuery)]
            confidence = max([*bounds, *([confidence] if confidence is not None else [])], default=None)
            parts = [part for part in parts if not isinstance(part, ConfidenceQuery)]
        conditions: list[Condition] = []
        at = 0
        while at < len(parts):
            length, label = self._label_of_words(parts[at:])
            ones = [self.condition(part, confidence) for part in parts[at : at + length]]
            together = all_of(one for one in ones if one is not None)
            if label:
                together = any_of((HasTerm(label, confidence=confidence), together))
            if length > 1 or ones[0] is not None:
                conditions.append(together)
            at += length
        groups = tuple(
            dict.fromkeys(group for part in parts if (group := self._timed(part, confidence)) is not None)
        )
        if len(groups) > 1:
            conditions.append(Together(groups[:MAX_GROUPS], WINDOW_S))
        return all_of(conditions) if conditions or not parts else None

    def _label_of_words(self, parts: Sequence[Query]) -> tuple[int, tuple[Term, ...]]:
        """Return how many of the first plain words form one label or name (`hot dog`), and its terms."""
        words: list[Words] = []
        for part in parts[:_LONGEST_LABEL_WORDS]:
            if not isinstance(part, Words) or part.quoted or part.prefix or part.remark:
                break
            words.append(part)
        for length in range(len(words), 1, -1):
            key = " ".join(" ".join(word.tokens) for word in words[:length])
            terms = tuple(term for kind in TermKind for term in self._vocabulary.whole(kind, key))
            if terms:
                return length, terms
        return 1, ()

    def _timed(self, part: Query, confidence: float | None) -> HasTerm | None:
        """Return the terms of a part that consists of labels and names only, else None."""
        alternatives = part.parts if isinstance(part, Or) else (part,)
        if not all(isinstance(one, TermQuery) and one.kind is not TermKind.TAG for one in alternatives):
            return None
        terms = [term for one in alternatives for term in self._terms(one)]  # type: ignore[arg-type]
        return HasTerm(tuple(dict.fromkeys(terms)), confidence=confidence) if terms else None

    def _words(self, words: Words, confidence: float | None) -> Condition | None:
        if words.remark:
            self.notes.append(words.remark)
        key = key_of(words.text)
        find = self._vocabulary.beginning if words.prefix else self._vocabulary.whole
        terms = tuple(term for kind in TermKind for term in find(kind, key))
        if not words.tokens and not terms:
            self.notes.append(f'"{words.text}" has no letter or digit and is skipped')
            return None
        alternatives: list[Condition] = []
        if words.tokens:
            terms += self._vocabulary.having(words.tokens, prefix=words.prefix)
            alternatives.append(HasWords(words.tokens, words.prefix))
        if terms:
            alternatives.append(HasTerm(tuple(dict.fromkeys(terms)), confidence=confidence))
        return any_of(alternatives)

    def _term(self, query: TermQuery, confidence: float | None) -> Condition:
        terms = self._terms(query)
        if terms:
            return HasTerm(terms, query.at_least, confidence)
        levels = [level for level in _LEVELS.split(query.text) if key_of(level)]
        if query.kind is TermKind.TAG and len(levels) > 1:
            upper = [replace(query, text=level, prefix=False) for level in levels[:-1]]
            return all_of(self._term(one, confidence) for one in (*upper, replace(query, text=levels[-1])))
        kind = query.kind.name.lower()
        like = ", ".join(self._vocabulary.like(query.kind, key_of(query.text)))
        hint = f"; there is {like}" if like else f"; there are no {kind}s" * (not self._all(query.kind))
        star = "*" if query.prefix else ""
        self.notes.append(f'no file has the {kind} "{query.text}{star}"{hint}')
        return Nothing()

    def _terms(self, query: TermQuery) -> tuple[Term, ...]:
        find = self._vocabulary.beginning if query.prefix else self._vocabulary.whole
        return find(query.kind, key_of(query.text))

    def _all(self, kind: TermKind) -> tuple[Term, ...]:
        return self._vocabulary.beginning(kind, "")

    def _camera(self, query: CameraQuery) -> Condition:
        cameras = self._vocabulary.cameras(query.tokens, prefix=query.prefix)
        if not cameras:
            self.notes.append(f'no camera is called "{query.text}"')
            return Nothing()
        return HasCamera(cameras)


def _flattened(parts: Sequence[Query]) -> list[Query]:
    """Return the parts of a conjunction, inner conjunctions without a `conf>=` unpacked."""
    flat: list[Query] = []
    for part in parts:
        if isinstance(part, And) and not any(isinstance(one, ConfidenceQuery) for one in part.parts):
            flat.extend(_flattened(part.parts))
        else:
            flat.append(part)
    return flat


def _speaks_of_terms(query: Query) -> bool:
    match query:
        case And(parts) | Or(parts):
            return any(map(_speaks_of_terms, parts))
        case Not(part):
            return _speaks_of_terms(part)
    return isinstance(query, TermQuery | Words)


def shown_groups(condition: Condition) -> tuple[HasTerm, ...]:
    """Return the groups of terms whose common moments a hit shows."""
    conjuncts = condition.conditions if isinstance(condition, AllOf) else (condition,)
    for one in conjuncts:
        if isinstance(one, Together):
            return one.groups
    found = list(_iter_asked(condition))
    if not found:
        return ()
    confidence = min((one.confidence for one in found if one.confidence is not None), default=None)
    if any(one.confidence is None for one in found):
        confidence = None
    return (
        HasTerm(tuple(dict.fromkeys(term for one in found for term in one.terms)), confidence=confidence),
    )


def _iter_asked(condition: Condition) -> Iterator[HasTerm]:
    """Yield the labels and names of a condition that are not negated."""
    match condition:
        case HasTerm():
            yield condition
        case AllOf(conditions) | AnyOf(conditions):
            for one in conditions:
                yield from _iter_asked(one)
