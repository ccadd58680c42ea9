"""Outputs of inputs that are no longer there: found by the ledger, removed if asked.

A disk that is not mounted looks like a folder whose files were all deleted; so an input only counts as gone
if the folder that it should be in, or the nearest one above that is still there, is on its disk.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.files.outputs import output_errors
from pipeline.ledger.ledger import Ledger, Record


def iter_orphans(ledger: Ledger) -> Iterator[tuple[Record, bool]]:
    """The inputs that the ledger knows and that are not there, in the order of paths.

    Yields: each with whether it is gone for certain; if not, its disk seems not to be mounted.
    """
    for record in ledger.iter_records():
        path = os.path.join(record.context.root, record.relative)
        if not _is_there(path):
            yield record, _on_its_disk(path, record.stamp.device)


def is_gone(path: str, device: int) -> bool:
    """Whether an input is gone for certain: it is not there, and the disk that it was on is.

    Args:
        path: of the input, absolute.
        device: the number of the disk that it was on; 0 for unknown.
    """
    return not _is_there(path) and _on_its_disk(path, device)


def remove_outputs(record: Record, output_root: Path) -> list[Path]:
    """Remove what was made of an input, and output folders that are empty then; the files that were there.

    Raises: OutputError: the output folder does not allow it.
    """
    relative_folder = os.path.dirname(record.relative)
    if os.path.isabs(relative_folder) or ".." in relative_folder.split("/"):  # no ledger of ours says so
        return []
    folder = output_root / relative_folder
    removed = []
    for name in (*record.outputs, *record.older_outputs):
        path = folder / os.path.basename(name)
        with output_errors(path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
            removed.append(path)
    while folder != output_root:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError:  # not empty
            break
        folder = folder.parent
    return removed


def _is_there(path: str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # a folder that may not be entered, a name that is too long: nobody knows
        return True
    return True


def _on_its_disk(path: str, device: int) -> bool:
    """Whether the nearest folder that is there is on this device; where that is unknown, holds anything."""
    folder = os.path.dirname(path)
    while not os.path.isdir(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    try:
        return os.stat(folder).st_dev == device if device else bool(os.listdir(folder))
    except OSError:
        return False
