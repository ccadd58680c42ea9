"""How many files of a result have each label, name, year, type and camera."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from search.backend import Facet, Facets
from search.conditions import MediaKind, TermKind
from search.sqlite.clauses import Clause
from search.sqlite.planner import Plan
from search.sqlite.timebound import TimeBound

MOST_FACETED = 30_000
"""Of a larger result the newest files are counted."""

_KINDS = {Facet.LABEL: TermKind.LABEL, Facet.NAME: TermKind.NAME}
_ALL = {
    Facet.YEAR: "SELECT value, files FROM facet WHERE kind = 'year'",
    Facet.TYPE: "SELECT value, files FROM facet WHERE kind = 'type'",
    Facet.CAMERA: """SELECT c.name, x.files FROM facet x JOIN camera c ON c.id = x.value
        WHERE x.kind = 'camera'""",
}
_OF_RESULT = {
    Facet.YEAR: "SELECT -age / 10000000000, count(*) FROM result WHERE age < 0 GROUP BY 1",
    Facet.TYPE: "SELECT f.kind, count(*) FROM result r CROSS JOIN file f ON f.id = r.file GROUP BY 1",
    Facet.CAMERA: """SELECT c.name, count(*) FROM result r CROSS JOIN file f ON f.id = r.file
        CROSS JOIN camera c ON c.id = f.camera GROUP BY 1""",
}
_TERMS_OF_RESULT = """SELECT t.text, x.files FROM (
    SELECT term, count(*) AS files FROM (
        SELECT DISTINCT r.file, d.term FROM result r CROSS JOIN detection d ON d.file = r.file
        UNION ALL SELECT DISTINCT r.file, m.term FROM result r CROSS JOIN moment m ON m.file = r.file
    ) GROUP BY term) x JOIN term t ON t.id = x.term WHERE t.kind = ?"""


def count_all(connection: sqlite3.Connection, facet: Facet, most: int) -> tuple[tuple[str, int], ...]:
    """The most frequent values in the whole index."""
    if facet in _KINDS:
        statement, values = "SELECT text, files FROM term WHERE kind = ?", (int(_KINDS[facet]),)
        return _sorted(facet, connection.execute(statement, values).fetchall(), most)
    return _sorted(facet, connection.execute(_ALL[facet]).fetchall(), most)


def count_result(bound: TimeBound, plan: Plan, facets: Sequence[Facet], most: int) -> Facets:
    """The most frequent values among the files that a plan finds; in the `MOST_FACETED` newest of more."""
    row = plan.row
    newest = (
        f"SELECT {row.file} AS file, {row.age} AS age {plan.source.sql} "
        f"ORDER BY {row.age}, {row.file} LIMIT {MOST_FACETED + 1}"
    )
    result = f"WITH result AS MATERIALIZED ({newest}) "
    values = {}
    for facet in facets:
        counted = _OF_RESULT.get(facet, _TERMS_OF_RESULT)
        more = (int(_KINDS[facet]),) if facet in _KINDS else ()
        found = bound.rows(Clause(result + counted, (*plan.source.values, *more)))
        values[facet] = _sorted(facet, found, most)
    (size,) = (bound.rows(Clause(f"{result} SELECT count(*) FROM result", plan.source.values)) or [(0,)])[0]
    return Facets(values, size <= MOST_FACETED)


def _sorted(facet: Facet, found: list[Any], most: int) -> tuple[tuple[str, int], ...]:
    named = [(_shown(facet, value), files) for value, files in found]
    return tuple(sorted(named, key=lambda pair: (-pair[1], pair[0]))[:most])


def _shown(facet: Facet, value: Any) -> str:
    if facet is Facet.YEAR:
        return f"{value:04d}"
    return MediaKind(value).word if facet is Facet.TYPE else str(value)
