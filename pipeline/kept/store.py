"""The store: an SQLite file beside the ledger with the findings in each input.

It is a cache. What is not in it, is damaged or is of another version is mined again. It is opened by the
process that holds the output folder's lock, as the ledger is, and in the same way; see
`pipeline.ledger.ledgerfile`. A row has the number of its input's path, not the path: the ledger has that.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import OutputError
from pipeline.files.database import database_errors, discard_database, give_back, is_damage
from pipeline.kept.storefile import STORE_NAME, WHAT, open_store_file, open_store_for_reading
from pipeline.kept.values import Kept, Known
from pipeline.text import printable

_COMMIT_S = 1.0
"""Changes are committed together: a commit writes whole pages. A kill loses the findings of this long."""
_TO_DISK_S = 5.0

_INSERT = "INSERT INTO inputs (number, sha256, fingerprint, keys, state, chunk) VALUES (?, ?, ?, ?, ?, ?)"
_UNSETTLED = b"\0unsettled"
"""The word that stands among the others while a run replaces outputs."""
_log = logging.getLogger(__name__)


class StoredInput(NamedTuple):
    """A row of the store.

    Args:
        sha256: of the input's content, hexadecimal.
        fingerprint: of the pipeline by which its outputs were last found right.
        keys: of the components whose findings are known, one after the other.
        known: the rest, for a worker.
    """

    sha256: str
    fingerprint: str
    keys: bytes
    known: Known


class Store:
    """The findings in the inputs of one output folder.

    A kill loses the changes of the last second. Then the ledger says that those inputs are right and the
    store does not, so that a later change of the pipeline mines them again.

    Args:
        output_root: the folder; its store is created if it is missing or cannot be used.
        read_only: change nothing; a store that is missing or cannot be used is empty.
    Raises: OutputError: the file cannot be written; all methods raise it too.
    """

    def __init__(self, output_root: Path, *, read_only: bool = False) -> None:
        self.path = output_root / STORE_NAME
        self._connection = open_store_for_reading(self.path) if read_only else open_store_file(self.path)
        self._ids: dict[bytes, int] = {}
        self._words: dict[int, bytes] = {}
        self._commit_at = 0.0
        self._to_disk_at = time.monotonic() + _TO_DISK_S

    def __enter__(self) -> Store:
        return self

    def __exit__(self, error: object = None, *_: object) -> None:
        try:
            with contextlib.suppress(sqlite3.DatabaseError):  # it is damaged, and begun again by the next run
                self._commit()
            with database_errors(self.path, WHAT):
                self._connection.close()
        except OutputError:
            if error is None:  # the other error says it already
                raise

    def __len__(self) -> int:
        return int(self._all("SELECT count(*) FROM inputs")[0][0])

    def find(self, relative: str) -> StoredInput | None:
        """What is known of the input at this path under INPUT."""
        select = "SELECT id, sha256, fingerprint, keys, state, chunk FROM inputs WHERE number = ?"
        rows = self._all(select, (_number(relative),))
        if not rows:
            return None
        row_id, sha256, fingerprint, keys, state, chunk = rows[0]
        chunks = (chunk,) if chunk is not None else tuple(self._segments(row_id))
        known = Known(sha256.hex(), state, chunks)
        return StoredInput(sha256.hex(), self._word(fingerprint).decode(), self._word(keys), known)

    def has(self, relative: str) -> bool:
        """Whether anything is known of the input at this path."""
        return bool(self._all("SELECT 1 FROM inputs WHERE number = ?", (_number(relative),)))

    def counts(self, *, but: Collection[str]) -> Counter[bytes]:
        """How many inputs there are for each set of keys, without those of some fingerprints."""
        counts: Counter[bytes] = Counter()
        rows = self._all("SELECT keys, fingerprint, count(*) FROM inputs GROUP BY keys, fingerprint")
        for keys, fingerprint, count in rows:
            if self._word(fingerprint).decode() not in but:
                counts[self._word(keys)] += count
        return counts

    def keep(self, relative: str, sha256: str, fingerprint: str, kept: Kept) -> None:
        """Store what was found in an input, in place of anything that was known of it."""
        number, ids = _number(relative), (self._id(fingerprint.encode()), self._id(kept.keys))
        with self._transaction():
            if kept.chunks is None:
                self._execute(
                    "UPDATE inputs SET fingerprint = ?, keys = ?, state = ? WHERE number = ? AND sha256 = ?",
                    (*ids, kept.state, number, bytes.fromhex(sha256)),
                )
                return
            self._delete(number)
            is_video = len(kept.chunks) != 1
            values = (number, bytes.fromhex(sha256), *ids, kept.state, None if is_video else kept.chunks[0])
            cursor = self._execute(_INSERT, values)
            for place, chunk in enumerate(kept.chunks if is_video else ()):
                self._execute("INSERT INTO segments VALUES (?, ?, ?)", (cursor.lastrowid, place, chunk))

    def copy(self, relative: str, target: str) -> None:
        """Take what is known of one input as known of another, to which it was renamed or copied."""
        stored = self.find(relative)
        if stored is not None:
            kept = Kept(stored.keys, stored.known.state, stored.known.chunks)
            self.keep(target, stored.sha256, stored.fingerprint, kept)

    def forget(self, relative: str) -> None:
        """Delete what is known of the input at this path."""
        with self._transaction():
            self._delete(_number(relative))

    @property
    def is_settled(self) -> bool:
        """Whether the outputs are those that the rows speak of, as far as they are there."""
        return not self._all("SELECT 1 FROM words WHERE word = ?", (_UNSETTLED,))

    def unsettle(self) -> None:
        """Note, before a run replaces outputs, that they may be others than the rows speak of."""
        with self._transaction():
            self._id(_UNSETTLED)
        self._commit()

    def settle(self) -> None:
        """Note that the rows speak of the outputs again."""
        with self._transaction():
            self._execute("DELETE FROM words WHERE word = ?", (_UNSETTLED,))
            self._ids.pop(_UNSETTLED, None)

    def shrink(self) -> None:
        """Give the space of deleted rows back to the file system where that is worth a rewrite."""
        self._commit()
        with database_errors(self.path, WHAT):
            give_back(self._connection)

    def _segments(self, row_id: int) -> Iterator[bytes]:
        rows = self._all("SELECT chunk FROM segments WHERE input = ? ORDER BY number", (row_id,))
        return (chunk for (chunk,) in rows)

    def _delete(self, number: int) -> None:
        self._execute(
            "DELETE FROM segments WHERE input IN (SELECT id FROM inputs WHERE number = ?)", (number,)
        )
        self._execute("DELETE FROM inputs WHERE number = ?", (number,))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All changes in the block or none; none and an empty store if it turns out to be damaged."""
        try:
            if not self._connection.in_transaction:
                self._execute("BEGIN IMMEDIATE")
                self._commit_at = time.monotonic() + _COMMIT_S
            self._execute("SAVEPOINT change")
            try:
                yield
            except BaseException:
                self._ids.clear()
                with contextlib.suppress(OutputError, sqlite3.Error):  # the first error says why
                    self._execute("ROLLBACK TO change")
                    self._execute("RELEASE change")
                raise
            self._execute("RELEASE change")
            if time.monotonic() >= self._commit_at:
                self._commit()
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            self._begin_again(error)

    def _commit(self) -> None:
        if self._connection.in_transaction:
            self._execute("COMMIT")
        if time.monotonic() >= self._to_disk_at:
            self._execute("PRAGMA wal_checkpoint(PASSIVE)")
            self._to_disk_at = time.monotonic() + _TO_DISK_S

    def _id(self, word: bytes) -> int:
        if word not in self._ids:
            self._execute("INSERT OR IGNORE INTO words (word) VALUES (?)", (word,))
            self._ids[word] = self._all("SELECT id FROM words WHERE word = ?", (word,))[0][0]
        return self._ids[word]

    def _word(self, number: int) -> bytes:
        if number not in self._words:
            rows = self._all("SELECT word FROM words WHERE id = ?", (number,))
            self._words[number] = rows[0][0] if rows else b""
        return self._words[number]

    def _all(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        try:
            with database_errors(self.path, WHAT):
                return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:  # it is damaged
            self._begin_again(error)
            return self._connection.execute(statement, values).fetchall()

    def _execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        with database_errors(self.path, WHAT):
            return self._connection.execute(statement, values)

    def _begin_again(self, error: sqlite3.Error) -> None:
        """Go on with an empty store in place of a damaged one."""
        _log.warning(
            "%s: damaged (%s) and begun again; what it held is mined again when it is needed",
            *(printable(self.path), error),
        )
        self._connection.close()
        discard_database(self.path)
        self._connection = open_store_file(self.path)
        self._ids.clear()
        self._words.clear()


def _number(relative: str) -> int:
    """The number that stands for a path: 63 bits of a hash, so that two paths have one as good as never.

    Even then nothing false is taken: the content's hash decides.
    """
    return int.from_bytes(hashlib.blake2b(os.fsencode(relative), digest_size=8).digest()) >> 1
