"""What tells an annotated copy as this program's, so that nobody's own file is ever taken for one."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import FailureCode, SourceError
from pipeline.source import Source
from pipeline.text import printable

MARK = "annotated by Deep Visual Miner"
"""Stands in each copy where its format keeps comments, near the beginning or at the end."""

_LOOKED_AT_BYTES = 1 << 16
"""At each end of a file."""


def is_marked(path: Path) -> bool:
    """Whether a file is an annotated copy that this program made.

    Raises: OSError: it is not there or cannot be read.
    """
    if not path.is_file():
        path.lstat()  # raises where nothing is there
        return False
    with open(path, "rb") as stream:
        beginning = stream.read(_LOOKED_AT_BYTES)
        stream.seek(-min(_LOOKED_AT_BYTES, os.fstat(stream.fileno()).st_size), os.SEEK_END)
        return MARK.encode() in beginning or MARK.encode() in stream.read()


def is_own(path: Path, source: Source) -> bool:
    """Whether a file is an annotated copy of a source, by the ledger or by its mark; False for no file."""
    if path.name in source.earlier_outputs:
        return True
    try:
        return is_marked(path)
    except OSError:
        return False


def check_own(path: Path, source: Source) -> None:
    """Refuse to replace a file that this program did not make.

    Args:
        path: where an annotated copy is going to be.
        source: what it is a copy of.
    Raises: SourceError: somebody's own file stands there.
    """
    if os.path.lexists(path) and not is_own(path, source):
        raise SourceError(
            FailureCode.OUTPUT_NAME_TAKEN,
            f"{printable(path)} stands where its annotated copy belongs and was not made by this program; "
            "move it away, or choose another OUTPUT folder",
        )
