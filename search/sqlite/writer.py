"""Put documents into the SQLite index and take them out, in transactions."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from search.conditions import TermKind
from search.documents import Document, millionths, readable
from search.geo import cell_of
from search.sql import flags_of
from search.sqlite import rows
from search.sqlite.schema import TERMS_OF_FILE
from search.tokens import key_of, tokens_of

_FILE = "INSERT INTO file VALUES (" + ", ".join("?" * 27) + ")"
_MAX_CHARS_OF_PATH = 4096


class Writer:
    """Changes to the index within one transaction, which the caller begins and commits.

    What it knows of numbers holds as long as the transaction does.

    Args:
        connection: for writing.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._numbers: dict[tuple[str, Any], int] = {}
        self._terms: dict[tuple[TermKind, str], int] = {}
        self._term_files: Counter[int] = Counter()
        self._facets: Counter[tuple[str, int]] = Counter()
        self._next = self._one("SELECT coalesce(max(id), 0) + 1 FROM file")

    def put(self, documents: Sequence[Document]) -> None:
        """Put some thousand documents in; each replaces an earlier one with its path."""
        postings: list[tuple[Any, ...]] = []
        detections: list[tuple[Any, ...]] = []
        moments: list[tuple[Any, ...]] = []
        boxless: list[tuple[int, int]] = []
        files: list[tuple[Any, ...]] = []
        words: list[tuple[int, str, str]] = []
        for document in {document.path: document for document in documents}.values():
            folder = self._number("folder", "path", document.folder)
            number = self._known(folder, document.name)
            if number is None:
                number = self._next
                self._next += 1
                words.append(_words_row(number, document.path, document.title))
            elif (title := self._take_out(number)) != document.title:
                self._delete_words(number, document.path, title)
                words.append(_words_row(number, document.path, document.title))
            files.append(self._file_row(number, folder, document))
            postings.extend(self._postings(number, document))
            detections.extend(self._detections(number, document))
            moments.extend(self._moments(number, document))
            boxless.extend(self._boxless(number, document))
        postings.sort()
        execute = self._connection.executemany
        execute(_FILE, files)
        execute("INSERT INTO words (rowid, path, title) VALUES (?, ?, ?)", words)
        execute("INSERT INTO posting VALUES (?, ?, ?, ?, ?, ?)", postings)
        execute("INSERT INTO detection VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", detections)
        execute("INSERT INTO boxless VALUES (?, ?)", boxless)
        execute("INSERT OR REPLACE INTO moment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", moments)

    def remove(self, paths: Iterable[bytes]) -> None:
        """Take documents out. Unknown paths are skipped."""
        for path in paths:
            folder_path, _, name = path.rpartition(b"/")
            row = self._connection.execute("SELECT id FROM folder WHERE path = ?", (folder_path,)).fetchone()
            number = None if row is None else self._known(row[0], name)
            if number is not None:
                self._delete_words(number, path, self._take_out(number))

    def finish(self) -> None:
        """Write the numbers of files of each term and facet. Call it before the commit."""
        self._connection.executemany(
            "UPDATE term SET files = files + ? WHERE id = ?",
            [(change, term) for term, change in self._term_files.items() if change],
        )
        changes = [(kind, value, change) for (kind, value), change in self._facets.items() if change]
        self._connection.executemany(
            "INSERT INTO facet VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET files = files + excluded.files",
            changes,
        )
        if any(change < 0 for _, _, change in changes) or any(one < 0 for one in self._term_files.values()):
            self._connection.execute("DELETE FROM facet WHERE files <= 0")
            self._connection.execute("DELETE FROM term WHERE files <= 0")
            self._connection.execute(
                "DELETE FROM camera WHERE id NOT IN (SELECT value FROM facet WHERE kind = 'camera')"
            )

    def _file_row(self, number: int, folder: int, document: Document) -> tuple[Any, ...]:
        root, source = rows.root_of(document)
        cell = None
        if document.latitude is not None and document.longitude is not None:
            cell = cell_of(document.latitude, document.longitude)
        camera = None if document.camera is None else self._number("camera", "name", document.camera)
        self._count_facets(-document.taken, document.kind, camera, 1)
        return (
            *(number, folder, document.name, self._number("root", "path", root)),
            *(-document.taken, int(document.kind), flags_of(document), document.faces),
            *(rows.surest(document), camera, document.rating, document.title or None),
            *(document.offset_min, document.width, document.height, self._word(document.format)),
            *(document.latitude, document.longitude, document.altitude, cell, document.sha256),
            *(document.size_bytes, document.duration_s, self._word(document.pipeline), document.stamp),
            *(rows.reports_stored(document), source),
        )

    def _postings(self, number: int, document: Document) -> Iterable[tuple[Any, ...]]:
        for one in document.sightings:
            term = self._term(one.kind, one.text)
            self._term_files[term] += 1
            best = millionths(one.ladder[0])
            yield term, -document.taken, number, one.most, best, rows.ladder_stored(one.ladder)

    def _detections(self, number: int, document: Document) -> Iterable[tuple[Any, ...]]:
        for n, one in enumerate(document.detections):
            yield (
                *(number, n, self._term(one.kind, one.text), self._word(one.component)),
                *(millionths(one.confidence), one.distance, *one.rect),
            )

    def _moments(self, number: int, document: Document) -> Iterable[tuple[Any, ...]]:
        for one in document.moments:
            yield (
                *(number, self._term(one.kind, one.text), one.first_s, one.last_s, one.frames),
                *(self._word(one.component), millionths(one.confidence), one.time_s, one.frame),
                *one.rect,
            )

    def _boxless(self, number: int, document: Document) -> Iterable[tuple[int, int]]:
        with_boxes = {(one.kind, one.text) for one in document.detections}
        with_boxes |= {(one.kind, one.text) for one in document.moments}
        for one in document.sightings:
            if (one.kind, one.text) not in with_boxes:
                yield number, self._term(one.kind, one.text)

    def _take_out(self, number: int) -> str:
        """Delete all rows of a file except its words, which seldom change; returns the title among them."""
        execute = self._connection.execute
        row = execute("SELECT age, kind, camera, title FROM file WHERE id = ?", (number,)).fetchone()
        age, kind, camera, title = row
        self._count_facets(age, kind, camera, -1)
        terms = execute(TERMS_OF_FILE, (number,)).fetchall()
        for (term,) in terms:
            self._term_files[term] -= 1
            execute("DELETE FROM posting WHERE term = ? AND age = ? AND file = ?", (term, age, number))
        execute("DELETE FROM detection WHERE file = ?", (number,))
        execute("DELETE FROM moment WHERE file = ?", (number,))
        execute("DELETE FROM boxless WHERE file = ?", (number,))
        execute("DELETE FROM file WHERE id = ?", (number,))
        return title or ""

    def _delete_words(self, number: int, path: bytes, title: str) -> None:
        """Delete the words of a file; the text index keeps no texts, so it needs the old ones."""
        self._connection.execute(
            "INSERT INTO words (words, rowid, path, title) VALUES ('delete', ?, ?, ?)",
            _words_row(number, path, title),
        )

    def _count_facets(self, age: int, kind: int, camera: int | None, change: int) -> None:
        self._facets["type", int(kind)] += change
        if age:
            self._facets["year", rows.year_of(age)] += change
        if camera is not None:
            self._facets["camera", camera] += change

    def _known(self, folder: int, name: bytes) -> int | None:
        row = self._connection.execute(
            "SELECT id FROM file WHERE folder = ? AND name = ?", (folder, name)
        ).fetchone()
        return None if row is None else int(row[0])

    def _word(self, text: str) -> int:
        return self._number("word", "text", text)

    def _number(self, table: str, column: str, value: Any) -> int:
        """Return the number of a value in a table of values; it is inserted if it is missing."""
        number = self._numbers.get((table, value))
        if number is None:
            where = f"FROM {table} WHERE {column} = ?"
            row = self._connection.execute(f"SELECT id {where}", (value,)).fetchone()
            if row is None:
                statement = f"INSERT INTO {table} ({column}) VALUES (?) RETURNING id"
                row = self._connection.execute(statement, (value,)).fetchone()
            number = self._numbers[table, value] = int(row[0])
        return number

    def _term(self, kind: TermKind, text: str) -> int:
        number = self._terms.get((kind, text))
        if number is None:
            values = (int(kind), text, key_of(text))
            self._connection.execute("INSERT OR IGNORE INTO term (kind, text, key) VALUES (?, ?, ?)", values)
            number = self._one("SELECT id FROM term WHERE kind = ? AND text = ?", values[:2])
            self._terms[kind, text] = number
        return number

    def _one(self, statement: str, values: tuple[Any, ...] = ()) -> int:
        return int(self._connection.execute(statement, values).fetchone()[0])


def _words_row(number: int, path: bytes, title: str) -> tuple[int, str, str]:
    """Return what the text index holds of a file: tokens with spaces between."""
    return number, " ".join(tokens_of(readable(path)[:_MAX_CHARS_OF_PATH])), " ".join(tokens_of(title))
