"""Bring an index up to date with the reports of an OUTPUT.

A file has changed if the time or size of a report has. Committed batches stay, so an update can be killed at
any time and the next one continues.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.text import printable
from reporters.reportfile import is_own_report
from reporters.reportreader import ReportReader
from search.documents import Document
from search.indexing.documentbuilder import build_document
from search.indexing.outputfolder import OutputFolder, iter_output_folders
from search.indexing.presence import Presence
from search.sqlite import rows
from search.sqlite.contents import IndexContents
from search.sqlite.writer import Writer

BATCH = 5_000
"""Documents that are collected before they are written."""
LEAST_COMMIT = 5_000
"""Documents in a transaction, at least. Each commit rewrites much of an index, so a large one has fewer."""
_COMMIT_SHARE = 8
"""A transaction has at least one document for this many that the index holds."""
_COMMIT_S = 20.0
"""A transaction is not open for longer, so that a kill costs no more than this."""

_log = logging.getLogger(__name__)
_Reports = list[tuple[bytes, ReportReader]]


@dataclass(slots=True)
class Updated:
    """The result of an update.

    Args:
        files: how many the index knows now.
        put: how many were new or had changed.
        removed: how many are gone.
        damaged: reports that could not be read; the log names each.
        seconds: it took.
    """

    files: int = 0
    put: int = 0
    removed: int = 0
    damaged: int = 0
    seconds: float = 0.0


def update(
    index: IndexContents, output_root: Path, on_progress: Callable[[Updated], None] = lambda _: None
) -> Updated:
    """Bring an index up to date with all reports of an OUTPUT.

    Args:
        index: open to be written; the caller holds the lock on updates.
        output_root: the folder.
        on_progress: called after each batch.
    Raises:
        UsageError: OUTPUT is no folder that can be listed.
        OutputError: the index cannot be written.
    """
    return _Update(index, output_root, on_progress).all_folders()


def update_folders(index: IndexContents, output_root: Path, folders: Iterable[bytes]) -> Updated:
    """Bring an index up to date with some folders of an OUTPUT.

    Args:
        index, output_root: as for `update`.
        folders: relative to OUTPUT; their subfolders are not looked at.
    """
    return _Update(index, output_root, lambda _: None).some_folders(folders)


class _Update:
    """One update. Documents are collected and written in batches."""

    def __init__(
        self, index: IndexContents, output_root: Path, on_progress: Callable[[Updated], None]
    ) -> None:
        self._index = index
        self._root = os.fsencode(output_root.absolute())
        self._presence = Presence(output_root)
        self._on_progress = on_progress
        self._began = time.monotonic()
        self._documents: list[Document] = []
        self._removed: list[bytes] = []
        self._done = Updated()
        self._transaction = contextlib.ExitStack()
        self._writer: Writer | None = None
        self._staged = 0
        self._commit_each = LEAST_COMMIT
        self._commit_at = 0.0

    def all_folders(self) -> Updated:
        """Read the whole OUTPUT."""
        with self._transaction:
            return self._all_folders()

    def _all_folders(self) -> Updated:
        unlistable: list[bytes] = []
        seen: set[bytes] = set()
        try:
            for folder in iter_output_folders(self._root, unlistable):
                seen.add(folder.relative)
                self._folder(folder)
        except OSError as error:
            raise UsageError(
                f"{printable(os.fsdecode(self._root))}: cannot be listed ({error.strerror})"
            ) from None
        for relative in unlistable:
            _log.warning("%s: the folder cannot be listed", printable(os.fsdecode(relative)))
        kept = tuple(relative + b"/" for relative in unlistable)
        for relative in self._index.folders():
            if relative not in seen and not (relative + b"/").startswith(kept):
                self._drop(relative)
        return self._finish()

    def some_folders(self, folders: Iterable[bytes]) -> Updated:
        """Read these folders."""
        with self._transaction:
            return self._some_folders(folders)

    def _some_folders(self, folders: Iterable[bytes]) -> Updated:
        for relative in sorted(set(folders)):
            path = os.path.join(self._root, relative) if relative else self._root
            found = next(iter_output_folders(path, []), None) if os.path.isdir(path) else None
            if found is None:
                self._drop(relative)
            else:
                found.relative = relative
                self._folder(found)
        return self._finish()

    def _drop(self, relative: bytes) -> None:
        for one in self._index.files_in(relative):
            self._remove(rows.path_joined(relative, one.name))

    def _folder(self, folder: OutputFolder) -> None:
        known = {one.name: one for one in self._index.files_in(folder.relative)}
        unchanged = {
            one.name
            for one in known.values()
            if folder.stamp(one.name, one.reports) == one.stamp
            and not self._is_gone(folder, one.name, one.source)
        }
        claimed = {report for name in unchanged for report in known[name].reports}
        fresh = self._read(folder, (name for name in folder.reports if name not in claimed))
        for name in fresh.keys() & unchanged:  # a second report came; the first is read again
            fresh[name].extend(self._read(folder, known[name].reports).get(name, ()))
            unchanged.discard(name)
        put = {name for name in sorted(fresh) if self._put(folder, name, fresh[name])}
        for name in known.keys() - unchanged - put:
            self._remove(rows.path_joined(folder.relative, name))

    def _is_gone(self, folder: OutputFolder, name: bytes, source: bytes) -> bool:
        return self._presence.is_gone(rows.path_joined(folder.relative, name), source)

    def _read(self, folder: OutputFolder, names: Iterable[bytes]) -> dict[bytes, _Reports]:
        """Return the reports with these names, by the name of their input."""
        found: dict[bytes, _Reports] = {}
        for name in names:
            path = os.path.join(folder.path, name)
            try:
                reader = ReportReader(os.fsdecode(path))
            except FileNotFoundError:
                continue
            except OSError as error:
                self._complain(path, f"cannot be read ({error.strerror})")
                continue
            except ValueError as error:
                if _is_ours(path):
                    self._complain(path, f"is damaged ({error})")
                continue
            found.setdefault(os.path.basename(os.fsencode(reader.facts.path)), []).append((name, reader))
        return found

    def _put(self, folder: OutputFolder, name: bytes, reports: _Reports) -> bool:
        """Read the reports of an input. Returns whether the input belongs into the index."""
        usual = name + b".json"
        reports.sort(key=lambda report: (report[0] != usual, report[0]))
        source = os.fsencode(reports[0][1].facts.path)
        stamp = folder.stamp(name, tuple(report for report, _ in reports))
        if stamp is None or self._is_gone(folder, name, source):
            return False
        try:
            document = build_document(
                rows.path_joined(folder.relative, name),
                source,
                reports,
                is_annotated=folder.has_annotated(name),
                stamp=stamp,
            )
        except (ValueError, OSError) as error:
            self._complain(os.path.join(folder.path, reports[0][0]), f"cannot be read ({error})")
            return False
        self._documents.append(document)
        if len(self._documents) >= BATCH:
            self._flush()
        return True

    def _remove(self, path: bytes) -> None:
        self._removed.append(path)
        if len(self._removed) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        """Write the collected documents, and commit if the transaction is large or old."""
        if self._documents or self._removed:
            if self._writer is None:
                self._commit_each = max(LEAST_COMMIT, self._index.size() // _COMMIT_SHARE)
                self._writer = self._transaction.enter_context(self._index.changing())
                self._commit_at = time.monotonic() + _COMMIT_S
            self._writer.remove(self._removed)
            self._writer.put(self._documents)
            self._done.put += len(self._documents)
            self._done.removed += len(self._removed)
            self._staged += len(self._documents) + len(self._removed)
            self._documents, self._removed = [], []
        if self._staged >= self._commit_each or time.monotonic() >= self._commit_at:
            self._commit()
        self._done.seconds = time.monotonic() - self._began
        self._on_progress(self._done)

    def _commit(self) -> None:
        self._transaction.close()
        self._writer, self._staged = None, 0

    def _finish(self) -> Updated:
        self._presence.close()
        self._flush()
        self._commit()
        self._done.files = self._index.size()
        self._done.seconds = time.monotonic() - self._began
        return self._done

    def _complain(self, path: bytes, what: str) -> None:
        self._done.damaged += 1
        _log.warning("%s: the report %s and is left out", printable(os.fsdecode(path)), what)


def _is_ours(path: bytes) -> bool:
    """Return whether an unreadable file begins like a report of this program."""
    try:
        return is_own_report(Path(os.fsdecode(path)))
    except OSError:
        return False
