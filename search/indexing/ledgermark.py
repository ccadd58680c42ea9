"""Detect whether the ledger has changed since the index was complete, without reading it."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.ledger.ledgerfile import LEDGER_NAME


def ledger_mark(output_root: Path) -> str | None:
    """Return a text that changes with the ledger; None if there is no ledger or its log is not empty."""
    path = output_root / LEDGER_NAME
    try:
        status = os.stat(path)
        if os.path.exists(f"{path}-wal") and os.path.getsize(f"{path}-wal"):
            return None
    except OSError:
        return None
    return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"
