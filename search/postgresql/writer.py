"""Documents put into PostgreSQL and taken out, within one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from search import serialized
from search.conditions import TermKind
from search.documents import Document, millionths
from search.geo import cell_of
from search.postgresql.clauses import lexemes_of
from search.sql import flags_of, step_of
from search.tokens import key_of, tokens_of

_MAX_CHARS_OF_PATH = 4096
_FILE = (
    "COPY file (id, path, age, kind, flags, faces, best, camera, rating, latitude, longitude, cell, terms,"
    " words, stamp, document) FROM STDIN"
)


class Writer:
    """Changes within a transaction that the caller begins and commits.

    Args:
        connection: to the database.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._terms: dict[tuple[TermKind, str], int] = {}
        self._term_files: Counter[int] = Counter()

    def put(self, documents: Sequence[Document]) -> None:
        """Put documents in, each in place of an earlier one of its path; some thousands at a time."""
        newest = list({document.path: document for document in documents}.values())
        self.remove(document.path for document in newest)
        self._learn_terms(newest)
        numbers = self._connection.execute(
            "SELECT nextval('file_id_seq') FROM generate_series(1, %s)", (len(newest),)
        ).fetchall()
        pairs = [(number, document) for (number,), document in zip(numbers, newest, strict=True)]
        self._copy(_FILE, (self._file_row(number, document) for number, document in pairs))
        self._copy(
            "COPY posting (term, age, file, n, best, ladder) FROM STDIN",
            (row for number, document in pairs for row in self._postings(number, document)),
        )
        self._copy(
            "COPY moment (file, term, first, last, confidence) FROM STDIN",
            (
                (
                    number,
                    self._terms[one.kind, one.text],
                    one.first_s,
                    one.last_s,
                    millionths(one.confidence),
                )
                for number, document in pairs
                for one in document.moments
            ),
        )

    def remove(self, paths: Iterable[bytes]) -> None:
        """Take documents out; paths that are not there are skipped."""
        rows = self._connection.execute(
            "DELETE FROM file WHERE path = ANY(%s) RETURNING id, terms", (list(paths),)
        ).fetchall()
        if not rows:
            return
        numbers = [number for number, _ in rows]
        for _, terms in rows:
            self._term_files.subtract(terms)
        self._connection.execute("DELETE FROM posting WHERE file = ANY(%s)", (numbers,))
        self._connection.execute("DELETE FROM moment WHERE file = ANY(%s)", (numbers,))

    def finish(self) -> None:
        """Write the numbers of files of each term; before the commit."""
        changes = sorted((term, change) for term, change in self._term_files.items() if change)
        with self._connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE term SET files = files + %s WHERE id = %s", [(n, id_) for id_, n in changes]
            )
        if any(change < 0 for _, change in changes):
            self._connection.execute("DELETE FROM term WHERE files <= 0")

    def _learn_terms(self, documents: Iterable[Document]) -> None:
        wanted = {(one.kind, one.text) for document in documents for one in document.sightings}
        for kind, text in sorted(wanted - self._terms.keys()):
            number = self._connection.execute(
                "INSERT INTO term (kind, text, key) VALUES (%s, %s, %s)"
                " ON CONFLICT (kind, text) DO UPDATE SET key = excluded.key RETURNING id",
                (int(kind), _storable(text), _storable(key_of(text))),
            ).fetchone()[0]
            self._terms[kind, text] = number

    def _file_row(self, number: int, document: Document) -> tuple[Any, ...]:
        terms = sorted(self._terms[one.kind, one.text] for one in document.sightings)
        self._term_files.update(terms)
        cell = None
        if document.latitude is not None and document.longitude is not None:
            cell = cell_of(document.latitude, document.longitude)
        sure = [one.ladder[0] for one in document.sightings if one.ladder[0] is not None]
        readable = document.path.decode("utf-8", "replace")[:_MAX_CHARS_OF_PATH]
        camera = None if document.camera is None else _storable(document.camera)
        return (
            *(number, document.path, -document.taken, int(document.kind), flags_of(document), document.faces),
            *(millionths(max(sure, default=None)), camera, document.rating),
            *(document.latitude, document.longitude, cell, terms),
            lexemes_of(tokens_of(readable), tokens_of(document.title)),
            *(document.stamp, serialized.to_bytes(document)),
        )

    def _postings(self, number: int, document: Document) -> Iterable[tuple[Any, ...]]:
        for one in document.sightings:
            steps = [step_of(step) for step in one.ladder]
            best, ladder = millionths(one.ladder[0]), steps if len(steps) > 1 else None
            yield self._terms[one.kind, one.text], -document.taken, number, one.most, best, ladder

    def _copy(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with self._connection.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


def _storable(text: str) -> str:
    """The text without NUL and half characters, which PostgreSQL's text refuses."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
