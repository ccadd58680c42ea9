"""Choose the order in which the rows of a query are read, so that a page needs few of them.

One conjunct drives: a single label or name, whose files are stored newest first; or a small set of files
(words of the path, a place, alternatives), which is collected and sorted; or else all files from newest to
oldest, read from an index. The other conjuncts are tested row by row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from search.conditions import AllOf, AnyOf, Condition, Everything, HasTerm, HasWords, NearPlace, TakenBetween
from search.sql import Clause, joined
from search.sqlite.clauses import (
    FILE_ROW,
    POSTING_ROW,
    AllWords,
    Conjunct,
    Row,
    holds,
    in_cells,
    match_of,
    term_bounds,
    term_is,
)

SMALL_SET = 200_000
"""A set of files up to this size is collected: some 25 ms for words, 150 ms for labels."""
DENSE_SET = 30_000
"""Of a set from this size on, a page is found sooner by walking from newest to oldest."""


_MATCHED = "SELECT rowid AS file FROM words WHERE words MATCH ?"


class Plan(NamedTuple):
    """The middle of a statement, to which SELECT, ORDER BY and LIMIT are added.

    Args:
        source: what stands from FROM on, up to WHERE and its tests.
        row: what number and age of a file are called; ordered by age and number, rows come newest first.
    """

    source: Clause
    row: Row


class _Set(NamedTuple):
    """Files as a subquery with a column `file`.

    Args:
        clause: the subquery.
        size: about how many files.
        is_exact: whether each of them satisfies the condition; else it is tested too.
    """

    clause: Clause
    size: int
    is_exact: bool = True


class Planner:
    """Makes the plans for one query.

    Args:
        count_matches: how many files a full text query finds, up to `SMALL_SET` + 1.
        count_cells: how many files a subquery of cells finds, up to the same.
    """

    def __init__(self, count_matches: Callable[[str], int], count_cells: Callable[[Clause], int]) -> None:
        self._count_matches = count_matches
        self._count_cells = count_cells
        self._sizes: dict[str, int] = {}
        self._until: tuple[int, int] | None = None

    def plan(
        self,
        condition: Condition,
        after: tuple[int, int] | None = None,
        *,
        for_page: bool = False,
        until: tuple[int, int] | None = None,
    ) -> Plan:
        """Return a plan for the files of a condition.

        Args:
            condition: resolved.
            after: age and number of the last file of the page before.
            for_page: whether the newest few are wanted, and not all.
            until: age and number of the last file that is wanted.
        """
        self._until = until
        conjuncts = _conjuncts(condition)
        driver = self._best_term(conjuncts)
        small = self._best_set(conjuncts)
        if for_page and small is not None and small[1].size >= DENSE_SET and _says_little(conjuncts):
            small = None
        if small is None and not for_page and (driver is None or driver.terms[0].files > SMALL_SET):
            small = self._any_words(conjuncts)  # in whatever order they come, the first of them come at once
        if small is not None and (driver is None or small[1].size <= driver.terms[0].files):
            return self._by_set(*small, conjuncts, after)
        if driver is not None:
            return self._by_term(driver, conjuncts, after)
        tests = self._tests(conjuncts, after, FILE_ROW)
        source = Clause(f"FROM file f INDEXED BY file_age WHERE {tests.sql}", tests.values)
        return Plan(source, FILE_ROW)

    def _by_term(self, driver: HasTerm, conjuncts: Sequence[Conjunct], after: tuple[int, int] | None) -> Plan:
        rest = [one for one in conjuncts if one is not driver]
        first = joined("AND", [term_is(driver, "p.term"), *_spans(rest, "p.age")])
        bounds = term_bounds(driver, "p")
        tests = self._tests([one for one in rest if not isinstance(one, TakenBetween)], after, POSTING_ROW)
        join = "CROSS JOIN file f ON f.id = p.file " if re.search(r"\bf\.", tests.sql) else ""
        sql = f"FROM posting p {join}WHERE {first.sql}{bounds.sql} AND {tests.sql}"
        return Plan(Clause(sql, (*first.values, *bounds.values, *tests.values)), POSTING_ROW)

    def _by_set(
        self, driver: Conjunct, small: _Set, conjuncts: Sequence[Conjunct], after: tuple[int, int] | None
    ) -> Plan:
        rest = [one for one in conjuncts if one is not driver or not small.is_exact]
        tests = self._tests(rest, after, FILE_ROW)
        source = Clause(
            f"FROM ({small.clause.sql}) AS s CROSS JOIN file f ON f.id = s.file WHERE {tests.sql}",
            (*small.clause.values, *tests.values),
        )
        return Plan(source, FILE_ROW)

    def _tests(self, conjuncts: Sequence[Conjunct], after: tuple[int, int] | None, row: Row) -> Clause:
        clauses = [Clause("1")]
        if after is not None:
            clauses.append(Clause(f"({row.age}, {row.file}) > (?, ?)", after))
        if self._until is not None:
            clauses.append(Clause(f"({row.age}, {row.file}) <= (?, ?)", self._until))
        clauses.extend(holds(one, row) for one in conjuncts)
        return joined("AND", clauses)

    def _size(self, match: str) -> int:
        if match not in self._sizes:
            self._sizes[match] = self._count_matches(match)
        return self._sizes[match]

    def _best_term(self, conjuncts: Sequence[Conjunct]) -> HasTerm | None:
        terms = [one for one in conjuncts if isinstance(one, HasTerm) and len(one.terms) == 1]
        return min(terms, key=lambda one: one.terms[0].files, default=None)

    def _best_set(self, conjuncts: Sequence[Conjunct]) -> tuple[Conjunct, _Set] | None:
        sets = [(one, found) for one in conjuncts if (found := self._set(one)) is not None]
        return min(sets, key=lambda pair: pair[1].size, default=None)

    def _any_words(self, conjuncts: Sequence[Conjunct]) -> tuple[Conjunct, _Set] | None:
        """Return the files with the words of a conjunction, however many."""
        for one in conjuncts:
            if isinstance(one, HasWords | AllWords):
                match_ = match_of((one,) if isinstance(one, HasWords) else one.words)
                return one, _Set(Clause(_MATCHED, (match_,)), self._size(match_))
        return None

    def _set(self, condition: Conjunct) -> _Set | None:
        """Return the files of a condition as a small set, or None if they are many or cannot be collected."""
        match condition:
            case HasTerm() if len(condition.terms) > 1 or condition.at_least > 1:
                return self._of_terms(condition)
            case HasWords():
                return self._of_words((condition,))
            case AllWords(words):
                return self._of_words(words)
            case NearPlace():
                cells = in_cells(condition)
                return self._small(cells, self._count_cells(cells), is_exact=False)
            case AnyOf(conditions):
                return self._of_alternatives(conditions)
        return None

    def _of_words(self, words: tuple[HasWords, ...]) -> _Set | None:
        match_ = match_of(words)
        return self._small(Clause(_MATCHED, (match_,)), self._size(match_))

    def _of_terms(self, condition: HasTerm) -> _Set | None:
        size = sum(term.files for term in condition.terms)
        bounds = term_bounds(condition, "q")
        term = term_is(condition, "q.term")
        return self._small(
            Clause(f"SELECT DISTINCT q.file FROM posting q WHERE {term.sql}{bounds.sql}", bounds.values), size
        )

    def _of_alternatives(self, conditions: tuple[Condition, ...]) -> _Set | None:
        sets: list[_Set] = []
        for one in conditions:
            found = self._of_terms(one) if isinstance(one, HasTerm) else self._set_of_conjunction(one)
            if found is None:
                return None
            sets.append(found)
        sql = " UNION ".join(f"SELECT file FROM ({one.clause.sql})" for one in sets)
        clause = Clause(sql, tuple(value for one in sets for value in one.clause.values))
        is_exact = all(one.is_exact for one in sets)
        return self._small(clause, sum(one.size for one in sets), is_exact=is_exact)

    def _set_of_conjunction(self, condition: Condition) -> _Set | None:
        """Return a set that contains the files of a conjunction and perhaps others."""
        if not isinstance(condition, AllOf):
            return self._set(condition)
        candidates = []
        for one in condition.conditions:
            found = self._of_terms(one) if isinstance(one, HasTerm) else self._set(one)
            if found is not None:
                candidates.append(found._replace(is_exact=False))
        return min(candidates, key=lambda one: one.size, default=None)

    def _small(self, clause: Clause, size: int, *, is_exact: bool = True) -> _Set | None:
        return _Set(clause, size, is_exact) if size <= SMALL_SET else None


def _conjuncts(condition: Condition) -> list[Conjunct]:
    """Return the parts of a conjunction, with all words of paths in one part."""
    parts: list[Conjunct] = list(condition.conditions) if isinstance(condition, AllOf) else [condition]
    words = [part for part in parts if isinstance(part, HasWords)]
    if len(words) > 1:
        parts = [AllWords(tuple(words)), *(part for part in parts if not isinstance(part, HasWords))]
    return [part for part in parts if part != Everything()]


def _says_little(conjuncts: Sequence[Conjunct]) -> bool:
    """Return whether a conjunction has one part beside dates, so that a large set means many hits."""
    return sum(not isinstance(one, TakenBetween) for one in conjuncts) == 1


def _spans(conjuncts: Sequence[Conjunct], age: str) -> list[Clause]:
    """Return the bounds on the date with which a term's files are looked up."""
    return [
        Clause(f"{age} BETWEEN ? AND ?", (-one.last, -one.first))
        for one in conjuncts
        if isinstance(one, TakenBetween)
    ]
