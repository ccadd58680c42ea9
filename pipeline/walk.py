"""From INPUT to sources: a lazy walk that says what it passes over, and why."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import FailureCode
from pipeline.outputs import PART_PREFIX, PART_SUFFIX
from pipeline.source import FORMATS, HEAD_BYTES, Source, identify, is_camera_raw, promises_media

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
    """

    path: str
    relative: str
    code: FailureCode | None
    sentence: str
    failed: bool


def iter_sources(
    input_path: str, *, output_root: Path | None = None, follow_links: bool = False
) -> Iterator[Source | Skipped]:
    """Every file under INPUT, folder by folder in the order of names, as a source or with the reason why not.

    Memory is bounded by the largest folder, not by the tree.

    Args:
        input_path: a file or a folder that exists.
        output_root: a folder whose files are not mined even if it lies inside INPUT.
        follow_links: whether links to folders are followed; each folder is visited once.
    """
    path = os.path.abspath(input_path)
    if not os.path.isdir(path):
        yield _look_at(path, os.path.basename(path), asked_for=True)
        return
    excluded = _identity(os.fspath(output_root)) if output_root is not None else None
    yield from _iter_folder(path, excluded, follow_links)


def _iter_folder(
    root: str, excluded: tuple[int, int] | None, follow_links: bool
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
            yield Skipped(folder, relative_folder or ".", FailureCode.DIR_UNREADABLE, sentence, True)
            continue
        subfolders = []
        for entry in in_order:
            relative = os.path.join(relative_folder, entry.name)
            if not _is_folder(entry):
                if not (entry.name.startswith(PART_PREFIX) and entry.name.endswith(PART_SUFFIX)):
                    yield _look_at(entry.path, relative, asked_for=False)
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


def _identity(path: str) -> tuple[int, int] | None:
    """Device and inode, or None for what cannot be looked at."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


def _look_at(path: str, relative: str, *, asked_for: bool) -> Source | Skipped:
    """Read one file's first bytes; `asked_for`: the user named just this file, so no photo is a failure."""
    expected = asked_for or promises_media(relative)
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            sentence = "not a regular file but a pipe, a device or a socket"
            return Skipped(path, relative, FailureCode.NOT_A_REGULAR_FILE, sentence, expected)
        if status.st_size == 0:
            return Skipped(path, relative, FailureCode.EMPTY_FILE, "the file is empty", expected)
        with open(path, "rb", buffering=0) as stream:
            head = stream.read(HEAD_BYTES)
    except FileNotFoundError:
        sentence = "a link that leads nowhere" if os.path.islink(path) else _GONE
        return Skipped(path, relative, FailureCode.VANISHED, sentence, asked_for)
    except OSError as error:
        sentence = f"cannot be read ({error.strerror})"
        if error.errno == errno.ELOOP:
            sentence = "a link that leads in a circle"
        return Skipped(path, relative, FailureCode.UNREADABLE, sentence, True)
    return _judge(path, relative, status, head, expected)


def _judge(path: str, relative: str, status: os.stat_result, head: bytes, expected: bool) -> Source | Skipped:
    format_ = identify(head)
    if format_ is None and head.startswith(_APPLE_DOUBLE):
        return Skipped(path, relative, None, "what macOS keeps beside a file of nearly this name", False)
    if format_ is None:
        sentence = "neither a photo nor a video by its content"
        code = FailureCode.UNSUPPORTED_FORMAT if expected else None
        return Skipped(path, relative, code, sentence, expected)
    if format_ == "tiff" and is_camera_raw(relative):
        sentence = "a camera's raw file, which is not mined; a JPEG of it is"
        code = FailureCode.UNSUPPORTED_FORMAT if expected else None
        return Skipped(path, relative, code, sentence, expected)
    kind = FORMATS[format_].kind
    return Source(path, relative, kind, format_, status.st_size, status.st_mtime_ns)
