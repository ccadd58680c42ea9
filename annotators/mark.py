"""The mark in annotated copies, by which the program knows its own files and replaces no others."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import FailureCode, SourceError
from pipeline.files.ownfiles import MARK as MARK
from pipeline.files.ownfiles import is_marked
from pipeline.source import Source
from pipeline.text import printable


def is_marked_copy(path: Path, suffix: str, formats: tuple[str, ...]) -> bool:
    """Whether a file is an annotated copy that this program made, by the end of its name and by its mark.

    Args:
        path: of the file.
        suffix: what follows the input's name in the file's name.
        formats: the endings that such a copy has, without a dot.
    Raises: OSError: it cannot be read.
    """
    beginning, _, ending = suffix.rpartition(".")
    return beginning.endswith("-annotated") and ending in formats and is_marked(path)


def is_own(path: Path, source: Source) -> bool:
    """Whether a file is an annotated copy of a source, by the ledger or its mark; False for no file."""
    if path.name in source.earlier_outputs:
        return True
    try:
        return is_marked(path)
    except OSError:
        return False


def check_own(path: Path, source: Source) -> None:
    """Refuse to replace a file that this program did not make.

    Args:
        path: of the annotated copy.
        source: of which it will be a copy.
    Raises: SourceError: the path belongs to a file of the user's.
    """
    if os.path.lexists(path) and not is_own(path, source):
        raise SourceError(
            FailureCode.OUTPUT_NAME_TAKEN,
            f"{printable(path)} has the name of its annotated copy but was not made by this program; "
            "move it away, or choose another OUTPUT folder",
        )
