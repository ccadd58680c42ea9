"""From INPUT to sources: a lazy walk that says what it passes over, and why."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import FailureCode
from pipeline.files.outputs import PART_PREFIX, PART_SUFFIX
from pipeline.ledger.ledger import Known
from pipeline.source import (
    FORMATS,
    HEAD_BYTES,
    NO_STAMP,
    Source,
    Stamp,
    identify,
    is_camera_raw,
    promises_media,
)

_APPLE_DOUBLE = b"\x00\x05\x16\x07"
"""`._IMG_1.jpg` lies beside `IMG_1.jpg` on a disk that a Mac has written to. (RFC 1740, appendix A.)"""

_GONE = "gone since it was listed"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A path that holds nothing to mine.

    Args:
        path: absolute, as `os.fsdecode` gives it.
        relative: the path under INPUT.
        code: the reason; None for a file that is simply neither photo nor video.
        sentence: the reason for people.
        failed: whether it counts as a failure; else it is ignored.
        stamp: what the file system said of it; None for what is no file, or may be one later.
    """

    path: str
    relative: str
    code: FailureCode | None
    sentence: str
    failed: bool
    stamp: Stamp | None = field(default=None, compare=False)


def iter_sources(
    input_path: str,
    *,
    output_root: Path | None = None,
    follow_links: bool = False,
    min_age_s: float = 0.0,
    known: Callable[[str, Stamp], Known | None] = lambda *_: None,
) -> Iterator[Source | Skipped]:
    """Every file under INPUT, folder by folder in the order of names, as a source or with the reason why not.

    Memory is bounded by the largest folder, not by the tree.

    Args:
        input_path: a file or a folder that exists.
        output_root: a folder whose files are not mined even if it lies inside INPUT.
        follow_links: whether links to folders are followed; each folder is visited once.
        min_age_s: files changed less than this long ago are passed over: somebody may still be writing them.
        known: what is known of a relative path with this stamp; such a file is not even opened.
    """
    path = os.path.abspath(input_path)
    look = _Look(known, min_age_s)
    if not os.path.isdir(path):
        yield look.at(path, os.path.basename(path), asked_for=True)
        return
    excluded = _identity(os.fspath(output_root)) if output_root is not None else None
    yield from _iter_folder(path, excluded, follow_links, look)


def _iter_folder(
    root: str, excluded: tuple[int, int] | None, follow_links: bool, look: _Look
) -> Iterator[Source | Skipped]:
    visited = {_identity(root)}
    waiting = [(root, "")]
    while waiting:
        folder, relative_folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                in_order = sorted(entries, key=lambda entry: os.fsencode(entry.name))
        except FileNotFoundError:
            yield Skipped(folder, relative_folder or ".", FailureCode.VANISHED, _GONE, False)
            continue
        except OSError as error:
            sentence = f"the folder cannot be listed ({error.strerror})"
            stamp = _stamp_of(folder)
            yield Skipped(folder, relative_folder or ".", FailureCode.DIR_UNREADABLE, sentence, True, stamp)
            continue
        subfolders = []
        for entry in in_order:
            relative = f"{relative_folder}/{entry.name}" if relative_folder else entry.name
            if not _is_folder(entry):
                if not (entry.name.startswith(PART_PREFIX) and entry.name.endswith(PART_SUFFIX)):
                    yield look.at(entry.path, relative)
            elif entry.is_symlink() and not follow_links:
                sentence = "a link to a folder; --follow-links follows it"
                yield Skipped(entry.path, relative, None, sentence, False)
            elif (identity := _identity(entry.path)) is not None and identity == excluded:
                continue
            elif identity in visited:
                sentence = "a folder that was walked already, by another link or name"
                yield Skipped(entry.path, relative, None, sentence, False)
            else:
                if follow_links and identity is not None:
                    visited.add(identity)
                subfolders.append((entry.path, relative))
        waiting.extend(reversed(subfolders))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle: `_look_at` says so
        return False


def _stamp_of(path: str) -> Stamp:
    try:
        return Stamp.of(os.stat(path))
    except OSError:
        return NO_STAMP


def _identity(path: str) -> tuple[int, int] | None:
    """Device and inode, or None for what cannot be looked at."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


class _Look:
    """A look at one file after the other; see `iter_sources` for what guides it."""

    def __init__(self, known: Callable[[str, Stamp], Known | None], min_age_s: float) -> None:
        self._known = known
        self._min_age_s = min_age_s

    def at(self, path: str, relative: str, *, asked_for: bool = False) -> Source | Skipped:
        """What one file is; `asked_for`: the user named just this file, so that no photo is a failure."""
        stamp = NO_STAMP
        try:
            status = os.stat(path)
            stamp = Stamp.of(status)
            known = None if asked_for else self._known(relative, stamp)
            if known is not None and (known.format is None or known.format in FORMATS):
                return _as_known(path, relative, status, stamp, known)
            expected = asked_for or promises_media(relative)
            if not stat.S_ISREG(status.st_mode):
                sentence = "not a regular file but a pipe, a device or a socket"
                return Skipped(path, relative, FailureCode.NOT_A_REGULAR_FILE, sentence, expected, stamp)
            if self._min_age_s and abs(time.time() - status.st_mtime) < self._min_age_s:
                sentence = f"changed less than {self._min_age_s:g} s ago; a later run will mine it"
                return Skipped(path, relative, None, sentence, False)
            if status.st_size == 0:
                return Skipped(path, relative, FailureCode.EMPTY_FILE, "the file is empty", expected, stamp)
            with open(path, "rb", buffering=0) as stream:
                head = stream.read(HEAD_BYTES)
        except FileNotFoundError:
            sentence = "a link that leads nowhere" if os.path.islink(path) else _GONE
            return Skipped(path, relative, FailureCode.VANISHED, sentence, asked_for)
        except OSError as error:
            sentence = f"cannot be read ({error.strerror})"
            if error.errno == errno.ELOOP:
                sentence = "a link that leads in a circle"
            return Skipped(path, relative, FailureCode.UNREADABLE, sentence, True, stamp)
        return _judge(path, relative, status, stamp, head, expected)


def _as_known(
    path: str, relative: str, status: os.stat_result, stamp: Stamp, known: Known
) -> Source | Skipped:
    if known.format is None:
        return Skipped(path, relative, None, known.sentence, False, stamp)
    kind = FORMATS[known.format].kind
    return Source(path, relative, kind, known.format, status.st_size, status.st_mtime_ns, stamp)


def _judge(
    path: str, relative: str, status: os.stat_result, stamp: Stamp, head: bytes, expected: bool
) -> Source | Skipped:
    code = FailureCode.UNSUPPORTED_FORMAT if expected else None
    format_ = identify(head)
    if format_ is None and head.startswith(_APPLE_DOUBLE):
        sentence = "what macOS keeps beside a file of nearly this name"
        return Skipped(path, relative, None, sentence, False, stamp)
    if format_ is None:
        sentence = "neither a photo nor a video by its content"
        return Skipped(path, relative, code, sentence, expected, stamp)
    if format_ == "tiff" and is_camera_raw(relative):
        sentence = "a camera's raw file, which is not mined; a JPEG of it is"
        return Skipped(path, relative, code, sentence, expected, stamp)
    kind = FORMATS[format_].kind
    return Source(path, relative, kind, format_, status.st_size, status.st_mtime_ns, stamp)
