"""The ledger's records from the outputs themselves, for a ledger that was lost."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

from pipeline.component import Writer
from pipeline.ledger.record import Context, Record
from pipeline.outcome import Status
from pipeline.provenance import Provenance
from pipeline.source import Stamp

WriterType = type[Writer]


def iter_rebuilt(output_root: Path, limits: str, writers: Collection[WriterType]) -> Iterator[Record]:
    """Yield a record for each input whose outputs agree about what they were made from, folder by folder.

    Failures have no outputs, so those inputs are mined again. So are the inputs of a pipeline whose writers
    state no provenance.

    Args:
        output_root: the folder that holds the outputs.
        limits: of the current run; those of earlier runs are not known.
        writers: the types that may have made the outputs.
    """
    for folder, folders, names in os.walk(output_root):
        folders.sort()
        relative_folder = os.path.relpath(folder, output_root)
        if relative_folder == ".":
            relative_folder = ""
        yield from _in_folder(Path(folder), relative_folder, sorted(names), limits, writers)


def _in_folder(
    folder: Path, relative_folder: str, names: list[str], limits: str, writers: Collection[WriterType]
) -> Iterator[Record]:
    stated: dict[str, list[tuple[str, Provenance]]] = defaultdict(list)
    others = []
    for name in filter(lambda name: os.path.isfile(folder / name), names):
        provenance = _provenance(folder / name, writers)
        if provenance is None:
            others.append(name)
        else:
            stated[os.path.basename(provenance.path)].append((name, provenance))
    silent = _by_source(folder, others, stated.keys(), writers)
    for source_name, outputs in stated.items():
        relative = os.path.join(relative_folder, source_name)
        provenance = outputs[0][1]
        root = provenance.path.removesuffix(f"/{relative}") or "/"
        if len({stated for _, stated in outputs}) != 1 or root == provenance.path:
            continue  # they are of several pipelines, or were moved by hand
        yield Record(
            relative,
            _stamp(provenance),
            Context(root, provenance.pipeline, limits),
            Status.MINED,
            format=provenance.format,
            sha256=provenance.sha256,
            outputs=(*(name for name, _ in outputs), *silent.get(source_name, ())),
        )


def _provenance(path: Path, writers: Collection[WriterType]) -> Provenance | None:
    with contextlib.suppress(OSError):
        return next((found for writer in writers if (found := writer.read_back(path)) is not None), None)
    return None


def _by_source(
    folder: Path, names: list[str], sources: Collection[str], writers: Collection[WriterType]
) -> dict[str, list[str]]:
    """Assign outputs that state no provenance to the input with the longest name that theirs begins with."""
    found = defaultdict(list)
    for name in names:
        source = next((name[:end] for end in range(len(name) - 1, 0, -1) if name[:end] in sources), None)
        if source is not None and _is_owned(folder / name, name[len(source) :], writers):
            found[source].append(name)
    return found


def _is_owned(path: Path, suffix: str, writers: Collection[WriterType]) -> bool:
    try:
        return any(writer.owns(path, suffix) for writer in writers)
    except OSError:
        return False


def _stamp(provenance: Provenance) -> Stamp:
    """The input's present stamp if size and time still agree, else what is stated, with inode unknown."""
    stated = Stamp(provenance.size_bytes, provenance.mtime_ns)
    try:
        now = Stamp.of(os.stat(provenance.path))
    except OSError:
        return stated
    return now if now[:2] == stated[:2] else stated
