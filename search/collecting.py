"""Copy INPUT's files of a result into a folder, or link to them. No file there is replaced."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import OutputError, OutputNameError, UsageError
from pipeline.files.outputerrors import output_errors
from pipeline.files.parts import make_part
from pipeline.text import printable
from search.backend import Hit


@dataclass(slots=True)
class Collected:
    """The numbers of files copied or linked.

    Args:
        made: copies or links made now.
        there: files that had one already.
        failed: files of which none could be made.
    """

    made: int = 0
    there: int = 0
    failed: int = 0


def collect(
    hits: Iterable[Hit], target: Path, *, as_links: bool, on_failure: Callable[[str], None]
) -> Collected:
    """Copy or link files into a folder, each under its path below INPUT.

    Args:
        hits: the files.
        target: made if it is missing.
        as_links: symbolic links instead of copies.
        on_failure: called with a sentence for each file of which there can be none.
    Raises:
        UsageError: the folder lies inside INPUT, where copies would be mined as photos of their own.
        OutputError: nothing can be written there.
    """
    collected = Collected()
    with output_errors(target):
        target.mkdir(parents=True, exist_ok=True)
    real_target = os.path.realpath(os.fsencode(target))
    for hit in hits:
        _refuse_input(hit, real_target)
        copy = Path(os.fsdecode(os.path.join(real_target, hit.path)))
        source = os.fsdecode(hit.source)
        try:
            made = _link(source, copy) if as_links else _copy(source, copy)
        except OutputNameError as error:
            collected.failed += 1
            on_failure(str(error))
        except OSError as error:
            collected.failed += 1
            on_failure(f"{printable(source)}: cannot be read ({error.strerror})")
        else:
            collected.made += made
            collected.there += not made
    return collected


def _refuse_input(hit: Hit, target: bytes) -> None:
    """Raise UsageError if the folder is INPUT or lies in it."""
    tail = b"/" + hit.path
    root = os.path.realpath(hit.source[: -len(tail)] or b"/") if hit.source.endswith(tail) else b""
    if root and os.path.isdir(root) and (target + b"/").startswith(root.rstrip(b"/") + b"/"):
        raise UsageError(
            f"{printable(os.fsdecode(target))}: lies inside INPUT ({printable(os.fsdecode(root))}), where "
            "the next run would mine it; choose another folder"
        )


def _copy(source: str, copy: Path) -> bool:
    """Copy a file and its times, completely or not at all. Returns False if the copy exists already."""
    status = os.stat(source)
    if _stands(copy):
        there = os.stat(copy)
        if (there.st_size, there.st_mtime_ns) == (status.st_size, status.st_mtime_ns):
            return False
        raise _taken(copy)
    part = make_part(copy.parent)
    try:
        with open(source, "rb") as original, output_errors(copy), open(part, "wb") as stream:
            shutil.copyfileobj(original, stream, 1 << 20)
        with output_errors(copy):
            os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))
            _give_name(part, copy)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return True


def _give_name(part: Path, copy: Path) -> None:
    """Rename a complete copy without replacing another file."""
    try:
        os.link(part, copy)
    except FileExistsError:
        raise _taken(copy) from None
    except OSError:  # a file system without hard links
        if _stands(copy):
            raise _taken(copy) from None
        os.rename(part, copy)


def _link(source: str, link: Path) -> bool:
    """Make a symbolic link. Returns False if it exists already."""
    os.stat(source)
    if _stands(link):
        if os.path.islink(link) and os.readlink(link) == source:
            return False
        raise _taken(link)
    with output_errors(link):
        link.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(source, link)
    return True


def _stands(path: Path) -> bool:
    return os.path.lexists(path)


def _taken(path: Path) -> OutputError:
    return OutputNameError(f"{printable(path)}: another file stands there and is not replaced")
