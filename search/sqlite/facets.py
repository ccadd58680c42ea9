"""Count the files of a result by label, name, year, type and camera."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from search.backend import Facet, Facets
from search.conditions import TermKind
from search.facets import most_frequent
from search.sql import Clause
from search.sqlite.planner import Plan
from search.sqlite.timebound import TimeBound

MOST_FACETED = 30_000
"""Of a larger result the newest files are counted."""

_KINDS = {Facet.LABEL: TermKind.LABEL, Facet.NAME: TermKind.NAME, Facet.TAG: TermKind.TAG}
_ALL = {
    Facet.YEAR: "SELECT value, files FROM facet WHERE kind = 'year'",
    Facet.TYPE: "SELECT value, files FROM facet WHERE kind = 'type'",
    Facet.CAMERA: """SELECT c.name, x.files FROM facet x JOIN camera c ON c.id = x.value
        WHERE x.kind = 'camera'""",
}
_OF_RESULT = {
    Facet.YEAR: "SELECT 'year', -age / 10000000000, count(*) FROM result WHERE age < 0 GROUP BY 2",
    Facet.TYPE: "SELECT 'type', kind, sum(files) FROM kinds GROUP BY 2",
    Facet.CAMERA: """SELECT 'camera', c.name, x.files FROM (
        SELECT camera, sum(files) AS files FROM kinds GROUP BY 1) x JOIN camera c ON c.id = x.camera""",
    Facet.TAG: f"""SELECT 'tag', t.text, x.files FROM (
        SELECT b.term, count(*) AS files FROM result r CROSS JOIN boxless b ON b.file = r.file GROUP BY 1
        ) x JOIN term t ON t.id = x.term WHERE t.kind = {int(TermKind.TAG)}""",
}
_TERMS_OF_RESULT = """SELECT CASE t.kind WHEN 1 THEN 'label' ELSE 'name' END, t.text, x.files FROM (
    SELECT term, count(*) AS files FROM (
        SELECT DISTINCT d.file, d.term FROM detection d WHERE d.file IN (SELECT file FROM result)
        UNION ALL SELECT DISTINCT m.file, m.term FROM moment m WHERE m.file IN (SELECT file FROM result)
    ) GROUP BY term) x JOIN term t ON t.id = x.term"""
"""The files are looked up in the order of their numbers, which takes half the time of that of their dates."""
_KINDS_OF_RESULT = """SELECT f.kind AS kind, f.camera AS camera, count(*) AS files FROM file f
    WHERE f.id IN (SELECT file FROM result) GROUP BY 1, 2"""
_SIZE = "SELECT 'size', 0, count(*) FROM result"


def count_all(connection: sqlite3.Connection, facet: Facet, most: int) -> tuple[tuple[str, int], ...]:
    """Return the most frequent values in the whole index."""
    if facet in _KINDS:
        statement, values = "SELECT text, files FROM term WHERE kind = ?", (int(_KINDS[facet]),)
        return most_frequent(facet, connection.execute(statement, values).fetchall(), most)
    return most_frequent(facet, connection.execute(_ALL[facet]).fetchall(), most)


def count_result(bound: TimeBound, plan: Plan, facets: Sequence[Facet], most: int) -> Facets:
    """Return the most frequent values in a result, or in its `MOST_FACETED` newest files."""
    row = plan.row
    newest = (
        f"SELECT {row.file} AS file, {row.age} AS age {plan.source.sql} "
        f"ORDER BY {row.age}, {row.file} LIMIT {MOST_FACETED + 1}"
    )
    parts = [_SIZE, *(_OF_RESULT[facet] for facet in facets if facet in _OF_RESULT)]
    if Facet.LABEL in facets or Facet.NAME in facets:
        parts.append(_TERMS_OF_RESULT)
    tables = f"result AS MATERIALIZED ({newest}), kinds AS MATERIALIZED ({_KINDS_OF_RESULT})"
    statement = f"WITH {tables} {' UNION ALL '.join(parts)}"
    found: dict[str, list[Any]] = defaultdict(list)
    for kind, value, files in bound.rows(Clause(statement, plan.source.values)):
        found[kind].append((value, files))
    values = {facet: most_frequent(facet, found[facet], most) for facet in facets}
    return Facets(values, bool(found["size"]) and found["size"][0][1] <= MOST_FACETED)
