"""The index in PostgreSQL, through the interface of all backends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import psycopg

from pipeline.errors import UsageError
from pipeline.host.command import command
from search import serialized
from search.backend import MOST_COUNTED, QUERY_SECONDS, Count, Facet, Facets, Hits, Page
from search.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Everything,
    HasRating,
    HasTerm,
    HasWords,
    NearPlace,
    Term,
    TermKind,
)
from search.documents import Document
from search.facets import most_frequent
from search.hits import hit_of
from search.postgresql import schema
from search.postgresql.clauses import holds, numbers_of, term_bounds
from search.postgresql.connecting import connect, database_errors, shown
from search.postgresql.writer import Writer
from search.resolve import shown_groups
from search.sql import Clause, joined
from search.vocabulary import Vocabulary

MOST_FACETED = 30_000
"""Facets of a larger result count only its newest files."""
_FEW = 20_000
"""So many files are collected and sorted in some 50 ms."""
_PUT_AT_ONCE = 2_000
_READ_AT_ONCE = 500
_FACETED_COLUMNS = "f.id, f.age, f.kind, f.camera, f.terms"
_FACETS = {
    Facet.LABEL: f"""SELECT t.text, count(*) FROM result r, unnest(r.terms) x JOIN term t ON t.id = x
        WHERE t.kind = {int(TermKind.LABEL)} GROUP BY 1""",
    Facet.NAME: f"""SELECT t.text, count(*) FROM result r, unnest(r.terms) x JOIN term t ON t.id = x
        WHERE t.kind = {int(TermKind.NAME)} GROUP BY 1""",
    Facet.TAG: f"""SELECT t.text, count(*) FROM result r, unnest(r.terms) x JOIN term t ON t.id = x
        WHERE t.kind = {int(TermKind.TAG)} GROUP BY 1""",
    Facet.YEAR: "SELECT -age / 10000000000, count(*) FROM result WHERE age < 0 GROUP BY 1",
    Facet.TYPE: "SELECT kind, count(*) FROM result GROUP BY 1",
    Facet.CAMERA: "SELECT camera, count(*) FROM result WHERE camera IS NOT NULL GROUP BY 1",
}


_FACETS_OF_ALL = {
    Facet.LABEL: f"SELECT text, files FROM term WHERE kind = {int(TermKind.LABEL)} AND files > 0",
    Facet.NAME: f"SELECT text, files FROM term WHERE kind = {int(TermKind.NAME)} AND files > 0",
    Facet.TAG: f"SELECT text, files FROM term WHERE kind = {int(TermKind.TAG)} AND files > 0",
    Facet.YEAR: "SELECT -age / 10000000000, count(*) FROM file WHERE age < 0 GROUP BY 1",
    Facet.TYPE: "SELECT kind, count(*) FROM file GROUP BY 1",
    Facet.CAMERA: "SELECT camera, count(*) FROM file WHERE camera IS NOT NULL GROUP BY 1",
}


class PostgresqlIndex:
    """The index in one database; implements `search.backend.WritableBackend`. For one thread at a time.

    Args:
        url: `postgresql://user@host/database`; a password is better kept in `~/.pgpass` or PGPASSWORD.
        writable: whether documents are loaded; the tables are then made, or made again after an update.
    Raises:
        UsageError: nothing was loaded into this database yet.
        OutputError: it cannot be reached, or refuses something; all methods raise it too.
    """

    def __init__(self, url: str, *, writable: bool = False) -> None:
        self.url = url
        self._connection = connect(url)
        with database_errors(url):
            if writable:
                schema.prepare(self._connection)
            elif not schema.is_current(self._connection):
                raise UsageError(
                    f"{shown(url)}: holds no index of this version; "
                    f"load it with {command('visualsearch')} load OUTPUT URL"
                )

    def __enter__(self) -> PostgresqlIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def vocabulary(self) -> Vocabulary:
        """Return the labels, names, keywords and cameras."""
        rows = self._rows(
            "SELECT kind, text, key, files, id FROM term WHERE files > 0 ORDER BY kind, key, text"
        )
        cameras = self._rows("SELECT DISTINCT camera FROM file WHERE camera IS NOT NULL ORDER BY 1")
        terms = (Term(TermKind(kind), text, key, files, number) for kind, text, key, files, number in rows)
        return Vocabulary(terms, (name for (name,) in cameras))

    def search(self, condition: Condition, page: Page) -> Hits:
        """Return a page of the files for which the condition holds."""
        source, age, number = _source(condition, _after(page))
        order, seconds = f"{age}, {number}", QUERY_SECONDS
        if age == "f.age" and _has_an_index(condition):
            seconds /= 2  # for each of the two statements
            if self._is_rare(condition, seconds):
                order = f"{age} + 0, {number}"  # else PostgreSQL may walk through all files to find a few
        statement = (
            f"SELECT c.age, c.id, f.document FROM (SELECT {age} AS age, {number} AS id {source.sql} "
            f"ORDER BY {order} LIMIT {page.size + 1}) c JOIN file f ON f.id = c.id ORDER BY c.age, c.id"
        )
        found = self._bounded(statement, source.values, seconds)
        if found is None:
            return Hits((), None, is_complete=False)
        groups = shown_groups(condition)
        hits = tuple(hit_of(serialized.from_bytes(document), groups) for *_, document in found[: page.size])
        more = len(found) > page.size
        return Hits(hits, f"{found[page.size - 1][0]}:{found[page.size - 1][1]}" if more else None)

    def _is_rare(self, condition: Condition, seconds: float) -> bool:
        """Return whether so few files satisfy a condition that they are better collected and sorted."""
        clause = holds(condition)
        statement = f"SELECT count(*) FROM (SELECT 1 FROM file f WHERE {clause.sql} LIMIT {_FEW + 1}) c"
        found = self._bounded(statement, clause.values, seconds)
        return found is not None and found[0][0] <= _FEW

    def count(self, condition: Condition) -> Count:
        """Count the files that match."""
        source, _, number = _source(condition, None)
        statement = f"SELECT count(*) FROM (SELECT {number} {source.sql} LIMIT {MOST_COUNTED + 1}) c"
        found = self._bounded(statement, source.values)
        if found is None:
            return Count(0, is_exact=False)
        return Count(min(found[0][0], MOST_COUNTED), found[0][0] <= MOST_COUNTED)

    def facets(self, condition: Condition, facets: Sequence[Facet], most: int) -> Facets:
        """The most frequent values of these facets in a result; of a large one, in its newest files."""
        if condition == Everything():
            return self._facets_of_all(facets, most)
        source, age, number = _source(condition, None)
        ordered = f"{source.sql} ORDER BY {age}, {number} LIMIT {MOST_FACETED + 1}"
        result = f"WITH result AS MATERIALIZED (SELECT {_FACETED_COLUMNS} {ordered}) "
        parts = [_part(place, _FACETS[facet]) for place, facet in enumerate(facets)]
        parts.append("SELECT -1, '', count(*) FROM result")
        found = self._bounded(result + " UNION ALL ".join(parts), source.values)
        if found is None:
            return Facets({}, is_complete=False)
        values: dict[Facet, tuple[tuple[str, int], ...]] = {}
        for place, facet in enumerate(facets):
            counted = ((value, files) for part, value, files in found if part == place)
            values[facet] = most_frequent(facet, counted, most)
        (size,) = (files for part, _, files in found if part == -1)
        return Facets(values, is_complete=size <= MOST_FACETED)

    def _facets_of_all(self, facets: Sequence[Facet], most: int) -> Facets:
        """Return the most frequent values in the whole index."""
        values: dict[Facet, tuple[tuple[str, int], ...]] = {}
        for facet in facets:
            found = self._bounded(_FACETS_OF_ALL[facet], ())
            if found is None:
                return Facets(values, is_complete=False)
            values[facet] = most_frequent(facet, found, most)
        return Facets(values)

    def document(self, path: bytes) -> Document | None:
        """Return the document of one file, by its path below INPUT, or None."""
        found = self._rows("SELECT document FROM file WHERE path = %s", (path,))
        return serialized.from_bytes(found[0][0]) if found else None

    def iter_documents(self, condition: Condition, after: bytes = b"") -> Iterator[Document]:
        """Yield the documents that match and follow a path, in the order of paths."""
        clause = holds(condition)
        statement = f"SELECT f.document FROM file f WHERE {clause.sql} AND f.path > %s ORDER BY f.path"
        for (document,) in self._streamed(statement, (*clause.values, after)):
            yield serialized.from_bytes(document)

    def iter_stamps(self) -> Iterator[tuple[bytes, int]]:
        """Yield the path and stamp of each document, in the order of paths."""
        yield from self._streamed("SELECT path, stamp FROM file ORDER BY path", ())

    def apply(self, documents: Iterable[Document], removed: Iterable[bytes] = ()) -> None:
        """Add documents and remove paths, in one transaction."""
        rest = iter(documents)
        with database_errors(self.url), self._connection.transaction():
            self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (schema.LOADING_LOCK,))
            writer = Writer(self._connection)
            writer.remove(removed)
            while some := list(islice(rest, _PUT_AT_ONCE)):
                writer.put(some)
            writer.finish()

    def _bounded(
        self, statement: str, values: tuple[Any, ...], seconds: float = QUERY_SECONDS
    ) -> list[Any] | None:
        """Return the rows of a query, or None if it took longer than a number of seconds."""
        try:
            with database_errors(self.url), self._connection.transaction():
                self._connection.execute(f"SET LOCAL statement_timeout TO {round(seconds * 1000)}")
                return self._connection.execute(statement, values).fetchall()
        except psycopg.errors.QueryCanceled:
            return None

    def _rows(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with database_errors(self.url):
            return self._connection.execute(statement, values).fetchall()

    def _streamed(self, statement: str, values: tuple[Any, ...]) -> Iterator[Any]:
        """Yield the rows of a query from a server-side cursor, so that their number is unbounded."""
        with (
            database_errors(self.url),
            self._connection.transaction(),
            self._connection.cursor("streamed") as cursor,
        ):
            cursor.itersize = _READ_AT_ONCE
            cursor.execute(statement, values)
            yield from cursor


def _has_an_index(condition: Condition) -> bool:
    """Return whether an index other than that of ages finds the files of a condition."""
    parts = condition.conditions if isinstance(condition, AllOf | AnyOf) else (condition,)
    return any(isinstance(one, HasTerm | HasWords | HasRating | NearPlace | AllOf | AnyOf) for one in parts)


def _source(condition: Condition, after: tuple[int, int] | None) -> tuple[Clause, str, str]:
    """Return the FROM and WHERE clauses, and the columns of a file's age and number.

    The rarest single term of a conjunction leads: its files lie newest first in `posting`. Else the planner
    of PostgreSQL chooses.
    """
    parts = condition.conditions if isinstance(condition, AllOf) else (condition,)
    terms = [one for one in parts if isinstance(one, HasTerm) and len(one.terms) == 1]
    if not terms:
        clauses = [holds(condition)]
        if after is not None:
            clauses.append(Clause("(f.age, f.id) > (%s, %s)", after))
        tests = joined("AND", clauses)
        return Clause(f"FROM file f WHERE {tests.sql}", tests.values), "f.age", "f.id"
    leading = min(terms, key=lambda one: one.terms[0].files)
    bounds = term_bounds(leading, "p")
    clauses = [holds(one) for one in parts if one is not leading]
    if after is not None:
        clauses.append(Clause("(p.age, p.file) > (%s, %s)", after))
    tests = joined("AND", clauses or [Clause("true")])
    sql = f"FROM posting p JOIN file f ON f.id = p.file WHERE p.term = %s{bounds.sql} AND {tests.sql}"
    return Clause(sql, (numbers_of(leading)[0], *bounds.values, *tests.values)), "p.age", "p.file"


def _after(page: Page) -> tuple[int, int] | None:
    """Age and number of the last file of the page before."""
    if page.after is None:
        return None
    age, _, number = page.after.partition(":")
    try:
        return int(age), int(number)
    except ValueError:
        raise UsageError(f'"{page.after!r}" is not a place in a result') from None


def _part(place: int, facet: str) -> str:
    """The query of a facet as a part of one for several, with the facet's place among them."""
    return f"SELECT {place}, value::text, files FROM ({facet}) f{place} (value, files)"
