"""From INPUT to sources: a lazy walk that gives a reason for each file that it passes over."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import FailureCode
from pipeline.files.ownfiles import own_sentence
from pipeline.files.parts import PART_PREFIX, PART_SUFFIX
from pipeline.files.proxies import Proxies, is_proxy_name
from pipeline.formats import FORMATS, HEAD_BYTES, identify, is_camera_raw, promises_media
from pipeline.source import NO_STAMP, Source, Stamp
from pipeline.text import printable

_APPLE_DOUBLE = b"\x00\x05\x16\x07"
"""`._IMG_1.jpg` lies beside `IMG_1.jpg` on a disk that a Mac has written to. (RFC 1740, appendix A.)"""

_SONYS_PROXIES, _SONYS_CLIPS = "sub", "CLIP"
_GONE = "gone since it was listed"


class WalkedFile(NamedTuple):
    """A file that the walk has found and not opened.

    Args:
        path: absolute, as `os.fsdecode` gives it.
        relative: the path under INPUT.
        stamp: what the file system said about it.
        is_regular: whether it is a regular file, and not a pipe, a device or a socket.
        is_named: whether the user named this very file as INPUT, so that it is a failure if it is no photo
            and no video.
    """

    path: str
    relative: str
    stamp: Stamp
    is_regular: bool = True
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A path that holds nothing to mine.

    Args:
        path: absolute, as `os.fsdecode` gives it.
        relative: the path under INPUT.
        code: the reason; None for a file that is simply neither photo nor video.
        sentence: the reason for people.
        failed: whether it counts as a failure; otherwise it is ignored.
        stamp: what the file system said about it; None for what is no file, or may be one later.
        is_proxy: whether it is a camera's small copy of another file.
    """

    path: str
    relative: str
    code: FailureCode | None
    sentence: str
    failed: bool
    stamp: Stamp | None = field(default=None, compare=False)
    is_proxy: bool = False


def iter_files(
    input_path: str,
    *,
    output_root: Path | None = None,
    follow_links: bool = False,
    with_proxies: bool = True,
) -> Iterator[WalkedFile | Skipped]:
    """Yield every file under INPUT without opening it, folder by folder in the order of names.

    Memory is bounded by the largest folder, not by the tree.

    Args:
        input_path: a file or a folder that exists.
        output_root: a folder whose files are left out, even if it lies inside INPUT.
        follow_links: whether links to folders are followed; each folder is visited once.
        with_proxies: whether the small copies and thumbnails are wanted that cameras write beside a video.
    """
    path = os.path.abspath(input_path)
    if not os.path.isdir(path):
        yield _examined(path, os.path.basename(path), is_named=True)
        return
    excluded = _identity(os.fspath(output_root)) if output_root is not None else None
    yield from _iter_folder(path, excluded, follow_links, with_proxies)


def iter_sources(
    input_path: str, *, output_root: Path | None = None, follow_links: bool = False, min_age_s: float = 0.0
) -> Iterator[Source | Skipped]:
    """Yield every file under INPUT as a source, or with the reason why it is none.

    Args:
        input_path, output_root, follow_links: as for `iter_files`.
        min_age_s: as for `identify_file`.
    """
    for found in iter_files(input_path, output_root=output_root, follow_links=follow_links):
        yield found if isinstance(found, Skipped) else identify_file(found, min_age_s=min_age_s)


def _iter_folder(
    root: str, excluded: tuple[int, int] | None, follow_links: bool, with_proxies: bool
) -> Iterator[WalkedFile | Skipped]:
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
        names = () if with_proxies else [entry.name for entry in in_order]
        originals = _originals(names, folder if relative_folder else None)
        for entry in in_order:
            relative = f"{relative_folder}/{entry.name}" if relative_folder else entry.name
            if not _is_folder(entry):
                if entry.name in originals:
                    original = printable(originals[entry.name])
                    sentence = f"a camera's small copy of {original}; proxies: mine takes it"
                    yield Skipped(entry.path, relative, None, sentence, False, is_proxy=True)
                elif not (entry.name.startswith(PART_PREFIX) and entry.name.endswith(PART_SUFFIX)):
                    yield _examined(entry.path, relative)
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


