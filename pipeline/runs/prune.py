"""Removal of the outputs of inputs that no longer exist, as far as the ledger knows them.

A disk that is not mounted looks like a folder whose files were all deleted. So an input only counts as gone
if the folder that it should be in, or the nearest existing one above, is on its disk.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from enum import Enum, auto
from pathlib import Path

from pipeline.component import Writer
from pipeline.errors import MinerError
from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import output_suffix
from pipeline.kept.store import Store
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.record import Record
from pipeline.text import printable

_log = logging.getLogger(__name__)

WriterType = type[Writer]

FEW = 10
"""So many inputs may be gone at once, whatever part of the collection they are."""

OnPruning = Callable[[str, int, int], None]
"""Called with what is being done, the number of inputs for which it is done, and their total number."""


class Presence(Enum):
    """Whether an input still exists."""

    PRESENT = auto()
    GONE = auto()
    UNKNOWN = auto()
    """It is not there, and its disk seems not to be mounted."""


def prune(
    ledger: Ledger,
    store: Store,
    output_root: Path,
    writers: Collection[WriterType],
    is_interrupted: Callable[[], bool],
    on_pruning: OnPruning,
    *,
    missing: Counter[str],
    even_most: bool = False,
) -> Iterator[Record]:
    """Remove the outputs and the record of each input that is gone, and yield those that had outputs.

    Args:
        ledger: of the output folder; it is shrunk at the end.
        store: of findings, too.
        output_root: the folder.
        writers: the pipeline's writer types.
        is_interrupted: asked before each input; if so, the rest is left for a later run.
        on_pruning: called before each input is checked, and before its outputs are removed.
        missing: gets the inputs whose disk seems not to be mounted: how many in which folder.
        even_most: whether more than half of the inputs may be gone.
    Raises:
        MinerError: more than half of the inputs are gone, and nothing was removed.
        OutputError: the output folder or the ledger cannot be written.
    """
    gone, total = list[str](), len(ledger)
    for checked, record in enumerate(ledger.iter_records()):
        if is_interrupted():
            return
        on_pruning("looking for gone inputs", checked, total)
        presence = presence_of(record)
        if presence is Presence.UNKNOWN:
            missing[missing_folder(record)] += 1
        if presence is Presence.GONE:
            gone.append(record.relative)
    if not even_most:
        _refuse_most(ledger, gone, total)
    for removed_count, relative in enumerate(gone):
        if is_interrupted():
            return
        on_pruning("removing their outputs", removed_count, len(gone))
        if (known := ledger.look_up(relative)) is not None:
            removed = remove_outputs(known, output_root, writers)
            store.forget(relative)
            ledger.forget(relative)
            if removed:
                _log.debug("%s is gone; removed %d outputs", printable(relative), len(removed))
                yield known
    ledger.shrink()
    store.shrink()


def _refuse_most(ledger: Ledger, gone: Collection[str], total: int) -> None:
    """Refuse to remove the outputs of most of a collection: a mistake is likelier than a decision.

    Inputs that were renamed do not count: their content is in the ledger under a path that exists.

    Raises: MinerError: more than half of the inputs, and more than a few, are gone.
    """
    if len(gone) <= FEW or 2 * len(gone) <= total:
        return
    among_gone = frozenset(gone)
    lost = sum(not _is_renamed(ledger, relative, among_gone) for relative in gone)
    inputs = total - (len(gone) - lost)
    if lost > FEW and 2 * lost > inputs:
        raise MinerError(
            f"--prune: {lost:,} of {inputs:,} inputs no longer exist; nothing was removed. If they were "
            "deleted on purpose, type --prune=all"
        )


def _is_renamed(ledger: Ledger, relative: str, gone: Collection[str]) -> bool:
    record = ledger.look_up(relative)
    if record is None or record.sha256 is None:
        return False
    twins = ledger.iter_same(record.stamp, record.sha256)
    return any(twin.relative not in gone for twin in twins)


def iter_gone(ledger: Ledger) -> Iterator[Record]:
    """Yield the records whose inputs are gone, in the order of paths."""
    return (record for record in ledger.iter_records() if presence_of(record) is Presence.GONE)


def count_missing(ledger: Ledger, devices: Collection[int] | None = None) -> Counter[str]:
    """Count the inputs whose disk seems not to be mounted, by folder.

    Args:
        devices: the numbers of the disks that are asked about; None for all.
    """
    if devices is not None and not devices:
        return Counter()
    return Counter(
        missing_folder(record)
        for record in ledger.iter_records()
        if (devices is None or record.stamp.device in devices) and presence_of(record) is Presence.UNKNOWN
    )


def missing_folder(record: Record) -> str:
    """The nearest existing folder above an input that is not there: the mount point, if that remains."""
    return _nearest_folder(os.path.join(record.context.root, record.relative))


def presence_of(record: Record) -> Presence:
    """Whether a record's input still exists where it was."""
    path = os.path.join(record.context.root, record.relative)
    if _is_there(path):
        return Presence.PRESENT
    return Presence.GONE if _is_disk_there(path, record.stamp.device) else Presence.UNKNOWN


def is_gone(path: str, device: int) -> bool:
    """Whether an input is not there although the disk that it was on is.

    Args:
        path: of the input, absolute.
        device: the number of the disk that it was on; 0 for unknown.
    """
    return not _is_there(path) and _is_disk_there(path, device)


def remove_outputs(record: Record, output_root: Path, writers: Collection[WriterType] = ()) -> list[Path]:
    """Remove the outputs of an input, and output folders that are empty then; returns the removed files.

    Args:
        record: of the input.
        output_root: the folder that holds the outputs.
        writers: the types that may have something elsewhere that belongs to an output.

    Raises: OutputError: the output folder cannot be written.
    """
    relative_folder = os.path.dirname(record.relative)
    if os.path.isabs(relative_folder) or ".." in relative_folder.split("/"):  # this program writes none such
        return []
    folder = output_root / relative_folder
    removed = []
    for name in (*record.outputs, *record.older_outputs):
        path = folder / os.path.basename(name)
        _discard(path, record, writers)
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


def _discard(path: Path, record: Record, writers: Collection[WriterType]) -> None:
    suffix = output_suffix(path.name, os.path.basename(record.relative))
    with contextlib.suppress(OSError):
        if suffix is not None and path.is_file():
            for writer in writers:
                if writer.owns(path, suffix):
                    writer.discard(path, os.path.join(record.context.root, record.relative))


def _is_there(path: str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # a folder that may not be entered, a name that is too long: unknown, so it stays
        return True
    return True


def _is_disk_there(path: str, device: int) -> bool:
    """Whether the nearest existing folder is on this device, or holds anything if the device is unknown."""
    folder = _nearest_folder(path)
    try:
        return os.stat(folder).st_dev == device if device else bool(os.listdir(folder))
    except OSError:
        return False


def _nearest_folder(path: str) -> str:
    folder = os.path.dirname(path)
    while not os.path.isdir(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    return folder
