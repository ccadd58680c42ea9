"""Reads findings from a store that no run has open, by the content that they are about."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path

from pipeline.files.database import unchanging_address
from pipeline.kept.storefile import STORE_NAME


def chunks_of(output_root: Path, contents: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the findings in inputs with these contents.

    A store that is missing or damaged, or that a killed run has left unfinished, has none.

    Args:
        output_root: the output folder, whose lock is held.
        contents: SHA-256 of each, hexadecimal.
    Returns: the content, and a chunk of `pipeline.kept.codec`; a video has several.
    """
    path = output_root / STORE_NAME
    if not path.is_file() or path.with_name(f"{path.name}-wal").exists():
        return
    wanted = frozenset(bytes.fromhex(content) for content in contents)
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(unchanging_address(path), uri=True)) as store,
    ):
        rows = [row for row in store.execute("SELECT sha256, id FROM inputs") if row[0] in wanted]
        for sha256, row_id in rows:
            for (chunk,) in store.execute(
                "SELECT chunk FROM inputs WHERE id = ? AND chunk IS NOT NULL", (row_id,)
            ):
                yield sha256.hex(), chunk
            for (chunk,) in store.execute("SELECT chunk FROM segments WHERE input = ?", (row_id,)):
                yield sha256.hex(), chunk