def _originals(names: Sequence[str], folder: str | None) -> dict[str, str]:
    """The proxies among the files of a folder, with the videos that they belong to.

    Args:
        names: of its files.
        folder: its path, if the folder around it is walked too.
    """
    if not any(map(is_proxy_name, names)):
        return {}
    proxies = Proxies((*names, *_names_of_clips(folder)))
    found = {name: proxies.original_of(name) for name in names if is_proxy_name(name)}
    return {name: original for name, original in found.items() if original is not None}


def _names_of_clips(folder: str | None) -> Sequence[str]:
    """The files of the folder beside this one in which a Sony camera keeps the videos themselves."""
    if folder is None or os.path.basename(folder).lower() != _SONYS_PROXIES:
        return ()
    try:
        return os.listdir(os.path.join(os.path.dirname(folder), _SONYS_CLIPS))
    except OSError:
        return ()


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle: `_examined` reports it
        return False


def _stamp_of(path: str) -> Stamp:
    try:
        return Stamp.of(os.stat(path))
    except OSError:
        return NO_STAMP


def _identity(path: str) -> tuple[int, int] | None:
    """Device and inode, or None if the status cannot be read."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


def _examined(path: str, relative: str, *, is_named: bool = False) -> WalkedFile | Skipped:
    try:
        status = os.stat(path)
    except OSError as error:
        return _unreadable(path, relative, error, NO_STAMP, is_named)
    return WalkedFile(path, relative, Stamp.of(status), stat.S_ISREG(status.st_mode), is_named)


def identify_file(file: WalkedFile, *, min_age_s: float = 0.0) -> Source | Skipped:
    """Open a file and read its first bytes to find out what it is.

    Args:
        file: as the walk found it.
        min_age_s: a file changed less than this long ago is skipped: it may still be growing.
    """
    path, relative, stamp = file.path, file.relative, file.stamp
    expected = file.is_named or promises_media(relative)
    if not file.is_regular:
        sentence = "not a regular file but a pipe, a device or a socket"
        return Skipped(path, relative, FailureCode.NOT_A_REGULAR_FILE, sentence, expected, stamp)
    if min_age_s and abs(time.time() - stamp.mtime_ns / 1e9) < min_age_s:
        sentence = f"changed less than {min_age_s:g} s ago; a later run will mine it"
        return Skipped(path, relative, None, sentence, False)
    if stamp.size_bytes == 0:
        return Skipped(path, relative, FailureCode.EMPTY_FILE, "the file is empty", expected, stamp)
    try:
        with open(path, "rb", buffering=0) as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        return _unreadable(path, relative, error, stamp, file.is_named)
    return _identified(file, head, expected)


def _unreadable(path: str, relative: str, error: OSError, stamp: Stamp, is_named: bool) -> Skipped:
    if isinstance(error, FileNotFoundError):
        sentence = "a link that leads nowhere" if os.path.islink(path) else _GONE
        return Skipped(path, relative, FailureCode.VANISHED, sentence, is_named)
    sentence = f"cannot be read ({error.strerror})"
    if error.errno == errno.ELOOP:
        sentence = "a link that leads in a circle"
    return Skipped(path, relative, FailureCode.UNREADABLE, sentence, True, stamp)


def _identified(file: WalkedFile, head: bytes, expected: bool) -> Source | Skipped:
    path, relative, stamp = file.path, file.relative, file.stamp
    code = FailureCode.UNSUPPORTED_FORMAT if expected else None
    format_ = identify(head)
    if not file.is_named and (own := own_sentence(path, head)) is not None:
        return Skipped(path, relative, None, own, False, stamp)
    if format_ is None and head.startswith(_APPLE_DOUBLE):
        sentence = "what macOS keeps beside a file of nearly this name"
        return Skipped(path, relative, None, sentence, False, stamp)
    if format_ is None and relative.lower().endswith(".xmp"):
        return Skipped(
            path, relative, code, "a sidecar, which is read with its photo or video", expected, stamp
        )
    if format_ is None:
        sentence = "neither a photo nor a video by its content"
        return Skipped(path, relative, code, sentence, expected, stamp)
    if format_ == "tiff" and is_camera_raw(relative):
        sentence = "a camera's raw file, which is not mined; a JPEG of it is"
        return Skipped(path, relative, code, sentence, expected, stamp)
    kind = FORMATS[format_].kind
    return Source(path, relative, kind, format_, stamp)
