"""The SQLite index of one output folder, with the interface of all backends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.text import shortened
from search.backend import MOST_COUNTED, QUERY_SECONDS, Count, CursorError, Facet, Facets, Hits, Page
from search.conditions import Condition, Everything, Term, TermKind
from search.documents import Document
from search.geo import distance_km
from search.resolve import shown_groups
from search.sql import Clause
from search.sqlite.contents import IndexContents
from search.sqlite.facets import count_all, count_result
from search.sqlite.indexfile import sqlite_errors
from search.sqlite.loading import document_of, hits_of
from search.sqlite.planner import SMALL_SET, Plan, Planner
from search.sqlite.timebound import TimeBound
from search.vocabulary import Vocabulary

_PATH = "CASE d.path WHEN x'' THEN f.name ELSE CAST(d.path || x'2f' || f.name AS BLOB) END"
"""The path below INPUT, of `file f` and `folder d`."""
_CURSOR = re.compile(r"(-?[0-9]{1,18}):([0-9]{1,18})")
"""Age and number, within SQLite's integers."""


class SqliteIndex(IndexContents):
    """The index in one file, with its queries; implements `search.backend.WritableBackend`.

    Args:
        path, writable: as for `IndexContents`, whose errors its methods raise too.
    """

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        super().__init__(path, writable=writable)
        self._connection.create_function("distance_km", 4, _distance_km, deterministic=True)
        self._bound = TimeBound(self._connection, QUERY_SECONDS)

    def vocabulary(self) -> Vocabulary:
        """Return its labels, names and cameras."""
        rows = self._rows(
            "SELECT kind, text, key, files, id FROM term WHERE files > 0 ORDER BY kind, key, text"
        )
        cameras = self._rows("SELECT name FROM camera ORDER BY name")
        terms = (Term(TermKind(kind), text, key, files, number) for kind, text, key, files, number in rows)
        return Vocabulary(terms, (name for (name,) in cameras))

    def search(self, condition: Condition, page: Page) -> Hits:
        """Return a page of the files for which the condition holds."""
        with sqlite_errors(self.path), self._bound:
            plan = self._planner().plan(condition, _after(page), for_page=True)
            order = f"ORDER BY {plan.row.age}, {plan.row.file} LIMIT {page.size + 1}"
            found = self._bound.rows(self._select(plan, order))
        numbers = [number for number, _ in found[: page.size]]
        with sqlite_errors(self.path):
            hits = hits_of(self._connection, numbers, shown_groups(condition))
        more = len(found) > page.size
        last = found[page.size - 1] if more else None
        return Hits(hits, None if last is None else f"{last[1]}:{last[0]}", not self._bound.is_over)

    def cursors_back(self, condition: Condition, cursor: str, most: int) -> list[str]:
        """Return the cursors of a result's files from one backwards, at most `most`; fewer if time runs out.

        The first is that of the page that the cursor begins, so it names the last file of the page before.
        """
        with sqlite_errors(self.path), self._bound:
            plan = self._planner().plan(condition, for_page=True, until=_position(cursor))
            order = f"ORDER BY {plan.row.age} DESC, {plan.row.file} DESC LIMIT {most}"
            found = self._bound.rows(self._select(plan, order))
        return [f"{age}:{number}" for number, age in found]

    def path_at(self, cursor: str) -> bytes | None:
        """Return the path of the last file before a cursor, or None if the index has it no more."""
        statement = f"SELECT {_PATH} FROM file f JOIN folder d ON d.id = f.folder WHERE f.id = ?"
        found = self._rows(statement, (_position(cursor)[1],))
        return bytes(found[0][0]) if found else None

    def count(self, condition: Condition) -> Count:
        """Return the number of files for which the condition holds."""
        with sqlite_errors(self.path), self._bound:
            plan = self._planner().plan(condition)
            found = self._bound.rows(self._select(plan, f"LIMIT {MOST_COUNTED + 1}"))
        is_exact = len(found) <= MOST_COUNTED and not self._bound.is_over
        return Count(min(len(found), MOST_COUNTED), is_exact)

    def facets(self, condition: Condition, facets: Sequence[Facet], most: int) -> Facets:
        """Return the most frequent values of these facets in a result, or in its newest files."""
        with sqlite_errors(self.path), self._bound:
            if condition == Everything():
                return Facets({facet: count_all(self._connection, facet, most) for facet in facets})
            plan = self._planner().plan(condition)
            counted = count_result(self._bound, plan, facets, most)
        return Facets(counted.values, counted.is_complete and not self._bound.is_over)

    def years(self, condition: Condition) -> list[int]:
        """Return the years of which a result has files, however large it is; fewer if time runs out."""
        with sqlite_errors(self.path), self._bound:
            plan = self._planner().plan(condition, for_page=True)
            year = f"{plan.row.age} BETWEEN -10000000000 * x.value - 9999999999 AND -10000000000 * x.value"
            some = f"EXISTS (SELECT 1 {plan.source.sql} AND {year})"
            sql = f"SELECT x.value FROM facet x WHERE x.kind = 'year' AND {some} ORDER BY x.value DESC"
            return [int(value) for (value,) in self._bound.rows(Clause(sql, plan.source.values))]

    def document(self, path: bytes) -> Document | None:
        """Return all that is known of one file, by its path below INPUT."""
        folder, _, name = path.rpartition(b"/")
        statement = "SELECT f.id FROM folder d JOIN file f ON f.folder = d.id WHERE d.path = ? AND f.name = ?"
        found = self._rows(statement, (folder, name))
        with sqlite_errors(self.path):
            return document_of(self._connection, found[0][0]) if found else None

    def iter_documents(self, condition: Condition, after: bytes = b"") -> Iterator[Document]:
        """Yield the documents for which the condition holds, in the order of paths, after a path."""
        with sqlite_errors(self.path):
            plan = self._planner().plan(condition)
            chosen, values = plan.source
            statement = (
                f"SELECT f.id, {_PATH} AS whole FROM file f JOIN folder d ON d.id = f.folder "
                f"WHERE f.id IN (SELECT {plan.row.file} {chosen}) AND {_PATH} > ? ORDER BY whole"
            )
            for number, _ in self._connection.execute(statement, (*values, after)):
                yield document_of(self._connection, number)

    def iter_stamps(self) -> Iterator[tuple[bytes, int]]:
        """Yield the path and stamp of each document, in the order of paths."""
        statement = (
            f"SELECT {_PATH} AS whole, f.stamp FROM file f JOIN folder d ON d.id = f.folder ORDER BY whole"
        )
        with sqlite_errors(self.path):
            yield from self._connection.execute(statement)

    def _planner(self) -> Planner:
        def count_matches(match: str) -> int:
            return self._limited(Clause("SELECT 1 FROM words WHERE words MATCH ?", (match,)))

        return Planner(count_matches, self._limited)

    def _limited(self, clause: Clause) -> int:
        """Return the number of rows of a subquery, at most `SMALL_SET` + 1; that number if time runs out."""
        counted = self._bound.rows(
            Clause(
                f"SELECT count(*) FROM (SELECT 1 FROM ({clause.sql}) LIMIT {SMALL_SET + 1})", clause.values
            )
        )
        return int(counted[0][0]) if counted else SMALL_SET + 1

    def _select(self, plan: Plan, rest: str) -> Clause:
        return Clause(f"SELECT {plan.row.file}, {plan.row.age} {plan.source.sql} {rest}", plan.source.values)


def _distance_km(*places: float | None) -> float | None:
    """Return the distance, or None if a coordinate is NULL: SQL does not evaluate tests in order."""
    known = [one for one in places if one is not None]
    return distance_km(*known) if len(known) == len(places) else None


def _after(page: Page) -> tuple[int, int] | None:
    """Return age and number of the last file of the page before.

    Raises: CursorError: the cursor is not one of this index.
    """
    return None if page.after is None else _position(page.after)


def _position(cursor: str) -> tuple[int, int]:
    """Return age and number of the file that a cursor names.

    Raises: CursorError: the cursor is not one of this index.
    """
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise CursorError(f'"{shortened(cursor)}" is not the beginning of a page of results')
    return int(match[1]), int(match[2])
