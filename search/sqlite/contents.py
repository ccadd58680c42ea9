"""The contents of an index of one output folder: what updates read and write. Queries are in `index`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

from search.documents import Document
from search.sqlite.indexfile import check_structure, open_to_read, open_to_write, sqlite_errors
from search.sqlite.rows import path_joined, reports_read
from search.sqlite.writer import Writer

_PUT_AT_ONCE = 5_000


class Known(NamedTuple):
    """What an update needs to know of a file.

    Args:
        name: in its folder.
        reports, stamp, source: as in `Document`.
    """

    name: bytes
    reports: tuple[bytes, ...]
    stamp: int
    source: bytes


class IndexContents:
    """The files in an index. For one thread at a time.

    A run updates the index without importing what queries need.

    Args:
        path: of the file.
        writable: whether it is opened for changes, and made if it is missing, damaged or of another version.
    Raises:
        UsageError: there is none to read.
        DamagedIndexError: it is damaged or of another version, and not to be written. All methods raise it
            too.
        OutputError: it cannot be read or written; all methods raise it too.
    """

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        self.path = path
        self._connection = open_to_write(path) if writable else open_to_read(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. The last connection removes its log."""
        with sqlite_errors(self.path):
            self._connection.close()

    def apply(self, documents: Iterable[Document], removed: Iterable[bytes] = ()) -> None:
        """Put documents in and take paths out, in one transaction."""
        with self.changing() as writer:
            writer.remove(removed)
            for some in _in_parts(documents):
                writer.put(some)

    @contextlib.contextmanager
    def changing(self) -> Iterator[Writer]:
        """Open a transaction, committed at a clean end. Other processes see the old state until then."""
        with sqlite_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                writer = Writer(self._connection)
                yield writer
                writer.finish()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def check(self) -> None:
        """Check the whole file for damage.

        Raises: DamagedIndexError: there is some.
        """
        check_structure(self._connection, self.path)

    def meta(self, key: str) -> Any:
        """Return a value stored by `set_meta`, or None."""
        found = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return found[0][0] if found else None

    def set_meta(self, key: str, value: str | None) -> None:
        """Store a value."""
        with sqlite_errors(self.path):
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def files_in(self, folder: bytes) -> list[Known]:
        """Return what is known of each file in a folder below INPUT."""
        known = self._rows(
            "SELECT f.name, f.reports, f.stamp, r.path, f.source FROM folder d "
            "JOIN file f ON f.folder = d.id JOIN root r ON r.id = f.root WHERE d.path = ?",
            (folder,),
        )
        return [
            Known(name, reports_read(reports, name), stamp, source or root + b"/" + path_joined(folder, name))
            for name, reports, stamp, root, source in known
        ]

    def folders(self) -> list[bytes]:
        """Return all folders below INPUT that have or had files."""
        return [path for (path,) in self._rows("SELECT path FROM folder")]

    def size(self) -> int:
        """Return the number of files."""
        return int(self._rows("SELECT coalesce(sum(files), 0) FROM facet WHERE kind = 'type'")[0][0])

    def _rows(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with sqlite_errors(self.path):
            return self._connection.execute(statement, values).fetchall()


def _in_parts(documents: Iterable[Document]) -> Iterator[list[Document]]:
    part: list[Document] = []
    for document in documents:
        part.append(document)
        if len(part) == _PUT_AT_ONCE:
            yield part
            part = []
    if part:
        yield part
