"""The place of an OUTPUT's index."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.text import printable

INDEX_NAME = ".deepvisualminer.index.sqlite"


def output_folder(output: str) -> Path:
    """Return OUTPUT as an absolute path.

    Raises: UsageError: it is no folder.
    """
    if not output or not os.path.isdir(output):
        raise UsageError(
            f'"{printable(output)}": there is no such OUTPUT folder; give the one that visualminer wrote into'
        )
    return Path(output).absolute()


def index_path(output_root: Path, named: str | None = None) -> Path:
    """Return the index's file: beside the ledger, or the one that the user names."""
    return output_root / INDEX_NAME if named is None else Path(named).absolute()
